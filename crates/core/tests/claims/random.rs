//! Random people doing random things at random times: what no sequence may reach. The model check beside the machine searches a
//! small world whole; this one walks through a large one by chance.

use crate::people::EVERYBODY;
use crate::world::{
    QUOTE_SECONDS, SCREENING_SECONDS, VOTE_SECONDS, World, accept, cancel, expired, failed,
    finalised, included, invalidate, later, policy, quote, quoted, reject, replaced, screen, tier,
    vote_on,
};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use recover_core::amount::Amount;
use recover_core::block::BlockHash;
use recover_core::claim::{Claim, ClaimStatus, Command, Sighting};
use recover_core::deposit::{DepositStatus, Origin};
use recover_core::digest::Digest;
use recover_core::people::Role;
use recover_core::plan::{LegKind, Plan};
use recover_core::verdict::{How, Missing, Verdict};
use std::cell::Cell;
use std::collections::BTreeSet;

/// One thing that happens.
#[derive(Debug, Clone)]
enum Event {
    /// The step that would lead on from where the claim stands, by the one whose it is.
    Onward,
    /// The same by anybody.
    OnwardBy(&'static str),
    /// Any command by anybody; a vote for the n-th content ever seen.
    Any(&'static str, usize, usize),
    /// Time passes, in seconds.
    Wait(i64),
    /// The deposit changes its status.
    Deposit(DepositStatus),
    /// It loses or regains what its verdict rests on.
    Verdict(bool),
    /// It is mined again in this block.
    Block(u8),
    /// Another appeal comes or goes.
    Rival(bool),
    /// The ledger's coverage changes.
    Coverage(bool),
    /// Somebody joins or leaves the wallet team.
    Team(&'static str, bool),
    /// The policy asks for this many people; without it nobody does.
    Policy(Option<u32>),
    /// Releases are halted or not.
    Halt(bool),
}

fn any_event() -> impl Strategy<Value = Event> {
    let anybody = || select(EVERYBODY);
    prop_oneof![
        40 => Just(Event::Onward),
        5 => anybody().prop_map(Event::OnwardBy),
        8 => (anybody(), 0usize..14, 0usize..6).prop_map(|(name, command, seen)| Event::Any(name, command, seen)),
        2 => select(vec![1, 600, SCREENING_SECONDS, VOTE_SECONDS, QUOTE_SECONDS]).prop_map(Event::Wait),
        1 => select(vec![DepositStatus::Claimed, DepositStatus::Claimed, DepositStatus::Unconfirmed, DepositStatus::Gone]).prop_map(Event::Deposit),
        1 => any::<bool>().prop_map(Event::Verdict),
        1 => (0u8..2).prop_map(Event::Block),
        1 => any::<bool>().prop_map(Event::Rival),
        1 => any::<bool>().prop_map(Event::Coverage),
        1 => (anybody(), any::<bool>()).prop_map(|(name, joins)| Event::Team(name, joins)),
        1 => select(vec![None, Some(0), Some(1), Some(2), Some(2), Some(3)]).prop_map(Event::Policy),
        1 => any::<bool>().prop_map(Event::Halt),
    ]
}

fn any_command(
    number: usize,
    seen: &[Digest],
    which: usize,
    world: &World,
    claim: &Claim,
) -> Command {
    match number {
        0 => world.quote(claim),
        1 => accept(),
        2 => screen(true),
        3 => screen(false),
        4 => vote_on(seen[which % seen.len()]),
        5 => Command::ExpireQuote,
        6 => Command::LapseVotes,
        7 => reject(),
        8 => cancel(),
        9 => invalidate(),
        10 => world.release(claim),
        11 => Command::Send,
        12 => [
            failed(),
            expired(),
            replaced(),
            included(),
            finalised(),
            Command::Sight(Sighting::Vanished),
        ][which]
            .clone(),
        _ => {
            let net = 500 + u128::try_from(which).unwrap_or(0);
            let mut offer = quote();
            offer.quote.net = Amount::from_u128(net);
            offer.quote.fee_in_asset = Amount::from_u128(1_000 - net);
            offer.expires_at = later(world.now, 60);
            let pay = crate::world::leg(LegKind::Transfer, "0xTo", "0xProven", net);
            let steps = vec![crate::world::send(pay)];
            quoted(offer, Plan { steps })
        }
    }
}

fn happen(world: &mut World, event: &Event) {
    match event {
        Event::Onward | Event::OnwardBy(_) | Event::Any(..) => {}
        Event::Wait(seconds) => world.now = later(world.now, *seconds),
        Event::Deposit(status) => world.deposit.status = *status,
        Event::Verdict(is_good) => {
            world.deposit.classification.verdict = if *is_good {
                Verdict::Controllable(How::SameKey)
            } else {
                Verdict::Conditional(Missing::FinalityMissing)
            };
        }
        Event::Block(number) => {
            if let Some(block) = world.observation_mut().block.as_mut() {
                block.hash = BlockHash::new(["0xb100", "0xb101"][usize::from(*number)]);
            }
        }
        Event::Rival(comes) => {
            world.rivals = if *comes {
                vec!["user-2".to_owned()]
            } else {
                vec![]
            };
        }
        Event::Coverage(reaches) => world.ledger_covered = *reaches,
        Event::Team(name, joins) => {
            for person in &mut world.people {
                if person.name == *name && *joins {
                    person.roles.insert(Role::Wallet);
                } else if person.name == *name {
                    person.roles.remove(&Role::Wallet);
                }
            }
        }
        Event::Policy(votes) => {
            world.policies.clear();
            world.policies.extend(votes.map(|votes| {
                let mut asked = policy();
                asked.tiers = vec![tier(Some(50_000), 1), tier(None, votes)];
                asked
            }));
        }
        Event::Halt(is) => world.halted = *is,
    }
}

/// The people whose votes stand on this content and who are of the wallet team now, by a reckoning of its own.
fn standing(claim: &Claim, world: &World) -> BTreeSet<String> {
    let digest = claim.content_digest();
    claim
        .approvals
        .iter()
        .filter(|vote| vote.digest == digest)
        .filter(|vote| world.now.micros_since(vote.approved_at) <= VOTE_SECONDS * 1_000_000)
        .map(|vote| world.actor(&vote.person))
        .filter(|person| person.is_any(&[Role::Wallet, Role::WalletLead]))
        .map(|person| person.name)
        .filter(|name| !claim.involved.contains(name))
        .collect()
}

/// What must hold whenever votes become enough and whenever something leaves the house.
fn check_moment(claim: &Claim, world: &World, is_release: bool) -> Result<(), TestCaseError> {
    let votes = world
        .policies
        .iter()
        .filter_map(|policy| policy.tiers.last())
        .map(|tier| tier.votes)
        .max();
    let needed = votes.filter(|votes| *votes > 0).unwrap_or(u32::MAX);
    let have = u32::try_from(standing(claim, world).len()).unwrap_or(0);
    prop_assert!(have >= needed, "{have} of {needed}");
    let screening = claim.latest_screening();
    prop_assert!(screening.is_some_and(|screening| screening.clear
        && world.now.micros_since(screening.decided_at) <= SCREENING_SECONDS * 1_000_000));
    prop_assert_eq!(&claim.hold, &None);
    prop_assert!(!(is_release && world.halted));
    if claim.execution.has_moved_deposit() {
        return Ok(());
    }
    prop_assert!(!matches!(
        world.deposit.status,
        DepositStatus::Unconfirmed | DepositStatus::Gone
    ));
    prop_assert!(world.deposit.classification.verdict.is_recoverable());
    prop_assert!(world.rivals.is_empty() && world.ledger_covered);
    let block = match &world.deposit.origin {
        Origin::Observed(observation) => observation.block.as_ref().map(|block| &block.hash),
        Origin::Imported(_) => None,
    };
    prop_assert_eq!(block, claim.deposit_block.as_ref());
    Ok(())
}

#[derive(Default)]
struct Reached {
    approved: Cell<u32>,
    released: Cell<u32>,
    settled: Cell<u32>,
}

fn add(to: &Cell<u32>, is: bool) {
    to.set(to.get() + u32::from(is));
}

fn live(events: &[Event], reached: &Reached) -> Result<(), TestCaseError> {
    let mut world = World::new();
    let mut claim = world
        .open("ada", &world.request())
        .expect("a good deposit opens");
    world.deposit.status = DepositStatus::Claimed;
    let mut seen = vec![claim.content_digest()];
    for event in events {
        happen(&mut world, event);
        let (name, command) = match event {
            Event::Onward | Event::OnwardBy(_) => {
                let Some((name, command)) = world.onward(&claim) else {
                    continue;
                };
                match event {
                    Event::OnwardBy(other) => (*other, command),
                    _ => (name, command),
                }
            }
            Event::Any(name, number, which) => {
                (*name, any_command(*number, &seen, *which, &world, &claim))
            }
            _ => continue,
        };
        let before = claim.clone();
        let Ok(after) = world.act(&claim, name, &command) else {
            continue;
        };
        let code = command.code();
        prop_assert!(after.revision >= before.revision);
        prop_assert_eq!(&after.opened_by, &before.opened_by);
        prop_assert!(after.involved.is_superset(&before.involved));
        prop_assert!(before.status.is_open(), "{code} after the end");
        if after.content_digest() != before.content_digest() {
            prop_assert!(
                after.approvals.is_empty() || before.screening.is_none(),
                "a vote survived {code}"
            );
            prop_assert!(
                before.execution.package.is_none() || before.status == ClaimStatus::Prepared,
                "{code} changed what is out"
            );
            seen.push(after.content_digest());
        }
        let is_release = matches!(code, "prepare" | "export" | "instruct");
        if is_release || (after.status == ClaimStatus::Approved && before.status != after.status) {
            // Who acts now is no voter, and is involved only after it.
            check_moment(
                &Claim {
                    involved: before.involved.clone(),
                    ..after.clone()
                },
                &world,
                is_release,
            )?;
        }
        let quote = after.quote.as_ref().map(|quote| &quote.quote);
        let sum = quote.map(|quote| quote.net.checked_add(quote.fee_in_asset));
        prop_assert!(sum.is_none_or(|sum| sum == Some(after.amount)));
        prop_assert!(after.execution.done >= before.execution.done || code == "quote");
        add(
            &reached.approved,
            after.status == ClaimStatus::Approved && before.status != after.status,
        );
        add(&reached.released, is_release);
        add(&reached.settled, after.status == ClaimStatus::Settled);
        claim = after;
    }
    Ok(())
}

#[test]
fn no_sequence_of_commands_approves_or_releases_without_quorum_screening_and_finality() {
    let reached = Reached::default();
    let config = Config {
        cases: 1_000,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = TestRunner::new(config);
    let events = prop::collection::vec(any_event(), 10..90);
    if let Err(failure) = runner.run(&events, |events| live(&events, &reached)) {
        panic!("{failure}");
    }
    // A search that never gets there shows nothing.
    let counts = [&reached.approved, &reached.released, &reached.settled].map(Cell::get);
    println!("approved, released, settled: {counts:?}");
    assert!(counts.iter().all(|count| *count > 80), "{counts:?}");
}
