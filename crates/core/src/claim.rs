//! Claims: a deposit put up for recovery, as a pure state machine.
//!
//! [`open`] and [`step`] take the claim, a command and the facts of this moment, and give the claim as it is afterwards
//! or the first [`Refusal`] that applies. Nothing else may change a claim. A hold is a flag beside the status: the path
//! under it is neither lost nor visible.
//!
//! A claim has a [`Plan`](crate::plan::Plan) of steps. Up to `approved` people agree on it; from there each step is released,
//! carried and made final before the next one begins. So the status moves forward within a step, and `done` counts the steps.
//!
//! - [`Claim`]: the record, and the digest over its content that people vote on.
//! - [`Command`] and [`Facts`]: what somebody wants, and what may be looked at.
//! - [`votes`]: who counts, and how many are needed.
//! - [`Package`]: what is handed to the signers or to the ledger, and what came of it.
//! - [`settlement`]: the balanced set of postings that a settled claim leaves.

use crate::code::coded;
use crate::digest::Encoder;
use crate::kind::Kind;
use crate::observation::DepositId;
use crate::verdict::{How, Missing, Verdict};

mod beside;
mod carry;
mod command;
mod consent;
mod correction;
mod decide;
mod guards;
#[cfg(test)]
mod model;
mod package;
mod plan_fits;
mod record;
mod refusal;
pub mod settlement;
mod standing;
pub mod votes;

pub use beside::{Unwinding, with_charges};
pub use command::{Acknowledged, Command, Facts, OpenRequest, Sighting};
pub use consent::{Acceptance, Evidence, EvidenceFile, GrantedWaiver};
pub use correction::{Correction, correction_plan};
pub use decide::{open, step};
pub use package::{Booking, Execution, Package, Receipt, Verified, instruction_text};
pub use plan_fits::plan_is_of_quote;
pub use record::{Approval, Approved, Claim, ClaimQuote, Hold, Screening};
pub use refusal::Refusal;

/// A claim's id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClaimId(String);

impl ClaimId {
    /// The id of the n-th claim on a deposit, counted from 1: `clm_` and 80 bits, so that a repeated command finds itself.
    #[must_use]
    pub fn of(deposit: &DepositId, ordinal: u32) -> Self {
        let digest = Encoder::new("recover/claim-id/1")
            .field(deposit.as_str())
            .field(&ordinal.to_string())
            .finish();
        Self(format!(
            "clm_{}",
            hex::encode(digest.bytes().get(..10).unwrap_or_default())
        ))
    }

    /// An id taken verbatim.
    #[must_use]
    pub fn verbatim(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for ClaimId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}

coded! {
    /// Where a claim stands.
    pub enum ClaimStatus {
        /// Opened; nobody was told a price.
        Draft => "draft",
        /// The customer has a quote.
        Quoted => "quoted",
        /// The customer accepted it.
        Accepted => "accepted",
        /// Compliance cleared it; the wallet team decides.
        PendingApproval => "pending_approval",
        /// The quorum is reached.
        Approved => "approved",
        /// Its unsigned transactions are built.
        Prepared => "prepared",
        /// They are with the signers.
        AwaitingSignature => "awaiting_signature",
        /// A signed transaction went out.
        Broadcast => "broadcast",
        /// It is in a block.
        Confirming => "confirming",
        /// The ledger was told to book it.
        Instructed => "instructed",
        /// Done.
        Settled => "settled",
        /// An approver said no.
        Rejected => "rejected",
        /// Withdrawn by a specialist.
        Cancelled => "cancelled",
        /// The quote ran out before it was accepted.
        QuoteExpired => "quote_expired",
        /// The unsigned transaction ran out before it was signed.
        ArtifactExpired => "artifact_expired",
        /// Its deposit changed or vanished.
        Invalidated => "invalidated",
        /// The transaction failed on the network.
        FailedOnChain => "failed_on_chain",
        /// Nobody knows whether the broadcast went out.
        BroadcastUnknown => "broadcast_unknown",
        /// Its transaction was in a block that is no more.
        Reorged => "reorged",
        /// What went out is not what was approved.
        Mispaid => "mispaid",
    }
}

impl ClaimStatus {
    /// Whether the claim still occupies its deposit.
    #[must_use]
    pub const fn is_open(self) -> bool {
        !matches!(
            self,
            Self::Settled | Self::Rejected | Self::Cancelled | Self::Invalidated
        )
    }
}

coded! {
    /// What shall happen to the money.
    pub enum Resolution {
        /// It stands in our own account: book it to the user.
        LedgerCredit => "ledger_credit",
        /// Move it to treasury, then book it.
        SweepThenCredit => "sweep_then_credit",
        /// Move it to an address the user proved.
        SweepToAddress => "sweep_to_address",
        /// Send it back.
        ReturnToSender => "return_to_sender",
        /// Nothing yet: something outside must happen first.
        Wait => "wait",
        /// Nothing, with a reason.
        Refuse => "refuse",
        /// A person works it by hand.
        Manual => "manual",
        /// It was booked to the wrong user: freeze it there, take that entry back and book it right. Never proposed, only asked
        /// for.
        CorrectBooking => "correct_booking",
    }
}

impl Resolution {
    /// What is proposed for a kind and a verdict before anybody decides otherwise.
    #[must_use]
    pub const fn proposed(kind: Kind, verdict: &Verdict) -> Self {
        match verdict {
            Verdict::NotRecoverable(_) => return Self::Refuse,
            Verdict::Conditional(
                Missing::NetworkSuspended | Missing::FinalityMissing | Missing::NotMovableYet,
            ) => {
                return Self::Wait;
            }
            Verdict::Conditional(
                Missing::ManualHandling | Missing::OwnerDisputed | Missing::ScriptSecret,
            ) => {
                return Self::Manual;
            }
            Verdict::Controllable(_) | Verdict::NeedsDeploy(_) | Verdict::Conditional(_) => {}
        }
        match kind {
            Kind::MissedCredit
            | Kind::InternalTransfer
            | Kind::ForcedCredit
            | Kind::BelowMinimum
            | Kind::RetiredAddress
            | Kind::MemoMissing
            | Kind::MemoUnknown
            | Kind::MemoInWrongField
            | Kind::PartialPayment => Self::LedgerCredit,
            // At our own address, but in an asset or on a network that the ledger does not book: a person says which way.
            Kind::HotWallet | Kind::ReturnedWithdrawal => match verdict {
                Verdict::Controllable(How::OwnAccount) | Verdict::Conditional(_) => {
                    Self::LedgerCredit
                }
                Verdict::Controllable(How::SameKey | How::SameScript | How::ContractInPlace)
                | Verdict::NeedsDeploy(_)
                | Verdict::NotRecoverable(_) => Self::Manual,
            },
            Kind::WrongChainSameKey | Kind::WrongChainContract | Kind::UtxoWrongChain => {
                Self::SweepThenCredit
            }
            Kind::UnlistedToken
            | Kind::RetiredContract
            | Kind::IbcVoucher
            | Kind::AccountClosed => Self::SweepToAddress,
            Kind::SuspendedNetwork => Self::Wait,
            Kind::MemoOfAnotherUser => Self::Manual,
            _ => Self::Refuse,
        }
    }

    /// Whether it pays to an address on a network, and so needs one.
    #[must_use]
    pub const fn needs_destination(self) -> bool {
        matches!(self, Self::SweepToAddress | Self::ReturnToSender)
    }

    /// Whether money leaves the place where it lies.
    #[must_use]
    pub const fn needs_transaction(self) -> bool {
        matches!(
            self,
            Self::SweepThenCredit | Self::SweepToAddress | Self::ReturnToSender
        )
    }

    /// Whether a claim can carry it out.
    #[must_use]
    pub const fn is_payment(self) -> bool {
        matches!(self, Self::LedgerCredit | Self::CorrectBooking) || self.needs_transaction()
    }
}
