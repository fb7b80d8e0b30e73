//! Questions and answers: one GET each, repeated where that may help.

use super::refusal;
use crate::wire::{self, Answer, WireError};
use recover_source::error::SourceError;
use recover_source::http::shorten;
use recover_source::retry::RetryPolicy;
use recover_source::transport::Transport;
use std::sync::Arc;

pub(super) struct Client {
    transport: Arc<dyn Transport>,
    retry: RetryPolicy,
    prefix: &'static str,
}

impl Client {
    pub(super) fn new(
        transport: Arc<dyn Transport>,
        retry: RetryPolicy,
        prefix: &'static str,
    ) -> Self {
        Self {
            transport,
            retry,
            prefix,
        }
    }

    pub(super) fn origin(&self) -> &str {
        self.transport.origin()
    }

    /// Asks, and takes an error of the server's as an error.
    pub(super) async fn ask(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Answer, SourceError> {
        let path = format!("{}{path}", self.prefix);
        self.retry
            .run(|| async {
                let body = self.transport.get(&path, query).await?;
                self.read(&body)
            })
            .await
    }

    /// As [`Client::ask`]; `None` where the server says that there is no such thing.
    pub(super) async fn ask_or_nothing(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Option<Answer>, SourceError> {
        match self.ask(path, query).await {
            Err(SourceError::Refused {
                code: refusal::NOT_FOUND,
                ..
            }) => Ok(None),
            answer => answer.map(Some),
        }
    }

    fn read(&self, body: &[u8]) -> Result<Answer, SourceError> {
        match wire::read(body) {
            Ok(Answer::Error(mut error)) => {
                error.words = self.transport.redact(error.words);
                Err(refusal::read(self.origin(), &error))
            }
            Ok(answer) => Ok(answer),
            Err(WireError::NotJson | WireError::UnknownShape) => {
                let text = String::from_utf8_lossy(body).into_owned();
                Err(SourceError::NotProtocol {
                    origin: self.origin().to_owned(),
                    detail: shorten(self.transport.redact(text).as_bytes()),
                })
            }
            Err(error) => Err(self.inconsistent(&error.to_string())),
        }
    }

    pub(super) fn inconsistent(&self, detail: &str) -> SourceError {
        SourceError::Inconsistent {
            origin: self.origin().to_owned(),
            detail: detail.to_owned(),
        }
    }

    /// The error for a well-formed answer to another question.
    pub(super) fn unexpected(&self, wanted: &str) -> SourceError {
        SourceError::NotProtocol {
            origin: self.origin().to_owned(),
            detail: format!("it was asked for {wanted} and answered something else"),
        }
    }
}
