//! Compares one appeal with deposits, field by field, into [`Levels`].

use crate::amount::equal;
use crate::asset::{self, Sameness};
use crate::book::{UserBook, UserRef};
use crate::clue::{AppealClues, Field, Found, Id, Proof};
use crate::index::{DepositIndex, RowNo};
use crate::levels::{
    self, Levels, PARTS, Part, amount, assigned, coin, id, issued, memo, network, proof, time,
    transaction, view,
};
use crate::rows::RowRef;
use crate::text;
use recover_core::memo::MemoFinding;
use recover_core::names;
use recover_core::network::Family;
use recover_core::time::Timestamp;

/// A zone is a whole number of quarters of an hour from UTC.
const QUARTER_SECONDS: i64 = 900;

/// A minute's tolerance around a quarter: people write whole minutes, and blocks take their time.
const SLACK_SECONDS: i64 = 240;

const DAY_SECONDS: i64 = 86_400;

/// An appeal for a payment that its block made younger than the appeal by more than this is about another payment.
const FUTURE_SECONDS: i64 = 600;

/// The deposits of one coin and amount this close are its twins: a specialist could not tell them apart by them.
pub(crate) const TWIN_SECONDS: i64 = 1_800;

/// The deposits of one coin and amount this close are counted as those of the day.
pub(crate) const TWIN_DAY_SECONDS: i64 = DAY_SECONDS * 3 / 2;

/// What is common about each deposit, counted once over the whole table.
pub(crate) struct Rarity {
    rows: Vec<[u8; 5]>,
}

/// Below this many rows a second thread costs more than it saves.
const PARALLEL_MIN: usize = 4_096;

impl Rarity {
    pub(crate) fn new(index: &DepositIndex) -> Self {
        let count = u32::try_from(index.len()).unwrap_or(u32::MAX);
        let part = |rows: std::ops::Range<u32>| -> Vec<[u8; 5]> {
            let known = |number| index.row(RowNo(number)).map(|row| classes(index, row));
            rows.map(|number| known(number).unwrap_or_default())
                .collect()
        };
        if index.len() < PARALLEL_MIN {
            return Self {
                rows: part(0..count),
            };
        }
        let middle = count / 2;
        let rows = std::thread::scope(|scope| {
            let upper = scope.spawn(|| part(middle..count));
            let mut rows = part(0..middle);
            rows.extend(upper.join().expect("a thread that counts does not panic"));
            rows
        });
        Self { rows }
    }

    fn set(&self, number: RowNo, levels: &mut Levels) {
        let parts = [
            Part::Outputs,
            Part::ToCommon,
            Part::FromCommon,
            Part::TwinsOfDay,
            Part::TwinsNear,
        ];
        let classes = self.rows.get(number.0 as usize).copied();
        for (part, level) in parts.into_iter().zip(classes.unwrap_or_default()) {
            levels.set(part, level);
        }
    }
}

/// The classes of one deposit's counts, in the order of [`Rarity::set`]. What is counted here, `touched` knows to follow.
fn classes(index: &DepositIndex, row: RowRef<'_>) -> [u8; 5] {
    let (of_day, near) = look_alikes(index, row);
    [
        outputs_class(index.outputs(row)),
        levels::common(index.at_address(row)),
        levels::common(index.of_sender(row)),
        levels::twins(of_day.take(levels::TWINS_MAX).count()),
        levels::twins(near.take(levels::TWINS_MAX).count()),
    ]
}

/// The class of how many deposits a transaction made: the further ones, up to three.
pub(crate) fn outputs_class(outputs: usize) -> u8 {
    u8::try_from(outputs.saturating_sub(1).min(3)).unwrap_or(3)
}

/// The twins of a deposit around its day, and those of its half hour at its address.
fn look_alikes<'a>(
    index: &'a DepositIndex,
    row: RowRef<'a>,
) -> (
    impl Iterator<Item = RowNo> + 'a,
    impl Iterator<Item = RowNo> + 'a,
) {
    let near = index.twins_within(row, TWIN_SECONDS).filter(move |other| {
        let other = index.row(*other);
        other.is_some_and(|other| other.to() == row.to())
    });
    (index.twins_within(row, TWIN_DAY_SECONDS), near)
}

/// How many twins of each kind a deposit has, however many.
pub(crate) fn twins(index: &DepositIndex, row: RowRef<'_>) -> (usize, usize) {
    let (of_day, near) = look_alikes(index, row);
    (of_day.count(), near.count())
}

/// Compares one appeal with deposits.
pub(crate) struct Comparer<'a> {
    clues: &'a AppealClues,
    index: &'a DepositIndex,
    book: &'a UserBook,
    rarity: &'a Rarity,
    user: Option<UserRef<'a>>,
    /// Per transaction clue: whether some deposit has it.
    is_known: Vec<bool>,
    /// What the last texts of each kind compared as: candidates often share them.
    cache: [(&'a str, u8); 3],
}

impl<'a> Comparer<'a> {
    pub(crate) fn new(
        clues: &'a AppealClues,
        index: &'a DepositIndex,
        book: &'a UserBook,
        rarity: &'a Rarity,
    ) -> Self {
        let is_known = |clue: &Found<Id>| match &clue.value {
            Id::Whole(text) => index.has_transaction(text),
            Id::Ends { .. } => false,
        };
        Self {
            clues,
            index,
            book,
            rarity,
            user: book.user(&clues.user_id),
            is_known: clues.transactions.iter().map(is_known).collect(),
            cache: [
                ("", transaction::ABSENT),
                ("", id::ABSENT),
                ("", id::ABSENT),
            ],
        }
    }

    pub(crate) fn compare(&mut self, number: RowNo) -> Levels {
        let mut levels = Levels([0; PARTS]);
        let Some(row) = self.index.row(number) else {
            return levels;
        };
        self.rarity.set(number, &mut levels);
        let transaction = self.cached(0, row.transaction(), Self::transaction);
        levels.set(Part::Transaction, transaction);
        let to = self.cached(1, row.to(), |of, to| of.address(to, Field::To));
        levels.set(Part::To, to);
        let from = row.from().map_or(id::ABSENT, |from| {
            self.cached(2, from, |of, from| of.address(from, Field::From))
        });
        levels.set(Part::From, from);
        levels.set(Part::Coin, self.coin(row));
        levels.set(Part::Amount, self.amount(row));
        levels.set(Part::Time, self.time(row));
        levels.set(Part::Memo, self.memo(row));
        levels.set(Part::Network, self.network(row));
        levels.set(Part::View, self.view(row));
        levels.set(Part::Proof, self.proof(row, from));
        let (issued, is_issued) = self.issued(row);
        levels.set(Part::Issued, issued);
        let assigned = if is_issued {
            assigned::UNKNOWN
        } else {
            self.assigned(row)
        };
        levels.set(Part::Assigned, assigned);
        let is_sender = row.from().is_some_and(|sender| {
            let mut senders = self.user.into_iter().flat_map(UserRef::senders);
            senders.any(|own| own == sender)
        });
        levels.set(Part::Sender, u8::from(is_sender));
        levels
    }

    fn cached(&mut self, kind: usize, text: &'a str, look: impl Fn(&Self, &str) -> u8) -> u8 {
        if self.cache[kind].0 != text {
            self.cache[kind] = (text, look(self, text));
        }
        self.cache[kind].1
    }

    fn transaction(&self, actual: &str) -> u8 {
        let stated = self.clues.transactions.iter().zip(&self.is_known);
        let levels = stated.map(|(clue, is_known)| match &clue.value {
            Id::Whole(text) if text == actual => {
                if clue.field == Field::TxId {
                    transaction::EXACT
                } else {
                    transaction::MISPLACED
                }
            }
            Id::Whole(_) if *is_known => transaction::OF_ANOTHER,
            Id::Whole(text) => match edits(text, actual, 3) {
                Some(1) => transaction::ONE_OFF,
                Some(2) => transaction::TWO_OFF,
                Some(_) => transaction::THREE_OFF,
                None if is_cut(text, actual) => shown_transaction(text.len()),
                None if text.len() == actual.len() => transaction::OF_NONE,
                None => transaction::DIFFERS,
            },
            Id::Ends { head, tail } if is_shown(head, tail, actual) => {
                shown_transaction(head.len() + tail.len())
            }
            Id::Ends { .. } => transaction::DIFFERS,
        });
        levels.max().unwrap_or(transaction::ABSENT)
    }

    fn address(&self, actual: &str, home: Field) -> u8 {
        let levels = self.clues.addresses.iter().filter_map(|clue| {
            let level = match &clue.value {
                Id::Whole(text) if text == actual => {
                    if clue.field == home {
                        id::EXACT
                    } else {
                        id::MISPLACED
                    }
                }
                Id::Whole(text) => match edits(text, actual, 2) {
                    Some(1) => id::ONE_OFF,
                    Some(_) => id::TWO_OFF,
                    None if is_cut(text, actual) => id::SHOWN,
                    None => id::DIFFERS,
                },
                Id::Ends { head, tail } if is_shown(head, tail, actual) => id::SHOWN,
                Id::Ends { .. } => id::DIFFERS,
            };
            // A clue of another field that does not fit says nothing about this one.
            (level > id::DIFFERS || clue.field == home).then_some(level)
        });
        levels.max().unwrap_or(id::ABSENT)
    }

    fn coin(&self, row: RowRef<'_>) -> u8 {
        let levels = self.clues.assets.iter().map(|clue| {
            if Some(clue.value.as_str()) == row.contract() {
                return coin::CONTRACT;
            }
            match asset::compare(&clue.value, row.symbol()) {
                Sameness::Same => coin::SAME,
                Sameness::Alias => coin::ALIAS,
                Sameness::Differs => coin::DIFFERS,
            }
        });
        levels.max().unwrap_or(coin::ABSENT)
    }

    fn amount(&self, row: RowRef<'_>) -> u8 {
        let Some(arrived) = row.amount() else {
            return amount::ABSENT;
        };
        let levels = self.clues.amounts.iter().map(|clue| {
            if equal(clue.value, arrived) {
                amount::EXACT
            } else {
                levels::amount_level(clue.value, arrived)
            }
        });
        levels.max().unwrap_or(amount::ABSENT)
    }

    fn time(&self, row: RowRef<'_>) -> u8 {
        let Some(seconds) = row.seconds() else {
            return time::ABSENT;
        };
        if seconds > self.clues.created_at.as_seconds() + FUTURE_SECONDS {
            return time::FUTURE;
        }
        let levels = self.clues.times.iter().map(|clue| {
            let window = clue.value;
            let (from, to) = (window.from.as_seconds(), window.to.as_seconds());
            let outside = (from - seconds).max(seconds - to).max(0);
            let off = window
                .stated
                .map(Timestamp::as_seconds)
                .map(|stated| (seconds - stated).abs());
            match (off, outside) {
                (Some(..=90), _) => time::EXACT,
                (Some(..=300), _) => time::MINUTES,
                (Some(..=900), _) => time::QUARTER,
                (Some(off), 0) => {
                    let past = off % QUARTER_SECONDS;
                    if past.min(QUARTER_SECONDS - past) <= SLACK_SECONDS {
                        time::ZONE
                    } else if off <= 3600 {
                        time::HOUR
                    } else {
                        time::ZONED_BADLY
                    }
                }
                (None, 0) => time::INSIDE,
                (Some(off), _) if (off - DAY_SECONDS).abs() <= QUARTER_SECONDS => time::DAY_SLIP,
                (_, ..=DAY_SECONDS) => time::OUTSIDE,
                (_, outside) if outside <= 3 * DAY_SECONDS => time::DAYS,
                _ => time::FAR,
            }
        });
        levels.max().unwrap_or(time::ABSENT)
    }

    fn memo(&self, row: RowRef<'_>) -> u8 {
        let stated = &self.clues.memos;
        let Some(actual) = row.memo() else {
            return if stated.is_empty() {
                memo::NEITHER
            } else {
                memo::ONLY_STATED
            };
        };
        let levels = stated.iter().map(|clue| {
            let text = clue.value.to_lowercase();
            if text == actual {
                memo::EXACT
            } else if text.len() >= 5 && text::edits(&text, actual, 2).is_some() {
                memo::NEAR
            } else {
                memo::DIFFERS
            }
        });
        levels.max().unwrap_or(memo::ONLY_SENT)
    }

    fn network(&self, row: RowRef<'_>) -> u8 {
        let mut best = None;
        // A pasted link outranks what the user calls the network.
        let has_link = self
            .clues
            .networks
            .iter()
            .any(|clue| clue.value.is_from_link);
        for clue in &self.clues.networks {
            let level = match (clue.value.is_from_link, has_link) {
                (true, _) if clue.value.network == *row.network() => network::LINK,
                (true, _) => network::LINK_DIFFERS,
                (false, true) => continue,
                (false, false) if clue.value.network == *row.network() => network::SAME,
                (false, false) => {
                    let family = names::known(&clue.value.network).map(|known| known.family);
                    if family.is_some() && family == row.family() {
                        network::FAMILY
                    } else {
                        network::DIFFERS
                    }
                }
            };
            best = best.max(Some(level));
        }
        best.unwrap_or(network::ABSENT)
    }

    fn view(&self, row: RowRef<'_>) -> u8 {
        let viewed = self.clues.session_view_at.map(Timestamp::as_seconds);
        match viewed.zip(row.seconds()) {
            Some((viewed, block)) => levels::view_level(viewed, block),
            None => view::ABSENT,
        }
    }

    fn proof(&self, row: RowRef<'_>, from: u8) -> u8 {
        if !self.clues.proven.is_empty() && self.clues.proven.contains(&row.id()) {
            return proof::SENDER;
        }
        match self.clues.proof {
            Proof::Refuted => proof::REFUTED,
            Proof::None => proof::NONE,
            Proof::Record => proof::RECORD,
            // Proven was the sender that the appeal names: where that is another than the deposit's, it proves nothing here.
            Proof::Sender if from == id::DIFFERS => proof::NONE,
            Proof::Sender => proof::SENDER,
        }
    }

    /// To whom the address was issued, and whether to anybody.
    fn issued(&self, row: RowRef<'_>) -> (u8, bool) {
        let Some(family) = row.family() else {
            return (issued::UNKNOWN, false);
        };
        let (mut owners, mut is_mine) = (0, false);
        for owner in self.book.owners(family, row.to()) {
            owners += 1;
            is_mine |= owner == self.clues.user_id;
        }
        let level = match (owners, is_mine) {
            (0, _) => issued::UNKNOWN,
            (_, false) => issued::OTHERS,
            (1, true) => issued::MINE,
            // Issued to several: the book contradicts itself, and a person must look.
            (_, true) => issued::UNKNOWN,
        };
        (level, owners > 0)
    }

    fn assigned(&self, row: RowRef<'_>) -> u8 {
        let finding = row.memo_finding();
        if let Some(level) = finding.and_then(|finding| self.named_by(finding)) {
            return level;
        }
        let (Some(family), Some(actual)) = (row.family(), row.memo()) else {
            return assigned::UNKNOWN;
        };
        // The memo of a file's deposit was judged by nobody: it is compared as text, and as strictly.
        let owners = self.book.memo_owners(row).filter(|_| finding.is_none());
        let Some(owners) = owners else {
            return self.near_memo(family, actual);
        };
        let user = self.clues.user_id.as_str();
        if owners.exact.contains(user) {
            if owners.exact.len() == 1 {
                assigned::MINE
            } else {
                assigned::DISPUTED
            }
        } else if !owners.exact.is_empty() {
            assigned::OTHERS
        } else if owners.near.contains(user) {
            assigned::MINE_NEAR
        } else {
            assigned::OTHERS_NEAR
        }
    }

    fn near_memo(&self, family: Family, actual: &str) -> u8 {
        let is_near = self.user.is_some_and(|user| {
            user.memos().any(|(of, own)| {
                of == family && own.len() >= 6 && text::edits(own, actual, 2).is_some()
            })
        });
        if is_near {
            assigned::MINE_NEAR
        } else {
            assigned::UNKNOWN
        }
    }

    /// Whose it is by the judgement of its routing fields; `None` where they say nothing about this user.
    fn named_by(&self, finding: &MemoFinding) -> Option<u8> {
        let user = self.clues.user_id.as_str();
        if let Some(owner) = &finding.owner {
            return Some(if owner == user {
                assigned::MINE
            } else {
                assigned::OTHERS
            });
        }
        let is_named = finding.named().contains(user);
        if finding.is_disputed() {
            return Some(if is_named {
                assigned::DISPUTED
            } else {
                assigned::OTHERS
            });
        }
        // One of several who may be meant is as near as the only one; which of them, a person says.
        let is_anothers = finding.proposed.is_some().then_some(assigned::OTHERS_NEAR);
        is_named.then_some(assigned::MINE_NEAR).or(is_anothers)
    }
}

const fn shown_transaction(shown: usize) -> u8 {
    match shown {
        ..=8 => transaction::SHOWN,
        9..=15 => transaction::SHOWN_MORE,
        _ => transaction::SHOWN_MOST,
    }
}

/// The changes between two texts that share an end; what shares neither was not found by its ends and is another.
fn edits(stated: &str, actual: &str, limit: usize) -> Option<usize> {
    let (left, right) = (stated.as_bytes(), actual.as_bytes());
    let shares_head = left.get(..4).is_some_and(|head| right.starts_with(head));
    let shares_tail = || {
        left.len()
            .checked_sub(4)
            .and_then(|from| left.get(from..))
            .is_some_and(|tail| right.ends_with(tail))
    };
    if left.len().abs_diff(right.len()) > limit || !(shares_head || shares_tail()) {
        return None;
    }
    text::edits(stated, actual, limit)
}

/// Whether a stated id is the beginning or the end of the actual one.
fn is_cut(stated: &str, actual: &str) -> bool {
    stated.len() >= 8
        && stated.len() < actual.len()
        && (actual.starts_with(stated) || actual.ends_with(stated))
}

fn is_shown(head: &str, tail: &str, actual: &str) -> bool {
    head.len() + tail.len() <= actual.len() && actual.starts_with(head) && actual.ends_with(tail)
}
