//! Deposits below the smallest that is credited: what is told, what happens once a customer does as told.

use crate::plain::Plain;
use crate::to_claim::{claim_step, show};
use crate::world::{COIN, address};

/// The example's smallest deposit of the coin is 0.001.
#[test]
fn a_customer_who_sends_exactly_what_was_told_missing_is_credited_both() {
    let plain = Plain::start("confirmations", 2);
    let desk = &plain.desk;
    let pay = |number: u8, parts: u128| {
        let tx = plain
            .anvil
            .send(&plain.payer, &address(number), COIN / 10_000 * parts, &[]);
        plain.anvil.mine(4);
        plain.scan();
        tx
    };
    let first = pay(1, 4);
    let first = plain.deposit(&first);
    assert_eq!(first["kind"], "below_minimum", "{first}");
    let id = first["id"].as_str().unwrap();

    let run = desk.run(&["--format", "json", "quote", id]);
    let refused = run.exits(3).json();
    assert_eq!(refused["refused"], "minimum_not_reached", "{refused}");
    let codes = |answer: &serde_json::Value| -> Vec<String> {
        let advice = answer["advice"].as_array().unwrap().iter();
        advice
            .map(|advice| advice["code"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        codes(&refused),
        ["top_up_to_minimum", "wait_for_next_deposit"]
    );
    let told = refused["advice"][0]["what"].as_str().unwrap();
    assert!(told.starts_with("Send at least 0.0006 ETH more"), "{told}");
    assert!(told.contains(&address(1)[2..8]), "{told}");
    desk.run_as("ana", &["watch", "add", id]).ok();
    // Somebody else's does not count.
    pay(2, 9);
    desk.run(&["--format", "json", "quote", id]).exits(3);

    let second = plain.deposit(&pay(1, 6));
    let night = desk.run(&["--format", "json", "reconcile"]);
    assert_eq!(night.json()["watch_fired"], 1, "{}", night.out);
    for deposit in [id, second["id"].as_str().unwrap()] {
        let shown = desk.json(&["deposits", "show", deposit]);
        assert_eq!(codes(&shown), ["claim_it", "credit_together"], "{shown}");
        let opened = claim_step(desk, "ana", &["claims", "open", deposit]);
        let claim = opened["id"].as_str().unwrap();
        claim_step(desk, "ana", &["quote", claim]);
        assert_eq!(show(desk, claim)["status"], "quoted");
    }
}
