//! `audit`: whether the log of every step is whole.

use crate::args::{Audit, Format};
use crate::exit::Exit;
use crate::output;
use anyhow::Context as _;
use recover_core::audit::Head;
use recover_engine::audit::FileReport;
use recover_engine::engine::Engine;
use serde::Serialize;
use std::io::{BufReader, Write as _};
use std::path::Path;

#[derive(Serialize)]
struct ReportView {
    entries: u64,
    bodies_erased: u64,
    heads_given: usize,
    heads_met: usize,
    /// How many rows of the tables were compared; null for a file, which has none.
    rows: Option<u64>,
    head: Option<String>,
    problems: Vec<String>,
}

/// `audit` over the database
pub async fn run(format: Format, engine: &Engine, command: &Audit) -> anyhow::Result<Exit> {
    match command {
        Audit::Verify { head, heads, .. } => {
            let heads = given(head, heads.as_deref())?;
            let check = engine.verify_log(&heads).await?;
            tell(
                format,
                &ReportView {
                    entries: check.events,
                    bodies_erased: check.bodies_erased,
                    heads_given: heads.len(),
                    heads_met: check.heads_met,
                    rows: Some(check.rows),
                    head: check.head.map(|head| head.to_string()),
                    problems: check.problems,
                },
            )
        }
        Audit::Export { after, bodies } => {
            let mut out = std::io::BufWriter::new(std::io::stdout().lock());
            let head = engine
                .export_log(*after, *bodies, |line| -> anyhow::Result<()> {
                    writeln!(out, "{line}")?;
                    Ok(())
                })
                .await?;
            out.flush()?;
            match head {
                Some(head) => eprintln!("head {head}"),
                None => eprintln!("there is no entry after {after}"),
            }
            Ok(Exit::Done)
        }
    }
}

/// `audit verify --file`: without a database.
pub fn verify_file(
    format: Format,
    path: &Path,
    after: Option<Head>,
    head: &[Head],
    heads: Option<&Path>,
) -> anyhow::Result<Exit> {
    let heads = given(head, heads)?;
    let file =
        std::fs::File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let FileReport { report, lines } =
        recover_engine::audit::verify_file(BufReader::new(file), after, &heads)
            .with_context(|| format!("{} cannot be read", path.display()))?;
    let broken = lines
        .into_iter()
        .map(|(line, problem)| format!("line {line} is no entry: {problem}"));
    let found = report.problems.iter().map(ToString::to_string);
    tell(
        format,
        &ReportView {
            entries: report.entries,
            bodies_erased: report.bodies_erased,
            heads_given: heads.len(),
            // The head behind which the export begins is trusted, and no proof.
            heads_met: report.heads_met,
            rows: None,
            head: report.head.map(|head| head.to_string()),
            problems: broken.chain(found).collect(),
        },
    )
}

/// The heads of the command line and of a file, one a line; blank lines and those that begin with # say nothing.
fn given(head: &[Head], file: Option<&Path>) -> anyhow::Result<Vec<Head>> {
    let mut heads = head.to_vec();
    if let Some(path) = file {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("{} cannot be read", path.display()))?;
        for (number, line) in (1_u64..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let line = line.strip_prefix("head ").unwrap_or(line);
            heads.push(Head::parse(line).with_context(|| {
                format!(
                    "{}:{number}: this is no head: write SEQUENCE:HASH, as `audit export` ends with it",
                    path.display()
                )
            })?);
        }
    }
    Ok(heads)
}

fn tell(format: Format, view: &ReportView) -> anyhow::Result<Exit> {
    match format {
        Format::Json | Format::Csv => output::json(view)?,
        Format::Table => {
            let mut rows = vec![
                ("entries", view.entries.to_string()),
                (
                    "heads",
                    format!(
                        "{} of {} kept elsewhere are met",
                        view.heads_met, view.heads_given
                    ),
                ),
            ];
            if view.bodies_erased > 0 {
                rows.push(("without text", view.bodies_erased.to_string()));
            }
            if let Some(compared) = view.rows {
                rows.push(("rows", format!("{compared} compared with the log")));
            }
            rows.push((
                "head",
                view.head
                    .clone()
                    .unwrap_or_else(|| "no entry yet".to_owned()),
            ));
            rows.extend(
                view.problems
                    .iter()
                    .map(|problem| ("wrong", problem.clone())),
            );
            if view.problems.is_empty() {
                rows.push(("result", "whole".to_owned()));
            }
            output::facts(&rows)?;
        }
    }
    if view.heads_given == 0 {
        eprintln!(
            "note: no head from elsewhere was given: a log whose end was cut off, or which was written anew, would look whole"
        );
    }
    Ok(if view.problems.is_empty() {
        Exit::Done
    } else {
        Exit::PersonNeeded
    })
}
