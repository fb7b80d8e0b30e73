//! Whose votes count, how many are needed by value, and that no way of cutting an amount into parts needs fewer.

use crate::people::{person, public_key, signature};
use crate::world::{
    START, VOTE_SECONDS, World, cents, later, policy, quote, quoted, tier, vote, vote_on,
};
use proptest::prelude::*;
use recover_core::approval::{Alone, ApprovalPolicy, PolicyInForce, Spending, Tier, Window};
use recover_core::claim::{Claim, ClaimStatus, Command, Refusal, votes};
use recover_core::fee::Cents;
use recover_core::people::Role;
use std::collections::BTreeSet;

fn sign(claim: &Claim, name: &str) -> Command {
    let digest = claim.content_digest();
    Command::Approve {
        digest,
        signature: Some(signature(name, &digest)),
    }
}

/// Votes of these people, one after the other.
fn voted(world: &World, claim: &Claim, names: &[&str]) -> Claim {
    names.iter().fold(claim.clone(), |claim, name| {
        world
            .act(&claim, name, &vote(&claim))
            .unwrap_or_else(|refusal| panic!("{name}: {refusal}"))
    })
}

fn pending(change: impl Fn(&mut ApprovalPolicy)) -> (World, Claim) {
    let mut world = World::new();
    for policy in &mut world.policies {
        change(policy);
    }
    let claim = world.claim_at(ClaimStatus::PendingApproval);
    (world, claim)
}

#[test]
fn i05_votes_come_from_distinct_people_who_did_nothing_else() {
    let (world, claim) = pending(|_| {});
    for name in ["abe", "ann", "tom", "gus"] {
        assert_eq!(
            world.act(&claim, name, &vote(&claim)),
            Err(Refusal::RoleMissing),
            "{name} does not vote"
        );
    }
    for name in ["ada", "eve"] {
        assert_eq!(
            world.act(&claim, name, &vote(&claim)),
            Err(Refusal::ActorInvolved),
            "{name} worked on it"
        );
        // Nobody may join the wallet team later to vote on what they priced or screened.
        let mut joined = world.clone();
        for person in &mut joined.people {
            if person.name == name {
                person.roles.insert(Role::WalletLead);
            }
        }
        assert_eq!(
            joined.act(&claim, name, &vote(&claim)),
            Err(Refusal::ActorInvolved),
            "{name} worked on it"
        );
    }
    let once = voted(&world, &claim, &["bob"]);
    assert_eq!(
        world.act(&once, "bob", &vote(&once)),
        Err(Refusal::AlreadyVoted)
    );
    assert_eq!(once.status, ClaimStatus::PendingApproval);
    assert_eq!(
        voted(&world, &once, &["fay"]).status,
        ClaimStatus::Approved,
        "who has every role and did nothing else may vote"
    );
}

#[test]
fn t29_one_person_with_two_hats_fills_one_slot() {
    let (world, claim) = pending(|policy| {
        for tier in &mut policy.tiers {
            tier.compliance_vote = true;
        }
    });
    // Fay is of the wallet team, a lead, and of compliance: with one other she is not enough.
    let two = voted(&world, &claim, &["bob", "fay"]);
    assert_eq!(two.status, ClaimStatus::PendingApproval);
    assert_eq!(
        voted(&world, &two, &["eli"]).status,
        ClaimStatus::Approved,
        "fay for the wallet team, eli for compliance"
    );
    assert_eq!(
        voted(&world, &two, &["cyd"]).status,
        ClaimStatus::Approved,
        "fay for compliance"
    );
    // Compliance alone never fills the wallet team's slots.
    let officer = voted(&world, &claim, &["eli", "bob"]);
    assert_eq!(officer.status, ClaimStatus::PendingApproval);
    assert_eq!(
        world.act(&officer, "eve", &vote(&officer)),
        Err(Refusal::ActorInvolved),
        "who screened it does not fill the slot"
    );
}

#[test]
fn leads_and_delay_are_asked_by_tier() {
    let (world, claim) = pending(|policy| {
        for tier in &mut policy.tiers {
            tier.lead_votes = 1;
            tier.delay_seconds = 600;
        }
    });
    let two = voted(&world, &claim, &["bob", "cyd"]);
    assert_eq!(two.status, ClaimStatus::PendingApproval, "no lead");
    let mut world = world;
    let approved = voted(&world, &two, &["lea"]);
    assert_eq!(approved.status, ClaimStatus::Approved);
    for (seconds, expected) in [(599, Some(Refusal::DelayRunning)), (600, None)] {
        world.now = later(START, seconds);
        let found = world.act(&approved, "tom", &world.release(&approved));
        assert_eq!(found.err(), expected, "after {seconds} s");
        // A delay that runs takes no vote back.
        assert_eq!(
            world.act(&approved, "gus", &Command::LapseVotes),
            Err(Refusal::VotesStillValid)
        );
    }
}

#[test]
fn sums_that_fell_since_approval_shorten_no_delay() {
    let (mut world, claim) = pending(|policy| {
        let small = tier(Some(100_000), 2);
        let large = Tier {
            delay_seconds: 600,
            ..tier(None, 2)
        };
        policy.tiers = vec![small, large];
    });
    world.spending.beneficiary.day = cents(1_000_000);
    let approved = voted(&world, &claim, &["bob", "cyd"]);
    assert_eq!(approved.status, ClaimStatus::Approved);
    world.spending.beneficiary.day = cents(0);
    for (seconds, expected) in [(599, Some(Refusal::DelayRunning)), (600, None)] {
        world.now = later(START, seconds);
        let found = world.act(&approved, "tom", &world.release(&approved));
        assert_eq!(found.err(), expected, "after {seconds} s");
    }
}

#[test]
fn a_vote_that_ceased_to_count_is_missing_in_the_tier_of_the_approval() {
    let (mut world, claim) = pending(|policy| {
        let small = tier(Some(100_000), 2);
        let large = Tier {
            compliance_vote: true,
            ..tier(None, 2)
        };
        policy.tiers = vec![small, large];
    });
    world.spending.beneficiary.day = cents(1_000_000);
    let approved = voted(&world, &claim, &["bob", "cyd", "eli"]);
    assert_eq!(approved.status, ClaimStatus::Approved);
    // Who voted for compliance clears it anew: a person fills one place, and this vote does not count any more.
    let clear = Command::Screen {
        clear: true,
        reason: "looked at again".to_owned(),
    };
    let cleared = world
        .act(&approved, "eli", &clear)
        .expect("it is compliance's");
    world.spending.beneficiary.day = cents(0);
    let released = world.act(&cleared, "tom", &world.release(&cleared));
    assert_eq!(released.err(), Some(Refusal::QuorumMissing));
    // The way on: everybody votes anew, in the tier of now.
    let lapsed = world.act(&cleared, "gus", &Command::LapseVotes);
    let lapsed = lapsed.expect("votes that are not enough lapse");
    let anew = voted(&world, &lapsed, &["bob", "cyd"]);
    assert_eq!(anew.status, ClaimStatus::Approved);
    let released = world.act(&anew, "tom", &world.release(&anew));
    assert!(released.is_ok(), "{released:?}");
}

/// An opener of a claim alone: who, and what they did today already.
fn alone(opener: &str, value: u128, claims: u32) -> Result<ClaimStatus, Refusal> {
    let mut world = World::new();
    for policy in &mut world.policies {
        let mut small = tier(Some(100_000), 1);
        small.alone = Some(Alone {
            day_value_max: cents(150_000),
            day_claims_max: 3,
        });
        policy.tiers = vec![small, tier(None, 2)];
    }
    world.spending.alone_value = cents(value);
    world.spending.alone_claims = claims;
    let mut claim = world.open(opener, &world.request())?;
    world.deposit.status = recover_core::deposit::DepositStatus::Claimed;
    while claim.status != ClaimStatus::PendingApproval {
        let (name, command) = world.onward(&claim).expect("on to the votes");
        let name = if name == "ada" { opener } else { name };
        claim = world.act(&claim, name, &command)?;
    }
    let decided = world.act(&claim, opener, &vote(&claim))?;
    assert_eq!(
        decided.approved.as_ref().map(|approved| approved.alone),
        Some(true)
    );
    // Alone is alone: what one person decided is released by another.
    world
        .act(&decided, "tom", &world.release(&decided))
        .map(|_| decided.status)
}

#[test]
fn the_opener_decides_alone_only_where_the_tier_says_so_and_within_a_day() {
    assert_eq!(alone("ann", 0, 0), Ok(ClaimStatus::Approved));
    assert_eq!(alone("ada", 50_000, 2), Ok(ClaimStatus::Approved));
    for (value, claims) in [(50_001, 0), (0, 3), (u128::MAX, 0)] {
        assert_eq!(alone("ann", value, claims), Err(Refusal::ActorInvolved));
    }
    // Fay opened it and is a lead too: she counts once, as herself.
    assert_eq!(alone("fay", 0, 0), Ok(ClaimStatus::Approved));
    // No tier for one: the opener never votes.
    let (world, claim) = pending(|_| {});
    assert_eq!(
        world.act(&claim, "ada", &vote(&claim)),
        Err(Refusal::ActorInvolved)
    );
}

#[test]
fn pitfall_088_the_vote_of_a_removed_approver_does_not_count() {
    let (world, claim) = pending(|_| {});
    let once = voted(&world, &claim, &["bob"]);
    let mut moved = world.clone();
    for person in &mut moved.people {
        if person.name == "bob" {
            person.roles = BTreeSet::from([Role::Specialist]);
        }
    }
    let mut left = world.clone();
    left.people.retain(|person| person.name != "bob");
    for (name, team) in [("moved", &moved), ("left", &left)] {
        let second = voted(team, &once, &["cyd"]);
        assert_eq!(second.status, ClaimStatus::PendingApproval, "bob {name}");
        let third = voted(team, &second, &["dee"]);
        assert_eq!(third.status, ClaimStatus::Approved, "bob {name}");
        // Approved before he left: nothing is released on his vote, and the votes lapse.
        let approved = voted(&world, &once, &["cyd"]);
        assert_eq!(
            team.act(&approved, "tom", &team.release(&approved)),
            Err(Refusal::QuorumMissing),
            "bob {name}"
        );
        let lapsed = team
            .act(&approved, "", &Command::LapseVotes)
            .expect("two are not two any more");
        assert_eq!(
            (lapsed.status, lapsed.revision, lapsed.approvals.len()),
            (ClaimStatus::PendingApproval, approved.revision + 1, 0)
        );
    }
}

#[test]
fn i09_votes_end_by_themselves() {
    let (mut world, claim) = pending(|policy| {
        policy.screening_age_max_seconds = VOTE_SECONDS * 9;
        policy.release_screening_age_max_seconds = VOTE_SECONDS * 9;
    });
    let approved = voted(&world, &claim, &["bob", "cyd"]);
    for (seconds, expected) in [
        (VOTE_SECONDS, None),
        (VOTE_SECONDS + 1, Some(Refusal::QuorumMissing)),
    ] {
        world.now = later(START, seconds);
        let found = world.act(&approved, "tom", &world.release(&approved));
        assert_eq!(found.err(), expected, "after {seconds} s");
    }
    // A vote from the future counts no more than one from the past.
    world.now = later(START, -1);
    assert_eq!(
        world.act(&approved, "tom", &world.release(&approved)),
        Err(Refusal::QuorumMissing)
    );
}

#[test]
fn i03_signed_votes_are_by_the_persons_own_key_over_the_content() {
    let (mut world, claim) = pending(|policy| policy.signed_votes = true);
    assert_eq!(
        world.act(&claim, "bob", &vote(&claim)),
        Err(Refusal::SignatureMissing)
    );
    let by_another = sign(&claim, "cyd");
    assert_eq!(
        world.act(&claim, "bob", &by_another),
        Err(Refusal::SignatureWrong)
    );
    let digest = claim.content_digest();
    let other = World::new().claim_at(ClaimStatus::Quoted).content_digest();
    let over_another = Command::Approve {
        digest,
        signature: Some(signature("bob", &other)),
    };
    assert_eq!(
        world.act(&claim, "bob", &over_another),
        Err(Refusal::SignatureWrong)
    );
    let mut approved = claim.clone();
    for name in ["bob", "cyd"] {
        approved = world
            .act(&approved, name, &sign(&approved, name))
            .expect("their own key");
    }
    assert_eq!(approved.status, ClaimStatus::Approved);
    // A row written behind the program has no signature, or somebody else's.
    let unsigned = {
        let mut forged = approved.clone();
        forged.approvals[0].signature = None;
        forged
    };
    let anothers = {
        let mut forged = approved.clone();
        forged.approvals[0].signature = forged.approvals[1].signature.clone();
        forged
    };
    for forged in [unsigned, anothers] {
        assert_eq!(
            world.act(&forged, "tom", &world.release(&forged)),
            Err(Refusal::QuorumMissing)
        );
    }
    assert!(
        world
            .act(&approved, "tom", &world.release(&approved))
            .is_ok()
    );
    // A new key is another key: what was signed with the old one counts no more.
    for person in &mut world.people {
        if person.name == "bob" {
            person.keys = vec![public_key("bob the second")];
        }
    }
    assert_eq!(
        world.act(&approved, "tom", &world.release(&approved)),
        Err(Refusal::QuorumMissing)
    );
    // Where votes need no signature, a wrong one is refused all the same.
    let (lax, claim) = pending(|_| {});
    assert_eq!(
        lax.act(&claim, "bob", &by_another),
        Err(Refusal::SignatureWrong)
    );
}

#[test]
fn i21_a_decision_passes_under_the_policy_of_its_quote_and_the_active_one() {
    let (mut world, claim) = pending(|_| {});
    let mut strict = policy();
    strict.tiers = vec![tier(None, 3)];
    let approved = voted(&world, &claim, &["bob", "cyd"]);
    for policies in [vec![policy(), strict.clone()], vec![strict, policy()]] {
        world.policies = policies;
        assert_eq!(
            voted(&world, &claim, &["bob", "cyd"]).status,
            ClaimStatus::PendingApproval
        );
        assert_eq!(
            world.act(&approved, "tom", &world.release(&approved)),
            Err(Refusal::QuorumMissing)
        );
        assert_eq!(
            voted(&world, &claim, &["bob", "cyd", "dee"]).status,
            ClaimStatus::Approved
        );
    }
    world.policies.clear();
    assert_eq!(
        world.act(&approved, "", &Command::LapseVotes),
        Err(Refusal::PolicyMissing),
        "without a policy nobody says that the votes are too few"
    );
}

#[test]
fn i07_the_unknown_needs_the_top_tier_and_what_no_tier_covers_is_denied() {
    let count = |claim: &Claim, tiers: Vec<Tier>| {
        let mut world = World::new();
        for policy in &mut world.policies {
            policy.tiers = tiers.clone();
        }
        let policy = &world.policies[0];
        votes::count(
            claim,
            world.deposit.classification.kind,
            world.deposit.network(),
            PolicyInForce {
                approval: policy,
                people: &world.people,
            },
            &world.spending,
            world.now,
        )
        .map(|count| (count.tier.votes, count.scrutiny))
    };
    let (_, claim) = pending(|_| {});
    let mut unpriced = claim.clone();
    unpriced.quote.as_mut().expect("quoted").price_ids.clear();
    let tiers = || {
        vec![
            tier(Some(99_999), 1),
            tier(Some(100_000), 2),
            tier(Some(1_000_000), 4),
        ]
    };
    assert_eq!(count(&claim, tiers()), Ok((2, Some(cents(100_000)))));
    assert_eq!(count(&unpriced, tiers()), Ok((4, None)));
    assert_eq!(
        count(&claim, vec![tier(Some(99_999), 1)]),
        Err(Refusal::NoApprovalRule)
    );
    assert_eq!(count(&claim, vec![]), Err(Refusal::NoApprovalRule));
    // A tier that asks for nobody is not reached by nobody.
    let (world, claim) = pending(|policy| policy.tiers = vec![tier(None, 0)]);
    assert_eq!(
        voted(&world, &claim, &["bob", "cyd"]).status,
        ClaimStatus::PendingApproval
    );
}

#[test]
fn i18_the_day_is_closed_when_it_is_full() {
    let (mut world, claim) = pending(|policy| policy.day_release_max = cents(300_000));
    let approved = voted(&world, &claim, &["bob", "cyd"]);
    for (released, expected) in [
        (200_000, None),
        (200_001, Some(Refusal::DayLimitReached)),
        (u128::MAX, Some(Refusal::DayLimitReached)),
    ] {
        world.spending.released = cents(released);
        let found = world.act(&approved, "tom", &world.release(&approved));
        assert_eq!(found.err(), expected, "{released} went out");
    }
    // What is not priced cannot be added up.
    let mut unpriced = quote();
    unpriced.price_ids.clear();
    let claim = World::new().claim_at(ClaimStatus::Draft);
    world.spending.released = cents(0);
    let quoted = world
        .act(&claim, "ada", &quoted(unpriced, crate::world::plan(&claim)))
        .expect("a quote without a price");
    let approved = world.on_to(quoted, |claim| claim.status == ClaimStatus::Approved);
    assert_eq!(
        world.act(&approved, "tom", &world.release(&approved)),
        Err(Refusal::DayLimitReached)
    );
}

/// What was built once and never left is released for the first time later: on a day that may be full.
#[test]
fn i18_an_earlier_attempt_opens_no_full_day() {
    let (mut world, claim) = pending(|policy| policy.day_release_max = cents(300_000));
    let approved = voted(&world, &claim, &["bob", "cyd"]);
    let prepared = world
        .act(&approved, "tom", &world.release(&approved))
        .expect("the day has room");
    let requoted = world
        .act(&prepared, "ada", &world.quote(&prepared))
        .expect("it never left");
    let again = world.on_to(requoted, |claim| claim.status == ClaimStatus::Approved);
    world.spending.released = cents(200_001);
    assert_eq!(
        world.act(&again, "tom", &world.release(&again)),
        Err(Refusal::DayLimitReached)
    );
}

#[test]
fn a_treasurer_who_voted_hands_nothing_out() {
    let (mut world, claim) = pending(|_| {});
    for person in &mut world.people {
        if person.name == "bob" {
            person.roles.insert(Role::Treasury);
        }
    }
    let approved = voted(&world, &claim, &["bob", "cyd"]);
    assert_eq!(
        world.act(&approved, "bob", &world.release(&approved)),
        Err(Refusal::ActorInvolved)
    );
    let prepared = world
        .act(&approved, "fay", &world.release(&approved))
        .expect("fay did not vote");
    // And who handed it out never votes on it.
    let requoted = world
        .act(&prepared, "ada", &world.quote(&prepared))
        .expect("it never left");
    let pending = world.on_to(requoted, |claim| {
        claim.status == ClaimStatus::PendingApproval
    });
    assert_eq!(
        world.act(&pending, "fay", &vote_on(pending.content_digest())),
        Err(Refusal::ActorInvolved)
    );
    assert_eq!(person("fay").roles.len(), Role::ALL.len());
}

fn window(day: u128, week: u128) -> Window {
    Window {
        day: cents(day),
        week: cents(week),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// However an amount is cut and over whichever of the sums it comes back, its last part is looked at as closely as the whole.
    #[test]
    fn t08_no_partition_lowers_the_scrutiny_of_the_last_part(
        parts in prop::collection::vec(0_u128..1_000_000, 1..12),
        through in 0_usize..3,
        before in 0_u128..1_000_000,
    ) {
        let policy = policy();
        let whole: u128 = parts.iter().sum();
        let (last, others) = parts.split_last().expect("there is one");
        let sum = window(others.iter().sum::<u128>() + before, others.iter().sum::<u128>() + before);
        let mut spending = Spending::default();
        match through {
            0 => spending.beneficiary = sum,
            1 => spending.destination = sum,
            _ => spending.origin = sum,
        }
        let at_once = policy.scrutiny(Some(cents(whole)), &Spending::default(), &[]);
        let at_last = policy.scrutiny(Some(cents(*last)), &spending, &[]);
        prop_assert!(at_last >= at_once, "{at_last:?} of {at_once:?}");
        prop_assert_eq!(at_once, Some(cents(whole)));
    }

    /// More of anything never asks for less; what is unknown or beyond counting has no value, and so needs the top.
    #[test]
    fn t08_scrutiny_only_grows(
        value in 0_u128..1_000_000,
        sums in prop::collection::vec((0_u128..9_000_000, 0_u128..9_000_000), 5),
        more in 0_u128..9_000_000,
        which in 0_usize..5,
    ) {
        let policy = policy();
        let spending = |extra: u128| {
            let mut all: Vec<Window> = sums.iter().map(|(day, week)| window(*day, *week)).collect();
            all[which].day = Cents(all[which].day.0.checked_add(cents(extra).0).expect("small"));
            Spending {
                beneficiary: all[0],
                destination: all[1],
                origin: all[2],
                maker: all[3],
                pairs: [(("bob".to_owned(), "cyd".to_owned()), all[4])].into(),
                ..Spending::default()
            }
        };
        let voters = ["bob", "cyd"];
        let less = policy.scrutiny(Some(cents(value)), &spending(0), &voters);
        prop_assert!(policy.scrutiny(Some(cents(value)), &spending(more), &voters) >= less);
        prop_assert!(less >= Some(cents(value)));
        // A pair counts only where both voted.
        prop_assert!(policy.scrutiny(Some(cents(value)), &spending(0), &["bob"]) <= less);
        prop_assert_eq!(policy.scrutiny(None, &spending(0), &voters), None);
        let beyond = Cents(recover_core::amount::Amount::MAX);
        prop_assert_eq!(policy.scrutiny(Some(beyond), &spending(1), &voters).filter(|_| sums[0].0 > 0), None);
        let mut careless = policy.clone();
        careless.maker_multiple = 0;
        prop_assert_eq!(careless.scrutiny(Some(cents(value)), &spending(0), &voters), None);
    }
}
