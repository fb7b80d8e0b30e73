//! What the operator says about networks, as the engine sees it.

use super::words::{
    AssetStatus, FeeRuleName, FeeStyle, FinalityRule, MemoRule, PricePlanName, PriceSourceKind,
    SourceKind,
};
use recover_core::amount::Amount;
use recover_core::asset::{AssetId, AssetReference, AssetStanding, AssetTerms, TokenReview};
use recover_core::names;
use recover_core::network::{DepositState, Family, NetworkId, RecoveryCapability};
use std::collections::{BTreeMap, BTreeSet};

/// Every network of `chains.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChainsConfig {
    /// By short name.
    pub networks: BTreeMap<NetworkId, NetworkConfig>,
    /// Who is asked for prices, in the file's order.
    pub price_sources: Vec<PriceSourceConfig>,
}

/// A source of prices. Texts may hold `${VAR}`, as those of [`SourceConfig`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceSourceConfig {
    /// What its prices are said to come from.
    pub name: String,
    /// Whose API it speaks.
    pub kind: PriceSourceKind,
    /// Where it is, as a template.
    pub url: String,
    /// Its key, as a template; `None` when it needs none.
    pub key: Option<String>,
    /// Which kind of key it is.
    pub plan: PricePlanName,
    /// How often it may be asked.
    pub requests_per_minute: u32,
}

/// One network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkConfig {
    /// The short name.
    pub id: NetworkId,
    /// Its family.
    pub family: Family,
    /// Its CAIP-2 id (`eip155:1`).
    pub caip2: String,
    /// The name a person reads.
    pub display: String,
    /// What users call it, as written.
    pub aliases: Vec<String>,
    /// Whether the exchange takes deposits there.
    pub deposits: DepositState,
    /// Whether it can act there.
    pub recovery: RecoveryCapability,
    /// Whether deposits are routed by memo.
    pub memo: MemoRule,
    /// Networks with the same word here share keys: one key, one address.
    pub sibling_group: String,
    /// The prefix of its addresses (`osmo`); `None` where the family has one form for all its networks.
    pub address_prefix: Option<String>,
    /// The explorer that people are sent to (`https://etherscan.io`), without a slash at the end.
    pub explorer: String,
    /// Links that mean this network, lower case, the explorer's own first: a host, or a host and the beginning of a path where
    /// one explorer shows many networks (`mintscan.io/osmosis`).
    pub explorer_hosts: Vec<String>,
    /// What a transaction costs beyond gas; `None` where the family has no gas price.
    pub fee_rule: Option<FeeRuleName>,
    /// How it offers its price; `None` likewise.
    pub fee_style: Option<FeeStyle>,
    /// When a block is final.
    pub finality: Finality,
    /// The network's own coin.
    pub native: NativeConfig,
    /// What sources of prices call the network's own coin (`ethereum`); `None` where they are not asked for it.
    pub price_id: Option<String>,
    /// What they call the network where they name tokens by contract (`binance-smart-chain`); `None` likewise.
    pub price_platform: Option<String>,
    /// Who is asked, in order.
    pub sources: Vec<SourceConfig>,
    /// Tokens, in the file's order.
    pub assets: Vec<AssetConfig>,
}

/// When a block is final.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finality {
    /// The rule.
    pub rule: FinalityRule,
    /// Blocks on top, at least 1: the rule itself, or the depth shown to people beside the tag; 1 where closed is final.
    pub confirmations: u64,
}

/// A network's own coin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NativeConfig {
    /// Its full name.
    pub name: String,
    /// Symbol, decimals and minimum.
    pub terms: AssetTerms,
}

/// A token that the exchange lists or listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssetConfig {
    /// Its full name.
    pub name: String,
    /// What identifies it on its network, in canonical text ([`AssetReference::Contract`]).
    pub contract: String,
    /// Symbol, decimals and minimum.
    pub terms: AssetTerms,
    /// Listed or retired.
    pub status: AssetStatus,
    /// The public token lists that hold this contract with these decimals; empty when the operator alone vouches.
    pub confirmed_by: Vec<String>,
}

/// A node or an explorer. Texts may hold `${VAR}`: they are templates, expanded when the source is first used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceConfig {
    /// What it is.
    pub kind: SourceKind,
    /// Where it is, as a template.
    pub url: String,
    /// Its key, as a template; `None` when it needs none.
    pub key: Option<String>,
    /// How often it may be asked.
    pub requests_per_second: u32,
    /// Blocks that a log query spans at first; `None` for the client's own default.
    pub log_range_max: Option<u64>,
    /// Rows of a page; `None` for the client's own default.
    pub page_size: Option<u32>,
}

impl NetworkConfig {
    /// The part of the CAIP-2 id behind the colon: the chain as its own family names it.
    #[must_use]
    pub fn chain(&self) -> &str {
        self.caip2
            .split_once(':')
            .map_or(self.caip2.as_str(), |(_, chain)| chain)
    }

    /// Whether deposits are found account by account, and not block by block.
    #[must_use]
    pub fn is_read_by_account(&self) -> bool {
        self.finality.rule == super::words::FinalityRule::Closed
    }

    /// Whether no source of this build can read it, so that its deposits come from files alone.
    #[must_use]
    pub fn is_by_import(&self) -> bool {
        SourceKind::of(self.family).is_empty()
    }

    /// The chain id of an `eip155` network; `None` for other families.
    #[must_use]
    pub fn evm_chain_id(&self) -> Option<u64> {
        self.caip2.strip_prefix("eip155:")?.parse().ok()
    }

    /// The token with this contract (canonical text).
    #[must_use]
    pub fn asset(&self, contract: &str) -> Option<&AssetConfig> {
        self.assets.iter().find(|asset| asset.contract == contract)
    }

    /// What a symbol of a file or an appeal means here: the native coin or the one token with that symbol; case does not
    /// count. `None` when no asset has it. A hint for imports and matching, never an identity for money.
    #[must_use]
    pub fn asset_by_symbol(&self, symbol: &str) -> Option<AssetId> {
        if self.native.terms.symbol.eq_ignore_ascii_case(symbol) {
            return Some(AssetId::native(self.id.clone()));
        }
        self.assets
            .iter()
            .find(|asset| asset.terms.symbol.eq_ignore_ascii_case(symbol))
            .map(|asset| AssetId::contract(self.id.clone(), &asset.contract))
    }

    /// The contracts whose logs are trusted to state the change of balance: everything listed or retired.
    #[must_use]
    pub fn trusted_contracts(&self) -> BTreeSet<String> {
        self.assets
            .iter()
            .map(|asset| asset.contract.clone())
            .collect()
    }

    /// The page of a transaction on the explorer.
    #[must_use]
    pub fn explorer_transaction(&self, tx_id: &recover_core::block::TxId) -> String {
        let path = match self.family {
            // Its one explorer keeps what is behind `#` to itself.
            Family::Tron => "#/transaction",
            _ => "tx",
        };
        format!("{}/{path}/{tx_id}", self.explorer)
    }
}

impl AssetConfig {
    /// The standing in core's words.
    #[must_use]
    pub fn standing(&self) -> AssetStanding {
        match self.status {
            AssetStatus::Listed => AssetStanding::Listed(self.terms.clone()),
            AssetStatus::Retired => AssetStanding::Retired(self.terms.clone()),
        }
    }
}

impl ChainsConfig {
    /// The network with this short name.
    #[must_use]
    pub fn network(&self, id: &NetworkId) -> Option<&NetworkConfig> {
        self.networks.get(id)
    }

    /// The network that a text names: short name, CAIP-2 id, display name or alias, as [`names::fold`] compares; names that
    /// only core's table knows count for the networks that are configured.
    #[must_use]
    pub fn by_name(&self, text: &str) -> Option<&NetworkConfig> {
        let wanted = names::fold(text);
        if wanted.is_empty() {
            return None;
        }
        self.networks
            .values()
            .find(|network| network.words().any(|word| names::fold(word) == wanted))
            .or_else(|| {
                let known = names::network_by_name(text)?;
                self.networks.get(&NetworkId::new(known.name))
            })
    }

    /// The network that a link to an explorer (or its host alone) means; case, the scheme and a leading `www.` do not count.
    /// Where one host shows many networks the longest beginning of the path decides.
    #[must_use]
    pub fn by_link(&self, link: &str) -> Option<&NetworkConfig> {
        let wanted = plain_host(link);
        let wanted = wanted.split(['?', '#']).next().unwrap_or_default();
        let begins = |own: &str| {
            wanted
                .strip_prefix(own)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.networks
            .values()
            .flat_map(|network| {
                let hosts = network.explorer_hosts.iter();
                hosts.map(move |host| (network, plain_host(host)))
            })
            .filter(|(_, host)| begins(host))
            .max_by_key(|(_, host)| host.len())
            .map(|(network, _)| network)
    }

    /// How the exchange stands to an asset. `review` is what people decided about an unlisted contract so far.
    /// `None` when the network is not configured.
    #[must_use]
    pub fn standing(&self, asset: &AssetId, review: TokenReview) -> Option<AssetStanding> {
        let network = self.networks.get(&asset.network)?;
        Some(match &asset.reference {
            AssetReference::Native => AssetStanding::Listed(network.native.terms.clone()),
            AssetReference::Contract(contract) => network
                .asset(contract)
                .map_or(AssetStanding::Unlisted(review), AssetConfig::standing),
            _ => AssetStanding::Unvouched,
        })
    }

    /// Whether the exchange trades an asset: not one that it only traded once.
    #[must_use]
    pub fn is_listed(&self, asset: &AssetId) -> bool {
        let standing = self.standing(asset, TokenReview::Unreviewed);
        matches!(standing, Some(AssetStanding::Listed(_)))
    }

    /// What the file says about an asset; `None` for one that it does not have.
    #[must_use]
    pub fn terms(&self, asset: &AssetId) -> Option<&AssetTerms> {
        let network = self.networks.get(&asset.network)?;
        match &asset.reference {
            AssetReference::Native => Some(&network.native.terms),
            AssetReference::Contract(contract) => network.asset(contract).map(|asset| &asset.terms),
            _ => None,
        }
    }

    /// The other networks on which the keys of `network` sign for the same addresses, by name.
    pub fn siblings<'a>(
        &'a self,
        network: &'a NetworkConfig,
    ) -> impl Iterator<Item = &'a NetworkConfig> {
        self.networks.values().filter(move |other| {
            other.id != network.id && other.sibling_group == network.sibling_group
        })
    }
}

impl NetworkConfig {
    /// Everything this network is called.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        [self.id.as_str(), self.caip2.as_str(), self.display.as_str()]
            .into_iter()
            .chain(self.aliases.iter().map(String::as_str))
    }
}

/// A host or a link for comparison: lower case, without a scheme and without `www.`.
pub(super) fn plain_host(host: &str) -> String {
    let lower = host.trim().to_ascii_lowercase();
    let lower = lower.split_once("://").map_or(&*lower, |(_, rest)| rest);
    lower.strip_prefix("www.").unwrap_or(lower).to_owned()
}

/// A minimum in base units, or why it is none.
pub(super) fn minimum(
    text: &str,
    decimals: u8,
) -> Result<Amount, recover_core::amount::AmountError> {
    Amount::from_coin_text(text, decimals)
}
