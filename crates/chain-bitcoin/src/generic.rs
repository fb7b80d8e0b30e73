//! BIP-322: the signed message of every address of Bitcoin, as a transaction that can never be sent.
//!
//! Source: <https://github.com/bitcoin/bips/blob/master/bip-0322.mediawiki>. The crate `bip322` verifies; what is accepted here is
//! only what it calls valid at time 0 and age 0. Its third answer, `Inconclusive`, is no error there and no proof here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bip322::Verification;
use bitcoin::consensus::encode::{deserialize, serialize};
use bitcoin::locktime::absolute::LockTime;
use bitcoin::{Address, Network, Sequence, Transaction, Witness};
use recover_core::proof::{ProofRefusal, ProvenKey};
use std::str::FromStr as _;

/// An address of Bitcoin's main network.
///
/// # Errors
/// [`ProofRefusal::AddressInvalid`], and [`ProofRefusal::NetworkWrong`] for an address of a test network.
pub(crate) fn address(text: &str) -> Result<Address, ProofRefusal> {
    // The crate that verifies takes any network's address: this is the only place that tells them apart.
    Address::from_str(text.trim())
        .map_err(|_| ProofRefusal::AddressInvalid)?
        .require_network(Network::Bitcoin)
        .map_err(|_| ProofRefusal::NetworkWrong)
}

/// What a signature's text is.
enum Form {
    Simple(Witness),
    Full(Box<Transaction>),
}

/// Whether what was signed satisfies the address's script.
pub(crate) fn verify(
    address: &Address,
    text: &str,
    signature: &str,
) -> Result<ProvenKey, ProofRefusal> {
    let form = read(signature)?;
    // A bug of the verifier must refuse, not end the program in front of whoever pasted the bytes.
    let verified = std::panic::catch_unwind(|| match form {
        Form::Simple(witness) => (
            bip322::verify_simple(address, text, witness),
            "bip322_simple",
        ),
        Form::Full(to_sign) => (bip322::verify_full(address, text, *to_sign), "bip322_full"),
    });
    let (verified, scheme) = verified.map_err(|_| ProofRefusal::Inconclusive)?;
    match verified {
        Ok(Verification::Valid { time, age })
            if time == LockTime::ZERO && age == Sequence::ZERO =>
        {
            Ok(ProvenKey {
                address: address.to_string(),
                key: String::new(),
                scheme,
            })
        }
        Ok(Verification::Valid { .. }) => Err(ProofRefusal::TimeLocked),
        Ok(Verification::Inconclusive) => Err(ProofRefusal::Inconclusive),
        Err(bip322::Error::UnsupportedAddress { .. }) => Err(ProofRefusal::AddressCannotSign),
        Err(_) => Err(ProofRefusal::SignatureWrong),
    }
}

/// The form of a signature: by its prefix, without one the simple form. Bytes that are not written in the one canonical way are
/// refused: else one signature would have many texts.
fn read(signature: &str) -> Result<Form, ProofRefusal> {
    let decode = |text: &str| {
        STANDARD
            .decode(text)
            .map_err(|_| ProofRefusal::SignatureMalformed)
    };
    if signature.starts_with("pof") {
        // It names outputs that only a node could confirm.
        return Err(ProofRefusal::Inconclusive);
    }
    if let Some(text) = signature.strip_prefix("ful") {
        let bytes = decode(text)?;
        let to_sign: Transaction =
            deserialize(&bytes).map_err(|_| ProofRefusal::SignatureMalformed)?;
        if serialize(&to_sign) != bytes {
            return Err(ProofRefusal::SignatureNotCanonical);
        }
        return Ok(Form::Full(Box::new(to_sign)));
    }
    let bytes = decode(signature.strip_prefix("smp").unwrap_or(signature))?;
    let witness: Witness = deserialize(&bytes).map_err(|_| ProofRefusal::SignatureMalformed)?;
    if serialize(&witness) != bytes {
        return Err(ProofRefusal::SignatureNotCanonical);
    }
    Ok(Form::Simple(witness))
}
