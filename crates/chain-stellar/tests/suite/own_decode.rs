//! Shapes that no recording has, made by hand from a real neighbour, and records that were damaged.

use crate::fixture::{decoder, folder, line};
use crate::world::{account, issuer, ours};
use proptest::prelude::*;
use recover_chain_stellar::address;
use recover_chain_stellar::decode::{Beside, Credit, DecodeError, Toid, amount};
use recover_chain_stellar::wire;
use recover_core::amount::Amount;
use recover_core::block::Height;
use recover_core::memo::{Memo, MemoKind, place};
use recover_core::observation::{Flag, Outcome};
use serde_json::{Value, json};
use std::sync::LazyLock;

fn operation(row: &Value) -> wire::Operation {
    serde_json::from_str(&row.to_string()).unwrap()
}

fn transaction(row: &Value) -> wire::Transaction {
    serde_json::from_str(&row.to_string()).unwrap()
}

fn payment(more: Value) -> wire::Operation {
    let mut row = json!({
        "id": "429496733697", "type": "payment", "type_i": 1, "asset_type": "native", "from": account(2).text(),
        "to": ours().text(), "amount": "1.0000000", "transaction_hash": "ab".repeat(32),
        "created_at": "2020-01-01T00:00:00Z", "transaction_successful": true,
    });
    for (key, value) in more.as_object().unwrap() {
        row[key] = value.clone();
    }
    operation(&row)
}

fn credits(operation: &wire::Operation) -> Result<Vec<Credit>, DecodeError> {
    decoder().credits(operation, None, Beside::default())
}

fn memo_of(more: Value) -> Result<Option<Memo>, DecodeError> {
    let mut row = json!({"hash": "ab".repeat(32)});
    for (key, value) in more.as_object().unwrap() {
        row[key] = value.clone();
    }
    decoder()
        .transaction(&transaction(&row))
        .map(|facts| facts.memo)
}

#[test]
fn pitfall_075_own_memo_types_and_their_edges() {
    let kind = |more| memo_of(more).unwrap().map(|memo| (memo.kind, memo.raw));
    let text = |text: &str| Some((MemoKind::Text, text.as_bytes().to_vec()));
    let id = |text: &str| Some((MemoKind::Id, text.as_bytes().to_vec()));
    for (more, expected) in [
        (
            json!({"memo_type": "none"}),
            Some((MemoKind::Absent, vec![])),
        ),
        (
            json!({"memo_type": "text", "memo": ""}),
            Some((MemoKind::Empty, vec![])),
        ),
        (
            json!({"memo_type": "text"}),
            Some((MemoKind::Empty, vec![])),
        ),
        (json!({"memo_type": "text", "memo": "0"}), text("0")),
        (json!({"memo_type": "text", "memo": " 123"}), text(" 123")),
        (json!({"memo_type": "text", "memo": 123}), text("123")),
        (
            json!({"memo_type": "text", "memo": "１２３"}),
            text("１２３"),
        ),
        (
            json!({"memo_type": "text", "memo": "\u{fffd}", "memo_bytes": "/w=="}),
            Some((MemoKind::Text, vec![0xff])),
        ),
        (json!({"memo_type": "id", "memo": "0"}), id("0")),
        (
            json!({"memo_type": "id", "memo": "18446744073709551615"}),
            id("18446744073709551615"),
        ),
        (
            json!({"memo_type": "id", "memo": 9007199254740993_u64}),
            id("9007199254740993"),
        ),
        (json!({"memo_type": "MemoTypeMemoId", "memo": "5"}), id("5")),
        (json!({}), None),
    ] {
        assert_eq!(kind(more.clone()), expected, "{more}");
    }
    let raw = "8l5BBDu28EujbUFtWIWrkxAKBp0/H1XAV1vcg/njov8=";
    let hash = kind(json!({"memo_type": "hash", "memo": raw})).unwrap();
    let back = kind(json!({"memo_type": "return", "memo": raw})).unwrap();
    assert_eq!((hash.0, back.0), (MemoKind::Hash, MemoKind::Return));
    assert_eq!((hash.1.len(), &hash.1), (32, &back.1));
    let hex = "f25e41043bb6f04ba36d416d5885ab93100a069d3f1f55c0575bdc83f9e3a2ff";
    assert_eq!(
        kind(json!({"memo_type": "hash", "memo": hex})).unwrap(),
        hash
    );
    for more in [
        json!({"memo_type": "id", "memo": "18446744073709551616"}),
        json!({"memo_type": "id", "memo": "-1"}),
        json!({"memo_type": "id", "memo": ""}),
        json!({"memo_type": "id"}),
        json!({"memo_type": "hash", "memo": "AAAA"}),
        json!({"memo_type": "text", "memo": "x", "memo_bytes": "%"}),
        json!({"memo_type": "novel", "memo": "x"}),
    ] {
        assert!(memo_of(more.clone()).is_err(), "{more}");
    }
}

#[test]
fn pitfall_076_own_muxed_recipients_keep_their_id() {
    let [ours_key, other_key] = [[1; 32], [3; 32]];
    let muxed = address::muxed_text(ours_key, u64::MAX);
    let max = u64::MAX.to_string();
    for more in [
        json!({"to_muxed": muxed, "to_muxed_id": max}),
        json!({"to_muxed": muxed}),
        json!({"to_muxed_id": max}),
        json!({"to_muxed_id": u64::MAX}),
        json!({"to": muxed}),
    ] {
        let found = credits(&payment(more.clone())).unwrap();
        assert_eq!(found[0].to, ours(), "{more}");
        assert_eq!(
            found[0].muxed,
            Some(Memo::id(u64::MAX, place::MUXED_ID)),
            "{more}"
        );
    }
    for more in [
        json!({"to_muxed": muxed, "to_muxed_id": "7"}),
        json!({"to_muxed": address::muxed_text(other_key, 7)}),
        json!({"to_muxed_id": "seven"}),
    ] {
        assert!(credits(&payment(more.clone())).is_err(), "{more}");
    }
    // Memo and id stand side by side: nobody chooses here.
    let facts = decoder()
        .transaction(&transaction(
            &json!({"hash": "ab".repeat(32), "memo_type": "id", "memo": "5", "successful": true}),
        ))
        .unwrap();
    let seen = decoder()
        .observe(
            &payment(json!({"to_muxed_id": "7"})),
            &facts,
            Beside::default(),
        )
        .unwrap();
    assert_eq!(
        seen[0].memos,
        [Memo::id(5, place::MEMO), Memo::id(7, place::MUXED_ID)]
    );
}

#[test]
fn own_an_unknown_outcome_and_an_unknown_memo_stay_unknown() {
    let old = payment(json!({"transaction_successful": null}));
    let known = |more: Value| {
        let mut row = json!({"hash": "ab".repeat(32), "memo_type": "none"});
        for (key, value) in more.as_object().unwrap() {
            row[key] = value.clone();
        }
        decoder().transaction(&transaction(&row)).unwrap()
    };
    for (more, expected) in [
        (json!({}), Outcome::Unknown),
        (json!({"successful": true}), Outcome::Success),
        (json!({"successful": "false"}), Outcome::Failed),
    ] {
        let seen = decoder()
            .observe(&old, &known(more), Beside::default())
            .unwrap();
        assert_eq!(seen[0].outcome, expected);
    }
    let mut silent = known(json!({"successful": true}));
    silent.memo = None;
    let error = decoder()
        .observe(&old, &silent, Beside::default())
        .unwrap_err();
    assert!(matches!(error, DecodeError::Missing { .. }), "{error}");
}

#[test]
fn own_nothing_and_less_are_no_credits() {
    for stated in ["0.0000000", "0", "-1.0000000"] {
        assert_eq!(
            credits(&payment(json!({"amount": stated}))).unwrap(),
            [],
            "{stated}"
        );
    }
    for stated in ["", "1e3", "NaN", "1.00000001", "--1", "1,5"] {
        assert!(
            credits(&payment(json!({"amount": stated}))).is_err(),
            "{stated}"
        );
    }
    assert_eq!(
        amount("922337203685.4775807").unwrap(),
        Some(Amount::from_u128(i64::MAX.unsigned_abs().into()))
    );
    assert_eq!(amount("100.0"), amount("100.0000000"));
    let number = payment(json!({"amount": 12.5}));
    assert_eq!(
        credits(&number).unwrap()[0].amount,
        Amount::from_u128(125_000_000)
    );
}

#[test]
fn own_assets_are_code_and_issuer() {
    let issued = |code: &str| {
        payment(
            json!({"asset_type": "credit_alphanum4", "asset_code": code, "asset_issuer": issuer().text()}),
        )
    };
    let found = credits(&issued("XLM")).unwrap();
    assert_eq!(
        found[0].asset.contract_text(),
        Some(format!("XLM.{}", issuer().text()).as_str())
    );
    let joined = payment(json!({"asset_type": null, "asset": format!("USDC:{}", issuer().text())}));
    assert!(
        credits(&joined).unwrap()[0]
            .asset
            .contract_text()
            .unwrap()
            .starts_with("USDC.G")
    );
    for bad in [
        json!({"asset_type": "liquidity_pool_shares"}),
        json!({"asset_type": "credit_alphanum4", "asset_code": "USDC"}),
        json!({"asset_type": "credit_alphanum4", "asset_code": "", "asset_issuer": issuer().text()}),
        json!({"asset_type": null}),
    ] {
        assert!(credits(&payment(bad.clone())).is_err(), "{bad}");
    }
    // Paid to its issuer an asset is burned.
    let burned = payment(
        json!({"asset_type": "credit_alphanum4", "asset_code": "USDC", "asset_issuer": ours().text()}),
    );
    assert_eq!(credits(&burned).unwrap()[0].flags, [Flag::BalanceUnchanged]);
}

#[test]
fn own_other_operations() {
    let with = |kind: &str, more: Value| {
        let mut row = json!({"id": "429496733697", "type": kind, "source_account": ours().text()});
        for (key, value) in more.as_object().unwrap() {
            row[key] = value.clone();
        }
        operation(&row)
    };
    let effect = |number: u64, kind: &str, amount: &str| -> wire::Effect {
        let row = json!({"paging_token": format!("429496733697-{number}"), "type": kind, "account": ours().text(),
            "asset_type": "native", "amount": amount});
        serde_json::from_str(&row.to_string()).unwrap()
    };
    let effects = [
        effect(1, "account_credited", "3.0"),
        effect(2, "trade", "1.0"),
        effect(4, "account_credited", "5.0"),
        effect(4, "account_credited", "5.0"),
    ];
    let beside = Beside {
        effects: Some(&effects),
        balances: &[],
    };
    let lines = |operation: &wire::Operation| -> Vec<String> {
        decoder()
            .credits(operation, None, beside)
            .unwrap()
            .iter()
            .map(line)
            .collect()
    };
    assert_eq!(
        lines(&with(
            "clawback",
            json!({"from": ours().text(), "amount": "1.0"})
        )),
        Vec::<String>::new()
    );
    assert_eq!(
        lines(&with("inflation", json!({}))),
        [
            "op:1.1 - > GAAQ..DZ7H 30000000 XLM reward",
            "op:1.4 - > GAAQ..DZ7H 50000000 XLM reward"
        ]
    );
    assert_eq!(lines(&with("invoke_host_function", json!({}))).len(), 2);
    // A type of the future is told by its effects.
    assert_eq!(
        lines(&with("teleport", json!({})))[0],
        "op:1.1 - > GAAQ..DZ7H 30000000 XLM balance_change"
    );
    assert!(credits(&with("teleport", json!({}))).is_err());
    let old = with(
        "path_payment",
        json!({"from": account(2).text(), "to": ours().text(), "asset_type": "native",
        "amount": "2.0", "source_amount": "9.0"}),
    );
    assert_eq!(
        credits(&old).unwrap()[0].amount,
        Amount::from_u128(20_000_000)
    );
    let by_number = operation(
        &json!({"id": "429496733697", "type_i": 0, "account": ours().text(), "funder": account(2).text(),
        "starting_balance": "4.0"}),
    );
    assert_eq!(
        line(&credits(&by_number).unwrap()[0]),
        "op:1 GABA..EJXA > GAAQ..DZ7H 40000000 XLM top_level"
    );
    // A failed path payment says from below what it would have given.
    let failed = with(
        "path_payment_strict_send",
        json!({"transaction_successful": false, "from": account(2).text(),
        "to": ours().text(), "asset_type": "native", "amount": "0.0000000", "destination_min": "2.0"}),
    );
    assert_eq!(
        credits(&failed).unwrap()[0].amount,
        Amount::from_u128(20_000_000)
    );
    // Balances to be claimed and pools have addresses since protocol 23.
    let balance = "BAAD6DBUX6J22DMZOHIEZTEQ64CVCHEDRKWZONFEUL5Q26QD7R76RGR4TU";
    let call = with(
        "invoke_host_function",
        json!({"asset_balance_changes": [
        {"asset_type": "native", "type": "transfer", "from": ours().text(), "to": balance, "amount": "1.0"},
        {"asset_type": "native", "type": "transfer", "from": balance, "to": ours().text(), "amount": "1.0",
         "destination_muxed_id": "invoice 7"},
        {"asset_type": "native", "type": "mint", "to": address::contract([9; 32]).text(), "amount": "1.0"}]}),
    );
    let found: Vec<String> = credits(&call).unwrap().iter().map(line).collect();
    assert_eq!(
        found[0],
        "op:1.2 - > GAAQ..DZ7H muxed_id text \"invoice 7\" 10000000 XLM internal_call"
    );
    assert!(found[1].starts_with("op:1.3 - > CAEQ"), "{}", found[1]);
}

#[test]
fn own_operation_numbers_come_apart() {
    let id = Toid::parse("225257527003537409").unwrap();
    assert_eq!((id.ledger(), id.operation()), (Height(52_446_855), 1));
    assert_eq!(Toid::parse("9223372036854775808"), None);
    for text in ["", "-1", "1.0", "1e3", " 1"] {
        assert_eq!(Toid::parse(text), None, "{text}");
    }
    assert!(Toid::of_ledger(Height(u64::MAX)) > Toid::of_ledger(Height(60_000_000)));
}

/// Every JSON value of the recorded operations, effects and transactions, to be damaged.
static RECORDED: LazyLock<Vec<Value>> = LazyLock::new(recorded);

fn recorded() -> Vec<Value> {
    let mut records = Vec::new();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.metadata().unwrap().len() > 20_000
            || path.extension().is_none_or(|extension| extension != "json")
        {
            continue;
        }
        let value: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        match value
            .pointer("/_embedded/records")
            .and_then(Value::as_array)
        {
            Some(rows) => records.extend(rows.iter().cloned()),
            None => records.push(value),
        }
    }
    records
}

fn damage(value: &mut Value, at: usize, with: &Value) {
    if let Some(fields) = value.as_object_mut()
        && !fields.is_empty()
    {
        let index = at % fields.len();
        let key = fields.keys().nth(index).unwrap().clone();
        fields.insert(key, with.clone());
    }
}

proptest! {
    #[test]
    fn own_damaged_records_are_judged(
        pick: prop::sample::Index,
        damages in prop::collection::vec((any::<usize>(), prop_oneof![
            Just(json!(null)), Just(json!("")), Just(json!("-1")), Just(json!(1.5)), Just(json!({})), Just(json!([])),
            Just(json!("99999999999999999999999999999999")), Just(json!("AAAA")), any::<String>().prop_map(|text| json!(text)),
        ]), 0..4),
    ) {
        let records = &*RECORDED;
        let mut value = records[pick.index(records.len())].clone();
        for (at, with) in &damages {
            damage(&mut value, *at, with);
        }
        let text = value.to_string();
        let _ = wire::body(text.as_bytes());
        let facts = serde_json::from_str::<wire::Transaction>(&text).ok().map(|record| decoder().transaction(&record));
        let effects: Vec<wire::Effect> = serde_json::from_str(&text).into_iter().collect();
        if let Ok(operation) = serde_json::from_str::<wire::Operation>(&text) {
            let beside = Beside { effects: Some(&effects), balances: &[] };
            let _ = decoder().credits(&operation, None, beside);
            if let Some(Ok(facts)) = facts {
                let _ = decoder().observe(&operation, &facts, beside);
            }
        }
    }

    #[test]
    fn own_any_bytes_are_judged(bytes: Vec<u8>) {
        let _ = wire::body(&bytes);
    }
}
