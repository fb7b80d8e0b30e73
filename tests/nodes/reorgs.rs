//! Blocks that vanish: one deep, two deep, and deeper than the network's finality rule.

use serde_json::json;

use crate::desk::rows;
use crate::plain::Plain;
use crate::setting::by_key;
use crate::to_claim::{claim_step, revision, show};
use crate::world::address;

#[test]
fn depth_one_a_vanished_deposit_is_gone() {
    let plain = Plain::start("confirmations", 4);
    let kept = plain.pay(1);
    let lost = plain.pay(2);
    plain.scan();
    assert_eq!(plain.deposit(&lost)["status"], "unconfirmed");
    plain.anvil.reorg(1, &[]);
    assert!(!plain.anvil.is_mined(&lost));
    let report = plain.scan();
    let reorganised = &report["reorganised"];
    assert_eq!(reorganised["depth"], 1, "{report}");
    assert_eq!(reorganised["beyond_finality"], false, "{report}");
    assert_eq!(plain.deposit(&lost)["status"], "gone");
    assert_eq!(plain.deposit(&kept)["status"], "unconfirmed");
    assert!(plain.scan()["reorganised"].is_null(), "told once");
    // The chain goes on; what stayed becomes final, what vanished stays gone.
    plain.anvil.mine(6);
    plain.scan();
    assert_eq!(plain.deposit(&kept)["status"], "open");
    assert_eq!(plain.deposit(&kept)["verdict"], "controllable");
    assert_eq!(plain.deposit(&lost)["status"], "gone");
    let queue = rows(plain.desk.json(&["deposits", "list", "--queue"]));
    assert_eq!(queue.len(), 1, "{queue:?}");
}

#[test]
fn depth_two_the_same_transaction_elsewhere_is_one_deposit() {
    let plain = Plain::start("finalized_tag", 4);
    plain.pay(1);
    let request = plain.request(2, 3);
    let moved = plain.send(&request);
    plain.anvil.mine(1);
    plain.scan();
    let before = plain.deposit(&moved);
    let height = before["block_height"].as_u64().unwrap();
    plain.anvil.reorg(2, &[(request, 1)]);
    assert_eq!(
        plain.anvil.height_of(&moved),
        height + 1,
        "mined again, one block later"
    );
    let report = plain.scan();
    assert_eq!(report["reorganised"]["depth"], 2, "{report}");
    let after = plain.deposit(&moved);
    assert_eq!(after["id"], before["id"]);
    assert_eq!(after["block_height"], height + 1);
    assert_eq!(after["status"], "unconfirmed");
    assert_eq!(plain.desk.deposits().len(), 2);
    plain.anvil.mine(6);
    plain.scan();
    assert_eq!(plain.deposit(&moved)["status"], "open");
    assert_eq!(plain.desk.deposits().len(), 2);
}

#[test]
fn a_transaction_replaced_by_another_keeps_both_stories_apart() {
    let plain = Plain::start("confirmations", 4);
    let request = plain.request(1, 1);
    let first = plain.send(&request);
    plain.scan();
    // The sender's same nonce now pays somebody else.
    let mut other = request.clone();
    other["to"] = json!(address(3));
    plain.anvil.reorg(1, &[(other, 0)]);
    plain.anvil.mine(6);
    plain.scan();
    assert_eq!(plain.deposit(&first)["status"], "gone");
    let open: Vec<_> = plain
        .desk
        .deposits()
        .into_iter()
        .filter(|row| row["status"] == "open")
        .collect();
    assert_eq!(open.len(), 1, "{open:?}");
    assert_eq!(open[0]["to"].as_str().unwrap().to_lowercase(), address(3));
}

/// A claim that waits for its first vote, on a payment that the rule called final.
fn claim_on_final(plain: &Plain, tx: &str) -> String {
    plain.anvil.mine(4);
    plain.scan();
    let deposit = plain.deposit(tx);
    assert_eq!(deposit["status"], "open");
    let desk = &plain.desk;
    let opened = claim_step(
        desk,
        "ana",
        &["claims", "open", deposit["id"].as_str().unwrap()],
    );
    let id = opened["id"].as_str().unwrap().to_owned();
    claim_step(desk, "ana", &["quote", &id]);
    claim_step(
        desk,
        "ana",
        &["claims", "accept", &id, "--evidence", "ticket 4711"],
    );
    claim_step(
        desk,
        "farah",
        &["claims", "screen", &id, "--clear", "--reason", "known"],
    );
    assert_eq!(plain.deposit(tx)["status"], "claimed");
    id
}

#[test]
fn beyond_the_finality_rule_is_a_fault_and_ends_the_claim() {
    let plain = Plain::start("confirmations", 2);
    plain.anvil.mine(3);
    let tx = plain.pay(1);
    let claim = claim_on_final(&plain, &tx);
    plain.anvil.reorg(6, &[]);
    assert!(!plain.anvil.is_mined(&tx));
    // Somebody must know at once, and no vote may count meanwhile.
    let run = plain.desk.run(&["--format", "json", "scan"]).exits(1);
    let report = &rows(run.json())[0];
    assert_eq!(report["reorganised"]["beyond_finality"], true, "{report}");
    assert!(
        run.err.contains("DEEPER THAN ITS FINALITY RULE"),
        "{}",
        run.err
    );
    assert_eq!(plain.deposit(&tx)["status"], "gone");
    let ended = show(&plain.desk, &claim);
    assert_eq!(ended["status"], "invalidated", "{ended}");
    let arguments = [
        "claims",
        "approve",
        &claim,
        "--revision",
        &revision(&plain.desk, &claim),
    ];
    plain
        .desk
        .run_as("chidi", &arguments)
        .exits(3)
        .says(&["status_wrong"]);
    // The next scan is clean again.
    plain.scan();
}

#[test]
fn mined_again_beyond_the_finality_rule_the_claim_cannot_go_on() {
    let plain = Plain::start("confirmations", 2);
    let request = plain.request(1, 2);
    let tx = plain.send(&request);
    let claim = claim_on_final(&plain, &tx);
    let depth = plain.anvil.height() - plain.anvil.height_of(&tx) + 1;
    plain.anvil.reorg(depth, &[(request, 2)]);
    plain.anvil.mine(4);
    plain.desk.run(&["scan"]).exits(1).says(&["FINALITY"]);
    let deposits = by_key(plain.desk.deposits());
    assert_eq!(deposits.len(), 1, "{deposits:?}");
    // The people saw another block: what they voted on does not exist any more.
    let arguments = [
        "claims",
        "approve",
        &claim,
        "--revision",
        &revision(&plain.desk, &claim),
    ];
    plain.desk.run_as("chidi", &arguments).exits(3);
    assert_ne!(show(&plain.desk, &claim)["status"], "approved");
}
