//! Random people doing random things at random times: what no sequence may reach.

use crate::world::{
    EVERYBODY, QUOTE_SECONDS, SCREENING_SECONDS, World, later, quote, request, screen, vote_on,
};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use recover_core::amount::Amount;
use recover_core::block::BlockHash;
use recover_core::claim::{Claim, ClaimStatus, Command, Role, step};
use recover_core::deposit::{DepositStatus, Origin};
use recover_core::digest::Digest;
use recover_core::verdict::{How, Missing, Verdict};
use std::cell::Cell;
use std::collections::BTreeSet;

/// One thing that happens.
#[derive(Debug, Clone)]
enum Event {
    /// The step that would lead on from where the claim stands, by somebody.
    Onward(&'static str),
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
    /// The policy asks for this many approvers.
    Policy(Option<u32>),
}

fn any_event() -> impl Strategy<Value = Event> {
    let anybody = || select(EVERYBODY);
    prop_oneof![
        30 => anybody().prop_map(Event::Onward),
        8 => (anybody(), 0usize..9, 0usize..6).prop_map(|(name, command, seen)| Event::Any(name, command, seen)),
        2 => select(vec![1, 600, SCREENING_SECONDS, QUOTE_SECONDS]).prop_map(Event::Wait),
        1 => select(vec![DepositStatus::Claimed, DepositStatus::Claimed, DepositStatus::Unconfirmed, DepositStatus::Gone]).prop_map(Event::Deposit),
        1 => any::<bool>().prop_map(Event::Verdict),
        1 => (0u8..2).prop_map(Event::Block),
        1 => any::<bool>().prop_map(Event::Rival),
        1 => any::<bool>().prop_map(Event::Coverage),
        1 => (anybody(), any::<bool>()).prop_map(|(name, joins)| Event::Team(name, joins)),
        1 => select(vec![None, Some(0), Some(1), Some(2), Some(2), Some(3)]).prop_map(Event::Policy),
    ]
}

fn onward(claim: &Claim, world: &World) -> Command {
    match claim.status {
        ClaimStatus::Draft | ClaimStatus::QuoteExpired => fresh_quote(world),
        ClaimStatus::Quoted => Command::Accept,
        ClaimStatus::Accepted => screen(true),
        _ if claim.hold.is_some() => screen(true),
        _ => vote_on(claim.content_digest()),
    }
}

fn fresh_quote(world: &World) -> Command {
    let mut offer = quote();
    offer.quoted_at = world.now;
    offer.expires_at = later(world.now, QUOTE_SECONDS);
    Command::Quote(offer)
}

fn any_command(number: usize, seen: &[Digest], which: usize, world: &World) -> Command {
    match number {
        0 => fresh_quote(world),
        1 => Command::Accept,
        2 => screen(true),
        3 => screen(false),
        4 | 5 => vote_on(seen[which % seen.len()]),
        6 => Command::ExpireQuote,
        7 => screen(true),
        _ => {
            let mut offer = quote();
            offer.quote.net = Amount::from_u128(500 + u128::try_from(which).unwrap_or(0));
            offer.quote.fee_in_asset = Amount::from_u128(500 - u128::try_from(which).unwrap_or(0));
            offer.expires_at = later(world.now, 60);
            Command::Quote(offer)
        }
    }
}

fn happen(world: &mut World, event: &Event) {
    match event {
        Event::Onward(_) | Event::Any(..) => {}
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
                block.hash = BlockHash::new(&format!("0xb10{number}"));
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
        Event::Policy(needed) => world.approvers_min = *needed,
    }
}

/// The people whose votes make this claim approved, by a reckoning of its own.
fn voters(claim: &Claim) -> BTreeSet<&str> {
    let digest = claim.content_digest();
    (claim.approvals.iter())
        .filter(|approval| approval.digest == digest)
        .map(|approval| approval.person.as_str())
        .collect()
}

/// What must hold at the moment in which a claim becomes approved.
fn check_moment(claim: &Claim, world: &World) -> Result<(), TestCaseError> {
    let in_team = |name: &&&str| world.actor(name).roles.contains(&Role::Wallet);
    let voters = voters(claim);
    let standing = voters.iter().filter(in_team).count();
    let needed = world.approvers_min.unwrap_or(u32::MAX).max(2);
    prop_assert!(
        u32::try_from(standing).unwrap_or(0) >= needed,
        "{standing} of {needed}"
    );
    let screening = claim.screening.as_ref();
    prop_assert!(screening.is_some_and(|screening| screening.clear
        && world.now.micros_since(screening.decided_at) <= SCREENING_SECONDS * 1_000_000));
    prop_assert_eq!(world.deposit.status, DepositStatus::Claimed);
    prop_assert!(world.deposit.classification.verdict.is_recoverable());
    prop_assert!(world.rivals.is_empty() && world.ledger_covered);
    let block = match &world.deposit.origin {
        Origin::Observed(observation) => observation.block.as_ref().map(|block| &block.hash),
        Origin::Imported(_) => None,
    };
    prop_assert_eq!(block, claim.deposit_block.as_ref());
    Ok(())
}

/// What must hold as long as a claim is approved.
fn check_standing(claim: &Claim) -> Result<(), TestCaseError> {
    let voters = voters(claim);
    prop_assert!(
        voters.len() >= 2,
        "votes on another content: {:?}",
        claim.approvals
    );
    prop_assert!(voters.iter().all(|name| !claim.involved.contains(*name)));
    prop_assert!(claim.hold.is_none(), "approved under a hold");
    let quote = claim.quote.as_ref().map(|quote| &quote.quote);
    let sum = quote.and_then(|quote| quote.net.checked_add(quote.fee_in_asset));
    prop_assert_eq!(sum, Some(claim.amount));
    Ok(())
}

fn live(events: &[Event], approvals: &Cell<u32>) -> Result<(), TestCaseError> {
    let mut world = World::new();
    let mut claim = world.open("ada", &request()).expect("a good deposit opens");
    world.deposit.status = DepositStatus::Claimed;
    let mut seen = vec![claim.content_digest()];
    for event in events {
        happen(&mut world, event);
        let (name, command) = match event {
            Event::Onward(name) => (name, onward(&claim, &world)),
            Event::Any(name, number, which) => (name, any_command(*number, &seen, *which, &world)),
            _ => continue,
        };
        let actor = world.actor(name);
        let before = claim.clone();
        let Ok(after) = step(&claim, claim.revision, &command, &world.facts(&actor)) else {
            continue;
        };
        prop_assert!(after.revision >= before.revision);
        prop_assert_eq!(&after.opened_by, &before.opened_by);
        prop_assert!(after.involved.is_superset(&before.involved));
        if after.content_digest() != before.content_digest() {
            prop_assert!(
                after.approvals.is_empty(),
                "a vote survived {}",
                command.code()
            );
            seen.push(after.content_digest());
        }
        if after.status == ClaimStatus::Approved {
            check_standing(&after)?;
            if before.status != ClaimStatus::Approved {
                check_moment(&after, &world)?;
                approvals.set(approvals.get() + 1);
            }
        }
        claim = after;
    }
    Ok(())
}

#[test]
fn no_sequence_of_commands_approves_without_quorum_screening_and_finality() {
    let approvals = Cell::new(0);
    let config = Config {
        cases: 3_000,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = TestRunner::new(config);
    let events = prop::collection::vec(any_event(), 10..80);
    if let Err(failure) = runner.run(&events, |events| live(&events, &approvals)) {
        panic!("{failure}");
    }
    // A search that never gets there shows nothing.
    assert!(
        approvals.get() > 100,
        "only {} of the sequences were approved",
        approvals.get()
    );
}
