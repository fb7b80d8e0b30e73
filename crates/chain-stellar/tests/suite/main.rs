//! What this crate reads and builds, against answers recorded from Horizon servers (`recorded_…`), answers and accounts of our
//! own (`own_…`), and SDF's JavaScript library (`oracle_…`).

// The helpers of a test suite are tests too; clippy only knows those under #[test].
#![allow(clippy::unwrap_used)]

mod carrying;
mod fixture;
mod legs;
mod oracle_check;
mod oracle_stellar;
mod own_carry;
mod own_check;
mod own_decode;
mod own_horizon;
mod own_returns;
mod recorded_carry;
mod recorded_check;
mod recorded_files;
mod recorded_truth;
mod world;
