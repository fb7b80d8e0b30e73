//! The address index: which payloads are ours, answered once a log and exactly.
//!
//! A hash set of ten million addresses costs about 35 bytes each and a plain binary search over two microseconds a
//! look-up. [`WatchTable`] keeps the payloads sorted in one block and beside them a table that says, for each value of
//! their top bits, where that run of the block begins: under 24 bytes an address, and one look-up touches one table
//! entry and one short run.
//!
//! It deliberately knows no network, no user and no store: payloads come in from an iterator and the answer is yes or no.
//! Start at [`WatchIndex`], which holds one table per payload width and is what a scan asks.

mod index;
mod table;

pub use index::WatchIndex;
pub use table::WatchTable;

/// Why a watch set cannot be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WatchError {
    /// More addresses than a table can number.
    #[error(
        "more than {} addresses of one width: split the address book by family",
        u32::MAX
    )]
    TooMany,
    /// A payload of a width for which there is no table.
    #[error("no watch table for payloads of {bytes} bytes: only 20, 32 and 33 are built")]
    UnknownWidth {
        /// The width in bytes.
        bytes: usize,
    },
}
