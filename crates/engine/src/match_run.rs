//! A run of matching: what changes since the last one can touch is looked at, everything is decided, what differs is written.
//!
//! What a decision depends on, and how a change of it is noticed, stands in [`recover_matching::touched`]. Here: one state of the
//! database is read, the deposits are arranged anew (they are many and narrow), and one transaction keeps what came out, so that
//! a program that ends in the middle leaves the last run and the notes of what changed since.

use crate::engine::Engine;
use crate::error::EngineError;
use crate::match_limit::MatchLimit;
use crate::matching::{deposits, facts, is_among, records};
use crate::one_text::OneText;
use crate::proofs::Proven;
use recover_core::appeal::{AppealId, MatchOutcome};
use recover_core::asset::AssetId;
use recover_core::decimal::Decimal;
use recover_core::digest::Encoder;
use recover_core::observation::DepositId;
use recover_matching::decide::{Limit, in_parallel};
use recover_matching::touched::{
    self, ChangedDeposit, Changes, Decided, Fingerprint, Kept, Look, rematch, touched,
};
use recover_matching::{
    AppealClues, DepositIndex, IndexBuilder, Matcher, Model, RowNo, UserBook, Vocabulary, normalise,
};
use recover_store::{MatchEnd, MatchPart, MatchReading, MatchRun, StoredLook};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Appeals that are read, or outcomes that are made and written, at a time.
const BLOCK: usize = 4_096;

/// How often a run begins anew because another one came between.
const ATTEMPTS_MAX: usize = 3;

/// Up to so many changes are always followed one by one.
const FOLLOWED_MIN: u64 = 1_000;

/// Which appeals a run looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatchScope {
    /// Those that changes since the last run can touch.
    Touched,
    /// All that are open.
    Everything,
}

/// What a run did. The outcomes are the same whichever way they came to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MatchReport {
    /// Open appeals that were compared with deposits anew.
    pub looked_at: u64,
    /// Open appeals whose comparison was kept from an earlier run.
    pub kept: u64,
    /// Appeals whose outcome is another than before, in the order of their ids.
    pub changed: Vec<AppealId>,
}

impl Engine {
    /// Matches the open appeals, stores outcomes that differ and moves each appeal's status along. A rival changes what may
    /// pass, so all of them are decided, whichever are looked at; the same input gives the same outcomes.
    ///
    /// # Errors
    /// When the store fails, or other runs came between again and again.
    pub async fn match_open(&self, scope: MatchScope) -> Result<MatchReport, EngineError> {
        let limit = self.match_limit().await?;
        for _ in 0..ATTEMPTS_MAX {
            if let Some(report) = self.match_once(scope, limit.as_ref()).await? {
                self.store.refresh_queue(&|_| {}).await?;
                return Ok(report);
            }
        }
        Err(EngineError::MatchOvertaken)
    }

    /// As [`Engine::match_open`] with what changes can touch; every open appeal's outcome as it is stored, in the order of
    /// their ids.
    ///
    /// # Errors
    /// As there.
    pub async fn match_all(&self) -> Result<Vec<MatchOutcome>, EngineError> {
        self.match_open(MatchScope::Touched).await?;
        let mut outcomes = Vec::new();
        let mut after = None;
        loop {
            let page = self.open_outcomes(after.as_ref()).await?;
            let Some(last) = page.last() else {
                return Ok(outcomes);
            };
            after = Some(last.appeal.clone());
            outcomes.extend(page);
        }
    }

    /// The next stored outcomes of open appeals after an id, in the order of their ids; none at the end.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn open_outcomes(
        &self,
        after: Option<&AppealId>,
    ) -> Result<Vec<MatchOutcome>, EngineError> {
        Ok(self.store.open_outcomes(after, 2_000).await?)
    }

    /// The stored outcome of an open appeal; `None` when it is not open or was not matched.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn open_outcome(&self, id: &AppealId) -> Result<Option<MatchOutcome>, EngineError> {
        match self.store.appeal(id).await? {
            Some(stored) if stored.status.is_open() => Ok(self.store.match_outcome(id).await?),
            _ => Ok(None),
        }
    }

    /// One run; `None` when another came between, and nothing was kept.
    async fn match_once(
        &self,
        scope: MatchScope,
        limit: Option<&MatchLimit>,
    ) -> Result<Option<MatchReport>, EngineError> {
        let (words, made_with) = (self.vocabulary(), self.made_with());
        let texts = OneText::new(&self.adapters, &self.chains);
        let mut reading = self.store.read_for_matching().await?;
        let run = reading.run().await?;
        let prices = self.limit_prices(&mut reading, limit, false).await?;
        let limited_by = limited_by(limit, &prices);
        let seen = reading.seen().await?;
        let is_known = |run: &MatchRun| run.made_with == made_with;
        let known = run
            .as_ref()
            .filter(|run| scope == MatchScope::Touched && is_known(run));
        if let Some(run) = known
            && seen.count() == 0
            && run.limited_by == limited_by
        {
            return Ok(Some(MatchReport {
                kept: run.appeals,
                ..MatchReport::default()
            }));
        }
        // Following very many changes one by one takes longer than looking at everything.
        let is_everything = known.is_none_or(|run| {
            seen.count() > FOLLOWED_MIN.saturating_add(run.appeals.max(FOLLOWED_MIN) / 4)
        });
        let mut builder = IndexBuilder::default();
        let mut within = limit.map(|_| HashSet::new());
        deposits(&mut reading, limit, &prices, &texts, |facts, is_within| {
            if let Some(within) = within.as_mut().filter(|_| is_within) {
                within.insert(facts.id.clone());
            }
            builder.push(facts.view());
        })
        .await?;
        let index = DepositIndex::build([builder], 2);
        let appeals = Appeals::read(&mut reading, &index, is_everything, &texts).await?;
        let evidence = Evidence::read(&mut reading, &words, &texts).await?;
        let only = (!is_everything).then_some(&appeals.fresh);
        let clues = evidence.clues(&mut reading, only).await?;
        let users: BTreeSet<&str> = clues.iter().map(|clues| clues.user_id.as_str()).collect();
        let looked_at = (!is_everything).then_some(clues.as_slice());
        let records = records(&mut reading, &users, &index, looked_at, &texts).await?;
        let book = UserBook::new(&texts.records(records));
        let model = Model::default();
        let matcher = Matcher::new(&index, &book, &model);
        let admits = within
            .as_ref()
            .map(|within| |row: RowNo| is_among(within, &index, row));
        let admits: Option<&Limit<'_>> = admits.as_ref().map(|admits| admits as _);
        let (kept, looked_at) = (appeals.kept.len(), clues.len());
        let decided = rematch(&matcher, appeals.kept, &clues, admits);
        let by_person = reading.decided().await?;
        let others = decided.iter().filter(|decided| {
            let is_fresh = decided.look.is_some();
            !is_fresh && !decided.is_kept && !by_person.contains(&decided.appeal)
        });
        let others: BTreeSet<AppealId> = others.map(|decided| decided.appeal.clone()).collect();
        let mut said = evidence.clues(&mut reading, Some(&others)).await?;
        // What is written must not wait for what is read, nor the other way round.
        drop(reading);
        said.extend(clues);
        let written = Written {
            clues: said
                .into_iter()
                .map(|clues| (clues.appeal.clone(), clues))
                .collect(),
            known: appeals.outcomes,
        };
        let after = run.map(|run| run.number);
        let Some(mut keeping) = self.store.keep_matching(after, self.now()).await? else {
            return Ok(None);
        };
        let count = decided.len();
        let mut decided = decided.into_iter();
        loop {
            let block: Vec<Decided> = decided.by_ref().take(BLOCK).collect();
            if block.is_empty() {
                break;
            }
            keeping.put(written.part(&matcher, block)).await?;
        }
        let end = MatchEnd {
            made_with,
            limited_by,
            appeals: u64::try_from(count).unwrap_or(u64::MAX),
            is_everything,
            seen,
            ended: appeals.ended,
        };
        Ok(Some(MatchReport {
            looked_at: u64::try_from(looked_at).unwrap_or(u64::MAX),
            kept: u64::try_from(kept).unwrap_or(u64::MAX),
            changed: keeping.finish(end).await?,
        }))
    }

    /// What a look depends on beside the data: this program, its model, and the names of the configured networks.
    fn made_with(&self) -> String {
        let mut encoder = Encoder::new("recover/match/1").field(touched::program());
        for network in self.chains.networks.values() {
            encoder = encoder.field(network.id.as_str()).field(&network.display);
            for list in [&network.aliases, &network.explorer_hosts] {
                encoder = encoder.field(&list.len().to_string());
                for text in list {
                    encoder = encoder.field(text);
                }
            }
        }
        encoder.finish().to_string()
    }
}

/// The limit with everything that it is computed from, but for the deposits' own amounts.
fn limited_by(limit: Option<&MatchLimit>, prices: &BTreeMap<AssetId, Decimal>) -> String {
    let Some(limit) = limit else {
        return "none".to_owned();
    };
    let mut encoder = Encoder::new("recover/match_limit/1")
        .field(limit.currency())
        .field(&limit.most().0.to_base_units());
    for (asset, price) in prices {
        encoder = encoder.field(&asset.to_string()).field(&price.to_string());
    }
    encoder.finish().to_string()
}

/// The open appeals: which are looked at, and what is kept of the others.
struct Appeals {
    /// To be looked at. Empty when all are.
    fresh: BTreeSet<AppealId>,
    /// The others.
    kept: Vec<Kept>,
    /// The outcomes that are stored.
    outcomes: HashMap<AppealId, [u8; 16]>,
    /// Those that changed and are not open.
    ended: Vec<AppealId>,
}

impl Appeals {
    async fn read(
        reading: &mut MatchReading,
        index: &DepositIndex,
        is_everything: bool,
        texts: &OneText<'_>,
    ) -> Result<Self, EngineError> {
        let mut outcomes = HashMap::new();
        let mut fresh = BTreeSet::new();
        let mut looks: Vec<Look> = Vec::new();
        let mut rulings: Vec<Option<Fingerprint>> = Vec::new();
        reading
            .open_appeals(|open| {
                let made = open.kept.as_ref().and_then(|kept| kept.made);
                if let Some((_, outcome)) = made {
                    outcomes.insert(open.id.clone(), outcome);
                }
                if is_everything {
                    return;
                }
                let look = open
                    .kept
                    .and_then(|kept| Look::from_bytes(&open.id, &open.user_id, &kept.look));
                match look {
                    None => {
                        fresh.insert(open.id);
                    }
                    Some(look) => {
                        looks.push(look);
                        rulings.push(made.map(|(ruling, _)| Fingerprint(ruling)));
                    }
                }
            })
            .await?;
        let mut all = Self {
            fresh,
            kept: Vec::new(),
            outcomes,
            ended: Vec::new(),
        };
        if is_everything {
            return Ok(all);
        }
        let changes = changes(reading, texts).await?;
        let is_touched = touched(&looks, &changes, index);
        for ((look, ruling), is_touched) in looks.into_iter().zip(rulings).zip(is_touched) {
            if is_touched {
                all.fresh.insert(look.appeal());
            } else {
                all.kept.push(Kept { look, ruling });
            }
        }
        let ended = changes.appeals.into_iter();
        // What changed and is open was touched.
        all.ended = ended.filter(|id| !all.fresh.contains(id)).collect();
        Ok(all)
    }
}

/// What changed since the last run.
async fn changes(reading: &mut MatchReading, texts: &OneText<'_>) -> Result<Changes, EngineError> {
    let stored = reading.changes().await?;
    let mut changes = Changes {
        appeals: stored.appeals,
        records: texts.records(stored.records),
        ..Changes::default()
    };
    // What a person took back, and what was proven, counts for every row of the same transfer: a new row may be one.
    for (appeal, pairs) in reading.excluded_pairs().await? {
        if pairs.iter().any(|id| stored.deposits.contains_key(id)) {
            changes.appeals.insert(appeal);
        }
    }
    for (account, deposit, _) in reading.proven_deposits().await? {
        if stored.deposits.contains_key(&deposit) {
            changes.users.insert(account);
        }
    }
    let deposits = stored.deposits.into_iter();
    changes.deposits = deposits
        .map(|(id, before)| ChangedDeposit {
            id,
            before: before.map(|meant| texts.deposit(facts(meant))),
        })
        .collect();
    Ok(changes)
}

/// What is known of appeals beside their words.
struct Evidence<'a> {
    words: &'a Vocabulary,
    texts: &'a OneText<'a>,
    excluded: BTreeMap<AppealId, BTreeSet<DepositId>>,
    proven: Proven,
}

impl<'a> Evidence<'a> {
    async fn read(
        reading: &mut MatchReading,
        words: &'a Vocabulary,
        texts: &'a OneText<'a>,
    ) -> Result<Self, EngineError> {
        Ok(Self {
            words,
            texts,
            excluded: reading.excluded_pairs().await?,
            proven: Proven::of(
                reading.refuted_appeals().await?,
                reading.proven_deposits().await?,
            ),
        })
    }

    /// What these open appeals say, all of them when none is named; in the order of their ids.
    async fn clues(
        &self,
        reading: &mut MatchReading,
        only: Option<&BTreeSet<AppealId>>,
    ) -> Result<Vec<AppealClues>, EngineError> {
        let mut block = Vec::new();
        let mut clues: Vec<AppealClues> = Vec::new();
        let mut read = |block: &mut Vec<_>| {
            clues.extend(in_parallel(block, |appeal| {
                normalise(&self.texts.appeal(appeal), self.words)
            }));
            block.clear();
        };
        reading
            .appeals(only, |appeal| {
                block.push(appeal);
                if block.len() >= BLOCK {
                    read(&mut block);
                }
            })
            .await?;
        read(&mut block);
        for clues in &mut clues {
            if let Some(pairs) = self.excluded.get(&clues.appeal) {
                clues.taken_back.clone_from(pairs);
            }
        }
        self.proven.merge(&mut clues);
        clues.sort_by(|left, right| left.appeal.cmp(&right.appeal));
        Ok(clues)
    }
}

/// What outcomes are made from.
struct Written {
    clues: HashMap<AppealId, AppealClues>,
    known: HashMap<AppealId, [u8; 16]>,
}

impl Written {
    /// Of a block of decisions, what must be written.
    fn part(&self, matcher: &Matcher<'_>, block: Vec<Decided>) -> MatchPart {
        let outcomes = in_parallel(&block, |decided| {
            let is_due = decided.look.is_some() || !decided.is_kept;
            // Of what a person decided and nobody looked at again, nothing is written.
            let clues = self.clues.get(&decided.appeal).filter(|_| is_due)?;
            let outcome = matcher.outcome(clues, &decided.ruling);
            Some((Fingerprint::of_outcome(&outcome), outcome))
        });
        let mut part = MatchPart::default();
        for (decided, made) in block.into_iter().zip(outcomes) {
            let Some((print, outcome)) = made else {
                continue;
            };
            let (ruling, print) = (decided.fingerprint.0, print.0);
            let decision = outcome.decision;
            if self.known.get(&decided.appeal) == Some(&print) {
                part.standing.push((decided.appeal.clone(), decision));
            } else {
                part.outcomes.push(outcome);
            }
            match decided.look {
                Some(look) => {
                    let look = StoredLook {
                        look: look.to_bytes(),
                        made: Some((ruling, print)),
                    };
                    part.looks.push((decided.appeal, look));
                }
                None => part.rulings.push((decided.appeal, ruling, print)),
            }
        }
        part
    }
}
