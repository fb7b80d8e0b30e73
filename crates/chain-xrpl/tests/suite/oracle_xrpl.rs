//! Addresses, tags and every unsigned return, byte for byte against xrpl.js, both ways.

use crate::fixture::{folder, network};
use proptest::prelude::*;
use recover_chain_xrpl::XrplFamily;
use recover_chain_xrpl::address;
use recover_chain_xrpl::asset::{Asset, Currency, Money};
use recover_chain_xrpl::binary::{self, Part};
use recover_chain_xrpl::number::Number;
use recover_chain_xrpl::returns::{ReturnPayment, Signing, Validity, decode, verify};
use recover_chain_xrpl::wire;
use recover_core::address::AddressError;
use recover_core::detect::Detect;
use recover_testkit::Oracle;
use serde_json::{Value, json};

fn ask(op: &str, args: Value) -> Result<Value, String> {
    Oracle::shared_blocking().ask_blocking(op, args)
}

fn told(op: &str, args: Value) -> Value {
    ask(op, args.clone()).unwrap_or_else(|error| panic!("{op} {args}: {error}"))
}

fn money(kind: u8, mantissa: u64, exponent: i16) -> Money {
    match kind {
        0 => Money::drops(mantissa % 100_000_000_000_000_000 + 1),
        _ => Money {
            asset: Asset::Issued {
                currency: if kind == 1 {
                    Currency::parse("USD").unwrap()
                } else {
                    Currency::from_name("RLUSD").unwrap()
                },
                issuer: [kind; 20],
            },
            value: Number::from_normal(false, mantissa % 9_999_999_999_999_999 + 1, exponent)
                .unwrap(),
        },
    }
}

prop_compose! {
    fn any_payment()(
        account: [u8; 20], destination: [u8; 20], tag: Option<u32>, kind in 0_u8..3, mantissa: u64,
        exponent in -90_i16..70, fee in 0_u64..100_000_000, sequence: u32, last: Option<u32>, ticket: Option<u32>,
        key in prop::collection::vec(any::<u8>(), 32), signers in 0_u8..9,
    ) -> ReturnPayment {
        let amount = money(kind, mantissa, exponent);
        let send_max = (kind > 0).then(|| money(kind, mantissa.rotate_left(7), exponent));
        let mut public = [0xed; 33];
        public[1..].copy_from_slice(&key);
        ReturnPayment {
            account,
            destination,
            destination_tag: tag,
            amount,
            send_max,
            fee_drops: fee,
            validity: match ticket {
                Some(ticket) => Validity::Ticket { ticket, last_ledger: last },
                None => Validity::Sequence { sequence, last_ledger: last.unwrap_or(7) },
            },
            signing: if signers == 0 { Signing::Key(public) } else { Signing::Signers(signers) },
        }
    }
}

/// The fields of the library, which prints amounts in another but equal way.
fn same_fields(ours: &serde_json::Map<String, Value>, theirs: &Value) -> bool {
    let theirs = theirs.as_object().unwrap();
    ours.len() == theirs.len()
        && ours.iter().all(|(name, value)| {
            let other = &theirs[name];
            value == other
                || matches!((Money::read(value), Money::read(other)), (Some(a), Some(b)) if a == b)
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_address_is_the_librarys(bytes: [u8; 20], tag: Option<u32>) {
        let ours = address::text(bytes);
        let theirs = told("xrpl.address_encode", json!({"account_id": hex::encode(bytes)}));
        prop_assert_eq!(&theirs["address"], &ours);
        let extended = address::extended_text(bytes, tag);
        let args = json!({"address": ours, "tag": tag});
        prop_assert_eq!(&told("xrpl.x_encode", args)["x_address"], &extended);
        let back = told("xrpl.x_decode", json!({"x_address": extended}));
        prop_assert_eq!(&back["address"], &ours);
        prop_assert_eq!(&back["tag"], &json!(tag));
        let routed = XrplFamily.routed(&extended).unwrap();
        let inside = routed.memo.map(|memo| String::from_utf8(memo.raw).unwrap());
        prop_assert_eq!(inside, tag.map(|tag| tag.to_string()));
        // Of a test network: theirs is well formed, and refused here with the reason.
        let test = told("xrpl.x_encode", json!({"address": ours, "tag": tag, "test": true}));
        let refused = XrplFamily.routed(test["x_address"].as_str().unwrap()).unwrap_err();
        prop_assert!(refused.to_string().contains("test network"), "{}", refused);
    }

    #[test]
    fn a_spoilt_address_is_refused_by_both(bytes: [u8; 20], tag: Option<u32>, place in any::<prop::sample::Index>(), letter in "[1-9A-HJ-NP-Za-km-z]", extended: bool) {
        let good = if extended { address::extended_text(bytes, tag) } else { address::text(bytes) };
        let place = place.index(good.len());
        let mut spoilt = good.clone();
        spoilt.replace_range(place..=place, &letter);
        let theirs = told("xrpl.address", json!({"address": spoilt}));
        let valid = theirs["classic"] == true || theirs["x_address"] == true;
        match XrplFamily.routed(&spoilt) {
            Ok(_) => prop_assert!(valid, "{}", spoilt),
            // A wrong first letter makes it another kind of text, maybe one that the library calls a seed.
            Err(_) => prop_assert!(!valid || spoilt.starts_with('T'), "{}", spoilt),
        }
    }

    #[test]
    fn every_seed_of_the_library_is_a_secret(entropy in prop::collection::vec(any::<u8>(), 16), ed25519: bool) {
        let algorithm = if ed25519 { "ed25519" } else { "ecdsa-secp256k1" };
        let wallet = told("xrpl.wallet", json!({"entropy": hex::encode(&entropy), "algorithm": algorithm}));
        let seed = wallet["seed"].as_str().unwrap();
        prop_assert_eq!(XrplFamily.address(seed), Err(AddressError::Secret));
        prop_assert!(XrplFamily.address(wallet["address"].as_str().unwrap()).is_ok());
    }

    #[test]
    fn every_unsigned_return_is_the_librarys_both_ways(payment in any_payment(), signer: [u8; 20]) {
        let fields = payment.fields();
        let bytes = payment.signing_bytes().unwrap();
        let theirs = told("xrpl.encode_for_signing", json!({"tx": fields}));
        prop_assert_eq!(theirs["hex"].as_str().unwrap(), hex::encode_upper(&bytes));
        if payment.signing != Signing::Signers(0) {
            let several = payment.multisigning_bytes(signer).unwrap();
            let args = json!({"tx": fields, "signer": address::text(signer)});
            // The library empties the key of one signer itself.
            if matches!(payment.signing, Signing::Signers(_)) {
                let theirs = told("xrpl.encode_for_multisigning", args);
                prop_assert_eq!(theirs["hex"].as_str().unwrap(), hex::encode_upper(&several));
            }
        }
        let blob = payment.unsigned().unwrap();
        let back = told("xrpl.decode", json!({"hex": hex::encode_upper(&blob)}));
        prop_assert!(same_fields(&fields, &back["tx"]), "{} {}", Value::Object(fields), back);
        prop_assert!(verify(&blob, &payment).is_ok());
    }

    #[test]
    fn spoilt_bytes_are_read_alike_or_refused_here(payment in any_payment(), place in any::<prop::sample::Index>(), byte: u8) {
        let mut blob = payment.unsigned().unwrap();
        let place = place.index(blob.len());
        blob[place] = byte;
        let hex = hex::encode_upper(&blob);
        // What is accepted here reads the same there, and writes the same bytes.
        if let Ok(summary) = decode(&blob) {
            let theirs = told("xrpl.decode", json!({"hex": hex}));
            let theirs = &theirs["tx"];
            prop_assert_eq!(&theirs["Destination"], &address::text(summary.destination));
            prop_assert_eq!(theirs.get("DestinationTag").and_then(Value::as_u64), summary.destination_tag.map(u64::from));
            prop_assert_eq!(Money::read(&theirs["Amount"]), Some(summary.amount));
            prop_assert_eq!(&theirs["Fee"], &summary.fee_drops.to_string());
        }
    }
}

proptest! {
    // Signing takes the library a while.
    #![proptest_config(ProptestConfig::with_cases(50))]

    #[test]
    fn a_return_signed_by_the_library_comes_back_as_approved(payment in any_payment(), entropy in prop::collection::vec(any::<u8>(), 16)) {
        let key = json!({"entropy": hex::encode(&entropy), "algorithm": "ed25519"});
        let wallet = told("xrpl.wallet", key.clone());
        let mut payment = payment;
        payment.account = address::account(wallet["address"].as_str().unwrap()).unwrap();
        payment.fee_drops = payment.fee_drops.clamp(10, 1_000_000);
        prop_assume!(payment.account != payment.destination);
        // The library checks tickets against sequences itself and rejects a zero.
        prop_assume!(!matches!(payment.validity, Validity::Ticket { ticket: 0, .. }));
        let mut public = [0; 33];
        hex::decode_to_slice(wallet["public_key"].as_str().unwrap(), &mut public).unwrap();
        payment.signing = Signing::Key(public);
        let mut args = key;
        args["tx"] = Value::Object(payment.fields());
        let signed = told("xrpl.sign", args);
        let blob = hex::decode(signed["tx_blob"].as_str().unwrap()).unwrap();
        let summary = verify(&blob, &payment).unwrap();
        prop_assert!(summary.is_signed());
        let id = binary::transaction_id(&blob);
        prop_assert_eq!(id.as_str(), signed["hash"].as_str().unwrap());
        let mut other = payment.clone();
        other.fee_drops += 1;
        prop_assert!(verify(&blob, &other).is_err());
    }
}

/// Every recorded transaction with all its fields, whatever its type, writes the library's bytes and reads back as its fields.
#[test]
fn every_recorded_transaction_is_the_librarys_both_ways() {
    let mut count = 0;
    let mut kinds = std::collections::BTreeSet::new();
    for entry in std::fs::read_dir(folder("xrp")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let answer: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        for record in wire::records(&answer).unwrap_or_default() {
            if !record.fields.contains_key("TxnSignature") {
                continue;
            }
            let whole = binary::encode(record.fields, Part::Whole).unwrap();
            let signed = binary::encode(record.fields, Part::Signed).unwrap();
            let fields = binary::decode(&whole).unwrap();
            let theirs = told("xrpl.encode", json!({"tx": fields}));
            assert_eq!(theirs["hex"], hex::encode_upper(&whole));
            let theirs = told("xrpl.encode_for_signing", json!({"tx": fields}));
            assert_eq!(
                theirs["hex"],
                hex::encode_upper([&binary::SIGNING[..], &signed].concat())
            );
            let hash = told("xrpl.hash", json!({"tx_blob": hex::encode_upper(&whole)}));
            assert_eq!(hash["hash"], binary::transaction_id(&whole).as_str());
            kinds.insert(fields["TransactionType"].to_string());
            count += 1;
        }
    }
    assert!(count > 400 && kinds.len() > 10, "{count} {kinds:?}");
    assert_eq!(network().as_str(), "xrpl");
}
