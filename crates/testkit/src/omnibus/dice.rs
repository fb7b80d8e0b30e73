//! Randomness that can be asked again: the n-th draw of a named stream is the same in every run with one seed.

/// Weyl step of SplitMix64.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// The finaliser of SplitMix64: a bijection on 64 bits.
pub(crate) fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// A stream of draws.
#[derive(Clone, Debug)]
pub(crate) struct Dice {
    state: u64,
}

impl Dice {
    /// The stream of this name and number under a seed.
    pub(crate) fn new(seed: u64, stream: u64, index: u64) -> Dice {
        Dice {
            state: mix(mix(seed ^ stream.wrapping_mul(STEP)).wrapping_add(index)),
        }
    }

    /// The next 64 bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        mix(self.state)
    }

    /// A number below `limit`, which is not 0.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        let wide = u128::from(self.next()) * u128::from(limit);
        u64::try_from(wide >> 64).expect("the upper half of a product of two 64-bit numbers")
    }

    /// A number from `low` to `high`, both ends inside.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// An index below `limit`.
    pub(crate) fn index(&mut self, limit: usize) -> usize {
        usize::try_from(self.below(limit as u64)).expect("below a usize")
    }

    /// True that many times in a thousand.
    pub(crate) fn chance(&mut self, per_mille: u32) -> bool {
        self.below(1000) < u64::from(per_mille)
    }

    /// One of several things, each with its weight.
    pub(crate) fn weighted<T: Copy>(&mut self, table: &[(T, u32)]) -> T {
        let total: u32 = table.iter().map(|(_, weight)| weight).sum();
        let mut left = self.below(u64::from(total));
        for (thing, weight) in table {
            match left.checked_sub(u64::from(*weight)) {
                Some(rest) => left = rest,
                None => return *thing,
            }
        }
        unreachable!("the draw is below the sum of the weights")
    }

    /// Random bytes.
    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_be_bytes()[..chunk.len()]);
        }
        bytes
    }
}

/// A name of 32 bytes for the n-th thing of a stream, from which the number can be told again without a table.
pub(crate) fn name32(seed: u64, stream: u64, index: u64) -> [u8; 32] {
    let key = mix(seed ^ stream.wrapping_mul(STEP));
    let mut bytes = [0; 32];
    let mut word = mix(index ^ key);
    for chunk in bytes.chunks_mut(8) {
        chunk.copy_from_slice(&word.to_be_bytes());
        word = mix(word.wrapping_add(key));
    }
    bytes
}

/// The number behind [`name32`]; `None` when the stream has no such name among its first `count`.
pub(crate) fn index_of(seed: u64, stream: u64, name: &[u8], count: u64) -> Option<u64> {
    let key = mix(seed ^ stream.wrapping_mul(STEP));
    let first = u64::from_be_bytes(name.get(..8)?.try_into().ok()?);
    let index = unmix(first) ^ key;
    (index < count && name32(seed, stream, index) == name).then_some(index)
}

/// The inverse of [`mix`].
fn unmix(value: u64) -> u64 {
    let value = value ^ (value >> 31) ^ (value >> 62);
    let value = value.wrapping_mul(0x3196_42b2_d24d_8ec3);
    let value = value ^ (value >> 27) ^ (value >> 54);
    let value = value.wrapping_mul(0x96de_1b17_3f11_9089);
    value ^ (value >> 30) ^ (value >> 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_its_number() {
        for index in [0, 1, 77, 123_456] {
            let name = name32(7, 3, index);
            assert_eq!(index_of(7, 3, &name, 200_000), Some(index));
            assert_eq!(index_of(7, 4, &name, 200_000), None);
            assert_eq!(index_of(7, 3, &name, index), None);
        }
        assert_eq!(index_of(7, 3, &[1; 32], 1000), None);
        assert_eq!(index_of(7, 3, &[1; 5], 1000), None);
    }

    #[test]
    fn draws_stay_inside_and_repeat() {
        let mut dice = Dice::new(1, 2, 3);
        let drawn: Vec<u64> = (0..1000).map(|_| dice.between(3, 5)).collect();
        assert!([3, 4, 5].iter().all(|number| drawn.contains(number)));
        assert!(drawn.iter().all(|number| (3..=5).contains(number)));
        assert_eq!(
            Dice::new(1, 2, 3).bytes::<20>(),
            Dice::new(1, 2, 3).bytes::<20>()
        );
        assert_eq!(Dice::new(1, 2, 3).weighted(&[('a', 0), ('b', 1)]), 'b');
    }
}
