//! `report`: what would become recoverable if something were added.

use crate::args::{Format, Report as Arguments};
use crate::exit::Exit;
use crate::output;
use crate::progress::Steps;
use crate::view::shortened;
use recover_core::asset::AssetId;
use recover_engine::engine::Engine;
use recover_engine::report::{Report, ReportRow};
use serde::Serialize;

/// Rows that a table shows when no limit is given; JSON and CSV give all.
const TABLE_ROWS: usize = 30;

/// How long the longest bar is.
const BAR: u128 = 10;

#[derive(Serialize)]
struct ReportView {
    currency: Option<String>,
    rows: Vec<RowView>,
    totals: TotalsView,
}

#[derive(Serialize)]
struct RowView {
    rank: usize,
    missing: &'static str,
    subject: String,
    network: String,
    remedy: String,
    /// What those are worth whose value is known.
    value: String,
    customers: u64,
    deposits: u64,
    without_value: u64,
    also_price: u64,
    also_network: u64,
    #[serde(skip)]
    called: String,
    #[serde(skip)]
    bar: String,
}

#[derive(Serialize)]
struct TotalsView {
    value: String,
    customers: u64,
    deposits: u64,
    without_value: u64,
    wait_for_time: u64,
    key_lost: u64,
}

impl RowView {
    fn of(engine: &Engine, rank: usize, row: &ReportRow, most: u128) -> Self {
        Self {
            rank,
            missing: row.row.lack.code(),
            subject: row.row.subject.clone(),
            network: row.row.network.to_string(),
            remedy: row.remedy.clone(),
            value: row.value.to_string(),
            customers: row.row.customers,
            deposits: row.row.deposits,
            without_value: row.row.without_value,
            also_price: row.row.also_price,
            also_network: row.row.also_network,
            called: called(engine, &row.row.subject),
            bar: bar(row.row.value_cents, most),
        }
    }

    fn columns(currency: &str) -> Vec<String> {
        let worth = format!("worth {currency}");
        let columns = [
            "#",
            "missing",
            "of what",
            worth.trim(),
            "",
            "customers",
            "deposits",
        ];
        columns.map(str::to_owned).to_vec()
    }

    fn cells(&self) -> Vec<String> {
        let mut beside = Vec::new();
        if self.without_value > 0 {
            beside.push(format!("{} without a value", self.without_value));
        }
        if self.also_price > self.without_value {
            beside.push(format!("{} lack a price too", self.also_price));
        }
        if self.also_network > 0 {
            beside.push(format!("{} lack the network too", self.also_network));
        }
        let deposits = match beside.is_empty() {
            true => self.deposits.to_string(),
            false => format!("{} ({})", self.deposits, beside.join(", ")),
        };
        vec![
            self.rank.to_string(),
            self.missing.to_owned(),
            self.called.clone(),
            // Nothing known is no sum of zero.
            if self.without_value == self.deposits {
                "unknown".to_owned()
            } else {
                self.value.clone()
            },
            self.bar.clone(),
            self.customers.to_string(),
            deposits,
        ]
    }

    const CSV_COLUMNS: &[&str] = &[
        "rank",
        "missing",
        "subject",
        "network",
        "value",
        "customers",
        "deposits",
        "without_value",
        "also_price",
        "also_network",
        "remedy",
    ];

    fn csv_cells(&self) -> Vec<String> {
        vec![
            self.rank.to_string(),
            self.missing.to_owned(),
            self.subject.clone(),
            self.network.clone(),
            self.value.clone(),
            self.customers.to_string(),
            self.deposits.to_string(),
            self.without_value.to_string(),
            self.also_price.to_string(),
            self.also_network.to_string(),
            self.remedy.clone(),
        ]
    }
}

/// A subject as people call it: contracts by their symbol, else shortened; the machine-readable report has them whole.
fn called(engine: &Engine, subject: &str) -> String {
    let Some(asset) = AssetId::parse(subject) else {
        return match subject.split_once(' ') {
            Some((network, factory)) => format!("{} on {network}", shortened(factory)),
            None => subject.to_owned(),
        };
    };
    match (engine.chains().terms(&asset), asset.contract_text()) {
        (Some(terms), _) => format!("{} on {}", terms.symbol, asset.network),
        (None, Some(contract)) => format!("{} on {}", shortened(contract), asset.network),
        (None, None) => subject.to_owned(),
    }
}

/// A bar for a value beside the greatest one: whatever is worth something has at least one sign.
fn bar(value: u128, most: u128) -> String {
    if value == 0 || most == 0 {
        return String::new();
    }
    // Both made small together, so that their product does not leave the range.
    let shift = 128_u32
        .saturating_sub(most.leading_zeros())
        .saturating_sub(64);
    let length = ((value >> shift) * BAR).div_ceil((most >> shift).max(1));
    "█".repeat(usize::try_from(length.clamp(1, BAR)).unwrap_or(1))
}

/// `report`
pub async fn run(format: Format, engine: &Engine, arguments: &Arguments) -> anyhow::Result<Exit> {
    let steps = Steps::start();
    let report = engine.report(&|step| steps.say(step)).await?;
    steps.finish();
    let most = report
        .rows
        .iter()
        .map(|row| row.row.value_cents)
        .max()
        .unwrap_or(0);
    let wanted = match arguments.limit {
        Some(limit) => usize::try_from(limit).unwrap_or(usize::MAX),
        None if format == Format::Table => TABLE_ROWS,
        None => usize::MAX,
    };
    let rows: Vec<RowView> = (1..)
        .zip(report.rows.iter().take(wanted))
        .map(|(rank, row)| RowView::of(engine, rank, row, most))
        .collect();
    let left = report.rows.len().saturating_sub(rows.len());
    match format {
        Format::Json => output::json(&ReportView {
            currency: report.currency.clone(),
            totals: totals(&report),
            rows,
        })?,
        Format::Csv => output::rows(format, RowView::CSV_COLUMNS, &rows, RowView::csv_cells)?,
        Format::Table => {
            let columns = RowView::columns(report.currency.as_deref().unwrap_or_default());
            let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
            output::rows(format, &columns, &rows, RowView::cells)?;
            for line in remedies(&rows).into_iter().chain(summary(&report)) {
                output::line(&line)?;
            }
        }
    }
    if left > 0 {
        eprintln!("{left} more rows are there: raise --limit, or use --format json");
    }
    Ok(Exit::Done)
}

/// What would help, once for all rows that it helps.
fn remedies(rows: &[RowView]) -> Vec<String> {
    let mut helped: Vec<(&str, Vec<String>)> = Vec::new();
    for row in rows {
        let rank = row.rank.to_string();
        match helped.iter_mut().find(|(remedy, _)| *remedy == row.remedy) {
            Some((_, ranks)) => ranks.push(rank),
            None => helped.push((&row.remedy, vec![rank])),
        }
    }
    helped
        .into_iter()
        .map(|(remedy, ranks)| format!("for {}: {remedy}", ranks.join(", ")))
        .collect()
}

fn totals(report: &Report) -> TotalsView {
    TotalsView {
        value: report.value.to_string(),
        customers: report.beside.customers,
        deposits: report.deposits,
        without_value: report.without_value,
        wait_for_time: report.beside.wait_for_time,
        key_lost: report.beside.key_lost,
    }
}

fn summary(report: &Report) -> Vec<String> {
    let currency = report.currency.as_deref().unwrap_or("(without a policy)");
    let mut lines = vec![format!(
        "in all: {} {currency}, {} customers, {} deposits, {} of them without a known value, which no sum holds",
        report.value, report.beside.customers, report.deposits, report.without_value
    )];
    if report.beside.key_lost > 0 {
        lines.push(format!(
            "of these: {} deposits at addresses whose key is lost; without that key they stay lost, whatever is added",
            report.beside.key_lost
        ));
    }
    if report.beside.wait_for_time > 0 {
        lines.push(format!(
            "beside these: {} deposits that time alone brings",
            report.beside.wait_for_time
        ));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::bar;

    #[test]
    fn own_bars_follow_the_values_and_none_is_lost() {
        assert_eq!(bar(0, 100), "");
        assert_eq!(bar(0, 0), "");
        assert_eq!(bar(1, u128::MAX).chars().count(), 1);
        assert_eq!(bar(u128::MAX, u128::MAX).chars().count(), 10);
        assert_eq!(bar(50, 100).chars().count(), 5);
        assert_eq!(bar(51, 100).chars().count(), 6);
    }
}
