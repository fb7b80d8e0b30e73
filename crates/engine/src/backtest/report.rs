//! What a backtest found: one result a case, sums by class.

use crate::import::{DeskOutcome, SecretsFound};
use recover_core::appeal::{AppealId, MatchDecision};
use recover_core::fee::Cents;
use recover_core::observation::DepositId;
use recover_core::time::Timestamp;
use recover_store::Price;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// How the desk's decision and ours compare. A case has every class that fits; the first in this order is its main one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// One deposit was paid more than once, in the file or with the ledger.
    PaidTwice,
    /// A user was paid whom our evidence does not support.
    OtherUser,
    /// They paid, and nothing here says that the deposit was this user's.
    PaidWithoutEvidence,
    /// They paid, and we say no.
    WeWouldRefuse,
    /// They paid one deposit, and we would pay another.
    OtherDeposit,
    /// They said no, and a deposit of this user can be recovered.
    DeskRefusedRecoverable,
    /// The fee is another than today's policy asks.
    FeeDiffers,
    /// The deposit that they paid is not in the database: nothing can be compared.
    DepositMissing,
    /// We would ask a person. Not a disagreement.
    NeedsPerson,
    /// Both say the same.
    Agree,
    /// The row could not be read.
    Unreadable,
}

impl Class {
    /// Every class, in order of precedence.
    pub const ALL: [Self; 11] = [
        Self::PaidTwice,
        Self::OtherUser,
        Self::PaidWithoutEvidence,
        Self::WeWouldRefuse,
        Self::OtherDeposit,
        Self::DeskRefusedRecoverable,
        Self::FeeDiffers,
        Self::DepositMissing,
        Self::NeedsPerson,
        Self::Agree,
        Self::Unreadable,
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::PaidTwice => "paid_twice",
            Self::OtherUser => "other_user",
            Self::PaidWithoutEvidence => "paid_without_evidence",
            Self::WeWouldRefuse => "we_would_refuse",
            Self::OtherDeposit => "other_deposit",
            Self::DeskRefusedRecoverable => "desk_refused_recoverable",
            Self::FeeDiffers => "fee_differs",
            Self::DepositMissing => "deposit_missing",
            Self::NeedsPerson => "needs_person",
            Self::Agree => "agree",
            Self::Unreadable => "unreadable",
        }
    }

    /// What it means, in words for a reader who knows no code.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::PaidTwice => "one deposit was paid more than once",
            Self::OtherUser => "paid to a user whom the evidence does not support",
            Self::PaidWithoutEvidence => "paid, and nothing shows that the deposit was this user's",
            Self::WeWouldRefuse => "paid, and the rules of today say no",
            Self::OtherDeposit => "both pay, but not the same deposit",
            Self::DeskRefusedRecoverable => {
                "refused or given up, and a deposit of this user can be recovered"
            }
            Self::FeeDiffers => "the fee is not that of today's policy (the sum is the difference)",
            Self::DepositMissing => "the paid deposit is not in the database: not compared",
            Self::NeedsPerson => "the engine would ask a person: no disagreement",
            Self::Agree => "both say the same",
            Self::Unreadable => "rows that could not be read",
        }
    }

    /// Whether the desk and we disagree.
    #[must_use]
    pub const fn is_disagreement(self) -> bool {
        !matches!(
            self,
            Self::DepositMissing | Self::NeedsPerson | Self::Agree | Self::Unreadable
        )
    }
}

/// A sum, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Money {
    /// The finding is about no money.
    None,
    /// Nobody knows what it was worth. Counted apart and never as zero.
    Unknown,
    /// In cents of the policy's currency.
    Known(Cents),
}

/// One way in which the decisions compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which.
    pub class: Class,
    /// A code of its own: the reason of a refusal, what a person is asked.
    pub code: &'static str,
    /// What is at stake: the deposit's value; for [`Class::FeeDiffers`] the difference.
    pub money: Money,
    /// Why, in one sentence.
    pub sentence: String,
}

/// Which price a value was reckoned with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PriceBasis {
    /// The newest that was not later than the closing of the case.
    AtClosing,
    /// There was none by then: the first one after it.
    AfterClosing,
}

impl PriceBasis {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::AtClosing => "at_closing",
            Self::AfterClosing => "after_closing",
        }
    }
}

/// What the desk did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeskSaid {
    /// How it ended.
    pub outcome: DeskOutcome,
    /// When.
    pub closed_at: Timestamp,
    /// The deposit that was paid, as far as it is known here.
    pub deposit: Option<DepositId>,
    /// How the file names what was paid, where it is not known here.
    pub named: Option<String>,
    /// Who was paid; `None` for refusals.
    pub paid_to: Option<String>,
    /// The code of the refusal, as the file has it.
    pub code: Option<String>,
    /// What was charged, in the policy's currency; `None` when unknown.
    pub fee: Option<Cents>,
}

/// What we would have done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeSay {
    /// What matching decided.
    pub decision: MatchDecision,
    /// The deposit that it names.
    pub deposit: Option<DepositId>,
    /// Its reasons, in its order.
    pub reasons: Vec<String>,
    /// What speaks for the payee, or for the customer where nobody was paid; empty for nothing.
    pub evidence: String,
    /// The service fee of today's policy for the paid deposit; `None` when unknown or when nothing was paid.
    pub fee: Option<Cents>,
}

/// One case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseResult {
    /// The case.
    pub id: AppealId,
    /// Who appealed.
    pub user_id: String,
    /// What the desk did.
    pub desk: DeskSaid,
    /// What we would have done.
    pub ours: WeSay,
    /// What the deposit in question was worth when the case was closed.
    pub value: Money,
    /// The price behind it: its place in [`BacktestReport::prices`].
    pub price: Option<usize>,
    /// How they compare, the main class first; never empty.
    pub findings: Vec<Finding>,
}

impl CaseResult {
    /// The main class.
    #[must_use]
    pub fn class(&self) -> Class {
        self.findings
            .first()
            .map_or(Class::Agree, |finding| finding.class)
    }

    /// The sum by which cases are ranked: the largest known one of its disagreements.
    #[must_use]
    pub fn stake(&self) -> Option<Cents> {
        self.findings
            .iter()
            .filter(|finding| finding.class.is_disagreement())
            .filter_map(|finding| match finding.money {
                Money::Known(cents) => Some(cents),
                Money::None | Money::Unknown => None,
            })
            .max()
    }
}

/// The cases of one class.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClassTotal {
    /// How many cases.
    pub count: u64,
    /// What they are worth together, as far as prices are known.
    pub sum: Cents,
    /// How many of them are about money whose value nobody knows: not in `sum`.
    pub unknown: u64,
    /// The cases, in the order of the file.
    pub ids: Vec<String>,
}

impl ClassTotal {
    /// Adds one case; a sum that leaves every range counts as unknown.
    pub(super) fn add(&mut self, id: &str, money: Money) {
        self.count = self.count.saturating_add(1);
        self.ids.push(id.to_owned());
        match money {
            Money::None => {}
            Money::Unknown => self.unknown = self.unknown.saturating_add(1),
            Money::Known(cents) => match self.sum.checked_add(cents) {
                Some(sum) => self.sum = sum,
                None => self.unknown = self.unknown.saturating_add(1),
            },
        }
    }
}

/// A price that values were reckoned with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceUsed {
    /// The price: what, how much, when, who says so.
    pub price: Price,
    /// Whether it held before the cases were closed.
    pub basis: PriceBasis,
    /// For how many cases.
    pub cases: u64,
}

/// A row that is no case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Which: `line 7`, or a case's id.
    pub which: String,
    /// Why.
    pub reason: String,
}

/// What a backtest found.
#[derive(Debug, Clone)]
pub struct BacktestReport {
    /// The currency of every sum.
    pub currency: String,
    /// The policy that fees were reckoned with.
    pub policy: String,
    /// When the backtest ran.
    pub run_at: Timestamp,
    /// The earliest and the latest closing; `None` without a case.
    pub closed: Option<(Timestamp, Timestamp)>,
    /// How the desk ended the cases.
    pub outcomes: BTreeMap<DeskOutcome, ClassTotal>,
    /// The cases by class, every class that has any. A case with several findings stands in each class once.
    pub classes: BTreeMap<Class, ClassTotal>,
    /// How many cases are in a class of disagreement.
    pub disagreeing: u64,
    /// What the desk charged beyond today's policy, all cases with another fee together.
    pub fee_over: Cents,
    /// What it charged less.
    pub fee_under: Cents,
    /// The results, in the order of the file.
    pub cases: Vec<CaseResult>,
    /// The rows that are no cases.
    pub unreadable: Vec<Unreadable>,
    /// Where those rows are, with line and reason; `None` when there are none.
    pub reject_file: Option<PathBuf>,
    /// The prices used.
    pub prices: Vec<PriceUsed>,
    /// Assets without any price, with how many cases.
    pub unpriced: BTreeMap<String, u64>,
    /// Ledger rows that were not looked at, because they book what a case of the file decided.
    pub set_aside: u64,
    /// Secrets that were pasted into the file. They are kept nowhere.
    pub secrets: SecretsFound,
}

impl BacktestReport {
    /// Cases that could be compared: those in which both took a decision.
    #[must_use]
    pub fn compared(&self) -> u64 {
        let agreeing = self.total(Class::Agree).map_or(0, |total| total.count);
        agreeing.saturating_add(self.disagreeing)
    }

    /// The cases of one class; `None` when it has none.
    #[must_use]
    pub fn total(&self, class: Class) -> Option<&ClassTotal> {
        self.classes.get(&class)
    }

    /// The cases at odds with the most money at stake, dearest first; equal ones in the order of their ids.
    #[must_use]
    pub fn dearest(&self, count: usize) -> Vec<&CaseResult> {
        let mut cases: Vec<(&CaseResult, Cents)> = self
            .cases
            .iter()
            .filter_map(|case| Some((case, case.stake()?)))
            .collect();
        cases.sort_by(|(left, left_stake), (right, right_stake)| {
            right_stake
                .cmp(left_stake)
                .then_with(|| left.id.cmp(&right.id))
        });
        cases
            .into_iter()
            .take(count)
            .map(|(case, _)| case)
            .collect()
    }

    /// One case; `None` when the file has none with this id.
    #[must_use]
    pub fn case(&self, id: &str) -> Option<&CaseResult> {
        self.cases.iter().find(|case| case.id.as_str() == id)
    }
}
