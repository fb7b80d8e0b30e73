//! Which column of a file is which of ours.

use super::error::ImportError;
use recover_matching::secret;
use std::collections::BTreeMap;
use std::path::Path;

/// A column that a reader knows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub(super) name: &'static str,
    /// Without it no row can be read.
    pub(super) is_needed: bool,
    /// Whether it holds a stranger's own words: a secret in it is taken out and the row kept. In every other column a secret
    /// costs the row, since a key without it would be no longer the key.
    pub(super) is_said: bool,
}

/// A column that every file of its kind has.
pub(super) const fn needed(name: &'static str) -> Column {
    Column {
        name,
        is_needed: true,
        is_said: false,
    }
}

/// A column that a file may leave out; then it is blank in every row.
pub(super) const fn optional(name: &'static str) -> Column {
    Column {
        name,
        is_needed: false,
        is_said: false,
    }
}

/// A column that a file may leave out, with words that are kept to the letter.
pub(super) const fn said(name: &'static str) -> Column {
    Column {
        name,
        is_needed: false,
        is_said: true,
    }
}

/// New names for a file's columns (`--map`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnMap(BTreeMap<String, String>);

impl ColumnMap {
    /// Reads a map file: TOML, `theirs = "ours"` a line; `theirs = ""` leaves a column out.
    ///
    /// # Errors
    /// When the file cannot be read or is no such list.
    pub fn load(path: &Path) -> Result<Self, ImportError> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|source| ImportError::Unreadable {
            file: file.clone(),
            source,
        })?;
        Self::parse(&file, &text)
    }

    /// Reads the text of a map file; `file` is what errors call it.
    ///
    /// # Errors
    /// When the text is no such list, or gives one name to two columns.
    pub fn parse(file: &str, text: &str) -> Result<Self, ImportError> {
        let wrong = |message: String| ImportError::Map {
            file: file.to_owned(),
            message,
        };
        let parsed: BTreeMap<String, String> = toml::from_str(text)
            .map_err(|error: toml::de::Error| wrong(error.message().trim().replace('\n', "; ")))?;
        let mut map = BTreeMap::new();
        let mut taken: BTreeMap<String, String> = BTreeMap::new();
        for (theirs, ours) in parsed {
            let ours = folded(&ours);
            if !ours.is_empty()
                && let Some(first) = taken.insert(ours.clone(), theirs.clone())
            {
                return Err(wrong(format!(
                    "'{first}' and '{theirs}' both become '{ours}'"
                )));
            }
            map.insert(folded(&theirs), ours);
        }
        Ok(Self(map))
    }

    /// What a column of the file is called here; empty when it is left out.
    fn rename(&self, theirs: &str) -> String {
        let theirs = folded(theirs);
        self.0.get(&theirs).cloned().unwrap_or(theirs)
    }

    /// Names of the map that no column of the file has: a typo there would pass unseen.
    fn unused<'a>(&'a self, header: &'a [String]) -> impl Iterator<Item = &'a str> {
        self.0
            .keys()
            .filter(|theirs| !header.iter().any(|name| folded(name) == **theirs))
            .map(String::as_str)
    }
}

fn folded(name: &str) -> String {
    name.trim().to_lowercase()
}

/// Where each known column stands in a row.
#[derive(Debug)]
pub(super) struct Layout {
    places: Vec<(Column, usize)>,
    width: usize,
}

impl Layout {
    /// Finds the known columns in a header.
    pub(super) fn new(
        file: &str,
        header: &[String],
        columns: &[Column],
        map: &ColumnMap,
    ) -> Result<Self, ImportError> {
        let mut places: Vec<(Column, usize)> = Vec::with_capacity(columns.len());
        let mut problems = Vec::new();
        for (place, theirs) in header.iter().enumerate() {
            let ours = map.rename(theirs);
            if ours.is_empty() && !theirs.trim().is_empty() {
                continue;
            }
            match columns.iter().find(|column| column.name == ours) {
                None => problems.push(format!("column '{}' is not known", theirs.trim())),
                Some(column) if places.iter().any(|(known, _)| known.name == column.name) => {
                    problems.push(format!("column '{ours}' is there twice"));
                }
                Some(column) => places.push((*column, place)),
            }
        }
        for column in columns.iter().filter(|column| column.is_needed) {
            if !places.iter().any(|(known, _)| known.name == column.name) {
                problems.push(format!("column '{}' is missing", column.name));
            }
        }
        for theirs in map.unused(header) {
            problems.push(format!(
                "the map names '{theirs}', which is no column of the file"
            ));
        }
        if problems.is_empty() {
            return Ok(Self {
                places,
                width: header.len(),
            });
        }
        Err(ImportError::Columns {
            file: file.to_owned(),
            // A file without a header shows its first row here.
            problem: secret::redact(&problems.join("; ")).text.into_owned(),
            found: secret::redact(&header.join(", ")).text.into_owned(),
            known: listed(columns),
        })
    }

    pub(super) const fn width(&self) -> usize {
        self.width
    }

    pub(super) fn place(&self, column: &str) -> Option<usize> {
        self.places
            .iter()
            .find(|(known, _)| known.name == column)
            .map(|(_, place)| *place)
    }

    /// The known column at a place; `None` for one that is left out.
    pub(super) fn column(&self, place: usize) -> Option<&Column> {
        self.places
            .iter()
            .find(|(_, at)| *at == place)
            .map(|(column, _)| column)
    }
}

/// The columns for an error message, needed ones marked.
pub(super) fn listed(columns: &[Column]) -> String {
    let names: Vec<String> = columns
        .iter()
        .map(|column| {
            let mark = if column.is_needed { "*" } else { "" };
            format!("{}{mark}", column.name)
        })
        .collect();
    names.join(", ")
}
