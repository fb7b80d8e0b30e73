//! Writes what a step added to a claim: quote, plan, screenings, vote, package, receipts, postings, incident.

use super::ClaimContext;
use super::packages::{self, Written};
use crate::error::StoreError;
use crate::incidents::{self, IncidentKind};
use crate::sql::{IntoValue as _, Statement, Tx, json, values};
use recover_core::claim::settlement::{is_balanced, postings};
use recover_core::claim::votes::value_of;
use recover_core::claim::{Claim, ClaimStatus, Command, Screening, Sighting};
use recover_core::digest::Digest;
use recover_core::time::Timestamp;
use recover_core::wire::{PlanJson, TermsJson};

/// Writes the parts. A new revision carries those it keeps with it: its digest covers them.
pub(super) async fn write(
    tx: &mut Tx,
    claim: &Claim,
    next: &Claim,
    command: &Command,
    context: &ClaimContext,
) -> Result<Written, StoreError> {
    let is_new_revision = next.revision != claim.revision;
    if let Some(quote) = &next.quote
        && (is_new_revision || claim.quote.as_ref() != Some(quote))
    {
        let sums = &quote.quote;
        tx.run(
            "INSERT INTO claim_quote (claim_id, revision, value_cents, service_fee_cents, network_fee_cents,
                total_fee_cents, fee_in_asset, net, rule, policy_version, policy_digest, price_ids, quoted_at, expires_at, terms, limit_cents)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
            values![
                next.id.as_str(),
                next.revision,
                sums.value.0,
                sums.service_fee.0,
                sums.network_fee.0,
                sums.total_fee.0,
                sums.fee_in_asset,
                sums.net,
                sums.rule,
                quote.policy_version,
                quote.policy_digest.to_string(),
                json(&quote.price_ids),
                quote.quoted_at,
                quote.expires_at,
                sums.terms.as_deref().map(|terms| json(&TermsJson::of(terms))),
                value_of(next).map(|value| value.0)
            ],
        )
        .await?;
    }
    consent(tx, claim, next).await?;
    if let Some(plan) = &next.plan
        && (is_new_revision || claim.plan.as_ref() != Some(plan))
    {
        tx.run(
            "INSERT INTO claim_plan (claim_id, revision, plan) VALUES ($1, $2, $3)",
            values![next.id.as_str(), next.revision, json(&PlanJson::of(plan))],
        )
        .await?;
    }
    if let Some(screening) = &next.screening
        && (is_new_revision || claim.screening.as_ref() != Some(screening))
    {
        screened(tx, next, screening, false).await?;
    }
    if let Some(screening) = &next.rescreening
        && (is_new_revision || claim.rescreening.as_ref() != Some(screening))
    {
        screened(tx, next, screening, true).await?;
    }
    match command {
        Command::Approve { digest, signature } => {
            vote(tx, claim, digest, "approve", signature.as_deref(), context).await?;
        }
        Command::Reject { .. } => {
            vote(tx, claim, &claim.content_digest(), "reject", None, context).await?;
        }
        _ => {}
    }
    let (actor, now) = (&context.actor.name, context.now);
    if let Written::SlotTaken = packages::write(tx, claim, next, command, actor, now).await? {
        return Ok(Written::SlotTaken);
    }
    if next.has_postings() && !claim.has_postings() {
        post(tx, next, now).await?;
    }
    let is_mispaid = next.status == ClaimStatus::Mispaid && claim.status != ClaimStatus::Mispaid;
    let incident = match command {
        _ if is_mispaid => Some(IncidentKind::Mispaid),
        // Whoever used the slot has the key: the claim ends, and a person must know which transaction that was.
        Command::Sight(Sighting::Replaced { .. }) => Some(IncidentKind::SlotUsedByAnother),
        _ => None,
    };
    if let Some(kind) = incident {
        let detail = next
            .closing_reason
            .as_deref()
            .unwrap_or("what went out is not what was approved");
        incidents::insert(tx, Some(&next.id), kind, detail, actor, now).await?;
    }
    Ok(Written::Yes)
}

async fn screened(
    tx: &mut Tx,
    claim: &Claim,
    screening: &Screening,
    is_renewal: bool,
) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO claim_screening (claim_id, number, revision, is_renewal, clear, person, reason, decided_at)
         SELECT $1, COALESCE(MAX(number), 0) + 1, $2, $3, $4, $5, $6, $7 FROM claim_screening WHERE claim_id = $8",
        values![
            claim.id.as_str(),
            claim.revision,
            is_renewal,
            screening.clear,
            &screening.person,
            &screening.reason,
            screening.decided_at,
            claim.id.as_str()
        ],
    )
    .await?;
    Ok(())
}

/// Waivers are the claim's own; acceptance and that it was given up belong to its content, so that a new revision carries them.
async fn consent(tx: &mut Tx, claim: &Claim, next: &Claim) -> Result<(), StoreError> {
    let is_new_revision = next.revision != claim.revision;
    for (number, waiver) in (1_u32..).zip(&next.waivers).skip(claim.waivers.len()) {
        tx.run(
            "INSERT INTO claim_waiver (claim_id, number, code, person, note, granted_at) VALUES ($1, $2, $3, $4, $5, $6)",
            values![
                next.id.as_str(),
                number,
                &waiver.code,
                &waiver.person,
                &waiver.note,
                waiver.granted_at
            ],
        )
        .await?;
    }
    if let Some(acceptance) = &next.acceptance
        && (is_new_revision || claim.acceptance.as_ref() != Some(acceptance))
    {
        let file = acceptance.evidence.file.as_ref();
        let length = file.map(|file| i64::try_from(file.length).unwrap_or(i64::MAX));
        tx.run(
            "INSERT INTO claim_acceptance (claim_id, revision, evidence, file_sha256, file_length, person, accepted_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            values![
                next.id.as_str(),
                next.revision,
                &acceptance.evidence.text,
                file.map(|file| file.sha256.to_string()),
                length,
                &acceptance.person,
                acceptance.accepted_at
            ],
        )
        .await?;
    }
    if let Some(unwinding) = &next.unwinding
        && (is_new_revision || claim.unwinding.as_ref() != Some(unwinding))
    {
        tx.run(
            "INSERT INTO claim_unwinding (claim_id, revision, reason, person, since, costs) VALUES ($1, $2, $3, $4, $5, $6)",
            values![
                next.id.as_str(),
                next.revision,
                &unwinding.reason,
                &unwinding.person,
                unwinding.since,
                unwinding.costs
            ],
        )
        .await?;
    }
    Ok(())
}

/// The balanced set of a claim that was just settled, or given up after its fee was set aside. Where there is none, the settlement is not kept either.
async fn post(tx: &mut Tx, claim: &Claim, now: Timestamp) -> Result<(), StoreError> {
    let unbalanced = |problem: String| StoreError::Unbalanced {
        claim: claim.id.to_string(),
        problem,
    };
    let set = postings(claim).map_err(|error| unbalanced(error.to_string()))?;
    if !is_balanced(&set) {
        return Err(unbalanced("debits and credits differ".to_owned()));
    }
    for (number, posting) in (1_u32..).zip(&set) {
        tx.run(
            "INSERT INTO posting (claim_id, number, account, asset, debit, credit, posted_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            values![
                claim.id.as_str(),
                number,
                posting.account.code(),
                &posting.asset,
                posting.debit,
                posting.credit,
                now
            ],
        )
        .await?;
    }
    Ok(())
}

/// A person's last word on one content: who approved it may still reject it.
async fn vote(
    tx: &mut Tx,
    claim: &Claim,
    digest: &Digest,
    decision: &str,
    signature: Option<&str>,
    context: &ClaimContext,
) -> Result<(), StoreError> {
    let mut statement = Statement::new(
        "INSERT INTO claim_approval (claim_id, revision, digest, person, decision, signature, decided_at) VALUES ",
    );
    statement.bind_rows(vec![vec![
        claim.id.as_str().into_value(),
        claim.revision.into_value(),
        digest.to_string().into_value(),
        context.actor.name.as_str().into_value(),
        decision.into_value(),
        signature.into_value(),
        context.now.into_value(),
    ]]);
    if decision == "reject" {
        statement.push(
            " ON CONFLICT (claim_id, revision, digest, person) DO UPDATE SET decision = excluded.decision,
                signature = NULL, decided_at = excluded.decided_at",
        );
    }
    tx.run_statement(statement).await?;
    Ok(())
}
