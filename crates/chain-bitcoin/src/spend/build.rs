//! The unsigned bytes: a PSBT of version 0 with one input.
//!
//! Sources: BIP-174 (<https://github.com/bitcoin/bips/blob/master/bip-0174.mediawiki>), BIP-371 for Taproot.

use super::previous::read_previous;
use super::refusal::SpendRefusal;
use super::rules::Rules;
use super::unlock::{Unlock, script_buf};
use crate::script::Script;
use bitcoin::absolute::{Height, LockTime};
use bitcoin::psbt::PsbtSighashType;
use bitcoin::transaction::Version;
use bitcoin::{
    Amount, EcdsaSighashType, OutPoint, Psbt, ScriptBuf, Sequence, Transaction, TxIn, TxOut,
};
use miniscript::psbt::PsbtInputExt as _;

/// What a signature of Bitcoin Cash and Bitcoin SV commits to: everything (1), with the value, on that chain only (0x40).
pub const FORK_ID_ALL: u32 = 0x41;

/// The sequence of the one input: the lock time counts, and a transaction with a higher fee may take its place (BIP-125).
pub const INPUT_SEQUENCE: Sequence = Sequence::ENABLE_RBF_NO_LOCKTIME;

/// A transaction that spends one output.
#[derive(Debug, Clone)]
pub struct Spending<'a> {
    /// The network's rules.
    pub rules: &'static Rules,
    /// Which output, of which transaction.
    pub outpoint: OutPoint,
    /// The bytes of that transaction, as a node gives them.
    pub previous: &'a [u8],
    /// How it is unlocked.
    pub unlock: &'a Unlock,
    /// Who is paid what, in this order.
    pub payments: &'a [(Script, u64)],
    /// The height of the newest block: no block before the next one may contain it, so that no miner gains by undoing the newest.
    pub tip: u32,
}

/// The mark of what signatures commit to, as a PSBT names it; `None` where the absence of one says it (Taproot).
pub(super) fn sighash_of(rules: &Rules, script: &Script) -> Option<PsbtSighashType> {
    match script {
        Script::Taproot(_) => None,
        _ if rules.has_fork_id() => Some(PsbtSighashType::from_u32(FORK_ID_ALL)),
        _ => Some(EcdsaSighashType::All.into()),
    }
}

/// The PSBT: the same spending gives the same bytes.
///
/// # Errors
/// [`SpendRefusal::PreviousTransactionDiffers`] when the bytes are not of the transaction that is spent, or that has no such output;
/// [`SpendRefusal::FeeExceedsValue`] when more is paid out than comes in.
pub fn build(spending: &Spending<'_>) -> Result<Vec<u8>, SpendRefusal> {
    Ok(psbt(spending)?.serialize())
}

fn psbt(spending: &Spending<'_>) -> Result<Psbt, SpendRefusal> {
    let Spending {
        rules,
        outpoint,
        previous,
        unlock,
        payments,
        tip,
    } = spending;
    let previous = read_previous(previous, &outpoint.txid)?;
    let spent = spent_output(&previous, outpoint, &unlock.script)?;
    let paid = payments
        .iter()
        .try_fold(0_u64, |sum, (_, amount)| sum.checked_add(*amount));
    let value = spent.value.to_sat();
    if paid.is_none_or(|paid| paid >= value) {
        return Err(SpendRefusal::FeeExceedsValue {
            value,
            amount: paid.unwrap_or(u64::MAX),
            fee: 1,
        });
    }
    let unsigned = Transaction {
        version: Version::TWO,
        lock_time: Height::from_consensus(*tip).map_or(LockTime::ZERO, LockTime::Blocks),
        input: vec![TxIn {
            previous_output: *outpoint,
            script_sig: ScriptBuf::new(),
            sequence: INPUT_SEQUENCE,
            witness: bitcoin::Witness::new(),
        }],
        output: payments
            .iter()
            .map(|(script, amount)| TxOut {
                value: Amount::from_sat(*amount),
                script_pubkey: script_buf(script),
            })
            .collect(),
    };
    let unknown = |detail: String| SpendRefusal::ScriptUnknown { detail };
    let mut psbt = Psbt::from_unsigned_tx(unsigned).map_err(|error| unknown(error.to_string()))?;
    for input in &mut psbt.inputs {
        input.sighash_type = sighash_of(rules, &unlock.script);
        input.witness_utxo = unlock.is_segwit.then(|| spent.clone());
        input.non_witness_utxo = Some(previous.clone());
        if let Some(descriptor) = &unlock.descriptor {
            input
                .update_with_descriptor_unchecked(descriptor)
                .map_err(|error| unknown(error.to_string()))?;
        }
    }
    Ok(psbt)
}

/// The output that is spent, with the script that it must have.
pub(super) fn spent_output<'a>(
    previous: &'a Transaction,
    outpoint: &OutPoint,
    script: &Script,
) -> Result<&'a TxOut, SpendRefusal> {
    let differs = |found: String| SpendRefusal::PreviousTransactionDiffers {
        found,
        approved: outpoint.txid.to_string(),
    };
    let index = usize::try_from(outpoint.vout).unwrap_or(usize::MAX);
    let spent = previous
        .output
        .get(index)
        .ok_or_else(|| differs(format!("it has {} outputs", previous.output.len())))?;
    if spent.script_pubkey.as_bytes() != script.bytes() {
        return Err(differs(format!(
            "its output {index} pays the script {}",
            hex::encode(spent.script_pubkey.as_bytes())
        )));
    }
    Ok(spent)
}
