//! A fee policy in plain sentences.

use super::case::{case, conditions, done};
use super::{Names, form_with, is_eaten, listed};
use crate::amount::Amount;
use crate::fee::form::{Edge, FeeForm};
use crate::fee::money::Cents;
use crate::fee::rule::{FeePolicy, FeeRule, OnFailure, Outcome, PaidFrom, PriceTime, Waiver};
use crate::kind::Kind;

/// What is said about one rule, one waiver, or the whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paragraph {
    /// The rule; `None` for what is said after the rules.
    pub rule: Option<u32>,
    /// The sentences, on one line.
    pub text: String,
}

/// A policy in plain sentences: one paragraph a rule, in the order in which they decide, then one a waiver, then what happens
/// to cases that no rule is for.
#[must_use]
pub fn explain(policy: &FeePolicy, names: &Names<'_>) -> Vec<Paragraph> {
    let rules = policy.rules.iter().map(|rule| Paragraph {
        rule: Some(rule.number),
        text: Speaker {
            policy,
            rule,
            names,
        }
        .paragraph(),
    });
    let waivers = policy.waivers.iter().map(|waiver| Paragraph {
        rule: None,
        text: waived(waiver),
    });
    let rest = Paragraph {
        rule: None,
        text: rest(policy),
    };
    rules.chain(waivers).chain(std::iter::once(rest)).collect()
}

const WAITS: &str = "It waits until what its owner sent to the same address reaches the smallest deposit that is credited.";

struct Speaker<'a> {
    policy: &'a FeePolicy,
    rule: &'a FeeRule,
    names: &'a Names<'a>,
}

impl Speaker<'_> {
    fn paragraph(&self) -> String {
        let mut sentences = vec![self.cases()];
        if self.rule.form == FeeForm::Refuse {
            sentences.push("Such cases get no service.".to_owned());
            return sentences.join(" ");
        }
        sentences.extend(self.minimum());
        if self.rule.waits_for_minimum {
            sentences.push(WAITS.to_owned());
        }
        sentences.push(self.charge());
        sentences.extend(self.free_cases());
        sentences.extend(self.network());
        sentences.push(self.payment());
        sentences.push(self.price());
        sentences.extend(self.time());
        sentences.extend(self.waivers());
        sentences.join(" ")
    }

    fn cases(&self) -> String {
        let rule = self.rule;
        let title = rule
            .title
            .as_ref()
            .map_or_else(String::new, |title| format!(" ({title})"));
        let kinds: Vec<String> = rule
            .kinds
            .iter()
            .map(|kind| case(*kind).to_owned())
            .collect();
        let mut text = match (kinds.is_empty(), rule.number) {
            (false, _) => format!("Rule {}{title} is for: {}", rule.number, kinds.join("; ")),
            (true, 1) => format!("Rule 1{title} is for every case"),
            (true, number) => {
                format!("Rule {number}{title} is for every case that no rule above takes")
            }
        };
        let mut narrower = conditions(rule, self.names);
        if !rule.resolutions.is_empty() {
            let ways: Vec<String> = rule
                .resolutions
                .iter()
                .map(|resolution| done(*resolution).to_owned())
                .collect();
            narrower.push(format!("when it is {}", listed(&ways, "or")));
        }
        if matches!(rule.form, FeeForm::Matrix(_)) {
            narrower.push("between the networks below".to_owned());
        }
        if !narrower.is_empty() {
            let only = if kinds.len() > 1 { "; each " } else { ", " };
            text.push_str(only);
            text.push_str(&narrower.join(", "));
        }
        text.push('.');
        text
    }

    fn minimum(&self) -> Option<String> {
        let currency = self.names.currency;
        let minimum = self.rule.value_min?;
        let value = minimum.value;
        Some(match minimum.edge {
            _ if is_eaten(&self.rule.form, value) => format!(
                "What is worth less than {value} {currency} is refused, and so is what the fees would eat."
            ),
            Edge::GreaterOrEqual => format!(
                "What is worth less than {value} {currency} is refused; exactly {value} is enough."
            ),
            Edge::GreaterThan => {
                let enough = value
                    .checked_add(Cents(Amount::from_u128(1)))
                    .unwrap_or(value);
                format!("What is worth {value} {currency} or less is refused; {enough} is enough.")
            }
        })
    }

    fn charge(&self) -> String {
        let rule = self.rule;
        let words = form_with(&rule.form, self.names);
        let charged = match &rule.form {
            FeeForm::NetworkCost => "It charges only what the network takes".to_owned(),
            FeeForm::Tiers(tiers) => {
                let below = tiers
                    .first()
                    .filter(|first| first.from != Cents::default())
                    .map_or_else(String::new, |first| {
                        format!("; below {} {}: refused", first.from, self.names.currency)
                    });
                format!("It charges {words}{below}")
            }
            _ => format!("It charges {words}"),
        };
        match self.example() {
            Some(example) => format!("{charged}. {example}"),
            None => format!("{charged}."),
        }
    }

    /// What a value costs, where a person would have to reckon it.
    fn example(&self) -> Option<String> {
        let currency = self.names.currency;
        match &self.rule.form {
            FeeForm::Percent(_) | FeeForm::FlatOrPercent(_) | FeeForm::Tiers(_) => {
                let (value, fee) = self.telling()?;
                Some(format!(
                    "Example: a value of {value} {currency} costs {fee} {currency}."
                ))
            }
            FeeForm::WithdrawalFee { multiple } => {
                let is_named =
                    |asset: &_| self.rule.assets.is_empty() || self.rule.assets.contains(asset);
                let mut known = self.policy.withdrawals.iter();
                let (asset, terms) = known.find(|(asset, _)| is_named(asset))?;
                let asset = (self.names.asset)(asset);
                let fee = terms.fee;
                let coins = multiple.times(fee)?;
                Some(format!(
                    "Example: a withdrawal of {asset} costs {fee}, so the fee is {coins} {asset}; what is left must be at least \
                     {minimum}.",
                    minimum = terms.minimum,
                ))
            }
            _ => None,
        }
    }

    /// The first of 1000, 10000, … that the rule takes and of which it leaves at least half, and what it costs.
    fn telling(&self) -> Option<(Cents, Cents)> {
        let mut value = Cents(Amount::from_u128(100_000));
        for _ in 0..12 {
            let is_enough = self
                .rule
                .value_min
                .is_none_or(|minimum| minimum.allows(value));
            if let Some(fee) = self.rule.form.cents_at(value).filter(|_| is_enough)
                && fee.checked_add(fee).is_some_and(|twice| twice <= value)
            {
                return Some((value, fee));
            }
            let ten = Amount::from_u128(10);
            value = Cents(value.0.mul_ratio_floor(ten, Amount::from_u128(1))?);
        }
        None
    }

    fn free_cases(&self) -> Option<String> {
        match self.rule.first_free {
            0 => None,
            1 => Some("The first case of each user is free of it.".to_owned()),
            number => Some(format!(
                "The first {number} cases of each user are free of it."
            )),
        }
    }

    fn network(&self) -> Option<String> {
        if let Some(coins) = self.rule.prepaid_gas {
            let network = self.rule.networks.first();
            let network = network.map_or_else(String::new, |id| {
                format!(" on {}", (self.names.network)(id))
            });
            return Some(format!(
                "For the network the customer pays in {coins} native coins{network} beforehand, in the place of what it takes."
            ));
        }
        match &self.rule.form {
            FeeForm::NetworkCost => None,
            _ if self.is_free() => Some("What the network takes is still to be paid.".to_owned()),
            _ => Some("What the network takes comes on top.".to_owned()),
        }
    }

    /// Whether the exchange itself never charges anything.
    fn is_free(&self) -> bool {
        match &self.rule.form {
            FeeForm::Flat { amount } => *amount == Cents::default(),
            FeeForm::NetworkCost => true,
            _ => false,
        }
    }

    /// What is paid beside the deposit, and in what.
    fn in_what(&self) -> String {
        let asset = self.policy.fee_asset.as_ref();
        let asset = asset.map_or_else(String::new, |asset| {
            format!(" in {}", (self.names.asset)(asset))
        });
        let is_coins =
            |form: &FeeForm| matches!(form, FeeForm::Coin { .. } | FeeForm::WithdrawalFee { .. });
        match (
            self.rule.form.members().all(is_coins),
            self.rule.prepaid_gas,
        ) {
            (false, _) => asset,
            (true, Some(_)) => " in that coin".to_owned(),
            (true, None) => format!(", the fee in that coin and what the network takes{asset},"),
        }
    }

    /// From what it is paid and when, and what becomes of it when the recovery fails.
    fn payment(&self) -> String {
        let asset = self.in_what();
        let comma = if asset.ends_with(',') { "" } else { "," };
        let taken = "before anything moves and taken once everything moved";
        let what = match (self.is_free(), self.rule.prepaid_gas) {
            (false, None) => "Both are",
            _ => "That is",
        };
        let from_balance = format!("set aside on the user's balance{asset} {taken}");
        let is_unlisted = self.rule.kinds == [Kind::UnlistedToken];
        let how = match (self.rule.paid_from, &self.policy.fee_asset) {
            (Some(PaidFrom::Balance), _) => format!("{what} {from_balance}."),
            (Some(PaidFrom::Prepaid), _) => {
                format!("{what} paid in beforehand{asset}{comma} set aside {taken}.")
            }
            (None, Some(_)) if is_unlisted => format!("{what} {from_balance}."),
            (None, Some(_)) => format!(
                "{what} taken out of the deposit, or, for a token that the exchange does not list, {from_balance}."
            ),
            (Some(PaidFrom::Deposit), _) | (None, None) if self.rule.prepaid_gas.is_none() => {
                return format!(
                    "{what} taken out of the deposit, so nothing is paid if the recovery fails."
                );
            }
            (Some(PaidFrom::Deposit), _) | (None, None) => {
                "The fee is taken out of the deposit.".to_owned()
            }
        };
        let kept = match self.rule.on_failure {
            OnFailure::Refund => "all that was set aside is given back",
            OnFailure::RefundLessCosts => {
                "what the networks took is kept and the rest of what was set aside is given back"
            }
            OnFailure::Keep => "what was set aside is kept",
        };
        format!("{how} If the recovery fails, {kept}.")
    }

    fn price(&self) -> String {
        let which = match self.rule.price {
            PriceTime::Quote => "The newest price when the quote is given counts",
            PriceTime::Deposit => "The price at the time of the deposit's block counts",
            PriceTime::PreviousClose => "The last price of the day before the quote (UTC) counts",
            PriceTime::MeanOfSevenDays => {
                "The mean of the last prices of the seven days before the quote (UTC) counts"
            }
        };
        match &self.rule.price_source {
            Some(source) => format!("{which}, by {source} alone."),
            None => format!("{which}."),
        }
    }

    fn time(&self) -> Option<String> {
        let outcome = self.rule.outcome.map(|outcome| match outcome {
            Outcome::Credit => "a credit to the account",
            Outcome::Refund => "a refund to an address",
        });
        match (self.rule.days, outcome) {
            (None, None) => None,
            (Some(days), None) => Some(format!("It takes {}.", in_days(days))),
            (None, Some(outcome)) => Some(format!("It ends in {outcome}.")),
            (Some(days), Some(outcome)) => {
                Some(format!("It takes {} and ends in {outcome}.", in_days(days)))
            }
        }
    }

    fn waivers(&self) -> Option<String> {
        let is_for = |waiver: &&Waiver| {
            let (mine, its) = (&self.rule.kinds, &waiver.kinds);
            let meet =
                mine.is_empty() || its.is_empty() || its.iter().any(|kind| mine.contains(kind));
            meet && (waiver.network || !self.is_free())
        };
        let waivers = self.policy.waivers.iter().filter(is_for);
        let codes: Vec<String> = waivers.map(|waiver| waiver.code.clone()).collect();
        (!codes.is_empty()).then(|| format!("It may be waived: {}.", codes.join(", ")))
    }
}

/// `2 to 3 days`, `14 days`.
fn in_days(days: (u32, u32)) -> String {
    let unit = if days.1 == 1 { "day" } else { "days" };
    format!("{} {unit}", range(days))
}

/// `2 to 3`, `14`.
pub(super) fn range((least, most): (u32, u32)) -> String {
    if least == most {
        most.to_string()
    } else {
        format!("{least} to {most}")
    }
}

/// No waiver reaches what an output pays for its own transaction: nobody else's coin could pay it there.
const OUTPUTS_PAY: &str = " What an output of Bitcoin or its relatives pays for its own transaction to an address is not waived: it comes out of \
                           the output.";

fn waived(waiver: &Waiver) -> String {
    let Waiver {
        code,
        title,
        kinds,
        from,
        until,
        percent,
        network,
        roles,
    } = waiver;
    let what = match (percent.is_zero(), network) {
        (true, _) => "what the network takes".to_owned(),
        (false, true) => format!("{percent} % of the service fee, and what the network takes"),
        (false, false) => format!("{percent} % of the service fee"),
    };
    let outputs = if *network { OUTPUTS_PAY } else { "" };
    let kinds = if kinds.is_empty() {
        "every case".to_owned()
    } else {
        let kinds: Vec<&str> = kinds.iter().map(|kind| case(*kind)).collect();
        format!("these cases: {}", kinds.join("; "))
    };
    let roles: Vec<String> = roles.iter().map(ToString::to_string).collect();
    let window = match (from, until) {
        (None, None) => String::new(),
        (Some(from), None) => format!(", from {from} on"),
        (None, Some(until)) => format!(", until before {until}"),
        (Some(from), Some(until)) => format!(", from {from} until before {until}"),
    };
    format!(
        "Waiver {code} ({title}) lets a customer off {what}{window}, for {kinds}.{outputs} Somebody with the role {} grants it, with a note.",
        listed(&roles, "or")
    )
}

/// The cases that no rule is for, whatever else they are.
fn rest(policy: &FeePolicy) -> String {
    let is_claimed = |kind: &Kind| kind.is_workable() || *kind == Kind::AlreadyCredited;
    let has_rule = |kind: Kind| {
        policy
            .rules
            .iter()
            .any(|rule| rule.kinds.is_empty() || rule.kinds.contains(&kind))
    };
    let without: Vec<&str> = Kind::ALL
        .iter()
        .filter(|kind| is_claimed(kind) && !has_rule(**kind))
        .map(|kind| case(*kind))
        .collect();
    let refused = if policy.waivers.len() > 1 {
        "Of several waivers the largest counts; they are not added. What no rule takes gets no quote."
    } else {
        "What no rule takes gets no quote."
    };
    if without.is_empty() {
        refused.to_owned()
    } else {
        format!("{refused} No rule is for: {}.", without.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decimal::Decimal;
    use crate::fee::words::times;

    #[test]
    fn own_days_and_multiples_are_said_as_people_say_them() {
        assert_eq!(in_days((2, 3)), "2 to 3 days");
        assert_eq!(in_days((14, 14)), "14 days");
        assert_eq!(in_days((1, 1)), "1 day");
        assert_eq!(times(Decimal::parse("5.0").unwrap()), "5 times");
        assert_eq!(times(Decimal::whole(2)), "twice");
    }
}
