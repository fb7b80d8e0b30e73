//! A PSBT as it stands in a file: maps of keys and values. The `bitcoin` crate reads no signature with the mark of Bitcoin Cash, and
//! no version but 0; a signer may well have put fields of its own beside the signature.
//!
//! Source: BIP-174, BIP-370 (version 2).

use super::read::MAGIC;
use bitcoin::VarInt;
use bitcoin::consensus::Decodable as _;
use std::collections::BTreeMap;

/// What is said of a PSBT of another version.
pub const OTHER_VERSION: &str = "this is a PSBT of version 2 (BIP-370): export it as version 0 (BIP-174), or give the finished transaction";

/// The key of the unsigned transaction among the global ones (version 0 only).
const UNSIGNED: &[u8] = &[0x00];
/// The key of the version.
const VERSION: &[u8] = &[0xfb];

/// The fields of one map, by their whole key.
pub type Map = BTreeMap<Vec<u8>, Vec<u8>>;

/// A PSBT's maps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Maps {
    /// What holds for all of it.
    pub global: Map,
    /// One for each input, then one for each output.
    pub rest: Vec<Map>,
}

impl Maps {
    /// The version that it states; `None` where it states none, which means 0.
    #[must_use]
    pub fn version(&self) -> Option<u32> {
        let bytes: [u8; 4] = self.global.get(VERSION)?.as_slice().try_into().ok()?;
        Some(u32::from_le_bytes(bytes))
    }

    /// The bytes of the unsigned transaction.
    #[must_use]
    pub fn unsigned(&self) -> Option<&[u8]> {
        self.global.get(UNSIGNED).map(Vec::as_slice)
    }
}

fn part<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], String> {
    let cut = || "it ends in the middle of a field".to_owned();
    let length = VarInt::consensus_decode(rest).map_err(|_| cut())?.0;
    let length = usize::try_from(length).map_err(|_| cut())?;
    let (part, after) = rest.split_at_checked(length).ok_or_else(cut)?;
    *rest = after;
    Ok(part)
}

fn map(rest: &mut &[u8]) -> Result<Map, String> {
    let mut map = Map::new();
    loop {
        let key = part(rest)?;
        if key.is_empty() {
            return Ok(map);
        }
        let value = part(rest)?;
        if map.insert(key.to_vec(), value.to_vec()).is_some() {
            return Err(format!("it has the field {} twice", hex::encode(key)));
        }
    }
}

/// Reads the maps.
///
/// # Errors
/// What is wrong, in words.
pub fn read(bytes: &[u8]) -> Result<Maps, String> {
    let mut rest = bytes
        .strip_prefix(MAGIC)
        .ok_or("it does not begin as a PSBT does")?;
    let global = map(&mut rest)?;
    let mut maps = Vec::new();
    while !rest.is_empty() {
        maps.push(map(&mut rest)?);
    }
    Ok(Maps { global, rest: maps })
}
