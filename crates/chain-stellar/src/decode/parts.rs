//! Fields and what they mean: amounts, ids, accounts, memos.

use super::{DECIMALS, DecodeError, Toid, TransactionFacts};
use crate::address;
use crate::wire::{self, Scalar};
use crate::xdr::Envelope;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use recover_core::address::Address;
use recover_core::amount::Amount;
use recover_core::block::{Height, TxId};
use recover_core::memo::{Memo, MemoKind, place};
use recover_core::observation::Outcome;
use recover_core::time::Timestamp;

pub(super) fn missing(record: &'static str, what: &'static str) -> DecodeError {
    DecodeError::Missing { record, what }
}

pub(super) fn malformed(what: &'static str, text: &str) -> DecodeError {
    DecodeError::Malformed {
        what,
        text: text.chars().take(80).collect(),
    }
}

pub(super) fn contradiction(detail: String) -> DecodeError {
    DecodeError::Contradiction { detail }
}

/// The number of an effect: its operation and its place among that operation's effects (from 1).
///
/// # Errors
/// When neither id nor paging token can be read.
pub fn effect_id(effect: &wire::Effect) -> Result<(Toid, u64), DecodeError> {
    let text = effect
        .paging_token
        .as_deref()
        .or(effect.id.as_deref())
        .ok_or_else(|| missing("effect", "id"))?;
    let parse = |text: &str| -> Option<(Toid, u64)> {
        let (operation, number) = text.split_once('-')?;
        Some((Toid::parse(operation)?, number.parse().ok()?))
    };
    parse(text).ok_or_else(|| malformed("id of an effect", text))
}

/// Reads an amount in coin units (`12.5000000`) into stroops; `None` when it is negative: nobody is credited by that.
///
/// # Errors
/// When the text is no decimal number or has more than seven digits behind the point.
pub fn amount(text: &str) -> Result<Option<Amount>, DecodeError> {
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let amount = Amount::from_coin_text(digits, DECIMALS).map_err(|_| malformed("amount", text))?;
    Ok((!is_negative).then_some(amount))
}

/// The id of an operation.
///
/// # Errors
/// When it has none that can be read.
pub fn operation_id(operation: &wire::Operation) -> Result<Toid, DecodeError> {
    let text = operation
        .id
        .as_deref()
        .or(operation.paging_token.as_deref())
        .ok_or_else(|| missing("operation", "id"))?;
    Toid::parse(text).ok_or_else(|| malformed("id of an operation", text))
}

/// The hash of an operation's transaction: its field, or the link of old recordings.
///
/// # Errors
/// When neither is there or can be read.
pub fn operation_transaction(operation: &wire::Operation) -> Result<TxId, DecodeError> {
    if let Some(hash) = &operation.transaction_hash {
        return address::parse_tx_id(hash).ok_or_else(|| malformed("transaction hash", hash));
    }
    operation
        .links
        .as_ref()
        .and_then(|links| links.transaction.as_ref())
        .and_then(|link| link.href.as_deref())
        .and_then(|href| address::parse_tx_id(href.rsplit('/').next()?))
        .ok_or_else(|| missing("operation", "transaction"))
}

pub(super) fn height(text: &str) -> Result<Height, DecodeError> {
    text.parse::<u32>()
        .map(|height| Height(u64::from(height)))
        .map_err(|_| malformed("ledger", text))
}

pub(super) fn time(text: &str) -> Result<Timestamp, DecodeError> {
    Timestamp::parse(text).map_err(|_| malformed("time", text))
}

/// An account with the id inside it, from its plain and its muxed text; they must be one account.
pub(super) fn party(
    plain: &Scalar,
    muxed: Option<&Scalar>,
    muxed_id: Option<&Scalar>,
) -> Result<(Address, Option<Memo>), DecodeError> {
    let read = |text: &str| address::routed(text).map_err(|_| malformed("account", text));
    let base = read(plain)?;
    let mut memo = base.memo;
    let mut take = |found: Memo| match &memo {
        Some(known) if *known != found => Err(contradiction(format!(
            "account {} is written with two ids inside",
            base.address
        ))),
        _ => {
            memo = Some(found);
            Ok(())
        }
    };
    if let Some(text) = muxed.filter(|text| !text.is_empty()) {
        let muxed = read(text)?;
        if muxed.address != base.address {
            return Err(contradiction(format!(
                "account {} is written as a muxed account of {}",
                base.address, muxed.address
            )));
        }
        if let Some(found) = muxed.memo {
            take(found)?;
        }
    }
    if let Some(text) = muxed_id.filter(|text| !text.is_empty()) {
        let id = text
            .parse::<u64>()
            .map_err(|_| malformed("muxed id", text))?;
        take(Memo::id(id, place::MUXED_ID))?;
    }
    Ok((base.address, memo))
}

fn base64_bytes(text: &str) -> Option<Vec<u8>> {
    let trimmed = text.trim().trim_end_matches('=');
    STANDARD_NO_PAD
        .decode(trimmed)
        .or_else(|_| STANDARD.decode(text))
        .ok()
}

/// A transaction's memo: the signed bytes decide, then `memo_bytes`, then the text.
pub(super) fn memo(
    record: &wire::Transaction,
    envelope: Option<&Envelope>,
    id: &TxId,
) -> Result<Option<Memo>, DecodeError> {
    let signed = envelope.map(Envelope::memo);
    let Some(kind) = &record.memo_type else {
        return Ok(signed);
    };
    let lower = kind.to_ascii_lowercase();
    let text = record.memo.as_deref();
    let hash = |kind| -> Result<Memo, DecodeError> {
        let text = text.ok_or_else(|| missing("transaction", "memo"))?;
        let raw = base64_bytes(text)
            .filter(|raw| raw.len() == 32)
            .or_else(|| address::parse_hash(text).map(|hash| hash.to_vec()))
            .ok_or_else(|| malformed("memo", text))?;
        Ok(Memo {
            kind,
            raw,
            place: place::MEMO.to_owned(),
        })
    };
    let bytes = match &record.memo_bytes {
        Some(text) => Some(base64_bytes(text).ok_or_else(|| malformed("memo", text))?),
        None => None,
    };
    let is_exact = bytes.is_some();
    let said = match lower.strip_prefix("memotypememo").unwrap_or(&lower) {
        "none" => Memo::absent(place::MEMO),
        "text" => {
            let raw = bytes.unwrap_or_else(|| text.unwrap_or_default().as_bytes().to_vec());
            Memo::text(&raw, place::MEMO)
        }
        "id" => {
            let text = text.ok_or_else(|| missing("transaction", "memo"))?;
            let id = text.parse::<u64>().map_err(|_| malformed("memo", text))?;
            Memo::id(id, place::MEMO)
        }
        "hash" => hash(MemoKind::Hash)?,
        "return" | "rethash" => hash(MemoKind::Return)?,
        other => return Err(malformed("memo type", other)),
    };
    match signed {
        // Text that is not UTF-8 cannot stand in JSON: the bytes are right.
        Some(signed) if is_text(&signed) && is_text(&said) && !is_exact => Ok(Some(signed)),
        Some(signed) if signed != said => Err(contradiction(format!(
            "the memo of transaction {id} is another in its signed bytes than in its record"
        ))),
        _ => Ok(Some(said)),
    }
}

const fn is_text(memo: &Memo) -> bool {
    matches!(memo.kind, MemoKind::Text | MemoKind::Empty)
}

pub(super) fn outcome(
    operation: &wire::Operation,
    facts: Option<&TransactionFacts>,
) -> Result<Outcome, DecodeError> {
    let of_transaction = facts.map_or(Outcome::Unknown, |facts| facts.outcome);
    let said = match operation.transaction_successful {
        Some(true) => Outcome::Success,
        Some(false) => Outcome::Failed,
        None => Outcome::Unknown,
    };
    match (said, of_transaction) {
        (Outcome::Unknown, other) | (other, Outcome::Unknown) => Ok(other),
        (said, other) if said == other => Ok(said),
        (said, other) => Err(contradiction(format!(
            "an operation calls its transaction {} and the transaction itself is {}",
            said.code(),
            other.code()
        ))),
    }
}

pub(super) fn field<'a>(
    value: &'a Option<Scalar>,
    what: &'static str,
) -> Result<&'a Scalar, DecodeError> {
    value.as_ref().ok_or_else(|| missing("operation", what))
}
