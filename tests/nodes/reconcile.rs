//! The nightly job: re-checks finality, expires quotes, asks for a person, and changes nothing the second time.

use std::time::{Duration, Instant};

use recover_testkit::{FaultyServer, Postgres, Response};

use crate::desk::Desk;
use crate::plain::Plain;
use crate::setting::{by_key, furnish, furnish_at, id_of, scan};
use crate::to_claim::{claim_step, refused, show};
use crate::world::World;

#[test]
fn finality_is_checked_again() {
    let world = World::build();
    let desk = Desk::new();
    furnish(&desk, &world);
    scan(&desk);
    let late = id_of(&desk, world.case("unconfirmed"));
    let status = |desk: &Desk| {
        let row = by_key(desk.deposits())
            .into_values()
            .find(|row| row["id"] == late.as_str());
        row.unwrap()["status"].as_str().unwrap().to_owned()
    };
    assert_eq!(status(&desk), "unconfirmed");
    refused(
        &desk,
        "ana",
        &["claims", "open", &late],
        "deposit_not_final",
    );
    world.ethereum.mine(8);
    let run = desk.run(&["reconcile"]);
    assert!(
        matches!(run.code, Some(0 | 4)),
        "{:?} {}",
        run.code,
        run.err
    );
    assert_eq!(status(&desk), "open");
    // Nothing new happened: the second run changes nothing.
    let before = (desk.deposits(), desk.json(&["claims", "list", "--all"]));
    let run = desk.run(&["reconcile"]);
    assert!(
        matches!(run.code, Some(0 | 4)),
        "{:?} {}",
        run.code,
        run.err
    );
    assert_eq!(
        (desk.deposits(), desk.json(&["claims", "list", "--all"])),
        before
    );
}

#[test]
fn a_quote_that_ran_out_expires_and_a_person_is_called() {
    let world = World::build();
    let desk = Desk::new();
    furnish(&desk, &world);
    // The shortest that a policy may say: nobody can move this program's clock, so the test waits it out.
    let policy = crate::setting::policy();
    let valid = "quote_valid_minutes = 1440";
    assert!(policy.contains(valid));
    desk.write(
        "policy.toml",
        policy.replace(valid, "quote_valid_minutes = 1"),
    );
    scan(&desk);
    let deposit = id_of(&desk, world.case("wrong_chain_native"));
    let opened = claim_step(&desk, "ana", &["claims", "open", &deposit]);
    let id = opened["id"].as_str().unwrap();
    claim_step(&desk, "ana", &["quote", id]);
    let quoted = Instant::now();
    let run = desk.run(&["reconcile"]);
    assert!(
        matches!(run.code, Some(0 | 4)),
        "{:?} {}",
        run.code,
        run.err
    );
    assert_eq!(show(&desk, id)["status"], "quoted", "still valid");
    std::thread::sleep(Duration::from_secs(61).saturating_sub(quoted.elapsed()));
    // Too late to accept it, even before the night.
    refused(
        &desk,
        "ana",
        &["claims", "accept", id, "--evidence", "ticket 4711"],
        "quote_expired",
    );
    desk.run(&["reconcile"]).exits(4);
    assert_eq!(show(&desk, id)["status"], "quote_expired");
    let before = show(&desk, id);
    desk.run(&["reconcile"]).exits(4);
    assert_eq!(show(&desk, id), before, "the second run changes nothing");
    // A new quote takes it up again.
    claim_step(&desk, "ana", &["quote", id]);
    assert_eq!(show(&desk, id)["status"], "quoted");
}

#[test]
fn a_quiet_night_ends_with_0() {
    let plain = Plain::start("confirmations", 4);
    let tx = plain.pay(1);
    plain.scan();
    plain.anvil.mine(6);
    // It reads no new block, and sees that an old one is final now.
    let report = plain.desk.json(&["reconcile"]);
    assert_eq!(plain.deposit(&tx)["status"], "open", "{report}");
    let before = plain.desk.deposits();
    plain.desk.run(&["reconcile"]).ok();
    assert_eq!(plain.desk.deposits(), before);
    assert!(
        !plain.covered().contains(&plain.anvil.height()),
        "scan reads new blocks, not this"
    );
}

#[test]
fn a_reorganisation_is_found_at_night_and_calls_a_person() {
    let plain = Plain::start("confirmations", 2);
    plain.anvil.mine(3);
    let tx = plain.pay(1);
    plain.anvil.mine(4);
    plain.scan();
    let deposit = plain.deposit(&tx);
    let opened = claim_step(
        &plain.desk,
        "ana",
        &["claims", "open", deposit["id"].as_str().unwrap()],
    );
    plain.anvil.reorg(6, &[]);
    plain.anvil.mine(1);
    let run = plain.desk.run(&["reconcile"]);
    assert!(
        matches!(run.code, Some(1 | 4)),
        "{:?} {}{}",
        run.code,
        run.out,
        run.err
    );
    assert_eq!(plain.deposit(&tx)["status"], "gone");
    let id = opened["id"].as_str().unwrap();
    assert_eq!(show(&plain.desk, id)["status"], "invalidated");
}

#[test]
fn postgres_a_row_changed_behind_our_back_is_not_acted_on() {
    let database = Postgres::fresh_database();
    let world = World::build();
    let desk = Desk::on(database.url());
    furnish(&desk, &world);
    scan(&desk);
    let deposit = id_of(&desk, world.case("missed_native"));
    let opened = claim_step(&desk, "ana", &["claims", "open", &deposit]);
    let id = opened["id"].as_str().unwrap();
    claim_step(&desk, "ana", &["quote", id]);
    // Somebody with access to the database sends the money to himself.
    database.sql(&format!(
        "UPDATE claim SET beneficiary = 'U-6666' WHERE id = '{id}'"
    ));
    let run = desk
        .run_as(
            "ana",
            &["claims", "accept", id, "--evidence", "ticket 4711"],
        )
        .exits(1);
    run.says(&["damaged", "content_digest"]);
}

#[test]
fn two_runs_do_not_overlap() {
    let world = World::build();
    let desk = Desk::new();
    furnish(&desk, &world);
    scan(&desk);
    let mut children: Vec<_> = (0..3).map(|_| desk.start(&["reconcile"])).collect();
    let codes: Vec<Option<i32>> = children
        .iter_mut()
        .map(|child| child.wait().unwrap().code())
        .collect();
    // At least one does the work; one that finds another at it says so and ends.
    assert!(
        codes.iter().any(|code| matches!(code, Some(0 | 4))),
        "{codes:?}"
    );
    assert!(
        codes.iter().all(|code| matches!(code, Some(0 | 1 | 4))),
        "{codes:?}"
    );
    let run = desk.run(&["reconcile"]);
    assert!(
        matches!(run.code, Some(0 | 4)),
        "no run left its lease behind: {}",
        run.err
    );
}

#[test]
fn a_dead_network_calls_a_person_and_offline_asks_nobody() {
    let world = World::build();
    let desk = Desk::new();
    furnish(&desk, &world);
    scan(&desk);
    let dead = FaultyServer::always(Response::hang_up());
    furnish_at(
        &desk,
        &world,
        Some(world.ethereum.rpc_url()),
        Some(&dead.url()),
    );
    let before = desk.deposits();
    let run = desk.run(&["reconcile"]);
    assert!(
        matches!(run.code, Some(1 | 4)),
        "{:?} {}",
        run.code,
        run.err
    );
    assert!(
        run.err.contains("bsc") || run.out.contains("bsc"),
        "{}{}",
        run.out,
        run.err
    );
    assert_eq!(desk.deposits().len(), before.len());
    let asked = dead.request_count();
    let run = desk.run(&["reconcile", "--offline"]);
    assert!(
        matches!(run.code, Some(0 | 4)),
        "{:?} {}",
        run.code,
        run.err
    );
    assert_eq!(dead.request_count(), asked);
}
