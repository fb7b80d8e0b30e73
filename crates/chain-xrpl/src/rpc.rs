//! The JSON-RPC client of rippled and Clio: one request, one answer, every dialect of error told apart.
//!
//! HTTP 200 is no success here: `result.status` and `result.error` say. Overload comes as HTTP 503 with plain text (the transport's
//! matter), as `slowDown` outside any `result` (Clio), or as a warning before that.

use crate::wire;
use bytes::Bytes;
use recover_source::client::Client;
use recover_source::error::SourceError;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use std::sync::atomic::{AtomicBool, Ordering};

/// The error words that are an answer to a caller and no fault: what was asked for is not there.
pub const NOT_FOUND: [&str; 5] = [
    "txnNotFound",
    "actNotFound",
    "entryNotFound",
    "objectNotFound",
    "lgrNotFound",
];

/// The id of a warning that says that the server no longer follows the network.
const AMENDMENT_BLOCKED: u64 = 1002;

/// An answer.
#[derive(Debug, Clone)]
pub enum Reply {
    /// The result.
    Found(Map<String, Value>),
    /// One of [`NOT_FOUND`], with what stands beside it (`searched_all`).
    NotFound {
        /// The word.
        code: String,
        /// The whole result.
        result: Map<String, Value>,
    },
}

/// The protocol over any client.
pub struct Rpc {
    pub(crate) client: Client,
    /// Whether the server knows API version 2; found out by asking.
    version_2: AtomicBool,
}

impl Rpc {
    /// The protocol's questions to one source.
    #[must_use]
    pub const fn new(client: Client) -> Self {
        Self {
            client,
            version_2: AtomicBool::new(true),
        }
    }

    /// Asks one method. API version 2 is asked first: it names the ledger of each transaction by its hash.
    ///
    /// # Errors
    /// What the server refused (all but [`NOT_FOUND`]), or what came instead of an answer.
    pub async fn ask(&self, method: &str, parameters: Value) -> Result<Reply, SourceError> {
        loop {
            let version_2 = self.version_2.load(Ordering::Relaxed);
            let body = body(method, &parameters, version_2);
            let reply = self.client.post(body, |answer| self.read(answer)).await;
            match reply {
                Err(SourceError::Refused { detail, .. })
                    if version_2 && detail.starts_with("invalid_API_version") =>
                {
                    self.version_2.store(false, Ordering::Relaxed);
                }
                reply => return reply,
            }
        }
    }

    /// Asks one method whose answer must be there.
    ///
    /// # Errors
    /// As [`Rpc::ask`]; what is not found is an error too.
    pub async fn result(
        &self,
        method: &str,
        parameters: Value,
    ) -> Result<Map<String, Value>, SourceError> {
        match self.ask(method, parameters).await? {
            Reply::Found(result) => Ok(result),
            Reply::NotFound { code, result } => Err(self.refusal(&code, &result)),
        }
    }

    fn read(&self, body: &[u8]) -> Result<Reply, SourceError> {
        let mut answer: Map<String, Value> =
            serde_json::from_slice(body).map_err(|_| self.client.unreadable(body))?;
        let result = match answer.remove("result") {
            Some(Value::Object(result)) => Some(result),
            Some(_) => return Err(self.client.not_protocol("a result that is no object")),
            None => None,
        };
        for place in result.iter().chain([&answer]) {
            self.heed_warnings(place)?;
        }
        for place in result.iter().chain([&answer]) {
            if let Some(code) = wire::error_of(place) {
                let code = code.to_owned();
                let place = place.clone();
                if NOT_FOUND.contains(&code.as_str()) {
                    return Ok(Reply::NotFound {
                        code,
                        result: place,
                    });
                }
                return Err(self.refusal(&code, &place));
            }
        }
        result
            .map(Reply::Found)
            .ok_or_else(|| self.client.unreadable(body))
    }

    fn heed_warnings(&self, place: &Map<String, Value>) -> Result<(), SourceError> {
        if let Some(warning) = place.get("warning").and_then(Value::as_str) {
            tracing::warn!(
                origin = self.client.origin(),
                warning,
                "the server will refuse soon: lower requests_per_second"
            );
        }
        let warnings = place.get("warnings").and_then(Value::as_array);
        let blocked = warnings
            .into_iter()
            .flatten()
            .any(|warning| warning.get("id").and_then(Value::as_u64) == Some(AMENDMENT_BLOCKED));
        if blocked {
            return Err(self.refusal("amendmentBlocked", place));
        }
        Ok(())
    }

    /// What to do about an error word of the server.
    fn refusal(&self, code: &str, place: &Map<String, Value>) -> SourceError {
        let origin = self.client.origin().to_owned();
        let words = place
            .get("error_message")
            .or_else(|| place.get("error_exception"))
            .and_then(Value::as_str)
            .unwrap_or_default();
        let detail = format!("{code}: {}", self.client.words(words.as_bytes()));
        match code {
            "slowDown" | "rateLimited" => SourceError::RateLimited {
                origin,
                retry_after: None,
            },
            "tooBusy" | "noNetwork" | "noCurrent" | "noClosed" | "failedToForward" | "notReady"
            | "notSynced" | "internal" | "dbDeserialization" | "nodeBusy" | "timeout" => {
                SourceError::Unreachable { origin, detail }
            }
            "lgrNotFound" | "lgrIdxsInvalid" | "lgrIdxMalformed" | "lgrNotValidated"
            | "ledgerNotFound" | "notEnabled" => SourceError::NotKept { origin, detail },
            "excessiveLgrRange" | "invalidLgrRange" => SourceError::RangeRefused { origin, detail },
            "unknownCmd"
            | "unknownMethod"
            | "notImpl"
            | "notSupported"
            | "noPermission"
            | "forbidden"
            | "reportingUnsupported"
            | "commandMissing" => SourceError::Unsupported {
                origin,
                what: detail,
            },
            "amendmentBlocked" | "unlBlocked" | "expiredValidatorList" => SourceError::Refused {
                origin,
                code: error_code(place),
                detail: format!(
                    "{code}: the server no longer follows the network: its operator must update it; use another server"
                ),
            },
            _ => SourceError::Refused {
                origin,
                code: error_code(place),
                detail,
            },
        }
    }

    /// Asks one method and gives the answer as it was written: some servers write amounts of XRP with a point.
    ///
    /// # Errors
    /// As [`Rpc::ask`].
    pub async fn exact(
        &self,
        method: &str,
        parameters: Value,
    ) -> Result<Box<RawValue>, SourceError> {
        let version_2 = self.version_2.load(Ordering::Relaxed);
        let read = |answer: &[u8]| match self.read(answer)? {
            Reply::Found(_) => {
                serde_json::from_slice(answer).map_err(|_| self.client.unreadable(answer))
            }
            Reply::NotFound { code, result } => Err(self.refusal(&code, &result)),
        };
        self.client
            .post(body(method, &parameters, version_2), read)
            .await
    }
}

fn error_code(place: &Map<String, Value>) -> i64 {
    place
        .get("error_code")
        .and_then(Value::as_i64)
        .unwrap_or_default()
}

fn body(method: &str, parameters: &Value, version_2: bool) -> Bytes {
    let mut parameters = parameters.clone();
    if let (true, Value::Object(fields)) = (version_2, &mut parameters) {
        fields.insert("api_version".to_owned(), json!(2));
    }
    Bytes::from(json!({"method": method, "params": [parameters]}).to_string())
}
