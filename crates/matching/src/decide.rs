//! From clues to decisions: the interest of each appeal, the contest of all of them, a ruling for each.
//!
//! Two scores, never one. Identification says which deposit is meant, from all evidence. Entitlement says whose it is, from
//! evidence that is not public. `auto` needs both, and nobody else with a right to the deposit.

use crate::book::{UserBook, UserRef};
use crate::clue::AppealClues;
use crate::compare::Comparer;
use crate::explain;
use crate::index::{DepositIndex, RowNo};
use crate::levels::{Levels, Part, assigned, id, issued, proof, transaction, view};
use crate::model::{BIT, Model, Thresholds};
use crate::quotes::Quotes;
use crate::rivals::{Contest, Features};
use crate::settle;
use crate::standing::Standing;
use crate::watch::Watch;
use recover_core::appeal::{
    AppealId, Entitlement, MatchAsk, MatchDecision, MatchOutcome, MatchTier,
};
use recover_core::observation::DepositId;

/// The most candidates that an interest keeps.
const CANDIDATES_MAX: usize = 8;

/// A candidate this far below the best is not kept, unless its transaction is named.
const KEPT_BITS: i32 = 14 * BIT;

/// Below this many appeals a second thread costs more than it saves.
const PARALLEL_MIN: usize = 256;

/// One deposit that an appeal may mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// The deposit's row in the index.
    pub row: RowNo,
    /// How it compares.
    pub levels: Levels,
    /// Which deposit, in 1/1024 bit.
    pub identify: i32,
    /// Whose, in 1/1024 bit.
    pub entitle: i32,
}

impl Candidate {
    pub(crate) const fn sum(&self) -> i32 {
        self.identify.saturating_add(self.entitle)
    }

    /// What the claimant's own history and proofs do not touch: the gates use it, so that taking such evidence away never
    /// makes a deposit stand out more.
    pub(crate) fn public(&self, model: &Model) -> i32 {
        let mut levels = self.levels;
        levels.set(Part::View, view::ABSENT);
        levels.set(Part::Sender, 0);
        model.identify(&levels)
    }
}

/// What one appeal wants: compact, so that all of them can be held at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interest {
    /// The appeal.
    pub appeal: Box<str>,
    /// Who appeals.
    pub user_id: Box<str>,
    /// The likeliest deposits, likeliest first; equals in the order of time and id. Empty when nothing was found.
    pub candidates: Box<[Candidate]>,
    /// How many deposits were compared.
    pub compared: u32,
    /// Whether a key brought more than is looked at: what was left out may fit as well.
    pub is_capped: bool,
    /// Whether a person took a match back from this appeal.
    pub is_taken_back: bool,
}

/// What must hold before a match passes by itself; each is a bit of [`Ruling::failed`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u16)]
pub enum Gate {
    /// The deposit is identified: by its bits, or by a score that leaves no doubt where more speaks for it than against it; by both
    /// where the evidence does not say which deposit it is about. Nothing that is stated contradicts it.
    Identified = 1,
    /// No other deposit of the appeal is close.
    Alone = 2,
    /// Something that is not public makes it this user's.
    Entitled = 4,
    /// Nobody else with evidence asks for it; nor does somebody name it who saw the deposit page before, unless it is settled
    /// whose it is.
    Unrivalled = 8,
    /// No proof was refuted.
    Unrefuted = 16,
    /// The user claims no deposits of others; one may be a wrong guess beside a deposit of their own account.
    Unsuspected = 32,
    /// Nothing was left out of the comparison.
    Whole = 64,
    /// No person took a match back.
    Untouched = 128,
    /// The calibrated score is high enough.
    Certain = 256,
    /// The value is known to be within the limit, where there is one.
    WithinLimit = 512,
}

impl Gate {
    /// Every gate in the order in which they are explained.
    pub const ALL: [Self; 10] = [
        Self::Identified,
        Self::Alone,
        Self::Entitled,
        Self::Unrivalled,
        Self::Unrefuted,
        Self::Unsuspected,
        Self::Whole,
        Self::Untouched,
        Self::Certain,
        Self::WithinLimit,
    ];
}

/// What was decided about one appeal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// The deposit it is about; `None` when nothing was found.
    pub candidate: Option<Candidate>,
    /// What was decided.
    pub decision: MatchDecision,
    /// How far it may go without a person.
    pub tier: MatchTier,
    /// The calibrated score in parts per billion.
    pub score_ppb: u32,
    /// The gates that failed, as bits of [`Gate`].
    pub failed: u16,
    /// Other deposits nearly as likely.
    pub close: u8,
    /// The deposits of others that the user's appeals name.
    pub foreign: u8,
    /// Appeals of other users for this deposit, by id; at most five.
    pub rivals: Box<[Box<str>]>,
    /// How many other users ask for this deposit.
    pub rival_users: u32,
    /// The one proof to ask for.
    pub ask: Option<MatchAsk>,
}

impl Ruling {
    /// Whether a gate held.
    #[must_use]
    pub const fn holds(&self, gate: Gate) -> bool {
        self.failed & gate as u16 == 0
    }
}

/// Whether a deposit's value is known to be within the limit up to which matches may pass by themselves.
pub type Limit<'a> = dyn Fn(RowNo) -> bool + Sync + 'a;

/// Finds, compares, decides.
pub struct Matcher<'a> {
    pub(crate) index: &'a DepositIndex,
    book: &'a UserBook,
    pub(crate) model: &'a Model,
    pub(crate) standing: Standing,
}

/// Matches every appeal: exactly one outcome each, in the order of `appeals`. The order of appeals, deposits and book rows
/// changes no outcome, nor does the number of threads.
///
/// `auto` needs both: which deposit, and whose (an address issued to this user alone, their own memo, a sender of theirs, a
/// proof). A transaction id is public and never enough. When several users ask for one deposit, all of them are in
/// `conflict` unless exactly one has such evidence; the others then get nothing. What a person took back from an appeal is no
/// candidate of it and no rival's hindrance; the appeal passes only by a person from then on.
#[must_use]
pub fn match_appeals(
    appeals: &[AppealClues],
    deposits: &DepositIndex,
    book: &UserBook,
    model: &Model,
) -> Vec<MatchOutcome> {
    match_appeals_within(appeals, deposits, book, model, None)
}

/// As [`match_appeals`]; with a limit, what is not known to be within it does not pass without a person, at once or later.
#[must_use]
pub fn match_appeals_within(
    appeals: &[AppealClues],
    deposits: &DepositIndex,
    book: &UserBook,
    model: &Model,
    limit: Option<&Limit<'_>>,
) -> Vec<MatchOutcome> {
    let matcher = Matcher::new(deposits, book, model);
    let interests = in_parallel(appeals, |clues| matcher.look(clues));
    let rulings = matcher.decide(&interests, limit);
    let both: Vec<(&AppealClues, &Ruling)> = appeals.iter().zip(&rulings).collect();
    in_parallel(&both, |(clues, ruling)| matcher.outcome(clues, ruling))
}

/// Maps a list on two threads, in order.
#[must_use]
pub fn in_parallel<T: Sync, R: Send>(list: &[T], each: impl Fn(&T) -> R + Sync) -> Vec<R> {
    if list.len() < PARALLEL_MIN {
        return list.iter().map(each).collect();
    }
    let (left, right) = list.split_at(list.len() / 2);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| right.iter().map(&each).collect::<Vec<R>>());
        let mut all: Vec<R> = Vec::with_capacity(list.len());
        all.extend(left.iter().map(&each));
        all.extend(other.join().expect("a thread that compares does not panic"));
        all
    })
}

/// The likeliest deposit of an appeal after rivals.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pick {
    pub(crate) place: usize,
    /// The sum that is calibrated, in 1/1024 bit.
    pub(crate) raw: i32,
    pub(crate) score_ppb: u32,
}

impl<'a> Matcher<'a> {
    /// A matcher over these deposits, this book and this model.
    #[must_use]
    pub fn new(index: &'a DepositIndex, book: &'a UserBook, model: &'a Model) -> Self {
        Self {
            index,
            book,
            model,
            standing: Standing::new(index, book),
        }
    }

    /// The id of a row's deposit.
    ///
    /// # Panics
    /// When the index has no such row.
    #[must_use]
    pub fn id(&self, row: RowNo) -> DepositId {
        self.index.row(row).expect("a row of this index").id()
    }

    /// Every candidate of an appeal with its levels, in the order of time and id, and whether there are more than were compared.
    #[must_use]
    pub fn pairs(&self, clues: &AppealClues) -> (Vec<(RowNo, Levels)>, bool) {
        let mut rows = Vec::new();
        let user = self.book.user(&clues.user_id);
        let is_capped = self.index.candidates(clues, user, &mut rows);
        (self.compared(clues, user, rows), is_capped)
    }

    /// As [`Self::pairs`], and what would lead to others.
    pub(crate) fn watched_pairs(&self, clues: &AppealClues) -> (Vec<(RowNo, Levels)>, bool, Watch) {
        let mut rows = Vec::new();
        let user = self.book.user(&clues.user_id);
        let (is_capped, watch) = self.index.watched_candidates(clues, user, &mut rows);
        (self.compared(clues, user, rows), is_capped, watch)
    }

    fn compared(
        &self,
        clues: &AppealClues,
        user: Option<UserRef<'_>>,
        mut rows: Vec<RowNo>,
    ) -> Vec<(RowNo, Levels)> {
        let mut comparer = Comparer::new(clues, self.index, self.book, &self.standing, user);
        if !clues.taken_back.is_empty() {
            rows.retain(|row| !clues.taken_back.contains(&self.id(*row)));
        }
        let pairs = rows.into_iter().map(|row| (row, comparer.compare(row)));
        pairs.collect()
    }

    /// What an appeal wants.
    #[must_use]
    pub fn look(&self, clues: &AppealClues) -> Interest {
        let (pairs, is_capped) = self.pairs(clues);
        self.interest(clues, &pairs, is_capped)
    }

    /// What an appeal wants, of pairs compared before.
    #[must_use]
    pub fn interest(
        &self,
        clues: &AppealClues,
        pairs: &[(RowNo, Levels)],
        is_capped: bool,
    ) -> Interest {
        let mut candidates: Vec<Candidate> = pairs
            .iter()
            .map(|(row, levels)| Candidate {
                row: *row,
                levels: *levels,
                identify: self.model.identify(levels),
                entitle: self.model.entitle(levels),
            })
            .collect();
        // Stable: equals stay in the order of time and id.
        candidates.sort_by_key(|candidate| std::cmp::Reverse(candidate.sum()));
        let best = candidates.first().map_or(0, Candidate::sum);
        let mut kept = 0;
        candidates.retain(|candidate| {
            let is_near = candidate.sum() >= best - KEPT_BITS;
            kept += 1;
            kept <= CANDIDATES_MAX && (is_near || candidate.levels.names_transaction())
        });
        Interest {
            appeal: clues.appeal.as_str().into(),
            user_id: clues.user_id.as_str().into(),
            candidates: candidates.into_boxed_slice(),
            compared: u32::try_from(pairs.len()).unwrap_or(u32::MAX),
            is_capped,
            is_taken_back: !clues.taken_back.is_empty(),
        }
    }

    /// The features of every kept candidate of every interest, in their order: what the second model is trained on.
    #[must_use]
    pub fn features(&self, interests: &[Interest]) -> Vec<Vec<Features>> {
        let contest = Contest::new(interests);
        let of = |at: usize, interest: &Interest| {
            let places = 0..interest.candidates.len();
            places
                .map(|place| contest.features(interests, at, place))
                .collect()
        };
        let interests = interests.iter().enumerate();
        interests.map(|(at, interest)| of(at, interest)).collect()
    }

    /// Decides every appeal. All of them at once, since a rival changes what may pass. Without a limit values do not matter;
    /// with one, what is not known to be within it does not pass.
    #[must_use]
    pub fn decide(&self, interests: &[Interest], limit: Option<&Limit<'_>>) -> Vec<Ruling> {
        let contest = Contest::new(interests);
        let places: Vec<usize> = (0..interests.len()).collect();
        let mut picks = in_parallel(&places, |at| self.pick(&contest, interests, *at));
        settle::assign(&contest, interests, &mut picks, self.model);
        let wanted = settle::Wanted::new(&contest, interests, &picks, self.model);
        in_parallel(&places, |at| {
            let pick = picks.get(*at).copied().flatten();
            pick.map_or_else(nothing, |pick| {
                self.rule((&contest, &wanted), interests, *at, &pick, limit)
            })
        })
    }

    /// The likeliest deposit of an appeal.
    fn pick(&self, contest: &Contest, interests: &[Interest], at: usize) -> Option<Pick> {
        let interest = interests.get(at)?;
        let mut best: Option<Pick> = None;
        for place in 0..interest.candidates.len() {
            let features = contest.features(interests, at, place);
            let candidate = interest.candidates.get(place)?;
            let raw = self.model.raw(&features, candidate.sum());
            // The first of equals: the order of candidates does not depend on the input's.
            if best.is_none_or(|known| raw > known.raw) {
                best = Some(Pick {
                    place,
                    raw,
                    score_ppb: self.model.calibrated(candidate.levels.stratum(), raw),
                });
            }
        }
        // Nothing fits, but a transaction is named: then the answer is about it.
        let is_named = |candidate: &Candidate| candidate.levels.names_transaction();
        if best.is_some_and(|best| best.score_ppb < self.model.thresholds.propose)
            && let Some(place) = interest.candidates.iter().position(is_named)
            && !best.is_some_and(|best| is_named(&interest.candidates[best.place]))
        {
            let features = contest.features(interests, at, place);
            let candidate = interest.candidates.get(place)?;
            let raw = self.model.raw(&features, candidate.sum());
            best = Some(Pick {
                place,
                raw,
                score_ppb: self.model.calibrated(candidate.levels.stratum(), raw),
            });
        }
        best
    }

    /// The score that a pick has with and without all other appeals, the lower one; 0 where it would be another pick without them:
    /// what others claim may lower an approval, never make one.
    fn firm_score(&self, contest: &Contest, interests: &[Interest], at: usize, pick: &Pick) -> u32 {
        let candidates = &interests[at].candidates;
        let mut places = 0..candidates.len();
        let is_uncontested = places.all(|place| {
            let alone = contest.features_alone(interests, at, place);
            contest.features(interests, at, place) == alone
        });
        if is_uncontested {
            return pick.score_ppb;
        }
        let alone = |place: usize| {
            let features = contest.features_alone(interests, at, place);
            self.model.raw(&features, candidates[place].sum())
        };
        let own = alone(pick.place);
        let is_first = (0..candidates.len()).all(|place| {
            let other = alone(place);
            other < own || (other == own && place >= pick.place)
        });
        if !is_first {
            return 0;
        }
        let mut features = contest.features(interests, at, pick.place);
        Contest::forget_others_wishes(&mut features);
        let candidate = &candidates[pick.place];
        let raw = self.model.raw(&features, candidate.sum()).min(own);
        self.model.calibrated(candidate.levels.stratum(), raw)
    }

    fn rule(
        &self,
        (contest, wanted): (&Contest, &settle::Wanted<'_>),
        interests: &[Interest],
        at: usize,
        pick: &Pick,
        limit: Option<&Limit<'_>>,
    ) -> Ruling {
        let thresholds = &self.model.thresholds;
        let interest = &interests[at];
        let candidate = interest.candidates[pick.place];
        let levels = candidate.levels;
        let (identify, is_hard) = (candidate.identify, levels.is_hard());
        let own = candidate.public(self.model);
        let others = || {
            let all = interest.candidates.iter().enumerate();
            all.filter(|(place, _)| *place != pick.place)
        };
        let next = others().map(|(_, other)| other.public(self.model)).max();
        let close = others()
            .filter(|(_, other)| other.sum() > candidate.sum() - thresholds.gap)
            .count();
        let rivals = wanted.rivals(at, candidate.row);
        let foreign = wanted.foreign(at);
        let firm = if is_hard {
            self.firm_score(contest, interests, at, pick)
        } else {
            0
        };
        let checks = [
            (
                Gate::Identified,
                is_identified(&levels, identify, firm, thresholds),
            ),
            (
                Gate::Alone,
                next.is_none_or(|next| next <= own.saturating_sub(thresholds.gap)),
            ),
            (Gate::Entitled, is_hard),
            (
                Gate::Unrivalled,
                rivals.hard == 0 && (levels.is_settled() || rivals.supported == 0),
            ),
            (Gate::Unrefuted, levels.of(Part::Proof) != proof::REFUTED),
            (Gate::Unsuspected, foreign <= u32::from(levels.is_account())),
            (
                Gate::Whole,
                !interest.is_capped || levels.names_transaction(),
            ),
            (Gate::Untouched, !interest.is_taken_back),
            (Gate::Certain, is_hard && firm >= thresholds.auto),
            (
                Gate::WithinLimit,
                limit.is_none_or(|limit| limit(candidate.row)),
            ),
        ];
        let failed = checks
            .into_iter()
            .filter(|(_, holds)| !holds)
            .fold(0, |failed, (gate, _)| failed | gate as u16);
        let is_meant = levels.names_transaction() || identify >= thresholds.identify;
        let is_found = pick.score_ppb >= thresholds.propose || levels.names_transaction();
        let is_supported = levels.of(Part::View) >= view::HOURS;
        // Who is only known to have sent from there, and somebody who expected the deposit: neither is refused for the other.
        let is_between_two = if is_hard {
            !levels.is_settled() && rivals.supported > 0
        } else {
            rivals.settled == 0 && levels.of(Part::View) >= view::DAY
        };
        let (decision, tier) = if levels.of(Part::Issued) == issued::OTHERS || !is_found {
            (MatchDecision::None, MatchTier::Refused)
        } else if failed == 0 {
            (MatchDecision::Auto, MatchTier::Automatic)
        } else if is_meant
            && rivals.meant > 0
            && (rivals.hard + u32::from(is_hard) != 1 || is_between_two)
        {
            (MatchDecision::Conflict, MatchTier::Analyst)
        } else if is_meant && rivals.hard == 1 && !is_hard {
            // Another user is entitled to it: this one only knows its transaction.
            (MatchDecision::None, MatchTier::Refused)
        } else if levels.is_anothers()
            || foreign > 0
            || rivals.users > 0
            || levels.of(Part::Proof) == proof::REFUTED
            || interest.is_taken_back
            || is_hard
        {
            (MatchDecision::Review, MatchTier::Analyst)
        } else if is_supported
            && close == 0
            && pick.score_ppb >= thresholds.waiting
            && failed & Gate::WithinLimit as u16 == 0
        {
            (MatchDecision::Review, MatchTier::Waiting)
        } else {
            (MatchDecision::Review, MatchTier::Challenge)
        };
        let is_open = matches!(decision, MatchDecision::Review | MatchDecision::Conflict);
        Ruling {
            candidate: Some(candidate),
            decision,
            tier,
            score_ppb: pick.score_ppb,
            failed,
            close: u8::try_from(close).unwrap_or(u8::MAX),
            foreign: u8::try_from(foreign).unwrap_or(u8::MAX),
            rivals: rivals.appeals,
            rival_users: rivals.users,
            ask: (is_open && !is_hard).then(|| ask(&levels, close)),
        }
    }

    /// The outcome of a ruling with its reasons, for a person and for the record.
    #[must_use]
    pub fn outcome(&self, clues: &AppealClues, ruling: &Ruling) -> MatchOutcome {
        let (appeal, user) = (clues.appeal.as_str(), clues.user_id.as_str());
        self.outcome_of(appeal, user, &Quotes::new(clues), ruling)
    }

    /// As [`Self::outcome`], of the few words that are kept where the clues of all appeals would be too much to hold.
    #[must_use]
    pub fn outcome_of(
        &self,
        appeal: &str,
        user_id: &str,
        quotes: &Quotes,
        ruling: &Ruling,
    ) -> MatchOutcome {
        let shown = ruling.candidate;
        MatchOutcome {
            appeal: AppealId::verbatim(appeal),
            deposit: shown
                .filter(|_| ruling.decision != MatchDecision::None)
                .map(|candidate| self.id(candidate.row)),
            decision: ruling.decision,
            tier: ruling.tier,
            score_ppb: ruling.score_ppb,
            identify: shown.map_or(0, |candidate| candidate.identify),
            entitle: shown.map_or(0, |candidate| candidate.entitle),
            entitled_by: shown.map_or_else(Vec::new, |candidate| entitled_by(&candidate.levels)),
            ask: ruling.ask,
            reasons: explain::reasons(self, user_id, quotes, ruling),
        }
    }
}

/// No deposit fits.
fn nothing() -> Ruling {
    Ruling {
        candidate: None,
        decision: MatchDecision::None,
        tier: MatchTier::Refused,
        score_ppb: 0,
        failed: Gate::Identified as u16,
        close: 0,
        foreign: 0,
        rivals: Box::default(),
        rival_users: 0,
        ask: None,
    }
}

/// The one proof that separates the candidates or the claimants: what the sender alone can give.
fn ask(levels: &Levels, close: usize) -> MatchAsk {
    let is_shared = levels.of(Part::FromCommon) >= 3;
    if close > 0 && levels.of(Part::Transaction) <= transaction::ABSENT && !is_shared {
        return MatchAsk::TransactionId;
    }
    // Nobody signs with the hot wallet of an exchange: its own record is the proof.
    if is_shared {
        MatchAsk::WithdrawalRecord
    } else if levels.of(Part::From) >= id::SHOWN {
        MatchAsk::SenderSignature
    } else {
        MatchAsk::VerificationDeposit
    }
}

/// Whether it is clear which deposit is meant, by bits and by the score that others cannot raise.
fn is_identified(levels: &Levels, identify: i32, firm: u32, thresholds: &Thresholds) -> bool {
    let has_bits = identify >= thresholds.identify;
    let is_sure = firm >= thresholds.sure;
    if levels.is_doubtful() {
        false
    } else if levels.is_bound() {
        has_bits || (is_sure && identify >= 0)
    } else {
        has_bits && is_sure
    }
}

/// What makes a deposit the claimant's.
fn entitled_by(levels: &Levels) -> Vec<Entitlement> {
    let of = |part: Part| levels.of(part);
    let all = [
        (of(Part::Issued) == issued::MINE, Entitlement::IssuedAddress),
        (of(Part::Assigned) == assigned::MINE, Entitlement::OwnMemo),
        (
            of(Part::Assigned) == assigned::MINE_NEAR,
            Entitlement::NearMemo,
        ),
        (of(Part::Sender) == 1, Entitlement::KnownSender),
        (of(Part::Proof) >= proof::SENDER, Entitlement::SenderProof),
        (
            of(Part::Proof) == proof::RECORD,
            Entitlement::WithdrawalRecord,
        ),
        (of(Part::View) >= view::HOURS, Entitlement::PageView),
    ];
    let held = all.into_iter().filter(|(holds, _)| *holds);
    held.map(|(_, entitlement)| entitlement).collect()
}
