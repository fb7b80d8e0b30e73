//! What a text is: the pure reading half of a family's adapter.

use crate::address::{Address, AddressError};
use crate::block::TxId;
use crate::network::Family;

/// Reads a family's addresses and transaction ids; one implementation a family, pure.
pub trait Detect: Send + Sync {
    /// The family.
    fn family(&self) -> Family;

    /// Checks an address and gives its canonical form.
    ///
    /// # Errors
    /// When the text is no address of the family, or its checksum fails.
    fn address(&self, text: &str) -> Result<Address, AddressError>;

    /// The canonical transaction id; `None` when the text has not the shape of one.
    fn tx_id(&self, text: &str) -> Option<TxId>;
}
