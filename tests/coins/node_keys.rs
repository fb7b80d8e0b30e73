//! The tests' own signer against the real nodes, before it is believed about anybody else's bytes.

use bitcoin::absolute::LockTime;
use bitcoin::consensus::encode;
use bitcoin::transaction::Version;
use bitcoin::{Amount, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Witness};
use recover_testkit::coin_node::{CoinNode, Daemon};

use crate::keys::{Held, Lock};
use crate::signer::{Fork, Locked, Ring};

/// A transaction that sends one output to the payer, unsigned, and what it spends.
fn spending(node: &CoinNode, txid: &str, index: u32, output: &TxOut) -> Transaction {
    Transaction {
        version: Version::TWO,
        lock_time: LockTime::ZERO,
        input: vec![TxIn {
            previous_output: OutPoint::new(txid.parse().unwrap(), index),
            script_sig: ScriptBuf::new(),
            sequence: Sequence::MAX,
            witness: Witness::new(),
        }],
        output: vec![TxOut {
            value: output.value - Amount::from_sat(10_000),
            script_pubkey: ScriptBuf::from_bytes(node.payer_script()),
        }],
    }
}

fn opens(node: &CoinNode, all: &[Held], fork: Fork) {
    let outputs: Vec<(Vec<u8>, u64)> = all
        .iter()
        .map(|held| (held.script().into_bytes(), 1_000_000))
        .collect();
    let payment = node.pay(&outputs);
    node.mine(1);
    for (index, held) in (0..).zip(all) {
        let what = format!("{} of {:?} on {node}", held.lock.name(), held.publics());
        let spent = TxOut {
            value: Amount::from_sat(1_000_000),
            script_pubkey: held.script(),
        };
        let unsigned = spending(node, &payment.txid, index, &spent);
        let stranger = Ring::new([&Held::of("stranger", held.lock, 1)]);
        let locked: Locked = stranger
            .sign(&unsigned, std::slice::from_ref(&spent), fork)
            .expect_err("another's keys open nothing");
        assert!(!locked.0.is_empty());
        let signed = Ring::new([held]).sign(&unsigned, &[spent], fork);
        let signed =
            encode::serialize(&signed.unwrap_or_else(|locked| panic!("{what}: {locked:?}")));
        node.send_raw(&signed)
            .unwrap_or_else(|error| panic!("{what}: {error}\n{}", hex::encode(&signed)));
    }
    node.mine(1);
}

fn every_kind() -> Vec<Held> {
    let short = Lock::ALL.map(|lock| Held::new(lock, 5));
    let long = [Lock::Key, Lock::Multi].map(|lock| Held::new(lock, 6).uncompressed());
    short.into_iter().chain(long).collect()
}

#[test]
fn the_ring_opens_every_kind_on_bitcoin() {
    opens(&CoinNode::start(Daemon::Bitcoin), &every_kind(), Fork::None);
}

#[test]
fn the_ring_opens_every_kind_on_litecoin() {
    opens(
        &CoinNode::start(Daemon::Litecoin),
        &every_kind(),
        Fork::None,
    );
}

#[test]
fn the_ring_opens_what_bitcoin_sv_has() {
    let node = CoinNode::start(Daemon::BitcoinSv);
    let all = [Held::new(Lock::Key, 5), Held::new(Lock::Multi, 5)];
    opens(&node, &all, Fork::Id);
    // What Bitcoin's signers make is nothing there.
    let held = Held::new(Lock::Key, 7);
    let payment = node.pay(&[(held.script().into_bytes(), 1_000_000)]);
    let spent = TxOut {
        value: Amount::from_sat(1_000_000),
        script_pubkey: held.script(),
    };
    let unsigned = spending(&node, &payment.txid, 0, &spent);
    let signed = Ring::new([&held])
        .sign(&unsigned, &[spent], Fork::None)
        .unwrap();
    let error = node.send_raw(&encode::serialize(&signed)).unwrap_err();
    assert!(error.message.contains("FORKID"), "{error}");
}

/// The addresses of a published key: BIP-84's and BIP-86's first ones.
#[test]
fn oracle_the_address_of_a_published_key() {
    let known = |lock, secret: &str| Held {
        lock,
        secrets: vec![secret.parse::<bitcoin::PrivateKey>().unwrap().inner],
        number: 0,
        is_compressed: true,
    };
    let held = known(
        Lock::WitnessKey,
        "KyZpNDKnfs94vbrwhJneDi77V6jF64PWPF8x5cdJb8ifgg2DUc9d",
    );
    assert_eq!(
        held.address("bitcoin"),
        "bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu"
    );
}
