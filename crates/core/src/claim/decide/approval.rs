//! Who agrees to a recovery: screened, voted on, rejected, and voted on afresh.

use super::{MAKERS, end, is_freshly_cleared, require_nothing_out, require_role, revised};
use crate::approval::PolicyInForce;
use crate::claim::ClaimStatus;
use crate::claim::command::Facts;
use crate::claim::guards::Guards;
use crate::claim::record::{Approval, Approved, Claim, Hold, Screening};
use crate::claim::refusal::Refusal;
use crate::claim::standing::require_still_there;
use crate::claim::votes::{self, are_enough, count_all, is_within_alone};
use crate::people::Role;

/// Who may vote.
const VOTERS: &[Role] = &[Role::Wallet, Role::WalletLead, Role::Compliance];

/// A hold can be set wherever the claim is open, and lifted wherever it was set: the path under it stays as it is. The first
/// clearance of an accepted claim is part of the content and puts it up for approval; a later one only renews the age.
pub(super) fn screened(
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

pub(super) fn voted(
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

pub(super) fn rejected(
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

/// What is voted on afresh is the newest clearance, which the signers hold to an age as well.
pub(super) fn renew_screening(next: &mut Claim) {
    if next.rescreening.as_ref().is_some_and(|latest| latest.clear) {
        next.screening = next.rescreening.take();
    }
}

/// Votes that grew too old, or no longer suffice under the policies in force, make a new revision: everybody votes afresh. This is
/// also the only way on for a claim whose deposit was moved and whose votes ran out before its last step. Instructions that are out
/// past their deadline stay out, since the ledger may book them late and books their ids once: the votes are for a new deadline.
pub(super) fn lapsed(
    guards: &impl Guards,
    claim: &Claim,
    facts: &Facts<'_>,
) -> Result<Claim, Refusal> {
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
    let mut next = revised(claim);
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
