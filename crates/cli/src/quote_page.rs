//! A quote line by line: for a person to follow with a pencil, and for programs.

use crate::claim_page::Coins;
use crate::output;
use recover_core::fee::{self, Terms};
use serde::Serialize;

/// What a quote rests on, for programs.
#[derive(Debug, Serialize)]
pub struct TermsView {
    pub currency: String,
    pub lines: Vec<LineView>,
    pub prices: Vec<PriceView>,
    /// The most that the network may take, in its native coin's base units; `null` where no transaction is needed.
    pub ceiling: Option<CoinsView>,
    /// The ceiling in the policy's currency, whoever pays it.
    pub network_cost: String,
    /// What is paid beside the deposit.
    pub charges: Vec<ChargeView>,
    /// What becomes of the charges when the recovery fails.
    pub on_failure: &'static str,
    /// What the customer receives, in the policy's currency.
    pub net_value: String,
    /// The value by which approvers and limits are chosen, in the policy's currency; `null` where nobody knows it: then everything asks for
    /// the most.
    pub limit_value: Option<String>,
}

/// One line.
#[derive(Debug, Serialize)]
pub struct LineView {
    pub code: &'static str,
    pub detail: String,
    pub sum: Option<String>,
    pub coins: Option<CoinsView>,
}

/// Coins in base units and as people write them.
#[derive(Debug, Serialize)]
pub struct CoinsView {
    pub asset: String,
    pub amount: String,
    pub amount_decimal: String,
}

/// A price as it was used.
#[derive(Debug, Serialize)]
pub struct PriceView {
    pub asset: String,
    pub price: String,
    pub at: String,
    pub sources: Vec<String>,
    pub ids: Vec<String>,
}

/// A fee beside the deposit.
#[derive(Debug, Serialize)]
pub struct ChargeView {
    pub coins: CoinsView,
    pub sum: String,
    pub prepaid: bool,
}

impl CoinsView {
    fn of(coins: &fee::Coins) -> Self {
        Self {
            asset: coins.asset.to_string(),
            amount: coins.amount.to_base_units(),
            amount_decimal: coins.to_string(),
        }
    }
}

impl TermsView {
    pub fn of(terms: &Terms) -> Self {
        Self {
            currency: terms.currency.clone(),
            lines: terms
                .lines
                .iter()
                .map(|line| LineView {
                    code: line.code.code(),
                    detail: line.detail.clone(),
                    sum: line.cents.map(|cents| cents.to_string()),
                    coins: line.coins.as_ref().map(CoinsView::of),
                })
                .collect(),
            prices: terms
                .prices
                .iter()
                .map(|price| PriceView {
                    asset: price.asset.to_string(),
                    price: price.price.to_string(),
                    at: price.at.to_string(),
                    sources: price.sources.clone(),
                    ids: price.ids.clone(),
                })
                .collect(),
            ceiling: terms.ceiling.as_ref().map(CoinsView::of),
            network_cost: terms.network_cost.to_string(),
            charges: terms
                .charges
                .iter()
                .map(|charge| ChargeView {
                    coins: CoinsView::of(&charge.coins),
                    sum: charge.cents.to_string(),
                    prepaid: charge.is_prepaid,
                })
                .collect(),
            on_failure: terms.on_failure.code(),
            net_value: terms.net_value.to_string(),
            limit_value: terms.limit_value.map(|value| value.to_string()),
        }
    }
}

/// How wide a page is where there is no terminal to ask.
const PAGE_WIDTH: u16 = 120;

/// The lines as a table.
pub fn table(terms: &Terms, coins: &Coins<'_>) -> String {
    let columns = ["", "line", "how it was reckoned", &terms.currency, "coins"];
    let rows = (1..).zip(&terms.lines).map(|(number, line): (u32, _)| {
        vec![
            number.to_string(),
            line.code.label().to_owned(),
            line.detail.clone(),
            line.cents
                .map(|cents| cents.to_string())
                .unwrap_or_default(),
            line.coins
                .as_ref()
                .map(|found| coins.text(&found.asset, found.amount))
                .unwrap_or_default(),
        ]
    });
    let mut table = output::table(&columns, rows);
    // Read in a mail or a ticket as well: long reckonings wrap everywhere.
    table.set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
    if table.width().is_none() {
        table.set_width(PAGE_WIDTH);
    }
    if let Some(column) = table.column_mut(3) {
        column.set_cell_alignment(comfy_table::CellAlignment::Right);
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use recover_core::amount::Amount;
    use recover_core::fee::{Cents, OnFailure};

    #[test]
    fn own_the_value_that_limits_go_by_is_told_and_unknown_is_null() {
        let mut terms = Terms {
            currency: "USD".to_owned(),
            lines: Vec::new(),
            prices: Vec::new(),
            ceiling: None,
            network_cost: Cents::default(),
            charges: Vec::new(),
            on_failure: OnFailure::Refund,
            net_value: Cents::default(),
            limit_value: Some(Cents(Amount::from_u128(123_456))),
        };
        let shown = |terms: &Terms| serde_json::to_value(TermsView::of(terms)).unwrap();
        assert_eq!(shown(&terms)["limit_value"], "1234.56");
        terms.limit_value = None;
        let view = shown(&terms);
        assert!(view.as_object().unwrap().contains_key("limit_value"));
        assert_eq!(view["limit_value"], serde_json::Value::Null);
    }
}
