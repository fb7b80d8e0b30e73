//! The JSON-RPC client: batches, ids checked, every dialect of error told apart.

use crate::refusal;
use async_trait::async_trait;
use bytes::Bytes;
use recover_source::error::SourceError;
use recover_source::http::shorten;
use recover_source::retry::{RetryPolicy, is_worth_repeating};
use recover_source::transport::Transport;
use serde::de::{DeserializeOwned, Deserializer};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// One call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Call {
    /// The method.
    pub method: &'static str,
    /// Its parameters, an array.
    pub params: Value,
}

impl Call {
    /// A call.
    #[must_use]
    pub const fn new(method: &'static str, params: Value) -> Self {
        Self { method, params }
    }
}

/// Answers calls: a node over JSON-RPC, or an explorer that speaks a part of it.
#[async_trait]
pub trait RpcCall: Send + Sync {
    /// Kind and host for messages.
    fn origin(&self) -> &str;

    /// Answers calls in their order, each with the JSON text of its result or its own error. The outer error is for
    /// what befell all of them.
    async fn batch(&self, calls: Vec<Call>)
    -> Result<Vec<Result<Bytes, SourceError>>, SourceError>;
}

/// Reads the JSON text of one result.
///
/// # Errors
/// [`SourceError::NotProtocol`] when it has another shape.
pub fn parse<T: DeserializeOwned>(origin: &str, what: &str, text: &[u8]) -> Result<T, SourceError> {
    serde_json::from_slice(text).map_err(|error| SourceError::NotProtocol {
        origin: origin.to_owned(),
        detail: format!("{what}: {error}"),
    })
}

/// Asks one call and reads its result.
///
/// # Errors
/// What the source answered, or [`SourceError::NotProtocol`].
pub async fn ask<T: DeserializeOwned>(rpc: &dyn RpcCall, call: Call) -> Result<T, SourceError> {
    let method = call.method;
    let mut answers = rpc.batch(vec![call]).await?;
    let answer = answers.pop().unwrap_or_else(|| {
        Err(SourceError::NotProtocol {
            origin: rpc.origin().to_owned(),
            detail: format!("no answer to {method}"),
        })
    })?;
    parse(rpc.origin(), method, &answer)
}

/// A JSON-RPC client over any transport.
pub struct RpcClient {
    transport: Arc<dyn Transport>,
    retry: RetryPolicy,
    next_id: AtomicU64,
    batch_max: AtomicUsize,
}

impl std::fmt::Debug for RpcClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RpcClient")
            .field("origin", &self.transport.origin())
            .finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct Request<'a> {
    jsonrpc: &'static str,
    id: u64,
    method: &'a str,
    params: &'a Value,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    result: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

/// Keeps `null` apart from a missing field.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    Deserialize::deserialize(deserializer).map(Some)
}

#[derive(Deserialize)]
struct ErrorObject {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    data: Option<Value>,
}

impl RpcClient {
    /// A client.
    #[must_use]
    pub fn new(transport: Arc<dyn Transport>, retry: RetryPolicy) -> Self {
        Self {
            transport,
            retry,
            next_id: AtomicU64::new(1),
            batch_max: AtomicUsize::new(40),
        }
    }

    pub(crate) fn not_protocol(&self, detail: impl Into<String>) -> SourceError {
        SourceError::NotProtocol {
            origin: self.transport.origin().to_owned(),
            detail: self.transport.redact(detail.into()),
        }
    }

    /// Asks one call and reads the whole answer in place: for answers too large to be copied. `read` gets the body and
    /// the call's id; [`RpcClient::check`] tells an error in the envelope.
    ///
    /// # Errors
    /// What the source answered, after the retries.
    pub async fn ask_in_place<T, F>(&self, call: &Call, read: F) -> Result<T, SourceError>
    where
        T: Send,
        F: Fn(&Self, &[u8], u64) -> Result<T, SourceError> + Send + Sync,
    {
        self.retry
            .run(|| async {
                let (id, body) = self.body_of_one(call);
                let answer = self.transport.post(body?).await?;
                read(self, &answer, id)
            })
            .await
    }

    fn body_of_one(&self, call: &Call) -> (u64, Result<Bytes, SourceError>) {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let request = Request {
            jsonrpc: "2.0",
            id,
            method: call.method,
            params: &call.params,
        };
        let body = serde_json::to_vec(&request)
            .map(Bytes::from)
            .map_err(|error| self.not_protocol(format!("a request cannot be written: {error}")));
        (id, body)
    }

    /// The error in a single answer's envelope, if there is one.
    ///
    /// # Errors
    /// The error that the answer carries, or [`SourceError::NotProtocol`] when it is no answer to this id.
    pub fn check<'a>(&self, body: &'a [u8], id: u64) -> Result<&'a RawValue, SourceError> {
        let envelope: Envelope<'a> =
            serde_json::from_slice(body).map_err(|_| self.not_protocol(shorten(body)))?;
        self.result_of(&envelope, Some(id))
    }

    /// The result of one envelope. `result` beside `error` is an error, whatever it holds.
    fn result_of<'a>(
        &self,
        envelope: &Envelope<'a>,
        id: Option<u64>,
    ) -> Result<&'a RawValue, SourceError> {
        if let Some(error) = envelope.error {
            return Err(self.error_of(error));
        }
        let Some(result) = envelope.result else {
            return Err(self.not_protocol("an answer with neither result nor error"));
        };
        if let Some(id) = id
            && read_id(envelope.id) != Some(id)
        {
            return Err(self.not_protocol("an answer to another request"));
        }
        Ok(result)
    }

    fn error_of(&self, error: &RawValue) -> SourceError {
        let (code, message) = if let Ok(text) = serde_json::from_str::<String>(error.get()) {
            (0, text)
        } else if let Ok(object) = serde_json::from_str::<ErrorObject>(error.get()) {
            let mut message = object.message.unwrap_or_default();
            // Some put the reason, or a hint, where the data belongs.
            if let Some(Value::String(data)) = &object.data
                && data.len() < 300
                && !data.starts_with("0x")
            {
                message.push(' ');
                message.push_str(data);
            }
            (object.code, message)
        } else {
            (0, shorten(error.get().as_bytes()))
        };
        let message = self.transport.redact(message);
        refusal::read(self.transport.origin(), code, &message)
    }

    /// Sends one batch and sorts the answers to their calls.
    async fn send(&self, calls: &[&Call]) -> Result<Vec<Result<Bytes, SourceError>>, SourceError> {
        if let [call] = calls {
            let (id, body) = self.body_of_one(call);
            let answer = self.transport.post(body?).await?;
            return match self.check(&answer, id) {
                Ok(result) => Ok(vec![Ok(answer.slice_ref(result.get().as_bytes()))]),
                Err(error @ SourceError::NotProtocol { .. }) => Err(error),
                Err(error) => Ok(vec![Err(error)]),
            };
        }
        let count = u64::try_from(calls.len()).unwrap_or(u64::MAX);
        let first = self.next_id.fetch_add(count, Ordering::Relaxed);
        let requests: Vec<Request<'_>> = (first..)
            .zip(calls)
            .map(|(id, call)| Request {
                jsonrpc: "2.0",
                id,
                method: call.method,
                params: &call.params,
            })
            .collect();
        let body = serde_json::to_vec(&requests)
            .map_err(|error| self.not_protocol(format!("a request cannot be written: {error}")))?;
        let answer = self.transport.post(Bytes::from(body)).await?;
        let envelopes: Vec<Envelope<'_>> = match serde_json::from_slice(&answer) {
            Ok(envelopes) => envelopes,
            Err(_) => {
                // A single error object stands for the whole batch.
                let envelope: Envelope<'_> = serde_json::from_slice(&answer)
                    .map_err(|_| self.not_protocol(shorten(&answer)))?;
                return Err(match self.result_of(&envelope, None) {
                    Err(error) => error,
                    Ok(_) => self.not_protocol("one answer to a batch"),
                });
            }
        };
        let mut answers: Vec<Option<Result<Bytes, SourceError>>> = vec![None; calls.len()];
        for envelope in &envelopes {
            let place = read_id(envelope.id)
                .and_then(|id| id.checked_sub(first))
                .and_then(|place| usize::try_from(place).ok())
                .and_then(|place| answers.get_mut(place));
            let Some(place) = place else {
                // An error without an id stands for the whole batch too.
                if let Some(error) = envelope.error {
                    return Err(self.error_of(error));
                }
                return Err(self.not_protocol("an answer to another request in a batch"));
            };
            if place.is_some() {
                return Err(self.not_protocol("two answers to one request in a batch"));
            }
            *place = Some(
                self.result_of(envelope, None)
                    .map(|result| answer.slice_ref(result.get().as_bytes())),
            );
        }
        answers
            .into_iter()
            .map(|answer| answer.ok_or_else(|| self.not_protocol("a batch with an answer missing")))
            .collect()
    }

    async fn batch_part(
        &self,
        calls: &[Call],
    ) -> Result<Vec<Result<Bytes, SourceError>>, SourceError> {
        let mut waits = self.retry.waits();
        let mut answers: Vec<Option<Result<Bytes, SourceError>>> = vec![None; calls.len()];
        loop {
            let open: Vec<usize> = (0..calls.len())
                .filter(|place| match answers.get(*place) {
                    Some(Some(Err(error))) => is_worth_repeating(error),
                    Some(Some(Ok(_))) => false,
                    _ => true,
                })
                .collect();
            if open.is_empty() {
                break;
            }
            let part: Vec<&Call> = open.iter().filter_map(|place| calls.get(*place)).collect();
            let failure = match self.send(&part).await {
                Ok(part) => {
                    let mut failure = None;
                    for (place, answer) in open.iter().zip(part) {
                        if let Err(error) = &answer
                            && is_worth_repeating(error)
                        {
                            failure = Some(error.clone());
                        }
                        if let Some(slot) = answers.get_mut(*place) {
                            *slot = Some(answer);
                        }
                    }
                    match failure {
                        None => break,
                        Some(failure) => failure,
                    }
                }
                Err(error) if is_worth_repeating(&error) => error,
                Err(error) => return Err(error),
            };
            match waits.after(&failure) {
                Some(wait) => tokio::time::sleep(wait).await,
                None if answers.iter().all(Option::is_some) => break,
                None => return Err(failure),
            }
        }
        Ok(answers.into_iter().flatten().collect())
    }
}

fn read_id(id: Option<&RawValue>) -> Option<u64> {
    id?.get().trim_matches('"').parse().ok()
}

#[async_trait]
impl RpcCall for RpcClient {
    fn origin(&self) -> &str {
        self.transport.origin()
    }

    async fn batch(
        &self,
        calls: Vec<Call>,
    ) -> Result<Vec<Result<Bytes, SourceError>>, SourceError> {
        let mut answers = Vec::with_capacity(calls.len());
        while answers.len() < calls.len() {
            let size = self.batch_max.load(Ordering::Relaxed).max(1);
            let rest = calls.get(answers.len()..).unwrap_or_default();
            let part = rest.get(..size).unwrap_or(rest);
            match self.batch_part(part).await {
                Ok(part) => answers.extend(part),
                // Batches are refused in many words (too large, not supported, not for free): halve until one is left,
                // which is no batch.
                Err(
                    SourceError::RangeRefused { .. }
                    | SourceError::Unsupported { .. }
                    | SourceError::Refused { .. }
                    | SourceError::TooLarge { .. },
                ) if part.len() > 1 => {
                    let half = part.len() / 2;
                    self.batch_max.fetch_min(half.max(1), Ordering::Relaxed);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(answers)
    }
}
