//! What comes back from the signers and from the ledger, and sending what was signed.

use super::StepOptions;
use super::track::{is_in_our_slot, sighting};
use crate::engine::Engine;
use crate::error::EngineError;
use recover_core::block::TxId;
use recover_core::check::Check;
use recover_core::claim::{Acknowledged, Claim, ClaimId, Command, Package, Refusal, Sighting};
use recover_core::people::Person;
use recover_core::plan::{Leg, Step};
use recover_source::carriers::SEQUENCE;
use recover_source::carry::{Sending, Standing, Tracked};

/// What became of sending.
#[derive(Debug, Clone)]
pub struct BroadcastReport {
    /// The claim after it.
    pub claim: Claim,
    /// What the sources said; `None` where nothing was sent, because nobody asked for it.
    pub sending: Option<Sending>,
}

impl Engine {
    /// Takes signed bytes back: only where the signature stripped leaves the approved bytes, by the expected key.
    ///
    /// # Errors
    /// When the bytes cannot be read, the state machine refuses, or the store fails.
    pub async fn import_signed(
        &self,
        id: &ClaimId,
        signed: &[u8],
        options: &StepOptions,
        person: &Person,
    ) -> Result<Claim, EngineError> {
        let claim = self.claim(id).await?;
        let (leg, package) = out(&claim)?;
        let check = self.check_of_leg(leg)?;
        let signed = check
            .open(&leg.chain, &package.bytes, signed)
            .map_err(|error| EngineError::SignedBytes {
                detail: error.to_string(),
            })?;
        self.step(&claim, Command::Import { signed }, options, person)
            .await
    }

    /// Takes note of a transaction that the signers sent themselves: it settles the step only where the network shows exactly
    /// the approved effect by the expected account. One of that account that did something else in its place is a payment gone
    /// wrong.
    ///
    /// # Errors
    /// When the network does not show the transaction, it is not of the expected account, or the state machine refuses.
    pub async fn import_transaction(
        &self,
        id: &ClaimId,
        tx_id: &str,
        options: &StepOptions,
        person: &Person,
    ) -> Result<Claim, EngineError> {
        let claim = self.claim(id).await?;
        let (leg, package) = out(&claim)?;
        let network = self.network(leg.network.as_str())?;
        let tx_id = self
            .adapter(network)?
            .detect()
            .tx_id(tx_id)
            .ok_or_else(|| EngineError::NotUnderstood {
                text: tx_id.chars().take(80).collect(),
                hint: format!("it is no transaction id of {}", network.id),
            })?;
        let standing = self.standing(leg, package, Some(&tx_id)).await?;
        let not_shown = |detail: String| EngineError::NotShown {
            tx_id: tx_id.as_str().to_owned(),
            detail,
        };
        // What is learned under a typed id says nothing about the package beyond this one transaction: that its slot is used by
        // another, or that it ran out, is for the tracker to find by the package's own id.
        let (Standing::Included(inclusion) | Standing::Failed(inclusion)) = &standing else {
            return Err(not_shown(
                "it is not in a block that the sources know".to_owned(),
            ));
        };
        if inclusion.tx_id != tx_id {
            return Err(not_shown(format!(
                "another transaction, {}, used the slot",
                inclusion.tx_id
            )));
        }
        if inclusion.signer != leg.signer {
            return Err(not_shown(format!(
                "it was sent by {}, expected was {}",
                inclusion.signer, leg.signer
            )));
        }
        if !inclusion.is_final {
            return Err(not_shown(
                "its block is not final yet: try again later".to_owned(),
            ));
        }
        let is_same_effect = inclusion
            .deviations
            .iter()
            .all(|deviation| deviation.field == SEQUENCE);
        if !is_in_our_slot(inclusion)
            && (matches!(standing, Standing::Failed(_)) || !is_same_effect)
        {
            return Err(not_shown(
                "it is another transaction of that account, in another slot".to_owned(),
            ));
        }
        let Some(sighting) = sighting(&claim, &standing) else {
            return Err(not_shown("it says nothing new".to_owned()));
        };
        self.sight(&claim, sighting, options, person).await
    }

    /// Records what the ledger answered to the instructions that are out.
    ///
    /// # Errors
    /// When the state machine refuses or the store fails.
    pub async fn acknowledge_claim(
        &self,
        id: &ClaimId,
        answers: Vec<Acknowledged>,
        options: &StepOptions,
        person: &Person,
    ) -> Result<Claim, EngineError> {
        let claim = self.claim(id).await?;
        self.step(&claim, Command::Acknowledge { answers }, options, person)
            .await
    }

    /// Gives the signed bytes to every source of the network. Before the first one is asked the claim says that nobody knows, so
    /// that a crash in between is never a fresh start; sending the same bytes again does no harm. Without `execute` nothing is
    /// sent and nothing is kept.
    ///
    /// # Errors
    /// When no signed bytes are there, the state machine refuses, or the store fails.
    pub async fn broadcast_claim(
        &self,
        id: &ClaimId,
        execute: bool,
        options: &StepOptions,
        person: &Person,
    ) -> Result<BroadcastReport, EngineError> {
        let claim = self.claim(id).await?;
        let (leg, package) = out(&claim)?;
        let refused = |refusal| EngineError::Refused { refusal };
        let signed = package
            .signed
            .clone()
            .ok_or_else(|| refused(Refusal::SignedBytesMissing))?;
        let carrier = self
            .carrier(&leg.network)
            .ok_or_else(|| EngineError::NoSource {
                network: leg.network.clone(),
            })?;
        self.require_no_secret_shown(&claim, leg).await?;
        let options = StepOptions {
            dry_run: !execute,
            ..options.clone()
        };
        let sent = self.step(&claim, Command::Send, &options, person).await?;
        if !execute {
            return Ok(BroadcastReport {
                claim: sent,
                sending: None,
            });
        }
        let sending = carrier.send(&signed).await;
        let mut claim = sent;
        if matches!(sending, Sending::Accepted { .. }) {
            claim = match self.step_by_engine(&claim, Command::Sent).await {
                Ok(claim) => claim,
                // The tracker saw it first.
                Err(EngineError::Refused { .. }) => self.claim(id).await?,
                Err(error) => return Err(error),
            };
        }
        Ok(BroadcastReport {
            claim,
            sending: Some(sending),
        })
    }

    /// Where the package of a claim stands on its network.
    pub(super) async fn standing(
        &self,
        leg: &Leg,
        package: &Package,
        tx_id: Option<&TxId>,
    ) -> Result<Standing, EngineError> {
        let carrier = self
            .carrier(&leg.network)
            .ok_or_else(|| EngineError::NoSource {
                network: leg.network.clone(),
            })?;
        let slot = package.slot.as_ref().ok_or(EngineError::Refused {
            refusal: Refusal::PackageMissing,
        })?;
        let tracked = Tracked {
            leg,
            slot,
            tx_id,
            valid_until: package.valid_until,
            valid_through: package.valid_through,
        };
        Ok(carrier.standing(&tracked).await?)
    }

    /// Writes what the network shows. What was known already changes nothing.
    pub(super) async fn sight(
        &self,
        claim: &Claim,
        sighting: Sighting,
        options: &StepOptions,
        person: &Person,
    ) -> Result<Claim, EngineError> {
        match self
            .step(claim, Command::Sight(sighting), options, person)
            .await
        {
            Err(EngineError::Refused {
                refusal: Refusal::NothingNew,
            }) => Ok(claim.clone()),
            other => other,
        }
    }

    pub(super) fn check_of_leg(&self, leg: &Leg) -> Result<&dyn Check, EngineError> {
        let network = self.network(leg.network.as_str())?;
        self.adapter(network)?
            .check()
            .ok_or(EngineError::NoAdapter {
                family: network.family,
            })
    }
}

/// The leg under way and its package.
pub(super) fn out(claim: &Claim) -> Result<(&Leg, &Package), EngineError> {
    match (claim.current_step(), &claim.execution.package) {
        (Some(Step::Send(leg)), Some(package)) => Ok((leg, package)),
        _ => Err(EngineError::Refused {
            refusal: Refusal::PackageMissing,
        }),
    }
}
