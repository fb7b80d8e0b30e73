//! The answers of Esplora.

use crate::block::{Dialect, Entry, Role};
use crate::credit::Payer;
use crate::source::explorer::{Told, block_ref};
use bitcoin::absolute::LockTime;
use bitcoin::hashes::Hash as _;
use bitcoin::transaction::Version;
use bitcoin::{Amount, OutPoint, ScriptBuf, Sequence, TxIn, TxOut, Txid, Witness};
use recover_core::block::{BlockRef, TxId};
use recover_source::client::Client;
use recover_source::error::SourceError;
use serde::Deserialize;

/// `/block/:hash`.
#[derive(Debug, Deserialize)]
pub struct Block {
    /// Its hash.
    pub id: String,
    /// Its height.
    pub height: u64,
    /// Its own time, in seconds since 1970.
    pub timestamp: u64,
    /// How many transactions it has.
    pub tx_count: usize,
    /// The hash of the block before it.
    #[serde(default, rename = "previousblockhash")]
    pub previous: Option<String>,
}

/// A transaction.
#[derive(Debug, Deserialize)]
pub struct Transaction {
    /// Its id.
    pub txid: String,
    version: i64,
    locktime: u32,
    vin: Vec<Input>,
    vout: Vec<Output>,
    #[serde(default)]
    status: Option<Status>,
}

#[derive(Debug, Deserialize)]
struct Input {
    #[serde(default)]
    txid: Option<String>,
    #[serde(default)]
    vout: Option<u32>,
    #[serde(default)]
    prevout: Option<Output>,
    #[serde(default)]
    scriptsig: String,
    #[serde(default)]
    witness: Vec<String>,
    #[serde(default)]
    is_coinbase: bool,
    sequence: u32,
}

#[derive(Debug, Deserialize)]
struct Output {
    scriptpubkey: String,
    /// Base units.
    value: u64,
}

#[derive(Debug, Deserialize)]
struct Status {
    confirmed: bool,
    #[serde(default)]
    block_height: Option<u64>,
    #[serde(default)]
    block_hash: Option<String>,
    #[serde(default)]
    block_time: Option<u64>,
}

/// `/tx/:txid/outspend/:vout`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Outspend {
    /// Whether a transaction spends it.
    pub spent: bool,
    /// Which one.
    #[serde(default)]
    pub txid: Option<String>,
    /// Where that one stands.
    #[serde(default)]
    pub status: Option<SpenderStatus>,
}

/// Where a spender stands.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SpenderStatus {
    /// Whether it stands in a block.
    pub confirmed: bool,
    /// At which height.
    #[serde(default)]
    pub block_height: Option<u64>,
    /// In which block.
    #[serde(default)]
    pub block_hash: Option<String>,
}

/// `/scripthash/:hash`.
#[derive(Debug, Deserialize)]
pub struct ScriptStats {
    /// What stands in blocks.
    pub chain_stats: Stats,
}

/// Sums over a script's outputs, in base units.
#[derive(Debug, Deserialize)]
pub struct Stats {
    /// What it got.
    #[serde(rename = "funded_txo_sum")]
    pub funded: u64,
    /// What was spent of it.
    #[serde(rename = "spent_txo_sum")]
    pub spent: u64,
}

/// A transaction as it was told, put together again: its id must be the hash of what it says. `inside` is the block that a page is of;
/// transactions there say nothing of their own place.
///
/// # Errors
/// [`SourceError::Inconsistent`] where fields contradict one another; [`SourceError::NotProtocol`] for what is not hexadecimal.
pub fn told(
    client: &Client,
    dialect: Dialect,
    answer: &Transaction,
    inside: Option<&BlockRef>,
) -> Result<Told, SourceError> {
    let id = &answer.txid;
    let transaction = rebuild(answer)
        .ok_or_else(|| client.not_protocol(format!("transaction {id} cannot be read")))?;
    let is_coinbase = answer.vin.iter().any(|input| input.is_coinbase);
    let is_pool = |output: &TxOut| output.script_pubkey.as_bytes().starts_with(&[0x58, 0x20]);
    let role = match dialect {
        _ if is_coinbase => Role::Coinbase,
        Dialect::Litecoin if transaction.output.first().is_some_and(is_pool) => Role::HogEx,
        _ => Role::Payment,
    };
    let entry = Entry::rebuilt(transaction, role);
    // Dash's ids cover payloads that are not told.
    let is_whole = entry.id().is_some_and(|found| found.to_string() == *id);
    if !is_whole && dialect != Dialect::Dash {
        return Err(client.inconsistent(format!("{id} is not the hash of what it says")));
    }
    let scripts: Vec<Option<Vec<u8>>> = answer
        .vin
        .iter()
        .map(|input| hex::decode(&input.prevout.as_ref()?.scriptpubkey).ok())
        .collect();
    let block = match (&answer.status, inside) {
        (_, Some(block)) => Some(block.clone()),
        (Some(status), None) if status.confirmed => {
            let place = status
                .block_height
                .zip(status.block_hash.as_deref())
                .zip(status.block_time);
            let ((height, hash), time) = place
                .ok_or_else(|| client.inconsistent(format!("{id} is confirmed in no block")))?;
            Some(block_ref(client, height, hash, time)?)
        }
        _ => None,
    };
    Ok(Told {
        id: TxId::new(id),
        entry,
        payer: Payer::of(scripts.iter().map(Option::as_deref)),
        block,
    })
}

fn rebuild(answer: &Transaction) -> Option<bitcoin::Transaction> {
    let input = answer.vin.iter().map(|input| {
        let previous_output = match (&input.txid, input.vout) {
            (Some(id), Some(index)) if !input.is_coinbase => OutPoint::new(id.parse().ok()?, index),
            _ if input.is_coinbase => OutPoint::new(Txid::all_zeros(), u32::MAX),
            _ => return None,
        };
        let witness: Option<Vec<Vec<u8>>> = input
            .witness
            .iter()
            .map(|element| hex::decode(element).ok())
            .collect();
        Some(TxIn {
            previous_output,
            script_sig: ScriptBuf::from_bytes(hex::decode(&input.scriptsig).ok()?),
            sequence: Sequence(input.sequence),
            witness: Witness::from_slice(&witness?),
        })
    });
    let output = answer.vout.iter().map(|output| {
        Some(TxOut {
            value: Amount::from_sat(output.value),
            script_pubkey: ScriptBuf::from_bytes(hex::decode(&output.scriptpubkey).ok()?),
        })
    });
    // Some write the version without its sign.
    let version = i32::try_from(answer.version)
        .or_else(|_| u32::try_from(answer.version).map(u32::cast_signed))
        .ok()?;
    Some(bitcoin::Transaction {
        version: Version(version),
        lock_time: LockTime::from_consensus(answer.locktime),
        input: input.collect::<Option<_>>()?,
        output: output.collect::<Option<_>>()?,
    })
}
