//! Random numbers that are the same on every machine: integers only, no clock, no library whose next version draws otherwise.

/// One step of splitmix64: spreads a number over all 64 bits.
#[must_use]
pub const fn spread(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A number for a thing that has several coordinates: equal coordinates, equal number.
#[must_use]
pub fn number_of(seed: u64, coordinates: &[u64]) -> u64 {
    coordinates.iter().fold(spread(seed), |state, coordinate| {
        spread(state ^ coordinate.wrapping_mul(0xd6e8_feb8_6659_fd93))
    })
}

/// A sequence of random numbers (xoshiro256++).
pub struct Random([u64; 4]);

impl Random {
    /// The sequence of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self([1, 2, 3, 4].map(|place| number_of(seed, &[place])))
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        let [a, b, c, d] = self.0;
        let result = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let (c, d) = (c ^ a, d ^ b);
        self.0 = [a ^ d, b ^ c, c ^ (b << 17), d.rotate_left(45)];
        result
    }

    /// A number from 0 to below `end`; 0 when `end` is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        let wide = u128::from(self.bits()) * u128::from(end);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// A number from `first` to `last`, both included.
    pub fn between(&mut self, first: i64, last: i64) -> i64 {
        let count = last.saturating_sub(first).saturating_add(1).max(1);
        first + i64::try_from(self.below(count.unsigned_abs())).unwrap_or(0)
    }

    /// A place in a list of this length.
    pub fn place(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }

    /// One of these.
    ///
    /// # Panics
    /// When there is none.
    pub fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.place(of.len())]
    }

    /// True in `share` of ten thousand cases.
    pub fn chance(&mut self, share: u32) -> bool {
        self.below(10_000) < u64::from(share)
    }

    /// A place drawn by weight; the last one when all weights are 0.
    pub fn weighted(&mut self, weights: impl Iterator<Item = u32> + Clone) -> usize {
        let total: u64 = weights.clone().map(u64::from).sum();
        let mut left = self.below(total);
        let mut last = 0;
        for (place, weight) in weights.enumerate() {
            if left < u64::from(weight) {
                return place;
            }
            left -= u64::from(weight);
            last = place;
        }
        last
    }

    /// Nearly normal, in 1/1024 of the standard deviation: the sum of twelve uniform numbers, so never past six deviations.
    pub fn normal(&mut self) -> i64 {
        let sum: i64 = (0..12).map(|_| self.between(0, 1023)).sum();
        sum - 6 * 1023
    }

    /// `median` times 2 to the power of a normal number whose deviation is `deviation` / 1024.
    pub fn log_normal(&mut self, median: u64, deviation: i64) -> u64 {
        times_power_of_two(median, self.normal() * deviation / 1024)
    }
}

/// `number * 2^(exponent / 1024)`, rounded down, at most what 64 bits hold.
#[must_use]
pub fn times_power_of_two(number: u64, exponent: i64) -> u64 {
    /// `2^(1/2)`, `2^(1/4)` ... `2^(1/1024)` in parts of 2^30.
    const ROOTS: [u128; 10] = [
        1_518_500_250,
        1_276_901_417,
        1_170_923_762,
        1_121_280_436,
        1_097_253_708,
        1_085_434_106,
        1_079_572_136,
        1_076_653_037,
        1_075_196_443,
        1_074_468_887,
    ];
    let whole = exponent.div_euclid(1024).clamp(-63, 63);
    let part = exponent.rem_euclid(1024);
    let mut value = u128::from(number) << 32;
    for (place, root) in (1u32..).zip(ROOTS) {
        if part & (1024 >> place) != 0 {
            value = (value * root) >> 30;
        }
    }
    let shift = whole.unsigned_abs() as u32;
    let value = if whole < 0 {
        value >> shift
    } else {
        value.saturating_mul(1 << shift)
    };
    u64::try_from(value >> 32).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_powers_of_two_double_and_halve() {
        assert_eq!(times_power_of_two(1_000_000, 1024), 2_000_000);
        assert_eq!(times_power_of_two(1_000_000, -1024), 500_000);
        let root = times_power_of_two(1_000_000, 512);
        assert!((1_414_212..=1_414_214).contains(&root), "{root}");
    }

    #[test]
    fn own_numbers_stay_in_bounds_and_vary() {
        let mut random = Random::new(7);
        let drawn: Vec<u64> = (0..10_000).map(|_| random.below(10)).collect();
        for digit in 0..10 {
            let count = drawn.iter().filter(|drawn| **drawn == digit).count();
            assert!((850..1150).contains(&count), "{digit}: {count}");
        }
        let median = {
            let mut drawn: Vec<u64> = (0..1001).map(|_| random.log_normal(1000, 2048)).collect();
            drawn.sort_unstable();
            drawn[500]
        };
        assert!((700..1400).contains(&median), "{median}");
    }
}
