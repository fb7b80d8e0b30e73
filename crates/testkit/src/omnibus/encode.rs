//! The text encodings of the four families, written here a second time.
//!
//! The adapters take theirs from libraries; a generator that used the same ones could not disagree with them.

use sha2::{Digest, Sha256, Sha512};

/// SHA-256.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// The first half of SHA-512, the hash of the XRP Ledger.
pub(crate) fn sha512_half(bytes: &[u8]) -> [u8; 32] {
    let digest = Sha512::digest(bytes);
    let mut half = [0; 32];
    half.copy_from_slice(&digest[..32]);
    half
}

/// Upper-case hexadecimal.
pub(crate) fn upper(bytes: &[u8]) -> String {
    hex::encode_upper(bytes)
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base64 with padding.
pub(crate) fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let at = |place: usize| u32::from(chunk.get(place).copied().unwrap_or(0));
        let word = at(0) << 16 | at(1) << 8 | at(2);
        for digit in 0..4 {
            if digit <= chunk.len() {
                text.push(char::from(BASE64[(word >> (18 - 6 * digit) & 63) as usize]));
            } else {
                text.push('=');
            }
        }
    }
    text
}

/// Bytes of base64 or base64url, with or without padding; `None` when it is neither.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut word = 0_u32;
    let mut bits = 0;
    for letter in text.trim_end_matches('=').bytes() {
        let letter = match letter {
            b'-' => b'+',
            b'_' => b'/',
            other => other,
        };
        let digit = BASE64.iter().position(|known| *known == letter)?;
        word = word << 6 | u32::try_from(digit).ok()?;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(word >> bits & 255).ok()?);
        }
    }
    Some(bytes)
}

const RIPPLE: &[u8; 58] = b"rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz";

/// A classic address of the XRP Ledger.
pub(crate) fn xrpl_address(account: &[u8; 20]) -> String {
    let mut bytes = vec![0];
    bytes.extend_from_slice(account);
    let check = sha256(&sha256(&bytes));
    bytes.extend_from_slice(&check[..4]);
    let mut digits: Vec<u8> = Vec::new();
    for byte in &bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += u32::from(*digit) << 8;
            *digit = u8::try_from(carry % 58).expect("below 58");
            carry /= 58;
        }
        while carry > 0 {
            digits.push(u8::try_from(carry % 58).expect("below 58"));
            carry /= 58;
        }
    }
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    std::iter::repeat_n(0, zeros)
        .chain(digits.into_iter().rev())
        .map(|digit| char::from(RIPPLE[usize::from(digit)]))
        .collect()
}

/// CRC-16/XMODEM.
pub(crate) fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0_u16, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte) << 8, |crc, _| {
            if crc & 0x8000 == 0 {
                crc << 1
            } else {
                crc << 1 ^ 0x1021
            }
        })
    })
}

/// A strkey of Stellar: version byte and payload.
pub(crate) fn strkey(version: u8, payload: &[u8]) -> String {
    const DIGITS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut bytes = vec![version];
    bytes.extend_from_slice(payload);
    bytes.extend_from_slice(&crc16(&bytes).to_le_bytes());
    regroup(&bytes)
        .into_iter()
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

/// Bytes as groups of five bits, the last filled up with zeros.
fn regroup(bytes: &[u8]) -> Vec<u8> {
    let mut groups = Vec::new();
    let mut word = 0_u32;
    let mut bits = 0;
    for byte in bytes {
        word = word << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            groups.push(u8::try_from(word >> bits & 31).expect("five bits"));
        }
        word &= (1 << bits) - 1;
    }
    if bits > 0 {
        groups.push(u8::try_from(word << (5 - bits) & 31).expect("five bits"));
    }
    groups
}

/// A bech32 address.
pub(crate) fn bech32(prefix: &str, payload: &[u8]) -> String {
    const DIGITS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    const GENERATOR: [u32; 5] = [
        0x3b6a_57b2,
        0x2650_8e6d,
        0x1ea1_19fa,
        0x3d42_33dd,
        0x2a14_62b3,
    ];
    let data = regroup(payload);
    let mut values: Vec<u8> = prefix.bytes().map(|letter| letter >> 5).collect();
    values.push(0);
    values.extend(prefix.bytes().map(|letter| letter & 31));
    values.extend_from_slice(&data);
    values.extend_from_slice(&[0; 6]);
    let mut check = 1_u32;
    for value in values {
        let top = check >> 25;
        check = (check & 0x01ff_ffff) << 5 ^ u32::from(value);
        for (bit, constant) in GENERATOR.iter().enumerate() {
            if top >> bit & 1 == 1 {
                check ^= constant;
            }
        }
    }
    check ^= 1;
    let tail =
        (0..6).map(|place| u8::try_from(check >> (5 * (5 - place)) & 31).expect("five bits"));
    let mut text = format!("{prefix}1");
    text.extend(
        data.into_iter()
            .chain(tail)
            .map(|digit| char::from(DIGITS[usize::from(digit)])),
    );
    text
}

/// A bounceable, url-safe address of TON in workchain 0.
pub(crate) fn ton_friendly(account: &[u8; 32]) -> String {
    let mut bytes = vec![0x11, 0];
    bytes.extend_from_slice(account);
    bytes.extend_from_slice(&crc16(&bytes).to_be_bytes());
    base64(&bytes).replace('+', "-").replace('/', "_")
}

/// The raw form of the same.
pub(crate) fn ton_raw(account: &[u8; 32]) -> String {
    format!("0:{}", upper(account))
}

/// A number of base units as decimal text with exactly that many digits behind the point.
pub(crate) fn fixed(units: u64, digits: u32) -> String {
    let one = 10_u64.pow(digits);
    format!(
        "{}.{:0width$}",
        units / one,
        units % one,
        width = digits as usize
    )
}

/// RFC 3339, whole seconds, UTC.
pub(crate) fn rfc3339(seconds: u64) -> String {
    let (days, rest) = (seconds / 86400, seconds % 86400);
    // Civil date from days, by the era method: 400 years have 146,097 days, and a year begins in March.
    let day = days + 719_468;
    let (era, of_era) = (day / 146_097, day % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{:02}T{:02}:{:02}:{:02}Z",
        of_year - (153 * shifted + 2) / 5 + 1,
        rest / 3600,
        rest / 60 % 60,
        rest % 60
    )
}

/// JSON text of a string, quotes included.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    // Each value stands in a recorded mainnet answer or in the network's own documentation.
    #[test]
    fn encodings_agree_with_what_the_networks_print() {
        assert_eq!(xrpl_address(&[0; 20]), "rrrrrrrrrrrrrrrrrrrrrhoLvTp");
        assert_eq!(
            xrpl_address(&{
                let mut one = [0; 20];
                one[19] = 1;
                one
            }),
            "rrrrrrrrrrrrrrrrrrrrBZbvji"
        );
        assert_eq!(
            strkey(0x30, &[0; 32]),
            "GAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAWHF"
        );
        let burn = hex::decode("0000000000000000000000000000000000000000").unwrap();
        assert_eq!(
            bech32("cosmos", &burn),
            "cosmos1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqnrql8a"
        );
        let master: [u8; 32] =
            hex::decode("21442FE867807D560325B5F36410D49D2E4B653000CF13BDF322221C2FA7ACDA")
                .unwrap()
                .try_into()
                .unwrap();
        assert_eq!(
            ton_friendly(&master),
            "EQAhRC_oZ4B9VgMltfNkENSdLktlMADPE73zIiIcL6es2o7-"
        );
        assert_eq!(
            from_base64("te6cckE-_w==").map(|bytes| base64(&bytes)),
            Some("te6cckE+/w==".to_owned())
        );
        assert_eq!(rfc3339(1_753_890_772), "2025-07-30T15:52:52Z");
        assert_eq!(rfc3339(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(fixed(1_230_000_045, 7), "123.0000045");
    }
}
