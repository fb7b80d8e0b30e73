//! From release to settlement: what the network shows, what the ledger answers, and what is left in the books.

use crate::world::{
    AMOUNT, FEE, PACKAGE_SECONDS, START, VOTE_SECONDS, World, acknowledge, answers, because, block,
    cancel, ethereum, expired, failed, finalised, import, included, invalidate, later, quote,
    quoted, reject, replaced, screen, signed, tx, vote,
};
use proptest::prelude::*;
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::claim::settlement::{Account, Posting, SettlementError, is_balanced, postings};
use recover_core::claim::{Claim, ClaimStatus, Command, Receipt, Refusal, Sighting};
use recover_core::deposit::DepositStatus;
use recover_core::plan::LegKind;
use std::collections::BTreeMap;

fn pending_sight() -> Command {
    Command::Sight(Sighting::Pending { tx_id: tx() })
}

fn vanished() -> Command {
    Command::Sight(Sighting::Vanished)
}

fn different() -> Command {
    Command::Sight(Sighting::Different {
        tx_id: tx(),
        detail: because("it paid 0xThief"),
    })
}

/// A claim whose first transaction is on its way, at a status.
fn on_the_way(status: ClaimStatus) -> (World, Claim) {
    let mut world = World::new();
    if status == ClaimStatus::Reorged {
        let confirming = world.claim_at(ClaimStatus::Confirming);
        let claim = world
            .act(&confirming, "", &vanished())
            .expect("it was there");
        return (world, claim);
    }
    let claim = world.claim_at(status);
    (world, claim)
}

const ON_THE_WAY: [ClaimStatus; 5] = [
    ClaimStatus::AwaitingSignature,
    ClaimStatus::BroadcastUnknown,
    ClaimStatus::Broadcast,
    ClaimStatus::Confirming,
    ClaimStatus::Reorged,
];

#[test]
fn every_sighting_from_every_place() {
    use ClaimStatus as S;
    type Row = (fn() -> Command, [Option<ClaimStatus>; 5]);
    // From awaiting_signature, broadcast_unknown, broadcast, confirming, reorged; `None` where it says nothing new.
    let rows: [Row; 8] = [
        (
            pending_sight,
            [
                Some(S::Broadcast),
                Some(S::Broadcast),
                Some(S::Broadcast),
                Some(S::Reorged),
                None,
            ],
        ),
        (
            included,
            [
                Some(S::Confirming),
                Some(S::Confirming),
                Some(S::Confirming),
                None,
                Some(S::Confirming),
            ],
        ),
        (finalised, [Some(S::Confirming); 5]),
        (failed, [Some(S::FailedOnChain); 5]),
        (
            vanished,
            [
                None,
                None,
                Some(S::BroadcastUnknown),
                Some(S::Reorged),
                None,
            ],
        ),
        (replaced, [Some(S::Invalidated); 5]),
        (expired, [Some(S::ArtifactExpired); 5]),
        (different, [Some(S::Mispaid); 5]),
    ];
    for (command, row) in rows {
        for (status, expected) in ON_THE_WAY.into_iter().zip(row) {
            let (world, claim) = on_the_way(status);
            let command = command();
            let found = world.act(&claim, "", &command);
            let code = command.code();
            match expected {
                None => assert_eq!(found, Err(Refusal::NothingNew), "{code} at {status}"),
                Some(expected) => {
                    let after =
                        found.unwrap_or_else(|refusal| panic!("{code} at {status}: {refusal}"));
                    assert_eq!(after.status, expected, "{code} at {status}");
                    let ends = ["seen_final", "seen_failed", "seen_replaced", "seen_expired"];
                    assert_eq!(
                        after.execution.package.is_none(),
                        ends.contains(&code),
                        "{code} at {status}"
                    );
                    assert_eq!(
                        after.execution.done,
                        u32::from(code == "seen_final"),
                        "{code} at {status}"
                    );
                    assert_eq!(
                        (after.revision, &after.approvals),
                        (claim.revision, &claim.approvals),
                        "{code} at {status}"
                    );
                }
            }
        }
    }
    for status in ClaimStatus::ALL {
        if ON_THE_WAY.contains(status) {
            continue;
        }
        let (world, mut claim) = on_the_way(S::Broadcast);
        claim.status = *status;
        for (command, _) in rows {
            assert_eq!(
                world.act(&claim, "", &command()),
                Err(Refusal::StatusWrong),
                "{status}"
            );
        }
    }
}

#[test]
fn pitfall_085_no_time_moves_what_was_sent_backwards() {
    for status in [
        ClaimStatus::BroadcastUnknown,
        ClaimStatus::Broadcast,
        ClaimStatus::Confirming,
    ] {
        let (mut world, claim) = on_the_way(status);
        world.now = later(START, 400 * 86_400);
        for command in [
            Command::ExpireQuote,
            Command::LapseVotes,
            invalidate(),
            cancel(),
            reject(),
            world.quote(&claim),
            world.release(&claim),
            world.export(),
            Command::Instruct {
                expires_at: later(world.now, 1),
            },
        ] {
            for name in ["", "ada", "dee", "tom", "fay"] {
                assert!(
                    world.act(&claim, name, &command).is_err(),
                    "{} by '{name}' at {status}",
                    command.code()
                );
            }
        }
    }
}

#[test]
fn pitfall_094_an_unknown_broadcast_is_sent_again_as_it_was_and_never_afresh() {
    let (world, claim) = on_the_way(ClaimStatus::BroadcastUnknown);
    let again = world
        .act(&claim, "tia", &Command::Send)
        .expect("the same bytes");
    assert_eq!(again, claim);
    assert_eq!(
        world.act(&claim, "tom", &world.release(&claim)),
        Err(Refusal::PackageLive)
    );
    assert_eq!(
        world.act(&claim, "tom", &import(&claim)),
        Err(Refusal::StatusWrong)
    );
    let found = world
        .act(&claim, "", &included())
        .expect("it went out after all");
    assert_eq!(found.status, ClaimStatus::Confirming);
}

#[test]
fn pitfall_086_of_two_releases_the_second_is_refused() {
    for mut world in [World::new(), World::crediting()] {
        let approved = world.claim_at(ClaimStatus::Approved);
        let release = world.release(&approved);
        let released = world.act(&approved, "tom", &release).expect("the first");
        for name in ["tom", "tia"] {
            assert_eq!(
                world.act(&released, name, &release),
                Err(Refusal::PackageLive)
            );
        }
        // A hold that came between the last vote and the release is read at the release.
        let held = world.act(&approved, "eve", &screen(false)).expect("held");
        assert_eq!(world.act(&held, "tom", &release), Err(Refusal::OnHold));
    }
}

#[test]
fn pitfall_091_what_left_the_house_is_not_undone() {
    let mut crediting = World::crediting();
    let instructed = crediting.claim_at(ClaimStatus::Instructed);
    let mut all = vec![(crediting, instructed, Refusal::PackageLive)];
    for status in ON_THE_WAY {
        let (world, claim) = on_the_way(status);
        all.push((world, claim, Refusal::PackageLive));
    }
    for status in [ClaimStatus::Settled, ClaimStatus::Rejected] {
        let (world, mut claim) = on_the_way(ClaimStatus::Broadcast);
        claim.status = status;
        claim.execution.package = None;
        all.push((world, claim, Refusal::StatusWrong));
    }
    for (world, claim, refusal) in all {
        for (name, command) in [
            ("ada", cancel()),
            ("dee", reject()),
            ("", invalidate()),
            ("ada", world.quote(&claim)),
        ] {
            assert_eq!(
                world.act(&claim, name, &command),
                Err(refusal),
                "{} at {}",
                command.code(),
                claim.status
            );
        }
    }
}

#[test]
fn i17_what_is_proven_dead_frees_the_claim() {
    for proof in [failed(), expired()] {
        let (world, claim) = on_the_way(ClaimStatus::Broadcast);
        let dead = world.act(&claim, "", &proof).expect("proof");
        let requoted = world.act(&dead, "ada", &world.quote(&dead)).expect("anew");
        assert_eq!((requoted.revision, requoted.approvals.len()), (2, 0));
        let settled = world.on_to(requoted, |claim| claim.status == ClaimStatus::Settled);
        assert_eq!(settled.execution.attempts, 3);
        assert!(world.act(&dead, "ada", &cancel()).is_ok());
    }
}

/// A sweep that stands in treasury and whose credit is not booked.
fn swept() -> (World, Claim) {
    let mut world = World::sweeping();
    let claim = world.claim_at(ClaimStatus::Draft);
    let claim = world.on_to(claim, |claim| claim.execution.done == 2);
    assert!(claim.execution.has_moved_deposit());
    (world, claim)
}

#[test]
fn what_was_moved_is_carried_on_whatever_happens() {
    let (mut world, claim) = swept();
    for (name, command) in [
        ("ada", cancel()),
        ("", invalidate()),
        ("ada", world.quote(&claim)),
    ] {
        assert_eq!(
            world.act(&claim, name, &command),
            Err(Refusal::AlreadyMoved),
            "{}",
            command.code()
        );
    }
    // The deposit is gone from where it lay, as it should be: the credit does not look for it there.
    world.deposit.status = DepositStatus::Gone;
    assert!(world.act(&claim, "tom", &world.release(&claim)).is_ok());
    // The votes run out before the ledger was told: they are given afresh for what is left.
    world.now = later(START, VOTE_SECONDS + 1);
    let screened = world.act(&claim, "eve", &screen(true)).expect("again");
    assert_eq!(
        world.act(&screened, "tom", &world.release(&screened)),
        Err(Refusal::QuorumMissing)
    );
    let lapsed = world
        .act(&screened, "", &Command::LapseVotes)
        .expect("too old");
    assert_eq!(
        (lapsed.status, lapsed.execution.done, lapsed.revision),
        (ClaimStatus::PendingApproval, 2, 2)
    );
    assert_eq!(
        world.act(&lapsed, "dee", &reject()),
        Err(Refusal::AlreadyMoved)
    );
    let settled = world.on_to(lapsed, |claim| claim.status == ClaimStatus::Settled);
    assert_eq!(settled.execution.receipts.len(), 3);
}

#[test]
fn what_failed_after_the_deposit_was_moved_is_released_again() {
    let mut world = World::new();
    let claim = world.claim_at(ClaimStatus::Draft);
    let mut steps = crate::world::plan(&claim).steps;
    steps.insert(
        0,
        crate::world::send(crate::world::leg(LegKind::Flush, "0xGas", "0xTo", AMOUNT)),
    );
    let command = quoted(quote(), recover_core::plan::Plan { steps });
    let claim = world.act(&claim, "ada", &command).expect("a plan");
    let claim = world.on_to(claim, |claim| {
        claim.execution.done == 2 && claim.status == ClaimStatus::Broadcast
    });
    for (proof, status) in [
        (failed(), ClaimStatus::FailedOnChain),
        (expired(), ClaimStatus::ArtifactExpired),
        (replaced(), ClaimStatus::ArtifactExpired),
    ] {
        let dead = world.act(&claim, "", &proof).expect("proof");
        assert_eq!(dead.status, status);
        assert!(
            dead.status.is_open(),
            "the deposit was moved: it is still owed"
        );
        for (name, command) in [("ada", world.quote(&dead)), ("ada", cancel())] {
            assert_eq!(world.act(&dead, name, &command), Err(Refusal::AlreadyMoved));
        }
        let settled = world.on_to(dead, |claim| claim.status == ClaimStatus::Settled);
        assert_eq!(settled.execution.attempts, 4);
        assert_eq!(settled.approvals, claim.approvals);
    }
    // Prepared and never handed out, with votes that ran out: the package goes, the votes come anew.
    let failed = world.act(&claim, "", &failed()).expect("proof");
    let prepared = world.on_to(failed, |claim| claim.status == ClaimStatus::Prepared);
    world.now = later(START, VOTE_SECONDS + 1);
    let lapsed = world
        .act(&prepared, "", &Command::LapseVotes)
        .expect("too old");
    assert_eq!(
        (lapsed.status, lapsed.execution.package),
        (ClaimStatus::PendingApproval, None)
    );
}

#[test]
fn i13_what_a_reorganisation_took_back_is_not_sent_by_us() {
    let (mut world, claim) = on_the_way(ClaimStatus::AwaitingSignature);
    let imported = world.act(&claim, "tom", &import(&claim)).expect("signed");
    world.deposit.status = DepositStatus::Unconfirmed;
    assert_eq!(
        world.act(&imported, "tom", &Command::Send),
        Err(Refusal::DepositNotFinal)
    );
    world.deposit.status = DepositStatus::Claimed;
    let sent = world
        .act(&imported, "tom", &Command::Send)
        .expect("final again");
    // Once it may be out, the same bytes may go out again: they are the same payment.
    world.deposit.status = DepositStatus::Unconfirmed;
    assert!(world.act(&sent, "tom", &Command::Send).is_ok());
}

#[test]
fn i16_only_the_bytes_that_were_handed_out_come_back() {
    let (mut world, claim) = on_the_way(ClaimStatus::AwaitingSignature);
    let good = signed(&claim);
    let mut other_bytes = good.clone();
    other_bytes.unsigned.push(b'0');
    let mut other_signer = good.clone();
    other_signer.signer = because("0xThief");
    for (signed, refusal) in [
        (other_bytes, Refusal::BytesDiffer),
        (other_signer, Refusal::SignerDiffers),
    ] {
        assert_eq!(
            world.act(&claim, "tom", &Command::Import { signed }),
            Err(refusal)
        );
    }
    world.now = later(START, PACKAGE_SECONDS);
    assert_eq!(
        world.act(&claim, "tom", &import(&claim)),
        Err(Refusal::PackageExpired)
    );
    let again = world
        .act(&claim, "tia", &world.export())
        .expect("handed out again");
    assert_eq!(
        again
            .execution
            .package
            .as_ref()
            .map(|package| (&package.bytes, package.attempt)),
        claim
            .execution
            .package
            .as_ref()
            .map(|package| (&package.bytes, package.attempt))
    );
    let imported = world.act(&again, "tom", &import(&again)).expect("in time");
    assert_eq!(
        imported
            .execution
            .package
            .and_then(|package| package.signed),
        Some(good)
    );
}

#[test]
fn i22_an_answer_of_another_amount_is_mispaid() {
    let mut world = World::crediting();
    let claim = world.claim_at(ClaimStatus::Instructed);
    for change in 0..2 {
        let mut wrong = answers(&claim);
        match change {
            0 => wrong[0].amount = Amount::from_u128(AMOUNT),
            _ => wrong[1].asset = AssetId::native(ethereum()),
        }
        let command = Command::Acknowledge { answers: wrong };
        let after = world.act(&claim, "tom", &command).expect("it is recorded");
        assert_eq!(after.status, ClaimStatus::Mispaid);
        assert!(after.status.is_open(), "it stays on somebody's table");
        assert!(
            after
                .closing_reason
                .is_some_and(|words| words.contains("entry-"))
        );
    }
    let settled = world
        .act(&claim, "tom", &acknowledge(&claim))
        .expect("exactly");
    assert_eq!(settled.status, ClaimStatus::Settled);
    // The order of the answers says nothing.
    let mut turned = answers(&claim);
    turned.reverse();
    let again = world.act(&claim, "tom", &Command::Acknowledge { answers: turned });
    assert_eq!(again, Ok(settled));
}

#[test]
fn instructions_that_ran_out_with_their_votes_are_voted_on_anew() {
    let mut world = World::crediting();
    let claim = world.claim_at(ClaimStatus::Instructed);
    let export = |world: &World, claim: &Claim| world.act(claim, "tom", &world.export());
    // Within the deadline votes stay what they were.
    let early = world.act(&claim, "", &Command::LapseVotes);
    assert_eq!(early, Err(Refusal::StatusWrong));
    world.now = later(START, VOTE_SECONDS + 1);
    let claim = world.act(&claim, "eve", &screen(true)).expect("again");
    assert_eq!(export(&world, &claim), Err(Refusal::QuorumMissing));
    let lapsed = world
        .act(&claim, "", &Command::LapseVotes)
        .expect("nobody's vote is young enough");
    assert_eq!(
        (lapsed.status, lapsed.revision, lapsed.approvals.len()),
        (ClaimStatus::Instructed, 2, 0)
    );
    // What the ledger may book late stays out: it is neither ended nor changed, counts in the sums, and its answer is taken.
    assert_eq!(lapsed.execution, claim.execution);
    assert!(lapsed.approved.is_some() && !lapsed.is_decided());
    for (name, command) in [
        ("ada", world.quote(&lapsed)),
        ("ada", cancel()),
        ("dee", reject()),
        ("", invalidate()),
    ] {
        let found = world.act(&lapsed, name, &command);
        assert_eq!(found, Err(Refusal::PackageLive), "{}", command.code());
    }
    let booked = world.act(&lapsed, "tom", &acknowledge(&lapsed));
    assert_eq!(booked.map(|claim| claim.status), Ok(ClaimStatus::Settled));
    // Votes that are too few are not taken back every night.
    let half = world.act(&lapsed, "bob", &vote(&lapsed)).expect("one");
    assert_eq!(
        world.act(&half, "", &Command::LapseVotes),
        Err(Refusal::VotesStillValid)
    );
    assert_eq!(export(&world, &half), Err(Refusal::QuorumMissing));
    let again = world.act(&half, "cyd", &vote(&half)).expect("two");
    assert!(again.is_decided());
    assert_eq!(again.status, ClaimStatus::Instructed);
    let more = world.act(&again, "dee", &vote(&again));
    assert_eq!(more, Err(Refusal::StatusWrong));
    let exported = export(&world, &again).expect("a new deadline");
    let (before, after) = (claim.execution.package, exported.execution.package.clone());
    let (before, after) = (before.expect("out"), after.expect("out"));
    assert!(before.expires_at < world.now && after.expires_at > world.now);
    assert_eq!((before.attempt, before.bytes), (after.attempt, after.bytes));
    let settled = world.act(&exported, "tom", &acknowledge(&exported));
    assert_eq!(settled.map(|claim| claim.status), Ok(ClaimStatus::Settled));
}

#[test]
fn the_whole_way_of_each_resolution() {
    for (mut world, steps, receipts) in [
        (World::crediting(), 1, 1),
        (World::new(), 2, 2),
        (World::sweeping(), 3, 3),
        (World::correcting(), 2, 2),
    ] {
        let claim = world.claim_at(ClaimStatus::Settled);
        assert_eq!(
            (claim.execution.done, claim.execution.receipts.len()),
            (steps, receipts)
        );
        assert_eq!(claim.execution.package, None);
        assert!(world.onward(&claim).is_none());
        let involved: Vec<&str> = claim.involved.iter().map(String::as_str).collect();
        assert_eq!(involved, ["ada", "eve", "tom"]);
    }
}

fn sums(set: &[Posting], asset: &AssetId) -> BTreeMap<Account, (u128, u128)> {
    let plain = |amount: Amount| amount.to_base_units().parse::<u128>().expect("small");
    set.iter()
        .filter(|posting| posting.asset == *asset)
        .map(|posting| {
            (
                posting.account,
                (plain(posting.debit), plain(posting.credit)),
            )
        })
        .collect()
}

/// A settled claim with these receipts: kind, fee and whether it succeeded; a top-up brings 40.
fn with_receipts(receipts: &[(LegKind, u128, bool)]) -> Claim {
    let mut claim = World::crediting().claim_at(ClaimStatus::Settled);
    for (kind, fee, succeeded) in receipts {
        let (signer, recipient) = match kind {
            LegKind::GasTopUp => ("0xGas", "0xTo"),
            _ => ("0xTo", "0xProven"),
        };
        claim.execution.receipts.push(Receipt::Sent {
            leg: crate::world::leg(*kind, signer, recipient, 40),
            tx_id: tx(),
            block: block(200),
            fee: Amount::from_u128(*fee),
            succeeded: *succeeded,
        });
    }
    claim
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pitfall_095_the_books_balance_and_name_every_cost(
        receipts in prop::collection::vec(
            (prop::sample::select(vec![LegKind::GasTopUp, LegKind::Deploy, LegKind::Flush, LegKind::Transfer]), 0_u128..90, any::<bool>()),
            0..7,
        ),
        net in 0_u128..=AMOUNT,
    ) {
        let mut claim = with_receipts(&receipts);
        claim.quote.as_mut().expect("quoted").quote.net = Amount::from_u128(net);
        let set = postings(&claim).expect("small sums");
        prop_assert!(is_balanced(&set));
        let token = sums(&set, &claim.asset);
        // Recovered is what the customer got and what the fee took.
        let of = |account| token.get(&account).copied().unwrap_or_default();
        prop_assert_eq!(of(Account::UnassignedDeposit).0, AMOUNT);
        prop_assert_eq!(of(Account::Customer).1, net);
        prop_assert_eq!(of(Account::FeeRevenue).1, AMOUNT - net);
        // What networks took is the sum of the receipts, and what top-ups brought is spent or left over.
        let native = sums(&set, &AssetId::native(ethereum()));
        let of = |account| native.get(&account).copied().unwrap_or_default();
        let fees: u128 = receipts.iter().map(|(_, fee, _)| fee).sum();
        let brought: u128 = receipts.iter().filter(|(kind, _, done)| *kind == LegKind::GasTopUp && *done).map(|_| 40).sum();
        prop_assert_eq!(of(Account::NetworkCost).1, fees);
        let (spent, received) = of(Account::TopUpLeftover);
        prop_assert_eq!(received, brought);
        prop_assert!(spent <= received);
        prop_assert_eq!(of(Account::GasFloat).0 + spent, fees + brought);
    }
}

#[test]
fn pitfall_095_a_top_up_is_spent_first_and_its_rest_is_left_over() {
    let claim = with_receipts(&[(LegKind::GasTopUp, 7, true), (LegKind::Transfer, 30, true)]);
    let set = postings(&claim).expect("small sums");
    let native = sums(&set, &AssetId::native(ethereum()));
    let expected = BTreeMap::from([
        (Account::NetworkCost, (0, 37)),
        (Account::GasFloat, (47, 0)),
        (Account::TopUpLeftover, (30, 40)),
    ]);
    assert_eq!(native, expected);
    assert_eq!(
        sums(&set, &claim.asset).get(&Account::FeeRevenue),
        Some(&(0, FEE))
    );
    let mut unquoted = claim.clone();
    unquoted.quote = None;
    assert_eq!(postings(&unquoted), Err(SettlementError::NoQuote));
    let mut beyond = claim;
    beyond.quote.as_mut().expect("quoted").quote.net = Amount::from_u128(AMOUNT + 1);
    assert_eq!(postings(&beyond), Err(SettlementError::OutOfRange));
    let mut crooked = set;
    crooked.pop();
    assert!(!is_balanced(&crooked));
}
