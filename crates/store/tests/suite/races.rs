//! Many at once: whatever they try, one slot has one package, one claim is released once, and no sum is raced.

use super::world::{
    approve, approved_sweep, assert_sound, by, found, founded, instruct, keyed, pending_with,
    prepare, quote, read, request, rules, stepped, transfer, valued,
};
use super::{Backend, ethereum};
use recover_core::amount::Amount;
use recover_core::claim::{Claim, ClaimStatus, Refusal};
use recover_core::fee::Cents;
use recover_store::{ClaimAnswer, ClaimContext, Store};

/// How many rounds of a race: 20 unless the environment says otherwise (`RACE_ROUNDS=1000`).
fn rounds() -> u32 {
    std::env::var("RACE_ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(20)
}

pub async fn one_of_64_has_the_slot(backend: Backend) {
    let store = founded(&backend).await;
    let mut claims = Vec::new();
    for number in 0..64 {
        claims.push(approved_sweep(&store, &format!("0x{number}")).await);
    }
    let mut tasks = tokio::task::JoinSet::new();
    for claim in claims {
        let store = store.clone();
        tasks.spawn(async move {
            store
                .step_claim(
                    &claim.id,
                    claim.revision,
                    prepare(&transfer(), 7),
                    by("tom"),
                )
                .await
                .unwrap()
        });
    }
    let answers = tasks.join_all().await;
    let won = answers
        .iter()
        .filter(|answer| matches!(answer, ClaimAnswer::Done(_)))
        .count();
    let refused = answers
        .iter()
        .filter(|answer| **answer == ClaimAnswer::Refused(Refusal::SlotTaken))
        .count();
    assert_eq!((won, refused), (1, 63));
    assert_eq!(store.reservations(&ethereum()).await.unwrap().len(), 1);
    assert_sound(&store).await;
}

async fn round(store: &Store, number: u32) {
    let deposit = found(store, &format!("0xround{number}")).await;
    let claim = super::world::opened(store, &deposit.id()).await;
    let claim = pending_with(store, &claim, quote(10)).await;
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..64_u32 {
        let (store, claim) = (store.clone(), claim.clone());
        tasks.spawn(async move {
            let key = format!("round {number} task {task}");
            let (name, command) = match task % 4 {
                0 => ("wim", approve(&claim)),
                1 => ("wil", approve(&claim)),
                2 => ("wes", approve(&claim)),
                _ => (["tom", "tia"][task as usize / 4 % 2], instruct()),
            };
            let is_release = task % 4 == 3;
            // A releaser comes again until the quorum is there.
            for attempt in 0..200 {
                let context = keyed(name, &format!("{key} {attempt}"));
                let answer = store
                    .step_claim(&claim.id, claim.revision, command.clone(), context)
                    .await
                    .unwrap();
                match answer {
                    ClaimAnswer::Done(_) => return (is_release, true),
                    ClaimAnswer::Refused(Refusal::StatusWrong) if is_release => {
                        let now = read(&store, &claim.id).await;
                        if now.status != ClaimStatus::PendingApproval {
                            return (is_release, false);
                        }
                        tokio::task::yield_now().await;
                    }
                    ClaimAnswer::Refused(_) => return (is_release, false),
                    other => panic!("{other:?}"),
                }
            }
            (is_release, false)
        });
    }
    let answers = tasks.join_all().await;
    let count = |wanted| answers.iter().filter(|answer| **answer == wanted).count();
    let now = read(store, &claim.id).await;
    assert_eq!(count((false, true)), 2, "votes of round {number}");
    // Where every releaser gave up too early nothing was released; one more releases it.
    if now.status == ClaimStatus::Approved {
        assert_eq!(count((true, true)), 0);
        stepped(
            store,
            &now,
            instruct(),
            keyed("tom", &format!("last {number}")),
        )
        .await;
    } else {
        assert_eq!(count((true, true)), 1, "releases of round {number}");
    }
    let now = read(store, &claim.id).await;
    assert_eq!(now.status, ClaimStatus::Instructed);
    assert_eq!((now.approvals.len(), now.execution.attempts), (2, 1));
    assert_eq!(store.packages(&claim.id).await.unwrap().len(), 1);
}

pub async fn approvers_and_releasers_at_once_release_once(backend: Backend) {
    // A new database now and then: the sums of a week are read over every claim before.
    for start in (0..rounds()).step_by(50) {
        let fresh = match &backend {
            Backend::Sqlite(_) => Backend::sqlite(),
            Backend::Postgres(_) => Backend::postgres(),
        };
        let store = founded(&fresh).await;
        for number in start..rounds().min(start + 50) {
            round(&store, number).await;
        }
        assert_sound(&store).await;
        store.close().await;
    }
}

/// Twelve claims of 100.00 under a limit of 500.00 a day, released by twelve at once: five go, whoever is first.
pub async fn a_days_limit_is_not_raced(backend: Backend) {
    let store = founded(&backend).await;
    let mut claims: Vec<Claim> = Vec::new();
    for number in 0..12 {
        let deposit = found(&store, &format!("0x{number}")).await;
        let opened = store
            .open_claim(&deposit.id(), request(), by("sam"))
            .await
            .unwrap();
        let claim = opened.claim().unwrap().clone();
        let priced = valued(10, 10_000, vec![super::world::credit(10)]);
        let claim = pending_with(&store, &claim, priced).await;
        let claim = stepped(&store, &claim, approve(&claim), by("wim")).await;
        claims.push(stepped(&store, &claim, approve(&claim), by("wil")).await);
    }
    let limited = || {
        let mut rules = rules();
        rules.approval.day_release_max = Cents(Amount::from_u128(50_000));
        ClaimContext {
            policies: vec![rules],
            ..by("tom")
        }
    };
    let mut tasks = tokio::task::JoinSet::new();
    for claim in claims {
        let (store, context) = (store.clone(), limited());
        tasks.spawn(async move {
            store
                .step_claim(&claim.id, claim.revision, instruct(), context)
                .await
                .unwrap()
        });
    }
    let answers = tasks.join_all().await;
    let gone = answers
        .iter()
        .filter(|answer| matches!(answer, ClaimAnswer::Done(_)))
        .count();
    let refused = answers
        .iter()
        .filter(|answer| **answer == ClaimAnswer::Refused(Refusal::DayLimitReached))
        .count();
    assert_eq!((gone, refused), (5, 7));
    assert_sound(&store).await;
}
