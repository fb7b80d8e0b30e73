//! The proxy before a real anvil.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are tests; the lint only knows the functions marked so"
)]

use std::time::{Duration, Instant};

use recover_testkit::{Anvil, Arg, Contracts, FaultProxy, Request, Response, Rule, post_json};
use serde_json::{Value, json};

const DEPOSIT: &str = "0x00000000000000000000000000000000000000d1";

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
    let token = anvil
        .deploy(
            artifact,
            &[Arg::text("Test Coin"), Arg::text("TST"), Arg::Uint(6)],
        )
        .address;
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
