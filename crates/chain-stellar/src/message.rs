//! Messages signed by the key of an account (SEP-53).
//!
//! Source: <https://github.com/stellar/stellar-protocol/blob/master/ecosystem/sep-0053.md>. It proves the account's own key. An
//! account may have given its weight to other signers, which only Horizon can say.

use crate::address;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};
use recover_core::network::{Family, NetworkId};
use recover_core::proof::{MessageProof, ProofRefusal, ProvenKey};
use sha2::{Digest as _, Sha256};

/// Messages signed by accounts of Stellar.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StellarMessages;

/// What is signed: SHA-256 over the prefix and the message.
#[must_use]
pub fn digest(message: &[u8]) -> [u8; 32] {
    Sha256::new()
        .chain_update(b"Stellar Signed Message:\n")
        .chain_update(message)
        .finalize()
        .into()
}

/// Whether a key signed a message.
///
/// # Errors
/// As [`MessageProof::verify`].
pub fn verify(key: [u8; 32], message: &[u8], signature: &[u8; 64]) -> Result<(), ProofRefusal> {
    let key = VerifyingKey::from_bytes(&key).map_err(|_| ProofRefusal::AddressCannotSign)?;
    // Strict: no key of a small order, under which one signature fits many texts, and no s beyond the order.
    key.verify_strict(&digest(message), &Signature::from_bytes(signature))
        .map_err(|_| ProofRefusal::SignatureWrong)
}

impl MessageProof for StellarMessages {
    fn family(&self) -> Family {
        Family::Stellar
    }

    /// The id inside a muxed account (`M…`) is dropped: it is the same account's key.
    fn address(&self, _network: &NetworkId, text: &str) -> Result<String, ProofRefusal> {
        let address = address::parse(text).map_err(|_| ProofRefusal::AddressInvalid)?;
        Ok(address.text().to_owned())
    }

    /// The signature is 64 bytes, in base64 or in hexadecimal digits.
    fn verify(
        &self,
        _network: &NetworkId,
        address: &str,
        text: &str,
        signature: &str,
    ) -> Result<ProvenKey, ProofRefusal> {
        let account = address::parse(address).map_err(|_| ProofRefusal::AddressInvalid)?;
        let key = address::account_key(&account).ok_or(ProofRefusal::AddressCannotSign)?;
        let signature = signature.trim();
        let mut bytes = [0; 64];
        if hex::decode_to_slice(signature, &mut bytes).is_err() {
            // Strict base64: padded, and no bits behind the last byte.
            let decoded = STANDARD
                .decode(signature)
                .map_err(|_| ProofRefusal::SignatureMalformed)?;
            bytes = decoded
                .try_into()
                .map_err(|_| ProofRefusal::SignatureMalformed)?;
        }
        verify(key, text.as_bytes(), &bytes)?;
        Ok(ProvenKey {
            address: account.text().to_owned(),
            key: hex::encode(key),
            scheme: "sep53",
        })
    }

    fn how(&self) -> &'static str {
        "sign the text as a message (SEP-53) with the wallet of the sending account"
    }
}
