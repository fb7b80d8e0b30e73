//! One omnibus account with a hundred thousand deposits, read through the real adapters over real HTTP from servers that limit,
//! break off, lag and repeat themselves: nothing missed, nothing twice.
//!
//! `OMNIBUS_DEPOSITS` sets how many deposits a reading has (`just test-omnibus` reads the full hundred thousand), and
//! `OMNIBUS_SEED` the seed, which every failure prints.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are tests; the lint only knows the functions marked so"
)]

mod reading;
mod setting;

mod own_adapters;
