//! A codec for tests that need addresses and no network: the shape of an EVM address, and one that fails its checksum.

use recover_core::address::{Address, AddressError, Payload};
use recover_core::network::Family;
use recover_engine::config::AddressCodec;

/// Takes the text's own case for its checksum, but for [`TYPO`]. The real codec is checked by its own crate.
pub struct ShapeCodec;

/// The one address whose checksum fails here: USDT on Ethereum with its last letter changed.
pub const TYPO: &str = "0xdAC17F958D2ee523a2206206994597C13D831ec8";

impl AddressCodec for ShapeCodec {
    fn address(&self, family: Family, text: &str) -> Option<Result<Address, AddressError>> {
        if family != Family::Evm {
            return None;
        }
        if text == TYPO {
            return Some(Err(AddressError::Checksum {
                text: text.to_owned(),
            }));
        }
        let mut bytes = [0; 20];
        let digits = text.strip_prefix("0x").unwrap_or(text);
        Some(match hex::decode_to_slice(digits, &mut bytes) {
            Ok(()) => {
                let is_plain = digits.to_ascii_lowercase() == digits;
                // Written without a checksum: the canonical text is another one, as with the real codec.
                let canonical = if is_plain {
                    digits.to_ascii_uppercase()
                } else {
                    digits.to_owned()
                };
                Ok(Address::from_parts(
                    Payload::Account20(bytes),
                    format!("0x{canonical}"),
                ))
            }
            Err(_) => Err(AddressError::Shape {
                text: text.to_owned(),
                family,
                expected: "0x and 40 hexadecimal digits",
            }),
        })
    }
}
