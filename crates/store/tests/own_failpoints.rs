//! What is left when the program ends on either side of a commit. Runs with `--features failpoints` only.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[allow(dead_code, reason = "the suite's own tests run elsewhere")]
mod suite;

use recover_core::claim::{ClaimStatus, Command};
use recover_store::{ClaimAnswer, Store};
use suite::Backend;
use suite::world::{accept, assert_sound, by, done, opened, prepared, quote, read};

/// Ends the task of a step as a crash would: it never answers.
async fn crashed(store: &Store, claim: &recover_core::claim::Claim, command: Command, point: &str) {
    fail::cfg(point, "panic").unwrap();
    let (store, claim) = (store.clone(), claim.clone());
    let step = tokio::spawn(async move {
        store
            .step_claim(&claim.id, claim.revision, command, by("sam"))
            .await
    });
    assert!(step.await.unwrap_err().is_panic());
    fail::remove(point);
}

async fn both_sides(backend: Backend) {
    let (store, deposit) = prepared(&backend).await;
    let claim = opened(&store, &deposit.id()).await;
    crashed(&store, &claim, quote(10), "claim.quote.before_commit").await;
    assert_eq!(read(&store, &claim.id).await, claim, "nothing was kept");
    let again = store.step_claim(&claim.id, 1, quote(10), by("sam")).await;
    let quoted = done(again.unwrap());

    crashed(&store, &quoted, accept(), "claim.accept.after_commit").await;
    let kept = read(&store, &claim.id).await;
    assert_eq!(kept.status, ClaimStatus::Accepted, "all of it was kept");
    let again = store
        .step_claim(&claim.id, 1, accept(), by("sam"))
        .await
        .unwrap();
    assert_eq!(again, ClaimAnswer::Repeated(kept));
    assert_eq!(store.claim_events(&claim.id).await.unwrap().len(), 3);
    assert_sound(&store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_on_either_side_of_a_commit_leaves_all_or_nothing() {
    both_sides(Backend::sqlite()).await;
    both_sides(Backend::postgres()).await;
}
