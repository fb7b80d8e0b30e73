//! Corrections of bookings: what the ledger's rows must say, and that no entry is corrected twice.

use super::world::{
    acknowledge, approved_with, assert_sound, by, done, founded, instruct, pending_with, planned,
    read, refusal, status_of, stepped,
};
use super::{Backend, at, ethereum, now, observation, observed};
use recover_core::amount::Amount;
use recover_core::appeal::AppealId;
use recover_core::asset::AssetId;
use recover_core::block::TxId;
use recover_core::claim::settlement::Account;
use recover_core::claim::{
    Claim, ClaimStatus, Command, Correction, OpenRequest, Refusal, Resolution, correction_plan,
};
use recover_core::deposit::{Deposit, DepositStatus};
use recover_core::fee::Quote;
use recover_core::kind::Kind;
use recover_core::ledger::{LedgerEntry, LedgerEntryKind};
use recover_core::observation::{DepositId, Position};
use recover_core::verdict::{Reason, Verdict};
use recover_store::{ClaimAnswer, Store, StoreError};

const NOBODY: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What was booked to `u2` by the entry `L-1`, as the classifier leaves it.
fn booked(tx: &str, place: u64) -> Deposit {
    let mut deposit = observed(observation(tx, Position::log(place), 10));
    deposit.classification.kind = Kind::AlreadyCredited;
    deposit.classification.verdict = Verdict::NotRecoverable(Reason::AlreadyCredited);
    deposit.classification.owner = Some("u2".into());
    deposit.status = DepositStatus::Resolved;
    deposit
}

fn row(id: &str, tx: &str) -> LedgerEntry {
    LedgerEntry {
        id: id.into(),
        kind: LedgerEntryKind::CreditedDeposit,
        user_id: Some("u2".into()),
        network: ethereum(),
        tx_id: TxId::new(tx),
        position: None,
        address: None,
        asset: Some(AssetId::native(ethereum())),
        amount: Some(Amount::from_u128(1_000)),
        booked_at: at(1_750_000_200),
    }
}

fn correction(entry: &str) -> Option<Correction> {
    Some(Correction {
        entry: entry.into(),
        counterparty: "u2".into(),
    })
}

fn request() -> OpenRequest {
    OpenRequest {
        appeal: Some(AppealId::verbatim("A-1")),
        beneficiary: Some("u1".into()),
        resolution: Some(Resolution::CorrectBooking),
        correction: correction("L-1"),
        ..super::world::request()
    }
}

/// A store with one booked deposit and the appeal of the user whose money it is.
async fn misbooked(backend: &Backend) -> (Store, DepositId) {
    let store = founded(backend).await;
    backend
        .raw(
            "INSERT INTO appeal (id, user_id, created_at, claimed_txid, claimed_network, claimed_asset, claimed_amount,
                claimed_to_address, claimed_memo, claimed_from_address, claimed_at, ownership_proof, free_text, status,
                imported_at, updated_at)
             VALUES ('A-1', 'u1', 5, '', '', '', '', '', '', '', '', '', '', 'received', 5, 5)",
        )
        .await
        .unwrap();
    let deposit = booked("0x1", 0);
    store
        .upsert_observed(vec![deposit.clone()], now())
        .await
        .unwrap();
    store
        .import_ledger(vec![row("L-1", "0x1")], now())
        .await
        .unwrap();
    (store, deposit.id())
}

async fn answer(store: &Store, deposit: &DepositId, request: OpenRequest) -> ClaimAnswer {
    store.open_claim(deposit, request, by("sam")).await.unwrap()
}

async fn opened(store: &Store, deposit: &DepositId) -> Claim {
    done(answer(store, deposit, request()).await)
}

fn quoted(claim: &Claim) -> Command {
    let quote = Quote {
        net: Amount::from_u128(990),
        fee_in_asset: Amount::from_u128(10),
        ..super::world::claim_quote(10, 10_000).quote
    };
    planned(10, correction_plan(claim, &quote).unwrap().steps)
}

async fn same(store: &Store, claim: &Claim) {
    assert_eq!(read(store, &claim.id).await, *claim);
}

pub async fn a_correction_is_carried_to_balanced_books_once(backend: Backend) {
    let (store, deposit) = misbooked(&backend).await;
    let claim = opened(&store, &deposit).await;
    same(&store, &claim).await;
    assert_eq!(status_of(&store, &deposit).await, DepositStatus::Claimed);
    let claim = approved_with(&store, &claim, quoted(&claim)).await;
    let frozen = stepped(&store, &claim, instruct(), by("tom")).await;
    same(&store, &frozen).await;
    let frozen = stepped(&store, &frozen, acknowledge(&frozen), by("tom")).await;
    assert_eq!(
        (frozen.status, frozen.execution.done),
        (ClaimStatus::Instructed, 1)
    );
    let cancel = Command::Cancel {
        reason: "wrong".into(),
    };
    assert_eq!(
        refusal(&store, &frozen, cancel, by("sam")).await,
        Refusal::AlreadyMoved
    );
    let out = stepped(&store, &frozen, instruct(), by("tom")).await;
    let settled = stepped(&store, &out, acknowledge(&out), by("tom")).await;
    assert_eq!(settled.status, ClaimStatus::Settled);
    same(&store, &settled).await;
    let postings = store.postings(&claim.id).await.unwrap();
    let sums: Vec<_> = postings
        .iter()
        .map(|one| (one.account, one.debit.to_u128(), one.credit.to_u128()))
        .collect();
    assert_eq!(
        sums,
        [
            (Account::Customer, Some(0), Some(990)),
            (Account::FeeRevenue, Some(0), Some(10)),
            (Account::Counterparty, Some(1_000), Some(0)),
        ]
    );
    // It stands as before: booked, and nobody else's any more.
    let stored = store.deposit(&deposit).await.unwrap().unwrap().deposit;
    assert_eq!(stored.status, DepositStatus::Resolved);
    assert_eq!(stored.classification.kind, Kind::AlreadyCredited);
    let again = OpenRequest {
        appeal: Some(AppealId::verbatim("A-1")),
        beneficiary: Some("u3".into()),
        ..request()
    };
    assert_eq!(
        answer(&store, &deposit, again).await,
        ClaimAnswer::Refused(Refusal::DepositTaken)
    );
    assert_sound(&store).await;
}

pub async fn a_correction_that_ended_leaves_the_deposit_booked(backend: Backend) {
    let (store, deposit) = misbooked(&backend).await;
    for ending in ["cancel", "reject", "invalidate"] {
        let claim = opened(&store, &deposit).await;
        assert_eq!(
            answer(
                &store,
                &deposit,
                OpenRequest {
                    beneficiary: Some("u3".into()),
                    ..request()
                }
            )
            .await,
            ClaimAnswer::Refused(Refusal::DepositTaken),
            "one live claim a deposit"
        );
        let claim = pending_with(&store, &claim, quoted(&claim)).await;
        let reason = "a mistake".to_owned();
        let (command, name) = match ending {
            "cancel" => (Command::Cancel { reason }, "sam"),
            "reject" => (Command::Reject { reason }, "wil"),
            _ => (Command::Invalidate { reason }, "sam"),
        };
        stepped(&store, &claim, command, by(name)).await;
        let stored = store.deposit(&deposit).await.unwrap().unwrap().deposit;
        assert_eq!(stored.status, DepositStatus::Resolved, "{ending}");
        assert_eq!(stored.classification.kind, Kind::AlreadyCredited);
    }
    assert_sound(&store).await;
}

/// What the ledger's rows must say at this very moment, whatever was read before.
pub async fn only_the_one_entry_that_booked_it_is_corrected(backend: Backend) {
    let (store, deposit) = misbooked(&backend).await;
    let refused = async |request: OpenRequest, expected: Refusal, what: &str| {
        let answer = answer(&store, &deposit, request).await;
        assert_eq!(answer, ClaimAnswer::Refused(expected), "{what}");
    };
    let differs = Refusal::BookingDiffers;
    let with = |correction| OpenRequest {
        correction,
        ..request()
    };
    refused(with(correction("L-2")), differs, "no such entry").await;
    refused(with(None), Refusal::CorrectionMissing, "no entry").await;
    let of_another = Correction {
        entry: "L-1".into(),
        counterparty: "u3".into(),
    };
    refused(with(Some(of_another)), differs, "another counterparty").await;
    let to_itself = OpenRequest {
        beneficiary: Some("u2".into()),
        ..request()
    };
    let themselves = Refusal::CounterpartyIsBeneficiary;
    refused(to_itself, themselves, "the counterparty's own").await;
    // The entry of another deposit.
    let other = booked("0x2", 0);
    store
        .upsert_observed(vec![other.clone()], now())
        .await
        .unwrap();
    store
        .import_ledger(vec![row("L-2", "0x2")], now())
        .await
        .unwrap();
    refused(with(correction("L-2")), differs, "another deposit's").await;
    // A second row of the transaction, a second deposit in it, a row of another sum or of nobody.
    let second = LedgerEntry {
        user_id: Some("u1".into()),
        ..row("L-9", "0x1")
    };
    store.import_ledger(vec![second], now()).await.unwrap();
    refused(request(), differs, "two rows speak of it").await;
    let moved = LedgerEntry {
        tx_id: TxId::new("0x9"),
        ..row("L-9", "0x1")
    };
    store.import_ledger(vec![moved], now()).await.unwrap();
    let twin = booked("0x1", 1);
    store.upsert_observed(vec![twin], now()).await.unwrap();
    refused(request(), differs, "one row for two equal deposits").await;
    let placed = LedgerEntry {
        position: Some(Position::log(0)),
        ..row("L-1", "0x1")
    };
    for changed in [
        LedgerEntry {
            amount: Some(Amount::from_u128(1_001)),
            ..placed.clone()
        },
        LedgerEntry {
            amount: None,
            ..placed.clone()
        },
        LedgerEntry {
            user_id: None,
            ..placed.clone()
        },
        LedgerEntry {
            kind: LedgerEntryKind::SettledCase,
            ..placed.clone()
        },
    ] {
        let what = format!("{changed:?}");
        store.import_ledger(vec![changed], now()).await.unwrap();
        refused(request(), differs, &what).await;
    }
    store.import_ledger(vec![placed], now()).await.unwrap();
    opened(&store, &deposit).await;
}

pub async fn a_row_that_vanished_after_the_votes_stops_the_release(backend: Backend) {
    let (store, deposit) = misbooked(&backend).await;
    let claim = opened(&store, &deposit).await;
    let claim = approved_with(&store, &claim, quoted(&claim)).await;
    let of_another = LedgerEntry {
        user_id: Some("u4".into()),
        ..row("L-1", "0x1")
    };
    store.import_ledger(vec![of_another], now()).await.unwrap();
    let release = async || refusal(&store, &claim, instruct(), by("tom")).await;
    assert_eq!(release().await, Refusal::BookingDiffers);
    backend.raw("DELETE FROM ledger_entry").await.unwrap();
    assert_eq!(release().await, Refusal::BookingDiffers);
    store
        .import_ledger(vec![row("L-1", "0x1")], now())
        .await
        .unwrap();
    backend.raw("DELETE FROM ledger_coverage").await.unwrap();
    assert_eq!(release().await, Refusal::LedgerCoverageMissing);
}

/// What was final is final no more after a rewind below it, though the status says "claimed" and the verdict "booked".
pub async fn a_rewind_below_a_booked_deposit_stops_its_correction(backend: Backend) {
    let (store, deposit) = misbooked(&backend).await;
    store
        .set_finalized(&ethereum(), recover_core::block::Height(20))
        .await
        .unwrap();
    let claim = opened(&store, &deposit).await;
    let claim = approved_with(&store, &claim, quoted(&claim)).await;
    backend
        .raw("UPDATE scan_state SET generation = 1, finalized_height = 9")
        .await
        .unwrap();
    assert_eq!(
        refusal(&store, &claim, instruct(), by("tom")).await,
        Refusal::DepositNotFinal
    );
    store
        .set_finalized(&ethereum(), recover_core::block::Height(10))
        .await
        .unwrap();
    stepped(&store, &claim, instruct(), by("tom")).await;
}

/// The rule stands in the tables, so that no race and no other program corrects an entry twice.
pub async fn the_database_itself_refuses_a_second_correction_of_an_entry(backend: Backend) {
    let (store, deposit) = misbooked(&backend).await;
    opened(&store, &deposit).await;
    let other = booked("0x2", 0);
    store
        .upsert_observed(vec![other.clone()], now())
        .await
        .unwrap();
    let amount = match &backend {
        Backend::Sqlite(_) => format!("'{:0>78}'", 1_000),
        Backend::Postgres(_) => "1000".to_owned(),
    };
    let insert = |id: &str, resolution: &str, entry: &str, status: &str| {
        let open = u8::from(status == "draft");
        format!(
            "INSERT INTO claim (id, deposit_id, ordinal, asset, amount, resolution, revision, status, is_open, content_digest,
                involved, opened_by, opened_at, updated_at, correction_entry, correction_counterparty)
             VALUES ('{id}', '{}', {}, 'ethereum/native', {amount}, '{resolution}', 1, '{status}', {open}, '{NOBODY}', '[]', 'sam',
                1, 1, {entry})",
            other.id(),
            id.len(),
        )
    };
    let correct = "correct_booking";
    for (id, resolution, entry, status, fits) in [
        ("a", correct, "'L-1', 'u2'", "draft", false),
        ("a", correct, "'L-1', 'u2'", "settled", false),
        ("a", correct, "NULL, NULL", "draft", false),
        ("a", correct, "'L-2', NULL", "draft", false),
        ("a", correct, "'', 'u2'", "draft", false),
        ("a", "ledger_credit", "'L-2', 'u2'", "draft", false),
        ("a", correct, "'L-1', 'u2'", "cancelled", true),
        ("ab", correct, "'L-1', 'u2'", "rejected", true),
        ("abc", correct, "'L-2', 'u2'", "settled", true),
        ("abcd", correct, "'L-2', 'u2'", "settled", false),
        ("abcd", correct, "'L-2', 'u2'", "draft", false),
    ] {
        let inserted = backend.raw(&insert(id, resolution, entry, status)).await;
        assert_eq!(
            inserted.is_ok(),
            fits,
            "{resolution} {entry} {status}: {inserted:?}"
        );
    }
    // The program says it in its own words: the row of the entry was moved to another deposit after it was settled.
    let third = booked("0x3", 0);
    store
        .upsert_observed(vec![third.clone()], now())
        .await
        .unwrap();
    store
        .import_ledger(vec![row("L-2", "0x3")], now())
        .await
        .unwrap();
    let second = OpenRequest {
        correction: correction("L-2"),
        ..request()
    };
    assert_eq!(
        answer(&store, &third.id(), second).await,
        ClaimAnswer::Refused(Refusal::EntryTaken)
    );
}

/// Entry and counterparty are part of the content that people vote on and of the rows that the log vouches for.
pub async fn a_correction_changed_behind_the_program_is_found(backend: Backend) {
    let (store, deposit) = misbooked(&backend).await;
    let claim = opened(&store, &deposit).await;
    let claim = pending_with(&store, &claim, quoted(&claim)).await;
    for edit in [
        "correction_counterparty = 'u9'",
        "correction_entry = 'L-7'",
        "correction_entry = NULL, correction_counterparty = NULL, resolution = 'ledger_credit'",
    ] {
        let back = "correction_entry = 'L-1', correction_counterparty = 'u2', resolution = 'correct_booking'";
        backend
            .raw(&format!("UPDATE claim SET {edit}"))
            .await
            .unwrap();
        let found = store.claim(&claim.id).await;
        assert!(
            matches!(&found, Err(StoreError::BadRow { .. })),
            "{edit}: {found:?}"
        );
        let check = store.verify_log(&[]).await.unwrap();
        assert!(!check.problems.is_empty(), "{edit}");
        backend
            .raw(&format!("UPDATE claim SET {back}"))
            .await
            .unwrap();
    }
    same(&store, &claim).await;
    assert_sound(&store).await;
}
