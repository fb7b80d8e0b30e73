//! RLP of transactions, both ways. The RLP reader accepts more than one form of some lists; whatever is read is written again and
//! compared, so only the canonical form passes.

use super::{DYNAMIC_FEE, Price, SIZE_MAX, Transaction, TransactionError};
use ethers::utils::rlp::{Rlp, RlpStream};
use recover_core::amount::Amount;

/// A signature as it stands in a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RawSignature {
    /// Whether the y coordinate of the signature's point is odd.
    pub is_odd: bool,
    /// r, big-endian.
    pub r: Amount,
    /// s, big-endian.
    pub s: Amount,
}

/// A number as RLP wants it: big-endian, without leading zeros, nothing for zero.
fn put(stream: &mut RlpStream, number: Amount) {
    let bytes = number.to_be_bytes();
    let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(32);
    stream.append(&bytes.get(start..).unwrap_or_default());
}

fn put_u64(stream: &mut RlpStream, number: u64) {
    put(stream, Amount::from_u128(u128::from(number)));
}

/// The `v` of EIP-155: 35 and 36 above twice the chain id. `None` when it does not fit 64 bits.
pub(super) fn replay_protected_v(chain_id: u64, is_odd: bool) -> Option<u64> {
    chain_id.checked_mul(2)?.checked_add(35 + u64::from(is_odd))
}

/// The bytes of a transaction, unsigned or with a signature.
pub(super) fn encode(transaction: &Transaction, signature: Option<RawSignature>) -> Vec<u8> {
    let mut stream = RlpStream::new();
    match transaction.price {
        Price::Legacy { gas_price } => {
            stream.begin_list(9);
            put_u64(&mut stream, transaction.nonce);
            put(&mut stream, gas_price);
            put_u64(&mut stream, transaction.gas_limit);
            stream.append(&transaction.to.as_slice());
            put(&mut stream, transaction.value);
            stream.append(&transaction.data.as_slice());
            match signature {
                None => {
                    put_u64(&mut stream, transaction.chain_id);
                    put_u64(&mut stream, 0);
                    put_u64(&mut stream, 0);
                }
                Some(signature) => {
                    // A chain id whose v does not fit is refused when the transaction is read; here it would only be cut, and
                    // the bytes would not be read back.
                    let v = replay_protected_v(transaction.chain_id, signature.is_odd);
                    put_u64(&mut stream, v.unwrap_or(u64::MAX));
                    put(&mut stream, signature.r);
                    put(&mut stream, signature.s);
                }
            }
            stream.out().to_vec()
        }
        Price::Dynamic { max_fee, max_tip } => {
            stream.begin_list(if signature.is_some() { 12 } else { 9 });
            put_u64(&mut stream, transaction.chain_id);
            put_u64(&mut stream, transaction.nonce);
            put(&mut stream, max_tip);
            put(&mut stream, max_fee);
            put_u64(&mut stream, transaction.gas_limit);
            stream.append(&transaction.to.as_slice());
            put(&mut stream, transaction.value);
            stream.append(&transaction.data.as_slice());
            stream.begin_list(0);
            if let Some(signature) = signature {
                put_u64(&mut stream, u64::from(signature.is_odd));
                put(&mut stream, signature.r);
                put(&mut stream, signature.s);
            }
            let mut bytes = vec![DYNAMIC_FEE];
            bytes.extend(stream.out());
            bytes
        }
    }
}

fn shape(detail: impl Into<String>) -> TransactionError {
    TransactionError::Shape(detail.into())
}

fn kind(detail: impl Into<String>) -> TransactionError {
    TransactionError::Kind(detail.into())
}

/// The fields of a list.
struct Fields<'a>(Rlp<'a>);

impl<'a> Fields<'a> {
    fn open(bytes: &'a [u8], counts: &[usize]) -> Result<(Self, usize), TransactionError> {
        let rlp = Rlp::new(bytes);
        if !rlp.is_list() {
            return Err(shape("no RLP list"));
        }
        let count = rlp
            .item_count()
            .map_err(|error| shape(format!("a list that cannot be read: {error}")))?;
        if !counts.contains(&count) {
            return Err(shape(format!("{count} fields")));
        }
        Ok((Self(rlp), count))
    }

    fn bytes(&self, place: usize, name: &str) -> Result<&'a [u8], TransactionError> {
        self.0
            .at(place)
            .and_then(|item| item.data())
            .map_err(|error| shape(format!("the field {name} cannot be read: {error}")))
    }

    fn number(&self, place: usize, name: &str) -> Result<Amount, TransactionError> {
        let bytes = self.bytes(place, name)?;
        let mut word = [0; 32];
        let start = word
            .len()
            .checked_sub(bytes.len())
            .ok_or_else(|| shape(format!("{name} has more than 32 bytes")))?;
        word[start..].copy_from_slice(bytes);
        Ok(Amount::from_be_bytes(word))
    }

    fn small(&self, place: usize, name: &str) -> Result<u64, TransactionError> {
        self.number(place, name)?
            .to_u128()
            .and_then(|number| u64::try_from(number).ok())
            .ok_or_else(|| shape(format!("{name} does not fit 64 bits")))
    }

    fn recipient(&self, place: usize) -> Result<[u8; 20], TransactionError> {
        let bytes = self.bytes(place, "to")?;
        if bytes.is_empty() {
            return Err(kind(
                "it creates a contract: we build no such transaction, every one has a recipient",
            ));
        }
        bytes
            .try_into()
            .map_err(|_| shape(format!("a recipient of {} bytes", bytes.len())))
    }

    fn no_access_list(&self, place: usize) -> Result<(), TransactionError> {
        let list = self
            .0
            .at(place)
            .map_err(|error| shape(format!("the access list cannot be read: {error}")))?;
        if list.is_list() && list.is_empty() {
            Ok(())
        } else {
            Err(kind("it has an access list: we build none"))
        }
    }

    fn parity(&self, place: usize) -> Result<bool, TransactionError> {
        match self.small(place, "y parity")? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(TransactionError::Signature(format!(
                "y parity {other}: only 0 and 1 exist"
            ))),
        }
    }
}

/// The bytes behind the type byte and whether there was one.
fn split(bytes: &[u8]) -> Result<(&[u8], bool), TransactionError> {
    if bytes.len() > SIZE_MAX {
        return Err(shape(format!(
            "{} bytes; no node passes on more than {SIZE_MAX}",
            bytes.len()
        )));
    }
    match bytes.split_first() {
        None => Err(shape("no bytes")),
        Some((&DYNAMIC_FEE, rest)) => Ok((rest, true)),
        // A list begins at 0xc0: below that it is a type byte of EIP-2718.
        Some((&first, _)) if first < 0xc0 => Err(kind(format!(
            "transaction type 0x{first:02x}: only legacy and type 2 are built"
        ))),
        Some(_) => Ok((bytes, false)),
    }
}

fn dynamic(fields: &Fields<'_>) -> Result<Transaction, TransactionError> {
    fields.no_access_list(8)?;
    Ok(Transaction {
        chain_id: fields.small(0, "chain id")?,
        nonce: fields.small(1, "nonce")?,
        price: Price::Dynamic {
            max_tip: fields.number(2, "tip")?,
            max_fee: fields.number(3, "fee")?,
        },
        gas_limit: fields.small(4, "gas limit")?,
        to: fields.recipient(5)?,
        value: fields.number(6, "value")?,
        data: fields.bytes(7, "data")?.to_vec(),
    })
}

fn legacy(fields: &Fields<'_>, chain_id: u64) -> Result<Transaction, TransactionError> {
    Ok(Transaction {
        chain_id,
        nonce: fields.small(0, "nonce")?,
        price: Price::Legacy {
            gas_price: fields.number(1, "gas price")?,
        },
        gas_limit: fields.small(2, "gas limit")?,
        to: fields.recipient(3)?,
        value: fields.number(4, "value")?,
        data: fields.bytes(5, "data")?.to_vec(),
    })
}

/// What holds for every transaction that we accept, whatever its form.
fn sound(transaction: &Transaction) -> Result<(), TransactionError> {
    if transaction.chain_id == 0 {
        return Err(kind(
            "chain id 0: its signature would be good on every chain",
        ));
    }
    if replay_protected_v(transaction.chain_id, true).is_none() {
        return Err(kind("a chain id that no signature can carry"));
    }
    if transaction.nonce == u64::MAX {
        return Err(kind("a nonce that no account can use (EIP-2681)"));
    }
    if let Price::Dynamic { max_fee, max_tip } = transaction.price
        && max_tip > max_fee
    {
        return Err(kind("a tip above the fee that it is a part of (EIP-1559)"));
    }
    Ok(())
}

pub(super) fn decode_unsigned(bytes: &[u8]) -> Result<Transaction, TransactionError> {
    let (list, is_dynamic) = split(bytes)?;
    let transaction = if is_dynamic {
        let (fields, count) = Fields::open(list, &[9, 12])?;
        if count == 12 {
            return Err(kind("it is signed: the unsigned bytes belong here"));
        }
        dynamic(&fields)?
    } else {
        let (fields, count) = Fields::open(list, &[6, 9])?;
        if count == 6 {
            return Err(kind(
                "it has no chain id: its signature would be good on every chain (EIP-155)",
            ));
        }
        if !fields.number(7, "r")?.is_zero() || !fields.number(8, "s")?.is_zero() {
            return Err(kind("it is signed: the unsigned bytes belong here"));
        }
        legacy(&fields, fields.small(6, "chain id")?)?
    };
    sound(&transaction)?;
    if encode(&transaction, None) != bytes {
        return Err(TransactionError::NotCanonical);
    }
    Ok(transaction)
}

pub(super) fn decode_signed(bytes: &[u8]) -> Result<(Transaction, RawSignature), TransactionError> {
    let (list, is_dynamic) = split(bytes)?;
    let (transaction, signature) = if is_dynamic {
        let (fields, count) = Fields::open(list, &[9, 12])?;
        if count == 9 {
            return Err(TransactionError::Signature("it is not signed".to_owned()));
        }
        let signature = RawSignature {
            is_odd: fields.parity(9)?,
            r: fields.number(10, "r")?,
            s: fields.number(11, "s")?,
        };
        (dynamic(&fields)?, signature)
    } else {
        let (fields, _) = Fields::open(list, &[9])?;
        let v = fields.small(6, "v")?;
        let r = fields.number(7, "r")?;
        let s = fields.number(8, "s")?;
        if r.is_zero() && s.is_zero() {
            return Err(TransactionError::Signature("it is not signed".to_owned()));
        }
        let Some(doubled) = v.checked_sub(35) else {
            return Err(TransactionError::Signature(format!(
                "v is {v}: a signature without a chain id is good on every chain (EIP-155)"
            )));
        };
        let signature = RawSignature {
            is_odd: doubled % 2 == 1,
            r,
            s,
        };
        (legacy(&fields, doubled / 2)?, signature)
    };
    sound(&transaction)?;
    if encode(&transaction, Some(signature)) != bytes {
        return Err(TransactionError::NotCanonical);
    }
    Ok((transaction, signature))
}
