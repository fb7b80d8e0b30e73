//! Messages signed by the key of an account (EIP-191, `personal_sign`).
//!
//! Source: <https://eips.ethereum.org/EIPS/eip-191>. Contracts are not asked (ERC-1271): whoever deployed one may make it say yes to
//! anything, and its code on another network says nothing about this one. An account with delegated code (EIP-7702) still has its
//! key, and its signature is accepted.

use crate::address;
use ethers::types::{RecoveryMessage, Signature, U256};
use ethers::utils::hash_message;
use recover_core::network::{Family, NetworkId};
use recover_core::proof::{MessageProof, ProofRefusal, ProvenKey, RecoverableSignature};

/// Half of the order of secp256k1: an s above it is the other of two signatures that are as valid.
const HALF_ORDER: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
];

/// Messages signed by accounts of EVM networks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EvmMessages;

impl MessageProof for EvmMessages {
    fn family(&self) -> Family {
        Family::Evm
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
        let signature = RecoverableSignature::from_hex(signature)?;
        let (r, s) = signature.compact.split_at(32);
        if s > HALF_ORDER.as_slice() {
            return Err(ProofRefusal::SignatureNotCanonical);
        }
        let signature = Signature {
            r: U256::from_big_endian(r),
            s: U256::from_big_endian(s),
            v: 27 + u64::from(signature.is_odd),
        };
        let hash = hash_message(text);
        let signer = signature
            .recover(RecoveryMessage::Hash(hash))
            .map_err(|_| ProofRefusal::SignatureWrong)?;
        let signer = address::format(signer.0);
        if signer != expected {
            return Err(ProofRefusal::SignatureWrong);
        }
        Ok(ProvenKey {
            address: signer.text().to_owned(),
            key: String::new(),
            scheme: "eip191",
        })
    }

    fn how(&self) -> &'static str {
        "sign the text as a message (personal_sign) with the wallet of the sending address"
    }
}
