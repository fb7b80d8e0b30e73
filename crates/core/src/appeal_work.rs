//! What people do with appeals: which act is possible where an appeal stands, and where it leads. Money is never moved here;
//! a claim has its own machine ([`crate::claim`]).

use crate::appeal::AppealStatus;
use crate::code::coded;

coded! {
    /// What a person does with an appeal.
    pub enum Act {
        /// Gives it to somebody, or takes it from everybody.
        Assign => "assign",
        /// Writes a note.
        Note => "note",
        /// Asks the customer one question.
        Ask => "ask",
        /// Records what the customer answered.
        Answer => "answer",
        /// Says that the proposed deposit is the right one.
        Confirm => "confirm",
        /// Says that another deposit is the right one, or none that is there.
        Correct => "correct",
        /// Says that the same user asked the same before.
        Duplicate => "duplicate",
        /// Refuses it with a code.
        Refuse => "refuse",
        /// Lets it wait for something outside.
        Wait => "wait",
        /// Ends it.
        Close => "close",
        /// Takes an end back.
        Reopen => "reopen",
        /// Goes on with it: what it waited for has come.
        Resume => "resume",
    }
}

coded! {
    /// Why an act on an appeal is not carried out, in order of precedence.
    pub enum WorkRefusal {
        /// A person ended it.
        AppealDecided => "appeal_decided",
        /// Nothing was ended.
        AppealOpen => "appeal_open",
        /// It waits for nothing.
        NotWaiting => "not_waiting",
        /// A claim is open for it.
        ClaimOpen => "claim_open",
        /// Its claim was paid.
        ClaimSettled => "claim_settled",
        /// The customer has not answered the last question yet.
        QuestionOpen => "question_open",
        /// No question is open.
        NothingAsked => "nothing_asked",
        /// Matching proposes no deposit.
        NothingProposed => "nothing_proposed",
        /// Matching proposes another deposit.
        OtherProposed => "other_proposed",
        /// Another appeal has the deposit by a person's decision.
        DepositConfirmedElsewhere => "deposit_confirmed_elsewhere",
        /// A reorganisation removed the deposit, or it is our own movement.
        DepositUnfit => "deposit_unfit",
        /// The other appeal is another user's.
        OtherUser => "other_user",
        /// An appeal is no duplicate of itself, nor of its own duplicate.
        SameAppeal => "same_appeal",
        /// Somebody else holds it.
        HeldByOther => "held_by_other",
    }
}

impl WorkRefusal {
    /// What the person can do next.
    #[must_use]
    pub const fn hint(self) -> &'static str {
        match self {
            Self::AppealDecided => "`recover appeals reopen` takes the decision back",
            Self::AppealOpen => "only a refused, duplicate or closed appeal is reopened",
            Self::NotWaiting => "only what waits goes on",
            Self::ClaimOpen => {
                "`recover match undo` or `recover claims cancel` ends the claim first"
            }
            Self::ClaimSettled => {
                "the customer was paid: close the appeal, a new one is a new case"
            }
            Self::QuestionOpen => "record the answer with `recover appeals answer`, or wait for it",
            Self::NothingAsked => {
                "`recover appeals ask` asks; what came unasked is recorded with --unasked"
            }
            Self::NothingProposed => "name the deposit with `recover appeals correct`",
            Self::OtherProposed => {
                "`recover appeals show` shows it; `recover appeals correct` names another"
            }
            Self::DepositConfirmedElsewhere => {
                "decide about the other appeal first: one deposit has one owner"
            }
            Self::DepositUnfit => "`recover deposits show` says what became of it",
            Self::OtherUser => "two users who want one deposit are a conflict, not a duplicate",
            Self::SameAppeal => "name the appeal that came first",
            Self::HeldByOther => "`recover appeals assign` gives it to somebody else",
        }
    }
}

/// Where an act leads an appeal that stands as `status`: the same status where it changes none.
///
/// # Errors
/// When the act is not possible there.
pub const fn after(status: AppealStatus, act: Act) -> Result<AppealStatus, WorkRefusal> {
    use AppealStatus as To;
    if let Act::Note = act {
        return Ok(status);
    }
    if let Act::Reopen = act {
        return if status.is_open() {
            Err(WorkRefusal::AppealOpen)
        } else {
            Ok(To::Received)
        };
    }
    if !status.is_open() {
        return Err(WorkRefusal::AppealDecided);
    }
    match act {
        Act::Assign | Act::Note | Act::Reopen => Ok(status),
        Act::Ask => match status {
            To::NeedsInfo => Err(WorkRefusal::QuestionOpen),
            _ => Ok(To::NeedsInfo),
        },
        Act::Answer => Ok(To::Received),
        Act::Confirm => Ok(To::Matched),
        // Naming no deposit leads to `no_match` instead: see [`after_correcting`].
        Act::Correct => Ok(To::Matched),
        Act::Duplicate => Ok(To::Duplicate),
        Act::Refuse => Ok(To::Refused),
        Act::Wait => Ok(To::Waiting),
        Act::Close => Ok(To::Closed),
        // Without a deposit it is matched afresh: see [`after_resuming`].
        Act::Resume => match status {
            To::Waiting => Ok(To::Matched),
            _ => Err(WorkRefusal::NotWaiting),
        },
    }
}

/// Where going on leads: to `matched` with a deposit, to `received` without.
///
/// # Errors
/// As [`after`].
pub const fn after_resuming(
    status: AppealStatus,
    has_deposit: bool,
) -> Result<AppealStatus, WorkRefusal> {
    match after(status, Act::Resume) {
        Ok(_) if !has_deposit => Ok(AppealStatus::Received),
        other => other,
    }
}

/// Where a correction leads: to `matched` with a deposit, to `no_match` without.
///
/// # Errors
/// As [`after`].
pub const fn after_correcting(
    status: AppealStatus,
    has_deposit: bool,
) -> Result<AppealStatus, WorkRefusal> {
    match after(status, Act::Correct) {
        Ok(_) if !has_deposit => Ok(AppealStatus::NoMatch),
        other => other,
    }
}

coded! {
    /// Why an appeal is refused, as the customer is told. Nothing here says that anybody is suspected of anything.
    pub enum RefusalCode {
        /// The address was never ours.
        NotOurs => "not_ours",
        /// Nobody holds the key of the address.
        NoKey => "no_key",
        /// It went to a contract that is not ours.
        TokenContract => "token_contract",
        /// A bridge holds it.
        HeldByBridge => "held_by_bridge",
        /// The transaction failed or was replaced.
        TransactionFailed => "transaction_failed",
        /// It is not final yet.
        NotFinal => "not_final",
        /// It was credited.
        AlreadyCredited => "already_credited",
        /// It is somebody else's.
        OtherUsersDeposit => "other_users_deposit",
        /// Only a part was delivered, and that was credited.
        PartialPayment => "partial_payment",
        /// The token is an imitation or worth nothing.
        WorthlessToken => "worthless_token",
        /// It stands on an abandoned branch.
        OldFork => "old_fork",
        /// We cannot act on the network.
        NetworkOutOfReach => "network_out_of_reach",
        /// It is below what we recover.
        BelowFloor => "below_floor",
        /// It is too long ago.
        TooOld => "too_old",
        /// No deposit fits what was told.
        NotFound => "not_found",
        /// Nothing shows that the payment is the customer's.
        OwnershipNotShown => "ownership_not_shown",
        /// The customer did not answer.
        NoAnswer => "no_answer",
        /// The customer does not want it any more.
        Withdrawn => "withdrawn",
        /// For a reason that is not told.
        NotPossible => "not_possible",
    }
}

impl RefusalCode {
    /// What the customer is told: plain, true, with what they can do.
    #[must_use]
    pub const fn customer_sentence(self) -> &'static str {
        match self {
            Self::NotOurs => {
                "The address that received this payment does not belong to us, so we cannot move the coins. Please ask the service that gave you the address."
            }
            Self::NoKey => {
                "Nobody holds a key for the address that received this payment, so nobody can move the coins."
            }
            Self::TokenContract => {
                "The coins were sent to a token's own contract. Only that contract's maker could give them back."
            }
            Self::HeldByBridge => {
                "The coins are held by a bridge and never reached us. Please ask the bridge with both transaction ids."
            }
            Self::TransactionFailed => {
                "The transaction failed or was replaced, so no coins were moved. Please ask the service or wallet you sent from."
            }
            Self::NotFinal => {
                "The network has not made the transaction final yet. Nothing needs to be done: it is credited once it is final."
            }
            Self::AlreadyCredited => {
                "This payment was already credited to your account. Your deposit history shows it."
            }
            Self::OtherUsersDeposit => {
                "We could not connect this payment with your account, so we cannot pay it to you."
            }
            Self::PartialPayment => {
                "Only a part of the stated amount was delivered by the network, and that part was credited."
            }
            Self::WorthlessToken => {
                "The token that was sent is an imitation of another or has no value, so there is nothing to recover."
            }
            Self::OldFork => {
                "The transaction stands on a branch of the network that was given up, so no coins exist there to be recovered."
            }
            Self::NetworkOutOfReach => {
                "We do not operate on the network that was used and cannot act there."
            }
            Self::BelowFloor => {
                "The value is below the smallest sum that we recover: the network's costs would exceed it."
            }
            Self::TooOld => "The payment is older than we can recover.",
            Self::NotFound => {
                "With what we were told we could not find this payment at any address of ours. Please open a new request with the transaction id from the service you sent from."
            }
            Self::OwnershipNotShown => {
                "We found no sign that this payment is yours. Please open a new request with a record of the withdrawal from the service you sent from."
            }
            Self::NoAnswer => {
                "We asked for more information and received none. Please open a new request when you have it."
            }
            Self::Withdrawn => "You told us that you do not need this any more.",
            Self::NotPossible => {
                "We cannot do what was asked. Our support team can tell you how to complain."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One row a status, one column an act in the order of `Act::ALL`: where it leads, `!` for a refusal.
    const TABLE: &[(AppealStatus, [&str; 12])] = {
        use AppealStatus::*;
        &[
            //            assign       note         ask          answer     confirm    correct    duplicate    refuse     wait       close     reopen     resume
            (
                Received,
                [
                    "received",
                    "received",
                    "needs_info",
                    "received",
                    "matched",
                    "matched",
                    "duplicate",
                    "refused",
                    "waiting",
                    "closed",
                    "!appeal_open",
                    "!not_waiting",
                ],
            ),
            (
                NeedsInfo,
                [
                    "needs_info",
                    "needs_info",
                    "!question_open",
                    "received",
                    "matched",
                    "matched",
                    "duplicate",
                    "refused",
                    "waiting",
                    "closed",
                    "!appeal_open",
                    "!not_waiting",
                ],
            ),
            (
                NoMatch,
                [
                    "no_match",
                    "no_match",
                    "needs_info",
                    "received",
                    "matched",
                    "matched",
                    "duplicate",
                    "refused",
                    "waiting",
                    "closed",
                    "!appeal_open",
                    "!not_waiting",
                ],
            ),
            (
                Matched,
                [
                    "matched",
                    "matched",
                    "needs_info",
                    "received",
                    "matched",
                    "matched",
                    "duplicate",
                    "refused",
                    "waiting",
                    "closed",
                    "!appeal_open",
                    "!not_waiting",
                ],
            ),
            (
                Conflict,
                [
                    "conflict",
                    "conflict",
                    "needs_info",
                    "received",
                    "matched",
                    "matched",
                    "duplicate",
                    "refused",
                    "waiting",
                    "closed",
                    "!appeal_open",
                    "!not_waiting",
                ],
            ),
            (
                Waiting,
                [
                    "waiting",
                    "waiting",
                    "needs_info",
                    "received",
                    "matched",
                    "matched",
                    "duplicate",
                    "refused",
                    "waiting",
                    "closed",
                    "!appeal_open",
                    "matched",
                ],
            ),
            (
                Refused,
                [
                    "!appeal_decided",
                    "refused",
                    "!appeal_decided",
                    "!appeal_decided",
                    "!appeal_decided",
                    "!appeal_decided",
                    "!appeal_decided",
                    "!appeal_decided",
                    "!appeal_decided",
                    "!appeal_decided",
                    "received",
                    "!appeal_decided",
                ],
            ),
            (
                Duplicate,
                [
                    "!appeal_decided",
                    "duplicate",
                    "!appeal_decided",
                    "!appeal_decided",
                    "!appeal_decided",
                    "!appeal_decided",
                    "!appeal_decided",
                    "!appeal_decided",
                    "!appeal_decided",
                    "!appeal_decided",
                    "received",
                    "!appeal_decided",
                ],
            ),
            (
                Closed,
                [
                    "!appeal_decided",
                    "closed",
                    "!appeal_decided",
                    "!appeal_decided",
                    "!appeal_decided",
                    "!appeal_decided",
                    "!appeal_decided",
                    "!appeal_decided",
                    "!appeal_decided",
                    "!appeal_decided",
                    "received",
                    "!appeal_decided",
                ],
            ),
        ]
    };

    #[test]
    fn own_every_act_on_every_status_leads_where_the_table_says() {
        assert_eq!(TABLE.len(), AppealStatus::ALL.len());
        for ((status, row), known) in TABLE.iter().zip(AppealStatus::ALL) {
            assert_eq!(status, known);
            for (act, expected) in Act::ALL.iter().zip(row) {
                let found = match after(*status, *act) {
                    Ok(status) => status.code().to_owned(),
                    Err(refusal) => format!("!{refusal}"),
                };
                assert_eq!(found, *expected, "{act} on {status}");
            }
        }
    }

    #[test]
    fn own_a_correction_without_a_deposit_leads_to_no_match() {
        for status in AppealStatus::ALL {
            let with = after_correcting(*status, true);
            let without = after_correcting(*status, false);
            if status.is_open() {
                assert_eq!(with, Ok(AppealStatus::Matched));
                assert_eq!(without, Ok(AppealStatus::NoMatch));
            } else {
                assert_eq!(with, Err(WorkRefusal::AppealDecided));
                assert_eq!(without, Err(WorkRefusal::AppealDecided));
            }
        }
    }

    #[test]
    fn own_what_waits_without_a_deposit_is_matched_afresh() {
        for status in AppealStatus::ALL {
            let without = after_resuming(*status, false);
            match status {
                AppealStatus::Waiting => assert_eq!(without, Ok(AppealStatus::Received)),
                other => assert_eq!(without, after_resuming(*other, true)),
            }
        }
    }

    #[test]
    fn own_every_refusal_is_told_in_a_sentence_that_tips_nobody_off() {
        for code in RefusalCode::ALL {
            let sentence = code.customer_sentence();
            assert!(sentence.ends_with('.') && sentence.len() > 30, "{code}");
            for word in [
                "fraud", "sanction", "complian", "suspic", "screen", "police",
            ] {
                assert!(!sentence.to_lowercase().contains(word), "{code}: {word}");
            }
        }
    }
}
