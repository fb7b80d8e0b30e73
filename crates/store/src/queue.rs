//! The queue of appeals: one narrow row each, sorted by what a person should do next, so that a page is read from an index
//! with a million appeals.
//!
//! The rows are derived. Triggers note whose row is out of date; [`Store::refresh_queue`] works the notes off. The sort does
//! not depend on the policy: within a stage the row whose clock began first is due first, and the stages are merged here with
//! the hours that the policy allows each.

use crate::appeals::{COLUMNS, StoredAppeal, overlaid_appeal, overlaid_columns};
use crate::error::StoreError;
use crate::sql::{Reader, Row, Statement, Tx, Value, detached, rows_per_statement, values};
use crate::store::Store;
use recover_core::appeal::{AppealId, AppealStatus, MatchDecision};
use recover_core::claim::ClaimStatus;
use recover_core::deposit::DepositStatus;
use recover_core::kind::Kind;
use recover_core::names;
use recover_core::network::NetworkId;
use recover_core::observation::DepositId;
use recover_core::queue::{
    NextAction, NextStep, PairedDeposit, ServiceLevels, Situation, Stage, next_step,
};
use recover_core::time::Timestamp;
use recover_core::verdict::Missing;
use std::collections::BTreeMap;

/// Who works on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Assigned {
    /// Nobody.
    Nobody,
    /// This person.
    To(String),
}

/// Which appeals of the queue to list; what is not set does not narrow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueueFilter {
    /// Only these statuses; empty for every open one.
    pub statuses: Vec<AppealStatus>,
    /// Only what matching decided so.
    pub decision: Option<MatchDecision>,
    /// Only this person's, or nobody's.
    pub assigned: Option<Assigned>,
    /// Only this network: the matched deposit's, else the one that the customer names.
    pub network: Option<NetworkId>,
    /// Only this user's.
    pub user_id: Option<String>,
    /// Only where the customer has waited since this time or longer.
    pub since_max: Option<Timestamp>,
    /// Only worth at least so many cents, and those whose value nobody knows.
    pub value_cents_min: Option<i64>,
    /// Only with this next action.
    pub next: Option<NextAction>,
}

/// What is in front of what: overdue and due work, what waits, what is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Work,
    Waiting,
    Done,
}

/// The place of a row in the whole list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    phase: Phase,
    /// The hour of the deadline; of the clock where none runs.
    due_hour: i64,
    value_order: i64,
    appeal: String,
}

/// A place in the queue, after which the next page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueCursor {
    /// The hour that counted as now on the first page: what is overdue must not move between pages.
    now_hour: i64,
    place: Place,
}

impl QueueCursor {
    /// Reads what [`QueueCursor`] displays; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(5, '.');
        let now_hour = parts.next()?.parse().ok()?;
        let phase = match parts.next()? {
            "w" => Phase::Work,
            "x" => Phase::Waiting,
            "y" => Phase::Done,
            _ => return None,
        };
        let due_hour = parts.next()?.parse().ok()?;
        let value_order = parts.next()?.parse().ok()?;
        let appeal = parts.next()?.to_owned();
        let cursor = Self {
            now_hour,
            place: Place {
                phase,
                due_hour,
                value_order,
                appeal,
            },
        };
        (cursor.to_string() == text).then_some(cursor)
    }
}

impl std::fmt::Display for QueueCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let place = &self.place;
        let phase = match place.phase {
            Phase::Work => 'w',
            Phase::Waiting => 'x',
            Phase::Done => 'y',
        };
        write!(
            f,
            "{}.{phase}.{}.{}.{}",
            self.now_hour, place.due_hour, place.value_order, place.appeal
        )
    }
}

/// One appeal of the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedAppeal {
    /// The appeal.
    pub stored: StoredAppeal,
    /// Until when the person holds it; `None` where it was given for good, or to nobody.
    pub assigned_until: Option<Timestamp>,
    /// What matching decided; `None` before.
    pub decision: Option<MatchDecision>,
    /// The deposit that it is paired with.
    pub deposit: Option<DepositId>,
    /// The network, as far as known.
    pub network: Option<NetworkId>,
    /// What the deposit is worth; `None` where nobody knows.
    pub value_cents: Option<i64>,
    /// What to do next.
    pub step: NextStep,
    /// By when; `None` where no clock runs.
    pub deadline: Option<Timestamp>,
}

/// One page of the queue: what to do first stands first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuePage {
    /// The appeals.
    pub appeals: Vec<QueuedAppeal>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<QueueCursor>,
}

/// How many rows are brought up to date in one transaction.
const REFRESHED_AT_ONCE: u32 = 2_000;

/// What a deposit without a known value sorts as: before the dearest.
const UNKNOWN_VALUE: i64 = i64::MIN;

fn hour_of(time: Timestamp) -> i64 {
    time.as_seconds().div_euclid(3_600)
}

/// Everything that the queue knows of an appeal.
pub(crate) struct Known {
    id: String,
    user_id: String,
    assigned_to: Option<String>,
    pub(crate) assigned_until: Option<Timestamp>,
    decision: Option<MatchDecision>,
    deposit: Option<DepositId>,
    network: Option<NetworkId>,
    value_cents: Option<i64>,
    situation: Situation,
}

const KNOWN: &str = "SELECT appeal.id AS id, appeal.user_id AS user_id, appeal.created_at AS created_at,
    appeal.status AS status, appeal.assigned_to AS assigned_to, appeal.assigned_until AS assigned_until,
    appeal.claimed_network AS claimed_network,
    match_outcome.decision AS decision, match_outcome.deposit_id AS deposit_id,
    deposit.network AS network, deposit.kind AS kind, deposit.status AS deposit_status, deposit.verdict AS verdict,
    deposit.verdict_detail AS verdict_detail, deposit.owner AS owner, deposit.value_cents AS value_cents,
    appeal_truth.appeal_id AS truth,
    (SELECT status FROM claim WHERE claim.appeal_id = appeal.id ORDER BY opened_at DESC, claim.id DESC LIMIT 1)
        AS claim_status,
    (SELECT MAX(opened_at) FROM claim WHERE claim.appeal_id = appeal.id) AS claimed_at,
    (SELECT COUNT(*) FROM appeal_act WHERE appeal_act.appeal_id = appeal.id AND act = 'ask') AS questions,
    (SELECT MIN(acted_at) FROM appeal_act WHERE appeal_act.appeal_id = appeal.id
        AND act IN ('ask', 'refuse', 'duplicate', 'close')) AS first_answer_at,
    (SELECT MAX(acted_at) FROM appeal_act WHERE appeal_act.appeal_id = appeal.id AND act IN ('answer', 'reopen'))
        AS customer_wrote_at,
    (SELECT MAX(acted_at) FROM appeal_act WHERE appeal_act.appeal_id = appeal.id AND act IN ('ask', 'wait'))
        AS waits_since
    FROM appeal
    LEFT JOIN match_outcome ON match_outcome.appeal_id = appeal.id
    LEFT JOIN deposit ON deposit.id = match_outcome.deposit_id
    LEFT JOIN appeal_truth ON appeal_truth.appeal_id = appeal.id
    WHERE appeal.id IN ";

fn known(row: &Row) -> Result<Known, StoreError> {
    let row = row.of("appeal", "id");
    let user_id = row.text("user_id")?;
    let deposit = row.text_or_null("deposit_id")?;
    let paired = match &deposit {
        None => None,
        Some(_) => {
            let verdict = row.text("verdict")?;
            let detail = row.text("verdict_detail")?;
            let owner = row.text_or_null("owner")?;
            Some(PairedDeposit {
                kind: row.parsed("kind", Kind::from_code)?,
                status: row.parsed("deposit_status", DepositStatus::from_code)?,
                is_lost: verdict == "not_recoverable",
                missing: (verdict == "conditional")
                    .then(|| Missing::from_code(&detail))
                    .flatten(),
                is_another_users: owner.is_some_and(|owner| owner != user_id),
            })
        }
    };
    let network = match row.text_or_null("network")? {
        Some(network) => Some(NetworkId::new(&network)),
        None => names::network_by_name(&row.text("claimed_network")?)
            .map(|network| NetworkId::new(network.name)),
    };
    let decision = row.parsed_or_null("decision", MatchDecision::from_code)?;
    let waits_since = row
        .time_or_null("waits_since")?
        .max(row.time_or_null("claimed_at")?);
    Ok(Known {
        id: row.text("id")?,
        user_id,
        assigned_to: row.text_or_null("assigned_to")?,
        assigned_until: row.time_or_null("assigned_until")?,
        decision,
        deposit: deposit.map(|id| DepositId::verbatim(&id)),
        network,
        value_cents: row.integer_or_null("value_cents")?,
        situation: Situation {
            status: row.parsed("status", AppealStatus::from_code)?,
            created_at: row.time("created_at")?,
            decision,
            deposit: paired,
            is_decided_by_person: row.text_or_null("truth")?.is_some(),
            claim: row.parsed_or_null("claim_status", ClaimStatus::from_code)?,
            questions: row.number("questions")?,
            first_answer_at: row.time_or_null("first_answer_at")?,
            customer_wrote_at: row.time_or_null("customer_wrote_at")?,
            waits_since,
        },
    })
}

/// What is known of these appeals, by id; those that are not there are left out.
pub(crate) async fn known_of(
    reader: &mut Reader<'_>,
    ids: &[String],
) -> Result<BTreeMap<String, Known>, StoreError> {
    let mut found = BTreeMap::new();
    for chunk in ids.chunks(rows_per_statement(1)) {
        let mut statement = Statement::new(KNOWN);
        statement.bind_list(chunk);
        for row in reader.rows(&statement.text, statement.values).await? {
            let known = known(&row)?;
            found.insert(known.id.clone(), known);
        }
    }
    Ok(found)
}

impl Known {
    fn queue_row(&self) -> Vec<Value> {
        let step = next_step(&self.situation);
        values![
            &self.id,
            &self.user_id,
            self.situation.status.code(),
            self.decision.map_or("", MatchDecision::code),
            self.network.as_ref().map_or("", NetworkId::as_str),
            self.assigned_to.as_deref().unwrap_or_default(),
            self.assigned_until,
            step.action.code(),
            step.stage.code(),
            step.since,
            hour_of(step.since),
            self.value_cents
                .map_or(UNKNOWN_VALUE, |cents| -cents.max(0)),
            self.value_cents
        ]
    }
}

/// Writes the queue rows of these appeals anew.
pub(crate) async fn write_rows(tx: &mut Tx, ids: &[String]) -> Result<(), StoreError> {
    let known = known_of(&mut Reader::Tx(tx), ids).await?;
    tx.insert_rows(
        "INSERT INTO appeal_queue (appeal_id, user_id, status, decision, network, assigned_to, assigned_until,
            next_action, stage, since, hour, value_order, value_cents) VALUES ",
        known.values().map(Known::queue_row).collect(),
        " ON CONFLICT (appeal_id) DO UPDATE SET user_id = excluded.user_id, status = excluded.status,
            decision = excluded.decision, network = excluded.network, assigned_to = excluded.assigned_to,
            assigned_until = excluded.assigned_until, next_action = excluded.next_action, stage = excluded.stage,
            since = excluded.since, hour = excluded.hour, value_order = excluded.value_order,
            value_cents = excluded.value_cents",
    )
    .await?;
    Ok(())
}

/// Brings at most so many notes of stale rows up to date; how many there were.
pub(crate) async fn refresh_in(tx: &mut Tx, at_most: u32) -> Result<u32, StoreError> {
    let rows = tx
        .rows(
            "SELECT number, appeal_id FROM appeal_stale ORDER BY number LIMIT $1",
            values![at_most],
        )
        .await?;
    let mut numbers = Vec::with_capacity(rows.len());
    let mut ids = std::collections::BTreeSet::new();
    for row in &rows {
        let row = row.of("appeal_stale", "number");
        numbers.push(row.integer("number")?);
        ids.insert(row.text("appeal_id")?);
    }
    if numbers.is_empty() {
        return Ok(0);
    }
    let ids: Vec<String> = ids.into_iter().collect();
    write_rows(tx, &ids).await?;
    // Only the notes that were read: one that is written meanwhile tells of something newer.
    for chunk in numbers.chunks(rows_per_statement(1)) {
        let mut statement = Statement::new("DELETE FROM appeal_stale WHERE number IN ");
        statement.bind_list(chunk.iter().copied());
        tx.run_statement(statement).await?;
    }
    Ok(u32::try_from(numbers.len()).unwrap_or(u32::MAX))
}

/// One range of an index, in the order of the list.
struct Stream {
    stage: Stage,
    phase: Phase,
    /// What lies between the clock and the deadline.
    hours: i64,
    /// The last hour of the clock that belongs to it.
    hour_max: Option<i64>,
    /// The hour of the clock after which it begins.
    hour_min: Option<i64>,
}

fn streams(levels: &ServiceLevels, now_hour: i64, filter: &QueueFilter) -> Vec<Stream> {
    let hours = |stage| i64::from(levels.hours(stage).unwrap_or(0));
    let whole = |stage, phase| Stream {
        stage,
        phase,
        hours: hours(stage),
        hour_max: None,
        hour_min: None,
    };
    let wait = hours(Stage::Waiting);
    let last_overdue = now_hour.saturating_sub(wait);
    let is_wanted =
        |status: &AppealStatus| filter.statuses.is_empty() || filter.statuses.contains(status);
    let mut streams = Vec::new();
    if AppealStatus::ALL
        .iter()
        .any(|status| status.is_open() && is_wanted(status))
    {
        streams.extend([
            whole(Stage::FirstAnswer, Phase::Work),
            whole(Stage::Decision, Phase::Work),
            whole(Stage::Matching, Phase::Work),
            Stream {
                hour_max: Some(last_overdue),
                ..whole(Stage::Waiting, Phase::Work)
            },
            Stream {
                hour_min: Some(last_overdue),
                ..whole(Stage::Waiting, Phase::Waiting)
            },
        ]);
    }
    let asks_for_done = filter.statuses.iter().any(|status| !status.is_open())
        || filter.next == Some(NextAction::Nothing);
    if asks_for_done {
        streams.push(whole(Stage::Done, Phase::Done));
    }
    streams
}

/// More rows than this above a value are read in the order of the list; fewer are sorted.
const FEW: u32 = 2_000;

impl Store {
    /// Brings the queue up to date with what changed since; how many notes of change were worked off. `progress` is told after
    /// each batch how many that were so far.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn refresh_queue(
        &self,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<u64, StoreError> {
        let mut all = 0_u64;
        loop {
            // Most of the time there is nothing, and a reader need not wait for writers to know that.
            let sql = "SELECT number FROM appeal_stale LIMIT 1";
            if self.db.row(sql, vec![]).await?.is_none() {
                return Ok(all);
            }
            let db = self.db.clone();
            let done = detached(async move {
                let mut tx = db.begin().await?;
                tx.serialize("appeal_queue").await?;
                let done = refresh_in(&mut tx, REFRESHED_AT_ONCE).await?;
                tx.commit().await?;
                Ok(done)
            })
            .await?;
            all = all.saturating_add(u64::from(done));
            progress(all);
        }
    }

    /// One page of the queue as it was last refreshed: due work first by deadline (to the hour), then value (an unknown one
    /// first), then id; then what waits for others; what is decided only when a status asks for it.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn list_queue(
        &self,
        filter: &QueueFilter,
        levels: &ServiceLevels,
        now: Timestamp,
        after: Option<&QueueCursor>,
        limit: u32,
    ) -> Result<QueuePage, StoreError> {
        let now_hour = after.map_or_else(|| hour_of(now), |cursor| cursor.now_hour);
        let after = after.map(|cursor| &cursor.place);
        let mut reader = Reader::Db(&self.db);
        let mut places = first_places(&mut reader, filter, levels, now_hour, after, limit).await?;
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        places.truncate(wanted);
        let next = places
            .last()
            .filter(|_| places.len() >= wanted && wanted > 0)
            .map(|place| QueueCursor {
                now_hour,
                place: place.clone(),
            });
        let ids: Vec<String> = places.into_iter().map(|place| place.appeal).collect();
        let appeals = self.queued(&ids, levels).await?;
        Ok(QueuePage { appeals, next })
    }

    /// One appeal as the queue knows it now; `None` when there is none with this id.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn queued_appeal(
        &self,
        id: &AppealId,
        levels: &ServiceLevels,
    ) -> Result<Option<QueuedAppeal>, StoreError> {
        let found = self.queued(&[id.as_str().to_owned()], levels).await?;
        Ok(found.into_iter().next())
    }

    /// These appeals, in this order.
    async fn queued(
        &self,
        ids: &[String],
        levels: &ServiceLevels,
    ) -> Result<Vec<QueuedAppeal>, StoreError> {
        let mut known = known_of(&mut Reader::Db(&self.db), ids).await?;
        let mut stored = BTreeMap::new();
        for chunk in ids.chunks(rows_per_statement(1)) {
            let mut statement = Statement::new(&format!(
                "SELECT {COLUMNS}, {} FROM appeal WHERE id IN ",
                overlaid_columns()
            ));
            statement.bind_list(chunk);
            for row in self.db.rows(&statement.text, statement.values).await? {
                let one = overlaid_appeal(&row)?;
                stored.insert(one.appeal.id.as_str().to_owned(), one);
            }
        }
        Ok(ids
            .iter()
            .filter_map(|id| {
                let (known, stored) = (known.remove(id)?, stored.remove(id)?);
                let step = next_step(&known.situation);
                Some(QueuedAppeal {
                    stored,
                    assigned_until: known.assigned_until,
                    decision: known.decision,
                    deposit: known.deposit,
                    network: known.network,
                    value_cents: known.value_cents,
                    deadline: levels.deadline(step.stage, step.since),
                    step,
                })
            })
            .collect())
    }

    /// How many appeals wait for what, by next action; what is decided is left out.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn count_queue(&self) -> Result<Vec<(NextAction, u64)>, StoreError> {
        let sql =
            "SELECT next_action, COUNT(*) AS count FROM appeal_queue WHERE next_action <> 'nothing'
             GROUP BY next_action ORDER BY next_action";
        let rows = self.db.rows(sql, vec![]).await?;
        rows.iter()
            .map(|row| {
                let row = row.of("appeal_queue", "next_action");
                Ok((
                    row.parsed("next_action", NextAction::from_code)?,
                    row.number("count")?,
                ))
            })
            .collect()
    }

    /// How the database would read one page: its own words, for a test that no page walks through all appeals.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn explain_queue(
        &self,
        filter: &QueueFilter,
        levels: &ServiceLevels,
        now: Timestamp,
    ) -> Result<Vec<String>, StoreError> {
        let mut said = Vec::new();
        let mut reader = Reader::Db(&self.db);
        for stream in streams(levels, hour_of(now), filter) {
            let Some(statement) = page_of(&mut reader, &stream, filter, None, 50).await? else {
                continue;
            };
            let (before, column) = if self.is_postgres() {
                ("EXPLAIN ", "QUERY PLAN")
            } else {
                ("EXPLAIN QUERY PLAN ", "detail")
            };
            let sql = format!("{before}{}", statement.text);
            for row in reader.rows(&sql, statement.values).await? {
                said.push(row.of("appeal_queue", column).text(column)?);
            }
        }
        Ok(said)
    }
}

/// The first places of the list after one, at most a few more than `limit`.
async fn first_places(
    reader: &mut Reader<'_>,
    filter: &QueueFilter,
    levels: &ServiceLevels,
    now_hour: i64,
    after: Option<&Place>,
    limit: u32,
) -> Result<Vec<Place>, StoreError> {
    let mut places = Vec::new();
    for stream in streams(levels, now_hour, filter) {
        let Some(statement) = page_of(reader, &stream, filter, after, limit).await? else {
            continue;
        };
        for row in reader.rows(&statement.text, statement.values).await? {
            let row = row.of("appeal_queue", "appeal_id");
            places.push(Place {
                phase: stream.phase,
                due_hour: row.integer("hour")?.saturating_add(stream.hours),
                value_order: row.integer("value_order")?,
                appeal: row.text("appeal_id")?,
            });
        }
    }
    places.sort();
    Ok(places)
}

/// The most urgent appeal that nobody holds and that a person can do something about.
pub(crate) async fn most_urgent(
    tx: &mut Tx,
    levels: &ServiceLevels,
    now: Timestamp,
    assigned: Assigned,
) -> Result<Option<AppealId>, StoreError> {
    let filter = QueueFilter {
        assigned: Some(assigned),
        ..QueueFilter::default()
    };
    let mut best: Option<Place> = None;
    let now_hour = hour_of(now);
    for stream in streams(levels, now_hour, &filter) {
        if stream.phase != Phase::Work || stream.stage == Stage::Matching {
            continue;
        }
        let mut reader = Reader::Tx(tx);
        let Some(statement) = page_of(&mut reader, &stream, &filter, None, 1).await? else {
            continue;
        };
        for row in reader.rows(&statement.text, statement.values).await? {
            let row = row.of("appeal_queue", "appeal_id");
            let place = Place {
                phase: stream.phase,
                due_hour: row.integer("hour")?.saturating_add(stream.hours),
                value_order: row.integer("value_order")?,
                appeal: row.text("appeal_id")?,
            };
            if best.as_ref().is_none_or(|known| place < *known) {
                best = Some(place);
            }
        }
    }
    Ok(best.map(|place| AppealId::verbatim(&place.appeal)))
}

/// The statement that reads one stream after a place; `None` where the place lies behind the whole stream.
async fn page_of(
    reader: &mut Reader<'_>,
    stream: &Stream,
    filter: &QueueFilter,
    after: Option<&Place>,
    limit: u32,
) -> Result<Option<Statement>, StoreError> {
    if after.is_some_and(|place| place.phase > stream.phase) {
        return Ok(None);
    }
    let mut statement =
        Statement::new("SELECT appeal_id, hour, value_order FROM appeal_queue WHERE stage = ");
    statement.bind(stream.stage.code());
    narrow(&mut statement, filter);
    if let Some(hour) = stream.hour_max {
        statement.push(" AND hour <= ").bind(hour);
    }
    if let Some(hour) = stream.hour_min {
        statement.push(" AND hour > ").bind(hour);
    }
    if let Some(since) = filter.since_max {
        statement.push(" AND hour <= ").bind(hour_of(since));
        statement.push(" AND (since + 0) <= ").bind(since);
    }
    let mut sorts = false;
    if let Some(cents) = filter.value_cents_min.filter(|cents| *cents > 0) {
        let few = is_few(reader, stream.stage, -cents).await?;
        statement
            .push(if few {
                " AND value_order <= "
            } else {
                " AND (value_order + 0) <= "
            })
            .bind(-cents);
        sorts = few;
    }
    if let Some(place) = after.filter(|place| place.phase == stream.phase) {
        statement.push(" AND (hour, value_order, appeal_id) > (");
        statement.bind(place.due_hour.saturating_sub(stream.hours));
        statement.push(", ").bind(place.value_order);
        statement.push(", ").bind(&place.appeal).push(")");
    }
    // What is computed is in no index: the few rows are found by value and sorted.
    statement.push(if sorts {
        " ORDER BY (hour + 0), (value_order + 0), appeal_id LIMIT "
    } else {
        " ORDER BY hour, value_order, appeal_id LIMIT "
    });
    statement.bind(limit);
    Ok(Some(statement))
}

/// Whether few appeals of a stage are worth so much.
async fn is_few(
    reader: &mut Reader<'_>,
    stage: Stage,
    value_order_max: i64,
) -> Result<bool, StoreError> {
    let rows = reader
        .rows(
            "SELECT COUNT(*) AS count FROM (SELECT appeal_id FROM appeal_queue WHERE stage = $1 AND value_order <= $2
                LIMIT $3) AS dear",
            values![stage.code(), value_order_max, FEW],
        )
        .await?;
    match rows.first() {
        None => Ok(true),
        Some(row) => Ok(row.of("appeal_queue", "count").integer("count")? < i64::from(FEW)),
    }
}

/// The conditions of a filter. Each column has an index in the order of the list behind it; of several in one filter the
/// weaker ones are written so that no index fits them, since the planner would guess among equals.
fn narrow(statement: &mut Statement, filter: &QueueFilter) {
    let mut is_narrow = filter.value_cents_min.is_some_and(|cents| cents > 0);
    let mut equal = |statement: &mut Statement, column: &str, value: Option<&str>| {
        if let Some(value) = value {
            if is_narrow {
                statement.push(&format!(" AND ({column} || '') = "));
            } else {
                statement.push(&format!(" AND {column} = "));
            }
            statement.bind(value);
            is_narrow = true;
        }
    };
    let assigned = filter.assigned.as_ref().map(|assigned| match assigned {
        Assigned::Nobody => "",
        Assigned::To(person) => person.as_str(),
    });
    let is_of_person = assigned.is_some_and(|person| !person.is_empty());
    // Strongest first.
    equal(statement, "user_id", filter.user_id.as_deref());
    equal(statement, "assigned_to", assigned.filter(|_| is_of_person));
    equal(
        statement,
        "network",
        filter.network.as_ref().map(NetworkId::as_str),
    );
    equal(statement, "next_action", filter.next.map(NextAction::code));
    equal(
        statement,
        "decision",
        filter.decision.map(MatchDecision::code),
    );
    match filter.statuses.as_slice() {
        [] => {}
        [status] => equal(statement, "status", Some(status.code())),
        statuses => {
            statement.push(" AND (status || '') IN ");
            statement.bind_list(statuses.iter().map(|status| status.code()));
        }
    }
    equal(statement, "assigned_to", assigned.filter(|_| !is_of_person));
}
