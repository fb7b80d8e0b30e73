//! Sums of the policy's currency, and what coins are worth in it.

use crate::amount::{Amount, AmountError};
use crate::decimal::Decimal;

/// A sum of the policy's currency in cents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Cents(pub Amount);

impl Cents {
    /// Parses currency text such as `49.99`.
    ///
    /// # Errors
    /// When the text is no plain decimal with at most two decimals.
    pub fn parse(text: &str) -> Result<Self, AmountError> {
        Amount::from_coin_text(text, 2).map(Self)
    }

    /// The sum; `None` where it leaves every range.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference; `None` when `other` is larger.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// Divided by a number, rounded up; `None` for zero.
    #[must_use]
    pub fn divided_up(self, by: u32) -> Option<Self> {
        let by = Amount::from_u128(u128::from(by));
        self.0.mul_ratio_ceil(Amount::from_u128(1), by).map(Self)
    }

    /// So many percent of it, rounded up; `None` when it does not fit.
    #[must_use]
    pub fn percent_up(self, percent: Decimal) -> Option<Self> {
        percent_up(self.0, percent).map(Self)
    }
}

impl std::fmt::Display for Cents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = self.0.to_coin_text(2);
        let padded = match text.split_once('.') {
            None => format!("{text}.00"),
            Some((_, fraction)) if fraction.len() == 1 => format!("{text}0"),
            Some(_) => text,
        };
        f.pad(&padded)
    }
}

/// Which way a conversion rounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// Towards nothing.
    Down,
    /// Away from nothing.
    Up,
}

/// What an amount is worth in cents at a price of one coin; `None` when a number does not fit.
#[must_use]
pub fn value_of(amount: Amount, decimals: u8, price: Decimal, rounding: Rounding) -> Option<Cents> {
    // value = amount / 10^decimals * digits / 10^scale * 100: one division, so one rounding.
    let numerator = price
        .digits()
        .mul_ratio_floor(Amount::from_u128(100), Amount::from_u128(1))?;
    let denominator = Amount::power_of_ten(decimals.checked_add(price.scale())?)?;
    match rounding {
        Rounding::Down => amount.mul_ratio_floor(numerator, denominator),
        Rounding::Up => amount.mul_ratio_ceil(numerator, denominator),
    }
    .map(Cents)
}

/// Cents in base units of an asset at a price of one coin, rounded up; `None` when a number does not fit or the price is zero.
#[must_use]
pub fn in_asset(cents: Cents, decimals: u8, price: Decimal) -> Option<Amount> {
    let denominator = price
        .digits()
        .mul_ratio_floor(Amount::from_u128(100), Amount::from_u128(1))?;
    let numerator = Amount::power_of_ten(decimals.checked_add(price.scale())?)?;
    cents.0.mul_ratio_ceil(numerator, denominator)
}

/// So many percent of an amount, rounded up; `None` when it does not fit.
pub(super) fn percent_up(amount: Amount, percent: Decimal) -> Option<Amount> {
    let hundred = Amount::power_of_ten(percent.scale().checked_add(2)?)?;
    amount.mul_ratio_ceil(percent.digits(), hundred)
}
