//! Scanning: reads what is uncovered, classifies what it finds and commits both together.
//!
//! Never a cursor: a height counts as read only when it was committed with what was found there, under a watch set that
//! knew the address. What could not be read is a gap with a reason, and a scan with a gap is not a success.

mod accounts;
mod calendar;
mod confirm;
mod plan;
mod progress;
mod reorg;
mod replaced;

pub use plan::{Demand, Piece, Read, cut, missing};
pub use progress::{ScanEvent, ScanProgress, Silent};
pub use reorg::Reorganisation;

use crate::config::NetworkConfig;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::facts::FactGatherer;
use accounts::AccountReading;
use calendar::Calendar;
use futures::StreamExt as _;
use recover_core::address::Payload;
use recover_core::block::{Height, HeightRange};
use recover_core::book::WatchSet;
use recover_core::coverage::joined;
use recover_core::deposit::{Deposit, Queue};
use recover_core::kind::Kind;
use recover_core::network::NetworkId;
use recover_source::chain::{Capabilities, ChainRead, Head, Part, ScanRequest, ScanUpdate};
use recover_source::error::SourceError;
use recover_store::{BlockSeen, CoverageGap, ScanCommit, ScanCommitted, Stream, WatchEpoch};
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

/// How many headers below the tip are kept where no source says what is final.
const HEADERS_KEPT: u64 = 10_000;

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

/// Which heights a scan reads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    /// Where it begins.
    pub from: From,
    /// The last height; `None` for the tip.
    pub to: Option<Height>,
    /// Whether it reads to the tip all the same while a deposit is in doubt: it may have been mined again higher up.
    pub follows_doubt: bool,
}

/// Where a scan begins.
#[derive(Debug, Clone, Copy)]
pub(crate) enum From {
    /// Here, whatever the age of the addresses.
    Exactly(Height),
    /// Where the addresses can first have received anything, but not below this height.
    NotBelow(Height),
}

/// What a scan of one network did.
#[derive(Debug, Clone)]
pub struct NetworkReport {
    /// The network.
    pub network: NetworkId,
    /// Heights that were read and committed; where accounts are read, those of every account together.
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

    /// Counts what was stored.
    fn count(&mut self, found: Vec<Found>, new: usize) {
        for Found { kind, unreviewed } in found {
            let count = self.found.entry(kind).or_default();
            *count = count.saturating_add(1);
            if let Some(contract) = unreviewed {
                let count = self.unreviewed.entry(contract).or_default();
                *count = count.saturating_add(1);
            }
        }
        self.new = self
            .new
            .saturating_add(u64::try_from(new).unwrap_or(u64::MAX));
    }

    /// Takes a reorganisation in; a later one of the same scan adds to the first.
    fn reorganised(&mut self, found: Reorganisation, progress: &dyn ScanProgress) {
        progress.event(ScanEvent::Reorganised {
            network: self.network.clone(),
            agreement: found.agreement,
        });
        let Some(known) = &mut self.reorganisation else {
            self.reorganisation = Some(found);
            return;
        };
        known.agreement = known.agreement.min(found.agreement);
        known.depth = known.depth.max(found.depth);
        known.is_beyond_finality |= found.is_beyond_finality;
        for deposit in found.in_doubt {
            if !known.in_doubt.contains(&deposit) {
                known.in_doubt.push(deposit);
            }
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

/// What the report says of one credit.
struct Found {
    kind: Kind,
    /// Its contract, where nobody reviewed it.
    unreviewed: Option<String>,
}

impl Found {
    fn of(deposit: &Deposit) -> Self {
        let waits = Queue::of(&deposit.classification) == Queue::TokenReview;
        Self {
            kind: deposit.classification.kind,
            unreviewed: waits.then(|| {
                deposit
                    .asset()
                    .contract_text()
                    .unwrap_or_default()
                    .to_owned()
            }),
        }
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
        let span = Span {
            from: options
                .from
                .map_or(From::NotBelow(Height(0)), From::Exactly),
            to: options.to,
            follows_doubt: false,
        };
        self.scan_span(&options.networks, span, progress).await
    }

    pub(crate) async fn scan_span(
        &self,
        networks: &[String],
        span: Span,
        progress: &dyn ScanProgress,
    ) -> Result<Vec<NetworkReport>, EngineError> {
        let networks = self.networks(networks)?;
        // Addresses imported while we read belong to the next scan.
        let epoch = self.store.seal_watch_epoch(self.now()).await?;
        let reports: Vec<Result<NetworkReport, EngineError>> = futures::stream::iter(networks)
            .map(|network| self.scan_network(network, epoch, span, progress))
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
        span: Span,
        progress: &dyn ScanProgress,
    ) -> Result<NetworkReport, EngineError> {
        let mut report = NetworkReport::new(network.id.clone());
        match self
            .scan_steps(network, epoch, span, progress, &mut report)
            .await
        {
            Ok(()) => {}
            Err(EngineError::Source(error)) => report.failure = Some(error.to_string()),
            Err(
                error @ (EngineError::NoAdapter { .. }
                | EngineError::NoSource { .. }
                | EngineError::ImportOnly { .. }),
            ) => {
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
        span: Span,
        progress: &dyn ScanProgress,
        report: &mut NetworkReport,
    ) -> Result<(), EngineError> {
        let source = self.source(network)?;
        // Before anybody is asked: a network without an address of ours needs no node.
        let epochs = self.store.watch_epochs(network.family).await?;
        if epochs.is_empty() {
            report.note = Some("no address to watch: `recover addresses import`".to_owned());
            return Ok(());
        }
        let capabilities = source.capabilities().await?;
        let is_by_account = network.is_read_by_account();
        if is_by_account && !capabilities.accounts {
            // Gaps by part of the blocks would never be read here.
            report.failure = Some(format!(
                "no source of {} gives an account's history now; turn its index of transactions on or add another source",
                network.id
            ));
            return Ok(());
        }
        let watch = match is_by_account {
            true => None,
            false => Some(self.watch_set(network).await?),
        };
        for _ in 0..REWINDS_MAX {
            let mut head = source.head().await?;
            if let Some(reorganisation) = self.repair(network, source.as_ref(), &head).await? {
                report.reorganised(reorganisation, progress);
            }
            // A source that lags or cannot say today does not take back what was final yesterday.
            head.finalized = head
                .finalized
                .max(self.store.finalized_height(&network.id).await?);
            let generation = self.store.scan_generation(&network.id).await?;
            let tip = head.latest.block.height;
            let is_followed =
                span.follows_doubt && !self.store.suspect_deposits(&network.id).await?.is_empty();
            let to = span
                .to
                .filter(|_| !is_followed)
                .map_or(tip, |to| to.min(tip));
            let pass = Pass {
                network,
                source,
                head: &head,
                generation,
                span,
                to,
                progress,
            };
            let outcome = match &watch {
                None => self.read_accounts(&pass, report).await?,
                Some(watch) => {
                    self.read_blocks(&pass, &capabilities, watch, epoch, &epochs, report)
                        .await?
                }
            };
            match outcome {
                Outcome::Rewound => continue,
                Outcome::Done => {}
            }
            // Pages read one after the other may come from two branches: what was stored must be one chain.
            if let Some(reorganisation) = self.repair(network, source.as_ref(), &head).await? {
                report.reorganised(reorganisation, progress);
                continue;
            }
            if self
                .confirm(network, source.as_ref(), &head, report)
                .await?
            {
                self.settle_suspects(network, tip, generation, report)
                    .await?;
                return Ok(());
            }
        }
        report.failure = Some(
            "the chain was reorganised again and again while it was read; run the scan again in a minute".to_owned(),
        );
        Ok(())
    }

    /// Reads what is left of every account of ours.
    async fn read_accounts(
        &self,
        pass: &Pass<'_>,
        report: &mut NetworkReport,
    ) -> Result<Outcome, EngineError> {
        let stretches = self.account_stretches(pass).await?;
        pass.progress.event(ScanEvent::Started {
            network: pass.network.id.clone(),
            blocks: accounts::heights(&stretches),
        });
        AccountReading::new(self, pass, report)?
            .all(stretches)
            .await
    }

    /// Reads what is left of the blocks.
    async fn read_blocks(
        &self,
        pass: &Pass<'_>,
        capabilities: &Capabilities,
        watch: &Arc<dyn WatchSet>,
        epoch: u64,
        epochs: &[WatchEpoch],
        report: &mut NetworkReport,
    ) -> Result<Outcome, EngineError> {
        let Pass {
            network,
            source,
            head,
            generation,
            span,
            to,
            progress,
        } = *pass;
        let mut calendar = Calendar::new(source.as_ref(), head);
        let mut demands = Vec::with_capacity(epochs.len());
        for added in epochs {
            let from = match (span.from, added.since) {
                (From::Exactly(from), _) | (From::NotBelow(from), None) => from,
                (From::NotBelow(lowest), Some(since)) => {
                    calendar.first_height_at(since).await?.max(lowest)
                }
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
        let mut missing = missing(&demands, &read, to);
        // What no source reads is one gap a range, not a piece of work for every scan again.
        let mut unreadable = Vec::new();
        missing.retain(|part, ranges| {
            let is_readable = capabilities.scan.contains(part);
            if !is_readable {
                unreadable.extend(ranges.iter().map(|range| CoverageGap {
                    stream: Stream::part(part.code()),
                    range: *range,
                    reason: format!(
                        "no source of {} reads {}; {}",
                        network.id,
                        part.words(),
                        part.remedy()
                    ),
                }));
            }
            is_readable
        });
        if !unreadable.is_empty() {
            self.store
                .record_gaps(&network.id, unreadable, generation, self.now())
                .await?;
        }
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
            watch: Arc::clone(watch),
            trusted: Arc::new(network.trusted_contracts()),
            gatherer: self.gatherer(network, head.finalized)?,
            epoch,
            generation,
            headers_from: head
                .finalized
                .unwrap_or_else(|| head.latest.block.height.minus(HEADERS_KEPT)),
        };
        reading.all(pieces, progress, report).await
    }

    /// What judges credits of a network, with every source there is.
    pub(crate) fn gatherer<'a>(
        &'a self,
        network: &'a NetworkConfig,
        finalized: Option<Height>,
    ) -> Result<FactGatherer<'a>, EngineError> {
        FactGatherer::new(
            &self.store,
            &self.chains,
            &self.adapters,
            &network.id,
            &self.sources,
            finalized,
        )
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

/// One pass over a network, up to one tip and under the rewinds so far.
#[derive(Clone, Copy)]
struct Pass<'a> {
    network: &'a NetworkConfig,
    source: &'a Arc<dyn ChainRead>,
    head: &'a Head,
    generation: u64,
    span: Span,
    to: Height,
    progress: &'a dyn ScanProgress,
}

/// One pass over a network's pieces.
struct Reading<'a> {
    engine: &'a Engine,
    network: &'a NetworkConfig,
    source: &'a Arc<dyn ChainRead>,
    watch: Arc<dyn WatchSet>,
    trusted: Arc<BTreeSet<String>>,
    gatherer: FactGatherer<'a>,
    epoch: u64,
    generation: u64,
    /// Headers from here on are kept: those of blocks that can still change.
    headers_from: Height,
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
                    if failures >= FAILURES_IN_A_ROW {
                        let rest = pieces
                            .iter()
                            .filter(|other| other.range.from() >= piece.range.from());
                        self.record_failure(rest, &error).await?;
                        break;
                    }
                    self.record_failure([&piece], &error).await?;
                }
            }
        }
        Ok(Outcome::Done)
    }

    async fn ask(&self, piece: &Piece) -> Result<ScanUpdate, SourceError> {
        let request = ScanRequest {
            range: piece.range,
            parts: piece.parts.clone(),
            watch: Arc::clone(&self.watch),
            trusted_contracts: Arc::clone(&self.trusted),
        };
        self.source.scan(&request).await
    }

    async fn commit(
        &self,
        piece: &Piece,
        update: ScanUpdate,
        progress: &dyn ScanProgress,
        report: &mut NetworkReport,
    ) -> Result<Outcome, EngineError> {
        let credits = update.observations.len();
        let judged = self.gatherer.judge(update.observations).await?;
        let deposits = self
            .engine
            .deposits_of(self.network, Some(self.source.as_ref()), judged)
            .await?;
        let found = deposits.iter().map(Found::of).collect();
        let gaps = update
            .gaps
            .into_iter()
            .map(|gap| CoverageGap {
                stream: Stream::part(gap.part.code()),
                range: gap.range,
                reason: gap.reason,
            })
            .collect();
        let headers = update
            .headers
            .into_iter()
            .chain([update.end.clone()])
            .filter(|header| header.block.height >= self.headers_from)
            .map(|header| BlockSeen {
                block: header.block,
                parent: header.parent,
            })
            .collect();
        let commit = ScanCommit {
            network: self.network.id.clone(),
            range: piece.range,
            end_hash: Some(update.end.block.hash),
            epoch: self.epoch,
            generation: self.generation,
            streams: piece
                .parts
                .iter()
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
                report.count(found, stored.inserted.len());
                progress.event(ScanEvent::Committed {
                    network: self.network.id.clone(),
                    range: piece.range,
                    credits,
                });
                Ok(Outcome::Done)
            }
        }
    }

    /// Names pieces as gaps, each part by the heights that it was wanted at.
    async fn record_failure<'p>(
        &self,
        pieces: impl IntoIterator<Item = &'p Piece>,
        error: &SourceError,
    ) -> Result<(), EngineError> {
        let mut unread: BTreeMap<Part, Vec<HeightRange>> = BTreeMap::new();
        for piece in pieces {
            for part in &piece.parts {
                unread.entry(*part).or_default().push(piece.range);
            }
        }
        let gaps = unread
            .into_iter()
            .flat_map(|(part, ranges)| {
                joined(&ranges).into_iter().map(move |range| CoverageGap {
                    stream: Stream::part(part.code()),
                    range,
                    reason: error.to_string(),
                })
            })
            .collect();
        self.engine
            .store
            .record_gaps(&self.network.id, gaps, self.generation, self.engine.now())
            .await?;
        Ok(())
    }
}
