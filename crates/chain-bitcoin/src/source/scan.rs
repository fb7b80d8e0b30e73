//! A range of blocks, read one after the other and let go before the next ones are: the same for nodes and explorers.

use async_trait::async_trait;
use futures::stream::{self, StreamExt};
use recover_core::block::{BlockRef, Height, HeightRange};
use recover_core::observation::Observation;
use recover_source::chain::{Gap, Header, Part, ScanRequest, ScanUpdate};
use recover_source::client::Client;
use recover_source::error::{Advice, SourceError};

/// Heights whose hashes are asked for at once, and blocks that are under way at once.
const WINDOW: u64 = 64;
const BLOCKS_AT_ONCE: usize = 3;

/// How often a range is read again when the chain changed meanwhile.
const READS_MAX: usize = 3;

/// What one block held.
pub struct ReadBlock {
    /// Its header, as the block itself has it.
    pub header: Header,
    /// The credits to watched addresses, in the order of the chain.
    pub credits: Vec<Observation>,
}

/// A source that gives the blocks of the best chain.
#[async_trait]
pub trait Blocks: Send + Sync {
    /// What it asks through.
    fn client(&self) -> &Client;

    /// The newest height.
    async fn newest(&self) -> Result<Height, SourceError>;

    /// The header at a height of the best chain; `None` above the tip.
    async fn header_at(&self, height: Height) -> Result<Option<Header>, SourceError>;

    /// The hashes of the blocks at heights of the best chain, in order.
    async fn hashes(&self, from: Height, to: Height) -> Result<Vec<(Height, String)>, SourceError>;

    /// Reads one block. An error of no use to repeat is a block that this source cannot give.
    async fn block(
        &self,
        request: &ScanRequest,
        height: Height,
        hash: &str,
    ) -> Result<ReadBlock, SourceError>;

    /// The lowest height whose block it still has, and why; `None` where it has all.
    async fn lowest_kept(&self) -> Result<Option<(Height, String)>, SourceError> {
        Ok(None)
    }
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

    fn take(&mut self, client: &Client, block: ReadBlock) -> Result<(), SourceError> {
        let header = block.header;
        if let Some(below) = &self.below
            && below.height.next() == header.block.height
            && below.hash != header.parent
        {
            let detail = format!(
                "block {} does not follow block {}",
                header.block.height, below.height
            );
            return Err(client.inconsistent(detail));
        }
        self.observations.extend(block.credits);
        self.below = Some(header.block.clone());
        self.headers.push(header);
        Ok(())
    }
}

/// Reads a range; again where the chain moved under the reader.
///
/// # Errors
/// The source's own; [`SourceError::Unreachable`] for a range above its tip.
pub async fn scan(source: &dyn Blocks, request: &ScanRequest) -> Result<ScanUpdate, SourceError> {
    let mut reads = 1;
    loop {
        match read(source, request).await {
            // What was read is dropped.
            Err(error @ SourceError::Inconsistent { .. }) if reads < READS_MAX => {
                tracing::debug!(%error, range = %request.range, "reading the range again");
                reads += 1;
            }
            result => return result,
        }
    }
}

async fn read(source: &dyn Blocks, request: &ScanRequest) -> Result<ScanUpdate, SourceError> {
    let range = request.range;
    let client = source.client();
    let moved = || {
        let detail = format!("block {} changed while the range was read", range.to());
        client.inconsistent(detail)
    };
    let Some(end) = source.header_at(range.to()).await? else {
        return Err(client.behind(source.newest().await?, range.to()));
    };
    let mut reading = Reading::default();
    let mut from = range.from();
    if let Some((kept, reason)) = source.lowest_kept().await?
        && from < kept
        && let Some(lost) = HeightRange::new(from, kept.minus(1).min(range.to()))
    {
        from = lost.to().next();
        reading.skip(lost, reason);
    }
    while from <= range.to() {
        let to = from.plus(WINDOW - 1).min(range.to());
        let hashes = source.hashes(from, to).await?;
        let blocks =
            stream::iter(hashes)
                .map(|(height, hash)| async move {
                    (height, source.block(request, height, &hash).await)
                })
                .buffered(BLOCKS_AT_ONCE);
        futures::pin_mut!(blocks);
        while let Some((height, block)) = blocks.next().await {
            match block {
                Ok(block) => reading.take(client, block)?,
                Err(error) if error.advice() == Advice::GiveUp => {
                    let one = HeightRange::new(height, height)
                        .expect("a range of one block is never empty");
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
        return Err(moved());
    }
    // Read again at the end: when it still stands, so does everything below it.
    if source.header_at(range.to()).await?.as_ref() != Some(&end) {
        return Err(moved());
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
