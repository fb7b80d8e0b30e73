//! Everything that is known of the ownership of one appeal's deposit: what was proven, and what the exchange's own books say.

use super::{ProofOptions, Wanted};
use crate::engine::Engine;
use crate::error::EngineError;
use recover_core::appeal::AppealId;
use recover_core::book::AddressRole;
use recover_core::deposit::Deposit;
use recover_core::observation::DepositId;
use recover_core::proof::{Destination, Evidence, ProofMethod};
use recover_store::{StoredChallenge, StoredProof};

/// The ownership of one appeal's deposit.
#[derive(Debug, Clone)]
pub struct Ownership {
    /// The appeal.
    pub appeal: AppealId,
    /// The account that appeals.
    pub account: String,
    /// The deposit that the evidence is about.
    pub deposit: DepositId,
    /// What holds at this moment.
    pub evidence: Evidence,
    /// The challenges, oldest first.
    pub challenges: Vec<StoredChallenge>,
    /// Every attempt, oldest first.
    pub proofs: Vec<StoredProof>,
}

impl Engine {
    /// What is known of the ownership of an appeal's deposit.
    ///
    /// # Errors
    /// When the appeal is unknown or ended, has no deposit, or the store fails.
    pub async fn ownership(
        &self,
        appeal: &AppealId,
        options: &ProofOptions,
    ) -> Result<Ownership, EngineError> {
        let Wanted {
            appeal: found,
            deposit,
            ..
        } = self.wanted(appeal, options).await?;
        let evidence = self.evidence(&deposit, &found.user_id, None).await?;
        Ok(Ownership {
            appeal: appeal.clone(),
            account: found.user_id,
            deposit: deposit.id(),
            evidence,
            challenges: self.store.challenges_of(appeal).await?,
            proofs: self.store.proofs_of(appeal).await?,
        })
    }

    /// What speaks for an account as the owner of a deposit: its address or memo, an earlier sender of its own, and what was proven,
    /// for one destination or for any.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn evidence(
        &self,
        deposit: &Deposit,
        account: &str,
        destination: Option<&Destination>,
    ) -> Result<Evidence, EngineError> {
        let mut evidence = Evidence::new();
        if deposit.classification.owner.as_deref() == Some(account) {
            evidence.insert(ProofMethod::DepositAddress);
        }
        if let Some(from) = deposit.from() {
            let canonical = self.canonical(deposit.network(), from);
            let family = super::family_of(self, deposit.network());
            let known = self
                .store
                .records_with_values(&[canonical, from.to_owned()])
                .await?;
            let is_past = known.iter().any(|record| {
                record.role == AddressRole::PastSender
                    && record.user_id.as_deref() == Some(account)
                    && Some(record.family) == family
            });
            if is_past {
                evidence.insert(ProofMethod::PastSender);
            }
        }
        let proofs = self.store.proofs_in_force(Some(&deposit.id())).await?;
        evidence.extend(
            proofs
                .iter()
                .filter(|proof| proof.proof.account == account)
                .filter(|proof| destination.is_none_or(|wanted| proof.proof.destination == *wanted))
                .map(|proof| proof.proof.method),
        );
        Ok(evidence)
    }
}
