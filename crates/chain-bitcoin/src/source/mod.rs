//! The sources of the family: nodes over JSON-RPC ([`node`]), and explorers ([`esplora`], [`blockbook`]).
//!
//! Everything here is behind the feature `fetch`; what bytes mean is decided outside it, in [`crate::block`], [`crate::credit`] and
//! [`crate::script`].

pub mod blockbook;
mod blocks;
pub mod coins;
pub(crate) mod cost;
pub mod esplora;
pub(crate) mod explorer;
mod identity;
pub mod node;
mod payers;
mod raw;
mod read;
pub mod rpc;
mod scan;
pub(crate) mod spender;
mod view;
pub mod wire;

pub use blockbook::Blockbook;
pub use coins::Coins;
pub use esplora::Esplora;
pub use node::BitcoinNode;

use recover_source::chain::ChainRead;
use recover_source::error::SourceError;
use recover_source::http::{HttpConfig, HttpTransport};
use recover_source::secret::SecretTemplate;
use recover_source::settings::SourceSettings;
use recover_source::transport::Transport;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// The words of `chains.toml` for the family's sources.
pub const KINDS: &[&str] = &[node::KIND, esplora::KIND, blockbook::KIND];

/// The largest answer of a node: a block of Bitcoin Cash (32 MB) in hexadecimal digits. A larger block (Bitcoin SV) is a gap that says so.
const NODE_ANSWER_MAX: usize = 72 * 1024 * 1024;

/// A transport to a source. A node's login stands in its url.
///
/// # Errors
/// [`SourceError::Unsupported`] for a kind of source that this family does not have, and for a key of its own.
pub fn transport(settings: &SourceSettings) -> Result<Arc<dyn Transport>, SourceError> {
    let usual = settings.open(KINDS, None)?;
    if settings.kind != node::KIND {
        return Ok(usual);
    }
    let mut http = HttpConfig::new(&settings.kind, SecretTemplate::new(&settings.url));
    http.total_timeout = settings.timeout;
    http.connect_timeout = settings.timeout.min(Duration::from_secs(10));
    http.requests_per_second = settings.requests_per_second.and_then(NonZeroU32::new);
    http.answer_bytes_max = NODE_ANSWER_MAX;
    Ok(Arc::new(HttpTransport::new(http)))
}

/// Opens a source. Nothing is sent and no variable is read before the first question.
///
/// # Errors
/// As [`transport`].
pub fn open(settings: SourceSettings) -> Result<Arc<dyn ChainRead>, SourceError> {
    let transport = transport(&settings)?;
    Ok(open_with(settings, transport))
}

/// Opens a source over a transport of the caller's: a recording, or one of a test.
#[must_use]
pub fn open_with(settings: SourceSettings, transport: Arc<dyn Transport>) -> Arc<dyn ChainRead> {
    match settings.kind.as_str() {
        esplora::KIND => Arc::new(Esplora::new(settings, transport)),
        blockbook::KIND => Arc::new(Blockbook::new(settings, transport)),
        _ => Arc::new(BitcoinNode::new(settings, transport)),
    }
}
