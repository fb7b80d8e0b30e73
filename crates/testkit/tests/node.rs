//! The node launcher, on a real anvil.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are tests; the lint only knows the functions marked so"
)]

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use recover_testkit::{Anvil, Arg, Contracts, Postgres};
use serde_json::{Value, json};

const ETHER: u128 = 1_000_000_000_000_000_000;
const STRANGER: &str = "0x00000000000000000000000000000000000000aa";
const DEPOSIT: &str = "0x00000000000000000000000000000000000000d1";
const OTHER: &str = "0x00000000000000000000000000000000000000d2";

fn token_args() -> Vec<Arg> {
    vec![Arg::text("Test Coin"), Arg::text("TST"), Arg::Uint(6)]
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
