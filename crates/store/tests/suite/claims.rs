use super::appeals::{appeal, outcome};
use super::world::{
    accept, approve, by, by_at, done, opened, pending, prepared, quote, refusal, request, screen,
    status_of, stepped,
};
use super::{Backend, at, block, deposit, ethereum, imported, now};
use recover_core::amount::Amount;
use recover_core::appeal::{AppealId, AppealStatus, MatchDecision};
use recover_core::claim::{Claim, ClaimId, ClaimStatus, Command, OpenRequest, Refusal};
use recover_core::deposit::{Deposit, DepositStatus, Origin};
use recover_core::observation::DepositId;
use recover_core::verdict::{How, Verdict};
use recover_store::{ClaimAnswer, ClaimContext, ClaimFilter};

pub async fn a_claim_comes_back_as_each_step_left_it(backend: Backend) {
    let (store, deposit) = prepared(&backend).await;
    store
        .import_appeals(vec![appeal("A-1", "u1")], now())
        .await
        .unwrap();
    let with_appeal = OpenRequest {
        appeal: Some(AppealId::verbatim("A-1")),
        beneficiary: Some("u1".into()),
        destination: Some("0xdest".into()),
        ..request()
    };
    let same = async |claim: &Claim| {
        assert_eq!(store.claim(&claim.id).await.unwrap().as_ref(), Some(claim));
    };
    let claim = done(
        store
            .open_claim(&deposit.id(), with_appeal, by("sam"))
            .await
            .unwrap(),
    );
    same(&claim).await;
    let claim = stepped(&store, &claim, screen(false), by("cat")).await;
    assert!(claim.hold.is_some());
    same(&claim).await;
    let claim = stepped(&store, &claim, screen(true), by("cat")).await;
    assert!(claim.hold.is_none() && claim.rescreening.is_some());
    same(&claim).await;
    for command in [quote(10), quote(20), accept()] {
        let claim = store.claim(&claim.id).await.unwrap().unwrap();
        same(&stepped(&store, &claim, command, by("sam")).await).await;
    }
    let claim = store.claim(&claim.id).await.unwrap().unwrap();
    let claim = stepped(&store, &claim, screen(true), by("cat")).await;
    same(&claim).await;
    // A second screening renews the age and leaves the content as it is.
    let digest = claim.content_digest();
    let claim = stepped(
        &store,
        &claim,
        screen(true),
        by_at("cat", at(1_800_000_060)),
    )
    .await;
    assert!(claim.screening.is_some() && claim.rescreening.is_some());
    assert_eq!(claim.content_digest(), digest);
    same(&claim).await;
    let first = stepped(&store, &claim, approve(&claim), by("wim")).await;
    assert_eq!(first.status, ClaimStatus::PendingApproval);
    same(&first).await;
    let second = stepped(
        &store,
        &first,
        approve(&first),
        by_at("wil", at(1_800_000_061)),
    )
    .await;
    assert_eq!(
        (second.status, second.approvals.len()),
        (ClaimStatus::Approved, 2)
    );
    same(&second).await;
    let decided = second.approved.as_ref().unwrap();
    assert_eq!(
        (decided.tier.as_str(), decided.voters.len(), decided.alone),
        ("T1", 2, false)
    );
    let reject = Command::Reject {
        reason: "wrong user".into(),
    };
    let ended = stepped(&store, &second, reject, by("wim")).await;
    assert_eq!(ended.status, ClaimStatus::Rejected);
    let stored = store.claim(&claim.id).await.unwrap().unwrap();
    assert_eq!(
        (stored.status, stored.closing_reason.as_deref()),
        (ClaimStatus::Rejected, Some("wrong user"))
    );
    assert_eq!(status_of(&store, &deposit.id()).await, DepositStatus::Open);
    let check = store.verify_log(&[]).await.unwrap();
    assert_eq!((check.events, check.problems), (12, vec![]));
}

pub async fn one_open_claim_a_deposit_however_many_ask(backend: Backend) {
    let (store, deposit) = prepared(&backend).await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..16 {
        let (store, id) = (store.clone(), deposit.id());
        tasks.spawn(async move {
            let asker = by(&format!("specialist{number}"));
            store.open_claim(&id, request(), asker).await.unwrap()
        });
    }
    let answers = tasks.join_all().await;
    let opened = answers
        .iter()
        .filter(|answer| matches!(answer, ClaimAnswer::Done(_)))
        .count();
    let taken = answers
        .iter()
        .filter(|answer| **answer == ClaimAnswer::Refused(Refusal::DepositTaken))
        .count();
    assert_eq!((opened, taken), (1, 15), "{answers:?}");
    assert_eq!(
        status_of(&store, &deposit.id()).await,
        DepositStatus::Claimed
    );
    let of_deposit = ClaimFilter {
        deposit: Some(deposit.id()),
        ..ClaimFilter::default()
    };
    assert_eq!(
        store
            .list_claims(&of_deposit, None, 9)
            .await
            .unwrap()
            .claims
            .len(),
        1
    );
}

pub async fn the_database_itself_refuses_a_second_open_claim(backend: Backend) {
    let (store, deposit) = prepared(&backend).await;
    let claim = opened(&store, &deposit.id()).await;
    let copy = "INSERT INTO claim SELECT 'clm_copy', deposit_id, 2, deposit_block, asset, amount, appeal_id, beneficiary,
        destination, resolution, revision, status, is_open, hold_person, hold_since, hold_reason, policy_version,
        content_digest, involved, opened_by, opened_at, updated_at, closing_reason, content_rule, approved_at, approved_tier,
        approved_voters, approved_alone, done, attempts, NULL, NULL FROM claim";
    let refused = backend.raw(copy).await.unwrap_err();
    assert!(
        refused.contains("claim_open_once") || refused.contains("claim.deposit_id"),
        "{refused}"
    );
    let lie = format!("UPDATE claim SET is_open = 0 WHERE id = '{}'", claim.id);
    let refused = backend.raw(&lie).await.unwrap_err();
    assert!(refused.to_lowercase().contains("check"), "{refused}");
}

pub async fn approvals_at_once_approve_once(backend: Backend) {
    let (store, deposit) = prepared(&backend).await;
    let claim = pending(&store, &deposit.id()).await;
    let mut tasks = tokio::task::JoinSet::new();
    for round in 0..12 {
        let (store, claim) = (store.clone(), claim.clone());
        tasks.spawn(async move {
            let voter = ["wim", "wil", "wes"][round % 3];
            // Keys of their own: each is a command, not a repeat.
            let context = ClaimContext {
                key: Some(format!("key {round}")),
                ..by(voter)
            };
            let answer = store.step_claim(&claim.id, claim.revision, approve(&claim), context);
            answer.await.unwrap()
        });
    }
    let answers = tasks.join_all().await;
    let votes = answers
        .iter()
        .filter(|answer| matches!(answer, ClaimAnswer::Done(_)))
        .count();
    assert_eq!(
        votes, 2,
        "two votes are enough, the rest comes too late: {answers:?}"
    );
    let stored = store.claim(&claim.id).await.unwrap().unwrap();
    assert_eq!(
        (stored.status, stored.approvals.len()),
        (ClaimStatus::Approved, 2)
    );
    assert_ne!(stored.approvals[0].person, stored.approvals[1].person);
}

pub async fn a_repeated_command_is_answered_and_not_carried_out_again(backend: Backend) {
    let (store, deposit) = prepared(&backend).await;
    let claim = opened(&store, &deposit.id()).await;
    let again = store
        .open_claim(&deposit.id(), request(), by("sam"))
        .await
        .unwrap();
    assert_eq!(again, ClaimAnswer::Repeated(claim.clone()));
    let quoted = stepped(&store, &claim, quote(10), by("sam")).await;
    let again = store
        .step_claim(&claim.id, 1, quote(10), by("sam"))
        .await
        .unwrap();
    assert_eq!(again, ClaimAnswer::Repeated(quoted.clone()));
    // The same key for another command.
    let keyed = |name: &str| ClaimContext {
        key: Some("k".into()),
        ..by(name)
    };
    let accepted = stepped(&store, &quoted, accept(), keyed("sam")).await;
    let again = store
        .step_claim(&claim.id, 1, accept(), keyed("sam"))
        .await
        .unwrap();
    assert_eq!(again, ClaimAnswer::Repeated(accepted));
    let other = store
        .step_claim(&claim.id, 1, screen(true), keyed("cat"))
        .await
        .unwrap();
    assert_eq!(other, ClaimAnswer::KeyReused);
    assert_eq!(store.claim_events(&claim.id).await.unwrap().len(), 3);
}

pub async fn the_same_words_after_another_step_are_a_new_command(backend: Backend) {
    let (store, deposit) = prepared(&backend).await;
    let claim = opened(&store, &deposit.id()).await;
    let cancel = || Command::Cancel {
        reason: "by mistake".into(),
    };
    let ended = stepped(&store, &claim, cancel(), by("sam")).await;
    assert_eq!(ended.status, ClaimStatus::Cancelled);
    // Opening again after a cancelled claim is another claim, not a repeat of the first opening.
    let second = opened(&store, &deposit.id()).await;
    assert_ne!(second.id, claim.id);
    // Two holds with the same words and a clearing between them are three steps.
    let held = stepped(&store, &second, screen(false), by("cat")).await;
    let cleared = stepped(&store, &held, screen(true), by("cat")).await;
    let held_again = stepped(&store, &cleared, screen(false), by("cat")).await;
    assert!(held_again.hold.is_some());
    assert_eq!(store.claim_events(&second.id).await.unwrap().len(), 4);
}

pub async fn a_command_for_an_earlier_revision_is_refused(backend: Backend) {
    let (store, deposit) = prepared(&backend).await;
    let claim = opened(&store, &deposit.id()).await;
    let first = stepped(&store, &claim, quote(10), by("sam")).await;
    let second = stepped(&store, &first, quote(20), by("sam")).await;
    assert_eq!(second.revision, 2);
    assert_eq!(
        refusal(&store, &first, accept(), by("sue")).await,
        Refusal::RevisionDiffers
    );
    let nobody = ClaimId::verbatim("clm_0");
    let answer = store
        .step_claim(&nobody, 1, accept(), by("sam"))
        .await
        .unwrap();
    assert_eq!(answer, ClaimAnswer::NotFound("claim"));
    let nothing = DepositId::verbatim("dep_0");
    let answer = store
        .open_claim(&nothing, request(), by("sam"))
        .await
        .unwrap();
    assert_eq!(answer, ClaimAnswer::NotFound("deposit"));
    let no_appeal = OpenRequest {
        appeal: Some(AppealId::verbatim("A-9")),
        ..request()
    };
    let answer = store
        .open_claim(&deposit.id(), no_appeal, by("sam"))
        .await
        .unwrap();
    assert_eq!(answer, ClaimAnswer::NotFound("appeal"));
}

pub async fn a_vote_needs_ledger_screening_and_the_same_block(backend: Backend) {
    let (store, deposit) = prepared(&backend).await;
    let claim = pending(&store, &deposit.id()).await;
    let late = by_at("wim", at(1_800_007_200));
    assert_eq!(
        refusal(&store, &claim, approve(&claim), late).await,
        Refusal::ScreeningMissing
    );
    assert_eq!(
        refusal(&store, &claim, approve(&claim), by("sue")).await,
        Refusal::RoleMissing
    );
    let mut elsewhere = deposit.clone();
    if let Origin::Observed(seen) = &mut elsewhere.origin {
        seen.block = Some(block(11, "b"));
    }
    store.upsert_observed(vec![elsewhere], now()).await.unwrap();
    assert_eq!(
        status_of(&store, &deposit.id()).await,
        DepositStatus::Claimed
    );
    assert_eq!(
        refusal(&store, &claim, approve(&claim), by("wim")).await,
        Refusal::DepositChanged
    );
}

pub async fn outside_the_ledger_nothing_is_approved(backend: Backend) {
    let (store, _) = prepared(&backend).await;
    let mut late = deposit("0x2", 10);
    if let Origin::Observed(seen) = &mut late.origin {
        let mut block = block(12, "a");
        block.time = at(1_800_000_001);
        seen.block = Some(block);
    }
    store
        .upsert_observed(vec![late.clone()], now())
        .await
        .unwrap();
    let claim = pending(&store, &late.id()).await;
    assert_eq!(
        refusal(&store, &claim, approve(&claim), by("wim")).await,
        Refusal::LedgerCoverageMissing
    );
}

pub async fn rivals_freeze_a_deposit(backend: Backend) {
    let (store, deposit) = prepared(&backend).await;
    store
        .import_appeals(vec![appeal("A-1", "u1"), appeal("A-2", "u2")], now())
        .await
        .unwrap();
    let both = vec![
        outcome("A-1", Some(deposit.id()), MatchDecision::Conflict),
        outcome("A-2", Some(deposit.id()), MatchDecision::Conflict),
    ];
    store.put_match_outcomes(both, now()).await.unwrap();
    let answer = store
        .open_claim(&deposit.id(), request(), by("sam"))
        .await
        .unwrap();
    assert_eq!(answer, ClaimAnswer::Refused(Refusal::RivalAppeal));
    let stranger = AppealId::verbatim("A-2");
    store
        .set_appeal_status(&stranger, AppealStatus::Refused, Some("not theirs"), now())
        .await
        .unwrap();
    opened(&store, &deposit.id()).await;
}

pub async fn an_imported_deposit_gives_way_to_the_scanned_one(backend: Backend) {
    let (store, seen) = prepared(&backend).await;
    let mut told = imported("D-1", "0x1");
    told.classification.verdict = Verdict::Controllable(How::OwnAccount);
    told.classification.kind = recover_core::kind::Kind::MissedCredit;
    told.classification.owner = Some("u1".into());
    store
        .import_deposits(vec![told.clone()], now())
        .await
        .unwrap();
    let answer = store
        .open_claim(&told.id(), request(), by("sam"))
        .await
        .unwrap();
    assert_eq!(answer, ClaimAnswer::Refused(Refusal::ScannedTwinExists));
    opened(&store, &seen.id()).await;
    // One without a twin can be opened; its row no longer follows the file then.
    let mut alone = told.clone();
    if let Origin::Imported(row) = &mut alone.origin {
        row.id = DepositId::verbatim("D-2");
        row.tx_id = recover_core::block::TxId::new("0x77");
    }
    store
        .import_deposits(vec![alone.clone()], now())
        .await
        .unwrap();
    opened(&store, &alone.id()).await;
    let mut changed = alone.clone();
    if let Origin::Imported(row) = &mut changed.origin {
        row.amount = Amount::from_u128(9_999);
    }
    let counts = store.import_deposits(vec![changed], now()).await.unwrap();
    assert_eq!((counts.kept, counts.updated), (1, 0));
    let stored = store.deposit(&alone.id()).await.unwrap().unwrap().deposit;
    assert_eq!(
        (stored.amount(), stored.status),
        (alone.amount(), DepositStatus::Claimed)
    );
}

pub async fn a_rewind_shows_on_the_claim_and_a_cancelled_one_frees_the_deposit(backend: Backend) {
    let (store, deposit) = prepared(&backend).await;
    let claim = opened(&store, &deposit.id()).await;
    store
        .rewind(&ethereum(), recover_core::block::Height(9), now())
        .await
        .unwrap();
    assert_eq!(
        status_of(&store, &deposit.id()).await,
        DepositStatus::Claimed
    );
    let invalid = Command::Invalidate {
        reason: "its block is gone".into(),
    };
    let ended = stepped(&store, &claim, invalid, by("sam")).await;
    assert_eq!(ended.status, ClaimStatus::Invalidated);
    // In doubt, so not open for the next claim.
    assert_eq!(
        status_of(&store, &deposit.id()).await,
        DepositStatus::Unconfirmed
    );
    let answer = store
        .open_claim(&deposit.id(), request(), by("sam"))
        .await
        .unwrap();
    assert_eq!(answer, ClaimAnswer::Refused(Refusal::DepositNotFinal));
}

pub async fn each_step_leaves_one_message(backend: Backend) {
    let (store, deposit) = prepared(&backend).await;
    let claim = pending(&store, &deposit.id()).await;
    let waiting = store.outbox_waiting(10).await.unwrap();
    let topics: Vec<&str> = waiting
        .iter()
        .map(|message| message.topic.as_str())
        .collect();
    assert_eq!(
        topics,
        [
            "policy_first",
            "claim.open",
            "claim.quote",
            "claim.accept",
            "claim.screen_clear"
        ]
    );
    assert!(waiting[4].payload.contains(claim.id.as_str()));
    assert!(
        !waiting[4].payload.contains("sender checked"),
        "no reason of compliance in a message"
    );
    store
        .mark_delivered(waiting[0].sequence, now())
        .await
        .unwrap();
    assert_eq!(store.outbox_waiting(10).await.unwrap().len(), 4);
}

pub async fn lists_narrow_and_page(backend: Backend) {
    let (store, _) = prepared(&backend).await;
    let deposits: Vec<Deposit> = (0..7)
        .map(|number| deposit(&format!("tx{number}"), 10))
        .collect();
    store
        .upsert_observed(deposits.clone(), now())
        .await
        .unwrap();
    for (number, deposit) in deposits.iter().enumerate() {
        let claim = opened(&store, &deposit.id()).await;
        if number % 2 == 0 {
            stepped(&store, &claim, quote(number as u128), by("sam")).await;
        }
    }
    let mut cursor = None;
    let mut found = Vec::new();
    loop {
        let page = store
            .list_claims(&ClaimFilter::default(), cursor.as_ref(), 3)
            .await
            .unwrap();
        found.extend(page.claims);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(found.len(), 7);
    let quoted = ClaimFilter {
        statuses: vec![ClaimStatus::Quoted],
        open_only: true,
        ..ClaimFilter::default()
    };
    let page = store.list_claims(&quoted, None, 50).await.unwrap();
    assert_eq!(page.claims.len(), 4);
    assert!(page.claims.iter().all(|claim| claim.quote.is_some()));
    assert_eq!(
        store.count_claims().await.unwrap(),
        [(ClaimStatus::Draft, 3), (ClaimStatus::Quoted, 4)]
    );
}

pub async fn a_dry_run_answers_and_keeps_nothing(backend: Backend) {
    let (store, deposit) = prepared(&backend).await;
    let dry = || ClaimContext {
        dry_run: true,
        ..by("sam")
    };
    let shown = done(
        store
            .open_claim(&deposit.id(), request(), dry())
            .await
            .unwrap(),
    );
    assert_eq!(store.claim(&shown.id).await.unwrap(), None);
    assert_eq!(status_of(&store, &deposit.id()).await, DepositStatus::Open);
    let claim = opened(&store, &deposit.id()).await;
    assert_eq!(claim, shown);
    let quoted = done(
        store
            .step_claim(&claim.id, 1, quote(10), dry())
            .await
            .unwrap(),
    );
    assert_eq!(quoted.status, ClaimStatus::Quoted);
    assert_eq!(store.claim(&claim.id).await.unwrap(), Some(claim.clone()));
    assert_eq!(store.verify_log(&[]).await.unwrap().events, 2);
    // The command itself is no repeat of its rehearsal.
    assert_eq!(stepped(&store, &claim, quote(10), by("sam")).await, quoted);
}
