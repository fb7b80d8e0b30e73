//! The signers who stand outside the engine: a ring of test keys that unlocks whatever it can.
//!
//! Nothing here asks code under test. A PSBT is read by the `bitcoin` crate; signatures, scripts and witnesses are put together after
//! BIP-16, BIP-141, BIP-143 and BIP-341, so that a package can be signed without trusting any of its hints.

use std::collections::BTreeMap;

use bitcoin::consensus::encode;
use bitcoin::hashes::{Hash as _, sha256d};
use bitcoin::key::TapTweak as _;
use bitcoin::opcodes::all::OP_CHECKMULTISIG;
use bitcoin::script::{Builder, Instruction, PushBytesBuf};
use bitcoin::secp256k1::{Keypair, Message, PublicKey, Secp256k1, SecretKey};
use bitcoin::sighash::{EcdsaSighashType, Prevouts, SighashCache, TapSighashType};
use bitcoin::{Psbt, Script, ScriptBuf, Transaction, TxOut, Witness};

use crate::keys::Held;

/// What a signature says of the chain that it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fork {
    /// Nothing: Bitcoin, Litecoin.
    None,
    /// The fork of 2017: SIGHASH_FORKID, with the digest of BIP-143 for every input.
    Id,
}

/// Keys and scripts that somebody has.
#[derive(Clone, Debug, Default)]
pub struct Ring {
    /// By their bytes in a script: short and long.
    keys: BTreeMap<Vec<u8>, SecretKey>,
    /// By the hash that an output holds.
    scripts: BTreeMap<Vec<u8>, ScriptBuf>,
}

/// Why an output cannot be unlocked with a ring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locked(pub String);

impl Ring {
    /// The keys behind some addresses, and their scripts.
    pub fn new<'a>(held: impl IntoIterator<Item = &'a Held>) -> Ring {
        let mut ring = Ring::default();
        held.into_iter().for_each(|held| ring.add(held));
        ring
    }

    /// Adds what is behind an address: its keys in every form a script can name them in, and its scripts.
    pub fn add(&mut self, held: &Held) {
        let secp = Secp256k1::new();
        for secret in &held.secrets {
            let public = PublicKey::from_secret_key(&secp, secret);
            for is_compressed in [true, false] {
                let key = bitcoin::PublicKey {
                    compressed: is_compressed,
                    inner: public,
                };
                self.keys.insert(key.to_bytes(), *secret);
                self.keys
                    .insert(key.pubkey_hash().to_byte_array().to_vec(), *secret);
                // Whatever the book says it is for, a key opens each of its scripts.
                let nested = ScriptBuf::new_p2wpkh(&bitcoin::WPubkeyHash::from_byte_array(
                    key.pubkey_hash().to_byte_array(),
                ));
                self.knows(nested);
            }
            let (output, _) = public.x_only_public_key().0.tap_tweak(&secp, None);
            self.keys.insert(output.serialize().to_vec(), *secret);
        }
        for script in [held.redeem(), held.witness_script()].into_iter().flatten() {
            self.knows(script);
        }
    }

    fn knows(&mut self, script: ScriptBuf) {
        self.scripts.insert(
            script.script_hash().to_byte_array().to_vec(),
            script.clone(),
        );
        self.scripts
            .insert(script.wscript_hash().to_byte_array().to_vec(), script);
    }

    /// Signs every input of an unsigned transaction with what the ring has, given the outputs that they spend.
    ///
    /// # Errors
    /// [`Locked`] for the first input that it cannot open.
    pub fn sign(
        &self,
        unsigned: &Transaction,
        spent: &[TxOut],
        fork: Fork,
    ) -> Result<Transaction, Locked> {
        assert_eq!(unsigned.input.len(), spent.len());
        let mut signed = unsigned.clone();
        for (index, output) in spent.iter().enumerate() {
            let mut signing = Signing {
                ring: self,
                cache: SighashCache::new(unsigned),
                index,
                spent,
                fork,
            };
            let (script, witness) = signing.unlock(&output.script_pubkey)?;
            signed.input[index].script_sig = script;
            signed.input[index].witness = witness;
        }
        Ok(signed)
    }

    /// As [`sign`](Ring::sign), for what a package holds; the network's bytes.
    #[track_caller]
    pub fn sign_psbt(&self, psbt: &[u8], fork: Fork) -> Vec<u8> {
        let psbt = read(psbt);
        let spent = spent(&psbt);
        let signed = self.sign(&psbt.unsigned_tx, &spent, fork);
        encode::serialize(&signed.unwrap_or_else(|locked| panic!("{locked:?} of {psbt:?}")))
    }

    /// The package as a signer's own software hands it back: partial signatures, found through the derivations that it states. Answers how
    /// many inputs were signed; none where the package says too little.
    pub fn sign_psbt_by_derivation(&self, psbt: &[u8]) -> (Vec<u8>, usize) {
        let mut psbt = read(psbt);
        let keys: BTreeMap<bitcoin::PublicKey, bitcoin::PrivateKey> = self
            .keys
            .iter()
            .filter_map(|(bytes, secret)| {
                let public = bitcoin::PublicKey::from_slice(bytes).ok()?;
                let mut private = bitcoin::PrivateKey::new(*secret, bitcoin::NetworkKind::Main);
                private.compressed = public.compressed;
                Some((public, private))
            })
            .collect();
        // What fails shows in the count: the library signs what it can.
        let _ = psbt.sign(&keys, &Secp256k1::new());
        let done = |input: &&bitcoin::psbt::Input| {
            !input.partial_sigs.is_empty() || input.tap_key_sig.is_some()
        };
        let count = psbt.inputs.iter().filter(done).count();
        (psbt.serialize(), count)
    }
}

/// A package's bytes as the library reads them.
#[track_caller]
pub fn read(psbt: &[u8]) -> Psbt {
    Psbt::deserialize(psbt).unwrap_or_else(|error| panic!("{error}: {}", hex::encode(psbt)))
}

/// What the inputs of a package spend, from the transactions that it holds and not from its word.
#[track_caller]
pub fn spent(psbt: &Psbt) -> Vec<TxOut> {
    let inputs = psbt.unsigned_tx.input.iter().zip(&psbt.inputs);
    inputs
        .map(|(input, held)| {
            let outpoint = input.previous_output;
            let Some(previous) = &held.non_witness_utxo else {
                let stated = held.witness_utxo.clone();
                return stated.unwrap_or_else(|| panic!("nothing about {outpoint}"));
            };
            assert_eq!(
                previous.compute_txid(),
                outpoint.txid,
                "another transaction"
            );
            let index = usize::try_from(outpoint.vout).unwrap();
            let output = previous.output[index].clone();
            if let Some(stated) = &held.witness_utxo {
                assert_eq!(stated, &output, "the package contradicts itself");
            }
            output
        })
        .collect()
}

struct Signing<'a> {
    ring: &'a Ring,
    cache: SighashCache<&'a Transaction>,
    index: usize,
    spent: &'a [TxOut],
    fork: Fork,
}

impl Signing<'_> {
    fn unlock(&mut self, output: &Script) -> Result<(ScriptBuf, Witness), Locked> {
        let bytes = output.as_bytes();
        if output.is_p2sh() {
            let redeem = self.script(&bytes[2..22])?;
            if redeem.is_p2wpkh() || redeem.is_p2wsh() {
                let witness = self.witness(&redeem)?;
                return Ok((
                    Builder::new()
                        .push_slice(push(redeem.into_bytes()))
                        .into_script(),
                    witness,
                ));
            }
            let mut parts = self.plain(&redeem, false)?;
            parts.push(redeem.into_bytes());
            return Ok((pushed(parts), Witness::new()));
        }
        if output.is_p2wpkh() || output.is_p2wsh() || output.is_p2tr() {
            return Ok((ScriptBuf::new(), self.witness(output)?));
        }
        Ok((pushed(self.plain(output, false)?), Witness::new()))
    }

    fn witness(&mut self, program: &Script) -> Result<Witness, Locked> {
        let hash = &program.as_bytes()[2..];
        if program.is_p2tr() {
            let secp = Secp256k1::new();
            let secret = self.key(hash)?;
            let spent = self.spent;
            let digest = self
                .cache
                .taproot_key_spend_signature_hash(
                    self.index,
                    &Prevouts::All(spent),
                    TapSighashType::Default,
                )
                .expect("the inputs are there");
            let pair = Keypair::from_secret_key(&secp, &secret).tap_tweak(&secp, None);
            let message = Message::from_digest(digest.to_byte_array());
            let signature = secp.sign_schnorr_no_aux_rand(&message, &pair.to_keypair());
            return Ok(Witness::from_slice(&[signature.serialize().to_vec()]));
        }
        if program.is_p2wpkh() {
            let hash = bitcoin::PubkeyHash::from_slice(hash).expect("twenty bytes");
            let code = ScriptBuf::new_p2pkh(&hash);
            return Ok(Witness::from_slice(&self.plain(&code, true)?));
        }
        let script = self.script(hash)?;
        let mut parts = self.plain(&script, true)?;
        parts.push(script.into_bytes());
        Ok(Witness::from_slice(&parts))
    }

    /// What a script without hashes of other scripts wants to see.
    fn plain(&mut self, script: &Script, is_witness: bool) -> Result<Vec<Vec<u8>>, Locked> {
        let bytes = script.as_bytes();
        if script.is_p2pkh() {
            let secret = self.key(&bytes[3..23])?;
            let public = self.public_of(&secret, &bytes[3..23]);
            return Ok(vec![self.signature(&secret, script, is_witness), public]);
        }
        if script.is_p2pk() {
            let key = &bytes[1..bytes.len() - 1];
            let secret = self.key(key)?;
            return Ok(vec![self.signature(&secret, script, is_witness)]);
        }
        if let Some((needed, keys)) = multi(script) {
            let held: Vec<SecretKey> = keys.iter().filter_map(|key| self.key(key).ok()).collect();
            if held.len() < needed {
                return Err(Locked(format!("{} of {needed} keys", held.len())));
            }
            // CHECKMULTISIG takes one element more than it needs.
            let mut parts = vec![Vec::new()];
            for secret in &held[..needed] {
                parts.push(self.signature(secret, script, is_witness));
            }
            return Ok(parts);
        }
        Err(Locked(format!("a script of another kind: {script}")))
    }

    fn key(&self, name: &[u8]) -> Result<SecretKey, Locked> {
        let key = self.ring.keys.get(name).copied();
        key.ok_or_else(|| Locked(format!("no key {}", hex::encode(name))))
    }

    fn script(&self, hash: &[u8]) -> Result<ScriptBuf, Locked> {
        let script = self.ring.scripts.get(hash).cloned();
        script.ok_or_else(|| Locked(format!("no script {}", hex::encode(hash))))
    }

    /// The key in the width whose hash the output names.
    fn public_of(&self, secret: &SecretKey, hash: &[u8]) -> Vec<u8> {
        let inner = PublicKey::from_secret_key(&Secp256k1::new(), secret);
        let forms = [true, false].map(|compressed| bitcoin::PublicKey { compressed, inner });
        let found = forms
            .iter()
            .find(|key| key.pubkey_hash().to_byte_array()[..] == *hash);
        found.expect("the ring found it by this hash").to_bytes()
    }

    fn signature(&mut self, secret: &SecretKey, code: &Script, is_witness: bool) -> Vec<u8> {
        let kind = EcdsaSighashType::All;
        let digest = if is_witness || self.fork == Fork::Id {
            let mut written = Vec::new();
            let value = self.spent[self.index].value;
            self.cache
                .segwit_v0_encode_signing_data_to(&mut written, self.index, code, value, kind)
                .expect("the input is there");
            let end = written.len() - 4;
            written[end..].copy_from_slice(&u32::from(self.hash_type()).to_le_bytes());
            sha256d::Hash::hash(&written).to_byte_array()
        } else {
            let hash = self
                .cache
                .legacy_signature_hash(self.index, code, kind.to_u32());
            hash.expect("the input is there").to_byte_array()
        };
        let signature = Secp256k1::new().sign_ecdsa(&Message::from_digest(digest), secret);
        let mut bytes = signature.serialize_der().to_vec();
        bytes.push(self.hash_type());
        bytes
    }

    fn hash_type(&self) -> u8 {
        match self.fork {
            Fork::None => 0x01,
            Fork::Id => 0x41,
        }
    }
}

/// How many keys a bare multisig script wants, and which it names.
fn multi(script: &Script) -> Option<(usize, Vec<Vec<u8>>)> {
    let instructions: Vec<Instruction<'_>> =
        script.instructions().collect::<Result<_, _>>().ok()?;
    let [first, keys @ .., _, last] = &instructions[..] else {
        return None;
    };
    if last.opcode() != Some(OP_CHECKMULTISIG) {
        return None;
    }
    let needed = usize::from(first.opcode()?.to_u8().checked_sub(0x50)?);
    let keys: Option<Vec<Vec<u8>>> = keys
        .iter()
        .map(|key| key.push_bytes().map(|bytes| bytes.as_bytes().to_vec()))
        .collect();
    Some((needed, keys?))
}

fn push(bytes: Vec<u8>) -> PushBytesBuf {
    PushBytesBuf::try_from(bytes).expect("no script is that long")
}

fn pushed(parts: Vec<Vec<u8>>) -> ScriptBuf {
    let mut builder = Builder::new();
    for part in parts {
        builder = if part.is_empty() {
            builder.push_int(0)
        } else {
            builder.push_slice(push(part))
        };
    }
    builder.into_script()
}
