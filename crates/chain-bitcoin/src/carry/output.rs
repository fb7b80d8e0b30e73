//! The output that is spent: whether it is there, what it holds, who made it.

use super::{BitcoinCarry, of_refusal};
use crate::network::form;
use crate::script::Script;
use crate::source::{Coins, cost};
use crate::spend::{SpendRefusal, read_previous, txid};
use bitcoin::OutPoint;
use recover_source::carry::{CarryError, Sequence, refused};
use recover_source::error::SourceError;
use serde::Deserialize;
use serde_json::json;

/// What the mempool asks for now, where the daemon says so (`getmempoolinfo`).
#[derive(Debug, Default, Deserialize)]
struct MempoolInfo {
    /// Coins for 1,000 virtual bytes, below which nothing gets in now.
    #[serde(default, rename = "mempoolminfee")]
    now: Option<Coins>,
    /// The same that the operator set.
    #[serde(default, rename = "minrelaytxfee")]
    always: Option<Coins>,
}

/// An output from the text of a slot's account, `TXID:INDEX`.
pub(super) fn outpoint(account: &str) -> Result<OutPoint, CarryError> {
    account
        .split_once(':')
        .and_then(|(id, index)| {
            let vout = index.parse().ok()?;
            Some(OutPoint::new(txid(id)?, vout))
        })
        .filter(|outpoint| outpoint.to_string() == account)
        .ok_or_else(|| {
            refused(
                "not_an_output",
                format!("'{account}' is no output: write TXID:INDEX"),
            )
        })
}

/// Where an output stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Nobody spends it.
    Unspent,
    /// A transaction that waits spends it.
    SpentInMempool,
    /// A transaction of a block spends it.
    SpentInChain,
    /// The node has neither it nor the transaction that made it.
    Nowhere,
}

impl BitcoinCarry {
    /// Whether an output is there.
    pub(super) async fn place(&self, outpoint: &OutPoint) -> Result<Place, SourceError> {
        let id = outpoint.txid.to_string();
        if self.node.unspent(&id, outpoint.vout, true).await?.is_some() {
            return Ok(Place::Unspent);
        }
        if self
            .node
            .unspent(&id, outpoint.vout, false)
            .await?
            .is_some()
        {
            return Ok(Place::SpentInMempool);
        }
        // A daemon says the same of an output that was spent and of one that never was.
        let made = match self.node.raw_transaction(&id).await? {
            Some(made) => self.node.block_of(&made).await?,
            None => None,
        };
        Ok(if made.is_some() {
            Place::SpentInChain
        } else {
            Place::Nowhere
        })
    }

    /// Where an output stands in its own order: 0 while it is there, 1 once it is spent.
    pub(super) async fn place_of(&self, account: &str) -> Result<Sequence, CarryError> {
        let outpoint = outpoint(account)?;
        let tip = self.node.tip().await?;
        match self.place(&outpoint).await? {
            Place::Unspent => Ok(Sequence {
                next: 0,
                next_final: 0,
            }),
            Place::SpentInMempool => Ok(Sequence {
                next: 1,
                next_final: 0,
            }),
            Place::SpentInChain => {
                let is_final = match self.node.spender_in_chain(&outpoint, &tip).await? {
                    crate::source::spender::Found::In { height, .. } => tip.is_final(height),
                    // All blocks that are not final were read, and none has it.
                    crate::source::spender::Found::Below { read_from } => {
                        tip.height.saturating_sub(read_from) >= self.node.settings.confirmations
                    }
                };
                Ok(Sequence {
                    next: 1,
                    next_final: u64::from(is_final),
                })
            }
            Place::Nowhere => Err(self.gone(&outpoint)),
        }
    }

    pub(super) fn gone(&self, outpoint: &OutPoint) -> CarryError {
        refused(
            "outpoint_gone",
            format!(
                "{} has neither the output {outpoint} nor the transaction that made it: look whether its block was undone, and whether the node has an index of transactions",
                self.node.origin()
            ),
        )
    }

    /// Makes sure that an output is there, holds what it should, and is final.
    pub(super) async fn preflight(
        &self,
        outpoint: &OutPoint,
        value: u64,
        script: &Script,
    ) -> Result<(), CarryError> {
        let id = outpoint.txid.to_string();
        let Some(found) = self.node.unspent(&id, outpoint.vout, true).await? else {
            return Err(match self.place(outpoint).await? {
                Place::Nowhere => self.gone(outpoint),
                _ => of_refusal(&SpendRefusal::OutpointTaken {
                    outpoint: outpoint.to_string(),
                }),
            });
        };
        if found.value != Coins(value) || found.script.hex != hex::encode(script.bytes()) {
            return Err(self
                .inconsistent(format!(
                    "{outpoint} holds {} base units for the script {}, and {value} for {} were seen",
                    found.value.0,
                    found.script.hex,
                    hex::encode(script.bytes())
                ))
                .into());
        }
        // The block of the output itself is one confirmation.
        let on_top = found.confirmations.checked_sub(1);
        if on_top.is_none_or(|on_top| on_top < self.node.settings.confirmations) {
            return Err(refused(
                "not_final",
                format!(
                    "the output has {} confirmations and is final with {}: wait",
                    found.confirmations,
                    self.node.settings.confirmations.saturating_add(1)
                ),
            ));
        }
        let depth = form(self.node.network_id()).map_or(u64::MAX, |form| form.coinbase_depth);
        if found.coinbase && found.confirmations < depth {
            return Err(refused(
                "immature",
                format!(
                    "a block made this output, and it may be spent with {depth} confirmations; it has {}: wait",
                    found.confirmations
                ),
            ));
        }
        Ok(())
    }

    /// The bytes of the transaction that made an output.
    pub(super) async fn previous(&self, outpoint: &OutPoint) -> Result<Vec<u8>, CarryError> {
        let id = outpoint.txid.to_string();
        let missing =
            || of_refusal(&SpendRefusal::PreviousTransactionMissing { tx_id: id.clone() });
        let answer = self.node.raw_transaction(&id).await?.ok_or_else(missing)?;
        let bytes = hex::decode(&answer.hex)
            .map_err(|_| self.inconsistent("a transaction that is not hexadecimal"))?;
        // Compared here already, so that a plan is not approved which nobody can build.
        read_previous(&bytes, &outpoint.txid).map_err(|refusal| of_refusal(&refusal))?;
        Ok(bytes)
    }

    /// The rate at which nodes relay now, in base units for 1,000 virtual bytes; 0 where the daemon does not say.
    async fn relayed_from(&self) -> Result<u64, SourceError> {
        let info: MempoolInfo = match self.node.rpc().ask("getmempoolinfo", json!([])).await {
            Ok(info) => info,
            Err(SourceError::Unsupported { .. } | SourceError::NotProtocol { .. }) => {
                MempoolInfo::default()
            }
            Err(error) => return Err(error),
        };
        let lowest = info
            .now
            .unwrap_or_default()
            .max(info.always.unwrap_or_default());
        Ok(lowest.0)
    }

    /// The rate that is offered now, with a margin.
    pub(super) async fn rate(&self, margin_percent: u32) -> Result<u64, CarryError> {
        let rules = self.rules()?;
        let estimate = self.node.fee_rate(cost::BLOCKS_WANTED).await?;
        let relayed_from = self.relayed_from().await?;
        rules
            .rate(estimate, relayed_from, margin_percent)
            .ok_or_else(|| {
                of_refusal(&SpendRefusal::FeeAboveCap {
                    fee: estimate.unwrap_or_default().max(relayed_from),
                    most: rules.rate_max,
                })
            })
    }
}
