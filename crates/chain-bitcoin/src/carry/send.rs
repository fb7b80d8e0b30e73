//! Giving a signed transaction to the node.

use super::{BitcoinCarry, CHECK};
use crate::source::rpc::code;
use recover_core::check::{Check as _, Signed};
use recover_source::carry::Sending;
use recover_source::error::SourceError;

/// The node has it, or a block does; also with another witness, which is the same payment under the same id.
const KNOWN: &[&str] = &[
    "txn-already-in-mempool",
    "txn-already-known",
    "txn-same-nonwitness-data-in-mempool",
    "already in block chain",
    "already in utxo set",
    "already in mempool",
];

/// What is wrong with it is in its own bytes: no node will ever take it. Missing inputs are none of that (it may be in a block itself),
/// nor is a fee, a conflict with another that waits, or a lock time.
const NEVER: &[&str] = &[
    "mandatory-script-verify-flag-failed",
    "mempool-script-verify-flag-failed",
    "block-script-verify-flag-failed",
    "non-mandatory-script-verify-flag",
    "bad-txns-in-belowout",
    "bad-txns-vout",
    "bad-txns-txouttotal",
    "bad-txns-fee",
    "bad-txns-inputvalues",
    "bad-txns-oversize",
    "bad-witness-nonstandard",
    "scriptsig-not-pushonly",
    "tx decode failed",
];

/// What a node's refusal means.
pub(super) fn meaning(origin: &str, code: Option<i64>, words: &str) -> Sending {
    let lower = words.to_ascii_lowercase();
    let says = |marks: &[&str]| marks.iter().any(|mark| lower.contains(mark));
    if code == Some(code::ALREADY_IN_CHAIN) || says(KNOWN) {
        return Sending::Accepted {
            by: vec![origin.to_owned()],
        };
    }
    let reason = format!("{origin}: {words}");
    if says(NEVER) {
        Sending::Refused { reason }
    } else {
        Sending::Unknown { reason }
    }
}

impl BitcoinCarry {
    pub(super) async fn give(&self, signed: &Signed) -> Sending {
        let origin = self.node.origin().to_owned();
        // A node of another chain refuses it, and for good as it seems.
        if let Err(error) = self.node.check().await {
            return Sending::Unknown {
                reason: error.to_string(),
            };
        }
        let opened = match CHECK.open(&self.chain(), &signed.unsigned, &signed.bytes) {
            Ok(opened) => opened,
            Err(error) => {
                return Sending::Refused {
                    reason: error.to_string(),
                };
            }
        };
        let digits = hex::encode(&opened.bytes);
        match self.tried_out(&digits).await {
            Ok(None) => {}
            Ok(Some(words)) => return meaning(&origin, None, &words),
            Err(error) => {
                return Sending::Unknown {
                    reason: error.to_string(),
                };
            }
        }
        match self.node.send_transaction(&digits).await {
            Ok(id) if id == opened.tx_id.as_str() => Sending::Accepted { by: vec![origin] },
            Ok(id) => Sending::Unknown {
                reason: format!("{origin} took it under another id, {id}: look it up"),
            },
            Err(SourceError::Refused { code, detail, .. }) => meaning(&origin, Some(code), &detail),
            Err(error) => Sending::Unknown {
                reason: error.to_string(),
            },
        }
    }

    /// Why the node would not take it; `None` where it would, or cannot say beforehand.
    async fn tried_out(&self, digits: &str) -> Result<Option<String>, SourceError> {
        if !self.node.offers("testmempoolaccept").await? {
            return Ok(None);
        }
        let answer = match self.node.test_accept(digits).await {
            Ok(answer) => answer,
            Err(SourceError::Unsupported { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        if answer.allowed == Some(true) {
            return Ok(None);
        }
        Ok(Some(answer.reject_reason.unwrap_or_else(|| {
            "it would not take it, and does not say why".to_owned()
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words of Bitcoin Core 0.16 to 31, Litecoin Core 0.21 and Bitcoin SV 1.0.
    #[test]
    fn a_refusal_is_for_good_only_when_the_bytes_cannot_ever_pass() {
        for (code, words, expected) in [
            (Some(-27), "Transaction already in block chain", "accepted"),
            (
                Some(-27),
                "Transaction outputs already in utxo set",
                "accepted",
            ),
            (Some(-27), "anything", "accepted"),
            (None, "txn-already-in-mempool", "accepted"),
            (None, "txn-already-known", "accepted"),
            (None, "txn-same-nonwitness-data-in-mempool", "accepted"),
            (Some(-26), "18: txn-already-in-mempool", "accepted"),
            (Some(-25), "bad-txns-inputs-missingorspent", "unknown"),
            (Some(-25), "Missing inputs", "unknown"),
            (None, "missing-inputs", "unknown"),
            (None, "txn-mempool-conflict", "unknown"),
            (
                Some(-26),
                "insufficient fee, rejecting replacement",
                "unknown",
            ),
            (Some(-26), "66: mempool min fee not met", "unknown"),
            (Some(-26), "min relay fee not met, 1 < 110", "unknown"),
            (None, "non-final", "unknown"),
            (None, "bad-txns-premature-spend-of-coinbase", "unknown"),
            (None, "too-long-mempool-chain", "unknown"),
            (None, "dust", "unknown"),
            (None, "something new", "unknown"),
            (
                None,
                "mandatory-script-verify-flag-failed (Signature must be zero for failed CHECK(MULTI)SIG operation)",
                "refused",
            ),
            (
                None,
                "non-mandatory-script-verify-flag (Witness program hash mismatch)",
                "refused",
            ),
            (
                Some(-26),
                "16: mandatory-script-verify-flag-failed (Signature must use SIGHASH_FORKID)",
                "refused",
            ),
            (
                None,
                "mempool-script-verify-flag-failed (Invalid Schnorr signature)",
                "refused",
            ),
            (
                Some(-26),
                "bad-txns-in-belowout, value in (1) < value out (2)",
                "refused",
            ),
            (
                Some(-22),
                "TX decode failed. Make sure the tx has at least one input.",
                "refused",
            ),
        ] {
            let found = match meaning("node", code, words) {
                Sending::Accepted { .. } => "accepted",
                Sending::Refused { .. } => "refused",
                Sending::Unknown { .. } => "unknown",
            };
            assert_eq!(found, expected, "{words}");
        }
    }
}
