//! `watch`: deposits that cannot go on today, and what each waits for.

use crate::args::{Format, Watch, WatchAdd, WatchList};
use crate::commands::{chosen, unknown};
use crate::exit::Exit;
use crate::output;
use recover_core::advice::TriggerCode;
use recover_core::appeal::AppealId;
use recover_core::observation::DepositId;
use recover_core::time::Timestamp;
use recover_engine::engine::Engine;
use recover_engine::error::EngineError;
use recover_engine::watch_list::WatchWish;
use recover_store::{WatchEntry, WatchFilter};
use serde::Serialize;

/// Rows that a table shows when no limit is given; JSON and CSV give all.
const TABLE_ROWS: u32 = 50;

/// An entry of the watch list.
#[derive(Serialize)]
pub struct WatchView {
    id: String,
    deposit_id: String,
    appeal_id: Option<String>,
    trigger: &'static str,
    subject: String,
    awaits: String,
    created_by: String,
    created_at: String,
    recheck_at: Option<String>,
    fired_at: Option<String>,
    fired_why: Option<String>,
    closed_at: Option<String>,
    closed_by: Option<String>,
    closed_why: Option<String>,
}

impl WatchView {
    /// As it is stored.
    pub fn of(engine: &Engine, entry: &WatchEntry) -> Self {
        let (fired_at, fired_why) = entry.fired.clone().unzip();
        let closed = entry.closed.as_ref();
        Self {
            id: entry.id.clone(),
            deposit_id: entry.deposit.to_string(),
            appeal_id: entry.appeal.as_ref().map(ToString::to_string),
            trigger: entry.trigger.code().code(),
            subject: entry.trigger.subject(),
            awaits: engine.awaited(&entry.trigger),
            created_by: entry.created_by.clone(),
            created_at: entry.created_at.to_string(),
            recheck_at: entry.recheck_at.map(|at| at.to_string()),
            fired_at: fired_at.map(|at| at.to_string()),
            fired_why,
            closed_at: closed.map(|end| end.at.to_string()),
            closed_by: closed.map(|end| end.person.clone()),
            closed_why: closed.map(|end| end.why.clone()),
        }
    }

    const COLUMNS: &[&str] = &["id", "deposit", "appeal", "waits for", "since", "stands"];

    fn cells(&self) -> Vec<String> {
        let again = match &self.recheck_at {
            Some(at) => format!("; looked at again on {}", day(at)),
            None => String::new(),
        };
        vec![
            self.id.clone(),
            self.deposit_id.clone(),
            self.appeal_id.clone().unwrap_or_else(|| "-".to_owned()),
            format!("{}: {}{again}", self.trigger, self.awaits),
            day(&self.created_at),
            self.stands(),
        ]
    }

    /// Where it stands, in words.
    pub fn stands(&self) -> String {
        match (&self.closed_why, &self.fired_why) {
            (Some(why), _) => format!("ended: {why}"),
            (None, Some(why)) if *why == self.awaits => "can go on".to_owned(),
            (None, Some(why)) => format!("can go on: {why}"),
            (None, None) => "waits".to_owned(),
        }
    }

    /// One line for the page of a deposit or an appeal.
    pub fn line(&self) -> String {
        format!("{}: until {} ({})", self.id, self.awaits, self.stands())
    }

    const CSV_COLUMNS: &[&str] = &[
        "id",
        "deposit_id",
        "appeal_id",
        "trigger",
        "subject",
        "awaits",
        "created_by",
        "created_at",
        "recheck_at",
        "fired_at",
        "fired_why",
        "closed_at",
        "closed_by",
        "closed_why",
    ];

    fn csv_cells(&self) -> Vec<String> {
        let or_empty = |text: &Option<String>| text.clone().unwrap_or_default();
        vec![
            self.id.clone(),
            self.deposit_id.clone(),
            or_empty(&self.appeal_id),
            self.trigger.to_owned(),
            self.subject.clone(),
            self.awaits.clone(),
            self.created_by.clone(),
            self.created_at.clone(),
            or_empty(&self.recheck_at),
            or_empty(&self.fired_at),
            or_empty(&self.fired_why),
            or_empty(&self.closed_at),
            or_empty(&self.closed_by),
            or_empty(&self.closed_why),
        ]
    }
}

fn day(time: &str) -> String {
    time.split('T').next().unwrap_or_default().to_owned()
}

/// `watch`
pub async fn run(
    format: Format,
    engine: &Engine,
    command: &Watch,
    actor: Option<&str>,
) -> anyhow::Result<Exit> {
    match command {
        Watch::List(arguments) => list(format, engine, arguments).await,
        Watch::Add(arguments) => add(format, engine, arguments, actor).await,
        Watch::Drop { id, reason } => {
            engine.drop_watch(id, reason, actor).await?;
            output::line(&format!("{id}: watched no more"))?;
            Ok(Exit::Done)
        }
    }
}

async fn list(format: Format, engine: &Engine, arguments: &WatchList) -> anyhow::Result<Exit> {
    let trigger = chosen(
        "trigger",
        arguments.trigger.as_deref(),
        TriggerCode::ALL,
        TriggerCode::code,
    )?;
    let limit = arguments
        .limit
        .or((format == Format::Table).then_some(TABLE_ROWS));
    let mut views = Vec::new();
    let mut more = false;
    // What can go on first, then what waits, then what ended.
    for fired in [true, false] {
        if arguments.fired && !fired {
            continue;
        }
        let filter = WatchFilter {
            open_only: !arguments.all,
            fired: Some(fired),
            deposit: arguments.deposit.as_deref().map(DepositId::verbatim),
            appeal: arguments.appeal.as_deref().map(AppealId::verbatim),
            trigger,
        };
        more |= each(engine, &filter, limit, &mut views).await?;
    }
    match format {
        Format::Table => output::rows(format, WatchView::COLUMNS, &views, WatchView::cells)?,
        Format::Json | Format::Csv => {
            output::rows(format, WatchView::CSV_COLUMNS, &views, WatchView::csv_cells)?;
        }
    }
    if more {
        eprintln!("more are there: raise --limit, narrow the list, or use --format json");
    }
    Ok(Exit::Done)
}

/// Adds the entries of a filter until there are as many as wanted; whether there are more.
async fn each(
    engine: &Engine,
    filter: &WatchFilter,
    limit: Option<u32>,
    views: &mut Vec<WatchView>,
) -> anyhow::Result<bool> {
    const PAGE: u32 = 500;
    let limit = limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let mut after: Option<WatchEntry> = None;
    loop {
        let page = engine
            .store()
            .list_watch(filter, after.as_ref(), PAGE)
            .await?;
        let Some(last) = page.last() else {
            return Ok(false);
        };
        after = Some(last.clone());
        for entry in &page {
            if limit.is_some_and(|limit| views.len() >= limit) {
                return Ok(true);
            }
            views.push(WatchView::of(engine, entry));
        }
    }
}

async fn add(
    format: Format,
    engine: &Engine,
    arguments: &WatchAdd,
    actor: Option<&str>,
) -> anyhow::Result<Exit> {
    let mut codes = Vec::new();
    for word in &arguments.triggers {
        let code = TriggerCode::from_code(word).ok_or_else(|| {
            let list = TriggerCode::ALL.iter().map(|code| code.code());
            unknown("trigger", word, list)
        })?;
        codes.push(code);
    }
    let recheck_at = arguments.recheck.as_deref().map(read_day).transpose()?;
    let wish = WatchWish {
        codes,
        ceiling: arguments.ceiling.clone(),
        recheck_at,
        appeal: arguments.appeal.as_deref().map(AppealId::verbatim),
        dry_run: arguments.dry_run,
    };
    let deposit = DepositId::verbatim(&arguments.deposit);
    let watched = engine.watch(&deposit, &wish, actor).await?;
    let views: Vec<WatchView> = watched
        .iter()
        .map(|watched| WatchView::of(engine, &watched.entry))
        .collect();
    if format != Format::Table {
        output::rows(format, WatchView::CSV_COLUMNS, &views, WatchView::csv_cells)?;
        return Ok(Exit::Done);
    }
    for (watched, view) in watched.iter().zip(&views) {
        output::line(&told(view, watched.is_repeat, arguments.dry_run))?;
    }
    Ok(Exit::Done)
}

/// One line about what is watched from now on.
pub fn told(view: &WatchView, is_repeat: bool, dry_run: bool) -> String {
    let (already, how) = match (is_repeat, dry_run) {
        (true, _) => (
            " already",
            format!(" ({}); nothing was changed", view.stands()),
        ),
        (false, true) => ("", "; it was a dry run, nothing was kept".to_owned()),
        (false, false) => ("", String::new()),
    };
    let recheck = view.recheck_at.as_deref().map_or_else(String::new, |at| {
        format!(", and looked at again on {}", day(at))
    });
    format!(
        "{}: {} is watched{already} until {}{recheck}{how}",
        view.id, view.deposit_id, view.awaits
    )
}

/// A day, from its beginning in UTC, or a time.
fn read_day(text: &str) -> Result<Timestamp, EngineError> {
    let whole = match text.len() {
        10 => format!("{text}T00:00:00Z"),
        _ => text.to_owned(),
    };
    Timestamp::parse(&whole).map_err(|_| EngineError::UnknownWord {
        what: "day",
        word: text.to_owned(),
        expected: "2027-01-31, or an RFC 3339 time in UTC such as 2027-01-31T09:00:00Z".to_owned(),
    })
}
