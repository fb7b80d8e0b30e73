//! Against SDF's JavaScript library: strkeys, memos, hashes, and every unsigned transaction byte for byte, both ways.

use crate::fixture::{facts, folder};
use crate::own_returns::{amount, request, usdc};
use crate::world::{account, issuer, ours};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use recover_chain_stellar::address;
use recover_chain_stellar::returns::{
    Action, ReturnMemo, ReturnOperation, ReturnPlan, ReturnRequest, build, decode, verify,
};
use recover_chain_stellar::wire;
use recover_chain_stellar::xdr::Network;
use recover_core::address::{AddressError, Payload};
use recover_core::memo::{Memo, MemoKind};
use recover_testkit::oracle::Oracle;
use serde_json::{Value, json};

fn ask(op: &str, args: Value) -> Value {
    Oracle::shared_blocking()
        .ask_blocking(op, args.clone())
        .unwrap_or_else(|error| panic!("{op} {args}: {error}"))
}

/// Both say the same of a text: an account, a contract, something else with a good checksum, or nothing.
fn compare_strkey(text: &str) {
    let theirs = ask("stellar.strkey", json!({"text": text}));
    let kind = theirs["kind"].as_str().unwrap_or_default();
    let is_valid = theirs["valid"] == json!(true);
    let ours = address::routed(text);
    match (kind, is_valid) {
        ("G" | "C" | "M", true) => {
            let routed = ours.unwrap_or_else(|error| panic!("{text}: {error}"));
            let mut bytes = routed.address.payload().bytes().to_vec();
            if let Some(memo) = routed.memo {
                let id: u64 = String::from_utf8(memo.raw).unwrap().parse().unwrap();
                bytes.extend(id.to_be_bytes());
            }
            assert_eq!(theirs["hex"], json!(hex::encode(bytes)), "{text}");
        }
        ("S", true) => assert_eq!(ours, Err(AddressError::Secret)),
        _ => assert!(ours.is_err(), "{text} is no address: {theirs}"),
    }
}

fn encode(kind: &str, bytes: &[u8]) -> String {
    let answer = ask(
        "stellar.strkey_encode",
        json!({"kind": kind, "hex": hex::encode(bytes)}),
    );
    answer["text"].as_str().unwrap().to_owned()
}

/// Changes one letter of a strkey to another of its alphabet.
fn mutate(text: &str, at: prop::sample::Index, letter: usize) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut bytes = text.as_bytes().to_vec();
    let index = at.index(bytes.len());
    bytes[index] = ALPHABET[letter % ALPHABET.len()];
    String::from_utf8(bytes).unwrap()
}

fn memo_args(memo: &ReturnMemo) -> Value {
    match memo {
        ReturnMemo::None => json!({"type": "none"}),
        ReturnMemo::Text(text) => json!({"type": "text", "value": text}),
        ReturnMemo::Id(id) => json!({"type": "id", "value": id.to_string()}),
        ReturnMemo::Hash(hash) => json!({"type": "hash", "value": hex::encode(hash)}),
        ReturnMemo::Return(hash) => json!({"type": "return", "value": hex::encode(hash)}),
    }
}

fn asset_args(asset: Option<&str>) -> String {
    asset.map_or("native".to_owned(), |text| text.replacen('.', ":", 1))
}

fn destination(request: &ReturnRequest) -> String {
    match request.to_muxed_id {
        Some(id) => address::muxed_text(address::account_key(&request.to).unwrap(), id),
        None => request.to.text().to_owned(),
    }
}

/// The plan as the arguments of the other library.
fn build_args(plan: &ReturnPlan) -> Value {
    let request = &plan.request;
    let operation = match plan.operation {
        ReturnOperation::Payment => json!({
            "type": "payment", "destination": destination(request), "asset": asset_args(request.asset.as_deref()),
            "amount": request.amount.to_base_units(),
        }),
        ReturnOperation::CreateAccount => json!({
            "type": "create_account", "destination": request.to.text(), "amount": request.amount.to_base_units(),
        }),
    };
    json!({
        "source": request.from.text(), "sequence": request.sequence.to_string(), "fee": request.fee.to_string(),
        "memo": memo_args(&request.memo), "passphrase": request.network.passphrase(),
        "time_bounds": {"min": request.valid_from.to_string(), "max": request.valid_until.to_string()},
        "operations": [operation],
    })
}

/// Built here and there, and read back there.
fn compare_build(plan: &ReturnPlan) {
    let built = build(plan).unwrap();
    let theirs = ask("stellar.build", build_args(plan));
    let xdr = STANDARD.encode(&built.envelope);
    assert_eq!(theirs["xdr"], json!(xdr));
    assert_eq!(theirs["hash"], json!(hex::encode(built.hash)));
    let theirs = STANDARD.decode(theirs["xdr"].as_str().unwrap()).unwrap();
    assert_eq!(verify(&theirs, plan), Ok(built.hash));
    let request = &plan.request;
    let read = ask(
        "stellar.decode",
        json!({"xdr": xdr, "passphrase": request.network.passphrase()}),
    );
    assert_eq!(read["source"], json!(request.from.text()));
    assert_eq!(read["sequence"], json!(request.sequence.to_string()));
    assert_eq!(read["fee"], json!(request.fee.to_string()));
    let bounds =
        json!({"min": request.valid_from.to_string(), "max": request.valid_until.to_string()});
    assert_eq!(read["time_bounds"], bounds);
    assert_eq!(read["memo"]["type"], memo_args(&request.memo)["type"]);
    assert_eq!(read["operations"].as_array().unwrap().len(), 1);
    assert_eq!(
        read["operations"][0]["destination"],
        json!(destination(request))
    );
}

fn plan_of(change: impl FnOnce(&mut ReturnRequest), operation: ReturnOperation) -> ReturnPlan {
    let mut request = request();
    change(&mut request);
    ReturnPlan { request, operation }
}

#[test]
fn oracle_every_kind_of_return() {
    let memos = [
        ReturnMemo::None,
        ReturnMemo::Text(String::new()),
        ReturnMemo::Text("ä".repeat(14)),
        ReturnMemo::Id(0),
        ReturnMemo::Id(u64::MAX),
        ReturnMemo::Hash([7; 32]),
        ReturnMemo::Return([0; 32]),
    ];
    for memo in memos {
        for asset in [
            None,
            Some(usdc()),
            Some(address::asset_text("LONGCODE12", &issuer())),
        ] {
            for network in [Network::public(), Network::test()] {
                let plan = plan_of(
                    |request| {
                        request.memo = memo.clone();
                        request.asset = asset.clone();
                        request.network = network.clone();
                    },
                    ReturnOperation::Payment,
                );
                compare_build(&plan);
            }
        }
        let created = plan_of(
            |request| request.memo = memo,
            ReturnOperation::CreateAccount,
        );
        compare_build(&created);
    }
    for id in [0, 1, u64::MAX] {
        compare_build(&plan_of(
            |request| request.to_muxed_id = Some(id),
            ReturnOperation::Payment,
        ));
    }
}

#[test]
fn oracle_a_signature_of_theirs_verifies_as_planned() {
    let seed = "11".repeat(32);
    let keys = ask("stellar.keypair", json!({"seed": seed}));
    let from = address::parse(keys["public_key"].as_str().unwrap()).unwrap();
    let plan = plan_of(|request| request.from = from, ReturnOperation::Payment);
    let built = build(&plan).unwrap();
    let signed = ask(
        "stellar.sign",
        json!({"xdr": STANDARD.encode(&built.envelope), "seed": seed}),
    );
    let bytes = STANDARD.decode(signed["xdr"].as_str().unwrap()).unwrap();
    assert_ne!(bytes, built.envelope);
    assert_eq!(verify(&bytes, &plan), Ok(built.hash));
    assert_eq!(decode(&bytes).unwrap().signatures, 1);
    let checked = ask(
        "stellar.verify",
        json!({"xdr": signed["xdr"], "public_key": keys["public_key"]}),
    );
    assert_eq!(checked["valid"], json!(true));
}

#[test]
fn oracle_transactions_that_are_no_return_are_read_and_not_verified() {
    let plan = plan_of(|_| {}, ReturnOperation::Payment);
    let pay = json!({"type": "payment", "destination": account(2).text(), "asset": "native", "amount": "50000000"});
    let other = json!({"type": "account_merge", "destination": account(2).text()});
    let bump = json!({"type": "bump_sequence", "bump_to": "99"});
    let mut sourced = pay.clone();
    sourced["source"] = json!(account(7).text());
    let trust = json!({"type": "change_trust", "asset": asset_args(Some(&usdc()))});
    let path = json!({"type": "path_payment_strict_send", "send_asset": "native", "send_amount": "50000000",
        "destination": account(2).text(), "asset": asset_args(Some(&usdc())), "amount": "1"});
    for (operations, others) in [
        (vec![pay.clone(), pay.clone()], 0),
        (vec![sourced], 0),
        (vec![other.clone()], 1),
        (vec![bump, trust], 2),
        (vec![path], 1),
        (vec![pay.clone(), other], 1),
    ] {
        let mut args = build_args(&plan);
        args["fee"] = json!((100 * operations.len()).to_string());
        args["operations"] = json!(operations);
        let theirs = ask("stellar.build", args);
        let bytes = STANDARD.decode(theirs["xdr"].as_str().unwrap()).unwrap();
        let summary = decode(&bytes).unwrap();
        assert_eq!(summary.operations.len(), operations.len());
        let found = summary
            .operations
            .iter()
            .filter(|operation| matches!(operation.action, Action::Other(_)));
        assert_eq!(found.count(), others);
        assert!(verify(&bytes, &plan).is_err());
    }
    // Without time bounds, and from a muxed account of ours.
    for change in [
        json!({"time_bounds": null}),
        json!({"source": address::muxed_text([1; 32], 9)}),
    ] {
        let mut args = build_args(&plan);
        for (key, value) in change.as_object().unwrap() {
            match value {
                Value::Null => drop(args.as_object_mut().unwrap().remove(key)),
                value => args[key] = value.clone(),
            }
        }
        let theirs = ask("stellar.build", args);
        let bytes = STANDARD.decode(theirs["xdr"].as_str().unwrap()).unwrap();
        assert!(decode(&bytes).is_ok());
        assert!(verify(&bytes, &plan).is_err());
    }
}

fn same_memo(ours: &Memo, theirs: &Value) -> bool {
    let kind = theirs["type"].as_str().unwrap();
    let content = |field: &str| theirs[field].as_str().unwrap_or_default().to_owned();
    match ours.kind {
        MemoKind::Absent => kind == "none",
        MemoKind::Empty | MemoKind::Text => {
            kind == "text" && content("hex") == hex::encode(&ours.raw)
        }
        MemoKind::Id => kind == "id" && content("value").as_bytes() == ours.raw,
        MemoKind::Hash => kind == "hash" && content("value") == hex::encode(&ours.raw),
        MemoKind::Return => kind == "return" && content("value") == hex::encode(&ours.raw),
        _ => false,
    }
}

#[test]
fn oracle_recorded_transactions_have_the_same_hash_and_memo() {
    let mut compared = 0;
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let rows = match wire::body(&std::fs::read(&path).unwrap()).unwrap() {
            wire::Body::Rows(rows) => rows,
            wire::Body::Record(row) => vec![row],
            wire::Body::Problem(_) => continue,
        };
        for row in rows {
            let Ok(record) = serde_json::from_str::<wire::Transaction>(row.get()) else {
                continue;
            };
            let (Some(xdr), (Ok(found), "signed on pubnet")) =
                (&record.envelope_xdr, facts(&record))
            else {
                continue;
            };
            let theirs = ask("stellar.decode", json!({"xdr": &**xdr}));
            assert_eq!(
                theirs["hash"],
                json!(found.id.as_str()),
                "{}",
                path.display()
            );
            match &found.inner {
                Some(inner) => assert_eq!(theirs["fee_bump"]["inner_hash"], json!(inner.as_str())),
                None => assert!(
                    same_memo(&found.memo.clone().unwrap(), &theirs["memo"]),
                    "{theirs}"
                ),
            }
            compared += 1;
        }
    }
    assert!(compared > 150, "{compared}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn oracle_strkeys_of_every_kind_and_with_one_letter_changed(
        key: [u8; 32],
        id: u64,
        at: prop::sample::Index,
        letter: usize,
    ) {
        let mut muxed = key.to_vec();
        muxed.extend(id.to_be_bytes());
        let mut balance = vec![0];
        balance.extend(key);
        let mut signed = key.to_vec();
        signed.extend([0, 0, 0, 4, 1, 2, 3, 4]);
        let kinds: [(&str, &[u8]); 9] = [
            ("G", &key), ("C", &key), ("S", &key), ("T", &key), ("X", &key), ("L", &key), ("M", &muxed), ("B", &balance),
            ("P", &signed),
        ];
        for (kind, bytes) in kinds {
            let text = encode(kind, bytes);
            compare_strkey(&text);
            if kind != "S" {
                compare_strkey(&mutate(&text, at, letter));
            }
        }
        prop_assert_eq!(encode("G", &key), address::account(key).text().to_owned());
        prop_assert_eq!(encode("C", &key), address::contract(key).text().to_owned());
        let text = address::muxed_text(key, id);
        prop_assert_eq!(encode("M", &muxed), text.clone());
        let theirs = ask("stellar.muxed", json!({"muxed": text}));
        prop_assert_eq!(&theirs["address"], &json!(address::account(key).text()));
        prop_assert_eq!(&theirs["id"], &json!(id.to_string()));
        prop_assert!(matches!(address::parse(&encode("C", &key)).unwrap().payload(), Payload::Contract32(_)));
    }

    #[test]
    fn oracle_any_return_is_built_byte_for_byte(
        stroops in 1_u128..=i64::MAX.unsigned_abs().into(),
        sequence in 1_i64..,
        fee in 100_u32..,
        // Theirs counts time in floats.
        bounds in (0_u64..1_000, 1_000_u64..4_000_000_000),
        muxed: Option<u64>,
        code in "[A-Za-z0-9]{1,12}",
        issued: bool,
        to: [u8; 32],
        memo in prop_oneof![Just(ReturnMemo::None), any::<u64>().prop_map(ReturnMemo::Id), "[ -~ä€]{0,9}".prop_map(ReturnMemo::Text),
            any::<[u8; 32]>().prop_map(ReturnMemo::Hash), any::<[u8; 32]>().prop_map(ReturnMemo::Return)],
    ) {
        let plan = plan_of(|request| {
            request.to = address::account(to);
            request.amount = amount(stroops);
            request.sequence = sequence;
            request.fee = fee;
            (request.valid_from, request.valid_until) = bounds;
            request.asset = issued.then(|| address::asset_text(&code, &issuer()));
            request.to_muxed_id = muxed.filter(|_| memo == ReturnMemo::None);
            request.memo = memo;
        }, ReturnOperation::Payment);
        prop_assume!(plan.request.to != ours());
        compare_build(&plan);
    }

    #[test]
    fn oracle_damaged_bytes_are_read_alike_or_not_at_all(at: prop::sample::Index, with: u8) {
        let plan = plan_of(|request| request.memo = ReturnMemo::Text("return".to_owned()), ReturnOperation::Payment);
        let mut bytes = build(&plan).unwrap().envelope;
        let index = at.index(bytes.len());
        bytes[index] = with;
        let theirs = Oracle::shared_blocking().ask_blocking("stellar.decode", json!({"xdr": STANDARD.encode(&bytes)}));
        if let Ok(found) = decode(&bytes) {
            // Theirs refuses some amounts and codes that the format allows; what both read is the same.
            if let Ok(theirs) = theirs {
                prop_assert_eq!(&theirs["fee"], &json!(found.fee.to_string()));
                prop_assert_eq!(&theirs["sequence"], &json!(found.sequence.to_string()));
                prop_assert!(same_memo(&found.memo, &theirs["memo"]));
                if let Ok(hash) = verify(&bytes, &plan) {
                    prop_assert_eq!(&theirs["hash"], &json!(hex::encode(hash)));
                }
            }
        }
    }
}
