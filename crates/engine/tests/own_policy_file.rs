//! `policy.toml`: the one we ship, and each way to get one wrong.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are tests; the lint only knows the functions marked so"
)]

mod common;

use common::{ShapeCodec, TYPO};
use recover_core::amount::Amount;
use recover_core::approval::RuleAction;
use recover_core::claim::Resolution;
use recover_core::fee::{Cents, FeeForm};
use recover_core::kind::Kind;
use recover_core::network::NetworkId;
use recover_core::people::Role;
use recover_engine::config::{ChainsConfig, Networks, Policy};
use std::path::Path;

fn root(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(name)
}

fn shipped() -> ChainsConfig {
    ChainsConfig::load(&root("chains.toml"), &ShapeCodec)
        .expect("the shipped file is checked by tests of its own")
}

fn networks(chains: &ChainsConfig) -> Option<Networks<'_>> {
    Some(Networks {
        chains,
        codecs: &ShapeCodec,
    })
}

fn cents(text: &str) -> Cents {
    Cents::parse(text).unwrap()
}

#[test]
fn own_the_shipped_policy_loads() {
    let chains = shipped();
    let policy = Policy::load(&root("policy.toml"), networks(&chains)).unwrap();
    assert_eq!(policy.digest_text().len(), 64);
    assert_eq!(
        policy.text.as_bytes(),
        std::fs::read(root("policy.toml")).unwrap()
    );
    let chidi = policy.person("chidi").unwrap();
    assert!(chidi.roles.contains(&Role::Wallet));
    assert_eq!(policy.person("mallory"), None);
    let last = policy.fees.rules.last().unwrap();
    assert!(
        last.kinds.is_empty() && matches!(&last.form, FeeForm::Tiers(tiers) if tiers.len() == 3)
    );
    let numbered = policy.fees.rules.iter().zip(1u32..);
    assert!(
        numbered
            .into_iter()
            .all(|(rule, number)| rule.number == number)
    );
    // What the store keeps reads as the file does.
    assert_eq!(Policy::stored(7, &policy.text).unwrap(), policy);
}

#[test]
fn own_the_shipped_tiers_are_the_recommended_ones() {
    let policy = Policy::load(&root("policy.toml"), None).unwrap();
    let tiers: Vec<String> = policy
        .approval
        .tiers
        .iter()
        .map(|tier| {
            format!(
                "{} {} {}+{}{} {} h{}",
                tier.name,
                tier.value_max
                    .map_or_else(|| "-".to_owned(), |most| most.to_string()),
                tier.votes,
                tier.lead_votes,
                if tier.compliance_vote { "+c" } else { "" },
                tier.delay_seconds / 3_600,
                tier.alone.map_or_else(String::new, |alone| format!(
                    " alone {} x{}",
                    alone.day_value_max, alone.day_claims_max
                )),
            )
        })
        .collect();
    assert_eq!(
        tiers,
        [
            "T0 100.00 1+0 0 h alone 1000.00 x20",
            "T1 1000.00 1+0 0 h",
            "T2 10000.00 2+1 4 h",
            "T3 100000.00 2+1+c 24 h",
            "T4 - 3+2+c 48 h",
        ]
    );
    let approval = &policy.approval;
    // A value that nobody knows takes the last, and so does one above all others.
    assert_eq!(approval.tier(None).unwrap().name, "T4");
    assert_eq!(approval.tier(Some(cents("100000.01"))).unwrap().name, "T4");
    assert_eq!(
        approval.action(
            Kind::MissedCredit,
            &NetworkId::new("ethereum"),
            Resolution::LedgerCredit
        ),
        Some(RuleAction::Tiers)
    );
    assert_eq!(policy.change.admin_votes, 2);
    assert_eq!(policy.change.delay_seconds, 48 * 3_600);
    assert!(
        policy.wallets.is_empty(),
        "nobody sends money to an example"
    );
}

#[test]
fn own_the_network_fee_has_an_absolute_and_a_relative_limit() {
    let policy = Policy::load(&root("policy.toml"), None).unwrap();
    let allows = |fee, value| policy.allows_network_fee(cents(fee), cents(value));
    assert!(allows("30", "100"));
    assert!(!allows("30.01", "100"), "more than 30 percent");
    assert!(allows("200", "100000"));
    assert!(!allows("200.01", "100000"), "more than 200");
    assert!(!allows("0.01", "0"));
    assert!(allows("0", "0"));
}

const POLICY: &str = include_str!("policy_text/small.toml");

#[test]
fn own_each_mistake_in_a_policy_names_file_line_table_and_key() {
    let parse = |text: &str| Policy::parse("policy.toml", text, None);
    assert_eq!(parse(POLICY).unwrap().fees.rules.len(), 2);
    let broken = |from: &str, to: &str| {
        assert_eq!(POLICY.matches(from).count(), 1, "{from}");
        parse(&POLICY.replace(from, to)).unwrap_err().to_string()
    };
    let cases = [
        (
            broken("currency =", "curency ="),
            "policy.toml:3 curency: unknown field",
        ),
        (
            broken("\"USD\"", "\"usd\""),
            "currency: 'usd' is no currency code",
        ),
        (
            broken("quote_valid_minutes = 60", "quote_valid_minutes = 0"),
            "policy.toml:4 quote_valid_minutes: too small",
        ),
        (
            broken(
                "quote_valid_minutes = 60",
                "quote_valid_minutes = 999999999",
            ),
            "999999999 is too much here",
        ),
        (
            broken("quote_valid_minutes = 60", "quote_valid_minutes = 60.5"),
            "quote_valid_minutes: invalid type: floating point",
        ),
        (
            broken("unlisted_token", "unlisted"),
            "policy.toml:14 [fee] kinds: 'unlisted' is not known here",
        ),
        (
            broken("unlisted_token", "failed"),
            "'failed' is no kind that is ever recovered",
        ),
        (
            broken("[\"ethereum\"]", "[\"etherium\"]"),
            "networks: network 'etherium' is not known",
        ),
        (
            broken("form = \"percent\"", "form = \"share\""),
            "form: 'share' is not known here: write one of flat, percent, flat_or_percent, coin, withdrawal_fee, network_cost, range, refuse, tiers, matrix",
        ),
        (
            broken("percent = \"5\"\n", ""),
            "[fee] percent: 'percent' is missing",
        ),
        (
            broken("percent = \"5\"\n", "percent = \"100.5\"\n"),
            "percent: more than 100 percent",
        ),
        (
            broken("percent = \"5\"\n", "percent = \"5%\"\n"),
            "'5%' is not a plain decimal",
        ),
        (
            broken("cap = \"50\"", "cap = \"0.5\""),
            "cap: the cap is under the floor",
        ),
        (
            broken("cap = \"50\"", "cap = \"50.001\""),
            "'50.001' has more than the 2 decimals",
        ),
        (
            broken("cap = \"50\"", "amount = \"50\""),
            "[fee] percent: 50.00 and 5 percent stand together, and nothing says which is charged: at a value of 2000.00 the \
             lesser is 50.00 and the greater is 100.00; write form = \"flat_or_percent\" and operator = \"lesser\" or",
        ),
        (
            broken("form = \"tiers\"", "form = \"tiers\"\namount = \"1\""),
            "'amount' does not belong to tiers",
        ),
        (
            broken("from = \"500\"", "from = \"499\""),
            "[fee.tier] from: tiers overlap: the one before ends at 500.00 and this one begins at 499.00",
        ),
        (
            broken("to = \"500\"\n", ""),
            "[fee.tier] from: the tier before begins at 50.00 and has no 'to', so that this one, from 500.00 on",
        ),
        (
            broken("to = \"500\"", "to = \"50\""),
            "[fee.tier] to: this tier holds no value: it begins at 50.00 and ends at 50.00",
        ),
        (
            broken("amount = \"25\"\n", ""),
            "[fee.tier] amount: 'amount' is missing: flat needs it",
        ),
        (
            broken(
                "kinds = [\"unlisted_token\"]\nnetworks = [\"ethereum\"]",
                "kinds = []",
            ),
            "this rule can never decide: rule 1",
        ),
        (
            broken("network_fee_max = \"200\"", "network_fee_max = \"0\""),
            "network_fee_max: zero would let nothing through",
        ),
        (
            broken(
                "network_fee_max_percent = \"30\"",
                "network_fee_max_percent = \"300\"",
            ),
            "network_fee_max_percent: more than 100 percent",
        ),
        (
            broken("package_valid_minutes = 240", "package_valid_minutes = 0"),
            "package_valid_minutes: too small",
        ),
        (
            broken("signed_votes = false", "approvers_min = 2"),
            "[approval] approvers_min: a single number of approvers is no longer enough: write [[approval.rule]]",
        ),
        (
            broken("signed_votes = false\n", ""),
            "[approval]: missing field `signed_votes`",
        ),
        (
            broken("signed_votes = false", "signed_votes = true"),
            "[approval] signed_votes: chidi votes and has no key",
        ),
        (
            broken("week_multiple = 3", "week_multiple = 0"),
            "week_multiple: too small",
        ),
        (
            broken("maker_multiple = 40", "maker_multiple = 0"),
            "maker_multiple: too small",
        ),
        (
            broken("pair_multiple = 50", "pair_multiple = 5000000"),
            "pair_multiple: 5000000 is too much",
        ),
        (
            broken("day_release_max = \"250000\"", "day_release_max = \"0\""),
            "day_release_max: zero would let nothing through",
        ),
        (
            broken("vote_valid_minutes = 4320", "vote_valid_minutes = 1440"),
            "[approval.tier] delay_minutes: the votes run out before this delay",
        ),
        (without("rule"), "[approval] rule: no rule"),
        (without("tier"), "[approval] tier: no tier"),
        (
            broken("[\"hot_wallet\"]", "[\"hot\"]"),
            "[approval.rule] kinds: 'hot' is not known here",
        ),
        (
            broken("[\"hot_wallet\"]", "[\"failed\"]"),
            "[approval.rule] kinds: 'failed' is no kind",
        ),
        (
            broken("[\"bsc\"]", "[\"bsx\"]"),
            "[approval.rule] networks: network 'bsx' is not known",
        ),
        (
            broken("[\"return_to_sender\"]", "[\"return\"]"),
            "[approval.rule] resolutions: 'return' is not known here",
        ),
        (
            broken("[\"return_to_sender\"]", "[\"wait\"]"),
            "[approval.rule] resolutions: 'wait' pays nobody",
        ),
        (
            broken("action = \"block\"", "action = \"allow\""),
            "[approval.rule] action: 'allow' is not known here: write one of block, tiers",
        ),
        (
            broken(
                "kinds = [\"hot_wallet\"]\nnetworks = [\"bsc\"]\nresolutions = [\"return_to_sender\"]",
                "kinds = []\nnetworks = []\nresolutions = []",
            ),
            "[approval.rule]: this rule can never decide: rule 1",
        ),
        (
            broken("name = \"large\"", "name = \"small\""),
            "[approval.tier] name: tier 'small' stands twice",
        ),
        (
            broken("name = \"large\"", "name = \"large\"\nvalue_max = \"1000\""),
            "[approval.tier] value_max: tiers must rise",
        ),
        (
            broken("value_max = \"1000\"\n", ""),
            "[approval.tier] name: tiers must rise",
        ),
        (
            broken("value_max = \"1000\"", "value_max = \"0\""),
            "value_max: zero would let nothing",
        ),
        (
            broken("\nvotes = 2\nlead", "\nvotes = 0\nlead"),
            "[approval.tier] votes: too small: write at least 1",
        ),
        (
            broken("lead_votes = 1", "lead_votes = 3"),
            "[approval.tier] lead_votes: 3 is too much here: write at most 2",
        ),
        (
            broken("\nvotes = 2\nlead", "\nvotes = 3\nlead"),
            "[approval.tier] votes: 3 people with the role wallet or wallet_lead must agree and there are 2",
        ),
        (
            broken("lead_votes = 1", "lead_votes = 2"),
            "[approval.tier] lead_votes: 2 people with the role wallet_lead must agree and there are 1",
        ),
        (
            broken("[\"compliance\", \"treasury\"]", "[\"treasury\"]"),
            "[approval.tier] compliance_vote: the vote of compliance needs somebody besides",
        ),
        (
            broken("[\"specialist\"]", "[\"treasury\"]"),
            "[approval.tier] votes: nobody could ever approve a claim of tier small",
        ),
        (
            broken("alone_day_claims_max = 20\n", ""),
            "[approval.tier] alone_day_claims_max: 'alone_day_claims_max' is missing",
        ),
        (
            broken(
                "alone_day_value_max = \"900\"",
                "alone_day_value_max = \"0\"",
            ),
            "alone_day_value_max: zero",
        ),
        (
            broken("\nvotes = 1\n", "\nvotes = 2\n"),
            "alone_day_value_max: 'alone_day_value_max' does not belong to a tier that needs more",
        ),
        (
            broken("delay_minutes = 0", "delay_minutes = 1441"),
            "[approval.tier] delay_minutes: weaker than tier small before it",
        ),
        (
            broken("admin_votes = 2", "admin_votes = 1"),
            "[policy_change] admin_votes: too small: write at least 2",
        ),
        (
            broken("admin_votes = 2", "admin_votes = 3"),
            "[policy_change] admin_votes: 3 people with the role admin must agree and there are 2",
        ),
        (
            broken("compliance_votes = 1", "compliance_votes = 0"),
            "[policy_change] compliance_votes: too small",
        ),
        (
            broken("\"treasury\"]", "\"boss\"]"),
            "roles: 'boss' is not known here",
        ),
        (broken("\"chidi\"", "\"ana\""), "name: 'ana' stands twice"),
        (
            broken("\"chidi\"", "\"recover\""),
            "name: 'recover' is the name under which the program itself acts",
        ),
        (broken("roles = [\"specialist\"]", "roles = []"), "roles"),
        (
            broken("[\"wallet\"]", "[\"wallet\", \"admin\"]"),
            "[person] roles: the role admin goes with no other",
        ),
        (
            broken("[\"wallet\"]", "[\"wallet\", \"auditor\"]"),
            "[person] roles: the role auditor goes with no other",
        ),
        (
            broken("ssh-ed25519 AAAA", "ssh-rsa AAAA"),
            "[person] keys: keys of the algorithm `ssh-rsa` do not count",
        ),
        (
            broken(
                "roles = [\"wallet\"]",
                &format!("roles = [\"wallet\"]\nkeys = [\"{KEY}\"]"),
            ),
            "[person] keys: this key already belongs to chidi",
        ),
    ];
    for (message, expected) in cases {
        assert!(message.contains(expected), "{expected}: {message}");
        assert!(message.starts_with("policy.toml:"), "{message}");
        assert!(!message.contains('\n'), "{message}");
    }
}

/// The key of the example's lead.
const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea";

/// The policy without its approval rules, or without its tiers.
fn without(what: &str) -> String {
    let header = format!("[[approval.{what}]]");
    let tables = POLICY
        .split("\n\n")
        .filter(|table| !table.starts_with(&header));
    let text = tables.collect::<Vec<_>>().join("\n\n");
    Policy::parse("policy.toml", &text, None)
        .unwrap_err()
        .to_string()
}

#[test]
fn own_a_policy_that_signs_votes_needs_a_key_of_every_voter() {
    let signed = POLICY.replace("signed_votes = false", "signed_votes = true");
    let missing = |text: &str| {
        let error = Policy::parse("p", text, None).unwrap_err().to_string();
        let (_, rest) = error.split_once("signed_votes: ").unwrap();
        rest.split(' ').next().unwrap().to_owned()
    };
    assert_eq!(missing(&signed), "chidi");
    // Who only opens, hands over or changes the policy signs nothing here.
    let keyed = |text: &str, name: &str, key: &str| {
        let (before, after) = text.split_once(&format!("name = \"{name}\"\n")).unwrap();
        format!("{before}name = \"{name}\"\nkeys = [\"{key}\"]\n{after}")
    };
    let signed = keyed(&signed, "chidi", KEYS[0]);
    assert_eq!(missing(&signed), "farah");
    let signed = keyed(&keyed(&signed, "farah", KEYS[1]), "hana", KEYS[2]);
    let policy = Policy::parse("p", &signed, None).unwrap();
    assert!(policy.approval.signed_votes);
    assert_eq!(policy.person("emre").unwrap().keys[0].to_string(), KEY);
}

/// Public keys of nobody: `ssh-keygen -t ed25519`, and the private halves thrown away.
const KEYS: [&str; 3] = [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB3yU8g50GnMfYyy0IRrgmOuGxKKR6tUI219J9rUm8iY",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIG+XxdXXbK7kXS44A8KMzbBhv0XAfMaaeIlRBbWABFvU",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA2Fp0eN1Q9YOmjAJAKUZafvdrET1c9MOZeB64LIc3NY",
];

const WALLET: &str = r#"
[[wallet]]
network = "ethereum"
treasury = "0xdAC17F958D2ee523a2206206994597C13D831ec7"
fee_max = "0.05"
gas = "0xdAC17F958D2ee523a2206206994597C13D831eA1"
top_up_max = "0.02"

[[wallet.factory]]
address = "0xdAC17F958D2ee523a2206206994597C13D831eA2"
parent = "0xdAC17F958D2ee523a2206206994597C13D831eA3"
deploy = "0x2b85ba38{salt}"
flush_token = "0x3ef13367{token}"
flush_native = "0x6b9f96ea"

[[wallet]]
network = "xrpl"
treasury = "rTreasury"
fee_max = "0.001"
keys = [{ account = "rOmnibus", key = "edd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a" }]
"#;

#[test]
fn own_wallets_are_read_and_each_mistake_is_named() {
    let chains = shipped();
    let text = format!("{POLICY}{WALLET}");
    let parse = |text: &str| Policy::parse("policy.toml", text, networks(&chains));
    let policy = parse(&text).unwrap();
    let wallet = policy.wallet(&NetworkId::new("ethereum")).unwrap();
    assert_eq!(
        wallet.treasury,
        "0xdAC17F958D2ee523a2206206994597C13D831ec7"
    );
    assert_eq!(
        wallet.factories[0].flush_native.as_deref(),
        Some("0x6b9f96ea")
    );
    let xrpl = policy.wallet(&NetworkId::new("xrpl")).unwrap();
    assert_eq!(xrpl.keys[0].0, "rOmnibus");
    assert_eq!((xrpl.gas.as_ref(), xrpl.factories.len()), (None, 0));
    assert_eq!(policy.wallet(&NetworkId::new("bsc")), None);
    let limits = policy.native_limits(&NetworkId::new("ethereum")).unwrap();
    let units = |text| Amount::from_base_units(text).unwrap();
    assert_eq!(
        limits.in_base_units(18),
        Some((units("50000000000000000"), units("20000000000000000")))
    );
    assert_eq!(limits.in_base_units(1), None, "nothing is rounded");
    let limits = policy.native_limits(&NetworkId::new("xrpl")).unwrap();
    assert_eq!(limits.in_base_units(6), Some((units("1000"), Amount::ZERO)));
    // Without chains.toml nobody can tell a typo.
    assert!(Policy::parse("p", &text, None).is_ok());

    let broken = |from: &str, to: &str| {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        parse(&text.replace(from, to)).unwrap_err().to_string()
    };
    let cases = [
        (
            broken(
                "treasury = \"0xdAC17F958D2ee523a2206206994597C13D831ec7\"",
                &format!("treasury = \"{TYPO}\""),
            ),
            "[wallet] treasury: ",
        ),
        (
            broken(
                "0xdAC17F958D2ee523a2206206994597C13D831eA1",
                "0xdac17f958d2ee523a2206206994597c13d831ea1",
            ),
            "[wallet] gas: write it in canonical form",
        ),
        (
            broken("0xdAC17F958D2ee523a2206206994597C13D831eA3", "rParent"),
            "[wallet.factory] parent: ",
        ),
        (
            broken("network = \"xrpl\"", "network = \"ethereum\""),
            "[wallet] keys: ",
        ),
        (
            broken("network = \"xrpl\"", "network = \"nowhere\""),
            "[wallet] network: network 'nowhere' is not known",
        ),
        (
            broken("0x2b85ba38{salt}", "0x2b85ba38{token}"),
            "[wallet.factory] deploy: this is no call",
        ),
        (
            broken("0x2b85ba38{salt}", "0x2b85ba38"),
            "with {salt} for a word",
        ),
        (
            broken("0x3ef13367{token}", "0x3ef133{token}"),
            "[wallet.factory] flush_token: this is no call",
        ),
        (
            broken("0x6b9f96ea", "6b9f96ea"),
            "[wallet.factory] flush_native: this is no call",
        ),
        (
            broken("fee_max = \"0.001\"", "fee_max = \"0\""),
            "[wallet] fee_max: zero",
        ),
        (
            broken("fee_max = \"0.001\"", "fee_max = \"0.0000001\""),
            "[wallet] fee_max: '0.0000001' has more than the 6 decimals",
        ),
        (
            broken("top_up_max = \"0.02\"\n", ""),
            "[wallet] top_up_max: 'top_up_max' is missing: an account that pays for others needs it",
        ),
        (
            broken("fee_max = \"0.001\"", "fee_max = \"1\"\ntop_up_max = \"1\""),
            "[wallet] top_up_max: 'top_up_max' does not belong to a wallet without gas",
        ),
        (
            broken("key = \"ed", "key = \"ff"),
            "[wallet] keys: this is no public key of an account",
        ),
    ];
    for (message, expected) in cases {
        assert!(message.contains(expected), "{expected}: {message}");
        assert!(message.starts_with("policy.toml:"), "{message}");
        assert!(!message.contains("d75a980182b1"), "{message}");
    }
    // A network that is known, and that nobody configured.
    let mut fewer = shipped();
    fewer.networks.remove(&NetworkId::new("bitcoin"));
    let unconfigured = text.replace("network = \"xrpl\"", "network = \"bitcoin\"");
    let message = Policy::parse("policy.toml", &unconfigured, networks(&fewer))
        .unwrap_err()
        .to_string();
    let expected = "[wallet] keys: network 'bitcoin' has no table in chains.toml";
    assert!(message.contains(expected), "{message}");
    let twice =
        format!("{text}\n[[wallet]]\nnetwork = \"xrpl\"\ntreasury = \"rOther\"\nfee_max = \"1\"\n");
    let message = parse(&twice).unwrap_err().to_string();
    assert!(
        message.contains("network 'xrpl' has a wallet already"),
        "{message}"
    );
}

#[test]
fn own_a_policy_may_name_networks_that_only_the_configuration_has() {
    let text = POLICY.replace("[\"ethereum\"]", "[\"devnet\"]");
    assert!(Policy::parse("policy.toml", &text, None).is_err());
    let mut chains = shipped();
    let id = NetworkId::new("devnet");
    let mut devnet = chains.networks[&NetworkId::new("ethereum")].clone();
    devnet.id = id.clone();
    chains.networks.insert(id, devnet);
    assert!(Policy::parse("policy.toml", &text, networks(&chains)).is_ok());
    // A version that the store keeps was checked when it was loaded.
    assert!(Policy::stored(1, &text).is_ok());
    let broken = text.replace("\nvotes = 1\n", "\nvotes = 0\n");
    let message = Policy::stored(3, &broken).unwrap_err().to_string();
    assert!(message.starts_with("policy version 3:"), "{message}");
}

#[test]
fn own_a_changed_policy_has_another_digest() {
    let first = Policy::parse("p", POLICY, None).unwrap();
    let second = Policy::parse("p", &POLICY.replace("\"25\"", "\"26\""), None).unwrap();
    assert_ne!(first.digest, second.digest);
    assert_eq!(
        first.digest,
        Policy::parse("q", POLICY, None).unwrap().digest
    );
}

#[test]
fn own_service_levels_are_read_and_bounded() {
    use recover_core::queue::ServiceLevels;
    let shipped = std::fs::read_to_string(root("policy.toml")).unwrap();
    let read = |text: &str| Policy::parse("policy.toml", text, None);
    assert_eq!(
        read(&shipped).unwrap().service_levels,
        ServiceLevels::default()
    );
    let table = shipped.find("[service_levels]").unwrap();
    let end = table + shipped[table..].find("\n\n").unwrap();
    let without = format!("{}{}", &shipped[..table], &shipped[end..]);
    assert_eq!(
        read(&without).unwrap().service_levels,
        ServiceLevels::default(),
        "a policy of an earlier version has none"
    );
    let changed = |from: &str, to: &str| {
        assert!(shipped.contains(from));
        read(&shipped.replace(from, to))
    };
    let levels = changed("decision_hours = 72", "decision_hours = 48").unwrap();
    assert_eq!(levels.service_levels.decision_hours, 48);
    for (from, to, says) in [
        (
            "first_answer_hours = 24",
            "first_answer_hours = 0",
            "too small",
        ),
        ("wait_hours = 336", "wait_hours = 99999", "too much"),
        ("lease_minutes = 30", "lease_minutes = 1441", "too much"),
        ("lease_minutes = 30\n", "", "lease_minutes"),
        ("lease_minutes = 30", "lease_days = 1", "lease_days"),
    ] {
        let told = changed(from, to).unwrap_err().to_string();
        assert!(told.contains(says), "{to}: {told}");
    }
}

#[test]
fn own_a_match_passes_up_to_what_the_policy_says_and_else_up_to_tier_one() {
    let shipped = std::fs::read_to_string(root("policy.toml")).unwrap();
    let table = "[matching]\nauto_value_max = \"1000\"\n";
    assert!(shipped.contains(table));
    let most = |text: &str| {
        let policy = Policy::parse("policy.toml", text, None).unwrap();
        policy.match_value_max
    };
    assert_eq!(most(&shipped), cents("1000"));
    assert_eq!(
        most(&shipped.replace("auto_value_max = \"1000\"", "auto_value_max = \"0\"")),
        cents("0")
    );
    let plain = shipped.replace(table, "");
    assert_eq!(
        most(&plain.replace(
            "value_max = \"1000\"\nvotes = 1",
            "value_max = \"800\"\nvotes = 1"
        )),
        cents("800")
    );
    // No tier of that name: what one ordinary vote is enough for.
    let renamed = plain.replace("name = \"T1\"", "name = \"small\"");
    assert_eq!(most(&renamed), cents("1000"));
    // Not even one such vote: nothing.
    let strict = renamed
        .replace("votes = 1\nlead_votes = 0", "votes = 2\nlead_votes = 1")
        .replace(
            "alone_day_value_max = \"1000\"\nalone_day_claims_max = 20\n",
            "",
        );
    assert_eq!(most(&strict), cents("0"));
    for (wrong, told) in [
        ("auto_value_max = \"-1\"", "auto_value_max"),
        ("auto_value_max = 1000", "auto_value_max"),
        ("auto_value = \"1000\"", "auto_value"),
    ] {
        let text = shipped.replace("auto_value_max = \"1000\"", wrong);
        let error = Policy::parse("policy.toml", &text, None).unwrap_err();
        assert!(error.to_string().contains(told), "{error}");
    }
}

#[test]
fn own_rules_for_prices_have_defaults_and_limits() {
    let read = |table: &str| {
        let text = POLICY.replacen("[approval]", &format!("{table}\n[approval]"), 1);
        Policy::parse("policy.toml", &text, None).map(|policy| {
            let rules = policy.prices;
            (rules.sources_min, rules.spread_max_percent.to_string())
        })
    };
    assert_eq!(read("").unwrap(), (1, "5".to_owned()));
    assert_eq!(
        read("[prices]\nsources_min = 2\n").unwrap(),
        (2, "5".to_owned())
    );
    let both = "[prices]\nsources_min = 3\nspread_max_percent = \"0.5\"\n";
    assert_eq!(read(both).unwrap(), (3, "0.5".to_owned()));
    for (table, says) in [
        ("[prices]\nsources_min = 0\n", "[prices] sources_min"),
        ("[prices]\nsources_min = 21\n", "at most 20"),
        (
            "[prices]\nspread_max_percent = \"100.1\"\n",
            "more than 100 percent",
        ),
        (
            "[prices]\nspread_max_percent = \"NaN\"\n",
            "[prices] spread_max_percent",
        ),
        ("[prices]\nspread = \"5\"\n", "unknown field"),
    ] {
        let error = read(table).expect_err(table).to_string();
        assert!(error.contains(says), "{says}: {error}");
    }
}
