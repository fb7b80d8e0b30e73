//! The invariants, reckoned beside the machine: none of its own helpers is asked.

use super::moves::Claims;
use super::state::{Broken, Brought, Out, Stage, State, Weather, What};
use super::world::{CYD, EVE, World};
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
    let moved = before.execution.has_moved_deposit();
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
    let is_proof = matches!(what, What::See(_) | What::Acknowledge { .. });
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
        && (what != What::Quote || before.execution.is_bound());
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
}

/// Only where the ledger is told.
pub(super) const WHILE_INSTRUCTED: &str = "approved anew while instructions are out";

/// What the search must come across: an invariant that is never put to the test says nothing.
pub(super) fn reached() -> Vec<Property<Claims>> {
    fn any(state: &State, is: impl Fn(&Claim) -> bool) -> bool {
        state.claims.iter().flatten().any(|claim| is(claim))
    }
    vec![
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
