//! Random policies and cases.

use crate::desk::{Desk, price};
use proptest::prelude::*;
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::claim::Resolution;
use recover_core::decimal::Decimal;
use recover_core::fee::{
    Basis, Cents, Edge, FeeForm, FeeTier, FlatOrPercent, NetworkFee, Operator, PaidFrom,
    Percentage, PricedAsset, Waiver, WithdrawalTerms,
};
use recover_core::network::NetworkId;

fn cents(most: u128) -> impl Strategy<Value = Cents> {
    (0..most).prop_map(|cents| Cents(Amount::from_u128(cents)))
}

/// Up to a hundred percent, with up to three decimals.
fn share() -> impl Strategy<Value = Decimal> {
    let digits = prop_oneof![3 => 0..=30_000_u128, 1 => 0..=100_000_u128];
    digits.prop_map(|digits| Decimal::from_parts(Amount::from_u128(digits), 3).expect("three"))
}

fn edge() -> impl Strategy<Value = Edge> {
    prop::sample::select(Edge::ALL)
}

pub fn percent() -> impl Strategy<Value = FeeForm> {
    let sums = (
        cents(20_000),
        prop::option::of(cents(1_000_000)),
        cents(50_000),
    );
    let free = prop_oneof![Just(false), Just(true)];
    (
        share(),
        sums,
        free,
        edge(),
        prop::sample::select(Basis::ALL),
    )
        .prop_map(
            |(percent, (floor, cap, free_under), is_free, edge, basis)| {
                FeeForm::Percent(Percentage {
                    percent,
                    floor,
                    cap: cap.map(|cap| cap.max(floor)),
                    free_under: if is_free {
                        free_under
                    } else {
                        Cents::default()
                    },
                    edge,
                    basis,
                })
            },
        )
}

/// The forms whose fee the value alone decides.
pub fn by_value() -> impl Strategy<Value = FeeForm> {
    prop_oneof![
        cents(100_000).prop_map(|amount| FeeForm::Flat { amount }),
        percent(),
        (cents(100_000), share(), prop::sample::select(Operator::ALL)).prop_map(
            |(amount, percent, operator)| FeeForm::FlatOrPercent(FlatOrPercent {
                amount,
                percent,
                operator,
            })
        ),
    ]
}

/// Half-open tiers from some value on.
pub fn tiers() -> impl Strategy<Value = FeeForm> {
    let steps = prop::collection::vec((1..100_000_u128, by_value()), 1..5);
    (0..10_000_u128, steps).prop_map(|(first, steps)| {
        let mut from = first;
        let count = steps.len();
        let tiers = steps.into_iter().enumerate().map(|(index, (step, form))| {
            let begins = Cents(Amount::from_u128(from));
            from += step;
            FeeTier {
                from: begins,
                to: (index + 1 < count).then(|| Cents(Amount::from_u128(from))),
                form,
            }
        });
        FeeForm::Tiers(tiers.collect())
    })
}

pub fn form() -> impl Strategy<Value = FeeForm> {
    let bitcoin = AssetId::native(NetworkId::new("bitcoin"));
    prop_oneof![
        4 => by_value(),
        2 => tiers(),
        2 => (0..1_000_000_u128).prop_map(move |units| FeeForm::Coin {
            asset: bitcoin.clone(),
            amount: Decimal::from_parts(Amount::from_u128(units), 8).expect("eight"),
        }),
        2 => (1..100_u32).prop_map(|tenths| FeeForm::WithdrawalFee {
            multiple: Decimal::from_parts(Amount::from_u128(u128::from(tenths)), 1).expect("one"),
        }),
        1 => Just(FeeForm::NetworkCost),
        1 => (cents(10_000), cents(10_000)).prop_map(|(from, more)| FeeForm::Range {
            from,
            to: from.checked_add(more).expect("small"),
        }),
    ]
}

fn number(scale_max: u8) -> impl Strategy<Value = Decimal> {
    (1..10_000_000_u128, 0..scale_max).prop_map(|(digits, scale)| {
        Decimal::from_parts(Amount::from_u128(digits), scale).expect("few")
    })
}

pub fn waiver() -> impl Strategy<Value = Waiver> {
    (share(), any::<bool>(), 0..1_000_u32).prop_map(|(percent, network, code)| Waiver {
        code: format!("waiver_{code}"),
        title: "a reason".to_owned(),
        kinds: Vec::new(),
        from: None,
        until: None,
        percent,
        network,
        roles: Vec::new(),
    })
}

/// A desk with a random policy, a random deposit and random prices.
pub fn desk() -> impl Strategy<Value = Desk> {
    let deposit = (
        1..10_u128.pow(24),
        0..=24_u8,
        number(8),
        prop::sample::select(vec![
            Resolution::LedgerCredit,
            Resolution::SweepToAddress,
            Resolution::SweepThenCredit,
        ]),
        any::<bool>(),
    );
    let rule = (
        prop::option::of(prop::sample::select(PaidFrom::ALL)),
        prop::option::of(1..10_000_u128),
        0..3_u32,
        0..3_u32,
    );
    let gas = prop::option::of((1..10_u128.pow(16), number(4), any::<bool>()));
    let beside = prop::option::of((0..=18_u8, number(4)));
    let people = (
        prop::collection::vec(waiver(), 0..4),
        prop::option::of(cents(20_000)),
    );
    (form(), deposit, rule, gas, beside, people).prop_map(
        |(form, deposit, rule, gas, beside, (waivers, named))| {
            let mut desk = Desk::new(form);
            let (amount, decimals, of_one, resolution, is_listed) = deposit;
            // Another asset than the network's own: that one has a price of its own.
            desk.case.asset = AssetId::contract(desk.case.network.clone(), "0xToken");
            desk.amount = Amount::from_u128(amount);
            desk.decimals = Some(decimals);
            desk.price = Some(price(&desk.case.asset, &of_one.to_string()));
            desk.case.resolution = resolution;
            desk.case.is_listed = is_listed;
            let (paid_from, prepaid, first_free, earlier) = rule;
            let is_range = matches!(desk.policy.rules[0].form, FeeForm::Range { .. });
            let mine = &mut desk.policy.rules[0];
            mine.paid_from = paid_from;
            mine.first_free = first_free;
            mine.prepaid_gas = prepaid
                .map(|digits| Decimal::from_parts(Amount::from_u128(digits), 6).expect("six"));
            desk.case.earlier_cases = Some(earlier);
            let native = AssetId::native(desk.case.network.clone());
            desk.network_fee = gas.map(|(amount, of_one, from_deposit)| NetworkFee {
                amount: Amount::from_u128(amount),
                decimals: 18,
                price: Some(price(&native, &of_one.to_string())),
                basis: "gas".to_owned(),
                from_deposit,
                reserve: None,
                asset: native,
            });
            let fee_asset = AssetId::contract(desk.case.network.clone(), "0xUSDT");
            desk.fee_asset = beside.map(|(decimals, of_one)| PricedAsset {
                decimals,
                price: Some(price(&fee_asset, &of_one.to_string())),
                asset: fee_asset.clone(),
            });
            desk.policy.fee_asset = desk.fee_asset.as_ref().map(|asset| asset.asset.clone());
            let bitcoin = AssetId::native(NetworkId::new("bitcoin"));
            desk.coin = Some(PricedAsset {
                decimals: 8,
                price: Some(price(&bitcoin, "60000.5")),
                asset: bitcoin,
            });
            // Whole coins fit every asset.
            desk.policy.withdrawals.insert(
                desk.case.asset.clone(),
                WithdrawalTerms {
                    fee: Decimal::whole(1),
                    minimum: Decimal::whole(2),
                },
            );
            desk.waivers = waivers;
            desk.named = named.filter(|_| is_range);
            desk
        },
    )
}
