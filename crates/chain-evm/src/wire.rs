//! What nodes write: blocks, transactions, receipts, logs and traces, as far as a credit can hide in them.
//!
//! Reading is lenient where networks differ (unknown transaction types, unknown fields, missing optional ones) and strict
//! where a mistake would look like absence: a block needs a parent and a time, so a receipt is never taken for one.
//! Field names are those of the execution API (<https://ethereum.github.io/execution-apis/>) and, for `trace_block`, of
//! OpenEthereum's trace module.

mod stated;

pub use stated::{StatedReceipt, StatedTransaction};

use ethers::types::{H160, H256};
use recover_core::amount::Amount;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, Visitor};

/// A block; `T` is [`Transaction`] when asked for in full, else the hashes alone.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Block<T> {
    /// Its height; absent while pending.
    #[serde(deserialize_with = "quantity")]
    pub number: u64,
    /// Its hash.
    pub hash: H256,
    /// The hash of the block before it.
    pub parent_hash: H256,
    /// Its own time in UTC seconds.
    #[serde(deserialize_with = "quantity")]
    pub timestamp: u64,
    /// The bloom filter over addresses and topics of its logs; `None` where the node leaves it out.
    #[serde(default, deserialize_with = "optional_bytes")]
    pub logs_bloom: Option<Vec<u8>>,
    /// Who made it.
    #[serde(default)]
    pub miner: Option<H160>,
    /// Above zero where blocks are mined by work, and their maker is rewarded by the block itself.
    #[serde(default, deserialize_with = "optional_amount")]
    pub difficulty: Option<Amount>,
    /// Its transactions.
    #[serde(default = "Vec::new")]
    pub transactions: Vec<T>,
    /// Validator withdrawals that the block credits; `None` before they existed.
    #[serde(default)]
    pub withdrawals: Option<Vec<Withdrawal>>,
    /// The price of a unit of gas in this block, in wei; `None` before EIP-1559.
    #[serde(default, deserialize_with = "optional_amount")]
    pub base_fee_per_gas: Option<Amount>,
}

/// A validator withdrawal (EIP-4895).
#[derive(Debug, Clone, Deserialize)]
pub struct Withdrawal {
    /// Its number, counted over the whole chain.
    #[serde(deserialize_with = "quantity")]
    pub index: u64,
    /// Who is credited.
    pub address: H160,
    /// How much, in gwei.
    #[serde(deserialize_with = "quantity")]
    pub amount: u64,
}

/// A transaction of any type.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Transaction {
    /// Its hash.
    pub hash: H256,
    /// Its type (EIP-2718); `None` where the node leaves it out.
    #[serde(default, rename = "type", deserialize_with = "optional_quantity")]
    pub kind: Option<u64>,
    /// Who it is from. Layer-2 deposits carry an alias or nobody here.
    #[serde(default)]
    pub from: Option<H160>,
    /// What it is addressed to; `None` when it creates a contract.
    #[serde(default)]
    pub to: Option<H160>,
    /// How much native coin it carries, in wei.
    #[serde(default, deserialize_with = "optional_amount")]
    pub value: Option<Amount>,
    /// How much native coin a layer-2 deposit mints to its sender, in wei (OP Stack).
    #[serde(default, deserialize_with = "optional_amount")]
    pub mint: Option<Amount>,
    /// How many transactions its sender had sent before.
    #[serde(default, deserialize_with = "optional_quantity")]
    pub nonce: Option<u64>,
    /// Its block; `None` while it waits for one.
    #[serde(default)]
    pub block_hash: Option<H256>,
    /// Its block's height.
    #[serde(default, deserialize_with = "optional_quantity")]
    pub block_number: Option<u64>,
    /// Its place in the block.
    #[serde(default, deserialize_with = "optional_quantity")]
    pub transaction_index: Option<u64>,
}

/// What a transaction did.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// The transaction.
    pub transaction_hash: H256,
    /// Its block.
    pub block_hash: H256,
    /// Its block's height.
    #[serde(deserialize_with = "quantity")]
    pub block_number: u64,
    /// 1 when it was executed, 0 when it was reverted; `None` before the Byzantium fork.
    #[serde(default, deserialize_with = "optional_quantity")]
    pub status: Option<u64>,
    /// The contract it created.
    #[serde(default)]
    pub contract_address: Option<H160>,
    /// All its logs.
    pub logs: Vec<Log>,
}

/// A log.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Log {
    /// The contract that wrote it.
    pub address: H160,
    /// What it is about, four words at most.
    pub topics: Vec<H256>,
    /// The rest of it.
    #[serde(deserialize_with = "bytes")]
    pub data: Vec<u8>,
    /// Its block's height; `None` while pending.
    #[serde(default, deserialize_with = "optional_quantity")]
    pub block_number: Option<u64>,
    /// Its block; `None` while pending.
    #[serde(default)]
    pub block_hash: Option<H256>,
    /// Its transaction.
    #[serde(default)]
    pub transaction_hash: Option<H256>,
    /// Its transaction's place in the block.
    #[serde(default, deserialize_with = "optional_quantity")]
    pub transaction_index: Option<u64>,
    /// Its place among all logs of the block.
    #[serde(default, deserialize_with = "optional_quantity")]
    pub log_index: Option<u64>,
    /// Its block's time in UTC seconds, where the node says it.
    #[serde(default, deserialize_with = "optional_quantity")]
    pub block_timestamp: Option<u64>,
    /// Whether the block has since been abandoned.
    #[serde(default)]
    pub removed: bool,
}

/// A log as it stands in the answer, nothing decoded: a scan looks at millions and decodes the few that are ours.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RawLog<'a> {
    /// The contract that wrote it.
    #[serde(borrow)]
    pub address: &'a str,
    /// What it is about.
    #[serde(borrow)]
    pub topics: Topics<'a>,
    /// The rest of it.
    #[serde(borrow)]
    pub data: &'a str,
    /// Its block's height.
    #[serde(borrow)]
    pub block_number: &'a str,
    /// Its block.
    #[serde(borrow)]
    pub block_hash: &'a str,
    /// Its transaction.
    #[serde(borrow)]
    pub transaction_hash: &'a str,
    /// Its transaction's place in the block.
    #[serde(borrow, default)]
    pub transaction_index: Option<&'a str>,
    /// Its place among all logs of the block.
    #[serde(borrow)]
    pub log_index: &'a str,
    /// Its block's time, where the node says it.
    #[serde(borrow, default)]
    pub block_timestamp: Option<&'a str>,
    /// Whether the block has since been abandoned.
    #[serde(default)]
    pub removed: bool,
}

/// Up to four topics, kept without an allocation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Topics<'a> {
    words: [&'a str; 4],
    count: usize,
}

impl<'a> Topics<'a> {
    /// The topics in order.
    #[must_use]
    pub fn as_slice(&self) -> &[&'a str] {
        self.words.get(..self.count).unwrap_or_default()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Topics<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TopicsVisitor;
        impl<'de> Visitor<'de> for TopicsVisitor {
            type Value = Topics<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("at most four topics")
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut seq: A,
            ) -> Result<Self::Value, A::Error> {
                let mut topics = Topics::default();
                while let Some(word) = seq.next_element::<&'de str>()? {
                    let Some(place) = topics.words.get_mut(topics.count) else {
                        return Err(A::Error::custom("a log has more than four topics"));
                    };
                    *place = word;
                    topics.count += 1;
                }
                Ok(topics)
            }
        }
        deserializer.deserialize_seq(TopicsVisitor)
    }
}

impl RawLog<'_> {
    /// The log decoded; `None` when a field is no hexadecimal text of its size.
    #[must_use]
    pub fn decode(&self) -> Option<Log> {
        let topics = self
            .topics
            .as_slice()
            .iter()
            .map(|topic| fixed(topic).map(H256))
            .collect::<Option<Vec<_>>>()?;
        Some(Log {
            address: H160(fixed(self.address)?),
            topics,
            data: hex_bytes(self.data)?,
            block_number: Some(hex_quantity(self.block_number)?),
            block_hash: Some(H256(fixed(self.block_hash)?)),
            transaction_hash: Some(H256(fixed(self.transaction_hash)?)),
            transaction_index: match self.transaction_index {
                Some(text) => Some(hex_quantity(text)?),
                None => None,
            },
            log_index: Some(hex_quantity(self.log_index)?),
            block_timestamp: self.block_timestamp.and_then(hex_quantity),
            removed: self.removed,
        })
    }
}

/// One entry of `trace_block` or `trace_transaction`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FlatTrace {
    /// What was done.
    pub action: FlatAction,
    /// Why it did not happen; entries below such a one carry nothing and did not happen either.
    #[serde(default)]
    pub error: Option<String>,
    /// What came of it.
    #[serde(default)]
    pub result: Option<FlatResult>,
    /// The path of call indexes from the top; empty for the transaction's own call.
    #[serde(default)]
    pub trace_address: Vec<u64>,
    /// The transaction; `None` for rewards.
    #[serde(default)]
    pub transaction_hash: Option<H256>,
    /// The block.
    #[serde(default)]
    pub block_hash: Option<H256>,
    /// `call`, `create`, `suicide` or `reward`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// What an entry of `trace_block` did.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FlatAction {
    /// `call`, `delegatecall`, `staticcall` or `callcode`, for calls.
    #[serde(default)]
    pub call_type: Option<String>,
    /// Who called or created.
    #[serde(default)]
    pub from: Option<H160>,
    /// Who was called.
    #[serde(default)]
    pub to: Option<H160>,
    /// How much moved, in wei.
    #[serde(default, deserialize_with = "optional_amount")]
    pub value: Option<Amount>,
    /// The contract that destroyed itself.
    #[serde(default)]
    pub address: Option<H160>,
    /// Who got what it held.
    #[serde(default)]
    pub refund_address: Option<H160>,
    /// What it held, in wei.
    #[serde(default, deserialize_with = "optional_amount")]
    pub balance: Option<Amount>,
    /// Who is rewarded.
    #[serde(default)]
    pub author: Option<H160>,
}

/// What came of an entry of `trace_block`.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct FlatResult {
    /// The contract that was created.
    #[serde(default)]
    pub address: Option<H160>,
}

/// One call of the `callTracer`, with the calls inside it.
#[derive(Debug, Clone, Deserialize)]
pub struct CallFrame {
    /// `CALL`, `DELEGATECALL`, `STATICCALL`, `CALLCODE`, `CREATE`, `CREATE2` or `SELFDESTRUCT`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Who called.
    #[serde(default)]
    pub from: Option<H160>,
    /// Who was called, created or paid.
    #[serde(default)]
    pub to: Option<H160>,
    /// How much moved, in wei.
    #[serde(default, deserialize_with = "optional_amount")]
    pub value: Option<Amount>,
    /// Why it did not happen.
    #[serde(default)]
    pub error: Option<String>,
    /// The calls inside it, in order.
    #[serde(default)]
    pub calls: Vec<CallFrame>,
}

/// One transaction of `debug_traceBlockByNumber`: its trace, or why there is none.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TracedTransaction {
    /// The transaction, where the node says it.
    #[serde(default)]
    pub tx_hash: Option<H256>,
    /// Its trace.
    #[serde(default)]
    pub result: Option<CallFrame>,
    /// Why there is none.
    #[serde(default)]
    pub error: Option<serde_json::Value>,
}

/// A quantity: `0x` and hexadecimal digits, leading zeros allowed; `None` for another shape or above 64 bits.
#[must_use]
pub fn hex_quantity(text: &str) -> Option<u64> {
    let digits = text.strip_prefix("0x")?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    u64::from_str_radix(digits, 16).ok()
}

/// Bytes written as `0x` and pairs of digits; an empty text is no bytes.
#[must_use]
pub fn hex_bytes(text: &str) -> Option<Vec<u8>> {
    hex::decode(text.strip_prefix("0x").unwrap_or(text)).ok()
}

/// Exactly `N` bytes written as `0x` and pairs of digits.
#[must_use]
pub fn fixed<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text.strip_prefix("0x")?, &mut bytes).ok()?;
    Some(bytes)
}

fn quantity<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    optional_quantity(deserializer)?.ok_or_else(|| D::Error::custom("a quantity is missing"))
}

fn optional_quantity<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    match optional_amount(deserializer)? {
        None => Ok(None),
        Some(amount) => amount
            .to_u128()
            .and_then(|value| u64::try_from(value).ok())
            .map(Some)
            .ok_or_else(|| D::Error::custom("a quantity does not fit 64 bits")),
    }
}

fn optional_amount<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Amount>, D::Error> {
    struct AmountVisitor;
    impl<'de> Visitor<'de> for AmountVisitor {
        type Value = Option<Amount>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("0x and hexadecimal digits, a whole number, or null")
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
            Amount::from_hex_quantity(text).map(Some).map_err(E::custom)
        }

        // trace_block writes block numbers as JSON numbers.
        fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Self::Value, E> {
            Ok(Some(Amount::from_u128(u128::from(value))))
        }

        fn visit_none<E: serde::de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_some<D: Deserializer<'de>>(
            self,
            deserializer: D,
        ) -> Result<Self::Value, D::Error> {
            deserializer.deserialize_any(self)
        }
    }
    deserializer.deserialize_option(AmountVisitor)
}

fn bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
    hex_bytes(&text).ok_or_else(|| D::Error::custom("data is not hexadecimal"))
}

fn optional_bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
    match Option::<std::borrow::Cow<str>>::deserialize(deserializer)? {
        None => Ok(None),
        Some(text) => hex_bytes(&text)
            .map(Some)
            .ok_or_else(|| D::Error::custom("a bloom filter is not hexadecimal")),
    }
}

/// Whether a bloom filter may hold a word (an address or a topic): `false` is certain, `true` is not. Three bits of 2048,
/// taken from keccak256 of the word (Ethereum yellow paper, section 4.4.1).
#[must_use]
pub fn bloom_may_hold(bloom: &[u8], word: &[u8]) -> bool {
    if bloom.len() != 256 {
        return true;
    }
    let hash = ethers::utils::keccak256(word);
    hash.chunks_exact(2).take(3).all(|pair| {
        let bit = usize::from(u16::from_be_bytes([pair[0], pair[1]]) & 0x07ff);
        bloom[255 - bit / 8] & (1 << (bit % 8)) != 0
    })
}
