//! A node over JSON-RPC.

mod balances;
mod blocks;
mod logs;

use crate::address;
use crate::config::EvmSourceConfig;
use crate::cost;
use crate::decode::Decoder;
use crate::lookup::{self, Tracing, inconsistent, tag};
use crate::rpc::{Call, RpcCall, RpcClient, ask};
use crate::token;
use crate::wire::{Block, hex_quantity};
use async_trait::async_trait;
use ethers::types::H256;
use recover_core::address::Address;
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::{BlockRef, Height, HeightRange, TxId};
use recover_core::network::NetworkId;
use recover_core::observation::Observation;
use recover_core::verdict::AccountState;
use recover_source::chain::{
    Capabilities, ChainRead, Gap, Head, Header, HistoryUpdate, Lookup, NetworkCost, Part,
    ScanRequest, ScanUpdate, TokenClaims, TransactionView,
};
use recover_source::error::{Advice, SourceError};
use recover_source::transport::Transport;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::OnceCell;

/// How often a range is read again when the chain changed meanwhile.
const READS_MAX: usize = 3;

/// A node of one network. It reads block ranges and transactions, and has no index of accounts.
pub struct EvmNode {
    config: EvmSourceConfig,
    rpc: RpcClient,
    decoder: Decoder,
    checked: OnceCell<()>,
    tracing: OnceCell<Tracing>,
    /// Whether state of past blocks was refused for good: asked once, not once a deposit.
    lacks_past_state: AtomicBool,
    lacks_block_receipts: AtomicBool,
}

impl std::fmt::Debug for EvmNode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EvmNode")
            .field("network", &self.config.network)
            .field("origin", &self.rpc.origin())
            .finish_non_exhaustive()
    }
}

/// A credit with its place, for the order of the chain.
struct Located {
    height: u64,
    place: u64,
    rank: (u8, u64),
    credit: Observation,
}

/// The blocks that were looked at in one reading of a range.
#[derive(Default)]
struct Reading {
    found: Vec<Located>,
    gaps: Vec<Gap>,
    headers: Vec<Header>,
    /// The hash of every block for which transfer logs came.
    logged: BTreeMap<u64, H256>,
    blocks: HashMap<u64, BlockRef>,
    /// What left a watched address, for comparing logs with balances: by contract, holder and height.
    outflow: HashMap<balances::Place, Amount>,
}

impl EvmNode {
    /// A node behind a transport. Nothing is asked yet.
    #[must_use]
    pub fn new(config: EvmSourceConfig, transport: Arc<dyn Transport>) -> Self {
        Self {
            rpc: RpcClient::new(transport, config.retry),
            decoder: Decoder::new(config.network.clone(), config.chain_id),
            config,
            checked: OnceCell::new(),
            tracing: OnceCell::new(),
            lacks_past_state: AtomicBool::new(false),
            lacks_block_receipts: AtomicBool::new(false),
        }
    }

    fn rpc(&self) -> &dyn RpcCall {
        &self.rpc
    }

    /// Its client, for what else is asked of the same node.
    pub(crate) const fn calls(&self) -> &RpcClient {
        &self.rpc
    }

    /// What it was opened with.
    pub(crate) const fn config(&self) -> &EvmSourceConfig {
        &self.config
    }

    /// Makes sure, once, that it is the network it should be.
    pub(crate) async fn check(&self) -> Result<(), SourceError> {
        self.checked
            .get_or_try_init(|| async {
                let text: String = ask(&self.rpc, Call::new("eth_chainId", json!([]))).await?;
                let found = hex_quantity(&text)
                    .ok_or_else(|| inconsistent(&self.rpc, "a chain id that is no number"))?;
                if found == self.config.chain_id {
                    Ok(())
                } else {
                    Err(SourceError::WrongNetwork {
                        origin: self.rpc.origin().to_owned(),
                        expected: format!("eip155:{}", self.config.chain_id),
                        found: format!("eip155:{found}"),
                    })
                }
            })
            .await
            .copied()
    }

    /// Which traces the node has, found out once: each is asked for the newest block, and only a refusal counts as a no.
    async fn tracing(&self) -> Result<Tracing, SourceError> {
        self.tracing
            .get_or_try_init(|| async {
                let latest: String =
                    ask(&self.rpc, Call::new("eth_blockNumber", json!([]))).await?;
                for (kind, params) in [
                    (Tracing::Flat, json!([latest])),
                    (Tracing::Calls, json!([latest, {"tracer": "callTracer"}])),
                ] {
                    let method = match kind {
                        Tracing::Flat => "trace_block",
                        _ => "debug_traceBlockByNumber",
                    };
                    let answer: Result<Value, SourceError> =
                        ask(&self.rpc, Call::new(method, params)).await;
                    match answer {
                        Ok(Value::Array(entries)) if usable(&entries) => return Ok(kind),
                        // Some node answers null, or one error a transaction, for what it has switched off.
                        Ok(_) => {}
                        // Genesis cannot be traced, and a young chain's newest block may be genesis.
                        Err(SourceError::Refused { detail, .. }) if detail.contains("genesis") => {
                            return Ok(kind);
                        }
                        Err(error) if error.advice() == Advice::Retry => return Err(error),
                        Err(_) => {}
                    }
                }
                Ok(Tracing::Missing)
            })
            .await
            .copied()
    }

    async fn read(&self, request: &ScanRequest) -> Result<ScanUpdate, SourceError> {
        let range = request.range;
        let end = lookup::header(&self.rpc, range.to())
            .await?
            .ok_or_else(|| self.not_there_yet(range.to()))?;
        let mut reading = Reading::default();
        let wants_blocks = request.parts.iter().any(|part| *part != Part::TransferLogs);
        if request.parts.contains(&Part::TransferLogs) {
            self.read_logs(request, wants_blocks, &mut reading).await?;
        }
        if let Some(hash) = reading.logged.get(&range.to().0)
            && address::block_hash(&hash.0) != end.block.hash
        {
            return Err(inconsistent(
                &self.rpc,
                format!("logs of block {} from another branch", range.to()),
            ));
        }
        if wants_blocks {
            self.read_blocks(request, &end, &mut reading).await?;
        }
        self.place_in_blocks(&mut reading).await?;
        self.compare_with_balances(&request.trusted_contracts, &mut reading)
            .await?;
        // Read again at the end: when it still stands, so does everything below it.
        let still = lookup::header(&self.rpc, range.to()).await?;
        if still.as_ref() != Some(&end) {
            return Err(inconsistent(
                &self.rpc,
                format!("block {} changed while the range was read", range.to()),
            ));
        }
        reading
            .found
            .sort_by_key(|located| (located.height, located.place, located.rank));
        Ok(ScanUpdate {
            observations: reading
                .found
                .into_iter()
                .map(|located| located.credit)
                .collect(),
            gaps: merge_gaps(reading.gaps),
            end,
            headers: reading.headers,
        })
    }

    fn not_there_yet(&self, height: Height) -> SourceError {
        SourceError::Unreachable {
            origin: self.rpc.origin().to_owned(),
            detail: format!("it has no block {height} yet"),
        }
    }

    /// Gives each credit from a log its block, with the block's own time.
    async fn place_in_blocks(&self, reading: &mut Reading) -> Result<(), SourceError> {
        let mut missing: BTreeSet<u64> = reading
            .found
            .iter()
            .filter(|located| located.credit.block.is_none())
            .map(|located| located.height)
            .collect();
        missing.retain(|height| !reading.blocks.contains_key(height));
        let heights: Vec<u64> = missing.into_iter().collect();
        let calls = heights
            .iter()
            .map(|height| Call::new("eth_getBlockByNumber", json!([tag(Height(*height)), false])))
            .collect();
        for (height, answer) in heights.iter().zip(self.rpc.batch(calls).await?) {
            let block: Option<Block<IgnoredAny>> =
                crate::rpc::parse(self.rpc.origin(), "eth_getBlockByNumber", &answer?)?;
            let Some(block) = block.filter(|block| block.number == *height) else {
                // Nobody can say when they happened: left out, and named.
                let reason = format!(
                    "{} has logs and no block here: use another node",
                    self.rpc.origin()
                );
                reading
                    .gaps
                    .push(Self::gap(single(*height), Part::TransferLogs, reason));
                reading
                    .found
                    .retain(|located| located.height != *height || located.credit.block.is_some());
                continue;
            };
            let header = lookup::header_of(&self.rpc, &block)?;
            reading.blocks.insert(*height, header.block);
        }
        for located in &mut reading.found {
            if located.credit.block.is_some() {
                continue;
            }
            let block = reading
                .blocks
                .get(&located.height)
                .ok_or_else(|| inconsistent(&self.rpc, format!("no block {}", located.height)))?;
            let logged = reading.logged.get(&located.height);
            if logged.is_some_and(|hash| address::block_hash(&hash.0) != block.hash) {
                return Err(inconsistent(
                    &self.rpc,
                    format!("logs of block {} from another branch", located.height),
                ));
            }
            located.credit.block = Some(block.clone());
        }
        Ok(())
    }

    fn gap(range: HeightRange, part: Part, reason: impl Into<String>) -> Gap {
        Gap {
            range,
            part,
            reason: reason.into(),
        }
    }
}

/// Whether an answer of a tracer holds traces and not one error after another.
fn usable(entries: &[Value]) -> bool {
    entries.is_empty()
        || entries
            .iter()
            .any(|entry| entry.get("action").is_some() || entry.get("result").is_some())
}

/// Joins gaps of one part and reason whose ranges touch, lowest first.
fn merge_gaps(mut gaps: Vec<Gap>) -> Vec<Gap> {
    gaps.sort_by(|left, right| {
        (left.part, &left.reason, left.range.from()).cmp(&(
            right.part,
            &right.reason,
            right.range.from(),
        ))
    });
    let mut merged: Vec<Gap> = Vec::new();
    for gap in gaps {
        if let Some(last) = merged.last_mut()
            && last.part == gap.part
            && last.reason == gap.reason
            && gap.range.from() <= last.range.to().next()
            && let Some(joined) =
                HeightRange::new(last.range.from(), last.range.to().max(gap.range.to()))
        {
            last.range = joined;
        } else {
            merged.push(gap);
        }
    }
    merged.sort_by_key(|gap| (gap.range.from(), gap.part));
    merged
}

fn single(height: u64) -> HeightRange {
    HeightRange::new(Height(height), Height(height)).expect("a range of one block is never empty")
}

#[async_trait]
impl ChainRead for EvmNode {
    fn network(&self) -> &NetworkId {
        &self.config.network
    }

    fn name(&self) -> &str {
        self.rpc.origin()
    }

    async fn capabilities(&self) -> Result<Capabilities, SourceError> {
        self.check().await?;
        let mut scan = BTreeSet::from([Part::TransferLogs, Part::TopLevel, Part::BlockCredits]);
        if self.tracing().await? != Tracing::Missing {
            scan.insert(Part::Internal);
        }
        Ok(Capabilities {
            scan,
            accounts: false,
            history: BTreeSet::new(),
            state_at_height: !self.lacks_past_state.load(Ordering::Relaxed),
            proves_absence: self.config.proves_absence,
        })
    }

    async fn head(&self) -> Result<Head, SourceError> {
        self.check().await?;
        lookup::head(&self.rpc, self.config.finality, true).await
    }

    async fn header(&self, height: Height) -> Result<Option<Header>, SourceError> {
        self.check().await?;
        lookup::header(&self.rpc, height).await
    }

    async fn scan(&self, request: &ScanRequest) -> Result<ScanUpdate, SourceError> {
        self.check().await?;
        let mut reads = 1;
        loop {
            match self.read(request).await {
                // The chain moved under the reader: what was read is dropped, and it is read again.
                Err(error @ SourceError::Inconsistent { .. }) if reads < READS_MAX => {
                    tracing::debug!(%error, range = %request.range, "reading the range again");
                    reads += 1;
                }
                result => return result,
            }
        }
    }

    async fn transaction(&self, id: &TxId) -> Result<Lookup<TransactionView>, SourceError> {
        self.check().await?;
        let tracing = self.tracing().await?;
        if let Some(mut view) = lookup::transaction(&self.rpc, &self.decoder, id, tracing).await? {
            self.compare_view(&mut view).await?;
            return Ok(Lookup::Found(view));
        }
        // A node that is still catching up has not looked everywhere.
        let syncing: Value = ask(&self.rpc, Call::new("eth_syncing", json!([])))
            .await
            .or_else(|error| match error.advice() {
                Advice::GiveUp => Ok(Value::Bool(false)),
                _ => Err(error),
            })?;
        if syncing != Value::Bool(false) {
            return Err(SourceError::NotKept {
                origin: self.rpc.origin().to_owned(),
                detail: format!("{id}: it is still syncing"),
            });
        }
        if self.config.proves_absence {
            return Ok(Lookup::Absent);
        }
        Ok(Lookup::Unknown {
            reason: format!("{} does not know it", self.rpc.origin()),
        })
    }

    async fn history(
        &self,
        _address: &Address,
        _range: HeightRange,
    ) -> Result<HistoryUpdate, SourceError> {
        Err(lookup::unsupported(
            &self.rpc,
            "the history of one account: a node has no index of them; scan, or use an explorer"
                .to_owned(),
        ))
    }

    async fn account(&self, address: &Address) -> Result<AccountState, SourceError> {
        self.check().await?;
        lookup::account(&self.rpc, address).await
    }

    async fn balance(&self, address: &Address, asset: &AssetId) -> Result<Amount, SourceError> {
        self.check().await?;
        lookup::balance(&self.rpc, address, asset).await
    }

    async fn token_claims(&self, token: &str) -> Result<TokenClaims, SourceError> {
        self.check().await?;
        let contract = lookup::contract_of(&self.rpc, token)?;
        token::claims(&self.rpc, contract).await
    }

    async fn network_cost(&self) -> Result<NetworkCost, SourceError> {
        self.check().await?;
        cost::network_cost(&self.rpc, self.config.fee_rule).await
    }
}
