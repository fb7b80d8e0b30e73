//! The fee engine: an itemised quote from a policy, prices and network cost, or a refusal with its reason.
//!
//! Money of the policy's currency is counted in cents. Fees round up to the cent and to the base unit; what the customer
//! receives rounds down. Nothing here ever turns an unknown price into a number.

use crate::amount::Amount;
use crate::code::coded;
use crate::decimal::Decimal;
use crate::kind::Kind;
use crate::network::NetworkId;

/// A sum of the policy's currency in cents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Cents(pub Amount);

impl Cents {
    /// Parses currency text such as `49.99`.
    ///
    /// # Errors
    /// When the text is no plain decimal with at most two decimals.
    pub fn parse(text: &str) -> Result<Self, crate::amount::AmountError> {
        Amount::from_coin_text(text, 2).map(Self)
    }

    /// The sum; `None` where it leaves every range.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// Divided by a number, rounded up; `None` for zero.
    #[must_use]
    pub fn divided_up(self, by: u32) -> Option<Self> {
        let by = Amount::from_u128(u128::from(by));
        self.0.mul_ratio_ceil(Amount::from_u128(1), by).map(Self)
    }
}

impl std::fmt::Display for Cents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = self.0.to_coin_text(2);
        let padded = match text.split_once('.') {
            None => format!("{text}.00"),
            Some((_, fraction)) if fraction.len() == 1 => format!("{text}0"),
            Some(_) => text,
        };
        f.pad(&padded)
    }
}

coded! {
    /// What a percentage is taken of.
    pub enum Basis {
        /// The whole value.
        Whole => "whole",
        /// What exceeds the free part.
        Excess => "excess",
    }
}

coded! {
    /// From which value on the fee is charged when a free part is set.
    pub enum Edge {
        /// Above the free part only.
        GreaterThan => "gt",
        /// At the free part already.
        GreaterOrEqual => "ge",
    }
}

/// How a service fee is reckoned from the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeeForm {
    /// The same for every value.
    Flat {
        /// The fee.
        amount: Cents,
    },
    /// A percentage between a floor and a cap, charged from a threshold on.
    Percent {
        /// The percentage (`5` is five in a hundred).
        percent: Decimal,
        /// The least that is charged once anything is.
        floor: Cents,
        /// The most; `None` for no limit.
        cap: Option<Cents>,
        /// Values up to here are free.
        free_under: Cents,
        /// Whether a value exactly at `free_under` is charged.
        edge: Edge,
        /// What the percentage is taken of.
        basis: Basis,
    },
    /// Half-open value tiers, each with a form of its own; a value outside every tier is refused.
    Tiers(Vec<FeeTier>),
}

/// One tier: values from `from` (inside) to `to` (outside).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeeTier {
    /// The least value inside.
    pub from: Cents,
    /// The first value outside; `None` for no limit.
    pub to: Option<Cents>,
    /// What is charged inside; never tiers again.
    pub form: FeeForm,
}

/// One rule of the policy. The first whose kinds and networks fit decides; an empty list fits all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeeRule {
    /// Its place in the policy, counted from 1, for people.
    pub number: u32,
    /// The kinds it is for.
    pub kinds: Vec<Kind>,
    /// The networks it is for.
    pub networks: Vec<NetworkId>,
    /// Values below are refused; `None` for no minimum.
    pub value_min: Option<Cents>,
    /// What is charged.
    pub form: FeeForm,
}

impl FeeRule {
    /// Whether the rule is for this kind on this network.
    #[must_use]
    pub fn fits(&self, kind: Kind, network: &NetworkId) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(&kind))
            && (self.networks.is_empty() || self.networks.contains(network))
    }
}

/// What the network's own work costs, and in what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkFee {
    /// The cost with its safety margin, in base units of the network's native coin.
    pub amount: Amount,
    /// Decimals of the native coin.
    pub decimals: u8,
    /// The native coin's price; `None` when unknown.
    pub price: Option<Decimal>,
}

/// What a quote is reckoned from.
#[derive(Debug, Clone)]
pub struct QuoteInput<'a> {
    /// The policy's rules in order.
    pub rules: &'a [FeeRule],
    /// Why the deposit was not booked.
    pub kind: Kind,
    /// Its network.
    pub network: &'a NetworkId,
    /// How much was received, in base units.
    pub amount: Amount,
    /// The asset's decimals, from a reviewed list; `None` when nobody vouches for them.
    pub decimals: Option<u8>,
    /// The price of one coin in the policy's currency; `None` when unknown or too old.
    pub price: Option<Decimal>,
    /// What moving the money costs; `None` when it needs no transaction (a ledger instruction).
    pub network_fee: Option<NetworkFee>,
}

/// An itemised quote. `net + fee_in_asset == amount`, always.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// The value of the deposit, rounded down to the cent.
    pub value: Cents,
    /// The service fee.
    pub service_fee: Cents,
    /// The network fee, rounded up to the cent; zero for a ledger instruction.
    pub network_fee: Cents,
    /// Both together.
    pub total_fee: Cents,
    /// Both together in the deposit's own asset, rounded up to the base unit.
    pub fee_in_asset: Amount,
    /// What the customer receives, in base units.
    pub net: Amount,
    /// The number of the rule that decided.
    pub rule: u32,
}

coded! {
    /// Why no quote is given, in order of precedence.
    pub enum QuoteRefusal {
        /// Nobody vouches for the asset's decimals.
        DecimalsUnknown => "decimals_unknown",
        /// The asset has no price, or an old one, or zero.
        PriceUnknown => "price_unknown",
        /// The native coin that pays the network has no price.
        NetworkPriceUnknown => "network_price_unknown",
        /// No rule of the policy fits.
        NoRule => "no_rule",
        /// The value is under the rule's minimum or outside its tiers.
        ValueTooSmall => "value_too_small",
        /// The fee would eat the deposit.
        FeeExceedsValue => "fee_exceeds_value",
        /// A number left the range that 256 bits hold.
        OutOfRange => "out_of_range",
    }
}

/// The service fee for a value under one form; `None` when no tier holds the value or a number does not fit.
#[must_use]
pub fn service_fee(form: &FeeForm, value: Cents) -> Option<Cents> {
    match form {
        FeeForm::Flat { amount } => Some(*amount),
        FeeForm::Percent {
            percent,
            floor,
            cap,
            free_under,
            edge,
            basis,
        } => {
            let charged = match edge {
                Edge::GreaterThan => value > *free_under,
                Edge::GreaterOrEqual => value >= *free_under,
            };
            if !charged {
                return Some(Cents::default());
            }
            let base = match basis {
                Basis::Whole => value.0,
                Basis::Excess => value.0.checked_sub(free_under.0)?,
            };
            let hundred = Amount::power_of_ten(percent.scale().checked_add(2)?)?;
            let fee = Cents(base.mul_ratio_ceil(percent.digits(), hundred)?).max(*floor);
            Some(cap.map_or(fee, |cap| fee.min(cap)))
        }
        FeeForm::Tiers(tiers) => {
            let tier = tiers
                .iter()
                .find(|tier| tier.from <= value && tier.to.is_none_or(|to| value < to))?;
            match tier.form {
                FeeForm::Tiers(_) => None,
                FeeForm::Flat { .. } | FeeForm::Percent { .. } => service_fee(&tier.form, value),
            }
        }
    }
}

/// Reckons a quote.
///
/// # Errors
/// The first refusal that applies, in the order of [`QuoteRefusal`].
pub fn quote(input: &QuoteInput<'_>) -> Result<Quote, QuoteRefusal> {
    let decimals = input.decimals.ok_or(QuoteRefusal::DecimalsUnknown)?;
    let price = input
        .price
        .filter(|price| !price.is_zero())
        .ok_or(QuoteRefusal::PriceUnknown)?;
    let network_fee = match &input.network_fee {
        None => Cents::default(),
        Some(fee) => {
            let price = fee
                .price
                .filter(|price| !price.is_zero())
                .ok_or(QuoteRefusal::NetworkPriceUnknown)?;
            value_of(fee.amount, fee.decimals, price, Rounding::Up)
                .ok_or(QuoteRefusal::OutOfRange)?
        }
    };
    let rule = input
        .rules
        .iter()
        .find(|rule| rule.fits(input.kind, input.network))
        .ok_or(QuoteRefusal::NoRule)?;
    let value =
        value_of(input.amount, decimals, price, Rounding::Down).ok_or(QuoteRefusal::OutOfRange)?;
    if rule.value_min.is_some_and(|minimum| value < minimum) {
        return Err(QuoteRefusal::ValueTooSmall);
    }
    let service_fee = service_fee(&rule.form, value).ok_or(match rule.form {
        FeeForm::Tiers(_) => QuoteRefusal::ValueTooSmall,
        FeeForm::Flat { .. } | FeeForm::Percent { .. } => QuoteRefusal::OutOfRange,
    })?;
    let total_fee = Cents(
        service_fee
            .0
            .checked_add(network_fee.0)
            .ok_or(QuoteRefusal::OutOfRange)?,
    );
    let fee_in_asset = in_asset(total_fee, decimals, price).ok_or(QuoteRefusal::OutOfRange)?;
    let net = input
        .amount
        .checked_sub(fee_in_asset)
        .filter(|net| !net.is_zero())
        .ok_or(QuoteRefusal::FeeExceedsValue)?;
    Ok(Quote {
        value,
        service_fee,
        network_fee,
        total_fee,
        fee_in_asset,
        net,
        rule: rule.number,
    })
}

/// Which way a conversion rounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// Towards nothing.
    Down,
    /// Away from nothing.
    Up,
}

/// What an amount is worth in cents at a price of one coin; `None` when a number does not fit.
#[must_use]
pub fn value_of(amount: Amount, decimals: u8, price: Decimal, rounding: Rounding) -> Option<Cents> {
    // value = amount / 10^decimals * digits / 10^scale * 100: one division, so one rounding.
    let numerator = price
        .digits()
        .mul_ratio_floor(Amount::from_u128(100), Amount::from_u128(1))?;
    let denominator = Amount::power_of_ten(decimals.checked_add(price.scale())?)?;
    match rounding {
        Rounding::Down => amount.mul_ratio_floor(numerator, denominator),
        Rounding::Up => amount.mul_ratio_ceil(numerator, denominator),
    }
    .map(Cents)
}

fn in_asset(cents: Cents, decimals: u8, price: Decimal) -> Option<Amount> {
    let denominator = price
        .digits()
        .mul_ratio_floor(Amount::from_u128(100), Amount::from_u128(1))?;
    let numerator = Amount::power_of_ten(decimals.checked_add(price.scale())?)?;
    cents.0.mul_ratio_ceil(numerator, denominator)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cents(text: &str) -> Cents {
        Cents::parse(text).unwrap()
    }

    fn percent(
        percent: &str,
        floor: &str,
        cap: Option<&str>,
        free: &str,
        edge: Edge,
        basis: Basis,
    ) -> FeeForm {
        FeeForm::Percent {
            percent: Decimal::parse(percent).unwrap(),
            floor: cents(floor),
            cap: cap.map(cents),
            free_under: cents(free),
            edge,
            basis,
        }
    }

    fn flat(amount: &str) -> FeeForm {
        FeeForm::Flat {
            amount: cents(amount),
        }
    }

    #[test]
    fn worked_examples_of_real_desks() {
        use Basis::{Excess, Whole};
        use Edge::{GreaterOrEqual, GreaterThan};
        let contract_deposits = FeeForm::Tiers(vec![
            FeeTier {
                from: cents("50"),
                to: Some(cents("500")),
                form: flat("25"),
            },
            FeeTier {
                from: cents("500"),
                to: Some(cents("2000")),
                form: flat("50"),
            },
            FeeTier {
                from: cents("2000"),
                to: None,
                form: flat("100"),
            },
        ]);
        let free_then_5 = percent("5", "0", None, "100", GreaterThan, Whole);
        let rows: Vec<(&str, &FeeForm, &str, Option<&str>)> = vec![
            ("free at the threshold", &free_then_5, "100", Some("0.00")),
            ("whole above it", &free_then_5, "1000", Some("50.00")),
            ("tier: below the first", &contract_deposits, "49.99", None),
            (
                "tier: first is inside",
                &contract_deposits,
                "50",
                Some("25.00"),
            ),
            (
                "tier: the gap of the public table",
                &contract_deposits,
                "499.50",
                Some("25.00"),
            ),
            ("tier: half open", &contract_deposits, "500", Some("50.00")),
            ("tier: open end", &contract_deposits, "2000", Some("100.00")),
        ];
        for (name, form, value, expected) in rows {
            let fee = service_fee(form, cents(value)).map(|fee| fee.to_string());
            assert_eq!(fee.as_deref(), expected, "{name}");
        }
        let excess = percent("5", "0", None, "100", GreaterThan, Excess);
        assert_eq!(service_fee(&excess, cents("1000")), Some(cents("45")));
        let floored = percent("5", "50", None, "0", GreaterOrEqual, Whole);
        assert_eq!(service_fee(&floored, cents("1200")), Some(cents("60")));
        assert_eq!(service_fee(&floored, cents("1000")), Some(cents("50")));
        let clamped = percent("10", "30000", Some("100000"), "0", GreaterOrEqual, Whole);
        for (value, fee) in [
            ("450000", "45000"),
            ("200000", "30000"),
            ("2000000", "100000"),
        ] {
            assert_eq!(
                service_fee(&clamped, cents(value)),
                Some(cents(fee)),
                "{value}"
            );
        }
    }

    #[test]
    fn pitfall_097_the_free_boundary_is_exact() {
        let form = percent("5", "1", None, "100", Edge::GreaterOrEqual, Basis::Whole);
        assert_eq!(service_fee(&form, cents("99.99")), Some(cents("0")));
        assert_eq!(service_fee(&form, cents("100")), Some(cents("5")));
    }

    fn input<'a>(rules: &'a [FeeRule], network: &'a NetworkId) -> QuoteInput<'a> {
        QuoteInput {
            rules,
            kind: Kind::UnlistedToken,
            network,
            amount: Amount::from_coin_text("250", 18).unwrap(),
            decimals: Some(18),
            price: Some(Decimal::parse("2.5").unwrap()),
            network_fee: Some(NetworkFee {
                amount: Amount::from_coin_text("0.001", 18).unwrap(),
                decimals: 18,
                price: Some(Decimal::parse("3000.01").unwrap()),
            }),
        }
    }

    fn rule(form: FeeForm) -> FeeRule {
        FeeRule {
            number: 1,
            kinds: vec![],
            networks: vec![],
            value_min: None,
            form,
        }
    }

    #[test]
    fn a_quote_is_itemised_and_balances() {
        let network = NetworkId::new("ethereum");
        let rules = [rule(flat("80"))];
        let quote = quote(&input(&rules, &network)).unwrap();
        assert_eq!(quote.value, cents("625"));
        assert_eq!(
            quote.network_fee,
            cents("3.01"),
            "a cost of 3.00001 rounds up"
        );
        assert_eq!(quote.total_fee, cents("83.01"));
        assert_eq!(quote.fee_in_asset.to_coin_text(18), "33.204");
        assert_eq!(quote.net.to_coin_text(18), "216.796");
    }

    #[test]
    fn currencies_of_30_decimals_are_quoted_or_refused_by_name() {
        let network = NetworkId::new("xrpl");
        let rules = [rule(flat("80"))];
        let asked = |amount: Amount, price: &str| {
            quote(&QuoteInput {
                amount,
                decimals: Some(30),
                price: Some(Decimal::parse(price).unwrap()),
                network_fee: None,
                ..input(&rules, &network)
            })
        };
        let coins = |text: &str| Amount::from_coin_text(text, 30).unwrap();
        let whole = asked(coins("250.000000000000000000000000000001"), "2.5").unwrap();
        assert_eq!(whole.value, cents("625"));
        assert_eq!(
            whole.net.to_coin_text(30),
            "218.000000000000000000000000000001"
        );
        // As many as a meme has, at the price of one.
        let many = asked(coins("10000000000000000"), "0.000000000123456789").unwrap();
        assert_eq!(many.value, cents("1234567.89"));
        assert_eq!(
            many.net.checked_add(many.fee_in_asset),
            Some(coins("10000000000000000"))
        );
        let smallest = Amount::from_u128(1);
        let refusals = [
            asked(smallest, "2.5"),
            asked(smallest, &format!("1{}", "0".repeat(70))),
            asked(Amount::MAX, &format!("1{}", "0".repeat(40))),
            asked(coins("1"), &format!("0.{}1", "0".repeat(60))),
        ];
        for (refused, expected) in refusals.into_iter().zip([
            QuoteRefusal::FeeExceedsValue,
            QuoteRefusal::FeeExceedsValue,
            QuoteRefusal::OutOfRange,
            QuoteRefusal::OutOfRange,
        ]) {
            assert_eq!(refused, Err(expected));
        }
    }

    #[test]
    fn refusals_come_in_their_order() {
        let network = NetworkId::new("ethereum");
        let rules = [rule(flat("80"))];
        let base = || input(&rules, &network);
        let none: [FeeRule; 0] = [];
        let minimum = [FeeRule {
            value_min: Some(cents("625.01")),
            ..rule(flat("1"))
        }];
        let dear = [rule(flat("700"))];
        let without = |change: fn(&mut QuoteInput<'_>)| {
            let mut input = base();
            change(&mut input);
            super::quote(&input)
        };
        assert_eq!(
            without(|input| input.decimals = None),
            Err(QuoteRefusal::DecimalsUnknown)
        );
        assert_eq!(
            without(|input| input.price = None),
            Err(QuoteRefusal::PriceUnknown)
        );
        assert_eq!(
            without(|input| input.price = Decimal::parse("0").ok()),
            Err(QuoteRefusal::PriceUnknown)
        );
        let no_gas_price = without(|input| {
            if let Some(fee) = input.network_fee.as_mut() {
                fee.price = None;
            }
        });
        assert_eq!(no_gas_price, Err(QuoteRefusal::NetworkPriceUnknown));
        assert_eq!(
            super::quote(&QuoteInput {
                rules: &none,
                ..base()
            }),
            Err(QuoteRefusal::NoRule)
        );
        assert_eq!(
            super::quote(&QuoteInput {
                rules: &minimum,
                ..base()
            }),
            Err(QuoteRefusal::ValueTooSmall)
        );
        assert_eq!(
            super::quote(&QuoteInput {
                rules: &dear,
                ..base()
            }),
            Err(QuoteRefusal::FeeExceedsValue)
        );
        assert_eq!(
            without(|input| input.decimals = Some(255)),
            Err(QuoteRefusal::OutOfRange)
        );
    }

    #[test]
    fn the_first_rule_that_fits_decides() {
        let network = NetworkId::new("ethereum");
        let rules = [
            FeeRule {
                networks: vec![NetworkId::new("bsc")],
                ..rule(flat("1"))
            },
            FeeRule {
                number: 2,
                kinds: vec![Kind::UnlistedToken],
                ..rule(flat("2"))
            },
            FeeRule {
                number: 3,
                ..rule(flat("3"))
            },
        ];
        assert_eq!(quote(&input(&rules, &network)).unwrap().rule, 2);
    }

    proptest! {
        #[test]
        fn what_came_in_is_what_goes_out(amount in 1u128.., digits in 1u128..10_000_000, scale in 0u8..12, fee in 0u128..100_000) {
            let network = NetworkId::new("ethereum");
            let rules = [rule(FeeForm::Flat { amount: Cents(Amount::from_u128(fee)) })];
            let input = QuoteInput {
                amount: Amount::from_u128(amount),
                price: Decimal::from_parts(Amount::from_u128(digits), scale),
                network_fee: None,
                ..input(&rules, &network)
            };
            if let Ok(quote) = quote(&input) {
                prop_assert_eq!(quote.net.checked_add(quote.fee_in_asset), Some(input.amount));
                let paid = value_of(quote.fee_in_asset, 18, input.price.unwrap(), Rounding::Up).unwrap();
                prop_assert!(paid >= quote.total_fee, "the fee is never short");
            }
        }
    }
}
