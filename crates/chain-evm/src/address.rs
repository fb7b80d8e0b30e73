//! Addresses and hashes: text to bytes and back, with the EIP-55 checksum.

use ethers::types::H160;
use recover_core::address::{Address, AddressError, Payload};
use recover_core::block::{BlockHash, TxId};
use recover_core::network::Family;

/// Parses an address: 40 hexadecimal digits with or without `0x` (or `0X`). One case throughout carries no checksum;
/// mixed case must match EIP-55 (<https://eips.ethereum.org/EIPS/eip-55>). EIP-1191 (a checksum with the chain id in it,
/// on the networks around RSK) is not read: none of our networks uses it.
///
/// # Errors
/// When the shape is another, or the mixed case does not match.
pub fn parse(text: &str) -> Result<Address, AddressError> {
    let trimmed = text.trim();
    let digits = trimmed
        .strip_prefix("0x")
        .or_else(|| trimmed.strip_prefix("0X"))
        .unwrap_or(trimmed);
    let mut bytes = [0; 20];
    if digits.len() != 40 || hex::decode_to_slice(digits, &mut bytes).is_err() {
        return Err(AddressError::Shape {
            text: text.to_owned(),
            family: Family::Evm,
            expected: "0x and 40 hexadecimal digits",
        });
    }
    let address = format(bytes);
    let mixed = digits.bytes().any(|byte| byte.is_ascii_lowercase())
        && digits.bytes().any(|byte| byte.is_ascii_uppercase());
    if mixed && address.text().strip_prefix("0x") != Some(digits) {
        return Err(AddressError::Checksum {
            text: text.to_owned(),
        });
    }
    Ok(address)
}

/// The address of 20 bytes, its text with the EIP-55 checksum.
#[must_use]
pub fn format(bytes: [u8; 20]) -> Address {
    let text = ethers::utils::to_checksum(&H160(bytes), None);
    Address::from_parts(Payload::Account20(bytes), text)
}

/// The address of a payload; `None` for the payloads of other families.
#[must_use]
pub fn of_payload(payload: &Payload) -> Option<Address> {
    match payload {
        Payload::Account20(bytes) => Some(format(*bytes)),
        _ => None,
    }
}

/// The canonical text of an address, as [`Address::text`] carries it.
#[must_use]
pub fn text(bytes: [u8; 20]) -> String {
    ethers::utils::to_checksum(&H160(bytes), None)
}

/// The 20 bytes of an address of this family; `None` for another family's.
#[must_use]
pub const fn bytes(address: &Address) -> Option<[u8; 20]> {
    match address.payload() {
        Payload::Account20(bytes) => Some(bytes),
        _ => None,
    }
}

/// Parses a transaction hash: 64 hexadecimal digits, any case, with or without `0x`; `None` for another shape.
#[must_use]
pub fn parse_tx_id(text: &str) -> Option<TxId> {
    parse_hash(text).map(|hash| tx_id(&hash))
}

/// The canonical text of a transaction hash.
#[must_use]
pub fn tx_id(hash: &[u8; 32]) -> TxId {
    TxId::new(&format!("0x{}", hex::encode(hash)))
}

/// The canonical text of a block hash.
#[must_use]
pub fn block_hash(hash: &[u8; 32]) -> BlockHash {
    BlockHash::new(&format!("0x{}", hex::encode(hash)))
}

/// The 32 bytes of a transaction or block hash; `None` for another shape.
#[must_use]
pub fn parse_hash(text: &str) -> Option<[u8; 32]> {
    let trimmed = text.trim();
    let digits = trimmed
        .strip_prefix("0x")
        .or_else(|| trimmed.strip_prefix("0X"))
        .unwrap_or(trimmed);
    let mut bytes = [0; 32];
    hex::decode_to_slice(digits, &mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of EIP-55.
    const EIP_55: [&str; 8] = [
        "0x52908400098527886E0F7030069857D2E4169EE7",
        "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
        "0xde709f2102306220921060314715629080e2fb77",
        "0x27b1fdb04752bbc536007a920d24acb045561c26",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ];

    #[test]
    fn pitfall_033_every_written_form_of_an_address_is_one_address() {
        for text in EIP_55 {
            let address = parse(text).unwrap();
            let digits = text.strip_prefix("0x").unwrap();
            for form in [
                text.to_owned(),
                text.to_lowercase(),
                format!("0x{}", digits.to_uppercase()),
                format!("0X{}", digits.to_lowercase()),
                digits.to_owned(),
                format!("  {text}\n"),
            ] {
                assert_eq!(parse(&form).as_ref(), Ok(&address), "{form}");
            }
            assert_eq!(parse(address.text()), Ok(address));
        }
        // The texts of the EIP in mixed case come out as they went in.
        for text in EIP_55.iter().skip(4) {
            assert_eq!(parse(text).unwrap().text(), *text);
        }
    }

    #[test]
    fn a_typo_in_mixed_case_is_a_bad_checksum() {
        let error = parse("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD").unwrap_err();
        assert!(matches!(error, AddressError::Checksum { .. }));
    }

    #[test]
    fn other_shapes_are_refused() {
        for text in [
            "",
            "0x",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAedd",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeg",
            "0x0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "5аAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        ] {
            assert!(
                matches!(parse(text), Err(AddressError::Shape { .. })),
                "{text}"
            );
        }
    }

    #[test]
    fn transaction_hashes_parse_and_print() {
        let canonical = "0x45102190bcfd53cc6a15761c9d2da43a628d0ca713bfad5a1e311b531c294b77";
        let upper = canonical.to_uppercase();
        assert_eq!(parse_tx_id(&upper).unwrap().as_str(), canonical);
        assert_eq!(parse_tx_id(&canonical[2..]).unwrap().as_str(), canonical);
        assert_eq!(parse_tx_id(&canonical[..64]), None);
    }
}
