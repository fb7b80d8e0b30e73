//! The JSON forms of what leaves the program and comes back: a plan, and the content of a claim that people vote on.
//!
//! Amounts and times are text, bytes are lower-case hexadecimal, unknown keys are refused. A claim that is read back from its
//! content has the digest that was voted on, or it is another content.

use crate::amount::Amount;
use crate::appeal::AppealId;
use crate::asset::AssetId;
use crate::block::{BlockHash, TxId};
use crate::claim::{
    Claim, ClaimId, ClaimQuote, ClaimStatus, Correction, Execution, Resolution, Screening,
};
use crate::digest::Digest;
use crate::fee::{Cents, Quote};
use crate::memo::{Memo, MemoKind};
use crate::network::NetworkId;
use crate::observation::DepositId;
use crate::plan::{Instruction, InstructionKind, Leg, LegKind, Plan, Rest, Spend, Step};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

mod consent;
mod terms;

pub use consent::{AcceptanceJson, UnwindingJson, WaiverJson};
pub use terms::TermsJson;

/// A field that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} cannot be read: {value:?}")]
pub struct WireError {
    /// Which field.
    pub field: &'static str,
    /// What stands there.
    pub value: String,
}

fn parsed<T>(
    field: &'static str,
    text: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<T, WireError> {
    parse(text).ok_or_else(|| WireError {
        field,
        value: text.to_owned(),
    })
}

fn amount(field: &'static str, text: &str) -> Result<Amount, WireError> {
    parsed(field, text, |text| Amount::from_base_units(text).ok())
}

fn asset(field: &'static str, text: &str) -> Result<AssetId, WireError> {
    parsed(field, text, AssetId::parse)
}

fn bytes(field: &'static str, text: &str) -> Result<Vec<u8>, WireError> {
    parsed(field, text, |text| {
        let plain = !text.bytes().any(|byte| byte.is_ascii_uppercase());
        plain.then(|| hex::decode(text).ok()).flatten()
    })
}

/// A memo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemoJson {
    kind: String,
    raw: String,
    place: String,
}

/// A leg; see [`Leg`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LegJson {
    kind: String,
    network: String,
    chain: String,
    signer: String,
    signer_key: Option<String>,
    target: String,
    recipient: String,
    memo: Option<MemoJson>,
    asset: String,
    amount: String,
    call: Option<String>,
    route: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    spend: Option<SpendJson>,
    fee_max: String,
}

/// The output that a leg spends; see [`Spend`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpendJson {
    tx_id: String,
    index: u32,
    amount: String,
    descriptor: Option<String>,
    inscription: bool,
    rest: Option<RestJson>,
}

/// The second output of a leg; see [`Rest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RestJson {
    recipient: String,
    amount: String,
}

impl SpendJson {
    fn of(spend: &Spend) -> Self {
        let Spend {
            tx_id,
            index,
            amount,
            descriptor,
            inscription,
            rest,
        } = spend;
        Self {
            tx_id: tx_id.to_string(),
            index: *index,
            amount: amount.to_base_units(),
            descriptor: descriptor.clone(),
            inscription: *inscription,
            rest: rest.as_ref().map(|Rest { recipient, amount }| RestJson {
                recipient: recipient.clone(),
                amount: amount.to_base_units(),
            }),
        }
    }

    fn read(&self) -> Result<Spend, WireError> {
        let rest = self.rest.as_ref().map(|rest| {
            Ok(Rest {
                recipient: rest.recipient.clone(),
                amount: amount("spend.rest.amount", &rest.amount)?,
            })
        });
        Ok(Spend {
            tx_id: TxId::new(&self.tx_id),
            index: self.index,
            amount: amount("spend.amount", &self.amount)?,
            descriptor: self.descriptor.clone(),
            inscription: self.inscription,
            rest: rest.transpose()?,
        })
    }
}

impl LegJson {
    /// The form of a leg.
    #[must_use]
    pub fn of(leg: &Leg) -> Self {
        let Leg {
            kind,
            network,
            chain,
            signer,
            signer_key,
            target,
            recipient,
            memo,
            asset,
            amount,
            call,
            route,
            spend,
            fee_max,
        } = leg;
        Self {
            kind: kind.code().to_owned(),
            network: network.to_string(),
            chain: chain.clone(),
            signer: signer.clone(),
            signer_key: signer_key.clone(),
            target: target.clone(),
            recipient: recipient.clone(),
            memo: memo.as_ref().map(|memo| MemoJson {
                kind: memo.kind.code().to_owned(),
                raw: hex::encode(&memo.raw),
                place: memo.place.clone(),
            }),
            asset: asset.to_string(),
            amount: amount.to_base_units(),
            call: call.as_ref().map(hex::encode),
            route: route.clone(),
            spend: spend.as_deref().map(SpendJson::of),
            fee_max: fee_max.to_base_units(),
        }
    }

    /// The leg.
    ///
    /// # Errors
    /// The first field that cannot be read.
    pub fn read(&self) -> Result<Leg, WireError> {
        let memo = match &self.memo {
            None => None,
            Some(memo) => Some(Memo {
                kind: parsed("memo.kind", &memo.kind, MemoKind::from_code)?,
                raw: bytes("memo.raw", &memo.raw)?,
                place: memo.place.clone(),
            }),
        };
        Ok(Leg {
            kind: parsed("kind", &self.kind, LegKind::from_code)?,
            network: NetworkId::new(&self.network),
            chain: self.chain.clone(),
            signer: self.signer.clone(),
            signer_key: self.signer_key.clone(),
            target: self.target.clone(),
            recipient: self.recipient.clone(),
            memo,
            asset: asset("asset", &self.asset)?,
            amount: amount("amount", &self.amount)?,
            call: self
                .call
                .as_deref()
                .map(|call| bytes("call", call))
                .transpose()?,
            route: self.route.clone(),
            spend: self
                .spend
                .as_ref()
                .map(SpendJson::read)
                .transpose()?
                .map(Box::new),
            fee_max: amount("fee_max", &self.fee_max)?,
        })
    }
}

/// An instruction; see [`Instruction`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstructionJson {
    kind: String,
    user: Option<String>,
    asset: String,
    amount: String,
    entry: Option<String>,
}

impl InstructionJson {
    /// The form of an instruction.
    #[must_use]
    pub fn of(instruction: &Instruction) -> Self {
        let Instruction {
            kind,
            user,
            asset,
            amount,
            entry,
        } = instruction;
        Self {
            kind: kind.code().to_owned(),
            user: user.clone(),
            asset: asset.to_string(),
            amount: amount.to_base_units(),
            entry: entry.clone(),
        }
    }

    /// The instruction.
    ///
    /// # Errors
    /// The first field that cannot be read.
    pub fn read(&self) -> Result<Instruction, WireError> {
        Ok(Instruction {
            kind: parsed("kind", &self.kind, InstructionKind::from_code)?,
            user: self.user.clone(),
            asset: asset("asset", &self.asset)?,
            amount: amount("amount", &self.amount)?,
            entry: self.entry.clone(),
        })
    }
}

/// A step; see [`Step`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum StepJson {
    /// A transaction.
    Send(Box<LegJson>),
    /// Ledger instructions.
    Instruct(Vec<InstructionJson>),
}

/// A plan; see [`Plan`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanJson {
    steps: Vec<StepJson>,
}

impl PlanJson {
    /// The form of a plan.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        let steps = plan.steps.iter().map(|step| match step {
            Step::Send(leg) => StepJson::Send(Box::new(LegJson::of(leg))),
            Step::Instruct(list) => {
                StepJson::Instruct(list.iter().map(InstructionJson::of).collect())
            }
        });
        Self {
            steps: steps.collect(),
        }
    }

    /// The plan.
    ///
    /// # Errors
    /// The first field that cannot be read.
    pub fn read(&self) -> Result<Plan, WireError> {
        let steps = self.steps.iter().map(|step| {
            Ok(match step {
                StepJson::Send(leg) => Step::Send(Box::new(leg.read()?)),
                StepJson::Instruct(list) => Step::Instruct(
                    list.iter()
                        .map(InstructionJson::read)
                        .collect::<Result<_, _>>()?,
                ),
            })
        });
        Ok(Plan {
            steps: steps.collect::<Result<_, WireError>>()?,
        })
    }
}

/// A quote with what it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuoteJson {
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
    /// Microseconds since 1970, UTC.
    expires_at: i64,
    /// Left out where there are none: files of before stay as they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    terms: Option<TermsJson>,
}

/// The clearance that put a claim up for approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScreeningJson {
    clear: bool,
    person: String,
    /// Microseconds since 1970, UTC.
    decided_at: i64,
}

/// The booking that a claim corrects; see [`Correction`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorrectionJson {
    entry: String,
    counterparty: String,
}

impl CorrectionJson {
    /// The form of a correction.
    #[must_use]
    pub fn of(correction: &Correction) -> Self {
        let Correction {
            entry,
            counterparty,
        } = correction.clone();
        Self {
            entry,
            counterparty,
        }
    }

    /// The correction.
    #[must_use]
    pub fn read(&self) -> Correction {
        Correction {
            entry: self.entry.clone(),
            counterparty: self.counterparty.clone(),
        }
    }
}

/// Everything of a claim that its digest covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContentJson {
    id: String,
    revision: u32,
    deposit: String,
    deposit_block: Option<String>,
    asset: String,
    amount: String,
    appeal: Option<String>,
    beneficiary: Option<String>,
    destination: Option<String>,
    resolution: String,
    /// Left out where there is none: files of before stay as they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    correction: Option<CorrectionJson>,
    opened_by: String,
    quote: Option<QuoteJson>,
    screening: Option<ScreeningJson>,
    plan: Option<PlanJson>,
    /// These three are left out where there are none: files of before stay as they were.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    waivers: Vec<WaiverJson>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    acceptance: Option<AcceptanceJson>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unwinding: Option<UnwindingJson>,
}

impl ContentJson {
    /// The content of a claim.
    #[must_use]
    pub fn of(claim: &Claim) -> Self {
        Self {
            id: claim.id.to_string(),
            revision: claim.revision,
            deposit: claim.deposit.as_str().to_owned(),
            deposit_block: claim
                .deposit_block
                .as_ref()
                .map(|block| block.as_str().to_owned()),
            asset: claim.asset.to_string(),
            amount: claim.amount.to_base_units(),
            appeal: claim
                .appeal
                .as_ref()
                .map(|appeal| appeal.as_str().to_owned()),
            beneficiary: claim.beneficiary.clone(),
            destination: claim.destination.clone(),
            resolution: claim.resolution.code().to_owned(),
            correction: claim.correction.as_ref().map(CorrectionJson::of),
            opened_by: claim.opened_by.clone(),
            quote: claim.quote.as_ref().map(|frozen| QuoteJson {
                value: frozen.quote.value.to_string(),
                service_fee: frozen.quote.service_fee.to_string(),
                network_fee: frozen.quote.network_fee.to_string(),
                total_fee: frozen.quote.total_fee.to_string(),
                fee_in_asset: frozen.quote.fee_in_asset.to_base_units(),
                net: frozen.quote.net.to_base_units(),
                rule: frozen.quote.rule,
                policy_version: frozen.policy_version,
                policy_digest: frozen.policy_digest.to_string(),
                price_ids: frozen.price_ids.clone(),
                expires_at: frozen.expires_at.as_micros(),
                terms: frozen.quote.terms.as_deref().map(TermsJson::of),
            }),
            screening: claim.screening.as_ref().map(|screening| ScreeningJson {
                clear: screening.clear,
                person: screening.person.clone(),
                decided_at: screening.decided_at.as_micros(),
            }),
            plan: claim.plan.as_ref().map(PlanJson::of),
            waivers: claim.waivers.iter().map(WaiverJson::of).collect(),
            acceptance: claim.acceptance.as_ref().map(AcceptanceJson::of),
            unwinding: claim.unwinding.as_ref().map(UnwindingJson::of),
        }
    }

    /// A claim with this content and nothing else: what its digest does not cover is empty.
    ///
    /// # Errors
    /// The first field that cannot be read.
    pub fn read(&self) -> Result<Claim, WireError> {
        let cents = |field, text: &str| parsed(field, text, |text| Cents::parse(text).ok());
        let quote = match &self.quote {
            None => None,
            Some(json) => Some(ClaimQuote {
                quote: Quote {
                    value: cents("quote.value", &json.value)?,
                    service_fee: cents("quote.service_fee", &json.service_fee)?,
                    network_fee: cents("quote.network_fee", &json.network_fee)?,
                    total_fee: cents("quote.total_fee", &json.total_fee)?,
                    fee_in_asset: amount("quote.fee_in_asset", &json.fee_in_asset)?,
                    net: amount("quote.net", &json.net)?,
                    rule: json.rule,
                    terms: json
                        .terms
                        .as_ref()
                        .map(|terms| terms.read().map(Box::new))
                        .transpose()?,
                },
                policy_version: json.policy_version,
                policy_digest: parsed("quote.policy_digest", &json.policy_digest, Digest::parse)?,
                price_ids: json.price_ids.clone(),
                quoted_at: Timestamp::default(),
                expires_at: Timestamp::from_micros(json.expires_at),
            }),
        };
        Ok(Claim {
            id: ClaimId::verbatim(&self.id),
            deposit: DepositId::verbatim(&self.deposit),
            deposit_block: self.deposit_block.as_deref().map(BlockHash::new),
            asset: asset("asset", &self.asset)?,
            amount: amount("amount", &self.amount)?,
            appeal: self.appeal.as_deref().map(AppealId::verbatim),
            beneficiary: self.beneficiary.clone(),
            destination: self.destination.clone(),
            resolution: parsed("resolution", &self.resolution, Resolution::from_code)?,
            correction: self.correction.as_ref().map(CorrectionJson::read),
            revision: self.revision,
            status: ClaimStatus::PendingApproval,
            hold: None,
            waivers: self.waivers.iter().map(WaiverJson::read).collect(),
            quote,
            acceptance: self
                .acceptance
                .as_ref()
                .map(AcceptanceJson::read)
                .transpose()?,
            plan: self.plan.as_ref().map(PlanJson::read).transpose()?,
            unwinding: self
                .unwinding
                .as_ref()
                .map(UnwindingJson::read)
                .transpose()?,
            screening: self.screening.as_ref().map(|json| Screening {
                clear: json.clear,
                person: json.person.clone(),
                reason: String::new(),
                decided_at: Timestamp::from_micros(json.decided_at),
            }),
            rescreening: None,
            approvals: Vec::new(),
            approved: None,
            execution: Execution::default(),
            involved: BTreeSet::new(),
            opened_by: self.opened_by.clone(),
            opened_at: Timestamp::default(),
            closing_reason: None,
        })
    }
}
