//! What unlocks an output, by its script: which signatures, written how, over what.
//!
//! Sources: BIP-143 (<https://github.com/bitcoin/bips/blob/master/bip-0143.mediawiki>), BIP-341, BIP-66 (strict DER), BIP-146 (low S);
//! the replay-protected digest of Bitcoin Cash as in [`super::rules`].

use super::build::FORK_ID_ALL;
use super::read::Unsigned;
use super::unlock::Multi;
use crate::script::Script;
use bitcoin::hashes::{Hash as _, sha256d};
use bitcoin::opcodes::OP_0;
use bitcoin::script::{Builder, Instruction, PushBytesBuf};
use bitcoin::secp256k1::{Message, Secp256k1, ecdsa, schnorr};
use bitcoin::sighash::{Prevouts, SighashCache};
use bitcoin::{EcdsaSighashType, PublicKey, ScriptBuf, TapSighashType, Witness, XOnlyPublicKey};
use std::collections::BTreeMap;

/// Where what unlocks stands.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// In the script of the input.
    Script,
    /// In its witness; the script of the input shows only the program behind a P2SH hash, if there is one.
    Witness(Option<ScriptBuf>),
}

/// Who signs.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Who {
    /// The key of a hash.
    KeyHash([u8; 20]),
    /// So many keys of a script.
    Multi(Multi, ScriptBuf),
    /// The output key of Taproot.
    Taproot(XOnlyPublicKey),
}

/// What unlocks an output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Program {
    who: Who,
    place: Place,
    has_fork_id: bool,
}

/// The signatures, in order, and the key where the script does not name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unlocked {
    signatures: Vec<Vec<u8>>,
    key: Option<Vec<u8>>,
}

impl Program {
    /// What unlocks the output of unsigned bytes.
    pub(super) fn of(unsigned: &Unsigned) -> Result<Self, String> {
        let multi = |script: Option<&ScriptBuf>| {
            let script = script.ok_or("the script behind the hash is not known")?;
            Multi::of(script)
                .map(|multi| Who::Multi(multi, script.clone()))
                .ok_or("the script behind the hash asks for more than signatures of its keys")
        };
        let redeem = unsigned.redeem();
        let behind = redeem.and_then(|redeem| Script::of(redeem.as_bytes()));
        let (who, place) = match (unsigned.script, behind) {
            (Script::PubkeyHash(hash), _) => (Who::KeyHash(hash), Place::Script),
            (Script::WitnessPubkeyHash(hash), _) => (Who::KeyHash(hash), Place::Witness(None)),
            (Script::WitnessScriptHash(_), _) => {
                (multi(unsigned.witness_script())?, Place::Witness(None))
            }
            (Script::Taproot(key), _) => {
                let key = XOnlyPublicKey::from_slice(&key)
                    .map_err(|_| "the output's key is no key: nobody can spend it")?;
                (Who::Taproot(key), Place::Witness(None))
            }
            (Script::ScriptHash(_), Some(Script::WitnessPubkeyHash(hash))) => {
                (Who::KeyHash(hash), Place::Witness(redeem.cloned()))
            }
            (Script::ScriptHash(_), Some(Script::WitnessScriptHash(_))) => (
                multi(unsigned.witness_script())?,
                Place::Witness(redeem.cloned()),
            ),
            (Script::ScriptHash(_), _) => (multi(redeem)?, Place::Script),
        };
        Ok(Self {
            who,
            place,
            has_fork_id: unsigned.has_fork_id,
        })
    }

    /// The mark that signatures end with, or that their absence stands for.
    pub(super) fn mark(&self) -> u8 {
        match self.who {
            Who::Taproot(_) => TapSighashType::Default as u8,
            _ if self.has_fork_id => u8::try_from(FORK_ID_ALL).unwrap_or(u8::MAX),
            _ => EcdsaSighashType::All as u8,
        }
    }

    /// Puts signatures together that a PSBT holds by their keys.
    pub(super) fn assemble(
        &self,
        partial: &BTreeMap<Vec<u8>, Vec<u8>>,
        taproot: Option<&[u8]>,
    ) -> Result<Unlocked, String> {
        const UNSIGNED: &str = "it is not signed: look whether the signer knows the key";
        match &self.who {
            Who::Taproot(_) => taproot
                .map(|signature| Unlocked {
                    signatures: vec![signature.to_vec()],
                    key: None,
                })
                .ok_or_else(|| UNSIGNED.to_owned()),
            Who::KeyHash(hash) => {
                let own = partial
                    .iter()
                    .find(|(key, _)| key_hash(key).is_some_and(|found| found == *hash));
                match own {
                    Some((key, signature)) => Ok(Unlocked {
                        signatures: vec![signature.clone()],
                        key: Some(key.clone()),
                    }),
                    None if partial.is_empty() => Err(UNSIGNED.to_owned()),
                    None => Err("it is signed by a key that the output does not pay".to_owned()),
                }
            }
            Who::Multi(multi, _) => {
                let signatures: Vec<Vec<u8>> = multi
                    .keys
                    .iter()
                    .filter_map(|key| partial.get(&key.to_bytes()).cloned())
                    .take(multi.needed)
                    .collect();
                if signatures.len() < multi.needed {
                    return Err(format!(
                        "it has {} of {} signatures: {} more must sign",
                        signatures.len(),
                        multi.needed,
                        multi.needed - signatures.len()
                    ));
                }
                Ok(Unlocked {
                    signatures,
                    key: None,
                })
            }
        }
    }

    /// The parts on the stack: nothing before several signatures (they are counted one too many), then signatures, then key or script.
    fn parts(&self, unlocked: &Unlocked) -> Vec<Vec<u8>> {
        let mut parts = Vec::new();
        if let Who::Multi(..) = self.who {
            parts.push(Vec::new());
        }
        parts.extend(unlocked.signatures.iter().cloned());
        parts.extend(unlocked.key.clone());
        if let Who::Multi(_, script) = &self.who {
            parts.push(script.to_bytes());
        }
        parts
    }

    /// Script and witness of the input.
    pub(super) fn write(&self, unlocked: &Unlocked) -> (ScriptBuf, Witness) {
        let pushed = |parts: &[Vec<u8>]| {
            parts
                .iter()
                .fold(
                    Builder::new(),
                    |builder, part| match PushBytesBuf::try_from(part.clone()) {
                        Ok(bytes) if !bytes.is_empty() => builder.push_slice(bytes),
                        _ => builder.push_opcode(OP_0),
                    },
                )
                .into_script()
        };
        let parts = self.parts(unlocked);
        match &self.place {
            Place::Script => (pushed(&parts), Witness::new()),
            Place::Witness(None) => (ScriptBuf::new(), Witness::from_slice(&parts)),
            Place::Witness(Some(redeem)) => {
                (pushed(&[redeem.to_bytes()]), Witness::from_slice(&parts))
            }
        }
    }

    /// Takes script and witness of an input apart. That nothing else stands in them is for [`Self::write`] to show.
    pub(super) fn read(&self, script: &ScriptBuf, witness: &Witness) -> Result<Unlocked, String> {
        let mut parts: Vec<Vec<u8>> = match self.place {
            Place::Script => script
                .instructions_minimal()
                .map(|part| match part {
                    Ok(Instruction::PushBytes(bytes)) => Ok(bytes.as_bytes().to_vec()),
                    _ => Err("the script of its input does more than push".to_owned()),
                })
                .collect::<Result<_, _>>()?,
            Place::Witness(_) => witness.to_vec(),
        };
        if parts.is_empty() {
            return Err("it is not signed".to_owned());
        }
        let key = match &self.who {
            Who::Taproot(_) => None,
            Who::KeyHash(_) => parts.pop(),
            Who::Multi(..) => {
                // The script, and the one too many before the signatures.
                parts.pop();
                (!parts.is_empty()).then(|| parts.remove(0));
                None
            }
        };
        let needed = match &self.who {
            Who::Multi(multi, _) => multi.needed,
            _ => 1,
        };
        if parts.len() != needed || parts.iter().any(Vec::is_empty) {
            return Err(format!(
                "it has {} parts where {needed} signatures belong",
                parts.iter().filter(|part| !part.is_empty()).count()
            ));
        }
        Ok(Unlocked {
            signatures: parts,
            key,
        })
    }

    /// Verifies every signature; gives back the key where it is one.
    pub(super) fn verify(
        &self,
        unsigned: &Unsigned,
        unlocked: &Unlocked,
    ) -> Result<Option<PublicKey>, String> {
        match &self.who {
            Who::Taproot(key) => {
                let signature = unlocked.signatures.first().ok_or("it is not signed")?;
                self.taproot(unsigned, key, signature)?;
                Ok(None)
            }
            Who::KeyHash(hash) => {
                let key = unlocked.key.as_deref().ok_or("it names no key")?;
                if key_hash(key) != Some(*hash) {
                    return Err("it is signed by a key that the output does not pay".to_owned());
                }
                let key = PublicKey::from_slice(key)
                    .map_err(|error| format!("its key cannot be read ({error})"))?;
                if !key.compressed && self.place != Place::Script {
                    return Err("its key is not compressed, which SegWit does not take".to_owned());
                }
                let signature = unlocked.signatures.first().ok_or("it is not signed")?;
                self.ecdsa(unsigned, &key, signature)?;
                Ok(Some(key))
            }
            Who::Multi(multi, _) => {
                let mut keys = multi.keys.iter();
                for (place, signature) in unlocked.signatures.iter().enumerate() {
                    let mut last = String::new();
                    // As nodes do: each signature is of a key behind that of the one before.
                    let found = keys.by_ref().any(|key| {
                        self.ecdsa(unsigned, key, signature)
                            .map_err(|error| last = error)
                            .is_ok()
                    });
                    if !found {
                        return Err(format!("its signature {} is of no key: {last}", place + 1));
                    }
                }
                Ok(None)
            }
        }
    }

    fn taproot(
        &self,
        unsigned: &Unsigned,
        key: &XOnlyPublicKey,
        signature: &[u8],
    ) -> Result<(), String> {
        if signature.len() != 64 {
            return Err(
                "its signature has not 64 bytes: it commits to something else than all of it by default"
                    .to_owned(),
            );
        }
        let signature = schnorr::Signature::from_slice(signature)
            .map_err(|error| format!("its signature cannot be read ({error})"))?;
        let digest = SighashCache::new(unsigned.transaction())
            .taproot_key_spend_signature_hash(
                0,
                &Prevouts::All(&[&unsigned.spent]),
                TapSighashType::Default,
            )
            .map_err(|error| error.to_string())?;
        Secp256k1::verification_only()
            .verify_schnorr(
                &signature,
                &Message::from_digest(digest.to_byte_array()),
                key,
            )
            .map_err(|_| {
                "its signature is not valid for this transaction and this output".to_owned()
            })
    }

    fn ecdsa(&self, unsigned: &Unsigned, key: &PublicKey, signature: &[u8]) -> Result<(), String> {
        let (mark, der) = signature.split_last().ok_or("it is not signed")?;
        let approved = self.mark();
        if *mark != approved {
            return Err(format!(
                "its signature commits to something else (mark {mark:#04x}, approved is {approved:#04x})"
            ));
        }
        let parsed = ecdsa::Signature::from_der(der)
            .map_err(|error| format!("its signature is not strict DER ({error})"))?;
        if parsed.serialize_der()[..] != *der {
            return Err("its signature is not strict DER".to_owned());
        }
        let mut low = parsed;
        low.normalize_s();
        if low != parsed {
            return Err("its signature has a high S, which no node relays".to_owned());
        }
        Secp256k1::verification_only()
            .verify_ecdsa(&self.digest(unsigned)?, &parsed, &key.inner)
            .map_err(|_| {
                format!("its signature is not valid for this transaction and the key {key}")
            })
    }

    /// What a signature signs.
    fn digest(&self, unsigned: &Unsigned) -> Result<Message, String> {
        let own = &unsigned.spent.script_pubkey;
        let value = unsigned.spent.value;
        let mut cache = SighashCache::new(unsigned.transaction());
        let inner = match &self.who {
            Who::Multi(_, script) => script,
            _ => own,
        };
        let all = EcdsaSighashType::All;
        let words = |error: &dyn std::fmt::Display| error.to_string();
        let digest = match (&self.place, &self.who) {
            (Place::Script, _) if self.has_fork_id => {
                return fork_digest(unsigned, inner);
            }
            (Place::Witness(_), _) if self.has_fork_id => {
                return Err("no chain with such signatures has SegWit".to_owned());
            }
            (Place::Script, _) => cache
                .legacy_signature_hash(0, inner, all.to_u32())
                .map_err(|error| words(&error))?
                .to_byte_array(),
            (Place::Witness(_), Who::Multi(..)) => cache
                .p2wsh_signature_hash(0, inner, value, all)
                .map_err(|error| words(&error))?
                .to_byte_array(),
            (Place::Witness(redeem), _) => cache
                .p2wpkh_signature_hash(0, redeem.as_ref().unwrap_or(own), value, all)
                .map_err(|error| words(&error))?
                .to_byte_array(),
        };
        Ok(Message::from_digest(digest))
    }
}

/// RIPEMD-160 of SHA-256 of a key's bytes; `None` for what is no key.
fn key_hash(key: &[u8]) -> Option<[u8; 20]> {
    let key = PublicKey::from_slice(key).ok()?;
    Some(key.pubkey_hash().to_byte_array())
}

/// The digest of Bitcoin Cash and Bitcoin SV: BIP-143's, with their mark in the place of the hash type.
fn fork_digest(unsigned: &Unsigned, script: &ScriptBuf) -> Result<Message, String> {
    let mut preimage = Vec::new();
    SighashCache::new(unsigned.transaction())
        .segwit_v0_encode_signing_data_to(
            &mut preimage,
            0,
            script,
            unsigned.spent.value,
            EcdsaSighashType::All,
        )
        .map_err(|error| error.to_string())?;
    let end = preimage
        .last_chunk_mut::<4>()
        .ok_or("the digest has no hash type")?;
    *end = FORK_ID_ALL.to_le_bytes();
    Ok(Message::from_digest(
        sha256d::Hash::hash(&preimage).to_byte_array(),
    ))
}
