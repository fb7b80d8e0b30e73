use super::world::{
    acknowledge, approve, approved_credit, approved_sweep, approved_with, assert_sound, by, by_at,
    done, export, found, founded, import, instruct, keyed, later, pending_with, planned, prepare,
    prepared, quote, read, refusal, screen, sighted_final, status_of, stepped, sweep, swept,
    top_up, transfer, tx_id, unsigned,
};
use super::{Backend, block, ethereum, now};
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::claim::settlement::{Account, is_balanced};
use recover_core::claim::{Claim, ClaimStatus, Command, Refusal, Sighting};
use recover_core::deposit::DepositStatus;
use recover_core::plan::{LegKind, Step};
use recover_store::{ClaimAnswer, CloseAnswer, IncidentKind, PackageState, Store};

async fn same(store: &Store, claim: &Claim) {
    assert_eq!(read(store, &claim.id).await, *claim);
}

/// One transaction of the plan from its building to its end.
async fn carried(
    store: &Store,
    claim: &Claim,
    leg: &recover_core::plan::Leg,
    sequence: u64,
) -> Claim {
    let claim = stepped(store, claim, prepare(leg, sequence), by("tom")).await;
    same(store, &claim).await;
    let claim = stepped(store, &claim, export(), by("tom")).await;
    same(store, &claim).await;
    let claim = stepped(store, &claim, import(leg, sequence), by("tom")).await;
    same(store, &claim).await;
    let claim = stepped(store, &claim, Command::Send, by("tom")).await;
    assert_eq!(claim.status, ClaimStatus::BroadcastUnknown);
    let claim = stepped(store, &claim, Command::Sent, by("tom")).await;
    let seen = Command::Sight(Sighting::Included {
        tx_id: tx_id(leg, sequence),
        block: block(76, "a"),
    });
    let claim = stepped(store, &claim, seen, by("tom")).await;
    same(store, &claim).await;
    let claim = stepped(store, &claim, sighted_final(leg, sequence, 20), by("tom")).await;
    same(store, &claim).await;
    claim
}

pub async fn a_claim_is_carried_through_every_step_to_balanced_books(backend: Backend) {
    let (store, deposit) = prepared(&backend).await;
    let claim = done(
        store
            .open_claim(&deposit.id(), sweep(), by("sam"))
            .await
            .unwrap(),
    );
    let claim = approved_with(&store, &claim, swept(10)).await;
    same(&store, &claim).await;
    let claim = carried(&store, &claim, &top_up(), 5).await;
    assert_eq!((claim.execution.done, claim.execution.attempts), (1, 1));
    let claim = carried(&store, &claim, &transfer(), 0).await;
    let claim = stepped(&store, &claim, instruct(), by("tom")).await;
    same(&store, &claim).await;
    let on_the_way = store.claims_on_the_way().await.unwrap();
    assert_eq!(on_the_way, std::slice::from_ref(&claim));
    assert!(store.postings(&claim.id).await.unwrap().is_empty());
    let claim = stepped(&store, &claim, acknowledge(&claim), by("tom")).await;
    assert_eq!(claim.status, ClaimStatus::Settled);
    same(&store, &claim).await;
    assert!(store.claims_on_the_way().await.unwrap().is_empty());
    assert_eq!(
        status_of(&store, &deposit.id()).await,
        DepositStatus::Resolved
    );
    // The customer has the net, the exchange the fee; the second transaction was paid from the top-up.
    let postings = store.postings(&claim.id).await.unwrap();
    assert!(is_balanced(&postings));
    let of = |account| {
        let posting = postings.iter().find(|one| one.account == account).unwrap();
        assert_eq!(posting.asset, AssetId::native(ethereum()));
        (posting.debit.to_u128(), posting.credit.to_u128())
    };
    assert_eq!(of(Account::UnassignedDeposit), (Some(1_000), Some(0)));
    assert_eq!(of(Account::Customer), (Some(0), Some(990)));
    assert_eq!(of(Account::FeeRevenue), (Some(0), Some(10)));
    assert_eq!(of(Account::NetworkCost), (Some(0), Some(40)));
    assert_eq!(of(Account::GasFloat), (Some(80), Some(0)));
    assert_eq!(of(Account::TopUpLeftover), (Some(20), Some(60)));
    let packages = store.packages(&claim.id).await.unwrap();
    let states: Vec<PackageState> = packages.iter().map(|package| package.state).collect();
    assert_eq!(states, [PackageState::Finished; 3]);
    assert_eq!(packages[0].leg.as_ref(), Some(&top_up()));
    assert_eq!(packages[0].package.bytes, unsigned(&top_up(), 5));
    assert_eq!(packages[2].leg, None);
    // Our own top-up is known by its id, so that no scan takes it for a deposit.
    let own = store.own_transactions(&ethereum()).await.unwrap();
    assert_eq!(own.len(), 2);
    let first = own.iter().find(|one| one.is_top_up()).unwrap();
    assert_eq!(
        (&first.tx_id, first.kind, first.is_live),
        (&tx_id(&top_up(), 5), LegKind::GasTopUp, false)
    );
    let feed = store.feed().await.unwrap();
    assert!(feed.reservations.is_empty());
    assert_eq!(
        (feed.top_ups.len(), feed.head),
        (1, store.log_head().await.unwrap())
    );
    assert_sound(&store).await;
}

pub async fn a_slot_is_held_until_it_is_used_or_can_never_be(backend: Backend) {
    let store = founded(&backend).await;
    let leg = transfer();
    let first = approved_sweep(&store, "0x1").await;
    let first = stepped(&store, &first, prepare(&leg, 7), by("tom")).await;
    let held = store.reservations(&ethereum()).await.unwrap();
    assert_eq!(held.len(), 1);
    assert_eq!(
        (held[0].slot.sequence, &held[0].claim, held[0].attempt),
        (7, &first.id, 1)
    );
    assert_eq!(held[0].deposit_address, super::address_text(1));
    assert_eq!(store.feed().await.unwrap().reservations, held);
    // Another claim cannot have the same slot, on the command's own answer and by the database itself.
    let second = approved_sweep(&store, "0x2").await;
    assert_eq!(
        refusal(&store, &second, prepare(&leg, 7), by("tom")).await,
        Refusal::SlotTaken
    );
    same(&store, &second).await;
    let copy = format!(
        "INSERT INTO reservation SELECT claim_id, attempt, network, account, sequence, is_ticket, state, reserved_at, ended_at
            FROM reservation WHERE claim_id = '{}'",
        first.id
    );
    assert!(backend.raw(&copy).await.is_err());
    let highest = async || {
        store
            .highest_reserved(&ethereum(), &leg.signer)
            .await
            .unwrap()
    };
    assert_eq!(highest().await, Some(7));
    let second = stepped(&store, &second, prepare(&leg, 8), by("tom")).await;
    assert_eq!(highest().await, Some(8));
    // Taken back before it was handed out: free at once.
    let reject = Command::Reject {
        reason: "not this one".into(),
    };
    stepped(&store, &second, reject, by("wes")).await;
    assert_eq!(highest().await, Some(7));
    // Proven dead on the network: free, and the claim goes on with another package.
    let first = stepped(&store, &first, export(), by("tom")).await;
    let expired = Command::Sight(Sighting::Expired {
        proof: "final beyond block 99".into(),
    });
    let first = stepped(&store, &first, expired, by("tom")).await;
    assert_eq!(first.status, ClaimStatus::ArtifactExpired);
    assert_eq!(highest().await, None);
    let third = approved_sweep(&store, "0x3").await;
    let third = stepped(&store, &third, prepare(&leg, 7), by("tom")).await;
    let third = stepped(&store, &third, export(), by("tom")).await;
    let third = stepped(&store, &third, import(&leg, 7), by("tom")).await;
    // Used by another transaction: never given out again.
    let replaced = Command::Sight(Sighting::Replaced {
        proof: "0xother in block 78".into(),
    });
    let third = stepped(&store, &third, replaced, by("tom")).await;
    assert_eq!(third.status, ClaimStatus::Invalidated);
    assert_eq!(highest().await, Some(7));
    assert!(store.reservations(&ethereum()).await.unwrap().is_empty());
    let fourth = approved_sweep(&store, "0x4").await;
    assert_eq!(
        refusal(&store, &fourth, prepare(&leg, 7), by("tom")).await,
        Refusal::SlotTaken
    );
    assert_sound(&store).await;
}

pub async fn a_failed_transaction_uses_its_slot_and_leaves_a_receipt(backend: Backend) {
    let store = founded(&backend).await;
    let leg = transfer();
    let claim = approved_sweep(&store, "0x1").await;
    let claim = stepped(&store, &claim, prepare(&leg, 3), by("tom")).await;
    let claim = stepped(&store, &claim, export(), by("tom")).await;
    let claim = stepped(&store, &claim, import(&leg, 3), by("tom")).await;
    let failed = Command::Sight(Sighting::Failed {
        tx_id: tx_id(&leg, 3),
        block: block(77, "a"),
        fee: Amount::from_u128(30),
    });
    let claim = stepped(&store, &claim, failed, by("tom")).await;
    assert_eq!(claim.status, ClaimStatus::FailedOnChain);
    same(&store, &claim).await;
    assert_eq!(
        store
            .highest_reserved(&ethereum(), &leg.signer)
            .await
            .unwrap(),
        Some(3)
    );
    // A new plan is voted on afresh and the old receipt stays.
    let steps = vec![Step::Send(Box::new(leg.clone())), super::world::credit(20)];
    let claim = approved_with(&store, &claim, planned(20, steps)).await;
    assert_eq!((claim.revision, claim.execution.receipts.len()), (2, 1));
    let claim = carried(&store, &claim, &leg, 4).await;
    assert_eq!(claim.execution.attempts, 2);
    let claim = stepped(&store, &claim, instruct(), by("tom")).await;
    let claim = stepped(&store, &claim, acknowledge(&claim), by("tom")).await;
    let postings = store.postings(&claim.id).await.unwrap();
    let cost = postings
        .iter()
        .find(|one| one.account == Account::NetworkCost);
    assert_eq!(cost.unwrap().credit, Amount::from_u128(50));
    assert_sound(&store).await;
}

pub async fn an_edit_of_a_prepared_claim_drops_its_package(backend: Backend) {
    let store = founded(&backend).await;
    let leg = transfer();
    let claim = approved_sweep(&store, "0x1").await;
    let claim = stepped(&store, &claim, prepare(&leg, 3), by("tom")).await;
    let steps = vec![Step::Send(Box::new(leg.clone())), super::world::credit(20)];
    let claim = stepped(&store, &claim, planned(20, steps), by("sam")).await;
    same(&store, &claim).await;
    assert_eq!((claim.revision, claim.approvals.len()), (2, 0));
    assert!(store.reservations(&ethereum()).await.unwrap().is_empty());
    let packages = store.packages(&claim.id).await.unwrap();
    assert_eq!(packages[0].state, PackageState::Dropped);
    // Once it is with the signers it cannot be edited.
    let other = approved_sweep(&store, "0x2").await;
    let other = stepped(&store, &other, prepare(&leg, 3), by("tom")).await;
    let other = stepped(&store, &other, export(), by("tom")).await;
    assert_eq!(
        refusal(&store, &other, quote(10), by("sam")).await,
        Refusal::PackageLive
    );
    assert_sound(&store).await;
}

pub async fn money_that_went_wrong_opens_an_incident(backend: Backend) {
    let store = founded(&backend).await;
    let claim = approved_credit(&store, "0x1").await;
    let claim = stepped(&store, &claim, instruct(), by("tom")).await;
    let Command::Acknowledge { mut answers } = acknowledge(&claim) else {
        panic!("answers");
    };
    answers[0].amount = Amount::from_u128(991);
    let wrong = Command::Acknowledge { answers };
    let claim = stepped(&store, &claim, wrong, by("tom")).await;
    assert_eq!(claim.status, ClaimStatus::Mispaid);
    let open = store.incidents(true).await.unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!(
        (open[0].kind, open[0].claim.as_ref()),
        (IncidentKind::Mispaid, Some(&claim.id))
    );
    assert!(open[0].detail.contains("991"), "{}", open[0].detail);
    assert!(open[0].next_steps.lines().count() >= 3);
    // Found again by another run: the same incident.
    let again = store
        .open_incident(
            Some(&claim.id),
            IncidentKind::Mispaid,
            &open[0].detail,
            "tia",
            later(9),
        )
        .await
        .unwrap();
    assert_eq!(again.as_ref(), Some(&open[0]));
    let other = store
        .open_incident(
            None,
            IncidentKind::SlotUsedByAnother,
            "nonce 7",
            "tia",
            later(9),
        )
        .await
        .unwrap()
        .unwrap();
    assert_eq!(store.incidents(true).await.unwrap().len(), 2);
    for (id, answer) in [
        (open[0].id.as_str(), CloseAnswer::Closed),
        (open[0].id.as_str(), CloseAnswer::ClosedBefore),
        ("inc_0", CloseAnswer::NotFound),
        (other.id.as_str(), CloseAnswer::Closed),
    ] {
        let closed = store
            .close_incident(id, "cat", "booked back", later(20))
            .await;
        assert_eq!(closed.unwrap(), answer);
    }
    assert!(store.incidents(true).await.unwrap().is_empty());
    let all = store.incidents(false).await.unwrap();
    assert_eq!(all[0].closed.as_ref().unwrap().person, "cat");
    let of_nobody = recover_core::claim::ClaimId::verbatim("clm_0");
    let none = store
        .open_incident(Some(&of_nobody), IncidentKind::Mispaid, "x", "tia", now())
        .await
        .unwrap();
    assert_eq!(none, None);
    assert_sound(&store).await;
}

pub async fn a_repeat_of_every_step_is_answered_and_not_carried_out_again(backend: Backend) {
    let store = founded(&backend).await;
    let leg = transfer();
    let claim = approved_sweep(&store, "0x1").await;
    let steps = [
        prepare(&leg, 3),
        export(),
        import(&leg, 3),
        Command::Send,
        Command::Sent,
        sighted_final(&leg, 3, 20),
        instruct(),
    ];
    let mut now = claim;
    for command in steps {
        let next = stepped(&store, &now, command.clone(), by("tom")).await;
        let again = store
            .step_claim(&now.id, now.revision, command, by("tom"))
            .await
            .unwrap();
        assert_eq!(again, ClaimAnswer::Repeated(next.clone()));
        now = next;
    }
    assert_eq!(now.execution.attempts, 2);
    assert_sound(&store).await;
}

pub async fn lapsed_votes_make_a_revision_on_the_newest_clearance(backend: Backend) {
    let store = founded(&backend).await;
    let claim = approved_credit(&store, "0x1").await;
    let again = by_at("cat", later(600));
    let claim = stepped(&store, &claim, screen(true), again).await;
    let late = by_at("sam", later(2 * super::world::DAY));
    let claim = stepped(&store, &claim, Command::LapseVotes, late).await;
    assert_eq!(
        (claim.revision, claim.status, claim.approvals.len()),
        (2, ClaimStatus::PendingApproval, 0)
    );
    assert!(claim.plan.is_some() && claim.rescreening.is_none());
    let cleared = claim.screening.as_ref().map(|first| first.decided_at);
    assert_eq!(cleared, Some(later(600)));
    same(&store, &claim).await;
    let later_still = later(2 * super::world::DAY + 60);
    let claim = stepped(&store, &claim, screen(true), by_at("cat", later_still)).await;
    let claim = stepped(&store, &claim, approve(&claim), by_at("wes", later_still)).await;
    same(&store, &claim).await;
    assert_sound(&store).await;
}

pub async fn a_vote_without_a_plan_is_refused(backend: Backend) {
    let (store, deposit) = prepared(&backend).await;
    let claim = super::world::opened(&store, &deposit.id()).await;
    let no_plan = Command::Quote {
        quote: super::world::claim_quote(10, 100),
        plan: None,
    };
    let claim = pending_with(&store, &claim, no_plan).await;
    assert_eq!(
        refusal(&store, &claim, approve(&claim), by("wim")).await,
        Refusal::PlanMissing
    );
    found(&store, "0x9").await;
    assert_eq!(
        refusal(&store, &claim, instruct(), keyed("tom", "k")).await,
        Refusal::StatusWrong
    );
}
