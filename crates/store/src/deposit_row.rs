//! A deposit as a row and back, losing nothing.

use crate::error::StoreError;
use crate::payload_column;
use crate::sql::{self, IntoValue as _, Row, RowOf, Value, json, values};
use recover_core::asset::AssetId;
use recover_core::block::{BlockHash, BlockRef, TxId};
use recover_core::deposit::{
    Classification, Deposit, DepositStatus, ImportedDeposit, Origin, Queue,
};
use recover_core::kind::Kind;
use recover_core::memo::{Memo, MemoEvidence, MemoFinding, MemoKind, MemoSign, MemoStanding};
use recover_core::observation::{DepositId, Flag, Mechanism, Observation, Outcome, Position};
use recover_core::time::Timestamp;
use recover_core::verdict::{DeployLeg, DeployLegKind, How, Missing, Reason, Verdict};
use serde::{Deserialize, Serialize};

/// A deposit with what the store knows beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDeposit {
    /// The deposit.
    pub deposit: Deposit,
    /// Where a person meets it.
    pub queue: Queue,
    /// Its value in cents of the policy's currency and the price row behind it, for sorting; `None` without a price.
    pub value: Option<(i64, String)>,
    /// When a rewind put it in doubt; `None` while it stands.
    pub suspect_at: Option<Timestamp>,
    /// When it was first stored.
    pub first_seen_at: Timestamp,
    /// When anything of it last changed.
    pub updated_at: Timestamp,
}

/// Whether a claim on it decides its status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClaimState {
    Open,
    Settled,
}

impl ClaimState {
    pub(crate) fn from_code(code: &str) -> Option<Self> {
        match code {
            "open" => Some(Self::Open),
            "settled" => Some(Self::Settled),
            _ => None,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct MemoJson {
    kind: String,
    raw: String,
    place: String,
}

#[derive(Serialize, Deserialize)]
struct DeployLegJson {
    kind: String,
    signer: String,
    detail: String,
}

#[derive(Serialize, Deserialize)]
struct FindingJson {
    standing: String,
    owner: Option<String>,
    proposed: Option<String>,
    evidence: Vec<EvidenceJson>,
}

#[derive(Serialize, Deserialize)]
struct EvidenceJson {
    sign: String,
    place: String,
    value: String,
    assigned: Option<String>,
    user: Option<String>,
}

/// The columns that a deposit itself fills, in the order of [`deposit_values`].
pub(crate) const DEPOSIT_COLUMNS: &str = "id, origin, network, tx_id, position, block_height, block_hash, block_time,
    from_payload, from_text, to_payload, to_text, asset, amount, amount_stated, balance_delta, memos, mechanism, outcome,
    flags, imported_memo, orphan_reason, decimals, decimals_vouched, symbol, kind, also, verdict, verdict_detail,
    verdict_legs, owner, status, queue, memo_finding";

/// The columns that the store adds.
pub(crate) const STORE_COLUMNS: &str =
    "claim_state, value_cents, price_id, suspect_at, first_seen_at, updated_at";

pub(crate) fn deposit_values(
    deposit: &Deposit,
    status: DepositStatus,
) -> Result<Vec<Value>, StoreError> {
    let id = deposit.id();
    let mut row = match &deposit.origin {
        Origin::Observed(observation) => {
            let block = observation.block.as_ref();
            let memos: Vec<MemoJson> = observation
                .memos
                .iter()
                .map(|memo| MemoJson {
                    kind: memo.kind.code().to_owned(),
                    raw: hex::encode(&memo.raw),
                    place: memo.place.clone(),
                })
                .collect();
            let flags: Vec<&str> = observation.flags.iter().map(|flag| flag.code()).collect();
            let from = observation.from.as_ref();
            values![
                &id,
                "observed",
                &observation.network,
                &observation.tx_id,
                observation.position.as_str(),
                block.map(|block| sql::height(block.height)).transpose()?,
                block.map(|block| &block.hash),
                block.map(|block| block.time),
                from.map(|from| payload_column::encode(&from.payload()))
                    .transpose()?,
                from.map(|from| from.text()),
                Some(payload_column::encode(&observation.to.payload())?),
                observation.to.text(),
                &observation.asset,
                observation.amount,
                Some(observation.amount_stated),
                observation.balance_delta,
                json(&memos),
                Some(observation.mechanism.code()),
                Some(observation.outcome.code()),
                json(&flags),
                None::<String>,
                None::<String>,
            ]
        }
        Origin::Imported(imported) => values![
            &id,
            "imported",
            &imported.network,
            &imported.tx_id,
            &imported.position,
            imported.block_height.map(sql::height).transpose()?,
            None::<String>,
            imported.block_time,
            None::<Vec<u8>>,
            imported.from.as_deref(),
            None::<Vec<u8>>,
            &imported.to,
            &imported.asset,
            imported.amount,
            None::<recover_core::amount::Amount>,
            None::<recover_core::amount::Amount>,
            "[]",
            None::<String>,
            None::<String>,
            "[]",
            imported.memo.as_deref(),
            imported.orphan_reason.as_deref(),
        ],
    };
    row.extend(classification_values(deposit, status));
    Ok(row)
}

/// From `decimals` to `memo_finding`: what a re-classification writes.
pub(crate) fn classification_values(deposit: &Deposit, status: DepositStatus) -> Vec<Value> {
    let classification = &deposit.classification;
    let also: Vec<&str> = classification.also.iter().map(|kind| kind.code()).collect();
    let legs: Vec<DeployLegJson> = match &classification.verdict {
        Verdict::NeedsDeploy(legs) => legs
            .iter()
            .map(|leg| DeployLegJson {
                kind: leg.kind.code().to_owned(),
                signer: leg.signer.clone(),
                detail: leg.detail.clone(),
            })
            .collect(),
        _ => Vec::new(),
    };
    vec![
        deposit.decimals.into_value(),
        deposit.decimals_vouched.into_value(),
        deposit.symbol.as_deref().into_value(),
        classification.kind.code().into_value(),
        json(&also).into_value(),
        classification.verdict.code().into_value(),
        classification.verdict.detail().into_value(),
        json(&legs).into_value(),
        classification.owner.as_deref().into_value(),
        status.code().into_value(),
        Queue::of(classification).code().into_value(),
        classification
            .memo
            .as_ref()
            .map(|finding| json(&finding_json(finding)))
            .into_value(),
    ]
}

fn finding_json(finding: &MemoFinding) -> FindingJson {
    FindingJson {
        standing: finding.standing.code().to_owned(),
        owner: finding.owner.clone(),
        proposed: finding.proposed.clone(),
        evidence: finding
            .evidence
            .iter()
            .map(|evidence| EvidenceJson {
                sign: evidence.sign.code().to_owned(),
                place: evidence.place.clone(),
                value: evidence.value.clone(),
                assigned: evidence.assigned.clone(),
                user: evidence.user.clone(),
            })
            .collect(),
    }
}

/// The first routing field of a credit that is there, as text: what [`Deposit::memo_text`] says of an observation.
pub(crate) fn first_memo(row: &RowOf<'_>) -> Result<Option<String>, StoreError> {
    // Most have none, and none is quickly read.
    if row.text("memos")? == "[]" {
        return Ok(None);
    }
    let memos = row.json::<Vec<MemoJson>>("memos")?;
    let there = memos
        .into_iter()
        .find(|memo| memo.kind != MemoKind::Absent.code());
    there
        .map(|memo| {
            let raw = hex::decode(&memo.raw)
                .map_err(|_| row.bad("memos", "holds no hexadecimal digits"))?;
            Ok(String::from_utf8(raw).unwrap_or_else(|error| hex::encode(error.as_bytes())))
        })
        .transpose()
}

pub(crate) fn memo_finding(row: &RowOf<'_>) -> Result<Option<MemoFinding>, StoreError> {
    if row.text_or_null("memo_finding")?.is_none() {
        return Ok(None);
    }
    let unknown = || {
        row.bad(
            "memo_finding",
            "holds a code that this version does not know",
        )
    };
    let stored = row.json::<FindingJson>("memo_finding")?;
    let mut evidence = Vec::with_capacity(stored.evidence.len());
    for one in stored.evidence {
        evidence.push(MemoEvidence {
            sign: MemoSign::from_code(&one.sign).ok_or_else(unknown)?,
            place: one.place,
            value: one.value,
            assigned: one.assigned,
            user: one.user,
        });
    }
    Ok(Some(MemoFinding {
        standing: MemoStanding::from_code(&stored.standing).ok_or_else(unknown)?,
        owner: stored.owner,
        proposed: stored.proposed,
        evidence,
    }))
}

pub(crate) fn stored_deposit(row: &Row) -> Result<StoredDeposit, StoreError> {
    let row = row.of("deposit", "id");
    let value = match (
        row.integer_or_null("value_cents")?,
        row.text_or_null("price_id")?,
    ) {
        (Some(cents), Some(price)) => Some((cents, price)),
        _ => None,
    };
    let origin = match row.text("origin")?.as_str() {
        "observed" => Origin::Observed(observation(&row)?),
        "imported" => Origin::Imported(imported(&row)?),
        _ => return Err(row.bad("origin", "holds neither observed nor imported")),
    };
    let deposit = Deposit {
        origin,
        decimals: row.number("decimals")?,
        decimals_vouched: row.flag("decimals_vouched")?,
        symbol: row.text_or_null("symbol")?,
        classification: Classification {
            kind: row.parsed("kind", Kind::from_code)?,
            also: codes(&row, "also", Kind::from_code)?,
            verdict: verdict(&row)?,
            owner: row.text_or_null("owner")?,
            memo: memo_finding(&row)?,
        },
        status: row.parsed("status", DepositStatus::from_code)?,
    };
    if deposit.id().as_str() != row.text("id")? {
        return Err(row.bad("id", "is not the hash of network, transaction and position"));
    }
    Ok(StoredDeposit {
        deposit,
        queue: row.parsed("queue", Queue::from_code)?,
        value,
        suspect_at: row.time_or_null("suspect_at")?,
        first_seen_at: row.time("first_seen_at")?,
        updated_at: row.time("updated_at")?,
    })
}

pub(crate) fn claim_state(row: &RowOf<'_>) -> Result<Option<ClaimState>, StoreError> {
    row.parsed_or_null("claim_state", ClaimState::from_code)
}

fn observation(row: &RowOf<'_>) -> Result<Observation, StoreError> {
    let block = match (
        row.height_or_null("block_height")?,
        row.text_or_null("block_hash")?,
        row.time_or_null("block_time")?,
    ) {
        (Some(height), Some(hash), Some(time)) => Some(BlockRef {
            height,
            hash: BlockHash::new(&hash),
            time,
        }),
        (None, None, None) => None,
        _ => return Err(row.bad("block_hash", "height, hash and time are not all there")),
    };
    let mut memos = Vec::new();
    for memo in row.json::<Vec<MemoJson>>("memos")? {
        memos.push(Memo {
            kind: MemoKind::from_code(&memo.kind)
                .ok_or_else(|| row.bad("memos", "holds an unknown kind of memo"))?,
            raw: hex::decode(&memo.raw)
                .map_err(|_| row.bad("memos", "holds no hexadecimal digits"))?,
            place: memo.place,
        });
    }
    Ok(Observation {
        network: row.network("network")?,
        tx_id: TxId::new(&row.text("tx_id")?),
        position: Position::new(&row.text("position")?),
        block,
        from: payload_column::read_address(row, "from_payload", "from_text")?,
        to: payload_column::read_address(row, "to_payload", "to_text")?
            .ok_or_else(|| row.bad("to_text", "holds nothing"))?,
        asset: row.parsed("asset", AssetId::parse)?,
        amount: row.amount("amount")?,
        amount_stated: row.amount("amount_stated")?,
        balance_delta: row.amount_or_null("balance_delta")?,
        memos,
        mechanism: row.parsed("mechanism", Mechanism::from_code)?,
        outcome: row.parsed("outcome", Outcome::from_code)?,
        flags: codes(row, "flags", Flag::from_code)?,
    })
}

fn imported(row: &RowOf<'_>) -> Result<ImportedDeposit, StoreError> {
    Ok(ImportedDeposit {
        id: DepositId::verbatim(&row.text("id")?),
        network: row.network("network")?,
        tx_id: TxId::new(&row.text("tx_id")?),
        position: row.text("position")?,
        block_height: row.height_or_null("block_height")?,
        block_time: row.time_or_null("block_time")?,
        from: row.text_or_null("from_text")?,
        to: row.text("to_text")?,
        asset: row.parsed("asset", AssetId::parse)?,
        amount: row.amount("amount")?,
        // A file's scale is the scale under which its deposit is shown.
        scale: row.number("decimals")?,
        memo: row.text_or_null("imported_memo")?,
        orphan_reason: row.text_or_null("orphan_reason")?,
    })
}

fn verdict(row: &RowOf<'_>) -> Result<Verdict, StoreError> {
    match row.text("verdict")?.as_str() {
        "controllable" => Ok(Verdict::Controllable(
            row.parsed("verdict_detail", How::from_code)?,
        )),
        "conditional" => Ok(Verdict::Conditional(
            row.parsed("verdict_detail", Missing::from_code)?,
        )),
        "not_recoverable" => Ok(Verdict::NotRecoverable(
            row.parsed("verdict_detail", Reason::from_code)?,
        )),
        "needs_deploy" => {
            let mut legs = Vec::new();
            for leg in row.json::<Vec<DeployLegJson>>("verdict_legs")? {
                legs.push(DeployLeg {
                    kind: DeployLegKind::from_code(&leg.kind)
                        .ok_or_else(|| row.bad("verdict_legs", "holds an unknown kind of step"))?,
                    signer: leg.signer,
                    detail: leg.detail,
                });
            }
            Ok(Verdict::NeedsDeploy(legs))
        }
        _ => Err(row.bad("verdict", "holds an unknown verdict")),
    }
}

fn codes<T>(
    row: &RowOf<'_>,
    column: &'static str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, StoreError> {
    row.json::<Vec<String>>(column)?
        .iter()
        .map(|code| {
            parse(code).ok_or_else(|| {
                row.bad(
                    column,
                    &format!("holds '{code}', which this version does not know"),
                )
            })
        })
        .collect()
}
