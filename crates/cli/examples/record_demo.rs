//! Records the data of `recover demo`: two anvils with every case of the test world, block by block, and every other
//! answer that a day's work on them asks for. Run by `just record-demo`; writes `fixtures/demo`.
//!
//! The chains are deterministic, so that a second run writes the same files.

#[path = "../../../tests/nodes/transaction_hash.rs"]
mod transaction_hash;
#[allow(
    dead_code,
    unused_imports,
    reason = "shared with the suite that faces nodes, which uses all of it"
)]
#[path = "../../../tests/nodes/world/mod.rs"]
mod world;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use flate2::{Compression, GzBuilder};
use recover_testkit::{Anvil, Contracts, FaultyServer, Request, Response, post_json, temp_dir};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use world::{APPEALS, Case, Chain, World, checksummed, owner, rfc3339};

/// The moment at which the demo plays, and at which its prices hold.
const NOW: &str = "2025-06-01T01:00:00Z";
const PRICED: &str = "2025-06-01T00:55:00Z";

/// Answered by a replay from the recorded blocks.
const OF_BLOCKS: [&str; 11] = [
    "eth_chainId",
    "net_version",
    "eth_syncing",
    "eth_blockNumber",
    "eth_getLogs",
    "eth_getBlockByNumber",
    "eth_getBlockReceipts",
    "eth_getTransactionByHash",
    "eth_getTransactionReceipt",
    "trace_block",
    "trace_transaction",
];

/// A replay has the flat traces only.
const NOT_REPLAYED: [&str; 3] = [
    "debug_traceBlockByNumber",
    "debug_traceBlockByHash",
    "debug_traceTransaction",
];

type Answers = Arc<Mutex<BTreeMap<String, String>>>;

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/demo");
    let program = build();
    let world = World::build();
    world.check();
    let mut files: BTreeMap<String, (Vec<u8>, &str)> = BTreeMap::new();
    for (name, text, what) in tables(&world) {
        files.insert(name.to_owned(), (text.into_bytes(), what));
    }
    let (ethereum, bsc) = play(&program, &world, &files);
    for (chain, answers) in [(Chain::Ethereum, ethereum), (Chain::Bsc, bsc)] {
        let text = recording(world.anvil(chain), chain, &answers);
        let name = format!("{}.jsonl.gz", chain.name());
        files.insert(
            name,
            (
                gzip(text.as_bytes()),
                "recording of anvil, one line a block",
            ),
        );
    }
    files.insert(
        "mainnet.jsonl.gz".to_owned(),
        (
            gzip(mainnet(&folder, &world.ethereum).as_bytes()),
            "one recorded mainnet transaction",
        ),
    );
    let mut total = 0;
    for (name, (bytes, _)) in &files {
        let path = folder.join(name);
        fs::write(&path, bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        println!("{:>8} {name}", bytes.len());
        total += bytes.len();
    }
    fs::write(folder.join("origin.toml"), origin(&files)).expect("the folder was just written to");
    println!("{total:>8} bytes in all");
    assert!(total < 300 * 1024, "the demo's data grew past 300 KiB");
}

/// Builds the program and answers where it is: beside this example.
fn build() -> PathBuf {
    let status = Command::new(env!("CARGO"))
        .args(["build", "--locked", "-p", "recover"])
        .status();
    assert!(
        status.expect("cargo runs").success(),
        "the program does not build"
    );
    let own = std::env::current_exe().expect("a running program has a path");
    let folder = own
        .parent()
        .and_then(Path::parent)
        .expect("examples stand below the profile");
    folder.join("recover")
}

/// The files that the exchange would import, and its settings.
fn tables(world: &World) -> Vec<(&'static str, String, &'static str)> {
    let policy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policy.toml");
    let policy = fs::read_to_string(policy).expect("the example policy is part of the checkout");
    // What balances pay in must stand in chains.toml.
    let theirs = "0xdAC17F958D2ee523a2206206994597C13D831ec7";
    assert!(
        policy.contains(&format!("\nfee_asset = \"ethereum/contract:{theirs}\"")),
        "the example names what balances pay in"
    );
    let ours = checksummed(&world.ethereum, &world.token("TST").address);
    let policy = policy.replace(theirs, &ours);
    let chains = world.chains_toml(Some("${ETHEREUM_RPC_URL}"), Some("${BSC_RPC_URL}"));
    vec![
        (
            "addresses.csv",
            world.book.addresses_csv(),
            "invented users and their addresses",
        ),
        ("appeals.csv", appeals(world), "invented appeals"),
        (
            "chains.toml",
            chains,
            "the two networks with the tokens of the recording",
        ),
        ("ledger.csv", world.book.ledger_csv(), "an invented ledger"),
        ("policy.toml", policy, "the example policy"),
        (
            "prices.csv",
            world.prices_csv(PRICED),
            "invented prices of two invented sources",
        ),
    ]
}

/// What customers wrote: right, half right, somebody else's, and nothing.
fn appeals(world: &World) -> String {
    let owned = |name: &str| {
        let case = world.case(name);
        (
            case,
            owner(case).unwrap_or_else(|| panic!("{name} belongs to nobody")),
        )
    };
    let mut rows = vec![APPEALS.to_owned()];
    let (case, own) = owned("wrong_chain_native");
    rows.push(row(world, "AP-001", &own, case, |columns| {
        columns[3] = format!("https://bscscan.com/tx/{}", case.tx);
        columns[4] = "BEP20".to_owned();
        columns[13] = "I chose BSC in my wallet by mistake".to_owned();
    }));
    let (case, own) = owned("unlisted_token");
    rows.push(row(world, "AP-002", &own, case, |columns| {
        columns[5] = "NEW".to_owned();
        columns[6] = "100".to_owned();
        columns[13] = "your site does not show my coin".to_owned();
    }));
    let (case, own) = owned("missed_native");
    rows.push(row(world, "AP-003", "U-9001", case, |columns| {
        columns[13] = "this is my transfer and I want it today".to_owned();
    }));
    rows.push(row(world, "AP-004", &own, case, |columns| {
        columns[3] = case.tx.trim_start_matches("0x").to_uppercase();
    }));
    let case = world.case("hot_wallet");
    rows.push(row(world, "AP-005", "U-2001", case, |_| {}));
    rows.push(row(world, "AP-006", "U-2002", case, |columns| {
        columns[13] = "my brother says it is his but it is mine".to_owned();
    }));
    let (case, own) = owned("internal");
    rows.push(row(world, "AP-007", &own, case, |_| {}));
    let (case, own) = owned("credited");
    rows.push(row(world, "AP-008", &own, case, |_| {}));
    // No transaction id: address, coin, amount and day.
    let (case, own) = owned("missed_token");
    rows.push(row(world, "AP-009", &own, case, |columns| {
        columns[3] = String::new();
        columns[5] = "TST".to_owned();
        columns[6] = "\"250,00\"".to_owned();
        columns[10] = "2025-06-01".to_owned();
    }));
    rows.push(format!(
        "AP-010,U-3003,{},,,USDT,50,,,,,none,,where is my money",
        rfc3339(world::START + 3000)
    ));
    rows.push(String::new());
    rows.join("\n")
}

fn row(
    world: &World,
    id: &str,
    user: &str,
    case: &Case,
    change: impl FnOnce(&mut [String]),
) -> String {
    let row = world.appeal_row(id, user, case);
    let mut columns: Vec<String> = row.split(',').map(str::to_owned).collect();
    change(&mut columns);
    columns.join(",")
}

/// A proxy before a node that keeps what the node answered.
fn recorder(anvil: &Anvil) -> (FaultyServer, Answers) {
    let answers: Answers = Arc::default();
    let kept = Arc::clone(&answers);
    let upstream = anvil.rpc_url().to_owned();
    let server = FaultyServer::start(move |request| answer(request, &upstream, &kept));
    (server, answers)
}

fn answer(request: &Request, upstream: &str, kept: &Answers) -> Response {
    let calls = request.rpc_calls();
    let is_batch = request.json().is_array();
    let results: Vec<Value> = calls.iter().map(|call| one(call, upstream, kept)).collect();
    match is_batch {
        true => Response::json(&Value::Array(results)),
        false => Response::json(results.first().unwrap_or(&Value::Null)),
    }
}

fn one(call: &Value, upstream: &str, kept: &Answers) -> Value {
    let method = call["method"].as_str().unwrap_or_default();
    if NOT_REPLAYED.contains(&method) {
        let error =
            json!({"code": -32601, "message": format!("the method {method} does not exist")});
        return json!({"jsonrpc": "2.0", "id": call["id"], "error": error});
    }
    let (_, text) = post_json(upstream, call).expect("the node answers");
    let answer: Value = serde_json::from_str(&text).expect("the node answers JSON");
    if !OF_BLOCKS.contains(&method) && answer.get("error").is_none() {
        let params = &call["params"];
        let key = format!("{method} {params}");
        let line = format!(
            "{{\"method\":{},\"params\":{params},\"result\":{}}}",
            json!(method),
            answer["result"]
        );
        kept.lock()
            .expect("nothing panics while the lock is held")
            .insert(key, line);
    }
    answer
}

/// Works a day on the two chains through the recorders, so that everything a demo may ask was asked once.
fn play(
    program: &Path,
    world: &World,
    files: &BTreeMap<String, (Vec<u8>, &str)>,
) -> (Answers, Answers) {
    let (ethereum, of_ethereum) = recorder(&world.ethereum);
    let (bsc, of_bsc) = recorder(&world.bsc);
    let folder = temp_dir();
    for (name, (bytes, _)) in files {
        fs::write(folder.path().join(name), bytes).expect("a temporary folder is writable");
    }
    let run = |arguments: &[&str]| {
        let output = Command::new(program)
            .current_dir(folder.path())
            .env_clear()
            .env("ETHEREUM_RPC_URL", ethereum.url())
            .env("BSC_RPC_URL", bsc.url())
            .args(["--policy", "policy.toml", "--as", "ana"])
            .args(arguments)
            .output()
            .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
        output.status.code()
    };
    for noun in ["addresses", "ledger", "prices", "appeals"] {
        assert_eq!(
            run(&[noun, "import", &format!("{noun}.csv")]),
            Some(0),
            "{noun}"
        );
    }
    run(&["chains", "check"]);
    assert_eq!(run(&["scan"]), Some(0), "the scan must have no gap");
    for symbol in ["NEW", "FEE", "ANT"] {
        let contract = &world.token(symbol).address;
        let arguments = ["tokens", "review", "ethereum", contract];
        // The wrong number is refused; the right one is what the contract says.
        for decimals in ["6", "18"] {
            run(&[
                &arguments[..],
                &["--decision", "genuine", "--decimals", decimals],
                &["--reason", "issuer known"],
            ]
            .concat());
        }
    }
    run(&["tokens", "list"]);
    run(&["match"]);
    for case in &world.cases {
        run(&["diagnose", &case.tx]);
        run(&["diagnose", &case.to]);
    }
    run(&["reconcile"]);
    assert_eq!(run(&["scan"]), Some(0), "nothing is left to read");
    drop((ethereum, bsc));
    (of_ethereum, of_bsc)
}

/// The recording of one chain: heading, a line a block, then the other answers.
fn recording(anvil: &Anvil, chain: Chain, answers: &Answers) -> String {
    let head = anvil.height();
    let mut heading = json!({
        "recording": 1,
        "chain_id": anvil.chain_id(),
        "note": format!("our own recording of anvil in the role of {}", chain.name()),
    });
    if chain == Chain::Ethereum {
        let block = anvil.call("eth_getBlockByNumber", json!(["finalized", false]));
        let digits = block["number"]
            .as_str()
            .unwrap_or("0x0")
            .trim_start_matches("0x")
            .to_owned();
        let number = u64::from_str_radix(&digits, 16).expect("a height is hexadecimal");
        heading["finalized"] = json!(number);
    }
    let mut lines = vec![heading.to_string()];
    for height in 0..=head {
        let tag = format!("0x{height:x}");
        let mut block = anvil.call("eth_getBlockByNumber", json!([tag, true]));
        let mut traces = anvil.call("trace_block", json!([tag]));
        trim(&mut block, &mut traces);
        let receipts = anvil.call("eth_getBlockReceipts", json!([tag]));
        lines.push(json!({"block": block, "receipts": receipts, "traces": traces}).to_string());
    }
    lines.extend(
        answers
            .lock()
            .expect("the proxies have ended")
            .values()
            .cloned(),
    );
    lines.push(String::new());
    lines.join("\n")
}

/// Takes the code of deployments out of the traces: it stands in the transaction already, and nobody reads it there.
fn trim(_block: &mut Value, traces: &mut Value) {
    for trace in traces.as_array_mut().into_iter().flatten() {
        if trace["type"] == "create" {
            trace["action"]["init"] = json!("0x");
            trace["result"]["code"] = json!("0x");
        }
    }
}

/// A recording of the one mainnet transaction that was recorded with its block's time, with its receipt.
fn mainnet(folder: &Path, anvil: &Anvil) -> String {
    let read = |name: &str| -> Value {
        let path = folder.join("mainnet").join(name);
        let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        serde_json::from_slice(&bytes).expect("recorded answers are JSON")
    };
    for entry in fs::read_dir(folder.join("mainnet")).expect("it is part of the checkout") {
        let name = entry
            .expect("it can be listed")
            .file_name()
            .to_string_lossy()
            .into_owned();
        if !name.ends_with(".json") {
            continue;
        }
        let value = read(&name);
        let result = match &value {
            Value::Array(pairs) => &pairs[0]["response"]["result"],
            answer => &answer["result"],
        };
        if result["input"].is_string() && result["hash"].is_string() {
            let hash = transaction_hash::recomputed(anvil, result);
            assert_eq!(result["hash"], hash.as_str(), "{name}: its hash recomputed");
            println!("         {name}: hash recomputed");
        }
    }
    let transaction = read("erigon_eth_getTransactionByHash_01.json");
    let transaction = &transaction[0]["response"]["result"];
    let receipt = read("erigon_eth_getTransactionReceipt_01.json");
    let receipt = &receipt[0]["response"]["result"];
    assert_eq!(transaction["hash"], receipt["transactionHash"]);
    let heading = json!({
        "recording": 1,
        "chain_id": 1,
        "note": "one transaction of mainnet as an Erigon node answered it; of its block only number, hash and time are \
                 known, and the rest of the header is blank",
    });
    let block = json!({
        "number": transaction["blockNumber"],
        "hash": transaction["blockHash"],
        "parentHash": format!("0x{}", "00".repeat(32)),
        "timestamp": transaction["blockTimestamp"],
        "transactions": [transaction],
    });
    // The recipient had no code: the whole gas of the transaction is that of a plain payment.
    assert_eq!(receipt["gasUsed"], "0x5208");
    let code =
        json!({"method": "eth_getCode", "params": [transaction["to"], "latest"], "result": "0x"});
    let block = json!({"block": block, "receipts": [receipt]});
    format!("{heading}\n{block}\n{}\n", answer_line(&code))
}

/// A line of another answer begins with its method: a reader tells it from a block by that.
fn answer_line(value: &Value) -> String {
    format!(
        "{{\"method\":{},\"params\":{},\"result\":{}}}",
        value["method"], value["params"], value["result"]
    )
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    // No time and no name in the header: the same recording is the same file.
    let mut encoder = GzBuilder::new()
        .mtime(0)
        .write(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory can be written");
    encoder.finish().expect("memory can be written")
}

fn origin(files: &BTreeMap<String, (Vec<u8>, &str)>) -> String {
    let mut text = format!(
        "# Made by `just record-demo` (crates/cli/examples/record_demo.rs): our own recording of anvil, the node of the\n\
         # npm package @foundry-rs/anvil-linux-amd64, with the contracts of tests/contracts ({} of them). Users, appeals,\n\
         # ledger and prices are invented. The chains are deterministic: a second recording is the same.\n\
         #\n\
         # The demo plays at {NOW}; its prices hold since {PRICED}.\n\n\
         now = \"{NOW}\"\n",
        Contracts::load().names().count()
    );
    for (name, (bytes, what)) in files {
        let digest = hex::encode(Sha256::digest(bytes));
        text.push_str(&format!(
            "\n[[file]]\nfile = \"{name}\"\nwhat = \"{what}\"\nhand_made = {}\nsha256 = \"{digest}\"\n",
            !name.ends_with(".gz")
        ));
    }
    text
}
