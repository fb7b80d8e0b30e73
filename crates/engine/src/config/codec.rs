//! What the engine asks of a family's address codec, so that it names no network.

use recover_core::address::{Address, AddressError};
use recover_core::network::Family;

/// The address codecs that the binary was built with.
pub trait AddressCodec: Send + Sync {
    /// Checks an address of a family and gives its canonical form; `None` when no codec for that family is built in, and
    /// then the text is kept verbatim.
    ///
    /// # Errors
    /// Inside: when the text is no address of the family, or its checksum fails.
    fn address(&self, family: Family, text: &str) -> Option<Result<Address, AddressError>>;
}
