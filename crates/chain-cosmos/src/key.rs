//! Public keys: whose address one is, by either key rule, and whether a signature is its.

use crate::address::first_20;
use crate::networks::KeyRule;
use k256::ecdsa::signature::hazmat::PrehashVerifier;
use k256::ecdsa::{Signature, VerifyingKey};
use recover_core::address::Payload;
use ripemd::Ripemd160;
use sha2::{Digest, Sha256};
use sha3::Keccak256;

/// A compressed secp256k1 public key: a point of the curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey([u8; 33]);

impl PublicKey {
    /// A key from its 33 bytes; `None` when they are no point of the curve.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: [u8; 33] = bytes.try_into().ok()?;
        VerifyingKey::from_sec1_bytes(&bytes).ok()?;
        Some(Self(bytes))
    }

    /// The 33 bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 33] {
        &self.0
    }

    fn verifying(&self) -> VerifyingKey {
        VerifyingKey::from_sec1_bytes(&self.0).expect("checked when it was made")
    }

    /// The account that a network with this rule gives it.
    #[must_use]
    pub fn account(&self, rule: KeyRule) -> Payload {
        let bytes = match rule {
            KeyRule::Cosmos => Ripemd160::digest(Sha256::digest(self.0)).into(),
            KeyRule::Ethereum => {
                let point = self.verifying().to_encoded_point(false);
                let digest = Keccak256::digest(point.as_bytes().get(1..).unwrap_or_default());
                first_20(digest.get(12..).unwrap_or_default())
            }
        };
        Payload::Hash160(bytes)
    }

    /// Whether a signature of 64 bytes (r, s) over these bytes is this key's. Networks of the SDK refuse a high `s`, so it is
    /// refused here.
    #[must_use]
    pub fn has_signed(&self, rule: KeyRule, bytes: &[u8], signature: &[u8]) -> bool {
        let Ok(signature) = Signature::from_slice(signature) else {
            return false;
        };
        if signature.normalize_s().is_some() {
            return false;
        }
        let digest: [u8; 32] = match rule {
            KeyRule::Cosmos => Sha256::digest(bytes).into(),
            KeyRule::Ethereum => Keccak256::digest(bytes).into(),
        };
        self.verifying().verify_prehash(&digest, &signature).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    #[test]
    fn recorded_keys_make_the_addresses_of_their_networks() {
        // The signer of the recorded transaction EAE05924… of cosmoshub-4, and its sender.
        let key = STANDARD
            .decode("A0YNfJrZmRV+PgjWPwPARRMG3QH33rrzxXAE5DHnyl0H")
            .unwrap();
        let key = PublicKey::from_bytes(&key).unwrap();
        let sender = address::parse("cosmos13fe2vuy0e383q64usww4v5vxkmz6gcnfwv5u7v").unwrap();
        assert_eq!(key.account(KeyRule::Cosmos), sender.payload());
        assert_ne!(key.account(KeyRule::Ethereum), sender.payload());
    }

    #[test]
    fn bytes_that_are_no_point_are_no_key() {
        assert_eq!(PublicKey::from_bytes(&[0; 33]), None);
        assert_eq!(PublicKey::from_bytes(&[2; 32]), None);
        let mut bytes = [0xFF; 33];
        bytes[0] = 2;
        assert_eq!(PublicKey::from_bytes(&bytes), None);
    }
}
