//! What customers wrote goes after its time, and nothing else does.

use super::appeals::{appeal, outcome};
use super::world::{assert_sound, found, founded, later};
use super::{Backend, now};
use recover_core::appeal::{Appeal, AppealId, AppealStatus, MatchDecision};
use recover_core::question::AppealField;
use recover_store::{ActAnswer, ActContext, Store, Work};
use std::collections::BTreeMap;

/// It stands nowhere else in the database.
const TRACE: &str = "xqzjvwkp";

fn id(text: &str) -> AppealId {
    AppealId::verbatim(text)
}

fn said(appeal_id: &str, user: &str) -> Appeal {
    Appeal {
        claimed_txid: format!("0x{TRACE}1"),
        claimed_to_address: format!("to {TRACE}2"),
        claimed_memo: format!("{TRACE}3"),
        claimed_from_address: format!("{TRACE}4"),
        free_text: format!("dear desk, {TRACE}5").repeat(300),
        ..appeal(appeal_id, user)
    }
}

async fn work(store: &Store, appeal: &str, work: Work) {
    let context = ActContext {
        person: "sue".into(),
        now: later(10),
        dry_run: false,
    };
    let answer = store.work_on_appeal(&id(appeal), work, context).await;
    assert!(matches!(answer.unwrap(), ActAnswer::Done(_)));
}

async fn close(store: &Store, appeal: &str) {
    let reason = "settled by hand".to_owned();
    work(store, appeal, Work::Close { reason }).await;
}

pub async fn the_words_of_ended_appeals_go_and_decisions_stay(backend: Backend) {
    let store = founded(&backend).await;
    let deposit = found(&store, "0x1").await;
    let rows = (1..=3).map(|number| said(&format!("A-{number}"), "u1"));
    store.import_appeals(rows.collect(), now()).await.unwrap();
    let mut matched = outcome("A-1", Some(deposit.id()), MatchDecision::Review);
    matched.reasons[0].detail = format!("'{TRACE}6' could not be read");
    store
        .put_match_outcomes(vec![matched.clone()], now())
        .await
        .unwrap();
    let answer = Work::Answer {
        fields: BTreeMap::from([(AppealField::Memo, format!("{TRACE}7"))]),
        unasked: true,
    };
    work(&store, "A-1", answer).await;
    store
        .put_match_outcomes(vec![matched], now())
        .await
        .unwrap();
    for number in 1..=3 {
        close(&store, &format!("A-{number}")).await;
    }
    let before = store.appeal(&id("A-1")).await.unwrap().unwrap();

    let dry = store
        .erase_appeal_texts(later(11), "ada", later(20), true)
        .await
        .unwrap();
    assert_eq!(dry.appeals, 3);
    assert_eq!(store.appeal(&id("A-1")).await.unwrap().unwrap(), before);

    let erased = store
        .erase_appeal_texts(later(11), "ada", later(20), false)
        .await
        .unwrap();
    assert_eq!(erased.appeals, 3);
    let after = store.appeal(&id("A-1")).await.unwrap().unwrap();
    assert_eq!(after.status, AppealStatus::Closed);
    assert_eq!(after.status_reason, before.status_reason);
    assert_eq!(after.appeal.user_id, "u1");
    assert!(after.appeal.free_text.is_empty() && after.appeal.claimed_amount.is_empty());
    let kept = store.match_outcome(&id("A-1")).await.unwrap().unwrap();
    assert_eq!(kept.deposit, Some(deposit.id()));
    assert_eq!(kept.reasons[0].weight, -2048);
    assert_eq!(kept.reasons[0].detail, "");
    assert_eq!(store.appeal_acts(&id("A-1")).await.unwrap().len(), 2);
    assert_sound(&store).await;

    // A second time there is nothing left, and the same file brings no word back.
    let again = store
        .erase_appeal_texts(later(30), "ada", later(40), false)
        .await
        .unwrap();
    assert_eq!(again.appeals, 0);
    let rows = vec![said("A-1", "u1")];
    let counts = store.import_appeals(rows, later(50)).await.unwrap();
    assert_eq!(counts.kept, 1);
    store.close().await;
    if let Backend::Sqlite(folder) = &backend {
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let path = entry.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            let is_there = bytes
                .windows(TRACE.len())
                .any(|window| window == TRACE.as_bytes());
            assert!(!is_there, "{} still holds words", path.display());
        }
    }
}

pub async fn open_and_fresh_appeals_keep_their_words(backend: Backend) {
    let store = founded(&backend).await;
    store
        .import_appeals(vec![said("A-1", "u1"), said("A-2", "u1")], now())
        .await
        .unwrap();
    close(&store, "A-2").await;
    let erased = store
        .erase_appeal_texts(later(10), "ada", later(20), false)
        .await
        .unwrap();
    assert_eq!(erased.appeals, 0, "it was closed at that very moment");
    for appeal in ["A-1", "A-2"] {
        let stored = store.appeal(&id(appeal)).await.unwrap().unwrap();
        assert!(stored.appeal.free_text.contains(TRACE));
    }
}
