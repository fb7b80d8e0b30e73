//! Proofs of ownership: what the database itself refuses, and that every step is in the log.

use super::appeals::appeal;
use super::world::{assert_sound, later};
use super::{Backend, deposit, ethereum, imported, now};
use recover_core::amount::Amount;
use recover_core::appeal::AppealId;
use recover_core::asset::AssetId;
use recover_core::observation::DepositId;
use recover_core::proof::{ChallengeId, Destination, ProofMethod, ProofOutcome, ProofRefusal};
use recover_store::{
    Asked, ChallengeState, IssueAnswer, NewProof, ProofAnswer, Store, StoredChallenge,
};

fn first() -> AppealId {
    AppealId::verbatim("A-1")
}

fn credit(user: &str) -> Destination {
    Destination::Account(user.to_owned())
}

/// Two appeals of two users and one deposit that both want.
async fn wanted(backend: &Backend) -> (Store, DepositId) {
    let store = backend.open().await;
    let seen = deposit("0x1", 10);
    let id = seen.id();
    store.upsert_observed(vec![seen], now()).await.unwrap();
    store
        .import_appeals(vec![appeal("A-1", "u1"), appeal("A-2", "u2")], now())
        .await
        .unwrap();
    (store, id)
}

fn message(id: &str, deposit: &DepositId, destination: Destination) -> StoredChallenge {
    StoredChallenge {
        id: ChallengeId::verbatim(id),
        appeal: first(),
        deposit: deposit.clone(),
        account: "u1".to_owned(),
        destination,
        network: ethereum(),
        sender: "0xaa".to_owned(),
        asked: Asked::Signature(format!("the text of {id}")),
        issued_by: "sue".to_owned(),
        issued_at: now(),
        expires_at: later(3_600),
        state: ChallengeState::Open,
        ended_at: None,
    }
}

fn payment(id: &str, appeal: &str, deposit: &DepositId, amount: u128) -> StoredChallenge {
    StoredChallenge {
        appeal: AppealId::verbatim(appeal),
        asked: Asked::Payment {
            asset: AssetId::native(ethereum()),
            amount: Amount::from_u128(amount),
            to: "0xbb".to_owned(),
            memo: None,
        },
        ..message(id, deposit, credit("u1"))
    }
}

fn proof(challenge: &StoredChallenge, refusal: Option<ProofRefusal>) -> NewProof {
    NewProof {
        appeal: challenge.appeal.clone(),
        deposit: challenge.deposit.clone(),
        account: challenge.account.clone(),
        method: challenge.method(),
        refusal,
        destination: challenge.destination.clone(),
        sender: Some(challenge.sender.clone()),
        challenge: Some(challenge.id.clone()),
        reference: None,
        evidence: Some("a signature".to_owned()),
        person: "sue".to_owned(),
    }
}

async fn issued(store: &Store, challenge: &StoredChallenge) -> IssueAnswer {
    store.issue_challenge(challenge.clone()).await.unwrap()
}

async fn added(store: &Store, proof: NewProof) -> ProofAnswer {
    store.add_proof(proof, None, later(5)).await.unwrap()
}

async fn states(store: &Store) -> Vec<ChallengeState> {
    let found = store.challenges_of(&first()).await.unwrap();
    found.into_iter().map(|challenge| challenge.state).collect()
}

pub async fn a_challenge_proves_once_and_is_in_the_log(backend: Backend) {
    let (store, id) = wanted(&backend).await;
    let asked = message("chg_1", &id, credit("u1"));
    assert_eq!(
        issued(&store, &asked).await,
        IssueAnswer::Done { voided: 0 }
    );
    assert_eq!(
        store.challenge(&asked.id).await.unwrap(),
        Some(asked.clone())
    );
    // What does not hold leaves it open.
    let refused = proof(&asked, Some(ProofRefusal::SignatureWrong));
    assert_eq!(added(&store, refused.clone()).await, ProofAnswer::Done(1));
    assert_eq!(store.refuted_appeals().await.unwrap(), [first()].into());
    assert_eq!(
        added(&store, proof(&asked, None)).await,
        ProofAnswer::Done(2)
    );
    assert!(store.refuted_appeals().await.unwrap().is_empty());
    // Once, whether the same answer comes again or a wrong one.
    for again in [proof(&asked, None), refused] {
        let answer = added(&store, again).await;
        assert_eq!(answer, ProofAnswer::NotOpen(ChallengeState::Used));
    }
    let attempts = store.proofs_of(&first()).await.unwrap();
    let outcomes: Vec<ProofOutcome> = attempts.iter().map(|attempt| attempt.outcome).collect();
    assert_eq!(outcomes, [ProofOutcome::Refused, ProofOutcome::Verified]);
    assert_eq!(attempts[1].proof, proof(&asked, None));
    assert_eq!(
        store.proofs_in_force(Some(&id)).await.unwrap(),
        attempts[1..]
    );
    let log = store.export_log(0, 100).await.unwrap();
    let said: Vec<(&str, &str)> = log
        .iter()
        .map(|entry| (entry.command.as_str(), entry.actor.as_str()))
        .collect();
    assert_eq!(
        said,
        [
            ("proof_challenge", "sue"),
            ("proof_refused", "sue"),
            ("proof_verified", "sue")
        ]
    );
    assert_sound(&store).await;
    // A proof is taken back once.
    assert!(
        store
            .void_proof(2, "hal", "forged", later(9))
            .await
            .unwrap()
    );
    assert!(
        !store
            .void_proof(2, "hal", "forged", later(9))
            .await
            .unwrap()
    );
    assert!(
        !store
            .void_proof(1, "hal", "refused", later(9))
            .await
            .unwrap()
    );
    assert!(store.proofs_in_force(None).await.unwrap().is_empty());
    assert_eq!(store.proofs_of(&first()).await.unwrap()[2].voids, Some(2));
    assert_sound(&store).await;
    for (appeal, deposit, missing) in [("A-9", id.as_str(), "appeal"), ("A-1", "D-9", "deposit")] {
        let mut other = message("chg_9", &DepositId::verbatim(deposit), credit("u1"));
        other.appeal = AppealId::verbatim(appeal);
        assert_eq!(issued(&store, &other).await, IssueAnswer::NotFound(missing));
        let answer = added(&store, proof(&other, None)).await;
        assert_eq!(answer, ProofAnswer::NotFound(missing));
    }
}

pub async fn another_destination_voids_what_was_proven(backend: Backend) {
    let (store, id) = wanted(&backend).await;
    let asked = message("chg_1", &id, credit("u1"));
    issued(&store, &asked).await;
    added(&store, proof(&asked, None)).await;
    // The same destination again asks for nothing new and voids nothing.
    let again = message("chg_2", &id, credit("u1"));
    assert_eq!(
        issued(&store, &again).await,
        IssueAnswer::Done { voided: 0 }
    );
    assert_eq!(store.proofs_in_force(None).await.unwrap().len(), 1);
    let test = payment("chg_3", "A-1", &id, 10_001);
    assert_eq!(issued(&store, &test).await, IssueAnswer::Done { voided: 0 });
    let elsewhere = message("chg_4", &id, Destination::Address("0xcc".to_owned()));
    assert_eq!(
        issued(&store, &elsewhere).await,
        IssueAnswer::Done { voided: 3 }
    );
    assert_eq!(
        states(&store).await,
        [
            ChallengeState::Used,
            ChallengeState::Void,
            ChallengeState::Void,
            ChallengeState::Open
        ]
    );
    assert!(store.proofs_in_force(None).await.unwrap().is_empty());
    let answer = added(&store, proof(&again, None)).await;
    assert_eq!(answer, ProofAnswer::NotOpen(ChallengeState::Void));
    // Another case of the same deposit is not touched.
    let mut other = message("chg_5", &id, credit("u2"));
    other.appeal = AppealId::verbatim("A-2");
    assert_eq!(
        issued(&store, &other).await,
        IssueAnswer::Done { voided: 0 }
    );
    assert_eq!(states(&store).await[3], ChallengeState::Open);
    assert_sound(&store).await;
}

pub async fn two_open_tests_never_wait_for_one_amount(backend: Backend) {
    let (store, id) = wanted(&backend).await;
    let one = payment("chg_1", "A-1", &id, 10_001);
    let other = payment("chg_2", "A-2", &id, 10_001);
    assert_eq!(issued(&store, &one).await, IssueAnswer::Done { voided: 0 });
    let events = store.export_log(0, 100).await.unwrap().len();
    assert_eq!(issued(&store, &other).await, IssueAnswer::AmountTaken);
    assert_eq!(store.export_log(0, 100).await.unwrap().len(), events);
    assert_eq!(
        store.open_tests().await.unwrap(),
        std::slice::from_ref(&one)
    );
    assert_eq!(one.test().unwrap().amount, Amount::from_u128(10_001));
    // Many who draw the same amount at once: one of them has it.
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..16 {
        let store = store.clone();
        let appeal = if number % 2 == 0 { "A-1" } else { "A-2" };
        let mut test = payment(&format!("chg_r{number}"), appeal, &id, 10_002);
        test.deposit = id.clone();
        tasks.spawn(async move { store.issue_challenge(test).await.unwrap() });
    }
    let answers = tasks.join_all().await;
    let open = store.open_tests().await.unwrap();
    let waiting: Vec<_> = open
        .iter()
        .filter_map(StoredChallenge::test)
        .filter(|test| test.amount == Amount::from_u128(10_002))
        .collect();
    assert_eq!(waiting.len(), 1, "{answers:?}");
    // One that ended frees its amount.
    let ended = proof(&one, Some(ProofRefusal::NothingCame));
    store
        .add_proof(ended, Some(ChallengeState::Expired), later(5))
        .await
        .unwrap();
    assert_sound(&store).await;
}

pub async fn a_payment_meets_one_test(backend: Backend) {
    let (store, id) = wanted(&backend).await;
    let one = payment("chg_1", "A-1", &id, 10_001);
    let other = payment("chg_2", "A-2", &id, 10_002);
    issued(&store, &one).await;
    issued(&store, &other).await;
    let met = |test: &StoredChallenge| NewProof {
        reference: Some("dep_paid".to_owned()),
        ..proof(test, None)
    };
    assert_eq!(added(&store, met(&one)).await, ProofAnswer::Done(1));
    assert_eq!(
        added(&store, met(&other)).await,
        ProofAnswer::NotOpen(ChallengeState::Used)
    );
    assert_eq!(store.open_tests().await.unwrap(), [other]);
    assert_sound(&store).await;
}

pub async fn attempts_are_never_changed_and_a_changed_one_is_found(backend: Backend) {
    let (store, id) = wanted(&backend).await;
    let asked = message("chg_1", &id, credit("u1"));
    issued(&store, &asked).await;
    added(&store, proof(&asked, None)).await;
    for statement in [
        "UPDATE ownership_proof SET account = 'u2'",
        "DELETE FROM ownership_proof",
        // A made-up document, one without a challenge, one that takes nothing back.
        "INSERT INTO ownership_proof (number, appeal_id, deposit_id, account, method, outcome, destination, person, at_time)
            VALUES (7, 'A-1', 'D', 'u1', 'signed_message', 'verified', 'd', 'p', 5)",
    ] {
        assert!(backend.raw(statement).await.is_err(), "{statement}");
    }
    assert_sound(&store).await;
    // Behind the program: a proof that no entry tells of, and a challenge that names another sender.
    let made_up = format!(
        "INSERT INTO ownership_proof (number, appeal_id, deposit_id, account, method, outcome, destination, reference, person,
            at_time) VALUES (2, 'A-2', '{id}', 'u2', 'withdrawal_record', 'verified', 'credit to account u2', 'r', 'p', 5)"
    );
    backend.raw(&made_up).await.unwrap();
    backend
        .raw("UPDATE ownership_challenge SET sender = '0xdd'")
        .await
        .unwrap();
    let problems = store.verify_log(&[]).await.unwrap().problems;
    let text = problems.join("\n");
    assert!(text.contains("row 2 of ownership_proof"), "{text}");
    assert!(text.contains("row chg_1 of ownership_challenge"), "{text}");
    assert!(text.contains("sender"), "{text}");
}

pub async fn what_was_proven_counts_for_every_row_of_the_transfer(backend: Backend) {
    let (store, id) = wanted(&backend).await;
    let told = imported("D-1", "0x1");
    store
        .import_deposits(vec![told.clone(), imported("D-2", "0x2")], now())
        .await
        .unwrap();
    let asked = message("chg_1", &id, credit("u1"));
    issued(&store, &asked).await;
    assert!(store.proven_deposits().await.unwrap().is_empty());
    added(&store, proof(&asked, None)).await;
    let method = ProofMethod::SignedMessage;
    let mut expected = vec![
        ("u1".to_owned(), id, method),
        ("u1".to_owned(), told.id(), method),
    ];
    expected.sort();
    assert_eq!(store.proven_deposits().await.unwrap(), expected);
}
