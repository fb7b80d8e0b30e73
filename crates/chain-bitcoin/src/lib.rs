//! Bitcoin and its relatives with unspent outputs: for now, signed messages of an address and nothing else.
//!
//! It reads no block and builds no transaction. What it deliberately does not know: which outputs an address holds; a signed
//! message says that somebody holds the key of an address, never that there is money on it.
//!
//! Start at [`message::BitcoinMessages`].

pub mod legacy;
pub mod message;
mod script;

pub use message::BitcoinMessages;
