//! Exact decimals for prices and percentages: an integer and the place of its point.

use crate::amount::{Amount, AmountError, DECIMALS_MAX};

/// An exact non-negative decimal number: `digits / 10^scale`. Used for prices and percentages, never for amounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Decimal {
    digits: Amount,
    scale: u8,
}

impl Decimal {
    /// Parses plain decimal text such as `3150.25`; the written scale is kept.
    ///
    /// # Errors
    /// When the text is no plain decimal number, or does not fit.
    pub fn parse(text: &str) -> Result<Self, AmountError> {
        let fraction = text.split_once('.').map_or("", |(_, fraction)| fraction);
        let scale = u8::try_from(fraction.len())
            .ok()
            .filter(|scale| *scale <= DECIMALS_MAX)
            .ok_or_else(|| AmountError::TooManyDecimals {
                text: text.to_owned(),
                decimals: DECIMALS_MAX,
            })?;
        Ok(Self {
            digits: Amount::from_coin_text(text, scale)?,
            scale,
        })
    }

    /// A decimal from its parts; `None` when `scale` exceeds [`DECIMALS_MAX`].
    #[must_use]
    pub fn from_parts(digits: Amount, scale: u8) -> Option<Self> {
        (scale <= DECIMALS_MAX).then_some(Self { digits, scale })
    }

    /// A whole number.
    #[must_use]
    pub fn whole(number: u32) -> Self {
        Self {
            digits: Amount::from_u128(u128::from(number)),
            scale: 0,
        }
    }

    /// The same number without zeros at its end: `3150.250` and `3150.25` are one number, and compare equal so.
    #[must_use]
    pub fn trimmed(self) -> Self {
        Self::parse(&self.to_string()).unwrap_or(self)
    }

    /// The difference; `None` when `other` is larger or a number does not fit.
    #[must_use]
    pub fn minus(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        let digits = self.at_scale(scale)?.checked_sub(other.at_scale(scale)?)?;
        Some(Self { digits, scale })
    }

    fn at_scale(self, scale: u8) -> Option<Amount> {
        let more = Amount::power_of_ten(scale.checked_sub(self.scale)?)?;
        self.digits.mul_ratio_floor(more, Amount::from_u128(1))
    }

    /// The digits without their point.
    #[must_use]
    pub const fn digits(self) -> Amount {
        self.digits
    }

    /// How many of the digits stand behind the point.
    #[must_use]
    pub const fn scale(self) -> u8 {
        self.scale
    }

    /// Whether this is exactly zero.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.digits.is_zero()
    }

    /// `amount * self`, rounded down; `None` when it does not fit.
    #[must_use]
    pub fn times_floor(self, amount: Amount) -> Option<Amount> {
        amount.mul_ratio_floor(self.digits, Amount::power_of_ten(self.scale)?)
    }

    /// `amount * self`, rounded up; `None` when it does not fit.
    #[must_use]
    pub fn times_ceil(self, amount: Amount) -> Option<Amount> {
        amount.mul_ratio_ceil(self.digits, Amount::power_of_ten(self.scale)?)
    }

    /// The product of two numbers, exactly; `None` when it does not fit.
    #[must_use]
    pub fn times(self, other: Self) -> Option<Self> {
        let digits = self
            .digits
            .mul_ratio_floor(other.digits, Amount::from_u128(1))?;
        let scale = self.scale.checked_add(other.scale)?;
        Self::from_parts(digits, scale).map(Self::trimmed)
    }

    /// `amount / self`, rounded up; `None` when this is zero or the result does not fit.
    #[must_use]
    pub fn divide_ceil(self, amount: Amount) -> Option<Amount> {
        amount.mul_ratio_ceil(Amount::power_of_ten(self.scale)?, self.digits)
    }
}

impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.digits.to_coin_text(self.scale))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_exact() {
        let price = Decimal::parse("3150.25").unwrap();
        assert_eq!(
            (price.digits().to_base_units().as_str(), price.scale()),
            ("315025", 2)
        );
        assert_eq!(
            price.times_floor(Amount::from_u128(3)),
            Some(Amount::from_u128(9450))
        );
        assert_eq!(
            price.times_ceil(Amount::from_u128(3)),
            Some(Amount::from_u128(9451))
        );
        assert_eq!(
            price.divide_ceil(Amount::from_u128(3151)),
            Some(Amount::from_u128(2))
        );
        assert_eq!(
            Decimal::parse("0.00")
                .unwrap()
                .divide_ceil(Amount::from_u128(1)),
            None
        );
        assert!(Decimal::parse("1e3").is_err());
        assert_eq!(
            Decimal::parse("0.000000000000000001").unwrap().to_string(),
            "0.000000000000000001"
        );
    }
}
