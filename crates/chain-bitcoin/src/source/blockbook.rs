//! Blockbook, version 2 of its API: an explorer of many coins, also of those without an Esplora.
//!
//! A transaction comes with its bytes, which are read here; what it says beside them is used for what bytes do not tell: the addresses
//! of the inputs, and the block. A block comes in pages of transactions without scripts: it is sieved by addresses, and what credits us
//! is asked for whole. A transaction stands in a block when it names a height above 0: one that waits was seen with -1 beside more than
//! a hundred thousand confirmations.
//!
//! Source: <https://github.com/trezor/blockbook/blob/master/docs/api.md>.

mod wire;

use super::coins::Coins;
use super::cost;
use super::explorer::{self, Explorer, Told};
use super::scan::{self, Blocks, ReadBlock};
use crate::credit::Decoder;
use crate::script::Script;
use async_trait::async_trait;
use recover_core::address::{Address, Payload};
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::{BlockHash, Height, TxId};
use recover_core::network::NetworkId;
use recover_core::verdict::{AccountState, Code};
use recover_source::chain::{
    AccountPage, AccountRequest, Capabilities, ChainRead, Head, Header, Lookup, NetworkCost,
    ScanRequest, ScanUpdate, TransactionView,
};
use recover_source::client::Client;
use recover_source::error::SourceError;
use recover_source::settings::SourceSettings;
use recover_source::transport::Transport;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use tokio::sync::OnceCell;

/// The word of `chains.toml` for a Blockbook server; its url is the root of the server.
pub const KIND: &str = "blockbook";

/// Transactions in a page of an address: whole ones, so fewer than the 1,000 that it gives at most.
const ROWS_MAX: u32 = 200;

/// Pages of one address that are read in one go, and pages of one block.
const PAGES_MAX: u32 = 50;

/// One server.
pub struct Blockbook {
    client: Client,
    settings: SourceSettings,
    checked: OnceCell<()>,
}

impl std::fmt::Debug for Blockbook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Blockbook")
            .field("network", &self.settings.network)
            .field("origin", &self.client.origin())
            .finish_non_exhaustive()
    }
}

impl Blockbook {
    /// A server behind a transport. Nothing is asked yet.
    #[must_use]
    pub fn new(settings: SourceSettings, transport: Arc<dyn Transport>) -> Self {
        Self {
            client: Client::new(transport, settings.retry),
            settings,
            checked: OnceCell::new(),
        }
    }

    /// An answer; `None` where the server says that there is no such thing.
    async fn ask<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Option<T>, SourceError> {
        let read = |body: &[u8]| wire::answer(&self.client, body);
        self.client.get(path, query, read).await
    }

    async fn status(&self) -> Result<wire::Status, SourceError> {
        let status: Option<wire::Status> = self.ask("/api/v2", &[]).await?;
        let status = status.ok_or_else(|| self.client.not_protocol("no status"))?;
        if status.blockbook.initial_sync {
            return Err(self.client.unreachable(format!(
                "it is still reading the chain for the first time, at block {}",
                status.blockbook.best_height
            )));
        }
        Ok(status)
    }

    async fn check(&self) -> Result<(), SourceError> {
        self.checked
            .get_or_try_init(|| async {
                self.follows_chain().await?;
                self.status().await.map(drop)
            })
            .await
            .copied()
    }

    /// One page of a block, counted from 1.
    async fn block_page(&self, hash: &str, page: u32) -> Result<wire::Block, SourceError> {
        let path = format!("/api/v2/block/{hash}");
        let number = page.to_string();
        let block: Option<wire::Block> = self.ask(&path, &[("page", &number)]).await?;
        let block = block.ok_or_else(|| {
            self.client
                .inconsistent(format!("no block {hash}, which it named"))
        })?;
        // Beyond the last page it gives the last again.
        if block.hash != hash || block.page.unwrap_or(1) != page {
            let detail = format!("another block or page than {page} of {hash}");
            return Err(self.client.inconsistent(detail));
        }
        Ok(block)
    }

    fn header(&self, block: &wire::Block) -> Result<Header, SourceError> {
        let nothing = "0".repeat(64);
        let parent = block.previous.as_deref().unwrap_or(&nothing);
        Ok(Header {
            block: explorer::block_ref(&self.client, block.height, &block.hash, block.time)?,
            parent: BlockHash::new(parent),
        })
    }

    fn script_of(&self, address: &Address) -> Result<Script, SourceError> {
        Script::of_payload(&address.payload())
            .ok_or_else(|| self.client.unsupported(format!("the address {address}")))
    }

    /// The address in the form of the server's own network.
    fn text_of(&self, decoder: &Decoder, script: &Script) -> Result<String, SourceError> {
        let address = decoder.address(script);
        let text = address.map(|address| address.text().to_owned());
        text.ok_or_else(|| self.client.unsupported("a script without an address"))
    }
}

fn script_at(text: &str) -> Option<Script> {
    crate::address::parse(text).ok().map(|parsed| parsed.script)
}

#[async_trait]
impl Explorer for Blockbook {
    fn explorer(&self) -> &Client {
        &self.client
    }

    fn settings(&self) -> &SourceSettings {
        &self.settings
    }

    async fn hash_at(&self, height: Height) -> Result<Option<String>, SourceError> {
        let path = format!("/api/v2/block-index/{height}");
        let answer: Option<wire::BlockIndex> = self.ask(&path, &[]).await?;
        // Above its tip it answers an empty text.
        let hash = answer.map(|answer| answer.block_hash);
        Ok(hash.filter(|hash| !hash.is_empty()))
    }

    async fn answered(&self, id: &str) -> Result<Option<Told>, SourceError> {
        let (_, dialect) = self.reading()?;
        let path = format!("/api/v2/tx/{id}");
        let answer: Option<wire::Transaction> = self.ask(&path, &[]).await?;
        answer
            .map(|answer| wire::told(&self.client, dialect, &answer))
            .transpose()
    }
}

#[async_trait]
impl Blocks for Blockbook {
    fn client(&self) -> &Client {
        &self.client
    }

    async fn newest(&self) -> Result<Height, SourceError> {
        Ok(Height(self.status().await?.blockbook.best_height))
    }

    async fn header_at(&self, height: Height) -> Result<Option<Header>, SourceError> {
        let Some(hash) = self.hash_at(height).await? else {
            return Ok(None);
        };
        let block = self.block_page(&hash, 1).await?;
        if block.height != height.0 {
            let detail = format!("block {} when asked for {height}", block.height);
            return Err(self.client.inconsistent(detail));
        }
        self.header(&block).map(Some)
    }

    async fn hashes(&self, from: Height, to: Height) -> Result<Vec<(Height, String)>, SourceError> {
        self.hashes_between(from, to).await
    }

    async fn block(
        &self,
        request: &ScanRequest,
        height: Height,
        hash: &str,
    ) -> Result<ReadBlock, SourceError> {
        let watch = request.watch.as_ref();
        let mut block = self.block_page(hash, 1).await?;
        if block.height != height.0 {
            let detail = format!("block {} when asked for {height}", block.height);
            return Err(self.client.inconsistent(detail));
        }
        let header = self.header(&block)?;
        let mut seen = 0_u64;
        let mut hits: Vec<String> = Vec::new();
        for page in 1.. {
            for transaction in &block.transactions {
                seen += 1;
                let scripts = transaction.outputs.iter().filter_map(wire::Side::script);
                if scripts
                    .into_iter()
                    .any(|script| watch.contains(&Payload::from(script)))
                {
                    hits.push(transaction.id.clone());
                }
            }
            if page >= block.total_pages.unwrap_or(1) {
                break;
            }
            if page == PAGES_MAX {
                let what = format!("block {hash} of more than {PAGES_MAX} pages; use a node");
                return Err(self.client.unsupported(what));
            }
            block = self.block_page(hash, page + 1).await?;
        }
        if seen != block.transaction_count {
            let detail = format!(
                "{seen} transactions of block {hash}, which has {}",
                block.transaction_count
            );
            return Err(self.client.inconsistent(detail));
        }
        let credits = self.credits_listed(hits, hash, watch).await?;
        Ok(ReadBlock { header, credits })
    }
}

#[async_trait]
impl ChainRead for Blockbook {
    fn network(&self) -> &NetworkId {
        &self.settings.network
    }

    fn name(&self) -> &str {
        self.client.origin()
    }

    async fn capabilities(&self) -> Result<Capabilities, SourceError> {
        self.check().await?;
        Ok(self.abilities())
    }

    async fn head(&self) -> Result<Head, SourceError> {
        self.check().await?;
        let newest = self.newest().await?;
        let latest = self
            .header_at(newest)
            .await?
            .ok_or_else(|| self.client.inconsistent("a tip without a header"))?;
        Ok(self.head_at(latest))
    }

    async fn header(&self, height: Height) -> Result<Option<Header>, SourceError> {
        self.check().await?;
        self.header_at(height).await
    }

    async fn scan(&self, request: &ScanRequest) -> Result<ScanUpdate, SourceError> {
        self.check().await?;
        scan::scan(self, request).await
    }

    async fn account_page(&self, request: &AccountRequest) -> Result<AccountPage, SourceError> {
        self.check().await?;
        if request.resume.is_some() {
            return Err(self.client.no_such_place());
        }
        let (decoder, dialect) = self.reading()?;
        let script = self.script_of(&request.address)?;
        let range = request.range;
        let newest = self.newest().await?;
        if newest < range.to() {
            return Err(self.client.behind(newest, range.to()));
        }
        let path = format!("/api/v2/address/{}", self.text_of(&decoder, &script)?);
        let rows = self.settings.page_rows(ROWS_MAX).to_string();
        let (from, to) = (range.from().to_string(), range.to().to_string());
        let mut history: Vec<Told> = Vec::new();
        let mut unread = None;
        let mut is_counted = true;
        for page in 1..=PAGES_MAX {
            let number = page.to_string();
            let query = [
                ("details", "txs"),
                ("page", &number),
                ("pageSize", &rows),
                ("from", &from),
                ("to", &to),
            ];
            let answer: Option<wire::AddressPage> = self.ask(&path, &query).await?;
            let answer = answer.ok_or_else(|| {
                let detail = format!("nothing about {}", request.address);
                self.client.not_protocol(detail)
            })?;
            // Beyond the last page it gives the last again, which is how a reading ends whose pages it did not count.
            let is_repeated = answer.page.unwrap_or(1) != page;
            if is_repeated && page > 1 && !is_counted {
                break;
            }
            if is_repeated || script_at(&answer.address) != Some(script) {
                let detail = format!("another page than {page} of {}", request.address);
                return Err(self.client.inconsistent(detail));
            }
            for row in &answer.transactions {
                history.push(wire::told(&self.client, dialect, row)?);
            }
            // Asked for some heights it does not count the pages.
            is_counted = answer.total_pages.is_some_and(|pages| pages >= 0);
            let is_last = match answer.total_pages {
                Some(pages) if is_counted => i64::from(page) >= pages,
                _ => answer.transactions.len() < answer.items_on_page.unwrap_or(1),
            };
            if is_last {
                break;
            }
            if page == PAGES_MAX {
                let reason = format!(
                    "{} lists more than {PAGES_MAX} pages of {}: scan the blocks with a node",
                    self.client.origin(),
                    request.address
                );
                let reached = history.last().and_then(|told| told.block.as_ref());
                let reached = reached.map(|block| block.height);
                unread = explorer::below(range, reached).map(|range| (range, reason));
            }
        }
        Ok(explorer::whole_history(
            &decoder, &script, range, history, unread,
        ))
    }

    async fn transaction(&self, id: &TxId) -> Result<Lookup<TransactionView>, SourceError> {
        self.check().await?;
        self.looked_up(id.as_str()).await
    }

    /// There are no accounts here: what moves an output is its script.
    async fn account(&self, _address: &Address) -> Result<AccountState, SourceError> {
        self.check().await?;
        Ok(AccountState {
            code: Code::Absent,
            nonce: 0,
            at: self.newest().await?,
        })
    }

    async fn balance(&self, address: &Address, asset: &AssetId) -> Result<Amount, SourceError> {
        self.check().await?;
        let (decoder, _) = self.reading()?;
        let network = &self.settings.network;
        let script = cost::native_script(&self.client, network, address, asset)?;
        let path = format!("/api/v2/address/{}", self.text_of(&decoder, &script)?);
        let answer: Option<wire::AddressPage> = self.ask(&path, &[("details", "basic")]).await?;
        let balance = answer.and_then(|answer| answer.balance);
        balance
            .and_then(|text| Amount::from_base_units(&text).ok())
            .ok_or_else(|| self.client.not_protocol(format!("no balance of {address}")))
    }

    async fn network_cost(&self) -> Result<NetworkCost, SourceError> {
        self.check().await?;
        let path = format!("/api/v2/estimatefee/{}", cost::BLOCKS_WANTED);
        let answer: Option<wire::Estimate> = self.ask(&path, &[]).await?;
        // Coins for 1,000 bytes as a text; -1 where the node saw too little to say.
        let rate = answer.and_then(|answer| Coins::parse(&answer.result));
        let estimate = rate.map(|Coins(rate)| rate).filter(|rate| *rate > 0);
        cost::network_cost(&self.client, &self.settings.network, estimate)
    }
}
