//! Erasing what customers wrote after the time that the house keeps it.

use crate::engine::Engine;
use crate::error::EngineError;
use crate::secret;
use recover_core::people::Role;
use recover_core::time::Timestamp;
use recover_store::Erased;

/// Why customers' words were not erased.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppealEraseError {
    /// The person's roles do not allow it.
    #[error("{person} may not erase what customers wrote: compliance or an admin may")]
    MayNot {
        /// Who tried.
        person: String,
    },
    /// The age reaches back before all time.
    #[error("nothing can be older than {hours} hours: name a shorter age")]
    TooOld {
        /// The age.
        hours: u32,
    },
    /// Nobody says how long words are kept.
    #[error(
        "nobody says how long customers' words are kept: pass --older-than, or write `[retention] appeal_words_days` in policy.toml"
    )]
    AgeMissing,
}

impl Engine {
    /// Erases the words of appeals that ended and in which nothing happened for so many hours, or for as long as the policy in
    /// force keeps them: see [`recover_store::Store::erase_appeal_texts`]. Without a policy whoever gives a name may.
    ///
    /// # Errors
    /// When no name is given, the person is neither of compliance nor an admin, or the store fails.
    pub async fn erase_appeal_texts(
        &self,
        hours: Option<u32>,
        name: Option<&str>,
        dry_run: bool,
    ) -> Result<Erased, EngineError> {
        let named = name.ok_or(EngineError::ActorMissing)?;
        let person = if self.policy.is_none() && self.store.active_policy().await?.is_none() {
            secret::redact(named).text.into_owned()
        } else {
            let person = self.actor(name).await?;
            if !person.is_any(&[Role::Compliance, Role::Admin]) {
                let person = person.name;
                return Err(AppealEraseError::MayNot { person }.into());
            }
            person.name
        };
        let hours = match hours {
            Some(hours) => hours,
            None => self
                .retention_hours()
                .await?
                .ok_or(AppealEraseError::AgeMissing)?,
        };
        let before = self.hours_ago(hours)?;
        Ok(self
            .store
            .erase_appeal_texts(before, &person, self.now(), dry_run)
            .await?)
    }

    /// How many appeals hold words for longer than the policy in force keeps them; none where it has no such rule.
    pub(crate) async fn overdue_words(&self) -> Result<u64, EngineError> {
        let Some(hours) = self.retention_hours().await? else {
            return Ok(0);
        };
        let before = self.hours_ago(hours)?;
        let counted = self
            .store
            .erase_appeal_texts(before, crate::claims::ENGINE_ACTOR, self.now(), true)
            .await?;
        Ok(counted.appeals)
    }

    fn hours_ago(&self, hours: u32) -> Result<Timestamp, AppealEraseError> {
        self.now()
            .plus_seconds(-i64::from(hours) * 3600)
            .ok_or(AppealEraseError::TooOld { hours })
    }

    async fn retention_hours(&self) -> Result<Option<u32>, EngineError> {
        let policy = self.policy_known().await?;
        let days = policy.and_then(|policy| policy.appeal_words_days);
        Ok(days.map(|days| days.saturating_mul(24)))
    }
}
