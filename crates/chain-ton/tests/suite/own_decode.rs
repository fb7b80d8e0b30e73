//! Rules about credits, on rows that are made here in the shape of recorded ones.

use crate::cells::{Cell, comment, internal_transfer, notification};
use crate::fixture::{self, decoder, line, wallets};
use proptest::prelude::*;
use recover_chain_ton::address::RawAddress;
use recover_chain_ton::decode::Wallets;
use recover_chain_ton::wire;
use recover_core::memo::MemoKind;
use recover_core::observation::{Mechanism, Observation, Outcome};
use serde_json::{Value, json};

pub const OURS: &str = "0:1111111111111111111111111111111111111111111111111111111111111111";
pub const SENDER: &str = "0:2222222222222222222222222222222222222222222222222222222222222222";
pub const WALLET: &str = "0:3333333333333333333333333333333333333333333333333333333333333333";
pub const THEIR_WALLET: &str = "0:4444444444444444444444444444444444444444444444444444444444444444";
pub const MASTER: &str = "0:5555555555555555555555555555555555555555555555555555555555555555";
pub const STRANGER: &str = "0:6666666666666666666666666666666666666666666666666666666666666666";

/// A row of toncenter v3: so much came from `source` to `account` with this body, and the contract did its work.
pub fn row(account: &str, source: &str, value: u64, body: &Cell) -> Value {
    json!({
        "account": account,
        "hash": hex::encode([7; 32]),
        "lt": "60000000000003",
        "now": 1_753_890_772,
        "mc_block_seqno": 50_000_000,
        "prev_trans_lt": "59000000000001",
        "description": {
            "type": "ord", "aborted": false, "credit_first": true,
            "credit_ph": {"credit": value.to_string()},
            "compute_ph": {"skipped": false, "success": true, "exit_code": 0},
            "action": {"success": true, "result_code": 0},
        },
        "in_msg": {
            "hash": hex::encode([8; 32]),
            "source": source, "destination": account, "value": value.to_string(),
            "bounce": false, "bounced": false, "opcode": null,
            "message_content": {"hash": null, "body": body.text(), "decoded": null},
        },
        "out_msgs": [],
        "emulated": false,
    })
}

pub fn ours() -> Wallets {
    let mut known = wallets(&[(WALLET, OURS, MASTER)]);
    known.completed(OURS.parse().unwrap());
    known
}

fn read(row: &Value, wallets: &Wallets) -> Vec<Observation> {
    let row = wire::transaction(row).unwrap();
    decoder().credits(&row, wallets, None)
}

fn one(row: &Value, wallets: &Wallets) -> Observation {
    let mut credits = read(row, wallets);
    assert_eq!(credits.len(), 1, "{credits:?}");
    credits.pop().unwrap()
}

#[test]
fn own_comments_in_every_form() {
    let long = "x".repeat(100);
    let snake = comment(&long).reference(Cell::new().bytes(long.as_bytes()));
    let both = format!("{long}{long}");
    let odd = comment("ab").number(1, 3);
    for (body, kind, raw) in [
        (comment("103556"), MemoKind::Text, b"103556".as_slice()),
        (comment(" 103556 "), MemoKind::Text, b" 103556 "),
        (comment(""), MemoKind::Empty, b""),
        (comment("0"), MemoKind::Text, b"0"),
        (comment("１０３"), MemoKind::Text, "１０３".as_bytes()),
        (Cell::new(), MemoKind::Absent, b""),
        (snake, MemoKind::Text, both.as_bytes()),
        (odd, MemoKind::Bytes, b"ab\x20"),
        (
            Cell::new().number(0x2167_da4b, 32).bytes(b"\x01\x02"),
            MemoKind::Encrypted,
            b"\x01\x02",
        ),
        // An operation of a contract is no comment, whatever stands behind it.
        (
            Cell::new().number(0x6a, 32).bytes(b"103556"),
            MemoKind::Absent,
            b"",
        ),
        (Cell::new().number(3, 2), MemoKind::Absent, b""),
    ] {
        let credit = one(&row(OURS, SENDER, 5, &body), &ours());
        assert_eq!(credit.memos.len(), 1);
        assert_eq!(
            (credit.memos[0].kind, credit.memos[0].raw.as_slice()),
            (kind, raw)
        );
        assert_eq!(credit.memos[0].place, "comment");
        assert_eq!(credit.mechanism, Mechanism::TopLevel);
    }
}

#[test]
fn own_a_servers_reading_stands_in_for_a_body_it_leaves_out() {
    let mut value = row(OURS, SENDER, 5, &comment(""));
    value["in_msg"]["message_content"] =
        json!({"decoded": {"type": "text_comment", "comment": "77"}});
    assert_eq!(one(&value, &ours()).memos[0].raw, b"77");
    value["in_msg"]["message_content"] = json!({"decoded": null});
    assert_eq!(one(&value, &ours()).memos[0].kind, MemoKind::Absent);
}

/// The bounce flag of the message, what the contract made of it, and what therefore stays.
#[test]
fn pitfall_083_bounce_flag_matrix() {
    let skipped = json!({"skipped": true, "reason": "no_state"});
    let failed = json!({"skipped": false, "success": false, "exit_code": 132});
    let back = json!([{"source": OURS, "destination": SENDER, "value": "90", "bounced": true,
        "message_content": {"body": comment("").text()}}]);
    for (name, bounce, aborted, compute, phase, out, outcome, kept) in [
        (
            "UQ to a wallet that is not there yet",
            false,
            true,
            &skipped,
            Value::Null,
            json!([]),
            Outcome::Success,
            "100",
        ),
        (
            "UQ to a contract that fails",
            false,
            true,
            &failed,
            Value::Null,
            json!([]),
            Outcome::Success,
            "100",
        ),
        (
            "EQ to a wallet that is not there yet",
            true,
            true,
            &skipped,
            json!({"type": "ok"}),
            back.clone(),
            Outcome::Failed,
            "0",
        ),
        (
            "EQ to a contract that fails",
            true,
            true,
            &failed,
            json!({"type": "ok"}),
            back.clone(),
            Outcome::Failed,
            "0",
        ),
        (
            "EQ, and too little to send it back",
            true,
            true,
            &failed,
            json!({"type": "nofunds"}),
            json!([]),
            Outcome::Success,
            "100",
        ),
        (
            "EQ to a contract that takes it",
            true,
            false,
            &json!({"skipped": false, "success": true}),
            Value::Null,
            json!([]),
            Outcome::Success,
            "100",
        ),
        (
            "a bounce of which no message tells",
            true,
            true,
            &failed,
            json!({"type": "ok"}),
            json!([]),
            Outcome::Failed,
            "0",
        ),
        (
            "no funds, and yet it went back",
            true,
            true,
            &failed,
            json!({"type": "nofunds"}),
            back.clone(),
            Outcome::Unknown,
            "100",
        ),
        (
            "no bounce, and yet it went back",
            true,
            true,
            &failed,
            Value::Null,
            back.clone(),
            Outcome::Unknown,
            "100",
        ),
        (
            "a word nobody knows",
            true,
            true,
            &failed,
            json!({"type": "new"}),
            json!([]),
            Outcome::Unknown,
            "100",
        ),
    ] {
        let mut value = row(OURS, SENDER, 100, &comment("1"));
        value["in_msg"]["bounce"] = bounce.into();
        value["description"]["aborted"] = aborted.into();
        value["description"]["compute_ph"] = compute.clone();
        value["description"]["bounce"] = phase;
        value["out_msgs"] = out;
        let credit = one(&value, &ours());
        assert_eq!(credit.outcome, outcome, "{name}");
        assert_eq!(credit.amount.to_base_units(), kept, "{name}");
        assert_eq!(credit.amount_stated.to_base_units(), "100", "{name}");
    }
}

#[test]
fn own_a_source_without_phases_does_not_know() {
    let mut value = row(OURS, SENDER, 100, &comment("1"));
    value.as_object_mut().unwrap().remove("description");
    assert_eq!(one(&value, &ours()).outcome, Outcome::Unknown);
}

#[test]
fn own_an_account_in_debt_pays_it_first() {
    let mut value = row(OURS, SENDER, 100, &comment("1"));
    value["description"]["credit_ph"]["credit"] = "70".into();
    let credit = one(&value, &ours());
    assert_eq!(credit.amount.to_base_units(), "70");
    value["description"]["credit_ph"]["credit"] = "0".into();
    assert_eq!(one(&value, &ours()).outcome, Outcome::Failed);
    // Some servers fill the field with nonsense.
    value["description"]["credit_ph"]["credit"] = "16298225961743024383".into();
    assert_eq!(one(&value, &ours()).amount.to_base_units(), "100");
}

#[test]
fn own_our_own_message_that_comes_back_is_no_deposit() {
    let body = Cell::new()
        .number(0xffff_ffff, 32)
        .number(0, 32)
        .bytes(b"103556");
    let mut value = row(OURS, SENDER, 95, &body);
    value["in_msg"]["bounced"] = true.into();
    let credit = one(&value, &ours());
    assert_eq!(credit.mechanism, Mechanism::Bounce);
    assert_eq!(credit.memos[0].kind, MemoKind::Absent);
    // Where the flag is not given, the mark of the body tells.
    value["in_msg"]["bounced"] = Value::Null;
    assert_eq!(one(&value, &ours()).mechanism, Mechanism::Bounce);
}

#[test]
fn own_what_comes_from_outside_is_no_deposit() {
    let mut value = row(OURS, SENDER, 95, &comment("1"));
    value["in_msg"]["source"] = Value::Null;
    value["in_msg"]["value"] = Value::Null;
    assert!(read(&value, &ours()).is_empty());
    let zero = row(OURS, SENDER, 0, &comment("1"));
    assert!(read(&zero, &ours()).is_empty());
}

#[test]
fn own_extra_currencies_are_credits_of_their_own() {
    let mut value = row(OURS, SENDER, 0, &comment("1"));
    value["in_msg"]["value_extra_currencies"] = json!({"239": "664333333334", "100": "0"});
    let credit = one(&value, &ours());
    assert_eq!(credit.asset.to_string(), "ton/contract:extra:239");
    assert_eq!(credit.position.as_str(), "extra:239");
    assert_eq!(credit.amount.to_base_units(), "664333333334");
}

#[test]
fn own_jettons_are_credited_by_the_wallet_and_not_by_the_notification() {
    let body = internal_transfer(9, 1_234_567, Some(SENDER))
        .number(1, 1)
        .reference(comment("103556"));
    let credit = one(&row(WALLET, THEIR_WALLET, 50, &body), &ours());
    assert_eq!(
        line(&credit),
        "07070707 jetton EQAiIiIi>EQARERER 1234567 of EQBVVVVV token_transfer success [forward_payload=\"103556\"]"
    );
    // The notification brings its few nanotons and no jettons.
    let told = notification(9, 1_234_567, SENDER)
        .number(1, 1)
        .reference(comment("103556"));
    let credit = one(&row(OURS, WALLET, 1, &told), &ours());
    assert_eq!(credit.asset.to_string(), "ton/native");
    assert_eq!(credit.mechanism, Mechanism::Carrier);
    assert_eq!(credit.memos[0].raw, b"103556");
}

#[test]
fn pitfall_083_a_forged_jetton_wallet_moves_nothing() {
    let body = notification(9, 1_000_000_000, SENDER)
        .number(1, 1)
        .reference(comment("103556"));
    let credits = read(&row(OURS, STRANGER, 20, &body), &ours());
    assert_eq!(credits.len(), 2);
    assert!(credits[0].amount.is_zero());
    assert_eq!(credits[0].amount_stated.to_base_units(), "1000000000");
    assert_eq!(
        credits[0].flags,
        [recover_core::observation::Flag::BalanceUnchanged]
    );
    assert_eq!(
        credits[0].asset.contract_text(),
        Some(STRANGER.parse::<RawAddress>().unwrap().address().text())
    );
    // The TON that came with it is real.
    assert_eq!(credits[1].amount.to_base_units(), "20");
    // A wallet of somebody else's is no better.
    let foreign = wallets(&[(STRANGER, SENDER, MASTER)]);
    assert_eq!(read(&row(OURS, STRANGER, 20, &body), &foreign).len(), 2);
    // Nobody is called a liar before his wallet was looked for.
    let unknown = Wallets::default();
    assert_eq!(read(&row(OURS, STRANGER, 20, &body), &unknown).len(), 1);
    // An `internal_transfer` at a contract that is nobody's known wallet credits no jettons.
    let body = internal_transfer(9, 5, Some(SENDER)).number(0, 1);
    let credits = read(&row(STRANGER, THEIR_WALLET, 20, &body), &ours());
    assert!(
        credits
            .iter()
            .all(|credit| credit.asset.contract_text().is_none())
    );
}

#[test]
fn pitfall_083_two_wallets_for_one_jetton_make_both_doubtful() {
    let known = wallets(&[(WALLET, OURS, MASTER), (STRANGER, OURS, MASTER)]);
    let body = internal_transfer(9, 5, Some(SENDER)).number(0, 1);
    for wallet in [WALLET, STRANGER] {
        let credit = one(&row(wallet, THEIR_WALLET, 20, &body), &known);
        assert_eq!(credit.outcome, Outcome::Unknown);
    }
}

#[test]
fn pitfall_083_jetton_gas_short() {
    // The notification ran out of gas at our account: the jettons stand at the wallet, and the nanoton stays.
    let told = notification(9, 5, SENDER).number(0, 1);
    let mut value = row(OURS, WALLET, 1, &told);
    value["description"]["aborted"] = true.into();
    value["description"]["compute_ph"] = json!({"skipped": true, "reason": "no_gas"});
    assert_eq!(one(&value, &ours()).outcome, Outcome::Success);
    // The wallet itself ran out of gas: no jettons, whatever the message says.
    let body = internal_transfer(9, 5, Some(SENDER)).number(0, 1);
    for compute in [
        json!({"skipped": true, "reason": "no_gas"}),
        json!({"skipped": false, "success": false, "exit_code": -14}),
    ] {
        let mut value = row(WALLET, THEIR_WALLET, 1, &body);
        value["description"]["aborted"] = true.into();
        value["description"]["compute_ph"] = compute;
        let credit = one(&value, &ours());
        assert_eq!(credit.outcome, Outcome::Failed);
        assert!(credit.amount.is_zero());
    }
    // A source that says both that it worked and that it did not is not believed.
    let mut value = row(WALLET, THEIR_WALLET, 1, &body);
    value["description"]["action"]["success"] = false.into();
    assert_eq!(one(&value, &ours()).outcome, Outcome::Unknown);
}

#[test]
fn pitfall_083_comment_and_address_form() {
    let body = comment("103556");
    let by_raw = one(&row(OURS, SENDER, 5, &body), &ours());
    let ours_raw: RawAddress = OURS.parse().unwrap();
    let sender: RawAddress = SENDER.parse().unwrap();
    for (account, source) in [
        (
            ours_raw.non_bounceable(),
            sender.address().text().to_owned(),
        ),
        (
            OURS.to_lowercase(),
            sender.non_bounceable().replace('-', "+").replace('_', "/"),
        ),
    ] {
        let credit = one(&row(&account, &source, 5, &body), &ours());
        assert_eq!(credit, by_raw);
        assert_eq!(credit.to.text(), ours_raw.address().text());
        assert_eq!(credit.memos[0].raw, b"103556");
    }
    // A checksum that does not match is nobody's address.
    let mut value = row(OURS, SENDER, 5, &body);
    value["in_msg"]["source"] = sender.non_bounceable().replacen('U', "V", 1).into();
    assert!(wire::transaction(&value).is_err());
    // Neither does a message to another account than the transaction's credit it.
    let mut value = row(OURS, SENDER, 5, &body);
    value["account"] = STRANGER.into();
    assert!(wire::transaction(&value).is_err());
}

#[test]
fn own_forward_payloads_in_every_form() {
    let arrival = || internal_transfer(9, 5, Some(SENDER));
    let encrypted = Cell::new().number(0x2167_da4b, 32).bytes(b"\x07");
    for (body, kind, raw) in [
        (
            arrival().number(1, 1).reference(comment("12")),
            MemoKind::Text,
            b"12".as_slice(),
        ),
        (
            arrival().number(0, 1).number(0, 32).bytes(b"12"),
            MemoKind::Text,
            b"12",
        ),
        (arrival().number(0, 1), MemoKind::Absent, b""),
        (
            arrival().number(1, 1).reference(Cell::new()),
            MemoKind::Absent,
            b"",
        ),
        (
            arrival().number(1, 1).reference(comment("")),
            MemoKind::Empty,
            b"",
        ),
        (
            arrival().number(1, 1).reference(encrypted),
            MemoKind::Encrypted,
            b"\x07",
        ),
        (
            arrival()
                .number(1, 1)
                .reference(Cell::new().bytes(b"\x01\x02\x03\x04\x05")),
            MemoKind::Bytes,
            b"\x01\x02\x03\x04\x05",
        ),
        // Text without its operation.
        (
            arrival()
                .number(1, 1)
                .reference(Cell::new().bytes(b"103556")),
            MemoKind::Bytes,
            b"103556",
        ),
        // Malformed: no bit, a reference without its bit, a promised reference that is not there.
        (arrival(), MemoKind::Absent, b""),
        (arrival().reference(comment("12")), MemoKind::Text, b"12"),
        (
            arrival().number(1, 1).bytes(b"\x09"),
            MemoKind::Bytes,
            b"\x09",
        ),
    ] {
        let credit = one(&row(WALLET, THEIR_WALLET, 5, &body), &ours());
        assert_eq!(
            (credit.memos[0].kind, credit.memos[0].raw.as_slice()),
            (kind, raw)
        );
        assert_eq!(credit.memos[0].place, "forward_payload");
        assert_eq!(credit.amount.to_base_units(), "5");
    }
}

#[test]
fn own_jettons_with_a_fee_on_the_way() {
    let body = internal_transfer(9, 500, Some(SENDER)).number(0, 1);
    let mut value = row(WALLET, THEIR_WALLET, 5, &body);
    let told = notification(9, 490, SENDER).number(0, 1);
    value["out_msgs"] = json!([{"source": WALLET, "destination": OURS, "value": "1", "bounced": false,
        "message_content": {"body": told.text()}}]);
    let credit = one(&value, &ours());
    assert_eq!(credit.amount.to_base_units(), "490");
    assert_eq!(credit.amount_stated.to_base_units(), "500");
    assert_eq!(
        credit.flags,
        [recover_core::observation::Flag::FeeOnTransfer]
    );
}

#[test]
fn own_jettons_of_ours_that_come_back() {
    // 0xffffffff, then the first 256 bits of what our wallet had sent.
    let body = Cell::new()
        .number(0xffff_ffff, 32)
        .number(0x178d_4519, 32)
        .number(9, 64)
        .coins(700);
    let mut value = row(WALLET, THEIR_WALLET, 5, &body);
    value["in_msg"]["bounced"] = true.into();
    let credit = one(&value, &ours());
    assert_eq!(credit.mechanism, Mechanism::Bounce);
    assert_eq!(credit.amount.to_base_units(), "700");
    assert_eq!(
        credit.to.text(),
        OURS.parse::<RawAddress>().unwrap().address().text()
    );
}

#[test]
fn own_mints_name_nobody() {
    let body = internal_transfer(9, 500, None).number(0, 1);
    let credit = one(&row(WALLET, MASTER, 5, &body), &ours());
    assert_eq!(credit.from, None);
    assert_eq!(credit.outcome, Outcome::Success);
}

#[test]
fn own_ton_sent_to_the_jetton_wallet_itself_is_told() {
    let credit = one(&row(WALLET, SENDER, 5, &comment("103556")), &ours());
    assert_eq!(
        credit.to.text(),
        WALLET.parse::<RawAddress>().unwrap().address().text()
    );
    assert_eq!(credit.asset.to_string(), "ton/native");
}

#[test]
fn own_an_nft_is_flagged() {
    let body = Cell::new()
        .number(0x0513_8d91, 32)
        .number(9, 64)
        .address(Some(SENDER))
        .number(1, 1)
        .reference(comment("103556"));
    let credits = read(&row(OURS, STRANGER, 5, &body), &ours());
    assert_eq!(credits.len(), 2);
    assert_eq!(credits[0].flags, [recover_core::observation::Flag::Nft]);
    assert_eq!(credits[0].amount.to_base_units(), "1");
    assert_eq!(credits[0].memos[0].raw, b"103556");
    assert_eq!(credits[1].mechanism, Mechanism::Carrier);
}

#[test]
fn own_toncenter_v2_without_its_bytes() {
    let value = json!({"ok": true, "result": [{
        "@type": "raw.transaction", "utime": 1_753_890_772, "data": "",
        "transaction_id": {"@type": "internal.transactionId", "lt": "60000000000003", "hash": hex::encode([7; 32])},
        "in_msg": {"@type": "raw.message", "source": SENDER, "destination": OURS, "value": "100",
            "message": "12", "msg_data": {"@type": "msg.dataText", "text": "MTI="}},
        "out_msgs": [],
    }]});
    let Ok(wire::Answer::Transactions(rows)) = wire::read_value(&value) else {
        panic!("no transactions");
    };
    let credits = fixture::credits(&rows, &ours());
    assert_eq!(credits[0].memos[0].raw, b"12");
    // Without the phases nobody knows whether it stayed.
    assert_eq!(credits[0].outcome, Outcome::Unknown);
}

/// A comment that a source does not give, or that nobody else can read, is not "no comment".
#[test]
fn own_a_comment_that_is_not_given_is_not_absent() {
    let encrypted = json!({"ok": true, "result": [{
        "@type": "raw.transaction", "utime": 1_753_890_772, "data": "",
        "transaction_id": {"@type": "internal.transactionId", "lt": "60000000000003", "hash": hex::encode([7; 32])},
        "in_msg": {"@type": "raw.message", "source": SENDER, "destination": OURS, "value": "100",
            "message": "", "msg_data": {"@type": "msg.dataEncryptedText", "text": "AAECAw=="}},
        "out_msgs": [],
    }]});
    let Ok(wire::Answer::Transactions(rows)) = wire::read_value(&encrypted) else {
        panic!("no transactions");
    };
    let credits = fixture::credits(&rows, &ours());
    assert_eq!(credits[0].memos[0].kind, MemoKind::Encrypted);

    let mut cut = row(OURS, SENDER, 5, &comment("1"));
    cut["in_msg"]["message_content"] = Value::Null;
    cut["in_msg"]["opcode"] = json!("0x2167da4b");
    assert_eq!(one(&cut, &ours()).memos[0].kind, MemoKind::Encrypted);
    cut["in_msg"]["opcode"] = json!("0x00000000");
    let error = wire::transaction(&cut).unwrap_err().to_string();
    assert!(error.contains("comment"), "{error}");
}

#[test]
fn own_impossible_amounts_are_refused() {
    for value in [
        json!("-1"),
        json!(-1),
        json!("1e3"),
        json!(1.5),
        json!(null),
        json!(""),
    ] {
        let mut made = row(OURS, SENDER, 5, &comment("1"));
        made["in_msg"]["value"] = value.clone();
        assert!(wire::transaction(&made).is_err(), "{value}");
    }
}

fn mutate(value: &mut Value, path: &[usize], with: &Value) {
    let Some((at, rest)) = path.split_first() else {
        *value = with.clone();
        return;
    };
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            let at = at % fields.len();
            if let Some((_, inner)) = fields.iter_mut().nth(at) {
                mutate(inner, rest, with);
            }
        }
        Value::Array(list) if !list.is_empty() => {
            let at = at % list.len();
            mutate(&mut list[at], rest, with);
        }
        _ => *value = with.clone(),
    }
}

proptest! {
    /// Whatever is changed in a row, it is read or refused, and never makes more than the message's value.
    #[test]
    fn changed_rows_never_panic(
        path in proptest::collection::vec(0_usize..40, 1..5),
        with in prop_oneof![
            Just(Value::Null), Just(json!(-1)), Just(json!("x")), Just(json!([])), Just(json!({})),
            Just(json!(true)), Just(json!("18446744073709551616")), "\\PC{0,12}".prop_map(Value::from),
        ],
        jetton: bool,
    ) {
        let mut value = if jetton {
            row(WALLET, THEIR_WALLET, 7, &internal_transfer(9, 7, Some(SENDER)).number(0, 1))
        } else {
            row(OURS, SENDER, 7, &comment("1"))
        };
        mutate(&mut value, &path, &with);
        if let Ok(read) = wire::transaction(&value) {
            for credit in decoder().credits(&read, &ours(), None) {
                prop_assert!(credit.amount <= credit.amount_stated);
            }
        }
        let _ = wire::read_value(&value);
        let _ = wire::read_value(&json!({"transactions": [value]}));
    }

    #[test]
    fn any_body_is_read(bytes: Vec<u8>, operation in prop_oneof![
        Just(0_u32), Just(0x178d_4519), Just(0x7362_d09c), Just(0x0f8a_7ea5), Just(0x0513_8d91), any::<u32>()
    ]) {
        let body = Cell::new().number(operation.into(), 32).bytes(bytes.get(..100).unwrap_or(&bytes));
        for account in [OURS, WALLET] {
            let read = wire::transaction(&row(account, SENDER, 7, &body)).unwrap();
            let _ = decoder().credits(&read, &ours(), None);
        }
    }
}
