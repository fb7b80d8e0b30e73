//! Work on appeals: notes and closing. What a person writes may quote the customer, so a secret in it is taken out first.

use crate::engine::Engine;
use crate::error::EngineError;
use recover_core::appeal::{AppealId, AppealStatus};
use recover_matching::secret;

impl Engine {
    /// Adds a note to an appeal; false when there is no such appeal.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn note_appeal(
        &self,
        id: &AppealId,
        by: &str,
        text: &str,
    ) -> Result<bool, EngineError> {
        let text = secret::redact(text).text;
        Ok(self
            .store
            .add_appeal_note(id, by, &text, self.now())
            .await?)
    }

    /// Gives an appeal to a person, or takes it from everybody; false when there is no such appeal.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn assign_appeal(
        &self,
        id: &AppealId,
        person: Option<&str>,
    ) -> Result<bool, EngineError> {
        let person = person.map(|person| secret::redact(person).text);
        Ok(self
            .store
            .assign_appeal(id, person.as_deref(), self.now())
            .await?)
    }

    /// Closes an appeal; false when there is no such appeal.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn close_appeal(&self, id: &AppealId, reason: &str) -> Result<bool, EngineError> {
        let reason = secret::redact(reason).text;
        Ok(self
            .store
            .set_appeal_status(id, AppealStatus::Closed, Some(&reason), self.now())
            .await?)
    }
}
