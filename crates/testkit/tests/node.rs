//! The node launcher, the contracts and the proxy, on a real anvil.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are tests; the lint only knows the functions marked so"
)]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use recover_testkit::{
    Anvil, Arg, Contracts, FaultProxy, Postgres, Request, Response, Rule, abi, post_json,
};
use serde_json::{Value, json};

const ETHER: u128 = 1_000_000_000_000_000_000;
const TRANSFER: &str = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef";
const STRANGER: &str = "0x00000000000000000000000000000000000000aa";
const DEPOSIT: &str = "0x00000000000000000000000000000000000000d1";
const OTHER: &str = "0x00000000000000000000000000000000000000d2";

fn token_args() -> Vec<Arg> {
    vec![Arg::text("Test Coin"), Arg::text("TST"), Arg::Uint(6)]
}

/// (topics, data) of each log of a transaction.
fn logs(anvil: &Anvil, transaction: &str) -> Vec<(Vec<String>, Vec<u8>)> {
    let receipt = anvil.receipt(transaction);
    let list = receipt["logs"].as_array().unwrap().clone();
    list.iter()
        .map(|log| {
            let topics = log["topics"].as_array().unwrap();
            let data = log["data"].as_str().unwrap();
            (
                topics
                    .iter()
                    .map(|topic| topic.as_str().unwrap().to_owned())
                    .collect(),
                hex::decode(data.trim_start_matches("0x")).unwrap(),
            )
        })
        .collect()
}

fn recipient(topics: &[String]) -> String {
    format!("0x{}", &topics[2][26..])
}

#[test]
fn starts_as_two_chains_and_ends_with_its_value() {
    let ethereum = Anvil::start(1);
    let bsc = Anvil::start(56);
    assert_eq!(ethereum.call("eth_chainId", json!([])), "0x1");
    assert_eq!(bsc.call("eth_chainId", json!([])), "0x38");
    assert_eq!(ethereum.accounts(), bsc.accounts());
    assert_eq!(ethereum.accounts().len(), 10);
    let id = ethereum.process_id();
    assert!(std::fs::exists(format!("/proc/{id}")).unwrap());
    drop(ethereum);
    assert!(!std::fs::exists(format!("/proc/{id}")).unwrap());
    assert_eq!(bsc.height(), 0);
}

#[test]
fn outlives_the_thread_that_started_it() {
    let anvil = std::thread::spawn(|| Anvil::start(1)).join().unwrap();
    // The parent death signal of a thread that ended would arrive at once.
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(anvil.height(), 0);
}

/// Set in the child that the next test starts of itself.
const ROLE: &str = "RECOVER_TESTKIT_ROLE";

#[test]
fn servers_end_when_the_test_process_is_killed() {
    if std::env::var_os(ROLE).is_some() {
        let anvil = Anvil::start(1);
        let database = Postgres::fresh_database();
        println!(
            "\nservers {} {}",
            anvil.process_id(),
            database.server_process_id()
        );
        std::thread::sleep(Duration::from_secs(60));
        panic!("nobody killed this process");
    }
    let folder = recover_testkit::temp_dir();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "servers_end_when_the_test_process_is_killed",
            "--nocapture",
        ])
        // What a killed process leaves behind goes with this folder, which PostgreSQL's user must be able to enter.
        .env("TMPDIR", folder.path())
        .env(ROLE, "child")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines
        .map(Result::unwrap)
        .find(|line| line.starts_with("servers "))
        .unwrap();
    let servers: Vec<String> = line
        .split(' ')
        .skip(1)
        .map(|id| format!("/proc/{id}"))
        .collect();
    assert_eq!(servers.len(), 2);
    let alive = || {
        servers
            .iter()
            .filter(|path| std::fs::exists(path).unwrap())
            .count()
    };
    assert_eq!(alive(), 2);
    child.kill().unwrap();
    child.wait().unwrap();
    let started = Instant::now();
    while alive() > 0 {
        assert!(
            started.elapsed() < Duration::from_secs(10),
            "still there: {servers:?}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn sends_native_coins_from_anybody() {
    let anvil = Anvil::start(1);
    let payer = anvil.accounts()[1].clone();
    let sent = anvil.send(&payer, DEPOSIT, 3 * ETHER, &[]);
    assert!(anvil.succeeded(&sent));
    assert_eq!(anvil.balance(DEPOSIT), 3 * ETHER);
    assert_eq!(anvil.height_of(&sent), 1);
    anvil.impersonate(STRANGER);
    let sent = anvil.send(STRANGER, DEPOSIT, ETHER / 2, &[]);
    assert!(anvil.succeeded(&sent));
    assert_eq!(anvil.balance(DEPOSIT), 3 * ETHER + ETHER / 2);
}

#[test]
fn refusals_carry_the_nodes_words() {
    let anvil = Anvil::start(1);
    let error = anvil.try_call("eth_noSuchMethod", json!([])).unwrap_err();
    assert_eq!(error.code, -32601);
    assert_eq!(error.message, "Method not found");
}

#[test]
fn automine_off_collects_a_block() {
    let anvil = Anvil::options(1)
        .automine(false)
        .timestamp(1_700_000_000)
        .start();
    let payer = anvil.accounts()[0].clone();
    let first = anvil.send(&payer, DEPOSIT, 1, &[]);
    let second = anvil.send(&payer, DEPOSIT, 2, &[]);
    assert_eq!(anvil.height(), 0);
    anvil.set_time(1_700_000_600);
    anvil.mine(1);
    assert_eq!(anvil.height_of(&first), 1);
    assert_eq!(anvil.height_of(&second), 1);
    assert_eq!(anvil.time_of(1), 1_700_000_600);
    let token = anvil.deploy(Contracts::load().get("TokenGood"), &token_args());
    assert_eq!(anvil.height_of(&token.transaction), 2);
}

#[test]
fn finality_tags_follow_the_options() {
    let anvil = Anvil::options(1).slots_in_an_epoch(2).start();
    anvil.mine(10);
    let number =
        |tag: &str| anvil.call("eth_getBlockByNumber", json!([tag, false]))["number"].clone();
    assert_eq!(number("safe"), "0x8");
    assert_eq!(number("finalized"), "0x6");
}

#[test]
fn reorg_replaces_blocks_and_what_was_in_them() {
    let anvil = Anvil::start(1);
    let payer = anvil.accounts()[0].clone();
    let kept = anvil.send(&payer, DEPOSIT, 1, &[]);
    let lost = anvil.send(&payer, DEPOSIT, 10, &[]);
    anvil.send(&payer, OTHER, 100, &[]);
    let before: Vec<String> = (1..=3).map(|height| anvil.block_hash(height)).collect();
    let again = anvil.request(&anvil.accounts()[3], DEPOSIT, 1000, &[]);
    anvil.reorg(2, &[(again, 1)]);
    let after: Vec<String> = (1..=3).map(|height| anvil.block_hash(height)).collect();
    assert_eq!(anvil.height(), 3);
    assert_eq!(before[0], after[0]);
    assert_ne!(before[1], after[1]);
    assert_ne!(before[2], after[2]);
    assert!(anvil.succeeded(&kept));
    assert_eq!(
        anvil.call("eth_getTransactionReceipt", json!([lost])),
        Value::Null
    );
    // The replacement stands in the upper of the two new blocks.
    let block = anvil.call("eth_getBlockByNumber", json!(["0x3", true]));
    assert_eq!(block["transactions"][0]["value"], "0x3e8");
    assert_eq!(anvil.balance(DEPOSIT), 1001);
    assert_eq!(anvil.balance(OTHER), 0);
}

#[test]
fn snapshot_code_nonce_and_time_can_be_set() {
    let anvil = Anvil::start(1);
    let start = anvil.snapshot();
    anvil.set_code(DEPOSIT, &[0xfe]);
    assert_eq!(anvil.code(DEPOSIT), [0xfe]);
    anvil.set_nonce(OTHER, 7);
    assert_eq!(
        anvil.call("eth_getTransactionCount", json!([OTHER, "latest"])),
        "0x7"
    );
    anvil.revert(&start);
    assert!(anvil.code(DEPOSIT).is_empty());
}

#[test]
fn good_and_silent_tokens_move_and_log() {
    let anvil = Anvil::start(1);
    let payer = anvil.accounts()[0].clone();
    for name in ["TokenGood", "TokenNoReturn", "TokenBytes32Symbol"] {
        let artifact = Contracts::load().get(name);
        let args = match name {
            "TokenBytes32Symbol" => vec![
                Arg::bytes32_text("Old Coin"),
                Arg::bytes32_text("OLD"),
                Arg::Uint(18),
            ],
            _ => token_args(),
        };
        let token = anvil.deploy(artifact, &args).address;
        let call = |signature: &str, args: &[Arg]| {
            anvil.send_call(&payer, &token, 0, artifact, signature, args)
        };
        call(
            "mint(address,uint256)",
            &[Arg::address(&payer), Arg::Uint(1000)],
        );
        let transfer = [Arg::address(DEPOSIT), Arg::Uint(250)];
        let sent = call("transfer(address,uint256)", &transfer);
        assert_eq!(
            anvil.token_balance(&token, artifact, DEPOSIT),
            250,
            "{name}"
        );
        let logs = logs(&anvil, &sent);
        assert_eq!(logs.len(), 1, "{name}");
        assert_eq!(logs[0].0[0], TRANSFER);
        assert_eq!(recipient(&logs[0].0), DEPOSIT);
        assert_eq!(abi::uint_in(&logs[0].1), 250);
        // More than there is: mined, and failed.
        let failed = call(
            "transfer(address,uint256)",
            &[Arg::address(DEPOSIT), Arg::Uint(9999)],
        );
        assert!(!anvil.succeeded(&failed), "{name}");
    }
}

#[test]
fn transfer_answers_differ_by_token() {
    let anvil = Anvil::start(1);
    let payer = anvil.accounts()[0].clone();
    let mut answers = Vec::new();
    for name in ["TokenGood", "TokenNoReturn", "TokenFalse"] {
        let artifact = Contracts::load().get(name);
        let token = anvil.deploy(artifact, &token_args()).address;
        anvil.send_call(
            &payer,
            &token,
            0,
            artifact,
            "mint(address,uint256)",
            &[Arg::address(&payer), Arg::Uint(5)],
        );
        let data = artifact.call_data(
            "transfer(address,uint256)",
            &[Arg::address(DEPOSIT), Arg::Uint(5)],
        );
        let call = json!([{"from": payer, "to": token, "data": format!("0x{}", hex::encode(data))}, "latest"]);
        let answer = anvil.call("eth_call", call);
        answers.push(
            answer
                .as_str()
                .unwrap()
                .trim_start_matches("0x")
                .trim_start_matches('0')
                .to_owned(),
        );
        if name == "TokenNoReturn" {
            assert_eq!(answer, "0x");
        }
    }
    assert_eq!(answers, ["1", "", ""]);
}

#[test]
fn false_token_succeeds_and_moves_nothing() {
    let anvil = Anvil::start(1);
    let payer = anvil.accounts()[0].clone();
    let artifact = Contracts::load().get("TokenFalse");
    let token = anvil.deploy(artifact, &token_args()).address;
    let call = |signature: &str, args: &[Arg]| {
        anvil.send_call(&payer, &token, 0, artifact, signature, args)
    };
    call(
        "mint(address,uint256)",
        &[Arg::address(&payer), Arg::Uint(1000)],
    );
    let transfer = [Arg::address(DEPOSIT), Arg::Uint(250)];
    let quiet = call("transfer(address,uint256)", &transfer);
    assert!(anvil.succeeded(&quiet));
    assert_eq!(logs(&anvil, &quiet), []);
    call("setEmits(bool)", &[Arg::Bool(true)]);
    let loud = call("transfer(address,uint256)", &transfer);
    let logs = logs(&anvil, &loud);
    assert_eq!(recipient(&logs[0].0), DEPOSIT);
    assert_eq!(abi::uint_in(&logs[0].1), 250);
    assert_eq!(anvil.token_balance(&token, artifact, DEPOSIT), 0);
    assert_eq!(anvil.token_balance(&token, artifact, &payer), 1000);
}

#[test]
fn fee_token_logs_net_or_gross_and_credits_net() {
    let anvil = Anvil::start(1);
    let payer = anvil.accounts()[0].clone();
    let artifact = Contracts::load().get("TokenFee");
    let token = anvil.deploy(artifact, &token_args()).address;
    let call = |signature: &str, args: &[Arg]| {
        anvil.send_call(&payer, &token, 0, artifact, signature, args)
    };
    call(
        "mint(address,uint256)",
        &[Arg::address(&payer), Arg::Uint(10_000)],
    );
    let honest = call(
        "transfer(address,uint256)",
        &[Arg::address(DEPOSIT), Arg::Uint(1000)],
    );
    let amounts: Vec<(String, u128)> = logs(&anvil, &honest)
        .iter()
        .map(|(topics, data)| (recipient(topics), abi::uint_in(data)))
        .collect();
    assert_eq!(amounts, [(DEPOSIT.to_owned(), 990), (token.clone(), 10)]);
    call("setLogsGross(bool)", &[Arg::Bool(true)]);
    let gross = call(
        "transfer(address,uint256)",
        &[Arg::address(OTHER), Arg::Uint(1000)],
    );
    let logs = logs(&anvil, &gross);
    assert_eq!(logs.len(), 1);
    assert_eq!(abi::uint_in(&logs[0].1), 1000);
    assert_eq!(anvil.token_balance(&token, artifact, OTHER), 990);
}

#[test]
fn odd_log_shapes_have_one_and_four_topics() {
    let anvil = Anvil::start(1);
    let payer = anvil.accounts()[0].clone();
    let unindexed = Contracts::load().get("TokenUnindexed");
    let token = anvil.deploy(unindexed, &token_args()).address;
    let sent = anvil.send_call(
        &payer,
        &token,
        0,
        unindexed,
        "mint(address,uint256)",
        &[Arg::address(DEPOSIT), Arg::Uint(5)],
    );
    let (topics, data) = logs(&anvil, &sent).remove(0);
    assert_eq!((topics.len(), data.len()), (1, 96));
    assert_eq!(topics[0], TRANSFER);
    let nft = Contracts::load().get("TokenNft");
    let token = anvil
        .deploy(nft, &[Arg::text("Cats"), Arg::text("CAT")])
        .address;
    let args = [Arg::address(DEPOSIT), Arg::Uint(77)];
    let sent = anvil.send_call(&payer, &token, 0, nft, "mint(address,uint256)", &args);
    let (topics, data) = logs(&anvil, &sent).remove(0);
    assert_eq!((topics.len(), data.len()), (4, 0));
    assert_eq!(topics[0], TRANSFER);
    let owner = anvil.read_address(&token, nft, "ownerOf(uint256)", &[Arg::Uint(77)]);
    assert_eq!(owner, DEPOSIT);
}

#[test]
fn fake_token_logs_for_anybody_and_holds_nothing() {
    let anvil = Anvil::start(1);
    let spammer = anvil.accounts()[4].clone();
    let artifact = Contracts::load().get("TokenFake");
    let token = anvil.deploy(artifact, &token_args()).address;
    let args = [Arg::address(STRANGER), Arg::address(DEPOSIT), Arg::Uint(42)];
    let sent = anvil.send_call(
        &spammer,
        &token,
        0,
        artifact,
        "emitFor(address,address,uint256)",
        &args,
    );
    let logs_sent = logs(&anvil, &sent);
    assert_eq!(recipient(&logs_sent[0].0), DEPOSIT);
    assert_eq!(
        logs_sent[0].0[1],
        format!("0x000000000000000000000000{}", &STRANGER[2..])
    );
    assert_eq!(anvil.token_balance(&token, artifact, DEPOSIT), 0);
    let args = [
        Arg::Addresses(vec![DEPOSIT.into(), OTHER.into()]),
        Arg::Uint(1),
    ];
    let sent = anvil.send_call(
        &spammer,
        &token,
        0,
        artifact,
        "airdrop(address[],uint256)",
        &args,
    );
    assert_eq!(logs(&anvil, &sent).len(), 2);
}

#[test]
fn multi_send_pays_coins_and_tokens_in_one_transaction() {
    let anvil = Anvil::start(1);
    let payer = anvil.accounts()[0].clone();
    let contracts = Contracts::load();
    let good = contracts.get("TokenGood");
    let silent = contracts.get("TokenNoReturn");
    let sender = contracts.get("MultiSend");
    let at = anvil.deploy(sender, &[]).address;
    let first = anvil.deploy(good, &token_args()).address;
    let second = anvil.deploy(silent, &token_args()).address;
    for (token, artifact) in [(&first, good), (&second, silent)] {
        let args = [Arg::address(&at), Arg::Uint(100)];
        anvil.send_call(&payer, token, 0, artifact, "mint(address,uint256)", &args);
    }
    let args = [
        Arg::Addresses(vec![DEPOSIT.into(), OTHER.into()]),
        Arg::Uints(vec![5, 6]),
        Arg::Addresses(vec![first.clone(), second.clone(), first.clone()]),
        Arg::Addresses(vec![DEPOSIT.into(), DEPOSIT.into(), OTHER.into()]),
        Arg::Uints(vec![1, 2, 3]),
    ];
    let signature = "send(address[],uint256[],address[],address[],uint256[])";
    let sent = anvil.send_call(&payer, &at, 11, sender, signature, &args);
    assert!(anvil.succeeded(&sent));
    assert_eq!(anvil.balance(DEPOSIT), 5);
    assert_eq!(anvil.balance(OTHER), 6);
    assert_eq!(logs(&anvil, &sent).len(), 3);
    assert_eq!(anvil.token_balance(&first, good, DEPOSIT), 1);
    assert_eq!(anvil.token_balance(&second, silent, DEPOSIT), 2);
    assert_eq!(anvil.token_balance(&first, good, OTHER), 3);
}

/// The value-carrying frames of a block's traces: (call type, to, value, any error above it or in it).
fn frames(anvil: &Anvil, height: u64) -> Vec<(String, String, String, bool)> {
    fn walk(frame: &Value, undone: bool, out: &mut Vec<(String, String, String, bool)>) {
        let undone = undone || frame.get("error").is_some();
        out.push((
            frame["type"].as_str().unwrap().to_owned(),
            frame["to"].as_str().unwrap_or_default().to_lowercase(),
            frame["value"].as_str().unwrap_or("0x0").to_owned(),
            undone,
        ));
        for call in frame["calls"].as_array().into_iter().flatten() {
            walk(call, undone, out);
        }
    }
    let params = json!([format!("0x{height:x}"), {"tracer": "callTracer"}]);
    let traces = anvil.call("debug_traceBlockByNumber", params);
    let mut out = Vec::new();
    for trace in traces.as_array().unwrap() {
        walk(&trace["result"], false, &mut out);
    }
    out
}

#[test]
fn internal_payments_show_in_traces_only() {
    let anvil = Anvil::start(1);
    let payer = anvil.accounts()[0].clone();
    let artifact = Contracts::load().get("InternalPayer");
    let at = anvil.deploy(artifact, &[]).address;
    let to = Arg::address(DEPOSIT);
    let call = |value: u128, signature: &str, args: &[Arg]| {
        anvil.send_call(&payer, &at, value, artifact, signature, args)
    };
    let paid = call(70, "pay(address)", std::slice::from_ref(&to));
    assert_eq!(anvil.balance(DEPOSIT), 70);
    let found = frames(&anvil, anvil.height_of(&paid));
    assert!(
        found.contains(&("CALL".into(), DEPOSIT.into(), "0x46".into(), false)),
        "{found:?}"
    );

    call(5, "payDeep(address,uint256)", &[to.clone(), Arg::Uint(3)]);
    assert_eq!(anvil.balance(DEPOSIT), 75);

    // Succeeds at the top, shows a payment inside an undone frame, moves nothing.
    let swallowed = call(6, "paySwallowed(address)", std::slice::from_ref(&to));
    assert!(anvil.succeeded(&swallowed));
    assert_eq!(anvil.balance(DEPOSIT), 75);
    let found = frames(&anvil, anvil.height_of(&swallowed));
    assert!(
        found.contains(&("CALL".into(), DEPOSIT.into(), "0x6".into(), true)),
        "{found:?}"
    );

    let failed = call(7, "payThenFail(address)", std::slice::from_ref(&to));
    assert!(!anvil.succeeded(&failed));
    assert_eq!(anvil.balance(DEPOSIT), 75);

    // DELEGATECALL to an account without code: a frame with the caller's value that moved nothing.
    let signature = "delegate(address,bytes)";
    let delegated = call(8, signature, &[to, Arg::Bytes(Vec::new())]);
    assert!(anvil.succeeded(&delegated));
    assert_eq!(anvil.balance(DEPOSIT), 75);
    let found = frames(&anvil, anvil.height_of(&delegated));
    let types: BTreeSet<&str> = found.iter().map(|frame| frame.0.as_str()).collect();
    assert!(types.contains("DELEGATECALL"), "{found:?}");
}

#[test]
fn trace_block_also_answers() {
    let anvil = Anvil::start(1);
    let artifact = Contracts::load().get("InternalPayer");
    let at = anvil.deploy(artifact, &[]).address;
    let payer = anvil.accounts()[0].clone();
    let paid = anvil.send_call(
        &payer,
        &at,
        9,
        artifact,
        "pay(address)",
        &[Arg::address(DEPOSIT)],
    );
    let traces = anvil.call(
        "trace_block",
        json!([format!("0x{:x}", anvil.height_of(&paid))]),
    );
    let inner = traces
        .as_array()
        .unwrap()
        .iter()
        .find(|trace| trace["action"]["to"] == DEPOSIT)
        .unwrap();
    assert_eq!(inner["action"]["value"], "0x9");
    assert_eq!(inner["traceAddress"], json!([0]));
}

#[test]
fn self_destruct_forces_coins_on_anybody() {
    let anvil = Anvil::start(1);
    let payer = anvil.accounts()[0].clone();
    let artifact = Contracts::load().get("SelfDestructPayer");
    let bomb = anvil.deploy_from(&payer, 33, artifact, &[]).address;
    assert_eq!(anvil.balance(&bomb), 33);
    anvil.send_call(
        &payer,
        &bomb,
        0,
        artifact,
        "destroy(address)",
        &[Arg::address(DEPOSIT)],
    );
    assert_eq!(anvil.balance(DEPOSIT), 33);
}

#[test]
fn forwarder_has_one_address_on_both_chains_and_rescues_what_came_early() {
    let contracts = Contracts::load();
    let (factory, forwarder, good) = (
        contracts.get("ForwarderFactory"),
        contracts.get("Forwarder"),
        contracts.get("TokenGood"),
    );
    let treasury = "0x0000000000000000000000000000000000007e57";
    let mut salt = [0; 32];
    salt[31] = 9;
    let salt = [Arg::Word(salt)];
    let mut predicted = Vec::new();
    for chain in [1, 56] {
        let anvil = Anvil::start(chain);
        let deployer = anvil.accounts()[0].clone();
        let at = anvil.deploy(factory, &[Arg::address(treasury)]).address;
        let address = anvil.read_address(&at, factory, "predict(bytes32)", &salt);
        predicted.push((at.clone(), address.clone()));
        // The coins come first, as they do on the wrong chain.
        anvil.send(&deployer, &address, 500, &[]);
        assert!(anvil.code(&address).is_empty());
        let token = anvil.deploy(good, &token_args()).address;
        anvil.send_call(
            &deployer,
            &token,
            0,
            good,
            "mint(address,uint256)",
            &[Arg::address(&address), Arg::Uint(80)],
        );
        anvil.send_call(&deployer, &at, 0, factory, "deploy(bytes32)", &salt);
        assert_eq!(anvil.code(&address).len(), forwarder.runtime.len());
        anvil.send_call(&deployer, &address, 0, forwarder, "flush()", &[]);
        anvil.send_call(
            &deployer,
            &address,
            0,
            forwarder,
            "flushToken(address)",
            &[Arg::address(&token)],
        );
        assert_eq!(anvil.balance(treasury), 500);
        assert_eq!(anvil.token_balance(&token, good, treasury), 80);
        // A second deployment with the same salt fails.
        let again = anvil.send_call(&deployer, &at, 0, factory, "deploy(bytes32)", &salt);
        assert!(!anvil.succeeded(&again));
    }
    assert_eq!(predicted[0], predicted[1]);
}

#[test]
fn init_code_hash_is_the_hash_of_the_artifact() {
    let anvil = Anvil::start(1);
    let contracts = Contracts::load();
    let factory = contracts.get("ForwarderFactory");
    let at = anvil.deploy(factory, &[Arg::address(DEPOSIT)]).address;
    let answered = anvil.read(&at, factory, "initCodeHash()", &[]);
    // Keccak by the node, of the bytes we hold.
    let code = format!("0x{}", hex::encode(&contracts.get("Forwarder").bytecode));
    assert_eq!(
        anvil.call("web3_sha3", json!([code])),
        format!("0x{}", hex::encode(answered))
    );
}

#[test]
fn create_deployer_counts_its_nonce() {
    let anvil = Anvil::start(1);
    let artifact = Contracts::load().get("CreateDeployer");
    let at = anvil.deploy(artifact, &[Arg::address(DEPOSIT)]).address;
    let payer = anvil.accounts()[0].clone();
    let made: Vec<String> = (0..2)
        .map(|_| {
            let sent = anvil.send_call(&payer, &at, 0, artifact, "deploy()", &[]);
            abi::address_in(&logs(&anvil, &sent)[0].1)
        })
        .collect();
    assert_ne!(made[0], made[1]);
    assert!(made.iter().all(|address| !anvil.code(address).is_empty()));
    assert_eq!(
        anvil.call("eth_getTransactionCount", json!([at, "latest"])),
        "0x3"
    );
}

/// What a client gets from a proxy: HTTP status and body.
fn ask(url: &str, body: &Value) -> (u16, String) {
    post_json(url, body).unwrap()
}

fn call(method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params})
}

#[test]
fn proxy_passes_on_and_counts() {
    let anvil = Anvil::start(1);
    let proxy = FaultProxy::start(anvil.rpc_url());
    let batch = json!([
        call("eth_chainId", json!([])),
        call("eth_blockNumber", json!([]))
    ]);
    let (status, body) = ask(&proxy.url(), &batch);
    assert_eq!(status, 200);
    let answers: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(answers[0]["result"], "0x1");
    assert_eq!(answers[1]["result"], "0x0");
    assert_eq!(
        (proxy.request_count(), proxy.call_count("eth_blockNumber")),
        (1, 1)
    );
}

#[test]
fn proxy_lies_about_the_chain_in_batches_too() {
    let anvil = Anvil::start(1);
    let proxy = FaultProxy::start(anvil.rpc_url());
    proxy.rule(Rule::chain_id(137));
    let one = call("eth_chainId", json!([]));
    let mut other = call("eth_blockNumber", json!([]));
    other["id"] = json!(8);
    let answers: Value = serde_json::from_str(&ask(&proxy.url(), &json!([one, other])).1).unwrap();
    assert_eq!(answers[0]["result"], "0x89");
    assert_eq!(answers[1]["result"], "0x0");
    proxy.clear();
    let answer: Value = serde_json::from_str(&ask(&proxy.url(), &one).1).unwrap();
    assert_eq!(answer["result"], "0x1");
}

#[test]
fn proxy_refuses_wide_ranges_and_many_logs() {
    let anvil = Anvil::start(1);
    let payer = anvil.accounts()[0].clone();
    let artifact = Contracts::load().get("TokenFake");
    let token = anvil.deploy(artifact, &token_args()).address;
    let args = [Arg::Addresses(vec![DEPOSIT.into(); 5]), Arg::Uint(1)];
    anvil.send_call(
        &payer,
        &token,
        0,
        artifact,
        "airdrop(address[],uint256)",
        &args,
    );
    anvil.mine(10);
    let proxy = FaultProxy::start(anvil.rpc_url());
    let logs = |from: &str, to: &str| {
        let request = call("eth_getLogs", json!([{"fromBlock": from, "toBlock": to}]));
        serde_json::from_str::<Value>(&ask(&proxy.url(), &request).1).unwrap()
    };
    assert_eq!(logs("0x0", "0xc")["result"].as_array().unwrap().len(), 5);
    proxy.rule(Rule::max_range(
        4,
        -32602,
        "block range is too wide: at most 4",
    ));
    assert_eq!(logs("0x0", "0xc")["error"]["code"], -32602);
    assert_eq!(logs("0x1", "0x4")["result"].as_array().unwrap().len(), 5);
    proxy.rule(Rule::max_logs(
        4,
        -32005,
        "query returned more than 4 results",
    ));
    assert_eq!(logs("0x1", "0x4")["error"]["code"], -32005);
    assert_eq!(logs("0x3", "0x6")["result"], json!([]));
}

#[test]
fn proxy_rules_take_turns() {
    let anvil = Anvil::start(1);
    let proxy = FaultProxy::start(anvil.rpc_url());
    let height = call("eth_blockNumber", json!([]));
    proxy.rule(Rule::too_many_requests().after(1).every(2).times(2));
    let statuses: Vec<u16> = (0..7).map(|_| ask(&proxy.url(), &height).0).collect();
    assert_eq!(statuses, [200, 429, 200, 429, 200, 200, 200]);
    proxy.clear();
    proxy.rule(Rule::too_many_requests_with_body(3).times(1));
    let (status, body) = ask(&proxy.url(), &height);
    assert_eq!(status, 429);
    assert!(body.contains("rate limit exceeded"), "{body}");
    proxy.clear();
    proxy.rule(Rule::html().when(|request: &Request| request.number.is_multiple_of(2)));
    let bodies: Vec<bool> = (0..2)
        .map(|_| ask(&proxy.url(), &height).1.contains("<html>"))
        .collect();
    assert_eq!(bodies.iter().filter(|html| **html).count(), 1);
}

#[test]
fn proxy_cuts_answers_and_hides_methods() {
    let anvil = Anvil::start(1);
    anvil.mine(1);
    let proxy = FaultProxy::start(anvil.rpc_url());
    let block = call("eth_getBlockByNumber", json!(["0x1", false]));
    let whole = ask(&proxy.url(), &block).1;
    proxy.rule(Rule::half_json());
    assert_eq!(ask(&proxy.url(), &block).1, whole[..whole.len() / 2]);
    proxy.clear();
    proxy
        .rule(Rule::without_method("eth_getBlockReceipts"))
        .rule(Rule::null_result("eth_getBlockByNumber"));
    let receipts = call("eth_getBlockReceipts", json!(["0x1"]));
    assert!(ask(&proxy.url(), &receipts).1.contains("-32601"));
    assert!(ask(&proxy.url(), &block).1.contains("\"result\":null"));
    proxy.clear();
    proxy.rule(Rule::answer(
        Response::status(200).delayed(Duration::from_millis(150)),
    ));
    let started = Instant::now();
    ask(&proxy.url(), &block);
    assert!(started.elapsed() >= Duration::from_millis(150));
    proxy.clear();
    drop(anvil);
    assert_eq!(ask(&proxy.url(), &block).0, 502);
}
