//! Stellar: addresses, memos, credits and return transactions; behind the feature `fetch`, the client of Horizon.
//!
//! Without `fetch` it is a pure codec: records in, [`recover_core::observation::Observation`]s out, and unsigned transactions that
//! are built, read and verified here and signed elsewhere. It deliberately knows no address book, no ledger of the exchange and
//! no list of assets: an asset is its code and its issuer, never what it is called.
//!
//! Encodings are SDF's own (`stellar-strkey`, `stellar-xdr`). Start at [`decode`] (what counts as a credit), then [`wire`] (how
//! Horizon writes it down) and [`returns`] and [`check`]; with `fetch`, `open` and `carry`.

pub mod address;
pub mod check;
pub mod control;
pub mod decode;
pub mod message;
pub mod returns;
pub mod wire;
pub mod xdr;

#[cfg(feature = "fetch")]
mod carry;
#[cfg(feature = "fetch")]
mod claims;
#[cfg(feature = "fetch")]
pub mod horizon;
#[cfg(feature = "fetch")]
mod lookup;
#[cfg(feature = "fetch")]
mod preflight;
#[cfg(feature = "fetch")]
mod problem;
#[cfg(feature = "fetch")]
mod standing;
#[cfg(feature = "fetch")]
mod stream;

#[cfg(feature = "fetch")]
pub use carry::StellarCarry;
pub use check::StellarCheck;
pub use control::StellarFamily;

#[cfg(feature = "fetch")]
pub use horizon::Horizon;

#[cfg(feature = "fetch")]
use recover_source::{
    carry::Carry, chain::ChainRead, error::SourceError, settings::SourceSettings,
    transport::Transport,
};
#[cfg(feature = "fetch")]
use std::sync::Arc;

/// Opens a source of kind `horizon`. Nothing is sent and no variable is read before the first question.
///
/// # Errors
/// [`SourceError::Unsupported`] for another kind of source, and for a key of its own: the protocol knows none, and providers that
/// ask for one want it in the url.
#[cfg(feature = "fetch")]
pub fn open(settings: SourceSettings) -> Result<Arc<dyn ChainRead>, SourceError> {
    let transport = settings.open(&[horizon::KIND], None)?;
    Ok(open_with(settings, transport))
}

/// Opens a source over a transport of the caller's: a recording, or one of a test.
#[cfg(feature = "fetch")]
#[must_use]
pub fn open_with(settings: SourceSettings, transport: Arc<dyn Transport>) -> Arc<dyn ChainRead> {
    Arc::new(horizon::Horizon::new(&settings, transport))
}

/// Opens what carries payments to a source of the same kind. Nothing is sent and no variable is read before it is first asked.
///
/// # Errors
/// As [`open`].
#[cfg(feature = "fetch")]
pub fn carry(settings: SourceSettings) -> Result<Arc<dyn Carry>, SourceError> {
    let transport = settings.open(&[horizon::KIND], None)?;
    Ok(carry_with(settings, transport))
}

/// What carries payments over a transport of the caller's.
#[cfg(feature = "fetch")]
#[must_use]
pub fn carry_with(settings: SourceSettings, transport: Arc<dyn Transport>) -> Arc<dyn Carry> {
    Arc::new(StellarCarry::new(horizon::Horizon::new(
        &settings, transport,
    )))
}
