//! The shapes in which transactions come: rows of one form from answers of every API and age.

use crate::address;
use crate::decode::DecodeError;
use crate::decode::event::{self, Event};
use crate::decode::message::{Message, inside, text_of};
use crate::proto;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use prost::Message as _;
use recover_core::address::Address;
use recover_core::block::{Height, TxId};
use recover_core::time::Timestamp;
use serde_json::Value;

/// One transaction as an answer has it.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub id: TxId,
    pub height: Option<Height>,
    pub time: Option<Timestamp>,
    pub code: u64,
    pub codespace: String,
    /// As written: nodes do not insist on UTF-8.
    pub memo: Option<Vec<u8>>,
    pub messages: Vec<Message>,
    /// Events of the whole transaction.
    pub events: Vec<Event>,
    /// Events by message, as older networks log them: index (`None` for none) and events.
    pub logs: Vec<(Option<usize>, Vec<Event>)>,
}

impl Row {
    /// Whether the source kept any event of it.
    pub fn has_events(&self) -> bool {
        !self.events.is_empty() || self.logs.iter().any(|(_, events)| !events.is_empty())
    }

    /// The first signer by the events of the signature check (`acc_seq`, `ADDRESS/SEQUENCE`).
    pub fn signer_of_events(&self) -> Option<Address> {
        let logged = self.logs.iter().flat_map(|(_, events)| events);
        self.events.iter().chain(logged).find_map(|event| {
            let (account, _) = event.get("acc_seq")?.split_once('/')?;
            address::parse(account).ok()
        })
    }
}

/// The transactions of an answer, not read yet.
pub(super) fn entries(answer: &Value) -> Result<Vec<&Value>, DecodeError> {
    let body = result(answer)?;
    if let Value::Array(entries) = body {
        return Ok(entries.iter().collect());
    }
    if let Some(responses) = body.get("tx_responses").and_then(Value::as_array) {
        return Ok(responses.iter().collect());
    }
    let is_page = body.get("total_count").is_some() || body.get("page_total").is_some();
    if is_page && let Some(entries) = body.get("txs").and_then(Value::as_array) {
        return Ok(entries.iter().collect());
    }
    Ok(vec![body])
}

/// Id and height of an entry that cannot be read whole; `None` when not even these can.
pub(super) fn name_of(entry: &Value) -> Option<(TxId, Height)> {
    let response = entry.get("tx_response").unwrap_or(entry);
    let id = text_of(response.get("txhash").or_else(|| response.get("hash")));
    let height = text_of(response.get("height")).parse().ok()?;
    Some((address::parse_tx_id(&id)?, Height(height)))
}

/// The body of an answer: what is inside a JSON-RPC envelope, or an error that the source reports.
pub(super) fn result(answer: &Value) -> Result<&Value, DecodeError> {
    match answer.get("error") {
        Some(error) if error.is_object() => {
            let text = |key: &str| text_of(error.get(key));
            return Err(DecodeError::Answered {
                code: error
                    .get("code")
                    .and_then(Value::as_i64)
                    .unwrap_or_default(),
                detail: [text("message"), text("data")].join(" ").trim().to_owned(),
            });
        }
        _ => {}
    }
    // The REST gateway's error; a tx_response has a code and no message.
    if let Some(message) = answer.get("message").and_then(Value::as_str)
        && answer.get("txhash").is_none()
        && let Some(code) = answer.get("code").and_then(Value::as_i64)
    {
        return Err(DecodeError::Answered {
            code,
            detail: message.to_owned(),
        });
    }
    Ok(match answer.get("result") {
        Some(result) if answer.get("jsonrpc").is_some() => result,
        _ => answer,
    })
}

/// Reads one transaction.
pub(super) fn single(value: &Value) -> Result<Row, DecodeError> {
    let value = result(value)?;
    if value.get("bank").is_some() && value.get("tx").is_none() {
        return Err(DecodeError::NotATransaction {
            what: "an explorer's list of an account's balances".to_owned(),
        });
    }
    if let Some(response) = value.get("tx_response").filter(|inner| inner.is_object()) {
        return of_response(response, value.get("tx"));
    }
    if value.get("txhash").is_some() {
        return of_response(value, None);
    }
    if let (Some(raw), Some(executed)) = (
        value.get("tx").and_then(Value::as_str),
        value.get("tx_result"),
    ) {
        let raw = decode_base64("tx", raw)?;
        return of_comet(
            Some(&text_of(value.get("hash"))),
            &text_of(value.get("height")),
            &raw,
            executed,
        );
    }
    Err(DecodeError::NotATransaction {
        what: describe(value).to_owned(),
    })
}

fn describe(value: &Value) -> &'static str {
    let has = |key: &str| value.get(key).is_some();
    if has("block") {
        "a block without its results"
    } else if has("txs_results") {
        "the results of a block, which name their transactions in the block itself"
    } else if has("sync_info") {
        "a node's status"
    } else if has("block_metas") {
        "a list of block headers"
    } else if has("tx_result") {
        "the result of a transaction without its bytes"
    } else if has("denom_trace") || has("denom") {
        "the origin of a denomination"
    } else if has("typeUrl") || has("type_url") || has("@type") {
        "a message that was never part of one"
    } else {
        "something else"
    }
}

fn decode_base64(what: &str, text: &str) -> Result<Vec<u8>, DecodeError> {
    STANDARD.decode(text).map_err(|error| DecodeError::Bytes {
        what: what.to_owned(),
        detail: error.to_string(),
    })
}

/// The height of a block; nothing for 0, where a transaction stands in none.
fn height_of(text: &str) -> Result<Option<Height>, DecodeError> {
    if text.is_empty() {
        return Err(DecodeError::missing("the height"));
    }
    let height: u64 = text
        .parse()
        .map_err(|_| DecodeError::missing("a height that is a number"))?;
    Ok((height > 0).then_some(Height(height)))
}

fn code_of(value: Option<&Value>) -> Result<u64, DecodeError> {
    match value {
        // Absent means success in answers of the amino age.
        None | Some(Value::Null) => Ok(0),
        Some(value) => text_of(Some(value))
            .parse()
            .map_err(|_| DecodeError::missing("a result code that is a number")),
    }
}

fn of_response(response: &Value, beside: Option<&Value>) -> Result<Row, DecodeError> {
    let id = address::parse_tx_id(&text_of(response.get("txhash")))
        .ok_or_else(|| DecodeError::missing("txhash"))?;
    let height = height_of(&text_of(response.get("height")))?;
    let transaction = response
        .get("tx")
        .filter(|tx| tx.is_object())
        .or_else(|| beside.filter(|tx| tx.is_object()))
        .map(inside);
    let (messages, memo) = match transaction {
        Some(transaction) => body_of(transaction)?,
        None if height.is_none() => (Vec::new(), None),
        None => return Err(DecodeError::missing("tx")),
    };
    let timestamp = text_of(response.get("timestamp"));
    Ok(Row {
        id,
        height,
        time: Timestamp::parse(&timestamp).ok(),
        code: code_of(response.get("code"))?,
        codespace: text_of(response.get("codespace")),
        memo,
        messages,
        events: event::read_all(response.get("events")),
        logs: logs_of(response),
    })
}

/// Messages and memo of a transaction in JSON: Protobuf's form or amino's.
fn body_of(transaction: &Value) -> Result<(Vec<Message>, Option<Vec<u8>>), DecodeError> {
    let (list, memo) = match transaction.get("body") {
        Some(body) => (body.get("messages"), body.get("memo")),
        None => {
            let standard = transaction.get("value").unwrap_or(transaction);
            (standard.get("msg"), standard.get("memo"))
        }
    };
    let messages = list
        .and_then(Value::as_array)
        .ok_or_else(|| DecodeError::missing("the list of messages"))?
        .iter()
        .map(Message::read)
        .collect::<Result<_, _>>()?;
    let memo = memo
        .and_then(Value::as_str)
        .map(|memo| memo.as_bytes().to_vec());
    Ok((messages, memo))
}

/// The logs of a response; where they were left out, the text from which they are made.
fn logs_of(response: &Value) -> Vec<(Option<usize>, Vec<Event>)> {
    let logged = response
        .get("logs")
        .and_then(Value::as_array)
        .filter(|logs| !logs.is_empty());
    let from_text;
    let entries = match logged {
        Some(logs) => logs,
        None => {
            let text = text_of(response.get("raw_log").or_else(|| response.get("log")));
            from_text = serde_json::from_str::<Value>(&text).unwrap_or_default();
            match from_text.as_array() {
                Some(logs) => logs,
                None => return Vec::new(),
            }
        }
    };
    entries
        .iter()
        .enumerate()
        .filter(|(_, entry)| entry.get("events").is_some())
        .map(|(position, entry)| {
            let index = match entry.get("msg_index") {
                // Explorers put what belongs to no message under null.
                Some(Value::Null) => None,
                Some(index) => text_of(Some(index)).parse().ok(),
                None => Some(position),
            };
            (index, event::read_all(entry.get("events")))
        })
        .collect()
}

/// The transaction inside Celestia's wrapping of one that pays for data; `None` for a plain transaction. Its id is that of the
/// inner bytes (`Tx.Hash` of celestia-core).
fn unwrapped(raw: &[u8]) -> Option<Vec<u8>> {
    let wrapped = proto::WrappedTx::decode(raw).ok()?;
    matches!(wrapped.type_id.as_slice(), b"BLOB" | b"INDX").then_some(wrapped.tx)
}

/// A transaction of CometBFT: its bytes and the result of its execution. The id is computed from the bytes.
pub(super) fn of_comet(
    given: Option<&str>,
    height: &str,
    raw: &[u8],
    executed: &Value,
) -> Result<Row, DecodeError> {
    let wrapped = unwrapped(raw);
    let raw = wrapped.as_deref().unwrap_or(raw);
    let id = address::tx_id_of(raw);
    if let Some(given) = given
        && address::parse_tx_id(given).as_ref() != Some(&id)
    {
        return Err(DecodeError::OtherId {
            given: given.to_owned(),
            computed: id.to_string(),
        });
    }
    let broken = |what: &str| {
        let what = what.to_owned();
        move |error: prost::DecodeError| DecodeError::Bytes {
            what,
            detail: error.to_string(),
        }
    };
    let transaction = proto::TxRaw::decode(raw).map_err(broken("the transaction"))?;
    let body = proto::TxBody::decode(transaction.body_bytes.as_slice())
        .map_err(broken("the transaction's body"))?;
    let events = event::read_all(executed.get("events"));
    Ok(Row {
        id,
        height: height_of(height)?,
        time: None,
        code: code_of(executed.get("code"))?,
        codespace: text_of(executed.get("codespace")),
        memo: Some(body.memo),
        messages: body
            .messages
            .iter()
            .map(Message::from_any)
            .collect::<Result<_, _>>()?,
        logs: if events.is_empty() {
            logs_of(executed)
        } else {
            Vec::new()
        },
        events,
    })
}
