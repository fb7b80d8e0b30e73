//! `[prices]` of `policy.toml`: how many sources must have a price, and how far they may lie apart.

use super::error::ConfigError;
use super::policy_file::{Reader, Words};
use recover_core::price::PriceRules;
use serde::Deserialize;
use toml::Spanned;

/// More sources than anybody has.
const SOURCES_MAX: u32 = 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PricesTable {
    sources_min: Option<Spanned<u32>>,
    spread_max_percent: Option<Words>,
}

impl Reader<'_> {
    /// The rules; what is not said is as it is without the table: one source, 5 percent.
    pub(super) fn prices(&self, table: Option<&PricesTable>) -> Result<PriceRules, ConfigError> {
        let mut rules = PriceRules::default();
        let Some(table) = table else {
            return Ok(rules);
        };
        if let Some(number) = &table.sources_min {
            rules.sources_min = self.within(number, 1, SOURCES_MAX)?;
        }
        if let Some(words) = &table.spread_max_percent {
            rules.spread_max_percent = self.share(words)?;
        }
        Ok(rules)
    }
}
