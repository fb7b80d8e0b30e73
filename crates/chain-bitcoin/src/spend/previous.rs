//! The transaction that made an output, as far as its id goes: without witnesses and without what Litecoin puts behind them.
//!
//! Sources: BIP-144 (<https://github.com/bitcoin/bips/blob/master/bip-0144.mediawiki>); LIP-3
//! (<https://github.com/litecoin-project/lips/blob/master/lip-0003.mediawiki>) and `primitives/transaction.h` of Litecoin Core: bit 8
//! of the flag announces a part of the extension block between witnesses and lock time.

use super::refusal::SpendRefusal;
use bitcoin::consensus::encode::{self, Decodable};
use bitcoin::consensus::{deserialize, serialize};
use bitcoin::{Transaction, TxIn, TxOut, Txid};

/// The most bytes of a transaction that are read: a whole block of Bitcoin's.
pub const PREVIOUS_BYTES_MAX: usize = 4_000_000;

/// The most bytes of it that are carried to signers: as digits they take four fifths of a package. Nodes relay a quarter of it.
pub const CARRIED_BYTES_MAX: usize = 400_000;

/// The bits that the flag behind the marker may have: witnesses, and Litecoin's extension block.
const FLAG_BITS: u8 = 0x01 | 0x08;

/// Version, inputs, outputs and lock time of a transaction's bytes: what its id is the hash of. What stands between is not read.
fn stripped(raw: &[u8]) -> Result<Transaction, encode::Error> {
    let (version, body) = raw
        .split_first_chunk::<4>()
        .ok_or(encode::Error::ParseFailed("shorter than its version"))?;
    let is_plain = match body {
        [0x00, flag, ..] if *flag != 0 && flag & !FLAG_BITS == 0 => false,
        // No transaction of a block is without inputs.
        [0x00, ..] => {
            return Err(encode::Error::ParseFailed("no inputs, or an unknown flag"));
        }
        _ => true,
    };
    if is_plain {
        return deserialize(raw);
    }
    let mut rest = body.get(2..).unwrap_or_default();
    let input = Vec::<TxIn>::consensus_decode(&mut rest)?;
    let output = Vec::<TxOut>::consensus_decode(&mut rest)?;
    let lock_time = rest
        .last_chunk::<4>()
        .ok_or(encode::Error::ParseFailed("shorter than its lock time"))?;
    Ok(Transaction {
        version: deserialize(version)?,
        lock_time: deserialize(lock_time)?,
        input,
        output,
    })
}

/// Reads the transaction that made an output from a node's bytes: every part that its id does not cover is left out, so that the same
/// transaction always gives the same bytes. The id is worked out and compared.
///
/// # Errors
/// [`SpendRefusal::PreviousTransactionDiffers`] when the bytes are no transaction, or another one;
/// [`SpendRefusal::PreviousTransactionTooLarge`].
pub fn read_previous(raw: &[u8], tx_id: &Txid) -> Result<Transaction, SpendRefusal> {
    let differs = |found: String| SpendRefusal::PreviousTransactionDiffers {
        found,
        approved: tx_id.to_string(),
    };
    if raw.len() > PREVIOUS_BYTES_MAX {
        return Err(differs(format!(
            "{} bytes, and {PREVIOUS_BYTES_MAX} are read",
            raw.len()
        )));
    }
    let mut transaction =
        stripped(raw).map_err(|error| differs(format!("it cannot be read ({error})")))?;
    for input in &mut transaction.input {
        input.witness.clear();
    }
    let found = transaction.compute_txid();
    if found != *tx_id {
        return Err(differs(format!("it is {found}")));
    }
    let bytes = transaction.total_size();
    if bytes > CARRIED_BYTES_MAX {
        return Err(SpendRefusal::PreviousTransactionTooLarge {
            tx_id: tx_id.to_string(),
            bytes,
            most: CARRIED_BYTES_MAX,
        });
    }
    Ok(transaction)
}

/// The bytes of a transaction that its id is the hash of.
#[must_use]
pub fn bytes_of_id(transaction: &Transaction) -> Vec<u8> {
    let mut bare = transaction.clone();
    for input in &mut bare.input {
        input.witness.clear();
    }
    serialize(&bare)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitcoin::absolute::LockTime;
    use bitcoin::transaction::Version;
    use bitcoin::{Amount, OutPoint, ScriptBuf, Sequence, Witness};

    fn transaction() -> Transaction {
        Transaction {
            version: Version::TWO,
            lock_time: LockTime::from_consensus(0x0102_0304),
            input: vec![TxIn {
                previous_output: OutPoint::default(),
                script_sig: ScriptBuf::new(),
                sequence: Sequence::MAX,
                witness: Witness::from_slice(&[[7_u8; 71]]),
            }],
            output: vec![TxOut {
                value: Amount::from_sat(5),
                script_pubkey: ScriptBuf::from_bytes(vec![0x51]),
            }],
        }
    }

    /// The bytes as Litecoin's nodes write them: flag, then what the flag announces between outputs and lock time.
    fn framed(flag: u8, between: &[u8]) -> Vec<u8> {
        let bare = bytes_of_id(&transaction());
        let end = bare.len() - 4;
        [&bare[..4], &[0, flag], &bare[4..end], between, &bare[end..]].concat()
    }

    #[test]
    fn parts_that_the_id_does_not_cover_are_left_out() {
        let whole = transaction();
        let id = whole.compute_txid();
        for raw in [
            serialize(&whole),
            bytes_of_id(&whole),
            framed(0x08, &[0]),
            framed(0x09, &[1, 1, 9, 0]),
            framed(0x08, &[1; 500]),
        ] {
            let read = read_previous(&raw, &id).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(serialize(&read), bytes_of_id(&whole));
        }
    }

    #[test]
    fn what_no_package_carries_is_refused() {
        let mut whole = transaction();
        let output = whole.output[0].clone();
        // Ten bytes each.
        whole.output = vec![output; CARRIED_BYTES_MAX / 10];
        let refused = read_previous(&serialize(&whole), &whole.compute_txid()).unwrap_err();
        assert_eq!(refused.code(), "previous_transaction_too_large");
        whole.output.truncate(CARRIED_BYTES_MAX / 10 - 100);
        assert!(read_previous(&serialize(&whole), &whole.compute_txid()).is_ok());
    }

    #[test]
    fn pitfall_057_a_wrong_previous_transaction_is_refused() {
        let whole = transaction();
        let id = whole.compute_txid();
        let mut other = whole.clone();
        other.output[0].value = Amount::from_sat(6);
        let mut cut = serialize(&whole);
        cut.pop();
        for raw in [
            serialize(&other),
            cut,
            vec![],
            vec![2, 0, 0, 0, 0],
            framed(0x02, &[]),
            framed(0x00, &[]),
            vec![0; PREVIOUS_BYTES_MAX + 1],
        ] {
            let refused = read_previous(&raw, &id).unwrap_err();
            assert_eq!(refused.code(), "previous_transaction_differs");
        }
    }
}
