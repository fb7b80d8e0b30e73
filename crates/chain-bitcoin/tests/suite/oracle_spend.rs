//! Our PSBTs in the hands of bitcoinjs-lib: read, signed by several, combined, finished; and what comes back opened here.

use crate::spends::{BITCOIN, Kind, kinds, leg, previous, previous_bytes, secret, unsigned};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bitcoin::Psbt;
use recover_chain_bitcoin::BitcoinCheck;
use recover_chain_bitcoin::spend::{Rules, unlock, virtual_size};
use recover_core::amount::Amount;
use recover_core::check::Check as _;
use recover_core::network::NetworkId;
use recover_core::plan::Leg;
use recover_testkit::oracle::Oracle;
use serde_json::{Value, json};

fn told(op: &str, args: &Value) -> Value {
    Oracle::shared_blocking()
        .ask_blocking(op, args.clone())
        .unwrap_or_else(|error| panic!("{op} {args}: {error}"))
}

fn text(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// A leg over an output of this value.
fn leg_of(kind: &Kind, value: u64) -> (Leg, Vec<u8>) {
    let mut leg = leg("bitcoin", BITCOIN, kind);
    let spend = leg.spend.as_mut().unwrap();
    spend.amount = Amount::from_u128(value.into());
    spend.tx_id =
        recover_core::block::TxId::new(&previous(&kind.script, value).compute_txid().to_string());
    let rest = value - 6_000_000 - 20_000;
    spend.rest.as_mut().unwrap().amount = Amount::from_u128(rest.into());
    let bytes = unsigned(&leg, &previous_bytes(&kind.script, value), 900_000);
    assert!(BitcoinCheck.verify(&leg, &bytes).is_ok());
    (leg, bytes)
}

#[test]
fn every_kind_is_read_signed_and_finished_by_the_library() {
    let bitcoin = Rules::of(&NetworkId::new("bitcoin")).unwrap();
    let mut tried = 0;
    for (round, seed) in [0x21_u8, 0x42, 0x63].into_iter().enumerate() {
        // The last is above 2^53.
        let value = [10_000_000, 2_100_000_000_000, 9_007_199_254_740_993][round];
        for kind in kinds(seed) {
            let (leg, bytes) = leg_of(&kind, value);
            let read = told("bitcoin.psbt_decode", &json!({"psbt": text(&bytes)}));
            let spend = leg.spend.as_ref().unwrap();
            let input = &read["inputs"][0];
            assert_eq!(input["txid"], spend.tx_id.as_str());
            assert_eq!(input["previous_txid"], spend.tx_id.as_str());
            assert_eq!(
                (&input["index"], &input["sequence"]),
                (&json!(1), &json!(0xffff_fffd_u32))
            );
            assert_eq!(
                (&read["version"], &read["lock_time"]),
                (&json!(2), &json!(900_000))
            );
            assert_eq!(input["unknown"], 0);
            let is_taproot = kind.script.bytes()[0] == 0x51;
            assert_eq!(
                input["sighash"],
                if is_taproot { Value::Null } else { json!(1) }
            );
            let witness = kind.is_segwit.then(|| value.to_string());
            assert_eq!(input["witness_value"], json!(witness), "{}", kind.name);
            let outputs = read["outputs"].as_array().unwrap();
            assert_eq!(outputs.len(), 2);
            assert_eq!(outputs[0]["value"], "6000000");
            assert_eq!(
                outputs[0]["script"],
                hex::encode(crate::spends::RECIPIENT.bytes())
            );
            assert_eq!(outputs[1]["value"], (value - 6_020_000).to_string());
            assert_eq!(
                outputs[1]["script"],
                hex::encode(crate::spends::TREASURY.bytes())
            );
            let derivations = input["derivations"].as_array().unwrap();
            assert_eq!(derivations.is_empty(), kind.descriptor.is_none());
            for derivation in derivations {
                let descriptor = kind.descriptor.as_ref().unwrap();
                let path = derivation["path"]
                    .as_str()
                    .unwrap()
                    .trim_start_matches("m/")
                    .replace('\'', "h");
                let origin = format!("[{}/{path}]", derivation["fingerprint"].as_str().unwrap());
                assert!(descriptor.contains(&origin), "{descriptor}: {origin}");
            }
            // Each signer alone, as offline signers do, then put together.
            let parts: Vec<Value> = kind
                .signers
                .iter()
                .map(|seed| {
                    let key = hex::encode(secret(*seed).secret_bytes());
                    let args = json!({"psbt": text(&bytes), "key": key, "taproot": is_taproot});
                    told("bitcoin.psbt_sign", &args)["psbt"].clone()
                })
                .collect();
            let whole = told("bitcoin.psbt_combine", &json!({"psbts": parts}))["psbt"].clone();
            let done = told("bitcoin.psbt_finish", &json!({"psbt": whole}));
            assert_eq!(done["valid"], true, "{}", kind.name);
            assert_eq!(done["fee"], "20000");
            let raw = hex::decode(done["hex"].as_str().unwrap()).unwrap();
            let opened = BitcoinCheck
                .open(BITCOIN, &bytes, &raw)
                .unwrap_or_else(|error| panic!("{}: {error}", kind.name));
            assert_eq!(opened.tx_id.as_str(), done["txid"].as_str().unwrap());
            assert_eq!((&opened.signer, &opened.unsigned), (&leg.signer, &bytes));
            // From the PSBT with signatures and from the finished one, as text and as bytes.
            for given in [&whole, &done["psbt"]] {
                let given = given.as_str().unwrap();
                let from_text = BitcoinCheck
                    .open(BITCOIN, &bytes, given.as_bytes())
                    .unwrap();
                let from_bytes = BitcoinCheck
                    .open(BITCOIN, &bytes, &STANDARD.decode(given).unwrap())
                    .unwrap();
                assert_eq!(
                    (&from_text, &from_bytes),
                    (&opened, &opened),
                    "{}",
                    kind.name
                );
            }
            let unlock = unlock(bitcoin, &kind.script, kind.descriptor.as_deref()).unwrap();
            let most = virtual_size(
                &unlock,
                &[crate::spends::RECIPIENT, crate::spends::TREASURY],
            );
            let real = done["virtual_size"].as_u64().unwrap();
            let slack = 3 * kind.signers.len() as u64;
            assert!(
                real <= most && most <= real + slack,
                "{}: {real} {most}",
                kind.name
            );
            if kind.signers.len() > 1 {
                let alone = parts[0].as_str().unwrap();
                let error = BitcoinCheck
                    .open(BITCOIN, &bytes, alone.as_bytes())
                    .unwrap_err();
                assert!(error.detail.contains("more must sign"), "{error}");
            }
            tried += 1;
        }
    }
    println!("{tried} outputs signed by bitcoinjs-lib");
    assert_eq!(tried, 36);
}

/// What the library is given changed, it signs or refuses; what it signs is refused here.
#[test]
fn what_was_changed_before_the_library_signed_it_is_not_taken() {
    let mut refused = 0;
    for kind in kinds(0x42)
        .into_iter()
        .filter(|kind| kind.signers.len() == 1)
    {
        let (_, bytes) = leg_of(&kind, 10_000_000);
        let is_taproot = kind.script.bytes()[0] == 0x51;
        for change in 0..5 {
            let mut psbt = Psbt::deserialize(&bytes).unwrap();
            let transaction = &mut psbt.unsigned_tx;
            match change {
                0 => transaction.output[0].value -= bitcoin::Amount::ONE_SAT,
                1 => transaction.output.swap(0, 1),
                2 => {
                    transaction.output[1].script_pubkey =
                        transaction.output[0].script_pubkey.clone()
                }
                3 => transaction.lock_time = bitcoin::absolute::LockTime::ZERO,
                _ => transaction.input[0].sequence = bitcoin::Sequence::MAX,
            }
            let key = hex::encode(secret(kind.signers[0]).secret_bytes());
            let args = json!({"psbt": text(&psbt.serialize()), "key": key, "taproot": is_taproot});
            let signed = told("bitcoin.psbt_sign", &args)["psbt"].clone();
            let done = told("bitcoin.psbt_finish", &json!({"psbt": signed}));
            assert_eq!(done["valid"], true);
            for given in [
                signed.as_str().unwrap(),
                done["psbt"].as_str().unwrap(),
                done["hex"].as_str().unwrap(),
            ] {
                let error = BitcoinCheck
                    .open(BITCOIN, &bytes, given.as_bytes())
                    .unwrap_err();
                assert!(
                    error.detail.contains("approved is"),
                    "{}: {error}",
                    kind.name
                );
                refused += 1;
            }
        }
    }
    assert_eq!(refused, 8 * 5 * 3);
}
