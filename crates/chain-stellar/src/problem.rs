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
