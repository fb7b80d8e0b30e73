//! What a rule says beside its form: from which value on, how old, from what it is paid, who is let off.

use crate::desk::{Desk, USDT, cents, charges, terms};
use recover_core::claim::Resolution;
use recover_core::fee::{OnFailure, PriceTime, QuoteRefusal};
use recover_core::kind::Kind;
use recover_core::people::Role;
use recover_core::time::Timestamp;

const DAY: i64 = 86_400;

fn ok(fee: &str) -> Result<String, QuoteRefusal> {
    Ok(fee.to_owned())
}

fn flat(more: &str) -> String {
    format!("[[fee]]\nkinds = []\nform = \"flat\"\namount = \"80\"\n{more}")
}

#[test]
fn the_minimum_value_says_on_which_side_its_edge_is() {
    for (edge, at_limit) in [
        ("", ok("80.00")),
        ("value_min_edge = \"ge\"\n", ok("80.00")),
        (
            "value_min_edge = \"gt\"\n",
            Err(QuoteRefusal::ValueTooSmall),
        ),
    ] {
        let desk = Desk::new(&flat(&format!("value_min = \"500\"\n{edge}")));
        assert_eq!(desk.fee("499.99"), Err(QuoteRefusal::ValueTooSmall));
        assert_eq!(desk.fee("500"), at_limit, "{edge}");
        assert_eq!(desk.fee("500.01"), ok("80.00"));
    }
}

/// Three days, seven days, and from 90 on: a window holds its first second and not the first one after it.
#[test]
fn age_windows_are_exact_to_the_second() {
    let rule = |window: &str, amount: u32| {
        format!("[[fee]]\nkinds = []\n{window}form = \"flat\"\namount = \"{amount}\"\n\n")
    };
    let text = [
        rule("age_to_days = 3\n", 1),
        rule("age_from_days = 3\nage_to_days = 7\n", 2),
        rule("age_from_days = 90\n", 3),
    ]
    .concat();
    let desk = Desk::new(&text);
    let aged = |age: Option<i64>| desk.with(|desk| desk.case.age_seconds = age).fee("1000");
    assert_eq!(aged(Some(0)), ok("1.00"));
    assert_eq!(aged(Some(3 * DAY - 1)), ok("1.00"));
    assert_eq!(aged(Some(3 * DAY)), ok("2.00"));
    assert_eq!(aged(Some(7 * DAY - 1)), ok("2.00"));
    assert_eq!(aged(Some(7 * DAY)), Err(QuoteRefusal::NoRule));
    assert_eq!(aged(Some(90 * DAY - 1)), Err(QuoteRefusal::NoRule));
    assert_eq!(aged(Some(90 * DAY)), ok("3.00"));
    // A deposit from the future is a clock that is wrong, and no age.
    assert_eq!(aged(Some(-1)), Err(QuoteRefusal::NoRule));
    assert_eq!(aged(None), Err(QuoteRefusal::AgeUnknown));
}

#[test]
fn a_deposit_without_a_known_age_is_asked_only_where_the_age_decides() {
    let text = format!(
        "[[fee]]\nkinds = [\"memo_missing\"]\nage_to_days = 3\nform = \"flat\"\namount = \"1\"\n\n{}",
        flat("")
    );
    let desk = Desk::new(&text);
    assert_eq!(desk.fee("1000"), ok("80.00"), "another kind");
    let memo = desk.with(|desk| desk.case.kind = Kind::MemoMissing);
    assert_eq!(memo.fee("1000"), Err(QuoteRefusal::AgeUnknown));
}

#[test]
fn rules_select_by_kind_network_asset_and_resolution() {
    let text = r#"
[[fee]]
kinds = ["unlisted_token"]
networks = ["ethereum"]
assets = ["ethereum/contract:0xToken"]
resolutions = ["sweep_to_address"]
form = "flat"
amount = "1"

[[fee]]
kinds = ["unlisted_token"]
networks = ["ethereum"]
form = "flat"
amount = "2"

[[fee]]
kinds = []
form = "flat"
amount = "3"
"#;
    let desk = Desk::new(text);
    assert_eq!(desk.fee("1000"), ok("1.00"));
    let credit = desk.with(|desk| desk.case.resolution = Resolution::SweepThenCredit);
    assert_eq!(credit.fee("1000"), ok("2.00"));
    let other = desk.holding("ethereum/contract:0xOther", "1000", 6, "1");
    assert_eq!(other.fee("1000"), ok("2.00"));
    let elsewhere = desk.holding("bsc/contract:0xToken", "1000", 6, "1");
    assert_eq!(elsewhere.fee("1000"), ok("3.00"));
}

#[test]
fn several_first_cases_are_free_where_the_policy_says_so() {
    let desk = Desk::new(&flat("first_free = 2\n")).with(|desk| desk.gas = Some("0.001"));
    let after = |earlier| {
        desk.with(|desk| desk.case.earlier_cases = Some(earlier))
            .quote("1000")
            .unwrap()
    };
    for (earlier, fee, total) in [(0, "0", "2.50"), (1, "0", "2.50"), (2, "80", "82.50")] {
        let quote = after(earlier);
        assert_eq!(
            (quote.service_fee, quote.total_fee),
            (cents(fee), cents(total)),
            "{earlier}: the network is paid in any case"
        );
    }
}

#[test]
fn a_fee_is_paid_from_the_deposit_the_balance_or_in_advance() {
    let paid = |from: &str| {
        let text = format!(
            "fee_asset = \"{USDT}\"\n{}paid_from = \"{from}\"\n",
            flat("")
        );
        Desk::new(&text)
            .with(|desk| desk.gas = Some("0.001"))
            .quote("1000")
            .unwrap()
    };
    let deposit = paid("deposit");
    assert_eq!(charges(&deposit), []);
    assert_eq!(deposit.net.to_coin_text(6), "917.5");
    for (from, is_prepaid) in [("balance", false), ("prepaid", true)] {
        let beside = paid(from);
        assert_eq!(
            charges(&beside),
            [("82.5".to_owned(), USDT.to_owned(), is_prepaid)]
        );
        assert_eq!(beside.net.to_coin_text(6), "1000");
        assert_eq!(beside.total_fee, deposit.total_fee);
    }
}

/// A token that nobody trades here is no money to be paid in.
#[test]
fn an_unlisted_asset_pays_from_the_balance_where_the_policy_names_what_in() {
    let with = Desk::new(&format!("fee_asset = \"{USDT}\"\n{}", flat("")));
    let without = Desk::new(&flat(""));
    let unlisted = |desk: &Desk| {
        desk.with(|desk| desk.case.is_listed = false)
            .quote("1000")
            .unwrap()
    };
    assert_eq!(
        charges(&unlisted(&with)),
        [("80".to_owned(), USDT.to_owned(), false)]
    );
    assert_eq!(charges(&with.quote("1000").unwrap()), []);
    assert_eq!(charges(&unlisted(&without)), []);
}

/// KuCoin, Gate and the four of Korea give it back, Bittrex Global less its costs, BTSE and CEX.IO keep it.
#[test]
fn what_happens_to_a_fee_when_the_recovery_fails_is_frozen_with_the_quote() {
    for (word, expected) in [
        ("refund", OnFailure::Refund),
        ("refund_less_costs", OnFailure::RefundLessCosts),
        ("keep", OnFailure::Keep),
    ] {
        let text = format!(
            "fee_asset = \"{USDT}\"\n{}paid_from = \"balance\"\non_failure = \"{word}\"\n",
            flat("")
        );
        let quote = Desk::new(&text).quote("1000").unwrap();
        assert_eq!(terms(&quote).on_failure, expected);
    }
}

/// EXMO and Bittrex by the deposit's time, Upbit by the day before and by a week's mean, Bybit by one site.
#[test]
fn the_price_that_counts_is_read() {
    for (word, expected) in [
        ("quote", PriceTime::Quote),
        ("deposit", PriceTime::Deposit),
        ("previous_close", PriceTime::PreviousClose),
        ("mean_of_seven_days", PriceTime::MeanOfSevenDays),
    ] {
        let desk = Desk::new(&flat(&format!("price = \"{word}\"\n")));
        assert_eq!(desk.policy.fees.rules[0].price, expected);
    }
    let desk = Desk::new(&flat("price_source = \"coinmarketcap\"\n"));
    let source = desk.policy.fees.rules[0].price_source.as_deref();
    assert_eq!(source, Some("coinmarketcap"));
}

#[test]
fn without_a_price_there_is_no_quote() {
    let desk = Desk::new(&flat("")).with(|desk| desk.price = None);
    assert_eq!(desk.fee("1000"), Err(QuoteRefusal::PriceUnknown));
}

/// The economic floor: nothing is quoted of which too little would be left.
#[test]
fn what_the_fees_would_eat_is_refused() {
    let desk = Desk::new(&flat("")).with(|desk| desk.gas = Some("0.001"));
    // What is left must be worth something: at least a cent.
    assert_eq!(desk.fee("82.500001"), Err(QuoteRefusal::NetTooSmall));
    assert_eq!(desk.fee("82.509999"), Err(QuoteRefusal::NetTooSmall));
    assert_eq!(desk.quote("82.51").unwrap().net.to_base_units(), "10000");
    assert_eq!(desk.fee("82.50"), Err(QuoteRefusal::FeeExceedsValue));
    let least = Desk::new(&format!(
        "{}\n[[withdrawal]]\nasset = \"ethereum/contract:0xToken\"\nfee = \"1\"\nminimum = \"10\"\n",
        flat("")
    ));
    assert_eq!(least.fee("90"), ok("80.00"));
    assert_eq!(least.fee("89.99"), Err(QuoteRefusal::NetTooSmall));
    // A credit to the account needs no minimum.
    let credit = least.with(|desk| desk.case.resolution = Resolution::LedgerCredit);
    assert_eq!(credit.fee("89.99"), ok("80.00"));
}

const WAIVERS: &str = r#"
[[waiver]]
code = "venue_fault"
title = "the exchange showed a wrong address"
percent = "100"
network = true
roles = ["wallet_lead", "compliance"]

[[waiver]]
code = "goodwill"
title = "a good customer"
percent = "50"
roles = ["wallet_lead"]

[[waiver]]
code = "campaign"
title = "October to December"
kinds = ["unlisted_token"]
from = "2026-10-01T00:00:00Z"
until = "2027-01-01T00:00:00+00:00"
percent = "12.5"
roles = ["specialist"]
"#;

#[test]
fn of_several_waivers_the_largest_counts_and_none_are_added() {
    let desk = Desk::new(&flat(WAIVERS)).with(|desk| desk.gas = Some("0.001"));
    let granted = |codes: &[&'static str]| {
        let quote = desk
            .with(|desk| desk.granted = codes.to_vec())
            .quote("1000")
            .unwrap();
        (
            quote.service_fee.to_string(),
            quote.network_fee.to_string(),
            quote.net.to_coin_text(6),
        )
    };
    let row = |service: &str, network: &str, net: &str| {
        (service.to_owned(), network.to_owned(), net.to_owned())
    };
    assert_eq!(granted(&[]), row("80.00", "2.50", "917.5"));
    assert_eq!(granted(&["campaign"]), row("70.00", "2.50", "927.5"));
    assert_eq!(granted(&["goodwill"]), row("40.00", "2.50", "957.5"));
    let both = row("40.00", "2.50", "957.5");
    assert_eq!(granted(&["goodwill", "campaign"]), both);
    assert_eq!(granted(&["campaign", "goodwill"]), both);
    assert_eq!(
        granted(&["goodwill", "venue_fault"]),
        row("0.00", "0.00", "1000")
    );
}

#[test]
fn what_the_exchange_pays_is_not_paid_in_beforehand() {
    let text = flat(&format!(
        "networks = [\"ethereum\"]\nprepaid_gas = \"0.002\"\n{WAIVERS}"
    ));
    let desk = Desk::new(&text).with(|desk| desk.gas = Some("0.001"));
    let quote = desk.quote("1000").unwrap();
    assert_eq!(
        charges(&quote),
        [("0.002".to_owned(), "ethereum/native".to_owned(), true)]
    );
    let waived = desk.with(|desk| desk.granted = vec!["venue_fault"]);
    let quote = waived.quote("1000").unwrap();
    assert_eq!(charges(&quote), []);
    assert_eq!(terms(&quote).network_cost, cents("2.50"));
}

#[test]
fn a_campaign_opens_and_closes_to_the_second() {
    let desk = Desk::new(&flat(WAIVERS));
    let waiver = desk.policy.fees.waiver("campaign").unwrap();
    let open = |text: &str, kind| waiver.is_open(kind, Timestamp::parse(text).unwrap());
    let token = Kind::UnlistedToken;
    assert!(!open("2026-09-30T23:59:59Z", token));
    assert!(open("2026-10-01T00:00:00Z", token));
    assert!(open("2026-12-31T23:59:59Z", token));
    assert!(!open("2027-01-01T00:00:00Z", token));
    assert!(!open("2026-11-01T00:00:00Z", Kind::MemoMissing));
    let always = desk.policy.fees.waiver("goodwill").unwrap();
    assert!(always.is_open(Kind::MemoMissing, Timestamp::default()));
    assert_eq!(always.roles, [Role::WalletLead]);
}

#[test]
fn a_share_of_a_waiver_rounds_in_favour_of_nobody_but_up() {
    let text = flat(WAIVERS).replace("amount = \"80\"", "amount = \"0.01\"");
    let desk = Desk::new(&text).with(|desk| desk.granted = vec!["goodwill"]);
    assert_eq!(desk.fee("1000"), ok("0.01"), "half a cent is a cent");
}

#[test]
fn a_quote_freezes_prices_ceiling_and_terms() {
    let desk = Desk::new(&flat("")).with(|desk| desk.gas = Some("0.001"));
    let quote = desk.quote("1000").unwrap();
    let terms = terms(&quote);
    let prices: Vec<String> = terms
        .prices
        .iter()
        .map(|price| format!("{} {} {:?}", price.asset, price.price, price.ids))
        .collect();
    assert_eq!(
        prices,
        [
            "ethereum/contract:0xToken 1 [\"prc_ethereum/contract:0xToken\"]",
            "ethereum/native 2500 [\"prc_ethereum/native\"]"
        ]
    );
    let ceiling = terms.ceiling.as_ref().unwrap();
    assert_eq!(
        (ceiling.asset.to_string(), ceiling.to_string()),
        ("ethereum/native".to_owned(), "0.001".to_owned())
    );
    // Asked again, the same comes out, line by line.
    assert_eq!(desk.quote("1000").unwrap(), quote);
}
