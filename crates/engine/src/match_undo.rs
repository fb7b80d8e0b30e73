//! Taking a match back before anything of its claim left the house.

use crate::engine::Engine;
use crate::error::EngineError;
use recover_core::appeal::{AppealId, AppealStatus};
use recover_core::claim::{ClaimId, Refusal};
use recover_core::observation::DepositId;
use recover_core::people::Role;
use recover_matching::secret;
use recover_store::{UndoAnswer, UndoneMatch};

/// Why a match was not taken back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MatchUndoError {
    /// The person's roles do not allow it.
    #[error("{person} may not take a match back: a specialist may")]
    MayNot {
        /// Who tried.
        person: String,
    },
    /// A reason is missing.
    #[error("the reason must not be empty: write a word or more")]
    ReasonMissing,
    /// The appeal is paired with nothing.
    #[error("appeal '{appeal}' is paired with no deposit{}: `recover appeals show` says where it stands", before(.undone))]
    NotMatched {
        /// The appeal.
        appeal: AppealId,
        /// What was taken back from it before.
        undone: Vec<UndoneMatch>,
    },
    /// A person decided about the appeal.
    #[error("appeal '{appeal}' is {status}: its match stays as it is", status = .status.code())]
    AppealDecided {
        /// The appeal.
        appeal: AppealId,
        /// Its status.
        status: AppealStatus,
    },
    /// The claim cannot be cancelled any more, or not now.
    #[error("claim {claim} stands in the way: {refusal}: {hint}", hint = .refusal.hint())]
    ClaimStays {
        /// The claim.
        claim: ClaimId,
        /// Why.
        refusal: Refusal,
    },
}

fn before(undone: &[UndoneMatch]) -> String {
    undone
        .iter()
        .map(|pair| {
            format!(
                " ({} took {} back at {})",
                pair.person, pair.deposit, pair.at
            )
        })
        .collect()
}

/// A match that was taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenBack {
    /// The appeal: it stands as received again.
    pub appeal: AppealId,
    /// The deposit: matching does not propose it for this appeal again.
    pub deposit: DepositId,
    /// The claim that was cancelled with it; `None` where none was open for the appeal.
    pub claim: Option<ClaimId>,
}

impl Engine {
    /// Takes back what an appeal was matched to: cancels the claim that is open for it, receives the appeal again, and
    /// remembers who took the pair back and why. Matching does not propose it again; a person can still open a claim that
    /// names both. With `dry_run` everything is done and nothing kept.
    ///
    /// # Errors
    /// When the person is no specialist, the reason is blank, the appeal is unknown, matched to nothing or decided, the state
    /// machine does not let the claim go (a package is out, money was moved or booked, a hold), or the store fails.
    pub async fn undo_match(
        &self,
        appeal: &AppealId,
        reason: &str,
        name: Option<&str>,
        dry_run: bool,
    ) -> Result<TakenBack, EngineError> {
        let person = self.actor(name).await?;
        if !person.is_any(&[Role::Specialist]) {
            let person = person.name;
            return Err(MatchUndoError::MayNot { person }.into());
        }
        if reason.trim().is_empty() {
            return Err(MatchUndoError::ReasonMissing.into());
        }
        // It is kept for ever and hashed: a secret must be out of it before.
        let reason = secret::redact(reason).text;
        let context = self.step_context(&person, Vec::new(), dry_run);
        let appeal = appeal.clone();
        match self.store.undo_match(&appeal, &reason, context).await? {
            UndoAnswer::Done { deposit, claim } => Ok(TakenBack {
                appeal,
                deposit,
                claim,
            }),
            UndoAnswer::NotFound => Err(EngineError::NotFound {
                what: "appeal",
                id: appeal.to_string(),
                hint: "`recover appeals list` shows those that are",
            }),
            UndoAnswer::NotMatched => {
                let undone = self.store.undone_matches(Some(&appeal)).await?;
                Err(MatchUndoError::NotMatched { appeal, undone }.into())
            }
            UndoAnswer::Decided(status) => {
                Err(MatchUndoError::AppealDecided { appeal, status }.into())
            }
            UndoAnswer::Refused { claim, refusal } => {
                Err(MatchUndoError::ClaimStays { claim, refusal }.into())
            }
        }
    }

    /// What was taken back from an appeal, by deposit.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn undone_matches(&self, appeal: &AppealId) -> Result<Vec<UndoneMatch>, EngineError> {
        Ok(self.store.undone_matches(Some(appeal)).await?)
    }
}
