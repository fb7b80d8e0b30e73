//! The vectors of BIP-322, its authors' own: what they sign is accepted, what they refuse is refused, and nothing made from a good
//! signature passes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use recover_chain_bitcoin::BitcoinMessages;
use recover_core::network::NetworkId;
use recover_core::proof::{MessageProof as _, ProofRefusal, ProvenKey};
use serde::Deserialize;

#[derive(Deserialize)]
struct Signed {
    message: String,
    address: String,
    r#type: String,
    private_keys: Vec<String>,
    bip322_signatures: Vec<String>,
    #[serde(default)]
    lock_time: u32,
    #[serde(default)]
    sequence: u32,
}

#[derive(Deserialize)]
struct Bad {
    description: String,
    message: String,
    address: String,
    signature: String,
}

#[derive(Deserialize)]
struct Vectors {
    #[serde(default)]
    simple: Vec<Signed>,
    #[serde(default)]
    full: Vec<Signed>,
    #[serde(default)]
    proof_of_funds: Vec<Signed>,
    error: Vec<Bad>,
}

fn vectors() -> [Vectors; 2] {
    [
        include_str!("../../../fixtures/bitcoin/bip322_basic_test_vectors.json"),
        include_str!("../../../fixtures/bitcoin/bip322_generated_test_vectors.json"),
    ]
    .map(|text| serde_json::from_str(text).expect("the vectors are JSON of this shape"))
}

fn verify(address: &str, text: &str, signature: &str) -> Result<ProvenKey, ProofRefusal> {
    BitcoinMessages.verify(&NetworkId::new("bitcoin"), address, text, signature)
}

#[test]
fn what_the_proposal_signs_is_accepted_unless_it_is_locked() {
    let (mut accepted, mut locked) = (0, 0);
    for vectors in vectors() {
        for signed in vectors.simple.iter().chain(&vectors.full) {
            for signature in &signed.bip322_signatures {
                let answer = verify(&signed.address, &signed.message, signature);
                if signed.r#type.contains("time-lock") {
                    // A script that is no plain list of keys is not understood.
                    assert!(answer.is_err(), "{}: {answer:?}", signed.r#type);
                    continue;
                }
                // Valid at another time or age proves nothing today.
                if (signed.lock_time, signed.sequence) != (0, 0) {
                    assert_eq!(answer, Err(ProofRefusal::TimeLocked));
                    locked += 1;
                    continue;
                }
                let key = answer.unwrap_or_else(|refusal| {
                    panic!("{} {}: {refusal}", signed.r#type, signed.address)
                });
                assert_eq!(key.address, signed.address);
                accepted += 1;
            }
        }
    }
    assert!(
        accepted + locked >= 16 && accepted >= 9,
        "{accepted} {locked}"
    );
}

/// The full form without a lock, which no vector has: signed with the vectors' published keys.
#[test]
fn a_full_signature_without_a_lock_is_accepted() {
    let mut accepted = 0;
    for vectors in vectors() {
        for signed in &vectors.full {
            let is_of_one_key = signed.private_keys.len() == 1 && !signed.r#type.contains("lock");
            if !is_of_one_key {
                continue;
            }
            let signature = bip322::sign_full_encoded(
                &signed.address,
                &signed.message,
                &signed.private_keys,
                None,
                bip322::LockParams::default(),
            )
            .unwrap();
            let key = verify(&signed.address, &signed.message, &signature).unwrap();
            assert_eq!(key.scheme, "bip322_full");
            assert!(verify(&signed.address, "another text", &signature).is_err());
            accepted += 1;
        }
    }
    assert!(accepted >= 4, "{accepted}");
}

#[test]
fn what_the_proposal_refuses_is_refused() {
    let mut refused = 0;
    for vectors in vectors() {
        for bad in vectors.error {
            let answer = verify(&bad.address, &bad.message, &bad.signature);
            assert!(answer.is_err(), "{}: {answer:?}", bad.description);
            refused += 1;
        }
        // A proof of funds names outputs that only a node can confirm.
        for signed in vectors.proof_of_funds {
            for signature in &signed.bip322_signatures {
                assert_eq!(
                    verify(&signed.address, &signed.message, signature),
                    Err(ProofRefusal::Inconclusive)
                );
                refused += 1;
            }
        }
    }
    assert!(refused >= 39, "{refused}");
}

#[test]
fn nothing_made_from_a_good_signature_passes() {
    let addresses: Vec<String> = vectors()
        .iter()
        .flat_map(|vectors| vectors.simple.iter().chain(&vectors.full))
        .map(|signed| signed.address.clone())
        .collect();
    let mut tried = 0_u32;
    let mut refuse = |address: &str, text: &str, signature: &str, what: &str| {
        let answer = verify(address, text, signature);
        assert!(answer.is_err(), "{what} of {signature}: {answer:?}");
        tried += 1;
    };
    for vectors in vectors() {
        for signed in vectors.simple.iter().chain(&vectors.full) {
            let (address, text) = (&signed.address, &signed.message);
            for signature in &signed.bip322_signatures {
                let (prefix, body) = match signature.get(..3) {
                    Some(prefix @ ("smp" | "ful")) => (prefix, &signature[3..]),
                    _ => ("", signature.as_str()),
                };
                let bytes = STANDARD.decode(body).unwrap();
                let again = |bytes: &[u8]| format!("{prefix}{}", STANDARD.encode(bytes));
                for place in 0..bytes.len() {
                    let mut changed = bytes.clone();
                    changed[place] ^= 1 << (place % 8);
                    refuse(address, text, &again(&changed), "a flipped bit");
                    if place % 7 == 0 {
                        refuse(address, text, &again(&bytes[..place]), "a part");
                    }
                }
                let longer = [&bytes[..], &[0]].concat();
                refuse(address, text, &again(&longer), "a byte more");
                refuse(address, &format!("{text} "), signature, "another text");
                let changed = text.replace(char::is_uppercase, "3");
                if changed != *text {
                    refuse(address, &changed, signature, "another case");
                }
                if let Some(cut) = body.strip_suffix('=') {
                    refuse(address, text, cut, "less padding");
                }
            }
            for other in addresses.iter().filter(|other| *other != address) {
                refuse(other, text, &signed.bip322_signatures[0], "another address");
            }
        }
    }
    assert!(tried >= 1_000, "{tried}");
}

#[test]
fn pitfall_inconclusive_is_not_valid() {
    // One empty element: the verifier says `Ok(Inconclusive)` for any address of a script and any text.
    for signature in ["smpAQA=", "AQA="] {
        assert_eq!(
            verify("3JvL6Ymt8MVWiCNHC7oWU6nLeHNJKLZGLN", "any text", signature),
            Err(ProofRefusal::Inconclusive)
        );
    }
}

#[test]
fn an_address_of_another_network_is_refused() {
    let wrong = [
        "tb1q9vza2e8x573nczrlzms0wvx3gsqjx7vaxwd45v",
        "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn",
        "2MzQwSSnBHWHqSAqtTVQ6v47XtaisrJa1Vc",
        "bcrt1q9vza2e8x573nczrlzms0wvx3gsqjx7vay85cr9",
    ];
    for text in wrong {
        let address = BitcoinMessages.address(&NetworkId::new("bitcoin"), text);
        assert!(
            matches!(
                address,
                Err(ProofRefusal::NetworkWrong | ProofRefusal::AddressInvalid)
            ),
            "{text}: {address:?}"
        );
        for vectors in vectors() {
            for signed in &vectors.simple {
                let signature = &signed.bip322_signatures[0];
                assert!(verify(text, &signed.message, signature).is_err());
            }
        }
    }
    let network = NetworkId::new("bitcoin-cash");
    let own = "15CRxFdyRpGZLW9w8HnHvVduizdL5jKNbs";
    assert_eq!(
        BitcoinMessages.verify(&network, own, "", ""),
        Err(ProofRefusal::MethodUnsupported)
    );
}
