//! Releasing a step: its transaction is built, reserved and handed out as a package, or its ledger instructions are.

use super::{StepOptions, done};
use crate::engine::Engine;
use crate::error::EngineError;
use recover_core::claim::{Claim, ClaimId, ClaimStatus, Command, Refusal, Verified};
use recover_core::people::Person;
use recover_core::plan::{Leg, Step};
use recover_core::time::Timestamp;
use recover_source::carry::{CarryError, refused};
use recover_store::ClaimAnswer;
use recover_verify::package::{Outgoing, PackageFile};
use std::collections::BTreeSet;

/// How often another slot is tried when somebody else reserves the same one at the same moment.
const SLOT_ATTEMPTS: u32 = 8;

/// What was handed out.
#[derive(Debug, Clone)]
pub struct Exported {
    /// The claim after it.
    pub claim: Claim,
    /// The package for the signers or for the ledger; `None` for a dry run: what nobody reserved must not be signable.
    pub package: Option<PackageFile>,
}

impl Engine {
    /// Releases the next step of a claim and gives its package. A package that is out already is given again with a new
    /// deadline; it stays the same transaction.
    ///
    /// # Errors
    /// When the claim is unknown, the state machine refuses, the network does not allow the transaction now, or the store fails.
    pub async fn export_claim(
        &self,
        id: &ClaimId,
        options: &StepOptions,
        person: &Person,
    ) -> Result<Exported, EngineError> {
        let mut claim = self.claim(id).await?;
        let refused = |refusal| EngineError::Refused { refusal };
        // A file that waits for its votes must not lengthen a deadline.
        let minutes = self.policy_in_force().await?.policy.package_valid_minutes;
        let life = i64::from(minutes).saturating_mul(60);
        let now = self.now();
        let expires_at = now.plus_seconds(life).unwrap_or(now);
        let step = claim
            .current_step()
            .cloned()
            .ok_or_else(|| refused(Refusal::PlanMissing))?;
        match step {
            Step::Instruct(_) => {
                let out = claim
                    .execution
                    .package
                    .as_ref()
                    .filter(|_| claim.status == ClaimStatus::Instructed);
                match out {
                    None => {
                        let command = Command::Instruct { expires_at };
                        claim = self.step(&claim, command, options, person).await?;
                    }
                    // The same file once more, which is no other command; it leaves the house only where it still may.
                    Some(package) if self.now() < package.expires_at => {
                        let asked = StepOptions {
                            dry_run: true,
                            ..options.clone()
                        };
                        let command = Command::Export { expires_at };
                        self.step(&claim, command, &asked, person).await?;
                    }
                    // With a new deadline: its ids make the ledger book it once.
                    Some(_) => {
                        let command = Command::Export { expires_at };
                        claim = self.step(&claim, command, options, person).await?;
                    }
                }
            }
            Step::Send(leg) => {
                if claim.execution.package.is_none() {
                    claim = self
                        .prepare(claim, &leg, expires_at, options, person)
                        .await?;
                    if options.dry_run {
                        return Ok(Exported {
                            claim,
                            package: None,
                        });
                    }
                }
                let options = StepOptions {
                    revision: Some(options.revision.unwrap_or(claim.revision)),
                    ..options.clone()
                };
                let command = Command::Export { expires_at };
                claim = self.step(&claim, command, &options, person).await?;
            }
        }
        if options.dry_run {
            return Ok(Exported {
                claim,
                package: None,
            });
        }
        self.exported(claim).await
    }

    /// The package that is out on a claim, once more.
    ///
    /// # Errors
    /// When nothing is out or the store fails.
    async fn exported(&self, claim: Claim) -> Result<Exported, EngineError> {
        let stored = self.store.deposit(&claim.deposit).await?;
        let deposit_kind = stored
            .map(|stored| stored.deposit.classification.kind)
            .ok_or_else(|| EngineError::NotFound {
                what: "deposit",
                id: claim.deposit.as_str().to_owned(),
                hint: "`recover deposits list` shows those that are",
            })?;
        let version = self.policy_in_force().await?;
        // The export is itself an entry of the log, so that it has an end.
        let log_head = self
            .store
            .log_head()
            .await?
            .ok_or_else(|| EngineError::Package {
                detail: "the log is empty: run `audit verify`".to_owned(),
            })?;
        let outgoing = Outgoing {
            claim: &claim,
            deposit_kind,
            policy_version: version.number,
            policy_digest: version.digest(),
            log_head,
        };
        let package = PackageFile::new(&outgoing).map_err(|error| EngineError::Package {
            detail: error.to_string(),
        })?;
        Ok(Exported {
            claim,
            package: Some(package),
        })
    }

    /// Builds the leg in the next free slot of its account. The state machine is asked first without any bytes being kept, so
    /// that no node is asked for a claim that may not be released.
    async fn prepare(
        &self,
        claim: Claim,
        leg: &Leg,
        expires_at: Timestamp,
        options: &StepOptions,
        person: &Person,
    ) -> Result<Claim, EngineError> {
        let network = self.network(leg.network.as_str())?;
        let carrier = self
            .carrier(&network.id)
            .ok_or_else(|| EngineError::NoSource {
                network: network.id.clone(),
            })?;
        let check = self
            .adapter(network)?
            .check()
            .ok_or(EngineError::NoAdapter {
                family: network.family,
            })?;
        self.require_no_secret_shown(&claim, leg).await?;
        let now = self.now();
        let life = u32::try_from(expires_at.micros_since(now) / 1_000_000).unwrap_or(u32::MAX);
        let mut lowest = 0;
        for _ in 0..SLOT_ATTEMPTS {
            let account = leg.slot_account();
            let sequence = carrier.sequence(&account).await?;
            // The lowest slot that no live package holds: a gap would hold up everything behind it for ever, and a package that
            // is built anew takes the very slot of the one that ran out, so that both can never succeed.
            let reserved: BTreeSet<u64> = self
                .store
                .reservations(&leg.network)
                .await?
                .into_iter()
                .filter(|reserved| reserved.slot.account == account)
                .map(|reserved| reserved.slot.sequence)
                .collect();
            let mut slot = sequence.next.max(lowest);
            while reserved.contains(&slot) {
                slot = slot.saturating_add(1);
            }
            let built = carrier.build(leg, slot, now, life).await;
            let unsigned = built.map_err(|error| above_ceiling(error, &claim))?;
            let transaction = Verified::leg(check, leg, unsigned.bytes).map_err(|deviations| {
                EngineError::Package {
                    detail: super::joined(&deviations),
                }
            })?;
            let command = Command::Prepare {
                transaction,
                expires_at,
            };
            let expected = options.revision.unwrap_or(claim.revision);
            let context = self.claim_context(&claim, person, options.dry_run).await?;
            let answer = self
                .store
                .step_claim(&claim.id, expected, command, context)
                .await?;
            if answer == ClaimAnswer::Refused(Refusal::SlotTaken) {
                lowest = slot.saturating_add(1);
                continue;
            }
            return done(answer, claim.id.as_str());
        }
        Err(EngineError::Refused {
            refusal: Refusal::SlotTaken,
        })
    }
}

/// What costs more than the customer agreed to is never sent at a loss: it waits, or the customer agrees to another quote. Which of
/// both, and what else there is, depends on how far the claim is.
fn above_ceiling(error: CarryError, claim: &Claim) -> CarryError {
    let CarryError::FeeAboveLimit { needed, approved } = &error else {
        return error;
    };
    let next = if claim.execution.has_moved_deposit() {
        "wait until it is cheaper: the deposit was moved, and what is left of the plan is owed"
    } else if claim.holds_fee() {
        "wait until it is cheaper, or give the recovery up with `claims unwind`, which ends the fee as the quote said"
    } else {
        "quote again, so that the customer accepts what it costs now, or wait until it is cheaper"
    };
    let detail = format!(
        "the network would take up to {} base units, approved are {}: {next}",
        needed.to_base_units(),
        approved.to_base_units()
    );
    refused("fee_above_limit", detail)
}
