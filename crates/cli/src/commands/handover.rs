//! What goes out of a claim and comes back: packages, signed bytes, the ledger's answers.

use crate::args::{ClaimStep, Format};
use crate::claim_page::Coins;
use crate::commands::claims::tell;
use crate::commands::read_text;
use crate::exit::Exit;
use crate::output;
use crate::view::{ClaimView, seconds, shortened};
use anyhow::Context as _;
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::claim::{Acknowledged, ClaimId, ClaimStatus};
use recover_core::plan::Step;
use recover_engine::claims::StepOptions;
use recover_engine::engine::Engine;
use recover_source::carry::Sending;
use recover_store::Incident;
use recover_verify::signed_bytes;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What came back.
pub enum Answer<'a> {
    /// A file with a signed transaction.
    Signed(&'a Path),
    /// The id of a transaction that the signers sent.
    Transaction(&'a str),
    /// A file with the ledger's answers.
    Ledger(&'a Path),
}

/// `claims export`
pub async fn export(
    format: Format,
    engine: &Engine,
    step: &ClaimStep,
    out: Option<&Path>,
    actor: Option<&str>,
) -> anyhow::Result<Exit> {
    let person = engine.actor(actor).await?;
    let options = options(step);
    let exported = engine
        .export_claim(&ClaimId::verbatim(&step.id), &options, &person)
        .await?;
    let Some(package) = exported.package else {
        eprintln!("dry run: nothing was released; this is how the claim would be");
        return tell(
            format,
            engine,
            &exported.claim,
            ClaimView::of(&exported.claim),
        )
        .await;
    };
    let text = package.to_json();
    let file = match out {
        Some(file) if file == Path::new("-") => None,
        Some(file) => Some(file.to_owned()),
        None => Some(PathBuf::from(format!(
            "{}-{}.package.json",
            exported.claim.id, exported.claim.execution.attempts
        ))),
    };
    match file {
        None => {
            output::line(&text)?;
            return Ok(Exit::Done);
        }
        Some(file) => {
            std::fs::write(&file, text + "\n")
                .with_context(|| format!("cannot write {}", file.display()))?;
            let reader = match exported.claim.current_step() {
                Some(Step::Instruct(_)) => "who books it checks it first",
                Some(Step::Send(_)) | None => "the signers check it",
            };
            eprintln!(
                "wrote {}; {reader} with: recover-verify --roster roster.toml {}",
                file.display(),
                file.display()
            );
        }
    }
    tell(
        format,
        engine,
        &exported.claim,
        ClaimView::of(&exported.claim),
    )
    .await
}

/// `claims import`
pub async fn import(
    format: Format,
    engine: &Engine,
    step: &ClaimStep,
    answer: Answer<'_>,
    actor: Option<&str>,
) -> anyhow::Result<Exit> {
    let person = engine.actor(actor).await?;
    let id = ClaimId::verbatim(&step.id);
    let options = options(step);
    let claim = match answer {
        Answer::Signed(file) => {
            let bytes =
                std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
            let bytes = signed_bytes(&bytes);
            engine.import_signed(&id, &bytes, &options, &person).await?
        }
        Answer::Transaction(txid) => {
            engine
                .import_transaction(&id, txid, &options, &person)
                .await?
        }
        Answer::Ledger(file) => {
            let answers = acknowledgements(file)?;
            engine
                .acknowledge_claim(&id, answers, &options, &person)
                .await?
        }
    };
    tell(format, engine, &claim, ClaimView::of(&claim)).await?;
    if claim.status == ClaimStatus::Mispaid {
        eprintln!("this claim was paid otherwise than approved: see `claims incidents`");
    }
    Ok(Exit::Done)
}

#[derive(Deserialize)]
struct AcknowledgementRow {
    instruction_id: String,
    entry_id: String,
    asset: String,
    amount: String,
}

fn acknowledgements(file: &Path) -> anyhow::Result<Vec<Acknowledged>> {
    let text = read_text(file)?;
    let mut answers = Vec::new();
    for (line, row) in (2..).zip(csv::Reader::from_reader(text.as_bytes()).deserialize()) {
        let row: AcknowledgementRow = row.with_context(|| {
            format!(
                "{} line {line}: every row needs instruction_id, entry_id, asset and amount",
                file.display()
            )
        })?;
        let asset = AssetId::parse(&row.asset).with_context(|| {
            format!(
                "{} line {line}: '{}' is no asset: copy it from the instruction, like xrpl/native",
                file.display(),
                row.asset
            )
        })?;
        let amount = Amount::from_base_units(&row.amount).with_context(|| {
            format!(
                "{} line {line}: '{}' is no amount: write base units, as the instruction does",
                file.display(),
                row.amount
            )
        })?;
        answers.push(Acknowledged {
            instruction: row.instruction_id,
            entry: row.entry_id,
            asset,
            amount,
        });
    }
    Ok(answers)
}

/// `claims broadcast`
pub async fn broadcast(
    format: Format,
    engine: &Engine,
    id: &str,
    revision: Option<u32>,
    execute: bool,
    actor: Option<&str>,
) -> anyhow::Result<Exit> {
    let person = engine.actor(actor).await?;
    let options = StepOptions {
        revision,
        dry_run: !execute,
    };
    let report = engine
        .broadcast_claim(&ClaimId::verbatim(id), execute, &options, &person)
        .await?;
    match &report.sending {
        None => eprintln!("dry run: nothing was sent; repeat with --execute"),
        Some(Sending::Accepted { by }) => eprintln!("accepted by {}", by.join(", ")),
        Some(Sending::Refused { reason }) => eprintln!("refused by every source: {reason}"),
        Some(Sending::Unknown { reason }) => eprintln!(
            "nobody knows whether it went out ({reason}): `claims track {id}` looks, sending again does no harm"
        ),
    }
    tell(format, engine, &report.claim, ClaimView::of(&report.claim)).await?;
    Ok(match report.sending {
        None | Some(Sending::Accepted { .. }) => Exit::Done,
        Some(Sending::Refused { .. } | Sending::Unknown { .. }) => Exit::Fault,
    })
}

#[derive(Serialize)]
struct TrackView {
    moved: Vec<MovedView>,
    unknown: Vec<UnknownView>,
}

#[derive(Serialize)]
struct MovedView {
    claim: String,
    status: &'static str,
}

#[derive(Serialize)]
struct UnknownView {
    claim: String,
    reason: String,
}

/// `claims track`
pub async fn track(format: Format, engine: &Engine, id: Option<&str>) -> anyhow::Result<Exit> {
    if let Some(id) = id {
        let claim = engine.claim(&ClaimId::verbatim(id)).await?;
        let is_out = matches!(claim.current_step(), Some(Step::Send(_)))
            && claim.execution.package.is_some();
        if !is_out {
            eprintln!("nothing of this claim is out on a network");
            return tell(format, engine, &claim, ClaimView::of(&claim)).await;
        }
        let claim = engine.track_claim(&claim).await?;
        return tell(format, engine, &claim, ClaimView::of(&claim)).await;
    }
    let report = engine.track_claims().await?;
    let is_known = report.unknown.is_empty();
    if format == Format::Table && report.moved.is_empty() && is_known {
        eprintln!("nothing moved since the last look");
    } else if format == Format::Table {
        let moved = report
            .moved
            .iter()
            .map(|(id, status)| vec![id.to_string(), status.to_string()]);
        let unknown = report
            .unknown
            .iter()
            .map(|(id, reason)| vec![id.to_string(), format!("unknown: {reason}")]);
        output::line(&output::table(&["claim", "now"], moved.chain(unknown)).to_string())?;
    } else {
        output::json(&TrackView {
            moved: report
                .moved
                .into_iter()
                .map(|(id, status)| MovedView {
                    claim: id.to_string(),
                    status: status.code(),
                })
                .collect(),
            unknown: report
                .unknown
                .into_iter()
                .map(|(id, reason)| UnknownView {
                    claim: id.to_string(),
                    reason,
                })
                .collect(),
        })?;
    }
    Ok(if is_known { Exit::Done } else { Exit::Fault })
}

#[derive(Serialize)]
struct ReservedView {
    network: String,
    account: String,
    sequence: u64,
    ticket: bool,
    claim: String,
    kind: String,
    recipient: String,
    asset: String,
    amount: String,
    tx_id: Option<String>,
    since: String,
}

/// `claims reserved`: the feed for the exchange's own sweeper.
pub async fn reserved(
    format: Format,
    engine: &Engine,
    network: Option<&str>,
) -> anyhow::Result<Exit> {
    let all = engine.reserved(network).await?;
    let coins = Coins {
        chains: engine.chains(),
        deposit: None,
    };
    let amounts: Vec<String> = all
        .iter()
        .map(|reserved| coins.text(&reserved.leg.asset, reserved.leg.amount))
        .collect();
    let views: Vec<ReservedView> = all
        .into_iter()
        .map(|reserved| ReservedView {
            network: reserved.network.to_string(),
            account: reserved.slot.account,
            sequence: reserved.slot.sequence,
            ticket: reserved.slot.is_ticket,
            claim: reserved.claim.to_string(),
            kind: reserved.leg.kind.code().to_owned(),
            recipient: reserved.leg.recipient.clone(),
            asset: reserved.leg.asset.to_string(),
            amount: reserved.leg.amount.to_base_units(),
            tx_id: reserved.tx_id.map(|id| id.as_str().to_owned()),
            since: reserved.since.to_string(),
        })
        .collect();
    if format == Format::Table {
        let columns = &["slot", "claim", "carries", "transaction"];
        let rows = views.iter().zip(&amounts).map(|(view, amount)| {
            vec![
                format!("{} on {}\nof {}", view.sequence, view.network, view.account),
                view.claim.clone(),
                format!("{} {amount}\nto {}", view.kind, shortened(&view.recipient)),
                view.tx_id
                    .as_deref()
                    .map_or_else(|| "-".to_owned(), shortened),
            ]
        });
        if views.is_empty() {
            eprintln!("(none)");
        } else {
            output::line(&output::table(columns, rows).to_string())?;
        }
        return Ok(Exit::Done);
    }
    let columns = &[
        "network",
        "account",
        "slot",
        "claim",
        "for",
        "recipient",
        "asset",
        "amount",
        "transaction",
    ];
    output::rows(format, columns, &views, |view| {
        vec![
            view.network.clone(),
            view.account.clone(),
            view.sequence.to_string(),
            view.claim.clone(),
            view.kind.clone(),
            view.recipient.clone(),
            view.asset.clone(),
            view.amount.clone(),
            view.tx_id.clone().unwrap_or_default(),
        ]
    })?;
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct IncidentView {
    id: String,
    claim: Option<String>,
    kind: &'static str,
    opened_at: String,
    detail: String,
    next_steps: String,
    closed_at: Option<String>,
}

/// `claims incidents`
pub async fn incidents(
    format: Format,
    engine: &Engine,
    all: bool,
    closing: Option<(&str, &str)>,
    actor: Option<&str>,
) -> anyhow::Result<Exit> {
    if let Some((id, reason)) = closing {
        let person = engine.actor(actor).await?;
        engine.close_incident(id, reason, &person).await?;
    }
    let incidents = engine.incidents(all).await?;
    if format == Format::Table {
        if incidents.is_empty() {
            eprintln!("(none)");
        }
        for (index, incident) in incidents.iter().enumerate() {
            if index > 0 {
                output::line("")?;
            }
            output::facts(&incident_facts(incident))?;
        }
        return Ok(Exit::Done);
    }
    let views: Vec<IncidentView> = incidents
        .into_iter()
        .map(|incident| IncidentView {
            id: incident.id,
            claim: incident.claim.map(|claim| claim.to_string()),
            kind: incident.kind.code(),
            opened_at: incident.opened_at.to_string(),
            detail: incident.detail,
            next_steps: incident.next_steps,
            closed_at: incident.closed.map(|closing| closing.at.to_string()),
        })
        .collect();
    let columns = &["id", "claim", "what", "since", "detail", "next"];
    output::rows(format, columns, &views, |view| {
        vec![
            view.id.clone(),
            view.claim.clone().unwrap_or_else(|| "-".to_owned()),
            view.kind.to_owned(),
            view.opened_at.clone(),
            view.detail.clone(),
            view.next_steps.clone(),
        ]
    })?;
    Ok(Exit::Done)
}

/// One incident for people, as names and texts.
pub fn incident_facts(incident: &Incident) -> Vec<(&'static str, String)> {
    let mut rows = vec![
        ("incident", incident.id.clone()),
        ("kind", incident.kind.code().to_owned()),
    ];
    if let Some(claim) = &incident.claim {
        rows.push(("claim", claim.to_string()));
    }
    rows.push((
        "found",
        format!(
            "by {} at {}",
            incident.opened_by,
            seconds(incident.opened_at)
        ),
    ));
    rows.push(("what", incident.detail.clone()));
    match &incident.closed {
        None => rows.extend(
            incident
                .next_steps
                .lines()
                .map(|step| ("next", step.to_owned())),
        ),
        Some(closing) => rows.push((
            "closed",
            format!(
                "by {} at {}: {}",
                closing.person,
                seconds(closing.at),
                closing.note
            ),
        )),
    }
    rows
}

fn options(step: &ClaimStep) -> StepOptions {
    StepOptions {
        revision: step.revision,
        dry_run: step.dry_run,
    }
}
