//! The envelope of explorers: HTTP 200 is not success, status "0" is not failure, and status "2" is not all.

use crate::refusal;
use recover_source::error::SourceError;
use recover_source::http::shorten;
use recover_source::transport::Transport;
use serde::Deserialize;
use serde_json::Value;

/// One row of a list. All values are text; what a list does not have is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Row {
    pub block_number: String,
    pub time_stamp: Option<String>,
    /// Withdrawals spell it otherwise.
    pub timestamp: Option<String>,
    pub hash: Option<String>,
    /// Blockscout's name for the hash in internal lists.
    pub transaction_hash: Option<String>,
    pub block_hash: Option<String>,
    pub from: Option<String>,
    pub to: Option<String>,
    pub value: Option<String>,
    pub contract_address: Option<String>,
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub trace_id: Option<String>,
    pub is_error: Option<String>,
    #[serde(rename = "txreceipt_status")]
    pub receipt_status: Option<String>,
    pub withdrawal_index: Option<String>,
    pub address: Option<String>,
    pub amount: Option<String>,
}

/// What a list answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Page {
    pub rows: Vec<Row>,
    /// The explorer said that it has not indexed all of it yet.
    pub partial: bool,
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(default)]
    status: Option<Value>,
    #[serde(default)]
    message: Option<Value>,
    #[serde(default)]
    result: Option<Value>,
    #[serde(default)]
    error: Option<Value>,
}

fn text(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

/// Reads a list. An empty list is an answer; a limit, a key or a missing plan is an error.
pub(super) fn read_page(origin: &str, body: &[u8]) -> Result<Page, SourceError> {
    let envelope = read(origin, body)?;
    let status = text(envelope.status.as_ref());
    let rows = match envelope.result {
        Some(Value::Array(rows)) => Value::Array(rows),
        Some(Value::Null) | None => Value::Array(Vec::new()),
        Some(other) if status != "0" => {
            return Err(not_protocol(origin, &other.to_string()));
        }
        Some(other) => other,
    };
    if status == "0" {
        let message = text(envelope.message.as_ref());
        let empty = rows.as_array().is_some_and(Vec::is_empty);
        if empty && is_nothing_found(&message) {
            return Ok(Page {
                rows: Vec::new(),
                partial: false,
            });
        }
        return Err(refused(origin, &message, &text(Some(&rows))));
    }
    if status != "1" && status != "2" {
        return Err(not_protocol(origin, &shorten(body)));
    }
    let rows: Vec<Row> = serde_json::from_value(rows)
        .map_err(|error| not_protocol(origin, &format!("a list with other rows: {error}")))?;
    Ok(Page {
        rows,
        partial: status == "2",
    })
}

/// Reads one value: of the proxy module, which is JSON-RPC, or of another, in the envelope.
pub(super) fn read_value(origin: &str, body: &[u8]) -> Result<Value, SourceError> {
    let envelope = read(origin, body)?;
    if text(envelope.status.as_ref()) == "0" {
        let message = text(envelope.message.as_ref());
        return Err(refused(origin, &message, &text(envelope.result.as_ref())));
    }
    match envelope.result {
        Some(result) => Ok(result),
        None => Ok(Value::Null),
    }
}

fn read(origin: &str, body: &[u8]) -> Result<Envelope, SourceError> {
    let envelope: Envelope =
        serde_json::from_slice(body).map_err(|_| not_protocol(origin, &shorten(body)))?;
    match &envelope.error {
        None | Some(Value::Null) => {}
        Some(Value::Object(error)) => {
            let code = error
                .get("code")
                .and_then(Value::as_i64)
                .unwrap_or_default();
            return Err(refusal::read(origin, code, &text(error.get("message"))));
        }
        // Blockscout has been seen to put bare words here.
        Some(other) => return Err(refusal::read(origin, 0, &text(Some(other)))),
    }
    if envelope.status.is_none() && envelope.result.is_none() {
        // `result: null` reads as none too, and is an answer where the field stands.
        let names_result = serde_json::from_slice::<serde_json::Map<String, Value>>(body)
            .is_ok_and(|fields| fields.contains_key("result"));
        if !names_result {
            return Err(not_protocol(origin, &shorten(body)));
        }
    }
    Ok(envelope)
}

/// A body without what its transport knows to be secret.
pub(super) fn redacted(transport: &dyn Transport, body: &[u8]) -> Vec<u8> {
    transport
        .redact(String::from_utf8_lossy(body).into_owned())
        .into_bytes()
}

fn not_protocol(origin: &str, detail: &str) -> SourceError {
    SourceError::NotProtocol {
        origin: origin.to_owned(),
        detail: shorten(detail.as_bytes()),
    }
}

fn is_nothing_found(message: &str) -> bool {
    let lower = message.to_lowercase();
    lower.starts_with("no ") && lower.trim_end().ends_with("found")
}

/// What a status of "0" means, by its words.
fn refused(origin: &str, message: &str, result: &str) -> SourceError {
    let words = format!("{message} {result}");
    let lower = words.to_lowercase();
    let says = |marks: &[&str]| marks.iter().any(|mark| lower.contains(mark));
    let origin = origin.to_owned();
    let detail = shorten(words.as_bytes());
    // Bad keys are also answered with "too many": the key comes first.
    if says(&["api key", "apikey"]) && !says(&["rate limit"]) {
        return SourceError::Refused {
            origin,
            code: 0,
            detail: format!("{detail}; check the key of this source"),
        };
    }
    if says(&[
        "rate limit",
        "max calls",
        "calls per sec",
        "too many",
        "limit reached",
        "quota",
    ]) {
        return SourceError::RateLimited {
            origin,
            retry_after: None,
        };
    }
    if says(&["result window", "too large"]) {
        return SourceError::RangeRefused { origin, detail };
    }
    if says(&[
        "not supported",
        "unsupported",
        "invalid action",
        "unknown action",
        "unknown module",
    ]) {
        return SourceError::Unsupported {
            origin,
            what: detail,
        };
    }
    if says(&[
        "temporarily",
        "timeout",
        "timed out",
        "try again",
        "busy",
        "unexpected error",
    ]) {
        return SourceError::Unreachable { origin, detail };
    }
    SourceError::Refused {
        origin,
        code: 0,
        detail,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(body: &str) -> Result<Page, SourceError> {
        read_page("explorer", body.as_bytes())
    }

    #[test]
    fn own_nothing_found_is_an_answer_and_a_limit_is_none() {
        for body in [
            r#"{"status":"0","message":"No transactions found","result":[]}"#,
            r#"{"status":"0","message":"No internal transactions found","result":[]}"#,
            r#"{"status":"0","message":"No token transfers found","result":[]}"#,
            r#"{"status":"0","message":"No data found","result":null}"#,
        ] {
            assert_eq!(page(body).unwrap().rows, [], "{body}");
        }
        let limited = page(
            r#"{"status":"0","message":"NOTOK","result":"Max rate limit reached, please use API Key for higher rate limit"}"#,
        );
        assert!(
            matches!(limited, Err(SourceError::RateLimited { .. })),
            "{limited:?}"
        );
        let limited = page(
            r#"{"status":"0","message":"NOTOK","result":"Max calls per sec rate limit reached (3/sec)"}"#,
        );
        assert!(matches!(limited, Err(SourceError::RateLimited { .. })));
    }

    #[test]
    fn own_a_missing_key_says_what_to_do() {
        for words in [
            "Missing/Invalid API Key",
            "Invalid API Key (#err2)|chain-1",
            "Too many invalid api key attempts, please try again later",
        ] {
            let body = format!(r#"{{"status":"0","message":"NOTOK","result":"{words}"}}"#);
            let error = page(&body).unwrap_err();
            assert!(
                error.to_string().contains("check the key of this source"),
                "{error}"
            );
        }
    }

    #[test]
    fn own_other_envelopes() {
        let partial = page(
            r#"{"status":"2","message":"Internal transactions for this period are not yet indexed","result":[]}"#,
        );
        assert!(partial.unwrap().partial);
        let free = page(
            r#"{"status":"0","message":"NOTOK","result":"Free API access is not supported for this chain. Please upgrade"}"#,
        );
        assert!(matches!(free, Err(SourceError::Unsupported { .. })));
        let chain = page(r#"{"status":"0","message":"chain not supported","result":null}"#);
        assert!(matches!(chain, Err(SourceError::Unsupported { .. })));
        let busy = page(
            r#"{"status":"0","message":"NOTOK","result":"The service is temporarily unavailable"}"#,
        );
        assert!(matches!(busy, Err(SourceError::Unreachable { .. })));
        let window = page(
            r#"{"status":"0","message":"Result window is too large, PageNo x Offset size must be less than or equal to 10000","result":null}"#,
        );
        assert!(matches!(window, Err(SourceError::RangeRefused { .. })));
        let words = read_value(
            "explorer",
            br#"{"jsonrpc":"2.0","id":1,"error":"Only positive integers are allowed"}"#,
        );
        assert!(matches!(words, Err(SourceError::Refused { .. })));
        for body in [
            "<html>503</html>",
            "",
            "{\"status\":\"1\",\"mess",
            "[]",
            "{}",
            "{\"status\":\"1\",\"result\":\"x\"}",
        ] {
            let error = page(body).unwrap_err();
            assert!(
                matches!(error, SourceError::NotProtocol { .. }),
                "{body}: {error}"
            );
        }
        assert_eq!(
            read_value("explorer", br#"{"jsonrpc":"2.0","id":1,"result":null}"#).unwrap(),
            Value::Null
        );
    }
}
