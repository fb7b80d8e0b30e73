//! Which price an asset has for a decision: the newest of each source, compared by the policy's rules, at the time that counts.

mod fetch;
mod overtaken;
mod words;

pub(crate) use fetch::open as open_sources;
pub use fetch::{PriceFetch, SourceFetch};
pub(crate) use overtaken::Newest;
pub use overtaken::Overtaken;

use crate::config::Policy;
use crate::engine::Engine;
use crate::error::EngineError;
use recover_core::asset::AssetId;
use recover_core::decimal::Decimal;
use recover_core::fee::{PriceTime, UsedPrice};
use recover_core::price::{
    self, Agreed, Asked, Comparison, NoPriceReason, PriceRules, SourcePrice, Standing,
};
use recover_core::time::Timestamp;
use recover_store::Price;
use std::collections::BTreeMap;

/// A price from the future is a clock that is wrong; a few minutes are forgiven.
pub(crate) const CLOCK_SLACK_SECONDS: i64 = 300;

const DAY_SECONDS: i64 = 86_400;
const DAYS_OF_MEAN: i64 = 7;

/// What is to be priced.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    /// What.
    pub(crate) asset: &'a AssetId,
    /// Which time counts.
    pub(crate) time: PriceTime,
    /// The only source that counts; `None` for all.
    pub(crate) source: Option<&'a str>,
    /// When the deposit's block was made, for [`PriceTime::Deposit`]; `None` when nobody knows.
    pub(crate) block_time: Option<Timestamp>,
    /// Now.
    pub(crate) now: Timestamp,
}

impl<'a> Wanted<'a> {
    /// What all sources agree on now.
    pub(crate) const fn now(asset: &'a AssetId, now: Timestamp) -> Self {
        Self {
            asset,
            time: PriceTime::Quote,
            source: None,
            block_time: None,
            now,
        }
    }
}

/// Why there is no price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoPrice {
    /// The reason.
    pub reason: NoPriceReason,
    /// What was found, and what to do about it.
    pub detail: String,
}

/// What the sources say about one asset now.
#[derive(Debug, Clone)]
pub struct PriceTable {
    /// The asset.
    pub asset: AssetId,
    /// The newest price of each source with what becomes of it, by source.
    pub rows: Vec<(Price, Standing)>,
    /// How far the highest that counts lies above the lowest, in percent; `None` where fewer than two count.
    pub spread_percent: Option<Decimal>,
    /// The price that counts, or why there is none.
    pub outcome: Result<UsedPrice, NoPrice>,
}

impl Engine {
    /// The price of an asset, or why there is none.
    ///
    /// # Errors
    /// When no policy is loaded or the store fails.
    pub(crate) async fn price(
        &self,
        wanted: &Wanted<'_>,
    ) -> Result<Result<UsedPrice, NoPrice>, EngineError> {
        let policy = self.policy()?;
        match wanted.time {
            PriceTime::Quote => {
                let asked = PriceTerms::of(policy).now(wanted.now);
                self.at_one_time(wanted, policy, asked).await
            }
            PriceTime::Deposit => match wanted.block_time {
                Some(block_time) => {
                    let asked = PriceTerms::of(policy).then(block_time);
                    self.at_one_time(wanted, policy, asked).await
                }
                None => Ok(Err(words::of_a_time_unknown(wanted.asset))),
            },
            PriceTime::PreviousClose => {
                let agreed = self.close(wanted, policy, 0).await?;
                Ok(agreed.map(|agreed| used(wanted.asset, agreed)))
            }
            PriceTime::MeanOfSevenDays => self.mean_of_closes(wanted, policy).await,
        }
    }

    async fn at_one_time(
        &self,
        wanted: &Wanted<'_>,
        policy: &Policy,
        asked: Asked<'_>,
    ) -> Result<Result<UsedPrice, NoPrice>, EngineError> {
        let asked = Asked {
            source: wanted.source,
            ..asked
        };
        let agreed = self.compared(wanted.asset, policy, &asked).await?;
        Ok(agreed.map(|agreed| used(wanted.asset, agreed)))
    }

    /// The last prices of the day that ended so many days before today began, in UTC.
    async fn close(
        &self,
        wanted: &Wanted<'_>,
        policy: &Policy,
        days_earlier: i64,
    ) -> Result<Result<Agreed, NoPrice>, EngineError> {
        let seconds = wanted.now.as_seconds();
        let midnight = seconds
            .saturating_sub(seconds.rem_euclid(DAY_SECONDS))
            .saturating_sub(days_earlier.saturating_mul(DAY_SECONDS))
            .saturating_mul(1_000_000);
        let asked = Asked {
            rules: policy.prices,
            earliest: Timestamp::from_micros(
                midnight.saturating_sub(DAY_SECONDS.saturating_mul(1_000_000)),
            ),
            // What is of midnight itself belongs to the day that begins.
            latest: Timestamp::from_micros(midnight.saturating_sub(1)),
            source: wanted.source,
        };
        self.compared(wanted.asset, policy, &asked).await
    }

    async fn mean_of_closes(
        &self,
        wanted: &Wanted<'_>,
        policy: &Policy,
    ) -> Result<Result<UsedPrice, NoPrice>, EngineError> {
        let mut closes = Vec::new();
        for day in 0..DAYS_OF_MEAN {
            match self.close(wanted, policy, day).await? {
                Ok(agreed) => closes.push(agreed),
                Err(none) => return Ok(Err(words::of_a_day(none))),
            }
        }
        let prices: Vec<_> = closes.iter().map(|close| close.price).collect();
        let oldest = closes.iter().map(|close| close.at).min();
        let (Some(price), Some(oldest)) = (price::mean(&prices), oldest) else {
            return Ok(Err(words::beyond_every_range(wanted.asset)));
        };
        let mut all: Vec<(String, String)> = closes
            .iter()
            .flat_map(|close| close.sources.iter().cloned().zip(close.ids.iter().cloned()))
            .collect();
        all.sort();
        all.dedup();
        let mut sources: Vec<String> = all.iter().map(|(source, _)| source.clone()).collect();
        sources.dedup();
        Ok(Ok(UsedPrice {
            asset: wanted.asset.clone(),
            price,
            at: oldest,
            sources,
            ids: all.into_iter().map(|(_, id)| id).collect(),
        }))
    }

    /// The newest price of each source in a window of time, compared.
    async fn compared(
        &self,
        asset: &AssetId,
        policy: &Policy,
        asked: &Asked<'_>,
    ) -> Result<Result<Agreed, NoPrice>, EngineError> {
        // Without a price in the window the newest before it is what a person must hear of.
        let within = asked.earliest..=asked.latest;
        let mut rows = self
            .store
            .newest_prices(asset, &policy.currency, within)
            .await?;
        let mut comparison = compare(&rows, asked);
        if comparison.outcome.is_err() {
            rows = self
                .rows_ever(asset, &policy.currency, asked.latest)
                .await?;
            comparison = compare(&rows, asked);
        }
        let spread = comparison.spread_percent;
        let standings = &comparison.standings;
        Ok(comparison.outcome.map_err(|reason| {
            let said = words::Said {
                asset,
                policy,
                asked,
                rows: &rows,
                standings,
                spread,
            };
            said.no_price(reason)
        }))
    }

    /// The newest price of each source by a time, whatever its age, and the newest of those that have one after it.
    async fn rows_ever(
        &self,
        asset: &AssetId,
        currency: &str,
        latest: Timestamp,
    ) -> Result<Vec<Price>, EngineError> {
        let (first, last) = (
            Timestamp::from_micros(i64::MIN),
            Timestamp::from_micros(i64::MAX),
        );
        let newest = |times| self.store.newest_prices(asset, currency, times);
        let mut rows = newest(first..=latest).await?;
        let later = newest(first..=last).await?;
        rows.extend(later.into_iter().filter(|row| row.priced_at > latest));
        rows.sort_by(|left, right| {
            (&left.source, right.priced_at).cmp(&(&right.source, left.priced_at))
        });
        Ok(rows)
    }

    /// What the sources say about assets now; about every asset that ever had a price where none is named.
    ///
    /// # Errors
    /// When no policy is loaded or the store fails.
    pub async fn price_tables(&self, assets: &[AssetId]) -> Result<Vec<PriceTable>, EngineError> {
        let policy = self.policy()?;
        let all = if assets.is_empty() {
            self.store.priced_assets(&policy.currency).await?
        } else {
            assets.to_vec()
        };
        let asked = PriceTerms::of(policy).now(self.now());
        let mut tables = Vec::with_capacity(all.len());
        for asset in all {
            let rows = self
                .rows_ever(&asset, &policy.currency, asked.latest)
                .await?;
            let comparison = compare(&rows, &asked);
            let outcome = match comparison.outcome {
                Ok(agreed) => Ok(used(&asset, agreed)),
                Err(reason) => Err(words::Said {
                    asset: &asset,
                    policy,
                    asked: &asked,
                    rows: &rows,
                    standings: &comparison.standings,
                    spread: comparison.spread_percent,
                }
                .no_price(reason)),
            };
            tables.push(PriceTable {
                asset,
                rows: rows.into_iter().zip(comparison.standings).collect(),
                spread_percent: comparison.spread_percent,
                outcome,
            });
        }
        Ok(tables)
    }
}

/// What a policy says about prices, for where no policy is at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PriceTerms {
    rules: PriceRules,
    age_max_seconds: i64,
}

impl PriceTerms {
    pub(crate) fn of(policy: &Policy) -> Self {
        Self::new(policy.prices, policy.price_age_max_minutes)
    }

    pub(crate) fn new(rules: PriceRules, age_max_minutes: u32) -> Self {
        Self {
            rules,
            age_max_seconds: i64::from(age_max_minutes).saturating_mul(60),
        }
    }

    /// A price for now: as old as the policy allows, and a clock's error into the future.
    pub(crate) fn now(self, now: Timestamp) -> Asked<'static> {
        self.by(now, CLOCK_SLACK_SECONDS)
    }

    /// A price for a time that is past.
    pub(crate) fn then(self, at: Timestamp) -> Asked<'static> {
        self.by(at, 0)
    }

    /// As of the newest of these prices: for a replay, where no price is of now.
    pub(crate) fn replayed(self, rows: &[Price]) -> Asked<'static> {
        let newest = rows.iter().map(|row| row.priced_at).max();
        self.then(newest.unwrap_or_default())
    }

    fn by(self, at: Timestamp, slack_seconds: i64) -> Asked<'static> {
        let age = self.age_max_seconds.saturating_neg();
        Asked {
            rules: self.rules,
            earliest: at
                .plus_seconds(age)
                .unwrap_or(Timestamp::from_micros(i64::MIN)),
            latest: at.plus_seconds(slack_seconds).unwrap_or(at),
            source: None,
        }
    }
}

/// The price that counts of every asset that has one.
pub(crate) fn agreed(
    newest: &BTreeMap<AssetId, Vec<Price>>,
    asked: impl Fn(&[Price]) -> Asked<'static>,
) -> BTreeMap<AssetId, Decimal> {
    let agreed = newest.iter().filter_map(|(asset, rows)| {
        let agreed = compare(rows, &asked(rows)).outcome.ok()?;
        Some((asset.clone(), agreed.price))
    });
    agreed.collect()
}

/// Compares rows of the store.
pub(crate) fn compare(rows: &[Price], asked: &Asked<'_>) -> Comparison {
    let prices: Vec<SourcePrice> = rows
        .iter()
        .map(|row| SourcePrice {
            source: row.source.clone(),
            id: row.id(),
            price: row.price,
            at: row.priced_at,
        })
        .collect();
    price::compare(&prices, asked)
}

fn used(asset: &AssetId, agreed: Agreed) -> UsedPrice {
    UsedPrice {
        asset: asset.clone(),
        price: agreed.price,
        at: agreed.at,
        sources: agreed.sources,
        ids: agreed.ids,
    }
}

#[cfg(test)]
mod tests;
