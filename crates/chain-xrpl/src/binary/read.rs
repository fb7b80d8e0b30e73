//! Bytes to JSON fields.

use super::{BinaryError, DEPTH_MAX};
use crate::address;
use crate::asset::Currency;
use crate::definitions::{self, Field, Kind};
use crate::number::Number;
use serde_json::{Map, Value, json};

/// Reads a transaction. Bytes that are not canonical are refused: fields out of order or twice, lengths written longer than
/// needed, anything behind the last field.
///
/// # Errors
/// When the bytes are cut, not canonical, or hold a field that this build does not know.
pub fn decode(bytes: &[u8]) -> Result<Map<String, Value>, BinaryError> {
    let mut reader = Reader { rest: bytes };
    let fields = reader.object(0)?;
    if reader.rest.is_empty() {
        Ok(fields)
    } else {
        // The end marker of an object that nobody opened.
        Err(BinaryError::NotCanonical)
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

fn bad(field: &Field) -> BinaryError {
    BinaryError::BadValue {
        name: field.name.to_owned(),
    }
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], BinaryError> {
        let (head, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(BinaryError::Truncated)?;
        self.rest = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], BinaryError> {
        let (head, rest) = self
            .rest
            .split_first_chunk::<N>()
            .ok_or(BinaryError::Truncated)?;
        self.rest = rest;
        Ok(*head)
    }

    fn byte(&mut self) -> Result<u8, BinaryError> {
        self.array().map(|[byte]| byte)
    }

    fn code(&mut self) -> Result<(u8, u8), BinaryError> {
        let first = self.byte()?;
        let long = |value: u8| {
            if value < 16 {
                Err(BinaryError::NotCanonical)
            } else {
                Ok(value)
            }
        };
        match (first >> 4, first & 0x0f) {
            (0, 0) => {
                let kind = long(self.byte()?)?;
                Ok((kind, long(self.byte()?)?))
            }
            (0, number) => Ok((long(self.byte()?)?, number)),
            (kind, 0) => Ok((kind, long(self.byte()?)?)),
            code => Ok(code),
        }
    }

    fn prefixed(&mut self) -> Result<&'a [u8], BinaryError> {
        let first = usize::from(self.byte()?);
        let length = match first {
            0..=192 => first,
            193..=240 => 193 + ((first - 193) << 8) + usize::from(self.byte()?),
            241..=254 => {
                let [high, low] = self.array()?;
                12_481 + ((first - 241) << 16) + (usize::from(high) << 8) + usize::from(low)
            }
            _ => return Err(BinaryError::NotCanonical),
        };
        self.take(length)
    }

    /// The fields up to the end of the bytes (at the top) or to the end marker.
    fn object(&mut self, depth: usize) -> Result<Map<String, Value>, BinaryError> {
        if depth > DEPTH_MAX {
            return Err(BinaryError::TooDeep);
        }
        let mut fields = Map::new();
        let mut last = (0, 0);
        while !(depth == 0 && self.rest.is_empty()) {
            let code = self.code()?;
            if code == (14, 1) {
                return if depth == 0 {
                    Err(BinaryError::NotCanonical)
                } else {
                    Ok(fields)
                };
            }
            let field = known(code)?;
            if code <= last {
                return Err(BinaryError::Order {
                    name: field.name.to_owned(),
                });
            }
            last = code;
            let value = self.value(field, depth)?;
            fields.insert(field.name.to_owned(), value);
        }
        Ok(fields)
    }

    fn value(&mut self, field: &Field, depth: usize) -> Result<Value, BinaryError> {
        Ok(match field.kind {
            Kind::Unsigned(width) => {
                let number = self
                    .take(width)?
                    .iter()
                    .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
                match (width, u16::try_from(number)) {
                    (2, Ok(number)) if field.name == "TransactionType" => {
                        let name = definitions::transaction_name(number);
                        json!(name.ok_or_else(|| BinaryError::UnknownField {
                            name: format!("TransactionType {number}"),
                        })?)
                    }
                    (8, _) if field.is_decimal => json!(number.to_string()),
                    (8, _) => json!(format!("{number:016X}")),
                    _ => json!(number),
                }
            }
            Kind::Signed32 => json!(i32::from_be_bytes(self.array()?)),
            Kind::Hash(width) => json!(hex::encode_upper(self.take(width)?)),
            Kind::Blob => json!(hex::encode_upper(self.prefixed()?)),
            Kind::AccountId => {
                let content = self.prefixed()?;
                json!(address::text(content.try_into().map_err(|_| bad(field))?))
            }
            Kind::Vector256 => {
                let content = self.prefixed()?;
                if content.len() % 32 != 0 {
                    return Err(bad(field));
                }
                content.chunks(32).map(hex::encode_upper).collect()
            }
            Kind::Amount => self.amount(field)?,
            Kind::Object => Value::Object(self.object(depth + 1)?),
            Kind::Array => {
                let mut items = Vec::new();
                loop {
                    let code = self.code()?;
                    if code == (15, 1) {
                        break Value::Array(items);
                    }
                    let item = known(code)?;
                    if item.kind != Kind::Object {
                        return Err(bad(field));
                    }
                    let inner = self.object(depth + 2)?;
                    items.push(json!({ item.name: inner }));
                }
            }
            Kind::PathSet => self.paths(field)?,
            Kind::Issue => self.issue()?,
            Kind::Currency => currency(self.array()?),
            Kind::Bridge => {
                let mut bridge = Map::new();
                for (door, asset) in [
                    ("LockingChainDoor", "LockingChainIssue"),
                    ("IssuingChainDoor", "IssuingChainIssue"),
                ] {
                    let account = self.prefixed()?.try_into().map_err(|_| bad(field))?;
                    bridge.insert(door.to_owned(), json!(address::text(account)));
                    bridge.insert(asset.to_owned(), self.issue()?);
                }
                Value::Object(bridge)
            }
            Kind::Number => {
                return Err(BinaryError::UnknownField {
                    name: field.name.to_owned(),
                });
            }
        })
    }

    fn amount(&mut self, field: &Field) -> Result<Value, BinaryError> {
        let first = *self.rest.first().ok_or(BinaryError::Truncated)?;
        if first & 0xa0 == 0x20 {
            if !matches!(self.byte()?, 0x60) {
                return Err(bad(field));
            }
            let value = u64::from_be_bytes(self.array()?);
            if value >> 63 != 0 {
                return Err(bad(field));
            }
            let id = hex::encode_upper(self.array::<24>()?);
            return Ok(json!({"mpt_issuance_id": id, "value": value.to_string()}));
        }
        let head = u64::from_be_bytes(self.array()?);
        let positive = head & 1 << 62 != 0;
        if first & 0x80 == 0 {
            let drops = head & !(1 << 62);
            if !positive || drops > 100_000_000_000_000_000 {
                return Err(bad(field));
            }
            return Ok(json!(drops.to_string()));
        }
        let mantissa = head & ((1 << 54) - 1);
        let exponent = i16::try_from(head >> 54 & 0xff).map_err(|_| bad(field))? - 97;
        let normal = (1_000_000_000_000_000..10_000_000_000_000_000).contains(&mantissa)
            && (-96..=80).contains(&exponent);
        if !normal && head != 1 << 63 {
            return Err(bad(field));
        }
        let value = if mantissa == 0 {
            "0".to_owned()
        } else {
            Number::from_normal(!positive, mantissa, exponent)
                .ok_or_else(|| bad(field))?
                .to_string()
        };
        let code = currency(self.array()?);
        // An amount of an issued currency never names XRP.
        if code == "XRP" {
            return Err(bad(field));
        }
        let issuer = address::text(self.array()?);
        Ok(json!({"currency": code, "issuer": issuer, "value": value}))
    }

    fn issue(&mut self) -> Result<Value, BinaryError> {
        let first: [u8; 20] = self.array()?;
        if first == [0; 20] {
            return Ok(json!({"currency": "XRP"}));
        }
        let second: [u8; 20] = self.array()?;
        if second == address::ACCOUNT_ONE {
            let [a, b, c, d] = self.array()?;
            let id = [&[d, c, b, a][..], &first[..]].concat();
            return Ok(json!({"mpt_issuance_id": hex::encode_upper(id)}));
        }
        Ok(json!({"currency": currency(first), "issuer": address::text(second)}))
    }

    fn paths(&mut self, field: &Field) -> Result<Value, BinaryError> {
        let mut paths = Vec::new();
        let mut steps = Vec::new();
        loop {
            let kind = self.byte()?;
            match kind {
                0x00 | 0xff => {
                    paths.push(Value::Array(std::mem::take(&mut steps)));
                    if kind == 0 {
                        return Ok(Value::Array(paths));
                    }
                }
                _ if kind & !0x31 != 0 => return Err(bad(field)),
                _ => {
                    let mut step = Map::new();
                    if kind & 0x01 != 0 {
                        step.insert("account".to_owned(), json!(address::text(self.array()?)));
                    }
                    if kind & 0x10 != 0 {
                        step.insert("currency".to_owned(), currency(self.array()?));
                    }
                    if kind & 0x20 != 0 {
                        step.insert("issuer".to_owned(), json!(address::text(self.array()?)));
                    }
                    steps.push(Value::Object(step));
                }
            }
        }
    }
}

fn known(code: (u8, u8)) -> Result<&'static Field, BinaryError> {
    definitions::field_of(code).ok_or_else(|| BinaryError::UnknownField {
        name: format!("{}.{}", code.0, code.1),
    })
}

fn currency(bytes: [u8; 20]) -> Value {
    if bytes == [0; 20] {
        json!("XRP")
    } else {
        json!(Currency::from_bytes(bytes).to_string())
    }
}
