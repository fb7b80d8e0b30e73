//! What somebody between builder, signer and network could change: none of it passes.

use crate::spends::{
    BITCOIN, BITCOIN_CASH, VALUE, everything, finished, kind, kinds, package, previous, public,
    secret, sign, sign_fork, signed, transaction,
};
use bitcoin::bip32::{DerivationPath, Fingerprint};
use bitcoin::consensus::serialize;
use bitcoin::hashes::Hash as _;
use bitcoin::psbt::raw;
use bitcoin::secp256k1::{Message, Secp256k1};
use bitcoin::sighash::SighashCache;
use bitcoin::transaction::Version;
use bitcoin::{Amount, EcdsaSighashType, Psbt, ScriptBuf, TxIn, TxOut};
use recover_chain_bitcoin::BitcoinCheck;
use recover_chain_bitcoin::script::Script;
use recover_core::check::Check;

/// The place of the lock time, which the leg does not say: the last four bytes of the unsigned transaction.
fn lock_time(bytes: &[u8]) -> std::ops::Range<usize> {
    let transaction = serialize(&Psbt::deserialize(bytes).unwrap().unsigned_tx);
    let begins = bytes
        .windows(transaction.len())
        .position(|part| part == transaction)
        .unwrap();
    begins + transaction.len() - 4..begins + transaction.len()
}

#[test]
fn no_byte_of_what_is_handed_out_can_be_another() {
    let mut tried = 0_u32;
    for (network, chain, kind) in everything() {
        let (leg, bytes) = package(network, chain, &kind);
        let lock = lock_time(&bytes);
        for place in (0..bytes.len()).filter(|place| !lock.contains(place)) {
            // Every bit of some, one of the others: the lot is run on every build.
            let bits = if place % 7 == 0 {
                0..8
            } else {
                place as u32 % 8..place as u32 % 8 + 1
            };
            for bit in bits {
                let mut other = bytes.clone();
                other[place] ^= 1 << bit;
                let found = BitcoinCheck.verify(&leg, &other);
                assert!(
                    found.is_err(),
                    "{network} {} byte {place} bit {bit}",
                    kind.name
                );
                tried += 1;
            }
        }
        for cut in [1, 2, bytes.len() / 2, bytes.len()] {
            assert!(
                BitcoinCheck
                    .verify(&leg, &bytes[..bytes.len() - cut])
                    .is_err()
            );
        }
        assert!(
            BitcoinCheck
                .verify(&leg, &[&bytes[..], &[0]].concat())
                .is_err()
        );
    }
    assert!(tried > 10_000, "{tried}");
}

#[test]
fn no_byte_of_what_was_signed_can_be_another() {
    let mut tried = 0_u32;
    for (network, chain, kind) in everything() {
        let (_, bytes) = package(network, chain, &kind);
        let raw = signed(network, &kind, &bytes);
        assert!(BitcoinCheck.open(chain, &bytes, &raw).is_ok());
        for place in 0..raw.len() {
            let mut other = raw.clone();
            other[place] ^= 1 << (place % 8);
            let found = BitcoinCheck.open(chain, &bytes, &other);
            assert!(found.is_err(), "{network} {} byte {place}", kind.name);
            tried += 1;
        }
        for cut in [1, 4, raw.len() / 2, raw.len()] {
            assert!(
                BitcoinCheck
                    .open(chain, &bytes, &raw[..raw.len() - cut])
                    .is_err()
            );
        }
        assert!(
            BitcoinCheck
                .open(chain, &bytes, &[&raw[..], &[0]].concat())
                .is_err()
        );
    }
    assert!(tried > 5_000, "{tried}");
}

/// A signed PSBT has fields of its signer's that are not looked at: whatever changes in it, it is the same transaction or none.
#[test]
fn a_changed_byte_of_a_signed_psbt_is_the_same_transaction_or_none() {
    let (mut same, mut refused) = (0_u32, 0_u32);
    for kind in kinds(0x42) {
        let (_, bytes) = package("bitcoin", BITCOIN, &kind);
        let psbt = sign(&bytes, &kind.signers).serialize();
        let opened = BitcoinCheck.open(BITCOIN, &bytes, &psbt).unwrap();
        for place in 0..psbt.len() {
            let mut other = psbt.clone();
            other[place] ^= 1 << (place % 8);
            match BitcoinCheck.open(BITCOIN, &bytes, &other) {
                Ok(found) => {
                    assert_eq!(found, opened, "{} byte {place}", kind.name);
                    same += 1;
                }
                Err(_) => refused += 1,
            }
        }
        for cut in 1..psbt.len() {
            assert!(BitcoinCheck.open(BITCOIN, &bytes, &psbt[..cut]).is_err());
        }
    }
    assert!(same > 1_000 && refused > 2_000, "{same} {refused}");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(2_000))]

    /// Anything at all: refused, and nothing falls over.
    #[test]
    fn noise_is_neither_a_package_nor_signed(noise: Vec<u8>, begins_like_one: bool) {
        let kind = kind("p2wpkh");
        let (leg, bytes) = package("bitcoin", BITCOIN, &kind);
        let noise = if begins_like_one { [b"psbt\xff".as_slice(), &noise].concat() } else { noise };
        proptest::prop_assert!(BitcoinCheck.verify(&leg, &noise).is_err());
        proptest::prop_assert!(BitcoinCheck.decode(BITCOIN, &noise).is_err());
        proptest::prop_assert!(BitcoinCheck.open(BITCOIN, &bytes, &noise).is_err());
    }
}

type Change = fn(&mut Psbt);

/// What a builder that is not ours could write, each with the field that it is refused by.
const CHANGES: &[(&str, &str, Change)] = &[
    ("another recipient", "recipient", |psbt| {
        psbt.unsigned_tx.output[0].script_pubkey = stranger();
    }),
    (
        "the recipient's hash in another kind of script",
        "recipient",
        |psbt| {
            psbt.unsigned_tx.output[0].script_pubkey =
                ScriptBuf::from_bytes(Script::WitnessPubkeyHash([0xa1; 20]).bytes());
        },
    ),
    ("a unit more to the recipient", "amount", |psbt| {
        psbt.unsigned_tx.output[0].value += Amount::ONE_SAT;
    }),
    ("a unit less to the recipient", "amount", |psbt| {
        psbt.unsigned_tx.output[0].value -= Amount::ONE_SAT;
    }),
    ("nothing to the recipient", "amount", |psbt| {
        psbt.unsigned_tx.output[0].value = Amount::ZERO;
    }),
    ("treasury's part to another", "rest_recipient", |psbt| {
        psbt.unsigned_tx.output[1].script_pubkey = stranger();
    }),
    ("a unit less to treasury", "rest_amount", |psbt| {
        psbt.unsigned_tx.output[1].value -= Amount::ONE_SAT;
    }),
    ("a unit more to treasury", "rest_amount", |psbt| {
        psbt.unsigned_tx.output[1].value += Amount::ONE_SAT;
    }),
    (
        "treasury's part left to the network",
        "rest_recipient",
        |psbt| {
            psbt.unsigned_tx.output.pop();
            psbt.outputs.pop();
        },
    ),
    ("the outputs turned round", "recipient", |psbt| {
        psbt.unsigned_tx.output.reverse();
    }),
    ("an output more", "bytes", |psbt| {
        add_output(psbt, Amount::from_sat(1_000));
    }),
    ("an output more that carries data", "bytes", |psbt| {
        add_output(psbt, Amount::ZERO);
        psbt.unsigned_tx.output[2].script_pubkey = ScriptBuf::new_op_return([7; 8]);
    }),
    ("no output at all", "bytes", |psbt| {
        psbt.unsigned_tx.output.clear();
        psbt.outputs.clear();
    }),
    ("more out than in", "bytes", |psbt| {
        psbt.unsigned_tx.output[1].value = Amount::from_sat(VALUE);
    }),
    ("all of it out", "bytes", |psbt| {
        psbt.unsigned_tx.output[1].value = Amount::from_sat(4_000_000);
    }),
    ("sums beyond 64 bits", "bytes", |psbt| {
        psbt.unsigned_tx.output[0].value = Amount::from_sat(u64::MAX);
    }),
    (
        "another output of the same transaction",
        "outpoint|bytes",
        |psbt| {
            psbt.unsigned_tx.input[0].previous_output.vout = 0;
        },
    ),
    ("an output that the transaction has not", "bytes", |psbt| {
        psbt.unsigned_tx.input[0].previous_output.vout = 3;
    }),
    ("an output of another transaction", "bytes", |psbt| {
        psbt.unsigned_tx.input[0].previous_output.txid = bitcoin::Txid::from_byte_array([9; 32]);
    }),
    ("a second input", "bytes", |psbt| {
        let mut input: TxIn = psbt.unsigned_tx.input[0].clone();
        input.previous_output.vout = 0;
        psbt.unsigned_tx.input.push(input);
        let input = psbt.inputs[0].clone();
        psbt.inputs.push(input);
    }),
    ("the same input twice", "bytes", |psbt| {
        let input: TxIn = psbt.unsigned_tx.input[0].clone();
        psbt.unsigned_tx.input.push(input);
        let input = psbt.inputs[0].clone();
        psbt.inputs.push(input);
    }),
    ("version 1", "bytes", |psbt| {
        psbt.unsigned_tx.version = Version::ONE
    }),
    ("version 3", "bytes", |psbt| {
        psbt.unsigned_tx.version = Version(3)
    }),
    ("a time to wait for", "bytes", |psbt| {
        psbt.unsigned_tx.lock_time = bitcoin::absolute::LockTime::from_consensus(1_700_000_000);
    }),
    ("a final sequence", "bytes", |psbt| {
        psbt.unsigned_tx.input[0].sequence = bitcoin::Sequence::MAX;
    }),
    ("a relative lock", "bytes", |psbt| {
        psbt.unsigned_tx.input[0].sequence = bitcoin::Sequence::from_height(144);
    }),
    ("a field for everybody's signatures", "bytes", |psbt| {
        mark(psbt, 0x81)
    }),
    ("no outputs signed", "bytes", |psbt| mark(psbt, 0x02)),
    ("one output signed", "bytes", |psbt| mark(psbt, 0x03)),
    ("one output signed, inputs free", "bytes", |psbt| {
        mark(psbt, 0x83)
    }),
    ("no outputs signed, inputs free", "bytes", |psbt| {
        mark(psbt, 0x82)
    }),
    ("a mark that nobody knows", "bytes", |psbt| mark(psbt, 0xff)),
    ("a mark beyond a byte", "bytes", |psbt| mark(psbt, 0x101)),
    ("a field for the whole that nobody knows", "bytes", |psbt| {
        psbt.unknown.insert(unknown_key(), vec![1]);
    }),
    ("a field of the input that nobody knows", "bytes", |psbt| {
        psbt.inputs[0].unknown.insert(unknown_key(), vec![1]);
    }),
    ("a field of an output that nobody knows", "bytes", |psbt| {
        psbt.outputs[0].unknown.insert(unknown_key(), vec![1]);
    }),
    ("a vendor's field", "bytes", |psbt| {
        let key = raw::ProprietaryKey {
            prefix: b"x".to_vec(),
            subtype: 1,
            key: vec![],
        };
        psbt.proprietary.insert(key, vec![1]);
    }),
    ("a vendor's field of the input", "bytes", |psbt| {
        let key = raw::ProprietaryKey {
            prefix: b"x".to_vec(),
            subtype: 1,
            key: vec![],
        };
        psbt.inputs[0].proprietary.insert(key, vec![1]);
    }),
    (
        "a claim that the recipient is the signer's own",
        "bytes",
        |psbt| {
            psbt.outputs[0]
                .bip32_derivation
                .insert(public(0x42).inner, source());
        },
    ),
    (
        "a claim that treasury is the signer's own",
        "bytes",
        |psbt| {
            psbt.outputs[1].tap_internal_key = Some(public(0x42).inner.into());
        },
    ),
    ("a script of an output", "bytes", |psbt| {
        psbt.outputs[1].redeem_script = Some(stranger());
    }),
    ("another key of the signer's", "derivation|bytes", |psbt| {
        psbt.inputs[0]
            .bip32_derivation
            .insert(public(0x66).inner, source());
    }),
    (
        "another Taproot key of the signer's",
        "derivation|bytes",
        |psbt| {
            psbt.inputs[0]
                .tap_key_origins
                .insert(public(0x66).inner.into(), (vec![], source()));
        },
    ),
    ("another inner key", "derivation|bytes", |psbt| {
        psbt.inputs[0].tap_internal_key = Some(public(0x66).inner.into());
    }),
    ("a root of scripts", "bytes", |psbt| {
        psbt.inputs[0].tap_merkle_root = Some(bitcoin::TapNodeHash::from_byte_array([1; 32]));
    }),
    ("another script behind the hash", "bytes", |psbt| {
        psbt.inputs[0].redeem_script = Some(stranger());
    }),
    (
        "another script behind the witness's hash",
        "bytes",
        |psbt| {
            psbt.inputs[0].witness_script = Some(stranger());
        },
    ),
    ("a preimage", "bytes", |psbt| {
        psbt.inputs[0]
            .sha256_preimages
            .insert(bitcoin::hashes::sha256::Hash::hash(&[1]), vec![1]);
    }),
    ("a finished script", "bytes", |psbt| {
        psbt.inputs[0].final_script_sig = Some(ScriptBuf::new());
    }),
    ("a finished witness", "bytes", |psbt| {
        psbt.inputs[0].final_script_witness = Some(bitcoin::Witness::from_slice(&[[1]]));
    }),
    ("a previous transaction of another value", "bytes", |psbt| {
        let inside = psbt.inputs[0].non_witness_utxo.as_mut().unwrap();
        inside.output[1].value += Amount::ONE_SAT;
    }),
    ("a previous transaction with witnesses", "bytes", |psbt| {
        let inside = psbt.inputs[0].non_witness_utxo.as_mut().unwrap();
        inside.input[0].witness = bitcoin::Witness::from_slice(&[[1]]);
    }),
    ("no previous transaction", "bytes", |psbt| {
        psbt.inputs[0].non_witness_utxo = None
    }),
    ("another output told", "bytes", |psbt| {
        psbt.inputs[0].witness_utxo = Some(TxOut {
            value: Amount::from_sat(VALUE),
            script_pubkey: stranger(),
        });
    }),
    ("an extended key", "bytes", |psbt| {
        let key = bitcoin::bip32::Xpub {
            network: bitcoin::NetworkKind::Main,
            depth: 0,
            parent_fingerprint: Fingerprint::default(),
            child_number: bitcoin::bip32::ChildNumber::from_normal_idx(0).unwrap(),
            public_key: public(0x42).inner,
            chain_code: [1; 32].into(),
        };
        psbt.xpub.insert(key, source());
    }),
];

fn stranger() -> ScriptBuf {
    ScriptBuf::from_bytes(Script::PubkeyHash([0xee; 20]).bytes())
}

fn source() -> (Fingerprint, DerivationPath) {
    (Fingerprint::default(), DerivationPath::default())
}

fn unknown_key() -> raw::Key {
    raw::Key {
        type_value: 0xf0,
        key: vec![1],
    }
}

fn mark(psbt: &mut Psbt, mark: u32) {
    psbt.inputs[0].sighash_type = Some(bitcoin::psbt::PsbtSighashType::from_u32(mark));
}

fn add_output(psbt: &mut Psbt, value: Amount) {
    psbt.unsigned_tx.output.push(TxOut {
        value,
        script_pubkey: stranger(),
    });
    psbt.outputs.push(bitcoin::psbt::Output::default());
}

#[test]
fn nothing_that_another_builder_could_write_passes() {
    let mut tried = 0;
    for kind in kinds(0x42) {
        for (network, chain) in [("bitcoin", BITCOIN), ("bitcoin-cash", BITCOIN_CASH)] {
            if network != "bitcoin" && kind.is_segwit {
                continue;
            }
            let (leg, bytes) = package(network, chain, &kind);
            for (name, field, change) in CHANGES {
                let mut psbt = Psbt::deserialize(&bytes).unwrap();
                change(&mut psbt);
                let other = psbt.serialize();
                assert_ne!(other, bytes, "{name}");
                let found = BitcoinCheck.verify(&leg, &other);
                let deviations = found.expect_err(&format!("{network} {}: {name}", kind.name));
                let named = deviations
                    .iter()
                    .any(|found| field.split('|').any(|field| found.field == field));
                assert!(named, "{network} {}: {name}: {deviations:?}", kind.name);
                tried += 1;
            }
        }
    }
    assert!(tried >= 800, "{tried}");
}

/// The same changes, made by somebody who then signs them: what is handed back is not what was approved.
#[test]
fn nothing_else_that_the_own_key_signs_is_taken() {
    let mut tried = 0;
    for kind in kinds(0x42) {
        let (_, bytes) = package("bitcoin", BITCOIN, &kind);
        for (name, _, change) in CHANGES {
            let mut psbt = Psbt::deserialize(&bytes).unwrap();
            change(&mut psbt);
            if psbt.unsigned_tx == Psbt::deserialize(&bytes).unwrap().unsigned_tx {
                continue;
            }
            let error = BitcoinCheck
                .open(BITCOIN, &bytes, &psbt.serialize())
                .expect_err(&format!("{}: {name}", kind.name));
            assert!(!error.detail.is_empty());
            // And as a transaction for the network, with the signature of what was approved.
            let mut whole = transaction(&finished(sign(&bytes, &kind.signers)));
            let (script, witness) = (
                whole.input[0].script_sig.clone(),
                whole.input[0].witness.clone(),
            );
            whole = psbt.unsigned_tx.clone();
            for input in &mut whole.input {
                input.script_sig = script.clone();
                input.witness = witness.clone();
            }
            let found = BitcoinCheck.open(BITCOIN, &bytes, &serialize(&whole));
            assert!(found.is_err(), "{}: {name}", kind.name);
            tried += 2;
        }
    }
    assert!(tried >= 500, "{tried}");
}

/// A signature by hand, over what a signer was talked into: the mark is not the approved one.
fn with_mark(bytes: &[u8], kind: EcdsaSighashType) -> Vec<u8> {
    let psbt = Psbt::deserialize(bytes).unwrap();
    let spent = &psbt.inputs[0].non_witness_utxo.as_ref().unwrap().output[1];
    let mut cache = SighashCache::new(psbt.unsigned_tx.clone());
    let digest = if spent.script_pubkey.is_p2wpkh() {
        cache
            .p2wpkh_signature_hash(0, &spent.script_pubkey, spent.value, kind)
            .unwrap()
            .to_byte_array()
    } else {
        cache
            .legacy_signature_hash(0, &spent.script_pubkey, kind.to_u32())
            .unwrap()
            .to_byte_array()
    };
    let signature = bitcoin::ecdsa::Signature {
        signature: Secp256k1::new().sign_ecdsa(&Message::from_digest(digest), &secret(0x42)),
        sighash_type: kind,
    };
    let mut transaction = psbt.unsigned_tx.clone();
    if spent.script_pubkey.is_p2wpkh() {
        transaction.input[0].witness = bitcoin::Witness::p2wpkh(&signature, &public(0x42).inner);
    } else {
        transaction.input[0].script_sig = bitcoin::script::Builder::new()
            .push_slice(signature.serialize())
            .push_key(&public(0x42))
            .into_script();
    }
    serialize(&transaction)
}

#[test]
fn a_signature_that_commits_to_less_is_not_taken() {
    use EcdsaSighashType::{
        All, AllPlusAnyoneCanPay, None, NonePlusAnyoneCanPay, Single, SinglePlusAnyoneCanPay,
    };
    for name in ["p2pkh", "p2wpkh"] {
        let (_, bytes) = package("bitcoin", BITCOIN, &kind(name));
        assert!(
            BitcoinCheck
                .open(BITCOIN, &bytes, &with_mark(&bytes, All))
                .is_ok()
        );
        for mark in [
            None,
            Single,
            AllPlusAnyoneCanPay,
            NonePlusAnyoneCanPay,
            SinglePlusAnyoneCanPay,
        ] {
            let error = BitcoinCheck
                .open(BITCOIN, &bytes, &with_mark(&bytes, mark))
                .unwrap_err();
            assert!(
                error.detail.contains("commits to something else"),
                "{mark}: {error}"
            );
        }
    }
    // A Taproot signature that names its mark has 65 bytes.
    for mark in [
        bitcoin::TapSighashType::All,
        bitcoin::TapSighashType::SinglePlusAnyoneCanPay,
    ] {
        let kind = kind("tr");
        let (_, bytes) = package("bitcoin", BITCOIN, &kind);
        let mut psbt = Psbt::deserialize(&bytes).unwrap();
        psbt.inputs[0].sighash_type = Some(mark.into());
        let raw = finished(sign(&psbt.serialize(), &kind.signers));
        let error = BitcoinCheck.open(BITCOIN, &bytes, &raw).unwrap_err();
        assert!(error.detail.contains("64 bytes"), "{error}");
    }
}

/// Other bytes that nodes would take for the same signature, or used to.
#[test]
fn a_signature_written_otherwise_is_not_taken() {
    let kind = kind("p2pkh");
    for (network, chain) in [("bitcoin", BITCOIN), ("bitcoin-cash", BITCOIN_CASH)] {
        let (_, bytes) = package(network, chain, &kind);
        let raw = signed(network, &kind, &bytes);
        let whole = transaction(&raw);
        let script = whole.input[0].script_sig.clone();
        let parts: Vec<Vec<u8>> = script
            .instructions()
            .map(|part| part.unwrap().push_bytes().unwrap().as_bytes().to_vec())
            .collect();
        let with = |bytes: Vec<u8>| {
            let mut other = whole.clone();
            other.input[0].script_sig = ScriptBuf::from_bytes(bytes);
            serialize(&other)
        };
        let push = |bytes: &[u8]| [&[bytes.len() as u8], bytes].concat();
        assert_eq!(with([push(&parts[0]), push(&parts[1])].concat()), raw);
        let signature = &parts[0];
        let (mark, der) = signature.split_last().unwrap();
        // High S: the order of the curve minus S.
        let parsed = bitcoin::secp256k1::ecdsa::Signature::from_der(der).unwrap();
        let compact = parsed.serialize_compact();
        let s = bitcoin::secp256k1::SecretKey::from_slice(&compact[32..])
            .unwrap()
            .negate();
        let high = [&compact[..32], &s.secret_bytes()].concat();
        let high = bitcoin::secp256k1::ecdsa::Signature::from_compact(&high).unwrap();
        let high = [&high.serialize_der()[..], &[*mark]].concat();
        let uncompressed = bitcoin::PublicKey::new_uncompressed(public(0x42).inner).to_bytes();
        let longer = [
            &[der[0], der[1] + 1, der[2], der[3] + 1, 0],
            &der[4..],
            &[*mark],
        ]
        .concat();
        for (name, bytes) in [
            ("high S", [push(&high), push(&parts[1])].concat()),
            (
                "a longer push",
                [vec![0x4c], push(signature), push(&parts[1])].concat(),
            ),
            (
                "a part more",
                [push(&[7]), push(signature), push(&parts[1])].concat(),
            ),
            (
                "nothing before",
                [vec![0], push(signature), push(&parts[1])].concat(),
            ),
            ("the key alone", push(&parts[1])),
            ("turned round", [push(&parts[1]), push(signature)].concat()),
            (
                "an operation",
                [vec![0x61], push(signature), push(&parts[1])].concat(),
            ),
            (
                "an uncompressed key",
                [push(signature), push(&uncompressed)].concat(),
            ),
            ("a padded R", [push(&longer), push(&parts[1])].concat()),
            ("no mark", [push(der), push(&parts[1])].concat()),
            ("an empty signature", [vec![0], push(&parts[1])].concat()),
            ("nothing", vec![]),
        ] {
            let found = BitcoinCheck.open(
                chain,
                &bytes_of(&package(network, chain, &kind)),
                &with(bytes),
            );
            assert!(found.is_err(), "{network} {name}");
        }
    }
}

fn bytes_of((_, bytes): &(recover_core::plan::Leg, Vec<u8>)) -> Vec<u8> {
    bytes.clone()
}

#[test]
fn a_witness_with_more_in_it_is_not_taken() {
    for name in ["p2wpkh", "p2tr", "wsh-sortedmulti", "sh-wpkh", "sh-wsh"] {
        let kind = kind(name);
        let (_, bytes) = package("bitcoin", BITCOIN, &kind);
        let whole = transaction(&finished(sign(&bytes, &kind.signers)));
        let parts = whole.input[0].witness.to_vec();
        let with = |parts: Vec<Vec<u8>>| {
            let mut other = whole.clone();
            other.input[0].witness = bitcoin::Witness::from_slice(&parts);
            BitcoinCheck.open(BITCOIN, &bytes, &serialize(&other))
        };
        assert!(with(parts.clone()).is_ok());
        let mut annex = parts.clone();
        annex.push(vec![0x50, 1]);
        let mut before = parts.clone();
        before.insert(0, vec![]);
        let mut first = parts.clone();
        first.remove(0);
        let mut turned = parts.clone();
        turned.reverse();
        for (what, parts) in [
            ("an annex", annex),
            ("a part before", before),
            ("a part missing", first),
            ("nothing", vec![]),
        ] {
            assert!(with(parts).is_err(), "{name}: {what}");
        }
        if turned != parts {
            assert!(with(turned).is_err(), "{name}: turned round");
        }
        let mut script = whole.clone();
        script.input[0].script_sig = ScriptBuf::from_bytes(vec![0x51]);
        assert!(
            BitcoinCheck
                .open(BITCOIN, &bytes, &serialize(&script))
                .is_err(),
            "{name}"
        );
    }
}

/// The approved bytes tell what is signed, and are not trusted either.
#[test]
fn a_wrong_hint_takes_nothing() {
    let kind = kind("p2wpkh");
    let (_, bytes) = package("bitcoin", BITCOIN, &kind);
    let raw = finished(sign(&bytes, &kind.signers));
    let mut hint = Psbt::deserialize(&bytes).unwrap();
    let richer = previous(&kind.script, VALUE + 5);
    hint.inputs[0].witness_utxo = Some(richer.output[1].clone());
    assert!(BitcoinCheck.open(BITCOIN, &hint.serialize(), &raw).is_err());
    assert!(BitcoinCheck.open(BITCOIN, &[], &raw).is_err());
    assert!(BitcoinCheck.open(BITCOIN, &raw, &raw).is_err());
    assert!(BitcoinCheck.open("eip155:1", &bytes, &raw).is_err());
    assert!(BitcoinCheck.open(BITCOIN_CASH, &bytes, &raw).is_err());
    assert!(
        BitcoinCheck
            .open(BITCOIN, &bytes, &sign_fork(&bytes, &[0x42], 0x01))
            .is_err()
    );
}
