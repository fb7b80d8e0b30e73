//! The families whose deposits come from files alone: their codecs behind an adapter that opens nothing.

use recover_core::detect::Detect;
use recover_core::verdict::Control;
use recover_engine::config::NetworkConfig;
use recover_engine::family::Adapter;
use recover_source::chain::ChainRead;
use recover_source::error::SourceError;
use std::sync::Arc;

/// A family that nothing here reads. `chains.toml` refuses it a source, so that nobody asks to open one.
#[derive(Debug, Clone, Copy)]
pub struct ByImport<F>(F);

/// Tron.
pub const TRON: ByImport<recover_chain_tron::TronFamily> = ByImport(recover_chain_tron::TronFamily);

/// Solana.
pub const SOLANA: ByImport<recover_chain_solana::SolanaFamily> =
    ByImport(recover_chain_solana::SolanaFamily);

impl<F: Detect + Control> Adapter for ByImport<F> {
    fn detect(&self) -> &dyn Detect {
        &self.0
    }

    fn control(&self) -> &dyn Control {
        &self.0
    }

    fn open(&self, network: &NetworkConfig) -> Result<Arc<dyn ChainRead>, SourceError> {
        Err(SourceError::Unsupported {
            origin: network.id.to_string(),
            what: format!("reading networks of family {}", network.family),
        })
    }
}
