//! `claims`: the queue from a draft to settled money.

use crate::args::{ClaimStep, Claims, Format};
use crate::claim_page::{self, Coins, LifeView};
use crate::commands::{chosen, handover, read_text, unknown};
use crate::exit::Exit;
use crate::output;
use crate::view::{ClaimView, seconds, shortened};
use anyhow::Context as _;
use recover_core::asset::AssetId;
use recover_core::claim::{
    Claim, ClaimId, ClaimStatus, Command, Evidence, EvidenceFile, Resolution,
};
use recover_core::deposit::Deposit;
use recover_core::digest::Digest;
use recover_core::fee::OnFailure;
use recover_core::observation::DepositId;
use recover_core::people::Role;
use recover_engine::claims::{OpenOptions, StepOptions};
use recover_engine::engine::Engine;
use recover_store::ClaimFilter;
use serde::Serialize;
use std::path::Path;

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
            entry,
            counterparty,
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
                entry: entry.clone(),
                counterparty: counterparty.clone(),
            };
            let claim = engine
                .open_claim(&DepositId::verbatim(deposit), &options, &person)
                .await?;
            tell(format, engine, &claim, ClaimView::of(&claim)).await
        }
        Claims::Waive {
            step: taken,
            code,
            note,
        } => {
            let person = engine.actor(actor).await?;
            let id = ClaimId::verbatim(&taken.id);
            let options = StepOptions {
                revision: taken.revision,
                dry_run: taken.dry_run,
            };
            let claim = engine
                .waive_claim(&id, code, note, &options, &person)
                .await?;
            note_dry_run(taken.dry_run);
            tell(format, engine, &claim, ClaimView::of(&claim)).await
        }
        Claims::Accept {
            step: taken,
            evidence,
            evidence_file,
        } => {
            let evidence = Evidence {
                text: evidence.clone().unwrap_or_default(),
                file: evidence_file.as_deref().map(evidence_of).transpose()?,
            };
            step(format, engine, taken, Command::Accept { evidence }, actor).await
        }
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
        Claims::Unwind {
            step: taken,
            reason,
        } => {
            let command = Command::Unwind {
                reason: reason.clone(),
            };
            step(format, engine, taken, command, actor).await
        }
        Claims::Export { step, out } => {
            handover::export(format, engine, step, out.as_deref(), actor).await
        }
        Claims::Import {
            step,
            signed,
            txid,
            acknowledgement,
            declined,
        } => {
            if let Some(said) = declined {
                let command = Command::Decline {
                    reason: said.clone(),
                };
                return self::step(format, engine, step, command, actor).await;
            }
            let answer = match (signed, txid, acknowledgement) {
                (Some(file), _, _) => handover::Answer::Signed(file),
                (_, Some(txid), _) => handover::Answer::Transaction(txid),
                (_, _, Some(file)) => handover::Answer::Ledger(file),
                (None, None, None) => {
                    anyhow::bail!("name one of --signed, --txid, --acknowledgement, --declined")
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
        Claims::Show { id } => show(format, engine, &ClaimId::verbatim(id), actor).await,
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

/// The longest file that is taken for evidence, in bytes.
const EVIDENCE_BYTES_MAX: u64 = 64 << 20;

fn evidence_of(file: &Path) -> anyhow::Result<EvidenceFile> {
    let about = || format!("cannot read {}", file.display());
    let length = std::fs::metadata(file).with_context(about)?.len();
    if length == 0 || length > EVIDENCE_BYTES_MAX {
        anyhow::bail!(
            "{} has {length} bytes: evidence has at least one, and at most {EVIDENCE_BYTES_MAX}",
            file.display()
        );
    }
    Ok(EvidenceFile::of(&std::fs::read(file).with_context(about)?))
}

fn note_dry_run(is_dry: bool) {
    if is_dry {
        eprintln!("dry run: nothing was changed; this is how the claim would be");
    }
}

/// The columns of the queue for people; it fits 120 columns of a terminal.
pub const COLUMNS: &[&str] = &["claim", "status", "what", "pays", "next"];

/// The columns of the CSV form: keys of the JSON form.
const CSV_COLUMNS: &[&str] = &[
    "id",
    "deposit_id",
    "appeal_id",
    "beneficiary",
    "destination",
    "resolution",
    "revision",
    "status",
    "held",
    "asset",
    "amount",
    "net",
    "votes",
    "opened_by",
    "opened_at",
    "next",
];

fn csv_cells(claim: &Claim) -> Vec<String> {
    let view = ClaimView::of(claim);
    vec![
        view.id,
        view.deposit_id,
        view.appeal_id.unwrap_or_default(),
        view.beneficiary.unwrap_or_default(),
        view.destination.unwrap_or_default(),
        view.resolution.to_owned(),
        view.revision.to_string(),
        view.status.to_owned(),
        view.held.to_string(),
        view.asset,
        view.amount,
        view.quote.map(|quote| quote.net).unwrap_or_default(),
        view.approvals.len().to_string(),
        view.opened_by,
        view.opened_at,
        next(claim).replace('\n', " "),
    ]
}

async fn list(format: Format, engine: &Engine, filter: &ClaimFilter) -> anyhow::Result<Exit> {
    let claims = engine.list_claims(filter).await?;
    match format {
        Format::Json => {
            let views: Vec<ClaimView> = claims.iter().map(ClaimView::of).collect();
            output::json(&views)?;
        }
        Format::Csv => {
            let cells: Vec<Vec<String>> = claims.iter().map(csv_cells).collect();
            output::rows(format, CSV_COLUMNS, &cells, Clone::clone)?;
        }
        Format::Table => {
            let mut rows = Vec::with_capacity(claims.len());
            for claim in &claims {
                rows.push(cells(engine, claim).await?);
            }
            output::rows(format, COLUMNS, &rows, Clone::clone)?;
        }
    }
    Ok(Exit::Done)
}

/// One line of the queue.
pub async fn cells(engine: &Engine, claim: &Claim) -> anyhow::Result<Vec<String>> {
    let stored = engine.store().deposit(&claim.deposit).await?;
    let deposit = stored.as_ref().map(|stored| &stored.deposit);
    let coins = Coins {
        chains: engine.chains(),
        deposit,
    };
    let why = deposit.map_or_else(
        || claim.deposit.to_string(),
        |deposit| deposit.classification.kind.to_string(),
    );
    let whom = match (&claim.beneficiary, &claim.destination) {
        (Some(user), None) => format!("to user {user}"),
        (user, Some(address)) => format!(
            "to {}\nfor {}",
            shortened(address),
            user.as_deref().unwrap_or("-")
        ),
        (None, None) => "to nobody yet".to_owned(),
    };
    let net = claim.quote.as_ref().map_or_else(
        || "no quote yet".to_owned(),
        |given| coins.text(&claim.asset, given.quote.net),
    );
    let held = if claim.hold.is_some() { "\nHELD" } else { "" };
    let votes = match claim.approvals.len() {
        0 => String::new(),
        1 => ", 1 vote".to_owned(),
        many => format!(", {many} votes"),
    };
    Ok(vec![
        format!("{}\n{}", claim.id, seconds(claim.opened_at)),
        format!("{}{held}\nrevision {}{votes}", claim.status, claim.revision),
        format!(
            "{}\n{why}\non {}",
            coins.text(&claim.asset, claim.amount),
            claim.asset.network
        ),
        format!("{net}\n{whom}"),
        next(claim),
    ])
}

/// What comes next, in words.
fn next(claim: &Claim) -> String {
    if claim.hold.is_some() {
        return "compliance:\nclaims screen --clear".to_owned();
    }
    match claim.status {
        ClaimStatus::Draft | ClaimStatus::QuoteExpired => "specialist: quote".to_owned(),
        ClaimStatus::Quoted => "specialist: claims accept".to_owned(),
        ClaimStatus::Accepted => "compliance: claims screen".to_owned(),
        ClaimStatus::PendingApproval => {
            format!("wallet team:\nclaims approve --revision {}", claim.revision)
        }
        ClaimStatus::Approved | ClaimStatus::Prepared => "treasury: claims export".to_owned(),
        ClaimStatus::AwaitingSignature => {
            let is_back = claim
                .execution
                .package
                .as_ref()
                .is_some_and(|package| package.signed.is_some());
            if is_back {
                "treasury:\nclaims broadcast --execute".to_owned()
            } else {
                "signers sign it;\ntreasury: claims import\n--signed".to_owned()
            }
        }
        ClaimStatus::BroadcastUnknown => {
            "claims track;\nsending the same bytes again\ndoes no harm".to_owned()
        }
        ClaimStatus::Broadcast | ClaimStatus::Reorged => "claims track,\nor reconcile".to_owned(),
        ClaimStatus::Confirming if claim.execution.package.is_none() => {
            "treasury: claims export\n(the next step)".to_owned()
        }
        ClaimStatus::Confirming => "claims track,\nor reconcile".to_owned(),
        ClaimStatus::Instructed if claim.execution.package.is_none() => {
            "treasury: claims export\n(the next step)".to_owned()
        }
        ClaimStatus::Instructed if claim.waits_for_fee() && claim.is_decided() => {
            "the ledger sets the customer's\nfee aside; treasury: claims import\n--acknowledgement or --declined".to_owned()
        }
        ClaimStatus::Instructed if !claim.is_decided() => {
            format!(
                "wallet team, for a new deadline:\nclaims approve --revision {}",
                claim.revision
            )
        }
        ClaimStatus::Instructed => {
            "the ledger books it;\ntreasury: claims import\n--acknowledgement".to_owned()
        }
        ClaimStatus::ArtifactExpired | ClaimStatus::FailedOnChain
            if claim.execution.has_moved_deposit() =>
        {
            "treasury: claims export\n(the same step again)".to_owned()
        }
        ClaimStatus::ArtifactExpired | ClaimStatus::FailedOnChain if claim.holds_fee() => {
            "treasury: claims export\n(the same step again),\nor claims unwind".to_owned()
        }
        ClaimStatus::ArtifactExpired | ClaimStatus::FailedOnChain => {
            "specialist: quote again,\nor claims cancel".to_owned()
        }
        ClaimStatus::Mispaid => "claims incidents\nsays what to do".to_owned(),
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

async fn show(
    format: Format,
    engine: &Engine,
    id: &ClaimId,
    actor: Option<&str>,
) -> anyhow::Result<Exit> {
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
    let stored = engine.store().deposit(&claim.deposit).await?;
    let coins = Coins {
        chains: engine.chains(),
        deposit: stored.as_ref().map(|stored| &stored.deposit),
    };
    let evidence = evidence(engine, &claim, coins.deposit, actor).await?;
    if !evidence.is_empty() {
        output::line("")?;
        output::facts(&evidence)?;
    }
    let parts: [(&[&str], Vec<Vec<String>>); 3] = [
        (
            &["step", "does", "stands"],
            claim_page::plan_rows(&claim, &coins),
        ),
        (
            &["finished", "where", "cost"],
            claim_page::receipt_rows(&claim, &coins),
        ),
        (
            &["account", "taken from it", "given to it"],
            claim_page::posting_rows(&claim, &coins),
        ),
    ];
    for (columns, rows) in parts {
        if !rows.is_empty() {
            output::line("")?;
            output::line(&output::table(columns, rows.into_iter()).to_string())?;
        }
    }
    let package = claim_page::package_facts(&claim, &coins);
    if !package.is_empty() {
        output::line("")?;
        output::facts(&package)?;
    }
    let incidents = engine.incidents(true).await?;
    for incident in incidents
        .into_iter()
        .filter(|incident| incident.claim.as_ref() == Some(id))
    {
        output::line("")?;
        output::facts(&handover::incident_facts(&incident))?;
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

/// On which evidence the claim stands: what the deposit is, where it came in, and who asked. Why somebody screened as they did
/// is for compliance alone: a customer must not learn it.
async fn evidence(
    engine: &Engine,
    claim: &Claim,
    deposit: Option<&Deposit>,
    actor: Option<&str>,
) -> anyhow::Result<Vec<(&'static str, String)>> {
    let mut rows = Vec::new();
    if let Some(deposit) = deposit {
        rows.push(("why", deposit.classification.kind.to_string()));
        rows.push(("verdict", deposit.classification.verdict.to_string()));
        rows.push(("came with", deposit.tx_id().to_string()));
        if let (Some(height), Some(block)) = (deposit.block_height(), &claim.deposit_block) {
            rows.push(("in block", format!("{} {}", height.0, block.as_str())));
        }
    }
    if let Some(id) = &claim.appeal
        && let Some(appeal) = engine.store().appeal(id).await?
    {
        rows.push((
            "asked by",
            format!(
                "{} in {id} at {}",
                appeal.appeal.user_id,
                seconds(appeal.appeal.created_at)
            ),
        ));
    }
    let Some(actor) = actor else {
        return Ok(rows);
    };
    if engine.actor(Some(actor)).await?.is_any(&[Role::Compliance]) {
        let screenings = [&claim.screening, &claim.rescreening];
        for screening in screenings.into_iter().flatten() {
            rows.push((
                "screened",
                format!("{}: {}", screening.person, screening.reason),
            ));
        }
        if let Some(hold) = &claim.hold {
            rows.push(("held", format!("{}: {}", hold.person, hold.reason)));
        }
    }
    Ok(rows)
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

/// What becomes of a fee beside the deposit, in words.
const fn on_failure(rule: OnFailure) -> &'static str {
    match rule {
        OnFailure::Refund => "all of that fee is given back",
        OnFailure::RefundLessCosts => {
            "that fee is given back, less what the networks took until then"
        }
        OnFailure::Keep => "that fee is kept",
    }
}

async fn print(engine: &Engine, claim: &Claim, view: &ClaimView) -> anyhow::Result<()> {
    let stored = engine.store().deposit(&claim.deposit).await?;
    let known = Coins {
        chains: engine.chains(),
        deposit: stored.as_ref().map(|stored| &stored.deposit),
    };
    let coins = |amount| known.text(&claim.asset, amount);
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
    if let Some(correction) = &claim.correction {
        rows.push((
            "takes back",
            format!(
                "entry {} from {}",
                correction.entry, correction.counterparty
            ),
        ));
    }
    if let Some(appeal) = &view.appeal_id {
        rows.push(("appeal", appeal.clone()));
    }
    if let (Some(given), Some(quote)) = (&claim.quote, &view.quote) {
        rows.push(("value", quote.value.clone()));
        let taken = coins(given.quote.fee_in_asset);
        let (service, network) = (&quote.service_fee, &quote.network_fee);
        rows.push((
            "fees",
            format!("service {service}, network {network}; out of the deposit {taken}"),
        ));
        for charge in given.quote.charges() {
            let beside = known.text(&charge.coins.asset, charge.coins.amount);
            let how = if charge.is_prepaid {
                "paid in beforehand"
            } else {
                "from the balance"
            };
            rows.push(("", format!("{beside} {how}")));
        }
        if let Some(terms) = given
            .quote
            .terms
            .as_ref()
            .filter(|terms| !terms.charges.is_empty())
        {
            rows.push(("if it fails", on_failure(terms.on_failure).to_owned()));
        }
        rows.push(("receives", coins(given.quote.net)));
        rows.push((
            "quote",
            format!(
                "policy version {}, rule {}, until {}",
                quote.policy_version,
                quote.rule,
                seconds(given.expires_at)
            ),
        ));
    }
    for waiver in &claim.waivers {
        rows.push((
            "waived",
            format!(
                "{} by {} at {}: {}",
                waiver.code,
                waiver.person,
                seconds(waiver.granted_at),
                waiver.note
            ),
        ));
    }
    if let Some(acceptance) = &claim.acceptance {
        let evidence = match acceptance.evidence.text.as_str() {
            "" => "nothing was charged",
            text => text,
        };
        rows.push((
            "accepted",
            format!(
                "recorded by {} at {}: {evidence}",
                acceptance.person,
                seconds(acceptance.accepted_at)
            ),
        ));
        if let Some(file) = &acceptance.evidence.file {
            rows.push((
                "evidence",
                format!("SHA-256 {}, {} bytes", file.sha256, file.length),
            ));
        }
    }
    if let Some(unwinding) = &claim.unwinding {
        rows.push((
            "given up",
            format!(
                "by {} at {}: {}; the networks took {}",
                unwinding.person,
                seconds(unwinding.since),
                unwinding.reason,
                known.text(
                    &AssetId::native(claim.asset.network.clone()),
                    unwinding.costs
                )
            ),
        ));
    }
    rows.push((
        "opened",
        format!("by {} at {}", claim.opened_by, seconds(claim.opened_at)),
    ));
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
    for approval in &claim.approvals {
        let signed = match approval.signature {
            Some(_) => ", signed",
            None => "",
        };
        rows.push((
            "vote",
            format!(
                "{} at {}{signed}",
                approval.person,
                seconds(approval.approved_at)
            ),
        ));
    }
    if let Some(reason) = &view.closing_reason {
        let label = match claim.status {
            ClaimStatus::Approved | ClaimStatus::PendingApproval => "declined",
            _ => "ended",
        };
        rows.push((label, reason.clone()));
    }
    rows.push(("digest", view.digest.clone()));
    rows.push(("next", next(claim).replace('\n', " ")));
    output::facts(&rows)
}
