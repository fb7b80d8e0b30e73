//! The numbers of the ledger's fields and transaction types, read once from `definitions.txt`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// How a field's value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A whole number of so many bytes, high byte first.
    Unsigned(usize),
    /// A signed whole number of 32 bits.
    Signed32,
    /// So many bytes as they are.
    Hash(usize),
    /// XRP, an issued currency or a multi-purpose token.
    Amount,
    /// Bytes behind their length.
    Blob,
    /// An account behind its length.
    AccountId,
    /// Fields up to an end marker.
    Object,
    /// Objects up to an end marker.
    Array,
    /// Payment paths.
    PathSet,
    /// Hashes behind their length in bytes.
    Vector256,
    /// A currency with its issuer.
    Issue,
    /// A currency code.
    Currency,
    /// Two doors and two issues.
    Bridge,
    /// A signed mantissa of 64 bits and an exponent of 32.
    Number,
}

impl Kind {
    fn from_word(word: &str) -> Option<(Self, u8)> {
        Some(match word {
            "UInt16" => (Self::Unsigned(2), 1),
            "UInt32" => (Self::Unsigned(4), 2),
            "UInt64" => (Self::Unsigned(8), 3),
            "Hash128" => (Self::Hash(16), 4),
            "Hash256" => (Self::Hash(32), 5),
            "Amount" => (Self::Amount, 6),
            "Blob" => (Self::Blob, 7),
            "AccountID" => (Self::AccountId, 8),
            "Number" => (Self::Number, 9),
            "Int32" => (Self::Signed32, 10),
            "STObject" => (Self::Object, 14),
            "STArray" => (Self::Array, 15),
            "UInt8" => (Self::Unsigned(1), 16),
            "Hash160" => (Self::Hash(20), 17),
            "PathSet" => (Self::PathSet, 18),
            "Vector256" => (Self::Vector256, 19),
            "Hash192" => (Self::Hash(24), 21),
            "Issue" => (Self::Issue, 24),
            "XChainBridge" => (Self::Bridge, 25),
            "Currency" => (Self::Currency, 26),
            _ => return None,
        })
    }
}

/// One field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Its name in JSON.
    pub name: &'static str,
    /// How its value is written.
    pub kind: Kind,
    /// The number of its type and its own number: the order of fields.
    pub code: (u8, u8),
    /// Whether it is covered by signatures.
    pub is_signed: bool,
    /// Whether JSON writes this 64-bit number in decimal.
    pub is_decimal: bool,
}

struct Definitions {
    by_name: BTreeMap<&'static str, Field>,
    by_code: BTreeMap<(u8, u8), Field>,
    types: BTreeMap<&'static str, u16>,
}

static DEFINITIONS: LazyLock<Definitions> = LazyLock::new(|| {
    let mut by_name = BTreeMap::new();
    let mut types = BTreeMap::new();
    for line in include_str!("definitions.txt").lines() {
        let words: Vec<&'static str> = line.split(' ').collect();
        match words.as_slice() {
            ["field", kind, number, name, marks @ ..] => {
                if let (Some((kind, order)), Ok(number)) = (Kind::from_word(kind), number.parse()) {
                    let field = Field {
                        name,
                        kind,
                        code: (order, number),
                        is_signed: !marks.contains(&"signature"),
                        is_decimal: marks.contains(&"decimal"),
                    };
                    by_name.insert(*name, field);
                }
            }
            ["transaction", number, name] => {
                if let Ok(number) = number.parse() {
                    types.insert(*name, number);
                }
            }
            _ => {}
        }
    }
    let by_code = by_name.values().map(|field| (field.code, *field)).collect();
    Definitions {
        by_name,
        by_code,
        types,
    }
});

/// The field of a name; `None` when this build does not know it.
#[must_use]
pub fn field(name: &str) -> Option<&'static Field> {
    DEFINITIONS.by_name.get(name)
}

/// The field of a code; `None` when this build does not know it.
#[must_use]
pub fn field_of(code: (u8, u8)) -> Option<&'static Field> {
    DEFINITIONS.by_code.get(&code)
}

/// The number of a transaction type; `None` when this build does not know it.
#[must_use]
pub fn transaction_type(name: &str) -> Option<u16> {
    DEFINITIONS.types.get(name).copied()
}

/// The name of a transaction type; `None` when this build does not know it.
#[must_use]
pub fn transaction_name(number: u16) -> Option<&'static str> {
    let mut types = DEFINITIONS.types.iter();
    types.find_map(|(name, found)| (*found == number).then_some(*name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_read_once() {
        let lines = |word: &str| {
            include_str!("definitions.txt")
                .lines()
                .filter(|line| line.starts_with(word))
                .count()
        };
        assert_eq!(DEFINITIONS.by_name.len(), lines("field "));
        assert_eq!(DEFINITIONS.by_code.len(), lines("field "));
        assert_eq!(DEFINITIONS.types.len(), lines("transaction "));
        assert_eq!(field("Amount").map(|field| field.code), Some((6, 1)));
        assert_eq!(
            field_of((2, 14)).map(|field| field.name),
            Some("DestinationTag")
        );
        assert_eq!(transaction_type("Payment"), Some(0));
        assert_eq!(transaction_name(102), Some("UNLModify"));
        assert!(!field("TxnSignature").unwrap().is_signed);
    }
}
