//! The shape of `policy.toml`, and its checks.

use super::chains::ChainsConfig;
use super::chains_file::shape;
use super::error::{ConfigError, Problem};
use super::place::Text;
use super::policy::{ApprovalPolicy, Policy};
use super::words::listed;
use recover_core::claim::{Person, Role};
use recover_core::decimal::Decimal;
use recover_core::fee::{Basis, Cents, Edge, FeeForm, FeeRule, FeeTier};
use recover_core::kind::Kind;
use recover_core::names;
use recover_core::network::NetworkId;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::path::Path;
use toml::Spanned;

type Words = Spanned<String>;

/// A year: nothing a policy times is longer.
const MINUTES_MAX: u32 = 366 * 24 * 60;

/// Two people besides the opener see every payment.
const APPROVERS_LEAST: u32 = 2;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: Words,
    currency: Words,
    quote_valid_minutes: Spanned<u32>,
    price_age_max_minutes: Spanned<u32>,
    screening_age_max_minutes: Spanned<u32>,
    gas_buffer_percent: Words,
    #[serde(default)]
    fee: Vec<Spanned<FeeTable>>,
    approval: ApprovalTable,
    person: Vec<PersonTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FeeTable {
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ApprovalTable {
    approvers_min: Spanned<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonTable {
    name: Words,
    roles: Vec<Words>,
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

impl Policy {
    /// Reads and checks a `policy.toml`.
    ///
    /// # Errors
    /// When the file cannot be read, or [`Policy::parse`] refuses it.
    pub fn load(path: &Path, chains: Option<&ChainsConfig>) -> Result<Self, ConfigError> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
            file: file.clone(),
            source,
        })?;
        Self::parse(&file, &text, chains)
    }

    /// Checks the text of a `policy.toml`; `file` is what errors call it. Networks of rules are those that core knows and
    /// those of `chains`.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line, table and key.
    pub fn parse(
        file: &str,
        text: &str,
        chains: Option<&ChainsConfig>,
    ) -> Result<Self, ConfigError> {
        let reader = Reader {
            text: Text { file, text },
            chains,
        };
        let parsed: File = toml::from_str(text).map_err(|error| shape(&reader.text, &error))?;
        let currency = parsed.currency.get_ref();
        if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
            let currency = currency.clone();
            return Err(reader.at(&parsed.currency, Problem::Currency { currency }));
        }
        let people = reader.people(&parsed.person)?;
        let approvers_min = *parsed.approval.approvers_min.get_ref();
        if approvers_min < APPROVERS_LEAST {
            let least = u64::from(APPROVERS_LEAST);
            return Err(reader.at(&parsed.approval.approvers_min, Problem::TooSmall { least }));
        }
        let approvers = people
            .iter()
            .filter(|person| person.roles.contains(&Role::Wallet));
        let approvers = u64::try_from(approvers.count()).unwrap_or(u64::MAX);
        if approvers < u64::from(approvers_min) {
            return Err(reader.at(
                &parsed.approval.approvers_min,
                Problem::TooFewApprovers {
                    people: approvers,
                    needed: u64::from(approvers_min),
                },
            ));
        }
        Ok(Self {
            name: reader.filled(&parsed.name)?,
            currency: currency.clone(),
            quote_valid_minutes: reader.minutes(&parsed.quote_valid_minutes)?,
            price_age_max_minutes: reader.minutes(&parsed.price_age_max_minutes)?,
            screening_age_max_minutes: reader.minutes(&parsed.screening_age_max_minutes)?,
            gas_buffer_percent: reader.decimal(&parsed.gas_buffer_percent)?,
            fees: reader.fees(&parsed.fee)?,
            approval: ApprovalPolicy { approvers_min },
            people,
            digest: Sha256::digest(text.as_bytes()).into(),
            text: text.to_owned(),
        })
    }
}

struct Reader<'a> {
    text: Text<'a>,
    chains: Option<&'a ChainsConfig>,
}

impl Reader<'_> {
    fn at<T>(&self, spanned: &Spanned<T>, problem: Problem) -> ConfigError {
        ConfigError::Invalid {
            place: Box::new(self.text.place(spanned.span().start, None)),
            problem,
        }
    }

    fn missing(&self, form: &Words, key: &'static str, kind: &'static str) -> ConfigError {
        ConfigError::Invalid {
            place: Box::new(self.text.place(form.span().start, Some(key))),
            problem: Problem::Missing { key, kind },
        }
    }

    fn filled(&self, words: &Words) -> Result<String, ConfigError> {
        if words.get_ref().trim().is_empty() {
            return Err(self.at(words, Problem::Empty));
        }
        Ok(words.get_ref().clone())
    }

    fn minutes(&self, minutes: &Spanned<u32>) -> Result<u32, ConfigError> {
        match *minutes.get_ref() {
            0 => Err(self.at(minutes, Problem::TooSmall { least: 1 })),
            value if value > MINUTES_MAX => Err(self.at(
                minutes,
                Problem::TooLarge {
                    value: u64::from(value),
                    most: u64::from(MINUTES_MAX),
                },
            )),
            value => Ok(value),
        }
    }

    fn decimal(&self, words: &Words) -> Result<Decimal, ConfigError> {
        Decimal::parse(words.get_ref()).map_err(|error| self.at(words, error.into()))
    }

    fn cents(&self, words: &Words) -> Result<Cents, ConfigError> {
        Cents::parse(words.get_ref()).map_err(|error| self.at(words, error.into()))
    }

    fn cents_or_zero(&self, words: Option<&Words>) -> Result<Cents, ConfigError> {
        words.map_or(Ok(Cents::default()), |words| self.cents(words))
    }

    fn word<T: Copy>(
        &self,
        words: &Words,
        parse: fn(&str) -> Option<T>,
        all: &[T],
        code: fn(T) -> &'static str,
    ) -> Result<T, ConfigError> {
        parse(words.get_ref()).ok_or_else(|| {
            self.at(
                words,
                Problem::UnknownWord {
                    word: words.get_ref().clone(),
                    expected: listed(all, code),
                },
            )
        })
    }

    fn people(&self, tables: &[PersonTable]) -> Result<Vec<Person>, ConfigError> {
        let mut people: Vec<Person> = Vec::with_capacity(tables.len());
        for table in tables {
            let name = self.filled(&table.name)?;
            if people.iter().any(|person| person.name == name) {
                return Err(self.at(&table.name, Problem::PersonTwice { name }));
            }
            let roles = table
                .roles
                .iter()
                .map(|role| self.word(role, Role::from_code, Role::ALL, Role::code))
                .collect::<Result<BTreeSet<_>, _>>()?;
            if roles.is_empty() {
                return Err(self.missing(&table.name, "roles", "a person"));
            }
            people.push(Person { name, roles });
        }
        Ok(people)
    }

    fn fees(&self, tables: &[Spanned<FeeTable>]) -> Result<Vec<FeeRule>, ConfigError> {
        let mut rules: Vec<FeeRule> = Vec::with_capacity(tables.len());
        for (number, table) in (1u32..).zip(tables) {
            let catch_all = rules
                .iter()
                .find(|rule| rule.kinds.is_empty() && rule.networks.is_empty());
            if let Some(earlier) = catch_all {
                let earlier = earlier.number;
                return Err(self.at(table, Problem::Unreachable { earlier }));
            }
            rules.push(self.fee(number, table.get_ref())?);
        }
        Ok(rules)
    }

    fn fee(&self, number: u32, table: &FeeTable) -> Result<FeeRule, ConfigError> {
        let kinds = table
            .kinds
            .iter()
            .map(|words| {
                let kind = self.word(words, Kind::from_code, Kind::ALL, Kind::code)?;
                if kind.is_workable() {
                    Ok(kind)
                } else {
                    Err(self.at(words, Problem::NotRecovered { kind }))
                }
            })
            .collect::<Result<_, _>>()?;
        let networks = table
            .networks
            .iter()
            .map(|words| {
                let id = NetworkId::new(words.get_ref());
                let known = names::known(&id).is_some()
                    || self
                        .chains
                        .is_some_and(|chains| chains.network(&id).is_some());
                if known {
                    Ok(id)
                } else {
                    let name = words.get_ref().clone();
                    Err(self.at(words, Problem::UnknownNetwork { name }))
                }
            })
            .collect::<Result<_, _>>()?;
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
        Ok(FeeRule {
            number,
            kinds,
            networks,
            value_min: table
                .value_min
                .as_ref()
                .map(|words| self.cents(words))
                .transpose()?,
            form,
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
        let percent = self.decimal(words)?;
        let hundred = recover_core::amount::Amount::from_u128(100);
        if percent.times_ceil(hundred).is_none_or(|share| {
            // percent of 100 coins, against 100 x 100: above means more than everything.
            share > recover_core::amount::Amount::from_u128(10_000)
        }) {
            return Err(self.at(words, Problem::MoreThanAll));
        }
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
