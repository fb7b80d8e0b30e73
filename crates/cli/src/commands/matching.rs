//! `match`: one line an open appeal. `match undo`: one match is taken back.

use crate::args::{Format, Match, MatchCommand};
use crate::exit::Exit;
use crate::output;
use crate::view::MatchView;
use recover_core::appeal::AppealId;
use recover_engine::engine::Engine;
use recover_engine::error::EngineError;
use recover_engine::match_run::{MatchReport, MatchScope};
use recover_engine::match_undo::TakenBack;
use serde::Serialize;
use std::collections::BTreeSet;

#[derive(Serialize)]
struct UndoView {
    appeal_id: String,
    deposit_id: String,
    claim_id: Option<String>,
    dry_run: bool,
}

#[derive(Serialize)]
struct ReportView {
    looked_at: u64,
    kept: u64,
    changed: usize,
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
    let scope = if arguments.all {
        MatchScope::Everything
    } else {
        MatchScope::Touched
    };
    let report = engine.match_open(scope).await?;
    tell(format, &report)?;
    if let Some(id) = &arguments.appeal {
        let found = engine.open_outcome(&AppealId::verbatim(id)).await?;
        let outcome = found.ok_or_else(|| EngineError::NotFound {
            what: "open appeal",
            id: id.clone(),
            hint: "`recover appeals show` says where it stands",
        })?;
        show(format, &[MatchView::of(&outcome)?], arguments.explain)?;
        return Ok(Exit::Done);
    }
    let changed: Option<BTreeSet<&str>> = arguments
        .changed
        .then(|| report.changed.iter().map(AppealId::as_str).collect());
    let is_shown = |id: &str| changed.as_ref().is_none_or(|changed| changed.contains(id));
    let mut views = Vec::new();
    let mut after = None;
    // Of nothing that changed there is nothing to read.
    while changed.as_ref().is_none_or(|changed| !changed.is_empty()) {
        let page = engine.open_outcomes(after.as_ref()).await?;
        let Some(last) = page.last() else {
            break;
        };
        after = Some(last.appeal.clone());
        let shown = page.iter().filter(|of| is_shown(of.appeal.as_str()));
        for outcome in shown {
            views.push(MatchView::of(outcome)?);
        }
        // A table is one piece; of lines, a million appeals need no array in memory on either side.
        if format == Format::Json {
            show(format, &views, arguments.explain)?;
            views.clear();
        }
    }
    if format != Format::Json {
        show(format, &views, arguments.explain)?;
    }
    Ok(Exit::Done)
}

/// What the run did, beside its outcomes.
fn tell(format: Format, report: &MatchReport) -> anyhow::Result<()> {
    let changed = report.changed.len();
    if format == Format::Json {
        let view = ReportView {
            looked_at: report.looked_at,
            kept: report.kept,
            changed,
        };
        eprintln!("{}", serde_json::to_string(&view)?);
    } else {
        eprintln!(
            "match: {} looked at, {} kept, {changed} changed",
            report.looked_at, report.kept
        );
    }
    Ok(())
}

fn show(format: Format, views: &[MatchView], explain: bool) -> anyhow::Result<()> {
    if format == Format::Json {
        for view in views {
            output::json_line(view)?;
        }
        return Ok(());
    }
    output::rows(
        format,
        &["appeal", "deposit", "decision", "tier", "score", "because"],
        views,
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
    )
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
