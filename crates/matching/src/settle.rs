//! Several users, one deposit: who asks for what, and the assignment that leaves each deposit to one of them.

use crate::assign;
use crate::decide::{Interest, Pick};
use crate::index::RowNo;
use crate::keys::ByNumber;
use crate::levels::{Part, view};
use crate::model::Model;
use crate::rivals::Contest;

/// What others want of a deposit.
pub(crate) struct Rivalry {
    /// How many other users ask for it.
    pub(crate) users: u32,
    /// How many of them name it: by its transaction, or by everything else.
    pub(crate) meant: u32,
    /// How many of them name it, with at least a view of the deposit page before it came.
    pub(crate) supported: u32,
    /// How many of them have evidence that no stranger could have.
    pub(crate) hard: u32,
    /// How many of these have it settled whose it is.
    pub(crate) settled: u32,
    /// Their appeals; at most five, by id.
    pub(crate) appeals: Box<[Box<str>]>,
}

/// One user's wish for one deposit.
struct Wish {
    user: u32,
    is_meant: bool,
    is_supported: bool,
    is_hard: bool,
    is_settled: bool,
    /// The interest whose appeal has the lowest id.
    interest: usize,
}

/// Who asks for what, by the likeliest deposit of each appeal.
pub(crate) struct Wanted<'a> {
    contest: &'a Contest,
    interests: &'a [Interest],
    wishes: ByNumber<RowNo, Vec<Wish>>,
    /// By user: deposits asked for to which somebody else is entitled.
    foreign: ByNumber<u32, u32>,
}

impl<'a> Wanted<'a> {
    pub(crate) fn new(
        contest: &'a Contest,
        interests: &'a [Interest],
        picks: &[Option<Pick>],
        model: &Model,
    ) -> Self {
        let mut wishes: ByNumber<RowNo, Vec<Wish>> = ByNumber::default();
        for (at, (interest, pick)) in interests.iter().zip(picks).enumerate() {
            let Some(pick) = pick else { continue };
            let Some(candidate) = interest.candidates.get(pick.place) else {
                continue;
            };
            let levels = candidate.levels;
            let is_meant =
                levels.names_transaction() || candidate.identify >= model.thresholds.identify;
            if !is_meant && pick.score_ppb < model.thresholds.propose {
                continue;
            }
            let is_supported = is_meant && levels.of(Part::View) >= view::DAY;
            let user = contest.user(at);
            let list = wishes.entry(candidate.row).or_default();
            match list.iter_mut().find(|wish| wish.user == user) {
                None => list.push(Wish {
                    user,
                    is_meant,
                    is_supported,
                    is_hard: levels.is_hard(),
                    is_settled: levels.is_settled(),
                    interest: at,
                }),
                Some(known) => {
                    known.is_meant |= is_meant;
                    known.is_supported |= is_supported;
                    known.is_hard |= levels.is_hard();
                    known.is_settled |= levels.is_settled();
                    if interest.appeal < interests[known.interest].appeal {
                        known.interest = at;
                    }
                }
            }
        }
        let mut foreign: ByNumber<u32, u32> = ByNumber::default();
        for list in wishes.values() {
            for wish in list.iter().filter(|wish| !wish.is_hard && wish.is_meant) {
                let is_anothers = list
                    .iter()
                    .any(|other| other.is_hard && other.user != wish.user);
                if is_anothers {
                    *foreign.entry(wish.user).or_default() += 1;
                }
            }
        }
        Self {
            contest,
            interests,
            wishes,
            foreign,
        }
    }

    /// What others than an interest's user want of a deposit.
    pub(crate) fn rivals(&self, at: usize, row: RowNo) -> Rivalry {
        let user = self.contest.user(at);
        let wishes = self.wishes.get(&row).map_or(&[][..], Vec::as_slice);
        let others = || wishes.iter().filter(|wish| wish.user != user);
        let count = |of: &dyn Fn(&Wish) -> bool| {
            u32::try_from(others().filter(|wish| of(wish)).count()).unwrap_or(u32::MAX)
        };
        let mut appeals: Vec<&str> = others()
            .filter_map(|wish| self.interests.get(wish.interest))
            .map(|interest| &*interest.appeal)
            .collect();
        appeals.sort_unstable();
        appeals.truncate(5);
        Rivalry {
            users: count(&|_| true),
            meant: count(&|wish| wish.is_meant),
            supported: count(&|wish| wish.is_supported),
            hard: count(&|wish| wish.is_hard),
            settled: count(&|wish| wish.is_settled),
            appeals: appeals.into_iter().map(Box::from).collect(),
        }
    }

    /// How many deposits an interest's user asks for to which somebody else is entitled.
    pub(crate) fn foreign(&self, at: usize) -> u32 {
        let user = self.contest.user(at);
        self.foreign.get(&user).copied().unwrap_or(0)
    }
}

/// One user's appeals for one deposit.
struct Party {
    user: u32,
    /// The interests, that of the lowest appeal id first: it speaks for them.
    interests: Vec<usize>,
    /// The deposits that it may get, with the picks that would name them.
    options: Vec<(RowNo, Pick)>,
}

/// Leaves each deposit to one user where several want it and an appeal could mean another one as well: within each component
/// the sum is the highest that gives no deposit two users and no appeal two deposits. It only moves an appeal that names no
/// transaction to another of its own candidates; such a move never passes without a person, since the first candidate stays
/// nearer than the margin.
pub(crate) fn assign(
    contest: &Contest,
    interests: &[Interest],
    picks: &mut [Option<Pick>],
    model: &Model,
) {
    let parties = parties(contest, interests, picks, model);
    let mut by_row: ByNumber<RowNo, Vec<usize>> = ByNumber::default();
    for (number, party) in parties.iter().enumerate() {
        for (row, _) in &party.options {
            by_row.entry(*row).or_default().push(number);
        }
    }
    let mut is_seen = vec![false; parties.len()];
    for start in 0..parties.len() {
        if is_seen[start] || !is_contested(&parties, &by_row, start) {
            continue;
        }
        let members = component(&parties, &by_row, start, &mut is_seen);
        let mut numbers: ByNumber<RowNo, usize> = ByNumber::default();
        let weights: Vec<Vec<(usize, i64)>> = members
            .iter()
            .map(|member| {
                let options = parties[*member].options.iter();
                let weighed = options.map(|(row, pick)| {
                    let next = numbers.len();
                    let number = *numbers.entry(*row).or_insert(next);
                    (number, i64::from(pick.raw) + NOTHING)
                });
                weighed.collect()
            })
            .collect();
        let assigned = assign::assign(&weights, numbers.len());
        for (member, option) in members.iter().zip(assigned) {
            let party = &parties[*member];
            let chosen = party
                .options
                .iter()
                .find(|(row, _)| numbers.get(row).copied() == option);
            let Some((row, pick)) = chosen.filter(|_| option.is_some()) else {
                continue;
            };
            for interest in &party.interests {
                let candidates = interests[*interest].candidates.iter();
                let place = candidates.map(|of| of.row).position(|of| of == *row);
                if let (Some(place), Some(own)) = (place, &mut picks[*interest])
                    && own.place != place
                {
                    *own = Pick { place, ..*pick };
                }
            }
        }
    }
}

/// What going without a deposit costs: an option is worth having from four bits against it on.
const NOTHING: i64 = 4 * 1024;

/// Every user's wish for each deposit that one of their appeals picks, in the order of appeal ids.
fn parties(
    contest: &Contest,
    interests: &[Interest],
    picks: &[Option<Pick>],
    model: &Model,
) -> Vec<Party> {
    let mut order: Vec<usize> = (0..interests.len()).collect();
    order.sort_by(|left, right| interests[*left].appeal.cmp(&interests[*right].appeal));
    let mut numbers: ByNumber<(u32, RowNo), usize> = ByNumber::default();
    let mut parties: Vec<Party> = Vec::new();
    for at in order {
        let Some(pick) = picks[at] else { continue };
        let interest = &interests[at];
        let row = interest.candidates[pick.place].row;
        let user = contest.user(at);
        let next = parties.len();
        let number = *numbers.entry((user, row)).or_insert(next);
        if number < next {
            parties[number].interests.push(at);
            continue;
        }
        parties.push(Party {
            user,
            interests: vec![at],
            options: vec![(row, pick)],
        });
    }
    let wanted: ByNumber<RowNo, u32> =
        parties.iter().fold(ByNumber::default(), |mut map, party| {
            *map.entry(party.options[0].0).or_default() += 1;
            map
        });
    for party in &mut parties {
        let at = party.interests[0];
        let (row, pick) = party.options[0];
        let interest = &interests[at];
        let levels = &interest.candidates[pick.place].levels;
        let is_free = interest.candidates.len() > 1
            && !levels.names_transaction()
            && !levels.is_hard()
            && wanted.get(&row).is_some_and(|count| *count > 1);
        if !is_free {
            continue;
        }
        for (place, candidate) in interest.candidates.iter().enumerate() {
            if place == pick.place || candidate.levels.is_anothers() {
                continue;
            }
            let features = contest.features(interests, at, place);
            let raw = model.raw(&features, candidate.sum());
            if i64::from(raw) + NOTHING > 0 {
                let score_ppb = model.calibrated(candidate.levels.stratum(), raw);
                let other = Pick {
                    place,
                    raw,
                    score_ppb,
                };
                party.options.push((candidate.row, other));
            }
        }
    }
    parties
}

/// Whether another user wants the deposit that a party picks.
fn is_contested(parties: &[Party], by_row: &ByNumber<RowNo, Vec<usize>>, number: usize) -> bool {
    let party = &parties[number];
    let same = by_row
        .get(&party.options[0].0)
        .map_or(&[][..], Vec::as_slice);
    same.iter().any(|other| {
        parties[*other].user != party.user && parties[*other].options[0].0 == party.options[0].0
    })
}

/// The parties that are linked by deposits, in their order.
fn component(
    parties: &[Party],
    by_row: &ByNumber<RowNo, Vec<usize>>,
    start: usize,
    is_seen: &mut [bool],
) -> Vec<usize> {
    let mut members = Vec::new();
    let mut open = vec![start];
    is_seen[start] = true;
    while let Some(number) = open.pop() {
        members.push(number);
        for (row, _) in &parties[number].options {
            for other in by_row.get(row).map_or(&[][..], Vec::as_slice) {
                if !is_seen[*other] {
                    is_seen[*other] = true;
                    open.push(*other);
                }
            }
        }
    }
    members.sort_unstable();
    members
}
