//! The scripts that addresses stand for.
//!
//! Source: BIP-13, BIP-16, BIP-141, BIP-341 (<https://github.com/bitcoin/bips>). One address is one script on every network that has
//! it; what differs between networks is only how it is written.

use recover_core::address::Payload;

/// A script that an address stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Script {
    /// Pays the key whose hash this is: RIPEMD-160 of SHA-256 (P2PKH).
    PubkeyHash([u8; 20]),
    /// Pays who shows the script whose hash this is, and satisfies it: RIPEMD-160 of SHA-256 (P2SH).
    ScriptHash([u8; 20]),
    /// Pays the compressed key whose hash this is (P2WPKH).
    WitnessPubkeyHash([u8; 20]),
    /// Pays who shows the script whose SHA-256 this is, and satisfies it (P2WSH).
    WitnessScriptHash([u8; 32]),
    /// Pays the output key, by its x coordinate (P2TR).
    Taproot([u8; 32]),
}

impl Script {
    /// As it stands in an output.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let (before, program, after): (&[u8], &[u8], &[u8]) = match self {
            // DUP HASH160 <20> … EQUALVERIFY CHECKSIG
            Self::PubkeyHash(hash) => (&[0x76, 0xa9, 20], hash, &[0x88, 0xac]),
            // HASH160 <20> … EQUAL
            Self::ScriptHash(hash) => (&[0xa9, 20], hash, &[0x87]),
            // The version, then the program.
            Self::WitnessPubkeyHash(hash) => (&[0x00, 20], hash, &[]),
            Self::WitnessScriptHash(hash) => (&[0x00, 32], hash, &[]),
            Self::Taproot(key) => (&[0x51, 32], key, &[]),
        };
        [before, program, after].concat()
    }

    /// The script of an output; `None` where no address stands for it.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let hash = |program: &[u8]| <[u8; 20]>::try_from(program).ok();
        let wide = |program: &[u8]| <[u8; 32]>::try_from(program).ok();
        match bytes {
            [0x76, 0xa9, 20, program @ .., 0x88, 0xac] => hash(program).map(Self::PubkeyHash),
            [0xa9, 20, program @ .., 0x87] => hash(program).map(Self::ScriptHash),
            [0x00, 20, program @ ..] => hash(program).map(Self::WitnessPubkeyHash),
            [0x00, 32, program @ ..] => wide(program).map(Self::WitnessScriptHash),
            [0x51, 32, program @ ..] => wide(program).map(Self::Taproot),
            _ => None,
        }
    }

    /// The script of an output as it stands in a transaction, and whether a token stands before it (CashTokens of Bitcoin Cash,
    /// <https://github.com/cashtokens/cashtokens>): the prefix EF, a category of 32 bytes, a byte that says what follows, a commitment, an
    /// amount. On a network without such tokens nobody can spend such an output.
    #[must_use]
    pub fn of_output(bytes: &[u8]) -> Option<(Self, bool)> {
        match bytes {
            [0xef, rest @ ..] => Some((Self::of(behind_token(rest)?)?, true)),
            _ => Some((Self::of(bytes)?, false)),
        }
    }

    /// Whether one key unlocks it, and nothing but the hash of that key or the key itself stands in it.
    #[must_use]
    pub const fn pays_a_key(&self) -> bool {
        matches!(
            self,
            Self::PubkeyHash(_) | Self::WitnessPubkeyHash(_) | Self::Taproot(_)
        )
    }

    /// Whether a node without SegWit takes it for money that anybody may have.
    #[must_use]
    pub const fn is_segwit(&self) -> bool {
        matches!(
            self,
            Self::WitnessPubkeyHash(_) | Self::WitnessScriptHash(_) | Self::Taproot(_)
        )
    }
}

/// What stands behind a token, which begins with its category.
fn behind_token(bytes: &[u8]) -> Option<&[u8]> {
    let (_category, rest) = bytes.split_first_chunk::<32>()?;
    let (&bits, mut rest) = rest.split_first()?;
    if bits & 0x80 != 0 {
        return None;
    }
    if bits & 0x40 != 0 {
        let (length, behind) = compact_size(rest)?;
        rest = behind.get(usize::try_from(length).ok()?..)?;
    }
    if bits & 0x10 != 0 {
        rest = compact_size(rest)?.1;
    }
    Some(rest)
}

/// A number of one, three, five or nine bytes, and what stands behind it.
fn compact_size(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    let width = match first {
        0xfd => 2,
        0xfe => 4,
        0xff => 8,
        _ => return Some((first.into(), rest)),
    };
    let (digits, rest) = rest.split_at_checked(width)?;
    let number = digits
        .iter()
        .rev()
        .fold(0_u64, |number, digit| number << 8 | u64::from(*digit));
    Some((number, rest))
}

impl From<Script> for Payload {
    fn from(script: Script) -> Self {
        match script {
            Script::PubkeyHash(hash) => Self::PubkeyHash(hash),
            Script::ScriptHash(hash) => Self::ScriptHash(hash),
            Script::WitnessPubkeyHash(hash) => Self::WitnessPubkeyHash(hash),
            Script::WitnessScriptHash(hash) => Self::WitnessScriptHash(hash),
            Script::Taproot(key) => Self::Taproot(key),
        }
    }
}

impl Script {
    /// The script behind a payload; `None` for another family's.
    #[must_use]
    pub const fn of_payload(payload: &Payload) -> Option<Self> {
        Some(match payload {
            Payload::PubkeyHash(hash) => Self::PubkeyHash(*hash),
            Payload::ScriptHash(hash) => Self::ScriptHash(*hash),
            Payload::WitnessPubkeyHash(hash) => Self::WitnessPubkeyHash(*hash),
            Payload::WitnessScriptHash(hash) => Self::WitnessScriptHash(*hash),
            Payload::Taproot(key) => Self::Taproot(*key),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_a_script_is_read_behind_a_token() {
        let script = Script::PubkeyHash([7; 20]);
        let token = |what: &str| -> Vec<u8> {
            let mut bytes = vec![0xef];
            bytes.extend([0xbb; 32]);
            bytes.extend(hex::decode(what).unwrap());
            bytes.extend(script.bytes());
            bytes
        };
        assert_eq!(Script::of_output(&script.bytes()), Some((script, false)));
        // An amount of each width; a token that is one of its kind; one with a commitment, and with an amount as well.
        for what in [
            "1001",
            "10fc",
            "10fdfd00",
            "10feffffff7f",
            "10ffffffffffffffff7f",
            "20",
            "6001cc",
            "7102cccc01",
        ] {
            let bytes = token(what);
            assert_eq!(Script::of_output(&bytes), Some((script, true)), "{what}");
            for length in 0..bytes.len() {
                assert_eq!(Script::of_output(&bytes[..length]), None, "{what} {length}");
            }
        }
        for what in ["9001", "60ffffffffffffffffff", "1001aa"] {
            assert_eq!(Script::of_output(&token(what)), None, "{what}");
        }
    }
}
