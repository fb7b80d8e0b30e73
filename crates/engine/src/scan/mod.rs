//! Scanning: reads what is uncovered, classifies what it finds and commits both together.
//!
//! Never a cursor: a height counts as read only when it was committed with what was found there, under a watch set that
//! knew the address. What could not be read is a gap with a reason, and a scan with a gap is not a success.

mod confirm;
mod plan;
mod progress;
mod reorg;

pub use plan::{Demand, Piece, Read, cut, missing};
pub use progress::{ScanEvent, ScanProgress, Silent};
pub use reorg::Reorganisation;

use crate::config::NetworkConfig;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::facts::FactGatherer;
use futures::StreamExt as _;
use recover_core::address::Payload;
use recover_core::block::{Height, HeightRange};
use recover_core::book::WatchSet;
use recover_core::kind::Kind;
use recover_core::network::NetworkId;
use recover_core::time::Timestamp;
use recover_source::chain::{ChainRead, Head, Part, ScanRequest, ScanUpdate};
use recover_source::error::SourceError;
use recover_store::{BlockSeen, CoverageGap, ScanCommit, ScanCommitted, Stream};
use recover_watch::WatchIndex;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How many networks are read at once.
const NETWORKS_AT_ONCE: usize = 8;

/// How many pieces of one network are read at once; they commit in order.
const PIECES_AT_ONCE: usize = 4;

/// Blocks a piece when only logs are read; a node answers many blocks at once then.
const BLOCKS_LOGS_ONLY: u64 = 2_000;

/// Blocks a piece when whole blocks are read.
const BLOCKS_WHOLE: u64 = 200;

/// Pieces in a row that may fail before the rest of a network is named as one gap.
const FAILURES_IN_A_ROW: u32 = 3;

/// How often a scan starts over because the chain moved under it.
const REWINDS_MAX: u32 = 5;

/// What to scan.
#[derive(Debug, Clone, Default)]
pub struct ScanOptions {
    /// Networks by any of their names; empty for every one that has a source.
    pub networks: Vec<String>,
    /// The first height; `None` for the first that the watch set demands.
    pub from: Option<Height>,
    /// The last height; `None` for the tip.
    pub to: Option<Height>,
}

/// What a scan of one network did.
#[derive(Debug, Clone)]
pub struct NetworkReport {
    /// The network.
    pub network: NetworkId,
    /// What was read and committed.
    pub blocks_read: u64,
    /// Credits at our addresses that were stored, by kind.
    pub found: BTreeMap<Kind, u64>,
    /// Deposits that a scan had not stored before.
    pub new: u64,
    /// Unlisted contracts among the found that nobody reviewed, and their credits.
    pub unreviewed: BTreeMap<String, u64>,
    /// Deposits that became final.
    pub confirmed: u64,
    /// What could not be read.
    pub gaps: Vec<CoverageGap>,
    /// A reorganisation that was repaired.
    pub reorganisation: Option<Reorganisation>,
    /// Why the network could not be read at all.
    pub failure: Option<String>,
    /// Something to know that is no fault (nothing to watch).
    pub note: Option<String>,
}

impl NetworkReport {
    fn new(network: NetworkId) -> Self {
        Self {
            network,
            blocks_read: 0,
            found: BTreeMap::new(),
            new: 0,
            unreviewed: BTreeMap::new(),
            confirmed: 0,
            gaps: Vec::new(),
            reorganisation: None,
            failure: None,
            note: None,
        }
    }

    /// Whether anything was missed: a gap, a failure, or a reorganisation deeper than the network's finality rule.
    #[must_use]
    pub fn is_fault(&self) -> bool {
        !self.gaps.is_empty()
            || self.failure.is_some()
            || self
                .reorganisation
                .as_ref()
                .is_some_and(|reorganisation| reorganisation.is_beyond_finality)
    }
}

impl Engine {
    /// Scans networks side by side. A network that fails does not stop the others; its report says why.
    ///
    /// # Errors
    /// When a name is unknown or the store fails.
    pub async fn scan(
        &self,
        options: &ScanOptions,
        progress: &dyn ScanProgress,
    ) -> Result<Vec<NetworkReport>, EngineError> {
        let networks = self.networks(&options.networks)?;
        // Addresses imported while we read belong to the next scan.
        let epoch = self.store.seal_watch_epoch(self.now()).await?;
        let reports: Vec<Result<NetworkReport, EngineError>> = futures::stream::iter(networks)
            .map(|network| self.scan_network(network, epoch, options, progress))
            .buffered(NETWORKS_AT_ONCE)
            .collect()
            .await;
        let reports: Vec<NetworkReport> = reports.into_iter().collect::<Result<_, _>>()?;
        self.revalue().await?;
        Ok(reports)
    }

    async fn scan_network(
        &self,
        network: &NetworkConfig,
        epoch: u64,
        options: &ScanOptions,
        progress: &dyn ScanProgress,
    ) -> Result<NetworkReport, EngineError> {
        let mut report = NetworkReport::new(network.id.clone());
        match self
            .scan_steps(network, epoch, options, progress, &mut report)
            .await
        {
            Ok(()) => {}
            Err(EngineError::Source(error)) => report.failure = Some(error.to_string()),
            Err(error @ (EngineError::NoAdapter { .. } | EngineError::NoSource { .. })) => {
                report.failure = Some(error.to_string());
            }
            Err(error) => return Err(error),
        }
        report.gaps = self.store.gaps(&network.id).await?;
        progress.event(ScanEvent::Finished {
            network: network.id.clone(),
        });
        Ok(report)
    }

    async fn scan_steps(
        &self,
        network: &NetworkConfig,
        epoch: u64,
        options: &ScanOptions,
        progress: &dyn ScanProgress,
        report: &mut NetworkReport,
    ) -> Result<(), EngineError> {
        let source = self.source(network)?;
        let capabilities = source.capabilities().await?;
        let epochs = self.store.watch_epochs(network.family).await?;
        if epochs.is_empty() {
            report.note = Some("no address to watch: `recover addresses import`".to_owned());
            return Ok(());
        }
        let watch = self.watch_set(network).await?;
        for _ in 0..REWINDS_MAX {
            let head = source.head().await?;
            if let Some(reorganisation) = self.repair(network, source.as_ref(), &head).await? {
                progress.event(ScanEvent::Reorganised {
                    network: network.id.clone(),
                    agreement: reorganisation.agreement,
                });
                report.reorganisation = Some(reorganisation);
            }
            let generation = self.store.scan_generation(&network.id).await?;
            let to = options.to.map_or(head.latest.block.height, |to| {
                to.min(head.latest.block.height)
            });
            let mut demands = Vec::with_capacity(epochs.len());
            for added in &epochs {
                let from = match (options.from, added.since) {
                    (Some(from), _) => from,
                    (None, None) => Height(0),
                    (None, Some(since)) => first_height_at(source.as_ref(), since, &head).await?,
                };
                demands.push(Demand {
                    epoch: added.number,
                    from,
                });
            }
            let read: Vec<Read> = self
                .store
                .coverage(&network.id)
                .await?
                .into_iter()
                .filter_map(|covered| {
                    let part = Part::from_code(covered.stream.part_code()?)?;
                    Some(Read {
                        part,
                        range: covered.range,
                        epoch: covered.epoch,
                    })
                })
                .collect();
            let missing = missing(&demands, &read, to);
            let logs_only = missing.keys().all(|part| *part == Part::TransferLogs);
            let pieces = cut(
                &missing,
                if logs_only {
                    BLOCKS_LOGS_ONLY
                } else {
                    BLOCKS_WHOLE
                },
            );
            progress.event(ScanEvent::Started {
                network: network.id.clone(),
                blocks: pieces.iter().map(|piece| piece.range.blocks()).sum(),
            });
            let reading = Reading {
                engine: self,
                network,
                source,
                readable: capabilities.scan.clone(),
                watch: Arc::clone(&watch),
                trusted: Arc::new(network.trusted_contracts()),
                gatherer: FactGatherer::new(
                    &self.store,
                    &self.chains,
                    &self.adapters,
                    &network.id,
                    &self.sources,
                    head.finalized,
                )?,
                epoch,
                generation,
                finalized: head.finalized,
            };
            match reading.all(pieces, progress, report).await? {
                Outcome::Rewound => continue,
                Outcome::Done => {}
            }
            if self
                .confirm(network, source.as_ref(), &head, report)
                .await?
            {
                self.settle_suspects(network, to, report).await?;
                return Ok(());
            }
        }
        report.failure = Some(
            "the chain was reorganised again and again while it was read; run the scan again in a minute".to_owned(),
        );
        Ok(())
    }

    /// The addresses of a network's family, read page by page.
    async fn watch_set(&self, network: &NetworkConfig) -> Result<Arc<dyn WatchSet>, EngineError> {
        const PAGE: u32 = 50_000;
        let mut payloads: Vec<Payload> = Vec::new();
        loop {
            let page = self
                .store
                .watched_payloads(network.family, payloads.last(), PAGE)
                .await?;
            if page.is_empty() {
                break;
            }
            payloads.extend(page);
        }
        let expected = payloads.len();
        let index =
            WatchIndex::build(payloads, expected).map_err(|error| EngineError::WatchSet {
                detail: error.to_string(),
            })?;
        Ok(Arc::new(index))
    }
}

enum Outcome {
    Done,
    Rewound,
}

/// One pass over a network's pieces.
struct Reading<'a> {
    engine: &'a Engine,
    network: &'a NetworkConfig,
    source: &'a Arc<dyn ChainRead>,
    readable: BTreeSet<Part>,
    watch: Arc<dyn WatchSet>,
    trusted: Arc<BTreeSet<String>>,
    gatherer: FactGatherer<'a>,
    epoch: u64,
    generation: u64,
    finalized: Option<Height>,
}

impl Reading<'_> {
    async fn all(
        &self,
        pieces: Vec<Piece>,
        progress: &dyn ScanProgress,
        report: &mut NetworkReport,
    ) -> Result<Outcome, EngineError> {
        let mut answers = futures::stream::iter(pieces.clone())
            .map(|piece| async move {
                let answer = self.ask(&piece).await;
                (piece, answer)
            })
            .buffered(PIECES_AT_ONCE);
        let mut failures = 0;
        while let Some((piece, answer)) = answers.next().await {
            match answer {
                Ok(update) => {
                    failures = 0;
                    if let Outcome::Rewound = self.commit(&piece, update, progress, report).await? {
                        return Ok(Outcome::Rewound);
                    }
                }
                Err(error) => {
                    failures += 1;
                    let whole = if failures < FAILURES_IN_A_ROW {
                        None
                    } else {
                        pieces.last().map(|last| last.range.to())
                    };
                    let range = whole
                        .and_then(|to| HeightRange::new(piece.range.from(), to))
                        .unwrap_or(piece.range);
                    self.record_failure(&piece, range, &error).await?;
                    if failures >= FAILURES_IN_A_ROW {
                        break;
                    }
                }
            }
        }
        Ok(Outcome::Done)
    }

    async fn ask(&self, piece: &Piece) -> Result<Option<ScanUpdate>, SourceError> {
        let parts: BTreeSet<Part> = piece.parts.intersection(&self.readable).copied().collect();
        if parts.is_empty() {
            return Ok(None);
        }
        let request = ScanRequest {
            range: piece.range,
            parts,
            watch: Arc::clone(&self.watch),
            trusted_contracts: Arc::clone(&self.trusted),
        };
        self.source.scan(&request).await.map(Some)
    }

    async fn commit(
        &self,
        piece: &Piece,
        update: Option<ScanUpdate>,
        progress: &dyn ScanProgress,
        report: &mut NetworkReport,
    ) -> Result<Outcome, EngineError> {
        let unreadable = piece
            .parts
            .difference(&self.readable)
            .map(|part| CoverageGap {
                stream: Stream::part(part.code()),
                range: piece.range,
                reason: format!(
                    "no source of {} reads {}; {}",
                    self.network.id,
                    part.words(),
                    part.remedy()
                ),
            });
        let Some(update) = update else {
            self.store_gaps(piece.range, unreadable.collect()).await?;
            return Ok(Outcome::Done);
        };
        let credits = update.observations.len();
        let judged = self.gatherer.judge(update.observations).await?;
        let deposits = self
            .engine
            .deposits_of(self.network, Some(self.source.as_ref()), judged)
            .await?;
        for deposit in &deposits {
            let kind = deposit.classification.kind;
            let count = report.found.entry(kind).or_default();
            *count = count.saturating_add(1);
            if recover_store::Queue::of(&deposit.classification)
                == recover_store::Queue::TokenReview
            {
                let contract = deposit
                    .asset()
                    .contract_text()
                    .unwrap_or_default()
                    .to_owned();
                let count = report.unreviewed.entry(contract).or_default();
                *count = count.saturating_add(1);
            }
        }
        let gaps = update
            .gaps
            .into_iter()
            .map(|gap| CoverageGap {
                stream: Stream::part(gap.part.code()),
                range: gap.range,
                reason: gap.reason,
            })
            .chain(unreadable)
            .collect();
        let window_from = self.finalized.unwrap_or(Height(0));
        let headers = update
            .headers
            .into_iter()
            .chain([update.end.clone()])
            .filter(|header| header.block.height >= window_from)
            .map(|header| BlockSeen {
                block: header.block,
                parent: header.parent,
            })
            .collect();
        let commit = ScanCommit {
            network: self.network.id.clone(),
            range: piece.range,
            end_hash: update.end.block.hash,
            epoch: self.epoch,
            generation: self.generation,
            streams: piece
                .parts
                .intersection(&self.readable)
                .map(|part| Stream::part(part.code()))
                .collect(),
            gaps,
            deposits,
            headers,
            resume_token: None,
        };
        match self
            .engine
            .store
            .commit_scan(commit, self.engine.now())
            .await?
        {
            ScanCommitted::Rewound => Ok(Outcome::Rewound),
            ScanCommitted::Stored(stored) => {
                report.blocks_read = report.blocks_read.saturating_add(piece.range.blocks());
                report.new = report
                    .new
                    .saturating_add(u64::try_from(stored.inserted.len()).unwrap_or(u64::MAX));
                progress.event(ScanEvent::Committed {
                    network: self.network.id.clone(),
                    range: piece.range,
                    credits,
                });
                Ok(Outcome::Done)
            }
        }
    }

    async fn record_failure(
        &self,
        piece: &Piece,
        range: HeightRange,
        error: &SourceError,
    ) -> Result<(), EngineError> {
        let gaps = piece
            .parts
            .iter()
            .map(|part| CoverageGap {
                stream: Stream::part(part.code()),
                range,
                reason: error.to_string(),
            })
            .collect();
        self.store_gaps(range, gaps).await
    }

    async fn store_gaps(
        &self,
        range: HeightRange,
        gaps: Vec<CoverageGap>,
    ) -> Result<(), EngineError> {
        self.engine
            .store
            .record_gaps(&self.network.id, gaps, self.generation, self.engine.now())
            .await?;
        tracing::debug!(network = %self.network.id, %range, "gaps were recorded");
        Ok(())
    }
}

/// The first height whose block is of this time or later, by halving between the first block and the tip; the tip's
/// height when all are earlier. Block times rise on every network we read.
async fn first_height_at(
    source: &dyn ChainRead,
    time: Timestamp,
    head: &Head,
) -> Result<Height, SourceError> {
    let (mut low, mut high) = (Height(0), head.latest.block.height);
    if head.latest.block.time < time {
        return Ok(high);
    }
    while low < high {
        let middle = Height(low.0.saturating_add(high.0.saturating_sub(low.0) / 2));
        let at = source.header(middle).await?;
        // A source that keeps no early block says nothing about earlier ones: go on as if they were later, so that
        // nothing is passed over.
        if at.is_some_and(|header| header.block.time < time) {
            low = middle.next();
        } else {
            high = middle;
        }
    }
    Ok(low)
}
