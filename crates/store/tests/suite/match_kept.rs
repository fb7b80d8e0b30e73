//! What matching keeps, and that nothing which it depends on changes without a note.

use super::appeals::{appeal, outcome};
use super::{Backend, at, deposit, imported, now, observed, record};
use recover_core::appeal::{AppealId, AppealStatus, MatchDecision};
use recover_core::book::AddressRole;
use recover_core::deposit::{DepositStatus, Origin};
use recover_core::observation::DepositId;
use recover_store::{
    MatchEnd, MatchPart, MeantDeposit, SeenChanges, Store, StoredChanges, StoredLook,
};
use std::collections::BTreeMap;

fn id(text: &str) -> AppealId {
    AppealId::verbatim(text)
}

fn look(byte: u8, made: Option<u8>) -> StoredLook {
    StoredLook {
        look: vec![byte, 0, 255],
        made: made.map(|made| ([made; 16], [made + 1; 16])),
    }
}

async fn changes(store: &Store) -> (SeenChanges, StoredChanges) {
    let mut reading = store.read_for_matching().await.unwrap();
    let seen = reading.seen().await.unwrap();
    (seen, reading.changes().await.unwrap())
}

async fn looks(store: &Store) -> BTreeMap<String, Option<StoredLook>> {
    let mut reading = store.read_for_matching().await.unwrap();
    let mut looks = BTreeMap::new();
    let take = |open: recover_store::OpenAppeal| {
        looks.insert(open.id.to_string(), open.kept);
    };
    reading.open_appeals(take).await.unwrap();
    looks
}

async fn meant(store: &Store) -> BTreeMap<DepositId, MeantDeposit> {
    let mut reading = store.read_for_matching().await.unwrap();
    let mut all = BTreeMap::new();
    let take = |meant: MeantDeposit| {
        all.insert(meant.id.clone(), meant);
    };
    reading.deposits(take).await.unwrap();
    all
}

/// Works off what is noted, as a run that saw `seen` and made `part`.
async fn work_off(store: &Store, seen: SeenChanges, part: MatchPart) -> Vec<AppealId> {
    let after = store
        .read_for_matching()
        .await
        .unwrap()
        .run()
        .await
        .unwrap();
    let after = after.map(|run| run.number);
    let mut keeping = store.keep_matching(after, now()).await.unwrap().unwrap();
    keeping.put(part).await.unwrap();
    let end = MatchEnd {
        made_with: "program".into(),
        limited_by: "none".into(),
        appeals: 2,
        seen,
        ..MatchEnd::default()
    };
    keeping.finish(end).await.unwrap()
}

async fn all_worked_off(store: &Store) {
    let (seen, _) = changes(store).await;
    work_off(store, seen, MatchPart::default()).await;
    assert_eq!(changes(store).await.0.count(), 0);
}

pub async fn whatever_a_deposit_is_compared_by_is_noted_with_what_it_was(backend: Backend) {
    let store = backend.open().await;
    let (told, seen) = (imported("D-1", "0xaa"), deposit("0xbb", 7));
    store
        .import_deposits(vec![told.clone()], now())
        .await
        .unwrap();
    store
        .upsert_observed(vec![seen.clone()], now())
        .await
        .unwrap();
    let (_, found) = changes(&store).await;
    assert_eq!(
        found.deposits,
        BTreeMap::from([(told.id(), None), (seen.id(), None)])
    );
    let before = meant(&store).await;
    let read = &before[&seen.id()];
    assert_eq!(read.memo, seen.memo_text());
    assert_eq!((read.amount, read.decimals), (seen.amount(), 18));
    assert_eq!((read.decimals_vouched, read.is_told), (true, false));
    let read = &before[&told.id()];
    assert_eq!(read.memo, told.memo_text());
    assert_eq!((read.decimals_vouched, read.is_told), (false, true));
    all_worked_off(&store).await;

    // The same again is no change.
    store
        .import_deposits(vec![told.clone()], now())
        .await
        .unwrap();
    store
        .upsert_observed(vec![seen.clone()], now())
        .await
        .unwrap();
    assert_eq!(changes(&store).await.0.count(), 0);

    let mut other = told.clone();
    if let Origin::Imported(told) = &mut other.origin {
        told.memo = Some("43".into());
    }
    store
        .import_deposits(vec![other.clone()], now())
        .await
        .unwrap();
    if let Origin::Imported(told) = &mut other.origin {
        told.from = None;
    }
    store.import_deposits(vec![other], now()).await.unwrap();
    let mut moved = seen.clone();
    if let Origin::Observed(seen) = &mut moved.origin {
        seen.block = Some(super::block(8, "b"));
    }
    store.upsert_observed(vec![moved], now()).await.unwrap();
    let (_, found) = changes(&store).await;
    // Of several changes, what it was before the first of them.
    let was = |id: &DepositId| {
        Some(MeantDeposit {
            memo_finding: None,
            decimals_vouched: false,
            is_told: false,
            ..before[id].clone()
        })
    };
    assert_eq!(found.deposits[&told.id()], was(&told.id()));
    assert_eq!(found.deposits[&seen.id()], was(&seen.id()));
    all_worked_off(&store).await;

    backend
        .raw("UPDATE deposit SET status = 'gone' WHERE id = 'D-1'")
        .await
        .unwrap();
    assert!(!meant(&store).await.contains_key(&told.id()));
    assert!(changes(&store).await.1.deposits[&told.id()].is_some());
    all_worked_off(&store).await;
    // From nothing that could be meant to something.
    store
        .import_deposits(vec![told.clone()], now())
        .await
        .unwrap();
    assert_eq!(changes(&store).await.1.deposits[&told.id()], None);
}

pub async fn what_nobody_compares_is_not_noted(backend: Backend) {
    let store = backend.open().await;
    let seen = deposit("0xbb", 7);
    store
        .upsert_observed(vec![seen.clone()], now())
        .await
        .unwrap();
    store
        .import_appeals(vec![appeal("A-1", "u1"), appeal("A-2", "u2")], now())
        .await
        .unwrap();
    all_worked_off(&store).await;
    let mut other = seen.clone();
    other.classification.owner = None;
    other.status = DepositStatus::Unconfirmed;
    store.upsert_observed(vec![other], now()).await.unwrap();
    // Matching itself, and a person who takes a case.
    let part = MatchPart {
        outcomes: vec![
            outcome("A-1", Some(seen.id()), MatchDecision::Review),
            outcome("A-2", None, MatchDecision::None),
        ],
        looks: vec![(id("A-1"), look(1, Some(3))), (id("A-2"), look(2, Some(5)))],
        ..MatchPart::default()
    };
    let (nothing, _) = changes(&store).await;
    let changed = work_off(&store, nothing, part).await;
    assert_eq!(changed, [id("A-1"), id("A-2")]);
    store
        .assign_appeal(&id("A-1"), Some("sam"), now())
        .await
        .unwrap();
    assert_eq!(changes(&store).await.0.count(), 0);
    let status = store.appeal(&id("A-1")).await.unwrap().unwrap().status;
    assert_eq!(status, AppealStatus::Matched);
    assert_eq!(looks(&store).await["A-2"], Some(look(2, Some(5))));
}

pub async fn appeals_and_addresses_are_noted_whoever_writes_them(backend: Backend) {
    let store = backend.open().await;
    let (one, two) = (appeal("A-1", "u1"), appeal("A-2", "u1"));
    store
        .import_appeals(vec![one.clone(), two], now())
        .await
        .unwrap();
    let records = vec![
        record(1, AddressRole::Deposit),
        record(2, AddressRole::PastSender),
    ];
    store
        .import_addresses(records.clone(), now())
        .await
        .unwrap();
    let (_, found) = changes(&store).await;
    assert_eq!(found.appeals, [id("A-1"), id("A-2")].into());
    assert_eq!(found.records.len(), 2);
    assert!(found.records.contains(&records[0]));
    all_worked_off(&store).await;

    let mut changed = one.clone();
    changed.free_text = "something else".into();
    store.import_appeals(vec![changed], now()).await.unwrap();
    let mut retired = records[0].clone();
    retired.retired = Some(at(1_790_000_000));
    store
        .import_addresses(vec![retired.clone()], now())
        .await
        .unwrap();
    let (_, found) = changes(&store).await;
    assert_eq!(found.appeals, [id("A-1")].into());
    assert_eq!(found.records, [retired]);
    all_worked_off(&store).await;

    // Closed, it is a rival no more; opened again, it is one.
    for status in [AppealStatus::Closed, AppealStatus::Matched] {
        store
            .set_appeal_status(&id("A-2"), status, None, now())
            .await
            .unwrap();
        assert_eq!(changes(&store).await.1.appeals, [id("A-2")].into());
        assert_eq!(looks(&store).await.contains_key("A-2"), status.is_open());
        all_worked_off(&store).await;
    }
    // What a customer answers, what is proven by an account, what a person takes back.
    backend
        .raw("INSERT INTO appeal_said VALUES ('A-2', '{}', 5)")
        .await
        .unwrap();
    assert_eq!(changes(&store).await.1.appeals, [id("A-2")].into());
    all_worked_off(&store).await;
    store
        .upsert_observed(vec![deposit("0xbb", 7)], now())
        .await
        .unwrap();
    all_worked_off(&store).await;
    let proof = format!(
        "INSERT INTO ownership_proof (number, appeal_id, deposit_id, account, method, outcome, destination, reference, person,
            at_time) VALUES (1, 'A-1', '{}', 'u1', 'withdrawal_record', 'verified', 'd', 'r', 'p', 5)",
        deposit("0xbb", 7).id()
    );
    backend.raw(&proof).await.unwrap();
    assert_eq!(
        changes(&store).await.1.appeals,
        [id("A-1"), id("A-2")].into()
    );
    all_worked_off(&store).await;
    let undone = format!(
        "INSERT INTO match_undone VALUES ('A-1', '{}', 'p', 'why', 5)",
        deposit("0xbb", 7).id()
    );
    backend.raw(&undone).await.unwrap();
    assert_eq!(changes(&store).await.1.appeals, [id("A-1")].into());
}

pub async fn a_run_keeps_all_or_nothing_and_only_one_of_two(backend: Backend) {
    let store = backend.open().await;
    store
        .import_appeals(vec![appeal("A-1", "u1"), appeal("A-2", "u2")], now())
        .await
        .unwrap();
    let (seen, _) = changes(&store).await;
    let part = || MatchPart {
        outcomes: vec![outcome("A-1", None, MatchDecision::None)],
        looks: vec![(id("A-1"), look(1, Some(3)))],
        ..MatchPart::default()
    };
    // A program that ends in the middle.
    let mut keeping = store.keep_matching(None, now()).await.unwrap().unwrap();
    keeping.put(part()).await.unwrap();
    drop(keeping);
    assert_eq!(changes(&store).await.0, seen);
    assert_eq!(looks(&store).await["A-1"], None);
    assert_eq!(store.match_outcome(&id("A-1")).await.unwrap(), None);

    // What is noted after the run looked stays for the next.
    store
        .import_appeals(vec![appeal("A-3", "u3")], now())
        .await
        .unwrap();
    work_off(&store, seen, part()).await;
    assert_eq!(changes(&store).await.1.appeals, [id("A-3")].into());
    assert!(store.match_outcome(&id("A-1")).await.unwrap().is_some());
    let run = store
        .read_for_matching()
        .await
        .unwrap()
        .run()
        .await
        .unwrap();
    let run = run.unwrap();
    assert_eq!((run.number, run.appeals), (1, 2));
    assert_eq!((&*run.made_with, &*run.limited_by), ("program", "none"));
    // Another that began before it.
    assert!(store.keep_matching(None, now()).await.unwrap().is_none());
    assert!(store.keep_matching(Some(1), now()).await.unwrap().is_some());
}

pub async fn a_reading_sees_one_state(backend: Backend) {
    let store = backend.open().await;
    store
        .import_appeals(vec![appeal("A-1", "u1")], now())
        .await
        .unwrap();
    let mut reading = store.read_for_matching().await.unwrap();
    let seen = reading.seen().await.unwrap();
    store
        .import_appeals(vec![appeal("A-2", "u2")], now())
        .await
        .unwrap();
    store
        .upsert_observed(
            vec![observed(super::observation(
                "0xcc",
                recover_core::observation::Position::value(),
                9,
            ))],
            now(),
        )
        .await
        .unwrap();
    let mut appeals = Vec::new();
    reading
        .appeals(None, |appeal| appeals.push(appeal.id))
        .await
        .unwrap();
    assert_eq!(appeals, [id("A-1")]);
    reading
        .deposits(|meant| panic!("{} came later", meant.id))
        .await
        .unwrap();
    drop(reading);
    work_off(&store, seen, MatchPart::default()).await;
    let (_, left) = changes(&store).await;
    assert_eq!(left.appeals, [id("A-2")].into());
    assert_eq!(left.deposits.len(), 1);
}

pub async fn what_a_person_decided_is_written_again_once_it_is_taken_back(backend: Backend) {
    let store = backend.open().await;
    store
        .upsert_observed(vec![deposit("0xbb", 7)], now())
        .await
        .unwrap();
    store
        .import_appeals(vec![appeal("A-1", "u1")], now())
        .await
        .unwrap();
    let (seen, _) = changes(&store).await;
    let part = MatchPart {
        outcomes: vec![outcome("A-1", None, MatchDecision::None)],
        looks: vec![(id("A-1"), look(1, Some(3)))],
        ..MatchPart::default()
    };
    work_off(&store, seen, part.clone()).await;
    let truth = "INSERT INTO appeal_truth VALUES ('A-1', NULL, 'none', 'p', 5, NULL, NULL, NULL)";
    backend.raw(truth).await.unwrap();
    // The look stands, the stored outcome is another's from now on.
    assert_eq!(looks(&store).await["A-1"], Some(look(1, None)));
    assert_eq!(changes(&store).await.0.count(), 0);
    let changed = work_off(&store, SeenChanges::default(), part).await;
    assert_eq!(changed, []);
    assert_eq!(looks(&store).await["A-1"], Some(look(1, None)));
    backend.raw("DELETE FROM appeal_truth").await.unwrap();
    assert_eq!(changes(&store).await.1.appeals, [id("A-1")].into());
}
