//! What a source's own errors mean: CometBFT's JSON-RPC errors and the gateway's gRPC codes.

use recover_source::error::SourceError;
use serde_json::Value;

/// An error that a source reports inside its protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub code: i64,
    /// Message and data together, as sent.
    pub words: String,
}

/// gRPC's codes, as the gateway passes them on.
const NOT_FOUND: i64 = 5;
const DEADLINE_EXCEEDED: i64 = 4;
const RESOURCE_EXHAUSTED: i64 = 8;
const UNIMPLEMENTED: i64 = 12;
const UNAVAILABLE: i64 = 14;
/// JSON-RPC's code for a method that does not exist.
const METHOD_NOT_FOUND: i64 = -32601;

impl Refusal {
    /// The error in an answer; `None` when it reports none.
    pub fn read(answer: &Value) -> Option<Self> {
        let text = |value: Option<&Value>| match value {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Null) | None => String::new(),
            Some(other) => other.to_string(),
        };
        if let Some(error) = answer.get("error").filter(|error| !error.is_null()) {
            let words = match error {
                Value::String(text) => text.clone(),
                error => format!("{} {}", text(error.get("message")), text(error.get("data"))),
            };
            let code = error.get("code").or_else(|| answer.get("code"));
            return Some(Self {
                code: code.and_then(Value::as_i64).unwrap_or_default(),
                words: words.trim().to_owned(),
            });
        }
        // Every error of the gateway has a code and a message; its answers never have both at the top.
        let code = answer.get("code").and_then(Value::as_i64)?;
        let message = answer.get("message").and_then(Value::as_str)?;
        Some(Self {
            code,
            words: message.to_owned(),
        })
    }

    fn says(&self, marks: &[&str]) -> bool {
        let lower = self.words.to_lowercase();
        marks.iter().any(|mark| lower.contains(mark))
    }

    /// Whether it says that there is no such transaction, account or block.
    pub fn is_not_found(&self) -> bool {
        !self.is_not_kept()
            && (self.code == NOT_FOUND || self.says(&["not found", "doesn't exist"]))
    }

    /// Whether it says that a height lies above its tip.
    pub fn is_above_tip(&self) -> bool {
        self.says(&[
            "must be less than or equal to the current blockchain height",
            "requested block height is bigger then the chain length",
            "requested block height is bigger than the chain length",
            "greater than the current height",
        ])
    }

    /// Whether it says that the index which a search needs is off.
    pub fn is_index_off(&self) -> bool {
        self.says(&[
            "indexing is disabled",
            "indexer is disabled",
            "index is disabled",
        ])
    }

    /// Whether it says that it no longer (or never) kept what was asked.
    pub fn is_not_kept(&self) -> bool {
        self.is_index_off()
            || self.lowest_height().is_some()
            || self.says(&[
                "is not available",
                "pruned",
                "could not find results for height",
                "node is not persisting",
                "not persisted",
                "version does not exist",
            ])
    }

    /// The lowest height that it still has, where it says so.
    pub fn lowest_height(&self) -> Option<u64> {
        let lower = self.words.to_lowercase();
        let (_, rest) = lower.split_once("lowest height is")?;
        let digits: String = rest
            .trim_start()
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        digits.parse().ok()
    }

    /// Whether it does not know the question.
    pub fn is_unknown_method(&self) -> bool {
        matches!(self.code, METHOD_NOT_FOUND | UNIMPLEMENTED)
            || self.says(&[
                "method not found",
                "unknown query path",
                "not implemented",
                "unknown service",
            ])
    }

    /// Whether the same question may be answered later.
    pub fn may_pass(&self) -> bool {
        matches!(
            self.code,
            DEADLINE_EXCEEDED | RESOURCE_EXHAUSTED | UNAVAILABLE
        ) || self.says(&[
            "timed out",
            "timeout",
            "deadline exceeded",
            "too many requests",
            "rate limit",
            "unavailable",
            "overloaded",
            "connection refused",
            "try again",
            "context canceled",
        ])
    }

    /// What it means for the engine. `detail` are its words for a message.
    pub fn into_error(self, origin: &str, detail: String) -> SourceError {
        let origin = origin.to_owned();
        if self.is_index_off() {
            return SourceError::NotKept {
                origin,
                detail: format!("{detail} (switch its transaction index on)"),
            };
        }
        if self.is_not_kept() {
            return SourceError::NotKept { origin, detail };
        }
        if self.code == RESOURCE_EXHAUSTED || self.says(&["too many requests", "rate limit"]) {
            return SourceError::RateLimited {
                origin,
                retry_after: None,
            };
        }
        if self.may_pass() || self.is_above_tip() {
            return SourceError::Unreachable { origin, detail };
        }
        if self.is_unknown_method() {
            return SourceError::Unsupported {
                origin,
                what: detail,
            };
        }
        SourceError::Refused {
            origin,
            code: self.code,
            detail,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use recover_source::error::Advice;
    use serde_json::json;

    fn rpc(data: &str) -> Refusal {
        let answer = json!({"jsonrpc": "2.0", "id": -1, "error": {"code": -32603, "message": "Internal error", "data": data}});
        Refusal::read(&answer).unwrap()
    }

    #[test]
    fn own_errors_say_retry_give_up_or_not_kept() {
        let error = |refusal: Refusal| refusal.clone().into_error("node", refusal.words);
        let off = error(rpc("transaction indexing is disabled"));
        assert!(matches!(off, SourceError::NotKept { .. }), "{off:?}");
        let lowest = rpc("height 1 is not available, lowest height is 5200791");
        assert_eq!(lowest.lowest_height(), Some(5_200_791));
        assert!(matches!(error(lowest), SourceError::NotKept { .. }));
        let above =
            rpc("height 999 must be less than or equal to the current blockchain height 165");
        assert!(above.is_above_tip());
        assert_eq!(error(above).advice(), Advice::Retry);
        let missing = rpc("tx (AB) not found, err: %!w(<nil>)");
        assert!(missing.is_not_found());
        let slow = rpc("timed out waiting for tx to be included in a block");
        assert_eq!(error(slow).advice(), Advice::Retry);
        let other = rpc("page should be within [1, 3] range, given 4");
        assert!(matches!(
            error(other),
            SourceError::Refused { code: -32603, .. }
        ));
    }

    #[test]
    fn own_errors_of_the_gateway_are_grpc_codes() {
        let read = |code: i64, message: &str| {
            Refusal::read(&json!({"code": code, "message": message, "details": []})).unwrap()
        };
        assert!(read(5, "tx not found: AB: key not found").is_not_found());
        assert!(matches!(
            read(12, "Not Implemented").into_error("gateway", String::new()),
            SourceError::Unsupported { .. }
        ));
        assert_eq!(
            read(14, "connection error")
                .into_error("gateway", String::new())
                .advice(),
            Advice::Retry
        );
        assert!(matches!(
            read(8, "grpc: received message larger").into_error("gateway", String::new()),
            SourceError::RateLimited { .. }
        ));
        assert!(!read(5, "height 5 is not available, lowest height is 9").is_not_found());
        assert_eq!(Refusal::read(&json!({"tx_response": {"code": 5}})), None);
        assert_eq!(Refusal::read(&json!({"txhash": "AB", "code": 0})), None);
    }
}
