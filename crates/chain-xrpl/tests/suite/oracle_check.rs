//! Our unsigned bytes signed by xrpl.js, and what is opened of them.

use crate::legs::{Key, leg, payment, with_tag};
use proptest::prelude::*;
use recover_chain_xrpl::XrplCheck;
use recover_chain_xrpl::address;
use recover_chain_xrpl::asset::{Asset, Currency};
use recover_chain_xrpl::binary;
use recover_chain_xrpl::returns::Validity;
use recover_chain_xrpl::signature::account_of_key;
use recover_core::amount::Amount;
use recover_core::check::Check;
use recover_testkit::Oracle;
use serde_json::{Value, json};

fn told(op: &str, args: Value) -> Value {
    Oracle::shared_blocking()
        .ask_blocking(op, args.clone())
        .unwrap_or_else(|error| panic!("{op} {args}: {error}"))
}

proptest! {
    // Signing takes the library a while.
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn what_the_library_signs_is_opened_with_its_hash(
        entropy: [u8; 16], is_ed25519: bool, recipient: [u8; 20], tag: Option<u32>, drops in 1_u64..100_000_000_000_000_000, issued: bool,
        sequence in 1_u32.., last in 1_u32..,
    ) {
        let algorithm = if is_ed25519 { "ed25519" } else { "ecdsa-secp256k1" };
        let secret = json!({"entropy": hex::encode(entropy), "algorithm": algorithm});
        let wallet = told("xrpl.wallet", secret.clone());
        let mut public = [0; 33];
        hex::decode_to_slice(wallet["public_key"].as_str().unwrap(), &mut public).unwrap();
        prop_assert_eq!(&address::text(account_of_key(public)), wallet["address"].as_str().unwrap());
        prop_assume!(account_of_key(public) != recipient);
        let asset = if issued {
            Asset::Issued { currency: Currency::from_name("RLUSD").unwrap(), issuer: [5; 20] }
        } else {
            Asset::Xrp
        };
        let amount = if issued { Amount::from_coin_text(&(drops % 1_000_000_000).to_string(), 25).unwrap() } else { Amount::from_u128(drops.into()) };
        prop_assume!(!amount.is_zero());
        let mut leg = leg(&Key::new([1; 32], true), recipient, asset, amount);
        leg.signer = address::text(account_of_key(public));
        leg.signer_key = Some(hex::encode(public));
        if let Some(tag) = tag {
            leg = with_tag(leg, tag);
        }
        let unsigned = payment(&leg, Validity::Sequence { sequence, last_ledger: last }, 12).unsigned().unwrap();
        prop_assert!(XrplCheck.verify(&leg, &unsigned).is_ok());
        // The library gets nothing but our bytes.
        let read = told("xrpl.decode", json!({"hex": hex::encode_upper(&unsigned)}));
        let mut fields = read["tx"].clone();
        // It fills the key in itself, and asks for none to be there.
        fields.as_object_mut().unwrap().remove("SigningPubKey");
        let mut args = secret;
        args["tx"] = fields;
        let theirs = told("xrpl.sign", args);
        let blob = hex::decode(theirs["tx_blob"].as_str().unwrap()).unwrap();
        let signed = XrplCheck.open("xrpl:0", &unsigned, &blob).unwrap();
        prop_assert_eq!(signed.tx_id.as_str(), theirs["hash"].as_str().unwrap());
        prop_assert_eq!(&signed.unsigned, &unsigned);
        prop_assert_eq!(&signed.signer, &leg.signer);
        prop_assert_eq!(&signed.signer_key, &leg.signer_key);
        // Whoever signs with our own code is believed by the library.
        let valid = told("xrpl.verify", json!({"tx_blob": hex::encode_upper(&signed.bytes)}));
        prop_assert_eq!(&valid["valid"], &json!(true));
    }

    #[test]
    fn what_is_signed_here_is_valid_there(seed: [u8; 32], is_ed25519: bool, drops in 1_u64..100_000_000_000_000_000) {
        let key = Key::new(seed, is_ed25519);
        let leg = leg(&key, [2; 20], Asset::Xrp, Amount::from_u128(drops.into()));
        let unsigned = payment(&leg, Validity::Sequence { sequence: 5, last_ledger: 9 }, 12).unsigned().unwrap();
        let blob = key.sign(&unsigned);
        let there = told("xrpl.verify", json!({"tx_blob": hex::encode_upper(&blob)}));
        prop_assert_eq!(&there["valid"], &json!(true));
        let hash = told("xrpl.hash", json!({"tx_blob": hex::encode_upper(&blob)}));
        let id = binary::transaction_id(&blob);
        prop_assert_eq!(hash["hash"].as_str().unwrap(), id.as_str());
        prop_assert!(XrplCheck.open("xrpl:0", &[], &blob).is_ok());
    }
}
