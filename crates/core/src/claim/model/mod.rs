//! The claim state machine searched whole, in a small world, and searched again with each guard taken out.
//!
//! The model moves claims by the real [`step_with`](super::decide::step_with) and
//! [`open_with`](super::decide::open_with) only. Its world (see [`world`] and [`state`]): one deposit, two claims, five accounts of
//! four people (the maker is of the wallet team too, one voter has two accounts, another is of the treasury), quorum two, two
//! revisions, as many packages a claim as its plan has steps and one more. At any moment somebody may halt releases, a
//! reorganisation may take the deposit's finality or give it back, the ledger may show the entry of a correction elsewhere, everything of before may grow old, compliance may hold or
//! clear. Outside of the record the signers send what they have whenever they like or pay something else, blocks come and go, a
//! slot is used by somebody else, a validity ends, the ledger books an instruction once or books another amount. Sources show
//! the truth, late or not at all. [`monitor`] reckons the invariants with no help of the machine.
//!
//! | Invariant | Looked at |
//! | --- | --- |
//! | I1 one live claim, I2 paid at most once, I15 one live package | at every moment |
//! | I3, I5, I6 votes of distinct people, uninvolved, on the exact content, not too old | at approval and at every release |
//! | I9 quotes and votes end | at acceptance, at every release |
//! | I10, I12, I13 hold, halt, screening, finality | at approval, at every release, at the first sending |
//! | I14 the payload that comes back is the one handed out | at import and at sending |
//! | I16 nothing superseded is out | at every moment and at sending |
//! | I17 nothing ends, goes back or loses its package while that may happen | at every step |
//! | I22 settled means paid once | at every moment |
//! | fees beside the deposit: never more ended than was set aside, all of it captured where settled, none of it open where ended, and wherever nothing is out the claim can be given up | at every moment |
//! | I4 digest, I7 unknown denies, I8 one no, I14 bytes of each family, I18 sums | the tests of this crate, of the families and of the store |
//! | I11 gate of the signers | `recover-verify` |
//! | I19 log in the same transaction, I24 idempotency | the store |
//! | I20 what a user sees, I21 change of policy, I23 deadlines | not this machine's; a decision passing under two policies is tested |
//!
//! Guards that must be taken out in pairs before something breaks stand behind each other on purpose:
//! the refusal to the person who votes ([`Refusal::ActorInvolved`], [`Refusal::AlreadyVoted`], [`Refusal::DigestDiffers`]) and the
//! count that leaves such a vote out ([`Counting::Uninvolved`], [`Counting::OncePerPerson`], [`Counting::OnThisContent`]): the
//! second is for rows that somebody wrote into the database. A second package is refused for what is out and for where the claim
//! stands. "Packages conflict on the network" is the last line: without it the bookkeeping alone still pays once.
//!
//! These have no counter-example here and why: [`Counting::InTheRoster`] (a vote of nobody known has no roles either),
//! [`Counting::Signed`] (this world's policy does not sign; the tests of votes do), [`Refusal::PackageExpired`] (a deadline is for
//! people: late bytes are the same payment), [`Refusal::NothingNew`] (what is known changes nothing). Refusals about facts that this
//! world does not vary (rivals, coverage, owner, plan, rules, limits, answers of the ledger) have their rows in
//! `tests/claims/refusals.rs`, alone and in pairs.

mod monitor;
mod moves;
mod state;
mod world;

use crate::claim::Resolution;
use crate::claim::guards::Counting;
use crate::claim::refusal::Refusal;
use crate::fee::OnFailure;
use monitor::reached;
use moves::{Claims, Guard, Standing};
use state::{Action, Broken, What};
use stateright::{Checker as _, HasDiscoveries, Model as _};
use std::collections::BTreeSet;
use world::{ADA, BOB, CYD, EVE, World};

/// What a search came to.
struct Found {
    states: usize,
    /// Steps from the draft to what broke, if something did.
    steps: Option<usize>,
    path: String,
    reached: BTreeSet<&'static str>,
}

fn search(model: Claims) -> Found {
    let before = model.prefix.len();
    let checker = model
        .checker()
        .threads(2)
        .finish_when(HasDiscoveries::AnyFailures)
        .spawn_bfs()
        .join();
    let mut discoveries = checker.discoveries();
    let broken = discoveries.remove("nothing is broken");
    let (steps, path) = match broken {
        None => (None, String::new()),
        Some(path) => {
            let broken = path.last_state().broken;
            let actions = path.into_actions();
            (
                Some(before.saturating_add(actions.len())),
                format!("{broken:?} by {actions:?}"),
            )
        }
    };
    Found {
        states: checker.unique_state_count(),
        steps,
        path,
        reached: discoveries.into_keys().collect(),
    }
}

fn whole(resolution: Resolution, conflict: bool) {
    whole_of(World::new(resolution), conflict, vec![]);
}

fn whole_of(world: World, conflict: bool, prefix: Vec<Action>) {
    let (resolution, is_charged) = (world.resolution, world.beside.is_some());
    let prefix_is_held = prefix.len() > voted().len();
    let found = search(Claims {
        world,
        guards: Standing(vec![]),
        conflict,
        watch: vec![],
        prefix,
    });
    println!("{resolution}, conflict {conflict}: {} states", found.states);
    assert_eq!(found.steps, None, "{}", found.path);
    let mut wanted: BTreeSet<&str> = reached().iter().map(|property| property.name).collect();
    if is_charged {
        // A claim that is given up takes the second revision, so that others of it are not looked for.
        let began = !prefix_is_held;
        wanted.retain(|name| {
            found.reached.contains(name) || (began && monitor::BESIDE.contains(name))
        });
        wanted.insert(monitor::BESIDE[1]);
    } else {
        wanted.retain(|name| !monitor::BESIDE.contains(name));
    }
    if !is_charged && resolution == Resolution::SweepToAddress {
        wanted.remove(monitor::WHILE_INSTRUCTED);
    }
    assert_eq!(found.reached, wanted);
    assert!(found.states > 1_500, "the world shrank");
}

#[test]
fn nothing_breaks_where_the_ledger_is_told() {
    whole(Resolution::LedgerCredit, true);
}

#[test]
fn nothing_breaks_where_a_transaction_pays() {
    whole(Resolution::SweepToAddress, true);
}

#[test]
fn nothing_breaks_where_packages_do_not_conflict_on_the_network() {
    whole(Resolution::SweepToAddress, false);
}

#[test]
fn nothing_breaks_where_a_sweep_comes_before_the_credit() {
    whole(Resolution::SweepThenCredit, true);
}

#[test]
fn nothing_breaks_where_a_booking_is_corrected() {
    whole(Resolution::CorrectBooking, true);
}

/// A claim whose votes are there: what comes before is searched where the deposit pays the fee.
fn voted() -> Vec<Action> {
    on(0, &[PENDING, VOTES].concat())
}

#[test]
fn nothing_breaks_where_a_fee_is_set_aside_and_the_ledger_is_told() {
    whole_of(World::charged(CREDIT, OnFailure::Refund), true, voted());
}

#[test]
fn nothing_breaks_where_a_fee_is_set_aside_and_a_transaction_pays() {
    let mut held = voted();
    held.extend(on(0, &[(EVE, What::Release)]));
    held.push(Action::Outside {
        package: 0,
        what: state::Outside::Book,
    });
    held.extend(on(0, &[(EVE, What::Acknowledge { right: true })]));
    whole_of(World::charged(SWEEP, OnFailure::Keep), true, held);
}

fn on(claim: usize, steps: &[(usize, What)]) -> Vec<Action> {
    let act = |(actor, what): &(usize, What)| Action::Act {
        claim,
        actor: *actor,
        what: *what,
    };
    steps.iter().map(act).collect()
}

/// Ways on which a search begins: what every guard would allow.
const PENDING: &[(usize, What)] = &[(ADA, What::Quote), (ADA, What::Accept), (EVE, What::Clear)];
const VOTES: &[(usize, What)] = &[(BOB, What::Vote), (CYD, What::Vote)];
const OUT: &[(usize, What)] = &[(EVE, What::Release), (EVE, What::Export)];

const SWEEP: Resolution = Resolution::SweepToAddress;
const CREDIT: Resolution = Resolution::LedgerCredit;
const BOTH: Resolution = Resolution::SweepThenCredit;
const CORRECT: Resolution = Resolution::CorrectBooking;

type Row = (
    &'static str,
    Vec<Guard>,
    (Resolution, bool),
    Broken,
    Vec<Action>,
);

#[rustfmt::skip] // A table.
fn rows() -> Vec<Row> {
    use Broken as B;
    use Refusal as R;
    use state::Outside as O;
    let of = |refusals: &[Refusal]| refusals.iter().copied().map(Guard::Of).collect::<Vec<_>>();
    let with = |refusal, counting| vec![Guard::Of(refusal), Guard::In(counting)];
    let pending = || on(0, PENDING);
    let approved = || on(0, &[PENDING, VOTES].concat());
    let out = || on(0, &[PENDING, VOTES, OUT].concat());
    // One package is final and the other is sent: what is left to find is whether it may be final too.
    let both_sent = |mut steps: Vec<Action>| {
        let first = [O::SignersSend, O::Mine, O::Finalise].map(|what| Action::Outside { package: 0, what });
        steps.extend(first);
        steps.push(Action::Outside { package: 1, what: O::SignersSend });
        steps
    };
    let second = || {
        let mut steps = out();
        steps.push(Action::Open(1));
        steps.extend(on(1, &[PENDING, VOTES, OUT].concat()));
        steps
    };
    let ended = || {
        let mut steps = out();
        steps.extend(on(0, &[(ADA, What::Cancel)]));
        steps.push(Action::Open(1));
        steps.extend(on(1, &[PENDING, VOTES, OUT].concat()));
        steps
    };
    vec![
        ("the maker may vote", with(R::ActorInvolved, Counting::Uninvolved), (CREDIT, true), B::QuorumOfOthers, pending()),
        ("accounts count, not people", with(R::AlreadyVoted, Counting::OncePerPerson), (CREDIT, true), B::QuorumOfOthers, pending()),
        ("a vote is not bound to the content", with(R::DigestDiffers, Counting::OnThisContent), (CREDIT, true), B::QuorumOfOthers, on(0, &[PENDING, PENDING].concat())),
        ("votes do not grow old", vec![Guard::In(Counting::NotTooOld)], (CREDIT, true), B::QuorumOfOthers, approved()),
        ("the quorum is not read at release", of(&[R::QuorumMissing]), (CREDIT, true), B::QuorumOfOthers, approved()),
        ("a hold is not read", of(&[R::OnHold]), (SWEEP, true), B::ReleasedUnderHold, approved()),
        ("a halt is not read", of(&[R::Halted]), (SWEEP, true), B::ReleasedUnderHalt, approved()),
        ("screening is not read at release", of(&[R::ScreeningMissing]), (SWEEP, true), B::ReleasedUnscreened, approved()),
        ("finality is not read at release", of(&[R::DepositNotFinal]), (SWEEP, true), B::ReleasedNotFinal, approved()),
        ("who votes may release", of(&[R::ActorInvolved]), (SWEEP, true), B::ReleasedByVoter, approved()),
        ("anybody may release", of(&[R::RoleMissing]), (SWEEP, true), B::ReleasedByOutsider, approved()),
        ("anybody may screen", of(&[R::RoleMissing]), (CREDIT, true), B::ScreenedByOutsider, vec![]),
        ("a late acceptance counts", of(&[R::QuoteExpired]), (CREDIT, true), B::AcceptedTooLate, vec![]),
        ("an amendment while a package is out", of(&[R::PackageLive, R::StatusWrong]), (SWEEP, true), B::SupersededOut, out()),
        ("an end while a package is out", of(&[R::PackageLive, R::StatusWrong]), (SWEEP, true), B::EndedWhileOut, out()),
        ("an end while the ledger is told", of(&[R::PackageLive]), (CREDIT, true), B::EndedWhileOut, approved()),
        ("an amendment while the ledger is told", of(&[R::PackageLive]), (CREDIT, true), B::SupersededOut, approved()),
        ("two live claims", of(&[R::DepositTaken]), (SWEEP, true), B::TwoClaims, vec![]),
        ("two packages of one revision", of(&[R::PackageLive, R::StatusWrong]), (SWEEP, true), B::TwoPackages, out()),
        ("two live claims, and no conflict on the network", of(&[R::DepositTaken]), (SWEEP, false), B::PaidTwice, both_sent(second())),
        ("an end after the hand-over, and no conflict on the network", of(&[R::PackageLive, R::StatusWrong]), (SWEEP, false), B::PaidTwice, both_sent(ended())),
        ("two packages of one revision, and no conflict on the network", of(&[R::PackageLive, R::StatusWrong]), (SWEEP, false), B::PaidTwice, both_sent(on(0, &[PENDING, VOTES, OUT, OUT].concat()))),
        ("an end after the instruction", of(&[R::PackageLive]), (CREDIT, true), B::PaidTwice, {
            let mut steps = on(0, &[PENDING, VOTES, &[(EVE, What::Release), (ADA, What::Cancel)]].concat());
            steps.push(Action::Open(1));
            steps.extend(on(1, &[PENDING, VOTES, &[(EVE, What::Release)]].concat()));
            steps.push(Action::Outside { package: 0, what: O::Book });
            steps
        }),
        ("other bytes come back", of(&[R::BytesDiffer]), (SWEEP, true), B::OtherPayload, out()),
        ("another key signs", of(&[R::SignerDiffers]), (SWEEP, true), B::OtherPayload, out()),
        ("nothing came back", of(&[R::SignedBytesMissing]), (SWEEP, true), B::OtherPayload, out()),
        ("what ended goes on", of(&[R::StatusWrong]), (CREDIT, true), B::WentBack, pending()),
        ("another booking is taken back", of(&[R::BookingDiffers]), (CORRECT, true), B::OtherBooking, approved()),
        ("what was frozen is quoted anew", of(&[R::AlreadyMoved]), (CORRECT, true), B::WentBack, {
            let mut steps = on(0, &[PENDING, VOTES, &[(EVE, What::Release)]].concat());
            steps.push(Action::Outside { package: 0, what: O::Book });
            steps.extend(on(0, &[(EVE, What::Acknowledge { right: true })]));
            steps
        }),
        ("what is set aside is cancelled", of(&[R::AlreadyMoved]), (CREDIT, true), B::FeeHangs, {
            let mut steps = on(0, &[PENDING, VOTES, &[(EVE, What::Release)]].concat());
            steps.push(Action::Outside { package: 0, what: O::Book });
            steps.extend(on(0, &[(EVE, What::Acknowledge { right: true })]));
            steps
        }),
        ("what was corrected is corrected again", of(&[R::DepositTaken]), (CORRECT, true), B::TwoClaims, vec![]),
        ("what was moved is quoted anew", of(&[R::AlreadyMoved]), (BOTH, true), B::WentBack, {
            let mut steps = on(0, &[PENDING, VOTES, OUT].concat());
            steps.extend([O::SignersSend, O::Mine, O::Finalise].map(|what| Action::Outside { package: 0, what }));
            steps.extend(on(0, &[(EVE, What::See(state::Seen::Final))]));
            steps
        }),
    ]
}

#[test]
fn each_guard_taken_out_breaks_what_it_guards() {
    for (name, guards, (resolution, conflict), broken, prefix) in rows() {
        let started = std::time::Instant::now();
        let world = match broken {
            Broken::FeeHangs => World::charged(resolution, OnFailure::Refund),
            _ => World::new(resolution),
        };
        let found = search(Claims {
            world,
            guards: Standing(guards),
            conflict,
            watch: vec![broken],
            prefix,
        });
        println!(
            "{name}: {} in {:?} steps, {} states, {:?}",
            found.path,
            found.steps,
            found.states,
            started.elapsed()
        );
        assert!(found.steps.is_some(), "nothing breaks without: {name}");
    }
}

#[test]
fn of_two_guards_behind_each_other_either_is_enough() {
    use Refusal as R;
    let singles = [
        Guard::In(Counting::Uninvolved),
        Guard::Of(R::AlreadyVoted),
        Guard::In(Counting::OncePerPerson),
        Guard::Of(R::DigestDiffers),
        Guard::In(Counting::OnThisContent),
        Guard::In(Counting::InTheRoster),
        Guard::Of(R::PackageExpired),
        Guard::Of(R::NothingNew),
    ];
    for guard in singles {
        let found = search(Claims {
            world: World::new(CREDIT),
            guards: Standing(vec![guard]),
            conflict: true,
            watch: vec![],
            prefix: vec![],
        });
        println!("without {guard:?}: {} states", found.states);
        assert_eq!(found.steps, None, "without {guard:?}: {}", found.path);
    }
}
