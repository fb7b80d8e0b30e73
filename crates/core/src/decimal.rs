//! Exact decimals for prices and percentages: an integer and the place of its point.

use crate::amount::{Amount, AmountError, DECIMALS_MAX};
use ruint::Uint;
use std::cmp::Ordering;

/// An exact non-negative decimal number: `digits / 10^scale`. Used for prices and percentages, never for amounts.
///
/// Two are equal where they are written alike: `3150.250` is stored, shown and digested as it stands, so that it is not `3150.25`.
/// There is no `Ord` for the same reason, as it would have to tell those two apart; [`Decimal::size_against`] says which number
/// is larger.
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

    /// Which of two numbers is larger, exactly and whatever their scales; zeros at the end do not count.
    #[must_use]
    pub fn size_against(self, other: Self) -> Ordering {
        let (own, other) = on_one_scale(self, other);
        own.cmp(&other)
    }

    /// The digits on a longer scale; `None` for a shorter one, and where they do not fit.
    pub(crate) fn at_scale(self, scale: u8) -> Option<Amount> {
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

/// Room for 77 digits times 77 digits times a percentage of 77 digits: nothing here overflows, so that no number is refused for its
/// length.
pub(crate) type Wide = Uint<1024, 16>;

pub(crate) fn wide(amount: Amount) -> Wide {
    Wide::from_be_bytes(padded(amount.to_be_bytes()))
}

fn padded(bytes: [u8; 32]) -> [u8; 128] {
    let mut all = [0; 128];
    let (_, low) = all.split_at_mut(96);
    low.copy_from_slice(&bytes);
    all
}

pub(crate) fn power_of_ten(exponent: u8) -> Wide {
    Wide::from(10).wrapping_pow(Wide::from(exponent))
}

/// The digits of both on the longer of the two scales.
pub(crate) fn on_one_scale(left: Decimal, right: Decimal) -> (Wide, Wide) {
    let scale = left.scale.max(right.scale);
    let digits = |number: Decimal| {
        let more = scale.saturating_sub(number.scale);
        wide(number.digits).wrapping_mul(power_of_ten(more))
    };
    (digits(left), digits(right))
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
