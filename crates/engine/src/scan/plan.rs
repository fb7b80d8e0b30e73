//! What is left to read, cut into pieces that commit one by one.

use recover_core::block::{Height, HeightRange};
use recover_core::coverage::{joined, pieces, uncovered};
use recover_source::chain::Part;
use std::collections::{BTreeMap, BTreeSet};

/// One piece of work: a range and the parts of it that were not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The heights.
    pub range: HeightRange,
    /// What is to be read there.
    pub parts: BTreeSet<Part>,
}

/// What a watch set of one age needs: every height from `from` on, read with a set at least as new as `epoch`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demand {
    /// The number of the epoch that added the addresses.
    pub epoch: u64,
    /// The first height at which they can have received anything.
    pub from: Height,
}

/// A range that was read for one part, under the watch set of one epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Read {
    /// The part.
    pub part: Part,
    /// The heights.
    pub range: HeightRange,
    /// The newest epoch whose addresses it looked for.
    pub epoch: u64,
}

/// The heights up to `to` that each part still has to be read at: for every demand, what no scan with a set as new has
/// read. Addresses that were imported late demand what older scans have read before.
#[must_use]
pub fn missing(demands: &[Demand], read: &[Read], to: Height) -> BTreeMap<Part, Vec<HeightRange>> {
    let mut missing = BTreeMap::new();
    for part in Part::ALL {
        let mut ranges = Vec::new();
        for demand in demands {
            let Some(wanted) = HeightRange::new(demand.from, to) else {
                continue;
            };
            let covered: Vec<HeightRange> = read
                .iter()
                .filter(|read| read.part == *part && read.epoch >= demand.epoch)
                .map(|read| read.range)
                .collect();
            ranges.extend(uncovered(wanted, &covered));
        }
        let ranges = joined(&ranges);
        if !ranges.is_empty() {
            missing.insert(*part, ranges);
        }
    }
    missing
}

/// Cuts what is missing into pieces of at most `blocks` heights, lowest first, each with the parts that are missing all
/// through it.
#[must_use]
pub fn cut(missing: &BTreeMap<Part, Vec<HeightRange>>, blocks: u64) -> Vec<Piece> {
    let mut edges: BTreeSet<Height> = BTreeSet::new();
    for range in missing.values().flatten() {
        edges.insert(range.from());
        edges.insert(range.to().next());
    }
    let edges: Vec<Height> = edges.into_iter().collect();
    edges
        .iter()
        .zip(edges.iter().skip(1))
        .filter_map(|(from, next)| {
            let range = HeightRange::new(*from, next.minus(1))?;
            let parts: BTreeSet<Part> = missing
                .iter()
                .filter(|(_, ranges)| ranges.iter().any(|covered| covered.contains(*from)))
                .map(|(part, _)| *part)
                .collect();
            (!parts.is_empty()).then_some((range, parts))
        })
        .flat_map(|(range, parts)| {
            pieces(range, blocks)
                .map(move |range| Piece {
                    range,
                    parts: parts.clone(),
                })
                .collect::<Vec<_>>()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(from: u64, to: u64) -> HeightRange {
        HeightRange::new(Height(from), Height(to)).unwrap()
    }

    fn everything(ranges: &[HeightRange], epoch: u64) -> Vec<Read> {
        Part::ALL
            .iter()
            .flat_map(|part| {
                ranges.iter().map(move |range| Read {
                    part: *part,
                    range: *range,
                    epoch,
                })
            })
            .collect()
    }

    #[test]
    fn addresses_imported_late_are_scanned_back_to_their_issue() {
        let demands = [
            Demand {
                epoch: 1,
                from: Height(10),
            },
            Demand {
                epoch: 2,
                from: Height(40),
            },
        ];
        let missing = missing(&demands, &everything(&[range(10, 100)], 1), Height(120));
        for part in Part::ALL {
            assert_eq!(missing.get(part), Some(&vec![range(40, 120)]), "{part:?}");
        }
    }

    #[test]
    fn a_newer_scan_serves_older_addresses() {
        let demands = [
            Demand {
                epoch: 1,
                from: Height(10),
            },
            Demand {
                epoch: 2,
                from: Height(40),
            },
        ];
        assert!(missing(&demands, &everything(&[range(10, 120)], 2), Height(120)).is_empty());
    }

    #[test]
    fn a_part_that_could_not_be_read_is_read_alone_later() {
        let mut read = everything(&[range(1, 10)], 1);
        read.retain(|read| read.part != Part::Internal);
        let missing = missing(
            &[Demand {
                epoch: 1,
                from: Height(1),
            }],
            &read,
            Height(12),
        );
        let pieces = cut(&missing, 100);
        assert_eq!(pieces.len(), 2);
        assert_eq!(
            pieces[0],
            Piece {
                range: range(1, 10),
                parts: BTreeSet::from([Part::Internal])
            }
        );
        assert_eq!(
            pieces[1],
            Piece {
                range: range(11, 12),
                parts: Part::ALL.iter().copied().collect()
            }
        );
    }

    #[test]
    fn pitfall_004_a_long_catch_up_passes_no_unread_block() {
        let missing = missing(
            &[Demand {
                epoch: 1,
                from: Height(0),
            }],
            &[],
            Height(10_000),
        );
        let pieces = cut(&missing, 1000);
        assert_eq!(
            pieces.iter().map(|piece| piece.range.blocks()).sum::<u64>(),
            10_001
        );
        assert!(
            pieces
                .windows(2)
                .all(|pair| pair[0].range.to().next() == pair[1].range.from())
        );
    }
}
