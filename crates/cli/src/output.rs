//! Results on standard output: tables for people, JSON and CSV for programs. Everything else goes to standard error.

use crate::args::Format;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{ContentArrangement, Table};
use serde::Serialize;
use std::io::{IsTerminal, Write};

/// Writes rows: a table with the given columns, a JSON array of the rows, or CSV with the table's columns.
///
/// # Errors
/// When standard output cannot be written.
pub fn rows<T: Serialize>(
    format: Format,
    columns: &[&str],
    rows: &[T],
    cells: impl Fn(&T) -> Vec<String>,
) -> anyhow::Result<()> {
    match format {
        Format::Json => json(&rows),
        Format::Csv => {
            let mut writer = csv::Writer::from_writer(std::io::stdout().lock());
            writer.write_record(columns)?;
            for row in rows {
                writer.write_record(cells(row).iter().map(|cell| spreadsheet_safe(cell)))?;
            }
            writer.flush()?;
            Ok(())
        }
        Format::Table => {
            if rows.is_empty() {
                eprintln!("(none)");
                return Ok(());
            }
            line(&table(columns, rows.iter().map(&cells)).to_string())
        }
    }
}

/// A table for people; as wide as the terminal, unlimited when written to a file.
pub fn table(columns: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Table {
    let mut table = Table::new();
    table
        .load_style(UTF8_FULL_CONDENSED)
        .set_header(columns.iter().copied());
    if std::io::stdout().is_terminal() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    for row in rows {
        table.add_row(row.into_iter().map(|cell| printable(&cell)));
    }
    table
}

/// Writes one JSON value, indented.
///
/// # Errors
/// When standard output cannot be written.
pub fn json<T: Serialize>(value: &T) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    serde_json::to_writer_pretty(&mut stdout, value)?;
    writeln!(stdout)?;
    Ok(())
}

/// Writes one JSON value as one line.
///
/// # Errors
/// When standard output cannot be written.
pub fn json_line<T: Serialize>(value: &T) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    serde_json::to_writer(&mut stdout, value)?;
    writeln!(stdout)?;
    Ok(())
}

/// Writes a line of text for people, without the control characters that a stranger's text may carry.
///
/// # Errors
/// When standard output cannot be written.
pub fn line(text: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout().lock(), "{}", printable(text))?;
    Ok(())
}

/// Writes names and their texts below one another, as a `show` command does.
///
/// # Errors
/// When standard output cannot be written.
pub fn facts(rows: &[(&str, String)]) -> anyhow::Result<()> {
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, text) in rows {
        line(&format!("{name:<width$}  {text}"))?;
    }
    Ok(())
}

/// Text without control, bidirectional and zero-width characters (line breaks stay): a token's symbol or an appeal must
/// not move the cursor or hide what is said.
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\n' => '\n',
            '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}' => '\u{fffd}',
            control if control.is_control() => '\u{fffd}',
            other => other,
        })
        .collect()
}

/// A CSV cell that no spreadsheet takes for a formula (OWASP's list of first characters, full-width forms included).
pub fn spreadsheet_safe(cell: &str) -> String {
    match cell.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠') => {
            format!("'{cell}")
        }
        _ => cell.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_strangers_text_cannot_steer_the_terminal_or_a_spreadsheet() {
        assert_eq!(
            printable("a\u{1b}[2Jb\u{202e}c\nd"),
            "a\u{fffd}[2Jb\u{fffd}c\nd"
        );
        for cell in ["=1+1", "+1", "-1", "@x", "\t=1", "＝1"] {
            assert_eq!(spreadsheet_safe(cell), format!("'{cell}"));
        }
        assert_eq!(spreadsheet_safe("0x00"), "0x00");
    }
}
