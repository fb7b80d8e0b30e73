//! Cleaning of pasted text: one shape for what looks the same to the person who typed it.

use unicode_normalization::UnicodeNormalization;

/// The most characters of one field that are read; free text past it is no description of a payment.
pub(crate) const TEXT_CHARS_MAX: usize = 20_000;

/// The zeros of the digit sets that keyboards write, apart from those that NFKC already maps.
const ZEROS: [char; 18] = [
    '\u{0660}', '\u{06f0}', '\u{07c0}', '\u{0966}', '\u{09e6}', '\u{0a66}', '\u{0ae6}', '\u{0b66}',
    '\u{0be6}', '\u{0c66}', '\u{0ce6}', '\u{0d66}', '\u{0e50}', '\u{0ed0}', '\u{0f20}', '\u{1040}',
    '\u{17e0}', '\u{1810}',
];

/// The text in compatibility form (NFKC), with ASCII digits, without characters that have no width or turn the direction of
/// writing. An ellipsis becomes three dots, full-width letters become plain ones.
#[must_use]
pub fn clean(text: &str) -> String {
    text.chars()
        .take(TEXT_CHARS_MAX)
        .filter(|character| !is_invisible(*character))
        .nfkc()
        .filter(|character| !is_invisible(*character))
        .map(plain)
        .collect()
}

fn plain(character: char) -> char {
    match character {
        // Arabic decimal and thousands separators.
        '\u{066b}' => '.',
        '\u{066c}' => ',',
        '\u{2018}' | '\u{2019}' => '\'',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '\n' | '\t' => character,
        _ if character.is_whitespace() || character.is_control() => ' ',
        _ => digit(character).unwrap_or(character),
    }
}

fn digit(character: char) -> Option<char> {
    if character.is_ascii() {
        return None;
    }
    ZEROS.iter().find_map(|zero| {
        let distance = u32::from(character).checked_sub(u32::from(*zero))?;
        char::from_digit(distance, 10)
    })
}

pub(crate) fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{00ad}'
            | '\u{061c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2064}'
            | '\u{2066}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
    )
}

/// The Latin letter that a Cyrillic or Greek one is mistaken for; other characters as they are.
fn look_alike(character: char) -> char {
    match character {
        'а' | 'α' => 'a',
        'А' | 'Α' => 'A',
        'В' | 'Β' => 'B',
        'с' => 'c',
        'С' => 'C',
        'е' => 'e',
        'Е' | 'Ε' => 'E',
        'Н' | 'Η' => 'H',
        'К' | 'Κ' => 'K',
        'М' | 'Μ' => 'M',
        'о' | 'ο' => 'o',
        'О' | 'Ο' => 'O',
        'р' | 'ρ' => 'p',
        'Р' | 'Ρ' => 'P',
        'ѕ' => 's',
        'Ѕ' => 'S',
        'Т' | 'Τ' => 'T',
        'у' => 'y',
        'Х' | 'Χ' => 'X',
        'х' | 'χ' => 'x',
        other => other,
    }
}

/// A word with look-alike letters replaced, when it mixes them with Latin letters or digits; words of one script stay.
pub(crate) fn latin(word: &str) -> String {
    let is_mixed = word
        .chars()
        .any(|character| character.is_ascii_alphanumeric())
        && word
            .chars()
            .any(|character| look_alike(character) != character);
    if is_mixed {
        word.chars().map(look_alike).collect()
    } else {
        word.to_owned()
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
        ];
        for (text, expected) in cases {
            assert_eq!(clean(text), expected, "{text}");
        }
    }

    #[test]
    fn own_look_alikes_are_replaced_in_mixed_words_only() {
        assert_eq!(latin("ТRС20"), "TRC20");
        assert_eq!(latin("депозит"), "депозит");
        assert_eq!(latin("0хаb"), "0xab");
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
}
