//! A transaction with its signature as a node states it, and proof that the statement is true: its bytes are put together again,
//! hash to the id that was asked for, and are signed by the account that it is said to be from.

use super::{optional_amount, optional_quantity};
use crate::address;
use crate::transaction::{self, Opened, Price, Transaction, TransactionError};
use ethers::types::{H160, H256};
use recover_core::amount::Amount;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

/// A transaction with every field that its signature covers.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StatedTransaction {
    /// Its hash.
    pub hash: H256,
    /// Its type (EIP-2718); `None` where the node leaves it out.
    #[serde(default, rename = "type", deserialize_with = "optional_quantity")]
    pub kind: Option<u64>,
    /// Who it is from.
    #[serde(default)]
    pub from: Option<H160>,
    /// What it is addressed to; `None` when it creates a contract.
    #[serde(default)]
    pub to: Option<H160>,
    /// The native coin that it carries, in wei.
    #[serde(default, deserialize_with = "optional_amount")]
    pub value: Option<Amount>,
    /// How many transactions its sender had sent before.
    #[serde(default, deserialize_with = "optional_quantity")]
    pub nonce: Option<u64>,
    /// The most gas that it may use.
    #[serde(default, deserialize_with = "optional_quantity")]
    pub gas: Option<u64>,
    /// Its price; for type 2 what was paid in the end.
    #[serde(default, deserialize_with = "optional_amount")]
    pub gas_price: Option<Amount>,
    /// The ceiling of its price, for type 2.
    #[serde(default, deserialize_with = "optional_amount")]
    pub max_fee_per_gas: Option<Amount>,
    /// The ceiling of its tip, for type 2.
    #[serde(default, deserialize_with = "optional_amount")]
    pub max_priority_fee_per_gas: Option<Amount>,
    /// Its call data.
    #[serde(default, deserialize_with = "data")]
    pub input: Vec<u8>,
    /// Its access list; `None` for kinds without one.
    #[serde(default)]
    pub access_list: Option<Vec<IgnoredAny>>,
    /// Its chain.
    #[serde(default, deserialize_with = "optional_quantity")]
    pub chain_id: Option<u64>,
    /// v, or the y parity for type 2.
    #[serde(default, deserialize_with = "optional_quantity")]
    pub v: Option<u64>,
    /// r of the signature.
    #[serde(default, deserialize_with = "optional_amount")]
    pub r: Option<Amount>,
    /// s of the signature.
    #[serde(default, deserialize_with = "optional_amount")]
    pub s: Option<Amount>,
    /// Its block; `None` while it waits for one.
    #[serde(default)]
    pub block_hash: Option<H256>,
    /// Its block's height.
    #[serde(default, deserialize_with = "optional_quantity")]
    pub block_number: Option<u64>,
}

fn data<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    super::bytes(deserializer)
}

impl StatedTransaction {
    /// The transaction taken apart, after its bytes were put together and proved to hash to its id and to be signed by whom it is
    /// said to be from.
    ///
    /// # Errors
    /// [`TransactionError::Kind`] when it is of a kind that we never build; any other when the node's statement does not hold
    /// together.
    pub fn rebuild(&self) -> Result<Opened, TransactionError> {
        let missing = |field: &str| TransactionError::Shape(format!("the node left out {field}"));
        let to = self
            .to
            .ok_or_else(|| TransactionError::Kind("it creates a contract".to_owned()))?;
        let v = self.v.ok_or_else(|| missing("v"))?;
        let (price, chain_id, is_odd) = match self.kind.unwrap_or_default() {
            0 => {
                let doubled = v.checked_sub(35).ok_or_else(|| {
                    TransactionError::Kind("it is signed for no chain (EIP-155)".to_owned())
                })?;
                let price = Price::Legacy {
                    gas_price: self.gas_price.ok_or_else(|| missing("gasPrice"))?,
                };
                (price, doubled / 2, doubled % 2 == 1)
            }
            2 => {
                if self
                    .access_list
                    .as_ref()
                    .is_some_and(|list| !list.is_empty())
                {
                    return Err(TransactionError::Kind("it has an access list".to_owned()));
                }
                let price = Price::Dynamic {
                    max_fee: self
                        .max_fee_per_gas
                        .ok_or_else(|| missing("maxFeePerGas"))?,
                    max_tip: self
                        .max_priority_fee_per_gas
                        .ok_or_else(|| missing("maxPriorityFeePerGas"))?,
                };
                (
                    price,
                    self.chain_id.ok_or_else(|| missing("chainId"))?,
                    v == 1,
                )
            }
            other => {
                return Err(TransactionError::Kind(format!("it is of type {other}")));
            }
        };
        let transaction = Transaction {
            chain_id,
            nonce: self.nonce.ok_or_else(|| missing("nonce"))?,
            price,
            gas_limit: self.gas.ok_or_else(|| missing("gas"))?,
            to: to.0,
            value: self.value.ok_or_else(|| missing("value"))?,
            data: self.input.clone(),
        };
        let r = self.r.ok_or_else(|| missing("r"))?;
        let s = self.s.ok_or_else(|| missing("s"))?;
        let signed = transaction::seal(&transaction, is_odd, r, s)?;
        let opened = transaction::open(&signed)?;
        if opened.hash != self.hash.0 {
            return Err(TransactionError::Shape(format!(
                "its fields hash to {}, not to {:?}",
                address::tx_id(&opened.hash),
                self.hash
            )));
        }
        if self.from.is_some_and(|from| from.0 != opened.signer) {
            return Err(TransactionError::Signature(format!(
                "it is signed by {}, not by {:?}",
                address::text(opened.signer),
                self.from
            )));
        }
        Ok(opened)
    }
}

/// What a receipt says of the price that was paid.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StatedReceipt {
    /// Its block.
    pub block_hash: H256,
    /// Gas that was used.
    #[serde(default, deserialize_with = "optional_amount")]
    pub gas_used: Option<Amount>,
    /// What each unit cost, in wei.
    #[serde(default, deserialize_with = "optional_amount")]
    pub effective_gas_price: Option<Amount>,
    /// The data fee of layer 2 (OP Stack, Scroll), in wei.
    #[serde(default, deserialize_with = "optional_amount")]
    pub l1_fee: Option<Amount>,
    /// The operator's fee by gas, in millionths (OP Stack since Isthmus).
    #[serde(default, deserialize_with = "optional_amount")]
    pub operator_fee_scalar: Option<Amount>,
    /// The operator's fee by transaction, in wei.
    #[serde(default, deserialize_with = "optional_amount")]
    pub operator_fee_constant: Option<Amount>,
}
