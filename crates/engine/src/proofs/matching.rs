//! What matching learns of proofs.

use recover_core::appeal::AppealId;
use recover_core::observation::DepositId;
use recover_core::proof::ProofMethod;
use recover_matching::AppealClues;
use recover_matching::clue::Proof;
use std::collections::{BTreeMap, BTreeSet};

/// What was proven and what was refuted, for all appeals at once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Proven {
    /// By account: the deposits of which it proved to be the sender, and how.
    deposits: BTreeMap<String, BTreeMap<DepositId, ProofMethod>>,
    /// Appeals with a signature that does not fit, and nothing that does.
    refuted: BTreeSet<AppealId>,
}

impl Proven {
    /// What the store says was refuted and proven.
    pub(crate) fn of(
        refuted: BTreeSet<AppealId>,
        proofs: Vec<(String, DepositId, ProofMethod)>,
    ) -> Self {
        let mut proven = Self {
            refuted,
            ..Self::default()
        };
        for (account, deposit, method) in proofs {
            let deposits = proven.deposits.entry(account).or_default();
            // Whatever is more than a document outranks it.
            deposits
                .entry(deposit)
                .and_modify(|known| *known = (*known).min(method))
                .or_insert(method);
        }
        proven
    }

    /// Writes into each appeal's clues what its user proved: a proof is the account's, whichever of its appeals it was given for.
    pub(crate) fn merge(&self, clues: &mut [AppealClues]) {
        for clues in clues {
            if let Some(deposits) = self.deposits.get(&clues.user_id) {
                clues.proven.extend(deposits.keys().cloned());
                let is_record = |method: &ProofMethod| *method == ProofMethod::WithdrawalRecord;
                clues.proof = if deposits.values().all(is_record) {
                    Proof::Record
                } else {
                    Proof::Sender
                };
            } else if self.refuted.contains(&clues.appeal) {
                clues.proof = Proof::Refuted;
            }
        }
    }
}
