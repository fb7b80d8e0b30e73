//! The one type through which amounts are bound and read.
//!
//! SQLite keeps 78 decimal digits, zero-padded, as text: an INTEGER column turns values from 2^63 into floats, and
//! unpadded text sorts '10' before '9'. PostgreSQL keeps NUMERIC(78,0), which would round 1.5 to 2 without a word; only
//! integers can be bound here.

use bigdecimal::BigDecimal;
use num_bigint::{BigInt, Sign};
use recover_core::amount::Amount;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgTypeInfo, PgValueRef};
use sqlx::sqlite::{SqliteArgumentsBuffer, SqliteTypeInfo, SqliteValueRef};
use sqlx::{Decode, Encode, Postgres, Sqlite, Type};

/// The digits of 2^256 - 1.
pub(crate) const DIGITS: usize = 78;

/// An amount as a column holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AmountColumn(pub(crate) Amount);

impl AmountColumn {
    fn padded(self) -> String {
        format!("{:0>DIGITS$}", self.0.to_base_units())
    }

    fn from_padded(text: &str) -> Result<Self, BoxDynError> {
        if text.len() != DIGITS {
            return Err(
                format!("holds {} characters instead of {DIGITS} digits", text.len()).into(),
            );
        }
        Ok(Self(Amount::from_base_units(text)?))
    }

    fn to_decimal(self) -> BigDecimal {
        BigDecimal::new(BigInt::from_bytes_be(Sign::Plus, &self.0.to_be_bytes()), 0)
    }

    /// PostgreSQL drops trailing groups of zeros, which comes back as a negative scale.
    fn from_decimal(decimal: BigDecimal) -> Result<Self, BoxDynError> {
        let (digits, scale) = decimal.into_bigint_and_exponent();
        if digits.sign() == Sign::Minus {
            return Err("holds a negative amount".into());
        }
        let zeros = u32::try_from(scale.checked_neg().ok_or("holds a scale out of range")?)
            .ok()
            .filter(|zeros| *zeros < 80)
            .ok_or("holds a fraction or more than 78 digits")?;
        let (_, bytes) = (digits * BigInt::from(10).pow(zeros)).to_bytes_be();
        let mut word = [0u8; 32];
        let start = word
            .len()
            .checked_sub(bytes.len())
            .ok_or("holds more than 2^256 - 1")?;
        word[start..].copy_from_slice(&bytes);
        Ok(Self(Amount::from_be_bytes(word)))
    }
}

impl Type<Sqlite> for AmountColumn {
    fn type_info() -> SqliteTypeInfo {
        <str as Type<Sqlite>>::type_info()
    }
}

impl Encode<'_, Sqlite> for AmountColumn {
    fn encode_by_ref(&self, buffer: &mut SqliteArgumentsBuffer) -> Result<IsNull, BoxDynError> {
        <String as Encode<Sqlite>>::encode(self.padded(), buffer)
    }
}

impl<'r> Decode<'r, Sqlite> for AmountColumn {
    fn decode(value: SqliteValueRef<'r>) -> Result<Self, BoxDynError> {
        Self::from_padded(<&str as Decode<Sqlite>>::decode(value)?)
    }
}

impl Type<Postgres> for AmountColumn {
    fn type_info() -> PgTypeInfo {
        <BigDecimal as Type<Postgres>>::type_info()
    }
}

impl Encode<'_, Postgres> for AmountColumn {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        <BigDecimal as Encode<Postgres>>::encode(self.to_decimal(), buffer)
    }
}

impl<'r> Decode<'r, Postgres> for AmountColumn {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        Self::from_decimal(<BigDecimal as Decode<Postgres>>::decode(value)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_that_is_no_amount_is_refused() {
        let refused = |digits: i64, scale: i64| {
            AmountColumn::from_decimal(BigDecimal::new(BigInt::from(digits), scale))
                .unwrap_err()
                .to_string()
        };
        assert_eq!(refused(15, 1), "holds a fraction or more than 78 digits");
        assert_eq!(refused(-1, 0), "holds a negative amount");
        assert_eq!(refused(2, -77), "holds more than 2^256 - 1");
        assert_eq!(
            refused(1, -5_000_000),
            "holds a fraction or more than 78 digits"
        );
    }

    #[test]
    fn both_forms_round_trip_at_the_edges() {
        for text in [
            "0",
            "1",
            "10000",
            "9007199254740993",
            "115792089237316195423570985008687907853269984665640564039457584007913129639935",
        ] {
            let amount = Amount::from_base_units(text).unwrap();
            let column = AmountColumn(amount);
            assert_eq!(AmountColumn::from_padded(&column.padded()).unwrap(), column);
            assert_eq!(
                AmountColumn::from_decimal(column.to_decimal()).unwrap(),
                column
            );
        }
        assert!(AmountColumn::from_padded("12").is_err());
    }
}
