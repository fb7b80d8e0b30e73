//! What other programs of the exchange must know: slots and top-ups of ours, so that its sweeper stays clear of them, and what
//! went wrong after hand-over.

use crate::engine::Engine;
use crate::error::EngineError;
use recover_core::block::TxId;
use recover_core::check::Slot;
use recover_core::claim::ClaimId;
use recover_core::network::NetworkId;
use recover_core::people::Person;
use recover_core::plan::{Leg, Step};
use recover_core::time::Timestamp;
use recover_matching::secret;
use recover_store::{CloseAnswer, Incident};

/// A slot that a package of ours may use.
#[derive(Debug, Clone)]
pub struct Reserved {
    /// The network.
    pub network: NetworkId,
    /// The account and its slot: nobody else may use it.
    pub slot: Slot,
    /// For which claim.
    pub claim: ClaimId,
    /// What it will do; a top-up's recipient will hold coin that no customer sent.
    pub leg: Leg,
    /// Its transaction, once known.
    pub tx_id: Option<TxId>,
    /// Since when.
    pub since: Timestamp,
}

impl Engine {
    /// Every slot that a live package may use, on one network or on all.
    ///
    /// # Errors
    /// When the network is unknown or the store fails.
    pub async fn reserved(&self, network: Option<&str>) -> Result<Vec<Reserved>, EngineError> {
        let only = match network {
            None => None,
            Some(name) => Some(self.network(name)?.id.clone()),
        };
        let mut reserved = Vec::new();
        for claim in self.store.claims_on_the_way().await? {
            let (Some(Step::Send(leg)), Some(package)) =
                (claim.current_step(), &claim.execution.package)
            else {
                continue;
            };
            let (Some(slot), true) = (
                &package.slot,
                only.as_ref().is_none_or(|only| *only == leg.network),
            ) else {
                continue;
            };
            reserved.push(Reserved {
                network: leg.network.clone(),
                slot: slot.clone(),
                claim: claim.id.clone(),
                leg: leg.as_ref().clone(),
                tx_id: package.tx_id.clone(),
                since: package.prepared_at,
            });
        }
        Ok(reserved)
    }

    /// Incidents, newest first; closed ones only when asked for.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn incidents(&self, all: bool) -> Result<Vec<Incident>, EngineError> {
        Ok(self.store.incidents(!all).await?)
    }

    /// Closes an incident with how it ended.
    ///
    /// # Errors
    /// When it is unknown or the store fails.
    pub async fn close_incident(
        &self,
        id: &str,
        reason: &str,
        person: &Person,
    ) -> Result<(), EngineError> {
        let reason = secret::redact(reason).text;
        let answer = self
            .store
            .close_incident(id, &person.name, &reason, self.now())
            .await?;
        match answer {
            CloseAnswer::NotFound => Err(EngineError::NotFound {
                what: "incident",
                id: id.to_owned(),
                hint: "`recover claims incidents --all` shows those that are",
            }),
            _ => Ok(()),
        }
    }
}
