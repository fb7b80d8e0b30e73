//! A seeded simulator around the real engine: two made-up chains, signers, a ledger and people, with faults and with crashes
//! between any two steps. After every action the world's own books say whether a promise was broken.
//!
//! `SIMULATOR_SEED` sets the first seed and `SIMULATOR_SEEDS` how many are run: `just simulate 1 2000`. Everything follows from
//! the seed but one thing: where a use case is cut off inside the database's own work depends on the threads of its driver.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are tests; the lint only knows the functions marked so"
)]

mod act;
mod chain;
mod check;
mod desk;
mod dice;
mod hand;
mod keys;
mod ledger;
mod roster;
mod run;
mod signers;
mod sim;
mod source;
mod truth;
mod votes;
mod world;

mod own_kills;
mod own_mutations;
mod own_seeds;
