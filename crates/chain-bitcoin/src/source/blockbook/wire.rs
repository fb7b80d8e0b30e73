//! The answers of Blockbook. What is zero or empty is left out of them.

use crate::address;
use crate::block::{Dialect, read_transaction};
use crate::credit::Payer;
use crate::script::Script;
use crate::source::explorer::{Told, block_ref};
use recover_core::block::TxId;
use recover_source::client::Client;
use recover_source::error::SourceError;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// `/api/v2`.
#[derive(Debug, Deserialize)]
pub struct Status {
    /// What the server says of itself.
    pub blockbook: Standing,
}

/// Where a server stands.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Standing {
    /// The newest height in its index.
    pub best_height: u64,
    /// Whether it still reads the chain for the first time.
    #[serde(default)]
    pub initial_sync: bool,
}

/// `/api/v2/block-index/HEIGHT`.
#[derive(Debug, Deserialize)]
pub struct BlockIndex {
    /// The block's hash; empty above the tip.
    #[serde(default, rename = "blockHash")]
    pub block_hash: String,
}

/// `/api/v2/estimatefee/BLOCKS`.
#[derive(Debug, Deserialize)]
pub struct Estimate {
    /// Coins for 1,000 bytes.
    pub result: String,
}

/// `/api/v2/block/HASH`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Block {
    /// Which page of its transactions this is.
    #[serde(default)]
    pub page: Option<u32>,
    /// How many pages it has.
    #[serde(default)]
    pub total_pages: Option<u32>,
    /// Its hash.
    pub hash: String,
    /// The hash of the block before it.
    #[serde(default, rename = "previousBlockHash")]
    pub previous: Option<String>,
    /// Its height.
    #[serde(default)]
    pub height: u64,
    /// Its own time, in seconds since 1970.
    pub time: u64,
    /// How many transactions it has.
    #[serde(rename = "txCount")]
    pub transaction_count: u64,
    /// Those of the page.
    #[serde(default, rename = "txs")]
    pub transactions: Vec<Listed>,
}

/// A transaction as a block lists it: without its bytes.
#[derive(Debug, Deserialize)]
pub struct Listed {
    /// Its id.
    #[serde(rename = "txid")]
    pub id: String,
    /// Its outputs.
    #[serde(default, rename = "vout")]
    pub outputs: Vec<Side>,
}

/// `/api/v2/address/ADDRESS`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AddressPage {
    /// The address that it is about.
    pub address: String,
    /// Which page this is.
    #[serde(default)]
    pub page: Option<u32>,
    /// How many there are; -1 where the server did not count them.
    #[serde(default)]
    pub total_pages: Option<i64>,
    /// How many transactions fill a page.
    #[serde(default)]
    pub items_on_page: Option<usize>,
    /// What it holds, in base units.
    #[serde(default)]
    pub balance: Option<String>,
    /// Its transactions, the newest first.
    #[serde(default)]
    pub transactions: Vec<Transaction>,
}

/// A whole transaction.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Transaction {
    #[serde(rename = "txid")]
    id: String,
    #[serde(default, rename = "vin")]
    inputs: Vec<Side>,
    #[serde(default)]
    block_hash: Option<String>,
    #[serde(default)]
    block_height: Option<i64>,
    #[serde(default)]
    block_time: Option<u64>,
    #[serde(default)]
    hex: String,
}

/// An input or an output, as far as it names who.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Side {
    #[serde(default)]
    addresses: Option<Vec<String>>,
    #[serde(default)]
    is_address: bool,
}

impl Side {
    /// The script behind it; `None` where it names no address, or several, none of which owns it alone.
    pub fn script(&self) -> Option<Script> {
        match self.addresses.as_deref() {
            Some([only]) if self.is_address => Some(address::parse(only).ok()?.script),
            _ => None,
        }
    }
}

/// An error's length at most.
const ERROR_BYTES_MAX: usize = 8 * 1024;

#[derive(Deserialize)]
struct Failure {
    error: Words,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Words {
    Text(String),
    Message { message: String },
}

/// Reads an answer; `None` where the server says that there is no such thing. Whatever is wrong behind it, it calls not found too, and
/// then adds what it was in parentheses: that is no absence.
///
/// # Errors
/// What the server refused, or what came instead of an answer.
pub fn answer<T: DeserializeOwned>(client: &Client, body: &[u8]) -> Result<Option<T>, SourceError> {
    // First: an answer in which everything may be left out would be read into it. An error is never long.
    let failure = body
        .get(..ERROR_BYTES_MAX)
        .is_none()
        .then(|| serde_json::from_slice::<Failure>(body).ok())
        .flatten();
    let Some(failure) = failure else {
        return serde_json::from_slice(body)
            .map(Some)
            .map_err(|_| client.unreadable(body));
    };
    let (Words::Text(words) | Words::Message { message: words }) = failure.error;
    let words = client.words(words.as_bytes());
    let lower = words.to_ascii_lowercase();
    if lower.ends_with("not found") {
        Ok(None)
    } else if lower.contains("not found (") || lower.contains("internal server error") {
        Err(client.unreachable(words))
    } else {
        Err(SourceError::Refused {
            origin: client.origin().to_owned(),
            code: 0,
            detail: words,
        })
    }
}

/// A transaction as it was told: its id must be the hash of its bytes.
///
/// # Errors
/// [`SourceError::Inconsistent`] where fields contradict one another; [`SourceError::NotProtocol`] without bytes.
pub fn told(client: &Client, dialect: Dialect, answer: &Transaction) -> Result<Told, SourceError> {
    let id = &answer.id;
    let bytes = hex::decode(&answer.hex)
        .map_err(|_| client.not_protocol(format!("{id} is not hexadecimal")))?;
    let entry = read_transaction(&bytes, dialect)
        .map_err(|error| client.inconsistent(format!("{id}: {error}")))?;
    if entry.id().is_some_and(|found| found.to_string() != *id) {
        return Err(client.inconsistent(format!("other bytes than those of {id}")));
    }
    let scripts: Vec<Option<Vec<u8>>> = answer
        .inputs
        .iter()
        .map(|input| input.script().map(|script| script.bytes()))
        .collect();
    let height = answer
        .block_height
        .and_then(|height| u64::try_from(height).ok())
        .filter(|height| *height > 0);
    let place = height.zip(answer.block_hash.as_deref());
    let block = match place.filter(|(_, hash)| !hash.is_empty()) {
        Some((height, hash)) => {
            let time = answer
                .block_time
                .ok_or_else(|| client.inconsistent(format!("{id} is mined at no time")))?;
            Some(block_ref(client, height, hash, time)?)
        }
        None => None,
    };
    Ok(Told {
        id: TxId::new(id),
        entry,
        payer: Payer::of(scripts.iter().map(Option::as_deref)),
        block,
    })
}
