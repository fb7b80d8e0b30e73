//! SEP-53: its own vectors and what the SDK signs are accepted, and nothing made from them.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are tests; the lint only knows the functions marked so"
)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use recover_chain_stellar::address;
use recover_chain_stellar::message::{StellarMessages, verify as verify_bytes};
use recover_core::network::NetworkId;
use recover_core::proof::{MessageProof as _, ProofRefusal, ProvenKey};
use recover_testkit::oracle::Oracle;
use serde_json::json;

const ADDRESS: &str = "GBXFXNDLV4LSWA4VB7YIL5GBD7BVNR22SGBTDKMO2SBZZHDXSKZYCP7L";

/// Text and signature: the first two test cases of the proposal.
const VECTORS: [(&str, &str); 2] = [
    (
        "Hello, World!",
        "fO5dbYhXUhBMhe6kId/cuVq/AfEnHRHEvsP8vXh03M1uLpi5e46yO2Q8rEBzu3feXQewcQE5GArp88u6ePK6BA==",
    ),
    (
        "こんにちは、世界！",
        "CDU265Xs8y3OWbB/56H9jPgUss5G9A0qFuTqH2zs2YDgTm+++dIfmAEceFqB7bhfN3am59lCtDXrCtwH2k1GBA==",
    ),
];

/// The third: bytes that are no text.
const BINARY: (&str, &str) = (
    "2zZDP1sa1BVBfLP7TeeMk3sUbaxAkUhBhDiNdrksaFo=",
    "VA1+7hefNwv2NKScH6n+Sljj15kLAge+M2wE7fzFOf+L0MMbssA1mwfJZRyyrhBORQRle10X1Dxpx+UOI4EbDQ==",
);

fn verify(address: &str, text: &str, signature: &str) -> Result<ProvenKey, ProofRefusal> {
    StellarMessages.verify(&NetworkId::new("stellar"), address, text, signature)
}

#[test]
fn the_proposals_own_cases_are_accepted() {
    for (text, signature) in VECTORS {
        let key = verify(ADDRESS, text, signature).unwrap();
        assert_eq!((key.address.as_str(), key.scheme), (ADDRESS, "sep53"));
        let bytes = STANDARD.decode(signature).unwrap();
        assert!(verify(ADDRESS, text, &hex::encode(bytes)).is_ok());
        let account = address::account_key(&address::parse(ADDRESS).unwrap()).unwrap();
        assert!(verify(&address::muxed_text(account, 9), text, signature).is_ok());
    }
    let (message, signature) = BINARY;
    let key = address::account_key(&address::parse(ADDRESS).unwrap()).unwrap();
    let signature: [u8; 64] = STANDARD.decode(signature).unwrap().try_into().unwrap();
    let message = STANDARD.decode(message).unwrap();
    assert_eq!(verify_bytes(key, &message, &signature), Ok(()));
}

fn signed(number: u8, text: &str) -> (String, String) {
    let answer = Oracle::shared_blocking()
        .ask_blocking(
            "messages.stellar",
            json!({ "seed": hex::encode([number; 32]), "text": text }),
        )
        .unwrap();
    let of = |name: &str| answer[name].as_str().unwrap().to_owned();
    (of("address"), of("signature"))
}

#[test]
fn what_the_sdk_signs_is_accepted() {
    for number in 1..40 {
        for text in ["", "a\nb", "snow \u{2603}"] {
            let (address, signature) = signed(number, text);
            assert!(verify(&address, text, &signature).is_ok());
        }
    }
}

/// The order of ed25519's group, little-endian.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

#[test]
fn nothing_made_from_a_good_signature_is_accepted() {
    let mut tried = 0_u32;
    let mut refuse = |address: &str, text: &str, signature: &str, what: &str| {
        let answer = verify(address, text, signature);
        assert!(answer.is_err(), "{what}, {signature}: {answer:?}");
        tried += 1;
    };
    for (text, signature) in VECTORS {
        let bytes = STANDARD.decode(signature).unwrap();
        for place in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[place / 8] ^= 1 << (place % 8);
            refuse(ADDRESS, text, &STANDARD.encode(changed), "a flipped bit");
        }
        for length in 0..64 {
            refuse(ADDRESS, text, &STANDARD.encode(&bytes[..length]), "a part");
        }
        // s plus the order: the same number for a careless verifier.
        let mut changed = bytes.clone();
        let mut carry = 0_u16;
        for place in 0..32 {
            let sum = u16::from(bytes[32 + place]) + u16::from(ORDER[place]) + carry;
            changed[32 + place] = u8::try_from(sum & 0xff).unwrap();
            carry = sum >> 8;
        }
        refuse(ADDRESS, text, &STANDARD.encode(changed), "a larger s");
        refuse(ADDRESS, &format!("{text} "), signature, "another text");
        refuse(ADDRESS, text, signature.trim_end_matches('='), "no padding");
        refuse(ADDRESS, text, "", "nothing");
        for number in 1..30 {
            let (other, of_other) = signed(number, text);
            refuse(&other, text, signature, "another address");
            refuse(ADDRESS, text, &of_other, "another key");
        }
        for other in [
            "CA3D5KRYM6CB7OWQ6TWYRR3Z4T7GNZLKERYNZGGA5SOAOPIFY6YQGAXE",
            "GBXFXNDLV4LSWA4VB7YIL5GBD7BVNR22SGBTDKMO2SBZZHDXSKZYCP7M",
            "",
        ] {
            refuse(other, text, signature, "another kind of address");
        }
    }
    // The key of small order, under which zeros verify for a careless verifier.
    let small = address::account([0; 32]);
    refuse(
        small.text(),
        "any",
        &STANDARD.encode([0; 64]),
        "a key of small order",
    );
    assert!(tried >= 1_200, "{tried}");
}
