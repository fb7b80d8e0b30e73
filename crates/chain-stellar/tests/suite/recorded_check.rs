//! Signed transactions of the public network, opened.

use crate::fixture::{bytes, decoder, folder};
use crate::legs::envelope;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use recover_chain_stellar::StellarCheck;
use recover_chain_stellar::wire;
use recover_core::check::Check;
use std::collections::BTreeMap;

/// Every recorded envelope is opened under the id that its record has, or refused with a reason; none is opened that the network's
/// own rule would read otherwise.
#[test]
fn every_recorded_envelope_is_opened_under_its_id_or_refused() {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let Some(name) = path
            .file_name()
            .and_then(|name| name.to_str()?.strip_suffix(".json"))
        else {
            continue;
        };
        let body = bytes(name);
        let records: Vec<wire::Transaction> = match wire::body(&body) {
            Ok(wire::Body::Record(raw)) => serde_json::from_str(raw.get()).into_iter().collect(),
            Ok(wire::Body::Rows(rows)) => rows
                .iter()
                .filter_map(|row| serde_json::from_str(row.get()).ok())
                .collect(),
            _ => continue,
        };
        for record in records {
            let Some(text) = record.envelope_xdr.as_deref() else {
                continue;
            };
            // Records of the test network, and edited ones.
            let Ok(facts) = decoder().transaction(&record) else {
                continue;
            };
            let Ok(blob) = STANDARD.decode(text.trim()) else {
                continue;
            };
            if facts.envelope.is_none() {
                continue;
            }
            match StellarCheck.open("stellar:pubnet", &[], &blob) {
                Ok(signed) => {
                    assert_eq!(signed.tx_id, facts.id, "{name}");
                    let again = StellarCheck
                        .decode("stellar:pubnet", &signed.unsigned)
                        .unwrap();
                    assert_eq!(again.slot.account, signed.signer, "{name}");
                    assert!(StellarCheck.open("stellar:testnet", &[], &blob).is_err());
                    *counts.entry("opened").or_default() += 1;
                }
                Err(error) => {
                    let kind = match envelope(&blob) {
                        stellar_xdr::TransactionEnvelope::Tx(inner)
                            if inner.signatures.len() != 1 =>
                        {
                            "several signers"
                        }
                        stellar_xdr::TransactionEnvelope::Tx(_) => "another signer",
                        _ => "another kind",
                    };
                    if kind == "another signer" {
                        // A genuine signature is never called invalid.
                        assert!(error.detail.contains("other signers"), "{name}: {error}");
                    }
                    *counts.entry(kind).or_default() += 1;
                }
            }
        }
    }
    assert!(counts["opened"] >= 50, "{counts:?}");
}
