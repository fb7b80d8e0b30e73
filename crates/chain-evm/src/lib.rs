//! EVM networks: addresses, proofs of control, wire shapes and decoding; behind the feature `fetch`, the clients of nodes
//! and explorers.
//!
//! Without `fetch` it is a pure codec: bytes in, [`recover_core::observation::Observation`]s out. It deliberately knows
//! no address book (a scan asks a [`recover_core::book::WatchSet`]), no ledger, no list of assets and no store: whether a
//! credit is worth anything is decided in `core`, by contract and never by what a contract says of itself.
//!
//! Start at [`decode`] (what counts as a credit and what does not), then [`wire`] (how nodes write it down); for what goes out,
//! at [`check`] and [`transaction`]; with `fetch`, at `node::EvmNode`, `open` and `carry`.

pub mod address;
pub mod call;
pub mod check;
pub mod control;
pub mod decode;
pub mod message;
pub mod trace;
pub mod transaction;
pub mod wire;

#[cfg(feature = "fetch")]
pub mod carry;
#[cfg(feature = "fetch")]
pub mod config;
#[cfg(feature = "fetch")]
pub mod cost;
#[cfg(feature = "fetch")]
pub mod explorer;
#[cfg(feature = "fetch")]
mod lookup;
#[cfg(feature = "fetch")]
pub mod node;
#[cfg(feature = "fetch")]
pub mod ranges;
#[cfg(feature = "fetch")]
mod refusal;
#[cfg(feature = "fetch")]
pub mod replay;
#[cfg(feature = "fetch")]
pub mod rpc;
#[cfg(feature = "fetch")]
mod token;

#[cfg(feature = "fetch")]
pub use carry::EvmCarry;
#[cfg(feature = "fetch")]
pub use config::{EvmSourceConfig, SourceKind, open, open_carry, open_with};
#[cfg(feature = "fetch")]
pub use explorer::{Explorer, ExplorerKind};
