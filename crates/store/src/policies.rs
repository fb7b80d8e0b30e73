//! Policies: one version is in force, a later one waits for votes. Loading, voting and activating are entries of the log.

use crate::error::StoreError;
use crate::images;
use crate::log::{Subject, append_other};
use crate::sql::{Reader, Row, Tx, detached, json, values};
use crate::store::Store;
use recover_core::digest::Digest;
use recover_core::people::Role;
use recover_core::time::Timestamp;
use serde::Serialize;

/// Where a version of the policy stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyState {
    /// It was loaded and is not in force.
    Waiting,
    /// It is in force.
    Active,
    /// Another one came into force after it.
    Retired,
}

impl PolicyState {
    const ALL: [Self; 3] = [Self::Waiting, Self::Active, Self::Retired];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Active => "active",
            Self::Retired => "retired",
        }
    }

    fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

/// A version of the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPolicy {
    /// Counts policies by first load, from 1; quotes and approvals name it.
    pub number: u32,
    /// SHA-256 of the file's bytes.
    pub digest: Digest,
    /// The file.
    pub text: String,
    /// When it was first loaded.
    pub loaded_at: Timestamp,
    /// Where it stands.
    pub state: PolicyState,
    /// When it came into force; `None` before.
    pub activated_at: Option<Timestamp>,
}

/// One vote for a version of the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyVote {
    /// Who.
    pub person: String,
    /// The role that they voted in.
    pub role: Role,
    /// When.
    pub voted_at: Timestamp,
}

/// What a vote or an activation did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyAnswer {
    /// It was kept.
    Done,
    /// The same was done before. Nothing was changed.
    Repeated,
    /// The version is not waiting: it is in force or was replaced. Nothing was changed.
    NotWaiting,
    /// There is no version of this number.
    NotFound,
}

#[derive(Serialize)]
struct SaidJson<'a> {
    command: &'a str,
    number: u32,
    digest: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
}

const COLUMNS: &str = "number, digest, text, loaded_at, state, activated_at";

/// Who loads and activates: the program, on the word of the people who voted.
const PROGRAM: &str = "recover";

fn policy(row: &Row) -> Result<StoredPolicy, StoreError> {
    let row = row.of("policy_version", "number");
    Ok(StoredPolicy {
        number: row.number("number")?,
        digest: row.parsed("digest", Digest::parse)?,
        text: row.text("text")?,
        loaded_at: row.time("loaded_at")?,
        state: row.parsed("state", PolicyState::from_code)?,
        activated_at: row.time_or_null("activated_at")?,
    })
}

async fn by_number(
    reader: &mut Reader<'_>,
    number: u32,
) -> Result<Option<StoredPolicy>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM policy_version WHERE number = $1");
    let rows = reader.rows(&sql, values![number]).await?;
    rows.first().map(policy).transpose()
}

/// The version in force. It must be the one that the log says; a database from before the log told of policies is believed.
pub(crate) async fn active(reader: &mut Reader<'_>) -> Result<Option<StoredPolicy>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM policy_version WHERE state = 'active'");
    let rows = reader.rows(&sql, vec![]).await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let found = policy(row)?;
    let logged = reader
        .rows(
            "SELECT sequence, revision, content_digest FROM claim_event WHERE claim_id IS NULL
                AND (command || '') IN ('policy_first', 'policy_activate') ORDER BY sequence DESC LIMIT 1",
            vec![],
        )
        .await?;
    if let Some(entry) = logged.first() {
        let entry = entry.of("claim_event", "sequence");
        let is_same = entry.number::<u32>("revision")? == found.number
            && entry.parsed("content_digest", Digest::parse)? == found.digest;
        if !is_same {
            return Err(row
                .of("policy_version", "number")
                .bad("state", "says 'active', and the log tells of another one"));
        }
    }
    Ok(Some(found))
}

async fn log(
    tx: &mut Tx,
    before: &images::Rows,
    policy: &StoredPolicy,
    (actor, command, role): (&str, &'static str, Option<Role>),
    now: Timestamp,
) -> Result<(), StoreError> {
    let said = json(&SaidJson {
        command,
        number: policy.number,
        digest: policy.digest.to_string(),
        role: role.map(Role::code),
    });
    let subject = Subject::Other {
        number: policy.number,
        digest: policy.digest,
    };
    append_other(tx, &subject, before, (actor, command, &said), now).await?;
    Ok(())
}

impl Store {
    /// The number of a policy: the one it got when its text was first loaded, or the next. The first one ever is in force at
    /// once; a later one waits until it is activated.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn load_policy(
        &self,
        digest: &Digest,
        text: &str,
        now: Timestamp,
    ) -> Result<u32, StoreError> {
        let (db, digest, text) = (self.db.clone(), *digest, text.to_owned());
        let find = format!("SELECT {COLUMNS} FROM policy_version WHERE digest = $1");
        if let Some(row) = db.row(&find, values![digest.to_string()]).await? {
            return Ok(policy(&row)?.number);
        }
        detached(async move {
            let mut tx = db.begin().await?;
            tx.serialize("policy_version").await?;
            // Another process may have loaded it since we looked.
            if let Some(row) = tx.row(&find, values![digest.to_string()]).await? {
                return Ok(policy(&row)?.number);
            }
            let before = images::of_no_claim(&mut Reader::Tx(&mut tx)).await?;
            let row = tx
                .row(
                    "SELECT COALESCE(MAX(number), 0) + 1 AS number FROM policy_version",
                    vec![],
                )
                .await?;
            let number = match row {
                None => 1,
                Some(row) => row.of("policy_version", "number").number("number")?,
            };
            let is_first = number == 1;
            let loaded = StoredPolicy {
                number,
                digest,
                text,
                loaded_at: now,
                state: if is_first {
                    PolicyState::Active
                } else {
                    PolicyState::Waiting
                },
                activated_at: is_first.then_some(now),
            };
            tx.run(
                "INSERT INTO policy_version (number, digest, text, loaded_at, state, activated_at)
                 VALUES ($1, $2, $3, $4, $5, $6)",
                values![
                    number,
                    digest.to_string(),
                    &loaded.text,
                    now,
                    loaded.state.code(),
                    loaded.activated_at
                ],
            )
            .await?;
            let command = if is_first {
                "policy_first"
            } else {
                "policy_load"
            };
            log(&mut tx, &before, &loaded, (PROGRAM, command, None), now).await?;
            tx.commit().await?;
            Ok(number)
        })
        .await
    }

    /// A version by its number; `None` when there is none.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn policy(&self, number: u32) -> Result<Option<StoredPolicy>, StoreError> {
        by_number(&mut Reader::Db(&self.db), number).await
    }

    /// The version in force; `None` before the first load.
    ///
    /// # Errors
    /// When the database cannot be read, or says otherwise than the log.
    pub async fn active_policy(&self) -> Result<Option<StoredPolicy>, StoreError> {
        active(&mut Reader::Db(&self.db)).await
    }

    /// Every version, by number.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn policies(&self) -> Result<Vec<StoredPolicy>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM policy_version ORDER BY number");
        let rows = self.db.rows(&sql, vec![]).await?;
        rows.iter().map(policy).collect()
    }

    /// Who voted for a version, oldest vote first. A vote that the log does not tell of was given by nobody whom the program knows,
    /// and is not among them.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn policy_votes(&self, number: u32) -> Result<Vec<PolicyVote>, StoreError> {
        let rows = self
            .db
            .rows(
                "SELECT number, person, role, voted_at FROM policy_vote WHERE number = $1 AND EXISTS (
                    SELECT 1 FROM claim_event WHERE claim_id IS NULL AND command = 'policy_vote'
                        AND actor = policy_vote.person AND revision = policy_vote.number
                        AND at_time = policy_vote.voted_at
                        AND content_digest = (SELECT digest FROM policy_version
                            WHERE policy_version.number = policy_vote.number))
                 ORDER BY voted_at, person",
                values![number],
            )
            .await?;
        rows.iter()
            .map(|row| {
                let row = row.of("policy_vote", "number");
                Ok(PolicyVote {
                    person: row.text("person")?,
                    role: row.parsed("role", Role::from_code)?,
                    voted_at: row.time("voted_at")?,
                })
            })
            .collect()
    }

    /// Keeps a person's vote for a version that waits. Whether they may vote is for the caller to know.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn vote_policy(
        &self,
        number: u32,
        person: &str,
        role: Role,
        now: Timestamp,
    ) -> Result<PolicyAnswer, StoreError> {
        let (db, person) = (self.db.clone(), person.to_owned());
        detached(async move {
            let mut tx = db.begin().await?;
            tx.serialize("policy_version").await?;
            let Some(policy) = by_number(&mut Reader::Tx(&mut tx), number).await? else {
                return Ok(PolicyAnswer::NotFound);
            };
            if policy.state != PolicyState::Waiting {
                return Ok(PolicyAnswer::NotWaiting);
            }
            let before = images::of_no_claim(&mut Reader::Tx(&mut tx)).await?;
            let written = tx
                .run(
                    "INSERT INTO policy_vote (number, person, role, voted_at) VALUES ($1, $2, $3, $4)
                     ON CONFLICT (number, person) DO NOTHING",
                    values![number, &person, role.code(), now],
                )
                .await?;
            if written == 0 {
                return Ok(PolicyAnswer::Repeated);
            }
            log(
                &mut tx,
                &before,
                &policy,
                (&person, "policy_vote", Some(role)),
                now,
            )
            .await?;
            tx.commit().await?;
            Ok(PolicyAnswer::Done)
        })
        .await
    }

    /// Brings a version that waits into force, and retires the one before. Whether its votes are enough and its delay is over is
    /// for the caller to know.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn activate_policy(
        &self,
        number: u32,
        now: Timestamp,
    ) -> Result<PolicyAnswer, StoreError> {
        let db = self.db.clone();
        detached(async move {
            let mut tx = db.begin().await?;
            // No decision that read the version before is still open when this one is in force.
            tx.serialize(crate::claims::RELEASES).await?;
            tx.serialize("policy_version").await?;
            let Some(policy) = by_number(&mut Reader::Tx(&mut tx), number).await? else {
                return Ok(PolicyAnswer::NotFound);
            };
            match policy.state {
                PolicyState::Active => return Ok(PolicyAnswer::Repeated),
                PolicyState::Retired => return Ok(PolicyAnswer::NotWaiting),
                PolicyState::Waiting => {}
            }
            let before = images::of_no_claim(&mut Reader::Tx(&mut tx)).await?;
            tx.run(
                "UPDATE policy_version SET state = 'retired' WHERE state = 'active'",
                vec![],
            )
            .await?;
            tx.run(
                "UPDATE policy_version SET state = 'active', activated_at = $1 WHERE number = $2",
                values![now, number],
            )
            .await?;
            let activated = StoredPolicy {
                state: PolicyState::Active,
                activated_at: Some(now),
                ..policy
            };
            log(
                &mut tx,
                &before,
                &activated,
                (PROGRAM, "policy_activate", None),
                now,
            )
            .await?;
            tx.commit().await?;
            Ok(PolicyAnswer::Done)
        })
        .await
    }
}
