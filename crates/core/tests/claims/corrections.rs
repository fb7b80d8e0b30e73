//! Correcting a booking: money is taken from one user and given to another, so that nothing about it may be guessed.

use crate::world::{
    AMOUNT, FEE, START, VOTE_SECONDS, World, accept, acknowledge, answers, cancel, cents,
    correction, invalidate, later, quote, reject, screen, tier, token, vote,
};
use recover_core::amount::Amount;
use recover_core::approval::{Alone, RuleAction};
use recover_core::claim::settlement::{Account, Posting, is_balanced, postings};
use recover_core::claim::{
    Claim, ClaimStatus, Command, OpenRequest, Refusal, Resolution, plan_is_of_quote,
};
use recover_core::deposit::DepositStatus;
use recover_core::kind::Kind;
use recover_core::verdict::{How, Missing, Reason, Verdict};

/// A correction whose freeze the ledger booked.
fn frozen() -> (World, Claim) {
    let mut world = World::correcting();
    let out = world.claim_at(ClaimStatus::Instructed);
    let claim = world.act(&out, "tom", &acknowledge(&out));
    (world, claim.expect("the ledger froze it"))
}

#[test]
fn a_booking_is_frozen_taken_back_and_booked_right() {
    let (world, claim) = frozen();
    assert_eq!(claim.status, ClaimStatus::Instructed);
    assert_eq!((claim.execution.done, &claim.execution.package), (1, &None));
    let settled = world.on_to(claim, |claim| claim.status == ClaimStatus::Settled);
    assert!(plan_is_of_quote(&settled));
    let set = postings(&settled).expect("small sums");
    assert!(is_balanced(&set));
    let posting = |account, debit, credit| Posting {
        account,
        asset: token(),
        debit: Amount::from_u128(debit),
        credit: Amount::from_u128(credit),
    };
    assert_eq!(
        set,
        [
            posting(Account::Customer, 0, AMOUNT - FEE),
            posting(Account::FeeRevenue, 0, FEE),
            posting(Account::Counterparty, AMOUNT, 0),
        ],
        "the deposit itself was assigned long ago"
    );
}

#[test]
fn what_was_frozen_can_only_be_carried_on() {
    let (mut world, claim) = frozen();
    let end: [(&str, Command); 4] = [
        ("ada", cancel()),
        ("dee", reject()),
        ("gus", invalidate()),
        ("ada", world.quote(&claim)),
    ];
    for (name, command) in end {
        let status = world.act(&claim, name, &command).map(|claim| claim.status);
        let refusal = if name == "dee" {
            Refusal::StatusWrong
        } else {
            Refusal::AlreadyMoved
        };
        assert_eq!(status, Err(refusal), "{}", command.code());
    }
    // Votes that ran out meanwhile are given anew, and the plan goes on where it stood.
    world.now = later(START, VOTE_SECONDS + 1);
    assert_eq!(
        world.act(&claim, "tom", &world.release(&claim)),
        Err(Refusal::ScreeningMissing)
    );
    let lapsed = world
        .act(&claim, "gus", &Command::LapseVotes)
        .expect("the votes are old");
    let cleared = world
        .act(&lapsed, "eve", &screen(true))
        .expect("compliance looks again");
    let settled = world.on_to(cleared, |claim| claim.status == ClaimStatus::Settled);
    assert_eq!((settled.revision, settled.execution.done), (2, 2));
    assert_eq!(settled.execution.receipts.len(), 2);
}

/// As long as the imported ledger shows the entry elsewhere nothing goes on; once it shows it again everything does.
#[test]
fn a_row_that_vanished_holds_up_both_steps_until_it_is_back() {
    let mut world = World::correcting();
    let approved = world.claim_at(ClaimStatus::Approved);
    let row = world.credited_by.take();
    assert_eq!(
        world.act(&approved, "tom", &world.release(&approved)),
        Err(Refusal::BookingDiffers)
    );
    world.credited_by = row;
    let frozen = world.on_to(approved, |claim| claim.execution.done == 1);
    let row = world.credited_by.take();
    assert_eq!(
        world.act(&frozen, "tom", &world.release(&frozen)),
        Err(Refusal::BookingDiffers)
    );
    world.credited_by = row;
    world.on_to(frozen, |claim| claim.status == ClaimStatus::Settled);
}

#[test]
fn a_freeze_of_another_amount_stops_everything() {
    let mut world = World::correcting();
    let out = world.claim_at(ClaimStatus::Instructed);
    let mut less = answers(&out);
    less[0].amount = Amount::from_u128(AMOUNT - 1);
    let claim = world
        .act(&out, "tom", &Command::Acknowledge { answers: less })
        .expect("it is what the ledger says");
    assert_eq!(claim.status, ClaimStatus::Mispaid);
    assert_eq!(
        world.act(&claim, "tom", &world.release(&claim)),
        Err(Refusal::PackageLive)
    );
}

/// The least value and an opener who may decide alone elsewhere: three of the last tier all the same.
#[test]
fn the_top_tier_decides_whatever_it_is_worth() {
    let votes_needed = |mut world: World| {
        for policy in &mut world.policies {
            let mut low = tier(Some(1_000_000), 1);
            low.alone = Some(Alone {
                day_value_max: cents(1_000_000),
                day_claims_max: 9,
            });
            policy.tiers = vec![low, tier(Some(2_000_000), 2), tier(None, 3)];
        }
        let pending = world.claim_at(ClaimStatus::PendingApproval);
        let alone = world
            .act(&pending, "ada", &vote(&pending))
            .map(|claim| claim.status);
        let approved = world.on_to(pending, |claim| claim.status == ClaimStatus::Approved);
        (alone, approved.approvals.len())
    };
    assert_eq!(
        votes_needed(World::crediting()),
        (Ok(ClaimStatus::Approved), 1)
    );
    assert_eq!(
        votes_needed(World::correcting()),
        (Err(Refusal::ActorInvolved), 3)
    );
}

/// Its value counts where a day's releases are added up.
#[test]
fn a_correction_is_released_within_the_limit_of_the_day() {
    let mut world = World::correcting();
    let approved = world.claim_at(ClaimStatus::Approved);
    let most = world.policies[0].day_release_max;
    world.spending.released = most;
    assert_eq!(
        world.act(&approved, "tom", &world.release(&approved)),
        Err(Refusal::DayLimitReached)
    );
}

#[test]
fn a_rule_of_the_policy_must_allow_it() {
    for (resolutions, action, expected) in [
        (
            vec![Resolution::CorrectBooking],
            RuleAction::Block,
            Err(Refusal::BlockedByPolicy),
        ),
        (
            vec![Resolution::LedgerCredit],
            RuleAction::Tiers,
            Err(Refusal::NoApprovalRule),
        ),
        (vec![Resolution::CorrectBooking], RuleAction::Tiers, Ok(1)),
    ] {
        let mut world = World::correcting();
        let pending = world.claim_at(ClaimStatus::PendingApproval);
        for policy in &mut world.policies {
            policy.rules[0].resolutions = resolutions.clone();
            policy.rules[0].action = action;
        }
        let voted = world.act(&pending, "bob", &vote(&pending));
        assert_eq!(voted.map(|claim| claim.approvals.len()), expected);
    }
}

/// The routing field names whom the ledger credited, or nobody, or whose money it is: nobody else.
#[test]
fn the_owner_is_one_of_the_two_or_nobody_known() {
    for (owner, expected) in [
        (None, Ok(ClaimStatus::Draft)),
        (Some("user-1"), Ok(ClaimStatus::Draft)),
        (Some("user-2"), Ok(ClaimStatus::Draft)),
        (Some("user-3"), Err(Refusal::BeneficiaryNotOwner)),
    ] {
        let mut world = World::correcting();
        world.deposit.classification.owner = owner.map(str::to_owned);
        let opened = world.open("ada", &world.request());
        assert_eq!(opened.map(|claim| claim.status), expected, "{owner:?}");
    }
}

/// What a correction is allowed is allowed to nothing else: no other resolution touches what was booked, with the booking named or
/// without, and the deposit's owner stays the only beneficiary of every other.
#[test]
fn no_other_resolution_became_looser() {
    let named = [None, Some(correction())];
    let others = || {
        Resolution::ALL
            .iter()
            .filter(|one| **one != Resolution::CorrectBooking)
            .map(|one| Some(*one))
            .chain([None])
    };
    for resolution in others() {
        for correction in &named {
            let world = World::correcting();
            let request = OpenRequest {
                resolution,
                correction: correction.clone(),
                destination: Some("0xProven".to_owned()),
                ..world.request()
            };
            let opened = world.open("ada", &request);
            assert_eq!(opened, Err(Refusal::NothingToClaim), "{resolution:?}");
        }
    }
    for mut world in [World::new(), World::crediting(), World::sweeping()] {
        let request = world.request();
        world.credited_by = World::correcting().credited_by;
        let with = OpenRequest {
            correction: Some(correction()),
            ..request.clone()
        };
        assert_eq!(world.open("ada", &with), Err(Refusal::CorrectionNotAsked));
        let claim = world.open("ada", &request).expect("a good deposit opens");
        world.deposit.status = DepositStatus::Claimed;
        let quoted = world.act(&claim, "ada", &world.quote(&claim));
        let quoted = quoted.expect("a good price");
        // The counterparty of a booking is no owner that pays somebody else.
        let mut of_another = world.clone();
        of_another.deposit.classification.owner = Some("user-2".to_owned());
        assert_eq!(
            of_another.act(&quoted, "ada", &accept()),
            Err(Refusal::BeneficiaryNotOwner)
        );
        let mut credited = world.clone();
        credited.deposit.classification.kind = Kind::AlreadyCredited;
        credited.deposit.classification.verdict = Verdict::NotRecoverable(Reason::AlreadyCredited);
        assert_eq!(
            credited.act(&quoted, "ada", &accept()),
            Err(Refusal::NothingToClaim)
        );
        // Somebody writes a correction into a content of another resolution: its plan fits no more.
        let mut smuggled = quoted.clone();
        assert!(plan_is_of_quote(&smuggled));
        smuggled.correction = Some(correction());
        assert!(!plan_is_of_quote(&smuggled));
        assert_eq!(
            credited.act(&smuggled, "ada", &accept()),
            Err(Refusal::NothingToClaim)
        );
    }
}

#[test]
fn a_correction_is_never_proposed() {
    let verdicts = [
        Verdict::Controllable(How::OwnAccount),
        Verdict::Controllable(How::SameKey),
        Verdict::NeedsDeploy(vec![]),
        Verdict::Conditional(Missing::OwnerDisputed),
        Verdict::Conditional(Missing::LedgerUnclear),
        Verdict::NotRecoverable(Reason::AlreadyCredited),
    ];
    for kind in Kind::ALL {
        for verdict in &verdicts {
            let proposed = Resolution::proposed(*kind, verdict);
            assert_ne!(proposed, Resolution::CorrectBooking, "{kind} {verdict}");
        }
    }
}

/// The whole amount as a fee leaves nobody to pay: there is no plan, so no approval.
#[test]
fn a_correction_that_pays_nobody_has_no_plan() {
    let mut world = World::correcting();
    let draft = world.claim_at(ClaimStatus::Draft);
    let mut all_fee = quote();
    all_fee.quote.net = Amount::ZERO;
    all_fee.quote.fee_in_asset = Amount::from_u128(AMOUNT);
    assert_eq!(
        recover_core::claim::correction_plan(&draft, &all_fee.quote),
        None
    );
    let free = {
        let mut free = quote();
        free.quote.net = Amount::from_u128(AMOUNT);
        free.quote.fee_in_asset = Amount::ZERO;
        free
    };
    let plan = recover_core::claim::correction_plan(&draft, &free.quote).expect("it pays");
    assert_eq!(plan.instructions().count(), 3, "no fee is no instruction");
    let quoted = world.act(&draft, "ada", &crate::world::quoted(free, plan));
    assert!(quoted.is_ok(), "{quoted:?}");
}
