//! What this crate reads, against answers recorded from real networks (`recorded_…`), answers and chains of our own
//! (`own_…`), and a real node (`node_…`).

// The helpers of a test suite are tests too; clippy only knows those under #[test].
#![allow(clippy::unwrap_used)]

mod carried;
mod fixture;
mod node_anvil;
mod node_carry;
mod node_carry_faults;
mod node_cost;
mod node_forwarder;
mod own_check;
mod own_control;
mod own_decode;
mod own_explorer;
mod own_faults;
mod own_node;
mod own_replay;
mod recorded_decode;
mod recorded_explorer;
mod recorded_rpc;
mod recorded_transaction;
mod signer;
mod world;
