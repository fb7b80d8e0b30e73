//! The keys under which an appeal meets deposits, kept so that a new deposit is told from those that an appeal could never
//! mean without reading the appeal again.

use crate::candidates::{DAY, HOUR, may_be_contract};
use crate::clue::AppealClues;
use crate::index::KeyKind;
use crate::keys;
use crate::rows::RowRef;
use crate::times::NO_TIME;
use std::collections::{HashMap, HashSet};

/// A key of any kind in four bytes: two that are equal by chance only make an appeal be looked at once more.
type Mark = u32;

/// What stands for a coin's contract among the kinds of keys.
const CONTRACT: u64 = 0xc0;

fn mark(kind: u64, key: u64) -> Mark {
    let [a, b, c, d, ..] = keys::join(key, kind).to_be_bytes();
    Mark::from_be_bytes([a, b, c, d])
}

/// What leads from one appeal to deposits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Watch {
    /// Marks that lead to a deposit of any time, sorted.
    pub(crate) always: Box<[Mark]>,
    /// Marks that lead to a deposit inside the span, sorted.
    pub(crate) timed: Box<[Mark]>,
    /// The span in microseconds, both ends included: every stated time with a day around it, and the view of the page.
    pub(crate) span: (i64, i64),
}

/// A watch on its way.
pub(crate) struct WatchBuilder {
    always: Vec<Mark>,
    timed: Vec<Mark>,
    span: (i64, i64),
}

impl WatchBuilder {
    pub(crate) fn new(clues: &AppealClues) -> Self {
        let mut span: Option<(i64, i64)> = None;
        let mut reach = |from: i64, to: i64| {
            let (low, high) = span.unwrap_or((from, to));
            span = Some((low.min(from), high.max(to)));
        };
        for window in clues.times.iter().map(|clue| clue.value) {
            let (from, to) = (window.from.as_micros(), window.to.as_micros());
            reach(from.saturating_sub(DAY), to.saturating_add(DAY));
        }
        if let Some(view) = clues.session_view_at {
            let view = view.as_micros();
            reach(view.saturating_sub(HOUR), view.saturating_add(2 * HOUR));
        }
        let created = clues.created_at.as_micros();
        let weeks = (
            created.saturating_sub(30 * DAY),
            created.saturating_add(DAY),
        );
        let contracts = clues.assets.iter().map(|clue| clue.value.as_str());
        Self {
            // A coin with a stated contract leads to every deposit of its symbol.
            always: contracts
                .filter(|stated| may_be_contract(stated))
                .map(|stated| mark(CONTRACT, keys::text(stated)))
                .collect(),
            timed: Vec::new(),
            span: span.unwrap_or(weeks),
        }
    }

    pub(crate) fn note(&mut self, kind: KeyKind, key: u64, is_timed: bool) {
        let marks = if is_timed {
            &mut self.timed
        } else {
            &mut self.always
        };
        marks.push(mark(kind as u64, key));
    }

    pub(crate) fn build(mut self) -> Watch {
        for marks in [&mut self.always, &mut self.timed] {
            marks.sort_unstable();
            marks.dedup();
        }
        let always = self.always.into_boxed_slice();
        self.timed
            .retain(|mark| always.binary_search(mark).is_err());
        Watch {
            always,
            timed: self.timed.into_boxed_slice(),
            span: self.span,
        }
    }
}

/// The marks of deposits that changed, with the times at which they stand.
#[derive(Debug, Default)]
pub(crate) struct Stirred {
    always: HashSet<Mark>,
    times: HashMap<Mark, Vec<i64>>,
}

impl Stirred {
    pub(crate) fn add(&mut self, row: RowRef<'_>) {
        let contract = row.contract().map(|of| mark(CONTRACT, keys::text(of)));
        let kinds = KeyKind::ALL.into_iter();
        let marks = kinds.filter_map(|kind| Some(mark(kind as u64, kind.key(row)?)));
        for mark in marks.chain(contract) {
            self.always.insert(mark);
            self.times
                .entry(mark)
                .or_default()
                .push(row.time().map_or(NO_TIME, |time| time.as_micros()));
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.always.is_empty()
    }

    /// Whether one of the deposits could be compared with the appeal, or could be no longer.
    pub(crate) fn meets(&self, watch: &Watch) -> bool {
        let (from, to) = watch.span;
        watch.always.iter().any(|mark| self.always.contains(mark))
            || watch.timed.iter().any(|mark| {
                let times = self.times.get(mark).map_or(&[][..], Vec::as_slice);
                // What has no time may be of any.
                times
                    .iter()
                    .any(|time| *time == NO_TIME || (from..=to).contains(time))
            })
    }
}
