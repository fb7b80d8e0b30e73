//! What every protocol's client is made of: a transport, its policy of repetition, and the words for what went wrong.

use crate::error::SourceError;
use crate::http::shorten;
use crate::retry::RetryPolicy;
use crate::transport::Transport;
use bytes::Bytes;
use recover_core::block::Height;
use std::sync::Arc;

/// One source as its protocol's client asks it. Every error names the source, and nothing secret that its transport knows.
#[derive(Clone)]
pub struct Client {
    transport: Arc<dyn Transport>,
    retry: RetryPolicy,
}

impl Client {
    /// A client that repeats by this policy.
    #[must_use]
    pub fn new(transport: Arc<dyn Transport>, retry: RetryPolicy) -> Self {
        Self { transport, retry }
    }

    /// Kind and host for messages.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.transport.origin()
    }

    /// How often a request is tried.
    #[must_use]
    pub const fn retry(&self) -> RetryPolicy {
        self.retry
    }

    /// Asks by GET. `read` judges the body inside the try, so that an error in it which may pass is tried again.
    ///
    /// # Errors
    /// The last error of the transport or of `read`.
    pub async fn get<T>(
        &self,
        path: &str,
        query: &[(&str, &str)],
        read: impl Fn(&[u8]) -> Result<T, SourceError>,
    ) -> Result<T, SourceError> {
        let read = &read;
        self.retry
            .run(|| async move { read(&self.transport.get(path, query).await?) })
            .await
    }

    /// Asks by POST of a JSON body; else as [`Client::get`].
    ///
    /// # Errors
    /// The last error of the transport or of `read`.
    pub async fn post<T>(
        &self,
        body: Bytes,
        read: impl Fn(&[u8]) -> Result<T, SourceError>,
    ) -> Result<T, SourceError> {
        let (body, read) = (&body, &read);
        self.retry
            .run(|| async move { read(&self.transport.post(body.clone()).await?) })
            .await
    }

    /// Asks by POST of a body of some type at a path; else as [`Client::get`]. What is posted may arrive more than once: it must be
    /// something that a source takes once, like a signed transaction.
    ///
    /// # Errors
    /// The last error of the transport or of `read`.
    pub async fn post_to<T>(
        &self,
        path: &str,
        content_type: &str,
        body: Bytes,
        read: impl Fn(&[u8]) -> Result<T, SourceError>,
    ) -> Result<T, SourceError> {
        let (body, read) = (&body, &read);
        self.retry
            .run(|| async move {
                read(
                    &self
                        .transport
                        .post_to(path, content_type, body.clone())
                        .await?,
                )
            })
            .await
    }

    /// The text with everything secret that the transport knows taken out.
    #[must_use]
    pub fn redact(&self, text: String) -> String {
        self.transport.redact(text)
    }

    /// The source's own words for a message, on one line. What is secret is taken out before they are cut: half a key would no
    /// longer be known for one.
    #[must_use]
    pub fn words(&self, text: &[u8]) -> String {
        let text = String::from_utf8_lossy(text).into_owned();
        shorten(self.redact(text).as_bytes())
    }

    /// The error for a body that cannot be read.
    #[must_use]
    pub fn unreadable(&self, body: &[u8]) -> SourceError {
        self.not_protocol(self.words(body))
    }

    /// The error for an answer that is not the protocol's.
    #[must_use]
    pub fn not_protocol(&self, detail: impl Into<String>) -> SourceError {
        SourceError::NotProtocol {
            origin: self.origin().to_owned(),
            detail: self.redact(detail.into()),
        }
    }

    /// The error for an answer that cannot be true.
    #[must_use]
    pub fn inconsistent(&self, detail: impl Into<String>) -> SourceError {
        SourceError::Inconsistent {
            origin: self.origin().to_owned(),
            detail: self.redact(detail.into()),
        }
    }

    /// The error for what may pass.
    #[must_use]
    pub fn unreachable(&self, detail: impl Into<String>) -> SourceError {
        SourceError::Unreachable {
            origin: self.origin().to_owned(),
            detail: self.redact(detail.into()),
        }
    }

    /// The error for a source that has not reached a height yet.
    #[must_use]
    pub fn behind(&self, newest: Height, wanted: Height) -> SourceError {
        self.unreachable(format!(
            "its newest block is {newest}, and block {wanted} was asked for"
        ))
    }

    /// The error for what it does not keep.
    #[must_use]
    pub fn not_kept(&self, detail: impl Into<String>) -> SourceError {
        SourceError::NotKept {
            origin: self.origin().to_owned(),
            detail: self.redact(detail.into()),
        }
    }

    /// The error for what it does not offer.
    #[must_use]
    pub fn unsupported(&self, what: impl Into<String>) -> SourceError {
        SourceError::Unsupported {
            origin: self.origin().to_owned(),
            what: self.redact(what.into()),
        }
    }

    /// The error for a page that is asked for at a place ([`crate::chain::AccountRequest::resume`]) which this source did not
    /// give: the caller's mistake, and no lie of the source.
    #[must_use]
    pub fn no_such_place(&self) -> SourceError {
        self.unsupported("a page from this place; begin the reading anew")
    }

    /// The error for another network than configured, both by their CAIP-2 ids.
    #[must_use]
    pub fn wrong_network(&self, expected: String, found: String) -> SourceError {
        SourceError::WrongNetwork {
            origin: self.origin().to_owned(),
            expected,
            found: self.redact(found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;

    struct Chatty;

    #[async_trait]
    impl Transport for Chatty {
        fn origin(&self) -> &str {
            "chatty"
        }

        async fn post(&self, body: Bytes) -> Result<Bytes, SourceError> {
            Ok(body)
        }

        fn redact(&self, text: String) -> String {
            text.replace("SECRETKEY", "[redacted]")
        }

        async fn get(&self, path: &str, _query: &[(&str, &str)]) -> Result<Bytes, SourceError> {
            Ok(Bytes::from(path.to_owned()))
        }
    }

    #[tokio::test]
    async fn own_no_part_of_a_key_is_left_where_words_are_cut() {
        let client = Client::new(Arc::new(Chatty), RetryPolicy::once());
        // The key stands across the place where a message is cut.
        for filling in 100..=120 {
            let body = format!("{}SECRETKEY{}", "x".repeat(filling), "y".repeat(200));
            let error = client
                .get(&body, &[], |body| Err::<(), _>(client.unreadable(body)))
                .await
                .unwrap_err();
            assert!(!error.to_string().contains("SEC"), "{error}");
        }
        let error = client.inconsistent("it says SECRETKEY");
        assert!(error.to_string().contains("it says [redacted]"), "{error}");
    }

    #[tokio::test]
    async fn own_a_body_that_may_become_better_is_asked_for_again() {
        let policy = RetryPolicy {
            tries_max: 3,
            delay_min: std::time::Duration::from_millis(1),
            delay_max: std::time::Duration::from_millis(1),
        };
        let client = Client::new(Arc::new(Chatty), policy);
        let tries = std::sync::atomic::AtomicUsize::new(0);
        let read = |body: &[u8]| match tries.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
            0 | 1 => Err(client.unreadable(body)),
            _ => Ok(body.len()),
        };
        assert_eq!(client.post(Bytes::from("four"), read).await.ok(), Some(4));
        assert_eq!(tries.into_inner(), 3);
    }
}
