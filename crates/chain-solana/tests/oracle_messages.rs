//! Solana: what wallets sign is accepted in both forms, and nothing made from it.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are tests; the lint only knows the functions marked so"
)]

use recover_chain_solana::message::{SolanaMessages, off_chain};
use recover_core::network::NetworkId;
use recover_core::proof::{MessageProof as _, ProofRefusal, ProvenKey};
use recover_testkit::oracle::Oracle;
use serde_json::json;

const TEXT: &str = "Proof of ownership for a deposit recovery claim\nThis is not a transaction.\n\ndestination: credit to account U-1";

fn verify(address: &str, text: &str, signature: &str) -> Result<ProvenKey, ProofRefusal> {
    SolanaMessages.verify(&NetworkId::new("solana"), address, text, signature)
}

fn base58(digits: &str) -> String {
    bs58::encode(hex::decode(digits).unwrap()).into_string()
}

fn ask(op: &str, number: u8, (name, value): (&str, &str)) -> (String, String) {
    let mut question = json!({ "seed": hex::encode([number; 32]) });
    question[name] = json!(value);
    let answer = Oracle::shared_blocking()
        .ask_blocking(op, question)
        .unwrap();
    let of = |name: &str| answer[name].as_str().unwrap().to_owned();
    (of("address"), base58(&of("signature")))
}

fn raw(number: u8, text: &str) -> (String, String) {
    ask("messages.solana", number, ("text", text))
}

/// Of the tests of Solana's own crate `solana-offchain-message`.
#[test]
fn the_format_is_that_of_solanas_own_tools() {
    assert_eq!(
        off_chain("Test Message").unwrap(),
        [
            255, 115, 111, 108, 97, 110, 97, 32, 111, 102, 102, 99, 104, 97, 105, 110, 0, 0, 12, 0,
            84, 101, 115, 116, 32, 77, 101, 115, 115, 97, 103, 101
        ]
    );
    let utf8 = off_chain("Тестовое сообщение").unwrap();
    assert_eq!(utf8[16..20], [0, 1, 35, 0]);
    assert_eq!(off_chain(""), None);
    assert_eq!(off_chain(&"x".repeat(1_213)), None);
}

#[test]
fn what_wallets_sign_is_accepted() {
    for number in 1..40 {
        let (address, signature) = raw(number, TEXT);
        assert_eq!(
            verify(&address, TEXT, &signature).unwrap().scheme,
            "solana_raw"
        );
        let bytes = hex::encode(off_chain(TEXT).unwrap());
        let (_, signature) = ask("messages.solana_bytes", number, ("bytes", &bytes));
        let key = verify(&address, TEXT, &signature).unwrap();
        assert_eq!(
            (key.address.as_str(), key.scheme),
            (address.as_str(), "solana_offchain")
        );
    }
}

#[test]
fn nothing_made_from_a_good_signature_is_accepted() {
    let (address, signature) = raw(7, TEXT);
    let bytes = bs58::decode(&signature).into_vec().unwrap();
    let mut tried = 0_u32;
    let mut refuse = |address: &str, text: &str, signature: &str, what: &str| {
        let answer = verify(address, text, signature);
        assert!(answer.is_err(), "{what}, {signature}: {answer:?}");
        tried += 1;
    };
    for place in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[place / 8] ^= 1 << (place % 8);
        refuse(
            &address,
            TEXT,
            &bs58::encode(changed).into_string(),
            "a flipped bit",
        );
    }
    for length in 0..64 {
        refuse(
            &address,
            TEXT,
            &bs58::encode(&bytes[..length]).into_string(),
            "a part",
        );
    }
    refuse(&address, TEXT, "", "nothing");
    refuse(&address, TEXT, &"1".repeat(64), "zeros");
    for changed in [
        format!("{TEXT}\n"),
        TEXT.replace("U-1", "U-2"),
        TEXT.to_lowercase(),
    ] {
        refuse(&address, &changed, &signature, "another text");
    }
    for number in 8..40 {
        let (other, of_other) = raw(number, TEXT);
        refuse(&other, TEXT, &signature, "another address");
        refuse(&address, TEXT, &of_other, "another key");
    }
    // Programs and their accounts have no key; nor has the system program, under whose zeros a careless verifier accepts.
    for other in [
        "11111111111111111111111111111111",
        "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA",
        "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t",
        "",
    ] {
        refuse(other, TEXT, &signature, "another kind of address");
        refuse(other, TEXT, &bs58::encode([0; 64]).into_string(), "zeros");
    }
    assert!(tried >= 600, "{tried}");
}

/// A wallet that signs raw bytes may be given a transaction: its signature over one must prove nothing.
#[test]
fn bytes_of_a_transaction_are_refused_before_they_are_looked_at() {
    for text in ["\u{1}\u{0}\u{1}\u{3}", "\u{13}rest", "", "\u{80}rest"] {
        let (address, signature) = raw(7, text);
        assert_eq!(
            verify(&address, text, &signature),
            Err(ProofRefusal::LooksLikeTransaction)
        );
    }
}
