//! Tron: addresses, transaction ids and assets.
//!
//! A pure codec, and no more: it reads no block, asks no node, builds and checks no transaction. Deposits on Tron come by
//! `deposits import`; this crate lets the address book and the matching recognise and compare what such a file names. What it
//! deliberately does not know: energy, bandwidth, fees, and the permissions that an account may have given to other keys.
//!
//! An address is the same 20 bytes that the key has on EVM networks, so that [`recover_core::address::Payload::Account20`] of
//! both is equal.
//!
//! Start at [`address::parse`]; [`TronFamily`] is the face to the engine.

pub mod address;
pub mod asset;
pub mod family;
pub mod message;

pub use family::TronFamily;
