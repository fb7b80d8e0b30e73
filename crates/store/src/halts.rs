//! Halts of every release, and how two people lift them.
//!
//! The rows are append-only and each has its entry in the log. Where the two do not say the same, releases stay halted.

use crate::claims::RELEASES;
use crate::error::StoreError;
use crate::images;
use crate::log::{Subject, append_other};
use crate::sql::{Reader, Tx, detached, json, values};
use crate::store::Store;
use recover_core::time::Timestamp;
use serde::Serialize;

/// Who halted or lifted, when and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HaltEvent {
    /// Who.
    pub person: String,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

/// Whether releases are halted, and since when.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HaltState {
    /// The halts that are not lifted, oldest first; empty while releases go on.
    pub halts: Vec<HaltEvent>,
    /// Who began to lift them: one more person is needed.
    pub lifting: Option<HaltEvent>,
    /// When the last halt was lifted; the sum of a day's releases begins there.
    pub lifted_at: Option<Timestamp>,
    /// Why the table cannot be believed: it says something else than the log, and releases stay halted.
    pub damage: Option<String>,
}

impl HaltState {
    /// Whether nothing may be released.
    #[must_use]
    pub const fn is_halted(&self) -> bool {
        !self.halts.is_empty() || self.damage.is_some()
    }
}

/// What lifting a halt did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LiftAnswer {
    /// The first of two people: another one must lift it as well.
    First,
    /// The second person: releases go on.
    Lifted,
    /// The same person lifted it before: another one is needed.
    SamePerson,
    /// Nothing is halted.
    NotHalted,
}

const HALT: &str = "halt";
const LIFT: &str = "lift";

#[derive(Serialize)]
struct SaidJson<'a> {
    command: &'a str,
    reason: &'a str,
}

/// The command's code in the log.
fn command(action: &str) -> &'static str {
    if action == HALT { "halt" } else { "halt_lift" }
}

/// What the rows say, compared with the log.
pub(crate) async fn state(reader: &mut Reader<'_>) -> Result<HaltState, StoreError> {
    let mut state = HaltState::default();
    let rows = reader
        .rows(
            "SELECT number, action, person, reason, at_time FROM halt ORDER BY number",
            vec![],
        )
        .await?;
    let logged = reader
        .rows(
            "SELECT sequence, command, actor, at_time FROM claim_event WHERE claim_id IS NULL
                AND (command || '') IN ('halt', 'halt_lift') ORDER BY sequence",
            vec![],
        )
        .await?;
    if rows.len() != logged.len() {
        state.damage = Some(format!(
            "there are {} halts and lifts, and the log tells of {}",
            rows.len(),
            logged.len()
        ));
    }
    for (place, row) in rows.iter().enumerate() {
        let row = row.of("halt", "number");
        let action = row.text("action")?;
        let event = HaltEvent {
            person: row.text("person")?,
            at: row.time("at_time")?,
            reason: row.text("reason")?,
        };
        if let Some(entry) = logged.get(place) {
            let entry = entry.of("claim_event", "sequence");
            let is_same = entry.text("command")? == command(&action)
                && entry.text("actor")? == event.person
                && entry.time("at_time")? == event.at;
            if !is_same && state.damage.is_none() {
                let sequence = entry.integer("sequence")?;
                state.damage = Some(format!(
                    "halt {} is not the one of entry {sequence} of the log",
                    place.saturating_add(1)
                ));
            }
        }
        if action == HALT {
            // Whoever halts anew saw a new reason: lifting begins again.
            state.halts.push(event);
            state.lifting = None;
        } else if state.lifting.is_some() {
            state.lifted_at = Some(event.at);
            state.halts.clear();
            state.lifting = None;
        } else {
            state.lifting = Some(event);
        }
    }
    Ok(state)
}

async fn write(
    tx: &mut Tx,
    action: &'static str,
    person: &str,
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let before = images::of_no_claim(&mut Reader::Tx(tx)).await?;
    tx.run(
        "INSERT INTO halt (number, action, person, reason, at_time)
         SELECT COALESCE(MAX(number), 0) + 1, $1, $2, $3, $4 FROM halt",
        values![action, person, reason, now],
    )
    .await?;
    let command = command(action);
    let said = json(&SaidJson { command, reason });
    append_other(
        tx,
        &Subject::nothing(),
        &before,
        (person, command, &said),
        now,
    )
    .await?;
    Ok(())
}

impl Store {
    /// Halts every release from the moment that this answers. A halt that stands already is joined by another reason, and whoever
    /// had begun to lift it must begin again. An empty reason is refused by the database.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn halt(&self, person: &str, reason: &str, now: Timestamp) -> Result<(), StoreError> {
        let (db, person, reason) = (self.db.clone(), person.to_owned(), reason.to_owned());
        detached(async move {
            let mut tx = db.begin().await?;
            tx.serialize(RELEASES).await?;
            write(&mut tx, HALT, &person, &reason, now).await?;
            tx.commit().await
        })
        .await
    }

    /// Lifts a halt: two different people must. Whether their roles allow it is for the caller to know.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn lift_halt(
        &self,
        person: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<LiftAnswer, StoreError> {
        let (db, person, reason) = (self.db.clone(), person.to_owned(), reason.to_owned());
        detached(async move {
            let mut tx = db.begin().await?;
            tx.serialize(RELEASES).await?;
            let state = state(&mut Reader::Tx(&mut tx)).await?;
            if state.halts.is_empty() {
                return Ok(LiftAnswer::NotHalted);
            }
            let answer = match &state.lifting {
                None => LiftAnswer::First,
                Some(first) if first.person == person => return Ok(LiftAnswer::SamePerson),
                Some(_) => LiftAnswer::Lifted,
            };
            write(&mut tx, LIFT, &person, &reason, now).await?;
            tx.commit().await?;
            Ok(answer)
        })
        .await
    }

    /// Whether releases are halted, by whom, and who began to lift it.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn halt_state(&self) -> Result<HaltState, StoreError> {
        state(&mut Reader::Db(&self.db)).await
    }
}
