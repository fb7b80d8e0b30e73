//! Blocks and transactions of real networks, read from their bytes.

use crate::fixture;
use bitcoin::hashes::Hash as _;
use bitcoin::{TxMerkleNode, Txid, merkle_tree};
use recover_chain_bitcoin::address;
use recover_chain_bitcoin::block::{BlockReader, Dialect, Entry, Role, read_transaction};
use recover_chain_bitcoin::credit::{Decoder, is_inscribed, outputs_to};
use recover_chain_bitcoin::script::Script;
use recover_chain_bitcoin::source::wire::RawTransaction;
use recover_core::network::NetworkId;
use serde_json::Value;

fn entries(bytes: &[u8], dialect: Dialect) -> (BlockReader<'_>, Vec<Entry>) {
    let mut reader = BlockReader::new(bytes, dialect).unwrap();
    let mut entries = Vec::new();
    while let Some(entry) = reader.next_entry().unwrap() {
        entries.push(entry);
    }
    // Stepped over, it comes to the same end, with the same payments.
    let mut again = BlockReader::new(bytes, dialect).unwrap();
    let mut paying = Vec::new();
    while let Some(entry) = again.next_paying(|_| true).unwrap() {
        paying.push(entry);
    }
    let has_address = |entry: &&Entry| !outputs_to(&entry.transaction, |_| true).is_empty();
    assert_eq!(
        paying,
        entries
            .iter()
            .filter(has_address)
            .cloned()
            .collect::<Vec<_>>()
    );
    (reader, entries)
}

/// The ids of all transactions make the root in the header: nothing was misread, left out or read twice.
fn is_whole(reader: &BlockReader<'_>, entries: &[Entry]) -> bool {
    let ids: Vec<Txid> = entries.iter().map(|entry| entry.id().unwrap()).collect();
    let root = merkle_tree::calculate_root(ids.into_iter()).unwrap();
    TxMerkleNode::from_byte_array(root.to_byte_array()) == reader.header().merkle_root
}

#[test]
fn recorded_dogecoin_blocks_are_read_whole_with_the_proof_of_another_chain() {
    for (height, hash, transactions) in [
        (
            250_000,
            Some("0e4bcfe8d970979f7e30e2809ab51908d435677998cf759169407824d4f36460"),
            6,
        ),
        // The first block with such a proof.
        (
            371_337,
            Some("60323982f9c5ff1b5a954eac9dc1269352835f47c2c5222691d80f0d50dcf053"),
            6,
        ),
        (748_634, None, 8),
    ] {
        let bytes = fixture::bytes(&format!("dogecoin_block{height}.bin"));
        let (reader, found) = entries(&bytes, Dialect::Dogecoin);
        assert!(is_whole(&reader, &found), "{height}");
        assert_eq!(
            (found.len(), reader.len()),
            (transactions, transactions as u64)
        );
        assert_eq!(found[0].role, Role::Coinbase);
        if let Some(hash) = hash {
            assert_eq!(reader.hash().as_deref(), Some(hash), "{height}");
        }
        // The block as Bitcoin's would be read ends in an error, never in fewer transactions.
        let mut plain = BlockReader::new(&bytes, Dialect::Plain).unwrap();
        let read =
            std::iter::from_fn(|| plain.next_entry().transpose()).collect::<Result<Vec<_>, _>>();
        assert_eq!(read.is_ok(), height < 371_337, "{height}");
    }
}

/// Its second transaction has no input and no output, and a payload; its coinbase has a payload too. Ids cover payloads.
#[test]
fn recorded_dash_block_with_payloads_is_read_whole() {
    let digits = fixture::bytes("dash_block_regtest_106.hex");
    let bytes = hex::decode(&digits).unwrap();
    let (reader, found) = entries(&bytes, Dialect::Dash);
    assert!(is_whole(&reader, &found));
    assert_eq!(reader.hash(), None, "another function than ours");
    let shapes: Vec<_> = found
        .iter()
        .map(|entry| {
            (
                entry.role,
                entry.transaction.input.len(),
                entry.transaction.output.len(),
            )
        })
        .collect();
    assert_eq!(
        shapes,
        [
            (Role::Coinbase, 1, 1),
            (Role::Payment, 0, 0),
            (Role::Payment, 1, 2)
        ]
    );
    let paid = outputs_to(&found[2].transaction, |_| true);
    assert_eq!(paid[0].value, 10_000_000_000);
}

/// A coinbase with a payload; the id is that of dashj's test (dashpay/dashj, `CoinbaseTxTest.java`).
#[test]
fn recorded_dash_ids_cover_payloads() {
    let bytes = hex::decode(concat!(
        "03000500010000000000000000000000000000000000000000000000000000000000000000ffffffff0502fe070101",
        "ffffffff022dc71a3d05000000232103ee68257f0a4b1d9cadaf24809b2dddcf557cd3f11db99430c3a682d0038618",
        "91ac21c71a3d050000001976a914e1e24b11deb712819c7d0da193423bda1b47c25d88ac0000000024fe0700006c45",
        "528d7b8d4e7a33614a1c3806f4faf5c463f0b313aa0ece1ce12c34154a44"
    ))
    .unwrap();
    let entry = read_transaction(&bytes, Dialect::Dash).unwrap();
    assert_eq!(
        entry.id().unwrap().to_string(),
        "afb7aeb1cb84049c7c81c980c996515dda91ec5c15c29398bad985e9a286d2dc"
    );
    // Of its two outputs one pays a bare key, which is no address.
    assert_eq!(outputs_to(&entry.transaction, |_| true).len(), 1);
    assert!(read_transaction(&bytes, Dialect::Plain).is_err());
}

fn recorded_transactions(name: &str) -> Vec<Value> {
    let mut value = fixture::json(name);
    if let Some(result) = value.get_mut("result") {
        value = result.take();
    }
    match value["tx"].as_array() {
        Some(transactions) => transactions.clone(),
        None => vec![value],
    }
}

/// The same block from a daemon that prints `addresses` and from one that prints `address`: only the script counts. A bare multisig
/// output, for which the old one names several addresses, and a bare key credit nobody.
#[test]
fn recorded_pitfall_063_addresses_or_address_the_script_counts() {
    let mut told = Vec::new();
    for name in [
        "core_get_block.json",
        "core_get_block_oldschemaaddresses.json",
        "core_get_block_multisig_case.json",
        "core_get_block_pubkey_output_non_coinbase_case.json",
        "core_get_raw_transaction.json",
        "crosschain_rpc_L134.json",
    ] {
        for value in recorded_transactions(name) {
            let text = value.to_string();
            // `vin` is missing in one of them.
            let read: RawTransaction = serde_json::from_str(&text).unwrap();
            let bytes = hex::decode(&read.hex).unwrap();
            let entry = read_transaction(&bytes, Dialect::Plain).unwrap();
            assert_eq!(entry.id().unwrap().to_string(), read.txid, "{name}");
            let decoder = Decoder::new(&NetworkId::new("bitcoin")).unwrap();
            // One of the files tells some outputs only.
            let rows = value["vout"].as_array().unwrap();
            let told_of = |index: u32| rows.iter().any(|row| row["n"] == index);
            let ours: Vec<(u64, String)> = outputs_to(&entry.transaction, |_| true)
                .iter()
                .filter(|output| told_of(output.index))
                .map(|output| {
                    let address = decoder.address(&output.script).unwrap();
                    (u64::from(output.index), address.text().to_owned())
                })
                .collect();
            let stated: Vec<(u64, String)> = rows
                .iter()
                .filter_map(|output| {
                    let script = &output["scriptPubKey"];
                    let one = script["address"].as_str().or_else(|| {
                        match script["addresses"].as_array().map(Vec::as_slice) {
                            Some([only]) => only.as_str(),
                            _ => None,
                        }
                    })?;
                    // A daemon names the address of a bare key's hash.
                    let is_address = !script["type"].as_str()?.starts_with("pubkey")
                        || script["type"] == "pubkeyhash";
                    is_address.then(|| (output["n"].as_u64().unwrap(), one.to_owned()))
                })
                .collect();
            assert_eq!(ours, stated, "{name} {}", read.txid);
            told.push((name, read.txid, ours.len()));
        }
    }
    assert!(told.len() >= 8, "{told:?}");
    // One transaction, told by both kinds of daemon, is one.
    let of = |file: &str| -> Vec<_> {
        let told = told.iter().filter(|(name, ..)| *name == file);
        told.map(|(_, id, credits)| (id, credits)).collect()
    };
    assert_eq!(
        of("core_get_block.json"),
        of("core_get_block_oldschemaaddresses.json")
    );
}

/// LTC `M…` and `3…`, cashaddr with and without its prefix, and one key's hash on three networks are one script each.
#[test]
fn recorded_pitfall_054_forms_of_one_script_are_one_script() {
    let script = |text: &str| address::parse(text).unwrap().script;
    assert_eq!(
        script("3MSvaVbVFFLML86rt5eqgA9SvW23upaXdY"),
        script("MTf4tP1TCNBn8dNkyxeBVoPrFCcVzxJvvh")
    );
    let cash = fixture::json("blockbook_bitcoincash_address.json");
    let cash = cash["address"].as_str().unwrap();
    assert_eq!(
        script(cash),
        script(cash.trim_start_matches("bitcoincash:"))
    );
    let hash = Script::PubkeyHash([0x42; 20]);
    for network in [
        "bitcoin",
        "litecoin",
        "dogecoin",
        "dash",
        "bitcoin-cash",
        "bitcoin-sv",
    ] {
        let decoder = Decoder::new(&NetworkId::new(network)).unwrap();
        let text = decoder.address(&hash).unwrap();
        assert_eq!(script(text.text()), hash, "{network} {text}");
    }
}

/// The transaction that reveals an inscription, with 546 base units to a Taproot address: told by its witness alone.
#[test]
fn recorded_an_inscription_is_seen_in_its_witness() {
    let value = fixture::json("gem_tx.json");
    let bytes = hex::decode(value["hex"].as_str().unwrap()).unwrap();
    let mut entry = read_transaction(&bytes, Dialect::Plain).unwrap();
    assert_eq!(
        entry.id().unwrap().to_string(),
        value["txid"].as_str().unwrap()
    );
    let outputs = outputs_to(&entry.transaction, |_| true);
    assert_eq!((outputs.len(), outputs[0].value), (1, 546));
    assert!(is_inscribed(&entry.transaction));
    entry.transaction.input[0].witness.clear();
    assert!(!is_inscribed(&entry.transaction));
}
