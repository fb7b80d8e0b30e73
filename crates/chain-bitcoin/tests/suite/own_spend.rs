//! Unsigned bytes of every kind of output, what is read of them and what is taken for signed.

use crate::spends::{
    BITCOIN, BITCOIN_CASH, Kind, LITECOIN, RECIPIENT, REGTEST, TIP, TREASURY, VALUE, everything,
    finished, kind, kinds, leg, package, previous, previous_bytes, public, sign, sign_fork, signed,
    transaction, unsigned,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bitcoin::consensus::serialize;
use bitcoin::{Psbt, Sequence};
use recover_chain_bitcoin::BitcoinCheck;
use recover_chain_bitcoin::script::Script;
use recover_chain_bitcoin::spend::{
    INPUT_SEQUENCE, Rules, SpendRefusal, Terms, build, unlock, virtual_size,
};
use recover_core::amount::Amount;
use recover_core::check::{Check, Deviation};
use recover_core::network::NetworkId;
use recover_core::plan::Leg;

fn rules(network: &str) -> &'static Rules {
    Rules::of(&NetworkId::new(network)).unwrap()
}

fn fields(deviations: &[Deviation]) -> Vec<&'static str> {
    deviations.iter().map(|deviation| deviation.field).collect()
}

fn refused(leg: &Leg, bytes: &[u8]) -> Vec<&'static str> {
    fields(&BitcoinCheck.verify(leg, bytes).unwrap_err())
}

#[test]
fn what_is_built_for_a_leg_is_that_leg() {
    for (network, chain, kind) in everything() {
        let (leg, bytes) = package(network, chain, &kind);
        let decoded = BitcoinCheck
            .verify(&leg, &bytes)
            .unwrap_or_else(|deviations| panic!("{network} {}: {deviations:?}", kind.name));
        assert_eq!(
            BitcoinCheck.decode(chain, &bytes).unwrap().slot,
            decoded.slot
        );
        assert_eq!(decoded.fee_max, leg.fee_max);
        let spend = leg.spend.as_ref().unwrap();
        assert_eq!(decoded.slot.account, format!("{}:1", spend.tx_id));
        assert_eq!(decoded.slot.sequence, 0);
        // Again the same bytes.
        assert_eq!(
            bytes,
            unsigned(&leg, &previous_bytes(&kind.script, VALUE), TIP)
        );
        let value = |label: &str| {
            let line = decoded.lines.iter().find(|line| line.label == label);
            line.unwrap_or_else(|| panic!("{label}")).value.clone()
        };
        assert_eq!(value("to"), leg.recipient);
        assert_eq!(value("from"), leg.signer);
        assert!(value("amount").starts_with("0.06 "), "{}", value("amount"));
        assert!(value("rest").contains("3980000"), "{}", value("rest"));
        assert_eq!(value("not before"), format!("the block after {TIP}"));
    }
}

#[test]
fn pitfall_053_only_the_claimed_output_is_spent() {
    for (network, chain, kind) in everything() {
        let (leg, bytes) = package(network, chain, &kind);
        let psbt = Psbt::deserialize(&bytes).unwrap();
        let spend = leg.spend.unwrap();
        let [input] = psbt.unsigned_tx.input.as_slice() else {
            panic!("one input");
        };
        assert_eq!(
            input.previous_output.to_string(),
            format!("{}:{}", spend.tx_id, spend.index)
        );
    }
}

#[test]
fn pitfall_059_lock_time_and_sequence_are_set() {
    let (leg, bytes) = package("bitcoin", BITCOIN, &kind("p2wpkh"));
    let psbt = Psbt::deserialize(&bytes).unwrap();
    assert_eq!(psbt.unsigned_tx.lock_time.to_consensus_u32(), TIP);
    assert_eq!(
        psbt.unsigned_tx.input[0].sequence.to_consensus_u32(),
        0xffff_fffd
    );
    assert_eq!(INPUT_SEQUENCE, psbt.unsigned_tx.input[0].sequence);
    for (lock, is_height) in [
        (TIP + 1, true),
        (0, true),
        (499_999_999, true),
        (500_000_000, false),
        (u32::MAX, false),
    ] {
        let mut other = psbt.clone();
        other.unsigned_tx.lock_time = bitcoin::absolute::LockTime::from_consensus(lock);
        // Heights are shown to whoever signs; a time is refused.
        assert_eq!(
            BitcoinCheck.verify(&leg, &other.serialize()).is_ok(),
            is_height,
            "{lock}"
        );
    }
    for sequence in [0, 1, 0xffff_fffc, 0xffff_fffe, u32::MAX] {
        let mut other = psbt.clone();
        other.unsigned_tx.input[0].sequence = Sequence(sequence);
        assert_eq!(refused(&leg, &other.serialize()), ["bytes"], "{sequence}");
    }
}

/// Never smaller than the real one; larger by what a lucky signature saves.
#[test]
fn pitfall_056_the_size_is_that_of_the_signed_transaction() {
    for seed in [0x11, 0x23, 0x42, 0x57, 0x68, 0x79] {
        for kind in kinds(seed) {
            let bitcoin = rules("bitcoin");
            let leg = leg("bitcoin", BITCOIN, &kind);
            let bytes = unsigned(&leg, &previous_bytes(&kind.script, VALUE), TIP);
            let real = transaction(&finished(sign(&bytes, &kind.signers))).vsize() as u64;
            let unlock = unlock(bitcoin, &kind.script, kind.descriptor.as_deref()).unwrap();
            let told = virtual_size(&unlock, &[RECIPIENT, TREASURY]);
            let slack = 3 * kind.signers.len() as u64;
            assert!(
                real <= told && told <= real + slack,
                "{}: {real} {told}",
                kind.name
            );
        }
    }
}

#[test]
fn pitfall_057_the_whole_previous_transaction_is_inside_and_must_be_the_right_one() {
    for (network, chain, kind) in everything() {
        let (leg, bytes) = package(network, chain, &kind);
        let psbt = Psbt::deserialize(&bytes).unwrap();
        let inside = psbt.inputs[0].non_witness_utxo.clone().unwrap();
        assert_eq!(
            inside.compute_txid(),
            previous(&kind.script, VALUE).compute_txid()
        );
        let mut none = psbt.clone();
        none.inputs[0].non_witness_utxo = None;
        assert_eq!(refused(&leg, &none.serialize()), ["bytes"], "{}", kind.name);
        // Another one that pays the same script more, so that what is left over goes to the network.
        let mut other = psbt.clone();
        let richer = previous(&kind.script, VALUE + 1);
        other.inputs[0].non_witness_utxo = Some(richer.clone());
        assert_eq!(
            refused(&leg, &other.serialize()),
            ["bytes"],
            "{}",
            kind.name
        );
        let mut told = psbt;
        told.inputs[0].witness_utxo = Some(richer.output[1].clone());
        assert_eq!(refused(&leg, &told.serialize()), ["bytes"], "{}", kind.name);
        let terms = Terms::of(&leg).unwrap();
        let built = build(&terms.spending(&serialize(&richer), TIP));
        assert_eq!(built.unwrap_err().code(), "previous_transaction_differs");
    }
}

#[test]
fn pitfall_058_signatures_are_bound_to_the_chain_that_left() {
    for name in ["p2pkh", "pkh", "sh-multi", "sh-sortedmulti"] {
        let kind = kind(name);
        for (network, chain) in [("bitcoin-cash", BITCOIN_CASH), ("bitcoin-sv", REGTEST)] {
            if network == "bitcoin-sv" && matches!(kind.script, Script::ScriptHash(_)) {
                continue;
            }
            let (leg, bytes) = package(network, chain, &kind);
            let own = sign_fork(&bytes, &kind.signers, 0x41);
            let opened = BitcoinCheck.open(chain, &bytes, &own).unwrap();
            assert_eq!(opened.signer, leg.signer);
            assert_eq!(opened.bytes, own);
            for mark in [0x01, 0x40, 0x42, 0x43, 0xc1, 0x61] {
                let other = sign_fork(&bytes, &kind.signers, mark);
                assert!(BitcoinCheck.open(chain, &bytes, &other).is_err(), "{mark}");
            }
            // The same payment as Bitcoin's, which would be valid on both chains.
            let mut plain = Psbt::deserialize(&bytes).unwrap();
            plain.inputs[0].sighash_type = Some(bitcoin::EcdsaSighashType::All.into());
            assert_eq!(refused(&leg, &plain.serialize()), ["sighash"]);
            let replayed = finished(sign(&plain.serialize(), &kind.signers));
            let error = BitcoinCheck.open(chain, &bytes, &replayed).unwrap_err();
            assert!(error.detail.contains("mark 0x01"), "{error}");
        }
        let (leg, bytes) = package("bitcoin", BITCOIN, &kind);
        let mut forked = Psbt::deserialize(&bytes).unwrap();
        forked.inputs[0].sighash_type = Some(bitcoin::psbt::PsbtSighashType::from_u32(0x41));
        assert_eq!(refused(&leg, &forked.serialize()), ["sighash"]);
        assert!(BitcoinCheck.decode(BITCOIN, &forked.serialize()).is_err());
        assert!(
            BitcoinCheck
                .open(BITCOIN, &bytes, &sign_fork(&bytes, &kind.signers, 0x41))
                .is_err()
        );
    }
}

/// What needs SegWit lies there for everybody on a network without it: neither its PSBT nor anything that shows its script is made.
#[test]
fn pitfall_060_a_script_that_needs_segwit_is_not_shown_elsewhere() {
    for kind in kinds(0x42).into_iter().filter(|kind| kind.is_segwit) {
        for network in ["bitcoin-cash", "bitcoin-sv", "dogecoin", "dash"] {
            let found = unlock(rules(network), &kind.script, kind.descriptor.as_deref());
            let refusal = found.map(|_| ()).unwrap_err();
            assert_eq!(
                refusal.code(),
                "script_unprotected",
                "{network} {}",
                kind.name
            );
            assert!(
                !refusal
                    .to_string()
                    .contains(&hex::encode(public(0x42).to_bytes()))
            );
        }
    }
    // On Bitcoin SV no script behind a hash is one.
    for name in ["sh-multi", "sh-sortedmulti", "sh-wsh", "sh-wpkh"] {
        let kind = kind(name);
        for descriptor in [None, kind.descriptor.as_deref()] {
            let found = unlock(rules("bitcoin-sv"), &kind.script, descriptor);
            assert_eq!(found.map(|_| ()).unwrap_err().code(), "script_unprotected");
        }
    }
}

#[test]
fn pitfall_065_every_kind_is_signed_and_taken() {
    for (network, chain, kind) in everything() {
        let (leg, bytes) = package(network, chain, &kind);
        let raw = signed(network, &kind, &bytes);
        let opened = BitcoinCheck
            .open(chain, &bytes, &raw)
            .unwrap_or_else(|error| panic!("{network} {}: {error}", kind.name));
        assert_eq!(opened.unsigned, bytes);
        assert_eq!(opened.signer, leg.signer, "{network} {}", kind.name);
        assert_eq!(
            opened.tx_id.as_str(),
            transaction(&raw).compute_txid().to_string()
        );
        let is_one_key =
            kind.signers.len() == 1 && !kind.name.contains("tr") && !kind.name.contains("multi");
        assert_eq!(opened.signer_key.is_some(), is_one_key, "{}", kind.name);
        let mut forms = vec![raw.clone(), hex::encode(&raw).into_bytes()];
        if network == "bitcoin" || network == "litecoin" {
            let partly = sign(&bytes, &kind.signers);
            let text = STANDARD.encode(partly.serialize());
            forms.push(format!("{}\n{}\n", &text[..40], &text[40..]).into_bytes());
            forms.push(partly.serialize());
            let mut done = partly;
            miniscript::psbt::PsbtExt::finalize_mut(
                &mut done,
                &bitcoin::secp256k1::Secp256k1::new(),
            )
            .unwrap();
            forms.push(done.serialize());
        }
        for form in forms {
            let again = BitcoinCheck.open(chain, &bytes, &form).unwrap();
            assert_eq!(again, opened, "{network} {}", kind.name);
        }
    }
}

/// The `bitcoin` crate signs nothing, and says that all is well, where it does not find its keys in the PSBT.
#[test]
fn what_nobody_signed_is_not_taken_for_signed() {
    let (_, bytes) = package("bitcoin", BITCOIN, &kind("p2pkh"));
    let mut psbt = Psbt::deserialize(&bytes).unwrap();
    let keys = std::collections::BTreeMap::from([(
        public(0x42),
        bitcoin::PrivateKey::new(crate::spends::secret(0x42), bitcoin::NetworkKind::Main),
    )]);
    assert!(
        psbt.sign(&keys, &bitcoin::secp256k1::Secp256k1::new())
            .is_ok()
    );
    assert!(psbt.inputs[0].partial_sigs.is_empty());
    let error = BitcoinCheck
        .open(BITCOIN, &bytes, &psbt.serialize())
        .unwrap_err();
    assert!(error.detail.contains("not signed"), "{error}");
}

#[test]
fn several_signatures_must_be_enough_and_in_order() {
    for name in ["sh-multi", "wsh-sortedmulti", "sh-wsh"] {
        let kind = kind(name);
        let (_, bytes) = package("bitcoin", BITCOIN, &kind);
        let one = sign(&bytes, &kind.signers[..1]);
        let error = BitcoinCheck
            .open(BITCOIN, &bytes, &one.serialize())
            .unwrap_err();
        assert!(error.detail.contains("1 of 2 signatures"), "{error}");
        // All three signed: two are enough, the others are left out.
        let all = sign(&bytes, &[0x42, 0x43, 0x44]);
        let opened = BitcoinCheck
            .open(BITCOIN, &bytes, &all.serialize())
            .unwrap();
        assert!(BitcoinCheck.open(BITCOIN, &bytes, &opened.bytes).is_ok());
        let strangers = sign(&bytes, &[0x66, 0x67]);
        assert!(
            BitcoinCheck
                .open(BITCOIN, &bytes, &strangers.serialize())
                .is_err()
        );
    }
}

#[test]
fn a_psbt_of_another_version_is_refused_in_words() {
    let (leg, bytes) = package("bitcoin", BITCOIN, &kind("wpkh"));
    let mut second = Psbt::deserialize(&bytes).unwrap();
    second.version = 2;
    let error = BitcoinCheck
        .open(BITCOIN, &bytes, &second.serialize())
        .unwrap_err();
    assert!(error.detail.contains("version 2"), "{error}");
    // As BIP-370 writes it: without a transaction.
    let bare = [b"psbt\xff".as_slice(), &[1, 0xfb, 4, 2, 0, 0, 0, 0, 0, 0]].concat();
    let error = BitcoinCheck.open(BITCOIN, &bytes, &bare).unwrap_err();
    assert!(error.detail.contains("BIP-370"), "{error}");
    let deviations = BitcoinCheck.verify(&leg, &bare).unwrap_err();
    assert!(deviations[0].found.contains("BIP-370"), "{deviations:?}");
}

/// The refusals of a descriptor, each with its code.
#[test]
fn what_the_address_book_does_not_tell_is_refused() {
    let code = |network: &str, script: &Script, descriptor: Option<&str>| {
        unlock(rules(network), script, descriptor)
            .map(|_| ())
            .map_err(|refusal: SpendRefusal| refusal.code())
    };
    let kind_of = |name: &str| -> Kind { kind(name) };
    let multi = kind_of("wsh-sortedmulti");
    let key = public(0x42);
    for (script, descriptor, expected) in [
        (multi.script, None, "script_unknown"),
        (kind_of("sh-multi").script, None, "script_unknown"),
        (multi.script, Some("nonsense".to_owned()), "script_unknown"),
        (
            multi.script,
            Some(format!("wsh(pk({key}))")),
            "descriptor_differs",
        ),
        (
            kind_of("p2pkh").script,
            kind_of("wpkh").descriptor,
            "descriptor_differs",
        ),
        (
            kind_of("p2pkh").script,
            Some(format!("pkh({})", public(0x43))),
            "descriptor_differs",
        ),
    ] {
        assert_eq!(
            code("bitcoin", &script, descriptor.as_deref()),
            Err(expected),
            "{descriptor:?}"
        );
    }
    let waits = format!("wsh(and_v(v:pk({key}),older(144)))");
    let parsed: miniscript::Descriptor<miniscript::DefiniteDescriptorKey> = waits.parse().unwrap();
    let script = parsed
        .derived_descriptor(&bitcoin::secp256k1::Secp256k1::new())
        .unwrap()
        .script_pubkey();
    let script = Script::of(script.as_bytes()).unwrap();
    assert_eq!(
        code("bitcoin", &script, Some(&waits)),
        Err("script_unknown")
    );
}

#[test]
fn a_leg_that_no_output_carries_is_refused_with_its_fields() {
    let kind = kind("p2wpkh");
    let (good, bytes) = package("litecoin", LITECOIN, &kind);
    let mut count = 0;
    let mut row = |change: &dyn Fn(&mut Leg), expected: &[&str]| {
        let mut leg = good.clone();
        change(&mut leg);
        assert_eq!(refused(&leg, &bytes), expected, "{leg:?}");
        count += 1;
    };
    let units = Amount::from_u128;
    row(&|leg| leg.chain = BITCOIN.to_owned(), &["chain"]);
    row(&|leg| leg.chain = "eip155:1".to_owned(), &["chain"]);
    row(
        &|leg| leg.network = NetworkId::new("bitcoin"),
        &["asset", "chain", "recipient", "rest_recipient", "signer"],
    );
    row(
        &|leg| leg.network = NetworkId::new("ethereum"),
        &["asset", "network"],
    );
    row(
        &|leg| leg.kind = recover_core::plan::LegKind::Deploy,
        &["kind"],
    );
    row(
        &|leg| leg.memo = Some(recover_core::memo::Memo::id(7, "memo")),
        &["memo"],
    );
    row(&|leg| leg.call = Some(vec![1]), &["call"]);
    row(&|leg| leg.route = Some("r".to_owned()), &["route"]);
    row(&|leg| leg.target = leg.signer.clone(), &["target"]);
    row(&|leg| leg.spend = None, &["outpoint"]);
    row(&|leg| leg.spend.as_mut().unwrap().index = 0, &["outpoint"]);
    row(
        &|leg| leg.spend.as_mut().unwrap().tx_id = recover_core::block::TxId::new(&"ab".repeat(32)),
        &["outpoint"],
    );
    row(
        &|leg| leg.spend.as_mut().unwrap().tx_id = recover_core::block::TxId::new("nonsense"),
        &["outpoint"],
    );
    row(
        &|leg| {
            leg.spend.as_mut().unwrap().amount = units(9_999_999);
            leg.fee_max = units(19_999);
        },
        &["value", "fee_max"],
    );
    row(
        &|leg| leg.spend.as_mut().unwrap().amount = units(10_000_001),
        &["fee_max"],
    );
    row(
        &|leg| leg.spend.as_mut().unwrap().amount = units(1 << 70),
        &["outpoint"],
    );
    row(&|leg| leg.spend.as_mut().unwrap().rest = None, &["fee_max"]);
    row(&|leg| leg.amount = units(6_000_001), &["fee_max"]);
    row(&|leg| leg.amount = units(5_999_999), &["fee_max"]);
    row(&|leg| leg.fee_max = units(19_999), &["fee_max"]);
    row(&|leg| leg.amount = units(6_020_000), &["fee_max"]);
    row(&|leg| leg.signer = leg.recipient.clone(), &["signer"]);
    row(&|leg| leg.signer = "nobody".to_owned(), &["signer"]);
    row(
        &|leg| {
            leg.recipient = leg.signer.clone();
            leg.target = leg.signer.clone();
        },
        &["recipient"],
    );
    row(
        &|leg| leg.spend.as_mut().unwrap().rest.as_mut().unwrap().recipient = leg.recipient.clone(),
        &["rest_recipient"],
    );
    row(
        &|leg| leg.spend.as_mut().unwrap().descriptor = Some("nonsense".to_owned()),
        &["descriptor"],
    );
    row(
        &|leg| leg.spend.as_mut().unwrap().descriptor = crate::spends::kind("wpkh").descriptor,
        &["derivation"],
    );
    row(&|leg| leg.fee_max = units(20_001), &["fee_max"]);
    row(
        &|leg| {
            leg.amount = units(6_000_001);
            leg.spend.as_mut().unwrap().rest.as_mut().unwrap().amount = units(3_979_999);
        },
        &["amount", "rest_amount"],
    );
    assert_eq!(count, 29);
}
