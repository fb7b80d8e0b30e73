//! Signatures of the main network, opened.

use crate::fixture::{folder, json};
use recover_chain_xrpl::XrplCheck;
use recover_chain_xrpl::binary::{self, Part};
use recover_chain_xrpl::signature::{self, SignatureError};
use recover_chain_xrpl::wire;
use recover_core::check::Check;
use serde_json::Value;

#[test]
fn a_submitted_payment_is_opened() {
    let answer = json("submit_ok");
    let result = &answer["result"];
    let blob = hex::decode(result["tx_blob"].as_str().unwrap()).unwrap();
    let signed = XrplCheck.open("xrpl:0", &[], &blob).unwrap();
    assert_eq!(signed.tx_id.as_str(), result["tx_json"]["hash"]);
    assert_eq!(
        signed.signer,
        result["tx_json"]["Account"].as_str().unwrap()
    );
    let decoded = XrplCheck.decode("xrpl:0", &signed.unsigned).unwrap();
    assert_eq!(decoded.slot.sequence, 82_046_081);
    let through = decoded.valid_through.map(|height| height.0);
    assert_eq!(through, Some(98_209_772));
}

/// Every recorded transaction that one key signed is signed by that key, whatever its type; with a bit of it changed, no more.
#[test]
fn every_recorded_signature_is_valid_and_binds_every_byte() {
    let mut kinds = std::collections::BTreeMap::new();
    for entry in std::fs::read_dir(folder("xrp")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        // An edited file of the collection: its id does not match its fields.
        if path
            .file_stem()
            .is_some_and(|name| name == "tx_partial_xrp_edited")
        {
            continue;
        }
        let answer: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        for record in wire::records(&answer).unwrap_or_default() {
            let text = |name: &str| record.fields.get(name).and_then(Value::as_str);
            let (Some(key), Some(signature), Some(stated)) =
                (text("SigningPubKey"), text("TxnSignature"), record.hash)
            else {
                continue;
            };
            let whole = binary::encode(record.fields, Part::Whole).unwrap();
            // Some recordings lack fields: nothing can be said of their signature.
            if binary::transaction_id(&whole).as_str() != stated || key.is_empty() {
                continue;
            }
            let (key, signature) = (hex::decode(key).unwrap(), hex::decode(signature).unwrap());
            let mut covered = binary::encode(record.fields, Part::Signed).unwrap();
            let algorithm = if key[0] == 0xed { "ed25519" } else { "ecdsa" };
            let verdict = signature::verify(&key, &covered, &signature);
            let verdict = match verdict {
                Ok(()) => {
                    covered[5] ^= 1;
                    assert_eq!(
                        signature::verify(&key, &covered, &signature),
                        Err(SignatureError::Invalid)
                    );
                    "valid"
                }
                // Before 2014 and 2020 the ledger took signatures that were not fully canonical.
                Err(SignatureError::NotCanonical) => "not canonical",
                Err(error) => panic!("{}: {stated}: {error}", path.display()),
            };
            *kinds.entry((algorithm, verdict)).or_insert(0) += 1;
        }
    }
    assert!(kinds[&("ecdsa", "valid")] > 200, "{kinds:?}");
    assert!(kinds[&("ed25519", "valid")] > 150, "{kinds:?}");
    // All of them stand in ledgers of 2013 and 2014.
    assert!(kinds[&("ecdsa", "not canonical")] < 10, "{kinds:?}");
}
