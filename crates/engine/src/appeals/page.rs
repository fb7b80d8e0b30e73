//! Everything about one appeal on one page: what it says and how that was read, what it may mean, who else wants that, what
//! people did, and what to do next.

use super::compare::{self, Comparison};
use super::not_found;
use crate::engine::Engine;
use crate::error::EngineError;
use recover_core::appeal::{Appeal, AppealId, AppealStatus, MatchDecision, MatchOutcome};
use recover_core::block::TxId;
use recover_core::claim::Claim;
use recover_core::question::{CandidateFacts, Proposal, Told, propose};
use recover_matching::clue::{Field, Id};
use recover_matching::{AppealClues, normalise};
use recover_store::{
    AppealAct, AppealNote, ClaimFilter, DepositFilter, DepositOrder, QueuedAppeal, StoredDeposit,
    UndoneMatch,
};

/// Another appeal that is matched to the same deposit. What it says stays its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rival {
    /// The appeal.
    pub appeal: AppealId,
    /// Whether the same user wrote it.
    pub is_same_user: bool,
    /// Where it stands.
    pub status: AppealStatus,
    /// What matching decided about it.
    pub decision: MatchDecision,
}

/// Everything about one appeal.
#[derive(Debug, Clone)]
pub struct AppealPage {
    /// The appeal, with later answers, and its place in the queue.
    pub queued: QueuedAppeal,
    /// Its first words, where later answers took their place.
    pub original: Option<Appeal>,
    /// How it was read.
    pub clues: AppealClues,
    /// What matching said; `None` before.
    pub outcome: Option<MatchOutcome>,
    /// The deposits that it may mean, the proposed one first; at most three.
    pub candidates: Vec<StoredDeposit>,
    /// The appeal beside the candidates.
    pub comparison: Comparison,
    /// Who else wants the first of the candidates.
    pub rivals: Vec<Rival>,
    /// What people did.
    pub acts: Vec<AppealAct>,
    /// What people noted.
    pub notes: Vec<AppealNote>,
    /// What was taken back.
    pub undone: Vec<UndoneMatch>,
    /// Its claims, oldest first.
    pub claims: Vec<Claim>,
    /// The one question to ask.
    pub question: Proposal,
}

/// How many deposits are put side by side.
const CANDIDATES_MAX: usize = 3;

impl Engine {
    /// Everything about one appeal.
    ///
    /// # Errors
    /// When it is unknown, or the store fails.
    pub async fn appeal_page(&self, id: &AppealId) -> Result<AppealPage, EngineError> {
        let queued = self
            .store
            .queued_appeal(id, &self.service_levels())
            .await?
            .ok_or_else(|| not_found(id))?;
        let original = self
            .store
            .original_appeal(id)
            .await?
            .filter(|original| *original != queued.stored.appeal);
        let clues = normalise(&queued.stored.appeal, &self.vocabulary());
        let outcome = self.store.match_outcome(id).await?;
        let undone = self.store.undone_matches(Some(id)).await?;
        let candidates = self
            .candidates_of(&clues, outcome.as_ref(), &undone)
            .await?;
        let rivals = self.rivals_of(id, &queued, candidates.first()).await?;
        let deposits: Vec<_> = candidates.iter().map(|stored| &stored.deposit).collect();
        let comparison = compare::compare(&clues, &deposits);
        let facts: Vec<CandidateFacts> = candidates.iter().map(facts).collect();
        let is_wanted_by_others = rivals.iter().any(|rival| !rival.is_same_user);
        let filter = ClaimFilter {
            appeal: Some(id.clone()),
            ..ClaimFilter::default()
        };
        Ok(AppealPage {
            question: propose(told(&clues), &facts, is_wanted_by_others),
            acts: self.store.appeal_acts(id).await?,
            notes: self.store.appeal_notes(id).await?,
            claims: self.store.list_claims(&filter, None, 50).await?.claims,
            queued,
            original,
            clues,
            outcome,
            candidates,
            comparison,
            rivals,
            undone,
        })
    }

    /// The proposed deposit, then those whose transaction or address the appeal names, but for those that a person took back.
    async fn candidates_of(
        &self,
        clues: &AppealClues,
        outcome: Option<&MatchOutcome>,
        undone: &[UndoneMatch],
    ) -> Result<Vec<StoredDeposit>, EngineError> {
        let mut found: Vec<StoredDeposit> = Vec::new();
        let add = |found: &mut Vec<StoredDeposit>, more: Vec<StoredDeposit>| {
            for stored in more {
                let id = stored.deposit.id();
                let is_known = found.iter().any(|known| known.deposit.id() == id);
                let is_undone = undone.iter().any(|pair| pair.deposit == id);
                if !is_known && !is_undone && found.len() < CANDIDATES_MAX {
                    found.push(stored);
                }
            }
        };
        if let Some(deposit) = outcome.and_then(|outcome| outcome.deposit.as_ref()) {
            add(
                &mut found,
                self.store.deposit(deposit).await?.into_iter().collect(),
            );
        }
        for spelt in whole(&clues.transactions).flat_map(|text| spellings(text)) {
            let tx_id = TxId::new(&spelt);
            add(
                &mut found,
                self.store.deposits_of_transaction(None, &tx_id).await?,
            );
        }
        for spelt in whole(&clues.addresses).flat_map(|text| spellings(text)) {
            if found.len() >= CANDIDATES_MAX {
                break;
            }
            let filter = DepositFilter {
                to: Some(spelt),
                ..DepositFilter::default()
            };
            let page = self
                .store
                .list_deposits(&filter, DepositOrder::Newest, None, 3)
                .await?;
            add(&mut found, page.deposits);
        }
        Ok(found)
    }

    async fn rivals_of(
        &self,
        id: &AppealId,
        queued: &QueuedAppeal,
        wanted: Option<&StoredDeposit>,
    ) -> Result<Vec<Rival>, EngineError> {
        let Some(wanted) = wanted else {
            return Ok(Vec::new());
        };
        let mut rivals = Vec::new();
        for other in self.store.match_outcomes_of(&wanted.deposit.id()).await? {
            if other.appeal == *id {
                continue;
            }
            if let Some(stored) = self.store.appeal(&other.appeal).await? {
                rivals.push(Rival {
                    appeal: other.appeal,
                    is_same_user: stored.appeal.user_id == queued.stored.appeal.user_id,
                    status: stored.status,
                    decision: other.decision,
                });
            }
        }
        Ok(rivals)
    }
}

fn whole(ids: &[recover_matching::clue::Found<Id>]) -> impl Iterator<Item = &String> {
    ids.iter().filter_map(|found| match &found.value {
        Id::Whole(text) => Some(text),
        Id::Ends { .. } => None,
    })
}

/// How networks write what a clue folded.
fn spellings(text: &str) -> Vec<String> {
    let bare = text.strip_prefix("0x").unwrap_or(text);
    vec![text.to_owned(), format!("0x{bare}"), bare.to_uppercase()]
}

fn facts(stored: &StoredDeposit) -> CandidateFacts {
    let deposit = &stored.deposit;
    CandidateFacts {
        transaction: deposit.tx_id().to_string(),
        network: deposit.network().to_string(),
        asset: deposit.asset().to_string(),
        amount: deposit.amount_text(),
        time: deposit.block_time(),
        to: deposit.to().to_owned(),
        from: deposit.from().map(str::to_owned),
        memo: deposit.memo_text(),
    }
}

fn told(clues: &AppealClues) -> Told {
    let stood = |field| clues.addresses.iter().any(|found| found.field == field);
    Told {
        transaction: !clues.transactions.is_empty(),
        network: !clues.networks.is_empty(),
        asset: !clues.assets.is_empty(),
        amount: !clues.amounts.is_empty(),
        time: !clues.times.is_empty(),
        to: stood(Field::To),
        from: stood(Field::From),
        memo: !clues.memos.is_empty(),
    }
}
