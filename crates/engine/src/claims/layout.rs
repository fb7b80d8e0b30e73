//! Laying out what a claim will do: its ledger instructions, and its transactions as the network stands now.

use crate::config::NetworkConfig;
use crate::engine::Engine;
use crate::error::EngineError;
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::book::{AddressRole, ControlRecord};
use recover_core::claim::{Claim, Resolution, correction_plan, with_charges};
use recover_core::decimal::Decimal;
use recover_core::deposit::{Deposit, DepositStatus, Origin};
use recover_core::fee::{Quote, QuoteRefusal};
use recover_core::network::Family;
use recover_core::observation::{Flag, Observation};
use recover_core::plan::{Instruction, InstructionKind, Leg, LegKind, Plan, Step};
use recover_core::verdict::{ControlEvidence, Missing, Verdict};
use recover_source::carry::{CarryError, Order, refused};
use recover_store::{DepositFilter, DepositOrder};
use std::collections::BTreeSet;

/// The codes by which a carrier says that the network carries no such sum: dust, less than it takes to send it, or less than the
/// account that it would open must keep.
const TOO_SMALL: [&str; 4] = [
    "dust_output",
    "fee_exceeds_value",
    "below_base_reserve",
    "below_starting_balance",
];

/// Where money still lies at its address.
const UNSETTLED: [DepositStatus; 3] = [
    DepositStatus::Unconfirmed,
    DepositStatus::Open,
    DepositStatus::Claimed,
];

/// What was laid out for a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LaidOut {
    /// The plan; `None` where nobody could lay it out now.
    pub plan: Option<Plan>,
    /// Why there is none, in words with what to do; empty where there is one.
    pub why_not: String,
    /// Set where what is left is nothing that the network would carry, so that no price may be told either.
    pub refusal: Option<QuoteRefusal>,
}

impl LaidOut {
    fn none(why_not: impl Into<String>) -> Self {
        Self {
            plan: None,
            why_not: why_not.into(),
            refusal: None,
        }
    }

    const fn done(plan: Plan) -> Self {
        Self {
            plan: Some(plan),
            why_not: String::new(),
            refusal: None,
        }
    }

    /// The most that the networks may take for the whole plan, in native base units. `None` where it leaves every range.
    pub fn fee_max(&self) -> Option<Amount> {
        self.plan.as_ref().map_or(Some(Amount::ZERO), |plan| {
            plan.legs()
                .try_fold(Amount::ZERO, |sum, leg| sum.checked_add(leg.fee_max))
        })
    }
}

impl Engine {
    /// Lays out a claim's plan for a quote.
    pub(super) async fn lay_out(
        &self,
        claim: &Claim,
        deposit: &Deposit,
        quote: &Quote,
        spend_inscription: bool,
    ) -> Result<LaidOut, EngineError> {
        let purpose = match claim.resolution {
            Resolution::LedgerCredit => {
                return Ok(charged(
                    claim,
                    quote,
                    Plan {
                        steps: vec![Step::Instruct(bookings(claim, quote))],
                    },
                ));
            }
            Resolution::CorrectBooking if !quote.charges().is_empty() => {
                return Ok(LaidOut::none(
                    "a correction takes its fee out of what is booked right, and the policy's rule charges it beside the deposit: \
                     name a rule for it with paid_from = \"deposit\"",
                ));
            }
            Resolution::CorrectBooking => {
                let why_not = "a correction needs its entry, its counterparty, an appeal and something left to pay";
                return Ok(match correction_plan(claim, quote) {
                    Some(plan) => LaidOut::done(plan),
                    None => LaidOut::none(why_not),
                });
            }
            Resolution::SweepThenCredit | Resolution::SweepToAddress => LegKind::Transfer,
            Resolution::ReturnToSender => LegKind::Return,
            Resolution::Wait | Resolution::Refuse | Resolution::Manual => {
                return Ok(LaidOut::none("this resolution pays nobody"));
            }
        };
        let Origin::Observed(credit) = &deposit.origin else {
            return Ok(LaidOut::none(
                "a source of ours must see the deposit first: `recover diagnose` its transaction",
            ));
        };
        if purpose == LegKind::Return
            && let Some(why_not) = self.cannot_return(claim, credit).await?
        {
            return Ok(LaidOut::none(why_not));
        }
        if credit.flags.contains(&Flag::Inscription) && !spend_inscription {
            return Ok(LaidOut::none(
                "the output may carry an inscription or a token of another protocol, which would be spent like money: look at it, \
                 and quote again with --spend-inscription",
            ));
        }
        let network = self.network(deposit.network().as_str())?;
        let records = self.store.records_of(&[credit.to.payload()]).await?;
        let control = records
            .iter()
            .filter(|record| record.family == network.family)
            .map(|record| &record.control)
            .find(|control| **control != ControlRecord::Unknown)
            .cloned()
            .unwrap_or(ControlRecord::Unknown);
        if let Some(why_not) = self.would_publish_secret(network, credit, &control).await? {
            return Ok(LaidOut::none(why_not));
        }
        let policy = self.policy()?;
        let Some(wallet) = policy.wallets.get(&network.id) else {
            return Ok(LaidOut::none(format!(
                "policy.toml names no accounts of the exchange on {}: add a [[wallet]]",
                network.id
            )));
        };
        let Some(carrier) = self.carrier(&network.id) else {
            return Ok(LaidOut::none(format!(
                "transactions on {} are built by hand",
                network.id
            )));
        };
        let recipient = match claim.resolution {
            Resolution::SweepThenCredit => wallet.treasury.as_str(),
            _ => match claim.destination.as_deref() {
                Some(destination) => destination,
                None => return Ok(LaidOut::none("no destination is named")),
            },
        };
        let amount = match claim.resolution {
            Resolution::SweepThenCredit => claim.amount,
            _ => quote.net,
        };
        let order = Order {
            credit,
            purpose,
            verdict: &deposit.classification.verdict,
            control: &control,
            recipient,
            memo: None,
            asset: deposit.asset(),
            amount,
            held_for_others: self.held_for_others(credit).await?,
            wallet,
            fee_margin_percent: whole_percent(policy.gas_buffer_percent),
        };
        let legs = match carrier.plan(&order).await {
            Ok(legs) => legs,
            Err(CarryError::Source(error)) => return Err(error.into()),
            Err(CarryError::Refused { code, detail }) if TOO_SMALL.contains(&code) => {
                return Ok(LaidOut {
                    refusal: Some(QuoteRefusal::NetTooSmall),
                    ..LaidOut::none(detail)
                });
            }
            Err(error) => return Ok(LaidOut::none(error.to_string())),
        };
        if let Some(limits) = policy.native_limits(&network.id) {
            let (fee_max, top_up_max) = limits
                .in_base_units(network.native.terms.decimals)
                .unwrap_or((Amount::ZERO, Amount::ZERO));
            let above = legs.iter().find(|leg| {
                leg.fee_max > fee_max || (leg.kind == LegKind::GasTopUp && leg.amount > top_up_max)
            });
            if let Some(leg) = above {
                return Ok(LaidOut::none(format!(
                    "its {} would cost or send more than fee_max or top_up_max of the wallet on {} allow",
                    leg.kind, network.id
                )));
            }
        }
        let mut steps: Vec<Step> = legs
            .into_iter()
            .map(|mut leg| {
                if let Some(spend) = &mut leg.spend {
                    spend.inscription = credit.flags.contains(&Flag::Inscription);
                }
                Step::Send(Box::new(leg))
            })
            .collect();
        if claim.resolution == Resolution::SweepThenCredit {
            steps.push(Step::Instruct(bookings(claim, quote)));
        }
        Ok(charged(claim, quote, Plan { steps }))
    }
}

impl Engine {
    /// The native coin of other open deposits at the same address.
    async fn held_for_others(&self, credit: &Observation) -> Result<Amount, EngineError> {
        let filter = DepositFilter {
            network: Some(credit.network.clone()),
            to: Some(credit.to.text().to_owned()),
            asset: Some(AssetId::native(credit.network.clone())),
            statuses: UNSETTLED.to_vec(),
            ..DepositFilter::default()
        };
        let mut held = Amount::ZERO;
        let mut after = None;
        loop {
            let page = self
                .store
                .list_deposits(&filter, DepositOrder::Id, after.as_ref(), 500)
                .await?;
            for stored in page.deposits {
                if stored.deposit.id() != credit.id() {
                    held = held
                        .checked_add(stored.deposit.amount())
                        .unwrap_or(Amount::MAX);
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(held);
            }
        }
    }

    /// Why nothing of an address may be spent yet: it would publish the script with which anybody can take what lies at the same
    /// script on a network without SegWit.
    async fn would_publish_secret(
        &self,
        network: &NetworkConfig,
        credit: &Observation,
        control: &ControlRecord,
    ) -> Result<Option<String>, EngineError> {
        if network.family != Family::Bitcoin {
            return Ok(None);
        }
        let adapter = self.adapter(network)?;
        let siblings = self
            .chains
            .networks
            .values()
            .filter(|other| other.family == network.family && other.id != network.id);
        for sibling in siblings {
            let there = adapter
                .detect()
                .on_network(&credit.to.payload(), &sibling.id);
            let Some(there) = there else { continue };
            // By what unlocks it, and not by a deposit's verdict: money that is not final yet, or whose owner is disputed, lies there
            // all the same.
            let evidence = ControlEvidence {
                network: Some(sibling.id.clone()),
                ..ControlEvidence::default()
            };
            let verdict = adapter.control().prove(&there, control, &evidence);
            if verdict != Verdict::Conditional(Missing::ScriptSecret) {
                continue;
            }
            let filter = DepositFilter {
                network: Some(sibling.id.clone()),
                to: Some(there.text().to_owned()),
                statuses: UNSETTLED.to_vec(),
                ..DepositFilter::default()
            };
            let page = self
                .store
                .list_deposits(&filter, DepositOrder::Id, None, 1)
                .await?;
            if let Some(secret) = page.deposits.first() {
                return Ok(Some(format!(
                    "spending it would publish the script with which anybody can take deposit {} on {}: recover that one first",
                    secret.deposit.id(),
                    sibling.id
                )));
            }
        }
        Ok(None)
    }

    /// Refuses what would show a script that must stay secret: money may have come to it since the claim was approved.
    pub(super) async fn require_no_secret_shown(
        &self,
        claim: &Claim,
        leg: &Leg,
    ) -> Result<(), EngineError> {
        let Some(descriptor) = leg
            .spend
            .as_ref()
            .and_then(|spend| spend.descriptor.clone())
        else {
            return Ok(());
        };
        let stored = self.store.deposit(&claim.deposit).await?;
        let Some(Origin::Observed(credit)) = stored.map(|stored| stored.deposit.origin) else {
            return Ok(());
        };
        let network = self.network(leg.network.as_str())?;
        let control = ControlRecord::Descriptor(descriptor);
        match self
            .would_publish_secret(network, &credit, &control)
            .await?
        {
            Some(why_not) => Err(refused("script_secret", why_not).into()),
            None => Ok(()),
        }
    }

    /// Why money cannot go back to where it came from: only one sender who is known to be one person's, and none of ours, gets
    /// anything. A shared account would swallow it.
    async fn cannot_return(
        &self,
        claim: &Claim,
        credit: &Observation,
    ) -> Result<Option<String>, EngineError> {
        const INSTEAD: &str = "name a proven address with --resolution sweep_to_address";
        let Some(from) = &credit.from else {
            return Ok(Some(format!(
                "the network names no sender of it: {INSTEAD}"
            )));
        };
        if credit.flags.contains(&Flag::MultiSource) {
            return Ok(Some(format!(
                "it came from several senders, and nobody can say whom to return it to: {INSTEAD}"
            )));
        }
        if claim.destination.as_deref() != Some(from.text()) {
            return Ok(Some(format!(
                "it came from {from} and would go to another address: {INSTEAD}"
            )));
        }
        let key = (credit.network.clone(), from.text().to_owned());
        if let Some(name) = self.policy()?.services.get(&key) {
            return Ok(Some(format!(
                "{from} is an account of {name} that many people share: {INSTEAD}"
            )));
        }
        let records = self.store.records_of(&[from.payload()]).await?;
        if records.iter().any(|record| record.role.is_ours()) {
            return Ok(Some(format!("{from} is an address of our own")));
        }
        let users: BTreeSet<&str> = records
            .iter()
            .filter(|record| record.role == AddressRole::PastSender)
            .filter_map(|record| record.user_id.as_deref())
            .collect();
        if users.len() > 1 {
            return Ok(Some(format!(
                "{from} sent deposits of {} users, so it is an account that people share: {INSTEAD}",
                users.len()
            )));
        }
        Ok(None)
    }
}

/// The plan with the fees beside the deposit around it.
fn charged(claim: &Claim, quote: &Quote, plan: Plan) -> LaidOut {
    match with_charges(claim, quote, plan) {
        Some(plan) => LaidOut::done(plan),
        None => LaidOut::none("the fee is paid beside the deposit, and nobody is named to pay it"),
    }
}

/// A percentage rounded up to a whole one.
fn whole_percent(percent: Decimal) -> u32 {
    percent
        .times_ceil(Amount::from_u128(1))
        .and_then(Amount::to_u128)
        .and_then(|whole| u32::try_from(whole).ok())
        .unwrap_or(u32::MAX)
}

/// The net to the user and the fee to the exchange; nothing is booked of zero.
fn bookings(claim: &Claim, quote: &Quote) -> Vec<Instruction> {
    let instruction = |kind, user, amount| Instruction {
        kind,
        user,
        asset: claim.asset.clone(),
        amount,
        entry: None,
    };
    [
        instruction(
            InstructionKind::Credit,
            claim.beneficiary.clone(),
            quote.net,
        ),
        instruction(InstructionKind::CaptureFee, None, quote.fee_in_asset),
    ]
    .into_iter()
    .filter(|instruction| instruction.amount != Amount::ZERO)
    .collect()
}
