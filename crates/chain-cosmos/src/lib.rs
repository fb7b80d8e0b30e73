//! Networks of the Cosmos SDK: addresses, transactions and their events, and transactions that give money back; behind the
//! feature `fetch`, the clients of CometBFT nodes and of the REST gateway.
//!
//! Without `fetch` it is a pure codec: an answer's JSON or a transaction's bytes in,
//! [`recover_core::observation::Observation`]s out. It deliberately knows no address book, no ledger, no list of assets and no
//! store. What moved is read from the events that the bank module wrote, never from what a message asked for; a message is
//! believed alone only where a source kept no events at all.
//!
//! The wire messages are a handful of own [`prost`] structs (`proto`): the generated crates bring the messages of every module
//! for the twelve that are read here.
//!
//! Start at [`decode`] (what counts as a credit), then [`address`] and [`networks`] (who can sign where), then [`returns`]
//! and [`CosmosCheck`] (what a return may be);
//! with `fetch`, `source::open`.

pub mod address;
mod check;
pub mod decode;
pub mod family;
pub mod key;
pub mod networks;
mod proto;
pub mod returns;

#[cfg(feature = "fetch")]
pub mod source;

pub use check::CosmosCheck;
pub use family::CosmosFamily;
#[cfg(feature = "fetch")]
pub use source::{carry, carry_with, open, open_with};
