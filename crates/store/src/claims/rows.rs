//! A claim as rows and back: the claim itself, its quote, plan and screenings, the votes on its content, its live package and
//! its receipts.

use super::packages;
use crate::error::StoreError;
use crate::sql::{Reader, Row, RowOf, Statement, json, values};
use recover_core::appeal::AppealId;
use recover_core::asset::AssetId;
use recover_core::block::BlockHash;
use recover_core::claim::{
    Acceptance, Approval, Approved, Claim, ClaimId, ClaimQuote, ClaimStatus, Correction, Evidence,
    EvidenceFile, Execution, GrantedWaiver, Hold, Package, Receipt, Resolution, Screening,
    Unwinding,
};
use recover_core::digest::{Digest, Encoder};
use recover_core::fee::{Cents, Quote};
use recover_core::observation::DepositId;
use recover_core::plan::Plan;
use recover_core::time::Timestamp;
use recover_core::wire::{PlanJson, TermsJson};
use std::collections::{BTreeSet, HashMap};

pub(crate) const COLUMNS: &str = "id, deposit_id, deposit_block, asset, amount, appeal_id, beneficiary, destination,
    resolution, revision, status, hold_person, hold_since, hold_reason, content_rule, content_digest, involved, opened_by,
    opened_at, approved_at, approved_tier, approved_voters, approved_alone, done, attempts, closing_reason, updated_at,
    correction_entry, correction_counterparty";

/// The rule by which [`Claim::content_digest`] makes digests now; whether it is the one for corrections the claim itself says.
const CONTENT_RULE: u32 = 2;

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
    let approved = match (
        row.time_or_null("approved_at")?,
        row.text_or_null("approved_tier")?,
    ) {
        (Some(at), Some(tier)) => Some(Approved {
            at,
            tier,
            voters: row.json::<BTreeSet<String>>("approved_voters")?,
            alone: row.flag("approved_alone")?,
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
        correction: row
            .text_or_null("correction_entry")?
            .zip(row.text_or_null("correction_counterparty")?)
            .map(|(entry, counterparty)| Correction {
                entry,
                counterparty,
            }),
        revision: row.number("revision")?,
        status: row.parsed("status", ClaimStatus::from_code)?,
        hold,
        waivers: Vec::new(),
        quote: None,
        acceptance: None,
        plan: None,
        unwinding: None,
        screening: None,
        rescreening: None,
        approvals: Vec::new(),
        approved,
        execution: Execution {
            done: row.number("done")?,
            attempts: row.number("attempts")?,
            package: None,
            receipts: Vec::new(),
        },
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
            terms: match row.text_or_null("terms")? {
                None => None,
                Some(_) => {
                    let terms = row.json::<TermsJson>("terms")?.read();
                    let terms = terms.map_err(|error| row.bad("terms", &error.to_string()))?;
                    Some(Box::new(terms))
                }
            },
        },
        policy_version: row.number("policy_version")?,
        policy_digest: row.parsed("policy_digest", Digest::parse)?,
        price_ids: row.json("price_ids")?,
        quoted_at: row.time("quoted_at")?,
        expires_at: row.time("expires_at")?,
    })
}

fn waiver(row: &RowOf<'_>) -> Result<GrantedWaiver, StoreError> {
    Ok(GrantedWaiver {
        code: row.text("code")?,
        person: row.text("person")?,
        note: row.text("note")?,
        granted_at: row.time("granted_at")?,
    })
}

fn acceptance(row: &RowOf<'_>) -> Result<Acceptance, StoreError> {
    let file = match (
        row.text_or_null("file_sha256")?,
        row.number_or_null("file_length")?,
    ) {
        (Some(_), Some(length)) => Some(EvidenceFile {
            sha256: row.parsed("file_sha256", Digest::parse)?,
            length,
        }),
        _ => None,
    };
    Ok(Acceptance {
        evidence: Evidence {
            text: row.text("evidence")?,
            file,
        },
        person: row.text("person")?,
        accepted_at: row.time("accepted_at")?,
    })
}

fn unwinding(row: &RowOf<'_>) -> Result<Unwinding, StoreError> {
    Ok(Unwinding {
        reason: row.text("reason")?,
        person: row.text("person")?,
        since: row.time("since")?,
        costs: row.amount("costs")?,
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
            part.policy_version AS policy_version, policy_digest, price_ids, quoted_at, expires_at,
            part.terms AS terms",
        "claim_id",
    );
    for row in reader.rows(&statement.text, statement.values).await? {
        let row = row.of("claim_quote", "claim_id");
        quotes.insert(row.text("claim_id")?, quote(&row)?);
    }
    let mut plans: HashMap<String, Plan> = HashMap::new();
    let statement = of_revision("claim_plan", "claim_id, plan", "claim_id");
    for row in reader.rows(&statement.text, statement.values).await? {
        let row = row.of("claim_plan", "claim_id");
        let plan = row
            .json::<PlanJson>("plan")?
            .read()
            .map_err(|error| row.bad("plan", &error.to_string()))?;
        plans.insert(row.text("claim_id")?, plan);
    }
    let mut waivers: HashMap<String, Vec<GrantedWaiver>> = HashMap::new();
    let mut statement = Statement::new(
        "SELECT claim_id, code, person, note, granted_at FROM claim_waiver WHERE claim_id IN ",
    );
    statement.bind_list(&ids).push(" ORDER BY claim_id, number");
    for row in reader.rows(&statement.text, statement.values).await? {
        let row = row.of("claim_waiver", "claim_id");
        let of_claim = waivers.entry(row.text("claim_id")?).or_default();
        of_claim.push(waiver(&row)?);
    }
    let mut acceptances: HashMap<String, Acceptance> = HashMap::new();
    let statement = of_revision(
        "claim_acceptance",
        "claim_id, evidence, file_sha256, file_length, person, accepted_at",
        "claim_id",
    );
    for row in reader.rows(&statement.text, statement.values).await? {
        let row = row.of("claim_acceptance", "claim_id");
        acceptances.insert(row.text("claim_id")?, acceptance(&row)?);
    }
    let mut unwindings: HashMap<String, Unwinding> = HashMap::new();
    let statement = of_revision(
        "claim_unwinding",
        "claim_id, reason, person, since, costs",
        "claim_id",
    );
    for row in reader.rows(&statement.text, statement.values).await? {
        let row = row.of("claim_unwinding", "claim_id");
        unwindings.insert(row.text("claim_id")?, unwinding(&row)?);
    }
    let mut screenings: HashMap<String, (Option<Screening>, Option<Screening>)> = HashMap::new();
    let statement = of_revision(
        "claim_screening",
        "claim_id, is_renewal, clear, person, reason, decided_at",
        "claim_id, part.number",
    );
    for row in reader.rows(&statement.text, statement.values).await? {
        let row = row.of("claim_screening", "claim_id");
        let of_claim = screenings.entry(row.text("claim_id")?).or_default();
        // The last one stays; a clearance that counts as content ends what was said before it.
        if row.flag("is_renewal")? {
            of_claim.1 = Some(screening(&row)?);
        } else {
            *of_claim = (Some(screening(&row)?), None);
        }
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
    let mut packages: HashMap<String, Package> = HashMap::new();
    let mut statement = Statement::new(&format!(
        "SELECT {} FROM package WHERE state = 'live' AND claim_id IN ",
        packages::COLUMNS
    ));
    statement.bind_list(&ids);
    for row in reader.rows(&statement.text, statement.values).await? {
        let row = row.of("package", "claim_id");
        packages.insert(row.text("claim_id")?, packages::package(&row)?);
    }
    let mut receipts: HashMap<String, Vec<Receipt>> = HashMap::new();
    let mut statement = Statement::new("SELECT claim_id, body FROM receipt WHERE claim_id IN ");
    statement.bind_list(&ids).push(" ORDER BY claim_id, number");
    for row in reader.rows(&statement.text, statement.values).await? {
        let row = row.of("receipt", "claim_id");
        receipts
            .entry(row.text("claim_id")?)
            .or_default()
            .push(packages::receipt(&row)?);
    }
    for (claim, row) in claims.iter_mut().zip(rows) {
        let row = row.of("claim", "id");
        claim.waivers = waivers.remove(claim.id.as_str()).unwrap_or_default();
        claim.quote = quotes.remove(claim.id.as_str());
        claim.acceptance = acceptances.remove(claim.id.as_str());
        claim.unwinding = unwindings.remove(claim.id.as_str());
        claim.plan = plans.remove(claim.id.as_str());
        (claim.screening, claim.rescreening) =
            screenings.remove(claim.id.as_str()).unwrap_or_default();
        claim.execution.package = packages.remove(claim.id.as_str());
        claim.execution.receipts = receipts.remove(claim.id.as_str()).unwrap_or_default();
        let digest = claim.content_digest();
        let under_its_rule = if row.number::<u32>("content_rule")? == CONTENT_RULE {
            digest
        } else {
            content_digest_before_plans(claim)
        };
        if row.parsed("content_digest", Digest::parse)? != under_its_rule {
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
    let (hold, approved) = (claim.hold.as_ref(), claim.approved.as_ref());
    let correction = claim.correction.as_ref();
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
        now,
        CONTENT_RULE,
        approved.map(|approved| approved.at),
        approved.map(|approved| approved.tier.as_str()),
        approved.map(|approved| json(&approved.voters)),
        approved.map(|approved| approved.alone),
        claim.execution.done,
        claim.execution.attempts,
        correction.map(|correction| correction.entry.as_str()),
        correction.map(|correction| correction.counterparty.as_str())
    ]
}

/// Compares the revision that the step was made for.
pub(crate) const UPDATE: &str = "UPDATE claim SET deposit_block = $1, asset = $2, amount = $3, appeal_id = $4,
    beneficiary = $5, destination = $6, resolution = $7, revision = $8, status = $9, is_open = $10, hold_person = $11,
    hold_since = $12, hold_reason = $13, policy_version = $14, content_digest = $15, involved = $16,
    closing_reason = $17, updated_at = $18, content_rule = $19, approved_at = $20, approved_tier = $21,
    approved_voters = $22, approved_alone = $23, done = $24, attempts = $25, correction_entry = $26,
    correction_counterparty = $27 WHERE id = $28 AND revision = $29";

pub(crate) const INSERT: &str = "INSERT INTO claim (deposit_block, asset, amount, appeal_id, beneficiary, destination,
    resolution, revision, status, is_open, hold_person, hold_since, hold_reason, policy_version, content_digest, involved,
    closing_reason, updated_at, content_rule, approved_at, approved_tier, approved_voters, approved_alone, done, attempts,
    correction_entry, correction_counterparty, id, deposit_id, ordinal, opened_by, opened_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25,
    $26, $27, $28, $29, $30, $31, $32)";

/// The digest as programs made it before claims had plans (rule 1). Votes on it never count again: the claim's digest now is
/// another one.
fn content_digest_before_plans(claim: &Claim) -> Digest {
    let encoder = Encoder::new("recover/claim-content/1")
        .field(claim.id.as_str())
        .field(&claim.revision.to_string())
        .field(claim.deposit.as_str())
        .optional(claim.deposit_block.as_ref().map(BlockHash::as_str))
        .field(&claim.asset.to_string())
        .field(&claim.amount.to_base_units())
        .optional(claim.appeal.as_ref().map(AppealId::as_str))
        .optional(claim.beneficiary.as_deref())
        .optional(claim.destination.as_deref())
        .field(claim.resolution.code())
        .field(&claim.opened_by);
    let encoder = match &claim.quote {
        None => encoder.optional(None),
        Some(frozen) => {
            let encoder = encoder
                .optional(Some("quote"))
                .field(&frozen.quote.value.to_string())
                .field(&frozen.quote.service_fee.to_string())
                .field(&frozen.quote.network_fee.to_string())
                .field(&frozen.quote.total_fee.to_string())
                .field(&frozen.quote.fee_in_asset.to_base_units())
                .field(&frozen.quote.net.to_base_units())
                .field(&frozen.quote.rule.to_string())
                .field(&frozen.policy_version.to_string())
                .field(&frozen.expires_at.as_micros().to_string())
                .field(&frozen.price_ids.len().to_string());
            frozen
                .price_ids
                .iter()
                .fold(encoder, |encoder, price_id| encoder.field(price_id))
        }
    };
    let encoder = match &claim.screening {
        None => encoder.optional(None),
        Some(screening) => encoder
            .optional(Some("screening"))
            .field(if screening.clear { "clear" } else { "hold" })
            .field(&screening.person)
            .field(&screening.decided_at.as_micros().to_string()),
    };
    encoder.optional(None).finish()
}
