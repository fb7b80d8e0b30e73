//! `match`: one line an open appeal.

use crate::args::{Format, Match};
use crate::exit::Exit;
use crate::output;
use crate::view::MatchView;
use recover_engine::engine::Engine;
use recover_engine::error::EngineError;

/// `match`
pub async fn run(format: Format, engine: &Engine, arguments: &Match) -> anyhow::Result<Exit> {
    let mut outcomes = engine.match_all().await?;
    if let Some(id) = &arguments.appeal {
        outcomes.retain(|outcome| outcome.appeal.as_str() == id);
        if outcomes.is_empty() {
            return Err(EngineError::NotFound {
                what: "open appeal",
                id: id.clone(),
                hint: "`recover appeals show` says where it stands",
            }
            .into());
        }
    }
    let views: Vec<MatchView> = outcomes
        .iter()
        .map(MatchView::of)
        .collect::<anyhow::Result<_>>()?;
    match format {
        // JSON lines, so that a million appeals need no array in memory on the other side.
        Format::Json => {
            for view in &views {
                output::json_line(view)?;
            }
        }
        Format::Csv | Format::Table => {
            let explain = arguments.explain;
            output::rows(
                format,
                &["appeal", "deposit", "decision", "score", "because"],
                &views,
                |view| {
                    let reasons: Vec<String> = view
                        .reasons
                        .iter()
                        .filter(|reason| explain || reason.weight != 0)
                        .map(|reason| {
                            if explain {
                                format!(
                                    "{} {} ({:+}): {}",
                                    reason.field, reason.verdict, reason.weight, reason.detail
                                )
                            } else {
                                format!("{} {}", reason.field, reason.verdict)
                            }
                        })
                        .collect();
                    vec![
                        view.appeal_id.clone(),
                        view.deposit_id.clone().unwrap_or_else(|| "-".to_owned()),
                        view.decision.to_owned(),
                        view.score.to_string(),
                        reasons.join(if explain { "\n" } else { ", " }),
                    ]
                },
            )?;
        }
    }
    Ok(Exit::Done)
}
