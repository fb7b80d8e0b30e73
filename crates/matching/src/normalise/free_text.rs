//! The free text: ids anywhere, amounts beside coins, memos behind their label, networks and days where their own fields are
//! empty.

use super::pieces::{bare, is_small};
use super::{Reader, push};
use crate::amount::{self, AmountText};
use crate::asset;
use crate::clue::{Field, Found, Id};
use crate::hosts::Strength;
use crate::lexicon::{self, Label};
use crate::moment;
use crate::rule::Rule;
use crate::text;

/// The most words of a free text that are read.
const WORDS_MAX: usize = 2_000;

impl Reader<'_> {
    pub(super) fn free_text(&mut self, raw: &str) {
        if raw.is_empty() {
            return;
        }
        let cleaned = text::clean(raw);
        let before = self.clues.transactions.len();
        let mut label = None;
        let mut rest: &str = &cleaned;
        let mut previous = "";
        for _ in 0..WORDS_MAX {
            let Some((word, after)) = next_word(rest) else {
                break;
            };
            rest = after;
            if starts_number(word)
                && let Some(length) = self.amount_beside(word, rest, previous, label)
            {
                rest = rest.get(length..).unwrap_or_default();
                label = None;
                previous = "";
                continue;
            }
            let is_labelled_memo = label == Some(Label::Memo);
            let before = self.clues.memos.len();
            let next = self.chunk(Field::FreeText, word, label);
            if is_labelled_memo && self.clues.memos.len() == before && has_digit(word) {
                self.labelled_memo(word);
            }
            // A label holds over small words between: `memo is 123`, `memo: №123`.
            label = match next {
                None if label.is_some() && is_small(word) => label,
                other => other,
            };
            previous = word;
        }
        // An id broken over lines shows as pieces, or as nothing.
        let is_whole = |clue: &Found<Id>| matches!(clue.value, Id::Whole(_));
        let digits = cleaned.bytes().filter(u8::is_ascii_digit).count();
        if digits >= 12
            && !self.clues.transactions.iter().skip(before).any(is_whole)
            && let Some(joined) = super::pieces::whole_when_joined(cleaned.trim())
        {
            self.pieces(Field::FreeText, &joined);
        }
        if self.clues.networks.is_empty() {
            self.network_in_text(&cleaned);
        }
        if self.clues.times.is_empty() {
            self.time_in_text(&cleaned);
        }
    }

    /// A number with its coin or currency beside it; how much of the text behind the word belongs to it.
    fn amount_beside(
        &mut self,
        word: &str,
        after: &str,
        previous: &str,
        label: Option<Label>,
    ) -> Option<usize> {
        if word.len() > 40
            || matches!(
                label,
                Some(Label::Memo | Label::Transaction | Label::Address)
            )
        {
            return None;
        }
        let number = bare(word);
        if !is_one_number(number) {
            return None;
        }
        // `500USDT`, `$500`, `500$`, `500`: the unit inside, else behind, else before.
        let inside = amount::read(number);
        if !inside.fiat.is_empty() {
            // `$500 worth of …`, also dollars of a dollar coin: `500$ USDT` stays dollars.
            self.beside(inside);
            return Some(0);
        }
        if inside.readings.is_empty() {
            return None;
        }
        if !inside.unit.is_empty() {
            if self.is_coin(&inside.unit) {
                self.beside(inside);
                return Some(0);
            }
            return None;
        }
        // Groups behind blanks: `1 000 USDT`.
        let mut end = 0;
        let mut text = number.to_owned();
        let mut rest = after;
        let ends_sentence =
            word.ends_with([',', ';', '!', '?']) || word.ends_with('.') && word.len() > 1;
        while !ends_sentence
            && let Some((next, further)) = next_word(rest)
            && is_group(next)
            && text
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b' ')
        {
            text.push(' ');
            text.push_str(next);
            end = after.len() - further.len();
            rest = further;
        }
        let mut next = next_word(rest);
        // `5 k USDT`
        if let Some((unit, further)) = next
            && lexicon::multiplier(bare(unit)).is_some()
            && !self.is_coin(bare(unit))
        {
            text.push_str(bare(unit));
            next = next_word(further);
        }
        if let Some((unit, further)) = next {
            let unit = unit_word(unit);
            let is_money = lexicon::currency(unit).is_some() && !self.is_coin(unit);
            if is_money || lexicon::base_unit(unit).is_some() || self.is_coin(unit) {
                let length = after.len() - further.len();
                if text == number && self.is_coin(unit) {
                    let mut inside = inside;
                    unit.clone_into(&mut inside.unit);
                    self.beside(inside);
                    return Some(length);
                }
                self.beside(amount::read(&format!("{text} {unit}")));
                return Some(length);
            }
        }
        let unit = unit_word(previous);
        if self.is_coin(unit) && !previous.ends_with(['.', ',', ';']) {
            let mut amount = amount::read(&text);
            if amount.readings.is_empty() {
                return None;
            }
            unit.clone_into(&mut amount.unit);
            self.beside(amount);
            return Some(end);
        }
        if label == Some(Label::Amount) {
            let amount = amount::read(&text);
            for reading in amount.readings {
                push(
                    &mut self.clues.amounts,
                    reading.value,
                    Field::FreeText,
                    Rule::Labelled,
                );
            }
            return Some(end);
        }
        None
    }

    fn beside(&mut self, mut amount: AmountText) {
        if !amount.unit.is_empty() && self.clues.assets.is_empty() {
            let unit = std::mem::take(&mut amount.unit);
            self.asset(Field::FreeText, &unit);
        }
        for reading in &mut amount.readings {
            if reading.rule == Rule::Plain {
                reading.rule = Rule::BesideCoin;
            }
        }
        self.stated(Field::FreeText, amount);
    }

    /// Whether a word beside a number is a coin: a known ticker, the coin of the form, or letters in capitals.
    fn is_coin(&self, word: &str) -> bool {
        if !(2..=24).contains(&word.len()) {
            return false;
        }
        if asset::is_known(word) {
            return true;
        }
        let is_plain = word.len() <= 10 && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let has_letter = word.bytes().any(|byte| byte.is_ascii_alphabetic());
        let is_capital = !word.bytes().any(|byte| byte.is_ascii_lowercase());
        if is_plain && has_letter && is_capital && lexicon::currency(word).is_none() {
            return lexicon::label(word).is_none() && lexicon::multiplier(word).is_none();
        }
        let is_stated = |clue: &crate::clue::Found<String>| clue.value.eq_ignore_ascii_case(word);
        is_plain && has_letter && self.clues.assets.iter().any(is_stated)
    }

    /// A memo of letters and digits behind its label.
    fn labelled_memo(&mut self, word: &str) {
        let word = bare(word).trim_start_matches(['#', '№', ':', '=']);
        let is_plain = (3..=64).contains(&word.len())
            && word
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if is_plain {
            push(
                &mut self.clues.memos,
                word.to_ascii_lowercase(),
                Field::FreeText,
                Rule::Labelled,
            );
        }
    }

    /// A network named in a sentence: by a standard or several words, or by any name behind a word for networks.
    fn network_in_text(&mut self, cleaned: &str) {
        if cleaned.len() > 2_000 {
            return;
        }
        let mut found = self.words.named_inside(cleaned);
        found.retain(|named| {
            named.strength == Strength::Strong
                || named.strength == Strength::Name && named.rule != Rule::WalletApp
        });
        for named in found.into_iter().take(2) {
            self.named(named, Field::FreeText);
        }
    }

    /// A day or a time in a sentence.
    fn time_in_text(&mut self, cleaned: &str) {
        let words: Vec<&str> = cleaned.split_whitespace().take(200).collect();
        for (place, word) in words.iter().enumerate() {
            let word = bare(word);
            let is_date = word.len() >= 8
                && word.starts_with(|letter: char| letter.is_ascii_digit())
                && word.matches(['-', '/', '.']).count() >= 2
                && word.len() <= 25;
            let is_relative = moment::is_relative_word(word);
            if !is_date && !is_relative {
                continue;
            }
            // The longest stretch that reads, with a clock and a zone behind.
            let from = if is_relative {
                place.saturating_sub(2)
            } else {
                place
            };
            for from in from..=place {
                for count in (1..=4).rev() {
                    let Some(stretch) = words
                        .get(from..from + count)
                        .filter(|_| from + count > place)
                    else {
                        continue;
                    };
                    let stretch = stretch.join(" ");
                    let readings = moment::read(bare(&stretch), self.asked);
                    if !readings.is_empty() {
                        for reading in readings {
                            push(
                                &mut self.clues.times,
                                reading.window,
                                Field::FreeText,
                                reading.rule,
                            );
                        }
                        return;
                    }
                }
            }
        }
    }
}

/// The next word and what stands behind it.
fn next_word(text: &str) -> Option<(&str, &str)> {
    let start = text.find(|letter: char| !letter.is_whitespace())?;
    let text = text.get(start..)?;
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    Some(text.split_at(end))
}

fn starts_number(word: &str) -> bool {
    let first = word
        .chars()
        .find(|letter| !matches!(letter, '(' | '+' | '-' | '~' | '≈' | '"' | '\''));
    first.is_some_and(|first| {
        first.is_ascii_digit()
            || lexicon::currency_sign(first).is_some()
            || first == '.'
            || first == ','
    }) && has_digit(word)
        || word.len() > 3
            && has_digit(word)
            && word.ends_with(|letter: char| letter.is_ascii_digit())
            && word.len() <= 16
            && starts_coin(word)
}

/// `USDT100`
fn starts_coin(word: &str) -> bool {
    let letters = word.bytes().take_while(u8::is_ascii_alphabetic).count();
    (3..=5).contains(&letters) && asset::is_known(word.get(..letters).unwrap_or_default())
}

/// One number with its marks, letters or a sign before or behind it, and nothing that an id or a date has.
fn is_one_number(word: &str) -> bool {
    let is_digit = |byte: &u8| byte.is_ascii_digit();
    let bytes = word.as_bytes();
    let (Some(first), Some(last)) = (
        bytes.iter().position(is_digit),
        bytes.iter().rposition(is_digit),
    ) else {
        return false;
    };
    let middle = bytes.get(first..=last).unwrap_or_default();
    let is_number = middle
        .iter()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b',' | b'\'' | b'_'));
    let has_run = middle
        .windows(2)
        .any(|pair| pair.iter().all(|byte| !byte.is_ascii_digit()));
    let behind = bytes.get(last + 1..).unwrap_or_default();
    is_number
        && !has_run
        && first <= 8
        && behind.len() <= 16
        && !behind.starts_with(b"..")
        && !behind.starts_with(b"**")
}

fn has_digit(word: &str) -> bool {
    word.bytes().any(|byte| byte.is_ascii_digit())
}

/// Three digits, perhaps with a fraction behind.
fn is_group(word: &str) -> bool {
    let whole = word.split([',', '.']).next().unwrap_or_default();
    whole.len() == 3
        && whole.bytes().all(|byte| byte.is_ascii_digit())
        && word
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b',' | b'.'))
}

/// The letters of a unit without the signs around it.
fn unit_word(word: &str) -> &str {
    word.trim_matches(|letter: char| !letter.is_alphanumeric() && letter != '₮')
}
