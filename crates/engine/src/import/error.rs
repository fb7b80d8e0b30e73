//! Why a whole file cannot be imported.

/// A fault of the file as a whole. Nothing of it was imported, but for [`ImportError::Broken`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// It cannot be opened.
    #[error("cannot read {file}: check that it exists and may be read")]
    Unreadable {
        /// The file.
        file: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Reading stopped in the middle. The rows before were given out; importing the file again repeats none of them.
    #[error("{file}: reading stopped at line {line}: import it again")]
    Broken {
        /// The file.
        file: String,
        /// The line at which it stopped.
        line: u64,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// It holds nothing, not even a header.
    #[error("{file} is empty: its first line must name the columns: {known}")]
    Empty {
        /// The file.
        file: String,
        /// The columns that are read.
        known: String,
    },
    /// Its first line is not text that we can read.
    #[error("{file} is not UTF-8 text: save it as CSV (UTF-8)")]
    NotText {
        /// The file.
        file: String,
    },
    /// Its columns are not those that are read.
    #[error(
        "{file}: {problem}. The file has: {found}. Read are: {known}. Rename columns with --map FILE, one line each: \
         theirs = \"ours\", or theirs = \"\" to leave one out"
    )]
    Columns {
        /// The file.
        file: String,
        /// What is missing, unknown or there twice.
        problem: String,
        /// The columns it has.
        found: String,
        /// The columns that are read, needed ones marked with `*`.
        known: String,
    },
    /// The file of `--map` is not understood.
    #[error("{file}: {message}: write one line a column, theirs = \"ours\"")]
    Map {
        /// The file.
        file: String,
        /// What is wrong.
        message: String,
    },
    /// A reject file cannot be written.
    #[error("cannot write rejected rows to {file}: choose another place with --reject")]
    Rejects {
        /// The file.
        file: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A coverage option is not understood.
    #[error(
        "'{text}' is no coverage: write NETWORK=FROM..TO with times like 2026-01-01T00:00:00Z, FROM before TO"
    )]
    Coverage {
        /// The text as given.
        text: String,
    },
}

/// Opens a file to import.
///
/// # Errors
/// [`ImportError::Unreadable`] when it is not there or may not be read.
pub fn open(path: &std::path::Path) -> Result<std::fs::File, ImportError> {
    std::fs::File::open(path).map_err(|source| ImportError::Unreadable {
        file: path.display().to_string(),
        source,
    })
}
