//! Bitcoin SV, where signatures name the fork, and where what SegWit protects lies open to whoever shows the script.

use bitcoin::block::{Block, Header};
use bitcoin::consensus::encode;
use bitcoin::hashes::Hash as _;
use bitcoin::script::{Builder, PushBytesBuf};
use bitcoin::{Amount, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut};
use recover_testkit::coin_node::CoinNode;
use serde_json::json;

use crate::house::{COIN, House};
use crate::keys::{Held, Lock};
use crate::walk::Mistake;

fn sent(lock: Lock) -> Mistake {
    let house = House::new(&["bitcoin", "bitcoin-sv"]);
    Mistake::in_a_house(
        house,
        "bitcoin",
        "bitcoin-sv",
        Held::new(lock, 1),
        10 * COIN,
    )
}

/// Takes an output by showing the script behind its hash, without any key.
fn taken(node: &CoinNode, mistake: &Mistake, shown: ScriptBuf) -> Vec<u8> {
    let shown = PushBytesBuf::try_from(shown.into_bytes()).unwrap();
    encode::serialize(&Transaction {
        version: bitcoin::transaction::Version::TWO,
        lock_time: bitcoin::absolute::LockTime::ZERO,
        input: vec![TxIn {
            previous_output: OutPoint::new(mistake.payment.txid.parse().unwrap(), 0),
            script_sig: Builder::new().push_slice(shown).into_script(),
            sequence: Sequence::MAX,
            ..TxIn::default()
        }],
        output: vec![TxOut {
            value: Amount::from_sat(mistake.value - 10_000),
            script_pubkey: ScriptBuf::from_bytes(node.payer_script()),
        }],
    })
}

/// The danger is real: the chain asks for no signature. Nodes pass such a transaction on to nobody, and any block may hold it.
#[track_caller]
fn is_open_to_miners(mistake: &Mistake) {
    let node = mistake.house.node("bitcoin-sv");
    let stolen = taken(node, mistake, mistake.held.redeem().unwrap());
    let refused = node.send_raw(&stolen).unwrap_err();
    assert!(refused.message.contains("non-mandatory"), "{refused}");
    let stolen: Transaction = encode::deserialize(&stolen).unwrap();
    let txid = stolen.compute_txid().to_string();
    let block = encode::serialize(&block_of(node, stolen));
    let answer = node.call("submitblock", json!([hex::encode(block)]));
    assert!(answer.is_null(), "{answer}\n{}", node.log_tail());
    assert_eq!(node.confirmations(&txid), Some(1));
    assert!(node.unspent(&mistake.payment.txid, 0).is_none());
}

/// The next block, made by hand, with one transaction.
fn block_of(node: &CoinNode, transaction: Transaction) -> Block {
    let tip = node.call("getblockheader", json!([node.block_hash(node.height())]));
    let height = i64::try_from(node.height() + 1).unwrap();
    let coinbase = Transaction {
        version: bitcoin::transaction::Version::ONE,
        lock_time: bitcoin::absolute::LockTime::ZERO,
        input: vec![TxIn {
            // Its height must stand at its beginning (BIP-34).
            script_sig: Builder::new()
                .push_int(height)
                .push_slice([0; 4])
                .into_script(),
            ..TxIn::default()
        }],
        output: vec![TxOut {
            value: Amount::ZERO,
            script_pubkey: ScriptBuf::from_bytes(node.payer_script()),
        }],
    };
    let bits = tip["bits"].as_str().unwrap();
    let median = tip["mediantime"].as_u64().unwrap();
    let mut block = Block {
        header: Header {
            version: bitcoin::block::Version::from_consensus(0x2000_0000),
            prev_blockhash: tip["hash"].as_str().unwrap().parse().unwrap(),
            merkle_root: bitcoin::TxMerkleNode::all_zeros(),
            time: u32::try_from(median + 60).unwrap(),
            bits: bitcoin::CompactTarget::from_unprefixed_hex(bits).unwrap(),
            nonce: 0,
        },
        txdata: vec![coinbase, transaction],
    };
    block.header.merkle_root = block.compute_merkle_root().unwrap();
    let target = block.header.target();
    while block.header.validate_pow(target).is_err() {
        block.header.nonce += 1;
    }
    block
}

/// It cannot be claimed by the usual way, and nothing that the program prints or writes shows the script.
#[track_caller]
fn is_kept_secret(mistake: &Mistake) {
    let house = &mistake.house;
    let row = house.found(&mistake.payment.txid);
    assert_eq!(row["kind"], "utxo_wrong_chain", "{row}");
    assert_eq!(row["verdict"], "conditional", "{row}");
    let id = row["id"].as_str().unwrap();
    let shown = house.desk.json(&["deposits", "show", id]);
    assert_eq!(
        shown["verdict_detail"]["detail"], "script_secret",
        "{shown}"
    );
    let secret = hex::encode(mistake.held.redeem().unwrap().as_bytes());
    let open = ["claims", "open", id];
    let refused = house.desk.run_as("ana", &open).exits(3);
    let runs = [
        house.desk.run(&["diagnose", &mistake.payment.txid]),
        house
            .desk
            .run(&["--format", "json", "diagnose", &mistake.payment.txid]),
        house.desk.run(&["deposits", "show", id]),
        house.desk.run(&["deposits", "list"]),
        house.desk.run(&["claims", "list"]),
        refused,
    ];
    for run in runs {
        assert!(!run.out.contains(&secret), "{}", run.out);
        assert!(!run.err.contains(&secret), "{}", run.err);
    }
    // Whoever reads an audit log or a report is not trusted with it either.
    assert!(!shown.to_string().contains(&secret), "{shown}");
}

#[test]
fn a_nested_key_is_taken_by_whoever_shows_its_script_and_is_not_shown() {
    let mistake = sent(Lock::NestedKey);
    is_kept_secret(&mistake);
    is_open_to_miners(&mistake);
}

#[test]
fn a_nested_multisig_is_taken_by_whoever_shows_its_script_and_is_not_shown() {
    let mistake = sent(Lock::NestedMulti);
    is_kept_secret(&mistake);
    is_open_to_miners(&mistake);
}

#[test]
fn a_multisig_behind_a_script_hash_is_not_shown() {
    is_kept_secret(&sent(Lock::Multi));
}

#[test]
fn nothing_is_spent_that_would_show_the_script_of_what_anybody_could_take() {
    let house = House::new(&["bitcoin", "litecoin", "bitcoin-sv"]);
    let held = Held::new(Lock::NestedKey, 1);
    let mistake = Mistake::unseen(house, "bitcoin", "bitcoin-sv", held, 10 * COIN);
    let on_litecoin = mistake.house.pay("litecoin", &mistake.held, 5 * COIN);
    mistake.house.scan();
    let house = &mistake.house;
    assert_eq!(house.found(&mistake.payment.txid)["verdict"], "conditional");
    // On Litecoin the same address is nobody else's to open. Opening it would show how the other is opened.
    let row = house.found(&on_litecoin.txid);
    assert_eq!(row["verdict"], "controllable", "{row}");
    let id = house.open(&on_litecoin.txid, &[]);
    let quoted = house.desk.run_as("ana", &["quote", &id]);
    let said = format!("{}{}", quoted.out, quoted.err);
    assert!(said.contains("would publish the script"), "{said}");
    house.desk.run_as(
        "ana",
        &["claims", "accept", &id, "--evidence", "ticket 4711"],
    );
    let clear = ["claims", "screen", &id, "--clear", "--reason", "known"];
    house.desk.run_as("farah", &clear);
    let revision = house.revision(&id);
    let vote = ["claims", "approve", &id, "--revision", &revision];
    house.refused("chidi", &vote, "plan_missing");
}

/// Money on Litecoin is not moved while the same script holds money on Bitcoin SV, also before that is final: moving it shows the script.
#[test]
fn what_would_show_a_secret_script_waits_even_while_the_secret_is_young() {
    let house = House::new(&["bitcoin", "bitcoin-sv", "litecoin"]);
    let held = Held::new(Lock::NestedKey, 1);
    let mistake = Mistake::in_a_house(house, "bitcoin", "litecoin", held, 10 * COIN);
    let house = &mistake.house;
    let secret = house.pay("bitcoin-sv", &mistake.held, COIN).txid;
    house.node("bitcoin-sv").mine(1);
    house.desk.run(&["scan"]).ok();
    let young = house.found(&secret);
    assert_eq!(young["status"], "unconfirmed", "{young}");
    let id = house.open(&mistake.payment.txid, &[]);
    let quoted = house.desk.run_as("ana", &["quote", &id]);
    let said = format!("{}{}", quoted.out, quoted.err);
    assert!(said.contains("would publish the script"), "{said}");
    let shown = house.desk.json(&["claims", "show", &id]);
    assert!(shown["plan"].is_null(), "{shown}");
}

/// `1…` is no address of Litecoin: a row that names no network does not serve it there, however open it is.
#[test]
fn a_row_without_a_network_serves_those_that_write_it_so() {
    let house = House::on_all(&["bitcoin", "litecoin"]);
    let held = Held::new(Lock::Key, 1);
    let address = held.address("bitcoin");
    house.row(
        "U-1",
        "deposit_address",
        &address,
        "",
        "",
        &held.descriptor(),
    );
    let away = house.pay("litecoin", &held, COIN).txid;
    let home = house.pay("bitcoin", &held, COIN).txid;
    house.furnish();
    house.scan();
    assert_eq!(house.found(&away)["kind"], "utxo_wrong_chain");
    assert_eq!(house.found(&home)["kind"], "missed_credit");
}
