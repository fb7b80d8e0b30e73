//! The families that the binary was built with. The engine asks them and names none.

use crate::config::{Codecs, NetworkConfig};
use recover_core::check::Check;
use recover_core::detect::Detect;
use recover_core::network::Family;
use recover_core::proof::MessageProof;
use recover_core::verdict::Control;
use recover_source::carry::Carry;
use recover_source::chain::ChainRead;
use recover_source::error::SourceError;
use std::sync::Arc;

/// One family's adapter: a register of its parts. Each part is handed out whole, so that what wraps an adapter cannot lose a
/// method of a part.
pub trait Adapter: Send + Sync {
    /// What reads the family's texts.
    fn detect(&self) -> &dyn Detect;

    /// What says who can sign for an address.
    fn control(&self) -> &dyn Control;

    /// Opens the sources of a network as one that fails over between them. Nothing is asked yet; `${VAR}` is read when a
    /// source is first used.
    ///
    /// # Errors
    /// When the table cannot be a network of this family.
    fn open(&self, network: &NetworkConfig) -> Result<Arc<dyn ChainRead>, SourceError>;

    /// What reads and judges the family's transactions; `None` where nobody wrote it.
    fn check(&self) -> Option<&dyn Check> {
        None
    }

    /// Opens what carries claims on a network: over every source that can. Nothing is asked yet. `None` where nobody wrote it.
    ///
    /// # Errors
    /// When the table cannot be a network of this family.
    fn carry(&self, _network: &NetworkConfig) -> Result<Option<Arc<dyn Carry>>, SourceError> {
        Ok(None)
    }

    /// The decimals that we count a token in where the network sets none (XRP Ledger issued currencies), by its canonical
    /// text; `None` where the token itself has them.
    fn decimals(&self, _asset: &str) -> Option<u8> {
        None
    }
}

/// Every adapter of the binary.
#[derive(Clone, Default)]
pub struct Adapters(Vec<Arc<dyn Adapter>>);

impl Adapters {
    /// These adapters.
    #[must_use]
    pub fn new(adapters: Vec<Arc<dyn Adapter>>) -> Self {
        Self(adapters)
    }

    /// The adapter of a family; `None` when it was not built in.
    #[must_use]
    pub fn of(&self, family: Family) -> Option<&Arc<dyn Adapter>> {
        self.0
            .iter()
            .find(|adapter| adapter.detect().family() == family)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn Adapter>> {
        self.0.iter()
    }
}

/// What verifies signed messages, by family; a family may have it without an adapter.
#[derive(Clone, Default)]
pub struct MessageProofs(Vec<Arc<dyn MessageProof>>);

impl MessageProofs {
    /// These verifiers.
    #[must_use]
    pub fn new(verifiers: Vec<Arc<dyn MessageProof>>) -> Self {
        Self(verifiers)
    }

    /// The verifier of a family; `None` when this build has none.
    #[must_use]
    pub fn of(&self, family: Family) -> Option<&dyn MessageProof> {
        let found = self.0.iter().find(|verifier| verifier.family() == family);
        found.map(AsRef::as_ref)
    }
}

impl Codecs for Adapters {
    fn codec(&self, family: Family) -> Option<&dyn Detect> {
        self.of(family).map(|adapter| adapter.detect())
    }

    fn decimals(&self, family: Family, asset: &str) -> Option<u8> {
        self.of(family)?.decimals(asset)
    }
}
