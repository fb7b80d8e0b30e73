//! `[[price_source]]` of `chains.toml`: who is asked for prices, and what they call networks and coins.

use super::chains::PriceSourceConfig;
use super::chains_file::{Reader, Words};
use super::error::{ConfigError, Problem};
use super::secret;
use super::words::{PricePlanName, PriceSourceKind};
use recover_core::price::same_source;
use serde::Deserialize;
use toml::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PriceSourceTable {
    name: Words,
    kind: Words,
    url: Words,
    key: Option<Words>,
    plan: Option<Words>,
    requests_per_minute: Spanned<u32>,
}

/// Whether two urls lead to one server's prices: as they are written, but for capital letters and a last `/`.
fn same_url(left: &str, right: &str) -> bool {
    let bare = |url: &str| url.trim().trim_end_matches('/').to_ascii_lowercase();
    bare(left) == bare(right)
}

impl Reader<'_> {
    pub(super) fn price_sources(
        &self,
        tables: &[PriceSourceTable],
    ) -> Result<Vec<PriceSourceConfig>, ConfigError> {
        let mut sources: Vec<PriceSourceConfig> = Vec::with_capacity(tables.len());
        for table in tables {
            let name = table.name.get_ref().trim();
            if name.is_empty() {
                return Err(self.at(&table.name, Problem::Empty));
            }
            if sources.iter().any(|other| same_source(&other.name, name)) {
                let name = name.to_owned();
                return Err(self.at(&table.name, Problem::PriceSourceTwice { name }));
            }
            let url = &table.url;
            secret::check_url(url.get_ref()).map_err(|problem| self.at(url, problem))?;
            if let Some(other) = sources
                .iter()
                .find(|other| same_url(&other.url, url.get_ref()))
            {
                let (name, other) = (name.to_owned(), other.name.clone());
                return Err(self.at(url, Problem::PriceSourceSameUrl { name, other }));
            }
            if let Some(key) = &table.key {
                secret::check_key(key.get_ref()).map_err(|problem| self.at(key, problem))?;
            }
            let plan = match &table.plan {
                None => PricePlanName::Demo,
                Some(words) => self.word(
                    words,
                    PricePlanName::from_code,
                    PricePlanName::ALL,
                    PricePlanName::code,
                )?,
            };
            let often = &table.requests_per_minute;
            if *often.get_ref() == 0 {
                return Err(self.at(often, Problem::TooSmall { least: 1 }));
            }
            sources.push(PriceSourceConfig {
                name: name.to_owned(),
                kind: self.word(
                    &table.kind,
                    PriceSourceKind::from_code,
                    PriceSourceKind::ALL,
                    PriceSourceKind::code,
                )?,
                url: url.get_ref().clone(),
                key: table.key.as_ref().map(|key| key.get_ref().clone()),
                plan,
                requests_per_minute: *often.get_ref(),
            });
        }
        Ok(sources)
    }

    /// What a source of prices calls something: it becomes a part of an address of the web.
    pub(super) fn price_id(&self, words: Option<&Words>) -> Result<Option<String>, ConfigError> {
        let Some(words) = words else {
            return Ok(None);
        };
        let text = words.get_ref();
        let is_id = text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
            && text.bytes().any(|byte| byte.is_ascii_alphanumeric());
        if is_id {
            Ok(Some(text.clone()))
        } else {
            let text = text.clone();
            Err(self.at(words, Problem::PriceId { text }))
        }
    }
}
