//! What Horizon's problems mean: the body decides, since the HTTP status is the transport's.

use crate::wire::Problem;
use recover_source::error::SourceError;

/// What a problem means for the question that was asked.
#[derive(Debug)]
pub(crate) enum Meaning {
    /// The server has no such thing: a true "not found".
    NotFound,
    /// Anything else.
    Failed(SourceError),
}

/// Reads a problem. `detail` are its words for a message.
pub(crate) fn meaning(origin: &str, problem: &Problem, detail: String) -> Meaning {
    let origin = origin.to_owned();
    let status = problem
        .status
        .as_deref()
        .and_then(|text| text.parse::<u16>().ok())
        .unwrap_or_default();
    Meaning::Failed(match (problem.word(), status) {
        ("not_found", 404 | 0) => return Meaning::NotFound,
        ("before_history", _) | (_, 410) => SourceError::NotKept { origin, detail },
        ("not_implemented", _) => SourceError::Unsupported {
            origin,
            what: detail,
        },
        ("rate_limit_exceeded" | "server_over_capacity", _) | (_, 429) => {
            SourceError::RateLimited {
                origin,
                retry_after: None,
            }
        }
        ("stale_history" | "timeout" | "still_ingesting" | "server_error", _)
        | (_, 500..=599 | 408) => SourceError::Unreachable { origin, detail },
        (_, status) => SourceError::Refused {
            origin,
            code: i64::from(status),
            detail,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use recover_source::error::Advice;

    fn read(body: &str) -> Meaning {
        let problem: Problem = serde_json::from_str(body).expect("a problem");
        meaning("horizon test", &problem, "as it says".to_owned())
    }

    fn advice(body: &str) -> Option<Advice> {
        match read(body) {
            Meaning::NotFound => None,
            Meaning::Failed(error) => Some(error.advice()),
        }
    }

    /// `None` is the one true "not found".
    #[test]
    fn own_each_problem_says_whether_to_try_again() {
        for (word, status, wanted) in [
            ("not_found", 404, None),
            // A proxy's 404 under another word is no absence.
            ("bad_request", 404, Some(Advice::GiveUp)),
            ("before_history", 410, Some(Advice::GiveUp)),
            ("not_implemented", 404, Some(Advice::GiveUp)),
            ("bad_request", 400, Some(Advice::GiveUp)),
            ("transaction_failed", 400, Some(Advice::GiveUp)),
            ("rate_limit_exceeded", 429, Some(Advice::Retry)),
            ("server_over_capacity", 503, Some(Advice::Retry)),
            ("stale_history", 503, Some(Advice::Retry)),
            ("still_ingesting", 503, Some(Advice::Retry)),
            ("timeout", 504, Some(Advice::Retry)),
            ("server_error", 500, Some(Advice::Retry)),
            ("never_heard_of", 502, Some(Advice::Retry)),
        ] {
            let body = format!(
                r#"{{"type":"https://stellar.org/horizon-errors/{word}","title":"T","status":{status}}}"#
            );
            assert_eq!(advice(&body), wanted, "{word} {status}");
        }
    }

    #[test]
    fn recorded_history_that_is_gone_is_not_absence() {
        const GONE: &str = include_str!("../../../fixtures/stellar/docs_error_before-history.json");
        assert!(matches!(
            read(GONE),
            Meaning::Failed(SourceError::NotKept { .. })
        ));
        const LATE: &str = include_str!("../../../fixtures/stellar/docs_error_stale-history.json");
        assert_eq!(advice(LATE), Some(Advice::Retry));
    }
}
