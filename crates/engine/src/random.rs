//! Randomness, passed in as the clock is: what nobody may guess, and what a test must know.

/// A source of randomness.
pub trait Random: Send + Sync {
    /// 128 bits that nobody can guess.
    ///
    /// # Errors
    /// When the system has none to give: nothing is issued then.
    fn bits(&self) -> Result<[u8; 16], NoRandomness>;
}

/// The system gives no randomness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no randomness: nothing was issued")]
pub struct NoRandomness;

/// The operating system's.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn bits(&self) -> Result<[u8; 16], NoRandomness> {
        let mut bits = [0; 16];
        getrandom::fill(&mut bits).map_err(|_| NoRandomness)?;
        Ok(bits)
    }
}
