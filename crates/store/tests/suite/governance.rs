//! Halts, versions of the policy, and the sums by which the tier of a claim is chosen.

use super::world::{
    DAY, accept, approve, approved_credit, approved_sweep, assert_sound, by, by_at, claim_quote,
    credit, done, export, founded, import, instruct, later, opened, pending_with, prepare, refusal,
    rules, screen, stepped, transfer,
};
use super::{Backend, address, deposit, now, observation};
use recover_core::amount::Amount;
use recover_core::approval::{Alone, Tier};
use recover_core::claim::{Claim, ClaimStatus, Command, OpenRequest, Refusal};
use recover_core::deposit::{Deposit, Origin};
use recover_core::digest::{Digest, Encoder};
use recover_core::fee::Cents;
use recover_core::observation::Position;
use recover_core::people::Role;
use recover_core::plan::Plan;
use recover_core::time::Timestamp;
use recover_store::{
    ClaimAnswer, ClaimContext, LiftAnswer, PolicyAnswer, PolicyRules, PolicyState, Store,
};

pub async fn a_halt_stops_every_release_until_two_people_lift_it(backend: Backend) {
    let store = founded(&backend).await;
    let leg = transfer();
    let claim = approved_sweep(&store, "0x1").await;
    assert_eq!(
        store.lift_halt("wim", "nothing", now()).await.unwrap(),
        LiftAnswer::NotHalted
    );
    store.halt("cat", "an alarm", later(1)).await.unwrap();
    assert_eq!(
        refusal(&store, &claim, prepare(&leg, 1), by("tom")).await,
        Refusal::Halted
    );
    let state = store.halt_state().await.unwrap();
    assert!(state.is_halted());
    assert_eq!(
        (
            state.halts[0].person.as_str(),
            state.halts[0].reason.as_str()
        ),
        ("cat", "an alarm")
    );
    // What a person decides about a claim goes on.
    stepped(&store, &claim, screen(true), by_at("cat", later(100))).await;
    let lift = async |name: &str, seconds| {
        store
            .lift_halt(name, "false alarm", later(seconds))
            .await
            .unwrap()
    };
    assert_eq!(lift("wim", 10).await, LiftAnswer::First);
    assert_eq!(lift("wim", 11).await, LiftAnswer::SamePerson);
    // A new halt needs two people of its own.
    store.halt("tom", "another alarm", later(12)).await.unwrap();
    assert_eq!(lift("wil", 13).await, LiftAnswer::First);
    assert!(store.halt_state().await.unwrap().is_halted());
    assert_eq!(lift("wim", 14).await, LiftAnswer::Lifted);
    let state = store.halt_state().await.unwrap();
    assert_eq!(
        (state.is_halted(), state.lifted_at),
        (false, Some(later(14)))
    );
    let claim = stepped(&store, &claim, prepare(&leg, 1), by("tom")).await;
    let claim = stepped(&store, &claim, export(), by("tom")).await;
    let claim = stepped(&store, &claim, import(&leg, 1), by("tom")).await;
    store.halt("cat", "a third", later(20)).await.unwrap();
    assert_eq!(
        refusal(&store, &claim, Command::Send, by("tom")).await,
        Refusal::Halted
    );
    assert_sound(&store).await;
}

pub async fn the_same_sending_again_asks_the_halt_and_the_hold_of_now(backend: Backend) {
    let store = founded(&backend).await;
    let leg = transfer();
    let claim = approved_sweep(&store, "0x1").await;
    let claim = stepped(&store, &claim, prepare(&leg, 1), by("tom")).await;
    let claim = stepped(&store, &claim, export(), by("tom")).await;
    let claim = stepped(&store, &claim, import(&leg, 1), by("tom")).await;
    let with_key = || ClaimContext {
        key: Some("send-1".to_owned()),
        ..by("tom")
    };
    let claim = stepped(&store, &claim, Command::Send, with_key()).await;
    let again = store.step_claim(&claim.id, claim.revision, Command::Send, with_key());
    assert_eq!(again.await.unwrap(), ClaimAnswer::Repeated(claim.clone()));
    store.halt("cat", "an alarm", later(1)).await.unwrap();
    for context in [with_key(), by("tom")] {
        let refused = refusal(&store, &claim, Command::Send, context).await;
        assert_eq!(refused, Refusal::Halted);
    }
    for (name, seconds) in [("wim", 2), ("wil", 3)] {
        let lifted = store.lift_halt(name, "a drill", later(seconds)).await;
        assert!(lifted.is_ok());
    }
    let claim = stepped(&store, &claim, screen(false), by_at("cat", later(4))).await;
    let refused = refusal(&store, &claim, Command::Send, with_key()).await;
    assert_eq!(refused, Refusal::OnHold);
    assert_sound(&store).await;
}

pub async fn a_halt_that_was_deleted_behind_the_program_still_halts(backend: Backend) {
    let store = founded(&backend).await;
    let claim = approved_credit(&store, "0x1").await;
    store.halt("cat", "an alarm", later(1)).await.unwrap();
    assert!(backend.raw("DELETE FROM halt").await.is_err());
    super::audit::unlock(&backend, "halt").await;
    backend.raw("DELETE FROM halt").await.unwrap();
    assert_eq!(
        refusal(&store, &claim, instruct(), by("tom")).await,
        Refusal::Halted
    );
    assert!(store.halt_state().await.unwrap().damage.is_some());
    // Nor is a lift that nobody gave.
    store.close().await;
    let lifted = "INSERT INTO halt VALUES (1, 'halt', 'cat', 'an alarm', 1800000001000000), (2, 'lift', 'wim', 'x', 1800000002000000),
        (3, 'lift', 'wil', 'x', 1800000002000000)";
    backend.raw(lifted).await.unwrap();
    let store = backend.open().await;
    assert!(store.halt_state().await.unwrap().is_halted());
    let check = store.verify_log(&[]).await.unwrap();
    assert_eq!(
        check.problems,
        [
            "the exchange: no entry tells of row 2 of halt",
            "the exchange: no entry tells of row 3 of halt"
        ]
    );
}

fn digest(text: &str) -> Digest {
    Encoder::new("test").field(text).finish()
}

pub async fn the_first_policy_is_in_force_and_later_ones_wait(backend: Backend) {
    let store = backend.open().await;
    assert_eq!(store.active_policy().await.unwrap(), None);
    let load =
        async |text: &str, at: Timestamp| store.load_policy(&digest(text), text, at).await.unwrap();
    assert_eq!(load("a", now()).await, 1);
    assert_eq!(load("b", later(1)).await, 2);
    assert_eq!(load("c", later(2)).await, 3);
    let active = store.active_policy().await.unwrap().unwrap();
    assert_eq!(
        (active.number, active.text.as_str(), active.activated_at),
        (1, "a", Some(now()))
    );
    let second = store.policy(2).await.unwrap().unwrap();
    assert_eq!(
        (second.state, second.activated_at),
        (PolicyState::Waiting, None)
    );
    let vote = async |number, name: &str| {
        store
            .vote_policy(number, name, Role::Admin, later(3))
            .await
            .unwrap()
    };
    assert_eq!(vote(2, "ann").await, PolicyAnswer::Done);
    assert_eq!(vote(2, "ann").await, PolicyAnswer::Repeated);
    assert_eq!(vote(2, "ben").await, PolicyAnswer::Done);
    assert_eq!(vote(1, "ann").await, PolicyAnswer::NotWaiting);
    assert_eq!(vote(9, "ann").await, PolicyAnswer::NotFound);
    let votes = store.policy_votes(2).await.unwrap();
    assert_eq!(
        votes
            .iter()
            .map(|vote| (vote.person.as_str(), vote.role))
            .collect::<Vec<_>>(),
        [("ann", Role::Admin), ("ben", Role::Admin)]
    );
    // A row that the log does not tell of is no vote, whoever it names and whenever it says it was given.
    for forged in [
        format!(
            "INSERT INTO policy_vote VALUES (2, 'kim', 'admin', {})",
            later(3).as_micros()
        ),
        "INSERT INTO policy_vote VALUES (3, 'ann', 'admin', 5)".to_owned(),
    ] {
        backend.raw(&forged).await.unwrap();
    }
    assert_eq!(store.policy_votes(2).await.unwrap(), votes);
    assert_eq!(store.policy_votes(3).await.unwrap(), []);
    let found = store.verify_log(&[]).await.unwrap().problems;
    assert_eq!(
        found,
        [
            "the exchange: no entry tells of row 2/kim of policy_vote",
            "the exchange: no entry tells of row 3/ann of policy_vote"
        ]
    );
    let forged = "DELETE FROM policy_vote WHERE person = 'kim' OR number = 3";
    backend.raw(forged).await.unwrap();
    let activate = async |number| store.activate_policy(number, later(9)).await.unwrap();
    assert_eq!(activate(2).await, PolicyAnswer::Done);
    assert_eq!(activate(2).await, PolicyAnswer::Repeated);
    assert_eq!(activate(1).await, PolicyAnswer::NotWaiting);
    assert_eq!(activate(9).await, PolicyAnswer::NotFound);
    let states: Vec<PolicyState> = store
        .policies()
        .await
        .unwrap()
        .iter()
        .map(|policy| policy.state)
        .collect();
    assert_eq!(
        states,
        [
            PolicyState::Retired,
            PolicyState::Active,
            PolicyState::Waiting
        ]
    );
    assert_sound(&store).await;
    // The database takes no second one in force, and the store none that the log does not tell of.
    let second = "UPDATE policy_version SET state = 'active' WHERE number = 3";
    assert!(backend.raw(second).await.is_err());
    let other = "UPDATE policy_version SET state = 'retired' WHERE number = 2";
    backend.raw(other).await.unwrap();
    backend.raw(second).await.unwrap();
    let refused = store.active_policy().await.unwrap_err().to_string();
    assert!(refused.contains("the log tells of another"), "{refused}");
}

pub async fn a_vote_needs_the_policy_in_force_and_that_of_the_quote(backend: Backend) {
    let store = founded(&backend).await;
    let deposit = super::world::found(&store, "0x1").await;
    let claim = opened(&store, &deposit.id()).await;
    let claim = pending_with(&store, &claim, super::world::quote(10)).await;
    store
        .load_policy(&digest("b"), "b", later(1))
        .await
        .unwrap();
    // One that waits bears on nothing.
    let claim = stepped(&store, &claim, approve(&claim), by("wim")).await;
    store.activate_policy(2, later(2)).await.unwrap();
    assert_eq!(
        refusal(&store, &claim, approve(&claim), by("wil")).await,
        Refusal::PolicyMissing
    );
    let stricter = PolicyRules {
        version: 2,
        ..rules()
    };
    let with = |policies: Vec<PolicyRules>| ClaimContext {
        policies,
        ..by("wil")
    };
    assert_eq!(
        refusal(
            &store,
            &claim,
            approve(&claim),
            with(vec![stricter.clone()])
        )
        .await,
        Refusal::PolicyMissing
    );
    let mut three = stricter;
    three.approval.tiers[0].votes = 3;
    let claim = stepped(&store, &claim, approve(&claim), with(vec![three, rules()])).await;
    // Enough for the one, not for the other.
    assert_eq!(claim.status, ClaimStatus::PendingApproval);
}

/// Up to 150.00 by one vote, and two above.
fn tiered() -> PolicyRules {
    let mut rules = rules();
    let tier = |name: &str, value_max: Option<u128>, votes| Tier {
        name: name.into(),
        value_max: value_max.map(|cents| Cents(Amount::from_u128(cents))),
        votes,
        lead_votes: 0,
        compliance_vote: false,
        delay_seconds: 0,
        alone: None,
    };
    rules.approval.tiers = vec![tier("T1", Some(15_000), 1), tier("T2", None, 2)];
    rules.approval.week_multiple = 2;
    rules
}

fn tiered_by(name: &str, now: Timestamp) -> ClaimContext {
    ClaimContext {
        policies: vec![tiered()],
        ..by_at(name, now)
    }
}

/// A deposit of somebody else, from somebody else: nothing in common with another but what a test makes so.
async fn unlike(store: &Store, number: u32) -> Deposit {
    let mut seen = observation(&format!("0x{number}"), Position::value(), 10);
    seen.from = Some(address(500 + number));
    let mut deposit = super::observed(seen);
    deposit.classification.owner = Some(format!("u{number}"));
    store
        .upsert_observed(vec![deposit.clone()], now())
        .await
        .unwrap();
    deposit
}

struct Made<'a> {
    user: &'a str,
    maker: &'a str,
    cents: u128,
    priced: bool,
}

async fn put_up(store: &Store, deposit: &Deposit, made: &Made<'_>, now: Timestamp) -> Claim {
    let open = OpenRequest {
        beneficiary: Some(made.user.to_owned()),
        ..super::world::request()
    };
    let claim = done(
        store
            .open_claim(&deposit.id(), open, tiered_by(made.maker, now))
            .await
            .unwrap(),
    );
    let mut frozen = claim_quote(0, made.cents);
    frozen.expires_at = now.plus_seconds(DAY).unwrap();
    if !made.priced {
        frozen.price_ids.clear();
    }
    let mut step = credit(0);
    if let recover_core::plan::Step::Instruct(list) = &mut step {
        list[0].user = Some(made.user.to_owned());
    }
    let quote = Command::Quote {
        quote: frozen,
        plan: Some(Plan { steps: vec![step] }),
    };
    let claim = stepped(store, &claim, quote, tiered_by(made.maker, now)).await;
    let claim = stepped(store, &claim, accept(), tiered_by(made.maker, now)).await;
    stepped(store, &claim, screen(true), tiered_by("cat", now)).await
}

async fn voted(store: &Store, claim: &Claim, name: &str, now: Timestamp) -> Claim {
    stepped(store, claim, approve(claim), tiered_by(name, now)).await
}

fn tier(claim: &Claim) -> Option<&str> {
    claim
        .approved
        .as_ref()
        .map(|approved| approved.tier.as_str())
}

pub async fn splitting_a_sum_does_not_lower_its_tier(backend: Backend) {
    let store = founded(&backend).await;
    let made = |user, maker| Made {
        user,
        maker,
        cents: 10_000,
        priced: true,
    };
    let one = unlike(&store, 1).await;
    let claim = put_up(&store, &one, &made("u1", "sam"), now()).await;
    let claim = voted(&store, &claim, "wim", now()).await;
    assert_eq!(tier(&claim), Some("T1"));
    // The same user again, within the day: 200.00 needs two. Put up by another person, from another sender.
    let mut two = unlike(&store, 2).await;
    two.classification.owner = Some("u1".into());
    store
        .upsert_observed(vec![two.clone()], now())
        .await
        .unwrap();
    let same_user = put_up(&store, &two, &made("u1", "sue"), later(60)).await;
    let same_user = voted(&store, &same_user, "wes", later(60)).await;
    assert_eq!(same_user.status, ClaimStatus::PendingApproval);
    // Another user, another sender: one is enough.
    let three = unlike(&store, 3).await;
    let other = put_up(&store, &three, &made("u3", "sue"), later(60)).await;
    let other = voted(&store, &other, "wes", later(60)).await;
    assert_eq!(tier(&other), Some("T1"));
    // The same sender as of that one.
    let mut four = observation("0x4", Position::value(), 10);
    four.from = Some(address(503));
    let mut four = super::observed(four);
    four.classification.owner = Some("u4".into());
    store
        .upsert_observed(vec![four.clone()], now())
        .await
        .unwrap();
    let same_sender = put_up(&store, &four, &made("u4", "sam"), later(60)).await;
    let same_sender = voted(&store, &same_sender, "wes", later(60)).await;
    assert_eq!(same_sender.status, ClaimStatus::PendingApproval);
    // A day later the sum of the week alone counts, against its multiple: 200.00 of 300.00.
    let five = deposit("0x5", 10);
    let five = Deposit {
        origin: match five.origin {
            Origin::Observed(mut seen) => {
                seen.from = Some(address(505));
                Origin::Observed(seen)
            }
            other => other,
        },
        ..five
    };
    store
        .upsert_observed(vec![five.clone()], now())
        .await
        .unwrap();
    let tomorrow = later(DAY + 60);
    let next_day = put_up(&store, &five, &made("u1", "sue"), tomorrow).await;
    let next_day = voted(&store, &next_day, "wes", tomorrow).await;
    assert_eq!(tier(&next_day), Some("T1"));
    // What was rejected before anything was built counts no more.
    let six = unlike(&store, 6).await;
    let first = put_up(&store, &six, &made("u6", "sam"), tomorrow).await;
    let first = voted(&store, &first, "wim", tomorrow).await;
    assert_eq!(tier(&first), Some("T1"));
    let reject = Command::Reject {
        reason: "a mistake".into(),
    };
    stepped(&store, &first, reject, tiered_by("wil", tomorrow)).await;
    let again = put_up(&store, &six, &made("u6", "sam"), tomorrow).await;
    let again = voted(&store, &again, "wim", tomorrow).await;
    assert_eq!(tier(&again), Some("T1"));
    assert_sound(&store).await;
}

pub async fn a_value_that_nobody_knows_makes_the_next_one_of_the_user_unknown(backend: Backend) {
    let store = founded(&backend).await;
    let made = |priced| Made {
        user: "u1",
        maker: "sam",
        cents: 100,
        priced,
    };
    let one = unlike(&store, 1).await;
    let claim = put_up(&store, &one, &made(false), now()).await;
    let claim = voted(&store, &claim, "wim", now()).await;
    // Unknown: the top tier.
    assert_eq!(claim.status, ClaimStatus::PendingApproval);
    let claim = voted(&store, &claim, "wil", now()).await;
    assert_eq!(tier(&claim), Some("T2"));
    let mut two = unlike(&store, 2).await;
    two.classification.owner = Some("u1".into());
    store
        .upsert_observed(vec![two.clone()], now())
        .await
        .unwrap();
    let next = put_up(&store, &two, &made(true), later(60)).await;
    let next = voted(&store, &next, "wes", later(60)).await;
    assert_eq!(next.status, ClaimStatus::PendingApproval);
    // Somebody else's is not touched by it, though the same person put it up.
    let three = unlike(&store, 3).await;
    let made = Made {
        user: "u3",
        ..made(true)
    };
    let other = put_up(&store, &three, &made, later(60)).await;
    let other = voted(&store, &other, "wes", later(60)).await;
    assert_eq!(tier(&other), Some("T1"));
}

pub async fn who_decides_alone_has_a_days_limit(backend: Backend) {
    let store = founded(&backend).await;
    let alone = || {
        let mut rules = rules();
        rules.approval.tiers[0].votes = 1;
        rules.approval.tiers[0].alone = Some(Alone {
            day_value_max: Cents(Amount::from_u128(25_000)),
            day_claims_max: 20,
        });
        rules
    };
    let by_alone = |name: &str| ClaimContext {
        policies: vec![alone()],
        ..by(name)
    };
    let mut decided = Vec::new();
    for number in 1..=3 {
        let deposit = unlike(&store, number).await;
        let made = Made {
            user: &format!("u{number}"),
            maker: "sam",
            cents: 10_000,
            priced: true,
        };
        let claim = put_up(&store, &deposit, &made, now()).await;
        let answer = store
            .step_claim(&claim.id, claim.revision, approve(&claim), by_alone("sam"))
            .await
            .unwrap();
        decided.push((claim, answer));
    }
    let first = decided[0].1.claim().unwrap();
    assert!(first.approved.as_ref().unwrap().alone);
    assert_eq!(
        decided[1].1.claim().unwrap().status,
        ClaimStatus::Approved,
        "200.00 of 250.00"
    );
    assert_eq!(
        decided[2].1,
        recover_store::ClaimAnswer::Refused(Refusal::ActorInvolved)
    );
    assert_sound(&store).await;
}

pub async fn lifting_a_halt_opens_a_new_sum_of_releases(backend: Backend) {
    let store = founded(&backend).await;
    let limited = || {
        let mut rules = rules();
        rules.approval.day_release_max = Cents(Amount::from_u128(15_000));
        ClaimContext {
            policies: vec![rules],
            ..by("tom")
        }
    };
    let first = approved_credit(&store, "0x1").await;
    let second = approved_credit(&store, "0x2").await;
    stepped(&store, &first, instruct(), limited()).await;
    assert_eq!(
        refusal(&store, &second, instruct(), limited()).await,
        Refusal::DayLimitReached
    );
    store
        .halt("wim", "the limit is reached", now())
        .await
        .unwrap();
    for name in ["wim", "wil"] {
        store
            .lift_halt(name, "looked at the day", now())
            .await
            .unwrap();
    }
    stepped(&store, &second, instruct(), limited()).await;
    assert_sound(&store).await;
}
