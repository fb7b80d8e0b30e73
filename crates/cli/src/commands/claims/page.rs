//! One claim in full: its facts, its evidence, its plan and its history.

use super::queue::next;
use crate::args::Format;
use crate::claim_page::{self, Coins, LifeView};
use crate::commands::handover;
use crate::exit::Exit;
use crate::output;
use crate::view::{ClaimView, seconds};
use recover_core::asset::AssetId;
use recover_core::claim::{Claim, ClaimId, ClaimStatus};
use recover_core::deposit::Deposit;
use recover_core::fee::OnFailure;
use recover_core::people::Role;
use recover_engine::engine::Engine;
use serde::Serialize;

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

pub(super) async fn show(
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
