//! Repetition: exponential backoff with jitter, the source's own wish to wait honoured, and an end.

use crate::error::{Advice, SourceError};
use backon::{BackoffBuilder, ExponentialBuilder};
use std::time::Duration;

/// How often and how long to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Tries in all, the first included.
    pub tries_max: usize,
    /// The wait before the second try; it doubles, with jitter.
    pub delay_min: Duration,
    /// The longest wait, also where a source asks for more.
    pub delay_max: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            tries_max: 5,
            delay_min: Duration::from_millis(250),
            delay_max: Duration::from_secs(20),
        }
    }
}

impl RetryPolicy {
    /// One try only.
    #[must_use]
    pub const fn once() -> Self {
        Self {
            tries_max: 1,
            delay_min: Duration::ZERO,
            delay_max: Duration::ZERO,
        }
    }

    /// The waits between tries.
    #[must_use]
    pub fn waits(&self) -> Waits {
        Waits {
            backoff: ExponentialBuilder::default()
                .with_min_delay(self.delay_min)
                .with_max_delay(self.delay_max)
                .with_max_times(self.tries_max.saturating_sub(1))
                .with_jitter()
                .build(),
            delay_max: self.delay_max,
        }
    }

    /// Runs `attempt` until it succeeds, fails for good, or the tries are used up; the last error is returned.
    ///
    /// # Errors
    /// The last error of `attempt`.
    pub async fn run<T, F, Fut>(&self, attempt: F) -> Result<T, SourceError>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, SourceError>>,
    {
        let mut waits = self.waits();
        loop {
            match attempt().await {
                Err(error) if is_worth_repeating(&error) => match waits.after(&error) {
                    Some(wait) => {
                        tracing::debug!(%error, ?wait, "trying again");
                        tokio::time::sleep(wait).await;
                    }
                    None => return Err(error),
                },
                result => return result,
            }
        }
    }
}

/// The waits between the tries of one request.
#[derive(Debug)]
pub struct Waits {
    backoff: backon::ExponentialBackoff,
    delay_max: Duration,
}

impl Waits {
    /// How long to wait after this error; `None` when the tries are used up.
    pub fn after(&mut self, error: &SourceError) -> Option<Duration> {
        let wait = self.backoff.next()?;
        let asked = match error {
            SourceError::RateLimited { retry_after, .. } => retry_after.unwrap_or_default(),
            _ => Duration::ZERO,
        };
        // Backon adds its jitter on top of the longest delay; the cap is ours to keep.
        Some(wait.max(asked).min(self.delay_max))
    }
}

/// Whether the same request may succeed on another try. Beside what says so itself, a page of HTML or half a JSON is
/// mostly a gateway's bad moment.
#[must_use]
pub fn is_worth_repeating(error: &SourceError) -> bool {
    error.advice() == Advice::Retry || matches!(error, SourceError::NotProtocol { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn quick() -> RetryPolicy {
        RetryPolicy {
            tries_max: 4,
            delay_min: Duration::from_millis(1),
            delay_max: Duration::from_millis(5),
        }
    }

    async fn count(policy: RetryPolicy, error: SourceError) -> usize {
        let tries = AtomicUsize::new(0);
        let result: Result<(), _> = policy
            .run(|| {
                tries.fetch_add(1, Ordering::Relaxed);
                let error = error.clone();
                async move { Err(error) }
            })
            .await;
        assert!(result.is_err());
        tries.into_inner()
    }

    fn limited(retry_after: Option<Duration>) -> SourceError {
        SourceError::RateLimited {
            origin: "node".to_owned(),
            retry_after,
        }
    }

    #[tokio::test]
    async fn what_may_pass_is_tried_and_what_may_not_is_not() {
        assert_eq!(count(quick(), limited(None)).await, 4);
        assert_eq!(count(RetryPolicy::once(), limited(None)).await, 1);
        let refused = SourceError::Unsupported {
            origin: "node".to_owned(),
            what: "trace_block".to_owned(),
        };
        assert_eq!(count(quick(), refused).await, 1);
    }

    #[test]
    fn the_wish_of_the_source_is_honoured_up_to_the_cap() {
        let policy = RetryPolicy {
            tries_max: 3,
            delay_min: Duration::from_millis(1),
            delay_max: Duration::from_secs(10),
        };
        let mut waits = policy.waits();
        let wait = waits.after(&limited(Some(Duration::from_secs(7)))).unwrap();
        assert_eq!(wait, Duration::from_secs(7));
        let wait = waits
            .after(&limited(Some(Duration::from_secs(3600))))
            .unwrap();
        assert_eq!(wait, Duration::from_secs(10));
        assert_eq!(waits.after(&limited(None)), None);
    }
}
