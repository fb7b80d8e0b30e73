//! Blocks of a range with their transactions, receipts and traces.

use super::{EvmNode, Located, Reading, single};
use crate::address;
use crate::control::create_address;
use crate::decode::block_ref;
use crate::lookup::{Tracing, header_of, inconsistent, tag};
use crate::rpc::{Call, RpcCall, parse};
use crate::trace::{BlockReward, TransactionTrace, read_calls, read_flat};
use crate::wire::{Block, FlatTrace, Receipt, TracedTransaction, Transaction};
use bytes::Bytes;
use ethers::types::{H160, H256};
use futures::stream::{self, StreamExt, TryStreamExt};
use recover_core::address::Payload;
use recover_core::block::{BlockHash, Height, HeightRange};
use recover_core::book::WatchSet;
use recover_core::observation::Observation;
use recover_source::chain::{Header, Part, ScanRequest};
use recover_source::error::{Advice, SourceError};
use serde_json::json;
use std::collections::HashMap;

/// Blocks in memory at once, and blocks and traces a batch: traces are the largest answers there are.
const WINDOW: u64 = 128;
const BLOCKS_A_BATCH: usize = 16;
const TRACES_A_BATCH: usize = 4;

type FullBlock = Block<Transaction>;

/// What the traces of one block say.
struct BlockTrace {
    transactions: HashMap<H256, TransactionTrace>,
    rewards: Vec<BlockReward>,
}

impl EvmNode {
    pub(super) async fn read_blocks(
        &self,
        request: &ScanRequest,
        end: &Header,
        reading: &mut Reading,
    ) -> Result<(), SourceError> {
        let wants = |part| request.parts.contains(&part);
        let tracing = if wants(Part::Internal) || wants(Part::BlockCredits) {
            self.tracing().await?
        } else {
            Tracing::Missing
        };
        if wants(Part::Internal) && tracing == Tracing::Missing {
            let reason = format!(
                "{} has neither trace_block nor debug_traceBlockByNumber: add a node that traces",
                self.rpc.origin()
            );
            reading
                .gaps
                .push(Self::gap(request.range, Part::Internal, reason));
        }
        let mut parent: Option<(u64, BlockHash)> = None;
        let mut from = request.range.from();
        loop {
            let to = from.plus(WINDOW - 1).min(request.range.to());
            let Some(window) = HeightRange::new(from, to) else {
                return Ok(());
            };
            self.read_window(request, window, tracing, &mut parent, reading)
                .await?;
            if to == request.range.to() {
                break;
            }
            from = to.next();
        }
        if let Some((height, hash)) = &parent
            && *height == request.range.to().0
            && *hash != end.block.hash
        {
            let detail = format!("block {height} changed while the range was read");
            return Err(inconsistent(&self.rpc, detail));
        }
        Ok(())
    }

    async fn read_window(
        &self,
        request: &ScanRequest,
        window: HeightRange,
        tracing: Tracing,
        parent: &mut Option<(u64, BlockHash)>,
        reading: &mut Reading,
    ) -> Result<(), SourceError> {
        let heights: Vec<u64> = (window.from().0..=window.to().0).collect();
        let calls = heights
            .iter()
            .map(|height| Call::new("eth_getBlockByNumber", json!([tag(Height(*height)), true])))
            .collect();
        let answers = self.batches(calls, BLOCKS_A_BATCH).await?;
        let mut blocks = Vec::with_capacity(heights.len());
        for (height, answer) in heights.iter().zip(answers) {
            let Some(block) = self.read_block(request, *height, answer, reading)? else {
                continue;
            };
            let header = header_of(&self.rpc, &block)?;
            if let Some((below, hash)) = parent.as_ref()
                && *below + 1 == *height
                && *hash != header.parent
            {
                let detail = format!("block {height} does not follow block {below}");
                return Err(inconsistent(&self.rpc, detail));
            }
            *parent = Some((*height, header.block.hash.clone()));
            reading.blocks.insert(*height, header.block.clone());
            reading.headers.push(header);
            blocks.push(block);
        }
        if request.parts.contains(&Part::TransferLogs) {
            self.compare_with_logs(&blocks, reading).await?;
        }
        let traces = self.read_traces(request, &blocks, tracing, reading).await?;
        if request.parts.contains(&Part::TopLevel) {
            self.read_top_level(request, &blocks, &traces, reading)
                .await?;
        }
        for block in &blocks {
            self.take_block_credits(request, block, traces.get(&block.number), tracing, reading);
            if request.parts.contains(&Part::Internal)
                && let Some(trace) = traces.get(&block.number)
            {
                self.take_internal(request, block, trace, reading);
            }
        }
        // Only the credits' own blocks are needed again, and those carry theirs.
        let last = window.to().0;
        reading
            .blocks
            .retain(|height, _| *height == last || reading.logged.contains_key(height));
        Ok(())
    }

    /// Asks many calls in small batches, several at once, and keeps their order.
    async fn batches(
        &self,
        calls: Vec<Call>,
        size: usize,
    ) -> Result<Vec<Result<Bytes, SourceError>>, SourceError> {
        let parts: Vec<Vec<Call>> = calls.chunks(size).map(<[Call]>::to_vec).collect();
        let answers: Vec<Vec<Result<Bytes, SourceError>>> = stream::iter(parts)
            .map(|part| self.rpc.batch(part))
            .buffered(self.config.concurrency.max(1))
            .try_collect()
            .await?;
        Ok(answers.into_iter().flatten().collect())
    }

    /// One block of the answer. A block that the node has not, though it lies below its tip, is a gap in every part that
    /// needs it: never an empty block.
    fn read_block(
        &self,
        request: &ScanRequest,
        height: u64,
        answer: Result<Bytes, SourceError>,
        reading: &mut Reading,
    ) -> Result<Option<FullBlock>, SourceError> {
        let reason = match answer {
            Ok(answer) => {
                let block: Option<FullBlock> =
                    parse(self.rpc.origin(), "eth_getBlockByNumber", &answer)?;
                match block {
                    Some(block) if block.number == height => return Ok(Some(block)),
                    Some(block) => {
                        let detail = format!("block {} when asked for {height}", block.number);
                        return Err(inconsistent(&self.rpc, detail));
                    }
                    None => format!(
                        "{} has no block here, though it lies below its tip: use another node",
                        self.rpc.origin()
                    ),
                }
            }
            Err(error) if error.advice() == Advice::GiveUp => error.to_string(),
            Err(error) => return Err(error),
        };
        for part in &request.parts {
            let covered = *part == Part::TransferLogs && reading.logged.contains_key(&height);
            if !covered {
                reading
                    .gaps
                    .push(Self::gap(single(height), *part, reason.clone()));
            }
        }
        Ok(None)
    }

    /// Logs must come from these very blocks, and a block without logs must not hold any.
    async fn compare_with_logs(
        &self,
        blocks: &[FullBlock],
        reading: &Reading,
    ) -> Result<(), SourceError> {
        for block in blocks {
            match reading.logged.get(&block.number) {
                Some(hash) if *hash != block.hash => {
                    let detail = format!("logs of block {} from another branch", block.number);
                    return Err(inconsistent(&self.rpc, detail));
                }
                Some(_) => {}
                None => {
                    let is_gap = reading.gaps.iter().any(|gap| {
                        gap.part == Part::TransferLogs && gap.range.contains(Height(block.number))
                    });
                    if !is_gap && !block.transactions.is_empty() {
                        self.doubt_silence_of(Height(block.number), block.logs_bloom.as_deref())
                            .await?;
                    }
                }
            }
        }
        Ok(())
    }

    async fn read_top_level(
        &self,
        request: &ScanRequest,
        blocks: &[FullBlock],
        traces: &HashMap<u64, BlockTrace>,
        reading: &mut Reading,
    ) -> Result<(), SourceError> {
        let mut hits: Vec<(&FullBlock, usize, &Transaction)> = Vec::new();
        for block in blocks {
            for (place, transaction) in block.transactions.iter().enumerate() {
                if may_credit(transaction, request.watch.as_ref()) {
                    hits.push((block, place, transaction));
                }
            }
        }
        let calls = hits
            .iter()
            .map(|(_, _, transaction)| {
                let hash = format!("{:?}", transaction.hash);
                Call::new("eth_getTransactionReceipt", json!([hash]))
            })
            .collect();
        let answers = self.batches(calls, BLOCKS_A_BATCH).await?;
        for ((block, place, transaction), answer) in hits.into_iter().zip(answers) {
            let receipt: Option<Receipt> = match answer {
                Ok(answer) => parse(self.rpc.origin(), "eth_getTransactionReceipt", &answer)?,
                Err(error) if error.advice() == Advice::GiveUp => None,
                Err(error) => return Err(error),
            };
            let Some(receipt) = receipt else {
                let reason = format!(
                    "{} has no receipt of {:?}: use another node",
                    self.rpc.origin(),
                    transaction.hash
                );
                reading
                    .gaps
                    .push(Self::gap(single(block.number), Part::TopLevel, reason));
                continue;
            };
            if receipt.block_hash != block.hash || receipt.transaction_hash != transaction.hash {
                let detail = format!("a receipt of {:?} from another block", transaction.hash);
                return Err(inconsistent(&self.rpc, detail));
            }
            let traced = traces
                .get(&block.number)
                .and_then(|trace| trace.transactions.get(&transaction.hash))
                .map(|trace| trace.succeeded);
            let credits = self.decoder.top_level(
                transaction,
                Some(&receipt),
                block_ref(block).as_ref(),
                traced,
            );
            for (rank, credit) in (0..).zip(credits) {
                let place = u64::try_from(place).unwrap_or(u64::MAX);
                take(request, reading, block.number, place, (0, rank), credit);
            }
        }
        Ok(())
    }

    fn take_block_credits(
        &self,
        request: &ScanRequest,
        block: &FullBlock,
        trace: Option<&BlockTrace>,
        tracing: Tracing,
        reading: &mut Reading,
    ) {
        if !request.parts.contains(&Part::BlockCredits) {
            return;
        }
        for (rank, credit) in (0..).zip(self.decoder.withdrawals(block)) {
            take(request, reading, block.number, u64::MAX, (0, rank), credit);
        }
        match (trace, block_ref(block)) {
            (Some(trace), Some(block_ref)) if tracing == Tracing::Flat => {
                let credits = self.decoder.rewards(&trace.rewards, &block_ref);
                for (rank, credit) in (0..).zip(credits) {
                    take(request, reading, block.number, u64::MAX, (1, rank), credit);
                }
            }
            _ => {
                // The reward of a mined block is told by trace_block alone; it matters where the miner is ours.
                let ours = block
                    .miner
                    .is_some_and(|miner| request.watch.contains(&Payload::Account20(miner.0)));
                let is_mined = block.difficulty.is_some_and(|work| !work.is_zero());
                if ours && is_mined {
                    let reason = format!(
                        "{} has no trace_block, which tells the reward of the block: use a node that has",
                        self.rpc.origin()
                    );
                    reading
                        .gaps
                        .push(Self::gap(single(block.number), Part::BlockCredits, reason));
                }
            }
        }
    }

    fn take_internal(
        &self,
        request: &ScanRequest,
        block: &FullBlock,
        trace: &BlockTrace,
        reading: &mut Reading,
    ) {
        let block_ref = block_ref(block);
        for (place, transaction) in (0..).zip(&block.transactions) {
            let Some(trace) = trace.transactions.get(&transaction.hash) else {
                continue;
            };
            let tx_id = address::tx_id(&transaction.hash.0);
            let credits = self.decoder.internal(&tx_id, trace, block_ref.as_ref());
            for (rank, credit) in (0..).zip(credits) {
                take(request, reading, block.number, place, (2, rank), credit);
            }
        }
    }

    /// The traces of the blocks that need them, by height. What a node does not trace is a gap.
    async fn read_traces(
        &self,
        request: &ScanRequest,
        blocks: &[FullBlock],
        tracing: Tracing,
        reading: &mut Reading,
    ) -> Result<HashMap<u64, BlockTrace>, SourceError> {
        let wants_internal = request.parts.contains(&Part::Internal);
        let wants_rewards = request.parts.contains(&Part::BlockCredits);
        let is_mined = |block: &FullBlock| block.difficulty.is_some_and(|work| !work.is_zero());
        // Genesis runs nothing, and no node traces it.
        let wanted: Vec<&FullBlock> = match tracing {
            Tracing::Missing => Vec::new(),
            Tracing::Flat => blocks
                .iter()
                .filter(|block| block.number > 0)
                .filter(|block| {
                    (wants_internal && !block.transactions.is_empty())
                        || (wants_rewards && is_mined(block))
                })
                .collect(),
            Tracing::Calls => blocks
                .iter()
                .filter(|block| block.number > 0)
                .filter(|block| wants_internal && !block.transactions.is_empty())
                .collect(),
        };
        let calls = wanted
            .iter()
            .map(|block| {
                let height = tag(Height(block.number));
                match tracing {
                    Tracing::Flat => Call::new("trace_block", json!([height])),
                    _ => Call::new(
                        "debug_traceBlockByNumber",
                        json!([height, {"tracer": "callTracer"}]),
                    ),
                }
            })
            .collect();
        let answers = self.batches(calls, TRACES_A_BATCH).await?;
        let mut traces = HashMap::new();
        for (block, answer) in wanted.into_iter().zip(answers) {
            let read = match answer {
                Ok(answer) if tracing == Tracing::Flat => self.read_flat_block(block, &answer)?,
                Ok(answer) => read_call_block(block, &answer),
                Err(error) if error.advice() == Advice::GiveUp => Err(error.to_string()),
                Err(error) => return Err(error),
            };
            match read {
                Ok(trace) => {
                    traces.insert(block.number, trace);
                }
                Err(reason) => {
                    let reason = format!("{}: {reason}", self.rpc.origin());
                    for part in [Part::Internal, Part::BlockCredits] {
                        let is_read = part == Part::BlockCredits && !is_mined(block);
                        if request.parts.contains(&part) && !is_read {
                            reading.gaps.push(Self::gap(
                                single(block.number),
                                part,
                                reason.clone(),
                            ));
                        }
                    }
                }
            }
        }
        Ok(traces)
    }

    /// One answer of `trace_block`: the traces, or why they do not cover the block.
    fn read_flat_block(
        &self,
        block: &FullBlock,
        answer: &[u8],
    ) -> Result<Result<BlockTrace, String>, SourceError> {
        let entries: Option<Vec<FlatTrace>> = parse(self.rpc.origin(), "trace_block", answer)?;
        let Some(entries) = entries else {
            return Ok(Err("it has no traces of this block".to_owned()));
        };
        if entries
            .iter()
            .any(|entry| entry.block_hash.is_some_and(|hash| hash != block.hash))
        {
            let detail = format!("traces of block {} from another branch", block.number);
            return Err(inconsistent(&self.rpc, detail));
        }
        let (transactions, rewards) = read_flat(&entries);
        let transactions: HashMap<H256, TransactionTrace> = transactions
            .into_iter()
            .filter_map(|trace| Some((trace.transaction?, trace)))
            .collect();
        let missing = block.transactions.iter().find(|transaction| {
            !is_pseudo(transaction) && !transactions.contains_key(&transaction.hash)
        });
        Ok(match missing {
            Some(transaction) => Err(format!("it has no trace of {:?}", transaction.hash)),
            None => Ok(BlockTrace {
                transactions,
                rewards,
            }),
        })
    }
}

/// One answer of `debug_traceBlockByNumber`: the traces, or why they do not cover the block.
fn read_call_block(block: &FullBlock, answer: &[u8]) -> Result<BlockTrace, String> {
    // serde_json stops at 128 levels: such a block is named, not skipped.
    let traced: Option<Vec<TracedTransaction>> = serde_json::from_slice(answer)
        .map_err(|error| format!("its traces cannot be read: {error}"))?;
    let traced = traced.ok_or("it has no traces of this block")?;
    if traced.len() != block.transactions.len() {
        return Err(format!(
            "{} traces for {} transactions",
            traced.len(),
            block.transactions.len()
        ));
    }
    let mut transactions = HashMap::new();
    for (transaction, traced) in block.transactions.iter().zip(&traced) {
        if traced.tx_hash.is_some_and(|hash| hash != transaction.hash) {
            return Err(format!(
                "a trace of another transaction than {:?}",
                transaction.hash
            ));
        }
        match &traced.result {
            Some(root) => {
                transactions.insert(transaction.hash, read_calls(Some(transaction.hash), root));
            }
            None => {
                let why = traced
                    .error
                    .as_ref()
                    .map(ToString::to_string)
                    .unwrap_or_default();
                return Err(format!("it does not trace {:?}: {why}", transaction.hash));
            }
        }
    }
    Ok(BlockTrace {
        transactions,
        rewards: Vec::new(),
    })
}

/// Polygon's state-sync entries stand among the transactions and run outside of them: from and to are nobody.
fn is_pseudo(transaction: &Transaction) -> bool {
    transaction.from.is_none_or(|from| from.is_zero())
        && transaction.to.is_none_or(|to| to.is_zero())
}

/// Whether the value of a transaction, or what it mints, may be for a watched address.
fn may_credit(transaction: &Transaction, watch: &dyn WatchSet) -> bool {
    let ours = |account: H160| watch.contains(&Payload::Account20(account.0));
    let moves = |amount: Option<recover_core::amount::Amount>| {
        amount.is_some_and(|amount| !amount.is_zero())
    };
    if moves(transaction.mint) && transaction.from.is_some_and(ours) {
        return true;
    }
    if !moves(transaction.value) {
        return false;
    }
    match (transaction.to, transaction.from, transaction.nonce) {
        (Some(to), _, _) => ours(to),
        // It creates a contract, which may be a forwarder of ours.
        (None, Some(from), Some(nonce)) => ours(H160(create_address(from.0, nonce))),
        (None, _, _) => true,
    }
}

fn take(
    request: &ScanRequest,
    reading: &mut Reading,
    height: u64,
    place: u64,
    rank: (u8, u64),
    credit: Observation,
) {
    if request.watch.contains(&credit.to.payload()) {
        reading.found.push(Located {
            height,
            place,
            rank,
            credit,
        });
    }
}
