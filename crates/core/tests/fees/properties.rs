//! What holds of every quote, whatever the policy, the deposit and the prices.

use crate::desk::{Desk, cents, flat};
use crate::policies;
use proptest::prelude::*;
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::claim::Resolution;
use recover_core::decimal::Decimal;
use recover_core::digest::Encoder;
use recover_core::fee::{
    Cents, Edge, FeeForm, NetworkFee, PaidFrom, Percentage, PricedAsset, Quote, QuoteRefusal,
    Rounding, ValueMin, value_of,
};
use recover_core::network::NetworkId;

/// What is paid in all, at the prices frozen with the quote: at least and at most, as rounding leaves it open.
fn paid(desk: &Desk, quote: &Quote) -> (Cents, Cents) {
    let one = Amount::from_u128(1);
    let terms = quote.terms.as_ref().expect("a quote has terms");
    let own = desk.price.as_ref().expect("priced").price;
    let decimals = desk.decimals.expect("known");
    let less = |amount: Amount| amount.checked_sub(one).unwrap_or(amount);
    let down = |amount, decimals, price| {
        value_of(less(amount), decimals, price, Rounding::Down).expect("in range")
    };
    let up = |amount, decimals, price| {
        value_of(amount, decimals, price, Rounding::Up).expect("in range")
    };
    let mut least = down(quote.fee_in_asset, decimals, own);
    let mut most = up(quote.fee_in_asset, decimals, own);
    for charge in &terms.charges {
        let price = terms
            .prices
            .iter()
            .find(|price| price.asset == charge.coins.asset)
            .expect("every charge has a frozen price")
            .price;
        let coins = &charge.coins;
        least = least
            .checked_add(down(coins.amount, coins.decimals, price))
            .expect("small");
        most = most
            .checked_add(up(coins.amount, coins.decimals, price))
            .expect("small");
    }
    (least, most)
}

fn digest(quote: &Quote) -> String {
    let terms = quote.terms.as_ref().expect("a quote has terms");
    terms.encode(Encoder::new("test")).finish().to_string()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Payout and what is deducted are the deposit, to the base unit; what is paid is never less than the fee, and at most what
    /// one base unit of each asset is worth above it.
    #[test]
    fn payout_fee_and_costs_are_the_deposit(desk in policies::desk()) {
        if let Ok(quote) = desk.ask() {
            prop_assert_eq!(quote.net.checked_add(quote.fee_in_asset), Some(desk.amount));
            prop_assert!(!quote.net.is_zero());
            prop_assert_eq!(quote.service_fee.checked_add(quote.network_fee), Some(quote.total_fee));
            let (least, most) = paid(&desk, &quote);
            prop_assert!(most >= quote.total_fee, "{most} paid of {}", quote.total_fee);
            prop_assert!(least <= quote.total_fee, "{least} paid of {}", quote.total_fee);
            // Whoever pays it, the network's cost is known.
            let cost = quote.network_cost();
            let is_prepaid = desk.policy.rules[0].prepaid_gas.is_some();
            prop_assert!(is_prepaid || quote.network_fee == cost || quote.network_fee == Cents::default());
            let is_waived = desk.waivers.iter().any(|waiver| waiver.network);
            prop_assert!(!is_prepaid || is_waived || quote.network_fee >= cost);
        }
    }

    /// The customer never pays out of the deposit what a rule takes beside it.
    #[test]
    fn what_is_paid_beside_the_deposit_leaves_it_whole(desk in policies::desk()) {
        let rule = &desk.policy.rules[0];
        let is_beside = matches!(rule.paid_from, Some(PaidFrom::Balance | PaidFrom::Prepaid));
        let by_outputs = desk.network_fee.as_ref().is_some_and(|fee| fee.from_deposit);
        if let Ok(quote) = desk.ask() {
            if is_beside && !by_outputs {
                prop_assert_eq!(quote.net, desk.amount);
            }
            for charge in quote.charges() {
                prop_assert!(!charge.coins.amount.is_zero());
            }
        }
    }

    /// A waiver never makes anything dearer, a second one neither, and their order means nothing.
    #[test]
    fn waivers_never_raise_a_fee(desk in policies::desk()) {
        let mut fewer = desk.clone();
        fewer.waivers.pop();
        let mut turned = desk.clone();
        turned.waivers.reverse();
        let sums = |quote: &Quote| (quote.service_fee, quote.network_fee, quote.net);
        let (with, without, turned) = (desk.ask(), fewer.ask(), turned.ask());
        if let Ok(without) = &without {
            let with = with.as_ref();
            prop_assert!(with.is_ok(), "a waiver took the quote away: {with:?}");
            let with = with.unwrap();
            prop_assert!(with.service_fee <= without.service_fee);
            prop_assert!(with.network_fee <= without.network_fee);
            prop_assert!(with.total_fee <= without.total_fee);
            prop_assert!(with.net >= without.net);
        }
        prop_assert_eq!(with.as_ref().map(sums), turned.as_ref().map(sums));
    }

    /// The same input makes the same quote, to the last line and to its digest.
    #[test]
    fn a_quote_is_deterministic(desk in policies::desk()) {
        let (first, second) = (desk.ask(), desk.clone().ask());
        prop_assert_eq!(first.as_ref().map(digest), second.as_ref().map(digest));
        prop_assert_eq!(first, second);
    }

    /// Never below what the rule says and never above its cap, as counted again by hand.
    #[test]
    fn a_percentage_is_between_floor_and_cap(form in policies::percent(), value in 0..100_000_000_u128) {
        let FeeForm::Percent(Percentage { percent, floor, cap, free_under, edge, basis }) = &form else {
            unreachable!("a percentage");
        };
        let fee = form.cents_at(Cents(Amount::from_u128(value))).expect("in range");
        let plain = |cents: Cents| cents.0.to_u128().expect("small");
        let (fee, floor, free) = (plain(fee), plain(*floor), plain(*free_under));
        let cap = cap.map_or(u128::MAX, plain);
        let is_free = match edge {
            Edge::GreaterThan => value <= free,
            Edge::GreaterOrEqual => value < free,
        };
        if is_free {
            prop_assert_eq!(fee, 0);
            return Ok(());
        }
        prop_assert!(fee <= cap && fee >= floor);
        let base = match basis {
            recover_core::fee::Basis::Whole => value,
            recover_core::fee::Basis::Excess => value - free,
        };
        let divisor = 100 * 10_u128.pow(u32::from(percent.scale()));
        let share = (base * percent.digits().to_u128().expect("small")).div_ceil(divisor);
        prop_assert_eq!(fee, share.max(floor).min(cap));
    }

    /// More value, no smaller fee and no smaller rest: inside a tier and on one side of a free part.
    #[test]
    fn fee_and_rest_rise_with_the_value_inside_a_tier(form in policies::tiers(), value in 0..400_000_u128, more in 0..50_000_u128) {
        let FeeForm::Tiers(tiers) = &form else { unreachable!("tiers") };
        let (low, high) = (Cents(Amount::from_u128(value)), Cents(Amount::from_u128(value + more)));
        let Some(tier) = tiers.iter().find(|tier| tier.holds(low)) else {
            prop_assert_eq!(form.cents_at(low), None);
            return Ok(());
        };
        let same_side = match &tier.form {
            FeeForm::Percent(Percentage { free_under, edge, .. }) => edge.reached(low, *free_under) == edge.reached(high, *free_under),
            _ => true,
        };
        if !tier.holds(high) || !same_side {
            return Ok(());
        }
        let at = |value| form.cents_at(value).expect("in the tier");
        prop_assert!(at(low) <= at(high));
        let rest = |value: Cents| {
            let plain = |cents: Cents| i128::try_from(cents.0.to_u128().expect("small")).expect("small");
            plain(value) - plain(at(value))
        };
        prop_assert!(rest(low) <= rest(high));
        // And so does what is paid out.
        let net = |value: Cents| Desk::worth(form.clone(), &value.to_string()).ask().map(|quote| quote.net);
        if let (Ok(low), Ok(high)) = (net(low), net(high)) {
            prop_assert!(low <= high);
        }
    }

    /// A value has one tier, and below the first there is none.
    #[test]
    fn tiers_hold_each_value_once(form in policies::tiers(), value in 0..500_000_u128) {
        let FeeForm::Tiers(tiers) = &form else { unreachable!("tiers") };
        let value = Cents(Amount::from_u128(value));
        let holding = tiers.iter().filter(|tier| tier.holds(value)).count();
        prop_assert_eq!(holding, usize::from(value >= tiers[0].from));
        // At each limit the tier that begins there.
        for (tier, next) in tiers.iter().zip(tiers.iter().skip(1)) {
            prop_assert!(tier.holds(tier.from));
            prop_assert_eq!(tier.to, Some(next.from));
            prop_assert!(!tier.holds(next.from) && next.holds(next.from));
        }
    }

    /// Of any faults together the first of the documented order is told.
    #[test]
    fn refusals_come_in_their_documented_order(faults in prop::sample::subsequence(FAULTS.to_vec(), 0..=FAULTS.len())) {
        let mut desk = sound();
        for (_, fault) in &faults {
            fault(&mut desk);
        }
        let first = faults.iter().map(|(refusal, _)| *refusal).min();
        prop_assert_eq!(desk.ask().map(|_| ()), first.map_or(Ok(()), Err));
    }

    /// Nothing panics at the edges of 256 bits, and what is quoted there still adds up.
    #[test]
    fn no_number_is_too_large_to_be_answered(
        form in policies::form(),
        amount in edge_amount(),
        decimals in any::<u8>(),
        of_one in edge_decimal(),
        gas in edge_amount(),
        gas_decimals in any::<u8>(),
        named in edge_amount(),
        paid_from in prop::option::of(prop::sample::select(PaidFrom::ALL)),
    ) {
        let mut desk = Desk::new(form);
        desk.amount = amount;
        desk.decimals = Some(decimals);
        let used = |asset: &AssetId| recover_core::fee::UsedPrice {
            price: of_one,
            ..crate::desk::price(asset, "1")
        };
        desk.price = Some(used(&desk.case.asset));
        let native = AssetId::native(desk.case.network.clone());
        desk.network_fee = Some(NetworkFee {
            amount: gas,
            decimals: gas_decimals,
            price: Some(used(&native)),
            basis: String::new(),
            from_deposit: false,
            reserve: None,
            asset: native.clone(),
        });
        desk.coin = Some(PricedAsset {
            asset: AssetId::native(NetworkId::new("bitcoin")),
            decimals,
            price: Some(used(&AssetId::native(NetworkId::new("bitcoin")))),
        });
        desk.fee_asset = Some(PricedAsset { asset: native.clone(), decimals: gas_decimals, price: Some(used(&native)) });
        desk.policy.fee_asset = Some(native);
        desk.policy.rules[0].paid_from = paid_from;
        desk.named = matches!(desk.policy.rules[0].form, FeeForm::Range { .. }).then_some(Cents(named));
        if let Ok(quote) = desk.ask() {
            prop_assert_eq!(quote.net.checked_add(quote.fee_in_asset), Some(desk.amount));
        }
    }
}

fn edge_amount() -> impl Strategy<Value = Amount> {
    let near = |bits: u32| {
        let mut bytes = [0_u8; 32];
        let place = usize::try_from(bits / 8).expect("small");
        bytes[31 - place] = 1_u8 << (bits % 8);
        Amount::from_be_bytes(bytes)
    };
    prop_oneof![
        Just(Amount::ZERO),
        Just(Amount::MAX),
        Just(
            Amount::MAX
                .checked_sub(Amount::from_u128(1))
                .expect("one less")
        ),
        (0..256_u32).prop_map(near),
        any::<[u8; 32]>().prop_map(Amount::from_be_bytes),
        any::<u128>().prop_map(Amount::from_u128),
    ]
}

fn edge_decimal() -> impl Strategy<Value = Decimal> {
    (edge_amount(), 0..=77_u8)
        .prop_map(|(digits, scale)| Decimal::from_parts(digits, scale).expect("in range"))
}

type Fault = (QuoteRefusal, fn(&mut Desk));

/// Faults that go together, each with its refusal. Those of the rule and of the form exclude one another, so that one of each
/// stands here; the rest have tests of their own.
const FAULTS: &[Fault] = &[
    (QuoteRefusal::DecimalsUnknown, |desk| desk.decimals = None),
    (QuoteRefusal::PriceUnknown, |desk| desk.price = None),
    (QuoteRefusal::NetworkPriceUnknown, |desk| {
        desk.network_fee.as_mut().expect("moved").price = None;
    }),
    (QuoteRefusal::AgeUnknown, |desk| {
        desk.policy.rules[0].age = Some(recover_core::fee::AgeWindow {
            from_days: 1,
            to_days: None,
        });
    }),
    (QuoteRefusal::ValueTooSmall, |desk| {
        desk.policy.rules[0].value_min = Some(ValueMin {
            value: cents("1000000"),
            edge: Edge::GreaterOrEqual,
        });
    }),
    (QuoteRefusal::WithdrawalFeeUnknown, |desk| {
        desk.policy.rules[0].form = FeeForm::WithdrawalFee {
            multiple: Decimal::whole(1),
        };
    }),
    (QuoteRefusal::FeeOutsideRange, |desk| {
        desk.named = Some(cents("1"));
    }),
    (QuoteRefusal::FeeAssetUnknown, |desk| {
        desk.policy.rules[0].paid_from = Some(PaidFrom::Balance);
    }),
    (QuoteRefusal::PrepaidTooSmall, |desk| {
        desk.policy.rules[0].prepaid_gas = Some(Decimal::parse("0.000999").expect("plain"));
    }),
    (QuoteRefusal::FeeExceedsValue, |desk| {
        desk.amount = Amount::from_coin_text("1", 18).expect("plain");
    }),
];

/// A case that is quoted: 625 of value for a fee of 80, moved for 3.01.
fn sound() -> Desk {
    let mut desk = Desk::new(flat("80"));
    desk.case.resolution = Resolution::SweepToAddress;
    desk
}

#[test]
fn the_sound_case_is_quoted_and_each_fault_alone_is_told() {
    assert!(sound().ask().is_ok());
    for (refusal, fault) in FAULTS {
        let mut desk = sound();
        fault(&mut desk);
        assert_eq!(desk.ask().map(|_| ()), Err(*refusal));
    }
}
