//! The pure checking half of a family's adapter: what unsigned bytes do, whether that is what was approved, and what is left
//! of signed bytes without their signature.
//!
//! It never signs and never sends. Import, tracking and the signers' offline verifier share it, so that all of them refuse the
//! same bytes.

use crate::amount::Amount;
use crate::block::{Height, TxId};
use crate::network::Family;
use crate::plan::Leg;
use crate::time::Timestamp;

/// A text and what the bytes say about it, for a person: `to`, `amount`, `fee at most` …
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What is told, in a word or two of lower case.
    pub label: String,
    /// The value, in full: addresses and amounts are never cut.
    pub value: String,
}

/// The place of a transaction in its account's order. Two transactions in one slot can never both succeed: this is what makes
/// all packages of a deposit conflict on the network.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    /// The account, canonical text.
    pub account: String,
    /// Its nonce or sequence.
    pub sequence: u64,
    /// Whether `sequence` is a ticket (XRP Ledger), which waits for no other sequence.
    pub is_ticket: bool,
}

/// What unsigned bytes say, read from the bytes alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// Every field that has an effect, in the order in which a person wants to read it.
    pub lines: Vec<Line>,
    /// The slot that it uses.
    pub slot: Slot,
    /// The most that the network can take for it by these bytes, in native base units. A data fee of a layer-2 network is not
    /// in the bytes and not in this number.
    pub fee_max: Amount,
    /// When it stops being valid by the network's own rule; `None` where the bytes set no such time.
    pub valid_until: Option<Timestamp>,
    /// The last block that may contain it; `None` where the bytes set none.
    pub valid_through: Option<Height>,
}

/// One way in which bytes differ from what was approved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} is {found}, approved is {approved}")]
pub struct Deviation {
    /// Which field.
    pub field: &'static str,
    /// What the bytes say.
    pub found: String,
    /// What was approved.
    pub approved: String,
}

/// Bytes that are no transaction of the family, or not the canonical form of one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("these bytes are not {expected}: {detail}")]
pub struct NotReadable {
    /// What was expected, in words.
    pub expected: &'static str,
    /// What is wrong.
    pub detail: String,
}

/// A signed transaction, taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Signed {
    /// The bytes as they go to the network.
    pub bytes: Vec<u8>,
    /// The unsigned bytes under the signature, exactly as [`Check`] and the builder write them.
    pub unsigned: Vec<u8>,
    /// Who signed: the account (EVM, Stellar), found from a signature that was verified.
    pub signer: String,
    /// The public key that signed, in lower-case hexadecimal; `None` where the signature tells the account only.
    pub signer_key: Option<String>,
    /// The id under which the network will know it.
    pub tx_id: TxId,
}

/// Holds what was read from unsigned bytes against a leg: every deviation at once, a chain that is none of the family's (`chain`) and
/// bytes that cannot be read among them.
///
/// # Errors
/// Every deviation, at least one.
pub fn compared<T>(
    leg: &Leg,
    chain: Option<NotReadable>,
    read: Result<T, NotReadable>,
    compare: impl FnOnce(&T) -> Vec<Deviation>,
    decode: impl FnOnce(&T) -> Decoded,
) -> Result<Decoded, Vec<Deviation>> {
    let mut deviations: Vec<Deviation> = chain
        .into_iter()
        .map(|error| Deviation {
            field: "chain",
            found: error.detail,
            approved: leg.chain.clone(),
        })
        .collect();
    match read {
        Ok(read) => {
            deviations.extend(compare(&read));
            if deviations.is_empty() {
                return Ok(decode(&read));
            }
        }
        Err(error) => deviations.push(Deviation {
            field: "bytes",
            found: error.detail,
            approved: error.expected.to_owned(),
        }),
    }
    Err(deviations)
}

/// Reads and judges the transactions of one family. Pure: no clock, no network.
pub trait Check: Send + Sync {
    /// The family.
    fn family(&self) -> Family;

    /// What unsigned bytes say. `chain` is the CAIP-2 chain that they are for (a Stellar envelope does not contain it).
    ///
    /// # Errors
    /// When the bytes are not the canonical form of an unsigned transaction of the family.
    fn decode(&self, chain: &str, unsigned: &[u8]) -> Result<Decoded, NotReadable>;

    /// Whether unsigned bytes do what the leg says and nothing else: chain, signer, target, recipient, memo, asset, amount,
    /// call data, route, a fee of at most `fee_max`, no further effect of any kind.
    ///
    /// # Errors
    /// Every deviation, at least one. Bytes that cannot be read deviate in the field `bytes`.
    fn verify(&self, leg: &Leg, unsigned: &[u8]) -> Result<Decoded, Vec<Deviation>>;

    /// Takes signed bytes apart and verifies their signature.
    ///
    /// `approved` are the unsigned bytes that were handed out. They are a hint and never trusted: a family reads from them only
    /// what its signed bytes leave out and its signature binds (Cosmos: the account number), so that a wrong hint makes a wrong
    /// signature. Every other family ignores them. Whether [`Signed::unsigned`] equals them is for the caller to compare.
    ///
    /// # Errors
    /// When they are not canonical, not fully signed, or a signature in them is not valid.
    fn open(&self, chain: &str, approved: &[u8], signed: &[u8]) -> Result<Signed, NotReadable>;
}
