//! Codecs for tests that need addresses and no network: the shape of an EVM address, and one that fails its checksum; any text
//! for the other families that the shipped configuration has assets of.

use recover_core::address::{Address, AddressError, Payload};
use recover_core::block::TxId;
use recover_core::detect::Detect;
use recover_core::network::{Family, NetworkId};
use recover_engine::config::Codecs;
use sha2::{Digest as _, Sha256};

/// The codecs of these tests. The real ones are checked by their own crates.
pub struct ShapeCodec;

/// The one address whose checksum fails here: USDT on Ethereum with its last letter changed.
pub const TYPO: &str = "0xdAC17F958D2ee523a2206206994597C13D831ec8";

impl Codecs for ShapeCodec {
    fn codec(&self, family: Family) -> Option<&dyn Detect> {
        match family {
            Family::Evm => Some(&Evm),
            Family::Xrpl => Some(&Loose(Family::Xrpl)),
            Family::Stellar => Some(&Loose(Family::Stellar)),
            Family::Cosmos => Some(&Loose(Family::Cosmos)),
            Family::Ton => Some(&Loose(Family::Ton)),
            Family::Tron => Some(&Loose(Family::Tron)),
            Family::Solana => Some(&Loose(Family::Solana)),
            Family::Bitcoin => None,
        }
    }
}

/// Takes the text's own case for its checksum, but for [`TYPO`].
pub struct Evm;

impl Detect for Evm {
    fn family(&self) -> Family {
        Family::Evm
    }

    fn address(&self, text: &str) -> Result<Address, AddressError> {
        if text == TYPO {
            return Err(AddressError::Checksum {
                text: text.to_owned(),
            });
        }
        let mut bytes = [0; 20];
        let digits = text.strip_prefix("0x").unwrap_or(text);
        match hex::decode_to_slice(digits, &mut bytes) {
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
                family: Family::Evm,
                expected: "0x and 40 hexadecimal digits",
            }),
        }
    }

    fn tx_id(&self, text: &str) -> Option<TxId> {
        let digits = text
            .strip_prefix("0x")
            .or_else(|| text.strip_prefix("0X"))
            .unwrap_or(text);
        let is_id = digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_id.then(|| TxId::new(&format!("0x{}", digits.to_ascii_lowercase())))
    }

    fn on_network(&self, payload: &Payload, _: &NetworkId) -> Option<Address> {
        self.address(&format!("0x{}", hex::encode(payload.bytes())))
            .ok()
    }
}

/// Takes any text for an address, an id and an asset.
struct Loose(Family);

impl Detect for Loose {
    fn family(&self) -> Family {
        self.0
    }

    fn address(&self, text: &str) -> Result<Address, AddressError> {
        let payload = Payload::Contract32(Sha256::digest(text).into());
        Ok(Address::from_parts(payload, text.to_owned()))
    }

    fn tx_id(&self, text: &str) -> Option<TxId> {
        Some(TxId::new(text))
    }

    fn is_native(&self, network: &NetworkId, text: &str) -> bool {
        self.0 == Family::Cosmos && network.as_str() == "cosmos" && text == "uatom"
    }

    fn on_network(&self, _: &Payload, _: &NetworkId) -> Option<Address> {
        None
    }
}
