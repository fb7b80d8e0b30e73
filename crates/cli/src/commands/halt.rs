//! `halt`: the emergency stop.

use crate::args::{Format, Halt};
use crate::exit::Exit;
use crate::output;
use crate::view::seconds;
use recover_engine::engine::Engine;
use recover_store::{HaltEvent, HaltState};
use serde::Serialize;

#[derive(Serialize)]
struct EventView {
    person: String,
    at: String,
    reason: String,
}

impl EventView {
    fn of(event: &HaltEvent) -> Self {
        Self {
            person: event.person.clone(),
            at: event.at.to_string(),
            reason: event.reason.clone(),
        }
    }
}

#[derive(Serialize)]
struct HaltView {
    halted: bool,
    halts: Vec<EventView>,
    lifting: Option<EventView>,
    lifted_at: Option<String>,
    damage: Option<String>,
}

/// `halt`
pub async fn run(
    format: Format,
    engine: &Engine,
    command: &Halt,
    actor: Option<&str>,
) -> anyhow::Result<Exit> {
    let state = match command {
        Halt::Set { reason } => engine.halt(reason, actor).await?,
        Halt::Lift { reason } => engine.lift_halt(reason, actor).await?,
        Halt::Show => engine.halt_state().await?,
    };
    match format {
        Format::Table => output::facts(&facts(&state))?,
        Format::Json | Format::Csv => output::json(&HaltView {
            halted: state.is_halted(),
            halts: state.halts.iter().map(EventView::of).collect(),
            lifting: state.lifting.as_ref().map(EventView::of),
            lifted_at: state.lifted_at.map(|time| time.to_string()),
            damage: state.damage.clone(),
        })?,
    }
    Ok(Exit::Done)
}

fn facts(state: &HaltState) -> Vec<(&'static str, String)> {
    let said = |event: &HaltEvent| {
        format!(
            "{} at {}: {}",
            event.person,
            seconds(event.at),
            event.reason
        )
    };
    let mut rows = vec![(
        "releases",
        if state.is_halted() { "halted" } else { "go on" }.to_owned(),
    )];
    rows.extend(state.halts.iter().map(|halt| ("halted by", said(halt))));
    rows.extend(state.lifting.iter().map(|lift| ("lifted by", said(lift))));
    if let Some(damage) = &state.damage {
        rows.push(("damage", format!("{damage}; `recover audit verify`")));
    }
    rows.extend(state.lifted_at.map(|time| ("last lifted", seconds(time))));
    rows.extend(next(state).map(|next| ("next", next.to_owned())));
    rows
}

const fn next(state: &HaltState) -> Option<&'static str> {
    if state.damage.is_some() {
        Some(
            "the database was changed by something else than this program: restore it, nobody can lift this",
        )
    } else if state.lifting.is_some() {
        Some("another lead of the wallet team: halt lift")
    } else if state.is_halted() {
        Some("two leads of the wallet team: halt lift")
    } else {
        None
    }
}
