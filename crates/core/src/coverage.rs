//! Coverage instead of a cursor: which heights were read, and which still have to be.

use crate::block::{Height, HeightRange};

/// What is left of `wanted` once everything in `covered` is taken out: disjoint ranges, lowest first. `covered` may
/// overlap and come in any order.
#[must_use]
pub fn uncovered(wanted: HeightRange, covered: &[HeightRange]) -> Vec<HeightRange> {
    let mut sorted: Vec<HeightRange> = covered.to_vec();
    sorted.sort_by_key(|range| range.from());
    let mut left = Vec::new();
    let mut next = wanted.from();
    for range in sorted {
        if range.from() > wanted.to() {
            break;
        }
        if range.from() > next {
            left.extend(HeightRange::new(next, range.from().minus(1)));
        }
        if range.to() >= wanted.to() {
            return left;
        }
        next = next.max(range.to().next());
    }
    left.extend(HeightRange::new(next, wanted.to()));
    left
}

/// The ranges of `parts` as few as possible: overlapping and touching ones joined, lowest first.
#[must_use]
pub fn joined(parts: &[HeightRange]) -> Vec<HeightRange> {
    let mut sorted: Vec<HeightRange> = parts.to_vec();
    sorted.sort_by_key(|range| range.from());
    let mut out: Vec<HeightRange> = Vec::new();
    for range in sorted {
        match out.last_mut() {
            Some(last) if range.from() <= last.to().next() => {
                if let Some(wider) = HeightRange::new(last.from(), last.to().max(range.to())) {
                    *last = wider;
                }
            }
            _ => out.push(range),
        }
    }
    out
}

/// Cuts a range into pieces of at most `blocks` heights, lowest first; a size of 0 counts as 1.
pub fn pieces(range: HeightRange, blocks: u64) -> impl Iterator<Item = HeightRange> {
    let step = blocks.max(1);
    let mut next = Some(range.from());
    std::iter::from_fn(move || {
        let from = next?;
        let to = Height(from.0.saturating_add(step).saturating_sub(1)).min(range.to());
        next = (to < range.to()).then(|| to.next());
        HeightRange::new(from, to)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn range(from: u64, to: u64) -> HeightRange {
        HeightRange::new(Height(from), Height(to)).unwrap()
    }

    #[test]
    fn gaps_are_named_to_the_block() {
        assert_eq!(uncovered(range(1, 10), &[]), vec![range(1, 10)]);
        assert_eq!(
            uncovered(range(1, 10), &[range(3, 4), range(8, 20)]),
            vec![range(1, 2), range(5, 7)]
        );
        assert_eq!(
            uncovered(range(1, 10), &[range(0, 5), range(2, 3), range(6, 10)]),
            vec![]
        );
        assert_eq!(
            uncovered(range(5, 5), &[range(4, 4), range(6, 6)]),
            vec![range(5, 5)]
        );
        assert_eq!(uncovered(range(1, 10), &[range(1, 9)]), vec![range(10, 10)]);
    }

    #[test]
    fn touching_ranges_join() {
        assert_eq!(
            joined(&[range(5, 6), range(1, 2), range(3, 4), range(9, 9)]),
            vec![range(1, 6), range(9, 9)]
        );
    }

    proptest! {
        #[test]
        fn every_height_is_covered_once_or_left_once(
            from in 0u64..50, length in 0u64..50, parts in proptest::collection::vec((0u64..100, 0u64..20), 0..8)
        ) {
            let wanted = range(from, from + length);
            let covered: Vec<_> = parts.iter().map(|(start, more)| range(*start, start + more)).collect();
            let left = uncovered(wanted, &covered);
            for height in 0..200u64 {
                let expected = wanted.contains(Height(height)) && !covered.iter().any(|range| range.contains(Height(height)));
                let times = left.iter().filter(|range| range.contains(Height(height))).count();
                prop_assert_eq!(times, usize::from(expected), "height {}", height);
            }
        }

        #[test]
        fn pieces_lose_no_block(from in 0u64..50, length in 0u64..200, size in 0u64..40) {
            let all: Vec<_> = pieces(range(from, from + length), size).collect();
            prop_assert_eq!(all.iter().map(|piece| piece.blocks()).sum::<u64>(), length + 1);
            prop_assert!(all.windows(2).all(|pair| pair[0].to().next() == pair[1].from()));
        }
    }
}
