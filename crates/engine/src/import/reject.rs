//! Rows that could not be read, with their reason.

use super::error::ImportError;
use recover_core::address::AddressError;
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
}

impl RejectFile {
    /// A reject file at `path`, not made yet.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            writer: None,
            count: 0,
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
        let line = reject.line.to_string();
        let reason = reject.reason.to_string();
        let row = [line.as_str(), reason.as_str(), reject.raw.as_str()];
        self.count = self.count.saturating_add(1);
        let writer = match &mut self.writer {
            Some(writer) => writer,
            None => {
                let file = File::create(&self.path).map_err(|error| self.failed(error))?;
                let mut writer = csv::Writer::from_writer(file);
                writer
                    .write_record(["line", "reason", "row"])
                    .map_err(|error| self.failed(error.into()))?;
                self.writer.insert(writer)
            }
        };
        let written = writer.write_record(row);
        written.map_err(|error| self.failed(error.into()))
    }

    /// Writes out what is buffered; call it at the end.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(&mut self) -> Result<(), ImportError> {
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
        if let Some(mut writer) = self.writer.take() {
            // Nobody is left to tell; `finish` is where a failure is reported.
            let _ = writer.flush();
        }
    }
}
