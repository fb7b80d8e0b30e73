//! Bitcoin and its relatives with unspent outputs: their addresses in every written form, signed messages, and
//! outputs spent.
//!
//! An address is a script, and one script is one script on every network that has it: [`address::parse`] reads the text,
//! [`address::sibling`] writes it for another network. What it deliberately does not
//! know: which outputs an address holds; a signed message says that somebody holds the key of an address, never that there is money
//! on it.
//!
//! Start at [`BitcoinFamily`], the face to the engine, [`BitcoinMessages`], and [`spend`] for what is handed to signers.

pub mod address;
pub mod block;
#[cfg(feature = "fetch")]
pub mod carry;
mod cashaddr;
pub mod credit;
pub mod descriptor;
pub mod family;
mod generic;
pub mod legacy;
pub mod message;
pub mod network;
pub mod script;
#[cfg(feature = "fetch")]
pub mod source;
pub mod spend;
mod typo;

#[cfg(feature = "fetch")]
pub use carry::open_carry;
pub use family::BitcoinFamily;
pub use message::BitcoinMessages;
#[cfg(feature = "fetch")]
pub use source::{open, open_with};
pub use spend::BitcoinCheck;
