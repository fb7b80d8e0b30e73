//! What matching keeps from one run to the next, and what changed in between.
//!
//! Triggers note which appeals, deposits and rows of the address book are new or say something else, whoever writes them. A run
//! reads one state of the database ([`Store::read_for_matching`]) and writes everything it made in one transaction
//! ([`Store::keep_matching`]), with the notes that it saw taken away: what is noted meanwhile stays for the next.

use crate::addresses::{records_by_id, records_where};
use crate::appeal_work;
use crate::appeals::{
    COLUMNS, MATCHING, UndonePairs, move_along, overlaid_appeal, overlaid_columns, write_outcomes,
};
use crate::deposit_row::{first_memo, memo_finding};
use crate::error::StoreError;
use crate::match_undo;
use crate::prices::{self, Price};
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
use std::ops::RangeInclusive;

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
    /// Whether a source of ours vouches for the scale.
    pub decimals_vouched: bool,
    /// Whether only a file tells of it.
    pub is_told: bool,
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

/// A part of what a run made.
#[derive(Debug, Clone, Default)]
pub struct MatchPart {
    /// Outcomes that differ from the stored ones.
    pub outcomes: Vec<MatchOutcome>,
    /// Appeals that were looked at again and stand as before: they are moved along if they were moved away.
    pub standing: Vec<(AppealId, MatchDecision)>,
    /// Looks made anew.
    pub looks: Vec<(AppealId, StoredLook)>,
    /// Kept looks with another ruling: its fingerprint and the outcome's.
    pub rulings: Vec<(AppealId, [u8; 16], [u8; 16])>,
}

/// What a run says of itself when it is done.
#[derive(Debug, Clone, Default)]
pub struct MatchEnd {
    /// Program, model and vocabulary.
    pub made_with: String,
    /// The limit and the values behind it.
    pub limited_by: String,
    /// How many open appeals there were.
    pub appeals: u64,
    /// Whether every look was made anew: those of appeals that are not open any more go.
    pub is_everything: bool,
    /// What was worked off.
    pub seen: SeenChanges,
    /// Of the appeals worked off, those that are not open.
    pub ended: Vec<AppealId>,
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

fn meant(row: &Row, id: &'static str, is_whole: bool) -> Result<MeantDeposit, StoreError> {
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
        memo_finding: if is_whole { memo_finding(&row)? } else { None },
        decimals_vouched: is_whole && row.flag("decimals_vouched")?,
        is_told: is_whole && row.text("origin")? == "imported",
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

    /// What open appeals say, with later answers in the place of first words; all of them when none is named. In no order.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn appeals(
        &mut self,
        only: Option<&BTreeSet<AppealId>>,
        mut take: impl FnMut(Appeal),
    ) -> Result<(), StoreError> {
        let all = format!(
            "SELECT {COLUMNS}, {} FROM appeal WHERE status IN ",
            overlaid_columns()
        );
        let ids: Vec<&str> = only.into_iter().flatten().map(AppealId::as_str).collect();
        let parts: Vec<Option<&[&str]>> = match only {
            None => vec![None],
            Some(_) => ids.chunks(rows_per_statement(4)).map(Some).collect(),
        };
        for part in parts {
            let mut statement = Statement::new(&all);
            statement.bind_list(open_statuses());
            if let Some(ids) = part {
                statement.push(" AND id IN ");
                statement.bind_list(ids.iter().copied());
            }
            self.tx
                .each(&statement.text, statement.values, |row| {
                    take(overlaid_appeal(&row)?.appeal);
                    Ok(())
                })
                .await?;
        }
        Ok(())
    }

    /// Every deposit that an appeal may mean, those that were credited or refused included, in no order. Our own movements and
    /// what a reorganisation removed are left out.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn deposits(&mut self, mut take: impl FnMut(MeantDeposit)) -> Result<(), StoreError> {
        let sql = format!(
            "SELECT id, {MEANT}, memo_finding, decimals_vouched, origin FROM deposit WHERE (status || '') <> 'gone' AND (kind || '') <> 'own_movement'"
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

    /// The newest price of each source that is of one of these times, of every asset that has one.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn newest_prices(
        &mut self,
        currency: &str,
        times: RangeInclusive<Timestamp>,
    ) -> Result<BTreeMap<AssetId, Vec<Price>>, StoreError> {
        prices::newest_prices_of_all(&mut Reader::Tx(&mut self.tx), currency, times).await
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

/// A run of matching on its way into the database: all of it is kept with [`MatchKeeping::finish`], and nothing without.
pub struct MatchKeeping {
    tx: Tx,
    after: Option<u64>,
    undone: UndonePairs,
    decided: BTreeSet<AppealId>,
    changed: Vec<AppealId>,
    now: Timestamp,
}

impl MatchKeeping {
    /// Writes a part. An outcome whose pair a person took back meanwhile, and one about which a person decided, is left out.
    ///
    /// # Errors
    /// When an appeal or a deposit is not stored, or the database cannot be written; then drop it.
    pub async fn put(&mut self, part: MatchPart) -> Result<(), StoreError> {
        let tx = &mut self.tx;
        let ids: Vec<AppealId> = part.outcomes.iter().map(|of| of.appeal.clone()).collect();
        let kept = (&self.undone, &self.decided);
        let skipped = write_outcomes(tx, part.outcomes, kept, self.now).await?;
        let written = ids.into_iter().filter(|id| !skipped.contains(id));
        self.changed.extend(written);
        let standing = part.standing.into_iter();
        let standing = standing.filter(|(id, _)| !self.decided.contains(id));
        move_along(tx, standing.collect(), self.now).await?;
        let mut looks = part.looks;
        for (appeal, look) in &mut looks {
            if skipped.contains(appeal) {
                look.made = None;
            }
        }
        write_looks(tx, looks).await?;
        for (appeal, ruling, outcome) in part.rulings {
            if !skipped.contains(&appeal) {
                tx.run(
                    "UPDATE match_look SET ruling = $1, outcome = $2 WHERE appeal_id = $3",
                    values![Vec::from(ruling), Vec::from(outcome), appeal.as_str()],
                )
                .await?;
            }
        }
        Ok(())
    }

    /// Keeps everything, and that the changes which the run saw are worked off. The appeals whose outcomes were written.
    ///
    /// # Errors
    /// When the database cannot be written; then nothing is kept.
    pub async fn finish(mut self, end: MatchEnd) -> Result<Vec<AppealId>, StoreError> {
        let tx = &mut self.tx;
        if end.is_everything {
            let mut statement = Statement::new(
                "DELETE FROM match_look WHERE appeal_id IN (SELECT id FROM appeal WHERE status NOT IN ",
            );
            statement.bind_list(open_statuses()).push(")");
            tx.run_statement(statement).await?;
        }
        forget_looks(tx, &end.ended).await?;
        for ((table, _), ranges) in CHANGED.iter().zip(&end.seen.ranges) {
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
                count(self.after.unwrap_or(0).saturating_add(1)),
                &end.made_with,
                &end.limited_by,
                count(end.appeals),
                self.now
            ],
        )
        .await?;
        let Self { tx, changed, .. } = self;
        tx.commit().await?;
        Ok(changed)
    }
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

    /// Begins to keep what a run made; `None` when another run came after the one that it knew as the last: match again.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn keep_matching(
        &self,
        after: Option<u64>,
        now: Timestamp,
    ) -> Result<Option<MatchKeeping>, StoreError> {
        let db = self.db.clone();
        detached(async move {
            let mut tx = db.begin().await?;
            tx.serialize(MATCHING).await?;
            if last_number(&mut tx).await? != after {
                return Ok(None);
            }
            Ok(Some(MatchKeeping {
                undone: match_undo::excluded(&mut Reader::Tx(&mut tx)).await?,
                decided: appeal_work::decided(&mut Reader::Tx(&mut tx)).await?,
                changed: Vec::new(),
                tx,
                after,
                now,
            }))
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
