//! Compares one appeal with deposits, field by field, into [`Levels`].

use crate::amount::equal;
use crate::asset::{self, Sameness};
use crate::book::{Owner, UserBook, UserRef};
use crate::clue::{AppealClues, Field, Found, Id, Proof};
use crate::index::{DepositIndex, RowNo};
use crate::keys::Ends;
use crate::levels::{
    self, Levels, PARTS, Part, amount, assigned, coin, id, issued, memo, network, proof, time,
    transaction, view,
};
use crate::rows::RowRef;
use crate::standing::{COUNTED, Standing};
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

/// Compares one appeal with deposits.
pub(crate) struct Comparer<'a> {
    clues: &'a AppealClues,
    index: &'a DepositIndex,
    book: &'a UserBook,
    standing: &'a Standing,
    user: Option<UserRef<'a>>,
    /// Per transaction clue: whether some deposit has it.
    is_known: Vec<bool>,
    /// The last deposit and how it compared: candidates are often alike.
    last: Option<(RowRef<'a>, Levels)>,
}

impl<'a> Comparer<'a> {
    pub(crate) fn new(
        clues: &'a AppealClues,
        index: &'a DepositIndex,
        book: &'a UserBook,
        standing: &'a Standing,
        user: Option<UserRef<'a>>,
    ) -> Self {
        let is_known = |clue: &Found<Id>| match &clue.value {
            Id::Whole(text) => index.has_transaction(text),
            Id::Ends { .. } => false,
        };
        Self {
            clues,
            index,
            book,
            standing,
            user,
            is_known: clues.transactions.iter().map(is_known).collect(),
            last: None,
        }
    }

    pub(crate) fn compare(&mut self, number: RowNo) -> Levels {
        let mut levels = Levels([0; PARTS]);
        let Some(row) = self.index.row(number) else {
            return levels;
        };
        let fixed = self.standing.of(number);
        for (part, class) in COUNTED.into_iter().zip(fixed.classes) {
            levels.set(part, class);
        }
        let last = self.last;
        // What the last deposit compared as, where this one is the same in it.
        let again = |part: Part, is_same: fn(RowRef<'a>, RowRef<'a>) -> bool| {
            let same = last.filter(|(other, _)| is_same(*other, row));
            same.map(|(_, levels)| levels.of(part))
        };
        levels.set(Part::Transaction, self.transaction(row));
        let to = again(Part::To, RowRef::shares_to)
            .unwrap_or_else(|| self.address(row.to_ends(), || row.to(), Field::To));
        levels.set(Part::To, to);
        let from = again(Part::From, RowRef::shares_from).unwrap_or_else(|| {
            let text = || row.from().unwrap_or_default();
            if row.has_from() {
                self.address(row.sender_ends(), text, Field::From)
            } else {
                id::ABSENT
            }
        });
        levels.set(Part::From, from);
        let coin = again(Part::Coin, RowRef::shares_coin).unwrap_or_else(|| self.coin(row));
        levels.set(Part::Coin, coin);
        let amount = again(Part::Amount, RowRef::shares_amount).unwrap_or_else(|| self.amount(row));
        levels.set(Part::Amount, amount);
        levels.set(Part::Time, self.time(row));
        levels.set(Part::Memo, self.memo(row));
        let network =
            again(Part::Network, RowRef::shares_network).unwrap_or_else(|| self.network(row));
        levels.set(Part::Network, network);
        levels.set(Part::View, self.view(row));
        levels.set(Part::Proof, self.proof(row, from));
        let (issued, is_issued) = self.issued(row, fixed.owner);
        levels.set(Part::Issued, issued);
        let assigned = if is_issued {
            assigned::UNKNOWN
        } else {
            self.assigned(row, fixed.has_memo_owners)
        };
        levels.set(Part::Assigned, assigned);
        let mut senders = self.user.into_iter().flat_map(UserRef::senders);
        let is_known = senders.any(|own| {
            Ends::of(own) == row.sender_ends() && row.from().is_some_and(|from| from == own)
        });
        let is_shared = || {
            let of_others = |from| self.book.is_sender_of_others(&self.clues.user_id, from);
            row.from().is_some_and(of_others)
        };
        let is_sender = is_known && !is_shared();
        levels.set(Part::Sender, u8::from(is_sender));
        self.last = Some((row, levels));
        levels
    }

    fn transaction(&self, row: RowRef<'_>) -> u8 {
        let stated = self.clues.transactions.iter().zip(&self.is_known);
        let levels = stated.map(|(clue, is_known)| {
            if !may_be(&clue.value, row.transaction_ends()) {
                return match &clue.value {
                    Id::Whole(_) if *is_known => transaction::OF_ANOTHER,
                    Id::Whole(text) if text.len() == row.transaction_len() => transaction::OF_NONE,
                    _ => transaction::DIFFERS,
                };
            }
            let actual = row.transaction();
            match &clue.value {
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
            }
        });
        levels.max().unwrap_or(transaction::ABSENT)
    }

    fn address(&self, ends: Ends, actual: impl Fn() -> &'a str, home: Field) -> u8 {
        let levels = self.clues.addresses.iter().filter_map(|clue| {
            let level = match &clue.value {
                other if !may_be(other, ends) => id::DIFFERS,
                Id::Whole(text) if text == actual() => {
                    if clue.field == home {
                        id::EXACT
                    } else {
                        id::MISPLACED
                    }
                }
                Id::Whole(text) => match edits(text, actual(), 2) {
                    Some(1) => id::ONE_OFF,
                    Some(_) => id::TWO_OFF,
                    None if is_cut(text, actual()) => id::SHOWN,
                    None => id::DIFFERS,
                },
                Id::Ends { head, tail } if is_shown(head, tail, actual()) => id::SHOWN,
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
            return proof::DEPOSIT;
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
    fn issued(&self, row: RowRef<'_>, owner: Owner) -> (u8, bool) {
        let level = match owner {
            Owner::Nobody => return (issued::UNKNOWN, false),
            Owner::User(number) if self.user.is_some_and(|user| user.number() == number) => {
                issued::MINE
            }
            Owner::User(_) => issued::OTHERS,
            Owner::Several => {
                let family = row.family();
                let owners = family.map(|family| self.book.owners(family, row.to()));
                let is_mine = |user: &str| user == self.clues.user_id;
                if owners.into_iter().flatten().any(is_mine) {
                    // Issued to several: the book contradicts itself, and a person must look.
                    issued::UNKNOWN
                } else {
                    issued::OTHERS
                }
            }
        };
        (level, true)
    }

    fn assigned(&self, row: RowRef<'_>, has_owners: bool) -> u8 {
        let finding = row.memo_finding();
        if let Some(level) = finding.and_then(|finding| self.named_by(finding)) {
            return level;
        }
        let (Some(family), Some(actual)) = (row.family(), row.memo()) else {
            return assigned::UNKNOWN;
        };
        // The memo of a file's deposit was judged by nobody: it is compared as text, and as strictly.
        let is_asked = has_owners && finding.is_none();
        let owners = is_asked.then(|| self.book.memo_owners(row)).flatten();
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
            user.memos()
                .any(|(of, own)| of == family && own.len() >= 6 && is_one_slip(own, actual))
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

/// Whether one slip of a hand makes one memo of the other: a character changed, left out or too much, or two neighbours swapped. Two
/// slips lead to some deposit of a stranger too often.
fn is_one_slip(own: &str, actual: &str) -> bool {
    let is_swapped = || {
        let (own, actual) = (own.as_bytes(), actual.as_bytes());
        let differs = |place: &usize| own[*place] != actual[*place];
        own.len() == actual.len()
            && match (0..own.len()).filter(differs).collect::<Vec<_>>()[..] {
                [first, second] => {
                    second == first + 1
                        && own[first] == actual[second]
                        && own[second] == actual[first]
                }
                _ => false,
            }
    };
    text::edits(own, actual, 1).is_some() || is_swapped()
}

const fn shown_transaction(shown: usize) -> u8 {
    match shown {
        ..=8 => transaction::SHOWN,
        9..=15 => transaction::SHOWN_MORE,
        _ => transaction::SHOWN_MOST,
    }
}

/// Whether what is stated can be this text or near it, by its ends alone: what shares none of them is another.
fn may_be(stated: &Id, ends: Ends) -> bool {
    match stated {
        Id::Whole(text) => {
            let own = Ends::of(text);
            own.head == ends.head || own.tail == ends.tail
        }
        Id::Ends { head, tail } => {
            (head.len() < 4 || Ends::of(head).head == ends.head)
                && (tail.len() < 4 || Ends::of(tail).tail == ends.tail)
        }
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
