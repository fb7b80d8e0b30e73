//! Sorted arrays of (64-bit key, number) with bucket heads: what is looked up, is found in two steps.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Buckets of one array, as a power of two: with a million entries a bucket holds four.
const BUCKET_BITS_MAX: u32 = 18;

/// Buckets longer than this are sorted by the library: a popular key may fill one with thousands.
const INSERTION_MAX: usize = 24;

/// A map by numbers that this program gave out itself, of users and rows: nobody can choose them so that they collide.
pub(crate) type ByNumber<K, V> = HashMap<K, V, BuildHasherDefault<NumberHasher>>;

/// Spreads numbers; for [`ByNumber`].
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            self.write_u64(word(chunk));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = join(self.0, number);
    }
}

const FIRST: u64 = 0x9e37_79b9_7f4a_7c15;
const SECOND: u64 = 0xd6e8_feb8_6659_fd93;
const THIRD: u64 = 0xa076_1d64_78bd_642f;

/// One entry: a key and the number it leads to, in twelve bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Entry([u32; 3]);

impl Entry {
    pub(crate) const fn new(key: u64, number: u32) -> Self {
        let [a, b, c, d, e, f, g, h] = key.to_be_bytes();
        Self([
            u32::from_be_bytes([a, b, c, d]),
            u32::from_be_bytes([e, f, g, h]),
            number,
        ])
    }

    pub(crate) fn key(self) -> u64 {
        let [high, low, _] = self.0;
        (u64::from(high) << 32) | u64::from(low)
    }

    pub(crate) const fn number(self) -> u32 {
        let [_, _, number] = self.0;
        number
    }
}

/// Entries sorted by key, those of one key in the order in which they were given.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeyArray {
    entries: Vec<Entry>,
    /// Where each bucket begins, and the end of the last.
    heads: Vec<u32>,
    shift: u32,
}

impl KeyArray {
    /// Sorts entries: one scattering pass by the highest bits of the key, which also gives the heads, then each bucket.
    ///
    /// # Panics
    /// When there are 2^32 entries or more.
    pub(crate) fn new(given: &[Entry]) -> Self {
        let count = u32::try_from(given.len()).expect("an index holds fewer than 2^32 rows");
        if given.is_empty() {
            return Self::default();
        }
        let bits = count.ilog2().clamp(1, BUCKET_BITS_MAX);
        let shift = 64 - bits;
        let mut heads = vec![0u32; (1usize << bits) + 1];
        for entry in given {
            if let Some(head) = heads.get_mut(bucket(entry.key(), shift) + 1) {
                *head += 1;
            }
        }
        let mut sum = 0;
        for head in &mut heads {
            sum += *head;
            *head = sum;
        }
        let mut next = heads.clone();
        let mut entries = vec![Entry::default(); given.len()];
        for entry in given {
            if let Some(place) = next.get_mut(bucket(entry.key(), shift)) {
                if let Some(cell) = entries.get_mut(*place as usize) {
                    *cell = *entry;
                }
                *place += 1;
            }
        }
        for ends in heads.windows(2) {
            if let [from, to] = ends
                && let Some(part) = entries.get_mut(*from as usize..*to as usize)
            {
                sort(part);
            }
        }
        Self {
            entries,
            heads,
            shift,
        }
    }

    /// The entries of a key.
    pub(crate) fn find(&self, key: u64) -> &[Entry] {
        if self.entries.is_empty() {
            return &[];
        }
        let place = bucket(key, self.shift);
        let (Some(from), Some(to)) = (self.heads.get(place), self.heads.get(place + 1)) else {
            return &[];
        };
        let part = self
            .entries
            .get(*from as usize..*to as usize)
            .unwrap_or_default();
        // Buckets hold a handful unless one key is popular.
        let begin = if part.len() <= INSERTION_MAX {
            part.iter()
                .position(|entry| entry.key() >= key)
                .unwrap_or(part.len())
        } else {
            part.partition_point(|entry| entry.key() < key)
        };
        let rest = part.get(begin..).unwrap_or_default();
        match rest.first() {
            Some(first) if first.key() == key => {}
            _ => return &[],
        }
        let end = rest.partition_point(|entry| entry.key() == key);
        rest.get(..end).unwrap_or_default()
    }

    /// All entries in the order of their keys.
    #[cfg(test)]
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entries of each key, in the order of keys.
    pub(crate) fn runs(&self) -> impl Iterator<Item = &[Entry]> {
        self.entries
            .chunk_by(|left, right| left.key() == right.key())
    }

    /// The bytes that it occupies.
    pub(crate) const fn bytes(&self) -> usize {
        self.entries.capacity() * 12 + self.heads.capacity() * 4
    }
}

fn bucket(key: u64, shift: u32) -> usize {
    key.checked_shr(shift)
        .and_then(|place| usize::try_from(place).ok())
        .unwrap_or(0)
}

/// Sorts by key and keeps the order of equals.
fn sort(part: &mut [Entry]) {
    if part.len() > INSERTION_MAX {
        part.sort_by_key(|entry| entry.key());
        return;
    }
    for end in 1..part.len() {
        let mut place = end;
        while place > 0
            && let (Some(before), Some(here)) = (part.get(place - 1), part.get(place))
            && before.key() > here.key()
        {
            part.swap(place - 1, place);
            place -= 1;
        }
    }
}

/// Two numbers as one: the halves of their product. Equal inputs give equal keys on every machine.
pub(crate) fn join(left: u64, right: u64) -> u64 {
    let product = u128::from(left ^ FIRST) * u128::from(right ^ SECOND);
    let [high, low] = [product >> 64, product & u128::from(u64::MAX)];
    let sum = u64::try_from(high ^ low).unwrap_or_default();
    sum ^ left.rotate_left(32)
}

/// The key of a text.
pub(crate) fn text(text: &str) -> u64 {
    let bytes = text.as_bytes();
    let mut state = join(THIRD, u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        state = join(state, word(chunk));
    }
    join(state, word(chunks.remainder()))
}

/// Up to eight bytes as a number.
fn word(bytes: &[u8]) -> u64 {
    let mut word = [0u8; 8];
    for (cell, byte) in word.iter_mut().zip(bytes) {
        *cell = *byte;
    }
    u64::from_le_bytes(word)
}

/// A number spread over all bits, so that buckets fill evenly; different numbers stay different.
fn spread(number: u64) -> u64 {
    let mixed = (number ^ (number >> 32)).wrapping_mul(FIRST);
    (mixed ^ (mixed >> 29)).wrapping_mul(SECOND)
}

/// The first and the last four bytes of a text, filled up with zeros where it is shorter. Texts with different ends differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Ends {
    pub(crate) head: [u8; 4],
    pub(crate) tail: [u8; 4],
}

impl Ends {
    pub(crate) fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let four = |bytes: &[u8]| {
            let mut four = [0; 4];
            for (cell, byte) in four.iter_mut().zip(bytes) {
                *cell = *byte;
            }
            four
        };
        Self {
            head: four(bytes),
            tail: four(
                bytes
                    .get(bytes.len().saturating_sub(4)..)
                    .unwrap_or_default(),
            ),
        }
    }
}

/// The first four and the last four bytes of an id; `None` when it has fewer than eight.
pub(crate) fn ends(head: &str, tail: &str) -> Option<u64> {
    let (head, tail) = (head.as_bytes(), tail.as_bytes());
    let begin = head.get(..4)?;
    let end = tail.get(tail.len().checked_sub(4)?..)?;
    Some(spread(word(begin) | (word(end) << 32)))
}

/// The first eight bytes of an id; `None` when it has fewer.
pub(crate) fn head(text: &str) -> Option<u64> {
    text.as_bytes().get(..8).map(word).map(spread)
}

/// The last eight bytes of an id; `None` when it has fewer.
pub(crate) fn tail(text: &str) -> Option<u64> {
    let bytes = text.as_bytes();
    bytes
        .get(bytes.len().checked_sub(8)?..)
        .map(word)
        .map(spread)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn own_every_key_finds_its_entries_in_their_order(
            given in proptest::collection::vec((prop_oneof![0u64..40, any::<u64>()], any::<u32>()), 0..400)
        ) {
            let entries: Vec<Entry> = given.iter().map(|(key, number)| Entry::new(*key, *number)).collect();
            let array = KeyArray::new(&entries);
            prop_assert_eq!(array.entries().len(), given.len());
            prop_assert!(array.entries().is_sorted_by_key(|entry| entry.key()));
            for key in given.iter().map(|(key, _)| *key).chain([0, 17, u64::MAX]) {
                let expected: Vec<u32> = given.iter().filter(|(other, _)| *other == key).map(|(_, number)| *number).collect();
                let found: Vec<u32> = array.find(key).iter().map(|entry| entry.number()).collect();
                prop_assert_eq!(found, expected);
            }
        }
    }

    #[test]
    fn own_a_bucket_of_many_equals_keeps_their_order() {
        let entries: Vec<Entry> = (0..3_000u32)
            .map(|number| Entry::new(u64::from(number % 3), number))
            .collect();
        let array = KeyArray::new(&entries);
        let found = array.find(1);
        assert_eq!(found.len(), 1_000);
        assert!(found.is_sorted_by_key(|entry| entry.number()));
    }

    #[test]
    fn own_ends_need_eight_bytes_and_tell_ids_apart() {
        assert_eq!(ends("abc", "wxyz"), None);
        assert_eq!(ends("abcd", "xyz"), None);
        assert_eq!(head("1234567"), None);
        assert_eq!(tail(""), None);
        assert_eq!(ends("abcd1", "0wxyz"), ends("abcd2", "1wxyz"));
        assert_ne!(ends("abcd", "wxyz"), ends("abce", "wxyz"));
        assert_ne!(head("abcdefgh"), head("abcdefgi"));
        assert_eq!(head("abcdefgh"), tail("abcdefgh"));
        // Bytes, not characters: a cut inside one is no panic.
        assert!(head("äöüäö").is_some() && tail("äöüäö").is_some());
    }
}
