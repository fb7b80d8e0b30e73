//! Who spent an output: by the node's own index where it has one, else by reading blocks back from the tip.

use super::BitcoinNode;
use crate::block::{BlockReader, Dialect};
use bitcoin::{OutPoint, Transaction};
use recover_core::block::{Height, TxId};
use recover_source::chain::{Lookup, Spender};
use recover_source::error::SourceError;
use std::str::FromStr as _;

/// Blocks that are read back from the tip at most: two days of Bitcoin's, half a day of Litecoin's. A claim is tracked more often.
const BLOCKS_MAX: u64 = 300;

/// The tip of the node's chain, and what is final below it.
#[derive(Debug, Clone)]
pub(crate) struct Tip {
    /// Its height.
    pub height: u64,
    /// Its hash.
    pub hash: String,
    /// The highest final block; `None` while none is.
    pub final_height: Option<u64>,
}

impl Tip {
    /// Whether a block at this height is final.
    pub(crate) fn is_final(&self, height: u64) -> bool {
        self.final_height.is_some_and(|newest| newest >= height)
    }
}

/// What was found.
#[derive(Debug, Clone)]
pub(crate) enum Found {
    /// The spender, in a block of the best chain.
    In {
        /// The transaction, without witnesses where the network's bytes need it.
        transaction: Box<Transaction>,
        /// Its id.
        id: String,
        /// Its block's hash.
        block: String,
        /// Its block's height.
        height: u64,
    },
    /// None in the blocks that were read: it stands below them.
    Below {
        /// The lowest height that was read.
        read_from: u64,
    },
}

impl BitcoinNode {
    /// The tip now.
    pub(crate) async fn tip(&self) -> Result<Tip, SourceError> {
        let info = self.chain_info().await?;
        Ok(Tip {
            height: info.blocks,
            hash: info.best,
            final_height: info.blocks.checked_sub(self.settings.confirmations),
        })
    }

    /// The id of the transaction that waits and spends an output; `None` where there is none, or the daemon cannot say.
    pub(crate) async fn waiting_spender(
        &self,
        outpoint: &OutPoint,
    ) -> Result<Option<String>, SourceError> {
        let id = outpoint.txid.to_string();
        if !self.offers("gettxspendingprevout").await? {
            return Ok(None);
        }
        match self.spender(&id, outpoint.vout).await {
            Ok(found) => Ok(found
                .filter(|found| found.block_hash.is_none())
                .and_then(|found| found.transaction)),
            Err(SourceError::Unsupported { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The transaction of the best chain that spends an output.
    pub(crate) async fn spender_in_chain(
        &self,
        outpoint: &OutPoint,
        tip: &Tip,
    ) -> Result<Found, SourceError> {
        let lowest = tip.height.saturating_sub(BLOCKS_MAX - 1);
        if let Some(hash) = self.indexed(outpoint).await?
            && let Some(header) = self.block_header(&hash).await?
            && header.confirmations > 0
            && let Some(found) = self.in_block(outpoint, &hash, header.height).await?.0
        {
            return Ok(found);
        }
        let dialect = Dialect::of(self.network_id());
        // Each block names the one before it, so that all that is read is of one chain, whatever the tip does meanwhile. A daemon that
        // hashes its headers otherwise is asked by height.
        let mut hash = tip.hash.clone();
        let mut height = tip.height;
        loop {
            let (found, before) = self.in_block(outpoint, &hash, height).await?;
            if let Some(found) = found {
                return Ok(found);
            }
            if height <= lowest || dialect.is_none() {
                return Ok(Found::Below { read_from: height });
            }
            height -= 1;
            hash = before;
        }
    }

    /// The block of the spender by the node's index of spenders, where it has one.
    async fn indexed(&self, outpoint: &OutPoint) -> Result<Option<String>, SourceError> {
        if self.abilities().await?.index("txospenderindex") != Some(true) {
            return Ok(None);
        }
        let id = outpoint.txid.to_string();
        let found = self.spender(&id, outpoint.vout).await?;
        Ok(found.and_then(|found| found.block_hash))
    }

    /// The spender in one block, and the hash of the block before it.
    async fn in_block(
        &self,
        outpoint: &OutPoint,
        hash: &str,
        height: u64,
    ) -> Result<(Option<Found>, String), SourceError> {
        let unreadable = |detail: String| {
            self.rpc()
                .client()
                .inconsistent(format!("block {hash} cannot be read ({detail})"))
        };
        let dialect = Dialect::of(self.network_id())
            .ok_or_else(|| unreadable("another family".to_owned()))?;
        let bytes = self.raw_block(hash).await?;
        let mut reader =
            BlockReader::new(&bytes, dialect).map_err(|error| unreadable(error.to_string()))?;
        if reader.hash().is_some_and(|found| found != hash) {
            return Err(unreadable("it is another block".to_owned()));
        }
        let before = reader.header().prev_blockhash.to_string();
        while let Some(entry) = reader
            .next_entry()
            .map_err(|error| unreadable(error.to_string()))?
        {
            let spends = entry
                .transaction
                .input
                .iter()
                .any(|input| input.previous_output == *outpoint);
            if spends {
                let id = entry
                    .id()
                    .ok_or_else(|| unreadable("a transaction without an id".to_owned()))?;
                let found = Found::In {
                    transaction: Box::new(entry.transaction),
                    id: id.to_string(),
                    block: hash.to_owned(),
                    height,
                };
                return Ok((Some(found), before));
            }
        }
        Ok((None, before))
    }

    /// Who spends an output (`TXID:INDEX`): in the best chain, else among what waits.
    pub(super) async fn spender_of(&self, outpoint: &str) -> Result<Lookup<Spender>, SourceError> {
        let client = self.rpc().client();
        let parsed = OutPoint::from_str(outpoint)
            .map_err(|_| client.inconsistent(format!("'{outpoint}' is not TXID:INDEX")))?;
        let id = parsed.txid.to_string();
        let made_by = self.raw_transaction(&id).await?;
        // Nothing in a block spends what is in no block.
        let is_waiting = made_by.is_some_and(|made_by| made_by.block_hash.is_none());
        if !is_waiting && self.unspent(&id, parsed.vout, false).await?.is_none() {
            let tip = self.tip().await?;
            match self.spender_in_chain(&parsed, &tip).await? {
                Found::In { id, height, .. } => {
                    return Ok(Lookup::Found(Spender {
                        tx_id: TxId::new(&id),
                        height: Some(Height(height)),
                    }));
                }
                Found::Below { read_from } => {
                    return Ok(Lookup::Unknown {
                        reason: format!(
                            "{outpoint} is not unspent, and no block from {read_from} on spends it"
                        ),
                    });
                }
            }
        }
        Ok(match self.waiting_spender(&parsed).await? {
            Some(id) => Lookup::Found(Spender {
                tx_id: TxId::new(&id),
                height: None,
            }),
            None => Lookup::Absent,
        })
    }
}
