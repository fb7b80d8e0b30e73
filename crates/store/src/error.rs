//! What can go wrong below the typed functions. Refusals and conflicts are outcomes and stand with their functions.

/// Why the store could not answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database URL names no database that we know.
    #[error(
        "'{scheme}' is not a database URL: write sqlite://FILE, sqlite::memory: or postgres://USER@HOST/NAME"
    )]
    UnknownUrl {
        /// The part before the first `:`, never the rest: it may hold a password.
        scheme: String,
    },
    /// The database could not be opened.
    #[error("{database} could not be opened: {hint}")]
    Open {
        /// The file, or host and name; never a password.
        database: String,
        /// What to do.
        hint: &'static str,
        /// What the driver said.
        #[source]
        source: sqlx::Error,
    },
    /// A migration failed; the database is as it was before that one.
    #[error(
        "the database could not be brought to this version: make a copy of it and report the message below"
    )]
    Migrate {
        /// What the driver said.
        #[source]
        source: sqlx::migrate::MigrateError,
    },
    /// The database was written by a later version of this program.
    #[error(
        "the database has migration {version}, which this version does not know: use the newer program that wrote it"
    )]
    NewerDatabase {
        /// The migration that we lack.
        version: i64,
    },
    /// The database is of an earlier version of this program, and was opened for reading.
    #[error(
        "the database has migration {version} and this version wants {wanted}: bring it up to date with a command that may write, such as `recover deposits list`"
    )]
    OlderDatabase {
        /// The newest migration that it has.
        version: i64,
        /// The newest that this program knows.
        wanted: i64,
    },
    /// A migration was applied with another text than ours.
    #[error(
        "migration {version} was applied to the database with another text than this program has: use the program that made it"
    )]
    ChangedMigration {
        /// The migration.
        version: i64,
    },
    /// Another process holds the database for longer than we wait.
    #[error(
        "the database is busy: another recover process is writing for longer than we wait; run the command again"
    )]
    Busy {
        /// What the driver said.
        #[source]
        source: sqlx::Error,
    },
    /// The connection broke while a change was being committed: it may or may not have happened.
    #[error(
        "the connection broke during a commit: the change may have happened; run the same command again, a repeat changes nothing"
    )]
    CommitUnknown {
        /// What the driver said.
        #[source]
        source: sqlx::Error,
    },
    /// The database refused or the connection failed; nothing of the change was kept.
    #[error("the database refused the operation or could not be reached; nothing was changed")]
    Database {
        /// What the driver said.
        #[source]
        source: sqlx::Error,
    },
    /// A stored row does not hold what it must. Nothing is guessed from it.
    #[error(
        "row {id} of table {table} is damaged: column {column} {problem}; restore it from a backup"
    )]
    BadRow {
        /// The table.
        table: &'static str,
        /// The row's id.
        id: String,
        /// The column.
        column: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// A value that the database cannot hold.
    #[error("{what} cannot be stored: {problem}")]
    Unstorable {
        /// Which value.
        what: &'static str,
        /// Why, and what to do.
        problem: &'static str,
    },
    /// Rows of a claim are not as its last step left them: somebody wrote to the database behind the program. Nothing is done to
    /// such a claim.
    #[error(
        "claim {claim} was changed behind the program: {problem}; nothing was done to it: run `audit verify` and restore the \
         database from a backup"
    )]
    ChangedBehind {
        /// The claim.
        claim: String,
        /// What does not fit.
        problem: String,
    },
    /// What was asked would settle a claim whose books do not balance.
    #[error("claim {claim} cannot be settled: {problem}; nothing was changed")]
    Unbalanced {
        /// The claim.
        claim: String,
        /// What does not fit.
        problem: String,
    },
    /// The lease under which the work was done has passed to another process.
    #[error(
        "the lease '{name}' was lost: another process took the work over; nothing was changed by this one"
    )]
    LeaseLost {
        /// The lease.
        name: String,
    },
}

impl StoreError {
    /// Whether the same call may succeed a moment later.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Busy { .. })
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(source: sqlx::Error) -> Self {
        if is_busy(&source) {
            Self::Busy { source }
        } else {
            Self::Database { source }
        }
    }
}

/// SQLite's BUSY and LOCKED with their extended codes; PostgreSQL's lock time-out, serialisation failure and deadlock.
pub(crate) fn is_busy(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::PoolTimedOut => true,
        sqlx::Error::Database(database) => database.code().is_some_and(|code| {
            matches!(
                code.as_ref(),
                "5" | "6" | "261" | "262" | "517" | "773" | "55P03" | "40001" | "40P01"
            )
        }),
        _ => false,
    }
}

/// Whether the database refused a row because another has the same key.
pub(crate) fn is_duplicate(error: &StoreError) -> bool {
    match error {
        StoreError::Database {
            source: sqlx::Error::Database(database),
        } => database.is_unique_violation(),
        _ => false,
    }
}
