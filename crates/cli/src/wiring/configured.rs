//! The families whose sources take settings of one shape: each crate's pure halves behind one adapter, and its sources from
//! `chains.toml`.

use recover_core::check::Check;
use recover_core::detect::Detect;
use recover_core::network::Family;
use recover_core::verdict::Control;
use recover_engine::config::{NetworkConfig, SourceConfig};
use recover_engine::family::Adapter;
use recover_source::carriers::Carriers;
use recover_source::carry::Carry;
use recover_source::chain::ChainRead;
use recover_source::error::SourceError;
use recover_source::failover::Sources;
use recover_source::settings::SourceSettings;
use recover_source::transport::Transport;
use std::sync::Arc;

/// Opens what carries claims over one source; `None` for a source that reads and no more.
type OpenCarry = fn(SourceSettings) -> Result<Option<Arc<dyn Carry>>, SourceError>;

/// A family with how its sources are opened and how its tokens are counted.
#[derive(Clone, Copy)]
pub struct Configured<F> {
    family: F,
    open: fn(SourceSettings) -> Result<Arc<dyn ChainRead>, SourceError>,
    /// What judges its transactions; `None` where money goes back by hand (TON).
    check: Option<&'static dyn Check>,
    /// What carries its claims; `None` likewise.
    carry: Option<OpenCarry>,
    decimals: fn(&str) -> Option<u8>,
}

/// Bitcoin and its relatives.
pub const BITCOIN: Configured<recover_chain_bitcoin::BitcoinFamily> = Configured {
    family: recover_chain_bitcoin::BitcoinFamily,
    open: recover_chain_bitcoin::open,
    check: Some(&recover_chain_bitcoin::BitcoinCheck),
    carry: Some(recover_chain_bitcoin::open_carry),
    decimals: |_| None,
};

/// The XRP Ledger. Its issued currencies have no decimals.
pub const XRPL: Configured<recover_chain_xrpl::XrplFamily> = Configured {
    family: recover_chain_xrpl::XrplFamily,
    open: recover_chain_xrpl::open,
    check: Some(&recover_chain_xrpl::XrplCheck),
    carry: Some(|settings| recover_chain_xrpl::carry(settings).map(Some)),
    decimals: |asset| {
        asset
            .contains('.')
            .then_some(recover_chain_xrpl::ISSUED_DECIMALS)
    },
};

/// Stellar.
pub const STELLAR: Configured<recover_chain_stellar::StellarFamily> = Configured {
    family: recover_chain_stellar::StellarFamily,
    open: recover_chain_stellar::open,
    check: Some(&recover_chain_stellar::StellarCheck),
    carry: Some(|settings| recover_chain_stellar::carry(settings).map(Some)),
    decimals: |_| None,
};

/// The Cosmos SDK.
pub const COSMOS: Configured<recover_chain_cosmos::CosmosFamily> = Configured {
    family: recover_chain_cosmos::CosmosFamily,
    open: recover_chain_cosmos::open,
    check: Some(&recover_chain_cosmos::CosmosCheck),
    carry: Some(|settings| recover_chain_cosmos::carry(settings).map(Some)),
    decimals: |_| None,
};

/// TON. No transaction is built there: money goes back by hand, and a deposit without its comment is credited by ledger
/// instruction.
pub const TON: Configured<recover_chain_ton::TonFamily> = Configured {
    family: recover_chain_ton::TonFamily,
    open: recover_chain_ton::open,
    check: None,
    carry: None,
    decimals: |_| None,
};

impl<F: Detect + Control> Adapter for Configured<F> {
    fn detect(&self) -> &dyn Detect {
        &self.family
    }

    fn control(&self) -> &dyn Control {
        &self.family
    }

    fn open(&self, network: &NetworkConfig) -> Result<Arc<dyn ChainRead>, SourceError> {
        let sources = network
            .sources
            .iter()
            .map(|source| (self.open)(settings(network, source)))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Arc::new(Sources::new(network.id.clone(), sources)))
    }

    fn check(&self) -> Option<&dyn Check> {
        self.check.map(|check| check as &dyn Check)
    }

    fn carry(&self, network: &NetworkConfig) -> Result<Option<Arc<dyn Carry>>, SourceError> {
        let Some(carry) = self.carry else {
            return Ok(None);
        };
        let members = network
            .sources
            .iter()
            .filter_map(|source| carry(settings(network, source)).transpose())
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Some(Arc::new(Carriers::new(network.id.clone(), members))))
    }

    fn decimals(&self, asset: &str) -> Option<u8> {
        (self.decimals)(asset)
    }
}

/// A network's source of one kind over a transport of the caller's: a recording. `None` where its table has no such source or
/// its family is read otherwise.
pub fn open_over(
    network: &NetworkConfig,
    kind: &str,
    transport: Arc<dyn Transport>,
) -> Option<Arc<dyn ChainRead>> {
    let source = network
        .sources
        .iter()
        .find(|source| source.kind.code() == kind)?;
    let settings = settings(network, source);
    match network.family {
        Family::Bitcoin => Some(recover_chain_bitcoin::open_with(settings, transport)),
        Family::Xrpl => Some(recover_chain_xrpl::open_with(settings, transport)),
        Family::Stellar => Some(recover_chain_stellar::open_with(settings, transport)),
        Family::Cosmos => Some(recover_chain_cosmos::open_with(settings, transport)),
        Family::Ton => Some(recover_chain_ton::open_with(settings, transport)),
        _ => None,
    }
}

/// One source of `chains.toml` in the adapters' words.
pub fn settings(network: &NetworkConfig, source: &SourceConfig) -> SourceSettings {
    let mut settings = SourceSettings::new(
        network.id.clone(),
        network.chain(),
        source.kind.code(),
        &source.url,
    );
    settings.key.clone_from(&source.key);
    settings.requests_per_second = Some(source.requests_per_second);
    settings.page_size = source.page_size;
    settings.address_prefix.clone_from(&network.address_prefix);
    settings.tokens = network
        .assets
        .iter()
        .map(|asset| asset.contract.clone())
        .collect();
    settings.confirmations = network.finality.confirmations;
    settings.proves_absence = is_own(&source.url);
    settings
}

/// Whether a source is the operator's own: only they know its address. What a public one does not find may stand where it no
/// longer looks.
fn is_own(url: &str) -> bool {
    url.starts_with("${") && url.ends_with('}') && url.matches("${").count() == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_only_a_url_that_is_a_variable_is_the_operators() {
        assert!(is_own("${XRPL_RPC_URL}"));
        for url in [
            "https://xrplcluster.com",
            "https://node.example/${KEY}",
            "${HOST}/${KEY}",
            "${HOST}/path",
        ] {
            assert!(!is_own(url), "{url}");
        }
    }
}
