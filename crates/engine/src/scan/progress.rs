//! What a scan tells while it runs.

use recover_core::block::{Height, HeightRange};
use recover_core::network::NetworkId;

/// One thing that happened.
#[derive(Debug, Clone)]
pub enum ScanEvent {
    /// A network's work is known.
    Started {
        /// The network.
        network: NetworkId,
        /// How many blocks are to be read.
        blocks: u64,
    },
    /// A piece was committed.
    Committed {
        /// The network.
        network: NetworkId,
        /// The heights.
        range: HeightRange,
        /// How many credits at our addresses it held.
        credits: usize,
    },
    /// A reorganisation was found and repaired.
    Reorganised {
        /// The network.
        network: NetworkId,
        /// The highest block that still stands.
        agreement: Height,
    },
    /// A network is done.
    Finished {
        /// The network.
        network: NetworkId,
    },
}

/// Who listens.
pub trait ScanProgress: Send + Sync {
    /// Takes one event; must be quick.
    fn event(&self, event: ScanEvent);
}

/// Nobody listens.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl ScanProgress for Silent {
    fn event(&self, _: ScanEvent) {}
}
