//! Signed bytes against the package that they should be of: the rule by which `claims import` takes them.

use crate::codecs::check_of;
use crate::package::FILE_BYTES_MAX;
use crate::problem::{Code, Problem};
use crate::report::Report;
use crate::verify::pass;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use recover_core::check::Signed;
use recover_core::time::Timestamp;

/// The bytes in a file of a signed transaction: hexadecimal text (with or without `0x`), base64 text (as Stellar's and the Cosmos
/// SDK's tools write it), or the bytes themselves. No transaction of a network we carry is text, so that one file has one reading.
#[must_use]
pub fn signed_bytes(file: &[u8]) -> Vec<u8> {
    let text = file.trim_ascii();
    let digits = text.strip_prefix(b"0x").unwrap_or(text);
    hex::decode(digits)
        .ok()
        .or_else(|| STANDARD.decode(text).ok())
        .filter(|bytes| !bytes.is_empty())
        .unwrap_or_else(|| file.to_vec())
}

/// Verifies a package, and that signed bytes (see [`signed_bytes`]) are its bytes under the expected signature.
///
/// # Errors
/// Every problem of the package, else every problem of the signed bytes: they must not be sent.
pub fn verify_signed(
    package: &str,
    roster: &str,
    signed: &[u8],
    now: Timestamp,
) -> Result<(Report, Signed), Vec<Problem>> {
    let refuse = |code, detail: String| vec![Problem::new(code, detail)];
    if signed.len() > FILE_BYTES_MAX {
        let detail = format!("they have {} bytes", signed.len());
        return Err(refuse(Code::SignedUnreadable, detail));
    }
    let mut passed = pass(package, roster, now)?;
    let leg = passed.leg.ok_or_else(|| {
        let detail = "this package holds ledger instructions".to_owned();
        refuse(Code::NothingToSign, detail)
    })?;
    let check = check_of(&leg.chain).ok_or_else(|| {
        let detail = format!("the bytes of {} cannot be read here", leg.chain);
        refuse(Code::SignedUnreadable, detail)
    })?;
    let signed = check
        .open(&leg.chain, &passed.bytes, &signed_bytes(signed))
        .map_err(|error| refuse(Code::SignedUnreadable, error.to_string()))?;
    let mut problems = Vec::new();
    if signed.unsigned != passed.bytes {
        problems.push(Problem::new(
            Code::SignedBytesDiffer,
            format!(
                "without the signature they are {}, the package holds {}",
                hex::encode(&signed.unsigned),
                hex::encode(&passed.bytes)
            ),
        ));
    }
    let is_key = leg.signer_key.is_none() || leg.signer_key == signed.signer_key;
    if signed.signer != leg.signer || !is_key {
        problems.push(Problem::new(
            Code::SignerDiffers,
            format!("{} signed, expected was {}", signed.signer, leg.signer),
        ));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    passed.report.add_signed(&signed);
    Ok((passed.report, signed))
}
