//! The engine: what every use case works with.

use crate::clock::Clock;
use crate::config::{ChainsConfig, NetworkConfig, Policy};
use crate::error::EngineError;
use crate::family::{Adapter, Adapters, MessageProofs};
use crate::prices;
use crate::random::{Random, SystemRandom};

use recover_core::network::NetworkId;
use recover_core::people::Person;
use recover_core::time::Timestamp;
use recover_source::carry::Carry;
use recover_source::chain::ChainRead;
use recover_source::prices::PriceSource;
use recover_store::Store;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What every use case works with. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    pub(crate) store: Store,
    pub(crate) chains: Arc<ChainsConfig>,
    pub(crate) policy: Option<Arc<Policy>>,
    pub(crate) adapters: Adapters,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) sources: Arc<BTreeMap<NetworkId, Arc<dyn ChainRead>>>,
    pub(crate) carriers: Arc<BTreeMap<NetworkId, Arc<dyn Carry>>>,
    pub(crate) messages: MessageProofs,
    pub(crate) price_sources: Arc<Vec<Arc<dyn PriceSource>>>,
    pub(crate) random: Arc<dyn Random>,
}

impl Engine {
    /// Puts the parts together and opens the sources of every network that has an adapter. No source is asked anything
    /// until a use case needs it.
    ///
    /// # Errors
    /// When a network's table cannot be one of its family.
    pub fn new(
        store: Store,
        chains: ChainsConfig,
        policy: Option<Policy>,
        adapters: Adapters,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, EngineError> {
        let mut sources = BTreeMap::new();
        let mut carriers = BTreeMap::new();
        for network in chains
            .networks
            .values()
            .filter(|network| !network.sources.is_empty())
        {
            if let Some(adapter) = adapters.of(network.family) {
                sources.insert(network.id.clone(), adapter.open(network)?);
                if let Some(carrier) = adapter.carry(network)? {
                    carriers.insert(network.id.clone(), carrier);
                }
            }
        }
        let priced_by = prices::open_sources(&chains);
        let engine = Self::over(store, chains, policy, adapters, clock, sources);
        Ok(engine.carried_by(carriers).priced_by(priced_by))
    }

    /// As [`Engine::new`], over sources that are open already: recordings.
    #[must_use]
    pub fn over(
        store: Store,
        chains: ChainsConfig,
        policy: Option<Policy>,
        adapters: Adapters,
        clock: Arc<dyn Clock>,
        sources: BTreeMap<NetworkId, Arc<dyn ChainRead>>,
    ) -> Self {
        Self {
            store,
            chains: Arc::new(chains),
            policy: policy.map(Arc::new),
            adapters,
            clock,
            sources: Arc::new(sources),
            carriers: Arc::default(),
            messages: MessageProofs::default(),
            price_sources: Arc::default(),
            random: Arc::new(SystemRandom),
        }
    }

    /// With these carriers: what builds, sends and follows transactions, by network.
    #[must_use]
    pub fn carried_by(self, carriers: BTreeMap<NetworkId, Arc<dyn Carry>>) -> Self {
        Self {
            carriers: Arc::new(carriers),
            ..self
        }
    }

    /// With these sources of prices.
    #[must_use]
    pub fn priced_by(self, sources: Vec<Arc<dyn PriceSource>>) -> Self {
        Self {
            price_sources: Arc::new(sources),
            ..self
        }
    }

    /// With these families' signed messages.
    #[must_use]
    pub fn proven_by(self, messages: MessageProofs) -> Self {
        Self { messages, ..self }
    }

    /// With another source of randomness: one that a test knows.
    #[must_use]
    pub fn drawing(self, random: Arc<dyn Random>) -> Self {
        Self { random, ..self }
    }

    /// What carries claims on a network; `None` where transactions are made by hand.
    pub(crate) fn carrier(&self, network: &NetworkId) -> Option<&dyn Carry> {
        self.carriers.get(network).map(AsRef::as_ref)
    }

    /// The store.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// The networks.
    #[must_use]
    pub fn chains(&self) -> &ChainsConfig {
        &self.chains
    }

    /// The adapters.
    #[must_use]
    pub const fn adapters(&self) -> &Adapters {
        &self.adapters
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The policy.
    ///
    /// # Errors
    /// When none is loaded.
    pub fn policy(&self) -> Result<&Policy, EngineError> {
        self.policy.as_deref().ok_or(EngineError::PolicyMissing)
    }

    /// The person with this name, as the policy knows them.
    ///
    /// # Errors
    /// When no name is given, no policy is loaded, or the policy does not name the person.
    pub fn person(&self, name: Option<&str>) -> Result<Person, EngineError> {
        let name = name.ok_or(EngineError::ActorMissing)?;
        let person = self
            .policy()?
            .person(name)
            .ok_or_else(|| EngineError::ActorUnknown {
                name: name.to_owned(),
            })?;
        Ok(person.clone())
    }

    /// The configured network that a text names.
    ///
    /// # Errors
    /// When none is called so.
    pub fn network(&self, name: &str) -> Result<&NetworkConfig, EngineError> {
        self.chains
            .by_name(name)
            .ok_or_else(|| EngineError::UnknownNetwork {
                name: name.to_owned(),
            })
    }

    /// The configured networks that texts name, each once; every network that has a source when there are none.
    ///
    /// # Errors
    /// When a text names none.
    pub fn networks(&self, names: &[String]) -> Result<Vec<&NetworkConfig>, EngineError> {
        if names.is_empty() {
            return Ok(self
                .chains
                .networks
                .values()
                .filter(|network| self.sources.contains_key(&network.id))
                .collect());
        }
        let mut networks: Vec<&NetworkConfig> = Vec::with_capacity(names.len());
        for name in names {
            let network = self.network(name)?;
            if !networks.iter().any(|known| known.id == network.id) {
                networks.push(network);
            }
        }
        Ok(networks)
    }

    /// The sources of a network.
    ///
    /// # Errors
    /// When its family has no adapter in this build or is by import only, or its table names no source.
    pub fn source(&self, network: &NetworkConfig) -> Result<&Arc<dyn ChainRead>, EngineError> {
        self.sources
            .get(&network.id)
            .ok_or_else(|| match self.adapters.of(network.family) {
                None => EngineError::NoAdapter {
                    family: network.family,
                },
                Some(_) if network.is_by_import() => EngineError::ImportOnly {
                    network: network.id.clone(),
                },
                Some(_) => EngineError::NoSource {
                    network: network.id.clone(),
                },
            })
    }

    /// The adapter of a network's family.
    ///
    /// # Errors
    /// When this build has none.
    pub fn adapter(&self, network: &NetworkConfig) -> Result<&Arc<dyn Adapter>, EngineError> {
        self.adapters
            .of(network.family)
            .ok_or(EngineError::NoAdapter {
                family: network.family,
            })
    }
}
