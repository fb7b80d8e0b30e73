//! One moment of the searched world, and what may happen in it.

use super::world::World;
use crate::claim::{Claim, ClaimStatus};
use crate::digest::Digest;
use crate::time::Timestamp;
use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A command of somebody on a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum What {
    Quote,
    Accept,
    Clear,
    Hold,
    /// For the content as it is.
    Vote,
    /// For the content of the revision before, which somebody still had on their desk.
    VoteOld,
    Reject,
    Cancel,
    Unwind,
    Decline,
    ExpireQuote,
    Lapse,
    Invalidate,
    Release,
    Export,
    Import(Brought),
    Send,
    Sent,
    See(Seen),
    Acknowledge {
        right: bool,
    },
}

/// What the signers bring back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Brought {
    Right,
    OtherBytes,
    OtherKey,
}

/// What a source of ours shows of a package, which is always true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Seen {
    Pending,
    Included,
    Final,
    Failed,
    Vanished,
    Replaced,
    Expired,
    Different,
}

/// What happens outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Outside {
    /// The signers send a package that they have, whenever they want.
    SignersSend,
    /// They sign and send something else in its slot.
    SignersPayOther,
    Mine,
    Unmine,
    Finalise,
    FailForGood,
    /// The exchange's own sweeper uses the slot.
    UseSlot,
    /// Its validity ends.
    RunOut,
    /// The ledger books what it was told, once an id.
    Book,
    /// A person at the ledger books another amount.
    BookOther,
    /// The balance is too small for the fee that was to be set aside: the ledger never books it.
    Refuse,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Action {
    Open(usize),
    Act {
        claim: usize,
        actor: usize,
        what: What,
    },
    Outside {
        package: usize,
        what: Outside,
    },
    Weather(Weather),
    /// Everything of before grows old.
    GrowLate,
}

/// At most one trouble at a time, in any order and for any time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Weather {
    Fine,
    Halted,
    NotFinal,
    /// The imported ledger shows the entry of a correction on another user's balance.
    Rebooked,
}

/// Where a package is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Stage {
    InHouse,
    WithSigners,
    Sent,
    Included,
    Final,
    Failed,
    Other,
    Replaced,
    Expired,
    WithLedger,
    Booked,
    BookedOther,
    Declined,
}

/// What the ledger did with a fee of the customer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Fee {
    pub held: u32,
    pub captured: u32,
    pub released: u32,
}

impl Fee {
    /// Set aside, and neither captured nor given back.
    pub fn is_open(self) -> bool {
        self.held > self.captured + self.released
    }
}

impl Stage {
    /// Handed out, and it may still happen.
    pub fn is_live(self) -> bool {
        matches!(
            self,
            Self::WithSigners | Self::Sent | Self::Included | Self::WithLedger
        )
    }
}

/// A package outside of the record: what the network and the ledger make of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Out {
    pub claim: usize,
    pub attempt: u32,
    pub revision: u32,
    pub stage: Stage,
    /// Whether it pays the customer, and does not only move the deposit to treasury or freeze a balance.
    pub pays: bool,
    /// What its booking does with the customer's fee.
    pub fee: Fee,
}

/// What must never be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Broken {
    TwoClaims,
    PaidTwice,
    QuorumOfOthers,
    ReleasedUnderHold,
    ReleasedUnderHalt,
    ReleasedUnscreened,
    ReleasedNotFinal,
    ReleasedByVoter,
    ReleasedByOutsider,
    ScreenedByOutsider,
    OtherPayload,
    TwoPackages,
    SupersededOut,
    EndedWhileOut,
    AcceptedTooLate,
    SettledUnpaid,
    WentBack,
    OtherBooking,
    /// More of a fee ended than was set aside, or more was set aside or captured than charged.
    FeeTwice,
    /// A claim is settled without its fee.
    FeeUncaptured,
    /// A claim ended with a fee set aside.
    FeeHangs,
    /// A fee is set aside on a claim that can neither go on nor be given up.
    FeeStuck,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct State {
    pub claims: [Option<Arc<Claim>>; 2],
    /// The content before the last quote: somebody may still have it on their desk.
    pub old: [Option<Digest>; 2],
    pub out: Vec<Out>,
    /// How often the customer was paid, by the network and by the ledger.
    pub paid: u32,
    /// What the ledger did with the fees of each claim.
    pub fees: [Fee; 2],
    pub weather: Weather,
    pub late: bool,
    pub broken: Option<Broken>,
}

impl State {
    /// The package that a claim has out, as the world sees it.
    pub fn package_of(&self, claim: usize) -> Option<usize> {
        let package = self.claims[claim].as_ref()?.execution.package.as_ref()?;
        self.out
            .iter()
            .position(|out| out.claim == claim && out.attempt == package.attempt)
    }

    pub fn is_final(&self) -> bool {
        self.weather != Weather::NotFinal
    }

    fn is_early(time: Timestamp) -> bool {
        time <= World::ends(false)
    }
}

/// Only what has an effect: two moments that differ in words alone are one.
impl Hash for State {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for claim in &self.claims {
            let Some(claim) = claim else {
                0_u8.hash(state);
                continue;
            };
            if !claim.status.is_open() {
                (1_u8, claim.status == ClaimStatus::Settled).hash(state);
                continue;
            }
            2_u8.hash(state);
            (claim.status, claim.revision, claim.hold.is_some()).hash(state);
            claim.unwinding.is_some().hash(state);
            let ends = claim
                .quote
                .as_ref()
                .map(|quote| Self::is_early(quote.expires_at));
            ends.hash(state);
            for screening in [&claim.screening, &claim.rescreening] {
                let told = screening
                    .as_ref()
                    .map(|told| (told.clear, Self::is_early(told.decided_at)));
                told.hash(state);
            }
            let content = (!claim.approvals.is_empty()).then(|| claim.content_digest());
            let votes: BTreeSet<_> = claim
                .approvals
                .iter()
                .map(|vote| {
                    let is_new = Some(vote.digest) == content;
                    (
                        vote.person.as_str(),
                        is_new,
                        Self::is_early(vote.approved_at),
                    )
                })
                .collect();
            (votes, claim.approvals.len(), claim.is_decided()).hash(state);
            claim.involved.hash(state);
            let execution = &claim.execution;
            (execution.done, execution.attempts, execution.receipts.len()).hash(state);
            if let Some(package) = &execution.package {
                let signed = package
                    .signed
                    .as_ref()
                    .map(|signed| (&signed.unsigned, &signed.signer));
                let ends = Self::is_early(package.expires_at);
                let known = (package.tx_id.is_some(), package.block.is_some());
                (package.attempt, ends, known, signed).hash(state);
            }
        }
        let out: BTreeSet<&Out> = self.out.iter().collect();
        (out, self.paid, self.fees, self.weather).hash(state);
        (self.late, self.broken).hash(state);
    }
}
