//! What a person may do with an appeal, and what is kept of it.

use recover_core::appeal::{AppealId, AppealStatus, MatchDecision};
use recover_core::appeal_work::{Act, RefusalCode, WorkRefusal};
use recover_core::observation::DepositId;
use recover_core::question::{AppealField, QuestionCode};
use recover_core::time::Timestamp;
use std::collections::BTreeMap;

/// What a person does with an appeal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// Gives it to somebody for good, or takes it from everybody.
    Assign {
        /// Who works on it from now on.
        to: Option<String>,
        /// Whether it may be taken from somebody else.
        take_over: bool,
    },
    /// Writes a note; it must not be empty.
    Note {
        /// The note.
        text: String,
    },
    /// Asks the customer one question.
    Ask {
        /// Which.
        code: QuestionCode,
        /// As the customer reads it.
        text: String,
    },
    /// Records what the customer answered: the appeal is received again, and matching looks at it anew.
    Answer {
        /// What was said, by field.
        fields: BTreeMap<AppealField, String>,
        /// Whether it may come without a question.
        unasked: bool,
    },
    /// Says that the proposed deposit is the right one.
    Confirm {
        /// The deposit that the person saw.
        deposit: DepositId,
    },
    /// Says which deposit is the right one, whatever was proposed.
    Correct {
        /// The deposit; `None` where none that is there is the right one.
        deposit: Option<DepositId>,
        /// Why.
        reason: String,
    },
    /// Says that the same user asked the same before.
    Duplicate {
        /// The appeal that came first.
        of: AppealId,
    },
    /// Refuses it.
    Refuse {
        /// As what.
        code: RefusalCode,
        /// Why, for us.
        reason: String,
    },
    /// Lets it wait for something outside.
    Wait {
        /// For what.
        reason: String,
    },
    /// Ends it.
    Close {
        /// Why.
        reason: String,
    },
    /// Takes an end back.
    Reopen {
        /// Why.
        reason: String,
    },
    /// Goes on with it: what it waited for has come.
    Resume {
        /// What came.
        reason: String,
    },
}

impl Work {
    /// Which act it is.
    #[must_use]
    pub const fn act(&self) -> Act {
        match self {
            Self::Assign { .. } => Act::Assign,
            Self::Note { .. } => Act::Note,
            Self::Ask { .. } => Act::Ask,
            Self::Answer { .. } => Act::Answer,
            Self::Confirm { .. } => Act::Confirm,
            Self::Correct { .. } => Act::Correct,
            Self::Duplicate { .. } => Act::Duplicate,
            Self::Refuse { .. } => Act::Refuse,
            Self::Wait { .. } => Act::Wait,
            Self::Close { .. } => Act::Close,
            Self::Reopen { .. } => Act::Reopen,
            Self::Resume { .. } => Act::Resume,
        }
    }
}

/// Who acts and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActContext {
    /// Who.
    pub person: String,
    /// When.
    pub now: Timestamp,
    /// Whether everything is done but the last step, and nothing kept.
    pub dry_run: bool,
}

/// What became of an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActAnswer {
    /// It was carried out: where the appeal stands now.
    Done(AppealStatus),
    /// It stood so already. Nothing was changed.
    Repeated(AppealStatus),
    /// It is not possible. Nothing was changed.
    Refused {
        /// Why.
        refusal: WorkRefusal,
        /// Where the appeal stands.
        status: AppealStatus,
        /// What stands in the way: a claim, an appeal, a deposit, a person; empty where nothing has a name.
        by: String,
    },
    /// There is no such appeal or deposit; which, in one word.
    NotFound(&'static str),
}

/// What somebody took from the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// The most urgent one that nobody had.
    New(AppealId),
    /// One that the person holds already and has not finished; its time begins anew.
    Still(AppealId),
    /// Nothing is to be done that nobody has.
    Nothing,
}

/// One act on an appeal, as it was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppealAct {
    /// Counts the acts on the appeal, from 1.
    pub number: u32,
    /// What was done.
    pub act: Act,
    /// By whom.
    pub person: String,
    /// When.
    pub at: Timestamp,
    /// Where the appeal stood afterwards.
    pub status: AppealStatus,
    /// To whom it was given.
    pub assigned_to: Option<String>,
    /// The question's or the refusal's code.
    pub code: Option<String>,
    /// The deposit that was named.
    pub deposit: Option<DepositId>,
    /// The appeal that was named.
    pub other: Option<AppealId>,
    /// The question as asked, the answer's fields as JSON, or the reason.
    pub text: Option<String>,
}

/// What a person decided about which deposit is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TruthDecision {
    /// The one that matching proposed.
    Confirmed,
    /// Another one.
    Corrected,
    /// None that is there.
    None,
}

impl TruthDecision {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Corrected => "corrected",
            Self::None => "none",
        }
    }

    pub(super) fn from_code(code: &str) -> Option<Self> {
        [Self::Confirmed, Self::Corrected, Self::None]
            .into_iter()
            .find(|one| one.code() == code)
    }
}

/// A person's decision, and what matching had proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truth {
    /// The appeal.
    pub appeal: AppealId,
    /// The deposit; `None` where none is the right one.
    pub deposit: Option<DepositId>,
    /// What was decided.
    pub decision: TruthDecision,
    /// By whom.
    pub person: String,
    /// When.
    pub at: Timestamp,
    /// What matching proposed then: deposit, decision and score in parts per million.
    pub model: Option<(Option<DepositId>, MatchDecision, u32)>,
}
