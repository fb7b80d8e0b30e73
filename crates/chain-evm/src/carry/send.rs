//! Giving signed bytes to the node.

use super::EvmCarry;
use crate::address;
use crate::rpc::{Call, RpcCall, ask};
use recover_core::check::{Check, Signed};
use recover_source::carry::Sending;
use recover_source::error::SourceError;
use serde_json::json;

/// The node has it already.
const KNOWN: &[&str] = &[
    "already known",
    "already imported",
    "known transaction",
    "already exists",
    "alreadyknown",
    "already in the pool",
    "already in mempool",
];

/// It will never take these bytes: what is wrong with them is in them. Everything else may pass (a low balance, a nonce, a price),
/// or may be about a copy that it has already.
const NEVER: &[&str] = &[
    "invalid sender",
    "invalid signature",
    "invalid chain id",
    "invalid chainid",
    "incorrect chain id",
    "chain id mismatch",
    "chainid mismatch",
    "only replay-protected",
    "intrinsic gas too low",
    "intrinsic gas too high",
    "rlp:",
    "failed to decode",
    "transaction type not supported",
];

/// What a node's refusal of signed bytes means.
fn read_refusal(origin: &str, detail: &str) -> Sending {
    let lower = detail.to_lowercase();
    let says = |marks: &[&str]| marks.iter().any(|mark| lower.contains(mark));
    if says(KNOWN) {
        return Sending::Accepted {
            by: vec![origin.to_owned()],
        };
    }
    let reason = format!("{origin}: {detail}");
    if says(NEVER) {
        Sending::Refused { reason }
    } else {
        Sending::Unknown { reason }
    }
}

impl EvmCarry {
    pub(super) async fn give(&self, signed: &Signed) -> Sending {
        let origin = self.rpc().origin().to_owned();
        // A node of another chain would refuse it, and say so in words that mean "for good".
        if let Err(error) = self.node.check().await {
            return Sending::Unknown {
                reason: error.to_string(),
            };
        }
        let opened = match self
            .check()
            .open(&self.chain(), &signed.unsigned, &signed.bytes)
        {
            Ok(opened) => opened,
            Err(error) => {
                return Sending::Refused {
                    reason: error.to_string(),
                };
            }
        };
        let bytes = format!("0x{}", hex::encode(&signed.bytes));
        let call = Call::new("eth_sendRawTransaction", json!([bytes]));
        let answer: Result<String, SourceError> = ask(self.rpc() as &dyn RpcCall, call).await;
        match answer {
            Ok(hash) if address::parse_tx_id(&hash).as_ref() == Some(&opened.tx_id) => {
                Sending::Accepted { by: vec![origin] }
            }
            Ok(hash) => Sending::Unknown {
                reason: format!("{origin} took it under another id, {hash}: look it up"),
            },
            Err(SourceError::Refused { detail, .. }) => read_refusal(&origin, &detail),
            Err(error) => match read_refusal(&origin, &error.to_string()) {
                // Whatever the transport says, only the node's own words refuse for good.
                Sending::Refused { reason } => Sending::Unknown { reason },
                other => other,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pitfall_040_only_what_cannot_change_is_a_refusal() {
        for (words, expected) in [
            ("already known", "accepted"),
            ("transaction already imported", "accepted"),
            ("ALREADY_EXISTS: already known", "accepted"),
            ("nonce too low: next nonce 6, tx nonce 5", "unknown"),
            ("replacement transaction underpriced", "unknown"),
            ("insufficient funds for gas * price + value", "unknown"),
            ("max fee per gas less than block base fee", "unknown"),
            ("txpool is full", "unknown"),
            ("something new", "unknown"),
            ("invalid sender", "refused"),
            ("invalid chain id for signer: have 5 want 1", "refused"),
            (
                "only replay-protected (EIP-155) transactions allowed over RPC",
                "refused",
            ),
        ] {
            let found = match read_refusal("node", words) {
                Sending::Accepted { .. } => "accepted",
                Sending::Refused { .. } => "refused",
                Sending::Unknown { .. } => "unknown",
            };
            assert_eq!(found, expected, "{words}");
        }
    }
}
