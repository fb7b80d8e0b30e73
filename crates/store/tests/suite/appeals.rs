use super::{Backend, at, deposit, imported, now};
use recover_core::appeal::{
    Appeal, AppealId, AppealStatus, Entitlement, MatchAsk, MatchDecision, MatchOutcome,
    MatchReason, MatchTier,
};
use recover_core::observation::DepositId;
use recover_store::{AppealFilter, ImportCounts, Store};

pub fn appeal(id: &str, user: &str) -> Appeal {
    Appeal {
        id: AppealId::verbatim(id),
        user_id: user.into(),
        created_at: at(1_760_000_000),
        claimed_txid: " 0xABC… ".into(),
        claimed_network: "BEP20".into(),
        claimed_asset: "usdt".into(),
        claimed_amount: "1.000,50".into(),
        claimed_to_address: String::new(),
        claimed_memo: String::new(),
        claimed_from_address: String::new(),
        claimed_at: "yesterday".into(),
        ownership_proof: "none".into(),
        session_view_at: Some(at(1_759_999_000)),
        free_text: "pomóż\nمرحبا \"quoted\"".into(),
        language: Some("pl".into()),
        time_zone: Some("Europe/Warsaw".into()),
    }
}

pub fn outcome(appeal: &str, deposit: Option<DepositId>, decision: MatchDecision) -> MatchOutcome {
    MatchOutcome {
        appeal: AppealId::verbatim(appeal),
        deposit,
        decision,
        tier: MatchTier::Challenge,
        score_ppb: 987_654_321,
        identify: -3,
        entitle: 4_096,
        entitled_by: vec![Entitlement::KnownSender, Entitlement::PageView],
        ask: Some(MatchAsk::SenderSignature),
        reasons: vec![MatchReason {
            field: "txid".into(),
            verdict: "exact".into(),
            weight: -2048,
            detail: "the same".into(),
        }],
    }
}

async fn status(store: &Store, id: &str) -> AppealStatus {
    let appeal = store.appeal(&AppealId::verbatim(id)).await.unwrap();
    appeal.expect("it was imported").status
}

pub async fn text_comes_back_as_it_came(backend: Backend) {
    let store = backend.open().await;
    let mut bare = appeal("A-2", "u2");
    bare.session_view_at = None;
    bare.language = None;
    bare.time_zone = None;
    let rows = vec![appeal("A-1", "u1"), bare];
    let first = store.import_appeals(rows.clone(), now()).await.unwrap();
    assert_eq!(first.inserted, 2);
    let again = store.import_appeals(rows.clone(), now()).await.unwrap();
    assert_eq!(
        again,
        ImportCounts {
            unchanged: 2,
            ..ImportCounts::default()
        }
    );
    for row in rows {
        let stored = store
            .appeal(&row.id)
            .await
            .unwrap()
            .expect("it was imported");
        assert_eq!(stored.appeal, row);
        assert_eq!(stored.status, AppealStatus::Received);
    }
}

pub async fn a_decided_appeal_keeps_its_status_and_text(backend: Backend) {
    let store = backend.open().await;
    store
        .import_appeals(vec![appeal("A-1", "u1"), appeal("A-2", "u1")], now())
        .await
        .unwrap();
    let id = AppealId::verbatim("A-1");
    assert!(
        store
            .set_appeal_status(
                &id,
                AppealStatus::Refused,
                Some("a stranger's deposit"),
                now()
            )
            .await
            .unwrap()
    );
    store
        .set_appeal_status(
            &AppealId::verbatim("A-2"),
            AppealStatus::NeedsInfo,
            None,
            now(),
        )
        .await
        .unwrap();
    let changed = |id: &str| Appeal {
        claimed_amount: "7".into(),
        ..appeal(id, "u1")
    };
    let counts = store
        .import_appeals(vec![changed("A-1"), changed("A-2")], now())
        .await
        .unwrap();
    assert_eq!((counts.kept, counts.updated), (1, 1));
    let decided = store.appeal(&id).await.unwrap().unwrap();
    assert_eq!(decided.appeal, appeal("A-1", "u1"));
    assert_eq!(decided.status, AppealStatus::Refused);
    assert_eq!(
        decided.status_reason.as_deref(),
        Some("a stranger's deposit")
    );
    assert_eq!(status(&store, "A-2").await, AppealStatus::Received);
    let nobody = AppealId::verbatim("A-9");
    assert!(
        !store
            .set_appeal_status(&nobody, AppealStatus::Closed, None, now())
            .await
            .unwrap()
    );
    assert!(
        !store
            .add_appeal_note(&nobody, "ann", "hm", now())
            .await
            .unwrap()
    );
}

pub async fn an_appeal_matched_to_a_files_row_is_a_rival_for_what_was_seen(backend: Backend) {
    let store = backend.open().await;
    let seen = deposit("0x1", 1);
    let told = imported("D-1", "0x1");
    let elsewhere = imported("D-2", "0x2");
    store
        .upsert_observed(vec![seen.clone()], now())
        .await
        .unwrap();
    store
        .import_deposits(vec![told.clone(), elsewhere.clone()], now())
        .await
        .unwrap();
    let ids = ["A-1", "A-2", "A-3", "A-4"];
    let rows = ids
        .iter()
        .map(|id| appeal(id, &format!("u-{id}")))
        .collect();
    store.import_appeals(rows, now()).await.unwrap();
    let outcomes = vec![
        outcome("A-1", Some(seen.id()), MatchDecision::Auto),
        outcome("A-2", Some(told.id()), MatchDecision::Review),
        outcome("A-3", Some(elsewhere.id()), MatchDecision::Review),
        outcome("A-4", Some(told.id()), MatchDecision::None),
    ];
    store.put_match_outcomes(outcomes, now()).await.unwrap();
    assert_eq!(
        store.claimants_of(&seen.id()).await.unwrap(),
        ["u-A-1", "u-A-2"]
    );
    assert_eq!(store.claimants_of(&told.id()).await.unwrap(), ["u-A-2"]);
}

pub async fn matching_moves_appeals_along_and_leaves_decisions_alone(backend: Backend) {
    let store = backend.open().await;
    let found = deposit("0x1", 1);
    store
        .upsert_observed(vec![found.clone()], now())
        .await
        .unwrap();
    let ids = ["A-1", "A-2", "A-3", "A-4", "A-5", "A-6"];
    let rows = ids
        .iter()
        .map(|id| appeal(id, &format!("u-{id}")))
        .collect();
    store.import_appeals(rows, now()).await.unwrap();
    for (id, status) in [
        ("A-4", AppealStatus::Refused),
        ("A-5", AppealStatus::NeedsInfo),
        ("A-6", AppealStatus::NeedsInfo),
    ] {
        store
            .set_appeal_status(&AppealId::verbatim(id), status, None, now())
            .await
            .unwrap();
    }
    let outcomes = vec![
        outcome("A-1", Some(found.id()), MatchDecision::Auto),
        outcome("A-2", None, MatchDecision::None),
        outcome("A-3", Some(found.id()), MatchDecision::Conflict),
        outcome("A-4", Some(found.id()), MatchDecision::Review),
        outcome("A-5", Some(found.id()), MatchDecision::Review),
        outcome("A-6", None, MatchDecision::None),
    ];
    store
        .put_match_outcomes(outcomes.clone(), now())
        .await
        .unwrap();
    store
        .put_match_outcomes(outcomes.clone(), now())
        .await
        .unwrap();
    let expected = [
        AppealStatus::Matched,
        AppealStatus::NoMatch,
        AppealStatus::Conflict,
        AppealStatus::Refused,
        AppealStatus::Matched,
        AppealStatus::NeedsInfo,
    ];
    for (id, expected) in ids.iter().zip(expected) {
        assert_eq!(status(&store, id).await, expected, "{id}");
    }
    for outcome in &outcomes {
        assert_eq!(
            store.match_outcome(&outcome.appeal).await.unwrap().as_ref(),
            Some(outcome)
        );
    }
    assert_eq!(store.match_outcomes_of(&found.id()).await.unwrap().len(), 4);
    // The refused one is nobody's rival, and "none" claims nothing.
    assert_eq!(
        store.claimants_of(&found.id()).await.unwrap(),
        ["u-A-1", "u-A-3", "u-A-5"]
    );
    let of_deposit = AppealFilter {
        deposit: Some(found.id()),
        ..AppealFilter::open()
    };
    assert_eq!(
        store
            .list_appeals(&of_deposit, None, 10)
            .await
            .unwrap()
            .appeals
            .len(),
        3
    );
    // An outcome for an appeal that is not there is refused, and nothing of the batch is stored.
    let bad = vec![
        outcome("A-1", None, MatchDecision::None),
        outcome("A-9", None, MatchDecision::None),
    ];
    store.put_match_outcomes(bad, now()).await.unwrap_err();
    assert_eq!(status(&store, "A-1").await, AppealStatus::Matched);
}

pub async fn lists_page_and_notes_are_numbered(backend: Backend) {
    let store = backend.open().await;
    let mut rows: Vec<Appeal> = (0..11)
        .map(|number| appeal(&format!("A-{number:02}"), "u1"))
        .collect();
    rows[3].created_at = at(1);
    rows[7].user_id = "u2".into();
    store.import_appeals(rows, now()).await.unwrap();
    let mut cursor = None;
    let mut found = Vec::new();
    loop {
        let page = store
            .list_appeals(&AppealFilter::open(), cursor.as_ref(), 4)
            .await
            .unwrap();
        found.extend(
            page.appeals
                .iter()
                .map(|one| one.appeal.id.as_str().to_owned()),
        );
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(found.len(), 11);
    assert_eq!(found[0], "A-03");
    assert!(found[1..].is_sorted());
    let id = AppealId::verbatim("A-07");
    for text in ["asked for the hash", "got it"] {
        assert!(
            store
                .add_appeal_note(&id, "ann", text, now())
                .await
                .unwrap()
        );
    }
    store
        .add_appeal_note(&id, "ann", "", now())
        .await
        .unwrap_err();
    let notes = store.appeal_notes(&id).await.unwrap();
    assert_eq!(
        notes.iter().map(|note| note.number).collect::<Vec<_>>(),
        [1, 2]
    );
    assert_eq!(notes[1].text, "got it");
    assert!(store.assign_appeal(&id, Some("ann"), now()).await.unwrap());
    let mine = AppealFilter {
        assigned_to: Some("ann".into()),
        user_id: Some("u2".into()),
        ..AppealFilter::default()
    };
    assert_eq!(
        store
            .list_appeals(&mine, None, 10)
            .await
            .unwrap()
            .appeals
            .len(),
        1
    );
    assert_eq!(
        store.count_appeals().await.unwrap(),
        [(AppealStatus::Received, 11)]
    );
}
