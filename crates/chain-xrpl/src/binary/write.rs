//! JSON fields to bytes.

use super::{BinaryError, DEPTH_MAX, Part, is_added_by_servers};
use crate::address;
use crate::asset::{Asset, Currency, Money};
use crate::definitions::{self, Field, Kind};
use serde_json::{Map, Value};

/// Writes a transaction. `DeliverMax`, as newer servers call a payment's `Amount`, is taken for it where `Amount` is missing;
/// what servers add beside the transaction's own fields is left out.
///
/// # Errors
/// When a field is not known or holds what it cannot hold.
pub fn encode(fields: &Map<String, Value>, part: Part) -> Result<Vec<u8>, BinaryError> {
    let mut bytes = Vec::with_capacity(512);
    let amount = fields
        .get("DeliverMax")
        .filter(|_| !fields.contains_key("Amount"));
    object(fields, amount, part, 0, &mut bytes)?;
    Ok(bytes)
}

fn bad(field: &Field) -> BinaryError {
    BinaryError::BadValue {
        name: field.name.to_owned(),
    }
}

fn unknown(name: &str) -> BinaryError {
    BinaryError::UnknownField {
        name: name.to_owned(),
    }
}

fn object(
    fields: &Map<String, Value>,
    amount: Option<&Value>,
    part: Part,
    depth: usize,
    bytes: &mut Vec<u8>,
) -> Result<(), BinaryError> {
    if depth > DEPTH_MAX {
        return Err(BinaryError::TooDeep);
    }
    let mut known: Vec<(&Field, &Value)> = Vec::with_capacity(fields.len());
    for (name, value) in fields {
        if is_added_by_servers(name) || value.is_null() {
            continue;
        }
        known.push((
            definitions::field(name).ok_or_else(|| unknown(name))?,
            value,
        ));
    }
    if let (Some(value), Some(field)) = (amount, definitions::field("Amount")) {
        known.push((field, value));
    }
    if part == Part::Signed {
        known.retain(|(field, _)| field.is_signed);
    }
    known.sort_by_key(|(field, _)| field.code);
    // rippled leaves the account of this pseudo-transaction empty; JSON shows the account of all zeros.
    let empty_account =
        depth == 0 && fields.get("TransactionType").and_then(Value::as_str) == Some("UNLModify");
    for (field, value) in known {
        header(field.code, bytes);
        if empty_account && field.name == "Account" {
            bytes.push(0);
            continue;
        }
        write(field, value, part, depth, bytes)?;
    }
    Ok(())
}

fn header((kind, number): (u8, u8), bytes: &mut Vec<u8>) {
    match (kind < 16, number < 16) {
        (true, true) => bytes.push(kind << 4 | number),
        (true, false) => bytes.extend([kind << 4, number]),
        (false, true) => bytes.extend([number, kind]),
        (false, false) => bytes.extend([0, kind, number]),
    }
}

/// Writes a length and the bytes behind it.
fn prefixed(field: &Field, content: &[u8], bytes: &mut Vec<u8>) -> Result<(), BinaryError> {
    let length = content.len();
    let byte = |value: usize| u8::try_from(value).map_err(|_| bad(field));
    if length <= 192 {
        bytes.push(byte(length)?);
    } else if let Some(rest) = length.checked_sub(193).filter(|_| length <= 12_480) {
        bytes.extend([byte((rest >> 8) + 193)?, byte(rest & 0xff)?]);
    } else if let Some(rest) = length.checked_sub(12_481).filter(|_| length <= 918_744) {
        bytes.extend([
            byte((rest >> 16) + 241)?,
            byte(rest >> 8 & 0xff)?,
            byte(rest & 0xff)?,
        ]);
    } else {
        return Err(bad(field));
    }
    bytes.extend(content);
    Ok(())
}

fn digits(field: &Field, value: &Value) -> Result<Vec<u8>, BinaryError> {
    let text = value.as_str().ok_or_else(|| bad(field))?;
    hex::decode(text).map_err(|_| bad(field))
}

fn unsigned(field: &Field, value: &Value) -> Result<u64, BinaryError> {
    match value {
        Value::Number(number) => number.as_u64().ok_or_else(|| bad(field)),
        Value::String(text) if field.name == "TransactionType" => {
            definitions::transaction_type(text)
                .map(u64::from)
                .ok_or_else(|| unknown(text))
        }
        Value::String(text) => {
            let hexadecimal = field.kind == Kind::Unsigned(8) && !field.is_decimal;
            let parsed = if hexadecimal {
                u64::from_str_radix(text, 16)
            } else {
                text.parse()
            };
            // Names of ledger entries and permissions stand in for numbers that are not in our table.
            parsed.map_err(|_| unknown(field.name))
        }
        _ => Err(bad(field)),
    }
}

fn write(
    field: &Field,
    value: &Value,
    part: Part,
    depth: usize,
    bytes: &mut Vec<u8>,
) -> Result<(), BinaryError> {
    match field.kind {
        Kind::Unsigned(width) => {
            let all = unsigned(field, value)?.to_be_bytes();
            let (high, low) = all.split_at(all.len().saturating_sub(width));
            if high.iter().any(|byte| *byte != 0) {
                return Err(bad(field));
            }
            bytes.extend(low);
        }
        Kind::Signed32 => {
            let number = value.as_i64().and_then(|number| i32::try_from(number).ok());
            bytes.extend(number.ok_or_else(|| bad(field))?.to_be_bytes());
        }
        Kind::Hash(width) => {
            let content = digits(field, value)?;
            if content.len() != width {
                return Err(bad(field));
            }
            bytes.extend(content);
        }
        Kind::Blob => prefixed(field, &digits(field, value)?, bytes)?,
        Kind::AccountId => prefixed(field, &account(field, value)?, bytes)?,
        Kind::Vector256 => {
            let mut content = Vec::new();
            for hash in value.as_array().ok_or_else(|| bad(field))? {
                let hash = digits(field, hash)?;
                if hash.len() != 32 {
                    return Err(bad(field));
                }
                content.extend(hash);
            }
            prefixed(field, &content, bytes)?;
        }
        Kind::Amount => {
            let money = Money::read(value).ok_or_else(|| bad(field))?;
            bytes.extend(encode_money(&money).ok_or_else(|| bad(field))?);
        }
        Kind::Object => {
            let inner = value.as_object().ok_or_else(|| bad(field))?;
            object(inner, None, part, depth + 1, bytes)?;
            bytes.push(0xe1);
        }
        Kind::Array => {
            for item in value.as_array().ok_or_else(|| bad(field))? {
                let wrapper = item.as_object().filter(|item| item.len() == 1);
                let (name, inner) = wrapper
                    .and_then(|wrapper| wrapper.iter().next())
                    .ok_or_else(|| bad(field))?;
                let item = definitions::field(name).ok_or_else(|| unknown(name))?;
                if item.kind != Kind::Object {
                    return Err(bad(field));
                }
                header(item.code, bytes);
                write(item, inner, part, depth + 1, bytes)?;
            }
            bytes.push(0xf1);
        }
        Kind::PathSet => paths(field, value, bytes)?,
        Kind::Issue => issue(field, value, bytes)?,
        Kind::Currency => bytes.extend(currency(field, value)?.bytes()),
        Kind::Bridge => {
            for (door, asset) in [
                ("LockingChainDoor", "LockingChainIssue"),
                ("IssuingChainDoor", "IssuingChainIssue"),
            ] {
                let part = |name| value.get(name).ok_or_else(|| bad(field));
                bytes.push(20);
                bytes.extend(account(field, part(door)?)?);
                issue(field, part(asset)?, bytes)?;
            }
        }
        // Its rounding differs between versions of the ledger: nothing is recomputed from it.
        Kind::Number => return Err(unknown(field.name)),
    }
    Ok(())
}

fn account(field: &Field, value: &Value) -> Result<[u8; 20], BinaryError> {
    value
        .as_str()
        .and_then(address::account)
        .ok_or_else(|| bad(field))
}

fn currency(field: &Field, value: &Value) -> Result<Currency, BinaryError> {
    match value.as_str() {
        Some("XRP") => Ok(Currency::XRP),
        Some(text) => Currency::parse(text).ok_or_else(|| bad(field)),
        None => Err(bad(field)),
    }
}

fn issue(field: &Field, value: &Value, bytes: &mut Vec<u8>) -> Result<(), BinaryError> {
    if let Some(id) = value.get("mpt_issuance_id") {
        let id: [u8; 24] = digits(field, id)?.try_into().map_err(|_| bad(field))?;
        let (sequence, issuer) = id.split_at(4);
        bytes.extend(issuer);
        bytes.extend(address::ACCOUNT_ONE);
        bytes.extend(sequence.iter().rev());
        return Ok(());
    }
    let code = value.get("currency").ok_or_else(|| bad(field))?;
    bytes.extend(currency(field, code)?.bytes());
    if let Some(issuer) = value.get("issuer") {
        bytes.extend(account(field, issuer)?);
    }
    Ok(())
}

fn paths(field: &Field, value: &Value, bytes: &mut Vec<u8>) -> Result<(), BinaryError> {
    let paths = value.as_array().filter(|paths| !paths.is_empty());
    for (index, path) in paths.ok_or_else(|| bad(field))?.iter().enumerate() {
        if index > 0 {
            bytes.push(0xff);
        }
        for step in path.as_array().ok_or_else(|| bad(field))? {
            let step = step.as_object().ok_or_else(|| bad(field))?;
            let mut kind = 0;
            let mut content = Vec::with_capacity(60);
            if let Some(value) = step.get("account") {
                kind |= 0x01;
                content.extend(account(field, value)?);
            }
            if let Some(value) = step.get("currency") {
                kind |= 0x10;
                content.extend(currency(field, value)?.bytes());
            }
            if let Some(value) = step.get("issuer") {
                kind |= 0x20;
                content.extend(account(field, value)?);
            }
            if kind == 0 {
                return Err(unknown(field.name));
            }
            bytes.push(kind);
            bytes.extend(content);
        }
    }
    bytes.push(0);
    Ok(())
}

/// The bytes of an amount; `None` for a negative one of XRP or a token, and for one that the ledger would round.
#[must_use]
pub fn encode_money(money: &Money) -> Option<Vec<u8>> {
    let whole = || {
        let units = money.units().filter(|units| !units.negative)?;
        u64::try_from(units.amount.to_u128()?).ok()
    };
    match money.asset {
        Asset::Xrp => {
            let drops = whole().filter(|drops| *drops <= 100_000_000_000_000_000)?;
            Some((drops | 1 << 62).to_be_bytes().to_vec())
        }
        Asset::Mpt(id) => {
            let value = whole().filter(|value| value >> 63 == 0)?;
            let mut bytes = vec![0x60];
            bytes.extend(value.to_be_bytes());
            bytes.extend(id);
            Some(bytes)
        }
        Asset::Issued { currency, issuer } => {
            let (mantissa, exponent) = money.value.normal()?;
            let mut head = 1_u64 << 63;
            if mantissa != 0 {
                if !money.value.is_negative() {
                    head |= 1 << 62;
                }
                head |= u64::try_from(exponent.checked_add(97)?).ok()? << 54 | mantissa;
            }
            let mut bytes = head.to_be_bytes().to_vec();
            bytes.extend(currency.bytes());
            bytes.extend(issuer);
            Some(bytes)
        }
    }
}
