//! Opening a source of this family.

use crate::node::{XrplCarry, XrplNode};
use recover_source::carry::Carry;
use recover_source::chain::ChainRead;
use recover_source::error::SourceError;
use recover_source::settings::SourceSettings;
use recover_source::transport::Transport;
use std::sync::Arc;

/// The word of `chains.toml` for a server that speaks rippled's API (rippled, Clio).
pub const KIND: &str = "rippled";

/// Opens a source. Nothing is sent and no variable is read before the first question.
///
/// # Errors
/// When `chains.toml` names a kind of source that this family does not have.
pub fn open(settings: SourceSettings) -> Result<Arc<dyn ChainRead>, SourceError> {
    let transport = settings.open(&[KIND], Some("key"))?;
    Ok(open_with(settings, transport))
}

/// Opens a source over a transport of the caller's: a recording, or one of a test.
#[must_use]
pub fn open_with(settings: SourceSettings, transport: Arc<dyn Transport>) -> Arc<dyn ChainRead> {
    Arc::new(XrplNode::new(settings, transport))
}

/// Opens what carries payments to a source of the same kind. Nothing is sent and no variable is read before it is first asked.
///
/// # Errors
/// As [`open`].
pub fn carry(settings: SourceSettings) -> Result<Arc<dyn Carry>, SourceError> {
    let transport = settings.open(&[KIND], Some("key"))?;
    Ok(carry_with(settings, transport))
}

/// What carries payments over a transport of the caller's.
#[must_use]
pub fn carry_with(settings: SourceSettings, transport: Arc<dyn Transport>) -> Arc<dyn Carry> {
    Arc::new(XrplCarry::new(XrplNode::new(settings, transport)))
}
