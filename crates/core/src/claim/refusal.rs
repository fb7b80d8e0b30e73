//! Why a claim command is refused: the closed list, in its order, with a hint for each.

use crate::code::coded;

coded! {
    /// Why a command is refused, in order of precedence: the first that applies is told.
    pub enum Refusal {
        /// The claim changed since it was read.
        RevisionDiffers => "revision_differs",
        /// The person's role does not allow it.
        RoleMissing => "role_missing",
        /// No policy is loaded.
        PolicyMissing => "policy_missing",
        /// The claim does not stand where this can happen.
        StatusWrong => "status_wrong",
        /// A person holds the claim.
        OnHold => "on_hold",
        /// A reorganisation removed the deposit, or its block or amount differ from what the claim was opened on.
        DepositChanged => "deposit_changed",
        /// The deposit is not final.
        DepositNotFinal => "deposit_not_final",
        /// Another claim is open on the deposit, or it was resolved.
        DepositTaken => "deposit_taken",
        /// A source of ours saw the same deposit: claim that one.
        ScannedTwinExists => "scanned_twin_exists",
        /// The kind leaves nothing to claim (failed, our own movement, already credited, not ours, …).
        NothingToClaim => "nothing_to_claim",
        /// The verdict says that it cannot be recovered.
        NotRecoverable => "not_recoverable",
        /// The ledger does not reach over the deposit: it may have been credited.
        LedgerCoverageMissing => "ledger_coverage_missing",
        /// The memo names one user and another fact names another: no claim decides between them.
        OwnerDisputed => "owner_disputed",
        /// Something else is missing before it can be recovered; the verdict names it.
        ConditionOpen => "condition_open",
        /// The resolution pays nobody.
        ResolutionPaysNobody => "resolution_pays_nobody",
        /// Nobody is named to be paid.
        BeneficiaryMissing => "beneficiary_missing",
        /// The deposit's address belongs to another user.
        BeneficiaryNotOwner => "beneficiary_not_owner",
        /// Another user wants the same deposit.
        RivalAppeal => "rival_appeal",
        /// The resolution pays to an address and none is named.
        DestinationMissing => "destination_missing",
        /// The quote ran out.
        QuoteExpired => "quote_expired",
        /// The quote has not run out yet.
        QuoteStillValid => "quote_still_valid",
        /// Screening is missing, held or too old.
        ScreeningMissing => "screening_missing",
        /// The person opened the claim or acted on it before.
        ActorInvolved => "actor_involved",
        /// The person voted on this content already.
        AlreadyVoted => "already_voted",
        /// The content is not the one that the person saw.
        DigestDiffers => "digest_differs",
        /// A reason must be given.
        ReasonMissing => "reason_missing",
    }
}

impl Refusal {
    /// What the person can do about it, in one line.
    #[must_use]
    pub const fn hint(self) -> &'static str {
        match self {
            Self::RevisionDiffers => {
                "read the claim again with `claims show` and repeat with its revision"
            }
            Self::RoleMissing => "ask a person whose role allows it; roles stand in policy.toml",
            Self::PolicyMissing => "pass --policy policy.toml",
            Self::StatusWrong => "see `claims show` for where the claim stands and what comes next",
            Self::OnHold => "a compliance person clears it with `claims screen --clear`",
            Self::DepositChanged => "scan the network again, then open a new claim",
            Self::DepositNotFinal => "wait for finality; `reconcile` re-checks it",
            Self::DepositTaken => "see `claims list --deposit`",
            Self::ScannedTwinExists => {
                "claim the deposit that `scan` or `diagnose` stored for this transaction"
            }
            Self::NothingToClaim => "`deposits show` says why there is nothing to recover",
            Self::NotRecoverable => "`deposits show` names the reason; tell the customer that one",
            Self::LedgerCoverageMissing => {
                "import the ledger for that network and time, then `reconcile`"
            }
            Self::OwnerDisputed => {
                "a person settles it with both users: `deposits show` names them; correct the address book where it is wrong, \
                 or book it by hand and import the ledger"
            }
            Self::ConditionOpen => "`deposits show` names what is missing",
            Self::ResolutionPaysNobody => "name another one with --resolution",
            Self::BeneficiaryMissing => {
                "name the user with --beneficiary, or open it for an appeal"
            }
            Self::BeneficiaryNotOwner => {
                "the address was issued to another user: the claim must be theirs"
            }
            Self::RivalAppeal => "settle between the appeals first: `match --explain`",
            Self::DestinationMissing => "name the proven address with --destination",
            Self::QuoteExpired => "quote again with `quote CLAIM`",
            Self::QuoteStillValid => "the quote can still be accepted",
            Self::ScreeningMissing => "a compliance person screens it with `claims screen`",
            Self::ActorInvolved => "another person of the wallet team must vote",
            Self::AlreadyVoted => "another person of the wallet team must vote",
            Self::DigestDiffers => "read the claim again: its content is not what you saw",
            Self::ReasonMissing => "give one with --reason",
        }
    }
}
