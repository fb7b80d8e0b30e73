//! The carrying half of an adapter: laying out the transactions of a claim, building one unsigned, giving a signed one to the
//! network and saying where it stands.
//!
//! It never signs. The contract is data, as in [`crate::chain`]: what could not be learned comes back as an error or as
//! [`Standing::Unknown`], never as a number or as "it did not happen".

use crate::error::SourceError;
use async_trait::async_trait;
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::{BlockRef, Height, TxId};
use recover_core::check::{Deviation, Signed, Slot};
use recover_core::memo::Memo;
use recover_core::network::NetworkId;
use recover_core::observation::Observation;
use recover_core::plan::{Leg, LegKind};
use recover_core::time::Timestamp;
use recover_core::verdict::Verdict;

/// The exchange's own accounts on a network, from the policy. Addresses are canonical text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wallet {
    /// Where swept money goes.
    pub treasury: String,
    /// Who pays gas top-ups and contract steps; `None` where nothing needs it.
    pub gas: Option<String>,
    /// The public key (lower-case hexadecimal) of an account whose address does not tell its key: (account, key).
    pub keys: Vec<(String, String)>,
    /// How contracts of the exchange are called; empty where it has none.
    pub factories: Vec<Factory>,
}

/// How the forwarders of one factory are put in place and emptied: call data in hexadecimal with the placeholders `{salt}`
/// (32 bytes) and `{token}` (a left-padded 32-byte word).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Factory {
    /// The factory's address.
    pub address: String,
    /// Where its forwarders send what they hold.
    pub parent: String,
    /// The call to the factory that deploys a forwarder.
    pub deploy: String,
    /// The call to a forwarder that sends one token to the parent.
    pub flush_token: String,
    /// The call to a forwarder that sends the native coin to the parent; `None` where deployment or receipt does so.
    pub flush_native: Option<String>,
}

/// What shall be moved.
#[derive(Debug, Clone)]
pub struct Order<'a> {
    /// The credit that is recovered.
    pub credit: &'a Observation,
    /// [`LegKind::Transfer`] or [`LegKind::Return`].
    pub purpose: LegKind,
    /// Who can sign where the money lies: decides whether a contract must be deployed or flushed.
    pub verdict: &'a Verdict,
    /// How the address book says that the address is controlled, where the verdict rests on a contract of ours.
    pub control: &'a recover_core::book::ControlRecord,
    /// Who is paid, canonical text on this network.
    pub recipient: &'a str,
    /// The memo that the recipient needs, as the family writes it; `None` for none.
    pub memo: Option<&'a Memo>,
    /// What is moved.
    pub asset: &'a AssetId,
    /// How much of it, exactly.
    pub amount: Amount,
    /// What the address holds of the network's native coin for other deposits, in base units: no gas is paid from it.
    pub held_for_others: Amount,
    /// The exchange's accounts.
    pub wallet: &'a Wallet,
    /// Percent added to what the network charges now, because the price moves before the signers sign.
    pub fee_margin_percent: u32,
}

/// An unsigned transaction that was built for a leg.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsigned {
    /// The bytes, canonical: what [`recover_core::check::Check::verify`] accepts for the leg.
    pub bytes: Vec<u8>,
    /// The slot that they use.
    pub slot: Slot,
    /// When the network's own rule ends their validity; `None` where it has no such rule for these bytes.
    pub valid_until: Option<Timestamp>,
    /// The last block that may contain them; `None` where there is none.
    pub valid_through: Option<Height>,
    /// What the network will take at most, in native base units, data fees of a layer-2 network included.
    pub fee: Amount,
}

/// Where an account stands in its own order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sequence {
    /// The next free one, transactions that wait included.
    pub next: u64,
    /// The next one in final state: every lower one is used for ever.
    pub next_final: u64,
}

/// Why a leg cannot be laid out or built now.
#[derive(Debug, thiserror::Error)]
pub enum CarryError {
    /// A source failed.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The network, the account or the token does not allow it now (`code` is stable, `detail` in words).
    #[error("{detail} ({code})")]
    Refused {
        /// A stable snake_case code: `destination_absent`, `memo_required`, `trustline_missing`, `token_paused`, …
        code: &'static str,
        /// In words, with what to do.
        detail: String,
    },
    /// It would cost more than the leg allows: quote again.
    #[error("the network would take up to {} base units, approved are {}: quote again", needed.to_base_units(), approved.to_base_units())]
    FeeAboveLimit {
        /// What it would take.
        needed: Amount,
        /// The leg's `fee_max`.
        approved: Amount,
    },
    /// Nobody wrote this for the family or the asset yet: a person does it.
    #[error("{what} is done by hand: no transaction is built for it")]
    ByHand {
        /// What it is.
        what: String,
    },
}

/// A refusal with its stable code and what to do.
#[must_use]
pub fn refused(code: &'static str, detail: impl Into<String>) -> CarryError {
    CarryError::Refused {
        code,
        detail: detail.into(),
    }
}

/// What the network's sources said about signed bytes that they were given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sending {
    /// At least one accepted them or knew them already.
    Accepted {
        /// Which ones, by name.
        by: Vec<String>,
    },
    /// Every one that answered refused them for good, by a rule that cannot change (a wrong signature, a wrong chain).
    Refused {
        /// What they said.
        reason: String,
    },
    /// Nobody can tell: a time-out, a refusal that may pass, or answers that contradict each other.
    Unknown {
        /// What they said.
        reason: String,
    },
}

/// What is looked for on the network.
#[derive(Debug, Clone)]
pub struct Tracked<'a> {
    /// The leg it carries out.
    pub leg: &'a Leg,
    /// Its slot.
    pub slot: &'a Slot,
    /// Its id, once signed bytes were seen. Without it whatever uses the slot is compared with the leg.
    pub tx_id: Option<&'a TxId>,
    /// When its validity ends by the network's rule; `None` for never.
    pub valid_until: Option<Timestamp>,
    /// The last block that may contain it; `None` for any.
    pub valid_through: Option<Height>,
}

/// Where a tracked transaction stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// No source knows it, its slot is free, and it may still appear.
    NotSeen,
    /// It waits for a block.
    Pending {
        /// Its id.
        tx_id: TxId,
    },
    /// It is in a block and succeeded.
    Included(Inclusion),
    /// It is in a block and failed there: the fee is gone and the slot is used.
    Failed(Inclusion),
    /// Another transaction used the slot, and that is final: this one can never happen.
    Replaced {
        /// The one that took the slot; `None` where the source cannot name it.
        by: Option<TxId>,
    },
    /// Its validity is over and the network is final beyond that point: it can never happen.
    Expired {
        /// The proof in words: which block, which time.
        proof: String,
    },
    /// Nobody can tell now.
    Unknown {
        /// Why.
        reason: String,
    },
}

/// A transaction in a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inclusion {
    /// Its id.
    pub tx_id: TxId,
    /// The block.
    pub block: BlockRef,
    /// Whether the block is final by the network's rule.
    pub is_final: bool,
    /// What the network took for it, in native base units; on layer 2 with the data fee.
    pub fee: Amount,
    /// How it differs from the leg in what it did (by its content and by the balances it moved); empty when it did exactly that.
    pub deviations: Vec<Deviation>,
    /// Whose account it was sent from, canonical text.
    pub signer: String,
}

/// Carries the claims of one network. An implementation over several sources reads from the first that answers and gives signed
/// bytes to all.
#[async_trait]
pub trait Carry: Send + Sync {
    /// The network.
    fn network(&self) -> &NetworkId;

    /// Lays out the legs that move the deposit, each with its exact bounds, after a preflight of the recipient.
    ///
    /// # Errors
    /// When a source fails or the order cannot be carried out now.
    async fn plan(&self, order: &Order<'_>) -> Result<Vec<Leg>, CarryError>;

    /// Where an account stands in its order; an output, as `TXID:INDEX`, is at 0 while it is unspent and at 1 for ever after.
    ///
    /// # Errors
    /// When no source can tell.
    async fn sequence(&self, account: &str) -> Result<Sequence, CarryError>;

    /// Builds the unsigned transaction of a leg in a slot, after simulating it where the network can. `life_seconds` is how long
    /// it should stay valid where the network has validity windows.
    ///
    /// # Errors
    /// When a source fails, the simulation does, or the network's price is above the leg's limit.
    async fn build(
        &self,
        leg: &Leg,
        sequence: u64,
        now: Timestamp,
        life_seconds: u32,
    ) -> Result<Unsigned, CarryError>;

    /// Gives signed bytes to every source.
    async fn send(&self, signed: &Signed) -> Sending;

    /// Where a transaction stands.
    ///
    /// # Errors
    /// When every source fails. What a source cannot tell is [`Standing::Unknown`].
    async fn standing(&self, tracked: &Tracked<'_>) -> Result<Standing, CarryError>;
}
