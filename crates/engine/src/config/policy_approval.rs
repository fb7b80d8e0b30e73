//! Who must agree: the shape and the checks of `[approval]` and `[policy_change]` in `policy.toml`.
//!
//! A rule that nobody can meet, and one that everybody meets, are mistakes that show only when money waits. So both are refused
//! here: an empty list, a threshold of zero, a tier that the people named cannot fill, a tier that is weaker than the one below.

use super::error::{ConfigError, Problem};
use super::policy::PolicyChange;
use super::policy_file::{MINUTES_MAX, Reader, Words, seconds};
use super::policy_slots::Slots;
use recover_core::approval::{Alone, ApprovalPolicy, ApprovalRule, RuleAction, Tier};
use recover_core::people::{Person, Role};
use serde::Deserialize;
use toml::Spanned;

/// No team is larger, and the products of multiples stay small.
const COUNT_MAX: u32 = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ApprovalTable {
    signed_votes: Spanned<bool>,
    vote_valid_minutes: Spanned<u32>,
    day_release_max: Words,
    week_multiple: Spanned<u32>,
    maker_multiple: Spanned<u32>,
    pair_multiple: Spanned<u32>,
    #[serde(default)]
    rule: Vec<Spanned<RuleTable>>,
    #[serde(default)]
    tier: Vec<Spanned<TierTable>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleTable {
    kinds: Vec<Words>,
    networks: Vec<Words>,
    resolutions: Vec<Words>,
    action: Words,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TierTable {
    name: Words,
    value_max: Option<Words>,
    votes: Spanned<u32>,
    lead_votes: Spanned<u32>,
    compliance_vote: Spanned<bool>,
    delay_minutes: Spanned<u32>,
    alone_day_value_max: Option<Words>,
    alone_day_claims_max: Option<Spanned<u32>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeTable {
    admin_votes: Spanned<u32>,
    compliance_votes: Spanned<u32>,
    delay_minutes: Spanned<u32>,
}

impl Reader<'_> {
    /// `[approval]`; `ages` are the greatest ages of a screening at a vote and at a release, in seconds.
    pub(super) fn approval(
        &self,
        table: &Spanned<ApprovalTable>,
        people: &[Person],
        (screening_age_max_seconds, release_screening_age_max_seconds): (i64, i64),
    ) -> Result<ApprovalPolicy, ConfigError> {
        let ApprovalTable {
            signed_votes,
            vote_valid_minutes,
            day_release_max,
            week_multiple,
            maker_multiple,
            pair_multiple,
            rule,
            tier,
        } = table.get_ref();
        let multiple = |number| self.within(number, 1, COUNT_MAX);
        let policy = ApprovalPolicy {
            rules: self.rules(table, rule)?,
            tiers: self.value_tiers(table, tier)?,
            week_multiple: multiple(week_multiple)?,
            maker_multiple: multiple(maker_multiple)?,
            pair_multiple: multiple(pair_multiple)?,
            day_release_max: self.cents_above_zero(day_release_max)?,
            vote_valid_seconds: seconds(self.within(vote_valid_minutes, 1, MINUTES_MAX)?),
            screening_age_max_seconds,
            release_screening_age_max_seconds,
            signed_votes: *signed_votes.get_ref(),
        };
        if policy.signed_votes
            && let Some(voter) = people
                .iter()
                .find(|person| person.keys.is_empty() && person.is_any(VOTERS))
        {
            let name = voter.name.clone();
            return Err(self.at(signed_votes, Problem::VoterWithoutKey { name }));
        }
        for (tier, shape) in policy.tiers.iter().zip(tier) {
            if tier.delay_seconds >= policy.vote_valid_seconds {
                let problem = Problem::DelayOutlivesVotes;
                return Err(self.at(&shape.get_ref().delay_minutes, problem));
            }
        }
        let slots = Slots::of(people);
        for (tier, shape) in policy.tiers.iter().zip(tier) {
            self.fillable(&slots, tier, shape.get_ref())?;
        }
        Ok(policy)
    }

    fn rules<T>(
        &self,
        approval: &Spanned<T>,
        tables: &[Spanned<RuleTable>],
    ) -> Result<Vec<ApprovalRule>, ConfigError> {
        let mut rules: Vec<ApprovalRule> = Vec::with_capacity(tables.len());
        for (number, table) in (1u32..).zip(tables) {
            let catch_all = rules.iter().find(|rule| {
                rule.kinds.is_empty() && rule.networks.is_empty() && rule.resolutions.is_empty()
            });
            if let Some(earlier) = catch_all {
                let earlier = earlier.number;
                return Err(self.at(
                    table,
                    Problem::Unreachable {
                        earlier: vec![earlier],
                    },
                ));
            }
            let table = table.get_ref();
            rules.push(ApprovalRule {
                number,
                kinds: self.kinds(&table.kinds)?,
                networks: self.networks(&table.networks)?,
                resolutions: self.payments(&table.resolutions)?,
                action: self.word(
                    &table.action,
                    RuleAction::from_code,
                    RuleAction::ALL,
                    RuleAction::code,
                )?,
            });
        }
        if rules.is_empty() {
            return Err(self.in_table(approval, "rule", Problem::NoRule));
        }
        Ok(rules)
    }

    fn value_tiers<T>(
        &self,
        approval: &Spanned<T>,
        tables: &[Spanned<TierTable>],
    ) -> Result<Vec<Tier>, ConfigError> {
        let mut tiers: Vec<Tier> = Vec::with_capacity(tables.len());
        for table in tables {
            let table = table.get_ref();
            let tier = self.value_tier(table)?;
            if tiers.iter().any(|earlier| earlier.name == tier.name) {
                let name = tier.name;
                return Err(self.at(&table.name, Problem::TierTwice { name }));
            }
            if let Some(below) = tiers.last() {
                let rises = match (below.value_max, tier.value_max) {
                    (None, _) => false,
                    (Some(_), None) => true,
                    (Some(below), Some(most)) => below < most,
                };
                if !rises {
                    let place = table.value_max.as_ref().unwrap_or(&table.name);
                    return Err(self.at(place, Problem::ValueOrder));
                }
                // Who may pay more must not need fewer; and a value that nobody knows takes the last tier.
                let weaker = [
                    ("votes", tier.votes < below.votes),
                    ("lead_votes", tier.lead_votes < below.lead_votes),
                    (
                        "compliance_vote",
                        below.compliance_vote && !tier.compliance_vote,
                    ),
                    ("delay_minutes", tier.delay_seconds < below.delay_seconds),
                    (
                        "alone_day_value_max",
                        tier.alone.is_some() && below.alone.is_none(),
                    ),
                ];
                if let Some((key, _)) = weaker.into_iter().find(|(_, is_weaker)| *is_weaker) {
                    let below = below.name.clone();
                    return Err(self.in_table(
                        &table.name,
                        key,
                        Problem::TierWeaker { key, below },
                    ));
                }
            }
            tiers.push(tier);
        }
        if tiers.is_empty() {
            return Err(self.in_table(approval, "tier", Problem::NoTier));
        }
        Ok(tiers)
    }

    fn value_tier(&self, table: &TierTable) -> Result<Tier, ConfigError> {
        let votes = self.within(&table.votes, 1, COUNT_MAX)?;
        let lead_votes = self.within(&table.lead_votes, 0, votes)?;
        let compliance_vote = *table.compliance_vote.get_ref();
        let alone = match (&table.alone_day_value_max, &table.alone_day_claims_max) {
            (None, None) => None,
            (Some(value), Some(claims)) => Some(Alone {
                day_value_max: self.cents_above_zero(value)?,
                day_claims_max: self.within(claims, 1, COUNT_MAX)?,
            }),
            (value, _) => {
                let key = match value {
                    None => "alone_day_value_max",
                    Some(_) => "alone_day_claims_max",
                };
                return Err(self.missing(&table.name, key, "an opener who decides alone"));
            }
        };
        if alone.is_some() && (votes > 1 || lead_votes > 0 || compliance_vote) {
            let (key, kind) = (
                "alone_day_value_max",
                "a tier that needs more than one vote",
            );
            return Err(self.in_table(&table.name, key, Problem::NotForKind { key, kind }));
        }
        Ok(Tier {
            name: self.filled(&table.name)?,
            value_max: table
                .value_max
                .as_ref()
                .map(|words| self.cents_above_zero(words))
                .transpose()?,
            votes,
            lead_votes,
            compliance_vote,
            delay_seconds: seconds(self.within(&table.delay_minutes, 0, MINUTES_MAX)?),
            alone,
        })
    }

    /// Refuses a tier that the people of the policy could never fill, each of them in one slot of a claim.
    fn fillable(&self, slots: &Slots, tier: &Tier, table: &TierTable) -> Result<(), ConfigError> {
        let short = |place: &Spanned<u32>, what, people: usize, needed| {
            let people = u64::try_from(people).unwrap_or(u64::MAX);
            let needed = u64::from(needed);
            let is_short = people < needed;
            is_short.then(|| {
                self.at(
                    place,
                    Problem::TooFewPeople {
                        what,
                        people,
                        needed,
                    },
                )
            })
        };
        let counted = short(
            &table.votes,
            "wallet or wallet_lead",
            slots.voters(),
            tier.votes,
        )
        .or_else(|| {
            short(
                &table.lead_votes,
                "wallet_lead",
                slots.leads(),
                tier.lead_votes,
            )
        });
        if let Some(error) = counted {
            return Err(error);
        }
        if tier.compliance_vote && slots.officers() < 2 {
            let people = slots.officers();
            return Err(self.at(
                &table.compliance_vote,
                Problem::ComplianceSlot {
                    people: u64::try_from(people).unwrap_or(u64::MAX),
                },
            ));
        }
        if !slots.can_fill(tier) {
            let name = tier.name.clone();
            return Err(self.at(&table.votes, Problem::SlotsOverlap { name }));
        }
        Ok(())
    }

    /// `[policy_change]`: nobody locks themselves out, and nobody changes the rules alone.
    pub(super) fn change(
        &self,
        table: &ChangeTable,
        people: &[Person],
    ) -> Result<PolicyChange, ConfigError> {
        let needed = [
            (&table.admin_votes, 2, Role::Admin),
            (&table.compliance_votes, 1, Role::Compliance),
        ];
        for (votes, least, role) in needed {
            let votes_needed = u64::from(self.within(votes, least, COUNT_MAX)?);
            let have = people
                .iter()
                .filter(|person| person.roles.contains(&role))
                .count();
            let have = u64::try_from(have).unwrap_or(u64::MAX);
            if have < votes_needed {
                return Err(self.at(
                    votes,
                    Problem::TooFewPeople {
                        what: role.code(),
                        people: have,
                        needed: votes_needed,
                    },
                ));
            }
        }
        Ok(PolicyChange {
            admin_votes: *table.admin_votes.get_ref(),
            compliance_votes: *table.compliance_votes.get_ref(),
            delay_seconds: seconds(self.within(&table.delay_minutes, 0, MINUTES_MAX)?),
        })
    }
}

/// Whose votes a policy with signed votes takes only with a signature. The opener of a tier's `alone` needs a key as well, and
/// without one simply cannot decide alone.
const VOTERS: &[Role] = &[Role::Wallet, Role::WalletLead, Role::Compliance];
