//! The decisions from release to the end of the last step.

use super::ClaimStatus;
use super::beside::only_holds;
use super::command::{Acknowledged, Facts, Sighting};
use super::decide::{is_freshly_cleared, require_role, require_status};
use super::guards::Guards;
use super::package::{Booking, Package, Receipt, Verified, instruction_text};
use super::record::Claim;
use super::refusal::Refusal;
use super::standing::require_still_there;
use super::votes::{Count, are_enough, count_all, tier_then, value_of};
use crate::amount::Amount;
use crate::block::{BlockRef, TxId};
use crate::check::Signed;
use crate::people::Role;
use crate::plan::{Instruction, Leg, Plan, Step};
use crate::time::Timestamp;

/// Who hands packages out and brings signed bytes and answers back.
const TREASURY: &[Role] = &[Role::Treasury];

/// The votes are enough under every policy in force, by people whom the log vouches for, and the delay after the last is over.
fn require_quorum(
    guards: &impl Guards,
    claim: &Claim,
    counts: &[Count<'_>],
    facts: &Facts<'_>,
) -> Result<(), Refusal> {
    guards.require(are_enough(claim, facts, counts), Refusal::QuorumMissing)?;
    for (policy, count) in facts.policies.iter().zip(counts) {
        let then = tier_then(claim, policy).map_or(0, |tier| tier.delay_seconds);
        let delay = count.tier.delay_seconds.max(then);
        let ends = claim
            .approved
            .as_ref()
            .and_then(|approved| approved.at.plus_seconds(delay));
        guards.require(
            ends.is_some_and(|ends| facts.now >= ends),
            Refusal::DelayRunning,
        )?;
    }
    guards.require(facts.votes_logged, Refusal::VotesNotLogged)
}

/// Everything that must hold whenever something leaves the house: read in the transaction that lets it. The person who lets it
/// did not vote for it.
fn require_release(guards: &impl Guards, claim: &Claim, facts: &Facts<'_>) -> Result<(), Refusal> {
    guards.require(!facts.halted, Refusal::Halted)?;
    guards.require(claim.hold.is_none(), Refusal::OnHold)?;
    require_still_there(guards, claim, facts)?;
    for policy in facts.policies {
        let age_max = policy.approval.release_screening_age_max_seconds;
        guards.require(
            is_freshly_cleared(claim, facts.now, age_max),
            Refusal::ScreeningMissing,
        )?;
    }
    let counts = count_all(guards, claim, facts)?;
    require_uninvolved(guards, claim, facts)?;
    require_quorum(guards, claim, &counts, facts)?;
    // Later steps finish what was released before. What was built, and never left, was not; and a fee that is set aside, or ends
    // where the recovery is given up, is no payment.
    let first = claim.plan.as_ref().and_then(Plan::first_payment);
    let is_first = first.is_some() && first == usize::try_from(claim.execution.done).ok();
    let within = facts.policies.iter().all(|policy| {
        value_of(claim)
            .and_then(|value| value.checked_add(facts.spending.released))
            .is_some_and(|sum| sum <= policy.approval.day_release_max)
    });
    guards.require(!is_first || within, Refusal::DayLimitReached)
}

/// Nothing is released without the policy by which it may be.
fn require_releaser(guards: &impl Guards, facts: &Facts<'_>) -> Result<(), Refusal> {
    require_role(guards, facts, TREASURY)?;
    guards.require(!facts.policies.is_empty(), Refusal::PolicyMissing)
}

/// Who hands a claim out did not vote on it.
fn require_uninvolved(
    guards: &impl Guards,
    claim: &Claim,
    facts: &Facts<'_>,
) -> Result<(), Refusal> {
    let has_voted = claim
        .approvals
        .iter()
        .any(|vote| vote.person == facts.actor.name);
    guards.require(!has_voted, Refusal::ActorInvolved)
}

/// Approved, or the step before is final and nothing is out. Where the deposit was moved or something was booked the plan can only
/// be carried on: what is proven dead is released anew, for the same step and under the same votes.
fn require_ready(guards: &impl Guards, claim: &Claim) -> Result<(), Refusal> {
    let is_between = matches!(
        claim.status,
        ClaimStatus::Confirming | ClaimStatus::Instructed
    ) && claim.execution.done > 0;
    let is_again = matches!(
        claim.status,
        ClaimStatus::FailedOnChain | ClaimStatus::ArtifactExpired
    ) && claim.execution.is_bound();
    let is_ready = claim.status == ClaimStatus::Approved || is_between || is_again;
    let is_live = claim.execution.package.is_some();
    guards.require(!is_live, Refusal::PackageLive)?;
    guards.require(is_ready, Refusal::StatusWrong)
}

fn current_leg(claim: &Claim) -> Option<&Leg> {
    match claim.current_step()? {
        Step::Send(leg) => Some(leg),
        Step::Instruct(_) => None,
    }
}

fn current_instructions(claim: &Claim) -> Option<&[Instruction]> {
    match claim.current_step()? {
        Step::Send(_) => None,
        Step::Instruct(instructions) => Some(instructions),
    }
}

pub(super) fn prepare(
    guards: &impl Guards,
    claim: &Claim,
    transaction: &Verified,
    expires_at: Timestamp,
    facts: &Facts<'_>,
) -> Result<Claim, Refusal> {
    require_releaser(guards, facts)?;
    require_ready(guards, claim)?;
    require_release(guards, claim, facts)?;
    guards.require(
        current_leg(claim) == Some(transaction.of()),
        Refusal::StepDiffers,
    )?;
    guards.require(facts.now < expires_at, Refusal::PackageExpired)?;
    let mut next = claim.clone();
    next.execution.attempts = claim.execution.attempts.saturating_add(1);
    next.execution.package = Some(transaction.package(
        claim.execution.done,
        next.execution.attempts,
        facts.now,
        expires_at,
    ));
    next.status = ClaimStatus::Prepared;
    next.involved.insert(facts.actor.name.clone());
    Ok(next)
}

pub(super) fn export(
    guards: &impl Guards,
    claim: &Claim,
    expires_at: Timestamp,
    facts: &Facts<'_>,
) -> Result<Claim, Refusal> {
    require_releaser(guards, facts)?;
    require_status(
        guards,
        claim,
        &[
            ClaimStatus::Prepared,
            ClaimStatus::AwaitingSignature,
            ClaimStatus::Instructed,
        ],
    )?;
    require_release(guards, claim, facts)?;
    live(claim)?;
    guards.require(facts.now < expires_at, Refusal::PackageExpired)?;
    let mut next = claim.clone();
    let package = next
        .execution
        .package
        .as_mut()
        .ok_or(Refusal::PackageMissing)?;
    package.expires_at = expires_at;
    match claim.status {
        // They are told anew where they are, perhaps by other votes than before.
        ClaimStatus::Instructed => package.prepared_at = facts.now,
        _ => next.status = ClaimStatus::AwaitingSignature,
    }
    next.involved.insert(facts.actor.name.clone());
    Ok(next)
}

pub(super) fn instruct(
    guards: &impl Guards,
    claim: &Claim,
    expires_at: Timestamp,
    facts: &Facts<'_>,
) -> Result<Claim, Refusal> {
    require_releaser(guards, facts)?;
    require_ready(guards, claim)?;
    require_release(guards, claim, facts)?;
    let instructions = current_instructions(claim).ok_or(Refusal::StepDiffers)?;
    guards.require(facts.now < expires_at, Refusal::PackageExpired)?;
    let step = usize::try_from(claim.execution.done).map_err(|_| Refusal::StepDiffers)?;
    let bytes = instruction_text(claim.id.as_str(), step, instructions).into_bytes();
    let mut next = claim.clone();
    // What the ledger declined before is asked anew.
    next.closing_reason = None;
    next.execution.attempts = claim.execution.attempts.saturating_add(1);
    next.execution.package = Some(Package {
        step: claim.execution.done,
        attempt: next.execution.attempts,
        bytes,
        slot: None,
        prepared_at: facts.now,
        expires_at,
        valid_until: None,
        valid_through: None,
        signed: None,
        tx_id: None,
        block: None,
    });
    next.status = ClaimStatus::Instructed;
    next.involved.insert(facts.actor.name.clone());
    Ok(next)
}

/// Signed bytes are taken only where the signature stripped leaves the approved bytes and the expected key signed.
pub(super) fn import(
    guards: &impl Guards,
    claim: &Claim,
    signed: &Signed,
    facts: &Facts<'_>,
) -> Result<Claim, Refusal> {
    require_role(guards, facts, TREASURY)?;
    require_status(guards, claim, &[ClaimStatus::AwaitingSignature])?;
    require_uninvolved(guards, claim, facts)?;
    let leg = current_leg(claim).ok_or(Refusal::StepDiffers)?;
    let package = live(claim)?;
    guards.require(signed.unsigned == package.bytes, Refusal::BytesDiffer)?;
    guards.require(
        signed.signer == leg.signer
            && (leg.signer_key.is_none() || signed.signer_key == leg.signer_key),
        Refusal::SignerDiffers,
    )?;
    guards.require(facts.now < package.expires_at, Refusal::PackageExpired)?;
    let mut next = claim.clone();
    if let Some(package) = next.execution.package.as_mut() {
        package.tx_id = Some(signed.tx_id.clone());
        package.signed = Some(signed.clone());
    }
    next.involved.insert(facts.actor.name.clone());
    Ok(next)
}

/// From here on nobody knows whether it went out until a source says so; the same bytes may be sent again at any time. The first
/// time the deposit must still stand: signers may take days, and what a reorganisation took back is not paid by us.
pub(super) fn send(
    guards: &impl Guards,
    claim: &Claim,
    facts: &Facts<'_>,
) -> Result<Claim, Refusal> {
    require_role(guards, facts, TREASURY)?;
    require_status(guards, claim, ON_THE_WAY)?;
    guards.require(!facts.halted, Refusal::Halted)?;
    guards.require(claim.hold.is_none(), Refusal::OnHold)?;
    if claim.status == ClaimStatus::AwaitingSignature {
        require_still_there(guards, claim, facts)?;
    }
    require_uninvolved(guards, claim, facts)?;
    let package = live(claim)?;
    guards.require(package.signed.is_some(), Refusal::SignedBytesMissing)?;
    let mut next = claim.clone();
    if claim.status == ClaimStatus::AwaitingSignature {
        next.status = ClaimStatus::BroadcastUnknown;
    }
    Ok(next)
}

pub(super) fn sent(guards: &impl Guards, claim: &Claim) -> Result<Claim, Refusal> {
    require_status(guards, claim, ON_THE_WAY)?;
    guards.require(
        claim.status == ClaimStatus::BroadcastUnknown,
        Refusal::NothingNew,
    )?;
    let mut next = claim.clone();
    next.status = ClaimStatus::Broadcast;
    Ok(next)
}

/// Where a transaction may be on its way, whoever sent it.
const ON_THE_WAY: &[ClaimStatus] = &[
    ClaimStatus::AwaitingSignature,
    ClaimStatus::BroadcastUnknown,
    ClaimStatus::Broadcast,
    ClaimStatus::Confirming,
    ClaimStatus::Reorged,
];

/// What the network shows. Only what is final ends a step or frees its slot; nothing moves backwards by time alone.
pub(super) fn sight(
    guards: &impl Guards,
    claim: &Claim,
    sighting: &Sighting,
) -> Result<Claim, Refusal> {
    require_status(guards, claim, ON_THE_WAY)?;
    let leg = current_leg(claim).ok_or(Refusal::StepDiffers)?;
    live(claim)?;
    let mut next = claim.clone();
    match sighting {
        Sighting::Pending { tx_id } => {
            seen(&mut next, tx_id, None);
            next.status = match claim.status {
                ClaimStatus::Confirming | ClaimStatus::Reorged => ClaimStatus::Reorged,
                _ => ClaimStatus::Broadcast,
            };
        }
        Sighting::Included { tx_id, block } => {
            seen(&mut next, tx_id, Some(block));
            next.status = ClaimStatus::Confirming;
        }
        Sighting::Final { tx_id, block, fee } => {
            let receipt = sent_receipt(leg, tx_id, block, *fee, true);
            next.status = ClaimStatus::Confirming;
            finish_step(&mut next, receipt);
        }
        Sighting::Failed { tx_id, block, fee } => {
            let receipt = sent_receipt(leg, tx_id, block, *fee, false);
            next.execution.receipts.push(receipt);
            next.execution.package = None;
            next.status = ClaimStatus::FailedOnChain;
        }
        Sighting::Vanished => {
            next.status = match claim.status {
                ClaimStatus::Confirming | ClaimStatus::Reorged => ClaimStatus::Reorged,
                ClaimStatus::Broadcast => ClaimStatus::BroadcastUnknown,
                other => other,
            };
            if let Some(package) = next.execution.package.as_mut() {
                package.block = None;
            }
        }
        Sighting::Replaced { proof } => {
            next.execution.package = None;
            // A claim whose deposit was moved already does not end: what is left of its plan is still owed.
            next.status = if claim.execution.is_bound() {
                ClaimStatus::ArtifactExpired
            } else {
                ClaimStatus::Invalidated
            };
            next.closing_reason = Some(proof.clone());
        }
        Sighting::Expired { proof } => {
            next.execution.package = None;
            next.status = ClaimStatus::ArtifactExpired;
            next.closing_reason = Some(proof.clone());
        }
        Sighting::Different { tx_id, detail } => {
            seen(&mut next, tx_id, None);
            next.status = ClaimStatus::Mispaid;
            next.closing_reason = Some(detail.clone());
        }
    }
    guards.require(next != *claim, Refusal::NothingNew)?;
    Ok(next)
}

/// The ledger's answers settle the step only where each says exactly what was asked; another amount is money that went wrong.
pub(super) fn acknowledge(
    guards: &impl Guards,
    claim: &Claim,
    answers: &[Acknowledged],
    facts: &Facts<'_>,
) -> Result<Claim, Refusal> {
    require_role(guards, facts, TREASURY)?;
    require_status(guards, claim, &[ClaimStatus::Instructed])?;
    require_uninvolved(guards, claim, facts)?;
    let instructions = current_instructions(claim).ok_or(Refusal::StepDiffers)?;
    let package = live(claim)?;
    let step = usize::try_from(package.step).map_err(|_| Refusal::StepDiffers)?;
    let ids: Vec<String> = instructions
        .iter()
        .enumerate()
        .map(|(ordinal, instruction)| instruction.id(claim.id.as_str(), step, ordinal))
        .collect();
    let all_known = answers
        .iter()
        .all(|answer| ids.contains(&answer.instruction));
    guards.require(all_known, Refusal::AcknowledgementUnknown)?;
    let mut bookings = Vec::with_capacity(ids.len());
    let mut wrong = Vec::new();
    for (id, instruction) in ids.iter().zip(instructions) {
        let mut of_this = answers.iter().filter(|answer| answer.instruction == *id);
        let (Some(answer), None) = (of_this.next(), of_this.next()) else {
            return Err(Refusal::AcknowledgementIncomplete);
        };
        guards.require(
            !answer.entry.trim().is_empty(),
            Refusal::AcknowledgementIncomplete,
        )?;
        if answer.asset != instruction.asset || answer.amount != instruction.amount {
            wrong.push(format!(
                "instruction {id}: the ledger booked {} of {} as entry {}, asked was {} of {}",
                answer.amount.to_base_units(),
                answer.asset,
                answer.entry,
                instruction.amount.to_base_units(),
                instruction.asset
            ));
        }
        bookings.push(Booking {
            instruction: id.clone(),
            entry: answer.entry.clone(),
        });
    }
    let mut next = claim.clone();
    next.involved.insert(facts.actor.name.clone());
    if !wrong.is_empty() {
        next.status = ClaimStatus::Mispaid;
        next.closing_reason = Some(wrong.join("; "));
        return Ok(next);
    }
    let receipt = Receipt::Booked {
        instructions: instructions.to_vec(),
        bookings,
    };
    finish_step(&mut next, receipt);
    Ok(next)
}

/// The ledger set nothing aside and never will by these ids, which is for the exchange's own people to know: nothing was moved, so that
/// the claim stands where it stood before. Only of a fee: that money was not credited is for nobody to say.
pub(super) fn decline(
    guards: &impl Guards,
    claim: &Claim,
    reason: &str,
    facts: &Facts<'_>,
) -> Result<Claim, Refusal> {
    require_role(guards, facts, TREASURY)?;
    require_status(guards, claim, &[ClaimStatus::Instructed])?;
    require_uninvolved(guards, claim, facts)?;
    guards.require(
        claim.current_step().is_some_and(only_holds),
        Refusal::StepDiffers,
    )?;
    live(claim)?;
    guards.require(!reason.trim().is_empty(), Refusal::ReasonMissing)?;
    let mut next = claim.clone();
    next.execution.package = None;
    next.status = ClaimStatus::Approved;
    if !claim.is_decided() {
        next.status = ClaimStatus::PendingApproval;
        next.approved = None;
    }
    next.closing_reason = Some(reason.to_owned());
    next.involved.insert(facts.actor.name.clone());
    Ok(next)
}

fn live(claim: &Claim) -> Result<&Package, Refusal> {
    claim
        .execution
        .package
        .as_ref()
        .ok_or(Refusal::PackageMissing)
}

fn seen(next: &mut Claim, tx_id: &TxId, block: Option<&BlockRef>) {
    if let Some(package) = next.execution.package.as_mut() {
        package.tx_id = Some(tx_id.clone());
        package.block = block.cloned();
    }
}

fn sent_receipt(
    leg: &Leg,
    tx_id: &TxId,
    block: &BlockRef,
    fee: Amount,
    succeeded: bool,
) -> Receipt {
    Receipt::Sent {
        leg: leg.clone(),
        tx_id: tx_id.clone(),
        block: block.clone(),
        fee,
        succeeded,
    }
}

fn finish_step(next: &mut Claim, receipt: Receipt) {
    next.execution.receipts.push(receipt);
    next.execution.package = None;
    next.execution.done = next.execution.done.saturating_add(1);
    if next.current_step().is_some() {
        return;
    }
    match &next.unwinding {
        None => next.status = ClaimStatus::Settled,
        Some(unwinding) => {
            next.closing_reason = Some(unwinding.reason.clone());
            next.status = ClaimStatus::Cancelled;
        }
    }
}
