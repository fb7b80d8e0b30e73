//! Payments that go back to where a deposit came from: planned, written as the bytes to sign, read back, compared.
//!
//! Pure: facts in, bytes out. Nothing here signs or sends. A return goes from the account that was credited to the account that
//! paid it, in the same asset, never as a partial payment, with the sender's own `SourceTag` as its destination tag and no other:
//! a tag is never made up. [`pay`] plans the same payment to anybody else, where people decided it. Start at [`plan()`]; [`verify`] is what a signer runs on the bytes.

mod check;
mod facts;
mod plan;

pub use check::{Deviation, Form, Summary, decode, verify};
pub use facts::{AccountFacts, LedgerFacts, LineFacts, ReturnFacts};
pub use plan::{PaymentOrder, ReturnOrder, ReturnRefusal, pay, plan, source_tag};

use crate::address;
use crate::asset::{Asset, Money};
use crate::binary::{MULTISIGNING, Part, SIGNING, encode};
use serde_json::{Map, Value, json};

/// How long a payment with a sequence number may stay open, in ledgers: about an hour. What takes longer to approve uses a ticket,
/// which holds its place without holding up the account.
pub const LAST_LEDGER_AHEAD_MAX: u32 = 1_200;

/// The most drops that a return may burn as its fee: one XRP.
pub const FEE_DROPS_MAX: u64 = 1_000_000;

/// What keeps a payment unique, and when it dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    /// The account's next sequence number. Without an end it would hold up the account for as long as nobody sends it.
    Sequence {
        /// The sequence number.
        sequence: u32,
        /// The last ledger that may hold it.
        last_ledger: u32,
    },
    /// A ticket set aside before: for approvals that take long.
    Ticket {
        /// The ticket's number.
        ticket: u32,
        /// The last ledger that may hold it; `None` for no end.
        last_ledger: Option<u32>,
    },
}

impl Validity {
    /// The last ledger that may hold it; `None` for no end.
    #[must_use]
    pub const fn last_ledger(self) -> Option<u32> {
        match self {
            Self::Sequence { last_ledger, .. } => Some(last_ledger),
            Self::Ticket { last_ledger, .. } => last_ledger,
        }
    }
}

/// Who signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signing {
    /// One key: the account's own or its regular key. The public key is among the bytes that are signed.
    Key([u8; 33]),
    /// So many signers of the account's list, each over bytes of their own.
    Signers(u8),
}

/// Whether a payment that was built can still be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StillValid {
    /// It can.
    Yes,
    /// The last ledger that could hold it has passed.
    Expired,
    /// The account used its sequence number for something else.
    SequenceUsed,
}

/// A return, complete: what [`plan()`] makes and [`verify`] compares with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnPayment {
    /// Who pays: our account.
    pub account: [u8; 20],
    /// Who receives.
    pub destination: [u8; 20],
    /// The destination's routing value; `None` for none, and 0 is one.
    pub destination_tag: Option<u32>,
    /// What arrives.
    pub amount: Money,
    /// The most that leaves, the issuer's fee included; `None` for XRP and for what we issue ourselves.
    pub send_max: Option<Money>,
    /// What is burnt.
    pub fee_drops: u64,
    /// What keeps it unique.
    pub validity: Validity,
    /// Who signs.
    pub signing: Signing,
}

/// Bytes could not be made: a value that the ledger has no form for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the payment cannot be written: {0}")]
pub struct NotWritable(#[from] crate::binary::BinaryError);

impl ReturnPayment {
    /// The transaction's fields as the ledger's JSON has them.
    #[must_use]
    pub fn fields(&self) -> Map<String, Value> {
        let mut fields = Map::new();
        let mut put = |name: &str, value: Value| {
            fields.insert(name.to_owned(), value);
        };
        put("TransactionType", json!("Payment"));
        put("Flags", json!(0));
        put("Account", json!(address::text(self.account)));
        put("Destination", json!(address::text(self.destination)));
        if let Some(tag) = self.destination_tag {
            put("DestinationTag", json!(tag));
        }
        put("Amount", money_json(&self.amount));
        if let Some(most) = &self.send_max {
            put("SendMax", money_json(most));
        }
        put("Fee", json!(self.fee_drops.to_string()));
        match self.validity {
            Validity::Sequence { sequence, .. } => put("Sequence", json!(sequence)),
            Validity::Ticket { ticket, .. } => {
                put("Sequence", json!(0));
                put("TicketSequence", json!(ticket));
            }
        }
        if let Some(last) = self.validity.last_ledger() {
            put("LastLedgerSequence", json!(last));
        }
        let key = match self.signing {
            Signing::Key(key) => hex::encode_upper(key),
            Signing::Signers(_) => String::new(),
        };
        put("SigningPubKey", json!(key));
        fields
    }

    /// The canonical bytes without any signature.
    ///
    /// # Errors
    /// When a value has no form in the ledger's format.
    pub fn unsigned(&self) -> Result<Vec<u8>, NotWritable> {
        Ok(encode(&self.fields(), Part::Signed)?)
    }

    /// The bytes that one key signs.
    ///
    /// # Errors
    /// As [`ReturnPayment::unsigned`].
    pub fn signing_bytes(&self) -> Result<Vec<u8>, NotWritable> {
        Ok([&SIGNING[..], &self.unsigned()?].concat())
    }

    /// The bytes that one signer of several signs: the same, with the signer's account behind them.
    ///
    /// # Errors
    /// As [`ReturnPayment::unsigned`].
    pub fn multisigning_bytes(&self, signer: [u8; 20]) -> Result<Vec<u8>, NotWritable> {
        Ok([&MULTISIGNING[..], &self.unsigned()?, &signer].concat())
    }

    /// Whether it can still be sent, given the newest validated ledger and the account's next sequence number.
    #[must_use]
    pub fn still_valid(&self, validated: u32, sequence: u32) -> StillValid {
        if self
            .validity
            .last_ledger()
            .is_some_and(|last| last <= validated)
        {
            return StillValid::Expired;
        }
        match self.validity {
            Validity::Sequence { sequence: own, .. } if own < sequence => StillValid::SequenceUsed,
            _ => StillValid::Yes,
        }
    }
}

/// An amount as the ledger's JSON has it.
fn money_json(money: &Money) -> Value {
    match money.asset {
        Asset::Xrp => json!(money.value.to_string()),
        Asset::Issued { currency, issuer } => json!({
            "currency": currency.to_string(),
            "issuer": address::text(issuer),
            "value": money.value.to_string(),
        }),
        Asset::Mpt(id) => json!({
            "mpt_issuance_id": hex::encode_upper(id),
            "value": money.value.to_string(),
        }),
    }
}
