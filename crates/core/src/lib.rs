//! The pure core of `recover`: what a deposit is, why it was not credited, whether it can be recovered,
//! what that costs and which steps a claim may take.
//!
//! It deliberately knows no network access, no clock, no async, no SQL and no floating point: every fact comes in
//! as a value and every answer goes out as one, so that the same facts always give the same answer to the
//! specialist, the wallet team and the nightly job.
//!
//! Start at [`observation::Observation`] (a credit somebody saw), then [`classify`] (why it was not booked), then
//! [`verdict::Verdict`] (whether it can be recovered) and [`claim`] (what may happen to it).

#![deny(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::panic
)]
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::indexing_slicing,
        clippy::panic
    )
)]

pub mod address;
pub mod advice;
pub mod amount;
pub mod appeal;
pub mod appeal_work;
pub mod approval;
pub mod asset;
pub mod audit;
pub mod block;
pub mod book;
pub mod check;
pub mod claim;
pub mod classify;
pub mod code;
pub mod coverage;
pub mod decimal;
pub mod deposit;
pub mod detect;
pub mod digest;
pub mod fee;
pub mod kind;
pub mod ledger;
pub mod memo;
pub mod names;
pub mod network;
pub mod observation;
pub mod people;
pub mod plan;
pub mod price;
pub mod proof;
pub mod question;
pub mod queue;
pub mod ssh;
pub mod time;
pub mod verdict;
pub mod wire;
