//! Claims carried over real daemons: every kind of output, from the plan to the final block.

use crate::carried::{CUSTOMER, Desk, ON_TOP, code, is_regtest, now};
use crate::spends::{Kind, finished, kind, kinds, sign, sign_fork};
use bitcoin::consensus::{deserialize, serialize};
use bitcoin::{Amount as Sats, Psbt, ScriptBuf, Transaction};
use recover_chain_bitcoin::BitcoinCheck;
use recover_chain_bitcoin::script::Script;
use recover_chain_bitcoin::source::Coins;
use recover_chain_bitcoin::spend::{Rules, units};
use recover_core::block::TxId;
use recover_core::check::{Check as _, Signed};
use recover_core::plan::{Leg, LegKind};
use recover_source::carry::{CarryError, Sending, Standing};
use recover_testkit::coin_node::{CoinNode, Daemon};
use serde_json::{Value, json};

const VALUE: u64 = 10_000_000;

/// An amount as the daemon prints it.
fn coins(value: &Value) -> u64 {
    let Coins(units) = serde_json::from_str(&value.to_string()).unwrap();
    units
}

fn included(standing: Standing) -> recover_source::carry::Inclusion {
    match standing {
        Standing::Included(inclusion) => inclusion,
        other => panic!("not in a block: {other:?}"),
    }
}

/// What the daemon itself reads in a PSBT.
fn is_decoded(desk: &Desk, leg: &Leg, psbt: &[u8], kind: &Kind) {
    let told = desk.node.decode_psbt(psbt).unwrap();
    let spend = leg.spend.as_ref().unwrap();
    let tx = &told["tx"];
    assert_eq!(tx["vin"].as_array().unwrap().len(), 1);
    assert_eq!(tx["vin"][0]["txid"], spend.tx_id.as_str());
    assert_eq!(tx["vin"][0]["vout"], spend.index);
    assert_eq!(tx["locktime"], desk.node.height());
    assert_eq!(
        coins(&told["fee"]),
        units(leg.fee_max).unwrap(),
        "{}",
        kind.name
    );
    assert_eq!(told["inputs"].as_array().unwrap().len(), 1);
    let input = &told["inputs"][0];
    assert_eq!(input["non_witness_utxo"]["txid"], spend.tx_id.as_str());
    assert_eq!(
        input.get("witness_utxo").is_some(),
        kind.is_segwit,
        "{}",
        kind.name
    );
    assert!(
        input.get("unknown").is_none()
            && told["unknown"].as_object().is_none_or(|map| map.is_empty())
            || desk.node.daemon() == Daemon::Litecoin
    );
    // Litecoin's daemon does not know the fields of Taproot; it keeps them.
    let keys = input["bip32_derivs"].as_array().map_or(0, Vec::len)
        + input["taproot_bip32_derivs"].as_array().map_or(0, Vec::len);
    if kind.descriptor.is_some() && !(kind.name == "tr" && desk.node.daemon() == Daemon::Litecoin) {
        assert!(keys >= kind.signers.len(), "{}: {input}", kind.name);
    }
    let paid: Vec<u64> = tx["vout"]
        .as_array()
        .unwrap()
        .iter()
        .map(|output| coins(&output["value"]))
        .collect();
    assert_eq!(paid[0], units(leg.amount).unwrap());
    assert_eq!(paid.len(), 1 + usize::from(spend.rest.is_some()));
}

/// One bit of the signature of the input, changed where the bytes are still a transaction.
fn flipped(raw: &[u8]) -> Vec<u8> {
    let mut transaction: Transaction = deserialize(raw).unwrap();
    let input = &mut transaction.input[0];
    let mut parts = input.witness.to_vec();
    if let Some(signature) = parts.iter_mut().find(|part| part.len() >= 64) {
        signature[40] ^= 1;
        input.witness = bitcoin::Witness::from_slice(&parts);
    } else {
        let mut script = input.script_sig.to_bytes();
        script[40] ^= 1;
        input.script_sig = ScriptBuf::from_bytes(script);
    }
    serialize(&transaction)
}

async fn every_kind(desk: &Desk, seed: u8) {
    let all: Vec<Kind> = kinds(seed)
        .into_iter()
        .filter(|kind| {
            let is_key = matches!(kind.script, Script::PubkeyHash(_));
            desk.node.daemon() != Daemon::BitcoinSv || is_key
        })
        .collect();
    let outputs: Vec<(Vec<u8>, u64)> = all
        .iter()
        .map(|kind| (kind.script.bytes(), VALUE))
        .collect();
    let paid = desk.node.pay(&outputs);
    desk.node.mine(1 + ON_TOP);
    let mut claims: Vec<(Leg, Signed)> = Vec::new();
    for (index, kind) in (0..).zip(&all) {
        let credit = desk.credit(&paid.txid, index, &kind.script, VALUE);
        let leg = if index % 2 == 0 {
            desk.pay_out(&credit, kind, 6_000_000).await
        } else {
            desk.sweep(&credit, kind).await
        };
        let built = desk.build(&leg).await;
        assert_eq!(built.slot.account, leg.slot_account());
        assert_eq!(built.fee, leg.fee_max);
        assert!(BitcoinCheck.verify(&leg, &built.bytes).is_ok());
        assert_eq!(desk.sequence(&leg).await, (0, 0));
        if desk.node.daemon() != Daemon::BitcoinSv {
            is_decoded(desk, &leg, &built.bytes, kind);
        }
        let signed = desk.signed(&leg, &built.bytes, kind);
        let wrong = flipped(&signed.bytes);
        assert!(BitcoinCheck.open(&leg.chain, &built.bytes, &wrong).is_err());
        if desk.node.daemon() == Daemon::BitcoinSv {
            assert!(desk.node.send_raw(&wrong).is_err(), "{}", kind.name);
        } else {
            assert!(desk.node.accepts(&wrong).is_err(), "{}", kind.name);
            desk.node
                .accepts(&signed.bytes)
                .unwrap_or_else(|error| panic!("{}: {error}", kind.name));
        }
        assert_eq!(
            desk.standing(&leg, Some(&signed.tx_id)).await,
            Standing::NotSeen
        );
        let sent = desk.carry.send(&signed).await;
        assert!(
            matches!(sent, Sending::Accepted { .. }),
            "{}: {sent:?}",
            kind.name
        );
        // Sent again, as after a lost answer.
        assert!(
            matches!(desk.carry.send(&signed).await, Sending::Accepted { .. }),
            "{}",
            kind.name
        );
        assert_eq!(
            desk.standing(&leg, Some(&signed.tx_id)).await,
            Standing::Pending {
                tx_id: signed.tx_id.clone()
            },
        );
        assert_eq!(desk.sequence(&leg).await, (1, 0));
        let again = desk.carry.build(&leg, 0, now(), 60).await.unwrap_err();
        assert_eq!(code(&again), "outpoint_taken");
        claims.push((leg, signed));
    }
    desk.node.mine(1);
    for (leg, signed) in &claims {
        let inclusion = included(desk.standing(leg, Some(&signed.tx_id)).await);
        assert!(
            !inclusion.is_final && inclusion.deviations.is_empty(),
            "{inclusion:?}"
        );
        assert_eq!(desk.sequence(leg).await, (1, 0));
    }
    desk.node.mine(ON_TOP);
    for (leg, signed) in &claims {
        let inclusion = included(desk.standing(leg, Some(&signed.tx_id)).await);
        assert!(
            inclusion.is_final && inclusion.deviations.is_empty(),
            "{inclusion:?}"
        );
        assert_eq!(
            (&inclusion.tx_id, &inclusion.signer),
            (&signed.tx_id, &leg.signer)
        );
        assert_eq!(inclusion.fee, leg.fee_max);
        // Without knowing its id, by the output alone.
        assert_eq!(included(desk.standing(leg, None).await), inclusion);
        assert_eq!(desk.sequence(leg).await, (1, 1));
        assert!(matches!(
            desk.carry.send(signed).await,
            Sending::Accepted { .. } | Sending::Unknown { .. }
        ));
    }
    println!(
        "{}: {} kinds carried",
        desk.node.daemon().name(),
        claims.len()
    );
}

#[tokio::test]
async fn pitfall_065_every_kind_on_bitcoin() {
    let desk = Desk::of(Daemon::Bitcoin);
    every_kind(&desk, 0x42).await;
}

/// The same keys as on Bitcoin, behind the height where Litecoin's extension blocks begin.
#[tokio::test]
async fn pitfall_065_every_kind_on_litecoin() {
    let desk = Desk::of(Daemon::Litecoin);
    desk.node.begin_mweb();
    every_kind(&desk, 0x42).await;
}

#[tokio::test]
async fn pitfall_058_every_kind_on_bitcoin_sv() {
    let desk = Desk::of(Daemon::BitcoinSv);
    every_kind(&desk, 0x42).await;
    // The same key's signature as Bitcoin takes it.
    let own = kind("p2pkh");
    let credit = desk.deposit(&own, VALUE);
    let leg = desk.sweep(&credit, &own).await;
    assert!(is_regtest(&leg));
    let built = desk.build(&leg).await;
    let mut plain = Psbt::deserialize(&built.bytes).unwrap();
    plain.inputs[0].sighash_type = Some(bitcoin::EcdsaSighashType::All.into());
    let ordinary = finished(sign(&plain.serialize(), &own.signers));
    assert!(
        BitcoinCheck
            .open(&leg.chain, &built.bytes, &ordinary)
            .is_err()
    );
    let error = desk.node.send_raw(&ordinary).unwrap_err().to_string();
    assert!(error.contains("SIGHASH_FORKID"), "{error}");
    let forked = sign_fork(&built.bytes, &own.signers, 0x41);
    assert_eq!(
        desk.node.send_raw(&forked).unwrap(),
        BitcoinCheck
            .open(&leg.chain, &built.bytes, &forked)
            .unwrap()
            .tx_id
            .as_str()
    );
}

/// Several signatures as on Bitcoin Cash, which has scripts behind hashes and the same digest; its own daemon does not run here.
#[tokio::test]
async fn pitfall_058_several_signatures_with_the_mark_of_the_fork() {
    let node = CoinNode::start(Daemon::BitcoinSv);
    for name in ["sh-multi", "sh-sortedmulti"] {
        let own = kind(name);
        let paid = node.pay(&[(own.script.bytes(), VALUE)]);
        node.mine(1);
        let mut leg = crate::spends::leg("bitcoin-cash", &node.caip2(), &own);
        let spend = leg.spend.as_mut().unwrap();
        spend.tx_id = TxId::new(&paid.txid);
        spend.index = 0;
        let height = u32::try_from(node.height()).unwrap();
        let bytes = crate::spends::unsigned(&leg, &paid.transaction, height);
        assert!(BitcoinCheck.verify(&leg, &bytes).is_ok());
        let forked = sign_fork(&bytes, &own.signers, 0x41);
        let opened = BitcoinCheck.open(&leg.chain, &bytes, &forked).unwrap();
        let wrong = flipped(&forked);
        assert!(BitcoinCheck.open(&leg.chain, &bytes, &wrong).is_err());
        assert!(node.send_raw(&wrong).is_err());
        assert_eq!(node.send_raw(&forked).unwrap(), opened.tx_id.as_str());
        node.mine(1);
        assert_eq!(node.confirmations(opened.tx_id.as_str()), Some(1));
    }
}

/// What the rules call dust is what the daemon refuses to relay, to the base unit.
fn dust_is_the_daemons(daemon: Daemon) {
    let node = CoinNode::start(daemon);
    let network = recover_core::network::NetworkId::new(crate::world::network_of(daemon));
    let rules = Rules::of(&network).unwrap();
    let coin = node.take_coin();
    for script in crate::world::SCRIPTS {
        let least = rules.dust(&script);
        let with = |value: u64| {
            let outputs = vec![
                (script.bytes(), value),
                (node.payer_script(), coin.value - value - 10_000),
            ];
            node.accepts(&node.sign(&recover_testkit::coin_node::Spending {
                inputs: vec![coin],
                outputs,
                replaceable: true,
            }))
        };
        assert_eq!(with(least), Ok(()), "{script:?}");
        let refused = with(least - 1).unwrap_err();
        assert!(refused.contains("dust"), "{script:?}: {refused}");
    }
}

#[test]
fn pitfall_061_dust_on_bitcoin_is_the_daemons() {
    dust_is_the_daemons(Daemon::Bitcoin);
}

#[test]
fn pitfall_061_dust_on_litecoin_is_the_daemons() {
    dust_is_the_daemons(Daemon::Litecoin);
}

/// Coins that left Litecoin's extension block stand in a transaction that the `bitcoin` crate does not read.
#[tokio::test]
async fn what_left_the_extension_blocks_of_litecoin_is_spent() {
    let desk = Desk::of(Daemon::Litecoin);
    let node = &*desk.node;
    node.begin_mweb();
    node.mine(1);
    let own = kind("p2pkh");
    let Script::PubkeyHash(hash) = own.script else {
        panic!("a key's hash");
    };
    let outside = node.call_wallet("mweb", "listunspent", json!([0]));
    let outside: Vec<_> = outside
        .as_array()
        .unwrap()
        .iter()
        .filter(|coin| coin["vout"].is_u64())
        .map(|coin| json!({"txid": coin["txid"], "vout": coin["vout"]}))
        .collect();
    node.call_wallet("mweb", "lockunspent", json!([false, outside]));
    let address = bitcoin::base58::encode_check(&[&[0x6f][..], &hash].concat());
    node.call_wallet("mweb", "sendtoaddress", json!([address, 1.25]));
    let block = node.mine(1).remove(0);
    node.mine(ON_TOP);
    let block = node.call("getblock", json!([block, 2]));
    let last = block["tx"].as_array().unwrap().last().unwrap();
    let script = hex::encode(own.script.bytes());
    let outputs = last["vout"].as_array().unwrap();
    let index = outputs
        .iter()
        .position(|output| output["scriptPubKey"]["hex"] == script)
        .unwrap_or_else(|| panic!("{last:#}"));
    let id = last["txid"].as_str().unwrap();
    assert!(deserialize::<Transaction>(&node.raw_transaction(id).unwrap()).is_err());
    let credit = desk.credit(id, u32::try_from(index).unwrap(), &own.script, 125_000_000);
    let leg = desk.sweep(&credit, &own).await;
    let built = desk.build(&leg).await;
    is_decoded(&desk, &leg, &built.bytes, &own);
    let signed = desk.signed(&leg, &built.bytes, &own);
    let sent = desk.carry.send(&signed).await;
    assert!(matches!(sent, Sending::Accepted { .. }), "{sent:?}");
    node.mine(1 + ON_TOP);
    let inclusion = included(desk.standing(&leg, Some(&signed.tx_id)).await);
    assert!(inclusion.is_final && inclusion.deviations.is_empty());
}

/// Spent so long ago that the blocks which are read do not reach it: never called replaced by that alone.
#[tokio::test]
async fn what_was_spent_long_ago_is_not_guessed() {
    let desk = Desk::of(Daemon::Litecoin);
    let own = kind("p2pkh");
    let credit = desk.deposit(&own, VALUE);
    let leg = desk.sweep(&credit, &own).await;
    let built = desk.build(&leg).await;
    let signed = desk.signed(&leg, &built.bytes, &own);
    let taken = rival(&built.bytes, &own, &CUSTOMER, VALUE - 50_000);
    desk.node.send_raw(&taken).unwrap();
    // Below the height where Litecoin's extension blocks begin.
    desk.node.mine(301);
    assert_eq!(desk.sequence(&leg).await, (1, 1));
    for id in [None, Some(&signed.tx_id)] {
        let standing = desk.standing(&leg, id).await;
        assert!(matches!(standing, Standing::Unknown { .. }), "{standing:?}");
    }
}

/// A node with an index of spenders names them however long ago.
#[tokio::test]
async fn what_was_spent_long_ago_is_named_by_an_index_of_spenders() {
    let options = CoinNode::options(Daemon::Bitcoin).argument("-txospenderindex=1");
    let desk = Desk::new(options.start());
    let own = kind("p2pkh");
    let credit = desk.deposit(&own, VALUE);
    let leg = desk.sweep(&credit, &own).await;
    let built = desk.build(&leg).await;
    let signed = desk.signed(&leg, &built.bytes, &own);
    let taken = rival(&built.bytes, &own, &CUSTOMER, VALUE - 50_000);
    let taker = TxId::new(&desk.node.send_raw(&taken).unwrap());
    desk.node.mine(320);
    let known = Standing::Replaced {
        by: Some(taker.clone()),
    };
    // The index follows the chain at its own pace; until then nothing is guessed.
    for _ in 0..100 {
        let fresh = Desk::carry_of(&desk.node);
        let standing = desk.standing_by(&fresh, &leg, Some(&signed.tx_id)).await;
        if standing == known {
            break;
        }
        assert!(matches!(standing, Standing::Unknown { .. }), "{standing:?}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let fresh = Desk::carry_of(&desk.node);
    assert_eq!(
        desk.standing_by(&fresh, &leg, Some(&signed.tx_id)).await,
        known
    );
    let inclusion = included(desk.standing_by(&fresh, &leg, None).await);
    assert_eq!((&inclusion.tx_id, inclusion.is_final), (&taker, true));
}

/// Another transaction of the same key that spends the same output.
pub fn rival(unsigned: &[u8], kind: &Kind, to: &Script, value: u64) -> Vec<u8> {
    let mut psbt = Psbt::deserialize(unsigned).unwrap();
    psbt.unsigned_tx.output.truncate(1);
    psbt.outputs.truncate(1);
    psbt.unsigned_tx.output[0].value = Sats::from_sat(value);
    psbt.unsigned_tx.output[0].script_pubkey = ScriptBuf::from_bytes(to.bytes());
    finished(sign(&psbt.serialize(), &kind.signers))
}

/// Sent whatever the network takes for it.
fn send_dear(desk: &Desk, raw: &[u8]) -> TxId {
    let sent = desk
        .node
        .call("sendrawtransaction", json!([hex::encode(raw), 0]));
    TxId::new(sent.as_str().unwrap())
}

async fn spent_elsewhere(daemon: Daemon) {
    let desk = Desk::of(daemon);
    let own = kind("wpkh");
    let credit = desk.deposit(&own, VALUE);
    let leg = desk.pay_out(&credit, &own, 6_000_000).await;
    let built = desk.build(&leg).await;
    let signed = desk.signed(&leg, &built.bytes, &own);
    // Built once more before anything is sent: the same slot, so that both can never succeed.
    desk.node.mine(1);
    let again = desk.build(&leg).await;
    assert_eq!(again.slot, built.slot);
    assert_ne!(again.bytes, built.bytes);
    let taken = rival(
        &built.bytes,
        &own,
        &Script::PubkeyHash([0xee; 20]),
        VALUE - 50_000,
    );
    let taker = TxId::new(&desk.node.send_raw(&taken).unwrap());
    // Both wait: nobody knows yet.
    let standing = desk.standing(&leg, Some(&signed.tx_id)).await;
    assert!(matches!(standing, Standing::Unknown { .. }), "{standing:?}");
    assert!(matches!(
        desk.carry.send(&signed).await,
        Sending::Unknown { .. }
    ));
    desk.node.mine(1);
    let standing = desk.standing(&leg, Some(&signed.tx_id)).await;
    assert!(matches!(standing, Standing::Unknown { .. }), "{standing:?}");
    assert!(matches!(
        desk.carry.send(&signed).await,
        Sending::Unknown { .. }
    ));
    assert_eq!(desk.sequence(&leg).await, (1, 0));
    desk.node.mine(ON_TOP);
    assert_eq!(desk.sequence(&leg).await, (1, 1));
    assert_eq!(
        desk.standing(&leg, Some(&signed.tx_id)).await,
        Standing::Replaced {
            by: Some(taker.clone())
        }
    );
    // By the output alone it is the other transaction, and what it did is said.
    let inclusion = included(desk.standing(&leg, None).await);
    assert_eq!(inclusion.tx_id, taker);
    let fields: Vec<_> = inclusion
        .deviations
        .iter()
        .map(|found| found.field)
        .collect();
    assert_eq!(fields, ["recipient", "fee_max"]);
    assert_eq!(
        code(&desk.carry.build(&leg, 0, now(), 60).await.unwrap_err()),
        "outpoint_taken"
    );
    assert_eq!(
        code(&desk.carry.build(&leg, 1, now(), 60).await.unwrap_err()),
        "outpoint_taken"
    );
    let refused = desk.plan_with(&credit, &own, |_| ()).await.unwrap_err();
    assert_eq!(code(&refused), "outpoint_taken");
}

#[tokio::test]
async fn pitfall_062_an_output_spent_elsewhere_on_bitcoin() {
    spent_elsewhere(Daemon::Bitcoin).await;
}

/// A daemon that cannot name who spends an output: the blocks are read.
#[tokio::test]
async fn pitfall_062_an_output_spent_elsewhere_on_litecoin() {
    spent_elsewhere(Daemon::Litecoin).await;
}

/// The signers paid by themselves, with another fee: the same payment under another id is found by the output, and told apart.
#[tokio::test]
async fn the_payment_made_by_another_transaction_is_not_called_replaced() {
    let desk = Desk::of(Daemon::Bitcoin);
    let own = kind("p2wpkh");
    let credit = desk.deposit(&own, VALUE);
    let leg = desk.pay_out(&credit, &own, 6_000_000).await;
    let built = desk.build(&leg).await;
    let signed = desk.signed(&leg, &built.bytes, &own);
    // Exactly the approved payment with another lock time.
    let mut other = Psbt::deserialize(&built.bytes).unwrap();
    other.unsigned_tx.lock_time = bitcoin::absolute::LockTime::ZERO;
    let other = finished(sign(&other.serialize(), &own.signers));
    let other = TxId::new(&desk.node.send_raw(&other).unwrap());
    assert_eq!(
        desk.standing(&leg, None).await,
        Standing::Pending {
            tx_id: other.clone()
        }
    );
    desk.node.mine(1 + ON_TOP);
    let inclusion = included(desk.standing(&leg, Some(&signed.tx_id)).await);
    assert_eq!((&inclusion.tx_id, inclusion.deviations.len()), (&other, 0));
    assert!(inclusion.is_final);
    // One that pays the recipient less than was approved has paid all the same.
    let credit = desk.deposit(&own, VALUE);
    let leg = desk.pay_out(&credit, &own, 6_000_000).await;
    let built = desk.build(&leg).await;
    let signed = desk.signed(&leg, &built.bytes, &own);
    let less = rival(&built.bytes, &own, &CUSTOMER, 5_000_000);
    send_dear(&desk, &less);
    desk.node.mine(1 + ON_TOP);
    let inclusion = included(desk.standing(&leg, Some(&signed.tx_id)).await);
    let fields: Vec<_> = inclusion
        .deviations
        .iter()
        .map(|found| found.field)
        .collect();
    assert_eq!(fields, ["delivered", "fee_max"]);
    assert_eq!(inclusion.deviations[0].found, "5000000");
}

/// The signers emptied the address with other money of theirs.
#[tokio::test]
async fn a_transaction_with_more_inputs_is_told_with_its_fee() {
    let desk = Desk::of(Daemon::Bitcoin);
    let own = kind("p2wpkh");
    let first = desk.deposit(&own, VALUE);
    let second = desk.deposit(&own, 3_000_000);
    let leg = desk.pay_out(&first, &own, 6_000_000).await;
    let built = desk.build(&leg).await;
    let both = {
        let other = desk.sweep(&second, &own).await;
        let other = Psbt::deserialize(&desk.build(&other).await.bytes).unwrap();
        let mut psbt = Psbt::deserialize(&built.bytes).unwrap();
        psbt.unsigned_tx
            .input
            .insert(0, other.unsigned_tx.input[0].clone());
        psbt.inputs.insert(0, other.inputs[0].clone());
        let mut signed = psbt;
        let secp = bitcoin::secp256k1::Secp256k1::new();
        let key = crate::spends::public(0x42);
        let keys = std::collections::BTreeMap::from([(
            key,
            bitcoin::PrivateKey::new(crate::spends::secret(0x42), bitcoin::NetworkKind::Main),
        )]);
        for input in &mut signed.inputs {
            input.bip32_derivation.insert(key.inner, Default::default());
        }
        signed.sign(&keys, &secp).unwrap();
        finished(signed)
    };
    assert!(BitcoinCheck.open(&leg.chain, &built.bytes, &both).is_err());
    let id = send_dear(&desk, &both);
    desk.node.mine(1 + ON_TOP);
    let inclusion = included(desk.standing(&leg, None).await);
    assert_eq!(inclusion.tx_id, id);
    assert_eq!(
        units(inclusion.fee).unwrap(),
        3_000_000 + units(leg.fee_max).unwrap()
    );
    let fields: Vec<_> = inclusion
        .deviations
        .iter()
        .map(|found| found.field)
        .collect();
    assert_eq!(fields, ["inputs", "fee_max"]);
    assert_eq!(inclusion.signer, leg.signer);
}

#[tokio::test]
async fn what_a_reorganisation_takes_back_waits_again() {
    let desk = Desk::of(Daemon::Bitcoin);
    let own = kind("p2tr");
    let credit = desk.deposit(&own, VALUE);
    let leg = desk.sweep(&credit, &own).await;
    let built = desk.build(&leg).await;
    let signed = desk.signed(&leg, &built.bytes, &own);
    assert!(matches!(
        desk.carry.send(&signed).await,
        Sending::Accepted { .. }
    ));
    let block = desk.node.mine(1).remove(0);
    assert!(!included(desk.standing(&leg, Some(&signed.tx_id)).await).is_final);
    desk.node.invalidate(&block);
    assert_eq!(
        desk.standing(&leg, Some(&signed.tx_id)).await,
        Standing::Pending {
            tx_id: signed.tx_id.clone()
        }
    );
    // To somebody else, or it would be the very block that was undone.
    let other = bitcoin::base58::encode_check(&[&[0x6f][..], &[9; 20]].concat());
    desk.node
        .call("generatetoaddress", json!([1 + ON_TOP, other]));
    assert!(included(desk.standing(&leg, Some(&signed.tx_id)).await).is_final);
    // The deposit itself undone before anything was sent.
    let paid = desk.node.pay(&[(own.script.bytes(), VALUE)]);
    let block = desk.node.mine(1 + ON_TOP).remove(0);
    let credit = desk.credit(&paid.txid, 0, &own.script, VALUE);
    let leg = desk.sweep(&credit, &own).await;
    desk.node.invalidate(&block);
    let refused = desk.carry.build(&leg, 0, now(), 60).await.unwrap_err();
    assert_eq!(code(&refused), "not_final");
    assert_eq!(desk.standing(&leg, None).await, Standing::NotSeen);
}

#[tokio::test]
async fn what_is_not_there_or_not_final_is_not_planned() {
    let desk = Desk::of(Daemon::Bitcoin);
    let own = kind("p2pkh");
    let paid = desk.node.pay(&[(own.script.bytes(), VALUE)]);
    let credit = desk.credit(&paid.txid, 0, &own.script, VALUE);
    let refused = |error: CarryError| code(&error);
    assert_eq!(
        refused(desk.plan_with(&credit, &own, |_| ()).await.unwrap_err()),
        "not_final"
    );
    desk.node.mine(ON_TOP);
    assert_eq!(
        refused(desk.plan_with(&credit, &own, |_| ()).await.unwrap_err()),
        "not_final"
    );
    desk.node.mine(1);
    assert!(desk.plan_with(&credit, &own, |_| ()).await.is_ok());
    // Another value, another script, another output, none at all.
    let richer = desk.credit(&paid.txid, 0, &own.script, VALUE + 1);
    let error = desk.plan_with(&richer, &own, |_| ()).await.unwrap_err();
    assert!(matches!(error, CarryError::Source(_)), "{error}");
    let other = kind("p2wpkh");
    let elsewhere = desk.credit(&paid.txid, 0, &other.script, VALUE);
    let error = desk
        .plan_with(&elsewhere, &other, |_| ())
        .await
        .unwrap_err();
    assert!(matches!(error, CarryError::Source(_)), "{error}");
    let absent = desk.credit(&"ab".repeat(32), 0, &own.script, VALUE);
    assert_eq!(
        refused(desk.plan_with(&absent, &own, |_| ()).await.unwrap_err()),
        "outpoint_gone"
    );
    // Orders that no output fulfils.
    let customer = desk.text(&CUSTOMER);
    let treasury = desk.wallet.treasury.clone();
    let units = |units: u128| recover_core::amount::Amount::from_u128(units);
    let row = async |change: &dyn Fn(&mut recover_source::carry::Order<'_>), expected: &str| {
        let error = desk
            .plan_with(&credit, &own, |order| change(order))
            .await
            .unwrap_err();
        assert_eq!(code(&error), expected, "{error}");
    };
    row(
        &|order| order.amount = units(VALUE as u128 + 1),
        "more_than_came_in",
    )
    .await;
    row(&|order| order.purpose = LegKind::Return, "not_the_sender").await;
    let memo = recover_core::memo::Memo::id(7, "memo");
    let error = desk
        .plan_with(&credit, &own, |order| order.memo = Some(&memo))
        .await
        .unwrap_err();
    assert_eq!(code(&error), "memo_not_carried");
    let error = desk
        .plan_with(&credit, &own, |order| {
            order.recipient = &customer;
            order.amount = units(VALUE as u128);
        })
        .await
        .unwrap_err();
    assert_eq!(code(&error), "fee_exceeds_value");
    let error = desk
        .plan_with(&credit, &own, |order| {
            order.recipient = &customer;
            order.amount = units(545);
        })
        .await
        .unwrap_err();
    assert_eq!(code(&error), "dust_output");
    for text in [
        "ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9",
        "nobody",
        "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080",
    ] {
        let error = desk
            .plan_with(&credit, &own, |order| order.recipient = text)
            .await
            .unwrap_err();
        assert_eq!(code(&error), "not_an_address");
    }
    let mut several = credit.clone();
    several
        .flags
        .push(recover_core::observation::Flag::MultiSource);
    let error = desk
        .plan_with(&several, &own, |order| {
            order.purpose = LegKind::Return;
            order.recipient = &customer;
        })
        .await
        .unwrap_err();
    assert_eq!(code(&error), "several_senders");
    let script = kind("wsh-sortedmulti");
    let deposit = desk.deposit(&script, VALUE);
    let bare = Kind {
        descriptor: None,
        ..kind("wsh-sortedmulti")
    };
    assert_eq!(
        refused(desk.plan_with(&deposit, &bare, |_| ()).await.unwrap_err()),
        "script_unknown"
    );
    let wrong = Kind {
        descriptor: kind("wpkh").descriptor,
        ..kind("wsh-sortedmulti")
    };
    assert_eq!(
        refused(desk.plan_with(&deposit, &wrong, |_| ()).await.unwrap_err()),
        "descriptor_differs"
    );
    assert_eq!(treasury, desk.wallet.treasury);
}

/// The hundredth block after its own makes a block's coins spendable.
#[tokio::test]
async fn pitfall_021_coins_of_a_block_are_not_spent_before_they_may_be() {
    let desk = Desk::of(Daemon::Bitcoin);
    let own = kind("p2pkh");
    let hash = match own.script {
        Script::PubkeyHash(hash) => hash,
        _ => panic!("a key's hash"),
    };
    let address = bitcoin::base58::encode_check(&[&[0x6f][..], &hash].concat());
    let block = desk.node.call("generatetoaddress", json!([1, address]));
    let block = desk.node.call("getblock", json!([block[0], 2]));
    let id = block["tx"][0]["txid"].as_str().unwrap().to_owned();
    let value = coins(&desk.node.unspent(&id, 0).unwrap()["value"]);
    let credit = desk.credit(&id, 0, &own.script, value);
    desk.node.mine(98);
    let refused = desk.plan_with(&credit, &own, |_| ()).await.unwrap_err();
    assert_eq!(code(&refused), "immature");
    desk.node.mine(1);
    let leg = desk.sweep(&credit, &own).await;
    let built = desk.build(&leg).await;
    let signed = desk.signed(&leg, &built.bytes, &own);
    assert!(matches!(
        desk.carry.send(&signed).await,
        Sending::Accepted { .. }
    ));
}

/// Twenty-five payments that wait, each of the one before: what hangs on the last is not touched until it is final.
#[tokio::test]
async fn pitfall_066_a_long_chain_of_waiting_payments_is_waited_for() {
    let desk = Desk::of(Daemon::Bitcoin);
    let own = kind("p2wpkh");
    let coin = desk.node.take_coin();
    let mut coin = coin;
    let mut last = None;
    for step in 1..=25_u64 {
        let value = coin.value - 2_000;
        let outputs = if step == 25 {
            vec![
                (own.script.bytes(), VALUE),
                (desk.node.payer_script(), value - VALUE),
            ]
        } else {
            vec![(desk.node.payer_script(), value)]
        };
        let paid = desk.node.hand_over(&recover_testkit::coin_node::Spending {
            inputs: vec![coin],
            outputs,
            replaceable: true,
        });
        coin = recover_testkit::coin_node::Coin {
            txid: paid.txid.parse().unwrap(),
            index: 0,
            value,
        };
        last = Some(paid.txid);
    }
    let id = last.unwrap();
    let credit = desk.credit(&id, 0, &own.script, VALUE);
    let refused = desk.plan_with(&credit, &own, |_| ()).await.unwrap_err();
    assert_eq!(code(&refused), "not_final");
    desk.node.mine(1 + ON_TOP);
    let leg = desk.sweep(&credit, &own).await;
    let built = desk.build(&leg).await;
    let signed = desk.signed(&leg, &built.bytes, &own);
    assert!(matches!(
        desk.carry.send(&signed).await,
        Sending::Accepted { .. }
    ));
}

/// The node's estimate moves between approval and signing.
#[tokio::test]
async fn what_costs_more_than_was_approved_is_quoted_again() {
    let desk = Desk::new(CoinNode::options(Daemon::Bitcoin).start());
    let own = kind("p2wpkh");
    let credit = desk.deposit(&own, VALUE);
    let leg = desk.sweep(&credit, &own).await;
    // 110 virtual bytes at the network's usual 20 a byte, for want of an estimate.
    assert_eq!(units(leg.fee_max).unwrap(), 20 * 113);
    let mut cheap = leg.clone();
    let less = recover_core::amount::Amount::from_u128(1_000);
    cheap.amount = leg
        .amount
        .checked_add(leg.fee_max)
        .unwrap()
        .checked_sub(less)
        .unwrap();
    cheap.fee_max = less;
    let error = desk.carry.build(&cheap, 0, now(), 60).await.unwrap_err();
    assert!(matches!(error, CarryError::FeeAboveLimit { .. }), "{error}");
}
