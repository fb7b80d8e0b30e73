//! Appeals, what people noted on them, and the current outcome of matching each.

use crate::addresses::ImportCounts;
use crate::appeal_work;
use crate::error::StoreError;
use crate::match_undo;
use crate::sql::{Reader, Row, Statement, Tx, Value, detached, json, rows_per_statement, values};
use crate::store::Store;
use recover_core::appeal::{
    Appeal, AppealId, AppealStatus, Entitlement, MatchAsk, MatchDecision, MatchOutcome,
    MatchReason, MatchTier,
};
use recover_core::observation::DepositId;
use recover_core::question::AppealField;
use recover_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// An appeal with where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAppeal {
    /// The appeal, verbatim.
    pub appeal: Appeal,
    /// Where it stands.
    pub status: AppealStatus,
    /// Why it stands there; `None` when nobody said.
    pub status_reason: Option<String>,
    /// Who works on it.
    pub assigned_to: Option<String>,
    /// When it was first imported.
    pub imported_at: Timestamp,
    /// When anything of it last changed.
    pub updated_at: Timestamp,
}

/// A note on an appeal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppealNote {
    /// Counts the notes of its appeal, from 1.
    pub number: u32,
    /// Who wrote it.
    pub written_by: String,
    /// When.
    pub written_at: Timestamp,
    /// What.
    pub text: String,
}

/// Which appeals to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AppealFilter {
    /// Only these statuses; empty for all.
    pub statuses: Vec<AppealStatus>,
    /// Only this user.
    pub user_id: Option<String>,
    /// Only this person's.
    pub assigned_to: Option<String>,
    /// Only those matched to this deposit.
    pub deposit: Option<DepositId>,
}

impl AppealFilter {
    /// Those that matching still looks at.
    #[must_use]
    pub fn open() -> Self {
        Self {
            statuses: AppealStatus::ALL
                .iter()
                .copied()
                .filter(|status| status.is_open())
                .collect(),
            ..Self::default()
        }
    }
}

/// A place in the list of appeals, after which the next page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppealCursor {
    created_at: Timestamp,
    id: AppealId,
}

/// One page of appeals, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppealPage {
    /// The appeals.
    pub appeals: Vec<StoredAppeal>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<AppealCursor>,
}

#[derive(Serialize, Deserialize)]
struct ReasonJson {
    field: String,
    verdict: String,
    weight: i32,
    detail: String,
}

pub(crate) const COLUMNS: &str = "appeal.id AS id, user_id, created_at, claimed_txid, claimed_network, claimed_asset, claimed_amount,
    claimed_to_address, claimed_memo, claimed_from_address, claimed_at, ownership_proof, session_view_at, free_text,
    language, time_zone, status, status_reason, assigned_to, imported_at, updated_at";

fn stored_appeal(row: &Row) -> Result<StoredAppeal, StoreError> {
    let row = row.of("appeal", "id");
    Ok(StoredAppeal {
        appeal: Appeal {
            id: AppealId::verbatim(&row.text("id")?),
            user_id: row.text("user_id")?,
            created_at: row.time("created_at")?,
            claimed_txid: row.text("claimed_txid")?,
            claimed_network: row.text("claimed_network")?,
            claimed_asset: row.text("claimed_asset")?,
            claimed_amount: row.text("claimed_amount")?,
            claimed_to_address: row.text("claimed_to_address")?,
            claimed_memo: row.text("claimed_memo")?,
            claimed_from_address: row.text("claimed_from_address")?,
            claimed_at: row.text("claimed_at")?,
            ownership_proof: row.text("ownership_proof")?,
            session_view_at: row.time_or_null("session_view_at")?,
            free_text: row.text("free_text")?,
            language: row.text_or_null("language")?,
            time_zone: row.text_or_null("time_zone")?,
        },
        status: row.parsed("status", AppealStatus::from_code)?,
        status_reason: row.text_or_null("status_reason")?,
        assigned_to: row.text_or_null("assigned_to")?,
        imported_at: row.time("imported_at")?,
        updated_at: row.time("updated_at")?,
    })
}

/// What customers answered later, beside [`COLUMNS`].
pub(crate) const fn overlaid_columns() -> &'static str {
    "(SELECT fields FROM appeal_said WHERE appeal_said.appeal_id = appeal.id) AS said"
}

/// An appeal with what its customer answered later in the place of its first words; an answer in words is added to the text.
pub(crate) fn overlaid_appeal(row: &Row) -> Result<StoredAppeal, StoreError> {
    let mut stored = stored_appeal(row)?;
    let row = row.of("appeal", "id");
    if row.text_or_null("said")?.is_some() {
        let said: BTreeMap<String, String> = row.json("said")?;
        overlay(&mut stored.appeal, &said);
    }
    Ok(stored)
}

/// Puts answers in the place of fields.
fn overlay(appeal: &mut Appeal, said: &BTreeMap<String, String>) {
    for (code, text) in said {
        let field = match AppealField::from_code(code) {
            Some(AppealField::TxId) => &mut appeal.claimed_txid,
            Some(AppealField::Network) => &mut appeal.claimed_network,
            Some(AppealField::Asset) => &mut appeal.claimed_asset,
            Some(AppealField::Amount) => &mut appeal.claimed_amount,
            Some(AppealField::To) => &mut appeal.claimed_to_address,
            Some(AppealField::Memo) => &mut appeal.claimed_memo,
            Some(AppealField::From) => &mut appeal.claimed_from_address,
            Some(AppealField::Time) => &mut appeal.claimed_at,
            Some(AppealField::Text) => {
                if !appeal.free_text.is_empty() {
                    appeal.free_text.push('\n');
                }
                appeal.free_text.push_str(text);
                continue;
            }
            // A later version's field is no reason to lose the others.
            None => continue,
        };
        field.clone_from(text);
    }
}

pub(crate) fn outcome(row: &Row) -> Result<MatchOutcome, StoreError> {
    let row = row.of("match_outcome", "appeal_id");
    let reasons = row.json::<Vec<ReasonJson>>("reasons")?;
    Ok(MatchOutcome {
        appeal: AppealId::verbatim(&row.text("appeal_id")?),
        deposit: row
            .text_or_null("deposit_id")?
            .map(|id| DepositId::verbatim(&id)),
        decision: row.parsed("decision", MatchDecision::from_code)?,
        tier: row.parsed("tier", MatchTier::from_code)?,
        score_ppb: row.number("score_ppb")?,
        identify: row.number("identify")?,
        entitle: row.number("entitle")?,
        entitled_by: row
            .json::<Vec<String>>("entitled_by")?
            .iter()
            .map(|code| {
                Entitlement::from_code(code).ok_or_else(|| row.unknown("entitled_by", code))
            })
            .collect::<Result<_, _>>()?,
        ask: row.parsed_or_null("ask", MatchAsk::from_code)?,
        reasons: reasons
            .into_iter()
            .map(|reason| MatchReason {
                field: reason.field,
                verdict: reason.verdict,
                weight: reason.weight,
                detail: reason.detail,
            })
            .collect(),
    })
}

/// Under this name outcomes are stored and matches taken back one after the other: a run that read the appeals before a match was
/// taken back must not propose it afterwards.
pub(crate) const MATCHING: &str = "match";

pub(crate) const OUTCOME: &str = "SELECT appeal_id, deposit_id, decision, tier, score_ppb, identify, entitle, entitled_by, ask, reasons FROM match_outcome";

impl Store {
    /// Adds a batch of appeals, or updates those that it has, by id. A decided one (refused, duplicate, closed) keeps its
    /// status and its text and is counted as kept; an open one whose text changed is received again, so that matching
    /// looks at it anew unless a person decided which deposit it means. All of the batch or nothing.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn import_appeals(
        &self,
        appeals: Vec<Appeal>,
        now: Timestamp,
    ) -> Result<ImportCounts, StoreError> {
        let db = self.db.clone();
        detached(async move {
            let mut tx = db.begin().await?;
            let mut counts = ImportCounts::default();
            let unique: BTreeMap<AppealId, Appeal> =
                appeals.into_iter().map(|appeal| (appeal.id.clone(), appeal)).collect();
            let all: Vec<Appeal> = unique.into_values().collect();
            for chunk in all.chunks(rows_per_statement(20)) {
                let mut statement = Statement::new(&format!("SELECT {COLUMNS} FROM appeal WHERE id IN "));
                statement.bind_list(chunk.iter().map(|appeal| appeal.id.as_str()));
                statement.push(" ORDER BY id").push(tx.lock_rows());
                let mut stored = HashMap::new();
                for row in tx.rows(&statement.text, statement.values).await? {
                    let known = stored_appeal(&row)?;
                    stored.insert(known.appeal.id.clone(), known);
                }
                let mut rows: Vec<Vec<Value>> = Vec::new();
                for appeal in chunk {
                    match stored.get(&appeal.id) {
                        Some(known) if known.appeal == *appeal => {
                            counts.unchanged += 1;
                            continue;
                        }
                        Some(known) if !known.status.is_open() => {
                            counts.kept += 1;
                            continue;
                        }
                        Some(_) => counts.updated += 1,
                        None => counts.inserted += 1,
                    }
                    rows.push(values![
                        appeal.id.as_str(),
                        &appeal.user_id,
                        appeal.created_at,
                        &appeal.claimed_txid,
                        &appeal.claimed_network,
                        &appeal.claimed_asset,
                        &appeal.claimed_amount,
                        &appeal.claimed_to_address,
                        &appeal.claimed_memo,
                        &appeal.claimed_from_address,
                        &appeal.claimed_at,
                        &appeal.ownership_proof,
                        appeal.session_view_at,
                        &appeal.free_text,
                        appeal.language.as_deref(),
                        appeal.time_zone.as_deref(),
                        AppealStatus::Received.code(),
                        now,
                        now
                    ]);
                }
                tx.insert_rows(
                    "INSERT INTO appeal (id, user_id, created_at, claimed_txid, claimed_network, claimed_asset,
                        claimed_amount, claimed_to_address, claimed_memo, claimed_from_address, claimed_at,
                        ownership_proof, session_view_at, free_text, language, time_zone, status, imported_at,
                        updated_at) VALUES ",
                    rows,
                    " ON CONFLICT (id) DO UPDATE SET user_id = excluded.user_id, created_at = excluded.created_at,
                        claimed_txid = excluded.claimed_txid, claimed_network = excluded.claimed_network,
                        claimed_asset = excluded.claimed_asset, claimed_amount = excluded.claimed_amount,
                        claimed_to_address = excluded.claimed_to_address, claimed_memo = excluded.claimed_memo,
                        claimed_from_address = excluded.claimed_from_address, claimed_at = excluded.claimed_at,
                        ownership_proof = excluded.ownership_proof, session_view_at = excluded.session_view_at,
                        free_text = excluded.free_text, language = excluded.language, time_zone = excluded.time_zone,
                        status = CASE WHEN EXISTS (SELECT 1 FROM appeal_truth WHERE appeal_truth.appeal_id = excluded.id)
                            THEN appeal.status ELSE excluded.status END,
                        status_reason = NULL, updated_at = excluded.updated_at",
                )
                .await?;
            }
            tx.commit().await?;
            Ok(counts)
        })
        .await
    }

    /// One appeal, with what its customer answered later in the place of its first words; `None` when there is none with this
    /// id.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn appeal(&self, id: &AppealId) -> Result<Option<StoredAppeal>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS}, {} FROM appeal WHERE id = $1",
            overlaid_columns()
        );
        let row = self.db.row(&sql, values![id.as_str()]).await?;
        row.as_ref().map(overlaid_appeal).transpose()
    }

    /// One appeal in its first words, whatever was answered later; `None` when there is none with this id.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn original_appeal(&self, id: &AppealId) -> Result<Option<Appeal>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM appeal WHERE id = $1");
        let row = self.db.row(&sql, values![id.as_str()]).await?;
        Ok(row
            .as_ref()
            .map(stored_appeal)
            .transpose()?
            .map(|stored| stored.appeal))
    }

    /// One page of appeals, oldest first, with later answers as in [`Store::appeal`].
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn list_appeals(
        &self,
        filter: &AppealFilter,
        after: Option<&AppealCursor>,
        limit: u32,
    ) -> Result<AppealPage, StoreError> {
        let mut statement = Statement::new(&format!(
            "SELECT {COLUMNS}, {} FROM appeal WHERE 1 = 1",
            overlaid_columns()
        ));
        if !filter.statuses.is_empty() {
            statement.push(" AND status IN ");
            statement.bind_list(filter.statuses.iter().map(|status| status.code()));
        }
        if let Some(user_id) = &filter.user_id {
            statement.push(" AND user_id = ").bind(user_id);
        }
        if let Some(person) = &filter.assigned_to {
            statement.push(" AND assigned_to = ").bind(person);
        }
        if let Some(deposit) = &filter.deposit {
            statement.push(" AND id IN (SELECT appeal_id FROM match_outcome WHERE deposit_id = ");
            statement.bind(deposit).push(")");
        }
        if let Some(cursor) = after {
            statement
                .push(" AND created_at >= ")
                .bind(cursor.created_at);
            statement
                .push(" AND (created_at > ")
                .bind(cursor.created_at);
            statement
                .push(" OR id > ")
                .bind(cursor.id.as_str())
                .push(")");
        }
        statement
            .push(" ORDER BY created_at, id LIMIT ")
            .bind(limit);
        let rows = self.db.rows(&statement.text, statement.values).await?;
        let appeals: Vec<StoredAppeal> =
            rows.iter().map(overlaid_appeal).collect::<Result<_, _>>()?;
        let is_full = u64::try_from(appeals.len()).is_ok_and(|count| count >= u64::from(limit));
        let next = appeals.last().filter(|_| is_full).map(|last| AppealCursor {
            created_at: last.appeal.created_at,
            id: last.appeal.id.clone(),
        });
        Ok(AppealPage { appeals, next })
    }

    /// How many appeals stand where.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn count_appeals(&self) -> Result<Vec<(AppealStatus, u64)>, StoreError> {
        let rows = self
            .db
            .rows(
                "SELECT status, COUNT(*) AS count FROM appeal GROUP BY status ORDER BY status",
                vec![],
            )
            .await?;
        rows.iter()
            .map(|row| {
                let row = row.of("appeal", "status");
                Ok((
                    row.parsed("status", AppealStatus::from_code)?,
                    row.number("count")?,
                ))
            })
            .collect()
    }

    /// Moves an appeal, with the reason. `false` when there is none with this id.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn set_appeal_status(
        &self,
        id: &AppealId,
        status: AppealStatus,
        reason: Option<&str>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.change_appeal(
            "UPDATE appeal SET status = $1, status_reason = $2, updated_at = $3 WHERE id = $4",
            values![status.code(), reason, now, id.as_str()],
        )
        .await
    }

    /// Gives an appeal to a person, or to nobody. `false` when there is none with this id.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn assign_appeal(
        &self,
        id: &AppealId,
        person: Option<&str>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.change_appeal(
            "UPDATE appeal SET assigned_to = $1, updated_at = $2 WHERE id = $3",
            values![person, now, id.as_str()],
        )
        .await
    }

    async fn change_appeal(
        &self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<bool, StoreError> {
        let db = self.db.clone();
        detached(async move {
            let mut tx = db.begin().await?;
            let changed = tx.run(sql, values).await?;
            tx.commit().await?;
            Ok(changed > 0)
        })
        .await
    }

    /// Adds a note. `false` when there is no appeal with this id.
    ///
    /// # Errors
    /// When the text is empty, or the database cannot be written.
    pub async fn add_appeal_note(
        &self,
        id: &AppealId,
        written_by: &str,
        text: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (db, id) = (self.db.clone(), id.clone());
        let (written_by, text) = (written_by.to_owned(), text.to_owned());
        detached(async move {
            let mut tx = db.begin().await?;
            let sql = format!("SELECT id FROM appeal WHERE id = $1{}", tx.lock_rows());
            if tx.row(&sql, values![id.as_str()]).await?.is_none() {
                return Ok(false);
            }
            tx.run(
                "INSERT INTO appeal_note (appeal_id, number, written_by, written_at, text)
                 SELECT $1, COALESCE(MAX(number), 0) + 1, $2, $3, $4 FROM appeal_note WHERE appeal_id = $5",
                values![id.as_str(), &written_by, now, &text, id.as_str()],
            )
            .await?;
            tx.commit().await?;
            Ok(true)
        })
        .await
    }

    /// The notes on an appeal, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn appeal_notes(&self, id: &AppealId) -> Result<Vec<AppealNote>, StoreError> {
        let rows = self
            .db
            .rows(
                "SELECT appeal_id, number, written_by, written_at, text FROM appeal_note
                 WHERE appeal_id = $1 ORDER BY number",
                values![id.as_str()],
            )
            .await?;
        rows.iter()
            .map(|row| {
                let row = row.of("appeal_note", "appeal_id");
                Ok(AppealNote {
                    number: row.number("number")?,
                    written_by: row.text("written_by")?,
                    written_at: row.time("written_at")?,
                    text: row.text("text")?,
                })
            })
            .collect()
    }

    /// Stores the outcome of matching, in place of the last one of each appeal, and moves the appeals along: `auto` and
    /// `review` to matched, `none` to no_match, `conflict` to conflict. An appeal that a person decided or set to wait is
    /// not moved; one that needs more from the customer is moved only by a match. An outcome whose pair a person took back
    /// meanwhile is dropped: its appeal waits for the next run. Where a person said which deposit is meant, that stays.
    ///
    /// # Errors
    /// When an appeal or a deposit is not stored, or the database cannot be written; then none is.
    pub async fn put_match_outcomes(
        &self,
        outcomes: Vec<MatchOutcome>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let db = self.db.clone();
        detached(async move {
            let mut tx = db.begin().await?;
            tx.serialize(MATCHING).await?;
            let undone = match_undo::excluded(&mut Reader::Tx(&mut tx)).await?;
            let decided = appeal_work::decided(&mut Reader::Tx(&mut tx)).await?;
            write_outcomes(&mut tx, outcomes, (&undone, &decided), now).await?;
            tx.commit().await
        })
        .await
    }

    /// The current outcome of matching an appeal; `None` before it was matched.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn match_outcome(
        &self,
        appeal: &AppealId,
    ) -> Result<Option<MatchOutcome>, StoreError> {
        let sql = format!("{OUTCOME} WHERE appeal_id = $1");
        let row = self.db.row(&sql, values![appeal.as_str()]).await?;
        row.as_ref().map(outcome).transpose()
    }

    /// The current outcomes that name a deposit, by appeal.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn match_outcomes_of(
        &self,
        deposit: &DepositId,
    ) -> Result<Vec<MatchOutcome>, StoreError> {
        let sql = format!("{OUTCOME} WHERE deposit_id = $1 ORDER BY appeal_id");
        let rows = self.db.rows(&sql, values![deposit]).await?;
        rows.iter().map(outcome).collect()
    }

    /// The users with an open appeal that is matched to a deposit (auto, review or conflict), each once, sorted: whoever of
    /// them is not the beneficiary is a rival.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn claimants_of(&self, deposit: &DepositId) -> Result<Vec<String>, StoreError> {
        claimants(&mut Reader::Db(&self.db), deposit).await
    }
}

/// Deposits that were taken back from appeals.
pub(crate) type UndonePairs = BTreeMap<AppealId, BTreeSet<DepositId>>;

/// Writes outcomes and moves their appeals along, as [`Store::put_match_outcomes`] says; the caller holds [`MATCHING`]. The
/// appeals whose outcomes were not written, because a person decided or took the pair back.
pub(crate) async fn write_outcomes(
    tx: &mut Tx,
    outcomes: Vec<MatchOutcome>,
    (undone, decided): (&UndonePairs, &BTreeSet<AppealId>),
    now: Timestamp,
) -> Result<BTreeSet<AppealId>, StoreError> {
    let is_undone = |outcome: &MatchOutcome| {
        let pairs = undone.get(&outcome.appeal);
        outcome
            .deposit
            .as_ref()
            .is_some_and(|deposit| pairs.is_some_and(|deposits| deposits.contains(deposit)))
    };
    let mut skipped = BTreeSet::new();
    let mut unique: BTreeMap<AppealId, MatchOutcome> = BTreeMap::new();
    for outcome in outcomes {
        if is_undone(&outcome) || decided.contains(&outcome.appeal) {
            skipped.insert(outcome.appeal);
        } else {
            unique.insert(outcome.appeal.clone(), outcome);
        }
    }
    let mut moved = Vec::with_capacity(unique.len());
    let mut rows = Vec::with_capacity(unique.len());
    for outcome in unique.into_values() {
        moved.push((outcome.appeal.clone(), outcome.decision));
        let reasons: Vec<ReasonJson> = outcome
            .reasons
            .into_iter()
            .map(|reason| ReasonJson {
                field: reason.field,
                verdict: reason.verdict,
                weight: reason.weight,
                detail: reason.detail,
            })
            .collect();
        let entitled_by: Vec<&str> = outcome.entitled_by.iter().map(|of| of.code()).collect();
        rows.push(values![
            outcome.appeal.as_str(),
            outcome.deposit.as_ref(),
            outcome.decision.code(),
            outcome.tier.code(),
            outcome.score_ppb,
            i64::from(outcome.identify),
            i64::from(outcome.entitle),
            json(&entitled_by),
            outcome.ask.map(|ask| ask.code()),
            json(&reasons),
            now
        ]);
    }
    tx.insert_rows(
        "INSERT INTO match_outcome (appeal_id, deposit_id, decision, tier, score_ppb, identify, entitle, entitled_by, ask, reasons,
            matched_at) VALUES ",
        rows,
        " ON CONFLICT (appeal_id) DO UPDATE SET deposit_id = excluded.deposit_id, decision = excluded.decision,
            tier = excluded.tier, score_ppb = excluded.score_ppb, identify = excluded.identify, entitle = excluded.entitle,
            entitled_by = excluded.entitled_by, ask = excluded.ask, reasons = excluded.reasons, matched_at = excluded.matched_at",
    )
    .await?;
    move_along(tx, moved, now).await?;
    Ok(skipped)
}

/// Moves appeals to where these decisions put them, but for those that a person decided or set to wait.
pub(crate) async fn move_along(
    tx: &mut Tx,
    decisions: Vec<(AppealId, MatchDecision)>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut moved: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    for (appeal, decision) in decisions {
        let status = match decision {
            MatchDecision::Auto | MatchDecision::Review => AppealStatus::Matched,
            MatchDecision::None => AppealStatus::NoMatch,
            MatchDecision::Conflict => AppealStatus::Conflict,
        };
        let list = moved.entry(status.code()).or_default();
        list.push(appeal.as_str().to_owned());
    }
    for (status, ids) in moved {
        let movable: &[&str] = if status == AppealStatus::Matched.code() {
            &["received", "no_match", "conflict", "needs_info"]
        } else {
            &["received", "no_match", "matched", "conflict"]
        };
        for chunk in ids.chunks(rows_per_statement(4)) {
            let mut statement = Statement::new("UPDATE appeal SET status = ");
            statement
                .bind(status)
                .push(", status_reason = NULL, updated_at = ")
                .bind(now);
            statement.push(" WHERE status <> ").bind(status);
            statement
                .push(" AND status IN ")
                .bind_list(movable.iter().copied());
            statement.push(" AND id IN ").bind_list(chunk);
            tx.run_statement(statement).await?;
        }
    }
    Ok(())
}

/// What a file tells of the same transfer counts with what a source saw of it: two appeals for one deposit must meet, also
/// when one of them was matched to its row of the file. Amounts of one scale that differ are two transfers.
pub(crate) async fn claimants(
    reader: &mut Reader<'_>,
    deposit: &DepositId,
) -> Result<Vec<String>, StoreError> {
    let rows = reader
        .rows(
            "SELECT DISTINCT user_id FROM appeal JOIN match_outcome ON match_outcome.appeal_id = appeal.id
             WHERE (match_outcome.deposit_id = $1 OR match_outcome.deposit_id IN (
                    SELECT told.id FROM deposit AS seen
                    JOIN deposit AS told ON told.tx_id = seen.tx_id AND told.network = seen.network
                    WHERE seen.id = $2 AND seen.origin = 'observed' AND told.origin = 'imported'
                        AND LOWER(told.to_text) = LOWER(seen.to_text)
                        AND (told.decimals <> seen.decimals OR told.amount = seen.amount)))
                AND decision <> 'none' AND status NOT IN ('refused', 'duplicate', 'closed')
             ORDER BY user_id",
            values![deposit, deposit],
        )
        .await?;
    rows.iter()
        .map(|row| row.of("appeal", "user_id").text("user_id"))
        .collect()
}
