//! `scan`: what was found, what could not be read, and what to do about it.

use crate::args::{Format, Scan};
use crate::exit::Exit;
use crate::output;
use crate::progress::ScanBars;
use recover_core::block::{Height, HeightRange};
use recover_core::coverage::joined;
use recover_engine::engine::Engine;
use recover_engine::scan::{NetworkReport, ScanOptions};
use recover_source::chain::Part;
use recover_store::{CoverageGap, Stream};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// How long `--follow` waits between looks.
const PAUSE: Duration = Duration::from_secs(5);

#[derive(Serialize)]
struct GapView {
    part: String,
    from: u64,
    to: u64,
    reason: String,
}

#[derive(Serialize)]
struct ReportView {
    network: String,
    blocks_read: u64,
    new: u64,
    found: BTreeMap<&'static str, u64>,
    unreviewed: BTreeMap<String, u64>,
    confirmed: u64,
    reorganised: Option<ReorganisationView>,
    gaps: Vec<GapView>,
    failure: Option<String>,
    note: Option<String>,
}

#[derive(Serialize)]
struct ReorganisationView {
    agreement: u64,
    depth: u64,
    beyond_finality: bool,
    gone: Vec<String>,
}

impl ReportView {
    fn of(report: &NetworkReport) -> Self {
        Self {
            network: report.network.to_string(),
            blocks_read: report.blocks_read,
            new: report.new,
            found: report
                .found
                .iter()
                .map(|(kind, count)| (kind.code(), *count))
                .collect(),
            unreviewed: report.unreviewed.clone(),
            confirmed: report.confirmed,
            reorganised: report
                .reorganisation
                .as_ref()
                .map(|found| ReorganisationView {
                    agreement: found.agreement.0,
                    depth: found.depth,
                    beyond_finality: found.is_beyond_finality,
                    gone: found.gone.iter().map(ToString::to_string).collect(),
                }),
            gaps: report
                .gaps
                .iter()
                .map(|gap| GapView {
                    part: gap.stream.to_string(),
                    from: gap.range.from().0,
                    to: gap.range.to().0,
                    reason: gap.reason.clone(),
                })
                .collect(),
            failure: report.failure.clone(),
            note: report.note.clone(),
        }
    }
}

/// `scan`
pub async fn run(format: Format, engine: &Engine, arguments: &Scan) -> anyhow::Result<Exit> {
    if arguments.coverage {
        return coverage(format, engine, &arguments.network).await;
    }
    if let (Some(from), Some(to)) = (arguments.from, arguments.to)
        && from > to
    {
        eprintln!("error: --from {from} is above --to {to}: nothing lies between them; swap them");
        return Ok(Exit::Usage);
    }
    let options = ScanOptions {
        networks: arguments.network.clone(),
        from: arguments.from.map(Height),
        to: arguments.to.map(Height),
    };
    let exit = once(format, engine, &options).await?;
    if arguments.follow {
        follow(format, engine, &options).await
    } else {
        Ok(exit)
    }
}

/// Reads what is new until interrupted; the last look decides how the command ends.
async fn follow(format: Format, engine: &Engine, options: &ScanOptions) -> anyhow::Result<Exit> {
    let mut exit = Exit::Done;
    loop {
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => {
                interrupted?;
                return Ok(exit);
            }
            () = tokio::time::sleep(PAUSE) => exit = once(format, engine, options).await?,
        }
    }
}

async fn once(format: Format, engine: &Engine, options: &ScanOptions) -> anyhow::Result<Exit> {
    let reports = engine.scan(options, &ScanBars::new()).await?;
    let tests = engine.check_tests().await?;
    if tests.met > 0 || tests.refused > 0 {
        eprintln!(
            "verification deposits: {} met, {} payments that do not count (`recover proofs list APPEAL` says why)",
            tests.met, tests.refused
        );
    }
    let views: Vec<ReportView> = reports.iter().map(ReportView::of).collect();
    output::rows(
        format,
        &[
            "network",
            "blocks read",
            "new deposits",
            "found",
            "became final",
            "missing",
        ],
        &views,
        |view| {
            let found: Vec<String> = view
                .found
                .iter()
                .map(|(kind, count)| format!("{count} {kind}"))
                .collect();
            let missing = match (&view.failure, view.gaps.len()) {
                (Some(_), _) => "not read".to_owned(),
                (None, 0) => "nothing".to_owned(),
                (None, count) => format!("{count} gaps"),
            };
            vec![
                view.network.clone(),
                view.blocks_read.to_string(),
                view.new.to_string(),
                found.join("\n"),
                view.confirmed.to_string(),
                missing,
            ]
        },
    )?;
    for report in &reports {
        tell(report);
    }
    Ok(if reports.iter().any(NetworkReport::is_fault) {
        Exit::Fault
    } else {
        Exit::Done
    })
}

/// What a person must know beside the table, on standard error.
fn tell(report: &NetworkReport) {
    let network = &report.network;
    if let Some(note) = &report.note {
        eprintln!("note: {network}: {note}");
    }
    if !report.unreviewed.is_empty() {
        let credits: u64 = report.unreviewed.values().sum();
        eprintln!(
            "note: {network}: {credits} credits of {} unreviewed token contracts stay out of the working queue: `recover tokens list --unreviewed`",
            report.unreviewed.len()
        );
    }
    if let Some(found) = &report.reorganisation {
        let level = if found.is_beyond_finality {
            "error"
        } else {
            "note"
        };
        eprintln!(
            "{level}: {network}: the chain was reorganised above block {} ({} blocks{}); {} deposits were in doubt, {} did not come back",
            found.agreement,
            found.depth,
            if found.is_beyond_finality {
                ", DEEPER THAN ITS FINALITY RULE: look at every claim of this network before anything is signed"
            } else {
                ""
            },
            found.in_doubt.len(),
            found.gone.len()
        );
    }
    for line in gap_lines(&report.gaps) {
        eprintln!("error: {network}: {}", crate::output::printable(&line));
    }
    if let Some(failure) = &report.failure {
        eprintln!(
            "error: {network}: not scanned: {}",
            crate::output::printable(failure)
        );
    }
}

/// Block ranges that one line names before it only counts.
const RANGES_NAMED: usize = 5;

/// One line for each cause: a node that lacks what thirteen blocks need is one thing to mend, not thirteen.
fn gap_lines(gaps: &[CoverageGap]) -> Vec<String> {
    let mut causes: Vec<(String, Vec<&CoverageGap>)> = Vec::new();
    for gap in gaps {
        // Hashes differ where the cause is the same.
        let words = gap.reason.split_whitespace();
        let gist = words
            .filter(|word| !word.starts_with("0x"))
            .collect::<Vec<_>>()
            .join(" ");
        match causes.iter_mut().find(|(known, _)| *known == gist) {
            Some((_, same)) => same.push(gap),
            None => causes.push((gist, vec![gap])),
        }
    }
    causes.iter().map(|(_, gaps)| gap_line(gaps)).collect()
}

fn gap_line(gaps: &[&CoverageGap]) -> String {
    // Several parts of one account name it once; whole histories and parts of the chain stand alone.
    let mut groups: Vec<(Option<&str>, Vec<String>)> = Vec::new();
    for gap in gaps {
        let account = match gap.stream.account_text() {
            Some((address, Some(_))) => Some(address),
            _ => None,
        };
        let words = stream_words(&gap.stream);
        match groups.iter_mut().find(|(known, _)| *known == account) {
            Some((_, parts)) if parts.contains(&words) => {}
            Some((_, parts)) => parts.push(words),
            None => groups.push((account, vec![words])),
        }
    }
    let mut parts: Vec<String> = Vec::new();
    for (account, words) in groups {
        match account {
            Some(address) => parts.push(format!("{} of {address}", words.join(", "))),
            None => parts.extend(words),
        }
    }
    if parts.len() > RANGES_NAMED {
        let more = parts.len() - RANGES_NAMED;
        parts.truncate(RANGES_NAMED);
        parts.push(format!("{more} more"));
    }
    let ranges: Vec<HeightRange> = gaps.iter().map(|gap| gap.range).collect();
    let ranges = joined(&ranges);
    let mut named: Vec<String> = ranges
        .iter()
        .take(RANGES_NAMED)
        .map(ToString::to_string)
        .collect();
    if ranges.len() > RANGES_NAMED {
        named.push(format!("{} more", ranges.len() - RANGES_NAMED));
    }
    let reason = gaps.first().map_or("", |gap| gap.reason.as_str());
    format!(
        "blocks {} not read ({}): {reason}",
        named.join(", "),
        parts.join(", ")
    )
}

/// What a stream is, for a person; a part of an account without the account.
fn stream_words(stream: &Stream) -> String {
    let words = |code| Part::from_code(code).map(Part::words);
    if let Some(part) = stream.part_code().and_then(words) {
        return part.to_owned();
    }
    match stream.account_text() {
        Some((address, None)) => format!("the history of {address}"),
        Some((_, Some(code))) => words(code).unwrap_or(code).to_owned(),
        None => stream.to_string(),
    }
}

#[derive(Serialize)]
struct CoverageView {
    network: String,
    stream: String,
    from: u64,
    to: u64,
    epoch: Option<u64>,
    state: &'static str,
    reason: Option<String>,
}

/// `scan --coverage`
async fn coverage(format: Format, engine: &Engine, networks: &[String]) -> anyhow::Result<Exit> {
    let mut views = Vec::new();
    for network in engine.networks(networks)? {
        for covered in engine.store().coverage(&network.id).await? {
            views.push(CoverageView {
                network: network.id.to_string(),
                stream: covered.stream.to_string(),
                from: covered.range.from().0,
                to: covered.range.to().0,
                epoch: Some(covered.epoch),
                state: "read",
                reason: None,
            });
        }
        for gap in engine.store().gaps(&network.id).await? {
            views.push(CoverageView {
                network: network.id.to_string(),
                stream: gap.stream.to_string(),
                from: gap.range.from().0,
                to: gap.range.to().0,
                epoch: None,
                state: "gap",
                reason: Some(gap.reason),
            });
        }
    }
    output::rows(
        format,
        &[
            "network",
            "stream",
            "from",
            "to",
            "watch set",
            "state",
            "why",
        ],
        &views,
        |view| {
            vec![
                view.network.clone(),
                view.stream.clone(),
                view.from.to_string(),
                view.to.to_string(),
                view.epoch
                    .map_or_else(|| "-".to_owned(), |epoch| epoch.to_string()),
                view.state.to_owned(),
                view.reason.clone().unwrap_or_default(),
            ]
        },
    )?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gap(part: &str, from: u64, to: u64, reason: &str) -> CoverageGap {
        let range = HeightRange::new(Height(from), Height(to)).unwrap();
        CoverageGap {
            stream: Stream::part(part),
            range,
            reason: reason.to_owned(),
        }
    }

    #[test]
    fn own_gaps_of_one_cause_are_one_line() {
        let mut gaps: Vec<CoverageGap> = (0..9)
            .map(|n| {
                gap(
                    "top_level",
                    10 * n,
                    10 * n,
                    &format!("no receipt of 0x{n}: ask"),
                )
            })
            .collect();
        gaps.push(gap("internal", 0, 99, "no traces"));
        gaps.push(gap("transfer_logs", 0, 0, "no receipt of 0xff: ask"));
        assert_eq!(
            gap_lines(&gaps),
            [
                "blocks 0, 10, 20, 30, 40, 4 more not read (payments of the native coin, token \
                 transfers): no receipt of 0x0: ask",
                "blocks 0..99 not read (payments inside contract calls): no traces",
            ]
        );
    }

    #[test]
    fn own_gaps_of_accounts_name_a_few_and_count_the_rest() {
        let range = HeightRange::new(Height(5), Height(9)).unwrap();
        let gap = |stream| CoverageGap {
            stream,
            range,
            reason: "no answer".to_owned(),
        };
        let mut gaps: Vec<CoverageGap> = (1..8)
            .map(|n| gap(Stream::account(&format!("r{n}"))))
            .collect();
        assert_eq!(
            gap_lines(&gaps),
            [
                "blocks 5..9 not read (the history of r1, the history of r2, the history of r3, the history of r4, \
                 the history of r5, 2 more): no answer"
            ]
        );
        gaps = vec![gap(Stream::account_part("r1", "block_credits"))];
        assert_eq!(
            gap_lines(&gaps),
            ["blocks 5..9 not read (withdrawals and rewards of validators of r1): no answer"]
        );
        gaps = ["r1", "r2"]
            .iter()
            .flat_map(|account| {
                ["top_level", "transfer_logs"].map(|part| gap(Stream::account_part(account, part)))
            })
            .collect();
        assert_eq!(
            gap_lines(&gaps),
            [
                "blocks 5..9 not read (payments of the native coin, token transfers of r1, payments of the native coin, \
                 token transfers of r2): no answer"
            ]
        );
    }
}
