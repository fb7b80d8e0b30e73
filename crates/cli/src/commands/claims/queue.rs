//! The queue: one line a claim, and what comes next for each.

use crate::args::Format;
use crate::claim_page::Coins;
use crate::exit::Exit;
use crate::output;
use crate::view::{ClaimView, seconds, shortened};
use recover_core::claim::{Claim, ClaimStatus};
use recover_engine::engine::Engine;
use recover_store::ClaimFilter;

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

pub(super) async fn list(
    format: Format,
    engine: &Engine,
    filter: &ClaimFilter,
) -> anyhow::Result<Exit> {
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
pub(super) fn next(claim: &Claim) -> String {
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
