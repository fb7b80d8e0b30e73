//! Pitfalls that other systems met and that show only from the whole program on a node. The other named ones stand in the
//! crate whose part they concern.

use recover_testkit::{FaultProxy, Rule};

use crate::desk::rows;
use crate::plain::Plain;
use crate::world::{START, address, rfc3339, user};

/// Blocks that a network leaves open here.
const LIMIT: u64 = 4;

/// As many payments as blocks, each in a block of its own.
fn pay_each(plain: &Plain, blocks: u64) -> Vec<String> {
    (0..blocks).map(|_| plain.pay(1)).collect()
}

#[test]
fn pitfall_010_each_depth_up_to_the_limit_is_told_and_the_next_is_a_fault() {
    for rule in ["confirmations", "finalized_tag"] {
        let plain = Plain::start(rule, LIMIT);
        pay_each(&plain, LIMIT + 2);
        for depth in [1, 2, LIMIT] {
            let lost = pay_each(&plain, depth);
            plain.scan();
            plain.anvil.reorg(depth, &[]);
            let report = plain.scan();
            let told = &report["reorganised"];
            assert_eq!(told["depth"], depth, "{rule}: {report}");
            assert_eq!(told["beyond_finality"], false, "{rule}: {report}");
            for tx in &lost {
                assert_eq!(
                    plain.deposit(tx)["status"],
                    "gone",
                    "{rule}, {depth} deep: {tx}"
                );
            }
            assert!(plain.scan()["reorganised"].is_null(), "{rule}: told once");
        }
        let lost = pay_each(&plain, LIMIT + 1);
        plain.scan();
        assert_eq!(
            plain.deposit(&lost[0])["status"],
            "open",
            "{rule}: final by its rule"
        );
        assert_eq!(
            plain.deposit(&lost[1])["status"],
            "unconfirmed",
            "{rule}: the oldest that is not"
        );
        plain.anvil.reorg(LIMIT + 1, &[]);
        let run = plain
            .desk
            .run(&["--format", "json", "scan"])
            .exits(1)
            .says(&["ethereum", "DEEPER THAN ITS FINALITY RULE"]);
        let report = rows(run.json()).remove(0);
        // Headers of final blocks are not kept, so how deep it went is told as an upper bound.
        let depth = report["reorganised"]["depth"].as_u64().unwrap();
        assert!(depth > LIMIT, "{rule}: {report}");
        assert_eq!(report["reorganised"]["beyond_finality"], true, "{report}");
        for tx in &lost {
            assert_eq!(plain.deposit(tx)["status"], "gone", "{rule}: {tx}");
        }
        plain.scan();
    }
}

#[test]
fn pitfall_017_what_could_not_be_checked_is_neither_ours_nor_lost() {
    let mut plain = Plain::start("confirmations", LIMIT);
    // The owner's account is closed, so the money goes out again on the chain: who controls the address is a question for
    // the node.
    plain.book.closed.push(user(1));
    plain.import();
    let tx = plain.pay(1);
    let other = plain.pay(2);
    plain.anvil.mine(LIMIT);
    let proxy = FaultProxy::start(plain.anvil.rpc_url());
    plain.source(&proxy.url());
    proxy.rule(Rule::html().on_method("eth_getCode"));
    plain.desk.run(&["scan"]);
    let unchecked = plain.deposit(&tx);
    assert_eq!(unchecked["kind"], "account_closed", "{unchecked}");
    assert_eq!(unchecked["verdict"], "conditional", "{unchecked}");
    // The question concerns one address: the payment beside it is judged all the same.
    assert_eq!(plain.deposit(&other)["verdict"], "controllable");
    let id = unchecked["id"].as_str().unwrap();
    plain
        .desk
        .run_as("ana", &["claims", "open", id, "--destination", &address(9)])
        .exits(3)
        .says(&["condition_open"]);
    // Once the node answers, the same deposit is judged anew, and nothing has to be read twice.
    proxy.clear();
    plain.desk.run(&["reconcile"]);
    assert_eq!(plain.deposit(&tx)["verdict"], "controllable");
}

#[test]
fn pitfall_018_a_scan_after_a_long_pause_dates_by_the_block() {
    let mut plain = Plain::start("confirmations", LIMIT);
    let before = plain.pay(3);
    plain.anvil.mine(20);
    let after = plain.pay(3);
    plain.anvil.mine(LIMIT);
    // Retired between the two payments, and both are read long after that.
    let retired = rfc3339(START + 12 * 10);
    plain
        .book
        .addresses
        .retain(|row| !row.contains(&address(3)));
    plain.book.row(
        &user(3),
        "deposit_address",
        &address(3),
        "ethereum",
        &retired,
        "eoa",
    );
    plain.import();
    plain.scan();
    for tx in [&before, &after] {
        let time = plain.anvil.time_of(plain.anvil.height_of(tx));
        assert_eq!(plain.deposit(tx)["block_time"], rfc3339(time), "{tx}");
    }
    assert_eq!(plain.deposit(&before)["kind"], "missed_credit");
    assert_eq!(plain.deposit(&after)["kind"], "retired_address");
}
