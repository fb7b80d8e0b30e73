//! The deposits, arranged so that an appeal finds its few candidates without looking at the rest.

use crate::book::folded_memo;
use crate::clue::{AppealClues, Field, Id, Window};
use crate::facts::DepositFacts;
use crate::{asset, ids};
use recover_core::asset::AssetReference;
use recover_core::decimal::Decimal;
use std::collections::{BTreeSet, HashMap};

/// Candidates that one key may bring, nearest in time first: what has more is ambiguous, and reported as such.
const KEY_MAX: usize = 256;

/// The length of the ends by which damaged ids are looked up.
const END: usize = 4;

/// The length of a single end that is enough for a look-up.
const LONG_END: usize = 8;

/// One deposit with everything folded for comparison.
pub(crate) struct Row {
    pub(crate) facts: DepositFacts,
    pub(crate) transaction: usize,
    pub(crate) to: usize,
    pub(crate) from: Option<usize>,
    pub(crate) symbol: String,
    pub(crate) contract: Option<String>,
    pub(crate) memo: Option<String>,
    pub(crate) seconds: Option<i64>,
    /// How many deposits have this asset and amount.
    pub(crate) twins: usize,
}

/// Texts by number: equal texts have equal numbers.
#[derive(Default)]
pub(crate) struct Texts {
    numbers: HashMap<String, usize>,
    texts: Vec<String>,
    rows: Vec<Vec<usize>>,
    ends: HashMap<String, Vec<usize>>,
    heads: HashMap<String, Vec<usize>>,
    tails: HashMap<String, Vec<usize>>,
}

impl Texts {
    fn add(&mut self, text: String, row: usize) -> usize {
        let number = match self.numbers.get(&text) {
            Some(number) => *number,
            None => {
                let number = self.texts.len();
                if let (Some(head), Some(tail)) = (head(&text, END), tail(&text, END)) {
                    let key = format!("{head}{tail}");
                    self.ends.entry(key).or_default().push(number);
                }
                if let Some(head) = head(&text, LONG_END) {
                    self.heads.entry(head.to_owned()).or_default().push(number);
                }
                if let Some(tail) = tail(&text, LONG_END) {
                    self.tails.entry(tail.to_owned()).or_default().push(number);
                }
                self.numbers.insert(text.clone(), number);
                self.texts.push(text);
                self.rows.push(Vec::new());
                number
            }
        };
        if let Some(rows) = self.rows.get_mut(number) {
            rows.push(row);
        }
        number
    }

    pub(crate) fn text(&self, number: usize) -> &str {
        self.texts.get(number).map_or("", String::as_str)
    }

    pub(crate) fn rows(&self, number: usize) -> &[usize] {
        self.rows.get(number).map_or(&[], Vec::as_slice)
    }

    fn number(&self, text: &str) -> Option<usize> {
        self.numbers.get(text).copied()
    }

    /// The texts that an id may be: itself, else those that share its ends.
    pub(crate) fn find(&self, id: &Id) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let mut look = |map: &HashMap<String, Vec<usize>>, key: Option<String>| {
            if let Some(numbers) = key.and_then(|key| map.get(&key)) {
                found.extend(numbers.iter().take(KEY_MAX));
            }
        };
        match id {
            Id::Whole(text) => match self.number(text) {
                Some(number) => {
                    found.insert(number);
                }
                None => {
                    look(&self.ends, both_ends(text, text));
                    look(&self.heads, head(text, LONG_END).map(str::to_owned));
                    look(&self.tails, tail(text, LONG_END).map(str::to_owned));
                }
            },
            Id::Ends {
                head: begin,
                tail: end,
            } => {
                look(&self.ends, both_ends(begin, end));
                look(&self.heads, head(begin, LONG_END).map(str::to_owned));
                look(&self.tails, tail(end, LONG_END).map(str::to_owned));
            }
        }
        found
    }
}

fn both_ends(begin: &str, end: &str) -> Option<String> {
    Some(format!("{}{}", head(begin, END)?, tail(end, END)?))
}

fn head(text: &str, length: usize) -> Option<&str> {
    text.get(..length)
}

fn tail(text: &str, length: usize) -> Option<&str> {
    text.get(text.len().checked_sub(length)?..)
}

/// Every deposit that an appeal may mean.
pub struct DepositIndex {
    pub(crate) rows: Vec<Row>,
    pub(crate) transactions: Texts,
    pub(crate) to: Texts,
    pub(crate) from: Texts,
    by_value: HashMap<(String, String), Vec<usize>>,
    by_amount: HashMap<String, Vec<usize>>,
    by_place: HashMap<(usize, String), Vec<usize>>,
}

/// The candidates of one appeal.
pub(crate) struct Candidates {
    pub(crate) rows: BTreeSet<usize>,
    /// A key brought more than is looked at: what was left out may fit as well.
    pub(crate) is_capped: bool,
}

impl DepositIndex {
    /// An index of these deposits. Their order does not matter; of two with one id the first in canonical order counts.
    #[must_use]
    pub fn new(deposits: impl IntoIterator<Item = DepositFacts>) -> Self {
        let mut sorted: Vec<DepositFacts> = deposits.into_iter().collect();
        sorted.sort_by(|left, right| {
            let key =
                |facts: &DepositFacts| (facts.id.clone(), facts.tx_id.clone(), facts.to.clone());
            key(left).cmp(&key(right))
        });
        sorted.dedup_by(|right, left| left.id == right.id);
        // By time, so that each list below is sorted by time as well.
        sorted.sort_by_key(|facts| facts.time);
        let mut index = Self {
            rows: Vec::with_capacity(sorted.len()),
            transactions: Texts::default(),
            to: Texts::default(),
            from: Texts::default(),
            by_value: HashMap::new(),
            by_amount: HashMap::new(),
            by_place: HashMap::new(),
        };
        for facts in sorted {
            index.add(facts);
        }
        for rows in index.by_value.values() {
            for row in rows {
                if let Some(row) = index.rows.get_mut(*row) {
                    row.twins = rows.len();
                }
            }
        }
        index
    }

    fn add(&mut self, facts: DepositFacts) {
        let place = self.rows.len();
        let symbol = asset::folded(facts.symbol.as_deref().unwrap_or_default());
        let contract = match &facts.asset.reference {
            AssetReference::Contract(contract) => Some(ids::folded(contract)),
            _ => None,
        };
        let to = self.to.add(ids::folded(&facts.to), place);
        let root = asset::root(&symbol).to_owned();
        if let Some(amount) = facts.amount {
            let amount = amount.to_string();
            let value = (root.clone(), amount.clone());
            self.by_value.entry(value).or_default().push(place);
            self.by_amount.entry(amount).or_default().push(place);
        }
        self.by_place.entry((to, root)).or_default().push(place);
        self.rows.push(Row {
            transaction: self
                .transactions
                .add(ids::folded_transaction(&facts.tx_id), place),
            to,
            from: facts
                .from
                .as_ref()
                .map(|from| self.from.add(ids::folded(from), place)),
            symbol,
            contract,
            memo: facts
                .memo
                .as_deref()
                .map(folded_memo)
                .filter(|memo| !memo.is_empty()),
            seconds: facts.time.map(recover_core::time::Timestamp::as_seconds),
            twins: 1,
            facts,
        });
    }

    /// How many deposits it holds.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The deposits that an appeal may mean.
    pub(crate) fn candidates(
        &self,
        clues: &AppealClues,
        user: Option<&crate::book::User>,
    ) -> Candidates {
        let mut all = Candidates {
            rows: BTreeSet::new(),
            is_capped: false,
        };
        for clue in &clues.transactions {
            for number in self.transactions.find(&clue.value) {
                all.rows.extend(self.transactions.rows(number));
            }
        }
        if let Some(user) = user {
            for address in &user.addresses {
                if let Some(number) = self.to.number(address) {
                    self.near(self.to.rows(number), clues, &mut all);
                }
            }
            for sender in &user.senders {
                if let Some(number) = self.from.number(sender) {
                    self.near(self.from.rows(number), clues, &mut all);
                }
            }
        }
        let symbols: BTreeSet<&str> = clues
            .assets
            .iter()
            .map(|clue| asset::root(&clue.value))
            .collect();
        for clue in &clues.addresses {
            if !matches!(clue.field, Field::From) {
                for number in self.to.find(&clue.value) {
                    let rows = self.to.rows(number);
                    if rows.len() <= KEY_MAX {
                        self.near(rows, clues, &mut all);
                        continue;
                    }
                    // A shared address: only what fits the coin, near the stated time.
                    for symbol in &symbols {
                        let key = (number, (*symbol).to_owned());
                        if let Some(rows) = self.by_place.get(&key) {
                            self.near(rows, clues, &mut all);
                        }
                    }
                }
            }
            for number in self.from.find(&clue.value) {
                self.near(self.from.rows(number), clues, &mut all);
            }
        }
        for amount in clues.amounts.iter().map(|clue| clue.value) {
            let text = Decimal::to_string(&amount);
            let mut is_found = false;
            for symbol in &symbols {
                let key = ((*symbol).to_owned(), text.clone());
                if let Some(rows) = self.by_value.get(&key) {
                    is_found = true;
                    self.near(rows, clues, &mut all);
                }
            }
            if !is_found && let Some(rows) = self.by_amount.get(&text) {
                self.near(rows, clues, &mut all);
            }
        }
        all
    }

    /// Takes the rows of a key, near the stated times where there are too many.
    fn near(&self, rows: &[usize], clues: &AppealClues, all: &mut Candidates) {
        if rows.len() <= KEY_MAX {
            // Few enough to compare them all: a time may be wrong.
            let inside = rows.len() <= 32 || clues.times.is_empty();
            all.rows
                .extend(rows.iter().filter(|row| inside || self.is_in(**row, clues)));
            return;
        }
        if clues.times.is_empty() {
            all.is_capped = true;
            return;
        }
        for window in clues.times.iter().map(|clue| clue.value) {
            let part = self.slice(rows, window);
            if part.len() <= KEY_MAX {
                all.rows.extend(part);
                continue;
            }
            all.is_capped = true;
            let middle = middle(window);
            let mut nearest: Vec<(u64, usize)> = part
                .iter()
                .filter_map(|row| {
                    let seconds = self.rows.get(*row)?.seconds?;
                    Some((seconds.abs_diff(middle), *row))
                })
                .collect();
            nearest.sort_unstable();
            all.rows
                .extend(nearest.into_iter().take(KEY_MAX).map(|(_, row)| row));
        }
    }

    fn is_in(&self, row: usize, clues: &AppealClues) -> bool {
        let seconds = self.rows.get(row).and_then(|row| row.seconds);
        seconds.is_none_or(|seconds| {
            clues.times.iter().any(|clue| {
                // A day on both sides: people are a day off.
                let day = 24 * 3600;
                clue.value.from.as_seconds() - day <= seconds
                    && seconds <= clue.value.to.as_seconds() + day
            })
        })
    }

    /// The rows of a list (sorted by time) that lie in a window.
    fn slice<'a>(&self, rows: &'a [usize], window: Window) -> &'a [usize] {
        let seconds = |row: &usize| self.rows.get(*row).and_then(|row| row.seconds);
        let from = rows.partition_point(|row| {
            seconds(row).is_none_or(|seconds| seconds < window.from.as_seconds())
        });
        let to = rows.partition_point(|row| {
            seconds(row).is_none_or(|seconds| seconds <= window.to.as_seconds())
        });
        rows.get(from..to).unwrap_or_default()
    }
}

fn middle(window: Window) -> i64 {
    window.stated.map_or_else(
        || {
            let (from, to) = (window.from.as_seconds(), window.to.as_seconds());
            from + (to - from) / 2
        },
        recover_core::time::Timestamp::as_seconds,
    )
}
