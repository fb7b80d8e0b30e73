//! Prices: what a coin was worth, when, and who said so. Rows are never changed.

use crate::addresses::ImportCounts;
use crate::error::StoreError;
use crate::sql::{Reader, Row, Statement, detached, rows_per_statement, values};
use crate::store::Store;
use recover_core::asset::AssetId;
use recover_core::decimal::Decimal;
use recover_core::digest::Encoder;
use recover_core::time::Timestamp;
use std::collections::{BTreeMap, HashSet};
use std::ops::RangeInclusive;

/// The price of one coin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    /// The asset.
    pub asset: AssetId,
    /// The currency's code, upper case (`USD`).
    pub currency: String,
    /// How much of the currency one coin is worth.
    pub price: Decimal,
    /// When it was so.
    pub priced_at: Timestamp,
    /// Who said so.
    pub source: String,
}

impl Price {
    /// The id of the row: `prc_` and 80 bits over everything in it, so that a corrected price has another id and a quote
    /// names the very numbers that it was reckoned from.
    #[must_use]
    pub fn id(&self) -> String {
        let digest = Encoder::new("recover/price/1")
            .field(&self.asset.to_string())
            .field(&self.currency)
            .field(&self.price.digits().to_base_units())
            .field(&self.price.scale().to_string())
            .field(&self.priced_at.as_micros().to_string())
            .field(&self.source)
            .finish();
        format!("prc_{}", hex::encode(&digest.bytes()[..10]))
    }
}

fn price(row: &Row) -> Result<Price, StoreError> {
    let row = row.of("price", "id");
    let digits = row.amount("digits")?;
    let price = Price {
        asset: row.parsed("asset", AssetId::parse)?,
        currency: row.text("currency")?,
        price: Decimal::from_parts(digits, row.number("scale")?)
            .ok_or_else(|| row.bad("scale", "is above 77"))?,
        priced_at: row.time("priced_at")?,
        source: row.text("source")?,
    };
    if price.id() != row.text("id")? {
        return Err(row.bad("id", "does not fit the price in the row"));
    }
    Ok(price)
}

const COLUMNS: &str = "id, asset, currency, digits, scale, priced_at, source";

impl Store {
    /// Adds prices; those that are there already are counted as unchanged. All of the batch or nothing.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn import_prices(
        &self,
        prices: Vec<Price>,
        now: Timestamp,
    ) -> Result<ImportCounts, StoreError> {
        let db = self.db.clone();
        detached(async move {
            let mut tx = db.begin().await?;
            let mut counts = ImportCounts::default();
            let unique: BTreeMap<String, Price> = prices.into_iter().map(|price| (price.id(), price)).collect();
            let all: Vec<(String, Price)> = unique.into_iter().collect();
            for chunk in all.chunks(rows_per_statement(8)) {
                let mut statement = Statement::new("SELECT id FROM price WHERE id IN ");
                statement.bind_list(chunk.iter().map(|(id, _)| id));
                let mut stored = HashSet::new();
                for row in tx.rows(&statement.text, statement.values).await? {
                    stored.insert(row.of("price", "id").text("id")?);
                }
                let mut rows = Vec::new();
                for (id, price) in chunk {
                    if stored.contains(id) {
                        counts.unchanged += 1;
                        continue;
                    }
                    counts.inserted += 1;
                    rows.push(values![
                        id,
                        &price.asset,
                        &price.currency,
                        price.price.digits(),
                        price.price.scale(),
                        price.priced_at,
                        &price.source,
                        now
                    ]);
                }
                tx.insert_rows(
                    "INSERT INTO price (id, asset, currency, digits, scale, priced_at, source, imported_at) VALUES ",
                    rows,
                    " ON CONFLICT (id) DO NOTHING",
                )
                .await?;
            }
            tx.commit().await?;
            Ok(counts)
        })
        .await
    }

    /// The newest price of an asset that is not later than `at`, whatever its age; of equal times the one imported last.
    /// `None` when there is none: unknown is not zero.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn latest_price(
        &self,
        asset: &AssetId,
        currency: &str,
        at: Timestamp,
    ) -> Result<Option<Price>, StoreError> {
        latest_price(&mut Reader::Db(&self.db), asset, currency, at).await
    }

    /// The newest price of each source that is of one of these times, by source; of equal times the one imported last, which
    /// corrects the others.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn newest_prices(
        &self,
        asset: &AssetId,
        currency: &str,
        times: RangeInclusive<Timestamp>,
    ) -> Result<Vec<Price>, StoreError> {
        newest_prices(&mut Reader::Db(&self.db), asset, currency, times).await
    }

    /// The assets that have a price in a currency, of whatever time.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn priced_assets(&self, currency: &str) -> Result<Vec<AssetId>, StoreError> {
        let sql = "SELECT DISTINCT asset FROM price WHERE currency = $1 ORDER BY asset";
        let rows = self.db.rows(sql, values![currency]).await?;
        rows.iter()
            .map(|row| row.of("price", "asset").parsed("asset", AssetId::parse))
            .collect()
    }

    /// Every price of an asset, oldest first; of equal times the one imported last comes last, as
    /// [`Store::latest_price`] chooses it.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn prices_of(
        &self,
        asset: &AssetId,
        currency: &str,
    ) -> Result<Vec<Price>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM price WHERE asset = $1 AND currency = $2
             ORDER BY priced_at, imported_at, id DESC"
        );
        let rows = self.db.rows(&sql, values![asset, currency]).await?;
        rows.iter().map(price).collect()
    }

    /// A price by its id; `None` when there is none.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn price(&self, id: &str) -> Result<Option<Price>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM price WHERE id = $1");
        let row = self.db.row(&sql, values![id]).await?;
        row.as_ref().map(price).transpose()
    }

    /// How many prices there are.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn count_prices(&self) -> Result<u64, StoreError> {
        let row = self
            .db
            .row("SELECT COUNT(*) AS count FROM price", vec![])
            .await?;
        row.map_or(Ok(0), |row| row.of("price", "count").number("count"))
    }
}

/// As [`Store::latest_price`].
pub(crate) async fn latest_price(
    reader: &mut Reader<'_>,
    asset: &AssetId,
    currency: &str,
    at: Timestamp,
) -> Result<Option<Price>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM price WHERE asset = $1 AND currency = $2 AND priced_at <= $3
         ORDER BY priced_at DESC, imported_at DESC, id LIMIT 1"
    );
    let rows = reader.rows(&sql, values![asset, currency, at]).await?;
    rows.first().map(price).transpose()
}

/// As [`Store::newest_prices`].
pub(crate) async fn newest_prices(
    reader: &mut Reader<'_>,
    asset: &AssetId,
    currency: &str,
    times: RangeInclusive<Timestamp>,
) -> Result<Vec<Price>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM (
             SELECT {COLUMNS}, ROW_NUMBER() OVER (
                 PARTITION BY source ORDER BY priced_at DESC, imported_at DESC, id) AS place
             FROM price WHERE asset = $1 AND currency = $2 AND priced_at BETWEEN $3 AND $4
         ) AS newest WHERE place = 1 ORDER BY source"
    );
    let (from, to) = times.into_inner();
    let rows = reader
        .rows(&sql, values![asset, currency, from, to])
        .await?;
    rows.iter().map(price).collect()
}

/// As [`Store::newest_prices`], for every asset that has any.
pub(crate) async fn newest_prices_of_all(
    reader: &mut Reader<'_>,
    currency: &str,
    times: RangeInclusive<Timestamp>,
) -> Result<BTreeMap<AssetId, Vec<Price>>, StoreError> {
    let sql = "SELECT DISTINCT asset FROM price WHERE currency = $1";
    let mut prices = BTreeMap::new();
    for row in reader.rows(sql, values![currency]).await? {
        let asset: AssetId = row.of("price", "asset").parsed("asset", AssetId::parse)?;
        let newest = newest_prices(reader, &asset, currency, times.clone()).await?;
        if !newest.is_empty() {
            prices.insert(asset, newest);
        }
    }
    Ok(prices)
}
