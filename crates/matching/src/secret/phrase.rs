//! Recovery phrases: words of the English BIP-39 list in a row.
//!
//! The checksum is not asked: TON's phrases have another one, and a phrase with a word mistyped or two swapped is found by trying.
//! Twelve words of a list of 2,048 do not meet by chance; everyday English is broken up by "the", "of", "to", "is", which
//! are not in it.

use super::SecretKind;
use super::fold::{Folded, Run};
use super::label;
use crate::text::edits;
use bip39::Language;
use std::collections::BTreeSet;
use std::ops::Range;

/// The fewest words of a phrase.
const WORDS_MIN: usize = 12;

/// Words that are enough right after one that calls them a phrase: the rest can be tried.
const NAMED_WORDS_MIN: usize = 8;

/// The phrases of a text, as ranges of its letters.
pub(super) fn phrases(folded: &Folded) -> Vec<(Range<usize>, SecretKind)> {
    // A letter or two is numbering ("a. abandon") or the small change of a sentence, which the list has not: two letters
    // break a phrase, one does not.
    let words: Vec<Run> = folded
        .words()
        .into_iter()
        .filter(|word| word.letters.len() > 1)
        .collect();
    let is_listed: Vec<bool> = words.iter().map(|word| is_listed(&word.text)).collect();
    let mut is_secret = vec![false; words.len()];
    for (start, window) in is_listed.windows(WORDS_MIN).enumerate() {
        let words = words.get(start..start + WORDS_MIN).unwrap_or_default();
        if window.iter().all(|listed| *listed) || has_one_typo(words, window) {
            for mark in is_secret.iter_mut().skip(start).take(WORDS_MIN) {
                *mark = true;
            }
        }
    }
    let mut start = 0;
    while start < words.len() {
        let length = is_listed
            .iter()
            .skip(start)
            .take_while(|listed| **listed)
            .count();
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

/// Whether all words but one are listed, and that one is nearly: everyday words do not resemble the list and do repeat.
fn has_one_typo(words: &[Run], is_listed: &[bool]) -> bool {
    let mut odd = words
        .iter()
        .zip(is_listed)
        .filter(|(_, listed)| !**listed)
        .map(|(word, _)| word.text.as_str());
    let (Some(odd), None) = (odd.next(), odd.next()) else {
        return false;
    };
    let distinct: BTreeSet<&str> = words.iter().map(|word| word.text.as_str()).collect();
    is_listed.first() == Some(&true)
        && is_listed.last() == Some(&true)
        && distinct.len() + 3 >= WORDS_MIN
        && odd.len() > 3
        && Language::English
            .word_list()
            .iter()
            .any(|word| edits(word, odd, 2).is_some())
}

fn is_listed(word: &str) -> bool {
    // The English list is in the order of its bytes.
    Language::English.word_list().binary_search(&word).is_ok()
}
