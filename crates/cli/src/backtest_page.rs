//! The report of a backtest as one page: no script, nothing loaded from elsewhere, fit for print.

use crate::commands::backtest::{DEAREST, first_ids, grouped, headline, notes, percent, why};
use crate::output::printable;
use recover_engine::backtest::{BacktestReport, Class, ClassTotal};
use std::fmt::Write as _;

const STYLE: &str = "
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; color: #16202a; background: #f4f6f8; margin: 0; }
main { max-width: 62rem; margin: 0 auto; padding: 2.5rem 1.5rem 4rem; }
h1 { font-size: 1.75rem; margin: 0 0 .25rem; }
h2 { font-size: 1.125rem; margin: 2.5rem 0 .75rem; }
p.lead { color: #4a5a68; margin: 0; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr)); gap: 1rem; margin-top: 1.75rem; }
.card { background: #fff; border: 1px solid #d9e0e6; border-radius: .5rem; padding: 1rem 1.25rem; }
.card b { display: block; font-size: 1.625rem; font-variant-numeric: tabular-nums; line-height: 1.25; }
.card span { color: #4a5a68; font-size: .875rem; }
.scroll { overflow-x: auto; background: #fff; border: 1px solid #d9e0e6; border-radius: .5rem; }
table { border-collapse: collapse; width: 100%; font-size: .9375rem; }
th, td { text-align: left; padding: .5rem .875rem; border-bottom: 1px solid #e8edf1; vertical-align: top; }
tr:last-child td { border-bottom: 0; }
th { font-weight: 600; color: #4a5a68; font-size: .8125rem; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.code { font-family: ui-monospace, monospace; font-size: .8125rem; white-space: nowrap; }
tr.odds td:first-child { border-left: 4px solid #b3261e; }
tr.ask td:first-child { border-left: 4px solid #a86b00; }
tr.same td:first-child { border-left: 4px solid #1b7f4d; }
details { font-size: .8125rem; color: #4a5a68; }
ul { padding-left: 1.25rem; color: #4a5a68; font-size: .9375rem; }
@media print { body { background: #fff; } main { padding: 0; } tr { break-inside: avoid; } }
";

/// The page.
pub fn page(report: &BacktestReport) -> String {
    let mut page = String::new();
    let period = report.closed.map_or_else(
        || "No case was read".to_owned(),
        |(first, last)| format!("Cases closed {first} to {last}"),
    );
    // Writing to a text cannot fail.
    let _ = write!(
        page,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>Backtest of closed cases</title><style>{STYLE}</style></head><body><main>\
         <h1>Backtest of closed cases</h1>\
         <p class=\"lead\">{}, beside policy \u{2018}{}\u{2019}. Run {}.</p>\
         <p class=\"lead\">{}</p>",
        escaped(&period),
        escaped(&report.policy),
        report.run_at,
        escaped(&headline(report))
    );
    cards(&mut page, report);
    let worth = format!("Worth ({})", escaped(&report.currency));
    let _ = write!(
        page,
        "<h2>What the desk did</h2><div class=\"scroll\"><table><thead><tr><th>Outcome</th><th class=\"number\">Cases</th>\
         <th class=\"number\">{worth}</th><th class=\"number\">Of unknown value</th></tr></thead><tbody>"
    );
    for (outcome, total) in &report.outcomes {
        let _ = write!(
            page,
            "<tr><td>{}</td>{}</tr>",
            outcome.code(),
            numbers(total)
        );
    }
    let _ = write!(
        page,
        "</tbody></table></div><h2>How it compares</h2><div class=\"scroll\"><table><thead><tr><th>Class</th><th>What it means</th>\
         <th class=\"number\">Cases</th><th class=\"number\">{worth}</th><th class=\"number\">Of unknown value</th></tr></thead><tbody>"
    );
    for (class, total) in &report.classes {
        let _ = write!(
            page,
            "<tr class=\"{}\"><td class=\"code\">{}</td><td>{}<details><summary>first cases</summary>{}</details></td>{}</tr>",
            tone(*class),
            class.code(),
            escaped(class.meaning()),
            escaped(&first_ids(total)),
            numbers(total)
        );
    }
    page.push_str("</tbody></table></div>");
    let dearest = report.dearest(DEAREST);
    if !dearest.is_empty() {
        let _ = write!(
            page,
            "<h2>The dearest cases at odds</h2><div class=\"scroll\"><table><thead><tr><th>Case</th><th>Class</th>\
             <th class=\"number\">{worth}</th><th>Why</th></tr></thead><tbody>"
        );
        for case in dearest {
            let _ = write!(
                page,
                "<tr class=\"odds\"><td class=\"code\">{}</td><td class=\"code\">{}</td><td class=\"number\">{}</td><td>{}</td></tr>",
                escaped(case.id.as_str()),
                case.class().code(),
                case.stake().map_or_else(|| "unknown".to_owned(), grouped),
                escaped(why(case))
            );
        }
        page.push_str("</tbody></table></div>");
    }
    page.push_str("<h2>How it was reckoned</h2><ul>");
    for note in notes(report) {
        let _ = write!(page, "<li>{}</li>", escaped(&note));
    }
    page.push_str("</ul></main></body></html>\n");
    page
}

/// The four numbers that are read first.
fn cards(page: &mut String, report: &BacktestReport) {
    let agreeing = report.total(Class::Agree).map_or(0, |total| total.count);
    let sum = |class: Class| report.total(class).map(|total| (total.count, total.sum));
    let mut told = vec![(
        percent(agreeing, report.compared()),
        format!("of {} compared cases agree", report.compared()),
    )];
    for (class, text) in [
        (Class::PaidTwice, "paid twice"),
        (Class::OtherUser, "paid to a user without support"),
        (Class::PaidWithoutEvidence, "paid without evidence"),
        (Class::DeskRefusedRecoverable, "refused and recoverable"),
    ] {
        if let Some((count, sum)) = sum(class) {
            told.push((
                format!("{} {}", grouped(sum), report.currency),
                format!("{text} ({count} cases)"),
            ));
        }
    }
    page.push_str("<div class=\"cards\">");
    for (number, text) in told {
        let _ = write!(
            page,
            "<div class=\"card\"><b>{}</b><span>{}</span></div>",
            escaped(&number),
            escaped(&text)
        );
    }
    page.push_str("</div>");
}

fn numbers(total: &ClassTotal) -> String {
    format!(
        "<td class=\"number\">{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td>",
        total.count,
        grouped(total.sum),
        total.unknown
    )
}

const fn tone(class: Class) -> &'static str {
    match class {
        Class::Agree => "same",
        Class::NeedsPerson | Class::DepositMissing | Class::Unreadable => "ask",
        _ => "odds",
    }
}

/// A stranger's text inside a page.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in printable(text).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_strangers_text_is_no_markup() {
        assert_eq!(
            escaped("<img src=x onerror='a'> & \"b\"\u{202e}"),
            "&lt;img src=x onerror=&#39;a&#39;&gt; &amp; &quot;b&quot;\u{fffd}"
        );
    }
}
