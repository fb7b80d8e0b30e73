//! Explorers of the Bitcoin family, framed by hand over a real node: the chain is the node's, the shapes are Esplora's and Blockbook's.
//!
//! No such explorer is in a package list. What they say of a transaction is taken from its bytes and from those that it spends, never
//! from the node's decimals. The shapes are those of <https://github.com/Blockstream/esplora/blob/master/API.md> and
//! <https://github.com/trezor/blockbook/blob/master/docs/api.md>; whether they are met is for recorded answers to say.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bitcoin::consensus::encode;
use bitcoin::hashes::{Hash as _, sha256};
use bitcoin::{Block, OutPoint, Transaction, Txid};
use serde_json::{Value, json};

use crate::coin_node::CoinNode;
use crate::server::{FaultyServer, Request, Response};

/// Transactions in a page of Esplora.
const ROWS: usize = 25;

/// Transactions in a page of a block of Blockbook: few, so that small blocks have pages.
const BLOCK_ROWS: usize = 4;

/// How the frame writes an address; `None` for a script without one.
pub type WriteAddress = fn(&[u8]) -> Option<String>;

/// What an explorer does beside its usual.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameOptions {
    /// Whether a block's raw bytes are refused (Esplora).
    pub without_raw_blocks: bool,
}

/// An Esplora over a node of Bitcoin Core.
pub fn esplora(node: &Arc<CoinNode>, options: FrameOptions) -> FaultyServer {
    let frame = Frame::new(node);
    FaultyServer::start(move |request| frame.esplora(request, options))
}

/// A Blockbook over a node of Bitcoin Core, which writes addresses as it is told.
pub fn blockbook(node: &Arc<CoinNode>, write: WriteAddress) -> FaultyServer {
    let frame = Frame::new(node);
    FaultyServer::start(move |request| frame.blockbook(request, write))
}

/// What stands in the node's blocks.
#[derive(Default)]
struct Chain {
    blocks: Vec<(String, Vec<u8>, Block)>,
    places: HashMap<Txid, (usize, usize)>,
    spenders: HashMap<OutPoint, Txid>,
}

struct Frame {
    node: Arc<CoinNode>,
    chain: Mutex<Arc<Chain>>,
}

/// A transaction and the block that it stands in.
type Placed = (Transaction, Option<usize>);

impl Frame {
    fn new(node: &Arc<CoinNode>) -> Self {
        Self {
            node: Arc::clone(node),
            chain: Mutex::default(),
        }
    }

    /// The chain as the node has it now.
    fn chain(&self) -> Arc<Chain> {
        let mut kept = self.chain.lock().unwrap_or_else(PoisonError::into_inner);
        let height = usize::try_from(self.node.height()).expect("a small chain");
        let tip = self.node.block_hash(self.node.height());
        if kept.blocks.len() == height + 1
            && kept.blocks.last().is_some_and(|(hash, ..)| *hash == tip)
        {
            return Arc::clone(&kept);
        }
        let mut chain = Chain::default();
        for height in 0..=self.node.height() {
            let hash = self.node.block_hash(height);
            let raw = self.node.call("getblock", json!([hash, 0]));
            let raw = hex::decode(raw.as_str().expect("a node writes text"));
            let raw = raw.expect("a node writes hex");
            let block: Block = encode::deserialize(&raw).expect("a node's block is readable");
            for (index, transaction) in block.txdata.iter().enumerate() {
                let id = transaction.compute_txid();
                chain.places.insert(id, (chain.blocks.len(), index));
                for input in &transaction.input {
                    chain.spenders.insert(input.previous_output, id);
                }
            }
            chain.blocks.push((hash, raw, block));
        }
        *kept = Arc::new(chain);
        Arc::clone(&kept)
    }

    fn find(&self, chain: &Chain, id: &str) -> Option<Placed> {
        let id: Txid = id.parse().ok()?;
        if let Some((height, index)) = chain.places.get(&id) {
            let transaction = chain.blocks[*height].2.txdata[*index].clone();
            return Some((transaction, Some(*height)));
        }
        let waiting = self.node.call("getrawmempool", json!([]));
        let waits = waiting
            .as_array()
            .is_some_and(|ids| ids.contains(&json!(id.to_string())));
        let raw = self
            .node
            .raw_transaction(&id.to_string())
            .filter(|_| waits)?;
        Some((encode::deserialize(&raw).ok()?, None))
    }

    /// Script and value of the output that an input spends.
    fn spent(&self, chain: &Chain, output: &OutPoint) -> Option<(Vec<u8>, u64)> {
        let (transaction, _) = self.find(chain, &output.txid.to_string())?;
        let output = transaction.output.get(usize::try_from(output.vout).ok()?)?;
        Some((output.script_pubkey.to_bytes(), output.value.to_sat()))
    }

    /// The transactions in blocks that pay or spend a script, the newest first.
    fn history(&self, chain: &Chain, is_it: &dyn Fn(&[u8]) -> bool) -> Vec<Placed> {
        let mut found = Vec::new();
        for (height, (.., block)) in chain.blocks.iter().enumerate().rev() {
            for transaction in block.txdata.iter().rev() {
                let pays = transaction
                    .output
                    .iter()
                    .any(|output| is_it(output.script_pubkey.as_bytes()));
                let spends = transaction.input.iter().any(|input| {
                    self.spent(chain, &input.previous_output)
                        .is_some_and(|(script, _)| is_it(&script))
                });
                if pays || spends {
                    found.push((transaction.clone(), Some(height)));
                }
            }
        }
        found
    }

    fn esplora(&self, request: &Request, options: FrameOptions) -> Response {
        let chain = self.chain();
        let path: Vec<&str> = request.path.trim_matches('/').split('/').collect();
        let found = match path[..] {
            ["blocks", "tip", "height"] => Some(plain((chain.blocks.len() - 1).to_string())),
            ["blocks", "tip", "hash"] => chain.blocks.last().map(|(hash, ..)| plain(hash.clone())),
            ["block-height", height] => {
                let height = height.parse::<usize>().ok();
                let block = height.and_then(|height| chain.blocks.get(height));
                Some(block.map_or_else(
                    || missing("Block not found"),
                    |(hash, ..)| plain(hash.clone()),
                ))
            }
            ["block", hash, ref rest @ ..] => self.esplora_block(&chain, hash, rest, options),
            ["tx"] => {
                let bytes = hex::decode(request.body.trim_ascii()).unwrap_or_default();
                Some(match self.node.send_raw(&bytes) {
                    Ok(id) => plain(id),
                    Err(error) => {
                        plain(format!("sendrawtransaction RPC error: {error:?}")).with_status(400)
                    }
                })
            }
            ["tx", id, ref rest @ ..] => match (self.find(&chain, id), rest) {
                (None, _) => Some(missing("Transaction not found")),
                (Some(placed), []) => Some(Response::json(&self.esplora_tx(&chain, &placed))),
                (Some(_), ["outspend", index]) => {
                    let output = id.parse().ok().zip(index.parse().ok());
                    output.map(|(txid, vout)| {
                        Response::json(&self.outspend(&chain, &OutPoint { txid, vout }))
                    })
                }
                _ => None,
            },
            ["scripthash", hash, ref rest @ ..] => Some(self.esplora_script(&chain, hash, rest)),
            ["fee-estimates"] => Some(Response::json(&json!({"2": 12, "6": 10}))),
            _ => None,
        };
        found.unwrap_or_else(|| missing("endpoint does not exist"))
    }

    fn esplora_block(
        &self,
        chain: &Chain,
        hash: &str,
        rest: &[&str],
        options: FrameOptions,
    ) -> Option<Response> {
        let place = chain.blocks.iter().position(|(found, ..)| found == hash);
        let Some(height) = place else {
            return Some(missing("Block not found"));
        };
        let (_, raw, block) = &chain.blocks[height];
        match rest {
            [] => Some(Response::json(&json!({
                "id": hash, "height": height, "timestamp": block.header.time, "tx_count": block.txdata.len(),
                "size": raw.len(), "merkle_root": block.header.merkle_root.to_string(),
                "previousblockhash": (height > 0).then(|| block.header.prev_blockhash.to_string()),
            }))),
            ["raw"] if options.without_raw_blocks => None,
            ["raw"] => {
                Some(Response::status(200).with_body("application/octet-stream", raw.clone()))
            }
            ["txs", start] => {
                let start: usize = start.parse().ok()?;
                if !start.is_multiple_of(ROWS) {
                    let words = format!("start index must be a multiple of {ROWS}");
                    return Some(plain(words).with_status(400));
                }
                let rows: Vec<Value> = block
                    .txdata
                    .iter()
                    .skip(start)
                    .take(ROWS)
                    .map(|transaction| {
                        let mut row = self.esplora_tx(chain, &(transaction.clone(), None));
                        row.as_object_mut().expect("an object").remove("status");
                        row
                    })
                    .collect();
                Some(Response::json(&json!(rows)))
            }
            _ => None,
        }
    }

    fn status(chain: &Chain, height: Option<usize>) -> Value {
        match height {
            Some(height) => {
                let (hash, _, block) = &chain.blocks[height];
                json!({"confirmed": true, "block_height": height, "block_hash": hash, "block_time": block.header.time})
            }
            None => json!({"confirmed": false}),
        }
    }

    fn esplora_tx(&self, chain: &Chain, (transaction, height): &Placed) -> Value {
        let output = |script: &[u8], value: u64| json!({"scriptpubkey": hex::encode(script), "value": value});
        let vin: Vec<Value> = transaction
            .input
            .iter()
            .map(|input| {
                let spent = self.spent(chain, &input.previous_output);
                let witness: Vec<String> = input.witness.iter().map(hex::encode).collect();
                json!({
                    "txid": input.previous_output.txid.to_string(), "vout": input.previous_output.vout,
                    "prevout": spent.map(|(script, value)| output(&script, value)),
                    "scriptsig": hex::encode(input.script_sig.as_bytes()), "witness": witness,
                    "is_coinbase": transaction.is_coinbase(), "sequence": input.sequence.0,
                })
            })
            .collect();
        let vout: Vec<Value> = transaction
            .output
            .iter()
            .map(|found| output(found.script_pubkey.as_bytes(), found.value.to_sat()))
            .collect();
        json!({
            "txid": transaction.compute_txid().to_string(), "version": transaction.version.0,
            "locktime": transaction.lock_time.to_consensus_u32(), "vin": vin, "vout": vout,
            "status": Self::status(chain, *height),
        })
    }

    fn outspend(&self, chain: &Chain, output: &OutPoint) -> Value {
        if let Some(spender) = chain.spenders.get(output) {
            let height = chain.places.get(spender).map(|(height, _)| *height);
            return json!({"spent": true, "txid": spender.to_string(), "vin": 0, "status": Self::status(chain, height)});
        }
        let asked = json!([[{"txid": output.txid.to_string(), "vout": output.vout}]]);
        let answer = self.node.call("gettxspendingprevout", asked);
        match answer[0]["spendingtxid"].as_str() {
            Some(spender) => {
                json!({"spent": true, "txid": spender, "vin": 0, "status": {"confirmed": false}})
            }
            None => json!({"spent": false}),
        }
    }

    fn esplora_script(&self, chain: &Chain, hash: &str, rest: &[&str]) -> Response {
        let is_it = |script: &[u8]| sha256::Hash::hash(script).to_string() == hash;
        let history = self.history(chain, &is_it);
        if rest.is_empty() {
            let (mut funded, mut spent) = (0, 0);
            for (transaction, _) in &history {
                let outputs = transaction.output.iter();
                funded += outputs
                    .filter(|output| is_it(output.script_pubkey.as_bytes()))
                    .map(|output| output.value.to_sat())
                    .sum::<u64>();
                let inputs = transaction.input.iter();
                spent += inputs
                    .filter_map(|input| self.spent(chain, &input.previous_output))
                    .filter(|(script, _)| is_it(script))
                    .map(|(_, value)| value)
                    .sum::<u64>();
            }
            let stats = json!({"tx_count": history.len(), "funded_txo_sum": funded, "spent_txo_sum": spent});
            return Response::json(&json!({"scripthash": hash, "chain_stats": stats}));
        }
        let skip = match rest {
            ["txs", "chain", last] => history
                .iter()
                .position(|(transaction, _)| transaction.compute_txid().to_string() == *last)
                .map_or(history.len(), |place| place + 1),
            _ => 0,
        };
        let rows = history.iter().skip(skip).take(ROWS);
        Response::json(&rows.map(|placed| self.esplora_tx(chain, placed)).collect())
    }

    fn blockbook(&self, request: &Request, write: WriteAddress) -> Response {
        let chain = self.chain();
        let path: Vec<&str> = request.path.trim_matches('/').split('/').collect();
        let number = |name: &str| request.query_value(name).and_then(|text| text.parse().ok());
        match path[..] {
            ["api", "v2"] => Response::json(&json!({
                "blockbook": {"coin": "Bitcoin", "bestHeight": chain.blocks.len() - 1, "initialSync": false, "inSync": true},
            })),
            ["api", "v2", "block-index", height] => {
                let block = height
                    .parse::<usize>()
                    .ok()
                    .and_then(|height| chain.blocks.get(height));
                let hash = block.map_or_else(String::new, |(hash, ..)| hash.clone());
                Response::json(&json!({"blockHash": hash}))
            }
            ["api", "v2", "block", hash] => {
                let place = chain.blocks.iter().position(|(found, ..)| found == hash);
                let Some(height) = place else {
                    return failure("Block not found");
                };
                self.blockbook_block(&chain, height, number("page").unwrap_or(1), write)
            }
            ["api", "v2", "tx", id] => match self.find(&chain, id) {
                Some(placed) => Response::json(&self.blockbook_tx(&chain, &placed, write)),
                None => failure(&format!("Transaction '{id}' not found")),
            },
            ["api", "v2", "address", address] => {
                let (from, to) = (
                    number("from").unwrap_or(0),
                    number("to").unwrap_or(usize::MAX),
                );
                let rows = number("pageSize").unwrap_or(1000);
                let is_it = |script: &[u8]| write(script).as_deref() == Some(address);
                let mut history = self.history(&chain, &is_it);
                let balance: u64 = self.unspent(&chain, &history, &is_it);
                history.retain(|(_, height)| {
                    height.is_some_and(|height| (from..=to).contains(&height))
                });
                // Beyond the last page it gives the last again.
                let last = history.len().div_ceil(rows).max(1);
                let page = number("page").unwrap_or(1).clamp(1, last);
                let shown = history.iter().skip((page - 1) * rows).take(rows);
                let shown: Vec<Value> = shown
                    .map(|placed| self.blockbook_tx(&chain, placed, write))
                    .collect();
                let pages = if shown.len() == rows {
                    -1
                } else {
                    i64::try_from(last).expect("few")
                };
                Response::json(&json!({
                    "page": page, "totalPages": pages, "itemsOnPage": rows, "address": address,
                    "balance": balance.to_string(), "transactions": shown,
                }))
            }
            ["api", "v2", "estimatefee", _] => Response::json(&json!({"result": "-1"})),
            _ => failure("endpoint does not exist"),
        }
    }

    fn unspent(&self, chain: &Chain, history: &[Placed], is_it: &dyn Fn(&[u8]) -> bool) -> u64 {
        let mut sum = 0;
        for (transaction, _) in history {
            let txid = transaction.compute_txid();
            for (vout, output) in (0..).zip(&transaction.output) {
                let is_spent = chain.spenders.contains_key(&OutPoint { txid, vout });
                if is_it(output.script_pubkey.as_bytes()) && !is_spent {
                    sum += output.value.to_sat();
                }
            }
        }
        sum
    }

    fn blockbook_block(
        &self,
        chain: &Chain,
        height: usize,
        page: usize,
        write: WriteAddress,
    ) -> Response {
        let (hash, _, block) = &chain.blocks[height];
        let last = block.txdata.len().div_ceil(BLOCK_ROWS).max(1);
        let page = page.clamp(1, last);
        let rows = block
            .txdata
            .iter()
            .skip((page - 1) * BLOCK_ROWS)
            .take(BLOCK_ROWS);
        let rows: Vec<Value> = rows
            .map(|transaction| {
                let mut row = self.blockbook_tx(chain, &(transaction.clone(), Some(height)), write);
                // A block's list has no bytes and no scripts.
                row.as_object_mut().expect("an object").remove("hex");
                for output in row["vout"].as_array_mut().into_iter().flatten() {
                    output.as_object_mut().expect("an object").remove("hex");
                }
                row
            })
            .collect();
        Response::json(&json!({
            "page": page, "totalPages": last, "itemsOnPage": BLOCK_ROWS, "hash": hash, "height": height,
            "previousBlockHash": (height > 0).then(|| block.header.prev_blockhash.to_string()),
            "time": block.header.time, "txCount": block.txdata.len(), "txs": rows,
        }))
    }

    fn blockbook_tx(
        &self,
        chain: &Chain,
        (transaction, height): &Placed,
        write: WriteAddress,
    ) -> Value {
        let side = |script: &[u8], value: u64| {
            let address = write(script);
            json!({"value": value.to_string(), "isAddress": address.is_some(), "addresses": address.map(|text| vec![text])})
        };
        let vin: Vec<Value> = (0..)
            .zip(&transaction.input)
            .map(|(place, input): (u32, _)| {
                let mut row = match self.spent(chain, &input.previous_output) {
                    Some((script, value)) => side(&script, value),
                    None => json!({"isAddress": false, "value": "0"}),
                };
                row["n"] = json!(place);
                row["txid"] = json!(input.previous_output.txid.to_string());
                row
            })
            .collect();
        let vout: Vec<Value> = (0..)
            .zip(&transaction.output)
            .map(|(place, output): (u32, _)| {
                let mut row = side(output.script_pubkey.as_bytes(), output.value.to_sat());
                row["n"] = json!(place);
                row["hex"] = json!(hex::encode(output.script_pubkey.as_bytes()));
                row
            })
            .collect();
        let mut row = json!({
            "txid": transaction.compute_txid().to_string(), "vin": vin, "vout": vout,
            "hex": encode::serialize_hex(transaction), "blockHeight": -1,
        });
        if let Some(height) = height {
            let (hash, _, block) = &chain.blocks[*height];
            row["blockHash"] = json!(hash);
            row["blockHeight"] = json!(height);
            row["blockTime"] = json!(block.header.time);
        }
        row
    }
}

fn plain(text: String) -> Response {
    Response::status(200).with_body("text/plain", text)
}

fn missing(words: &str) -> Response {
    plain(words.to_owned()).with_status(404)
}

fn failure(words: &str) -> Response {
    Response::json(&json!({"error": words})).with_status(400)
}
