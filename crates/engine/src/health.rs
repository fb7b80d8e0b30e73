//! Whether the sources of each network answer, are the network they should be, and what they cannot read.

use crate::engine::Engine;
use crate::error::EngineError;
use futures::StreamExt as _;
use recover_core::block::Height;
use recover_core::network::NetworkId;
use recover_source::chain::{ChainRead, Part};
use recover_source::error::SourceError;
use std::collections::BTreeSet;
use std::time::Duration;

/// How long one network may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// What a network's sources said together.
#[derive(Debug, Clone)]
pub enum SourceHealth {
    /// They answer.
    Answers {
        /// The tip.
        height: Height,
        /// The newest final height; `None` when none could say.
        finalized: Option<Height>,
        /// Whether a scan reads account by account: then each account's whole history, and nothing by parts.
        accounts: bool,
        /// What a scan can read of blocks.
        reads: BTreeSet<Part>,
        /// What it cannot; empty where it reads account by account.
        cannot_read: BTreeSet<Part>,
    },
    /// They do not, or are another network.
    Fails(String),
}

/// One network's state.
#[derive(Debug, Clone)]
pub struct NetworkHealth {
    /// The network.
    pub network: NetworkId,
    /// What was found.
    pub state: SourceHealth,
}

impl NetworkHealth {
    /// Whether nothing is missing: everything can be read and finality is known.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        match &self.state {
            SourceHealth::Answers {
                finalized,
                cannot_read,
                ..
            } => finalized.is_some() && cannot_read.is_empty(),
            SourceHealth::Fails(_) => false,
        }
    }
}

impl Engine {
    /// Asks every source of the named networks, or of all.
    ///
    /// # Errors
    /// When a name is unknown. Sources that fail are part of the answer.
    pub async fn health(&self, networks: &[String]) -> Result<Vec<NetworkHealth>, EngineError> {
        let asked = self.networks(networks)?;
        let answers = futures::stream::iter(asked)
            .map(|network| async move {
                let state = match self.source(network) {
                    Err(error) => SourceHealth::Fails(error.to_string()),
                    Ok(source) => match tokio::time::timeout(PATIENCE, look(source.as_ref())).await
                    {
                        Ok(Ok(state)) => state,
                        Ok(Err(error)) => SourceHealth::Fails(error.to_string()),
                        Err(_) => SourceHealth::Fails(format!(
                            "no answer within {} s",
                            PATIENCE.as_secs()
                        )),
                    },
                };
                NetworkHealth {
                    network: network.id.clone(),
                    state,
                }
            })
            .buffered(16)
            .collect()
            .await;
        Ok(answers)
    }
}

async fn look(source: &dyn ChainRead) -> Result<SourceHealth, SourceError> {
    let capabilities = source.capabilities().await?;
    let head = source.head().await?;
    let cannot_read = Part::ALL
        .iter()
        .copied()
        .filter(|part| !capabilities.accounts && !capabilities.scan.contains(part))
        .collect();
    Ok(SourceHealth::Answers {
        height: head.latest.block.height,
        finalized: head.finalized,
        accounts: capabilities.accounts,
        reads: capabilities.scan,
        cannot_read,
    })
}
