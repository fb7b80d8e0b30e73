//! Matches taken back: what goes with them, what stops it, and what stays remembered.

use super::appeals::{appeal, outcome};
use super::world::{
    acknowledge, approve, assert_sound, by, by_at, done, founded, instruct, later, pending_with,
    prepared, quote, request, screen, status_of, stepped,
};
use super::{Backend, deposit, imported, now};
use recover_core::appeal::{AppealId, AppealStatus, MatchDecision};
use recover_core::claim::{Claim, ClaimStatus, OpenRequest, Refusal};
use recover_core::deposit::{Deposit, DepositStatus};
use recover_core::observation::DepositId;
use recover_store::{Store, UndoAnswer};

fn first() -> AppealId {
    AppealId::verbatim("A-1")
}

/// One deposit that is matched to the first of two appeals.
async fn matched(backend: &Backend) -> (Store, Deposit) {
    let (store, deposit) = prepared(backend).await;
    store
        .import_appeals(vec![appeal("A-1", "u1"), appeal("A-2", "u2")], now())
        .await
        .unwrap();
    propose(&store, "A-1", &deposit.id()).await;
    (store, deposit)
}

async fn propose(store: &Store, appeal: &str, deposit: &DepositId) {
    let outcomes = vec![outcome(
        appeal,
        Some(deposit.clone()),
        MatchDecision::Review,
    )];
    store.put_match_outcomes(outcomes, now()).await.unwrap();
}

async fn claimed(store: &Store, deposit: &Deposit) -> Claim {
    let request = OpenRequest {
        appeal: Some(first()),
        ..request()
    };
    let answer = store
        .open_claim(&deposit.id(), request, by("sam"))
        .await
        .unwrap();
    done(answer)
}

async fn undo(store: &Store, seconds: i64) -> UndoAnswer {
    store
        .undo_match(&first(), "the wrong customer", by_at("sue", later(seconds)))
        .await
        .unwrap()
}

async fn appeal_status(store: &Store) -> AppealStatus {
    store.appeal(&first()).await.unwrap().unwrap().status
}

pub async fn taking_a_match_back_cancels_its_claim_and_frees_the_deposit(backend: Backend) {
    let (store, deposit) = matched(&backend).await;
    let claim = claimed(&store, &deposit).await;
    let claim = pending_with(&store, &claim, quote(10)).await;
    let claim = stepped(&store, &claim, approve(&claim), by("wim")).await;
    let events = store.export_log(0, 100).await.unwrap().len();

    let mut dry = by_at("sue", later(5));
    dry.dry_run = true;
    let expected = UndoAnswer::Done {
        deposit: deposit.id(),
        claim: Some(claim.id.clone()),
    };
    let answer = store.undo_match(&first(), "a try", dry).await.unwrap();
    assert_eq!(answer, expected);
    assert_eq!(store.export_log(0, 100).await.unwrap().len(), events);
    assert!(store.undone_matches(None).await.unwrap().is_empty());
    assert_eq!(appeal_status(&store).await, AppealStatus::Matched);

    assert_eq!(undo(&store, 10).await, expected);
    let ended = store.claim(&claim.id).await.unwrap().unwrap();
    assert_eq!(
        (ended.status, ended.closing_reason.as_deref()),
        (ClaimStatus::Cancelled, Some("the wrong customer"))
    );
    assert_eq!(status_of(&store, &deposit.id()).await, DepositStatus::Open);
    let received = store.appeal(&first()).await.unwrap().unwrap();
    assert_eq!(received.status, AppealStatus::Received);
    let because = received.status_reason.unwrap();
    assert!(
        because.contains("sue") && because.contains("the wrong customer"),
        "{because}"
    );
    assert_eq!(store.match_outcome(&first()).await.unwrap(), None);
    assert!(
        store.claimants_of(&deposit.id()).await.unwrap().is_empty(),
        "the user is nobody's rival any more"
    );
    let undone = store.undone_matches(Some(&first())).await.unwrap();
    assert_eq!(undone.len(), 1);
    assert_eq!(
        (
            &undone[0].deposit,
            undone[0].person.as_str(),
            undone[0].reason.as_str(),
            undone[0].at
        ),
        (&deposit.id(), "sue", "the wrong customer", later(10))
    );
    let log = store.export_log(0, 100).await.unwrap();
    let said: Vec<&str> = log[events..]
        .iter()
        .map(|entry| entry.command.as_str())
        .collect();
    assert_eq!(said, ["cancel", "match_undo"]);
    assert_sound(&store).await;
    // A second time there is nothing to take back.
    assert_eq!(undo(&store, 20).await, UndoAnswer::NotMatched);
}

pub async fn a_pair_taken_back_is_not_stored_again_and_a_person_can_still_name_it(
    backend: Backend,
) {
    let (store, deposit) = matched(&backend).await;
    assert_eq!(
        undo(&store, 1).await,
        UndoAnswer::Done {
            deposit: deposit.id(),
            claim: None
        }
    );
    // A run of matching that had read the appeals before.
    propose(&store, "A-1", &deposit.id()).await;
    assert_eq!(store.match_outcome(&first()).await.unwrap(), None);
    assert_eq!(appeal_status(&store).await, AppealStatus::Received);
    // Another appeal is free to have it.
    propose(&store, "A-2", &deposit.id()).await;
    assert_eq!(
        store.claimants_of(&deposit.id()).await.unwrap(),
        ["u2".to_owned()]
    );
    let other = AppealId::verbatim("A-2");
    store
        .set_appeal_status(&other, AppealStatus::Refused, Some("no"), now())
        .await
        .unwrap();
    // A person may still decide for the pair, and take it back again.
    let claim = claimed(&store, &deposit).await;
    assert_eq!(
        undo(&store, 30).await,
        UndoAnswer::Done {
            deposit: deposit.id(),
            claim: Some(claim.id)
        }
    );
    let undone = store.undone_matches(None).await.unwrap();
    assert_eq!((undone.len(), undone[0].at), (1, later(30)));
    assert_sound(&store).await;
}

pub async fn what_a_file_tells_of_the_same_transfer_is_taken_back_with_it(backend: Backend) {
    let store = founded(&backend).await;
    let (seen, told) = (deposit("0x1", 10), imported("D-1", "0x1"));
    store
        .upsert_observed(vec![seen.clone()], now())
        .await
        .unwrap();
    let elsewhere = imported("D-2", "0x2");
    store
        .import_deposits(vec![told.clone(), elsewhere], now())
        .await
        .unwrap();
    store
        .import_appeals(vec![appeal("A-1", "u1")], now())
        .await
        .unwrap();
    // Matching names the file's row, a person opened the claim on what was seen.
    propose(&store, "A-1", &told.id()).await;
    let claim = claimed(&store, &seen).await;
    assert_eq!(
        undo(&store, 1).await,
        UndoAnswer::Done {
            deposit: seen.id(),
            claim: Some(claim.id)
        }
    );
    assert_eq!(store.match_outcome(&first()).await.unwrap(), None);
    let excluded = store.excluded_pairs().await.unwrap();
    assert_eq!(excluded.len(), 1);
    assert_eq!(excluded[&first()], [seen.id(), told.id()].into());
}

pub async fn nothing_is_taken_back_once_a_package_is_out_or_the_money_booked(backend: Backend) {
    let (store, deposit) = matched(&backend).await;
    let claim = claimed(&store, &deposit).await;
    let claim = pending_with(&store, &claim, quote(10)).await;
    let refused = |refusal| UndoAnswer::Refused {
        claim: claim.id.clone(),
        refusal,
    };
    let held = stepped(&store, &claim, screen(false), by_at("cat", later(100))).await;
    assert_eq!(undo(&store, 101).await, refused(Refusal::OnHold));
    let cleared = stepped(&store, &held, screen(true), by_at("cat", later(200))).await;
    let cleared = stepped(
        &store,
        &cleared,
        approve(&cleared),
        by_at("wil", later(201)),
    )
    .await;
    let ready = stepped(
        &store,
        &cleared,
        approve(&cleared),
        by_at("wim", later(202)),
    )
    .await;
    let out = stepped(&store, &ready, instruct(), by_at("tom", later(203))).await;
    assert_eq!(undo(&store, 204).await, refused(Refusal::PackageLive));
    let events = store.export_log(0, 100).await.unwrap().len();
    let settled = stepped(&store, &out, acknowledge(&out), by_at("tom", later(205))).await;
    assert_eq!(settled.status, ClaimStatus::Settled);
    assert_eq!(undo(&store, 206).await, refused(Refusal::AlreadyMoved));
    assert_eq!(store.export_log(0, 100).await.unwrap().len(), events + 1);
    assert!(store.undone_matches(None).await.unwrap().is_empty());
    assert_eq!(appeal_status(&store).await, AppealStatus::Matched);
}

pub async fn what_people_decided_about_an_appeal_stays(backend: Backend) {
    let (store, deposit) = matched(&backend).await;
    store
        .set_appeal_status(&first(), AppealStatus::Closed, Some("done"), now())
        .await
        .unwrap();
    let claim = claimed(&store, &deposit).await;
    assert_eq!(
        undo(&store, 1).await,
        UndoAnswer::Decided(AppealStatus::Closed)
    );
    // All of it or nothing: the claim goes on.
    let still = store.claim(&claim.id).await.unwrap().unwrap();
    assert_eq!(still.status, ClaimStatus::Draft);
    assert_sound(&store).await;
    let nobody = AppealId::verbatim("A-9");
    let answer = store.undo_match(&nobody, "why", by("sue")).await.unwrap();
    assert_eq!(answer, UndoAnswer::NotFound);
}

pub async fn a_remembered_pair_that_was_changed_behind_the_program_is_found(backend: Backend) {
    let (store, _) = matched(&backend).await;
    undo(&store, 1).await;
    assert_sound(&store).await;
    store.close().await;
    backend.raw("DELETE FROM match_undone").await.unwrap();
    let store = backend.open().await;
    let check = store.verify_log(&[]).await.unwrap();
    assert_eq!(check.problems.len(), 1, "{:?}", check.problems);
    assert!(
        check.problems[0].contains("match_undone"),
        "{:?}",
        check.problems
    );
}
