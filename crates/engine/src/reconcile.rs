//! The nightly job: looks at everything undecided again and says what needs a person. Running it twice changes nothing the
//! second time.

use crate::claims::TrackReport;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::match_run::MatchScope;
use crate::prices::PriceFetch;
use crate::proofs::TestReport;
use crate::scan::{From, NetworkReport, ScanProgress, Span};
use crate::watch_list::WatchReport;
use recover_core::appeal::{AppealStatus, MatchDecision};
use recover_core::block::Height;
use recover_core::claim::{Claim, ClaimStatus, Command, Refusal};
use recover_core::deposit::{DepositStatus, Origin, Queue};
use recover_core::time::Timestamp;
use recover_store::{ClaimFilter, DepositFilter, LeaseAnswer, WatchFilter};
use std::collections::BTreeMap;

/// How long a run holds the lease: longer than any run, short enough to be taken over after a crash.
const LEASE_SECONDS: i64 = 3_600;

/// What a run found and did.
#[derive(Debug, Clone, Default)]
pub struct ReconcileReport {
    /// What the sources of prices said; `None` where they were not asked.
    pub prices: Option<PriceFetch>,
    /// Networks whose finality and reorganisations were checked.
    pub networks: Vec<NetworkReport>,
    /// Deposits that are classified otherwise now.
    pub reclassified: u64,
    /// Verification deposits that were met, refused, ended or waited for.
    pub tests: TestReport,
    /// What watched deposits waited for and what became of it.
    pub watch: WatchReport,
    /// Appeals by what matching decided.
    pub matches: BTreeMap<MatchDecision, u64>,
    /// Quotes that ran out.
    pub quotes_expired: u64,
    /// Claims ended because their deposit changed or vanished.
    pub invalidated: u64,
    /// Claims whose deposit changed while a fee of the customer is set aside: a person gives them up.
    pub to_unwind: u64,
    /// Claims whose votes grew too old or no longer suffice: everybody votes afresh.
    pub votes_lapsed: u64,
    /// What the networks show of what is out.
    pub tracked: TrackReport,
    /// What needs a person, in words, each with its count.
    pub needs_person: Vec<(String, u64)>,
}

impl Engine {
    /// Runs the job under a lease, so that two runs never overlap. `ask_sources` re-checks finality and reorganisations.
    ///
    /// # Errors
    /// When another run holds the lease or the store fails. Sources that fail are part of the report.
    pub async fn reconcile(
        &self,
        ask_sources: bool,
        progress: &dyn ScanProgress,
    ) -> Result<ReconcileReport, EngineError> {
        let holder = format!("{}-{}", std::process::id(), self.now().as_micros());
        let lease = match self
            .store
            .acquire_lease("reconcile", &holder, LEASE_SECONDS, self.now())
            .await?
        {
            LeaseAnswer::Held(lease) => lease,
            LeaseAnswer::Taken { holder, expires_at } => {
                return Err(EngineError::AlreadyRunning {
                    what: "reconcile",
                    holder,
                    until: expires_at,
                });
            }
        };
        // Every change of this run compares the lease: one that outlives it cannot write beside its successor.
        let fenced = Self {
            store: self.store.under(&lease),
            ..self.clone()
        };
        let report = fenced.reconcile_under_lease(ask_sources, progress).await;
        self.store.release_lease(&lease).await?;
        report
    }

    async fn reconcile_under_lease(
        &self,
        ask_sources: bool,
        progress: &dyn ScanProgress,
    ) -> Result<ReconcileReport, EngineError> {
        let mut report = ReconcileReport::default();
        if ask_sources {
            // First: what follows is decided at these prices. Without them it goes on; nothing is decided at old ones.
            if self.has_price_sources() && self.policy.is_some() {
                report.prices = Some(self.fetch_prices(&[], &[], &|_, _| ()).await?);
            }
            report.networks = self.recheck(progress).await?;
        }
        let undecided = DepositFilter {
            statuses: vec![
                DepositStatus::Unconfirmed,
                DepositStatus::Open,
                DepositStatus::Claimed,
            ],
            ..DepositFilter::default()
        };
        let nobody = BTreeMap::new();
        let sources = if ask_sources { &self.sources } else { &nobody };
        report.reclassified = self.reclassify_from(&undecided, sources).await?;
        // Before matching: an appeal that goes on without a deposit is matched in the same run.
        report.watch = self.look_at_watch_list(ask_sources).await?;
        report.tests = self.check_tests().await?;
        self.match_open(MatchScope::Touched).await?;
        report.matches = self.store.count_open_outcomes().await?;
        if ask_sources {
            report.tracked = self.track_claims().await?;
        }
        self.look_at_claims(&mut report).await?;
        self.revalue().await?;
        report.needs_person = self.needs_person(&report).await?;
        Ok(report)
    }

    /// Checks finality and reorganisations of every network that was read before, without reading new blocks: a scan that
    /// ends where the last one ended reads only what a reorganisation took back, and goes on to the tip only to find what
    /// stood there.
    async fn recheck(
        &self,
        progress: &dyn ScanProgress,
    ) -> Result<Vec<NetworkReport>, EngineError> {
        let mut reports = Vec::new();
        for network in self.networks(&[])? {
            let coverage = self.store.coverage(&network.id).await?;
            let Some(top) = coverage.iter().map(|covered| covered.range.to()).max() else {
                continue;
            };
            // Not below what was ever read; addresses that were imported late are looked for from their issue on.
            let lowest = coverage.iter().map(|covered| covered.range.from()).min();
            let span = Span {
                from: From::NotBelow(lowest.unwrap_or(Height(0))),
                to: Some(top),
                follows_doubt: true,
            };
            let name = network.id.to_string();
            reports.extend(self.scan_span(&[name], span, progress).await?);
        }
        Ok(reports)
    }

    async fn look_at_claims(&self, report: &mut ReconcileReport) -> Result<(), EngineError> {
        for claim in self.open_claims().await? {
            let Some(stored) = self.store.deposit(&claim.deposit).await? else {
                continue;
            };
            let block = match &stored.deposit.origin {
                Origin::Observed(observation) => {
                    observation.block.as_ref().map(|block| &block.hash)
                }
                Origin::Imported(_) => None,
            };
            // A deposit in doubt may come back as it was: only what is certain ends a claim.
            let deposit = &stored.deposit.classification;
            let is_no_longer_owed = !claim.is_owed(deposit);
            let has_changed = stored.suspect_at.is_none()
                && (is_no_longer_owed
                    || stored.deposit.status == DepositStatus::Gone
                    || block != claim.deposit_block.as_ref()
                    || stored.deposit.amount() != claim.amount);
            // A fee that is set aside is given back first, which a person begins.
            let holds_fee = claim.holds_fee() && !claim.execution.has_moved_deposit();
            if has_changed && holds_fee && claim.unwinding.is_none() {
                report.to_unwind = report.to_unwind.saturating_add(1);
            }
            let command = if has_changed && is_before_handover(claim.status) && !holds_fee {
                Some(Command::Invalidate {
                    reason: if is_no_longer_owed {
                        format!(
                            "the deposit is {} of {} now",
                            deposit.kind,
                            deposit.owner.as_deref().unwrap_or("nobody known")
                        )
                    } else {
                        "the deposit changed or vanished since the claim was opened".to_owned()
                    },
                })
            } else if claim.status == ClaimStatus::Quoted
                && claim
                    .quote
                    .as_ref()
                    .is_some_and(|quote| quote.expires_at <= self.now())
            {
                Some(Command::ExpireQuote)
            } else if may_lapse(&claim, self.now()) && !claim.approvals.is_empty() {
                Some(Command::LapseVotes)
            } else {
                None
            };
            let Some(command) = command else { continue };
            let counted = match &command {
                Command::ExpireQuote => &mut report.quotes_expired,
                Command::LapseVotes => &mut report.votes_lapsed,
                _ => &mut report.invalidated,
            };
            match self.step_by_engine(&claim, command).await {
                Ok(_) => *counted = counted.saturating_add(1),
                Err(EngineError::Refused {
                    refusal: Refusal::VotesStillValid | Refusal::PolicyMissing,
                }) => {}
                // Somebody acted on it meanwhile: the next run looks again.
                Err(EngineError::Refused { refusal }) => {
                    tracing::warn!(claim = %claim.id, %refusal, "a claim changed while it was looked at");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Every claim that occupies its deposit, oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn open_claims(&self) -> Result<Vec<Claim>, EngineError> {
        self.list_claims(&ClaimFilter {
            open_only: true,
            ..ClaimFilter::default()
        })
        .await
    }

    /// Every claim that fits, oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list_claims(&self, filter: &ClaimFilter) -> Result<Vec<Claim>, EngineError> {
        let mut claims = Vec::new();
        let mut after = None;
        loop {
            let page = self.store.list_claims(filter, after.as_ref(), 500).await?;
            claims.extend(page.claims);
            after = page.next;
            if after.is_none() {
                return Ok(claims);
            }
        }
    }

    async fn needs_person(
        &self,
        report: &ReconcileReport,
    ) -> Result<Vec<(String, u64)>, EngineError> {
        let mut needs: Vec<(String, u64)> = Vec::new();
        let faults = report
            .networks
            .iter()
            .filter(|network| network.is_fault())
            .count();
        needs.push((
            "networks with gaps, failures or deep reorganisations".to_owned(),
            count(faults),
        ));
        let silent = report.prices.as_ref().map_or(0, PriceFetch::failures);
        needs.push(("sources of prices that failed".to_owned(), count(silent)));
        for (status, number) in self.store.count_appeals().await? {
            if status == AppealStatus::Conflict {
                needs.push(("appeals in conflict".to_owned(), number));
            }
        }
        let review = report
            .matches
            .get(&MatchDecision::Review)
            .copied()
            .unwrap_or(0);
        needs.push(("matches to review".to_owned(), review));
        let open = self.open_claims().await?;
        needs.push((
            "claims on hold".to_owned(),
            count(open.iter().filter(|claim| claim.hold.is_some()).count()),
        ));
        needs.push((
            "claims that wait for the customer's fee: the ledger sets it aside, or `claims import --declined`".to_owned(),
            count(open.iter().filter(|claim| claim.waits_for_fee()).count()),
        ));
        needs.push((
            "claims whose deposit changed while a fee is set aside: `claims unwind`".to_owned(),
            report.to_unwind,
        ));
        let is_dead = |claim: &Claim| {
            let dead = [ClaimStatus::ArtifactExpired, ClaimStatus::FailedOnChain];
            dead.contains(&claim.status) && claim.holds_fee()
        };
        needs.push((
            "claims that failed while a fee is set aside: `claims export` again, or `claims unwind`".to_owned(),
            count(open.iter().filter(|claim| is_dead(claim)).count()),
        ));
        let waiting = [
            (
                "claims that the treasury must export or send",
                [ClaimStatus::Approved, ClaimStatus::Prepared].as_slice(),
            ),
            (
                "claims with the signers or the ledger",
                &[ClaimStatus::AwaitingSignature, ClaimStatus::Instructed],
            ),
            (
                "claims whose sending nobody can vouch for",
                &[ClaimStatus::BroadcastUnknown, ClaimStatus::Reorged],
            ),
            (
                "claims to quote again or cancel",
                &[ClaimStatus::ArtifactExpired, ClaimStatus::FailedOnChain],
            ),
            (
                "claims paid otherwise than approved",
                &[ClaimStatus::Mispaid],
            ),
        ];
        for (words, statuses) in waiting {
            let number = open
                .iter()
                .filter(|claim| statuses.contains(&claim.status))
                .filter(|claim| !claim.waits_for_fee() && !is_dead(claim))
                .count();
            needs.push((words.to_owned(), count(number)));
        }
        needs.push((
            "claims whose transaction could not be looked up".to_owned(),
            count(report.tracked.unknown.len()),
        ));
        needs.push((
            "open incidents".to_owned(),
            count(self.store.incidents(true).await?.len()),
        ));
        needs.push((
            "ended appeals whose words are kept for too long".to_owned(),
            self.overdue_words().await?,
        ));
        let pending = open
            .iter()
            .filter(|claim| claim.status == ClaimStatus::PendingApproval)
            .count();
        needs.push(("claims that wait for approval".to_owned(), count(pending)));
        let (mut reviews, mut uncovered) = (0_u64, 0_u64);
        for found in self.store.count_deposits(None).await? {
            if matches!(found.status, DepositStatus::Gone | DepositStatus::Resolved) {
                continue;
            }
            match found.queue {
                Queue::TokenReview => reviews = reviews.saturating_add(found.count),
                Queue::LedgerCoverage => uncovered = uncovered.saturating_add(found.count),
                Queue::Work | Queue::None => {}
            }
        }
        let fired = WatchFilter {
            open_only: true,
            fired: Some(true),
            ..WatchFilter::default()
        };
        needs.push((
            "watched deposits that can go on".to_owned(),
            self.store.count_watch(&fired).await?,
        ));
        needs.push(("deposits of unreviewed tokens".to_owned(), reviews));
        needs.push(("deposits outside the imported ledger".to_owned(), uncovered));
        needs.retain(|(_, number)| *number > 0);
        Ok(needs)
    }
}

/// Nothing of it is out, so that votes which grew too old, or no longer suffice, may be asked for again. Between two steps too: a
/// claim whose deposit was moved waits for them as well, and can end in no other way.
fn may_lapse(claim: &Claim, now: Timestamp) -> bool {
    match claim.status {
        ClaimStatus::PendingApproval | ClaimStatus::Approved | ClaimStatus::Prepared => true,
        ClaimStatus::Confirming => claim.execution.package.is_none(),
        ClaimStatus::Instructed => {
            let package = claim.execution.package.as_ref();
            package.is_none_or(|package| now >= package.expires_at)
        }
        ClaimStatus::FailedOnChain | ClaimStatus::ArtifactExpired => claim.execution.is_bound(),
        _ => false,
    }
}

const fn is_before_handover(status: ClaimStatus) -> bool {
    matches!(
        status,
        ClaimStatus::Draft
            | ClaimStatus::Quoted
            | ClaimStatus::QuoteExpired
            | ClaimStatus::Accepted
            | ClaimStatus::PendingApproval
            | ClaimStatus::Approved
            | ClaimStatus::Prepared
            | ClaimStatus::ArtifactExpired
            | ClaimStatus::FailedOnChain
    )
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
