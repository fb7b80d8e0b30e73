//! What this crate reads, against answers recorded from real networks (`recorded_…`), answers and chains of our own
//! (`own_…`), the official client library (`oracle_…`) and the real virtual machine (`node_…`).

// The helpers of a test suite are tests too; clippy only knows those under #[test].
#![allow(clippy::unwrap_used)]

mod cells;
mod fixture;
mod index;
mod node_tvm;
mod oracle_ton;
mod own_decode;
mod own_toncenter;
mod recorded_files;
