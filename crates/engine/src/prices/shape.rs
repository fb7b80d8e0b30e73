//! Stands in for `recover_core::fee` until it has these.
use recover_core::asset::AssetId;
use recover_core::decimal::Decimal;
use recover_core::time::Timestamp;

/// Which time's price counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriceTime {
    /// Now.
    Quote,
    /// The deposit's block.
    Deposit,
    /// The last of the day before.
    PreviousClose,
    /// Of seven closes.
    MeanOfSevenDays,
}

/// A price that was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedPrice {
    /// Of what.
    pub asset: AssetId,
    /// The price.
    pub price: Decimal,
    /// When.
    pub at: Timestamp,
    /// Who said so.
    pub sources: Vec<String>,
    /// The rows.
    pub ids: Vec<String>,
}
