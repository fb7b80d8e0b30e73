//! What can go wrong with a source, and the one question the engine asks of it: try again, give up, or disbelieve.

use std::time::Duration;

/// What to do about a failed answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// The same request may be answered later, or by another source.
    Retry,
    /// This source will never answer it.
    GiveUp,
    /// The source answered something that cannot be true: ask another, and tell a person.
    Disbelieve,
}

/// A source's failure. `origin` names kind and host, never a key or a path with one.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// No connection, a time-out, or a server error.
    #[error("{origin} did not answer: {detail}; it will be tried again")]
    Unreachable {
        /// Kind and host.
        origin: String,
        /// What happened.
        detail: String,
    },
    /// Too many requests.
    #[error(
        "{origin} limits the rate of requests; lower requests_per_second or use another source"
    )]
    RateLimited {
        /// Kind and host.
        origin: String,
        /// How long it asked to wait.
        retry_after: Option<Duration>,
    },
    /// The answer is not what the protocol allows (HTML, half a JSON, a wrong response id).
    #[error(
        "{origin} answered something that is not its protocol: {detail}; check the url of this source"
    )]
    NotProtocol {
        /// Kind and host.
        origin: String,
        /// What it was, shortened.
        detail: String,
    },
    /// The answer is larger than we accept.
    #[error(
        "{origin} answered more than {limit_bytes} bytes; ask for less at once (log_range_max, page_size)"
    )]
    TooLarge {
        /// Kind and host.
        origin: String,
        /// The limit.
        limit_bytes: usize,
    },
    /// It is another network than configured.
    #[error(
        "{origin} is network {found}, and chains.toml says {expected}: correct the url or the table"
    )]
    WrongNetwork {
        /// Kind and host.
        origin: String,
        /// The CAIP-2 id configured.
        expected: String,
        /// The CAIP-2 id it answered.
        found: String,
    },
    /// It refuses the size of the request (result cap, range cap).
    #[error("{origin} refuses so much at once: {detail}")]
    RangeRefused {
        /// Kind and host.
        origin: String,
        /// Its words, shortened.
        detail: String,
    },
    /// It does not keep what was asked (pruned state, history before its start): unknown, not absent.
    #[error("{origin} does not keep this: {detail}; use an archive node or an explorer")]
    NotKept {
        /// Kind and host.
        origin: String,
        /// Its words, shortened.
        detail: String,
    },
    /// It does not know the method.
    #[error("{origin} does not offer {what}")]
    Unsupported {
        /// Kind and host.
        origin: String,
        /// The method or the part.
        what: String,
    },
    /// The protocol's own error, of no known meaning.
    #[error("{origin} refused the request: {code}: {detail}")]
    Refused {
        /// Kind and host.
        origin: String,
        /// Its code.
        code: i64,
        /// Its words, shortened.
        detail: String,
    },
    /// Fields are missing or contradict one another or the chain.
    #[error("{origin} answered what cannot be true: {detail}; another source is asked")]
    Inconsistent {
        /// Kind and host.
        origin: String,
        /// What does not fit.
        detail: String,
    },
    /// A variable of the environment that its url or key needs is not set.
    #[error(
        "{origin} needs the environment variable {variable}; set it, or remove this source from chains.toml"
    )]
    MissingVariable {
        /// Kind and network.
        origin: String,
        /// The variable's name.
        variable: String,
    },
    /// Every source of a network failed.
    #[error("no source of {network} answered: {detail}")]
    AllFailed {
        /// The network.
        network: String,
        /// What each said.
        detail: String,
    },
}

impl SourceError {
    /// What to do about it.
    #[must_use]
    pub const fn advice(&self) -> Advice {
        match self {
            Self::Unreachable { .. } | Self::RateLimited { .. } | Self::AllFailed { .. } => {
                Advice::Retry
            }
            Self::NotProtocol { .. } | Self::WrongNetwork { .. } | Self::Inconsistent { .. } => {
                Advice::Disbelieve
            }
            Self::TooLarge { .. }
            | Self::RangeRefused { .. }
            | Self::NotKept { .. }
            | Self::Unsupported { .. }
            | Self::Refused { .. }
            | Self::MissingVariable { .. } => Advice::GiveUp,
        }
    }
}
