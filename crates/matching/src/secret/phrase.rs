//! Recovery phrases: words of a BIP-39 list in a row, in any of its languages.
//!
//! The checksum is not asked: TON's phrases have another one, and a phrase with a word mistyped or two swapped is found by trying.
//! Twelve words of a list of 2,048 do not meet by chance; everyday English is broken up by "the", "of", "to", "is", which
//! are not in it. Chinese is the exception: its list is the everyday letters, so they count when they stand apart, when words
//! before call them a phrase, or when they are all that was said and their checksum holds.

use super::SecretKind;
use super::fold::{Folded, Run};
use super::label;
use super::wordlists::{self, Languages, languages_of};
use crate::text::edits;
use std::collections::BTreeSet;
use std::ops::Range;

/// The fewest words of a phrase.
const WORDS_MIN: usize = 12;

/// Words that are enough right after one that calls them a phrase: the rest can be tried.
const NAMED_WORDS_MIN: usize = 8;

/// How many words a phrase has.
const LENGTHS: [usize; 5] = [12, 15, 18, 21, 24];

/// The phrases of a text, as ranges of its letters.
pub(super) fn phrases(folded: &Folded) -> Vec<(Range<usize>, SecretKind)> {
    // A letter or two is numbering ("a. abandon") or the small change of a sentence, which the list has not: two letters
    // break a phrase, one does not. An ideogram is a word.
    let words: Vec<Run> = folded
        .words()
        .into_iter()
        .filter(|word| word.letters.len() > 1 || !word.text.is_ascii())
        .collect();
    let listed: Vec<Languages> = words.iter().map(|word| languages_of(&word.text)).collect();
    let mut is_secret = vec![false; words.len()];
    for (start, window) in listed.windows(WORDS_MIN).enumerate() {
        let words = words.get(start..start + WORDS_MIN).unwrap_or_default();
        if common(window) != 0 || has_one_typo(words, window) {
            for mark in is_secret.iter_mut().skip(start).take(WORDS_MIN) {
                *mark = true;
            }
        }
    }
    let mut start = 0;
    while start < words.len() {
        let length = row_length(listed.get(start..).unwrap_or_default());
        let row = words.get(start..start + length).unwrap_or_default();
        // The words that name a phrase may be of the list themselves.
        let is_named = row.first().is_some_and(|first| {
            label::names_phrase(folded, first.letters.start)
                || row
                    .iter()
                    .take(3)
                    .any(|word| matches!(word.text.as_str(), "seed" | "phrase"))
        });
        if length >= NAMED_WORDS_MIN && is_named {
            for mark in is_secret.iter_mut().skip(start).take(length) {
                *mark = true;
            }
        }
        start += length.max(1);
    }
    for (word, mark) in words.iter().zip(&mut is_secret) {
        *mark |= is_run_of_ideograms(folded, word, words.len() == 1);
    }
    let mut found: Vec<(Range<usize>, SecretKind)> = Vec::new();
    let mut last_marked = None;
    for (number, word) in words.iter().enumerate() {
        let in_phrase = is_secret.get(number).copied().unwrap_or(false);
        if !in_phrase {
            continue;
        }
        match found.last_mut() {
            Some((place, _)) if last_marked == number.checked_sub(1) => {
                place.end = word.letters.end;
            }
            _ => found.push((word.letters.clone(), SecretKind::RecoveryPhrase)),
        }
        last_marked = Some(number);
    }
    found
}

/// The languages that list all words.
fn common(listed: &[Languages]) -> Languages {
    listed
        .iter()
        .fold(Languages::MAX, |set, languages| set & languages)
}

/// How many words from the first on one language lists.
fn row_length(listed: &[Languages]) -> usize {
    let mut set = Languages::MAX;
    listed
        .iter()
        .take_while(|languages| {
            set &= **languages;
            set != 0
        })
        .count()
}

/// Whether a word is a phrase of ideograms without blanks.
fn is_run_of_ideograms(folded: &Folded, word: &Run, is_alone: bool) -> bool {
    let ideograms = wordlists::ideographic();
    // What names the phrase may run into it: `助记词是…`.
    let letters: Vec<char> = word.text.chars().collect();
    let named = ["助记词", "助記詞"]
        .iter()
        .filter_map(|name| word.text.rfind(name).map(|place| place + name.len()))
        .max();
    let behind = named.and_then(|place| word.text.get(place..));
    let behind = behind.map(|rest| rest.trim_start_matches(['是', '为', '為', '的']));
    let is_listed = |text: &str| {
        let mut buffer = [0; 4];
        text.chars()
            .map(|letter| languages_of(letter.encode_utf8(&mut buffer)))
            .fold(ideograms, |set, languages| set & languages)
            != 0
    };
    if let Some(rest) = behind
        && rest.chars().count() >= NAMED_WORDS_MIN
        && is_listed(rest)
    {
        return true;
    }
    LENGTHS.contains(&letters.len())
        && is_listed(&word.text)
        && (label::names_phrase(folded, word.letters.start)
            || is_alone && wordlists::has_checksum(&word.text))
}

/// Whether all words but one are listed in one language, and that one is nearly: everyday words do not resemble the list and
/// do repeat.
fn has_one_typo(words: &[Run], listed: &[Languages]) -> bool {
    let (Some(first), Some(last)) = (listed.first(), listed.last()) else {
        return false;
    };
    let ends = first & last & !wordlists::ideographic();
    if ends == 0 {
        return false;
    }
    let mut odd = words
        .iter()
        .zip(listed)
        .filter(|(_, languages)| *languages & ends == 0);
    let (Some((odd, _)), None) = (odd.next(), odd.next()) else {
        return false;
    };
    let languages = listed
        .iter()
        .filter(|languages| *languages & ends != 0)
        .fold(ends, |set, languages| set & languages);
    let distinct: BTreeSet<&str> = words.iter().map(|word| word.text.as_str()).collect();
    distinct.len() + 3 >= WORDS_MIN
        && odd.text.len() > 3
        && wordlists::lists(languages)
            .flatten()
            .any(|word| edits(word, &odd.text, 2).is_some())
}
