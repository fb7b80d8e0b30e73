//! Payloads as columns: one byte for the kind, then the bytes, so that kinds of equal width never mix.

use crate::error::StoreError;
use crate::sql::RowOf;
use recover_core::address::{Address, Payload};

const ACCOUNT_20: u8 = 1;
const HASH_160: u8 = 2;
const ED25519: u8 = 3;
const CONTRACT_32: u8 = 4;
const TON: u8 = 5;
const PUBKEY_HASH: u8 = 6;
const SCRIPT_HASH: u8 = 7;
const WITNESS_PUBKEY_HASH: u8 = 8;
const WITNESS_SCRIPT_HASH: u8 = 9;
const TAPROOT: u8 = 10;

/// The column form of a payload.
pub(crate) fn encode(payload: &Payload) -> Result<Vec<u8>, StoreError> {
    let kind = match payload {
        Payload::Account20(_) => ACCOUNT_20,
        Payload::Hash160(_) => HASH_160,
        Payload::Ed25519(_) => ED25519,
        Payload::Contract32(_) => CONTRACT_32,
        Payload::Ton(_) => TON,
        Payload::PubkeyHash(_) => PUBKEY_HASH,
        Payload::ScriptHash(_) => SCRIPT_HASH,
        Payload::WitnessPubkeyHash(_) => WITNESS_PUBKEY_HASH,
        Payload::WitnessScriptHash(_) => WITNESS_SCRIPT_HASH,
        Payload::Taproot(_) => TAPROOT,
        _ => {
            return Err(StoreError::Unstorable {
                what: "an address of this family",
                problem: "the store does not know its kind of payload yet: use a newer version",
            });
        }
    };
    let mut column = vec![kind];
    column.extend_from_slice(payload.bytes());
    Ok(column)
}

fn decode(column: &[u8]) -> Option<Payload> {
    match column.split_first()? {
        (&ACCOUNT_20, bytes) => Some(Payload::Account20(bytes.try_into().ok()?)),
        (&HASH_160, bytes) => Some(Payload::Hash160(bytes.try_into().ok()?)),
        (&ED25519, bytes) => Some(Payload::Ed25519(bytes.try_into().ok()?)),
        (&CONTRACT_32, bytes) => Some(Payload::Contract32(bytes.try_into().ok()?)),
        (&TON, bytes) => Some(Payload::Ton(bytes.try_into().ok()?)),
        (&PUBKEY_HASH, bytes) => Some(Payload::PubkeyHash(bytes.try_into().ok()?)),
        (&SCRIPT_HASH, bytes) => Some(Payload::ScriptHash(bytes.try_into().ok()?)),
        (&WITNESS_PUBKEY_HASH, bytes) => Some(Payload::WitnessPubkeyHash(bytes.try_into().ok()?)),
        (&WITNESS_SCRIPT_HASH, bytes) => Some(Payload::WitnessScriptHash(bytes.try_into().ok()?)),
        (&TAPROOT, bytes) => Some(Payload::Taproot(bytes.try_into().ok()?)),
        _ => None,
    }
}

/// Reads a payload column that may be NULL.
pub(crate) fn read(row: &RowOf<'_>, column: &'static str) -> Result<Option<Payload>, StoreError> {
    row.bytes_or_null(column)?
        .map(|bytes| {
            decode(&bytes)
                .ok_or_else(|| row.bad(column, "holds a payload that this version does not know"))
        })
        .transpose()
}

/// Reads an address from its payload and text columns; `None` when both are NULL.
pub(crate) fn read_address(
    row: &RowOf<'_>,
    payload: &'static str,
    text: &'static str,
) -> Result<Option<Address>, StoreError> {
    match (read(row, payload)?, row.text_or_null(text)?) {
        (Some(payload), Some(text)) => Ok(Some(Address::from_parts(payload, text))),
        (None, None) => Ok(None),
        _ => Err(row.bad(payload, "and its text are not both there")),
    }
}
