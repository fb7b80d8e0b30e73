//! The watch set against a hash set: exact for any input, and small.

use proptest::prelude::*;
use recover_core::address::Payload;
use recover_core::book::WatchSet;
use recover_watch::{WatchIndex, WatchTable};
use std::collections::HashSet;

/// A splitmix64 stream: spread like hashes, the same on every run.
fn spread(seed: u64) -> impl Iterator<Item = [u8; 20]> {
    let mut state = seed;
    let mut next = move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    };
    std::iter::repeat_with(move || {
        let mut bytes = [0; 20];
        bytes[..8].copy_from_slice(&next().to_be_bytes());
        bytes[8..16].copy_from_slice(&next().to_be_bytes());
        bytes[16..].copy_from_slice(&next().to_be_bytes()[..4]);
        bytes
    })
}

#[test]
fn own_an_empty_set_contains_nothing() {
    let index = WatchIndex::build([], 0).unwrap();
    assert!(index.is_empty());
    assert!(!index.contains(&Payload::Account20([0; 20])));
    assert!(!WatchTable::<20>::default().contains(&[0; 20]));
    assert_eq!(
        WatchTable::<20>::build([], 0).unwrap(),
        WatchTable::default()
    );
}

#[test]
fn own_first_and_last_payloads_of_the_range_are_found() {
    let edge = [[0; 20], [255; 20], [127; 20], [128; 20]];
    for count in 1..=edge.len() {
        let table = WatchTable::build(edge[..count].iter().copied(), 0).unwrap();
        for (place, payload) in edge.iter().enumerate() {
            assert_eq!(table.contains(payload), place < count, "{count} {place}");
        }
    }
}

#[test]
fn own_a_hundred_thousand_addresses_cost_under_24_bytes_each_and_every_one_is_found() {
    let count = 100_000;
    let ours: Vec<[u8; 20]> = spread(1).take(count).collect();
    let index = WatchIndex::build(ours.iter().copied().map(Payload::Account20), count).unwrap();
    assert_eq!(index.len(), count);
    assert!(
        index.bytes() <= 24 * count + 16,
        "{} bytes for {count}",
        index.bytes()
    );
    for payload in &ours {
        assert!(index.contains(&Payload::Account20(*payload)));
    }
    let set: HashSet<[u8; 20]> = ours.into_iter().collect();
    for stranger in spread(2).take(count).filter(|bytes| !set.contains(bytes)) {
        assert!(!index.contains(&Payload::Account20(stranger)));
    }
}

#[test]
fn own_ground_addresses_with_one_prefix_stay_exact() {
    let ours: Vec<[u8; 20]> = spread(3)
        .take(5_000)
        .map(|mut bytes| {
            bytes[..6].fill(0);
            bytes
        })
        .collect();
    let table = WatchTable::build(ours.iter().copied(), 0).unwrap();
    assert!(ours.iter().all(|payload| table.contains(payload)));
    assert!(spread(4).take(5_000).all(|mut bytes| {
        bytes[..6].fill(0);
        !table.contains(&bytes)
    }));
}

#[test]
fn own_wide_payloads_have_a_table_too() {
    let ours: Vec<[u8; 32]> = (0..1000u64)
        .map(|number| {
            let mut bytes = [7; 32];
            bytes[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
            bytes
        })
        .collect();
    let table = WatchTable::build(ours.iter().copied(), 10).unwrap();
    assert_eq!(table.len(), 1000);
    assert!(ours.iter().all(|payload| table.contains(payload)));
    assert!(!table.contains(&[7; 32]));
    assert!(table.bytes() <= 36 * 1000 + 16);
}

proptest! {
    /// Narrow bytes make runs collide and payloads repeat.
    #[test]
    fn own_any_input_answers_like_a_hash_set(
        ours in prop::collection::vec(prop::array::uniform4(0u8..6), 0..400),
        asked in prop::collection::vec(prop::array::uniform4(0u8..6), 0..200),
        expected in 0usize..500,
    ) {
        let set: HashSet<[u8; 4]> = ours.iter().copied().collect();
        let table = WatchTable::build(ours, expected).unwrap();
        prop_assert_eq!(table.len(), set.len());
        for payload in set.iter().chain(&asked) {
            prop_assert_eq!(table.contains(payload), set.contains(payload));
        }
        let listed: Vec<[u8; 4]> = table.iter().copied().collect();
        let mut sorted: Vec<[u8; 4]> = set.into_iter().collect();
        sorted.sort_unstable();
        prop_assert_eq!(listed, sorted);
    }

    #[test]
    fn own_spread_input_answers_like_a_hash_set(
        ours in prop::collection::vec(any::<[u8; 20]>(), 0..200),
        asked in prop::collection::vec(any::<[u8; 20]>(), 0..50),
    ) {
        let set: HashSet<[u8; 20]> = ours.iter().copied().collect();
        let index = WatchIndex::build(ours.iter().copied().map(Payload::Account20), 0).unwrap();
        prop_assert_eq!(index.len(), set.len());
        for payload in ours.iter().chain(&asked) {
            prop_assert_eq!(index.contains(&Payload::Account20(*payload)), set.contains(payload));
        }
    }
}

#[test]
fn payloads_of_every_width_are_found_and_others_are_not() {
    let ours = [
        Payload::Hash160([1; 20]),
        Payload::Ed25519([2; 32]),
        Payload::Ton([3; 33]),
    ];
    let index = WatchIndex::build(ours, 0).expect("every width has a table");
    assert_eq!(index.len(), 3);
    assert!(ours.iter().all(|payload| index.contains(payload)));
    for other in [
        Payload::Hash160([9; 20]),
        Payload::Ed25519([3; 32]),
        Payload::Ton([2; 33]),
    ] {
        assert!(!index.contains(&other), "{other:?}");
    }
}
