//! Opening a database.

use crate::error::StoreError;
use crate::migrate;
use crate::sql::{Db, Pools};
use sqlx::Connection as _;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use std::str::FromStr as _;
use std::time::Duration;

/// How long a statement waits for another process's write to end.
const WAIT_SECONDS: u64 = 10;

/// How long a task waits for a free connection of our own pool.
const ACQUIRE_SECONDS: u64 = 60;

/// The store: every table behind typed functions, on SQLite or PostgreSQL. Cheap to clone; clones share the connections.
///
/// Every change runs in one transaction and in a task of its own: a caller that goes away in the middle leaves all of it or
/// nothing. The clock is the caller's; `now` is passed in.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) db: Db,
}

impl Store {
    /// Opens a database, creates an SQLite file that does not exist, and brings the tables to this version.
    ///
    /// `sqlite://FILE` (relative or absolute), `sqlite::memory:` (gone with the store), `postgres://USER:PASSWORD@HOST/NAME`.
    ///
    /// # Errors
    /// When the URL has another form, the database cannot be reached, or it was written by a later version.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let store = Self::connect(url).await?;
        migrate::migrate_to(&store.db, migrate::newest()).await?;
        Ok(store)
    }

    /// Opens a database that is there and of this version, for reading: every change is refused by the database itself, and
    /// nothing is created or brought up to date.
    ///
    /// # Errors
    /// As [`Store::open`]; also when the tables are of an earlier version than this program.
    pub async fn open_read_only(url: &str) -> Result<Self, StoreError> {
        let store = Self::connect_as(url, Access::ReadOnly).await?;
        let (known, applied) = store.migrations().await?;
        if applied > known {
            return Err(StoreError::NewerDatabase { version: applied });
        }
        if applied < known {
            return Err(StoreError::OlderDatabase {
                version: applied,
                wanted: known,
            });
        }
        Ok(store)
    }

    /// Opens a database and brings its tables to one migration, for tests of the ones after it.
    ///
    /// # Errors
    /// As [`Store::open`].
    #[doc(hidden)]
    pub async fn open_at(url: &str, migration: i64) -> Result<Self, StoreError> {
        let store = Self::connect(url).await?;
        migrate::migrate_to(&store.db, migration).await?;
        Ok(store)
    }

    async fn connect(url: &str) -> Result<Self, StoreError> {
        Self::connect_as(url, Access::Full).await
    }

    async fn connect_as(url: &str, access: Access) -> Result<Self, StoreError> {
        let scheme = url.split(':').next().unwrap_or_default();
        // Without a file SQLite opens a database of its own that is gone with each connection.
        let names_a_file = !url
            .trim_start_matches("sqlite:")
            .trim_matches('/')
            .is_empty();
        let pools = match scheme {
            "sqlite" if names_a_file => sqlite(url, access).await?,
            "postgres" | "postgresql" => postgres(url, access).await?,
            other => {
                return Err(StoreError::UnknownUrl {
                    scheme: other.to_owned(),
                });
            }
        };
        Ok(Self {
            db: Db { pools, lease: None },
        })
    }

    /// Whether the database is PostgreSQL.
    #[must_use]
    pub const fn is_postgres(&self) -> bool {
        matches!(self.db.pools, Pools::Postgres(_))
    }

    /// The newest migration that this program knows, and the newest that the database has.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn migrations(&self) -> Result<(i64, i64), StoreError> {
        let row = self
            .db
            .row(
                "SELECT MAX(version) AS version FROM _sqlx_migrations",
                vec![],
            )
            .await?;
        let applied = match row {
            None => 0,
            Some(row) => row
                .of("_sqlx_migrations", "version")
                .integer_or_null("version")?
                .unwrap_or(0),
        };
        Ok((migrate::newest(), applied))
    }

    /// Runs the database's own check of its pages (SQLite); what it found, empty when all is well. PostgreSQL checks its
    /// pages itself, so that only the connection is tried.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn check(&self) -> Result<Vec<String>, StoreError> {
        let sql = if self.is_postgres() {
            "SELECT 'ok' AS quick_check"
        } else {
            "PRAGMA quick_check"
        };
        let mut found = Vec::new();
        for row in self.db.rows(sql, vec![]).await? {
            let text = row
                .of("(whole database)", "quick_check")
                .text("quick_check")?;
            if text != "ok" {
                found.push(text);
            }
        }
        Ok(found)
    }

    /// Waits until all work is done and closes every connection.
    pub async fn close(&self) {
        match &self.db.pools {
            Pools::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }
}

/// What a connection may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Full,
    ReadOnly,
}

async fn sqlite(url: &str, access: Access) -> Result<Pools, StoreError> {
    let failed = |source| StoreError::Open {
        database: url.to_owned(),
        hint: "check that the folder exists, that you may write there, and that the file is an SQLite database",
        source,
    };
    let options = SqliteConnectOptions::from_str(url)
        .map_err(failed)?
        .create_if_missing(access == Access::Full)
        .read_only(access == Access::ReadOnly)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(WAIT_SECONDS))
        // WAL with NORMAL may lose an acknowledged commit when the power goes.
        .synchronous(SqliteSynchronous::Full)
        // What is erased is overwritten, not only forgotten.
        .pragma("secure_delete", "ON")
        .pragma("cache_size", "-65536");
    let in_memory = url.contains(":memory:") || url.contains("mode=memory");
    let options = if in_memory || access == Access::ReadOnly {
        options
    } else {
        options.journal_mode(SqliteJournalMode::Wal)
    };
    let pool = |size: u32| {
        SqlitePoolOptions::new()
            .max_connections(size)
            .acquire_timeout(Duration::from_secs(ACQUIRE_SECONDS))
            // A memory database ends with its last connection.
            .min_connections(u32::from(in_memory))
            .idle_timeout(None)
            .max_lifetime(None)
    };
    let writer = pool(1)
        .connect_with(options.clone())
        .await
        .map_err(failed)?;
    let readers = if in_memory {
        writer.clone()
    } else {
        pool(4).connect_lazy_with(options.pragma("query_only", "ON"))
    };
    Ok(Pools::Sqlite { writer, readers })
}

async fn postgres(url: &str, access: Access) -> Result<Pools, StoreError> {
    let unreadable = |source| StoreError::Open {
        database: "the PostgreSQL database".to_owned(),
        hint: "the URL cannot be read: write postgres://USER:PASSWORD@HOST:PORT/NAME, with %40 for @ in a password",
        source,
    };
    let options = PgConnectOptions::from_str(url)
        .map_err(unreadable)?
        .application_name("recover")
        .options([
            // An acknowledged decision survives a crash.
            ("synchronous_commit", "on"),
            ("lock_timeout", "10s"),
            ("idle_in_transaction_session_timeout", "60s"),
            // The hook below would make the server warn at every use of a connection.
            ("client_min_messages", "error"),
        ]);
    let options = match access {
        Access::Full => options,
        Access::ReadOnly => options.options([("default_transaction_read_only", "on")]),
    };
    let database = format!(
        "PostgreSQL database '{}' at {}:{}",
        options.get_database().unwrap_or("(default)"),
        options.get_host(),
        options.get_port()
    );
    let failed = |source| StoreError::Open {
        database: database.clone(),
        hint: "check host, port, user, password and that the database exists",
        source,
    };
    // One connection before the pool: it would try a refused port again for a minute, and then say only that it waited.
    tokio::time::timeout(
        Duration::from_secs(WAIT_SECONDS),
        PgConnection::connect_with(&options),
    )
    .await
    .map_err(|_| failed(sqlx::Error::PoolTimedOut))?
    .map_err(failed)?
    .close()
    .await
    .map_err(failed)?;
    let pool = PgPoolOptions::new()
        .max_connections(8)
        .acquire_timeout(Duration::from_secs(ACQUIRE_SECONDS))
        // sqlx 0.9.0: a BEGIN whose caller went away leaves its connection inside a transaction, and writes that later
        // users of the connection were told are done vanish with it. To be dropped with the first release that has the fix.
        .before_acquire(|connection, _| {
            Box::pin(async move {
                sqlx::raw_sql("ROLLBACK").execute(connection).await?;
                Ok(true)
            })
        })
        .connect_with(options)
        .await
        .map_err(failed)?;
    Ok(Pools::Postgres(pool))
}
