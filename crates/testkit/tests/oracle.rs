//! Every operation of the oracles answers, and wrong input is refused in words.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are tests; the lint only knows the functions marked so"
)]

use recover_testkit::Oracle;
use serde_json::{Value, json};

fn ask(op: &str, args: Value) -> Value {
    Oracle::shared_blocking()
        .ask_blocking(op, args)
        .unwrap_or_else(|error| panic!("{op}: {error}"))
}

fn refused(op: &str, args: Value) -> String {
    Oracle::shared_blocking()
        .ask_blocking(op, args)
        .expect_err("wrong input is refused")
}

/// Raw key bytes of all signatures here.
fn seed() -> String {
    "07".repeat(32)
}

#[test]
fn unknown_operations_and_networks_are_named() {
    let error = refused("xrpl.nothing", json!({}));
    assert!(error.contains("no operation 'xrpl.nothing'"), "{error}");
    let error = refused("monero.encode", json!({}));
    assert!(error.contains("no oracle for 'monero'"), "{error}");
}

#[test]
fn the_child_ends_with_its_owner() {
    let oracle = Oracle::start_blocking().unwrap();
    let id = oracle.process_id();
    assert!(std::path::Path::new(&format!("/proc/{id}")).exists());
    drop(oracle);
    assert!(!std::path::Path::new(&format!("/proc/{id}")).exists());
}

#[test]
fn xrpl_addresses() {
    let wallet = ask("xrpl.wallet", json!({ "entropy": "07".repeat(16) }));
    let address = wallet["address"].as_str().unwrap();
    let seen = ask("xrpl.address", json!({ "address": address }));
    assert_eq!(seen["classic"], true);
    assert_eq!(
        ask(
            "xrpl.address_encode",
            json!({ "account_id": seen["account_id"] })
        )["address"],
        address
    );
    let wrong = format!("{}x", &address[..address.len() - 1]);
    assert_eq!(
        ask("xrpl.address", json!({ "address": wrong }))["classic"],
        false
    );
    assert_eq!(
        ask("xrpl.address", json!({ "address": wallet["seed"] }))["seed"],
        true
    );
    let tagged = ask(
        "xrpl.x_encode",
        json!({ "address": address, "tag": 103_556 }),
    );
    assert_eq!(
        ask("xrpl.x_decode", tagged),
        json!({ "address": address, "tag": 103_556, "test": false })
    );
    refused("xrpl.x_decode", json!({ "x_address": "X7nonsense" }));
}

#[test]
fn xrpl_transactions() {
    let wallet = ask("xrpl.wallet", json!({ "entropy": "07".repeat(16) }));
    let tx = json!({
        "TransactionType": "Payment", "Account": wallet["address"], "Amount": "1000000", "Fee": "12", "Sequence": 1,
        "Destination": "rPEPPER7kfTD9w2To4CQk6UCfuHM9c6GDY", "DestinationTag": 103_556, "LastLedgerSequence": 100,
    });
    let encoded = ask("xrpl.encode", json!({ "tx": tx }));
    assert_eq!(ask("xrpl.decode", encoded)["tx"], tx);
    let for_signing = ask("xrpl.encode_for_signing", json!({ "tx": tx }));
    assert!(for_signing["hex"].as_str().unwrap().starts_with("53545800"));
    let for_multisigning = ask(
        "xrpl.encode_for_multisigning",
        json!({ "tx": tx, "signer": wallet["address"] }),
    );
    assert!(
        for_multisigning["hex"]
            .as_str()
            .unwrap()
            .starts_with("534D5400")
    );
    let signed = ask("xrpl.sign", json!({ "tx": tx, "seed": wallet["seed"] }));
    let blob = json!({ "tx_blob": signed["tx_blob"] });
    assert_eq!(ask("xrpl.verify", blob.clone())["valid"], true);
    assert_eq!(ask("xrpl.hash", blob)["hash"], signed["hash"]);
    refused(
        "xrpl.encode",
        json!({ "tx": { "TransactionType": "Nothing" } }),
    );
}

#[test]
fn stellar_keys() {
    let pair = ask("stellar.keypair", json!({ "seed": seed() }));
    let address = pair["public_key"].as_str().unwrap();
    let seen = ask("stellar.strkey", json!({ "text": address }));
    assert_eq!((&seen["kind"], &seen["valid"]), (&json!("G"), &json!(true)));
    assert_eq!(
        ask("stellar.strkey_encode", seen)["text"],
        pair["public_key"]
    );
    assert_eq!(
        ask("stellar.strkey", json!({ "text": pair["secret"] }))["kind"],
        "S"
    );
    let wrong = format!("{}A", &address[..address.len() - 1]);
    assert_eq!(
        ask("stellar.strkey", json!({ "text": wrong }))["valid"],
        false
    );
    let id = u64::MAX.to_string();
    let muxed = ask("stellar.muxed", json!({ "address": address, "id": id }));
    assert_eq!(
        ask("stellar.muxed", muxed),
        json!({ "address": address, "id": id })
    );
}

#[test]
fn stellar_envelopes() {
    let pair = ask("stellar.keypair", json!({ "seed": seed() }));
    let memos = [
        json!({ "type": "none" }),
        json!({ "type": "text", "value": "103556" }),
        json!({ "type": "text_hex", "value": "ff00" }),
        json!({ "type": "id", "value": u64::MAX.to_string() }),
        json!({ "type": "hash", "value": "ab".repeat(32) }),
        json!({ "type": "return", "value": "cd".repeat(32) }),
    ];
    for memo in memos {
        let built = ask(
            "stellar.build",
            json!({
                "source": pair["public_key"], "sequence": "9007199254740993", "fee": "200", "memo": memo,
                "time_bounds": { "min": "0", "max": "1700000000" },
                "operations": [{
                    "type": "payment", "destination": pair["public_key"], "asset": "native", "amount": "9223372036854775807",
                }],
            }),
        );
        let read = ask("stellar.decode", built.clone());
        assert_eq!(read["sequence"], "9007199254740993");
        assert_eq!(read["hash"], built["hash"]);
        assert_eq!(read["operations"][0]["amount"], "9223372036854775807");
        let kind = memo["type"].as_str().unwrap();
        assert_eq!(read["memo"]["type"], kind.trim_end_matches("_hex"));
        assert_eq!(
            ask("stellar.hash", built.clone()),
            json!({ "hash": built["hash"], "signature_base": built["signature_base"] })
        );
        let signed = ask(
            "stellar.sign",
            json!({ "xdr": built["xdr"], "seed": seed() }),
        );
        assert_eq!(ask("stellar.verify", signed)["valid"], true);
    }
    refused("stellar.decode", json!({ "xdr": "AAAA" }));
}

#[test]
fn cosmos_addresses() {
    let key = ask("cosmos.public_key", json!({ "key": seed() }));
    let seen = ask(
        "cosmos.address",
        json!({ "text": key["address"], "prefix": "osmo" }),
    );
    assert_eq!(
        seen["address"],
        ask(
            "cosmos.address",
            json!({ "public_key": key["public_key"], "prefix": "osmo" })
        )["address"]
    );
    assert_eq!(
        ask(
            "cosmos.address_encode",
            json!({ "prefix": "osmo", "hex": seen["hex"] })
        )["address"],
        seen["address"]
    );
    let address = key["address"].as_str().unwrap();
    let error = refused(
        "cosmos.address",
        json!({ "text": format!("{}q", &address[..address.len() - 1]) }),
    );
    assert!(error.contains("checksum"), "{error}");
}

#[test]
fn cosmos_transactions() {
    let key = ask("cosmos.public_key", json!({ "key": seed() }));
    let send = json!({
        "fromAddress": key["address"], "toAddress": key["address"], "amount": [{ "denom": "uatom", "amount": "1000000" }],
    });
    let mut args = json!({
        "messages": [{ "type_url": "/cosmos.bank.v1beta1.MsgSend", "value": send }],
        "memo": "103556", "chain_id": "cosmoshub-4", "account_number": "1", "sequence": "7",
        "fee": { "amount": [{ "denom": "uatom", "amount": "500" }], "gas": "200000" },
        "public_key": key["public_key"],
    });
    let direct = ask("cosmos.sign_doc_direct", args.clone());
    let read = ask("cosmos.decode_sign_doc", json!({ "hex": direct["bytes"] }));
    assert_eq!(read["memo"], "103556");
    assert_eq!(read["messages"][0]["value"], send);
    assert_eq!(read["signers"][0]["sequence"], "7");
    let amino = ask("cosmos.sign_doc_amino", args.clone());
    assert!(
        amino["text"]
            .as_str()
            .unwrap()
            .contains("cosmos-sdk/MsgSend")
    );
    args["key"] = json!(seed());
    let signed = ask("cosmos.sign_direct", args);
    assert_eq!(signed["bytes"], direct["bytes"]);
    assert_eq!(ask("cosmos.verify", signed.clone())["valid"], true);
    let raw = json!({ "hex": signed["tx_raw"] });
    assert_eq!(ask("cosmos.decode_tx_raw", raw.clone())["memo"], "103556");
    assert_eq!(ask("cosmos.txid", raw)["txid"], signed["txid"]);
    refused("cosmos.decode_tx_raw", json!({ "hex": "ff" }));
}

#[test]
fn ton_addresses() {
    let forms = ask(
        "ton.address_encode",
        json!({ "workchain": 0, "hash": "5a".repeat(32) }),
    );
    for (form, bounceable, test_only) in [
        ("raw", Value::Null, Value::Null),
        ("bounceable", json!(true), json!(false)),
        ("non_bounceable", json!(false), json!(false)),
        ("bounceable_base64", json!(true), json!(false)),
        ("non_bounceable_base64", json!(false), json!(false)),
        ("test_bounceable", json!(true), json!(true)),
        ("test_non_bounceable", json!(false), json!(true)),
    ] {
        let seen = ask("ton.address", json!({ "text": forms[form] }));
        assert_eq!(
            seen,
            json!({ "valid": true, "bounceable": bounceable, "test_only": test_only, "forms": forms }),
            "{form}"
        );
    }
    assert_eq!(
        ask("ton.address", json!({ "text": "EQnothing" }))["valid"],
        false
    );
}

#[test]
fn ton_comments() {
    let long = "ж".repeat(300);
    for text in ["", "103556", long.as_str()] {
        let made = ask("ton.comment_boc", json!({ "text": text }));
        let read = ask("ton.body", json!({ "boc": made["boc"] }));
        assert_eq!(
            read,
            json!({ "hash": made["hash"], "opcode": "0x00000000", "comment": text })
        );
    }
    refused("ton.body", json!({ "boc": "te6c" }));
}

/// A number of the virtual machine, which come as text.
fn number(value: &Value) -> i128 {
    value.as_str().unwrap().parse().unwrap()
}

#[test]
fn node_each_ton_scenario_is_what_it_says() {
    let names = ask("ton.scenarios", json!({}));
    let names = names.as_array().unwrap();
    assert_eq!(names.len(), 19);
    for name in names {
        let name = name.as_str().unwrap();
        let played = ask("ton.sandbox", json!({ "scenario": name }));
        let transactions = played["transactions"].as_array().unwrap();
        for row in transactions {
            // The bytes are the transaction that the row tells of.
            let read = ask("ton.decode_transaction", json!({ "boc": row["boc"] }));
            for field in ["hash", "lt", "in_msg", "out_msgs", "description"] {
                assert_eq!(read[field], row["framed"][field], "{name} {field}");
            }
        }
        let at_ours: Vec<&Value> = transactions
            .iter()
            .map(|row| &row["framed"])
            .filter(|row| row["account"] == played["ours"])
            .collect();
        let aborted = at_ours
            .iter()
            .filter(|row| row["description"]["aborted"] == true)
            .count();
        let bounced_in = at_ours
            .iter()
            .filter(|row| row["in_msg"]["bounced"] == true)
            .count();
        let gained = number(&played["after"]["ton"]) - number(&played["before"]["ton"]);
        let jettons = |look: &str| -> i128 {
            let all = played[look]["jettons"].as_object().unwrap();
            all.values().map(number).sum()
        };
        let gained_jettons = jettons("after") - jettons("before");
        let (aborted_expected, bounced_expected, coins, jettons_expected) = match name {
            "deposit_uninit" => (1, 0, 700_000_000..=700_000_000, 0),
            "bounced" => (1, 0, 0..=0, 0),
            "bounce_no_funds" => (1, 0, 990..=1000, 0),
            "own_bounce_back" => (0, 1, -5_000_000..=-1_000_000, 0),
            "two_deposits_one_block" => (0, 0, 2_999_000_000..=3_000_000_000, 0),
            "fake_jetton" => (0, 0, 19_000_000..=20_000_000, 0),
            "jetton_too_much" | "jetton_forged_internal_transfer" => (0, 0, 0..=0, 0),
            "jetton_no_forward" => (0, 0, 0..=0, 1_234_567),
            "jetton_notification_aborted" => (1, 0, -1..=0, 1_234_567),
            jetton if jetton.starts_with("jetton_") => (0, 0, 9_000_000..=10_000_000, 1_234_567),
            _ => (0, 0, 1_499_000_000..=1_500_000_000, 0),
        };
        assert_eq!(
            (aborted, bounced_in, gained_jettons),
            (aborted_expected, bounced_expected, jettons_expected),
            "{name}"
        );
        assert!(coins.contains(&gained), "{name}: {gained} nanotons");
    }
    refused("ton.sandbox", json!({ "scenario": "nothing" }));
}

#[test]
fn node_a_ton_scenario_is_the_same_each_time() {
    let play = || ask("ton.sandbox", json!({ "scenario": "jetton_no_forward" }));
    assert_eq!(play(), play());
}
