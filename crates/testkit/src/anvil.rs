//! A real EVM node, one process per value.

mod state;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::abi::Arg;
use crate::cache;
use crate::contracts::Artifact;
use crate::http;
use crate::process::{Process, Stop};
use crate::{TempDir, temp_dir};

/// Enough for every test contract. Given outright, since a node refuses to estimate for a call that will fail, and failed
/// transactions are wanted here.
const GAS: &str = "0x7a1200";

/// How a node is started. [`Anvil::start`] takes the defaults.
#[derive(Clone, Debug)]
pub struct AnvilOptions {
    chain_id: u64,
    automine: bool,
    timestamp: Option<u64>,
    slots_in_an_epoch: u64,
    arguments: Vec<String>,
}

impl AnvilOptions {
    /// Whether each transaction is mined at once, in a block of its own. Default: yes.
    pub fn automine(mut self, automine: bool) -> Self {
        self.automine = automine;
        self
    }

    /// Time of the first block, in Unix seconds. Default: the clock.
    pub fn timestamp(mut self, seconds: u64) -> Self {
        self.timestamp = Some(seconds);
        self
    }

    /// The `safe` tag answers the head less this many blocks, `finalized` the head less twice as many. Default: 32.
    pub fn slots_in_an_epoch(mut self, blocks: u64) -> Self {
        self.slots_in_an_epoch = blocks;
        self
    }

    /// One more command line argument, as anvil names it.
    pub fn argument(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Starts the node and waits until it listens.
    ///
    /// # Panics
    /// When anvil is not installed (run `tests/setup`) or does not start; the message ends with its log.
    pub fn start(self) -> Anvil {
        let program = cache::anvil_program();
        assert!(
            program.is_file(),
            "{} is missing: run tests/setup",
            program.display()
        );
        // Anvil writes the state of old blocks under its home and leaves part of it behind: gigabytes for long chains.
        // History stays on, since debug_trace* answers nothing under --prune-history.
        let home = temp_dir();
        let log = home.path().join("anvil.log");
        let mut arguments: Vec<String> = vec![
            // Port 0: the kernel chooses and anvil prints what it got, so that no two tests can ask for one port.
            "--host=127.0.0.1".to_owned(),
            "--port=0".to_owned(),
            format!("--chain-id={}", self.chain_id),
            format!("--slots-in-an-epoch={}", self.slots_in_an_epoch),
            "--auto-impersonate".to_owned(),
        ];
        if !self.automine {
            arguments.push("--no-mining".to_owned());
        }
        if let Some(seconds) = self.timestamp {
            arguments.push(format!("--timestamp={seconds}"));
        }
        arguments.extend(self.arguments);
        let mut process = Process::start(
            "anvil",
            &program,
            &arguments,
            &[("HOME", home.path())],
            &log,
            Stop::Kill,
            false,
        );
        let address = process
            .wait_until(Duration::from_secs(60), |log| {
                let (_, rest) = log.split_once("Listening on ")?;
                let (line, _) = rest.split_once('\n')?;
                Some(line.trim().to_owned())
            })
            .unwrap_or_else(|failure| panic!("{failure}"));
        let anvil = Anvil {
            process,
            url: format!("http://{address}"),
            chain_id: self.chain_id,
            automine: AtomicBool::new(self.automine),
            _home: home,
        };
        let answered = quantity(&anvil.call("eth_chainId", json!([])));
        assert_eq!(
            answered,
            u128::from(self.chain_id),
            "anvil runs another chain"
        );
        anvil
    }
}

/// A running anvil. Ends when dropped.
///
/// Addresses, hashes and blobs are text in lower case with `0x`, as the node writes them. Values are wei. Any sender is accepted, with
/// or without a known key (`--auto-impersonate`); one that is not in [`accounts`](Anvil::accounts) needs a balance first.
#[derive(Debug)]
pub struct Anvil {
    process: Process,
    url: String,
    chain_id: u64,
    automine: AtomicBool,
    // Removed after the process has ended: fields are dropped in order.
    _home: TempDir,
}

/// A contract made by [`Anvil::deploy`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployed {
    /// Where it is.
    pub address: String,
    /// The hash of the transaction that made it.
    pub transaction: String,
}

/// The node's own error answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RpcError {
    /// JSON-RPC error code.
    pub code: i64,
    /// The node's words.
    pub message: String,
}

impl fmt::Display for RpcError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} (code {})", self.message, self.code)
    }
}

impl std::error::Error for RpcError {}

impl Anvil {
    /// A node of that chain id with the defaults: mining each transaction at once, full history, ten rich accounts.
    pub fn start(chain_id: u64) -> Anvil {
        Anvil::options(chain_id).start()
    }

    /// The defaults, to be changed before [`AnvilOptions::start`].
    pub fn options(chain_id: u64) -> AnvilOptions {
        AnvilOptions {
            chain_id,
            automine: true,
            timestamp: None,
            slots_in_an_epoch: 32,
            arguments: Vec::new(),
        }
    }

    /// `http://127.0.0.1:PORT`, without a trailing slash.
    pub fn rpc_url(&self) -> &str {
        &self.url
    }

    /// The chain id it was started with.
    pub fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// The process id of the node.
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// The result of a JSON-RPC call, or the node's error.
    ///
    /// # Panics
    /// When the node does not answer JSON-RPC; the message ends with its log.
    #[track_caller]
    pub fn try_call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let headers = [("content-type".to_owned(), "application/json".to_owned())];
        let answer = http::send(
            "POST",
            &self.url,
            None,
            &headers,
            request.to_string().as_bytes(),
        )
        .and_then(|(_, message)| Ok(serde_json::from_slice::<Value>(&message.body)?));
        let mut answer = match answer {
            Ok(answer) => answer,
            Err(error) => panic!(
                "anvil did not answer {method}: {error}\n{}",
                self.process.log_tail()
            ),
        };
        match answer.get("error") {
            Some(error) => Err(RpcError {
                code: error["code"].as_i64().unwrap_or_default(),
                message: error["message"].as_str().unwrap_or_default().to_owned(),
            }),
            None => Ok(answer["result"].take()),
        }
    }

    /// The result of a JSON-RPC call.
    ///
    /// # Panics
    /// When the node answers an error.
    #[track_caller]
    pub fn call(&self, method: &str, params: Value) -> Value {
        match self.try_call(method, params.clone()) {
            Ok(result) => result,
            Err(error) => panic!("anvil refused {method} {params}: {error}"),
        }
    }

    /// The ten accounts that start with 10,000 coins each. The same ones on every chain id.
    #[track_caller]
    pub fn accounts(&self) -> Vec<String> {
        let answer = self.call("eth_accounts", json!([]));
        let list = answer.as_array().expect("eth_accounts answers a list");
        list.iter()
            .map(|account| text(account).to_lowercase())
            .collect()
    }

    /// Sends a transaction and answers its hash. With automining it is in a block when this returns, and may have failed there:
    /// ask [`succeeded`](Anvil::succeeded).
    #[track_caller]
    pub fn send(&self, from: &str, to: &str, value_wei: u128, data: &[u8]) -> String {
        self.submit(json!({"from": from, "to": to, "value": hex_quantity(value_wei), "data": hex_data(data), "gas": GAS}))
    }

    /// Calls a function of a contract by a transaction; answers its hash. As [`send`](Anvil::send) otherwise.
    #[track_caller]
    pub fn send_call(
        &self,
        from: &str,
        to: &str,
        value_wei: u128,
        artifact: &Artifact,
        signature: &str,
        args: &[Arg],
    ) -> String {
        self.send(from, to, value_wei, &artifact.call_data(signature, args))
    }

    /// Deploys from the first account.
    #[track_caller]
    pub fn deploy(&self, artifact: &Artifact, args: &[Arg]) -> Deployed {
        self.deploy_from(&self.accounts()[0], 0, artifact, args)
    }

    /// Deploys from `from`, which pays `value_wei` to the constructor. Without automining this mines one block.
    #[track_caller]
    pub fn deploy_from(
        &self,
        from: &str,
        value_wei: u128,
        artifact: &Artifact,
        args: &[Arg],
    ) -> Deployed {
        let code = artifact.creation(args);
        let transaction =
            self.submit(json!({"from": from, "value": hex_quantity(value_wei), "data": hex_data(&code), "gas": GAS}));
        if !self.is_mined(&transaction) {
            self.mine(1);
        }
        assert!(
            self.succeeded(&transaction),
            "the constructor of {} failed",
            artifact.name
        );
        let receipt = self.receipt(&transaction);
        Deployed {
            address: text(&receipt["contractAddress"]).to_lowercase(),
            transaction,
        }
    }

    #[track_caller]
    fn submit(&self, transaction: Value) -> String {
        let hash = text(&self.call("eth_sendTransaction", json!([transaction]))).to_owned();
        // The node answers when the transaction is in its pool, and mines a moment later.
        let started = Instant::now();
        while self.automine.load(Ordering::Relaxed) && !self.is_mined(&hash) {
            assert!(
                started.elapsed() < Duration::from_secs(30),
                "anvil mines each transaction, but not {hash}: is a nonce missing before it?\n{}",
                self.process.log_tail()
            );
            thread::sleep(Duration::from_millis(2));
        }
        hash
    }

    /// Whether a transaction is in a block of the present chain.
    #[track_caller]
    pub fn is_mined(&self, transaction: &str) -> bool {
        !self
            .call("eth_getTransactionReceipt", json!([transaction]))
            .is_null()
    }

    /// Mines that many blocks; the first takes what waits.
    #[track_caller]
    pub fn mine(&self, blocks: u64) {
        self.call("anvil_mine", json!([format!("0x{blocks:x}")]));
    }

    /// Switches mining of each transaction on or off while running.
    #[track_caller]
    pub fn set_automine(&self, automine: bool) {
        self.call("evm_setAutomine", json!([automine]));
        self.automine.store(automine, Ordering::Relaxed);
    }

    /// Replaces the last `depth` blocks by as many new ones with other hashes, at the same heights.
    ///
    /// `replacement` lists transactions of the new blocks: the request of `eth_sendTransaction` (or a raw transaction in hex) and the
    /// new block it goes to, 0 being the lowest. What was in the old blocks and is not listed is gone.
    #[track_caller]
    pub fn reorg(&self, depth: u64, replacement: &[(Value, u64)]) {
        let pairs: Vec<Value> = replacement
            .iter()
            .map(|(transaction, block)| json!([transaction, block]))
            .collect();
        self.call("anvil_reorg", json!([depth, pairs]));
    }

    /// A transaction request for [`reorg`](Anvil::reorg).
    pub fn request(&self, from: &str, to: &str, value_wei: u128, data: &[u8]) -> Value {
        json!({"from": from, "to": to, "value": hex_quantity(value_wei), "data": hex_data(data), "gas": GAS})
    }
}

#[track_caller]
fn text(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("anvil answered {value} where text was expected"))
}

#[track_caller]
fn quantity(value: &Value) -> u128 {
    let digits = text(value).trim_start_matches("0x");
    u128::from_str_radix(digits, 16)
        .unwrap_or_else(|error| panic!("anvil answered {value}: {error}"))
}

#[track_caller]
fn height(value: &Value) -> u64 {
    u64::try_from(quantity(value)).expect("heights and times fit in 64 bits")
}

fn hex_quantity(value: u128) -> String {
    format!("0x{value:x}")
}

fn hex_data(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}
