//! The deposits, arranged so that an appeal finds its few candidates without looking at the rest.
//!
//! Every kind of key is one sorted array of (64-bit key, row); rows stand in the order of time, so the rows of one key do as
//! well, and "near this time" is a slice. New deposits go to a small second part that is looked up beside the first and
//! joined with it when it has grown.

use crate::clue::AppealClues;
use crate::facts::{DepositFacts, DepositView};
use crate::keys::{self, Entry, KeyArray};
use crate::rows::{RowRef, Rows};
use crate::watch::{Watch, WatchBuilder};
use crate::{amount_key, candidates};
use recover_core::observation::DepositId;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

/// Deposits that are handed to a builder at a time.
const CHUNK: usize = 4_096;

/// Below this many rows a second thread costs more than it saves.
const PARALLEL_MIN: usize = 8_192;

/// The second part is joined with the first when it has more rows than this, or more than a share of the first.
const DELTA_MIN: usize = 1_024;

/// The share: one part in so many.
const DELTA_SHARE: usize = 64;

/// The place of a deposit in an index. A number means nothing in another index, nor after [`DepositIndex::extend`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowNo(pub u32);

/// What a key is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum KeyKind {
    /// The id.
    Id,
    /// The whole transaction id.
    Transaction,
    /// Its first four and last four characters.
    TransactionEnds,
    /// Its first eight.
    TransactionHead,
    /// Its last eight.
    TransactionTail,
    /// The credited address.
    To,
    /// The sender.
    From,
    /// The sender's ends and the coin.
    FromEnds,
    /// The coin.
    Coin,
    /// The coin and the exact amount.
    Value,
    /// The network and the exact amount.
    NetworkAmount,
    /// The coin and the amount to two digits.
    Rough,
    /// The memo.
    Memo,
    /// Its first four characters.
    MemoHead,
    /// Its last four.
    MemoTail,
}

impl KeyKind {
    pub(crate) const ALL: [Self; 15] = [
        Self::Id,
        Self::Transaction,
        Self::TransactionEnds,
        Self::TransactionHead,
        Self::TransactionTail,
        Self::To,
        Self::From,
        Self::FromEnds,
        Self::Coin,
        Self::Value,
        Self::NetworkAmount,
        Self::Rough,
        Self::Memo,
        Self::MemoHead,
        Self::MemoTail,
    ];

    /// The key of a row; `None` where it lacks what the key is made of.
    pub(crate) fn key(self, row: RowRef<'_>) -> Option<u64> {
        match self {
            Self::Id => Some(keys::text(row.id_text())),
            Self::Transaction => Some(keys::text(row.transaction())),
            Self::TransactionEnds => keys::ends(row.transaction(), row.transaction()),
            Self::TransactionHead => keys::head(row.transaction()),
            Self::TransactionTail => keys::tail(row.transaction()),
            Self::To => Some(keys::text(row.to())),
            Self::From => row.from().map(keys::text),
            Self::FromEnds => row.from().and_then(|from| {
                let bare = candidates::bare(from);
                Some(keys::join(row.coin().root, keys::ends(bare, bare)?))
            }),
            Self::Coin => Some(row.coin().root),
            Self::Value => row
                .amount()
                .map(|amount| keys::join(row.coin().root, amount_key::exact(amount))),
            Self::NetworkAmount => row.amount().map(|amount| {
                let network = keys::text(row.network().as_str());
                keys::join(network, amount_key::exact(amount))
            }),
            Self::Rough => row
                .amount()
                .and_then(amount_key::rough)
                .map(|rough| amount_key::of_rough(row.coin().root, rough)),
            Self::Memo => row.memo().map(keys::text),
            Self::MemoHead => row.memo().and_then(candidates::memo_head),
            Self::MemoTail => row.memo().and_then(candidates::memo_tail),
        }
    }

    fn array(self, rows: &Rows) -> KeyArray {
        let mut entries = Vec::new();
        let count = u32::try_from(rows.rows.len()).unwrap_or(u32::MAX);
        for number in 0..count {
            if let Some(row) = rows.get(number) {
                entries.extend(self.key(row).map(|key| Entry::new(key, number)));
            }
        }
        KeyArray::new(&entries)
    }
}

/// Rows sorted by time and the arrays that lead to them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Part {
    pub(crate) rows: Rows,
    arrays: Vec<KeyArray>,
    /// The keys of its coins, sorted.
    roots: Vec<u64>,
}

impl Part {
    fn new(rows: impl IntoIterator<Item = Rows>, threads: usize) -> Self {
        let rows = Rows::sorted(rows);
        let mut arrays: Vec<(usize, KeyArray)> = if threads < 2 || rows.rows.len() < PARALLEL_MIN {
            KeyKind::ALL
                .iter()
                .map(|kind| kind.array(&rows))
                .enumerate()
                .collect()
        } else {
            let next = AtomicUsize::new(0);
            let work = || {
                let mut made = Vec::new();
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(kind) = KeyKind::ALL.get(place) else {
                        return made;
                    };
                    made.push((place, kind.array(&rows)));
                }
            };
            std::thread::scope(|scope| {
                let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
                let mut made = work();
                for other in others {
                    made.extend(
                        other
                            .join()
                            .expect("a thread that sorts keys does not panic"),
                    );
                }
                made
            })
        };
        arrays.sort_by_key(|(place, _)| *place);
        let arrays: Vec<KeyArray> = arrays.into_iter().map(|(_, array)| array).collect();
        let coins = arrays.get(KeyKind::Coin as usize);
        let roots = coins.map_or_else(Vec::new, |coins| {
            let runs = coins.runs();
            runs.filter_map(|run| Some(run.first()?.key())).collect()
        });
        Self {
            rows,
            arrays,
            roots,
        }
    }

    /// The entries of every key of a kind, in the order of keys.
    pub(crate) fn runs(&self, kind: KeyKind) -> impl Iterator<Item = &[Entry]> {
        let array = self.arrays.get(kind as usize);
        array.into_iter().flat_map(KeyArray::runs)
    }

    /// Whether some row is of a coin.
    pub(crate) fn has_coin(&self, root: u64) -> bool {
        self.roots.binary_search(&root).is_ok()
    }

    pub(crate) fn find(&self, kind: KeyKind, key: u64) -> &[Entry] {
        self.arrays
            .get(kind as usize)
            .map_or(&[][..], |array| array.find(key))
    }

    fn bytes(&self) -> usize {
        self.rows.bytes() + self.arrays.iter().map(KeyArray::bytes).sum::<usize>()
    }
}

/// Deposits on their way into an index, one thread's share of them. Order does not matter.
#[derive(Debug, Default)]
pub struct IndexBuilder(Rows);

impl IndexBuilder {
    /// Adds a deposit.
    ///
    /// # Panics
    /// When there are 2^32 rows, or 4 GiB of one kind of text.
    pub fn push(&mut self, view: DepositView<'_>) {
        self.0.push(view);
    }
}

/// Every deposit that an appeal may mean.
#[derive(Debug, Clone, Default)]
pub struct DepositIndex {
    pub(crate) main: Part,
    pub(crate) delta: Part,
    threads: usize,
}

impl DepositIndex {
    /// An index of these deposits. Their order does not matter; of two with one id the first in canonical order counts.
    /// Deposits are folded on a second thread while the iterator is read.
    ///
    /// # Panics
    /// As [`IndexBuilder::push`].
    #[must_use]
    pub fn new(deposits: impl IntoIterator<Item = DepositFacts>) -> Self {
        let mut deposits = deposits.into_iter();
        let mut first: Vec<DepositFacts> = deposits.by_ref().take(PARALLEL_MIN).collect();
        if first.len() < PARALLEL_MIN {
            let mut builder = IndexBuilder::default();
            for facts in &first {
                builder.push(facts.view());
            }
            return Self::build([builder], 1);
        }
        let (send, receive) = mpsc::sync_channel::<Vec<DepositFacts>>(4);
        let builder = std::thread::scope(|scope| {
            let worker = scope.spawn(move || {
                let mut builder = IndexBuilder::default();
                for chunk in receive {
                    for facts in &chunk {
                        builder.push(facts.view());
                    }
                }
                builder
            });
            while !first.is_empty() {
                // A worker that is gone has panicked: joining it tells.
                if send.send(first).is_err() {
                    break;
                }
                first = deposits.by_ref().take(CHUNK).collect();
            }
            drop(send);
            worker
                .join()
                .expect("a thread that adds rows does not panic")
        });
        Self::build([builder], 2)
    }

    /// An index of what these builders hold. Neither their order nor the number of threads changes what is found.
    #[must_use]
    pub fn build(builders: impl IntoIterator<Item = IndexBuilder>, threads: usize) -> Self {
        Self {
            main: Part::new(builders.into_iter().map(|builder| builder.0), threads),
            delta: Part::default(),
            threads,
        }
    }

    /// Adds a deposit; it is found by the next look-up.
    pub fn push(&mut self, facts: &DepositFacts) {
        self.extend([facts.view()]);
    }

    /// Adds deposits; they are found by the next look-up, as if the index had been made with them. Row numbers change.
    pub fn extend<'a>(&mut self, views: impl IntoIterator<Item = DepositView<'a>>) {
        let mut rows = Rows::default();
        let mut is_known = false;
        for view in views {
            let known = self.find(&DepositId::verbatim(view.id));
            if let Some(row) = known.and_then(|number| self.row(number))
                && row.view() == view
            {
                continue;
            }
            is_known |= known.is_some_and(|number| number.0 < self.base());
            rows.push(view);
        }
        if rows.rows.is_empty() {
            return;
        }
        let delta = std::mem::take(&mut self.delta).rows;
        let many = DELTA_MIN.max(self.main.rows.rows.len() / DELTA_SHARE);
        if is_known || rows.rows.len() + delta.rows.len() > many {
            let main = std::mem::take(&mut self.main).rows;
            self.main = Part::new([main, delta, rows], self.threads);
        } else {
            self.delta = Part::new([delta, rows], 1);
        }
    }

    /// How many deposits it holds.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.main.rows.rows.len() + self.delta.rows.rows.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes that it occupies, but for what lists of coins and networks take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.main.bytes() + self.delta.bytes()
    }

    /// Where the second part begins.
    pub(crate) fn base(&self) -> u32 {
        u32::try_from(self.main.rows.rows.len()).unwrap_or(u32::MAX)
    }

    /// The deposit at a place; `None` when the number is of another index.
    #[must_use]
    pub fn row(&self, number: RowNo) -> Option<RowRef<'_>> {
        match number.0.checked_sub(self.base()) {
            Some(number) => self.delta.rows.get(number),
            None => self.main.rows.get(number.0),
        }
    }

    /// The place of the deposit with this id.
    #[must_use]
    pub fn find(&self, id: &DepositId) -> Option<RowNo> {
        let key = keys::text(id.as_str());
        self.run(KeyKind::Id, key).find(|number| {
            self.row(*number)
                .is_some_and(|row| row.id_text() == id.as_str())
        })
    }

    /// The order of two deposits by time and id, whichever way they came into the index.
    #[must_use]
    pub fn order(&self, left: RowNo, right: RowNo) -> std::cmp::Ordering {
        let base = self.base();
        if (left.0 < base) == (right.0 < base) {
            return left.cmp(&right);
        }
        let key = |number| self.row(number).map(|row| (row.time(), row.id_text()));
        key(left).cmp(&key(right))
    }

    pub(crate) fn run(&self, kind: KeyKind, key: u64) -> impl Iterator<Item = RowNo> + '_ {
        let base = self.base();
        let main = self.main.find(kind, key).iter();
        let delta = self.delta.find(kind, key).iter();
        main.map(|entry| RowNo(entry.number()))
            .chain(delta.map(move |entry| RowNo(entry.number() + base)))
    }

    /// Tells every deposit that has a key of a kind how many have the same, in any order.
    pub(crate) fn counts(&self, kind: KeyKind, mut each: impl FnMut(RowNo, usize)) {
        let parts = [
            (&self.main, &self.delta, 0),
            (&self.delta, &self.main, self.base()),
        ];
        for (part, other, base) in parts {
            for run in part.runs(kind) {
                let more = run
                    .first()
                    .map_or(0, |first| other.find(kind, first.key()).len());
                for entry in run {
                    each(RowNo(entry.number() + base), run.len() + more);
                }
            }
        }
    }

    fn count(&self, kind: KeyKind, key: u64) -> usize {
        self.main.find(kind, key).len() + self.delta.find(kind, key).len()
    }

    /// Whether some deposit has this folded transaction id.
    #[must_use]
    pub fn has_transaction(&self, folded: &str) -> bool {
        self.run(KeyKind::Transaction, keys::text(folded))
            .any(|number| {
                self.row(number)
                    .is_some_and(|row| row.transaction() == folded)
            })
    }

    /// How many deposits its transaction made.
    #[must_use]
    pub fn outputs(&self, row: RowRef<'_>) -> usize {
        self.count(KeyKind::Transaction, keys::text(row.transaction()))
    }

    /// How many deposits arrived at its address.
    #[must_use]
    pub fn at_address(&self, row: RowRef<'_>) -> usize {
        self.count(KeyKind::To, keys::text(row.to()))
    }

    /// How many deposits came from its sender; 1 when that is unknown.
    #[must_use]
    pub fn of_sender(&self, row: RowRef<'_>) -> usize {
        row.from()
            .map_or(1, |from| self.count(KeyKind::From, keys::text(from)))
    }

    /// How many deposits have its coin and exact amount; 1 when the amount is unknown.
    #[must_use]
    pub fn twins(&self, row: RowRef<'_>) -> usize {
        row.amount().map_or(1, |amount| {
            let key = keys::join(row.coin().root, amount_key::exact(amount));
            self.count(KeyKind::Value, key)
        })
    }

    /// The deposits with its coin and exact amount that arrived within so many seconds of it, itself among them; those with
    /// an unknown time are left out, and nothing is near a row without a time or an amount.
    pub fn twins_within(&self, row: RowRef<'_>, seconds: i64) -> impl Iterator<Item = RowNo> + '_ {
        let slices = row.amount().zip(row.time()).map(|(amount, time)| {
            let key = keys::join(row.coin().root, amount_key::exact(amount));
            let reach = seconds.max(0).saturating_mul(1_000_000);
            let from = time.as_micros().saturating_sub(reach);
            let to = time.as_micros().saturating_add(reach);
            [&self.main, &self.delta].map(|part| {
                let entries = part.find(KeyKind::Value, key);
                candidates::between(
                    entries,
                    part.rows.times.first_at(from),
                    part.rows.times.first_at(to.saturating_add(1)),
                )
            })
        });
        let [main, delta] = slices.unwrap_or_default();
        let base = self.base();
        main.iter()
            .map(|entry| RowNo(entry.number()))
            .chain(delta.iter().map(move |entry| RowNo(entry.number() + base)))
    }

    /// Tells every deposit which others are its twins as [`Self::twins_within`] finds them, in any order. What shares its coin and
    /// amount with no other is left out.
    pub(crate) fn each_twins(
        &self,
        seconds: i64,
        mut each: impl FnMut(RowNo, &mut dyn Iterator<Item = RowNo>),
    ) {
        let reach = seconds.max(0).saturating_mul(1_000_000);
        let parts = [
            (&self.main, &self.delta, 0),
            (&self.delta, &self.main, self.base()),
        ];
        for (part, other, base) in parts {
            let micros = |entry: &Entry| part.rows.times.at(entry.number());
            for run in part.runs(KeyKind::Value) {
                let Some(first) = run.first() else { continue };
                if !other.find(KeyKind::Value, first.key()).is_empty() {
                    for number in run.iter().map(|entry| RowNo(entry.number() + base)) {
                        if let Some(row) = self.row(number) {
                            each(number, &mut self.twins_within(row, seconds));
                        }
                    }
                    continue;
                }
                if run.len() < 2 {
                    continue;
                }
                // A run is in the order of time: a window over it moves forward only.
                let (mut low, mut high) = (0, 0);
                for entry in run {
                    let time = micros(entry);
                    if time == crate::times::NO_TIME {
                        continue;
                    }
                    let (from, to) = (time.saturating_sub(reach), time.saturating_add(reach));
                    while run.get(low).is_some_and(|entry| micros(entry) < from) {
                        low += 1;
                    }
                    while run.get(high).is_some_and(|entry| micros(entry) <= to) {
                        high += 1;
                    }
                    let window = run.get(low..high).unwrap_or_default().iter();
                    each(
                        RowNo(entry.number() + base),
                        &mut window.map(|entry| RowNo(entry.number() + base)),
                    );
                }
            }
        }
    }

    /// The deposits that an appeal may mean, in the order of time and id, each once; they replace what is in `out`. The
    /// answer says whether a key brought more than is looked at: what was left out may fit as well.
    pub fn candidates(
        &self,
        clues: &AppealClues,
        user: Option<crate::book::UserRef<'_>>,
        out: &mut Vec<RowNo>,
    ) -> bool {
        candidates::look(self, clues, user, &candidates::CandidateKey::ALL, out, None)
    }

    /// As [`Self::candidates`], and what would lead to others.
    pub(crate) fn watched_candidates(
        &self,
        clues: &AppealClues,
        user: Option<crate::book::UserRef<'_>>,
        out: &mut Vec<RowNo>,
    ) -> (bool, Watch) {
        let mut watch = WatchBuilder::new(clues);
        let all = &candidates::CandidateKey::ALL;
        let is_capped = candidates::look(self, clues, user, all, out, Some(&mut watch));
        (is_capped, watch.build())
    }

    /// The deposits that some keys alone bring.
    pub fn candidates_by(
        &self,
        keys: &[candidates::CandidateKey],
        clues: &AppealClues,
        user: Option<crate::book::UserRef<'_>>,
        out: &mut Vec<RowNo>,
    ) -> bool {
        candidates::look(self, clues, user, keys, out, None)
    }
}
