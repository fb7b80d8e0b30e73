//! A transport that answers from memory.

use async_trait::async_trait;
use bytes::Bytes;
use recover_source::error::SourceError;
use recover_source::transport::Transport;

/// One answer and what asks for it.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The method of a JSON-RPC call, or the path of a question by GET.
    pub ask: String,
    /// A word that the question must hold (an id); empty for any.
    pub about: String,
    /// The body.
    pub body: Bytes,
}

/// Answers by what is asked; anything else was not recorded.
#[derive(Debug)]
pub struct Answers {
    origin: String,
    answers: Vec<Answer>,
}

impl Answers {
    /// Answers under a name for messages.
    pub fn new(network: &str, answers: Vec<Answer>) -> Self {
        Self {
            origin: format!("recording {network}"),
            answers,
        }
    }

    fn find(&self, ask: &str, question: &str) -> Result<Bytes, SourceError> {
        self.answers
            .iter()
            .find(|answer| answer.ask == ask && question.contains(&answer.about))
            .map(|answer| answer.body.clone())
            .ok_or_else(|| SourceError::NotKept {
                origin: self.origin.clone(),
                detail: format!("{ask} was not recorded"),
            })
    }
}

#[async_trait]
impl Transport for Answers {
    fn origin(&self) -> &str {
        &self.origin
    }

    async fn post(&self, body: Bytes) -> Result<Bytes, SourceError> {
        #[derive(serde::Deserialize)]
        struct Call {
            method: String,
        }
        let call: Call =
            serde_json::from_slice(&body).map_err(|error| SourceError::NotProtocol {
                origin: self.origin.clone(),
                detail: error.to_string(),
            })?;
        self.find(&call.method, &String::from_utf8_lossy(&body))
    }

    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Bytes, SourceError> {
        let values: Vec<&str> = query.iter().map(|(_, value)| *value).collect();
        self.find(path, &values.join(" "))
    }
}
