//! Old signed messages: vectors of Bitcoin Core and of wallets, and what nobody may make of them.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are tests; the lint only knows the functions marked so"
)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bitcoin::hashes::{Hash as _, hash160};
use bitcoin::secp256k1::{Message, PublicKey, Secp256k1, SecretKey};
use recover_chain_bitcoin::{BitcoinMessages, legacy};
use recover_core::network::NetworkId;
use recover_core::proof::{MessageProof as _, ProofRefusal, ProvenKey};

/// Address, text, signature: two of Bitcoin Core's unit tests, one of bitcoinjs.
const VECTORS: [(&str, &str, &str); 3] = [
    (
        "15CRxFdyRpGZLW9w8HnHvVduizdL5jKNbs",
        "Trust no one",
        "IPojfrX2dfPnH26UegfbGQQLrdK844DlHq5157/P6h57WyuS/Qsl+h/WSVGDF4MUi4rWSswW38oimDYfNNUBUOk=",
    ),
    (
        "11canuhp9X2NocwCq7xNrQYTmUgZAnLK3",
        "Trust me",
        "IIcaIENoYW5jZWxsb3Igb24gYnJpbmsgb2Ygc2Vjb25kIGJhaWxvdXQgZm9yIGJhbmtzIAaHRtbCeDZINyavx14=",
    ),
    (
        "1F3sAm6ZtwLAUnj7d38pGFxtP3RVEvtsbV",
        "This is an example of a signed message.",
        "H9L5yLFjti0QTHhPyFrZCT1V/MMnBtXKmoiKDZ78NDBjERki6ZTQZdSMCtkgoNmp17By9ItJr8o7ChX0XxY91nk=",
    ),
];

/// The order of secp256k1.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
    0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
];

fn verify(
    network: &str,
    address: &str,
    text: &str,
    signature: &str,
) -> Result<ProvenKey, ProofRefusal> {
    BitcoinMessages.verify(&NetworkId::new(network), address, text, signature)
}

#[test]
fn vectors_of_core_and_of_wallets_are_accepted() {
    for (address, text, signature) in VECTORS {
        let key = verify("bitcoin", address, text, signature)
            .unwrap_or_else(|refusal| panic!("{address}: {refusal}"));
        assert_eq!((key.address.as_str(), key.scheme), (address, "bip137"));
    }
}

/// The other signature that is as valid: s subtracted from the order, and the other point.
fn malleated(bytes: &[u8]) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    let mut borrow = 0_i16;
    for place in (0..32).rev() {
        let difference = i16::from(ORDER[place]) - i16::from(bytes[33 + place]) - borrow;
        borrow = i16::from(difference < 0);
        changed[33 + place] = u8::try_from(difference.rem_euclid(256)).unwrap();
    }
    changed[0] = 27 + ((bytes[0] - 27) ^ 1);
    changed
}

#[test]
fn nothing_made_from_a_good_signature_passes() {
    let mut tried = 0_u32;
    let mut refuse = |network: &str, address: &str, text: &str, signature: &str, what: &str| {
        let answer = verify(network, address, text, signature);
        assert!(answer.is_err(), "{what} of {signature}: {answer:?}");
        tried += 1;
    };
    for (address, text, signature) in VECTORS {
        let bytes = STANDARD.decode(signature).unwrap();
        for place in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[place / 8] ^= 1 << (place % 8);
            refuse(
                "bitcoin",
                address,
                text,
                &STANDARD.encode(&changed),
                "a flipped bit",
            );
        }
        for header in 0..=255 {
            let mut changed = bytes.clone();
            changed[0] = header;
            if header != bytes[0] {
                refuse(
                    "bitcoin",
                    address,
                    text,
                    &STANDARD.encode(&changed),
                    "another header",
                );
            }
        }
        for length in 0..bytes.len() {
            refuse(
                "bitcoin",
                address,
                text,
                &STANDARD.encode(&bytes[..length]),
                "a part",
            );
        }
        let other = STANDARD.encode(malleated(&bytes));
        assert_eq!(
            verify("bitcoin", address, text, &other),
            Err(ProofRefusal::SignatureNotCanonical)
        );
        for changed in [
            format!("{text} "),
            text.to_uppercase(),
            format!("{text}\n"),
            String::new(),
        ] {
            refuse("bitcoin", address, &changed, signature, "another text");
        }
        for (other, _, _) in VECTORS.iter().filter(|(other, _, _)| *other != address) {
            refuse("bitcoin", other, text, signature, "another address");
        }
        for other in [
            "bc1q9vza2e8x573nczrlzms0wvx3gsqjx7vavgkx0l",
            "3JvL6Ymt8MVWiCNHC7oWU6nLeHNJKLZGLN",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn",
            &address.to_lowercase(),
            "",
        ] {
            refuse("bitcoin", other, text, signature, "another kind of address");
        }
        for network in ["litecoin", "dogecoin", "dash", "bitcoin-cash", "ethereum"] {
            refuse(network, address, text, signature, "another network");
        }
        refuse(
            "bitcoin",
            address,
            text,
            signature.trim_end_matches('='),
            "no padding",
        );
        refuse(
            "bitcoin",
            address,
            text,
            &hex::encode(&bytes),
            "hexadecimal digits",
        );
    }
    assert!(tried >= 2_000, "{tried}");
}

/// The headers by which some wallets sign for newer addresses: never accepted, BIP-322 is the rule there.
#[test]
fn headers_of_newer_addresses_are_refused() {
    let (address, text, signature) = VECTORS[2];
    let bytes = STANDARD.decode(signature).unwrap();
    for header in 35..=42 {
        let mut changed = bytes.clone();
        changed[0] = header;
        for address in [address, "bc1q9vza2e8x573nczrlzms0wvx3gsqjx7vavgkx0l"] {
            let answer = verify("bitcoin", address, text, &STANDARD.encode(&changed));
            assert!(
                matches!(
                    answer,
                    Err(ProofRefusal::SignatureNotCanonical | ProofRefusal::AddressCannotSign)
                ),
                "{answer:?}"
            );
        }
    }
}

/// Signs as a coin's wallet does.
fn sign(network: &str, version: u8, secret: [u8; 32], text: &str) -> (String, String) {
    let secp = Secp256k1::new();
    let secret = SecretKey::from_slice(&secret).unwrap();
    let key = PublicKey::from_secret_key(&secp, &secret).serialize();
    let mut payload = vec![version];
    payload.extend(hash160::Hash::hash(&key).to_byte_array());
    let address = bitcoin::base58::encode_check(&payload);
    let coin = legacy::coin(&NetworkId::new(network)).unwrap();
    let message = Message::from_digest(legacy::digest(coin, text));
    let (id, compact) = secp
        .sign_ecdsa_recoverable(&message, &secret)
        .serialize_compact();
    let mut signature = vec![u8::try_from(31 + id.to_i32()).unwrap()];
    signature.extend(compact);
    (address, STANDARD.encode(signature))
}

#[test]
fn a_signature_of_one_coin_is_none_of_another() {
    let coins = [
        ("bitcoin", 0x00),
        ("litecoin", 0x30),
        ("dogecoin", 0x1e),
        ("dash", 0x4c),
    ];
    let text = "line one\nline two, longer than the one-byte length allows: ".repeat(8);
    for (network, version) in coins {
        for number in 1..30 {
            let (address, signature) = sign(network, version, [number; 32], &text);
            let key = verify(network, &address, &text, &signature).unwrap();
            assert_eq!(key.address, address);
            for (other, other_version) in coins.iter().filter(|(other, _)| *other != network) {
                assert!(verify(other, &address, &text, &signature).is_err());
                // The same key's address there, and the signature of here.
                let (there, _) = sign(other, *other_version, [number; 32], &text);
                assert!(verify(other, &there, &text, &signature).is_err());
            }
        }
    }
}
