//! The sources of the family: nodes over JSON-RPC ([`node`]).
//!
//! Everything here is behind the feature `fetch`; what bytes mean is decided outside it, in [`crate::block`] and [`crate::script`].

pub mod coins;
pub mod node;
pub mod rpc;
pub mod wire;

pub use coins::Coins;
pub use node::BitcoinNode;
