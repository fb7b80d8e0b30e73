//! The fee rules of `policy.toml`: their shape and their checks.

use super::error::{ConfigError, Problem};
use super::policy_file::{Reader, Words};
use recover_core::fee::{Basis, Edge, FeeForm, FeeRule, FeeTier, ValueMin};
use serde::Deserialize;
use toml::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FeeTable {
    kinds: Vec<Words>,
    #[serde(default)]
    networks: Vec<Words>,
    value_min: Option<Words>,
    form: Words,
    amount: Option<Words>,
    percent: Option<Words>,
    floor: Option<Words>,
    cap: Option<Words>,
    basis: Option<Words>,
    free_under: Option<Words>,
    edge: Option<Words>,
    #[serde(default)]
    tier: Vec<TierTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TierTable {
    from: Words,
    to: Option<Words>,
    form: Words,
    amount: Option<Words>,
    percent: Option<Words>,
    floor: Option<Words>,
    cap: Option<Words>,
    basis: Option<Words>,
    free_under: Option<Words>,
    edge: Option<Words>,
}

/// The keys of a form, wherever it stands.
struct FormKeys<'a> {
    form: &'a Words,
    amount: Option<&'a Words>,
    percent: Option<&'a Words>,
    floor: Option<&'a Words>,
    cap: Option<&'a Words>,
    basis: Option<&'a Words>,
    free_under: Option<&'a Words>,
    edge: Option<&'a Words>,
}

impl Reader<'_> {
    pub(super) fn fees(&self, tables: &[Spanned<FeeTable>]) -> Result<Vec<FeeRule>, ConfigError> {
        let mut rules: Vec<FeeRule> = Vec::with_capacity(tables.len());
        for (number, table) in (1u32..).zip(tables) {
            if let Some(earlier) = rules.iter().find(|rule| rule.is_for_all()) {
                let earlier = earlier.number;
                return Err(self.at(table, Problem::Unreachable { earlier }));
            }
            rules.push(self.fee(number, table.get_ref())?);
        }
        Ok(rules)
    }

    fn fee(&self, number: u32, table: &FeeTable) -> Result<FeeRule, ConfigError> {
        let kinds = self.kinds(&table.kinds)?;
        let networks = self.networks(&table.networks)?;
        let keys = FormKeys {
            form: &table.form,
            amount: table.amount.as_ref(),
            percent: table.percent.as_ref(),
            floor: table.floor.as_ref(),
            cap: table.cap.as_ref(),
            basis: table.basis.as_ref(),
            free_under: table.free_under.as_ref(),
            edge: table.edge.as_ref(),
        };
        let form = if table.form.get_ref() == "tiers" {
            self.refuse_keys(&keys, "tiers", &["amount", "percent"])?;
            self.tiers(&table.form, &table.tier)?
        } else if table.tier.is_empty() {
            self.form(&keys, "flat, percent, tiers")?
        } else {
            let (key, kind) = ("tier", "this form");
            return Err(self.at(&table.form, Problem::NotForKind { key, kind }));
        };
        let value_min = table.value_min.as_ref().map(|words| {
            Ok(ValueMin {
                value: self.cents(words)?,
                edge: Edge::GreaterOrEqual,
            })
        });
        Ok(FeeRule {
            kinds,
            networks,
            value_min: value_min.transpose()?,
            ..FeeRule::new(number, form)
        })
    }

    /// Refuses the keys that a form does not use, so that no number is written in vain.
    fn refuse_keys(
        &self,
        keys: &FormKeys<'_>,
        kind: &'static str,
        groups: &[&str],
    ) -> Result<(), ConfigError> {
        let all = [
            ("amount", "amount", keys.amount),
            ("percent", "percent", keys.percent),
            ("percent", "floor", keys.floor),
            ("percent", "cap", keys.cap),
            ("percent", "basis", keys.basis),
            ("percent", "free_under", keys.free_under),
            ("percent", "edge", keys.edge),
        ];
        for (group, key, words) in all {
            if let Some(words) = words.filter(|_| groups.contains(&group)) {
                return Err(self.at(words, Problem::NotForKind { key, kind }));
            }
        }
        Ok(())
    }

    fn form(&self, keys: &FormKeys<'_>, forms: &str) -> Result<FeeForm, ConfigError> {
        match keys.form.get_ref().as_str() {
            "flat" => {
                self.refuse_keys(keys, "flat", &["percent"])?;
                let amount = keys
                    .amount
                    .ok_or_else(|| self.missing(keys.form, "amount", "flat"))?;
                Ok(FeeForm::Flat {
                    amount: self.cents(amount)?,
                })
            }
            "percent" => {
                self.refuse_keys(keys, "percent", &["amount"])?;
                self.percent(keys)
            }
            word => Err(self.at(
                keys.form,
                Problem::UnknownWord {
                    word: word.to_owned(),
                    expected: forms.to_owned(),
                },
            )),
        }
    }

    fn percent(&self, keys: &FormKeys<'_>) -> Result<FeeForm, ConfigError> {
        let words = keys
            .percent
            .ok_or_else(|| self.missing(keys.form, "percent", "percent"))?;
        let percent = self.share(words)?;
        let floor = self.cents_or_zero(keys.floor)?;
        let cap = keys.cap.map(|words| self.cents(words)).transpose()?;
        if let Some(words) = keys.cap.filter(|_| cap.is_some_and(|cap| cap < floor)) {
            return Err(self.at(words, Problem::CapUnderFloor));
        }
        let edge = keys
            .edge
            .map(|words| self.word(words, Edge::from_code, Edge::ALL, Edge::code))
            .transpose()?
            .unwrap_or(Edge::GreaterOrEqual);
        let basis = keys
            .basis
            .map(|words| self.word(words, Basis::from_code, Basis::ALL, Basis::code))
            .transpose()?
            .unwrap_or(Basis::Whole);
        Ok(FeeForm::Percent {
            percent,
            floor,
            cap,
            free_under: self.cents_or_zero(keys.free_under)?,
            edge,
            basis,
        })
    }

    fn tiers(&self, form: &Words, tables: &[TierTable]) -> Result<FeeForm, ConfigError> {
        if tables.is_empty() {
            return Err(self.missing(form, "tier", "tiers"));
        }
        let mut tiers: Vec<FeeTier> = Vec::with_capacity(tables.len());
        for table in tables {
            let from = self.cents(&table.from)?;
            let to = table
                .to
                .as_ref()
                .map(|words| self.cents(words))
                .transpose()?;
            let follows = match tiers.last() {
                None => true,
                Some(before) => before.to.is_some_and(|end| end <= from),
            };
            if !follows || to.is_some_and(|to| to <= from) {
                return Err(self.at(&table.from, Problem::TierOrder));
            }
            let keys = FormKeys {
                form: &table.form,
                amount: table.amount.as_ref(),
                percent: table.percent.as_ref(),
                floor: table.floor.as_ref(),
                cap: table.cap.as_ref(),
                basis: table.basis.as_ref(),
                free_under: table.free_under.as_ref(),
                edge: table.edge.as_ref(),
            };
            tiers.push(FeeTier {
                from,
                to,
                form: self.form(&keys, "flat, percent")?,
            });
        }
        Ok(FeeForm::Tiers(tiers))
    }
}
