//! The family against facts that were not written here: real nodes (`node_…`), recorded answers (`recorded_…`), other libraries
//! (`oracle_…`); and against answers and tampering of our own (`own_…`).

#![allow(
    clippy::unwrap_used,
    reason = "test helpers outside test functions fail loudly too"
)]

mod carried;
mod fixture;
mod node_carry;
mod node_carry_explorer;
mod node_explorers;
mod node_read;
mod oracle_spend;
mod own_blocks;
mod own_explorers;
mod own_faults;
mod own_spend;
mod own_spend_tampered;
mod recorded_blockbook;
mod recorded_blocks;
mod recorded_rpc;
mod spends;
mod world;
