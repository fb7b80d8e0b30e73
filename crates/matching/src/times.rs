//! Sorted times, and where each stretch of time begins among them: a time is found in two steps, however many there are.

/// Times for which there is one stretch, on average.
const PER_STRETCH: usize = 16;

/// In place of a time: it is unknown. Stands before all times.
pub(crate) const NO_TIME: i64 = i64::MIN;

/// Times in microseconds, ascending.
#[derive(Debug, Clone, Default)]
pub(crate) struct Times {
    all: Vec<i64>,
    /// How many of them, the first ones, are [`NO_TIME`].
    unknown: u32,
    /// The first time that is known.
    least: i64,
    /// The microseconds of a stretch.
    width: u64,
    /// Where each stretch begins, and the end of the last.
    heads: Vec<u32>,
}

impl Times {
    /// # Panics
    /// When there are 2^32 of them or more.
    pub(crate) fn new(all: Vec<i64>) -> Self {
        debug_assert!(all.is_sorted());
        let place =
            |place: usize| u32::try_from(place).expect("an index holds fewer than 2^32 rows");
        let unknown = all.partition_point(|time| *time == NO_TIME);
        let known = all.get(unknown..).unwrap_or_default();
        let (Some(least), Some(most)) = (known.first().copied(), known.last().copied()) else {
            return Self {
                unknown: place(unknown),
                all,
                ..Self::default()
            };
        };
        let stretches = known.len().div_ceil(PER_STRETCH);
        let width = most.abs_diff(least) / u64::try_from(stretches).unwrap_or(u64::MAX) + 1;
        let mut heads = Vec::with_capacity(stretches + 1);
        for (number, time) in (unknown..).zip(known) {
            let stretch = usize::try_from(time.abs_diff(least) / width).unwrap_or(usize::MAX);
            while heads.len() <= stretch {
                heads.push(place(number));
            }
        }
        heads.push(place(all.len()));
        Self {
            unknown: place(unknown),
            least,
            width,
            heads,
            all,
        }
    }

    /// How many, the first ones, are unknown.
    pub(crate) const fn unknown(&self) -> u32 {
        self.unknown
    }

    /// The time at a place; [`NO_TIME`] behind the last.
    pub(crate) fn at(&self, place: u32) -> i64 {
        self.all.get(place as usize).copied().unwrap_or(NO_TIME)
    }

    /// The place of the first time that is not before one.
    pub(crate) fn first_at(&self, time: i64) -> u32 {
        if time == NO_TIME {
            return 0;
        }
        if time <= self.least || self.heads.is_empty() {
            return self.unknown;
        }
        let stretch = time.abs_diff(self.least).checked_div(self.width);
        let stretch = stretch.and_then(|stretch| usize::try_from(stretch).ok());
        let ends = stretch.and_then(|stretch| {
            let next = stretch.checked_add(1)?;
            self.heads
                .get(stretch)
                .copied()
                .zip(self.heads.get(next).copied())
        });
        let Some((from, to)) = ends else {
            return self.heads.last().copied().unwrap_or(self.unknown);
        };
        let part = self.all.get(from as usize..to as usize).unwrap_or_default();
        let before = part.partition_point(|other| *other < time);
        from + u32::try_from(before).unwrap_or(0)
    }

    /// The bytes that it occupies.
    pub(crate) const fn bytes(&self) -> usize {
        self.all.capacity() * 8 + self.heads.capacity() * 4
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn time() -> impl Strategy<Value = i64> {
        prop_oneof![
            Just(NO_TIME),
            Just(NO_TIME + 1),
            Just(i64::MAX),
            0i64..50,
            1_700_000_000_000_000i64..1_800_000_000_000_000,
            any::<i64>(),
        ]
    }

    proptest! {
        #[test]
        fn own_a_time_is_found_where_a_search_finds_it(
            mut all in prop::collection::vec(time(), 0..200), asked in prop::collection::vec(time(), 1..50)
        ) {
            all.sort_unstable();
            let times = Times::new(all.clone());
            prop_assert_eq!(times.unknown() as usize, all.partition_point(|time| *time == NO_TIME));
            for time in asked.iter().chain(&all) {
                let expected = all.partition_point(|other| other < time);
                prop_assert_eq!(times.first_at(*time) as usize, expected, "{}", time);
            }
        }
    }
}
