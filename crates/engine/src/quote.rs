//! Quotes: what recovery costs, itemised, from the policy, prices that are fresh, and the network's cost now.

mod gathered;
mod network;
mod words;

use crate::engine::Engine;
use crate::error::EngineError;
use crate::prices::{NoPrice, Wanted};
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::claim::{Claim, Resolution};
use recover_core::deposit::{Deposit, Origin};
use recover_core::fee::{
    self, Case, Cents, FeeRule, Gathered, PaidFrom, PriceTime, PricedAsset, Quote, QuoteInput,
    QuoteRefusal, UsedPrice,
};
use recover_core::network::NetworkId;
use recover_core::time::Timestamp;
use std::collections::BTreeSet;

/// A quote for a deposit, or why there is none, with everything it was reckoned from.
#[derive(Debug, Clone)]
pub struct DepositQuote {
    /// The sums, or the refusal.
    pub outcome: Result<Quote, QuoteRefusal>,
    /// What is missing, in words; empty for a quote.
    pub detail: String,
    /// The codes of waivers that were granted on the claim and count no more, in the order in which they were granted; empty for
    /// an estimate of a deposit.
    pub lost_waivers: Vec<String>,
    /// The policy's currency.
    pub currency: String,
    /// The price rows used.
    pub price_ids: Vec<String>,
    /// How the network's cost was reckoned; `None` where no transaction is needed.
    pub network_basis: Option<String>,
    /// What was set aside for the network, in native base units; zero where no transaction is needed, `None` where unknown.
    pub network_amount: Option<Amount>,
    /// Where the network's cost is why no quote is given: the most that it may take for one, in native base units; `None` where
    /// none is given however cheap it is, or where that is unknown.
    pub network_ceiling: Option<Amount>,
    /// What came to the deposit's address, where its rule waits for the smallest deposit that is credited; else `None`.
    pub gathered: Option<Gathered>,
    /// What the fee would be paid in and has no price; `None` where nothing, or where its price is known.
    pub unpriced: Option<AssetId>,
    /// Where too little of it is why no quote is given: what sending the rest gains its owner, as
    /// [`gain_of_topping_up`](fee::gain_of_topping_up) says.
    pub top_up_gain: Option<Cents>,
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
            Ok(quote) => {
                let beside: Vec<String> = quote
                    .charges()
                    .iter()
                    .map(|charge| {
                        let how = if charge.is_prepaid {
                            "in advance"
                        } else {
                            "from the balance"
                        };
                        format!(" and pays {} of {} {how}", charge.coins, charge.coins.asset)
                    })
                    .collect();
                format!(
                    "worth {} {}; service fee {}, network fee {}; the customer receives {} {symbol}{}",
                    quote.value,
                    self.currency,
                    quote.service_fee,
                    quote.network_fee,
                    quote.net.to_coin_text(decimals),
                    beside.concat()
                )
            }
            Err(refusal) => format!("no quote ({refusal}): {}", self.detail),
        }
    }
}

/// What a quote is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// The deposit.
    pub deposit: &'a Deposit,
    /// What shall happen to the money.
    pub resolution: Resolution,
    /// The claim that it is for; `None` for an estimate.
    pub claim: Option<&'a Claim>,
    /// The fee that a person named.
    pub named: Option<Cents>,
    /// At least this is set aside for the network, in native base units.
    pub at_least: Option<Amount>,
}

/// What could not be found out, in words, by the refusal that follows; empty where nothing is missing.
#[derive(Default)]
struct Lacks {
    price: String,
    network: String,
    paid_in: String,
}

impl Engine {
    /// Reckons a quote for a deposit without storing anything.
    ///
    /// # Errors
    /// When no policy is loaded, the file is not in force, or the store fails. What is unknown makes a refusal, never a number.
    pub async fn estimate(&self, deposit: &Deposit) -> Result<DepositQuote, EngineError> {
        self.estimate_with(deposit, None, None).await
    }

    /// As [`Engine::estimate`], for a resolution that somebody chose and a fee that somebody names.
    ///
    /// # Errors
    /// As [`Engine::estimate`].
    pub async fn estimate_with(
        &self,
        deposit: &Deposit,
        resolution: Option<Resolution>,
        named: Option<Cents>,
    ) -> Result<DepositQuote, EngineError> {
        if !self.may_quote().await? {
            self.policy_for_quotes().await?;
        }
        let classification = &deposit.classification;
        let proposed = Resolution::proposed(classification.kind, &classification.verdict);
        self.reckon(Asked {
            deposit,
            resolution: resolution.unwrap_or(proposed),
            claim: None,
            named,
            at_least: None,
        })
        .await
    }

    /// Reckons a quote.
    pub(crate) async fn reckon(&self, asked: Asked<'_>) -> Result<DepositQuote, EngineError> {
        let deposit = asked.deposit;
        let policy = self.policy()?;
        let now = self.now();
        let mut lacks = Lacks::default();
        let home = self.home_of(deposit).await?;
        let case = Case {
            kind: deposit.classification.kind,
            network: deposit.network(),
            home: home.as_ref(),
            asset: deposit.asset(),
            is_listed: self.chains.is_listed(deposit.asset()),
            resolution: asked.resolution,
            // A block's own clock may run ahead of ours: it is no younger than new.
            age_seconds: deposit
                .block_time()
                .map(|at| (now.micros_since(at) / 1_000_000).max(0)),
            earlier_cases: self.earlier_cases(asked).await?,
        };
        let rule = policy.fees.rule_for(&case);
        let (price, price_now) = self.prices_of(deposit, rule.ok(), now, &mut lacks).await?;
        let network_fee = if asked.resolution.needs_transaction() {
            Some(self.network_fee(asked, now, &mut lacks).await?)
        } else {
            None
        };
        let paid_beside = rule
            .ok()
            .filter(|rule| policy.fees.paid_from(rule, &case) != PaidFrom::Deposit)
            .and(policy.fees.fee_asset.as_ref());
        let coin = rule.ok().and_then(|rule| rule.form.coin());
        let fee_asset = self.fee_paid_in(paid_beside, now, &mut lacks).await?;
        let coin = self.fee_paid_in(coin, now, &mut lacks).await?;
        let gathered = match rule {
            Ok(rule) if rule.waits_for_minimum => self.gathered(deposit).await?,
            _ => None,
        };
        let granted = asked
            .claim
            .map_or(&[][..], |claim| claim.waivers.as_slice());
        let (waivers, lost) = policy.fees.granted(
            deposit.classification.kind,
            granted
                .iter()
                .map(|waiver| (waiver.code.as_str(), waiver.granted_at)),
        );
        let input = QuoteInput {
            policy: &policy.fees,
            currency: &policy.currency,
            case,
            rule,
            amount: deposit.amount(),
            gathered,
            decimals: deposit.decimals_vouched.then_some(deposit.decimals),
            price,
            price_now,
            network_fee,
            fee_asset,
            coin,
            waivers: &waivers,
            named: asked.named,
        };
        let outcome = match asked.resolution {
            Resolution::Refuse => Err(QuoteRefusal::NothingToPay),
            _ => fee::quote(&input),
        };
        let (network_ceiling, top_up_gain) = match outcome {
            Err(
                QuoteRefusal::FeeExceedsValue
                | QuoteRefusal::NetTooSmall
                | QuoteRefusal::PrepaidTooSmall,
            ) => (fee::network_ceiling(&input), None),
            Err(QuoteRefusal::MinimumNotReached) => (None, fee::gain_of_topping_up(&input)),
            _ => (None, None),
        };
        let detail = match &outcome {
            Ok(_) => String::new(),
            Err(refusal) => words::why_no_quote(*refusal, &input, deposit, &lacks),
        };
        let terms = outcome.as_ref().ok().and_then(|quote| quote.terms.as_ref());
        let price_ids: BTreeSet<String> = terms
            .iter()
            .flat_map(|terms| terms.prices.iter())
            .flat_map(|price| price.ids.iter().cloned())
            .collect();
        let network_fee = &input.network_fee;
        let unpriced = [&input.fee_asset, &input.coin]
            .into_iter()
            .flatten()
            .find(|asset| asset.price.is_none());
        Ok(DepositQuote {
            unpriced: unpriced.map(|unpriced| unpriced.asset.clone()),
            detail,
            lost_waivers: lost.into_iter().map(str::to_owned).collect(),
            currency: policy.currency.clone(),
            price_ids: price_ids.into_iter().collect(),
            network_basis: network_fee.as_ref().and_then(|fee| self.network_basis(fee)),
            network_amount: match network_fee {
                None => Some(Amount::ZERO),
                Some(fee) => fee.price.as_ref().map(|_| fee.amount),
            },
            network_ceiling,
            gathered,
            top_up_gain,
            resolution: asked.resolution,
            reckoned_at: now,
            outcome,
        })
    }

    /// The price that the rule goes by, and the one of now that all sources agree on: people, proofs and limits go by what it is
    /// worth now.
    async fn prices_of(
        &self,
        deposit: &Deposit,
        rule: Option<&FeeRule>,
        now: Timestamp,
        lacks: &mut Lacks,
    ) -> Result<(Option<UsedPrice>, Option<UsedPrice>), EngineError> {
        let of_now = Wanted::now(deposit.asset(), now);
        let wanted = rule.map_or(of_now, |rule| Wanted {
            time: rule.price,
            source: rule.price_source.as_deref(),
            block_time: deposit.block_time(),
            ..of_now
        });
        let price = known_or(self.price(&wanted).await?, &mut lacks.price);
        let price_now = if wanted.time == PriceTime::Quote && wanted.source.is_none() {
            price.clone()
        } else {
            self.price(&of_now).await?.ok()
        };
        Ok((price, price_now))
    }

    /// The network for which the deposit's address was made, where the address book names exactly one.
    async fn home_of(&self, deposit: &Deposit) -> Result<Option<NetworkId>, EngineError> {
        let Origin::Observed(credit) = &deposit.origin else {
            return Ok(None);
        };
        let records = self.store.records_of(&[credit.to.payload()]).await?;
        let homes: BTreeSet<NetworkId> = records
            .into_iter()
            .filter(|record| record.role.is_ours())
            .filter_map(|record| record.network)
            .collect();
        let mut homes = homes.into_iter();
        Ok(homes.next().filter(|_| homes.next().is_none()))
    }

    /// How many other cases the user of the deposit has or had; `None` while the user is not known.
    async fn earlier_cases(&self, asked: Asked<'_>) -> Result<Option<u32>, EngineError> {
        let user = match asked.claim {
            Some(claim) => claim.beneficiary.as_deref(),
            None => asked.deposit.classification.owner.as_deref(),
        };
        let Some(user) = user else { return Ok(None) };
        let before = asked.claim.map(|claim| (claim.opened_at, &claim.id));
        let deposit = asked.deposit.id();
        let count = self.store.count_cases_of(user, &deposit, before).await?;
        Ok(Some(count))
    }

    /// An asset that fees are paid in, with its price of now; `None` where there is none, or nobody vouches for its decimals.
    async fn fee_paid_in(
        &self,
        asset: Option<&AssetId>,
        now: Timestamp,
        lacks: &mut Lacks,
    ) -> Result<Option<PricedAsset>, EngineError> {
        let Some(asset) = asset else { return Ok(None) };
        let Some(terms) = self.chains.terms(asset) else {
            lacks.paid_in = format!("{asset}, in which the fee is paid, is not in chains.toml");
            return Ok(None);
        };
        let price = self.price(&Wanted::now(asset, now)).await?;
        Ok(Some(PricedAsset {
            asset: asset.clone(),
            decimals: terms.decimals,
            price: known_or(price, &mut lacks.paid_in),
        }))
    }
}

/// The price, or none and why.
fn known_or(price: Result<UsedPrice, NoPrice>, lacks: &mut String) -> Option<UsedPrice> {
    price.map_err(|none| *lacks = none.detail).ok()
}
