//! Records of our own: the ways for money to arrive that no public recording shows, and records that lie.

use crate::fixture::{decoded_of, json, network};
use proptest::prelude::*;
use recover_chain_xrpl::address;
use recover_chain_xrpl::decode::{DecodeError, Decoded, Note, SOURCE_TAG, decode};
use recover_chain_xrpl::wire::records;
use recover_core::memo::{MemoKind, place};
use recover_core::observation::{Flag, Mechanism, Observation, Outcome};
use serde_json::{Value, json};

const US: &str = "rEb8TK3gBgk5auZkwc6sHnwrGVJH8DuaLh";
const THEM: &str = "rHWcuuZoFvDS6gNbmHSdpb7u1hZzxvCoMt";
const ISSUER: &str = "rvYAfWj5gh67oV6fW32ZzP3Aw4Eubs59B";
const OTHER_ISSUER: &str = "rhub8VRN55s94qWKDv6jmDy1pUykJzF3wq";

/// A record without a signature: its id is taken as stated.
fn record(fields: Value, result: &str, nodes: Value, delivered: Option<Value>) -> Value {
    let mut tx = fields;
    tx["Fee"] = json!("12");
    let mut meta =
        json!({"TransactionResult": result, "TransactionIndex": 1, "AffectedNodes": nodes});
    if let Some(delivered) = delivered {
        meta["delivered_amount"] = delivered;
    }
    json!({"tx_json": tx, "meta": meta, "hash": "AB".repeat(32), "ledger_index": 900,
        "ledger_hash": "CD".repeat(32), "close_time_iso": "2026-01-01T00:00:00Z", "validated": true})
}

fn read(record: &Value) -> Result<Decoded, DecodeError> {
    decoded_of(record).pop().unwrap()
}

fn root(account: &str, before: u64, after: u64) -> Value {
    json!({"ModifiedNode": {"LedgerEntryType": "AccountRoot",
        "FinalFields": {"Account": account, "Balance": after.to_string()},
        "PreviousFields": {"Balance": before.to_string()}}})
}

/// A trust line whose lower account is the one whose text is given first if `low`, before and after as that account sees it.
fn line(low: &str, high: &str, before: &str, after: &str) -> Value {
    let money = |value: &str| json!({"currency": "USD", "issuer": "rrrrrrrrrrrrrrrrrrrrBZbvji", "value": value});
    json!({"ModifiedNode": {"LedgerEntryType": "RippleState",
        "FinalFields": {"Balance": money(after),
            "LowLimit": {"currency": "USD", "issuer": low, "value": "0"},
            "HighLimit": {"currency": "USD", "issuer": high, "value": "1000"}},
        "PreviousFields": {"Balance": money(before)}}})
}

fn usd(issuer: &str, value: &str) -> Value {
    json!({"currency": "USD", "issuer": issuer, "value": value})
}

fn ours(decoded: &Decoded) -> Vec<&Observation> {
    let credits = decoded.credits.iter();
    credits.filter(|credit| credit.to.text() == US).collect()
}

fn tag_of(credit: &Observation, at: &str) -> Option<String> {
    let memo = credit.memos.iter().find(|memo| memo.place == at)?;
    (memo.kind == MemoKind::Tag).then(|| String::from_utf8(memo.raw.clone()).unwrap())
}

#[test]
fn a_cashed_check_names_its_sender_and_tag_in_the_entry_that_went() {
    let check = json!({"DeletedNode": {"LedgerEntryType": "Check", "FinalFields": {
        "Account": THEM, "Destination": US, "SendMax": "5000", "DestinationTag": 7, "SourceTag": 9}}});
    let nodes = json!([check, root(US, 1000, 5988), root(THEM, 9000, 4000)]);
    for delivered in [Some(json!("5000")), None] {
        let fields = json!({"TransactionType": "CheckCash", "Account": US, "DeliverMin": "1"});
        let decoded = read(&record(fields, "tesSUCCESS", nodes.clone(), delivered)).unwrap();
        let credits = ours(&decoded);
        assert_eq!(credits.len(), 1);
        let credit = credits[0];
        assert_eq!(credit.mechanism, Mechanism::Check);
        // The fee that we paid for cashing it is no loss of the deposit.
        assert_eq!(credit.amount.to_base_units(), "5000");
        assert_eq!(credit.from.as_ref().unwrap().text(), THEM);
        assert_eq!(tag_of(credit, place::DESTINATION_TAG).as_deref(), Some("7"));
        assert_eq!(tag_of(credit, SOURCE_TAG).as_deref(), Some("9"));
    }
}

#[test]
fn an_escrow_is_the_destinations_whoever_finishes_it() {
    let escrow = json!({"DeletedNode": {"LedgerEntryType": "Escrow", "FinalFields": {
        "Account": THEM, "Destination": US, "Amount": "5000", "DestinationTag": 0}}});
    let fields = json!({"TransactionType": "EscrowFinish", "Account": ISSUER, "Owner": THEM});
    let nodes = json!([escrow, root(US, 1000, 6000), root(ISSUER, 500, 488)]);
    let decoded = read(&record(fields.clone(), "tesSUCCESS", nodes, None)).unwrap();
    let credits = ours(&decoded);
    assert_eq!(credits.len(), 1);
    assert_eq!(credits[0].mechanism, Mechanism::Escrow);
    assert_eq!(credits[0].amount.to_base_units(), "5000");
    assert_eq!(
        tag_of(credits[0], place::DESTINATION_TAG).as_deref(),
        Some("0")
    );
    // The balance does not show it: one of the two is wrong.
    let nodes = json!([escrow, root(US, 1000, 1001)]);
    assert!(matches!(
        read(&record(fields.clone(), "tesSUCCESS", nodes, None)),
        Err(DecodeError::Contradiction { .. })
    ));
    // An escrow of an issued currency arrives with the issuer's fee taken.
    let escrow = json!({"DeletedNode": {"LedgerEntryType": "Escrow", "FinalFields": {
        "Account": THEM, "Destination": US, "Amount": usd(ISSUER, "100")}}});
    let nodes = json!([escrow, line(ISSUER, US, "-10", "-109")]);
    let decoded = read(&record(fields, "tesSUCCESS", nodes, None)).unwrap();
    let credits = ours(&decoded);
    assert_eq!(credits.len(), 1);
    assert_eq!(credits[0].amount.to_coin_text(30), "99");
    assert_eq!(credits[0].amount_stated.to_coin_text(30), "100");
}

#[test]
fn a_closed_account_leaves_its_rest_with_its_tag() {
    let nodes = json!([root(US, 1000, 6000), {"DeletedNode": {"LedgerEntryType": "AccountRoot",
        "FinalFields": {"Account": THEM, "Balance": "0"}, "PreviousFields": {"Balance": "5012"}}}]);
    let fields = json!({"TransactionType": "AccountDelete", "Account": THEM, "Destination": US, "DestinationTag": 12});
    for delivered in [Some(json!("5000")), None] {
        let decoded = read(&record(
            fields.clone(),
            "tesSUCCESS",
            nodes.clone(),
            delivered,
        ))
        .unwrap();
        let credits = ours(&decoded);
        assert_eq!(credits.len(), 1);
        assert_eq!(credits[0].mechanism, Mechanism::AccountMerge);
        assert_eq!(credits[0].amount.to_base_units(), "5000");
        assert_eq!(
            tag_of(credits[0], place::DESTINATION_TAG).as_deref(),
            Some("12")
        );
    }
}

#[test]
fn a_clawback_takes_and_credits_nobody() {
    let fields = json!({"TransactionType": "Clawback", "Account": ISSUER, "Amount": usd(US, "10")});
    let nodes = json!([line(ISSUER, US, "-100", "-90"), root(ISSUER, 500, 488)]);
    let decoded = read(&record(fields, "tesSUCCESS", nodes, None)).unwrap();
    assert_eq!(decoded.credits, []);
}

#[test]
fn the_sign_of_a_trust_line_is_the_lower_accounts() {
    // We are the higher account: our balance is the negative of what the entry says.
    for (low, high, before, after) in [(ISSUER, US, "-1", "-4"), (US, ISSUER, "1", "4")] {
        let fields = json!({"TransactionType": "AMMWithdraw", "Account": US});
        let nodes = json!([line(low, high, before, after)]);
        let decoded = read(&record(fields, "tesSUCCESS", nodes, None)).unwrap();
        assert_eq!(decoded.credits.len(), 1, "{low}");
        let credit = &decoded.credits[0];
        assert_eq!(credit.to.text(), US);
        assert_eq!(credit.amount.to_coin_text(30), "3");
        assert_eq!(credit.mechanism, Mechanism::BalanceChange);
        assert_eq!(
            credit.asset.contract_text(),
            Some(&*format!("USD.{ISSUER}"))
        );
    }
}

#[test]
fn any_issuer_means_the_issuers_whose_lines_grew() {
    let fields = json!({"TransactionType": "Payment", "Account": THEM, "Destination": US,
        "Amount": usd(US, "5"), "SendMax": usd(ISSUER, "6")});
    let nodes = json!([
        line(ISSUER, US, "-1", "-4"),
        line(OTHER_ISSUER, US, "0", "-2")
    ]);
    let decoded = read(&record(
        fields.clone(),
        "tesSUCCESS",
        nodes,
        Some(usd(US, "5")),
    ))
    .unwrap();
    let found: Vec<_> = ours(&decoded)
        .iter()
        .map(|credit| {
            (
                credit.asset.contract_text().unwrap().to_owned(),
                credit.amount.to_coin_text(30),
            )
        })
        .collect();
    assert_eq!(found.len(), 2);
    assert!(found.contains(&(format!("USD.{ISSUER}"), "3".to_owned())));
    assert!(found.contains(&(format!("USD.{OTHER_ISSUER}"), "2".to_owned())));
    // One line grew, and its large balance swallowed the last digits of what was delivered.
    let precise = record(
        json!({"TransactionType": "Payment", "Account": THEM, "Destination": US,
            "Amount": usd(US, "0.0630723917605")}),
        "tesSUCCESS",
        json!([line(ISSUER, US, "-1000", "-1000.06307239176")]),
        Some(usd(US, "0.0630723917605")),
    );
    let decoded = read(&precise).unwrap();
    let credits = ours(&decoded);
    assert_eq!(credits.len(), 1);
    assert_eq!(credits[0].amount.to_coin_text(30), "0.0630723917605");
    assert_eq!(credits[0].amount, credits[0].amount_stated);
    assert_eq!(credits[0].flags, []);
    // What pays a debt of ours is no rounding: the holding grew by less.
    let netted = record(
        fields.clone(),
        "tesSUCCESS",
        json!([
            line(ISSUER, US, "0", "-3"),
            line(US, OTHER_ISSUER, "-2", "0")
        ]),
        Some(usd(US, "5")),
    );
    let decoded = read(&netted).unwrap();
    assert_eq!(ours(&decoded)[0].amount.to_coin_text(30), "3");
    // We issue it ourselves: it came home.
    let nodes = json!([line(US, THEM, "-9", "-4")]);
    let decoded = read(&record(fields, "tesSUCCESS", nodes, Some(usd(US, "5")))).unwrap();
    let credits = ours(&decoded);
    assert_eq!(credits.len(), 1);
    assert_eq!(
        credits[0].asset.contract_text(),
        Some(&*format!("USD.{US}"))
    );
    assert_eq!(credits[0].amount.to_coin_text(30), "5");
}

#[test]
fn a_multi_purpose_token_arrives_by_payment_and_by_balance() {
    let id = "0044E49BC9FB70ADC1A604A5792643A38CA5887219C21C8C";
    let amount = json!({"mpt_issuance_id": id, "value": "25"});
    let fields =
        json!({"TransactionType": "Payment", "Account": THEM, "Destination": US, "Amount": amount});
    let decoded = read(&record(fields, "tesSUCCESS", json!([]), Some(amount))).unwrap();
    assert_eq!(
        decoded.credits[0].asset.contract_text(),
        Some(&*format!("mpt:{id}"))
    );
    assert_eq!(decoded.credits[0].amount.to_base_units(), "25");
    // A balance that was nothing is left out of what it was before.
    for (before, gained) in [(json!({}), 25), (json!({"MPTAmount": "20"}), 5)] {
        let nodes = json!([{"ModifiedNode": {"LedgerEntryType": "MPToken", "PreviousFields": before,
            "FinalFields": {"Account": US, "MPTokenIssuanceID": id, "MPTAmount": "25"}}}]);
        let fields = json!({"TransactionType": "SomethingNew", "Account": THEM});
        let decoded = read(&record(fields, "tesSUCCESS", nodes, None)).unwrap();
        assert_eq!(
            decoded.credits[0].amount.to_base_units(),
            gained.to_string()
        );
    }
}

#[test]
fn a_kind_of_transaction_that_nobody_knew_is_read_by_its_balances() {
    let fields = json!({"TransactionType": "Remit2030", "Account": THEM, "Destination": US,
        "DestinationTag": 5, "NewField": {"deep": [1, 2.5]}});
    let nodes = json!([root(US, 1000, 1500), root(THEM, 9000, 8488)]);
    let decoded = read(&record(fields, "tesSUCCESS", nodes, None)).unwrap();
    let credits = ours(&decoded);
    assert_eq!(credits.len(), 1);
    assert_eq!(credits[0].amount.to_base_units(), "500");
    assert_eq!(credits[0].from.as_ref().unwrap().text(), THEM);
    assert_eq!(
        tag_of(credits[0], place::DESTINATION_TAG).as_deref(),
        Some("5")
    );
}

#[test]
fn a_transaction_of_another_network_is_refused() {
    let fields = json!({"TransactionType": "Payment", "NetworkID": 21337, "Account": THEM, "Destination": US, "Amount": "5"});
    assert_eq!(
        read(&record(fields, "tesSUCCESS", json!([]), Some(json!("5")))).unwrap_err(),
        DecodeError::OtherNetwork { found: 21337 }
    );
}

fn payment(amount: Value, flags: u32) -> Value {
    json!({"TransactionType": "Payment", "Account": THEM, "Destination": US, "Amount": amount, "Flags": flags})
}

#[test]
fn an_unknown_delivery_falls_back_to_what_is_certain() {
    let partial = 0x0002_0000;
    let unavailable = Some(json!("unavailable"));
    // The flag is not set: the amount is exact.
    let plain = record(
        payment(usd(ISSUER, "10"), 0),
        "tesSUCCESS",
        json!([]),
        unavailable.clone(),
    );
    assert_eq!(
        read(&plain).unwrap().credits[0].amount.to_coin_text(30),
        "10"
    );
    // It is set: the balances tell.
    let nodes = json!([line(ISSUER, US, "-1", "-4")]);
    let told = record(
        payment(usd(ISSUER, "10"), partial),
        "tesSUCCESS",
        nodes,
        unavailable.clone(),
    );
    let credit = read(&told).unwrap().credits.remove(0);
    assert_eq!(credit.amount.to_coin_text(30), "3");
    assert_eq!(credit.flags, [Flag::PartialDelivery]);
    // And where they do not: unknown, for a person, and never the cap.
    let silent = record(
        payment(usd(ISSUER, "10"), partial),
        "tesSUCCESS",
        json!([]),
        unavailable,
    );
    let decoded = read(&silent).unwrap();
    assert_eq!(decoded.credits, []);
    let open = decoded.notes.iter().find_map(Note::leaves_open).unwrap();
    assert_eq!(open.text(), US);
}

#[test]
fn metadata_that_contradicts_the_signed_fields_is_refused() {
    let nodes = |gain: u64| json!([root(US, 1000, 1000 + gain)]);
    let cases = [
        // More delivered than the balance grew by.
        record(
            payment(json!("500"), 0),
            "tesSUCCESS",
            nodes(5),
            Some(json!("500")),
        ),
        // Not partial, and less delivered than sent.
        record(
            payment(json!("500"), 0),
            "tesSUCCESS",
            nodes(5),
            Some(json!("5")),
        ),
        // Another currency.
        record(
            payment(json!("500"), 0),
            "tesSUCCESS",
            json!([]),
            Some(usd(ISSUER, "500")),
        ),
        // More than was sent.
        record(
            payment(json!("500"), 0x0002_0000),
            "tesSUCCESS",
            nodes(600),
            Some(json!("600")),
        ),
    ];
    for case in cases {
        assert!(
            matches!(read(&case), Err(DecodeError::Contradiction { .. })),
            "{case}"
        );
    }
}

#[test]
fn an_excerpt_without_the_recipient_credits_what_was_signed() {
    let fields = payment(json!("500"), 0);
    let nodes = json!([root(THEM, 1000, 488)]);
    let told = Some(json!("500"));
    let decoded = read(&record(fields, "tesSUCCESS", nodes, told)).unwrap();
    let credits = ours(&decoded);
    assert_eq!(credits.len(), 1);
    assert_eq!(credits[0].amount.to_base_units(), "500");
    assert_eq!(credits[0].amount_stated, credits[0].amount);
}

#[test]
fn a_token_that_goes_back_to_its_issuer_grows_no_balance() {
    let issuer = address::account(US).unwrap();
    let id = format!("0044E49B{}", hex::encode_upper(issuer));
    let tokens = json!({"mpt_issuance_id": id, "value": "7"});
    for amount in [tokens, usd(US, "7")] {
        let told = Some(amount.clone());
        let decoded = read(&record(payment(amount, 0), "tesSUCCESS", json!([]), told)).unwrap();
        assert_eq!(ours(&decoded)[0].flags, [Flag::BalanceUnchanged]);
    }
    let told = Some(usd(ISSUER, "7"));
    let held = record(payment(usd(ISSUER, "7"), 0), "tesSUCCESS", json!([]), told);
    assert_eq!(ours(&read(&held).unwrap())[0].flags, []);
}

#[test]
fn pitfall_071_amounts_are_compared_whole_with_their_issuer() {
    let sent = record(
        payment(usd(ISSUER, "10"), 0),
        "tesSUCCESS",
        json!([]),
        Some(usd(ISSUER, "10")),
    );
    let other = record(
        payment(usd(OTHER_ISSUER, "10"), 0),
        "tesSUCCESS",
        json!([]),
        Some(usd(OTHER_ISSUER, "10")),
    );
    let asset = |record: &Value| read(record).unwrap().credits[0].asset.clone();
    assert_ne!(asset(&sent), asset(&other));
    // 40 digits that spell XRP are a stranger's currency.
    let spelled = json!({"currency": "0000000000000000000000005852500000000000", "issuer": ISSUER, "value": "10"});
    let fake = record(
        payment(spelled.clone(), 0),
        "tesSUCCESS",
        json!([]),
        Some(spelled),
    );
    assert_ne!(
        asset(&fake),
        recover_core::asset::AssetId::native(network())
    );
}

#[test]
fn results_that_no_ledger_holds_are_no_evidence() {
    for result in [
        "temBAD_AMOUNT",
        "tefPAST_SEQ",
        "telINSUF_FEE_P",
        "terQUEUED",
        "x",
    ] {
        let case = record(payment(json!("5"), 0), result, json!([]), Some(json!("5")));
        assert!(matches!(read(&case), Err(DecodeError::NotExecuted { .. })));
    }
    let mut without = record(payment(json!("5"), 0), "tesSUCCESS", json!([]), None);
    without["meta"]
        .as_object_mut()
        .unwrap()
        .remove("TransactionResult");
    assert_eq!(read(&without).unwrap_err(), DecodeError::NoMetadata);
}

#[test]
fn pitfall_067_a_tag_has_32_bits_or_the_record_is_refused() {
    let with = |tag: Value| {
        let mut fields = payment(json!("5"), 0);
        fields["DestinationTag"] = tag;
        read(&record(fields, "tesSUCCESS", json!([]), Some(json!("5"))))
    };
    for (tag, expected) in [
        (json!(0), "0"),
        (json!(4_294_967_295_u32), "4294967295"),
        (json!("77"), "77"),
    ] {
        let decoded = with(tag).unwrap();
        assert_eq!(
            tag_of(&decoded.credits[0], place::DESTINATION_TAG).as_deref(),
            Some(expected)
        );
    }
    let none = with(Value::Null).unwrap();
    assert_eq!(none.credits[0].memos[0].kind, MemoKind::Absent);
    for tag in [
        json!(4_294_967_296_u64),
        json!(-1),
        json!(1.5),
        json!("x"),
        json!(""),
    ] {
        assert_eq!(
            with(tag.clone()).unwrap_err(),
            DecodeError::BadField {
                field: "DestinationTag"
            },
            "{tag}"
        );
    }
}

#[test]
fn text_in_memos_is_kept_byte_for_byte() {
    let mut fields = payment(json!("5"), 0);
    fields["Memos"] = json!([
        {"Memo": {"MemoData": hex::encode("１２３"), "MemoType": hex::encode("text")}},
        {"Memo": {"MemoData": "ff00"}},
        {"Memo": {"MemoData": ""}},
        {"Memo": {}},
        "odd",
    ]);
    fields["InvoiceID"] = json!("AB".repeat(32));
    let decoded = read(&record(fields, "tesSUCCESS", json!([]), Some(json!("5")))).unwrap();
    let memos: Vec<_> = decoded.credits[0]
        .memos
        .iter()
        .map(|memo| (memo.place.as_str(), memo.kind, memo.raw.len()))
        .collect();
    assert_eq!(
        memos,
        [
            ("destination_tag", MemoKind::Absent, 0),
            ("invoice_id", MemoKind::Hash, 32),
            ("memos[0].data", MemoKind::Text, 9),
            ("memos[0].type", MemoKind::Text, 4),
            ("memos[1].data", MemoKind::Bytes, 2),
            ("memos[2].data", MemoKind::Empty, 0),
        ]
    );
}

#[test]
fn more_than_can_be_counted_is_left_open_and_stops_nothing() {
    let huge = usd(ISSUER, "9999999999999999e80");
    let case = record(
        payment(huge.clone(), 0),
        "tesSUCCESS",
        json!([]),
        Some(huge),
    );
    let decoded = read(&case).unwrap();
    assert_eq!(decoded.credits, []);
    assert_eq!(
        decoded
            .notes
            .iter()
            .find_map(Note::leaves_open)
            .unwrap()
            .text(),
        US
    );
    // Digits finer than a unit are rounded down and said so.
    let fine = usd(ISSUER, "1234567890123456e-40");
    let case = record(
        payment(fine.clone(), 0),
        "tesSUCCESS",
        json!([]),
        Some(fine),
    );
    let credit = read(&case).unwrap().credits.remove(0);
    assert_eq!(credit.amount.to_base_units(), "123456");
    assert_eq!(credit.flags, [Flag::OddShape]);
}

#[test]
fn a_failed_payment_in_a_ledger_not_validated_is_neither() {
    let mut case = record(payment(json!("5"), 0), "tecPATH_DRY", json!([]), None);
    assert_eq!(read(&case).unwrap().outcome, Outcome::Failed);
    case["validated"] = json!(false);
    let decoded = read(&case).unwrap();
    assert_eq!(decoded.outcome, Outcome::Unknown);
    assert!(
        decoded
            .credits
            .iter()
            .all(|credit| credit.outcome == Outcome::Unknown && credit.block.is_none())
    );
}

/// Replaces, removes or doubles one value somewhere inside.
fn mutate(value: &mut Value, steps: &[usize], change: &Value) {
    let Some((step, rest)) = steps.split_first() else {
        *value = change.clone();
        return;
    };
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            let name = fields.keys().nth(step % fields.len()).unwrap().clone();
            mutate(&mut fields[&name], rest, change);
        }
        Value::Array(items) if !items.is_empty() => {
            let index = step % items.len();
            mutate(&mut items[index], rest, change);
        }
        other => *other = change.clone(),
    }
}

fn odd_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        "\\PC{0,40}".prop_map(Value::from),
        "[0-9A-F]{0,64}".prop_map(Value::from),
        "-?[0-9]{1,30}(e-?[0-9]{1,4})?".prop_map(Value::from),
        Just(json!([])),
        Just(json!({})),
        Just(json!([{"Memo": {"MemoData": "00"}}])),
        Just(json!({"currency": "USD", "issuer": US, "value": "1"})),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_mutated_record_makes_it_panic(
        file in 0_usize..6,
        changes in prop::collection::vec((prop::collection::vec(0_usize..40, 1..9), odd_value()), 1..4),
    ) {
        let names = [
            "tx_PaymentWithPartial", "tx_PaymentChannelClaimClosed", "tx_batch_outer",
            "account_tx_3", "tx_AMMWithdraw_all", "tx_offer_partially_filled",
        ];
        let mut answer = json(names[file]);
        for (steps, change) in &changes {
            mutate(&mut answer, steps, change);
        }
        if let Ok(found) = records(&answer) {
            for record in found {
                if let Ok(decoded) = decode(&record, &network()) {
                    for credit in &decoded.credits {
                        prop_assert!(!credit.amount.is_zero());
                        prop_assert!(credit.amount <= credit.amount_stated);
                        prop_assert!(address::bytes(&credit.to).is_some());
                    }
                }
            }
        }
    }
}
