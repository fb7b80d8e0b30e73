//! The shared client against servers that misbehave, several sources behind one face, and sources of prices; of our own making but for
//! what `recorded_prices` reads.

// The helpers of a test suite are tests too; clippy only knows those under #[test].
#![allow(clippy::unwrap_used)]

mod own_failover;
mod own_http;
mod own_prices;
mod recorded_prices;
