//! The addresses of Bitcoin Cash.
//!
//! Source: <https://github.com/bitcoincashorg/bitcoincash.org/blob/master/spec/cashaddr.md>, and for the types that carry tokens
//! <https://github.com/cashtokens/cashtokens>. The letters are those of bech32; the checksum is another code, 40 bits wide.

use crate::script::Script;
use crate::typo::wrong_letter;
use bech32::primitives::checksum::{Checksum, Engine, PackedFe32 as _};
use bech32::primitives::gf32::Fe32;
use bech32::primitives::iter::{ByteIterExt as _, Fe32IterExt as _};

/// The prefix of the main network; without one it is meant.
pub(crate) const PREFIX: &str = "bitcoincash";

const CHECKSUM_LENGTH: usize = 8;

/// The code of cashaddr over GF(32).
enum CashAddr {}

impl Checksum for CashAddr {
    type MidstateRepr = u64;
    const CODE_LENGTH: usize = 1023;
    const CHECKSUM_LENGTH: usize = CHECKSUM_LENGTH;
    const GENERATOR_SH: [u64; 5] = [
        0x98_f2bc_8e61,
        0x79_b76d_99e2,
        0xf3_3e5f_b3c4,
        0xae_2eab_e2a8,
        0x1e_4f43_e470,
    ];
    const TARGET_RESIDUE: u64 = 1;
}

/// Why a text is no cashaddr.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It has not the shape of one.
    Shape,
    /// The checksum does not hold; the place of the letter, from 0, that explains it alone.
    Checksum(Option<usize>),
    /// It is one for something that no address of ours is: tokens' own prefix, another network, a script's hash of 32 bytes.
    Unsupported,
}

fn letters(data: &str) -> Option<Vec<Fe32>> {
    data.chars()
        .map(|letter| Fe32::from_char(letter).ok())
        .collect()
}

fn engine(prefix: &str) -> Engine<CashAddr> {
    let mut engine = Engine::new();
    for byte in prefix.bytes() {
        engine.input_fe(fe(byte & 0x1f));
    }
    engine.input_fe(Fe32::Q);
    engine
}

fn fe(five_bits: u8) -> Fe32 {
    Fe32::try_from(five_bits & 0x1f).expect("five bits are a letter")
}

/// Reads prefix and data in small letters.
pub(crate) fn decode(prefix: &str, data: &str) -> Result<Script, Fault> {
    let letters = letters(data).ok_or(Fault::Shape)?;
    if letters.len() <= CHECKSUM_LENGTH {
        return Err(Fault::Shape);
    }
    let mut engine = engine(prefix);
    letters.iter().for_each(|letter| engine.input_fe(*letter));
    if *engine.residue() != CashAddr::TARGET_RESIDUE {
        let place = wrong_letter::<CashAddr>(*engine.residue(), letters.len());
        return Err(Fault::Checksum(place));
    }
    if prefix != PREFIX {
        return Err(Fault::Unsupported);
    }
    let content = &letters[..letters.len() - CHECKSUM_LENGTH];
    let spare = content.len() * 5 % 8;
    let last = content.last().map_or(0, |letter| letter.to_u8());
    // What does not fill a byte must be zero, and less than a letter.
    if spare >= 5 || last & ((1 << spare) - 1) != 0 {
        return Err(Fault::Shape);
    }
    let bytes: Vec<u8> = content.iter().copied().fes_to_bytes().collect();
    let (version, hash) = bytes.split_first().ok_or(Fault::Shape)?;
    let hash: [u8; 20] = match (version & 0x07, hash.len()) {
        (0, 20) => hash.try_into().map_err(|_| Fault::Shape)?,
        (1, 24) | (2, 28) | (3, 32) | (4, 40) | (5, 48) | (6, 56) | (7, 64) => {
            return Err(Fault::Unsupported);
        }
        _ => return Err(Fault::Shape),
    };
    // 2 and 3 are the same scripts, of wallets that take tokens.
    match version >> 3 {
        0 | 2 => Ok(Script::PubkeyHash(hash)),
        1 | 3 => Ok(Script::ScriptHash(hash)),
        _ => Err(Fault::Unsupported),
    }
}

/// The address of a script, with its prefix; `None` where there is none.
pub(crate) fn encode(prefix: &str, script: &Script) -> Option<String> {
    let (kind, hash) = match script {
        Script::PubkeyHash(hash) => (0_u8, hash),
        Script::ScriptHash(hash) => (1, hash),
        _ => return None,
    };
    let content: Vec<u8> = [&[kind << 3], &hash[..]].concat();
    let letters: Vec<Fe32> = content.into_iter().bytes_to_fes().collect();
    let mut engine = engine(prefix);
    for letter in &letters {
        engine.input_fe(*letter);
    }
    engine.input_target_residue();
    let residue = *engine.residue();
    let sum = (0..CHECKSUM_LENGTH)
        .rev()
        .map(|place| fe(residue.unpack(place)));
    let data: String = letters
        .iter()
        .copied()
        .chain(sum)
        .map(Fe32::to_char)
        .collect();
    Some(format!("{prefix}:{data}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_one_polynomial() {
        CashAddr::sanity_check();
    }
}
