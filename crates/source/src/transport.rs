//! The seam between a protocol's client and the network: one request out, one body back.

use crate::error::SourceError;
use async_trait::async_trait;
use bytes::Bytes;

/// Carries requests to one source. Implemented by [`crate::http::HttpTransport`] and by recordings that answer from
/// memory, so that a protocol's client is the same in the field, in the demo and in benchmarks.
///
/// One call is one try: limits and time-outs apply, repetition is the client's (see [`crate::retry`]), because only the
/// client sees the errors that hide in a body.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Kind and host for messages, never a key.
    fn origin(&self) -> &str;

    /// Posts a JSON body and returns the answer's body.
    async fn post(&self, body: Bytes) -> Result<Bytes, SourceError>;

    /// Posts a body of a type (`application/json`, `application/x-www-form-urlencoded`) at a path below the source's address and
    /// returns the answer's body: how APIs with paths take a signed transaction.
    ///
    /// A recording that answers questions only has no such place.
    async fn post_to(
        &self,
        path: &str,
        _content_type: &str,
        _body: Bytes,
    ) -> Result<Bytes, SourceError> {
        Err(SourceError::Unsupported {
            origin: self.origin().to_owned(),
            what: format!("posting to {path}"),
        })
    }

    /// The text with everything secret that this transport knows taken out: some servers repeat the key that they refuse.
    fn redact(&self, text: String) -> String {
        text
    }

    /// Asks with query parameters at a path below the source's address (empty: at the address itself) and returns the
    /// answer's body.
    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Bytes, SourceError>;
}
