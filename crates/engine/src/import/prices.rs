//! Prices: exact decimals with the time they hold for and where they come from.

use super::columns::{Column, ColumnMap, needed, optional};
use super::context::Context;
use super::error::ImportError;
use super::reject::RejectReason;
use super::rows::{Records, Row};
use recover_core::asset::AssetId;
use recover_core::decimal::Decimal;
use recover_core::price::same_source;
use recover_core::time::Timestamp;
use std::io::Read;

const COLUMNS: &[Column] = &[
    needed("asset"),
    needed("currency"),
    needed("price"),
    needed("time"),
    needed("source"),
    optional("network"),
];

/// One price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceRecord {
    /// What it is the price of, at least one: a symbol without a network is the price of every configured asset with that
    /// symbol.
    pub assets: Vec<AssetId>,
    /// The currency it is in: three capital letters.
    pub currency: String,
    /// What one coin costs; never zero.
    pub price: Decimal,
    /// When it held.
    pub at: Timestamp,
    /// Who says so.
    pub source: String,
}

/// Reads prices. `asset` is `NETWORK/native`, `NETWORK/contract:ADDRESS`, or with a `network` column `native`, a contract or a
/// symbol; a symbol alone needs `chains.toml`.
///
/// # Errors
/// When the columns are not understood; see [`Records`] for rows.
pub fn prices<'a, R: Read>(
    file: &str,
    reader: R,
    map: &ColumnMap,
    context: &'a Context<'a>,
) -> Result<Records<'a, R, PriceRecord>, ImportError> {
    Records::open(file, reader, COLUMNS, map, context, parse)
}

fn parse(row: &Row<'_>, context: &Context<'_>) -> Result<PriceRecord, RejectReason> {
    let currency = row.needed("currency")?;
    if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
        let problem = format!("'{currency}' is no currency code: three capital letters, like USD");
        return Err(RejectReason::value("currency", problem));
    }
    let price = Decimal::parse(row.needed("price")?)
        .map_err(|error| RejectReason::value("price", error))?;
    if price.is_zero() {
        let problem = "a price of 0 is no price: leave the row out while it is unknown";
        return Err(RejectReason::value("price", problem));
    }
    let source = row.needed("source")?;
    // What a fetched source said is what it answered: no file speaks in its name.
    let is_fetched = context.chains.is_some_and(|chains| {
        chains
            .price_sources
            .iter()
            .any(|one| same_source(&one.name, source))
    });
    if is_fetched {
        let problem = format!(
            "'{source}' is a [[price_source]] of chains.toml, which `recover prices fetch` asks itself: name who says so here"
        );
        return Err(RejectReason::value("source", problem));
    }
    Ok(PriceRecord {
        assets: assets(row, context)?,
        currency: currency.to_owned(),
        price,
        at: row.needed_time("time")?,
        source: source.to_owned(),
    })
}

fn assets(row: &Row<'_>, context: &Context<'_>) -> Result<Vec<AssetId>, RejectReason> {
    let text = row.needed("asset")?;
    let network = match row.get("network") {
        Some(network) => Some(network),
        None => text.split_once('/').map(|(network, _)| network),
    };
    let unknown = || {
        let problem = format!(
            "'{text}' is no asset of chains.toml: write NETWORK/native or NETWORK/contract:ADDRESS"
        );
        RejectReason::value("asset", problem)
    };
    if let Some(network) = network {
        let (network, family) = context.network("network", network)?;
        let asset = context
            .asset("asset", &network, family, text)?
            .filter(|asset| {
                !matches!(
                    asset.reference,
                    recover_core::asset::AssetReference::Unlisted(_)
                )
            })
            .ok_or_else(unknown)?;
        return Ok(vec![asset]);
    }
    let assets: Vec<AssetId> = context
        .chains
        .into_iter()
        .flat_map(|chains| chains.networks.values())
        .filter_map(|network| network.asset_by_symbol(text))
        .collect();
    if assets.is_empty() {
        return Err(unknown());
    }
    Ok(assets)
}
