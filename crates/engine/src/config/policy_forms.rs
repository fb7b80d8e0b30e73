//! What a fee rule, a tier or a cell of `policy.toml` charges: the shape and the checks of forms.

use super::error::{Ambiguity, ConfigError, Problem};
use super::policy_file::{Reader, Words};
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::decimal::Decimal;
use recover_core::fee::{
    Basis, Cents, Edge, FeeCell, FeeForm, FeeTier, FlatOrPercent, Operator, Percentage,
};
use recover_core::network::NetworkId;
use serde::Deserialize;
use std::collections::BTreeSet;

/// The keys of a form, wherever it stands.
#[derive(Clone, Copy)]
pub(super) struct FormKeys<'a> {
    pub form: &'a Words,
    pub amount: Option<&'a Words>,
    pub percent: Option<&'a Words>,
    pub floor: Option<&'a Words>,
    pub cap: Option<&'a Words>,
    pub basis: Option<&'a Words>,
    pub free_under: Option<&'a Words>,
    pub edge: Option<&'a Words>,
    pub operator: Option<&'a Words>,
    pub asset: Option<&'a Words>,
    pub multiple: Option<&'a Words>,
    /// The bounds of a range, with what their keys are called here: tiers and cells have another `from` and `to`.
    pub from: (&'static str, Option<&'a Words>),
    pub to: (&'static str, Option<&'a Words>),
    pub tiers: &'a [TierTable],
    pub cells: &'a [CellTable],
}

/// Declares a table that holds the keys of a form beside its own.
macro_rules! form_table {
    ($vis:vis struct $name:ident { $($(#[$meta:meta])* $field:ident: $kind:ty),* $(,)? }) => {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        $vis struct $name {
            $($(#[$meta])* $field: $kind,)*
            form: Words,
            amount: Option<Words>,
            percent: Option<Words>,
            floor: Option<Words>,
            cap: Option<Words>,
            basis: Option<Words>,
            free_under: Option<Words>,
            edge: Option<Words>,
            operator: Option<Words>,
            asset: Option<Words>,
            multiple: Option<Words>,
        }

        impl $name {
            /// The keys of its form, without those that tables spell differently.
            fn keys(&self) -> FormKeys<'_> {
                FormKeys {
                    form: &self.form,
                    amount: self.amount.as_ref(),
                    percent: self.percent.as_ref(),
                    floor: self.floor.as_ref(),
                    cap: self.cap.as_ref(),
                    basis: self.basis.as_ref(),
                    free_under: self.free_under.as_ref(),
                    edge: self.edge.as_ref(),
                    operator: self.operator.as_ref(),
                    asset: self.asset.as_ref(),
                    multiple: self.multiple.as_ref(),
                    from: ("from", None),
                    to: ("to", None),
                    tiers: &[],
                    cells: &[],
                }
            }
        }
    };
}
pub(super) use form_table;

form_table! {
    pub(super) struct TierTable {
        from: Words,
        to: Option<Words>,
        fee_from: Option<Words>,
        fee_to: Option<Words>,
    }
}

form_table! {
    pub(super) struct CellTable {
        from: Words,
        to: Words,
        fee_from: Option<Words>,
        fee_to: Option<Words>,
    }
}

impl TierTable {
    fn form_keys(&self) -> FormKeys<'_> {
        FormKeys {
            from: ("fee_from", self.fee_from.as_ref()),
            to: ("fee_to", self.fee_to.as_ref()),
            ..self.keys()
        }
    }
}

impl CellTable {
    fn form_keys(&self) -> FormKeys<'_> {
        FormKeys {
            from: ("fee_from", self.fee_from.as_ref()),
            to: ("fee_to", self.fee_to.as_ref()),
            ..self.keys()
        }
    }
}

/// The forms that a tier or a cell may have.
const PLAIN: &str =
    "flat, percent, flat_or_percent, coin, withdrawal_fee, network_cost, range, refuse";

impl Reader<'_> {
    /// The form of a rule.
    pub(super) fn any_form(&self, keys: &FormKeys<'_>) -> Result<FeeForm, ConfigError> {
        let form = match keys.form.get_ref().as_str() {
            "tiers" => {
                self.only(keys, "tiers", &["tier"])?;
                self.tiers(keys)?
            }
            "matrix" => {
                self.only(keys, "matrix", &["cell"])?;
                self.matrix(keys)?
            }
            _ => {
                return self.form(keys, &format!("{PLAIN}, tiers, matrix"));
            }
        };
        let coins = form.members().filter_map(FeeForm::coin);
        let coins: BTreeSet<&AssetId> = coins.collect();
        if coins.len() > 1 {
            return Err(self.at(keys.form, Problem::CoinsDiffer));
        }
        Ok(form)
    }

    /// Refuses the keys that a form does not use, so that no number is written in vain.
    fn only(
        &self,
        keys: &FormKeys<'_>,
        kind: &'static str,
        used: &[&str],
    ) -> Result<(), ConfigError> {
        let all = [
            ("amount", keys.amount),
            ("percent", keys.percent),
            ("floor", keys.floor),
            ("cap", keys.cap),
            ("basis", keys.basis),
            ("free_under", keys.free_under),
            ("edge", keys.edge),
            ("operator", keys.operator),
            ("asset", keys.asset),
            ("multiple", keys.multiple),
            keys.from,
            keys.to,
            ("tier", keys.tiers.first().map(|tier| &tier.from)),
            ("cell", keys.cells.first().map(|cell| &cell.from)),
        ];
        for (key, words) in all {
            if let Some(words) = words.filter(|_| !used.contains(&key)) {
                return Err(self.at(words, Problem::NotForKind { key, kind }));
            }
        }
        Ok(())
    }

    fn form(&self, keys: &FormKeys<'_>, forms: &str) -> Result<FeeForm, ConfigError> {
        self.unambiguous(keys)?;
        let need = |words, key, kind| {
            let words: Option<&Words> = words;
            words.ok_or_else(|| self.missing(keys.form, key, kind))
        };
        match keys.form.get_ref().as_str() {
            "flat" => {
                self.only(keys, "flat", &["amount"])?;
                let amount = self.cents(need(keys.amount, "amount", "flat")?)?;
                Ok(FeeForm::Flat { amount })
            }
            "percent" => {
                let used = ["percent", "floor", "cap", "basis", "free_under", "edge"];
                self.only(keys, "percent", &used)?;
                self.percent(keys, need(keys.percent, "percent", "percent")?)
            }
            "flat_or_percent" => {
                let kind = "flat_or_percent";
                self.only(keys, kind, &["amount", "percent", "operator"])?;
                let amount = self.cents(need(keys.amount, "amount", kind)?)?;
                let percent = self.share(need(keys.percent, "percent", kind)?)?;
                let operator = need(keys.operator, "operator", kind)?;
                Ok(FeeForm::FlatOrPercent(FlatOrPercent {
                    amount,
                    percent,
                    operator: self.word(
                        operator,
                        Operator::from_code,
                        Operator::ALL,
                        Operator::code,
                    )?,
                }))
            }
            "coin" => {
                self.only(keys, "coin", &["asset", "amount"])?;
                let asset = self.listed_asset(need(keys.asset, "asset", "coin")?)?;
                let amount = need(keys.amount, "amount", "coin")?;
                Ok(FeeForm::Coin {
                    amount: self.coins_of(&asset, amount)?,
                    asset,
                })
            }
            "withdrawal_fee" => {
                self.only(keys, "withdrawal_fee", &["multiple"])?;
                let words = need(keys.multiple, "multiple", "withdrawal_fee")?;
                let multiple = self.decimal(words)?;
                if multiple.is_zero() {
                    return Err(self.at(words, Problem::Zero));
                }
                Ok(FeeForm::WithdrawalFee { multiple })
            }
            "network_cost" => {
                self.only(keys, "network_cost", &[])?;
                Ok(FeeForm::NetworkCost)
            }
            "range" => {
                let ((from_key, from), (to_key, to)) = (keys.from, keys.to);
                self.only(keys, "range", &[from_key, to_key])?;
                let from = self.cents(need(from, from_key, "range")?)?;
                let words = need(to, to_key, "range")?;
                let to = self.cents(words)?;
                if to < from {
                    return Err(self.at(words, Problem::RangeOrder { from }));
                }
                Ok(FeeForm::Range { from, to })
            }
            "refuse" => {
                self.only(keys, "refuse", &[])?;
                Ok(FeeForm::Refuse)
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

    /// "Up to X or Y percent" says neither the lesser nor the greater, and at large values they are worlds apart.
    fn unambiguous(&self, keys: &FormKeys<'_>) -> Result<(), ConfigError> {
        let is_either = keys.form.get_ref() == "flat_or_percent";
        let may_be_meant = is_either || matches!(keys.form.get_ref().as_str(), "flat" | "percent");
        let (Some(amount), Some(percent)) = (keys.amount, keys.percent) else {
            return Ok(());
        };
        if !may_be_meant || (is_either && keys.operator.is_some()) {
            return Ok(());
        }
        let (sum, share) = (self.cents(amount)?, self.share(percent)?);
        let value = telling_value(sum, share).unwrap_or(sum);
        let charged = |operator| {
            let either = FlatOrPercent {
                amount: sum,
                percent: share,
                operator,
            };
            either.fee(value).unwrap_or(sum)
        };
        let ambiguity = Ambiguity {
            amount: sum,
            percent: share,
            value,
            lesser: charged(Operator::Lesser),
            greater: charged(Operator::Greater),
        };
        Err(self.at(percent, Problem::Ambiguous(Box::new(ambiguity))))
    }

    fn percent(&self, keys: &FormKeys<'_>, percent: &Words) -> Result<FeeForm, ConfigError> {
        let percent = self.share(percent)?;
        let floor = self.cents_or_zero(keys.floor)?;
        let cap = keys.cap.map(|words| self.cents(words)).transpose()?;
        if let Some(words) = keys.cap.filter(|_| cap.is_some_and(|cap| cap < floor)) {
            return Err(self.at(words, Problem::CapUnderFloor));
        }
        let edge = self.word_or_none(keys.edge, Edge::from_code, Edge::ALL, Edge::code)?;
        let basis = self.word_or_none(keys.basis, Basis::from_code, Basis::ALL, Basis::code)?;
        let free_under = self.cents_or_zero(keys.free_under)?;
        // Public fee pages leave both open, and a customer at the very limit pays five percent or nothing. Versions of a
        // release that took silence for an answer stay readable.
        if let Some(free) = keys
            .free_under
            .filter(|_| free_under != Cents::default() && !self.is_stored())
        {
            for (key, is_silent) in [("basis", basis.is_none()), ("edge", edge.is_none())] {
                if is_silent {
                    return Err(self.in_table(
                        free,
                        key,
                        Problem::FreePartUnsettled {
                            key,
                            free: free_under,
                        },
                    ));
                }
            }
        }
        Ok(FeeForm::Percent(Percentage {
            percent,
            floor,
            cap,
            free_under,
            edge: edge.unwrap_or(Edge::GreaterOrEqual),
            basis: basis.unwrap_or(Basis::Whole),
        }))
    }

    fn tiers(&self, keys: &FormKeys<'_>) -> Result<FeeForm, ConfigError> {
        if keys.tiers.is_empty() {
            return Err(self.missing(keys.form, "tier", "tiers"));
        }
        let mut tiers: Vec<FeeTier> = Vec::with_capacity(keys.tiers.len());
        for table in keys.tiers {
            let from = self.cents(&table.from)?;
            let to = table
                .to
                .as_ref()
                .map(|words| self.cents(words))
                .transpose()?;
            if let Some(before) = tiers.last() {
                self.follows(&table.from, before, from)?;
            }
            if let (Some(words), Some(to)) = (&table.to, to.filter(|to| *to <= from)) {
                return Err(self.at(words, Problem::TierEmpty { from, to }));
            }
            tiers.push(FeeTier {
                from,
                to,
                form: self.form(&table.form_keys(), PLAIN)?,
            });
        }
        let last = keys.tiers.last().and_then(|table| table.to.as_ref());
        if let Some(words) = last.filter(|_| !self.is_stored()) {
            return Err(self.at(words, Problem::TierLast));
        }
        Ok(FeeForm::Tiers(tiers))
    }

    /// A tier begins where the one before it ends: a value has one fee.
    fn follows(&self, words: &Words, before: &FeeTier, from: Cents) -> Result<(), ConfigError> {
        let Some(to) = before.to else {
            let before = before.from;
            return Err(self.at(words, Problem::TierAfterLast { before, from }));
        };
        if from < to {
            return Err(self.at(words, Problem::TierOverlap { to, from }));
        }
        if from > to && !self.is_stored() {
            return Err(self.at(words, Problem::TierGap { to, from }));
        }
        Ok(())
    }

    fn matrix(&self, keys: &FormKeys<'_>) -> Result<FeeForm, ConfigError> {
        if keys.cells.is_empty() {
            return Err(self.missing(keys.form, "cell", "matrix"));
        }
        let mut cells: Vec<FeeCell> = Vec::with_capacity(keys.cells.len());
        for table in keys.cells {
            let (from, to) = (self.network(&table.from)?, self.network(&table.to)?);
            if cells.iter().any(|cell| cell.from == from && cell.to == to) {
                return Err(self.at(&table.from, Problem::CellTwice { from, to }));
            }
            cells.push(FeeCell {
                from,
                to,
                form: self.form(&table.form_keys(), PLAIN)?,
            });
        }
        Ok(FeeForm::Matrix(cells))
    }

    /// An asset in the text of `AssetId`, whether the exchange lists it or not: a token in canonical text where that can be
    /// checked.
    pub(super) fn asset(&self, words: &Words) -> Result<AssetId, ConfigError> {
        let text = words.get_ref();
        let asset = AssetId::parse(text)
            .filter(|asset| {
                asset.contract_text().is_some_and(|token| !token.is_empty())
                    || *asset == AssetId::native(asset.network.clone())
            })
            .ok_or_else(|| {
                let text = text.clone();
                self.at(words, Problem::Asset { text })
            })?;
        self.network_known(words, &asset.network)?;
        let Some((networks, token)) = self.configured().zip(asset.contract_text()) else {
            return Ok(asset);
        };
        if let Some(config) = networks.chains.network(&asset.network) {
            let family = config.family;
            let codec = networks
                .codecs
                .codec(family)
                .ok_or_else(|| self.at(words, Problem::NoCodec { family }))?;
            let canonical = codec
                .asset(token)
                .map_err(|error| self.at(words, error.into()))?;
            if canonical != token {
                return Err(self.at(words, Problem::NoChecksum { canonical }));
            }
        }
        Ok(asset)
    }

    /// An asset that `chains.toml` has, so that its decimals and its price are known.
    pub(super) fn listed_asset(&self, words: &Words) -> Result<AssetId, ConfigError> {
        let asset = self.asset(words)?;
        let is_missing = self
            .configured()
            .is_some_and(|networks| networks.chains.terms(&asset).is_none());
        if is_missing {
            let asset = asset.to_string();
            return Err(self.at(words, Problem::AssetNotListed { asset }));
        }
        Ok(asset)
    }

    /// Whole coins of an asset, above zero and with no more decimals than it has.
    pub(super) fn coins_of(&self, asset: &AssetId, words: &Words) -> Result<Decimal, ConfigError> {
        let coins = self.decimal(words)?;
        if coins.is_zero() {
            return Err(self.at(words, Problem::Zero));
        }
        let terms = self
            .configured()
            .and_then(|networks| networks.chains.terms(asset));
        if let Some(terms) = terms {
            Amount::from_coin_text(words.get_ref(), terms.decimals)
                .map_err(|error| self.at(words, error.into()))?;
        }
        Ok(coins)
    }

    /// Whole coins of a network's own currency, above zero and with no more decimals than it has.
    pub(super) fn coins(&self, network: &NetworkId, words: &Words) -> Result<Decimal, ConfigError> {
        self.coins_of(&AssetId::native(network.clone()), words)
    }
}

/// A value at which the two readings of "a sum or a percentage" lie apart: twice the one at which they agree.
fn telling_value(sum: Cents, percent: Decimal) -> Option<Cents> {
    let two_hundred = Amount::from_u128(200);
    let doubled = sum.0.mul_ratio_ceil(two_hundred, Amount::from_u128(1))?;
    let value = percent.divide_ceil(doubled)?;
    // A sum of zero agrees with the percentage nowhere but at zero.
    let least = Cents(Amount::from_u128(100_000));
    Some(Cents(value).max(least))
}
