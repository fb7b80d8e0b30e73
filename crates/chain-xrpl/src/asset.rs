//! What can be sent: XRP, currencies by code and issuer, multi-purpose tokens; and amounts as JSON carries them.

use crate::address;
use crate::number::{ISSUED_DECIMALS, Number, Units};
use recover_core::address::AddressError;
use recover_core::asset::AssetId;
use recover_core::network::{Family, NetworkId};
use serde_json::Value;

/// A currency code as its 20 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 20]);

impl Currency {
    /// XRP inside structures that name a currency without an amount.
    pub const XRP: Self = Self([0; 20]);

    /// The code of 20 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// The 20 bytes.
    #[must_use]
    pub const fn bytes(self) -> [u8; 20] {
        self.0
    }

    /// Parses the ledger's two forms: three characters, or 40 hexadecimal digits. `XRP` is no issued currency; 40 digits that
    /// spell it are one, of a stranger's choosing.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() == 40 {
            let mut bytes = [0; 20];
            hex::decode_to_slice(text, &mut bytes).ok()?;
            return (bytes != [0; 20]).then_some(Self(bytes));
        }
        let letters: [u8; 3] = text.as_bytes().try_into().ok()?;
        (letters != *b"XRP" && letters.iter().copied().all(is_code_letter)).then(|| {
            let mut bytes = [0; 20];
            bytes[12..15].copy_from_slice(&letters);
            Self(bytes)
        })
    }

    /// As [`Currency::parse`], and longer names as people write them (`RLUSD`): up to 20 bytes of printable ASCII, which the
    /// ledger carries as hexadecimal digits.
    #[must_use]
    pub fn from_name(text: &str) -> Option<Self> {
        Self::parse(text).or_else(|| {
            let printable = text.bytes().all(|byte| byte.is_ascii_graphic());
            ((4..=20).contains(&text.len()) && printable).then(|| {
                let mut bytes = [0; 20];
                for (place, letter) in bytes.iter_mut().zip(text.bytes()) {
                    *place = letter;
                }
                Self(bytes)
            })
        })
    }

    /// The code as a person reads it: three characters, the text that the bytes spell, or the hexadecimal digits.
    #[must_use]
    pub fn name(self) -> String {
        let spelled: Vec<u8> = self
            .0
            .iter()
            .copied()
            .take_while(|byte| *byte != 0)
            .collect();
        let rest = self.0.iter().skip(spelled.len());
        let printable = spelled.len() >= 3
            && spelled.iter().all(u8::is_ascii_graphic)
            && rest.copied().all(|byte| byte == 0);
        match String::from_utf8(spelled) {
            Ok(text) if printable && text != "XRP" => text,
            _ => self.to_string(),
        }
    }
}

/// The canonical text: three characters where the code has that form and is not `XRP`, else 40 upper-case hexadecimal digits.
impl std::fmt::Display for Currency {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (zeros, rest) = self.0.split_at(12);
        if let [a, b, c, tail @ ..] = rest
            && zeros.iter().chain(tail).all(|byte| *byte == 0)
            && [*a, *b, *c] != *b"XRP"
            && [*a, *b, *c].into_iter().all(is_code_letter)
        {
            return f.pad(&[*a, *b, *c].map(char::from).iter().collect::<String>());
        }
        f.pad(&hex::encode_upper(self.0))
    }
}

fn is_code_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"?!@#$%^&*<>(){}[]|".contains(&byte)
}

/// What is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Asset {
    /// The ledger's own coin, counted in drops (10^-6).
    Xrp,
    /// A currency that an account issues, counted in units of 10^-30 ([`ISSUED_DECIMALS`]).
    Issued {
        /// Its code.
        currency: Currency,
        /// Who issues it.
        issuer: [u8; 20],
    },
    /// A multi-purpose token by its issuance id, counted in its own base units.
    Mpt([u8; 24]),
}

impl Asset {
    /// The decimals between an amount as JSON carries it and base units.
    const fn scale(self) -> u8 {
        match self {
            Self::Xrp | Self::Mpt(_) => 0,
            Self::Issued { .. } => ISSUED_DECIMALS,
        }
    }

    /// Who issues it: what is paid to that account is taken out of circulation and no balance grows. `None` for the ledger's
    /// own coin. The last 20 bytes of an issuance id are the issuer's account (XLS-33).
    #[must_use]
    pub fn issuer(self) -> Option<[u8; 20]> {
        match self {
            Self::Xrp => None,
            Self::Issued { issuer, .. } => Some(issuer),
            Self::Mpt(id) => id.last_chunk().copied(),
        }
    }

    /// The asset's identity on a network.
    #[must_use]
    pub fn id(self, network: &NetworkId) -> AssetId {
        match self {
            Self::Xrp => AssetId::native(network.clone()),
            Self::Issued { .. } | Self::Mpt(_) => {
                AssetId::contract(network.clone(), &self.to_string())
            }
        }
    }

    /// The asset with this identity; `None` for what is no asset of this family.
    #[must_use]
    pub fn of_id(id: &AssetId) -> Option<Self> {
        use recover_core::asset::AssetReference;
        match &id.reference {
            AssetReference::Native => Some(Self::Xrp),
            AssetReference::Contract(text) => Self::parse(text).ok(),
            _ => None,
        }
    }

    /// Parses a token as people write it: `CODE.rISSUER` (also with `+`, `/` or `:` between), `mpt:ISSUANCE_ID`.
    ///
    /// # Errors
    /// When it has neither form, the issuer's checksum fails, or the code is XRP, which nobody issues.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let shape = || AddressError::Shape {
            text: text.to_owned(),
            family: Family::Xrpl,
            expected: "a token as CODE.rISSUER, the code three characters or 40 hexadecimal digits, or mpt: and 48 digits",
        };
        let trimmed = text.trim();
        if address::is_secret(trimmed) {
            return Err(AddressError::Secret);
        }
        if let Some(digits) = trimmed.strip_prefix("mpt:") {
            let mut bytes = [0; 24];
            hex::decode_to_slice(digits, &mut bytes).map_err(|_| shape())?;
            return Ok(Self::Mpt(bytes));
        }
        let (code, issuer) = trimmed
            .rsplit_once(['.', '+', '/', ':'])
            .ok_or_else(shape)?;
        let currency = Currency::from_name(code).ok_or_else(shape)?;
        let issuer = address::parse(issuer)?;
        if issuer.memo.is_some() {
            return Err(shape());
        }
        let issuer = address::bytes(&issuer.address).ok_or_else(shape)?;
        Ok(Self::Issued { currency, issuer })
    }
}

/// The canonical text: `XRP`, `CODE.rISSUER` or `mpt:ISSUANCE_ID` with upper-case digits.
impl std::fmt::Display for Asset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Xrp => f.pad("XRP"),
            Self::Issued { currency, issuer } => {
                f.pad(&format!("{currency}.{}", address::text(*issuer)))
            }
            Self::Mpt(id) => f.pad(&format!("mpt:{}", hex::encode_upper(id))),
        }
    }
}

/// An amount of something, as a field of the ledger carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Money {
    /// What.
    pub asset: Asset,
    /// How much: drops, units of an issued currency with its point, base units of a token.
    pub value: Number,
}

impl Money {
    /// An amount of drops.
    #[must_use]
    pub fn drops(drops: u64) -> Self {
        Self {
            asset: Asset::Xrp,
            value: Number::parse(&drops.to_string()).expect("digits are a number"),
        }
    }

    /// Reads an amount of JSON: drops as text (or as a whole number), `{currency, issuer, value}` or `{mpt_issuance_id,
    /// value}`. `None` for anything else: fractions of a drop, numbers that went through a float, `"unavailable"`.
    #[must_use]
    pub fn read(json: &Value) -> Option<Self> {
        let whole = |value: Number| (!value.units(0)?.rounded).then_some(value);
        match json {
            Value::String(_) | Value::Number(_) => Some(Self {
                asset: Asset::Xrp,
                value: whole(number(json)?)?,
            }),
            Value::Object(fields) => {
                let value = number(fields.get("value")?)?;
                if let Some(id) = fields.get("mpt_issuance_id") {
                    let mut bytes = [0; 24];
                    hex::decode_to_slice(id.as_str()?, &mut bytes).ok()?;
                    return Some(Self {
                        asset: Asset::Mpt(bytes),
                        value: whole(value)?,
                    });
                }
                Some(Self {
                    asset: Asset::Issued {
                        currency: Currency::parse(fields.get("currency")?.as_str()?)?,
                        issuer: address::account(fields.get("issuer")?.as_str()?)?,
                    },
                    value,
                })
            }
            _ => None,
        }
    }

    /// The amount in base units of its asset; `None` when it does not fit 256 bits.
    #[must_use]
    pub fn units(&self) -> Option<Units> {
        self.value.units(self.asset.scale())
    }
}

/// A number as text, or as a whole JSON number. Fractions in JSON numbers went through a float and are nobody's amount.
fn number(json: &Value) -> Option<Number> {
    match json {
        Value::String(text) => Number::parse(text),
        Value::Number(number) if number.is_u64() || number.is_i64() => {
            Number::parse(&number.to_string())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ISSUER: &str = "rvYAfWj5gh67oV6fW32ZzP3Aw4Eubs59B";

    #[test]
    fn a_token_is_its_code_and_its_issuer() {
        for (text, canonical) in [
            (format!("USD.{ISSUER}"), format!("USD.{ISSUER}")),
            (format!("usd+{ISSUER}"), format!("usd.{ISSUER}")),
            (
                format!("0000000000000000000000005553440000000000.{ISSUER}"),
                format!("USD.{ISSUER}"),
            ),
            (
                format!("RLUSD.{ISSUER}"),
                format!("524C555344000000000000000000000000000000.{ISSUER}"),
            ),
            (
                "mpt:0044e49bc9fb70adc1a604a5792643a38ca5887219c21c8c".to_owned(),
                "mpt:0044E49BC9FB70ADC1A604A5792643A38CA5887219C21C8C".to_owned(),
            ),
        ] {
            let asset = Asset::parse(&text).unwrap();
            assert_eq!(asset.to_string(), canonical);
            assert_eq!(Asset::parse(&canonical), Ok(asset));
        }
        for text in [
            "USD",
            "XRP",
            &format!("XRP.{ISSUER}"),
            &format!("US.{ISSUER}"),
            "mpt:00",
        ] {
            assert!(Asset::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_code_that_spells_xrp_is_not_xrp() {
        let spelled = "0000000000000000000000005852500000000000";
        let currency = Currency::parse(spelled).unwrap();
        assert_eq!(currency.to_string(), spelled);
        assert_eq!(currency.name(), spelled);
        let asset = Asset::parse(&format!("{spelled}.{ISSUER}")).unwrap();
        assert_ne!(asset, Asset::Xrp);
        let name = Currency::from_name("RLUSD").unwrap();
        assert_eq!(name.name(), "RLUSD");
    }

    #[test]
    fn amounts_are_read_whole_or_not_at_all() {
        let drops = |json: &Value| {
            let units = Money::read(json)?.units()?;
            Some((units.negative, units.amount.to_base_units()))
        };
        assert_eq!(drops(&json!("1000")), Some((false, "1000".to_owned())));
        assert_eq!(drops(&json!(1000)), Some((false, "1000".to_owned())));
        assert_eq!(drops(&json!("-1")), Some((true, "1".to_owned())));
        for odd in [
            json!("1.5"),
            json!(1.5),
            json!("unavailable"),
            json!(null),
            json!([]),
        ] {
            assert_eq!(Money::read(&odd), None, "{odd}");
        }
        let issued = json!({"currency": "USD", "issuer": ISSUER, "value": "1.5"});
        let units = Money::read(&issued).unwrap().units().unwrap();
        assert_eq!(units.amount.to_coin_text(ISSUED_DECIMALS), "1.5");
        let half = json!({"mpt_issuance_id": "00".repeat(24), "value": "0.5"});
        assert_eq!(Money::read(&half), None);
    }
}
