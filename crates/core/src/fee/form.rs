//! How a service fee follows from the value of a deposit.

use super::money::Cents;
use super::rule::{Case, WithdrawalTerms};
use crate::amount::Amount;
use crate::asset::AssetId;
use crate::code::coded;
use crate::decimal::Decimal;
use crate::network::NetworkId;

coded! {
    /// What a percentage is taken of.
    pub enum Basis {
        /// The whole value.
        Whole => "whole",
        /// What exceeds the free part.
        Excess => "excess",
    }
}

coded! {
    /// Whether a limit is still outside (`gt`: only what is above counts) or inside (`ge`) of what it begins.
    pub enum Edge {
        /// Above the limit only.
        GreaterThan => "gt",
        /// At the limit already.
        GreaterOrEqual => "ge",
    }
}

impl Edge {
    /// Whether a value is on the far side of the limit.
    #[must_use]
    pub fn reached(self, value: Cents, limit: Cents) -> bool {
        match self {
            Self::GreaterThan => value > limit,
            Self::GreaterOrEqual => value >= limit,
        }
    }
}

coded! {
    /// Which of two fees is charged. "Up to X or Y %" says neither, so that the policy must.
    pub enum Operator {
        /// The smaller one.
        Lesser => "lesser",
        /// The larger one.
        Greater => "greater",
    }
}

/// A percentage of the value, see [`FeeForm::Percent`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Percentage {
    /// The percentage (`5` is five in a hundred).
    pub percent: Decimal,
    /// The least that is charged once anything is.
    pub floor: Cents,
    /// The most; `None` for no limit.
    pub cap: Option<Cents>,
    /// Values up to here are free.
    pub free_under: Cents,
    /// Whether a value exactly at `free_under` is charged.
    pub edge: Edge,
    /// What the percentage is taken of.
    pub basis: Basis,
}

impl Percentage {
    /// The fee for a value, rounded up to a cent; `None` where it does not fit.
    #[must_use]
    pub fn fee(&self, value: Cents) -> Option<Cents> {
        if !self.edge.reached(value, self.free_under) {
            return Some(Cents::default());
        }
        let base = match self.basis {
            Basis::Whole => value,
            Basis::Excess => value.checked_sub(self.free_under)?,
        };
        let fee = base.percent_up(self.percent)?.max(self.floor);
        Some(self.cap.map_or(fee, |cap| fee.min(cap)))
    }
}

/// A fixed sum or a percentage, see [`FeeForm::FlatOrPercent`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlatOrPercent {
    /// The fixed sum.
    pub amount: Cents,
    /// The percentage.
    pub percent: Decimal,
    /// Which of them is charged.
    pub operator: Operator,
}

impl FlatOrPercent {
    /// The fee for a value, its percentage rounded up to a cent; `None` where it does not fit.
    #[must_use]
    pub fn fee(&self, value: Cents) -> Option<Cents> {
        let share = value.percent_up(self.percent)?;
        Some(match self.operator {
            Operator::Lesser => share.min(self.amount),
            Operator::Greater => share.max(self.amount),
        })
    }
}

/// How a service fee is reckoned from the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeeForm {
    /// The same for every value.
    Flat {
        /// The fee.
        amount: Cents,
    },
    /// A percentage between a floor and a cap, charged from a threshold on.
    Percent(Percentage),
    /// A fixed sum or a percentage of the whole, whichever the operator says.
    FlatOrPercent(FlatOrPercent),
    /// Half-open value tiers without gaps, each with a form of its own; a value below the first is refused.
    Tiers(Vec<FeeTier>),
    /// By the network where the money landed and the one for which its address was made. The rule is for these pairs only.
    Matrix(Vec<FeeCell>),
    /// So many coins of one asset.
    Coin {
        /// The asset.
        asset: AssetId,
        /// How many whole coins.
        amount: Decimal,
    },
    /// A multiple of what a withdrawal of the deposit's own asset costs, in that asset.
    WithdrawalFee {
        /// How many times.
        multiple: Decimal,
    },
    /// Only what the network takes.
    NetworkCost,
    /// A person names the fee within these bounds, both inside.
    Range {
        /// The least.
        from: Cents,
        /// The most.
        to: Cents,
    },
    /// The service is not given.
    Refuse,
}

/// One tier: values from `from` (inside) to `to` (outside).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeeTier {
    /// The least value inside.
    pub from: Cents,
    /// The first value outside; `None` for no limit.
    pub to: Option<Cents>,
    /// What is charged inside; neither tiers nor a matrix.
    pub form: FeeForm,
}

impl FeeTier {
    /// Whether a value is inside.
    #[must_use]
    pub fn holds(&self, value: Cents) -> bool {
        self.from <= value && self.to.is_none_or(|to| value < to)
    }
}

/// One cell of a matrix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeeCell {
    /// The network where the money landed.
    pub from: NetworkId,
    /// The network for which the address was made.
    pub to: NetworkId,
    /// What is charged; neither tiers nor a matrix.
    pub form: FeeForm,
}

/// A service fee as its form states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceFee {
    /// A sum of the currency.
    Cents(Cents),
    /// Coins of an asset, in base units.
    Coins {
        /// Which asset.
        asset: AssetId,
        /// How much, in base units.
        amount: Amount,
    },
}

/// Why a form gives no fee.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoFee {
    /// No tier holds the value.
    OutsideTiers,
    /// The policy does not say what a withdrawal of the asset costs.
    WithdrawalFeeUnknown,
    /// A person must name it.
    ByPerson,
    /// What the person named is outside the bounds.
    OutsideRange,
    /// The rule refuses the service.
    Refused,
    /// A number does not fit, or a sum has more decimals than its asset.
    OutOfRange,
}

/// What a form looks at.
#[derive(Clone, Copy)]
pub(super) struct FormInput<'a> {
    pub value: Cents,
    /// The deposit's asset.
    pub asset: &'a AssetId,
    /// Its decimals.
    pub decimals: u8,
    /// Decimals of the asset of [`FeeForm::Coin`].
    pub coin_decimals: Option<u8>,
    pub withdrawal: Option<&'a WithdrawalTerms>,
    pub named: Option<Cents>,
}

impl FeeForm {
    /// The form that decides for a value and a case: of tiers and matrices the member, else itself. `None` where none does.
    #[must_use]
    pub fn deciding(&self, value: Cents, case: &Case<'_>) -> Option<&Self> {
        match self {
            Self::Tiers(tiers) => tier_of(tiers, value),
            Self::Matrix(cells) => cells
                .iter()
                .find(|cell| cell.from == *case.network && Some(&cell.to) == case.home)
                .map(|cell| &cell.form),
            other => Some(other),
        }
    }

    /// The forms that may decide: the members of tiers and of a matrix in their order, else the form itself.
    pub fn members(&self) -> impl Iterator<Item = &Self> {
        let (tiers, cells, own): (&[FeeTier], &[FeeCell], _) = match self {
            Self::Tiers(tiers) => (tiers, &[], None),
            Self::Matrix(cells) => (&[], cells, None),
            own => (&[], &[], Some(own)),
        };
        let tiers = tiers.iter().map(|tier| &tier.form);
        let cells = cells.iter().map(|cell| &cell.form);
        tiers.chain(cells).chain(own)
    }

    /// The asset of [`FeeForm::Coin`], wherever it stands: one form has one such asset, which the reader of the policy sees to.
    #[must_use]
    pub fn coin(&self) -> Option<&AssetId> {
        self.members().find_map(|member| match member {
            Self::Coin { asset, .. } => Some(asset),
            _ => None,
        })
    }

    /// What is charged for a value where the value alone decides it; `None` for a form that needs a case, a price or a person,
    /// and for a value that is refused.
    #[must_use]
    pub fn cents_at(&self, value: Cents) -> Option<Cents> {
        match self {
            Self::Flat { amount } => Some(*amount),
            Self::Percent(percentage) => percentage.fee(value),
            Self::FlatOrPercent(either) => either.fee(value),
            Self::Tiers(tiers) => tier_of(tiers, value)?.cents_at(value),
            Self::Matrix(_)
            | Self::Coin { .. }
            | Self::WithdrawalFee { .. }
            | Self::NetworkCost
            | Self::Range { .. }
            | Self::Refuse => None,
        }
    }

    /// The fee, before anybody is let off.
    pub(super) fn fee(&self, input: FormInput<'_>) -> Result<ServiceFee, NoFee> {
        let cents = |cents: Option<Cents>| cents.map(ServiceFee::Cents).ok_or(NoFee::OutOfRange);
        match self {
            Self::Flat { amount } => Ok(ServiceFee::Cents(*amount)),
            Self::NetworkCost => Ok(ServiceFee::Cents(Cents::default())),
            Self::Percent(percentage) => cents(percentage.fee(input.value)),
            Self::FlatOrPercent(either) => cents(either.fee(input.value)),
            Self::Coin { asset, amount } => {
                let decimals = input.coin_decimals.ok_or(NoFee::OutOfRange)?;
                let amount = exactly(*amount, decimals).ok_or(NoFee::OutOfRange)?;
                let asset = asset.clone();
                Ok(ServiceFee::Coins { asset, amount })
            }
            Self::WithdrawalFee { multiple } => {
                let terms = input.withdrawal.ok_or(NoFee::WithdrawalFeeUnknown)?;
                let fee = exactly(terms.fee, input.decimals).ok_or(NoFee::OutOfRange)?;
                let amount = multiple.times_ceil(fee).ok_or(NoFee::OutOfRange)?;
                let asset = input.asset.clone();
                Ok(ServiceFee::Coins { asset, amount })
            }
            Self::Range { from, to } => {
                let named = input.named.ok_or(NoFee::ByPerson)?;
                if named < *from || named > *to {
                    return Err(NoFee::OutsideRange);
                }
                Ok(ServiceFee::Cents(named))
            }
            Self::Refuse => Err(NoFee::Refused),
            // Their member decides, and is none of these again.
            Self::Tiers(_) | Self::Matrix(_) => Err(NoFee::OutsideTiers),
        }
    }
}

/// What the tier charges that holds a value; `None` where none does.
fn tier_of(tiers: &[FeeTier], value: Cents) -> Option<&FeeForm> {
    let holding = tiers.iter().find(|tier| tier.holds(value));
    holding.map(|tier| &tier.form)
}

/// Whole coins in base units; `None` when they have more decimals than the asset, or do not fit.
pub(super) fn exactly(coins: Decimal, decimals: u8) -> Option<Amount> {
    Amount::from_coin_text(&coins.to_string(), decimals).ok()
}
