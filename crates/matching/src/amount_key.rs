//! Amounts as keys: equal values have equal keys whatever their scale, and near values share their first digits.

use crate::keys;
use recover_core::decimal::Decimal;

/// An amount to its first two digits: `90 * exponent + digits - 10`, so that neighbours differ by one.
pub(crate) type Rough = i32;

/// The key of an exact value: `1.50` and `1.5` have the same.
pub(crate) fn exact(amount: Decimal) -> u64 {
    match normal(amount) {
        Some((digits, scale)) => {
            let low = u64::try_from(digits & u128::from(u64::MAX)).unwrap_or_default();
            let high = u64::try_from(digits >> 64).unwrap_or_default();
            let place = u64::from(scale.unsigned_abs()) << 1 | u64::from(scale < 0);
            keys::join(keys::join(low, high), place)
        }
        None => keys::text(&amount.to_string()),
    }
}

/// The first two digits and their place; `None` for zero.
pub(crate) fn rough(amount: Decimal) -> Option<Rough> {
    let (digits, scale) = match normal(amount) {
        Some(normal) => normal,
        None => {
            let text = amount.digits().to_base_units();
            let first = text.get(..30)?.parse().ok()?;
            let cut = i32::try_from(text.len()).ok()? - 30;
            (first, i32::from(amount.scale()) - cut)
        }
    };
    let length = i32::try_from(digits.checked_ilog10()?).ok()?;
    let two = match u32::try_from(length - 1) {
        Ok(cut) => digits / 10u128.checked_pow(cut)?,
        Err(_) => digits * 10,
    };
    Some(90 * (length - scale) + i32::try_from(two).ok()? - 10)
}

/// Whether an amount has no more than two digits that are not zero: whatever is taken from it changes its first two.
pub(crate) fn is_round(amount: Decimal) -> bool {
    normal(amount).is_some_and(|(digits, _)| digits < 100)
}

/// The key of a coin with a rough amount.
pub(crate) fn of_rough(root: u64, rough: Rough) -> u64 {
    keys::join(root, u64::from(rough.cast_unsigned()))
}

/// Digits without zeros at their end, and how many of them stand behind the point (fewer than none for round numbers);
/// `None` when they do not fit 128 bits.
fn normal(amount: Decimal) -> Option<(u128, i32)> {
    let mut scale = i32::from(amount.scale());
    let mut digits = match amount.digits().to_u128() {
        Some(digits) => digits,
        None => {
            let text = amount.digits().to_base_units();
            let short = text.trim_end_matches('0');
            scale -= i32::try_from(text.len() - short.len()).ok()?;
            short.parse().ok()?
        }
    };
    if digits == 0 {
        return Some((0, 0));
    }
    if let Ok(mut small) = u64::try_from(digits) {
        while small % 10 == 0 {
            small /= 10;
            scale -= 1;
        }
        return Some((u128::from(small), scale));
    }
    while digits % 10 == 0 {
        digits /= 10;
        scale -= 1;
    }
    Some((digits, scale))
}

#[cfg(test)]
mod tests {
    use super::*;
    use recover_core::amount::Amount;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).expect("tests write decimals")
    }

    #[test]
    fn own_equal_values_have_equal_keys() {
        for (left, right) in [
            ("1.50", "1.5"),
            ("100", "100.000000000000000000"),
            ("0", "0.000"),
            ("0.1", "0.10"),
            (
                "340282366920938463463374607431768211456000",
                "340282366920938463463374607431768211456000.0",
            ),
        ] {
            assert_eq!(exact(decimal(left)), exact(decimal(right)), "{left}");
            assert_eq!(rough(decimal(left)), rough(decimal(right)), "{left}");
        }
        for (left, right) in [("1", "10"), ("1", "0.1"), ("0", "1"), ("12.5", "125")] {
            assert_ne!(exact(decimal(left)), exact(decimal(right)), "{left}");
        }
        // The same value whether its digits fit 128 bits or not.
        let wide = Decimal::from_parts(
            Amount::from_base_units(&format!("15{}", "0".repeat(60))).expect("it fits 256 bits"),
            60,
        )
        .expect("the scale is in range");
        assert_eq!(exact(wide), exact(decimal("15")));
        assert_eq!(rough(wide), rough(decimal("15")));
    }

    #[test]
    fn own_rough_amounts_are_neighbours_where_values_are() {
        for (low, high) in [
            ("1.0", "1.1"),
            ("9.9", "10"),
            ("0.099", "0.1"),
            ("99", "100"),
        ] {
            let (low, high) = (rough(decimal(low)), rough(decimal(high)));
            assert_eq!(low.map(|low| low + 1), high, "{low:?}");
        }
        assert_eq!(rough(decimal("298.744343")), rough(decimal("290")));
        assert_eq!(rough(decimal("0")), None);
        assert!(rough(Decimal::from_parts(Amount::MAX, 0).expect("in range")).is_some());
        assert_eq!(
            rough(Decimal::from_parts(Amount::MAX, 0).expect("in range")),
            rough(decimal(&format!("11{}", "0".repeat(76))))
        );
    }
}
