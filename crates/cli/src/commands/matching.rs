//! `match`: one line an open appeal. `match undo`: one match is taken back.

use crate::args::{Format, Match, MatchCommand};
use crate::exit::Exit;
use crate::output;
use crate::view::MatchView;
use recover_core::appeal::AppealId;
use recover_engine::engine::Engine;
use recover_engine::error::EngineError;
use recover_engine::match_undo::TakenBack;
use serde::Serialize;

#[derive(Serialize)]
struct UndoView {
    appeal_id: String,
    deposit_id: String,
    claim_id: Option<String>,
    dry_run: bool,
}

/// `match`
pub async fn run(
    format: Format,
    engine: &Engine,
    arguments: &Match,
    actor: Option<&str>,
) -> anyhow::Result<Exit> {
    if let Some(MatchCommand::Undo {
        appeal,
        reason,
        dry_run,
    }) = &arguments.command
    {
        let appeal = AppealId::verbatim(appeal);
        let taken = engine.undo_match(&appeal, reason, actor, *dry_run).await?;
        return undone(format, &taken, *dry_run);
    }
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
                &["appeal", "deposit", "decision", "tier", "score", "because"],
                &views,
                |view| {
                    vec![
                        view.appeal_id.clone(),
                        view.deposit_id.clone().unwrap_or_else(|| "-".to_owned()),
                        view.decision.to_owned(),
                        view.tier.to_owned(),
                        view.score.to_string(),
                        if explain {
                            view.explained()
                        } else {
                            view.because()
                        },
                    ]
                },
            )?;
        }
    }
    Ok(Exit::Done)
}

fn undone(format: Format, taken: &TakenBack, dry_run: bool) -> anyhow::Result<Exit> {
    let view = UndoView {
        appeal_id: taken.appeal.to_string(),
        deposit_id: taken.deposit.to_string(),
        claim_id: taken.claim.as_ref().map(ToString::to_string),
        dry_run,
    };
    if format != Format::Table {
        output::json(&view)?;
        return Ok(Exit::Done);
    }
    let mut rows = vec![
        ("appeal", format!("{}, received again", view.appeal_id)),
        (
            "taken back",
            format!("{}, not proposed for it again", view.deposit_id),
        ),
    ];
    if let Some(claim) = &view.claim_id {
        rows.push(("cancelled", claim.clone()));
    }
    if dry_run {
        rows.push(("kept", "nothing: this was a dry run".to_owned()));
    }
    output::facts(&rows)?;
    Ok(Exit::Done)
}
