//! Cleaning of pasted text: one shape for what looks the same to the person who typed it.

use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;

/// The most characters of one field that are read; free text past it is no description of a payment.
pub(crate) const TEXT_CHARS_MAX: usize = 20_000;

/// The zeros of the digit sets that keyboards write, apart from those that NFKC already maps; in ascending order.
const ZEROS: [char; 36] = [
    '\u{0660}',
    '\u{06f0}',
    '\u{07c0}',
    '\u{0966}',
    '\u{09e6}',
    '\u{0a66}',
    '\u{0ae6}',
    '\u{0b66}',
    '\u{0be6}',
    '\u{0c66}',
    '\u{0ce6}',
    '\u{0d66}',
    '\u{0de6}',
    '\u{0e50}',
    '\u{0ed0}',
    '\u{0f20}',
    '\u{1040}',
    '\u{1090}',
    '\u{17e0}',
    '\u{1810}',
    '\u{1946}',
    '\u{19d0}',
    '\u{1a80}',
    '\u{1a90}',
    '\u{1b50}',
    '\u{1bb0}',
    '\u{1c40}',
    '\u{1c50}',
    '\u{a620}',
    '\u{a8d0}',
    '\u{a900}',
    '\u{a9d0}',
    '\u{a9f0}',
    '\u{aa50}',
    '\u{abf0}',
    '\u{104a0}',
];

/// The text in compatibility form (NFKC), with ASCII digits, without characters that have no width or turn the direction of
/// writing. An ellipsis becomes three dots, full-width letters become plain ones. What is clean comes back as it is.
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~' | b'\n' | b'\t');
    if text.len() <= TEXT_CHARS_MAX && (text.bytes().all(is_plain) || text.chars().all(is_settled))
    {
        return Cow::Borrowed(text);
    }
    // Composition may bring out what is mapped in turn, so the mapping is last; it makes nothing that composes.
    let mut cleaned = String::with_capacity(text.len());
    let shown = text
        .chars()
        .take(TEXT_CHARS_MAX)
        .filter(|character| !is_invisible(*character))
        .nfkc()
        .filter(|character| !is_invisible(*character));
    for character in shown {
        match character {
            '\u{22ee}' | '\u{22ef}' => cleaned.push_str("..."),
            _ => cleaned.push(plain(character)),
        }
    }
    Cow::Owned(cleaned)
}

/// Whether a character stays as it is beside any other of these: letters that are whole in themselves.
fn is_settled(character: char) -> bool {
    matches!(
        character,
        ' '..='~'
            | '\n'
            | '\t'
            // Latin with accents, without the letters that stand for two.
            | 'À'..='Ö'
            | 'Ø'..='ö'
            | 'ø'..='ı'
            | 'Ĵ'..='ľ'
            | 'Ł'..='ň'
            | 'Ŋ'..='ž'
            | 'Ơ'
            | 'ơ'
            | 'Ư'
            | 'ư'
            | 'Ạ'..='ỹ'
            // Greek is left out: it has letters in other shapes.
            | 'Ѐ'..='\u{0482}'
            | '\u{048a}'..='\u{052f}'
            // Arabic letters.
            | '\u{0620}'..='\u{063f}'
            | '\u{0641}'..='\u{064a}'
            // Hiragana and Katakana without their voicing marks, ideograms, Hangul.
            | '\u{3041}'..='\u{3096}'
            | '\u{30a1}'..='\u{30fa}'
            | '\u{4e00}'..='\u{9fff}'
            | '\u{ac00}'..='\u{d7a3}'
    )
}

/// Whether a letter is of a script that is written without blanks between words.
pub(crate) fn is_unspaced(letter: char) -> bool {
    matches!(letter, '\u{0e00}'..='\u{0eff}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}')
}

fn plain(character: char) -> char {
    if character.is_ascii() {
        return match character {
            '\n' | '\t' => character,
            _ if character.is_control() => ' ',
            _ => character,
        };
    }
    match character {
        // Arabic decimal and thousands separators.
        '\u{066b}' | '\u{3002}' | '\u{00b7}' | '\u{30fb}' => '.',
        '\u{066c}' | '\u{060c}' | '\u{3001}' => ',',
        '\u{061b}' => ';',
        '\u{2018}' | '\u{2019}' | '\u{02bc}' | '\u{00b4}' => '\'',
        '\u{201c}'..='\u{201f}' | '\u{00ab}' | '\u{00bb}' | '\u{300c}'..='\u{300f}' => '"',
        '\u{3010}' | '\u{3014}' | '\u{3008}' | '\u{300a}' => '(',
        '\u{3011}' | '\u{3015}' | '\u{3009}' | '\u{300b}' => ')',
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30fc}' => '-',
        '\u{2022}' | '\u{2217}' | '\u{00d7}' | '\u{25cf}' => '*',
        '\u{2236}' | '\u{a789}' => ':',
        '\u{2192}' | '\u{2190}' => ' ',
        _ if character.is_whitespace() || character.is_control() => ' ',
        _ => digit(character).unwrap_or(character),
    }
}

fn digit(character: char) -> Option<char> {
    if character < '\u{0660}' {
        return None;
    }
    let place = ZEROS.partition_point(|zero| *zero <= character);
    let zero = ZEROS.get(place.checked_sub(1)?)?;
    char::from_digit(u32::from(character) - u32::from(*zero), 10)
}

pub(crate) fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{00ad}'
            | '\u{034f}'
            | '\u{061c}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{17b4}'
            | '\u{17b5}'
            | '\u{180b}'..='\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2064}'
            | '\u{2066}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// The Latin letter that a letter of another script is mistaken for; other characters as they are.
fn look_alike(character: char) -> char {
    match character {
        'а' | 'α' | 'ɑ' => 'a',
        'А' | 'Α' => 'A',
        'В' | 'Β' => 'B',
        'Ь' => 'b',
        'с' | 'ϲ' => 'c',
        'С' | 'Ϲ' => 'C',
        'ԁ' => 'd',
        'е' | 'ε' => 'e',
        'Е' | 'Ε' => 'E',
        'ɡ' => 'g',
        'Н' | 'Η' => 'H',
        'һ' => 'h',
        'І' | 'Ι' | 'Ӏ' => 'I',
        'і' | 'ı' | 'ι' => 'i',
        'Ј' => 'J',
        'ј' => 'j',
        'К' | 'Κ' => 'K',
        'к' | 'κ' => 'k',
        'М' | 'Μ' => 'M',
        'м' => 'm',
        'Ν' => 'N',
        'о' | 'ο' | 'σ' => 'o',
        'О' | 'Ο' => 'O',
        'р' | 'ρ' => 'p',
        'Р' | 'Ρ' => 'P',
        'ԛ' => 'q',
        'ѕ' => 's',
        'Ѕ' => 'S',
        'Т' | 'Τ' => 'T',
        'т' | 'τ' => 't',
        'υ' => 'u',
        'ν' | 'ѵ' => 'v',
        'ԝ' => 'w',
        'Х' | 'Χ' => 'X',
        'х' | 'χ' => 'x',
        'у' | 'γ' => 'y',
        'У' | 'Υ' | 'Ү' => 'Y',
        'Ζ' => 'Z',
        'З' => '3',
        'б' => '6',
        other => other,
    }
}

/// A word with look-alike letters replaced, when it mixes them with Latin letters or digits; `None` for words of one script.
pub(crate) fn latin(word: &str) -> Option<String> {
    if word.is_ascii() {
        return None;
    }
    let is_mixed = word
        .chars()
        .any(|character| character.is_ascii_alphanumeric());
    (is_mixed && has_look_alikes(word)).then(|| word.chars().map(look_alike).collect())
}

/// A word of another script in which every letter looks like a Latin one (`АТОМ`); `None` for other words.
pub(crate) fn all_latin(word: &str) -> Option<String> {
    if word.is_ascii() || !has_look_alikes(word) {
        return None;
    }
    let latin: String = word.chars().map(look_alike).collect();
    latin.is_ascii().then_some(latin)
}

fn has_look_alikes(word: &str) -> bool {
    word.chars()
        .any(|character| look_alike(character) != character)
}

/// Up to 64 bytes of a text folded for looking words up: small letters and digits only, as
/// [`recover_core::names::fold`] has it.
#[derive(Clone, Copy)]
pub(crate) struct Folded {
    bytes: [u8; Self::BYTES_MAX],
    length: usize,
}

impl Folded {
    const BYTES_MAX: usize = 64;

    /// `None` when nothing is left or too much.
    pub(crate) fn new(text: &str) -> Option<Self> {
        if text.len() > Self::BYTES_MAX * 2 {
            return None;
        }
        let mut folded = Self {
            bytes: [0; Self::BYTES_MAX],
            length: 0,
        };
        if text.is_ascii() {
            for byte in text.bytes().filter(u8::is_ascii_alphanumeric) {
                *folded.bytes.get_mut(folded.length)? = byte.to_ascii_lowercase();
                folded.length += 1;
            }
        } else {
            for character in text.chars().flat_map(char::to_lowercase) {
                if character.is_alphanumeric() {
                    let mut buffer = [0; 4];
                    for byte in character.encode_utf8(&mut buffer).bytes() {
                        *folded.bytes.get_mut(folded.length)? = byte;
                        folded.length += 1;
                    }
                }
            }
        }
        (folded.length > 0).then_some(folded)
    }

    pub(crate) fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..self.length).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}

/// How many single-character changes turn one text into the other, when at most `limit`; `None` when more.
pub(crate) fn edits(left: &str, right: &str, limit: usize) -> Option<usize> {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    if left.len().abs_diff(right.len()) > limit {
        return None;
    }
    // Equal beginnings and ends cost nothing and are most of the text.
    let begin = left.iter().zip(right).take_while(|(a, b)| a == b).count();
    let (left, right) = (left.get(begin..)?, right.get(begin..)?);
    let end = left
        .iter()
        .rev()
        .zip(right.iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let left = left.get(..left.len().checked_sub(end)?)?;
    let right = right.get(..right.len().checked_sub(end)?)?;
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (above, a) in left.iter().enumerate() {
        let mut diagonal = above;
        let mut before = above + 1;
        let mut least = before;
        if let Some(first) = row.first_mut() {
            *first = before;
        }
        for (cell, b) in row.iter_mut().skip(1).zip(right) {
            let change = diagonal + usize::from(a != b);
            diagonal = *cell;
            before = change.min(before + 1).min(*cell + 1);
            *cell = before;
            least = least.min(before);
        }
        if least > limit {
            return None;
        }
    }
    row.last().copied().filter(|count| *count <= limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_text_is_cleaned_as_a_reader_sees_it() {
        let cases = [
            ("\u{200b}0xAB\u{202e}CD\u{feff}", "0xABCD"),
            ("\u{0661}\u{0662}\u{066b}\u{0665}", "12.5"),
            ("\u{06f1}\u{066c}\u{06f0}\u{06f0}\u{06f0}", "1,000"),
            ("\u{0967}\u{0966}", "10"),
            ("\u{ff11}\u{ff12}\u{ff21}", "12A"),
            ("ab\u{2026}cd", "ab...cd"),
            ("1\u{00a0}000\u{202f}000", "1 000 000"),
            ("a\r\nb", "a \nb"),
            ("\u{1d7ce}\u{1d7cf}", "01"),
            ("\u{0e51}\u{0e52}", "12"),
            ("txid\u{ff1a}ab", "txid:ab"),
            ("ab\u{22ef}cd", "ab...cd"),
            ("\u{201c}ab\u{201d}", "\"ab\""),
        ];
        for (text, expected) in cases {
            assert_eq!(clean(text), expected, "{text}");
        }
    }

    #[test]
    fn own_look_alikes_are_replaced_in_mixed_words_only() {
        assert_eq!(latin("ТRС20").as_deref(), Some("TRC20"));
        assert_eq!(latin("депозит"), None);
        assert_eq!(latin("0хаb").as_deref(), Some("0xab"));
        assert_eq!(latin("plain"), None);
        assert_eq!(all_latin("АТОМ").as_deref(), Some("ATOM"));
        assert_eq!(all_latin("депозит"), None);
    }

    #[test]
    fn own_edits_are_counted_up_to_their_limit() {
        let cases = [
            ("abc", "abc", 0, Some(0)),
            ("abc", "abd", 1, Some(1)),
            ("abc", "ab", 1, Some(1)),
            ("abc", "abcd", 1, Some(1)),
            ("kitten", "sitting", 3, Some(3)),
            ("kitten", "sitting", 2, None),
            ("", "abc", 3, Some(3)),
            ("abcdef", "uvwxyz", 3, None),
        ];
        for (left, right, limit, expected) in cases {
            assert_eq!(edits(left, right, limit), expected, "{left} {right}");
            assert_eq!(edits(right, left, limit), expected, "{right} {left}");
        }
    }

    #[test]
    fn own_words_fold_as_core_folds_names() {
        for text in ["BNB Smart Chain (BEP20)", "Тон", "波场", "USD₮", "a-b_c"] {
            let folded = Folded::new(text).unwrap();
            assert_eq!(folded.as_str(), recover_core::names::fold(text), "{text}");
        }
        assert!(Folded::new("--").is_none());
        assert!(Folded::new(&"x".repeat(65)).is_none());
    }

    #[test]
    fn own_settled_letters_stay_as_they_are() {
        let settled = ('\u{0}'..='\u{ffff}').filter(|letter| is_settled(*letter));
        for letter in settled {
            let shown: String = std::iter::once(letter).nfkc().map(plain).collect();
            assert_eq!(shown, letter.to_string(), "{:x}", u32::from(letter));
            assert!(!is_invisible(letter), "{:x}", u32::from(letter));
        }
    }

    #[test]
    fn own_digit_sets_are_in_order() {
        assert!(ZEROS.windows(2).all(|pair| pair[0] < pair[1]));
    }

    proptest::proptest! {
        #[test]
        fn own_settled_text_is_what_cleaning_makes_of_it(text in "[ -~À-ỹЀ-\u{52f}\u{600}-\u{660}\u{3040}-\u{3100}一-三가-까\n]{0,20}") {
            let shown: String = text.chars().nfkc().map(plain).collect();
            if text.chars().all(is_settled) {
                proptest::prop_assert_eq!(shown, text);
            }
        }

        #[test]
        fn own_clean_text_stays_as_it_is(text in ".{0,60}") {
            let once = clean(&text).into_owned();
            let twice = clean(&once);
            proptest::prop_assert_eq!(&twice, &once);
            proptest::prop_assert!(!once.chars().any(is_invisible));
        }
    }
}
