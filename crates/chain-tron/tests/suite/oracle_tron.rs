//! Addresses and transaction ids against TronWeb.

use proptest::prelude::*;
use recover_chain_tron::{TronFamily, address};
use recover_core::address::{AddressError, Payload};
use recover_core::detect::Detect;
use recover_testkit::Oracle;
use serde_json::{Value, json};

/// The letters of base58.
const LETTERS: &str = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

fn told(op: &str, args: Value) -> Value {
    Oracle::shared_blocking()
        .ask_blocking(op, args.clone())
        .unwrap_or_else(|error| panic!("{op} {args}: {error}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn every_address_is_the_librarys(bytes: [u8; 20]) {
        let ours = address::text(bytes);
        let node = address::hex_text(bytes);
        let theirs = told("tron.address_encode", json!({"hex": node}));
        prop_assert_eq!(&theirs["address"], &ours);
        let back = told("tron.address", json!({"text": ours}));
        prop_assert_eq!(&back["valid"], true);
        prop_assert_eq!(&back["hex"], &node);
        prop_assert_eq!(told("tron.address", json!({"text": node}))["valid"].as_bool(), Some(true));
        prop_assert_eq!(TronFamily.address(&ours).unwrap().payload(), Payload::Account20(bytes));
        let read = TronFamily.address(&node).unwrap();
        prop_assert_eq!(read.text(), ours);
    }

    #[test]
    fn a_spoilt_address_is_refused_by_both(bytes: [u8; 20], place in 0_usize..34, letter in "[1-9A-HJ-NP-Za-km-z]") {
        let good = address::text(bytes);
        let mut spoilt = good.clone();
        spoilt.replace_range(place..=place, &letter);
        let valid = told("tron.address", json!({"text": spoilt}))["valid"].as_bool().unwrap();
        prop_assert_eq!(valid, spoilt == good, "{}", spoilt);
        prop_assert_eq!(TronFamily.address(&spoilt).is_ok(), valid, "{}", spoilt);
    }
}

proptest! {
    // The library derives keys and writes transactions slowly.
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn one_key_is_one_payload_on_tron_and_on_evm_networks(mut key: [u8; 32]) {
        // Below the order of the curve, and not zero.
        key[0] &= 0x7f;
        key[31] |= 1;
        let theirs = told("tron.key", json!({"key": hex::encode(key)}));
        let text = |name: &str| theirs[name].as_str().unwrap().to_owned();
        let address = TronFamily.address(&text("address")).unwrap();
        prop_assert_eq!(&TronFamily.address(&text("hex")).unwrap(), &address);
        prop_assert_eq!(&TronFamily.address(&text("evm")).unwrap(), &address);
        let bytes = address::bytes(&address).unwrap();
        prop_assert_eq!(address::evm_text(bytes), text("evm"));
    }

    #[test]
    fn every_transaction_id_of_the_library_is_one(from: [u8; 20], to: [u8; 20], amount in 1_u32..u32::MAX, time in 1_700_000_000_000_u64..1_800_000_000_000) {
        let args = json!({
            "from": address::hex_text(from), "to": address::hex_text(to), "amount": amount.to_string(),
            "ref_block_bytes": "a1b2", "ref_block_hash": "0011223344556677", "expiration": time + 60_000, "timestamp": time,
        });
        let theirs = told("tron.transfer", args);
        let id = theirs["txid"].as_str().unwrap();
        let read = TronFamily.tx_id(&id.to_uppercase()).unwrap();
        prop_assert_eq!(read.as_str(), id);
        prop_assert_eq!(TronFamily.tx_id(&format!("0x{id}")), None);
    }
}

/// Every typo of one character in twenty addresses: 34 places, 57 other letters each.
#[test]
fn every_typo_of_one_character_is_refused() {
    let (mut typos, mut by_checksum) = (0_u32, 0_u32);
    for seed in 0..20_u8 {
        let good = address::text([seed.wrapping_mul(37).wrapping_add(11); 20]);
        assert_eq!(
            told("tron.address", json!({"text": good}))["valid"],
            json!(true)
        );
        for place in 0..good.len() {
            for letter in LETTERS
                .chars()
                .filter(|letter| !good[place..].starts_with(*letter))
            {
                let mut spoilt = good.clone();
                spoilt.replace_range(place..=place, &letter.to_string());
                let error = TronFamily.address(&spoilt).unwrap_err();
                typos += 1;
                by_checksum += u32::from(matches!(error, AddressError::Checksum { .. }));
            }
        }
    }
    assert_eq!(typos, 20 * 34 * 57);
    // A wrong first letter makes it another kind of text; everything behind it is the checksum's to find.
    assert_eq!(by_checksum, 20 * 33 * 57);
}
