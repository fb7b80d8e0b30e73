//! The family's face to the engine: signed messages.

use crate::{generic, legacy};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bitcoin::address::AddressType;
use recover_core::network::{Family, NetworkId};
use recover_core::proof::{MessageProof, ProofRefusal, ProvenKey};

/// The longest signature that is read: a full one of a script with many keys.
const SIGNATURE_MAX: usize = 16_384;

/// Messages signed by addresses of Bitcoin (BIP-137 for addresses of one key, BIP-322 for all), and of Litecoin, Dogecoin and Dash
/// (addresses of one key). Bitcoin Cash and the newer addresses of Litecoin are refused as unsupported.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BitcoinMessages;

fn is_bitcoin(network: &NetworkId) -> bool {
    network.as_str() == "bitcoin"
}

impl MessageProof for BitcoinMessages {
    fn family(&self) -> Family {
        Family::Bitcoin
    }

    fn address(&self, network: &NetworkId, text: &str) -> Result<String, ProofRefusal> {
        let coin = legacy::coin(network).ok_or(ProofRefusal::MethodUnsupported)?;
        let text = text.trim();
        if is_bitcoin(network) {
            return Ok(generic::address(text)?.to_string());
        }
        match legacy::key_hash(coin, text) {
            Some(_) => Ok(text.to_owned()),
            // A script or a witness program, or an address of another coin.
            None => Err(ProofRefusal::AddressCannotSign),
        }
    }

    fn verify(
        &self,
        network: &NetworkId,
        address: &str,
        text: &str,
        signature: &str,
    ) -> Result<ProvenKey, ProofRefusal> {
        let coin = legacy::coin(network).ok_or(ProofRefusal::MethodUnsupported)?;
        let canonical = self.address(network, address)?;
        let signature = signature.trim();
        if signature.len() > SIGNATURE_MAX {
            return Err(ProofRefusal::SignatureMalformed);
        }
        // 65 bytes are a recoverable signature. No witness in use has that length and such a first byte: its first byte counts
        // its items.
        let decoded = STANDARD.decode(signature).ok();
        let compact: Option<[u8; 65]> = decoded.and_then(|bytes| bytes.try_into().ok());
        if let Some(compact) = compact.filter(|bytes| bytes[0] >= 27) {
            return legacy::verify(coin, &canonical, text, &compact);
        }
        if !is_bitcoin(network) {
            return Err(ProofRefusal::SignatureMalformed);
        }
        let address = generic::address(&canonical)?;
        match address.address_type() {
            Some(
                AddressType::P2pkh
                | AddressType::P2sh
                | AddressType::P2wpkh
                | AddressType::P2wsh
                | AddressType::P2tr,
            ) => generic::verify(&address, text, signature),
            _ => Err(ProofRefusal::AddressCannotSign),
        }
    }

    fn how(&self) -> &'static str {
        "sign the text as a message with the wallet of the sending address: BIP-322, or the old 'sign message' for addresses that begin with 1"
    }
}
