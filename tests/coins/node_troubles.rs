//! What goes wrong on the way, and what becomes of the claim: chains that change their mind, outputs that somebody else spends.

use bitcoin::consensus::encode;
use recover_testkit::coin_node::Spending;
use serde_json::{Value, json};

use crate::desk::rows;
use crate::house::{COIN, DEPTH, House, tx_id};
use crate::keys::{Held, Lock};
use crate::walk::Mistake;

const VALUE: u64 = COIN / 100;

/// Coins on Bitcoin at an address that was issued for Litecoin, waiting for a block: Bitcoin Core can mine what it is told.
fn waiting() -> Mistake {
    let house = House::new(&["litecoin", "bitcoin"]);
    Mistake::unseen(
        house,
        "litecoin",
        "bitcoin",
        Held::new(Lock::WitnessKey, 1),
        VALUE,
    )
}

fn status(mistake: &Mistake) -> String {
    let row = mistake.house.found(&mistake.payment.txid);
    row["status"].as_str().unwrap().to_owned()
}

#[track_caller]
fn scan(mistake: &Mistake) -> Vec<Value> {
    rows(mistake.house.desk.json(&["scan", "--network", "bitcoin"]))
}

#[test]
fn a_deposit_in_a_vanished_block_waits_until_it_is_mined_again() {
    let mistake = waiting();
    let node = mistake.house.node("bitcoin");
    node.mine(1);
    scan(&mistake);
    assert_eq!(status(&mistake), "unconfirmed");
    let before = mistake.house.found(&mistake.payment.txid);
    node.reorg_without(1);
    scan(&mistake);
    assert_eq!(status(&mistake), "gone");
    // It waits in the node's memory, and comes into another block.
    node.mine(1);
    mistake.house.scan();
    assert_eq!(status(&mistake), "open");
    let after = mistake.is_found();
    assert_eq!(after["id"], before["id"], "one deposit");
    let id = mistake.approved();
    mistake.settles(&id);
}

#[test]
fn beyond_the_finality_rule_a_vanished_deposit_ends_its_claim() {
    let mistake = waiting();
    let node = mistake.house.node("bitcoin");
    node.mine(1);
    mistake.house.scan();
    let id = mistake.approved();
    let depth = node.confirmations(&mistake.payment.txid).unwrap();
    assert!(depth > DEPTH, "final by the rule");
    node.reorg_without(depth);
    let run = mistake
        .house
        .desk
        .run(&["--format", "json", "scan"])
        .exits(1);
    assert!(
        run.err.contains("DEEPER THAN ITS FINALITY RULE"),
        "{}",
        run.err
    );
    assert_eq!(status(&mistake), "gone");
    assert_eq!(mistake.house.status(&id), "invalidated");
    mistake.house.audited();
}

#[test]
fn a_payout_in_a_vanished_block_is_followed_into_the_next() {
    let mistake = waiting();
    let house = &mistake.house;
    let node = house.node("bitcoin");
    node.mine(1);
    house.scan();
    let id = mistake.approved();
    let package = mistake.exported(&id);
    let signed = mistake.signed(&package);
    let tx = house.send(&id, &package, &signed);
    node.mine(1);
    assert_eq!(house.track(&id)["status"], "confirming");
    node.reorg_without(1);
    assert_eq!(node.confirmations(&tx), Some(0), "it waits again");
    let seen = house.track(&id);
    let seen = seen["status"].as_str().unwrap();
    assert!(["reorged", "broadcast"].contains(&seen), "{seen}");
    // Nothing leads back to the start.
    house.refused("ana", &["quote", &id], "package_live");
    house.refused(
        "ana",
        &["claims", "cancel", &id, "--reason", "gone"],
        "package_live",
    );
    house.confirm(&id, "bitcoin");
    mistake.is_credited(&id, &package, &tx);
}

/// Handed out, signed and brought back; not sent.
fn handed_out() -> (Mistake, String, Vec<u8>) {
    let mistake = waiting();
    mistake.house.node("bitcoin").mine(1);
    mistake.house.scan();
    let id = mistake.approved();
    let package = mistake.exported(&id);
    let signed = mistake.signed(&package);
    mistake.house.import(&id, &signed).ok();
    (mistake, id, signed)
}

/// Our own wallet spends the deposit, past the engine.
fn rival(mistake: &Mistake, fee: u64) -> Vec<u8> {
    let spent = bitcoin::TxOut {
        value: bitcoin::Amount::from_sat(mistake.value),
        script_pubkey: mistake.held.script(),
    };
    let input = bitcoin::TxIn {
        previous_output: bitcoin::OutPoint::new(mistake.payment.txid.parse().unwrap(), 0),
        sequence: bitcoin::Sequence::ENABLE_RBF_NO_LOCKTIME,
        ..bitcoin::TxIn::default()
    };
    let output = bitcoin::TxOut {
        value: bitcoin::Amount::from_sat(mistake.value - fee),
        script_pubkey: bitcoin::ScriptBuf::from_bytes(mistake.house.node("bitcoin").payer_script()),
    };
    let unsigned = bitcoin::Transaction {
        version: bitcoin::transaction::Version::TWO,
        lock_time: bitcoin::absolute::LockTime::ZERO,
        input: vec![input],
        output: vec![output],
    };
    let fork = mistake.house.fork("bitcoin");
    let signed = mistake.house.ring().sign(&unsigned, &[spent], fork);
    encode::serialize(&signed.unwrap())
}

#[test]
fn pitfall_040_an_output_that_another_transaction_spent_ends_the_claim() {
    let (mistake, id, signed) = handed_out();
    let house = &mistake.house;
    let node = house.node("bitcoin");
    let other = node.send_raw(&rival(&mistake, 50_000)).unwrap();
    // It waits: what waits may still be replaced, so nothing is decided.
    house.desk.run(&["claims", "track", &id]);
    assert_eq!(house.status(&id), "awaiting_signature");
    assert_ne!(house.broadcast(&id).code, Some(0), "{other} spends it");
    node.mine(1);
    house.desk.run(&["claims", "track", &id]);
    let between = house.status(&id);
    assert_ne!(between, "invalidated", "its block is not final");
    assert_ne!(between, "settled");
    house.bury();
    house.track(&id);
    assert_eq!(house.status(&id), "invalidated", "{}", house.show(&id));
    assert_eq!(node.confirmations(&tx_id(&signed)), None);
    assert_ne!(house.broadcast(&id).code, Some(0));
    let incidents = house.desk.json(&["claims", "incidents"]);
    assert_eq!(incidents[0]["kind"], "slot_used_by_another", "{incidents}");
    house.audited();
}

#[test]
fn a_payout_that_another_transaction_replaced_is_not_taken_for_paid() {
    let (mistake, id, signed) = handed_out();
    let house = &mistake.house;
    let node = house.node("bitcoin");
    house.broadcast(&id).ok();
    let tx = tx_id(&signed);
    assert_eq!(node.confirmations(&tx), Some(0));
    // More for the miners, and nothing for treasury.
    let other = node.send_raw(&rival(&mistake, 200_000)).unwrap();
    assert_eq!(node.confirmations(&tx), None, "{other} took its place");
    house.desk.run(&["claims", "track", &id]);
    let status = house.status(&id);
    assert!(
        ["broadcast", "broadcast_unknown"].contains(&status.as_str()),
        "{status}"
    );
    node.mine(1);
    house.bury();
    house.desk.run(&["claims", "track", &id]);
    let shown = house.show(&id);
    let status = shown["status"].as_str().unwrap();
    assert!(["invalidated", "mispaid"].contains(&status), "{shown}");
    house.audited();
}

/// A payment that was in a block, was put out of it, and is replaced by `other` before it comes into another.
#[track_caller]
fn is_gone_when_replaced(mistake: &Mistake, other: &Spending) {
    let house = &mistake.house;
    let node = house.node("bitcoin");
    let block = node.mine(1).remove(0);
    scan(mistake);
    assert_eq!(status(mistake), "unconfirmed");
    node.invalidate(&block);
    let other = node.hand_over(other);
    // The node still has it in the block that it left, and says so when asked.
    assert!(!node.is_waiting(&mistake.payment.txid), "replaced");
    node.mine(2);
    assert_eq!(node.confirmations(&other.txid), Some(2));
    house.scan();
    assert_eq!(status(mistake), "gone");
    let row = house.found(&mistake.payment.txid);
    let open = ["claims", "open", row["id"].as_str().unwrap()];
    assert_eq!(house.desk.run_as("ana", &open).code, Some(3));
    // Asked about by name it is not there either.
    let diagnosis = house
        .desk
        .run(&["--format", "json", "diagnose", &mistake.payment.txid]);
    assert!(
        !diagnosis.out.contains("\"controllable\""),
        "{}",
        diagnosis.out
    );
}

#[test]
fn pitfall_019_a_payment_replaced_by_fee_is_gone() {
    let mistake = waiting();
    let inputs = mistake.payment.inputs.clone();
    let value = inputs[0].value - 500_000;
    let other = Spending {
        inputs,
        outputs: vec![(mistake.house.node("bitcoin").payer_script(), value)],
        replaceable: true,
    };
    is_gone_when_replaced(&mistake, &other);
}

#[test]
fn pitfall_019_a_payment_replaced_through_another_input_is_gone() {
    let mut mistake = waiting();
    let node = mistake.house.node("bitcoin");
    node.mine(1);
    // Of two inputs the second is somebody else's: it is their transaction that takes its place.
    let (own, foreign) = (node.take_coin(), node.take_coin());
    let value = own.value + foreign.value - VALUE - 100_000;
    let payment = node.hand_over(&Spending {
        inputs: vec![own, foreign],
        outputs: vec![
            (mistake.held.script().into_bytes(), VALUE),
            (node.payer_script(), value),
        ],
        replaceable: true,
    });
    let other = Spending {
        inputs: vec![foreign],
        outputs: vec![(node.payer_script(), foreign.value - 1_000_000)],
        replaceable: true,
    };
    mistake.payment = payment;
    is_gone_when_replaced(&mistake, &other);
}

#[test]
fn pitfall_019_a_payment_that_was_only_ever_seen_waiting_is_replaced() {
    let mistake = waiting();
    let house = &mistake.house;
    let node = house.node("bitcoin");
    let diagnose = ["diagnose", &mistake.payment.txid, "--network", "bitcoin"];
    house.desk.run(&diagnose).ok();
    assert_eq!(status(&mistake), "unconfirmed");
    // What waits and what takes its place are both there to be mined: nothing is decided before one of them is final.
    let inputs = mistake.payment.inputs.clone();
    let value = inputs[0].value - 500_000;
    node.hand_over(&Spending {
        inputs,
        outputs: vec![(node.payer_script(), value)],
        replaceable: true,
    });
    node.mine(1);
    scan(&mistake);
    assert_eq!(status(&mistake), "unconfirmed");
    house.scan();
    let row = house.found(&mistake.payment.txid);
    assert_eq!(row["kind"], "replaced", "{row}");
    assert_eq!(row["verdict"], "not_recoverable", "{row}");
    assert_eq!(row["status"], "resolved", "{row}");
    let open = ["claims", "open", row["id"].as_str().unwrap()];
    assert_eq!(house.desk.run_as("ana", &open).code, Some(3));
}

#[test]
fn the_key_of_an_address_in_its_other_form_waits_for_the_book() {
    let house = House::new(&["litecoin", "bitcoin"]);
    let held = Held::new(Lock::WitnessKey, 1);
    let plain = Held {
        lock: Lock::Key,
        ..held.clone()
    };
    house.issue("U-201", "litecoin", &plain);
    let payment = house.pay("bitcoin", &held, VALUE);
    house.furnish();
    house.scan();
    let row = house.found(&payment.txid);
    assert_eq!(row["kind"], "utxo_wrong_chain", "{row}");
    assert_eq!(row["verdict"], "conditional", "{row}");
    // The book says what unlocks it.
    house.issue("U-201", "litecoin", &held);
    house.furnish_book();
    house.scan();
    let row = house.found(&payment.txid);
    assert_eq!(row["verdict"], "controllable", "{row}");
}

#[test]
fn coins_of_a_block_wait_a_hundred_blocks() {
    let house = House::new(&["litecoin", "bitcoin"]);
    // Fifty coins, five hundred dollars.
    house.price("bitcoin/native", "10.00");
    let mut mistake = Mistake::unseen(
        house,
        "litecoin",
        "bitcoin",
        Held::new(Lock::WitnessKey, 1),
        VALUE,
    );
    let node = mistake.house.node("bitcoin");
    node.mine(1);
    let descriptor = format!("raw({})", hex::encode(mistake.held.script().as_bytes()));
    let plain = node.call("getdescriptorinfo", json!([descriptor]));
    let made = node.call("generatetodescriptor", json!([1, plain["descriptor"]]));
    let block = node.call("getblock", json!([made[0], 2]));
    let coinbase = block["tx"][0]["txid"].as_str().unwrap().to_owned();
    let raw = node.raw_transaction(&coinbase).unwrap();
    let transaction: bitcoin::Transaction = encode::deserialize(&raw).unwrap();
    mistake.payment.txid.clone_from(&coinbase);
    mistake.value = transaction.output[0].value.to_sat();
    mistake.house.scan();
    let row = mistake.house.found(&coinbase);
    assert_eq!(
        row["status"], "unconfirmed",
        "buried, and yet not to be spent: {row}"
    );
    let open = ["claims", "open", row["id"].as_str().unwrap()];
    assert_eq!(mistake.house.desk.run_as("ana", &open).code, Some(3));
    mistake.house.node("bitcoin").mine(100);
    mistake.house.scan();
    assert_eq!(status(&mistake), "open");
    mistake.is_found();
    let id = mistake.approved();
    mistake.settles(&id);
}

#[test]
fn what_may_carry_a_token_is_spent_by_whoever_says_so() {
    let mut mistake = waiting();
    let house = &mistake.house;
    let node = house.node("bitcoin");
    node.mine(1);
    // A runestone: OP_RETURN OP_13 and a push.
    let runestone = vec![0x6a, 0x5d, 0x02, 0x14, 0x01];
    let coin = node.take_coin();
    let rest = coin.value - VALUE - 100_000;
    let payment = node.hand_over(&Spending {
        inputs: vec![coin],
        outputs: vec![
            (mistake.held.script().into_bytes(), VALUE),
            (runestone, 0),
            (node.payer_script(), rest),
        ],
        replaceable: true,
    });
    house.scan();
    let row = house.found(&payment.txid);
    assert_eq!(row["flags"], json!(["inscription"]), "{row}");
    let id = house.open(&payment.txid, &[]);
    let quoted = house.desk.run_as("ana", &["quote", &id]);
    let said = format!("{}{}", quoted.out, quoted.err);
    assert!(said.contains("--spend-inscription"), "{said}");
    let quoted = house.claim("ana", &["quote", &id, "--spend-inscription"]);
    assert_eq!(quoted["status"], "quoted", "{quoted}");
    house.claim(
        "ana",
        &["claims", "accept", &id, "--evidence", "ticket 4711"],
    );
    let clear = ["claims", "screen", &id, "--clear", "--reason", "looked at"];
    house.claim("farah", &clear);
    house.vote(&id);
    mistake.payment = payment;
    mistake.settles(&id);
}
