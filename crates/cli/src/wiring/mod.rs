//! The one place that knows which families this binary has: wires `chains.toml` to the adapters.

mod evm;

pub use evm::{Evm, source_config};

use recover_engine::family::Adapters;
use std::sync::Arc;

/// Every family that this binary scans.
pub fn adapters() -> Adapters {
    Adapters::new(vec![Arc::new(Evm)])
}
