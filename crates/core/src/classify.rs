//! Why a credit was not booked, and whether it can be recovered: one pure function over the facts.
//!
//! Every kind has one predicate. The primary kind is the first of [`Kind::ALL`] that fits, the others that fit are kept
//! beside it. The order follows the questions a desk asks: did it happen, is it ours, is it booked, which network,
//! which asset, which routing field, how much, whose.

use crate::amount::Amount;
use crate::asset::{AssetStanding, TokenReview};
use crate::book::{AddressRole, ControlRecord};
use crate::claim::Resolution;
use crate::code::coded;
use crate::deposit::{Classification, DepositStatus};
use crate::kind::Kind;
use crate::ledger::{AccountStanding, LedgerStanding};
use crate::memo::MemoFinding;
pub use crate::memo::MemoStanding;
use crate::network::{DepositState, RecoveryCapability};
use crate::observation::{Flag, Mechanism};
use crate::verdict::{How, Missing, Reason, Verdict};

coded! {
    /// What became of the transaction.
    pub enum TransactionStanding {
        /// It was executed.
        Executed => "executed",
        /// It was reverted.
        Failed => "failed",
        /// Another transaction took its place.
        Replaced => "replaced",
        /// It stands on an abandoned branch only.
        OldFork => "old_fork",
        /// No source could say.
        Unknown => "unknown",
    }
}

coded! {
    /// Whether the block can still vanish.
    pub enum Finality {
        /// It cannot, by the network's rule.
        Final => "final",
        /// It can.
        NotFinal => "not_final",
        /// No source could say.
        Unknown => "unknown",
    }
}

/// Whose address was credited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipient {
    /// Nobody's of ours.
    Stranger {
        /// Whether a contract stands there; `None` when no source could say.
        is_contract: Option<bool>,
        /// Whether it is a bridge that we know.
        is_bridge: bool,
    },
    /// Ours.
    Ours {
        /// In which role.
        role: AddressRole,
        /// Whether deposits on this network are meant to land there.
        serves: bool,
        /// The user it was issued to; `None` for shared addresses and our own.
        user: Option<String>,
        /// How it is controlled.
        control: ControlRecord,
    },
}

/// Everything the classifier may look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// What became of the transaction.
    pub transaction: TransactionStanding,
    /// Whether its block can still vanish.
    pub finality: Finality,
    /// How the money moved.
    pub mechanism: Mechanism,
    /// Further facts about the credit.
    pub flags: Vec<Flag>,
    /// How much was credited, in base units.
    pub amount: Amount,
    /// Whether less was delivered than the transaction states, by a rule of the network.
    pub is_partial: bool,
    /// Whether the exchange takes deposits on this network.
    pub deposits: DepositState,
    /// Whether it can act there.
    pub recovery: RecoveryCapability,
    /// How it stands to the asset.
    pub asset: AssetStanding,
    /// Whether the network keeps outputs and not balances (Bitcoin and its relatives).
    pub keeps_outputs: bool,
    /// Whether the asset is a voucher for a coin of another network.
    pub is_voucher: bool,
    /// Who was credited.
    pub recipient: Recipient,
    /// Whether the sender is in the book as ours.
    pub sender_is_ours: bool,
    /// What the routing fields say; `None` where the network or the address needs none.
    pub memo: Option<MemoFinding>,
    /// Who can sign at the credited address on this network.
    pub control: Verdict,
    /// What the ledger says.
    pub ledger: LedgerStanding,
    /// Whether the owner's account can be credited.
    pub account: AccountStanding,
    /// Whether the book gives the credited address to several users at once, so that nobody knows whose it is. A value of
    /// the routing field that it gives to several says so by itself.
    pub owner_contested: bool,
    /// Whether a source of ours saw it, or only a file tells of it.
    pub seen_by_us: bool,
}

impl Facts {
    const fn is_ours(&self) -> bool {
        matches!(self.recipient, Recipient::Ours { .. })
    }

    const fn has_role(&self, wanted: AddressRole) -> bool {
        matches!(
            (&self.recipient, wanted),
            (
                Recipient::Ours {
                    role: AddressRole::Hot,
                    ..
                },
                AddressRole::Hot
            ) | (
                Recipient::Ours {
                    role: AddressRole::Retired,
                    ..
                },
                AddressRole::Retired
            )
        )
    }

    const fn serves(&self) -> bool {
        matches!(self.recipient, Recipient::Ours { serves: true, .. })
    }

    const fn is_contract_controlled(&self) -> bool {
        matches!(
            self.recipient,
            Recipient::Ours {
                control: ControlRecord::Create2 { .. } | ControlRecord::Create { .. },
                ..
            }
        )
    }

    fn memo(&self) -> MemoStanding {
        self.memo
            .as_ref()
            .map_or(MemoStanding::NotNeeded, |finding| finding.standing)
    }

    const fn is_off_the_list(&self) -> bool {
        matches!(
            self.asset,
            AssetStanding::Unlisted(_) | AssetStanding::Unvouched
        )
    }

    fn has_flag(&self, flag: Flag) -> bool {
        self.flags.contains(&flag)
    }

    /// Whether the coins only paid for the work of a message about something else: every token transfer brings some. As much
    /// as a deposit they are somebody's mistake, and are worked like one.
    fn is_fare(&self) -> bool {
        self.mechanism == Mechanism::Carrier
            && self.minimum().is_some_and(|minimum| self.amount < minimum)
    }

    fn minimum(&self) -> Option<Amount> {
        match &self.asset {
            AssetStanding::Listed(terms) | AssetStanding::Retired(terms) => terms.minimum,
            AssetStanding::Unlisted(_) | AssetStanding::Unvouched => None,
        }
    }
}

/// Classifies one credit.
#[must_use]
pub fn classify(facts: &Facts) -> Classification {
    let mut fitting = Kind::ALL.iter().copied().filter(|kind| fits(*kind, facts));
    let kind = fitting.next().unwrap_or(Kind::MissedCredit);
    let also = fitting.collect();
    // At a shared address the routing field names the owner.
    let owner = match &facts.recipient {
        Recipient::Ours { user, .. } => user.clone().or_else(|| {
            let finding = facts.memo.as_ref()?;
            finding.owner.clone()
        }),
        Recipient::Stranger { .. } => None,
    };
    let memo = facts.memo.clone().filter(|_| facts.is_ours());
    Classification {
        kind,
        also,
        verdict: verdict(kind, facts),
        owner,
        memo,
    }
}

/// Whether one kind fits the facts. [`Kind::MissedCredit`] is what is left when nothing else fits.
fn fits(kind: Kind, facts: &Facts) -> bool {
    let ours = facts.is_ours();
    match kind {
        Kind::Failed => facts.transaction == TransactionStanding::Failed,
        Kind::Replaced => facts.transaction == TransactionStanding::Replaced,
        Kind::OldFork => facts.transaction == TransactionStanding::OldFork,
        Kind::OutgoingWithdrawal => {
            !ours && (facts.sender_is_ours || facts.ledger.own_withdrawal.is_some())
        }
        Kind::TokenContract => {
            matches!(
                facts.recipient,
                Recipient::Stranger {
                    is_contract: Some(true),
                    is_bridge: false
                }
            )
        }
        Kind::BridgeStuck => matches!(
            facts.recipient,
            Recipient::Stranger {
                is_bridge: true,
                ..
            }
        ),
        Kind::NotOurs => !ours,
        Kind::NoKey => ours && facts.control == Verdict::NotRecoverable(Reason::KeyLost),
        Kind::FakeToken => {
            matches!(
                facts.asset,
                AssetStanding::Unlisted(TokenReview::Fake | TokenReview::Airdrop)
            ) || (matches!(facts.asset, AssetStanding::Unlisted(_))
                && facts.has_flag(Flag::BalanceUnchanged))
        }
        Kind::OwnMovement => {
            ours && (facts.sender_is_ours
                || facts.ledger.own_withdrawal.is_some()
                || facts.is_fare())
        }
        Kind::AlreadyCredited => facts.ledger.credited.is_some() || facts.ledger.settled.is_some(),
        // A bounce and a refund are our own money on its way back, whatever the ledger knows of the withdrawal.
        Kind::ReturnedWithdrawal => {
            let is_back = matches!(facts.mechanism, Mechanism::Bounce | Mechanism::IbcRefund);
            ours && (is_back || facts.ledger.returned_withdrawal.is_some())
        }
        Kind::HotWallet => facts.has_role(AddressRole::Hot),
        Kind::WrongChainSameKey => {
            ours && !facts.serves() && !facts.keeps_outputs && !facts.is_contract_controlled()
        }
        Kind::WrongChainContract => {
            ours && !facts.serves() && !facts.keeps_outputs && facts.is_contract_controlled()
        }
        Kind::UtxoWrongChain => ours && !facts.serves() && facts.keeps_outputs,
        Kind::SuspendedNetwork => facts.serves() && facts.deposits == DepositState::Suspended,
        Kind::RetiredContract => ours && matches!(facts.asset, AssetStanding::Retired(_)),
        Kind::UnlistedToken => ours && facts.is_off_the_list() && !facts.is_voucher,
        // One that we list is credited as any other asset.
        Kind::IbcVoucher => ours && facts.is_off_the_list() && facts.is_voucher,
        Kind::MemoMissing => ours && facts.memo() == MemoStanding::Missing,
        Kind::MemoUnknown => ours && facts.memo() == MemoStanding::Unassigned,
        Kind::MemoOfAnotherUser => ours && facts.memo() == MemoStanding::OfAnotherUser,
        Kind::MemoInWrongField => ours && facts.memo() == MemoStanding::InWrongField,
        Kind::PartialPayment => ours && facts.is_partial,
        Kind::InternalTransfer => {
            ours && matches!(
                facts.mechanism,
                Mechanism::InternalCall | Mechanism::Carrier
            )
        }
        Kind::ForcedCredit => {
            ours && matches!(
                facts.mechanism,
                Mechanism::SelfDestruct | Mechanism::Withdrawal | Mechanism::Reward
            )
        }
        Kind::BelowMinimum => {
            ours && facts
                .minimum()
                .is_some_and(|minimum| facts.amount < minimum)
        }
        Kind::RetiredAddress => facts.has_role(AddressRole::Retired),
        Kind::AccountClosed => ours && facts.account == AccountStanding::Closed,
        Kind::MissedCredit => false,
    }
}

/// Why a kind leaves nothing to recover; `None` for kinds that do.
const fn reason_of(kind: Kind) -> Option<Reason> {
    match kind {
        Kind::Failed => Some(Reason::TransactionFailed),
        Kind::Replaced => Some(Reason::TransactionReplaced),
        Kind::OldFork => Some(Reason::OldFork),
        Kind::OutgoingWithdrawal => Some(Reason::OwnWithdrawal),
        Kind::TokenContract => Some(Reason::ForeignContract),
        Kind::BridgeStuck => Some(Reason::HeldByBridge),
        Kind::NotOurs => Some(Reason::ForeignAddress),
        Kind::NoKey => Some(Reason::KeyLost),
        Kind::FakeToken => Some(Reason::WorthlessToken),
        Kind::OwnMovement => Some(Reason::OwnMovement),
        Kind::AlreadyCredited => Some(Reason::AlreadyCredited),
        _ => None,
    }
}

fn verdict(kind: Kind, facts: &Facts) -> Verdict {
    if let Some(reason) = reason_of(kind) {
        return Verdict::NotRecoverable(reason);
    }
    // Money that ordinary crediting would have booked, or will once the network reopens, needs no signature: it stands
    // in our own account.
    let is_booking = facts.serves()
        && matches!(
            Resolution::proposed(kind, &Verdict::Controllable(How::OwnAccount)),
            Resolution::LedgerCredit | Resolution::Wait
        )
        && matches!(facts.asset, AssetStanding::Listed(_))
        // What stands where anybody may take it, or nobody ever can, is in no account of ours.
        && !matches!(
            facts.control,
            Verdict::Conditional(Missing::ScriptSecret)
                | Verdict::NotRecoverable(Reason::ScriptUnspendable)
        );
    let base = if is_booking {
        Verdict::Controllable(How::OwnAccount)
    } else {
        facts.control.clone()
    };
    if let Verdict::NotRecoverable(_) = base {
        return base;
    }
    if !is_booking && facts.recovery == RecoveryCapability::None {
        return Verdict::NotRecoverable(Reason::NetworkOutOfReach);
    }
    let from_control = match &base {
        Verdict::Conditional(missing) => Some(*missing),
        Verdict::Controllable(_) | Verdict::NeedsDeploy(_) | Verdict::NotRecoverable(_) => None,
    };
    Missing::ALL
        .iter()
        .copied()
        .find(|missing| from_control == Some(*missing) || is_missing(*missing, facts, is_booking))
        .map_or(base, Verdict::Conditional)
}

fn is_missing(missing: Missing, facts: &Facts, is_booking: bool) -> bool {
    match missing {
        Missing::FinalityMissing => facts.seen_by_us && facts.finality != Finality::Final,
        Missing::OutcomeUnknown => {
            facts.seen_by_us && facts.transaction == TransactionStanding::Unknown
        }
        Missing::LedgerCoverageMissing => is_booking && !facts.ledger.covered,
        Missing::LedgerUnclear => facts.ledger.unclear.is_some(),
        Missing::OwnerContested => {
            facts.owner_contested || facts.memo.as_ref().is_some_and(MemoFinding::is_contested)
        }
        Missing::OwnerDisputed => facts.memo.as_ref().is_some_and(MemoFinding::is_disputed),
        Missing::NotMovableYet => facts.has_flag(Flag::Locked),
        Missing::NetworkSuspended => facts.serves() && facts.deposits == DepositState::Suspended,
        Missing::NetworkConditional => {
            !is_booking && facts.recovery == RecoveryCapability::Conditional
        }
        Missing::TokenReviewMissing => {
            facts.asset == AssetStanding::Unlisted(TokenReview::Unreviewed)
        }
        Missing::BalanceUnexplained => {
            facts.has_flag(Flag::BalanceAmbiguous) || facts.has_flag(Flag::BalanceUnchanged)
        }
        Missing::ManualHandling => facts.has_flag(Flag::Nft) || facts.has_flag(Flag::OddShape),
        Missing::AssetUnvouched => facts.asset == AssetStanding::Unvouched,
        Missing::NotSeenByUs => !facts.seen_by_us,
        // These come from the control proof alone.
        Missing::CodeUnknown
        | Missing::ScriptSecret
        | Missing::ControlUnknown
        | Missing::ControlContradicted
        | Missing::FactoryAbsent
        | Missing::DeployerNonceUnknown => false,
    }
}

/// Where a deposit stands that no claim occupies.
#[must_use]
pub const fn status(classification: &Classification, finality: Finality) -> DepositStatus {
    match finality {
        Finality::NotFinal | Finality::Unknown => DepositStatus::Unconfirmed,
        Finality::Final if classification.kind.is_workable() => DepositStatus::Open,
        Finality::Final => DepositStatus::Resolved,
    }
}
