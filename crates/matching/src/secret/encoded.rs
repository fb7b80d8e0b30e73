//! Secrets in letters and digits: those with a checksum, and private keys that the text calls so.

use super::SecretKind;
use super::fold::{Folded, Run};
use super::label;
use bs58::Alphabet;
use sha2::{Digest, Sha256};
use std::ops::Range;

/// The longest text that one secret makes: an extended key, a private key of 64 bytes in hexadecimal.
const LENGTH_MAX: usize = 140;

/// Stretches longer than this are attachments, not something typed: inside them only whole stretches are looked at.
const SLIDE_MAX: usize = 1_024;

/// How many pieces a secret may be broken into.
const PIECES_MAX: usize = 16;

/// The secrets of a text, as ranges of its letters.
pub(super) fn secrets(folded: &Folded) -> Vec<(Range<usize>, SecretKind)> {
    let runs = folded.runs();
    let mut found = Vec::new();
    for (number, run) in runs.iter().enumerate() {
        slide(run, &mut found);
        pieces(folded, &runs, number, &mut found);
    }
    secret_numbers(&runs, &mut found);
    byte_rows(folded, &runs, &mut found);
    found
}

/// Secrets inside one stretch, whatever letters touch them.
fn slide(run: &Run, found: &mut Vec<(Range<usize>, SecretKind)>) {
    let text = run.text.as_str();
    if text.len() > SLIDE_MAX {
        return;
    }
    if looks_like_stellar(text) {
        found.push((run.letters.clone(), SecretKind::StellarSecret));
    }
    for start in 0..text.len() {
        let Some(rest) = text.get(start..) else {
            continue;
        };
        for length in lengths(rest).iter().copied() {
            let Some(piece) = rest.get(..length) else {
                continue;
            };
            if let Some(kind) = certain(piece) {
                let from = run.letters.start + start;
                found.push((from..from + length, kind));
            }
        }
    }
}

/// The lengths of secrets that may begin as this text does.
fn lengths(text: &str) -> &'static [usize] {
    match text.as_bytes() {
        [b'S' | b's', b'A'..=b'D' | b'a'..=b'd', ..] => &[56, 27, 28, 29],
        [b's', ..] => &[27, 28, 29, 30, 31],
        [
            b'x' | b'y' | b'z' | b't' | b'u' | b'v',
            b'p',
            b'r',
            b'v',
            ..,
        ] => &[111],
        // What 0x80 (Bitcoin), 0xb0 (Litecoin), 0x9e (Dogecoin), 0xcc (Dash) and 0xef (test networks) begin with.
        [b'5' | b'6' | b'7' | b'9', ..] => &[51],
        [b'K' | b'L' | b'T' | b'Q' | b'X' | b'c', ..] => &[52],
        _ => &[],
    }
}

/// A secret that carries its own proof.
fn certain(text: &str) -> Option<SecretKind> {
    if is_stellar(text) {
        return Some(SecretKind::StellarSecret);
    }
    let decoded = |alphabet| {
        bs58::decode(text)
            .with_alphabet(alphabet)
            .into_vec()
            .ok()
            .and_then(|bytes| checked(&bytes).map(<[u8]>::to_vec))
    };
    if text.starts_with('s') && (25..=36).contains(&text.len()) {
        // The versions of a secp256k1 and of an ed25519 seed, each with 16 bytes of entropy behind.
        return match decoded(Alphabet::RIPPLE)?.as_slice() {
            [0x21, entropy @ ..] | [0x01, 0xe1, 0x4b, entropy @ ..] if entropy.len() == 16 => {
                Some(SecretKind::XrplSeed)
            }
            _ => None,
        };
    }
    if text.get(1..4) == Some("prv") && (100..=115).contains(&text.len()) {
        return (decoded(Alphabet::BITCOIN)?.len() == 78).then_some(SecretKind::ExtendedKey);
    }
    if (51..=52).contains(&text.len()) {
        return match decoded(Alphabet::BITCOIN)?.as_slice() {
            [_, key @ ..] if key.len() == 32 => Some(SecretKind::Wif),
            [_, key @ .., 0x01] if key.len() == 32 => Some(SecretKind::Wif),
            _ => None,
        };
    }
    None
}

/// The payload of bytes that end in the first four of their double SHA-256 (base58check).
fn checked(bytes: &[u8]) -> Option<&[u8]> {
    let (payload, checksum) = bytes.split_at_checked(bytes.len().checked_sub(4)?)?;
    let hash = Sha256::digest(Sha256::digest(payload));
    hash.starts_with(checksum).then_some(payload)
}

/// A strkey of version 18 (`S`) with its checksum, in capital or in small letters (SEP-23).
fn is_stellar(text: &str) -> bool {
    if text.len() != 56 {
        return false;
    }
    let mut bytes = Vec::with_capacity(35);
    let (mut bits, mut count) = (0u32, 0u32);
    for letter in text.bytes() {
        let Some(value) = base32(letter) else {
            return false;
        };
        bits = bits << 5 | value;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).unwrap_or_default());
        }
    }
    match bytes.as_slice() {
        [payload @ .., low, high] => {
            payload.first() == Some(&(18 << 3))
                && crc16(payload) == u16::from_le_bytes([*low, *high])
        }
        _ => false,
    }
}

fn base32(letter: u8) -> Option<u32> {
    match letter {
        b'A'..=b'Z' => Some(u32::from(letter - b'A')),
        b'a'..=b'z' => Some(u32::from(letter - b'a')),
        b'2'..=b'7' => Some(u32::from(letter - b'2') + 26),
        _ => None,
    }
}

/// CRC16-XModem.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte) << 8, |crc, _| {
            let shifted = crc << 1;
            if crc & 0x8000 == 0 {
                shifted
            } else {
                shifted ^ 0x1021
            }
        })
    })
}

/// The shape of a Stellar secret that is cut short or mistyped: no word has so many capitals and a digit among them.
fn looks_like_stellar(text: &str) -> bool {
    (48..=60).contains(&text.len())
        && matches!(text.as_bytes(), [b'S', b'A'..=b'D', ..])
        && text
            .bytes()
            .all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit())
        && text.bytes().any(|letter| letter.is_ascii_digit())
}

/// Secrets that stand whole from the beginning of a stretch on, broken over lines or into groups, and private keys that the
/// text calls so.
fn pieces(
    folded: &Folded,
    runs: &[Run],
    first: usize,
    found: &mut Vec<(Range<usize>, SecretKind)>,
) {
    let mut joined = String::new();
    let mut start = None;
    let mut end = None;
    for run in runs.iter().skip(first).take(PIECES_MAX) {
        if let Some(end) = end
            && !is_break(
                folded
                    .letters()
                    .get(end..run.letters.start)
                    .unwrap_or_default(),
            )
        {
            return;
        }
        joined.push_str(&run.text);
        if joined.len() > LENGTH_MAX {
            return;
        }
        let start = *start.get_or_insert(run.letters.start);
        end = Some(run.letters.end);
        let place = start..run.letters.end;
        let is_broken = start != run.letters.start;
        if is_broken
            && lengths(&joined).contains(&joined.len())
            && let Some(kind) = certain(&joined)
        {
            found.push((place.clone(), kind));
        }
        if (looks_like_hex_key(&joined) || !is_broken && looks_like_base58_key(&joined))
            && label::names_key(folded, place.start, place.end)
        {
            found.push((place, SecretKind::PrivateKey));
        }
    }
}

/// What may stand between the pieces of one secret.
fn is_break(letters: &[char]) -> bool {
    letters.len() <= 8
        && letters.iter().all(|letter| {
            letter.is_whitespace() || matches!(letter, '-' | '_' | '>' | '|' | '\\' | '.')
        })
}

/// What a private key looks like in hexadecimal, and a transaction id too.
fn looks_like_hex_key(text: &str) -> bool {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    matches!(digits.len(), 64 | 128) && digits.bytes().all(|letter| letter.is_ascii_hexdigit())
}

/// A seed or a WIF with a typo, and a key of 64 bytes as Solana's wallets write it.
fn looks_like_base58_key(text: &str) -> bool {
    match text.len() {
        27..=31 if text.starts_with('s') => is_base58(text),
        51 | 52 | 87 | 88 => is_base58(text),
        _ => false,
    }
}

fn is_base58(text: &str) -> bool {
    let has = |is: fn(&u8) -> bool| text.as_bytes().iter().any(is);
    has(u8::is_ascii_digit)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && bs58::decode(text).into_vec().is_ok()
}

/// Eight groups of six digits, each of which ends in a check digit of its own (XLS-12).
fn secret_numbers(runs: &[Run], found: &mut Vec<(Range<usize>, SecretKind)>) {
    let groups: Vec<(Range<usize>, &str)> = runs
        .iter()
        // Rows are lettered A to H.
        .filter(|run| run.text.len() > 1 || run.text.bytes().all(|letter| letter.is_ascii_digit()))
        .flat_map(|run| {
            let is_whole = run.text.len() == 48;
            let step = if is_whole { 6 } else { run.text.len().max(1) };
            (0..run.text.len()).step_by(step).filter_map(move |from| {
                let start = run.letters.start + from;
                Some((start..start + step, run.text.get(from..from + step)?))
            })
        })
        .collect();
    for window in groups.windows(8) {
        let is_secret = window.iter().zip(0u32..).all(|((_, group), position)| {
            let (Some(value), Some(check)) = (group.get(..5), group.get(5..)) else {
                return false;
            };
            let (Ok(value), Ok(check)) = (value.parse::<u32>(), check.parse::<u32>()) else {
                return false;
            };
            group.len() == 6
                && group.bytes().all(|letter| letter.is_ascii_digit())
                && value * (position * 2 + 1) % 9 == check
        });
        if let (true, [(first, _), .., (last, _)]) = (is_secret, window) {
            found.push((first.start..last.end, SecretKind::XrplSecretNumbers));
        }
    }
}

/// `[174, 47, …]`: 64 bytes, a key pair as Solana's tools keep it; 32 where words call it a key.
fn byte_rows(folded: &Folded, runs: &[Run], found: &mut Vec<(Range<usize>, SecretKind)>) {
    const PAIR: usize = 64;
    const KEY: usize = 32;
    let is_byte = |run: &Run| run.text.len() <= 3 && run.text.parse::<u8>().is_ok();
    let mut from = 0;
    while from < runs.len() {
        let mut to = from;
        let mut end = None;
        for run in runs.iter().skip(from).take_while(|run| is_byte(run)) {
            let between = match end {
                Some(end) => folded.letters().get(end..run.letters.start),
                None => Some(&[][..]),
            };
            let is_near = between.is_some_and(|letters| {
                letters.len() <= 4
                    && letters
                        .iter()
                        .all(|letter| letter.is_whitespace() || matches!(letter, ',' | ';'))
            });
            if !is_near {
                break;
            }
            end = Some(run.letters.end);
            to += 1;
        }
        if let (Some(first), Some(last)) = (
            runs.get(from),
            to.checked_sub(1).and_then(|last| runs.get(last)),
        ) {
            let count = to - from;
            let place = first.letters.start..last.letters.end;
            if count >= PAIR || count >= KEY && label::names_key(folded, place.start, place.end) {
                found.push((place, SecretKind::PrivateKey));
            }
        }
        from = to.max(from + 1);
    }
}
