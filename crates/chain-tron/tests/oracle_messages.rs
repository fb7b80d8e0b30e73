//! TIP-191: what TronWeb signs is accepted, and nothing made from it.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are tests; the lint only knows the functions marked so"
)]

use recover_chain_tron::message::{TronMessages, digest};
use recover_core::network::NetworkId;
use recover_core::proof::{MessageProof as _, ProofRefusal, ProvenKey};
use recover_testkit::oracle::Oracle;
use serde_json::json;

const TEXT: &str = "Proof of ownership for a deposit recovery claim\nThis is not a transaction.\n\ndestination: credit to account U-1";

fn verify(address: &str, text: &str, signature: &str) -> Result<ProvenKey, ProofRefusal> {
    TronMessages.verify(&NetworkId::new("tron"), address, text, signature)
}

fn ask(op: &str, number: u8, text: &str) -> (String, String) {
    let answer = Oracle::shared_blocking()
        .ask_blocking(
            op,
            json!({ "key": hex::encode([number; 32]), "text": text }),
        )
        .unwrap();
    let of = |name: &str| answer[name].as_str().unwrap().to_owned();
    (of("address"), of("signature"))
}

#[test]
fn what_tronweb_signs_is_accepted() {
    for number in 1..40 {
        for text in [
            TEXT,
            "",
            "a",
            "snow \u{2603} and \u{1f600}",
            &"x".repeat(3_000),
        ] {
            let (address, signature) = ask("messages.tron", number, text);
            let key = verify(&address, text, &signature).unwrap();
            assert_eq!(
                (key.address.as_str(), key.scheme),
                (address.as_str(), "tip191")
            );
        }
    }
}

/// n - s, and the other v.
fn malleated(bytes: &[u8; 65]) -> [u8; 65] {
    use k256::elliptic_curve::ff::PrimeField as _;
    let s = k256::Scalar::from_repr(*k256::FieldBytes::from_slice(&bytes[32..64])).unwrap();
    let mut changed = *bytes;
    changed[32..64].copy_from_slice(&(-s).to_repr());
    changed[64] = 55 - bytes[64];
    changed
}

#[test]
fn nothing_made_from_a_good_signature_is_accepted() {
    let (address, signature) = ask("messages.tron", 7, TEXT);
    let bytes: [u8; 65] = hex::decode(&signature[2..]).unwrap().try_into().unwrap();
    let mut tried = 0_u32;
    let mut refuse = |address: &str, text: &str, signature: &str, what: &str| {
        let answer = verify(address, text, signature);
        assert!(answer.is_err(), "{what}, {signature}: {answer:?}");
        tried += 1;
    };
    for place in 0..bytes.len() * 8 {
        let mut changed = bytes;
        changed[place / 8] ^= 1 << (place % 8);
        refuse(&address, TEXT, &hex::encode(changed), "a flipped bit");
    }
    for length in 0..65 {
        refuse(&address, TEXT, &hex::encode(&bytes[..length]), "a part");
    }
    refuse(&address, TEXT, &format!("{signature}00"), "a byte more");
    refuse(&address, TEXT, "", "nothing");
    assert_eq!(
        verify(&address, TEXT, &hex::encode(malleated(&bytes))),
        Err(ProofRefusal::SignatureNotCanonical)
    );
    for changed in [
        format!("{TEXT}\n"),
        TEXT.replace("U-1", "U-2"),
        TEXT.to_lowercase(),
    ] {
        refuse(&address, &changed, &signature, "another text");
    }
    for number in 8..40 {
        let (other, of_other) = ask("messages.tron", number, TEXT);
        refuse(&other, TEXT, &signature, "another address");
        refuse(&address, TEXT, &of_other, "another key");
        // The same key under Ethereum's words: the account has the same twenty bytes there.
        let (_, ethereum) = ask("messages.evm", number, TEXT);
        refuse(&other, TEXT, &ethereum, "a message of Ethereum");
    }
    refuse(
        "1F3sAm6ZtwLAUnj7d38pGFxtP3RVEvtsbV",
        TEXT,
        &signature,
        "another network's address",
    );
    assert!(tried >= 600, "{tried}");
}

/// Some pages say SHA-256, or other capitals: neither is what wallets sign.
#[test]
fn the_words_and_the_hash_are_those_of_tronweb() {
    let (address, signature) = ask("messages.tron", 9, "hello");
    assert!(verify(&address, "hello", &signature).is_ok());
    assert_ne!(digest("hello"), digest("Hello"));
    let lower = ask("messages.evm", 9, "hello").1;
    assert!(verify(&address, "hello", &lower).is_err());
}
