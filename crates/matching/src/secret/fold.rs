//! A text as a person reads it: compatibility forms plain, invisible characters gone, every character with its place.

use crate::text::is_invisible;
use std::ops::Range;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A text in compatibility form (NFKC of each character), with the way back to its bytes.
pub(super) struct Folded {
    letters: Vec<char>,
    /// The bytes of the text from which each letter comes.
    places: Vec<Range<usize>>,
}

/// A stretch of letters and digits of ASCII.
pub(super) struct Run {
    /// Which letters.
    pub(super) letters: Range<usize>,
    /// They as text.
    pub(super) text: String,
}

pub(super) fn fold(text: &str) -> Folded {
    let mut letters = Vec::with_capacity(text.len());
    let mut places = Vec::with_capacity(text.len());
    for (start, character) in text.char_indices() {
        let place = start..start + character.len_utf8();
        if character.is_ascii() {
            letters.push(character);
            places.push(place);
        } else if !is_invisible(character) {
            for plain in std::iter::once(character).nfkc() {
                letters.push(plain);
                places.push(place.clone());
            }
        }
    }
    Folded { letters, places }
}

impl Folded {
    /// The bytes of the text under a range of letters.
    pub(super) fn bytes(&self, letters: &Range<usize>) -> Range<usize> {
        let start = self.places.get(letters.start);
        let end = letters
            .end
            .checked_sub(1)
            .and_then(|last| self.places.get(last));
        match (start, end) {
            (Some(start), Some(end)) => start.start..end.end,
            _ => 0..0,
        }
    }

    pub(super) fn letters(&self) -> &[char] {
        &self.letters
    }

    /// The stretches of letters and digits.
    pub(super) fn runs(&self) -> Vec<Run> {
        self.stretches(|letter| letter.is_ascii_alphanumeric())
    }

    /// The words, in small letters.
    pub(super) fn words(&self) -> Vec<Run> {
        // Accents that stand for themselves belong to the letter before.
        let mut words =
            self.stretches(|letter| letter.is_alphabetic() || is_combining_mark(letter));
        for word in &mut words {
            word.text = word.text.to_lowercase();
        }
        words
    }

    fn stretches(&self, is_part: impl Fn(char) -> bool) -> Vec<Run> {
        let mut runs = Vec::new();
        let mut start = None;
        for (place, letter) in self.letters.iter().copied().chain([' ']).enumerate() {
            match (start, is_part(letter)) {
                (None, true) => start = Some(place),
                (Some(from), false) => {
                    let text = self.letters.get(from..place).unwrap_or_default();
                    runs.push(Run {
                        letters: from..place,
                        text: text.iter().collect(),
                    });
                    start = None;
                }
                _ => {}
            }
        }
        runs
    }
}
