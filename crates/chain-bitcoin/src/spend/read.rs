//! Unsigned bytes read back: only what [`super::build`] writes, to the last field.

use super::build::{FORK_ID_ALL, INPUT_SEQUENCE};
use super::previous::{bytes_of_id, read_previous};
use crate::script::Script;
use bitcoin::absolute::LockTime;
use bitcoin::transaction::Version;
use bitcoin::{EcdsaSighashType, OutPoint, Psbt, ScriptBuf, Transaction, TxOut};

/// The first bytes of every PSBT.
pub const MAGIC: &[u8] = b"psbt\xff";

/// An unsigned PSBT as this crate writes it, taken apart.
#[derive(Debug, Clone)]
pub struct Unsigned {
    /// All of it.
    pub psbt: Psbt,
    /// The output that it spends.
    pub outpoint: OutPoint,
    /// What that output is, from the transaction inside, whose id was worked out.
    pub spent: TxOut,
    /// The script of that output.
    pub script: Script,
    /// Whether signatures are made as those of Bitcoin Cash.
    pub has_fork_id: bool,
    /// Inputs minus outputs, in base units.
    pub fee: u64,
    /// The height that it waits for.
    pub lock_height: u32,
}

impl Unsigned {
    /// The transaction without signatures.
    #[must_use]
    pub const fn transaction(&self) -> &Transaction {
        &self.psbt.unsigned_tx
    }

    /// The script behind the hash of a P2SH output.
    #[must_use]
    pub fn redeem(&self) -> Option<&ScriptBuf> {
        self.psbt.inputs.first()?.redeem_script.as_ref()
    }

    /// The script behind the hash of a witness program.
    #[must_use]
    pub fn witness_script(&self) -> Option<&ScriptBuf> {
        self.psbt.inputs.first()?.witness_script.as_ref()
    }
}

/// Reads unsigned bytes.
///
/// # Errors
/// What is wrong with them, in words.
pub fn read(bytes: &[u8]) -> Result<Unsigned, String> {
    let psbt = parse(bytes)?;
    let transaction = &psbt.unsigned_tx;
    let [spends] = transaction.input.as_slice() else {
        return Err(format!(
            "they spend {} outputs, and one is spent at a time",
            transaction.input.len()
        ));
    };
    let [input] = psbt.inputs.as_slice() else {
        return Err("they describe another number of inputs than they have".to_owned());
    };
    if !(1..=2).contains(&transaction.output.len()) {
        return Err(format!(
            "they have {} outputs: one for the recipient, at most one for treasury",
            transaction.output.len()
        ));
    }
    if !input.partial_sigs.is_empty()
        || input.final_script_sig.is_some()
        || input.final_script_witness.is_some()
        || input.tap_key_sig.is_some()
        || !input.tap_script_sigs.is_empty()
    {
        return Err("they carry a signature already".to_owned());
    }
    let is_bare = psbt.version == 0
        && psbt.xpub.is_empty()
        && psbt.proprietary.is_empty()
        && psbt.unknown.is_empty()
        && input.ripemd160_preimages.is_empty()
        && input.sha256_preimages.is_empty()
        && input.hash160_preimages.is_empty()
        && input.hash256_preimages.is_empty()
        && input.tap_scripts.is_empty()
        && input.tap_merkle_root.is_none()
        && input.proprietary.is_empty()
        && input.unknown.is_empty()
        && psbt
            .outputs
            .iter()
            .all(|output| *output == bitcoin::psbt::Output::default());
    if !is_bare {
        return Err("they carry a field that no package has".to_owned());
    }
    if transaction.version != Version::TWO {
        return Err(format!(
            "they are of version {}, not 2",
            transaction.version
        ));
    }
    if spends.sequence != INPUT_SEQUENCE {
        return Err(format!(
            "the sequence of their input is {}, not {INPUT_SEQUENCE}",
            spends.sequence
        ));
    }
    let LockTime::Blocks(lock) = transaction.lock_time else {
        return Err("they wait for a time, not for a height".to_owned());
    };
    let previous = input
        .non_witness_utxo
        .as_ref()
        .ok_or("the transaction that made the output is not in them")?;
    let outpoint = spends.previous_output;
    // Also that nothing stands in it that its id does not cover.
    let bare = bytes_of_id(previous);
    read_previous(&bare, &outpoint.txid).map_err(|refusal| refusal.to_string())?;
    if previous.input.iter().any(|input| !input.witness.is_empty()) {
        return Err(
            "the transaction inside carries witnesses, which its id does not cover".to_owned(),
        );
    }
    let index = usize::try_from(outpoint.vout).unwrap_or(usize::MAX);
    let spent = previous
        .output
        .get(index)
        .ok_or_else(|| format!("the transaction inside has no output {index}"))?
        .clone();
    let script = Script::of(spent.script_pubkey.as_bytes())
        .ok_or("no address stands for the script of the output")?;
    if input
        .witness_utxo
        .as_ref()
        .is_some_and(|told| *told != spent)
    {
        return Err("they tell another output than the transaction inside has".to_owned());
    }
    let has_fork_id = sighash(&script, input.sighash_type)?;
    hashes(&script, input)?;
    let paid = transaction
        .output
        .iter()
        .try_fold(0_u64, |sum, output| sum.checked_add(output.value.to_sat()));
    let fee = paid
        .and_then(|paid| spent.value.to_sat().checked_sub(paid))
        .filter(|fee| *fee > 0)
        .ok_or("they pay out no less than comes in")?;
    Ok(Unsigned {
        outpoint,
        spent,
        script,
        has_fork_id,
        fee,
        lock_height: lock.to_consensus_u32(),
        psbt,
    })
}

/// The bytes of a PSBT of version 0, and none besides.
fn parse(bytes: &[u8]) -> Result<Psbt, String> {
    let psbt = match Psbt::deserialize(bytes) {
        Ok(psbt) => psbt,
        Err(error) => {
            return Err(match super::maps::read(bytes) {
                Ok(maps) if maps.version().is_some_and(|version| version != 0) => {
                    super::maps::OTHER_VERSION.to_owned()
                }
                _ => error.to_string(),
            });
        }
    };
    if psbt.serialize() != bytes {
        return Err("their fields are in another order, or something follows them".to_owned());
    }
    Ok(psbt)
}

/// Whether the signatures are those of Bitcoin Cash; an error for every mark that is not that of all inputs and outputs.
fn sighash(script: &Script, mark: Option<bitcoin::psbt::PsbtSighashType>) -> Result<bool, String> {
    let is_taproot = matches!(script, Script::Taproot(_));
    match mark.map(bitcoin::psbt::PsbtSighashType::to_u32) {
        None if is_taproot => Ok(false),
        Some(mark) if !is_taproot && mark == EcdsaSighashType::All as u32 => Ok(false),
        Some(FORK_ID_ALL) if !is_taproot => Ok(true),
        None => Err("they do not say what the signature commits to".to_owned()),
        Some(mark) => Err(format!(
            "the signature would commit to something else than all of it (mark {mark:#04x})"
        )),
    }
}

/// Whether the scripts inside are those behind the hashes, and none is missing or left over.
fn hashes(script: &Script, input: &bitcoin::psbt::Input) -> Result<(), String> {
    let (redeem, witness) = (&input.redeem_script, &input.witness_script);
    let behind = match script {
        Script::ScriptHash(hash) => {
            let redeem = redeem
                .as_ref()
                .ok_or("the script behind the hash is not in them")?;
            if redeem.script_hash().as_ref() as &[u8] != hash {
                return Err("the script inside is not the one behind the hash".to_owned());
            }
            Script::of(redeem.as_bytes()).filter(Script::is_segwit)
        }
        _ if redeem.is_some() => {
            return Err("they carry a script that the output has not".to_owned());
        }
        _ => Some(*script),
    };
    let is_witness = match behind {
        Some(Script::WitnessScriptHash(hash)) => {
            let witness = witness
                .as_ref()
                .ok_or("the script behind the hash of the witness is not in them")?;
            if witness.wscript_hash().as_ref() as &[u8] != hash {
                return Err("the script inside is not the one behind the hash".to_owned());
            }
            true
        }
        Some(Script::WitnessPubkeyHash(_) | Script::Taproot(_)) => true,
        _ => false,
    };
    if witness.is_some() && !matches!(behind, Some(Script::WitnessScriptHash(_))) {
        return Err("they carry a script that the output has not".to_owned());
    }
    if input.witness_utxo.is_some() != is_witness {
        return Err(if is_witness {
            "they do not tell the output beside the transaction that made it".to_owned()
        } else {
            "they tell of SegWit where the output has none".to_owned()
        });
    }
    if !matches!(script, Script::Taproot(_))
        && (input.tap_internal_key.is_some() || !input.tap_key_origins.is_empty())
    {
        return Err("they tell of Taproot where the output has none".to_owned());
    }
    if matches!(script, Script::Taproot(_)) && !input.bip32_derivation.is_empty() {
        return Err("they tell of other keys than Taproot has".to_owned());
    }
    Ok(())
}
