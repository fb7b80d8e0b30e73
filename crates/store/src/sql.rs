//! One SQL text with `$1` parameters for both databases: values in, typed columns out.

use crate::amount_column::AmountColumn;
use crate::error::StoreError;
use crate::leases::Lease;
use futures::TryStreamExt as _;
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::{BlockHash, Height, TxId};
use recover_core::network::NetworkId;
use recover_core::observation::DepositId;
use recover_core::time::Timestamp;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{AssertSqlSafe, PgPool, Postgres, Row as _, Sqlite, SqlitePool, Transaction};
use std::borrow::Cow;
use std::future::Future;

/// A parameter. NULL carries its type, which PostgreSQL wants to know.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Text(Option<String>),
    Integer(Option<i64>),
    Amount(Option<Amount>),
    Bytes(Option<Vec<u8>>),
}

/// What can be bound.
pub(crate) trait IntoValue {
    fn into_value(self) -> Value;
    fn null() -> Value;
}

macro_rules! into_value {
    ($($type:ty => $variant:ident, $convert:expr;)+) => { $(
        impl IntoValue for $type {
            fn into_value(self) -> Value {
                #[allow(clippy::redundant_closure_call)]
                Value::$variant(Some($convert(self)))
            }
            fn null() -> Value { Value::$variant(None) }
        }
    )+ };
}

into_value! {
    &str => Text, |text: &str| text.to_owned();
    String => Text, |text| text;
    &String => Text, |text: &String| text.clone();
    &NetworkId => Text, |network: &NetworkId| network.as_str().to_owned();
    &TxId => Text, |id: &TxId| id.as_str().to_owned();
    &BlockHash => Text, |hash: &BlockHash| hash.as_str().to_owned();
    &DepositId => Text, |id: &DepositId| id.as_str().to_owned();
    &AssetId => Text, |asset: &AssetId| asset.to_string();
    i64 => Integer, |number| number;
    u32 => Integer, i64::from;
    u8 => Integer, i64::from;
    bool => Integer, i64::from;
    Timestamp => Integer, |time: Timestamp| time.as_micros();
    Amount => Amount, |amount| amount;
    Vec<u8> => Bytes, |bytes| bytes;
}

impl<T: IntoValue> IntoValue for Option<T> {
    fn into_value(self) -> Value {
        self.map_or_else(T::null, T::into_value)
    }
    fn null() -> Value {
        T::null()
    }
}

/// The parameters of one statement, in order.
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$($crate::sql::IntoValue::into_value($value)),*] };
}
pub(crate) use values;

/// A height as a column; heights above 2^63 do not exist on any network.
pub(crate) fn height(height: Height) -> Result<i64, StoreError> {
    i64::try_from(height.0).map_err(|_| StoreError::Unstorable {
        what: "a block height",
        problem: "it is above 2^63 - 1: the source or the file is wrong",
    })
}

/// A statement built from parts, for filters and many rows at once.
#[derive(Default)]
pub(crate) struct Statement {
    pub(crate) text: String,
    pub(crate) values: Vec<Value>,
}

impl Statement {
    pub(crate) fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            values: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    pub(crate) fn bind(&mut self, value: impl IntoValue) -> &mut Self {
        self.bind_value(value.into_value())
    }

    pub(crate) fn bind_value(&mut self, value: Value) -> &mut Self {
        self.values.push(value);
        self.text.push('$');
        self.text.push_str(&self.values.len().to_string());
        self
    }

    /// `($1, $2, …)`; the list must not be empty.
    pub(crate) fn bind_list<T: IntoValue>(
        &mut self,
        list: impl IntoIterator<Item = T>,
    ) -> &mut Self {
        self.push("(");
        for (index, value) in list.into_iter().enumerate() {
            if index > 0 {
                self.push(", ");
            }
            self.bind(value);
        }
        self.push(")")
    }

    /// `($1, $2), ($3, $4), …`
    pub(crate) fn bind_rows(&mut self, rows: Vec<Vec<Value>>) -> &mut Self {
        for (index, row) in rows.into_iter().enumerate() {
            self.push(if index > 0 { ", (" } else { "(" });
            for (column, value) in row.into_iter().enumerate() {
                if column > 0 {
                    self.push(", ");
                }
                self.bind_value(value);
            }
            self.push(")");
        }
        self
    }
}

/// The most parameters that one statement takes. SQLite allows 32,766 and PostgreSQL 65,535; beyond this a longer statement
/// saves nothing.
const PARAMETERS_MAX: usize = 3_000;

/// How many rows of `columns` columns one statement takes.
pub(crate) const fn rows_per_statement(columns: usize) -> usize {
    let rows = PARAMETERS_MAX / columns;
    if rows == 0 { 1 } else { rows }
}

/// The open database, and the lease under which it is written.
#[derive(Debug, Clone)]
pub(crate) struct Db {
    pub(crate) pools: Pools,
    pub(crate) lease: Option<Lease>,
}

#[derive(Debug, Clone)]
pub(crate) enum Pools {
    /// One connection writes; the others read. In memory they are the same pool of one.
    Sqlite {
        writer: SqlitePool,
        readers: SqlitePool,
    },
    Postgres(PgPool),
}

/// A transaction that changes something. Dropped without [`Tx::commit`] it changes nothing.
pub(crate) enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// PostgreSQL cannot hold a NUL in text, so neither store takes one.
fn check(values: &[Value]) -> Result<(), StoreError> {
    let has_nul = values
        .iter()
        .any(|value| matches!(value, Value::Text(Some(text)) if text.contains('\0')));
    if has_nul {
        return Err(StoreError::Unstorable {
            what: "a text",
            problem: "it holds a NUL character: remove it from the file",
        });
    }
    Ok(())
}

/// The text with `?` in the place of `$1`, `$2`, … where these stand in order, each once: SQLite keeps a list of the names of
/// parameters and goes through it for each of them, once when it reads the statement and once when a value is bound.
fn unnamed(sql: &str) -> Cow<'_, str> {
    let mut text = String::with_capacity(sql.len());
    let mut next = 1;
    let mut is_quoted = false;
    let mut rest = sql;
    while let Some(place) = rest.find(['$', '\'']) {
        let (before, from) = rest.split_at(place);
        text.push_str(before);
        if from.starts_with('\'') || is_quoted {
            is_quoted ^= from.starts_with('\'');
            text.push_str(&from[..1]);
            rest = &from[1..];
            continue;
        }
        let digits = from[1..].find(|sign: char| !sign.is_ascii_digit());
        let (name, after) = from.split_at(digits.map_or(from.len(), |length| length + 1));
        if name[1..].parse() != Ok(next) {
            return Cow::Borrowed(sql);
        }
        next += 1;
        text.push('?');
        rest = after;
    }
    text.push_str(rest);
    Cow::Owned(text)
}

fn sqlite_query<'q>(sql: &str, values: Vec<Value>) -> Query<'q, Sqlite, SqliteArguments> {
    let mut query = sqlx::query(AssertSqlSafe(unnamed(sql).into_owned()));
    // Long statements with many rows differ in length each time and would only push useful ones out of the cache.
    query = query.persistent(values.len() <= 64);
    for value in values {
        query = match value {
            Value::Text(text) => query.bind(text),
            Value::Integer(number) => query.bind(number),
            Value::Amount(amount) => query.bind(amount.map(AmountColumn)),
            Value::Bytes(bytes) => query.bind(bytes),
        };
    }
    query
}

fn postgres_query<'q>(sql: &str, values: Vec<Value>) -> Query<'q, Postgres, PgArguments> {
    let mut query = sqlx::query(AssertSqlSafe(sql));
    query = query.persistent(values.len() <= 64);
    for value in values {
        query = match value {
            Value::Text(text) => query.bind(text),
            Value::Integer(number) => query.bind(number),
            Value::Amount(amount) => query.bind(amount.map(AmountColumn)),
            Value::Bytes(bytes) => query.bind(bytes),
        };
    }
    query
}

impl Db {
    /// Reads rows outside a transaction of ours.
    pub(crate) async fn rows(&self, sql: &str, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        check(&values)?;
        match &self.pools {
            Pools::Sqlite { readers, .. } => {
                let rows = sqlite_query(sql, values).fetch_all(readers).await?;
                Ok(rows.into_iter().map(Row::Sqlite).collect())
            }
            Pools::Postgres(pool) => {
                let rows = postgres_query(sql, values).fetch_all(pool).await?;
                Ok(rows.into_iter().map(Row::Postgres).collect())
            }
        }
    }

    /// Begins a transaction that only reads, and reads one state of the database whatever is written meanwhile. On SQLite it
    /// waits for nobody, and nobody for it; in memory, where there is one connection, everybody waits until it is dropped.
    pub(crate) async fn snapshot(&self) -> Result<Tx, StoreError> {
        match &self.pools {
            Pools::Sqlite { readers, .. } => Ok(Tx::Sqlite(readers.begin().await?)),
            Pools::Postgres(pool) => {
                let isolated = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";
                Ok(Tx::Postgres(pool.begin_with(isolated).await?))
            }
        }
    }

    /// Reads at most one row.
    pub(crate) async fn row(
        &self,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    /// Begins a transaction that will write. SQLite takes the write lock at once: a read that later wants to write fails
    /// with BUSY_SNAPSHOT, whatever the time-out. Under a lease, nothing begins once another process holds it, and none
    /// can take it before this transaction ends.
    pub(crate) async fn begin(&self) -> Result<Tx, StoreError> {
        let mut tx = match &self.pools {
            Pools::Sqlite { writer, .. } => Tx::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?),
            Pools::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        };
        if let Some(lease) = &self.lease {
            let lock = match &tx {
                Tx::Sqlite(_) => "",
                Tx::Postgres(_) => " FOR SHARE",
            };
            let sql = format!(
                "SELECT name FROM lease WHERE name = $1 AND holder = $2 AND epoch = $3{lock}"
            );
            let held = tx
                .row(&sql, values![&lease.name, &lease.holder, lease.epoch])
                .await?;
            if held.is_none() {
                return Err(StoreError::LeaseLost {
                    name: lease.name.clone(),
                });
            }
        }
        Ok(tx)
    }
}

impl Tx {
    pub(crate) async fn rows(
        &mut self,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        check(&values)?;
        match self {
            Self::Sqlite(transaction) => {
                let rows = sqlite_query(sql, values)
                    .fetch_all(&mut **transaction)
                    .await?;
                Ok(rows.into_iter().map(Row::Sqlite).collect())
            }
            Self::Postgres(transaction) => {
                let rows = postgres_query(sql, values)
                    .fetch_all(&mut **transaction)
                    .await?;
                Ok(rows.into_iter().map(Row::Postgres).collect())
            }
        }
    }

    pub(crate) async fn row(
        &mut self,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    /// Reads rows one after the other, without holding them all.
    pub(crate) async fn each(
        &mut self,
        sql: &str,
        values: Vec<Value>,
        mut take: impl FnMut(Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        check(&values)?;
        match self {
            Self::Sqlite(transaction) => {
                let mut rows = sqlite_query(sql, values).fetch(&mut **transaction);
                while let Some(row) = rows.try_next().await? {
                    take(Row::Sqlite(row))?;
                }
            }
            Self::Postgres(transaction) => {
                let mut rows = postgres_query(sql, values).fetch(&mut **transaction);
                while let Some(row) = rows.try_next().await? {
                    take(Row::Postgres(row))?;
                }
            }
        }
        Ok(())
    }

    /// Runs a statement and answers how many rows it changed.
    pub(crate) async fn run(&mut self, sql: &str, values: Vec<Value>) -> Result<u64, StoreError> {
        check(&values)?;
        match self {
            Self::Sqlite(transaction) => Ok(sqlite_query(sql, values)
                .execute(&mut **transaction)
                .await?
                .rows_affected()),
            Self::Postgres(transaction) => Ok(postgres_query(sql, values)
                .execute(&mut **transaction)
                .await?
                .rows_affected()),
        }
    }

    pub(crate) async fn run_statement(&mut self, statement: Statement) -> Result<u64, StoreError> {
        self.run(&statement.text, statement.values).await
    }

    /// Inserts rows in as few statements as the parameter limit allows: `before` the values, `after` them.
    pub(crate) async fn insert_rows(
        &mut self,
        before: &str,
        rows: Vec<Vec<Value>>,
        after: &str,
    ) -> Result<u64, StoreError> {
        let mut changed = 0;
        let mut rows = rows.into_iter().peekable();
        while let Some(first) = rows.peek() {
            let size = rows_per_statement(first.len());
            let mut statement = Statement::new(before);
            statement.bind_rows(rows.by_ref().take(size).collect());
            statement.push(after);
            changed += self.run_statement(statement).await?;
        }
        Ok(changed)
    }

    /// Makes transactions of this name run one after the other, until the end of this one. SQLite's are serial already.
    pub(crate) async fn serialize(&mut self, name: &str) -> Result<(), StoreError> {
        if let Self::Postgres(_) = self {
            self.run(
                "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))",
                values![name],
            )
            .await?;
        }
        Ok(())
    }

    /// What a SELECT must end with to keep its rows from changing until this transaction ends.
    pub(crate) const fn lock_rows(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "",
            Self::Postgres(_) => " FOR UPDATE",
        }
    }

    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        let result = match self {
            Self::Sqlite(transaction) => transaction.commit().await,
            Self::Postgres(transaction) => transaction.commit().await,
        };
        result.map_err(|source| match source {
            // The server answered: it knows that nothing was kept.
            sqlx::Error::Database(_) => StoreError::from(source),
            source => StoreError::CommitUnknown { source },
        })
    }
}

/// Where rows are read: outside any transaction, or inside one.
pub(crate) enum Reader<'a> {
    Db(&'a Db),
    Tx(&'a mut Tx),
}

impl Reader<'_> {
    pub(crate) async fn rows(
        &mut self,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Db(db) => db.rows(sql, values).await,
            Self::Tx(tx) => tx.rows(sql, values).await,
        }
    }
}

/// Runs work in a task of its own, so that a caller who goes away cannot leave it half done: a dropped BEGIN would leave
/// PostgreSQL's pooled connection inside a transaction, and the next caller's writes would be lost with it (sqlx 0.9.0).
pub(crate) async fn detached<T, F>(work: F) -> Result<T, StoreError>
where
    T: Send + 'static,
    F: Future<Output = Result<T, StoreError>> + Send + 'static,
{
    match tokio::spawn(work).await {
        Ok(result) => result,
        Err(failure) => match failure.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(StoreError::Database {
                source: sqlx::Error::WorkerCrashed,
            }),
        },
    }
}

/// One row of either database.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    /// Names the table, and the column that identifies the row in messages.
    pub(crate) const fn of(&self, table: &'static str, id: &'static str) -> RowOf<'_> {
        RowOf {
            row: self,
            table,
            id,
        }
    }
}

/// A row with what a message needs to find it again.
#[derive(Clone, Copy)]
pub(crate) struct RowOf<'a> {
    row: &'a Row,
    table: &'static str,
    id: &'static str,
}

macro_rules! getter {
    ($name:ident, $optional:ident, $type:ty) => {
        pub(crate) fn $optional(&self, column: &'static str) -> Result<Option<$type>, StoreError> {
            let result = match self.row {
                Row::Sqlite(row) => row.try_get::<Option<$type>, _>(column),
                Row::Postgres(row) => row.try_get::<Option<$type>, _>(column),
            };
            result.map_err(|error| match error {
                sqlx::Error::ColumnDecode { source, .. } => self.bad(column, &source.to_string()),
                other => StoreError::Database { source: other },
            })
        }

        pub(crate) fn $name(&self, column: &'static str) -> Result<$type, StoreError> {
            self.$optional(column)?
                .ok_or_else(|| self.bad(column, "holds nothing"))
        }
    };
}

impl RowOf<'_> {
    getter!(text, text_or_null, String);
    getter!(integer, integer_or_null, i64);
    getter!(bytes, bytes_or_null, Vec<u8>);
    getter!(amount_column, amount_column_or_null, AmountColumn);

    /// The error that names this row and a column.
    pub(crate) fn bad(&self, column: &'static str, problem: &str) -> StoreError {
        let text = |row: &Row| match row {
            Row::Sqlite(row) => row
                .try_get::<String, _>(self.id)
                .or_else(|_| row.try_get::<i64, _>(self.id).map(|id| id.to_string())),
            Row::Postgres(row) => row
                .try_get::<String, _>(self.id)
                .or_else(|_| row.try_get::<i64, _>(self.id).map(|id| id.to_string())),
        };
        StoreError::BadRow {
            table: self.table,
            id: text(self.row).unwrap_or_else(|_| "(no id)".to_owned()),
            column,
            problem: problem.to_owned(),
        }
    }

    pub(crate) fn amount(&self, column: &'static str) -> Result<Amount, StoreError> {
        Ok(self.amount_column(column)?.0)
    }

    pub(crate) fn amount_or_null(
        &self,
        column: &'static str,
    ) -> Result<Option<Amount>, StoreError> {
        Ok(self.amount_column_or_null(column)?.map(|amount| amount.0))
    }

    /// Parses a text column that is there.
    pub(crate) fn parsed<T>(
        &self,
        column: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<T, StoreError> {
        let text = self.text(column)?;
        parse(&text).ok_or_else(|| self.unknown(column, &text))
    }

    pub(crate) fn parsed_or_null<T>(
        &self,
        column: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, StoreError> {
        self.text_or_null(column)?
            .map(|text| parse(&text).ok_or_else(|| self.unknown(column, &text)))
            .transpose()
    }

    pub(crate) fn unknown(&self, column: &'static str, text: &str) -> StoreError {
        self.bad(
            column,
            &format!("holds '{text}', which this version does not know"),
        )
    }

    pub(crate) fn network(&self, column: &'static str) -> Result<NetworkId, StoreError> {
        Ok(NetworkId::new(&self.text(column)?))
    }

    pub(crate) fn time(&self, column: &'static str) -> Result<Timestamp, StoreError> {
        Ok(Timestamp::from_micros(self.integer(column)?))
    }

    pub(crate) fn time_or_null(
        &self,
        column: &'static str,
    ) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.integer_or_null(column)?.map(Timestamp::from_micros))
    }

    /// A whole number of a narrower type.
    pub(crate) fn number<T: TryFrom<i64>>(&self, column: &'static str) -> Result<T, StoreError> {
        let number = self.integer(column)?;
        T::try_from(number)
            .map_err(|_| self.bad(column, &format!("holds {number}, which is out of range")))
    }

    pub(crate) fn number_or_null<T: TryFrom<i64>>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, StoreError> {
        self.integer_or_null(column)?
            .map(|number| {
                T::try_from(number).map_err(|_| {
                    self.bad(column, &format!("holds {number}, which is out of range"))
                })
            })
            .transpose()
    }

    pub(crate) fn height(&self, column: &'static str) -> Result<Height, StoreError> {
        self.number(column).map(Height)
    }

    pub(crate) fn height_or_null(
        &self,
        column: &'static str,
    ) -> Result<Option<Height>, StoreError> {
        Ok(self.number_or_null(column)?.map(Height))
    }

    pub(crate) fn flag(&self, column: &'static str) -> Result<bool, StoreError> {
        Ok(self.integer(column)? != 0)
    }

    /// A list or a record that the column keeps as JSON.
    pub(crate) fn json<T: serde::de::DeserializeOwned>(
        &self,
        column: &'static str,
    ) -> Result<T, StoreError> {
        serde_json::from_str(&self.text(column)?)
            .map_err(|error| self.bad(column, &format!("holds JSON of another shape ({error})")))
    }
}

/// What a JSON column is written from: plain lists and records of text and numbers, which always print.
pub(crate) fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("lists and records of text and numbers print as JSON")
}

#[cfg(test)]
mod tests {
    use super::unnamed;

    #[test]
    fn own_parameters_in_order_need_no_names() {
        for (sql, expected) in [
            ("SELECT 1", "SELECT 1"),
            ("a = $1 AND b IN ($2, $3)", "a = ? AND b IN (?, ?)"),
            ("$1$2", "??"),
            // What stands in quotes is no parameter.
            ("a = '$1' AND b = $1", "a = '$1' AND b = ?"),
            ("a = 'it''s $9' AND b = $1", "a = 'it''s $9' AND b = ?"),
            // Out of order, or twice, the names are needed.
            ("a = $2 AND b = $1", "a = $2 AND b = $1"),
            ("a = $1 OR b = $1", "a = $1 OR b = $1"),
            ("a = $1 OR b = $name", "a = $1 OR b = $name"),
        ] {
            assert_eq!(unnamed(sql), expected);
        }
        let many: Vec<String> = (1..=120).map(|number| format!("${number}")).collect();
        assert_eq!(unnamed(&many.join(", ")), vec!["?"; 120].join(", "));
    }
}
