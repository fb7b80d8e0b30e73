//! Addresses, transaction ids and denominations: text to bytes and back.
//!
//! An address is bech32 (BIP-173, never bech32m) with the network's prefix over 20 bytes (accounts, modules) or 32 bytes
//! (contracts, interchain accounts). The same bytes under another prefix are another network's form of them.

use bech32::primitives::decode::CheckedHrpstring;
use bech32::{Bech32, Bech32m, Hrp};
use recover_core::address::{Address, AddressError, Payload};
use recover_core::block::TxId;
use recover_core::network::Family;
use sha2::{Digest, Sha256};

/// What an address looks like, for messages.
const EXPECTED: &str = "bech32 of 20 or 32 bytes with a network's prefix, like cosmos1… or osmo1…";

/// Words inside a prefix that name something else than an account.
const NOT_PAYABLE: &[(&str, &str)] = &[
    (
        "valoper",
        "it names a validator (valoper), which cannot be paid; use the account's own address",
    ),
    (
        "valcons",
        "it names a validator's consensus key (valcons), which cannot be paid; use the account's own address",
    ),
    (
        "cncl",
        "it names a validator, which cannot be paid; use the account's own address",
    ),
    (
        "pub",
        "it is a public key, not an address; use the account's own address",
    ),
];

/// Parses an address with any prefix: all lower case or all upper case.
///
/// # Errors
/// When the shape is another, the checksum fails, or it names a validator or a public key.
pub fn parse(text: &str) -> Result<Address, AddressError> {
    let trimmed = text.trim();
    let shape = |expected| AddressError::Shape {
        text: text.to_owned(),
        family: Family::Cosmos,
        expected,
    };
    // A typo leaves the shape and breaks the checksum; anything else is no address of ours at all.
    let looks_right = has_shape(trimmed);
    if let Some((prefix, _)) = trimmed.rsplit_once('1')
        && let Some(reason) = not_payable(&prefix.to_ascii_lowercase())
    {
        return Err(shape(reason));
    }
    let checked = match CheckedHrpstring::new::<Bech32>(trimmed) {
        Ok(checked) => checked,
        Err(_) if CheckedHrpstring::new::<Bech32m>(trimmed).is_ok() => {
            return Err(shape(
                "bech32 and not bech32m: the checksum is of the other kind, which no network of the Cosmos SDK uses",
            ));
        }
        Err(_) if looks_right && is_one_case(trimmed) => {
            return Err(AddressError::Checksum {
                text: text.to_owned(),
            });
        }
        Err(_) => return Err(shape(EXPECTED)),
    };
    let bytes: Vec<u8> = checked.byte_iter().collect();
    let payload = payload_of(&bytes).ok_or_else(|| shape(EXPECTED))?;
    // Segwit addresses are bech32 too, with a version in front: written again, their bytes give another text. So do bits that
    // were put behind the last byte.
    format(&checked.hrp().to_lowercase(), &payload)
        .filter(|address| address.text() == trimmed.to_ascii_lowercase())
        .ok_or_else(|| shape(EXPECTED))
}

fn payload_of(bytes: &[u8]) -> Option<Payload> {
    if let Ok(account) = <[u8; 20]>::try_from(bytes) {
        return Some(Payload::Hash160(account));
    }
    <[u8; 32]>::try_from(bytes).ok().map(Payload::Contract32)
}

/// The reason why a prefix is not an account's; `None` for accounts.
fn not_payable(prefix: &str) -> Option<&'static str> {
    NOT_PAYABLE
        .iter()
        .find(|(word, _)| prefix.len() > word.len() && prefix.ends_with(word))
        .map(|(_, reason)| *reason)
}

fn is_one_case(text: &str) -> bool {
    !(text.bytes().any(|byte| byte.is_ascii_lowercase())
        && text.bytes().any(|byte| byte.is_ascii_uppercase()))
}

/// Whether a text has the lengths and letters of an address, whatever its checksum.
fn has_shape(text: &str) -> bool {
    let Some((prefix, data)) = text.rsplit_once('1') else {
        return false;
    };
    let letters =
        |byte: u8| b"qpzry9x8gf2tvdw0s3jn54khce6mua7l".contains(&byte.to_ascii_lowercase());
    (1..=83).contains(&prefix.len())
        && prefix.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && matches!(data.len(), 37..=39 | 57..=59)
        && data.bytes().all(letters)
}

/// The address that a payload has under a prefix; `None` for payloads of other families and prefixes that bech32 forbids.
#[must_use]
pub fn format(prefix: &str, payload: &Payload) -> Option<Address> {
    let bytes: &[u8] = match payload {
        Payload::Hash160(bytes) => bytes,
        Payload::Contract32(bytes) => bytes,
        _ => return None,
    };
    let hrp = Hrp::parse(prefix).ok()?;
    let text = bech32::encode_lower::<Bech32>(hrp, bytes).ok()?;
    Some(Address::from_parts(*payload, text))
}

/// The prefix of an address's text.
#[must_use]
pub fn prefix(address: &Address) -> &str {
    prefix_of(address.text())
}

/// The prefix of a canonical text.
pub(crate) fn prefix_of(text: &str) -> &str {
    text.rsplit_once('1').map_or("", |(prefix, _)| prefix)
}

/// The account of a module by its name: the first 20 bytes of SHA-256 of the name (the SDK's `NewModuleAddress`).
#[must_use]
pub fn module_account(name: &str) -> Payload {
    Payload::Hash160(first_20(&Sha256::digest(name.as_bytes())))
}

/// The account in which ICS-20 holds the coins that left over a channel: the first 20 bytes of SHA-256 of `ics20-1`, a zero
/// byte and `PORT/CHANNEL` (ADR-028).
#[must_use]
pub fn escrow_account(port: &str, channel: &str) -> Payload {
    let mut hasher = Sha256::new();
    hasher.update(b"ics20-1\0");
    hasher.update(format!("{port}/{channel}").as_bytes());
    Payload::Hash160(first_20(&hasher.finalize()))
}

pub(crate) fn first_20(digest: &[u8]) -> [u8; 20] {
    let mut bytes = [0; 20];
    for (to, from) in bytes.iter_mut().zip(digest) {
        *to = *from;
    }
    bytes
}

/// Parses a transaction id: 64 hexadecimal digits, any case, with or without `0x`; `None` for another shape.
#[must_use]
pub fn parse_tx_id(text: &str) -> Option<TxId> {
    let trimmed = text.trim();
    let digits = trimmed
        .strip_prefix("0x")
        .or_else(|| trimmed.strip_prefix("0X"))
        .unwrap_or(trimmed);
    let mut bytes = [0; 32];
    hex::decode_to_slice(digits, &mut bytes).ok()?;
    Some(tx_id(&bytes))
}

/// The canonical text of a transaction's hash.
#[must_use]
pub fn tx_id(hash: &[u8; 32]) -> TxId {
    TxId::new(&hex::encode_upper(hash))
}

/// The id of a transaction by its bytes: SHA-256 of the whole `TxRaw`.
#[must_use]
pub fn tx_id_of(raw: &[u8]) -> TxId {
    tx_id(&Sha256::digest(raw).into())
}

/// The denomination of a voucher for a coin that came over IBC: `ibc/` and SHA-256 of its trace.
#[must_use]
pub fn voucher_denom(trace: &str) -> String {
    format!(
        "ibc/{}",
        hex::encode_upper(Sha256::digest(trace.as_bytes()))
    )
}

/// Whether a denomination is a voucher's.
#[must_use]
pub fn is_voucher(denom: &str) -> bool {
    denom.starts_with("ibc/")
}

/// The canonical text of a denomination: as the SDK's bank module allows it (a letter, then 2 to 127 letters, digits or
/// `/ : . _ -`), case kept; a voucher's digest in upper case. `None` for another shape.
#[must_use]
pub fn parse_denom(text: &str) -> Option<String> {
    let trimmed = text.trim();
    if let Some(digest) = trimmed.strip_prefix("ibc/") {
        let is_digest = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        return is_digest.then(|| format!("ibc/{}", digest.to_ascii_uppercase()));
    }
    let mut bytes = trimmed.bytes();
    let first = bytes.next()?;
    let fits = first.is_ascii_alphabetic()
        && (3..=128).contains(&trimmed.len())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"/:._-".contains(&byte));
    fits.then(|| trimmed.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// One key's account on two networks, from cosmjs' and Osmosis' public documents: the fee collector of every network.
    const COLLECTOR: [&str; 2] = [
        "cosmos17xpfvakm2amg962yls6f84z3kell8c5lserqta",
        "osmo17xpfvakm2amg962yls6f84z3kell8c5lczssa0",
    ];

    #[test]
    fn one_payload_has_a_form_on_every_network() {
        let [cosmos, osmo] = COLLECTOR.map(|text| parse(text).unwrap());
        assert_eq!(cosmos.payload(), osmo.payload());
        assert_eq!(cosmos.payload(), module_account("fee_collector"));
        assert_eq!(format("osmo", &cosmos.payload()), Some(osmo));
        assert_eq!(prefix(&cosmos), "cosmos");
    }

    #[test]
    fn pitfall_080_bech32_rules_are_kept() {
        let [cosmos, _] = COLLECTOR;
        let upper = cosmos.to_uppercase();
        assert_eq!(parse(&upper).unwrap().text(), cosmos);
        let mixed = cosmos.replacen('c', "C", 1);
        assert!(
            matches!(parse(&mixed), Err(AddressError::Shape { .. })),
            "{mixed}"
        );
        let typo = cosmos.replace("xpf", "xpp");
        assert!(
            matches!(parse(&typo), Err(AddressError::Checksum { .. })),
            "{typo}"
        );
        let payload = parse(cosmos).unwrap().payload();
        let other =
            bech32::encode::<Bech32m>(Hrp::parse("cosmos").unwrap(), payload.bytes()).unwrap();
        let error = parse(&other).unwrap_err().to_string();
        assert!(error.contains("bech32m"), "{error}");
        // Another network's prefix does not fit the checksum of this one's.
        let swapped = cosmos.replacen("cosmos", "osmo", 1);
        assert!(matches!(
            parse(&swapped),
            Err(AddressError::Checksum { .. })
        ));
    }

    #[test]
    fn a_prefix_that_we_do_not_know_is_an_address_too() {
        let address = format("stride", &module_account("gov")).unwrap();
        assert_eq!(parse(address.text()), Ok(address));
    }

    #[test]
    fn validators_and_public_keys_are_not_payable() {
        let payload = module_account("gov");
        for prefix in [
            "cosmosvaloper",
            "cosmosvalcons",
            "cosmospub",
            "cosmosvaloperpub",
            "tcrocncl",
        ] {
            let text = format(prefix, &payload).unwrap().text().to_owned();
            let error = parse(&text).unwrap_err().to_string();
            assert!(error.contains("use the account's own address"), "{error}");
        }
    }

    #[test]
    fn other_shapes_are_refused() {
        for text in [
            "",
            "1",
            "cosmos1",
            "cosmos",
            "bc1qznd5zwx4dghvlvggsx5muw2dnuepnpdj56kulr",
            "0x52908400098527886E0F7030069857D2E4169EE7",
            "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh",
            "cosmos1aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\u{430}",
        ] {
            assert!(
                matches!(parse(text), Err(AddressError::Shape { .. })),
                "{text}"
            );
        }
    }

    #[test]
    fn denominations_keep_their_case() {
        for (text, expected) in [
            ("uatom", Some("uatom")),
            (" uatom ", Some("uatom")),
            (
                "gravity0x564A1c3AF089D02D0B6C311C650eA3768424cbfa",
                Some("gravity0x564A1c3AF089D02D0B6C311C650eA3768424cbfa"),
            ),
            ("factory/osmo1f5v/alloyed", Some("factory/osmo1f5v/alloyed")),
            ("ua", None),
            ("1uatom", None),
            ("u atom", None),
            ("ibc/abc", None),
            ("ibc/", None),
        ] {
            assert_eq!(parse_denom(text).as_deref(), expected, "{text}");
        }
        // The trace of ATOM on Osmosis, as its denomination is published everywhere.
        let atom = "ibc/27394FB092D2ECCD56123C74F36E4C1F926001CEADA9CA97EA622B25F41E5EB2";
        assert_eq!(voucher_denom("transfer/channel-0/uatom"), atom);
        assert_eq!(parse_denom(&atom.to_lowercase()).as_deref(), Some(atom));
    }

    #[test]
    fn transaction_ids_are_upper_case() {
        let canonical = "EAE059242FB773F07526E7564065F30BB6BE85A451CF19A1D06F479F44B4EC5F";
        for text in [
            canonical.to_owned(),
            canonical.to_lowercase(),
            format!("0x{canonical}"),
        ] {
            assert_eq!(parse_tx_id(&text).unwrap().as_str(), canonical);
        }
        assert_eq!(parse_tx_id(&canonical[1..]), None);
    }

    proptest! {
        #[test]
        fn print_then_parse_is_identity(bytes: [u8; 32], short: bool, prefix in "[a-z]{1,12}") {
            let payload = if short { Payload::Hash160(first_20(&bytes)) } else { Payload::Contract32(bytes) };
            let address = format(&prefix, &payload).unwrap();
            prop_assert!(not_payable(&prefix).is_some() || parse(address.text()) == Ok(address));
        }

        #[test]
        fn parse_never_panics(text in "\\PC*") {
            drop(parse(&text));
            drop(parse_denom(&text));
            drop(parse_tx_id(&text));
        }
    }
}
