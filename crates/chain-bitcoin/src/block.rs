//! Blocks and transactions as they go over the wire, read one transaction at a time.
//!
//! The parts are read by the crate `bitcoin`; what its own `Block` does not know is put together from them here: the coinbase proof
//! that Dogecoin's blocks carry (AuxPoW), the payload of Dash's special transactions, and what Litecoin's extension blocks (MWEB) leave
//! in a block of the chain. A block is walked, never held as a whole list of transactions.
//!
//! Sources: <https://github.com/litecoin-project/lips/blob/master/lip-0002.mediawiki> and `primitives/transaction.h` of Litecoin Core;
//! `auxpow.h` and `primitives/pureheader.h` of Dogecoin Core; <https://github.com/dashpay/dips/blob/master/dip-0002.md>.

mod step;

use crate::script::Script;
use bitcoin::absolute::LockTime;
use bitcoin::block::Header;
use bitcoin::consensus::Decodable;
use bitcoin::consensus::encode::{Error, VarInt};
use bitcoin::hashes::{Hash as _, sha256d};
use bitcoin::transaction::Version;
use bitcoin::{Transaction, TxIn, TxOut, Txid, Witness};
use recover_core::network::NetworkId;

/// How a network's blocks differ from Bitcoin's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Not at all: Bitcoin, Bitcoin Cash, Bitcoin SV.
    Plain,
    /// Extension blocks: the last transaction of a block (HogEx) has the flag 08, and the extension block follows the transactions.
    Litecoin,
    /// A header may carry the proof of another chain's block behind it.
    Dogecoin,
    /// A transaction's version names a type, and a type has a payload behind the transaction. A block's hash is X11 of its header.
    Dash,
}

impl Dialect {
    /// The dialect of a network; `None` for one of another family.
    #[must_use]
    pub fn of(network: &NetworkId) -> Option<Self> {
        match network.as_str() {
            "bitcoin" | "bitcoin-cash" | "bitcoin-sv" => Some(Self::Plain),
            "litecoin" => Some(Self::Litecoin),
            "dogecoin" => Some(Self::Dogecoin),
            "dash" => Some(Self::Dash),
            _ => None,
        }
    }
}

/// Bytes that are no block or no transaction of the network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place} cannot be read: {detail}")]
pub struct BlockError {
    /// What stands there (`the header`, `transaction 3`).
    pub place: String,
    /// What is wrong.
    pub detail: String,
}

impl BlockError {
    fn new(place: impl Into<String>, detail: impl std::fmt::Display) -> Self {
        Self {
            place: place.into(),
            detail: detail.to_string(),
        }
    }
}

/// What a transaction is in its block, as far as it matters to who is credited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A payment.
    Payment,
    /// The one that makes the block's new coins.
    Coinbase,
    /// Litecoin's last one of a block: it holds all money of the extension block, and pays out what leaves it. Who sent that cannot be
    /// seen.
    HogEx,
}

/// A transaction that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Inputs, outputs and witnesses.
    pub transaction: Transaction,
    /// What it is in its block.
    pub role: Role,
    /// Its id; `None` for a Litecoin transaction with parts in the extension block, whose id another rule makes while it waits.
    id: Option<IdRule>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum IdRule {
    /// By the crate `bitcoin`, without the witnesses.
    Parts,
    /// Already known: the hash of all of its bytes.
    Known(Txid),
}

impl Entry {
    /// A transaction that was put together from an explorer's fields.
    #[must_use]
    pub const fn rebuilt(transaction: Transaction, role: Role) -> Self {
        Self {
            transaction,
            role,
            id: Some(IdRule::Parts),
        }
    }

    /// Its id, where its bytes tell it. Computed now: most transactions of a block are never asked for theirs.
    #[must_use]
    pub fn id(&self) -> Option<Txid> {
        Some(match self.id? {
            IdRule::Parts => self.transaction.compute_txid(),
            IdRule::Known(id) => id,
        })
    }
}

fn role_of(transaction: &Transaction) -> Role {
    if transaction.is_coinbase() {
        Role::Coinbase
    } else {
        Role::Payment
    }
}

/// Walks one block.
#[derive(Debug, Clone)]
pub struct BlockReader<'a> {
    rest: &'a [u8],
    dialect: Dialect,
    header: Header,
    count: u64,
    next: u64,
}

impl<'a> BlockReader<'a> {
    /// Begins a block: reads its header and the count of its transactions.
    ///
    /// # Errors
    /// When the bytes are too short, or Dogecoin's proof behind the header cannot be read.
    pub fn new(bytes: &'a [u8], dialect: Dialect) -> Result<Self, BlockError> {
        let mut rest = bytes;
        let header: Header = read(&mut rest, "the header")?;
        // A bit of the version tells that a proof follows (`VERSION_AUXPOW`).
        if dialect == Dialect::Dogecoin && header.version.to_consensus() & 0x100 != 0 {
            skip_proof(&mut rest)?;
        }
        let count: VarInt = read(&mut rest, "the count of transactions")?;
        Ok(Self {
            rest,
            dialect,
            header,
            count: count.0,
            next: 0,
        })
    }

    /// The block's header.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The block's hash; `None` on Dash, whose hash is another function.
    #[must_use]
    pub fn hash(&self) -> Option<String> {
        (self.dialect != Dialect::Dash).then(|| self.header.block_hash().to_string())
    }

    /// How many transactions the block says it has.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.count
    }

    /// Whether it says that it has none, which no block does.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The next transaction; `None` behind the last one. What follows the transactions then is Litecoin's extension block, which holds
    /// nothing that an address of the chain owns; elsewhere nothing may follow.
    ///
    /// # Errors
    /// When a transaction cannot be read, or bytes are left over.
    pub fn next_entry(&mut self) -> Result<Option<Entry>, BlockError> {
        if self.is_at_end()? {
            return Ok(None);
        }
        let place = self.next;
        self.next += 1;
        read_entry(&mut self.rest, self.dialect)
            .map(Some)
            .map_err(|detail| BlockError::new(format!("transaction {place}"), detail))
    }

    /// The next transaction with an output to a script that `is_wanted`; `None` behind the last one. Those before it are stepped over.
    ///
    /// # Errors
    /// As [`BlockReader::next_entry`].
    pub fn next_paying(
        &mut self,
        is_wanted: impl Fn(&Script) -> bool,
    ) -> Result<Option<Entry>, BlockError> {
        while !self.is_at_end()? {
            let mut is_hit = false;
            let mut see = |script: &[u8]| {
                if !is_hit && let Some((script, _)) = Script::of_output(script) {
                    is_hit = is_wanted(&script);
                }
            };
            let place = self.next;
            let wrong = |detail: String| BlockError::new(format!("transaction {place}"), detail);
            let length = step::over(self.rest, self.dialect, &mut see)
                .map_err(|fault| wrong(fault.to_owned()))?;
            if is_hit {
                let before = self.rest.len();
                let entry = self.next_entry()?;
                if before - self.rest.len() != length {
                    return Err(wrong("two readings of it end at two places".to_owned()));
                }
                return Ok(entry);
            }
            self.next += 1;
            self.rest = self.rest.get(length..).unwrap_or_default();
        }
        Ok(None)
    }

    /// Whether every transaction was read; what follows them must then be nothing, or what the dialect has there.
    fn is_at_end(&self) -> Result<bool, BlockError> {
        if self.next < self.count {
            return Ok(false);
        }
        if self.rest.is_empty() || self.dialect == Dialect::Litecoin {
            return Ok(true);
        }
        let detail = format!("{} bytes too many", self.rest.len());
        Err(BlockError::new("the end", detail))
    }
}

/// Reads one transaction that stands alone.
///
/// # Errors
/// When it cannot be read, or bytes are left over.
pub fn read_transaction(bytes: &[u8], dialect: Dialect) -> Result<Entry, BlockError> {
    let mut rest = bytes;
    let unreadable = |detail: String| BlockError::new("the transaction", detail);
    if dialect == Dialect::Litecoin
        && let Some(entry) = waiting_for_extension(bytes).map_err(unreadable)?
    {
        return Ok(entry);
    }
    let entry = read_entry(&mut rest, dialect).map_err(unreadable)?;
    if rest.is_empty() {
        Ok(entry)
    } else {
        Err(unreadable(format!("{} bytes too many", rest.len())))
    }
}

/// The bytes of hexadecimal digits of either case; `None` for anything else. Nodes give blocks so, and general decoders take as long for
/// them as the reading of the block does.
#[must_use]
pub fn from_digits(digits: &str) -> Option<Vec<u8>> {
    const OTHER: u8 = 0xff;
    const VALUES: [u8; 256] = {
        let mut values = [OTHER; 256];
        let mut value = 0;
        while value < 16 {
            values[b"0123456789abcdef"[value] as usize] = value as u8;
            values[b"0123456789ABCDEF"[value] as usize] = value as u8;
            value += 1;
        }
        values
    };
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    let mut seen = 0;
    let bytes = pairs
        .iter()
        .map(|[high, low]| {
            let (high, low) = (VALUES[usize::from(*high)], VALUES[usize::from(*low)]);
            seen |= high | low;
            high << 4 | low & 0x0f
        })
        .collect();
    // A digit's value has nothing in its upper half.
    (rest.is_empty() && seen & 0xf0 == 0).then_some(bytes)
}

fn read_entry(rest: &mut &[u8], dialect: Dialect) -> Result<Entry, String> {
    match dialect {
        Dialect::Dash => read_dash(rest).map_err(|error| error.to_string()),
        Dialect::Litecoin if has_extension_flag(rest) => read_extended(rest),
        Dialect::Plain | Dialect::Litecoin | Dialect::Dogecoin => {
            let transaction = Transaction::consensus_decode_from_finite_reader(rest)
                .map_err(|error| error.to_string())?;
            Ok(Entry {
                role: role_of(&transaction),
                transaction,
                id: Some(IdRule::Parts),
            })
        }
    }
}

fn read<T: Decodable>(rest: &mut &[u8], place: &str) -> Result<T, BlockError> {
    T::consensus_decode_from_finite_reader(rest).map_err(|error| BlockError::new(place, error))
}

/// Dogecoin: the coinbase of the parent chain's block, the two branches that lead to it, and the parent's header.
fn skip_proof(rest: &mut &[u8]) -> Result<(), BlockError> {
    let place = "the proof behind the header";
    read::<Transaction>(rest, place)?;
    read::<[u8; 32]>(rest, place)?;
    for _ in 0..2 {
        let steps: VarInt = read(rest, place)?;
        // A branch is as long as the tree is high.
        if steps.0 > 64 {
            return Err(BlockError::new(place, "a branch of more than 64 steps"));
        }
        for _ in 0..steps.0 {
            read::<[u8; 32]>(rest, place)?;
        }
        read::<u32>(rest, place)?;
    }
    read::<Header>(rest, place)?;
    Ok(())
}

/// Dash: no witness ever, so an empty list of inputs is one; a type in the upper half of the version has a payload from version 3 on.
fn read_dash(rest: &mut &[u8]) -> Result<Entry, Error> {
    let begins = *rest;
    let version = u32::consensus_decode_from_finite_reader(rest)?;
    let input = Vec::<TxIn>::consensus_decode_from_finite_reader(rest)?;
    let output = Vec::<TxOut>::consensus_decode_from_finite_reader(rest)?;
    let lock_time = LockTime::consensus_decode_from_finite_reader(rest)?;
    if version & 0xffff >= 3 && version >> 16 != 0 {
        Vec::<u8>::consensus_decode_from_finite_reader(rest)?;
    }
    let length = begins.len() - rest.len();
    let bytes = begins.get(..length).unwrap_or(begins);
    let transaction = Transaction {
        version: Version(version.cast_signed()),
        lock_time,
        input,
        output,
    };
    Ok(Entry {
        role: role_of(&transaction),
        transaction,
        id: Some(IdRule::Known(Txid::from_raw_hash(sha256d::Hash::hash(
            bytes,
        )))),
    })
}

/// Litecoin: whether the flag behind the mark says that a part of the extension block belongs to it.
fn has_extension_flag(bytes: &[u8]) -> bool {
    matches!(bytes, [_, _, _, _, 0, flags, ..] if flags & 0x08 != 0)
}

/// Litecoin: the transaction that ends a block of the chain from the activation on. Its part of the extension block is empty.
fn read_extended(rest: &mut &[u8]) -> Result<Entry, String> {
    let (mut transaction, part) = read_flagged(rest).map_err(|error| error.to_string())?;
    if part != 0 {
        return Err("a part of the extension block where only its own block has one".to_owned());
    }
    transaction.lock_time =
        LockTime::consensus_decode_from_finite_reader(rest).map_err(|error| error.to_string())?;
    Ok(Entry {
        transaction,
        role: Role::HogEx,
        id: Some(IdRule::Parts),
    })
}

/// Litecoin: a transaction that waits, with its part for the extension block. That part has no reader here; behind it stands only the
/// lock time, the last four bytes.
fn waiting_for_extension(bytes: &[u8]) -> Result<Option<Entry>, String> {
    if !has_extension_flag(bytes) {
        return Ok(None);
    }
    let mut rest = bytes;
    let (mut transaction, part) = read_flagged(&mut rest).map_err(|error| error.to_string())?;
    if part == 0 {
        return Ok(None);
    }
    let lock_time = rest.last_chunk::<4>().ok_or("it ends too early")?;
    transaction.lock_time = LockTime::from_consensus(u32::from_le_bytes(*lock_time));
    Ok(Some(Entry {
        transaction,
        role: Role::Payment,
        id: None,
    }))
}

/// Litecoin: version, mark and flags, inputs, outputs, witnesses, and the byte that says whether a part of the extension block follows.
fn read_flagged(rest: &mut &[u8]) -> Result<(Transaction, u8), Error> {
    let version = Version::consensus_decode_from_finite_reader(rest)?;
    let [_mark, flags] = <[u8; 2]>::consensus_decode_from_finite_reader(rest)?;
    let mut input = Vec::<TxIn>::consensus_decode_from_finite_reader(rest)?;
    let output = Vec::<TxOut>::consensus_decode_from_finite_reader(rest)?;
    if flags & 0x01 != 0 {
        for input in &mut input {
            input.witness = Witness::consensus_decode_from_finite_reader(rest)?;
        }
    }
    let part = u8::consensus_decode_from_finite_reader(rest)?;
    let transaction = Transaction {
        version,
        lock_time: LockTime::ZERO,
        input,
        output,
    };
    Ok((transaction, part))
}
