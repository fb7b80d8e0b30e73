//! The ledger's canonical binary format: JSON fields to bytes and back, and the hashes over them.
//!
//! Source: <https://xrpl.org/docs/references/protocol/binary-format>. Fields stand in the order of their codes, so that one
//! transaction has one text of bytes; its id is the first half of SHA-512 over `TXN\0` and all of them, its signature covers
//! `STX\0` and those that are signed.

mod read;
mod write;

pub use read::decode;
pub use write::{encode, encode_money};

use recover_core::block::TxId;
use sha2::{Digest, Sha512};

/// What stands before the bytes that one key signs.
pub const SIGNING: [u8; 4] = *b"STX\0";
/// What stands before the bytes that each of several signers signs, with the signer's account behind them.
pub const MULTISIGNING: [u8; 4] = *b"SMT\0";
/// What stands before the bytes that make a transaction's id.
const ID: [u8; 4] = *b"TXN\0";

/// Objects inside objects, no deeper than rippled allows.
const DEPTH_MAX: usize = 10;

/// Which fields are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All of them: the bytes that are sent and that make the id.
    Whole,
    /// Those that a signature covers.
    Signed,
}

/// Why bytes or fields are not the ledger's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BinaryError {
    /// A field that this build does not know how to write or read.
    #[error("the field {name} is not known to this version: nothing can be recomputed from it")]
    UnknownField {
        /// Its name, or its code as `type.number`.
        name: String,
    },
    /// A value that its field cannot have.
    #[error("the field {name} holds what it cannot hold")]
    BadValue {
        /// Its name.
        name: String,
    },
    /// The bytes end inside a field.
    #[error("the bytes end inside a field: they were cut")]
    Truncated,
    /// The fields stand in another order than the ledger's, or one comes twice.
    #[error("the field {name} stands out of order: these bytes are not canonical")]
    Order {
        /// Its name.
        name: String,
    },
    /// A length, a number or a code is written in another way than the shortest.
    #[error("a length or a number is not written as the ledger writes it")]
    NotCanonical,
    /// Objects inside objects inside objects.
    #[error("objects are nested deeper than the ledger allows")]
    TooDeep,
}

/// The first half of SHA-512.
fn half(prefix: [u8; 4], bytes: &[u8]) -> [u8; 32] {
    let digest: [u8; 64] = Sha512::new()
        .chain_update(prefix)
        .chain_update(bytes)
        .finalize()
        .into();
    let mut first = [0; 32];
    first.copy_from_slice(&digest[..32]);
    first
}

/// The id of a transaction's bytes, signatures included.
#[must_use]
pub fn transaction_id(blob: &[u8]) -> TxId {
    TxId::new(&hex::encode_upper(half(ID, blob)))
}

/// What an ECDSA signature covers: the first half of SHA-512 over the prefix and the fields that are signed.
pub(crate) fn signing_hash(signed_fields: &[u8]) -> [u8; 32] {
    half(SIGNING, signed_fields)
}

/// Whether a field's name belongs to the ledger: all of them begin with a capital. What servers add begins with a small letter,
/// but for these.
fn is_added_by_servers(name: &str) -> bool {
    name == "DeliverMax" || !name.starts_with(|first: char| first.is_ascii_uppercase())
}
