//! What a recovery costs the customer: quoted, let off, accepted, expired.

use super::{CHANGEABLE, MAKERS, require_nothing_out, require_role, require_status, revised};
use crate::claim::ClaimStatus;
use crate::claim::command::Facts;
use crate::claim::consent::{Acceptance, Evidence, GrantedWaiver};
use crate::claim::guards::Guards;
use crate::claim::plan_fits::require_plan_fits;
use crate::claim::record::{Claim, ClaimQuote};
use crate::claim::refusal::Refusal;
use crate::claim::standing::require_payable;
use crate::fee::{Cents, Waiver};
use crate::plan::Plan;

/// The claim before another price: where it had one, that is another content, and votes on it no longer count.
fn repriced(claim: &Claim) -> Claim {
    if claim.quote.is_none() {
        return claim.clone();
    }
    let mut next = revised(claim);
    next.approved = None;
    next
}

pub(super) fn quoted(
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
    let mut next = repriced(claim);
    // Nor does the clearance of that content.
    if claim.quote.is_some() {
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
pub(super) fn waived(
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
    let mut next = repriced(claim);
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

pub(super) fn accepted(
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

pub(super) fn quote_expired(
    guards: &impl Guards,
    claim: &Claim,
    facts: &Facts<'_>,
) -> Result<Claim, Refusal> {
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
