//! A fee in words: the same on a quote, in `policy check` and in the public table.

use super::form::{Basis, Edge, FeeForm, Operator};
use super::money::Cents;

/// What a form charges, as the end of a sentence. Sums are in the policy's currency, whose code is `currency`.
#[must_use]
pub fn form(form: &FeeForm, currency: &str) -> String {
    match form {
        FeeForm::Flat { amount } if *amount == Cents::default() => "nothing".to_owned(),
        FeeForm::Flat { amount } => format!("{amount} {currency}"),
        FeeForm::Percent {
            percent,
            floor,
            cap,
            free_under,
            edge,
            basis,
        } => {
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
        FeeForm::FlatOrPercent {
            amount,
            percent,
            operator,
        } => {
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
                    format!("{range}: {}", self::form(&tier.form, currency))
                })
                .collect();
            format!("by value: {}", texts.join("; "))
        }
        FeeForm::Matrix(cells) => {
            let texts: Vec<String> = cells
                .iter()
                .map(|cell| {
                    let charged = self::form(&cell.form, currency);
                    format!("on {} for an address of {}: {charged}", cell.from, cell.to)
                })
                .collect();
            format!("by networks: {}", texts.join("; "))
        }
        FeeForm::Coin { asset, amount } => format!("{amount} coins of {asset}"),
        FeeForm::WithdrawalFee { multiple } => {
            format!("{multiple} times what a withdrawal of the same coin costs, in that coin")
        }
        FeeForm::NetworkCost => "only what the network takes".to_owned(),
        FeeForm::Range { from, to } => {
            format!("{from} to {to} {currency}, as a person quotes it")
        }
        FeeForm::Refuse => "refused".to_owned(),
    }
}
