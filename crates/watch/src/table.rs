//! One sorted block of equal-width payloads with a table of top bits.

use crate::WatchError;

/// The longest run of one head that is walked instead of bisected: three cache lines of 20-byte payloads.
const WALK_MAX: usize = 8;

/// An exact set of `N`-byte payloads, `N` at least 4. Costs `N` bytes a payload and at most 4 more for the heads.
///
/// The heads pay when payloads are spread like hashes, as addresses are. Where many share their first bytes (ground
/// vanity addresses) a look-up in that run bisects it: slower, never wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchTable<const N: usize> {
    /// Sorted, each once.
    payloads: Box<[[u8; N]]>,
    /// `heads[t]..heads[t + 1]` is the run of payloads whose top `bits` bits are `t`; the last entry is the length.
    heads: Box<[u32]>,
    bits: u32,
}

impl<const N: usize> WatchTable<N> {
    /// Builds the table from payloads in any order; repeated ones count once.
    ///
    /// Memory stays within an eighth above the payloads themselves: the block grows in steps of an eighth instead of
    /// doubling, is sorted in place, and `expected` (a count from the store, 0 when unknown) reserves it at once.
    ///
    /// # Errors
    /// [`WatchError::TooMany`] above 2^32 - 1 distinct payloads.
    pub fn build(
        payloads: impl IntoIterator<Item = [u8; N]>,
        expected: usize,
    ) -> Result<Self, WatchError> {
        let mut block: Vec<[u8; N]> = Vec::new();
        block.reserve_exact(expected);
        for payload in payloads {
            if block.len() == block.capacity() {
                block.reserve_exact((block.len() / 8).max(1024));
            }
            block.push(payload);
        }
        Self::from_block(block)
    }

    /// Builds the table from payloads that are already collected; sorts them in place.
    ///
    /// # Errors
    /// As [`WatchTable::build`].
    pub fn from_block(mut block: Vec<[u8; N]>) -> Result<Self, WatchError> {
        const {
            assert!(
                N >= 4,
                "a payload has at least the 32 bits that heads are cut from"
            )
        };
        block.sort_unstable();
        block.dedup();
        let payloads = block.into_boxed_slice();
        let length = u32::try_from(payloads.len()).map_err(|_| WatchError::TooMany)?;
        // The largest power of two not above the count: one head a payload or fewer, so at most 4 bytes each.
        let bits = length.checked_ilog2().unwrap_or(0);
        let runs = 1usize << bits;
        let mut heads = Vec::with_capacity(runs + 1);
        for (place, payload) in (0u32..).zip(&payloads) {
            let run = top_bits(payload, bits);
            while heads.len() <= run {
                heads.push(place);
            }
        }
        heads.resize(runs + 1, length);
        Ok(Self {
            payloads,
            heads: heads.into_boxed_slice(),
            bits,
        })
    }

    /// Whether `payload` is in the set.
    #[must_use]
    pub fn contains(&self, payload: &[u8; N]) -> bool {
        let run = top_bits(payload, self.bits);
        let (Some(from), Some(to)) = (self.head(run), self.head(run + 1)) else {
            return false;
        };
        let Some(candidates) = self.payloads.get(from..to) else {
            return false;
        };
        if candidates.len() <= WALK_MAX {
            candidates.contains(payload)
        } else {
            candidates.binary_search(payload).is_ok()
        }
    }

    fn head(&self, run: usize) -> Option<usize> {
        self.heads
            .get(run)
            .and_then(|head| usize::try_from(*head).ok())
    }

    /// How many distinct payloads it holds.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.payloads.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.payloads.is_empty()
    }

    /// The payloads in ascending order, each once.
    pub fn iter(&self) -> impl Iterator<Item = &[u8; N]> {
        self.payloads.iter()
    }

    /// Bytes of memory that the set occupies: payloads and heads.
    #[must_use]
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.payloads) + size_of_val(&*self.heads)
    }
}

impl<const N: usize> Default for WatchTable<N> {
    fn default() -> Self {
        Self {
            payloads: Box::default(),
            heads: Box::new([0, 0]),
            bits: 0,
        }
    }
}

/// The number that the first `bits` (at most 31) bits of a payload make.
fn top_bits<const N: usize>(payload: &[u8; N], bits: u32) -> usize {
    let first = payload
        .first_chunk::<4>()
        .expect("every table asserts N >= 4 when it is built");
    let wide = u64::from(u32::from_be_bytes(*first));
    usize::try_from(wide >> (32 - bits))
        .expect("at most 31 bits fit usize on every target we build")
}
