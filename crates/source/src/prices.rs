//! Sources of prices: what coins are worth, by somebody who watches markets.
//!
//! A source is asked by its own ids of coins, which the operator wrote into `chains.toml`: a symbol is nobody's identity. What
//! cannot be read exactly is no price, and a price without a time is none either.

mod coingecko;
mod number;

pub use coingecko::CoinGecko;

use crate::error::SourceError;
use crate::retry::RetryPolicy;
use async_trait::async_trait;
use recover_core::asset::AssetId;
use recover_core::decimal::Decimal;
use recover_core::time::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// An asset as a source of prices calls it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceQuestion {
    /// The asset.
    pub asset: AssetId,
    /// How the source calls it.
    pub subject: PriceSubject,
}

/// How a source calls an asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PriceSubject {
    /// A coin by the source's id (`bitcoin`).
    Coin {
        /// The id.
        id: String,
    },
    /// A token by its contract on what the source calls a platform (`binance-smart-chain`).
    Token {
        /// The platform's id.
        platform: String,
        /// The contract, as its network writes it.
        contract: String,
    },
}

/// A price that a source has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundPrice {
    /// Of what.
    pub asset: AssetId,
    /// What one coin is worth; never zero.
    pub price: Decimal,
    /// When it was so, by the source's own word.
    pub at: Timestamp,
}

/// What a source said to questions. What was found before a failure stands.
#[derive(Debug, Clone, Default)]
pub struct PriceUpdate {
    /// The prices.
    pub found: Vec<FoundPrice>,
    /// What it has no price of, and why.
    pub missing: Vec<(AssetId, String)>,
    /// Why the rest was not asked.
    pub failure: Option<SourceError>,
}

/// A source of prices.
#[async_trait]
pub trait PriceSource: Send + Sync {
    /// What the operator calls it: the source that stands beside each of its prices.
    fn name(&self) -> &str;

    /// Prices in a currency (three capital letters) of some assets. Each question is answered once: found, missing, or left out
    /// with a failure.
    async fn prices(&self, questions: &[PriceQuestion], currency: &str) -> PriceUpdate;
}

/// A source of prices as `chains.toml` describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceSourceSettings {
    /// What the operator calls it.
    pub name: String,
    /// Where it is, with `${VARIABLE}`s.
    pub url: String,
    /// Its key, with `${VARIABLE}`s; `None` where it needs none.
    pub key: Option<String>,
    /// Which of the two kinds of key it is: they are sent in headers of different names.
    pub plan: PricePlan,
    /// Requests a minute; `None` for no limit.
    pub requests_per_minute: Option<u32>,
    /// How often a request is tried.
    pub retry: RetryPolicy,
    /// The time for one request in all.
    pub timeout: Duration,
}

/// The kind of a key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PricePlan {
    /// A free one.
    #[default]
    Demo,
    /// A paid one.
    Pro,
}

/// Opens a source with answers in the shape of CoinGecko's API. Nothing is sent and no variable is read yet.
#[must_use]
pub fn open(settings: &PriceSourceSettings) -> Arc<dyn PriceSource> {
    Arc::new(CoinGecko::open(settings))
}
