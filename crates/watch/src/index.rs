//! The watch set of a scan: one table per payload width.

use crate::{WatchError, WatchTable};
use recover_core::address::Payload;
use recover_core::book::WatchSet;

/// Every watched payload, by width. Payload kinds of equal width share a table: their bytes are digests of different
/// things, and a set that says "may be ours" loses nothing when two kinds meet in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WatchIndex {
    /// 20 bytes: EVM and Tron accounts, and key or script hashes of that width.
    accounts: WatchTable<20>,
    /// 32 bytes: ed25519 keys, x-only keys, long script hashes.
    keys: WatchTable<32>,
    /// 33 bytes: TON accounts, a workchain before 32 bytes.
    accounts_with_workchain: WatchTable<33>,
}

impl WatchIndex {
    /// Builds the index from payloads in any order; repeated ones count once. `expected` is a count from the store that
    /// reserves memory at once, 0 when unknown.
    ///
    /// # Errors
    /// [`WatchError::UnknownWidth`] for a payload of neither 20, 32 nor 33 bytes, [`WatchError::TooMany`] above 2^32 - 1
    /// of one width.
    pub fn build(
        payloads: impl IntoIterator<Item = Payload>,
        expected: usize,
    ) -> Result<Self, WatchError> {
        let mut keys: Vec<[u8; 32]> = Vec::new();
        let mut wide: Vec<[u8; 33]> = Vec::new();
        let mut unknown = None;
        let narrow = payloads.into_iter().filter_map(|payload| {
            let bytes = payload.bytes();
            if let Ok(account) = <[u8; 20]>::try_from(bytes) {
                return Some(account);
            }
            if let Ok(key) = <[u8; 32]>::try_from(bytes) {
                keys.push(key);
            } else if let Ok(account) = <[u8; 33]>::try_from(bytes) {
                wide.push(account);
            } else {
                unknown = Some(bytes.len());
            }
            None
        });
        let accounts = WatchTable::build(narrow, expected)?;
        if let Some(bytes) = unknown {
            return Err(WatchError::UnknownWidth { bytes });
        }
        Ok(Self {
            accounts,
            keys: WatchTable::from_block(keys)?,
            accounts_with_workchain: WatchTable::from_block(wide)?,
        })
    }

    /// Bytes of memory that the tables occupy.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.accounts.bytes() + self.keys.bytes() + self.accounts_with_workchain.bytes()
    }
}

impl WatchSet for WatchIndex {
    fn contains(&self, payload: &Payload) -> bool {
        let bytes = payload.bytes();
        if let Ok(account) = <&[u8; 20]>::try_from(bytes) {
            self.accounts.contains(account)
        } else if let Ok(key) = <&[u8; 32]>::try_from(bytes) {
            self.keys.contains(key)
        } else if let Ok(account) = <&[u8; 33]>::try_from(bytes) {
            self.accounts_with_workchain.contains(account)
        } else {
            false
        }
    }

    fn len(&self) -> usize {
        self.accounts.len() + self.keys.len() + self.accounts_with_workchain.len()
    }
}
