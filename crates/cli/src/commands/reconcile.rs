//! `reconcile`: the nightly job.

use crate::args::{Format, Reconcile};
use crate::exit::Exit;
use crate::output;
use crate::progress::ScanBars;
use recover_engine::engine::Engine;
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
struct ReportView {
    prices: Option<super::prices::FetchView>,
    networks: Vec<NetworkView>,
    reclassified: u64,
    matches: BTreeMap<&'static str, u64>,
    verification_deposits_met: u64,
    /// Watched deposits whose wait is over, and entries that ended because theirs needs no watching any more.
    watch_fired: u64,
    watch_closed: u64,
    quotes_expired: u64,
    claims_invalidated: u64,
    needs_person: BTreeMap<String, u64>,
}

#[derive(Serialize)]
struct NetworkView {
    network: String,
    confirmed: u64,
    reorganised: bool,
    gaps: usize,
    failure: Option<String>,
}

/// `reconcile`
pub async fn run(format: Format, engine: &Engine, arguments: &Reconcile) -> anyhow::Result<Exit> {
    let report = engine
        .reconcile(!arguments.offline, &ScanBars::new())
        .await?;
    let view = ReportView {
        prices: report.prices.as_ref().map(super::prices::FetchView::of),
        networks: report
            .networks
            .iter()
            .map(|network| NetworkView {
                network: network.network.to_string(),
                confirmed: network.confirmed,
                reorganised: network.reorganisation.is_some(),
                gaps: network.gaps.len(),
                failure: network.failure.clone(),
            })
            .collect(),
        reclassified: report.reclassified,
        matches: report
            .matches
            .iter()
            .map(|(decision, count)| (decision.code(), *count))
            .collect(),
        verification_deposits_met: report.tests.met,
        watch_fired: report.watch.fired,
        watch_closed: report.watch.closed,
        quotes_expired: report.quotes_expired,
        claims_invalidated: report.invalidated,
        needs_person: report.needs_person.iter().cloned().collect(),
    };
    match format {
        Format::Json | Format::Csv => output::json(&view)?,
        Format::Table => {
            let matches: Vec<String> = view
                .matches
                .iter()
                .map(|(decision, count)| format!("{count} {decision}"))
                .collect();
            let mut rows = Vec::new();
            if let Some(prices) = &view.prices {
                rows.push(("prices", prices.in_words()));
            }
            rows.extend([
                (
                    "networks",
                    format!(
                        "{} checked for finality and reorganisations",
                        view.networks.len()
                    ),
                ),
                ("reclassified", view.reclassified.to_string()),
                (
                    "appeals",
                    if matches.is_empty() {
                        "none open".to_owned()
                    } else {
                        matches.join(", ")
                    },
                ),
                (
                    "proofs",
                    format!(
                        "{} verification deposits met",
                        view.verification_deposits_met
                    ),
                ),
                (
                    "watch list",
                    format!("{} fired, {} ended", view.watch_fired, view.watch_closed),
                ),
                ("quotes", format!("{} ran out", view.quotes_expired)),
                (
                    "claims",
                    format!(
                        "{} ended because their deposit changed",
                        view.claims_invalidated
                    ),
                ),
            ]);
            for (what, count) in &view.needs_person {
                rows.push(("a person", format!("{count} {what}")));
            }
            output::facts(&rows)?;
        }
    }
    if let Some(prices) = &view.prices {
        prices.tell_failures();
    }
    for network in &view.networks {
        if let Some(failure) = &network.failure {
            eprintln!("error: {}: {}", network.network, output::printable(failure));
        }
    }
    let is_fault = view
        .networks
        .iter()
        .any(|network| network.failure.is_some());
    Ok(if is_fault {
        Exit::Fault
    } else if view.needs_person.is_empty() {
        Exit::Done
    } else {
        Exit::PersonNeeded
    })
}
