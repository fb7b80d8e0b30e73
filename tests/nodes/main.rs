//! The whole program on real nodes: two anvils in the roles of ethereum and bsc.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are tests; the lint only knows the functions marked so"
)]

mod desk;
mod diagnose;
mod faults;
mod gathered;
mod kill;
mod late_address;
mod no_traces;
mod pitfalls;
mod plain;
mod postgres;
mod reconcile;
mod recorded_mainnet;
mod reorgs;
mod scan_kinds;
mod setting;
mod settle;
mod to_claim;
mod transaction_hash;
mod world;
