//! A command as JSON: what is logged, and what an idempotency key is made of.
//!
//! Long bytes stand as their digest here; the rows that the entry keeps hold them in full.

use crate::sql::json;
use recover_core::appeal::AppealId;
use recover_core::block::{BlockRef, TxId};
use recover_core::claim::{Acknowledged, ClaimQuote, Command, Evidence, OpenRequest, Sighting};
use recover_core::digest::{Digest, Encoder};
use recover_core::wire::{CorrectionJson, LegJson, PlanJson, TermsJson};
use serde::Serialize;

/// What a command says; what it does not say is left out.
#[derive(Default, Serialize)]
struct SaidJson<'a> {
    command: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waiver: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<EvidenceJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quote: Option<QuoteJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<PlanJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    appeal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    beneficiary: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolution: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    correction: Option<CorrectionJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    leg: Option<LegJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unsigned: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signed: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signer_key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tx_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    block: Option<BlockJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fee: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proof: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answers: Option<Vec<AnswerJson<'a>>>,
}

#[derive(Serialize)]
struct QuoteJson {
    value: String,
    service_fee: String,
    network_fee: String,
    total_fee: String,
    fee_in_asset: String,
    net: String,
    rule: u32,
    policy_version: u32,
    policy_digest: String,
    price_ids: Vec<String>,
    quoted_at: String,
    expires_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    terms: Option<TermsJson>,
}

#[derive(Serialize)]
struct EvidenceJson<'a> {
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<u64>,
}

#[derive(Serialize)]
struct BlockJson<'a> {
    height: u64,
    hash: &'a str,
    time: String,
}

#[derive(Serialize)]
struct AnswerJson<'a> {
    instruction: &'a str,
    entry: &'a str,
    asset: String,
    amount: String,
}

/// The digest that stands for bytes.
fn bytes_digest(bytes: &[u8]) -> Digest {
    Encoder::new("recover/bytes/1")
        .field(&hex::encode(bytes))
        .finish()
}

fn quote(quote: &ClaimQuote) -> QuoteJson {
    QuoteJson {
        value: quote.quote.value.to_string(),
        service_fee: quote.quote.service_fee.to_string(),
        network_fee: quote.quote.network_fee.to_string(),
        total_fee: quote.quote.total_fee.to_string(),
        fee_in_asset: quote.quote.fee_in_asset.to_base_units(),
        net: quote.quote.net.to_base_units(),
        rule: quote.quote.rule,
        policy_version: quote.policy_version,
        policy_digest: quote.policy_digest.to_string(),
        price_ids: quote.price_ids.clone(),
        quoted_at: quote.quoted_at.to_string(),
        expires_at: quote.expires_at.to_string(),
        terms: quote.quote.terms.as_deref().map(TermsJson::of),
    }
}

fn answer(answer: &Acknowledged) -> AnswerJson<'_> {
    AnswerJson {
        instruction: &answer.instruction,
        entry: &answer.entry,
        asset: answer.asset.to_string(),
        amount: answer.amount.to_base_units(),
    }
}

/// What opening a claim says.
pub(super) fn open(request: &OpenRequest) -> String {
    json(&SaidJson {
        command: "open",
        appeal: request.appeal.as_ref().map(AppealId::as_str),
        beneficiary: request.beneficiary.as_deref(),
        destination: request.destination.as_deref(),
        resolution: request.resolution.map(|resolution| resolution.code()),
        correction: request.correction.as_ref().map(CorrectionJson::of),
        ..SaidJson::default()
    })
}

/// What a command says.
pub(super) fn step(command: &Command) -> String {
    let said = SaidJson {
        command: command.code(),
        ..SaidJson::default()
    };
    json(&match command {
        Command::Quote {
            quote: frozen,
            plan,
        } => SaidJson {
            quote: Some(quote(frozen)),
            plan: plan.as_ref().map(PlanJson::of),
            ..said
        },
        Command::Approve { digest, signature } => SaidJson {
            digest: Some(digest.to_string()),
            signature: signature.as_deref(),
            ..said
        },
        Command::Waive { waiver, note } => SaidJson {
            waiver: Some(&waiver.code),
            reason: Some(note),
            ..said
        },
        Command::Accept {
            evidence: Evidence { text, file },
        } => SaidJson {
            evidence: Some(EvidenceJson {
                text,
                sha256: file.as_ref().map(|file| file.sha256.to_string()),
                length: file.as_ref().map(|file| file.length),
            }),
            ..said
        },
        Command::Screen { clear: _, reason }
        | Command::Unwind { reason }
        | Command::Decline { reason }
        | Command::Reject { reason }
        | Command::Cancel { reason }
        | Command::Invalidate { reason } => SaidJson {
            reason: Some(reason),
            ..said
        },
        Command::Prepare {
            transaction,
            expires_at,
        } => SaidJson {
            leg: Some(LegJson::of(transaction.of())),
            unsigned: Some(bytes_digest(transaction.bytes()).to_string()),
            expires_at: Some(expires_at.to_string()),
            ..said
        },
        Command::Export { expires_at } | Command::Instruct { expires_at } => SaidJson {
            expires_at: Some(expires_at.to_string()),
            ..said
        },
        Command::Import { signed } => SaidJson {
            signed: Some(bytes_digest(&signed.bytes).to_string()),
            unsigned: Some(bytes_digest(&signed.unsigned).to_string()),
            signer: Some(&signed.signer),
            signer_key: signed.signer_key.as_deref(),
            tx_id: Some(signed.tx_id.as_str()),
            ..said
        },
        Command::Sight(sighting) => seen(said, sighting),
        Command::Acknowledge { answers } => SaidJson {
            answers: Some(answers.iter().map(answer).collect()),
            ..said
        },
        Command::ExpireQuote | Command::LapseVotes | Command::Send | Command::Sent => said,
    })
}

fn seen<'a>(said: SaidJson<'a>, sighting: &'a Sighting) -> SaidJson<'a> {
    let of = |tx_id: &'a TxId| Some(tx_id.as_str());
    let at = |block: &'a BlockRef| {
        Some(BlockJson {
            height: block.height.0,
            hash: block.hash.as_str(),
            time: block.time.to_string(),
        })
    };
    match sighting {
        Sighting::Pending { tx_id } => SaidJson {
            tx_id: of(tx_id),
            ..said
        },
        Sighting::Included { tx_id, block } => SaidJson {
            tx_id: of(tx_id),
            block: at(block),
            ..said
        },
        Sighting::Final { tx_id, block, fee } | Sighting::Failed { tx_id, block, fee } => {
            SaidJson {
                tx_id: of(tx_id),
                block: at(block),
                fee: Some(fee.to_base_units()),
                ..said
            }
        }
        Sighting::Vanished => said,
        Sighting::Replaced { proof } | Sighting::Expired { proof } => SaidJson {
            proof: Some(proof),
            ..said
        },
        Sighting::Different { tx_id, detail } => SaidJson {
            tx_id: of(tx_id),
            reason: Some(detail),
            ..said
        },
    }
}
