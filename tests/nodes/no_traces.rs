//! A node without traces: credits inside contract calls are a named gap, everything else is found.

use recover_testkit::{FaultProxy, Rule};

use crate::desk::{Desk, rows};
use crate::setting::{assert_cases, furnish_at};
use crate::world::{Chain, World};

/// The cases that only a trace shows.
const INSIDE: [&str; 5] = [
    "multi_trace_0",
    "multi_trace_2",
    "internal",
    "internal_deep",
    "self_destruct",
];

#[test]
fn without_traces_the_gap_is_named_and_the_rest_is_found() {
    let world = World::build();
    let proxy = FaultProxy::start(world.ethereum.rpc_url());
    for method in [
        "debug_traceBlockByNumber",
        "debug_traceBlockByHash",
        "debug_traceTransaction",
        "trace_block",
        "trace_transaction",
        "trace_replayBlockTransactions",
        "trace_replayTransaction",
    ] {
        proxy.rule(Rule::without_method(method));
    }
    let desk = Desk::new();
    furnish_at(&desk, &world, Some(&proxy.url()), None);
    let run = desk.run(&["--format", "json", "scan"]).exits(1);
    let report = &rows(run.json())[0];
    let gaps = report["gaps"].as_array().unwrap();
    assert!(!gaps.is_empty(), "{report}");
    assert!(
        gaps.iter()
            .all(|gap| gap["part"].as_str().unwrap().contains("internal")),
        "{report}"
    );
    let run = run.says(&["trace_block"]);
    assert!(
        run.errors().len() <= 2,
        "one line says it, not one a piece:\n{}",
        run.err
    );
    assert_cases(&desk, &world, &[Chain::Ethereum], &INSIDE);

    let rows_of_gap = rows(desk.json(&["scan", "--coverage"]));
    assert!(
        rows_of_gap.iter().any(|row| row["state"] == "gap"),
        "{rows_of_gap:?}"
    );
    // It stays a gap until somebody reads it: a second scan does not forget it.
    desk.run(&["scan"]).exits(1);

    proxy.clear();
    desk.run(&["scan"]).ok();
    assert_cases(&desk, &world, &[Chain::Ethereum], &[]);
}

#[test]
fn the_other_dialect_of_traces_serves_as_well() {
    let world = World::build();
    let proxy = FaultProxy::start(world.ethereum.rpc_url());
    for method in [
        "debug_traceBlockByNumber",
        "debug_traceBlockByHash",
        "debug_traceTransaction",
    ] {
        proxy.rule(Rule::without_method(method));
    }
    let desk = Desk::new();
    furnish_at(&desk, &world, Some(&proxy.url()), None);
    desk.run(&["scan"]).ok();
    assert_cases(&desk, &world, &[Chain::Ethereum], &[]);
    assert!(proxy.call_count("trace_block") > 0);
}
