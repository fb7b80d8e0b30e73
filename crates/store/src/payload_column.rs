//! Payloads as columns: one byte for the kind, then the bytes, so that kinds of equal width never mix.

use crate::error::StoreError;
use crate::sql::RowOf;
use recover_core::address::{Address, Payload};

const ACCOUNT_20: u8 = 1;

/// The column form of a payload.
pub(crate) fn encode(payload: &Payload) -> Result<Vec<u8>, StoreError> {
    let kind = match payload {
        Payload::Account20(_) => ACCOUNT_20,
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
