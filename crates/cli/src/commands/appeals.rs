//! `appeals`: what customers say, verbatim, and where each stands.

use crate::args::{Appeals, Format};
use crate::commands::chosen;
use crate::commands::intake;
use crate::exit::Exit;
use crate::output;
use crate::view::MatchView;
use recover_core::appeal::{AppealId, AppealStatus};
use recover_engine::engine::Engine;
use recover_engine::error::EngineError;
use recover_store::{AppealFilter, StoredAppeal};
use serde::Serialize;

#[derive(Serialize)]
struct AppealView {
    id: String,
    user_id: String,
    created_at: String,
    status: &'static str,
    assigned_to: Option<String>,
    claimed_txid: String,
    claimed_network: String,
    claimed_asset: String,
    claimed_amount: String,
    claimed_to_address: String,
    claimed_memo: String,
    claimed_from_address: String,
    claimed_at: String,
    ownership_proof: String,
    free_text: String,
}

impl AppealView {
    fn of(stored: &StoredAppeal) -> Self {
        let appeal = &stored.appeal;
        Self {
            id: appeal.id.to_string(),
            user_id: appeal.user_id.clone(),
            created_at: appeal.created_at.to_string(),
            status: stored.status.code(),
            assigned_to: stored.assigned_to.clone(),
            claimed_txid: appeal.claimed_txid.clone(),
            claimed_network: appeal.claimed_network.clone(),
            claimed_asset: appeal.claimed_asset.clone(),
            claimed_amount: appeal.claimed_amount.clone(),
            claimed_to_address: appeal.claimed_to_address.clone(),
            claimed_memo: appeal.claimed_memo.clone(),
            claimed_from_address: appeal.claimed_from_address.clone(),
            claimed_at: appeal.claimed_at.clone(),
            ownership_proof: appeal.ownership_proof.clone(),
            free_text: appeal.free_text.clone(),
        }
    }
}

/// `appeals`
pub async fn run(
    format: Format,
    engine: &Engine,
    command: &Appeals,
    actor: Option<&str>,
) -> anyhow::Result<Exit> {
    let store = engine.store();
    // Appeals are worked without a policy too; where there is one, it says who is who.
    let known = |name: &str| match engine.policy() {
        Ok(_) => engine.person(Some(name)).map(|_| ()),
        Err(_) => Ok(()),
    };
    match command {
        Appeals::Import(import) => {
            intake::run("appeals", import, async |file, rows| {
                engine
                    .import_appeals(file, &move |count| rows.at(count))
                    .await
            })
            .await
        }
        Appeals::List {
            status,
            user,
            limit,
        } => {
            let statuses = chosen(
                "status",
                status.as_deref(),
                AppealStatus::ALL,
                AppealStatus::code,
            )?;
            let filter = AppealFilter {
                statuses: statuses.into_iter().collect(),
                user_id: user.clone(),
                ..AppealFilter::default()
            };
            let page = store.list_appeals(&filter, None, *limit).await?;
            let views: Vec<AppealView> = page.appeals.iter().map(AppealView::of).collect();
            output::rows(
                format,
                &["appeal", "user", "created", "status", "assigned", "says"],
                &views,
                |view| {
                    let says = [
                        &view.claimed_amount,
                        &view.claimed_asset,
                        &view.claimed_network,
                        &view.claimed_txid,
                    ];
                    let says: Vec<&str> = says
                        .into_iter()
                        .map(String::as_str)
                        .filter(|text| !text.is_empty())
                        .collect();
                    vec![
                        view.id.clone(),
                        view.user_id.clone(),
                        view.created_at.clone(),
                        view.status.to_owned(),
                        view.assigned_to.clone().unwrap_or_default(),
                        says.join(" "),
                    ]
                },
            )?;
            if page.next.is_some() {
                eprintln!("more are there: raise --limit or narrow the filter");
            }
            Ok(Exit::Done)
        }
        Appeals::Show { id } => show(format, engine, &AppealId::verbatim(id)).await,
        Appeals::Assign { id, person } => {
            let id = AppealId::verbatim(id);
            known(person)?;
            changed(engine.assign_appeal(&id, Some(person)).await?, &id)
        }
        Appeals::Note { id, text } => {
            let id = AppealId::verbatim(id);
            let by = actor.ok_or(EngineError::ActorMissing)?;
            known(by)?;
            changed(engine.note_appeal(&id, by, text).await?, &id)
        }
        Appeals::Close { id, reason } => {
            let id = AppealId::verbatim(id);
            changed(engine.close_appeal(&id, reason).await?, &id)
        }
    }
}

fn not_found(id: &AppealId) -> EngineError {
    EngineError::NotFound {
        what: "appeal",
        id: id.to_string(),
        hint: "`recover appeals list` shows those that are",
    }
}

fn changed(is_there: bool, id: &AppealId) -> anyhow::Result<Exit> {
    if is_there {
        Ok(Exit::Done)
    } else {
        Err(not_found(id).into())
    }
}

#[derive(Serialize)]
struct ShowView {
    #[serde(flatten)]
    appeal: AppealView,
    status_reason: Option<String>,
    r#match: Option<MatchView>,
    taken_back: Vec<TakenBackView>,
    notes: Vec<NoteView>,
}

#[derive(Serialize)]
struct TakenBackView {
    deposit_id: String,
    person: String,
    at: String,
    reason: String,
}

#[derive(Serialize)]
struct NoteView {
    written_by: String,
    written_at: String,
    text: String,
}

async fn show(format: Format, engine: &Engine, id: &AppealId) -> anyhow::Result<Exit> {
    let store = engine.store();
    let stored = store.appeal(id).await?.ok_or_else(|| not_found(id))?;
    let outcome = store.match_outcome(id).await?;
    let view = ShowView {
        appeal: AppealView::of(&stored),
        status_reason: stored.status_reason.clone(),
        r#match: outcome.as_ref().map(MatchView::of).transpose()?,
        taken_back: engine
            .undone_matches(id)
            .await?
            .into_iter()
            .map(|pair| TakenBackView {
                deposit_id: pair.deposit.to_string(),
                person: pair.person,
                at: pair.at.to_string(),
                reason: pair.reason,
            })
            .collect(),
        notes: store
            .appeal_notes(id)
            .await?
            .into_iter()
            .map(|note| NoteView {
                written_by: note.written_by,
                written_at: note.written_at.to_string(),
                text: note.text,
            })
            .collect(),
    };
    if format != Format::Table {
        output::json(&view)?;
        return Ok(Exit::Done);
    }
    let appeal = &view.appeal;
    let mut rows = vec![
        (
            "appeal",
            format!(
                "{} of user {}, {}",
                appeal.id, appeal.user_id, appeal.created_at
            ),
        ),
        ("status", appeal.status.to_owned()),
    ];
    if let Some(reason) = &view.status_reason {
        rows.push(("because", reason.clone()));
    }
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
    for pair in &view.taken_back {
        rows.push((
            "taken back",
            format!(
                "{} at {} by {}: {}",
                pair.deposit_id, pair.at, pair.person, pair.reason
            ),
        ));
    }
    for note in &view.notes {
        rows.push((
            "note",
            format!("{} {}: {}", note.written_at, note.written_by, note.text),
        ));
    }
    output::facts(&rows)?;
    Ok(Exit::Done)
}
