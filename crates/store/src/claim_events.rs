//! The log of every step of every claim: gapless, each entry bound to the one before, never changed.

use crate::error::StoreError;
use crate::sql::{Row, Tx, detached, json, values};
use crate::store::Store;
use recover_core::audit::{Chain, Entry, Head, Logged, beginning, body_digest};
use recover_core::claim::{Claim, ClaimId, ClaimStatus};
use recover_core::digest::Digest;
use recover_core::time::Timestamp;
use serde::Serialize;

/// One step of one claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimEvent {
    /// Counts the steps of all claims without a gap, from 1.
    pub sequence: i64,
    /// The claim.
    pub claim: ClaimId,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// The command's code, or `open`.
    pub command: String,
    /// The claim's revision afterwards.
    pub revision: u32,
    /// The claim's status afterwards.
    pub status: ClaimStatus,
    /// The claim's content afterwards.
    pub content_digest: Digest,
    /// SHA-256 over what the command said.
    pub body_digest: Digest,
    /// The hash of the entry before; zeros for the first.
    pub previous_hash: Digest,
    /// The hash of this entry.
    pub hash: Digest,
    /// What the command said, as JSON; `None` when it was erased. It may name persons, so it is not for everyone.
    pub body: Option<String>,
}

impl ClaimEvent {
    /// The step as core's rule of the log checks it.
    #[must_use]
    pub fn logged(self) -> Logged {
        Logged {
            entry: Entry {
                sequence: self.sequence,
                claim: self.claim,
                at: self.at,
                actor: self.actor,
                command: self.command,
                revision: self.revision,
                status: self.status,
                content_digest: self.content_digest,
                body_digest: self.body_digest,
                previous_hash: self.previous_hash,
            },
            hash: self.hash,
            body: self.body,
        }
    }
}

/// A message that was written with a step and waits to be delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxMessage {
    /// The step's number: receivers drop what they have seen.
    pub sequence: i64,
    /// `claim.COMMAND`.
    pub topic: String,
    /// What happened, as JSON without personal data.
    pub payload: String,
    /// When.
    pub created_at: Timestamp,
}

/// What a walk over the log found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventCheck {
    /// How many entries were read.
    pub events: u64,
    /// How many of their bodies were erased.
    pub bodies_erased: u64,
    /// What does not fit, in order; empty when all does.
    pub problems: Vec<String>,
    /// The hash of the last entry; `None` when there is none. Kept elsewhere, it proves that nothing before it changed.
    pub head: Option<Digest>,
}

const EVENT: &str = "SELECT claim_event.sequence AS sequence, claim_id, at_time, actor, command, revision, status,
    content_digest, body_digest, previous_hash, hash, body
    FROM claim_event LEFT JOIN claim_event_body ON claim_event_body.sequence = claim_event.sequence";

fn event(row: &Row) -> Result<ClaimEvent, StoreError> {
    let row = row.of("claim_event", "sequence");
    Ok(ClaimEvent {
        sequence: row.integer("sequence")?,
        claim: ClaimId::verbatim(&row.text("claim_id")?),
        at: row.time("at_time")?,
        actor: row.text("actor")?,
        command: row.text("command")?,
        revision: row.number("revision")?,
        status: row.parsed("status", ClaimStatus::from_code)?,
        content_digest: row.parsed("content_digest", Digest::parse)?,
        body_digest: row.parsed("body_digest", Digest::parse)?,
        previous_hash: row.parsed("previous_hash", Digest::parse)?,
        hash: row.parsed("hash", Digest::parse)?,
        body: row.text_or_null("body")?,
    })
}

#[derive(Serialize)]
struct PayloadJson<'a> {
    sequence: i64,
    claim: &'a str,
    command: &'a str,
    revision: u32,
    status: &'a str,
}

/// Appends one entry and its outbox message, and answers its number. Steps of all claims queue here: the chain has one end.
pub(crate) async fn append(
    tx: &mut Tx,
    claim: &Claim,
    actor: &str,
    command: &str,
    body: &str,
    now: Timestamp,
) -> Result<i64, StoreError> {
    tx.serialize("claim_event").await?;
    let last = tx
        .row(
            &format!("{EVENT} ORDER BY claim_event.sequence DESC LIMIT 1"),
            vec![],
        )
        .await?;
    let last = last.as_ref().map(event).transpose()?;
    let entry = Entry {
        sequence: last
            .as_ref()
            .map_or(1, |last| last.sequence.saturating_add(1)),
        claim: claim.id.clone(),
        at: now,
        actor: actor.to_owned(),
        command: command.to_owned(),
        revision: claim.revision,
        status: claim.status,
        content_digest: claim.content_digest(),
        body_digest: body_digest(body),
        previous_hash: last.map_or_else(beginning, |last| last.hash),
    };
    tx.run(
        "INSERT INTO claim_event (sequence, claim_id, at_time, actor, command, revision, status, content_digest,
            body_digest, previous_hash, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        values![
            entry.sequence,
            entry.claim.as_str(),
            entry.at,
            &entry.actor,
            &entry.command,
            entry.revision,
            entry.status.code(),
            entry.content_digest.to_string(),
            entry.body_digest.to_string(),
            entry.previous_hash.to_string(),
            entry.hash().to_string()
        ],
    )
    .await?;
    tx.run(
        "INSERT INTO claim_event_body (sequence, body) VALUES ($1, $2)",
        values![entry.sequence, body],
    )
    .await?;
    let payload = json(&PayloadJson {
        sequence: entry.sequence,
        claim: entry.claim.as_str(),
        command,
        revision: entry.revision,
        status: entry.status.code(),
    });
    tx.run(
        "INSERT INTO outbox (sequence, topic, payload, created_at) VALUES ($1, $2, $3, $4)",
        values![entry.sequence, format!("claim.{command}"), payload, now],
    )
    .await?;
    Ok(entry.sequence)
}

/// The number of a claim's last step; `None` when it has none.
pub(crate) async fn last_sequence(tx: &mut Tx, claim: &ClaimId) -> Result<Option<i64>, StoreError> {
    let row = tx
        .row(
            "SELECT MAX(sequence) AS sequence FROM claim_event WHERE claim_id = $1",
            values![claim.as_str()],
        )
        .await?;
    match row {
        None => Ok(None),
        Some(row) => row
            .of("claim_event", "sequence")
            .integer_or_null("sequence"),
    }
}

impl Store {
    /// The steps of one claim, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn claim_events(&self, claim: &ClaimId) -> Result<Vec<ClaimEvent>, StoreError> {
        let sql = format!("{EVENT} WHERE claim_id = $1 ORDER BY claim_event.sequence");
        let rows = self.db.rows(&sql, values![claim.as_str()]).await?;
        rows.iter().map(event).collect()
    }

    /// One page of the log, oldest first, after a number (0 for the first page); an empty page is the end.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn event_log(&self, after: i64, limit: u32) -> Result<Vec<ClaimEvent>, StoreError> {
        let sql = format!(
            "{EVENT} WHERE claim_event.sequence > $1 ORDER BY claim_event.sequence LIMIT $2"
        );
        let rows = self.db.rows(&sql, values![after, limit]).await?;
        rows.iter().map(event).collect()
    }

    /// The end of the log, to be kept outside of the database; `None` when it is empty.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn log_head(&self) -> Result<Option<Head>, StoreError> {
        let sql = format!("{EVENT} ORDER BY claim_event.sequence DESC LIMIT 1");
        let rows = self.db.rows(&sql, vec![]).await?;
        let last = rows.first().map(event).transpose()?;
        Ok(last.map(|last| Head {
            sequence: last.sequence,
            hash: last.hash,
        }))
    }

    /// Walks the whole log: every number there, every hash right, every body what its entry says, and every claim as its
    /// last step left it.
    ///
    /// # Errors
    /// When the database cannot be read. What does not fit is no error but a finding.
    pub async fn verify_claim_events(&self) -> Result<EventCheck, StoreError> {
        self.verify_claim_events_against(&[]).await
    }

    /// As [`Store::verify_claim_events`], and every head that was kept outside must be in the log: without one, a log whose end was
    /// cut off or which was computed anew fits.
    ///
    /// # Errors
    /// When the database cannot be read. What does not fit is no error but a finding.
    pub async fn verify_claim_events_against(
        &self,
        outside: &[Head],
    ) -> Result<EventCheck, StoreError> {
        let mut chain = Chain::new(outside.iter().copied());
        let mut last = 0;
        loop {
            let page = self.event_log(last, 1_000).await?;
            let Some(end) = page.last() else { break };
            last = end.sequence;
            for event in page {
                chain.push(&event.logged());
            }
        }
        let report = chain.finish();
        let mut check = EventCheck {
            events: report.entries,
            bodies_erased: report.bodies_erased,
            problems: report.problems.iter().map(ToString::to_string).collect(),
            head: report.head.map(|head| head.hash),
        };
        let differing = self
            .db
            .rows(
                "SELECT claim.id AS id FROM claim LEFT JOIN claim_event ON claim_event.sequence =
                    (SELECT MAX(sequence) FROM claim_event AS step WHERE step.claim_id = claim.id)
                 WHERE claim_event.sequence IS NULL OR claim_event.revision <> claim.revision
                    OR claim_event.status <> claim.status OR claim_event.content_digest <> claim.content_digest
                 ORDER BY claim.id",
                vec![],
            )
            .await?;
        for row in &differing {
            let id = row.of("claim", "id").text("id")?;
            check
                .problems
                .push(format!("claim {id} is not as its last step left it"));
        }
        Ok(check)
    }

    /// Messages that were not delivered yet, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn outbox_waiting(&self, limit: u32) -> Result<Vec<OutboxMessage>, StoreError> {
        let rows = self
            .db
            .rows(
                "SELECT sequence, topic, payload, created_at FROM outbox WHERE delivered_at IS NULL
                 ORDER BY sequence LIMIT $1",
                values![limit],
            )
            .await?;
        rows.iter()
            .map(|row| {
                let row = row.of("outbox", "sequence");
                Ok(OutboxMessage {
                    sequence: row.integer("sequence")?,
                    topic: row.text("topic")?,
                    payload: row.text("payload")?,
                    created_at: row.time("created_at")?,
                })
            })
            .collect()
    }

    /// Records that a message was delivered. Delivering one twice does no harm.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn mark_delivered(&self, sequence: i64, now: Timestamp) -> Result<(), StoreError> {
        let db = self.db.clone();
        detached(async move {
            let mut tx = db.begin().await?;
            tx.run(
                "UPDATE outbox SET delivered_at = $1 WHERE sequence = $2 AND delivered_at IS NULL",
                values![now, sequence],
            )
            .await?;
            tx.commit().await
        })
        .await
    }
}
