//! Rows that could not be read, with their reason.

use super::error::ImportError;
use recover_core::address::AddressError;
use recover_matching::secret;
use std::fs::File;
use std::path::{Path, PathBuf};

/// A row that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// The line on which it begins, counted from 1 with the header.
    pub line: u64,
    /// Why.
    pub reason: RejectReason,
    /// The row as it stands in the file, without its line end; bytes that are no text show as U+FFFD. Empty where the row holds
    /// a secret.
    pub raw: String,
}

/// Why a row was left out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RejectReason {
    /// More or fewer fields than columns.
    #[error("the row has {fields} fields and the header {columns}: check quotes and separators")]
    FieldCount {
        /// Fields of the row.
        fields: usize,
        /// Columns of the header.
        columns: usize,
    },
    /// Bytes that are no UTF-8.
    #[error("the row is not UTF-8 text")]
    NotText,
    /// A quote that is not closed, or that something follows.
    #[error(
        "a quote is opened and never closed, or text follows the closing one: double quotes inside quotes"
    )]
    OpenQuote,
    /// Longer than any row should be.
    #[error("the row is longer than {limit} bytes")]
    TooLong {
        /// The limit.
        limit: usize,
    },
    /// Nothing where something is needed.
    #[error("{column} is empty")]
    Blank {
        /// The column.
        column: &'static str,
    },
    /// A secret key where an address belongs. Neither it nor its row is repeated anywhere.
    #[error("{column}: {}; the row is not repeated", AddressError::Secret)]
    Secret {
        /// The column.
        column: &'static str,
    },
    /// A value that cannot be read.
    #[error("{column}: {problem}")]
    Value {
        /// The column.
        column: &'static str,
        /// What is wrong with it and what would be right.
        problem: String,
    },
}

impl RejectReason {
    pub(super) fn value(column: &'static str, problem: impl std::fmt::Display) -> Self {
        Self::Value {
            column,
            problem: problem.to_string(),
        }
    }

    /// The same without a secret that its words may quote.
    pub(super) fn without_secrets(self) -> Self {
        match self {
            Self::Value { column, problem } => Self::Value {
                column,
                problem: secret::redact(&problem).text.into_owned(),
            },
            other => other,
        }
    }

    /// A text that its family cannot read; one that is a secret is not repeated, and neither is its row.
    pub(super) fn address(column: &'static str, error: &AddressError) -> Self {
        match error {
            AddressError::Secret => Self::Secret { column },
            other => Self::value(column, other),
        }
    }
}

impl std::fmt::Display for Reject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

/// The file of rejected rows: CSV with the columns `line`, `reason`, `row`. It is made with the first reject, so that a
/// clean import leaves none behind.
#[derive(Debug)]
pub struct RejectFile {
    path: PathBuf,
    writer: Option<csv::Writer<File>>,
    count: u64,
    /// Rows on neighbouring lines that are not written yet: a phrase may stand one word a line.
    pending: Vec<Reject>,
}

/// How far apart rows are neighbours: empty lines are no rows.
const NEIGHBOUR_MAX: u64 = 3;

/// How many rows are held back to be looked at together.
const PENDING_MAX: usize = 64;

impl RejectFile {
    /// A reject file at `path`, not made yet.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            writer: None,
            count: 0,
            pending: Vec::new(),
        }
    }

    /// Where it is, or would be.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many rows were rejected.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Adds a row.
    ///
    /// # Errors
    /// When the file cannot be made or written.
    pub fn add(&mut self, reject: &Reject) -> Result<(), ImportError> {
        self.count = self.count.saturating_add(1);
        let is_next = self
            .pending
            .last()
            .is_some_and(|last| reject.line.saturating_sub(last.line) <= NEIGHBOUR_MAX);
        if !is_next {
            self.write_pending(0)?;
        } else if self.pending.len() >= PENDING_MAX {
            // Half stays, so that what stands on both sides of here is still seen whole.
            self.write_pending(PENDING_MAX / 2)?;
        }
        self.pending.push(reject.clone());
        // The file is there with its first row, and a place that cannot be written is found out at once.
        self.open().map(|_| ())
    }

    /// Writes what was held back but for the last `keep` rows. Rows that make a secret only together are not repeated.
    fn write_pending(&mut self, keep: usize) -> Result<(), ImportError> {
        let rows: Vec<&str> = self.pending.iter().map(|row| row.raw.as_str()).collect();
        if !secret::redact(&rows.join("\n")).is_clean() {
            for row in &mut self.pending {
                row.raw.clear();
            }
        }
        let count = self.pending.len().saturating_sub(keep);
        let rows: Vec<Reject> = self.pending.drain(..count).collect();
        for reject in rows {
            let line = reject.line.to_string();
            let reason = reject.reason.to_string();
            let row = [line.as_str(), reason.as_str(), reject.raw.as_str()];
            let written = self.open()?.write_record(row);
            written.map_err(|error| self.failed(error.into()))?;
        }
        Ok(())
    }

    fn open(&mut self) -> Result<&mut csv::Writer<File>, ImportError> {
        let writer = match self.writer.take() {
            Some(writer) => writer,
            None => {
                let file = File::create(&self.path).map_err(|error| self.failed(error))?;
                let mut writer = csv::Writer::from_writer(file);
                writer
                    .write_record(["line", "reason", "row"])
                    .map_err(|error| self.failed(error.into()))?;
                writer
            }
        };
        Ok(self.writer.insert(writer))
    }

    /// Writes out what is buffered; call it at the end.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(&mut self) -> Result<(), ImportError> {
        self.write_pending(0)?;
        let flushed = match &mut self.writer {
            Some(writer) => writer.flush(),
            None => Ok(()),
        };
        flushed.map_err(|error| self.failed(error))
    }

    fn failed(&self, source: std::io::Error) -> ImportError {
        ImportError::Rejects {
            file: self.path.display().to_string(),
            source,
        }
    }
}

impl Drop for RejectFile {
    fn drop(&mut self) {
        // Nobody is left to tell; `finish` is where a failure is reported.
        let _ = self.write_pending(0);
        if let Some(mut writer) = self.writer.take() {
            let _ = writer.flush();
        }
    }
}
