//! Claims: a deposit put up for recovery, as a pure state machine.
//!
//! [`open`] and [`step`] take the claim, a command and the facts of this moment, and give the claim as it is afterwards
//! or the first [`Refusal`] that applies. Nothing else may change a claim. A hold is a flag beside the status: the path
//! under it is neither lost nor visible.

use crate::amount::Amount;
use crate::appeal::AppealId;
use crate::asset::AssetId;
use crate::block::BlockHash;
use crate::code::coded;
use crate::deposit::{Deposit, DepositStatus, Origin};
use crate::digest::{Digest, Encoder};
use crate::fee::Quote;
use crate::kind::Kind;
use crate::observation::DepositId;
use crate::time::Timestamp;
use crate::verdict::{How, Missing, Verdict};
use std::collections::BTreeSet;

mod refusal;

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
            Verdict::Conditional(Missing::ManualHandling | Missing::OwnerDisputed) => {
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
                Verdict::Controllable(How::SameKey | How::ContractInPlace)
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
        matches!(self, Self::LedgerCredit) || self.needs_transaction()
    }
}

coded! {
    /// What a person may do.
    pub enum Role {
        /// Works cases: opens, quotes, records acceptance.
        Specialist => "specialist",
        /// Approves and signs.
        Wallet => "wallet",
        /// Clears or holds.
        Compliance => "compliance",
    }
}

/// A natural person with their roles, from the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The name they act under.
    pub name: String,
    /// What they may do.
    pub roles: BTreeSet<Role>,
}

/// The quote that a claim carries, frozen with the policy and the prices it was reckoned from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimQuote {
    /// The itemised sums.
    pub quote: Quote,
    /// The numbered policy it was reckoned under.
    pub policy_version: u32,
    /// The price rows it was reckoned from: of the asset, and of the native coin where the network is paid.
    pub price_ids: Vec<String>,
    /// When it was given.
    pub quoted_at: Timestamp,
    /// When it ends, if it was not accepted before.
    pub expires_at: Timestamp,
}

/// A person's screening decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Screening {
    /// Whether they cleared it; otherwise they hold it.
    pub clear: bool,
    /// Who decided.
    pub person: String,
    /// Why.
    pub reason: String,
    /// When.
    pub decided_at: Timestamp,
}

/// Who holds a claim, since when and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Who set it.
    pub person: String,
    /// When.
    pub since: Timestamp,
    /// Why; for compliance, never shown to the claimant.
    pub reason: String,
}

/// One approver's vote on one exact content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Who.
    pub person: String,
    /// The content they saw.
    pub digest: Digest,
    /// When.
    pub approved_at: Timestamp,
    /// Their signature over the digest; `None` where the team does not sign votes.
    pub signature: Option<String>,
}

/// A claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Its id.
    pub id: ClaimId,
    /// The deposit it recovers.
    pub deposit: DepositId,
    /// The deposit's block at opening; another block is another fact.
    pub deposit_block: Option<BlockHash>,
    /// The deposit's asset at opening.
    pub asset: AssetId,
    /// The deposit's amount at opening, in base units.
    pub amount: Amount,
    /// The appeal that asked for it; `None` when the exchange acts by itself.
    pub appeal: Option<AppealId>,
    /// The user who is paid.
    pub beneficiary: Option<String>,
    /// The address that is paid; `None` when the beneficiary's account is credited.
    pub destination: Option<String>,
    /// What shall happen.
    pub resolution: Resolution,
    /// Counts changes of content, from 1. Votes count only for the revision they were given on.
    pub revision: u32,
    /// Where it stands.
    pub status: ClaimStatus,
    /// Set while somebody holds it.
    pub hold: Option<Hold>,
    /// The quote of this revision.
    pub quote: Option<ClaimQuote>,
    /// The latest screening of this revision.
    pub screening: Option<Screening>,
    /// The votes on this revision.
    pub approvals: Vec<Approval>,
    /// Everybody who acted on it other than by voting: none of them may vote.
    pub involved: BTreeSet<String>,
    /// Who opened it.
    pub opened_by: String,
    /// When.
    pub opened_at: Timestamp,
    /// Why it ended, where it ended without payment.
    pub closing_reason: Option<String>,
}

impl Claim {
    /// The digest that approvers vote on: every field that has an effect. The struct is taken apart without `..`, so
    /// that a new field cannot be forgotten here. The plan of transactions is absent until claims build them.
    #[must_use]
    pub fn content_digest(&self) -> Digest {
        let Self {
            id,
            deposit,
            deposit_block,
            asset,
            amount,
            appeal,
            beneficiary,
            destination,
            resolution,
            revision,
            status: _,
            hold: _,
            quote,
            screening,
            approvals: _,
            involved: _,
            opened_by,
            opened_at: _,
            closing_reason: _,
        } = self;
        let encoder = Encoder::new("recover/claim-content/1")
            .field(id.as_str())
            .field(&revision.to_string())
            .field(deposit.as_str())
            .optional(deposit_block.as_ref().map(BlockHash::as_str))
            .field(&asset.to_string())
            .field(&amount.to_base_units())
            .optional(appeal.as_ref().map(AppealId::as_str))
            .optional(beneficiary.as_deref())
            .optional(destination.as_deref())
            .field(resolution.code())
            .field(opened_by);
        let encoder = match quote {
            None => encoder.optional(None),
            Some(ClaimQuote {
                quote,
                policy_version,
                price_ids,
                quoted_at: _,
                expires_at,
            }) => {
                let Quote {
                    value,
                    service_fee,
                    network_fee,
                    total_fee,
                    fee_in_asset,
                    net,
                    rule,
                } = quote;
                let encoder = encoder
                    .optional(Some("quote"))
                    .field(&value.to_string())
                    .field(&service_fee.to_string())
                    .field(&network_fee.to_string())
                    .field(&total_fee.to_string())
                    .field(&fee_in_asset.to_base_units())
                    .field(&net.to_base_units())
                    .field(&rule.to_string())
                    .field(&policy_version.to_string())
                    .field(&expires_at.as_micros().to_string())
                    .field(&price_ids.len().to_string());
                // One field each: joined ids could be read in two ways.
                price_ids
                    .iter()
                    .fold(encoder, |encoder, price_id| encoder.field(price_id))
            }
        };
        let encoder = match screening {
            None => encoder.optional(None),
            Some(Screening {
                clear,
                person,
                reason: _,
                decided_at,
            }) => encoder
                .optional(Some("screening"))
                .field(if *clear { "clear" } else { "hold" })
                .field(person)
                .field(&decided_at.as_micros().to_string()),
        };
        encoder.optional(None).finish()
    }
}

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
    /// Who acts.
    pub actor: &'a Person,
    /// Everybody whom the policy names now: a vote of somebody who has since left the wallet team does not count.
    pub people: &'a [Person],
    /// The time of the command.
    pub now: Timestamp,
    /// How many distinct approvers a claim needs; `None` without a policy.
    pub approvers_min: Option<u32>,
    /// How old a screening may be, in seconds; `None` without a policy.
    pub screening_age_max_seconds: Option<i64>,
}

/// What somebody wants to do to a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Give the customer a quote.
    Quote(ClaimQuote),
    /// Record that the customer accepts the quote.
    Accept,
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
        /// Their signature over it.
        signature: Option<String>,
    },
    /// Vote against it: one no ends it.
    Reject {
        /// Why.
        reason: String,
    },
    /// Withdraw it.
    Cancel {
        /// Why.
        reason: String,
    },
    /// Let an unaccepted quote end (the nightly job).
    ExpireQuote,
    /// Record that the deposit changed or vanished (the nightly job, a scan).
    Invalidate {
        /// What happened.
        reason: String,
    },
}

impl Command {
    /// The name under which it stands in the event log.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Quote(_) => "quote",
            Self::Accept => "accept",
            Self::Screen { clear: true, .. } => "screen_clear",
            Self::Screen { clear: false, .. } => "screen_hold",
            Self::Approve { .. } => "approve",
            Self::Reject { .. } => "reject",
            Self::Cancel { .. } => "cancel",
            Self::ExpireQuote => "expire_quote",
            Self::Invalidate { .. } => "invalidate",
        }
    }
}

/// Opens a claim as a draft.
///
/// # Errors
/// The first refusal that applies, in the order of [`Refusal`].
pub fn open(request: &OpenRequest, facts: &Facts<'_>) -> Result<Claim, Refusal> {
    let deposit = facts.deposit;
    require(
        facts.actor.roles.contains(&Role::Specialist),
        Refusal::RoleMissing,
    )?;
    require(
        deposit.status != DepositStatus::Gone,
        Refusal::DepositChanged,
    )?;
    require(is_final(deposit), Refusal::DepositNotFinal)?;
    require(
        deposit.status != DepositStatus::Claimed && !is_settled(deposit),
        Refusal::DepositTaken,
    )?;
    require(!facts.scanned_twin, Refusal::ScannedTwinExists)?;
    require(
        deposit.classification.kind.is_workable(),
        Refusal::NothingToClaim,
    )?;
    // A draft on a deposit that only a file told is allowed, so that work can start; no quote and no vote is.
    if deposit.classification.verdict != Verdict::Conditional(Missing::NotSeenByUs) {
        require_recoverable(&deposit.classification.verdict)?;
    }
    let resolution = request.resolution.unwrap_or_else(|| {
        Resolution::proposed(deposit.classification.kind, &deposit.classification.verdict)
    });
    require(resolution.is_payment(), Refusal::ResolutionPaysNobody)?;
    let owner = deposit.classification.owner.as_ref();
    let beneficiary = request
        .beneficiary
        .clone()
        .or_else(|| owner.cloned())
        .ok_or(Refusal::BeneficiaryMissing)?;
    require(
        owner.is_none_or(|owner| *owner == beneficiary),
        Refusal::BeneficiaryNotOwner,
    )?;
    require(
        !facts.rivals.iter().any(|rival| *rival != beneficiary),
        Refusal::RivalAppeal,
    )?;
    require(
        !resolution.needs_destination() || request.destination.is_some(),
        Refusal::DestinationMissing,
    )?;
    Ok(Claim {
        id: ClaimId::of(&deposit.id(), request.ordinal),
        deposit: deposit.id(),
        deposit_block: block_of(deposit),
        asset: deposit.asset().clone(),
        amount: deposit.amount(),
        appeal: request.appeal.clone(),
        beneficiary: Some(beneficiary),
        destination: request.destination.clone(),
        resolution,
        revision: 1,
        status: ClaimStatus::Draft,
        hold: None,
        quote: None,
        screening: None,
        approvals: Vec::new(),
        involved: BTreeSet::from([facts.actor.name.clone()]),
        opened_by: facts.actor.name.clone(),
        opened_at: facts.now,
        closing_reason: None,
    })
}

/// Applies one command to a claim that was read at `expected_revision`.
///
/// # Errors
/// The first refusal that applies, in the order of [`Refusal`]. The claim is unchanged then.
pub fn step(
    claim: &Claim,
    expected_revision: u32,
    command: &Command,
    facts: &Facts<'_>,
) -> Result<Claim, Refusal> {
    require(
        claim.revision == expected_revision,
        Refusal::RevisionDiffers,
    )?;
    let mut next = claim.clone();
    match command {
        Command::Quote(quote) => {
            require_role(facts, Role::Specialist)?;
            require_status(
                claim,
                &[
                    ClaimStatus::Draft,
                    ClaimStatus::Quoted,
                    ClaimStatus::QuoteExpired,
                    ClaimStatus::Accepted,
                ],
            )?;
            require(claim.hold.is_none(), Refusal::OnHold)?;
            // A quote that does not add up to the claim's amount was reckoned from another deposit.
            require(
                quote.quote.net.checked_add(quote.quote.fee_in_asset) == Some(claim.amount),
                Refusal::DepositChanged,
            )?;
            require_payable(claim, facts)?;
            // Another price is another content: what was accepted, screened or voted before no longer counts.
            if claim.quote.is_some() {
                next.revision = claim.revision.saturating_add(1);
                next.approvals.clear();
                next.screening = None;
            }
            next.quote = Some(quote.clone());
            next.status = ClaimStatus::Quoted;
            next.involved.insert(facts.actor.name.clone());
        }
        Command::Accept => {
            require_role(facts, Role::Specialist)?;
            require_status(claim, &[ClaimStatus::Quoted])?;
            require(claim.hold.is_none(), Refusal::OnHold)?;
            require_payable(claim, facts)?;
            require(
                claim
                    .quote
                    .as_ref()
                    .is_some_and(|quote| facts.now < quote.expires_at),
                Refusal::QuoteExpired,
            )?;
            next.status = ClaimStatus::Accepted;
            next.involved.insert(facts.actor.name.clone());
        }
        Command::Screen { clear, reason } => {
            require_role(facts, Role::Compliance)?;
            require(claim.status.is_open(), Refusal::StatusWrong)?;
            // A hold can be lifted wherever it was set; without one there is nothing to clear before acceptance.
            if *clear && claim.hold.is_none() {
                require_status(
                    claim,
                    &[ClaimStatus::Accepted, ClaimStatus::PendingApproval],
                )?;
            }
            require(!reason.trim().is_empty(), Refusal::ReasonMissing)?;
            // The content covers the screening: another one is another content, and earlier votes no longer count.
            if claim.screening.is_some() {
                next.revision = claim.revision.saturating_add(1);
            }
            next.approvals.clear();
            next.screening = Some(Screening {
                clear: *clear,
                person: facts.actor.name.clone(),
                reason: reason.clone(),
                decided_at: facts.now,
            });
            next.involved.insert(facts.actor.name.clone());
            let was_approved = claim.status == ClaimStatus::Approved;
            if *clear {
                next.hold = None;
                if claim.status == ClaimStatus::Accepted || was_approved {
                    next.status = ClaimStatus::PendingApproval;
                }
            } else {
                next.hold = Some(Hold {
                    person: facts.actor.name.clone(),
                    since: facts.now,
                    reason: reason.clone(),
                });
                // Never approved without votes on the content as it is.
                if was_approved {
                    next.status = ClaimStatus::PendingApproval;
                }
            }
        }
        Command::Approve { digest, signature } => {
            require_role(facts, Role::Wallet)?;
            let needed = facts
                .approvers_min
                .filter(|needed| *needed >= 2)
                .ok_or(Refusal::PolicyMissing)?;
            let age_max = facts
                .screening_age_max_seconds
                .ok_or(Refusal::PolicyMissing)?;
            require_status(claim, &[ClaimStatus::PendingApproval])?;
            require(claim.hold.is_none(), Refusal::OnHold)?;
            require_unpaid(claim, facts)?;
            require(
                is_freshly_cleared(claim, facts.now, age_max),
                Refusal::ScreeningMissing,
            )?;
            require(
                !claim.involved.contains(&facts.actor.name),
                Refusal::ActorInvolved,
            )?;
            require(
                !claim
                    .approvals
                    .iter()
                    .any(|approval| approval.person == facts.actor.name),
                Refusal::AlreadyVoted,
            )?;
            require(*digest == claim.content_digest(), Refusal::DigestDiffers)?;
            next.approvals.push(Approval {
                person: facts.actor.name.clone(),
                digest: *digest,
                approved_at: facts.now,
                signature: signature.clone(),
            });
            let votes: BTreeSet<&str> = next
                .approvals
                .iter()
                .filter(|approval| approval.digest == *digest && may_vote(&approval.person, facts))
                .map(|approval| approval.person.as_str())
                .collect();
            if u32::try_from(votes.len()).is_ok_and(|votes| votes >= needed) {
                next.status = ClaimStatus::Approved;
            }
        }
        Command::Reject { reason } => {
            require_role(facts, Role::Wallet)?;
            require_status(
                claim,
                &[ClaimStatus::PendingApproval, ClaimStatus::Approved],
            )?;
            require(
                !claim.involved.contains(&facts.actor.name),
                Refusal::ActorInvolved,
            )?;
            end(&mut next, ClaimStatus::Rejected, reason)?;
        }
        Command::Cancel { reason } => {
            require_role(facts, Role::Specialist)?;
            require_status(claim, BEFORE_HANDOVER)?;
            require(claim.hold.is_none(), Refusal::OnHold)?;
            end(&mut next, ClaimStatus::Cancelled, reason)?;
        }
        Command::ExpireQuote => {
            require_status(claim, &[ClaimStatus::Quoted])?;
            require(
                claim
                    .quote
                    .as_ref()
                    .is_none_or(|quote| facts.now >= quote.expires_at),
                Refusal::QuoteStillValid,
            )?;
            next.status = ClaimStatus::QuoteExpired;
        }
        Command::Invalidate { reason } => {
            require_status(claim, BEFORE_HANDOVER)?;
            end(&mut next, ClaimStatus::Invalidated, reason)?;
        }
    }
    Ok(next)
}

/// Where a claim can still be withdrawn: nothing left the house.
const BEFORE_HANDOVER: &[ClaimStatus] = &[
    ClaimStatus::Draft,
    ClaimStatus::Quoted,
    ClaimStatus::QuoteExpired,
    ClaimStatus::Accepted,
    ClaimStatus::PendingApproval,
    ClaimStatus::Approved,
];

fn require(holds: bool, refusal: Refusal) -> Result<(), Refusal> {
    if holds { Ok(()) } else { Err(refusal) }
}

/// Whether a person is in the wallet team at this moment; the actor was checked as themselves.
fn may_vote(name: &str, facts: &Facts<'_>) -> bool {
    std::iter::once(facts.actor)
        .chain(facts.people)
        .any(|person| person.name == name && person.roles.contains(&Role::Wallet))
}

fn require_role(facts: &Facts<'_>, role: Role) -> Result<(), Refusal> {
    require(facts.actor.roles.contains(&role), Refusal::RoleMissing)
}

fn require_status(claim: &Claim, allowed: &[ClaimStatus]) -> Result<(), Refusal> {
    require(allowed.contains(&claim.status), Refusal::StatusWrong)
}

fn require_recoverable(verdict: &Verdict) -> Result<(), Refusal> {
    match verdict {
        Verdict::Controllable(_) | Verdict::NeedsDeploy(_) => Ok(()),
        Verdict::NotRecoverable(_) => Err(Refusal::NotRecoverable),
        Verdict::Conditional(Missing::FinalityMissing) => Err(Refusal::DepositNotFinal),
        Verdict::Conditional(Missing::LedgerCoverageMissing) => Err(Refusal::LedgerCoverageMissing),
        Verdict::Conditional(Missing::OwnerDisputed) => Err(Refusal::OwnerDisputed),
        Verdict::Conditional(_) => Err(Refusal::ConditionOpen),
    }
}

/// The deposit still stands as it stood at opening, is final, and nobody else wants it.
fn require_payable(claim: &Claim, facts: &Facts<'_>) -> Result<(), Refusal> {
    require_claimable(claim, facts, true)
}

/// As [`require_payable`], and the ledger reaches over it: what may have been credited before is not approved.
fn require_unpaid(claim: &Claim, facts: &Facts<'_>) -> Result<(), Refusal> {
    require_claimable(claim, facts, facts.ledger_covered)
}

fn require_claimable(
    claim: &Claim,
    facts: &Facts<'_>,
    ledger_covered: bool,
) -> Result<(), Refusal> {
    let deposit = facts.deposit;
    let unchanged = deposit.status != DepositStatus::Gone
        && deposit.id() == claim.deposit
        && block_of(deposit) == claim.deposit_block
        && deposit.amount() == claim.amount
        && *deposit.asset() == claim.asset;
    require(unchanged, Refusal::DepositChanged)?;
    require(is_final(deposit), Refusal::DepositNotFinal)?;
    require(!is_settled(deposit), Refusal::DepositTaken)?;
    require(!facts.scanned_twin, Refusal::ScannedTwinExists)?;
    require(
        deposit.classification.kind.is_workable(),
        Refusal::NothingToClaim,
    )?;
    match require_recoverable(&deposit.classification.verdict) {
        Ok(()) | Err(Refusal::OwnerDisputed | Refusal::ConditionOpen) if !ledger_covered => {
            return Err(Refusal::LedgerCoverageMissing);
        }
        recoverable => recoverable?,
    }
    let owner = deposit.classification.owner.as_ref();
    require(
        owner.is_none() || owner == claim.beneficiary.as_ref(),
        Refusal::BeneficiaryNotOwner,
    )?;
    let rival = facts
        .rivals
        .iter()
        .any(|rival| Some(rival) != claim.beneficiary.as_ref());
    require(!rival, Refusal::RivalAppeal)
}

fn is_freshly_cleared(claim: &Claim, now: Timestamp, age_max_seconds: i64) -> bool {
    claim.screening.as_ref().is_some_and(|screening| {
        let ends = screening.decided_at.plus_seconds(age_max_seconds);
        screening.clear && ends.is_some_and(|ends| now <= ends)
    })
}

/// By its status and by its verdict: a claimed deposit keeps its status while a reorganisation takes its finality away.
fn is_final(deposit: &Deposit) -> bool {
    deposit.status != DepositStatus::Unconfirmed
        && deposit.classification.verdict != Verdict::Conditional(Missing::FinalityMissing)
}

/// Resolved by a payment. A diagnosis or a movement of our own is resolved from the start, and says more by its kind.
fn is_settled(deposit: &Deposit) -> bool {
    deposit.status == DepositStatus::Resolved && deposit.classification.kind.is_workable()
}

fn block_of(deposit: &Deposit) -> Option<BlockHash> {
    match &deposit.origin {
        Origin::Observed(observation) => observation.block.as_ref().map(|block| block.hash.clone()),
        Origin::Imported(_) => None,
    }
}

fn end(claim: &mut Claim, status: ClaimStatus, reason: &str) -> Result<(), Refusal> {
    require(!reason.trim().is_empty(), Refusal::ReasonMissing)?;
    claim.status = status;
    claim.closing_reason = Some(reason.to_owned());
    Ok(())
}
