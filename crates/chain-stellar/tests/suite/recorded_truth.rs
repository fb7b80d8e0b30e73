//! The answers that recorded cases have, one test each: what a right adapter says and which wrong answer it avoids.

use crate::fixture::{self, decoder, facts, line, record, rows, seen};
use recover_chain_stellar::decode::{Beside, DecodeError, TransactionFacts};
use recover_chain_stellar::wire;
use recover_core::memo::MemoKind;
use recover_core::observation::Outcome;
use serde_json::json;

fn transaction(name: &str) -> TransactionFacts {
    let (found, _) = facts(&record(name));
    found.unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A payment that stands in the transaction's first place, made by hand around the recorded transaction.
fn payment_in(facts: &TransactionFacts) -> wire::Operation {
    let ledger = facts.ledger.unwrap().0;
    let row = json!({
        "id": ((ledger << 32) | (1 << 12) | 1).to_string(), "type": "payment", "type_i": 1, "asset_type": "native",
        "transaction_hash": facts.id.as_str(), "created_at": "2024-07-05T05:51:31Z", "amount": "1.0000000",
        "from": "GCTUYXRTC2OPWWUCE6KBQEJTDFALN6BWHUXT3IHCXMTHW5K46NJCVHYN",
        "to": "GDKIJJIKXLOM2NRMPNQZUUYK24ZPVFC6426GZAEP3KUK6KEJLACCWNMX",
    });
    serde_json::from_str(&row.to_string()).unwrap()
}

#[test]
fn recorded_a_failed_transaction_is_no_deposit() {
    for name in ["horizon_transaction_failed", "gem_transaction_state_error"] {
        let mut found = transaction(name);
        assert_eq!(found.outcome, Outcome::Failed, "{name}");
        // Whatever its operations say, none is a success; saying so is a contradiction.
        found.envelope = None;
        let mut operation = payment_in(&found);
        let credits = decoder()
            .observe(&operation, &found, Beside::default())
            .unwrap();
        assert!(
            credits
                .iter()
                .all(|credit| credit.outcome == Outcome::Failed)
        );
        operation.transaction_successful = Some(true);
        let error = decoder()
            .observe(&operation, &found, Beside::default())
            .unwrap_err();
        assert!(
            matches!(error, DecodeError::Contradiction { .. }),
            "{error}"
        );
    }
    let path: wire::Operation = record("op_path_payment_strict_receive");
    assert_eq!(path.transaction_successful, Some(false));
    let rows: Vec<wire::Transaction> = rows("etl_transactions_with_memos");
    let outcomes: Vec<Outcome> = rows
        .iter()
        .map(|row| facts(row).0.unwrap().outcome)
        .collect();
    let failed = outcomes
        .iter()
        .filter(|outcome| **outcome == Outcome::Failed)
        .count();
    assert_eq!((outcomes.len(), failed), (65, 27));
}

#[test]
fn recorded_a_memo_of_words_with_digits_is_no_number() {
    let memo = transaction("horizon_transaction").memo.unwrap();
    assert_eq!(memo.kind, MemoKind::Text);
    assert_eq!(memo.raw, "0,075% Daily for Holders".as_bytes());
    let memo = transaction("docs_tx_object").memo.unwrap();
    assert_eq!(
        (memo.kind, memo.raw.as_slice()),
        (MemoKind::Text, b"298424".as_slice())
    );
}

#[test]
fn recorded_an_empty_memo_is_not_an_absent_one() {
    assert_eq!(
        transaction("tx_java_2_text").memo.unwrap().kind,
        MemoKind::Empty
    );
    assert_eq!(
        transaction("blockatlas_tx_23fa4d3c").memo.unwrap().kind,
        MemoKind::Absent
    );
    let first: Vec<wire::Transaction> = rows("docs_get-transactions-by-account-id_200_1");
    assert_eq!(
        facts(&first[0]).0.unwrap().memo.unwrap().kind,
        MemoKind::Empty
    );
}

#[test]
fn recorded_a_muxed_source_keeps_its_id() {
    let found = transaction("horizon_transaction_muxed_id");
    let (source, id) = found.source.clone().unwrap();
    assert_eq!(
        source.text(),
        "GA5ZPIVPAXEG5LMHTKF4PJZ52K5YFUUBSHL746TINKJ7GNMG4KYF3S4R"
    );
    assert_eq!(id, Some(21_449_687_443_220));
    assert_eq!(
        recover_chain_stellar::address::muxed_text(
            recover_chain_stellar::address::account_key(&source).unwrap(),
            21_449_687_443_220
        ),
        "MA5ZPIVPAXEG5LMHTKF4PJZ52K5YFUUBSHL746TINKJ7GNMG4KYF2AAACOBCKABHCTRYY"
    );
}

#[test]
fn recorded_both_hashes_of_a_fee_bump_are_one_transaction() {
    let mut record: wire::Transaction = record("horizon_transaction_fee_bump");
    let by_outer = facts(&record).0.unwrap();
    assert_eq!(
        by_outer.id.as_str(),
        "01f25077d5924dc2381055b22befacfdb7d6466325e2511d9cc0739d23bf14f0"
    );
    let inner = by_outer.inner.clone().unwrap();
    assert_eq!(
        inner.as_str(),
        "e96bb6dfa0085e03c19c8dfb6dff81bb3d00e25e80a3d2f2c1c795f88b2f6b7c"
    );
    record.hash = Some(wire::Scalar(inner.as_str().to_owned()));
    record.id = record.hash.clone();
    let by_inner = facts(&record).0.unwrap();
    assert_eq!(
        (by_inner.id, by_inner.inner),
        (by_outer.id.clone(), Some(inner))
    );
    // Also where the record names only the inner half and the signed bytes tell the outer one.
    record.fee_bump_transaction = None;
    record.inner_transaction = None;
    assert_eq!(facts(&record).0.unwrap().id, by_outer.id);
    record.hash = Some(wire::Scalar("ab".repeat(32)));
    assert!(facts(&record).0.is_err());
}

#[test]
fn recorded_an_edited_record_is_not_believed() {
    for name in [
        "horizon_transaction",
        "horizon_transaction_fee_bump",
        "blockatlas_tx_23fa4d3c",
        "tx_java_13_hash_jsonNullMemoHash",
    ] {
        let genuine: wire::Transaction = record(name);
        assert!(facts(&genuine).0.is_ok(), "{name}");
        let changes: [fn(&mut wire::Transaction); 4] = [
            |record| {
                record.memo_type = Some(wire::Scalar("id".to_owned()));
                record.memo = Some(wire::Scalar("7".to_owned()));
                record.memo_bytes = None;
            },
            |record| record.successful = record.successful.map(|successful| !successful),
            |record| {
                record.hash = Some(wire::Scalar("00".repeat(32)));
                record.fee_bump_transaction = None;
            },
            |record| {
                record.memo_type = Some(wire::Scalar("text".to_owned()));
                record.memo = Some(wire::Scalar("me".to_owned()));
                record.memo_bytes = Some(wire::Scalar("bWU=".to_owned()));
            },
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let mut edited = genuine.clone();
            change(&mut edited);
            let refused = matches!(facts(&edited).0, Err(DecodeError::Contradiction { .. }));
            assert!(refused, "{name}, change {number}");
        }
    }
    // The payment beside the genuine transaction that it is not in.
    let found = transaction("blockatlas_tx_2912d519");
    let payments: Vec<wire::Operation> = rows("blockatlas_payments_25");
    let own = |operation: &&wire::Operation| {
        operation.transaction_hash.as_deref() == Some(found.id.as_str())
    };
    let genuine = payments.iter().find(own).unwrap();
    let credits = decoder()
        .observe(genuine, &found, Beside::default())
        .unwrap();
    assert_eq!(
        seen(&credits[0]),
        "2912..c029 op:1 GDKI..WNMX > GDBX..FXLM 5000000000000 XLM top_level success (memo absent)"
    );
    for change in [
        |operation: &mut wire::Operation| {
            operation.amount = Some(wire::Scalar("500000.0000001".to_owned()))
        },
        |operation: &mut wire::Operation| operation.to = operation.from.clone(),
        |operation: &mut wire::Operation| {
            operation.to_muxed_id = Some(wire::Scalar("7".to_owned()))
        },
    ] {
        let mut edited = genuine.clone();
        change(&mut edited);
        let error = decoder()
            .observe(&edited, &found, Beside::default())
            .unwrap_err();
        assert!(error.to_string().contains("signed bytes"), "{error}");
    }
    let stranger = payments.iter().find(|operation| !own(operation)).unwrap();
    assert!(
        decoder()
            .observe(stranger, &found, Beside::default())
            .is_err()
    );
}

#[test]
fn pitfall_079_recorded_path_payments_and_claims() {
    // What arrived, not what was spent.
    let path: wire::Operation = record("op_path_payment_strict_send");
    let credits = fixture::credits(&path).unwrap();
    assert_eq!(credits.len(), 1);
    assert_eq!(credits[0].amount.to_base_units(), "5045");
    assert!(line(&credits[0]).contains("BTC.GAUT..KUEF"));
    // A claim names no amount: its effects do, and nothing is guessed without them.
    let claim: wire::Operation = record("op_claim_claimable_balance");
    let error = fixture::credits(&claim).unwrap_err();
    assert!(matches!(error, DecodeError::EffectsNeeded { .. }));
    let mut effect: wire::Effect = record("effect_claimable_balance_claimed");
    effect.paging_token = Some(wire::Scalar(format!("{}-1", &**claim.id.as_ref().unwrap())));
    let effects = [effect];
    let beside = Beside {
        effects: Some(&effects),
        balances: &[],
    };
    let credits = decoder().credits(&claim, None, beside).unwrap();
    assert_eq!(
        line(&credits[0]),
        "op:1 - > GAEY..UARS 10000000 USDC.GA5Z..KZVN claimable_balance"
    );
    // Or the balance as it stood before.
    let balance = wire::ClaimableBalance {
        id: claim.balance_id.clone(),
        asset: Some(wire::Scalar("native".to_owned())),
        amount: Some(wire::Scalar("0.5".to_owned())),
        ..wire::ClaimableBalance::default()
    };
    let balances = [balance];
    let beside = Beside {
        effects: None,
        balances: &balances,
    };
    let credits = decoder().credits(&claim, None, beside).unwrap();
    assert_eq!(credits[0].amount.to_base_units(), "5000000");
    // A balance that waits to be claimed is nobody's.
    assert_eq!(
        fixture::credits(&record("op_create_claimable_balance")).unwrap(),
        []
    );
}

#[test]
fn recorded_a_merge_brings_what_its_effect_or_its_result_says() {
    let merge: wire::Operation = record("op_account_merge");
    let mut effect: wire::Effect = record("effect_account_credited");
    effect.paging_token = Some(wire::Scalar(format!("{}-2", &**merge.id.as_ref().unwrap())));
    let effects = [effect];
    let beside = Beside {
        effects: Some(&effects),
        balances: &[],
    };
    let credits = decoder().credits(&merge, None, beside).unwrap();
    assert_eq!(
        line(&credits[0]),
        "op:1 GBMZ..OFDE > GDYG..523C 39999700 XLM account_merge"
    );
    let beside = Beside {
        effects: Some(&[]),
        balances: &[],
    };
    assert!(decoder().credits(&merge, None, beside).is_err());
}

#[test]
fn recorded_amounts_are_exact_and_numbers_are_read_as_text() {
    let rows: Vec<wire::Operation> = rows("docs_list-all-payments_200_1");
    let credits = fixture::credits(&rows[1]).unwrap();
    // Past 2^53: a float would round it.
    assert_eq!(credits[0].amount.to_base_units(), "999999999599999700");
    let loose: wire::Operation = record("dotnet_payment");
    assert_eq!(loose.id.as_deref(), Some("3940808587743233"));
    assert_eq!(loose.amount.as_deref(), Some("100.0"));
    let mut alone = loose;
    alone.transaction = None;
    assert_eq!(
        fixture::credits(&alone).unwrap()[0].amount.to_base_units(),
        "1000000000"
    );
}
