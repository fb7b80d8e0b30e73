//! The EVM family: its pure halves behind one adapter, and its sources from `chains.toml`.

use recover_chain_evm::address;
use recover_chain_evm::check::EvmCheck;
use recover_chain_evm::config::{EvmSourceConfig, FinalityRule, SourceKind};
use recover_chain_evm::control::{Derivation, EvmControl};
use recover_chain_evm::cost::FeeRule;
use recover_core::address::{Address, AddressError, Payload};
use recover_core::block::TxId;
use recover_core::check::Check;
use recover_core::detect::Detect;
use recover_core::network::{Family, NetworkId};
use recover_core::verdict::Control;
use recover_engine::config::{self, NetworkConfig, SourceConfig};
use recover_engine::family::Adapter;
use recover_source::carriers::Carriers;
use recover_source::carry::Carry;
use recover_source::chain::ChainRead;
use recover_source::error::SourceError;
use recover_source::failover::Sources;
use std::sync::Arc;

/// The EVM family.
#[derive(Debug, Clone, Copy)]
pub struct Evm;

impl Detect for Evm {
    fn family(&self) -> Family {
        Family::Evm
    }

    fn address(&self, text: &str) -> Result<Address, AddressError> {
        address::parse(text)
    }

    fn tx_id(&self, text: &str) -> Option<TxId> {
        address::parse_tx_id(text)
    }

    fn on_network(&self, payload: &Payload, _network: &NetworkId) -> Option<Address> {
        address::of_payload(payload)
    }
}

impl Adapter for Evm {
    fn detect(&self) -> &dyn Detect {
        self
    }

    fn control(&self) -> &dyn Control {
        const { &EvmControl::new(Derivation::Ethereum) }
    }

    fn check(&self) -> Option<&dyn Check> {
        Some(&EvmCheck)
    }

    fn carry(&self, network: &NetworkConfig) -> Result<Option<Arc<dyn Carry>>, SourceError> {
        let configs = network
            .sources
            .iter()
            .map(|source| source_config(network, source))
            .collect::<Result<Vec<_>, _>>()?;
        let members = configs
            .into_iter()
            .filter_map(recover_chain_evm::open_carry)
            .collect();
        Ok(Some(Arc::new(Carriers::new(network.id.clone(), members))))
    }

    fn open(&self, network: &NetworkConfig) -> Result<Arc<dyn ChainRead>, SourceError> {
        let sources = network
            .sources
            .iter()
            .map(|source| recover_chain_evm::open(source_config(network, source)?))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Arc::new(Sources::new(network.id.clone(), sources)))
    }
}

/// One source of `chains.toml` in the adapter's words.
pub fn source_config(
    network: &NetworkConfig,
    source: &SourceConfig,
) -> Result<EvmSourceConfig, SourceError> {
    let unsupported = |what: String| SourceError::Unsupported {
        origin: network.id.to_string(),
        what,
    };
    let chain_id = network
        .evm_chain_id()
        .ok_or_else(|| unsupported(format!("chain id {} of family evm", network.caip2)))?;
    let kind = match source.kind {
        config::SourceKind::JsonRpc => SourceKind::JsonRpc,
        config::SourceKind::EtherscanV2 => SourceKind::EtherscanV2,
        config::SourceKind::Blockscout => SourceKind::Blockscout,
        other => return Err(unsupported(format!("sources of kind {other}"))),
    };
    let mut wired = EvmSourceConfig::new(network.id.clone(), chain_id, kind, &source.url);
    wired.key.clone_from(&source.key);
    wired.requests_per_second = Some(source.requests_per_second);
    if let Some(blocks) = source.log_range_max {
        wired.log_range_max = blocks;
    }
    if let Some(rows) = source.page_size {
        wired.page_size = rows;
    }
    wired.finality = match network.finality.rule {
        config::FinalityRule::FinalizedTag => FinalityRule::FinalizedTag,
        config::FinalityRule::Confirmations => {
            FinalityRule::Confirmations(network.finality.confirmations)
        }
        config::FinalityRule::Closed => {
            return Err(unsupported("finality by closing a block".to_owned()));
        }
    };
    let fee_rule = network.fee_rule.map_or("none", config::FeeRuleName::code);
    wired.fee_rule = FeeRule::from_code(fee_rule)
        .ok_or_else(|| unsupported(format!("the fee rule {fee_rule}")))?;
    // A node that the operator named is taken to be synced and complete; `chains check` looks. Explorers never prove
    // that something is not there.
    wired.proves_absence = kind == SourceKind::JsonRpc;
    Ok(wired)
}
