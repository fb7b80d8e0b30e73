//! Sums: what comes in is what goes out, rounding, ranges, and the order of refusals.

use crate::desk::{Desk, cents, decimal, flat, percent};
use proptest::prelude::*;
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::claim::Resolution;
use recover_core::fee::{
    Basis, Cents, Edge, FeeForm, FeeRule, LineCode, QuoteRefusal, Rounding, ValueMin, value_of,
};
use recover_core::kind::Kind;
use recover_core::network::NetworkId;

#[test]
fn pitfall_097_the_free_boundary_is_exact() {
    let form = percent("5", "1", None, "100", Edge::GreaterOrEqual, Basis::Whole);
    assert_eq!(Desk::worth(form.clone(), "99.99").fee().unwrap(), "0.00");
    assert_eq!(Desk::worth(form, "100").fee().unwrap(), "5.00");
}

#[test]
fn a_quote_is_itemised_and_balances() {
    let quote = Desk::new(flat("80")).ask().unwrap();
    assert_eq!(quote.value, cents("625"));
    assert_eq!(
        quote.network_fee,
        cents("3.01"),
        "a cost of 3.00001 rounds up"
    );
    assert_eq!(quote.total_fee, cents("83.01"));
    assert_eq!(quote.fee_in_asset.to_coin_text(18), "33.204");
    assert_eq!(quote.net.to_coin_text(18), "216.796");
    let terms = quote.terms.unwrap();
    assert_eq!(terms.net_value, cents("541.99"));
    assert_eq!(terms.network_cost, cents("3.01"));
    assert_eq!(terms.ceiling.unwrap().to_string(), "0.001");
    let codes: Vec<&str> = terms.lines.iter().map(|line| line.code.code()).collect();
    assert_eq!(
        codes,
        [
            "received",
            "price",
            "value",
            "service_fee",
            "price",
            "network_fee",
            "total_fee",
            "deducted",
            "net"
        ]
    );
}

#[test]
fn currencies_of_30_decimals_are_quoted_or_refused_by_name() {
    let asked = |amount: Amount, price: &str| {
        let mut desk = Desk::new(flat("80"));
        desk.amount = amount;
        desk.decimals = Some(30);
        desk.price = Some(crate::desk::price(&desk.case.asset, price));
        desk.network_fee = None;
        desk.ask()
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
    let changed = |change: fn(&mut Desk)| {
        let mut desk = Desk::new(flat("80"));
        change(&mut desk);
        desk.ask()
    };
    let no_gas_price = |desk: &mut Desk| {
        if let Some(fee) = desk.network_fee.as_mut() {
            fee.price = None;
        }
    };
    type Row = (fn(&mut Desk), QuoteRefusal);
    let rows: [Row; 8] = [
        (|desk| desk.decimals = None, QuoteRefusal::DecimalsUnknown),
        (|desk| desk.price = None, QuoteRefusal::PriceUnknown),
        (
            |desk| desk.price = Some(crate::desk::price(&desk.case.asset, "0")),
            QuoteRefusal::PriceUnknown,
        ),
        (no_gas_price, QuoteRefusal::NetworkPriceUnknown),
        (|desk| desk.policy.rules.clear(), QuoteRefusal::NoRule),
        (
            |desk| {
                desk.policy.rules[0].value_min = Some(ValueMin {
                    value: cents("625.01"),
                    edge: Edge::GreaterOrEqual,
                });
            },
            QuoteRefusal::ValueTooSmall,
        ),
        (
            |desk| desk.policy.rules[0].form = flat("700"),
            QuoteRefusal::FeeExceedsValue,
        ),
        (|desk| desk.decimals = Some(255), QuoteRefusal::OutOfRange),
    ];
    for (change, refusal) in rows {
        assert_eq!(changed(change), Err(refusal));
    }
}

/// People, proofs and limits go by what it is worth now, whichever price the fee goes by.
#[test]
fn limits_go_by_the_price_of_now_and_never_below_the_fee() {
    let limit = |of_rule: &str, now: Option<&str>| {
        let mut desk = Desk::new(flat("80"));
        desk.price = Some(crate::desk::price(&desk.case.asset, of_rule));
        desk.price_now = now.map(|now| crate::desk::price(&desk.case.asset, now));
        let quote = desk.ask().unwrap();
        (quote.value, quote.limit_value())
    };
    assert_eq!(
        limit("1", Some("100")),
        (cents("250"), Some(cents("25000")))
    );
    assert_eq!(
        limit("100", Some("1")),
        (cents("25000"), Some(cents("25000")))
    );
    // Without a price of now nobody knows, and everything asks for the most.
    assert_eq!(limit("1", Some("0")), (cents("250"), None));
}

/// What the network takes of a deposit in its own coin is taken coin for coin, whatever two times say that the coin is worth.
#[test]
fn the_network_is_paid_coin_for_coin_where_the_deposit_is_its_coin() {
    for now in ["1500", "3000", "6000"] {
        let mut desk = Desk::new(flat("0"));
        let native = AssetId::native(desk.case.network.clone());
        desk.amount = Amount::from_coin_text("1", 18).unwrap();
        desk.price = Some(crate::desk::price(&native, "3000"));
        desk.case.asset = native.clone();
        desk.network_fee.as_mut().unwrap().price = Some(crate::desk::price(&native, now));
        let quote = desk.ask().unwrap();
        assert_eq!(quote.fee_in_asset.to_coin_text(18), "0.001", "at {now}");
        assert_eq!(quote.net.to_coin_text(18), "0.999", "at {now}");
    }
}

#[test]
fn what_a_new_account_keeps_is_told_where_its_own_coin_is_paid_to_an_address() {
    let kept = |desk: &Desk| -> Vec<String> {
        let quote = desk.ask().expect("a quote");
        let terms = quote.terms.expect("its terms");
        let lines = terms
            .lines
            .iter()
            .filter(|line| line.code == LineCode::Reserve);
        lines
            .map(|line| line.coins.as_ref().expect("coins").to_string())
            .collect()
    };
    let mut desk = Desk::new(flat("1"));
    let fee = desk.network_fee.as_mut().expect("a network");
    fee.reserve = Some(Amount::from_coin_text("1", 18).expect("coins"));
    assert_eq!(kept(&desk), [""; 0], "a token");
    desk.case.asset = AssetId::native(desk.case.network.clone());
    assert_eq!(kept(&desk), ["1"]);
    desk.case.resolution = Resolution::SweepThenCredit;
    assert_eq!(kept(&desk), [""; 0], "nobody's account on the network");
    desk.case.resolution = Resolution::SweepToAddress;
    desk.network_fee.as_mut().expect("a network").reserve = None;
    assert_eq!(kept(&desk), [""; 0], "a network that keeps nothing");
}

#[test]
fn what_is_left_and_worth_nothing_is_no_quote() {
    let mut desk = Desk::worth(flat("150"), "150");
    desk.decimals = Some(6);
    desk.amount = Amount::from_coin_text("150.000001", 6).unwrap();
    assert_eq!(desk.ask(), Err(QuoteRefusal::NetTooSmall));
    desk.amount = Amount::from_coin_text("150.01", 6).unwrap();
    assert_eq!(desk.ask().unwrap().net.to_coin_text(6), "0.01");
    // Without any fee it is dust all the same.
    let mut free = Desk::worth(flat("0"), "0");
    free.decimals = Some(6);
    for (amount, expected) in [
        (1, Err(QuoteRefusal::NetTooSmall)),
        (10_000, Ok(Amount::from_u128(10_000))),
    ] {
        free.amount = Amount::from_u128(amount);
        assert_eq!(free.ask().map(|quote| quote.net), expected);
    }
}

#[test]
fn the_first_rule_that_fits_decides() {
    let mut desk = Desk::new(flat("3"));
    desk.policy.rules = vec![
        FeeRule {
            networks: vec![NetworkId::new("bsc")],
            ..FeeRule::new(1, flat("1"))
        },
        FeeRule {
            kinds: vec![Kind::UnlistedToken],
            ..FeeRule::new(2, flat("2"))
        },
        FeeRule::new(3, flat("3")),
    ];
    assert_eq!(desk.ask().unwrap().rule, 2);
}

proptest! {
    #[test]
    fn what_came_in_is_what_goes_out(amount in 1u128.., digits in 1u128..10_000_000, scale in 0u8..12, fee in 0u128..100_000) {
        let mut desk = Desk::new(FeeForm::Flat { amount: Cents(Amount::from_u128(fee)) });
        desk.amount = Amount::from_u128(amount);
        let price = recover_core::decimal::Decimal::from_parts(Amount::from_u128(digits), scale).unwrap();
        desk.price = Some(crate::desk::price(&desk.case.asset, &price.to_string()));
        desk.network_fee = None;
        if let Ok(quote) = desk.ask() {
            prop_assert_eq!(quote.net.checked_add(quote.fee_in_asset), Some(desk.amount));
            let paid = value_of(quote.fee_in_asset, 18, decimal(&price.to_string()), Rounding::Up).unwrap();
            prop_assert!(paid >= quote.total_fee, "the fee is never short");
        }
    }
}
