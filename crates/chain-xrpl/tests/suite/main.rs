//! What this crate reads and writes, against answers recorded from real networks (`recorded_…`), the ledger's own client
//! library (`oracle_…`), and servers and records of our own (`own_…`).

// The helpers of a test suite are tests too; clippy only knows those under #[test].
#![allow(clippy::unwrap_used)]

mod fixture;
mod recorded_files;
