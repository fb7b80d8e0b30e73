//! Transfer logs of a range: queried without addresses, matched here.

use super::balances::{Place, stated};
use super::{EvmNode, Located, Reading, single};
use crate::address;
use crate::decode::{LogCounter, LogPlace, TRANSFER, TRANSFER_BATCH, TRANSFER_SINGLE};
use crate::lookup::{inconsistent, tag};
use crate::ranges::{RangePlanner, Refused};
use crate::refusal::{self, Hint};
use crate::rpc::{Call, RpcCall, RpcClient, ask};
use crate::wire::{Log, RawLog, Receipt, bloom_may_hold, fixed, hex_quantity};
use ethers::types::H256;
use futures::stream::{FuturesUnordered, StreamExt};
use recover_core::address::Payload;
use recover_core::amount::Amount;
use recover_core::block::{BlockRef, Height, HeightRange};
use recover_core::book::WatchSet;
use recover_core::observation::{Flag, Observation};
use recover_core::time::Timestamp;
use recover_source::chain::{Part, ScanRequest};
use recover_source::error::{Advice, SourceError};
use recover_source::http::shorten;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::atomic::Ordering;

/// What one query held.
#[derive(Default)]
struct Piece {
    found: Vec<Located>,
    logged: BTreeMap<u64, H256>,
    outflow: HashMap<Place, Amount>,
    results: u64,
}

#[derive(Deserialize)]
struct LogsEnvelope<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    result: Option<Vec<RawLog<'a>>>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

impl EvmNode {
    /// Reads the Transfer logs of the whole range. What a node cannot answer becomes a gap; what it can answer later, or
    /// answers wrongly, ends the reading.
    pub(super) async fn read_logs(
        &self,
        request: &ScanRequest,
        reads_blocks: bool,
        reading: &mut Reading,
    ) -> Result<(), SourceError> {
        let mut planner = RangePlanner::new(request.range, self.config.log_range_max);
        let mut out = FuturesUnordered::new();
        while !planner.is_done() {
            while out.len() < self.config.concurrency.max(1)
                && let Some(range) = planner.next_piece()
            {
                out.push(async move { (range, self.ask_logs(request, range).await) });
            }
            let Some((range, answer)) = out.next().await else {
                break;
            };
            let piece = match answer {
                Ok(piece) => {
                    planner.accept(range, piece.results);
                    if piece.results == 0 && !reads_blocks {
                        // Where blocks are read each of them is checked; here a sample must do.
                        self.doubt_silence(range.to()).await?;
                    }
                    piece
                }
                Err(SourceError::RangeRefused { detail, .. }) => {
                    let hint = refusal::hint(&detail, range.from().0, range.blocks());
                    match planner.refuse(range, hint) {
                        Refused::Split => continue,
                        Refused::Irreducible => {
                            self.logs_by_receipts(request, range.from(), &detail, reading)
                                .await?
                        }
                    }
                }
                Err(error @ SourceError::TooLarge { .. }) => {
                    match planner.refuse(range, Hint::default()) {
                        Refused::Split => continue,
                        Refused::Irreducible => {
                            self.logs_by_receipts(
                                request,
                                range.from(),
                                &error.to_string(),
                                reading,
                            )
                            .await?
                        }
                    }
                }
                Err(error) if error.advice() == Advice::GiveUp => {
                    planner.accept(range, 0);
                    reading
                        .gaps
                        .push(Self::gap(range, Part::TransferLogs, error.to_string()));
                    continue;
                }
                Err(error) => return Err(error),
            };
            reading.found.extend(piece.found);
            reading.logged.extend(piece.logged);
            reading.outflow.extend(piece.outflow);
        }
        Ok(())
    }

    async fn ask_logs(
        &self,
        request: &ScanRequest,
        range: HeightRange,
    ) -> Result<Piece, SourceError> {
        let call = Call::new(
            "eth_getLogs",
            json!([{
                "fromBlock": tag(range.from()),
                "toBlock": tag(range.to()),
                "topics": [[
                    format!("{TRANSFER:?}"),
                    format!("{TRANSFER_SINGLE:?}"),
                    format!("{TRANSFER_BATCH:?}"),
                ]],
            }]),
        );
        self.rpc
            .ask_in_place(&call, |rpc, body, id| {
                let envelope: LogsEnvelope<'_> = match serde_json::from_slice(body) {
                    Ok(envelope) => envelope,
                    Err(error) => {
                        // An error in the envelope comes before the shape of the rest.
                        rpc.check(body, id)?;
                        return Err(rpc.not_protocol(format!("eth_getLogs: {error}")));
                    }
                };
                let same_id = envelope
                    .id
                    .and_then(|text| text.get().trim_matches('"').parse().ok())
                    == Some(id);
                match envelope.result {
                    Some(logs) if same_id && envelope.error.is_none() => {
                        self.read_piece(request, range, &logs)
                    }
                    _ => {
                        rpc.check(body, id)?;
                        Err(rpc.not_protocol(format!("eth_getLogs: {}", shorten(body))))
                    }
                }
            })
            .await
    }

    /// Matches the logs of one answer. Every log is looked at, since the position counts all of them; only ours are decoded.
    fn read_piece(
        &self,
        request: &ScanRequest,
        range: HeightRange,
        logs: &[RawLog<'_>],
    ) -> Result<Piece, SourceError> {
        let rpc: &RpcClient = &self.rpc;
        let unreadable = |what: &str| SourceError::NotProtocol {
            origin: rpc.origin().to_owned(),
            detail: format!("eth_getLogs: {what}"),
        };
        let mut piece = Piece {
            results: u64::try_from(logs.len()).unwrap_or(u64::MAX),
            ..Piece::default()
        };
        let order = order_of(logs).ok_or_else(|| unreadable("a log without its place"))?;
        let mut counter = LogCounter::default();
        let (mut block_text, mut height) = ("", 0);
        let (mut transaction_text, mut transaction) = ("", H256::zero());
        let mut doubtful: HashSet<Place> = HashSet::new();
        for place in 0..logs.len() {
            let place = order
                .as_ref()
                .map_or(Some(place), |order| order.get(place).copied());
            let Some(raw) = place.and_then(|place| logs.get(place)) else {
                continue;
            };
            if raw.block_hash != block_text {
                block_text = raw.block_hash;
                let hash = H256(fixed(raw.block_hash).ok_or_else(|| unreadable("a block hash"))?);
                height = hex_quantity(raw.block_number).ok_or_else(|| unreadable("a height"))?;
                if !range.contains(Height(height)) {
                    let detail = format!("a log of block {height} when asked for {range}");
                    return Err(inconsistent(rpc, detail));
                }
                if piece
                    .logged
                    .insert(height, hash)
                    .is_some_and(|other| other != hash)
                {
                    let detail = format!("logs of block {height} from two branches");
                    return Err(inconsistent(rpc, detail));
                }
            }
            if raw.removed {
                let detail = format!("a removed log of block {height}");
                return Err(inconsistent(rpc, detail));
            }
            if raw.transaction_hash != transaction_text {
                transaction_text = raw.transaction_hash;
                transaction = H256(
                    fixed(raw.transaction_hash).ok_or_else(|| unreadable("a transaction hash"))?,
                );
            }
            let Some(topic) = raw
                .topics
                .as_slice()
                .first()
                .and_then(|text| topic_of(text))
            else {
                continue;
            };
            let Some(log_place) = counter.place(transaction, topic) else {
                continue;
            };
            if !may_credit(raw, topic, request.watch.as_ref()) {
                continue;
            }
            let log = raw
                .decode()
                .ok_or_else(|| unreadable("a log that is not hexadecimal"))?;
            for credit in self.credits_of(request, &log, log_place) {
                if !is_trusted(request, &credit) {
                    doubtful.extend(stated(&credit, height));
                }
                piece.found.push(locate(&log, log_place, height, credit));
            }
        }
        if !doubtful.is_empty() {
            piece.outflow = outflow_of(logs, &doubtful);
        }
        Ok(piece)
    }

    /// The credits of one log that are ours, with their block where the log says its time.
    fn credits_of(&self, request: &ScanRequest, log: &Log, place: LogPlace) -> Vec<Observation> {
        let block = log
            .block_timestamp
            .and_then(Timestamp::from_seconds)
            .zip(log.block_number.zip(log.block_hash))
            .map(|(time, (number, hash))| BlockRef {
                height: Height(number),
                hash: address::block_hash(&hash.0),
                time,
            });
        let mut credits = self.decoder.log(log, place, block.as_ref());
        credits.retain(|credit| request.watch.contains(&credit.to.payload()));
        credits
    }

    /// One block's logs from its receipts, where no query is small enough.
    async fn logs_by_receipts(
        &self,
        request: &ScanRequest,
        height: Height,
        refusal: &str,
        reading: &mut Reading,
    ) -> Result<Piece, SourceError> {
        let mut piece = Piece::default();
        let receipts = match self.block_receipts(height).await {
            Ok(Some(receipts)) => receipts,
            Ok(None) => {
                reading
                    .gaps
                    .push(Self::gap(single(height.0), Part::TransferLogs, refusal));
                return Ok(piece);
            }
            Err(error) => return Err(error),
        };
        let mut doubtful = HashSet::new();
        for receipt in &receipts {
            let mut counter = LogCounter::default();
            for log in &receipt.logs {
                let topic = log.topics.first().copied().unwrap_or_default();
                let Some(place) = counter.place(receipt.transaction_hash, topic) else {
                    continue;
                };
                piece.logged.insert(height.0, receipt.block_hash);
                for credit in self.credits_of(request, log, place) {
                    if !is_trusted(request, &credit) {
                        doubtful.extend(stated(&credit, height.0));
                    }
                    piece.found.push(locate(log, place, height.0, credit));
                }
            }
        }
        for receipt in &receipts {
            for log in &receipt.logs {
                add_outflow(log, height.0, &doubtful, &mut piece.outflow);
            }
        }
        Ok(piece)
    }

    /// All receipts of a block; `None` when the node cannot give them.
    pub(super) async fn block_receipts(
        &self,
        height: Height,
    ) -> Result<Option<Vec<Receipt>>, SourceError> {
        if self.lacks_block_receipts.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let call = Call::new("eth_getBlockReceipts", json!([tag(height)]));
        match ask::<Option<Vec<Receipt>>>(&self.rpc, call).await {
            Ok(receipts) => Ok(receipts),
            Err(SourceError::Unsupported { .. }) => {
                self.lacks_block_receipts.store(true, Ordering::Relaxed);
                Ok(None)
            }
            Err(error) if error.advice() == Advice::GiveUp => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// An empty answer is the cheapest lie of a broken index: the block's own bloom filter says whether a Transfer can be
    /// in it, and its receipts whether one is.
    async fn doubt_silence(&self, height: Height) -> Result<(), SourceError> {
        let block = crate::lookup::block(&self.rpc, &tag(height)).await?;
        let bloom = block.and_then(|block| block.logs_bloom);
        self.doubt_silence_of(height, bloom.as_deref()).await
    }

    /// The same where the block's bloom filter is at hand.
    pub(super) async fn doubt_silence_of(
        &self,
        height: Height,
        bloom: Option<&[u8]>,
    ) -> Result<(), SourceError> {
        if !bloom.is_some_and(|bloom| bloom_may_hold(bloom, &TRANSFER.0)) {
            return Ok(());
        }
        let Some(receipts) = self.block_receipts(height).await? else {
            return Ok(());
        };
        let held = receipts
            .iter()
            .flat_map(|receipt| &receipt.logs)
            .any(|log| log.topics.first() == Some(&TRANSFER));
        if held {
            let detail = format!(
                "no logs for block {height}, whose receipts hold Transfer logs: its log index is broken"
            );
            return Err(inconsistent(&self.rpc, detail));
        }
        Ok(())
    }
}

/// The order of the chain over an answer that came in another; `None` inside where it came in order, as nearly all do.
fn order_of(logs: &[RawLog<'_>]) -> Option<Option<Vec<usize>>> {
    let (mut block_text, mut height) = ("", 0);
    let mut last = None;
    let mut sorted = true;
    let mut keys = Vec::new();
    for log in logs {
        if log.block_number != block_text {
            block_text = log.block_number;
            height = hex_quantity(block_text)?;
        }
        let key = (height, hex_quantity(log.log_index)?);
        if sorted && last.is_some_and(|last| last >= key) {
            sorted = false;
        }
        last = Some(key);
    }
    if sorted {
        return Some(None);
    }
    for (place, log) in logs.iter().enumerate() {
        keys.push((
            hex_quantity(log.block_number)?,
            hex_quantity(log.log_index)?,
            place,
        ));
    }
    keys.sort_unstable();
    Some(Some(keys.into_iter().map(|(_, _, place)| place).collect()))
}

/// The topic of a log. Nearly all are Transfers, written as nodes write them.
fn topic_of(text: &str) -> Option<H256> {
    const TRANSFER_TEXT: &str =
        "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef";
    if text == TRANSFER_TEXT {
        return Some(TRANSFER);
    }
    fixed(text).map(H256)
}

/// Whether a log may credit a watched address: a look at the place where its shape keeps the recipient.
fn may_credit(log: &RawLog<'_>, topic: H256, watch: &dyn WatchSet) -> bool {
    let topics = log.topics.as_slice();
    let recipient = if topic != TRANSFER {
        topics.get(3).copied()
    } else if topics.len() >= 3 {
        topics.get(2).copied()
    } else {
        // One topic: the second word of the data. Two: the first.
        let data = log.data.strip_prefix("0x").unwrap_or(log.data);
        let start = if topics.len() == 2 { 0 } else { 64 };
        data.get(start..start + 64)
    };
    let Some(digits) = recipient.and_then(|word| word.get(word.len().saturating_sub(40)..)) else {
        return false;
    };
    let mut bytes = [0; 20];
    hex::decode_to_slice(digits, &mut bytes).is_ok() && watch.contains(&Payload::Account20(bytes))
}

fn is_trusted(request: &ScanRequest, credit: &Observation) -> bool {
    credit
        .asset
        .contract_text()
        .is_none_or(|contract| request.trusted_contracts.contains(contract))
        || credit.flags.contains(&Flag::Nft)
}

fn locate(log: &Log, place: LogPlace, height: u64, credit: Observation) -> Located {
    let index = log.log_index.unwrap_or(match place {
        LogPlace::Transfer(index) | LogPlace::MultiTransfer(index) => index,
    });
    Located {
        height,
        place: log.transaction_index.unwrap_or(u64::MAX - 1),
        rank: (3, index),
        credit,
    }
}

/// What left the doubtful holders in the logs of one answer, which holds whole blocks.
fn outflow_of(logs: &[RawLog<'_>], doubtful: &HashSet<Place>) -> HashMap<Place, Amount> {
    let mut outflow = HashMap::new();
    let holders: BTreeSet<[u8; 20]> = doubtful.iter().map(|place| place.holder.0).collect();
    for raw in logs {
        let topics = raw.topics.as_slice();
        let Some(sender) = topics
            .get(1)
            .and_then(|word| word.get(word.len().saturating_sub(40)..))
        else {
            continue;
        };
        let mut bytes = [0; 20];
        if hex::decode_to_slice(sender, &mut bytes).is_err() || !holders.contains(&bytes) {
            continue;
        }
        if let Some(log) = raw.decode() {
            add_outflow(
                &log,
                log.block_number.unwrap_or_default(),
                doubtful,
                &mut outflow,
            );
        }
    }
    outflow
}

fn add_outflow(
    log: &Log,
    height: u64,
    doubtful: &HashSet<Place>,
    outflow: &mut HashMap<Place, Amount>,
) {
    if log.topics.first() != Some(&TRANSFER) {
        return;
    }
    let Some(transfer) = crate::decode::read_transfer(log) else {
        return;
    };
    let place = Place {
        contract: log.address,
        holder: transfer.from,
        height,
    };
    if doubtful.contains(&place) && transfer.from != transfer.to {
        let sum = outflow.entry(place).or_insert(Amount::ZERO);
        // Beyond 256 bits nothing is real: the comparison with the balance fails either way.
        *sum = sum.checked_add(transfer.amount).unwrap_or(Amount::MAX);
    }
}
