//! The embedded migrations, the same numbers and names for both databases.

use crate::error::StoreError;
use crate::sql::{Db, Pools};
use sqlx::error::BoxDynError;
use sqlx::migrate::{MigrateError, Migration, MigrationSource, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, SqlSafeStr};
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// Number, name, text for SQLite, text for PostgreSQL.
type Entry = (i64, &'static str, &'static str, &'static str);

macro_rules! migrations {
    ($($number:literal $name:literal),+ $(,)?) => {
        &[$((
            $number,
            $name,
            include_str!(concat!("../../../migrations/sqlite/", $name, ".sql")),
            include_str!(concat!("../../../migrations/postgres/", $name, ".sql")),
        )),+]
    };
}

pub(crate) const MIGRATIONS: &[Entry] = migrations![
    1 "0001_addresses",
    2 "0002_coverage",
    3 "0003_deposits",
    4 "0004_ledger",
    5 "0005_appeals",
    6 "0006_claims",
    7 "0007_leases",
    8 "0008_memos",
    9 "0009_log",
    10 "0010_carrying",
    11 "0011_match_undone",
    12 "0012_corrections",
    13 "0013_match_tiers",
    14 "0014_proofs",
    15 "0015_appeal_work",
    16 "0016_match_kept",
    17 "0017_waiting_inputs",
    18 "0018_quote_terms",
    19 "0019_watch_list",
    20 "0020_appeal_resume",
    21 "0021_claim_consent",
    22 "0022_limit_value",
    23 "0023_ledger_by_credited_address",
];

#[derive(Debug, Clone, Copy)]
enum Embedded {
    Sqlite,
    Postgres,
}

impl MigrationSource<'static> for Embedded {
    fn resolve(
        self,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<Migration>, BoxDynError>> + Send + 'static>> {
        let migrations = MIGRATIONS
            .iter()
            .map(|(number, name, sqlite, postgres)| {
                let text = match self {
                    Self::Sqlite => *sqlite,
                    Self::Postgres => *postgres,
                };
                Migration::new(
                    *number,
                    (*name).into(),
                    MigrationType::Simple,
                    AssertSqlSafe(text).into_sql_str(),
                    false,
                )
            })
            .collect();
        Box::pin(std::future::ready(Ok(migrations)))
    }
}

/// Brings the database up to migration `target`.
pub(crate) async fn migrate_to(db: &Db, target: i64) -> Result<(), StoreError> {
    match &db.pools {
        Pools::Sqlite { writer, .. } => {
            let migrator = Migrator::new(Embedded::Sqlite).await.map_err(refused)?;
            // Two processes may meet on a new file: sqlx takes no lock there, the second one fails on a table that the
            // first has just made, and finds everything done when it looks again.
            let mut left = 5;
            loop {
                match migrator.run_to(target, writer).await {
                    Ok(()) => return Ok(()),
                    Err(MigrateError::Execute(_) | MigrateError::ExecuteMigration(..))
                        if left > 0 =>
                    {
                        left -= 1;
                        tokio::time::sleep(Duration::from_millis(200)).await;
                    }
                    Err(error) => return Err(refused(error)),
                }
            }
        }
        Pools::Postgres(pool) => {
            let migrator = Migrator::new(Embedded::Postgres).await.map_err(refused)?;
            migrator.run_to(target, pool).await.map_err(refused)
        }
    }
}

/// The newest migration that this program knows.
pub(crate) fn newest() -> i64 {
    MIGRATIONS
        .iter()
        .map(|(number, ..)| *number)
        .max()
        .unwrap_or_default()
}

fn refused(source: MigrateError) -> StoreError {
    match source {
        MigrateError::VersionMissing(version) => StoreError::NewerDatabase { version },
        MigrateError::VersionMismatch(version) => StoreError::ChangedMigration { version },
        source => StoreError::Migrate { source },
    }
}
