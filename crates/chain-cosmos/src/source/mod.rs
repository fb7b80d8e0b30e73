//! The clients of this family's two APIs: a CometBFT node (`comet_rpc`) and the REST gateway (`cosmos_rest`).
//!
//! Both find deposits account by account, in the index that a node keeps of its events. The index can be off, can begin late, and
//! cannot name everything: what it does not cover comes back as a gap, never as an empty history. A node also tells of
//! movements that a block makes without a transaction; the gateway does not.

mod ask;
mod claims;
mod comet;
mod cost;
mod preflight;
mod query;
mod refusal;
mod rest;
mod stream;
mod view;

pub use comet::CometRpc;
pub use preflight::{Preflight, Preflights};
pub use rest::CosmosRest;

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

fn kind_of(settings: &SourceSettings) -> Result<SourceKind, SourceError> {
    SourceKind::from_code(&settings.kind).ok_or_else(|| SourceError::Unsupported {
        origin: settings.kind.clone(),
        what: format!(
            "a protocol of {}; write kind = \"comet_rpc\" or \"cosmos_rest\"",
            settings.network
        ),
    })
}

/// Opens a source. Nothing is sent and no variable is read before the first question.
///
/// # Errors
/// When its kind is none of this family's.
pub fn open(settings: SourceSettings) -> Result<Arc<dyn ChainRead>, SourceError> {
    kind_of(&settings)?;
    let transport = Arc::new(settings.transport(None));
    Ok(open_with(settings, transport))
}

/// Opens a source over a transport of the caller's: a recording, or one of a test. A kind that is none of this family's is read
/// as a CometBFT node.
#[must_use]
pub fn open_with(settings: SourceSettings, transport: Arc<dyn Transport>) -> Arc<dyn ChainRead> {
    match kind_of(&settings) {
        Ok(SourceKind::CosmosRest) => Arc::new(CosmosRest::new(settings, transport)),
        Ok(SourceKind::CometRpc) | Err(_) => Arc::new(CometRpc::new(settings, transport)),
    }
}

/// Opens what a return transaction needs to know of its account.
///
/// # Errors
/// As [`open`].
pub fn open_preflights(
    settings: SourceSettings,
    transport: Arc<dyn Transport>,
) -> Result<Arc<dyn Preflights>, SourceError> {
    Ok(match kind_of(&settings)? {
        SourceKind::CosmosRest => Arc::new(CosmosRest::new(settings, transport)),
        SourceKind::CometRpc => Arc::new(CometRpc::new(settings, transport)),
    })
}
