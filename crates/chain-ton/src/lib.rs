//! TON: addresses, bags of cells, messages and transactions; behind the feature `fetch`, the client of toncenter.
//!
//! Without `fetch` it is a pure codec: bytes in, [`recover_core::observation::Observation`]s out. It deliberately knows no
//! address book, no ledger and no list of assets; whose a jetton wallet is has to be told ([`decode::Wallets`]), because
//! nothing in a message proves it.
//!
//! The cells are read by our own two modules ([`boc`], [`transaction`]) and not by `tycho-types`, the maintained crate: that one
//! brings some forty crates (a grammar parser, a stack switcher, elliptic curves) for the sake of a validator, and the codec
//! stands in the offline verifier. Ours only reads, and is held against @ton/core and the real virtual machine.
//!
//! It builds no transaction: a return on TON is made by hand, with the exchange's own wallet, and the adapter has neither a
//! checker nor a carrier. A deposit without its comment, the usual case, needs none: a ledger instruction credits it.
//!
//! Start at [`decode`] (what counts as a credit and what does not), then [`wire`] (how servers write it down); with `fetch`,
//! `toncenter` and `open`.

pub mod address;
pub mod boc;
pub mod body;
pub mod control;
pub mod decode;
pub mod transaction;
pub mod wire;

#[cfg(feature = "fetch")]
pub mod toncenter;

pub use control::TonFamily;
#[cfg(feature = "fetch")]
pub use toncenter::{Toncenter, open, open_with};
