//! Addresses: classic and X-address to bytes and back, and secrets that must go no further.
//!
//! Sources: <https://xrpl.org/docs/references/protocol/data-types/base58-encodings> and XLS-5 for X-addresses.

use recover_core::address::{Address, AddressError, Payload};
use recover_core::block::TxId;
use recover_core::detect::Routed;
use recover_core::memo::{Memo, place};
use recover_core::network::Family;
use sha2::{Digest, Sha256};

/// The account of all zeros; a system account that nobody holds a key of.
pub const ACCOUNT_ZERO: [u8; 20] = [0; 20];

/// The account that stands for "no account" inside trust lines; nobody holds its key.
pub const ACCOUNT_ONE: [u8; 20] = {
    let mut bytes = [0; 20];
    bytes[19] = 1;
    bytes
};

const EXPECTED: &str = "r and 24 to 34 characters of base58, or an X-address of the main network (X and 46 characters)";
const TEST_NETWORK: &str = "an address of the main network, and this X-address (T…) says that it belongs to a test network: ask for the address on the main network";
const LARGE_TAG: &str = "an X-address whose tag has 32 bits, and this one carries more: ask for the classic address (r…) and the destination tag";
const BAD_TAG: &str =
    "an address with its destination tag as a number from 0 to 4294967295 behind ?dt=";

fn shape(text: &str, expected: &'static str) -> AddressError {
    AddressError::Shape {
        text: text.to_owned(),
        family: Family::Xrpl,
        expected,
    }
}

/// Parses an address and keeps the tag that an X-address or `?dt=` carries, as [`place::DESTINATION_TAG`].
///
/// # Errors
/// [`AddressError::Secret`] for a seed or secret numbers, whatever their checksum says; [`AddressError::Checksum`] for a typo;
/// [`AddressError::TwoMemos`] when the X-address and `?dt=` name different tags; [`AddressError::Shape`] for all else,
/// addresses of test networks included.
pub fn parse(text: &str) -> Result<Routed, AddressError> {
    let trimmed = text.trim();
    if is_secret(trimmed) {
        return Err(AddressError::Secret);
    }
    let (account, beside) = match trimmed.split_once("?dt=") {
        Some((account, tag)) => (
            account,
            Some(parse_tag(tag).ok_or_else(|| shape(text, BAD_TAG))?),
        ),
        None => (trimmed, None),
    };
    let (bytes, inside) = match account.chars().next() {
        Some('r') => (classic(text, account)?, None),
        Some('X' | 'T') => extended(text, account)?,
        _ => return Err(shape(text, EXPECTED)),
    };
    if let (Some(inside), Some(beside)) = (inside, beside)
        && inside != beside
    {
        return Err(AddressError::TwoMemos {
            inside: inside.to_string(),
            beside: beside.to_string(),
        });
    }
    Ok(Routed {
        address: format(bytes),
        memo: inside
            .or(beside)
            .map(|tag| Memo::tag(tag, place::DESTINATION_TAG)),
    })
}

/// A tag as a person writes it: ASCII digits of a 32-bit number; `None` for anything else.
fn parse_tag(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

fn classic(text: &str, account: &str) -> Result<[u8; 20], AddressError> {
    if !(25..=35).contains(&account.len()) {
        return Err(shape(text, EXPECTED));
    }
    let decoded = base58(account).ok_or_else(|| shape(text, EXPECTED))?;
    // A wrong character may change the length too: a typo all the same.
    let payload = checked(&decoded).ok_or_else(|| AddressError::Checksum {
        text: text.to_owned(),
    })?;
    match payload.split_first() {
        Some((0, bytes)) => bytes.try_into().map_err(|_| shape(text, EXPECTED)),
        _ => Err(shape(text, EXPECTED)),
    }
}

fn extended(text: &str, account: &str) -> Result<([u8; 20], Option<u32>), AddressError> {
    if account.len() != 47 {
        return Err(shape(text, EXPECTED));
    }
    let decoded = base58(account).ok_or_else(|| shape(text, EXPECTED))?;
    let payload = checked(&decoded).ok_or_else(|| AddressError::Checksum {
        text: text.to_owned(),
    })?;
    let bytes: &[u8; 31] = payload.try_into().map_err(|_| shape(text, EXPECTED))?;
    let [first, second, rest @ ..] = bytes;
    match [*first, *second] {
        [0x05, 0x44] => {}
        [0x04, 0x93] => return Err(shape(text, TEST_NETWORK)),
        _ => return Err(shape(text, EXPECTED)),
    }
    let (account, rest) = rest.split_at(20);
    let account: [u8; 20] = account.try_into().map_err(|_| shape(text, EXPECTED))?;
    let [flag, a, b, c, d, high @ ..] = rest else {
        return Err(shape(text, EXPECTED));
    };
    let tag = u32::from_le_bytes([*a, *b, *c, *d]);
    match (flag, tag, high) {
        (0, 0, [0, 0, 0, 0]) => Ok((account, None)),
        (1, tag, [0, 0, 0, 0]) => Ok((account, Some(tag))),
        (0, _, _) => Err(shape(text, EXPECTED)),
        _ => Err(shape(text, LARGE_TAG)),
    }
}

fn base58(text: &str) -> Option<Vec<u8>> {
    bs58::decode(text)
        .with_alphabet(bs58::Alphabet::RIPPLE)
        .into_vec()
        .ok()
}

fn checksum(payload: &[u8]) -> [u8; 4] {
    let [a, b, c, d, ..]: [u8; 32] = Sha256::digest(Sha256::digest(payload)).into();
    [a, b, c, d]
}

/// The bytes before a checksum that holds.
fn checked(decoded: &[u8]) -> Option<&[u8]> {
    let (payload, sum) = decoded.split_last_chunk::<4>()?;
    (checksum(payload) == *sum).then_some(payload)
}

fn encode(payload: &[u8]) -> String {
    let mut bytes = payload.to_vec();
    bytes.extend(checksum(payload));
    bs58::encode(bytes)
        .with_alphabet(bs58::Alphabet::RIPPLE)
        .into_string()
}

/// Whether a text is a secret: a family seed (`s…`, `sEd…`), a node's private key in the same form, or the eight groups of six
/// digits that some wallets call secret numbers. A seed with a typo is nearly the seed: its checksum is not asked.
#[must_use]
pub fn is_secret(text: &str) -> bool {
    let seed = text.starts_with('s') && (27..=32).contains(&text.len()) && base58(text).is_some();
    // A private key of an account or of a validator: 32 bytes under the versions 34 and 32.
    let key = text.starts_with('p')
        && base58(text).is_some_and(|bytes| {
            checked(&bytes).is_some_and(|key| key.len() == 33 && matches!(key, [32 | 34, ..]))
        });
    seed || key || is_secret_numbers(text)
}

fn is_secret_numbers(text: &str) -> bool {
    let mut groups = 0_u32;
    for group in text.split(|letter: char| !letter.is_ascii_alphanumeric()) {
        if group.is_empty() {
            continue;
        }
        // Some lists put a letter before each group: "A 123456".
        if groups < 8 && group.len() == 1 && group.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            continue;
        }
        if group.len() != 6 || !group.bytes().all(|byte| byte.is_ascii_digit()) {
            return false;
        }
        groups = groups.saturating_add(1);
    }
    groups == 8
}

/// The address of 20 bytes, its text in the classic form.
#[must_use]
pub fn format(bytes: [u8; 20]) -> Address {
    Address::from_parts(Payload::Hash160(bytes), text(bytes))
}

/// The classic form of an account.
#[must_use]
pub fn text(bytes: [u8; 20]) -> String {
    let mut payload = [0; 21];
    payload[1..].copy_from_slice(&bytes);
    encode(&payload)
}

/// The X-address of an account on the main network, with its tag inside. The ledger never carries this form.
#[must_use]
pub fn extended_text(bytes: [u8; 20], tag: Option<u32>) -> String {
    let mut payload = vec![0x05, 0x44];
    payload.extend(bytes);
    payload.push(u8::from(tag.is_some()));
    payload.extend(tag.unwrap_or_default().to_le_bytes());
    payload.extend([0; 4]);
    encode(&payload)
}

/// The 20 bytes of an account in its classic form; `None` for any other text. For fields of the ledger, which know no other
/// form.
#[must_use]
pub fn account(text: &str) -> Option<[u8; 20]> {
    classic(text, text).ok()
}

/// The 20 bytes of an address of this family; `None` for another family's.
#[must_use]
pub const fn bytes(address: &Address) -> Option<[u8; 20]> {
    match address.payload() {
        Payload::Hash160(bytes) => Some(bytes),
        _ => None,
    }
}

/// Parses a transaction id: 64 hexadecimal digits of any case, or the compact form of one on the main network (CTID: 16
/// digits, `C` first and network `0000` last), which a server resolves. `None` for another shape.
#[must_use]
pub fn parse_tx_id(text: &str) -> Option<TxId> {
    let trimmed = text.trim();
    if !trimmed.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let upper = trimmed.to_ascii_uppercase();
    (upper.len() == 64 || is_compact_id(&upper)).then(|| TxId::new(&upper))
}

/// Whether an id is the compact form (CTID) of one on the main network.
#[must_use]
pub fn is_compact_id(text: &str) -> bool {
    text.len() == 16
        && text.starts_with('C')
        && text.ends_with("0000")
        && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLASSIC: &str = "r9cZA1mLK5R5Am25ArfXFmqgNwjZgnfk59";

    fn tag(text: &str) -> Option<String> {
        let memo = parse(text).unwrap().memo?;
        assert_eq!(memo.place, place::DESTINATION_TAG);
        Some(String::from_utf8(memo.raw).unwrap())
    }

    #[test]
    fn classic_addresses_print_as_they_parse() {
        for text in [
            CLASSIC,
            "rrrrrrrrrrrrrrrrrrrrrhoLvTp",
            "rrrrrrrrrrrrrrrrrrrrBZbvji",
            "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh",
        ] {
            assert_eq!(parse(text).unwrap().address.text(), text);
        }
        assert_eq!(account("rrrrrrrrrrrrrrrrrrrrrhoLvTp"), Some(ACCOUNT_ZERO));
        assert_eq!(account("rrrrrrrrrrrrrrrrrrrrBZbvji"), Some(ACCOUNT_ONE));
    }

    #[test]
    fn pitfall_067_an_x_address_carries_its_tag_and_zero_is_one() {
        let bytes = account(CLASSIC).unwrap();
        for expected in [None, Some(0), Some(1), Some(103_556), Some(u32::MAX)] {
            let text = extended_text(bytes, expected);
            assert_eq!(tag(&text), expected.map(|tag| tag.to_string()), "{text}");
            assert_eq!(parse(&text).unwrap().address.text(), CLASSIC);
        }
        assert_eq!(tag(CLASSIC), None);
        assert_eq!(tag(&format!("{CLASSIC}?dt=0")).as_deref(), Some("0"));
        for tag in ["4294967296", "-1", "", "1.0", " 1", "\u{0661}"] {
            let text = format!("{CLASSIC}?dt={tag}");
            assert!(
                matches!(parse(&text), Err(AddressError::Shape { .. })),
                "{text}"
            );
        }
    }

    #[test]
    fn two_tags_that_differ_are_asked_about() {
        let inside = extended_text(account(CLASSIC).unwrap(), Some(7));
        assert_eq!(tag(&format!("{inside}?dt=7")).as_deref(), Some("7"));
        assert!(matches!(
            parse(&format!("{inside}?dt=8")),
            Err(AddressError::TwoMemos { .. })
        ));
    }

    #[test]
    fn addresses_of_test_networks_are_refused_with_the_reason() {
        // The test-network form of an account of the X-address specification.
        let error = parse("T719a5UwUCnEs54UsxG9CJYYDhwmFCqkr7wxCcNcfZ6p5GZ").unwrap_err();
        assert!(error.to_string().contains("test network"), "{error}");
    }

    #[test]
    fn a_typo_is_a_bad_checksum() {
        for text in [
            "r9cZA1mLK5R5Am25ArfXFmqgNwjZgnfk58",
            "X7AcgcsBL6XDcUb289X4mJ8djcdyKaB5hJDWMArnXr61crZ",
        ] {
            assert!(
                matches!(parse(text), Err(AddressError::Checksum { .. })),
                "{text}"
            );
        }
        for text in ["", "r", "r0cZA1mLK5R5Am25ArfXFmqgNwjZgnfk59", "0x00", "X7"] {
            assert!(
                matches!(parse(text), Err(AddressError::Shape { .. })),
                "{text}"
            );
        }
    }

    #[test]
    fn secrets_are_known_and_never_repeated() {
        for text in [
            "sn3nxiW7v8KXzPzAqzyHXbSSKNuN9",
            "sEdTM1uX8pu2do5XvTnutH6HsouMaM2",
            // One character off: nearly as secret.
            "sn3nxiW7v8KXzPzAqzyHXbSSKNuN8",
            "399150 474506 009147 088773 432160 282843 253738 605430",
            "A. 399150 B. 474506 C. 009147 D. 088773 E. 432160 F. 282843 G. 253738 H. 605430",
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error, AddressError::Secret, "{text}");
            assert!(!error.to_string().contains(text));
        }
        assert!(!is_secret(CLASSIC));
        assert!(!is_secret("123456 123456"));
    }

    #[test]
    fn ids_are_64_digits_or_compact() {
        let id = "c6a85a5dac39f60f52372a5992a3760f2e042ad4146c5bb1d332eb7b6671e67d";
        assert_eq!(parse_tx_id(id).unwrap().as_str(), id.to_uppercase());
        assert_eq!(
            parse_tx_id(" C005523E00000000 ").unwrap().as_str(),
            "C005523E00000000"
        );
        for text in ["C005523E00000001", "D005523E00000000", "C005523E", &id[1..]] {
            assert_eq!(parse_tx_id(text), None, "{text}");
        }
    }
}
