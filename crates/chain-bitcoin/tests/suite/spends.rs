//! Outputs of every kind with their legs, and the exchange's signers: keys that hold nothing anywhere.

use bitcoin::absolute::LockTime;
use bitcoin::bip32::{DerivationPath, Fingerprint};
use bitcoin::consensus::{deserialize, serialize};
use bitcoin::hashes::{Hash as _, sha256d};
use bitcoin::key::TapTweak as _;
use bitcoin::opcodes::OP_0;
use bitcoin::script::{Builder, PushBytesBuf};
use bitcoin::secp256k1::{Message, Secp256k1, SecretKey};
use bitcoin::sighash::SighashCache;
use bitcoin::transaction::Version;
use bitcoin::{
    Amount as Sats, EcdsaSighashType, NetworkKind, OutPoint, PrivateKey, Psbt, PublicKey,
    ScriptBuf, Sequence, Transaction, TxIn, TxOut, Witness, XOnlyPublicKey,
};
use miniscript::psbt::PsbtExt as _;
use recover_chain_bitcoin::script::Script;
use recover_chain_bitcoin::spend::{self, Rules, Terms};
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::TxId;
use recover_core::network::NetworkId;
use recover_core::plan::{Leg, LegKind, Rest, Spend};
use std::collections::BTreeMap;

pub const BITCOIN: &str = "bip122:000000000019d6689c085ae165831e93";
pub const LITECOIN: &str = "bip122:12a765e31ffd4059bada1e25190f6e98";
pub const DOGECOIN: &str = "bip122:1a91e3dace36e2be3bf030a65679fe82";
pub const BITCOIN_CASH: &str = "bip122:000000000000000000651ef99cb9fcbe";
/// Bitcoin's own, and Bitcoin SV's, on a developer's machine.
pub const REGTEST: &str = "bip122:0f9188f13cb7b2c71f2a335e3a4fc328";

pub fn secret(seed: u8) -> SecretKey {
    SecretKey::from_slice(&[seed; 32]).unwrap()
}

pub fn public(seed: u8) -> PublicKey {
    PublicKey::new(secret(seed).public_key(&Secp256k1::new()))
}

/// A key as a descriptor has it: with its origin.
fn origin(seed: u8, path: &str) -> String {
    format!("[d34db3{seed:02x}/{path}]{}", public(seed))
}

/// The kinds of output, by a name; whose keys sign; the descriptor, where there is one.
pub struct Kind {
    pub name: &'static str,
    pub script: Script,
    pub descriptor: Option<String>,
    pub signers: Vec<u8>,
    pub is_segwit: bool,
}

fn script_of(descriptor: &str) -> Script {
    let parsed: miniscript::Descriptor<miniscript::DefiniteDescriptorKey> =
        descriptor.parse().unwrap();
    let derived = parsed.derived_descriptor(&Secp256k1::new()).unwrap();
    Script::of(derived.script_pubkey().as_bytes()).unwrap()
}

/// Every kind; the first key is of `seed`.
pub fn kinds(seed: u8) -> Vec<Kind> {
    let key = public(seed);
    let hash = key.pubkey_hash().to_byte_array();
    let (output_key, _) = XOnlyPublicKey::from(key.inner).tap_tweak(&Secp256k1::new(), None);
    let bare = |name, script, is_segwit| Kind {
        name,
        script,
        descriptor: None,
        signers: vec![seed],
        is_segwit,
    };
    let by = |name, descriptor: String, signers: &[u8], is_segwit| Kind {
        name,
        script: script_of(&descriptor),
        descriptor: Some(descriptor),
        signers: signers.to_vec(),
        is_segwit,
    };
    let one = |path| origin(seed, path);
    let (two, three) = (seed + 1, seed + 2);
    let all = |path| [seed, two, three].map(|seed| origin(seed, path)).join(",");
    vec![
        bare("p2pkh", Script::PubkeyHash(hash), false),
        bare("p2wpkh", Script::WitnessPubkeyHash(hash), true),
        bare("p2tr", Script::Taproot(output_key.serialize()), true),
        by(
            "pkh",
            format!("pkh({})", one("44h/0h/0h/0/5")),
            &[seed],
            false,
        ),
        by(
            "wpkh",
            format!("wpkh({})", one("84h/0h/0h/0/5")),
            &[seed],
            true,
        ),
        by(
            "sh-wpkh",
            format!("sh(wpkh({}))", one("49h/0h/0h/0/5")),
            &[seed],
            true,
        ),
        by("tr", format!("tr({})", one("86h/0h/0h/0/5")), &[seed], true),
        by(
            "sh-multi",
            format!("sh(multi(2,{}))", all("45h/0")),
            &[seed, three],
            false,
        ),
        by(
            "sh-sortedmulti",
            format!("sh(sortedmulti(3,{}))", all("45h/1")),
            &[seed, two, three],
            false,
        ),
        by(
            "wsh-sortedmulti",
            format!("wsh(sortedmulti(2,{}))", all("48h/0")),
            &[two, three],
            true,
        ),
        by(
            "wsh-multi-1",
            format!("wsh(multi(1,{}))", all("48h/1")),
            &[three],
            true,
        ),
        by(
            "sh-wsh",
            format!("sh(wsh(multi(2,{})))", all("48h/2")),
            &[seed, two],
            true,
        ),
    ]
}

pub fn kind(name: &str) -> Kind {
    kinds(0x42)
        .into_iter()
        .find(|kind| kind.name == name)
        .unwrap_or_else(|| panic!("no kind {name}"))
}

/// The transaction that made the output: it stands between two others.
pub fn previous(script: &Script, value: u64) -> Transaction {
    let output = |value, script: ScriptBuf| TxOut {
        value: Sats::from_sat(value),
        script_pubkey: script,
    };
    let other = ScriptBuf::from_bytes(Script::PubkeyHash([0x77; 20]).bytes());
    Transaction {
        version: Version::TWO,
        lock_time: LockTime::ZERO,
        input: vec![TxIn {
            previous_output: OutPoint::new(bitcoin::Txid::from_byte_array([0x33; 32]), 7),
            script_sig: ScriptBuf::new(),
            sequence: Sequence::MAX,
            witness: Witness::from_slice(&[[0x30; 71].as_slice(), &[2; 33]]),
        }],
        output: vec![
            output(value, other.clone()),
            output(value, ScriptBuf::from_bytes(script.bytes())),
            output(90_000, other),
        ],
    }
}

/// What is left of such a transaction in a PSBT.
pub fn previous_bytes(script: &Script, value: u64) -> Vec<u8> {
    serialize(&previous(script, value))
}

pub fn address(network: &str, script: &Script) -> String {
    let rules = Rules::of(&NetworkId::new(network)).unwrap();
    spend::address_of(rules, script).unwrap()
}

/// Who is paid.
pub const RECIPIENT: Script = Script::PubkeyHash([0xa1; 20]);
/// Where the rest goes.
pub const TREASURY: Script = Script::ScriptHash([0xb2; 20]);
/// What the output holds.
pub const VALUE: u64 = 10_000_000;
/// The newest block.
pub const TIP: u32 = 912_345;

/// A leg that spends an output of this kind: 6,000,000 to the recipient, 20,000 to the network, the rest to treasury.
pub fn leg(network: &str, chain: &str, kind: &Kind) -> Leg {
    let network_id = NetworkId::new(network);
    let recipient = address(network, &RECIPIENT);
    Leg {
        kind: LegKind::Transfer,
        network: network_id.clone(),
        chain: chain.to_owned(),
        signer: address(network, &kind.script),
        signer_key: None,
        target: recipient.clone(),
        recipient,
        memo: None,
        asset: AssetId::native(network_id),
        amount: Amount::from_u128(6_000_000),
        call: None,
        route: None,
        fee_max: Amount::from_u128(20_000),
        spend: Some(Box::new(Spend {
            tx_id: TxId::new(&previous(&kind.script, VALUE).compute_txid().to_string()),
            index: 1,
            amount: Amount::from_u128(VALUE.into()),
            descriptor: kind.descriptor.clone(),
            inscription: false,
            rest: Some(Rest {
                recipient: address(network, &TREASURY),
                amount: Amount::from_u128(3_980_000),
            }),
        })),
    }
}

/// The unsigned bytes of a leg.
pub fn unsigned(leg: &Leg, previous: &[u8], tip: u32) -> Vec<u8> {
    let terms = Terms::of(leg).unwrap_or_else(|deviations| panic!("{deviations:?}"));
    spend::build(&terms.spending(previous, tip)).unwrap_or_else(|refusal| panic!("{refusal}"))
}

/// A leg of a kind, and its unsigned bytes.
pub fn package(network: &str, chain: &str, kind: &Kind) -> (Leg, Vec<u8>) {
    let leg = leg(network, chain, kind);
    let bytes = unsigned(&leg, &previous_bytes(&kind.script, VALUE), TIP);
    (leg, bytes)
}

/// Signed by the `bitcoin` crate as a signer with these keys does: the PSBT, not finished. A signer that finds its keys by itself notes
/// their origin first.
pub fn sign(unsigned: &[u8], seeds: &[u8]) -> Psbt {
    let secp = Secp256k1::new();
    let mut psbt = Psbt::deserialize(unsigned).unwrap();
    let keys: BTreeMap<PublicKey, PrivateKey> = seeds
        .iter()
        .map(|seed| {
            (
                public(*seed),
                PrivateKey::new(secret(*seed), NetworkKind::Main),
            )
        })
        .collect();
    let input = &mut psbt.inputs[0];
    let is_taproot = input
        .witness_utxo
        .as_ref()
        .is_some_and(|spent| spent.script_pubkey.is_p2tr());
    let source = (Fingerprint::default(), DerivationPath::default());
    for key in keys.keys() {
        if is_taproot {
            let key = XOnlyPublicKey::from(key.inner);
            input.tap_internal_key.get_or_insert(key);
            input
                .tap_key_origins
                .entry(key)
                .or_insert((vec![], source.clone()));
        } else {
            input
                .bip32_derivation
                .entry(key.inner)
                .or_insert(source.clone());
        }
    }
    psbt.sign(&keys, &secp)
        .unwrap_or_else(|(_, errors)| panic!("{errors:?}"));
    psbt
}

/// The transaction for the network, finished by `miniscript`.
pub fn finished(mut psbt: Psbt) -> Vec<u8> {
    psbt.finalize_mut(&Secp256k1::new())
        .unwrap_or_else(|errors| panic!("{errors:?}"));
    serialize(&psbt.extract_tx_unchecked_fee_rate())
}

/// Signed as Bitcoin Cash and Bitcoin SV do, by hand: BIP-143's digest with the mark 0x41. The transaction for the network.
pub fn sign_fork(unsigned: &[u8], seeds: &[u8], mark: u8) -> Vec<u8> {
    let psbt = Psbt::deserialize(unsigned).unwrap();
    let input = &psbt.inputs[0];
    let outpoint = psbt.unsigned_tx.input[0].previous_output;
    let spent = input.non_witness_utxo.as_ref().unwrap().output[outpoint.vout as usize].clone();
    let code = input.redeem_script.clone().unwrap_or(spent.script_pubkey);
    let mut preimage = Vec::new();
    SighashCache::new(&psbt.unsigned_tx)
        .segwit_v0_encode_signing_data_to(
            &mut preimage,
            0,
            &code,
            spent.value,
            EcdsaSighashType::All,
        )
        .unwrap();
    let end = preimage.len() - 4;
    preimage[end..].copy_from_slice(&u32::from(mark).to_le_bytes());
    let digest = Message::from_digest(sha256d::Hash::hash(&preimage).to_byte_array());
    // In the order of the keys in the script.
    let place = |seed: &u8| {
        let key = public(*seed).to_bytes();
        code.as_bytes()
            .windows(key.len())
            .position(|part| part == key)
    };
    let mut seeds = seeds.to_vec();
    seeds.sort_by_key(place);
    let signatures = seeds.iter().map(|seed| {
        let mut bytes = Secp256k1::new()
            .sign_ecdsa(&digest, &secret(*seed))
            .serialize_der()
            .to_vec();
        bytes.push(mark);
        PushBytesBuf::try_from(bytes).unwrap()
    });
    let mut builder = Builder::new();
    if input.redeem_script.is_some() {
        builder = builder.push_opcode(OP_0);
    }
    for signature in signatures {
        builder = builder.push_slice(signature);
    }
    builder = match &input.redeem_script {
        Some(redeem) => builder.push_slice(PushBytesBuf::try_from(redeem.to_bytes()).unwrap()),
        None => builder.push_key(&public(seeds[0])),
    };
    let mut transaction = psbt.unsigned_tx;
    transaction.input[0].script_sig = builder.into_script();
    serialize(&transaction)
}

/// Signed for its network, finished.
pub fn signed(network: &str, kind: &Kind, unsigned: &[u8]) -> Vec<u8> {
    if Rules::of(&NetworkId::new(network)).unwrap().has_fork_id() {
        sign_fork(unsigned, &kind.signers, 0x41)
    } else {
        finished(sign(unsigned, &kind.signers))
    }
}

pub fn transaction(bytes: &[u8]) -> Transaction {
    deserialize(bytes).unwrap()
}

/// Networks with their chains, and the kinds that they know.
pub fn everything() -> Vec<(&'static str, &'static str, Kind)> {
    let mut all = Vec::new();
    for (network, chain, has_segwit) in [
        ("bitcoin", BITCOIN, true),
        ("litecoin", LITECOIN, true),
        ("dogecoin", DOGECOIN, false),
        ("bitcoin-cash", BITCOIN_CASH, false),
        ("bitcoin-sv", REGTEST, false),
        ("bitcoin", REGTEST, true),
    ] {
        for kind in kinds(0x42) {
            let is_hash = network == "bitcoin-sv" && matches!(kind.script, Script::ScriptHash(_));
            if (has_segwit || !kind.is_segwit) && !is_hash {
                all.push((network, chain, kind));
            }
        }
    }
    all
}
