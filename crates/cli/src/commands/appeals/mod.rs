//! `appeals`: what customers say, verbatim, where each stands, and what people do about it.

mod erase;
mod list;
mod show;

use crate::args::{Appeals, Format, TruthCommand};
use crate::commands::watch_list::{self, WatchView};
use crate::commands::{chosen, intake, unknown};
use crate::exit::Exit;
use crate::output;
use anyhow::Context as _;
use recover_core::appeal::AppealId;
use recover_core::appeal_work::RefusalCode;
use recover_core::observation::DepositId;
use recover_core::question::{AppealField, QuestionCode};
use recover_engine::engine::Engine;
use recover_engine::error::EngineError;
use recover_store::{StoredAppeal, Taken, Truth, Work};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

/// What an appeal says.
#[derive(Debug, Serialize)]
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

/// An act on an appeal that was carried out.
#[derive(Serialize)]
struct WorkedView {
    appeal_id: String,
    status: &'static str,
    /// It stood so already.
    repeated: bool,
    dry_run: bool,
    /// What the customer is asked or told; absent where nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    question: Option<&'static str>,
    /// What is watched for from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    watch: Option<WatchView>,
}

/// What every act takes.
struct Act<'a> {
    format: Format,
    engine: &'a Engine,
    actor: Option<&'a str>,
    dry_run: bool,
}

impl Act<'_> {
    async fn run(
        &self,
        id: &str,
        work: Work,
        told: Option<(Option<QuestionCode>, String)>,
    ) -> anyhow::Result<Exit> {
        let id = AppealId::verbatim(id);
        let worked = self
            .engine
            .work_on_appeal(&id, work, self.actor, self.dry_run)
            .await?;
        let (question, customer_text) = told.unzip();
        let view = WorkedView {
            appeal_id: worked.appeal.to_string(),
            status: worked.status.code(),
            repeated: worked.is_repeat,
            dry_run: self.dry_run,
            customer_text,
            question: question.flatten().map(QuestionCode::code),
            watch: worked
                .watched
                .as_ref()
                .map(|watched| WatchView::of(self.engine, &watched.entry)),
        };
        if self.format != Format::Table {
            output::json_line(&view)?;
            return Ok(Exit::Done);
        }
        let how = match (view.repeated, view.dry_run) {
            (true, _) => " already: nothing was changed",
            (false, true) => " after this; it was a dry run, nothing was kept",
            (false, false) => "",
        };
        output::line(&format!("{}: {}{how}", view.appeal_id, view.status))?;
        if let Some(text) = &view.customer_text {
            output::line(&format!("for the customer: {text}"))?;
        }
        if let (Some(watch), Some(watched)) = (&view.watch, &worked.watched) {
            output::line(&watch_list::told(watch, watched.is_repeat, false))?;
        }
        Ok(Exit::Done)
    }

    /// The same for several: each is told, and one that is refused stops none of the others.
    async fn run_all<F>(&self, ids: &[String], mut one: F) -> anyhow::Result<Exit>
    where
        F: AsyncFnMut(&str) -> anyhow::Result<Exit>,
    {
        if let [id] = ids {
            return one(id).await;
        }
        let mut exit = Exit::Done;
        let (mut done, mut failed) = (0_usize, 0_usize);
        for id in ids {
            match one(id).await {
                Ok(_) => done += 1,
                Err(error) => {
                    failed += 1;
                    let told = crate::exit::report(&error);
                    exit = if told == Exit::Refused && exit != Exit::Fault {
                        Exit::Refused
                    } else if exit == Exit::Done || told == Exit::Fault {
                        told
                    } else {
                        exit
                    };
                }
            }
        }
        eprintln!("{done} done, {failed} not");
        Ok(exit)
    }
}

/// `appeals`
pub async fn run(
    format: Format,
    engine: &Engine,
    command: &Appeals,
    actor: Option<&str>,
) -> anyhow::Result<Exit> {
    let act = |dry_run: &bool| Act {
        format,
        engine,
        actor,
        dry_run: *dry_run,
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
        Appeals::Erase {
            older_than,
            dry_run,
        } => erase::run(format, engine, *older_than, actor, *dry_run).await,
        Appeals::List(arguments) => list::run(format, engine, arguments, actor).await,
        Appeals::Show { id } => show::run(format, engine, &AppealId::verbatim(id)).await,
        Appeals::Next { dry_run } => next(format, engine, actor, *dry_run).await,
        Appeals::Assign {
            id,
            person,
            to,
            dry_run,
        } => {
            let name = person.as_deref().or(to.as_deref()).or(actor);
            let to = name.ok_or(EngineError::ActorMissing)?;
            let to = (to != "none").then(|| to.to_owned());
            let work = Work::Assign {
                to,
                take_over: false,
            };
            act(dry_run).run(id, work, None).await
        }
        Appeals::Note { id, text, dry_run } => {
            let work = Work::Note { text: text.clone() };
            act(dry_run).run(id, work, None).await
        }
        Appeals::Ask {
            ids,
            question,
            text,
            dry_run,
        } => {
            let code = chosen(
                "question",
                question.as_deref(),
                QuestionCode::ALL,
                QuestionCode::code,
            )?;
            let act = act(dry_run);
            act.run_all(ids, async |id| {
                ask(&act, engine, id, code, text.as_deref()).await
            })
            .await
        }
        Appeals::Answer {
            id,
            field,
            file,
            unasked,
            dry_run,
        } => {
            let work = Work::Answer {
                fields: answer(field, file.as_deref())?,
                unasked: *unasked,
            };
            act(dry_run).run(id, work, None).await
        }
        Appeals::Confirm {
            id,
            deposit,
            dry_run,
        } => {
            let work = Work::Confirm {
                deposit: DepositId::verbatim(deposit),
            };
            act(dry_run).run(id, work, None).await
        }
        Appeals::Correct {
            id,
            deposit,
            reason,
            dry_run,
        } => {
            let work = Work::Correct {
                deposit: (deposit != "none").then(|| DepositId::verbatim(deposit)),
                reason: reason.clone(),
            };
            act(dry_run).run(id, work, None).await
        }
        Appeals::Duplicate { id, of, dry_run } => {
            let work = Work::Duplicate {
                of: AppealId::verbatim(of),
            };
            act(dry_run).run(id, work, None).await
        }
        Appeals::Refuse {
            ids,
            code,
            reason,
            dry_run,
        } => {
            let code = RefusalCode::from_code(code).ok_or_else(|| {
                let codes = RefusalCode::ALL.iter().map(|code| code.code());
                unknown("refusal code", code, codes)
            })?;
            let act = act(dry_run);
            act.run_all(ids, async |id| {
                let work = Work::Refuse {
                    code,
                    reason: reason.clone(),
                };
                let told = (None, code.customer_sentence().to_owned());
                act.run(id, work, Some(told)).await
            })
            .await
        }
        Appeals::Wait {
            id,
            reason,
            dry_run,
        } => {
            let reason = reason.clone();
            act(dry_run).run(id, Work::Wait { reason }, None).await
        }
        Appeals::Close {
            id,
            reason,
            dry_run,
        } => {
            let reason = reason.clone();
            act(dry_run).run(id, Work::Close { reason }, None).await
        }
        Appeals::Reopen {
            id,
            reason,
            dry_run,
        } => {
            let reason = reason.clone();
            act(dry_run).run(id, Work::Reopen { reason }, None).await
        }
        Appeals::Truth(TruthCommand::Export { file }) => truth(engine, file).await,
    }
}

async fn next(
    format: Format,
    engine: &Engine,
    actor: Option<&str>,
    dry_run: bool,
) -> anyhow::Result<Exit> {
    let (id, word) = match engine.next_appeal(actor, dry_run).await? {
        Taken::New(id) => (id, "yours"),
        Taken::Still(id) => (id, "still yours"),
        Taken::Nothing => {
            if format == Format::Json {
                output::json(&serde_json::Value::Null)?;
            }
            eprintln!(
                "nothing is to be done that nobody has; `recover match` looks at what came in"
            );
            return Ok(Exit::Done);
        }
    };
    eprintln!(
        "{id} is {}{word} for {} minutes",
        if dry_run { "free and would be " } else { "" },
        engine.service_levels().lease_minutes
    );
    show::run(format, engine, &id).await
}

async fn ask(
    act: &Act<'_>,
    engine: &Engine,
    id: &str,
    code: Option<QuestionCode>,
    text: Option<&str>,
) -> anyhow::Result<Exit> {
    let code = match (code, text) {
        (Some(code), _) => code,
        (None, Some(_)) => QuestionCode::Other,
        (None, None) => {
            engine
                .appeal_page(&AppealId::verbatim(id))
                .await?
                .question
                .code
        }
    };
    let text = text.unwrap_or_else(|| code.text()).to_owned();
    let told = (Some(code), text.clone());
    act.run(id, Work::Ask { code, text }, Some(told)).await
}

/// The largest answer that is read from a file, in bytes.
const ANSWER_MAX: u64 = 64 * 1024;

fn answer(fields: &[String], file: Option<&Path>) -> anyhow::Result<BTreeMap<AppealField, String>> {
    let mut answer: BTreeMap<AppealField, String> = BTreeMap::new();
    let mut add = |field, text: &str| {
        let known = answer.entry(field).or_default();
        if !known.is_empty() {
            known.push('\n');
        }
        known.push_str(text);
    };
    for given in fields {
        let (name, text) = given.split_once('=').unwrap_or((given, ""));
        let field = AppealField::from_code(name).ok_or_else(|| {
            let codes = AppealField::ALL.iter().map(|field| field.code());
            unknown("field (FIELD=TEXT)", name, codes)
        })?;
        add(field, text);
    }
    if let Some(path) = file {
        let mut text = String::new();
        let reader: Box<dyn std::io::Read> = if path.as_os_str() == "-" {
            Box::new(std::io::stdin())
        } else {
            let file = std::fs::File::open(path);
            Box::new(file.with_context(|| format!("cannot read {}", path.display()))?)
        };
        let size = reader
            .take(ANSWER_MAX + 1)
            .read_to_string(&mut text)
            .with_context(|| format!("{} is no text", path.display()))?;
        anyhow::ensure!(
            u64::try_from(size).is_ok_and(|size| size <= ANSWER_MAX),
            "{} is longer than {ANSWER_MAX} bytes: record what matters of it",
            path.display()
        );
        add(AppealField::Text, text.trim_end());
    }
    Ok(answer)
}

/// The columns of the truth, as the trainer reads them.
const TRUTH: [&str; 8] = [
    "appeal_id",
    "deposit_id",
    "decision",
    "person",
    "decided_at",
    "model_deposit_id",
    "model_decision",
    "model_score_ppm",
];

fn truth_cells(truth: &Truth) -> [String; 8] {
    let model = truth.model.as_ref();
    [
        truth.appeal.to_string(),
        truth
            .deposit
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        truth.decision.code().to_owned(),
        truth.person.clone(),
        truth.at.to_string(),
        model
            .and_then(|(deposit, ..)| deposit.as_ref())
            .map(ToString::to_string)
            .unwrap_or_default(),
        model
            .map(|(_, decision, _)| decision.code().to_owned())
            .unwrap_or_default(),
        model
            .map(|(.., score)| score.to_string())
            .unwrap_or_default(),
    ]
}

async fn truth(engine: &Engine, file: &Path) -> anyhow::Result<Exit> {
    let out: Box<dyn std::io::Write> = if file.as_os_str() == "-" {
        Box::new(std::io::stdout())
    } else {
        let made = std::fs::File::create(file);
        Box::new(made.with_context(|| format!("cannot write {}", file.display()))?)
    };
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(TRUTH)?;
    let count = engine
        .appeal_truth(|truth| -> anyhow::Result<()> {
            let cells = truth_cells(&truth);
            writer.write_record(cells.iter().map(|cell| output::spreadsheet_safe(cell)))?;
            Ok(())
        })
        .await?;
    writer.flush()?;
    eprintln!("{count} decisions written");
    Ok(Exit::Done)
}
