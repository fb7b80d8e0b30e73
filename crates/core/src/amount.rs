//! Money: unsigned integers of 256 bits in base units, with checked operations only.

use ruint::aliases::{U256, U512};

/// A count of base units (wei, satoshi, drops) of one asset that its owner states beside it.
///
/// There is no arithmetic operator: every operation is checked and says which way it rounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Amount(U256);

/// The most decimals that an amount can be shown with: 10^77 is the largest power of ten below 2^256.
pub const DECIMALS_MAX: u8 = 77;

/// Why a text is not an amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AmountError {
    /// Something other than digits and one point.
    #[error(
        "'{text}' is not a plain decimal number: write digits and at most one point, like 1250.5"
    )]
    NotANumber {
        /// The text as given.
        text: String,
    },
    /// More decimals than the asset has; never rounded.
    #[error(
        "'{text}' has more than the {decimals} decimals of this asset: check the asset or the amount"
    )]
    TooManyDecimals {
        /// The text as given.
        text: String,
        /// The decimals that the asset has.
        decimals: u8,
    },
    /// The value does not fit 256 bits.
    #[error("'{text}' is larger than any amount a network can hold (2^256 - 1)")]
    TooLarge {
        /// The text as given.
        text: String,
    },
}

impl Amount {
    /// No money.
    pub const ZERO: Self = Self(U256::ZERO);
    /// The largest amount, 2^256 - 1.
    pub const MAX: Self = Self(U256::MAX);

    /// An amount from a machine integer of base units.
    #[must_use]
    pub fn from_u128(base_units: u128) -> Self {
        Self(U256::from(base_units))
    }

    /// An amount from 32 big-endian bytes, as EVM words carry it.
    #[must_use]
    pub const fn from_be_bytes(bytes: [u8; 32]) -> Self {
        Self(U256::from_be_bytes(bytes))
    }

    /// The amount as 32 big-endian bytes.
    #[must_use]
    pub const fn to_be_bytes(self) -> [u8; 32] {
        self.0.to_be_bytes()
    }

    /// Whether this is exactly nothing.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.0.is_zero()
    }

    /// The amount as `u128`; `None` when it does not fit.
    #[must_use]
    pub fn to_u128(self) -> Option<u128> {
        u128::try_from(self.0).ok()
    }

    /// Parses a text of base units: digits only.
    ///
    /// # Errors
    /// When the text is empty, holds anything but ASCII digits, or does not fit 256 bits.
    pub fn from_base_units(text: &str) -> Result<Self, AmountError> {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(AmountError::NotANumber {
                text: text.to_owned(),
            });
        }
        U256::from_str_radix(text, 10)
            .map(Self)
            .map_err(|_| AmountError::TooLarge {
                text: text.to_owned(),
            })
    }

    /// Parses a hexadecimal quantity as JSON-RPC writes it (`0x1a`), with or without leading zeros.
    ///
    /// # Errors
    /// When the prefix is missing, a digit is not hexadecimal, or the value does not fit 256 bits.
    pub fn from_hex_quantity(text: &str) -> Result<Self, AmountError> {
        let not_a_number = || AmountError::NotANumber {
            text: text.to_owned(),
        };
        let digits = text.strip_prefix("0x").ok_or_else(not_a_number)?;
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(not_a_number());
        }
        U256::from_str_radix(digits, 16)
            .map(Self)
            .map_err(|_| AmountError::TooLarge {
                text: text.to_owned(),
            })
    }

    /// Parses an amount in coin units (`12.5`) of an asset with `decimals`; more decimals are an error, never a rounding.
    ///
    /// # Errors
    /// When the text is no plain decimal number, has more digits behind the point than the asset, or does not fit.
    pub fn from_coin_text(text: &str, decimals: u8) -> Result<Self, AmountError> {
        let not_a_number = || AmountError::NotANumber {
            text: text.to_owned(),
        };
        let (whole, fraction) = match text.split_once('.') {
            Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
            Some(_) => return Err(not_a_number()),
            None => (text, ""),
        };
        if whole.is_empty()
            || !whole
                .bytes()
                .chain(fraction.bytes())
                .all(|byte| byte.is_ascii_digit())
        {
            return Err(not_a_number());
        }
        let significant = fraction.trim_end_matches('0');
        let missing = usize::from(decimals)
            .checked_sub(significant.len())
            .ok_or_else(|| AmountError::TooManyDecimals {
                text: text.to_owned(),
                decimals,
            })?;
        let mut digits = String::with_capacity(80);
        digits.push_str(whole);
        digits.push_str(significant);
        digits.extend(std::iter::repeat_n('0', missing));
        Self::from_base_units(&digits).map_err(|_| AmountError::TooLarge {
            text: text.to_owned(),
        })
    }

    /// The amount in base units as plain digits.
    #[must_use]
    pub fn to_base_units(self) -> String {
        self.0.to_string()
    }

    /// The amount in coin units as exact decimal text, without trailing zeros behind the point (`12.5`, `0.001`, `7`).
    #[must_use]
    pub fn to_coin_text(self, decimals: u8) -> String {
        let digits = self.0.to_string();
        let scale = usize::from(decimals);
        if scale == 0 {
            return digits;
        }
        let padded = if digits.len() > scale {
            digits
        } else {
            let width = scale.saturating_add(1);
            format!("{digits:0>width$}")
        };
        let (whole, fraction) = padded.split_at(padded.len().saturating_sub(scale));
        let fraction = fraction.trim_end_matches('0');
        if fraction.is_empty() {
            whole.to_owned()
        } else {
            format!("{whole}.{fraction}")
        }
    }

    /// The sum; `None` when it does not fit.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference; `None` when `other` is larger.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// `self * numerator / denominator`, rounded down; `None` when the denominator is zero or the result does not fit.
    /// The product is taken in 512 bits, so only the result can overflow.
    #[must_use]
    pub fn mul_ratio_floor(self, numerator: Self, denominator: Self) -> Option<Self> {
        let (quotient, _) = self.ratio(numerator, denominator)?;
        narrow(quotient)
    }

    /// `self * numerator / denominator`, rounded up; `None` when the denominator is zero or the result does not fit.
    #[must_use]
    pub fn mul_ratio_ceil(self, numerator: Self, denominator: Self) -> Option<Self> {
        let (quotient, remainder) = self.ratio(numerator, denominator)?;
        let rounded = if remainder.is_zero() {
            quotient
        } else {
            quotient.checked_add(U512::from(1))?
        };
        narrow(rounded)
    }

    fn ratio(self, numerator: Self, denominator: Self) -> Option<(U512, U512)> {
        let product: U512 = self.0.widening_mul(numerator.0);
        let divisor = U512::from(denominator.0);
        Some((product.checked_div(divisor)?, product.checked_rem(divisor)?))
    }

    /// Ten to the power of `exponent`; `None` above [`DECIMALS_MAX`].
    #[must_use]
    pub fn power_of_ten(exponent: u8) -> Option<Self> {
        U256::from(10).checked_pow(U256::from(exponent)).map(Self)
    }
}

fn narrow(value: U512) -> Option<Amount> {
    (value <= U512::from(U256::MAX)).then(|| Amount(value.wrapping_to()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn coin_text_is_exact() {
        let cases = [
            ("1", 18, "1000000000000000000"),
            ("0.1", 1, "1"),
            ("12.50", 6, "12500000"),
            ("0", 0, "0"),
            ("007", 2, "700"),
        ];
        for (text, decimals, base) in cases {
            assert_eq!(
                Amount::from_coin_text(text, decimals)
                    .unwrap()
                    .to_base_units(),
                base,
                "{text}"
            );
        }
    }

    #[test]
    fn coin_text_refuses_what_a_float_would_swallow() {
        for text in [
            "", ".", "1.", ".5", "1,5", "1e3", "-1", "+1", " 1", "1.2.3", "0x1", "NaN", "\u{0661}",
        ] {
            assert!(
                matches!(
                    Amount::from_coin_text(text, 18),
                    Err(AmountError::NotANumber { .. })
                ),
                "{text}"
            );
        }
        assert!(matches!(
            Amount::from_coin_text("0.0000001", 6),
            Err(AmountError::TooManyDecimals { .. })
        ));
        assert!(matches!(
            Amount::from_coin_text(&"9".repeat(78), 0),
            Err(AmountError::TooLarge { .. })
        ));
    }

    #[test]
    fn pitfall_043_amounts_past_2_to_the_53_stay_exact() {
        let text = "9007199254740993";
        assert_eq!(Amount::from_base_units(text).unwrap().to_base_units(), text);
        let tenth = Amount::from_coin_text("0.1", 18).unwrap();
        let fifth = Amount::from_coin_text("0.2", 18).unwrap();
        assert_eq!(tenth.checked_add(fifth).unwrap().to_coin_text(18), "0.3");
    }

    #[test]
    fn ratios_round_as_their_names_say() {
        let (seven, two, three) = (
            Amount::from_u128(7),
            Amount::from_u128(2),
            Amount::from_u128(3),
        );
        assert_eq!(
            seven.mul_ratio_floor(two, three),
            Some(Amount::from_u128(4))
        );
        assert_eq!(seven.mul_ratio_ceil(two, three), Some(Amount::from_u128(5)));
        assert_eq!(seven.mul_ratio_floor(two, Amount::ZERO), None);
        assert_eq!(Amount::MAX.mul_ratio_floor(three, three), Some(Amount::MAX));
        assert_eq!(Amount::MAX.mul_ratio_ceil(three, two), None);
    }

    #[test]
    fn powers_of_ten_end_at_77() {
        assert!(Amount::power_of_ten(DECIMALS_MAX).is_some());
        assert_eq!(Amount::power_of_ten(DECIMALS_MAX + 1), None);
    }

    proptest! {
        #[test]
        fn print_then_parse_is_identity(bytes: [u8; 32], decimals in 0u8..=DECIMALS_MAX) {
            let amount = Amount::from_be_bytes(bytes);
            prop_assert_eq!(Amount::from_coin_text(&amount.to_coin_text(decimals), decimals), Ok(amount));
            prop_assert_eq!(Amount::from_base_units(&amount.to_base_units()), Ok(amount));
        }
    }
}
