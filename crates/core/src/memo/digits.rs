//! The decimal digits of every script.

/// The zeros of Unicode 16's decimal digits (general category Nd), ascending; each is followed by its one to nine.
#[rustfmt::skip] // A table.
const ZEROS: [char; 76] = [
    '\u{0030}', '\u{0660}', '\u{06f0}', '\u{07c0}', '\u{0966}', '\u{09e6}', '\u{0a66}', '\u{0ae6}', '\u{0b66}', '\u{0be6}',
    '\u{0c66}', '\u{0ce6}', '\u{0d66}', '\u{0de6}', '\u{0e50}', '\u{0ed0}', '\u{0f20}', '\u{1040}', '\u{1090}', '\u{17e0}',
    '\u{1810}', '\u{1946}', '\u{19d0}', '\u{1a80}', '\u{1a90}', '\u{1b50}', '\u{1bb0}', '\u{1c40}', '\u{1c50}', '\u{a620}',
    '\u{a8d0}', '\u{a900}', '\u{a9d0}', '\u{a9f0}', '\u{aa50}', '\u{abf0}', '\u{ff10}', '\u{104a0}', '\u{10d30}', '\u{10d40}',
    '\u{11066}', '\u{110f0}', '\u{11136}', '\u{111d0}', '\u{112f0}', '\u{11450}', '\u{114d0}', '\u{11650}', '\u{116c0}', '\u{116d0}',
    '\u{116da}', '\u{11730}', '\u{118e0}', '\u{11950}', '\u{11bf0}', '\u{11c50}', '\u{11d50}', '\u{11da0}', '\u{11f50}', '\u{16130}',
    '\u{16a60}', '\u{16ac0}', '\u{16b50}', '\u{16d70}', '\u{1ccf0}', '\u{1d7ce}', '\u{1d7d8}', '\u{1d7e2}', '\u{1d7ec}', '\u{1d7f6}',
    '\u{1e140}', '\u{1e2f0}', '\u{1e4f0}', '\u{1e5f1}', '\u{1e950}', '\u{1fbf0}',
];

/// The ASCII digit that a decimal digit of any script stands for; `None` for other characters.
#[must_use]
pub fn decimal_digit(character: char) -> Option<char> {
    if character.is_ascii_digit() {
        return Some(character);
    }
    let at = ZEROS.partition_point(|zero| *zero <= character);
    let zero = *ZEROS.get(at.checked_sub(1)?)?;
    char::from_digit(u32::from(character).checked_sub(u32::from(zero))?, 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_digits_of_every_script_are_read() {
        assert!(ZEROS.is_sorted());
        for zero in ZEROS {
            for value in 0..10 {
                let digit = char::from_u32(u32::from(zero) + value).expect("a character");
                assert!(digit.is_numeric(), "U+{:04X}", u32::from(digit));
                assert_eq!(decimal_digit(digit), char::from_digit(value, 10));
            }
        }
        for (text, expected) in [
            ("١٢٣", "123"),
            ("۴۵۶", "456"),
            ("１２３", "123"),
            ("१२३", "123"),
            ("๑๒๓", "123"),
            ("𝟙𝟚𝟛", "123"),
        ] {
            let read: Option<String> = text.chars().map(decimal_digit).collect();
            assert_eq!(read.as_deref(), Some(expected), "{text}");
        }
        for character in ['a', 'Ⅷ', '½', '٪', '/', ':', '\u{a62a}'] {
            assert_eq!(decimal_digit(character), None, "{character}");
        }
    }
}
