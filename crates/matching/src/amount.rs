//! Amounts as people type them: every plausible reading, exact.

use recover_core::amount::Amount;
use recover_core::decimal::Decimal;

/// What an amount text may mean.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AmountText {
    /// The readings, the likeliest first; empty when it is no number of coins.
    pub readings: Vec<Decimal>,
    /// Letters beside the number (`USDT`); empty when there are none.
    pub unit: String,
    /// Whether it is stated in money of a state, not in coins.
    pub is_fiat: bool,
}

/// Symbols and codes of state money. `USD` beside a number says what it was worth, not how many coins.
const FIAT: [&str; 26] = [
    "$", "€", "£", "¥", "₩", "₽", "₹", "₺", "₫", "₴", "₦", "usd", "eur", "gbp", "jpy", "cny",
    "rmb", "krw", "rub", "inr", "try", "vnd", "brl", "dollar", "dollars", "euro",
];

/// Reads an amount. `1.000,50` and `1,000.50` have one meaning each; `1.000` may be one or a thousand, so both come out.
/// The text is expected clean ([`crate::text::clean`]).
#[must_use]
pub fn read(text: &str) -> AmountText {
    let mut unit = String::new();
    let mut number = String::new();
    let mut is_over = false;
    let words: Vec<&str> = text.split_whitespace().collect();
    for word in &words {
        // How wallets show what went out, and how people say "about".
        let word = word.trim_start_matches(['-', '+', '~', '≈', '=', ':']);
        let begin = word.find(is_digit).unwrap_or(word.len());
        let end = word.rfind(is_digit).map_or(begin, |last| last + 1);
        let (before, rest) = word.split_at(begin);
        let (middle, after) = rest.split_at(end - begin);
        let before = before.trim_end_matches('.');
        let is_number = middle.chars().all(is_of_number) && after.chars().all(is_unit_or_mark);
        let is_money = before.chars().all(|character| !character.is_alphanumeric());
        if middle.is_empty() {
            is_over |= !number.is_empty();
            unit.push_str(word);
        } else if is_number && (is_money || words.len() == 1) && before.chars().all(is_unit) {
            // A second number behind a unit makes this no amount: `2 of 3`.
            if is_over {
                return AmountText::default();
            }
            if !number.is_empty() {
                number.push(' ');
            }
            let dropped = word.get(before.len()..begin).unwrap_or_default();
            number.push_str(dropped);
            number.push_str(middle);
            unit.push_str(before);
            unit.push_str(after.trim_matches(['.', ',']));
            is_over = !after.is_empty();
        } else if word.starts_with(|first: char| first.is_alphabetic())
            && word.chars().all(char::is_alphanumeric)
        {
            // A coin whose name has digits: `TK0001`.
            is_over |= !number.is_empty();
            unit.push_str(word);
        } else {
            return AmountText::default();
        }
    }
    if number.is_empty() {
        return AmountText::default();
    }
    let is_fiat = FIAT.contains(&unit.to_lowercase().as_str());
    AmountText {
        readings: if is_fiat {
            Vec::new()
        } else {
            readings(&number)
        },
        unit,
        is_fiat,
    }
}

fn is_digit(character: char) -> bool {
    character.is_ascii_digit()
}

fn is_of_number(character: char) -> bool {
    character.is_ascii_digit() || matches!(character, '.' | ',' | '\'' | '_')
}

fn is_unit_or_mark(character: char) -> bool {
    is_unit(character) || matches!(character, '.' | ',')
}

fn is_unit(character: char) -> bool {
    character.is_alphabetic() || "$€£¥₩₽₹₺₫₴₦".contains(character)
}

/// Every plausible value of a number with its separators.
fn readings(number: &str) -> Vec<Decimal> {
    // Blanks, apostrophes and underscores only ever group.
    let is_group = |character: char| matches!(character, ' ' | '\'' | '_');
    let plain: String = if number.contains(is_group) {
        let whole = number.split(['.', ',']).next().unwrap_or_default();
        if !is_grouped(&whole.split(is_group).collect::<Vec<_>>()) {
            return Vec::new();
        }
        number
            .chars()
            .filter(|character| !is_group(*character))
            .collect()
    } else {
        number.to_owned()
    };
    let points = plain.matches('.').count();
    let commas = plain.matches(',').count();
    let mut texts: Vec<String> = Vec::new();
    match (points, commas) {
        (0, 0) => texts.push(plain),
        (1, 0) | (0, 1) => {
            let mark = if points == 1 { '.' } else { ',' };
            let (whole, fraction) = plain.split_once(mark).unwrap_or_default();
            let decimal = format!("{whole}.{fraction}");
            let thousands = format!("{whole}{fraction}");
            let may_group = is_grouped(&[whole, fraction]) && !whole.starts_with('0');
            match (may_group, mark) {
                (false, _) => texts.push(decimal),
                // A point is a decimal point in most appeals, a comma before three digits groups.
                (true, '.') => texts.extend([decimal, thousands]),
                (true, _) => texts.extend([thousands, decimal]),
            }
        }
        (_, 0) | (0, _) => {
            let mark = if points > 0 { '.' } else { ',' };
            if is_grouped(&plain.split(mark).collect::<Vec<_>>()) {
                texts.push(plain.replace(mark, ""));
            }
        }
        _ => {
            // Both marks: the last one is the decimal mark, and it stands once.
            let place = plain.rfind(['.', ',']).unwrap_or_default();
            let (whole, rest) = plain.split_at(place);
            let mark = rest.chars().next().unwrap_or('.');
            let other = if mark == '.' { ',' } else { '.' };
            let fraction = rest.get(1..).unwrap_or_default();
            let is_once = !whole.contains(mark);
            if is_once && is_grouped(&whole.split(other).collect::<Vec<_>>()) {
                texts.push(format!("{}.{fraction}", whole.replace(other, "")));
            }
        }
    }
    let mut readings: Vec<Decimal> = Vec::new();
    for text in texts {
        let text = match text.trim_end_matches('.') {
            whole if whole.starts_with('.') => format!("0{whole}"),
            whole => whole.to_owned(),
        };
        if let Ok(value) = Decimal::parse(&text)
            && !value.is_zero()
            && !readings.iter().any(|known| equal(*known, value))
        {
            readings.push(value);
        }
    }
    readings
}

/// Whether pieces can be groups of a large number: one to three digits, then twos and threes (India), the last a three.
fn is_grouped(pieces: &[&str]) -> bool {
    let Some((first, rest)) = pieces.split_first() else {
        return false;
    };
    let Some((last, middle)) = rest.split_last() else {
        return true;
    };
    (1..=3).contains(&first.len())
        && last.len() == 3
        && middle.iter().all(|piece| (2..=3).contains(&piece.len()))
        && pieces
            .iter()
            .all(|piece| piece.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Whether two decimals are the same number, whatever their scales.
#[must_use]
pub fn equal(left: Decimal, right: Decimal) -> bool {
    aligned(left, right).is_some_and(|(left, right)| left == right)
}

/// How two amounts compare, the stated one first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Closeness {
    /// Not at all.
    Differs,
    /// The same digits with the point elsewhere.
    Shifted,
    /// More was stated than arrived, as when a fee was taken on the way: by at most a tenth.
    Gross,
    /// Within one part in a hundred: rounded.
    Near,
    /// The same number.
    Exact,
}

/// Compares a stated amount with what arrived.
#[must_use]
pub fn compare(stated: Decimal, arrived: Decimal) -> Closeness {
    let Some((left, right)) = aligned(stated, arrived) else {
        return Closeness::Differs;
    };
    if left == right {
        return Closeness::Exact;
    }
    let (larger, smaller) = if left > right {
        (left, right)
    } else {
        (right, left)
    };
    let difference = larger.checked_sub(smaller).unwrap_or(Amount::MAX);
    let within = |parts: u128| {
        difference
            .mul_ratio_floor(Amount::from_u128(parts), Amount::from_u128(1))
            .is_some_and(|scaled| scaled <= larger)
    };
    if within(100) {
        return Closeness::Near;
    }
    if left > right && within(10) {
        return Closeness::Gross;
    }
    if is_shifted(larger, smaller) {
        return Closeness::Shifted;
    }
    Closeness::Differs
}

fn is_shifted(larger: Amount, smaller: Amount) -> bool {
    (1..=18).any(|places| {
        Amount::power_of_ten(places)
            .and_then(|power| smaller.mul_ratio_floor(power, Amount::from_u128(1)))
            .is_some_and(|moved| moved == larger)
    })
}

/// Both digits at the larger scale; `None` when they do not fit.
fn aligned(left: Decimal, right: Decimal) -> Option<(Amount, Amount)> {
    let scale = left.scale().max(right.scale());
    let lift = |value: Decimal| {
        let power = Amount::power_of_ten(scale.checked_sub(value.scale())?)?;
        value.digits().mul_ratio_floor(power, Amount::from_u128(1))
    };
    Some((lift(left)?, lift(right)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_amounts_have_every_plausible_reading() {
        let cases: [(&str, &[&str]); 30] = [
            ("100", &["100"]),
            ("0.5", &["0.5"]),
            (".5", &["0.5"]),
            ("5.", &["5"]),
            ("0,1", &["0.1"]),
            ("100,00", &["100"]),
            ("6,660506", &["6.660506"]),
            ("1.000,50", &["1000.5"]),
            ("1,000.50", &["1000.5"]),
            ("1 000", &["1000"]),
            ("1 000,5", &["1000.5"]),
            ("1'000.5", &["1000.5"]),
            ("1.000", &["1", "1000"]),
            ("1,000", &["1000", "1"]),
            ("0.125", &["0.125"]),
            ("1.000.000", &["1000000"]),
            ("1,00,000", &["100000"]),
            ("-100", &["100"]),
            ("~ 100 USDT", &["100"]),
            ("USDT 12.5", &["12.5"]),
            ("1.2.3", &[]),
            ("1,000,00", &[]),
            ("1e3", &[]),
            ("12 34", &[]),
            ("2 of 3", &[]),
            ("12.5 TK0001", &["12.5"]),
            ("100USDT", &["100"]),
            ("USDT100", &["100"]),
            ("", &[]),
            ("a lot", &[]),
        ];
        for (text, expected) in cases {
            let readings: Vec<String> =
                read(text).readings.iter().map(Decimal::to_string).collect();
            assert_eq!(readings, expected, "{text}");
        }
        assert_eq!(read("12.5 TK0001").unit, "TK0001");
        assert_eq!(read("12.5 USDT").unit, "USDT");
    }

    #[test]
    fn own_money_of_a_state_is_no_number_of_coins() {
        for text in ["$86.60", "86.60 USD", "100 €", "100 euro"] {
            let amount = read(text);
            assert!(amount.is_fiat && amount.readings.is_empty(), "{text}");
        }
        assert!(!read("86.60 USDT").is_fiat);
    }

    #[test]
    fn own_amounts_compare_exactly() {
        let cases = [
            ("100", "100.00", Closeness::Exact),
            ("0.1", "0.1000000000000000001", Closeness::Near),
            ("100", "99.5", Closeness::Near),
            ("99.5", "100", Closeness::Near),
            ("20", "19", Closeness::Gross),
            ("19", "20", Closeness::Differs),
            ("1000", "100", Closeness::Shifted),
            ("12.5", "0.125", Closeness::Shifted),
            ("100", "250", Closeness::Differs),
        ];
        for (stated, arrived, expected) in cases {
            let (left, right) = (
                Decimal::parse(stated).unwrap(),
                Decimal::parse(arrived).unwrap(),
            );
            assert_eq!(compare(left, right), expected, "{stated} {arrived}");
        }
        let wide = Decimal::from_parts(Amount::MAX, 0).unwrap();
        let fine = Decimal::from_parts(Amount::from_u128(1), 77).unwrap();
        assert_eq!(compare(wide, fine), Closeness::Differs);
    }

    proptest::proptest! {
        #[test]
        fn own_any_text_reads_without_a_panic(text in ".{0,40}") {
            let amount = read(&crate::text::clean(&text));
            proptest::prop_assert!(amount.readings.len() <= 2);
        }

        #[test]
        fn own_plain_numbers_read_as_themselves(whole in 0u64..1_000_000, fraction in 1u32..1_000_000) {
            let text = format!("{whole}.{fraction:06}");
            let readings = read(&text).readings;
            proptest::prop_assert_eq!(readings.len(), 1);
            proptest::prop_assert!(equal(readings[0], Decimal::parse(&text).unwrap()));
        }
    }
}
