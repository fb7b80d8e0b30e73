//! The spelling of a signature from which its key can be recovered, as wallets of EVM networks and of Tron write it.

use super::ProofRefusal;

/// A signature on secp256k1 with what tells its key from the others. Neither part is checked here: whether s is the lower one and
/// whether the key is the right one says who verifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecoverableSignature {
    /// r and s, 32 bytes each, big-endian.
    pub compact: [u8; 64],
    /// Whether the y coordinate of the point whose x is r is odd.
    pub is_odd: bool,
}

impl RecoverableSignature {
    /// Reads 65 bytes in hexadecimal digits, with or without `0x`: r, s and v, which is 27 or 28, or 0 or 1 as some hardware wallets
    /// write it.
    ///
    /// # Errors
    /// [`ProofRefusal::SignatureMalformed`] for anything else.
    pub fn from_hex(text: &str) -> Result<Self, ProofRefusal> {
        let digits = text.trim();
        let digits = digits.strip_prefix("0x").unwrap_or(digits);
        let mut bytes = [0; 65];
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| ProofRefusal::SignatureMalformed)?;
        let [compact @ .., v] = bytes;
        let is_odd = match v {
            0 | 27 => false,
            1 | 28 => true,
            _ => return Err(ProofRefusal::SignatureMalformed),
        };
        Ok(Self { compact, is_odd })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_only_65_bytes_with_a_known_v_are_read() {
        let text = |v: &str| format!("0x{}{v}", "ab".repeat(64));
        for (v, is_odd) in [("00", false), ("1b", false), ("01", true), ("1C", true)] {
            let read = RecoverableSignature::from_hex(&text(v)).unwrap();
            assert_eq!((read.compact, read.is_odd), ([0xab; 64], is_odd));
        }
        for v in ["", "02", "1a", "1d", "25", "ff", "0000", "1", "zz"] {
            let read = RecoverableSignature::from_hex(&text(v));
            assert_eq!(read, Err(ProofRefusal::SignatureMalformed), "{v}");
        }
    }
}
