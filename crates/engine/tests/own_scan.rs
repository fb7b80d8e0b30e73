//! Scanning, diagnosing and claiming over a scripted chain: what would pay twice, pay the wrong person or lose a deposit.

mod common;
mod support;

use recover_core::amount::Amount;
use recover_core::claim::Refusal;
use recover_core::deposit::DepositStatus;
use recover_core::kind::Kind;
use recover_core::ledger::{LedgerEntry, LedgerEntryKind};
use recover_core::network::NetworkId;
use recover_core::observation::{Observation, Position};
use recover_core::people::{Person, Role};
use recover_core::verdict::{How, Missing, Reason, Verdict};
use recover_engine::claims::OpenOptions;
use recover_engine::engine::Engine;
use recover_engine::error::EngineError;
use recover_engine::scan::{NetworkReport, ScanOptions, Silent};
use recover_store::StoredDeposit;
use std::collections::BTreeSet;
use support::{NETWORK, NOW, address, addresses, cover_ledger, engine, native, payment, time, tx};

async fn scan(engine: &Engine) -> NetworkReport {
    let reports = engine.scan(&ScanOptions::default(), &Silent).await;
    reports.expect("the store works").remove(0)
}

async fn stored(engine: &Engine, credit: &Observation) -> StoredDeposit {
    let found = engine.store().deposit(&credit.id()).await;
    found.expect("the store works").expect("it is stored")
}

/// One user with the address 1, and a ledger that reaches over everything.
async fn desk(tip: u64, finalized: Option<u64>) -> (Engine, support::Chain) {
    let (engine, chain) = engine(tip, finalized).await;
    addresses(
        &engine,
        &format!("U1,deposit,evm,{},,,eoa\n", address(1).text()),
    )
    .await;
    cover_ledger(&engine).await;
    (engine, chain)
}

fn booked(id: &str, number: u64, amount: Option<u128>) -> LedgerEntry {
    LedgerEntry {
        id: id.to_owned(),
        kind: LedgerEntryKind::CreditedDeposit,
        user_id: None,
        network: NetworkId::new(NETWORK),
        tx_id: tx(number),
        position: None,
        address: None,
        asset: Some(native()),
        amount: amount.map(Amount::from_u128),
        booked_at: time(NOW),
    }
}

async fn book(engine: &Engine, entry: LedgerEntry) {
    let counts = engine.store().import_ledger(vec![entry], time(NOW)).await;
    assert_eq!(counts.expect("stored").inserted, 1);
}

fn specialist() -> Person {
    Person {
        name: "ana".to_owned(),
        roles: BTreeSet::from([Role::Specialist]),
        keys: Vec::new(),
    }
}

#[tokio::test]
async fn own_a_strangers_credit_does_not_use_up_the_ledgers_row() {
    let (engine, chain) = desk(50, Some(40)).await;
    let theirs = payment(7, Position::new("trace:0"), 5, 100);
    let ours = payment(7, Position::new("trace:1"), 1, 100);
    chain.state().put(10, theirs);
    chain.state().put(10, ours.clone());
    book(&engine, booked("L1", 7, Some(100))).await;

    engine
        .diagnose(tx(7).as_str(), &[])
        .await
        .expect("an answer");
    let found = stored(&engine, &ours).await.deposit;
    assert_eq!(found.classification.kind, Kind::AlreadyCredited);
    scan(&engine).await;
    assert_eq!(stored(&engine, &ours).await.deposit, found);
}

#[tokio::test]
async fn own_the_same_row_covers_the_same_credit_whoever_asks() {
    let (engine, chain) = desk(50, Some(40)).await;
    let credits = [
        payment(7, Position::value(), 1, 100),
        payment(7, Position::new("trace:10"), 1, 100),
        payment(7, Position::new("trace:2"), 1, 100),
    ];
    for credit in &credits {
        chain.state().put(10, credit.clone());
    }
    book(&engine, booked("L1", 7, Some(100))).await;
    let mut answers = Vec::new();
    scan(&engine).await;
    for round in 0..3 {
        match round {
            0 => {}
            1 => drop(
                engine
                    .diagnose(tx(7).as_str(), &[])
                    .await
                    .expect("an answer"),
            ),
            _ => drop(
                engine
                    .reclassify(&Default::default())
                    .await
                    .expect("stored"),
            ),
        }
        let mut kinds = Vec::new();
        for credit in &credits {
            kinds.push(stored(&engine, credit).await.deposit.classification.kind);
        }
        answers.push(kinds);
    }
    let missed = answers[0]
        .iter()
        .filter(|kind| **kind == Kind::MissedCredit);
    assert_eq!(missed.count(), 2);
    assert_eq!(answers[1], answers[0]);
    assert_eq!(answers[2], answers[0]);
}

#[tokio::test]
async fn own_a_booking_of_another_amount_is_a_doubt_and_no_claim_opens_on_it() {
    let (engine, chain) = desk(50, Some(40)).await;
    let credit = payment(7, Position::value(), 1, 100);
    chain.state().put(10, credit.clone());
    book(&engine, booked("L1", 7, Some(99))).await;
    scan(&engine).await;
    let verdict = stored(&engine, &credit)
        .await
        .deposit
        .classification
        .verdict;
    assert_eq!(verdict, Verdict::Conditional(Missing::LedgerUnclear));
    let opened = engine
        .open_claim(&credit.id(), &OpenOptions::default(), &specialist())
        .await;
    assert!(
        matches!(
            opened,
            Err(EngineError::Refused {
                refusal: Refusal::ConditionOpen
            })
        ),
        "{opened:?}"
    );
}

#[tokio::test]
async fn own_a_ledger_imported_and_not_yet_looked_at_stops_a_claim() {
    let (engine, chain) = desk(50, Some(40)).await;
    let credit = payment(7, Position::value(), 1, 100);
    chain.state().put(10, credit.clone());
    scan(&engine).await;
    let before = stored(&engine, &credit).await.deposit;
    assert_eq!(
        before.classification.verdict,
        Verdict::Controllable(How::OwnAccount)
    );
    // As after an import that was killed between its rows and its second look.
    book(&engine, booked("L1", 7, Some(100))).await;
    let opened = engine
        .open_claim(&credit.id(), &OpenOptions::default(), &specialist())
        .await;
    assert!(
        matches!(
            opened,
            Err(EngineError::Refused {
                refusal: Refusal::NothingToClaim
            })
        ),
        "{opened:?}"
    );
}

#[tokio::test]
async fn own_a_claim_ends_when_its_deposit_turns_out_to_be_booked() {
    let (engine, chain) = desk(50, Some(40)).await;
    let credit = payment(7, Position::value(), 1, 100);
    chain.state().put(10, credit.clone());
    scan(&engine).await;
    let claim = engine
        .open_claim(&credit.id(), &OpenOptions::default(), &specialist())
        .await
        .expect("a good deposit");
    book(&engine, booked("L1", 7, Some(100))).await;
    let report = engine.reconcile(false, &Silent).await.expect("it runs");
    assert_eq!(report.invalidated, 1);
    let ended = engine.claim(&claim.id).await.expect("it is there");
    assert!(!ended.status.is_open());
    let after = stored(&engine, &credit).await.deposit;
    assert_eq!(after.status, DepositStatus::Resolved);
    assert_eq!(
        after.classification.verdict,
        Verdict::NotRecoverable(Reason::AlreadyCredited)
    );
}

#[tokio::test]
async fn own_two_users_on_one_address_pay_nobody() {
    let (engine, chain) = desk(50, Some(40)).await;
    let credit = payment(7, Position::value(), 1, 100);
    chain.state().put(10, credit.clone());
    addresses(
        &engine,
        &format!("U2,deposit,evm,{},,,eoa\n", address(1).text()),
    )
    .await;
    scan(&engine).await;
    let found = stored(&engine, &credit).await.deposit.classification;
    assert_eq!(found.owner, None);
    assert_eq!(found.verdict, Verdict::Conditional(Missing::OwnerContested));
}

#[tokio::test]
async fn own_an_address_given_on_belongs_to_who_had_it_then() {
    let (engine, chain) = engine(50, Some(40)).await;
    cover_ledger(&engine).await;
    let credit = payment(7, Position::value(), 1, 100);
    chain.state().put(10, credit.clone());
    let text = address(1);
    addresses(
        &engine,
        &format!(
            "U1,deposit,evm,{text},2025-01-01T00:00:00Z,2026-03-01T06:00:00Z,eoa\n\
             U2,deposit,evm,{text},2026-03-01T06:00:00Z,,eoa\n",
            text = text.text()
        ),
    )
    .await;
    scan(&engine).await;
    let found = stored(&engine, &credit).await.deposit.classification;
    assert_eq!(found.owner.as_deref(), Some("U1"));
    assert_eq!(found.kind, Kind::MissedCredit);
}

#[tokio::test]
async fn own_a_reorganisation_between_two_pages_loses_no_deposit() {
    let (engine, chain) = desk(390, Some(100)).await;
    let lost = payment(7, Position::value(), 1, 100);
    let late = payment(8, Position::value(), 1, 100);
    chain.state().put(150, lost.clone());
    let new = late.clone();
    chain.state().after_piece(move |state| {
        state.reorganise(140, "b");
        state.put(160, new);
    });
    let report = scan(&engine).await;
    assert!(report.failure.is_none(), "{:?}", report.failure);
    assert_eq!(
        stored(&engine, &late).await.deposit.status,
        DepositStatus::Unconfirmed
    );
    assert_eq!(
        stored(&engine, &lost).await.deposit.status,
        DepositStatus::Gone
    );
    assert_eq!(report.reorganisation.expect("it was seen").agreement.0, 139);
    assert!(scan(&engine).await.reorganisation.is_none());
}

#[tokio::test]
async fn own_what_could_not_be_read_again_is_in_doubt_and_not_gone() {
    let (engine, chain) = desk(60, Some(20)).await;
    let credit = payment(7, Position::value(), 1, 100);
    chain.state().put(50, credit.clone());
    scan(&engine).await;
    chain.state().reorganise(45, "b");
    chain.state().put(52, credit.clone());
    chain.state().unreadable.insert(52);
    let report = scan(&engine).await;
    assert!(report.is_fault());
    let doubted = stored(&engine, &credit).await;
    assert_eq!(doubted.deposit.status, DepositStatus::Unconfirmed);
    assert!(doubted.suspect_at.is_some());
    chain.state().unreadable.clear();
    assert!(
        !scan(&engine)
            .await
            .gaps
            .iter()
            .any(|gap| gap.range.from().0 > 0)
    );
    let back = stored(&engine, &credit).await;
    assert_eq!(back.deposit.block_height().map(|height| height.0), Some(52));
    assert_eq!(back.suspect_at, None);
}

#[tokio::test]
async fn own_reconcile_finds_what_is_mined_again_above_what_was_read() {
    let (engine, chain) = desk(60, Some(20)).await;
    let credit = payment(7, Position::value(), 1, 100);
    chain.state().put(60, credit.clone());
    scan(&engine).await;
    chain.state().reorganise(58, "b");
    chain.state().grow("b", 65);
    chain.state().put(63, credit.clone());
    engine.reconcile(true, &Silent).await.expect("it runs");
    let back = stored(&engine, &credit).await.deposit;
    assert_eq!(back.block_height().map(|height| height.0), Some(63));
}

#[tokio::test]
async fn own_a_source_that_cannot_say_what_is_final_takes_nothing_back() {
    let (engine, chain) = desk(50, Some(40)).await;
    let credit = payment(7, Position::value(), 1, 100);
    chain.state().put(10, credit.clone());
    scan(&engine).await;
    let before = stored(&engine, &credit).await.deposit;
    assert_eq!(before.status, DepositStatus::Open);
    chain.state().finalized = None;
    engine
        .diagnose(tx(7).as_str(), &[])
        .await
        .expect("an answer");
    assert_eq!(stored(&engine, &credit).await.deposit, before);
    // A late address makes the scan read everything again.
    addresses(
        &engine,
        &format!("U2,deposit,evm,{},,,eoa\n", address(2).text()),
    )
    .await;
    scan(&engine).await;
    assert_eq!(stored(&engine, &credit).await.deposit, before);
}

#[tokio::test]
async fn own_a_claim_waits_while_its_deposit_is_in_doubt() {
    let (engine, chain) = desk(60, Some(40)).await;
    let credit = payment(7, Position::value(), 1, 100);
    chain.state().put(30, credit.clone());
    scan(&engine).await;
    let network = NetworkId::new(NETWORK);
    engine
        .store()
        .rewind(&network, recover_core::block::Height(20), time(NOW))
        .await
        .expect("stored");
    let opened = engine
        .open_claim(&credit.id(), &OpenOptions::default(), &specialist())
        .await;
    assert!(
        matches!(
            opened,
            Err(EngineError::Refused {
                refusal: Refusal::DepositNotFinal
            })
        ),
        "{opened:?}"
    );
    scan(&engine).await;
    engine
        .open_claim(&credit.id(), &OpenOptions::default(), &specialist())
        .await
        .expect("it was seen again");
}

#[tokio::test]
async fn own_a_claimed_deposit_mined_again_becomes_final_again_by_scanning() {
    let (engine, chain) = desk(60, Some(40)).await;
    let credit = payment(7, Position::value(), 1, 100);
    chain.state().put(30, credit.clone());
    scan(&engine).await;
    engine
        .open_claim(&credit.id(), &OpenOptions::default(), &specialist())
        .await
        .expect("a good deposit");
    chain.state().reorganise(25, "b");
    chain.state().put(35, credit.clone());
    chain.state().finalized = Some(20);
    assert!(scan(&engine).await.is_fault(), "it was final");
    let waiting = stored(&engine, &credit)
        .await
        .deposit
        .classification
        .verdict;
    assert_eq!(waiting, Verdict::Conditional(Missing::FinalityMissing));
    chain.state().finalized = Some(50);
    scan(&engine).await;
    let verdict = stored(&engine, &credit)
        .await
        .deposit
        .classification
        .verdict;
    assert_eq!(verdict, Verdict::Controllable(How::OwnAccount));
}

#[tokio::test]
async fn own_a_source_without_balances_does_not_raise_an_amount() {
    use recover_core::observation::Flag;
    let (engine, chain) = desk(50, Some(40)).await;
    let asset = recover_core::asset::AssetId::contract(NetworkId::new(NETWORK), address(77).text());
    let seen = Observation {
        asset,
        amount: Amount::from_u128(95),
        balance_delta: Some(Amount::from_u128(95)),
        flags: vec![Flag::FeeOnTransfer],
        ..payment(7, Position::log(0), 1, 100)
    };
    chain.state().put(10, seen.clone());
    scan(&engine).await;
    let told = Observation {
        amount: Amount::from_u128(100),
        balance_delta: None,
        flags: Vec::new(),
        ..seen.clone()
    };
    chain.state().replace(10, told);
    engine
        .diagnose(tx(7).as_str(), &[])
        .await
        .expect("an answer");
    assert_eq!(
        stored(&engine, &seen).await.deposit.amount(),
        Amount::from_u128(95)
    );
}
