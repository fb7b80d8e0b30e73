//! The launchers of the Bitcoin family's nodes.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are tests; the lint only knows the functions marked so"
)]

use recover_testkit::coin_node::{CoinNode, Daemon, Spending};
use serde_json::json;

/// Pays to a key hash in a witness, the same on every network that has them.
fn witness_script(byte: u8) -> Vec<u8> {
    [vec![0x00, 0x14], vec![byte; 20]].concat()
}

/// Pays to a key hash.
fn key_hash_script(byte: u8) -> Vec<u8> {
    [vec![0x76, 0xa9, 0x14], vec![byte; 20], vec![0x88, 0xac]].concat()
}

fn pays_and_takes_back(node: &CoinNode) {
    let before = node.height();
    assert_eq!(before, 120, "twenty coins and a hundred blocks over them");
    let outputs: Vec<(Vec<u8>, u64)> = (0..40).map(|at| (key_hash_script(at), 100_000)).collect();
    let payment = node.pay(&outputs);
    assert_eq!(node.confirmations(&payment.txid), Some(0));
    let block = node.mine(1).remove(0);
    assert_eq!(node.confirmations(&payment.txid), Some(1));
    for index in 0..40 {
        let output = node.unspent(&payment.txid, index).unwrap();
        let script = output["scriptPubKey"]["hex"].as_str().unwrap();
        assert_eq!(
            script,
            hex::encode(key_hash_script(u8::try_from(index).unwrap()))
        );
    }
    node.invalidate(&block);
    assert_eq!(node.height(), before);
    assert_eq!(node.confirmations(&payment.txid), Some(0), "waits again");
    node.reconsider(&block);
    assert_eq!(node.block_hash(before + 1), block);
    assert_eq!(
        node.raw_transaction(&payment.txid),
        Some(payment.transaction)
    );
}

fn refuses_a_flipped_bit(node: &CoinNode) {
    let coin = node.take_coin();
    let good = node.sign(&Spending {
        inputs: vec![coin],
        outputs: vec![(witness_script(7), coin.value - 10_000)],
        replaceable: false,
    });
    node.accepts(&good).unwrap();
    let mut bad = good.clone();
    // In the signature's S: version, count, outpoint, script length, push, and thirty bytes before the signature's end.
    let length = usize::from(good[42]);
    bad[42 + length - 10] ^= 1;
    let reason = node.accepts(&bad).unwrap_err();
    assert!(reason.contains("script-verify-flag"), "{reason}");
    node.send_raw(&bad).unwrap_err();
    let txid = node.send_raw(&good).unwrap();
    node.mine(1);
    assert_eq!(node.confirmations(&txid), Some(1));
}

#[test]
fn bitcoin_pays_and_takes_back() {
    let node = CoinNode::start(Daemon::Bitcoin);
    assert_eq!(node.caip2(), "bip122:0f9188f13cb7b2c71f2a335e3a4fc328");
    pays_and_takes_back(&node);
    refuses_a_flipped_bit(&node);
    let script = hex::encode(key_hash_script(3));
    let found = node.call("scantxoutset", json!(["start", [format!("raw({script})")]]));
    assert_eq!(found["unspents"].as_array().map(Vec::len), Some(1));
}

#[test]
fn bitcoin_mines_one_chain_after_the_other() {
    let node = CoinNode::start(Daemon::Bitcoin);
    let payment = node.pay(&[(witness_script(1), 50_000)]);
    node.mine(2);
    assert_eq!(node.confirmations(&payment.txid), Some(2));
    node.reorg_without(2);
    assert_eq!(node.height(), 123);
    assert_eq!(node.confirmations(&payment.txid), Some(0));
    node.mine(1);
    assert_eq!(node.confirmations(&payment.txid), Some(1));
}

#[test]
fn bitcoin_replaces_by_fee() {
    let node = CoinNode::start(Daemon::Bitcoin);
    let payment = node.pay(&[(witness_script(1), 50_000)]);
    let value = payment.inputs[0].value;
    let other = node.hand_over(&Spending {
        inputs: payment.inputs,
        outputs: vec![(node.payer_script(), value - 100_000)],
        replaceable: true,
    });
    node.mine(1);
    assert_eq!(node.confirmations(&other.txid), Some(1));
    assert_eq!(node.confirmations(&payment.txid), None);
}

#[test]
fn litecoin_pays_and_takes_back() {
    let node = CoinNode::start(Daemon::Litecoin);
    assert_eq!(node.caip2(), "bip122:530827f38f93b43ed12af0b3ad25a288");
    pays_and_takes_back(&node);
    refuses_a_flipped_bit(&node);
}

#[test]
fn litecoin_begins_with_mweb() {
    let node = CoinNode::start(Daemon::Litecoin);
    node.begin_mweb();
    assert_eq!(node.height(), 432);
    let payment = node.pay(&[(witness_script(1), 50_000)]);
    let block = node.mine(3).remove(0);
    assert_eq!(node.confirmations(&payment.txid), Some(3));
    let block = node.call("getblock", json!([block, 2]));
    let last = block["tx"].as_array().unwrap().last().unwrap();
    let hogex = &last["vout"][0]["scriptPubKey"]["type"];
    assert_eq!(hogex, "witness_mweb_hogaddr", "{last}");
}

#[test]
fn bitcoin_sv_pays_and_takes_back() {
    let node = CoinNode::start(Daemon::BitcoinSv);
    // Bitcoin's private chain has the same first block: the genesis hash cannot tell the two apart.
    assert_eq!(node.caip2(), "bip122:0f9188f13cb7b2c71f2a335e3a4fc328");
    pays_and_takes_back(&node);
    node.try_call("decodepsbt", json!(["cHNidP8="]))
        .unwrap_err();
}

#[test]
fn a_node_ends_with_its_value() {
    let node = CoinNode::start(Daemon::Litecoin);
    let process = format!("/proc/{}", node.process_id());
    assert!(std::path::Path::new(&process).exists());
    drop(node);
    assert!(!std::path::Path::new(&process).exists());
}
