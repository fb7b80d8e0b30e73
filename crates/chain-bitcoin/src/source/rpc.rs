//! The JSON-RPC client of Bitcoin Core and of the daemons that descend from it.
//!
//! The login stands in the url (`http://${USER}:${PASSWORD}@host:8332`) and goes out as HTTP Basic. Version 1.0 of the protocol, which
//! every one of them speaks: an error comes with a bad HTTP status and a body of its own, which says what it means.

use bytes::Bytes;
use recover_source::client::Client;
use recover_source::error::SourceError;
use recover_source::http::shorten;
use recover_source::retry::is_worth_repeating;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Error codes of `src/rpc/protocol.h` of Bitcoin Core (<https://github.com/bitcoin/bitcoin>) that callers tell apart.
pub mod code {
    /// No such block, transaction or address.
    pub const NOT_FOUND: i64 = -5;
    /// A parameter outside its range: a height above the tip.
    pub const OUT_OF_RANGE: i64 = -8;
    /// A transaction whose inputs are missing or spent.
    pub const VERIFY: i64 = -25;
    /// A transaction against a rule of the network or of the node.
    pub const VERIFY_REJECTED: i64 = -26;
    /// A transaction that stands in a block already.
    pub const ALREADY_IN_CHAIN: i64 = -27;
    /// Anything else, among it blocks that were pruned and, in old daemons, a wrong number of parameters.
    pub const MISC: i64 = -1;
    /// A parameter of another type.
    pub const WRONG_TYPE: i64 = -3;
    /// A request that cannot be read; old daemons say so of a parameter of another type too.
    pub const PARSE: i64 = -32700;
}

/// The code of no connection to the network yet, of the first download, and of a start that is not done.
const NOT_READY: [i64; 3] = [-9, -10, -28];
const METHOD_NOT_FOUND: i64 = -32601;

/// Calls in one request at most.
const BATCH_MAX: usize = 32;

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

/// The protocol over any client.
pub struct Rpc {
    client: Client,
    next_id: AtomicU64,
    batch_max: AtomicUsize,
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
    #[serde(borrow, default)]
    result: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct ErrorObject {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    message: String,
}

impl Rpc {
    /// The protocol's questions to one daemon.
    #[must_use]
    pub const fn new(client: Client) -> Self {
        Self {
            client,
            next_id: AtomicU64::new(1),
            batch_max: AtomicUsize::new(BATCH_MAX),
        }
    }

    /// What it asks through, for the words of errors.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// Asks one call and reads its result; `null` is a result.
    ///
    /// # Errors
    /// [`SourceError::Refused`] with the daemon's code ([`code`]); [`SourceError::Unreachable`] while it starts;
    /// [`SourceError::Unsupported`] where it does not know the method; [`SourceError::NotKept`] for what it pruned;
    /// [`SourceError::NotProtocol`] for anything that is no answer.
    pub async fn ask<T: DeserializeOwned>(
        &self,
        method: &'static str,
        params: Value,
    ) -> Result<T, SourceError> {
        self.call(Call::new(method, params)).await
    }

    /// Asks one call and reads its result.
    ///
    /// # Errors
    /// As [`Rpc::ask`].
    pub async fn call<T: DeserializeOwned>(&self, call: Call) -> Result<T, SourceError> {
        self.ask_in_place(&call, |text| self.parse(call.method, text))
            .await
    }

    /// Asks one call and reads its result where it lies: for answers too large to be copied. `read` gets the JSON text of the result.
    ///
    /// # Errors
    /// As [`Rpc::ask`], and what `read` finds.
    pub async fn ask_in_place<T>(
        &self,
        call: &Call,
        read: impl Fn(&str) -> Result<T, SourceError>,
    ) -> Result<T, SourceError> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let body = self.body(&request(id, call))?;
        self.client
            .post(body, |answer| {
                let envelope: Envelope<'_> =
                    serde_json::from_slice(answer).map_err(|_| self.client.unreadable(answer))?;
                // Some daemons give no id to an error that they meet before they read the request.
                if read_id(envelope.id).is_some_and(|found| found != id) {
                    return Err(self.client.not_protocol("an answer to another request"));
                }
                read(self.result_of(call.method, &envelope)?)
            })
            .await
    }

    /// Asks many calls, few at a time, and gives their results in order, each as the JSON text or as its own error. The outer error is
    /// for what befell all of them.
    ///
    /// # Errors
    /// As [`Rpc::ask`]. An error that may pass, of any one call, is tried again and ends the batch when it does not pass.
    pub async fn batch(
        &self,
        calls: &[Call],
    ) -> Result<Vec<Result<Box<RawValue>, SourceError>>, SourceError> {
        let mut answers = Vec::with_capacity(calls.len());
        while answers.len() < calls.len() {
            let size = self.batch_max.load(Ordering::Relaxed).max(1);
            let rest = calls.get(answers.len()..).unwrap_or_default();
            let part = rest.get(..size).unwrap_or(rest);
            match self.batch_part(part).await {
                Ok(part) => answers.extend(part),
                // Proxies refuse batches in many words: halve until one is left, which is no batch.
                Err(
                    SourceError::RangeRefused { .. }
                    | SourceError::Unsupported { .. }
                    | SourceError::Refused { .. }
                    | SourceError::TooLarge { .. },
                ) if part.len() > 1 => {
                    self.batch_max.fetch_min(part.len() / 2, Ordering::Relaxed);
                }
                Err(error) if part.len() == 1 && !is_worth_repeating(&error) => {
                    answers.push(Err(error));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(answers)
    }

    async fn batch_part(
        &self,
        calls: &[Call],
    ) -> Result<Vec<Result<Box<RawValue>, SourceError>>, SourceError> {
        if let [call] = calls {
            let read = |text: &str| self.parse::<Box<RawValue>>(call.method, text);
            return Ok(vec![Ok(self.ask_in_place(call, read).await?)]);
        }
        let count = u64::try_from(calls.len()).unwrap_or(u64::MAX);
        let first = self.next_id.fetch_add(count, Ordering::Relaxed);
        let requests: Vec<Request<'_>> = (first..)
            .zip(calls)
            .map(|(id, call)| request(id, call))
            .collect();
        let body = self.body(&requests)?;
        self.client
            .post(body, |answer| self.read_batch(calls, first, answer))
            .await
    }

    fn read_batch(
        &self,
        calls: &[Call],
        first: u64,
        body: &[u8],
    ) -> Result<Vec<Result<Box<RawValue>, SourceError>>, SourceError> {
        let Ok(envelopes) = serde_json::from_slice::<Vec<Envelope<'_>>>(body) else {
            // One error stands for the whole batch.
            let envelope: Envelope<'_> =
                serde_json::from_slice(body).map_err(|_| self.client.unreadable(body))?;
            self.result_of("a batch", &envelope)?;
            return Err(self.client.not_protocol("one answer to a batch"));
        };
        let mut answers: Vec<Option<Result<Box<RawValue>, SourceError>>> = vec![None; calls.len()];
        for envelope in &envelopes {
            let place = read_id(envelope.id)
                .and_then(|id| id.checked_sub(first))
                .and_then(|place| usize::try_from(place).ok());
            let Some((place, call)) = place.and_then(|place| Some((place, calls.get(place)?)))
            else {
                return Err(self.client.not_protocol("an answer to another request"));
            };
            let answer = self
                .result_of(call.method, envelope)
                .and_then(|text| self.parse(call.method, text));
            match (answer, answers.get_mut(place)) {
                (Err(error), _) if is_worth_repeating(&error) => return Err(error),
                (answer, Some(slot @ None)) => *slot = Some(answer),
                _ => return Err(self.client.not_protocol("two answers to one request")),
            }
        }
        let all: Option<Vec<_>> = answers.into_iter().collect();
        all.ok_or_else(|| self.client.not_protocol("a batch with an answer missing"))
    }

    /// Reads the JSON text of one result.
    ///
    /// # Errors
    /// [`SourceError::NotProtocol`] when it has another shape.
    pub fn parse<T: DeserializeOwned>(&self, method: &str, text: &str) -> Result<T, SourceError> {
        serde_json::from_str(text).map_err(|error| {
            let error = shorten(error.to_string().as_bytes());
            self.client.not_protocol(format!("{method}: {error}"))
        })
    }

    fn body<T: Serialize>(&self, requests: &T) -> Result<Bytes, SourceError> {
        serde_json::to_vec(requests)
            .map(Bytes::from)
            .map_err(|error| {
                self.client
                    .not_protocol(format!("a request cannot be written: {error}"))
            })
    }

    fn result_of<'a>(&self, method: &str, envelope: &Envelope<'a>) -> Result<&'a str, SourceError> {
        if let Some(error) = envelope.error {
            return Err(self.error_of(method, error));
        }
        // `null` is read as nothing, and is what a daemon says of an output that is spent.
        Ok(envelope.result.map_or("null", RawValue::get))
    }

    fn error_of(&self, method: &str, error: &RawValue) -> SourceError {
        let object = serde_json::from_str(error.get()).unwrap_or_else(|_| ErrorObject {
            code: 0,
            message: error.get().trim_matches('"').to_owned(),
        });
        let origin = self.client.origin().to_owned();
        let detail = self.client.words(object.message.as_bytes());
        let lower = detail.to_ascii_lowercase();
        match object.code {
            METHOD_NOT_FOUND => SourceError::Unsupported {
                origin,
                what: method.to_owned(),
            },
            code if NOT_READY.contains(&code) => SourceError::Unreachable { origin, detail },
            _ if ["being indexed", "scan already in progress", "work queue"]
                .iter()
                .any(|words| lower.contains(words)) =>
            {
                SourceError::Unreachable { origin, detail }
            }
            _ if lower.contains("pruned") || lower.contains("not fully downloaded") => {
                SourceError::NotKept { origin, detail }
            }
            code => SourceError::Refused {
                origin,
                code,
                detail,
            },
        }
    }
}

/// The result, or `None` where the daemon says that there is no such thing.
///
/// # Errors
/// Every other error.
pub fn found<T>(result: Result<T, SourceError>) -> Result<Option<T>, SourceError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(SourceError::Refused {
            code: code::NOT_FOUND | code::OUT_OF_RANGE,
            ..
        }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether the daemon wanted yes or no where it got a number, as those from before Bitcoin Core 0.15 do.
pub(super) fn wants_boolean(error: &SourceError) -> bool {
    match error {
        SourceError::Refused { code, detail, .. } => {
            matches!(*code, code::WRONG_TYPE | code::PARSE)
                || (*code == code::MISC && detail.contains("boolean"))
        }
        _ => false,
    }
}

const fn request(id: u64, call: &Call) -> Request<'_> {
    Request {
        jsonrpc: "1.0",
        id,
        method: call.method,
        params: &call.params,
    }
}

fn read_id(id: Option<&RawValue>) -> Option<u64> {
    id?.get().trim_matches('"').parse().ok()
}
