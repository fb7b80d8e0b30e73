//! What is watched: once for one thing, fired once, and the appeal that waits goes on.

use super::appeals::{appeal, outcome};
use super::world::{assert_sound, found, founded, later};
use super::{Backend, now};
use recover_core::advice::{Trigger, TriggerCode};
use recover_core::amount::Amount;
use recover_core::appeal::{AppealId, AppealStatus, MatchDecision};
use recover_core::asset::AssetId;
use recover_core::deposit::{Deposit, DepositStatus};
use recover_core::observation::DepositId;
use recover_store::{
    ActAnswer, ActContext, LeaseAnswer, NewWatch, Store, StoreError, WatchAnswer, WatchEntry,
    WatchFilter, WatchMove, WatchStep, Work,
};

fn id(text: &str) -> AppealId {
    AppealId::verbatim(text)
}

fn on(deposit: &Deposit, trigger: Trigger) -> NewWatch {
    NewWatch {
        deposit: deposit.id(),
        appeal: None,
        trigger,
        recheck_at: None,
    }
}

async fn add(store: &Store, new: NewWatch) -> WatchAnswer {
    store.add_watch(new, "sue", later(1), false).await.unwrap()
}

fn added(answer: WatchAnswer) -> WatchEntry {
    match answer {
        WatchAnswer::Added(entry) => entry,
        other => panic!("not added: {other:?}"),
    }
}

async fn all(store: &Store, filter: &WatchFilter) -> Vec<WatchEntry> {
    store.list_watch(filter, None, 100).await.unwrap()
}

async fn entries(store: &Store) -> Vec<String> {
    let log = store.export_log(0, 1_000).await.unwrap();
    log.into_iter().map(|entry| entry.command).collect()
}

/// An appeal that waits for a deposit that it is paired with.
async fn waiting(store: &Store, appeal_id: &str, deposit: Option<&Deposit>) {
    store
        .import_appeals(vec![appeal(appeal_id, "u1")], now())
        .await
        .unwrap();
    let decision = deposit.map_or(MatchDecision::None, |_| MatchDecision::Review);
    let proposed = outcome(appeal_id, deposit.map(Deposit::id), decision);
    store
        .put_match_outcomes(vec![proposed], now())
        .await
        .unwrap();
    let wait = Work::Wait {
        reason: "the network is paused".into(),
    };
    let context = ActContext {
        person: "sue".into(),
        now: later(1),
        dry_run: false,
    };
    let answer = store.work_on_appeal(&id(appeal_id), wait, context).await;
    assert_eq!(answer.unwrap(), ActAnswer::Done(AppealStatus::Waiting));
}

async fn status(store: &Store, appeal: &str) -> AppealStatus {
    store.appeal(&id(appeal)).await.unwrap().unwrap().status
}

pub async fn every_trigger_comes_back_as_it_went(backend: Backend) {
    let store = founded(&backend).await;
    let deposit = found(&store, "0x1").await;
    let network = super::ethereum;
    let native = || AssetId::native(network());
    let triggers = [
        Trigger::NetworkReopened(network()),
        Trigger::AssetListed(AssetId::contract(network(), "0xAb")),
        Trigger::TokenReviewed(AssetId::unlisted(network(), "A B")),
        Trigger::PriceKnown(native()),
        Trigger::FactoryInPlace(network(), "0xAb".into()),
        Trigger::ControlKnown(network(), "0xAb".into()),
        Trigger::NetworkCostBelow(network(), Some(Amount::from_u128(u128::MAX))),
        Trigger::MinimumReached(native(), "0xAb".into()),
        Trigger::Recoverable,
        Trigger::Date(later(9)),
    ];
    assert_eq!(triggers.len(), TriggerCode::ALL.len());
    for trigger in triggers {
        let new = NewWatch {
            recheck_at: Some(later(5)),
            ..on(&deposit, trigger.clone())
        };
        let entry = added(add(&store, new).await);
        assert_eq!(entry.trigger, trigger);
        let stored = store.watch_entry(&entry.id).await.unwrap();
        assert_eq!(stored, Some(entry));
    }
    assert_sound(&store).await;
}

pub async fn one_thing_is_watched_once(backend: Backend) {
    let store = founded(&backend).await;
    let deposit = found(&store, "0x1").await;
    let paused = Trigger::NetworkReopened(super::ethereum());
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..8 {
        let (store, new) = (store.clone(), on(&deposit, paused.clone()));
        tasks.spawn(async move {
            store
                .add_watch(new, "sue", later(number), false)
                .await
                .unwrap()
        });
    }
    let answers = tasks.join_all().await;
    let count = |fits: fn(&WatchAnswer) -> bool| answers.iter().filter(|one| fits(one)).count();
    assert_eq!(count(|one| matches!(one, WatchAnswer::Added(_))), 1);
    assert_eq!(count(|one| matches!(one, WatchAnswer::Repeated(_))), 7);
    // Another subject, and another thing, are other entries; a day and an appeal are noted beside the one.
    added(add(&store, on(&deposit, Trigger::Date(later(7)))).await);
    added(add(&store, on(&deposit, Trigger::Date(later(8)))).await);
    let with_day = NewWatch {
        recheck_at: Some(later(99)),
        ..on(&deposit, paused.clone())
    };
    let changed = add(&store, with_day.clone()).await;
    assert!(
        matches!(&changed, WatchAnswer::Changed(entry) if entry.recheck_at == Some(later(99))),
        "{changed:?}"
    );
    let again = add(&store, with_day).await;
    assert!(matches!(again, WatchAnswer::Repeated(_)), "{again:?}");
    // The database itself refuses a second one.
    let copy =
        "INSERT INTO watch_entry (id, deposit_id, trigger_code, subject, created_by, created_at)
        SELECT 'other', deposit_id, trigger_code, subject, created_by, created_at FROM watch_entry
        WHERE trigger_code = 'network_reopened'";
    let refused = backend.raw(copy).await.unwrap_err().to_lowercase();
    assert!(refused.contains("unique"), "{refused}");
    // Once it ended it may be watched anew.
    let WatchAnswer::Changed(entry) = changed else {
        panic!("checked above")
    };
    let dropped = store
        .step_watch(&entry.id, WatchMove::Drop, "sue", "no more", later(2))
        .await;
    assert_eq!(dropped.unwrap(), WatchStep::Done(None));
    let dropped = store
        .step_watch(&entry.id, WatchMove::Drop, "sue", "no more", later(3))
        .await;
    assert_eq!(dropped.unwrap(), WatchStep::Before);
    added(
        store
            .add_watch(on(&deposit, paused), "sue", later(4), false)
            .await
            .unwrap(),
    );
    assert_sound(&store).await;
}

pub async fn what_needs_no_watching_is_not_watched(backend: Backend) {
    let store = founded(&backend).await;
    let mut gone = super::deposit("0x7", 7);
    gone.status = DepositStatus::Resolved;
    store
        .upsert_observed(vec![gone.clone()], now())
        .await
        .unwrap();
    let answer = add(&store, on(&gone, Trigger::Recoverable)).await;
    assert_eq!(answer, WatchAnswer::Done(DepositStatus::Resolved));
    let unknown = NewWatch {
        deposit: DepositId::verbatim("D-0"),
        ..on(&gone, Trigger::Recoverable)
    };
    assert_eq!(add(&store, unknown).await, WatchAnswer::NotFound("deposit"));
    let deposit = found(&store, "0x1").await;
    let nobodys = NewWatch {
        appeal: Some(id("A-0")),
        ..on(&deposit, Trigger::Recoverable)
    };
    assert_eq!(add(&store, nobodys).await, WatchAnswer::NotFound("appeal"));
    let before = entries(&store).await;
    let tried = store
        .add_watch(on(&deposit, Trigger::Recoverable), "sue", now(), true)
        .await
        .unwrap();
    added(tried);
    assert_eq!(entries(&store).await, before, "a dry run keeps nothing");
    assert!(all(&store, &WatchFilter::default()).await.is_empty());
    for missing in ["wch_0", ""] {
        let step = store
            .step_watch(missing, WatchMove::Fire, "recover", "it came", now())
            .await;
        assert_eq!(step.unwrap(), WatchStep::NotFound);
    }
}

pub async fn what_came_fires_once_and_the_appeal_goes_on(backend: Backend) {
    let store = founded(&backend).await;
    let deposit = found(&store, "0x1").await;
    waiting(&store, "A-1", Some(&deposit)).await;
    let new = NewWatch {
        appeal: Some(id("A-1")),
        ..on(&deposit, Trigger::NetworkReopened(super::ethereum()))
    };
    let entry = added(add(&store, new).await);
    let before = entries(&store).await.len();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (store, id) = (store.clone(), entry.id.clone());
        tasks.spawn(async move {
            store
                .step_watch(
                    &id,
                    WatchMove::Fire,
                    "recover",
                    "ethereum takes deposits again",
                    later(9),
                )
                .await
                .unwrap()
        });
    }
    let answers = tasks.join_all().await;
    let done = WatchStep::Done(Some(AppealStatus::Matched));
    assert_eq!(answers.iter().filter(|one| **one == done).count(), 1);
    assert_eq!(
        answers
            .iter()
            .filter(|one| **one == WatchStep::Before)
            .count(),
        7
    );
    assert_eq!(status(&store, "A-1").await, AppealStatus::Matched);
    assert_eq!(
        entries(&store).await[before..],
        ["watch_fire", "appeal_resume"]
    );
    let fired = WatchFilter {
        open_only: true,
        fired: Some(true),
        ..WatchFilter::default()
    };
    let listed = all(&store, &fired).await;
    assert_eq!(listed.len(), 1);
    let why = "ethereum takes deposits again".to_owned();
    assert_eq!(listed[0].fired, Some((later(9), why)));
    assert_eq!(store.count_watch(&fired).await.unwrap(), 1);
    // It is closed once its deposit needs it no more, and then counted no more.
    let closed = store
        .step_watch(
            &entry.id,
            WatchMove::Close,
            "recover",
            "it is claimed",
            later(10),
        )
        .await;
    assert_eq!(closed.unwrap(), WatchStep::Done(None));
    assert_eq!(store.count_watch(&fired).await.unwrap(), 0);
    assert_sound(&store).await;
}

pub async fn an_appeal_goes_on_only_from_waiting(backend: Backend) {
    let store = founded(&backend).await;
    let deposit = found(&store, "0x1").await;
    waiting(&store, "A-1", None).await;
    waiting(&store, "A-2", Some(&deposit)).await;
    let context = ActContext {
        person: "sue".into(),
        now: later(2),
        dry_run: false,
    };
    let close = Work::Close {
        reason: "withdrawn".into(),
    };
    store
        .work_on_appeal(&id("A-2"), close, context)
        .await
        .unwrap();
    for (appeal, trigger, resumed, stands) in [
        // Paired with nothing it is matched afresh.
        (
            "A-1",
            Trigger::Recoverable,
            Some(AppealStatus::Received),
            AppealStatus::Received,
        ),
        // What a person ended stays ended, and the entry fires all the same.
        ("A-2", Trigger::Date(later(1)), None, AppealStatus::Closed),
    ] {
        let new = NewWatch {
            appeal: Some(id(appeal)),
            ..on(&deposit, trigger)
        };
        let entry = added(add(&store, new).await);
        let step = store
            .step_watch(&entry.id, WatchMove::Fire, "recover", "it came", later(3))
            .await;
        assert_eq!(step.unwrap(), WatchStep::Done(resumed), "{appeal}");
        assert_eq!(status(&store, appeal).await, stands, "{appeal}");
    }
    assert_sound(&store).await;
}

pub async fn a_lost_lease_fires_nothing(backend: Backend) {
    let store = founded(&backend).await;
    let deposit = found(&store, "0x1").await;
    let entry = added(add(&store, on(&deposit, Trigger::Recoverable)).await);
    let lease = |holder: &'static str, at| {
        let store = store.clone();
        async move {
            match store
                .acquire_lease("reconcile", holder, 10, at)
                .await
                .unwrap()
            {
                LeaseAnswer::Held(lease) => lease,
                LeaseAnswer::Taken { holder, .. } => panic!("{holder} has it"),
            }
        }
    };
    let old = lease("one", now()).await;
    lease("two", later(11)).await;
    let fenced = store.under(&old);
    let error = fenced
        .step_watch(&entry.id, WatchMove::Fire, "recover", "it came", later(12))
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::LeaseLost { .. }), "{error}");
    assert_eq!(store.watch_entry(&entry.id).await.unwrap(), Some(entry));
}

pub async fn lists_page_and_narrow(backend: Backend) {
    let store = founded(&backend).await;
    let mut made = Vec::new();
    for number in 0..7_u8 {
        let deposit = found(&store, &format!("0x{number}")).await;
        let new = on(&deposit, Trigger::Recoverable);
        // Two of the same moment.
        let at = later(i64::from(number / 2));
        made.push(added(store.add_watch(new, "sue", at, false).await.unwrap()));
    }
    made.sort_by_key(|entry| (entry.created_at, entry.id.clone()));
    let mut read = Vec::new();
    let mut after: Option<WatchEntry> = None;
    loop {
        let page = store
            .list_watch(&WatchFilter::default(), after.as_ref(), 3)
            .await
            .unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.clone());
        read.extend(page);
    }
    assert_eq!(read, made);
    let of = |filter: WatchFilter| {
        let store = store.clone();
        async move { all(&store, &filter).await.len() }
    };
    let deposit = Some(made[3].deposit.clone());
    assert_eq!(
        of(WatchFilter {
            deposit,
            ..WatchFilter::default()
        })
        .await,
        1
    );
    let trigger = Some(TriggerCode::Date);
    assert_eq!(
        of(WatchFilter {
            trigger,
            ..WatchFilter::default()
        })
        .await,
        0
    );
    store
        .step_watch(&made[0].id, WatchMove::Drop, "sue", "no more", later(9))
        .await
        .unwrap();
    assert_eq!(
        of(WatchFilter {
            open_only: true,
            ..WatchFilter::default()
        })
        .await,
        6
    );
    assert_eq!(of(WatchFilter::default()).await, 7);
}
