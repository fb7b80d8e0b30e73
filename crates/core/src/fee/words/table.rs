//! A fee policy as a table for customers.

use super::case::{case, conditions};
use super::explain::range;
use super::{Names, form_with, is_eaten};
use crate::claim::Resolution;
use crate::fee::form::{Edge, FeeForm};
use crate::fee::money::Cents;
use crate::fee::rule::{FeePolicy, FeeRule, Outcome, PaidFrom};

/// One row: a case of one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The rule.
    pub rule: u32,
    /// What the case is called.
    pub case: String,
    /// What is charged, from which value on and what is paid how, where that is not the usual.
    pub fee: String,
    /// How many days it takes, from and to; `None` where the policy does not say.
    pub days: Option<(u32, u32)>,
    /// What the customer gets; `None` where nothing is done.
    pub outcome: Option<String>,
}

/// The rows of a policy, in the order in which its rules decide: one a rule with a title, one a kind without, one a cell of a
/// matrix.
#[must_use]
pub fn table(policy: &FeePolicy, names: &Names<'_>) -> Vec<Row> {
    policy
        .rules
        .iter()
        .flat_map(|rule| rows(rule, names))
        .collect()
}

fn rows(rule: &FeeRule, names: &Names<'_>) -> Vec<Row> {
    let cases: Vec<String> = match (&rule.title, rule.kinds.as_slice()) {
        (Some(title), _) => vec![title.clone()],
        (None, []) => vec!["Every other case".to_owned()],
        (None, kinds) => kinds.iter().map(|kind| capital(case(*kind))).collect(),
    };
    let conditions = conditions(rule, names);
    let conditions = match conditions.is_empty() {
        true => String::new(),
        false => format!(", {}", conditions.join(", ")),
    };
    let forms: Vec<(String, &FeeForm)> = match &rule.form {
        FeeForm::Matrix(cells) => cells
            .iter()
            .map(|cell| {
                let (from, to) = ((names.network)(&cell.from), (names.network)(&cell.to));
                (format!(", on {from} for an address of {to}"), &cell.form)
            })
            .collect(),
        form => vec![(String::new(), form)],
    };
    let mut rows = Vec::new();
    for case in &cases {
        for (pair, form) in &forms {
            let is_refused = **form == FeeForm::Refuse;
            rows.push(Row {
                rule: rule.number,
                case: format!("{case}{conditions}{pair}"),
                fee: fee(rule, form, names),
                days: rule.days.filter(|_| !is_refused),
                outcome: (!is_refused).then(|| outcome(rule).to_owned()),
            });
        }
    }
    rows
}

fn fee(rule: &FeeRule, form: &FeeForm, names: &Names<'_>) -> String {
    let currency = names.currency;
    let mut text = match form {
        FeeForm::Refuse => return "no service".to_owned(),
        FeeForm::Flat { amount } if *amount == Cents::default() => format!("0 {currency}"),
        FeeForm::NetworkCost => "the network's fee".to_owned(),
        FeeForm::Tiers(_) => {
            let words = form_with(form, names);
            words
                .strip_prefix("by value: ")
                .unwrap_or(&words)
                .to_owned()
        }
        form => form_with(form, names),
    };
    if let Some(minimum) = rule.value_min {
        let value = minimum.value;
        text.push_str(&match minimum.edge {
            _ if is_eaten(form, value) => {
                format!("; for a value above {value} {currency} of which the fees leave something")
            }
            Edge::GreaterOrEqual => format!("; from a value of {value} {currency} on"),
            Edge::GreaterThan => format!("; for a value above {value} {currency}"),
        });
    }
    if rule.waits_for_minimum {
        text.push_str("; once what you sent to the address reaches the smallest deposit");
    }
    match rule.first_free {
        0 => {}
        1 => text.push_str("; the first case is free"),
        number => text.push_str(&format!("; the first {number} cases are free")),
    }
    match rule.paid_from {
        Some(PaidFrom::Balance) => text.push_str("; from the balance"),
        Some(PaidFrom::Prepaid) => text.push_str("; paid in beforehand"),
        Some(PaidFrom::Deposit) | None => {}
    }
    if let Some(coins) = rule.prepaid_gas {
        text.push_str(&format!(
            "; {coins} native coins paid in beforehand for the network"
        ));
    }
    text
}

const fn outcome(rule: &FeeRule) -> &'static str {
    match rule.outcome {
        Some(Outcome::Credit) => "credit",
        Some(Outcome::Refund) => "refund",
        None => by_resolutions(rule.resolutions.as_slice()),
    }
}

const fn by_resolutions(resolutions: &[Resolution]) -> &'static str {
    let (mut credits, mut refunds) = (false, false);
    let mut rest = resolutions;
    while let [first, others @ ..] = rest {
        match first.needs_destination() {
            true => refunds = true,
            false => credits = true,
        }
        rest = others;
    }
    match (credits, refunds) {
        (true, false) => "credit",
        (false, true) => "refund",
        _ => "credit or refund",
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// The rows as a table in Markdown, with what holds for all of them below it.
#[must_use]
pub fn markdown(rows: &[Row]) -> String {
    let mut text = "| Case | Fee | Days | You get |\n| --- | --- | --- | --- |\n".to_owned();
    for row in rows {
        let days = row.days.map_or_else(|| "-".to_owned(), range);
        let outcome = row.outcome.as_deref().unwrap_or("-");
        let cells = [row.case.as_str(), &row.fee, &days, outcome].map(cell);
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    text.push_str(
        "\nThe first row that fits a case counts. The network's own fee comes on top unless a row says otherwise; the quote that you \
         accept names both, and holds until it expires.\n",
    );
    text
}

/// A text as the cell of a table: nothing in it begins another cell, another row or a tag.
fn cell(text: &str) -> String {
    let mut cell = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' => {
                cell.push('\\');
                cell.push(letter);
            }
            '<' => cell.push_str("&lt;"),
            '&' => cell.push_str("&amp;"),
            letter if letter.is_control() => cell.push(' '),
            letter => cell.push(letter),
        }
    }
    cell
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_a_cell_begins_nothing_else() {
        assert_eq!(cell("a|b\nc"), "a\\|b c");
        assert_eq!(cell("<b>&`"), "&lt;b>&amp;\\`");
    }
}
