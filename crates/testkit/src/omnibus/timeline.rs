//! Which transaction stands at which height.

use super::dice::Dice;
use std::ops::Range;

const SIZES: u64 = 1;

/// Transactions by their number, spread over heights: many heights hold none, some hold more than a page.
#[derive(Debug)]
pub(crate) struct Timeline {
    first_height: u64,
    /// Number of the first transaction of each height, and the count of all as the last entry.
    starts: Vec<u32>,
    last_height: u64,
}

impl Timeline {
    /// As many transactions as hold at least `deposits` credits, up to [`Timeline::last_height`], and `tail` more behind it.
    /// `credits` says how many a transaction has.
    pub(crate) fn new(
        seed: u64,
        first_height: u64,
        deposits: u32,
        tail: u32,
        credits: impl Fn(u32) -> u32,
    ) -> Timeline {
        let mut found = 0;
        let mut end = 0;
        while found < deposits {
            found += credits(end);
            end += 1;
        }
        let mut timeline = Timeline {
            first_height,
            starts: vec![0],
            last_height: 0,
        };
        timeline.fill(seed, end);
        timeline.last_height = first_height + timeline.starts.len() as u64 - 2;
        timeline.fill(seed, end + tail);
        timeline
    }

    fn fill(&mut self, seed: u64, end: u32) {
        let mut start = self.starts.last().copied().unwrap_or_default();
        while start < end {
            let mut dice = Dice::new(seed, SIZES, self.starts.len() as u64);
            let size = match dice.below(1000) {
                0..350 => 0,
                350..600 => 1,
                600..780 => dice.between(2, 4),
                780..970 => dice.between(5, 40),
                _ => dice.between(150, 700),
            };
            start = end.min(start + u32::try_from(size).expect("a small number"));
            self.starts.push(start);
        }
    }

    /// The height of the first block.
    pub(crate) fn first_height(&self) -> u64 {
        self.first_height
    }

    /// The height at which the promised number of credits is complete.
    pub(crate) fn last_height(&self) -> u64 {
        self.last_height
    }

    /// The height of the last block there will ever be.
    pub(crate) fn end_height(&self) -> u64 {
        self.first_height + self.starts.len() as u64 - 2
    }

    /// How many transactions there are in all.
    pub(crate) fn count(&self) -> u32 {
        self.starts.last().copied().unwrap_or_default()
    }

    /// The height of a transaction.
    pub(crate) fn height_of(&self, transaction: u32) -> u64 {
        let after = self.starts.partition_point(|start| *start <= transaction);
        self.first_height + after as u64 - 1
    }

    /// The transactions of a height.
    pub(crate) fn at(&self, height: u64) -> Range<u32> {
        self.range(height, height)
    }

    /// The transactions from one height to another, both inside; heights outside hold none.
    pub(crate) fn range(&self, from: u64, to: u64) -> Range<u32> {
        if to < self.first_height || to < from {
            return 0..0;
        }
        let blocks = self.starts.len() - 1;
        let place = |height: u64| usize::try_from(height).map_or(blocks, |place| place.min(blocks));
        let start = place(from.saturating_sub(self.first_height));
        let end = place(to - self.first_height + 1);
        self.starts[start]..self.starts[end]
    }

    /// The place of a transaction inside its height, from 0.
    pub(crate) fn place_of(&self, transaction: u32) -> u32 {
        transaction - self.at(self.height_of(transaction)).start
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_transaction_has_one_height() {
        let timeline = Timeline::new(5, 1000, 3000, 500, |number| number % 3);
        let mut next = 0;
        let mut widest = 0;
        for height in timeline.first_height()..=timeline.end_height() {
            let here = timeline.at(height);
            assert_eq!(here.start, next);
            next = here.end;
            widest = widest.max(here.len());
            for transaction in here.clone() {
                assert_eq!(timeline.height_of(transaction), height);
                assert_eq!(timeline.place_of(transaction), transaction - here.start);
            }
        }
        assert_eq!(next, timeline.count());
        assert!(widest > 100, "the widest height holds {widest}");
        let promised = timeline.range(0, timeline.last_height());
        let credits: u32 = promised.map(|number| number % 3).sum();
        assert!((3000..3003).contains(&credits), "{credits} credits");
        assert!(timeline.at(999).is_empty());
        assert!(timeline.at(timeline.end_height() + 1).is_empty());
    }
}
