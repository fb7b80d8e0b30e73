//! Addresses of recorded transactions, and the vectors of the X-address specification.

use crate::fixture::{decoded_of, folder, json};
use recover_chain_xrpl::{XrplFamily, address, binary, wire};
use recover_core::detect::Detect;
use recover_core::memo::place;
use serde_json::Value;

#[test]
fn the_vectors_of_the_specification_hold_both_ways() {
    let vectors = json("x_address_codec_vectors");
    let pairs = vectors["transactions"].as_array().unwrap();
    assert_eq!(pairs.len(), 8);
    let mut seen = 0;
    for pair in pairs {
        let (classic, extended) = (&pair["rjson"], &pair["xjson"]);
        for (field, tag) in [("Account", "SourceTag"), ("Destination", "DestinationTag")] {
            let (Some(plain), Some(packed)) = (classic[field].as_str(), extended[field].as_str())
            else {
                continue;
            };
            let routed = XrplFamily.routed(packed).unwrap();
            assert_eq!(routed.address.text(), plain);
            let inside = routed.memo.map(|memo| {
                assert_eq!(memo.place, place::DESTINATION_TAG);
                String::from_utf8(memo.raw).unwrap()
            });
            // A tag stands inside, or stays beside where the X-address carries none.
            let beside = extended.get(tag).map(Value::to_string);
            let expected = classic.get(tag).map(Value::to_string);
            assert_eq!(inside.clone().or(beside), expected, "{packed}");
            let number = inside.map(|tag| tag.parse().unwrap());
            let bytes = address::account(plain).unwrap();
            if packed.starts_with('X') {
                assert_eq!(address::extended_text(bytes, number), packed);
            }
            seen += 1;
        }
    }
    assert_eq!(seen, 14);
}

#[test]
fn every_address_of_a_recorded_ledger_prints_as_it_parses() {
    let mut seen = 0;
    for name in ["ledger_98408898_expanded_45tx", "ledger_90150378_expanded"] {
        for decoded in decoded_of(&json(name)).into_iter().flatten() {
            for credit in &decoded.credits {
                for found in credit.from.iter().chain([&credit.to]) {
                    let parsed = XrplFamily.address(found.text()).unwrap();
                    assert_eq!(&parsed, found);
                    seen += 1;
                }
            }
        }
    }
    assert!(seen > 150, "{seen}");
}

/// Every transaction that carries its signature makes its id; no byte is lost in reading it back.
#[test]
fn every_recorded_transaction_survives_the_binary_format() {
    let mut count = 0;
    for entry in std::fs::read_dir(folder("xrp")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let answer: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let Ok(records) = wire::records(&answer) else {
            continue;
        };
        for record in records {
            if !record.fields.contains_key("TxnSignature") {
                continue;
            }
            let blob = binary::encode(record.fields, binary::Part::Whole).unwrap();
            let back = binary::decode(&blob).unwrap();
            assert_eq!(binary::encode(&back, binary::Part::Whole).unwrap(), blob);
            let id = binary::transaction_id(&blob);
            if let Some(stated) = record.hash
                && !path.ends_with("tx_partial_xrp_edited.json")
            {
                assert_eq!(id.as_str(), stated, "{}", path.display());
            }
            count += 1;
        }
    }
    assert!(count > 400, "{count}");
    // The blob that a server answered is the blob that we write.
    let answer = json("submit_ok");
    let fields = answer["result"]["tx_json"].as_object().unwrap();
    let blob = binary::encode(fields, binary::Part::Whole).unwrap();
    assert_eq!(hex::encode_upper(blob), answer["result"]["tx_blob"]);
}
