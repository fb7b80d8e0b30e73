//! Rows of a CSV file, one at a time: quotes, line ends, separators, and what happens when they are broken.

use super::columns::{Column, ColumnMap, Layout, listed};
use super::context::Context;
use super::error::ImportError;
use super::reject::{Reject, RejectReason};
use recover_matching::secret::{self, SecretKind};
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};

/// The longest row that is read: free text of an appeal, with room to spare. It bounds what an unclosed quote can swallow.
const ROW_BYTES_MAX: usize = 256 * 1024;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// The records of a file, in its order. Each item is a record or a reject; an error ends the file.
pub struct Records<'a, R, T> {
    file: String,
    lines: Lines<R>,
    layout: Layout,
    context: &'a Context<'a>,
    parse: Parse<T>,
    is_over: bool,
    secrets: SecretsFound,
}

/// The secrets that stood in a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SecretsFound {
    /// How many, rejected rows included.
    pub count: u64,
    /// The first of them: line and kind, for the warning.
    pub first: Option<(u64, SecretKind)>,
}

impl SecretsFound {
    fn add(&mut self, line: u64, found: &[SecretKind]) {
        self.count = self
            .count
            .saturating_add(u64::try_from(found.len()).unwrap_or(u64::MAX));
        if let Some(kind) = found.first() {
            self.first.get_or_insert((line, *kind));
        }
    }
}

/// Makes a record of a row.
pub(super) type Parse<T> = fn(&Row<'_>, &Context<'_>) -> Result<T, RejectReason>;

/// One row with its columns found.
pub(super) struct Row<'a> {
    fields: &'a [String],
    layout: &'a Layout,
}

impl Row<'_> {
    /// The field of a column, verbatim; empty when the file has not this column.
    pub(super) fn raw(&self, column: &str) -> &str {
        self.layout
            .place(column)
            .and_then(|place| self.fields.get(place))
            .map_or("", String::as_str)
    }

    /// The field of a column without blanks around it; `None` when nothing is left.
    pub(super) fn get(&self, column: &str) -> Option<&str> {
        Some(self.raw(column).trim()).filter(|text| !text.is_empty())
    }

    /// The field of a column that must not be empty.
    pub(super) fn needed(&self, column: &'static str) -> Result<&str, RejectReason> {
        self.get(column).ok_or(RejectReason::Blank { column })
    }

    /// The time in a column; `None` when it is blank.
    pub(super) fn time(
        &self,
        column: &'static str,
    ) -> Result<Option<recover_core::time::Timestamp>, RejectReason> {
        self.get(column)
            .map(|text| {
                recover_core::time::Timestamp::parse(text)
                    .map_err(|error| RejectReason::value(column, error))
            })
            .transpose()
    }

    /// The time in a column that must not be blank.
    pub(super) fn needed_time(
        &self,
        column: &'static str,
    ) -> Result<recover_core::time::Timestamp, RejectReason> {
        self.time(column)?.ok_or(RejectReason::Blank { column })
    }
}

impl<'a, R: Read, T> Records<'a, R, T> {
    /// Reads the header and finds the columns.
    pub(super) fn open(
        file: &str,
        reader: R,
        columns: &[Column],
        map: &ColumnMap,
        context: &'a Context<'a>,
        parse: Parse<T>,
    ) -> Result<Self, ImportError> {
        let mut lines = Lines::new(reader);
        let broken = |line, source| ImportError::Broken {
            file: file.to_owned(),
            line,
            source,
        };
        let first = lines.next().map_err(|source| broken(1, source))?;
        let Some(first) = first else {
            return Err(ImportError::Empty {
                file: file.to_owned(),
                known: listed(columns),
            });
        };
        let not_text = || ImportError::NotText {
            file: file.to_owned(),
        };
        if first.problem.is_some() || first.bytes.contains(&0) {
            return Err(not_text());
        }
        let header = fields_of(&first.bytes, lines.separator).ok_or_else(not_text)?;
        let layout = Layout::new(file, &header, columns, map)?;
        Ok(Self {
            file: file.to_owned(),
            lines,
            layout,
            context,
            parse,
            is_over: false,
            secrets: SecretsFound::default(),
        })
    }

    /// The secrets that were found until now. None of them is in a record or a reject.
    #[must_use]
    pub const fn secrets(&self) -> &SecretsFound {
        &self.secrets
    }

    fn read(&mut self, row: &RawRow) -> Result<T, RejectReason> {
        if let Some(problem) = &row.problem {
            return Err(problem.clone());
        }
        // A zero byte is text to Rust and none to PostgreSQL.
        let mut fields = fields_of(&row.bytes, self.lines.separator)
            .filter(|_| !row.bytes.contains(&0))
            .ok_or(RejectReason::NotText)?;
        if fields.len() != self.layout.width() {
            return Err(RejectReason::FieldCount {
                fields: fields.len(),
                columns: self.layout.width(),
            });
        }
        let mut rejected = None;
        for (place, field) in fields.iter_mut().enumerate() {
            let redacted = secret::redact(field);
            if redacted.is_clean() {
                continue;
            }
            self.secrets.add(row.line, &redacted.found);
            match self.layout.column(place) {
                Some(column) if !column.is_said => rejected = rejected.or(Some(column.name)),
                Some(_) | None => {}
            }
            *field = redacted.text.into_owned();
        }
        if let Some(column) = rejected {
            return Err(RejectReason::Secret { column });
        }
        let row = Row {
            fields: &fields,
            layout: &self.layout,
        };
        (self.parse)(&row, self.context)
    }
}

impl<R, T> Records<'_, R, T> {
    /// A row that is left out, without the secrets in it: their file is kept and passed around.
    fn reject(&mut self, row: &RawRow, reason: RejectReason) -> Reject {
        let raw = match reason {
            RejectReason::Secret { .. } => String::new(),
            _ => {
                let raw = String::from_utf8_lossy(&row.bytes);
                let redacted = secret::redact(&raw);
                let is_broken = matches!(
                    reason,
                    RejectReason::NotText | RejectReason::FieldCount { .. }
                );
                if row.problem.is_some() || is_broken {
                    // It was not looked at field by field.
                    self.secrets.add(row.line, &redacted.found);
                }
                redacted.text.into_owned()
            }
        };
        Reject {
            line: row.line,
            reason: reason.without_secrets(),
            raw,
        }
    }
}

impl<R: Read, T> Iterator for Records<'_, R, T> {
    type Item = Result<Result<T, Reject>, ImportError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        match self.lines.next() {
            Ok(None) => {
                self.is_over = true;
                None
            }
            Ok(Some(row)) => Some(Ok(match self.read(&row) {
                Ok(record) => Ok(record),
                Err(reason) => Err(self.reject(&row, reason)),
            })),
            Err(source) => {
                self.is_over = true;
                Some(Err(ImportError::Broken {
                    file: self.file.clone(),
                    line: self.lines.line,
                    source,
                }))
            }
        }
    }
}

/// The separator that the header uses: spreadsheets of some countries write `;`, copies from tables write tabs.
fn separator_of(header: &[u8]) -> u8 {
    let count = |wanted: u8| header.iter().filter(|byte| **byte == wanted).count();
    let mut best = b',';
    for other in [b';', b'\t'] {
        if count(other) > count(best) {
            best = other;
        }
    }
    best
}

/// The fields of one row; `None` when they are no UTF-8.
fn fields_of(row: &[u8], separator: u8) -> Option<Vec<String>> {
    if !row.contains(&b'"') {
        let text = std::str::from_utf8(row).ok()?;
        return Some(
            text.split(char::from(separator))
                .map(str::to_owned)
                .collect(),
        );
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .buffer_capacity(row.len().max(1))
        .from_reader(row);
    let mut record = csv::StringRecord::new();
    match reader.read_record(&mut record) {
        Ok(true) => Some(record.iter().map(str::to_owned).collect()),
        Ok(false) | Err(_) => None,
    }
}

/// One row's bytes without its line end.
struct RawRow {
    line: u64,
    bytes: Vec<u8>,
    problem: Option<RejectReason>,
}

/// Splits a file into rows: a line end inside quotes belongs to the row. A quote that is never closed costs its own line
/// only: reading goes on at the next one.
struct Lines<R> {
    reader: BufReader<R>,
    separator: u8,
    /// Physical lines that were read ahead in search of a closing quote and given back.
    ahead: VecDeque<Physical>,
    /// The physical line that comes next, counted from 1.
    line: u64,
}

impl<R: Read> Lines<R> {
    fn new(reader: R) -> Self {
        Self {
            reader: BufReader::new(reader),
            separator: b',',
            ahead: VecDeque::new(),
            line: 1,
        }
    }

    /// The next row that is not empty; `None` at the end of the file. The first row settles the separator.
    fn next(&mut self) -> std::io::Result<Option<RawRow>> {
        loop {
            let line = self.line;
            let Some(first) = self.physical()? else {
                return Ok(None);
            };
            self.line += 1;
            let mut bytes = first.bytes;
            if line == 1 {
                if bytes.starts_with(BOM) {
                    bytes.drain(..BOM.len());
                }
                self.separator = separator_of(&bytes);
            }
            let mut quotes = Quotes::default();
            quotes.read(&bytes, self.separator);
            let problem = if first.is_cut {
                let limit = ROW_BYTES_MAX;
                Some(RejectReason::TooLong { limit })
            } else if quotes.is_broken {
                Some(RejectReason::OpenQuote)
            } else if quotes.is_open() {
                return self.quoted(line, bytes, quotes).map(Some);
            } else {
                None
            };
            trim_end(&mut bytes);
            if bytes.is_empty() {
                continue;
            }
            return Ok(Some(RawRow {
                line,
                bytes,
                problem,
            }));
        }
    }

    /// Completes a row whose first line leaves a quote open.
    fn quoted(&mut self, line: u64, first: Vec<u8>, mut quotes: Quotes) -> std::io::Result<RawRow> {
        let mut length = first.len();
        let mut taken: Vec<Physical> = Vec::new();
        while length <= ROW_BYTES_MAX {
            let Some(next) = self.physical()? else {
                break;
            };
            length += next.bytes.len();
            quotes.read(&next.bytes, self.separator);
            let is_lost = next.is_cut || quotes.is_broken;
            taken.push(next);
            if is_lost {
                break;
            }
            if !quotes.is_open() {
                self.line += u64::try_from(taken.len()).unwrap_or(u64::MAX);
                let mut bytes = first;
                for next in taken {
                    bytes.extend_from_slice(&next.bytes);
                }
                trim_end(&mut bytes);
                return Ok(RawRow {
                    line,
                    bytes,
                    problem: None,
                });
            }
        }
        for next in taken.into_iter().rev() {
            self.ahead.push_front(next);
        }
        let mut bytes = first;
        trim_end(&mut bytes);
        Ok(RawRow {
            line,
            bytes,
            problem: Some(RejectReason::OpenQuote),
        })
    }

    fn physical(&mut self) -> std::io::Result<Option<Physical>> {
        if let Some(given_back) = self.ahead.pop_front() {
            return Ok(Some(given_back));
        }
        let mut bytes = Vec::new();
        let limit = u64::try_from(ROW_BYTES_MAX).unwrap_or(u64::MAX);
        let read = self
            .reader
            .by_ref()
            .take(limit)
            .read_until(b'\n', &mut bytes)?;
        if read == 0 {
            return Ok(None);
        }
        let is_cut = read >= ROW_BYTES_MAX && !bytes.ends_with(b"\n");
        if is_cut {
            self.skip_line()?;
        }
        Ok(Some(Physical { bytes, is_cut }))
    }

    /// Passes over the rest of a line that is too long to keep.
    fn skip_line(&mut self) -> std::io::Result<()> {
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                return Ok(());
            }
            match buffer.iter().position(|byte| *byte == b'\n') {
                Some(place) => {
                    self.reader.consume(place + 1);
                    return Ok(());
                }
                None => {
                    let length = buffer.len();
                    self.reader.consume(length);
                }
            }
        }
    }
}

/// One line with its end, or the beginning of one that is too long.
struct Physical {
    bytes: Vec<u8>,
    is_cut: bool,
}

/// Where quotes stand while a row is read. A quote opens a field only at its beginning: one inside plain text is text, as
/// in `5" pipe`, and must not swallow the rows up to the next one.
#[derive(Default)]
struct Quotes {
    state: Quote,
    is_broken: bool,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Quote {
    #[default]
    FieldStart,
    Plain,
    Inside,
    /// After a quote inside quotes: the end of the field, or the first half of a doubled one.
    Maybe,
}

impl Quotes {
    fn read(&mut self, bytes: &[u8], separator: u8) {
        for byte in bytes {
            self.state = match (self.state, *byte) {
                (Quote::FieldStart | Quote::Maybe, b'"') => Quote::Inside,
                (Quote::Inside, b'"') => Quote::Maybe,
                (Quote::Inside, _) => Quote::Inside,
                (_, byte) if byte == separator || byte == b'\n' => Quote::FieldStart,
                (Quote::Maybe, b'\r') => Quote::Maybe,
                (Quote::Maybe, _) => {
                    self.is_broken = true;
                    Quote::Plain
                }
                (Quote::FieldStart | Quote::Plain, _) => Quote::Plain,
            };
        }
    }

    fn is_open(&self) -> bool {
        self.state == Quote::Inside
    }
}

fn trim_end(bytes: &mut Vec<u8>) {
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
    }
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
}
