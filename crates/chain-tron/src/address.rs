//! Addresses and transaction ids: base58check and hexadecimal to bytes and back.
//!
//! Source: <https://developers.tron.network/docs/account> and
//! <https://github.com/tronprotocol/documentation/blob/master/TRX/Tron-overview.md>. The test networks (Nile, Shasta) write
//! their addresses with the same version byte: the text does not say on which network it is meant.

use recover_core::address::{Address, AddressError, Payload};
use recover_core::block::TxId;
use recover_core::network::Family;
use sha2::{Digest as _, Sha256};
use sha3::Keccak256;

/// The version byte of an address on the main network; with it every address begins with `T`.
const VERSION: u8 = 0x41;

/// The account of all zeros, to which people send what shall be gone; nobody holds its key.
pub const ACCOUNT_ZERO: [u8; 20] = [0; 20];

const EXPECTED: &str =
    "T and 33 characters of base58, or in hexadecimal 41 and 40 digits, or 0x and 40 digits";

fn shape(text: &str) -> AddressError {
    AddressError::Shape {
        text: text.to_owned(),
        family: Family::Tron,
        expected: EXPECTED,
    }
}

fn typo(text: &str) -> AddressError {
    AddressError::Checksum {
        text: text.to_owned(),
    }
}

/// Parses an address in any form that its owner meets:
/// - `T…`, base58check; the only form whose checksum tells every typo of one character;
/// - `41` and 40 hexadecimal digits, as nodes print it, with or without `0x`; it has no checksum;
/// - `0x` and 40 hexadecimal digits, the same key's address on EVM networks; its mixed case must match EIP-55, one case throughout
///   carries no checksum.
///
/// # Errors
/// [`AddressError::Checksum`] for a typo that a checksum shows, a dropped or doubled character included;
/// [`AddressError::Shape`] for all else.
pub fn parse(text: &str) -> Result<Address, AddressError> {
    let trimmed = text.trim();
    if trimmed.starts_with('T') {
        return base58check(text, trimmed).map(format);
    }
    let after = trimmed
        .strip_prefix("0x")
        .or_else(|| trimmed.strip_prefix("0X"));
    let digits = after.unwrap_or(trimmed);
    let mut bytes = [0; 20];
    match digits.len() {
        42 if digits.starts_with("41") => {
            hex::decode_to_slice(&digits[2..], &mut bytes).map_err(|_| shape(text))?;
        }
        // Without 0x it may be a node's form that lost two digits.
        40 if after.is_some() => {
            hex::decode_to_slice(digits, &mut bytes).map_err(|_| shape(text))?;
            let is_mixed = digits.bytes().any(|byte| byte.is_ascii_lowercase())
                && digits.bytes().any(|byte| byte.is_ascii_uppercase());
            if is_mixed && evm_digits(bytes) != digits {
                return Err(typo(text));
            }
        }
        _ => return Err(shape(text)),
    }
    Ok(format(bytes))
}

/// The 20 bytes behind `T…`; `whole` is the text for messages.
fn base58check(whole: &str, text: &str) -> Result<[u8; 20], AddressError> {
    // One character more or less is a slip of the hand; anything else is another kind of text.
    if !(33..=35).contains(&text.len()) {
        return Err(shape(whole));
    }
    let decoded = bs58::decode(text).into_vec().map_err(|_| shape(whole))?;
    let (payload, sum) = decoded
        .split_last_chunk::<4>()
        .ok_or_else(|| shape(whole))?;
    if checksum(payload) != *sum {
        return Err(typo(whole));
    }
    match payload.split_first() {
        Some((&VERSION, bytes)) => bytes.try_into().map_err(|_| shape(whole)),
        _ => Err(shape(whole)),
    }
}

fn checksum(payload: &[u8]) -> [u8; 4] {
    let [a, b, c, d, ..]: [u8; 32] = Sha256::digest(Sha256::digest(payload)).into();
    [a, b, c, d]
}

/// The digits of the EVM form in the case of EIP-55 (<https://eips.ethereum.org/EIPS/eip-55>), without `0x`.
fn evm_digits(bytes: [u8; 20]) -> String {
    let lower = hex::encode(bytes);
    let hash = hex::encode(Keccak256::digest(lower.as_bytes()));
    lower
        .chars()
        .zip(hash.bytes())
        .map(|(digit, mark)| match mark {
            b'8'..=b'9' | b'a'..=b'f' => digit.to_ascii_uppercase(),
            _ => digit,
        })
        .collect()
}

/// The canonical text of an account: base58check, `T` first.
#[must_use]
pub fn text(bytes: [u8; 20]) -> String {
    let mut payload = vec![VERSION];
    payload.extend(bytes);
    payload.extend(checksum(&payload));
    bs58::encode(payload).into_string()
}

/// The same account as nodes print it: `41` and 40 lower-case hexadecimal digits.
#[must_use]
pub fn hex_text(bytes: [u8; 20]) -> String {
    format!("{VERSION:02x}{}", hex::encode(bytes))
}

/// The same key's address on EVM networks: `0x` and 40 digits in the case of EIP-55.
#[must_use]
pub fn evm_text(bytes: [u8; 20]) -> String {
    format!("0x{}", evm_digits(bytes))
}

/// The address of 20 bytes, its text in base58check.
#[must_use]
pub fn format(bytes: [u8; 20]) -> Address {
    Address::from_parts(Payload::Account20(bytes), text(bytes))
}

/// The 20 bytes of an address of this family; `None` for another family's.
#[must_use]
pub const fn bytes(address: &Address) -> Option<[u8; 20]> {
    match address.payload() {
        Payload::Account20(bytes) => Some(bytes),
        _ => None,
    }
}

/// Parses a transaction id: 64 hexadecimal digits of any case, the SHA-256 of the transaction's raw data; canonical is lower
/// case. With `0x` before them they are an id of an EVM network. `None` for another shape.
#[must_use]
pub fn parse_tx_id(text: &str) -> Option<TxId> {
    let trimmed = text.trim();
    let is_id = trimmed.len() == 64 && trimmed.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| TxId::new(&trimmed.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The contract of Tether on Tron.
    const USDT: &str = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t";

    #[test]
    fn pitfall_081_every_written_form_of_an_address_is_one_address() {
        let address = parse(USDT).unwrap();
        assert_eq!(address.text(), USDT);
        let bytes = bytes(&address).unwrap();
        assert_eq!(
            hex_text(bytes),
            "41a614f803b6fd780986a42c78ec9c7f77e6ded13c"
        );
        let node = hex_text(bytes);
        let evm = evm_text(bytes);
        for form in [
            node.clone(),
            node.to_uppercase(),
            format!("0x{node}"),
            format!("0X{}", node.to_uppercase()),
            evm.clone(),
            evm.to_lowercase(),
            format!(" {USDT}\n"),
        ] {
            assert_eq!(parse(&form).as_ref(), Ok(&address), "{form}");
        }
    }

    #[test]
    fn a_typo_is_a_bad_checksum_wherever_there_is_one() {
        for text in [
            "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6T",
            "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6",
            "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6tt",
            // The case of one letter of the EVM form.
            "0xA614f803b6fD780986A42c78Ec9c7f77e6DeD13C",
        ] {
            let error = parse(text).unwrap_err();
            assert!(
                matches!(error, AddressError::Checksum { .. }),
                "{text}: {error}"
            );
        }
    }

    #[test]
    fn other_shapes_are_refused() {
        for text in [
            "",
            "T",
            "tr7nhqjekqxgtci8q8zy4pl8otszgjlj6t",
            "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj0t",
            "42a614f803b6fd780986a42c78ec9c7f77e6ded13c",
            "41a614f803b6fd780986a42c78ec9c7f77e6ded1",
            "0x0x41a614f803b6fd780986a42c78ec9c7f77e6ded13c",
            // Bitcoin's first address: base58check of another version.
            "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
            // An X-address of a test network of the XRP Ledger begins with T too.
            "T719a5UwUCnEs54UsxG9CJYYDhwmFCqkr7wxCcNcfZ6p5GZ",
            "\u{422}R7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t",
        ] {
            assert!(
                matches!(parse(text), Err(AddressError::Shape { .. })),
                "{text}"
            );
        }
    }

    #[test]
    fn ids_are_64_digits_without_a_prefix() {
        let id = "0130dfde8ba45a9a9a3a4a6ea3a2ddbff1b2ae2d21b9fd1ed1ab1c4bd3e1d8bd";
        assert_eq!(parse_tx_id(&id.to_uppercase()).unwrap().as_str(), id);
        assert_eq!(parse_tx_id(&format!(" {id} ")).unwrap().as_str(), id);
        for text in ["", &id[1..], &format!("0x{id}"), &format!("{id}0")] {
            assert_eq!(parse_tx_id(text), None, "{text}");
        }
    }
}
