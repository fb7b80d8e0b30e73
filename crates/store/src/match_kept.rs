//! What matching keeps from one run to the next, and what changed in between.
//!
//! Triggers note which appeals, deposits and rows of the address book are new or say something else, whoever writes them. A run
//! reads one state of the database ([`Store::read_for_matching`]) and writes everything it made in one transaction
//! ([`Store::keep_matching`]), with the notes that it saw taken away: what is noted meanwhile stays for the next.

use crate::addresses::{records_by_id, records_where};
use crate::appeal_work;
use crate::appeals::{
    COLUMNS, MATCHING, move_along, overlaid_appeal, overlaid_columns, write_outcomes,
};
use crate::deposit_row::{first_memo, memo_finding};
use crate::error::StoreError;
use crate::match_undo;
use crate::proofs;
use crate::sql::{Reader, Row, Statement, Tx, detached, rows_per_statement, values};
use crate::store::Store;
use recover_core::amount::Amount;
use recover_core::appeal::{Appeal, AppealId, AppealStatus, MatchDecision, MatchOutcome};
use recover_core::asset::AssetId;
use recover_core::book::AddressRecord;
use recover_core::memo::MemoFinding;
use recover_core::network::NetworkId;
use recover_core::observation::DepositId;
use recover_core::proof::ProofMethod;
use recover_core::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Of a deposit, what an appeal is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeantDeposit {
    /// Its id.
    pub id: DepositId,
    /// Its network.
    pub network: NetworkId,
    /// Its transaction.
    pub tx_id: String,
    /// Who sent it; `None` when unknown.
    pub from: Option<String>,
    /// Who was credited.
    pub to: String,
    /// What was sent.
    pub asset: AssetId,
    /// The symbol shown to people; `None` when there is none.
    pub symbol: Option<String>,
    /// How much, in base units.
    pub amount: Amount,
    /// The scale of the amount.
    pub decimals: u8,
    /// The block's time; `None` when unknown.
    pub time: Option<Timestamp>,
    /// The routing field as text; `None` when there is none.
    pub memo: Option<String>,
    /// What its routing fields say; `None` where nobody judged them.
    pub memo_finding: Option<MemoFinding>,
}

/// An open appeal with what was kept of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenAppeal {
    /// The appeal.
    pub id: AppealId,
    /// Who appeals.
    pub user_id: String,
    /// What was kept; `None` before it was first matched.
    pub kept: Option<StoredLook>,
}

/// What was kept of an appeal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredLook {
    /// What it wanted, as matching writes it.
    pub look: Vec<u8>,
    /// Fingerprints of the ruling and of the stored outcome; `None` where the stored outcome is another's or missing.
    pub made: Option<([u8; 16], [u8; 16])>,
}

/// The last run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchRun {
    /// Counts the runs, from 1.
    pub number: u64,
    /// Program, model and vocabulary.
    pub made_with: String,
    /// The limit and the values behind it.
    pub limited_by: String,
    /// How many open appeals there were.
    pub appeals: u64,
    /// When it was done.
    pub finished_at: Timestamp,
}

/// Which notes of change a run saw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeenChanges {
    /// Ranges of numbers, both ends included, by table.
    ranges: [Vec<(i64, i64)>; 3],
    /// How many notes.
    count: u64,
}

impl SeenChanges {
    /// How many notes there were: one thing may have several.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }
}

/// What changed since the last run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredChanges {
    /// Appeals that say something else, came, went or must be written again.
    pub appeals: BTreeSet<AppealId>,
    /// Deposits, with what they were: `None` where an appeal could not mean them.
    pub deposits: BTreeMap<DepositId, Option<MeantDeposit>>,
    /// Rows of the address book.
    pub records: Vec<AddressRecord>,
}

/// What a run made.
#[derive(Debug, Clone, Default)]
pub struct MatchWriting {
    /// The number of the run that was the last when this one read; `None` when there was none.
    pub after: Option<u64>,
    /// Program, model and vocabulary.
    pub made_with: String,
    /// The limit and the values behind it.
    pub limited_by: String,
    /// How many open appeals there were.
    pub appeals: u64,
    /// Outcomes that differ from the stored ones.
    pub outcomes: Vec<MatchOutcome>,
    /// Appeals that were looked at again and stand as before: they are moved along if they were moved away.
    pub standing: Vec<(AppealId, MatchDecision)>,
    /// Looks made anew.
    pub looks: Vec<(AppealId, StoredLook)>,
    /// Kept looks with another ruling.
    pub rulings: Vec<(AppealId, [u8; 16], [u8; 16])>,
    /// Whether every look was made anew: those of appeals that are not open any more go.
    pub is_everything: bool,
    /// What was worked off.
    pub seen: SeenChanges,
    /// Of the appeals worked off, those that are not open.
    pub ended: Vec<AppealId>,
}

/// What became of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatchWritten {
    /// It is kept.
    Done {
        /// How many outcomes were written.
        changed: u64,
    },
    /// Another run came between: nothing is kept, match again.
    Overtaken,
}

const CHANGED: [(&str, &str); 3] = [
    ("match_changed_appeal", "appeal_id"),
    ("match_changed_deposit", "deposit_id"),
    ("match_changed_address", "address_id"),
];

/// What `MeantDeposit` is read from, in the table of deposits and in that of what they were.
const MEANT: &str = "network, tx_id, from_text, to_text, asset, symbol, amount, decimals, block_time, memos, imported_memo";

fn open_statuses() -> impl Iterator<Item = &'static str> {
    let all = AppealStatus::ALL.iter();
    all.filter(|status| status.is_open())
        .map(|status| status.code())
}

fn meant(row: &Row, id: &'static str, is_judged: bool) -> Result<MeantDeposit, StoreError> {
    let row = row.of("deposit", id);
    let memo = match first_memo(&row)? {
        None => row.text_or_null("imported_memo")?,
        memo => memo,
    };
    Ok(MeantDeposit {
        id: DepositId::verbatim(&row.text(id)?),
        network: row.network("network")?,
        tx_id: row.text("tx_id")?,
        from: row.text_or_null("from_text")?,
        to: row.text("to_text")?,
        asset: row.parsed("asset", AssetId::parse)?,
        symbol: row.text_or_null("symbol")?,
        amount: row.amount("amount")?,
        decimals: row.number("decimals")?,
        time: row.time_or_null("block_time")?,
        memo,
        memo_finding: if is_judged { memo_finding(&row)? } else { None },
    })
}

/// One state of the database, as a run of matching reads it. It must be dropped before anything is written.
pub struct MatchReading {
    tx: Tx,
}

impl MatchReading {
    /// The last run; `None` before the first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn run(&mut self) -> Result<Option<MatchRun>, StoreError> {
        let sql = "SELECT number, made_with, limited_by, appeals, finished_at FROM match_run";
        let row = self.tx.row(sql, vec![]).await?;
        row.as_ref()
            .map(|row| {
                let row = row.of("match_run", "number");
                Ok(MatchRun {
                    number: row.number("number")?,
                    made_with: row.text("made_with")?,
                    limited_by: row.text("limited_by")?,
                    appeals: row.number("appeals")?,
                    finished_at: row.time("finished_at")?,
                })
            })
            .transpose()
    }

    /// The notes of change that are there.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn seen(&mut self) -> Result<SeenChanges, StoreError> {
        let mut seen = SeenChanges::default();
        for ((table, _), ranges) in CHANGED.iter().zip(&mut seen.ranges) {
            // Numbers without a gap in one range each: what stands in a gap was written meanwhile, or never.
            let sql = format!(
                "SELECT MIN(number) AS low, MAX(number) AS high FROM (
                    SELECT number, number - ROW_NUMBER() OVER (ORDER BY number) AS island FROM {table}) AS numbered
                 GROUP BY island ORDER BY 1"
            );
            for row in self.tx.rows(&sql, vec![]).await? {
                let row = row.of(table, "low");
                let (low, high) = (row.integer("low")?, row.integer("high")?);
                let count = u64::try_from(high.saturating_sub(low)).unwrap_or(0) + 1;
                seen.count = seen.count.saturating_add(count);
                ranges.push((low, high));
            }
        }
        Ok(seen)
    }

    /// What changed, by the notes that are there.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn changes(&mut self) -> Result<StoredChanges, StoreError> {
        let mut changes = StoredChanges::default();
        let sql = "SELECT DISTINCT appeal_id FROM match_changed_appeal ORDER BY appeal_id";
        for row in self.tx.rows(sql, vec![]).await? {
            let id = row
                .of("match_changed_appeal", "appeal_id")
                .text("appeal_id")?;
            changes.appeals.insert(AppealId::verbatim(&id));
        }
        let sql =
            format!("SELECT deposit_id, was, {MEANT} FROM match_changed_deposit ORDER BY number");
        let deposits = &mut changes.deposits;
        self.tx
            .each(&sql, vec![], |row| {
                let is_there = row.of("match_changed_deposit", "deposit_id").flag("was")?;
                let id = row
                    .of("match_changed_deposit", "deposit_id")
                    .text("deposit_id")?;
                // The first note tells what the last run saw.
                if let std::collections::btree_map::Entry::Vacant(place) =
                    deposits.entry(DepositId::verbatim(&id))
                {
                    let was = is_there.then(|| meant(&row, "deposit_id", false));
                    place.insert(was.transpose()?);
                }
                Ok(())
            })
            .await?;
        let mut ids = Vec::new();
        let sql = "SELECT DISTINCT address_id FROM match_changed_address";
        for row in self.tx.rows(sql, vec![]).await? {
            ids.push(
                row.of("match_changed_address", "address_id")
                    .bytes("address_id")?,
            );
        }
        changes.records = records_by_id(&mut Reader::Tx(&mut self.tx), &ids).await?;
        Ok(changes)
    }

    /// Every open appeal with what was kept of it, in no order.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn open_appeals(
        &mut self,
        mut take: impl FnMut(OpenAppeal),
    ) -> Result<(), StoreError> {
        let mut statement = Statement::new(
            "SELECT id, user_id, look, ruling, outcome FROM appeal LEFT JOIN match_look ON match_look.appeal_id = appeal.id
             WHERE status IN ",
        );
        statement.bind_list(open_statuses());
        self.tx
            .each(&statement.text, statement.values, |row| {
                let row = row.of("match_look", "id");
                let print = |column| -> Result<Option<[u8; 16]>, StoreError> {
                    let bytes = row.bytes_or_null(column)?;
                    Ok(bytes.and_then(|bytes| bytes.try_into().ok()))
                };
                let kept = match row.bytes_or_null("look")? {
                    None => None,
                    Some(look) => Some(StoredLook {
                        look,
                        made: print("ruling")?.zip(print("outcome")?),
                    }),
                };
                take(OpenAppeal {
                    id: AppealId::verbatim(&row.text("id")?),
                    user_id: row.text("user_id")?,
                    kept,
                });
                Ok(())
            })
            .await
    }

    /// What open appeals say, with later answers in the place of first words; of all of them when none is named. In the order
    /// of their ids.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn appeals(
        &mut self,
        only: Option<&BTreeSet<AppealId>>,
    ) -> Result<Vec<Appeal>, StoreError> {
        let mut appeals = Vec::new();
        let all = format!(
            "SELECT {COLUMNS}, {} FROM appeal WHERE status IN ",
            overlaid_columns()
        );
        let parts: Vec<Option<Vec<&AppealId>>> = match only {
            None => vec![None],
            Some(ids) => {
                let ids: Vec<&AppealId> = ids.iter().collect();
                ids.chunks(rows_per_statement(4))
                    .map(|chunk| Some(chunk.to_vec()))
                    .collect()
            }
        };
        for part in parts {
            let mut statement = Statement::new(&all);
            statement.bind_list(open_statuses());
            if let Some(ids) = part {
                statement.push(" AND id IN ");
                statement.bind_list(ids.into_iter().map(AppealId::as_str));
            }
            self.tx
                .each(&statement.text, statement.values, |row| {
                    appeals.push(overlaid_appeal(&row)?.appeal);
                    Ok(())
                })
                .await?;
        }
        appeals.sort_by(|left, right| left.id.cmp(&right.id));
        Ok(appeals)
    }

    /// Every deposit that an appeal may mean, those that were credited or refused included, in no order. Our own movements and
    /// what a reorganisation removed are left out.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn deposits(&mut self, mut take: impl FnMut(MeantDeposit)) -> Result<(), StoreError> {
        let sql = format!(
            "SELECT id, {MEANT}, memo_finding FROM deposit WHERE (status || '') <> 'gone' AND (kind || '') <> 'own_movement'"
        );
        self.tx
            .each(&sql, vec![], |row| {
                take(meant(&row, "id", true)?);
                Ok(())
            })
            .await
    }

    /// Every row of the address book about these users.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn records_of_users(
        &mut self,
        users: &[String],
    ) -> Result<Vec<AddressRecord>, StoreError> {
        records_where(&mut Reader::Tx(&mut self.tx), "user_id", users).await
    }

    /// Every row with one of these values but for capitals; the values in small letters.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn records_folded(
        &mut self,
        wanted: &[String],
    ) -> Result<Vec<AddressRecord>, StoreError> {
        records_where(&mut Reader::Tx(&mut self.tx), "lower(value)", wanted).await
    }

    /// As [`Store::excluded_pairs`].
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn excluded_pairs(
        &mut self,
    ) -> Result<BTreeMap<AppealId, BTreeSet<DepositId>>, StoreError> {
        match_undo::excluded(&mut Reader::Tx(&mut self.tx)).await
    }

    /// As [`Store::proven_deposits`].
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn proven_deposits(
        &mut self,
    ) -> Result<Vec<(String, DepositId, ProofMethod)>, StoreError> {
        proofs::proven_deposits(&mut Reader::Tx(&mut self.tx)).await
    }

    /// As [`Store::refuted_appeals`].
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn refuted_appeals(&mut self) -> Result<BTreeSet<AppealId>, StoreError> {
        proofs::refuted_appeals(&mut Reader::Tx(&mut self.tx)).await
    }

    /// The appeals about whose deposit a person decided: their outcomes are not written.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn decided(&mut self) -> Result<BTreeSet<AppealId>, StoreError> {
        appeal_work::decided(&mut Reader::Tx(&mut self.tx)).await
    }
}

async fn last_number(tx: &mut Tx) -> Result<Option<u64>, StoreError> {
    let row = tx.row("SELECT number FROM match_run", vec![]).await?;
    row.map(|row| row.of("match_run", "number").number("number"))
        .transpose()
}

async fn write_looks(tx: &mut Tx, looks: Vec<(AppealId, StoredLook)>) -> Result<(), StoreError> {
    let rows = looks.into_iter().map(|(appeal, look)| {
        let (ruling, outcome) = look.made.unzip();
        values![
            appeal.as_str(),
            look.look,
            ruling.map(Vec::from),
            outcome.map(Vec::from)
        ]
    });
    tx.insert_rows(
        "INSERT INTO match_look (appeal_id, look, ruling, outcome) VALUES ",
        rows.collect(),
        " ON CONFLICT (appeal_id) DO UPDATE SET look = excluded.look, ruling = excluded.ruling, outcome = excluded.outcome",
    )
    .await?;
    Ok(())
}

async fn forget_looks(tx: &mut Tx, ended: &[AppealId]) -> Result<(), StoreError> {
    for chunk in ended.chunks(rows_per_statement(4)) {
        let mut statement = Statement::new("DELETE FROM match_look WHERE appeal_id IN ");
        statement.bind_list(chunk.iter().map(AppealId::as_str));
        tx.run_statement(statement).await?;
    }
    Ok(())
}

async fn keep(tx: &mut Tx, made: MatchWriting, now: Timestamp) -> Result<u64, StoreError> {
    let all = u64::try_from(made.outcomes.len()).unwrap_or(u64::MAX);
    let skipped = write_outcomes(tx, made.outcomes, now).await?;
    let changed = all.saturating_sub(u64::try_from(skipped.len()).unwrap_or(u64::MAX));
    let decided = appeal_work::decided(&mut Reader::Tx(tx)).await?;
    let standing = made.standing.into_iter();
    move_along(
        tx,
        standing.filter(|(id, _)| !decided.contains(id)).collect(),
        now,
    )
    .await?;
    let mut looks = made.looks;
    for (appeal, look) in &mut looks {
        if skipped.contains(appeal) {
            look.made = None;
        }
    }
    write_looks(tx, looks).await?;
    for (appeal, ruling, outcome) in made.rulings {
        if !skipped.contains(&appeal) {
            tx.run(
                "UPDATE match_look SET ruling = $1, outcome = $2 WHERE appeal_id = $3",
                values![Vec::from(ruling), Vec::from(outcome), appeal.as_str()],
            )
            .await?;
        }
    }
    if made.is_everything {
        let mut statement = Statement::new(
            "DELETE FROM match_look WHERE appeal_id IN (SELECT id FROM appeal WHERE status NOT IN ",
        );
        statement.bind_list(open_statuses()).push(")");
        tx.run_statement(statement).await?;
    }
    forget_looks(tx, &made.ended).await?;
    for ((table, _), ranges) in CHANGED.iter().zip(&made.seen.ranges) {
        for (low, high) in ranges {
            let sql = format!("DELETE FROM {table} WHERE number BETWEEN $1 AND $2");
            tx.run(&sql, values![*low, *high]).await?;
        }
    }
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    tx.run(
        "INSERT INTO match_run (one, number, made_with, limited_by, appeals, finished_at) VALUES (1, $1, $2, $3, $4, $5)
         ON CONFLICT (one) DO UPDATE SET number = excluded.number, made_with = excluded.made_with,
            limited_by = excluded.limited_by, appeals = excluded.appeals, finished_at = excluded.finished_at",
        values![
            count(made.after.unwrap_or(0).saturating_add(1)),
            &made.made_with,
            &made.limited_by,
            count(made.appeals),
            now
        ],
    )
    .await?;
    Ok(changed)
}

impl Store {
    /// One state of the database for a run of matching. Drop it before anything is written.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn read_for_matching(&self) -> Result<MatchReading, StoreError> {
        let db = self.db.clone();
        detached(async move {
            let tx = db.snapshot().await?;
            Ok(MatchReading { tx })
        })
        .await
    }

    /// Keeps what a run made, all of it or nothing: outcomes as [`Store::put_match_outcomes`] does, looks, and that the changes
    /// it saw are worked off.
    ///
    /// # Errors
    /// When an appeal or a deposit is not stored, or the database cannot be written; then nothing is.
    pub async fn keep_matching(
        &self,
        made: MatchWriting,
        now: Timestamp,
    ) -> Result<MatchWritten, StoreError> {
        let db = self.db.clone();
        detached(async move {
            let mut tx = db.begin().await?;
            tx.serialize(MATCHING).await?;
            if last_number(&mut tx).await? != made.after {
                return Ok(MatchWritten::Overtaken);
            }
            let changed = keep(&mut tx, made, now).await?;
            tx.commit().await?;
            Ok(MatchWritten::Done { changed })
        })
        .await
    }

    /// The stored outcomes of the open appeals, in the order of their ids, one page after an id.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn open_outcomes(
        &self,
        after: Option<&AppealId>,
        limit: u32,
    ) -> Result<Vec<MatchOutcome>, StoreError> {
        let mut statement = Statement::new(
            "SELECT appeal_id, deposit_id, decision, tier, score_ppb, identify, entitle, entitled_by, ask, reasons
             FROM match_outcome JOIN appeal ON appeal.id = match_outcome.appeal_id WHERE appeal_id > ",
        );
        statement.bind(after.map_or("", AppealId::as_str));
        statement
            .push(" AND (status || '') IN ")
            .bind_list(open_statuses());
        statement.push(" ORDER BY appeal_id LIMIT ").bind(limit);
        let rows = self.db.rows(&statement.text, statement.values).await?;
        rows.iter().map(crate::appeals::outcome).collect()
    }

    /// How many open appeals stand under which decision.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn count_open_outcomes(&self) -> Result<BTreeMap<MatchDecision, u64>, StoreError> {
        let mut statement = Statement::new(
            "SELECT decision, COUNT(*) AS count FROM match_outcome JOIN appeal ON appeal.id = match_outcome.appeal_id
             WHERE status IN ",
        );
        statement
            .bind_list(open_statuses())
            .push(" GROUP BY decision");
        let rows = self.db.rows(&statement.text, statement.values).await?;
        rows.iter()
            .map(|row| {
                let row = row.of("match_outcome", "decision");
                Ok((
                    row.parsed("decision", MatchDecision::from_code)?,
                    row.number("count")?,
                ))
            })
            .collect()
    }
}
