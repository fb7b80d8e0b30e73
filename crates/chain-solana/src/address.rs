//! Addresses and transaction ids: base58 to bytes and back.
//!
//! Source: <https://solana.com/docs/core/accounts> and <https://solana.com/docs/core/pda>.

use ed25519_dalek::{SigningKey, VerifyingKey};
use recover_core::address::{Address, AddressError, Payload};
use recover_core::block::TxId;
use recover_core::network::Family;

/// The system program's address, 32 zeros; nobody holds a key of it.
pub const SYSTEM_PROGRAM: [u8; 32] = [0; 32];

/// Where coins go to be burnt: `1nc1nerator11111111111111111111111111111111`. Nobody holds its key, since nobody found one.
pub const INCINERATOR: [u8; 32] = [
    0x00, 0x33, 0x90, 0x72, 0x8d, 0x34, 0x11, 0x60, 0x79, 0xbd, 0xc9, 0x11, 0xbf, 0xff, 0x00, 0xdb,
    0xd4, 0x4d, 0x2e, 0xcd, 0xcc, 0xf7, 0x9c, 0xa6, 0xe1, 0x00, 0x38, 0xe1, 0x00, 0x00, 0x00, 0x00,
];

const EXPECTED: &str = "32 bytes in base58 (32 to 44 characters), which carry no checksum";

/// Parses an address: base58 of exactly 32 bytes. A point of the curve is a wallet's key ([`Payload::Ed25519`]); any other is an
/// account of a program, which no key signs for ([`Payload::Contract32`]).
///
/// There is no checksum: a wrong character mostly gives another address, which nobody can tell from the right one. What is told
/// is a wrong length, and the letters `0`, `O`, `I` and `l`, which base58 has not.
///
/// # Errors
/// [`AddressError::Secret`] for a key of 64 bytes as wallets export it; [`AddressError::Shape`] for all else.
pub fn parse(text: &str) -> Result<Address, AddressError> {
    let trimmed = text.trim();
    if let Some(bytes) = fixed::<32>(trimmed) {
        return Ok(format(bytes));
    }
    if fixed::<64>(trimmed).is_some_and(|bytes| is_key_pair(&bytes)) {
        return Err(AddressError::Secret);
    }
    Err(AddressError::Shape {
        text: text.to_owned(),
        family: Family::Solana,
        expected: EXPECTED,
    })
}

/// Exactly so many bytes in base58; `None` for another text. A text that is too long is not decoded.
fn fixed<const LENGTH: usize>(text: &str) -> Option<[u8; LENGTH]> {
    // A byte is 1 character (zeros at the front) to log 256 / log 58 = 1.366 characters.
    if !(LENGTH..=LENGTH * 11 / 8).contains(&text.len()) {
        return None;
    }
    let mut bytes = [0; LENGTH];
    let written = bs58::decode(text).onto(&mut bytes).ok()?;
    (written == LENGTH).then_some(bytes)
}

/// Whether 64 bytes are a private key with its public key behind it, as wallets and the command line export it: in the shape of a
/// signature, and everything but public.
fn is_key_pair(bytes: &[u8; 64]) -> bool {
    SigningKey::from_keypair_bytes(bytes).is_ok()
}

/// Whether 32 bytes are a point of ed25519's curve, so that a key may sign for them. Read as the network's own runtime reads them:
/// a coordinate above the field's prime counts as its remainder.
#[must_use]
pub fn is_on_curve(bytes: &[u8; 32]) -> bool {
    VerifyingKey::from_bytes(bytes).is_ok()
}

/// The canonical text of 32 bytes.
#[must_use]
pub fn text(bytes: &[u8; 32]) -> String {
    bs58::encode(bytes).into_string()
}

/// The address of 32 bytes.
#[must_use]
pub fn format(bytes: [u8; 32]) -> Address {
    let payload = if is_on_curve(&bytes) {
        Payload::Ed25519(bytes)
    } else {
        Payload::Contract32(bytes)
    };
    Address::from_parts(payload, text(&bytes))
}

/// The 32 bytes of an address of this family; `None` for another family's.
#[must_use]
pub const fn bytes(address: &Address) -> Option<[u8; 32]> {
    match address.payload() {
        Payload::Ed25519(bytes) | Payload::Contract32(bytes) => Some(bytes),
        _ => None,
    }
}

/// Parses a transaction id: its first signature, 64 bytes in base58. `None` for another shape, and for a private key that has the
/// same length.
#[must_use]
pub fn parse_tx_id(text: &str) -> Option<TxId> {
    let bytes = fixed::<64>(text.trim())?;
    (!is_key_pair(&bytes)).then(|| TxId::new(&bs58::encode(bytes).into_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const USDC: &str = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v";

    #[test]
    fn addresses_print_as_they_parse() {
        for text in [
            USDC,
            "11111111111111111111111111111111",
            "So11111111111111111111111111111111111111112",
            "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA",
        ] {
            assert_eq!(parse(&format!(" {text}\n")).unwrap().text(), text);
        }
        assert_eq!(
            bytes(&parse("11111111111111111111111111111111").unwrap()),
            Some(SYSTEM_PROGRAM)
        );
        assert_eq!(
            bytes(&parse("1nc1nerator11111111111111111111111111111111").unwrap()),
            Some(INCINERATOR)
        );
    }

    #[test]
    fn other_lengths_and_letters_are_refused() {
        for text in [
            "",
            "1",
            &"1".repeat(31),
            &"1".repeat(33),
            &"z".repeat(44),
            &"z".repeat(4_000),
            "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1O",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t",
        ] {
            let error = parse(text).unwrap_err();
            assert!(
                matches!(error, AddressError::Shape { .. }),
                "{text}: {error}"
            );
        }
    }

    #[test]
    fn a_key_pair_is_a_secret_and_no_transaction() {
        let pair = SigningKey::from_bytes(&[7; 32]).to_keypair_bytes();
        let text = bs58::encode(pair).into_string();
        assert_eq!(parse(&text), Err(AddressError::Secret));
        assert_eq!(parse_tx_id(&text), None);
        let mut signature = pair;
        signature[63] ^= 1;
        let text = bs58::encode(signature).into_string();
        assert_eq!(parse_tx_id(&text).unwrap().as_str(), text);
        assert!(matches!(parse(&text), Err(AddressError::Shape { .. })));
    }

    #[test]
    fn ids_are_64_bytes_and_their_case_counts() {
        let id = "5GyTQUMiJjRXZqJxvhHGKy2FhCyd4jmaStD5eqvhQ4cikBVJ4wggMPGc5VGUmC157yArXXYvp3CdQgFs1KKPht18";
        assert_eq!(parse_tx_id(&format!(" {id} ")).unwrap().as_str(), id);
        // In small letters it is another id, and none can be told.
        let lower = id.to_lowercase();
        assert_eq!(parse_tx_id(&lower).unwrap().as_str(), lower);
        assert_eq!(parse_tx_id(&id[..80]), None);
        assert_eq!(parse_tx_id(USDC), None);
    }
}
