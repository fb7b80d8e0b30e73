//! What was read once and does not change, kept in memory up to a number of entries.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A bounded memory by key. When it is full, the entry with the lowest key goes: readings move upwards.
#[derive(Debug)]
pub struct Kept<K, V> {
    most: usize,
    entries: Mutex<BTreeMap<K, V>>,
}

impl<K: Ord, V: Clone> Kept<K, V> {
    /// A memory for at most so many entries.
    #[must_use]
    pub const fn new(most: usize) -> Self {
        Self {
            most,
            entries: Mutex::new(BTreeMap::new()),
        }
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<K, V>> {
        // No code that can panic runs under the lock.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is kept under the key.
    pub fn get(&self, key: &K) -> Option<V> {
        self.entries().get(key).cloned()
    }

    /// Keeps an entry in place of what stood there.
    pub fn keep(&self, key: K, value: V) {
        let mut entries = self.entries();
        if entries.len() >= self.most && !entries.contains_key(&key) {
            entries.pop_first();
        }
        entries.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_the_lowest_goes_when_it_is_full() {
        let kept = Kept::new(2);
        for key in [1, 2, 2, 3] {
            kept.keep(key, key * 10);
        }
        assert_eq!(kept.get(&1), None);
        assert_eq!((kept.get(&2), kept.get(&3)), (Some(20), Some(30)));
    }
}
