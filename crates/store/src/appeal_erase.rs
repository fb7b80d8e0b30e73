//! Erasing what customers wrote, once nobody needs it any more: decisions stay, words go.

use crate::StoreError;
use crate::log::append_said;
use crate::sql::{Statement, Tx, detached, json, values};
use crate::store::Store;
use recover_core::time::Timestamp;
use serde::Serialize;

/// What an erasure did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Erased {
    /// How many appeals lost their words.
    pub appeals: u64,
}

/// Appeals in one transaction.
const BATCH: u32 = 500;

/// What the log says of it.
#[derive(Serialize)]
struct SaidJson<'a> {
    command: &'a str,
    ended_before: String,
    appeals: u64,
}

impl Store {
    /// Erases the words of appeals that ended (refused, duplicate, closed) and were not touched since `before`: the claimed
    /// fields, the free text, the customer's answers, and what the reasons of their match quote. Decisions, codes, weights and
    /// notes stay, and so does the log, which has only digests of customers' words. SQLite overwrites what goes. With
    /// `dry_run` nothing is kept; an appeal without words is not counted.
    ///
    /// # Errors
    /// When the database cannot be read or written; batches done before stay done.
    pub async fn erase_appeal_texts(
        &self,
        before: Timestamp,
        person: &str,
        now: Timestamp,
        dry_run: bool,
    ) -> Result<Erased, StoreError> {
        let (db, person) = (self.db.clone(), person.to_owned());
        detached(async move {
            let mut erased = Erased { appeals: 0 };
            let mut after = String::new();
            loop {
                let mut tx = db.begin().await?;
                let ids = ended_with_words(&mut tx, before, &after).await?;
                let Some(last) = ids.last().cloned() else {
                    return Ok(erased);
                };
                after = last;
                let count = u64::try_from(ids.len()).unwrap_or(u64::MAX);
                erased.appeals = erased.appeals.saturating_add(count);
                if dry_run {
                    continue;
                }
                erase(&mut tx, &ids).await?;
                let said = json(&SaidJson {
                    command: "appeal_erase",
                    ended_before: before.to_string(),
                    appeals: count,
                });
                append_said(&mut tx, (&person, "appeal_erase", &said), now).await?;
                tx.commit().await?;
            }
        })
        .await
    }
}

/// The next ended appeals that have words, by id.
async fn ended_with_words(
    tx: &mut Tx,
    before: Timestamp,
    after: &str,
) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT id FROM appeal WHERE id > $1 AND status IN ('refused', 'duplicate', 'closed') AND updated_at < $2
         AND (claimed_txid <> '' OR claimed_network <> '' OR claimed_asset <> '' OR claimed_amount <> ''
            OR claimed_to_address <> '' OR claimed_memo <> '' OR claimed_from_address <> '' OR claimed_at <> ''
            OR free_text <> '' OR EXISTS (SELECT 1 FROM appeal_said WHERE appeal_id = appeal.id))
         ORDER BY id LIMIT $3";
    let sql = format!("{sql}{}", tx.lock_rows());
    let rows = tx.rows(&sql, values![after, before, BATCH]).await?;
    rows.iter()
        .map(|row| row.of("appeal", "id").text("id"))
        .collect()
}

async fn erase(tx: &mut Tx, ids: &[String]) -> Result<(), StoreError> {
    for sql in [
        "UPDATE appeal SET claimed_txid = '', claimed_network = '', claimed_asset = '', claimed_amount = '',
            claimed_to_address = '', claimed_memo = '', claimed_from_address = '', claimed_at = '', free_text = ''
         WHERE id IN ",
        "DELETE FROM appeal_said WHERE appeal_id IN ",
        "UPDATE appeal_act SET text = NULL WHERE act = 'answer' AND appeal_id IN ",
    ] {
        let mut statement = Statement::new(sql);
        statement.bind_list(ids.iter().map(String::as_str));
        tx.run_statement(statement).await?;
    }
    erase_quotes(tx, ids).await
}

/// The reasons of a match keep what was compared and how it weighed, and lose what they quote.
async fn erase_quotes(tx: &mut Tx, ids: &[String]) -> Result<(), StoreError> {
    let mut statement =
        Statement::new("SELECT appeal_id, reasons FROM match_outcome WHERE appeal_id IN ");
    statement.bind_list(ids.iter().map(String::as_str));
    for row in tx.rows(&statement.text, statement.values).await? {
        let row = row.of("match_outcome", "appeal_id");
        let mut reasons: Vec<serde_json::Map<String, serde_json::Value>> = row.json("reasons")?;
        for reason in &mut reasons {
            if let Some(detail) = reason.get_mut("detail") {
                *detail = String::new().into();
            }
        }
        tx.run(
            "UPDATE match_outcome SET reasons = $1 WHERE appeal_id = $2",
            values![json(&reasons), row.text("appeal_id")?],
        )
        .await?;
    }
    Ok(())
}
