//! A number of JSON as the exact decimal that its text is.

use recover_core::amount::{Amount, DECIMALS_MAX};
use recover_core::decimal::Decimal;

/// No honest price is longer.
const LENGTH_MAX: usize = 100;

/// Reads the text of a JSON number, exponent included, without a float on the way: `1.2e-7` is seven places behind the point.
///
/// # Errors
/// Why it is no price: in words.
pub(super) fn exact(text: &str) -> Result<Decimal, String> {
    if text.len() > LENGTH_MAX {
        return Err(format!("a number of {} characters", text.len()));
    }
    if text == "null" {
        return Err("it has none".to_owned());
    }
    if text.starts_with('-') {
        return Err(format!("{text}, which is negative"));
    }
    let odd = || format!("{text}, which is no number");
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            let digits = exponent.strip_prefix('+').unwrap_or(exponent);
            let plain = digits.strip_prefix('-').unwrap_or(digits);
            if plain.is_empty() || !plain.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(odd());
            }
            // Beyond this nothing fits, whatever the digits.
            let exponent = digits
                .parse::<i32>()
                .ok()
                .filter(|exponent| exponent.abs() < 1_000);
            (mantissa, exponent.ok_or_else(|| out_of_range(text))?)
        }
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let has_point = mantissa.contains('.');
    if whole.is_empty()
        || !is_digits(whole)
        || !is_digits(fraction)
        || (has_point && fraction.is_empty())
    {
        return Err(odd());
    }
    let digits = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return Err("zero, which is no price".to_owned());
    }
    let behind = i32::try_from(fraction.len())
        .ok()
        .and_then(|places| places.checked_sub(exponent))
        .ok_or_else(|| out_of_range(text))?;
    // Zeros at the end say nothing, and would not fit behind a far point.
    let kept = digits.trim_end_matches('0');
    let zeros = i32::try_from(digits.len().saturating_sub(kept.len())).unwrap_or_default();
    let behind = behind.saturating_sub(zeros);
    let (digits, scale) = match u8::try_from(behind) {
        Ok(scale) => (kept.to_owned(), scale),
        Err(_) if behind < 0 => {
            let more = usize::try_from(behind.unsigned_abs()).unwrap_or(usize::MAX);
            if more > usize::from(DECIMALS_MAX) {
                return Err(out_of_range(text));
            }
            (format!("{kept}{}", "0".repeat(more)), 0)
        }
        Err(_) => return Err(out_of_range(text)),
    };
    let digits = Amount::from_base_units(&digits).map_err(|_| out_of_range(text))?;
    Decimal::from_parts(digits, scale).ok_or_else(|| out_of_range(text))
}

fn out_of_range(text: &str) -> String {
    format!("{text}, which leaves every range")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn own_numbers_are_read_by_their_text() {
        for (text, expected) in [
            ("67187.3358936566", "67187.3358936566"),
            ("1.2e-7", "0.00000012"),
            ("1.2E-07", "0.00000012"),
            ("76721", "76721"),
            ("1e+2", "100"),
            ("1e30", "1000000000000000000000000000000"),
            ("1e-30", "0.000000000000000000000000000001"),
            ("0.30000000000000004", "0.30000000000000004"),
            ("100.00e-2", "1"),
            ("0.10", "0.1"),
            (
                "12345678901234567890.123456789012345678",
                "12345678901234567890.123456789012345678",
            ),
        ] {
            assert_eq!(exact(text).unwrap().to_string(), expected, "{text}");
        }
        let longest = format!("{}e-77", "1".repeat(77));
        assert_eq!(exact(&longest).unwrap().scale(), 77);
        let long = "1".repeat(101);
        for text in [
            "0",
            "0.0",
            "0e5",
            "null",
            "-1",
            "-0",
            "NaN",
            "Infinity",
            "\"1.5\"",
            "true",
            "{}",
            "",
            "1.",
            ".5",
            "+1",
            "1e",
            "1e-",
            "1e1.5",
            "0x10",
            "1_000",
            "1e999999999999",
            "1e78",
            "1e-78",
            "1e-1000",
            &long,
        ] {
            assert!(exact(text).is_err(), "{text}: {:?}", exact(text));
        }
        assert!(exact("-2.5").unwrap_err().contains("negative"));
        assert!(exact("0.00").unwrap_err().contains("zero"));
    }

    proptest! {
        #[test]
        fn own_every_number_reads_as_its_digits_and_its_point(digits in "[1-9][0-9]{0,30}", places in 0..40_usize) {
            let padded = format!("{digits:0>width$}", width = places + 1);
            let (whole, fraction) = padded.split_at(padded.len() - places);
            let plain = if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") };
            let scientific = format!("{digits}e-{places}");
            let expected = Decimal::parse(&plain).unwrap().to_string();
            prop_assert_eq!(exact(&plain).unwrap().to_string(), &*expected);
            prop_assert_eq!(exact(&scientific).unwrap().to_string(), &*expected);
        }
    }
}
