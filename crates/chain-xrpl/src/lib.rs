//! The XRP Ledger: addresses, amounts, the binary format, what a transaction credited, and returns; behind the feature `fetch`,
//! the client of rippled and Clio.
//!
//! Without `fetch` it is a pure codec: an answer in, [`recover_core::observation::Observation`]s out; a return order in, the
//! bytes to sign out. It deliberately knows no address book, no ledger and no list of assets, it never signs and never sends.
//!
//! Start at [`decode`] (what counts as a credit), then [`wire`] (how servers write it down), [`returns`] (payments that go
//! back) and [`check`] (whether bytes do what was approved); with `fetch`, `node::XrplNode` and `open`.

pub mod address;
pub mod asset;
pub mod binary;
pub mod check;
pub mod decode;
pub mod definitions;
pub mod effects;
pub mod family;
pub mod number;
pub mod returns;
pub mod signature;
pub mod wire;

#[cfg(feature = "fetch")]
pub mod config;
#[cfg(feature = "fetch")]
pub mod node;
#[cfg(feature = "fetch")]
pub mod rpc;

pub use check::XrplCheck;
#[cfg(feature = "fetch")]
pub use config::{carry, carry_with, open, open_with};
pub use family::XrplFamily;
#[cfg(feature = "fetch")]
pub use node::{XrplCarry, XrplNode};
pub use number::ISSUED_DECIMALS;
