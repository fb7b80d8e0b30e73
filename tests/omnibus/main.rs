//! One omnibus account with a hundred thousand deposits, read through the real adapters over real HTTP from servers that limit,
//! break off, lag and repeat themselves: nothing missed, nothing twice.
//!
//! `OMNIBUS_SEED` sets the seed, which every reading prints, and `OMNIBUS_DEPOSITS` how many deposits it has: `just test-omnibus`.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are tests; the lint only knows the functions marked so"
)]

mod reading;
mod setting;

mod own_adapters;
