//! `diagnose`: one verdict for what a customer brings, over every network where it fits.

use recover_testkit::{FaultyServer, Response};
use serde_json::Value;

use crate::desk::{Desk, rows};
use crate::setting::{furnish, furnish_at, id_of, scan};
use crate::to_claim::refused;
use crate::world::{APPEALS, World, owner};

fn furnished() -> (World, Desk) {
    let world = World::build();
    let desk = Desk::new();
    furnish(&desk, &world);
    (world, desk)
}

#[track_caller]
fn diagnose(desk: &Desk, arguments: &[&str]) -> Value {
    desk.json(&[&["diagnose"], arguments].concat())
}

fn verdict(value: &Value) -> String {
    let part = |name: &str| value["verdict"][name].as_str().unwrap_or("-").to_owned();
    format!("{}:{}", part("code"), part("detail"))
}

fn answer<'a>(diagnosis: &'a Value, network: &str) -> &'a Value {
    let answers = diagnosis["networks"].as_array().unwrap();
    answers
        .iter()
        .find(|answer| answer["network"] == network)
        .unwrap()
}

#[test]
fn every_case_is_diagnosed_as_the_scan_finds_it_before_any_scan() {
    let (world, desk) = furnished();
    for case in &world.cases {
        // Several credits of one transaction: the deciding one is another test's business.
        if world
            .cases
            .iter()
            .filter(|other| other.tx == case.tx)
            .count()
            > 1
        {
            continue;
        }
        let found = diagnose(&desk, &[&case.tx]);
        assert_eq!(found["kind"], case.expected.kind, "{}: {found}", case.name);
        assert_eq!(
            verdict(&found),
            case.expected.verdict,
            "{}: {found}",
            case.name
        );
        assert_eq!(found["network"], case.chain.name(), "{}", case.name);
        assert!(!found["next"].as_str().unwrap().is_empty(), "{}", case.name);
    }
    // What it saw is stored, and the scan finds the same.
    let seen = desk.deposits().len();
    assert!(seen > 30, "{seen}");
    let ids: Vec<String> = world
        .cases
        .iter()
        .filter(|case| case.name.starts_with("wrong"))
        .map(|case| id_of(&desk, case))
        .collect();
    scan(&desk);
    let again: Vec<String> = world
        .cases
        .iter()
        .filter(|case| case.name.starts_with("wrong"))
        .map(|case| id_of(&desk, case))
        .collect();
    assert_eq!(ids, again);
    assert_eq!(desk.deposits().len(), world.cases.len());
}

#[test]
fn a_link_a_bare_id_and_an_upper_case_id_are_the_same_question() {
    let (world, desk) = furnished();
    let case = world.case("wrong_chain_native");
    let link = format!("https://bscscan.com/tx/{}?utm_source=mail", case.tx);
    let bare = case.tx.trim_start_matches("0x").to_owned();
    let upper = format!("0x{}", bare.to_uppercase());
    for text in [&case.tx, &link, &bare, &upper] {
        let found = diagnose(&desk, &[text]);
        assert_eq!(found["kind"], "wrong_chain_same_key", "{text}");
        assert_eq!(found["id"], case.tx.as_str(), "{text}");
    }
    // A person reads who signs and what to do next.
    let page = desk.run(&["diagnose", &case.tx]).ok().out;
    for word in ["wrong_chain_same_key", "bsc", "who signs", "next", "cost"] {
        assert!(page.contains(word), "{word}:\n{page}");
    }
}

#[test]
fn an_address_is_a_question_too() {
    let (world, desk) = furnished();
    scan(&desk);
    let case = world.case("missed_native");
    let found = diagnose(&desk, &[&case.to]);
    assert_eq!(found["subject"], "address");
    // The same address holds a coin on bsc, which is the harder case.
    let deposits = found["deposits"].as_array().unwrap();
    let kinds: Vec<&str> = deposits
        .iter()
        .map(|row| row["kind"].as_str().unwrap())
        .collect();
    assert!(
        kinds.contains(&"missed_credit") && kinds.contains(&"wrong_chain_same_key"),
        "{kinds:?}"
    );
    let stranger = diagnose(&desk, &["0x00000000000000000000000000000000000000aa"]);
    assert!(stranger["kind"].is_null(), "{stranger}");
}

#[test]
fn needs_deploy_names_steps_and_signers() {
    let (world, desk) = furnished();
    let found = diagnose(&desk, &[&world.case("wrong_chain_forwarder").tx]);
    let steps = found["verdict"]["steps"].as_array().unwrap();
    let kinds: Vec<&str> = steps
        .iter()
        .map(|step| step["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["deploy_forwarder", "flush"]);
    assert!(
        steps
            .iter()
            .all(|step| !step["signer"].as_str().unwrap().is_empty()),
        "{steps:?}"
    );
    let found = diagnose(&desk, &[&world.case("wrong_chain_create").tx]);
    let maker = found["verdict"]["steps"][0]["signer"]
        .as_str()
        .unwrap()
        .to_lowercase();
    assert!(maker.starts_with("0x"), "{found}");
}

#[test]
fn a_silent_network_is_named_and_absence_is_not_claimed() {
    let world = World::build();
    let desk = Desk::new();
    let dead = FaultyServer::always(Response::hang_up());
    furnish_at(
        &desk,
        &world,
        Some(world.ethereum.rpc_url()),
        Some(&dead.url()),
    );
    // It is on the network that does not answer.
    let found = diagnose(&desk, &[&world.case("wrong_chain_native").tx]);
    assert_eq!(answer(&found, "bsc")["answer"], "silent", "{found}");
    assert_eq!(answer(&found, "ethereum")["answer"], "absent", "{found}");
    assert!(found["kind"].is_null());
    assert!(found["next"].as_str().unwrap().contains("bsc"), "{found}");
    // And what the other network knows is told all the same.
    let found = diagnose(&desk, &[&world.case("missed_native").tx]);
    assert_eq!(found["kind"], "missed_credit");
    assert_eq!(answer(&found, "bsc")["answer"], "silent");
}

#[test]
fn a_transaction_that_is_nowhere_is_absent_everywhere() {
    let (_world, desk) = furnished();
    let nowhere = format!("0x{}", "ab".repeat(32));
    let found = diagnose(&desk, &[&nowhere]);
    assert!(found["kind"].is_null());
    for network in ["ethereum", "bsc"] {
        assert_eq!(answer(&found, network)["answer"], "absent", "{found}");
    }
    assert!(desk.deposits().is_empty());
    desk.run(&["diagnose", "what is this"]).exits(2);
}

#[test]
fn a_payment_to_a_stranger_is_not_ours() {
    let (world, desk) = furnished();
    let people = crate::world::people(&world.ethereum);
    let tx = world
        .ethereum
        .send(&people.stranger, &people.platform, 5, &[]);
    let found = diagnose(&desk, &[&tx]);
    assert_eq!(found["kind"], "not_ours", "{found}");
    assert_eq!(verdict(&found), "not_recoverable:foreign_address");
    // Sent to the token's own contract: the classic.
    let token = &world.token("TST").address;
    let tx = world
        .token("TST")
        .transfer(&world.ethereum, &people.stranger, token, 7);
    let found = diagnose(&desk, &[&tx]);
    assert_eq!(found["kind"], "token_contract", "{found}");
    assert!(
        desk.deposits().is_empty(),
        "movements between strangers are told, not stored"
    );
}

fn appeal(desk: &Desk, rows: &[String]) {
    desk.write("appeals.csv", format!("{APPEALS}\n{}\n", rows.join("\n")));
    desk.run(&["appeals", "import", "appeals.csv"]).ok();
}

#[test]
fn an_appeal_goes_straight_to_a_draft_claim() {
    let (world, desk) = furnished();
    let case = world.case("wrong_chain_native");
    let user = owner(case).unwrap();
    appeal(&desk, &[world.appeal_row("AP-1", &user, case)]);
    let arguments = [
        "--as", "ana", "--format", "json", "diagnose", &case.tx, "--appeal", "AP-1", "--open",
    ];
    let found = desk.run(&arguments).ok().json();
    let claim = &found["claim"];
    assert_eq!(claim["status"], "draft", "{found}");
    assert_eq!(claim["appeal_id"], "AP-1");
    assert_eq!(claim["beneficiary"], user.as_str());
    // The same once more finds its own claim or says that it is taken; never a second one.
    desk.run(&arguments);
    assert_eq!(rows(desk.json(&["claims", "list", "--all"])).len(), 1);
}

#[test]
fn a_strangers_right_transaction_id_is_refused() {
    let (world, desk) = furnished();
    let case = world.case("missed_native");
    appeal(&desk, &[world.appeal_row("AP-1", "U-9999", case)]);
    let arguments = [
        "--as", "ana", "diagnose", &case.tx, "--appeal", "AP-1", "--open",
    ];
    desk.run(&arguments)
        .exits(3)
        .says(&["beneficiary_not_owner"]);
    assert!(rows(desk.json(&["claims", "list", "--all"])).is_empty());
    let matches = desk.run(&["--format", "json", "match"]).ok().json_lines();
    assert_eq!(matches.len(), 1);
    assert_ne!(
        matches[0]["decision"], "auto",
        "a public transaction id proves nothing"
    );
    let deposit = id_of(&desk, case);
    let arguments = ["claims", "open", &deposit, "--appeal", "AP-1"];
    refused(&desk, "ana", &arguments, "beneficiary_not_owner");
}

#[test]
fn two_claimants_on_one_deposit_are_frozen() {
    let (world, desk) = furnished();
    scan(&desk);
    // The hot wallet belongs to nobody: both could be right.
    let case = world.case("hot_wallet");
    appeal(
        &desk,
        &[
            world.appeal_row("AP-1", "U-2001", case),
            world.appeal_row("AP-2", "U-2002", case),
        ],
    );
    let matches = desk.run(&["--format", "json", "match"]).ok().json_lines();
    assert_eq!(matches.len(), 2);
    for row in &matches {
        assert_eq!(row["decision"], "conflict", "{row}");
    }
    let deposit = id_of(&desk, case);
    for appeal in ["AP-1", "AP-2"] {
        let arguments = ["claims", "open", &deposit, "--appeal", appeal];
        refused(&desk, "ana", &arguments, "rival_appeal");
    }
    let statuses: Vec<Value> = rows(desk.json(&["appeals", "list"]));
    assert!(
        statuses.iter().all(|row| row["status"] == "conflict"),
        "{statuses:?}"
    );
}
