//! A chain of our own making, as a recording: served from memory, or over HTTP with faults.

use bytes::Bytes;
use recover_chain_evm::config::{EvmSourceConfig, FinalityRule, SourceKind};
use recover_chain_evm::decode::TRANSFER;
use recover_chain_evm::replay::{Recording, ReplayTransport};
use recover_core::address::Payload;
use recover_core::block::{Height, HeightRange};
use recover_core::book::WatchSet;
use recover_core::network::NetworkId;
use recover_source::chain::{ChainRead, Part, ScanRequest};
use recover_source::retry::RetryPolicy;
use recover_source::transport::Transport;
use recover_testkit::{FaultyServer, Request, Response};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

pub const CHAIN: u64 = 1;

pub fn account(number: u64) -> String {
    format!("0x{number:040x}")
}

pub fn ours() -> String {
    account(0x0a11_ce01)
}

pub fn other() -> String {
    account(0xb0b0)
}

pub fn token() -> String {
    account(0x70ce)
}

pub fn hash(text: &str) -> String {
    format!("0x{}", hex::encode(ethers::utils::keccak256(text)))
}

fn word(address: &str) -> String {
    format!("0x{:0>64}", address.trim_start_matches("0x"))
}

/// A Transfer log that a builder places.
pub fn transfer(from: &str, to: &str, amount: u128) -> Value {
    json!({
        "address": token(),
        "topics": [format!("{TRANSFER:?}"), word(from), word(to)],
        "data": format!("0x{amount:064x}"),
    })
}

/// One transaction before it stands in a block.
#[derive(Clone)]
pub struct Tx {
    pub name: String,
    pub from: String,
    pub to: String,
    pub value: u128,
    pub status: Option<u64>,
    pub logs: Vec<Value>,
    /// Path, sender, recipient, value and whether it failed.
    pub calls: Vec<(Vec<u64>, String, String, u128, bool)>,
}

impl Tx {
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            from: other(),
            to: token(),
            value: 0,
            status: Some(1),
            logs: Vec::new(),
            calls: Vec::new(),
        }
    }

    pub fn pays(mut self, to: &str, value: u128) -> Self {
        to.clone_into(&mut self.to);
        self.value = value;
        self
    }

    pub fn logs(mut self, logs: Vec<Value>) -> Self {
        self.logs = logs;
        self
    }

    pub fn call(mut self, path: &[u64], to: &str, value: u128) -> Self {
        self.calls
            .push((path.to_vec(), token(), to.to_owned(), value, false));
        self
    }

    pub fn fails(mut self) -> Self {
        self.status = Some(0);
        self
    }

    pub fn hash(&self) -> String {
        hash(&self.name)
    }
}

/// A chain being built.
pub struct Chain {
    pub blocks: Vec<Vec<Tx>>,
    /// Withdrawals of a block: height, index, recipient, gwei.
    pub withdrawals: Vec<(u64, u64, String, u64)>,
    /// Another text gives the same blocks other hashes: another branch.
    pub branch: String,
    pub traces: bool,
    pub answers: Vec<(String, Value, Value)>,
    pub finalized: Option<u64>,
}

impl Chain {
    pub fn empty(blocks: usize) -> Self {
        Self {
            blocks: vec![Vec::new(); blocks],
            withdrawals: Vec::new(),
            branch: "main".to_owned(),
            traces: true,
            answers: Vec::new(),
            finalized: None,
        }
    }

    pub fn put(&mut self, height: usize, tx: Tx) -> &mut Self {
        self.blocks[height].push(tx);
        self
    }

    /// What `balanceOf` answers at a height.
    pub fn balance(&mut self, token: &str, holder: &str, height: u64, amount: u128) -> &mut Self {
        let data = format!("0x70a08231{:0>64}", holder.trim_start_matches("0x"));
        self.answers.push((
            "eth_call".to_owned(),
            json!([{"to": token, "data": data}, format!("0x{height:x}")]),
            json!(format!("0x{amount:064x}")),
        ));
        self
    }

    fn block_hash(&self, height: usize) -> String {
        hash(&format!("{}:{height}", self.branch))
    }

    pub fn text(&self) -> String {
        let mut lines = vec![
            json!({"recording": 1, "chain_id": CHAIN, "note": "own", "finalized": self.finalized})
                .to_string(),
        ];
        for (height, txs) in self.blocks.iter().enumerate() {
            lines.push(self.block_line(height, txs));
        }
        for (method, params, result) in &self.answers {
            lines.push(format!(
                "{{\"method\":{},\"params\":{params},\"result\":{result}}}",
                json!(method)
            ));
        }
        lines.join("\n")
    }

    fn block_line(&self, height: usize, txs: &[Tx]) -> String {
        let block_hash = self.block_hash(height);
        let parent = if height == 0 {
            format!("0x{}", "0".repeat(64))
        } else {
            self.block_hash(height - 1)
        };
        let number = format!("0x{height:x}");
        let mut bloom = [0_u8; 256];
        let (mut transactions, mut receipts, mut traces) = (Vec::new(), Vec::new(), Vec::new());
        let mut log_index = 0;
        for (index, tx) in txs.iter().enumerate() {
            let place = json!({
                "blockHash": block_hash, "blockNumber": number,
                "transactionHash": tx.hash(), "transactionIndex": format!("0x{index:x}"),
            });
            let mut logs = Vec::new();
            for log in &tx.logs {
                let mut log = log.clone();
                let fields = log.as_object_mut().unwrap();
                fields.extend(place.as_object().unwrap().clone());
                fields.insert("logIndex".to_owned(), json!(format!("0x{log_index:x}")));
                fields.insert("removed".to_owned(), json!(false));
                log_index += 1;
                let words = fields["topics"].as_array().unwrap().iter();
                for text in words.chain([&fields["address"]]) {
                    fill(&mut bloom, text.as_str().unwrap());
                }
                logs.push(log);
            }
            transactions.push(json!({
                "hash": tx.hash(), "type": "0x2", "from": tx.from, "to": tx.to,
                "value": format!("0x{:x}", tx.value), "nonce": "0x0", "input": "0x",
                "blockHash": block_hash, "blockNumber": number,
                "transactionIndex": format!("0x{index:x}"),
            }));
            let mut receipt = place;
            let fields = receipt.as_object_mut().unwrap();
            fields.insert("from".to_owned(), json!(tx.from));
            fields.insert("to".to_owned(), json!(tx.to));
            fields.insert("logs".to_owned(), json!(logs));
            if let Some(status) = tx.status {
                fields.insert("status".to_owned(), json!(format!("0x{status:x}")));
            }
            receipts.push(receipt);
            let failed = tx.status == Some(0);
            let top = (Vec::new(), tx.from.clone(), tx.to.clone(), tx.value, failed);
            for (path, from, to, value, failed) in [&top].into_iter().chain(&tx.calls) {
                let mut entry = json!({
                    "action": {"callType": "call", "from": from, "to": to, "value": format!("0x{value:x}")},
                    "blockHash": block_hash, "blockNumber": height, "result": {}, "subtraces": 0,
                    "traceAddress": path, "transactionHash": tx.hash(),
                    "transactionPosition": index, "type": "call",
                });
                if *failed {
                    entry["error"] = json!("Reverted");
                }
                traces.push(entry);
            }
        }
        let withdrawals: Vec<Value> = self
            .withdrawals
            .iter()
            .filter(|(at, ..)| *at == height as u64)
            .map(|(_, index, to, gwei)| {
                json!({"index": format!("0x{index:x}"), "validatorIndex": "0x1", "address": to, "amount": format!("0x{gwei:x}")})
            })
            .collect();
        let block = json!({
            "number": number, "hash": block_hash, "parentHash": parent,
            "timestamp": format!("0x{:x}", 1_700_000_000 + height * 12),
            "logsBloom": format!("0x{}", hex::encode(bloom)),
            "miner": account(0xc0ffee), "difficulty": "0x0", "baseFeePerGas": "0x7",
            "transactions": transactions, "withdrawals": withdrawals,
        });
        let mut line = json!({"block": block, "receipts": receipts});
        if self.traces {
            line["traces"] = json!(traces);
        }
        line.to_string()
    }

    pub fn recording(&self) -> Recording {
        Recording::read(self.text().as_bytes()).unwrap()
    }

    /// The chain from memory.
    pub fn node(&self) -> Arc<dyn ChainRead> {
        recover_chain_evm::open_with(
            config("http://unused"),
            Arc::new(ReplayTransport::new(self.recording(), "own")),
        )
    }

    /// The chain over HTTP; `fault` may answer a request instead of the chain.
    pub fn serve(
        &self,
        fault: impl Fn(&Request) -> Option<Response> + Send + Sync + 'static,
    ) -> Served {
        let honest = ReplayTransport::new(self.recording(), "own");
        let server = FaultyServer::start(move |request| {
            fault(request).unwrap_or_else(|| {
                let answer = now(honest.post(Bytes::from(request.body.clone())));
                Response::status(200).with_body("application/json", answer.unwrap().to_vec())
            })
        });
        Served { server }
    }
}

fn fill(bloom: &mut [u8; 256], text: &str) {
    let hash = ethers::utils::keccak256(hex::decode(text.trim_start_matches("0x")).unwrap());
    for pair in hash.chunks(2).take(3) {
        let bit = usize::from(u16::from_be_bytes([pair[0], pair[1]]) & 0x7ff);
        bloom[255 - bit / 8] |= 1 << (bit % 8);
    }
}

/// A chain behind a URL.
pub struct Served {
    pub server: FaultyServer,
}

impl Served {
    pub fn node(&self) -> Arc<dyn ChainRead> {
        self.node_with(|_| {})
    }

    pub fn node_with(&self, change: impl FnOnce(&mut EvmSourceConfig)) -> Arc<dyn ChainRead> {
        provide_tls();
        let mut config = config(&self.server.url());
        change(&mut config);
        recover_chain_evm::open(config).unwrap()
    }
}

/// The value of a future that is ready at once.
pub fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    match future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a recording answers at once"),
    }
}

pub fn provide_tls() {
    // Only the first of this process installs it.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

pub fn config(url: &str) -> EvmSourceConfig {
    let mut config =
        EvmSourceConfig::new(NetworkId::new("ethereum"), CHAIN, SourceKind::JsonRpc, url);
    config.retry = RetryPolicy {
        tries_max: 6,
        delay_min: Duration::from_millis(1),
        delay_max: Duration::from_millis(20),
    };
    config.finality = FinalityRule::FinalizedTag;
    config.timeout = Duration::from_secs(20);
    config
}

/// Some addresses to look for.
pub struct Watch(pub Vec<String>);

impl WatchSet for Watch {
    fn contains(&self, payload: &Payload) -> bool {
        self.0
            .iter()
            .any(|text| hex::decode(text.trim_start_matches("0x")).unwrap() == payload.bytes())
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

pub fn request(from: u64, to: u64, parts: &[Part]) -> ScanRequest {
    let trusted = recover_chain_evm::address::parse(&token()).unwrap();
    ScanRequest {
        range: HeightRange::new(Height(from), Height(to)).unwrap(),
        parts: parts.iter().copied().collect(),
        watch: Arc::new(Watch(vec![ours(), account(0x0a11_ce02)])),
        trusted_contracts: Arc::new(BTreeSet::from([trusted.text().to_owned()])),
    }
}

/// The same without trust in any contract.
pub fn doubting(mut request: ScanRequest) -> ScanRequest {
    request.trusted_contracts = Arc::new(BTreeSet::new());
    request
}
