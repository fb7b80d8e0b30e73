//! Whether enough was proven for a claim that answers an appeal.
//!
//! A claim without an appeal is the exchange's own doing: nobody asks for money there, and whoever opens it names the user under the
//! eyes of everybody who votes.

use super::ProofError;
use crate::engine::Engine;
use crate::error::EngineError;
use recover_core::claim::{Claim, Command};
use recover_core::deposit::Deposit;
use recover_core::fee::Cents;
use recover_core::proof::{Destination, ProofNeed, is_enough};

impl Engine {
    /// What is missing before an account may be paid on a deposit; `None` where nothing is.
    pub(crate) async fn missing_ownership(
        &self,
        deposit: &Deposit,
        (account, paid_to): (&str, Option<&str>),
        need: ProofNeed,
    ) -> Result<Option<ProofError>, EngineError> {
        let destination = match paid_to {
            None => Destination::Account(account.to_owned()),
            Some(address) => Destination::Address(address.to_owned()),
        };
        let evidence = self.evidence(deposit, account, Some(&destination)).await?;
        Ok(
            (!is_enough(&evidence, need)).then(|| ProofError::OwnershipMissing {
                account: account.to_owned(),
                deposit: deposit.id(),
                need,
            }),
        )
    }

    /// What is missing before a step that names or agrees to a price; `None` for other steps and for claims without an appeal.
    pub(crate) async fn missing_for_step(
        &self,
        claim: &Claim,
        command: &Command,
    ) -> Result<Option<ProofError>, EngineError> {
        let value: Option<Cents> = match command {
            Command::Quote { quote, .. } => Some(quote.quote.value),
            Command::Approve { .. } => claim.quote.as_ref().map(|quote| quote.quote.value),
            _ => return Ok(None),
        };
        let (Some(_), Some(account)) = (&claim.appeal, &claim.beneficiary) else {
            return Ok(None);
        };
        // Without a policy the store refuses the step by itself.
        let found = self.store.deposit(&claim.deposit).await?;
        let Some(stored) = found.filter(|_| self.policy.is_some()) else {
            return Ok(None);
        };
        let need = self.policy_in_force().await?.policy.proofs.need(value);
        let paid = (account.as_str(), claim.destination.as_deref());
        self.missing_ownership(&stored.deposit, paid, need).await
    }
}
