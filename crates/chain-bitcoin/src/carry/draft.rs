//! Laying out a leg, and writing its PSBT.

use super::{BitcoinCarry, CHECK, of_refusal};
use crate::spend::{
    Layout, Terms, Wish, build, fee_of, lay_out, script_of, slot, txid, units, unlock, virtual_size,
};
use bitcoin::OutPoint;
use recover_core::amount::Amount;
use recover_core::asset::{AssetId, AssetReference};
use recover_core::book::ControlRecord;
use recover_core::check::Check as _;
use recover_core::network::NetworkId;
use recover_core::observation::{Flag, Observation, Outcome, Position};
use recover_core::plan::{Leg, LegKind, Rest, Spend};
use recover_core::verdict::Verdict;
use recover_source::carry::{CarryError, Order, Unsigned, refused};

/// The output of a credit.
fn outpoint_of(credit: &Observation) -> Option<OutPoint> {
    let index = credit
        .position
        .as_str()
        .strip_prefix("vout:")?
        .parse()
        .ok()?;
    (Position::output(index) == credit.position)
        .then(|| txid(credit.tx_id.as_str()))
        .flatten()
        .map(|id| OutPoint::new(id, index))
}

/// Whether an order is one that an output can fulfil, before anything is asked.
fn possible(order: &Order<'_>, network: &NetworkId) -> Result<(), CarryError> {
    let credit = order.credit;
    if !matches!(order.purpose, LegKind::Transfer | LegKind::Return) {
        return Err(CarryError::ByHand {
            what: format!("a leg '{}' on {network}", order.purpose.code()),
        });
    }
    if let Verdict::NotRecoverable(reason) = order.verdict {
        return Err(refused(
            "not_recoverable",
            format!("nobody can sign where the money lies ({})", reason.code()),
        ));
    }
    let is_native =
        order.asset.network == *network && order.asset.reference == AssetReference::Native;
    if credit.network != *network || order.asset != &credit.asset || !is_native {
        return Err(refused(
            "other_money",
            "what would be paid is not what came in: match the deposit again",
        ));
    }
    if credit.outcome != Outcome::Success || credit.amount.is_zero() {
        return Err(refused(
            "nothing_came_in",
            "nothing came in by this output: there is nothing to pay out",
        ));
    }
    if order.amount > credit.amount {
        return Err(refused(
            "more_than_came_in",
            "more would be paid out than came in",
        ));
    }
    if order.memo.is_some() {
        return Err(refused(
            "memo_not_carried",
            "a payment here carries no memo: ask the recipient for an address of their own",
        ));
    }
    if order.purpose == LegKind::Return {
        if credit.flags.contains(&Flag::MultiSource) {
            return Err(refused(
                "several_senders",
                "several senders paid this together: a person must find out whose it is",
            ));
        }
        let sender = credit.from.as_ref().ok_or_else(|| {
            refused(
                "no_sender",
                "the credit names no sender: a person must find out whom it belongs to",
            )
        })?;
        if sender.text() != order.recipient {
            return Err(refused(
                "not_the_sender",
                format!(
                    "the deposit came from {sender}, and {} is not its sender: a return goes back where it came from",
                    order.recipient
                ),
            ));
        }
    }
    Ok(())
}

impl BitcoinCarry {
    pub(super) async fn lay_out(&self, order: &Order<'_>) -> Result<Leg, CarryError> {
        let credit = order.credit;
        possible(order, self.node.network_id())?;
        let rules = self.rules()?;
        let outpoint = outpoint_of(credit).ok_or_else(|| {
            refused(
                "not_an_output",
                format!(
                    "the credit stands at {}, which is no output",
                    credit.position
                ),
            )
        })?;
        let value = units(credit.amount)
            .ok_or_else(|| refused("other_money", "the credit is larger than any output can be"))?;
        let read = |text: &str| script_of(rules, text).map_err(|refusal| of_refusal(&refusal));
        let script = read(credit.to.text())?;
        let recipient = read(order.recipient)?;
        let treasury = read(&order.wallet.treasury)?;
        let descriptor = match order.control {
            ControlRecord::Descriptor(text) => Some(text.as_str()),
            _ => None,
        };
        let unlock = unlock(rules, &script, descriptor).map_err(|refusal| of_refusal(&refusal))?;
        self.preflight(&outpoint, value, &script).await?;
        self.previous(&outpoint).await?;
        // What goes to treasury whole pays for its own way; what anybody else was promised arrives in full.
        let is_whole = recipient == treasury && order.amount == credit.amount;
        let amount = units(order.amount).filter(|_| !is_whole);
        let wish = Wish {
            value,
            recipient: &recipient,
            amount,
            treasury: &treasury,
            rate: self.rate(order.fee_margin_percent).await?,
        };
        let Layout { amount, rest, fee } =
            lay_out(rules, &unlock, &wish).map_err(|refusal| of_refusal(&refusal))?;
        let rest = rest.map(|amount| Rest {
            recipient: order.wallet.treasury.clone(),
            amount: Amount::from_u128(amount.into()),
        });
        Ok(Leg {
            kind: order.purpose,
            network: credit.network.clone(),
            chain: self.chain(),
            signer: credit.to.text().to_owned(),
            // The signature shows the key, or the script its keys.
            signer_key: None,
            target: order.recipient.to_owned(),
            recipient: order.recipient.to_owned(),
            memo: None,
            asset: AssetId::native(credit.network.clone()),
            amount: Amount::from_u128(amount.into()),
            call: None,
            route: None,
            spend: Some(Box::new(Spend {
                tx_id: credit.tx_id.clone(),
                index: outpoint.vout,
                amount: credit.amount,
                descriptor: descriptor.map(str::to_owned),
                // The engine, which knows what was acknowledged, says so.
                inscription: false,
                rest,
            })),
            fee_max: Amount::from_u128(fee.into()),
        })
    }

    /// What a leg says, where it is one of this network.
    pub(super) fn terms(&self, leg: &Leg) -> Result<Terms, CarryError> {
        terms(leg, self.node.network_id(), &self.chain())
    }

    pub(super) async fn write(&self, leg: &Leg, sequence: u64) -> Result<Unsigned, CarryError> {
        let terms = self.terms(leg)?;
        if sequence != 0 {
            return Err(of_refusal(&crate::spend::SpendRefusal::OutpointTaken {
                outpoint: terms.outpoint.to_string(),
            }));
        }
        self.preflight(&terms.outpoint, terms.value, &terms.unlock.script)
            .await?;
        let scripts: Vec<_> = terms.payments.iter().map(|(script, _)| *script).collect();
        let now = fee_of(self.rate(0).await?, virtual_size(&terms.unlock, &scripts));
        let needed = Amount::from_u128(now.into());
        if needed > leg.fee_max {
            return Err(CarryError::FeeAboveLimit {
                needed,
                approved: leg.fee_max,
            });
        }
        let previous = self.previous(&terms.outpoint).await?;
        let tip = u32::try_from(self.node.tip().await?.height)
            .map_err(|_| self.inconsistent("a tip beyond any height"))?;
        let bytes =
            build(&terms.spending(&previous, tip)).map_err(|refusal| of_refusal(&refusal))?;
        CHECK.verify(leg, &bytes).map_err(|deviations| {
            let words: Vec<String> = deviations.iter().map(ToString::to_string).collect();
            refused("not_verified", words.join("; "))
        })?;
        Ok(Unsigned {
            bytes,
            slot: slot(&terms.outpoint),
            // Nothing but another transaction of the same output ends it.
            valid_until: None,
            valid_through: None,
            fee: leg.fee_max,
        })
    }
}

/// What a leg says, where it is one of the network and chain that are carried to.
pub(super) fn terms(leg: &Leg, network: &NetworkId, chain: &str) -> Result<Terms, CarryError> {
    if leg.network != *network || leg.chain != chain {
        return Err(refused(
            "other_network",
            format!("the leg is of {}, and this carries to {chain}", leg.chain),
        ));
    }
    Terms::of(leg).map_err(|deviations| {
        let words: Vec<String> = deviations.iter().map(ToString::to_string).collect();
        refused("not_verified", words.join("; "))
    })
}
