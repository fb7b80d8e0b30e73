//! The file's appeals matched all at once, each against the deposits that had arrived when its case was closed.

use super::witness::Witness;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::import::ClosedCase;
use crate::matching::{deposits, is_among, records};
use crate::one_text::OneText;
use recover_core::appeal::{Appeal, MatchDecision, MatchOutcome};
use recover_core::block::TxId;
use recover_core::network::NetworkId;
use recover_core::observation::DepositId;
use recover_core::time::Timestamp;
use recover_matching::decide::match_appeals_within;
use recover_matching::{
    AppealClues, DepositFacts, DepositIndex, Model, RowNo, UserBook, normalise,
};
use std::collections::{BTreeSet, HashMap, HashSet};

/// How many times at most the matching is repeated without deposits that came too late.
const REPEATS_MAX: usize = 8;

/// How many reasons of a case are kept; of a case that is explained, all.
const REASONS_KEPT: usize = 4;

/// What matching says to one case.
#[derive(Debug, Clone)]
pub(super) struct Matched {
    pub(super) decision: MatchDecision,
    pub(super) deposit: Option<DepositId>,
    /// Whether the appeal names the deposit by its exact transaction.
    pub(super) is_identified: bool,
    pub(super) reasons: Vec<String>,
}

impl Matched {
    fn of(outcome: MatchOutcome, reasons_max: usize) -> Self {
        let is_identified = outcome
            .reasons
            .iter()
            .any(|reason| reason.field == "txid" && reason.verdict == "exact");
        let reasons = outcome
            .reasons
            .into_iter()
            .filter(|reason| reasons_max > REASONS_KEPT || reason.verdict != "absent")
            .take(reasons_max)
            .map(|reason| format!("{} {}: {}", reason.field, reason.verdict, reason.detail))
            .collect();
        Self {
            decision: outcome.decision,
            deposit: outcome.deposit,
            is_identified,
            reasons,
        }
    }
}

/// What was read from the database to match the file.
pub(super) struct Matching {
    pub(super) matched: Vec<Matched>,
    pub(super) witness: Witness,
    /// The deposits of the transactions that the file names, by folded transaction.
    pub(super) by_transaction: HashMap<String, Vec<(NetworkId, DepositId)>>,
    /// How many deposits a transaction has, where it has several: by network and transaction.
    pub(super) outputs: HashMap<(NetworkId, TxId), u32>,
}

/// A transaction id for comparison with what a file writes.
pub(super) fn folded_transaction(text: &str) -> String {
    let lower = text.trim().to_lowercase();
    lower.strip_prefix("0x").unwrap_or(&lower).to_owned()
}

/// Matches every case's appeal; one answer each, in their order. The one place of a backtest that asks the matcher.
fn ask(
    clues: &[AppealClues],
    facts: impl IntoIterator<Item = DepositFacts>,
    book: &UserBook,
    within: Option<&HashSet<DepositId>>,
) -> Vec<MatchOutcome> {
    let index = DepositIndex::new(facts);
    let limit = within.map(|within| |row: RowNo| is_among(within, &index, row));
    let limit = limit.as_ref().map(|limit| limit as _);
    match_appeals_within(clues, &index, book, &Model::default(), limit)
}

/// An appeal with what the desk says it verified, where the appeal itself says nothing.
fn with_evidence(case: &ClosedCase) -> Appeal {
    let mut appeal = case.appeal.clone();
    let said = appeal.ownership_proof.trim();
    if (said.is_empty() || said == "none") && !case.evidence.is_empty() {
        appeal.ownership_proof.clone_from(&case.evidence);
    }
    appeal
}

impl Engine {
    pub(super) async fn match_closed(
        &self,
        cases: &[ClosedCase],
        explained: Option<&str>,
    ) -> Result<Matching, EngineError> {
        let limit = self.match_limit().await?;
        let mut reading = self.store.read_for_matching().await?;
        let prices = self
            .limit_prices(&mut reading, limit.as_ref(), true)
            .await?;
        let texts = OneText::new(&self.adapters, &self.chains);
        let mut facts = Vec::new();
        let mut within = limit.as_ref().map(|_| HashSet::new());
        deposits(
            &mut reading,
            limit.as_ref(),
            &prices,
            &texts,
            |fact, is_within| {
                if let Some(within) = within.as_mut().filter(|_| is_within) {
                    within.insert(fact.id.clone());
                }
                facts.push(fact);
            },
        )
        .await?;
        let users: BTreeSet<&str> = cases
            .iter()
            .flat_map(|case| [case.appeal.user_id.as_str(), case.payee()])
            .collect();
        let index = DepositIndex::new(facts.iter().cloned());
        let records = records(&mut reading, &users, &index, None, &texts).await?;
        drop((reading, index));
        let witness = Witness::new(&records);
        let book = UserBook::new(&texts.records(records));

        let wanted: HashSet<String> = cases
            .iter()
            .filter_map(|case| case.tx_id.as_deref().map(folded_transaction))
            .collect();
        let mut by_transaction: HashMap<String, Vec<(NetworkId, DepositId)>> = HashMap::new();
        let mut outputs: HashMap<(NetworkId, TxId), u32> = HashMap::new();
        for fact in &facts {
            let folded = folded_transaction(&fact.tx_id);
            if wanted.contains(&folded) {
                let found = by_transaction.entry(folded).or_default();
                found.push((fact.network.clone(), fact.id.clone()));
            }
            let key = (fact.network.clone(), TxId::new(&fact.tx_id));
            let count = outputs.entry(key).or_default();
            *count = count.saturating_add(1);
        }
        outputs.retain(|_, count| *count > 1);

        let words = self.vocabulary();
        let clues: Vec<AppealClues> = cases
            .iter()
            .map(|case| normalise(&texts.appeal(&with_evidence(case)), &words))
            .collect();
        let outcomes = ask(&clues, facts.iter().cloned(), &book, within.as_ref());
        let reasons_max = |case: &ClosedCase| {
            if explained == Some(case.appeal.id.as_str()) {
                usize::MAX
            } else {
                REASONS_KEPT
            }
        };
        let mut matched: Vec<Matched> = cases
            .iter()
            .zip(outcomes)
            .map(|(case, outcome)| Matched::of(outcome, reasons_max(case)))
            .collect();
        for (place, outcome) in
            without_later(cases, &matched, &clues, &facts, (&book, within.as_ref()))
        {
            if let (Some(answer), Some(case)) = (matched.get_mut(place), cases.get(place)) {
                *answer = Matched::of(outcome, reasons_max(case));
            }
        }
        Ok(Matching {
            matched,
            witness,
            by_transaction,
            outputs,
        })
    }
}

/// The cases whose answer is a deposit that came only after they were closed, matched again without what was not there then.
/// They are taken in groups by their closing, each group as of its first one: nobody is answered with what came later.
fn without_later(
    cases: &[ClosedCase],
    matched: &[Matched],
    clues: &[AppealClues],
    facts: &[DepositFacts],
    (book, within): (&UserBook, Option<&HashSet<DepositId>>),
) -> Vec<(usize, MatchOutcome)> {
    let named: HashSet<&DepositId> = matched
        .iter()
        .filter_map(|answer| answer.deposit.as_ref())
        .collect();
    let times: HashMap<&DepositId, Timestamp> = facts
        .iter()
        .filter(|fact| named.contains(&fact.id))
        .filter_map(|fact| Some((&fact.id, fact.time?)))
        .collect();
    let mut late: Vec<(Timestamp, usize)> = cases
        .iter()
        .zip(matched)
        .enumerate()
        .filter(|(_, (case, answer))| {
            let time = answer.deposit.as_ref().and_then(|id| times.get(id));
            time.is_some_and(|time| *time >= case.closed_at)
        })
        .map(|(place, (case, _))| (case.closed_at, place))
        .collect();
    late.sort_unstable();
    let size = late.len().div_ceil(REPEATS_MAX).max(1);
    let mut answers = Vec::with_capacity(late.len());
    for group in late.chunks(size) {
        let Some((then, _)) = group.first() else {
            continue;
        };
        let there = facts
            .iter()
            .filter(|fact| fact.time.is_none_or(|time| time < *then));
        // Everybody takes part: rivals count, also for what is looked at again.
        let mut outcomes: HashMap<usize, MatchOutcome> = ask(clues, there.cloned(), book, within)
            .into_iter()
            .enumerate()
            .collect();
        for (_, place) in group {
            if let Some(outcome) = outcomes.remove(place) {
                answers.push((*place, outcome));
            }
        }
    }
    answers
}
