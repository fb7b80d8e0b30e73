//! The log of every step of every claim, every halt and every policy: gapless, each entry bound to the one before, never
//! changed.
//!
//! An entry about no claim has an empty claim id, the status `draft`, the policy's number (or 0) as its revision and the
//! policy's digest (or zeros) as its content.

use crate::error::StoreError;
use crate::images::{self, RowKey, Rows};
use crate::sql::{Reader, Row, Tx, detached, json, values};
use crate::store::Store;
use recover_core::appeal::AppealId;
use recover_core::audit::{Entry, Head, Logged, beginning, body_digest};
use recover_core::claim::{Claim, ClaimId, ClaimStatus};
use recover_core::digest::Digest;
use recover_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// One step of one claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimEvent {
    /// Counts the steps of all claims without a gap, from 1.
    pub sequence: i64,
    /// The claim; an empty id where the entry is about none.
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
    /// `claim.COMMAND`; the command alone where it is about no claim.
    pub topic: String,
    /// What happened, as JSON without personal data.
    pub payload: String,
    /// When.
    pub created_at: Timestamp,
}

pub(crate) const EVENT: &str = "SELECT claim_event.sequence AS sequence, claim_id, at_time, actor, command, revision, status,
    content_digest, body_digest, previous_hash, hash, body
    FROM claim_event LEFT JOIN claim_event_body ON claim_event_body.sequence = claim_event.sequence";

pub(crate) fn event(row: &Row) -> Result<ClaimEvent, StoreError> {
    let row = row.of("claim_event", "sequence");
    Ok(ClaimEvent {
        sequence: row.integer("sequence")?,
        claim: ClaimId::verbatim(&row.text_or_null("claim_id")?.unwrap_or_default()),
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

/// What an entry is about.
pub(crate) enum Subject<'a> {
    /// A claim, as it is afterwards.
    Claim(&'a Claim),
    /// Something else: the policy's number and digest, or 0 and zeros.
    Other { number: u32, digest: Digest },
}

impl Subject<'_> {
    /// A halt, or whatever has no content of its own.
    pub(crate) fn nothing() -> Self {
        Self::Other {
            number: 0,
            digest: beginning(),
        }
    }
}

/// A row as an entry holds it.
#[derive(Serialize, Deserialize)]
struct RowJson {
    table: String,
    key: String,
    row: Box<RawValue>,
}

/// What an entry's body says beside the command: the rows that the step wrote, and the digest of all rows of the claim.
#[derive(Deserialize)]
struct TracesJson {
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    rows: Option<Vec<RowJson>>,
}

/// The rows that the entries of a claim, or those about none, wrote.
#[derive(Default)]
pub(crate) struct Traces {
    /// The last image of each row, with the number of its entry.
    pub(crate) rows: BTreeMap<RowKey, (i64, String)>,
    /// The digest of all rows after the last entry that has one.
    pub(crate) state: Option<Digest>,
    /// Whether an entry's body was erased, so that rows it wrote are not known.
    pub(crate) has_erased: bool,
    /// Whether any entry keeps rows; before migration 10 none did.
    pub(crate) has_rows: bool,
}

impl Traces {
    /// Takes an entry's body; false when it cannot be read.
    pub(crate) fn take(&mut self, sequence: i64, body: Option<&str>) -> bool {
        let Some(body) = body else {
            self.has_erased = true;
            self.state = None;
            return true;
        };
        let Ok(traces) = serde_json::from_str::<TracesJson>(body) else {
            return false;
        };
        if let Some(rows) = traces.rows {
            self.has_rows = true;
            for RowJson { table, key, row } in rows {
                self.rows
                    .insert(RowKey { table, key }, (sequence, row.get().to_owned()));
            }
        }
        if let Some(state) = traces.state {
            self.state = Digest::parse(&state);
        }
        true
    }
}

/// The body of an entry: what the command said, with the rows that the step wrote. `said` is a JSON object.
fn body_of(said: &str, before: &Rows, after: &Rows, has_state: bool) -> String {
    let rows: Vec<RowJson> = images::changed(before, after)
        .map(|(key, row)| RowJson {
            table: key.table.clone(),
            key: key.key.clone(),
            row: RawValue::from_string(row.clone()).expect("a row was printed as JSON"),
        })
        .collect();
    let mut text = said.strip_suffix('}').unwrap_or(said).to_owned();
    if has_state {
        text.push_str(&format!(",\"state\":\"{}\"", images::digest(after)));
    }
    text.push_str(&format!(",\"rows\":{}}}", json(&rows)));
    text
}

/// Appends one entry about a claim and answers its number: `before` are the rows of the claim as the step found them.
pub(crate) async fn append_step(
    tx: &mut Tx,
    claim: &Claim,
    before: &Rows,
    (actor, command, said): (&str, &str, &str),
    now: Timestamp,
) -> Result<i64, StoreError> {
    let after = images::of_claim(&mut Reader::Tx(tx), &claim.id).await?;
    let body = body_of(said, before, &after, true);
    append(tx, &Subject::Claim(claim), (actor, command, &body), now).await
}

/// Appends one entry about no claim.
pub(crate) async fn append_other(
    tx: &mut Tx,
    subject: &Subject<'_>,
    before: &Rows,
    (actor, command, said): (&str, &str, &str),
    now: Timestamp,
) -> Result<i64, StoreError> {
    let after = images::of_no_claim(&mut Reader::Tx(tx)).await?;
    let body = body_of(said, before, &after, false);
    append(tx, subject, (actor, command, &body), now).await
}

/// Appends one entry about work that leaves no row of money behind: what was said is all that it keeps.
pub(crate) async fn append_said(
    tx: &mut Tx,
    (actor, command, said): (&str, &str, &str),
    now: Timestamp,
) -> Result<i64, StoreError> {
    let body = body_of(said, &Rows::new(), &Rows::new(), false);
    append(tx, &Subject::nothing(), (actor, command, &body), now).await
}

/// Appends one entry about an appeal: `before` are the rows of that appeal as the step found them.
pub(crate) async fn append_appeal(
    tx: &mut Tx,
    appeal: &AppealId,
    before: &Rows,
    (actor, command, said): (&str, &str, &str),
    now: Timestamp,
) -> Result<i64, StoreError> {
    let after = images::of_appeal(&mut Reader::Tx(tx), appeal).await?;
    let body = body_of(said, before, &after, false);
    append(tx, &Subject::nothing(), (actor, command, &body), now).await
}

/// Appends one entry and its outbox message, and answers its number. All steps queue here: the chain has one end.
async fn append(
    tx: &mut Tx,
    subject: &Subject<'_>,
    (actor, command, body): (&str, &str, &str),
    now: Timestamp,
) -> Result<i64, StoreError> {
    tx.serialize("claim_event").await?;
    let last = tx
        .row(
            "SELECT sequence, hash FROM claim_event ORDER BY sequence DESC LIMIT 1",
            vec![],
        )
        .await?;
    let last = match &last {
        None => None,
        Some(row) => {
            let row = row.of("claim_event", "sequence");
            Some((row.integer("sequence")?, row.parsed("hash", Digest::parse)?))
        }
    };
    let (claim, revision, status, content_digest) = match subject {
        Subject::Claim(claim) => (
            claim.id.clone(),
            claim.revision,
            claim.status,
            claim.content_digest(),
        ),
        Subject::Other { number, digest } => {
            (ClaimId::verbatim(""), *number, ClaimStatus::Draft, *digest)
        }
    };
    let entry = Entry {
        sequence: last.map_or(1, |(sequence, _)| sequence.saturating_add(1)),
        claim,
        at: now,
        actor: actor.to_owned(),
        command: command.to_owned(),
        revision,
        status,
        content_digest,
        body_digest: body_digest(body),
        previous_hash: last.map_or_else(beginning, |(_, hash)| hash),
    };
    let claim_id = Some(entry.claim.as_str()).filter(|id| !id.is_empty());
    tx.run(
        "INSERT INTO claim_event (sequence, claim_id, at_time, actor, command, revision, status, content_digest,
            body_digest, previous_hash, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        values![
            entry.sequence,
            claim_id,
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
    let topic = if claim_id.is_some() {
        format!("claim.{command}")
    } else {
        command.to_owned()
    };
    tx.run(
        "INSERT INTO outbox (sequence, topic, payload, created_at) VALUES ($1, $2, $3, $4)",
        values![entry.sequence, topic, payload, now],
    )
    .await?;
    Ok(entry.sequence)
}

/// What the log says of a claim's last step.
pub(crate) struct LastStep {
    pub(crate) sequence: i64,
    /// How the rows found differ from what the step left; `None` where they do not.
    pub(crate) damage: Option<String>,
    /// Whether the entry keeps rows; before migration 10 none did.
    pub(crate) keeps_rows: bool,
}

/// The last step of a claim, compared with the rows that were found; `None` when there is none.
pub(crate) async fn last_step(
    tx: &mut Tx,
    claim: &Claim,
    found: &Rows,
) -> Result<Option<LastStep>, StoreError> {
    let sql = format!("{EVENT} WHERE claim_id = $1 ORDER BY claim_event.sequence DESC LIMIT 1");
    let row = tx.row(&sql, values![claim.id.as_str()]).await?;
    let Some(last) = row.as_ref().map(event).transpose()? else {
        return Ok(None);
    };
    let sequence = last.sequence;
    let mut traces = Traces::default();
    let is_readable = traces.take(sequence, last.body.as_deref());
    Ok(Some(LastStep {
        sequence,
        keeps_rows: traces.has_rows,
        damage: if is_readable {
            damage(last, claim, found, &traces)
        } else {
            Some(format!("the body of entry {sequence} cannot be read"))
        },
    }))
}

fn damage(last: ClaimEvent, claim: &Claim, found: &Rows, traces: &Traces) -> Option<String> {
    let sequence = last.sequence;
    let is_same = last.revision == claim.revision && last.status == claim.status;
    let logged = last.logged();
    if logged.entry.hash() != logged.hash {
        return Some(format!("entry {sequence} of the log was changed"));
    }
    if !is_same {
        return Some(format!("entry {sequence} of the log left it otherwise"));
    }
    let Some(body) = &logged.body else {
        return Some(format!("the body of entry {sequence} was erased"));
    };
    if body_digest(body) != logged.entry.body_digest {
        return Some(format!("the body of entry {sequence} was changed"));
    }
    // Entries from before the log kept rows say nothing about them.
    let differs = traces.has_rows && traces.state != Some(images::digest(found));
    differs.then(|| format!("its rows are not as entry {sequence} of the log left them"))
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

    /// One page of the log, oldest first, after a number (0 for the first page); an empty page is the end. This is what is
    /// exported.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn export_log(&self, after: i64, limit: u32) -> Result<Vec<ClaimEvent>, StoreError> {
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
        let sql = "SELECT sequence, hash FROM claim_event ORDER BY sequence DESC LIMIT 1";
        let Some(row) = self.db.row(sql, vec![]).await? else {
            return Ok(None);
        };
        let row = row.of("claim_event", "sequence");
        Ok(Some(Head {
            sequence: row.integer("sequence")?,
            hash: row.parsed("hash", Digest::parse)?,
        }))
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
