//! The shared client against servers that misbehave, and several sources behind one face; all of our own making.

// The helpers of a test suite are tests too; clippy only knows those under #[test].
#![allow(clippy::unwrap_used)]

mod own_failover;
mod own_http;
mod own_prices;
