//! `chains`: the configured networks and what their sources say.

use crate::args::Format;
use crate::exit::Exit;
use crate::output;
use crate::view::NetworkView;
use recover_core::network::Family;
use recover_engine::config::ChainsConfig;
use recover_engine::engine::Engine;
use recover_engine::health::{NetworkHealth, SourceHealth};
use recover_source::chain::Part;
use serde::Serialize;
use std::collections::BTreeSet;

/// `chains list`
pub fn list(format: Format, chains: &ChainsConfig) -> anyhow::Result<Exit> {
    let networks: Vec<NetworkView> = chains.networks.values().map(NetworkView::of).collect();
    output::rows(format, NetworkView::COLUMNS, &networks, NetworkView::cells)?;
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct HealthView {
    network: String,
    ok: bool,
    height: Option<u64>,
    finalized: Option<u64>,
    reads: Vec<&'static str>,
    cannot_read: Vec<&'static str>,
    problem: Option<String>,
}

impl HealthView {
    fn of(health: &NetworkHealth, keeps_outputs: bool) -> Self {
        let (height, finalized, reads, cannot_read, problem) = match &health.state {
            SourceHealth::Answers {
                height,
                finalized,
                accounts,
                reads,
                cannot_read,
            } => (
                Some(height.0),
                finalized.map(|height| height.0),
                accounts
                    .then_some("accounts")
                    .into_iter()
                    .chain(part_words(reads, keeps_outputs))
                    .collect(),
                part_words(cannot_read, keeps_outputs),
                None,
            ),
            SourceHealth::Fails(problem) => {
                (None, None, Vec::new(), Vec::new(), Some(problem.clone()))
            }
        };
        Self {
            network: health.network.to_string(),
            ok: health.is_complete(),
            height,
            finalized,
            reads,
            cannot_read,
            problem,
        }
    }
}

/// The parts as a person of the network knows them: where there are no accounts, all of them are outputs.
fn part_words(parts: &BTreeSet<Part>, keeps_outputs: bool) -> Vec<&'static str> {
    match keeps_outputs {
        true if parts.is_empty() => Vec::new(),
        true => vec!["outputs"],
        false => parts.iter().map(|part| part.code()).collect(),
    }
}

/// `chains check`
pub async fn check(format: Format, engine: &Engine, networks: &[String]) -> anyhow::Result<Exit> {
    let health = engine.health(networks).await?;
    let rows: Vec<HealthView> = health
        .iter()
        .map(|health| {
            let network = engine.chains().network(&health.network);
            HealthView::of(
                health,
                network.is_some_and(|network| network.family == Family::Bitcoin),
            )
        })
        .collect();
    output::rows(
        format,
        &[
            "network",
            "state",
            "height",
            "final",
            "reads",
            "what is missing",
        ],
        &rows,
        |row| {
            vec![
                row.network.clone(),
                if row.ok { "ok" } else { "look" }.to_owned(),
                row.height
                    .map_or_else(|| "-".to_owned(), |height| height.to_string()),
                row.finalized
                    .map_or_else(|| "-".to_owned(), |height| height.to_string()),
                row.reads.join("\n"),
                row.problem
                    .clone()
                    .unwrap_or_else(|| row.cannot_read.join("\n")),
            ]
        },
    )?;
    Ok(if rows.iter().all(|row| row.ok) {
        Exit::Done
    } else {
        Exit::PersonNeeded
    })
}
