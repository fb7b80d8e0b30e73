//! Numbers with their marks.

use super::{Reading, Token};
use crate::lexicon;
use crate::rule::Rule;
use recover_core::amount::Amount;
use recover_core::decimal::Decimal;

/// The most tokens of an amount text that are looked at.
const TOKENS_MAX: usize = 48;

/// A text cut into numbers, words and signs. A sign before a number is dropped: it says which way the money went.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if tokens.len() >= TOKENS_MAX {
            break;
        }
        let length = if first.is_ascii_digit() || starts_with_mark(rest) {
            let length = number_length(rest);
            tokens.push(Token::Number(rest.get(..length).unwrap_or_default()));
            length
        } else if first.is_alphabetic() || first == '₮' {
            let length = word_length(rest);
            tokens.push(Token::Word(rest.get(..length).unwrap_or_default()));
            length
        } else {
            if !first.is_whitespace()
                && !matches!(first, '+' | '-' | '=' | ':' | '\'' | '"' | '(' | ')')
            {
                tokens.push(Token::Sign(first));
            }
            first.len_utf8()
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    tokens
}

/// `.5`, `,5`: a number without its zero.
fn starts_with_mark(text: &str) -> bool {
    matches!(text.as_bytes(), [b'.' | b',', digit, ..] if digit.is_ascii_digit())
}

/// A word ends before digits when it is a coin or a currency by itself (`USDT100`), else they are its own (`TK0001`).
fn word_length(text: &str) -> usize {
    let letters = text
        .find(|letter: char| !letter.is_alphabetic() && letter != '₮')
        .unwrap_or(text.len());
    let all = text
        .find(|letter: char| !letter.is_alphanumeric() && letter != '₮')
        .unwrap_or(text.len());
    let word = text.get(..letters).unwrap_or_default();
    let is_unit = crate::asset::is_known(word)
        || lexicon::currency(word).is_some()
        || lexicon::label(word).is_some()
        || lexicon::is_approximate(word);
    // Writing without blanks runs a word into the next number.
    let is_other_script = !word.is_ascii();
    if is_unit || is_other_script {
        letters
    } else {
        all
    }
}

/// The length of a number with its marks; blanks group when threes of digits follow.
fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut place = 0;
    let mut has_fraction = false;
    while let Some(byte) = bytes.get(place) {
        let next_is_digit = bytes.get(place + 1).is_some_and(u8::is_ascii_digit);
        match byte {
            b'0'..=b'9' => place += 1,
            b'.' | b',' => {
                has_fraction = true;
                if next_is_digit {
                    place += 1;
                } else {
                    // `5.`, `100,-`
                    return place;
                }
            }
            b'\'' | b'_' if next_is_digit => place += 1,
            b' ' if !has_fraction
                && is_group(bytes.get(place + 1..).unwrap_or_default())
                && is_short_group(bytes.get(..place).unwrap_or_default()) =>
            {
                place += 1
            }
            b'e' | b'E' => {
                let rest = bytes.get(place + 1..).unwrap_or_default();
                let signed = rest.strip_prefix(b"+").or_else(|| rest.strip_prefix(b"-"));
                let digits = signed.unwrap_or(rest);
                let count = digits
                    .iter()
                    .take_while(|byte| byte.is_ascii_digit())
                    .count();
                let ends = digits
                    .get(count)
                    .is_none_or(|byte| !byte.is_ascii_alphanumeric());
                if (1..=2).contains(&count) && ends {
                    return place + 1 + (rest.len() - digits.len()) + count;
                }
                return place;
            }
            _ => return place,
        }
    }
    place
}

/// Three digits and no fourth.
fn is_group(bytes: &[u8]) -> bool {
    let count = bytes
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    count == 3
}

/// Whether the last digits of a number are few enough to be a group.
fn is_short_group(bytes: &[u8]) -> bool {
    let digits = bytes
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    (1..=3).contains(&digits)
}

/// Every plausible value of a number with its marks.
pub(crate) fn readings(number: &str) -> Vec<Reading> {
    let mut found = Vec::new();
    let mut add = |whole: &str, fraction: &str, rule: Rule| {
        if let Some(value) = decimal(whole, fraction)
            && !value.is_zero()
            && !found.iter().any(|known: &Reading| known.value == value)
        {
            found.push(Reading { value, rule });
        }
    };
    if let Some((mantissa, exponent)) = number.split_once(['e', 'E']) {
        scientific(mantissa, exponent, &mut found);
        return found;
    }
    // Blanks, apostrophes and underscores only ever group.
    let is_blank = |letter: char| matches!(letter, ' ' | '\'' | '_');
    if number.contains(is_blank) {
        let whole = number.split(['.', ',']).next().unwrap_or_default();
        if !is_grouped(whole, is_blank) {
            return found;
        }
        let plain: String = number.chars().filter(|letter| !is_blank(*letter)).collect();
        match plain.split_once(['.', ',']) {
            Some((whole, fraction)) if !fraction.contains(['.', ',']) => {
                add(whole, fraction, Rule::Marks);
            }
            Some(_) => {}
            None => add(&plain, "", Rule::GroupMark),
        }
        return found;
    }
    let points = number.bytes().filter(|byte| *byte == b'.').count();
    let commas = number.bytes().filter(|byte| *byte == b',').count();
    match (points, commas) {
        (0, 0) => add(number, "", Rule::Plain),
        (1, 0) | (0, 1) => {
            let (whole, fraction) = number.split_once(['.', ',']).unwrap_or_default();
            let is_point = points == 1;
            let rule = if is_point {
                Rule::Plain
            } else {
                Rule::DecimalMark
            };
            let may_group =
                is_grouped(number, |letter| matches!(letter, '.' | ',')) && !whole.starts_with('0');
            if !may_group {
                add(whole, fraction, rule);
                return found;
            }
            let joined = format!("{whole}{fraction}");
            // A point is a decimal mark in most appeals, a comma before three digits groups.
            if is_point {
                add(whole, fraction, Rule::DecimalMark);
                add(&joined, "", Rule::GroupMark);
            } else {
                add(&joined, "", Rule::GroupMark);
                add(whole, fraction, Rule::DecimalMark);
            }
        }
        (_, 0) | (0, _) => {
            let mark = if points > 0 { '.' } else { ',' };
            if is_grouped(number, |letter| letter == mark) {
                add(&without(number, mark), "", Rule::GroupMark);
            } else if let Some((whole, fraction)) = number.rsplit_once(mark)
                && fraction.len() != 3
                && is_grouped(whole, |letter| letter == mark)
            {
                // One key for both marks: `1,000,50`.
                add(&without(whole, mark), fraction, Rule::Marks);
            }
        }
        _ => {
            // Both marks: the last one is the decimal mark, and it stands once.
            let place = number.rfind(['.', ',']).unwrap_or_default();
            let (whole, rest) = number.split_at(place);
            let mark = if rest.starts_with('.') { '.' } else { ',' };
            let other = if mark == '.' { ',' } else { '.' };
            if !whole.contains(mark) && is_grouped(whole, |letter| letter == other) {
                add(
                    &without(whole, other),
                    rest.get(1..).unwrap_or_default(),
                    Rule::Marks,
                );
            }
        }
    }
    found
}

fn without(text: &str, mark: char) -> String {
    text.chars().filter(|letter| *letter != mark).collect()
}

/// `1.5e-3`, as spreadsheets write long numbers.
fn scientific(mantissa: &str, exponent: &str, found: &mut Vec<Reading>) {
    let Ok(exponent) = exponent.trim_start_matches('+').parse::<i16>() else {
        return;
    };
    let (whole, fraction) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, ""));
    let Some(value) = decimal(whole, fraction).filter(|value| !value.is_zero()) else {
        return;
    };
    let scale = i16::from(value.scale()) - exponent;
    let lifted = match u8::try_from(scale) {
        Ok(scale) => Decimal::from_parts(value.digits(), scale),
        Err(_) => u8::try_from(-scale)
            .ok()
            .and_then(Amount::power_of_ten)
            .and_then(|lift| value.digits().mul_ratio_floor(lift, Amount::from_u128(1)))
            .and_then(|digits| Decimal::from_parts(digits, 0)),
    };
    if let Some(value) = lifted {
        found.push(Reading {
            value: plain(value),
            rule: Rule::Scientific,
        });
    }
}

/// A decimal of its digits, with no zeros behind the last one that counts: equal numbers are equal.
fn decimal(whole: &str, fraction: &str) -> Option<Decimal> {
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() && fraction.is_empty() || !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    let scale = u8::try_from(fraction.len()).ok()?;
    if whole.len() + fraction.len() <= 18 {
        let digits = whole
            .bytes()
            .chain(fraction.bytes())
            .fold(0u64, |value, digit| value * 10 + u64::from(digit - b'0'));
        return Decimal::from_parts(Amount::from_u128(u128::from(digits)), scale);
    }
    let digits = Amount::from_base_units(&format!("{whole}{fraction}")).ok()?;
    Decimal::from_parts(digits, scale)
}

/// The same number without zeros behind its last digit.
pub(super) fn plain(value: Decimal) -> Decimal {
    let text = value.to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    decimal(whole, fraction).unwrap_or(value)
}

/// Whether pieces can be groups of a large number: one to three digits, then twos and threes (India), the last a three;
/// or fours, as in the Far East.
fn is_grouped(number: &str, is_mark: impl Fn(char) -> bool + Copy) -> bool {
    let count = number.chars().filter(|letter| is_mark(*letter)).count();
    count > 0
        && number.split(is_mark).enumerate().all(|(place, piece)| {
            piece.bytes().all(|byte| byte.is_ascii_digit())
                && match place {
                    0 => (1..=3).contains(&piece.len()),
                    last if last == count => piece.len() == 3,
                    _ => (2..=3).contains(&piece.len()),
                }
        })
}
