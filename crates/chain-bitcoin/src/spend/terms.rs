//! What a leg says of the one output that it spends.

use super::refusal::SpendRefusal;
use super::rules::Rules;
use super::unlock::{script_of, unlock};
use super::{Spending, Unlock};
use crate::script::Script;
use bitcoin::{OutPoint, Txid};
use recover_core::amount::Amount;
use recover_core::asset::AssetReference;
use recover_core::check::Deviation;
use recover_core::plan::{Leg, LegKind};

/// A leg of this family, taken apart.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The network's rules.
    pub rules: &'static Rules,
    /// The output.
    pub outpoint: OutPoint,
    /// What it holds.
    pub value: u64,
    /// How it is unlocked.
    pub unlock: Unlock,
    /// Who is paid what, in this order.
    pub payments: Vec<(Script, u64)>,
}

pub(crate) fn deviation(
    field: &'static str,
    found: impl Into<String>,
    approved: impl Into<String>,
) -> Deviation {
    Deviation {
        field,
        found: found.into(),
        approved: approved.into(),
    }
}

/// Base units as this family has them: 64 bits.
#[must_use]
pub fn units(amount: Amount) -> Option<u64> {
    u64::try_from(amount.to_u128()?).ok()
}

/// The id of a transaction as nodes print it.
#[must_use]
pub fn txid(text: &str) -> Option<Txid> {
    text.parse().ok()
}

fn of_refusal(field: &'static str, refusal: &SpendRefusal, approved: &str) -> Deviation {
    deviation(field, refusal.to_string(), approved)
}

impl Terms {
    /// Reads a leg.
    ///
    /// # Errors
    /// Every way in which it is no leg of this family.
    pub fn of(leg: &Leg) -> Result<Self, Vec<Deviation>> {
        let mut found = Vec::new();
        if !matches!(leg.kind, LegKind::Transfer | LegKind::Return) {
            found.push(deviation("kind", "a payment", leg.kind.code()));
        }
        let mut none = |field, is_there: bool| {
            if is_there {
                found.push(deviation(field, "none", "what no output carries"));
            }
        };
        none("memo", leg.memo.is_some());
        none("call", leg.call.is_some());
        none("route", leg.route.is_some());
        if leg.asset.network != leg.network || leg.asset.reference != AssetReference::Native {
            found.push(deviation("asset", "the native coin", leg.asset.to_string()));
        }
        if leg.target != leg.recipient {
            found.push(deviation("target", &leg.recipient, &leg.target));
        }
        let Some(rules) = Rules::of(&leg.network) else {
            found.push(deviation(
                "network",
                "a network of Bitcoin's family",
                leg.network.as_str(),
            ));
            return Err(found);
        };
        if !rules.fits_chain(&leg.chain) {
            found.push(deviation("chain", rules.network, &leg.chain));
        }
        let Some(spend) = &leg.spend else {
            found.push(deviation("outpoint", "an output", "none"));
            return Err(found);
        };
        let parts = (txid(spend.tx_id.as_str()), units(spend.amount));
        let (Some(txid), Some(value)) = parts else {
            found.push(deviation(
                "outpoint",
                "an output",
                format!("{}:{}", spend.tx_id, spend.index),
            ));
            return Err(found);
        };
        let mut payments = Vec::new();
        let mut pay = |found: &mut Vec<Deviation>,
                       fields: (&'static str, &'static str),
                       to: &str,
                       amount: Amount| {
            match script_of(rules, to) {
                Ok(script) => match units(amount) {
                    Some(amount) => payments.push((script, amount)),
                    None => found.push(deviation(fields.1, "64 bits", amount.to_base_units())),
                },
                Err(refusal) => found.push(of_refusal(fields.0, &refusal, to)),
            }
        };
        pay(
            &mut found,
            ("recipient", "amount"),
            &leg.recipient,
            leg.amount,
        );
        if let Some(rest) = &spend.rest {
            pay(
                &mut found,
                ("rest_recipient", "rest_amount"),
                &rest.recipient,
                rest.amount,
            );
        }
        let paid = spend
            .rest
            .as_ref()
            .map_or(Some(leg.amount), |rest| leg.amount.checked_add(rest.amount));
        let fee = paid.and_then(|paid| spend.amount.checked_sub(paid));
        if fee.is_none_or(|fee| fee.is_zero() || fee != leg.fee_max) {
            found.push(deviation(
                "fee_max",
                fee.map_or_else(|| "less than nothing".to_owned(), Amount::to_base_units),
                leg.fee_max.to_base_units(),
            ));
        }
        let unlocked = script_of(rules, &leg.signer)
            .map_err(|refusal| of_refusal("signer", &refusal, &leg.signer))
            .and_then(|script| {
                unlock(rules, &script, spend.descriptor.as_deref()).map_err(|refusal| {
                    of_refusal(
                        "descriptor",
                        &refusal,
                        spend.descriptor.as_deref().unwrap_or("none"),
                    )
                })
            });
        match unlocked {
            Ok(unlock) if found.is_empty() => Ok(Self {
                rules,
                outpoint: OutPoint::new(txid, spend.index),
                value,
                unlock,
                payments,
            }),
            Ok(_) => Err(found),
            Err(error) => {
                found.push(error);
                Err(found)
            }
        }
    }

    /// The spending by these terms, with the transaction that made the output.
    #[must_use]
    pub fn spending<'a>(&'a self, previous: &'a [u8], tip: u32) -> Spending<'a> {
        Spending {
            rules: self.rules,
            outpoint: self.outpoint,
            previous,
            unlock: &self.unlock,
            payments: &self.payments,
            tip,
        }
    }
}
