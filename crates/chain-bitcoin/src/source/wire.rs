//! The answers of Core-style daemons, as far as they are read. Fields that some daemon lacks are optional: presence depends on the
//! version.
//!
//! Source: the help texts of Bitcoin Core, <https://developer.bitcoin.org/reference/rpc/>, and answers of Litecoin Core 0.21, Bitcoin Core
//! 31 and Bitcoin SV 1.0.

use super::coins::Coins;
use serde::Deserialize;
use std::collections::BTreeMap;

/// `getblockchaininfo`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ChainInfo {
    /// The height of the newest block that was read whole.
    pub blocks: u64,
    /// The height of the newest header; `None` where the daemon does not say.
    #[serde(default)]
    pub headers: Option<u64>,
    /// The newest block's hash.
    #[serde(rename = "bestblockhash")]
    pub best: String,
    /// Whether it still downloads the chain for the first time.
    #[serde(default, rename = "initialblockdownload")]
    pub first_download: bool,
    /// Whether old blocks were thrown away.
    #[serde(default)]
    pub pruned: bool,
    /// The lowest height whose block is kept; `None` where none was thrown away.
    #[serde(default, rename = "pruneheight")]
    pub prune_height: Option<u64>,
}

/// `getblockheader`, told in full.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct BlockHeader {
    /// The block's hash.
    pub hash: String,
    /// Blocks from this one to the tip, both counted; -1 for a block off the best chain.
    pub confirmations: i64,
    /// Its height.
    pub height: u64,
    /// Its own time, in seconds since 1970.
    pub time: u64,
    /// The hash of the block before it; `None` for the first.
    #[serde(default, rename = "previousblockhash")]
    pub previous: Option<String>,
}

/// A script as it stands in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ScriptJson {
    /// Its bytes in hexadecimal digits. Only these are read: what a daemon calls its address changed over the versions (`addresses`, then
    /// `address`), and of several addresses none owns the output.
    pub hex: String,
}

/// `getrawtransaction`, told in full.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RawTransaction {
    /// Its id.
    pub txid: String,
    /// Its bytes as they go over the wire, in hexadecimal digits.
    pub hex: String,
    /// The block it stands in; `None` while it waits for one. It may be a block off the best chain: only `confirmations` tells.
    #[serde(default, rename = "blockhash")]
    pub block_hash: Option<String>,
    /// Blocks from its own to the tip; `None` or at most 0 where it stands in no block of the best chain.
    #[serde(default)]
    pub confirmations: Option<i64>,
    /// Its inputs.
    #[serde(default)]
    pub vin: Vec<InputJson>,
}

/// An input as it stands in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct InputJson {
    /// The output that it spends, where the daemon tells (Bitcoin Core from 24 on, verbosity 2).
    #[serde(default)]
    pub prevout: Option<PreviousJson>,
}

/// The output that an input spends.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PreviousJson {
    /// Its script.
    #[serde(rename = "scriptPubKey")]
    pub script: ScriptJson,
}

/// `gettxout`: an output that nobody has spent.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Unspent {
    /// The tip at which it was read.
    #[serde(rename = "bestblock")]
    pub best: String,
    /// Blocks from its own to the tip; 0 while its transaction waits for one.
    pub confirmations: u64,
    /// What it holds.
    pub value: Coins,
    /// Its script.
    #[serde(rename = "scriptPubKey")]
    pub script: ScriptJson,
    /// Whether a block made it.
    #[serde(default)]
    pub coinbase: bool,
}

/// One answer of `testmempoolaccept`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Acceptance {
    /// The transaction's id.
    pub txid: String,
    /// Whether the node would take it; `None` where it did not look, because another of the same question failed.
    #[serde(default)]
    pub allowed: Option<bool>,
    /// Why not, in the node's words.
    #[serde(default, rename = "reject-reason")]
    pub reject_reason: Option<String>,
}

/// `estimatesmartfee`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct FeeEstimate {
    /// Coins for 1,000 virtual bytes; `None` where the node saw too little to say.
    #[serde(default, rename = "feerate")]
    pub fee_rate: Option<Coins>,
}

/// One entry of `getindexinfo`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct IndexState {
    /// Whether it holds the whole chain.
    pub synced: bool,
}

/// `getindexinfo`, by the name of each index.
pub type Indexes = BTreeMap<String, IndexState>;

/// One answer of `gettxspendingprevout`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SpentBy {
    /// The transaction that spends it; `None` where the node knows none.
    #[serde(default, rename = "spendingtxid")]
    pub transaction: Option<String>,
    /// The block that the spender stands in; `None` while it waits for one, and where the node keeps no index of spenders.
    #[serde(default, rename = "blockhash")]
    pub block_hash: Option<String>,
}

/// `scantxoutset`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct OutputScan {
    /// Whether it came to its end.
    pub success: bool,
    /// What was found.
    #[serde(default)]
    pub unspents: Vec<ScannedOutput>,
}

/// One output that `scantxoutset` found.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ScannedOutput {
    /// What it holds.
    pub amount: Coins,
}
