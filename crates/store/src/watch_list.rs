//! Deposits that cannot go on today, with what each is watched for. An entry fires once; whoever looks after it closes it, and
//! it closes by itself once its deposit needs no watching any more. Each change is an entry of the log.

use crate::appeal_work::{self, ActAnswer, ActContext, Work};
use crate::appeals::MATCHING;
use crate::error::StoreError;
use crate::log::append_said;
use crate::sql::{Reader, Row, Statement, Tx, detached, json, values};
use crate::store::Store;
use recover_core::advice::{Trigger, TriggerCode};
use recover_core::appeal::{AppealId, AppealStatus};
use recover_core::deposit::DepositStatus;
use recover_core::digest::Encoder;
use recover_core::observation::DepositId;
use recover_core::time::Timestamp;
use serde::Serialize;

/// One thing that a deposit is watched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchEntry {
    /// Its id: `wch_` and 80 bits.
    pub id: String,
    /// The deposit.
    pub deposit: DepositId,
    /// The appeal that waits for it; `None` where the deposit alone is watched.
    pub appeal: Option<AppealId>,
    /// What it is watched for.
    pub trigger: Trigger,
    /// Who asked for it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When somebody looks at it whatever has come; `None` for never.
    pub recheck_at: Option<Timestamp>,
    /// When it came and what; `None` while it is waited for.
    pub fired: Option<(Timestamp, String)>,
    /// How it ended; `None` while it is open.
    pub closed: Option<WatchEnd>,
}

/// How an entry ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchEnd {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub person: String,
    /// Why.
    pub why: String,
}

/// What somebody wants watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewWatch {
    /// The deposit.
    pub deposit: DepositId,
    /// The appeal that waits for it.
    pub appeal: Option<AppealId>,
    /// For what.
    pub trigger: Trigger,
    /// When to look at it whatever has come.
    pub recheck_at: Option<Timestamp>,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WatchAnswer {
    /// It is watched from now on.
    Added(WatchEntry),
    /// It was watched already; the appeal or the day was noted beside it.
    Changed(WatchEntry),
    /// It was watched already. Nothing was changed.
    Repeated(WatchEntry),
    /// The deposit needs no watching: it stands so. Nothing was changed.
    Done(DepositStatus),
    /// There is no such deposit or appeal; which, in one word.
    NotFound(&'static str),
}

/// What is done to an entry that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WatchMove {
    /// What it was watched for has come; it stays open.
    Fire,
    /// It ends because a person does not want it any more; the appeal goes on waiting.
    Drop,
    /// It ends because its deposit needs no watching any more.
    Close,
}

impl WatchMove {
    /// The word of the audit log.
    const fn command(self) -> &'static str {
        match self {
            Self::Fire => "watch_fire",
            Self::Drop => "watch_drop",
            Self::Close => "watch_close",
        }
    }

    /// Whether the appeal goes on that waits for the entry.
    const fn resumes(self) -> bool {
        match self {
            Self::Fire | Self::Close => true,
            Self::Drop => false,
        }
    }
}

/// What a move did to an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WatchStep {
    /// It is done; where the appeal stands now that waited for it.
    Done(Option<AppealStatus>),
    /// It was done before. Nothing was changed.
    Before,
    /// There is none with this id.
    NotFound,
}

/// Which entries to list; what is not set does not narrow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WatchFilter {
    /// Only those that did not end.
    pub open_only: bool,
    /// Only those that fired, or did not.
    pub fired: Option<bool>,
    /// Only for this deposit.
    pub deposit: Option<DepositId>,
    /// Only for this appeal.
    pub appeal: Option<AppealId>,
    /// Only with this trigger.
    pub trigger: Option<TriggerCode>,
}

const COLUMNS: &str = "id, deposit_id, appeal_id, trigger_code, subject, created_by, created_at, recheck_at, fired_at, fired_why,
    closed_at, closed_by, closed_why";

#[derive(Serialize)]
struct SaidJson<'a> {
    command: &'a str,
    watch: &'a str,
    deposit: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    appeal: Option<&'a str>,
    trigger: &'a str,
    subject: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

fn entry(row: &Row) -> Result<WatchEntry, StoreError> {
    let row = row.of("watch_entry", "id");
    let code = row.parsed("trigger_code", TriggerCode::from_code)?;
    let trigger = Trigger::parse(code, &row.text("subject")?)
        .ok_or_else(|| row.bad("subject", "does not fit the trigger"))?;
    let fired = row.time_or_null("fired_at")?;
    let closed = match (
        row.time_or_null("closed_at")?,
        row.text_or_null("closed_by")?,
        row.text_or_null("closed_why")?,
    ) {
        (Some(at), Some(person), Some(why)) => Some(WatchEnd { at, person, why }),
        _ => None,
    };
    Ok(WatchEntry {
        id: row.text("id")?,
        deposit: DepositId::verbatim(&row.text("deposit_id")?),
        appeal: row
            .text_or_null("appeal_id")?
            .map(|id| AppealId::verbatim(&id)),
        trigger,
        created_by: row.text("created_by")?,
        created_at: row.time("created_at")?,
        recheck_at: row.time_or_null("recheck_at")?,
        fired: fired.zip(row.text_or_null("fired_why")?),
        closed,
    })
}

async fn find(reader: &mut Reader<'_>, id: &str) -> Result<Option<WatchEntry>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM watch_entry WHERE id = $1");
    let rows = reader.rows(&sql, values![id]).await?;
    rows.first().map(entry).transpose()
}

/// The open entry for one thing.
async fn open_one(tx: &mut Tx, new: &NewWatch) -> Result<Option<WatchEntry>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM watch_entry
         WHERE deposit_id = $1 AND trigger_code = $2 AND subject = $3 AND closed_at IS NULL"
    );
    let rows = tx
        .rows(
            &sql,
            values![
                &new.deposit,
                new.trigger.code().code(),
                new.trigger.subject()
            ],
        )
        .await?;
    rows.first().map(entry).transpose()
}

async fn log(
    tx: &mut Tx,
    entry: &WatchEntry,
    (person, command, reason): (&str, &str, Option<&str>),
    now: Timestamp,
) -> Result<(), StoreError> {
    let subject = entry.trigger.subject();
    let said = json(&SaidJson {
        command,
        watch: &entry.id,
        deposit: entry.deposit.as_str(),
        appeal: entry.appeal.as_ref().map(AppealId::as_str),
        trigger: entry.trigger.code().code(),
        subject: &subject,
        reason,
    });
    append_said(tx, (person, command, &said), now).await?;
    Ok(())
}

/// Everything but the commit: what is answered but `Added` and `Changed` must be dropped.
async fn add(
    tx: &mut Tx,
    new: &NewWatch,
    person: &str,
    now: Timestamp,
) -> Result<WatchAnswer, StoreError> {
    let sql = "SELECT id, status FROM deposit WHERE id = $1";
    let Some(row) = tx.row(sql, values![&new.deposit]).await? else {
        return Ok(WatchAnswer::NotFound("deposit"));
    };
    let status = row
        .of("deposit", "id")
        .parsed("status", DepositStatus::from_code)?;
    if !matches!(status, DepositStatus::Open | DepositStatus::Unconfirmed) {
        return Ok(WatchAnswer::Done(status));
    }
    if let Some(appeal) = &new.appeal {
        let sql = "SELECT id FROM appeal WHERE id = $1";
        if tx.row(sql, values![appeal.as_str()]).await?.is_none() {
            return Ok(WatchAnswer::NotFound("appeal"));
        }
    }
    let (code, subject) = (new.trigger.code().code(), new.trigger.subject());
    let digest = Encoder::new("recover/watch/1")
        .field(new.deposit.as_str())
        .field(code)
        .field(&subject)
        .field(&now.as_micros().to_string())
        .field(person)
        .finish();
    let id = format!(
        "wch_{}",
        hex::encode(digest.bytes().get(..10).unwrap_or_default())
    );
    // The database's own rule says whether it is watched already.
    let written = tx
        .run(
            "INSERT INTO watch_entry (id, deposit_id, appeal_id, trigger_code, subject, created_by, created_at, recheck_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (deposit_id, trigger_code, subject) WHERE closed_at IS NULL DO NOTHING",
            values![
                &id,
                &new.deposit,
                new.appeal.as_ref().map(AppealId::as_str),
                code,
                &subject,
                person,
                now,
                new.recheck_at
            ],
        )
        .await?;
    if written > 0 {
        let made = find(&mut Reader::Tx(tx), &id).await?;
        let made = made.ok_or(StoreError::Unstorable {
            what: "an entry of the watch list",
            problem: "it was gone right after it was written: try again",
        })?;
        log(tx, &made, (person, "watch_add", None), now).await?;
        return Ok(WatchAnswer::Added(made));
    }
    let Some(mut known) = open_one(tx, new).await? else {
        return Err(StoreError::Unstorable {
            what: "an entry of the watch list",
            problem: "another process closed the same one at this moment: try again",
        });
    };
    let has_new_day = new.recheck_at.is_some() && new.recheck_at != known.recheck_at;
    let has_new_appeal = known.appeal.is_none() && new.appeal.is_some();
    if !has_new_day && !has_new_appeal {
        return Ok(WatchAnswer::Repeated(known));
    }
    known.recheck_at = new.recheck_at.or(known.recheck_at);
    known.appeal = known.appeal.or_else(|| new.appeal.clone());
    tx.run(
        "UPDATE watch_entry SET recheck_at = $1, appeal_id = $2 WHERE id = $3",
        values![
            known.recheck_at,
            known.appeal.as_ref().map(AppealId::as_str),
            &known.id
        ],
    )
    .await?;
    log(tx, &known, (person, "watch_change", None), now).await?;
    Ok(WatchAnswer::Changed(known))
}

/// Lets the appeal go on that waits for an entry; `None` where it waits no more, or something else stands in the way.
async fn resume(
    tx: &mut Tx,
    entry: &WatchEntry,
    why: &str,
    (person, now): (&str, Timestamp),
) -> Result<Option<AppealStatus>, StoreError> {
    let Some(appeal) = &entry.appeal else {
        return Ok(None);
    };
    let work = Work::Resume {
        reason: why.to_owned(),
    };
    let context = ActContext {
        person: person.to_owned(),
        now,
        dry_run: false,
    };
    match appeal_work::act(tx, appeal, &work, &context).await? {
        ActAnswer::Done(status) => Ok(Some(status)),
        ActAnswer::Repeated(_) | ActAnswer::Refused { .. } | ActAnswer::NotFound(_) => Ok(None),
    }
}

async fn move_on(
    tx: &mut Tx,
    id: &str,
    step: WatchMove,
    (person, why): (&str, &str),
    now: Timestamp,
) -> Result<WatchStep, StoreError> {
    let Some(found) = find(&mut Reader::Tx(tx), id).await? else {
        return Ok(WatchStep::NotFound);
    };
    if found.appeal.is_some() && step.resumes() {
        // Before any row is locked, as everybody does who may move an appeal that matching reads.
        tx.serialize(MATCHING).await?;
    }
    let written = match step {
        WatchMove::Fire => {
            tx.run(
                "UPDATE watch_entry SET fired_at = $1, fired_why = $2
                 WHERE id = $3 AND fired_at IS NULL AND closed_at IS NULL",
                values![now, why, id],
            )
            .await?
        }
        WatchMove::Drop | WatchMove::Close => {
            tx.run(
                "UPDATE watch_entry SET closed_at = $1, closed_by = $2, closed_why = $3
                 WHERE id = $4 AND closed_at IS NULL",
                values![now, person, why, id],
            )
            .await?
        }
    };
    if written == 0 {
        return Ok(WatchStep::Before);
    }
    log(tx, &found, (person, step.command(), Some(why)), now).await?;
    let resumed = if step.resumes() {
        resume(tx, &found, why, (person, now)).await?
    } else {
        None
    };
    Ok(WatchStep::Done(resumed))
}

impl Store {
    /// Watches a deposit for something, or says why not. With `dry_run` everything is done and nothing kept.
    ///
    /// # Errors
    /// When the database cannot be written. A refusal is no error.
    pub async fn add_watch(
        &self,
        new: NewWatch,
        person: &str,
        now: Timestamp,
        dry_run: bool,
    ) -> Result<WatchAnswer, StoreError> {
        let (db, person) = (self.db.clone(), person.to_owned());
        detached(async move {
            let mut tx = db.begin().await?;
            let answer = add(&mut tx, &new, &person, now).await?;
            let is_kept = matches!(answer, WatchAnswer::Added(_) | WatchAnswer::Changed(_));
            if is_kept && !dry_run {
                tx.commit().await?;
            }
            Ok(answer)
        })
        .await
    }

    /// Fires, drops or closes an entry, each once: says that it happened, and of firing and closing lets the appeal go on that
    /// waits for the entry.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn step_watch(
        &self,
        id: &str,
        step: WatchMove,
        person: &str,
        why: &str,
        now: Timestamp,
    ) -> Result<WatchStep, StoreError> {
        let db = self.db.clone();
        let (id, person, why) = (id.to_owned(), person.to_owned(), why.to_owned());
        detached(async move {
            let mut tx = db.begin().await?;
            let answer = move_on(&mut tx, &id, step, (&person, &why), now).await?;
            if matches!(answer, WatchStep::Done(_)) {
                tx.commit().await?;
            }
            Ok(answer)
        })
        .await
    }

    /// One page of entries, oldest first, after another entry of the list; an empty page is the end.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn list_watch(
        &self,
        filter: &WatchFilter,
        after: Option<&WatchEntry>,
        limit: u32,
    ) -> Result<Vec<WatchEntry>, StoreError> {
        let mut statement =
            Statement::new(&format!("SELECT {COLUMNS} FROM watch_entry WHERE 1 = 1"));
        narrow(&mut statement, filter);
        if let Some(after) = after {
            statement.push(" AND created_at >= ").bind(after.created_at);
            statement.push(" AND (created_at > ").bind(after.created_at);
            statement.push(" OR id > ").bind(&after.id).push(")");
        }
        statement
            .push(" ORDER BY created_at, id LIMIT ")
            .bind(limit);
        let rows = self.db.rows(&statement.text, statement.values).await?;
        rows.iter().map(entry).collect()
    }

    /// How many entries there are.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn count_watch(&self, filter: &WatchFilter) -> Result<u64, StoreError> {
        let mut statement = Statement::new("SELECT COUNT(*) AS count FROM watch_entry WHERE 1 = 1");
        narrow(&mut statement, filter);
        let row = self.db.row(&statement.text, statement.values).await?;
        row.map_or(Ok(0), |row| row.of("watch_entry", "count").number("count"))
    }

    /// An entry; `None` when there is none with this id.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn watch_entry(&self, id: &str) -> Result<Option<WatchEntry>, StoreError> {
        find(&mut Reader::Db(&self.db), id).await
    }
}

fn narrow(statement: &mut Statement, filter: &WatchFilter) {
    if filter.open_only {
        statement.push(" AND closed_at IS NULL");
    }
    match filter.fired {
        None => {}
        Some(true) => {
            statement.push(" AND fired_at IS NOT NULL");
        }
        Some(false) => {
            statement.push(" AND fired_at IS NULL");
        }
    }
    if let Some(deposit) = &filter.deposit {
        statement.push(" AND deposit_id = ").bind(deposit);
    }
    if let Some(appeal) = &filter.appeal {
        statement.push(" AND appeal_id = ").bind(appeal.as_str());
    }
    if let Some(trigger) = filter.trigger {
        statement.push(" AND trigger_code = ").bind(trigger.code());
    }
}
