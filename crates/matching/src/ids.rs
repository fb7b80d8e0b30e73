//! What a pasted word is: a transaction id, an address, a piece of one, a number. Shapes only: no network's code is asked.

mod packed;
mod shape;

use crate::clue::Id;
use crate::rule::Rule;
use shape::Shape;

/// What a word was recognised as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Word {
    /// A transaction id.
    Transaction(Id, Rule),
    /// An address.
    Address(Id, Rule),
    /// A piece that may be of either.
    Piece(Id, Rule),
    /// An address that carries a memo.
    Packed {
        /// The address alone.
        address: String,
        /// The memo; `None` when it carries none.
        memo: Option<String>,
    },
    /// Digits only: a memo, an id of another system, an amount.
    Digits,
    /// A number of another platform's records.
    Record,
    /// An e-mail address.
    EMail,
    /// Anything else.
    Other,
}

/// The fewest characters of an id that a piece must show: 32 bits of a hash.
pub(crate) const PIECE_MIN: usize = 8;

/// The digits of a hash of 32 bytes.
const HASH_DIGITS: usize = 64;

/// Folds an id for comparison: lower case, and a hash without `0x`. Two addresses that differ in case only do not occur by
/// chance, and users lose the case of what they paste.
#[must_use]
pub fn folded(text: &str) -> String {
    let mut lower = text.trim().to_ascii_lowercase();
    if !lower.is_ascii() {
        lower = lower.to_lowercase();
    }
    if let Some(bare) = lower.strip_prefix("bitcoincash:") {
        return bare.to_owned();
    }
    if lower.len() == 48 && shape::is_ton_start(text.trim()) {
        return one_base64(lower);
    }
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

/// What one word is. It is expected without blanks and without signs around it.
pub(crate) fn word(text: &str) -> Word {
    if text.len() < 2 || text.len() > 160 {
        return Word::Other;
    }
    let shape = Shape::of(text);
    if shape.is_digits() {
        return digits_word(text);
    }
    if shape.is_alphanumeric() {
        return plain_word(text, shape);
    }
    if !shape.is_ascii() {
        return Word::Other;
    }
    signed_word(text, shape)
}

fn digits_word(text: &str) -> Word {
    // A hash of digits only is one in 10^13.
    if text.len() == HASH_DIGITS {
        return Word::Transaction(Id::Whole(text.to_owned()), Rule::Plain);
    }
    Word::Digits
}

/// A word of letters and digits.
fn plain_word(text: &str, shape: Shape) -> Word {
    let mut digits = text;
    while let Some(bare) = digits
        .strip_prefix("0x")
        .or_else(|| digits.strip_prefix("0X"))
    {
        digits = bare;
    }
    let has_prefix = digits.len() != text.len();
    let is_doubled = has_prefix && text.len() - digits.len() > 2;
    if (has_prefix || shape.is_hex()) && is_hex(digits) {
        return hex_word(digits, has_prefix, is_doubled);
    }
    let shape = if has_prefix { Shape::of(digits) } else { shape };
    let length = digits.len();
    if length > HASH_DIGITS
        && let Some(hash) = hash_inside(digits)
    {
        return Word::Transaction(Id::Whole(hash.to_ascii_lowercase()), Rule::Glued);
    }
    let rule = if has_prefix {
        Rule::Prefix
    } else {
        Rule::Plain
    };
    // Signatures of 64 bytes (Solana); a 0x before one was added by hand.
    if (80..=90).contains(&length) && shape.has_both() {
        return match shape.is_base58() {
            true => whole_transaction(digits, rule),
            false => whole_transaction(digits, Rule::Damaged),
        };
    }
    if let Some(word) = address_word(digits, shape) {
        return word;
    }
    // Letters that look like digits, or a few wrong ones.
    let wrong = digits
        .bytes()
        .filter(|byte| !byte.is_ascii_hexdigit())
        .count();
    if (61..=67).contains(&length) && wrong <= 3 {
        return repaired(digits, |text, rule| {
            Word::Transaction(Id::Whole(text), rule)
        });
    }
    if has_prefix && (38..=42).contains(&length) && wrong <= 3 {
        return repaired(digits, |text, rule| {
            Word::Address(Id::Whole(format!("0x{text}")), rule)
        });
    }
    if length == 2 * HASH_DIGITS + 2 && wrong == 1 {
        return glued(digits);
    }
    if let Some(hash) = base64_hash(text) {
        return Word::Transaction(Id::Whole(hash), Rule::Base64);
    }
    if (16..=79).contains(&length) && shape.is_disordered(digits) {
        let fold = digits.to_ascii_lowercase();
        return Word::Piece(beginning(fold), Rule::Head);
    }
    Word::Other
}

/// An address by its shape.
fn address_word(text: &str, shape: Shape) -> Option<Word> {
    let length = text.len();
    let whole = |rule| Word::Address(Id::Whole(text.to_ascii_lowercase()), rule);
    let first = text.bytes().next()?;
    if let Some(name) = shape::bech32_name(text) {
        let data = length - name - 1;
        if (30..=80).contains(&data) && shape.is_one_case() {
            return Some(whole(Rule::Plain));
        }
        if (30..=80).contains(&data) && shape::is_known_bech32(text.get(..name)?) {
            return Some(whole(Rule::Damaged));
        }
    }
    // Stellar: 56 letters, 69 when the address carries an id; a letter or two may be missing or doubled.
    let is_stellar = matches!(
        (first, length),
        (b'G' | b'g', 54..=58) | (b'M' | b'm', 67..=71)
    );
    if is_stellar {
        if let Some((address, memo)) = packed::stellar_muxed(text) {
            let memo = Some(memo);
            return Some(Word::Packed { address, memo });
        }
        let is_whole = matches!(length, 56 | 69) && shape.is_base32();
        return Some(whole(if is_whole { Rule::Plain } else { Rule::Damaged }));
    }
    if matches!(first, b'X')
        && (46..=48).contains(&length)
        && let Some((address, memo)) = packed::xrpl_x_address(text)
    {
        return Some(Word::Packed { address, memo });
    }
    if (46..=50).contains(&length) && shape::is_ton_start(text) {
        let is_whole = length == 48;
        return Some(whole(if is_whole { Rule::Plain } else { Rule::Damaged }));
    }
    if (25..=45).contains(&length) && shape.is_disordered(text) {
        if length <= 44 && shape.is_base58() {
            return Some(whole(Rule::Plain));
        }
        let wrong = text
            .bytes()
            .filter(|byte| matches!(byte, b'0' | b'O' | b'I' | b'l'))
            .count();
        if wrong <= 2 && !shape.is_hex() {
            return Some(whole(Rule::Damaged));
        }
    }
    None
}

fn whole_transaction(text: &str, rule: Rule) -> Word {
    Word::Transaction(Id::Whole(text.to_ascii_lowercase()), rule)
}

/// Letters that people and readers of pictures confuse with digits.
fn repaired(text: &str, make: impl Fn(String, Rule) -> Word) -> Word {
    let lower: String = text
        .bytes()
        .map(|byte| match byte.to_ascii_lowercase() {
            b'o' => '0',
            b'l' | b'i' => '1',
            b's' => '5',
            b'z' => '2',
            other => char::from(other),
        })
        .collect();
    if is_hex(&lower) {
        return make(lower, Rule::Repaired);
    }
    make(text.to_ascii_lowercase(), Rule::Damaged)
}

fn hex_word(digits: &str, has_prefix: bool, is_doubled: bool) -> Word {
    let lower = digits.to_ascii_lowercase();
    let rule = if is_doubled {
        Rule::Prefix
    } else {
        Rule::Plain
    };
    match lower.len() {
        HASH_DIGITS => {
            // A log's topic: an address in a word of 32 bytes.
            match lower.strip_prefix("000000000000000000000000") {
                Some(address) if !address.starts_with("00000000") => {
                    Word::Address(Id::Whole(format!("0x{address}")), Rule::Padded)
                }
                _ => Word::Transaction(Id::Whole(lower), rule),
            }
        }
        40 => Word::Address(
            Id::Whole(format!("0x{lower}")),
            if has_prefix { rule } else { Rule::Prefix },
        ),
        61..=67 => Word::Transaction(Id::Whole(lower), Rule::Damaged),
        38..=42 if has_prefix => Word::Address(Id::Whole(format!("0x{lower}")), Rule::Damaged),
        68.. => glued(&lower),
        PIECE_MIN.. => Word::Piece(beginning(lower), Rule::Head),
        _ => Word::Other,
    }
}

/// Two hashes without a blank between: the first.
fn glued(text: &str) -> Word {
    let first = text.get(..HASH_DIGITS).unwrap_or_default();
    Word::Transaction(Id::Whole(first.to_ascii_lowercase()), Rule::Glued)
}

/// A word with signs in it.
fn signed_word(text: &str, shape: Shape) -> Word {
    // One of TON's raw addresses: workchain and 64 digits.
    if let Some((chain, rest)) = text.split_once(':') {
        if matches!(chain, "0" | "-1") && rest.len() == HASH_DIGITS && is_hex(rest) {
            return Word::Address(Id::Whole(text.to_ascii_lowercase()), Rule::Plain);
        }
        if chain.eq_ignore_ascii_case("bitcoincash") && (36..=64).contains(&rest.len()) {
            return Word::Address(Id::Whole(rest.to_ascii_lowercase()), Rule::Plain);
        }
        return Word::Other;
    }
    if shape.is_base64() {
        if (46..=50).contains(&text.len()) && shape::is_ton_start(text) {
            let is_whole = text.len() == 48;
            return Word::Address(
                Id::Whole(one_base64(text.to_ascii_lowercase())),
                if is_whole { Rule::Plain } else { Rule::Damaged },
            );
        }
        if let Some(hash) = base64_hash(text) {
            return Word::Transaction(Id::Whole(hash), Rule::Base64);
        }
    }
    if shape::is_uuid(text) {
        return Word::Record;
    }
    if let Some(piece) = ellipsis(text) {
        return piece;
    }
    if let Some((name, host)) = text.split_once('@') {
        let is_mail = !name.is_empty() && host.contains('.') && !host.contains('@');
        return if is_mail { Word::EMail } else { Word::Other };
    }
    let is_cut_ton =
        shape.is_base64() && (16..=47).contains(&text.len()) && shape::is_ton_start(text);
    let is_cut_hash = (16..=42).contains(&text.len())
        && shape.has_both()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        && text.matches(['-', '_']).count() <= 2;
    if is_cut_ton || is_cut_hash {
        return Word::Piece(beginning(text.to_ascii_lowercase()), Rule::Head);
    }
    Word::Other
}

/// Both alphabets of base64 are in use: one form for comparison.
fn one_base64(text: String) -> String {
    if text.contains(['+', '/']) {
        text.replace('+', "-").replace('/', "_")
    } else {
        text
    }
}

/// A piece with no sign of where it was cut: its text is the beginning; [`tail_of`] gives the other reading.
fn beginning(head: String) -> Id {
    Id::Ends {
        head,
        tail: String::new(),
    }
}

/// The other reading of a piece that shows no cut: that its beginning is missing.
pub(crate) fn tail_of(id: &Id) -> Option<Id> {
    match id {
        Id::Ends { head, tail } if tail.is_empty() => Some(Id::Ends {
            head: String::new(),
            tail: head.strip_prefix("0x").unwrap_or(head).to_owned(),
        }),
        _ => None,
    }
}

/// `0x9b75da...9123`, `r3jiMjSj***w7cmeD`, `0x12ab[...]9f3c`, `85d7xxxxaeeb`.
fn ellipsis(text: &str) -> Option<Word> {
    let bytes = text.as_bytes();
    let is_mark = |byte: u8| matches!(byte, b'.' | b'*' | b'_' | b'-' | b'~' | b'#');
    let place = bytes
        .windows(2)
        .position(|pair| matches!(pair, [first, second] if first == second && is_mark(*first)))?;
    let (head, rest) = text.split_at_checked(place)?;
    let tail = rest.trim_start_matches(|letter: char| {
        u8::try_from(letter).is_ok_and(is_mark)
            || matches!(letter, '[' | ']' | '(' | ')' | '<' | '>')
    });
    let head = head.trim_end_matches(['[', '(', '<', '.', '*']);
    let is_plain = |piece: &str| {
        piece
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    if !is_plain(head) || !is_plain(tail) {
        return None;
    }
    let mut head = head.to_ascii_lowercase();
    while let Some(bare) = head.strip_prefix("0x0x") {
        head = format!("0x{bare}");
    }
    let tail = tail.to_ascii_lowercase();
    let shown = head.strip_prefix("0x").unwrap_or(&head).len() + tail.len();
    (shown >= PIECE_MIN && head.len() < 100)
        .then_some(Word::Piece(Id::Ends { head, tail }, Rule::Ellipsis))
}

pub(crate) fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A whole hash somewhere in a run of letters and digits (`hash0x85d7…aeeb`): 64 digits with none beside them.
pub(crate) fn hash_inside(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let mut from = 0;
    while from < bytes.len() {
        let length = bytes
            .get(from..)?
            .iter()
            .take_while(|byte| byte.is_ascii_hexdigit())
            .count();
        if length == HASH_DIGITS {
            return text.get(from..from + length);
        }
        // The letters before a hash may be digits too: `hashe…` ends where 0x begins, else the last 64 count.
        if length > HASH_DIGITS
            && length <= HASH_DIGITS + 6
            && from + length == bytes.len()
            && from > 0
        {
            return text.get(from + length - HASH_DIGITS..);
        }
        from += length.max(1);
    }
    None
}

fn is_base58(text: &str) -> bool {
    let shape = Shape::of(text);
    shape.is_base58() && shape.has_both()
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
    let mut out = String::with_capacity(HASH_DIGITS);
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
        while count >= 4 && out.len() < HASH_DIGITS {
            count -= 4;
            let nibble = (bits >> count) & 15;
            out.push(char::from_digit(nibble, 16)?);
        }
        bits &= (1 << count) - 1;
    }
    (out.len() == HASH_DIGITS && bits == 0).then_some(out)
}

#[cfg(test)]
mod tests;
