//! Where a transaction stands, and whether what happened to the output is what was approved.
//!
//! That a transaction can never happen is believed on one proof only: another one spends its output in a block that is final. A
//! conflict in the mempool, or in a block that is not final, may still go either way.

use super::BitcoinCarry;
use super::output::{Place, outpoint};
use crate::block::{Dialect, read_transaction};
use crate::script::Script;
use crate::source::spender::{Found, Tip};
use crate::spend::{Terms, address_of, deviation};
use bitcoin::{Transaction, TxOut, Txid};
use recover_core::amount::Amount;
use recover_core::block::{BlockHash, BlockRef, Height, TxId};
use recover_core::check::Deviation;
use recover_core::time::Timestamp;
use recover_source::carriers::SEQUENCE;
use recover_source::carry::{CarryError, Inclusion, Standing, Tracked};
use recover_source::error::SourceError;
use std::collections::{BTreeMap, BTreeSet};

/// The most inputs of somebody else's transaction that are looked up, to know what the network took for it.
const INPUTS_MAX: usize = 500;

pub(super) fn unknown(reason: impl Into<String>) -> Standing {
    Standing::Unknown {
        reason: reason.into(),
    }
}

/// Outputs in words.
fn told(terms: &Terms, outputs: &[TxOut]) -> String {
    let each = outputs.iter().map(|output| {
        let to = Script::of(output.script_pubkey.as_bytes())
            .and_then(|script| address_of(terms.rules, &script))
            .unwrap_or_else(|| {
                format!(
                    "the script {}",
                    hex::encode(output.script_pubkey.as_bytes())
                )
            });
        format!("{} to {to}", output.value.to_sat())
    });
    each.collect::<Vec<_>>().join(", ")
}

/// How what a transaction did differs from its terms. `recipient` is said only where nothing at all went there: whoever reads it may
/// take the payment for not made.
pub(super) fn outcome(terms: &Terms, transaction: &Transaction) -> Vec<Deviation> {
    let mut deviations = Vec::new();
    let spends = transaction
        .input
        .iter()
        .any(|input| input.previous_output == terms.outpoint);
    if !spends {
        let found = transaction.input.first().map(|input| input.previous_output);
        deviations.push(deviation(
            SEQUENCE,
            found.map_or_else(|| "none".to_owned(), |found| found.to_string()),
            terms.outpoint.to_string(),
        ));
    }
    if transaction.input.len() > 1 {
        deviations.push(deviation(
            "inputs",
            transaction.input.len().to_string(),
            "1",
        ));
    }
    let outputs = &transaction.output;
    let is_as_approved = outputs.len() == terms.payments.len()
        && outputs
            .iter()
            .zip(&terms.payments)
            .all(|(found, (script, amount))| {
                found.script_pubkey.as_bytes() == script.bytes() && found.value.to_sat() == *amount
            });
    if is_as_approved {
        return deviations;
    }
    let Some((recipient, amount)) = terms.payments.first() else {
        return deviations;
    };
    let script = recipient.bytes();
    let arrived: u128 = outputs
        .iter()
        .filter(|output| output.script_pubkey.as_bytes() == script)
        .map(|output| u128::from(output.value.to_sat()))
        .sum();
    let approved = address_of(terms.rules, recipient).unwrap_or_default();
    if arrived == 0 {
        deviations.push(deviation("recipient", told(terms, outputs), approved));
    } else if arrived != u128::from(*amount) {
        deviations.push(deviation(
            "delivered",
            arrived.to_string(),
            amount.to_string(),
        ));
    } else {
        let meant = terms.payments.iter().map(|(script, amount)| {
            let to = address_of(terms.rules, script).unwrap_or_default();
            format!("{amount} to {to}")
        });
        deviations.push(deviation(
            "outputs",
            told(terms, outputs),
            meant.collect::<Vec<_>>().join(", "),
        ));
    }
    deviations
}

/// Why what the network took is not known.
pub(super) fn too_many(id: &TxId, transaction: &Transaction) -> String {
    format!(
        "{id} spends {} outputs that this source cannot tell: look up what the network took for it",
        transaction.input.len()
    )
}

/// The transactions, beside the leg's own, whose outputs a transaction spends; `None` where they are too many to be looked up.
pub(super) fn others(terms: &Terms, transaction: &Transaction) -> Option<BTreeSet<Txid>> {
    let inputs = transaction.input.iter();
    let wanted = inputs
        .map(|input| input.previous_output)
        .filter(|spent| *spent != terms.outpoint)
        .map(|spent| spent.txid);
    (transaction.input.len() <= INPUTS_MAX).then(|| wanted.collect())
}

/// What the network took for a transaction, and whose output it spends: ours where it does, else its first. `made` are the transactions of
/// [`others`], whose ids were worked out. An error is what cannot be true.
pub(super) fn taken(
    terms: &Terms,
    transaction: &Transaction,
    made: &BTreeMap<Txid, Transaction>,
) -> Result<(u64, String), String> {
    let mut sum = 0_u64;
    let mut first = None;
    for input in &transaction.input {
        let spent = input.previous_output;
        let (value, script) = if spent == terms.outpoint {
            (terms.value, Some(terms.unlock.script))
        } else {
            let index = usize::try_from(spent.vout).unwrap_or(usize::MAX);
            let output = made
                .get(&spent.txid)
                .and_then(|made| made.output.get(index))
                .ok_or_else(|| format!("{spent} is spent and never was"))?;
            (
                output.value.to_sat(),
                Script::of(output.script_pubkey.as_bytes()),
            )
        };
        sum = sum.checked_add(value).ok_or("more coins than there are")?;
        first.get_or_insert(script);
    }
    let paid = transaction
        .output
        .iter()
        .try_fold(0_u64, |sum, output| sum.checked_add(output.value.to_sat()));
    let fee = paid
        .and_then(|paid| sum.checked_sub(paid))
        .ok_or("a transaction that pays more than it spends")?;
    let spends = transaction
        .input
        .iter()
        .any(|input| input.previous_output == terms.outpoint);
    let script = if spends {
        Some(terms.unlock.script)
    } else {
        first.flatten()
    };
    let signer = script.and_then(|script| address_of(terms.rules, &script));
    Ok((fee, signer.unwrap_or_default()))
}

/// A transaction in a block, beside its terms.
pub(super) fn inclusion(
    id: TxId,
    transaction: &Transaction,
    block: BlockRef,
    is_final: bool,
    terms: &Terms,
    (fee, signer): (u64, String),
) -> Inclusion {
    let mut deviations = outcome(terms, transaction);
    let most = terms
        .payments
        .iter()
        .fold(terms.value, |left, (_, amount)| {
            left.saturating_sub(*amount)
        });
    if fee > most {
        deviations.push(deviation("fee_max", fee.to_string(), most.to_string()));
    }
    Inclusion {
        tx_id: id,
        is_final,
        block,
        fee: Amount::from_u128(fee.into()),
        deviations,
        signer,
    }
}

impl BitcoinCarry {
    pub(super) async fn find(&self, tracked: &Tracked<'_>) -> Result<Standing, CarryError> {
        let terms = self.terms(tracked.leg)?;
        let slot = outpoint(&tracked.slot.account)?;
        if slot != terms.outpoint {
            return Ok(unknown(format!(
                "the slot {slot} is not the output of the leg, {}",
                terms.outpoint
            )));
        }
        // Before the rest: what is final by this tip was final when the rest was read.
        let tip = self.node.tip().await?;
        let found = self.standing_of(tracked, &terms, &tip).await;
        match found {
            Err(CarryError::Source(
                error @ (SourceError::Inconsistent { .. } | SourceError::NotKept { .. }),
            )) => Ok(unknown(error.to_string())),
            found => found,
        }
    }

    async fn standing_of(
        &self,
        tracked: &Tracked<'_>,
        terms: &Terms,
        tip: &Tip,
    ) -> Result<Standing, CarryError> {
        if let Some(id) = tracked.tx_id
            && let Some(standing) = self.by_id(id, terms, tip).await?
        {
            return Ok(standing);
        }
        match self.place(&terms.outpoint).await? {
            Place::Unspent => Ok(Standing::NotSeen),
            Place::SpentInMempool => self.waiting(tracked, terms).await,
            Place::SpentInChain => self.spent(tracked, terms, tip).await,
            Place::Nowhere => Ok(unknown(format!(
                "{} has neither the output {} nor the transaction that made it",
                self.node.origin(),
                terms.outpoint
            ))),
        }
    }

    /// Where it stands by its id; `None` when the node has nothing under it, or only in a block that its chain left.
    async fn by_id(
        &self,
        id: &TxId,
        terms: &Terms,
        tip: &Tip,
    ) -> Result<Option<Standing>, CarryError> {
        let Some(raw) = self.node.raw_transaction(id.as_str()).await? else {
            return Ok(None);
        };
        if raw.block_hash.is_none() {
            return Ok(Some(Standing::Pending { tx_id: id.clone() }));
        }
        let Some(block) = self.node.block_of(&raw).await? else {
            return Ok(None);
        };
        let transaction = self.read(id.as_str(), &raw.hex)?;
        self.included(id.clone(), &transaction, block, terms, tip)
            .await
            .map(Some)
    }

    fn read(&self, id: &str, digits: &str) -> Result<Transaction, SourceError> {
        let dialect = Dialect::of(self.node.network_id());
        let entry = hex::decode(digits)
            .ok()
            .zip(dialect)
            .and_then(|(bytes, dialect)| read_transaction(&bytes, dialect).ok())
            .ok_or_else(|| self.inconsistent(format!("{id} cannot be read")))?;
        if entry.id().is_some_and(|found| found.to_string() != id) {
            return Err(self.inconsistent(format!("another transaction than {id}")));
        }
        Ok(entry.transaction)
    }

    /// The output is spent by a transaction that waits.
    async fn waiting(&self, tracked: &Tracked<'_>, terms: &Terms) -> Result<Standing, CarryError> {
        let Some(id) = self.node.waiting_spender(&terms.outpoint).await? else {
            return Ok(unknown(format!(
                "a transaction that waits spends {}, and {} cannot say which",
                terms.outpoint,
                self.node.origin()
            )));
        };
        let is_ours = tracked.tx_id.is_some_and(|known| known.as_str() == id);
        let same = match self.node.raw_transaction(&id).await? {
            _ if is_ours => true,
            Some(raw) => outcome(terms, &self.read(&id, &raw.hex)?).is_empty(),
            None => false,
        };
        if same && (is_ours || tracked.tx_id.is_none()) {
            return Ok(Standing::Pending {
                tx_id: TxId::new(&id),
            });
        }
        Ok(unknown(format!(
            "{id} waits and spends the same output; which of them is mined is not known yet"
        )))
    }

    /// The output is spent in a block.
    async fn spent(
        &self,
        tracked: &Tracked<'_>,
        terms: &Terms,
        tip: &Tip,
    ) -> Result<Standing, CarryError> {
        match self.node.spender_in_chain(&terms.outpoint, tip).await? {
            Found::In {
                transaction,
                id,
                block,
                height,
            } => match tracked.tx_id {
                Some(known) if known.as_str() != id => Ok(if tip.is_final(height) {
                    Standing::Replaced {
                        by: Some(TxId::new(&id)),
                    }
                } else {
                    unknown(format!(
                        "{id} in block {height} spends the same output, and that is not final yet"
                    ))
                }),
                _ => {
                    let header = self.node.block_header(&block).await?;
                    let Some(header) = header.filter(|header| header.confirmations > 0) else {
                        return Ok(unknown("the chain moved while it was read: ask again"));
                    };
                    let time = i64::try_from(header.time).ok();
                    let time = time
                        .and_then(|_| Timestamp::from_seconds(header.time))
                        .ok_or_else(|| self.inconsistent("a block of no time"))?;
                    let block = BlockRef {
                        height: Height(height),
                        hash: BlockHash::new(&block),
                        time,
                    };
                    self.included(TxId::new(&id), &transaction, block, terms, tip)
                        .await
                }
            },
            Found::Below { read_from } => {
                // Nothing under the known id in a chain that is indexed whole: another one spent it.
                let is_final = tip.is_final(read_from);
                if tracked.tx_id.is_some() && is_final && self.node.has_transaction_index().await? {
                    return Ok(Standing::Replaced { by: None });
                }
                Ok(unknown(format!(
                    "{} is spent in a block below {read_from}, which was not read: use a node with an index of spenders (txospenderindex), or look it up",
                    terms.outpoint
                )))
            }
        }
    }

    /// A transaction in a block, compared with its terms.
    async fn included(
        &self,
        id: TxId,
        transaction: &Transaction,
        block: BlockRef,
        terms: &Terms,
        tip: &Tip,
    ) -> Result<Standing, CarryError> {
        let Some(taken) = self.inputs(transaction, terms).await? else {
            return Ok(unknown(too_many(&id, transaction)));
        };
        let is_final = tip.is_final(block.height.0);
        Ok(Standing::Included(inclusion(
            id,
            transaction,
            block,
            is_final,
            terms,
            taken,
        )))
    }

    /// What the network took for a transaction, and whose output it spends. `None` where the node cannot tell.
    async fn inputs(
        &self,
        transaction: &Transaction,
        terms: &Terms,
    ) -> Result<Option<(u64, String)>, SourceError> {
        let Some(wanted) = others(terms, transaction) else {
            return Ok(None);
        };
        let mut made = BTreeMap::new();
        for id in wanted {
            let text = id.to_string();
            let Some(raw) = self.node.raw_transaction(&text).await? else {
                return Ok(None);
            };
            made.insert(id, self.read(&text, &raw.hex)?);
        }
        taken(terms, transaction, &made)
            .map(Some)
            .map_err(|detail| self.inconsistent(detail))
    }
}
