//! Public keys, the accounts that they belong to, and signatures.
//!
//! Source: <https://xrpl.org/docs/concepts/accounts/cryptographic-keys>. A key's first byte names its algorithm: `ED` for
//! Ed25519, which signs the bytes themselves, `02` and `03` for ECDSA over secp256k1, which signs the first half of their SHA-512.

use crate::binary::{self, SIGNING};
use k256::ecdsa::signature::hazmat::PrehashVerifier;
use ripemd::Ripemd160;
use sha2::{Digest, Sha256};

/// The first byte of an Ed25519 key.
const ED25519: u8 = 0xed;

/// Why a signature is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// The key is no point of its curve, or of no known curve.
    #[error("the public key is none that can sign here: 33 bytes that begin with 02, 03 or ED")]
    BadKey,
    /// The signature could be changed by anybody into another one that is as valid, under which the transaction has another id.
    #[error(
        "the signature is not in the one canonical form (DER, and the lower of the two values of S): sign again"
    )]
    NotCanonical,
    /// It is another key's, or of other bytes.
    #[error("the signature is not valid for these bytes and this key")]
    Invalid,
}

/// The account that belongs to a key: RIPEMD-160 of its SHA-256.
#[must_use]
pub fn account_of_key(key: [u8; 33]) -> [u8; 20] {
    Ripemd160::digest(Sha256::digest(key)).into()
}

/// Whether bytes have the form of a public key: 33 of them with a known first.
#[must_use]
pub const fn is_key(key: &[u8]) -> bool {
    key.len() == 33 && matches!(key, [0x02 | 0x03 | ED25519, ..])
}

/// Verifies the signature of one key over the fields of a transaction that are signed, as the ledger has accepted them since
/// signatures must be fully canonical.
///
/// # Errors
/// When the key, the form of the signature or the signature itself is not what the ledger accepts.
pub fn verify(key: &[u8], signed_fields: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
    match key {
        [ED25519, point @ ..] => {
            let point = point.try_into().map_err(|_| SignatureError::BadKey)?;
            let key = ed25519_dalek::VerifyingKey::from_bytes(point)
                .map_err(|_| SignatureError::BadKey)?;
            let signature = ed25519_dalek::Signature::from_slice(signature)
                .map_err(|_| SignatureError::NotCanonical)?;
            let message = [&SIGNING[..], signed_fields].concat();
            key.verify_strict(&message, &signature)
                .map_err(|_| SignatureError::Invalid)
        }
        [0x02 | 0x03, ..] if key.len() == 33 => {
            let key = k256::ecdsa::VerifyingKey::from_sec1_bytes(key)
                .map_err(|_| SignatureError::BadKey)?;
            let read = k256::ecdsa::Signature::from_der(signature)
                .map_err(|_| SignatureError::NotCanonical)?;
            if read.normalize_s().is_some() || read.to_der().as_bytes() != signature {
                return Err(SignatureError::NotCanonical);
            }
            key.verify_prehash(&binary::signing_hash(signed_fields), &read)
                .map_err(|_| SignatureError::Invalid)
        }
        _ => Err(SignatureError::BadKey),
    }
}
