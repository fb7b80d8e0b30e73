//! Giving a recovery up whose fee is set aside.

use super::approval::renew_screening;
use super::{CHANGEABLE, require_role, require_status, revised};
use crate::claim::ClaimStatus;
use crate::claim::beside::{Unwinding, unwinding_plan};
use crate::claim::command::Facts;
use crate::claim::guards::Guards;
use crate::claim::record::Claim;
use crate::claim::refusal::Refusal;
use crate::people::Role;

/// Who may give a recovery up after a fee was set aside: those who work on it, and those who carry it out. The people who vote agree to
/// what that does, as to everything else.
const UNWINDERS: &[Role] = &[Role::Specialist, Role::Agent, Role::Treasury];

/// Gives a recovery up whose fee is set aside. Nothing is asked of the deposit, which may be gone: it is not touched. What becomes of
/// the fee was part of what the customer accepted; that it comes to this is another content, which people vote on afresh.
pub(super) fn unwound(
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
    let mut next = revised(claim);
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
