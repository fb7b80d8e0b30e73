//! What this crate reads and writes, against answers recorded from real networks (`recorded_…`), the ledger's own client
//! library (`oracle_…`), and servers and records of our own (`own_…`).

// The helpers of a test suite are tests too; clippy only knows those under #[test].
#![allow(clippy::unwrap_used)]

mod carrying;
mod fixture;
mod legs;
mod oracle_check;
mod oracle_xrpl;
mod own_carry;
mod own_check;
mod own_decode;
mod own_faults;
mod own_node;
mod own_omnibus;
mod own_returns;
mod recorded_addresses;
mod recorded_carry;
mod recorded_check;
mod recorded_files;
mod recorded_truth;
mod server;
