//! `appeals erase`: customers' words go, decisions stay.

use crate::args::Format;
use crate::exit::Exit;
use crate::output;
use recover_engine::engine::Engine;
use serde::Serialize;

#[derive(Serialize)]
struct ErasedView {
    appeals: u64,
    dry_run: bool,
}

pub(super) async fn run(
    format: Format,
    engine: &Engine,
    hours: Option<u32>,
    actor: Option<&str>,
    dry_run: bool,
) -> anyhow::Result<Exit> {
    let erased = engine.erase_appeal_texts(hours, actor, dry_run).await?;
    let view = ErasedView {
        appeals: erased.appeals,
        dry_run,
    };
    if format != Format::Table {
        output::json_line(&view)?;
        return Ok(Exit::Done);
    }
    let how = if dry_run {
        "would be erased; it was a dry run, nothing was changed"
    } else {
        "erased; copies and backups of the database still hold them"
    };
    output::line(&format!("the words of {} appeals {how}", view.appeals))?;
    Ok(Exit::Done)
}
