//! Prices of a file that do not count now: a newer one of the same source stands, perhaps the very mistake that the file is to
//! correct.

use super::CLOCK_SLACK_SECONDS;
use crate::engine::Engine;
use crate::error::EngineError;
use recover_core::asset::AssetId;
use recover_core::time::Timestamp;
use recover_store::Price;
use std::collections::BTreeMap;

/// A price of a file, and the newer one that counts in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overtaken {
    /// The newest price of the file for its asset and source.
    pub imported: Price,
    /// What stands of the same source: of a later time, five minutes ahead of our clock at most, or of the same and imported later.
    pub newer: Price,
}

/// The newest price of a file by asset, currency and source, whatever the source's capital letters.
#[derive(Default)]
pub(crate) struct Newest(BTreeMap<(AssetId, String, String), Price>);

impl Newest {
    pub(crate) fn take(&mut self, prices: &[Price]) {
        for price in prices {
            let key = (
                price.asset.clone(),
                price.currency.clone(),
                price.source.to_lowercase(),
            );
            let newest = self.0.entry(key).or_insert_with(|| price.clone());
            if price.priced_at > newest.priced_at {
                *newest = price.clone();
            }
        }
    }
}

impl Engine {
    /// Which of these do not count now because their source has a newer price.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn overtaken(&self, newest: Newest) -> Result<Vec<Overtaken>, EngineError> {
        let now = self.now();
        let latest = now.plus_seconds(CLOCK_SLACK_SECONDS).unwrap_or(now);
        let first = Timestamp::from_micros(i64::MIN);
        let mut overtaken = Vec::new();
        let mut stored: Option<((AssetId, String), Vec<Price>)> = None;
        for ((asset, currency, source), imported) in newest.0 {
            // Sources of one asset stand side by side: it is asked about once.
            let of = (asset, currency);
            let rows = match stored.take() {
                Some((known, rows)) if known == of => rows,
                _ => {
                    self.store
                        .newest_prices(&of.0, &of.1, first..=latest)
                        .await?
                }
            };
            let newer = rows
                .iter()
                .filter(|row| row.source.to_lowercase() == source)
                .max_by_key(|row| row.priced_at)
                .filter(|row| row.priced_at >= imported.priced_at && row.id() != imported.id());
            if let Some(newer) = newer {
                overtaken.push(Overtaken {
                    newer: newer.clone(),
                    imported,
                });
            }
            stored = Some((of, rows));
        }
        Ok(overtaken)
    }
}
