//! The whole program on real nodes of the Bitcoin family: Bitcoin Core, Litecoin Core and Bitcoin SV on private chains.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are tests; the lint only knows the functions marked so"
)]

#[allow(dead_code, reason = "shared with the tests of other networks")]
#[path = "../nodes/desk.rs"]
mod desk;
mod house;
mod keys;
mod node_forks;
mod node_keys;
mod node_pages;
mod node_stories;
mod node_troubles;
mod node_truth;
mod settle;
mod signer;
mod walk;
