//! Addresses that carry a memo: X-addresses of the XRP Ledger (XLS-5) and muxed accounts of Stellar (SEP-23). Both have a
//! checksum, so what unpacks was meant.

use bs58::Alphabet;
use sha2::{Digest, Sha256};

/// The classic address, folded, and the tag of an X-address of the main network; `None` when it is none.
pub(super) fn xrpl_x_address(text: &str) -> Option<(String, Option<String>)> {
    let bytes = bs58::decode(text)
        .with_alphabet(Alphabet::RIPPLE)
        .into_vec()
        .ok()?;
    let payload = checked(&bytes)?;
    let (prefix, rest) = payload.split_at_checked(2)?;
    let (account, rest) = rest.split_at_checked(20)?;
    let (flag, tag) = rest.split_first()?;
    if prefix != [0x05, 0x44] || tag.len() != 8 {
        return None;
    }
    let mut classic = vec![0];
    classic.extend_from_slice(account);
    let hash = Sha256::digest(Sha256::digest(&classic));
    classic.extend_from_slice(hash.get(..4)?);
    let address = bs58::encode(&classic)
        .with_alphabet(Alphabet::RIPPLE)
        .into_string();
    let tag = match flag {
        0 => None,
        1 => Some(u32::from_le_bytes(tag.get(..4)?.try_into().ok()?).to_string()),
        _ => return None,
    };
    Some((address.to_ascii_lowercase(), tag))
}

/// The account, folded, and the id of a muxed account; `None` when it is none.
pub(super) fn stellar_muxed(text: &str) -> Option<(String, String)> {
    if text.len() != 69 {
        return None;
    }
    let bytes = base32(text)?;
    let (payload, checksum) = bytes.split_at_checked(bytes.len().checked_sub(2)?)?;
    let (version, rest) = payload.split_first()?;
    let (key, id) = rest.split_at_checked(32)?;
    if *version != 12 << 3 || checksum != crc16(payload).to_le_bytes() {
        return None;
    }
    let id = u64::from_be_bytes(id.try_into().ok()?);
    let mut account = vec![6 << 3];
    account.extend_from_slice(key);
    account.extend_from_slice(&crc16(&account).to_le_bytes());
    Some((to_base32(&account).to_ascii_lowercase(), id.to_string()))
}

fn checked(bytes: &[u8]) -> Option<&[u8]> {
    let (payload, checksum) = bytes.split_at_checked(bytes.len().checked_sub(4)?)?;
    let hash = Sha256::digest(Sha256::digest(payload));
    hash.starts_with(checksum).then_some(payload)
}

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn base32(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 5 / 8);
    let (mut bits, mut count) = (0u32, 0u32);
    for letter in text.bytes() {
        let value = BASE32
            .iter()
            .position(|known| *known == letter.to_ascii_uppercase())?;
        bits = bits << 5 | u32::try_from(value).ok()?;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
            bits &= (1 << count) - 1;
        }
    }
    Some(bytes)
}

fn to_base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 8 / 5 + 1);
    let (mut bits, mut count) = (0u32, 0u32);
    let mut push = |value: u32| {
        let letter = usize::try_from(value & 31)
            .ok()
            .and_then(|place| BASE32.get(place))
            .copied()
            .unwrap_or(b'A');
        text.push(char::from(letter));
    };
    for byte in bytes {
        bits = bits << 8 | u32::from(*byte);
        count += 8;
        while count >= 5 {
            count -= 5;
            push(bits >> count);
            bits &= (1 << count) - 1;
        }
    }
    if count > 0 {
        push(bits << (5 - count));
    }
    text
}

/// CRC16-XModem.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte) << 8, |crc, _| {
            let shifted = crc << 1;
            if crc & 0x8000 == 0 {
                shifted
            } else {
                shifted ^ 0x1021
            }
        })
    })
}
