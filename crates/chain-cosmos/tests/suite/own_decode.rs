//! Answers of our own, made of recorded ones: what must not be believed, and that nothing makes the reader fall over.

use crate::fixture::{decoder, json, names, transaction};
use proptest::prelude::*;
use recover_chain_cosmos::address::voucher_denom;
use recover_core::memo::MemoKind;
use recover_core::observation::{Mechanism, Outcome};
use serde_json::{Value, json};

/// The response inside a recorded LCD answer.
fn response(answer: &mut Value) -> &mut Value {
    &mut answer["tx_response"]
}

#[test]
fn own_events_that_contradict_a_message_leave_the_outcome_unknown() {
    let mut answer = json("gem_transfer");
    for event in response(&mut answer)["events"].as_array_mut().unwrap() {
        for attribute in event["attributes"].as_array_mut().unwrap() {
            if attribute["value"] == "50000000uatom" {
                attribute["value"] = json!("50000001uatom");
            }
        }
    }
    let read = decoder("cosmos").transactions(&answer).unwrap().remove(0);
    let amounts: Vec<(String, Outcome)> = read
        .credits
        .iter()
        .map(|credit| (credit.amount.to_base_units(), credit.outcome))
        .collect();
    assert_eq!(
        amounts,
        [
            ("50000001".to_owned(), Outcome::Unknown),
            ("50000000".to_owned(), Outcome::Unknown)
        ]
    );
}

#[test]
fn own_a_source_without_events_tells_payments_and_no_packets() {
    let mut answer = json("gem_transfer");
    response(&mut answer)["events"] = json!([]);
    let read = decoder("cosmos").transactions(&answer).unwrap().remove(0);
    assert!(!read.has_events);
    let whole = transaction("cosmos", "gem_transfer");
    assert_eq!(read.credits, whole.credits);

    let mut answer = json("lcd_tx_celestia_MsgRecvPacket_DF199583");
    answer["events"] = json!([]);
    answer["logs"] = json!([]);
    answer["raw_log"] = json!("");
    let read = decoder("celestia").transactions(&answer).unwrap().remove(0);
    let [credit] = read.credits.as_slice() else {
        panic!("{:?}", read.credits);
    };
    assert_eq!(
        (credit.outcome, credit.mechanism),
        (Outcome::Unknown, Mechanism::IbcTransfer)
    );
    assert_eq!(credit.amount.to_base_units(), "10715721");
}

#[test]
fn own_logs_that_are_only_a_text_are_read_too() {
    let whole = transaction("cosmos", "txresponse_cosmos_MsgSend_EAE05924");
    let mut answer = json("txresponse_cosmos_MsgSend_EAE05924");
    answer["raw_log"] = json!(answer["logs"].to_string());
    answer["logs"] = json!([]);
    let read = decoder("cosmos").transactions(&answer).unwrap().remove(0);
    assert_eq!(read.credits, whole.credits);
    assert!(read.has_events);
}

/// The packet of the recorded arrival on Osmosis, with another acknowledgement.
fn with_acknowledgement(ack: Option<&str>) -> Value {
    let mut answer = json("lcd_tx_celestia_MsgRecvPacket_DF199583");
    answer["events"] = json!([]);
    let events = answer["logs"][1]["events"].as_array_mut().unwrap();
    match ack {
        None => events.retain(|event| event["type"] != "write_acknowledgement"),
        Some(ack) => {
            for event in events
                .iter_mut()
                .filter(|event| event["type"] == "write_acknowledgement")
            {
                for attribute in event["attributes"].as_array_mut().unwrap() {
                    if attribute["key"] == "packet_ack" {
                        attribute["value"] = json!(ack);
                    }
                }
            }
        }
    }
    answer
}

#[test]
fn own_the_acknowledgement_decides_whether_a_packet_credits() {
    let outcomes = |ack: Option<&str>| -> Vec<Outcome> {
        decoder("celestia")
            .transactions(&with_acknowledgement(ack))
            .unwrap()[0]
            .credits
            .iter()
            .map(|credit| credit.outcome)
            .collect()
    };
    assert_eq!(outcomes(Some(r#"{"result":"AQ=="}"#)), [Outcome::Success]);
    assert_eq!(outcomes(Some(r#"{"error":"ABCI code: 1"}"#)), []);
    // Written later: nobody knows yet.
    assert_eq!(outcomes(None), [Outcome::Unknown]);
    assert_eq!(outcomes(Some("not json")), [Outcome::Unknown]);
}

#[test]
fn own_a_packets_memo_is_its_own() {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    for (memo, kind) in [
        (json!("12345"), MemoKind::Text),
        (json!(""), MemoKind::Empty),
    ] {
        let mut answer = json("lcd_tx_celestia_MsgRecvPacket_DF199583");
        let packet = &mut answer["tx"]["body"]["messages"][1]["packet"]["data"];
        let mut data: Value =
            serde_json::from_slice(&STANDARD.decode(packet.as_str().unwrap()).unwrap()).unwrap();
        data["memo"] = memo.clone();
        *packet = json!(STANDARD.encode(data.to_string()));
        let read = decoder("celestia").transactions(&answer).unwrap().remove(0);
        let [found] = read.credits[0].memos.as_slice() else {
            panic!("{:?}", read.credits[0].memos);
        };
        assert_eq!((found.place.as_str(), found.kind), ("packet_memo", kind));
        assert_eq!(found.raw, memo.as_str().unwrap().as_bytes());
    }
}

#[test]
fn own_one_coin_over_two_channels_is_two_assets() {
    assert_ne!(
        voucher_denom("transfer/channel-0/uatom"),
        voucher_denom("transfer/channel-1/uatom")
    );
}

#[test]
fn own_a_transaction_that_cannot_be_read_does_not_hide_the_others() {
    let good = json("txresponse_sei_MsgSend_7AF2329A");
    let mut bad = json("txresponse_sei_MsgSend_0B77D11B");
    bad["tx"]["body"]["messages"][0]["amount"][0]["amount"] = json!("1.5");
    let page = json!({"tx_responses": [good, bad], "total": "2"});
    assert!(decoder("sei").transactions(&page).is_err());
    let read = decoder("sei").search_page(&page).unwrap();
    assert_eq!(read.transactions.len(), 2);
    assert_eq!(read.transactions[1].credits, []);
    assert_eq!(read.unread.len(), 1);
    assert_eq!(read.unread[0].0.0, 131_877_855);
}

/// Puts another value somewhere into an answer: `path` picks the way down, `with` what stands there then.
fn mutate(value: &mut Value, path: &[usize], with: &Value) {
    let Some((first, rest)) = path.split_first() else {
        *value = with.clone();
        return;
    };
    let child = match value {
        Value::Array(items) if !items.is_empty() => {
            let index = first % items.len();
            items.get_mut(index)
        }
        Value::Object(fields) if !fields.is_empty() => {
            let index = first % fields.len();
            fields.values_mut().nth(index)
        }
        _ => None,
    };
    match child {
        Some(child) => mutate(child, rest, with),
        None => *value = with.clone(),
    }
}

fn odd_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!([])),
        Just(json!({})),
        Just(json!(-1)),
        Just(json!(1.5)),
        Just(json!(u64::MAX)),
        Just(json!("-1")),
        Just(json!("10uatom,5")),
        "\\PC{0,40}".prop_map(Value::String),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn own_no_answer_makes_the_reader_fall_over(
        file in any::<prop::sample::Index>(),
        path in prop::collection::vec(0_usize..40, 0..12),
        with in odd_value(),
    ) {
        // The largest files hold the same shapes and take most of the time.
        let names: Vec<String> = names().into_iter().filter(|name| {
            let length = std::fs::metadata(crate::fixture::folder("cosmos").join(format!("{name}.json"))).unwrap().len();
            length < 60_000
        }).collect();
        let mut answer = json(file.get(&names[..]).as_str());
        mutate(&mut answer, &path, &with);
        let decoder = decoder("cosmos");
        drop(decoder.transactions(&answer));
        drop(decoder.search_page(&answer));
        drop(decoder.block_credits(&answer));
        drop(decoder.block(&answer, &answer));
    }

    #[test]
    fn own_bytes_never_make_the_reader_fall_over(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        use base64::Engine;
        use base64::engine::general_purpose::STANDARD;
        let answer = json!({"hash": "", "height": "1", "tx": STANDARD.encode(&bytes), "tx_result": {"code": 0, "events": []}});
        drop(decoder("cosmos").transactions(&answer));
        drop(recover_chain_cosmos::returns::decode(&bytes));
    }
}

/// A recorded block with other bytes for its only transaction.
fn with_transaction(name: &str, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> (Value, Value) {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    let mut block = json(&format!("{name}_block"));
    let place = &mut block["result"]["block"]["data"]["txs"][0];
    let raw = STANDARD.decode(place.as_str().unwrap()).unwrap();
    *place = json!(STANDARD.encode(change(raw)));
    (block, json(&format!("{name}_block_results")))
}

/// Celestia wraps a transaction that pays for data; its id and its movements are those of the inner bytes.
#[test]
fn own_a_wrapped_transaction_is_the_one_inside() {
    let name = "cometbft_1tx2msgsend";
    let (block, results) = with_transaction(name, |raw| raw);
    let plain = decoder("celestia").block(&block, &results).unwrap();
    assert_eq!(plain.transactions[0].credits.len(), 2);
    for kind in ["BLOB", "INDX"] {
        let (block, results) = with_transaction(name, |raw| {
            let mut wrapped = vec![0x0a];
            let mut length = raw.len();
            while length >= 0x80 {
                wrapped.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
                length >>= 7;
            }
            wrapped.push(u8::try_from(length).unwrap());
            wrapped.extend(raw);
            // Field 2: a blob, or packed indexes.
            wrapped.extend([0x12, 3, 1, 2, 3]);
            wrapped.extend([0x1a, 4]);
            wrapped.extend(kind.bytes());
            wrapped
        });
        let read = decoder("celestia").block(&block, &results).unwrap();
        assert_eq!(read, plain, "{kind}");
    }
}

/// Nodes do not insist on UTF-8 in a memo: it is kept as bytes and hides no payment.
#[test]
fn own_a_memo_that_is_no_text_hides_no_payment() {
    let name = "cometbft_tx_with_memo_timeout_height";
    let (block, results) = with_transaction(name, |raw| raw);
    let plain = decoder("cosmos").block(&block, &results).unwrap();
    assert_eq!(plain.transactions[0].credits[0].memos[0].raw, b"Test memo");
    let (block, results) = with_transaction(name, |mut raw| {
        let at = raw
            .windows(9)
            .position(|bytes| bytes == b"Test memo")
            .unwrap();
        raw[at] = 0xff;
        raw
    });
    let read = decoder("cosmos").block(&block, &results).unwrap();
    let [credit] = read.transactions[0].credits.as_slice() else {
        panic!("{:?}", read.transactions);
    };
    assert_eq!(credit.amount, plain.transactions[0].credits[0].amount);
    assert_eq!(
        (credit.memos[0].kind, credit.memos[0].raw.as_slice()),
        (MemoKind::Text, b"\xffest memo".as_slice())
    );
}

/// A validator's commission of the years in which events name no sender: paid to the account that they chose.
#[test]
fn own_a_commission_without_a_sender_is_a_reward() {
    let answer = json!({
        "height": "204",
        "txhash": "E652618C574CBCF4C355C32EABD97CBE04934EE0CF9DB9E30F64A4E2B26FCCA7",
        "logs": [{"msg_index": 0, "success": true, "log": "", "events": [
            {"type": "message", "attributes": [
                {"key": "module", "value": "distribution"},
                {"key": "sender", "value": "cosmosvaloper12w6tynmjzq4l8zdla3v4x0jt8lt4rcz5gk7zg2"},
                {"key": "action", "value": "withdraw_validator_commission"}]},
            {"type": "transfer", "attributes": [
                {"key": "recipient", "value": "cosmos1y6yvdel7zys8x60gz9067fjpcpygsn62ae9x46"},
                {"key": "amount", "value": "748uatom"}]},
        ]}],
        "tx": {"type": "cosmos-sdk/StdTx", "value": {"memo": "", "msg": [{
            "type": "cosmos-sdk/MsgWithdrawValidatorCommission",
            "value": {"validator_address": "cosmosvaloper12w6tynmjzq4l8zdla3v4x0jt8lt4rcz5gk7zg2"}}]}},
        "timestamp": "2019-12-16T02:21:03Z",
    });
    let read = decoder("cosmos").transactions(&answer).unwrap().remove(0);
    let [credit] = read.credits.as_slice() else {
        panic!("{:?}", read.credits);
    };
    assert_eq!(
        (credit.amount.to_base_units().as_str(), credit.mechanism),
        ("748", Mechanism::Reward)
    );
}

#[test]
fn own_what_is_no_transaction_is_called_by_its_name() {
    let refusal = |answer: Value| {
        decoder("cosmos")
            .transactions(&answer)
            .unwrap_err()
            .to_string()
    };
    let balances = json!({"address": "cosmos1", "txhash": "", "height": "18685497", "bank": []});
    assert!(refusal(balances).contains("balances"));
    let result = json!({"hash": "00", "height": "1", "tx_result": {"code": 0}});
    assert!(refusal(result).contains("without its bytes"));
}
