//! The fee rules of `policy.toml`: for whom each is, and what it says beside its form. Forms, and waivers and withdrawals, have
//! files of their own beside this one.

use super::error::{ConfigError, Problem};
use super::policy_file::{Reader, Words};
use super::policy_forms::{CellTable, FormKeys, TierTable, form_table};
use super::words::listed;
use recover_core::fee::{
    AgeWindow, Edge, FeeForm, FeePolicy, FeeRule, OnFailure, Outcome, PaidFrom, PriceTime, ValueMin,
};
use recover_core::kind::Kind;
use recover_core::network::NetworkId;
use serde::Deserialize;
use toml::Spanned;

/// Longer ago than every network began.
const AGE_DAYS_MAX: u32 = 36_600;

/// No user has more cases.
const CASES_MAX: u32 = 1_000;

/// No case takes longer than a year.
const DAYS_MAX: u32 = 366;

form_table! {
    pub(super) struct FeeTable {
        title: Option<Words>,
        kinds: Vec<Words>,
        #[serde(default)]
        networks: Vec<Words>,
        #[serde(default)]
        assets: Vec<Words>,
        #[serde(default)]
        resolutions: Vec<Words>,
        age_from_days: Option<Spanned<u32>>,
        age_to_days: Option<Spanned<u32>>,
        value_min: Option<Words>,
        value_min_edge: Option<Words>,
        waits_for_minimum: Option<Spanned<bool>>,
        first_free: Option<Spanned<u32>>,
        paid_from: Option<Words>,
        prepaid_gas: Option<Words>,
        on_failure: Option<Words>,
        price: Option<Words>,
        price_source: Option<Words>,
        days: Option<Spanned<Vec<u32>>>,
        outcome: Option<Words>,
        from: Option<Words>,
        to: Option<Words>,
        #[serde(default)]
        tier: Vec<TierTable>,
        #[serde(default)]
        cell: Vec<CellTable>,
    }
}

impl FeeTable {
    fn form_keys(&self) -> FormKeys<'_> {
        FormKeys {
            from: ("from", self.from.as_ref()),
            to: ("to", self.to.as_ref()),
            tiers: &self.tier,
            cells: &self.cell,
            ..self.keys()
        }
    }
}

impl Reader<'_> {
    /// Adds the rules to what is known of the fees already: waivers, withdrawals and what balances pay in.
    pub(super) fn fees(
        &self,
        tables: &[Spanned<FeeTable>],
        mut fees: FeePolicy,
    ) -> Result<FeePolicy, ConfigError> {
        for (number, table) in (1u32..).zip(tables) {
            let rule = self.fee(number, table.get_ref())?;
            self.payable(&rule, table, &fees)?;
            fees.rules.push(rule);
        }
        // What an earlier release took stays readable; such a rule never decided anything.
        let shadowed = fees.shadowed().filter(|_| !self.is_stored());
        if let Some(shadowed) = shadowed {
            let table = tables
                .iter()
                .zip(1u32..)
                .find(|(_, number)| *number == shadowed.rule);
            let earlier = shadowed.by;
            if let Some((table, _)) = table {
                return Err(self.at(table, Problem::Unreachable { earlier }));
            }
        }
        Ok(fees)
    }

    fn fee(&self, number: u32, table: &FeeTable) -> Result<FeeRule, ConfigError> {
        let networks = self.networks(&table.networks)?;
        let form = self.any_form(&table.form_keys())?;
        if let (FeeForm::Matrix(_), Some(network)) = (&form, table.networks.first()) {
            let (key, kind) = (
                "networks",
                "a matrix, whose cells name the networks themselves",
            );
            return Err(self.at(network, Problem::NotForKind { key, kind }));
        }
        let mut assets = Vec::with_capacity(table.assets.len());
        for words in &table.assets {
            let asset = self.asset(words)?;
            if !networks.is_empty() && !networks.contains(&asset.network) {
                let network = asset.network;
                return Err(self.at(words, Problem::AssetElsewhere { network }));
            }
            assets.push(asset);
        }
        let kinds = self.kinds(&table.kinds)?;
        let waits = table.waits_for_minimum.as_ref();
        let waits_for_minimum = self.waits_for_minimum(waits, &kinds)?;
        let rule = FeeRule {
            title: self.optional(table.title.as_ref())?,
            kinds,
            assets,
            resolutions: self.payments(&table.resolutions)?,
            age: self.age(table)?,
            value_min: self.value_min(table)?,
            waits_for_minimum,
            first_free: match &table.first_free {
                None => 0,
                Some(number) => self.within(number, 1, CASES_MAX)?,
            },
            paid_from: self.word_or_none(
                table.paid_from.as_ref(),
                PaidFrom::from_code,
                PaidFrom::ALL,
                PaidFrom::code,
            )?,
            prepaid_gas: self.prepaid(table.prepaid_gas.as_ref(), &networks)?,
            on_failure: self
                .word_or_none(
                    table.on_failure.as_ref(),
                    OnFailure::from_code,
                    OnFailure::ALL,
                    OnFailure::code,
                )?
                .unwrap_or(OnFailure::Refund),
            price: self.price_time(table.price.as_ref())?,
            price_source: self.optional(table.price_source.as_ref())?,
            days: self.days(table.days.as_ref())?,
            outcome: self.word_or_none(
                table.outcome.as_ref(),
                Outcome::from_code,
                Outcome::ALL,
                Outcome::code,
            )?,
            networks,
            ..FeeRule::new(number, form)
        };
        self.nothing_in_vain(table, &rule)?;
        Ok(rule)
    }

    /// Refuses the keys that this rule would not use.
    fn nothing_in_vain(&self, table: &FeeTable, rule: &FeeRule) -> Result<(), ConfigError> {
        let service_free = match rule.form {
            FeeForm::Refuse => Some("a rule that gives no service"),
            FeeForm::NetworkCost => Some("a rule without a service fee"),
            _ => None,
        };
        if let (Some(kind), Some(number)) = (service_free, &table.first_free) {
            let key = "first_free";
            return Err(self.at(number, Problem::NotForKind { key, kind }));
        }
        if rule.form != FeeForm::Refuse {
            return Ok(());
        }
        let keys = [
            ("value_min", &table.value_min),
            ("paid_from", &table.paid_from),
            ("prepaid_gas", &table.prepaid_gas),
            ("on_failure", &table.on_failure),
            ("price", &table.price),
            ("price_source", &table.price_source),
            ("outcome", &table.outcome),
        ];
        let kind = "a rule that gives no service";
        for (key, words) in keys {
            if let Some(words) = words {
                return Err(self.at(words, Problem::NotForKind { key, kind }));
            }
        }
        if let Some(waits) = &table.waits_for_minimum {
            let key = "waits_for_minimum";
            return Err(self.at(waits, Problem::NotForKind { key, kind }));
        }
        if let Some(days) = &table.days {
            let key = "days";
            return Err(self.at(days, Problem::NotForKind { key, kind }));
        }
        Ok(())
    }

    /// What is paid beside the deposit needs something to be paid in, and nothing else can be kept when a recovery fails.
    fn payable(
        &self,
        rule: &FeeRule,
        table: &Spanned<FeeTable>,
        fees: &FeePolicy,
    ) -> Result<(), ConfigError> {
        let words = table.get_ref();
        let in_coins = rule.form.members().all(|member| {
            matches!(
                member,
                FeeForm::Coin { .. } | FeeForm::WithdrawalFee { .. } | FeeForm::Refuse
            )
        });
        let is_beside = matches!(rule.paid_from, Some(PaidFrom::Balance | PaidFrom::Prepaid));
        let in_fee_asset = is_beside && !(in_coins && rule.prepaid_gas.is_some());
        if let Some(paid_from) = words
            .paid_from
            .as_ref()
            .filter(|_| in_fee_asset && fees.fee_asset.is_none())
        {
            return Err(self.at(paid_from, Problem::FeeAssetMissing));
        }
        let may_be_beside = is_beside
            || rule.prepaid_gas.is_some()
            || (rule.paid_from.is_none() && fees.fee_asset.is_some());
        if let Some(on_failure) = words
            .on_failure
            .as_ref()
            .filter(|_| !may_be_beside && rule.on_failure != OnFailure::Refund)
        {
            return Err(self.at(on_failure, Problem::NothingToKeep));
        }
        Ok(())
    }

    fn optional(&self, words: Option<&Words>) -> Result<Option<String>, ConfigError> {
        words.map(|words| self.filled(words)).transpose()
    }

    fn age(&self, table: &FeeTable) -> Result<Option<AgeWindow>, ConfigError> {
        let from_days = match &table.age_from_days {
            None => 0,
            Some(days) => self.within(days, 1, AGE_DAYS_MAX)?,
        };
        let Some(to) = &table.age_to_days else {
            let to_days = None;
            return Ok((from_days > 0).then_some(AgeWindow { from_days, to_days }));
        };
        let to_days = Some(self.within(to, from_days.saturating_add(1), AGE_DAYS_MAX)?);
        Ok(Some(AgeWindow { from_days, to_days }))
    }

    fn value_min(&self, table: &FeeTable) -> Result<Option<ValueMin>, ConfigError> {
        let edge = table.value_min_edge.as_ref();
        let edge = self.word_or_none(edge, Edge::from_code, Edge::ALL, Edge::code)?;
        match (&table.value_min, &table.value_min_edge) {
            (None, None) => Ok(None),
            (None, Some(words)) => Err(self.missing(words, "value_min", "value_min_edge")),
            (Some(words), _) => Ok(Some(ValueMin {
                value: self.cents(words)?,
                edge: edge.unwrap_or(Edge::GreaterOrEqual),
            })),
        }
    }

    /// Nothing else is below a smallest deposit.
    fn waits_for_minimum(
        &self,
        waits: Option<&Spanned<bool>>,
        kinds: &[Kind],
    ) -> Result<bool, ConfigError> {
        match waits {
            Some(waits) if *waits.get_ref() && kinds != [Kind::BelowMinimum] => {
                let key = "waits_for_minimum";
                let kind = "a rule for anything but kinds = [\"below_minimum\"]";
                Err(self.at(waits, Problem::NotForKind { key, kind }))
            }
            waits => Ok(waits.is_some_and(|waits| *waits.get_ref())),
        }
    }

    fn prepaid(
        &self,
        words: Option<&Words>,
        networks: &[NetworkId],
    ) -> Result<Option<recover_core::decimal::Decimal>, ConfigError> {
        let Some(words) = words else { return Ok(None) };
        // Each network has a coin of its own, so that one number means one network.
        let [network] = networks else {
            return Err(self.at(words, Problem::PrepaidWhere));
        };
        self.coins(network, words).map(Some)
    }

    fn price_time(&self, words: Option<&Words>) -> Result<PriceTime, ConfigError> {
        match words {
            None => Ok(PriceTime::Quote),
            Some(words) if words.get_ref() == "completion" => {
                let expected = listed(PriceTime::ALL, PriceTime::code);
                Err(self.at(words, Problem::PriceOfLater { expected }))
            }
            Some(words) => self.word(words, PriceTime::from_code, PriceTime::ALL, PriceTime::code),
        }
    }

    fn days(&self, days: Option<&Spanned<Vec<u32>>>) -> Result<Option<(u32, u32)>, ConfigError> {
        let Some(days) = days else { return Ok(None) };
        match days.get_ref().as_slice() {
            [least, most] if least <= most && *most <= DAYS_MAX => Ok(Some((*least, *most))),
            _ => Err(self.at(days, Problem::Days { most: DAYS_MAX })),
        }
    }
}
