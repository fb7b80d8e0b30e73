//! Addresses and hashes: every way in which people and servers write them, to bytes and back.
//!
//! One account has at least four texts: raw (`0:` and 64 hexadecimal digits) and friendly in base64, URL-safe or not,
//! bounceable or not (<https://docs.ton.org/v3/documentation/smart-contracts/addresses>). Two texts are one account when their
//! bytes are equal, never when the texts are.

use base64::Engine;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, general_purpose};
use recover_core::address::{Address, AddressError, Payload};
use recover_core::block::{BlockHash, TxId};
use recover_core::network::Family;
use std::str::FromStr;

/// The tag of a friendly address whose account must be able to take a message, or the money goes back (`EQ…`).
const BOUNCEABLE: u8 = 0x11;
/// The tag of a friendly address to which money is sent whether or not a contract stands there yet (`UQ…`).
const NON_BOUNCEABLE: u8 = 0x51;
/// Set beside either tag for addresses of the test network.
const TESTNET: u8 = 0x80;

/// Base64 with either alphabet, padded or not: both are told apart before.
const LIBERAL: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, LIBERAL);

/// An account: its workchain (0, or -1 for the masterchain) and the hash of its first state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RawAddress {
    /// The workchain.
    pub workchain: i8,
    /// SHA-256 of the account's first code and data.
    pub hash: [u8; 32],
}

/// The raw form as toncenter writes it: `0:` and upper-case hexadecimal digits.
impl std::fmt::Display for RawAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.workchain, hex::encode_upper(self.hash))
    }
}

impl RawAddress {
    /// The canonical address.
    #[must_use]
    pub fn address(self) -> Address {
        let mut payload = [0; 33];
        let (first, rest) = payload.split_at_mut(1);
        first.copy_from_slice(&self.workchain.to_be_bytes());
        rest.copy_from_slice(&self.hash);
        Address::from_parts(Payload::Ton(payload), self.friendly(BOUNCEABLE))
    }

    /// The account of an address; `None` for another family's.
    #[must_use]
    pub fn of(address: &Address) -> Option<Self> {
        Self::of_payload(&address.payload())
    }

    /// The account of a payload; `None` for the payloads of other families.
    #[must_use]
    pub fn of_payload(payload: &Payload) -> Option<Self> {
        match payload {
            Payload::Ton([workchain, hash @ ..]) => Some(Self {
                workchain: i8::from_be_bytes([*workchain]),
                hash: *hash,
            }),
            _ => None,
        }
    }

    /// The form to which money is sent even where no contract stands yet (`UQ…`).
    #[must_use]
    pub fn non_bounceable(self) -> String {
        self.friendly(NON_BOUNCEABLE)
    }

    fn friendly(self, tag: u8) -> String {
        let mut bytes = Vec::with_capacity(36);
        bytes.push(tag);
        bytes.extend(self.workchain.to_be_bytes());
        bytes.extend(self.hash);
        bytes.extend(crc16(&bytes).to_be_bytes());
        general_purpose::URL_SAFE.encode(bytes)
    }
}

/// Reads any form; the error is the one for people.
impl FromStr for RawAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        read(text)
    }
}

fn shape(text: &str, expected: &'static str) -> AddressError {
    AddressError::Shape {
        text: text.to_owned(),
        family: Family::Ton,
        expected,
    }
}

const FORMS: &str =
    "EQ… or UQ… with 48 characters, or 0: (masterchain -1:) and 64 hexadecimal digits";

/// Parses an address in any of its forms.
///
/// # Errors
/// When the shape is another, the checksum of a friendly form does not match, or it is marked for the test network.
pub fn parse(text: &str) -> Result<Address, AddressError> {
    read(text).map(RawAddress::address)
}

fn read(text: &str) -> Result<RawAddress, AddressError> {
    let trimmed = text.trim();
    if let Some((workchain, digits)) = trimmed.split_once(':') {
        let workchain = match workchain {
            "0" => 0,
            "-1" => -1,
            _ => return Err(shape(text, FORMS)),
        };
        let hash = parse_hex(digits).ok_or_else(|| shape(text, FORMS))?;
        return Ok(RawAddress { workchain, hash });
    }
    if trimmed.len() != 48 {
        return Err(shape(text, FORMS));
    }
    let bytes = decode_base64(trimmed).ok_or_else(|| shape(text, FORMS))?;
    let (body, checksum) = bytes
        .split_last_chunk::<2>()
        .ok_or_else(|| shape(text, FORMS))?;
    if crc16(body) != u16::from_be_bytes(*checksum) {
        return Err(AddressError::Checksum {
            text: text.to_owned(),
        });
    }
    let [tag, workchain, hash @ ..] = body else {
        return Err(shape(text, FORMS));
    };
    let hash: [u8; 32] = hash.try_into().map_err(|_| shape(text, FORMS))?;
    match tag & !TESTNET {
        BOUNCEABLE | NON_BOUNCEABLE => {}
        _ => return Err(shape(text, FORMS)),
    }
    if tag & TESTNET != 0 {
        return Err(shape(
            text,
            "an address of the main network (this one is marked for the test network: kQ… or 0Q…)",
        ));
    }
    let workchain = i8::from_be_bytes([*workchain]);
    if !matches!(workchain, 0 | -1) {
        return Err(shape(text, "an address in workchain 0 or -1"));
    }
    Ok(RawAddress { workchain, hash })
}

/// Reads an address that a server wrote: as [`parse`], and the forms of the test network too, since the mark is a matter of
/// show there. `None` for what is none.
#[must_use]
pub fn of_server(text: &str) -> Option<RawAddress> {
    match read(text) {
        Ok(raw) => Some(raw),
        Err(_) => {
            let bytes = decode_base64(text.trim())?;
            let (body, checksum) = bytes.split_last_chunk::<2>()?;
            let [tag, workchain, hash @ ..] = body else {
                return None;
            };
            let known = matches!(tag & !TESTNET, BOUNCEABLE | NON_BOUNCEABLE);
            (known && crc16(body) == u16::from_be_bytes(*checksum)).then_some(RawAddress {
                workchain: i8::from_be_bytes([*workchain]),
                hash: hash.try_into().ok()?,
            })
        }
    }
}

/// Parses a transaction's, message's or trace's hash as people paste it: 64 hexadecimal digits, or 32 bytes in base64 of
/// either alphabet. `None` for another shape. Without padding it must hold a character that base58 has not, since Solana's
/// addresses are as long. The logical time that some explorers write before it (`60000000000003_…`) is passed over, and the
/// escapes of a link are undone.
#[must_use]
pub fn parse_tx_id(text: &str) -> Option<TxId> {
    let mut plain = text.trim().to_owned();
    for (escape, letter) in [("%2B", "+"), ("%2F", "/"), ("%3D", "=")] {
        plain = plain.replace(escape, letter);
        plain = plain.replace(&escape.to_lowercase(), letter);
    }
    let trimmed = match plain.split_once(['_', ':']) {
        Some((lt, hash))
            // A workchain before an address is shorter than any logical time.
            if lt.len() >= 6 && lt.bytes().all(|digit| digit.is_ascii_digit()) =>
        {
            hash
        }
        _ => plain.as_str(),
    };
    let digits = trimmed
        .strip_prefix("0x")
        .or_else(|| trimmed.strip_prefix("0X"))
        .unwrap_or(trimmed);
    if let Some(hash) = parse_hex(digits) {
        return Some(tx_id(&hash));
    }
    let told_apart = match trimmed.len() {
        44 => trimmed.ends_with('='),
        43 => trimmed.contains(['-', '_', '+', '/', '0', 'O', 'I', 'l']),
        _ => false,
    };
    if !told_apart {
        return None;
    }
    parse_hash(trimmed).map(|hash| tx_id(&hash))
}

/// The 32 bytes of a hash in hexadecimal digits or base64 of either alphabet; `None` for another shape.
#[must_use]
pub fn parse_hash(text: &str) -> Option<[u8; 32]> {
    let trimmed = text.trim();
    parse_hex(trimmed).or_else(|| decode_base64(trimmed)?.try_into().ok())
}

/// The canonical text of a transaction's hash.
#[must_use]
pub fn tx_id(hash: &[u8; 32]) -> TxId {
    TxId::new(&hex::encode(hash))
}

/// The canonical text of a block's root hash.
#[must_use]
pub fn block_hash(hash: &[u8; 32]) -> BlockHash {
    BlockHash::new(&hex::encode(hash))
}

/// A hash as toncenter writes it.
#[must_use]
pub fn base64_text(hash: &[u8; 32]) -> String {
    general_purpose::STANDARD.encode(hash)
}

fn parse_hex(digits: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(digits, &mut bytes).ok()?;
    Some(bytes)
}

/// Bytes in base64 with either alphabet; `None` for a text that mixes both or is none.
#[must_use]
pub fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let trimmed = text.trim();
    let standard = trimmed.contains(['+', '/']);
    if trimmed.contains(['-', '_']) {
        if standard {
            return None;
        }
        return STANDARD
            .decode(trimmed.replace('-', "+").replace('_', "/"))
            .ok();
    }
    STANDARD.decode(trimmed).ok()
}

/// CRC-16/XMODEM: polynomial 0x1021, first value 0.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        let start = crc ^ (u16::from(*byte) << 8);
        (0..8).fold(start, |crc, _| {
            if crc & 0x8000 == 0 {
                crc << 1
            } else {
                (crc << 1) ^ 0x1021
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// From the address book of a recorded answer (fixtures/ton/gem_transaction_bounced.json).
    const RAW: &str = "0:35D5F38CF7BF64062C021CC779250A29E4987290A6722A07685B5472B28CF89F";
    const BOUNCEABLE_TEXT: &str = "EQA11fOM979kBiwCHMd5JQop5JhykKZyKgdoW1Rysoz4nxG3";

    #[test]
    fn own_every_form_is_one_account() {
        let canonical = parse(RAW).unwrap();
        assert_eq!(canonical.text(), BOUNCEABLE_TEXT);
        let raw = RawAddress::of(&canonical).unwrap();
        assert_eq!(raw.to_string(), RAW);
        let standard = BOUNCEABLE_TEXT.replace('-', "+").replace('_', "/");
        for form in [
            RAW.to_owned(),
            RAW.to_lowercase(),
            format!(" {BOUNCEABLE_TEXT}\n"),
            standard,
            raw.non_bounceable(),
        ] {
            assert_eq!(parse(&form), Ok(canonical.clone()), "{form}");
        }
        // The address book gives the other form of another account.
        let wallet =
            parse("0:5A78B3C4CF147040FDB34768D4ABE734A47CCD0C9E0E065A4C7D9C62978D1F2F").unwrap();
        assert_eq!(
            RawAddress::of(&wallet).unwrap().non_bounceable(),
            "UQBaeLPEzxRwQP2zR2jUq-c0pHzNDJ4OBlpMfZxil40fL55X"
        );
        let system =
            parse("-1:3333333333333333333333333333333333333333333333333333333333333333").unwrap();
        assert_eq!(
            system.text(),
            "Ef8zMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzM0vF"
        );
        assert_eq!(parse(system.text()), Ok(system));
    }

    #[test]
    fn own_a_typo_is_a_bad_checksum() {
        for (at, letter) in [(0, "F"), (10, "z"), (47, "4")] {
            let mut text = BOUNCEABLE_TEXT.to_owned();
            text.replace_range(at..=at, letter);
            assert!(
                matches!(parse(&text), Err(AddressError::Checksum { .. })),
                "{text}"
            );
        }
    }

    #[test]
    fn own_the_test_network_is_refused() {
        // From the address book of a recorded answer of the test network.
        let text = "0QAjflEZ_6KgKMxPlcnKN1ZoUvHdTT6hVwTW95EGVQfeSvD5";
        let error = parse(text).unwrap_err();
        assert!(error.to_string().contains("test network"), "{error}");
        assert_eq!(
            of_server(text).unwrap().to_string(),
            "0:237E5119FFA2A028CC4F95C9CA37566852F1DD4D3EA15704D6F791065507DE4A"
        );
    }

    #[test]
    fn own_other_shapes_are_refused() {
        for text in [
            "",
            "0:",
            "1:35D5F38CF7BF64062C021CC779250A29E4987290A6722A07685B5472B28CF89F",
            "00:35D5F38CF7BF64062C021CC779250A29E4987290A6722A07685B5472B28CF89F",
            "0:35D5F38CF7BF64062C021CC779250A29E4987290A6722A07685B5472B28CF8",
            "EQA11fOM979kBiwCHMd5JQop5JhykKZyKgdoW1Rysoz4nxG",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "rEb8TK3gBgk5auZkwc6sHnwrGVJH8DuaLh",
        ] {
            assert!(
                matches!(parse(text), Err(AddressError::Shape { .. })),
                "{text}"
            );
        }
    }

    #[test]
    fn own_hash_forms_are_one_id() {
        let hash = "c9bc029e93211911bc2a5bce5b98927efdaa9fa6d21cfbf14aded5145fe1ed37";
        let standard = "ybwCnpMhGRG8KlvOW5iSfv2qn6bSHPvxSt7VFF/h7Tc=";
        let safe = standard.replace('/', "_");
        for form in [
            hash.to_owned(),
            hash.to_uppercase(),
            format!("0x{hash}"),
            standard.to_owned(),
            safe.clone(),
            safe.trim_end_matches('=').to_owned(),
            standard.replace('/', "%2F").replace('=', "%3D"),
            standard.replace('/', "%2f").replace('=', "%3d"),
            format!("59950377000003_{safe}"),
            format!("59950377000003:{hash}"),
        ] {
            assert_eq!(
                parse_tx_id(&form)
                    .map(|id| id.as_str().to_owned())
                    .as_deref(),
                Some(hash),
                "{form}"
            );
        }
        // An address of Solana, an address of TON, a hash that is cut.
        for form in [
            "7EcDhSYGxXyscszYEp35KHN8vvw3svAuLKTzXwCFLtV",
            BOUNCEABLE_TEXT,
            RAW,
            "c9bc029e93211911bc2a5bce5b98927efdaa9fa6d21cfbf14aded5145fe1ed",
        ] {
            assert_eq!(parse_tx_id(form), None, "{form}");
        }
    }

    proptest! {
        #[test]
        fn print_then_parse_is_identity(hash: [u8; 32], masterchain: bool) {
            let raw = RawAddress { workchain: if masterchain { -1 } else { 0 }, hash };
            prop_assert_eq!(raw.to_string().parse(), Ok(raw));
            prop_assert_eq!(raw.non_bounceable().parse(), Ok(raw));
            prop_assert_eq!(raw.address().text().parse(), Ok(raw));
            prop_assert_eq!(RawAddress::of(&raw.address()), Some(raw));
            let id = tx_id(&hash);
            prop_assert_eq!(parse_tx_id(&base64_text(&hash)), Some(id));
        }

        #[test]
        fn no_text_panics(text in "\\PC*") {
            let _ = parse(&text);
            let _ = parse_tx_id(&text);
            let _ = of_server(&text);
        }
    }
}
