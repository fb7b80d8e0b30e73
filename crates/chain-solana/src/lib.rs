//! Solana: addresses, token accounts, transaction ids and mints.
//!
//! A pure codec, and no more: it reads no slot, asks no node, builds and checks no transaction. Deposits on Solana come by
//! `deposits import`; this crate lets the address book and the matching recognise and compare what such a file names.
//!
//! An address is 32 bytes in base58 and carries **no checksum**: most typos of one character are well-formed addresses of
//! somebody else or of nobody, and no program can tell. [`recover_core::detect::Detect::tells_typos`] says so to whoever shows one.
//!
//! Start at [`address::parse`]; [`token`] connects a wallet with the accounts that hold its tokens; [`SolanaFamily`] is the face to
//! the engine.

pub mod address;
pub mod family;
pub mod message;
pub mod token;

pub use family::SolanaFamily;
