//! Account streams: on networks that are read account by account, each address of ours is a stream of its own.
//!
//! A reading is a row of pages of one source. Each page commits with the heights that are complete by it, so whatever stops a
//! reading costs one page. Where a page ends is known to its source and its reading only: a reading that breaks off is begun
//! anew at the first height that is not covered, never resumed.

use super::calendar::Calendar;
use super::{Found, From, NetworkReport, Outcome, Pass, ScanEvent};
use crate::config::NetworkConfig;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::facts::FactGatherer;
use futures::StreamExt as _;
use recover_core::address::{Address, Payload};
use recover_core::block::{BlockRef, Height, HeightRange};
use recover_core::book::AddressRecord;
use recover_core::coverage::{joined, uncovered};
use recover_core::observation::{DepositId, Observation};
use recover_source::chain::{AccountPage, AccountRequest, Header};
use recover_source::error::{Advice, SourceError};
use recover_store::{BlockSeen, CoverageGap, ScanCommit, ScanCommitted, Stream};
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many accounts of one network are read at once.
const ACCOUNTS_AT_ONCE: usize = 4;

/// Addresses whose rows are looked at together.
const ADDRESSES_PER_STEP: u32 = 1_000;

/// How often a reading is begun anew without one more height read before the rest is a gap.
const TRIES_MAX: u32 = 4;

/// Accounts in a row of which nothing could be read before the others are not asked.
const FAILURES_IN_A_ROW: u32 = 3;

/// Pages in a row that complete no height before a reading counts as endless.
const IDLE_PAGES_MAX: u32 = 10_000;

/// The watch set that an account's stream is read under: none, since it knows no address but its own.
const EPOCH: u64 = 0;

/// Heights of one account to read.
#[derive(Debug, Clone)]
pub(super) struct Stretch {
    address: Address,
    range: HeightRange,
    /// What no source saw of heights that are covered otherwise, by the part's code: the first page says whether one sees it
    /// now. Empty where the heights are to be read.
    unseen: Vec<(String, HeightRange)>,
}

impl Engine {
    /// What is left to read of every address of ours on this network.
    pub(super) async fn account_stretches(
        &self,
        pass: &Pass<'_>,
    ) -> Result<Vec<Stretch>, EngineError> {
        let Pass {
            network,
            source,
            head,
            span,
            to,
            ..
        } = *pass;
        let detect = self.adapter(network)?.detect();
        let mut calendar = Calendar::new(source.as_ref(), head);
        let mut unseen: HashMap<String, Vec<(String, HeightRange)>> = HashMap::new();
        for gap in self.store.gaps(&network.id).await? {
            if let Some((address, Some(part))) = gap.stream.account_text() {
                unseen
                    .entry(address.to_owned())
                    .or_default()
                    .push((part.to_owned(), gap.range));
            }
        }
        let mut stretches = Vec::new();
        let mut after: Option<Payload> = None;
        loop {
            let payloads = self
                .store
                .watched_payloads(network.family, after.as_ref(), ADDRESSES_PER_STEP)
                .await?;
            let Some(last) = payloads.last() else {
                return Ok(stretches);
            };
            after = Some(*last);
            let mut rows: HashMap<Payload, Vec<AddressRecord>> = HashMap::new();
            for record in self.store.records_of(&payloads).await? {
                if let Some(payload) = record.payload.filter(|_| self.is_ours_on(network, &record))
                {
                    rows.entry(payload).or_default().push(record);
                }
            }
            for payload in payloads {
                let Some(rows) = rows.get(&payload) else {
                    continue;
                };
                let Some(address) = detect.on_network(&payload, &network.id) else {
                    continue;
                };
                // Issued at an unknown time: it may be as old as the network.
                let since = rows.iter().map(|row| row.created).min().flatten();
                let from = match (span.from, since) {
                    (From::Exactly(from), _) | (From::NotBelow(from), None) => from,
                    (From::NotBelow(lowest), Some(since)) => {
                        calendar.first_height_of_day(since).await?.max(lowest)
                    }
                };
                let Some(wanted) = HeightRange::new(from, to) else {
                    continue;
                };
                let stream = Stream::account(address.text());
                let read = self
                    .store
                    .covered_heights(&network.id, &stream, EPOCH)
                    .await?;
                let left = uncovered(wanted, &read);
                if let Some(unseen) = unseen.get(address.text()) {
                    stretches.extend(probes(&address, unseen, wanted, &left));
                }
                stretches.extend(left.into_iter().map(|range| Stretch {
                    address: address.clone(),
                    range,
                    unseen: Vec::new(),
                }));
            }
        }
    }

    /// Whether money at the address of a row is ours on a network: where it serves, and wherever the same key signs for the same
    /// address, since people send there too.
    fn is_ours_on(&self, network: &NetworkConfig, record: &AddressRecord) -> bool {
        if record.family != network.family || !record.role.is_ours() {
            return false;
        }
        match &record.network {
            None => true,
            Some(own) if *own == network.id => true,
            Some(own) => self
                .chains
                .network(own)
                .is_some_and(|own| own.sibling_group == network.sibling_group),
        }
    }
}

/// How many heights stretches have together.
pub(super) fn heights(stretches: &[Stretch]) -> u64 {
    stretches.iter().fold(0, |sum: u64, stretch| {
        sum.saturating_add(stretch.range.blocks())
    })
}

/// The heights whose missing parts are asked for again: those that are read for everything else.
fn probes(
    address: &Address,
    unseen: &[(String, HeightRange)],
    wanted: HeightRange,
    left: &[HeightRange],
) -> Vec<Stretch> {
    let ranges: Vec<HeightRange> = unseen.iter().map(|(_, range)| *range).collect();
    joined(&ranges)
        .into_iter()
        .filter_map(|range| overlap(range, wanted))
        .flat_map(|range| uncovered(range, left))
        .map(|range| Stretch {
            address: address.clone(),
            range,
            unseen: unseen
                .iter()
                .filter_map(|(part, gap)| Some((part.clone(), overlap(*gap, range)?)))
                .collect(),
        })
        .collect()
}

fn overlap(one: HeightRange, other: HeightRange) -> Option<HeightRange> {
    HeightRange::new(one.from().max(other.from()), one.to().min(other.to()))
}

/// Whether a page says of everything that was not seen that it is not seen yet.
fn is_still_unseen(unseen: &[(String, HeightRange)], page: &AccountPage) -> bool {
    !unseen.is_empty()
        && unseen.iter().all(|(part, range)| {
            let gaps: Vec<HeightRange> = page
                .gaps
                .iter()
                .filter(|gap| gap.part.code() == part)
                .map(|gap| gap.range)
                .collect();
            uncovered(*range, &gaps).is_empty()
        })
}

/// One pass over the accounts of a network.
pub(super) struct AccountReading<'a> {
    engine: &'a Engine,
    pass: &'a Pass<'a>,
    gatherer: FactGatherer<'a>,
    shared: Mutex<Shared<'a>>,
}

/// What the accounts that are read side by side write down together.
struct Shared<'a> {
    report: &'a mut NetworkReport,
    /// Accounts in a row of which nothing could be read, and what the last of them heard.
    failures: u32,
    silence: Option<SourceError>,
}

/// Credits that a reading told and their blocks, as far as they may be told again.
type Told = HashMap<DepositId, Option<BlockRef>>;

/// How far one reading came.
enum Reading {
    Done,
    Rewound,
    /// It broke off; what it covered is stored.
    Broken {
        through: Option<Height>,
        error: SourceError,
    },
}

impl<'a> AccountReading<'a> {
    /// The accounts' part of a pass.
    pub(super) fn new(
        engine: &'a Engine,
        pass: &'a Pass<'a>,
        report: &'a mut NetworkReport,
    ) -> Result<Self, EngineError> {
        Ok(Self {
            engine,
            pass,
            gatherer: engine.gatherer(pass.network, pass.head.finalized)?,
            shared: Mutex::new(Shared {
                report,
                failures: 0,
                silence: None,
            }),
        })
    }

    /// Reads every stretch, several accounts at once.
    pub(super) async fn all(&self, stretches: Vec<Stretch>) -> Result<Outcome, EngineError> {
        let mut readings = futures::stream::iter(stretches)
            .map(|stretch| self.stretch(stretch))
            .buffer_unordered(ACCOUNTS_AT_ONCE);
        while let Some(outcome) = readings.next().await {
            if let Outcome::Rewound = outcome? {
                return Ok(Outcome::Rewound);
            }
        }
        Ok(Outcome::Done)
    }

    /// Reads one stretch to its end, or names what is left of it as a gap.
    async fn stretch(&self, stretch: Stretch) -> Result<Outcome, EngineError> {
        let Stretch {
            address,
            range: mut left,
            unseen,
        } = stretch;
        if let Some(error) = self.silence() {
            return self.give_up(&address, left, &unseen, &error).await;
        }
        // Credits that were told and stand in no covered height yet: a second reading tells them again.
        let mut told = HashMap::new();
        let mut tries = 0;
        loop {
            let (through, error) = match self.read(&address, left, &unseen, &mut told).await? {
                Reading::Done => return Ok(Outcome::Done),
                Reading::Rewound => return Ok(Outcome::Rewound),
                Reading::Broken { through, error } => (through, error),
            };
            tries = if through.is_some() { 1 } else { tries + 1 };
            if let Some(through) = through {
                let Some(rest) = HeightRange::new(through.next(), left.to()) else {
                    return Ok(Outcome::Done);
                };
                left = rest;
            }
            if tries >= TRIES_MAX || error.advice() == Advice::GiveUp {
                self.failed(&error);
                return self.give_up(&address, left, &unseen, &error).await;
            }
            tracing::warn!(network = %self.pass.network.id, account = %address, %error, "an account is read anew from {}", left.from());
        }
    }

    async fn read(
        &self,
        address: &Address,
        range: HeightRange,
        unseen: &[(String, HeightRange)],
        told: &mut Told,
    ) -> Result<Reading, EngineError> {
        let mut request = AccountRequest {
            address: address.clone(),
            range,
            resume: None,
        };
        let mut through: Option<Height> = None;
        let mut idle = 0;
        loop {
            let page = match self.pass.source.account_page(&request).await {
                Ok(page) => page,
                Err(error) => return Ok(Reading::Broken { through, error }),
            };
            if let Err(error) = self.check(&request, &page, through) {
                return Ok(Reading::Broken { through, error });
            }
            self.answered();
            if request.resume.is_none() && is_still_unseen(unseen, &page) {
                return Ok(Reading::Done);
            }
            let begin = through.map_or(range.from(), Height::next);
            let complete = page
                .through
                .and_then(|through| HeightRange::new(begin, through));
            let next = page.next.clone();
            match self.commit(address, range, complete, page, told).await? {
                Ok(ScanCommitted::Rewound) => return Ok(Reading::Rewound),
                Ok(ScanCommitted::Stored(_)) => {}
                Err(error) => return Ok(Reading::Broken { through, error }),
            }
            through = complete.map(HeightRange::to).or(through);
            let Some(next) = next else {
                return Ok(Reading::Done);
            };
            idle = if complete.is_some() { 0 } else { idle + 1 };
            if idle >= IDLE_PAGES_MAX {
                let error = self.wrong(format!(
                    "{IDLE_PAGES_MAX} pages of {address} complete no height"
                ));
                return Ok(Reading::Broken { through, error });
            }
            request.resume = Some(next);
        }
    }

    /// Whether a page can be true: credits of this account, inside the range; heights that do not run backwards; an end only at
    /// the range's end.
    fn check(
        &self,
        request: &AccountRequest,
        page: &AccountPage,
        before: Option<Height>,
    ) -> Result<(), SourceError> {
        let address = &request.address;
        for credit in &page.observations {
            let is_inside = credit
                .block
                .as_ref()
                .is_some_and(|block| request.range.contains(block.height));
            if credit.to.payload() != address.payload() || credit.network != self.pass.network.id {
                return Err(self.wrong(format!(
                    "the history of {address} holds {} to {}",
                    credit.tx_id, credit.to
                )));
            }
            if !is_inside {
                return Err(self.wrong(format!(
                    "{} of {address} stands outside the heights {} that were asked for",
                    credit.tx_id, request.range
                )));
            }
        }
        if page
            .through
            .is_some_and(|through| !request.range.contains(through))
            || page.through < before && page.through.is_some()
        {
            return Err(self.wrong(format!(
                "the history of {address} is called complete at a height that was not read"
            )));
        }
        match &page.next {
            None if page.through != Some(request.range.to()) => Err(self.wrong(format!(
                "the history of {address} ends before the height {} that was asked for",
                request.range.to()
            ))),
            Some(next) if request.resume.as_ref() == Some(next) => Err(self.wrong(format!(
                "a page of the history of {address} leads to itself"
            ))),
            _ => Ok(()),
        }
    }

    fn wrong(&self, detail: String) -> SourceError {
        SourceError::Inconsistent {
            origin: self.pass.source.name().to_owned(),
            detail,
        }
    }

    /// Stores a page with the heights that it completes; the inner error is the source's, asked for the header of a height that
    /// can still change.
    async fn commit(
        &self,
        address: &Address,
        range: HeightRange,
        complete: Option<HeightRange>,
        page: AccountPage,
        told: &mut Told,
    ) -> Result<Result<ScanCommitted, SourceError>, EngineError> {
        let end = match complete {
            Some(complete) => match self.open_header(complete.to()).await {
                Ok(header) => header,
                Err(error) => return Ok(Err(error)),
            },
            None => None,
        };
        let here: HashSet<DepositId> = page.observations.iter().map(Observation::id).collect();
        let fresh: Vec<Observation> = page
            .observations
            .into_iter()
            .filter(|credit| {
                told.insert(credit.id(), credit.block.clone()) != Some(credit.block.clone())
            })
            .collect();
        if complete.is_none() && fresh.is_empty() {
            return Ok(Ok(ScanCommitted::Stored(Default::default())));
        }
        let credits = fresh.len();
        let judged = self.gatherer.judge(fresh).await?;
        let deposits = self
            .engine
            .deposits_of(self.pass.network, Some(self.pass.source.as_ref()), judged)
            .await?;
        let found: Vec<_> = deposits.iter().map(Found::of).collect();
        let gaps = page
            .gaps
            .into_iter()
            .filter_map(|gap| {
                Some(CoverageGap {
                    stream: Stream::account_part(address.text(), gap.part.code()),
                    range: overlap(gap.range, complete?)?,
                    reason: gap.reason,
                })
            })
            .collect();
        let commit = ScanCommit {
            network: self.pass.network.id.clone(),
            range: complete.unwrap_or(range),
            end_hash: end.as_ref().map(|header| header.block.hash.clone()),
            epoch: EPOCH,
            generation: self.pass.generation,
            streams: complete
                .iter()
                .map(|_| Stream::account(address.text()))
                .collect(),
            gaps,
            deposits,
            headers: end
                .into_iter()
                .map(|header| BlockSeen {
                    block: header.block,
                    parent: header.parent,
                })
                .collect(),
            resume_token: None,
        };
        let committed = self
            .engine
            .store
            .commit_scan(commit, self.engine.now())
            .await?;
        if let ScanCommitted::Stored(stored) = &committed {
            let report = &mut *self.shared().report;
            report.count(found, stored.inserted.len());
            if let Some(complete) = complete {
                report.blocks_read = report.blocks_read.saturating_add(complete.blocks());
                self.pass.progress.event(ScanEvent::Committed {
                    network: self.pass.network.id.clone(),
                    range: complete,
                    credits,
                });
                // The next page may repeat the last of this one; what is older is never told again.
                told.retain(|id, block| {
                    here.contains(id)
                        || block
                            .as_ref()
                            .is_some_and(|block| block.height > complete.to())
                });
            }
        }
        Ok(Ok(committed))
    }

    /// The header of a height that can still change; `None` for one that is final.
    async fn open_header(&self, height: Height) -> Result<Option<Header>, SourceError> {
        if self
            .pass
            .head
            .finalized
            .is_some_and(|finalized| height <= finalized)
        {
            return Ok(None);
        }
        if self.pass.head.latest.block.height == height {
            return Ok(Some(self.pass.head.latest.clone()));
        }
        self.pass.source.header(height).await
    }

    async fn give_up(
        &self,
        address: &Address,
        left: HeightRange,
        unseen: &[(String, HeightRange)],
        error: &SourceError,
    ) -> Result<Outcome, EngineError> {
        // What was only asked for again stands among the gaps already.
        if !unseen.is_empty() {
            return Ok(Outcome::Done);
        }
        let gap = CoverageGap {
            stream: Stream::account(address.text()),
            range: left,
            reason: error.to_string(),
        };
        let (store, now) = (&self.engine.store, self.engine.now());
        let is_stored = store
            .record_gaps(&self.pass.network.id, vec![gap], self.pass.generation, now)
            .await?;
        Ok(if is_stored {
            Outcome::Done
        } else {
            Outcome::Rewound
        })
    }

    fn shared(&self) -> MutexGuard<'_, Shared<'a>> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answered(&self) {
        self.shared().failures = 0;
    }

    fn failed(&self, error: &SourceError) {
        let mut shared = self.shared();
        shared.failures = shared.failures.saturating_add(1);
        shared.silence = Some(error.clone());
    }

    /// What was heard last when nothing could be read of several accounts in a row; `None` while some can be read.
    fn silence(&self) -> Option<SourceError> {
        let shared = self.shared();
        let silence = shared.silence.clone();
        silence.filter(|_| shared.failures >= FAILURES_IN_A_ROW)
    }
}
