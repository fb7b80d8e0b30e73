//! Explorers' answers of our own making, for what no framed chain has: Litecoin's pool, and histories that are too long.

use crate::world::{SCRIPTS, provide_tls, settings};
use bitcoin::absolute::LockTime;
use bitcoin::consensus::encode::serialize;
use bitcoin::hashes::Hash as _;
use bitcoin::transaction::Version;
use bitcoin::{Amount, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Txid, Witness};
use recover_chain_bitcoin::address;
use recover_chain_bitcoin::network::form;
use recover_chain_bitcoin::open;
use recover_core::block::{Height, HeightRange, TxId};
use recover_core::network::NetworkId;
use recover_core::observation::Flag;
use recover_source::chain::{AccountRequest, Lookup};
use recover_testkit::{FaultyServer, Response};
use serde_json::{Value, json};

const GENESIS: &str = "12a765e31ffd4059bada1e25190f6e98c99d9714d334efa41a195a7e7e04bfe2";
const CHAIN: &str = "12a765e31ffd4059bada1e25190f6e98";

fn plain(text: impl Into<String>) -> Response {
    Response::status(200).with_body("text/plain", text.into())
}

fn paying(seed: u64, outputs: Vec<TxOut>) -> Transaction {
    let mut spent = [0x44; 32];
    spent[..8].copy_from_slice(&seed.to_le_bytes());
    Transaction {
        version: Version::TWO,
        lock_time: LockTime::ZERO,
        input: vec![TxIn {
            previous_output: OutPoint::new(Txid::from_byte_array(spent), 0),
            script_sig: ScriptBuf::new(),
            sequence: Sequence::MAX,
            witness: Witness::new(),
        }],
        output: outputs,
    }
}

fn output(script: &[u8], value: u64) -> TxOut {
    TxOut {
        value: Amount::from_sat(value),
        script_pubkey: ScriptBuf::from_bytes(script.to_vec()),
    }
}

fn told(transaction: &Transaction, spent: &[u8], height: u64) -> Value {
    let outputs = transaction.output.iter().map(|output| {
        json!({"scriptpubkey": hex::encode(output.script_pubkey.as_bytes()), "value": output.value.to_sat()})
    });
    let input = &transaction.input[0];
    json!({
        "txid": transaction.compute_txid().to_string(), "version": 2, "locktime": 0,
        "vin": [{
            "txid": input.previous_output.txid.to_string(), "vout": input.previous_output.vout, "scriptsig": "",
            "sequence": 0xffff_ffff_u32, "is_coinbase": false,
            "prevout": {"scriptpubkey": hex::encode(spent), "value": 1},
        }],
        "vout": outputs.collect::<Vec<_>>(),
        "status": {"confirmed": true, "block_height": height, "block_hash": "ab".repeat(32), "block_time": 1_700_000_000},
    })
}

/// The transaction of a block that moves the pool of Litecoin's extension block: what leaves the pool came from nobody that can be seen,
/// whichever explorer tells it.
#[tokio::test]
async fn own_what_leaves_litecoins_pool_came_from_nobody_that_can_be_seen() {
    provide_tls();
    let pool = [&[0x58, 0x20][..], &[9; 32]].concat();
    let outputs = vec![
        output(&pool, 1_000_000),
        output(&SCRIPTS[2].bytes(), 25_000),
    ];
    let moves = paying(1, outputs);
    let id = TxId::new(&moves.compute_txid().to_string());
    let esplora = told(&moves, &pool, 2_300_000);
    let server = FaultyServer::start(move |request| match request.path.as_str() {
        "/block-height/0" => plain(GENESIS),
        _ => Response::json(&esplora),
    });
    let source = open(settings("litecoin", CHAIN, "esplora", &server.url())).unwrap();
    let Lookup::Found(by_esplora) = source.transaction(&id).await.unwrap() else {
        panic!("it is there");
    };

    // As it goes over the wire: mark, the flag 08, and an empty part of the extension block.
    let plain_bytes = serialize(&moves);
    let (version, rest) = plain_bytes.split_at(4);
    let (parts, lock_time) = rest.split_at(rest.len() - 4);
    let bytes = [version, &[0x00, 0x08], parts, &[0x00], lock_time].concat();
    let row = json!({
        "txid": id.as_str(), "hex": hex::encode(bytes), "vin": [{"n": 0, "isAddress": false}],
        "blockHeight": 2_300_000, "blockHash": "ab".repeat(32), "blockTime": 1_700_000_000,
    });
    let server = FaultyServer::start(move |request| match request.path.as_str() {
        "/api/v2" => Response::json(&json!({"blockbook": {"bestHeight": 2_300_010}})),
        "/api/v2/block-index/0" => Response::json(&json!({"blockHash": GENESIS})),
        _ => Response::json(&row),
    });
    let source = open(settings("litecoin", CHAIN, "blockbook", &server.url())).unwrap();
    let Lookup::Found(by_blockbook) = source.transaction(&id).await.unwrap() else {
        panic!("it is there");
    };
    assert_eq!(by_esplora, by_blockbook);
    let [credit] = &by_esplora.credits[..] else {
        panic!("the pool itself is nobody's: {by_esplora:#?}");
    };
    assert_eq!(
        (credit.position.as_str(), credit.from.as_ref()),
        ("vout:1", None)
    );
    assert_eq!(credit.flags, [Flag::MultiSource]);
}

/// A history longer than is read in one go: what is below is a gap by name, and nothing above it is lost.
#[tokio::test]
async fn own_a_history_too_long_to_be_read_says_where_it_ends() {
    provide_tls();
    let rows = |first: u64| -> Vec<Value> {
        let row = |place: u64| {
            let transaction = paying(place, vec![output(&SCRIPTS[0].bytes(), 1_000 + place)]);
            told(&transaction, &SCRIPTS[1].bytes(), 2_000_000 - place)
        };
        (first..first + 25).map(row).collect()
    };
    let server = FaultyServer::start(move |request| {
        let path: Vec<&str> = request.path.trim_matches('/').split('/').collect();
        match path[..] {
            ["block-height", "0"] => plain(GENESIS),
            ["blocks", "tip", "height"] => plain("2000000"),
            // Endless: each page goes on where the one before ended.
            [.., "txs", "chain"] => Response::json(&json!(rows(0))),
            [.., "chain", _] => Response::json(&json!(rows((request.number - 2) * 25))),
            _ => Response::status(404),
        }
    });
    let source = open(settings("litecoin", CHAIN, "esplora", &server.url())).unwrap();
    let litecoin = form(&NetworkId::new("litecoin")).unwrap();
    let request = AccountRequest {
        address: address::format(&SCRIPTS[0], litecoin).unwrap(),
        range: HeightRange::new(Height(1_900_000), Height(2_000_000)).unwrap(),
        resume: None,
    };
    let page = source.account_page(&request).await.unwrap();
    assert_eq!(page.observations.len(), 5_000);
    assert_eq!((page.through, page.next), (Some(Height(2_000_000)), None));
    let lowest = page.observations[0].block.as_ref().unwrap().height;
    assert_eq!(page.gaps.len(), 4);
    for gap in &page.gaps {
        assert_eq!(
            (gap.range.from(), gap.range.to()),
            (Height(1_900_000), lowest)
        );
        assert!(
            gap.reason.contains("more than 5000 transactions"),
            "{}",
            gap.reason
        );
    }
}
