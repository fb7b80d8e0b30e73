//! Amounts as people type them: every plausible reading, exact.

mod number;

use crate::clue::Fiat;
use crate::lexicon;
use crate::rule::Rule;
use recover_core::amount::Amount;
use recover_core::decimal::Decimal;

pub(crate) use number::readings;

/// One value that an amount text may mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// How many coins.
    pub value: Decimal,
    /// How it was read.
    pub rule: Rule,
}

/// What an amount text may mean.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AmountText {
    /// The readings, the likeliest first; empty when it is no number of coins.
    pub readings: Vec<Reading>,
    /// Letters beside the number (`USDT`); empty when there are none.
    pub unit: String,
    /// Values in the money of a state. `USD` beside a number says what it was worth, not how many coins.
    pub fiat: Vec<Fiat>,
}

/// The most numbers that one amount text may hold.
const NUMBERS_MAX: usize = 4;

/// Reads an amount. `1.000,50` and `1,000.50` have one meaning each; `1.000` may be one or a thousand, so both come out.
/// A shifted point is a mistake and no reading. The text is expected clean ([`crate::text::clean`]).
#[must_use]
pub fn read(text: &str) -> AmountText {
    let mut amount = AmountText::default();
    let trimmed = text.trim();
    // Most are a plain number.
    if trimmed
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','))
    {
        amount.readings = readings(trimmed);
        return amount;
    }
    let tokens = number::tokens(trimmed);
    let count = tokens
        .iter()
        .filter(|token| matches!(token, Token::Number(_)))
        .count();
    if count == 0 || count > NUMBERS_MAX {
        return amount;
    }
    let mut is_approximate = false;
    let mut is_first = true;
    let mut place = 0;
    // What stood before a number and belongs to none yet: `USDT 100`, `$100`.
    let mut before: Option<Unit<'_>> = None;
    while let Some(token) = tokens.get(place) {
        place += 1;
        match token {
            Token::Word(word) => {
                if lexicon::is_approximate(word) {
                    is_approximate = true;
                } else if let Some(unit) = unit_of(word) {
                    before = Some(unit);
                }
            }
            Token::Sign(sign) => {
                if let Some(currency) = lexicon::currency_sign(*sign) {
                    before = Some(Unit::Currency(currency));
                } else if matches!(sign, '~' | '≈') {
                    is_approximate = true;
                } else if *sign == '%' {
                    before = None;
                }
            }
            Token::Number(text) => {
                let mut values = readings(text);
                let mut unit = before.take();
                let mut is_share = false;
                // What follows: a multiplier, a unit, a sign.
                loop {
                    match tokens.get(place) {
                        Some(Token::Sign('%')) => {
                            is_share = true;
                            place += 1;
                        }
                        Some(Token::Sign(sign)) if lexicon::currency_sign(*sign).is_some() => {
                            // `100 $ 200`: the sign belongs to the first; `€100 $200` has its own before each.
                            if unit.is_none() {
                                unit = lexicon::currency_sign(*sign).map(Unit::Currency);
                                place += 1;
                            } else {
                                break;
                            }
                        }
                        Some(Token::Word(word)) => {
                            let is_last_unit = matches!(unit, Some(Unit::Coin(_) | Unit::Base(..)));
                            if let Some(power) = lexicon::multiplier(word)
                                && !is_last_unit
                                && !is_ticker(word)
                            {
                                values = multiplied(&values, power);
                            } else if lexicon::is_approximate(word) {
                                is_approximate = true;
                            } else if let Some(found) = unit_of(word)
                                && (unit.is_none()
                                    || matches!(
                                        (unit, found),
                                        (Some(Unit::Currency("USD")), Unit::Currency("USD"))
                                    ))
                            {
                                unit = Some(found);
                            } else {
                                break;
                            }
                            place += 1;
                        }
                        _ => break,
                    }
                }
                if is_share {
                    continue;
                }
                amount.take(values, unit, count > 1 && !is_first, is_approximate);
                is_first = false;
            }
        }
    }
    amount
}

/// A piece of an amount text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// A number with its marks, perhaps grouped by blanks.
    Number(&'a str),
    /// Letters, perhaps with digits behind them (`TK0001`).
    Word(&'a str),
    /// Another sign.
    Sign(char),
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit<'a> {
    Coin(&'a str),
    Currency(&'static str),
    /// A coin's smallest unit, with the coin's decimals.
    Base(&'static str, u8),
}

/// Words that stand beside amounts and count nothing.
const IDLE: &[&str] = &[
    "of",
    "in",
    "worth",
    "only",
    "total",
    "the",
    "and",
    "or",
    "to",
    "net",
    "gross",
    "fee",
    "after",
    "before",
    "minus",
    "plus",
    "with",
    "coins",
    "coin",
    "tokens",
    "token",
    "sent",
    "received",
    "equivalent",
    "equal",
    "equals",
    "is",
    "was",
    "on",
    "from",
    "via",
    "i",
    "my",
    "amount",
    "value",
    "по",
    "на",
    "в",
    "и",
    "или",
    "комиссия",
    "de",
    "en",
    "y",
    "e",
    "et",
    "und",
    "in",
    "для",
    "a",
    "an",
    "less",
    "incl",
    "including",
    "without",
    "excluding",
    "fees",
];

fn unit_of(word: &str) -> Option<Unit<'_>> {
    let is_idle = IDLE.iter().any(|idle| word.eq_ignore_ascii_case(idle));
    if is_idle {
        return None;
    }
    if let Some(currency) = lexicon::currency(word) {
        return Some(Unit::Currency(currency));
    }
    if let Some((coin, decimals)) = lexicon::base_unit(word) {
        return Some(Unit::Base(coin, decimals));
    }
    (word.len() <= 40).then_some(Unit::Coin(word))
}

/// Whether a word that may multiply is a coin's ticker in capitals after all: none of them is.
fn is_ticker(word: &str) -> bool {
    word.len() > 1 && crate::asset::is_known(word)
}

fn multiplied(values: &[Reading], power: u8) -> Vec<Reading> {
    values
        .iter()
        // A multiplied number is written short: its mark is a decimal mark.
        .filter(|reading| values.len() == 1 || reading.rule != Rule::GroupMark)
        .filter_map(|reading| {
            let lifted = Amount::power_of_ten(power).and_then(|lift| {
                reading
                    .value
                    .digits()
                    .mul_ratio_floor(lift, Amount::from_u128(1))
            })?;
            Some(Reading {
                value: number::plain(Decimal::from_parts(lifted, reading.value.scale())?),
                rule: Rule::Multiplied,
            })
        })
        .collect()
}

impl AmountText {
    fn take(
        &mut self,
        values: Vec<Reading>,
        unit: Option<Unit<'_>>,
        is_further: bool,
        is_approximate: bool,
    ) {
        for mut reading in values {
            match unit {
                Some(Unit::Currency(currency)) => {
                    let fiat = Fiat {
                        value: reading.value,
                        currency,
                    };
                    if !self.fiat.contains(&fiat) {
                        self.fiat.push(fiat);
                    }
                    continue;
                }
                Some(Unit::Base(coin, decimals)) => {
                    let scale = reading.value.scale().checked_add(decimals);
                    let Some(value) =
                        scale.and_then(|scale| Decimal::from_parts(reading.value.digits(), scale))
                    else {
                        continue;
                    };
                    reading = Reading {
                        value: number::plain(value),
                        rule: Rule::BaseUnit,
                    };
                    if self.unit.is_empty() {
                        coin.clone_into(&mut self.unit);
                    }
                }
                Some(Unit::Coin(word)) if self.unit.is_empty() => {
                    word.clone_into(&mut self.unit);
                }
                _ => {}
            }
            if is_further {
                reading.rule = Rule::Several;
            } else if is_approximate && reading.rule == Rule::Plain {
                reading.rule = Rule::Approximate;
            }
            if !self
                .readings
                .iter()
                .any(|known| known.value == reading.value)
            {
                self.readings.push(reading);
            }
        }
    }
}

/// Whether two decimals are the same number, whatever their scales.
#[must_use]
pub fn equal(left: Decimal, right: Decimal) -> bool {
    if left.scale() == right.scale() {
        return left.digits() == right.digits();
    }
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
    // Nearly all fit 128 bits, where this costs a tenth.
    let small = |value: Decimal| {
        let power = 10u128.checked_pow(u32::from(scale - value.scale()))?;
        value.digits().to_u128()?.checked_mul(power)
    };
    if let Some((left, right)) = small(left).zip(small(right)) {
        return Some((Amount::from_u128(left), Amount::from_u128(right)));
    }
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
        let cases: &[(&str, &[&str])] = &[
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
            ("1,000,00", &["1000"]),
            ("1,000,50", &["1000.5"]),
            ("1e3", &["1000"]),
            ("1.5E-3", &["0.0015"]),
            ("4,65E+3", &["4650"]),
            ("12 34", &["12", "34"]),
            ("sent 100, got 99", &["100", "99"]),
            ("1 000 000.25", &["1000000.25"]),
            ("12,34,567.50", &["1234567.5"]),
            ("100,-", &["100"]),
            ("(100)", &["100"]),
            ("'100", &["100"]),
            ("1.5k", &["1500"]),
            ("2,5 тыс", &["2500"]),
            ("3万", &["30000"]),
            ("1.5M USDT", &["1500000"]),
            ("approx. 100", &["100"]),
            ("около 100 USDT", &["100"]),
            ("大约100个USDT", &["100"]),
            ("150000 sats", &["0.0015"]),
            ("5000000 drops", &["5"]),
            ("1%", &[]),
            ("0.000000000000000001", &["0.000000000000000001"]),
            ("100.00", &["100"]),
            ("12.5 TK0001", &["12.5"]),
            ("100USDT", &["100"]),
            ("USDT100", &["100"]),
            ("", &[]),
            ("a lot", &[]),
        ];
        for (text, expected) in cases {
            let readings: Vec<String> = read(text)
                .readings
                .iter()
                .map(|reading| reading.value.to_string())
                .collect();
            assert_eq!(&readings, expected, "{text}");
        }
        assert_eq!(read("12.5 TK0001").unit, "TK0001");
        assert_eq!(read("12.5 USDT").unit, "USDT");
    }

    #[test]
    fn own_money_of_a_state_is_no_number_of_coins() {
        for (text, value, currency) in [
            ("$86.60", "86.6", "USD"),
            ("86.60 USD", "86.6", "USD"),
            ("US$ 86.60", "86.6", "USD"),
            ("100 €", "100", "EUR"),
            ("100 euro", "100", "EUR"),
            ("500 usd worth", "500", "USD"),
            ("1.000,50 €", "1000.5", "EUR"),
            ("5000 руб", "5000", "RUB"),
            ("100美元", "100", "USD"),
            ("₺1.500,25", "1500.25", "TRY"),
        ] {
            let amount = read(text);
            assert!(amount.readings.is_empty(), "{text}");
            let fiat = amount.fiat.first().unwrap();
            assert_eq!(
                (fiat.value.to_string().as_str(), fiat.currency),
                (value, currency),
                "{text}"
            );
        }
        assert!(read("86.60 USDT").fiat.is_empty());
        let both = read("0.01 BTC ($950)");
        assert_eq!(both.readings.len(), 1);
        assert_eq!(both.unit, "BTC");
        assert_eq!(both.fiat.len(), 1);
    }

    #[test]
    fn own_an_amount_says_how_it_was_read() {
        for (text, rules) in [
            ("100", &[Rule::Plain][..]),
            ("1.000", &[Rule::DecimalMark, Rule::GroupMark]),
            ("1,5", &[Rule::DecimalMark]),
            ("1.000,50", &[Rule::Marks]),
            ("about 100", &[Rule::Approximate]),
            ("1.5k", &[Rule::Multiplied]),
            ("100 (99 after fee)", &[Rule::Plain, Rule::Several]),
        ] {
            let found: Vec<Rule> = read(text)
                .readings
                .iter()
                .map(|reading| reading.rule)
                .collect();
            assert_eq!(found, rules, "{text}");
        }
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
            proptest::prop_assert!(amount.readings.len() <= 2 * NUMBERS_MAX);
        }

        #[test]
        fn own_plain_numbers_read_as_themselves(whole in 0u64..1_000_000, fraction in 1u32..1_000_000) {
            let text = format!("{whole}.{fraction:06}");
            let readings = read(&text).readings;
            proptest::prop_assert_eq!(readings.len(), 1);
            proptest::prop_assert!(equal(readings[0].value, Decimal::parse(&text).unwrap()));
        }
    }
}
