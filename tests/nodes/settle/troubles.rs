//! What goes wrong on the way, and what becomes of the claim.

use serde_json::json;

use crate::settle::handover::{rival, sent_by_signers, waiting};
use crate::settle::house::{House, base_fee, deposit, gas, proved};
use crate::settle::signer;
use crate::world::{COIN, Chain, UNIT};

#[test]
fn pitfall_039_a_fee_spike_between_two_steps_forces_a_new_quote() {
    let house = House::new();
    let key = house.issue(1);
    let token = house.token(Chain::Ethereum, "TokenGood");
    let tx = token.transfer(&house.ethereum, &house.stranger, &key.account(), 900 * UNIT);
    house.furnish();
    house.scan();
    house.review(Chain::Ethereum, &token);
    let id = house.approved(&tx, &["--destination", &proved().address()]);
    let (first, _) = house.carry_out(&id, "gas_top_up");
    // Twenty times the price, and it stays.
    let spike = |gwei: u64| base_fee(&house.ethereum, gwei * 1_000_000_000);
    spike(40);
    house
        .refused("tariq", &["claims", "export", &id], "fee_above_limit")
        .says(&["quote again"]);
    assert_eq!(house.status(&id), "confirming", "nothing was released");
    // Quoted again: another revision, accepted, screened and voted on anew, and what came already is counted.
    let before = house.revision(&id);
    house.put_up(&id);
    assert_ne!(house.revision(&id), before);
    let stale = ["claims", "approve", id.as_str(), "--revision", &before];
    house.refused("chidi", &stale, "revision_differs");
    house.vote(&id);
    spike(40);
    let (second, _) = house.carry_out(&id, "gas_top_up");
    let amount = |package: &crate::settle::walk::Package| -> u128 {
        package.leg()["amount"].as_str().unwrap().parse().unwrap()
    };
    assert!(amount(&second) > amount(&first), "the price rose");
    house.carry_out(&id, "transfer");
    house.is_settled(&id);
    // Both top-ups are in the books.
    let left = house.ethereum.balance(&key.account());
    assert_eq!(
        house.posted(&id, "top_up_leftover", "ethereum/native"),
        i128::try_from(left).unwrap()
    );
    let float = house.posted(&id, "gas_float", "ethereum/native");
    let spent = 100 * COIN - house.ethereum.balance(&gas().account());
    assert_eq!(float, -i128::try_from(spent).unwrap());
}

#[test]
fn pitfall_042_a_token_that_is_paused_at_sweep_time_waits() {
    let house = House::new();
    let key = house.issue(1);
    house.ethereum.set_balance(&key.account(), COIN);
    let token = house.token(Chain::Ethereum, "TokenPausable");
    let tx = token.transfer(&house.ethereum, &house.stranger, &key.account(), 500 * UNIT);
    house.furnish();
    house.scan();
    house.review(Chain::Ethereum, &token);
    let id = house.approved(&tx, &["--destination", &proved().address()]);
    house.pause(&token, true);
    house.refused("tariq", &["claims", "export", &id], "token_paused");
    assert_eq!(
        house.status(&id),
        "approved",
        "nothing was released, no vote was lost"
    );
    house.pause(&token, false);
    house.carry_out(&id, "transfer");
    house.is_settled(&id);
}

#[test]
fn pitfall_042_a_token_that_is_paused_after_signing_fails_on_the_chain_and_is_swept_later() {
    let (house, token, id, package) = waiting("TokenPausable");
    house.pause(&token, true);
    let tx = house.send(&id, &package);
    assert!(!house.ethereum.succeeded(&tx));
    // Not final: a reorganisation may still make it good.
    house.track(&id);
    assert_ne!(house.status(&id), "failed_on_chain");
    house.bury();
    house.track(&id);
    assert_eq!(house.status(&id), "failed_on_chain");
    // The fee is gone, the money is where it was; the claim goes on with another quote.
    house.pause(&token, false);
    house.put_up(&id);
    house.vote(&id);
    let (again, _) = house.carry_out(&id, "transfer");
    assert_eq!(again.sequence(), package.sequence() + 1);
    house.is_settled(&id);
    let spent = COIN - house.ethereum.balance(&deposit(1).account());
    let cost = house.posted(&id, "network_cost", "ethereum/native");
    assert_eq!(
        cost,
        i128::try_from(spent).unwrap(),
        "both attempts are paid for"
    );
}

#[test]
fn a_reorganisation_after_sending_is_told_and_the_same_bytes_go_again() {
    let (house, _, id, package) = waiting("TokenGood");
    let tx = house.send(&id, &package);
    assert_eq!(house.track(&id)["status"], "confirming");
    house.ethereum.reorg(1, &[]);
    assert!(!house.ethereum.is_mined(&tx));
    // Forgotten by the pool as well, as by a node that restarts.
    house.ethereum.call("anvil_dropTransaction", json!([tx]));
    house.track(&id);
    assert_eq!(house.status(&id), "reorged");
    // Not a fresh start: no other package, no other quote.
    let deposit = house.show(&id)["deposit_id"].as_str().unwrap().to_owned();
    house.refused("ana", &["quote", &id], "package_live");
    house.refused(
        "ana",
        &["claims", "cancel", &id, "--reason", "gone"],
        "package_live",
    );
    house.refused("bruno", &["claims", "open", &deposit], "deposit_taken");
    house.broadcast(&id).ok();
    house.await_mined("ethereum", &tx);
    house.bury();
    house.track(&id);
    house.is_settled(&id);
}

#[test]
fn a_reorganisation_of_the_deposit_after_hand_over_is_an_incident() {
    let house = House::new();
    let key = house.issue(1);
    house.ethereum.set_balance(&key.account(), COIN);
    let tx = house
        .ethereum
        .send(&house.stranger, &key.account(), COIN, &[]);
    house.furnish();
    house.scan();
    // Closed since: the money goes out again, by a transaction.
    house
        .book
        .borrow_mut()
        .closed
        .push(crate::settle::house::user(1));
    house.furnish();
    house.desk.run(&["reconcile"]);
    assert_eq!(house.found(&tx)["kind"], "account_closed");
    let id = house.approved(&tx, &["--destination", &proved().address()]);
    let package = house.export(&id);
    house.import(&id, &house.signed(&package)).ok();
    // Deeper than its finality rule: the deposit is gone.
    let depth = house.ethereum.height() - house.ethereum.height_of(&tx) + 1;
    house.ethereum.reorg(depth, &[]);
    house.desk.run(&["scan"]);
    assert_eq!(house.found(&tx)["status"], "gone");
    house.refused(
        "tariq",
        &["claims", "broadcast", &id, "--execute"],
        "deposit_changed",
    );
    house.desk.run(&["claims", "track"]);
    house.incident(&id, "deposit_gone_after_handover");
    house.audited();
}

#[test]
fn pitfall_040_a_slot_that_another_transaction_took_frees_the_claim() {
    let (house, _, id, package) = waiting("TokenGood");
    let key = house.key(package.signer());
    house.import(&id, &house.signed(&package)).ok();
    // The same account sends something else with the same nonce, past the engine.
    sent_by_signers(&house, &key.sign(&rival(&package)));
    house
        .desk
        .run(&["claims", "track", &id])
        .exits(3)
        .says(&["not final yet"]);
    assert_eq!(house.status(&id), "awaiting_signature");
    house.bury();
    house.ethereum.mine(40);
    house.track(&id);
    let status = house.status(&id);
    assert_eq!(status, "invalidated", "{}", house.show(&id));
    // What was signed can never happen; the deposit is free for another claim.
    assert_ne!(house.broadcast(&id).code, Some(0));
    let tx = signer::tx_id(&house.signed(&package));
    assert!(!house.ethereum.is_mined(&tx));
    let deposit = house.show(&id)["deposit_id"].as_str().unwrap().to_owned();
    let more = [
        "claims",
        "open",
        &deposit,
        "--destination",
        &proved().address(),
    ];
    let next = house.claim("ana", &more)["id"].as_str().unwrap().to_owned();
    assert_ne!(next, id);
    house.put_up(&next);
    house.vote(&next);
    house.carry_out(&next, "transfer");
    // Whoever used the slot past the engine is asked about, by name.
    let incidents = house.desk.json(&["claims", "incidents"]);
    assert_eq!(incidents[0]["kind"], "slot_used_by_another", "{incidents}");
    let incident = incidents[0]["id"].as_str().unwrap().to_owned();
    let close = [
        "claims",
        "incidents",
        "--close",
        &incident,
        "--reason",
        "the treasury's own",
    ];
    house.desk.run_as("tariq", &close).ok();
    house.is_settled(&next);
}

#[test]
fn pitfall_085_a_send_that_nobody_answered_is_never_a_fresh_start() {
    let house = House::new();
    let key = house.issue(1);
    house.ethereum.set_balance(&key.account(), COIN);
    let token = house.token(Chain::Ethereum, "TokenGood");
    let tx = token.transfer(&house.ethereum, &house.stranger, &key.account(), 500 * UNIT);
    let proxy = recover_testkit::FaultProxy::start(house.ethereum.rpc_url());
    house.through(&proxy.url());
    house.furnish();
    house.scan();
    house.review(Chain::Ethereum, &token);
    let id = house.approved(&tx, &["--destination", &proved().address()]);
    let package = house.export(&id);
    let signed = house.signed(&package);
    house.import(&id, &signed).ok();
    proxy.rule(recover_testkit::Rule::html().on_method("eth_sendRawTransaction"));
    assert_eq!(house.broadcast(&id).code, Some(1));
    assert_eq!(house.status(&id), "broadcast_unknown");
    // Nothing leads back, however long it stays so.
    house.refused("ana", &["quote", &id], "package_live");
    house.refused(
        "ana",
        &["claims", "cancel", &id, "--reason", "no answer"],
        "package_live",
    );
    house.refused(
        "tariq",
        &["claims", "import", &id, "--signed", "signed.hex"],
        "status_wrong",
    );
    assert_eq!(house.broadcast(&id).code, Some(1));
    assert_eq!(house.status(&id), "broadcast_unknown");
    // It had gone out all along, or goes out now: the same bytes, once.
    proxy.clear();
    house.broadcast(&id).ok();
    let sent = signer::tx_id(&signed);
    house.await_mined("ethereum", &sent);
    // The node says that its nonce is used, which may mean anything: nothing changes.
    house.broadcast(&id);
    assert_eq!(house.status(&id), "broadcast");
    house.bury();
    house.track(&id);
    house.is_settled(&id);
    let nonce = house
        .ethereum
        .call("eth_getTransactionCount", json!([key.account(), "latest"]));
    assert_eq!(nonce, "0x1");
}
