//! What counts as a credit and what does not.
//!
//! The result code comes first: a transaction that did not succeed moved nothing, whatever else its metadata says. Then what was
//! delivered, never what was asked for: `Amount` of a partial payment is only a cap. Money also arrives without a payment to us
//! (checks, escrows, payment channels, closed accounts, consumed offers, withdrawals from pools), so every balance that the
//! metadata shows to have grown is a credit. Fields that are signed are proven by recomputing the id; the metadata is not, and
//! what contradicts itself is refused.

mod movements;

pub use movements::{INVOICE_ID, SOURCE_TAG};

use crate::address;
use crate::binary::{self, BinaryError, Part};
use crate::wire::{Record, WireError};
use recover_core::address::Address;
use recover_core::block::{BlockHash, BlockRef, Height, TxId};
use recover_core::network::NetworkId;
use recover_core::observation::{Observation, Outcome};
use recover_core::time::Timestamp;
use serde_json::{Map, Value};

/// `Amount` is only a cap.
pub const PARTIAL_PAYMENT: u32 = 0x0002_0000;
/// The transaction ran inside a `Batch` and carries no signature of its own.
const INNER_BATCH: u32 = 0x4000_0000;

/// Why a record is no evidence of anything.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// It is no transaction.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// It belongs to another network.
    #[error("it is a transaction of the network {found}, not of the main network")]
    OtherNetwork {
        /// The number it carries (`NetworkID`).
        found: u64,
    },
    /// The fields do not make the id.
    #[error(
        "its fields make the id {computed} and it calls itself {stated}: it was edited, or is no transaction of this ledger"
    )]
    IdMismatch {
        /// What it calls itself.
        stated: TxId,
        /// What the fields make.
        computed: TxId,
    },
    /// It has no id and its fields cannot make one.
    #[error("it has no id and its fields cannot make one")]
    NoId,
    /// It does not say what it did.
    #[error("it comes without metadata: whether it was executed is not known")]
    NoMetadata,
    /// Its result is one that no validated ledger holds.
    #[error("its result {result} is in no validated ledger: it was not executed")]
    NotExecuted {
        /// The result code.
        result: String,
    },
    /// A field cannot be what it says.
    #[error("its field {field} cannot be read")]
    BadField {
        /// The field.
        field: &'static str,
    },
    /// Two parts of it cannot both be true.
    #[error("it contradicts itself: {detail}")]
    Contradiction {
        /// Which two.
        detail: String,
    },
}

/// Something odd about a record that is evidence all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// The id could not be recomputed.
    IdUnproven {
        /// Why.
        reason: String,
    },
    /// The amount delivered is zero or below (`-1` in payments to oneself): no credit.
    NothingDelivered {
        /// Who was named.
        account: Address,
        /// The amount as written.
        delivered: String,
    },
    /// A partial payment whose metadata does not tell what was delivered.
    DeliveredUnknown {
        /// Who was named.
        account: Address,
    },
    /// More than 256 bits of the smallest unit.
    NotCountable {
        /// Whose balance.
        account: Address,
        /// Of what, in canonical text.
        asset: String,
    },
}

impl Note {
    /// The account whose credits are not fully known because of it; `None` when they are.
    #[must_use]
    pub const fn leaves_open(&self) -> Option<&Address> {
        match self {
            Self::DeliveredUnknown { account } | Self::NotCountable { account, .. } => {
                Some(account)
            }
            Self::IdUnproven { .. } | Self::NothingDelivered { .. } => None,
        }
    }
}

impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::IdUnproven { reason } => write!(f, "its id is not proven: {reason}"),
            Self::NothingDelivered { account, delivered } => {
                write!(f, "{delivered} delivered to {account}: nothing came in")
            }
            Self::DeliveredUnknown { account } => write!(
                f,
                "a partial payment to {account} that does not say what was delivered: look at the balance by hand"
            ),
            Self::NotCountable { account, asset } => {
                write!(f, "{account} holds more {asset} than can be counted")
            }
        }
    }
}

/// A transaction with everything that it credited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// Its id.
    pub id: TxId,
    /// Its type as the server calls it (`Payment`).
    pub kind: String,
    /// Whether it was executed; unknown while its ledger is not validated.
    pub outcome: Outcome,
    /// Whether the answer says that its ledger is validated; `None` where it says nothing.
    pub validated: Option<bool>,
    /// Its ledger; `None` while it stands in none, and where the answer leaves it out.
    pub height: Option<Height>,
    /// That ledger's hash; `None` where the answer leaves it out.
    pub ledger_hash: Option<BlockHash>,
    /// That ledger's close time; `None` where the answer leaves it out.
    pub time: Option<Timestamp>,
    /// Its place in its ledger; `None` where the metadata leaves it out.
    pub index: Option<u64>,
    /// Who signed it; `None` for what the ledger makes itself.
    pub signer: Option<Address>,
    /// Whom it names as its destination.
    pub to: Option<Address>,
    /// Every credit in it, whoever was credited, in a fixed order. Their block is set where the answer tells all of it.
    pub credits: Vec<Observation>,
    /// What is odd about it.
    pub notes: Vec<Note>,
}

impl Decoded {
    /// The same in a block that was looked up.
    #[must_use]
    pub fn in_block(mut self, block: &BlockRef) -> Self {
        for credit in &mut self.credits {
            credit.block = Some(block.clone());
        }
        self.height = Some(block.height);
        self.ledger_hash = Some(block.hash.clone());
        self.time = Some(block.time);
        self
    }

    /// The block, where the answer told all of it.
    #[must_use]
    pub fn block(&self) -> Option<BlockRef> {
        Some(BlockRef {
            height: self.height?,
            hash: self.ledger_hash.clone()?,
            time: self.time?,
        })
    }
}

/// Decodes a record of the main network.
///
/// # Errors
/// When the record is no evidence: see [`DecodeError`].
pub fn decode(record: &Record<'_>, network: &NetworkId) -> Result<Decoded, DecodeError> {
    let fields = record.fields;
    if let Some(found) = fields.get("NetworkID").and_then(crate::wire::whole)
        && found != 0
    {
        return Err(DecodeError::OtherNetwork { found });
    }
    let mut notes = Vec::new();
    let id = identify(record, &mut notes)?;
    let meta = record.meta.ok_or(DecodeError::NoMetadata)?;
    let result = meta.get("TransactionResult").and_then(Value::as_str);
    let executed = match result {
        Some("tesSUCCESS") => Outcome::Success,
        Some(code) if code.starts_with("tec") => Outcome::Failed,
        Some(code) => {
            return Err(DecodeError::NotExecuted {
                result: code.to_owned(),
            });
        }
        None => return Err(DecodeError::NoMetadata),
    };
    // In a ledger that is not validated the result is a forecast.
    let outcome = if record.validated == Some(false) {
        Outcome::Unknown
    } else {
        executed
    };
    let account = |name: &str| address::account(fields.get(name)?.as_str()?);
    let signer = account("Account").filter(|account| *account != address::ACCOUNT_ZERO);
    let mut decoded = Decoded {
        id,
        kind: fields
            .get("TransactionType")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
        outcome,
        validated: record.validated,
        height: record.ledger_index.map(Height),
        ledger_hash: record.ledger_hash.map(ledger_hash),
        time: record.time,
        index: meta.get("TransactionIndex").and_then(crate::wire::whole),
        signer: signer.map(address::format),
        to: account("Destination").map(address::format),
        credits: Vec::new(),
        notes,
    };
    let (credits, notes) = movements::read(fields, meta, &decoded, network, executed)?;
    decoded.notes.extend(notes);
    decoded.credits = credits;
    match decoded.block() {
        Some(block) if record.validated != Some(false) => Ok(decoded.in_block(&block)),
        _ => Ok(decoded),
    }
}

/// A ledger's hash in canonical text.
#[must_use]
pub fn ledger_hash(text: &str) -> BlockHash {
    BlockHash::new(&text.to_ascii_uppercase())
}

fn flags(fields: &Map<String, Value>) -> u32 {
    let flags = fields.get("Flags").and_then(crate::wire::whole);
    flags
        .and_then(|flags| u32::try_from(flags).ok())
        .unwrap_or_default()
}

/// The id: what the fields make, or what the record says where not all of them are known.
fn identify(record: &Record<'_>, notes: &mut Vec<Note>) -> Result<TxId, DecodeError> {
    let stated = match record.hash {
        Some(text) => {
            let id = address::parse_tx_id(text).filter(|id| id.as_str().len() == 64);
            Some(id.ok_or(DecodeError::BadField { field: "hash" })?)
        }
        None => None,
    };
    let computed = if is_complete(record.fields) {
        binary::encode(record.fields, Part::Whole)
    } else {
        Err(BinaryError::BadValue {
            name: "TxnSignature".to_owned(),
        })
    };
    match (computed, stated) {
        (Ok(blob), stated) => {
            let computed = binary::transaction_id(&blob);
            match stated {
                Some(stated) if stated != computed => {
                    Err(DecodeError::IdMismatch { stated, computed })
                }
                _ => Ok(computed),
            }
        }
        (Err(error), Some(stated)) => {
            notes.push(Note::IdUnproven {
                reason: match error {
                    BinaryError::BadValue { name } if name == "TxnSignature" => {
                        "the signature was left out".to_owned()
                    }
                    error => error.to_string(),
                },
            });
            Ok(stated)
        }
        (Err(_), None) => Err(DecodeError::NoId),
    }
}

/// Whether the signature is there, or the kind of transaction has none.
fn is_complete(fields: &Map<String, Value>) -> bool {
    let account = fields.get("Account").and_then(Value::as_str);
    let made_by_ledger =
        account.and_then(address::account) == Some(address::ACCOUNT_ZERO) || account == Some("");
    let signers = fields.get("Signers").and_then(Value::as_array);
    made_by_ledger
        || flags(fields) & INNER_BATCH != 0
        || fields.contains_key("SigningPubKey")
            && (fields.contains_key("TxnSignature")
                || signers.is_some_and(|signers| !signers.is_empty()))
}
