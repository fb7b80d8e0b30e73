//! Up to which value a match passes without a person: what the policy in force says, at the prices that count now.

use crate::engine::Engine;
use crate::error::EngineError;
use crate::prices::PriceTerms;
use recover_core::amount::Amount;
use recover_core::asset::{AssetId, AssetReference};
use recover_core::decimal::Decimal;
use recover_core::deposit::{Deposit, Origin};
use recover_core::fee::{self, Cents, Rounding};

/// The limit.
pub(crate) struct MatchLimit {
    /// The highest value that passes; zero where nothing does.
    most: Cents,
    /// The currency of the limit.
    currency: String,
    /// Which prices count.
    prices: PriceTerms,
}

impl Engine {
    /// The limit of the policy in force; of the file that was given where the database knows none yet. `None` without any
    /// policy: then nothing can be quoted, approved or released either.
    ///
    /// # Errors
    /// When the store fails, or the version in force cannot be read.
    pub(crate) async fn match_limit(&self) -> Result<Option<MatchLimit>, EngineError> {
        let policy = self.policy_known().await?;
        Ok(policy.map(|policy| MatchLimit {
            most: policy.match_value_max,
            currency: policy.currency.clone(),
            prices: PriceTerms::of(&policy),
        }))
    }
}

impl MatchLimit {
    /// The currency of the limit.
    pub(crate) fn currency(&self) -> &str {
        &self.currency
    }

    /// Which prices count.
    pub(crate) const fn prices(&self) -> PriceTerms {
        self.prices
    }

    /// The highest value that passes.
    pub(crate) const fn most(&self) -> Cents {
        self.most
    }

    /// Whether so much at this price is within the limit. Without a price nothing is: one that is old or contradicted counts no more
    /// here than in a quote.
    pub(crate) fn admits(&self, amount: Amount, decimals: u8, price: Option<Decimal>) -> bool {
        // Rounded up: what is above the limit by less than a cent is above it.
        let value = price
            .filter(|price| !price.is_zero())
            .and_then(|price| fee::value_of(amount, decimals, price, Rounding::Up));
        self.most != Cents::default() && value.is_some_and(|value| value <= self.most)
    }
}

/// The decimals of a deposit's amount, where it is known how many coins it is: vouched for, or stated in coins by the
/// exchange's own file about an asset that is configured.
pub(crate) fn decimals_of(deposit: &Deposit) -> Option<u8> {
    let is_told = matches!(deposit.origin, Origin::Imported(_));
    is_known(deposit.asset(), deposit.decimals_vouched, is_told).then_some(deposit.decimals)
}

/// Whether the scale of an amount is known, as [`decimals_of`] says.
pub(crate) const fn is_known(asset: &AssetId, is_vouched: bool, is_told: bool) -> bool {
    is_vouched || (is_told && !matches!(asset.reference, AssetReference::Unlisted(_)))
}
