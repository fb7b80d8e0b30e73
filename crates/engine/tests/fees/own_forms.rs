//! The sixteen forms, each with every figure of its example, and the exchange whose page it is taken from.

use crate::desk::{Desk, USDT, cents, charges, refused, terms};
use recover_core::asset::AssetId;
use recover_core::claim::Resolution;
use recover_core::fee::{Basis, Edge, FeeForm, OnFailure, Percentage, QuoteRefusal};
use recover_core::kind::Kind;
use recover_core::network::NetworkId;

fn ok(fee: &str) -> Result<String, QuoteRefusal> {
    Ok(fee.to_owned())
}

/// Bitfinex: 150 for a missing memo.
#[test]
fn form_01_flat() {
    let desk = Desk::new("[[fee]]\nkinds = []\nform = \"flat\"\namount = \"150\"\n");
    assert_eq!(desk.fee("900"), ok("150.00"));
}

/// Bybit: 200 for a token that is not listed, and the value must exceed 500.
#[test]
fn form_02_flat_above_a_minimum_value() {
    let desk = Desk::new(
        "[[fee]]\nkinds = []\nvalue_min = \"500\"\nvalue_min_edge = \"gt\"\nform = \"flat\"\namount = \"200\"\n",
    );
    assert_eq!(desk.fee("500.00"), Err(QuoteRefusal::ValueTooSmall));
    assert_eq!(desk.fee("500.01"), ok("200.00"));
}

/// Coinbase: nothing up to 100, five percent above, and what the network takes on top (2.50 here).
const COINBASE: &str = r#"
[[fee]]
kinds = []
form = "percent"
percent = "5"
free_under = "100"
basis = "whole"
edge = "gt"
"#;

#[test]
fn form_03_zero_below_threshold_and_percent_of_whole_above() {
    let desk = Desk::new(COINBASE).with(|desk| desk.gas = Some("0.001"));
    let at_limit = desk.quote("100").unwrap();
    assert_eq!(
        (at_limit.service_fee, at_limit.network_fee),
        (cents("0"), cents("2.50"))
    );
    let above = desk.quote("1000").unwrap();
    assert_eq!(
        (above.service_fee, above.network_fee, above.total_fee),
        (cents("50"), cents("2.50"), cents("52.50"))
    );
    assert_eq!(above.net.to_coin_text(6), "947.5");
}

/// The public text settles neither what the percentage is of nor what holds at the limit, so that the policy says both.
#[test]
fn form_03_basis_and_edge_are_the_policy_s() {
    let excess = Desk::new(&COINBASE.replace("whole", "excess"));
    assert_eq!(excess.fee("1000"), ok("45.00"));
    assert_eq!(excess.fee("100"), ok("0.00"));
    let inside = Desk::new(&COINBASE.replace("\"gt\"", "\"ge\""));
    assert_eq!(inside.fee("100"), ok("5.00"));
    assert_eq!(inside.fee("99.99"), ok("0.00"));
    for (without, told) in [
        (
            "basis = \"whole\"\n",
            "needs 'basis': write basis = \"whole\"",
        ),
        (
            "edge = \"gt\"\n",
            "needs 'edge': write edge = \"gt\" when a value of exactly 100.00 is free",
        ),
    ] {
        let error = refused(&COINBASE.replace(without, ""));
        assert!(error.contains(told), "{error}");
    }
}

/// BTSE: five percent, at least 50, from a value of 1,000 on. CEX.IO: ten percent, at least 100.
#[test]
fn form_04_percent_with_a_floor() {
    let btse = Desk::new(
        "[[fee]]\nkinds = []\nvalue_min = \"1000\"\nform = \"percent\"\npercent = \"5\"\nfloor = \"50\"\n",
    );
    assert_eq!(btse.fee("1200"), ok("60.00"));
    assert_eq!(btse.fee("1000"), ok("50.00"));
    assert_eq!(btse.fee("999"), Err(QuoteRefusal::ValueTooSmall));
    let cex =
        Desk::new("[[fee]]\nkinds = []\nform = \"percent\"\npercent = \"10\"\nfloor = \"100\"\n");
    assert_eq!(cex.fee("600"), ok("100.00"));
}

/// Korbit: ten percent, at least 30,000 and at most 100,000 won.
#[test]
fn form_05_percent_with_floor_and_cap() {
    let desk = Desk::in_currency(
        "KRW",
        "[[fee]]\nkinds = []\nform = \"percent\"\npercent = \"10\"\nfloor = \"30000\"\ncap = \"100000\"\n",
    );
    assert_eq!(desk.fee("450000"), ok("45000.00"));
    assert_eq!(desk.fee("200000"), ok("30000.00"));
    assert_eq!(desk.fee("2000000"), ok("100000.00"));
}

/// FTX published "up to 500 or 5 %" and charged fifteen: 954,000 of 6.36 million.
const FTX: &str = r#"
[[fee]]
kinds = []
form = "flat_or_percent"
amount = "500"
percent = "5"
operator = "lesser"
"#;

#[test]
fn form_06_lesser_or_greater_of_a_sum_and_a_percentage() {
    let value = "6360000";
    assert_eq!(Desk::new(FTX).fee(value), ok("500.00"));
    let greater = Desk::new(&FTX.replace("lesser", "greater"));
    assert_eq!(greater.fee(value), ok("318000.00"));
    let percent = Desk::new("[[fee]]\nkinds = []\nform = \"percent\"\npercent = \"5\"\n");
    assert_eq!(percent.fee(value), ok("318000.00"));
    let charged = Desk::new("[[fee]]\nkinds = []\nform = \"percent\"\npercent = \"15\"\n");
    assert_eq!(charged.fee(value), ok("954000.00"));
    // Where both agree there is nothing to choose.
    assert_eq!(Desk::new(FTX).fee("10000"), greater.fee("10000"));
}

#[test]
fn form_06_cannot_be_written_without_its_operator() {
    let told = "[fee] percent: 500.00 and 5 percent stand together, and nothing says which is charged: at a value of 20000.00 the \
                lesser is 500.00 and the greater is 1000.00; write form = \"flat_or_percent\" and operator = \"lesser\" or operator = \
                \"greater\"";
    let without = FTX.replace("operator = \"lesser\"\n", "");
    for form in ["flat_or_percent", "flat", "percent"] {
        let error = refused(&without.replace("flat_or_percent", form));
        assert!(error.contains(told), "{form}: {error}");
    }
    let up_to = FTX.replace("\"lesser\"", "\"up_to\"");
    let error = refused(&up_to);
    assert!(
        error.contains("operator: 'up_to' is not known here: write one of lesser, greater"),
        "{error}"
    );
}

/// WhiteBIT: 25 from 50 on, 50 from 500 on, 100 from 2,000 on.
const WHITEBIT: &str = r#"
[[fee]]
kinds = []
form = "tiers"

[[fee.tier]]
from = "50"
to = "500"
form = "flat"
amount = "25"

[[fee.tier]]
from = "500"
to = "2000"
form = "flat"
amount = "50"

[[fee.tier]]
from = "2000"
form = "flat"
amount = "100"
"#;

#[test]
fn form_07_value_tiers_are_half_open() {
    let desk = Desk::new(WHITEBIT);
    let rows = [
        ("50", "25.00"),
        ("499.50", "25.00"),
        ("499.99", "25.00"),
        ("500", "50.00"),
        ("1999.99", "50.00"),
        ("2000", "100.00"),
        ("1000000", "100.00"),
    ];
    for (value, fee) in rows {
        assert_eq!(desk.fee(value), ok(fee), "{value}");
    }
    assert_eq!(desk.fee("49.99"), Err(QuoteRefusal::ValueTooSmall));
}

/// The public table reads "50-499" and "500-1999": nobody knows what 499.50 costs.
#[test]
fn form_07_the_gaps_of_the_public_table_do_not_load() {
    let gap = WHITEBIT.replace("to = \"500\"", "to = \"499\"");
    let error = refused(&gap);
    assert!(
        error.contains(
            "[fee.tier] from: tiers leave a gap: the one before ends at 499.00 and this one begins at 500.00"
        ),
        "{error}"
    );
    let overlap = WHITEBIT.replace("from = \"2000\"", "from = \"1999\"");
    let error = refused(&overlap);
    assert!(
        error.contains(
            "[fee.tier] from: tiers overlap: the one before ends at 2000.00 and this one begins at 1999.00"
        ),
        "{error}"
    );
}

/// Bybit: five times what a withdrawal of the coin costs, out of the coin; refused when less is left than can be withdrawn.
#[test]
fn form_08_multiple_of_the_withdrawal_fee_in_the_coin() {
    let coin = "ethereum/contract:0xCoin";
    let desk = Desk::new(&format!(
        "[[fee]]\nkinds = []\nform = \"withdrawal_fee\"\nmultiple = \"5\"\n\n\
         [[withdrawal]]\nasset = \"{coin}\"\nfee = \"0.25\"\nminimum = \"2\"\n"
    ));
    let quote = desk.holding(coin, "30", 8, "7").ask().unwrap();
    assert_eq!(quote.fee_in_asset.to_coin_text(8), "1.25");
    assert_eq!(quote.net.to_coin_text(8), "28.75");
    assert_eq!(quote.service_fee, cents("8.75"));
    assert_eq!(charges(&quote), []);
    assert_eq!(
        desk.holding(coin, "2.5", 8, "7").ask(),
        Err(QuoteRefusal::NetTooSmall)
    );
    // 3.25 less 1.25 is just enough.
    let least = desk.holding(coin, "3.25", 8, "7").ask().unwrap();
    assert_eq!(least.net.to_coin_text(8), "2");
    assert_eq!(
        desk.quote("30"),
        Err(QuoteRefusal::WithdrawalFeeUnknown),
        "a coin whose withdrawals nobody priced"
    );
}

/// Gate: what the network takes, in USDT, and given back when the refund fails.
#[test]
fn form_09_gas_pass_through_from_the_balance() {
    let desk = Desk::new(&format!(
        "fee_asset = \"{USDT}\"\n[[fee]]\nkinds = []\nform = \"network_cost\"\npaid_from = \"balance\"\non_failure = \"refund\"\n"
    ))
    .with(|desk| desk.gas = Some("0.001"));
    let quote = desk.quote("100").unwrap();
    assert_eq!(
        (quote.service_fee, quote.network_fee, quote.total_fee),
        (cents("0"), cents("2.50"), cents("2.50"))
    );
    assert_eq!(
        charges(&quote),
        [("2.5".to_owned(), USDT.to_owned(), false)]
    );
    assert_eq!(quote.net.to_coin_text(6), "100", "the whole deposit");
    assert_eq!(terms(&quote).on_failure, OnFailure::Refund);
}

/// Cryptopay: 50 euros, and the customer first sends 0.0007 native coins for the gas.
#[test]
fn form_10_flat_and_prepaid_gas() {
    let desk = Desk::in_currency(
        "EUR",
        "[[fee]]\nkinds = []\nnetworks = [\"ethereum\"]\nform = \"flat\"\namount = \"50\"\nprepaid_gas = \"0.0007\"\n",
    )
    .with(|desk| desk.gas = Some("0.0006"));
    let quote = desk.quote("500").unwrap();
    assert_eq!(quote.service_fee, cents("50"));
    assert_eq!(
        charges(&quote),
        [("0.0007".to_owned(), "ethereum/native".to_owned(), true)]
    );
    assert_eq!(quote.net.to_coin_text(6), "450");
    // 0.0007 at 2,500.
    assert_eq!(quote.network_fee, cents("1.75"));
    let dear = desk.with(|desk| desk.gas = Some("0.000701"));
    assert_eq!(dear.quote("500"), Err(QuoteRefusal::PrepaidTooSmall));
}

/// EXMO: 0.05 BTC, paid in beforehand and taken when it succeeds.
#[test]
fn form_11_fixed_in_a_coin_and_paid_in_beforehand() {
    let desk = Desk::new(&format!(
        "fee_asset = \"{USDT}\"\n[[fee]]\nkinds = []\nform = \"coin\"\nasset = \"bitcoin/native\"\namount = \"0.05\"\n\
         paid_from = \"prepaid\"\n"
    ));
    let quote = desk.quote("10000").unwrap();
    assert_eq!(
        charges(&quote),
        [("0.05".to_owned(), "bitcoin/native".to_owned(), true)]
    );
    // 0.05 at 60,000.
    assert_eq!(quote.service_fee, cents("3000"));
    assert_eq!(quote.fee_in_asset.to_base_units(), "0");
    assert_eq!(terms(&quote).on_failure, OnFailure::Refund);
    assert_eq!(desk.fee("2999"), Err(QuoteRefusal::FeeExceedsValue));
}

/// Upbit: 100,000 won between Ethereum and Ethereum Classic and within Bitcoin's family, and free within Ethereum.
#[test]
fn form_12_matrix_of_networks() {
    let cell = |from: &str, to: &str, form: &str| {
        format!("\n[[fee.cell]]\nfrom = \"{from}\"\nto = \"{to}\"\n{form}\n")
    };
    let crossing = "form = \"flat\"\namount = \"100000\"";
    let upbit = [
        cell("ethereum", "ethereum", "form = \"flat\"\namount = \"0\""),
        cell("ethereum-classic", "ethereum", crossing),
        cell("ethereum", "ethereum-classic", crossing),
        cell("litecoin", "bitcoin", crossing),
        cell("bitcoin-cash", "bitcoin", "form = \"network_cost\""),
    ]
    .concat();
    let text = format!(
        "[[fee]]\nkinds = []\nform = \"matrix\"\n{upbit}\n[[fee]]\nkinds = []\nform = \"flat\"\namount = \"200000\"\n"
    );
    let desk = Desk::in_currency("KRW", &text);
    let between = |landed: &str, home: Option<&str>| {
        desk.with(|desk| {
            desk.case.network = NetworkId::new(landed);
            desk.case.home = home.map(NetworkId::new);
        })
        .fee("5000000")
    };
    assert_eq!(between("ethereum", Some("ethereum")), ok("0.00"));
    assert_eq!(
        between("ethereum-classic", Some("ethereum")),
        ok("100000.00")
    );
    assert_eq!(between("litecoin", Some("bitcoin")), ok("100000.00"));
    assert_eq!(between("bitcoin-cash", Some("bitcoin")), ok("0.00"));
    // A pair without a cell goes on to the next rule, and so does a network that begins no pair.
    assert_eq!(between("bitcoin", Some("litecoin")), ok("200000.00"));
    assert_eq!(between("bsc", None), ok("200000.00"));
    assert_eq!(
        between("ethereum", None),
        Err(QuoteRefusal::HomeUnknown),
        "the fee would be a guess"
    );
}

/// CoinExchange.io: 0.05 BTC within Bitcoin's family, 0.5 ETH between Ethereum and Ethereum Classic.
#[test]
fn form_12_matrix_in_coins() {
    let text = r#"
[[fee]]
kinds = []
form = "matrix"

[[fee.cell]]
from = "litecoin"
to = "bitcoin"
form = "coin"
asset = "bitcoin/native"
amount = "0.05"

[[fee]]
kinds = []
form = "matrix"

[[fee.cell]]
from = "ethereum-classic"
to = "ethereum"
form = "coin"
asset = "ethereum/native"
amount = "0.5"
"#;
    let desk = Desk::new(text);
    let between = |landed: &str, home: &str| {
        desk.with(|desk| {
            desk.case.network = NetworkId::new(landed);
            desk.case.home = Some(NetworkId::new(home));
        })
        .fee("100000")
    };
    // The desk prices every coin at 60,000.
    assert_eq!(between("litecoin", "bitcoin"), ok("3000.00"));
    assert_eq!(between("ethereum-classic", "ethereum"), ok("30000.00"));
    assert_eq!(between("bitcoin", "litecoin"), Err(QuoteRefusal::NoRule));
    let mixed = text.replace(
        "\n[[fee]]\nkinds = []\nform = \"matrix\"\n\n[[fee.cell]]\nfrom = \"ethereum-classic\"",
        "\n[[fee.cell]]\nfrom = \"ethereum-classic\"",
    );
    let error = refused(&mixed);
    assert!(error.contains("coins of several assets"), "{error}");
}

/// Cryptal: the first case is free, then five percent.
#[test]
fn form_13_percent_after_the_first_free_case() {
    let desk =
        Desk::new("[[fee]]\nkinds = []\nfirst_free = 1\nform = \"percent\"\npercent = \"5\"\n");
    let after = |earlier| {
        desk.with(|desk| desk.case.earlier_cases = earlier)
            .fee("1000")
    };
    assert_eq!(after(Some(0)), ok("0.00"));
    assert_eq!(after(Some(1)), ok("50.00"));
    assert_eq!(after(Some(7)), ok("50.00"));
    assert_eq!(
        after(None),
        ok("50.00"),
        "nobody is first whom nobody knows"
    );
}

/// BitBay: twenty percent. CoVEX: one.
#[test]
fn form_14_percent_only() {
    let percent = |percent: &str| {
        Desk::new(&format!(
            "[[fee]]\nkinds = []\nform = \"percent\"\npercent = \"{percent}\"\n"
        ))
        .fee("1000")
    };
    assert_eq!(percent("20"), ok("200.00"));
    assert_eq!(percent("1"), ok("10.00"));
}

/// KuCoin: 200 to 500 for a token on a network that it does not support, as a person quotes it.
#[test]
fn form_15_range_by_a_person() {
    let desk = Desk::new("[[fee]]\nkinds = []\nform = \"range\"\nfrom = \"200\"\nto = \"500\"\n");
    let named = |sum: Option<&str>| desk.with(|desk| desk.named = sum.map(cents)).fee("5000");
    assert_eq!(named(None), Err(QuoteRefusal::FeeByPerson));
    for sum in ["200.00", "350.00", "500.00"] {
        assert_eq!(named(Some(sum)), ok(sum));
    }
    for sum in ["199.99", "500.01"] {
        assert_eq!(named(Some(sum)), Err(QuoteRefusal::FeeOutsideRange));
    }
    // Nobody names a fee where the rule leaves none to name.
    let flat = Desk::new("[[fee]]\nkinds = []\nform = \"flat\"\namount = \"10\"\n");
    let told = flat.with(|desk| desk.named = Some(cents("1"))).fee("100");
    assert_eq!(told, Err(QuoteRefusal::FeeOutsideRange));
}

/// Bitfinex, in an older schedule: 0.0004 BTC for a deposit that is too small, out of that deposit.
#[test]
fn form_16_small_deposit_charge_in_the_coin() {
    let desk = Desk::new(
        "[[fee]]\nkinds = [\"below_minimum\"]\nform = \"coin\"\nasset = \"bitcoin/native\"\namount = \"0.0004\"\n",
    )
    .with(|desk| {
        desk.case.kind = Kind::BelowMinimum;
        desk.case.resolution = Resolution::LedgerCredit;
    });
    let quote = desk
        .holding("bitcoin/native", "0.001", 8, "60000")
        .ask()
        .unwrap();
    assert_eq!(quote.fee_in_asset.to_coin_text(8), "0.0004");
    assert_eq!(quote.net.to_coin_text(8), "0.0006");
    assert_eq!(quote.service_fee, cents("24"));
    assert_eq!(
        desk.holding("bitcoin/native", "0.0004", 8, "60000").ask(),
        Err(QuoteRefusal::FeeExceedsValue)
    );
}

/// What each text above is read as, once by its fields.
#[test]
fn a_form_is_read_with_all_its_keys() {
    let text = COINBASE.replace(
        "percent = \"5\"",
        "percent = \"5\"\nfloor = \"1\"\ncap = \"2500\"",
    );
    let rule = &Desk::new(&text).policy.fees.rules[0];
    assert_eq!(
        rule.form,
        FeeForm::Percent(Percentage {
            percent: recover_core::decimal::Decimal::whole(5),
            floor: cents("1"),
            cap: Some(cents("2500")),
            free_under: cents("100"),
            edge: Edge::GreaterThan,
            basis: Basis::Whole,
        })
    );
    let coin =
        "[[fee]]\nkinds = []\nform = \"coin\"\nasset = \"bitcoin/native\"\namount = \"0.05\"\n";
    let rule = &Desk::new(coin).policy.fees.rules[0];
    assert_eq!(
        rule.form.coin(),
        Some(&AssetId::native(NetworkId::new("bitcoin")))
    );
}
