//! Test keys: the signers who stand outside the engine. Nothing here uses code under test: bytes are opened, hashed and put
//! together by hand, after Ethereum's specification of typed transactions (EIP-2718, EIP-1559) and of replay protection (EIP-155).

use k256::ecdsa::{RecoveryId, Signature, SigningKey};
use sha3::{Digest as _, Keccak256};

/// A key that the engine never sees.
#[derive(Clone)]
pub struct Key(SigningKey);

impl Key {
    /// The key whose 32 bytes are all this one.
    pub fn new(byte: u8) -> Self {
        Self(SigningKey::from_slice(&[byte; 32]).unwrap())
    }

    /// Its account, lower case as the node writes it.
    pub fn account(&self) -> String {
        let point = self.0.verifying_key().to_encoded_point(false);
        let hash = keccak(&point.as_bytes()[1..]);
        format!("0x{}", hex::encode(&hash[12..]))
    }

    /// Its account with the checksum of EIP-55, as the program writes it.
    pub fn address(&self) -> String {
        checksummed(&self.account())
    }

    /// Signs unsigned bytes of either kind: the unsigned list with the signature behind it.
    pub fn sign(&self, unsigned: &[u8]) -> Vec<u8> {
        let (signature, id) = self.0.sign_prehash_recoverable(&keccak(unsigned)).unwrap();
        sealed(unsigned, &signature, id)
    }
}

fn sealed(unsigned: &[u8], signature: &Signature, id: RecoveryId) -> Vec<u8> {
    let odd = u64::from(id.is_y_odd());
    let typed = unsigned[0] == 2;
    let items = items_of(if typed { &unsigned[1..] } else { unsigned });
    let (kept, v) = if typed {
        (&items[..], odd)
    } else {
        // The unsigned list ends with the chain id and two zeros, which the signature takes the place of.
        assert_eq!(items.len(), 9, "a legacy list has nine items");
        (&items[..6], number_in(items[6]) * 2 + 35 + odd)
    };
    let mut payload = kept.concat();
    payload.extend(item(&without_zeros(&v.to_be_bytes())));
    payload.extend(item(&without_zeros(&signature.r().to_bytes())));
    payload.extend(item(&without_zeros(&signature.s().to_bytes())));
    let mut bytes = if typed { vec![2] } else { Vec::new() };
    bytes.extend(headed(0xc0, &payload));
    bytes
}

/// The items of an RLP list, each with its header.
pub fn items_of(list: &[u8]) -> Vec<&[u8]> {
    let (start, length) = header(list);
    assert!(list[0] >= 0xc0, "an RLP list");
    let mut rest = &list[start..start + length];
    let mut items = Vec::new();
    while !rest.is_empty() {
        let (start, length) = header(rest);
        let (item, behind) = rest.split_at(start + length);
        items.push(item);
        rest = behind;
    }
    items
}

/// Where the content of an item begins, and its length.
fn header(bytes: &[u8]) -> (usize, usize) {
    let long = |base: u8| {
        let digits = usize::from(bytes[0] - base);
        let length = bytes[1..=digits]
            .iter()
            .fold(0, |sum, byte| sum * 256 + usize::from(*byte));
        (1 + digits, length)
    };
    match bytes[0] {
        0..=0x7f => (0, 1),
        first @ 0x80..=0xb7 => (1, usize::from(first - 0x80)),
        0xb8..=0xbf => long(0xb7),
        first @ 0xc0..=0xf7 => (1, usize::from(first - 0xc0)),
        0xf8..=0xff => long(0xf7),
    }
}

/// A small number in an item.
pub fn number_in(item: &[u8]) -> u64 {
    let (start, length) = header(item);
    item[start..start + length]
        .iter()
        .fold(0, |sum, byte| sum * 256 + u64::from(*byte))
}

/// An item of these bytes.
pub fn item(bytes: &[u8]) -> Vec<u8> {
    match bytes {
        [byte] if *byte < 0x80 => vec![*byte],
        _ => headed(0x80, bytes),
    }
}

/// Content behind its header: `base` is 0x80 for bytes, 0xc0 for a list.
pub fn headed(base: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut bytes = if length < 56 {
        vec![base + u8::try_from(length).unwrap()]
    } else {
        let digits = without_zeros(&length.to_be_bytes());
        let mut head = vec![base + 55 + u8::try_from(digits.len()).unwrap()];
        head.extend(digits);
        head
    };
    bytes.extend(content);
    bytes
}

fn without_zeros(bytes: &[u8]) -> Vec<u8> {
    let first = bytes.iter().position(|byte| *byte != 0);
    first.map_or_else(Vec::new, |first| bytes[first..].to_vec())
}

/// keccak256.
pub fn keccak(bytes: &[u8]) -> [u8; 32] {
    Keccak256::digest(bytes).into()
}

/// The id of signed bytes on the network.
pub fn tx_id(signed: &[u8]) -> String {
    format!("0x{}", hex::encode(keccak(signed)))
}

/// An address with the checksum of EIP-55.
pub fn checksummed(address: &str) -> String {
    let digits = address.trim_start_matches("0x").to_lowercase();
    let hash = hex::encode(keccak(digits.as_bytes()));
    let cased = digits.chars().zip(hash.chars()).map(|(digit, nibble)| {
        if matches!(nibble, '8'..='9' | 'a'..='f') {
            digit.to_ascii_uppercase()
        } else {
            digit
        }
    });
    format!("0x{}", cased.collect::<String>())
}

#[test]
fn own_the_account_of_a_known_key() {
    // The example of EIP-155: the key 0x46…46, its transaction and its signed bytes.
    let key = Key::new(0x46);
    assert_eq!(key.address(), "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F");
    let unsigned = hex::decode(
        "ec098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080018080",
    )
    .unwrap();
    assert_eq!(
        hex::encode(key.sign(&unsigned)),
        "f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080\
         25a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276\
         a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83"
    );
}
