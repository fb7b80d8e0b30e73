//! The ledger's decimal numbers: sign, digits and a power of ten, never a float.

use recover_core::amount::Amount;

/// The decimals in which balances of issued currencies are counted: one unit is 10^-30. The ledger's own numbers have 16 digits
/// behind a moving point, so no fixed count fits all of them; finer digits are rounded down and said so.
pub const ISSUED_DECIMALS: u8 = 30;

/// The largest power of ten that a text may carry; the ledger's own range ends at 80.
const EXPONENT_MAX: i64 = 1_000;

/// A decimal number as text writes it: `-1.5`, `2374487419614009e-27`, `1E5`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    negative: bool,
    /// Significant digits, without zeros before or behind; empty for zero.
    digits: String,
    /// The power of ten of the last digit; 0 for zero.
    exponent: i64,
}

/// An amount in base units that may be below zero, and whether digits finer than one unit were left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Units {
    /// Whether it is below zero.
    pub negative: bool,
    /// How much.
    pub amount: Amount,
    /// Whether it was rounded towards zero.
    pub rounded: bool,
}

impl Units {
    /// What it adds to a holding: nothing when it is below zero.
    #[must_use]
    pub fn held(&self) -> Amount {
        if self.negative {
            Amount::ZERO
        } else {
            self.amount
        }
    }

    /// The same with the other sign.
    #[must_use]
    pub const fn negated(self) -> Self {
        Self {
            negative: !self.negative,
            ..self
        }
    }
}

impl Number {
    /// Parses a number; `None` for anything else, and for exponents past any use.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = || whole.bytes().chain(fraction.bytes());
        if whole.len().saturating_add(fraction.len()) > 200
            || all().next().is_none()
            || !all().all(|byte| byte.is_ascii_digit())
            || exponent.abs() > EXPONENT_MAX
        {
            return None;
        }
        let digits = format!("{whole}{fraction}");
        let exponent = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?;
        let significant = digits.trim_start_matches('0');
        let kept = significant.trim_end_matches('0');
        let dropped = i64::try_from(significant.len().checked_sub(kept.len())?).ok()?;
        if kept.is_empty() {
            return Some(Self {
                negative: false,
                digits: String::new(),
                exponent: 0,
            });
        }
        Some(Self {
            negative,
            digits: kept.to_owned(),
            exponent: exponent.checked_add(dropped)?,
        })
    }

    /// The number that an amount of units of 10^-`decimals` is.
    #[must_use]
    pub fn of_units(amount: Amount, decimals: u8) -> Self {
        // Digits and an exponent of at most 77 are always in range.
        Self::parse(&format!("{}e-{decimals}", amount.to_base_units()))
            .expect("digits with a small exponent are a number")
    }

    /// Whether it is nothing.
    #[must_use]
    pub const fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }

    /// Whether it is below zero.
    #[must_use]
    pub const fn is_negative(&self) -> bool {
        self.negative
    }

    /// The amount in units of 10^-`decimals`, rounded towards zero; `None` when it does not fit 256 bits.
    #[must_use]
    pub fn units(&self, decimals: u8) -> Option<Units> {
        let shift = self.exponent.checked_add(i64::from(decimals))?;
        let (text, rounded) = if shift >= 0 {
            let zeros = usize::try_from(shift).ok()?;
            if !self.digits.is_empty() && self.digits.len().checked_add(zeros)? > 78 {
                return None;
            }
            (
                format!("{}{}", self.digits, "0".repeat(zeros.min(78))),
                false,
            )
        } else {
            let cut = usize::try_from(shift.unsigned_abs()).ok()?;
            let kept = self.digits.len().saturating_sub(cut);
            let text = self.digits.get(..kept).unwrap_or_default();
            (text.to_owned(), !self.digits.is_empty())
        };
        let text = if self.digits.is_empty() || text.is_empty() {
            "0"
        } else {
            &text
        };
        Some(Units {
            negative: self.negative,
            amount: Amount::from_base_units(text).ok()?,
            rounded,
        })
    }

    /// The 16-digit form of the ledger's binary format: mantissa from 10^15 to 10^16 - 1 and exponent from -96 to 80, zero as
    /// (0, 0). `None` when the number has more digits or another size, for the ledger would round it.
    #[must_use]
    pub fn normal(&self) -> Option<(u64, i16)> {
        if self.is_zero() {
            return Some((0, 0));
        }
        let missing = 16_usize.checked_sub(self.digits.len())?;
        let mantissa = format!("{}{}", self.digits, "0".repeat(missing));
        let exponent = self.exponent.checked_sub(i64::try_from(missing).ok()?)?;
        if !(-96..=80).contains(&exponent) {
            return None;
        }
        Some((mantissa.parse().ok()?, i16::try_from(exponent).ok()?))
    }

    /// The number of a mantissa and an exponent.
    #[must_use]
    pub fn from_normal(negative: bool, mantissa: u64, exponent: i16) -> Option<Self> {
        Self::parse(&format!(
            "{}{mantissa}e{exponent}",
            if negative { "-" } else { "" }
        ))
    }

    /// The number rounded up to 16 significant digits, away from zero.
    #[must_use]
    pub fn rounded_up(&self) -> Option<Self> {
        let Some(head) = self.digits.get(..16).filter(|_| self.digits.len() > 16) else {
            return Some(self.clone());
        };
        let cut = i64::try_from(self.digits.len().checked_sub(16)?).ok()?;
        let head = head.parse::<u64>().ok()?.checked_add(1)?;
        Self::parse(&format!(
            "{}{head}e{}",
            if self.negative { "-" } else { "" },
            self.exponent.checked_add(cut)?
        ))
    }
}

/// Plain decimal text where that is short, and with an exponent where rippled writes one too.
impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.negative { "-" } else { "" };
        let digits = &self.digits;
        let length = i64::try_from(digits.len()).unwrap_or(i64::MAX);
        let point = self.exponent.saturating_add(length);
        let text = if digits.is_empty() {
            "0".to_owned()
        } else if self.exponent >= 0 && point <= 40 {
            let zeros = usize::try_from(self.exponent).unwrap_or_default();
            format!("{sign}{digits}{}", "0".repeat(zeros))
        } else if point > 0 && self.exponent < 0 {
            let (whole, fraction) = digits.split_at(usize::try_from(point).unwrap_or_default());
            format!("{sign}{whole}.{fraction}")
        } else if point <= 0 && point > -40 {
            let zeros = usize::try_from(point.unsigned_abs()).unwrap_or_default();
            format!("{sign}0.{}{digits}", "0".repeat(zeros))
        } else {
            format!("{sign}{digits}e{}", self.exponent)
        };
        f.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn units(text: &str) -> (bool, String, bool) {
        let units = Number::parse(text).unwrap().units(ISSUED_DECIMALS).unwrap();
        (units.negative, units.amount.to_base_units(), units.rounded)
    }

    #[test]
    fn numbers_become_units_of_ten_to_the_minus_thirty() {
        let one = format!("1{}", "0".repeat(30));
        for (text, expected) in [
            ("1", (false, one.clone(), false)),
            ("1e0", (false, one.clone(), false)),
            ("-1.000", (true, one, false)),
            ("0", (false, "0".to_owned(), false)),
            ("-0", (false, "0".to_owned(), false)),
            ("0.00e5", (false, "0".to_owned(), false)),
            (
                "2374487419614009e-27",
                (false, "2374487419614009000".to_owned(), false),
            ),
            ("1234e-32", (false, "12".to_owned(), true)),
            ("9e-60", (false, "0".to_owned(), true)),
        ] {
            assert_eq!(units(text), expected, "{text}");
        }
    }

    #[test]
    fn pitfall_072_negative_padded_and_impossible_numbers_are_told_apart() {
        for text in [
            "", "-", ".", "e5", "1e", "1.2.3", "0x1", "NaN", "1,5", "1e99999", " 1", "--1",
        ] {
            assert_eq!(Number::parse(text), None, "{text}");
        }
        assert_eq!(Number::parse("0001.500"), Number::parse("1.5"));
        assert!(Number::parse("-0.5").unwrap().is_negative());
        // Past 256 bits in units of 10^-30.
        assert_eq!(
            Number::parse("9999999999999999e80").unwrap().units(30),
            None
        );
        assert!(Number::parse("1e47").unwrap().units(30).is_some());
    }

    #[test]
    fn the_sixteen_digit_form_is_exact_or_nothing() {
        assert_eq!(
            Number::parse("1").unwrap().normal(),
            Some((1_000_000_000_000_000, -15))
        );
        assert_eq!(Number::parse("0").unwrap().normal(), Some((0, 0)));
        assert_eq!(Number::parse("12345678901234567").unwrap().normal(), None);
        assert_eq!(Number::parse("1e-97").unwrap().normal(), None);
        assert_eq!(
            Number::parse("1e-81").unwrap().normal(),
            Some((1_000_000_000_000_000, -96))
        );
        let up = Number::parse("12345678901234567")
            .unwrap()
            .rounded_up()
            .unwrap();
        assert_eq!(up.to_string(), "12345678901234570");
        let nines = Number::parse("99999999999999999")
            .unwrap()
            .rounded_up()
            .unwrap();
        assert_eq!(nines.to_string(), "100000000000000000");
    }

    proptest! {
        #[test]
        fn print_then_parse_is_identity(mantissa: u64, exponent in -96_i16..80, negative: bool) {
            let number = Number::from_normal(negative, mantissa, exponent).unwrap();
            prop_assert_eq!(Number::parse(&number.to_string()), Some(number));
        }

        #[test]
        fn no_text_is_too_odd(text in "\\PC*") {
            if let Some(number) = Number::parse(&text) {
                let _ = number.units(ISSUED_DECIMALS);
                let _ = number.normal();
            }
        }
    }
}
