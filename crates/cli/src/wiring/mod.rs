//! The one place that knows which families this binary has: wires `chains.toml` to the adapters.

mod evm;
mod import;
mod memo;
#[cfg(test)]
mod tests;

pub use evm::{Evm, source_config};
pub use memo::open_over;

use recover_engine::family::Adapters;
use std::sync::Arc;

/// Every family of this binary: those that it scans, and those whose deposits come by import.
pub fn adapters() -> Adapters {
    Adapters::new(vec![
        Arc::new(Evm),
        Arc::new(memo::XRPL),
        Arc::new(memo::STELLAR),
        Arc::new(memo::COSMOS),
        Arc::new(memo::TON),
        Arc::new(import::TRON),
        Arc::new(import::SOLANA),
    ])
}
