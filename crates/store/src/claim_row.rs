//! A claim as rows and back: the claim itself, its quote, its latest screening and the votes on its content.

use crate::error::StoreError;
use crate::sql::{Reader, Row, RowOf, Statement, json, values};
use recover_core::appeal::AppealId;
use recover_core::asset::AssetId;
use recover_core::block::BlockHash;
use recover_core::claim::{
    Approval, Claim, ClaimId, ClaimQuote, ClaimStatus, Hold, Resolution, Screening,
};
use recover_core::digest::Digest;
use recover_core::fee::{Cents, Quote};
use recover_core::observation::DepositId;
use recover_core::time::Timestamp;
use std::collections::{BTreeSet, HashMap};

pub(crate) const COLUMNS: &str = "id, deposit_id, deposit_block, asset, amount, appeal_id, beneficiary, destination,
    resolution, revision, status, hold_person, hold_since, hold_reason, content_digest, involved, opened_by, opened_at,
    closing_reason, updated_at";

fn claim(row: &RowOf<'_>) -> Result<Claim, StoreError> {
    let hold = match (
        row.text_or_null("hold_person")?,
        row.time_or_null("hold_since")?,
        row.text_or_null("hold_reason")?,
    ) {
        (Some(person), Some(since), Some(reason)) => Some(Hold {
            person,
            since,
            reason,
        }),
        _ => None,
    };
    Ok(Claim {
        id: ClaimId::verbatim(&row.text("id")?),
        deposit: DepositId::verbatim(&row.text("deposit_id")?),
        deposit_block: row
            .text_or_null("deposit_block")?
            .map(|hash| BlockHash::new(&hash)),
        asset: row.parsed("asset", AssetId::parse)?,
        amount: row.amount("amount")?,
        appeal: row
            .text_or_null("appeal_id")?
            .map(|id| AppealId::verbatim(&id)),
        beneficiary: row.text_or_null("beneficiary")?,
        destination: row.text_or_null("destination")?,
        resolution: row.parsed("resolution", Resolution::from_code)?,
        revision: row.number("revision")?,
        status: row.parsed("status", ClaimStatus::from_code)?,
        hold,
        quote: None,
        screening: None,
        approvals: Vec::new(),
        involved: row.json::<BTreeSet<String>>("involved")?,
        opened_by: row.text("opened_by")?,
        opened_at: row.time("opened_at")?,
        closing_reason: row.text_or_null("closing_reason")?,
    })
}

fn quote(row: &RowOf<'_>) -> Result<ClaimQuote, StoreError> {
    let cents = |column| row.amount(column).map(Cents);
    Ok(ClaimQuote {
        quote: Quote {
            value: cents("value_cents")?,
            service_fee: cents("service_fee_cents")?,
            network_fee: cents("network_fee_cents")?,
            total_fee: cents("total_fee_cents")?,
            fee_in_asset: row.amount("fee_in_asset")?,
            net: row.amount("net")?,
            rule: row.number("rule")?,
        },
        policy_version: row.number("policy_version")?,
        price_ids: row.json("price_ids")?,
        quoted_at: row.time("quoted_at")?,
        expires_at: row.time("expires_at")?,
    })
}

fn screening(row: &RowOf<'_>) -> Result<Screening, StoreError> {
    Ok(Screening {
        clear: row.flag("clear")?,
        person: row.text("person")?,
        reason: row.text("reason")?,
        decided_at: row.time("decided_at")?,
    })
}

/// Completes claims from their rows, with one statement a table. A claim whose content no longer gives the digest that was
/// stored with it is refused: somebody changed the tables behind the program.
pub(crate) async fn claims(
    reader: &mut Reader<'_>,
    rows: &[Row],
) -> Result<Vec<Claim>, StoreError> {
    let mut claims = Vec::with_capacity(rows.len());
    for row in rows {
        claims.push(claim(&row.of("claim", "id"))?);
    }
    if claims.is_empty() {
        return Ok(claims);
    }
    let ids: Vec<String> = claims
        .iter()
        .map(|claim| claim.id.as_str().to_owned())
        .collect();
    // Of this revision only: what was quoted, screened or voted on an earlier one no longer counts.
    let of_revision = |table: &str, columns: &str, order: &str| {
        let mut statement = Statement::new(&format!(
            "SELECT {columns} FROM {table} AS part JOIN claim ON claim.id = part.claim_id
                AND claim.revision = part.revision WHERE part.claim_id IN "
        ));
        statement
            .bind_list(&ids)
            .push(&format!(" ORDER BY {order}"));
        statement
    };
    let mut quotes: HashMap<String, ClaimQuote> = HashMap::new();
    let statement = of_revision(
        "claim_quote",
        "claim_id, value_cents, service_fee_cents, network_fee_cents, total_fee_cents, fee_in_asset, net, rule,
            part.policy_version AS policy_version, price_ids, quoted_at, expires_at",
        "claim_id",
    );
    for row in reader.rows(&statement.text, statement.values).await? {
        let row = row.of("claim_quote", "claim_id");
        quotes.insert(row.text("claim_id")?, quote(&row)?);
    }
    let mut screenings: HashMap<String, Screening> = HashMap::new();
    let statement = of_revision(
        "claim_screening",
        "claim_id, clear, person, reason, decided_at",
        "claim_id, part.number",
    );
    for row in reader.rows(&statement.text, statement.values).await? {
        let row = row.of("claim_screening", "claim_id");
        // The last one of each claim stays.
        screenings.insert(row.text("claim_id")?, screening(&row)?);
    }
    let mut votes: HashMap<String, Vec<Approval>> = HashMap::new();
    let statement = of_revision(
        "claim_approval",
        "claim_id, digest, person, decision, signature, decided_at",
        "claim_id, decided_at, person",
    );
    for row in reader.rows(&statement.text, statement.values).await? {
        let row = row.of("claim_approval", "claim_id");
        if row.text("decision")? == "approve" {
            votes
                .entry(row.text("claim_id")?)
                .or_default()
                .push(Approval {
                    person: row.text("person")?,
                    digest: row.parsed("digest", Digest::parse)?,
                    approved_at: row.time("decided_at")?,
                    signature: row.text_or_null("signature")?,
                });
        }
    }
    for (claim, row) in claims.iter_mut().zip(rows) {
        let row = row.of("claim", "id");
        claim.quote = quotes.remove(claim.id.as_str());
        claim.screening = screenings.remove(claim.id.as_str());
        let digest = claim.content_digest();
        if row.parsed("content_digest", Digest::parse)? != digest {
            return Err(row.bad("content_digest", "does not fit the content of the claim"));
        }
        claim.approvals = votes.remove(claim.id.as_str()).unwrap_or_default();
        // A vote on another content of the same revision (before a new screening) no longer counts.
        claim.approvals.retain(|approval| approval.digest == digest);
    }
    Ok(claims)
}

/// The columns that a step may change, and the digest over the content, in the order of [`UPDATE`].
pub(crate) fn changing_values(claim: &Claim, now: Timestamp) -> Vec<crate::sql::Value> {
    let hold = claim.hold.as_ref();
    values![
        claim.deposit_block.as_ref(),
        &claim.asset,
        claim.amount,
        claim.appeal.as_ref().map(AppealId::as_str),
        claim.beneficiary.as_deref(),
        claim.destination.as_deref(),
        claim.resolution.code(),
        claim.revision,
        claim.status.code(),
        claim.status.is_open(),
        hold.map(|hold| hold.person.as_str()),
        hold.map(|hold| hold.since),
        hold.map(|hold| hold.reason.as_str()),
        claim.quote.as_ref().map(|quote| quote.policy_version),
        claim.content_digest().to_string(),
        json(&claim.involved),
        claim.closing_reason.as_deref(),
        now
    ]
}

/// Compares the revision that the step was made for.
pub(crate) const UPDATE: &str = "UPDATE claim SET deposit_block = $1, asset = $2, amount = $3, appeal_id = $4,
    beneficiary = $5, destination = $6, resolution = $7, revision = $8, status = $9, is_open = $10, hold_person = $11,
    hold_since = $12, hold_reason = $13, policy_version = $14, content_digest = $15, involved = $16,
    closing_reason = $17, updated_at = $18 WHERE id = $19 AND revision = $20";

pub(crate) const INSERT: &str = "INSERT INTO claim (deposit_block, asset, amount, appeal_id, beneficiary, destination,
    resolution, revision, status, is_open, hold_person, hold_since, hold_reason, policy_version, content_digest, involved,
    closing_reason, updated_at, id, deposit_id, ordinal, opened_by, opened_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)";
