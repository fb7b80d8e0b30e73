//! A range of blocks, each read from its raw bytes and let go before the next ones are.

use super::node::BitcoinNode;
use super::payers::Paid;
use super::rpc::{Call, code, found};
use crate::block::{BlockError, BlockReader, Dialect, Entry};
use crate::credit::{CreditedOutput, Decoder, Facts, is_inscribed, outputs_to};
use futures::stream::{self, StreamExt};
use recover_core::address::Payload;
use recover_core::block::{BlockHash, BlockRef, Height, HeightRange, TxId};
use recover_core::book::WatchSet;
use recover_core::observation::Observation;
use recover_core::time::Timestamp;
use recover_source::chain::{Gap, Header, Part, ScanRequest, ScanUpdate};
use recover_source::error::{Advice, SourceError};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

/// Heights whose hashes are asked for at once, and blocks that are under way at once.
const WINDOW: u64 = 64;
const BLOCKS_AT_ONCE: usize = 3;

/// A transaction with outputs to watched addresses.
struct Hit {
    entry: Entry,
    id: String,
    outputs: Vec<CreditedOutput>,
}

/// What is read so far.
#[derive(Default)]
struct Reading {
    observations: Vec<Observation>,
    unread: Vec<(HeightRange, String)>,
    headers: Vec<Header>,
    /// The block before the next one; `None` where it was not read.
    below: Option<BlockRef>,
}

impl Reading {
    fn skip(&mut self, range: HeightRange, reason: String) {
        self.below = None;
        if let Some((last, said)) = self.unread.last_mut()
            && *said == reason
            && range.from() == last.to().next()
            && let Some(joined) = HeightRange::new(last.from(), range.to())
        {
            *last = joined;
        } else {
            self.unread.push((range, reason));
        }
    }
}

impl BitcoinNode {
    /// Reads a range once.
    pub(super) async fn read_range(
        &self,
        decoder: &Decoder,
        dialect: Dialect,
        request: &ScanRequest,
    ) -> Result<ScanUpdate, SourceError> {
        let range = request.range;
        let client = self.rpc.client();
        let Some(end) = self.header_at(range.to()).await? else {
            let info = self.chain_info().await?;
            return Err(client.behind(Height(info.blocks), range.to()));
        };
        let mut reading = Reading::default();
        let mut from = self.skip_pruned(range, &mut reading).await?;
        while from <= range.to() {
            let to = from.plus(WINDOW - 1).min(range.to());
            let hashes = self.hashes(from, to).await?;
            let blocks = stream::iter(hashes)
                .map(|(height, hash)| async move {
                    let bytes = self.raw_block(&hash).await;
                    (height, hash, bytes)
                })
                .buffered(BLOCKS_AT_ONCE);
            futures::pin_mut!(blocks);
            while let Some((height, hash, bytes)) = blocks.next().await {
                let one =
                    HeightRange::new(height, height).expect("a range of one block is never empty");
                match bytes {
                    Ok(bytes) => {
                        let read = self
                            .take_block(
                                decoder,
                                dialect,
                                request,
                                (height, &hash),
                                &bytes,
                                &mut reading,
                            )
                            .await?;
                        if let Err(error) = read {
                            let reason = format!(
                                "{} gave block {hash} in a form that is not known here ({error}): use another source",
                                client.origin()
                            );
                            reading.skip(one, reason);
                        }
                    }
                    Err(error) if error.advice() == Advice::GiveUp => {
                        reading.skip(one, error.to_string());
                    }
                    Err(error) => return Err(error),
                }
            }
            from = to.next();
        }
        if let Some(last) = reading.headers.last()
            && last.block.height == range.to()
            && *last != end
        {
            return Err(self.moved(range.to()));
        }
        // Read again at the end: when it still stands, so does everything below it.
        if self.header_at(range.to()).await?.as_ref() != Some(&end) {
            return Err(self.moved(range.to()));
        }
        let parts: Vec<Part> = request.parts.iter().copied().collect();
        let unread = reading.unread.iter();
        Ok(ScanUpdate {
            observations: reading.observations,
            gaps: unread
                .flat_map(|(range, reason)| Gap::of_parts(*range, &parts, reason))
                .collect(),
            end,
            headers: reading.headers,
        })
    }

    fn moved(&self, height: Height) -> SourceError {
        self.rpc
            .client()
            .inconsistent(format!("block {height} changed while the range was read"))
    }

    /// What the node threw away is one gap, and the reading begins above it.
    async fn skip_pruned(
        &self,
        range: HeightRange,
        reading: &mut Reading,
    ) -> Result<Height, SourceError> {
        let info = self.chain_info().await?;
        let Some(kept) = info.prune_height.filter(|_| info.pruned) else {
            return Ok(range.from());
        };
        let last = Height(kept).minus(1).min(range.to());
        if kept == 0 || last < range.from() {
            return Ok(range.from());
        }
        if let Some(pruned) = HeightRange::new(range.from(), last) {
            let reason = format!(
                "{} has pruned the blocks below {kept}: use a node that keeps all blocks, or an explorer",
                self.rpc.client().origin()
            );
            reading.skip(pruned, reason);
        }
        Ok(last.next())
    }

    async fn hashes(&self, from: Height, to: Height) -> Result<Vec<(Height, String)>, SourceError> {
        let heights: Vec<u64> = (from.0..=to.0).collect();
        let calls: Vec<Call> = heights
            .iter()
            .map(|height| Call::new("getblockhash", json!([height])))
            .collect();
        let mut hashes = Vec::with_capacity(heights.len());
        for (height, answer) in heights.iter().zip(self.rpc.batch(&calls).await?) {
            // The end was there a moment ago: a chain that became shorter is another branch.
            let answer = found(answer)?.ok_or_else(|| self.moved(Height(*height)))?;
            let hash: String = self.rpc.parse("getblockhash", answer.get())?;
            hashes.push((Height(*height), hash));
        }
        Ok(hashes)
    }

    /// A block as it goes over the wire.
    async fn raw_block(&self, hash: &str) -> Result<Vec<u8>, SourceError> {
        let client = self.rpc.client();
        let read = |text: &str| {
            let digits = text.trim_matches('"');
            hex::decode(digits).map_err(|_| client.not_protocol("a block that is not hexadecimal"))
        };
        let call = |form: Value| Call::new("getblock", json!([hash, form]));
        if !self.takes_booleans_only.load(Ordering::Relaxed) {
            match self.rpc.ask_in_place(&call(Value::from(0)), read).await {
                Err(SourceError::Refused {
                    code: code::WRONG_TYPE | code::PARSE,
                    ..
                }) => self.takes_booleans_only.store(true, Ordering::Relaxed),
                answer => return answer,
            }
        }
        self.rpc.ask_in_place(&call(Value::Bool(false)), read).await
    }

    /// Takes one block. The inner error is a block that cannot be read, of which nothing was taken.
    async fn take_block(
        &self,
        decoder: &Decoder,
        dialect: Dialect,
        request: &ScanRequest,
        (height, hash): (Height, &str),
        bytes: &[u8],
        reading: &mut Reading,
    ) -> Result<Result<(), BlockError>, SourceError> {
        let client = self.rpc.client();
        let mut reader = match BlockReader::new(bytes, dialect) {
            Ok(reader) => reader,
            Err(error) => return Ok(Err(error)),
        };
        if reader.hash().is_some_and(|found| found != hash) {
            return Err(client.inconsistent(format!("another block than {hash}")));
        }
        let header = Header {
            block: BlockRef {
                height,
                hash: BlockHash::new(hash),
                time: Timestamp::from_seconds(reader.header().time.into())
                    .ok_or_else(|| client.inconsistent(format!("the time of block {height}")))?,
            },
            parent: BlockHash::new(&reader.header().prev_blockhash.to_string()),
        };
        if let Some(below) = &reading.below
            && below.height.next() == height
            && below.hash != header.parent
        {
            let detail = format!("block {height} does not follow block {}", below.height);
            return Err(client.inconsistent(detail));
        }
        let hits = match hits(&mut reader, request.watch.as_ref()) {
            Ok(hits) => hits,
            Err(error) => return Ok(Err(error)),
        };
        let paid: Vec<Paid<'_>> = hits
            .iter()
            .map(|hit| Paid {
                entry: &hit.entry,
                id: &hit.id,
                block: Some(hash),
            })
            .collect();
        let payers = self.payers(dialect, &paid).await?;
        for (hit, payer) in hits.iter().zip(payers) {
            let id = TxId::new(&hit.id);
            let facts = Facts {
                id: &id,
                block: Some(&header.block),
                payer,
                is_inscribed: is_inscribed(&hit.entry.transaction),
            };
            let outputs = hit.outputs.iter();
            let credits = outputs.filter_map(|output| decoder.credit(&facts, output));
            reading.observations.extend(credits);
        }
        reading.below = Some(header.block.clone());
        reading.headers.push(header);
        Ok(Ok(()))
    }
}

/// The transactions of a block that credit a watched address, in order.
fn hits(reader: &mut BlockReader<'_>, watch: &dyn WatchSet) -> Result<Vec<Hit>, BlockError> {
    let mut hits = Vec::new();
    while let Some(entry) = reader.next_entry()? {
        let outputs = outputs_to(&entry.transaction, |script| {
            watch.contains(&Payload::from(*script))
        });
        if outputs.is_empty() {
            continue;
        }
        // In a block every transaction tells its id.
        if let Some(id) = entry.id() {
            hits.push(Hit {
                id: id.to_string(),
                entry,
                outputs,
            });
        }
    }
    Ok(hits)
}
