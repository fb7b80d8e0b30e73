//! The stable machine shapes: what other programs may rely on. Amounts are strings, times RFC 3339 UTC, enum values
//! snake_case.

use crate::quote_page::TermsView;
use recover_core::appeal::{MatchOutcome, MatchReason};
use recover_core::claim::Claim;
use recover_core::deposit::Deposit;
use recover_core::memo::MemoFinding;
use recover_core::time::Timestamp;
use recover_core::verdict::Verdict;
use recover_core::wire::{AcceptanceJson, CorrectionJson, UnwindingJson, WaiverJson};
use recover_engine::config::NetworkConfig;
use recover_engine::explain;
use serde::Serialize;

/// One network of `chains list`.
#[derive(Debug, Serialize)]
pub struct NetworkView {
    pub name: String,
    pub family: &'static str,
    pub caip2: String,
    pub native: String,
    pub deposits: &'static str,
    pub recovery: &'static str,
}

impl NetworkView {
    pub fn of(network: &NetworkConfig) -> Self {
        Self {
            name: network.id.to_string(),
            family: network.family.code(),
            caip2: network.caip2.clone(),
            native: network.native.terms.symbol.clone(),
            deposits: network.deposits.code(),
            recovery: network.recovery.code(),
        }
    }

    pub const COLUMNS: &'static [&'static str] =
        &["name", "family", "caip2", "native", "deposits", "recovery"];

    pub fn cells(&self) -> Vec<String> {
        vec![
            self.name.clone(),
            self.family.to_owned(),
            self.caip2.clone(),
            self.native.clone(),
            self.deposits.to_owned(),
            self.recovery.to_owned(),
        ]
    }
}

/// One deposit of `deposits list`.
#[derive(Debug, Serialize)]
pub struct DepositView {
    pub id: String,
    pub network: String,
    pub tx_id: String,
    pub position: String,
    pub block_height: Option<u64>,
    pub block_time: Option<String>,
    pub from: Option<String>,
    pub to: String,
    pub asset: String,
    pub amount: String,
    pub amount_decimal: String,
    pub memo: Option<String>,
    pub kind: &'static str,
    pub also: Vec<&'static str>,
    pub flags: Vec<&'static str>,
    pub verdict: &'static str,
    pub status: &'static str,
    /// For tables only: the detail of the verdict and the symbol stand in `deposits show`.
    #[serde(skip)]
    pub verdict_text: String,
    #[serde(skip)]
    pub symbol: String,
    /// For tables only: whom the memo seems to mean; `deposits show` says why.
    #[serde(skip)]
    pub proposed_owner: Option<String>,
}

impl DepositView {
    pub fn of(deposit: &Deposit) -> Self {
        let classification = &deposit.classification;
        Self {
            id: deposit.id().to_string(),
            network: deposit.network().to_string(),
            tx_id: deposit.tx_id().to_string(),
            position: deposit.position().to_owned(),
            block_height: deposit.block_height().map(|height| height.0),
            block_time: deposit.block_time().map(|time| time.to_string()),
            from: deposit.from().map(str::to_owned),
            to: deposit.to().to_owned(),
            asset: deposit.asset().to_string(),
            amount: deposit.amount().to_base_units(),
            amount_decimal: deposit.amount_text(),
            memo: deposit.memo_text(),
            kind: classification.kind.code(),
            also: classification.also.iter().map(|kind| kind.code()).collect(),
            flags: deposit.flags().iter().map(|flag| flag.code()).collect(),
            verdict: classification.verdict.code(),
            status: deposit.status.code(),
            verdict_text: classification.verdict.to_string(),
            symbol: symbol_of(deposit),
            proposed_owner: classification
                .memo
                .as_ref()
                .and_then(|finding| finding.proposed.clone()),
        }
    }

    /// The columns of the CSV form: the keys of the JSON form.
    pub const CSV_COLUMNS: &'static [&'static str] = &[
        "id",
        "network",
        "tx_id",
        "position",
        "block_height",
        "block_time",
        "from",
        "to",
        "asset",
        "amount",
        "amount_decimal",
        "memo",
        "kind",
        "also",
        "flags",
        "verdict",
        "status",
    ];

    pub fn csv_cells(&self) -> Vec<String> {
        vec![
            self.id.clone(),
            self.network.clone(),
            self.tx_id.clone(),
            self.position.clone(),
            self.block_height
                .map(|height| height.to_string())
                .unwrap_or_default(),
            self.block_time.clone().unwrap_or_default(),
            self.from.clone().unwrap_or_default(),
            self.to.clone(),
            self.asset.clone(),
            self.amount.clone(),
            self.amount_decimal.clone(),
            self.memo.clone().unwrap_or_default(),
            self.kind.to_owned(),
            self.also.join(" "),
            self.flags.join(" "),
            self.verdict.to_owned(),
            self.status.to_owned(),
        ]
    }

    /// The columns that a person reads.
    pub const TABLE_COLUMNS: &'static [&'static str] = &[
        "deposit", "network", "time", "amount", "to", "kind", "verdict", "status",
    ];

    pub fn table_cells(&self) -> Vec<String> {
        let flags = if self.flags.is_empty() {
            String::new()
        } else {
            format!("\n({})", self.flags.join(", "))
        };
        let proposed = self
            .proposed_owner
            .as_ref()
            .map_or_else(String::new, |user| format!("\nperhaps {user}'s"));
        vec![
            self.id.clone(),
            self.network.clone(),
            self.block_time
                .clone()
                .unwrap_or_else(|| "unconfirmed".to_owned()),
            format!("{} {}", self.amount_decimal, self.symbol),
            shortened(&self.to),
            format!("{}{flags}{proposed}", self.kind),
            self.verdict_text.replacen(':', "\n", 1),
            self.status.to_owned(),
        ]
    }
}

/// What the routing fields of a deposit say.
#[derive(Debug, Serialize)]
pub struct MemoFindingView {
    pub standing: &'static str,
    pub owner: Option<String>,
    pub proposed_owner: Option<String>,
    pub evidence: Vec<MemoEvidenceView>,
}

/// One finding about a routing field, with the line that a person reads.
#[derive(Debug, Serialize)]
pub struct MemoEvidenceView {
    pub code: &'static str,
    pub place: String,
    pub value: String,
    pub assigned: Option<String>,
    pub user: Option<String>,
    pub text: String,
}

impl MemoFindingView {
    pub fn of(finding: &MemoFinding) -> Self {
        Self {
            standing: finding.standing.code(),
            owner: finding.owner.clone(),
            proposed_owner: finding.proposed.clone(),
            evidence: finding
                .evidence
                .iter()
                .map(|evidence| MemoEvidenceView {
                    code: evidence.sign.code(),
                    place: evidence.place.clone(),
                    value: evidence.value.clone(),
                    assigned: evidence.assigned.clone(),
                    user: evidence.user.clone(),
                    text: explain::memo(evidence),
                })
                .collect(),
        }
    }

    /// The lines that a specialist reads aloud: each finding, then what follows from them.
    pub fn lines(&self) -> Vec<String> {
        let found = self.evidence.iter().map(|evidence| evidence.text.clone());
        let proposed = self.proposed_owner.as_ref().map(|user| {
            format!("perhaps user {user}'s: a person decides, and asks for proof first")
        });
        found.chain(proposed).collect()
    }
}

/// The symbol people read, in question marks' company where no reviewed list vouches for it.
pub fn symbol_of(deposit: &Deposit) -> String {
    match (&deposit.symbol, deposit.decimals_vouched) {
        (Some(symbol), true) => symbol.clone(),
        (Some(symbol), false) => format!("\"{symbol}\" (unverified)"),
        (None, _) => "units".to_owned(),
    }
}

/// An address or id shortened for a narrow column; the whole stands in `show` and in JSON.
pub fn shortened(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    if characters.len() <= 20 {
        return text.to_owned();
    }
    let head: String = characters.iter().take(10).collect();
    let tail: String = characters
        .iter()
        .skip(characters.len().saturating_sub(8))
        .collect();
    format!("{head}…{tail}")
}

/// One reason of `match`.
#[derive(Debug, Serialize)]
pub struct ReasonView {
    pub field: String,
    pub verdict: String,
    pub weight: i32,
    pub detail: String,
}

/// One line of `match`.
#[derive(Debug, Serialize)]
pub struct MatchView {
    pub appeal_id: String,
    pub deposit_id: Option<String>,
    pub decision: &'static str,
    pub tier: &'static str,
    pub score: serde_json::Number,
    pub identify_bits: serde_json::Number,
    pub entitle_bits: serde_json::Number,
    pub entitled_by: Vec<&'static str>,
    pub ask: Option<&'static str>,
    pub reasons: Vec<ReasonView>,
}

impl MatchView {
    pub fn of(outcome: &MatchOutcome) -> anyhow::Result<Self> {
        Ok(Self {
            appeal_id: outcome.appeal.to_string(),
            deposit_id: outcome.deposit.as_ref().map(ToString::to_string),
            decision: outcome.decision.code(),
            tier: outcome.tier.code(),
            score: score(outcome.score_ppb)?,
            identify_bits: bits(outcome.identify)?,
            entitle_bits: bits(outcome.entitle)?,
            entitled_by: outcome.entitled_by.iter().map(|of| of.code()).collect(),
            ask: outcome.ask.map(|ask| ask.code()),
            reasons: outcome
                .reasons
                .iter()
                .map(
                    |MatchReason {
                         field,
                         verdict,
                         weight,
                         detail,
                     }| ReasonView {
                        field: field.clone(),
                        verdict: verdict.clone(),
                        weight: *weight,
                        detail: detail.clone(),
                    },
                )
                .collect(),
        })
    }

    /// What spoke for or against it in a few words. What was not stated says nothing that a person would act on; a rival does,
    /// also where its weight is in the score and not in bits.
    #[must_use]
    pub fn because(&self) -> String {
        let said = self.reasons.iter().filter(|reason| {
            reason.field == "rival" || (reason.weight != 0 && reason.verdict != "absent")
        });
        said.map(|reason| format!("{} {}", reason.field, reason.verdict))
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// Every reason with its bits and its detail, one a line.
    #[must_use]
    pub fn explained(&self) -> String {
        let lines = self.reasons.iter().map(|reason| {
            format!(
                "{} {} ({:+}): {}",
                reason.field, reason.verdict, reason.weight, reason.detail
            )
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// Parts per billion as a JSON number in [0, 1], written from its digits.
fn score(ppb: u32) -> anyhow::Result<serde_json::Number> {
    let ppb = ppb.min(recover_core::appeal::SCORE_MAX);
    let text = recover_core::amount::Amount::from_u128(ppb.into()).to_coin_text(9);
    Ok(serde_json::from_str(&text)?)
}

/// 1/1024 bit as a JSON number of bits with three digits behind the point, cut.
fn bits(parts: i32) -> anyhow::Result<serde_json::Number> {
    let thousandths = u128::from(parts.unsigned_abs()) * 1000 / 1024;
    let text = recover_core::amount::Amount::from_u128(thousandths).to_coin_text(3);
    let sign = if parts < 0 && thousandths > 0 {
        "-"
    } else {
        ""
    };
    Ok(serde_json::from_str(&format!("{sign}{text}"))?)
}

/// One claim.
#[derive(Debug, Serialize)]
pub struct ClaimView {
    pub id: String,
    pub deposit_id: String,
    pub appeal_id: Option<String>,
    pub beneficiary: Option<String>,
    pub destination: Option<String>,
    pub resolution: &'static str,
    pub correction: Option<CorrectionJson>,
    pub revision: u32,
    pub status: &'static str,
    pub held: bool,
    pub asset: String,
    pub amount: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waivers: Vec<WaiverJson>,
    /// Of `quote`: the codes of those that the policy in force does not have any more, so that the quote does not count them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waivers_lost: Vec<String>,
    pub quote: Option<QuoteView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acceptance: Option<AcceptanceJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unwinding: Option<UnwindingJson>,
    pub approvals: Vec<ApprovalView>,
    pub digest: String,
    pub opened_by: String,
    pub opened_at: String,
    pub closing_reason: Option<String>,
}

/// A claim's quote.
#[derive(Debug, Serialize)]
pub struct QuoteView {
    pub value: String,
    pub service_fee: String,
    pub network_fee: String,
    pub total_fee: String,
    pub fee_in_asset: String,
    pub net: String,
    pub rule: u32,
    pub policy_version: u32,
    pub expires_at: String,
    /// `null` for a quote of a release that kept no terms.
    pub terms: Option<TermsView>,
}

/// One vote.
#[derive(Debug, Serialize)]
pub struct ApprovalView {
    pub person: String,
    pub digest: String,
    pub approved_at: String,
}

impl ClaimView {
    pub fn of(claim: &Claim) -> Self {
        Self {
            id: claim.id.to_string(),
            deposit_id: claim.deposit.to_string(),
            appeal_id: claim.appeal.as_ref().map(ToString::to_string),
            beneficiary: claim.beneficiary.clone(),
            destination: claim.destination.clone(),
            resolution: claim.resolution.code(),
            correction: claim.correction.as_ref().map(CorrectionJson::of),
            revision: claim.revision,
            status: claim.status.code(),
            held: claim.hold.is_some(),
            asset: claim.asset.to_string(),
            amount: claim.amount.to_base_units(),
            waivers: claim.waivers.iter().map(WaiverJson::of).collect(),
            waivers_lost: Vec::new(),
            acceptance: claim.acceptance.as_ref().map(AcceptanceJson::of),
            unwinding: claim.unwinding.as_ref().map(UnwindingJson::of),
            quote: claim.quote.as_ref().map(|given| QuoteView {
                value: given.quote.value.to_string(),
                service_fee: given.quote.service_fee.to_string(),
                network_fee: given.quote.network_fee.to_string(),
                total_fee: given.quote.total_fee.to_string(),
                fee_in_asset: given.quote.fee_in_asset.to_base_units(),
                net: given.quote.net.to_base_units(),
                rule: given.quote.rule,
                policy_version: given.policy_version,
                expires_at: given.expires_at.to_string(),
                terms: given.quote.terms.as_deref().map(TermsView::of),
            }),
            approvals: claim
                .approvals
                .iter()
                .map(|approval| ApprovalView {
                    person: approval.person.clone(),
                    digest: approval.digest.to_string(),
                    approved_at: approval.approved_at.to_string(),
                })
                .collect(),
            digest: claim.content_digest().to_string(),
            opened_by: claim.opened_by.clone(),
            opened_at: claim.opened_at.to_string(),
            closing_reason: claim.closing_reason.clone(),
        }
    }
}

/// A verdict with its detail and steps.
#[derive(Debug, Serialize)]
pub struct VerdictView {
    pub code: &'static str,
    pub detail: &'static str,
    pub steps: Vec<StepView>,
}

/// One step of a verdict.
#[derive(Debug, Serialize)]
pub struct StepView {
    pub kind: &'static str,
    pub signer: String,
    pub detail: String,
}

impl VerdictView {
    pub fn of(verdict: &Verdict) -> Self {
        let steps = match verdict {
            Verdict::NeedsDeploy(legs) => legs
                .iter()
                .map(|leg| StepView {
                    kind: leg.kind.code(),
                    signer: leg.signer.clone(),
                    detail: leg.detail.clone(),
                })
                .collect(),
            Verdict::Controllable(_) | Verdict::Conditional(_) | Verdict::NotRecoverable(_) => {
                Vec::new()
            }
        };
        Self {
            code: verdict.code(),
            detail: verdict.detail(),
            steps,
        }
    }
}

/// A time for people: whole seconds, UTC.
pub fn seconds(time: Timestamp) -> String {
    Timestamp::UNIX_EPOCH
        .plus_seconds(time.as_seconds())
        .unwrap_or(time)
        .to_string()
}

/// A time for people; a dash where there is none.
pub fn time_or_dash(time: Option<Timestamp>) -> String {
    time.map_or_else(|| "-".to_owned(), seconds)
}
