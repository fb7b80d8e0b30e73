//! What a server's error means: try again, give up, or ask another one.
//!
//! toncenter v3 answers `{"error": …}`, v2 `{"ok": false, "error": …, "code": …}` also for limits, tonapi `{"error": …,
//! "error_code": …}`. The code is often missing and the HTTP status is not told apart, so that words decide.

use crate::wire::ErrorRow;
use recover_source::error::SourceError;

/// The code of [`SourceError::Refused`] for something that the server does not have.
pub(super) const NOT_FOUND: i64 = 404;

/// Reads an error. `detail` are its words for a message.
pub(super) fn read(origin: &str, error: &ErrorRow, detail: String) -> SourceError {
    let lower = error.words.to_lowercase();
    let says = |marks: &[&str]| marks.iter().any(|mark| lower.contains(mark));
    let origin = origin.to_owned();
    if error.code == 429 || says(&["ratelimit", "rate limit", "too many requests"]) {
        return SourceError::RateLimited {
            origin,
            retry_after: None,
        };
    }
    if matches!(error.code, 401 | 403) || says(&["api key", "api_key", "unauthorized", "forbidden"])
    {
        return SourceError::Refused {
            origin,
            code: error.code,
            detail: format!("{detail}; check the key of this source"),
        };
    }
    if says(&[
        "cannot get /",
        "cannot post /",
        "method not allowed",
        "unknown method",
        "no such method",
    ]) {
        return SourceError::Unsupported {
            origin,
            what: detail,
        };
    }
    // A lite server that lags, or keeps only what is recent.
    if says(&[
        "lite_server_notready",
        "not in db",
        "cannot find block",
        "cannot load block",
        "cannot find transaction",
        "cannot locate transaction",
        "not applied",
        "state already gc",
        "archival",
    ]) {
        return SourceError::NotKept { origin, detail };
    }
    if matches!(error.code, 500 | 502 | 503 | 504)
        && !says(&["cannot apply external message", "exitcode"])
        || says(&[
            "lite_server_network",
            "timeout",
            "timed out",
            "temporarily",
            "try again",
        ])
    {
        return SourceError::Unreachable { origin, detail };
    }
    if error.code == NOT_FOUND || says(&["not found", "not exist"]) {
        return SourceError::Refused {
            origin,
            code: NOT_FOUND,
            detail,
        };
    }
    if says(&["limit", "too large", "too big"]) {
        return SourceError::RangeRefused { origin, detail };
    }
    SourceError::Refused {
        origin,
        code: error.code,
        detail,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{self, Answer};
    use recover_source::error::Advice;

    fn of(body: &str) -> SourceError {
        match wire::read(body.as_bytes()) {
            Ok(Answer::Error(error)) => read("toncenter", &error, error.words.clone()),
            other => panic!("{body} is no error: {other:?}"),
        }
    }

    #[test]
    fn own_what_errors_mean() {
        for (body, advice, words) in [
            (
                r#"{"ok":false,"result":"Ratelimit exceed","code":429}"#,
                Advice::Retry,
                "limits the rate",
            ),
            (
                r#"{"ok":false,"error":"LITE_SERVER_NOTREADY: ltdb: block not found","code":500}"#,
                Advice::GiveUp,
                "does not keep",
            ),
            (
                r#"{"ok":false,"error":"LITE_SERVER_UNKNOWN: cannot find block (-1,8000000000000000,1) with lt 4","code":500}"#,
                Advice::GiveUp,
                "does not keep",
            ),
            (
                r#"{"ok":false,"error":"LITE_SERVER_UNKNOWN: cannot apply external message to current state : exitcode=33","code":500}"#,
                Advice::GiveUp,
                "refused the request: 500",
            ),
            (
                r#"{"ok":false,"error":"LITE_SERVER_NETWORK: adnl query timeout","code":500}"#,
                Advice::Retry,
                "did not answer",
            ),
            (
                r#"{"ok":false,"error":"internal","code":500}"#,
                Advice::Retry,
                "did not answer",
            ),
            (
                r#"{"error":"invalid account address"}"#,
                Advice::GiveUp,
                "refused the request: 0: invalid account address",
            ),
            (
                r#"{"error":"API key does not exist"}"#,
                Advice::GiveUp,
                "check the key of this source",
            ),
            (
                r#"{"error":"Cannot GET /api/v3/traces"}"#,
                Advice::GiveUp,
                "does not offer",
            ),
            (
                r#"{"error":"block not found"}"#,
                Advice::GiveUp,
                "refused the request: 404",
            ),
            (
                r#"{"error":"entity not found","error_code":404}"#,
                Advice::GiveUp,
                "refused the request: 404",
            ),
            (
                r#"{"error":"rate limit: free tier","error_code":429}"#,
                Advice::Retry,
                "limits the rate",
            ),
            (
                r#"{"error":"limit is not allowed: 5000 > 1000"}"#,
                Advice::GiveUp,
                "refuses so much at once",
            ),
            (
                r#"{"detail":[{"loc":["query","limit"],"msg":"ensure this value is less than or equal to 1000"}]}"#,
                Advice::GiveUp,
                "refuses so much at once",
            ),
        ] {
            let error = of(body);
            assert_eq!(error.advice(), advice, "{body}: {error}");
            assert!(error.to_string().contains(words), "{body}: {error}");
        }
    }
}
