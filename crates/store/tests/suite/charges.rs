//! Fees beside the deposit, waivers and acceptance: what is kept of them, in the tables and in the log.

use super::world::{
    DAY, accept, acknowledge, approve, approved_with, assert_sound, by, by_at, claim_quote, credit,
    found, founded, instruct, later, opened, prepared, read, refusal, rules, screen, status_of,
    stepped,
};
use super::{Backend, ethereum};
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::claim::settlement::Account;
use recover_core::claim::{
    Claim, ClaimStatus, Command, Evidence, EvidenceFile, Refusal, with_charges,
};
use recover_core::decimal::Decimal;
use recover_core::deposit::DepositStatus;
use recover_core::fee::{Cents, Charge, Coins, OnFailure, Terms, Waiver};
use recover_core::people::Role;
use recover_core::plan::Plan;
use recover_store::{ClaimContext, Store, StoreError};

fn dollars() -> AssetId {
    AssetId::contract(ethereum(), "0xDollar")
}

/// A quote that leaves the deposit whole and charges five dollars to the balance.
fn charged(claim: &Claim, on_failure: OnFailure) -> Command {
    let mut quote = claim_quote(0, 10_000);
    quote.quote.terms = Some(Box::new(Terms {
        currency: "USD".into(),
        lines: vec![],
        prices: vec![],
        ceiling: None,
        network_cost: Cents::default(),
        charges: vec![Charge {
            coins: Coins {
                asset: dollars(),
                amount: Amount::from_u128(5_000_000),
                decimals: 6,
            },
            cents: Cents(Amount::from_u128(500)),
            is_prepaid: false,
        }],
        on_failure,
        net_value: Cents(Amount::from_u128(10_000)),
        limit_value: Some(Cents(Amount::from_u128(10_000))),
    }));
    let steps = vec![credit(0)];
    let plan = with_charges(claim, &quote.quote, Plan { steps });
    Command::Quote { quote, plan }
}

async fn same(store: &Store, claim: &Claim) {
    assert_eq!(read(store, &claim.id).await, *claim);
}

/// As far as the fee is set aside.
async fn held(store: &Store, claim: &Claim, on_failure: OnFailure) -> Claim {
    let claim = approved_with(store, claim, charged(claim, on_failure)).await;
    let out = stepped(store, &claim, instruct(), by("tom")).await;
    assert!(out.waits_for_fee());
    same(store, &out).await;
    let held = stepped(store, &out, acknowledge(&out), by("tom")).await;
    assert!(held.holds_fee());
    same(store, &held).await;
    held
}

/// Fees that were set aside on one day are no payments of it; the payouts of another are one sum, whenever their fees were set aside.
pub async fn a_day_counts_payouts_and_not_the_holds_before_them(backend: Backend) {
    let store = founded(&backend).await;
    let limited = |seconds| {
        let mut rules = rules();
        rules.approval.day_release_max = Cents(Amount::from_u128(15_000));
        rules.approval.vote_valid_seconds = 7 * DAY;
        rules.approval.release_screening_age_max_seconds = 7 * DAY;
        ClaimContext {
            policies: vec![rules],
            ..by_at("tom", later(seconds))
        }
    };
    let instruct = |seconds: i64| Command::Instruct {
        expires_at: later(seconds + 600),
    };
    let mut waiting = Vec::new();
    for (tx, seconds) in [("0x1", 0), ("0x2", 60)] {
        let deposit = found(&store, tx).await;
        let claim = opened(&store, &deposit.id()).await;
        let claim = approved_with(&store, &claim, charged(&claim, OnFailure::Refund)).await;
        // The second is worth as much as the first: a day of payouts would have no room for it.
        let out = stepped(&store, &claim, instruct(seconds), limited(seconds)).await;
        waiting.push(stepped(&store, &out, acknowledge(&out), limited(seconds)).await);
    }
    let after = DAY + 3_600;
    let out = stepped(&store, &waiting[0], instruct(after), limited(after)).await;
    assert_eq!(
        refusal(&store, &waiting[1], instruct(after), limited(after)).await,
        Refusal::DayLimitReached
    );
    // What was paid counts on when it is done.
    stepped(&store, &out, acknowledge(&out), limited(after)).await;
    assert_eq!(
        refusal(&store, &waiting[1], instruct(after), limited(after)).await,
        Refusal::DayLimitReached
    );
    let tomorrow = after + DAY + 1;
    stepped(&store, &waiting[1], instruct(tomorrow), limited(tomorrow)).await;
    assert_sound(&store).await;
}

async fn posted(
    store: &Store,
    claim: &Claim,
) -> Vec<(Account, AssetId, Option<u128>, Option<u128>)> {
    let postings = store.postings(&claim.id).await.unwrap();
    let sides = postings.into_iter().map(|one| {
        let (debit, credit) = (one.debit.to_u128(), one.credit.to_u128());
        (one.account, one.asset, debit, credit)
    });
    sides.collect()
}

pub async fn a_fee_beside_the_deposit_is_carried_to_balanced_books(backend: Backend) {
    let (store, deposit) = prepared(&backend).await;
    let claim = opened(&store, &deposit.id()).await;
    let held = held(&store, &claim, OnFailure::Refund).await;
    let cancel = Command::Cancel {
        reason: "no more".into(),
    };
    assert_eq!(
        refusal(&store, &held, cancel, by("sam")).await,
        Refusal::AlreadyMoved
    );
    let out = stepped(&store, &held, instruct(), by("tom")).await;
    let settled = stepped(&store, &out, acknowledge(&out), by("tom")).await;
    assert_eq!(settled.status, ClaimStatus::Settled);
    same(&store, &settled).await;
    let native = AssetId::native(ethereum());
    let mut found = posted(&store, &settled).await;
    found.sort_by_key(|(account, asset, ..)| (asset.to_string(), account.code()));
    let fee = Some(5_000_000);
    assert_eq!(
        found,
        [
            (Account::Customer, dollars(), fee, Some(0)),
            (Account::FeeRevenue, dollars(), Some(0), fee),
            (Account::Customer, native.clone(), Some(0), Some(1_000)),
            (Account::UnassignedDeposit, native, Some(1_000), Some(0)),
        ]
    );
    assert_eq!(
        status_of(&store, &deposit.id()).await,
        DepositStatus::Resolved
    );
    assert_sound(&store).await;
}

pub async fn a_recovery_that_is_given_up_ends_its_fee_and_frees_the_deposit(backend: Backend) {
    let (store, deposit) = prepared(&backend).await;
    let claim = opened(&store, &deposit.id()).await;
    let held = held(&store, &claim, OnFailure::Keep).await;
    let unwind = Command::Unwind {
        reason: "the token is paused".into(),
    };
    let given_up = stepped(&store, &held, unwind.clone(), by("sue")).await;
    assert_eq!(
        (given_up.status, given_up.revision),
        (ClaimStatus::PendingApproval, held.revision + 1)
    );
    // What the customer accepted goes with the claim into its new revision.
    assert_eq!(given_up.acceptance, held.acceptance);
    same(&store, &given_up).await;
    assert_eq!(
        refusal(&store, &given_up, unwind, by("sam")).await,
        Refusal::NothingHeld
    );
    let voted = stepped(&store, &given_up, approve(&given_up), by("wil")).await;
    assert_eq!(voted.status, ClaimStatus::PendingApproval, "one is too few");
    let approved = stepped(&store, &voted, approve(&voted), by("wim")).await;
    assert_eq!(approved.status, ClaimStatus::Approved);
    let out = stepped(&store, &approved, instruct(), by("tom")).await;
    let ended = stepped(&store, &out, acknowledge(&out), by("tia")).await;
    assert_eq!(ended.status, ClaimStatus::Cancelled);
    same(&store, &ended).await;
    let fee = Some(5_000_000);
    let mut found = posted(&store, &ended).await;
    found.sort_by_key(|(account, ..)| account.code());
    assert_eq!(
        found,
        [
            (Account::Customer, dollars(), fee, Some(0)),
            (Account::FeeRevenue, dollars(), Some(0), fee),
        ]
    );
    assert_eq!(status_of(&store, &deposit.id()).await, DepositStatus::Open);
    assert_ne!(opened(&store, &deposit.id()).await.id, claim.id);
    assert_sound(&store).await;
}

pub async fn a_ledger_that_declined_leaves_the_claim_where_it_stood(backend: Backend) {
    let (store, deposit) = prepared(&backend).await;
    let claim = opened(&store, &deposit.id()).await;
    let claim = approved_with(&store, &claim, charged(&claim, OnFailure::Refund)).await;
    let out = stepped(&store, &claim, instruct(), by("tom")).await;
    let decline = Command::Decline {
        reason: "balance 1.00 of 5.00".into(),
    };
    let declined = stepped(&store, &out, decline, by("tia")).await;
    assert_eq!(declined.status, ClaimStatus::Approved);
    same(&store, &declined).await;
    let again = stepped(&store, &declined, instruct(), by("tom")).await;
    assert_eq!(again.execution.attempts, 2);
    same(&store, &again).await;
    assert_sound(&store).await;
}

fn waive(code: &str) -> Command {
    Command::Waive {
        waiver: Box::new(Waiver {
            code: code.into(),
            title: code.into(),
            kinds: vec![],
            from: None,
            until: None,
            percent: Decimal::whole(50),
            network: false,
            roles: vec![Role::WalletLead, Role::Compliance],
        }),
        note: "our page was wrong".into(),
    }
}

pub async fn waivers_and_acceptance_are_kept_with_the_claim(backend: Backend) {
    let (store, deposit) = prepared(&backend).await;
    let claim = opened(&store, &deposit.id()).await;
    let claim = stepped(&store, &claim, super::world::quote(10), by("sam")).await;
    let waived = stepped(&store, &claim, waive("goodwill"), by("wim")).await;
    same(&store, &waived).await;
    assert_eq!(
        (waived.status, waived.quote.is_none()),
        (ClaimStatus::Draft, true)
    );
    assert_eq!(
        refusal(&store, &waived, waive("goodwill"), by("cat")).await,
        Refusal::WaiverGranted
    );
    let waived = stepped(&store, &waived, waive("venue_fault"), by("cat")).await;
    let codes: Vec<&str> = waived.waivers.iter().map(|one| one.code.as_str()).collect();
    assert_eq!(codes, ["goodwill", "venue_fault"]);
    let quoted = stepped(&store, &waived, super::world::quote(5), by("sam")).await;
    same(&store, &quoted).await;
    let nothing = Command::Accept {
        evidence: Evidence::default(),
    };
    assert_eq!(
        refusal(&store, &quoted, nothing, by("sam")).await,
        Refusal::EvidenceMissing
    );
    let accepted = stepped(&store, &quoted, accept(), by("sue")).await;
    same(&store, &accepted).await;
    let kept = accepted.acceptance.as_ref().unwrap();
    assert_eq!(kept.person, "sue");
    assert_eq!(kept.evidence.file, Some(EvidenceFile::of(b"I agree")));
    // Who waived or recorded it is involved, and the log says by whom.
    let entries = store.claim_events(&claim.id).await.unwrap();
    let said = |command: &str| {
        let entry = entries.iter().find(|entry| entry.command == command);
        entry.unwrap().body.clone().unwrap()
    };
    assert!(said("waive").contains("\"waiver\":\"goodwill\""));
    assert!(said("accept").contains("ticket 4711"));
    let screened = stepped(&store, &accepted, screen(true), by("cat")).await;
    assert_eq!(
        refusal(&store, &screened, approve(&screened), by("wim")).await,
        Refusal::ActorInvolved
    );
    assert_sound(&store).await;
}

pub async fn the_database_itself_refuses_a_second_waiver_of_a_code(backend: Backend) {
    let (store, deposit) = prepared(&backend).await;
    let claim = opened(&store, &deposit.id()).await;
    stepped(&store, &claim, waive("goodwill"), by("wim")).await;
    let again = format!(
        "INSERT INTO claim_waiver VALUES ('{}', 2, 'goodwill', 'p', 'n', 5)",
        claim.id
    );
    assert!(backend.raw(&again).await.is_err());
    let other = again.replace("goodwill", "venue_fault");
    backend.raw(&other).await.unwrap();
    // A row that no command wrote is found: the claim is not what people see.
    assert!(matches!(
        store.claim(&claim.id).await,
        Err(StoreError::BadRow { .. })
    ));
    let check = store.verify_log(&[]).await.unwrap();
    assert!(!check.problems.is_empty());
}

pub async fn what_people_said_is_not_changed_behind_the_program(backend: Backend) {
    let (store, deposit) = prepared(&backend).await;
    let claim = opened(&store, &deposit.id()).await;
    let waived = stepped(&store, &claim, waive("goodwill"), by("wim")).await;
    let quoted = stepped(&store, &waived, super::world::quote(5), by("sam")).await;
    stepped(&store, &quoted, accept(), by("sue")).await;
    for (table, column) in [
        ("claim_waiver", "person"),
        ("claim_waiver", "note"),
        ("claim_acceptance", "evidence"),
        ("claim_acceptance", "person"),
    ] {
        let before = backend
            .column(&format!("SELECT {column} FROM {table}"))
            .await;
        backend
            .raw(&format!("UPDATE {table} SET {column} = 'somebody else'"))
            .await
            .unwrap();
        assert!(store.claim(&claim.id).await.is_err(), "{table}.{column}");
        let check = store.verify_log(&[]).await.unwrap();
        assert!(!check.problems.is_empty(), "{table}.{column}");
        backend
            .raw(&format!("UPDATE {table} SET {column} = '{}'", before[0]))
            .await
            .unwrap();
    }
    assert_sound(&store).await;
}
