//! `appeals show`: one appeal beside the deposits that it may mean, what people did, and what to do next.

use super::AppealView;
use super::list::QueueView;
use crate::advice_view::{self, AdviceView};
use crate::args::Format;
use crate::commands::watch_list::WatchView;
use crate::exit::Exit;
use crate::output;
use crate::view::MatchView;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Cell, Color, ContentArrangement, Table};
use recover_core::appeal::{Appeal, AppealId};
use recover_core::appeal_work::Act;
use recover_core::time::Timestamp;
use recover_engine::advice::Advised;
use recover_engine::appeals::{AppealPage, Mark};
use recover_engine::engine::Engine;
use recover_store::WatchFilter;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::IsTerminal as _;

#[derive(Serialize)]
struct ShowView {
    #[serde(flatten)]
    appeal: AppealView,
    status_reason: Option<String>,
    #[serde(flatten)]
    queue: QueueView,
    r#match: Option<MatchView>,
    /// How it was read: each clue with the field it stood in.
    clues: Vec<ClueView>,
    candidates: Vec<String>,
    comparison: Vec<ComparisonView>,
    rivals: Vec<RivalView>,
    /// The question that the match calls for.
    question: QuestionView,
    /// The first words of fields that were answered later.
    original: BTreeMap<&'static str, String>,
    claims: Vec<ClaimView>,
    taken_back: Vec<TakenBackView>,
    history: Vec<ActView>,
    notes: Vec<NoteView>,
    /// About the deposit that it is paired with, best for the user first.
    advice: Vec<AdviceView>,
    /// What it waits for.
    watch: Vec<WatchView>,
}

#[derive(Serialize)]
struct ClueView {
    what: &'static str,
    value: String,
    /// The field of the appeal.
    field: &'static str,
    /// The rule by which it was read.
    rule: &'static str,
    #[serde(skip)]
    rule_words: &'static str,
}

#[derive(Serialize)]
struct ComparisonView {
    field: &'static str,
    said: String,
    deposits: Vec<FactView>,
}

#[derive(Serialize)]
struct FactView {
    mark: &'static str,
    text: String,
    #[serde(skip)]
    sign: Mark,
}

#[derive(Serialize)]
struct RivalView {
    appeal_id: String,
    same_user: bool,
    status: &'static str,
    decision: &'static str,
}

#[derive(Serialize)]
struct QuestionView {
    code: &'static str,
    text: &'static str,
    reason: &'static str,
}

#[derive(Serialize)]
struct ClaimView {
    id: String,
    deposit_id: String,
    status: &'static str,
    opened_at: String,
    opened_by: String,
}

#[derive(Serialize)]
struct TakenBackView {
    deposit_id: String,
    person: String,
    at: String,
    reason: String,
}

#[derive(Serialize)]
struct ActView {
    at: String,
    act: &'static str,
    person: String,
    status: &'static str,
    assigned_to: Option<String>,
    code: Option<String>,
    deposit_id: Option<String>,
    other_appeal_id: Option<String>,
    text: Option<String>,
    #[serde(skip)]
    time: Timestamp,
}

#[derive(Serialize)]
struct NoteView {
    written_by: String,
    written_at: String,
    text: String,
    #[serde(skip)]
    time: Timestamp,
}

impl ShowView {
    fn of(
        page: &AppealPage,
        advice: &[Advised],
        watch: Vec<WatchView>,
        now: Timestamp,
    ) -> anyhow::Result<Self> {
        let stored = &page.queued.stored;
        Ok(Self {
            appeal: AppealView::of(stored),
            status_reason: stored.status_reason.clone(),
            queue: QueueView::of(&page.queued, now),
            r#match: page.outcome.as_ref().map(MatchView::of).transpose()?,
            clues: clues(page),
            candidates: page
                .candidates
                .iter()
                .map(|stored| stored.deposit.id().to_string())
                .collect(),
            comparison: page
                .comparison
                .rows
                .iter()
                .map(|row| ComparisonView {
                    field: row.field,
                    said: row.said.clone(),
                    deposits: row
                        .facts
                        .iter()
                        .map(|(mark, text)| FactView {
                            mark: mark.code(),
                            text: text.clone(),
                            sign: *mark,
                        })
                        .collect(),
                })
                .collect(),
            rivals: page
                .rivals
                .iter()
                .map(|rival| RivalView {
                    appeal_id: rival.appeal.to_string(),
                    same_user: rival.is_same_user,
                    status: rival.status.code(),
                    decision: rival.decision.code(),
                })
                .collect(),
            question: QuestionView {
                code: page.question.code.code(),
                text: page.question.code.text(),
                reason: page.question.reason,
            },
            original: page
                .original
                .as_ref()
                .map(|original| first_words(original, &stored.appeal))
                .unwrap_or_default(),
            claims: page
                .claims
                .iter()
                .map(|claim| ClaimView {
                    id: claim.id.to_string(),
                    deposit_id: claim.deposit.to_string(),
                    status: claim.status.code(),
                    opened_at: claim.opened_at.to_string(),
                    opened_by: claim.opened_by.clone(),
                })
                .collect(),
            taken_back: page
                .undone
                .iter()
                .map(|pair| TakenBackView {
                    deposit_id: pair.deposit.to_string(),
                    person: pair.person.clone(),
                    at: pair.at.to_string(),
                    reason: pair.reason.clone(),
                })
                .collect(),
            history: page
                .acts
                .iter()
                .map(|act| ActView {
                    at: act.at.to_string(),
                    act: act.act.code(),
                    person: act.person.clone(),
                    status: act.status.code(),
                    assigned_to: act.assigned_to.clone(),
                    code: act.code.clone(),
                    deposit_id: act.deposit.as_ref().map(ToString::to_string),
                    other_appeal_id: act.other.as_ref().map(ToString::to_string),
                    text: act.text.clone(),
                    time: act.at,
                })
                .collect(),
            notes: page
                .notes
                .iter()
                .map(|note| NoteView {
                    written_by: note.written_by.clone(),
                    written_at: note.written_at.to_string(),
                    text: note.text.clone(),
                    time: note.written_at,
                })
                .collect(),
            advice: AdviceView::all(advice),
            watch,
        })
    }
}

/// The fields that were answered later, as they were at first.
fn first_words(original: &Appeal, now: &Appeal) -> BTreeMap<&'static str, String> {
    let fields = [
        ("claimed_txid", &original.claimed_txid, &now.claimed_txid),
        (
            "claimed_network",
            &original.claimed_network,
            &now.claimed_network,
        ),
        ("claimed_asset", &original.claimed_asset, &now.claimed_asset),
        (
            "claimed_amount",
            &original.claimed_amount,
            &now.claimed_amount,
        ),
        (
            "claimed_to_address",
            &original.claimed_to_address,
            &now.claimed_to_address,
        ),
        ("claimed_memo", &original.claimed_memo, &now.claimed_memo),
        (
            "claimed_from_address",
            &original.claimed_from_address,
            &now.claimed_from_address,
        ),
        ("claimed_at", &original.claimed_at, &now.claimed_at),
        ("free_text", &original.free_text, &now.free_text),
    ];
    fields
        .into_iter()
        .filter(|(_, before, after)| before != after)
        .map(|(name, before, _)| (name, before.clone()))
        .collect()
}

fn clues(page: &AppealPage) -> Vec<ClueView> {
    let lines = page.clues.lines();
    lines
        .into_iter()
        .map(|line| ClueView {
            what: line.kind,
            value: line.text,
            field: line.field.name(),
            rule: line.rule.code(),
            rule_words: line.rule.words(),
        })
        .collect()
}

/// `appeals show`
pub async fn run(format: Format, engine: &Engine, id: &AppealId) -> anyhow::Result<Exit> {
    let page = engine.appeal_page(id).await?;
    let now = engine.now();
    let paired = page
        .outcome
        .as_ref()
        .and_then(|outcome| outcome.deposit.as_ref());
    let paired = page
        .candidates
        .iter()
        .find(|stored| Some(&stored.deposit.id()) == paired);
    let advice = match paired {
        Some(stored) => engine.advice(&stored.deposit, None).await?,
        None => Vec::new(),
    };
    let filter = WatchFilter {
        appeal: Some(id.clone()),
        ..WatchFilter::default()
    };
    let watch = engine.store().list_watch(&filter, None, 50).await?;
    let watch = watch
        .iter()
        .map(|entry| WatchView::of(engine, entry))
        .collect();
    let view = ShowView::of(&page, &advice, watch, now)?;
    if format != Format::Table {
        output::json(&view)?;
        return Ok(Exit::Done);
    }
    output::facts(&head(&view, now))?;
    if !view.comparison.is_empty() && !view.candidates.is_empty() {
        println!();
        println!("{}", side_by_side(&view));
        output::line("= the same   ~ the same as far as it was said   ≠ something else")?;
    }
    let mut rest = rest(&view);
    for entry in &view.watch {
        rest.push(("watched", entry.line()));
    }
    rest.extend(advice_view::lines(&advice));
    if !rest.is_empty() {
        println!();
        output::facts(&rest)?;
    }
    Ok(Exit::Done)
}

fn head(view: &ShowView, now: Timestamp) -> Vec<(&'static str, String)> {
    let (appeal, queue) = (&view.appeal, &view.queue);
    let mut rows = vec![
        (
            "appeal",
            format!(
                "{} of user {}, {}",
                appeal.id, appeal.user_id, appeal.created_at
            ),
        ),
        (
            "next",
            format!("{}: {}", queue.next_action, queue.next_reason),
        ),
        (
            "due",
            format!(
                "{} (the customer has waited {})",
                queue.due(now),
                queue.age(now)
            ),
        ),
        ("status", appeal.status.to_owned()),
    ];
    if let Some(reason) = &view.status_reason {
        rows.push(("because", reason.clone()));
    }
    match (&appeal.assigned_to, &queue.assigned_until) {
        (Some(person), Some(until)) => rows.push(("assigned", format!("{person} until {until}"))),
        (Some(person), None) => rows.push(("assigned", person.clone())),
        (None, _) => {}
    }
    let value = queue.value.as_deref().unwrap_or("unknown");
    rows.push(("value", value.to_owned()));
    let said = [
        ("transaction", &appeal.claimed_txid),
        ("network", &appeal.claimed_network),
        ("coin", &appeal.claimed_asset),
        ("amount", &appeal.claimed_amount),
        ("sent to", &appeal.claimed_to_address),
        ("memo", &appeal.claimed_memo),
        ("sent from", &appeal.claimed_from_address),
        ("when", &appeal.claimed_at),
        ("proof", &appeal.ownership_proof),
        ("text", &appeal.free_text),
    ];
    rows.extend(
        said.into_iter()
            .filter(|(_, text)| !text.is_empty())
            .map(|(name, text)| (name, text.clone())),
    );
    for (name, text) in &view.original {
        rows.push(("at first", format!("{name}: {text}")));
    }
    let mut name = "read as";
    for clue in &view.clues {
        rows.push((
            name,
            format!(
                "{} {} ({}: {})",
                clue.what, clue.value, clue.field, clue.rule_words
            ),
        ));
        name = "";
    }
    if let Some(found) = &view.r#match {
        rows.push((
            "match",
            format!(
                "{} {} (score {})",
                found.decision,
                found.deposit_id.as_deref().unwrap_or("no deposit"),
                found.score
            ),
        ));
        for reason in &found.reasons {
            rows.push((
                "",
                format!("{} {}: {}", reason.field, reason.verdict, reason.detail),
            ));
        }
    }
    rows
}

fn side_by_side(view: &ShowView) -> Table {
    let mut table = Table::new();
    let is_terminal = std::io::stdout().is_terminal();
    let mut header = vec!["field".to_owned(), "appeal".to_owned()];
    header.extend(view.candidates.iter().map(|id| output::printable(id)));
    table.load_style(UTF8_FULL_CONDENSED).set_header(header);
    if is_terminal {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    for row in &view.comparison {
        if row.said.is_empty() && row.deposits.iter().all(|fact| fact.text.is_empty()) {
            continue;
        }
        let mut cells = vec![
            Cell::new(row.field),
            Cell::new(output::printable(&row.said)),
        ];
        for fact in &row.deposits {
            let text = output::printable(&fact.text);
            let cell = Cell::new(format!("{} {text}", fact.sign.sign()).trim_end());
            cells.push(match fact.sign {
                Mark::Same => cell.fg(Color::Green),
                Mark::Near => cell.fg(Color::Yellow),
                Mark::Differs => cell.fg(Color::Red),
                Mark::Unknown => cell,
            });
        }
        table.add_row(cells);
    }
    table
}

/// The page's lower part: others, history, what to ask.
fn rest(view: &ShowView) -> Vec<(&'static str, String)> {
    let mut rows = Vec::new();
    for rival in &view.rivals {
        rows.push((
            "rival",
            format!(
                "{} of {}: {}, {}",
                rival.appeal_id,
                if rival.same_user {
                    "the same user"
                } else {
                    "another user"
                },
                rival.status,
                rival.decision
            ),
        ));
    }
    for claim in &view.claims {
        rows.push((
            "claim",
            format!(
                "{} on {}: {}, opened by {} at {}",
                claim.id, claim.deposit_id, claim.status, claim.opened_by, claim.opened_at
            ),
        ));
    }
    for pair in &view.taken_back {
        rows.push((
            "taken back",
            format!(
                "{} at {} by {}: {}",
                pair.deposit_id, pair.at, pair.person, pair.reason
            ),
        ));
    }
    let mut history: Vec<(Timestamp, &'static str, String)> = view
        .history
        .iter()
        .map(|act| (act.time, "history", told(act)))
        .chain(view.notes.iter().map(|note| {
            let text = format!("{} {}: {}", note.written_at, note.written_by, note.text);
            (note.time, "note", text)
        }))
        .collect();
    history.sort_by_key(|(time, ..)| *time);
    rows.extend(history.into_iter().map(|(_, name, text)| (name, text)));
    let may_be_asked = matches!(
        view.queue.next_action,
        "ask_one_question" | "confirm_match" | "resolve_conflict" | "review_fraud"
    );
    if may_be_asked {
        let question = &view.question;
        rows.push(("ask", format!("{} ({})", question.code, question.reason)));
        rows.push(("", question.text.to_owned()));
    }
    rows
}

fn told(act: &ActView) -> String {
    let mut text = format!("{} {}: {}", act.at, act.person, act.act);
    if act.act == Act::Assign.code() {
        let person = act.assigned_to.as_deref().unwrap_or("nobody");
        text.push_str(&format!(" to {person}"));
        return text;
    }
    let parts = [&act.code, &act.deposit_id, &act.other_appeal_id];
    for part in parts.into_iter().flatten() {
        text.push(' ');
        text.push_str(part);
    }
    if let Some(words) = &act.text {
        text.push_str(": ");
        text.push_str(words);
    }
    text
}
