//! Quotes: what recovery costs, itemised, from the policy, prices that are fresh, and the network's cost now.

use crate::engine::Engine;
use crate::error::EngineError;
use recover_core::amount::Amount;
use recover_core::asset::{AssetId, AssetReference};
use recover_core::claim::Resolution;
use recover_core::decimal::Decimal;
use recover_core::deposit::Deposit;
use recover_core::fee::{self, NetworkFee, Quote, QuoteInput, QuoteRefusal, Rounding};
use recover_core::time::Timestamp;
use recover_core::verdict::Verdict;

/// A price from the future is a clock that is wrong; a few minutes are forgiven.
pub(crate) const CLOCK_SLACK_SECONDS: i64 = 300;

/// A quote for a deposit, or why there is none, with everything it was reckoned from.
#[derive(Debug, Clone)]
pub struct DepositQuote {
    /// The sums, or the refusal.
    pub outcome: Result<Quote, QuoteRefusal>,
    /// What is missing, in words; empty for a quote.
    pub detail: String,
    /// The policy's currency.
    pub currency: String,
    /// The price rows used.
    pub price_ids: Vec<String>,
    /// How the network's cost was reckoned; `None` where no transaction is needed.
    pub network_basis: Option<String>,
    /// What was set aside for the network, in native base units; zero where no transaction is needed, `None` where unknown.
    pub network_amount: Option<Amount>,
    /// What shall happen to the money.
    pub resolution: Resolution,
    /// When the prices and the cost were read.
    pub reckoned_at: Timestamp,
}

impl DepositQuote {
    /// One line for a person.
    #[must_use]
    pub fn in_words(&self, symbol: &str, decimals: u8) -> String {
        match &self.outcome {
            Ok(quote) => format!(
                "worth {} {currency}; service fee {}, network fee {}; the customer receives {} {symbol}",
                quote.value,
                quote.service_fee,
                quote.network_fee,
                quote.net.to_coin_text(decimals),
                currency = self.currency,
            ),
            Err(refusal) => format!("no quote ({refusal}): {}", self.detail),
        }
    }
}

impl Engine {
    /// Reckons a quote for a deposit without storing anything.
    ///
    /// # Errors
    /// When no policy is loaded or the store fails. What is unknown makes a refusal, never a number.
    pub async fn estimate(&self, deposit: &Deposit) -> Result<DepositQuote, EngineError> {
        let resolution =
            Resolution::proposed(deposit.classification.kind, &deposit.classification.verdict);
        self.estimate_for(deposit, resolution).await
    }

    /// As [`Engine::estimate`], for a resolution that somebody chose.
    ///
    /// # Errors
    /// As [`Engine::estimate`].
    pub async fn estimate_for(
        &self,
        deposit: &Deposit,
        resolution: Resolution,
    ) -> Result<DepositQuote, EngineError> {
        self.estimate_from(deposit, resolution, None).await
    }

    /// As [`Engine::estimate_for`], with at least this set aside for the network, in native base units.
    pub(crate) async fn estimate_from(
        &self,
        deposit: &Deposit,
        resolution: Resolution,
        at_least: Option<Amount>,
    ) -> Result<DepositQuote, EngineError> {
        let policy = self.policy()?;
        let now = self.now();
        let mut price_ids = Vec::new();
        let mut missing = String::new();
        let price = self
            .fresh_price(deposit.asset(), now, &mut price_ids, &mut missing)
            .await?;
        let (network_fee, network_basis) = if resolution.needs_transaction() {
            let (fee, basis) = self
                .network_fee(deposit, now, at_least, &mut price_ids, &mut missing)
                .await?;
            (Some(fee), basis)
        } else {
            (None, None)
        };
        let network_amount = match &network_fee {
            None => Some(Amount::ZERO),
            Some(fee) => fee.price.map(|_| fee.amount),
        };
        let outcome = fee::quote(&QuoteInput {
            rules: &policy.fees,
            kind: deposit.classification.kind,
            network: deposit.network(),
            amount: deposit.amount(),
            decimals: deposit.decimals_vouched.then_some(deposit.decimals),
            price,
            network_fee,
        });
        let detail = match &outcome {
            Ok(_) => String::new(),
            Err(refusal) => self.why_no_quote(*refusal, deposit, &missing),
        };
        price_ids.sort();
        price_ids.dedup();
        Ok(DepositQuote {
            outcome,
            detail,
            currency: policy.currency.clone(),
            price_ids,
            network_basis,
            network_amount,
            resolution,
            reckoned_at: now,
        })
    }

    /// The newest price that is not older than the policy allows.
    async fn fresh_price(
        &self,
        asset: &AssetId,
        now: Timestamp,
        price_ids: &mut Vec<String>,
        missing: &mut String,
    ) -> Result<Option<Decimal>, EngineError> {
        let policy = self.policy()?;
        let latest = now.plus_seconds(CLOCK_SLACK_SECONDS).unwrap_or(now);
        let Some(price) = self
            .store
            .latest_price(asset, &policy.currency, latest)
            .await?
        else {
            *missing = format!(
                "no price of {asset} in {}: `recover prices import`",
                policy.currency
            );
            return Ok(None);
        };
        let age = i64::from(policy.price_age_max_minutes).saturating_mul(60);
        if price
            .priced_at
            .plus_seconds(age)
            .is_none_or(|ends| ends < now)
        {
            *missing = format!(
                "the newest price of {asset} is of {}, older than {} minutes: `recover prices import`",
                price.priced_at, policy.price_age_max_minutes
            );
            return Ok(None);
        }
        price_ids.push(price.id());
        Ok(Some(price.price))
    }

    /// What moving the deposit costs with the policy's margin. A step whose cost nobody can say (a deployment) leaves the
    /// native price out, so that no quote is given.
    async fn network_fee(
        &self,
        deposit: &Deposit,
        now: Timestamp,
        at_least: Option<Amount>,
        price_ids: &mut Vec<String>,
        missing: &mut String,
    ) -> Result<(NetworkFee, Option<String>), EngineError> {
        let policy = self.policy()?;
        let unknown = NetworkFee {
            amount: Amount::ZERO,
            decimals: 0,
            price: None,
        };
        let Some(network) = self.chains.network(deposit.network()) else {
            *missing = format!("network {} is not in chains.toml", deposit.network());
            return Ok((unknown, None));
        };
        let cost = match self.source(network) {
            Ok(source) => source
                .network_cost()
                .await
                .map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        let cost = match cost {
            Ok(cost) => cost,
            Err(error) => {
                *missing = format!("what {} charges is unknown: {error}", network.id);
                return Ok((unknown, None));
            }
        };
        // A token is moved with the native coin of its address: a top-up and the transfer itself.
        let mut total = match deposit.asset().reference {
            AssetReference::Native => Some(cost.native_transfer),
            _ => cost.native_transfer.checked_add(cost.token_transfer),
        };
        if let Verdict::NeedsDeploy(legs) = &deposit.classification.verdict {
            for _ in legs {
                total = total.and_then(|total| total.checked_add(cost.contract_step));
            }
        }
        let hundred = Amount::from_u128(100);
        let with_margin = total.and_then(|total| {
            let margin = policy.gas_buffer_percent.times_ceil(total)?;
            total.checked_add(margin.mul_ratio_ceil(Amount::from_u128(1), hundred)?)
        });
        let with_margin = with_margin.map(|amount| amount.max(at_least.unwrap_or(Amount::ZERO)));
        let Some(amount) = with_margin else {
            *missing = format!("what {} charges does not fit any number", network.id);
            return Ok((unknown, None));
        };
        let native = AssetId::native(network.id.clone());
        let price = self.fresh_price(&native, now, price_ids, missing).await?;
        let basis = format!(
            "{} {} at most ({}, {} % margin)",
            amount.to_coin_text(network.native.terms.decimals),
            network.native.terms.symbol,
            cost.basis,
            policy.gas_buffer_percent
        );
        Ok((
            NetworkFee {
                amount,
                decimals: network.native.terms.decimals,
                price,
            },
            Some(basis),
        ))
    }

    fn why_no_quote(&self, refusal: QuoteRefusal, deposit: &Deposit, missing: &str) -> String {
        match refusal {
            QuoteRefusal::DecimalsUnknown => {
                "nobody vouches for this asset's decimals: list it in chains.toml, or `recover tokens review --decision genuine --decimals N`".to_owned()
            }
            QuoteRefusal::PriceUnknown | QuoteRefusal::NetworkPriceUnknown => missing.to_owned(),
            QuoteRefusal::NoRule => format!(
                "no fee rule of policy.toml is for {} on {}",
                deposit.classification.kind,
                deposit.network()
            ),
            QuoteRefusal::ValueTooSmall => "its value is under the policy's minimum for this kind".to_owned(),
            QuoteRefusal::FeeExceedsValue => "the fees would eat it".to_owned(),
            QuoteRefusal::OutOfRange => "an amount or a price leaves every range: a person must look".to_owned(),
        }
    }

    /// Writes the value of open deposits at the newest known price, whatever its age: for sorting, never for a quote. Those
    /// without any price have none.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn revalue(&self) -> Result<(), EngineError> {
        let Ok(policy) = self.policy() else {
            return Ok(());
        };
        let now = self.now();
        let latest = now.plus_seconds(CLOCK_SLACK_SECONDS).unwrap_or(now);
        let filter = recover_store::DepositFilter {
            statuses: vec![
                recover_core::deposit::DepositStatus::Unconfirmed,
                recover_core::deposit::DepositStatus::Open,
                recover_core::deposit::DepositStatus::Claimed,
            ],
            ..recover_store::DepositFilter::default()
        };
        let mut prices = std::collections::BTreeMap::new();
        let mut after = None;
        loop {
            let page = self
                .store
                .list_deposits(
                    &filter,
                    recover_store::DepositOrder::Id,
                    after.as_ref(),
                    1_000,
                )
                .await?;
            let mut values = Vec::new();
            for stored in &page.deposits {
                let deposit = &stored.deposit;
                if !prices.contains_key(deposit.asset()) {
                    let price = self
                        .store
                        .latest_price(deposit.asset(), &policy.currency, latest)
                        .await?;
                    prices.insert(deposit.asset().clone(), price);
                }
                let price = prices.get(deposit.asset()).and_then(Option::as_ref);
                let value = price
                    .filter(|_| deposit.decimals_vouched)
                    .and_then(|price| {
                        let cents = fee::value_of(
                            deposit.amount(),
                            deposit.decimals,
                            price.price,
                            Rounding::Down,
                        )?;
                        let cents = i64::try_from(cents.0.to_u128()?).ok()?;
                        Some((cents, price.id()))
                    });
                if value != stored.value {
                    values.push((deposit.id(), value));
                }
            }
            self.store.update_values(values).await?;
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }
}
