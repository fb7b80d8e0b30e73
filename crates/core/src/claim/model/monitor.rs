//! The invariants, reckoned beside the machine: none of its own helpers is asked.

use super::moves::Claims;
use super::state::{Broken, Brought, Out, Stage, State, Weather, What};
use super::world::{CHARGE, CYD, EVE, World};
use crate::claim::{Claim, ClaimStatus};
use stateright::Property;
use std::collections::BTreeSet;

/// The distinct people of the wallet team who voted for exactly this content, not too long ago, and did nothing else before.
fn voters(claim: &Claim, before: &Claim, late: bool) -> usize {
    let digest = claim.content_digest();
    let now = World::now(late);
    let names: BTreeSet<&str> = claim
        .approvals
        .iter()
        .filter(|vote| vote.digest == digest)
        .filter(|vote| now.micros_since(vote.approved_at) <= 3_600_000_000)
        .map(|vote| vote.person.as_str())
        .filter(|name| ["ada", "bob", "cyd"].contains(name))
        .filter(|name| !before.involved.contains(*name))
        .collect();
    names.len()
}

fn is_screened(claim: &Claim, late: bool) -> bool {
    let latest = claim.rescreening.as_ref().or(claim.screening.as_ref());
    claim.screening.is_some()
        && latest.is_some_and(|told| {
            told.clear && World::now(late).micros_since(told.decided_at) <= 3_600_000_000
        })
}

/// What a step broke that was allowed.
pub(super) fn of_step(
    model: &Claims,
    state: &State,
    index: usize,
    after: &Claim,
    actor: usize,
    what: What,
) -> Option<Broken> {
    let before = state.claims[index].as_deref()?;
    let is = |broken: bool, name| (broken && model.watches(name)).then_some(name);
    // What gives a fee back does not touch the deposit.
    let moved = before.execution.has_moved_deposit() || before.unwinding.is_some();
    let enough = || {
        is(
            voters(after, before, state.late) < 2,
            Broken::QuorumOfOthers,
        )
        .or_else(|| is(!is_screened(before, state.late), Broken::ReleasedUnscreened))
        .or_else(|| is(!moved && !state.is_final(), Broken::ReleasedNotFinal))
        .or_else(|| is(before.hold.is_some(), Broken::ReleasedUnderHold))
        .or_else(|| is(state.weather == Weather::Rebooked, Broken::OtherBooking))
    };
    let unhalted = || is(state.weather == Weather::Halted, Broken::ReleasedUnderHalt);
    let by_treasury = || {
        let name = &model.world.accounts[actor].name;
        let voted = before.approvals.iter().any(|vote| vote.person == *name);
        is(![CYD, EVE].contains(&actor), Broken::ReleasedByOutsider)
            .or_else(|| is(voted, Broken::ReleasedByVoter))
    };
    let out = state.package_of(index).and_then(|at| state.out.get(at));
    match what {
        What::Vote | What::VoteOld if after.is_decided() => enough(),
        What::Release | What::Export => enough().or_else(unhalted).or_else(by_treasury),
        What::Clear => is(actor != EVE, Broken::ScreenedByOutsider),
        What::Accept => {
            let ends = before.quote.as_ref().map(|quote| quote.expires_at);
            let is_late = ends.is_none_or(|ends| World::now(state.late) >= ends);
            is(is_late, Broken::AcceptedTooLate)
        }
        What::Import(brought) => {
            is(brought != Brought::Right, Broken::OtherPayload).or_else(by_treasury)
        }
        What::Send => {
            let is_first = before.status == ClaimStatus::AwaitingSignature;
            let is_old = out.is_some_and(|out| out.revision != before.revision);
            let package = before.execution.package.as_ref();
            let is_right = package.is_some_and(|package| {
                package
                    .signed
                    .as_ref()
                    .is_some_and(|signed| signed.unsigned == package.bytes)
            });
            is(is_old, Broken::SupersededOut)
                .or_else(|| is(!is_right, Broken::OtherPayload))
                .or_else(|| is(before.hold.is_some(), Broken::ReleasedUnderHold))
                .or_else(|| {
                    is(
                        is_first && !moved && !state.is_final(),
                        Broken::ReleasedNotFinal,
                    )
                })
                .or_else(unhalted)
        }
        _ => None,
    }
    .or_else(|| is(went_back(state, index, after, what), Broken::WentBack))
}

/// What is out is ended by proof only, and steps are only undone by a new quote before the deposit was moved.
fn went_back(state: &State, index: usize, after: &Claim, what: What) -> bool {
    let Some(before) = state.claims[index].as_deref() else {
        return false;
    };
    let is_out = state
        .package_of(index)
        .and_then(|at| state.out.get(at))
        .is_some_and(|out| out.stage != Stage::InHouse);
    let is_proof = matches!(
        what,
        What::See(_) | What::Acknowledge { .. } | What::Decline
    );
    let lost = is_out && !is_proof && before.execution.package.is_some() && {
        let same = |claim: &Claim| {
            claim
                .execution
                .package
                .as_ref()
                .map(|package| package.attempt)
        };
        same(before) != same(after)
    };
    let undone = after.execution.done < before.execution.done
        && (what != What::Quote || before.execution.is_bound())
        && what != What::Unwind;
    let reopened = !before.status.is_open();
    lost || undone || reopened
}

/// What must hold at every moment.
pub(super) fn of_state(model: &Claims, state: &State) -> Option<Broken> {
    let is = |broken: bool, name| (broken && model.watches(name)).then_some(name);
    let claims = || state.claims.iter().flatten();
    let open = claims().filter(|claim| claim.status.is_open()).count();
    let live = || state.out.iter().filter(|out| out.stage.is_live());
    let claim_of = |index: usize| state.claims.get(index).and_then(Option::as_deref);
    let settled = claims().any(|claim| claim.status == ClaimStatus::Settled);
    is(open > 1, Broken::TwoClaims)
        .or_else(|| is(state.paid > 1, Broken::PaidTwice))
        .or_else(|| is(live().count() > 1, Broken::TwoPackages))
        .or_else(|| {
            // Instructions that are still the claim's own may be older than its votes: their ids are the same.
            let is_kept = |claim: &Claim, out: &Out| {
                let package = claim.execution.package.as_ref();
                out.stage == Stage::WithLedger
                    && package.is_some_and(|package| package.attempt == out.attempt)
            };
            let is_old = live().any(|out| {
                claim_of(out.claim)
                    .is_some_and(|claim| claim.revision != out.revision && !is_kept(claim, out))
            });
            is(is_old, Broken::SupersededOut)
        })
        .or_else(|| {
            let is_ended =
                live().any(|out| claim_of(out.claim).is_some_and(|claim| !claim.status.is_open()));
            is(is_ended, Broken::EndedWhileOut)
        })
        .or_else(|| is(settled && state.paid != 1, Broken::SettledUnpaid))
        .or_else(|| of_fees(model, state))
}

/// What must hold of fees beside the deposit at every moment.
fn of_fees(model: &Claims, state: &State) -> Option<Broken> {
    model.world.beside?;
    let is = |broken: bool, name| (broken && model.watches(name)).then_some(name);
    state
        .claims
        .iter()
        .zip(state.fees)
        .filter_map(|(claim, fee)| claim.as_deref().map(|claim| (claim, fee)))
        .find_map(|(claim, fee)| {
            let is_settled = claim.status == ClaimStatus::Settled;
            let too_much =
                fee.held > CHARGE || fee.captured.saturating_add(fee.released) > fee.held;
            // Where nothing is out, nobody holds it, and the deposit lies where it lay.
            let rests = match (&claim.execution.package, claim.status) {
                (_, ClaimStatus::Mispaid) => false,
                (Some(_), status) => status == ClaimStatus::Prepared,
                (None, _) => true,
            };
            let is_idle = claim.status.is_open()
                && rests
                && claim.hold.is_none()
                && claim.unwinding.is_none()
                && !claim.execution.has_moved_deposit();
            is(too_much, Broken::FeeTwice)
                .or_else(|| is(is_settled && fee.captured != CHARGE, Broken::FeeUncaptured))
                .or_else(|| is(!claim.status.is_open() && fee.is_open(), Broken::FeeHangs))
                .or_else(|| {
                    let is_stuck = is_idle && fee.is_open() && !model.may_unwind(state, claim);
                    is(is_stuck, Broken::FeeStuck)
                })
        })
}

/// Only where a fee is paid beside the deposit.
pub(super) const BESIDE: [&str; 3] = [
    "a fee is set aside",
    "given up, and the fee ended",
    "the ledger set nothing aside",
];

/// Only where the ledger is told.
pub(super) const WHILE_INSTRUCTED: &str = "approved anew while instructions are out";

/// What the search must come across: an invariant that is never put to the test says nothing.
pub(super) fn reached() -> Vec<Property<Claims>> {
    fn any(state: &State, is: impl Fn(&Claim) -> bool) -> bool {
        state.claims.iter().flatten().any(|claim| is(claim))
    }
    let [held, ended, declined] = BESIDE;
    vec![
        Property::sometimes(held, |_, state: &State| {
            state.fees.iter().any(|fee| fee.is_open())
        }),
        Property::sometimes(ended, |_, state: &State| {
            let mut claims = state.claims.iter().flatten();
            claims.any(|claim| claim.status == ClaimStatus::Cancelled && claim.unwinding.is_some())
        }),
        Property::sometimes(declined, |_, state: &State| {
            state.out.iter().any(|out| out.stage == Stage::Declined)
        }),
        Property::sometimes("settled", |_, state| {
            any(state, |claim| claim.status == ClaimStatus::Settled)
        }),
        Property::sometimes("the second claim settled", |_, state: &State| {
            state.claims[1]
                .as_ref()
                .is_some_and(|claim| claim.status == ClaimStatus::Settled)
        }),
        Property::sometimes("mispaid", |_, state| {
            any(state, |claim| claim.status == ClaimStatus::Mispaid)
        }),
        Property::sometimes("approved in the second revision", |_, state| {
            any(state, |claim| {
                claim.status == ClaimStatus::Approved && claim.revision == 2
            })
        }),
        Property::sometimes(WHILE_INSTRUCTED, |_, state| {
            any(state, |claim| {
                claim.status == ClaimStatus::Instructed
                    && claim.revision == 2
                    && claim.execution.package.is_some()
                    && claim.is_decided()
            })
        }),
        Property::sometimes("held while a package is out", |_, state: &State| {
            state.out.iter().any(|out| out.stage.is_live())
                && any(state, |claim| claim.hold.is_some())
        }),
    ]
}
