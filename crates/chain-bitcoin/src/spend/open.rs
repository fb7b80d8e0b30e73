//! Signed bytes taken apart: the transaction that was approved, and signatures that unlock its one input.
//!
//! What unlocks is put together again from its signatures and compared byte for byte, so that nothing can stand beside them; every
//! signature is verified for what it must commit to. Where the `miniscript` crate reads the signatures (not those of Bitcoin Cash), its
//! interpreter runs the script as well.

use super::maps::{self, Maps, OTHER_VERSION};
use super::program::{Program, Unlocked};
use super::read::{MAGIC, Unsigned};
use super::rules::Rules;
use super::unlock::address_of;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bitcoin::consensus::{deserialize, serialize};
use bitcoin::secp256k1::Secp256k1;
use bitcoin::sighash::Prevouts;
use bitcoin::{ScriptBuf, Transaction, Witness};
use miniscript::interpreter::Interpreter;
use recover_core::block::TxId;
use recover_core::check::{NotReadable, Signed};

const EXPECTED: &str =
    "the approved transaction, fully signed: a PSBT of version 0 or the bytes for the network";

/// Fields of a PSBT's input that hold what a signer adds (BIP-174, BIP-371).
mod field {
    pub const PARTIAL_SIGNATURE: u8 = 0x02;
    pub const SIGHASH: &[u8] = &[0x03];
    pub const FINAL_SCRIPT: &[u8] = &[0x07];
    pub const FINAL_WITNESS: &[u8] = &[0x08];
    pub const TAPROOT_SIGNATURE: &[u8] = &[0x13];
}

fn refuse(detail: impl Into<String>) -> NotReadable {
    NotReadable {
        expected: EXPECTED,
        detail: detail.into(),
    }
}

/// The bytes behind a text: base64 of a PSBT, or hexadecimal digits. Anything else is bytes already.
fn bytes_of(given: &[u8]) -> Vec<u8> {
    let text: Option<String> = std::str::from_utf8(given)
        .ok()
        .map(|text| text.split_whitespace().collect());
    text.filter(|text| !text.is_empty())
        .and_then(|text| {
            hex::decode(&text)
                .ok()
                .or_else(|| STANDARD.decode(&text).ok())
        })
        .unwrap_or_else(|| given.to_vec())
}

/// How a transaction is another one than the approved; `None` where it is not, signatures aside.
fn difference(approved: &Transaction, found: &Transaction) -> Option<String> {
    let other = |what: &str, found: String, approved: String| {
        (found != approved).then(|| format!("{what} is {found}, approved is {approved}"))
    };
    let [input] = approved.input.as_slice() else {
        return Some("nothing was approved".to_owned());
    };
    let [spends] = found.input.as_slice() else {
        return Some(format!(
            "it spends {} outputs, approved is one",
            found.input.len()
        ));
    };
    other(
        "what it spends",
        spends.previous_output.to_string(),
        input.previous_output.to_string(),
    )
    .or_else(|| {
        other(
            "its version",
            found.version.to_string(),
            approved.version.to_string(),
        )
    })
    .or_else(|| {
        other(
            "its lock time",
            found.lock_time.to_consensus_u32().to_string(),
            approved.lock_time.to_consensus_u32().to_string(),
        )
    })
    .or_else(|| {
        other(
            "the sequence of its input",
            spends.sequence.to_string(),
            input.sequence.to_string(),
        )
    })
    .or_else(|| {
        other(
            "the number of its outputs",
            found.output.len().to_string(),
            approved.output.len().to_string(),
        )
    })
    .or_else(|| {
        found
            .output
            .iter()
            .zip(&approved.output)
            .enumerate()
            .find_map(|(place, (found, approved))| {
                let words = |output: &bitcoin::TxOut| {
                    format!(
                        "{} base units to the script {}",
                        output.value.to_sat(),
                        hex::encode(output.script_pubkey.as_bytes())
                    )
                };
                other(
                    &format!("its output {place}"),
                    words(found),
                    words(approved),
                )
            })
    })
}

/// Takes what unlocks the input out of a signed PSBT.
fn of_psbt(
    unsigned: &Unsigned,
    program: &Program,
    bytes: &[u8],
) -> Result<(ScriptBuf, Witness), NotReadable> {
    let Maps { global, rest } = &maps::read(bytes).map_err(refuse)?;
    let maps = Maps {
        global: global.clone(),
        rest: Vec::new(),
    };
    if maps.version().is_some_and(|version| version != 0) {
        return Err(refuse(OTHER_VERSION));
    }
    let inside = maps
        .unsigned()
        .ok_or_else(|| refuse("it holds no transaction"))?;
    if inside != serialize(unsigned.transaction()) {
        let found: Transaction = deserialize(inside)
            .map_err(|error| refuse(format!("the transaction in it cannot be read ({error})")))?;
        return Err(refuse(
            difference(unsigned.transaction(), &found).unwrap_or_else(|| {
                "the transaction in it carries what belongs beside it".to_owned()
            }),
        ));
    }
    if rest.len() != 1 + unsigned.transaction().output.len() {
        return Err(refuse(
            "it describes another number of inputs and outputs than it has",
        ));
    }
    let input = rest
        .first()
        .ok_or_else(|| refuse("it describes no input"))?;
    let mark = program.mark();
    if let Some(told) = input.get(field::SIGHASH)
        && *told != u32::from(mark).to_le_bytes()
    {
        return Err(refuse(format!(
            "it asks for signatures that commit to something else (mark {}, approved is {mark:#04x})",
            hex::encode(told)
        )));
    }
    let script = input.get(field::FINAL_SCRIPT);
    let witness = input.get(field::FINAL_WITNESS);
    if script.is_some() || witness.is_some() {
        let witness = match witness {
            Some(bytes) => deserialize::<Witness>(bytes)
                .map_err(|error| refuse(format!("its witness cannot be read ({error})")))?,
            None => Witness::new(),
        };
        return Ok((
            ScriptBuf::from_bytes(script.cloned().unwrap_or_default()),
            witness,
        ));
    }
    let partial = input.iter().filter_map(|(key, signature)| {
        let (kind, key) = key.split_first()?;
        (*kind == field::PARTIAL_SIGNATURE).then(|| (key.to_vec(), signature.clone()))
    });
    program
        .assemble(
            &partial.collect(),
            input.get(field::TAPROOT_SIGNATURE).map(Vec::as_slice),
        )
        .map(|unlocked| program.write(&unlocked))
        .map_err(refuse)
}

/// Runs the script by the `miniscript` crate.
fn interpret(unsigned: &Unsigned, transaction: &Transaction) -> Result<(), String> {
    let input = transaction.input.first().ok_or("no input")?;
    let spent = [&unsigned.spent];
    let interpreter = Interpreter::from_txdata(
        &unsigned.spent.script_pubkey,
        &input.script_sig,
        &input.witness,
        input.sequence,
        transaction.lock_time,
    )
    .map_err(|error| error.to_string())?;
    let secp = Secp256k1::verification_only();
    let prevouts = Prevouts::All(&spent);
    let failed = interpreter
        .iter(&secp, transaction, 0, &prevouts)
        .find_map(Result::err);
    failed.map_or(Ok(()), |error| Err(error.to_string()))
}

/// Takes signed bytes apart.
pub(super) fn open(
    rules: &Rules,
    unsigned: &Unsigned,
    approved: &[u8],
    signed: &[u8],
) -> Result<Signed, NotReadable> {
    let program = Program::of(unsigned).map_err(refuse)?;
    let bytes = bytes_of(signed);
    let (script_sig, witness) = if bytes.starts_with(MAGIC) {
        of_psbt(unsigned, &program, &bytes)?
    } else {
        let transaction: Transaction = deserialize(&bytes)
            .map_err(|_| refuse("it is neither a whole PSBT nor a whole transaction"))?;
        if serialize(&transaction) != bytes {
            return Err(refuse(
                "its bytes are not written as the network writes them",
            ));
        }
        if let Some(difference) = difference(unsigned.transaction(), &transaction) {
            return Err(refuse(difference));
        }
        let input = transaction
            .input
            .into_iter()
            .next()
            .ok_or_else(|| refuse("it spends nothing"))?;
        (input.script_sig, input.witness)
    };
    let unlocked: Unlocked = program.read(&script_sig, &witness).map_err(refuse)?;
    if program.write(&unlocked) != (script_sig.clone(), witness.clone()) {
        return Err(refuse(
            "something stands beside its signatures, or they are not written as nodes write them",
        ));
    }
    let key = program.verify(unsigned, &unlocked).map_err(refuse)?;
    let mut transaction = unsigned.transaction().clone();
    for input in &mut transaction.input {
        input.script_sig = script_sig.clone();
        input.witness = witness.clone();
    }
    if !unsigned.has_fork_id {
        interpret(unsigned, &transaction)
            .map_err(|error| refuse(format!("what shall unlock the output does not: {error}")))?;
    }
    let signer = address_of(rules, &unsigned.script).ok_or_else(|| {
        refuse(format!(
            "no address of {} stands for the output",
            rules.network
        ))
    })?;
    Ok(Signed {
        bytes: serialize(&transaction),
        unsigned: approved.to_vec(),
        signer,
        signer_key: key.map(|key| hex::encode(key.to_bytes())),
        tx_id: TxId::new(&transaction.compute_txid().to_string()),
    })
}
