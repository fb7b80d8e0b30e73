//! What a policy says about fees, in sentences and as the public table.

use crate::output;
use recover_core::asset::AssetId;
use recover_core::fee::words::{self, Names, Paragraph, Row};
use recover_core::network::NetworkId;
use recover_engine::config::{ChainsConfig, Policy};
use serde::Serialize;

/// The fees of a policy as `policy check` shows them.
#[derive(Serialize)]
pub struct FeesView {
    paragraphs: Vec<ParagraphView>,
    table: Vec<RowView>,
    markdown: String,
}

#[derive(Serialize)]
struct ParagraphView {
    rule: Option<u32>,
    text: String,
}

#[derive(Serialize)]
struct RowView {
    rule: u32,
    case: String,
    fee: String,
    days: Option<[u32; 2]>,
    outcome: Option<String>,
}

impl FeesView {
    /// Says it with the names that `chains.toml` has.
    pub fn of(policy: &Policy, chains: &ChainsConfig) -> Self {
        let network = |id: &NetworkId| {
            let config = chains.network(id);
            config.map_or_else(|| id.to_string(), |network| network.display.clone())
        };
        let asset = |id: &AssetId| match chains.terms(id) {
            Some(terms) => format!("{} on {}", terms.symbol, network(&id.network)),
            None => id.to_string(),
        };
        let names = Names {
            currency: &policy.currency,
            asset: &asset,
            network: &network,
        };
        let rows = words::table(&policy.fees, &names);
        Self {
            paragraphs: words::explain(&policy.fees, &names)
                .into_iter()
                .map(ParagraphView::of)
                .collect(),
            markdown: words::markdown(&rows),
            table: rows.into_iter().map(RowView::of).collect(),
        }
    }

    /// Writes the sentences, a paragraph a rule.
    pub fn print(&self) -> anyhow::Result<()> {
        for paragraph in &self.paragraphs {
            output::line("")?;
            output::line(&paragraph.text)?;
        }
        Ok(())
    }

    /// Writes the public table alone, so that it can be put into a file as it is.
    pub fn print_matrix(&self) -> anyhow::Result<()> {
        self.markdown.lines().try_for_each(output::line)
    }
}

impl ParagraphView {
    fn of(paragraph: Paragraph) -> Self {
        let Paragraph { rule, text } = paragraph;
        Self { rule, text }
    }
}

impl RowView {
    fn of(row: Row) -> Self {
        let Row {
            rule,
            case,
            fee,
            days,
            outcome,
        } = row;
        Self {
            rule,
            case,
            fee,
            days: days.map(|(least, most)| [least, most]),
            outcome,
        }
    }
}
