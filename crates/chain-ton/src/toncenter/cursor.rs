//! Where a page ended and the next one begins.

use crate::address::RawAddress;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A place inside the reading of one account: good for that reading only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cursor {
    /// The first height that is not read.
    pub(super) next: u64,
    /// Every account's reading begins at or behind this logical time…
    pub(super) floor: u64,
    /// …and behind that of its last transaction read.
    read: BTreeMap<String, u64>,
    /// Listed jetton transfers up to this logical time were looked for.
    pub(super) checked: u64,
    /// What could not be found so far.
    pub(super) missing: Vec<Missing>,
}

/// Heights in which something that a list names was not found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Missing {
    pub(super) from: u64,
    pub(super) to: u64,
    /// Whether the coin is missing too, and not only jettons.
    pub(super) is_everything: bool,
    pub(super) reason: String,
}

/// Reasons kept at most: the first tell enough.
const MISSING_MAX: usize = 16;

impl Cursor {
    /// A reading that begins at a height.
    pub(super) fn at(height: u64) -> Self {
        Self {
            next: height,
            ..Self::default()
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    pub(super) fn text(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }

    /// The logical time at which an account's reading goes on.
    pub(super) fn start(&self, account: &RawAddress) -> u64 {
        let read = self.read.get(&account.to_string());
        read.map_or(self.floor, |lt| lt.saturating_add(1))
    }

    pub(super) fn read_up_to(&mut self, account: RawAddress, lt: u64) {
        let read = self.read.entry(account.to_string()).or_default();
        *read = lt.max(*read);
    }

    /// Notes jettons that are missing.
    pub(super) fn miss_jettons(&mut self, from: u64, to: u64, reason: String) {
        self.miss(Missing {
            from,
            to,
            is_everything: false,
            reason,
        });
    }

    /// Notes heights that the index does not have.
    pub(super) fn miss_everything(&mut self, from: u64, to: u64, reason: String) {
        self.miss(Missing {
            from,
            to,
            is_everything: true,
            reason,
        });
    }

    /// The last note takes in all heights that come after.
    fn miss(&mut self, missing: Missing) {
        let is_full = self.missing.len() >= MISSING_MAX;
        match self.missing.last_mut() {
            Some(last) if is_full => last.to = last.to.max(missing.to),
            Some(last) if last.from == missing.from && last.to == missing.to => {}
            _ => self.missing.push(missing),
        }
    }
}
