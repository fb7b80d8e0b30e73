//! How many people must agree to what: ordered rules, value tiers by rolling sums, and the counting of votes.
//!
//! Unknown is never fine: a value that nobody knows needs the top tier, a claim that no rule or no tier fits is denied.

use crate::claim::Resolution;
use crate::code::coded;
use crate::fee::Cents;
use crate::kind::Kind;
use crate::network::NetworkId;
use crate::people::Person;
use std::collections::BTreeMap;

/// How many people must agree under one version of the policy, and for how long what they saw holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalPolicy {
    /// Read from the top; the first that fits decides, and a claim that none fits is denied.
    pub rules: Vec<ApprovalRule>,
    /// By value, each with a higher `value_max` than the one before; the last may have none.
    pub tiers: Vec<Tier>,
    /// The sums of seven days are measured against so many times the tier's `value_max`.
    pub week_multiple: u32,
    /// What one person put up for approval is measured against so many times the tier's `value_max`.
    pub maker_multiple: u32,
    /// What the same two people approved together is measured against so many times the tier's `value_max`.
    pub pair_multiple: u32,
    /// The most that is released in 24 hours, in the policy's currency; more needs the leads.
    pub day_release_max: Cents,
    /// How long a vote counts, in seconds.
    pub vote_valid_seconds: i64,
    /// How old a screening may be when a vote is given, in seconds.
    pub screening_age_max_seconds: i64,
    /// How old a screening may be when something is released, in seconds.
    pub release_screening_age_max_seconds: i64,
    /// Whether a vote counts only with the person's signature over the content.
    pub signed_votes: bool,
}

/// One rule: which claims it is for, and whether they may be approved at all. An empty list fits everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalRule {
    /// Its number in the file, from 1.
    pub number: u32,
    /// Kinds of deposit.
    pub kinds: Vec<Kind>,
    /// Networks.
    pub networks: Vec<NetworkId>,
    /// Resolutions.
    pub resolutions: Vec<Resolution>,
    /// What it says.
    pub action: RuleAction,
}

coded! {
    /// What an approval rule says.
    pub enum RuleAction {
        /// Nobody can approve it.
        Block => "block",
        /// The value tiers say who must agree.
        Tiers => "tiers",
    }
}

/// Who must agree up to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tier {
    /// Its name, for people: `T0`.
    pub name: String,
    /// The highest value, rolling sums included, that it is enough for, in the policy's currency; `None` for any.
    pub value_max: Option<Cents>,
    /// How many people of the wallet team must vote for it; at least one.
    pub votes: u32,
    /// How many of these must be leads.
    pub lead_votes: u32,
    /// Whether a further person of compliance must vote for it.
    pub compliance_vote: bool,
    /// How long after the last vote nothing is released, in seconds.
    pub delay_seconds: i64,
    /// Where set, the person who opened the claim may be the one vote, within these limits.
    pub alone: Option<Alone>,
}

/// How much one person may decide alone in 24 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alone {
    /// The most in the policy's currency.
    pub day_value_max: Cents,
    /// The most claims.
    pub day_claims_max: u32,
}

/// What was approved in the last 24 hours and seven days, in the policy's currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    /// In 24 hours.
    pub day: Cents,
    /// In seven days.
    pub week: Cents,
}

/// What was approved lately on other claims that share something with this one, and what was released. This claim is in none of
/// the sums.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spending {
    /// To the same user.
    pub beneficiary: Window,
    /// To the same address.
    pub destination: Window,
    /// From the same sender of the deposit.
    pub origin: Window,
    /// Opened by the same person.
    pub maker: Window,
    /// Approved by the same two people, by their names in order.
    pub pairs: BTreeMap<(String, String), Window>,
    /// What the opener decided alone in 24 hours.
    pub alone_value: Cents,
    /// How many claims the opener decided alone in 24 hours.
    pub alone_claims: u32,
    /// Everything that was released in 24 hours, or since the leads last lifted a halt if that is less.
    pub released: Cents,
}

/// One version of the policy as it bears on a claim.
#[derive(Debug, Clone, Copy)]
pub struct PolicyInForce<'a> {
    /// Who must agree.
    pub approval: &'a ApprovalPolicy,
    /// Everybody whom it names.
    pub people: &'a [Person],
}

impl<'a> PolicyInForce<'a> {
    /// The person with this name.
    #[must_use]
    pub fn person(self, name: &str) -> Option<&'a Person> {
        self.people.iter().find(|person| person.name == name)
    }
}

impl ApprovalPolicy {
    /// What the first rule that fits says; `None` where none fits, which denies.
    #[must_use]
    pub fn action(
        &self,
        kind: Kind,
        network: &NetworkId,
        resolution: Resolution,
    ) -> Option<RuleAction> {
        fn fits<T: PartialEq>(list: &[T], value: &T) -> bool {
            list.is_empty() || list.contains(value)
        }
        self.rules
            .iter()
            .find(|rule| {
                fits(&rule.kinds, &kind)
                    && fits(&rule.networks, network)
                    && fits(&rule.resolutions, &resolution)
            })
            .map(|rule| rule.action)
    }

    /// The value by which the tier is chosen: the largest of the claim's own value added to each rolling sum, each measured
    /// against its own multiple (divisions round up). `None` where the value is unknown or leaves every range.
    ///
    /// Splitting a claim into several never lowers it for the last of them: the others are in the sums.
    #[must_use]
    pub fn scrutiny(
        &self,
        value: Option<Cents>,
        spending: &Spending,
        voters: &[&str],
    ) -> Option<Cents> {
        let value = value?;
        let mut most = value;
        let mut measure = |sum: Window, multiple: u32| {
            let day = value.checked_add(sum.day)?.divided_up(multiple)?;
            let week = value
                .checked_add(sum.week)?
                .divided_up(multiple.checked_mul(self.week_multiple)?)?;
            most = most.max(day).max(week);
            Some(())
        };
        measure(spending.beneficiary, 1)?;
        measure(spending.destination, 1)?;
        measure(spending.origin, 1)?;
        measure(spending.maker, self.maker_multiple)?;
        for (pair, sum) in &spending.pairs {
            if voters.contains(&pair.0.as_str()) && voters.contains(&pair.1.as_str()) {
                measure(*sum, self.pair_multiple)?;
            }
        }
        Some(most)
    }

    /// The tier for a value: the first whose `value_max` is not below it. A value that nobody knows needs the last tier; a value
    /// above every tier has none, which denies.
    #[must_use]
    pub fn tier(&self, scrutiny: Option<Cents>) -> Option<&Tier> {
        match scrutiny {
            None => self.tiers.last(),
            Some(value) => self
                .tiers
                .iter()
                .find(|tier| tier.value_max.is_none_or(|most| value <= most)),
        }
    }
}
