//! `chains`: the configured networks and what their sources say.

use crate::args::Format;
use crate::exit::Exit;
use crate::output;
use crate::view::NetworkView;
use recover_engine::config::ChainsConfig;
use recover_engine::engine::Engine;
use recover_engine::health::{NetworkHealth, SourceHealth};
use serde::Serialize;

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
    fn of(health: &NetworkHealth) -> Self {
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
                    .chain(reads.iter().map(|part| part.code()))
                    .collect(),
                cannot_read.iter().map(|part| part.code()).collect(),
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

/// `chains check`
pub async fn check(format: Format, engine: &Engine, networks: &[String]) -> anyhow::Result<Exit> {
    let health = engine.health(networks).await?;
    let rows: Vec<HealthView> = health.iter().map(HealthView::of).collect();
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
