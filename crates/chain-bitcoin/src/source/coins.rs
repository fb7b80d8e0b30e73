//! Amounts as daemons print them: a JSON number of coins.

use crate::spend::DECIMALS;
use serde::de::{Deserialize, Deserializer, Error as _};
use serde_json::value::RawValue;

/// An amount in base units, read from the text of a JSON number of coins (`50`, `0.00000546`, `1e-8`) or from the same in quotes. It
/// was never a float: Dogecoin's amounts pass 2^53.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Coins(pub u64);

impl Coins {
    /// Reads the text of a number; `None` for a negative one, one with more than eight decimals, and one that is too large.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => {
                let exponent = exponent.strip_prefix('+').unwrap_or(exponent);
                (mantissa, exponent.parse::<i32>().ok()?)
            }
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = whole.bytes().chain(fraction.bytes());
        if whole.is_empty() || !digits.clone().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        let mut value: u128 = 0;
        for digit in digits {
            value = value
                .checked_mul(10)?
                .checked_add(u128::from(digit - b'0'))?;
        }
        let places = i32::try_from(fraction.len()).ok()?;
        let shift = i32::from(DECIMALS)
            .checked_add(exponent)?
            .checked_sub(places)?;
        let scale = |places: u32| 10_u128.checked_pow(places);
        let units = match (value, u32::try_from(shift)) {
            (0, _) => 0,
            (_, Ok(shift)) => value.checked_mul(scale(shift)?)?,
            (_, Err(_)) => {
                let divisor = scale(shift.unsigned_abs())?;
                value.is_multiple_of(divisor).then_some(value / divisor)?
            }
        };
        u64::try_from(units).ok().map(Self)
    }
}

impl<'de> Deserialize<'de> for Coins {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Box::<RawValue>::deserialize(deserializer)?;
        let text = text.get();
        Self::parse(text.trim_matches('"')).ok_or_else(|| {
            let shown: String = text.chars().take(40).collect();
            D::Error::custom(format!("{shown} is no amount of coins"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn amounts_are_read_from_their_text() {
        for (text, units) in [
            ("0", Some(0)),
            ("0.0", Some(0)),
            ("50", Some(5_000_000_000)),
            ("50.00000000", Some(5_000_000_000)),
            ("0.00000546", Some(546)),
            ("1e-8", Some(1)),
            ("5.46E-6", Some(546)),
            ("1.5e+2", Some(15_000_000_000)),
            ("0.000000010", Some(1)),
            ("184467440737.09551615", Some(u64::MAX)),
            ("184467440737.09551616", None),
            ("0.000000001", None),
            ("-1", None),
            ("1e999999999", None),
            ("1e-999999999", None),
            ("0e999999999", Some(0)),
            (".5", None),
            ("1.", Some(100_000_000)),
            ("", None),
            ("1 ", None),
            ("NaN", None),
        ] {
            assert_eq!(Coins::parse(text), units.map(Coins), "{text}");
        }
    }

    #[test]
    fn pitfall_055_dogecoin_above_two_to_53_stays_exact() {
        // 2^53 + 1 base units, which a float would round.
        let coins: Coins = serde_json::from_str("90071992.54740993").unwrap();
        assert_eq!(coins, Coins(9_007_199_254_740_993));
        let coins: Coins = serde_json::from_str("\"1234567890.12345679\"").unwrap();
        assert_eq!(coins, Coins(123_456_789_012_345_679));
    }

    proptest! {
        #[test]
        fn what_a_daemon_prints_is_read_back(units in any::<u64>()) {
            let text = format!("{}.{:08}", units / 100_000_000, units % 100_000_000);
            prop_assert_eq!(Coins::parse(&text), Some(Coins(units)));
        }
    }
}
