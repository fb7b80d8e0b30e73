//! What this crate reads and writes, against the network's own client library (`oracle_…`) and texts of our own (`own_…`).

// The helpers of a test suite are tests too; clippy only knows those under #[test].
#![allow(clippy::unwrap_used)]

mod oracle_tron;
mod own_texts;
