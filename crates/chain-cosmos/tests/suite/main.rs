//! What this crate reads and writes, against answers recorded from real networks (`recorded_…`), answers of our own (`own_…`)
//! and the official library (`oracle_…`).

// The helpers of a test suite are tests too; clippy only knows those under #[test].
#![allow(clippy::unwrap_used)]

mod fixture;
mod ledger;
mod oracle_cosmos;
mod own_carry;
mod own_check;
mod own_decode;
mod own_questions;
mod own_returns;
mod own_source;
mod recorded_files;
mod recorded_rows;
mod world;
