//! A real node of the Bitcoin family on a private chain, one process per value.

mod payer;

use std::fmt;
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::anvil::RpcError;
use crate::cache;
use crate::http;
use crate::process::{Process, Stop};
use crate::{TempDir, temp_dir};

pub use payer::{Coin, Payment, Spending};

const USER: &str = CoinNode::USER;
const PASSWORD: &str = CoinNode::PASSWORD;
/// A coinbase output may be spent in the hundredth block after its own.
const MATURITY: u64 = 100;
/// Where Litecoin's private chain begins with MWEB.
const MWEB: u64 = 432;
/// Mature coins a payer starts with: as many chains of unconfirmed payments can run side by side.
const FIRST_COINS: u64 = 20;

/// Whose daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Daemon {
    /// Bitcoin Core, built by `tests/coin-nodes/build-bitcoind`. No wallet.
    Bitcoin,
    /// Litecoin Core of Debian. With a wallet.
    Litecoin,
    /// Bitcoin SV, where a signature must name the fork. With a wallet, without PSBT, fee estimates and `scantxoutset`.
    BitcoinSv,
}

impl Daemon {
    /// All of them.
    pub const ALL: [Daemon; 3] = [Daemon::Bitcoin, Daemon::Litecoin, Daemon::BitcoinSv];

    /// As logs name it.
    pub fn name(self) -> &'static str {
        match self {
            Daemon::Bitcoin => "bitcoind",
            Daemon::Litecoin => "litecoind",
            Daemon::BitcoinSv => "bitcoin-sv",
        }
    }

    fn arguments(self) -> &'static [&'static str] {
        match self {
            Daemon::Bitcoin => &[
                "-listen=0",
                "-discover=0",
                "-fixedseeds=0",
                "-listenonion=0",
                "-natpmp=0",
                "-txospenderindex=1",
                "-rest",
            ],
            // Debian's build takes wallets of the old kind only, which need no more than a small cache.
            Daemon::Litecoin => &["-listen=0", "-upnp=0", "-dbcache=4", "-fallbackfee=0.0002"],
            // It refuses to start until the first two are said.
            Daemon::BitcoinSv => &[
                "-listen=0",
                "-upnp=0",
                "-excessiveblocksize=10000000000",
                "-maxstackmemoryusageconsensus=0",
                "-minminingtxfee=0.00000001",
            ],
        }
    }

    fn program(self) -> PathBuf {
        match self {
            Daemon::Bitcoin => cache::bitcoind_program(),
            Daemon::Litecoin => cache::litecoind_program(),
            Daemon::BitcoinSv => cache::bitcoin_sv_program(),
        }
    }
}

/// How a node is started. [`CoinNode::start`] takes the defaults.
#[derive(Clone, Debug)]
pub struct CoinNodeOptions {
    daemon: Daemon,
    arguments: Vec<String>,
}

impl CoinNodeOptions {
    /// One more command line argument, as the daemon names it.
    pub fn argument(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Starts the node, waits until it answers, and mines 120 blocks to the payer, the last one six hours ago.
    ///
    /// # Panics
    /// When the daemon is not installed (run `tests/setup`) or does not start; the message ends with its log.
    pub fn start(self) -> CoinNode {
        let program = self.daemon.program();
        assert!(
            program.is_file(),
            "{} is missing: run tests/setup",
            program.display()
        );
        // Between the choice of a port and its use somebody else may take it.
        let mut failures = Vec::new();
        for _ in 0..3 {
            match self.attempt(&program) {
                Ok(node) => {
                    node.begin();
                    return node;
                }
                Err(failure) => failures.push(failure),
            }
        }
        panic!("{}", failures.join("\n"));
    }

    fn attempt(&self, program: &std::path::Path) -> Result<CoinNode, String> {
        let home = temp_dir();
        let log = home.path().join("node.log");
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("the loopback address has a free port")
            .port();
        let mut arguments = vec![
            "-regtest".to_owned(),
            format!("-datadir={}", home.path().display()),
            "-server".to_owned(),
            "-printtoconsole=1".to_owned(),
            "-dnsseed=0".to_owned(),
            "-txindex=1".to_owned(),
            format!("-rpcport={port}"),
            "-rpcbind=127.0.0.1".to_owned(),
            "-rpcallowip=127.0.0.1".to_owned(),
            format!("-rpcuser={USER}"),
            format!("-rpcpassword={PASSWORD}"),
        ];
        arguments.extend(self.daemon.arguments().iter().map(|&text| text.to_owned()));
        arguments.extend(self.arguments.iter().cloned());
        // What they write at their end is only for their next start, and there is none.
        let process = Process::start(
            self.daemon.name(),
            program,
            &arguments,
            &[("HOME", home.path())],
            &log,
            Stop::Kill,
            false,
        );
        let mut node = CoinNode {
            process,
            url: format!("http://127.0.0.1:{port}"),
            daemon: self.daemon,
            coins: payer::Coins::default(),
            _home: home,
        };
        let url = node.url.clone();
        node.process.wait_until(Duration::from_secs(90), |_| {
            let answer = send(&url, "/", "getblockchaininfo", &json!([])).ok()?;
            (answer["result"]["chain"] == "regtest").then_some(())
        })?;
        Ok(node)
    }
}

/// A running node. Killed when dropped.
///
/// Hashes are text as the node prints them (for people, the bytes turned round), scripts and transactions are bytes or lower-case hex,
/// amounts are base units (a hundred millionth of a coin).
#[derive(Debug)]
pub struct CoinNode {
    process: Process,
    url: String,
    daemon: Daemon,
    coins: payer::Coins,
    // Removed after the process has ended: fields are dropped in order.
    _home: TempDir,
}

impl CoinNode {
    /// Who may ask any of these nodes.
    pub const USER: &str = "recover";
    /// The word that goes with it; such nodes hold nothing and listen to this machine alone.
    pub const PASSWORD: &str = "regtest";

    /// A node with the defaults, its payer holding coins. See [`CoinNodeOptions::start`].
    pub fn start(daemon: Daemon) -> CoinNode {
        CoinNode::options(daemon).start()
    }

    /// The defaults, to be changed before [`CoinNodeOptions::start`].
    pub fn options(daemon: Daemon) -> CoinNodeOptions {
        CoinNodeOptions {
            daemon,
            arguments: Vec::new(),
        }
    }

    /// Whose daemon it is.
    pub fn daemon(&self) -> Daemon {
        self.daemon
    }

    /// `http://127.0.0.1:PORT`, without a trailing slash and without the credentials.
    pub fn rpc_url(&self) -> &str {
        &self.url
    }

    /// `http://USER:PASSWORD@127.0.0.1:PORT`.
    pub fn rpc_url_with_credentials(&self) -> String {
        let host = self.url.trim_start_matches("http://");
        format!("http://{USER}:{PASSWORD}@{host}")
    }

    /// The process id of the node.
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// The last twenty lines of its log.
    pub fn log_tail(&self) -> String {
        self.process.log_tail()
    }

    /// The result of a call, or the node's error.
    ///
    /// # Panics
    /// When the node does not answer JSON-RPC; the message ends with its log.
    #[track_caller]
    pub fn try_call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        self.try_call_at("/", method, &params)
    }

    #[track_caller]
    fn try_call_at(&self, path: &str, method: &str, params: &Value) -> Result<Value, RpcError> {
        let mut answer = match send(&self.url, path, method, params) {
            Ok(answer) => answer,
            Err(error) => panic!(
                "{} did not answer {method}: {error}\n{}",
                self.daemon.name(),
                self.log_tail()
            ),
        };
        match answer.get("error") {
            Some(error) if !error.is_null() => Err(RpcError {
                code: error["code"].as_i64().unwrap_or_default(),
                message: error["message"].as_str().unwrap_or_default().to_owned(),
            }),
            _ => Ok(answer["result"].take()),
        }
    }

    /// The result of a call.
    ///
    /// # Panics
    /// When the node answers an error; the message ends with its log.
    #[track_caller]
    pub fn call(&self, method: &str, params: Value) -> Value {
        self.call_at("/", method, params)
    }

    /// The result of a call to a wallet made by [`make_wallet`](CoinNode::make_wallet).
    #[track_caller]
    pub fn call_wallet(&self, wallet: &str, method: &str, params: Value) -> Value {
        self.call_at(&format!("/wallet/{wallet}"), method, params)
    }

    #[track_caller]
    fn call_at(&self, path: &str, method: &str, params: Value) -> Value {
        match self.try_call_at(path, method, &params) {
            Ok(result) => result,
            Err(error) => {
                let mut params = params.to_string();
                params.truncate(2_000);
                panic!(
                    "{} refused {method} {params}: {error}\n{}",
                    self.daemon.name(),
                    self.log_tail()
                )
            }
        }
    }

    /// Makes an empty wallet. Litecoin only: Bitcoin Core is built without, Bitcoin SV has one from the start, without a name.
    #[track_caller]
    pub fn make_wallet(&self, wallet: &str) {
        self.call("createwallet", json!([wallet]));
    }

    /// The hash of block 0, which names the chain.
    #[track_caller]
    pub fn genesis(&self) -> String {
        self.block_hash(0)
    }

    /// The chain by CAIP-2: `bip122:` and the first 32 digits of the genesis hash.
    #[track_caller]
    pub fn caip2(&self) -> String {
        format!("bip122:{}", &self.genesis()[..32])
    }

    /// The number of the last block.
    #[track_caller]
    pub fn height(&self) -> u64 {
        let height = self.call("getblockcount", json!([]));
        height.as_u64().expect("a height is a whole number")
    }

    /// The hash of a block of the present chain.
    #[track_caller]
    pub fn block_hash(&self, height: u64) -> String {
        text(&self.call("getblockhash", json!([height])))
    }

    /// Mines that many blocks to the payer; the first takes what waits. Answers their hashes.
    ///
    /// On Litecoin height 432 is where MWEB begins: see [`begin_mweb`](CoinNode::begin_mweb).
    #[track_caller]
    pub fn mine(&self, blocks: u64) -> Vec<String> {
        let address = payer::address();
        let answer = self.call("generatetoaddress", json!([blocks, address]));
        let hashes = answer.as_array().expect("generatetoaddress answers a list");
        hashes.iter().map(text).collect()
    }

    /// Mines one block that holds exactly these transactions, in this order, and nothing else that waits. Bitcoin only.
    #[track_caller]
    pub fn mine_only(&self, transactions: &[String]) -> String {
        let answer = self.call("generateblock", json!([payer::address(), transactions]));
        text(&answer["hash"])
    }

    /// Mines to height 432, where Litecoin's MWEB begins with a payment into it; every block from there on ends with a HogEx.
    /// Answers the id of that payment. Litecoin only, and only below height 430.
    #[track_caller]
    pub fn begin_mweb(&self) -> String {
        let wallet = "mweb";
        self.make_wallet(wallet);
        let address = self.call_wallet(wallet, "getnewaddress", json!(["", "bech32"]));
        let script = self.call_wallet(wallet, "getaddressinfo", json!([address]));
        let script = hex::decode(text(&script["scriptPubKey"])).expect("a node writes hex");
        self.pay(&[(script, 1_000_000_000)]);
        let height = self.height();
        assert!(
            height < MWEB - 2,
            "MWEB begins at {MWEB}, and this is {height}"
        );
        self.mine(MWEB - 1 - height);
        // A block 432 without one is invalid, and the node cannot make it.
        let inside = self.call_wallet(wallet, "getnewaddress", json!(["", "mweb"]));
        let txid = self.call_wallet(wallet, "sendtoaddress", json!([inside, 5]));
        self.mine(1);
        text(&txid)
    }

    /// Makes a block and all after it invalid: the chain is as it was before, what they held waits again, except coinbases.
    #[track_caller]
    pub fn invalidate(&self, block: &str) {
        self.call("invalidateblock", json!([block]));
    }

    /// Takes [`invalidate`](CoinNode::invalidate) back; the chain with more work wins.
    #[track_caller]
    pub fn reconsider(&self, block: &str) {
        self.call("reconsiderblock", json!([block]));
    }

    /// Takes the last blocks away and mines one more than they were in their stead, all empty of what they held: those transactions
    /// wait again, and are mined by the next [`mine`](CoinNode::mine). Bitcoin only.
    #[track_caller]
    pub fn reorg_without(&self, blocks: u64) {
        let first = self.block_hash(self.height() + 1 - blocks);
        self.invalidate(&first);
        for _ in 0..=blocks {
            self.mine_only(&[]);
        }
    }

    /// Sets the node's clock, in Unix seconds; 0 gives it back.
    #[track_caller]
    pub fn set_time(&self, seconds: u64) {
        self.call("setmocktime", json!([seconds]));
    }

    /// Hands over a transaction; its id, or why the node would not have it.
    #[track_caller]
    pub fn send_raw(&self, transaction: &[u8]) -> Result<String, RpcError> {
        let answer = self.try_call("sendrawtransaction", json!([hex::encode(transaction)]))?;
        Ok(text(&answer))
    }

    /// Whether the node would take a transaction now (`testmempoolaccept`); `Err` is its reason. Not on Bitcoin SV.
    #[track_caller]
    pub fn accepts(&self, transaction: &[u8]) -> Result<(), String> {
        let answer = self.call("testmempoolaccept", json!([[hex::encode(transaction)]]));
        let answer = &answer[0];
        if answer["allowed"] == true {
            return Ok(());
        }
        Err(answer["reject-reason"]
            .as_str()
            .map_or_else(|| answer.to_string(), str::to_owned))
    }

    /// What the node reads in a PSBT (`decodepsbt`). Not on Bitcoin SV.
    #[track_caller]
    pub fn decode_psbt(&self, psbt: &[u8]) -> Result<Value, RpcError> {
        self.try_call("decodepsbt", json!([STANDARD.encode(psbt)]))
    }

    /// The bytes of a transaction, mined or waiting; `None` when the node does not know it.
    #[track_caller]
    pub fn raw_transaction(&self, txid: &str) -> Option<Vec<u8>> {
        let answer = self.try_call("getrawtransaction", json!([txid, false]));
        let answer = answer.ok()?;
        Some(hex::decode(text(&answer)).expect("a node writes hex"))
    }

    /// Whether a transaction waits for a block.
    #[track_caller]
    pub fn is_waiting(&self, txid: &str) -> bool {
        self.try_call("getmempoolentry", json!([txid])).is_ok()
    }

    /// How many blocks hold or follow a transaction, 0 while it waits; `None` when the node does not know it. One that stood in a block
    /// of another chain is known, with 0, for as long as the node keeps that block.
    #[track_caller]
    pub fn confirmations(&self, txid: &str) -> Option<u64> {
        let answer = self.try_call("getrawtransaction", json!([txid, true]));
        Some(answer.ok()?["confirmations"].as_u64().unwrap_or(0))
    }

    /// Whether an output is there and unspent, as seen with what waits. Its value in the node's decimal text.
    #[track_caller]
    pub fn unspent(&self, txid: &str, index: u32) -> Option<Value> {
        let answer = self.call("gettxout", json!([txid, index, true]));
        (!answer.is_null()).then_some(answer)
    }

    fn begin(&self) {
        // A chain of blocks made at once runs ahead of the clock, a second every six blocks; from the past it never arrives there.
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.expect("the clock is after 1970").as_secs();
        self.set_time(now - 6 * 3600);
        for block in self.mine(FIRST_COINS) {
            self.keep_coinbase(&block);
        }
        self.mine(MATURITY);
        self.set_time(0);
    }
}

/// One call over a connection of its own: `{"result":.., "error":..}`, whatever the HTTP status.
fn send(url: &str, path: &str, method: &str, params: &Value) -> std::io::Result<Value> {
    let request = json!({"jsonrpc": "1.0", "id": 1, "method": method, "params": params});
    let headers = [
        ("content-type".to_owned(), "application/json".to_owned()),
        (
            "authorization".to_owned(),
            format!("Basic {}", STANDARD.encode(format!("{USER}:{PASSWORD}"))),
        ),
    ];
    let body = request.to_string();
    let (status, message) = http::send("POST", url, Some(path), &headers, body.as_bytes())?;
    serde_json::from_slice(&message.body).map_err(|error| {
        let body = String::from_utf8_lossy(&message.body);
        std::io::Error::other(format!("status {status}, {error}: {body}"))
    })
}

#[track_caller]
fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("the node answered {value} where text was expected"))
        .to_owned()
}

impl fmt::Display for CoinNode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} at {}", self.daemon.name(), self.url)
    }
}
