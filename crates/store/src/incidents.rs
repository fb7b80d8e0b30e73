//! Incidents: what went wrong and needs a person, with the next steps. Opening and closing one are entries of the log.

use crate::claims::claim_in;
use crate::error::StoreError;
use crate::images;
use crate::log::{Subject, append_other, append_step, last_step};
use crate::sql::{Reader, Row, Tx, detached, json, values};
use crate::store::Store;
use recover_core::claim::ClaimId;
use recover_core::digest::Encoder;
use recover_core::time::Timestamp;
use serde::Serialize;

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IncidentKind {
    /// What went out, or what the ledger booked, is not what was approved.
    Mispaid,
    /// A reorganisation took a deposit away whose claim had left the house.
    DepositGoneAfterHandover,
    /// A transaction that we do not know used a slot of ours.
    SlotUsedByAnother,
    /// The log or the tables were written behind the program.
    LogDamaged,
}

impl IncidentKind {
    const ALL: [Self; 4] = [
        Self::Mispaid,
        Self::DepositGoneAfterHandover,
        Self::SlotUsedByAnother,
        Self::LogDamaged,
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Mispaid => "mispaid",
            Self::DepositGoneAfterHandover => "deposit_gone_after_handover",
            Self::SlotUsedByAnother => "slot_used_by_another",
            Self::LogDamaged => "log_damaged",
        }
    }

    fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// What the people on duty do next, one step a line.
    #[must_use]
    pub const fn next_steps(self) -> &'static str {
        match self {
            Self::Mispaid => {
                "stop every release with `halt set`\n\
                 where the package can still happen: have its signers use up its slot with a payment of nothing to themselves\n\
                 compare what the network or the ledger shows with `claims show`\n\
                 ask the signers or the ledger's team what they signed or booked, and why\n\
                 tell compliance and the customer's agent; ask the recipient to send it back\n\
                 book the correction by hand, import the ledger, then close this with what was found"
            }
            Self::DepositGoneAfterHandover => {
                "ask the signers not to sign the package, or to replace it in its slot\n\
                 `reconcile` until the network is final again and says whether the deposit came back\n\
                 where it did not: invalidate the claim once its slot is used or its validity over\n\
                 where money went out already: treat it as mispaid"
            }
            Self::SlotUsedByAnother => {
                "ask who holds the account's key which transaction that was\n\
                 give the feed of reserved slots to every program that signs for the account\n\
                 where nobody knows it: stop every release with `halt set` and change the key"
            }
            Self::LogDamaged => {
                "stop every release with `halt set`\n\
                 keep a copy of the database as it is, then find who wrote to it\n\
                 restore it from a backup whose head fits one kept outside, with `audit verify --head`"
            }
        }
    }
}

/// One incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// Its id: `inc_` and 80 bits.
    pub id: String,
    /// The claim; `None` where it is about none.
    pub claim: Option<ClaimId>,
    /// What went wrong.
    pub kind: IncidentKind,
    /// What exactly, in words.
    pub detail: String,
    /// What to do next, one step a line.
    pub next_steps: String,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// Who found it.
    pub opened_by: String,
    /// When, by whom and with which note it was closed; `None` while it is open.
    pub closed: Option<Closing>,
}

/// How an incident ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub person: String,
    /// What was found and done.
    pub note: String,
}

/// What closing an incident did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseAnswer {
    /// It is closed.
    Closed,
    /// It was closed before. Nothing was changed.
    ClosedBefore,
    /// There is none with this id.
    NotFound,
}

const COLUMNS: &str = "id, claim_id, kind, detail, next_steps, opened_at, opened_by, closed_at, closed_by, closing_note";

#[derive(Serialize)]
struct SaidJson<'a> {
    command: &'a str,
    incident: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
    reason: &'a str,
}

fn incident(row: &Row) -> Result<Incident, StoreError> {
    let row = row.of("incident", "id");
    let closed = match (
        row.time_or_null("closed_at")?,
        row.text_or_null("closed_by")?,
        row.text_or_null("closing_note")?,
    ) {
        (Some(at), Some(person), Some(note)) => Some(Closing { at, person, note }),
        _ => None,
    };
    Ok(Incident {
        id: row.text("id")?,
        claim: row
            .text_or_null("claim_id")?
            .map(|id| ClaimId::verbatim(&id)),
        kind: row.parsed("kind", IncidentKind::from_code)?,
        detail: row.text("detail")?,
        next_steps: row.text("next_steps")?,
        opened_at: row.time("opened_at")?,
        opened_by: row.text("opened_by")?,
        closed,
    })
}

/// Writes an incident, or finds the open one that says the same, and answers its id and whether it is new.
pub(crate) async fn insert(
    tx: &mut Tx,
    claim: Option<&ClaimId>,
    kind: IncidentKind,
    detail: &str,
    actor: &str,
    now: Timestamp,
) -> Result<(String, bool), StoreError> {
    let open = tx
        .row(
            "SELECT id FROM incident WHERE closed_at IS NULL AND kind = $1 AND detail = $2
                AND COALESCE(claim_id, '') = $3",
            values![kind.code(), detail, claim.map_or("", ClaimId::as_str)],
        )
        .await?;
    if let Some(row) = open {
        return Ok((row.of("incident", "id").text("id")?, false));
    }
    let digest = Encoder::new("recover/incident/1")
        .optional(claim.map(ClaimId::as_str))
        .field(kind.code())
        .field(detail)
        .field(&now.as_micros().to_string())
        .finish();
    let id = format!(
        "inc_{}",
        hex::encode(digest.bytes().get(..10).unwrap_or_default())
    );
    tx.run(
        "INSERT INTO incident (id, claim_id, kind, detail, next_steps, opened_at, opened_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        values![
            &id,
            claim.map(ClaimId::as_str),
            kind.code(),
            detail,
            kind.next_steps(),
            now,
            actor
        ],
    )
    .await?;
    Ok((id, true))
}

async fn find(reader: &mut Reader<'_>, id: &str) -> Result<Option<Incident>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM incident WHERE id = $1");
    let rows = reader.rows(&sql, values![id]).await?;
    rows.first().map(incident).transpose()
}

/// The rows that an incident stands among, before it is changed.
enum Before {
    OfClaim(Box<recover_core::claim::Claim>, images::Rows),
    OfNone(images::Rows),
}

impl Before {
    async fn read(tx: &mut Tx, claim: Option<&ClaimId>) -> Result<Option<Self>, StoreError> {
        let Some(id) = claim else {
            let rows = images::of_no_claim(&mut Reader::Tx(tx)).await?;
            return Ok(Some(Self::OfNone(rows)));
        };
        let Some(claim) = claim_in(tx, id).await? else {
            return Ok(None);
        };
        let mut rows = images::of_claim(&mut Reader::Tx(tx), id).await?;
        if let Some(last) = last_step(tx, &claim, &rows).await? {
            if let Some(problem) = last.damage {
                return Err(StoreError::ChangedBehind {
                    claim: id.to_string(),
                    problem,
                });
            }
            if !last.keeps_rows {
                rows.clear();
            }
        }
        Ok(Some(Self::OfClaim(Box::new(claim), rows)))
    }

    async fn log(
        &self,
        tx: &mut Tx,
        (actor, command, said): (&str, &str, &str),
        now: Timestamp,
    ) -> Result<(), StoreError> {
        match self {
            Self::OfClaim(claim, before) => {
                append_step(tx, claim, before, (actor, command, said), now).await?;
            }
            Self::OfNone(before) => {
                let subject = Subject::nothing();
                append_other(tx, &subject, before, (actor, command, said), now).await?;
            }
        }
        Ok(())
    }
}

impl Store {
    /// Opens an incident, or finds the open one that says the same. `None` when there is no such claim.
    ///
    /// # Errors
    /// When the database cannot be written, or the claim's rows were changed behind the program.
    pub async fn open_incident(
        &self,
        claim: Option<&ClaimId>,
        kind: IncidentKind,
        detail: &str,
        person: &str,
        now: Timestamp,
    ) -> Result<Option<Incident>, StoreError> {
        let db = self.db.clone();
        let (claim, detail, person) = (claim.cloned(), detail.to_owned(), person.to_owned());
        detached(async move {
            let mut tx = db.begin().await?;
            let Some(before) = Before::read(&mut tx, claim.as_ref()).await? else {
                return Ok(None);
            };
            let (id, is_new) = insert(&mut tx, claim.as_ref(), kind, &detail, &person, now).await?;
            let found = find(&mut Reader::Tx(&mut tx), &id).await?;
            if is_new {
                let said = json(&SaidJson {
                    command: "incident_open",
                    incident: &id,
                    kind: Some(kind.code()),
                    reason: &detail,
                });
                before
                    .log(&mut tx, (&person, "incident_open", &said), now)
                    .await?;
                tx.commit().await?;
            }
            Ok(found)
        })
        .await
    }

    /// Closes an incident with what was found.
    ///
    /// # Errors
    /// When the database cannot be written, or the claim's rows were changed behind the program.
    pub async fn close_incident(
        &self,
        id: &str,
        person: &str,
        note: &str,
        now: Timestamp,
    ) -> Result<CloseAnswer, StoreError> {
        let db = self.db.clone();
        let (id, person, note) = (id.to_owned(), person.to_owned(), note.to_owned());
        detached(async move {
            let mut tx = db.begin().await?;
            let Some(found) = find(&mut Reader::Tx(&mut tx), &id).await? else {
                return Ok(CloseAnswer::NotFound);
            };
            let Some(before) = Before::read(&mut tx, found.claim.as_ref()).await? else {
                return Ok(CloseAnswer::NotFound);
            };
            let written = tx
                .run(
                    "UPDATE incident SET closed_at = $1, closed_by = $2, closing_note = $3
                     WHERE id = $4 AND closed_at IS NULL",
                    values![now, &person, &note, &id],
                )
                .await?;
            if written == 0 {
                return Ok(CloseAnswer::ClosedBefore);
            }
            let said = json(&SaidJson {
                command: "incident_close",
                incident: &id,
                kind: None,
                reason: &note,
            });
            before
                .log(&mut tx, (&person, "incident_close", &said), now)
                .await?;
            tx.commit().await?;
            Ok(CloseAnswer::Closed)
        })
        .await
    }

    /// The incidents, oldest first: all, or only those that are open.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn incidents(&self, open_only: bool) -> Result<Vec<Incident>, StoreError> {
        let condition = if open_only {
            "WHERE closed_at IS NULL"
        } else {
            ""
        };
        let sql = format!("SELECT {COLUMNS} FROM incident {condition} ORDER BY opened_at, id");
        let rows = self.db.rows(&sql, vec![]).await?;
        rows.iter().map(incident).collect()
    }
}
