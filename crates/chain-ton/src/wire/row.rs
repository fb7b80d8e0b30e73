//! One transaction: the row of an index, tonapi's object, or the network's own bytes inside either.

use super::WireError;
use super::fields::{Fields, address_of};
use crate::address::{RawAddress, parse_hash};
use crate::boc;
use crate::body::{self, Body};
use crate::transaction::{self, Bounce, Compute, Message, Phases, Transaction};
use recover_core::amount::Amount;
use serde_json::Value;

const WHAT: &str = "transaction";

/// Whether the object looks like a transaction at all.
pub(super) fn is_transaction(value: &Value) -> bool {
    let has = |field: &str| value.get(field).is_some();
    (has("hash") && has("lt") && has("account"))
        || (has("Hash") && has("Lt") && has("Account"))
        || has("transaction_id")
}

/// Reads a transaction. Where the row carries the network's own bytes (tonapi's `raw`, toncenter v2's `data`), those are
/// what is read, and the row must have their hash.
///
/// # Errors
/// When a field that decides is missing or impossible, or two of them contradict one another.
pub fn transaction(value: &Value) -> Result<Transaction, WireError> {
    let at = Fields::new(WHAT, value);
    let bytes = at.any(&["raw", "Raw", "data"]).and_then(Value::as_str);
    let mut row = match bytes.filter(|text| !text.is_empty()) {
        Some(text) => from_bytes(&at, text)?,
        None => from_fields(&at)?,
    };
    row.masterchain = at.value("mc_block_seqno").and_then(Fields::number_of);
    row.trace = at.text("trace_id").and_then(parse_hash);
    row.is_emulated = at
        .any(&["emulated", "Emulated"])
        .and_then(Value::as_bool)
        .unwrap_or(false);
    if let Some(message) = &row.in_message
        && message.destination.is_some_and(|to| to != row.account)
    {
        return Err(contradiction(&row, "its message goes to another account"));
    }
    Ok(row)
}

fn contradiction(row: &Transaction, what: &str) -> WireError {
    WireError::Contradiction {
        what: format!("transaction {}: {what}", hex::encode(row.hash)),
    }
}

/// The hash that the row states.
fn stated_hash(at: &Fields<'_>) -> Option<[u8; 32]> {
    let id = at.value("transaction_id");
    let text = at
        .any(&["hash", "Hash"])
        .or_else(|| id?.get("hash"))
        .and_then(Value::as_str)?;
    parse_hash(text)
}

fn stated_account(at: &Fields<'_>) -> Option<RawAddress> {
    at.any(&["account", "Account", "address"])
        .and_then(address_of)
}

fn from_bytes(at: &Fields<'_>, text: &str) -> Result<Transaction, WireError> {
    let cell = boc::read_text(text).map_err(|error| WireError::Contradiction {
        what: format!("a transaction's bytes: {error}"),
    })?;
    let mut row = transaction::read(&cell).ok_or_else(|| WireError::Contradiction {
        what: "the bytes beside a transaction are none".to_owned(),
    })?;
    if stated_hash(at).is_some_and(|stated| stated != row.hash) {
        return Err(contradiction(
            &row,
            "its bytes have another hash than is stated",
        ));
    }
    if let Some(account) = stated_account(at) {
        if account.hash != row.account.hash {
            return Err(contradiction(
                &row,
                "its bytes name another account than is stated",
            ));
        }
        row.account.workchain = account.workchain;
    }
    Ok(row)
}

fn from_fields(at: &Fields<'_>) -> Result<Transaction, WireError> {
    let id = at.value("transaction_id").map(|id| Fields::new(WHAT, id));
    let lt = match &id {
        Some(id) => id.number("lt")?,
        None => at.number("lt")?,
    };
    let hash = stated_hash(at).ok_or_else(|| at.missing("hash", "a hash of 32 bytes"))?;
    let in_message = match at.value("in_msg") {
        Some(value) if !is_empty_message(value) => Some(message(value, true)?),
        _ => None,
    };
    let out_messages = at
        .list(&["out_msgs"])
        .unwrap_or_default()
        .iter()
        .map(|value| message(value, false))
        .collect::<Result<Vec<_>, _>>()?;
    let account = stated_account(at)
        .or_else(|| in_message.as_ref().and_then(|message| message.destination))
        .ok_or_else(|| at.missing("account", "an address"))?;
    Ok(Transaction {
        account,
        hash,
        lt,
        previous_lt: at.value("prev_trans_lt").and_then(Fields::number_of),
        now: at
            .any(&["now", "utime"])
            .and_then(Fields::number_of)
            .ok_or_else(|| at.missing("now", "UTC seconds"))?,
        masterchain: None,
        trace: None,
        is_emulated: false,
        phases: phases(at)?,
        in_message,
        out_messages,
    })
}

/// toncenter v2 writes an object of empty texts where there is no message.
fn is_empty_message(value: &Value) -> bool {
    let at = Fields::new(WHAT, value);
    address_of_message(&at, "destination").is_none() && address_of_message(&at, "source").is_none()
}

fn address_of_message(at: &Fields<'_>, field: &str) -> Option<RawAddress> {
    at.maybe_address(field)
}

fn message(value: &Value, is_incoming: bool) -> Result<Message, WireError> {
    let at = Fields::new("message", value);
    let source_text = at
        .value("source")
        .is_some_and(|source| source.as_str() != Some(""));
    let source = address_of_message(&at, "source");
    let from_outside = at.text("msg_type") == Some("ext_in_msg");
    if is_incoming && source_text && source.is_none() {
        return Err(at.missing("source", "an address"));
    }
    let destination = address_of_message(&at, "destination");
    let is_internal = source.is_some() && destination.is_some() && !from_outside;
    let value_of_message = match at.value("value") {
        // tonapi and v2 write 0 for messages from outside.
        _ if !is_internal => None,
        None => return Err(at.missing("value", "an amount of nanotons")),
        Some(_) => Some(at.amount("value")?),
    };
    Ok(Message {
        source: source.filter(|_| !from_outside),
        destination,
        value: value_of_message,
        extra: extra(&at)?,
        bounce: at.boolean("bounce"),
        bounced: at.boolean("bounced"),
        hash: at.text("hash").and_then(parse_hash),
        body: body_of(&at, is_incoming)?,
    })
}

/// Extra currencies: an object from number to amount (toncenter v3), or a list (tonapi).
fn extra(at: &Fields<'_>) -> Result<Vec<(u32, Amount)>, WireError> {
    const FIELD: &str = "value_extra_currencies";
    let bad = || at.missing(FIELD, "currencies with amounts");
    let mut found = Vec::new();
    match at.any(&[FIELD, "value_extra", "extra_currencies"]) {
        Some(Value::Object(amounts)) => {
            for (id, amount) in amounts {
                let id: u32 = id.parse().map_err(|_| bad())?;
                found.push((id, Fields::amount_of(amount).ok_or_else(bad)?));
            }
        }
        Some(Value::Array(amounts)) => {
            for entry in amounts {
                let id = ["id", "currency_id"]
                    .iter()
                    .find_map(|field| entry.get(field))
                    .or_else(|| entry.get("preview")?.get("id"))
                    .and_then(Fields::number_of)
                    .and_then(|id| u32::try_from(id).ok())
                    .ok_or_else(bad)?;
                let amount = entry.get("amount").or_else(|| entry.get("value"));
                found.push((id, amount.and_then(Fields::amount_of).ok_or_else(bad)?));
            }
        }
        _ => {}
    }
    found.retain(|(_, amount)| !amount.is_zero());
    found.sort_unstable();
    Ok(found)
}

/// The body: its cells where the source gives them, held against the hash that stands beside them.
fn body_of(at: &Fields<'_>, is_incoming: bool) -> Result<Body, WireError> {
    let content = at.value("message_content");
    let data = at.value("msg_data");
    let cells = content
        .and_then(|content| content.get("body"))
        .or_else(|| at.value("raw_body"))
        .or_else(|| data?.get("body"))
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty());
    if let Some(text) = cells {
        let cell = boc::read_text(text).map_err(|error| WireError::Contradiction {
            what: format!("a message's body: {error}"),
        })?;
        let stated = content
            .and_then(|content| content.get("hash"))
            .or_else(|| at.value("body_hash"))
            .and_then(Value::as_str)
            .and_then(parse_hash);
        if stated.is_some_and(|stated| stated != cell.hash()) {
            return Err(WireError::Contradiction {
                what: "a message's body has another hash than is stated beside it".to_owned(),
            });
        }
        return Ok(Body::Cells(cell));
    }
    let decoded = content.and_then(|content| content.get("decoded"));
    let comment = decoded
        .filter(|decoded| {
            let kind = decoded.get("type").or_else(|| decoded.get("@type"));
            kind.and_then(Value::as_str) == Some("text_comment")
        })
        .and_then(|decoded| decoded.get("comment").or_else(|| decoded.get("text")))
        .and_then(Value::as_str);
    if let Some(text) = comment {
        return Ok(Body::Text(text.as_bytes().to_vec()));
    }
    // toncenter v2: a text that it recognised stands in base64, and once more as `message`.
    if let Some(data) = data
        && data.get("@type").and_then(Value::as_str) == Some("msg.dataText")
        && let Some(text) = data.get("text").and_then(Value::as_str)
        && let Some(bytes) = crate::address::decode_base64(text)
    {
        return Ok(Body::Text(bytes));
    }
    if data.and_then(|data| data.get("@type")?.as_str()) == Some("msg.dataEncryptedText") {
        return Ok(Body::NotGiven(Some(body::ENCRYPTED_COMMENT)));
    }
    if at.text("decoded_op_name") == Some("text_comment")
        && let Some(text) = at
            .value("decoded_body")
            .and_then(|body| body.get("text"))
            .and_then(Value::as_str)
    {
        return Ok(Body::Text(text.as_bytes().to_vec()));
    }
    let operation = at.any(&["opcode", "op_code"]).and_then(operation);
    // A comment routes the deposit: without its text nobody may say that there is none.
    if is_incoming && operation == Some(body::COMMENT) {
        return Err(at.missing("message_content", "the body of a message with a comment"));
    }
    // tonapi leaves the body of a message without one out altogether.
    if operation.is_none()
        && content.is_none()
        && data.is_none()
        && at.text("msg_type") == Some("int_msg")
    {
        return Ok(empty_body());
    }
    Ok(Body::NotGiven(operation))
}

/// A body of no bits, for sources that say so by leaving it out.
fn empty_body() -> Body {
    // A bag of one cell without bits, the smallest there is.
    const EMPTY: [u8; 13] = [0xb5, 0xee, 0x9c, 0x72, 1, 1, 1, 1, 0, 2, 0, 0, 0];
    boc::read(&EMPTY).map_or(Body::NotGiven(None), Body::Cells)
}

/// An operation as `0x0f8a7ea5`, or as a number.
fn operation(value: &Value) -> Option<u32> {
    match value {
        Value::String(text) => u32::from_str_radix(text.strip_prefix("0x")?, 16).ok(),
        Value::Number(number) => u32::try_from(number.as_u64()?).ok(),
        _ => None,
    }
}

fn phases(at: &Fields<'_>) -> Result<Phases, WireError> {
    // toncenter v3 puts the phases under `description`, tonapi beside everything else; v2 has none.
    let described;
    let at = match at.value("description") {
        Some(description) => {
            described = Fields::new("description", description);
            &described
        }
        None => at,
    };
    let Some(aborted) = at.boolean("aborted") else {
        // Ticks of system contracts have no such thing, and v2 does not say.
        return Ok(Phases::default());
    };
    let compute = at.any(&["compute_ph", "compute_phase"]).map(|value| {
        let at = Fields::new("compute phase", value);
        if at.boolean("skipped") == Some(true) {
            let reason = at.text("reason").or_else(|| at.text("skip_reason"));
            return Compute::Skipped(
                reason
                    .unwrap_or("unknown")
                    .trim_start_matches("cskip_")
                    .to_owned(),
            );
        }
        Compute::Ran {
            success: at.boolean("success").unwrap_or(false),
            exit_code: at
                .value("exit_code")
                .and_then(Fields::integer_of)
                .unwrap_or(0),
        }
    });
    let action_success = at
        .any(&["action", "action_phase"])
        .and_then(|action| action.get("success"))
        .and_then(Value::as_bool);
    let credit = at
        .any(&["credit_ph", "credit_phase"])
        .and_then(|credit| credit.get("credit"))
        .filter(|credit| !credit.is_null())
        .map(|credit| {
            Fields::amount_of(credit).ok_or_else(|| at.missing("credit", "an amount of nanotons"))
        })
        .transpose()?;
    Ok(Phases {
        aborted: Some(aborted),
        bounce: bounce(at.any(&["bounce", "bounce_phase"])),
        compute,
        action_success,
        credit,
    })
}

fn bounce(value: Option<&Value>) -> Bounce {
    let word = match value {
        None | Some(Value::Null) => return Bounce::None,
        Some(Value::String(word)) => word.as_str(),
        Some(Value::Object(fields)) => fields
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or_default(),
        Some(_) => return Bounce::Other,
    };
    match word
        .trim_start_matches("TrPhaseBounce")
        .to_lowercase()
        .as_str()
    {
        "ok" => Bounce::Ok,
        "nofunds" | "no_funds" | "negfunds" | "neg_funds" => Bounce::NoFunds,
        _ => Bounce::Other,
    }
}
