//! The invariants of the approval model that hold up to release, by their numbers; content, plans, votes and carrying have their
//! own suites, and the model check beside the machine searches all of them together.

use crate::world::{
    AMOUNT, QUOTE_SECONDS, SCREENING_SECONDS, START, World, accept, because, block, cancel, later,
    reject, screen, vote,
};
use recover_core::amount::Amount;
use recover_core::block::BlockHash;
use recover_core::claim::{ClaimStatus, Command, OpenRequest, Refusal, Screening};
use recover_core::decimal::Decimal;
use recover_core::deposit::DepositStatus;
use recover_core::fee::{FeeForm, FeeRule, QuoteRefusal};
use recover_core::time::Timestamp;
use recover_core::verdict::{Missing, Verdict};

const OPEN: [ClaimStatus; 7] = [
    ClaimStatus::Draft,
    ClaimStatus::Quoted,
    ClaimStatus::Accepted,
    ClaimStatus::PendingApproval,
    ClaimStatus::Approved,
    ClaimStatus::Prepared,
    ClaimStatus::AwaitingSignature,
];

#[test]
fn i01_a_deposit_with_an_open_claim_takes_no_second_one() {
    let mut world = World::new();
    let claim = world.claim_at(ClaimStatus::Draft);
    let again = OpenRequest {
        ordinal: 2,
        ..world.request()
    };
    assert_eq!(world.open("abe", &again), Err(Refusal::DepositTaken));
    // Only these endings free the deposit; a quote that ran out does not, and neither does money that went wrong.
    let free: Vec<ClaimStatus> = (ClaimStatus::ALL.iter().copied())
        .filter(|status| !status.is_open())
        .collect();
    assert_eq!(
        free,
        [
            ClaimStatus::Settled,
            ClaimStatus::Rejected,
            ClaimStatus::Cancelled,
            ClaimStatus::Invalidated
        ]
    );
    world.deposit.status = DepositStatus::Open;
    let second = world
        .open("abe", &again)
        .expect("the deposit is free again");
    assert_ne!(second.id, claim.id, "the second claim is another claim");
    assert_eq!(
        world.open("abe", &again).map(|claim| claim.id),
        Ok(second.id),
        "a repeated command finds itself"
    );
}

#[test]
fn i06_another_content_is_another_revision_with_no_votes() {
    let mut world = World::new();
    let claim = world.claim_at(ClaimStatus::PendingApproval);
    let voted = world.act(&claim, "bob", &vote(&claim)).expect("one vote");
    // Screened again, held, lifted: the content is the same, and so are the votes.
    let mut same = voted.clone();
    for clear in [true, false, true] {
        world.now = later(world.now, 60);
        same = world.act(&same, "eli", &screen(clear)).expect("screened");
        assert_eq!(
            (same.revision, &same.approvals, same.content_digest()),
            (voted.revision, &voted.approvals, voted.content_digest())
        );
    }
    assert_eq!(same.screening, voted.screening);
    assert_eq!(
        same.latest_screening()
            .map(|screening| screening.decided_at),
        Some(world.now)
    );
    // Another price is another content, wherever it comes.
    for status in [
        ClaimStatus::Quoted,
        ClaimStatus::Accepted,
        ClaimStatus::PendingApproval,
        ClaimStatus::Approved,
        ClaimStatus::Prepared,
    ] {
        let mut world = World::new();
        let before = world.claim_at(status);
        let requoted = world
            .act(&before, "ada", &world.quote(&before))
            .expect("nothing left the house");
        assert_eq!(requoted.revision, before.revision + 1, "{status}");
        assert_eq!(requoted.status, ClaimStatus::Quoted, "nobody accepted it");
        assert_eq!((requoted.screening, requoted.rescreening), (None, None));
        assert_eq!((requoted.approvals, requoted.approved), (vec![], None));
        assert_eq!(requoted.execution.package, None);
    }
}

#[test]
fn i07_the_unknown_denies() {
    let mut world = World::new();
    let claim = world.claim_at(ClaimStatus::PendingApproval);
    // An age that does not fit the calendar is no freshness.
    let mut endless = world.clone();
    for policy in &mut endless.policies {
        policy.screening_age_max_seconds = i64::MAX;
    }
    assert_eq!(
        endless.act(&claim, "bob", &vote(&claim)),
        Err(Refusal::ScreeningMissing)
    );
    let mut unvouched = world.clone();
    unvouched.deposit.classification.verdict = Verdict::Conditional(Missing::AssetUnvouched);
    assert_eq!(
        unvouched.act(&claim, "bob", &vote(&claim)),
        Err(Refusal::ConditionOpen)
    );
    world.ledger_covered = false;
    assert_eq!(
        world.act(&claim, "bob", &vote(&claim)),
        Err(Refusal::LedgerCoverageMissing),
        "it may have been credited"
    );
    // No rule and no price: no quote.
    let free = FeeRule::new(
        1,
        FeeForm::Flat {
            amount: crate::world::cents(0),
        },
    );
    let one = Decimal::parse("1").ok();
    let amount = Amount::from_u128(AMOUNT);
    assert_eq!(
        crate::world::reckoned(&[], amount, one),
        Err(QuoteRefusal::NoRule)
    );
    assert_eq!(
        crate::world::reckoned(&[free], amount, None),
        Err(QuoteRefusal::PriceUnknown)
    );
}

#[test]
fn i08_one_no_ends_it() {
    for status in [
        ClaimStatus::PendingApproval,
        ClaimStatus::Approved,
        ClaimStatus::Prepared,
    ] {
        let mut world = World::new();
        let claim = world.claim_at(status);
        for name in ["dee", "lea", "eli"] {
            let ended = world.act(&claim, name, &reject()).expect("a no");
            assert_eq!(ended.status, ClaimStatus::Rejected);
            assert_eq!(
                ended.closing_reason.as_deref(),
                Some("the destination is not proven")
            );
            assert_eq!(ended.execution.package, None);
            assert_eq!(
                world.act(&ended, "bob", &vote(&ended)),
                Err(Refusal::StatusWrong)
            );
        }
    }
}

#[test]
fn i09_quotes_end_by_themselves() {
    let mut world = World::new();
    let quoted = world.claim_at(ClaimStatus::Quoted);
    for (seconds, fits) in [(QUOTE_SECONDS - 1, true), (QUOTE_SECONDS, false)] {
        world.now = later(START, seconds);
        assert_eq!(
            world.act(&quoted, "ada", &accept()).is_ok(),
            fits,
            "accepted after {seconds} s"
        );
        assert_eq!(
            world.act(&quoted, "gus", &Command::ExpireQuote).is_ok(),
            !fits,
            "expired after {seconds} s"
        );
    }
    // What was accepted in time stays accepted: the nightly job has nothing to end.
    let accepted = World::new().claim_at(ClaimStatus::Accepted);
    assert_eq!(
        world.act(&accepted, "gus", &Command::ExpireQuote),
        Err(Refusal::StatusWrong)
    );
}

#[test]
fn i10_a_hold_stops_everything_and_leaves_the_path_as_it_is() {
    for status in OPEN {
        let mut world = World::new();
        let claim = world.claim_at(status);
        let held = world.act(&claim, "eve", &screen(false)).expect("held");
        assert_eq!(held.status, status, "a hold is no status");
        assert_eq!(held.approvals, claim.approvals);
        for (name, command) in [
            ("ada", world.quote(&held)),
            ("ada", accept()),
            ("ada", cancel()),
            ("dee", vote(&held)),
            ("tom", world.release(&claim)),
            ("tom", world.export()),
            ("tom", Command::Send),
        ] {
            assert!(
                world.act(&held, name, &command).is_err(),
                "{} under a hold at {status}",
                command.code()
            );
        }
        let lifted = world.act(&held, "eve", &screen(true)).expect("lifted");
        assert_eq!(lifted.hold, None, "{status}");
        let expected = match status {
            // Lifting it is the clearance that this place waits for.
            ClaimStatus::Accepted => ClaimStatus::PendingApproval,
            _ => status,
        };
        assert_eq!(lifted.status, expected, "lifted at {status}");
        let on = world.on_to(lifted, |claim| claim.status == ClaimStatus::Settled);
        assert_eq!(on.revision, 1, "{status}");
    }
}

#[test]
fn i12_votes_and_releases_need_a_screening_that_is_clear_and_fresh() {
    for (status, name) in [
        (ClaimStatus::PendingApproval, "bob"),
        (ClaimStatus::Approved, "tom"),
        (ClaimStatus::Prepared, "tom"),
    ] {
        let mut world = World::new();
        let claim = world.claim_at(status);
        for (micros, fits) in [(0, true), (1, false)] {
            let end = later(START, SCREENING_SECONDS);
            world.now = Timestamp::from_micros(end.as_micros() + micros);
            let (_, command) = world.onward(&claim).expect("the next step");
            let found = world.act(&claim, name, &command).err();
            assert_eq!(
                found,
                (!fits).then_some(Refusal::ScreeningMissing),
                "{micros} us after the age that is allowed, at {status}"
            );
        }
        // Screened again, the votes count as before.
        let again = world.act(&claim, "eve", &screen(true)).expect("again");
        let (_, command) = world.onward(&again).expect("the next step");
        assert!(world.act(&again, name, &command).is_ok(), "{status}");
        // A clearance of before says nothing where the first one is missing, or where the latest one held it.
        let mut unscreened = again.clone();
        unscreened.screening = None;
        let mut held_last = again;
        held_last.rescreening = Some(Screening {
            clear: false,
            person: because("eve"),
            reason: because("listed"),
            decided_at: world.now,
        });
        for spoilt in [unscreened, held_last] {
            let (_, command) = world.onward(&spoilt).expect("the next step");
            assert_eq!(
                world.act(&spoilt, name, &command),
                Err(Refusal::ScreeningMissing)
            );
        }
    }
}

#[test]
fn i13_the_deposit_is_final_at_each_vote_and_each_release() {
    for (status, name) in [
        (ClaimStatus::PendingApproval, "bob"),
        (ClaimStatus::Approved, "tom"),
        (ClaimStatus::Prepared, "tom"),
    ] {
        let mut world = World::new();
        let claim = world.claim_at(status);
        let (_, command) = world.onward(&claim).expect("the next step");
        let mut reorganised = world.clone();
        reorganised.deposit.status = DepositStatus::Unconfirmed;
        assert_eq!(
            reorganised.act(&claim, name, &command),
            Err(Refusal::DepositNotFinal)
        );
        let mut moved = world.clone();
        let mut after = block(100);
        after.hash = BlockHash::new("0xafter");
        moved.observation_mut().block = Some(after);
        assert_eq!(
            moved.act(&claim, name, &command),
            Err(Refusal::DepositChanged),
            "final again, in another block: another fact"
        );
        // Final again in the same block, the earlier votes still stand.
        assert!(world.act(&claim, name, &command).is_ok());
    }
}
