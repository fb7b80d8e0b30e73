//! What it takes to unlock an output: one key's signature, or several of a known script's.

use super::refusal::SpendRefusal;
use super::rules::Rules;
use crate::script::Script;
use crate::{address, descriptor};
use bitcoin::opcodes::all::OP_CHECKMULTISIG;
use bitcoin::script::Instruction;
use bitcoin::secp256k1::Secp256k1;
use bitcoin::{PublicKey, ScriptBuf};
use miniscript::descriptor::DescriptorType;
use miniscript::{DefiniteDescriptorKey, Descriptor};

/// The weight of what unlocks an output that pays a compressed key, without any descriptor: a signature of at most 72 bytes with its
/// mark, the key, and their lengths. A byte outside a witness weighs four.
const KEY_HASH_WEIGHT: u64 = 4 * (1 + 72 + 1 + 33);
/// The same in a witness, less the count of its parts that an empty one has too.
const WITNESS_KEY_HASH_WEIGHT: u64 = 1 + 72 + 1 + 33;
/// A signature of 64 bytes, and its length.
const TAPROOT_WEIGHT: u64 = 1 + 64;

/// How an output is unlocked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unlock {
    /// The script of the output.
    pub script: Script,
    /// How the address book says that it is unlocked; `None` for a script that says it itself (it pays a key).
    pub descriptor: Option<Descriptor<DefiniteDescriptorKey>>,
    /// The most that unlocking weighs, over an input with nothing in it.
    pub weight: u64,
    /// Whether what unlocks stands in a witness.
    pub is_segwit: bool,
}

/// A script that asks for signatures of so many of its keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Multi {
    /// How many.
    pub needed: usize,
    /// The keys, in the order of their signatures.
    pub keys: Vec<PublicKey>,
}

impl Multi {
    /// Reads `K <key>… N CHECKMULTISIG`; `None` for any other script.
    #[must_use]
    pub fn of(script: &bitcoin::Script) -> Option<Self> {
        let mut parts = script
            .instructions_minimal()
            .collect::<Result<Vec<_>, _>>()
            .ok()?;
        let number = |part: &Instruction<'_>| match part {
            Instruction::Op(op) => {
                let code = op.to_u8();
                (0x51..=0x60)
                    .contains(&code)
                    .then(|| usize::from(code - 0x50))
            }
            Instruction::PushBytes(_) => None,
        };
        if parts.pop()? != Instruction::Op(OP_CHECKMULTISIG) {
            return None;
        }
        let count = number(&parts.pop()?)?;
        let keys = parts.split_off(1);
        let needed = number(&parts.pop()?)?;
        let keys: Vec<PublicKey> = keys
            .iter()
            .map(|part| part.push_bytes())
            .map(|bytes| PublicKey::from_slice(bytes?.as_bytes()).ok())
            .collect::<Option<_>>()?;
        (keys.len() == count && (1..=count).contains(&needed)).then_some(Self { needed, keys })
    }
}

/// The script of an address as a network writes it today.
///
/// # Errors
/// [`SpendRefusal::NotAnAddress`] for any other text.
pub fn script_of(rules: &Rules, text: &str) -> Result<Script, SpendRefusal> {
    address::parse(text)
        .ok()
        .map(|parsed| parsed.script)
        .filter(|script| address_of(rules, script).as_deref() == Some(text))
        .ok_or_else(|| SpendRefusal::NotAnAddress {
            text: text.to_owned(),
            network: rules.network.to_owned(),
        })
}

/// The address of a script as a network writes it; `None` where it has none.
#[must_use]
pub fn address_of(rules: &Rules, script: &Script) -> Option<String> {
    Some(address::format(script, rules.form()?)?.text().to_owned())
}

fn unknown(detail: impl Into<String>) -> SpendRefusal {
    SpendRefusal::ScriptUnknown {
        detail: detail.into(),
    }
}

/// How the output of a script is unlocked on a network, by the descriptor that the address book has of it.
///
/// # Errors
/// When nobody knows, when the descriptor is another script's, and when the script protects nothing on that network.
pub fn unlock(
    rules: &Rules,
    script: &Script,
    described: Option<&str>,
) -> Result<Unlock, SpendRefusal> {
    let unprotected = || SpendRefusal::ScriptUnprotected {
        network: rules.network.to_owned(),
    };
    if script.is_segwit() && !rules.has_segwit()
        || matches!(script, Script::ScriptHash(_)) && !rules.has_p2sh()
    {
        return Err(unprotected());
    }
    let Some(text) = described else {
        let (weight, is_segwit) = match script {
            Script::PubkeyHash(_) => (KEY_HASH_WEIGHT, false),
            Script::WitnessPubkeyHash(_) => (WITNESS_KEY_HASH_WEIGHT, true),
            Script::Taproot(_) => (TAPROOT_WEIGHT, true),
            Script::ScriptHash(_) | Script::WitnessScriptHash(_) => {
                return Err(unknown(
                    "the output pays a script of which only the hash is known",
                ));
            }
        };
        return Ok(Unlock {
            script: *script,
            descriptor: None,
            weight,
            is_segwit,
        });
    };
    let known = descriptor::read(text).map_err(|error| unknown(error.to_string()))?;
    let descriptor = known.descriptor();
    let derived = descriptor
        .derived_descriptor(&Secp256k1::verification_only())
        .map_err(|error| unknown(format!("the keys of '{text}' cannot be derived ({error})")))?;
    let theirs = derived.script_pubkey();
    if theirs.as_bytes() != script.bytes() {
        let words = |script: Option<Script>, bytes: &[u8]| {
            script
                .and_then(|script| address_of(rules, &script))
                .unwrap_or_else(|| hex::encode(bytes))
        };
        return Err(SpendRefusal::DescriptorDiffers {
            found: words(Script::of(theirs.as_bytes()), theirs.as_bytes()),
            approved: words(Some(*script), &script.bytes()),
        });
    }
    let is_segwit = match derived.desc_type() {
        DescriptorType::Pkh | DescriptorType::Sh | DescriptorType::ShSortedMulti => false,
        DescriptorType::Bare => return Err(unknown("no address stands for such a script")),
        _ => true,
    };
    if is_segwit && !rules.has_segwit() {
        return Err(unprotected());
    }
    match derived.desc_type() {
        DescriptorType::Pkh | DescriptorType::Wpkh | DescriptorType::ShWpkh => {}
        DescriptorType::Tr => {
            if matches!(&derived, Descriptor::Tr(tr) if tr.tap_tree().is_some()) {
                return Err(unknown("a Taproot output with scripts beside its key"));
            }
        }
        _ => {
            let inner = derived
                .explicit_script()
                .map_err(|error| unknown(error.to_string()))?;
            if Multi::of(&inner).is_none() {
                return Err(unknown(
                    "the script behind the hash asks for more than signatures of its keys",
                ));
            }
        }
    }
    let weight = derived
        .max_weight_to_satisfy()
        .map_err(|error| unknown(format!("nothing unlocks '{text}' ({error})")))?
        .to_wu();
    Ok(Unlock {
        script: *script,
        descriptor: Some(descriptor.clone()),
        weight,
        is_segwit,
    })
}

/// The most virtual bytes that a transaction with this one input and outputs to these scripts has.
///
/// Source: BIP-141 (<https://github.com/bitcoin/bips/blob/master/bip-0141.mediawiki#transaction-size-calculations>): a byte weighs
/// four, in a witness one; four of weight are a virtual byte, rounded up.
#[must_use]
pub fn virtual_size(unlock: &Unlock, outputs: &[Script]) -> u64 {
    // Version, lock time, the counts of inputs and outputs; output in question, length of an empty script, sequence.
    const FRAME: u64 = 4 + 4 + 1 + 1 + 36 + 1 + 4;
    let outputs: u64 = outputs
        .iter()
        .map(|script| {
            u64::try_from(script.bytes().len())
                .unwrap_or(u64::MAX)
                .saturating_add(9)
        })
        .fold(0, u64::saturating_add);
    // Marker and flag, and the count of the witness's parts.
    let witness = if unlock.is_segwit { 2 + 1 } else { 0 };
    FRAME
        .saturating_add(outputs)
        .saturating_mul(4)
        .saturating_add(witness)
        .saturating_add(unlock.weight)
        .div_ceil(4)
}

/// A script as the `bitcoin` crate has it.
#[must_use]
pub fn script_buf(script: &Script) -> ScriptBuf {
    ScriptBuf::from_bytes(script.bytes())
}
