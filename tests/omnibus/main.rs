//! One omnibus account with a hundred thousand deposits, read through the real adapters over real HTTP from servers that limit,
//! break off, lag and repeat themselves: nothing missed, nothing twice.
//!
//! `OMNIBUS_SEED` sets the seed, which every reading prints, and `OMNIBUS_DEPOSITS` how many deposits it has: `just test-omnibus`.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are tests; the lint only knows the functions marked so"
)]

mod desk;
mod reading;
mod setting;
/// The binary's own wiring, which has no library to take it from.
#[path = "../../crates/cli/src/wiring/configured.rs"]
#[allow(dead_code, reason = "shared with the binary")]
mod wiring;

mod own_adapters;
mod own_conformance;
mod own_engine;
