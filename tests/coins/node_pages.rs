//! What people read on the pages of this family: its own words, and nothing that is not so.

use serde_json::json;

use crate::house::{COIN, House};
use crate::keys::{Held, Lock};

/// Words of networks that keep accounts.
const FOREIGN: &[&str] = &[
    "transfer_logs",
    "top_level",
    "block_credits",
    "token",
    "contract",
    "gas",
    "nonce",
];

#[track_caller]
fn is_of_this_family(page: &str) {
    for word in FOREIGN {
        assert!(!page.contains(word), "'{word}' in {page}");
    }
}

#[test]
fn pages_speak_of_outputs_and_name_the_address_that_was_given() {
    let house = House::new(&["bitcoin", "litecoin"]);
    let (held, lost, miner) = (
        Held::new(Lock::Key, 1),
        Held::new(Lock::WitnessKey, 2),
        Held::new(Lock::WitnessKey, 3),
    );
    let given = house.issue("U-201", "bitcoin", &held);
    house.issue_as("U-202", "bitcoin", &lost, "key_lost");
    house.issue("U-203", "bitcoin", &miner);
    let paid = house.pay("litecoin", &held, 5 * COIN);
    let gone = house.pay("litecoin", &lost, 5 * COIN);
    let node = house.node("bitcoin");
    let script = format!("raw({})", hex::encode(miner.script().into_bytes()));
    node.call("generatetodescriptor", json!([1, script]));
    house.furnish();
    house.bury();
    let desk = &house.desk;
    let check = desk.run(&["chains", "check"]).ok();
    assert!(check.out.contains("outputs"), "{}", check.out);
    is_of_this_family(&check.out);
    desk.run(&["scan"]).ok();

    // The address as the customer knows it stands beside the one as the explorer shows it.
    let page = desk.run(&["diagnose", &paid.txid]).ok().out;
    assert!(
        page.contains(&format!("issued to user U-201 as {given} on bitcoin")),
        "{page}"
    );
    is_of_this_family(&page);
    let deposit = house.found(&paid.txid)["id"].as_str().unwrap().to_owned();
    let page = desk.run(&["deposits", "show", &deposit]).ok().out;
    assert!(page.contains(&format!("(as {given} on bitcoin)")), "{page}");

    // Nobody receives anything of what is lost.
    let page = desk.run(&["diagnose", &gone.txid]).ok().out;
    assert!(page.starts_with("NOT RECOVERABLE"), "{page}");
    assert!(!page.contains("the customer receives"), "{page}");

    // A block can be final long before what it made can be spent: nothing "became final" by looking again.
    let again = desk.json(&["scan", "--network", "bitcoin"]);
    assert!(again.to_string().contains("\"confirmed\":0"), "{again}");
    let mined = house
        .desk
        .deposits()
        .into_iter()
        .find(|row| row["network"] == "bitcoin")
        .unwrap();
    assert_eq!(mined["status"], "unconfirmed", "{mined}");
    let page = desk
        .run(&["diagnose", mined["tx_id"].as_str().unwrap()])
        .ok()
        .out;
    assert!(page.contains("after a hundred blocks"), "{page}");
    assert!(!page.contains("the block is not final"), "{page}");

    // A claim's page says which output is spent and what exactly the network takes; then it is under a claim.
    let id = house.open(&paid.txid, &[]);
    house.put_up(&id);
    let page = desk.run(&["claims", "show", &id]).ok().out;
    assert!(
        page.contains(&format!("spends {}:{}", paid.txid, 0)),
        "{page}"
    );
    assert!(!page.contains("takes at most"), "{page}");
    is_of_this_family(&page);
    let page = desk.run(&["diagnose", &paid.txid]).ok().out;
    assert!(page.contains("it is under a claim"), "{page}");
}
