//! The specialist's queue: the one thing to do next with an appeal, why, and by when. Pure: what is known of an appeal goes
//! in, the next action comes out.

use crate::appeal::{AppealStatus, MatchDecision};
use crate::claim::ClaimStatus;
use crate::code::coded;
use crate::deposit::DepositStatus;
use crate::kind::Kind;
use crate::time::Timestamp;
use crate::verdict::Missing;

coded! {
    /// What is to be done next with an appeal.
    pub enum NextAction {
        /// Somebody else's money seems to be asked for: look before anything else.
        ReviewFraud => "review_fraud",
        /// Several users want one deposit: decide whose it is.
        ResolveConflict => "resolve_conflict",
        /// Say whether the proposed deposit is the right one.
        ConfirmMatch => "confirm_match",
        /// Open a claim on the deposit.
        OpenClaim => "open_claim",
        /// Ask the customer the one question that would help.
        AskOneQuestion => "ask_one_question",
        /// Tell the customer that it cannot be done.
        Refuse => "refuse",
        /// The customer was paid: say so and close.
        Close => "close",
        /// Run `match`.
        RunMatch => "run_match",
        /// The customer must answer first.
        WaitForAnswer => "wait_for_answer",
        /// A network or a listing must come first.
        WaitNetwork => "wait_network",
        /// The claim goes its way.
        FollowClaim => "follow_claim",
        /// Nothing is left to do.
        Nothing => "nothing",
    }
}

coded! {
    /// Which clock runs for an appeal.
    pub enum Stage {
        /// Nobody answered the customer yet.
        FirstAnswer => "first_answer",
        /// The customer was answered and waits for a decision.
        Decision => "decision",
        /// `match` must run first; it is as late as a first answer would be.
        Matching => "matching",
        /// Somebody or something else must move first.
        Waiting => "waiting",
        /// None: it is decided.
        Done => "done",
    }
}

/// By when customers are answered, in whole hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceLevels {
    /// From the appeal to the first answer.
    pub first_answer_hours: u32,
    /// From the customer's last word to the decision.
    pub decision_hours: u32,
    /// How long anything waits before somebody looks at it again.
    pub wait_hours: u32,
    /// For how many minutes `appeals next` gives an appeal to a person.
    pub lease_minutes: u32,
}

impl Default for ServiceLevels {
    /// A day, three days, two weeks; half an hour.
    fn default() -> Self {
        Self {
            first_answer_hours: 24,
            decision_hours: 72,
            wait_hours: 336,
            lease_minutes: 30,
        }
    }
}

impl ServiceLevels {
    /// How many hours a stage may take; `None` where no clock runs.
    #[must_use]
    pub const fn hours(&self, stage: Stage) -> Option<u32> {
        match stage {
            Stage::FirstAnswer | Stage::Matching => Some(self.first_answer_hours),
            Stage::Decision => Some(self.decision_hours),
            Stage::Waiting => Some(self.wait_hours),
            Stage::Done => None,
        }
    }

    /// When the stage must be over, for a clock that began at `since`; `None` where no clock runs.
    #[must_use]
    pub fn deadline(&self, stage: Stage, since: Timestamp) -> Option<Timestamp> {
        since.plus_seconds(i64::from(self.hours(stage)?).saturating_mul(3_600))
    }
}

/// The deposit that an appeal is paired with, as far as the queue cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PairedDeposit {
    /// Its kind.
    pub kind: Kind,
    /// Where it stands.
    pub status: DepositStatus,
    /// Whether its verdict is `not_recoverable`.
    pub is_lost: bool,
    /// What its verdict misses; `None` where it misses nothing.
    pub missing: Option<Missing>,
    /// Whether the book names an owner who is not the one who appeals.
    pub is_another_users: bool,
}

/// What is known of an appeal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Situation {
    /// Where it stands.
    pub status: AppealStatus,
    /// When it came in.
    pub created_at: Timestamp,
    /// What matching decided; `None` before.
    pub decision: Option<MatchDecision>,
    /// What it is paired with; `None` when with nothing.
    pub deposit: Option<PairedDeposit>,
    /// Whether a person said which deposit is right, or that none is.
    pub is_decided_by_person: bool,
    /// Its newest claim.
    pub claim: Option<ClaimStatus>,
    /// How many questions the customer was asked.
    pub questions: u32,
    /// When the customer was first answered in any way.
    pub first_answer_at: Option<Timestamp>,
    /// When the customer last answered.
    pub customer_wrote_at: Option<Timestamp>,
    /// When it began to wait.
    pub waits_since: Option<Timestamp>,
}

/// The most questions that a customer is asked before the appeal is refused.
pub const QUESTIONS_MAX: u32 = 2;

/// One appeal's place in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NextStep {
    /// What to do.
    pub action: NextAction,
    /// Why, for a person.
    pub reason: &'static str,
    /// Which clock runs.
    pub stage: Stage,
    /// Since when it runs.
    pub since: Timestamp,
}

/// What to do next with an appeal.
#[must_use]
pub fn next_step(seen: &Situation) -> NextStep {
    let (action, reason) = next_action(seen);
    let stage = match action {
        NextAction::Nothing => Stage::Done,
        NextAction::RunMatch => Stage::Matching,
        NextAction::WaitForAnswer | NextAction::WaitNetwork | NextAction::FollowClaim => {
            Stage::Waiting
        }
        _ if seen.first_answer_at.is_none() => Stage::FirstAnswer,
        _ => Stage::Decision,
    };
    let wrote = seen
        .customer_wrote_at
        .map_or(seen.created_at, |at| at.max(seen.created_at));
    let since = match stage {
        Stage::Waiting => seen.waits_since.map_or(wrote, |at| at.max(wrote)),
        Stage::FirstAnswer | Stage::Decision | Stage::Matching | Stage::Done => wrote,
    };
    NextStep {
        action,
        reason,
        stage,
        since,
    }
}

fn next_action(seen: &Situation) -> (NextAction, &'static str) {
    use NextAction as Do;
    match seen.claim {
        Some(ClaimStatus::Settled) if seen.status.is_open() => {
            return (Do::Close, "its claim is settled: tell the customer");
        }
        Some(claim) if claim.is_open() && seen.status.is_open() => {
            return (Do::FollowClaim, "a claim is open for it");
        }
        _ => {}
    }
    match seen.status {
        AppealStatus::Refused => (Do::Nothing, "it was refused"),
        AppealStatus::Duplicate => (Do::Nothing, "the same user asked before"),
        AppealStatus::Closed => (Do::Nothing, "it is closed"),
        AppealStatus::NeedsInfo => (Do::WaitForAnswer, "the customer was asked"),
        AppealStatus::Waiting => (Do::WaitNetwork, "it was set to wait"),
        AppealStatus::Received => (Do::RunMatch, "matching has not looked at it yet"),
        AppealStatus::Conflict => conflict(seen),
        AppealStatus::NoMatch => no_match(seen),
        AppealStatus::Matched => matched(seen),
    }
}

fn conflict(seen: &Situation) -> (NextAction, &'static str) {
    if seen.deposit.is_some_and(|deposit| deposit.is_another_users) {
        (
            NextAction::ReviewFraud,
            "the deposit is another user's by the book, and two want it",
        )
    } else {
        (
            NextAction::ResolveConflict,
            "another user wants the same deposit",
        )
    }
}

fn no_match(seen: &Situation) -> (NextAction, &'static str) {
    if seen.is_decided_by_person {
        (
            NextAction::Refuse,
            "a person found that no deposit is the right one",
        )
    } else if seen.questions >= QUESTIONS_MAX {
        (
            NextAction::Refuse,
            "no deposit fits, and the customer was asked enough",
        )
    } else {
        (NextAction::AskOneQuestion, "no deposit fits what was told")
    }
}

fn matched(seen: &Situation) -> (NextAction, &'static str) {
    use NextAction as Do;
    let Some(deposit) = seen.deposit else {
        return (Do::RunMatch, "its match is gone");
    };
    if deposit.status == DepositStatus::Gone && seen.is_decided_by_person {
        return (
            Do::ConfirmMatch,
            "a reorganisation removed the deposit that a person chose: choose again",
        );
    }
    if deposit.status == DepositStatus::Gone {
        return (Do::RunMatch, "a reorganisation removed its deposit");
    }
    let is_sure = seen.is_decided_by_person || seen.decision == Some(MatchDecision::Auto);
    if deposit.is_another_users && !seen.is_decided_by_person {
        return (
            Do::ReviewFraud,
            "the deposit is another user's by the address book",
        );
    }
    if !is_sure {
        return (Do::ConfirmMatch, "matching is not sure of it");
    }
    if deposit.is_lost || deposit.kind.is_diagnosis() {
        return (Do::Refuse, "nothing can be recovered of its deposit");
    }
    if deposit.status == DepositStatus::Resolved {
        return (Do::Refuse, "nothing is left of its deposit");
    }
    match deposit.missing {
        Some(Missing::NetworkSuspended) => (Do::WaitNetwork, "the network is closed for deposits"),
        Some(Missing::FinalityMissing) => (Do::WaitNetwork, "its block is not final yet"),
        Some(Missing::NetworkConditional | Missing::NotMovableYet) => {
            (Do::WaitNetwork, "the money cannot be moved there yet")
        }
        Some(Missing::NotSeenByUs) => (
            Do::OpenClaim,
            "no source of ours has seen its deposit: diagnose the transaction, then open a claim",
        ),
        _ => (
            Do::OpenClaim,
            if seen.is_decided_by_person {
                "a person confirmed its deposit"
            } else {
                "matching is sure of its deposit"
            },
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_seconds(seconds).unwrap()
    }

    fn situation(status: AppealStatus) -> Situation {
        Situation {
            status,
            created_at: at(1_000),
            decision: None,
            deposit: None,
            is_decided_by_person: false,
            claim: None,
            questions: 0,
            first_answer_at: None,
            customer_wrote_at: None,
            waits_since: None,
        }
    }

    const GOOD: PairedDeposit = PairedDeposit {
        kind: Kind::MissedCredit,
        status: DepositStatus::Open,
        is_lost: false,
        missing: None,
        is_another_users: false,
    };

    fn paired(decision: MatchDecision, deposit: PairedDeposit) -> Situation {
        Situation {
            decision: Some(decision),
            deposit: Some(deposit),
            ..situation(AppealStatus::Matched)
        }
    }

    #[test]
    fn own_each_situation_has_one_next_action() {
        use NextAction::*;
        let lost = PairedDeposit {
            is_lost: true,
            ..GOOD
        };
        let gone = PairedDeposit {
            status: DepositStatus::Gone,
            ..GOOD
        };
        let resolved = PairedDeposit {
            status: DepositStatus::Resolved,
            ..GOOD
        };
        let theirs = PairedDeposit {
            is_another_users: true,
            ..GOOD
        };
        let suspended = PairedDeposit {
            missing: Some(Missing::NetworkSuspended),
            ..GOOD
        };
        let unseen = PairedDeposit {
            missing: Some(Missing::NotSeenByUs),
            ..GOOD
        };
        let by_person = |seen| Situation {
            is_decided_by_person: true,
            ..seen
        };
        let with_claim = |seen, claim| Situation {
            claim: Some(claim),
            ..seen
        };
        let auto = paired(MatchDecision::Auto, GOOD);
        let review = paired(MatchDecision::Review, GOOD);
        let conflict = situation(AppealStatus::Conflict);
        let none = situation(AppealStatus::NoMatch);
        let rows = [
            ("received", situation(AppealStatus::Received), RunMatch),
            ("auto", auto, OpenClaim),
            ("review", review, ConfirmMatch),
            ("confirmed", by_person(review), OpenClaim),
            ("auto, lost", paired(MatchDecision::Auto, lost), Refuse),
            (
                "review, lost",
                paired(MatchDecision::Review, lost),
                ConfirmMatch,
            ),
            ("auto, gone", paired(MatchDecision::Auto, gone), RunMatch),
            (
                "auto, resolved",
                paired(MatchDecision::Auto, resolved),
                Refuse,
            ),
            (
                "auto, another's",
                paired(MatchDecision::Auto, theirs),
                ReviewFraud,
            ),
            (
                "confirmed, another's",
                by_person(paired(MatchDecision::Review, theirs)),
                OpenClaim,
            ),
            (
                "auto, suspended",
                paired(MatchDecision::Auto, suspended),
                WaitNetwork,
            ),
            (
                "auto, from a file",
                paired(MatchDecision::Auto, unseen),
                OpenClaim,
            ),
            (
                "conflict",
                Situation {
                    deposit: Some(GOOD),
                    ..conflict
                },
                ResolveConflict,
            ),
            (
                "conflict, another's",
                Situation {
                    deposit: Some(theirs),
                    ..conflict
                },
                ReviewFraud,
            ),
            ("no match", none, AskOneQuestion),
            (
                "no match, asked twice",
                Situation {
                    questions: 2,
                    ..none
                },
                Refuse,
            ),
            ("no match by a person", by_person(none), Refuse),
            ("asked", situation(AppealStatus::NeedsInfo), WaitForAnswer),
            ("waiting", situation(AppealStatus::Waiting), WaitNetwork),
            (
                "claimed",
                with_claim(auto, ClaimStatus::Quoted),
                FollowClaim,
            ),
            ("paid", with_claim(auto, ClaimStatus::Settled), Close),
            (
                "claim cancelled",
                with_claim(auto, ClaimStatus::Cancelled),
                OpenClaim,
            ),
            (
                "paid and closed",
                with_claim(situation(AppealStatus::Closed), ClaimStatus::Settled),
                Nothing,
            ),
            ("refused", situation(AppealStatus::Refused), Nothing),
            ("duplicate", situation(AppealStatus::Duplicate), Nothing),
        ];
        for (name, seen, expected) in rows {
            let step = next_step(&seen);
            assert_eq!(step.action, expected, "{name}");
            assert!(!step.reason.is_empty(), "{name}");
            assert_eq!(step.stage == Stage::Done, step.action == Nothing, "{name}");
        }
    }

    #[test]
    fn own_the_clock_runs_from_the_customers_last_word() {
        let levels = ServiceLevels::default();
        let fresh = next_step(&situation(AppealStatus::NoMatch));
        assert_eq!((fresh.stage, fresh.since), (Stage::FirstAnswer, at(1_000)));
        assert_eq!(
            levels.deadline(fresh.stage, fresh.since),
            Some(at(1_000 + 24 * 3_600))
        );
        let asked = next_step(&Situation {
            first_answer_at: Some(at(2_000)),
            waits_since: Some(at(2_000)),
            questions: 1,
            ..situation(AppealStatus::NeedsInfo)
        });
        assert_eq!((asked.stage, asked.since), (Stage::Waiting, at(2_000)));
        let answered = next_step(&Situation {
            first_answer_at: Some(at(2_000)),
            customer_wrote_at: Some(at(9_000)),
            questions: 1,
            ..situation(AppealStatus::NoMatch)
        });
        assert_eq!(
            (answered.stage, answered.since),
            (Stage::Decision, at(9_000))
        );
        assert_eq!(
            levels.deadline(Stage::Decision, at(9_000)),
            Some(at(9_000 + 72 * 3_600))
        );
        assert_eq!(levels.deadline(Stage::Done, at(1)), None);
    }
}
