//! What cannot be written, and how it is told.

use crate::desk::{Desk, USDT, refused, text};
use recover_core::fee::{FeeForm, Outcome, PaidFrom};
use recover_engine::config::Policy;

/// One rule of every form but tiers and matrix, each with keys that belong to it.
fn rule(form: &str) -> String {
    format!("[[fee]]\nkinds = [\"unlisted_token\"]\n{form}\n")
}

#[test]
fn a_key_that_a_form_does_not_use_is_refused() {
    let flat = "form = \"flat\"\namount = \"1\"\n";
    let rows = [
        ("flat", flat, "floor = \"1\"", "floor"),
        ("flat", flat, "cap = \"1\"", "cap"),
        ("flat", flat, "basis = \"whole\"", "basis"),
        ("flat", flat, "free_under = \"1\"", "free_under"),
        ("flat", flat, "edge = \"gt\"", "edge"),
        ("flat", flat, "operator = \"lesser\"", "operator"),
        ("flat", flat, "asset = \"bitcoin/native\"", "asset"),
        ("flat", flat, "multiple = \"5\"", "multiple"),
        ("flat", flat, "from = \"5\"", "from"),
        ("flat", flat, "to = \"5\"", "to"),
        (
            "flat",
            flat,
            "[[fee.tier]]\nfrom = \"0\"\nform = \"refuse\"",
            "tier",
        ),
        (
            "flat",
            flat,
            "[[fee.cell]]\nfrom = \"bsc\"\nto = \"bsc\"\nform = \"refuse\"",
            "cell",
        ),
        (
            "flat_or_percent",
            "form = \"flat_or_percent\"\namount = \"1\"\npercent = \"1\"\noperator = \"lesser\"\n",
            "floor = \"1\"",
            "floor",
        ),
        (
            "coin",
            "form = \"coin\"\nasset = \"bitcoin/native\"\namount = \"1\"\n",
            "percent = \"1\"",
            "percent",
        ),
        (
            "withdrawal_fee",
            "form = \"withdrawal_fee\"\nmultiple = \"5\"\n",
            "amount = \"1\"",
            "amount",
        ),
        (
            "network_cost",
            "form = \"network_cost\"\n",
            "amount = \"1\"",
            "amount",
        ),
        (
            "range",
            "form = \"range\"\nfrom = \"1\"\nto = \"2\"\n",
            "amount = \"1\"",
            "amount",
        ),
        ("refuse", "form = \"refuse\"\n", "amount = \"1\"", "amount"),
    ];
    for (form, keys, more, key) in rows {
        let sound = rule(keys);
        assert!(Policy::parse("p", &text(&sound), None).is_ok(), "{sound}");
        let error = refused(&rule(&format!("{keys}{more}")));
        let told = format!("'{key}' does not belong to {form}");
        assert!(error.contains(&told), "{told}: {error}");
    }
}

#[test]
fn each_mistake_in_a_fee_is_told_with_its_key_and_what_to_write() {
    let flat = "form = \"flat\"\namount = \"1\"\n";
    let coin = "form = \"coin\"\nasset = \"bitcoin/native\"\namount = \"1\"\n";
    let rows = [
        (
            "form = \"coin\"\nasset = \"BTC\"\namount = \"1\"\n".to_owned(),
            "[fee] asset: 'BTC' is no asset: write NETWORK/native or NETWORK/contract:ADDRESS",
        ),
        (
            "form = \"coin\"\nasset = \"ethereum/unlisted:X\"\namount = \"1\"\n".to_owned(),
            "[fee] asset: 'ethereum/unlisted:X' is no asset",
        ),
        (
            "form = \"coin\"\nasset = \"etherium/native\"\namount = \"1\"\n".to_owned(),
            "[fee] asset: network 'etherium' is not known",
        ),
        (
            coin.replace("\"1\"", "\"0\""),
            "[fee] amount: zero would let nothing through",
        ),
        (
            "form = \"coin\"\nasset = \"bitcoin/native\"\n".to_owned(),
            "[fee] amount: 'amount' is missing: coin needs it",
        ),
        (
            "form = \"withdrawal_fee\"\nmultiple = \"0\"\n".to_owned(),
            "[fee] multiple: zero",
        ),
        (
            "form = \"range\"\nfrom = \"500\"\nto = \"200\"\n".to_owned(),
            "[fee] to: the range ends before it begins, at 500.00",
        ),
        (
            format!("{flat}price = \"completion\"\n"),
            "[fee] price: a quote is locked when the customer accepts it, so the price of a later day cannot be promised: write one of \
             quote, deposit, previous_close, mean_of_seven_days",
        ),
        (
            format!("{flat}price = \"later\"\n"),
            "[fee] price: 'later' is not known here",
        ),
        (
            format!("{flat}value_min_edge = \"gt\"\n"),
            "[fee] value_min: 'value_min' is missing: value_min_edge needs it",
        ),
        (
            format!("{flat}age_from_days = 7\nage_to_days = 7\n"),
            "[fee] age_to_days: too small: write at least 8",
        ),
        (
            format!("{flat}days = [3, 2]\n"),
            "[fee] days: write the least and the most days, like [2, 3]",
        ),
        (
            format!("{flat}days = [3]\n"),
            "[fee] days: write the least and the most days",
        ),
        (
            format!("{flat}first_free = 0\n"),
            "[fee] first_free: too small",
        ),
        (
            format!("{flat}paid_from = \"balance\"\n"),
            "[fee] paid_from: a fee that is not taken out of the deposit needs something to be paid in: write fee_asset",
        ),
        (
            format!("{coin}paid_from = \"prepaid\"\n"),
            "needs something to be paid in",
        ),
        (
            format!("{flat}on_failure = \"keep\"\n"),
            "[fee] on_failure: this fee is taken out of the deposit, so nothing was paid when a recovery fails",
        ),
        (
            format!("{flat}prepaid_gas = \"0.1\"\n"),
            "[fee] prepaid_gas: coins of which network?",
        ),
        (
            format!("{flat}resolutions = [\"wait\"]\n"),
            "[fee] resolutions: 'wait' pays nobody",
        ),
        (
            format!("{flat}networks = [\"bsc\"]\nassets = [\"ethereum/native\"]\n"),
            "[fee] assets: the rule is not for ethereum",
        ),
        (
            "form = \"refuse\"\nvalue_min = \"1\"\n".to_owned(),
            "[fee] value_min: 'value_min' does not belong to a rule that gives no service",
        ),
        (
            "form = \"network_cost\"\nfirst_free = 1\n".to_owned(),
            "'first_free' does not belong to a rule without a service fee",
        ),
        (
            format!("{flat}waits_for_minimum = true\n"),
            "'waits_for_minimum' does not belong to a rule for anything but kinds = [\"below_minimum\"]",
        ),
        (
            "form = \"refuse\"\nwaits_for_minimum = false\n".to_owned(),
            "'waits_for_minimum' does not belong to a rule that gives no service",
        ),
        (
            format!("{flat}title = \" \"\n"),
            "[fee] title: this must not be empty",
        ),
        (
            format!("{flat}outcome = \"money\"\n"),
            "[fee] outcome: 'money' is not known here: write one of credit, refund",
        ),
        (
            "form = \"matrix\"\nnetworks = [\"bsc\"]\n[[fee.cell]]\nfrom = \"bsc\"\nto = \"ethereum\"\nform = \"refuse\"\n"
                .to_owned(),
            "[fee] networks: 'networks' does not belong to a matrix",
        ),
        (
            "form = \"matrix\"\n".to_owned(),
            "[fee] cell: 'cell' is missing: matrix needs it",
        ),
        (
            "form = \"matrix\"\n[[fee.cell]]\nfrom = \"bsc\"\nto = \"ethereum\"\nform = \"refuse\"\n[[fee.cell]]\nfrom = \
             \"bsc\"\nto = \"ethereum\"\nform = \"refuse\"\n"
                .to_owned(),
            "[fee.cell] from: the pair from bsc to ethereum stands twice",
        ),
        (
            "form = \"tiers\"\n[[fee.tier]]\nfrom = \"0\"\nto = \"5\"\nform = \"refuse\"\n".to_owned(),
            "[fee.tier] to: the last tier has no 'to'",
        ),
        (
            "form = \"tiers\"\n[[fee.tier]]\nfrom = \"0\"\nform = \"tiers\"\n".to_owned(),
            "[fee.tier] form: 'tiers' is not known here",
        ),
    ];
    for (keys, expected) in rows {
        let error = refused(&rule(&keys));
        assert!(error.contains(expected), "{expected}: {error}");
        assert!(error.starts_with("policy.toml:"), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }
}

#[test]
fn each_mistake_in_a_waiver_or_a_withdrawal_is_told() {
    let sound = "[[waiver]]\ncode = \"goodwill\"\ntitle = \"t\"\npercent = \"50\"\nroles = [\"wallet_lead\"]\n";
    assert!(Policy::parse("p", &text(sound), None).is_ok());
    let withdrawal = "[[withdrawal]]\nasset = \"bitcoin/native\"\nfee = \"0.1\"\nminimum = \"1\"\n";
    assert!(Policy::parse("p", &text(withdrawal), None).is_ok());
    let rows = [
        (
            sound.replace("goodwill", "Good will"),
            "[waiver] code: 'Good will' is no code",
        ),
        (
            format!("{sound}{sound}"),
            "[waiver] code: waiver 'goodwill' stands twice",
        ),
        (
            sound.replace("\"50\"", "\"0\""),
            "[waiver] percent: this waives nothing",
        ),
        (
            sound.replace("\"50\"", "\"101\""),
            "[waiver] percent: more than 100 percent",
        ),
        (
            sound.replace("wallet_lead", "admin"),
            "[waiver] roles: the role admin acts on no claim and can grant nothing",
        ),
        (
            sound.replace("\"wallet_lead\"", ""),
            "[waiver] roles: 'roles' is missing",
        ),
        (
            format!("{sound}from = \"2026-10-01\"\n"),
            "[waiver] from: '2026-10-01' is no time: write it with its zone",
        ),
        (
            format!("{sound}from = \"2026-10-01T00:00:00Z\"\nuntil = \"2026-10-01T00:00:00Z\"\n"),
            "[waiver] until: the window closes before it opens",
        ),
        (
            withdrawal.replace("bitcoin/native", "bitcoin"),
            "[withdrawal] asset: 'bitcoin' is no asset",
        ),
        (
            withdrawal.replace("\"1\"", "\"0\""),
            "[withdrawal] minimum: zero",
        ),
        (
            format!("{withdrawal}{withdrawal}"),
            "[withdrawal] asset: bitcoin/native has a [[withdrawal]] already",
        ),
        (
            "fee_asset = \"USDT\"\n".to_owned(),
            "fee_asset: 'USDT' is no asset",
        ),
    ];
    for (fees, expected) in rows {
        let error = refused(&fees);
        assert!(error.contains(expected), "{expected}: {error}");
    }
}

#[test]
fn a_rule_that_earlier_ones_leave_nothing_to_is_told_with_their_numbers() {
    let flat = "form = \"flat\"\namount = \"1\"\n\n";
    let rules = |selectors: &[&str]| -> String {
        let rules = selectors
            .iter()
            .map(|selectors| format!("[[fee]]\n{selectors}\n{flat}"));
        rules.collect()
    };
    for (selectors, told) in [
        (
            vec!["kinds = []", "kinds = [\"hot_wallet\"]"],
            "rule 1 above it fits everything",
        ),
        (
            vec![
                "kinds = [\"hot_wallet\"]",
                "kinds = [\"account_closed\"]",
                "kinds = [\"account_closed\", \"hot_wallet\"]",
            ],
            "rules 1 and 2 above it together fit everything",
        ),
        (
            vec![
                "kinds = []\nnetworks = [\"bsc\", \"ethereum\"]",
                "kinds = [\"hot_wallet\"]\nassets = [\"bsc/native\"]",
            ],
            "rule 1 above it",
        ),
        (
            vec![
                "kinds = []\nage_to_days = 3",
                "kinds = []\nage_from_days = 3",
                "kinds = []",
            ],
            "rules 1 and 2 above it",
        ),
    ] {
        let error = refused(&rules(&selectors));
        assert!(
            error.contains("[fee]: this rule can never decide"),
            "{error}"
        );
        assert!(error.contains(told), "{told}: {error}");
    }
    for selectors in [
        vec!["kinds = [\"hot_wallet\"]", "kinds = []"],
        vec![
            "kinds = []\nnetworks = [\"bsc\"]",
            "kinds = []\nnetworks = [\"bsc\", \"ethereum\"]",
        ],
        vec!["kinds = []\nage_to_days = 3", "kinds = []\nage_to_days = 4"],
        vec![
            "kinds = []\nresolutions = [\"ledger_credit\"]",
            "kinds = []",
        ],
    ] {
        assert_eq!(
            Desk::new(&rules(&selectors)).policy.fees.rules.len(),
            2,
            "{selectors:?}"
        );
    }
}

/// What a release took stays readable: its quotes and votes rest on it.
#[test]
fn a_stored_version_is_read_by_the_rules_of_its_time() {
    let tiers = "form = \"tiers\"\n[[fee.tier]]\nfrom = \"0\"\nto = \"5\"\nform = \"flat\"\namount = \"0\"\n[[fee.tier]]\nfrom = \
                 \"7\"\nto = \"9\"\nform = \"flat\"\namount = \"1\"\n";
    let free = "form = \"percent\"\npercent = \"5\"\nfree_under = \"100\"\n";
    let idle = "form = \"flat\"\namount = \"1\"\n\n[[fee]]\nkinds = [\"unlisted_token\"]\nform = \"flat\"\namount = \"1\"\n";
    for keys in [tiers, free, idle] {
        let fees = rule(keys);
        refused(&fees);
        let stored = Policy::stored(3, &text(&fees)).unwrap();
        assert!(!stored.fees.rules.is_empty());
    }
}

#[test]
fn what_a_rule_says_beside_its_form_is_read() {
    let keys = "form = \"flat\"\namount = \"1\"\ntitle = \"A title\"\npaid_from = \"prepaid\"\ndays = [2, 3]\noutcome = \"credit\"\n\
                resolutions = [\"ledger_credit\"]\nassets = [\"ethereum/native\"]\n";
    let desk = Desk::new(&format!("fee_asset = \"{USDT}\"\n{}", rule(keys)));
    let rule = &desk.policy.fees.rules[0];
    assert_eq!(rule.title.as_deref(), Some("A title"));
    assert_eq!(rule.paid_from, Some(PaidFrom::Prepaid));
    assert_eq!(rule.days, Some((2, 3)));
    assert_eq!(rule.outcome, Some(Outcome::Credit));
    assert_eq!(rule.resolutions.len(), 1);
    assert_eq!(rule.assets.len(), 1);
    assert_eq!(
        desk.policy.fees.fee_asset.as_ref().unwrap().to_string(),
        USDT
    );
    assert!(matches!(rule.form, FeeForm::Flat { .. }));
}

/// A range stands in a tier and in a cell under keys of its own: theirs are taken.
#[test]
fn a_tier_may_leave_its_fee_to_a_person() {
    let keys = "form = \"tiers\"\n[[fee.tier]]\nfrom = \"0\"\nto = \"1000\"\nform = \"flat\"\namount = \"1\"\n[[fee.tier]]\nfrom = \
                \"1000\"\nform = \"range\"\nfee_from = \"200\"\nfee_to = \"500\"\n";
    let desk = Desk::new(&rule(keys));
    assert_eq!(desk.fee("999.99"), Ok("1.00".to_owned()));
    let named = desk.with(|desk| desk.named = Some(crate::desk::cents("300")));
    assert_eq!(named.fee("1000"), Ok("300.00".to_owned()));
}
