//! From a scan to the claim queue: every case goes as far as it may, and is refused where it must be.

use serde_json::Value;

use crate::desk::{Desk, Run, rows};
use crate::setting::{furnish, id_of, scan};
use crate::world::{Asset, Case, Chain, Way, World};

/// An address that a user proved; nobody here has its key.
const PROVED: &str = "0x00000000000000000000000000000000000face1";

/// Cases whose transactions nobody can lay out, and why.
const UNPLANNED: &[(&str, &str)] = &[
    ("fee_on_transfer", "delivers_less"),
    ("fee_logged_net", "delivers_less"),
    ("wrong_chain_create", "done by hand"),
];

/// Runs a command as a person and expects a claim back.
#[track_caller]
pub fn claim_step(desk: &Desk, person: &str, arguments: &[&str]) -> Value {
    let arguments = [&["--format", "json"], arguments].concat();
    desk.run_as(person, &arguments).ok().json()
}

/// Runs a command that must be refused with this code; nothing may have changed.
#[track_caller]
pub fn refused(desk: &Desk, person: &str, arguments: &[&str], code: &str) -> Run {
    desk.run_as(person, arguments).exits(3).says(&[code])
}

/// The present revision of a claim.
pub fn revision(desk: &Desk, id: &str) -> String {
    show(desk, id)["revision"].as_u64().unwrap().to_string()
}

/// One claim of `claims list --all`.
pub fn show(desk: &Desk, id: &str) -> Value {
    let claims = rows(desk.json(&["claims", "list", "--all"]));
    let found = claims.into_iter().find(|claim| claim["id"] == id);
    found.unwrap_or_else(|| panic!("no claim {id}"))
}

/// Opens a claim on a case as its way says.
fn open(desk: &Desk, case: &Case, deposit: &str, person: &str) -> Run {
    let mut arguments = vec!["--format", "json", "claims", "open", deposit];
    let appeal;
    if let Way::Approved {
        destination,
        beneficiary,
        ..
    } = case.expected.way
    {
        if destination {
            arguments.extend(["--destination", PROVED]);
        }
        if beneficiary {
            // No book of ours says whose it is: an appeal does, and what its writer showed.
            let to = destination.then_some(PROVED);
            appeal = desk.vouched("nadia", "U-1031", deposit, to);
            arguments.extend(["--appeal", &appeal]);
        }
    }
    desk.run_as(person, &arguments)
}

/// Takes a freshly opened claim to approved, with everybody refused who must be.
fn approve(desk: &Desk, case: &Case, opened: &Value, opener: &str) {
    let id = opened["id"].as_str().unwrap();
    assert_eq!(opened["status"], "draft", "{}", case.name);
    let revised = || revision(desk, id);
    // Nobody can skip a step.
    refused(
        desk,
        "chidi",
        &["claims", "approve", id, "--revision", &revised()],
        "status_wrong",
    );
    let quoted = claim_step(desk, opener, &["quote", id]);
    let quote = quote_of(&quoted);
    let sum = |name: &str| quote[name].as_str().unwrap().parse::<u128>().unwrap();
    assert_eq!(
        sum("net") + sum("fee_in_asset"),
        case.amount,
        "{}: {quote}",
        case.name
    );
    assert_eq!(show(desk, id)["status"], "quoted", "{}", case.name);
    claim_step(
        desk,
        opener,
        &["claims", "accept", id, "--evidence", "ticket 4711"],
    );
    assert_eq!(show(desk, id)["status"], "accepted", "{}", case.name);
    let clear = [
        "claims",
        "screen",
        id,
        "--clear",
        "--reason",
        "sender known",
    ];
    refused(desk, "ana", &clear, "role_missing");
    claim_step(desk, "omar", &clear);
    assert_eq!(
        show(desk, id)["status"],
        "pending_approval",
        "{}",
        case.name
    );

    let vote = |person: &str| {
        let revision = revised();
        desk.run_as(person, &["claims", "approve", id, "--revision", &revision])
    };
    // What nobody can lay out, nobody approves.
    if let Some((_, why)) = UNPLANNED.iter().find(|(name, _)| *name == case.name) {
        vote("chidi").exits(3).says(&["plan_missing"]);
        desk.run_as(opener, &["quote", id]).ok().says(&[why]);
        return;
    }
    // A specialist may not, the opener may not, the one who screened may not.
    vote("ana").exits(3).says(&["role_missing"]);
    vote("nadia").exits(3).says(&["actor_involved"]);
    vote("omar").exits(3).says(&["actor_involved"]);
    let stale = ["claims", "approve", id, "--revision", "99"];
    refused(desk, "chidi", &stale, "revision_differs");
    vote("chidi").ok();
    // The same command again is the same vote, not a second one.
    vote("chidi").ok();
    assert_eq!(
        show(desk, id)["status"],
        "pending_approval",
        "{}: one vote",
        case.name
    );
    // Who else is needed follows from the value and from what was approved before: leads, then compliance.
    for person in ["emre", "ines", "hana"] {
        if show(desk, id)["status"] == "approved" {
            break;
        }
        vote(person).ok();
    }
    let approved = show(desk, id);
    assert_eq!(approved["status"], "approved", "{}", case.name);
    assert!(
        approved["approvals"].as_array().unwrap().len() >= 2,
        "{}",
        case.name
    );
    assert_eq!(
        approved["deposit_id"].as_str(),
        Some(id_of(desk, case).as_str())
    );
}

/// The quote inside whatever `quote CLAIM` prints.
fn quote_of(value: &Value) -> &Value {
    match &value["quote"] {
        Value::Null => value,
        quote => quote,
    }
}

/// Takes every named case as far as it goes.
pub fn works(desk: &Desk, world: &World, names: &[&str]) {
    let mut reviewed: Vec<String> = Vec::new();
    for name in names {
        let case = world.case(name);
        let deposit = id_of(desk, case);
        match case.expected.way {
            Way::Refused(code) => {
                // Where a claim may be opened all the same, it must not get past the quote.
                let run = open(desk, case, &deposit, "nadia");
                assert_eq!(run.code, Some(3), "{name}: {}{}", run.out, run.err);
                run.says(&[code]);
                let claims = rows(desk.json(&["claims", "list", "--all", "--deposit", &deposit]));
                assert!(claims.is_empty(), "{name}: a refused claim was stored");
            }
            Way::Approved { review, .. } => {
                if let (true, Asset::Contract(contract)) = (review, &case.asset)
                    && !reviewed.contains(contract)
                {
                    let network = case.chain.name();
                    let open_early = open(desk, case, &deposit, "nadia");
                    assert_eq!(
                        open_early.code,
                        Some(3),
                        "{name}: nobody reviewed the token yet"
                    );
                    let decimals = world.decimals_of(case);
                    let decision = ["--decision", "genuine", "--decimals", decimals.as_str()];
                    let reason = ["--reason", "issuer known"];
                    let review = [
                        &["tokens", "review", network, contract.as_str()],
                        &decision[..],
                        &reason[..],
                    ];
                    desk.run_as("ana", &review.concat()).ok();
                    reviewed.push(contract.clone());
                }
                let opened = open(desk, case, &deposit, "nadia").ok().json();
                // One open claim on a deposit, whoever asks.
                let again = open(desk, case, &deposit, "ana");
                again.exits(3).says(&["deposit_taken"]);
                approve(desk, case, &opened, "nadia");
            }
        }
    }
}

fn furnished() -> (World, Desk) {
    let world = World::build();
    let desk = Desk::new();
    furnish(&desk, &world);
    scan(&desk);
    (world, desk)
}

/// The cases on a chain that end approved, by what must be named or reviewed for it.
fn approved(
    world: &World,
    chain: Chain,
    wanted: impl Fn(bool, bool, bool) -> bool,
) -> Vec<&'static str> {
    let fits = |case: &&Case| match case.expected.way {
        Way::Approved {
            destination,
            beneficiary,
            review,
        } => case.chain == chain && wanted(destination, beneficiary, review),
        Way::Refused(_) => false,
    };
    world
        .cases
        .iter()
        .filter(fits)
        .map(|case| case.name)
        .collect()
}

/// Credits in our own account: two tests, so that they run side by side.
fn own_account(half: usize) {
    let (world, desk) = furnished();
    let names = approved(&world, Chain::Ethereum, |to, whom, review| {
        !to && !whom && !review
    });
    assert!(names.len() > 12, "{names:?}");
    let names: Vec<&str> = names.into_iter().skip(half).step_by(2).collect();
    works(&desk, &world, &names);
}

#[test]
fn credits_in_our_own_account_reach_approval() {
    own_account(0);
}

#[test]
fn the_other_credits_in_our_own_account_reach_approval() {
    own_account(1);
}

#[test]
fn money_at_places_of_ours_needs_a_name() {
    let (world, desk) = furnished();
    let hot = id_of(&desk, world.case("hot_wallet"));
    let arguments = ["claims", "open", hot.as_str()];
    refused(&desk, "nadia", &arguments, "beneficiary_missing");
    let arguments = ["claims", "open", hot.as_str(), "--beneficiary", "U-1031"];
    refused(&desk, "nadia", &arguments, "ownership_missing");
    let retired = id_of(&desk, world.case("retired_contract"));
    let arguments = ["claims", "open", retired.as_str()];
    refused(&desk, "nadia", &arguments, "destination_missing");
    let names = approved(&world, Chain::Ethereum, |to, whom, review| {
        (to || whom) && !review
    });
    assert!(names.len() >= 5, "{names:?}");
    works(&desk, &world, &names);
}

#[test]
fn the_wrong_network_reaches_approval() {
    let (world, desk) = furnished();
    let names = approved(&world, Chain::Bsc, |_, _, _| true);
    assert!(names.len() >= 6, "{names:?}");
    works(&desk, &world, &names);
}

#[test]
fn unlisted_tokens_reach_approval_after_their_review() {
    let (world, desk) = furnished();
    let names = approved(&world, Chain::Ethereum, |_, _, review| review);
    assert!(names.len() >= 4, "{names:?}");
    works(&desk, &world, &names);
}

#[test]
fn a_ledger_that_reaches_further_back_makes_a_deposit_claimable() {
    let (world, desk) = furnished();
    let case = world.case("before_coverage");
    let deposit = id_of(&desk, case);
    refused(
        &desk,
        "nadia",
        &["claims", "open", &deposit],
        "ledger_coverage_missing",
    );
    let mut book = world.book.clone();
    book.coverage.push((case.chain, crate::world::START - 1));
    desk.write("ledger.csv", book.ledger_csv());
    desk.run(&["ledger", "import", "ledger.csv"]).ok();
    let opened = open(&desk, case, &deposit, "nadia").ok().json();
    approve(&desk, case, &opened, "nadia");
}

#[test]
fn what_cannot_be_claimed_is_refused_with_its_reason() {
    let (world, desk) = furnished();
    let names: Vec<&str> = world
        .cases
        .iter()
        .filter(|case| matches!(case.expected.way, Way::Refused(_)))
        .map(|case| case.name)
        .collect();
    assert!(names.len() > 12, "{names:?}");
    works(&desk, &world, &names);
}

#[test]
fn an_appeal_leads_to_its_claim() {
    let (world, desk) = furnished();
    let cases = ["missed_native", "wrong_chain_native", "internal"];
    let mut text = format!("{}\n", crate::world::APPEALS);
    for (number, name) in cases.iter().enumerate() {
        let case = world.case(name);
        let user = crate::world::owner(case).unwrap();
        text.push_str(&format!(
            "{}\n",
            world.appeal_row(&format!("AP-{number}"), &user, case)
        ));
    }
    desk.write("appeals.csv", text);
    desk.run(&["appeals", "import", "appeals.csv"]).ok();
    let matches = desk.run(&["--format", "json", "match"]).ok().json_lines();
    assert_eq!(matches.len(), cases.len());
    for (number, name) in cases.iter().enumerate() {
        let case = world.case(name);
        let appeal = format!("AP-{number}");
        let found = matches
            .iter()
            .find(|row| row["appeal_id"] == appeal.as_str())
            .unwrap();
        let deposit = id_of(&desk, case);
        assert_eq!(found["deposit_id"], deposit.as_str(), "{name}: {found}");
        assert_eq!(found["decision"], "auto", "{name}: {found}");
        let arguments = ["claims", "open", &deposit, "--appeal", &appeal];
        let opened = claim_step(&desk, "nadia", &arguments);
        assert_eq!(opened["appeal_id"], appeal.as_str());
        assert_eq!(
            opened["beneficiary"].as_str(),
            crate::world::owner(case).as_deref()
        );
        approve(&desk, case, &opened, "nadia");
    }
}

#[test]
fn a_hold_stops_the_vote_until_it_is_cleared() {
    let (world, desk) = furnished();
    let deposit = id_of(&desk, world.case("missed_native"));
    let opened = claim_step(&desk, "ana", &["claims", "open", &deposit]);
    let id = opened["id"].as_str().unwrap();
    claim_step(&desk, "ana", &["quote", id]);
    claim_step(
        &desk,
        "ana",
        &["claims", "accept", id, "--evidence", "ticket 4711"],
    );
    claim_step(
        &desk,
        "farah",
        &[
            "claims",
            "screen",
            id,
            "--hold",
            "--reason",
            "sender on a list",
        ],
    );
    let held = show(&desk, id);
    assert_eq!(held["held"], true);
    refused(
        &desk,
        "chidi",
        &["claims", "approve", id, "--revision", &revision(&desk, id)],
        "status_wrong",
    );
    claim_step(
        &desk,
        "farah",
        &["claims", "screen", id, "--clear", "--reason", "false alarm"],
    );
    assert_eq!(show(&desk, id)["held"], false);
    for person in ["chidi", "emre"] {
        desk.run_as(
            person,
            &["claims", "approve", id, "--revision", &revision(&desk, id)],
        )
        .ok();
    }
    assert_eq!(show(&desk, id)["status"], "approved");
}

#[test]
fn a_dry_run_changes_nothing_and_one_no_ends_a_claim() {
    let (world, desk) = furnished();
    let deposit = id_of(&desk, world.case("missed_native"));
    let opened = claim_step(&desk, "ana", &["claims", "open", &deposit]);
    let id = opened["id"].as_str().unwrap();
    claim_step(&desk, "ana", &["quote", id]);
    let before = show(&desk, id);
    desk.run_as(
        "ana",
        &[
            "claims",
            "accept",
            id,
            "--evidence",
            "ticket 4711",
            "--dry-run",
        ],
    )
    .ok();
    assert_eq!(show(&desk, id), before);
    desk.run_as("chidi", &["claims", "reject", id, "--reason", "wrong user"])
        .exits(3);
    claim_step(
        &desk,
        "ana",
        &["claims", "accept", id, "--evidence", "ticket 4711"],
    );
    claim_step(
        &desk,
        "farah",
        &["claims", "screen", id, "--clear", "--reason", "known"],
    );
    claim_step(
        &desk,
        "chidi",
        &["claims", "reject", id, "--reason", "wrong user"],
    );
    assert_eq!(show(&desk, id)["status"], "rejected");
    // The deposit is free again.
    let next = claim_step(&desk, "ana", &["claims", "open", &deposit]);
    assert_ne!(next["id"], id);
}
