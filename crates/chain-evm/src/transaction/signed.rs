//! Signed transactions: taking them apart and finding who signed.

use super::codec::{self, RawSignature};
use super::{Transaction, TransactionError};
use ethers::types::{RecoveryMessage, Signature, U256};
use recover_core::amount::Amount;

/// Half of the order of secp256k1, rounded down: of the two signatures that each signature can be turned into, the one with the
/// larger s is not valid since Homestead (<https://eips.ethereum.org/EIPS/eip-2>).
const HALF_ORDER: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
];

/// A signed transaction, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// What was signed.
    pub transaction: Transaction,
    /// Its canonical unsigned bytes.
    pub unsigned: Vec<u8>,
    /// Who signed, found from the signature.
    pub signer: [u8; 20],
    /// keccak256 of the signed bytes: the transaction's id.
    pub hash: [u8; 32],
}

/// Takes signed bytes apart and finds their signer.
///
/// # Errors
/// When they are no signed transaction of the two kinds in canonical form, or the signature is none: r or s zero or too large, s
/// in the upper half, no chain id, or no point on the curve.
pub fn open(bytes: &[u8]) -> Result<Opened, TransactionError> {
    let (transaction, signature) = codec::decode_signed(bytes)?;
    let signer = recover(&transaction, signature)?;
    Ok(Opened {
        unsigned: transaction.unsigned_bytes(),
        transaction,
        signer,
        hash: ethers::utils::keccak256(bytes),
    })
}

/// The signed bytes of a transaction with a signature that somebody else made: what a node would have been given. This crate
/// holds no key and signs nothing.
///
/// # Errors
/// When the signature is none.
pub fn seal(
    transaction: &Transaction,
    is_odd: bool,
    r: Amount,
    s: Amount,
) -> Result<Vec<u8>, TransactionError> {
    let signature = RawSignature { is_odd, r, s };
    recover(transaction, signature)?;
    Ok(codec::encode(transaction, Some(signature)))
}

fn recover(
    transaction: &Transaction,
    signature: RawSignature,
) -> Result<[u8; 20], TransactionError> {
    let bad = |detail: &str| TransactionError::Signature(detail.to_owned());
    if signature.r.is_zero() || signature.s.is_zero() {
        return Err(bad("r and s are above zero in every signature"));
    }
    if signature.s > Amount::from_be_bytes(HALF_ORDER) {
        return Err(bad(
            "s lies in the upper half: networks refuse such a signature (EIP-2)",
        ));
    }
    let word = |amount: Amount| U256::from_big_endian(&amount.to_be_bytes());
    let signature = Signature {
        r: word(signature.r),
        s: word(signature.s),
        v: 27 + u64::from(signature.is_odd),
    };
    let message = RecoveryMessage::Hash(transaction.signing_hash().into());
    signature
        .recover(message)
        .map(|address| address.0)
        .map_err(|error| TransactionError::Signature(format!("it is no signature: {error}")))
}
