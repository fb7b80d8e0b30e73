//! Ownership before money, through the engine: a signature, a payment, a document, and two people who want one deposit.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are tests; the lint only knows the functions marked so"
)]

mod common;
#[allow(dead_code, reason = "shared with the suites that reorganise the chain")]
mod support;

use recover_core::amount::Amount;
use recover_core::appeal::{AppealId, MatchDecision, MatchOutcome};
use recover_core::network::{Family, NetworkId};
use recover_core::observation::{Flag, Observation, Position};
use recover_core::proof::{
    Challenge, Destination, MessageProof, ProofMethod, ProofOutcome, ProofRefusal, ProvenKey,
};
use recover_engine::clock::Clock;
use recover_engine::engine::Engine;
use recover_engine::error::EngineError;
use recover_engine::family::MessageProofs;
use recover_engine::proofs::{ProofError, ProofOptions, TestOptions};
use recover_engine::random::{NoRandomness, Random};
use recover_store::Asked;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use support::*;

/// A family's verifier whose signatures are the address and the text, backwards: what the engine does with the answer is looked at
/// here, the signatures themselves in the families' crates.
struct Backwards;

fn sign(address: &str, text: &str) -> String {
    format!("{address}\n{text}").chars().rev().collect()
}

impl MessageProof for Backwards {
    fn family(&self) -> Family {
        Family::Evm
    }

    fn address(&self, _network: &NetworkId, text: &str) -> Result<String, ProofRefusal> {
        if text.starts_with("0x") {
            Ok(text.to_lowercase())
        } else {
            Err(ProofRefusal::AddressInvalid)
        }
    }

    fn verify(
        &self,
        _network: &NetworkId,
        address: &str,
        text: &str,
        signature: &str,
    ) -> Result<ProvenKey, ProofRefusal> {
        assert!(signature != "panic", "a bug of a verifier");
        if signature != sign(address, text) {
            return Err(ProofRefusal::SignatureWrong);
        }
        Ok(ProvenKey {
            address: address.to_owned(),
            key: String::new(),
            scheme: "eip191",
        })
    }

    fn how(&self) -> &'static str {
        "backwards"
    }
}

/// Counts, so that a test knows what comes.
struct Counting(AtomicU64);

impl Random for Counting {
    fn bits(&self) -> Result<[u8; 16], NoRandomness> {
        let mut bits = [0; 16];
        // Each number twice: what is taken must be drawn again.
        let number = self.0.fetch_add(1, Ordering::Relaxed) / 2;
        bits[..8].copy_from_slice(&number.to_be_bytes());
        bits[8..].copy_from_slice(&self.0.load(Ordering::Relaxed).to_be_bytes());
        Ok(bits)
    }
}

/// A clock that a test moves.
struct Moved(AtomicI64);

impl Clock for Moved {
    fn now(&self) -> recover_core::time::Timestamp {
        time(NOW)
            .plus_seconds(self.0.load(Ordering::Relaxed))
            .expect("in range")
    }
}

const SENDER: u64 = 999;
const SHARED: u64 = 5;

/// What the claimants say: two of them name the same transaction.
const APPEALS: &str = "\
appeal_id,user_id,created_at,claimed_txid,claimed_network,claimed_asset,claimed_amount,claimed_to_address,claimed_memo,claimed_from_address,claimed_at,ownership_proof,session_view_at,free_text
A-1,U-1,2026-03-01T00:00:30Z,TXID,ethereum,ETH,,,,,,none,,
A-2,U-2,2026-03-01T00:00:40Z,TXID,ethereum,ETH,,,,,,none,,
";

struct World {
    engine: Engine,
    chain: Chain,
    clock: Arc<Moved>,
}

impl World {
    /// A deposit of somebody at height 10, at an address that is nobody's; two users want it. It is 100 seconds after the first
    /// block.
    async fn new() -> Self {
        let (engine, chain) = engine(20, Some(20)).await;
        let clock = Arc::new(Moved(AtomicI64::new(0)));
        let engine = Engine::new(
            engine.store().clone(),
            engine.chains().clone(),
            Some(engine.policy().unwrap().clone()),
            engine.adapters().clone(),
            clock.clone(),
        )
        .unwrap()
        .proven_by(MessageProofs::new(vec![Arc::new(Backwards)]))
        .drawing(Arc::new(Counting(AtomicU64::new(0))));
        let world = Self {
            engine,
            chain,
            clock,
        };
        world.at(100);
        let book = format!(
            ",omnibus,evm,{},,,eoa\nU-1,deposit,evm,{},2026-02-01T00:00:00Z,,eoa\nU-2,deposit,evm,{},2026-02-01T00:00:00Z,,eoa\n",
            address(SHARED),
            address(11),
            address(12)
        );
        addresses(&world.engine, &book).await;
        cover_ledger(&world.engine).await;
        world.chain.state().put(
            10,
            payment(1, Position::value(), SHARED, 2_000_000_000_000_000_000),
        );
        world.scan(20).await;
        let text = APPEALS.replace("TXID", tx(1).as_str());
        let folder = tempfile::tempdir().unwrap();
        let file = recover_engine::intake::IntakeFile {
            name: "appeals.csv".to_owned(),
            reader: text.as_bytes(),
            map: recover_engine::import::ColumnMap::default(),
            reject: folder.path().join("reject.csv"),
        };
        let report = world.engine.import_appeals(file, &|_| ()).await.unwrap();
        assert_eq!(report.rejected, 0, "{:?}", report.first_reject);
        world
    }

    /// So many seconds after the first block.
    fn at(&self, seconds: i64) {
        self.clock.0.store(seconds - 12 * 3_600, Ordering::Relaxed);
    }

    /// Reads all blocks up to a height; all of them are final.
    async fn scan(&self, tip: u64) {
        {
            let mut state = self.chain.state();
            state.grow("a", tip);
            state.finalized = Some(tip);
        }
        let options = recover_engine::scan::ScanOptions::default();
        let reports = self
            .engine
            .scan(&options, &recover_engine::scan::Silent)
            .await
            .unwrap();
        assert!(reports.iter().all(|report| report.failure.is_none()));
    }

    fn pay(&self, height: u64, number: u64, from: u64, to: u64, amount: Amount) -> Observation {
        let credit = Observation {
            from: Some(address(from)),
            ..payment(number, Position::value(), to, 1)
        };
        let credit = Observation {
            // An id that is like no other: ids that differ in a digit look like a slip of the customer's.
            tx_id: scattered(number),
            amount,
            amount_stated: amount,
            ..credit
        };
        let mut state = self.chain.state();
        state.grow("a", height);
        state.put(height, credit.clone());
        credit
    }

    async fn decisions(&self) -> Vec<MatchDecision> {
        let outcomes: Vec<MatchOutcome> = self.engine.match_all().await.unwrap();
        outcomes.iter().map(|outcome| outcome.decision).collect()
    }

    async fn assert_released(&self, winner: usize) {
        let found = self.decisions().await;
        assert_eq!(found[1 - winner], MatchDecision::None, "{found:?}");
        assert!(
            matches!(found[winner], MatchDecision::Review | MatchDecision::Auto),
            "{found:?}"
        );
    }

    async fn assert_frozen(&self) {
        let frozen = [MatchDecision::Conflict, MatchDecision::Conflict];
        assert_eq!(self.decisions().await, frozen);
    }

    async fn challenge(&self, appeal: &str, destination: Option<&str>) -> Challenge {
        // Named, since matching proposes it to nobody who lost it.
        let wanted = payment(1, Position::value(), SHARED, 1).id();
        let options = ProofOptions {
            deposit: Some(wanted.to_string()),
            destination: destination.map(str::to_owned),
        };
        let issued = self
            .engine
            .issue_challenge(&id(appeal), &options, Some("ana"))
            .await
            .unwrap();
        let Asked::Signature(text) = issued.challenge.asked else {
            panic!("a signature is asked for");
        };
        Challenge::parse(&text).unwrap()
    }

    async fn bring(&self, appeal: &str, signature: &str) -> Result<u32, ProofRefusal> {
        let answer = self
            .engine
            .verify_challenge(&id(appeal), None, None, signature, Some("ana"))
            .await;
        answer.map(|proof| proof.number).map_err(refusal)
    }

    async fn test(&self, appeal: &str) -> recover_core::proof::DepositTest {
        let test = self
            .engine
            .set_test(&id(appeal), &TestOptions::default(), Some("ana"))
            .await
            .unwrap();
        test.test().unwrap()
    }

    async fn refusals(&self, appeal: &str) -> Vec<ProofRefusal> {
        let attempts = self.engine.store().proofs_of(&id(appeal)).await.unwrap();
        attempts
            .iter()
            .filter_map(|attempt| attempt.proof.refusal)
            .collect()
    }
}

fn scattered(number: u64) -> recover_core::block::TxId {
    use sha2::{Digest as _, Sha256};
    let digest = Sha256::digest(number.to_be_bytes());
    recover_core::block::TxId::new(&format!("0x{}", hex::encode(digest)))
}

fn id(appeal: &str) -> AppealId {
    AppealId::verbatim(appeal)
}

fn refusal(error: EngineError) -> ProofRefusal {
    match error {
        EngineError::Proof(ProofError::Refused { refusal }) => refusal,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn two_claimants_are_frozen_until_exactly_one_of_them_signs() {
    let world = World::new().await;
    world.assert_frozen().await;
    let asked = world.challenge("A-2", None).await;
    assert_eq!(asked.account, "U-2");
    assert_eq!(asked.sender, address(SENDER).text());
    assert_eq!(asked.destination, Destination::Account("U-2".to_owned()));
    let text = asked.text().unwrap();
    // Another key, another text, nonsense, a verifier that fails: refused, and nothing changes.
    for wrong in [
        sign(address(998).text(), &text),
        sign(&asked.sender, &text.replace("U-2", "U-1")),
        "panic".to_owned(),
        String::new(),
    ] {
        assert!(world.bring("A-2", &wrong).await.is_err());
        world.assert_frozen().await;
    }
    // The answer to one appeal's question is none to another's.
    let other = world
        .engine
        .verify_challenge(
            &id("A-1"),
            Some(&recover_core::proof::ChallengeId::of(&text)),
            None,
            &sign(&asked.sender, &text),
            Some("ana"),
        )
        .await;
    assert_eq!(other.map_err(refusal), Err(ProofRefusal::OtherAppeal));
    let good = sign(&asked.sender, &text);
    let number = world.bring("A-2", &good).await.unwrap();
    world.assert_released(1).await;
    assert_eq!(
        world.bring("A-2", &good).await,
        Err(ProofRefusal::ChallengeUsed)
    );

    // The other claimant proves as well: frozen again, a person must look.
    let asked = world.challenge("A-1", None).await;
    let good = sign(&asked.sender, &asked.text().unwrap());
    let second = world.bring("A-1", &good).await.unwrap();
    world.assert_frozen().await;
    // A person finds one of them wrong.
    let void = world
        .engine
        .void_proof(number, "a stolen key", Some("farah"));
    void.await.unwrap();
    world.assert_released(0).await;
    let void = world.engine.void_proof(second, "too", Some("farah"));
    void.await.unwrap();
    world.assert_frozen().await;
    let check = world.engine.store().verify_log(&[]).await.unwrap();
    assert!(check.problems.is_empty(), "{:?}", check.problems);
}

#[tokio::test]
async fn another_destination_is_another_question_and_voids_the_proof() {
    let world = World::new().await;
    world.decisions().await;
    let asked = world.challenge("A-1", None).await;
    let text = asked.text().unwrap();
    world
        .bring("A-1", &sign(&asked.sender, &text))
        .await
        .unwrap();
    world.assert_released(0).await;
    let elsewhere = world.challenge("A-1", Some(address(77).text())).await;
    let paid = Destination::Address(address(77).text().to_owned());
    assert_eq!(elsewhere.destination, paid);
    world.assert_frozen().await;
    // The old signature is none for the new text.
    let old = sign(&asked.sender, &text);
    assert_eq!(
        world.bring("A-1", &old).await,
        Err(ProofRefusal::SignatureWrong)
    );
    let new = sign(&asked.sender, &elsewhere.text().unwrap());
    world.bring("A-1", &new).await.unwrap();
    world.assert_released(0).await;
    // Back again: the first proof stays void, and its challenge cannot be used again.
    world.challenge("A-1", None).await;
    world.assert_frozen().await;
    let answer = world
        .engine
        .verify_challenge(
            &id("A-1"),
            Some(&recover_core::proof::ChallengeId::of(&text)),
            None,
            &old,
            Some("ana"),
        )
        .await;
    assert_eq!(
        answer.map_err(refusal).err(),
        Some(ProofRefusal::ChallengeUsed)
    );
}

#[tokio::test]
async fn a_challenge_lives_a_day_and_names_the_sender_only() {
    let world = World::new().await;
    world.decisions().await;
    let asked = world.challenge("A-1", None).await;
    let good = sign(&asked.sender, &asked.text().unwrap());
    world.at(50);
    assert_eq!(
        world.bring("A-1", &good).await,
        Err(ProofRefusal::ChallengeNotYet)
    );
    world.at(100);
    let answer = world
        .engine
        .verify_challenge(
            &id("A-1"),
            None,
            Some(address(998).text()),
            &good,
            Some("ana"),
        )
        .await;
    assert_eq!(
        answer.map_err(refusal).err(),
        Some(ProofRefusal::AddressNotSender)
    );
    world.at(100 + 24 * 3_600);
    assert_eq!(
        world.bring("A-1", &good).await,
        Err(ProofRefusal::ChallengeExpired)
    );
    world.at(200);
    assert_eq!(
        world.bring("A-1", &good).await,
        Err(ProofRefusal::ChallengeExpired)
    );
    world.assert_frozen().await;
}

#[tokio::test]
async fn a_payment_of_the_exact_amount_from_the_same_sender_proves() {
    let world = World::new().await;
    world.decisions().await;
    let test = world.test("A-2").await;
    let other = world.test("A-1").await;
    assert_ne!(
        test.amount, other.amount,
        "an amount that is taken is drawn again"
    );
    assert_eq!(test.to, address(12).text());
    assert_eq!(test.sender, address(SENDER).text());
    let less = test.amount.checked_sub(Amount::from_u128(1)).unwrap();
    // Too early, a stranger with the amount, the sender with another amount, the amount to another user.
    world.pay(60, 60, SENDER, 12, test.amount);
    world.pay(150, 61, 998, 12, test.amount);
    world.pay(151, 62, SENDER, 12, less);
    world.pay(152, 63, SENDER, 13, test.amount);
    world.at(200);
    world.scan(180).await;
    let report = world.engine.check_tests().await.unwrap();
    assert_eq!((report.met, report.refused, report.waiting), (0, 2, 2));
    let again = world.engine.check_tests().await.unwrap();
    assert_eq!((again.met, again.refused), (0, 0), "each is told once");
    let mut told = world.refusals("A-2").await;
    told.sort();
    assert_eq!(
        told,
        [ProofRefusal::AmountDiffers, ProofRefusal::SenderDiffers]
    );
    world.assert_frozen().await;
    // A payment with further senders beside the claimed one.
    let mixed = world.pay(190, 64, SENDER, 12, test.amount);
    world.chain.state().replace(
        190,
        Observation {
            flags: vec![Flag::MultiSource],
            ..mixed
        },
    );
    world.scan(195).await;
    world.engine.check_tests().await.unwrap();
    assert!(
        world
            .refusals("A-2")
            .await
            .contains(&ProofRefusal::SendersMixed)
    );

    // The right one, first not final.
    world.pay(200, 65, SENDER, 12, test.amount);
    world.at(300);
    {
        let mut state = world.chain.state();
        state.grow("a", 210);
        state.finalized = Some(195);
    }
    let options = recover_engine::scan::ScanOptions::default();
    world
        .engine
        .scan(&options, &recover_engine::scan::Silent)
        .await
        .unwrap();
    assert_eq!(world.engine.check_tests().await.unwrap().met, 0);
    world.assert_frozen().await;
    world.scan(220).await;
    assert_eq!(world.engine.check_tests().await.unwrap().met, 1);
    world.assert_released(1).await;
    let known = world
        .engine
        .ownership(&id("A-2"), &ProofOptions::default())
        .await
        .unwrap();
    assert_eq!(known.evidence, [ProofMethod::VerificationDeposit].into());
    let met = known.proofs.last().unwrap();
    assert_eq!(met.outcome, ProofOutcome::Verified);
    // The payment is an ordinary deposit of the user.
    let paid =
        recover_core::observation::DepositId::verbatim(met.proof.reference.as_deref().unwrap());
    let paid = world.engine.store().deposit(&paid).await.unwrap().unwrap();
    assert_eq!(paid.deposit.classification.owner.as_deref(), Some("U-2"));
    let check = world.engine.store().verify_log(&[]).await.unwrap();
    assert!(check.problems.is_empty(), "{:?}", check.problems);
}

#[tokio::test]
async fn a_payment_after_the_window_and_none_at_all_prove_nothing() {
    let world = World::new().await;
    world.decisions().await;
    let hours = 48 * 3_600;
    // The window is moved to before the block instead of growing two days of blocks.
    world.at(100 - hours);
    let late = world.test("A-1").await;
    world.at(101 - hours);
    let nothing = world.test("A-2").await;
    assert_ne!(late.amount, nothing.amount);
    world.pay(100, 70, SENDER, 11, late.amount);
    world.at(300);
    world.scan(120).await;
    let report = world.engine.check_tests().await.unwrap();
    assert_eq!((report.met, report.refused, report.expired), (0, 1, 1));
    assert_eq!(world.refusals("A-1").await, [ProofRefusal::TestLate]);
    assert_eq!(report.waiting, 1, "what was sent in time may be read late");
    world.at(101 + hours);
    let report = world.engine.check_tests().await.unwrap();
    assert_eq!((report.met, report.expired, report.waiting), (0, 1, 0));
    assert_eq!(world.refusals("A-2").await, [ProofRefusal::NothingCame]);
    world.assert_frozen().await;
}

#[tokio::test]
async fn who_may_ask_and_who_may_vouch() {
    let world = World::new().await;
    let nothing = ProofOptions::default();
    // Before matching nobody knows which deposit is meant.
    let early = world
        .engine
        .issue_challenge(&id("A-1"), &nothing, Some("ana"))
        .await;
    assert!(matches!(
        early,
        Err(EngineError::Proof(ProofError::DepositMissing { .. }))
    ));
    world.decisions().await;
    for person in ["chidi", "jonas", "lea"] {
        let asked = world
            .engine
            .issue_challenge(&id("A-1"), &nothing, Some(person))
            .await;
        let vouched = world
            .engine
            .record_proof(&id("A-1"), &nothing, ("doc/1", ""), Some(person))
            .await;
        for answer in [asked.map(|_| ()), vouched.map(|_| ())] {
            assert!(
                matches!(answer, Err(EngineError::Proof(ProofError::MayNot { .. }))),
                "{person}"
            );
        }
    }
    let empty = world
        .engine
        .record_proof(&id("A-1"), &nothing, (" ", ""), Some("ana"))
        .await;
    assert!(matches!(
        empty,
        Err(EngineError::Proof(ProofError::ReferenceMissing))
    ));
    world
        .engine
        .record_proof(&id("A-1"), &nothing, ("doc/1", "seen"), Some("farah"))
        .await
        .unwrap();
    world.assert_released(0).await;
    // A secret that was pasted for a signature is kept nowhere.
    world.challenge("A-2", None).await;
    let words = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";
    let pasted = world
        .engine
        .verify_challenge(&id("A-2"), None, None, words, Some("ana"))
        .await;
    assert!(matches!(pasted, Err(EngineError::SecretPasted)));
    assert!(world.refusals("A-2").await.is_empty());
}

#[tokio::test]
async fn an_address_of_ours_or_of_a_service_proves_nothing_about_a_person() {
    let world = World::new().await;
    world.decisions().await;
    let book = format!(",hot,evm,{},,,eoa\n", address(SENDER));
    addresses(&world.engine, &book).await;
    let asked = world
        .engine
        .issue_challenge(&id("A-1"), &ProofOptions::default(), Some("ana"))
        .await;
    assert_eq!(
        asked.map_err(refusal).err(),
        Some(ProofRefusal::SenderShared)
    );
    let paid = world
        .engine
        .set_test(&id("A-1"), &TestOptions::default(), Some("ana"))
        .await;
    assert_eq!(
        paid.map_err(refusal).err(),
        Some(ProofRefusal::SenderShared)
    );
}

#[tokio::test]
async fn a_claim_for_an_appeal_without_evidence_is_refused() {
    let world = World::new().await;
    world.decisions().await;
    let deposit = world
        .engine
        .store()
        .match_outcome(&id("A-1"))
        .await
        .unwrap();
    let deposit = deposit.unwrap().deposit.unwrap();
    let ana = world.engine.person(Some("ana")).unwrap();
    let open = async |destination: Option<&str>| {
        let options = recover_engine::claims::OpenOptions {
            appeal: Some("A-1".to_owned()),
            destination: destination.map(str::to_owned),
            resolution: Some(recover_core::claim::Resolution::LedgerCredit),
            ..recover_engine::claims::OpenOptions::default()
        };
        world.engine.open_claim(&deposit, &options, &ana).await
    };
    let is_missing = |answer: Result<_, EngineError>| match answer {
        Err(EngineError::Proof(error @ ProofError::OwnershipMissing { .. })) => {
            assert!(error.to_string().contains("ownership_missing"));
        }
        other => panic!("{other:?}"),
    };
    // While both are frozen that is what is told.
    let frozen = open(None).await;
    assert!(
        matches!(
            frozen,
            Err(EngineError::Refused {
                refusal: recover_core::claim::Refusal::RivalAppeal
            })
        ),
        "{frozen:?}"
    );
    let status = recover_core::appeal::AppealStatus::Closed;
    let store = world.engine.store();
    let closed = store
        .set_appeal_status(&id("A-2"), status, Some("withdrawn"), world.engine.now())
        .await;
    assert!(closed.unwrap());
    world.engine.match_all().await.unwrap();
    is_missing(open(None).await);
    assert!(world.engine.open_claims().await.unwrap().is_empty());
    // What was proven for one destination is nothing for another.
    let asked = world.challenge("A-1", Some(address(77).text())).await;
    let good = sign(&asked.sender, &asked.text().unwrap());
    world.bring("A-1", &good).await.unwrap();
    is_missing(open(None).await);
    let asked = world.challenge("A-1", None).await;
    let good = sign(&asked.sender, &asked.text().unwrap());
    world.bring("A-1", &good).await.unwrap();
    let claim = open(None).await.unwrap();
    assert_eq!(claim.beneficiary.as_deref(), Some("U-1"));
}
