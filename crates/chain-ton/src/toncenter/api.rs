//! Questions and answers: one GET each, repeated where that may help.

use super::refusal;
use crate::wire::{self, Answer, WireError};
use recover_source::client::Client;
use recover_source::error::SourceError;

/// The index behind a client.
pub(super) struct Api {
    pub(super) client: Client,
    prefix: &'static str,
}

impl Api {
    /// `prefix` is what of the paths the configured url leaves out.
    pub(super) const fn new(client: Client, prefix: &'static str) -> Self {
        Self { client, prefix }
    }

    /// Asks, and takes an error of the server's as an error.
    pub(super) async fn ask(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Answer, SourceError> {
        let path = format!("{}{path}", self.prefix);
        self.client.get(&path, query, |body| self.read(body)).await
    }

    /// As [`Api::ask`]; `None` where the server says that there is no such thing.
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
            Ok(Answer::Error(error)) => {
                let words = self.client.words(error.words.as_bytes());
                Err(refusal::read(self.client.origin(), &error, words))
            }
            Ok(answer) => Ok(answer),
            Err(WireError::NotJson | WireError::UnknownShape) => Err(self.client.unreadable(body)),
            Err(error) => Err(self.client.inconsistent(error.to_string())),
        }
    }

    /// The error for a well-formed answer to another question.
    pub(super) fn unexpected(&self, wanted: &str) -> SourceError {
        self.client.not_protocol(format!(
            "it was asked for {wanted} and answered something else"
        ))
    }
}
