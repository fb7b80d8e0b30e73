//! What leaves the house for one step of a claim, and what came of it.

use crate::amount::Amount;
use crate::block::{BlockRef, Height, TxId};
use crate::check::{Check, Deviation, Signed, Slot};
use crate::digest::{Digest, Encoder};
use crate::plan::{Instruction, Leg};
use crate::time::Timestamp;

/// Unsigned bytes that were proven to do what a leg says. Only [`Verified::leg`] makes one, so that no package can be prepared
/// from bytes that nobody checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    leg: Leg,
    bytes: Vec<u8>,
    slot: Slot,
    valid_until: Option<Timestamp>,
    valid_through: Option<Height>,
}

impl Verified {
    /// Checks unsigned bytes against the leg.
    ///
    /// # Errors
    /// Every deviation.
    pub fn leg(check: &dyn Check, leg: &Leg, bytes: Vec<u8>) -> Result<Self, Vec<Deviation>> {
        let decoded = check.verify(leg, &bytes)?;
        Ok(Self {
            leg: leg.clone(),
            bytes,
            slot: decoded.slot,
            valid_until: decoded.valid_until,
            valid_through: decoded.valid_through,
        })
    }

    /// The leg that they carry out.
    #[must_use]
    pub const fn of(&self) -> &Leg {
        &self.leg
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The slot that they use.
    #[must_use]
    pub const fn slot(&self) -> &Slot {
        &self.slot
    }

    /// The package of these bytes.
    pub(super) fn package(
        &self,
        step: u32,
        attempt: u32,
        prepared_at: Timestamp,
        expires_at: Timestamp,
    ) -> Package {
        Package {
            step,
            attempt,
            bytes: self.bytes.clone(),
            slot: Some(self.slot.clone()),
            prepared_at,
            expires_at,
            valid_until: self.valid_until,
            valid_through: self.valid_through,
            signed: None,
            tx_id: None,
            block: None,
        }
    }
}

/// What was handed out for one step: an unsigned transaction, or ledger instructions. At most one is live on a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Which step of the plan, from 0.
    pub step: u32,
    /// Which package of the claim it is, from 1: each attempt is another one.
    pub attempt: u32,
    /// The unsigned transaction, or the canonical text of the instructions.
    pub bytes: Vec<u8>,
    /// The slot of the transaction; `None` for instructions.
    pub slot: Option<Slot>,
    /// When it was built.
    pub prepared_at: Timestamp,
    /// Until when the signers may sign it, by the policy.
    pub expires_at: Timestamp,
    /// When the network's own rule ends its validity; `None` for never.
    pub valid_until: Option<Timestamp>,
    /// The last block that may contain it; `None` for any.
    pub valid_through: Option<Height>,
    /// The signed transaction, once it was brought back.
    pub signed: Option<Signed>,
    /// Its id on the network, once known.
    pub tx_id: Option<TxId>,
    /// The block that it was last seen in.
    pub block: Option<BlockRef>,
}

impl Package {
    /// What a signer compares: the approved content and these very bytes, step and attempt.
    #[must_use]
    pub fn digest(&self, content: &Digest) -> Digest {
        Encoder::new("recover/package/1")
            .field(&content.to_string())
            .field(&self.step.to_string())
            .field(&self.attempt.to_string())
            .field(&hex::encode(&self.bytes))
            .field(&self.expires_at.as_micros().to_string())
            .finish()
    }
}

/// The canonical text of one step's instructions, which the ledger is given and which is hashed: one line each, in order, its
/// id first, fields between tabs. Letters that are not plain ASCII are escaped, so that no field can hold a tab or a line break.
#[must_use]
pub fn instruction_text(claim: &str, step: usize, instructions: &[Instruction]) -> String {
    let mut text = String::new();
    for (ordinal, instruction) in instructions.iter().enumerate() {
        let fields = [
            instruction.id(claim, step, ordinal),
            instruction.kind.code().to_owned(),
            instruction.user.clone().unwrap_or_default(),
            instruction.asset.to_string(),
            instruction.amount.to_base_units(),
            instruction.entry.clone().unwrap_or_default(),
        ];
        let escaped: Vec<String> = fields
            .iter()
            .map(|field| field.escape_default().to_string())
            .collect();
        text.push_str(&escaped.join("\t"));
        text.push('\n');
    }
    text
}

/// One booking that the ledger confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booking {
    /// The instruction's id.
    pub instruction: String,
    /// The ledger's own entry.
    pub entry: String,
}

/// What a finished step left behind.
#[expect(
    clippy::large_enum_variant,
    reason = "a claim has a handful of receipts, and a leg is no pointer anywhere else"
)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receipt {
    /// A transaction is final.
    Sent {
        /// What it did.
        leg: Leg,
        /// Its id.
        tx_id: TxId,
        /// The block it is final in.
        block: BlockRef,
        /// What the network took, in native base units.
        fee: Amount,
        /// Whether it did what it should; otherwise it failed on the network, and only the fee is gone.
        succeeded: bool,
    },
    /// The ledger booked everything.
    Booked {
        /// What was booked, in order.
        instructions: Vec<Instruction>,
        /// The ledger's entries, in the same order.
        bookings: Vec<Booking>,
    },
}

/// How far a claim's plan was carried out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Execution {
    /// How many steps of the present plan are final.
    pub done: u32,
    /// How many packages the claim ever had.
    pub attempts: u32,
    /// The live package.
    pub package: Option<Package>,
    /// What finished steps left, in order, those of earlier plans included.
    pub receipts: Vec<Receipt>,
}

impl Execution {
    /// Whether the ledger booked something already, so that no other plan may replace this one.
    #[must_use]
    pub fn has_bookings(&self) -> bool {
        self.receipts
            .iter()
            .any(|receipt| matches!(receipt, Receipt::Booked { .. }))
    }

    /// Whether something was done that ending the claim cannot undo: then the plan can only be carried on.
    #[must_use]
    pub fn is_bound(&self) -> bool {
        self.has_bookings() || self.has_moved_deposit()
    }

    /// Whether the deposit itself was moved already.
    #[must_use]
    pub fn has_moved_deposit(&self) -> bool {
        self.receipts.iter().any(|receipt| {
            matches!(receipt, Receipt::Sent { leg, succeeded: true, .. } if leg.kind.moves_deposit())
        })
    }
}
