//! One question over a transport, tried again where it may pass.

use crate::source::refusal::Refusal;
use recover_source::error::SourceError;
use recover_source::http::shorten;
use recover_source::retry::RetryPolicy;
use recover_source::transport::Transport;
use serde_json::Value;
use std::sync::Arc;

/// A transport with its policy of repetition.
#[derive(Clone)]
pub(super) struct Asker {
    transport: Arc<dyn Transport>,
    retry: RetryPolicy,
}

impl Asker {
    pub fn new(transport: Arc<dyn Transport>, retry: RetryPolicy) -> Self {
        Self { transport, retry }
    }

    pub fn origin(&self) -> &str {
        self.transport.origin()
    }

    /// Asks; the inner error is the source's own and will not pass.
    pub async fn ask(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Result<Value, Refusal>, SourceError> {
        self.retry
            .run(|| async {
                let body = self.transport.get(path, query).await?;
                let answer: Value =
                    serde_json::from_slice(&body).map_err(|_| SourceError::NotProtocol {
                        origin: self.origin().to_owned(),
                        detail: self.transport.redact(shorten(&body)),
                    })?;
                match Refusal::read(&answer) {
                    None => Ok(Ok(answer)),
                    Some(mut refusal) => {
                        refusal.words = self.transport.redact(refusal.words);
                        if refusal.may_pass() {
                            Err(refusal.into_error(self.origin()))
                        } else {
                            Ok(Err(refusal))
                        }
                    }
                }
            })
            .await
    }

    /// Asks for what must be there.
    pub async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, SourceError> {
        self.ask(path, query)
            .await?
            .map_err(|refusal| refusal.into_error(self.origin()))
    }

    pub fn inconsistent(&self, detail: impl Into<String>) -> SourceError {
        SourceError::Inconsistent {
            origin: self.origin().to_owned(),
            detail: detail.into(),
        }
    }

    pub fn not_protocol(&self, what: &str) -> SourceError {
        SourceError::NotProtocol {
            origin: self.origin().to_owned(),
            detail: what.to_owned(),
        }
    }
}
