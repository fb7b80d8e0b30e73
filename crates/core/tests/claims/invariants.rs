//! The invariants of the approval model by their numbers, as far as the machine goes today: there are no packages, no
//! releases and no signers yet, so the eleventh and those from the fourteenth on have nothing to hold for.

use crate::world::{
    AMOUNT, QUOTE_SECONDS, SCREENING_SECONDS, START, Step, World, because, later, observation,
    quote, request, screen, vote, vote_on,
};
use recover_core::amount::Amount;
use recover_core::appeal::AppealId;
use recover_core::asset::AssetId;
use recover_core::block::BlockHash;
use recover_core::claim::{
    Approval, Claim, ClaimId, ClaimStatus, Command, Hold, Refusal, Resolution,
};
use recover_core::decimal::Decimal;
use recover_core::deposit::DepositStatus;
use recover_core::digest::Digest;
use recover_core::fee::{Cents, FeeForm, FeeRule, QuoteInput, QuoteRefusal};
use recover_core::kind::Kind;
use recover_core::network::NetworkId;
use recover_core::observation::DepositId;
use recover_core::time::Timestamp;
use recover_core::verdict::{Missing, Verdict};
use std::collections::BTreeMap;

#[test]
fn the_way_from_a_draft_to_approval() {
    let mut world = World::new();
    let mut claim = world.open("ada", &request()).expect("it opens");
    world.deposit.status = DepositStatus::Claimed;
    let mut seen = vec![claim.status];
    let steps: [Step; 5] = [
        ("ada", |_| Command::Quote(quote())),
        ("abe", |_| Command::Accept),
        ("eve", |_| screen(true)),
        ("bob", vote),
        ("cyd", vote),
    ];
    for (name, command) in steps {
        claim = world
            .act(&claim, name, &command(&claim))
            .expect("no guard stands in the way");
        seen.push(claim.status);
    }
    assert_eq!(
        seen,
        [
            ClaimStatus::Draft,
            ClaimStatus::Quoted,
            ClaimStatus::Accepted,
            ClaimStatus::PendingApproval,
            ClaimStatus::PendingApproval,
            ClaimStatus::Approved,
        ]
    );
    assert_eq!(claim.resolution, Resolution::SweepToAddress);
    assert_eq!(claim.beneficiary.as_deref(), Some("user-1"));
    assert_eq!((claim.revision, claim.opened_by.as_str()), (1, "ada"));
    let involved: Vec<&str> = claim.involved.iter().map(String::as_str).collect();
    assert_eq!(involved, ["abe", "ada", "eve"]);
}

#[test]
fn i01_a_deposit_with_an_open_claim_takes_no_second_one() {
    let mut world = World::new();
    let claim = world.claim_at(ClaimStatus::Draft);
    let mut again = request();
    again.ordinal = 2;
    assert_eq!(world.open("abe", &again), Err(Refusal::DepositTaken));
    // Only these endings free the deposit; a quote that ran out does not.
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
fn i02_what_is_paid_and_kept_is_what_came_in() {
    let mut world = World::new();
    let draft = world.claim_at(ClaimStatus::Draft);
    for (net, fee, fits) in [
        (917, 83, true),
        (1_000, 0, true),
        (918, 83, false),
        (916, 83, false),
        (1_000, 83, false),
    ] {
        let mut offer = quote();
        offer.quote.net = Amount::from_u128(net);
        offer.quote.fee_in_asset = Amount::from_u128(fee);
        let quoted = world.act(&draft, "ada", &Command::Quote(offer));
        assert_eq!(quoted.is_ok(), fits, "{net} and {fee} of {AMOUNT}");
    }
    let mut overflowing = quote();
    overflowing.quote.net = Amount::MAX;
    assert_eq!(
        world.act(&draft, "ada", &Command::Quote(overflowing)),
        Err(Refusal::DepositChanged)
    );
}

#[test]
fn i03_a_vote_counts_only_for_the_exact_content() {
    let mut world = World::new();
    let mut claim = world.claim_at(ClaimStatus::PendingApproval);
    let seen = claim.content_digest();
    // Somebody changes what is paid behind the voter's back.
    claim.destination = Some("0xThief".to_owned());
    assert_eq!(
        world.act(&claim, "bob", &vote_on(seen)),
        Err(Refusal::DigestDiffers)
    );
    // A vote that lies there for another content is not added up with this one.
    claim.approvals.push(Approval {
        person: "bob".to_owned(),
        digest: seen,
        approved_at: START,
        signature: None,
    });
    let after = world
        .act(&claim, "cyd", &vote(&claim))
        .expect("the vote itself is good");
    assert_eq!(after.status, ClaimStatus::PendingApproval);
}

/// One change for each field of a claim, taken apart without `..`: a new field does not compile until it is named here.
/// `true` when the field has an effect on who is paid what.
fn field_changes(base: &Claim) -> Vec<(&'static str, bool, Claim)> {
    let Claim {
        id: _,
        deposit: _,
        deposit_block: _,
        asset: _,
        amount: _,
        appeal: _,
        beneficiary: _,
        destination: _,
        resolution: _,
        revision: _,
        status: _,
        hold: _,
        quote: _,
        screening: _,
        approvals: _,
        involved: _,
        opened_by: _,
        opened_at: _,
        closing_reason: _,
    } = base;
    let mut changes = Vec::new();
    let mut add = |name, has_effect, change: fn(&mut Claim)| {
        let mut claim = base.clone();
        change(&mut claim);
        assert_ne!(&claim, base, "{name} was not changed");
        changes.push((name, has_effect, claim));
    };
    fn cents(value: u128) -> Cents {
        Cents(Amount::from_u128(value))
    }
    macro_rules! of {
        ($part:ident, $field:ident, $value:expr) => {
            |claim: &mut Claim| {
                claim.$part.as_mut().expect("it has one").$field = $value;
            }
        };
    }
    macro_rules! of_quote {
        ($field:ident, $value:expr) => {
            |claim: &mut Claim| {
                claim.quote.as_mut().expect("it is quoted").quote.$field = $value;
            }
        };
    }
    add("id", true, |claim| claim.id = ClaimId::verbatim("clm_x"));
    add("deposit", true, |claim| {
        claim.deposit = DepositId::verbatim("dep_x");
    });
    add("deposit_block", true, |claim| {
        claim.deposit_block = Some(BlockHash::new("0xother"));
    });
    add("deposit_block absent", true, |claim| {
        claim.deposit_block = None;
    });
    add("asset", true, |claim| {
        claim.asset = AssetId::contract(NetworkId::new("ethereum"), "0xOther");
    });
    add("asset's network", true, |claim| {
        claim.asset = AssetId::contract(NetworkId::new("bsc"), "0xToken");
    });
    add("amount", true, |claim| {
        claim.amount = Amount::from_u128(AMOUNT + 1);
    });
    add("appeal", true, |claim| {
        claim.appeal = Some(AppealId::verbatim("A-2"));
    });
    add("appeal absent", true, |claim| claim.appeal = None);
    add("beneficiary", true, |claim| {
        claim.beneficiary = Some("user-2".to_owned());
    });
    add("beneficiary absent", true, |claim| claim.beneficiary = None);
    add("destination", true, |claim| {
        claim.destination = Some("0xOther".to_owned());
    });
    add("destination absent", true, |claim| claim.destination = None);
    add("destination empty", true, |claim| {
        claim.destination = Some(String::new());
    });
    add("resolution", true, |claim| {
        claim.resolution = Resolution::ReturnToSender;
    });
    add("revision", true, |claim| claim.revision += 1);
    add("opened_by", true, |claim| {
        claim.opened_by = "abe".to_owned()
    });
    add("quote absent", true, |claim| claim.quote = None);
    add("quote value", true, of_quote!(value, cents(1)));
    add("quote service_fee", true, of_quote!(service_fee, cents(1)));
    add("quote network_fee", true, of_quote!(network_fee, cents(1)));
    add("quote total_fee", true, of_quote!(total_fee, cents(1)));
    add(
        "quote fee_in_asset",
        true,
        of_quote!(fee_in_asset, Amount::ZERO),
    );
    add("quote net", true, of_quote!(net, Amount::ZERO));
    add("quote rule", true, of_quote!(rule, 2));
    add("quote policy_version", true, of!(quote, policy_version, 5));
    add(
        "quote price_ids",
        true,
        of!(quote, price_ids, vec!["p-1".to_owned()]),
    );
    add(
        "quote price_ids run together",
        true,
        of!(quote, price_ids, vec!["p-1,p-2".to_owned()]),
    );
    add("quote expires_at", true, of!(quote, expires_at, START));
    add("screening absent", true, |claim| claim.screening = None);
    add("screening clear", true, of!(screening, clear, false));
    add(
        "screening person",
        true,
        of!(screening, person, "eva".to_owned()),
    );
    add(
        "screening decided_at",
        true,
        of!(screening, decided_at, Timestamp::UNIX_EPOCH),
    );
    add(
        "screening reason",
        false,
        of!(screening, reason, because("other")),
    );
    add(
        "quote quoted_at",
        false,
        of!(quote, quoted_at, later(START, 1)),
    );
    add("status", false, |claim| {
        claim.status = ClaimStatus::Accepted
    });
    add("hold", false, |claim| {
        claim.hold = Some(Hold {
            person: "eve".to_owned(),
            since: START,
            reason: because("x"),
        });
    });
    add("approvals", false, |claim| {
        claim.approvals = vec![Approval {
            person: "bob".to_owned(),
            digest: claim.content_digest(),
            approved_at: START,
            signature: None,
        }];
    });
    add("involved", false, |claim| {
        claim.involved.insert("gus".to_owned());
    });
    add("opened_at", false, |claim| {
        claim.opened_at = later(START, 1)
    });
    add("closing_reason", false, |claim| {
        claim.closing_reason = Some(because("x"));
    });
    changes
}

#[test]
fn i04_the_digest_covers_every_field_that_has_an_effect() {
    let base = World::new().claim_at(ClaimStatus::PendingApproval);
    let mut seen: BTreeMap<Digest, &str> = BTreeMap::from([(base.content_digest(), "unchanged")]);
    for (name, has_effect, changed) in field_changes(&base) {
        let digest = changed.content_digest();
        if has_effect {
            let twin = seen.insert(digest, name);
            assert_eq!(twin, None, "{name} gives the digest of another content");
        } else {
            assert_eq!(digest, base.content_digest(), "{name} has no effect");
        }
    }
}

#[test]
fn i05_votes_come_from_distinct_people_who_did_nothing_else() {
    let mut world = World::new();
    // Fay has every role, and opens it.
    let draft = world.open("fay", &request()).expect("it opens");
    world.deposit.status = DepositStatus::Claimed;
    let mut claim = draft;
    for (name, command) in [
        ("ada", Command::Quote(quote())),
        ("abe", Command::Accept),
        ("eve", screen(true)),
    ] {
        claim = world.act(&claim, name, &command).expect("the happy path");
    }
    for name in ["ada", "abe", "eve", "gus"] {
        assert_eq!(
            world.act(&claim, name, &vote(&claim)),
            Err(Refusal::RoleMissing),
            "{name} is not of the wallet team"
        );
    }
    assert_eq!(
        world.act(&claim, "fay", &vote(&claim)),
        Err(Refusal::ActorInvolved)
    );
    // Nobody may join the wallet team later to vote on what they priced, accepted or screened.
    for name in ["ada", "abe", "eve"] {
        let mut joined = world.clone();
        for person in &mut joined.people {
            if person.name == name {
                person.roles.insert(recover_core::claim::Role::Wallet);
            }
        }
        assert_eq!(
            joined.act(&claim, name, &vote(&claim)),
            Err(Refusal::ActorInvolved),
            "{name} acted on it"
        );
    }
    let once = world.act(&claim, "bob", &vote(&claim)).expect("one vote");
    assert_eq!(
        world.act(&once, "bob", &vote(&once)),
        Err(Refusal::AlreadyVoted)
    );
    assert_eq!(once.status, ClaimStatus::PendingApproval);
    let twice = world.act(&once, "dee", &vote(&once)).expect("two votes");
    assert_eq!(twice.status, ClaimStatus::Approved);
}

#[test]
fn i06_another_content_is_another_revision_with_no_votes() {
    let mut world = World::new();
    let claim = world.claim_at(ClaimStatus::PendingApproval);
    let voted = world.act(&claim, "bob", &vote(&claim)).expect("one vote");

    let rescreened = world.act(&voted, "eve", &screen(true)).expect("screened");
    assert_eq!(rescreened.revision, voted.revision + 1);
    assert!(rescreened.approvals.is_empty());
    assert_eq!(
        world.act(&rescreened, "cyd", &vote_on(voted.content_digest())),
        Err(Refusal::DigestDiffers)
    );

    // A screening that saw another price is none, even where a lifted hold left it behind.
    let quoted = World::new().claim_at(ClaimStatus::Quoted);
    let held = world.act(&quoted, "eve", &screen(false)).expect("held");
    let lifted = world.act(&held, "eve", &screen(true)).expect("lifted");
    assert!(lifted.screening.is_some());
    let repriced = world.act(&lifted, "ada", &Command::Quote(quote()));
    assert_eq!(repriced.map(|claim| claim.screening), Ok(None));

    let accepted = World::new().claim_at(ClaimStatus::Accepted);
    let mut dearer = quote();
    dearer.quote.fee_in_asset = Amount::from_u128(100);
    dearer.quote.net = Amount::from_u128(AMOUNT - 100);
    let requoted = world
        .act(&accepted, "ada", &Command::Quote(dearer))
        .expect("an accepted quote can be replaced");
    assert_eq!(requoted.revision, accepted.revision + 1);
    assert_eq!(
        requoted.status,
        ClaimStatus::Quoted,
        "the customer did not accept this price"
    );
    assert_eq!(requoted.screening, None);
    assert!(requoted.approvals.is_empty());
}

#[test]
fn i07_the_unknown_denies() {
    let mut world = World::new();
    let claim = world.claim_at(ClaimStatus::PendingApproval);
    for needed in [None, Some(0), Some(1)] {
        let mut lax = world.clone();
        lax.approvers_min = needed;
        assert_eq!(
            lax.act(&claim, "bob", &vote(&claim)),
            Err(Refusal::PolicyMissing),
            "{needed:?} approvers"
        );
    }
    // A quorum that nobody can reach is a quorum not reached.
    let mut strict = world.clone();
    strict.approvers_min = Some(u32::MAX);
    let mut voted = claim.clone();
    for name in ["bob", "cyd", "dee"] {
        voted = strict.act(&voted, name, &vote(&voted)).expect("a vote");
    }
    assert_eq!(voted.status, ClaimStatus::PendingApproval);
    // An age that does not fit the calendar is no freshness.
    let mut endless = world.clone();
    endless.screening_age_max_seconds = Some(i64::MAX);
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
    let network = NetworkId::new("ethereum");
    let rule = FeeRule {
        number: 1,
        kinds: vec![],
        networks: vec![],
        value_min: None,
        form: FeeForm::Flat {
            amount: Cents::default(),
        },
    };
    let input = |rules| QuoteInput {
        rules,
        kind: Kind::UnlistedToken,
        network: &network,
        amount: Amount::from_u128(AMOUNT),
        decimals: Some(6),
        price: Decimal::parse("1").ok(),
        network_fee: None,
    };
    assert_eq!(
        recover_core::fee::quote(&input(&[])),
        Err(QuoteRefusal::NoRule)
    );
    let rules = [rule];
    let mut unpriced = input(&rules);
    unpriced.price = None;
    assert_eq!(
        recover_core::fee::quote(&unpriced),
        Err(QuoteRefusal::PriceUnknown)
    );
}

#[test]
fn i08_one_no_ends_it() {
    for status in [ClaimStatus::PendingApproval, ClaimStatus::Approved] {
        let mut world = World::new();
        let claim = world.claim_at(status);
        let reject = Command::Reject {
            reason: because("the destination is not proven"),
        };
        let ended = world.act(&claim, "dee", &reject).expect("a no");
        assert_eq!(ended.status, ClaimStatus::Rejected);
        assert_eq!(
            ended.closing_reason.as_deref(),
            Some("the destination is not proven")
        );
        assert_eq!(
            world.act(&ended, "bob", &vote(&ended)),
            Err(Refusal::StatusWrong)
        );
    }
}

#[test]
fn i09_quotes_and_screenings_end_by_themselves() {
    let mut world = World::new();
    let quoted = world.claim_at(ClaimStatus::Quoted);
    for (seconds, fits) in [(QUOTE_SECONDS - 1, true), (QUOTE_SECONDS, false)] {
        world.now = later(START, seconds);
        assert_eq!(
            world.act(&quoted, "ada", &Command::Accept).is_ok(),
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
fn i10_nothing_is_approved_under_a_hold() {
    let mut world = World::new();
    let claim = world.claim_at(ClaimStatus::PendingApproval);
    let voted = world.act(&claim, "bob", &vote(&claim)).expect("one vote");
    let held = world.act(&voted, "eve", &screen(false)).expect("held");
    assert_eq!(
        held.hold.as_ref().map(|hold| hold.person.as_str()),
        Some("eve")
    );
    assert_eq!(
        held.status,
        ClaimStatus::PendingApproval,
        "a hold is no status"
    );
    assert_eq!(world.act(&held, "cyd", &vote(&held)), Err(Refusal::OnHold));
    let lifted = world.act(&held, "eve", &screen(true)).expect("lifted");
    assert!(lifted.hold.is_none() && lifted.approvals.is_empty());
    let one = world.act(&lifted, "bob", &vote(&lifted)).expect("again");
    let two = world.act(&one, "cyd", &vote(&one)).expect("again");
    assert_eq!(two.status, ClaimStatus::Approved);
    // An approval does not outlive a hold: the screening that the votes saw is no longer the screening.
    let held = world.act(&two, "eve", &screen(false)).expect("held");
    assert_eq!(held.status, ClaimStatus::PendingApproval);
    assert!(held.approvals.is_empty());
}

#[test]
fn i10_a_hold_can_be_set_and_lifted_wherever_the_claim_stands() {
    for status in [
        ClaimStatus::Draft,
        ClaimStatus::Quoted,
        ClaimStatus::Accepted,
        ClaimStatus::PendingApproval,
        ClaimStatus::Approved,
    ] {
        let mut world = World::new();
        let claim = world.claim_at(status);
        let held = world.act(&claim, "eve", &screen(false)).expect("held");
        let cancel = Command::Cancel {
            reason: because("x"),
        };
        for command in [
            Command::Quote(quote()),
            Command::Accept,
            vote(&held),
            cancel,
        ] {
            for name in ["ada", "bob"] {
                assert!(
                    world.act(&held, name, &command).is_err(),
                    "{} by {name} under a hold at {status}",
                    command.code()
                );
            }
        }
        let lifted = world.act(&held, "eve", &screen(true)).expect("lifted");
        assert_eq!(lifted.hold, None, "{status}");
        let expected = match status {
            ClaimStatus::Draft | ClaimStatus::Quoted => status,
            _ => ClaimStatus::PendingApproval,
        };
        assert_eq!(lifted.status, expected, "lifted at {status}");
    }
}

#[test]
fn i12_a_vote_needs_a_screening_that_is_clear_and_fresh() {
    let mut world = World::new();
    let claim = world.claim_at(ClaimStatus::PendingApproval);
    for (micros, fits) in [(0, true), (1, false)] {
        let end = later(START, SCREENING_SECONDS);
        world.now = Timestamp::from_micros(end.as_micros() + micros);
        assert_eq!(
            world.act(&claim, "bob", &vote(&claim)).is_ok(),
            fits,
            "{micros} us after the age that is allowed"
        );
    }
    let mut unscreened = claim.clone();
    unscreened.screening = None;
    let mut held_before = claim.clone();
    if let Some(screening) = held_before.screening.as_mut() {
        screening.clear = false;
    }
    world.now = START;
    for spoilt in [unscreened, held_before] {
        assert_eq!(
            world.act(&spoilt, "bob", &vote(&spoilt)),
            Err(Refusal::ScreeningMissing)
        );
    }
    // The age is read at every vote, the last one included.
    let voted = world.act(&claim, "bob", &vote(&claim)).expect("in time");
    world.now = later(START, SCREENING_SECONDS + 1);
    assert_eq!(
        world.act(&voted, "cyd", &vote(&voted)),
        Err(Refusal::ScreeningMissing)
    );
}

#[test]
fn i13_the_deposit_is_final_at_the_moment_of_each_vote() {
    let mut world = World::new();
    let claim = world.claim_at(ClaimStatus::PendingApproval);
    let voted = world.act(&claim, "bob", &vote(&claim)).expect("final");
    let mut reorganised = world.clone();
    reorganised.deposit.status = DepositStatus::Unconfirmed;
    assert_eq!(
        reorganised.act(&voted, "cyd", &vote(&voted)),
        Err(Refusal::DepositNotFinal)
    );
    let mut moved = world.clone();
    moved.observation_mut().block = observation().block.map(|mut block| {
        block.hash = BlockHash::new("0xafter");
        block
    });
    assert_eq!(
        moved.act(&voted, "cyd", &vote(&voted)),
        Err(Refusal::DepositChanged),
        "final again, in another block: another fact"
    );
    // Final again in the same block, the earlier vote still stands.
    let approved = world
        .act(&voted, "cyd", &vote(&voted))
        .expect("final again");
    assert_eq!(approved.status, ClaimStatus::Approved);
}
