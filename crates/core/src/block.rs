//! Places on a chain: transaction ids, block hashes, heights.

use crate::time::Timestamp;
use std::sync::Arc;

/// A transaction id in its network's canonical text (EVM: `0x` and 64 lower-case hexadecimal digits), or `block:HEIGHT`
/// for a credit that no transaction made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TxId(Arc<str>);

impl TxId {
    /// An id in canonical text; the adapter or the importer made it canonical.
    #[must_use]
    pub fn new(canonical: &str) -> Self {
        Self(canonical.into())
    }

    /// The id for credits that a block makes without a transaction (withdrawals, rewards).
    #[must_use]
    pub fn of_block(height: Height) -> Self {
        Self(format!("block:{height}").into())
    }

    /// The canonical text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for TxId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}

/// A block hash in its network's canonical text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BlockHash(Arc<str>);

impl BlockHash {
    /// A hash in canonical text.
    #[must_use]
    pub fn new(canonical: &str) -> Self {
        Self(canonical.into())
    }

    /// The canonical text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for BlockHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}

/// A block's height (EVM: number; ledgers: sequence).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Height(pub u64);

impl Height {
    /// The height after this one, staying at the largest.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The height `count` below this one, staying at 0.
    #[must_use]
    pub const fn minus(self, count: u64) -> Self {
        Self(self.0.saturating_sub(count))
    }

    /// The height `count` above this one, staying at the largest.
    #[must_use]
    pub const fn plus(self, count: u64) -> Self {
        Self(self.0.saturating_add(count))
    }
}

impl std::fmt::Display for Height {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A block that a transaction stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockRef {
    /// Its height.
    pub height: Height,
    /// Its hash; another hash at the same height is another history.
    pub hash: BlockHash,
    /// Its own time, never the time at which we read it.
    pub time: Timestamp,
}

/// A closed range of heights, `from <= to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HeightRange {
    from: Height,
    to: Height,
}

impl HeightRange {
    /// The range from `from` to `to`, both inside; `None` when it would be empty.
    #[must_use]
    pub fn new(from: Height, to: Height) -> Option<Self> {
        (from <= to).then_some(Self { from, to })
    }

    /// The first height inside.
    #[must_use]
    pub const fn from(self) -> Height {
        self.from
    }

    /// The last height inside.
    #[must_use]
    pub const fn to(self) -> Height {
        self.to
    }

    /// How many blocks it holds.
    #[must_use]
    pub const fn blocks(self) -> u64 {
        self.to.0.saturating_sub(self.from.0).saturating_add(1)
    }

    /// Whether `height` lies inside.
    #[must_use]
    pub fn contains(self, height: Height) -> bool {
        self.from <= height && height <= self.to
    }
}

impl std::fmt::Display for HeightRange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.from == self.to {
            write!(f, "{}", self.from)
        } else {
            write!(f, "{}..{}", self.from, self.to)
        }
    }
}
