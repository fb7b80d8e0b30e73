//! How to cut a block range into log queries that a node answers: shrinks on every refusal, learns from what passes, grows
//! back, and hands out every block exactly once.
//!
//! Pure: the caller asks for the next piece and reports what became of it. Several pieces may be out at once; until one
//! has passed only one is, since the first sizes are guesses.

use crate::refusal::Hint;
use recover_core::block::{Height, HeightRange};
use std::collections::VecDeque;

/// What became of a refused piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It comes again in smaller pieces.
    Split,
    /// It is one block: no query of this kind can read it.
    Irreducible,
}

/// Answers with more results than this are asked for in smaller pieces from then on, though the node would give more: a
/// log is some 630 bytes, and several answers are in memory at once.
const RESULTS_AIM: u64 = 10_000;

/// Plans the queries for one range.
#[derive(Debug, Clone)]
pub struct RangePlanner {
    /// Refused pieces that lie before pieces already handed out, lowest first.
    again: VecDeque<HeightRange>,
    /// The first block not handed out yet; `None` when all are.
    next: Option<Height>,
    end: Height,
    blocks_max: u64,
    blocks_cap: Option<u64>,
    step: u64,
    blocks_passed: u64,
    blocks_refused: Option<u64>,
    results_cap: Option<u64>,
    results_passed: u64,
    results_refused: Option<u64>,
    /// How much of the results cap to aim at, in percent.
    aim: u64,
    /// Results in 1024 blocks, smoothed; `None` before the first answer.
    density: Option<u64>,
    out: usize,
    passed: u64,
    requests: u64,
}

impl RangePlanner {
    /// A plan for `range` that starts with `blocks_max` blocks a query and never asks for more.
    #[must_use]
    pub fn new(range: HeightRange, blocks_max: u64) -> Self {
        let blocks_max = blocks_max.max(1);
        Self {
            again: VecDeque::new(),
            next: Some(range.from()),
            end: range.to(),
            blocks_max,
            blocks_cap: None,
            step: blocks_max,
            blocks_passed: 0,
            blocks_refused: None,
            results_cap: None,
            results_passed: 0,
            results_refused: None,
            aim: 93,
            density: None,
            out: 0,
            passed: 0,
            requests: 0,
        }
    }

    /// Whether every block was handed out and answered.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.again.is_empty() && self.next.is_none() && self.out == 0
    }

    /// How many pieces were handed out.
    #[must_use]
    pub const fn requests(&self) -> u64 {
        self.requests
    }

    /// The next piece to ask for; `None` when nothing is left, or while the first answer is awaited.
    pub fn next_piece(&mut self) -> Option<HeightRange> {
        if self.passed == 0 && self.out > 0 {
            return None;
        }
        let size = self.size();
        let piece = if let Some(piece) = self.again.pop_front() {
            let last = piece.from().plus(size - 1).min(piece.to());
            if let Some(rest) = HeightRange::new(last.next(), piece.to()) {
                self.again.push_front(rest);
            }
            HeightRange::new(piece.from(), last)
        } else {
            let from = self.next?;
            let last = from.plus(size - 1).min(self.end);
            self.next = (last < self.end).then(|| last.next());
            HeightRange::new(from, last)
        };
        if piece.is_some() {
            self.out += 1;
            self.requests += 1;
        }
        piece
    }

    /// A piece was answered with so many results.
    pub fn accept(&mut self, piece: HeightRange, results: u64) {
        self.out = self.out.saturating_sub(1);
        self.passed += 1;
        let blocks = piece.blocks();
        let fresh = results.saturating_mul(1024) / blocks;
        self.density = Some(match self.density {
            None => fresh,
            Some(old) => old.saturating_add(fresh) / 2,
        });
        self.results_passed = self.results_passed.max(results);
        if let (Some(refused), true) = (self.blocks_refused, self.results_refused.is_none())
            && self.results_cap.is_none()
            && self.blocks_cap.is_none()
        {
            // Refused before anything was known of the density: now it can be weighed.
            self.results_refused = Some(self.expected(refused)).filter(|results| *results > 0);
        }
        // More than was thought possible has passed: the bound lies a little higher, and need not be searched anew.
        let above = self.results_passed.saturating_mul(106) / 100;
        self.results_refused = self.results_refused.map(|refused| refused.max(above));
        if results > RESULTS_AIM && self.results_cap.is_none() {
            self.results_cap = Some(RESULTS_AIM);
        }
        self.blocks_passed = self.blocks_passed.max(blocks);
        if self
            .blocks_refused
            .is_some_and(|refused| refused <= self.blocks_passed)
        {
            self.blocks_refused = None;
        }
        // Grow back: what was refused once may pass later in the chain or on another machine behind the same name.
        if self.passed.is_multiple_of(64) {
            self.blocks_refused = self.blocks_refused.map(|refused| refused.saturating_mul(2));
            self.results_refused = self
                .results_refused
                .map(|refused| refused.saturating_mul(5) / 4);
        }
        self.aim = (self.aim + 1).min(94);
        self.step = match self.blocks_refused {
            Some(refused) if self.results_refused.is_none() && self.results_cap.is_none() => {
                let room = refused.saturating_sub(self.blocks_passed);
                if room <= (self.blocks_passed / 8).max(1) {
                    self.blocks_passed
                } else {
                    self.blocks_passed + room / 2
                }
            }
            _ => self.step.saturating_mul(2),
        }
        .clamp(1, self.blocks_max);
    }

    /// A piece was refused for its size.
    pub(crate) fn refuse(&mut self, piece: HeightRange, hint: Hint) -> Refused {
        self.out = self.out.saturating_sub(1);
        let blocks = piece.blocks();
        if blocks == 1 {
            return Refused::Irreducible;
        }
        self.put_back(piece);
        // Before the first answer nothing is known, and a quarter wastes fewer tries than a half.
        let part = if self.density.is_none() { 4 } else { 2 };
        let smaller = (blocks / part).max(1);
        if let Some(smaller) = hint.blocks.filter(|smaller| *smaller < blocks) {
            if hint.is_block_cap {
                self.blocks_cap = Some(smaller.max(1));
            }
            self.step = smaller.max(1);
            return Refused::Split;
        }
        self.step = self.step.min(smaller);
        if hint.is_block_cap || self.density.is_none() {
            let refused = self.blocks_refused.map_or(blocks, |old| old.min(blocks));
            self.blocks_refused = Some(refused);
        }
        if hint.is_block_cap {
            return Refused::Split;
        }
        self.results_cap = hint.results.or(self.results_cap);
        let expected = self.expected(blocks);
        if self.density.is_none() {
            return Refused::Split;
        }
        if self.results_cap.is_some() || expected <= self.results_passed {
            // About as many results as have passed before: these blocks are fuller than their neighbours, or the cap moved.
            self.aim = self.aim.saturating_sub(3).max(50);
            self.results_passed = self.results_passed.min(expected.saturating_mul(97) / 100);
            if self.results_cap.is_none() {
                self.results_refused = Some(expected.saturating_mul(106) / 100);
            }
        } else {
            let refused = self
                .results_refused
                .map_or(expected, |old| old.min(expected));
            self.results_refused = Some(refused);
        }
        if expected > 0 {
            // The target falls with what was learned, so that the next try need not be half of this one.
            self.step = blocks.saturating_mul(7) / 8;
        }
        self.step = self.step.max(1);
        Refused::Split
    }

    /// A piece failed for another reason and comes again as it is.
    pub fn put_back_unread(&mut self, piece: HeightRange) {
        self.out = self.out.saturating_sub(1);
        self.put_back(piece);
    }

    fn put_back(&mut self, piece: HeightRange) {
        // Where nothing behind it is out, the plan simply goes on from its start: no odd remainder is left over.
        let follows = match self.next {
            Some(next) => piece.to().next() == next,
            None => piece.to() == self.end,
        };
        if follows && self.again.is_empty() {
            self.next = Some(piece.from());
        } else {
            let place = self
                .again
                .iter()
                .position(|other| other.from() > piece.from())
                .unwrap_or(self.again.len());
            self.again.insert(place, piece);
        }
    }

    fn expected(&self, blocks: u64) -> u64 {
        self.density.unwrap_or_default().saturating_mul(blocks) / 1024
    }

    /// How many blocks the next query asks for, at least one.
    fn size(&self) -> u64 {
        let mut size = self.step.min(self.blocks_max);
        if let Some(cap) = self.blocks_cap {
            size = size.min(cap);
        }
        let target = match (self.results_cap, self.results_refused) {
            (Some(cap), _) => Some(cap.saturating_mul(self.aim) / 100),
            (None, Some(refused)) => {
                let passed = self.results_passed;
                if refused.saturating_mul(100) <= passed.saturating_mul(115) {
                    // What has passed is below the cap, and needs less room than the cap itself.
                    Some(passed.saturating_mul(self.aim + 5) / 100)
                } else {
                    Some(passed + (refused - passed) * 6 / 10)
                }
            }
            (None, None) => None,
        };
        if let (Some(target), Some(density)) = (target, self.density)
            && density > 0
        {
            size = size.min(target.saturating_mul(1024) / density);
        }
        size.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal;
    use proptest::prelude::*;

    /// A node with so many logs in each block, and its caps.
    struct FakeNode {
        logs: Vec<u64>,
        results_max: u64,
        blocks_max: u64,
        talkative: bool,
    }

    impl FakeNode {
        fn ask(&self, piece: HeightRange) -> Result<u64, String> {
            if piece.blocks() > self.blocks_max {
                return Err(if self.talkative {
                    format!("block range is too wide: at most {}", self.blocks_max)
                } else {
                    "block range is too wide".to_owned()
                });
            }
            let (from, to) = (piece.from().0 as usize, piece.to().0 as usize);
            let found: u64 = self.logs[from..=to].iter().sum();
            if found > self.results_max {
                return Err(if self.talkative {
                    format!("query returned more than {} results", self.results_max)
                } else {
                    "query returned too many results".to_owned()
                });
            }
            Ok(found)
        }

        /// The fewest queries that could read the whole chain.
        fn least(&self) -> u64 {
            let (mut queries, mut results, mut blocks) = (1, 0, 0);
            for found in &self.logs {
                if results + found > self.results_max || blocks == self.blocks_max {
                    queries += 1;
                    (results, blocks) = (0, 0);
                }
                results += found;
                blocks += 1;
            }
            queries
        }

        /// Reads it all with so many queries out at once; every block exactly once, or it panics.
        fn read(&self, start: u64, out_max: usize) -> u64 {
            let range = HeightRange::new(Height(0), Height(self.logs.len() as u64 - 1)).unwrap();
            let mut planner = RangePlanner::new(range, start);
            let mut seen = vec![0_u32; self.logs.len()];
            let mut out = VecDeque::new();
            while !planner.is_done() {
                while out.len() < out_max
                    && let Some(piece) = planner.next_piece()
                {
                    out.push_back(piece);
                }
                let piece = out.pop_front().expect("a plan that is not done has work");
                match self.ask(piece) {
                    Ok(found) => {
                        for height in piece.from().0..=piece.to().0 {
                            seen[height as usize] += 1;
                        }
                        planner.accept(piece, found);
                    }
                    Err(text) => {
                        let hint = refusal::hint(&text, piece.from().0, piece.blocks());
                        if planner.refuse(piece, hint) == Refused::Irreducible {
                            seen[piece.from().0 as usize] += 1;
                        }
                    }
                }
                assert!(planner.requests() < 100_000, "the plan never ends");
            }
            assert!(seen.iter().all(|count| *count == 1), "{seen:?}");
            planner.requests()
        }
    }

    proptest! {
        #[test]
        fn own_every_block_is_read_exactly_once(
            logs in prop::collection::vec(0_u64..60, 1..400),
            results_max in 1_u64..500,
            blocks_max in 1_u64..100,
            start in 1_u64..3000,
            out_max in 1_usize..6,
            talkative: bool,
        ) {
            FakeNode { logs, results_max, blocks_max, talkative }.read(start, out_max);
        }

        #[test]
        fn own_requests_stay_near_the_least_possible(
            noise in prop::collection::vec(30_u64..70, 2001),
            results_max in 1500_u64..4500,
            talkative: bool,
        ) {
            let node = FakeNode { logs: noise, results_max, blocks_max: u64::MAX, talkative };
            let (used, least) = (node.read(2000, 1), node.least());
            // Two more for the first tries, when neither cap nor density is known.
            prop_assert!(used * 2 <= least * 3 + 4, "{used} requests, {least} possible");
        }
    }

    #[test]
    fn own_the_last_block_is_never_lost() {
        // The fault that a widely used tool has: after a split the range's last block is missing.
        for talkative in [true, false] {
            for (results_max, blocks_max) in [(3000, u64::MAX), (u64::MAX, 50), (1, 7)] {
                let logs = vec![52; 300];
                FakeNode {
                    logs,
                    results_max,
                    blocks_max,
                    talkative,
                }
                .read(2000, 4);
            }
        }
    }

    #[test]
    fn own_it_grows_back_after_a_full_stretch() {
        let mut logs = vec![500; 40];
        logs.extend(vec![1; 4000]);
        let node = FakeNode {
            logs,
            results_max: 1000,
            blocks_max: u64::MAX,
            talkative: false,
        };
        let used = node.read(2000, 1);
        assert!(used < 70, "{used} requests for a quiet chain");
    }

    #[test]
    fn own_a_hint_that_does_not_shrink_is_not_followed() {
        let range = HeightRange::new(Height(0), Height(99)).unwrap();
        let mut planner = RangePlanner::new(range, 100);
        let piece = planner.next_piece().unwrap();
        let text = "query returned more than 10 results. Try with this block range [0x0, 0x63]";
        let hint = refusal::hint(text, 0, piece.blocks());
        assert_eq!(planner.refuse(piece, hint), Refused::Split);
        assert!(planner.next_piece().unwrap().blocks() <= 50);
    }
}
