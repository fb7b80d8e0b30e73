//! How servers write transactions down: five shapes, read as one.
//!
//! API v1 puts a transaction's fields flat beside `hash`, `date`, `ledger_index` and `meta`, or in `tx` with `meta` beside it
//! (`account_tx`), or in a ledger with `metaData`; API v2 puts them in `tx_json` with the rest beside it; streams in
//! `transaction`. Copies of explorers write ISO dates. Unknown fields are kept for the hash and otherwise ignored.

use recover_core::time::Timestamp;
use serde_json::{Map, Value};

/// Seconds between the Unix epoch and the ledger's own, 2000-01-01T00:00:00Z.
pub const RIPPLE_EPOCH: u64 = 946_684_800;

/// One transaction as a server wrote it.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// The transaction's own fields, with what the server added among them.
    pub fields: &'a Map<String, Value>,
    /// What it did; `None` when the answer does not say.
    pub meta: Option<&'a Map<String, Value>>,
    /// The id as the server states it.
    pub hash: Option<&'a str>,
    /// The ledger that it stands in; `None` while it stands in none, and where the answer leaves it out.
    pub ledger_index: Option<u64>,
    /// That ledger's hash; API v1 leaves it out.
    pub ledger_hash: Option<&'a str>,
    /// That ledger's close time.
    pub time: Option<Timestamp>,
    /// Whether the ledger is validated; `None` where the answer leaves it out.
    pub validated: Option<bool>,
}

/// Why an answer holds no transaction.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// The server's own error.
    #[error("the server answered an error: {code}")]
    Refused {
        /// Its stable word (`txnNotFound`).
        code: String,
    },
    /// The fields are in the binary format.
    #[error("the answer is in the binary format: ask with binary=false")]
    Binary,
    /// Ids, without the transactions.
    #[error("the answer lists only the ids of its transactions: ask with expand=true")]
    OnlyIds,
    /// What a transaction did, without the transaction.
    #[error("this is what a transaction did, without the transaction: nobody signed it")]
    NoTransaction,
    /// Something else.
    #[error("no transaction is in this answer")]
    Nothing,
}

/// What an answer says of all transactions in it.
#[derive(Debug, Clone, Copy, Default)]
struct Surroundings<'a> {
    ledger_index: Option<u64>,
    ledger_hash: Option<&'a str>,
    time: Option<Timestamp>,
    validated: Option<bool>,
}

/// Every transaction of an answer: of a look-up, a page of an account, a ledger, a stream's message, or a bare record.
///
/// # Errors
/// When the answer is an error, is binary, or holds none.
pub fn records(answer: &Value) -> Result<Vec<Record<'_>>, WireError> {
    let outer = answer.as_object().ok_or(WireError::Nothing)?;
    let body = match outer.get("result") {
        Some(Value::Object(result)) => result,
        _ => outer,
    };
    for place in [body, outer] {
        if let Some(code) = error_of(place) {
            return Err(WireError::Refused {
                code: code.to_owned(),
            });
        }
    }
    let mut around = Surroundings::default();
    around.learn(body);
    let ledger = body.get("ledger").and_then(Value::as_object);
    if let Some(ledger) = ledger {
        around.learn(ledger);
    }
    let list = ["transactions", "txs"].iter().find_map(|name| {
        let list = ledger.and_then(|ledger| ledger.get(*name));
        list.or_else(|| body.get(*name)).and_then(Value::as_array)
    });
    match list {
        Some(rows) => rows
            .iter()
            .map(|row| record_in(row, around))
            .collect::<Result<_, _>>(),
        None if ledger.is_some() => Err(WireError::Nothing),
        None => record_of(body, around).map(|record| vec![record]),
    }
}

/// The transaction of one row of a page.
///
/// # Errors
/// As [`records`].
pub fn record(row: &Value) -> Result<Record<'_>, WireError> {
    record_in(row, Surroundings::default())
}

fn record_in<'a>(row: &'a Value, around: Surroundings<'a>) -> Result<Record<'a>, WireError> {
    match row {
        Value::Object(row) => record_of(row, around),
        Value::String(text) if crate::address::parse_tx_id(text).is_some() => {
            Err(WireError::OnlyIds)
        }
        _ => Err(WireError::Binary),
    }
}

fn record_of<'a>(
    row: &'a Map<String, Value>,
    mut around: Surroundings<'a>,
) -> Result<Record<'a>, WireError> {
    let named = ["tx_json", "tx", "transaction"];
    let inner = named.iter().find_map(|name| row.get(*name)?.as_object());
    let fields = match inner {
        Some(inner) => inner,
        None if row.contains_key("TransactionType") => row,
        None if row.contains_key("tx_blob") || row.get("tx").is_some_and(Value::is_string) => {
            return Err(WireError::Binary);
        }
        None if row.contains_key("AffectedNodes") => return Err(WireError::NoTransaction),
        None => return Err(WireError::Nothing),
    };
    // Copies of explorers carry odd texts in fields that the other place fills.
    let metas = || {
        let places = [row, fields].into_iter();
        places.flat_map(|place| {
            ["meta", "metaData", "metadata"]
                .iter()
                .filter_map(|name| place.get(*name))
        })
    };
    let meta = metas().find_map(Value::as_object);
    let is_blob = |value: &Value| {
        let text = value.as_str().unwrap_or_default();
        text.len() > 1 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    if meta.is_none() && (metas().any(is_blob) || row.contains_key("meta_blob")) {
        return Err(WireError::Binary);
    }
    around.learn(fields);
    around.learn(row);
    let hash = [row, fields]
        .iter()
        .find_map(|place| place.get("hash")?.as_str());
    Ok(Record {
        fields,
        meta,
        hash,
        ledger_index: around.ledger_index,
        ledger_hash: around.ledger_hash,
        time: around.time,
        validated: around.validated,
    })
}

impl<'a> Surroundings<'a> {
    /// Takes what a nearer place says, where it says something.
    fn learn(&mut self, place: &'a Map<String, Value>) {
        let index = ["ledger_index", "inLedger"]
            .iter()
            .find_map(|name| whole(place.get(*name)?));
        self.ledger_index = index.or(self.ledger_index);
        let hash = place.get("ledger_hash").and_then(Value::as_str);
        self.ledger_hash = hash.or(self.ledger_hash);
        let time = ["date", "close_time_iso", "close_time"]
            .iter()
            .find_map(|name| time(place.get(*name)?));
        self.time = time.or(self.time);
        let validated = place.get("validated").and_then(Value::as_bool);
        self.validated = validated.or(self.validated);
    }
}

/// The word of an answer's error; `None` when it is none.
#[must_use]
pub fn error_of(place: &Map<String, Value>) -> Option<&str> {
    match place.get("error") {
        Some(Value::String(word)) => Some(word),
        Some(Value::Object(error)) => error.get("message").and_then(Value::as_str),
        Some(Value::Null) | None => {
            (place.get("status").and_then(Value::as_str) == Some("error")).then_some("error")
        }
        Some(_) => Some("error"),
    }
}

/// A whole number, as a number or as decimal text.
#[must_use]
pub fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// A time: seconds of the ledger's epoch, an ISO text, or an explorer's milliseconds (past 32 bits, so never mistaken).
fn time(value: &Value) -> Option<Timestamp> {
    match value {
        Value::Number(number) => {
            let number = number.as_u64()?;
            if u32::try_from(number).is_ok() {
                Timestamp::from_seconds(number.checked_add(RIPPLE_EPOCH)?)
            } else {
                i64::try_from(number)
                    .ok()?
                    .checked_mul(1_000)
                    .map(Timestamp::from_micros)
            }
        }
        Value::String(text) => Timestamp::parse(text).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn times_come_in_three_forms() {
        let expected = Timestamp::parse("2017-04-29T03:26:41Z").ok();
        assert_eq!(time(&json!("2017-04-29T03:26:41Z")), expected);
        assert_eq!(time(&json!(546_751_601)), expected);
        assert_eq!(time(&json!(1_493_436_401_000_u64)), expected);
        assert_eq!(time(&json!("2017-Apr-29")), None);
    }

    #[test]
    fn errors_are_found_in_either_place() {
        let code = |answer: Value| match records(&answer) {
            Err(WireError::Refused { code }) => code,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            code(json!({"result": {"error": "lgrNotFound"}, "status": "error"})),
            "lgrNotFound"
        );
        assert_eq!(
            code(json!({"error": "slowDown", "error_code": 10})),
            "slowDown"
        );
        assert_eq!(code(json!({"result": {}, "status": "error"})), "error");
    }

    #[test]
    fn what_is_no_transaction_says_what_it_is() {
        assert_eq!(records(&json!([])).unwrap_err(), WireError::Nothing);
        assert_eq!(
            records(&json!({"result": {"tx_blob": "1200", "meta": "00"}})).unwrap_err(),
            WireError::Binary
        );
        // An explorer's copy: the metadata stands outside, and inside only the word for nothing.
        let copy = json!({"tx": {"TransactionType": "Payment", "meta": "undefined", "hash": "undefined"},
            "meta": {"TransactionResult": "tesSUCCESS"}, "hash": "AB"});
        let record = records(&copy).unwrap()[0];
        assert!(record.meta.is_some() && record.hash == Some("AB"));
        assert_eq!(
            records(&json!({"AffectedNodes": []})).unwrap_err(),
            WireError::NoTransaction
        );
        assert_eq!(
            records(&json!({"ledger": {"transactions": ["1200002280"]}})).unwrap_err(),
            WireError::Binary
        );
        assert_eq!(
            records(&json!({"ledger": {"transactions": ["AB".repeat(32)]}})).unwrap_err(),
            WireError::OnlyIds
        );
    }
}
