//! Building the unsigned transaction of a leg in a slot, after trying it out.

use super::account::{self, is_reserved};
use super::{EvmCarry, refused};
use crate::address;
use crate::cost::FeeRule;
use crate::rpc::{Call, ask};
use crate::transaction::Transaction;
use recover_core::amount::Amount;
use recover_core::check::{Check, Slot};
use recover_core::plan::{Leg, LegKind};
use recover_core::verdict::Code;
use recover_source::carry::{CarryError, Unsigned};
use recover_source::error::SourceError;
use serde_json::json;

/// What a plain payment to an account without code takes on every network that prices like Ethereum.
const PLAIN_GAS: u64 = 21_000;

/// The most gas that one of our transactions may use: twice what Ethereum allows one to have (EIP-7825, 2^24), for networks that
/// count data as gas.
const GAS_MAX: u64 = 1 << 25;

/// The accounts of a leg as bytes, and the native coin that its transaction carries.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parties {
    pub signer: [u8; 20],
    pub target: [u8; 20],
    pub recipient: [u8; 20],
    pub value: Amount,
}

impl Parties {
    pub(super) fn of(leg: &Leg) -> Result<Self, CarryError> {
        let is_native = leg.call.is_none();
        Ok(Self {
            signer: account::parse("signer", &leg.signer)?,
            target: account::parse("target", &leg.target)?,
            recipient: account::parse("recipient", &leg.recipient)?,
            value: if is_native { leg.amount } else { Amount::ZERO },
        })
    }
}

impl EvmCarry {
    /// Gas for a leg by the node's own estimate, with `numerator / 4` of it as the limit: plain payments to accounts without code
    /// take exactly what they take.
    ///
    /// # Errors
    /// A refusal when the transaction would revert; a source error when the node cannot say.
    pub(super) async fn gas(
        &self,
        leg: &Leg,
        parties: &Parties,
        value: Amount,
        numerator: u64,
    ) -> Result<u64, CarryError> {
        let mut call = json!({
            "from": address::text(parties.signer),
            "to": address::text(parties.target),
            "value": quantity(value),
        });
        if let Some(data) = &leg.call {
            call["data"] = json!(format!("0x{}", hex::encode(data)));
        }
        let answer: Result<String, SourceError> =
            ask(self.rpc(), Call::new("eth_estimateGas", json!([call]))).await;
        let text = match answer {
            Ok(text) => text,
            Err(SourceError::Refused { detail, .. }) => {
                return Err(refused(
                    "simulation_reverted",
                    format!("the node finds no amount of gas for it: {detail}"),
                ));
            }
            Err(error) => return Err(error.into()),
        };
        let estimate = crate::wire::hex_quantity(&text)
            .ok_or_else(|| self.inconsistent("an estimate of gas that is no number"))?;
        if !(PLAIN_GAS..=GAS_MAX).contains(&estimate) {
            return Err(self
                .inconsistent(format!("an estimate of {estimate} gas"))
                .into());
        }
        let is_exact = estimate == PLAIN_GAS
            && leg.call.is_none()
            && self.config().fee_rule != FeeRule::ArbitrumL1Data;
        if is_exact {
            return Ok(PLAIN_GAS);
        }
        Ok((estimate.saturating_mul(numerator) / 4).min(GAS_MAX))
    }

    /// What must hold of the accounts whenever a transaction for them is built.
    async fn still_good(&self, leg: &Leg, parties: &Parties) -> Result<(), CarryError> {
        if leg.network != self.config().network || leg.chain != self.chain() {
            return Err(refused(
                "chain_mismatch",
                format!(
                    "the step is for {} ({}), and chains.toml says that {} is {}",
                    leg.network,
                    leg.chain,
                    self.config().network,
                    self.chain()
                ),
            ));
        }
        if is_reserved(parties.recipient) {
            return Err(refused(
                "recipient_is_nobody",
                format!("nobody holds {}: the money would be lost", leg.recipient),
            ));
        }
        if leg.kind == LegKind::Return {
            self.preflight_return(parties.recipient).await?;
        }
        if let Code::Contract(_) = self.code(parties.signer).await? {
            return Err(refused(
                "signer_is_contract",
                format!(
                    "a contract stands at {}: no key signs for it on this network",
                    leg.signer
                ),
            ));
        }
        if leg.call.is_some() && self.code(parties.target).await? == Code::Absent {
            return Err(refused(
                "target_absent",
                format!(
                    "no contract stands at {} on this network: a call of it would succeed and do nothing",
                    leg.target
                ),
            ));
        }
        Ok(())
    }

    pub(super) async fn build_leg(&self, leg: &Leg, sequence: u64) -> Result<Unsigned, CarryError> {
        let parties = Parties::of(leg)?;
        self.still_good(leg, &parties).await?;
        let counts = self.counts(parties.signer).await?;
        if sequence < counts.latest {
            return Err(refused(
                "sequence_used",
                format!(
                    "{} has used nonce {sequence} already (the next is {}): reserve another",
                    leg.signer, counts.latest
                ),
            ));
        }
        let held = self.native_balance(parties.signer).await?;
        if held < parties.value {
            return Err(refused(
                "balance_too_low",
                format!(
                    "{} holds {} wei and is to pay {}",
                    leg.signer,
                    held.to_base_units(),
                    parties.value.to_base_units()
                ),
            ));
        }
        let Parties {
            signer,
            target,
            recipient,
            value,
        } = parties;
        self.simulate(leg, signer, target, recipient, value).await?;
        let gas_limit = self.gas(leg, &parties, value, 5).await?;
        let market = self.market().await?;
        let mut transaction = Transaction {
            chain_id: self.config().chain_id,
            nonce: sequence,
            // The size is what counts at first: no price that is offered has more digits than the limit.
            price: market.priced(leg.fee_max),
            gas_limit,
            to: target,
            value,
            data: leg.call.clone().unwrap_or_default(),
        };
        let size = transaction.unsigned_bytes().len();
        let data_fee = self.data_fee(size, gas_limit).await?;
        // The price bends to what the account holds, down to what it costs now.
        let room = held.checked_sub(value).unwrap_or_default();
        let (price, fee) = match market.offer(gas_limit, data_fee, leg.fee_max.min(room)) {
            Err(CarryError::FeeAboveLimit { needed, .. }) if needed <= leg.fee_max => {
                return Err(refused(
                    "gas_missing",
                    format!(
                        "{} has {} wei left for the network and needs {}: the step that brings gas must be final first, or something else has spent it",
                        leg.signer,
                        room.to_base_units(),
                        needed.to_base_units()
                    ),
                ));
            }
            Err(CarryError::FeeAboveLimit { needed, .. }) => {
                return Err(CarryError::FeeAboveLimit {
                    needed,
                    approved: leg.fee_max,
                });
            }
            offer => offer?,
        };
        transaction.price = price;
        let bytes = transaction.unsigned_bytes();
        // What is handed out passes the same check as what comes back.
        if let Err(deviations) = self.check().verify(leg, &bytes) {
            let told: Vec<String> = deviations.iter().map(ToString::to_string).collect();
            return Err(refused(
                "leg_not_carried_out",
                format!(
                    "the transaction does not do what the step says: {}",
                    told.join("; ")
                ),
            ));
        }
        Ok(Unsigned {
            bytes,
            slot: Slot {
                account: leg.signer.clone(),
                sequence,
                is_ticket: false,
            },
            valid_until: None,
            valid_through: None,
            fee,
        })
    }
}

/// A quantity as JSON-RPC writes it: no leading zeros.
pub(super) fn quantity(amount: Amount) -> String {
    let digits = hex::encode(amount.to_be_bytes());
    let digits = digits.trim_start_matches('0');
    format!("0x{}", if digits.is_empty() { "0" } else { digits })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_have_no_leading_zeros() {
        assert_eq!(quantity(Amount::ZERO), "0x0");
        assert_eq!(quantity(Amount::from_u128(0x1_00ff)), "0x100ff");
        assert_eq!(quantity(Amount::MAX).len(), 66);
    }
}
