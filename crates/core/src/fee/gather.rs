//! Deposits that are each below the smallest that is credited, and together are not.

use crate::amount::Amount;

/// What counts towards the smallest deposit of an asset at one address, in base units of the asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gathered {
    /// The smallest deposit that is credited.
    pub minimum: Amount,
    /// What its owner sent there, the deposit that is asked about included.
    pub present: Amount,
}

impl Gathered {
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
