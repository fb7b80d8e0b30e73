//! Who may be let off, what withdrawals cost and what balances pay in: `[[waiver]]`, `[[withdrawal]]` and `fee_asset` of
//! `policy.toml`.

use super::error::{ConfigError, Problem};
use super::policy_file::{Reader, Words};
use recover_core::asset::AssetId;
use recover_core::fee::{Waiver, WithdrawalTerms};
use recover_core::people::Role;
use recover_core::time::Timestamp;
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WaiverTable {
    code: Words,
    title: Words,
    #[serde(default)]
    kinds: Vec<Words>,
    from: Option<Words>,
    until: Option<Words>,
    percent: Words,
    network: Option<Spanned<bool>>,
    roles: Vec<Words>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WithdrawalTable {
    asset: Words,
    fee: Words,
    minimum: Words,
}

impl Reader<'_> {
    pub(super) fn waivers(&self, tables: &[WaiverTable]) -> Result<Vec<Waiver>, ConfigError> {
        let mut waivers: Vec<Waiver> = Vec::with_capacity(tables.len());
        for table in tables {
            let code = table.code.get_ref().clone();
            let is_code = code.starts_with(|first: char| first.is_ascii_lowercase())
                && code
                    .bytes()
                    .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
            if !is_code {
                return Err(self.at(&table.code, Problem::Code { code }));
            }
            if waivers.iter().any(|waiver| waiver.code == code) {
                return Err(self.at(&table.code, Problem::CodeTwice { code }));
            }
            let percent = self.share(&table.percent)?;
            let network = table
                .network
                .as_ref()
                .is_some_and(|network| *network.get_ref());
            if percent.is_zero() && !network {
                return Err(self.at(&table.percent, Problem::WaivesNothing));
            }
            let from = self.time(table.from.as_ref())?;
            let until = self.time(table.until.as_ref())?;
            let ends_first = from.zip(until).is_some_and(|(from, until)| until <= from);
            if let Some(words) = table.until.as_ref().filter(|_| ends_first) {
                return Err(self.at(words, Problem::WindowOrder));
            }
            waivers.push(Waiver {
                code,
                title: self.filled(&table.title)?,
                kinds: self.kinds(&table.kinds)?,
                from,
                until,
                percent,
                network,
                roles: self.granting(table)?,
            });
        }
        Ok(waivers)
    }

    /// Who grants acts on a claim: neither who makes the rules nor who examines.
    fn granting(&self, table: &WaiverTable) -> Result<Vec<Role>, ConfigError> {
        let mut roles: Vec<Role> = Vec::with_capacity(table.roles.len());
        for words in &table.roles {
            let role = self.word(words, Role::from_code, Role::ALL, Role::code)?;
            if matches!(role, Role::Admin | Role::Auditor) {
                return Err(self.at(words, Problem::GrantsNothing { role }));
            }
            if !roles.contains(&role) {
                roles.push(role);
            }
        }
        if roles.is_empty() {
            return Err(self.missing(&table.code, "roles", "a waiver, which somebody grants,"));
        }
        Ok(roles)
    }

    fn time(&self, words: Option<&Words>) -> Result<Option<Timestamp>, ConfigError> {
        let Some(words) = words else { return Ok(None) };
        Timestamp::parse(words.get_ref()).map(Some).map_err(|_| {
            let text = words.get_ref().clone();
            self.at(words, Problem::Time { text })
        })
    }

    pub(super) fn withdrawals(
        &self,
        tables: &[WithdrawalTable],
    ) -> Result<BTreeMap<AssetId, WithdrawalTerms>, ConfigError> {
        let mut withdrawals = BTreeMap::new();
        for table in tables {
            let asset = self.listed_asset(&table.asset)?;
            let terms = WithdrawalTerms {
                fee: self.coins_of(&asset, &table.fee)?,
                minimum: self.coins_of(&asset, &table.minimum)?,
            };
            let name = asset.to_string();
            if withdrawals.insert(asset, terms).is_some() {
                return Err(self.at(&table.asset, Problem::WithdrawalTwice { asset: name }));
            }
        }
        Ok(withdrawals)
    }
}
