//! Advice about a deposit: gathers what core's rules may look at, and fills their figures into the texts that everybody reads
//! alike, the specialist, the customer and the report.

mod words;

pub use words::{NEVER, Told, awaited};

use words::Scene;

use crate::config::NetworkConfig;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::prices::Wanted;
use crate::quote::DepositQuote;
use recover_core::advice::{Advice, Known, Place, Quoted, Share, TopUp, Trigger, advise};
use recover_core::amount::Amount;
use recover_core::asset::{AssetId, AssetReference};
use recover_core::claim::Resolution;
use recover_core::deposit::{Deposit, DepositStatus};
use recover_core::fee::{Cents, QuoteRefusal, Rounding, value_of};
use recover_core::network::Family;
use recover_core::observation::Flag;
use recover_source::chain::NetworkCost;
use recover_store::{DepositFilter, DepositOrder, OriginFilter};
use std::time::Duration;

/// How long a network may take to say what a transfer costs, before nobody is told to make one.
const PATIENCE: Duration = Duration::from_millis(2_500);

/// How many outputs one transaction is advised to spend.
const SHARED_INPUTS_MAX: usize = 50;

/// How many deposits at one address are looked at.
const NEIGHBOURS_MAX: u32 = 1_000;

/// One piece of advice, with its text and what is watched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advised {
    /// What is advised, with its figures.
    pub advice: Advice,
    /// What we watch for; `None` where nothing is waited for, or a person is.
    pub trigger: Option<Trigger>,
    /// The text.
    pub told: Told,
}

impl Engine {
    /// What to tell about a deposit, best for the user first. `quote` is what came of asking for one; without it one is asked
    /// for where no network need be asked, and advice that needs more is left to who asks for a quote.
    ///
    /// # Errors
    /// When the store fails. What is unknown makes less advice, never a figure.
    pub async fn advice(
        &self,
        deposit: &Deposit,
        quote: Option<&DepositQuote>,
    ) -> Result<Vec<Advised>, EngineError> {
        let classification = &deposit.classification;
        let proposed = Resolution::proposed(classification.kind, &classification.verdict);
        let estimate = match quote {
            Some(_) => None,
            None if !proposed.needs_transaction()
                && classification.verdict.is_recoverable()
                && self.may_quote().await? =>
            {
                Some(self.estimate(deposit).await?)
            }
            None => None,
        };
        let quote = quote.or(estimate.as_ref());
        let quoted = match quote.map(|quote| &quote.outcome) {
            None => Quoted::NotAsked,
            Some(Ok(_)) => Quoted::Given,
            Some(Err(refusal)) => Quoted::Refused(*refusal),
        };
        let network = self.chains.network(deposit.network());
        let top_up = match quote.and_then(|quote| quote.top_up_gain) {
            None => None,
            Some(gain) => {
                let costs = self.transfer_costs(deposit).await?;
                costs.map(|costs| TopUp { costs, gain })
            }
        };
        let eats_it = matches!(
            quoted,
            Quoted::Refused(QuoteRefusal::FeeExceedsValue | QuoteRefusal::NetTooSmall)
        );
        let network_cost = quote.and_then(|quote| quote.network_amount);
        let share = match network_cost.filter(|_| eats_it) {
            None => None,
            Some(cost) => self.share(deposit, cost).await?,
        };
        let known = Known {
            kind: classification.kind,
            also: &classification.also,
            verdict: &classification.verdict,
            flags: deposit.flags(),
            status: deposit.status,
            asset: deposit.asset(),
            deposits: network.map(|network| network.deposits),
            is_listed: self.chains.is_listed(deposit.asset()),
            has_owner: classification.owner.is_some(),
            quoted,
            unpriced: quote.and_then(|quote| quote.unpriced.as_ref()),
            gathered: quote.and_then(|quote| quote.gathered),
            top_up,
            share,
            network_is_silent: quote.is_some_and(|quote| {
                quote.network_amount.is_none() && quote.network_basis.is_none()
            }),
            network_cost,
            ceiling: quote.and_then(|quote| quote.network_ceiling),
        };
        let place = Place {
            asset: deposit.asset(),
            to: deposit.to(),
        };
        let currency = self
            .policy
            .as_ref()
            .map_or("", |policy| policy.currency.as_str());
        let scene = Scene {
            deposit,
            network,
            currency,
        };
        Ok(advise(&known)
            .into_iter()
            .map(|advice| {
                let trigger = advice.trigger(&place);
                Advised {
                    told: words::tell(&advice, trigger.as_ref(), &scene),
                    trigger,
                    advice,
                }
            })
            .collect())
    }

    async fn neighbours(&self, filter: &DepositFilter) -> Result<Vec<Deposit>, EngineError> {
        let page = self
            .store
            .list_deposits(filter, DepositOrder::Id, None, NEIGHBOURS_MAX)
            .await?;
        Ok(page
            .deposits
            .into_iter()
            .map(|stored| stored.deposit)
            .collect())
    }

    /// What the network takes for one more transfer by the user, in the policy's currency; `None` where nobody can say.
    async fn transfer_costs(&self, deposit: &Deposit) -> Result<Option<Cents>, EngineError> {
        let Some(network) = self.chains.network(deposit.network()) else {
            return Ok(None);
        };
        let Some(cost) = self.cost_soon(network).await else {
            return Ok(None);
        };
        let cost = match deposit.asset().reference {
            AssetReference::Native => cost.native_transfer,
            _ => cost.token_transfer,
        };
        let native = AssetId::native(network.id.clone());
        let decimals = network.native.terms.decimals;
        let price = self.price(&Wanted::now(&native, self.now())).await?.ok();
        Ok(price.and_then(|price| value_of(cost, decimals, price.price, Rounding::Up)))
    }

    /// What the network's work costs; `None` where it does not say so soon.
    async fn cost_soon(&self, network: &NetworkConfig) -> Option<NetworkCost> {
        let source = self.source(network).ok()?;
        let cost = tokio::time::timeout(PATIENCE, source.network_cost()).await;
        cost.ok()?.ok()
    }

    /// Whom a deposit could share the network's cost with: on networks that keep balances, what else of the same asset lies at
    /// the same address, since one transfer moves all of it; where the network keeps outputs, other outputs on it, since one
    /// transaction spends many.
    async fn share(&self, deposit: &Deposit, cost: Amount) -> Result<Option<Share>, EngineError> {
        let network = self.chains.network(deposit.network());
        let Some(network) = network.filter(|_| is_shareable(deposit)) else {
            return Ok(None);
        };
        let keeps_outputs = network.family == Family::Bitcoin;
        let filter = DepositFilter {
            network: keeps_outputs.then(|| network.id.clone()),
            to: (!keeps_outputs).then(|| deposit.to().to_owned()),
            asset: Some(deposit.asset().clone()),
            statuses: vec![DepositStatus::Open],
            origin: Some(OriginFilter::Observed),
            ..DepositFilter::default()
        };
        let mut others: Vec<Amount> = self
            .neighbours(&filter)
            .await?
            .iter()
            .filter(|other| {
                other.id() != deposit.id()
                    && other.decimals == deposit.decimals
                    && other.classification.verdict.code() == deposit.classification.verdict.code()
                    && is_shareable(other)
            })
            .map(Deposit::amount)
            .collect();
        let mut shared = Some(cost);
        if keeps_outputs {
            let Some(input) = self.added_input(network).await? else {
                return Ok(None);
            };
            // One that brings less than its own input costs helps nobody.
            others.retain(|other| *other > input);
            others.sort_unstable_by(|one, other| other.cmp(one));
            others.truncate(SHARED_INPUTS_MAX - 1);
            for _ in &others {
                shared = shared.and_then(|shared| shared.checked_add(input));
            }
        }
        let all = others
            .iter()
            .try_fold(deposit.amount(), |all, other| all.checked_add(*other));
        let count = u32::try_from(others.len()).unwrap_or(u32::MAX);
        Ok(all.zip(shared).and_then(|(all, shared)| {
            Share::of(count.saturating_add(1), shared, deposit.amount(), all)
        }))
    }

    /// What one further input of a transaction costs with the policy's margin; `None` where nobody can say.
    async fn added_input(&self, network: &NetworkConfig) -> Result<Option<Amount>, EngineError> {
        let policy = self.policy()?;
        let input = self
            .cost_soon(network)
            .await
            .and_then(|cost| cost.added_input);
        Ok(input.and_then(|input| policy.with_margin(input)))
    }
}

/// Whether moving it is work that one transaction can do for several.
fn is_shareable(deposit: &Deposit) -> bool {
    let classification = &deposit.classification;
    let resolution = Resolution::proposed(classification.kind, &classification.verdict);
    classification.verdict.is_recoverable()
        && resolution.needs_transaction()
        && !deposit
            .flags()
            .iter()
            .any(|flag| matches!(flag, Flag::Nft | Flag::Inscription | Flag::ScriptSecret))
}
