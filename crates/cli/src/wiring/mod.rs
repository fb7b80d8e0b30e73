//! The one place that knows which families this binary has: wires `chains.toml` to the adapters.

mod evm;
mod import;
mod memo;
#[cfg(test)]
mod tests;

pub use evm::{Evm, source_config};
pub use memo::open_over;

use recover_engine::family::{Adapters, MessageProofs};
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
