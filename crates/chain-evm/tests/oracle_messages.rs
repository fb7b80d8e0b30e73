//! EIP-191: what ethers signs is accepted, and nothing made from it.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are tests; the lint only knows the functions marked so"
)]

use recover_chain_evm::message::EvmMessages;
use recover_core::network::NetworkId;
use recover_core::proof::{MessageProof as _, ProofRefusal, ProvenKey};
use recover_testkit::oracle::Oracle;
use serde_json::json;

/// Address, text, signature: of the documentation of web3.js and of the tests of ethers.
const VECTORS: [(&str, &str, &str); 2] = [
    (
        "0x2c7536E3605D9C16a7a3D7b1898e529396a65c23",
        "Some data",
        "0xb91467e570a6466aa9e9876cbcd013baba02900b8979d43fe208a4a4f339f5fd6007e74cd82e037b800186422fc2da167c747ef045e5d18a5f5d4300f8e1a0291c",
    ),
    (
        "0x14791697260E4c9A71f18484C9f997B308e59325",
        "hello world",
        "0xddd0a7290af9526056b4e35a077b9a11b513aa0028ec6c9880948544508f3c63265e99e47ad31bb2cab9646c504576b3abc6939a1710afc08cbf3034d73214b81c",
    ),
];

const TEXT: &str = "Proof of ownership for a deposit recovery claim\nThis is not a transaction.\n\ndestination: credit to account U-1\nnonce: 00112233445566778899aabbccddeeff";

fn verify(address: &str, text: &str, signature: &str) -> Result<ProvenKey, ProofRefusal> {
    EvmMessages.verify(&NetworkId::new("ethereum"), address, text, signature)
}

fn key(number: u8) -> String {
    hex::encode([number; 32])
}

fn signed(number: u8, text: &str) -> (String, String) {
    let answer = Oracle::shared_blocking()
        .ask_blocking("messages.evm", json!({ "key": key(number), "text": text }))
        .unwrap();
    let of = |name: &str| answer[name].as_str().unwrap().to_owned();
    (of("address"), of("signature"))
}

#[test]
fn published_signatures_are_accepted() {
    for (address, text, signature) in VECTORS {
        let key = verify(address, text, signature).unwrap();
        assert_eq!((key.address.as_str(), key.scheme), (address, "eip191"));
    }
}

#[test]
fn what_ethers_signs_is_accepted() {
    for number in 1..40 {
        for text in [
            TEXT,
            "",
            "a",
            "snow \u{2603} and \u{1f600}",
            &"x".repeat(3_000),
        ] {
            let (address, signature) = signed(number, text);
            assert_eq!(verify(&address, text, &signature).unwrap().address, address);
            // v as hardware wallets write it, and without 0x; the address in any case.
            let digits = signature.strip_prefix("0x").unwrap();
            let v = if digits.ends_with("1b") { "00" } else { "01" };
            let bare = format!("{}{v}", &digits[..128]);
            assert!(verify(&address.to_lowercase(), text, &bare).is_ok());
        }
    }
}

/// n - s, and the other v: another signature that is as valid for the curve.
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
    let (address, signature) = signed(7, TEXT);
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
    for v in 0..=255 {
        let mut changed = bytes;
        changed[64] = v;
        if v != bytes[64] && v != bytes[64] - 27 {
            refuse(&address, TEXT, &hex::encode(changed), "another v");
        }
    }
    for length in 0..65 {
        refuse(&address, TEXT, &hex::encode(&bytes[..length]), "a part");
    }
    refuse(&address, TEXT, &format!("{signature}00"), "a byte more");
    refuse(&address, TEXT, &hex::encode(&bytes[..64]), "the short form");
    refuse(&address, TEXT, &hex::encode([0; 65]), "zeros");
    refuse(&address, TEXT, "", "nothing");
    assert_eq!(
        verify(&address, TEXT, &hex::encode(malleated(&bytes))),
        Err(ProofRefusal::SignatureNotCanonical)
    );
    for place in 0..TEXT.len() {
        let mut changed = TEXT.as_bytes().to_vec();
        changed[place] ^= 1;
        if let Ok(changed) = String::from_utf8(changed) {
            refuse(&address, &changed, &signature, "another text");
        }
    }
    for changed in [
        format!("{TEXT}\n"),
        TEXT.replace('\n', "\r\n"),
        TEXT.replace("U-1", "U-2"),
    ] {
        refuse(&address, &changed, &signature, "another text");
    }
    for number in 8..40 {
        let (other, of_other) = signed(number, TEXT);
        refuse(&other, TEXT, &signature, "another address");
        refuse(&address, TEXT, &of_other, "another key");
    }
    for other in [
        "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t",
        "",
        "0x0000000000000000000000000000000000000000",
    ] {
        refuse(other, TEXT, &signature, "another kind of address");
    }
    // The same key's signature under Tron's words.
    let tron = Oracle::shared_blocking()
        .ask_blocking("messages.tron", json!({ "key": key(7), "text": TEXT }))
        .unwrap();
    refuse(
        &address,
        TEXT,
        tron["signature"].as_str().unwrap(),
        "a message of Tron",
    );
    assert!(tried >= 900, "{tried}");
}
