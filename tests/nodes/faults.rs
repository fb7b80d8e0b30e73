//! A node that refuses, lies or stumbles: the scan finds everything all the same, or names the gap and ends with 1.

use recover_testkit::{FaultProxy, Response, Rule};
use serde_json::json;

use crate::desk::{Desk, Run};
use crate::setting::{assert_cases, by_key, furnish_at};
use crate::world::{Chain, World};

struct Before {
    world: World,
    desk: Desk,
    proxy: FaultProxy,
}

/// The world's ethereum behind a proxy; bsc is left out.
fn before() -> Before {
    let world = World::build();
    let proxy = FaultProxy::start(world.ethereum.rpc_url());
    let desk = Desk::new();
    furnish_at(&desk, &world, Some(&proxy.url()), None);
    Before { world, desk, proxy }
}

impl Before {
    /// Scans under a fault that the program must get over by itself.
    #[track_caller]
    fn gets_over(&self, rule: Rule) {
        self.proxy.rule(rule);
        self.desk.run(&["scan"]).ok();
        assert_cases(&self.desk, &self.world, &[Chain::Ethereum], &[]);
    }

    /// Scans under a fault that must be named; nothing stored may be lost, and the scan after it fills the gap.
    #[track_caller]
    fn names(&self, rule: Rule, texts: &[&str]) -> Run {
        self.proxy.rule(rule);
        let run = self.desk.run(&["scan"]).exits(1).says(texts);
        let errors = run.errors();
        assert!(errors.len() == 1, "one clear line:\n{}", run.err);
        assert!(
            errors.iter().all(|line| line.contains("ethereum")),
            "{}",
            run.err
        );
        let stored = by_key(self.desk.deposits());
        self.proxy.clear();
        self.desk.run(&["scan"]).ok();
        assert_cases(&self.desk, &self.world, &[Chain::Ethereum], &[]);
        let after = by_key(self.desk.deposits());
        assert!(
            stored.keys().all(|key| after.contains_key(key)),
            "something stored was lost"
        );
        run
    }
}

#[test]
fn a_result_cap_is_worked_around() {
    for (code, message) in [
        (-32005, "query returned more than 10000 results"),
        (
            -32602,
            "Log response size exceeded. this block range should work: [0x1, 0x64]",
        ),
        (-32000, "logs matched by query exceeds limit of 10000"),
    ] {
        before().gets_over(Rule::max_logs(3, code, message));
    }
}

#[test]
fn a_range_cap_is_worked_around() {
    for (code, message) in [
        (
            -32600,
            "You can make eth_getLogs requests with up to a 10 block range.",
        ),
        (-32701, "exceed maximum block range: 10"),
        (-32000, "block range is too wide"),
    ] {
        before().gets_over(Rule::max_range(10, code, message));
    }
}

#[test]
fn too_many_requests_for_a_while_are_waited_for() {
    let before = before();
    before.gets_over(Rule::too_many_requests().times(2));
    let more = self::before();
    more.gets_over(Rule::too_many_requests_with_body(1).after(4).times(1));
}

#[test]
fn too_many_requests_for_good_are_named() {
    let before = before();
    before.names(Rule::too_many_requests().after(2), &["limits the rate"]);
}

#[test]
fn a_page_instead_of_json_is_named() {
    let before = before();
    before.names(Rule::html(), &["not its protocol", "check the url"]);
    assert!(!before.desk.deposits().is_empty());
}

#[test]
fn a_page_in_the_middle_of_a_scan_is_named_or_got_over() {
    let before = before();
    before
        .proxy
        .rule(Rule::html().on_method("eth_getLogs").times(1));
    let run = before.desk.run(&["scan"]);
    match run.code {
        Some(0) => {}
        _ => assert!(!run.exits(1).errors().is_empty()),
    }
    before.proxy.clear();
    before.desk.run(&["scan"]).ok();
    assert_cases(&before.desk, &before.world, &[Chain::Ethereum], &[]);
}

#[test]
fn half_a_json_is_never_half_a_result() {
    let before = before();
    before.names(Rule::half_json().on_method("eth_getLogs"), &["transfer"]);
    let more = self::before();
    more.proxy.rule(
        Rule::half_body()
            .on_method("eth_getBlockByNumber")
            .after(1)
            .times(2),
    );
    let run = more.desk.run(&["scan"]);
    assert!(matches!(run.code, Some(0 | 1)), "{}", run.err);
    more.proxy.clear();
    more.desk.run(&["scan"]).ok();
    assert_cases(&more.desk, &more.world, &[Chain::Ethereum], &[]);
}

#[test]
fn a_node_of_another_chain_is_believed_nothing() {
    let before = before();
    let run = before.names(Rule::chain_id(8453), &["eip155:8453", "eip155:1"]);
    assert!(run.out.contains("not read"), "{}", run.out);
}

#[test]
fn a_block_that_is_not_there_is_a_gap_with_its_height() {
    let before = before();
    let height = before
        .world
        .ethereum
        .height_of(&before.world.case("missed_native").tx);
    let wanted = json!(format!("0x{height:x}"));
    before.names(
        Rule::change_calls("eth_getBlockByNumber", move |call, mut answer| {
            if call["params"][0] == wanted {
                answer["result"] = json!(null);
            }
            answer
        }),
        &[&format!("blocks {height} not read"), "use another node"],
    );
}

#[test]
fn a_block_without_receipts_is_a_gap() {
    let before = before();
    before.proxy.rule(Rule::null_result("eth_getBlockReceipts"));
    before.names(
        Rule::null_result("eth_getTransactionReceipt"),
        &["error: ethereum"],
    );
}

#[test]
fn a_node_that_comes_and_goes_loses_nothing() {
    let before = before();
    let proxy = &before.proxy;
    proxy.rule(Rule::answer(Response::status(503)).every(5));
    proxy.rule(Rule::answer(Response::hang_up()).every(7));
    let mut rounds = 0;
    while before.desk.run(&["scan"]).code != Some(0) {
        rounds += 1;
        assert!(rounds < 10, "it never gets through");
    }
    assert_cases(&before.desk, &before.world, &[Chain::Ethereum], &[]);
}

#[test]
fn one_dead_network_does_not_stop_the_other() {
    let world = World::build();
    let desk = Desk::new();
    let proxy = FaultProxy::start(world.bsc.rpc_url());
    proxy.rule(Rule::html());
    furnish_at(
        &desk,
        &world,
        Some(world.ethereum.rpc_url()),
        Some(&proxy.url()),
    );
    desk.run(&["scan"]).exits(1).says(&["error: bsc"]);
    assert_cases(&desk, &world, &[Chain::Ethereum], &[]);
}

#[test]
fn transfers_that_one_answer_leaves_out_are_missed_by_nobody() {
    let before = before();
    let bloom_liar = Rule::change_calls("eth_getLogs", |_, mut answer| {
        answer["result"] = json!([]);
        answer
    });
    before.names(bloom_liar, &["error: ethereum"]);
}
