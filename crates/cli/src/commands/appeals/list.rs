//! `appeals list`: what to do next stands first.

use super::AppealView;
use crate::args::{Format, QueueArguments};
use crate::commands::{chosen, unknown};
use crate::exit::Exit;
use crate::output;
use crate::progress;
use recover_core::amount::Amount;
use recover_core::appeal::{AppealStatus, MatchDecision};
use recover_core::fee::Cents;
use recover_core::names;
use recover_core::network::NetworkId;
use recover_core::queue::NextAction;
use recover_core::time::Timestamp;
use recover_engine::engine::Engine;
use recover_engine::error::EngineError;
use recover_store::{Assigned, QueueCursor, QueueFilter, QueuedAppeal};
use serde::Serialize;
use std::sync::OnceLock;

/// An appeal's place in the queue.
#[derive(Debug, Serialize)]
pub(super) struct QueueView {
    pub next_action: &'static str,
    pub next_reason: &'static str,
    /// Since when the customer waits, or it waits.
    pub since: String,
    /// By when; absent where no clock runs.
    pub deadline: Option<String>,
    pub overdue: bool,
    pub decision: Option<&'static str>,
    pub deposit_id: Option<String>,
    pub network: Option<String>,
    /// What the deposit is worth in the policy's currency; absent where nobody knows.
    pub value: Option<String>,
    /// Until when the person holds it who took it with `appeals next`.
    pub assigned_until: Option<String>,
    #[serde(skip)]
    since_time: Timestamp,
    #[serde(skip)]
    deadline_time: Option<Timestamp>,
}

impl QueueView {
    pub fn of(queued: &QueuedAppeal, now: Timestamp) -> Self {
        Self {
            next_action: queued.step.action.code(),
            next_reason: queued.step.reason,
            since: queued.step.since.to_string(),
            deadline: queued.deadline.map(|at| at.to_string()),
            overdue: queued.deadline.is_some_and(|at| at < now),
            decision: queued.decision.map(MatchDecision::code),
            deposit_id: queued.deposit.as_ref().map(ToString::to_string),
            network: queued.network.as_ref().map(ToString::to_string),
            value: queued.value_cents.and_then(money),
            assigned_until: queued.assigned_until.map(|at| at.to_string()),
            since_time: queued.step.since,
            deadline_time: queued.deadline,
        }
    }

    /// How long the clock has run.
    pub fn age(&self, now: Timestamp) -> String {
        span(now.micros_since(self.since_time))
    }

    /// How long is left, or how late it is.
    pub fn due(&self, now: Timestamp) -> String {
        match self.deadline_time {
            None => "-".to_owned(),
            Some(at) if at < now => format!("! {} late", span(now.micros_since(at))),
            Some(at) => format!("in {}", span(at.micros_since(now))),
        }
    }
}

fn money(cents: i64) -> Option<String> {
    let cents = u128::try_from(cents).ok()?;
    Some(Cents(Amount::from_u128(cents)).to_string())
}

/// A span of time in its largest whole unit that tells enough.
fn span(micros: i64) -> String {
    let minutes = micros.max(0) / 60_000_000;
    match (minutes / 1_440, minutes / 60) {
        (days, _) if days >= 3 => format!("{days} d"),
        (_, hours) if hours >= 2 => format!("{hours} h"),
        _ => format!("{minutes} min"),
    }
}

#[derive(Debug, Serialize)]
struct RowView {
    #[serde(flatten)]
    appeal: AppealView,
    #[serde(flatten)]
    queue: QueueView,
}

/// Two lines a cell: a terminal of 100 columns must hold a row.
const COLUMNS: &[&str] = &[
    "next, due",
    "appeal, user",
    "age, value",
    "status, match",
    "says",
];

const CSV_COLUMNS: &[&str] = &[
    "appeal_id",
    "next_action",
    "next_reason",
    "since",
    "deadline",
    "overdue",
    "value",
    "status",
    "decision",
    "deposit_id",
    "network",
    "user_id",
    "created_at",
    "assigned_to",
    "assigned_until",
];

fn table_cells(view: &RowView, now: Timestamp) -> Vec<String> {
    let (appeal, queue) = (&view.appeal, &view.queue);
    let says = [
        &appeal.claimed_amount,
        &appeal.claimed_asset,
        &appeal.claimed_network,
        &appeal.claimed_txid,
    ];
    let says: Vec<String> = says
        .into_iter()
        .filter(|text| !text.is_empty())
        .map(|text| shortened(text))
        .collect();
    let assigned = match &appeal.assigned_to {
        Some(person) => format!("{}, {person}'s", appeal.status),
        None => appeal.status.to_owned(),
    };
    vec![
        format!("{}\n{}", queue.next_action, queue.due(now)),
        format!("{}\n{}", appeal.id, appeal.user_id),
        format!(
            "{}\n{}",
            queue.age(now),
            queue.value.as_deref().unwrap_or("unknown")
        ),
        format!("{assigned}\n{}", queue.decision.unwrap_or("not matched")),
        says.join(" "),
    ]
}

/// A long text by its ends: a hash is known by them, and one line stays one line.
fn shortened(text: &str) -> String {
    const ENDS: usize = 10;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let characters: Vec<char> = text.chars().collect();
    if characters.len() <= 2 * ENDS + 4 {
        return text;
    }
    let head: String = characters.iter().take(ENDS).collect();
    let tail: String = characters.iter().skip(characters.len() - ENDS).collect();
    format!("{head}…{tail}")
}

fn csv_cells(view: &RowView) -> Vec<String> {
    let (appeal, queue) = (&view.appeal, &view.queue);
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    vec![
        appeal.id.clone(),
        queue.next_action.to_owned(),
        queue.next_reason.to_owned(),
        queue.since.clone(),
        text(queue.deadline.as_deref()),
        queue.overdue.to_string(),
        text(queue.value.as_deref()),
        appeal.status.to_owned(),
        text(queue.decision),
        text(queue.deposit_id.as_deref()),
        text(queue.network.as_deref()),
        appeal.user_id.clone(),
        appeal.created_at.clone(),
        text(appeal.assigned_to.as_deref()),
        text(queue.assigned_until.as_deref()),
    ]
}

fn filter(
    arguments: &QueueArguments,
    actor: Option<&str>,
    now: Timestamp,
) -> anyhow::Result<QueueFilter> {
    let mut statuses = Vec::new();
    for word in &arguments.status {
        let status = chosen("status", Some(word), AppealStatus::ALL, AppealStatus::code)?;
        statuses.extend(status);
    }
    if arguments.all {
        statuses = AppealStatus::ALL.to_vec();
    }
    let assigned = match arguments.assigned.as_deref() {
        None => None,
        Some("none") => Some(Assigned::Nobody),
        Some("me") => Some(Assigned::To(
            actor.ok_or(EngineError::ActorMissing)?.to_owned(),
        )),
        Some(person) => Some(Assigned::To(person.to_owned())),
    };
    // A name that nobody knows would list nothing, and nothing would say why.
    let network = arguments.network.as_deref().map(|name| {
        names::network_by_name(name)
            .map(|known| NetworkId::new(known.name))
            .unwrap_or_else(|| NetworkId::new(name))
    });
    let value_cents_min =
        match &arguments.value_min {
            None => None,
            Some(text) => {
                let cents = Cents::parse(text)
                    .ok()
                    .and_then(|cents| i64::try_from(cents.0.to_u128()?).ok());
                Some(cents.ok_or_else(|| {
                    unknown("sum", text, ["a sum such as 250 or 49.99"].into_iter())
                })?)
            }
        };
    let hours = arguments.older_than.map(|hours| i64::from(hours) * 3_600);
    Ok(QueueFilter {
        statuses,
        decision: chosen(
            "decision",
            arguments.decision.as_deref(),
            MatchDecision::ALL,
            MatchDecision::code,
        )?,
        assigned,
        network,
        user_id: arguments.user.clone(),
        since_max: hours.and_then(|seconds| now.plus_seconds(-seconds)),
        value_cents_min,
        next: chosen(
            "next action",
            arguments.next.as_deref(),
            NextAction::ALL,
            NextAction::code,
        )?,
    })
}

/// `appeals list`
pub async fn run(
    format: Format,
    engine: &Engine,
    arguments: &QueueArguments,
    actor: Option<&str>,
) -> anyhow::Result<Exit> {
    let now = engine.now();
    let filter = filter(arguments, actor, now)?;
    let after = match arguments.after.as_deref() {
        None => None,
        Some(text) => Some(QueueCursor::parse(text).ok_or_else(|| {
            unknown(
                "place in the list",
                text,
                ["what the page before printed"].into_iter(),
            )
        })?),
    };
    // Mostly nothing is to be worked in, and then nothing shall flicker.
    let rows: OnceLock<progress::Rows> = OnceLock::new();
    let page = engine
        .appeal_queue(&filter, after.as_ref(), arguments.limit, &|count| {
            rows.get_or_init(|| progress::Rows::start("changes worked in"))
                .at(count);
        })
        .await;
    if let Some(rows) = rows.get() {
        rows.finish();
    }
    let page = page?;
    let views: Vec<RowView> = page
        .appeals
        .iter()
        .map(|queued| RowView {
            appeal: AppealView::of(&queued.stored),
            queue: QueueView::of(queued, now),
        })
        .collect();
    match format {
        Format::Csv => output::rows(format, CSV_COLUMNS, &views, csv_cells)?,
        Format::Json | Format::Table => {
            output::rows(format, COLUMNS, &views, |view| table_cells(view, now))?;
        }
    }
    if let Some(next) = &page.next {
        eprintln!("more may be there: --after '{next}'");
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_spans_and_long_texts_are_short() {
        const HOUR: i64 = 3_600_000_000;
        assert_eq!(span(-5), "0 min");
        assert_eq!(span(HOUR), "60 min");
        assert_eq!(span(30 * HOUR), "30 h");
        assert_eq!(span(80 * HOUR), "3 d");
        assert_eq!(shortened("a  b\nc"), "a b c");
        let hash = format!("0x{}", "1".repeat(64));
        assert_eq!(shortened(&hash).chars().count(), 21);
        assert_eq!(money(-1), None);
        assert_eq!(money(12_345), Some("123.45".to_owned()));
    }
}
