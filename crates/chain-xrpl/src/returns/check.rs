//! The bytes of a return, read back and compared with what was approved.

use super::{ReturnPayment, Signing, Validity};
use crate::address;
use crate::asset::Money;
use crate::binary::{self, BinaryError, MULTISIGNING, Part, SIGNING};
use crate::decode::PARTIAL_PAYMENT;
use serde_json::{Map, Value};

/// What kind of bytes were given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The bytes that one key signs.
    ToSign,
    /// The bytes that one signer of several signs.
    ToMultisign {
        /// Whose.
        signer: [u8; 20],
    },
    /// A transaction, signed or not.
    Transaction,
}

/// What the bytes say, for a person and for [`verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// What kind of bytes they are.
    pub form: Form,
    /// Who pays.
    pub account: [u8; 20],
    /// Who receives.
    pub destination: [u8; 20],
    /// The destination tag; `None` for none, and 0 is one.
    pub destination_tag: Option<u32>,
    /// What arrives, or at most arrives where the payment is partial.
    pub amount: Money,
    /// The most that leaves.
    pub send_max: Option<Money>,
    /// What is burnt.
    pub fee_drops: u64,
    /// The flags, bit by bit.
    pub flags: u32,
    /// The sequence number; 0 with a ticket.
    pub sequence: u32,
    /// The ticket.
    pub ticket: Option<u32>,
    /// The last ledger that may hold it.
    pub last_ledger: Option<u32>,
    /// The key that signs alone; empty where several sign.
    pub signing_key: Vec<u8>,
    /// Whether the signature of one key is there.
    pub has_signature: bool,
    /// The accounts of several signers, as they stand.
    pub signers: Vec<[u8; 20]>,
    /// Fields beyond those of a return, by name.
    pub other_fields: Vec<String>,
}

impl Summary {
    /// Whether anyone signed.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        self.has_signature || !self.signers.is_empty()
    }
}

/// One line for a person.
impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let money = |money: &Money| match money.asset {
            crate::asset::Asset::Xrp => format!("{} drops", money.value),
            asset => format!("{} {asset}", money.value),
        };
        write!(
            f,
            "pay {} from {} to {} ",
            money(&self.amount),
            address::text(self.account),
            address::text(self.destination)
        )?;
        match self.destination_tag {
            Some(tag) => write!(f, "with destination tag {tag}")?,
            None => write!(f, "without a destination tag")?,
        }
        if let Some(most) = &self.send_max {
            write!(f, ", at most {} leaving", money(most))?;
        }
        write!(f, ", fee {} drops, ", self.fee_drops)?;
        match self.ticket {
            Some(ticket) => write!(f, "ticket {ticket}")?,
            None => write!(f, "sequence {}", self.sequence)?,
        }
        if let Some(last) = self.last_ledger {
            write!(f, ", not after ledger {last}")?;
        }
        if self.flags & PARTIAL_PAYMENT != 0 {
            write!(f, ", PARTIAL: less may arrive")?;
        }
        if !self.other_fields.is_empty() {
            write!(f, ", and fields beyond: {}", self.other_fields.join(", "))?;
        }
        Ok(())
    }
}

/// Why bytes are not the return that was approved, in order of precedence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Deviation {
    /// They are no transaction.
    #[error("these bytes are no transaction of the ledger: {0}")]
    Unreadable(#[from] BinaryError),
    /// They are not the one canonical writing of what they say.
    #[error("these bytes are not canonical: the same payment is written otherwise")]
    NotCanonical,
    /// They are another kind of transaction.
    #[error("this is no payment but a transaction of type {found}")]
    NotAPayment {
        /// Its type.
        found: String,
    },
    /// A field of a payment is missing.
    #[error("the payment has no {field}")]
    Missing {
        /// Which.
        field: &'static str,
    },
    /// A field differs from what was approved.
    #[error("{field} is {found}, and {approved} was approved")]
    Differs {
        /// Which.
        field: &'static str,
        /// What the bytes say.
        found: String,
        /// What was approved.
        approved: String,
    },
    /// The payment is partial.
    #[error("the payment is a partial one: less could arrive than approved")]
    Partial,
    /// A field that a return does not have.
    #[error("the payment carries {field}, which was not approved")]
    Unexpected {
        /// Which.
        field: String,
    },
    /// Signers out of order, twice, or the account itself.
    #[error(
        "the signers do not stand in the order of their accounts, each once, without the account itself"
    )]
    SignersOrder,
}

/// Reads the bytes of a payment: those to sign, those of one of several signers, or the transaction with or without signatures.
///
/// # Errors
/// When they are not the canonical bytes of a payment.
pub fn decode(bytes: &[u8]) -> Result<Summary, Deviation> {
    let (form, body) = if let Some(body) = bytes.strip_prefix(&SIGNING) {
        (Form::ToSign, body)
    } else if let Some(body) = bytes.strip_prefix(&MULTISIGNING) {
        let (body, signer) = body
            .split_last_chunk::<20>()
            .ok_or(BinaryError::Truncated)?;
        (Form::ToMultisign { signer: *signer }, body)
    } else {
        (Form::Transaction, bytes)
    };
    let fields = binary::decode(body)?;
    let part = match form {
        Form::Transaction => Part::Whole,
        Form::ToSign | Form::ToMultisign { .. } => Part::Signed,
    };
    // One payment has one text of bytes.
    if binary::encode(&fields, part)? != body {
        return Err(Deviation::NotCanonical);
    }
    summary(form, &fields)
}

const RETURN_FIELDS: [&str; 14] = [
    "TransactionType",
    "Flags",
    "Account",
    "Destination",
    "DestinationTag",
    "Amount",
    "SendMax",
    "Fee",
    "Sequence",
    "TicketSequence",
    "LastLedgerSequence",
    "SigningPubKey",
    "TxnSignature",
    "Signers",
];

fn summary(form: Form, fields: &Map<String, Value>) -> Result<Summary, Deviation> {
    let kind = fields.get("TransactionType").and_then(Value::as_str);
    if kind != Some("Payment") {
        return Err(Deviation::NotAPayment {
            found: kind.unwrap_or("none").to_owned(),
        });
    }
    let account = |field: &'static str| {
        let text = fields.get(field).and_then(Value::as_str);
        text.and_then(address::account)
            .ok_or(Deviation::Missing { field })
    };
    let money = |field: &'static str| fields.get(field).and_then(Money::read);
    let number = |field: &str| {
        let value = fields.get(field).and_then(Value::as_u64)?;
        u32::try_from(value).ok()
    };
    let missing = |field| Deviation::Missing { field };
    let signers = fields.get("Signers").and_then(Value::as_array);
    let signers = signers.into_iter().flatten().map(|signer| {
        let signer = signer.get("Signer")?.get("Account")?.as_str()?;
        address::account(signer)
    });
    let key = fields.get("SigningPubKey").and_then(Value::as_str);
    Ok(Summary {
        form,
        account: account("Account")?,
        destination: account("Destination")?,
        destination_tag: number("DestinationTag"),
        amount: money("Amount").ok_or(missing("Amount"))?,
        send_max: money("SendMax"),
        fee_drops: money("Fee")
            .and_then(|fee| fee.units())
            .and_then(|fee| u64::try_from(fee.amount.to_u128()?).ok())
            .ok_or(missing("Fee"))?,
        flags: number("Flags").unwrap_or_default(),
        sequence: number("Sequence").ok_or(missing("Sequence"))?,
        ticket: number("TicketSequence"),
        last_ledger: number("LastLedgerSequence"),
        signing_key: key
            .and_then(|key| hex::decode(key).ok())
            .ok_or(missing("SigningPubKey"))?,
        has_signature: fields.contains_key("TxnSignature"),
        signers: signers.collect::<Option<_>>().ok_or(missing("Signers"))?,
        other_fields: fields
            .keys()
            .filter(|name| !RETURN_FIELDS.contains(&name.as_str()))
            .cloned()
            .collect(),
    })
}

/// Compares bytes with the return that was approved: those to sign, or signed ones that come back.
///
/// # Errors
/// The first deviation.
pub fn verify(bytes: &[u8], approved: &ReturnPayment) -> Result<Summary, Deviation> {
    let found = decode(bytes)?;
    let text = |value: Option<u32>| value.map_or("none".to_owned(), |value| value.to_string());
    let money = |money: Option<&Money>| {
        money.map_or("none".to_owned(), |money| {
            format!("{} {}", money.value, money.asset)
        })
    };
    let (sequence, ticket) = match approved.validity {
        Validity::Sequence { sequence, .. } => (sequence, None),
        Validity::Ticket { ticket, .. } => (0, Some(ticket)),
    };
    let key = match approved.signing {
        Signing::Key(key) => key.to_vec(),
        Signing::Signers(_) => Vec::new(),
    };
    let pairs = [
        (
            "the paying account",
            address::text(found.account),
            address::text(approved.account),
        ),
        (
            "the destination",
            address::text(found.destination),
            address::text(approved.destination),
        ),
        (
            "the destination tag",
            text(found.destination_tag),
            text(approved.destination_tag),
        ),
        (
            "the amount",
            money(Some(&found.amount)),
            money(Some(&approved.amount)),
        ),
        (
            "the most that leaves",
            money(found.send_max.as_ref()),
            money(approved.send_max.as_ref()),
        ),
        (
            "the fee",
            found.fee_drops.to_string(),
            approved.fee_drops.to_string(),
        ),
        (
            "the sequence number",
            found.sequence.to_string(),
            sequence.to_string(),
        ),
        ("the ticket", text(found.ticket), text(ticket)),
        (
            "the last ledger",
            text(found.last_ledger),
            text(approved.validity.last_ledger()),
        ),
        (
            "the signing key",
            hex::encode_upper(&found.signing_key),
            hex::encode_upper(key),
        ),
    ];
    for (field, found, approved) in pairs {
        if found != approved {
            return Err(Deviation::Differs {
                field,
                found,
                approved,
            });
        }
    }
    if found.flags & PARTIAL_PAYMENT != 0 {
        return Err(Deviation::Partial);
    }
    if found.flags != 0 {
        return Err(Deviation::Differs {
            field: "the flags",
            found: format!("{:#010x}", found.flags),
            approved: "0".to_owned(),
        });
    }
    if let Some(field) = found.other_fields.first() {
        return Err(Deviation::Unexpected {
            field: field.clone(),
        });
    }
    check_signers(&found, approved.signing)?;
    Ok(found)
}

fn check_signers(found: &Summary, signing: Signing) -> Result<(), Deviation> {
    let unexpected = |field: &str| Deviation::Unexpected {
        field: field.to_owned(),
    };
    match signing {
        Signing::Key(_) => {
            if !found.signers.is_empty() {
                return Err(unexpected("Signers"));
            }
            if matches!(found.form, Form::ToMultisign { .. }) {
                return Err(unexpected("one signer's account"));
            }
        }
        Signing::Signers(count) => {
            if found.has_signature {
                return Err(unexpected("TxnSignature"));
            }
            if found.signers.len() > usize::from(count) {
                return Err(unexpected("more signers than the fee was reckoned for"));
            }
        }
    }
    // The ledger wants them by the numbers of their accounts, not by their texts.
    let ordered = found.signers.is_sorted_by(|a, b| a < b);
    let own = match found.form {
        Form::ToMultisign { signer } => signer == found.account,
        _ => false,
    };
    if !ordered || own || found.signers.contains(&found.account) {
        return Err(Deviation::SignersOrder);
    }
    Ok(())
}
