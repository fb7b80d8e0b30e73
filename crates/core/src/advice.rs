//! What to tell whoever asks about a deposit, where money does not simply go back: wait, add, share, ask somebody else, or
//! that nothing can be done. Pure: what is known goes in, the advice comes out, best for the user first.
//!
//! The rule of the house: money that can be recovered is never told to be lost, what a mistake costs is never hidden, and a
//! gap of ours (no price, no rule, no review) is never told as an impossibility.

mod lack;
mod share;
mod trigger;

pub use lack::{Lack, LackSubject};
pub use share::{Share, part};
pub use trigger::{Seen, Trigger, TriggerCode};

use crate::amount::Amount;
use crate::asset::AssetId;
use crate::code::coded;
use crate::deposit::DepositStatus;
use crate::fee::{Cents, Gathered, QuoteRefusal};
use crate::kind::Kind;
use crate::network::DepositState;
use crate::observation::Flag;
use crate::verdict::{How, Missing, Reason, Verdict};

coded! {
    /// What is advised, best for the user first.
    pub enum AdviceCode {
        /// It was booked or settled: the history shows it.
        LookAtHistory => "look_at_history",
        /// A claim is open on it: it goes its way.
        FollowClaim => "follow_claim",
        /// The network makes it final by itself.
        WaitForFinality => "wait_for_finality",
        /// The coins are ours and become movable by themselves.
        WaitForMaturity => "wait_for_maturity",
        /// Deposits are paused: reopening credits it.
        WaitForReopening => "wait_for_reopening",
        /// Show whose it is.
        ProveOwnership => "prove_ownership",
        /// It can be recovered now.
        ClaimIt => "claim_it",
        /// Together with what else came to the address it reaches the minimum.
        CreditTogether => "credit_together",
        /// Send what is missing to the minimum.
        TopUpToMinimum => "top_up_to_minimum",
        /// It counts together with the next ordinary deposit to the same address.
        WaitForNextDeposit => "wait_for_next_deposit",
        /// Recovered together with others the network is paid once.
        PoolWithOthers => "pool_with_others",
        /// The network is too dear today.
        WaitForCheaperNetwork => "wait_for_cheaper_network",
        /// It is worth less than what is recovered today.
        WaitForValue => "wait_for_value",
        /// We have no price for it.
        WaitForPrice => "wait_for_price",
        /// Our fee policy has no rule for it, or not all that its rule needs.
        WaitForRule => "wait_for_rule",
        /// We must look at the token's contract first.
        WaitForReview => "wait_for_review",
        /// Our books do not reach over it yet, or are not clear about it.
        WaitForLedger => "wait_for_ledger",
        /// Our node or explorer must say more.
        WaitForSource => "wait_for_source",
        /// Our records must say who controls the address.
        WaitForControl => "wait_for_control",
        /// Our contract must be put on the network first.
        WaitForFactory => "wait_for_factory",
        /// We must arrange signing on the network first.
        WaitForNetwork => "wait_for_network",
        /// A person must look at it.
        WaitForPerson => "wait_for_person",
        /// Once the asset is listed it is booked like any other deposit.
        WaitForListing => "wait_for_listing",
        /// The sending side has it.
        AskSender => "ask_sender",
        /// Whoever holds the receiving address has it.
        AskReceiver => "ask_receiver",
        /// A bridge has it.
        AskBridge => "ask_bridge",
        /// Only a contract's owner could give it back.
        AskContractOwner => "ask_contract_owner",
        /// Both sides are ours: nobody is owed anything.
        NobodyIsOwed => "nobody_is_owed",
        /// Nothing can be done, and why.
        NothingCanBeDone => "nothing_can_be_done",
    }
}

/// What the sending side is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AtSender {
    /// The transaction was reverted.
    Failed,
    /// The transaction gave way to another one.
    Replaced,
    /// It stands on an abandoned branch.
    OldFork,
    /// A reorganisation took it out of the network.
    Gone,
    /// The sender let less arrive than was stated: the rest never left.
    Undelivered,
}

/// One piece of advice with its figures. Amounts of the deposit's asset are in the deposit's own units, those of the network
/// in base units of its coin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Advice {
    /// As [`AdviceCode::LookAtHistory`].
    LookAtHistory,
    /// As [`AdviceCode::FollowClaim`].
    FollowClaim,
    /// As [`AdviceCode::WaitForFinality`].
    WaitForFinality,
    /// As [`AdviceCode::WaitForMaturity`].
    WaitForMaturity,
    /// As [`AdviceCode::WaitForReopening`].
    WaitForReopening,
    /// As [`AdviceCode::ProveOwnership`].
    ProveOwnership,
    /// As [`AdviceCode::ClaimIt`].
    ClaimIt {
        /// Whether a quote says already what is left; else one must be asked for.
        is_quoted: bool,
    },
    /// As [`AdviceCode::CreditTogether`].
    CreditTogether(Gathered),
    /// As [`AdviceCode::TopUpToMinimum`].
    TopUpToMinimum {
        /// What has gathered.
        gathered: Gathered,
        /// What is missing: with it the minimum is reached exactly.
        missing: Amount,
        /// What the network takes for the user's own transfer, about.
        costs: Cents,
        /// What comes of it beyond what is sent, all fees paid, before those costs.
        gain: Cents,
    },
    /// As [`AdviceCode::WaitForNextDeposit`].
    WaitForNextDeposit {
        /// What has gathered.
        gathered: Gathered,
        /// What is missing to the minimum.
        missing: Amount,
    },
    /// As [`AdviceCode::PoolWithOthers`].
    PoolWithOthers(Share),
    /// As [`AdviceCode::WaitForCheaperNetwork`].
    WaitForCheaperNetwork {
        /// What the network takes now.
        now: Amount,
        /// The most that it may take for anything to be left.
        ceiling: Amount,
    },
    /// As [`AdviceCode::WaitForValue`].
    WaitForValue,
    /// As [`AdviceCode::WaitForPrice`]: of this asset.
    WaitForPrice(AssetId),
    /// As [`AdviceCode::WaitForRule`].
    WaitForRule,
    /// As [`AdviceCode::WaitForReview`].
    WaitForReview,
    /// As [`AdviceCode::WaitForLedger`].
    WaitForLedger,
    /// As [`AdviceCode::WaitForSource`].
    WaitForSource,
    /// As [`AdviceCode::WaitForControl`].
    WaitForControl,
    /// As [`AdviceCode::WaitForFactory`].
    WaitForFactory,
    /// As [`AdviceCode::WaitForNetwork`].
    WaitForNetwork,
    /// As [`AdviceCode::WaitForPerson`].
    WaitForPerson,
    /// As [`AdviceCode::WaitForListing`].
    WaitForListing,
    /// As [`AdviceCode::AskSender`].
    AskSender(AtSender),
    /// As [`AdviceCode::AskReceiver`].
    AskReceiver,
    /// As [`AdviceCode::AskBridge`].
    AskBridge,
    /// As [`AdviceCode::AskContractOwner`].
    AskContractOwner,
    /// As [`AdviceCode::NobodyIsOwed`].
    NobodyIsOwed,
    /// As [`AdviceCode::NothingCanBeDone`].
    NothingCanBeDone(Reason),
}

/// What advice comes down to; two of different kinds of these may contradict each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stance {
    /// It is done, or on its way.
    Settled,
    /// The user, or we for the user, can act now.
    Act,
    /// Something must happen first.
    Wait,
    /// Somebody else has the money.
    AskOthers,
    /// There is nothing to act on.
    Nothing,
}

impl Advice {
    /// Its stable code.
    #[must_use]
    pub const fn code(&self) -> AdviceCode {
        match self {
            Self::LookAtHistory => AdviceCode::LookAtHistory,
            Self::FollowClaim => AdviceCode::FollowClaim,
            Self::WaitForFinality => AdviceCode::WaitForFinality,
            Self::WaitForMaturity => AdviceCode::WaitForMaturity,
            Self::WaitForReopening => AdviceCode::WaitForReopening,
            Self::ProveOwnership => AdviceCode::ProveOwnership,
            Self::ClaimIt { .. } => AdviceCode::ClaimIt,
            Self::CreditTogether(_) => AdviceCode::CreditTogether,
            Self::TopUpToMinimum { .. } => AdviceCode::TopUpToMinimum,
            Self::WaitForNextDeposit { .. } => AdviceCode::WaitForNextDeposit,
            Self::PoolWithOthers(_) => AdviceCode::PoolWithOthers,
            Self::WaitForCheaperNetwork { .. } => AdviceCode::WaitForCheaperNetwork,
            Self::WaitForValue => AdviceCode::WaitForValue,
            Self::WaitForPrice(_) => AdviceCode::WaitForPrice,
            Self::WaitForRule => AdviceCode::WaitForRule,
            Self::WaitForReview => AdviceCode::WaitForReview,
            Self::WaitForLedger => AdviceCode::WaitForLedger,
            Self::WaitForSource => AdviceCode::WaitForSource,
            Self::WaitForControl => AdviceCode::WaitForControl,
            Self::WaitForFactory => AdviceCode::WaitForFactory,
            Self::WaitForNetwork => AdviceCode::WaitForNetwork,
            Self::WaitForPerson => AdviceCode::WaitForPerson,
            Self::WaitForListing => AdviceCode::WaitForListing,
            Self::AskSender(_) => AdviceCode::AskSender,
            Self::AskReceiver => AdviceCode::AskReceiver,
            Self::AskBridge => AdviceCode::AskBridge,
            Self::AskContractOwner => AdviceCode::AskContractOwner,
            Self::NobodyIsOwed => AdviceCode::NobodyIsOwed,
            Self::NothingCanBeDone(_) => AdviceCode::NothingCanBeDone,
        }
    }

    /// What it comes down to.
    #[must_use]
    pub const fn stance(&self) -> Stance {
        match self.code() {
            AdviceCode::LookAtHistory | AdviceCode::FollowClaim => Stance::Settled,
            AdviceCode::ProveOwnership
            | AdviceCode::ClaimIt
            | AdviceCode::CreditTogether
            | AdviceCode::TopUpToMinimum
            | AdviceCode::PoolWithOthers => Stance::Act,
            AdviceCode::WaitForFinality
            | AdviceCode::WaitForMaturity
            | AdviceCode::WaitForReopening
            | AdviceCode::WaitForNextDeposit
            | AdviceCode::WaitForCheaperNetwork
            | AdviceCode::WaitForValue
            | AdviceCode::WaitForPrice
            | AdviceCode::WaitForRule
            | AdviceCode::WaitForReview
            | AdviceCode::WaitForLedger
            | AdviceCode::WaitForSource
            | AdviceCode::WaitForControl
            | AdviceCode::WaitForFactory
            | AdviceCode::WaitForNetwork
            | AdviceCode::WaitForPerson
            | AdviceCode::WaitForListing => Stance::Wait,
            AdviceCode::AskSender
            | AdviceCode::AskReceiver
            | AdviceCode::AskBridge
            | AdviceCode::AskContractOwner => Stance::AskOthers,
            AdviceCode::NobodyIsOwed | AdviceCode::NothingCanBeDone => Stance::Nothing,
        }
    }

    /// What we watch for where this is advised for a deposit at this place; `None` where nothing is waited for, or a person is.
    #[must_use]
    pub fn trigger(&self, place: &Place<'_>) -> Option<Trigger> {
        let network = || place.asset.network.clone();
        let asset = || place.asset.clone();
        let to = || place.to.to_owned();
        match self {
            Self::WaitForReopening
            | Self::WaitForNetwork
            | Self::NothingCanBeDone(Reason::NetworkOutOfReach) => {
                Some(Trigger::NetworkReopened(network()))
            }
            Self::WaitForFinality
            | Self::WaitForMaturity
            | Self::WaitForLedger
            | Self::WaitForSource => Some(Trigger::Recoverable),
            Self::TopUpToMinimum { .. } | Self::WaitForNextDeposit { .. } | Self::WaitForValue => {
                Some(Trigger::MinimumReached(asset(), to()))
            }
            // Not the ceiling of today: the coin's price moves it.
            Self::WaitForCheaperNetwork { .. } => Some(Trigger::NetworkCostBelow(network(), None)),
            Self::WaitForPrice(priced) => Some(Trigger::PriceKnown(priced.clone())),
            Self::WaitForReview => Some(Trigger::TokenReviewed(asset())),
            Self::WaitForListing => Some(Trigger::AssetListed(asset())),
            Self::WaitForControl => Some(Trigger::ControlKnown(network(), to())),
            Self::WaitForFactory => Some(Trigger::FactoryInPlace(network(), to())),
            Self::LookAtHistory
            | Self::FollowClaim
            | Self::ProveOwnership
            | Self::ClaimIt { .. }
            | Self::CreditTogether(_)
            | Self::PoolWithOthers(_)
            | Self::WaitForRule
            | Self::WaitForPerson
            | Self::AskSender(_)
            | Self::AskReceiver
            | Self::AskBridge
            | Self::AskContractOwner
            | Self::NobodyIsOwed
            | Self::NothingCanBeDone(_) => None,
        }
    }
}

/// Where a deposit lies.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// What was sent, with its network.
    pub asset: &'a AssetId,
    /// Who was credited.
    pub to: &'a str,
}

/// What came of asking for a quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quoted {
    /// Nobody asked.
    NotAsked,
    /// It leaves something for the user.
    Given,
    /// None is given.
    Refused(QuoteRefusal),
}

/// What a user pays and has for sending what is missing to the minimum, in the policy's currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopUp {
    /// What the network takes for the transfer.
    pub costs: Cents,
    /// As [`gain_of_topping_up`](crate::fee::gain_of_topping_up).
    pub gain: Cents,
}

/// What advice is given from.
#[derive(Debug, Clone)]
pub struct Known<'a> {
    /// Why it was not booked.
    pub kind: Kind,
    /// What fits beside it.
    pub also: &'a [Kind],
    /// Whether it can be recovered.
    pub verdict: &'a Verdict,
    /// Further facts.
    pub flags: &'a [Flag],
    /// Where the deposit stands.
    pub status: DepositStatus,
    /// What was sent, with its network.
    pub asset: &'a AssetId,
    /// Whether the exchange takes deposits there; `None` where chains.toml has no such network.
    pub deposits: Option<DepositState>,
    /// Whether the asset is one that we list.
    pub is_listed: bool,
    /// Whether the book or the memo names one owner.
    pub has_owner: bool,
    /// What came of asking for a quote.
    pub quoted: Quoted,
    /// What the fee is paid in and has no price; `None` where nothing, or where its price is known.
    pub unpriced: Option<&'a AssetId>,
    /// What has gathered at the address; `None` where the deposit's rule does not wait for that.
    pub gathered: Option<Gathered>,
    /// What sending the rest would cost and bring; `None` where either is unknown: then nobody is told to send more.
    pub top_up: Option<TopUp>,
    /// Whom it could share the network's cost with; `None` where nobody, or where the network shares no work.
    pub share: Option<Share>,
    /// Whether the network did not say what it takes.
    pub network_is_silent: bool,
    /// What the network takes for it now; `None` where nothing or unknown.
    pub network_cost: Option<Amount>,
    /// The most that the network may take for a quote to be given; `None` where none is given however cheap it is, or where
    /// that is unknown.
    pub ceiling: Option<Amount>,
}

/// What to tell, best for the user first: always something, each code once, and nothing that contradicts the rest.
#[must_use]
pub fn advise(known: &Known<'_>) -> Vec<Advice> {
    let mut advice = match (known.status, known.verdict) {
        (DepositStatus::Gone, _) => vec![Advice::AskSender(AtSender::Gone)],
        (DepositStatus::Claimed, _) => vec![Advice::FollowClaim],
        (_, Verdict::NotRecoverable(reason)) => vec![lost(*reason)],
        (DepositStatus::Resolved, _) => vec![Advice::LookAtHistory],
        (_, Verdict::Conditional(missing)) => waiting(known, *missing),
        (_, Verdict::Controllable(_) | Verdict::NeedsDeploy(_)) => possible(known),
    };
    advice.sort_by_key(Advice::code);
    advice.dedup_by_key(|advice| advice.code());
    advice
}

const fn lost(reason: Reason) -> Advice {
    match reason {
        Reason::TransactionFailed => Advice::AskSender(AtSender::Failed),
        Reason::TransactionReplaced => Advice::AskSender(AtSender::Replaced),
        Reason::OldFork => Advice::AskSender(AtSender::OldFork),
        Reason::OwnWithdrawal | Reason::ForeignAddress => Advice::AskReceiver,
        Reason::ForeignContract => Advice::AskContractOwner,
        Reason::HeldByBridge => Advice::AskBridge,
        Reason::AlreadyCredited => Advice::LookAtHistory,
        Reason::OwnMovement => Advice::NobodyIsOwed,
        // Our own records are wrong about the address: that is for us to mend.
        Reason::AddressNotDerived => Advice::WaitForControl,
        Reason::KeyLost
        | Reason::WorthlessToken
        | Reason::OtherCodeAtAddress
        | Reason::OtherFactoryCode
        | Reason::DeployerNonceUsed
        | Reason::OtherDerivation
        | Reason::ScriptUnspendable
        | Reason::NetworkOutOfReach => Advice::NothingCanBeDone(reason),
    }
}

fn waiting(known: &Known<'_>, missing: Missing) -> Vec<Advice> {
    let mut advice = vec![match missing {
        Missing::FinalityMissing if known.flags.contains(&Flag::Immature) => {
            Advice::WaitForMaturity
        }
        Missing::FinalityMissing => Advice::WaitForFinality,
        Missing::NotMovableYet => Advice::WaitForMaturity,
        Missing::OutcomeUnknown
        | Missing::CodeUnknown
        | Missing::DeployerNonceUnknown
        | Missing::NotSeenByUs => Advice::WaitForSource,
        Missing::LedgerCoverageMissing | Missing::LedgerUnclear => Advice::WaitForLedger,
        Missing::OwnerContested | Missing::OwnerDisputed => Advice::ProveOwnership,
        Missing::TokenReviewMissing => Advice::WaitForReview,
        Missing::ControlUnknown | Missing::ControlContradicted => Advice::WaitForControl,
        Missing::FactoryAbsent => Advice::WaitForFactory,
        Missing::NetworkSuspended => Advice::WaitForReopening,
        Missing::NetworkConditional => Advice::WaitForNetwork,
        Missing::BalanceUnexplained
        | Missing::ManualHandling
        | Missing::ScriptSecret
        | Missing::AssetUnvouched => Advice::WaitForPerson,
    }];
    // What is missing first is told first, and the user is not let believe that it is all.
    if known.kind == Kind::SuspendedNetwork {
        advice.push(Advice::WaitForReopening);
    }
    if needs_listing(known) && missing == Missing::TokenReviewMissing {
        advice.push(Advice::WaitForListing);
    }
    if needs_owner(known) {
        advice.push(Advice::ProveOwnership);
    }
    advice
}

fn possible(known: &Known<'_>) -> Vec<Advice> {
    let mut advice = Vec::new();
    if needs_owner(known) {
        advice.push(Advice::ProveOwnership);
    }
    if known.kind == Kind::PartialPayment || known.also.contains(&Kind::PartialPayment) {
        advice.push(Advice::AskSender(AtSender::Undelivered));
    }
    let refusal = match known.quoted {
        Quoted::Given => {
            advice.push(Advice::ClaimIt { is_quoted: true });
            // It would have waited alone: whoever asks for it should ask for the others too.
            advice.extend(known.gathered.map(Advice::CreditTogether));
            return advice;
        }
        Quoted::NotAsked => {
            advice.push(Advice::ClaimIt { is_quoted: false });
            return advice;
        }
        Quoted::Refused(refusal) => refusal,
    };
    match refusal {
        QuoteRefusal::DecimalsUnknown => advice.push(Advice::WaitForReview),
        QuoteRefusal::PriceUnknown => advice.push(Advice::WaitForPrice(known.asset.clone())),
        QuoteRefusal::NetworkPriceUnknown if known.network_is_silent => {
            advice.push(Advice::WaitForSource);
        }
        QuoteRefusal::NetworkPriceUnknown => {
            let native = AssetId::native(known.asset.network.clone());
            advice.push(Advice::WaitForPrice(native));
        }
        QuoteRefusal::FeeAssetUnknown => advice.push(match known.unpriced {
            Some(unpriced) => Advice::WaitForPrice(unpriced.clone()),
            None => Advice::WaitForRule,
        }),
        QuoteRefusal::NoRule | QuoteRefusal::RefusedByRule | QuoteRefusal::WithdrawalFeeUnknown => {
            advice.push(Advice::WaitForRule)
        }
        QuoteRefusal::HomeUnknown => advice.push(Advice::WaitForControl),
        QuoteRefusal::AgeUnknown => advice.push(Advice::WaitForSource),
        QuoteRefusal::MinimumNotReached => too_small(known, &mut advice),
        // One claim carries one deposit, and its value alone is asked: more at the address lifts none of them.
        QuoteRefusal::ValueTooSmall => advice.push(Advice::WaitForValue),
        QuoteRefusal::FeeExceedsValue | QuoteRefusal::NetTooSmall => too_dear(known, &mut advice),
        QuoteRefusal::PrepaidTooSmall => {
            advice.push(cheaper(known).unwrap_or(Advice::WaitForPerson))
        }
        QuoteRefusal::NothingToPay
        | QuoteRefusal::FeeByPerson
        | QuoteRefusal::FeeOutsideRange
        | QuoteRefusal::OutOfRange => advice.push(Advice::WaitForPerson),
    }
    if needs_listing(known) {
        advice.push(Advice::WaitForListing);
    }
    advice
}

/// Too little has gathered at its address.
fn too_small(known: &Known<'_>, advice: &mut Vec<Advice>) {
    let gathered = known.gathered.filter(|_| heals(known));
    let Some((gathered, missing)) =
        gathered.and_then(|gathered| Some((gathered, gathered.missing()?)))
    else {
        advice.push(Advice::WaitForValue);
        return;
    };
    if let Some(TopUp { costs, gain }) = known.top_up
        && costs < gain
    {
        advice.push(Advice::TopUpToMinimum {
            gathered,
            missing,
            costs,
            gain,
        });
    }
    advice.push(Advice::WaitForNextDeposit { gathered, missing });
}

/// What the network takes leaves nothing, or the service fee does.
fn too_dear(known: &Known<'_>, advice: &mut Vec<Advice>) {
    let Some(cheaper) = cheaper(known) else {
        advice.push(Advice::WaitForValue);
        return;
    };
    let share = known.share.filter(|share| known.ceiling >= Some(share.own));
    advice.extend(share.map(Advice::PoolWithOthers));
    advice.push(cheaper);
}

/// To wait until the network takes less, where that alone makes a quote possible.
fn cheaper(known: &Known<'_>) -> Option<Advice> {
    let (now, ceiling) = (known.network_cost?, known.ceiling?);
    (ceiling < now).then_some(Advice::WaitForCheaperNetwork { now, ceiling })
}

/// Whether more to the same address can lift it over the minimum: a mistake is never to be repeated, and nobody is told to
/// send to an address that is not in service, or where the money is not ours to book.
fn heals(known: &Known<'_>) -> bool {
    let is_in_service = !known.also.iter().any(|kind| {
        matches!(
            kind,
            Kind::RetiredAddress | Kind::AccountClosed | Kind::PartialPayment
        )
    });
    known.kind == Kind::BelowMinimum
        && is_in_service
        && known.deposits == Some(DepositState::Open)
        && known.is_listed
        && known.has_owner
        && matches!(known.verdict, Verdict::Controllable(How::OwnAccount))
}

/// Whether somebody must show that it is theirs. A withdrawal that came back belongs to whoever withdrew it.
fn needs_owner(known: &Known<'_>) -> bool {
    !known.has_owner && known.kind != Kind::ReturnedWithdrawal
}

const fn needs_listing(known: &Known<'_>) -> bool {
    matches!(known.kind, Kind::UnlistedToken | Kind::IbcVoucher)
}

#[cfg(test)]
mod tests;
