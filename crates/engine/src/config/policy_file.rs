//! The shape of `policy.toml`, and its checks: the head of the file and its people. Fees, approval and wallets have files of
//! their own beside this one.

use super::chains::ChainsConfig;
use super::chains_file::shape;
use super::codec::Codecs;
use super::error::{ConfigError, Problem};
use super::place::Text;
use super::policy::Policy;
use super::policy_approval::{ApprovalTable, ChangeTable};
use super::policy_fees::FeeTable;
use super::policy_matching::MatchingTable;
use super::policy_prices::PricesTable;
use super::policy_proofs::ProofsTable;
use super::policy_waivers::{WaiverTable, WithdrawalTable};
use super::policy_wallets::{ServiceTable, WalletTable};
use super::words::listed;
use recover_core::claim::Resolution;
use recover_core::decimal::Decimal;
use recover_core::fee::{Cents, FeePolicy};
use recover_core::kind::Kind;
use recover_core::names;
use recover_core::network::NetworkId;
use recover_core::people::{Person, Role};
use recover_core::queue::ServiceLevels;
use recover_core::ssh::PublicKey;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use toml::Spanned;

pub(super) type Words = Spanned<String>;

/// A year: nothing a policy times is longer.
pub(super) const MINUTES_MAX: u32 = 366 * 24 * 60;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: Words,
    currency: Words,
    quote_valid_minutes: Spanned<u32>,
    price_age_max_minutes: Spanned<u32>,
    prices: Option<PricesTable>,
    screening_age_max_minutes: Spanned<u32>,
    release_screening_age_max_minutes: Spanned<u32>,
    package_valid_minutes: Spanned<u32>,
    gas_buffer_percent: Words,
    network_fee_max: Words,
    network_fee_max_percent: Words,
    fee_asset: Option<Words>,
    #[serde(default)]
    fee: Vec<Spanned<FeeTable>>,
    #[serde(default)]
    waiver: Vec<WaiverTable>,
    #[serde(default)]
    withdrawal: Vec<WithdrawalTable>,
    approval: Spanned<ApprovalTable>,
    policy_change: ChangeTable,
    service_levels: Option<LevelsTable>,
    retention: Option<RetentionTable>,
    proofs: Option<Spanned<ProofsTable>>,
    matching: Option<MatchingTable>,
    #[serde(default)]
    wallet: Vec<WalletTable>,
    #[serde(default)]
    service: Vec<ServiceTable>,
    person: Vec<PersonTable>,
}

/// What a file of an earlier shape may hold, so that it is told what replaced it.
#[derive(Deserialize)]
struct Earlier {
    approval: EarlierApproval,
}

#[derive(Deserialize)]
struct EarlierApproval {
    approvers_min: Spanned<toml::Value>,
}

/// Whole hours: the queue of appeals is sorted by the hour.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LevelsTable {
    first_answer_hours: Spanned<u32>,
    decision_hours: Spanned<u32>,
    wait_hours: Spanned<u32>,
    lease_minutes: Spanned<u32>,
}

/// Whole days.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RetentionTable {
    appeal_words_days: Spanned<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonTable {
    name: Words,
    roles: Vec<Words>,
    #[serde(default)]
    keys: Vec<Words>,
}

/// What the networks and addresses of a policy are checked against.
#[derive(Clone, Copy)]
pub struct Networks<'a> {
    /// The configured networks.
    pub chains: &'a ChainsConfig,
    /// The codecs of their families.
    pub codecs: &'a dyn Codecs,
}

/// Which names of networks are taken.
enum Known<'a> {
    /// Those that core knows. Addresses are kept as written.
    Names,
    /// Those, and the configured ones. Addresses are checked.
    Configured(Networks<'a>),
    /// Every one: the text was checked when it was loaded, and a network that left `chains.toml` since must not make it unreadable.
    Any,
}

impl Policy {
    /// Reads and checks a `policy.toml`.
    ///
    /// # Errors
    /// When the file cannot be read, or [`Policy::parse`] refuses it.
    pub fn load(path: &Path, networks: Option<Networks<'_>>) -> Result<Self, ConfigError> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
            file: file.clone(),
            source,
        })?;
        Self::parse(&file, &text, networks)
    }

    /// Checks the text of a `policy.toml`; `file` is what errors call it. Networks of rules and wallets are those that core
    /// knows and those of `networks`, with which the addresses of wallets are checked as well.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line, table and key.
    pub fn parse(
        file: &str,
        text: &str,
        networks: Option<Networks<'_>>,
    ) -> Result<Self, ConfigError> {
        let known = networks.map_or(Known::Names, Known::Configured);
        Self::read(file, text, known)
    }

    /// Reads the text of a version that the store keeps: it was checked when it was first loaded, and networks that left
    /// `chains.toml` since do no harm.
    ///
    /// # Errors
    /// When the text has a shape that this version of the program does not read.
    pub fn stored(number: u32, text: &str) -> Result<Self, ConfigError> {
        Self::read(&format!("policy version {number}"), text, Known::Any)
    }

    fn read(file: &str, text: &str, known: Known<'_>) -> Result<Self, ConfigError> {
        let reader = Reader {
            text: Text { file, text },
            known,
        };
        if let Ok(earlier) = toml::from_str::<Earlier>(text) {
            return Err(reader.at(&earlier.approval.approvers_min, Problem::ApproversMin));
        }
        let parsed: File = toml::from_str(text).map_err(|error| shape(&reader.text, &error))?;
        let currency = parsed.currency.get_ref();
        if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
            let currency = currency.clone();
            return Err(reader.at(&parsed.currency, Problem::Currency { currency }));
        }
        let minutes = |minutes| reader.minutes(minutes);
        let people = reader.people(&parsed.person)?;
        let ages = (
            seconds(minutes(&parsed.screening_age_max_minutes)?),
            seconds(minutes(&parsed.release_screening_age_max_minutes)?),
        );
        let name = reader.filled(&parsed.name)?;
        let approval = reader.approval(&parsed.approval, &people, ages)?;
        let (wallets, native_limits) = reader.wallets(&parsed.wallet)?;
        let fees = FeePolicy {
            rules: Vec::new(),
            waivers: reader.waivers(&parsed.waiver)?,
            withdrawals: reader.withdrawals(&parsed.withdrawal)?,
            fee_asset: parsed
                .fee_asset
                .as_ref()
                .map(|words| reader.listed_asset(words))
                .transpose()?,
        };
        Ok(Self {
            proofs: reader.proofs(parsed.proofs.as_ref(), &name)?,
            name,
            currency: currency.clone(),
            quote_valid_minutes: minutes(&parsed.quote_valid_minutes)?,
            price_age_max_minutes: minutes(&parsed.price_age_max_minutes)?,
            prices: reader.prices(parsed.prices.as_ref())?,
            package_valid_minutes: minutes(&parsed.package_valid_minutes)?,
            gas_buffer_percent: reader.decimal(&parsed.gas_buffer_percent)?,
            network_fee_max: reader.cents_above_zero(&parsed.network_fee_max)?,
            network_fee_max_percent: reader.share(&parsed.network_fee_max_percent)?,
            fees: reader.fees(&parsed.fee, fees)?,
            match_value_max: reader.match_value_max(parsed.matching.as_ref(), &approval.tiers)?,
            approval,
            change: reader.change(&parsed.policy_change, &people)?,
            wallets,
            services: reader.services(&parsed.service)?,
            native_limits,
            service_levels: reader.levels(parsed.service_levels.as_ref())?,
            appeal_words_days: reader.retention(parsed.retention.as_ref())?,
            people,
            digest: Sha256::digest(text.as_bytes()).into(),
            text: text.to_owned(),
        })
    }
}

/// Minutes as core counts them.
pub(super) fn seconds(minutes: u32) -> i64 {
    i64::from(minutes).saturating_mul(60)
}

/// Reads the parts of one file.
pub(super) struct Reader<'a> {
    text: Text<'a>,
    known: Known<'a>,
}

impl<'a> Reader<'a> {
    pub(super) fn at<T>(&self, spanned: &Spanned<T>, problem: Problem) -> ConfigError {
        ConfigError::Invalid {
            place: Box::new(self.text.place(spanned.span().start, None)),
            problem,
        }
    }

    /// What is wrong with a table, told at its first line with a key that is not there or has no place of its own.
    pub(super) fn in_table<T>(
        &self,
        table: &Spanned<T>,
        key: &'static str,
        problem: Problem,
    ) -> ConfigError {
        ConfigError::Invalid {
            place: Box::new(self.text.place(table.span().start, Some(key))),
            problem,
        }
    }

    pub(super) fn missing(
        &self,
        near: &Words,
        key: &'static str,
        kind: &'static str,
    ) -> ConfigError {
        self.in_table(near, key, Problem::Missing { key, kind })
    }

    pub(super) fn filled(&self, words: &Words) -> Result<String, ConfigError> {
        if words.get_ref().trim().is_empty() {
            return Err(self.at(words, Problem::Empty));
        }
        Ok(words.get_ref().clone())
    }

    /// A number between two limits, both inside.
    pub(super) fn within(
        &self,
        number: &Spanned<u32>,
        least: u32,
        most: u32,
    ) -> Result<u32, ConfigError> {
        let value = *number.get_ref();
        if value < least {
            let least = u64::from(least);
            return Err(self.at(number, Problem::TooSmall { least }));
        }
        if value > most {
            let (value, most) = (u64::from(value), u64::from(most));
            return Err(self.at(number, Problem::TooLarge { value, most }));
        }
        Ok(value)
    }

    fn minutes(&self, minutes: &Spanned<u32>) -> Result<u32, ConfigError> {
        self.within(minutes, 1, MINUTES_MAX)
    }

    fn levels(&self, table: Option<&LevelsTable>) -> Result<ServiceLevels, ConfigError> {
        let Some(table) = table else {
            return Ok(ServiceLevels::default());
        };
        let hours = |hours| self.within(hours, 1, MINUTES_MAX / 60);
        Ok(ServiceLevels {
            first_answer_hours: hours(&table.first_answer_hours)?,
            decision_hours: hours(&table.decision_hours)?,
            wait_hours: hours(&table.wait_hours)?,
            lease_minutes: self.within(&table.lease_minutes, 1, 24 * 60)?,
        })
    }

    fn retention(&self, table: Option<&RetentionTable>) -> Result<Option<u32>, ConfigError> {
        /// What is kept for longer than a decade is kept for ever: say so by leaving the table out.
        const DAYS_MAX: u32 = 3_660;
        table
            .map(|table| self.within(&table.appeal_words_days, 1, DAYS_MAX))
            .transpose()
    }

    pub(super) fn decimal(&self, words: &Words) -> Result<Decimal, ConfigError> {
        Decimal::parse(words.get_ref()).map_err(|error| self.at(words, error.into()))
    }

    /// A percentage of at most a hundred.
    pub(super) fn share(&self, words: &Words) -> Result<Decimal, ConfigError> {
        let percent = self.decimal(words)?;
        // So many percent of 100 coins, against 100 x 100: above means more than everything.
        let hundred = recover_core::amount::Amount::from_u128(100);
        let everything = recover_core::amount::Amount::from_u128(10_000);
        if percent
            .times_ceil(hundred)
            .is_none_or(|share| share > everything)
        {
            return Err(self.at(words, Problem::MoreThanAll));
        }
        Ok(percent)
    }

    pub(super) fn cents(&self, words: &Words) -> Result<Cents, ConfigError> {
        Cents::parse(words.get_ref()).map_err(|error| self.at(words, error.into()))
    }

    pub(super) fn cents_or_zero(&self, words: Option<&Words>) -> Result<Cents, ConfigError> {
        words.map_or(Ok(Cents::default()), |words| self.cents(words))
    }

    pub(super) fn cents_above_zero(&self, words: &Words) -> Result<Cents, ConfigError> {
        let cents = self.cents(words)?;
        if cents == Cents::default() {
            return Err(self.at(words, Problem::Zero));
        }
        Ok(cents)
    }

    pub(super) fn word<T: Copy>(
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

    /// As [`Self::word`], where the key may be left out.
    pub(super) fn word_or_none<T: Copy>(
        &self,
        words: Option<&Words>,
        parse: fn(&str) -> Option<T>,
        all: &[T],
        code: fn(T) -> &'static str,
    ) -> Result<Option<T>, ConfigError> {
        let word = |words| self.word(words, parse, all, code);
        words.map(word).transpose()
    }

    /// The kinds that a rule is for; none that is never recovered.
    pub(super) fn kinds(&self, list: &[Words]) -> Result<Vec<Kind>, ConfigError> {
        let kinds = list.iter().map(|words| {
            let kind = self.word(words, Kind::from_code, Kind::ALL, Kind::code)?;
            // What was credited already is claimed where the booking to the wrong user is corrected.
            if kind.is_workable() || kind == Kind::AlreadyCredited {
                Ok(kind)
            } else {
                Err(self.at(words, Problem::NotRecovered { kind }))
            }
        });
        kinds.collect()
    }

    /// The ways of paying that a rule is for; none that pays nobody.
    pub(super) fn payments(&self, list: &[Words]) -> Result<Vec<Resolution>, ConfigError> {
        let resolutions = list.iter().map(|words| {
            let resolution = self.word(
                words,
                Resolution::from_code,
                Resolution::ALL,
                Resolution::code,
            )?;
            if resolution.is_payment() {
                Ok(resolution)
            } else {
                Err(self.at(words, Problem::NotApproved { resolution }))
            }
        });
        resolutions.collect()
    }

    /// The networks that a rule is for.
    pub(super) fn networks(&self, list: &[Words]) -> Result<Vec<NetworkId>, ConfigError> {
        list.iter().map(|words| self.network(words)).collect()
    }

    pub(super) fn network(&self, words: &Words) -> Result<NetworkId, ConfigError> {
        let id = NetworkId::new(words.get_ref());
        self.network_known(words, &id)?;
        Ok(id)
    }

    /// Refuses a network that nobody knows, wherever its name stands in a text.
    pub(super) fn network_known(&self, words: &Words, id: &NetworkId) -> Result<(), ConfigError> {
        let is_known = match &self.known {
            Known::Any => true,
            Known::Names => names::known(id).is_some(),
            Known::Configured(networks) => {
                names::known(id).is_some() || networks.chains.network(id).is_some()
            }
        };
        if is_known {
            Ok(())
        } else {
            let name = id.to_string();
            Err(self.at(words, Problem::UnknownNetwork { name }))
        }
    }

    /// Whether the text is a version that the store keeps: it was checked by the rules of its time.
    pub(super) const fn is_stored(&self) -> bool {
        matches!(self.known, Known::Any)
    }

    /// What addresses are checked with; `None` when they are kept as written.
    pub(super) const fn configured(&self) -> Option<Networks<'a>> {
        match &self.known {
            Known::Configured(networks) => Some(*networks),
            Known::Names | Known::Any => None,
        }
    }

    fn people(&self, tables: &[PersonTable]) -> Result<Vec<Person>, ConfigError> {
        let mut people: Vec<Person> = Vec::with_capacity(tables.len());
        let mut owners: BTreeMap<PublicKey, String> = BTreeMap::new();
        for table in tables {
            let name = self.filled(&table.name)?;
            if name == crate::claims::ENGINE_ACTOR {
                return Err(self.at(&table.name, Problem::PersonReserved { name }));
            }
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
            if let Some(role) = stands_apart(&roles) {
                let problem = Problem::RoleNotAlone { role };
                return Err(self.in_table(&table.name, "roles", problem));
            }
            let mut keys = Vec::with_capacity(table.keys.len());
            for words in &table.keys {
                let key = PublicKey::parse(words.get_ref())
                    .map_err(|error| self.at(words, error.into()))?;
                if let Some(owner) = owners.insert(key, name.clone()) {
                    return Err(self.at(words, Problem::KeyTwice { owner }));
                }
                keys.push(key);
            }
            people.push(Person { name, roles, keys });
        }
        Ok(people)
    }
}

/// The role among these that goes with no other: who makes the rules does not act under them, and who examines changes nothing.
fn stands_apart(roles: &BTreeSet<Role>) -> Option<Role> {
    let apart = [Role::Admin, Role::Auditor];
    apart
        .into_iter()
        .find(|role| roles.len() > 1 && roles.contains(role))
}
