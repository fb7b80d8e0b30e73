//! Seeds: a sample in four parts, so that they run side by side, and the ones that once broke something.

use crate::run;
use crate::sim::{Options, Sim};

/// How many seeds the sample has.
const SAMPLE: u64 = 40;

fn environment(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is a number, not '{text}'"))
    })
}

/// One quarter of the seeds.
fn quarter(part: u64) {
    let first = environment("SIMULATOR_SEED").unwrap_or(1);
    let count = environment("SIMULATOR_SEEDS").unwrap_or(SAMPLE);
    let size = count.div_ceil(4);
    let begin = (part * size).min(count);
    let end = (begin + size).min(count);
    run::seeds(first + begin, end - begin, Options::new);
}

#[test]
fn no_promise_is_broken_in_the_first_quarter() {
    quarter(0);
}

#[test]
fn no_promise_is_broken_in_the_second_quarter() {
    quarter(1);
}

#[test]
fn no_promise_is_broken_in_the_third_quarter() {
    quarter(2);
}

#[test]
fn no_promise_is_broken_in_the_fourth_quarter() {
    quarter(3);
}

/// Instructions that were out were handed out again although the claim was on hold.
#[test]
fn seed_2011_a_hold_stops_a_second_export_too() {
    run::seeds(2011, 1, Options::new);
}

/// The person whose sending was cut off sent the bytes again after a halt, and was answered from the log; so was an export.
#[test]
fn seeds_1545_and_237_a_halt_stops_what_the_same_person_does_again() {
    run::seeds(1545, 1, Options::new);
    run::seeds(237, 1, Options::new);
}

/// Fewer of them on PostgreSQL: the same promises, another database's transactions.
#[test]
fn postgres_no_promise_is_broken() {
    let first = environment("SIMULATOR_SEED").unwrap_or(1);
    let count = environment("SIMULATOR_SEEDS").unwrap_or(SAMPLE) / 20 + 1;
    for seed in first..first + count {
        let database = recover_testkit::Postgres::fresh_database();
        let mut sim = Sim::on_database(Options::new(seed), database.url());
        match run::run(&mut sim) {
            Ok(report) => println!("seed {seed}: {} actions, {:?}", report.actions, report.ends),
            Err(broken) => run::fail(seed, &broken),
        }
    }
}
