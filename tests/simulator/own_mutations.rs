//! Proof that the simulator can fail: what is broken on purpose is found out, by the rule that is there for it.

use crate::run::{self, Broken};
use crate::sim::{Edit, Options, Sim};

/// How many seeds are tried until one shows the fault.
const SEEDS: u64 = 20;

/// What the store or the log says to rows that nobody of the program wrote.
const BEHIND: &[&str] = &["ChangedBehind", "the log does not verify"];

fn found(options: impl Fn(u64) -> Options) -> (u64, Broken) {
    for seed in 1..=SEEDS {
        let mut sim = Sim::on_sqlite(options(seed));
        if let Err(broken) = run::run(&mut sim) {
            return (seed, broken);
        }
    }
    panic!("{SEEDS} seeds found nothing");
}

fn found_out(edit: Edit, rules: &[&str]) {
    let (seed, broken) = found(|seed| Options {
        edit: Some(edit),
        ..Options::new(seed)
    });
    println!("{edit:?}: seed {seed}: {:?}", broken.what);
    let is_found = |what: &String| rules.iter().any(|rule| what.contains(rule));
    assert!(broken.what.iter().any(is_found), "{:?}", broken.what);
}

#[test]
fn votes_written_behind_the_program_are_found_out() {
    found_out(Edit::AddsVotes, BEHIND);
}

#[test]
fn votes_that_vanish_are_found_out() {
    found_out(Edit::DropsVotes, &["was acknowledged and is gone"]);
}

#[test]
fn a_hold_that_vanishes_is_found_out() {
    found_out(Edit::DropsHolds, BEHIND);
}

#[test]
fn a_ledger_that_books_twice_is_found_out() {
    let (seed, broken) = found(|seed| Options {
        forgets_instructions: true,
        ..Options::new(seed)
    });
    println!("seed {seed}: {:?}", broken.what);
    assert!(
        broken
            .what
            .iter()
            .any(|what| what.contains("were paid for deposit"))
    );
}

/// No mutation: the database refuses a slot twice, whatever the carrier does, so that nothing breaks.
#[test]
fn a_carrier_that_ignores_slots_breaks_nothing() {
    run::seeds(500, 6, |seed| Options {
        ignores_slots: true,
        ..Options::new(seed)
    });
}
