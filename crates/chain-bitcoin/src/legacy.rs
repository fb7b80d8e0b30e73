//! The signed message of old wallets: a recoverable signature over the text behind the coin's own words.
//!
//! Source: BIP-137 (<https://github.com/bitcoin/bips/blob/master/bip-0137.mediawiki>) and each coin's `signmessage`. Only addresses
//! of one key (pay to public key hash) have such signatures: the headers 35 to 42 that BIP-137 adds for newer addresses are refused,
//! since BIP-322 is the one rule for those and wallets never agreed on the others.

use bitcoin::hashes::{Hash as _, HashEngine as _, hash160, sha256d};
use bitcoin::secp256k1::ecdsa::{RecoverableSignature, RecoveryId};
use bitcoin::secp256k1::{Message, Secp256k1};
use recover_core::network::NetworkId;
use recover_core::proof::{ProofRefusal, ProvenKey};

/// What a coin writes before a text, and the version byte of its addresses of one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coin {
    magic: &'static str,
    version: u8,
}

/// The rules of a network; `None` for one whose messages this crate does not read.
#[must_use]
pub fn coin(network: &NetworkId) -> Option<Coin> {
    let (magic, version) = match network.as_str() {
        "bitcoin" => ("Bitcoin Signed Message:\n", 0x00),
        "litecoin" => ("Litecoin Signed Message:\n", 0x30),
        "dogecoin" => ("Dogecoin Signed Message:\n", 0x1e),
        // Its name before it was called Dash.
        "dash" => ("DarkCoin Signed Message:\n", 0x4c),
        _ => return None,
    };
    Some(Coin { magic, version })
}

/// The 20 bytes of an address of one key on this coin's network; `None` for another text.
#[must_use]
pub fn key_hash(coin: Coin, text: &str) -> Option<[u8; 20]> {
    if text.len() > 40 {
        return None;
    }
    let bytes = bitcoin::base58::decode_check(text).ok()?;
    let (version, hash) = bytes.split_first()?;
    if *version != coin.version {
        return None;
    }
    hash.try_into().ok()
}

/// The 32 bytes that are signed: SHA-256 twice over the coin's words and the text, each behind its length.
#[must_use]
pub fn digest(coin: Coin, text: &str) -> [u8; 32] {
    let mut engine = sha256d::Hash::engine();
    for part in [coin.magic, text] {
        engine.input(&length(part.len()));
        engine.input(part.as_bytes());
    }
    sha256d::Hash::from_engine(engine).to_byte_array()
}

/// A length as Bitcoin writes it.
fn length(length: usize) -> Vec<u8> {
    bitcoin::consensus::serialize(&bitcoin::VarInt::from(length))
}

/// Whether the key of an address signed the text. `signature` is the header, r and s.
///
/// # Errors
/// As [`recover_core::proof::MessageProof::verify`].
pub fn verify(
    coin: Coin,
    address: &str,
    text: &str,
    signature: &[u8; 65],
) -> Result<ProvenKey, ProofRefusal> {
    let expected = key_hash(coin, address).ok_or(ProofRefusal::AddressCannotSign)?;
    let [header, compact @ ..] = signature;
    let flags = match header {
        27..=34 => header - 27,
        35..=42 => return Err(ProofRefusal::SignatureNotCanonical),
        _ => return Err(ProofRefusal::SignatureMalformed),
    };
    let is_compressed = flags >= 4;
    let id =
        RecoveryId::from_i32(i32::from(flags % 4)).map_err(|_| ProofRefusal::SignatureMalformed)?;
    let signature = RecoverableSignature::from_compact(compact, id)
        .map_err(|_| ProofRefusal::SignatureMalformed)?;
    let standard = signature.to_standard();
    let mut low = standard;
    low.normalize_s();
    if low != standard {
        return Err(ProofRefusal::SignatureNotCanonical);
    }
    let message = Message::from_digest(digest(coin, text));
    let key = Secp256k1::verification_only()
        .recover_ecdsa(&message, &signature)
        .map_err(|_| ProofRefusal::SignatureWrong)?;
    let key = if is_compressed {
        key.serialize().to_vec()
    } else {
        key.serialize_uncompressed().to_vec()
    };
    if hash160::Hash::hash(&key).to_byte_array() != expected {
        return Err(ProofRefusal::SignatureWrong);
    }
    Ok(ProvenKey {
        address: address.to_owned(),
        key: hex::encode(key),
        scheme: "bip137",
    })
}
