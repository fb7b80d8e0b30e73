//! Addresses and transaction ids with the checksums that the networks give them, from a number instead of a key.

use super::random::spread;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bech32::{Bech32, Hrp, segwit};
use sha2::{Digest as _, Sha256};

/// Networks whose addresses look alike and belong to one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Ethereum and its like.
    Evm,
    /// Tron.
    Tron,
    /// Solana.
    Sol,
    /// Bitcoin.
    Btc,
    /// XRP Ledger.
    Xrp,
    /// TON.
    Ton,
    /// Stellar.
    Xlm,
    /// Cosmos Hub.
    Atom,
}

impl Family {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 8] = [
        Self::Evm,
        Self::Tron,
        Self::Sol,
        Self::Btc,
        Self::Xrp,
        Self::Ton,
        Self::Xlm,
        Self::Atom,
    ];

    /// Its name in the address book's file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Evm => "evm",
            Self::Tron => "tron",
            Self::Sol => "sol",
            Self::Btc => "btc",
            Self::Xrp => "xrp",
            Self::Ton => "ton",
            Self::Xlm => "xlm",
            Self::Atom => "atom",
        }
    }

    /// Whether deposits share an address and a memo tells them apart.
    #[must_use]
    pub const fn has_memo(self) -> bool {
        matches!(self, Self::Xrp | Self::Ton | Self::Xlm | Self::Atom)
    }
}

/// 64 bytes that belong to a number.
#[must_use]
pub fn bytes(number: u64) -> [u8; 64] {
    let mut all = [0; 64];
    let mut state = number;
    for chunk in all.chunks_exact_mut(8) {
        state = spread(state);
        chunk.copy_from_slice(&state.to_be_bytes());
    }
    all
}

fn checked_base58(payload: &[u8], alphabet: &bs58::Alphabet) -> String {
    let sum = Sha256::digest(Sha256::digest(payload));
    let mut all = payload.to_vec();
    all.extend_from_slice(&sum[..4]);
    bs58::encode(all).with_alphabet(alphabet).into_string()
}

/// CRC-16 with the polynomial 0x1021 from 0: TON's and Stellar's checksum.
fn crc16(data: &[u8]) -> u16 {
    data.iter().fold(0u16, |start, byte| {
        (0..8).fold(start ^ (u16::from(*byte) << 8), |sum, _| {
            if sum & 0x8000 == 0 {
                sum << 1
            } else {
                (sum << 1) ^ 0x1021
            }
        })
    })
}

fn strkey(version: u8, payload: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut all = vec![version];
    all.extend_from_slice(payload);
    all.extend_from_slice(&crc16(&all).to_le_bytes());
    let mut text = String::new();
    let (mut buffer, mut bits) = (0u32, 0);
    for byte in all {
        buffer = ((buffer << 8) | u32::from(byte)) & 0xfff;
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(LETTERS[((buffer >> bits) & 31) as usize]));
        }
    }
    if bits > 0 {
        text.push(char::from(LETTERS[((buffer << (5 - bits)) & 31) as usize]));
    }
    text
}

fn ton(tag: u8, account: &[u8]) -> String {
    let mut all = vec![tag, 0];
    all.extend_from_slice(account);
    all.extend_from_slice(&crc16(&all).to_be_bytes());
    URL_SAFE_NO_PAD.encode(all)
}

/// The address of this number, as its networks write it.
///
/// # Panics
/// Never: the lengths are the networks' own.
#[must_use]
pub fn address(family: Family, number: u64) -> String {
    let all = bytes(number);
    let short = &all[..20];
    let prefixed = |prefix: u8| {
        let mut payload = vec![prefix];
        payload.extend_from_slice(short);
        payload
    };
    match family {
        Family::Evm => format!("0x{}", hex::encode(short)),
        Family::Tron => checked_base58(&prefixed(0x41), bs58::Alphabet::BITCOIN),
        Family::Sol => bs58::encode(&all[..32]).into_string(),
        Family::Btc => segwit::encode_v0(bech32::hrp::BC, short).expect("a hash of 20 bytes"),
        Family::Xrp => checked_base58(&prefixed(0), bs58::Alphabet::RIPPLE),
        Family::Ton => ton(0x11, &all[..32]),
        Family::Xlm => strkey(6 << 3, &all[..32]),
        Family::Atom => bech32::encode::<Bech32>(Hrp::parse("cosmos").expect("letters"), short)
            .expect("20 bytes"),
    }
}

/// Other spellings of the same address that wallets and explorers show: checksummed or upper case, TON's raw form and its
/// form for wallets, the forms of XRP Ledger and Stellar that hold a memo.
#[must_use]
pub fn other_spellings(family: Family, number: u64, memo: Option<u32>) -> Vec<String> {
    let all = bytes(number);
    match family {
        Family::Evm => {
            let small = hex::encode(&all[..20]);
            let sum = sha3::Keccak256::digest(small.as_bytes());
            let mixed = small
                .chars()
                .zip(0..)
                .map(|(letter, place): (char, usize)| {
                    let half = sum[place / 2] >> (if place % 2 == 0 { 4 } else { 0 });
                    if half & 8 == 0 {
                        letter
                    } else {
                        letter.to_ascii_uppercase()
                    }
                });
            vec![
                format!("0x{}", mixed.collect::<String>()),
                format!("0x{}", small.to_uppercase()),
                small,
            ]
        }
        Family::Btc | Family::Atom => vec![address(family, number).to_uppercase()],
        Family::Ton => vec![
            format!("0:{}", hex::encode(&all[..32])),
            ton(0x51, &all[..32]),
            ton(0x51, &all[..32]).replace('-', "+").replace('_', "/"),
        ],
        Family::Xrp => {
            let mut payload = vec![0x05, 0x44];
            payload.extend_from_slice(&all[..20]);
            payload.push(u8::from(memo.is_some()));
            payload.extend_from_slice(&u64::from(memo.unwrap_or(0)).to_le_bytes());
            vec![checked_base58(&payload, bs58::Alphabet::RIPPLE)]
        }
        Family::Xlm => {
            let mut payload = all[..32].to_vec();
            payload.extend_from_slice(&u64::from(memo.unwrap_or(0)).to_be_bytes());
            vec![strkey(12 << 3, &payload)]
        }
        Family::Tron => {
            vec![format!("41{}", hex::encode(&all[..20]))]
        }
        Family::Sol => Vec::new(),
    }
}

/// How a network writes its transaction ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdStyle {
    /// `0x` and small letters.
    Prefixed,
    /// Small letters.
    Small,
    /// Capital letters.
    Capital,
    /// 64 bytes in base 58.
    Signature,
}

/// The transaction id of this number.
#[must_use]
pub fn transaction(style: IdStyle, number: u64) -> String {
    let all = bytes(number);
    match style {
        IdStyle::Prefixed => format!("0x{}", hex::encode(&all[..32])),
        IdStyle::Small => hex::encode(&all[..32]),
        IdStyle::Capital => hex::encode_upper(&all[..32]),
        IdStyle::Signature => bs58::encode(all).into_string(),
    }
}

/// The same transaction id in base 64, of both alphabets, as TON's wallets and explorers show it.
#[must_use]
pub fn transaction_base64(number: u64, is_url: bool) -> String {
    let all = bytes(number);
    let text = STANDARD.encode(&all[..32]);
    if is_url {
        text.replace('+', "-").replace('/', "_")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_checksums_are_those_of_published_addresses() {
        // Stellar's SEP-23 and XRP Ledger's ACCOUNT_ONE and its X-address documentation.
        let key = hex::decode("3f0c34bf93ad0d9971d04ccc90f705511c838aad9734a4a2fb0d7a03fc7fe89a")
            .expect("hex");
        assert_eq!(
            strkey(6 << 3, &key),
            "GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ"
        );
        let mut one = vec![0; 20];
        one.push(1);
        assert_eq!(
            checked_base58(&one, bs58::Alphabet::RIPPLE),
            "rrrrrrrrrrrrrrrrrrrrBZbvji"
        );
        assert_eq!(
            checked_base58(
                &hex::decode("41a614f803b6fd780986a42c78ec9c7f77e6ded13c").expect("hex"),
                bs58::Alphabet::BITCOIN
            ),
            "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"
        );
        assert_eq!(
            ton(0x11, &[0; 32]),
            "EQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAM9c"
        );
    }

    #[test]
    fn own_every_address_has_its_length_and_is_the_same_again() {
        for number in 0..200 {
            for family in Family::ALL {
                let text = address(family, number);
                assert_eq!(text, address(family, number));
                let (least, most) = match family {
                    Family::Evm => (42, 42),
                    Family::Tron => (34, 34),
                    Family::Sol => (42, 44),
                    Family::Btc => (42, 42),
                    Family::Xrp => (30, 35),
                    Family::Ton => (48, 48),
                    Family::Xlm => (56, 56),
                    Family::Atom => (45, 45),
                };
                assert!((least..=most).contains(&text.len()), "{text}");
            }
        }
    }
}
