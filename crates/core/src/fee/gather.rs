//! Deposits that are each below the smallest that is credited, and together are not.

use crate::amount::Amount;

/// What counts towards the smallest deposit of an asset at one address, in base units of the asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gathered {
    /// The smallest deposit that is credited.
    pub minimum: Amount,
    /// What its owner sent there and no earlier group has, the deposit that is asked about included.
    pub present: Amount,
}

impl Gathered {
    /// What has gathered with one of these deposits, each below the minimum, in the order in which we saw them; `None` where
    /// `own` is none of them.
    ///
    /// Deposits make a group until it reaches the minimum; the next begins another. So each coin lifts others once, what was
    /// enough stays so whatever comes later, and dust never passes on the strength of coins of before.
    #[must_use]
    pub fn of(minimum: Amount, small: &[Amount], own: usize) -> Option<Self> {
        small.get(own)?;
        let mut present = Amount::ZERO;
        for (place, amount) in small.iter().enumerate() {
            // A sum that leaves every range is more than any minimum.
            present = present.checked_add(*amount).unwrap_or(minimum);
            if present >= minimum {
                if place >= own {
                    break;
                }
                present = Amount::ZERO;
            }
        }
        Some(Self { minimum, present })
    }

    /// Together with an ordinary deposit that came after.
    #[must_use]
    pub fn with(self, ordinary: Amount) -> Self {
        let present = self.present.checked_add(ordinary);
        Self {
            present: present.unwrap_or(self.minimum),
            ..self
        }
    }

    /// Whether it is enough.
    #[must_use]
    pub fn is_enough(self) -> bool {
        self.present >= self.minimum
    }

    /// What is missing; `None` where it is enough.
    #[must_use]
    pub fn missing(self) -> Option<Amount> {
        let missing = self.minimum.checked_sub(self.present)?;
        (!missing.is_zero()).then_some(missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn amounts(numbers: &[u128]) -> Vec<Amount> {
        numbers.iter().copied().map(Amount::from_u128).collect()
    }

    fn present(small: &[u128], own: usize) -> u128 {
        let gathered = Gathered::of(Amount::from_u128(10), &amounts(small), own);
        gathered.unwrap().present.to_u128().unwrap()
    }

    #[test]
    fn own_each_coin_lifts_once() {
        assert_eq!(present(&[6], 0), 6);
        assert_eq!([present(&[6, 4], 0), present(&[6, 4], 1)], [10, 10]);
        // Dust after a group that is full begins another.
        assert_eq!(present(&[6, 4, 1], 2), 1);
        assert_eq!(
            [present(&[6, 4, 1, 9], 2), present(&[6, 4, 1, 9], 3)],
            [10, 10]
        );
        assert_eq!(present(&[9, 9, 9], 2), 9);
        assert_eq!(Gathered::of(Amount::MAX, &[], 0), None);
        let most = Gathered::of(Amount::MAX, &[Amount::MAX, Amount::MAX], 1).unwrap();
        assert!(
            !Gathered {
                present: Amount::ZERO,
                ..most
            }
            .is_enough()
        );
    }

    proptest! {
        #[test]
        fn own_what_comes_later_takes_nothing_back(small in prop::collection::vec(1_u128..10, 1..30), more in prop::collection::vec(1_u128..10, 0..10)) {
            let all = [small.clone(), more].concat();
            for own in 0..small.len() {
                let (before, after) = (present(&small, own), present(&all, own));
                prop_assert!(before <= after);
                prop_assert!(before < 10 || before == after);
            }
            // What is lifted altogether is lifted by as many groups as the sum allows, each of its own coins.
            let lifted: u128 = (0..all.len()).filter(|own| present(&all, *own) >= 10).map(|own| all[own]).sum();
            prop_assert!(lifted <= all.iter().sum());
            let pending: u128 = (0..all.len()).filter(|own| present(&all, *own) < 10).map(|own| all[own]).sum();
            prop_assert!(pending < 10, "no two groups are open");
        }
    }
}
