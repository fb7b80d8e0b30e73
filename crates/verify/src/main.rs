//! `recover-verify`: checks a package on the signers' machine, without a network.
//!
//! Exit codes: 0 the package may be signed (or the signed bytes sent), 3 refused, 2 wrong use, 1 a file cannot be read or written.

use clap::{Parser, ValueEnum};
use recover_core::digest::Digest;
use recover_core::time::Timestamp;
use recover_verify::problem::plain;
use recover_verify::{Problem, Report, Seen, verify, verify_signed};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

/// Checks a package before it is signed: what it does, who approved it, and whether both are what the exchange pinned.
#[derive(Parser)]
#[command(name = "recover-verify", version)]
struct Arguments {
    /// The package that `recover claims export` wrote
    package: PathBuf,
    /// The pinned roster, from elsewhere than the package
    #[arg(long, value_name = "FILE")]
    roster: PathBuf,
    /// The signed transaction: also checks that it is this package under the expected signature
    #[arg(long, value_name = "FILE")]
    signed: Option<PathBuf>,
    /// Remembers log heads and packages here, and refuses what contradicts them; made when missing
    #[arg(long, value_name = "FILE")]
    seen: Option<PathBuf>,
    /// The digest of an earlier package that is proven never to happen
    #[arg(long, value_name = "DIGEST", value_parser = digest, requires = "seen")]
    replaces: Vec<Digest>,
    /// How the answer is written
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Json,
}

fn digest(text: &str) -> Result<Digest, String> {
    Digest::parse(text).ok_or_else(|| "a digest has 64 hexadecimal digits".to_owned())
}

/// Longer files are refused by the library; this only keeps them out of memory.
const READ_BYTES_MAX: u64 = 4 << 20;

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let told = |detail: String| format!("{}: {detail}", plain(&path.display().to_string()));
    let length = std::fs::metadata(path)
        .map_err(|error| told(error.to_string()))?
        .len();
    if length > READ_BYTES_MAX {
        return Err(told(format!(
            "{length} bytes are more than any package has"
        )));
    }
    std::fs::read(path).map_err(|error| told(error.to_string()))
}

/// Bytes that are no UTF-8 become signs that no parser takes.
fn text(path: &Path) -> Result<String, String> {
    read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// Whole or not at all: a memory that was cut off would forget.
fn replace(path: &Path, text: &str) -> Result<(), String> {
    let told = |error: std::io::Error| format!("{}: {error}", plain(&path.display().to_string()));
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    let mut file = std::fs::File::create(&new).map_err(told)?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| std::fs::rename(&new, path))
        .map_err(told)
}

fn judge(arguments: &Arguments) -> Result<Result<Report, Vec<Problem>>, String> {
    // To the microsecond, as packages are dated: by whole seconds one that was just made would lie ahead.
    let micros = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_err(|_| "this machine's clock is before 1970")?
        .as_micros();
    let now = i64::try_from(micros)
        .map(Timestamp::from_micros)
        .map_err(|_| "this machine's clock is wrong")?;
    let package = text(&arguments.package)?;
    let roster = text(&arguments.roster)?;
    let judged = match &arguments.signed {
        None => verify(&package, &roster, now),
        Some(signed) => {
            let signed = read(signed)?;
            verify_signed(&package, &roster, &signed, now).map(|(report, _)| report)
        }
    };
    let (report, path) = match (judged, &arguments.seen) {
        (Ok(report), Some(path)) => (report, path),
        (judged, _) => return Ok(judged),
    };
    let before = if path.exists() {
        text(path)?
    } else {
        String::new()
    };
    let mut seen = match Seen::parse(&before) {
        Ok(seen) => seen,
        Err(problem) => return Ok(Err(vec![problem])),
    };
    let problems = seen.problems(&report, &arguments.replaces);
    if !problems.is_empty() {
        return Ok(Err(problems));
    }
    seen.add(&report);
    replace(path, &seen.to_text())?;
    Ok(Ok(report))
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let judged = match judge(&arguments) {
        Ok(judged) => judged,
        Err(fault) => {
            eprintln!("error: {fault}");
            return ExitCode::FAILURE;
        }
    };
    let is_for_the_ledger = judged.as_ref().is_ok_and(|report| report.is_for_ledger);
    let what = match arguments.signed {
        None if is_for_the_ledger => "BOOKED",
        None => "SIGNED",
        Some(_) => "SENT",
    };
    let page = match (&judged, arguments.format) {
        (Ok(report), Format::Table) => format!("{report}\nACCEPTED: this may be {what}.\n"),
        (Err(problems), Format::Table) => {
            let lines: Vec<String> = problems
                .iter()
                .map(|problem| format!("- {problem}\n"))
                .collect();
            format!("{}\nREFUSED: this must not be {what}.\n", lines.concat())
        }
        (Ok(report), Format::Json) => {
            format!(
                "{:#}\n",
                serde_json::json!({ "accepted": true, "report": report })
            )
        }
        (Err(problems), Format::Json) => {
            format!(
                "{:#}\n",
                serde_json::json!({ "accepted": false, "problems": problems })
            )
        }
    };
    // A page that did not arrive is no acceptance.
    if std::io::stdout().write_all(page.as_bytes()).is_err() {
        return ExitCode::FAILURE;
    }
    match judged {
        Ok(_) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(3),
    }
}
