//! Messages signed by a wallet: the off-chain format of Solana's own tools, and the bytes themselves as browser wallets sign them.
//!
//! Source: <https://docs.anza.xyz/proposals/off-chain-message-signing> and `signMessage` of the wallet standard. Raw bytes are only
//! accepted for our own text, which no runtime reads as a transaction: its first byte would ask for more signatures than a packet
//! holds.

use crate::address;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};
use recover_core::address::Payload;
use recover_core::network::{Family, NetworkId};
use recover_core::proof::{MessageProof, ProofRefusal, ProvenKey};

/// What begins the off-chain format: no transaction begins with it.
const DOMAIN: &[u8] = b"\xffsolana offchain";

/// The longest text that Solana's own tools sign.
const TEXT_MAX: usize = 1_212;

/// Messages signed by wallets of Solana.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SolanaMessages;

/// The bytes that Solana's command line and hardware wallets sign for a text: the domain, version 0, the text's format (0: printable
/// ASCII, 1: UTF-8 that fits a hardware wallet), its length in two bytes, and the text. `None` for a text that is too long.
#[must_use]
pub fn off_chain(text: &str) -> Option<Vec<u8>> {
    let length = u16::try_from(text.len()).ok()?;
    if text.is_empty() || text.len() > TEXT_MAX {
        return None;
    }
    let is_plain = text.bytes().all(|byte| (0x20..=0x7e).contains(&byte));
    let mut bytes = DOMAIN.to_vec();
    bytes.extend([0, u8::from(!is_plain)]);
    bytes.extend(length.to_le_bytes());
    bytes.extend(text.as_bytes());
    Some(bytes)
}

/// Whether bytes may be a transaction's message: a version byte, or a number of signatures that a packet holds (64 bytes each of
/// 1,232).
fn looks_like_transaction(bytes: &[u8]) -> bool {
    match bytes {
        [first, ..] => *first >= 0x80 || *first <= 19,
        [] => true,
    }
}

impl MessageProof for SolanaMessages {
    fn family(&self) -> Family {
        Family::Solana
    }

    fn address(&self, _network: &NetworkId, text: &str) -> Result<String, ProofRefusal> {
        let address = address::parse(text).map_err(|_| ProofRefusal::AddressInvalid)?;
        Ok(address.text().to_owned())
    }

    /// The signature is 64 bytes, in base58 or in padded base64.
    fn verify(
        &self,
        _network: &NetworkId,
        address: &str,
        text: &str,
        signature: &str,
    ) -> Result<ProvenKey, ProofRefusal> {
        let wallet = address::parse(address).map_err(|_| ProofRefusal::AddressInvalid)?;
        // An address of a program has no key, so that nobody signs for it.
        let Payload::Ed25519(key) = wallet.payload() else {
            return Err(ProofRefusal::AddressCannotSign);
        };
        let key_bytes = key;
        let key =
            VerifyingKey::from_bytes(&key_bytes).map_err(|_| ProofRefusal::AddressCannotSign)?;
        if looks_like_transaction(text.as_bytes()) {
            return Err(ProofRefusal::LooksLikeTransaction);
        }
        let signature =
            signature_bytes(signature.trim()).ok_or(ProofRefusal::SignatureMalformed)?;
        let signature = Signature::from_bytes(&signature);
        let scheme =
            if off_chain(text).is_some_and(|bytes| key.verify_strict(&bytes, &signature).is_ok()) {
                "solana_offchain"
            } else {
                key.verify_strict(text.as_bytes(), &signature)
                    .map_err(|_| ProofRefusal::SignatureWrong)?;
                "solana_raw"
            };
        Ok(ProvenKey {
            address: wallet.text().to_owned(),
            key: hex::encode(key_bytes),
            scheme,
        })
    }

    fn how(&self) -> &'static str {
        "sign the text as a message with the wallet of the sending address (in a browser wallet, or `solana sign-offchain-message`)"
    }
}

fn signature_bytes(text: &str) -> Option<[u8; 64]> {
    if text.ends_with("==") {
        return STANDARD.decode(text).ok()?.try_into().ok();
    }
    if text.len() > 88 {
        return None;
    }
    let mut bytes = [0; 64];
    let written = bs58::decode(text).onto(&mut bytes).ok()?;
    (written == 64).then_some(bytes)
}
