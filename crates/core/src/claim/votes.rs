//! Whose votes count, and whether they are enough under every policy in force.

use super::Resolution;
use super::command::Facts;
use super::guards::{Counting, Every, Guards};
use super::record::{Approval, Claim};
use super::refusal::Refusal;
use crate::approval::{PolicyInForce, RuleAction, Spending, Tier};
use crate::digest::Digest;
use crate::fee::Cents;
use crate::kind::Kind;
use crate::network::NetworkId;
use crate::people::{Person, Role};
use crate::ssh;
use crate::time::Timestamp;
use std::collections::BTreeSet;

/// What the votes of a claim amount to under one policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count<'a> {
    /// The tier that the claim needs.
    pub tier: &'a Tier,
    /// The value by which it was chosen, rolling sums included; `None` where the value is unknown.
    pub scrutiny: Option<Cents>,
    /// Whose votes count for the wallet team.
    pub voters: BTreeSet<&'a str>,
    /// Who of them are leads.
    pub leads: BTreeSet<&'a str>,
    /// Whose votes count for compliance.
    pub compliance: BTreeSet<&'a str>,
    /// Whether it is enough for the tier.
    pub is_enough: bool,
    /// How many slots the voters fill: one each.
    slots: u32,
}

impl Count<'_> {
    /// Whether the votes would be enough for a tier. One natural person fills one slot: who fills the compliance slot is not counted
    /// for the wallet team.
    fn fills(&self, tier: &Tier) -> bool {
        let at_least = |have: usize, need: u32| u32::try_from(have).is_ok_and(|have| have >= need);
        if tier.votes == 0 {
            return false;
        }
        if !tier.compliance_vote {
            return self.slots >= tier.votes && at_least(self.leads.len(), tier.lead_votes);
        }
        self.compliance.iter().any(|officer| {
            let others = |set: &BTreeSet<&str>| set.iter().filter(|name| *name != officer).count();
            at_least(others(&self.voters), tier.votes)
                && at_least(others(&self.leads), tier.lead_votes)
        })
    }
}

/// The tier of a policy that a claim was approved in; `None` before, and where the policy has none of that name. The signers hold
/// a package to it: rolling sums that fell since ask for no fewer people and no shorter delay.
pub(super) fn tier_then<'a>(claim: &Claim, policy: &PolicyInForce<'a>) -> Option<&'a Tier> {
    let approved = claim.approved.as_ref()?;
    let tiers = &policy.approval.tiers;
    tiers.iter().find(|tier| tier.name == approved.tier)
}

/// Whether the votes are enough under every policy in force, for the tier of now and for the one of the approval: a vote may have
/// ceased to count since.
pub(super) fn are_enough(claim: &Claim, facts: &Facts<'_>, counts: &[Count<'_>]) -> bool {
    let mut pairs = facts.policies.iter().zip(counts);
    pairs.all(|(policy, count)| {
        count.is_enough && tier_then(claim, policy).is_none_or(|tier| count.fills(tier))
    })
}

/// The claim's value in the policy's currency; `None` where no price stood behind the quote.
#[must_use]
pub fn value_of(claim: &Claim) -> Option<Cents> {
    claim
        .quote
        .as_ref()
        .filter(|quote| !quote.price_ids.is_empty())
        .and_then(|quote| quote.quote.limit_value())
}

/// The value by which people are chosen. Taking money back from a user needs the top tier whatever it is worth, as what nobody can
/// value does.
fn value_for_tier(claim: &Claim) -> Option<Cents> {
    value_of(claim).filter(|_| claim.resolution != Resolution::CorrectBooking)
}

/// Counts the votes on the claim's present content under one policy.
///
/// # Errors
/// [`Refusal::NoApprovalRule`] where no rule or no tier fits, [`Refusal::BlockedByPolicy`] where one forbids it.
pub fn count<'a>(
    claim: &'a Claim,
    kind: Kind,
    network: &NetworkId,
    policy: PolicyInForce<'a>,
    spending: &Spending,
    now: Timestamp,
) -> Result<Count<'a>, Refusal> {
    count_with(&Every, claim, (kind, network), policy, spending, now)
}

/// Counts the votes under every policy in force. What a policy forbids is told before what it has no rule for.
pub(super) fn count_all<'a>(
    guards: &impl Guards,
    claim: &'a Claim,
    facts: &Facts<'a>,
) -> Result<Vec<Count<'a>>, Refusal> {
    let kind = facts.deposit.classification.kind;
    let network = facts.deposit.network();
    let is_blocked = facts
        .policies
        .iter()
        .any(|policy| action(claim, (kind, network), *policy) == Some(RuleAction::Block));
    guards.require(!is_blocked, Refusal::BlockedByPolicy)?;
    facts
        .policies
        .iter()
        .map(|policy| {
            count_with(
                guards,
                claim,
                (kind, network),
                *policy,
                facts.spending,
                facts.now,
            )
        })
        .collect()
}

/// What the policy says about such a claim. Where a fee is given back no rule forbids that: it would hang for ever.
fn action(
    claim: &Claim,
    (kind, network): (Kind, &NetworkId),
    policy: PolicyInForce<'_>,
) -> Option<RuleAction> {
    match &claim.unwinding {
        Some(_) => Some(RuleAction::Tiers),
        None => policy.approval.action(kind, network, claim.resolution),
    }
}

fn count_with<'a>(
    guards: &impl Guards,
    claim: &'a Claim,
    (kind, network): (Kind, &NetworkId),
    policy: PolicyInForce<'a>,
    spending: &Spending,
    now: Timestamp,
) -> Result<Count<'a>, Refusal> {
    let action = action(claim, (kind, network), policy);
    guards.require(action.is_some(), Refusal::NoApprovalRule)?;
    guards.require(action != Some(RuleAction::Block), Refusal::BlockedByPolicy)?;
    let digest = claim.content_digest();
    let valid: Vec<(&Approval, &Person)> = claim
        .approvals
        .iter()
        .filter_map(move |vote| {
            let person = policy.person(&vote.person);
            let listed = guards.counts(Counting::InTheRoster, person.is_some());
            (listed && is_valid(guards, vote, person, &digest, policy, now))
                .then_some(())
                .and(person)
                .map(|person| (vote, person))
        })
        .collect();
    let names: Vec<&str> = valid
        .iter()
        .map(|(_, person)| person.name.as_str())
        .collect();
    let scrutiny = policy
        .approval
        .scrutiny(value_for_tier(claim), spending, &names);
    let tier = policy
        .approval
        .tier(scrutiny)
        .ok_or(Refusal::NoApprovalRule)?;
    let may_be_alone = is_within_alone(claim, tier, spending);
    let mut voters = BTreeSet::new();
    let mut leads = BTreeSet::new();
    let mut compliance = BTreeSet::new();
    let mut slots = 0_u32;
    for (_, person) in &valid {
        let is_maker = person.name == claim.opened_by && may_be_alone;
        let uninvolved = !claim.involved.contains(&person.name) || is_maker;
        if !guards.counts(Counting::Uninvolved, uninvolved) {
            continue;
        }
        let name = person.name.as_str();
        if person.is_any(&[Role::Wallet, Role::WalletLead])
            || (is_maker && person.is_any(&[Role::Agent, Role::Specialist]))
        {
            if voters.insert(name) || guards.counts(Counting::OncePerPerson, false) {
                slots = slots.saturating_add(1);
            }
            if person.roles.contains(&Role::WalletLead) {
                leads.insert(name);
            }
        }
        if person.roles.contains(&Role::Compliance) {
            compliance.insert(name);
        }
    }
    let mut count = Count {
        tier,
        scrutiny,
        voters,
        leads,
        compliance,
        is_enough: false,
        slots,
    };
    count.is_enough = count.fills(tier);
    Ok(count)
}

/// Whether the tier lets the opener decide alone, and the claim with what they decided today stays within its limits.
pub(super) fn is_within_alone(claim: &Claim, tier: &Tier, spending: &Spending) -> bool {
    let Some(alone) = tier.alone else {
        return false;
    };
    let value = value_for_tier(claim).and_then(|value| value.checked_add(spending.alone_value));
    value.is_some_and(|value| value <= alone.day_value_max)
        && spending.alone_claims < alone.day_claims_max
}

fn is_valid(
    guards: &impl Guards,
    vote: &Approval,
    person: Option<&Person>,
    digest: &Digest,
    policy: PolicyInForce<'_>,
    now: Timestamp,
) -> bool {
    let ends = vote
        .approved_at
        .plus_seconds(policy.approval.vote_valid_seconds);
    let is_signed = person.is_some_and(|person| is_signed_by(person, digest, vote));
    guards.counts(Counting::OnThisContent, vote.digest == *digest)
        && guards.counts(
            Counting::NotTooOld,
            vote.approved_at <= now && ends.is_some_and(|ends| now <= ends),
        )
        && guards.counts(Counting::Signed, !policy.approval.signed_votes || is_signed)
}

/// Whether the vote carries a signature by one of the person's keys over the content.
pub(super) fn is_signed_by(person: &Person, digest: &Digest, vote: &Approval) -> bool {
    vote.signature.as_deref().is_some_and(|signature| {
        person
            .keys
            .iter()
            .any(|key| ssh::verify(key, digest, signature).is_ok())
    })
}
