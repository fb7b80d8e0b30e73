//! `prices`: import them, ask for them, and look at what counts.

use crate::args::{Format, Prices};
use crate::exit::Exit;
use crate::output;
use crate::progress::Steps;
use recover_core::asset::AssetId;
use recover_core::network::NetworkId;
use recover_core::time::Timestamp;
use recover_engine::engine::Engine;
use recover_engine::prices::{PriceFetch, PriceTable, SourceFetch};
use serde::Serialize;

/// Why an asset has no price from a source.
#[derive(Serialize)]
struct MissingView {
    asset: String,
    reason: String,
}

#[derive(Serialize)]
struct SourceView {
    source: String,
    asked: u64,
    found: u64,
    new: u64,
    missing: Vec<MissingView>,
    failure: Option<String>,
}

/// What asking for prices came to.
#[derive(Serialize)]
pub struct FetchView {
    sources: Vec<SourceView>,
    unnamed: Vec<String>,
    unpriced: Vec<String>,
}

impl SourceView {
    fn of(source: &SourceFetch) -> Self {
        let missing = source.missing.iter();
        Self {
            source: source.name.clone(),
            asked: source.asked,
            found: source.found,
            new: source.new,
            missing: missing
                .map(|(asset, reason)| MissingView {
                    asset: asset.to_string(),
                    reason: reason.clone(),
                })
                .collect(),
            failure: source.failure.clone(),
        }
    }
}

impl FetchView {
    /// The view of an answer.
    pub fn of(fetch: &PriceFetch) -> Self {
        let texts = |assets: &[AssetId]| assets.iter().map(AssetId::to_string).collect();
        Self {
            sources: fetch.sources.iter().map(SourceView::of).collect(),
            unnamed: texts(&fetch.unnamed),
            unpriced: texts(&fetch.unpriced),
        }
    }

    /// One line for a person.
    pub fn in_words(&self) -> String {
        let sources: Vec<String> = self
            .sources
            .iter()
            .map(|source| {
                let failed = if source.failure.is_some() {
                    ", then it failed"
                } else {
                    ""
                };
                format!(
                    "{}: {} of {} found, {} new{failed}",
                    source.source, source.found, source.asked, source.new
                )
            })
            .collect();
        sources.join("; ")
    }

    /// Says which sources failed.
    pub fn tell_failures(&self) {
        for source in &self.sources {
            if let Some(failure) = &source.failure {
                eprintln!(
                    "error: prices of {}: {}",
                    source.source,
                    output::printable(failure)
                );
            }
        }
    }
}

#[derive(Serialize)]
struct PriceView {
    source: String,
    price: String,
    time: String,
    age_seconds: i64,
    standing: &'static str,
    id: String,
}

#[derive(Serialize)]
struct TableView {
    asset: String,
    currency: String,
    price: Option<String>,
    no_price: Option<&'static str>,
    detail: Option<String>,
    spread_percent: Option<String>,
    sources: Vec<PriceView>,
}

impl TableView {
    fn of(table: &PriceTable, currency: &str, now: Timestamp) -> Self {
        let none = table.outcome.as_ref().err();
        Self {
            asset: table.asset.to_string(),
            currency: currency.to_owned(),
            price: table
                .outcome
                .as_ref()
                .ok()
                .map(|used| used.price.to_string()),
            no_price: none.map(|none| none.reason.code()),
            detail: none.map(|none| none.detail.clone()),
            spread_percent: table.spread_percent.map(|spread| spread.to_string()),
            sources: table
                .rows
                .iter()
                .map(|(row, standing)| PriceView {
                    source: row.source.clone(),
                    price: row.price.to_string(),
                    time: row.priced_at.to_string(),
                    age_seconds: now.micros_since(row.priced_at) / 1_000_000,
                    standing: standing.code(),
                    id: row.id(),
                })
                .collect(),
        }
    }
}

/// `prices`
pub async fn run(format: Format, engine: &Engine, prices: &Prices) -> anyhow::Result<Exit> {
    match prices {
        Prices::Import(import) => {
            super::intake::run("prices", import, async |file, rows| {
                engine
                    .import_prices(file, &move |count| rows.at(count))
                    .await
            })
            .await
        }
        Prices::Fetch { asset, network } => fetch(format, engine, asset, network).await,
        Prices::Show { asset } => show(format, engine, asset.as_deref()).await,
    }
}

async fn fetch(
    format: Format,
    engine: &Engine,
    assets: &[String],
    networks: &[String],
) -> anyhow::Result<Exit> {
    if !engine.has_price_sources() {
        anyhow::bail!(
            "no source of prices: add [[price_source]] to chains.toml, or read prices of a file with `recover prices import`"
        );
    }
    let networks: Vec<NetworkId> = networks
        .iter()
        .map(|name| engine.network(name).map(|network| network.id.clone()))
        .collect::<Result<_, _>>()?;
    let mut wanted = Vec::new();
    for text in assets {
        wanted.extend(engine.assets_named(text)?);
    }
    let asking = Steps::start();
    let at = asking.clone();
    let fetched = engine
        .fetch_prices(&wanted, &networks, &move |source, count| {
            at.say(&format!("asking {source} for {count} prices"));
        })
        .await;
    asking.finish();
    let view = FetchView::of(&fetched?);
    match format {
        Format::Json | Format::Csv => output::json(&view)?,
        Format::Table => {
            let mut rows: Vec<(&str, String)> = view
                .sources
                .iter()
                .map(|source| {
                    let words = format!(
                        "{} of {} found, {} new",
                        source.found, source.asked, source.new
                    );
                    (source.source.as_str(), words)
                })
                .collect();
            for source in &view.sources {
                for missing in &source.missing {
                    let words = format!("{}: {}", missing.asset, missing.reason);
                    rows.push(("not taken", format!("{words} ({})", source.source)));
                }
            }
            for asset in &view.unpriced {
                rows.push(("no price", asset.clone()));
            }
            for asset in &view.unnamed {
                let words = "no price_id or price_platform in chains.toml: import its price";
                rows.push(("not asked", format!("{asset} ({words})")));
            }
            output::facts(&rows)?;
        }
    }
    view.tell_failures();
    let has_failed = view.sources.iter().any(|source| source.failure.is_some());
    Ok(if has_failed { Exit::Fault } else { Exit::Done })
}

async fn show(format: Format, engine: &Engine, asset: Option<&str>) -> anyhow::Result<Exit> {
    let assets = match asset {
        Some(text) => engine.assets_named(text)?,
        None => Vec::new(),
    };
    let currency = engine.policy()?.currency.clone();
    let tables = engine.price_tables(&assets).await?;
    let now = engine.now();
    let views: Vec<TableView> = tables
        .iter()
        .map(|table| TableView::of(table, &currency, now))
        .collect();
    if format == Format::Json {
        output::json(&views)?;
        return Ok(Exit::Done);
    }
    let rows: Vec<Vec<String>> = views
        .iter()
        .flat_map(|view| {
            let total = match (&view.price, view.no_price) {
                (Some(price), _) => price.clone(),
                (None, code) => format!("none: {}", code.unwrap_or_default()),
            };
            let spread = view.spread_percent.as_ref();
            let spread = spread.map_or(String::new(), |spread| format!("{spread} %"));
            let first = vec![
                view.asset.clone(),
                "=".to_owned(),
                total,
                String::new(),
                String::new(),
                spread,
                String::new(),
            ];
            let sources = view.sources.iter().map(|row| {
                vec![
                    view.asset.clone(),
                    row.source.clone(),
                    row.price.clone(),
                    row.time.clone(),
                    age(row.age_seconds),
                    String::new(),
                    row.standing.to_owned(),
                ]
            });
            std::iter::once(first).chain(sources).collect::<Vec<_>>()
        })
        .collect();
    let price = format!("price in {currency}");
    let columns = [
        "asset", "source", &price, "time", "age", "spread", "standing",
    ];
    output::rows(format, &columns, &rows, Clone::clone)?;
    for view in &views {
        if let Some(detail) = &view.detail {
            eprintln!("{}", output::printable(detail));
        }
    }
    Ok(Exit::Done)
}

/// An age as a person reads it.
fn age(seconds: i64) -> String {
    let days = seconds / 86_400;
    match seconds {
        ..0 => "to come".to_owned(),
        0..60 => format!("{seconds} s"),
        60..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{days} d"),
    }
}
