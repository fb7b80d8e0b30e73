//! The node as a source of what happened.

use super::cost;
use super::node::BitcoinNode;
use super::payers::Paid;
use super::scan;
use super::wire::RawTransaction;
use crate::block::{Dialect, read_transaction};
use crate::credit::{Decoder, Facts, Payer, is_inscribed};
use async_trait::async_trait;
use recover_core::address::Address;
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::{BlockHash, BlockRef, Height, HeightRange, TxId};
use recover_core::network::NetworkId;
use recover_core::time::Timestamp;
use recover_core::verdict::{AccountState, Code};
use recover_source::chain::{
    Capabilities, ChainRead, Head, Header, HistoryUpdate, Lookup, NetworkCost, Part, ScanRequest,
    ScanUpdate, Spender, TransactionView,
};
use recover_source::error::SourceError;
use std::collections::BTreeSet;

impl BitcoinNode {
    /// What reads this network's bytes.
    pub(super) fn reading(&self) -> Result<(Decoder, Dialect), SourceError> {
        let network = self.network_id();
        Decoder::new(network)
            .zip(Dialect::of(network))
            .ok_or_else(|| {
                self.rpc
                    .client()
                    .unsupported(format!("the network {network}"))
            })
    }

    fn place(&self, header: super::wire::BlockHeader) -> Result<Header, SourceError> {
        let time = Timestamp::from_seconds(header.time).ok_or_else(|| {
            let detail = format!("the time of block {}", header.height);
            self.rpc.client().inconsistent(detail)
        })?;
        // The first block follows the hash of nothing, as its bytes have it.
        let parent = header.previous.unwrap_or_else(|| "0".repeat(64));
        Ok(Header {
            block: BlockRef {
                height: Height(header.height),
                hash: BlockHash::new(&header.hash),
                time,
            },
            parent: BlockHash::new(&parent),
        })
    }

    /// The header at a height of the best chain; `None` above the tip.
    pub(super) async fn best_header(&self, height: Height) -> Result<Option<Header>, SourceError> {
        let Some(hash) = self.block_hash_at(height.0).await? else {
            return Ok(None);
        };
        let client = self.rpc.client();
        let header = self
            .block_header(&hash)
            .await?
            .ok_or_else(|| client.inconsistent(format!("no header of block {hash}")))?;
        if header.height != height.0 {
            let detail = format!("block {} when asked for {height}", header.height);
            return Err(client.inconsistent(detail));
        }
        self.place(header).map(Some)
    }

    /// The block that a transaction stands in; `None` where that block is off the best chain, or none.
    pub(crate) async fn block_of(
        &self,
        transaction: &RawTransaction,
    ) -> Result<Option<BlockRef>, SourceError> {
        let Some(hash) = &transaction.block_hash else {
            return Ok(None);
        };
        let header = self.block_header(hash).await?;
        let header = header.filter(|header| header.confirmations > 0);
        Ok(header
            .map(|header| self.place(header))
            .transpose()?
            .map(|header| header.block))
    }

    async fn view(
        &self,
        id: &TxId,
        raw: &RawTransaction,
        block: Option<BlockRef>,
    ) -> Result<TransactionView, SourceError> {
        let (decoder, dialect) = self.reading()?;
        let client = self.rpc.client();
        let bytes = hex::decode(&raw.hex)
            .map_err(|_| client.not_protocol(format!("{id} is not hexadecimal")))?;
        let entry = read_transaction(&bytes, dialect)
            .map_err(|error| client.inconsistent(format!("{id}: {error}")))?;
        if entry
            .id()
            .is_some_and(|found| found.to_string() != id.as_str())
        {
            return Err(client.inconsistent(format!("other bytes than those of {id}")));
        }
        let paid = Paid {
            entry: &entry,
            id: id.as_str(),
            block: block.as_ref().map(|block| block.hash.as_str()),
        };
        let payers = self.payers(dialect, &[paid]).await?;
        let payer = payers.first().copied().unwrap_or(Payer::Unknown);
        let facts = Facts {
            id,
            block: block.as_ref(),
            payer,
            is_inscribed: is_inscribed(&entry.transaction),
        };
        Ok(facts.view(&decoder, &entry.transaction))
    }
}

#[async_trait]
impl ChainRead for BitcoinNode {
    fn network(&self) -> &NetworkId {
        self.network_id()
    }

    fn name(&self) -> &str {
        self.origin()
    }

    async fn capabilities(&self) -> Result<Capabilities, SourceError> {
        self.check().await?;
        Ok(Capabilities {
            scan: Part::ALL.iter().copied().collect(),
            history: BTreeSet::new(),
            accounts: false,
            state_at_height: false,
            // Without an index of transactions it has not looked at those that are mined.
            proves_absence: self.settings.proves_absence && self.has_transaction_index().await?,
        })
    }

    async fn head(&self) -> Result<Head, SourceError> {
        self.check().await?;
        let info = self.chain_info().await?;
        let client = self.rpc.client();
        let header = self
            .block_header(&info.best)
            .await?
            .ok_or_else(|| client.inconsistent("a tip without a header"))?;
        let latest = self.place(header)?;
        // Blocks on top, as everywhere here: what nodes and explorers call seven confirmations is six of them.
        let finalized = latest
            .block
            .height
            .0
            .checked_sub(self.settings.confirmations);
        let finalized = finalized.map(Height);
        Ok(Head { latest, finalized })
    }

    async fn header(&self, height: Height) -> Result<Option<Header>, SourceError> {
        self.check().await?;
        self.best_header(height).await
    }

    async fn scan(&self, request: &ScanRequest) -> Result<ScanUpdate, SourceError> {
        self.check().await?;
        scan::scan(self, request).await
    }

    async fn transaction(&self, id: &TxId) -> Result<Lookup<TransactionView>, SourceError> {
        self.check().await?;
        let dropped = match self.raw_transaction(id.as_str()).await? {
            None => "does not know it",
            Some(raw) => match self.block_of(&raw).await? {
                Some(block) => {
                    let view = self.view(id, &raw, Some(block)).await?;
                    return Ok(Lookup::Found(view));
                }
                None if raw.block_hash.is_none() => {
                    return Ok(Lookup::Found(self.view(id, &raw, None).await?));
                }
                // The mempool is asked before the index: one that stands only in a block off the best chain was dropped.
                None => "has it only in a block that the chain left",
            },
        };
        let has_looked_everywhere = self.has_transaction_index().await?;
        if self.settings.proves_absence && has_looked_everywhere {
            return Ok(Lookup::Absent);
        }
        let remedy = if has_looked_everywhere {
            ""
        } else {
            ", and has no index of mined transactions: start it with txindex=1, or add an explorer"
        };
        Ok(Lookup::Unknown {
            reason: format!("{} {dropped}{remedy}", self.origin()),
        })
    }

    async fn spender(&self, outpoint: &str) -> Result<Lookup<Spender>, SourceError> {
        self.check().await?;
        self.spender_of(outpoint).await
    }

    async fn history(
        &self,
        _address: &Address,
        _range: HeightRange,
    ) -> Result<HistoryUpdate, SourceError> {
        // scantxoutset would show what is unspent and hide what was swept: a history with holes that nobody sees.
        Err(self.unsupported(
            "the history of one address: a node has no index of them; scan, or use an explorer",
        ))
    }

    /// There are no accounts here: what moves an output is its script.
    async fn account(&self, _address: &Address) -> Result<AccountState, SourceError> {
        self.check().await?;
        Ok(AccountState {
            code: Code::Absent,
            nonce: 0,
            at: Height(self.chain_info().await?.blocks),
        })
    }

    async fn balance(&self, address: &Address, asset: &AssetId) -> Result<Amount, SourceError> {
        self.check().await?;
        let script = cost::native_script(self.rpc.client(), self.network_id(), address, asset)?;
        if !self.offers("scantxoutset").await? {
            return Err(self.unsupported("what an address holds (scantxoutset); use an explorer"));
        }
        let units = self.unspent_sum(&script.bytes()).await?;
        Ok(Amount::from_u128(units))
    }

    async fn network_cost(&self) -> Result<NetworkCost, SourceError> {
        self.check().await?;
        let estimate = self.fee_rate(cost::BLOCKS_WANTED).await?;
        cost::network_cost(self.rpc.client(), self.network_id(), estimate)
    }
}
