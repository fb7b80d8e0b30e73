//! `claims`: the queue from a draft to the quorum.

use crate::args::{ClaimStep, Claims, Format};
use crate::claim_page::{self, LifeView};
use crate::commands::{chosen, handover, read_text, unknown};
use crate::exit::Exit;
use crate::output;
use crate::view::{ClaimView, seconds, symbol_of};
use recover_core::claim::{Claim, ClaimId, ClaimStatus, Command, Resolution};
use recover_core::digest::Digest;
use recover_core::observation::DepositId;
use recover_engine::claims::{OpenOptions, StepOptions};
use recover_engine::engine::Engine;
use recover_store::ClaimFilter;
use serde::Serialize;

/// `claims`
pub async fn run(
    format: Format,
    engine: &Engine,
    command: &Claims,
    actor: Option<&str>,
) -> anyhow::Result<Exit> {
    match command {
        Claims::Open {
            deposit,
            appeal,
            beneficiary,
            destination,
            resolution,
        } => {
            let person = engine.actor(actor).await?;
            let resolution = chosen(
                "resolution",
                resolution.as_deref(),
                Resolution::ALL,
                Resolution::code,
            )?;
            let options = OpenOptions {
                appeal: appeal.clone(),
                beneficiary: beneficiary.clone(),
                destination: destination.clone(),
                resolution,
            };
            let claim = engine
                .open_claim(&DepositId::verbatim(deposit), &options, &person)
                .await?;
            tell(format, engine, &claim, ClaimView::of(&claim)).await
        }
        Claims::Accept(taken) => step(format, engine, taken, Command::Accept, actor).await,
        Claims::Screen {
            step: taken,
            clear,
            hold: _,
            reason,
        } => {
            let command = Command::Screen {
                clear: *clear,
                reason: reason.clone(),
            };
            step(format, engine, taken, command, actor).await
        }
        Claims::Approve {
            id,
            revision,
            digest,
            signature,
            dry_run,
        } => {
            let person = engine.actor(actor).await?;
            let digest = digest
                .as_deref()
                .map(|text| {
                    Digest::parse(text).ok_or_else(|| {
                        unknown(
                            "digest",
                            text,
                            std::iter::once("64 hexadecimal digits, as `claims show` prints them"),
                        )
                    })
                })
                .transpose()?;
            let signature = signature.as_deref().map(read_text).transpose()?;
            let options = StepOptions {
                revision: Some(*revision),
                dry_run: *dry_run,
            };
            let claim = engine
                .approve_claim(&ClaimId::verbatim(id), digest, signature, &options, &person)
                .await?;
            note_dry_run(*dry_run);
            tell(format, engine, &claim, ClaimView::of(&claim)).await
        }
        Claims::Reject {
            step: taken,
            reason,
        } => {
            step(
                format,
                engine,
                taken,
                Command::Reject {
                    reason: reason.clone(),
                },
                actor,
            )
            .await
        }
        Claims::Cancel {
            step: taken,
            reason,
        } => {
            step(
                format,
                engine,
                taken,
                Command::Cancel {
                    reason: reason.clone(),
                },
                actor,
            )
            .await
        }
        Claims::Export { step, out } => {
            handover::export(format, engine, step, out.as_deref(), actor).await
        }
        Claims::Import {
            step,
            signed,
            txid,
            acknowledgement,
        } => {
            let answer = match (signed, txid, acknowledgement) {
                (Some(file), _, _) => handover::Answer::Signed(file),
                (_, Some(txid), _) => handover::Answer::Transaction(txid),
                (_, _, Some(file)) => handover::Answer::Ledger(file),
                (None, None, None) => {
                    anyhow::bail!("name one of --signed, --txid, --acknowledgement")
                }
            };
            handover::import(format, engine, step, answer, actor).await
        }
        Claims::Broadcast {
            id,
            revision,
            execute,
        } => handover::broadcast(format, engine, id, *revision, *execute, actor).await,
        Claims::Track { id } => handover::track(format, engine, id.as_deref()).await,
        Claims::Reserved { network } => {
            handover::reserved(format, engine, network.as_deref()).await
        }
        Claims::Incidents { all, close, reason } => {
            let closing = close.as_deref().zip(reason.as_deref());
            handover::incidents(format, engine, *all, closing, actor).await
        }
        Claims::List {
            status,
            deposit,
            all,
        } => {
            let status = chosen(
                "status",
                status.as_deref(),
                ClaimStatus::ALL,
                ClaimStatus::code,
            )?;
            let filter = ClaimFilter {
                open_only: !all && status.is_none(),
                statuses: status.into_iter().collect(),
                deposit: deposit.as_deref().map(DepositId::verbatim),
                ..ClaimFilter::default()
            };
            list(format, engine, &filter).await
        }
        Claims::Show { id } => show(format, engine, &ClaimId::verbatim(id)).await,
    }
}

async fn step(
    format: Format,
    engine: &Engine,
    taken: &ClaimStep,
    command: Command,
    actor: Option<&str>,
) -> anyhow::Result<Exit> {
    let person = engine.actor(actor).await?;
    let options = StepOptions {
        revision: taken.revision,
        dry_run: taken.dry_run,
    };
    let claim = engine
        .step_claim(&ClaimId::verbatim(&taken.id), command, &options, &person)
        .await?;
    note_dry_run(taken.dry_run);
    tell(format, engine, &claim, ClaimView::of(&claim)).await
}

fn note_dry_run(is_dry: bool) {
    if is_dry {
        eprintln!("dry run: nothing was changed; this is how the claim would be");
    }
}

/// The columns of the queue.
pub const COLUMNS: &[&str] = &[
    "claim", "status", "rev", "what", "pays", "net", "votes", "opened", "next",
];

async fn list(format: Format, engine: &Engine, filter: &ClaimFilter) -> anyhow::Result<Exit> {
    let claims = engine.list_claims(filter).await?;
    let mut rows = Vec::with_capacity(claims.len());
    for claim in &claims {
        rows.push((ClaimView::of(claim), cells(engine, claim).await?));
    }
    match format {
        Format::Json => {
            let views: Vec<ClaimView> = rows.into_iter().map(|(view, _)| view).collect();
            output::json(&views)?;
        }
        Format::Csv | Format::Table => {
            let cells: Vec<Vec<String>> = rows.into_iter().map(|(_, cells)| cells).collect();
            output::rows(format, COLUMNS, &cells, Clone::clone)?;
        }
    }
    Ok(Exit::Done)
}

/// One line of the queue.
pub async fn cells(engine: &Engine, claim: &Claim) -> anyhow::Result<Vec<String>> {
    let stored = engine.store().deposit(&claim.deposit).await?;
    let (what, net) = match &stored {
        Some(stored) => {
            let deposit = &stored.deposit;
            let symbol = symbol_of(deposit);
            let net = claim.quote.as_ref().map_or_else(
                || "-".to_owned(),
                |given| {
                    format!(
                        "{} {symbol}",
                        given.quote.net.to_coin_text(deposit.decimals)
                    )
                },
            );
            let what = format!(
                "{} {symbol}\n{} on {}",
                deposit.amount_text(),
                deposit.classification.kind,
                deposit.network()
            );
            (what, net)
        }
        None => (claim.amount.to_base_units(), "-".to_owned()),
    };
    let pays = match (&claim.beneficiary, &claim.destination) {
        (Some(user), None) => format!("account of {user}"),
        (user, Some(address)) => format!("{address}\nfor {}", user.as_deref().unwrap_or("-")),
        (None, None) => "nobody yet".to_owned(),
    };
    let held = if claim.hold.is_some() { "\nHELD" } else { "" };
    Ok(vec![
        claim.id.to_string(),
        format!("{}{held}", claim.status),
        claim.revision.to_string(),
        what,
        pays,
        net,
        claim.approvals.len().to_string(),
        format!("{}\nby {}", seconds(claim.opened_at), claim.opened_by),
        next(claim),
    ])
}

/// What comes next, in words.
fn next(claim: &Claim) -> String {
    if claim.hold.is_some() {
        return "compliance: claims screen --clear".to_owned();
    }
    match claim.status {
        ClaimStatus::Draft | ClaimStatus::QuoteExpired => "specialist: quote".to_owned(),
        ClaimStatus::Quoted => "specialist: claims accept".to_owned(),
        ClaimStatus::Accepted => "compliance: claims screen".to_owned(),
        ClaimStatus::PendingApproval => {
            format!("wallet team: claims approve --revision {}", claim.revision)
        }
        ClaimStatus::Approved | ClaimStatus::Prepared => "treasury: claims export".to_owned(),
        ClaimStatus::AwaitingSignature => {
            let is_back = claim
                .execution
                .package
                .as_ref()
                .is_some_and(|package| package.signed.is_some());
            if is_back {
                "treasury: claims broadcast --execute".to_owned()
            } else {
                "signers sign it; treasury: claims import".to_owned()
            }
        }
        ClaimStatus::BroadcastUnknown => {
            "claims track; sending the same bytes again does no harm".to_owned()
        }
        ClaimStatus::Broadcast | ClaimStatus::Reorged => "claims track, or reconcile".to_owned(),
        ClaimStatus::Confirming if claim.execution.package.is_none() => {
            "treasury: claims export (the next step)".to_owned()
        }
        ClaimStatus::Confirming => "claims track, or reconcile".to_owned(),
        ClaimStatus::Instructed if claim.execution.package.is_none() => {
            "treasury: claims export (the next step)".to_owned()
        }
        ClaimStatus::Instructed => {
            "the ledger books it; treasury: claims import --acknowledgement".to_owned()
        }
        ClaimStatus::ArtifactExpired | ClaimStatus::FailedOnChain => {
            "specialist: quote again, or claims cancel".to_owned()
        }
        ClaimStatus::Mispaid => "claims incidents says what to do".to_owned(),
        ClaimStatus::Settled
        | ClaimStatus::Rejected
        | ClaimStatus::Cancelled
        | ClaimStatus::Invalidated => "-".to_owned(),
    }
}

#[derive(Serialize)]
struct EventView {
    sequence: i64,
    at: String,
    actor: String,
    command: String,
    revision: u32,
    status: &'static str,
    hash: String,
}

#[derive(Serialize)]
struct ShowView {
    #[serde(flatten)]
    claim: ClaimView,
    #[serde(flatten)]
    life: LifeView,
    events: Vec<EventView>,
}

async fn show(format: Format, engine: &Engine, id: &ClaimId) -> anyhow::Result<Exit> {
    let claim = engine.claim(id).await?;
    let history = engine.claim_history(id).await?;
    let events: Vec<EventView> = history
        .iter()
        .map(|event| EventView {
            sequence: event.sequence,
            at: event.at.to_string(),
            actor: event.actor.clone(),
            command: event.command.clone(),
            revision: event.revision,
            status: event.status.code(),
            hash: event.hash.to_string(),
        })
        .collect();
    if format != Format::Table {
        output::json(&ShowView {
            claim: ClaimView::of(&claim),
            life: LifeView::of(&claim),
            events,
        })?;
        return Ok(Exit::Done);
    }
    print(engine, &claim, &ClaimView::of(&claim)).await?;
    let parts: [(&[&str], Vec<Vec<String>>); 3] = [
        (&["step", "does", "stands"], claim_page::plan_rows(&claim)),
        (
            &["finished", "where", "cost"],
            claim_page::receipt_rows(&claim),
        ),
        (
            &["account", "asset", "debit", "credit"],
            claim_page::posting_rows(&claim),
        ),
    ];
    for (columns, rows) in parts {
        if !rows.is_empty() {
            output::line("")?;
            output::line(&output::table(columns, rows.into_iter()).to_string())?;
        }
    }
    output::line("")?;
    let rows = history.iter().map(|event| {
        vec![
            seconds(event.at),
            event.actor.clone(),
            event.command.clone(),
            event.status.to_string(),
            event.revision.to_string(),
        ]
    });
    output::line(&output::table(&["when", "who", "did", "then", "rev"], rows).to_string())?;
    Ok(Exit::Done)
}

/// Tells a claim after a step.
pub async fn tell(
    format: Format,
    engine: &Engine,
    claim: &Claim,
    view: ClaimView,
) -> anyhow::Result<Exit> {
    match format {
        Format::Json | Format::Csv => output::json(&view)?,
        Format::Table => print(engine, claim, &view).await?,
    }
    Ok(Exit::Done)
}

async fn print(engine: &Engine, claim: &Claim, view: &ClaimView) -> anyhow::Result<()> {
    let stored = engine.store().deposit(&claim.deposit).await?;
    let decimals = stored.as_ref().map_or(0, |stored| stored.deposit.decimals);
    let symbol = stored
        .as_ref()
        .map(|stored| symbol_of(&stored.deposit))
        .unwrap_or_default();
    let coins = |amount: recover_core::amount::Amount| {
        format!("{} {symbol}", amount.to_coin_text(decimals))
    };
    let mut rows = vec![
        ("claim", view.id.clone()),
        (
            "status",
            format!("{}{}", view.status, if view.held { ", HELD" } else { "" }),
        ),
        ("revision", view.revision.to_string()),
        ("deposit", view.deposit_id.clone()),
        (
            "what",
            format!("{}   ({})", coins(claim.amount), view.asset),
        ),
        ("how", view.resolution.to_owned()),
        (
            "pays",
            view.beneficiary
                .clone()
                .unwrap_or_else(|| "nobody yet".to_owned()),
        ),
    ];
    if let Some(destination) = &view.destination {
        rows.push(("to address", destination.clone()));
    }
    if let Some(appeal) = &view.appeal_id {
        rows.push(("appeal", appeal.clone()));
    }
    if let (Some(given), Some(quote)) = (&claim.quote, &view.quote) {
        rows.push(("value", quote.value.clone()));
        rows.push((
            "fees",
            format!(
                "service {}, network {}, in coin {}",
                quote.service_fee,
                quote.network_fee,
                coins(given.quote.fee_in_asset)
            ),
        ));
        rows.push(("receives", coins(given.quote.net)));
        rows.push((
            "quote",
            format!(
                "policy version {}, rule {}, until {}",
                quote.policy_version, quote.rule, quote.expires_at
            ),
        ));
    }
    if let Some(screening) = claim.latest_screening() {
        rows.push((
            "screening",
            format!(
                "{} by {} at {}",
                if screening.clear { "cleared" } else { "held" },
                screening.person,
                seconds(screening.decided_at)
            ),
        ));
    }
    if let Some(approved) = &claim.approved {
        rows.push((
            "approved",
            format!("at {} in tier {}", seconds(approved.at), approved.tier),
        ));
    }
    for approval in &view.approvals {
        rows.push((
            "vote",
            format!("{} at {}", approval.person, approval.approved_at),
        ));
    }
    if let Some(reason) = &view.closing_reason {
        rows.push(("ended", reason.clone()));
    }
    rows.push(("digest", view.digest.clone()));
    rows.push(("next", next(claim)));
    output::facts(&rows)
}
