//! A transaction beside the leg that was approved.

use crate::address;
use crate::control::MEMO_TEXT_BYTES_MAX;
use crate::returns::{
    self, Action, OperationSummary, ReturnMemo, ReturnOperation, ReturnPlan, ReturnRequest,
    ReturnSummary,
};
use crate::xdr::Network;
use recover_core::address::Address;
use recover_core::amount::Amount;
use recover_core::asset::AssetReference;
use recover_core::check::Deviation;
use recover_core::memo::{Memo, MemoKind, place};
use recover_core::plan::{Leg, LegKind};
use recover_core::time::Timestamp;

/// Gathers what differs.
#[derive(Default)]
struct Differences(Vec<Deviation>);

impl Differences {
    fn add(&mut self, field: &'static str, found: impl Into<String>, approved: impl Into<String>) {
        self.0.push(Deviation {
            field,
            found: found.into(),
            approved: approved.into(),
        });
    }

    fn compare(&mut self, field: &'static str, found: &str, approved: &str) {
        if found != approved {
            self.add(field, found, approved);
        }
    }
}

/// A memo of a transaction in words; an empty text is no absence.
pub(super) fn memo_text(memo: &Memo) -> String {
    let raw = || String::from_utf8_lossy(&memo.raw).into_owned();
    match memo.kind {
        MemoKind::Absent => "none".to_owned(),
        MemoKind::Empty => "text ''".to_owned(),
        MemoKind::Text => match std::str::from_utf8(&memo.raw) {
            Ok(text) => format!("text '{}'", text.escape_debug()),
            Err(_) => format!("text of the bytes {}", hex::encode(&memo.raw)),
        },
        kind @ (MemoKind::Hash | MemoKind::Return) => {
            format!("{} {}", kind.code(), hex::encode(&memo.raw))
        }
        kind => format!("{} {}", kind.code(), raw()),
    }
}

/// How a recipient is told whom the money is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    /// The memo of the transaction.
    pub memo: ReturnMemo,
    /// The id inside the recipient.
    pub muxed_id: Option<u64>,
}

/// What a memo of an order or a leg becomes; `None` for one that no transaction here can carry.
pub(crate) fn route_of(memo: Option<&Memo>) -> Option<Route> {
    let plain = |memo| {
        Some(Route {
            memo,
            muxed_id: None,
        })
    };
    let Some(memo) = memo else {
        return plain(ReturnMemo::None);
    };
    let id = || {
        let text = std::str::from_utf8(&memo.raw).ok()?;
        let id: u64 = text.parse().ok()?;
        (id.to_string() == text).then_some(id)
    };
    let hash = || <[u8; 32]>::try_from(memo.raw.as_slice()).ok();
    match (memo.place.as_str(), memo.kind) {
        (place::MEMO | place::MUXED_ID, MemoKind::Absent) => plain(ReturnMemo::None),
        (place::MUXED_ID, MemoKind::Id) => Some(Route {
            memo: ReturnMemo::None,
            muxed_id: Some(id()?),
        }),
        (place::MEMO, MemoKind::Empty) => plain(ReturnMemo::Text(String::new())),
        (place::MEMO, MemoKind::Text) => {
            let text = String::from_utf8(memo.raw.clone()).ok()?;
            (!text.is_empty() && text.len() <= MEMO_TEXT_BYTES_MAX)
                .then(|| plain(ReturnMemo::Text(text)))?
        }
        (place::MEMO, MemoKind::Id) => plain(ReturnMemo::Id(id()?)),
        (place::MEMO, MemoKind::Hash) => plain(ReturnMemo::Hash(hash()?)),
        (place::MEMO, MemoKind::Return) => plain(ReturnMemo::Return(hash()?)),
        _ => None,
    }
}

/// The leg's asset: `Some(None)` for the native coin, `None` for what no payment carries.
#[expect(
    clippy::option_option,
    reason = "outside: whether a payment carries it; inside: its canonical text, which the native coin has none of"
)]
fn asset_of(leg: &Leg) -> Option<Option<&str>> {
    if leg.asset.network != leg.network {
        return None;
    }
    match &leg.asset.reference {
        AssetReference::Native => Some(None),
        AssetReference::Contract(text) if address::split_asset(text).is_some() => {
            Some(Some(text.as_str()))
        }
        _ => None,
    }
}

fn id_text(id: Option<u64>) -> String {
    id.map_or("none".to_owned(), |id| id.to_string())
}

/// What an operation pays: recipient, id inside, asset, amount.
fn paid(operation: &OperationSummary) -> Option<(&Address, Option<u64>, Option<&str>, i64)> {
    match &operation.action {
        Action::Pay {
            to,
            to_muxed_id,
            asset,
            amount,
        } => Some((to, *to_muxed_id, asset.as_deref(), *amount)),
        Action::Create { to, amount } => Some((to, None, None, *amount)),
        Action::Other(_) => None,
    }
}

/// What is the same question for unsigned bytes and for a transaction in a ledger: who pays whom what, and what the recipient
/// is told.
fn common(leg: &Leg, summary: &ReturnSummary, differences: &mut Differences) {
    if !matches!(leg.kind, LegKind::Transfer | LegKind::Return) {
        differences.add("kind", "a payment", leg.kind.code());
    }
    differences.compare("signer", summary.from.text(), &leg.signer);
    if let Some(call) = &leg.call {
        differences.add("call", "none", hex::encode(call));
    }
    if let Some(route) = &leg.route {
        differences.add("route", "none", route);
    }
    if let Some(spend) = &leg.spend {
        differences.add("spend", "none", spend.outpoint());
    }
    let [operation] = summary.operations.as_slice() else {
        differences.add(
            "operations",
            summary.operations.len().to_string(),
            "exactly 1",
        );
        return;
    };
    // An operation may be written down as its own transaction's account's: that changes nothing.
    if let Some(source) = &operation.source
        && *source != summary.from
    {
        differences.add("operation's account", source.text(), "the transaction's");
    }
    let Some((to, muxed_id, asset, amount)) = paid(operation) else {
        if let Action::Other(name) = &operation.action {
            differences.add("operation", *name, "a payment");
        }
        return;
    };
    differences.compare("target", to.text(), &leg.target);
    differences.compare("recipient", to.text(), &leg.recipient);
    match route_of(leg.memo.as_ref()) {
        Some(route) => {
            let absent = Memo::absent(place::MEMO);
            let approved = leg
                .memo
                .as_ref()
                .filter(|memo| memo.place == place::MEMO)
                .unwrap_or(&absent);
            differences.compare("memo", &memo_text(&summary.memo), &memo_text(approved));
            differences.compare("muxed id", &id_text(muxed_id), &id_text(route.muxed_id));
        }
        None => differences.add(
            "memo",
            memo_text(&summary.memo),
            leg.memo.as_ref().map_or_else(String::new, |memo| {
                format!(
                    "{} {} at {}, which no payment carries",
                    memo.kind.code(),
                    hex::encode(&memo.raw),
                    memo.place
                )
            }),
        ),
    }
    match asset_of(leg) {
        Some(approved) => differences.compare(
            "asset",
            asset.unwrap_or("native"),
            approved.unwrap_or("native"),
        ),
        None => differences.add("asset", asset.unwrap_or("native"), leg.asset.to_string()),
    }
    differences.compare("amount", &amount.to_string(), &leg.amount.to_base_units());
}

/// How unsigned bytes deviate from a leg; nothing when they do exactly what it says.
pub(super) fn unsigned(leg: &Leg, summary: &ReturnSummary, bytes: &[u8]) -> Vec<Deviation> {
    let mut differences = Differences::default();
    common(leg, summary, &mut differences);
    if let Some(approved) = &leg.signer_key {
        let found = address::account_key(&summary.from).map(hex::encode);
        differences.compare("signer_key", &found.unwrap_or_default(), approved);
    }
    if Amount::from_u128(summary.fee.into()) > leg.fee_max {
        differences.add(
            "fee",
            format!("{} stroops", summary.fee),
            format!("at most {} stroops", leg.fee_max.to_base_units()),
        );
    }
    if summary.sequence <= 0 {
        differences.add("sequence", summary.sequence.to_string(), "one above 0");
    }
    if summary.further_conditions {
        differences.add("conditions", "further ones", "time bounds only");
    }
    let bounds = summary.time_bounds.filter(|(from, until)| {
        *until != 0 && from < until && Timestamp::from_seconds(*until).is_some()
    });
    if bounds.is_none() {
        differences.add(
            "valid_until",
            summary.time_bounds.map_or_else(
                || "no end".to_owned(),
                |(from, until)| format!("{from} to {until}"),
            ),
            "an end behind its beginning",
        );
    }
    if !differences.0.is_empty() {
        return differences.0;
    }
    // One transaction has one text of bytes: whatever else the format may carry, now or later, is refused by this alone.
    let again = bounds.and_then(|bounds| written(leg, summary, bounds));
    if again.as_deref() != Some(bytes) {
        differences.add(
            "bytes",
            hex::encode(bytes),
            again.map_or_else(|| "none can be written".to_owned(), hex::encode),
        );
    }
    differences.0
}

/// The bytes of the leg, with what it leaves open taken from the ones in question.
fn written(leg: &Leg, summary: &ReturnSummary, bounds: (u64, u64)) -> Option<Vec<u8>> {
    let route = route_of(leg.memo.as_ref())?;
    let operation = match &summary.operations.first()?.action {
        Action::Pay { .. } => ReturnOperation::Payment,
        Action::Create { .. } => ReturnOperation::CreateAccount,
        Action::Other(_) => return None,
    };
    let plan = ReturnPlan {
        request: ReturnRequest {
            // The network stands in what is signed, and not in the bytes.
            network: Network::public(),
            from: address::parse(&leg.signer).ok()?,
            to: address::parse(&leg.recipient).ok()?,
            to_muxed_id: route.muxed_id,
            asset: asset_of(leg)?.map(str::to_owned),
            amount: leg.amount,
            memo: route.memo,
            sequence: summary.sequence,
            fee: summary.fee,
            valid_from: bounds.0,
            valid_until: bounds.1,
        },
        operation,
    };
    returns::build(&plan).ok().map(|built| built.envelope)
}

/// How a transaction that took effect deviates from a leg in what it did. `fee` is what was charged, in stroops. Who signed it,
/// its conditions and its number are no effect.
#[must_use]
pub fn outcome(leg: &Leg, summary: &ReturnSummary, fee: Amount) -> Vec<Deviation> {
    let mut differences = Differences::default();
    common(leg, summary, &mut differences);
    if fee > leg.fee_max {
        differences.add(
            "fee",
            format!("{} stroops", fee.to_base_units()),
            format!("at most {} stroops", leg.fee_max.to_base_units()),
        );
    }
    differences.0
}
