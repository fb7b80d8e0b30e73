//! For whom a fee is, and under which conditions.

use super::form::{Edge, FeeForm};
use super::money::Cents;
use crate::asset::AssetId;
use crate::claim::Resolution;
use crate::code::coded;
use crate::decimal::Decimal;
use crate::kind::Kind;
use crate::network::NetworkId;
use crate::people::Role;
use crate::time::Timestamp;
use std::collections::BTreeMap;

use super::quote::QuoteRefusal;

pub(super) const DAY_SECONDS: i64 = 86_400;

coded! {
    /// What a fee is paid from.
    pub enum PaidFrom {
        /// The deposit itself: the customer receives less.
        Deposit => "deposit",
        /// The user's balance, in the policy's `fee_asset`: set aside before anything moves.
        Balance => "balance",
        /// What the customer paid in for it beforehand, which the ledger sets aside.
        Prepaid => "prepaid",
    }
}

coded! {
    /// What becomes of a fee that was set aside when the recovery fails.
    pub enum OnFailure {
        /// All of it is given back.
        Refund => "refund",
        /// What the networks took is kept, the rest is given back.
        RefundLessCosts => "refund_less_costs",
        /// It is kept.
        Keep => "keep",
    }
}

coded! {
    /// Which price a deposit is valued at.
    pub enum PriceTime {
        /// The newest one when the quote is given.
        Quote => "quote",
        /// The one of the deposit's block.
        Deposit => "deposit",
        /// The last one of the day before the quote, in UTC.
        PreviousClose => "previous_close",
        /// The mean of the seven days before the quote, each by its last price in UTC.
        MeanOfSevenDays => "mean_of_seven_days",
    }
}

coded! {
    /// What a customer gets, for the public table of fees.
    pub enum Outcome {
        /// Their account is credited.
        Credit => "credit",
        /// It is paid out to an address.
        Refund => "refund",
    }
}

/// A least value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValueMin {
    /// The value.
    pub value: Cents,
    /// Whether that very value is enough.
    pub edge: Edge,
}

impl ValueMin {
    /// Whether a value is enough.
    #[must_use]
    pub fn allows(self, value: Cents) -> bool {
        self.edge.reached(value, self.value)
    }
}

/// How old a deposit is: whole days of 24 hours since its block, from `from_days` (inside) to `to_days` (outside).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgeWindow {
    /// The least age.
    pub from_days: u32,
    /// The first age outside; `None` for no limit.
    pub to_days: Option<u32>,
}

impl AgeWindow {
    /// Whether an age is inside.
    #[must_use]
    pub fn holds(self, age_seconds: i64) -> bool {
        let seconds = |days: u32| i64::from(days).saturating_mul(DAY_SECONDS);
        age_seconds >= seconds(self.from_days)
            && self.to_days.is_none_or(|days| age_seconds < seconds(days))
    }
}

/// One rule of the policy. The first that fits decides; an empty list fits all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeeRule {
    /// Its place in the policy, counted from 1, for people.
    pub number: u32,
    /// What the public table calls the case; `None` where its kinds say it.
    pub title: Option<String>,
    /// The kinds it is for.
    pub kinds: Vec<Kind>,
    /// The networks it is for.
    pub networks: Vec<NetworkId>,
    /// The assets it is for.
    pub assets: Vec<AssetId>,
    /// The resolutions it is for.
    pub resolutions: Vec<Resolution>,
    /// How old the deposit is; `None` for any age.
    pub age: Option<AgeWindow>,
    /// Values below are refused; `None` for no minimum.
    pub value_min: Option<ValueMin>,
    /// Whether a deposit below the smallest that is credited waits until what its owner sends to the address reaches that.
    pub waits_for_minimum: bool,
    /// What is charged.
    pub form: FeeForm,
    /// How many cases of one user are free of the service fee.
    pub first_free: u32,
    /// What it is paid from; `None`: the deposit, or the balance for an asset that the exchange does not list where the policy
    /// names a `fee_asset`.
    pub paid_from: Option<PaidFrom>,
    /// How many native coins the customer pays in for the network; `None` where the network's cost is a part of the fee.
    pub prepaid_gas: Option<Decimal>,
    /// What becomes of what was set aside when the recovery fails.
    pub on_failure: OnFailure,
    /// Which price counts.
    pub price: PriceTime,
    /// The only source whose price counts; `None` where all are compared.
    pub price_source: Option<String>,
    /// How many days it takes, from and to, for the public table.
    pub days: Option<(u32, u32)>,
    /// What the customer gets, for the public table; `None` where the resolution of each case says it.
    pub outcome: Option<Outcome>,
}

impl FeeRule {
    /// A rule for everything, without conditions.
    #[must_use]
    pub const fn new(number: u32, form: FeeForm) -> Self {
        Self {
            number,
            title: None,
            kinds: Vec::new(),
            networks: Vec::new(),
            assets: Vec::new(),
            resolutions: Vec::new(),
            age: None,
            value_min: None,
            waits_for_minimum: false,
            form,
            first_free: 0,
            paid_from: None,
            prepaid_gas: None,
            on_failure: OnFailure::Refund,
            price: PriceTime::Quote,
            price_source: None,
            days: None,
            outcome: None,
        }
    }

    /// Whether the rule is for everything, so that no later one can ever decide.
    #[must_use]
    pub const fn is_for_all(&self) -> bool {
        self.kinds.is_empty()
            && self.networks.is_empty()
            && self.assets.is_empty()
            && self.resolutions.is_empty()
            && self.age.is_none()
            && !matches!(self.form, FeeForm::Matrix(_))
    }

    /// Whether the rule is for this case.
    ///
    /// # Errors
    /// When it may be, and what decides it is not known.
    pub(super) fn fits(&self, case: &Case<'_>) -> Result<bool, QuoteRefusal> {
        let is_named = (self.kinds.is_empty() || self.kinds.contains(&case.kind))
            && (self.networks.is_empty() || self.networks.contains(case.network))
            && (self.assets.is_empty() || self.assets.contains(case.asset))
            && (self.resolutions.is_empty() || self.resolutions.contains(&case.resolution));
        if !is_named {
            return Ok(false);
        }
        if let FeeForm::Matrix(cells) = &self.form {
            let mut here = cells.iter().filter(|cell| cell.from == *case.network);
            match case.home {
                None if here.next().is_some() => return Err(QuoteRefusal::HomeUnknown),
                Some(home) if here.any(|cell| cell.to == *home) => {}
                _ => return Ok(false),
            }
        }
        match self.age {
            None => Ok(true),
            Some(window) => case
                .age_seconds
                .map(|age| window.holds(age))
                .ok_or(QuoteRefusal::AgeUnknown),
        }
    }
}

/// A reason for which people let a customer off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiver {
    /// Its code: snake_case, unique in the policy.
    pub code: String,
    /// What it is for, in words.
    pub title: String,
    /// The kinds it is for; empty for all.
    pub kinds: Vec<Kind>,
    /// From when on it may be granted; `None` for always.
    pub from: Option<Timestamp>,
    /// Until when, outside; `None` for ever.
    pub until: Option<Timestamp>,
    /// How much of the service fee is waived, in percent.
    pub percent: Decimal,
    /// Whether the network's cost is waived as well: the exchange pays it.
    pub network: bool,
    /// Who may grant it: somebody with one of these roles.
    pub roles: Vec<Role>,
}

impl Waiver {
    /// Whether it may be granted for a kind at a time.
    #[must_use]
    pub fn is_open(&self, kind: Kind, now: Timestamp) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(&kind))
            && self.from.is_none_or(|from| now >= from)
            && self.until.is_none_or(|until| now < until)
    }
}

/// What an ordinary withdrawal of an asset costs, and the least that is sent, in whole coins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WithdrawalTerms {
    /// The fee.
    pub fee: Decimal,
    /// The least that is sent.
    pub minimum: Decimal,
}

/// Everything that the policy says about fees.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FeePolicy {
    /// The rules in order; the first that fits decides.
    pub rules: Vec<FeeRule>,
    /// Reasons for which people may be let off.
    pub waivers: Vec<Waiver>,
    /// What withdrawals cost.
    pub withdrawals: BTreeMap<AssetId, WithdrawalTerms>,
    /// What balances pay fees in; `None` where every fee comes out of the deposit.
    pub fee_asset: Option<AssetId>,
}

/// The case that a rule is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// Why the deposit was not booked.
    pub kind: Kind,
    /// The network where it landed.
    pub network: &'a NetworkId,
    /// The network for which its address was made; `None` where the address book does not say one.
    pub home: Option<&'a NetworkId>,
    /// Its asset.
    pub asset: &'a AssetId,
    /// Whether the exchange lists that asset.
    pub is_listed: bool,
    /// What shall happen to it.
    pub resolution: Resolution,
    /// How long ago its block was made; `None` when unknown.
    pub age_seconds: Option<i64>,
    /// How many other cases its user has or had; `None` when the user is not known.
    pub earlier_cases: Option<u32>,
}

impl FeePolicy {
    /// The rule that decides for a case.
    ///
    /// # Errors
    /// When none does, or one may and what decides it is not known.
    pub fn rule_for(&self, case: &Case<'_>) -> Result<&FeeRule, QuoteRefusal> {
        for rule in &self.rules {
            if rule.fits(case)? {
                return Ok(rule);
            }
        }
        Err(QuoteRefusal::NoRule)
    }

    /// What a fee of this rule is paid from.
    #[must_use]
    pub fn paid_from(&self, rule: &FeeRule, case: &Case<'_>) -> PaidFrom {
        rule.paid_from.unwrap_or(match &self.fee_asset {
            // A token that nobody trades here is no money to be paid in.
            Some(_) if !case.is_listed => PaidFrom::Balance,
            _ => PaidFrom::Deposit,
        })
    }

    /// The waivers that count of those that were granted for a kind, each by its code and when it was granted: what was open then
    /// counts later too. Beside them the codes that count no more, since they left the policy or are for other kinds by now.
    #[must_use]
    pub fn granted<'a>(
        &self,
        kind: Kind,
        granted: impl Iterator<Item = (&'a str, Timestamp)>,
    ) -> (Vec<&Waiver>, Vec<&'a str>) {
        let mut lost = Vec::new();
        let counted = granted.filter_map(|(code, at)| {
            let waiver = self.waiver(code).filter(|waiver| waiver.is_open(kind, at));
            if waiver.is_none() {
                lost.push(code);
            }
            waiver
        });
        (counted.collect(), lost)
    }

    /// The waiver with this code; `None` when there is none.
    #[must_use]
    pub fn waiver(&self, code: &str) -> Option<&Waiver> {
        self.waivers.iter().find(|waiver| waiver.code == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waiver_counts_by_the_time_at_which_it_was_granted() {
        let at = Timestamp::from_micros;
        let waiver = |code: &str, kinds: &[Kind]| Waiver {
            code: code.to_owned(),
            title: code.to_owned(),
            kinds: kinds.to_vec(),
            from: Some(at(10)),
            until: Some(at(20)),
            percent: Decimal::whole(50),
            network: false,
            roles: vec![Role::WalletLead],
        };
        let policy = FeePolicy {
            waivers: vec![
                waiver("goodwill", &[]),
                waiver("other_kind", &[Kind::MissedCredit]),
            ],
            ..FeePolicy::default()
        };
        let counted = |code, granted| {
            let (counted, lost) = policy.granted(Kind::NoKey, [(code, at(granted))].into_iter());
            let counted: Vec<&str> = counted.iter().map(|waiver| waiver.code.as_str()).collect();
            // Nothing is dropped in silence.
            assert_eq!([counted.clone(), lost].concat(), [code]);
            counted == [code]
        };
        assert!(!counted("goodwill", 9));
        assert!(counted("goodwill", 10));
        assert!(counted("goodwill", 19));
        assert!(!counted("goodwill", 20));
        assert!(!counted("left_the_policy", 15));
        assert!(!counted("other_kind", 15));
    }
}
