//! The clients of this family's two APIs: a CometBFT node (`comet_rpc`) and the REST gateway (`cosmos_rest`).
//!
//! Both find deposits account by account, in the index that a node keeps of its events. The index can be off, can begin late, and
//! cannot name everything: what it does not cover comes back as a gap, never as an empty history. A node also tells of
//! movements that a block makes without a transaction; the gateway does not.

mod api;
mod carry;
mod claims;
mod comet;
mod cost;
mod desk;
mod preflight;
mod query;
mod refusal;
mod rest;
mod stream;
mod view;

pub use comet::CometRpc;
pub use preflight::{Preflight, Preflights};
pub use rest::CosmosRest;

use recover_source::carry::Carry;
use recover_source::chain::ChainRead;
use recover_source::error::SourceError;
use recover_source::settings::SourceSettings;
use recover_source::transport::Transport;
use std::sync::Arc;

/// Which API a source speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    /// A CometBFT node.
    CometRpc,
    /// The REST gateway of a node (LCD).
    CosmosRest,
}

impl SourceKind {
    /// The kind that `chains.toml` names; `None` when unknown.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        match code {
            "comet_rpc" => Some(Self::CometRpc),
            "cosmos_rest" => Some(Self::CosmosRest),
            _ => None,
        }
    }

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::CometRpc => "comet_rpc",
            Self::CosmosRest => "cosmos_rest",
        }
    }
}

/// Opens a source. Nothing is sent and no variable is read before the first question.
///
/// # Errors
/// When its kind is none of this family's, or it has a key of its own: neither API knows one.
pub fn open(settings: SourceSettings) -> Result<Arc<dyn ChainRead>, SourceError> {
    let kinds = [SourceKind::CometRpc, SourceKind::CosmosRest].map(SourceKind::code);
    let transport = settings.open(&kinds, None)?;
    Ok(open_with(settings, transport))
}

/// Opens a source over a transport of the caller's: a recording, or one of a test. A kind that is none of this family's is read
/// as a CometBFT node.
#[must_use]
pub fn open_with(settings: SourceSettings, transport: Arc<dyn Transport>) -> Arc<dyn ChainRead> {
    match SourceKind::from_code(&settings.kind) {
        Some(SourceKind::CosmosRest) => Arc::new(CosmosRest::new(settings, transport)),
        Some(SourceKind::CometRpc) | None => Arc::new(CometRpc::new(settings, transport)),
    }
}

/// As [`open_with`], for what a return transaction needs to know of its account.
#[must_use]
pub fn open_preflights(
    settings: SourceSettings,
    transport: Arc<dyn Transport>,
) -> Arc<dyn Preflights> {
    match SourceKind::from_code(&settings.kind) {
        Some(SourceKind::CosmosRest) => Arc::new(CosmosRest::new(settings, transport)),
        Some(SourceKind::CometRpc) | None => Arc::new(CometRpc::new(settings, transport)),
    }
}

/// Opens a source through which transactions are carried. Nothing is sent and no variable is read before the first question.
///
/// # Errors
/// As [`open`].
pub fn carry(settings: SourceSettings) -> Result<Arc<dyn Carry>, SourceError> {
    let kinds = [SourceKind::CometRpc, SourceKind::CosmosRest].map(SourceKind::code);
    let transport = settings.open(&kinds, None)?;
    Ok(carry_with(settings, transport))
}

/// As [`carry`], over a transport of the caller's.
#[must_use]
pub fn carry_with(settings: SourceSettings, transport: Arc<dyn Transport>) -> Arc<dyn Carry> {
    match SourceKind::from_code(&settings.kind) {
        Some(SourceKind::CosmosRest) => {
            Arc::new(carry::Carrier(CosmosRest::new(settings, transport)))
        }
        Some(SourceKind::CometRpc) | None => {
            Arc::new(carry::Carrier(CometRpc::new(settings, transport)))
        }
    }
}
