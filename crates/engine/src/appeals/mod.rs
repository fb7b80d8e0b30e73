//! Work on appeals: who may do what, and the queue that says what to do next. What a person writes may quote the customer, so
//! a secret in it is taken out first.

mod compare;
mod page;

pub use compare::{Comparison, Mark, Row as ComparisonRow};
pub use page::{AppealPage, Rival};

use crate::engine::Engine;
use crate::error::EngineError;
use crate::watch_list::Watched;
use recover_core::appeal::{AppealId, AppealStatus};
use recover_core::appeal_work::{Act, WorkRefusal};
use recover_core::people::{Person, Role};
use recover_core::queue::ServiceLevels;
use recover_matching::secret;
use recover_store::{
    ActAnswer, ActContext, QueueCursor, QueueFilter, QueuePage, Taken, Truth, Work,
};
use std::collections::BTreeSet;

/// Why an act on an appeal was not carried out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppealWorkError {
    /// The person's roles do not allow it.
    #[error("{person} may not do this with an appeal ({act}): {who} may")]
    MayNot {
        /// Who tried.
        person: String,
        /// What.
        act: Act,
        /// Who may.
        who: String,
    },
    /// Words are missing.
    #[error("the {what} must not be empty: write a word or more")]
    Empty {
        /// What.
        what: &'static str,
    },
    /// The act is not possible where the appeal stands.
    #[error("appeal '{appeal}' is {}{}: {refusal}: {}", .status.code(), in_the_way(.by), .refusal.hint())]
    Refused {
        /// The appeal.
        appeal: AppealId,
        /// Where it stands.
        status: AppealStatus,
        /// Why.
        refusal: WorkRefusal,
        /// What stands in the way; empty where nothing has a name.
        by: String,
    },
}

fn in_the_way(by: &str) -> String {
    if by.is_empty() {
        String::new()
    } else {
        format!(" ({by})")
    }
}

/// An act that was carried out, or stood so already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worked {
    /// The appeal.
    pub appeal: AppealId,
    /// Where it stands now.
    pub status: AppealStatus,
    /// Whether it stood so already and nothing was changed.
    pub is_repeat: bool,
    /// What is watched for from now on, where it began to wait and something follows from its deposit.
    pub watched: Option<Watched>,
}

const WORKERS: &[Role] = &[Role::Agent, Role::Specialist];
const DECIDERS: &[Role] = &[Role::Specialist];
/// Whoever sees appeals may write down what they know; who makes the rules or examines them does not work under them.
const WRITERS: &[Role] = &[
    Role::Agent,
    Role::Specialist,
    Role::Wallet,
    Role::WalletLead,
    Role::Treasury,
    Role::Compliance,
];
/// Whom an appeal can be given to.
const HOLDERS: &[Role] = &[Role::Agent, Role::Specialist, Role::Compliance];

/// Who may do it.
const fn roles(act: Act) -> &'static [Role] {
    match act {
        Act::Note => WRITERS,
        Act::Assign => HOLDERS,
        Act::Ask | Act::Answer | Act::Duplicate | Act::Wait | Act::Resume => WORKERS,
        Act::Confirm | Act::Correct | Act::Refuse | Act::Close | Act::Reopen => DECIDERS,
    }
}

/// Takes secrets out of everything that a person wrote; what is left must say something.
fn without_secrets(work: Work) -> Result<Work, AppealWorkError> {
    let kept = |what: &'static str, text: String| {
        if text.trim().is_empty() {
            return Err(AppealWorkError::Empty { what });
        }
        Ok(secret::redact(&text).text.into_owned())
    };
    Ok(match work {
        Work::Note { text } => Work::Note {
            text: kept("note", text)?,
        },
        Work::Ask { code, text } => Work::Ask {
            code,
            text: kept("question", text)?,
        },
        Work::Answer { fields, unasked } => {
            if fields.is_empty() {
                return Err(AppealWorkError::Empty { what: "answer" });
            }
            let fields = fields
                .into_iter()
                .map(|(field, text)| Ok((field, kept("answer", text)?)))
                .collect::<Result<_, AppealWorkError>>()?;
            Work::Answer { fields, unasked }
        }
        Work::Correct { deposit, reason } => Work::Correct {
            deposit,
            reason: kept("reason", reason)?,
        },
        Work::Refuse { code, reason } => Work::Refuse {
            code,
            reason: kept("reason", reason)?,
        },
        Work::Wait { reason } => Work::Wait {
            reason: kept("reason", reason)?,
        },
        Work::Close { reason } => Work::Close {
            reason: kept("reason", reason)?,
        },
        Work::Reopen { reason } => Work::Reopen {
            reason: kept("reason", reason)?,
        },
        Work::Resume { reason } => Work::Resume {
            reason: kept("reason", reason)?,
        },
        Work::Assign { to, take_over } => Work::Assign {
            to: to.map(|person| kept("name", person)).transpose()?,
            take_over,
        },
        other @ (Work::Confirm { .. } | Work::Duplicate { .. }) => other,
    })
}

impl Engine {
    /// By when customers are answered: the policy's, or the built-in ones without a policy.
    #[must_use]
    pub fn service_levels(&self) -> ServiceLevels {
        self.policy
            .as_ref()
            .map_or_else(ServiceLevels::default, |policy| policy.service_levels)
    }

    /// Who acts, when one of the roles is theirs. Appeals are worked without a policy too: as long as none was ever loaded
    /// nobody has a role, and whoever gives a name may work. Leaving the policy away later opens nothing.
    pub(crate) async fn worker(
        &self,
        name: Option<&str>,
        act: Act,
        allowed: &[Role],
    ) -> Result<Person, EngineError> {
        let named = name.ok_or(EngineError::ActorMissing)?;
        if self.policy.is_none() && self.store.active_policy().await?.is_none() {
            return Ok(Person {
                name: secret::redact(named).text.into_owned(),
                roles: BTreeSet::from([Role::Specialist]),
                keys: Vec::new(),
            });
        }
        let person = self.actor(name).await?;
        if person.is_any(allowed) {
            return Ok(person);
        }
        let who: Vec<&str> = allowed.iter().map(|role| role.code()).collect();
        Err(AppealWorkError::MayNot {
            person: person.name,
            act,
            who: who.join(", "),
        }
        .into())
    }

    /// Carries out what a person does with an appeal. With `dry_run` everything is done and nothing kept. What stands so
    /// already is answered as a repeat.
    ///
    /// # Errors
    /// When the person's role does not allow it, words are missing, the appeal or deposit is unknown, the act is not possible
    /// where the appeal stands, or the store fails.
    pub async fn work_on_appeal(
        &self,
        id: &AppealId,
        work: Work,
        name: Option<&str>,
        dry_run: bool,
    ) -> Result<Worked, EngineError> {
        let act = work.act();
        let person = self.worker(name, act, roles(act)).await?;
        let work = match without_secrets(work)? {
            Work::Assign { to, .. } => {
                self.may_hold(to.as_deref()).await?;
                let is_other = to.as_deref() != Some(person.name.as_str());
                if is_other && !person.is_any(DECIDERS) {
                    return Err(AppealWorkError::MayNot {
                        person: person.name,
                        act,
                        who: "specialist (an agent takes appeals for themselves)".to_owned(),
                    }
                    .into());
                }
                Work::Assign {
                    to,
                    take_over: person.is_any(DECIDERS),
                }
            }
            other => other,
        };
        let begins_to_wait = matches!(work, Work::Wait { .. }) && !dry_run;
        let name = person.name.clone();
        let context = ActContext {
            person: person.name,
            now: self.now(),
            dry_run,
        };
        let named = match &work {
            Work::Confirm { deposit } => Some(deposit.to_string()),
            Work::Correct { deposit, .. } => deposit.as_ref().map(ToString::to_string),
            Work::Duplicate { of } => Some(of.to_string()),
            _ => None,
        };
        let appeal = id.clone();
        match self.store.work_on_appeal(id, work, context).await? {
            ActAnswer::Done(status) => {
                let watched = match begins_to_wait {
                    true => self.watch_for_appeal(&appeal, &name).await?,
                    false => None,
                };
                Ok(Worked {
                    appeal,
                    status,
                    is_repeat: false,
                    watched,
                })
            }
            ActAnswer::Repeated(status) => Ok(Worked {
                appeal,
                status,
                is_repeat: true,
                watched: None,
            }),
            ActAnswer::Refused {
                refusal,
                status,
                by,
            } => Err(AppealWorkError::Refused {
                appeal,
                status,
                refusal,
                by,
            }
            .into()),
            ActAnswer::NotFound("deposit") => Err(EngineError::NotFound {
                what: "deposit",
                id: named.unwrap_or_default(),
                hint: "`recover deposits list` shows those that are",
            }),
            // The other appeal of a duplicate, or the appeal itself.
            ActAnswer::NotFound(_) => {
                let is_there = self.store.appeal(id).await?.is_some();
                let missing = named.filter(|_| is_there);
                Err(missing.map_or_else(
                    || not_found(id),
                    |other| not_found(&AppealId::verbatim(&other)),
                ))
            }
        }
    }

    /// Whether an appeal can be given to somebody.
    async fn may_hold(&self, name: Option<&str>) -> Result<(), EngineError> {
        match name {
            None => Ok(()),
            Some(_) => self.worker(name, Act::Assign, HOLDERS).await.map(|_| ()),
        }
    }

    /// Gives a person the most urgent appeal that nobody has, for as long as the policy says. With `dry_run` it is only named.
    ///
    /// # Errors
    /// When the person's role does not allow it, or the store fails.
    pub async fn next_appeal(
        &self,
        name: Option<&str>,
        dry_run: bool,
    ) -> Result<Taken, EngineError> {
        let person = self.worker(name, Act::Assign, WORKERS).await?;
        let context = ActContext {
            person: person.name,
            now: self.now(),
            dry_run,
        };
        Ok(self
            .store
            .take_next_appeal(&self.service_levels(), context)
            .await?)
    }

    /// One page of the queue, brought up to date first; `progress` is told how many changes were worked in.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn appeal_queue(
        &self,
        filter: &QueueFilter,
        after: Option<&QueueCursor>,
        limit: u32,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<QueuePage, EngineError> {
        self.store.refresh_queue(progress).await?;
        Ok(self
            .store
            .list_queue(filter, &self.service_levels(), self.now(), after, limit)
            .await?)
    }

    /// Everything that people decided about which deposits appeals mean, by appeal, page after page to `take`.
    ///
    /// # Errors
    /// When the store fails, or `take` does.
    pub async fn appeal_truth<E: From<EngineError>>(
        &self,
        mut take: impl FnMut(Truth) -> Result<(), E>,
    ) -> Result<u64, E> {
        const PAGE: u32 = 1_000;
        let mut after = String::new();
        let mut count = 0_u64;
        loop {
            let page = self
                .store
                .truth_page(&after, PAGE)
                .await
                .map_err(EngineError::from)?;
            let Some(last) = page.last() else {
                return Ok(count);
            };
            after = last.appeal.as_str().to_owned();
            for truth in page {
                count = count.saturating_add(1);
                take(truth)?;
            }
        }
    }
}

/// That no appeal has this id.
#[must_use]
pub fn not_found(id: &AppealId) -> EngineError {
    EngineError::NotFound {
        what: "appeal",
        id: id.to_string(),
        hint: "`recover appeals list` shows those that are",
    }
}
