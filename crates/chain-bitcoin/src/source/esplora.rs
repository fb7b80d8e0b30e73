//! Esplora: blockstream.info, mempool.space and the exchange's own.
//!
//! It tells of every input what it spent, has an index of scripts, and gives a block's raw bytes; where those are refused, the block
//! comes in pages of 25 transactions. Errors are plain text. An address is asked for by the hash of its script, so that every form of
//! it, and a test chain's, is the same question.
//!
//! Source: <https://github.com/Blockstream/esplora/blob/master/API.md>.

mod wire;

use super::coins::Coins;
use super::cost;
use super::explorer::{self, AT_ONCE, Explorer, Told, block_ref};
use super::raw;
use super::scan::{self, Blocks, ReadBlock};
use crate::script::Script;
use async_trait::async_trait;
use bitcoin::OutPoint;
use bytes::Bytes;
use futures::stream::{self, StreamExt, TryStreamExt};
use recover_core::address::{Address, Payload};
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::{BlockHash, Height, TxId};
use recover_core::network::NetworkId;
use recover_core::verdict::{AccountState, Code};
use recover_source::chain::{
    AccountPage, AccountRequest, Capabilities, ChainRead, Head, Header, Lookup, NetworkCost,
    ScanRequest, ScanUpdate, Spender, TransactionView,
};
use recover_source::client::Client;
use recover_source::error::SourceError;
use recover_source::settings::SourceSettings;
use recover_source::transport::Transport;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::str::FromStr as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::OnceCell;

pub use wire::Outspend;

/// The word of `chains.toml` for an Esplora server; its url ends with `/api` where the server says so.
pub const KIND: &str = "esplora";

/// Transactions in a page, of a block and of a script's history.
const ROWS: usize = 25;

/// Pages of one script's history that are read in one go: 5,000 transactions.
const PAGES_MAX: usize = 200;

/// One server.
pub struct Esplora {
    client: Client,
    settings: SourceSettings,
    checked: OnceCell<()>,
    /// Whether it refused a block's raw bytes: asked once.
    lacks_raw_blocks: AtomicBool,
}

impl std::fmt::Debug for Esplora {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Esplora")
            .field("network", &self.settings.network)
            .field("origin", &self.client.origin())
            .finish_non_exhaustive()
    }
}

/// The answer, or `None` where the server says that there is no such thing. A 404 in other words is a gateway's or a wrong url's.
fn found<T>(answer: Result<T, SourceError>) -> Result<Option<T>, SourceError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(SourceError::Refused {
            code: 404, detail, ..
        }) if ["transaction not found", "block not found"]
            .iter()
            .any(|words| detail.to_ascii_lowercase().starts_with(words)) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

impl Esplora {
    /// A server behind a transport. Nothing is asked yet.
    #[must_use]
    pub fn new(settings: SourceSettings, transport: Arc<dyn Transport>) -> Self {
        Self {
            client: Client::new(transport, settings.retry),
            settings,
            checked: OnceCell::new(),
            lacks_raw_blocks: AtomicBool::new(false),
        }
    }

    async fn json<T: DeserializeOwned>(&self, path: &str) -> Result<T, SourceError> {
        let read =
            |body: &[u8]| serde_json::from_slice(body).map_err(|_| self.client.unreadable(body));
        self.client.get(path, &[], read).await
    }

    /// An answer of 64 hexadecimal digits.
    async fn hash(&self, path: &str) -> Result<String, SourceError> {
        let read = |body: &[u8]| {
            let text = std::str::from_utf8(body).unwrap_or_default().trim();
            let is_hash = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
            is_hash
                .then(|| text.to_ascii_lowercase())
                .ok_or_else(|| self.client.unreadable(body))
        };
        self.client.get(path, &[], read).await
    }

    pub(crate) async fn check(&self) -> Result<(), SourceError> {
        self.checked
            .get_or_try_init(|| async { self.follows_chain().await })
            .await
            .copied()
    }

    async fn block_json(&self, hash: &str) -> Result<wire::Block, SourceError> {
        let block: wire::Block = self.json(&format!("/block/{hash}")).await?;
        if block.id == hash {
            Ok(block)
        } else {
            Err(self
                .client
                .inconsistent(format!("another block than {hash}")))
        }
    }

    fn header(&self, block: &wire::Block) -> Result<Header, SourceError> {
        // The first block follows the hash of nothing, as its bytes have it.
        let nothing = "0".repeat(64);
        let parent = block.previous.as_deref().unwrap_or(&nothing);
        Ok(Header {
            block: block_ref(&self.client, block.height, &block.id, block.timestamp)?,
            parent: BlockHash::new(parent),
        })
    }

    /// The credits of a block by its raw bytes; `None` where the server does not give them.
    async fn by_raw_bytes(
        &self,
        request: &ScanRequest,
        height: Height,
        hash: &str,
    ) -> Result<Option<ReadBlock>, SourceError> {
        if self.lacks_raw_blocks.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let (_, dialect) = self.reading()?;
        let path = format!("/block/{hash}/raw");
        let copy = |body: &[u8]| Ok(body.to_vec());
        let bytes = match found(self.client.get(&path, &[], copy).await) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => {
                let detail = format!("no block {hash}, which it named");
                return Err(self.client.inconsistent(detail));
            }
            Err(SourceError::Refused {
                code: 400..=405 | 410 | 501,
                ..
            }) => {
                self.lacks_raw_blocks.store(true, Ordering::Relaxed);
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let watch = request.watch.as_ref();
        let (header, hits) = raw::block(&self.client, dialect, height, hash, &bytes, watch)?;
        let ids = hits.into_iter().map(|hit| hit.id).collect();
        let credits = self.credits_listed(ids, hash, watch).await?;
        Ok(Some(ReadBlock { header, credits }))
    }

    /// The credits of a block by its pages, 25 transactions each.
    async fn by_pages(
        &self,
        request: &ScanRequest,
        height: Height,
        hash: &str,
    ) -> Result<ReadBlock, SourceError> {
        let (decoder, dialect) = self.reading()?;
        let block = self.block_json(hash).await?;
        if block.height != height.0 {
            let detail = format!("block {} when asked for {height}", block.height);
            return Err(self.client.inconsistent(detail));
        }
        let header = self.header(&block)?;
        let starts = (0..block.tx_count).step_by(ROWS);
        let header_block = &header.block;
        let pages: Vec<Vec<Told>> = stream::iter(starts)
            .map(|start| async move {
                let path = format!("/block/{hash}/txs/{start}");
                let rows: Vec<wire::Transaction> = self.json(&path).await?;
                let wanted = ROWS.min(block.tx_count - start);
                if rows.len() != wanted {
                    let detail = format!(
                        "{} transactions from {start} on of block {hash}, which has {}",
                        rows.len(),
                        block.tx_count
                    );
                    return Err(self.client.inconsistent(detail));
                }
                rows.iter()
                    .map(|row| wire::told(&self.client, dialect, row, Some(header_block)))
                    .collect()
            })
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        let watch = request.watch.as_ref();
        let told = pages.iter().flatten();
        let credits = told
            .flat_map(|told| {
                told.credits(&decoder, |script| watch.contains(&Payload::from(*script)))
            })
            .collect();
        Ok(ReadBlock { header, credits })
    }

    /// Who spends an output, in the mempool or in a block.
    ///
    /// # Errors
    /// The source's own.
    pub async fn outspend(&self, id: &str, index: u32) -> Result<Outspend, SourceError> {
        self.json(&format!("/tx/{id}/outspend/{index}")).await
    }

    /// Hands a signed transaction to the network and gives its id. It may arrive twice where an answer was lost.
    ///
    /// # Errors
    /// [`SourceError::Refused`] with the node's words; the source's own.
    pub async fn send_transaction(&self, hex: &str) -> Result<String, SourceError> {
        let body = Bytes::from(hex.to_owned());
        let read = |body: &[u8]| Ok(String::from_utf8_lossy(body).trim().to_owned());
        self.client.post_to("/tx", "text/plain", body, read).await
    }

    fn script_hash(script: &Script) -> String {
        hex::encode(Sha256::digest(script.bytes()))
    }

    /// Base units for 1,000 virtual bytes; `None` where it has no estimate.
    async fn fee_rate(&self) -> Result<Option<u64>, SourceError> {
        let rates: BTreeMap<String, Box<RawValue>> = self.json("/fee-estimates").await?;
        let wanted = rates.get(&cost::BLOCKS_WANTED.to_string());
        // Base units for one byte, as a number with a point and any number of digits: cut to eight, which are read as if of coins.
        Ok(wanted.and_then(|rate| {
            let text = rate.get();
            let cut = text.find('.').map_or(text.len(), |point| point + 9);
            let Coins(rate) = Coins::parse(text.get(..cut).unwrap_or(text))?;
            Some(rate.div_ceil(100_000)).filter(|rate| *rate > 0)
        }))
    }
}

#[async_trait]
impl Explorer for Esplora {
    fn explorer(&self) -> &Client {
        &self.client
    }

    fn settings(&self) -> &SourceSettings {
        &self.settings
    }

    async fn hash_at(&self, height: Height) -> Result<Option<String>, SourceError> {
        found(self.hash(&format!("/block-height/{height}")).await)
    }

    async fn answered(&self, id: &str) -> Result<Option<Told>, SourceError> {
        let (_, dialect) = self.reading()?;
        let answer: Option<wire::Transaction> = found(self.json(&format!("/tx/{id}")).await)?;
        answer
            .map(|answer| wire::told(&self.client, dialect, &answer, None))
            .transpose()
    }
}

#[async_trait]
impl Blocks for Esplora {
    fn client(&self) -> &Client {
        &self.client
    }

    async fn newest(&self) -> Result<Height, SourceError> {
        self.json("/blocks/tip/height").await.map(Height)
    }

    async fn header_at(&self, height: Height) -> Result<Option<Header>, SourceError> {
        let Some(hash) = self.hash_at(height).await? else {
            return Ok(None);
        };
        let block = self.block_json(&hash).await?;
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
        match self.by_raw_bytes(request, height, hash).await? {
            Some(block) => Ok(block),
            None => self.by_pages(request, height, hash).await,
        }
    }
}

#[async_trait]
impl ChainRead for Esplora {
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
        let hash = self.hash("/blocks/tip/hash").await?;
        let latest = self.header(&self.block_json(&hash).await?)?;
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

    async fn spender(&self, outpoint: &str) -> Result<Lookup<Spender>, SourceError> {
        self.check().await?;
        let spent = OutPoint::from_str(outpoint)
            .map_err(|_| self.unsupported("reading an output that is not TXID:INDEX"))?;
        let found = self.outspend(&spent.txid.to_string(), spent.vout).await?;
        let height = found
            .status
            .filter(|status| status.confirmed)
            .and_then(|status| status.block_height)
            .map(Height);
        Ok(match found.txid.filter(|_| found.spent) {
            Some(tx_id) => Lookup::Found(Spender {
                tx_id: TxId::new(&tx_id),
                height,
            }),
            None if self.settings.proves_absence => Lookup::Absent,
            None => Lookup::Unknown {
                reason: format!("{} knows no spender of {outpoint}", self.name()),
            },
        })
    }

    async fn account_page(&self, request: &AccountRequest) -> Result<AccountPage, SourceError> {
        self.check().await?;
        if request.resume.is_some() {
            return Err(self.client.no_such_place());
        }
        let (decoder, dialect) = self.reading()?;
        let range = request.range;
        let script = Script::of_payload(&request.address.payload()).ok_or_else(|| {
            self.client
                .unsupported(format!("the address {}", request.address))
        })?;
        let newest = self.newest().await?;
        if newest < range.to() {
            return Err(self.client.behind(newest, range.to()));
        }
        let base = format!("/scripthash/{}/txs/chain", Self::script_hash(&script));
        let mut path = base.clone();
        let mut history: Vec<Told> = Vec::new();
        let mut unread = None;
        for page in 1.. {
            let rows: Vec<wire::Transaction> = self.json(&path).await?;
            for row in &rows {
                history.push(wire::told(&self.client, dialect, row, None)?);
            }
            let reached = history
                .last()
                .and_then(|told| told.block.as_ref())
                .map(|block| block.height);
            let is_done = rows.len() < ROWS || reached.is_some_and(|height| height < range.from());
            if is_done {
                break;
            }
            if page == PAGES_MAX {
                let reason = format!(
                    "{} lists more than {} transactions of {}: scan the blocks with a node",
                    self.client.origin(),
                    PAGES_MAX * ROWS,
                    request.address
                );
                unread = explorer::below(range, reached).map(|range| (range, reason));
                break;
            }
            if let Some(last) = rows.last() {
                path = format!("{base}/{}", last.txid);
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
        let network = &self.settings.network;
        let script = cost::native_script(&self.client, network, address, asset)?;
        let path = format!("/scripthash/{}", Self::script_hash(&script));
        let answer: wire::ScriptStats = self.json(&path).await?;
        let stats = answer.chain_stats;
        let units = stats.funded.checked_sub(stats.spent).ok_or_else(|| {
            self.client
                .inconsistent(format!("{address} spent more than it got"))
        })?;
        Ok(Amount::from_u128(units.into()))
    }

    async fn network_cost(&self) -> Result<NetworkCost, SourceError> {
        self.check().await?;
        let estimate = self.fee_rate().await?;
        cost::network_cost(&self.client, &self.settings.network, estimate)
    }
}
