//! Records kept for later questions: what a diagnosis saw, which files were imported.

use crate::addresses::ImportCounts;
use crate::error::StoreError;
use crate::sql::{Row, detached, values};
use crate::store::Store;
use recover_core::digest::{Digest, Encoder};
use recover_core::time::Timestamp;

/// What a diagnosis saw and concluded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiagnosisRecord {
    /// What was asked, verbatim.
    pub query: String,
    /// Who asked; `None` when nobody named themselves.
    pub actor: Option<String>,
    /// When.
    pub made_at: Timestamp,
    /// The answer as JSON text.
    pub verdict: String,
}

impl DiagnosisRecord {
    /// `dia_` and 80 bits over query, time and answer.
    #[must_use]
    pub fn id(&self) -> String {
        let digest = Encoder::new("recover/diagnosis/1")
            .field(&self.query)
            .field(&self.made_at.as_micros().to_string())
            .field(&self.verdict)
            .finish();
        format!("dia_{}", hex::encode(&digest.bytes()[..10]))
    }
}

/// What kind of file was imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportKind {
    /// An address book.
    Addresses,
    /// A ledger.
    Ledger,
    /// Prices.
    Prices,
    /// Appeals.
    Appeals,
    /// Deposits.
    Deposits,
}

impl ImportKind {
    const ALL: [Self; 5] = [
        Self::Addresses,
        Self::Ledger,
        Self::Prices,
        Self::Appeals,
        Self::Deposits,
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Addresses => "addresses",
            Self::Ledger => "ledger",
            Self::Prices => "prices",
            Self::Appeals => "appeals",
            Self::Deposits => "deposits",
        }
    }

    fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// One file that was imported to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRun {
    /// What kind.
    pub kind: ImportKind,
    /// The file's name as given.
    pub file_name: String,
    /// SHA-256 of its bytes.
    pub sha256: Digest,
    /// What its good rows did; `kept` is not stored.
    pub counts: ImportCounts,
    /// How many rows were rejected.
    pub rejected: u64,
    /// Who imported it; `None` when nobody named themselves.
    pub actor: Option<String>,
    /// When it was done.
    pub finished_at: Timestamp,
}

fn diagnosis(row: &Row) -> Result<DiagnosisRecord, StoreError> {
    let row = row.of("diagnosis", "id");
    Ok(DiagnosisRecord {
        query: row.text("query")?,
        actor: row.text_or_null("actor")?,
        made_at: row.time("made_at")?,
        verdict: row.text("verdict")?,
    })
}

fn import_run(row: &Row) -> Result<ImportRun, StoreError> {
    let row = row.of("import_run", "id");
    Ok(ImportRun {
        kind: row.parsed("kind", ImportKind::from_code)?,
        file_name: row.text("file_name")?,
        sha256: row.parsed("sha256", Digest::parse)?,
        counts: ImportCounts {
            inserted: row.number("inserted")?,
            updated: row.number("updated")?,
            unchanged: row.number("unchanged")?,
            kept: 0,
        },
        rejected: row.number("rejected")?,
        actor: row.text_or_null("actor")?,
        finished_at: row.time("finished_at")?,
    })
}

impl Store {
    /// Keeps what a diagnosis saw, and answers its id.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn add_diagnosis(&self, record: DiagnosisRecord) -> Result<String, StoreError> {
        let db = self.db.clone();
        detached(async move {
            let id = record.id();
            let mut tx = db.begin().await?;
            tx.run(
                "INSERT INTO diagnosis (id, query, actor, made_at, verdict) VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (id) DO NOTHING",
                values![&id, &record.query, record.actor.as_deref(), record.made_at, &record.verdict],
            )
            .await?;
            tx.commit().await?;
            Ok(id)
        })
        .await
    }

    /// The diagnoses of one query, newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn diagnoses_of(
        &self,
        query: &str,
        limit: u32,
    ) -> Result<Vec<DiagnosisRecord>, StoreError> {
        let rows = self
            .db
            .rows(
                "SELECT id, query, actor, made_at, verdict FROM diagnosis WHERE query = $1
                 ORDER BY made_at DESC, id LIMIT $2",
                values![query, limit],
            )
            .await?;
        rows.iter().map(diagnosis).collect()
    }

    /// Keeps that a file was imported.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn record_import(&self, run: ImportRun) -> Result<(), StoreError> {
        let db = self.db.clone();
        detached(async move {
            let id = Encoder::new("recover/import/1")
                .field(run.kind.code())
                .field(&run.file_name)
                .field(&run.sha256.to_string())
                .field(&run.finished_at.as_micros().to_string())
                .finish();
            let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
            let mut tx = db.begin().await?;
            tx.run(
                "INSERT INTO import_run (id, kind, file_name, sha256, inserted, updated, unchanged, rejected, actor,
                    finished_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (id) DO NOTHING",
                values![
                    format!("imp_{}", hex::encode(&id.bytes()[..10])),
                    run.kind.code(),
                    &run.file_name,
                    run.sha256.to_string(),
                    count(run.counts.inserted),
                    count(run.counts.updated),
                    count(run.counts.unchanged),
                    count(run.rejected),
                    run.actor.as_deref(),
                    run.finished_at
                ],
            )
            .await?;
            tx.commit().await
        })
        .await
    }

    /// The files that were imported, newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn imports(&self, limit: u32) -> Result<Vec<ImportRun>, StoreError> {
        let rows = self
            .db
            .rows(
                "SELECT id, kind, file_name, sha256, inserted, updated, unchanged, rejected, actor, finished_at
                 FROM import_run ORDER BY finished_at DESC, id LIMIT $1",
                values![limit],
            )
            .await?;
        rows.iter().map(import_run).collect()
    }
}
