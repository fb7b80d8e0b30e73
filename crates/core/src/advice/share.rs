//! What several deposits pay of one cost.

use crate::amount::Amount;

/// What a deposit pays of the network's cost when it is recovered together with others. Amounts are of the network's own
/// coin, in base units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// How many are recovered together, this one included.
    pub deposits: u32,
    /// What the network takes for all of them at once.
    pub shared: Amount,
    /// What the deposit pays of it.
    pub own: Amount,
}

impl Share {
    /// The share of a deposit of this weight among others of this weight altogether (itself included); `None` where it shares
    /// with nobody, where nothing weighs anything, or where a number does not fit.
    #[must_use]
    pub fn of(deposits: u32, shared: Amount, own: Amount, all: Amount) -> Option<Self> {
        if deposits < 2 || own > all {
            return None;
        }
        Some(Self {
            deposits,
            shared,
            own: part(shared, own, all)?,
        })
    }
}

/// What a deposit of weight `own` pays of a cost that deposits of weight `all` share: in proportion, rounded up to the base
/// unit, so that the parts of all of them together are at least the cost. `None` where nothing weighs anything, or where a
/// number does not fit.
#[must_use]
pub fn part(cost: Amount, own: Amount, all: Amount) -> Option<Amount> {
    if all.is_zero() {
        return None;
    }
    cost.mul_ratio_ceil(own, all)
}
