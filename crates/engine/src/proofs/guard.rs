//! Whether enough was proven before money moves for an account.
//!
//! It is asked again at every step that leads out of the house, since a proof may have been taken back. A claim without an appeal is
//! held to it as well: it pays whom the exchange's own books name, and nobody whom a person only thinks of.

use super::ProofError;
use crate::engine::Engine;
use crate::error::EngineError;
use recover_core::appeal::AppealId;
use recover_core::claim::{Claim, Command, Resolution};
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

    /// Whether a claim pays an account. What goes back to where it came from, and answers nobody, does not.
    pub(crate) fn pays_account(appeal: Option<&AppealId>, resolution: Option<Resolution>) -> bool {
        appeal.is_some() || resolution != Some(Resolution::ReturnToSender)
    }

    /// What is missing before a step that names or agrees to a price, or hands something out; `None` for other steps.
    pub(crate) async fn missing_for_step(
        &self,
        claim: &Claim,
        command: &Command,
    ) -> Result<Option<ProofError>, EngineError> {
        let value: Option<Cents> = match command {
            Command::Quote { quote, .. } => quote.quote.limit_value(),
            Command::Approve { .. }
            | Command::Prepare { .. }
            | Command::Export { .. }
            | Command::Instruct { .. }
            | Command::Send => claim
                .quote
                .as_ref()
                .and_then(|quote| quote.quote.limit_value()),
            _ => return Ok(None),
        };
        // A fee that is given back goes to the balance that it was taken from, whoever's the deposit turned out to be.
        if claim.unwinding.is_some() {
            return Ok(None);
        }
        let Some(account) = &claim.beneficiary else {
            return Ok(None);
        };
        if !Self::pays_account(claim.appeal.as_ref(), Some(claim.resolution)) {
            return Ok(None);
        }
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
