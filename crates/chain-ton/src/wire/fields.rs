//! One JSON object with the readings that servers' spellings need.

use super::WireError;
use crate::address::{RawAddress, of_server, parse_hash};
use recover_core::amount::Amount;
use serde_json::Value;

/// An object and what it is, for messages.
pub(super) struct Fields<'a> {
    what: &'static str,
    value: &'a Value,
}

impl<'a> Fields<'a> {
    pub(super) const fn new(what: &'static str, value: &'a Value) -> Self {
        Self { what, value }
    }

    pub(super) fn missing(&self, field: &str, expected: &'static str) -> WireError {
        WireError::Field {
            what: self.what,
            field: field.to_owned(),
            expected,
        }
    }

    /// The field; `None` when it is absent or null.
    pub(super) fn value(&self, field: &str) -> Option<&'a Value> {
        self.value.get(field).filter(|value| !value.is_null())
    }

    /// The first of these fields that is there.
    pub(super) fn any(&self, fields: &[&str]) -> Option<&'a Value> {
        fields.iter().find_map(|field| self.value(field))
    }

    pub(super) fn require(
        &self,
        field: &str,
        expected: &'static str,
    ) -> Result<&'a Value, WireError> {
        self.value(field)
            .ok_or_else(|| self.missing(field, expected))
    }

    /// A list by the first of these names that is there. Servers write an empty one as null.
    pub(super) fn list(&self, fields: &[&str]) -> Option<&'a [Value]> {
        match fields.iter().find_map(|field| self.value.get(field))? {
            Value::Array(list) => Some(list),
            Value::Null => Some(&[]),
            _ => None,
        }
    }

    pub(super) fn text(&self, field: &str) -> Option<&'a str> {
        self.value(field)?.as_str()
    }

    pub(super) fn boolean(&self, field: &str) -> Option<bool> {
        self.value(field)?.as_bool()
    }

    /// A whole number as digits, in quotes or not. A number that JSON could only carry as a fraction is none.
    pub(super) fn number_of(value: &Value) -> Option<u64> {
        match value {
            Value::String(digits) if digits.bytes().all(|digit| digit.is_ascii_digit()) => {
                digits.parse().ok()
            }
            Value::Number(number) => number.as_u64(),
            _ => None,
        }
    }

    /// As [`Fields::number_of`], with a sign.
    pub(super) fn integer_of(value: &Value) -> Option<i64> {
        match value {
            Value::String(digits) => digits.parse().ok(),
            Value::Number(number) => number.as_i64(),
            _ => None,
        }
    }

    pub(super) fn amount_of(value: &Value) -> Option<Amount> {
        match value {
            Value::String(digits) => Amount::from_base_units(digits).ok(),
            Value::Number(number) => number.as_u64().map(|units| Amount::from_u128(units.into())),
            _ => None,
        }
    }

    pub(super) fn number(&self, field: &str) -> Result<u64, WireError> {
        self.value(field)
            .and_then(Self::number_of)
            .ok_or_else(|| self.missing(field, "a whole number"))
    }

    pub(super) fn amount(&self, field: &str) -> Result<Amount, WireError> {
        self.value(field)
            .and_then(Self::amount_of)
            .ok_or_else(|| self.missing(field, "an amount of base units"))
    }

    pub(super) fn hash(&self, field: &str) -> Result<[u8; 32], WireError> {
        self.text(field)
            .and_then(parse_hash)
            .ok_or_else(|| self.missing(field, "a hash of 32 bytes"))
    }

    pub(super) fn address(&self, field: &str) -> Result<RawAddress, WireError> {
        self.maybe_address(field)
            .ok_or_else(|| self.missing(field, "an address"))
    }

    /// An address as text, or in an object as tonapi writes it.
    pub(super) fn maybe_address(&self, field: &str) -> Option<RawAddress> {
        address_of(self.value(field)?)
    }
}

/// An address as text, or in an object (`address`; toncenter v2: `account_address`).
pub(super) fn address_of(value: &Value) -> Option<RawAddress> {
    let text = match value {
        Value::String(text) => text,
        Value::Object(fields) => fields
            .get("address")
            .or_else(|| fields.get("account_address"))?
            .as_str()?,
        _ => return None,
    };
    of_server(text)
}
