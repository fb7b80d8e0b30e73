//! ICS-20: what a packet says, which coin it becomes here, and whether its acknowledgement accepts it.

use crate::address::voucher_denom;
use crate::decode::event::Event;
use crate::decode::message::{Packet, text_of};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use recover_core::memo::{Memo, place};
use serde_json::Value;

/// The data of a fungible token packet (ICS-20, version 1). Whatever stands in it is its sender's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TokenPacket {
    pub amount: String,
    pub denom: String,
    pub sender: String,
    pub receiver: String,
    /// `None` where the packet has no such field: it is younger than the standard.
    pub memo: Option<String>,
}

impl TokenPacket {
    /// Reads a packet's data; `None` when it is no token packet.
    pub(crate) fn read(data: &[u8]) -> Option<Self> {
        let value: Value = serde_json::from_slice(data).ok()?;
        let text = |key: &str| text_of(value.get(key));
        let packet = Self {
            amount: text("amount"),
            denom: text("denom"),
            sender: text("sender"),
            receiver: text("receiver"),
            memo: value.get("memo").map(|memo| text_of(Some(memo))),
        };
        (!packet.denom.is_empty() && !packet.amount.is_empty()).then_some(packet)
    }

    /// The memo as a routing field.
    pub(crate) fn memo(&self) -> Memo {
        match &self.memo {
            Some(memo) => Memo::text(memo.as_bytes(), place::PACKET_MEMO),
            None => Memo::absent(place::PACKET_MEMO),
        }
    }

    /// The coin that its receiver gets on this network: a coin of ours that comes home, or a voucher.
    pub(crate) fn denom_here(&self, packet: &Packet) -> String {
        let home = format!("{}/{}/", packet.source_port, packet.source_channel);
        let trace = match self.denom.strip_prefix(&home) {
            // Home by this hop; it may still have come from elsewhere before.
            Some(rest) if !is_trace(rest) => return rest.to_owned(),
            Some(rest) => rest.to_owned(),
            None => format!(
                "{}/{}/{}",
                packet.destination_port, packet.destination_channel, self.denom
            ),
        };
        voucher_denom(&trace)
    }
}

/// Whether a denomination still names the hops that it came over.
fn is_trace(denom: &str) -> bool {
    denom
        .split_once('/')
        .and_then(|(_, rest)| rest.split_once('/'))
        .is_some_and(|(channel, _)| {
            channel.strip_prefix("channel-").is_some_and(|number| {
                !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
            })
        })
}

/// What became of a packet that arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Acknowledgement {
    /// The acknowledgement accepts it.
    Accepted,
    /// The acknowledgement refuses it: whatever the events say was undone.
    Refused,
    /// None was written: another relay brought it before, or the answer comes later.
    None,
}

/// What the events of one message say about its packet. The fact is the acknowledgement; `success` of a token packet event has
/// been seen to be false beside an acceptance.
pub(crate) fn acknowledgement(events: &[&Event]) -> Acknowledgement {
    let mut found = Acknowledgement::None;
    for event in events
        .iter()
        .filter(|event| event.kind == "write_acknowledgement")
    {
        let plain = event.get("packet_ack").map(|text| text.as_bytes().to_vec());
        let from_hex = || {
            ["packet_ack_hex", "encoded_acknowledgement_hex"]
                .iter()
                .find_map(|key| hex::decode(event.get(key)?).ok())
        };
        let bytes = plain.filter(|bytes| !bytes.is_empty()).or_else(from_hex);
        match bytes.map(|bytes| is_refusal(&bytes)) {
            Some(Some(true)) => return Acknowledgement::Refused,
            Some(Some(false)) => found = Acknowledgement::Accepted,
            // One that we cannot read proves nothing.
            Some(None) | None => {}
        }
    }
    found
}

/// Whether an acknowledgement refuses; `None` when it is none that we can read. Middleware may wrap the token module's own
/// acknowledgement into a result of its own.
pub(crate) fn is_refusal(bytes: &[u8]) -> Option<bool> {
    is_refusal_nested(bytes, 0)
}

fn is_refusal_nested(bytes: &[u8], depth: usize) -> Option<bool> {
    let value: Value = serde_json::from_slice(bytes).ok()?;
    if value.get("error").is_some_and(|error| !error.is_null()) {
        return Some(true);
    }
    let decode = |value: &Value| STANDARD.decode(value.as_str()?).ok();
    // Relayer fees (ICS-29) put the token module's own beside what the relayer gets.
    let inner = match value.get("app_acknowledgement") {
        Some(own) => Some(decode(own)?),
        None => {
            let result = value.get("result")?;
            result.as_str()?;
            decode(result)
                .and_then(|wrapped| serde_json::from_slice::<Value>(&wrapped).ok())
                .and_then(|wrapped| decode(wrapped.get("ibc_ack")?))
        }
    };
    match inner {
        Some(_) if depth >= NESTED_MAX => None,
        Some(inner) => is_refusal_nested(&inner, depth.saturating_add(1)),
        None => Some(false),
    }
}

/// How deep acknowledgements inside acknowledgements are followed.
const NESTED_MAX: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn packet() -> Packet {
        Packet {
            source_port: "transfer".to_owned(),
            source_channel: "channel-0".to_owned(),
            destination_port: "transfer".to_owned(),
            destination_channel: "channel-141".to_owned(),
            data: Vec::new(),
        }
    }

    fn here(denom: &str) -> String {
        let token = TokenPacket {
            amount: "1".to_owned(),
            denom: denom.to_owned(),
            sender: String::new(),
            receiver: String::new(),
            memo: None,
        };
        token.denom_here(&packet())
    }

    #[test]
    fn coins_come_home_or_become_vouchers() {
        assert_eq!(here("transfer/channel-0/uatom"), "uatom");
        assert_eq!(here("uosmo"), voucher_denom("transfer/channel-141/uosmo"));
        assert_eq!(
            here("transfer/channel-9/uakt"),
            voucher_denom("transfer/channel-141/transfer/channel-9/uakt")
        );
        assert_eq!(
            here("transfer/channel-0/transfer/channel-9/uakt"),
            voucher_denom("transfer/channel-9/uakt")
        );
        assert_eq!(
            here("transfer/channel-0/factory/osmo1abc/token"),
            "factory/osmo1abc/token"
        );
    }

    #[test]
    fn acknowledgements_are_read_through_their_wrapping() {
        let wrap = |inner: &str| {
            let body = format!(
                r#"{{"contract_result":"bnVsbA==","ibc_ack":"{}"}}"#,
                STANDARD.encode(inner)
            );
            format!(r#"{{"result":"{}"}}"#, STANDARD.encode(body))
        };
        let with_fee = |inner: &str| {
            format!(
                r#"{{"app_acknowledgement":"{}","forward_relayer_address":"","underlying_app_success":true}}"#,
                STANDARD.encode(inner)
            )
        };
        for (text, expected) in [
            (r#"{"result":"AQ=="}"#.to_owned(), Some(false)),
            (r#"{"error":"ABCI code: 1"}"#.to_owned(), Some(true)),
            (wrap(r#"{"result":"AQ=="}"#), Some(false)),
            (wrap(r#"{"error":"no"}"#), Some(true)),
            (wrap(&wrap(r#"{"error":"no"}"#)), Some(true)),
            (with_fee(r#"{"result":"AQ=="}"#), Some(false)),
            (with_fee(r#"{"error":"no"}"#), Some(true)),
            (with_fee(&wrap(r#"{"error":"no"}"#)), Some(true)),
            (
                with_fee(&with_fee(&with_fee(&with_fee(&with_fee("{}"))))),
                None,
            ),
            (r#"{"app_acknowledgement":5}"#.to_owned(), None),
            ("\u{1}".to_owned(), None),
            ("{}".to_owned(), None),
        ] {
            assert_eq!(is_refusal(text.as_bytes()), expected, "{text}");
        }
    }
}
