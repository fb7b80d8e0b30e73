//! What people do with appeals: kept with an entry of the log, or refused and nothing changed.

use super::appeals::{appeal, outcome};
use super::world::{assert_sound, by, done, found, founded, later, request};
use super::{Backend, now};
use recover_core::appeal::{AppealId, AppealStatus, MatchDecision};
use recover_core::appeal_work::{Act, RefusalCode, WorkRefusal};
use recover_core::claim::{Command, OpenRequest};
use recover_core::deposit::Deposit;
use recover_core::question::{AppealField, QuestionCode};
use recover_core::queue::{NextAction, ServiceLevels};
use recover_store::{ActAnswer, ActContext, Store, Taken, TruthDecision, Work};
use std::collections::{BTreeMap, BTreeSet};

fn id(text: &str) -> AppealId {
    AppealId::verbatim(text)
}

fn as_of(person: &str, seconds: i64) -> ActContext {
    ActContext {
        person: person.into(),
        now: later(seconds),
        dry_run: false,
    }
}

async fn work(store: &Store, appeal: &str, work: Work) -> ActAnswer {
    store
        .work_on_appeal(&id(appeal), work, as_of("sue", 1))
        .await
        .unwrap()
}

fn refused(answer: ActAnswer) -> WorkRefusal {
    match answer {
        ActAnswer::Refused { refusal, .. } => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

fn ask() -> Work {
    Work::Ask {
        code: QuestionCode::TransactionId,
        text: "which transaction?".into(),
    }
}

fn answer(field: AppealField, text: &str) -> Work {
    Work::Answer {
        fields: BTreeMap::from([(field, text.to_owned())]),
        unasked: false,
    }
}

fn reason() -> String {
    "because".into()
}

/// Two appeals of two users and one of the first again, and a deposit that is proposed for the first.
async fn prepared(backend: &Backend) -> (Store, Deposit) {
    let store = founded(backend).await;
    let deposit = found(&store, "0x1").await;
    let rows = vec![
        appeal("A-1", "u1"),
        appeal("A-2", "u2"),
        appeal("A-3", "u1"),
    ];
    store.import_appeals(rows, now()).await.unwrap();
    let proposed = outcome("A-1", Some(deposit.id()), MatchDecision::Review);
    store
        .put_match_outcomes(vec![proposed], now())
        .await
        .unwrap();
    (store, deposit)
}

async fn status(store: &Store, appeal: &str) -> AppealStatus {
    store.appeal(&id(appeal)).await.unwrap().unwrap().status
}

async fn entries(store: &Store) -> Vec<String> {
    let log = store.export_log(0, 1_000).await.unwrap();
    log.into_iter().map(|entry| entry.command).collect()
}

pub async fn every_act_is_kept_with_its_entry_or_refused(backend: Backend) {
    let (store, deposit) = prepared(&backend).await;
    let before = entries(&store).await.len();
    let assign = |to: Option<&str>| Work::Assign {
        to: to.map(str::to_owned),
        take_over: false,
    };
    let steps = [
        (assign(Some("ann")), "matched"),
        (Work::Note { text: "hm".into() }, "matched"),
        (
            Work::Confirm {
                deposit: deposit.id(),
            },
            "matched",
        ),
        (ask(), "needs_info"),
        (answer(AppealField::TxId, "0x99"), "received"),
        (Work::Wait { reason: reason() }, "waiting"),
        (
            Work::Refuse {
                code: RefusalCode::NotOurs,
                reason: reason(),
            },
            "refused",
        ),
        (Work::Reopen { reason: reason() }, "received"),
        (
            Work::Correct {
                deposit: None,
                reason: reason(),
            },
            "no_match",
        ),
        (Work::Close { reason: reason() }, "closed"),
        (Work::Reopen { reason: reason() }, "received"),
        (Work::Duplicate { of: id("A-3") }, "duplicate"),
    ];
    let mut expected = Vec::new();
    for (step, to) in &steps {
        let answer = work(&store, "A-1", step.clone()).await;
        let to = AppealStatus::from_code(to).unwrap();
        assert_eq!(answer, ActAnswer::Done(to), "{step:?}");
        assert_eq!(status(&store, "A-1").await, to);
        expected.push(format!("appeal_{}", step.act()));
    }
    assert_eq!(entries(&store).await[before..], expected);
    assert_sound(&store).await;
    // Words that may have to be erased stand in one place; the log keeps their digest.
    let log = store.export_log(0, 1_000).await.unwrap();
    let of = |command: &str| {
        let entry = log.iter().find(|entry| entry.command == command);
        entry.unwrap().body.clone().unwrap()
    };
    assert!(of("appeal_ask").contains("which transaction?"));
    for quote in ["appeal_note", "appeal_answer"] {
        let body = of(quote);
        assert!(
            body.contains("text_digest") && !body.contains("\"text\""),
            "{body}"
        );
        assert!(!body.contains("0x99"), "{body}");
    }
    // Notes stand in a table of their own.
    let acts = store.appeal_acts(&id("A-1")).await.unwrap();
    let kept: Vec<Act> = acts.iter().map(|act| act.act).collect();
    let done: Vec<Act> = steps.iter().map(|(step, _)| step.act()).collect();
    let done: Vec<Act> = done.into_iter().filter(|act| *act != Act::Note).collect();
    assert_eq!(kept, done);
    assert_eq!(acts[0].assigned_to.as_deref(), Some("ann"));
    assert_eq!(acts[1].deposit, Some(deposit.id()));
    assert_eq!(store.appeal_notes(&id("A-1")).await.unwrap().len(), 1);

    // What stands so already is a repeat; what cannot be is refused; neither leaves an entry.
    let all = entries(&store).await.len();
    let again = work(&store, "A-1", Work::Duplicate { of: id("A-3") }).await;
    assert_eq!(again, ActAnswer::Repeated(AppealStatus::Duplicate));
    assert_eq!(
        refused(work(&store, "A-1", ask()).await),
        WorkRefusal::AppealDecided
    );
    let unasked = answer(AppealField::Text, "hello");
    assert_eq!(
        refused(work(&store, "A-2", unasked).await),
        WorkRefusal::NothingAsked
    );
    let confirm = Work::Confirm {
        deposit: deposit.id(),
    };
    assert_eq!(
        refused(work(&store, "A-2", confirm.clone()).await),
        WorkRefusal::NothingProposed
    );
    let open = Work::Reopen { reason: reason() };
    assert_eq!(
        refused(work(&store, "A-2", open).await),
        WorkRefusal::AppealOpen
    );
    let nobody = work(&store, "A-9", confirm).await;
    assert_eq!(nobody, ActAnswer::NotFound("appeal"));
    let unknown = Work::Correct {
        deposit: Some(recover_core::observation::DepositId::verbatim("dep_9")),
        reason: reason(),
    };
    assert_eq!(
        work(&store, "A-2", unknown).await,
        ActAnswer::NotFound("deposit")
    );
    // Somebody else's appeal is taken over only by who may.
    work(&store, "A-2", assign(Some("ann"))).await;
    assert_eq!(
        refused(work(&store, "A-2", assign(Some("bob"))).await),
        WorkRefusal::HeldByOther
    );
    let over = Work::Assign {
        to: Some("bob".into()),
        take_over: true,
    };
    assert!(matches!(
        work(&store, "A-2", over).await,
        ActAnswer::Done(_)
    ));
    assert_eq!(entries(&store).await.len(), all + 2);
}

pub async fn a_question_waits_for_its_answer_and_the_first_words_stay(backend: Backend) {
    let (store, _) = prepared(&backend).await;
    assert_eq!(
        work(&store, "A-2", ask()).await,
        ActAnswer::Done(AppealStatus::NeedsInfo)
    );
    assert_eq!(
        work(&store, "A-2", ask()).await,
        ActAnswer::Repeated(AppealStatus::NeedsInfo)
    );
    let other = Work::Ask {
        code: QuestionCode::Network,
        text: "which network?".into(),
    };
    assert_eq!(
        refused(work(&store, "A-2", other).await),
        WorkRefusal::QuestionOpen
    );
    let first = store.appeal(&id("A-2")).await.unwrap().unwrap().appeal;
    work(&store, "A-2", answer(AppealField::TxId, "0xfeed")).await;
    work(&store, "A-2", ask()).await;
    let words = Work::Answer {
        fields: BTreeMap::from([
            (AppealField::Text, "it was on monday".to_owned()),
            (AppealField::TxId, "0xbeef".to_owned()),
        ]),
        unasked: false,
    };
    work(&store, "A-2", words).await;
    let now_said = store.appeal(&id("A-2")).await.unwrap().unwrap().appeal;
    assert_eq!(now_said.claimed_txid, "0xbeef");
    assert_eq!(
        now_said.free_text,
        format!("{}\nit was on monday", first.free_text)
    );
    assert_eq!(now_said.claimed_amount, first.claimed_amount);
    // Matching reads the same, and the first words are there.
    let listed = store
        .list_appeals(&Default::default(), None, 10)
        .await
        .unwrap();
    assert!(
        listed
            .appeals
            .iter()
            .any(|stored| stored.appeal == now_said)
    );
    assert_eq!(
        store.original_appeal(&id("A-2")).await.unwrap(),
        Some(first.clone())
    );
    // The same file again changes nothing.
    let again = store.import_appeals(vec![first], now()).await.unwrap();
    assert_eq!(again.unchanged, 1);
    assert_eq!(
        store.appeal(&id("A-2")).await.unwrap().unwrap().appeal,
        now_said
    );
    assert_sound(&store).await;
}

pub async fn what_a_person_decided_is_not_matched_over(backend: Backend) {
    let (store, deposit) = prepared(&backend).await;
    let other = found(&store, "0x2").await;
    work(
        &store,
        "A-1",
        Work::Confirm {
            deposit: deposit.id(),
        },
    )
    .await;
    let correct = Work::Correct {
        deposit: Some(other.id()),
        reason: reason(),
    };
    work(&store, "A-2", correct.clone()).await;
    work(
        &store,
        "A-3",
        Work::Correct {
            deposit: None,
            reason: reason(),
        },
    )
    .await;
    assert_eq!(
        work(&store, "A-2", correct).await,
        ActAnswer::Repeated(AppealStatus::Matched)
    );
    // A run of matching that says otherwise.
    let outcomes = vec![
        outcome("A-1", None, MatchDecision::None),
        outcome("A-2", Some(deposit.id()), MatchDecision::Auto),
        outcome("A-3", Some(deposit.id()), MatchDecision::Conflict),
    ];
    store.put_match_outcomes(outcomes, later(9)).await.unwrap();
    let stands = async |appeal: &str| {
        let outcome = store.match_outcome(&id(appeal)).await.unwrap().unwrap();
        (status(&store, appeal).await, outcome.deposit)
    };
    assert_eq!(
        stands("A-1").await,
        (AppealStatus::Matched, Some(deposit.id()))
    );
    assert_eq!(
        stands("A-2").await,
        (AppealStatus::Matched, Some(other.id()))
    );
    assert_eq!(stands("A-3").await, (AppealStatus::NoMatch, None));
    // What models learn from.
    let truth = store.truth_page("", 10).await.unwrap();
    let told: Vec<_> = truth
        .iter()
        .map(|truth| (truth.appeal.as_str(), truth.decision, truth.deposit.clone()))
        .collect();
    assert_eq!(
        told,
        [
            ("A-1", TruthDecision::Confirmed, Some(deposit.id())),
            ("A-2", TruthDecision::Corrected, Some(other.id())),
            ("A-3", TruthDecision::None, None),
        ]
    );
    assert_eq!(
        truth[0].model,
        Some((Some(deposit.id()), MatchDecision::Review, 987_654))
    );
    assert_eq!(truth[1].model, None, "matching had said nothing of it");
    assert_eq!(store.truth_page("A-1", 10).await.unwrap().len(), 2);
    // A changed file does not undo it; taking the match back does.
    let mut changed = appeal("A-1", "u1");
    changed.free_text = "please".into();
    store
        .import_appeals(vec![changed], later(10))
        .await
        .unwrap();
    assert_eq!(status(&store, "A-1").await, AppealStatus::Matched);
    store.undo_match(&id("A-1"), "no", by("sue")).await.unwrap();
    assert_eq!(store.truth_page("", 10).await.unwrap().len(), 2);
    assert_eq!(status(&store, "A-1").await, AppealStatus::Received);
    assert_sound(&store).await;
}

pub async fn one_deposit_has_one_owner_however_many_confirm_it(backend: Backend) {
    let (store, deposit) = prepared(&backend).await;
    let users: Vec<_> = (0..16)
        .map(|user| appeal(&format!("B-{user}"), &format!("v{user}")))
        .collect();
    let ids: Vec<AppealId> = users.iter().map(|appeal| appeal.id.clone()).collect();
    store.import_appeals(users, now()).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for id in ids {
        let (store, deposit) = (store.clone(), deposit.id());
        tasks.spawn(async move {
            let work = Work::Correct {
                deposit: Some(deposit),
                reason: reason(),
            };
            store
                .work_on_appeal(&id, work, as_of("sue", 1))
                .await
                .unwrap()
        });
    }
    let answers = tasks.join_all().await;
    let won = answers
        .iter()
        .filter(|answer| matches!(answer, ActAnswer::Done(_)))
        .count();
    assert_eq!(won, 1);
    for answer in answers {
        if let ActAnswer::Refused { refusal, .. } = answer {
            assert_eq!(refusal, WorkRefusal::DepositConfirmedElsewhere);
        }
    }
    assert_eq!(store.truth_page("", 100).await.unwrap().len(), 1);
    assert_sound(&store).await;
}

pub async fn duplicates_are_of_one_user_and_end_nowhere_in_a_ring(backend: Backend) {
    let (store, _) = prepared(&backend).await;
    let of = |other: &str| Work::Duplicate { of: id(other) };
    assert_eq!(
        refused(work(&store, "A-1", of("A-2")).await),
        WorkRefusal::OtherUser
    );
    assert_eq!(
        refused(work(&store, "A-1", of("A-1")).await),
        WorkRefusal::SameAppeal
    );
    assert_eq!(
        work(&store, "A-1", of("A-9")).await,
        ActAnswer::NotFound("appeal")
    );
    assert_eq!(
        work(&store, "A-3", of("A-1")).await,
        ActAnswer::Done(AppealStatus::Duplicate)
    );
    assert_eq!(
        refused(work(&store, "A-1", of("A-3")).await),
        WorkRefusal::SameAppeal
    );
}

pub async fn a_claim_stands_in_the_way_and_shows_in_the_queue(backend: Backend) {
    let (store, deposit) = prepared(&backend).await;
    let request = OpenRequest {
        appeal: Some(id("A-1")),
        ..request()
    };
    let claim = done(
        store
            .open_claim(&deposit.id(), request, by("sam"))
            .await
            .unwrap(),
    );
    for stopped in [
        ask(),
        Work::Correct {
            deposit: None,
            reason: reason(),
        },
        Work::Duplicate { of: id("A-3") },
        Work::Refuse {
            code: RefusalCode::NotFound,
            reason: reason(),
        },
        Work::Close { reason: reason() },
    ] {
        let answer = work(&store, "A-1", stopped.clone()).await;
        let ActAnswer::Refused { refusal, by, .. } = answer else {
            panic!("{stopped:?}: {answer:?}");
        };
        assert_eq!(
            (refusal, by),
            (WorkRefusal::ClaimOpen, claim.id.to_string()),
            "{stopped:?}"
        );
    }
    let confirmed = work(
        &store,
        "A-1",
        Work::Confirm {
            deposit: deposit.id(),
        },
    )
    .await;
    assert_eq!(
        confirmed,
        ActAnswer::Done(AppealStatus::Matched),
        "it is the claim's deposit"
    );
    let levels = ServiceLevels::default();
    let next = async || {
        store
            .queued_appeal(&id("A-1"), &levels)
            .await
            .unwrap()
            .unwrap()
            .step
            .action
    };
    assert_eq!(next().await, NextAction::FollowClaim);
    let cancel = Command::Cancel { reason: reason() };
    super::world::stepped(&store, &claim, cancel, by("sam")).await;
    assert_eq!(next().await, NextAction::OpenClaim);
    assert_eq!(
        work(&store, "A-1", ask()).await,
        ActAnswer::Done(AppealStatus::NeedsInfo)
    );
}

pub async fn a_dry_run_keeps_nothing(backend: Backend) {
    let (store, deposit) = prepared(&backend).await;
    let before = entries(&store).await;
    let dry = ActContext {
        dry_run: true,
        ..as_of("sue", 1)
    };
    for work in [
        ask(),
        Work::Confirm {
            deposit: deposit.id(),
        },
        Work::Close { reason: reason() },
        Work::Note { text: "hm".into() },
    ] {
        let answer = store
            .work_on_appeal(&id("A-1"), work, dry.clone())
            .await
            .unwrap();
        assert!(matches!(answer, ActAnswer::Done(_)));
    }
    store.refresh_queue(&|_| {}).await.unwrap();
    let taken = store
        .take_next_appeal(&ServiceLevels::default(), dry)
        .await
        .unwrap();
    assert!(matches!(taken, Taken::New(_)), "{taken:?}");
    assert_eq!(status(&store, "A-1").await, AppealStatus::Matched);
    assert!(store.appeal_acts(&id("A-1")).await.unwrap().is_empty());
    assert!(store.truth_page("", 10).await.unwrap().is_empty());
    assert!(store.appeal_notes(&id("A-1")).await.unwrap().is_empty());
    assert_eq!(entries(&store).await, before);
}

pub async fn sixty_four_takers_get_sixty_four_appeals(backend: Backend) {
    let store = founded(&backend).await;
    let rows: Vec<_> = (0..80)
        .map(|number| appeal(&format!("A-{number:02}"), "u"))
        .collect();
    let outcomes = rows
        .iter()
        .map(|appeal| outcome(appeal.id.as_str(), None, MatchDecision::None))
        .collect();
    store.import_appeals(rows, now()).await.unwrap();
    store.put_match_outcomes(outcomes, now()).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..64 {
        let store = store.clone();
        tasks.spawn(async move {
            let context = as_of(&format!("person {number}"), 1);
            store
                .take_next_appeal(&ServiceLevels::default(), context)
                .await
                .unwrap()
        });
    }
    let taken: BTreeSet<String> = tasks
        .join_all()
        .await
        .into_iter()
        .map(|taken| match taken {
            Taken::New(id) => id.to_string(),
            other => panic!("{other:?}"),
        })
        .collect();
    // All are as urgent and as old as each other: the first by id.
    let expected: BTreeSet<String> = (0..64).map(|number| format!("A-{number:02}")).collect();
    assert_eq!(taken, expected);
    assert_sound(&store).await;
}

pub async fn a_lease_lapses_and_the_appeal_is_given_out_again(backend: Backend) {
    let store = founded(&backend).await;
    let rows = vec![appeal("A-1", "u"), appeal("A-2", "u")];
    store.import_appeals(rows, now()).await.unwrap();
    let none = |id: &str| outcome(id, None, MatchDecision::None);
    store
        .put_match_outcomes(vec![none("A-1"), none("A-2")], now())
        .await
        .unwrap();
    let take = async |person: &str, seconds| {
        store
            .take_next_appeal(&ServiceLevels::default(), as_of(person, seconds))
            .await
            .unwrap()
    };
    let half_hour = 30 * 60;
    assert_eq!(take("ann", 0).await, Taken::New(id("A-1")));
    assert_eq!(take("ann", 60).await, Taken::Still(id("A-1")));
    assert_eq!(take("bob", 70).await, Taken::New(id("A-2")));
    assert_eq!(take("cleo", 80).await, Taken::Nothing);
    // Ann came back a minute later, so her time ends a minute after the half hour.
    assert_eq!(take("cleo", half_hour).await, Taken::Nothing);
    assert_eq!(take("cleo", half_hour + 61).await, Taken::New(id("A-1")));
    // What was given for good stays; what is done is no longer held.
    let keep = Work::Assign {
        to: Some("bob".into()),
        take_over: false,
    };
    work(&store, "A-2", keep).await;
    assert_eq!(take("dan", half_hour + 62).await, Taken::Nothing);
    assert_eq!(take("dan", 2 * half_hour + 62).await, Taken::New(id("A-1")));
    work(&store, "A-1", ask()).await;
    assert_eq!(take("dan", 2 * half_hour + 63).await, Taken::Nothing);
    assert_sound(&store).await;
}
