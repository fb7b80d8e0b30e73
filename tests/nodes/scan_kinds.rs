//! A scan of both networks finds every credit, says what it is, and finds nothing else.

use crate::desk::{Desk, rows};
use crate::setting::{assert_cases, by_key, expected_queue, furnish, id_of, queue, scan};
use crate::world::{Chain, World};

const BOTH: [Chain; 2] = [Chain::Ethereum, Chain::Bsc];

#[test]
fn the_world_is_what_it_says() {
    World::build().check();
}

/// The first scan, what a person sees, and a second scan that changes nothing. Shared with PostgreSQL.
pub fn finds_every_kind(desk: &Desk, world: &World) {
    furnish(desk, world);
    let reports = scan(desk);
    let new: u64 = reports
        .iter()
        .map(|report| report["new"].as_u64().unwrap())
        .sum();
    assert_eq!(new, u64::try_from(world.cases.len()).unwrap());
    assert_cases(desk, world, &BOTH, &[]);
    let (found, wanted) = (queue(desk), expected_queue(world));
    let odd: Vec<_> = found.symmetric_difference(&wanted).collect();
    assert!(odd.is_empty(), "in one queue only: {odd:?}");

    let before = by_key(desk.deposits());
    for report in scan(desk) {
        assert_eq!(report["new"], 0, "{report}");
        assert_eq!(report["blocks_read"], 0, "{report}");
    }
    assert_eq!(by_key(desk.deposits()), before);
}

#[test]
fn a_scan_finds_every_kind_and_nothing_else() {
    let world = World::build();
    let desk = Desk::new();
    finds_every_kind(&desk, &world);
    verdicts_name_their_detail(&desk, &world);
    counts_and_coverage(&desk, &world);
}

/// The detail of every verdict: how, the first step, what is missing, or why not.
fn verdicts_name_their_detail(desk: &Desk, world: &World) {
    let mut wrong = Vec::new();
    for case in &world.cases {
        let shown = desk.json(&["deposits", "show", &id_of(desk, case)]);
        let verdict = &shown["verdict_detail"];
        let part = |name: &str| verdict[name].as_str().unwrap_or("-").to_owned();
        let found = format!("{}:{}", part("code"), part("detail"));
        if found != case.expected.verdict {
            wrong.push(format!(
                "{}: expected {}, found {found}",
                case.name, case.expected.verdict
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn counts_and_coverage(desk: &Desk, world: &World) {
    // Unlisted contracts are counted once each, with all their credits.
    let tokens = rows(desk.json(&["tokens", "list", "--unreviewed"]));
    let contracts: std::collections::BTreeSet<String> = tokens
        .iter()
        .map(|token| token["contract"].as_str().unwrap().to_lowercase())
        .collect();
    // An old contract answers 32 bytes where others answer a string: its symbol is read all the same.
    let antique = tokens.iter().find(|token| token["claimed_symbol"] == "ANT");
    assert!(antique.is_some(), "{tokens:?}");
    for symbol in ["NEW", "FEE", "CAT", "UNI", "ANT"] {
        assert!(
            contracts.contains(&world.token(symbol).address),
            "{symbol} waits for its review"
        );
    }
    for symbol in ["TST", "SIL", "OLD"] {
        assert!(
            !contracts.contains(&world.token(symbol).address),
            "{symbol} is in chains.toml"
        );
    }
    // Every part of every block was read.
    let covered = rows(desk.json(&["scan", "--coverage"]));
    for chain in BOTH {
        let head = world.anvil(chain).height();
        let of_chain: Vec<_> = covered
            .iter()
            .filter(|row| row["network"] == chain.name())
            .collect();
        let streams: std::collections::BTreeSet<&str> = of_chain
            .iter()
            .map(|row| row["stream"].as_str().unwrap())
            .collect();
        assert_eq!(streams.len(), 4, "{streams:?}");
        for stream in streams {
            let mut heights = std::collections::BTreeSet::new();
            for row in of_chain.iter().filter(|row| row["stream"] == stream) {
                assert_eq!(row["state"], "read", "{row}");
                heights.extend(row["from"].as_u64().unwrap()..=row["to"].as_u64().unwrap());
            }
            assert!(
                (0..=head).all(|height| heights.contains(&height)),
                "{stream} of {}",
                chain.name()
            );
        }
    }
}

#[test]
fn a_range_can_be_scanned_alone_and_the_rest_later() {
    let world = World::build();
    let desk = Desk::new();
    furnish(&desk, &world);
    let case = world.case("missed_token");
    let height = world.ethereum.height_of(&case.tx).to_string();
    let arguments = [
        "scan",
        "--network",
        "ethereum",
        "--from",
        &height,
        "--to",
        &height,
    ];
    rows(desk.json(&arguments));
    let found = by_key(desk.deposits());
    assert_eq!(found.len(), 1, "{found:?}");
    scan(&desk);
    assert_cases(&desk, &world, &BOTH, &[]);
}

#[test]
fn a_review_decides_for_every_deposit_of_the_contract() {
    let world = World::build();
    let desk = Desk::new();
    furnish(&desk, &world);
    scan(&desk);
    let fee = &world.token("FEE").address;
    let arguments = [
        "tokens",
        "review",
        "ethereum",
        fee,
        "--decision",
        "genuine",
        "--decimals",
        "6",
        "--reason",
        "known issuer",
    ];
    desk.run_as("ana", &arguments).ok();
    let spam = &world.token("UNI").address;
    let arguments = [
        "tokens",
        "review",
        "ethereum",
        spam,
        "--decision",
        "airdrop",
        "--reason",
        "unasked",
    ];
    desk.run_as("ana", &arguments).ok();
    let queue = queue(&desk);
    let found = by_key(desk.deposits());
    let row = |name: &str| &found[&crate::setting::key_of(world.case(name))];
    for name in ["fee_logged_net", "fee_on_transfer"] {
        assert_eq!(row(name)["verdict"], "controllable", "{name}");
        assert!(
            queue.contains(&crate::setting::key_of(world.case(name))),
            "{name}"
        );
    }
    assert_eq!(row("unindexed_transfer")["kind"], "fake_token");
    assert_eq!(row("unindexed_transfer")["status"], "resolved");
    assert_eq!(
        row("unlisted_token")["verdict"],
        "conditional",
        "nobody reviewed this one"
    );
}

#[test]
fn stored_credits_follow_a_later_change_of_ledger_and_configuration() {
    let world = World::build();
    let desk = Desk::new();
    furnish(&desk, &world);
    scan(&desk);
    let requests = world.ethereum.height();
    // The ledger turns out to have one of them.
    let case = world.case("missed_native");
    let mut book = world.book.clone();
    book.credited(case, "U-1002", world.time_of(case), "");
    desk.write("ledger.csv", book.ledger_csv());
    desk.run(&["ledger", "import", "ledger.csv"]).ok();
    let row = &by_key(desk.deposits())[&crate::setting::key_of(case)];
    assert_eq!(row["kind"], "already_credited");
    assert_eq!(row["status"], "resolved");
    // The retired contract is listed again: the next scan reads no block and says so.
    let text = desk
        .read("chains.toml")
        .replace("status = \"retired\"", "status = \"listed\"");
    desk.write("chains.toml", text);
    desk.run(&["reconcile"]);
    let row = &by_key(desk.deposits())[&crate::setting::key_of(world.case("retired_contract"))];
    assert_eq!(row["kind"], "missed_credit");
    assert_eq!(world.ethereum.height(), requests);
}

#[test]
fn lost_keys_stand_in_the_report_with_what_they_are_worth() {
    let world = World::build();
    let desk = Desk::new();
    furnish(&desk, &world);
    scan(&desk);
    let report = desk.json(&["report"]);
    let rows = report["rows"].as_array().unwrap();
    let key = rows.iter().find(|row| row["missing"] == "key");
    let key = key.unwrap_or_else(|| panic!("{report}"));
    assert_eq!(key["subject"], "ethereum");
    assert_eq!(key["value"], "3000.00", "{key}");
    assert_eq!(key["customers"], 1);
}
