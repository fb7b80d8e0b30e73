//! What somebody wants to do to a claim, and what may be looked at for it.

use super::Resolution;
use super::consent::Evidence;
use super::correction::Correction;
use super::package::Verified;
use super::record::ClaimQuote;
use crate::amount::Amount;
use crate::appeal::AppealId;
use crate::approval::{PolicyInForce, Spending};
use crate::asset::AssetId;
use crate::block::{BlockRef, TxId};
use crate::check::Signed;
use crate::deposit::Deposit;
use crate::digest::Digest;
use crate::fee::Waiver;
use crate::ledger::LedgerEntry;
use crate::people::Person;
use crate::plan::Plan;
use crate::time::Timestamp;

/// What an open command asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenRequest {
    /// The appeal it answers.
    pub appeal: Option<AppealId>,
    /// The user who is to be paid.
    pub beneficiary: Option<String>,
    /// The address to pay, for resolutions that pay to one.
    pub destination: Option<String>,
    /// What shall happen; `None` takes what is proposed for the kind and the verdict.
    pub resolution: Option<Resolution>,
    /// The booking to correct: for [`Resolution::CorrectBooking`], and for nothing else.
    pub correction: Option<Correction>,
    /// Which claim on this deposit it is, counted from 1.
    pub ordinal: u32,
}

/// What a command may look at besides the claim: read in the same transaction that writes the result.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    /// The deposit as it is now.
    pub deposit: &'a Deposit,
    /// Whether a scanned deposit stands for the same (network, transaction, address) as an imported one.
    pub scanned_twin: bool,
    /// Who else wants this deposit: users with an open appeal matched to it, other than the beneficiary.
    pub rivals: &'a [String],
    /// Whether the imported ledger reaches over the deposit; outside it "already credited" is unknown.
    pub ledger_covered: bool,
    /// The row of the imported ledger by which this very deposit was credited, and by which alone
    /// ([`crate::ledger::sole_row`]). `None` where no row did, or where another one may speak of it too.
    pub credited_by: Option<&'a LedgerEntry>,
    /// Whether a claim on this deposit was settled before.
    pub paid_by_claim: bool,
    /// Who acts.
    pub actor: &'a Person,
    /// The time of the command: the database's, so that no other clock decides on a deadline.
    pub now: Timestamp,
    /// The versions of the policy that bear on the claim: the active one, and the one of its quote where that is another. A
    /// decision must pass under each of them, so that no change loosens what is in flight. Empty without a policy.
    pub policies: &'a [PolicyInForce<'a>],
    /// What was approved and released lately.
    pub spending: &'a Spending,
    /// Whether releases are halted.
    pub halted: bool,
    /// Whether the stored log vouches for every vote of the claim: a vote without its entry was written by nobody whom the
    /// program knows.
    pub votes_logged: bool,
}

/// What somebody wants to do to a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Give the customer a quote, with the plan that it prices. On a claim that has one this is an edit: its revision rises.
    Quote {
        /// The price.
        quote: ClaimQuote,
        /// What will be done for it; `None` where nobody could lay it out, so that nobody can approve it.
        plan: Option<Plan>,
    },
    /// Let the customer off by a waiver of the policy. A price of before no longer holds: the claim is quoted again.
    Waive {
        /// The waiver as the policy in force has it.
        waiver: Box<Waiver>,
        /// Why.
        note: String,
    },
    /// Record that the customer accepts the quote.
    Accept {
        /// By what they showed it.
        evidence: Evidence,
    },
    /// Record a screening.
    Screen {
        /// Whether it is cleared; otherwise it is held.
        clear: bool,
        /// Why.
        reason: String,
    },
    /// Vote for this exact content.
    Approve {
        /// The content that the approver saw.
        digest: Digest,
        /// Their signature over it, where the team signs votes.
        signature: Option<String>,
    },
    /// Vote against it: one is enough.
    Reject {
        /// Why.
        reason: String,
    },
    /// Withdraw it while nothing left the house.
    Cancel {
        /// Why.
        reason: String,
    },
    /// Give it up after the customer's fee was set aside: what is left of its plan gives that back, as the quote says.
    Unwind {
        /// Why.
        reason: String,
    },
    /// Let a quote run out that nobody accepted.
    ExpireQuote,
    /// End it because its deposit changed or vanished.
    Invalidate {
        /// What happened.
        reason: String,
    },
    /// Take votes back that grew too old before anything was released.
    LapseVotes,
    /// Release the next step: its unsigned transaction is built and reserved.
    Prepare {
        /// The bytes, proven to do what the leg says.
        transaction: Verified,
        /// Until when the signers may sign it.
        expires_at: Timestamp,
    },
    /// Hand the prepared package to the signers, or hand the same one out again with a new deadline.
    Export {
        /// Until when the signers may sign it.
        expires_at: Timestamp,
    },
    /// Release the next step: its ledger instructions go out.
    Instruct {
        /// Until when the ledger may book them.
        expires_at: Timestamp,
    },
    /// Bring signed bytes back.
    Import {
        /// The bytes, taken apart with their signature verified.
        signed: Signed,
    },
    /// Begin to send the signed bytes: from here nobody knows until a source answers.
    Send,
    /// A source took them, or knew them already.
    Sent,
    /// What the network shows of the package.
    Sight(Sighting),
    /// What the ledger answered to the instructions, each exactly once.
    Acknowledge {
        /// The answers.
        answers: Vec<Acknowledged>,
    },
    /// The ledger says that it did not set the customer's fee aside, and never will by these ids: there was not enough.
    Decline {
        /// What it said.
        reason: String,
    },
}

/// The ledger's answer to one instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    /// The instruction's id.
    pub instruction: String,
    /// The ledger's own entry.
    pub entry: String,
    /// Which asset it booked.
    pub asset: AssetId,
    /// How much it booked, in base units.
    pub amount: Amount,
}

/// What the network shows of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sighting {
    /// It waits for a block.
    Pending {
        /// Its id.
        tx_id: TxId,
    },
    /// It is in a block, which is not final.
    Included {
        /// Its id.
        tx_id: TxId,
        /// The block.
        block: BlockRef,
    },
    /// It is in a final block and did exactly what was approved.
    Final {
        /// Its id.
        tx_id: TxId,
        /// The block.
        block: BlockRef,
        /// What the network took, in native base units.
        fee: Amount,
    },
    /// It is in a final block and failed there.
    Failed {
        /// Its id.
        tx_id: TxId,
        /// The block.
        block: BlockRef,
        /// What the network took, in native base units.
        fee: Amount,
    },
    /// It was seen before and is seen no more, and may come back.
    Vanished,
    /// Another transaction used its slot, and that is final.
    Replaced {
        /// Which one, and where that was read, in words.
        proof: String,
    },
    /// Its validity is over, and the network is final beyond that point.
    Expired {
        /// The proof in words.
        proof: String,
    },
    /// A transaction in its slot moved something else than what was approved.
    Different {
        /// Its id.
        tx_id: TxId,
        /// How it differs, in words.
        detail: String,
    },
}

impl Command {
    /// Its code in the log.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Quote { .. } => "quote",
            Self::Waive { .. } => "waive",
            Self::Accept { .. } => "accept",
            Self::Screen { clear: true, .. } => "screen_clear",
            Self::Screen { clear: false, .. } => "screen_hold",
            Self::Approve { .. } => "approve",
            Self::Reject { .. } => "reject",
            Self::Cancel { .. } => "cancel",
            Self::Unwind { .. } => "unwind",
            Self::ExpireQuote => "expire_quote",
            Self::Invalidate { .. } => "invalidate",
            Self::LapseVotes => "lapse_votes",
            Self::Prepare { .. } => "prepare",
            Self::Export { .. } => "export",
            Self::Instruct { .. } => "instruct",
            Self::Import { .. } => "import",
            Self::Send => "send",
            Self::Sent => "sent",
            Self::Sight(sighting) => sighting.code(),
            Self::Acknowledge { .. } => "acknowledge",
            Self::Decline { .. } => "decline",
        }
    }
}

impl Sighting {
    /// Its code in the log.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Pending { .. } => "seen_pending",
            Self::Included { .. } => "seen_included",
            Self::Final { .. } => "seen_final",
            Self::Failed { .. } => "seen_failed",
            Self::Vanished => "seen_vanished",
            Self::Replaced { .. } => "seen_replaced",
            Self::Expired { .. } => "seen_expired",
            Self::Different { .. } => "seen_different",
        }
    }
}
