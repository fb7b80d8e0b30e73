//! Facts of the family that were not written here: real nodes, other libraries, and the money half against our own tampering.

#![allow(
    clippy::unwrap_used,
    reason = "test helpers outside test functions fail loudly too"
)]

mod own_spend;
mod own_spend_tampered;
mod spends;
