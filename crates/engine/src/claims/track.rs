//! Following what left the house until it is final.

use super::handover::out;
use super::{ENGINE_ACTOR, StepOptions, joined};
use crate::engine::Engine;
use crate::error::EngineError;
use recover_core::claim::{Claim, ClaimId, ClaimStatus, Sighting};
use recover_core::deposit::DepositStatus;
use recover_core::people::Person;
use recover_source::carriers::SEQUENCE;
use recover_source::carry::{Inclusion, Standing};
use recover_store::IncidentKind;
use std::collections::BTreeSet;

/// What a round of following found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrackReport {
    /// Claims whose step or status moved: id and where it stands now.
    pub moved: Vec<(ClaimId, ClaimStatus)>,
    /// Claims that could not be followed now, with the reason.
    pub unknown: Vec<(ClaimId, String)>,
}

impl Engine {
    /// Looks at every transaction that is out. A claim that cannot be looked at now keeps its place.
    ///
    /// # Errors
    /// When the store fails. Sources that fail are part of the report.
    pub async fn track_claims(&self) -> Result<TrackReport, EngineError> {
        let mut report = TrackReport::default();
        for claim in self.store.claims_on_the_way().await? {
            if out(&claim).is_err() {
                continue;
            }
            match self.track_claim(&claim).await {
                Ok(after) if after != claim => report.moved.push((after.id, after.status)),
                Ok(_) => {}
                Err(EngineError::Store(error)) => return Err(EngineError::Store(error)),
                Err(error) => report.unknown.push((claim.id.clone(), error.to_string())),
            }
        }
        Ok(report)
    }

    /// Looks at the transaction of one claim that is out, and gives the claim as it is then.
    ///
    /// # Errors
    /// When no source can tell, or the store fails.
    pub async fn track_claim(&self, claim: &Claim) -> Result<Claim, EngineError> {
        let (leg, package) = out(claim)?;
        self.watch_the_deposit(claim).await?;
        let standing = self.standing(leg, package, package.tx_id.as_ref()).await?;
        if let Standing::Unknown { reason } = &standing {
            return Err(EngineError::NotShown {
                tx_id: package
                    .tx_id
                    .as_ref()
                    .map_or_else(|| "the package".to_owned(), |id| id.as_str().to_owned()),
                detail: reason.clone(),
            });
        }
        let Some(sighting) = sighting(claim, &standing) else {
            return Ok(claim.clone());
        };
        let engine = Person {
            name: ENGINE_ACTOR.to_owned(),
            roles: BTreeSet::new(),
            keys: Vec::new(),
        };
        self.sight(claim, sighting, &StepOptions::default(), &engine)
            .await
    }

    /// A deposit that a reorganisation took back after its package left the house is nothing that a timer may undo: it opens an
    /// incident, once.
    async fn watch_the_deposit(&self, claim: &Claim) -> Result<(), EngineError> {
        let stored = self.store.deposit(&claim.deposit).await?;
        let is_gone = stored.is_none_or(|stored| stored.deposit.status == DepositStatus::Gone);
        if is_gone {
            self.store
                .open_incident(
                    Some(&claim.id),
                    IncidentKind::DepositGoneAfterHandover,
                    "a reorganisation removed the deposit while a package of its claim is out",
                    ENGINE_ACTOR,
                    self.now(),
                )
                .await?;
        }
        Ok(())
    }
}

/// What a standing says to the state machine; `None` where it says nothing new. What is not final never ends a step.
pub(super) fn sighting(claim: &Claim, standing: &Standing) -> Option<Sighting> {
    match standing {
        Standing::NotSeen => matches!(
            claim.status,
            ClaimStatus::Broadcast | ClaimStatus::Confirming
        )
        .then_some(Sighting::Vanished),
        Standing::Pending { tx_id } => Some(Sighting::Pending {
            tx_id: tx_id.clone(),
        }),
        Standing::Included(inclusion) if inclusion.is_final && !inclusion.deviations.is_empty() => {
            Some(Sighting::Different {
                tx_id: inclusion.tx_id.clone(),
                detail: joined(&inclusion.deviations),
            })
        }
        Standing::Included(inclusion) if inclusion.is_final => Some(Sighting::Final {
            tx_id: inclusion.tx_id.clone(),
            block: inclusion.block.clone(),
            fee: inclusion.fee,
        }),
        Standing::Included(inclusion) => Some(Sighting::Included {
            tx_id: inclusion.tx_id.clone(),
            block: inclusion.block.clone(),
        }),
        // A failure in another slot says nothing about the one that was handed out.
        Standing::Failed(inclusion) => {
            (inclusion.is_final && is_in_our_slot(inclusion)).then(|| Sighting::Failed {
                tx_id: inclusion.tx_id.clone(),
                block: inclusion.block.clone(),
                fee: inclusion.fee,
            })
        }
        Standing::Replaced { by } => Some(Sighting::Replaced {
            proof: match by {
                Some(by) => format!("transaction {by} used its slot, and that is final"),
                None => "another transaction used its slot, and that is final".to_owned(),
            },
        }),
        Standing::Expired { proof } => Some(Sighting::Expired {
            proof: proof.clone(),
        }),
        Standing::Unknown { .. } => None,
    }
}

/// Whether the transaction used the slot of the package: a deviation there means another transaction of the account.
pub(super) fn is_in_our_slot(inclusion: &Inclusion) -> bool {
    inclusion
        .deviations
        .iter()
        .all(|deviation| deviation.field != SEQUENCE)
}
