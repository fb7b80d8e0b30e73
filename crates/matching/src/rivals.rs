//! What stands against a match: other deposits for the appeal, other users on the deposit. Computed from every appeal's
//! interest at once, so that the order of the input changes nothing.

use crate::decide::{Candidate, Interest};
use crate::index::RowNo;
use crate::levels::{PARTS, Part};
use crate::model::BIT;
use std::collections::HashMap;

/// How many features a case has.
pub const FEATURES: usize = PARTS + 12;

/// What the second model looks at: the parts of the pair, then what follows from all pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Feature {
    /// A level of the pair.
    Pair(Part),
    /// Bits of identification.
    Identify,
    /// Bits of entitlement.
    Entitle,
    /// Bits to the best other deposit of the appeal.
    GapDeposit,
    /// The same when deposits that others want more are left to them.
    GapFree,
    /// Bits to the best other user of the deposit.
    GapUser,
    /// Three, less the other users whose best deposit this is.
    Rivals,
    /// Bits of entitlement of the best entitled other user, turned round.
    RivalEntitle,
    /// Five, less the other deposits that the user's appeals name.
    Claims,
    /// Two, less the deposits of others that the user's appeals name.
    Foreign,
    /// Three, less the other deposits that fit nearly as well.
    Close,
    /// Whether everything was looked at.
    IsWhole,
    /// How often the user asked for this deposit, up to three times, less one.
    Repeats,
}

/// The bits of a feature go from here upward.
const LEAST_BITS: i32 = -16;

/// How many levels a feature in bits has.
const BITS_LEVELS: usize = 40;

impl Feature {
    /// The feature at a place of [`Features`].
    #[must_use]
    pub fn at(place: usize) -> Self {
        match place.checked_sub(PARTS) {
            None => Self::Pair(Part::ALL[place]),
            Some(0) => Self::Identify,
            Some(1) => Self::Entitle,
            Some(2) => Self::GapDeposit,
            Some(3) => Self::GapFree,
            Some(4) => Self::GapUser,
            Some(5) => Self::Rivals,
            Some(6) => Self::RivalEntitle,
            Some(7) => Self::Claims,
            Some(8) => Self::Foreign,
            Some(9) => Self::Close,
            Some(10) => Self::IsWhole,
            Some(_) => Self::Repeats,
        }
    }

    /// Its place in [`Features`].
    #[must_use]
    pub const fn place(self) -> usize {
        match self {
            Self::Pair(part) => part as usize,
            Self::Identify => PARTS,
            Self::Entitle => PARTS + 1,
            Self::GapDeposit => PARTS + 2,
            Self::GapFree => PARTS + 3,
            Self::GapUser => PARTS + 4,
            Self::Rivals => PARTS + 5,
            Self::RivalEntitle => PARTS + 6,
            Self::Claims => PARTS + 7,
            Self::Foreign => PARTS + 8,
            Self::Close => PARTS + 9,
            Self::IsWhole => PARTS + 10,
            Self::Repeats => PARTS + 11,
        }
    }

    /// Its name in the model file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pair(part) => part.name(),
            Self::Identify => "identify_bits",
            Self::Entitle => "entitle_bits",
            Self::GapDeposit => "gap_deposit",
            Self::GapFree => "gap_free",
            Self::GapUser => "gap_user",
            Self::Rivals => "rivals",
            Self::RivalEntitle => "rival_entitle",
            Self::Claims => "claims",
            Self::Foreign => "foreign",
            Self::Close => "close",
            Self::IsWhole => "is_whole",
            Self::Repeats => "repeats",
        }
    }

    /// How many levels it has.
    #[must_use]
    pub const fn levels(self) -> usize {
        match self {
            Self::Pair(part) => part.levels(),
            Self::Identify
            | Self::Entitle
            | Self::GapDeposit
            | Self::GapFree
            | Self::GapUser
            | Self::RivalEntitle => BITS_LEVELS,
            Self::Rivals | Self::Close => 4,
            Self::Claims => 6,
            Self::Foreign | Self::Repeats => 3,
            Self::IsWhole => 2,
        }
    }

    /// Whether more of it can only speak for the match: the trees are trained so.
    #[must_use]
    pub const fn is_rising(self) -> bool {
        match self {
            Self::Pair(part) => matches!(
                part,
                Part::View | Part::Proof | Part::Issued | Part::Assigned | Part::Sender
            ),
            Self::Identify
            | Self::Entitle
            | Self::GapDeposit
            | Self::GapFree
            | Self::GapUser
            | Self::Rivals
            | Self::RivalEntitle
            | Self::Claims
            | Self::Foreign
            | Self::Close
            | Self::IsWhole => true,
            Self::Repeats => false,
        }
    }
}

/// The levels of a case, by [`Feature::place`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Features(pub [u8; FEATURES]);

impl Features {
    /// The level of a feature.
    #[must_use]
    pub fn of(&self, feature: Feature) -> u8 {
        self.0[feature.place()]
    }
}

/// A user's strongest interest in a deposit, over all their appeals.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Claim {
    pub(crate) user: u32,
    /// Identification and entitlement together.
    pub(crate) sum: i32,
    pub(crate) entitle: i32,
    /// How many of the user's appeals have it as their best.
    pub(crate) appeals: u16,
    pub(crate) is_hard: bool,
    pub(crate) names_transaction: bool,
}

/// Fewer wishes than one for so many deposits are kept for their deposits only.
const FEW_SHARE: usize = 16;

/// Where the claims on a deposit stand; `None` where few deposits have any and this one has none.
fn place(few: Option<&[RowNo]>, row: RowNo) -> Option<usize> {
    match few {
        Some(few) => few.binary_search(&row).ok(),
        None => usize::try_from(row.0).ok(),
    }
}

/// Everything that wants the same deposits, arranged for look-up.
pub(crate) struct Contest {
    /// The user of each interest.
    users: Vec<u32>,
    /// The claims, by deposit and those of one deposit strongest first.
    claims: Vec<Claim>,
    /// Where the claims on each deposit begin, and the end of the last.
    heads: Vec<u32>,
    /// The deposits that have heads, in order; `None` where all have.
    few: Option<Vec<RowNo>>,
    /// By user: deposits claimed, deposits of others claimed.
    counts: Vec<(u16, u16)>,
}

impl Contest {
    pub(crate) fn new(interests: &[Interest]) -> Self {
        let mut numbers: HashMap<&str, u32> = HashMap::new();
        let users: Vec<u32> = interests
            .iter()
            .map(|interest| {
                let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
                *numbers.entry(&*interest.user_id).or_insert(next)
            })
            .collect();
        let wishes = || {
            let each = interests.iter().zip(&users);
            each.flat_map(|(interest, user)| {
                let ranked = interest.candidates.iter().enumerate();
                ranked.map(|(rank, candidate)| (*user, rank, candidate))
            })
        };
        // By deposit, in the order of interests: counted, then put in their places.
        let all = wishes().map(|(_, _, candidate)| candidate.row.0 as usize + 1);
        let all = all.max().unwrap_or(0);
        // One appeal must not pay for a million deposits.
        let is_few = wishes().count() < all / FEW_SHARE;
        let few = is_few.then(|| {
            let mut few: Vec<RowNo> = wishes().map(|(_, _, candidate)| candidate.row).collect();
            few.sort_unstable();
            few.dedup();
            few
        });
        let rows = few.as_ref().map_or(all, Vec::len);
        let place = |row: RowNo| place(few.as_deref(), row).expect("every wanted row has a place");
        let mut next = vec![0u32; rows + 1];
        for (_, _, candidate) in wishes() {
            next[place(candidate.row) + 1] += 1;
        }
        let mut sum = 0;
        for head in &mut next {
            sum += *head;
            *head = sum;
        }
        let blank = Claim {
            user: 0,
            sum: 0,
            entitle: 0,
            appeals: 0,
            is_hard: false,
            names_transaction: false,
        };
        let mut given = vec![blank; sum as usize];
        for (user, rank, candidate) in wishes() {
            let place = &mut next[place(candidate.row)];
            given[*place as usize] = Claim {
                user,
                sum: candidate.sum(),
                entitle: candidate.entitle,
                appeals: u16::from(rank == 0),
                is_hard: candidate.levels.is_hard(),
                names_transaction: candidate.levels.names_transaction(),
            };
            *place += 1;
        }
        // Each head now stands where its deposit's claims end; they are drawn together by user towards the beginning.
        let mut counts = vec![(0u16, 0u16); numbers.len()];
        let mut claims: Vec<Claim> = Vec::with_capacity(given.len());
        let mut heads = Vec::with_capacity(rows + 1);
        heads.push(0);
        let mut from = 0;
        for to in next.iter().take(rows) {
            let begin = claims.len();
            for here in &given[from..*to as usize] {
                match claims[begin..]
                    .iter_mut()
                    .find(|known| known.user == here.user)
                {
                    None => claims.push(*here),
                    Some(known) => {
                        known.sum = known.sum.max(here.sum);
                        known.entitle = known.entitle.max(here.entitle);
                        known.appeals = known.appeals.saturating_add(here.appeals);
                        known.is_hard |= here.is_hard;
                        known.names_transaction |= here.names_transaction;
                    }
                }
            }
            from = *to as usize;
            heads.push(u32::try_from(claims.len()).unwrap_or(u32::MAX));
            let list = &mut claims[begin..];
            list.sort_by_key(|claim| std::cmp::Reverse(claim.sum));
            let owned = |user: u32| list.iter().any(|claim| claim.is_hard && claim.user != user);
            for claim in list.iter().filter(|claim| claim.appeals > 0) {
                if let Some(count) = counts.get_mut(claim.user as usize) {
                    count.0 = count.0.saturating_add(1);
                    count.1 = count
                        .1
                        .saturating_add(u16::from(!claim.is_hard && owned(claim.user)));
                }
            }
        }
        Self {
            users,
            claims,
            heads,
            few,
            counts,
        }
    }

    /// The number of an interest's user.
    pub(crate) fn user(&self, interest: usize) -> u32 {
        self.users.get(interest).copied().unwrap_or(u32::MAX)
    }

    /// The claims on a deposit, strongest first.
    pub(crate) fn claims(&self, row: RowNo) -> &[Claim] {
        let ends = place(self.few.as_deref(), row).and_then(|place| {
            let next = place.checked_add(1)?;
            self.heads.get(place).zip(self.heads.get(next))
        });
        let claims = ends.and_then(|(from, to)| self.claims.get(*from as usize..*to as usize));
        claims.unwrap_or_default()
    }

    fn others(&self, row: RowNo, user: u32) -> impl Iterator<Item = &Claim> {
        let claims = self.claims(row).iter();
        claims.filter(move |claim| claim.user != user)
    }

    /// The strongest sum of another user on a deposit.
    fn best_other(&self, row: RowNo, user: u32) -> Option<i32> {
        self.others(row, user).map(|claim| claim.sum).next()
    }

    /// What a candidate is worth when a deposit that another wants more is left to them.
    fn free(&self, candidate: &Candidate, user: u32) -> i32 {
        let other = self.best_other(candidate.row, user);
        let behind = other.map_or(0, |other| other.saturating_sub(candidate.sum()).max(0));
        candidate.sum().saturating_sub(behind)
    }

    /// The features that one candidate would have if nobody else had appealed, and the user only once.
    pub(crate) fn features_alone(
        &self,
        interests: &[Interest],
        at: usize,
        place: usize,
    ) -> Features {
        let mut features = self.features(interests, at, place);
        let mut set = |feature: Feature, level: u8| features.0[feature.place()] = level;
        set(Feature::GapUser, top());
        set(Feature::RivalEntitle, top());
        set(Feature::Rivals, 3);
        set(Feature::Foreign, 2);
        set(Feature::Repeats, 0);
        Self::forget_others_wishes(&mut features);
        features
    }

    /// Takes back what a feature gains where the appeal's other deposits are claimed by others: an approval must not come of it.
    pub(crate) fn forget_others_wishes(features: &mut Features) {
        features.0[Feature::GapFree.place()] = features.of(Feature::GapDeposit);
    }

    /// The features of one candidate of one interest.
    pub(crate) fn features(&self, interests: &[Interest], at: usize, place: usize) -> Features {
        let mut features = Features([0; FEATURES]);
        let Some(interest) = interests.get(at) else {
            return features;
        };
        let Some(candidate) = interest.candidates.get(place) else {
            return features;
        };
        let user = self.user(at);
        let sum = candidate.sum();
        let others = || {
            let all = interest.candidates.iter().enumerate();
            all.filter(|(other, _)| *other != place).map(|(_, of)| of)
        };
        let gap = others().map(Candidate::sum).max();
        let free = others().map(|other| self.free(other, user)).max();
        let own = self
            .claims(candidate.row)
            .iter()
            .find(|claim| claim.user == user);
        let own_sum = own.map_or(sum, |claim| claim.sum.max(sum));
        let rivals = self.others(candidate.row, user);
        let wanting = rivals.filter(|claim| claim.appeals > 0).count();
        let rival_entitle = self
            .others(candidate.row, user)
            .map(|claim| claim.entitle)
            .max();
        let (claims, foreign) = self.counts.get(user as usize).copied().unwrap_or_default();
        let close = others().filter(|other| other.sum() > sum - 3 * BIT).count();
        features.0[..PARTS].copy_from_slice(&candidate.levels.0);
        let mut set = |feature: Feature, level: u8| features.0[feature.place()] = level;
        set(Feature::Identify, bits(candidate.identify));
        set(Feature::Entitle, bits(candidate.entitle));
        set(Feature::GapDeposit, gap_bits(sum, gap));
        set(Feature::GapFree, gap_bits(self.free(candidate, user), free));
        set(
            Feature::GapUser,
            gap_bits(own_sum, self.best_other(candidate.row, user)),
        );
        set(Feature::Rivals, less(3, wanting));
        set(
            Feature::RivalEntitle,
            rival_entitle.map_or(top(), |entitle| bits(entitle.saturating_neg())),
        );
        set(
            Feature::Claims,
            less(5, usize::from(claims).saturating_sub(1)),
        );
        set(Feature::Foreign, less(2, usize::from(foreign)));
        set(Feature::Close, less(3, close));
        set(Feature::IsWhole, u8::from(!interest.is_capped));
        let appeals = own.map_or(1, |claim| claim.appeals).clamp(1, 3);
        set(Feature::Repeats, u8::try_from(appeals - 1).unwrap_or(0));
        features
    }
}

/// The highest level of a feature in bits: nothing stands against it.
fn top() -> u8 {
    u8::try_from(BITS_LEVELS - 1).unwrap_or(u8::MAX)
}

/// Whole bits as a level, below the highest.
fn bits(value: i32) -> u8 {
    let level = (value.div_euclid(BIT) - LEAST_BITS).clamp(0, i32::from(top()) - 1);
    u8::try_from(level).unwrap_or(0)
}

fn gap_bits(own: i32, other: Option<i32>) -> u8 {
    other.map_or(top(), |other| bits(own.saturating_sub(other)))
}

fn less(most: u8, count: usize) -> u8 {
    most - u8::try_from(count).unwrap_or(u8::MAX).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::levels::Levels;

    fn interest(user: &str, wishes: &[(u32, i32)]) -> Interest {
        let candidates = wishes.iter().map(|(row, identify)| Candidate {
            row: RowNo(*row),
            levels: Levels([0; PARTS]),
            identify: *identify,
            entitle: 0,
        });
        Interest {
            appeal: format!("of {user}").into(),
            user_id: user.into(),
            candidates: candidates.collect(),
            compared: 2,
            is_capped: false,
            is_taken_back: false,
        }
    }

    #[test]
    fn own_claims_are_the_same_whether_few_deposits_are_wanted_or_all() {
        // Among a million deposits three wishes are few; among ten they are not.
        for last in [9, 1_000_000] {
            let interests = [
                interest("a", &[(4, 100), (last, 50)]),
                interest("b", &[(4, 300)]),
                interest("a", &[(4, 200)]),
            ];
            let contest = Contest::new(&interests);
            assert_eq!(contest.few.is_some(), last > 9);
            let of = |row: u32| -> Vec<(u32, i32, u16)> {
                let claims = contest.claims(RowNo(row)).iter();
                claims
                    .map(|claim| (claim.user, claim.sum, claim.appeals))
                    .collect()
            };
            assert_eq!(of(4), [(1, 300, 1), (0, 200, 2)]);
            assert_eq!(of(last), [(0, 50, 0)]);
            assert!(of(5).is_empty() && of(last + 1).is_empty() && of(u32::MAX).is_empty());
            assert_eq!(contest.counts, [(1, 0), (1, 0)]);
        }
    }
}
