//! `deposits`: what was found.

use crate::advice_view::{self, AdviceView};
use crate::args::{DepositFilter as Filter, Deposits, Format};
use crate::commands::diagnose::in_book;
use crate::commands::watch_list::WatchView;
use crate::commands::{chosen, intake};
use crate::exit::Exit;
use crate::output;
use crate::view::{ClaimView, DepositView, MemoFindingView, VerdictView, symbol_of, time_or_dash};
use anyhow::Context as _;
use recover_core::deposit::{Deposit, DepositStatus, Origin, Queue};
use recover_core::kind::Kind;
use recover_core::memo::MemoKind;
use recover_core::observation::DepositId;
use recover_core::verdict::Verdict;
use recover_engine::engine::Engine;
use recover_engine::error::EngineError;
use recover_engine::explain;
use recover_store::{ClaimFilter, DepositFilter, DepositOrder, StoredDeposit, WatchFilter};
use serde::Serialize;
use std::path::Path;

/// Rows that a table shows when no limit is given; JSON and CSV give all.
const TABLE_ROWS: u32 = 50;

/// `deposits`
pub async fn run(format: Format, engine: &Engine, command: &Deposits) -> anyhow::Result<Exit> {
    match command {
        Deposits::List(filter) => list(format, engine, filter).await,
        Deposits::Show { id } => show(format, engine, id).await,
        Deposits::Import(import) => {
            intake::run("deposits", import, async |file, rows| {
                engine
                    .import_deposits(file, &move |count| rows.at(count))
                    .await
            })
            .await
        }
        Deposits::Export { file, filter } => export(engine, file, filter).await,
    }
}

/// A memo with its kind, printed with escapes: whoever paid chose its characters.
fn memo_line(deposit: &Deposit, text: &str) -> String {
    let Origin::Observed(observation) = &deposit.origin else {
        return format!("{text:?}");
    };
    let field = observation
        .memos
        .iter()
        .find(|memo| memo.kind != MemoKind::Absent);
    match field {
        Some(memo) => format!("{text:?}   ({}, {})", memo.place, memo.kind.code()),
        None => format!("{text:?}"),
    }
}

fn filter_of(engine: &Engine, filter: &Filter) -> anyhow::Result<DepositFilter> {
    let network = filter
        .network
        .as_deref()
        .map(|name| engine.network(name).map(|network| network.id.clone()))
        .transpose()?;
    let kind = chosen("kind", filter.kind.as_deref(), Kind::ALL, Kind::code)?;
    let status = chosen(
        "status",
        filter.status.as_deref(),
        DepositStatus::ALL,
        DepositStatus::code,
    )?;
    let mut statuses: Vec<DepositStatus> = status.into_iter().collect();
    if filter.queue && statuses.is_empty() {
        statuses.push(DepositStatus::Open);
    }
    Ok(DepositFilter {
        network,
        kind,
        statuses,
        queue: filter.queue.then_some(Queue::Work),
        ..DepositFilter::default()
    })
}

async fn list(format: Format, engine: &Engine, arguments: &Filter) -> anyhow::Result<Exit> {
    let filter = filter_of(engine, arguments)?;
    let limit = arguments
        .limit
        .or((format == Format::Table).then_some(TABLE_ROWS));
    let mut views = Vec::new();
    let mut more = false;
    each(engine, &filter, limit, |stored, is_beyond| {
        if is_beyond {
            more = true;
        } else {
            views.push(DepositView::of(&stored.deposit));
        }
        Ok(())
    })
    .await?;
    match format {
        Format::Table => output::rows(
            format,
            DepositView::TABLE_COLUMNS,
            &views,
            DepositView::table_cells,
        )?,
        Format::Json | Format::Csv => output::rows(
            format,
            DepositView::CSV_COLUMNS,
            &views,
            DepositView::csv_cells,
        )?,
    }
    if more {
        eprintln!("more are there: raise --limit, narrow the filter, or use --format json");
    }
    beside(engine, arguments).await?;
    Ok(Exit::Done)
}

/// What stays out of the working queue, counted.
async fn beside(engine: &Engine, arguments: &Filter) -> anyhow::Result<()> {
    if !arguments.queue {
        return Ok(());
    }
    let mut reviews = 0_u64;
    let mut uncovered = 0_u64;
    for count in engine.store().count_deposits(None).await? {
        match (count.queue, count.status) {
            (Queue::TokenReview, DepositStatus::Open | DepositStatus::Unconfirmed) => {
                reviews += count.count
            }
            (Queue::LedgerCoverage, DepositStatus::Open | DepositStatus::Unconfirmed) => {
                uncovered += count.count
            }
            _ => {}
        }
    }
    if reviews > 0 {
        eprintln!(
            "{reviews} deposits of unreviewed token contracts are not shown: `recover tokens list --unreviewed`"
        );
    }
    if uncovered > 0 {
        eprintln!(
            "{uncovered} deposits outside the imported ledger are not shown: `recover ledger coverage`"
        );
    }
    Ok(())
}

/// Goes through deposits page by page; the row after the limit is given with `true`, once.
async fn each(
    engine: &Engine,
    filter: &DepositFilter,
    limit: Option<u32>,
    mut take: impl FnMut(StoredDeposit, bool) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    const PAGE: u32 = 1_000;
    let mut left = limit;
    let mut after = None;
    loop {
        let page = engine
            .store()
            .list_deposits(filter, DepositOrder::Newest, after.as_ref(), PAGE)
            .await?;
        for stored in page.deposits {
            match &mut left {
                Some(0) => return take(stored, true),
                Some(count) => *count -= 1,
                None => {}
            }
            take(stored, false)?;
        }
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

async fn export(engine: &Engine, path: &Path, arguments: &Filter) -> anyhow::Result<Exit> {
    let filter = filter_of(engine, arguments)?;
    let mut writer = csv::Writer::from_path(path)
        .with_context(|| format!("{} cannot be written", path.display()))?;
    writer.write_record(DepositView::CSV_COLUMNS)?;
    let mut count = 0_u64;
    each(engine, &filter, arguments.limit, |stored, is_beyond| {
        if !is_beyond {
            let cells = DepositView::of(&stored.deposit).csv_cells();
            writer.write_record(cells.iter().map(|cell| output::spreadsheet_safe(cell)))?;
            count += 1;
        }
        Ok(())
    })
    .await?;
    writer.flush()?;
    eprintln!("{count} deposits written to {}", path.display());
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct ShowView {
    #[serde(flatten)]
    deposit: DepositView,
    verdict_detail: VerdictView,
    explanation: &'static str,
    why: &'static str,
    who_signs: String,
    owner: Option<String>,
    memo_finding: Option<MemoFindingView>,
    amount_stated: Option<String>,
    balance_delta: Option<String>,
    stated_reason: Option<String>,
    value: Option<String>,
    first_seen_at: String,
    updated_at: String,
    claims: Vec<ClaimView>,
    /// Best for the user first.
    advice: Vec<AdviceView>,
    /// What it is watched for.
    watch: Vec<WatchView>,
}

async fn show(format: Format, engine: &Engine, id: &str) -> anyhow::Result<Exit> {
    let stored = engine
        .store()
        .deposit(&DepositId::verbatim(id))
        .await?
        .ok_or_else(|| EngineError::NotFound {
            what: "deposit",
            id: id.to_owned(),
            hint: "`recover deposits list` shows those that are",
        })?;
    let deposit = &stored.deposit;
    let classification = &deposit.classification;
    let filter = ClaimFilter {
        deposit: Some(deposit.id()),
        ..ClaimFilter::default()
    };
    let claims = engine.list_claims(&filter).await?;
    let advice = engine.advice(deposit, None).await?;
    let filter = WatchFilter {
        deposit: Some(deposit.id()),
        ..WatchFilter::default()
    };
    let watched = engine.store().list_watch(&filter, None, 50).await?;
    let (amount_stated, balance_delta, stated_reason) = match &deposit.origin {
        Origin::Observed(observation) => (
            Some(observation.amount_stated.to_base_units()),
            observation.balance_delta.map(|delta| delta.to_base_units()),
            None,
        ),
        Origin::Imported(imported) => (None, None, imported.orphan_reason.clone()),
    };
    let view = ShowView {
        deposit: DepositView::of(deposit),
        verdict_detail: VerdictView::of(&classification.verdict),
        explanation: explain::kind(classification.kind),
        why: explain::why(&classification.verdict, deposit.flags()),
        who_signs: explain::who_signs(&classification.verdict, deposit.to()),
        owner: classification.owner.clone(),
        memo_finding: classification.memo.as_ref().map(MemoFindingView::of),
        amount_stated,
        balance_delta,
        stated_reason,
        value: stored.value.as_ref().map(|(cents, _)| {
            recover_core::fee::Cents(recover_core::amount::Amount::from_u128(
                u128::try_from(*cents).unwrap_or(0),
            ))
            .to_string()
        }),
        first_seen_at: stored.first_seen_at.to_string(),
        updated_at: stored.updated_at.to_string(),
        claims: claims.iter().map(ClaimView::of).collect(),
        advice: AdviceView::all(&advice),
        watch: watched
            .iter()
            .map(|entry| WatchView::of(engine, entry))
            .collect(),
    };
    if format != Format::Table {
        output::json(&view)?;
        return Ok(Exit::Done);
    }
    let to = match engine.issued_as(deposit).await? {
        Some(record) => format!("{}   (as {})", deposit.to(), in_book(&record)),
        None => deposit.to().to_owned(),
    };
    let mut rows: Vec<(&str, String)> = vec![
        ("deposit", view.deposit.id.clone()),
        (
            "verdict",
            format!(
                "{}: {}",
                explain::headline(&classification.verdict),
                view.why
            ),
        ),
        (
            "kind",
            format!("{}: {}", view.deposit.kind, view.explanation),
        ),
        ("status", view.deposit.status.to_owned()),
        (
            "what",
            format!(
                "{} {}   ({})",
                view.deposit.amount_decimal,
                symbol_of(deposit),
                view.deposit.asset
            ),
        ),
        ("to", to),
        (
            "owner",
            view.owner
                .clone()
                .unwrap_or_else(|| "nobody alone".to_owned()),
        ),
        (
            "from",
            deposit
                .from()
                .unwrap_or("nobody (the network itself)")
                .to_owned(),
        ),
        (
            "transaction",
            format!(
                "{} on {}, {}",
                deposit.tx_id(),
                deposit.network(),
                deposit.position()
            ),
        ),
        (
            "block",
            format!(
                "{} at {}",
                deposit
                    .block_height()
                    .map_or_else(|| "-".to_owned(), |height| height.to_string()),
                time_or_dash(deposit.block_time())
            ),
        ),
        ("who signs", view.who_signs.clone()),
    ];
    if let Verdict::NeedsDeploy(legs) = &classification.verdict {
        for leg in legs {
            rows.push((
                "step",
                format!(
                    "{} ({} signs): {}",
                    explain::leg(leg.kind),
                    explain::leg_signer(leg),
                    leg.detail
                ),
            ));
        }
    }
    if !view.deposit.also.is_empty() {
        rows.push(("also", view.deposit.also.join(", ")));
    }
    for flag in deposit.flags() {
        rows.push(("careful", explain::flag(*flag).to_owned()));
    }
    if let Some(memo) = &view.deposit.memo {
        rows.push(("memo", memo_line(deposit, memo)));
    }
    for line in view.memo_finding.iter().flat_map(MemoFindingView::lines) {
        rows.push(("about the memo", line));
    }
    if let Some(value) = &view.value {
        rows.push(("value", value.clone()));
    }
    if let Some(reason) = &view.stated_reason {
        rows.push(("file says", reason.clone()));
    }
    if stored.queue != Queue::Work {
        rows.push(("queue", "not in the working queue".to_owned()));
    }
    for claim in &claims {
        rows.push((
            "claim",
            format!(
                "{} is {}, revision {}",
                claim.id, claim.status, claim.revision
            ),
        ));
    }
    for entry in &view.watch {
        rows.push(("watched", entry.line()));
    }
    rows.extend(advice_view::lines(&advice));
    output::facts(&rows)?;
    Ok(Exit::Done)
}
