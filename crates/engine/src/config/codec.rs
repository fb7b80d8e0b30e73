//! What the engine asks of the families' codecs while it reads files, so that it names no network.

use recover_core::detect::Detect;
use recover_core::network::Family;

/// The reading halves that the binary was built with.
pub trait Codecs: Send + Sync {
    /// The one of a family; `None` when none is built in, and then a text of the family is kept verbatim.
    fn codec(&self, family: Family) -> Option<&dyn Detect>;

    /// The decimals that we count a token in on a network that sets none, by its canonical text; `None` where the token itself
    /// has them.
    fn decimals(&self, _family: Family, _asset: &str) -> Option<u8> {
        None
    }
}
