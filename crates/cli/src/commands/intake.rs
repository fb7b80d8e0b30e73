//! Imports: one shape for every file.

use crate::args::ImportFile;
use crate::exit::Exit;
use crate::progress;
use recover_engine::error::EngineError;
use recover_engine::import::{self, ColumnMap, ImportError};
use recover_engine::intake::{IntakeFile, IntakeReport};
use recover_engine::prices::Overtaken;
use std::io::Read;
use std::path::PathBuf;

/// What an import reads from.
pub type Reader = Box<dyn Read + Send>;

/// Opens the file, runs the import and tells what it did.
pub async fn run<F>(noun: &str, arguments: &ImportFile, take: F) -> anyhow::Result<Exit>
where
    F: AsyncFnOnce(IntakeFile<Reader>, progress::Rows) -> Result<IntakeReport, EngineError>,
{
    let rows = progress::Rows::start(noun);
    let report = take(open(arguments)?, rows.clone()).await;
    rows.finish();
    if let Err(error) = &report
        && !is_of_whole_file(error)
    {
        eprintln!("the rows before the fault are stored; a repeat changes nothing");
    }
    Ok(tell(noun, &report?))
}

/// Opens a file that was named on the command line.
pub fn open(arguments: &ImportFile) -> anyhow::Result<IntakeFile<Reader>> {
    let map = match &arguments.map {
        Some(path) => ColumnMap::load(path)?,
        None => ColumnMap::default(),
    };
    let is_stdin = arguments.file.as_os_str() == "-";
    let reader: Reader = if is_stdin {
        Box::new(std::io::stdin())
    } else {
        Box::new(import::open(&arguments.file)?)
    };
    let name = if is_stdin {
        "standard input".to_owned()
    } else {
        arguments.file.display().to_string()
    };
    let reject = arguments.reject.clone().unwrap_or_else(|| {
        if is_stdin {
            PathBuf::from("standard-input.rejected.csv")
        } else {
            arguments.file.with_extension("rejected.csv")
        }
    });
    Ok(IntakeFile {
        name,
        reader,
        map,
        reject,
    })
}

/// Whether the fault was found before the first row was taken.
const fn is_of_whole_file(error: &EngineError) -> bool {
    matches!(
        error,
        EngineError::Import(
            ImportError::Unreadable { .. }
                | ImportError::Empty { .. }
                | ImportError::NotText { .. }
                | ImportError::Columns { .. }
                | ImportError::Map { .. }
                | ImportError::Coverage { .. }
        )
    )
}

/// More prices that do not count than these are counted, not named.
const OVERTAKEN_NAMED: usize = 5;

fn tell(noun: &str, report: &IntakeReport) -> Exit {
    let counts = report.counts;
    eprintln!(
        "{noun}: {} new, {} updated, {} unchanged{}",
        counts.inserted,
        counts.updated,
        counts.unchanged,
        if counts.kept > 0 {
            format!(", {} kept because they are decided", counts.kept)
        } else {
            String::new()
        }
    );
    for period in &report.covered {
        eprintln!(
            "ledger complete for {} from {} to {}",
            period.network, period.from, period.to
        );
    }
    for period in &report.not_covered {
        eprintln!(
            "ledger NOT taken as complete for {} from {} to {}: rows were rejected; mend them and import again",
            period.network, period.from, period.to
        );
    }
    if report.reclassified > 0 {
        eprintln!(
            "{} stored deposits are classified otherwise now",
            report.reclassified
        );
    }
    for overtaken in report.overtaken.iter().take(OVERTAKEN_NAMED) {
        let Overtaken { imported, newer } = overtaken;
        // A row that was there before is not imported again: only a later time brings its price back.
        let why = if newer.priced_at > imported.priced_at {
            "is newer; where that one is wrong, import its row again with its time and the right price"
        } else {
            "was imported after it; where that one is wrong, import the right price with a later time"
        };
        let text = format!(
            "the price {} of {} by {} of {} does not count: {} of {} {why}",
            imported.price,
            imported.asset,
            imported.source,
            imported.priced_at,
            newer.price,
            newer.priced_at
        );
        eprintln!("warning: {}", crate::output::printable(&text));
    }
    let unnamed = report.overtaken.len().saturating_sub(OVERTAKEN_NAMED);
    if unnamed > 0 {
        eprintln!("warning: so it is with {unnamed} more; `recover prices show` says what counts");
    }
    if let Some((line, kind)) = report.secrets.first {
        eprintln!(
            "warning: {} pasted into the file (the first: {kind}, line {line}): {}",
            if report.secrets.count == 1 {
                "a secret was".to_owned()
            } else {
                format!("{} secrets were", report.secrets.count)
            },
            recover_engine::secret::ADVICE
        );
    }
    match (&report.reject_file, &report.first_reject) {
        (Some(file), Some(first)) => {
            eprintln!(
                "error: {} rows were rejected (the first: {}); they are in {} with line and reason: mend and import that file",
                report.rejected,
                crate::output::printable(first),
                file.display()
            );
            Exit::Fault
        }
        _ => Exit::Done,
    }
}
