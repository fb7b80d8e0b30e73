//! What a pasted word is: a transaction id, an address, a piece of one, a number.

use crate::clue::Id;

/// What a word was recognised as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Word {
    /// A transaction id.
    Transaction(Id),
    /// An address.
    Address(Id),
    /// A piece that may be of either.
    Piece(Id),
    /// Digits only: a memo, an id of another system, an amount.
    Digits(String),
    /// Anything else.
    Other,
}

/// The fewest characters of an id that a piece must show: 32 bits of a hash.
pub(crate) const PIECE_MIN: usize = 8;

/// Folds an id for comparison: lower case, and a hash without `0x`. Two addresses that differ in case only do not occur by
/// chance, and users lose the case of what they paste.
#[must_use]
pub fn folded(text: &str) -> String {
    let lower = text.trim().to_lowercase();
    match lower.strip_prefix("0x") {
        Some(digits) if digits.len() != 40 && is_hex(digits) => digits.to_owned(),
        Some(_) => lower,
        None if lower.len() == 40 && is_hex(&lower) => format!("0x{lower}"),
        None => lower,
    }
}

/// Folds a transaction id as a chain writes it: base64 forms become the hexadecimal digits of their 32 bytes.
#[must_use]
pub fn folded_transaction(text: &str) -> String {
    let text = text.trim();
    base64_hash(text).unwrap_or_else(|| folded(text))
}

pub(crate) fn word(text: &str) -> Word {
    if let Some(id) = ellipsis(text) {
        return id;
    }
    let digits = text
        .strip_prefix("0x")
        .or_else(|| text.strip_prefix("0X"))
        .unwrap_or(text);
    let has_prefix = digits.len() != text.len();
    if is_hex(digits) {
        return hex_word(digits, has_prefix);
    }
    // One of TON's raw addresses: workchain and 64 digits.
    if let Some((chain, rest)) = text.split_once(':')
        && matches!(chain, "0" | "-1")
        && rest.len() == 64
        && is_hex(rest)
    {
        return Word::Address(Id::Whole(text.to_lowercase()));
    }
    if let Some(hash) = base64_hash(text) {
        return Word::Transaction(Id::Whole(hash));
    }
    let length = text.len();
    if is_ton(text) || is_bech32(text) || is_stellar(text) {
        return Word::Address(Id::Whole(text.to_lowercase()));
    }
    if is_base58(text) {
        return match length {
            25..=44 => Word::Address(Id::Whole(text.to_lowercase())),
            80..=90 => Word::Transaction(Id::Whole(text.to_lowercase())),
            16..=79 => Word::Piece(whole_or_cut(text)),
            _ => Word::Other,
        };
    }
    // A hash with a few wrong letters in it.
    let wrong = digits
        .chars()
        .filter(|character| !character.is_ascii_hexdigit())
        .count();
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if (58..=70).contains(&digits.len()) && is_plain && wrong <= 3 {
        return Word::Transaction(Id::Whole(digits.to_lowercase()));
    }
    if (38..=42).contains(&digits.len()) && has_prefix && is_plain && wrong <= 3 {
        return Word::Address(Id::Whole(format!("0x{}", digits.to_lowercase())));
    }
    if text.is_ascii()
        && (20..=64).contains(&length)
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        && text.bytes().any(|byte| byte.is_ascii_digit())
    {
        return Word::Piece(whole_or_cut(text));
    }
    Word::Other
}

fn hex_word(digits: &str, has_prefix: bool) -> Word {
    let lower = digits.to_lowercase();
    let is_number = !has_prefix && lower.bytes().all(|byte| byte.is_ascii_digit());
    match lower.len() {
        64 => Word::Transaction(Id::Whole(lower)),
        40 if !is_number => Word::Address(Id::Whole(format!("0x{lower}"))),
        58..=70 => Word::Transaction(Id::Whole(lower)),
        38..=42 if has_prefix => Word::Address(Id::Whole(format!("0x{lower}"))),
        _ if is_number => Word::Digits(lower),
        length if length >= PIECE_MIN => Word::Piece(whole_or_cut(&lower)),
        _ => Word::Other,
    }
}

/// A piece with no sign of where it was cut: its text is the beginning; [`ends_of_cut`] gives the other reading.
fn whole_or_cut(text: &str) -> Id {
    Id::Ends {
        head: text.to_lowercase(),
        tail: String::new(),
    }
}

/// The other reading of a piece: that its beginning was cut off.
pub(crate) fn ends_of_cut(id: &Id) -> Option<Id> {
    match id {
        Id::Ends { head, tail } if tail.is_empty() => Some(Id::Ends {
            head: String::new(),
            tail: head.clone(),
        }),
        _ => None,
    }
}

/// `0x9b75da...9123`, `r3jiMjSj***w7cmeD`.
fn ellipsis(text: &str) -> Option<Word> {
    let is_mark = |character: char| matches!(character, '.' | '*' | '_' | '-');
    let mark = text
        .char_indices()
        .zip(text.char_indices().skip(1))
        .find(|((_, first), (_, second))| {
            is_mark(*first) && first == second && matches!(first, '.' | '*' | '_' | '-')
        })
        .map(|((place, _), _)| place)?;
    let (head, rest) = text.split_at(mark);
    let tail = rest.trim_start_matches(is_mark);
    let plain = |piece: &str| {
        piece
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    if !plain(head) || !plain(tail) {
        return None;
    }
    let (head, tail) = (head.to_lowercase(), tail.to_lowercase());
    let has_prefix = head.starts_with("0x");
    let shown = head.strip_prefix("0x").unwrap_or(&head).len() + tail.len();
    if shown < PIECE_MIN {
        return None;
    }
    let is_named = ["r", "t", "g", "eq", "uq", "cosmos1", "bc1", "ltc1", "osmo1"]
        .iter()
        .any(|start| head.starts_with(start));
    let id = Id::Ends { head, tail };
    // Both hashes and addresses of EVM networks begin with 0x; the field it stands in decides.
    Some(if is_named && !has_prefix {
        Word::Address(id)
    } else {
        Word::Piece(id)
    })
}

pub(crate) fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_base58(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() && !matches!(byte, b'0' | b'O' | b'I' | b'l'))
        && text.bytes().any(|byte| byte.is_ascii_digit())
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
}

fn is_bech32(text: &str) -> bool {
    let lower = text.to_lowercase();
    let has_one_case = lower == text || text.to_uppercase() == text;
    let Some((name, data)) = lower.split_once('1') else {
        return false;
    };
    has_one_case
        && (2..=10).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase())
        && (30..=80).contains(&data.len())
        && data
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() && !matches!(byte, b'b' | b'i' | b'o' | b'1'))
}

fn is_stellar(text: &str) -> bool {
    matches!(
        (text.len(), text.as_bytes().first()),
        (56, Some(b'G')) | (69, Some(b'M'))
    ) && text
        .bytes()
        .all(|byte| byte.is_ascii_uppercase() || (b'2'..=b'7').contains(&byte))
}

fn is_ton(text: &str) -> bool {
    text.len() == 48
        && ["EQ", "UQ", "kQ", "0Q", "Ef", "Uf", "kf", "0f"]
            .iter()
            .any(|start| text.starts_with(start))
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'+' | b'/'))
}

/// The hexadecimal digits of 32 bytes in base64 or base64url, as TON shows hashes. Text that could be base58 is not
/// taken: it is an address of another family.
fn base64_hash(text: &str) -> Option<String> {
    let body = text.trim_end_matches('=');
    if body.len() != 43 || text.len() > 44 || is_base58(body) {
        return None;
    }
    let mut bits: u32 = 0;
    let mut count = 0;
    let mut out = String::with_capacity(64);
    for byte in body.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        while count >= 4 && out.len() < 64 {
            count -= 4;
            let nibble = (bits >> count) & 15;
            out.push(char::from_digit(nibble, 16)?);
        }
        bits &= (1 << count) - 1;
    }
    (out.len() == 64 && bits == 0).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "85d7e0cfb76103a6749d4750fa4cd44869bfbbb65557cdc10a3e314529a9aeeb";

    fn whole(text: &str) -> Id {
        Id::Whole(text.into())
    }

    fn ends(head: &str, tail: &str) -> Id {
        Id::Ends {
            head: head.into(),
            tail: tail.into(),
        }
    }

    #[test]
    fn own_words_are_told_apart_by_their_shape() {
        let upper = HASH.to_uppercase();
        let evm = "0x39F85d2836d1e18eb5ccedf29bb54319a16dec9f";
        let signature = "2KBuLr7gumawdY1rXe4hyYtNcmMwJBFvbghKmSV7rGmdJduR3CiJ2uWoBVPgkkitMKWJV68ki87g9K4gHdVxNdAk";
        let cases = [
            (HASH.to_owned(), Word::Transaction(whole(HASH))),
            (format!("0x{HASH}"), Word::Transaction(whole(HASH))),
            (format!("0X{upper}"), Word::Transaction(whole(HASH))),
            (HASH[..63].to_owned(), Word::Transaction(whole(&HASH[..63]))),
            (
                HASH.replacen('7', "o", 1),
                Word::Transaction(whole(&HASH.replacen('7', "o", 1))),
            ),
            (HASH[..20].to_owned(), Word::Piece(ends(&HASH[..20], ""))),
            (
                signature.into(),
                Word::Transaction(whole(&signature.to_lowercase())),
            ),
            (
                "hdfgz7dhA6Z0nUdQ+kzUSGm/u7ZVV83BCj4xRSmprus=".into(),
                Word::Transaction(whole(HASH)),
            ),
            (
                "hdfgz7dhA6Z0nUdQ-kzUSGm_u7ZVV83BCj4xRSmprus".into(),
                Word::Transaction(whole(HASH)),
            ),
            (evm.into(), Word::Address(whole(&evm.to_lowercase()))),
            (evm[2..].into(), Word::Address(whole(&evm.to_lowercase()))),
            (
                evm[..41].into(),
                Word::Address(whole(&evm[..41].to_lowercase())),
            ),
            (
                "r3yhUPqBJKgd7hjD7d8VgUBsFkikzT71XE".into(),
                Word::Address(whole("r3yhupqbjkgd7hjd7d8vgubsfkikzt71xe")),
            ),
            (
                "cosmos1rp9lnp8wqjfu5kured6szpff9lclr2ctr3u6l0".into(),
                Word::Address(whole("cosmos1rp9lnp8wqjfu5kured6szpff9lclr2ctr3u6l0")),
            ),
            (
                "EQB5VitCVSZofm-9hNRNuq2cSfbbfDshNQ8lQYLEMpMLHldh".into(),
                Word::Address(whole("eqb5vitcvszofm-9hnrnuq2csfbbfdshnq8lqylempmlhldh")),
            ),
            (
                "GCKR3PA4FC3N7IJAFIU4AU6QNPGNCADHQQCSG25BFI7E6KNVKK46HGS4".into(),
                Word::Address(whole(
                    "gckr3pa4fc3n7ijafiu4au6qnpgncadhqqcsg25bfi7e6knvkk46hgs4",
                )),
            ),
            (
                "0x9b75da...9123".into(),
                Word::Piece(ends("0x9b75da", "9123")),
            ),
            ("DABD...E0E5".into(), Word::Piece(ends("dabd", "e0e5"))),
            ("cosmos***u6l0".into(), Word::Piece(ends("cosmos", "u6l0"))),
            (
                "r3jiMjSj..w7cmeD".into(),
                Word::Address(ends("r3jimjsj", "w7cmed")),
            ),
            ("46511942986".into(), Word::Digits("46511942986".into())),
            ("ab...cd".into(), Word::Other),
            ("hello".into(), Word::Other),
            ("0x12".into(), Word::Other),
            ("anna@example.org".into(), Word::Other),
        ];
        for (text, expected) in cases {
            assert_eq!(word(&text), expected, "{text}");
        }
    }

    #[test]
    fn own_ids_of_both_sides_fold_alike() {
        let upper = HASH.to_uppercase();
        assert_eq!(folded_transaction(&upper), HASH);
        assert_eq!(folded_transaction(&format!("0x{HASH}")), HASH);
        assert_eq!(
            folded_transaction("hdfgz7dhA6Z0nUdQ+kzUSGm/u7ZVV83BCj4xRSmprus="),
            HASH
        );
        assert_eq!(
            folded("39F85D2836D1E18EB5CCEDF29BB54319A16DEC9F"),
            folded("0x39f85d2836d1e18eb5ccedf29bb54319a16dec9f")
        );
    }

    proptest::proptest! {
        #[test]
        fn own_any_word_is_read_without_a_panic(text in "\\PC{0,70}") {
            if let Word::Transaction(Id::Whole(id)) = word(&text) {
                proptest::prop_assert!(id.len() >= 43);
            }
            proptest::prop_assert_eq!(folded(&folded(&text)), folded(&text));
        }
    }
}
