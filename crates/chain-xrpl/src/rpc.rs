//! The JSON-RPC client of rippled and Clio: one request, one answer, every dialect of error told apart.
//!
//! HTTP 200 is no success here: `result.status` and `result.error` say. Overload comes as HTTP 503 with plain text (the transport's
//! matter), as `slowDown` outside any `result` (Clio), or as a warning before that.

use crate::wire;
use bytes::Bytes;
use recover_source::error::SourceError;
use recover_source::http::shorten;
use recover_source::retry::RetryPolicy;
use recover_source::transport::Transport;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use std::sync::Arc;
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

/// A client over any transport.
pub struct Rpc {
    transport: Arc<dyn Transport>,
    retry: RetryPolicy,
    /// Whether the server knows API version 2; found out by asking.
    version_2: AtomicBool,
}

impl Rpc {
    /// A client that repeats by this policy.
    #[must_use]
    pub fn new(transport: Arc<dyn Transport>, retry: RetryPolicy) -> Self {
        Self {
            transport,
            retry,
            version_2: AtomicBool::new(true),
        }
    }

    /// Kind and host for messages.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.transport.origin()
    }

    /// Asks one method. API version 2 is asked first: it names the ledger of each transaction by its hash.
    ///
    /// # Errors
    /// What the server refused (all but [`NOT_FOUND`]), or what came instead of an answer.
    pub async fn ask(&self, method: &str, parameters: Value) -> Result<Reply, SourceError> {
        loop {
            let version_2 = self.version_2.load(Ordering::Relaxed);
            let reply = self
                .retry
                .run(|| self.attempt(method, &parameters, version_2))
                .await;
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

    async fn attempt(
        &self,
        method: &str,
        parameters: &Value,
        version_2: bool,
    ) -> Result<Reply, SourceError> {
        let body = body(method, parameters, version_2);
        let answer = self.transport.post(Bytes::from(body)).await?;
        self.read(&answer)
    }

    fn read(&self, body: &[u8]) -> Result<Reply, SourceError> {
        let mut answer: Map<String, Value> =
            serde_json::from_slice(body).map_err(|_| self.not_protocol(shorten(body)))?;
        let result = match answer.remove("result") {
            Some(Value::Object(result)) => Some(result),
            Some(_) => return Err(self.not_protocol("a result that is no object".to_owned())),
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
            .ok_or_else(|| self.not_protocol(shorten(body)))
    }

    fn heed_warnings(&self, place: &Map<String, Value>) -> Result<(), SourceError> {
        if let Some(warning) = place.get("warning").and_then(Value::as_str) {
            tracing::warn!(
                origin = self.origin(),
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
        let origin = self.origin().to_owned();
        let words = place
            .get("error_message")
            .or_else(|| place.get("error_exception"))
            .and_then(Value::as_str)
            .unwrap_or_default();
        let detail = self
            .transport
            .redact(format!("{code}: {}", shorten(words.as_bytes())));
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

    /// The error for an answer that is not the protocol's.
    #[must_use]
    pub fn not_protocol(&self, detail: String) -> SourceError {
        SourceError::NotProtocol {
            origin: self.origin().to_owned(),
            detail: self.transport.redact(detail),
        }
    }

    /// The error for an answer that cannot be true.
    #[must_use]
    pub fn inconsistent(&self, detail: String) -> SourceError {
        SourceError::Inconsistent {
            origin: self.origin().to_owned(),
            detail: self.transport.redact(detail),
        }
    }

    /// The text of a number at a path of the answer, exactly as written: some servers write amounts of XRP with a point.
    ///
    /// # Errors
    /// As [`Rpc::ask`].
    pub async fn exact(
        &self,
        method: &str,
        parameters: Value,
    ) -> Result<Box<RawValue>, SourceError> {
        let version_2 = self.version_2.load(Ordering::Relaxed);
        self.retry
            .run(|| async {
                let body = body(method, &parameters, version_2);
                let answer = self.transport.post(Bytes::from(body)).await?;
                match self.read(&answer)? {
                    Reply::Found(_) => serde_json::from_slice(&answer)
                        .map_err(|_| self.not_protocol(shorten(&answer))),
                    Reply::NotFound { code, result } => Err(self.refusal(&code, &result)),
                }
            })
            .await
    }
}

fn error_code(place: &Map<String, Value>) -> i64 {
    place
        .get("error_code")
        .and_then(Value::as_i64)
        .unwrap_or_default()
}

fn body(method: &str, parameters: &Value, version_2: bool) -> String {
    let mut parameters = parameters.clone();
    if let (true, Value::Object(fields)) = (version_2, &mut parameters) {
        fields.insert("api_version".to_owned(), json!(2));
    }
    json!({"method": method, "params": [parameters]}).to_string()
}
