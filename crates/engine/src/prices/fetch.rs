//! Asking the sources of prices that `chains.toml` names.

use super::CLOCK_SLACK_SECONDS;
use crate::config::{ChainsConfig, PricePlanName, PriceSourceConfig};
use crate::engine::Engine;
use crate::error::EngineError;
use recover_core::asset::{AssetId, AssetReference};
use recover_core::deposit::DepositStatus;
use recover_core::network::NetworkId;
use recover_source::prices::{
    PricePlan, PriceQuestion, PriceSource, PriceSourceSettings, PriceSubject, PriceUpdate,
};
use recover_source::retry::RetryPolicy;
use recover_store::{DepositFilter, DepositOrder, Price};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// Prices are looked at while people wait.
const TIMEOUT: Duration = Duration::from_secs(20);

/// What asking for prices came to.
#[derive(Debug, Clone, Default)]
pub struct PriceFetch {
    /// The sources in the order of `chains.toml`.
    pub sources: Vec<SourceFetch>,
    /// Assets that no source can be asked for: `chains.toml` does not say what they call them.
    pub unnamed: Vec<AssetId>,
    /// Assets that were asked for and that no source has a price of.
    pub unpriced: Vec<AssetId>,
}

/// What one source said.
#[derive(Debug, Clone)]
pub struct SourceFetch {
    /// Its name.
    pub name: String,
    /// How many assets it was asked for.
    pub asked: u64,
    /// How many prices it gave.
    pub found: u64,
    /// How many of them were not known.
    pub new: u64,
    /// Prices that were not taken and assets that it does not know, each with the reason.
    pub missing: Vec<(AssetId, String)>,
    /// Why it was not asked for the rest, or answered nothing.
    pub failure: Option<String>,
}

impl PriceFetch {
    /// How many sources failed.
    #[must_use]
    pub fn failures(&self) -> usize {
        let failed = self
            .sources
            .iter()
            .filter(|source| source.failure.is_some());
        failed.count()
    }

    /// How many prices were not known.
    #[must_use]
    pub fn new_prices(&self) -> u64 {
        self.sources
            .iter()
            .fold(0, |sum, source| sum.saturating_add(source.new))
    }
}

/// Opens the sources that `chains.toml` names. Nothing is sent.
pub(crate) fn open(chains: &ChainsConfig) -> Vec<Arc<dyn PriceSource>> {
    chains.price_sources.iter().map(open_one).collect()
}

fn open_one(config: &PriceSourceConfig) -> Arc<dyn PriceSource> {
    recover_source::prices::open(&PriceSourceSettings {
        name: config.name.clone(),
        url: config.url.clone(),
        key: config.key.clone(),
        plan: match config.plan {
            PricePlanName::Demo => PricePlan::Demo,
            PricePlanName::Pro => PricePlan::Pro,
        },
        requests_per_minute: Some(config.requests_per_minute),
        retry: RetryPolicy::default(),
        timeout: TIMEOUT,
    })
}

impl Engine {
    /// Whether there is any source of prices.
    #[must_use]
    pub fn has_price_sources(&self) -> bool {
        !self.price_sources.is_empty()
    }

    /// The assets that a text names: `NETWORK/native`, `NETWORK/contract:ADDRESS`, or a symbol, which names every configured asset
    /// that has it.
    ///
    /// # Errors
    /// When it names none.
    pub fn assets_named(&self, text: &str) -> Result<Vec<AssetId>, EngineError> {
        if text.contains('/')
            && let Some(asset) = AssetId::parse(text)
            && self.chains.network(&asset.network).is_some()
        {
            return Ok(vec![asset]);
        }
        let networks = self.chains.networks.values();
        let assets: Vec<AssetId> = networks
            .filter_map(|network| network.asset_by_symbol(text))
            .collect();
        if assets.is_empty() {
            return Err(EngineError::UnknownAsset {
                text: text.to_owned(),
            });
        }
        Ok(assets)
    }

    /// What prices are needed of: the assets of deposits that are open (where somebody vouches for their decimals), the coins of
    /// their networks and of those that deposits are taken on, and what the policy's fees are paid in.
    async fn assets_in_need(&self) -> Result<BTreeSet<AssetId>, EngineError> {
        let filter = DepositFilter {
            statuses: vec![
                DepositStatus::Unconfirmed,
                DepositStatus::Open,
                DepositStatus::Claimed,
            ],
            ..DepositFilter::default()
        };
        let mut assets = BTreeSet::new();
        let mut after = None;
        loop {
            let page = self
                .store
                .list_deposits(&filter, DepositOrder::Id, after.as_ref(), 1_000)
                .await?;
            for stored in &page.deposits {
                let deposit = &stored.deposit;
                assets.insert(AssetId::native(deposit.network().clone()));
                if crate::match_limit::decimals_of(deposit).is_some() {
                    assets.insert(deposit.asset().clone());
                }
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let networks = self.chains.networks.values();
        assets.extend(networks.map(|network| AssetId::native(network.id.clone())));
        let fees = &self.policy()?.fees;
        assets.extend(fees.fee_asset.clone());
        assets.extend(
            fees.rules
                .iter()
                .filter_map(|rule| rule.form.coin().cloned()),
        );
        Ok(assets)
    }

    /// How sources of prices call an asset; `None` where `chains.toml` does not say.
    fn price_subject(&self, asset: &AssetId) -> Option<PriceSubject> {
        let network = self.chains.network(&asset.network)?;
        match &asset.reference {
            AssetReference::Native => network.price_id.clone().map(|id| PriceSubject::Coin { id }),
            AssetReference::Contract(contract) => {
                network
                    .price_platform
                    .clone()
                    .map(|platform| PriceSubject::Token {
                        platform,
                        contract: contract.clone(),
                    })
            }
            _ => None,
        }
    }

    /// Asks every source for prices in the policy's currency, of these assets or else of all that are needed, on these networks or
    /// else on all, and stores what they say. A source that fails is part of what is returned.
    ///
    /// # Errors
    /// When no policy is loaded or the store fails.
    pub async fn fetch_prices(
        &self,
        assets: &[AssetId],
        networks: &[NetworkId],
        progress: &(dyn Fn(&str, usize) + Send + Sync),
    ) -> Result<PriceFetch, EngineError> {
        let currency = self.policy()?.currency.clone();
        let mut wanted = if assets.is_empty() {
            self.assets_in_need().await?
        } else {
            assets.iter().cloned().collect()
        };
        wanted.retain(|asset| networks.is_empty() || networks.contains(&asset.network));
        let mut fetch = PriceFetch::default();
        let mut questions = Vec::new();
        for asset in wanted {
            match self.price_subject(&asset) {
                Some(subject) => questions.push(PriceQuestion { asset, subject }),
                None => fetch.unnamed.push(asset),
            }
        }
        let mut priced = BTreeSet::new();
        for source in self.price_sources.iter() {
            progress(source.name(), questions.len());
            let update = source.prices(&questions, &currency).await;
            let taken = self.take_prices(source.name(), &currency, update, &mut priced);
            let (mut said, rows) = taken;
            said.asked = u64::try_from(questions.len()).unwrap_or(u64::MAX);
            said.new = self.store.import_prices(rows, self.now()).await?.inserted;
            fetch.sources.push(said);
        }
        let asked = questions.into_iter().map(|question| question.asset);
        fetch.unpriced = asked.filter(|asset| !priced.contains(asset)).collect();
        self.revalue().await?;
        Ok(fetch)
    }

    /// What of an answer is believed, and the rows to store.
    fn take_prices(
        &self,
        name: &str,
        currency: &str,
        update: PriceUpdate,
        priced: &mut BTreeSet<AssetId>,
    ) -> (SourceFetch, Vec<Price>) {
        let now = self.now();
        let latest = now.plus_seconds(CLOCK_SLACK_SECONDS).unwrap_or(now);
        let mut said = SourceFetch {
            name: name.to_owned(),
            asked: 0,
            found: 0,
            new: 0,
            missing: update.missing,
            failure: update.failure.map(|failure| failure.to_string()),
        };
        let mut rows = Vec::new();
        for found in update.found {
            if found.price.is_zero() || found.at > latest {
                let why = format!(
                    "its price {} is of {}, which is still to come: check the clocks",
                    found.price, found.at
                );
                said.missing.push((found.asset, why));
                continue;
            }
            said.found = said.found.saturating_add(1);
            priced.insert(found.asset.clone());
            rows.push(Price {
                asset: found.asset,
                currency: currency.to_owned(),
                price: found.price,
                priced_at: found.at,
                source: name.to_owned(),
            });
        }
        (said, rows)
    }
}
