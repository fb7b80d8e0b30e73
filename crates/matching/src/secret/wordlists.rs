//! The word lists of BIP-39, all ten languages in one table.

use crate::lexicon::Fnv;
use bip39::Language;
use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::LazyLock;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A set of languages, one bit each in the order of [`Language::ALL`].
pub(super) type Languages = u16;

/// Keys are folded words: small letters without accents, as people type them.
static TABLE: LazyLock<HashMap<Box<str>, Languages, BuildHasherDefault<Fnv>>> =
    LazyLock::new(|| {
        let mut table: HashMap<Box<str>, Languages, BuildHasherDefault<Fnv>> = HashMap::default();
        for (bit, language) in Language::ALL.iter().enumerate() {
            for word in language.word_list() {
                *table.entry(key(word).into()).or_default() |= 1 << bit;
            }
        }
        table
    });

/// A word without accents and voicing marks: lists spell them in two ways and people leave them out.
fn key(word: &str) -> Cow<'_, str> {
    if word.is_ascii() {
        return Cow::Borrowed(word);
    }
    Cow::Owned(
        word.nfkd()
            .filter(|letter| !is_combining_mark(*letter))
            .collect(),
    )
}

/// The languages whose list has a word of small letters.
pub(super) fn languages_of(word: &str) -> Languages {
    TABLE.get(key(word).as_ref()).copied().unwrap_or_default()
}

/// The languages written in ideograms, whose words are one letter each.
pub(super) fn ideographic() -> Languages {
    Language::ALL
        .iter()
        .enumerate()
        .filter(|(_, language)| is_ideographic(**language))
        .fold(0, |set, (bit, _)| set | 1 << bit)
}

fn is_ideographic(language: Language) -> bool {
    matches!(
        language,
        Language::SimplifiedChinese | Language::TraditionalChinese
    )
}

/// The lists of a set of languages.
pub(super) fn lists(languages: Languages) -> impl Iterator<Item = &'static [&'static str; 2048]> {
    Language::ALL
        .iter()
        .enumerate()
        .filter(move |(bit, _)| languages >> bit & 1 == 1)
        .map(|(_, language)| language.word_list())
}

/// Whether a run of ideograms is a phrase by its own checksum.
pub(super) fn has_checksum(ideograms: &str) -> bool {
    let spaced: Vec<String> = ideograms.chars().map(String::from).collect();
    let spaced = spaced.join(" ");
    Language::ALL
        .iter()
        .filter(|language| is_ideographic(**language))
        .any(|language| bip39::Mnemonic::parse_in_normalized(*language, &spaced).is_ok())
}
