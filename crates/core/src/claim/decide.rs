//! The decisions up to approval, and the way into those after it.

mod approval;
mod price;
mod unwind;

use super::carry;
use super::command::{Command, Facts, OpenRequest};
use super::correction::require_misbooked;
use super::guards::{Every, Guards};
use super::package::Execution;
use super::record::{Approval, Claim};
use super::refusal::Refusal;
use super::standing::{block_of, is_final, is_settled, require_beneficiary, require_recoverable};
use super::{ClaimId, ClaimStatus, Resolution};
use crate::deposit::DepositStatus;
use crate::people::Role;
use crate::time::Timestamp;
use crate::verdict::{Missing, Verdict};
use approval::{lapsed, rejected, screened, voted};
use price::{accepted, quote_expired, quoted, waived};
use std::collections::BTreeSet;
use unwind::unwound;

/// Who may open a claim and quote it.
const MAKERS: &[Role] = &[Role::Specialist, Role::Agent];
/// Where a claim without a package outside can be quoted anew or ended.
const CHANGEABLE: &[ClaimStatus] = &[
    ClaimStatus::Draft,
    ClaimStatus::Quoted,
    ClaimStatus::QuoteExpired,
    ClaimStatus::Accepted,
    ClaimStatus::PendingApproval,
    ClaimStatus::Approved,
    ClaimStatus::Prepared,
    ClaimStatus::FailedOnChain,
    ClaimStatus::ArtifactExpired,
    // Between two steps.
    ClaimStatus::Confirming,
    ClaimStatus::Instructed,
];

/// Opens a claim as a draft.
///
/// # Errors
/// The first refusal that applies, in the order of [`Refusal`].
pub fn open(request: &OpenRequest, facts: &Facts<'_>) -> Result<Claim, Refusal> {
    open_with(&Every, request, facts)
}

pub(super) fn open_with(
    guards: &impl Guards,
    request: &OpenRequest,
    facts: &Facts<'_>,
) -> Result<Claim, Refusal> {
    let deposit = facts.deposit;
    guards.require(facts.actor.is_any(MAKERS), Refusal::RoleMissing)?;
    guards.require(
        deposit.status != DepositStatus::Gone,
        Refusal::DepositChanged,
    )?;
    guards.require(is_final(deposit), Refusal::DepositNotFinal)?;
    // A correction is never proposed, so that whoever wants one says so.
    let corrects = request.resolution == Some(Resolution::CorrectBooking);
    guards.require(
        deposit.status != DepositStatus::Claimed
            && !is_settled(deposit)
            && !(corrects && facts.paid_by_claim),
        Refusal::DepositTaken,
    )?;
    guards.require(!facts.scanned_twin, Refusal::ScannedTwinExists)?;
    if corrects {
        let (correction, has_appeal) = (request.correction.as_ref(), request.appeal.is_some());
        require_misbooked(guards, correction, has_appeal, facts)?;
    } else {
        guards.require(
            deposit.classification.kind.is_workable(),
            Refusal::NothingToClaim,
        )?;
        // A draft on a deposit that only a file told is allowed, so that work can start; no quote and no vote is.
        if deposit.classification.verdict != Verdict::Conditional(Missing::NotSeenByUs) {
            require_recoverable(&deposit.classification.verdict)?;
        }
        guards.require(request.correction.is_none(), Refusal::CorrectionNotAsked)?;
    }
    let resolution = request.resolution.unwrap_or_else(|| {
        Resolution::proposed(deposit.classification.kind, &deposit.classification.verdict)
    });
    guards.require(resolution.is_payment(), Refusal::ResolutionPaysNobody)?;
    let owner = deposit.classification.owner.as_ref();
    let beneficiary = request
        .beneficiary
        .clone()
        // Of a booking that is wrong the address or the memo may say the same wrong thing.
        .or_else(|| owner.filter(|_| !corrects).cloned())
        .ok_or(Refusal::BeneficiaryMissing)?;
    let correction = request.correction.as_ref();
    require_beneficiary(guards, deposit, Some(&beneficiary), correction)?;
    guards.require(
        !facts.rivals.iter().any(|rival| *rival != beneficiary),
        Refusal::RivalAppeal,
    )?;
    guards.require(
        !resolution.needs_destination() || request.destination.is_some(),
        Refusal::DestinationMissing,
    )?;
    Ok(Claim {
        id: ClaimId::of(&deposit.id(), request.ordinal),
        deposit: deposit.id(),
        deposit_block: block_of(deposit),
        asset: deposit.asset().clone(),
        amount: deposit.amount(),
        appeal: request.appeal.clone(),
        beneficiary: Some(beneficiary),
        destination: request.destination.clone(),
        resolution,
        correction: request.correction.clone(),
        revision: 1,
        status: ClaimStatus::Draft,
        hold: None,
        waivers: Vec::new(),
        quote: None,
        acceptance: None,
        plan: None,
        unwinding: None,
        screening: None,
        rescreening: None,
        approvals: Vec::new(),
        approved: None,
        execution: Execution::default(),
        involved: BTreeSet::from([facts.actor.name.clone()]),
        opened_by: facts.actor.name.clone(),
        opened_at: facts.now,
        closing_reason: None,
    })
}

/// Applies one command to a claim that was read at `expected_revision`.
///
/// # Errors
/// The first refusal that applies, in the order of [`Refusal`]. The claim is unchanged then.
pub fn step(
    claim: &Claim,
    expected_revision: u32,
    command: &Command,
    facts: &Facts<'_>,
) -> Result<Claim, Refusal> {
    step_with(&Every, claim, expected_revision, command, facts)
}

pub(super) fn step_with(
    guards: &impl Guards,
    claim: &Claim,
    expected_revision: u32,
    command: &Command,
    facts: &Facts<'_>,
) -> Result<Claim, Refusal> {
    guards.require(
        claim.revision == expected_revision,
        Refusal::RevisionDiffers,
    )?;
    match command {
        Command::Quote { quote, plan } => quoted(guards, claim, quote, plan.as_ref(), facts),
        Command::Waive { waiver, note } => waived(guards, claim, waiver, note, facts),
        Command::Accept { evidence } => accepted(guards, claim, evidence, facts),
        Command::Screen { clear, reason } => screened(guards, claim, *clear, reason, facts),
        Command::Approve { digest, signature } => {
            let vote = Approval {
                person: facts.actor.name.clone(),
                digest: *digest,
                approved_at: facts.now,
                signature: signature.clone(),
            };
            voted(guards, claim, vote, facts)
        }
        Command::Reject { reason } => rejected(guards, claim, reason, facts),
        Command::Cancel { reason } => {
            require_role(guards, facts, MAKERS)?;
            require_nothing_out(guards, claim, CHANGEABLE)?;
            guards.require(claim.hold.is_none(), Refusal::OnHold)?;
            end(claim, ClaimStatus::Cancelled, reason)
        }
        Command::Unwind { reason } => unwound(guards, claim, reason, facts),
        Command::ExpireQuote => quote_expired(guards, claim, facts),
        Command::Invalidate { reason } => {
            require_nothing_out(guards, claim, CHANGEABLE)?;
            end(claim, ClaimStatus::Invalidated, reason)
        }
        Command::LapseVotes => lapsed(guards, claim, facts),
        Command::Prepare {
            transaction,
            expires_at,
        } => carry::prepare(guards, claim, transaction, *expires_at, facts),
        Command::Export { expires_at } => carry::export(guards, claim, *expires_at, facts),
        Command::Instruct { expires_at } => carry::instruct(guards, claim, *expires_at, facts),
        Command::Import { signed } => carry::import(guards, claim, signed, facts),
        Command::Send => carry::send(guards, claim, facts),
        Command::Sent => carry::sent(guards, claim),
        Command::Sight(sighting) => carry::sight(guards, claim, sighting),
        Command::Acknowledge { answers } => carry::acknowledge(guards, claim, answers, facts),
        Command::Decline { reason } => carry::decline(guards, claim, reason, facts),
    }
}

/// The claim as its next revision, on which nobody has voted yet: its content changes.
fn revised(claim: &Claim) -> Claim {
    let mut next = claim.clone();
    next.revision = claim.revision.saturating_add(1);
    next.approvals.clear();
    next
}

/// No package is out, so that the claim may be changed or withdrawn: nothing left the house, or what left is proven dead, or the
/// step before is final and the next was not released. What was moved or booked cannot be undone by changing or ending a claim.
fn require_nothing_out(
    guards: &impl Guards,
    claim: &Claim,
    allowed: &[ClaimStatus],
) -> Result<(), Refusal> {
    let stays_inside = matches!(claim.status, ClaimStatus::Prepared | ClaimStatus::Mispaid);
    let is_out = claim.execution.package.is_some() && !stays_inside;
    guards.require(!is_out, Refusal::PackageLive)?;
    require_status(guards, claim, allowed)?;
    guards.require(!claim.execution.is_bound(), Refusal::AlreadyMoved)
}

pub(super) fn require_role(
    guards: &impl Guards,
    facts: &Facts<'_>,
    roles: &[Role],
) -> Result<(), Refusal> {
    guards.require(facts.actor.is_any(roles), Refusal::RoleMissing)
}

pub(super) fn require_status(
    guards: &impl Guards,
    claim: &Claim,
    allowed: &[ClaimStatus],
) -> Result<(), Refusal> {
    guards.require(allowed.contains(&claim.status), Refusal::StatusWrong)
}

/// Cleared by the latest decision, and not longer ago than allowed.
pub(super) fn is_freshly_cleared(claim: &Claim, now: Timestamp, age_max_seconds: i64) -> bool {
    claim.screening.is_some()
        && claim.latest_screening().is_some_and(|screening| {
            let ends = screening.decided_at.plus_seconds(age_max_seconds);
            screening.clear && ends.is_some_and(|ends| now <= ends)
        })
}

fn require(holds: bool, refusal: Refusal) -> Result<(), Refusal> {
    Every.require(holds, refusal)
}

fn end(claim: &Claim, status: ClaimStatus, reason: &str) -> Result<Claim, Refusal> {
    require(!reason.trim().is_empty(), Refusal::ReasonMissing)?;
    let mut next = claim.clone();
    next.status = status;
    next.closing_reason = Some(reason.to_owned());
    next.execution.package = None;
    Ok(next)
}
