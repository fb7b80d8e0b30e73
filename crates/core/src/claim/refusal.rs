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
        /// A package is with the signers or with the ledger: only proof that it can never happen frees the claim.
        PackageLive => "package_live",
        /// The claim does not stand where this can happen.
        StatusWrong => "status_wrong",
        /// Money was moved or booked already.
        AlreadyMoved => "already_moved",
        /// No fee of the customer is set aside, or it is being given back already.
        NothingHeld => "nothing_held",
        /// The wallet team's leads or anybody who saw reason to halted every release.
        Halted => "halted",
        /// A person holds the claim.
        OnHold => "on_hold",
        /// A reorganisation removed the deposit, or its block or amount differ from what the claim was opened on.
        DepositChanged => "deposit_changed",
        /// The deposit is not final.
        DepositNotFinal => "deposit_not_final",
        /// Another claim is open on the deposit, or it was resolved.
        DepositTaken => "deposit_taken",
        /// Another correction of the same ledger entry is open or was settled.
        EntryTaken => "entry_taken",
        /// A source of ours saw the same deposit: claim that one.
        ScannedTwinExists => "scanned_twin_exists",
        /// The kind leaves nothing to claim (failed, our own movement, already credited, not ours, …).
        NothingToClaim => "nothing_to_claim",
        /// The verdict says that it cannot be recovered.
        NotRecoverable => "not_recoverable",
        /// A correction needs the entry that is wrong and the user to whom it was booked.
        CorrectionMissing => "correction_missing",
        /// Nobody takes money back from a user without an appeal of another one.
        AppealMissing => "appeal_missing",
        /// The imported ledger does not show that this entry, and it alone, credited the deposit to that user, in its asset and
        /// amount.
        BookingDiffers => "booking_differs",
        /// The ledger does not reach over the deposit: it may have been credited.
        LedgerCoverageMissing => "ledger_coverage_missing",
        /// The memo names one user and another fact names another: no claim decides between them.
        OwnerDisputed => "owner_disputed",
        /// Something else is missing before it can be recovered; the verdict names it.
        ConditionOpen => "condition_open",
        /// An entry or a counterparty is named, and the resolution corrects no booking.
        CorrectionNotAsked => "correction_not_asked",
        /// The resolution pays nobody.
        ResolutionPaysNobody => "resolution_pays_nobody",
        /// Nobody is named to be paid.
        BeneficiaryMissing => "beneficiary_missing",
        /// The deposit's address belongs to another user.
        BeneficiaryNotOwner => "beneficiary_not_owner",
        /// The user to be paid is the one to whom it was booked.
        CounterpartyIsBeneficiary => "counterparty_is_beneficiary",
        /// Another user wants the same deposit.
        RivalAppeal => "rival_appeal",
        /// The resolution pays to an address and none is named.
        DestinationMissing => "destination_missing",
        /// Nobody could lay out what would be done, so that there is nothing to approve.
        PlanMissing => "plan_missing",
        /// What would be done is not what the claim and its quote say.
        PlanDiffers => "plan_differs",
        /// The quote ran out.
        QuoteExpired => "quote_expired",
        /// The quote has not run out yet.
        QuoteStillValid => "quote_still_valid",
        /// The waiver is not for this kind of deposit, or not for now.
        WaiverClosed => "waiver_closed",
        /// The waiver was granted on this claim already.
        WaiverGranted => "waiver_granted",
        /// Screening is missing, held or too old.
        ScreeningMissing => "screening_missing",
        /// A rule of the approval policy forbids it.
        BlockedByPolicy => "blocked_by_policy",
        /// No rule or no tier of the approval policy fits, which denies.
        NoApprovalRule => "no_approval_rule",
        /// The person opened the claim or acted on it before.
        ActorInvolved => "actor_involved",
        /// The person voted on this content already.
        AlreadyVoted => "already_voted",
        /// The content is not the one that the person saw.
        DigestDiffers => "digest_differs",
        /// The policy wants votes signed and this one is not.
        SignatureMissing => "signature_missing",
        /// The signature is not by one of the person's keys over this content.
        SignatureWrong => "signature_wrong",
        /// The votes are still valid and enough.
        VotesStillValid => "votes_still_valid",
        /// Too few people agree to it as it is now, by the policies in force now.
        QuorumMissing => "quorum_missing",
        /// The delay after the last vote is not over.
        DelayRunning => "delay_running",
        /// A vote stands in the database that no entry of the log vouches for.
        VotesNotLogged => "votes_not_logged",
        /// As much was released in 24 hours as the policy allows.
        DayLimitReached => "day_limit_reached",
        /// Another live package uses the account's slot: two transactions would fight for it.
        SlotTaken => "slot_taken",
        /// This is not the step that comes next.
        StepDiffers => "step_differs",
        /// No package is out.
        PackageMissing => "package_missing",
        /// Without its signature it is not what was handed out.
        BytesDiffer => "bytes_differ",
        /// Another key signed it than the expected one.
        SignerDiffers => "signer_differs",
        /// The package's deadline is over.
        PackageExpired => "package_expired",
        /// No signed bytes were brought back.
        SignedBytesMissing => "signed_bytes_missing",
        /// The network shows nothing that was not known.
        NothingNew => "nothing_new",
        /// The answer is about an instruction that is not out.
        AcknowledgementUnknown => "acknowledgement_unknown",
        /// An instruction has no answer, more than one, or one without an entry.
        AcknowledgementIncomplete => "acknowledgement_incomplete",
        /// What a customer is charged is accepted by what they wrote, or not at all.
        EvidenceMissing => "evidence_missing",
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
            Self::AlreadyMoved => {
                "`claims show` says what; carry the rest of the plan out with `claims export`; where only the customer's fee was set \
                 aside, give the recovery up with `claims unwind`"
            }
            Self::NothingHeld => "nothing must be given back: `claims cancel` ends the claim",
            Self::Halted => "two leads of the wallet team lift it with `halt lift`",
            Self::OnHold => "a compliance person clears it with `claims screen --clear`",
            Self::DepositChanged => "scan the network again, then open a new claim",
            Self::DepositNotFinal => "wait for finality; `reconcile` re-checks it",
            Self::DepositTaken => "see `claims list --deposit`",
            Self::EntryTaken => "see `claims list --all` for the claim that corrects this entry",
            Self::ScannedTwinExists => {
                "claim the deposit that `scan` or `diagnose` stored for this transaction"
            }
            Self::NothingToClaim => {
                "`deposits show` says why there is nothing to recover; what was booked to the wrong user is taken back with \
                 --resolution correct_booking"
            }
            Self::NotRecoverable => "`deposits show` names the reason; tell the customer that one",
            Self::CorrectionMissing => {
                "name the wrong entry with --entry and the user who has it with --counterparty"
            }
            Self::CorrectionNotAsked => {
                "--entry and --counterparty go with --resolution correct_booking only"
            }
            Self::AppealMissing => "name the appeal of the user whose money it is with --appeal",
            Self::BookingDiffers => {
                "compare with the ledger's own row, import the ledger again if it changed, and name exactly its entry and user; \
                 where several rows may speak of the deposit a person corrects it in the ledger"
            }
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
            Self::CounterpartyIsBeneficiary => {
                "the ledger booked it to this user already: name the user whose money it is with --beneficiary"
            }
            Self::RivalAppeal => "settle between the appeals first: `match --explain`",
            Self::DestinationMissing => "name the proven address with --destination",
            Self::PlanMissing => {
                "name the exchange's accounts for the network under [[wallet]] in policy.toml, then `quote CLAIM` again"
            }
            Self::PlanDiffers => "quote again: the plan was laid out for another amount or address",
            Self::PackageLive => {
                "`claims show` names it; it is free once the network proves that it can never happen (its slot used by another \
                 transaction, its validity over)"
            }
            Self::QuoteExpired => "quote again with `quote CLAIM`",
            Self::QuoteStillValid => "the quote can still be accepted",
            Self::ScreeningMissing => "a compliance person screens it with `claims screen`",
            Self::BlockedByPolicy => "see [[approval.rule]] in policy.toml",
            Self::NoApprovalRule => "see [[approval.rule]] and [[approval.tier]] in policy.toml",
            Self::ActorInvolved => {
                "another person must do it: who did one part of the work may not do this one"
            }
            Self::AlreadyVoted => "another person of the wallet team must vote",
            Self::DigestDiffers => "read the claim again: its content is not what you saw",
            Self::SignatureMissing => {
                "sign the digest of `claims show` with `ssh-keygen -Y sign -n recover-claim` and pass --signature FILE"
            }
            Self::SignatureWrong => {
                "sign exactly the digest and a line break, in the namespace recover-claim, with a key of policy.toml"
            }
            Self::WaiverClosed => "see [[waiver]] in policy.toml for its kinds and its time",
            Self::WaiverGranted => "quote the claim: the quote counts it",
            Self::EvidenceMissing => {
                "say with --evidence what the customer wrote, or where it stands; a fee of nothing needs none"
            }
            Self::VotesStillValid => "nothing needs to be done",
            Self::QuorumMissing => "`claims show` says whose votes count and how many are needed",
            Self::DelayRunning => "`claims show` says when it ends",
            Self::VotesNotLogged => {
                "run `audit verify`: somebody wrote to the database behind the program"
            }
            Self::DayLimitReached => {
                "wait, or two leads of the wallet team open the limit with `halt lift`"
            }
            Self::SlotTaken => "export again: the next free slot is taken then",
            Self::StepDiffers => "see `claims show` for the step that comes next",
            Self::PackageMissing => "export one with `claims export`",
            Self::PackageExpired => "hand the same package out again with `claims export`",
            Self::BytesDiffer => {
                "do not send it: the signers signed something else; check the package with recover-verify"
            }
            Self::SignerDiffers => "do not send it: ask the signers which key they used",
            Self::SignedBytesMissing => "bring them back with `claims import`",
            Self::NothingNew => "nothing needs to be done",
            Self::AcknowledgementUnknown => "`claims show` lists the instructions that are out",
            Self::AcknowledgementIncomplete => {
                "give one answer with the ledger's entry for each instruction"
            }
            Self::ReasonMissing => "give one with --reason",
        }
    }
}
