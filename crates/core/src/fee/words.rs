//! A fee in words: the same on a quote, in `policy check` and in the public table.
//!
//! - [`form`]: what a form charges, as the end of a sentence.
//! - [`explain`]: a policy, one paragraph a rule.
//! - [`table`]: the same as the rows of a public table, and [`markdown`] of it.

mod case;
mod explain;
mod table;

pub use case::case;
pub use explain::{Paragraph, explain};
pub use table::{Row, markdown, table};

use super::form::{Basis, Edge, FeeForm, FlatOrPercent, Operator, Percentage};
use super::money::Cents;
use crate::asset::AssetId;
use crate::decimal::Decimal;
use crate::network::NetworkId;

/// What things are called where a text is read.
#[derive(Clone, Copy)]
pub struct Names<'a> {
    /// The code of the policy's currency.
    pub currency: &'a str,
    /// What people call an asset.
    pub asset: &'a dyn Fn(&AssetId) -> String,
    /// What people call a network.
    pub network: &'a dyn Fn(&NetworkId) -> String,
}

/// What a form charges, as the end of a sentence. Sums are in the policy's currency, whose code is `currency`; networks and
/// assets have their ids.
#[must_use]
pub fn form(form: &FeeForm, currency: &str) -> String {
    let names = Names {
        currency,
        asset: &ToString::to_string,
        network: &ToString::to_string,
    };
    form_with(form, &names)
}

/// As [`form`], with the names that people use.
#[must_use]
pub fn form_with(form: &FeeForm, names: &Names<'_>) -> String {
    let currency = names.currency;
    match form {
        FeeForm::Flat { amount } if *amount == Cents::default() => "nothing".to_owned(),
        FeeForm::Flat { amount } => format!("{amount} {currency}"),
        FeeForm::Percent(percentage) => percent(percentage, currency),
        FeeForm::FlatOrPercent(FlatOrPercent {
            amount,
            percent,
            operator,
        }) => {
            let which = match operator {
                Operator::Lesser => "less",
                Operator::Greater => "more",
            };
            format!("{amount} {currency} or {percent} % of the whole value, whichever is {which}")
        }
        FeeForm::Tiers(tiers) => {
            let texts: Vec<String> = tiers
                .iter()
                .map(|tier| {
                    let range = match tier.to {
                        Some(to) => format!("from {} to below {to} {currency}", tier.from),
                        None => format!("from {} {currency} on", tier.from),
                    };
                    format!("{range}: {}", form_with(&tier.form, names))
                })
                .collect();
            format!("by value: {}", texts.join("; "))
        }
        FeeForm::Matrix(cells) => {
            let texts: Vec<String> = cells
                .iter()
                .map(|cell| {
                    let charged = form_with(&cell.form, names);
                    let (from, to) = ((names.network)(&cell.from), (names.network)(&cell.to));
                    format!("on {from} for an address of {to}: {charged}")
                })
                .collect();
            format!("by networks: {}", texts.join("; "))
        }
        FeeForm::Coin { asset, amount } => format!("{amount} {}", (names.asset)(asset)),
        FeeForm::WithdrawalFee { multiple } => {
            format!(
                "{} what a withdrawal of the same coin costs, in that coin",
                times(*multiple)
            )
        }
        FeeForm::NetworkCost => "only what the network takes".to_owned(),
        FeeForm::Range { from, to } => {
            format!("{from} to {to} {currency}, as a person quotes it")
        }
        FeeForm::Refuse => "refused".to_owned(),
    }
}

fn percent(percentage: &Percentage, currency: &str) -> String {
    let Percentage {
        percent,
        floor,
        cap,
        free_under,
        edge,
        basis,
    } = percentage;
    let of = match basis {
        Basis::Whole => "of the whole value".to_owned(),
        Basis::Excess => format!("of what exceeds {free_under} {currency}"),
    };
    let mut text = format!("{percent} % {of}");
    if *floor != Cents::default() {
        text.push_str(&format!(", at least {floor} {currency}"));
    }
    if let Some(cap) = cap {
        text.push_str(&format!(", at most {cap} {currency}"));
    }
    if *free_under != Cents::default() {
        let edge = match edge {
            Edge::GreaterThan => "up to",
            Edge::GreaterOrEqual => "below",
        };
        text.push_str(&format!("; nothing {edge} {free_under} {currency}"));
    }
    text
}

fn times(multiple: Decimal) -> String {
    match multiple.trimmed().to_string().as_str() {
        "1" => "exactly".to_owned(),
        "2" => "twice".to_owned(),
        number => format!("{number} times"),
    }
}

/// Whether what a form charges leaves nothing of a value, somewhere at least where it charges by networks.
fn is_eaten(form: &FeeForm, value: Cents) -> bool {
    match form {
        FeeForm::Matrix(cells) => cells.iter().any(|cell| is_eaten(&cell.form, value)),
        form => form.cents_at(value).is_some_and(|fee| fee >= value),
    }
}

/// `a`, `a and b`, `a, b and c`.
fn listed(texts: &[String], and: &str) -> String {
    match texts.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} {and} {last}", others.join(", ")),
        None => String::new(),
    }
}
