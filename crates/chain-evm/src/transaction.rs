//! Transactions as bytes: the two kinds that we build and accept back.
//!
//! Legacy transactions with replay protection (<https://eips.ethereum.org/EIPS/eip-155>) and dynamic-fee transactions
//! (<https://eips.ethereum.org/EIPS/eip-1559>), both with a recipient and without an access list. Whatever else there is – types
//! 1, 3 and 4, contract creation, signatures without a chain id – is refused: nothing that we plan needs it.
//!
//! The unsigned bytes are what is hashed for signing: `0x02 ‖ rlp([…])` or the RLP list of nine legacy fields. Every reader here
//! writes what it read again and compares, so that one transaction has one form of bytes.

mod codec;
mod signed;

pub use signed::{Opened, open, seal};

use recover_core::amount::Amount;

/// The type byte of EIP-1559.
pub(crate) const DYNAMIC_FEE: u8 = 0x02;

/// The largest transaction that nodes pass on, in bytes (go-ethereum's transaction pool: 128 KiB).
pub const SIZE_MAX: usize = 128 * 1024;

/// What a unit of gas may cost, in wei.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Price {
    /// One price, all of which is paid.
    Legacy {
        /// Wei a unit of gas.
        gas_price: Amount,
    },
    /// A ceiling, and a tip above the block's base fee.
    Dynamic {
        /// The most that a unit of gas may cost, tip included.
        max_fee: Amount,
        /// The most of it that goes to the block's maker.
        max_tip: Amount,
    },
}

impl Price {
    /// The most that a unit of gas can cost.
    #[must_use]
    pub const fn ceiling(&self) -> Amount {
        match self {
            Self::Legacy { gas_price } => *gas_price,
            Self::Dynamic { max_fee, .. } => *max_fee,
        }
    }
}

/// An unsigned transaction. The sender is not in it: whoever signs is the sender.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Transaction {
    /// The chain that its signature is bound to (EIP-155), above zero.
    pub chain_id: u64,
    /// How many transactions its sender sent before.
    pub nonce: u64,
    /// What it may pay for gas.
    pub price: Price,
    /// The most gas that it may use.
    pub gas_limit: u64,
    /// What it is addressed to.
    pub to: [u8; 20],
    /// The native coin that it carries, in wei.
    pub value: Amount,
    /// The call data; empty for a plain transfer.
    pub data: Vec<u8>,
}

/// Why bytes are no transaction that we accept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransactionError {
    /// No RLP list of the right length, or a field of the wrong shape.
    #[error("{0}")]
    Shape(String),
    /// It is well formed and not what we build.
    #[error("{0}")]
    Kind(String),
    /// Something stands before, behind or between the fields, or a number is written in more than one possible way.
    #[error("the same transaction is written in other bytes: this is not its canonical form")]
    NotCanonical,
    /// The signature.
    #[error("{0}")]
    Signature(String),
}

impl Transaction {
    /// The most that the network can take by these bytes: gas limit times the price's ceiling, in wei; `None` when no amount
    /// holds it.
    #[must_use]
    pub fn fee_max(&self) -> Option<Amount> {
        Amount::from_u128(u128::from(self.gas_limit))
            .mul_ratio_floor(self.price.ceiling(), Amount::from_u128(1))
    }

    /// The canonical unsigned bytes: what is hashed for signing.
    #[must_use]
    pub fn unsigned_bytes(&self) -> Vec<u8> {
        codec::encode(self, None)
    }

    /// keccak256 of the unsigned bytes: what the sender signs.
    #[must_use]
    pub fn signing_hash(&self) -> [u8; 32] {
        ethers::utils::keccak256(self.unsigned_bytes())
    }

    /// Reads unsigned bytes.
    ///
    /// # Errors
    /// When they are no unsigned transaction of the two kinds in canonical form, to the last byte.
    pub fn from_unsigned(bytes: &[u8]) -> Result<Self, TransactionError> {
        codec::decode_unsigned(bytes)
    }
}
