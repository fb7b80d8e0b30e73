//! Addresses, token accounts and transaction ids against web3.js and the token program's own library.

use proptest::prelude::*;
use recover_chain_solana::token::{self, TokenProgram};
use recover_chain_solana::{SolanaFamily, address};
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

/// 32 bytes that begin with so many zeros, which base58 writes as a 1 each.
fn with_zeros(mut bytes: [u8; 32], zeros: usize) -> [u8; 32] {
    bytes[..zeros].fill(0);
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn every_address_is_the_librarys(bytes: [u8; 32], zeros in prop_oneof![4 => Just(0_usize), 1 => 1_usize..=32]) {
        let bytes = with_zeros(bytes, zeros);
        let theirs = told("solana.address_encode", json!({"hex": hex::encode(bytes)}));
        let ours = address::format(bytes);
        prop_assert_eq!(&theirs["address"], ours.text());
        let is_key = matches!(ours.payload(), Payload::Ed25519(_));
        prop_assert_eq!(theirs["on_curve"].as_bool(), Some(is_key));
        prop_assert_eq!(SolanaFamily.address(ours.text()), Ok(ours));
    }

    #[test]
    fn a_changed_address_is_read_alike(bytes: [u8; 32], place in any::<prop::sample::Index>(), letter in "[0-9A-Za-z]", cut in 0_usize..3) {
        let mut text = address::text(&bytes);
        let place = place.index(text.len());
        text.replace_range(place..=place, &letter);
        text.truncate(text.len() - cut);
        let theirs = told("solana.address", json!({"text": text}));
        // The library takes a text of fewer bytes for one with zeros in front; the network writes those out.
        let hex = theirs["hex"].as_str().filter(|_| {
            let canonical = told("solana.address_encode", json!({"hex": theirs["hex"]}));
            canonical["address"] == text
        });
        let ours = SolanaFamily.address(&text).ok().and_then(|address| address::bytes(&address));
        let ours = ours.map(hex::encode);
        prop_assert_eq!(ours.as_deref(), hex, "{}", text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_associated_account_is_the_librarys(owner: [u8; 32], mint: [u8; 32], is_2022: bool) {
        let (program, name) = if is_2022 {
            (TokenProgram::Token2022, "token_2022")
        } else {
            (TokenProgram::Token, "token")
        };
        let (owner_address, mint_address) = (address::format(owner), address::format(mint));
        let args = json!({"owner": owner_address.text(), "mint": mint_address.text(), "program": name});
        let theirs = told("solana.associated_account", args);
        let account = token::associated_account(&owner, &mint, program).unwrap();
        prop_assert_eq!(&theirs["address"], &address::text(&account));
        let account = address::format(account);
        prop_assert!(matches!(account.payload(), Payload::Contract32(_)));
        let found = token::association(&owner_address, &account, std::slice::from_ref(&mint_address)).unwrap();
        prop_assert_eq!(found.program, program);
        prop_assert_eq!(found.mint, mint_address);
    }

    #[test]
    fn every_programs_address_is_the_librarys(first: Vec<u8>, second: [u8; 32], program: [u8; 32]) {
        let first = &first[..first.len().min(32)];
        let args = json!({"seeds": [hex::encode(first), hex::encode(second)], "program": address::text(&program)});
        let theirs = told("solana.program_address", args);
        let (bytes, bump) = token::program_address(&[first, &second], &program).unwrap();
        prop_assert_eq!(&theirs["address"], &address::text(&bytes));
        prop_assert_eq!(theirs["bump"].as_u64(), Some(u64::from(bump)));
    }

    #[test]
    fn ids_wallets_and_secrets_of_the_library_are_told_apart(seed: [u8; 32], to: [u8; 32], lamports: u64) {
        let wallet = told("solana.key", json!({"seed": hex::encode(seed)}));
        let text = wallet["address"].as_str().unwrap();
        let address = SolanaFamily.address(text).unwrap();
        prop_assert!(matches!(address.payload(), Payload::Ed25519(_)));
        prop_assert_eq!(SolanaFamily.tx_id(text), None);
        let secret = wallet["secret"].as_str().unwrap();
        prop_assert_eq!(SolanaFamily.address(secret), Err(AddressError::Secret));
        prop_assert_eq!(SolanaFamily.tx_id(secret), None);
        let args = json!({
            "seed": hex::encode(seed), "to": address::text(&to), "lamports": lamports.to_string(), "blockhash": text,
        });
        let sent = told("solana.transfer", args);
        let id = sent["signature"].as_str().unwrap();
        let read = SolanaFamily.tx_id(id).unwrap();
        prop_assert_eq!(read.as_str(), id);
        let is_no_address = matches!(SolanaFamily.address(id), Err(AddressError::Shape { .. }));
        prop_assert!(is_no_address);
    }
}

/// There is no checksum: of the typos of one character in twenty wallets nearly all are addresses, here as in the library. The
/// count is what an operator must know.
#[test]
fn most_typos_of_one_character_are_another_address() {
    let (mut typos, mut accepted) = (0_u32, 0_u32);
    for seed in 0..20_u8 {
        let wallet = told("solana.key", json!({"seed": hex::encode([seed; 32])}));
        let good = wallet["address"].as_str().unwrap().to_owned();
        for place in (0..good.len()).step_by(3) {
            for letter in LETTERS
                .chars()
                .filter(|letter| !good[place..].starts_with(*letter))
            {
                let mut spoilt = good.clone();
                spoilt.replace_range(place..=place, &letter.to_string());
                let theirs = told("solana.address", json!({"text": spoilt}));
                let ours = SolanaFamily.address(&spoilt);
                assert_eq!(theirs["valid"].as_bool(), Some(ours.is_ok()), "{spoilt}");
                typos += 1;
                accepted += u32::from(ours.is_ok());
            }
        }
    }
    assert!(!SolanaFamily.tells_typos());
    assert!(
        accepted * 10 > typos * 9,
        "{accepted} of {typos}: most typos pass"
    );
}
