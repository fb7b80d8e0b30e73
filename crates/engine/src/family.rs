//! The families that the binary was built with. The engine asks them and names none.

use crate::config::{AddressCodec, NetworkConfig};
use recover_core::address::{Address, AddressError};
use recover_core::detect::Detect;
use recover_core::network::Family;
use recover_core::verdict::Control;
use recover_source::chain::ChainRead;
use recover_source::error::SourceError;
use std::sync::Arc;

/// One family's adapter: the pure halves, and how its sources are opened.
pub trait Adapter: Detect + Control {
    /// Opens the sources of a network as one that fails over between them. Nothing is asked yet; `${VAR}` is read when a
    /// source is first used.
    ///
    /// # Errors
    /// When the table cannot be a network of this family.
    fn open(&self, network: &NetworkConfig) -> Result<Arc<dyn ChainRead>, SourceError>;
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
        self.0.iter().find(|adapter| adapter.family() == family)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn Adapter>> {
        self.0.iter()
    }
}

impl AddressCodec for Adapters {
    fn address(&self, family: Family, text: &str) -> Option<Result<Address, AddressError>> {
        self.of(family).map(|adapter| adapter.address(text))
    }
}
