//! Messages signed by the key of an account (TIP-191, `signMessageV2` of TronWeb).
//!
//! Source: <https://github.com/tronprotocol/tips/blob/master/tip-191.md> and TronWeb, which is pinned by the tests: sources differ on
//! hash and spelling. An account may have given its permissions to other keys, which only a node can say: what is proven is the key
//! that the address was made of.

use crate::address;
use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};
use recover_core::network::{Family, NetworkId};
use recover_core::proof::{MessageProof, ProofRefusal, ProvenKey, RecoverableSignature};
use sha3::{Digest as _, Keccak256};

/// Messages signed by accounts of Tron.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TronMessages;

/// What is signed: keccak256 over the prefix, the text's length in bytes as decimal digits, and the text.
#[must_use]
pub fn digest(text: &str) -> [u8; 32] {
    Keccak256::new()
        .chain_update(b"\x19TRON Signed Message:\n")
        .chain_update(text.len().to_string())
        .chain_update(text)
        .finalize()
        .into()
}

impl MessageProof for TronMessages {
    fn family(&self) -> Family {
        Family::Tron
    }

    fn address(&self, _network: &NetworkId, text: &str) -> Result<String, ProofRefusal> {
        let address = address::parse(text).map_err(|_| ProofRefusal::AddressInvalid)?;
        Ok(address.text().to_owned())
    }

    fn verify(
        &self,
        _network: &NetworkId,
        address: &str,
        text: &str,
        signature: &str,
    ) -> Result<ProvenKey, ProofRefusal> {
        let expected = address::parse(address).map_err(|_| ProofRefusal::AddressInvalid)?;
        let RecoverableSignature { compact, is_odd } = RecoverableSignature::from_hex(signature)?;
        let signature =
            Signature::from_slice(&compact).map_err(|_| ProofRefusal::SignatureMalformed)?;
        if signature.normalize_s().is_some() {
            return Err(ProofRefusal::SignatureNotCanonical);
        }
        let id = RecoveryId::new(is_odd, false);
        let key = VerifyingKey::recover_from_prehash(&digest(text), &signature, id)
            .map_err(|_| ProofRefusal::SignatureWrong)?;
        let point = key.to_encoded_point(false);
        let [_, coordinates @ ..] = point.as_bytes() else {
            return Err(ProofRefusal::SignatureWrong);
        };
        let hash: [u8; 32] = Keccak256::digest(coordinates).into();
        let [_, _, _, _, _, _, _, _, _, _, _, _, account @ ..] = hash;
        if address::format(account) != expected {
            return Err(ProofRefusal::SignatureWrong);
        }
        Ok(ProvenKey {
            address: expected.text().to_owned(),
            key: hex::encode(key.to_encoded_point(true).as_bytes()),
            scheme: "tip191",
        })
    }

    fn how(&self) -> &'static str {
        "sign the text as a message (signMessageV2) with the wallet of the sending address"
    }
}
