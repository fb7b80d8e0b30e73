//! Quotes: what recovery costs, itemised, from the policy, prices that are fresh, and the network's cost now.

use crate::engine::Engine;
use crate::error::EngineError;
use crate::explain;
use crate::prices;
use recover_core::amount::Amount;
use recover_core::asset::{AssetId, AssetReference};
use recover_core::claim::{Claim, Resolution};
use recover_core::deposit::{Deposit, Origin};
use recover_core::fee::{
    self, Case, Cents, FeeRule, NetworkFee, PriceTime, PricedAsset, Quote, QuoteInput,
    QuoteRefusal, UsedPrice,
};
use recover_core::network::{Family, NetworkId};
use recover_core::time::Timestamp;
use recover_core::verdict::Verdict;
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
    /// Where no quote is given: the most that the network may take for one, in native base units; `None` where none is given
    /// however cheap it is, or where that is unknown.
    pub network_ceiling: Option<Amount>,
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

/// The price that is wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PriceWanted<'a> {
    /// Of what.
    pub asset: &'a AssetId,
    /// Which time counts.
    pub time: PriceTime,
    /// The only source that counts; `None` for all.
    pub source: Option<&'a str>,
    /// When the deposit's block was made, for [`PriceTime::Deposit`].
    pub block_time: Option<Timestamp>,
    /// The time of the quote.
    pub now: Timestamp,
}

impl<'a> PriceWanted<'a> {
    /// The newest price.
    pub const fn now(asset: &'a AssetId, now: Timestamp) -> Self {
        Self {
            asset,
            time: PriceTime::Quote,
            source: None,
            block_time: None,
            now,
        }
    }
}

/// When the deposit's block was made; `None` when nobody knows.
fn block_time(deposit: &Deposit) -> Option<Timestamp> {
    match &deposit.origin {
        Origin::Observed(credit) => credit.block.as_ref().map(|block| block.time),
        Origin::Imported(imported) => imported.block_time,
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

/// What was found out on the way to a quote, beside what the quote itself keeps.
#[derive(Default)]
struct Found {
    /// Why the deposit has no price, in words.
    no_price: String,
    /// Why nobody can say what the network takes, in words.
    no_network_fee: String,
    /// Why what the fee is paid in has no price, in words; empty too where the policy names nothing.
    no_fee_asset: String,
    network_basis: Option<String>,
}

impl Engine {
    /// Reckons a quote for a deposit without storing anything.
    ///
    /// # Errors
    /// When no policy is loaded or the store fails. What is unknown makes a refusal, never a number.
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
        let mut found = Found::default();
        let home = self.home_of(deposit).await?;
        let case = Case {
            kind: deposit.classification.kind,
            network: deposit.network(),
            home: home.as_ref(),
            asset: deposit.asset(),
            is_listed: self.chains.terms(deposit.asset()).is_some(),
            resolution: asked.resolution,
            // A block's own clock may run ahead of ours: it is no younger than new.
            age_seconds: block_time(deposit).map(|at| (now.micros_since(at) / 1_000_000).max(0)),
            earlier_cases: self.earlier_cases(asked).await?,
        };
        let rule = policy.fees.rule_for(&case);
        let wanted = |asset| PriceWanted {
            asset,
            time: rule.map_or(PriceTime::Quote, |rule| rule.price),
            source: rule.ok().and_then(|rule| rule.price_source.as_deref()),
            block_time: block_time(deposit),
            now,
        };
        let price = self
            .price_for(&wanted(deposit.asset()), &mut found.no_price)
            .await?;
        // People, proofs and limits go by what it is worth now, whichever price the fee goes by.
        let price_now = match rule {
            Ok(rule) if rule.price != PriceTime::Quote || rule.price_source.is_some() => {
                let now = PriceWanted::now(deposit.asset(), now);
                self.price_for(&now, &mut String::new()).await?
            }
            _ => price.clone(),
        };
        let network_fee = if asked.resolution.needs_transaction() {
            Some(self.network_fee(asked, now, &mut found).await?)
        } else {
            None
        };
        let network_amount = match &network_fee {
            None => Some(Amount::ZERO),
            Some(fee) => fee.price.as_ref().map(|_| fee.amount),
        };
        let fee_asset = match &policy.fees.fee_asset {
            None => None,
            Some(asset) => {
                self.fee_paid_in(asset, now, &mut found.no_fee_asset)
                    .await?
            }
        };
        let coin = rule.ok().and_then(|rule| rule.form.coin());
        let coin = match coin {
            None => None,
            Some(asset) => {
                self.fee_paid_in(asset, now, &mut found.no_fee_asset)
                    .await?
            }
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
            decimals: deposit.decimals_vouched.then_some(deposit.decimals),
            price,
            price_now,
            network_fee,
            fee_asset,
            coin,
            waivers: &waivers,
            named: asked.named,
        };
        let reckoned = fee::quote(&input);
        let network_ceiling = match reckoned {
            Ok(_) => None,
            Err(_) => ceiling_of(&input),
        };
        let outcome = match asked.resolution {
            Resolution::Refuse => Err(QuoteRefusal::NothingToPay),
            _ => reckoned,
        };
        let detail = match &outcome {
            Ok(_) => String::new(),
            Err(refusal) => self.why_no_quote(*refusal, deposit, rule.ok(), &found),
        };
        let mut price_ids: Vec<String> = match &outcome {
            Ok(quote) => quote
                .terms
                .iter()
                .flat_map(|terms| terms.prices.iter())
                .flat_map(|price| price.ids.iter().cloned())
                .collect(),
            Err(_) => Vec::new(),
        };
        price_ids.sort();
        price_ids.dedup();
        Ok(DepositQuote {
            outcome,
            detail,
            lost_waivers: lost.into_iter().map(str::to_owned).collect(),
            currency: policy.currency.clone(),
            price_ids,
            network_basis: found.network_basis,
            network_amount,
            network_ceiling,
            resolution: asked.resolution,
            reckoned_at: now,
        })
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

    /// An asset that fees are paid in, with its price of now; `None` where nobody vouches for its decimals.
    async fn fee_paid_in(
        &self,
        asset: &AssetId,
        now: Timestamp,
        missing: &mut String,
    ) -> Result<Option<PricedAsset>, EngineError> {
        let Some(decimals) = self.chains.terms(asset).map(|terms| terms.decimals) else {
            *missing = format!("{asset}, in which the fee is paid, is not in chains.toml");
            return Ok(None);
        };
        let price = self
            .price_for(&PriceWanted::now(asset, now), missing)
            .await?;
        Ok(Some(PricedAsset {
            asset: asset.clone(),
            decimals,
            price,
        }))
    }

    /// The price that counts, or what is missing for one.
    pub(crate) async fn price_for(
        &self,
        wanted: &PriceWanted<'_>,
        missing: &mut String,
    ) -> Result<Option<UsedPrice>, EngineError> {
        let at = match (wanted.time, wanted.block_time) {
            (PriceTime::Deposit, Some(block_time)) => block_time,
            (PriceTime::Deposit, None) => {
                *missing = format!(
                    "nobody knows when the deposit was made, and the rule takes the price of {} of that time",
                    wanted.asset
                );
                return Ok(None);
            }
            _ => wanted.now,
        };
        let wanted = prices::Wanted {
            asset: wanted.asset,
            at,
            time: wanted.time,
            source: wanted.source,
        };
        match self.price(&wanted).await? {
            Ok(used) => Ok(Some(used)),
            Err(none) => {
                *missing = none.detail;
                Ok(None)
            }
        }
    }

    /// What moving the deposit costs with the policy's margin. A step whose cost nobody can say leaves the native price out, so
    /// that no quote is given.
    async fn network_fee(
        &self,
        asked: Asked<'_>,
        now: Timestamp,
        found: &mut Found,
    ) -> Result<NetworkFee, EngineError> {
        let deposit = asked.deposit;
        let policy = self.policy()?;
        let native = AssetId::native(deposit.network().clone());
        let unknown = NetworkFee {
            asset: native.clone(),
            amount: Amount::ZERO,
            decimals: 0,
            price: None,
            basis: String::new(),
            from_deposit: false,
        };
        let Some(network) = self.chains.network(deposit.network()) else {
            found.no_network_fee = format!("network {} is not in chains.toml", deposit.network());
            return Ok(unknown);
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
                found.no_network_fee = format!("what {} charges is unknown: {error}", network.id);
                return Ok(unknown);
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
        let at_least = asked.at_least.unwrap_or(Amount::ZERO);
        let Some(amount) = with_margin.map(|amount| amount.max(at_least)) else {
            found.no_network_fee = format!("what {} charges does not fit any number", network.id);
            return Ok(unknown);
        };
        let price = self
            .price_for(&PriceWanted::now(&native, now), &mut found.no_network_fee)
            .await?;
        let basis = format!("{}, {} % margin", cost.basis, policy.gas_buffer_percent);
        found.network_basis = Some(format!(
            "{} {} at most ({basis})",
            amount.to_coin_text(network.native.terms.decimals),
            network.native.terms.symbol,
        ));
        Ok(NetworkFee {
            asset: native,
            amount,
            decimals: network.native.terms.decimals,
            price,
            basis,
            // A payout in kind is the output itself, and nothing but the output can pay for its transaction.
            from_deposit: network.family == Family::Bitcoin && asked.resolution.needs_destination(),
        })
    }

    fn why_no_quote(
        &self,
        refusal: QuoteRefusal,
        deposit: &Deposit,
        rule: Option<&FeeRule>,
        found: &Found,
    ) -> String {
        match refusal {
            QuoteRefusal::NothingToPay => {
                let verdict = explain::why(&deposit.classification.verdict, deposit.flags());
                format!("there is nothing to recover: {verdict}")
            }
            QuoteRefusal::DecimalsUnknown => {
                "nobody vouches for this asset's decimals: list it in chains.toml, or `recover tokens review --decision genuine --decimals N`".to_owned()
            }
            QuoteRefusal::PriceUnknown => found.no_price.clone(),
            QuoteRefusal::NetworkPriceUnknown => found.no_network_fee.clone(),
            QuoteRefusal::NoRule => format!(
                "no fee rule of policy.toml is for {} on {}",
                deposit.classification.kind,
                deposit.network()
            ),
            QuoteRefusal::HomeUnknown => {
                "the fee depends on the network for which the address was made: name it in the address book's network column"
                    .to_owned()
            }
            QuoteRefusal::AgeUnknown => {
                "the fee depends on how old the deposit is, and its block time is not known: `recover diagnose` its transaction"
                    .to_owned()
            }
            QuoteRefusal::RefusedByRule => {
                "the policy gives no service for such cases: a person may change that, the network does not forbid it".to_owned()
            }
            QuoteRefusal::ValueTooSmall => "its value is under the policy's minimum for this kind".to_owned(),
            QuoteRefusal::WithdrawalFeeUnknown => format!(
                "the fee is a multiple of the withdrawal fee of {}, which policy.toml does not name: add a [[withdrawal]]",
                deposit.asset()
            ),
            QuoteRefusal::FeeByPerson | QuoteRefusal::FeeOutsideRange => match rule.map(|rule| &rule.form) {
                Some(form) if refusal == QuoteRefusal::FeeByPerson => format!(
                    "a person names the fee ({}): `recover quote … --fee SUM`",
                    fee::words::form(form, self.policy.as_ref().map_or("", |policy| policy.currency.as_str()))
                ),
                Some(form) => format!(
                    "the fee that was named is not within the rule ({})",
                    fee::words::form(form, self.policy.as_ref().map_or("", |policy| policy.currency.as_str()))
                ),
                None => "no rule leaves the fee to a person".to_owned(),
            },
            QuoteRefusal::FeeAssetUnknown if found.no_fee_asset.is_empty() => {
                "the fee is paid beside the deposit, and policy.toml does not say in what: add fee_asset".to_owned()
            }
            QuoteRefusal::FeeAssetUnknown => found.no_fee_asset.clone(),
            QuoteRefusal::PrepaidTooSmall => {
                "the network may take more than the customer pays in for it by the policy's prepaid_gas: wait until it is cheaper, or \
                 change the policy"
                    .to_owned()
            }
            QuoteRefusal::FeeExceedsValue => "the fees would eat it".to_owned(),
            QuoteRefusal::NetTooSmall => "what is left after the fees is less than the least that is sent".to_owned(),
            QuoteRefusal::OutOfRange => "an amount or a price leaves every range: a person must look".to_owned(),
        }
    }
}

/// The most that the network may take for a quote to be given: what else a quote needs does not change.
fn ceiling_of(input: &QuoteInput<'_>) -> Option<Amount> {
    let asked = input.network_fee.as_ref()?;
    asked.price.as_ref()?;
    recover_core::advice::ceiling(asked.amount, |amount| {
        let cheaper = QuoteInput {
            network_fee: Some(NetworkFee {
                amount,
                ..asked.clone()
            }),
            ..input.clone()
        };
        fee::quote(&cheaper).is_ok()
    })
}
