//! The decisions up to approval, and the way into those after it.

use super::beside::{Unwinding, unwinding_plan};
use super::carry;
use super::command::{Command, Facts, OpenRequest};
use super::consent::{Acceptance, Evidence, GrantedWaiver};
use super::correction::require_misbooked;
use super::guards::{Every, Guards};
use super::package::Execution;
use super::plan_fits::require_plan_fits;
use super::record::{Approval, Approved, Claim, ClaimQuote, Hold, Screening};
use super::refusal::Refusal;
use super::standing::{
    block_of, is_final, is_settled, require_beneficiary, require_payable, require_recoverable,
    require_still_there,
};
use super::votes::{self, are_enough, count_all, is_within_alone};
use super::{ClaimId, ClaimStatus, Resolution};
use crate::approval::PolicyInForce;
use crate::deposit::DepositStatus;
use crate::fee::{Cents, Waiver};
use crate::people::Role;
use crate::plan::Plan;
use crate::time::Timestamp;
use crate::verdict::{Missing, Verdict};
use std::collections::BTreeSet;

/// Who may open a claim and quote it.
const MAKERS: &[Role] = &[Role::Specialist, Role::Agent];
/// Who may give a recovery up after a fee was set aside: those who work on it, and those who carry it out. The people who vote agree to
/// what that does, as to everything else.
const UNWINDERS: &[Role] = &[Role::Specialist, Role::Agent, Role::Treasury];
/// Who may vote.
const VOTERS: &[Role] = &[Role::Wallet, Role::WalletLead, Role::Compliance];
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

fn quoted(
    guards: &impl Guards,
    claim: &Claim,
    quote: &ClaimQuote,
    plan: Option<&Plan>,
    facts: &Facts<'_>,
) -> Result<Claim, Refusal> {
    require_role(guards, facts, MAKERS)?;
    require_nothing_out(guards, claim, CHANGEABLE)?;
    guards.require(claim.hold.is_none(), Refusal::OnHold)?;
    // A quote that does not add up to the claim's amount was reckoned from another deposit.
    guards.require(
        quote.quote.net.checked_add(quote.quote.fee_in_asset) == Some(claim.amount),
        Refusal::DepositChanged,
    )?;
    require_payable(guards, claim, facts)?;
    if let Some(plan) = plan {
        require_plan_fits(guards, claim, quote, plan)?;
    }
    // Who lets a customer off does not say how much that is.
    let has_waived = claim
        .waivers
        .iter()
        .any(|waiver| waiver.person == facts.actor.name);
    guards.require(!has_waived, Refusal::ActorInvolved)?;
    let mut next = claim.clone();
    // Another price is another content: what was accepted, screened or voted before no longer counts.
    if claim.quote.is_some() {
        next.revision = claim.revision.saturating_add(1);
        next.approvals.clear();
        next.approved = None;
        next.screening = None;
        next.rescreening = None;
    }
    next.acceptance = None;
    next.quote = Some(quote.clone());
    next.plan = plan.cloned();
    next.execution.done = 0;
    next.execution.package = None;
    next.status = ClaimStatus::Quoted;
    next.involved.insert(facts.actor.name.clone());
    Ok(next)
}

/// Lets the customer off, by somebody of the waiver's roles who did not work on the claim. What was quoted before is no price any
/// more.
fn waived(
    guards: &impl Guards,
    claim: &Claim,
    waiver: &Waiver,
    note: &str,
    facts: &Facts<'_>,
) -> Result<Claim, Refusal> {
    require_role(guards, facts, &waiver.roles)?;
    guards.require(!facts.policies.is_empty(), Refusal::PolicyMissing)?;
    let before_acceptance = &[
        ClaimStatus::Draft,
        ClaimStatus::Quoted,
        ClaimStatus::QuoteExpired,
    ];
    require_nothing_out(guards, claim, before_acceptance)?;
    guards.require(claim.hold.is_none(), Refusal::OnHold)?;
    let kind = facts.deposit.classification.kind;
    guards.require(waiver.is_open(kind, facts.now), Refusal::WaiverClosed)?;
    let is_granted = claim
        .waivers
        .iter()
        .any(|granted| granted.code == waiver.code);
    guards.require(!is_granted, Refusal::WaiverGranted)?;
    guards.require(
        !claim.involved.contains(&facts.actor.name),
        Refusal::ActorInvolved,
    )?;
    guards.require(!note.trim().is_empty(), Refusal::ReasonMissing)?;
    let mut next = claim.clone();
    if claim.quote.is_some() {
        next.revision = claim.revision.saturating_add(1);
        next.approvals.clear();
        next.approved = None;
    }
    next.quote = None;
    next.plan = None;
    next.acceptance = None;
    next.status = ClaimStatus::Draft;
    next.waivers.push(GrantedWaiver {
        code: waiver.code.clone(),
        person: facts.actor.name.clone(),
        note: note.to_owned(),
        granted_at: facts.now,
    });
    next.involved.insert(facts.actor.name.clone());
    Ok(next)
}

fn accepted(
    guards: &impl Guards,
    claim: &Claim,
    evidence: &Evidence,
    facts: &Facts<'_>,
) -> Result<Claim, Refusal> {
    require_role(guards, facts, MAKERS)?;
    require_status(guards, claim, &[ClaimStatus::Quoted])?;
    guards.require(claim.hold.is_none(), Refusal::OnHold)?;
    require_payable(guards, claim, facts)?;
    let is_valid = claim
        .quote
        .as_ref()
        .is_some_and(|quote| facts.now < quote.expires_at);
    guards.require(is_valid, Refusal::QuoteExpired)?;
    // Nobody is asked to agree to receive all of their own money.
    let is_charged = claim.quote.as_ref().is_none_or(|quote| {
        let quote = &quote.quote;
        quote.net != claim.amount
            || quote.total_fee != Cents::default()
            || !quote.charges().is_empty()
    });
    guards.require(
        !(is_charged && evidence.is_missing()),
        Refusal::EvidenceMissing,
    )?;
    let mut next = claim.clone();
    next.acceptance = Some(Acceptance {
        evidence: evidence.clone(),
        person: facts.actor.name.clone(),
        accepted_at: facts.now,
    });
    next.status = ClaimStatus::Accepted;
    next.involved.insert(facts.actor.name.clone());
    Ok(next)
}

/// A hold can be set wherever the claim is open, and lifted wherever it was set: the path under it stays as it is. The first
/// clearance of an accepted claim is part of the content and puts it up for approval; a later one only renews the age.
fn screened(
    guards: &impl Guards,
    claim: &Claim,
    clear: bool,
    reason: &str,
    facts: &Facts<'_>,
) -> Result<Claim, Refusal> {
    require_role(guards, facts, &[Role::Compliance])?;
    guards.require(claim.status.is_open(), Refusal::StatusWrong)?;
    if clear && claim.hold.is_none() {
        let is_too_early = matches!(
            claim.status,
            ClaimStatus::Draft | ClaimStatus::Quoted | ClaimStatus::QuoteExpired
        );
        guards.require(!is_too_early, Refusal::StatusWrong)?;
    }
    guards.require(!reason.trim().is_empty(), Refusal::ReasonMissing)?;
    let screening = Screening {
        clear,
        person: facts.actor.name.clone(),
        reason: reason.to_owned(),
        decided_at: facts.now,
    };
    let mut next = claim.clone();
    next.involved.insert(facts.actor.name.clone());
    if !clear {
        next.hold = Some(Hold {
            person: facts.actor.name.clone(),
            since: facts.now,
            reason: reason.to_owned(),
        });
        next.rescreening = Some(screening);
        return Ok(next);
    }
    next.hold = None;
    if claim.status == ClaimStatus::Accepted {
        next.screening = Some(screening);
        next.rescreening = None;
        next.status = ClaimStatus::PendingApproval;
    } else {
        next.rescreening = Some(screening);
    }
    Ok(next)
}

fn voted(
    guards: &impl Guards,
    claim: &Claim,
    vote: Approval,
    facts: &Facts<'_>,
) -> Result<Claim, Refusal> {
    let is_opener = facts.actor.name == claim.opened_by;
    let may_vote = facts.actor.is_any(VOTERS) || (is_opener && facts.actor.is_any(MAKERS));
    guards.require(may_vote, Refusal::RoleMissing)?;
    guards.require(!facts.policies.is_empty(), Refusal::PolicyMissing)?;
    let is_undecided = claim.status == ClaimStatus::PendingApproval
        || (claim.status == ClaimStatus::Instructed && !claim.is_decided());
    guards.require(is_undecided, Refusal::StatusWrong)?;
    guards.require(claim.hold.is_none(), Refusal::OnHold)?;
    require_still_there(guards, claim, facts)?;
    guards.require(claim.plan.is_some(), Refusal::PlanMissing)?;
    for policy in facts.policies {
        let age_max = policy.approval.screening_age_max_seconds;
        guards.require(
            is_freshly_cleared(claim, facts.now, age_max),
            Refusal::ScreeningMissing,
        )?;
    }
    let mut next = claim.clone();
    next.approvals.push(vote.clone());
    let counts = count_all(guards, &next, facts)?;
    let may_be_alone = is_opener
        && counts
            .iter()
            .all(|count| is_within_alone(claim, count.tier, facts.spending));
    guards.require(
        may_be_alone || !claim.involved.contains(&facts.actor.name),
        Refusal::ActorInvolved,
    )?;
    let decided = counts
        .iter()
        .all(|count| count.is_enough)
        .then(|| {
            counts.first().map(|count| Approved {
                at: facts.now,
                tier: count.tier.name.clone(),
                voters: count.voters.iter().map(|name| (*name).to_owned()).collect(),
                alone: count.voters.contains(claim.opened_by.as_str()),
            })
        })
        .flatten();
    let has_voted = claim
        .approvals
        .iter()
        .any(|approval| approval.person == facts.actor.name);
    guards.require(!has_voted, Refusal::AlreadyVoted)?;
    let content = claim.content_digest();
    guards.require(vote.digest == content, Refusal::DigestDiffers)?;
    let must_sign = |policy: &PolicyInForce<'_>| policy.approval.signed_votes;
    guards.require(
        vote.signature.is_some() || !facts.policies.iter().any(must_sign),
        Refusal::SignatureMissing,
    )?;
    for policy in facts.policies {
        if must_sign(policy) || vote.signature.is_some() {
            let is_signed = policy
                .person(&facts.actor.name)
                .is_some_and(|person| votes::is_signed_by(person, &content, &vote));
            guards.require(is_signed, Refusal::SignatureWrong)?;
        }
    }
    if decided.is_some() {
        // What is out stays out: these votes are for its next deadline.
        if claim.status == ClaimStatus::PendingApproval {
            next.status = ClaimStatus::Approved;
        }
        next.approved = decided;
    }
    Ok(next)
}

fn rejected(
    guards: &impl Guards,
    claim: &Claim,
    reason: &str,
    facts: &Facts<'_>,
) -> Result<Claim, Refusal> {
    require_role(guards, facts, VOTERS)?;
    require_nothing_out(
        guards,
        claim,
        &[
            ClaimStatus::PendingApproval,
            ClaimStatus::Approved,
            ClaimStatus::Prepared,
        ],
    )?;
    guards.require(
        !claim.involved.contains(&facts.actor.name),
        Refusal::ActorInvolved,
    )?;
    end(claim, ClaimStatus::Rejected, reason)
}

fn quote_expired(guards: &impl Guards, claim: &Claim, facts: &Facts<'_>) -> Result<Claim, Refusal> {
    require_status(guards, claim, &[ClaimStatus::Quoted])?;
    let is_over = claim
        .quote
        .as_ref()
        .is_none_or(|quote| facts.now >= quote.expires_at);
    guards.require(is_over, Refusal::QuoteStillValid)?;
    let mut next = claim.clone();
    next.status = ClaimStatus::QuoteExpired;
    Ok(next)
}

/// Gives a recovery up whose fee is set aside. Nothing is asked of the deposit, which may be gone: it is not touched. What becomes of
/// the fee was part of what the customer accepted; that it comes to this is another content, which people vote on afresh.
fn unwound(
    guards: &impl Guards,
    claim: &Claim,
    reason: &str,
    facts: &Facts<'_>,
) -> Result<Claim, Refusal> {
    require_role(guards, facts, UNWINDERS)?;
    let is_out = claim.execution.package.is_some() && claim.status != ClaimStatus::Prepared;
    guards.require(!is_out, Refusal::PackageLive)?;
    require_status(guards, claim, CHANGEABLE)?;
    guards.require(!claim.execution.has_moved_deposit(), Refusal::AlreadyMoved)?;
    guards.require(
        claim.holds_fee() && claim.unwinding.is_none(),
        Refusal::NothingHeld,
    )?;
    guards.require(claim.hold.is_none(), Refusal::OnHold)?;
    let costs = claim.execution.costs_since_hold();
    let planned = claim.quote.as_ref().zip(costs).and_then(|(quote, costs)| {
        unwinding_plan(claim, &quote.quote, costs).map(|plan| (plan, costs))
    });
    let (plan, costs) = planned.ok_or(Refusal::PlanMissing)?;
    guards.require(!reason.trim().is_empty(), Refusal::ReasonMissing)?;
    let mut next = claim.clone();
    next.revision = claim.revision.saturating_add(1);
    next.approvals.clear();
    renew_screening(&mut next);
    // Nothing of the deposit moved, so that it weighs on no other claim until it is decided again.
    next.approved = None;
    next.plan = Some(plan);
    next.unwinding = Some(Unwinding {
        reason: reason.to_owned(),
        person: facts.actor.name.clone(),
        since: facts.now,
        costs,
    });
    next.execution.done = 1;
    next.execution.package = None;
    next.status = ClaimStatus::PendingApproval;
    next.involved.insert(facts.actor.name.clone());
    Ok(next)
}

/// What is voted on afresh is the newest clearance, which the signers hold to an age as well.
fn renew_screening(next: &mut Claim) {
    if next.rescreening.as_ref().is_some_and(|latest| latest.clear) {
        next.screening = next.rescreening.take();
    }
}

/// Votes that grew too old, or no longer suffice under the policies in force, make a new revision: everybody votes afresh. This is
/// also the only way on for a claim whose deposit was moved and whose votes ran out before its last step. Instructions that are out
/// past their deadline stay out, since the ledger may book them late and books their ids once: the votes are for a new deadline.
fn lapsed(guards: &impl Guards, claim: &Claim, facts: &Facts<'_>) -> Result<Claim, Refusal> {
    guards.require(!facts.policies.is_empty(), Refusal::PolicyMissing)?;
    let is_idle = match claim.status {
        ClaimStatus::PendingApproval | ClaimStatus::Approved | ClaimStatus::Prepared => true,
        ClaimStatus::Confirming => claim.execution.package.is_none(),
        ClaimStatus::Instructed => {
            let package = claim.execution.package.as_ref();
            package.is_none_or(|package| facts.now >= package.expires_at)
        }
        ClaimStatus::FailedOnChain | ClaimStatus::ArtifactExpired => claim.execution.is_bound(),
        _ => false,
    };
    guards.require(is_idle, Refusal::StatusWrong)?;
    guards.require(!claim.approvals.is_empty(), Refusal::VotesStillValid)?;
    let is_old = |vote: &Approval, seconds| {
        vote.approved_at
            .plus_seconds(seconds)
            .is_none_or(|ends| facts.now > ends)
    };
    let some_old = facts.policies.iter().any(|policy| {
        claim
            .approvals
            .iter()
            .any(|vote| is_old(vote, policy.approval.vote_valid_seconds))
    });
    // Fewer than enough is what undecided means; a delay that still runs takes no vote back.
    let too_few = claim.is_decided()
        && !count_all(guards, claim, facts).is_ok_and(|counts| are_enough(claim, facts, &counts));
    guards.require(some_old || too_few, Refusal::VotesStillValid)?;
    let mut next = claim.clone();
    next.revision = claim.revision.saturating_add(1);
    next.approvals.clear();
    renew_screening(&mut next);
    // What may have moved stays in the sums by which other claims find their tier.
    let is_out = claim.status == ClaimStatus::Instructed && claim.execution.package.is_some();
    if !is_out && !claim.execution.is_bound() {
        next.approved = None;
    }
    if !is_out {
        next.execution.package = None;
        next.status = ClaimStatus::PendingApproval;
    }
    Ok(next)
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
