//! The contracts behave as they say, on a real anvil.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are tests; the lint only knows the functions marked so"
)]

use std::collections::BTreeSet;

use recover_testkit::{Anvil, Arg, Contracts, abi};
use serde_json::{Value, json};

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
