//! `backtest`: a desk's closed cases beside what this would have done.

use crate::args::{Backtest, Format};
use crate::commands::intake;
use crate::exit::Exit;
use crate::{backtest_page, output, progress};
use anyhow::Context as _;
use recover_core::fee::Cents;
use recover_engine::backtest::{BacktestReport, CaseResult, Class, ClassTotal, Money};
use recover_engine::engine::Engine;
use recover_engine::error::EngineError;
use recover_engine::secret;
use serde::Serialize;

/// How many ids of a class the table shows; JSON and CSV have all.
const IDS_SHOWN: usize = 20;

/// How many of the dearest cases are told in full.
pub const DEAREST: usize = 10;

#[derive(Serialize)]
struct ReportView<'a> {
    currency: &'a str,
    policy: &'a str,
    run_at: String,
    closed_from: Option<String>,
    closed_to: Option<String>,
    cases: usize,
    compared: u64,
    agreeing: u64,
    disagreeing: u64,
    fee_over: String,
    fee_under: String,
    ledger_rows_set_aside: u64,
    outcomes: Vec<OutcomeView<'a>>,
    classes: Vec<ClassView<'a>>,
    prices: Vec<PriceView>,
    unpriced: Vec<UnpricedView<'a>>,
    unreadable: Vec<UnreadableView<'a>>,
    results: Vec<CaseView<'a>>,
}

#[derive(Serialize)]
struct OutcomeView<'a> {
    outcome: &'static str,
    count: u64,
    sum: String,
    unknown: u64,
    case_ids: &'a [String],
}

#[derive(Serialize)]
struct ClassView<'a> {
    class: &'static str,
    meaning: &'static str,
    is_disagreement: bool,
    count: u64,
    sum: String,
    unknown: u64,
    case_ids: &'a [String],
}

#[derive(Serialize)]
struct PriceView {
    id: String,
    asset: String,
    price: String,
    priced_at: String,
    source: String,
    basis: &'static str,
    cases: u64,
}

#[derive(Serialize)]
struct UnpricedView<'a> {
    asset: &'a str,
    cases: u64,
}

#[derive(Serialize)]
struct UnreadableView<'a> {
    row: &'a str,
    reason: &'a str,
}

#[derive(Serialize)]
struct CaseView<'a> {
    case_id: &'a str,
    user_id: &'a str,
    class: &'static str,
    desk: DeskView<'a>,
    ours: OursView<'a>,
    value: Option<String>,
    price_id: Option<String>,
    findings: Vec<FindingView<'a>>,
}

#[derive(Serialize)]
struct DeskView<'a> {
    outcome: &'static str,
    closed_at: String,
    deposit_id: Option<&'a str>,
    named: Option<&'a str>,
    paid_to: Option<&'a str>,
    code: Option<&'a str>,
    fee: Option<String>,
}

#[derive(Serialize)]
struct OursView<'a> {
    decision: &'static str,
    deposit_id: Option<&'a str>,
    evidence: &'a str,
    fee: Option<String>,
    reasons: &'a [String],
}

#[derive(Serialize)]
struct FindingView<'a> {
    class: &'static str,
    code: &'static str,
    money: Option<String>,
    is_money_unknown: bool,
    sentence: &'a str,
}

/// `backtest`
pub async fn run(format: Format, engine: &Engine, arguments: &Backtest) -> anyhow::Result<Exit> {
    let steps = progress::Steps::start();
    let told = steps.clone();
    let report = engine
        .backtest(
            intake::open(&arguments.import)?,
            arguments.case.as_deref(),
            &move |step| told.at(step),
        )
        .await;
    steps.finish();
    let report = report?;
    if let Some(path) = &arguments.html {
        std::fs::write(path, backtest_page::page(&report))
            .with_context(|| format!("cannot write {}", path.display()))?;
        eprintln!("the page is in {}", path.display());
    }
    match &arguments.case {
        Some(id) => {
            let case = report.case(id).ok_or_else(|| EngineError::UnknownWord {
                what: "case of the file",
                word: id.clone(),
                expected: "the ids in its column appeal_id".to_owned(),
            })?;
            match format {
                Format::Json | Format::Csv => output::json(&case_view(&report, case))?,
                Format::Table => one_case(&report, case)?,
            }
        }
        None => match format {
            Format::Json => output::json(&view(&report))?,
            Format::Csv => rows(&report)?,
            Format::Table => table(&report)?,
        },
    }
    Ok(warn(&report))
}

/// What stands beside the result: rows that are no cases, secrets.
fn warn(report: &BacktestReport) -> Exit {
    if let Some((line, kind)) = report.secrets.first {
        eprintln!(
            "warning: {} secrets were pasted into the file (the first: {kind}, line {line}): {}",
            report.secrets.count,
            secret::ADVICE
        );
    }
    let Some(first) = report.unreadable.first() else {
        return Exit::Done;
    };
    let place = report
        .reject_file
        .as_ref()
        .map_or_else(String::new, |file| {
            format!("; they are in {} with line and reason", file.display())
        });
    eprintln!(
        "error: {} rows could not be read and are not compared (the first: {}: {}){place}",
        report.unreadable.len(),
        output::printable(&first.which),
        output::printable(&first.reason),
    );
    Exit::Fault
}

/// A sum with its thousands apart, for people.
pub fn grouped(cents: Cents) -> String {
    let text = cents.to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, "00"));
    let mut grouped = String::with_capacity(text.len().saturating_mul(2));
    for (place, digit) in whole.chars().enumerate() {
        let left = whole.len().saturating_sub(place);
        if place > 0 && left.is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{grouped}.{fraction}")
}

/// A share in percent with one digit, rounded down; `-` of nothing.
pub fn percent(part: u64, of: u64) -> String {
    match u128::from(part)
        .saturating_mul(1_000)
        .checked_div(u128::from(of))
    {
        None => "-".to_owned(),
        Some(thousandths) => format!(
            "{}.{} %",
            thousandths.checked_div(10).unwrap_or_default(),
            thousandths.checked_rem(10).unwrap_or_default()
        ),
    }
}

/// What is at stake, for people.
pub fn money(money: Money) -> String {
    match money {
        Money::None => "-".to_owned(),
        Money::Unknown => "unknown".to_owned(),
        Money::Known(cents) => grouped(cents),
    }
}

/// The first sentence that people read.
pub fn headline(report: &BacktestReport) -> String {
    let agreeing = report.total(Class::Agree).map_or(0, |total| total.count);
    let compared = report.compared();
    format!(
        "{} cases; {compared} can be compared: {agreeing} agree ({}), {} do not ({}).",
        report.cases.len(),
        percent(agreeing, compared),
        report.disagreeing,
        percent(report.disagreeing, compared)
    )
}

/// What the sums were reckoned with, a sentence each.
pub fn notes(report: &BacktestReport) -> Vec<String> {
    let mut notes = Vec::new();
    let currency = &report.currency;
    let sources: std::collections::BTreeSet<&str> = report
        .prices
        .iter()
        .map(|used| used.price.source.as_str())
        .collect();
    let times = || report.prices.iter().map(|used| used.price.priced_at);
    if let (Some(first), Some(last)) = (times().min(), times().max()) {
        notes.push(format!(
            "Values are in {currency}, at the newest imported price by the closing of each case: {} prices of {first} to {last}, from {}.",
            report.prices.len(),
            sources.into_iter().collect::<Vec<_>>().join(", ")
        ));
    }
    let after: u64 = report
        .prices
        .iter()
        .filter(|used| used.basis == recover_engine::backtest::PriceBasis::AfterClosing)
        .map(|used| used.cases)
        .sum();
    if after > 0 {
        notes.push(format!(
            "For {after} cases there was no price by then: the first one after it was taken."
        ));
    }
    if !report.unpriced.is_empty() {
        let assets: Vec<String> = report
            .unpriced
            .iter()
            .map(|(asset, cases)| format!("{asset} ({cases})"))
            .collect();
        notes.push(format!(
            "Of unknown value, counted apart and in no sum: {}.",
            assets.join(", ")
        ));
    }
    if report.set_aside > 0 {
        notes.push(format!(
            "{} ledger rows book what cases of this file decided and were set aside.",
            report.set_aside
        ));
    }
    if report.fee_over != Cents::default() || report.fee_under != Cents::default() {
        notes.push(format!(
            "Fees beside policy '{}': {} {currency} charged beyond it, {} {currency} less.",
            report.policy,
            grouped(report.fee_over),
            grouped(report.fee_under)
        ));
    }
    notes.push(
        "A case may stand in several classes; its money counts once in each. Nothing was written to the database and no network was asked."
            .to_owned(),
    );
    notes
}

fn table(report: &BacktestReport) -> anyhow::Result<()> {
    let period = report.closed.map_or_else(
        || "no case was read".to_owned(),
        |(first, last)| format!("closed {first} to {last}"),
    );
    output::line(&format!(
        "Backtest of closed cases, {period}, beside policy '{}'.\n{}\n",
        report.policy,
        headline(report)
    ))?;
    let worth = format!("worth {}", report.currency);
    let totals: Vec<(&str, &ClassTotal)> = report
        .outcomes
        .iter()
        .map(|(outcome, total)| (outcome.code(), total))
        .collect();
    output::line(
        &output::table(
            &["the desk", "cases", &worth, "of unknown value"],
            totals.iter().map(|(name, total)| {
                vec![
                    (*name).to_owned(),
                    total.count.to_string(),
                    grouped(total.sum),
                    total.unknown.to_string(),
                ]
            }),
        )
        .to_string(),
    )?;
    output::line(
        &output::table(
            &[
                "beside us",
                "what it means",
                "cases",
                &worth,
                "of unknown value",
                "first cases",
            ],
            report.classes.iter().map(|(class, total)| {
                vec![
                    class.code().to_owned(),
                    class.meaning().to_owned(),
                    total.count.to_string(),
                    grouped(total.sum),
                    total.unknown.to_string(),
                    first_ids(total),
                ]
            }),
        )
        .to_string(),
    )?;
    let dearest = report.dearest(DEAREST);
    if !dearest.is_empty() {
        output::line("\nThe dearest cases at odds:")?;
        let table = output::table(
            &["case", "class", &worth, "why"],
            dearest.iter().map(|case| {
                vec![
                    case.id.to_string(),
                    case.class().code().to_owned(),
                    case.stake().map_or_else(|| "unknown".to_owned(), grouped),
                    why(case).to_owned(),
                ]
            }),
        );
        output::line(&table.to_string())?;
    }
    output::line("")?;
    for note in notes(report) {
        output::line(&note)?;
    }
    Ok(())
}

/// The sentence of the main finding.
pub fn why(case: &CaseResult) -> &str {
    case.findings
        .first()
        .map_or("", |finding| finding.sentence.as_str())
}

/// The first cases of a class.
pub fn first_ids(total: &ClassTotal) -> String {
    let shown: Vec<&str> = total
        .ids
        .iter()
        .take(IDS_SHOWN)
        .map(String::as_str)
        .collect();
    let more = total.ids.len().saturating_sub(shown.len());
    let and = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!("{}{and}", shown.join(" "))
}

fn one_case(report: &BacktestReport, case: &CaseResult) -> anyhow::Result<()> {
    let desk = &case.desk;
    let none = || "-".to_owned();
    let deposit = |id: Option<&recover_core::observation::DepositId>| {
        id.map_or_else(none, ToString::to_string)
    };
    let fee = |cents: Option<Cents>| {
        cents.map_or_else(none, |cents| format!("{cents} {}", report.currency))
    };
    let rows = vec![
        (
            "case",
            vec![case.id.to_string(), case.class().code().to_owned()],
        ),
        (
            "decision",
            vec![
                desk.code.as_ref().map_or_else(
                    || desk.outcome.code().to_owned(),
                    |code| format!("{} ({code})", desk.outcome.code()),
                ),
                case.ours.decision.code().to_owned(),
            ],
        ),
        (
            "deposit",
            vec![
                desk.named
                    .clone()
                    .unwrap_or_else(|| deposit(desk.deposit.as_ref())),
                deposit(case.ours.deposit.as_ref()),
            ],
        ),
        (
            "user",
            vec![
                desk.paid_to.clone().unwrap_or_else(none),
                case.user_id.clone(),
            ],
        ),
        ("fee", vec![fee(desk.fee), fee(case.ours.fee)]),
        (
            "when",
            vec![desk.closed_at.to_string(), report.run_at.to_string()],
        ),
    ];
    let table = output::table(
        &["", "the desk", "we"],
        rows.into_iter().map(|(name, cells)| {
            let mut row = vec![name.to_owned()];
            row.extend(cells);
            row
        }),
    );
    output::line(&table.to_string())?;
    let price = case.price.and_then(|place| report.prices.get(place));
    let worth = match (case.value, price) {
        (Money::Known(cents), Some(used)) => format!(
            "{} {} at {} of {} ({}, {})",
            grouped(cents),
            report.currency,
            used.price.price,
            used.price.priced_at,
            used.price.source,
            used.basis.code()
        ),
        (value, _) => money(value),
    };
    output::line(&format!("worth: {worth}"))?;
    if !case.ours.evidence.is_empty() {
        output::line(&format!("evidence: {}", case.ours.evidence))?;
    }
    for finding in &case.findings {
        output::line(&format!(
            "{} ({}): {}",
            finding.class.code(),
            finding.code,
            finding.sentence
        ))?;
    }
    for reason in &case.ours.reasons {
        output::line(&format!("  {reason}"))?;
    }
    Ok(())
}

/// One row a finding: a spreadsheet sums a class by filtering it.
fn rows(report: &BacktestReport) -> anyhow::Result<()> {
    let mut lines: Vec<Vec<String>> = Vec::new();
    let text = |text: Option<String>| text.unwrap_or_default();
    for case in &report.cases {
        let price = case.price.and_then(|place| report.prices.get(place));
        for finding in &case.findings {
            lines.push(vec![
                case.id.to_string(),
                case.user_id.clone(),
                finding.class.code().to_owned(),
                finding.code.to_owned(),
                text(known(finding.money)),
                is_unknown(finding.money).to_string(),
                report.currency.clone(),
                case.desk.outcome.code().to_owned(),
                case.desk.closed_at.to_string(),
                text(case.desk.deposit.as_ref().map(ToString::to_string)),
                text(case.desk.paid_to.clone()),
                case.ours.decision.code().to_owned(),
                text(case.ours.deposit.as_ref().map(ToString::to_string)),
                text(price.map(|used| used.price.price.to_string())),
                text(price.map(|used| used.price.priced_at.to_string())),
                text(price.map(|used| used.price.source.clone())),
                finding.sentence.clone(),
            ]);
        }
    }
    for row in &report.unreadable {
        let mut line = vec![String::new(); 17];
        for (place, cell) in [
            (0, row.which.as_str()),
            (2, Class::Unreadable.code()),
            (5, "true"),
            (16, row.reason.as_str()),
        ] {
            if let Some(field) = line.get_mut(place) {
                cell.clone_into(field);
            }
        }
        lines.push(line);
    }
    output::rows(
        Format::Csv,
        &[
            "case_id",
            "user_id",
            "class",
            "code",
            "money",
            "is_money_unknown",
            "currency",
            "outcome",
            "closed_at",
            "desk_deposit_id",
            "paid_to",
            "decision",
            "our_deposit_id",
            "price",
            "priced_at",
            "price_source",
            "why",
        ],
        &lines,
        Clone::clone,
    )
}

fn known(money: Money) -> Option<String> {
    match money {
        Money::Known(cents) => Some(cents.to_string()),
        Money::None | Money::Unknown => None,
    }
}

fn is_unknown(money: Money) -> bool {
    money == Money::Unknown
}

fn case_view<'a>(report: &BacktestReport, case: &'a CaseResult) -> CaseView<'a> {
    CaseView {
        case_id: case.id.as_str(),
        user_id: &case.user_id,
        class: case.class().code(),
        desk: DeskView {
            outcome: case.desk.outcome.code(),
            closed_at: case.desk.closed_at.to_string(),
            deposit_id: case.desk.deposit.as_ref().map(|id| id.as_str()),
            named: case.desk.named.as_deref(),
            paid_to: case.desk.paid_to.as_deref(),
            code: case.desk.code.as_deref(),
            fee: case.desk.fee.map(|fee| fee.to_string()),
        },
        ours: OursView {
            decision: case.ours.decision.code(),
            deposit_id: case.ours.deposit.as_ref().map(|id| id.as_str()),
            evidence: &case.ours.evidence,
            fee: case.ours.fee.map(|fee| fee.to_string()),
            reasons: &case.ours.reasons,
        },
        value: known(case.value),
        price_id: case
            .price
            .and_then(|place| report.prices.get(place))
            .map(|used| used.price.id()),
        findings: case
            .findings
            .iter()
            .map(|finding| FindingView {
                class: finding.class.code(),
                code: finding.code,
                money: known(finding.money),
                is_money_unknown: is_unknown(finding.money),
                sentence: &finding.sentence,
            })
            .collect(),
    }
}

fn view(report: &BacktestReport) -> ReportView<'_> {
    ReportView {
        currency: &report.currency,
        policy: &report.policy,
        run_at: report.run_at.to_string(),
        closed_from: report.closed.map(|(first, _)| first.to_string()),
        closed_to: report.closed.map(|(_, last)| last.to_string()),
        cases: report.cases.len(),
        compared: report.compared(),
        agreeing: report.total(Class::Agree).map_or(0, |total| total.count),
        disagreeing: report.disagreeing,
        fee_over: report.fee_over.to_string(),
        fee_under: report.fee_under.to_string(),
        ledger_rows_set_aside: report.set_aside,
        outcomes: report
            .outcomes
            .iter()
            .map(|(outcome, total)| OutcomeView {
                outcome: outcome.code(),
                count: total.count,
                sum: total.sum.to_string(),
                unknown: total.unknown,
                case_ids: &total.ids,
            })
            .collect(),
        classes: report
            .classes
            .iter()
            .map(|(class, total)| ClassView {
                class: class.code(),
                meaning: class.meaning(),
                is_disagreement: class.is_disagreement(),
                count: total.count,
                sum: total.sum.to_string(),
                unknown: total.unknown,
                case_ids: &total.ids,
            })
            .collect(),
        prices: report
            .prices
            .iter()
            .map(|used| PriceView {
                id: used.price.id(),
                asset: used.price.asset.to_string(),
                price: used.price.price.to_string(),
                priced_at: used.price.priced_at.to_string(),
                source: used.price.source.clone(),
                basis: used.basis.code(),
                cases: used.cases,
            })
            .collect(),
        unpriced: report
            .unpriced
            .iter()
            .map(|(asset, cases)| UnpricedView {
                asset,
                cases: *cases,
            })
            .collect(),
        unreadable: report
            .unreadable
            .iter()
            .map(|row| UnreadableView {
                row: &row.which,
                reason: &row.reason,
            })
            .collect(),
        results: report
            .cases
            .iter()
            .map(|case| case_view(report, case))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_sums_for_people_have_their_thousands_apart() {
        for (text, grouped_text) in [
            ("0", "0.00"),
            ("999.99", "999.99"),
            ("1000", "1,000.00"),
            ("1234567.8", "1,234,567.80"),
        ] {
            assert_eq!(grouped(Cents::parse(text).unwrap()), grouped_text);
        }
        assert_eq!(percent(1, 3), "33.3 %");
        assert_eq!(percent(2, 2), "100.0 %");
        assert_eq!(percent(0, 0), "-");
    }
}
