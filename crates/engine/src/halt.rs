//! The emergency stop: anybody who works claims halts every release at once, two leads of the wallet team lift it.

use crate::engine::Engine;
use crate::error::EngineError;
use recover_core::people::Role;
use recover_matching::secret;
use recover_store::{HaltState, LiftAnswer};

/// Who may halt: everybody who could see a reason, and whose false alarm costs less than their silence. Agents see too little of
/// a case, and auditors change nothing.
const MAY_HALT: &[Role] = &[
    Role::Specialist,
    Role::Wallet,
    Role::WalletLead,
    Role::Treasury,
    Role::Compliance,
    Role::Admin,
];

/// Why releases were not halted, or the halt not lifted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HaltError {
    /// The person's roles do not allow it.
    #[error("{person} may not do that: {who} may")]
    MayNot {
        /// Who tried.
        person: String,
        /// Who may.
        who: &'static str,
    },
    /// Nothing is halted.
    #[error(
        "nothing is halted; where the limit of a day is reached, `halt set` first, so that two leads see why before they lift it"
    )]
    NotHalted,
    /// The same lead a second time.
    #[error("{person} has lifted it already: another lead of the wallet team must do so as well")]
    SamePerson {
        /// Who.
        person: String,
    },
    /// A reason is missing.
    #[error("the reason must not be empty: write a word or more")]
    ReasonMissing,
}

impl Engine {
    /// Halts every release from the moment that this answers, until two leads lift it.
    ///
    /// # Errors
    /// When the person may not, the reason is blank, or the store fails.
    pub async fn halt(&self, reason: &str, name: Option<&str>) -> Result<HaltState, EngineError> {
        let person = self.actor(name).await?;
        let reason = reason_of(reason)?;
        if !person.is_any(MAY_HALT) {
            return Err(HaltError::MayNot {
                person: person.name,
                who: "everybody but agents and auditors",
            }
            .into());
        }
        self.store.halt(&person.name, &reason, self.now()).await?;
        self.halt_state().await
    }

    /// Lifts a halt. The first lead's lift waits for another lead's.
    ///
    /// # Errors
    /// When the person is no lead, has lifted it already, nothing is halted, the reason is blank, or the store fails.
    pub async fn lift_halt(
        &self,
        reason: &str,
        name: Option<&str>,
    ) -> Result<HaltState, EngineError> {
        let person = self.actor(name).await?;
        let reason = reason_of(reason)?;
        if !person.is_any(&[Role::WalletLead]) {
            return Err(HaltError::MayNot {
                person: person.name,
                who: "two leads of the wallet team (role wallet_lead)",
            }
            .into());
        }
        let answer = self
            .store
            .lift_halt(&person.name, &reason, self.now())
            .await?;
        match answer {
            LiftAnswer::First | LiftAnswer::Lifted => self.halt_state().await,
            LiftAnswer::NotHalted => Err(HaltError::NotHalted.into()),
            LiftAnswer::SamePerson => {
                let person = person.name;
                Err(HaltError::SamePerson { person }.into())
            }
        }
    }

    /// Whether releases are halted, by whom and why.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn halt_state(&self) -> Result<HaltState, EngineError> {
        Ok(self.store.halt_state().await?)
    }
}

/// A reason is kept for ever: a secret must be out of it before.
fn reason_of(text: &str) -> Result<String, HaltError> {
    if text.trim().is_empty() {
        return Err(HaltError::ReasonMissing);
    }
    Ok(secret::redact(text).text.into_owned())
}
