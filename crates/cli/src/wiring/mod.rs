//! The one place that knows which families this binary has: wires `chains.toml` to the adapters.

mod configured;
mod evm;
mod import;

#[cfg(test)]
mod tests;

pub use configured::open_over;
pub use evm::{Evm, source_config};

use recover_engine::family::{Adapters, MessageProofs};
use std::sync::Arc;

/// Every family of this binary: those that it scans, and those whose deposits come by import.
pub fn adapters() -> Adapters {
    Adapters::new(vec![
        Arc::new(Evm),
        Arc::new(configured::BITCOIN),
        Arc::new(configured::XRPL),
        Arc::new(configured::STELLAR),
        Arc::new(configured::COSMOS),
        Arc::new(configured::TON),
        Arc::new(import::TRON),
        Arc::new(import::SOLANA),
    ])
}

/// Every family whose signed messages this binary verifies. The others prove by a verification deposit or a document.
pub fn message_proofs() -> MessageProofs {
    MessageProofs::new(vec![
        Arc::new(recover_chain_evm::message::EvmMessages),
        Arc::new(recover_chain_bitcoin::BitcoinMessages),
        Arc::new(recover_chain_stellar::message::StellarMessages),
        Arc::new(recover_chain_solana::message::SolanaMessages),
        Arc::new(recover_chain_tron::message::TronMessages),
    ])
}
