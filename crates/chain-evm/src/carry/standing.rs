//! Where a transaction stands, and whether what happened is what was approved.

use super::slot::Counts;
use super::{EvmCarry, account};
use crate::address;
use crate::check::content_deviations;
use crate::cost::{self, FeeRule};
use crate::lookup::{self, tag};
use crate::rpc::{Call, parse};
use crate::transaction::TransactionError;
use crate::wire::{StatedReceipt, StatedTransaction};
use recover_core::amount::Amount;
use recover_core::asset::AssetReference;
use recover_core::block::{BlockRef, TxId};
use recover_core::check::Deviation;
use recover_core::observation::Outcome;
use recover_core::plan::{Leg, LegKind};
use recover_source::carry::{CarryError, Inclusion, Standing, Tracked};
use recover_source::chain::{ChainRead, Lookup, Part, TransactionView};
use recover_source::error::SourceError;
use serde_json::json;

fn unknown(reason: impl Into<String>) -> Standing {
    Standing::Unknown {
        reason: reason.into(),
    }
}

/// An answer that proves nothing, as a standing: what a source does not keep, and what cannot be true while the chain moves. Any
/// other error stays one, so that another source is asked.
fn or_unknown<T>(answer: Result<T, SourceError>) -> Result<Result<T, Standing>, CarryError> {
    match answer {
        Ok(answer) => Ok(Ok(answer)),
        Err(error @ (SourceError::NotKept { .. } | SourceError::Inconsistent { .. })) => {
            Ok(Err(unknown(error.to_string())))
        }
        Err(error) => Err(error.into()),
    }
}

fn deviation(
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

impl EvmCarry {
    pub(super) async fn find(&self, tracked: &Tracked<'_>) -> Result<Standing, CarryError> {
        let account = account::parse("account", &tracked.slot.account)?;
        // Before the rest: what is final by this answer was final when the rest was read.
        let counts = match or_unknown(self.counts(account).await)? {
            Ok(counts) => counts,
            Err(standing) => return Ok(standing),
        };
        if let Some(id) = tracked.tx_id
            && let Some(standing) = self.by_id(tracked, id, counts).await?
        {
            return Ok(standing);
        }
        self.by_slot(tracked, account, counts).await
    }

    /// Where it stands by its id; `None` when the node has nothing under it.
    async fn by_id(
        &self,
        tracked: &Tracked<'_>,
        id: &TxId,
        counts: Counts,
    ) -> Result<Option<Standing>, CarryError> {
        let view = match or_unknown(self.node.transaction(id).await)? {
            Ok(Lookup::Found(view)) => view,
            Ok(Lookup::Absent | Lookup::Unknown { .. }) => return Ok(None),
            Err(standing) => return Ok(Some(standing)),
        };
        let Some(block) = view.block.clone() else {
            // It waits – unless the slot went to another meanwhile and this node has not dropped it yet.
            return Ok((counts.latest <= tracked.slot.sequence)
                .then(|| Standing::Pending { tx_id: id.clone() }));
        };
        self.included(tracked, &view, block, counts).await.map(Some)
    }

    /// Where its slot stands, when nothing is known under its id or the id is not known.
    async fn by_slot(
        &self,
        tracked: &Tracked<'_>,
        account: [u8; 20],
        counts: Counts,
    ) -> Result<Standing, CarryError> {
        let nonce = tracked.slot.sequence;
        if counts.latest <= nonce {
            return Ok(Standing::NotSeen);
        }
        let found = self.user_of(account, nonce, counts.tip).await;
        let (found, height) = match or_unknown(found)? {
            Ok(found) => found,
            Err(standing) => return Ok(standing),
        };
        let Some(height) = height else {
            return Ok(unknown("the chain moved while it was read: ask again"));
        };
        let is_final =
            counts.finalized > nonce && counts.final_height.is_some_and(|newest| newest >= height);
        let Some(user) = found else {
            return Ok(if is_final {
                Standing::Replaced { by: None }
            } else {
                unknown(format!(
                    "nonce {nonce} is used in block {height}, by no transaction of its own, and that is not final yet"
                ))
            });
        };
        let user_id = address::tx_id(&user.hash.0);
        match tracked.tx_id {
            Some(id) if *id == user_id => Ok(unknown(format!(
                "block {height} holds {id}, and the node has nothing under that id: it may still be indexing"
            ))),
            Some(_) if is_final => Ok(Standing::Replaced { by: Some(user_id) }),
            Some(_) => Ok(unknown(format!(
                "{user_id} in block {height} uses the same nonce, and that is not final yet"
            ))),
            None => Ok(self.by_id(tracked, &user_id, counts).await?.unwrap_or_else(|| {
                unknown(format!(
                    "block {height} holds {user_id}, and the node has nothing under that id: it may still be indexing"
                ))
            })),
        }
    }

    /// A transaction in a block, compared with its leg.
    async fn included(
        &self,
        tracked: &Tracked<'_>,
        view: &TransactionView,
        block: BlockRef,
        counts: Counts,
    ) -> Result<Standing, CarryError> {
        let leg = tracked.leg;
        let id = view.id.as_str();
        let calls = vec![
            Call::new("eth_getTransactionByHash", json!([id])),
            Call::new("eth_getTransactionReceipt", json!([id])),
        ];
        let answers = self.rpc().batch(calls).await.map_err(CarryError::from)?;
        let mut answers = answers.into_iter();
        let stated: Option<StatedTransaction> =
            self.next(&mut answers, "eth_getTransactionByHash")?;
        let receipt: Option<StatedReceipt> =
            self.next(&mut answers, "eth_getTransactionReceipt")?;
        let (Some(stated), Some(receipt)) = (stated, receipt) else {
            return Ok(unknown("the chain moved while it was read: ask again"));
        };
        if address::block_hash(&receipt.block_hash.0) != block.hash {
            return Ok(unknown("the chain moved while it was read: ask again"));
        }
        let fee = match or_unknown(self.fee_of(&receipt, &block).await)? {
            Ok(Some(fee)) => fee,
            Ok(None) => {
                return Ok(unknown(format!(
                    "the receipt of {id} does not say what was paid"
                )));
            }
            Err(standing) => return Ok(standing),
        };
        let mut deviations = Vec::new();
        let signer = match stated.rebuild() {
            Ok(opened) => {
                deviations.extend(content_deviations(leg, &opened.transaction));
                if opened.transaction.nonce != tracked.slot.sequence {
                    deviations.push(deviation(
                        "sequence",
                        opened.transaction.nonce.to_string(),
                        tracked.slot.sequence.to_string(),
                    ));
                }
                address::text(opened.signer)
            }
            Err(TransactionError::Kind(why)) => {
                deviations.push(deviation(
                    "type",
                    why,
                    "a legacy transaction or one of type 2",
                ));
                stated
                    .from
                    .map(|from| address::text(from.0))
                    .unwrap_or_default()
            }
            // The node's own statement does not hold together.
            Err(error) => return Ok(unknown(format!("{id}: {error}"))),
        };
        if signer != leg.signer {
            deviations.push(deviation("signer", signer.clone(), leg.signer.clone()));
        }
        if fee > leg.fee_max {
            deviations.push(deviation(
                "fee_max",
                fee.to_base_units(),
                leg.fee_max.to_base_units(),
            ));
        }
        let succeeded = match view.outcome {
            Outcome::Success => true,
            Outcome::Failed => false,
            Outcome::Unknown => {
                return Ok(unknown(format!(
                    "nobody says whether {id} succeeded: use a node that traces"
                )));
            }
        };
        if succeeded {
            match or_unknown(self.effect(leg, view, &block).await)? {
                Ok(found) => deviations.extend(found),
                Err(standing) => return Ok(standing),
            }
        }
        let inclusion = Inclusion {
            tx_id: view.id.clone(),
            is_final: counts
                .final_height
                .is_some_and(|newest| newest >= block.height),
            block,
            fee,
            deviations,
            signer,
        };
        Ok(if succeeded {
            Standing::Included(inclusion)
        } else {
            Standing::Failed(inclusion)
        })
    }

    fn next<T: serde::de::DeserializeOwned>(
        &self,
        answers: &mut impl Iterator<Item = Result<bytes::Bytes, SourceError>>,
        what: &str,
    ) -> Result<T, SourceError> {
        match answers.next() {
            Some(Ok(answer)) => parse(self.rpc().origin(), what, &answer),
            Some(Err(error)) => Err(error),
            None => Err(self.inconsistent(format!("no answer to {what}"))),
        }
    }

    /// What the network took, by the receipt: gas at the price paid, and on layer 2 the data fee and the operator's; `None` when
    /// it does not say.
    async fn fee_of(
        &self,
        receipt: &StatedReceipt,
        block: &BlockRef,
    ) -> Result<Option<Amount>, SourceError> {
        let (Some(gas), Some(price)) = (receipt.gas_used, receipt.effective_gas_price) else {
            return Ok(None);
        };
        let Some(execution) = gas.mul_ratio_floor(price, Amount::from_u128(1)) else {
            return Ok(None);
        };
        match self.config().fee_rule {
            FeeRule::Execution | FeeRule::ArbitrumL1Data | FeeRule::LineaEstimateGas => {
                Ok(Some(execution))
            }
            // Mantle's receipts name the data fee in its own coin, unlike its oracle.
            FeeRule::OpStackL1Data | FeeRule::ScrollL1Data | FeeRule::MantleL1Data => {
                let is_charged = |fee: Option<Amount>| fee.is_some_and(|fee| !fee.is_zero());
                let operator = if is_charged(receipt.operator_fee_scalar) {
                    cost::operator_fee(self.rpc(), gas, &tag(block.height)).await?
                } else {
                    receipt.operator_fee_constant.unwrap_or_default()
                };
                Ok(receipt
                    .l1_fee
                    .and_then(|data| execution.checked_add(data)?.checked_add(operator)))
            }
        }
    }

    /// How what a successful transaction moved differs from what its leg says.
    async fn effect(
        &self,
        leg: &Leg,
        view: &TransactionView,
        block: &BlockRef,
    ) -> Result<Vec<Deviation>, SourceError> {
        if leg.kind == LegKind::Deploy {
            let recipient = self.bytes_of(&leg.recipient)?;
            let code = self.code_at(recipient, &tag(block.height)).await?;
            return Ok(if code.is_empty() {
                vec![deviation("code", "none", "a contract at the recipient")]
            } else {
                Vec::new()
            });
        }
        let is_native = leg.asset.reference == AssetReference::Native;
        let source = match leg.kind {
            LegKind::Flush => &leg.target,
            _ => &leg.signer,
        };
        let told = view
            .credits
            .iter()
            .filter(|credit| {
                credit.to.text() == leg.recipient
                    && credit.asset == leg.asset
                    && credit
                        .from
                        .as_ref()
                        .is_some_and(|from| from.text() == source)
            })
            .try_fold(Amount::ZERO, |sum, credit| sum.checked_add(credit.amount))
            .unwrap_or_default();
        // What contracts passed on is not told by a node without traces: that nothing arrived is then read from the balance.
        let is_half_told = is_native && view.unread.contains(&Part::Internal);
        let moved = if is_half_told && (leg.kind == LegKind::Flush || told.is_zero()) {
            self.gained(&leg.recipient, block).await?
        } else {
            told
        };
        let fits = match leg.kind {
            LegKind::Flush => moved >= leg.amount,
            _ => moved == leg.amount,
        };
        Ok(if fits {
            Vec::new()
        } else {
            vec![deviation(
                "delivered",
                moved.to_base_units(),
                leg.amount.to_base_units(),
            )]
        })
    }

    /// What an account's native balance gained over a block: for a node that has no traces. What the account paid in the same
    /// block makes it less, which a person then looks at.
    async fn gained(&self, account: &str, block: &BlockRef) -> Result<Amount, SourceError> {
        let account = self.bytes_of(account)?;
        let after = self.native_balance_at(account, &tag(block.height)).await?;
        let before = self
            .native_balance_at(account, &tag(block.height.minus(1)))
            .await?;
        Ok(after.checked_sub(before).unwrap_or_default())
    }

    fn bytes_of(&self, text: &str) -> Result<[u8; 20], SourceError> {
        address::parse(text)
            .ok()
            .and_then(|parsed| address::bytes(&parsed))
            .ok_or_else(|| lookup::unsupported(self.rpc(), format!("the address '{text}'")))
    }
}
