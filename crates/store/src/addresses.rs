//! The address book and the epochs of the watch set.

use crate::error::StoreError;
use crate::payload_column;
use crate::sql::{Reader, Row, Statement, Tx, Value, detached, rows_per_statement, values};
use crate::store::Store;
use recover_core::address::Payload;
use recover_core::book::{AddressRecord, AddressRole, ControlRecord};
use recover_core::digest::Encoder;
use recover_core::network::{Family, NetworkId};
use recover_core::time::Timestamp;
use std::collections::HashMap;

/// What an import did with the rows it was given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ImportCounts {
    /// Rows that were not there.
    pub inserted: u64,
    /// Rows that were there with other content.
    pub updated: u64,
    /// Rows that were there as given.
    pub unchanged: u64,
    /// Rows that were there with other content and stay as they are, because something was decided on them.
    pub kept: u64,
}

impl ImportCounts {
    /// The counts of both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            inserted: self.inserted.saturating_add(other.inserted),
            updated: self.updated.saturating_add(other.updated),
            unchanged: self.unchanged.saturating_add(other.unchanged),
            kept: self.kept.saturating_add(other.kept),
        }
    }
}

/// What one epoch of the watch set added to one family, and how far back that must be scanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WatchEpoch {
    /// Its number, from 1. Coverage under this or a later number has looked for what it added.
    pub number: u64,
    /// Earliest issue among the addresses it added; `None` when one of them may be as old as its network.
    pub since: Option<Timestamp>,
    /// How many payloads it added.
    pub payloads: u64,
}

/// Which rows of the address book to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressFilter {
    /// Only this family.
    pub family: Option<Family>,
    /// Only this role.
    pub role: Option<AddressRole>,
    /// Only this user.
    pub user_id: Option<String>,
    /// Only this value, verbatim.
    pub value: Option<String>,
}

/// A place in the list of addresses, after which the next page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressCursor {
    value: String,
    id: Vec<u8>,
}

/// One page of the address book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressPage {
    /// The rows, by value.
    pub records: Vec<AddressRecord>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<AddressCursor>,
}

/// What identifies a row of the address book: family, network, role, value and user.
fn identity(record: &AddressRecord) -> Vec<u8> {
    let digest = Encoder::new("recover/address/1")
        .field(record.family.code())
        .optional(record.network.as_ref().map(NetworkId::as_str))
        .field(record.role.code())
        .field(&record.value)
        .optional(record.user_id.as_deref())
        .finish();
    digest.bytes()[..16].to_vec()
}

const COLUMNS: &str =
    "id, family, network, role, value, payload, user_id, created_at, retired_at, control";

fn record(row: &Row) -> Result<AddressRecord, StoreError> {
    let row = row.of("address", "value");
    Ok(AddressRecord {
        user_id: row.text_or_null("user_id")?,
        role: row.parsed("role", AddressRole::from_code)?,
        family: row.parsed("family", Family::from_code)?,
        network: row
            .text_or_null("network")?
            .map(|name| NetworkId::new(&name)),
        value: row.text("value")?,
        payload: payload_column::read(&row, "payload")?,
        created: row.time_or_null("created_at")?,
        retired: row.time_or_null("retired_at")?,
        control: row.parsed("control", |text| ControlRecord::parse(text).ok())?,
    })
}

impl Store {
    /// Adds a batch of rows to the address book, or updates those that it has: the identity of a row is its family,
    /// network, role, value and user. All of the batch or nothing; the last of equal rows in a batch counts.
    ///
    /// Addresses that were not watched before, or that turn out older than known, go to the open epoch of the watch set,
    /// so that scans read back as far as they may have been used.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn import_addresses(
        &self,
        records: Vec<AddressRecord>,
        now: Timestamp,
    ) -> Result<ImportCounts, StoreError> {
        let db = self.db.clone();
        detached(async move {
            let mut tx = db.begin().await?;
            let mut counts = ImportCounts::default();
            let mut added = Additions::default();
            let mut last: HashMap<Vec<u8>, AddressRecord> = HashMap::with_capacity(records.len());
            for record in records {
                last.insert(identity(&record), record);
            }
            // In the order of the key, so that two imports at once lock their rows in the same order.
            let mut rows: Vec<(Vec<u8>, AddressRecord)> = last.into_iter().collect();
            rows.sort_by(|one, other| one.0.cmp(&other.0));
            if rows.iter().any(|(_, record)| is_watched(record)) {
                tx.serialize("watch_epoch").await?;
            }
            for chunk in rows.chunks(rows_per_statement(12)) {
                counts = counts.plus(import_chunk(&mut tx, chunk, now, &mut added).await?);
            }
            open_epoch(&mut tx, &added, now).await?;
            tx.commit().await?;
            Ok(counts)
        })
        .await
    }

    /// Seals the open epoch, when there is one, and answers the number of the newest: the epoch under which a scan that
    /// loads the watched payloads *after* this call may commit. 0 while no address was ever imported.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn seal_watch_epoch(&self, now: Timestamp) -> Result<u64, StoreError> {
        let db = self.db.clone();
        detached(async move {
            let open = "SELECT number FROM watch_epoch WHERE sealed_at IS NULL";
            if db.row(open, vec![]).await?.is_some() {
                let mut tx = db.begin().await?;
                tx.serialize("watch_epoch").await?;
                tx.run(
                    "UPDATE watch_epoch SET sealed_at = $1 WHERE sealed_at IS NULL",
                    values![now],
                )
                .await?;
                tx.commit().await?;
            }
            let newest = db
                .row("SELECT MAX(number) AS number FROM watch_epoch", vec![])
                .await?;
            match newest {
                None => Ok(0),
                Some(row) => Ok(row
                    .of("watch_epoch", "number")
                    .number_or_null("number")?
                    .unwrap_or(0)),
            }
        })
        .await
    }

    /// The epochs that added addresses of a family, lowest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn watch_epochs(&self, family: Family) -> Result<Vec<WatchEpoch>, StoreError> {
        let rows = self
            .db
            .rows(
                "SELECT number, since, payloads FROM watch_epoch_family WHERE family = $1 ORDER BY number",
                values![family.code()],
            )
            .await?;
        rows.iter()
            .map(|row| {
                let row = row.of("watch_epoch_family", "number");
                Ok(WatchEpoch {
                    number: row.number("number")?,
                    since: row.time_or_null("since")?,
                    payloads: row.number("payloads")?,
                })
            })
            .collect()
    }

    /// One page of the distinct payloads watched for a family, ascending. Pass the last one to get the next page; an empty
    /// page is the end. Nothing stays locked between pages.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn watched_payloads(
        &self,
        family: Family,
        after: Option<&Payload>,
        limit: u32,
    ) -> Result<Vec<Payload>, StoreError> {
        let after = match after {
            None => Vec::new(),
            Some(payload) => payload_column::encode(payload)?,
        };
        let rows = self
            .db
            .rows(
                "SELECT DISTINCT payload FROM address
                 WHERE family = $1 AND watched = 1 AND payload > $2 ORDER BY payload LIMIT $3",
                values![family.code(), after, limit],
            )
            .await?;
        let mut payloads = Vec::with_capacity(rows.len());
        for row in &rows {
            payloads.extend(payload_column::read(
                &row.of("address", "payload"),
                "payload",
            )?);
        }
        Ok(payloads)
    }

    /// Every row of the address book about these payloads, past senders included.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn records_of(&self, payloads: &[Payload]) -> Result<Vec<AddressRecord>, StoreError> {
        let mut columns = Vec::with_capacity(payloads.len());
        for payload in payloads {
            columns.push(payload_column::encode(payload)?);
        }
        columns.sort();
        columns.dedup();
        let mut records = Vec::new();
        for chunk in columns.chunks(rows_per_statement(20)) {
            let mut statement =
                Statement::new(&format!("SELECT {COLUMNS} FROM address WHERE payload IN "));
            statement
                .bind_list(chunk.iter().cloned())
                .push(" ORDER BY id");
            for row in self.db.rows(&statement.text, statement.values).await? {
                records.push(record(&row)?);
            }
        }
        Ok(records)
    }

    /// Every row with one of these values, verbatim: who was assigned a memo, whose an address of a family without codec is.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn records_with_values(
        &self,
        wanted: &[String],
    ) -> Result<Vec<AddressRecord>, StoreError> {
        records_where(&mut Reader::Db(&self.db), "value", wanted).await
    }

    /// The rows that assign one of these values as a memo of a family, on one of these networks or on every network of the
    /// family; by value. A value that nobody has is left out.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn assigned_memos(
        &self,
        family: Family,
        networks: &[NetworkId],
        wanted: &[String],
    ) -> Result<Vec<AddressRecord>, StoreError> {
        let mut records = Vec::new();
        for chunk in wanted.chunks(rows_per_statement(2)) {
            let mut statement =
                Statement::new(&format!("SELECT {COLUMNS} FROM address WHERE value IN "));
            statement.bind_list(chunk.iter());
            // Written so that no index fits them: a value is narrow enough.
            statement
                .push(" AND (role || '') = ")
                .bind(AddressRole::AssignedMemo.code());
            statement.push(" AND (family || '') = ").bind(family.code());
            statement.push(" AND (network IS NULL");
            for network in networks {
                statement.push(" OR network = ").bind(network);
            }
            statement.push(") ORDER BY value, id");
            for row in self.db.rows(&statement.text, statement.values).await? {
                records.push(record(&row)?);
            }
        }
        Ok(records)
    }

    /// Every row about these users: issued addresses, assigned memos, past senders.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn records_of_users(
        &self,
        users: &[String],
    ) -> Result<Vec<AddressRecord>, StoreError> {
        records_where(&mut Reader::Db(&self.db), "user_id", users).await
    }

    /// One page of the address book, by value.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn list_addresses(
        &self,
        filter: &AddressFilter,
        after: Option<&AddressCursor>,
        limit: u32,
    ) -> Result<AddressPage, StoreError> {
        let mut statement = Statement::new(&format!("SELECT {COLUMNS} FROM address WHERE 1 = 1"));
        if let Some(family) = filter.family {
            statement.push(" AND family = ").bind(family.code());
        }
        if let Some(role) = filter.role {
            statement.push(" AND role = ").bind(role.code());
        }
        if let Some(user_id) = &filter.user_id {
            statement.push(" AND user_id = ").bind(user_id);
        }
        if let Some(value) = &filter.value {
            statement.push(" AND value = ").bind(value);
        }
        if let Some(cursor) = after {
            statement.push(" AND value >= ").bind(&cursor.value);
            statement.push(" AND (value > ").bind(&cursor.value);
            statement
                .push(" OR id > ")
                .bind(cursor.id.clone())
                .push(")");
        }
        statement.push(" ORDER BY value, id LIMIT ").bind(limit);
        let rows = self.db.rows(&statement.text, statement.values).await?;
        let next = match rows.last() {
            Some(row) if u64::try_from(rows.len()).is_ok_and(|count| count >= u64::from(limit)) => {
                let row = row.of("address", "value");
                Some(AddressCursor {
                    value: row.text("value")?,
                    id: row.bytes("id")?,
                })
            }
            _ => None,
        };
        Ok(AddressPage {
            records: rows.iter().map(record).collect::<Result<_, _>>()?,
            next,
        })
    }

    /// How many rows the address book has, by role.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn count_addresses(&self) -> Result<Vec<(AddressRole, u64)>, StoreError> {
        let rows = self
            .db
            .rows(
                "SELECT role, COUNT(*) AS count FROM address GROUP BY role ORDER BY role",
                vec![],
            )
            .await?;
        rows.iter()
            .map(|row| {
                let row = row.of("address", "role");
                Ok((
                    row.parsed("role", AddressRole::from_code)?,
                    row.number("count")?,
                ))
            })
            .collect()
    }
}

/// The rows in which a column, or what SQL makes of one, is among these; by id within each part of the list.
pub(crate) async fn records_where(
    reader: &mut Reader<'_>,
    column: &str,
    wanted: &[String],
) -> Result<Vec<AddressRecord>, StoreError> {
    let mut records = Vec::new();
    for chunk in wanted.chunks(rows_per_statement(4)) {
        let mut statement =
            Statement::new(&format!("SELECT {COLUMNS} FROM address WHERE {column} IN "));
        statement.bind_list(chunk.iter()).push(" ORDER BY id");
        for row in reader.rows(&statement.text, statement.values).await? {
            records.push(record(&row)?);
        }
    }
    Ok(records)
}

/// The rows with these ids of the store's own.
pub(crate) async fn records_by_id(
    reader: &mut Reader<'_>,
    ids: &[Vec<u8>],
) -> Result<Vec<AddressRecord>, StoreError> {
    let mut records = Vec::new();
    for chunk in ids.chunks(rows_per_statement(4)) {
        let mut statement = Statement::new(&format!("SELECT {COLUMNS} FROM address WHERE id IN "));
        statement
            .bind_list(chunk.iter().cloned())
            .push(" ORDER BY id");
        for row in reader.rows(&statement.text, statement.values).await? {
            records.push(record(&row)?);
        }
    }
    Ok(records)
}

fn is_watched(record: &AddressRecord) -> bool {
    record.role.is_ours() && record.payload.is_some()
}

/// What a batch newly watches, by family: how many payloads, and since when (`None`: from the start).
#[derive(Default)]
struct Additions(HashMap<Family, (u64, Option<Timestamp>)>);

impl Additions {
    fn add(&mut self, family: Family, created: Option<Timestamp>) {
        let (count, since) = self.0.entry(family).or_insert((0, created));
        *count += 1;
        *since = match (*since, created) {
            (Some(one), Some(other)) => Some(one.min(other)),
            _ => None,
        };
    }
}

async fn import_chunk(
    tx: &mut Tx,
    chunk: &[(Vec<u8>, AddressRecord)],
    now: Timestamp,
    added: &mut Additions,
) -> Result<ImportCounts, StoreError> {
    let mut statement = Statement::new(&format!("SELECT {COLUMNS} FROM address WHERE id IN "));
    statement.bind_list(chunk.iter().map(|(id, _)| id.clone()));
    let mut stored = HashMap::new();
    for row in tx.rows(&statement.text, statement.values).await? {
        stored.insert(row.of("address", "value").bytes("id")?, record(&row)?);
    }
    let mut watched_since = watched_since(tx, chunk).await?;
    let mut counts = ImportCounts::default();
    let mut changed: Vec<Vec<Value>> = Vec::new();
    for (id, record) in chunk {
        match stored.get(id) {
            Some(known) if known == record => {
                counts.unchanged += 1;
                continue;
            }
            Some(_) => counts.updated += 1,
            None => counts.inserted += 1,
        }
        let payload = record
            .payload
            .as_ref()
            .map(payload_column::encode)
            .transpose()?;
        if let (true, Some(payload)) = (is_watched(record), &payload) {
            // NULL sorts before every time: such an address is watched from the start.
            let wanted = record.created.map_or(i64::MIN, Timestamp::as_micros);
            let key = (record.family, payload.clone());
            let known = watched_since.get(&key).copied();
            if known.is_none_or(|known| wanted < known) {
                watched_since.insert(key, wanted);
                added.add(record.family, record.created);
            }
        }
        changed.push(values![
            id.clone(),
            record.family.code(),
            record.network.as_ref(),
            record.role.code(),
            &record.value,
            payload,
            record.user_id.as_deref(),
            record.created,
            record.retired,
            record.control.to_string(),
            is_watched(record),
            now
        ]);
    }
    tx.insert_rows(
        "INSERT INTO address (id, family, network, role, value, payload, user_id, created_at, retired_at, control,
            watched, imported_at) VALUES ",
        changed,
        " ON CONFLICT (id) DO UPDATE SET payload = excluded.payload, created_at = excluded.created_at,
            retired_at = excluded.retired_at, control = excluded.control, watched = excluded.watched,
            imported_at = excluded.imported_at",
    )
    .await?;
    Ok(counts)
}

/// Since when each payload of the chunk is watched already.
async fn watched_since(
    tx: &mut Tx,
    chunk: &[(Vec<u8>, AddressRecord)],
) -> Result<HashMap<(Family, Vec<u8>), i64>, StoreError> {
    let mut payloads = Vec::new();
    for (_, record) in chunk.iter().filter(|(_, record)| is_watched(record)) {
        payloads.extend(
            record
                .payload
                .as_ref()
                .map(payload_column::encode)
                .transpose()?,
        );
    }
    let mut since = HashMap::new();
    if payloads.is_empty() {
        return Ok(since);
    }
    let mut statement = Statement::new("SELECT family, payload, MIN(COALESCE(created_at, ");
    statement.bind(i64::MIN);
    statement.push(")) AS since FROM address WHERE watched = 1 AND payload IN ");
    statement
        .bind_list(payloads)
        .push(" GROUP BY family, payload");
    for row in tx.rows(&statement.text, statement.values).await? {
        let row = row.of("address", "family");
        let key = (
            row.parsed("family", Family::from_code)?,
            row.bytes("payload")?,
        );
        since.insert(key, row.integer("since")?);
    }
    Ok(since)
}

/// Adds to the open epoch, or opens the next one. A sealed epoch is never added to: a scan may have read it.
async fn open_epoch(tx: &mut Tx, added: &Additions, now: Timestamp) -> Result<(), StoreError> {
    if added.0.is_empty() {
        return Ok(());
    }
    let open = tx
        .row(
            "SELECT number FROM watch_epoch WHERE sealed_at IS NULL",
            vec![],
        )
        .await?;
    let number: i64 = match open {
        Some(row) => row.of("watch_epoch", "number").integer("number")?,
        None => {
            let next = tx
                .row(
                    "INSERT INTO watch_epoch (number, opened_at)
                     SELECT COALESCE(MAX(number), 0) + 1, $1 FROM watch_epoch RETURNING number",
                    values![now],
                )
                .await?;
            match next {
                Some(row) => row.of("watch_epoch", "number").integer("number")?,
                None => 1,
            }
        }
    };
    for (family, (payloads, since)) in &added.0 {
        let payloads = i64::try_from(*payloads).unwrap_or(i64::MAX);
        tx.run(
            "INSERT INTO watch_epoch_family (number, family, since, payloads) VALUES ($1, $2, $3, $4)
             ON CONFLICT (number, family) DO UPDATE SET
                payloads = watch_epoch_family.payloads + excluded.payloads,
                since = CASE WHEN watch_epoch_family.since IS NULL OR excluded.since IS NULL THEN NULL
                    WHEN watch_epoch_family.since < excluded.since THEN watch_epoch_family.since
                    ELSE excluded.since END",
            values![number, family.code(), *since, payloads],
        )
        .await?;
    }
    Ok(())
}
