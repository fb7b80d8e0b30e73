//! The whole program without a node: the command line, files that are wrong, imports, matching.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are tests; the lint only knows the functions marked so"
)]

#[path = "../nodes/desk.rs"]
#[allow(dead_code, reason = "shared with the suite that faces nodes")]
mod desk;

mod own_appeals;
mod own_backtest;
mod own_bad_input;
mod own_by_import;
mod own_command_line;
mod own_imports;
mod own_matching;
mod own_nonsense;
mod own_people;
mod own_policy;
mod own_prices;
mod own_proofs;
mod own_secrets;
mod own_watch_list;
mod recorded_demo;
