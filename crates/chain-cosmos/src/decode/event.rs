//! Events: what the modules say they did, in either of the two ways in which nodes write them.
//!
//! Up to CometBFT 0.34 the keys and values of events are base64, later they are plain, and one answer may mix both: it is
//! decided for each event, by whether its keys are names that we know. One event may hold several records (logs of older
//! networks merge all events of one type), so a record ends where one of its keys comes again.

use crate::address::parse_denom;
use crate::decode::DecodeError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use recover_core::amount::Amount;
use serde_json::Value;

/// An event with plain keys and values, in the order of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    pub kind: String,
    pub attributes: Vec<(String, String)>,
}

/// Keys that tell how an event is written. Base64 text of none of them is another one of them.
const KNOWN_KEYS: &[&str] = &[
    "_contract_address",
    "acc_seq",
    "acknowledgement",
    "action",
    "amount",
    "authz_msg_index",
    "burner",
    "completion_time",
    "contract_address",
    "delegator",
    "denom",
    "error",
    "fee",
    "fee_payer",
    "memo",
    "method",
    "minter",
    "mode",
    "module",
    "msg_index",
    "packet_ack",
    "packet_ack_hex",
    "packet_data",
    "packet_data_hex",
    "packet_sequence",
    "packet_src_channel",
    "packet_src_port",
    "packet_timeout_height",
    "proposal_id",
    "receiver",
    "recipient",
    "refund_amount",
    "refund_denom",
    "refund_receiver",
    "sender",
    "signature",
    "spender",
    "success",
    "trace_hash",
    "txHash",
    "validator",
];

impl Event {
    /// Reads one event; `None` when it has not the shape of one.
    fn read(value: &Value) -> Option<Self> {
        let kind = value.get("type")?.as_str()?.to_owned();
        let mut attributes = Vec::new();
        for attribute in value
            .get("attributes")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let text = |key| match attribute.get(key) {
                Some(Value::String(text)) => text.clone(),
                Some(Value::Null) | None => String::new(),
                Some(other) => other.to_string(),
            };
            attributes.push((text("key"), text("value")));
        }
        if is_base64(&attributes) {
            for (key, value) in &mut attributes {
                *key = plain(key).unwrap_or_default();
                // A value that is no text (a bloom filter) is of no use here.
                *value = plain(value).unwrap_or_default();
            }
        }
        Some(Self { kind, attributes })
    }

    /// The first value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }

    /// Every value of a key.
    pub(crate) fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.attributes
            .iter()
            .filter(move |(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }

    /// The records inside: each ends where one of its keys comes again.
    pub(crate) fn records(&self) -> Vec<Record<'_>> {
        let mut records: Vec<Record<'_>> = Vec::new();
        let mut current: Vec<(&str, &str)> = Vec::new();
        for (key, value) in &self.attributes {
            if current.iter().any(|(name, _)| name == key) {
                records.push(Record(std::mem::take(&mut current)));
            }
            current.push((key, value));
        }
        if !current.is_empty() {
            records.push(Record(current));
        }
        records
    }

    /// The index of the message that caused it, where the answer says so (SDK 0.50 and later).
    pub(crate) fn message_index(&self) -> Option<usize> {
        self.get("msg_index")?.parse().ok()
    }
}

/// One record of an event.
pub(crate) struct Record<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Record<'a> {
    pub(crate) fn get(&self, key: &str) -> Option<&'a str> {
        self.0
            .iter()
            .find(|(name, _)| *name == key)
            .map(|(_, value)| *value)
    }
}

fn is_base64(attributes: &[(String, String)]) -> bool {
    if attributes
        .iter()
        .any(|(key, _)| KNOWN_KEYS.contains(&key.as_str()))
    {
        return false;
    }
    let decoded: Vec<Option<String>> = attributes.iter().map(|(key, _)| plain(key)).collect();
    if decoded
        .iter()
        .flatten()
        .any(|key| KNOWN_KEYS.contains(&key.as_str()))
    {
        return true;
    }
    // Names that we do not know: base64 only when every key, read so, is a word.
    !decoded.is_empty()
        && decoded.iter().all(|key| {
            key.as_ref().is_some_and(|key| {
                !key.is_empty()
                    && key
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || b"_-. ".contains(&byte))
            })
        })
}

fn plain(text: &str) -> Option<String> {
    String::from_utf8(STANDARD.decode(text).ok()?).ok()
}

/// Reads a list of events; nothing where the answer has `null`.
pub(crate) fn read_all(value: Option<&Value>) -> Vec<Event> {
    value
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Event::read)
        .collect()
}

/// The coins of an event's amount: `10uatom,5ibc/ABC…`, none of them when it is empty.
///
/// # Errors
/// When a part is not an integer with a denomination.
pub(crate) fn coins(text: &str) -> Result<Vec<(Amount, String)>, DecodeError> {
    let refuse = || DecodeError::Amount {
        text: text.to_owned(),
    };
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| {
            let digits = part.bytes().take_while(u8::is_ascii_digit).count();
            let (amount, denom) = part.split_at(digits);
            let amount = Amount::from_base_units(amount).map_err(|_| refuse())?;
            let denom = parse_denom(denom).ok_or_else(refuse)?;
            Ok((amount, denom))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_event_is_read_in_its_own_writing() {
        let events = read_all(Some(&json!([
            {"type": "transfer", "attributes": [
                {"key": "cmVjaXBpZW50", "value": "dGNybzE="}, {"key": "YW1vdW50", "value": null}]},
            {"type": "transfer", "attributes": [{"key": "receiver", "value": "YWJj"}]},
            {"type": "custom", "attributes": [{"key": "Zm9v", "value": "YmFy"}]},
            {"type": "custom", "attributes": [{"key": "ab", "value": "cd"}]},
            {"type": "tx", "attributes": []},
            {"odd": 1},
        ])));
        let first = |index: usize| {
            events[index]
                .attributes
                .first()
                .map(|(key, value)| (key.as_str(), value.as_str()))
        };
        assert_eq!(first(0), Some(("recipient", "tcro1")));
        assert_eq!(events[0].get("amount"), Some(""));
        assert_eq!(first(1), Some(("receiver", "YWJj")));
        assert_eq!(first(2), Some(("foo", "bar")));
        assert_eq!(first(3), Some(("ab", "cd")));
        assert_eq!(events.len(), 5);
    }

    #[test]
    fn no_known_key_reads_as_another_one() {
        for key in KNOWN_KEYS {
            let other = plain(key);
            assert!(
                other
                    .as_deref()
                    .is_none_or(|other| !KNOWN_KEYS.contains(&other)),
                "{key}"
            );
        }
    }

    #[test]
    fn merged_events_fall_into_records() {
        let events = read_all(Some(&json!([{"type": "transfer", "attributes": [
            {"key": "recipient", "value": "a"}, {"key": "amount", "value": "1uatom"},
            {"key": "recipient", "value": "b"}, {"key": "sender", "value": "c"}, {"key": "amount", "value": "2uatom"},
        ]}])));
        let records = events[0].records();
        assert_eq!(records.len(), 2);
        assert_eq!(records[0].get("sender"), None);
        assert_eq!(records[1].get("sender"), Some("c"));
        assert_eq!(records[1].get("amount"), Some("2uatom"));
    }

    #[test]
    fn amounts_are_lists_of_coins() {
        let read = |text: &str| {
            coins(text).map(|coins| {
                coins
                    .into_iter()
                    .map(|(amount, denom)| format!("{} {denom}", amount.to_base_units()))
                    .collect::<Vec<_>>()
            })
        };
        assert_eq!(read(""), Ok(vec![]));
        let voucher = format!("ibc/{}", "A".repeat(64));
        assert_eq!(
            read(&format!("10uatom,5{voucher}")),
            Ok(vec!["10 uatom".to_owned(), format!("5 {voucher}")])
        );
        assert_eq!(
            read("250gravity0x564A1c3AF089D02D0B6C311C650eA3768424cbfa")
                .unwrap()
                .len(),
            1
        );
        for text in [
            "uatom",
            "10",
            "-1uatom",
            "1.5uatom",
            "10uatom,,x",
            &format!("{}uatom", "9".repeat(79)),
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
