//! The node's client over a chain of our own, from memory and over HTTP.

use crate::fixture::lines;
use crate::world::{
    Chain, Tx, account, config, doubting, hash, now, other, ours, request, token, transfer,
};
use recover_chain_evm::address;
use recover_chain_evm::replay::ReplayTransport;
use recover_core::block::{Height, TxId};
use recover_core::observation::{Flag, Mechanism, Outcome};
use recover_source::chain::{Lookup, Part};
use recover_source::conformance::{Case, check};
use recover_source::error::SourceError;
use recover_source::transport::Transport as _;
use recover_testkit::Response;
use serde_json::json;

/// One of each kind of credit, and what is none.
fn chain() -> Chain {
    let mut chain = Chain::empty(30);
    chain
        .put(3, Tx::new("plain").pays(&ours(), 5_000))
        .put(4, Tx::new("failed").pays(&ours(), 6_000).fails())
        .put(5, Tx::new("stranger").pays(&other(), 7_000))
        .put(
            7,
            Tx::new("multi").logs(vec![
                transfer(&other(), &ours(), 10),
                transfer(&other(), &account(0x99), 10),
                transfer(&other(), &ours(), 10),
            ]),
        )
        .put(
            9,
            Tx::new("inside")
                .call(&[0], &ours(), 900)
                .call(&[1, 0], &account(0x0a11_ce02), 901),
        )
        .put(
            9,
            Tx::new("second").logs(vec![transfer(&other(), &ours(), 3)]),
        )
        .put(
            29,
            Tx::new("last").logs(vec![transfer(&other(), &ours(), 77)]),
        );
    chain.withdrawals.push((12, 41, ours(), 18));
    chain.finalized = Some(20);
    chain
}

#[tokio::test]
async fn a_scan_finds_each_kind_in_the_order_of_the_chain() {
    let update = chain()
        .node()
        .scan(&request(0, 29, Part::ALL))
        .await
        .unwrap();
    assert_eq!(
        lines(&update.observations),
        [
            "value 0x000000>0x000000 5000",
            "value 0x000000>0x000000 6000",
            "log:0 0x000000>0x000000 10",
            "log:2 0x000000>0x000000 10",
            "trace:0 0x000000>0x000000 900",
            "trace:1.0 0x000000>0x000000 901",
            "log:0 0x000000>0x000000 3",
            "withdrawal:41 ->0x000000 18000000000",
            "log:0 0x000000>0x000000 77",
        ]
    );
    assert_eq!(update.gaps, []);
    assert_eq!(update.headers.len(), 30);
    assert_eq!(update.end.block.height, Height(29));
    let failed = &update.observations[1];
    assert_eq!(failed.outcome, Outcome::Failed);
    // A block's own time, and its own hash.
    let block = update.observations[0].block.as_ref().unwrap();
    assert_eq!(block.time.as_seconds(), 1_700_000_000 + 36);
    assert_eq!(block.hash.as_str(), hash("main:3"));
    assert_eq!(update.observations[4].mechanism, Mechanism::InternalCall);
}

#[tokio::test]
async fn the_conformance_suite_passes_over_http() {
    let served = chain().serve(|_| None);
    let case = Case {
        request: request(0, 29, Part::ALL),
        known: Some(TxId::new(&hash("plain"))),
        unknown: TxId::new(&hash("never")),
        two_credits: Some(TxId::new(&hash("multi"))),
        failed: Some(TxId::new(&hash("failed"))),
        last_block: Some(TxId::new(&hash("last"))),
    };
    assert_eq!(
        check(served.node().as_ref(), &case).await,
        Vec::<String>::new()
    );
    let own = served.node_with(|config| config.proves_absence = true);
    assert_eq!(check(own.as_ref(), &case).await, Vec::<String>::new());
}

#[tokio::test]
async fn logs_alone_read_no_blocks_but_the_last_and_those_of_hits() {
    let served = chain().serve(|_| None);
    let update = served
        .node()
        .scan(&request(0, 29, &[Part::TransferLogs]))
        .await
        .unwrap();
    assert_eq!(update.observations.len(), 4);
    assert_eq!(update.headers, []);
    assert_eq!(served.server.call_count("eth_getLogs"), 1);
    // The end before and after, and the three blocks whose logs do not say their time.
    assert_eq!(served.server.call_count("eth_getBlockByNumber"), 5);
    assert_eq!(served.server.call_count("eth_getTransactionReceipt"), 0);
}

#[tokio::test]
async fn absence_is_proved_only_by_an_own_node() {
    let served = chain().serve(|_| None);
    let id = TxId::new(&hash("never"));
    let found = served.node().transaction(&id).await.unwrap();
    assert!(matches!(found, Lookup::Unknown { .. }), "{found:?}");
    let own = served.node_with(|config| config.proves_absence = true);
    assert_eq!(own.transaction(&id).await.unwrap(), Lookup::Absent);
}

#[tokio::test]
async fn an_own_node_that_is_syncing_proves_nothing() {
    let served = chain().serve(|request| {
        request.asks("eth_syncing").then(|| {
            let id = request.json()["id"].clone();
            Response::json(&json!({"jsonrpc": "2.0", "id": id, "result": {"currentBlock": "0x1"}}))
        })
    });
    let own = served.node_with(|config| config.proves_absence = true);
    let error = own
        .transaction(&TxId::new(&hash("never")))
        .await
        .unwrap_err();
    assert!(matches!(error, SourceError::NotKept { .. }), "{error}");
}

#[tokio::test]
async fn a_transaction_is_told_whole() {
    let node = chain().node();
    let Lookup::Found(view) = node.transaction(&TxId::new(&hash("inside"))).await.unwrap() else {
        panic!("it is there");
    };
    assert_eq!(view.outcome, Outcome::Success);
    assert_eq!(view.block.as_ref().unwrap().height, Height(9));
    assert_eq!(view.credits.len(), 2);
    assert!(view.unread.is_empty());
    let Lookup::Found(view) = node.transaction(&TxId::new(&hash("failed"))).await.unwrap() else {
        panic!("it is there");
    };
    assert_eq!(view.outcome, Outcome::Failed);
    assert!(
        view.credits
            .iter()
            .all(|credit| credit.outcome == Outcome::Failed)
    );
}

#[tokio::test]
async fn what_is_final_is_what_the_node_calls_so() {
    let head = chain().node().head().await.unwrap();
    assert_eq!(head.latest.block.height, Height(29));
    assert_eq!(head.finalized, Some(Height(20)));
    // A node that does not know the tag says nothing, and nothing is guessed.
    let served = chain().serve(|request| {
        let params = request.json()["params"].to_string();
        params
            .contains("finalized")
            .then(|| Response::rpc_error(request, -32602, "unknown tag 'finalized'"))
    });
    assert_eq!(served.node().head().await.unwrap().finalized, None);
    let deep = served.node_with(|config| {
        config.finality = recover_chain_evm::config::FinalityRule::Confirmations(12);
    });
    assert_eq!(deep.head().await.unwrap().finalized, Some(Height(17)));
}

#[tokio::test]
async fn pitfall_030_balances_overrule_logs_of_contracts_nobody_vouched_for() {
    let mut chain = Chain::empty(12);
    chain
        .put(
            2,
            Tx::new("fee").logs(vec![transfer(&other(), &ours(), 100)]),
        )
        .put(
            4,
            Tx::new("fake").logs(vec![transfer(&other(), &ours(), 100)]),
        )
        .put(6, Tx::new("a").logs(vec![transfer(&other(), &ours(), 60)]))
        .put(6, Tx::new("b").logs(vec![transfer(&other(), &ours(), 40)]))
        .put(8, Tx::new("in").logs(vec![transfer(&other(), &ours(), 50)]))
        .put(
            8,
            Tx::new("sweep").logs(vec![transfer(&ours(), &other(), 50)]),
        )
        .put(
            10,
            Tx::new("unsaid").logs(vec![transfer(&other(), &ours(), 9)]),
        );
    for (height, amount) in [
        (1, 0),
        (2, 99),
        (3, 99),
        (4, 99),
        (5, 99),
        (6, 190),
        (7, 190),
        (8, 190),
    ] {
        chain.balance(&token(), &ours(), height, amount);
    }
    let update = chain
        .node()
        .scan(&doubting(request(0, 11, Part::ALL)))
        .await
        .unwrap();
    let facts: Vec<_> = update
        .observations
        .iter()
        .map(|credit| {
            (
                credit.amount.to_base_units(),
                credit.balance_delta.map(|delta| delta.to_base_units()),
                credit.flags.clone(),
            )
        })
        .collect();
    let text = |text: &str| text.to_owned();
    assert_eq!(
        facts,
        [
            (text("99"), Some(text("99")), vec![Flag::FeeOnTransfer]),
            (text("0"), Some(text("0")), vec![Flag::BalanceUnchanged]),
            (text("60"), None, vec![Flag::BalanceAmbiguous]),
            (text("40"), None, vec![Flag::BalanceAmbiguous]),
            (text("50"), Some(text("50")), vec![]),
            (text("9"), None, vec![]),
        ]
    );
    // The look-up of one of them tells the same.
    for name in ["fee", "fake", "a", "in"] {
        let Lookup::Found(view) = chain
            .node()
            .transaction(&TxId::new(&hash(name)))
            .await
            .unwrap()
        else {
            panic!("it is there");
        };
        let scanned = update
            .observations
            .iter()
            .find(|credit| credit.id() == view.credits[0].id())
            .unwrap();
        assert_eq!(&view.credits[0], scanned, "{name}");
    }
}

#[tokio::test]
async fn a_trusted_contract_is_not_asked_for_balances() {
    let served = chain().serve(|_| None);
    served
        .node()
        .scan(&request(0, 29, Part::ALL))
        .await
        .unwrap();
    assert_eq!(served.server.call_count("eth_call"), 0);
    // One that is not is asked, and a node without the method is asked once.
    served
        .node()
        .scan(&doubting(request(0, 29, Part::ALL)))
        .await
        .unwrap();
    let asked = served.server.call_count("eth_call");
    assert!(asked > 0 && asked <= 100, "{asked}");
}

#[tokio::test]
async fn a_node_without_traces_leaves_one_gap_that_says_what_to_do() {
    let mut chain = chain();
    chain.traces = false;
    let node = chain.node();
    assert!(
        !node
            .capabilities()
            .await
            .unwrap()
            .scan
            .contains(&Part::Internal)
    );
    let update = node.scan(&request(0, 29, Part::ALL)).await.unwrap();
    assert_eq!(update.gaps.len(), 1);
    let gap = &update.gaps[0];
    assert_eq!(
        (gap.part, gap.range.to_string()),
        (Part::Internal, "0..29".to_owned())
    );
    assert!(
        gap.reason.contains("add a node that traces"),
        "{}",
        gap.reason
    );
    assert_eq!(update.observations.len(), 7);
    let view = node.transaction(&TxId::new(&hash("inside"))).await.unwrap();
    let Lookup::Found(view) = view else {
        panic!("it is there");
    };
    assert!(view.unread.contains(&Part::Internal));
}

#[tokio::test]
async fn pitfall_012_a_reorganisation_while_reading_is_read_again() {
    use std::sync::atomic::{AtomicU64, Ordering};
    let first = chain();
    let mut second = chain();
    second.branch = "other".to_owned();
    let other = ReplayTransport::new(second.recording(), "own");
    // The chain turns to its other branch once the first header was read.
    let headers = AtomicU64::new(0);
    let served = first.serve(move |request| {
        let turned = if request.asks("eth_getBlockByNumber") {
            headers.fetch_add(1, Ordering::Relaxed) > 0
        } else {
            headers.load(Ordering::Relaxed) > 0
        };
        turned.then(|| {
            let answer = now(other.post(request.body.clone().into())).unwrap();
            Response::status(200).with_body("application/json", answer.to_vec())
        })
    });
    let update = served
        .node()
        .scan(&request(0, 29, Part::ALL))
        .await
        .unwrap();
    assert_eq!(update.end.block.hash.as_str(), hash("other:29"));
    assert_eq!(update.observations.len(), 9);
    for credit in &update.observations {
        let block = credit.block.as_ref().unwrap();
        assert_eq!(
            block.hash.as_str(),
            hash(&format!("other:{}", block.height))
        );
    }
}

#[tokio::test]
async fn pitfall_012_answers_from_two_branches_are_never_mixed() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let first = chain();
    let mut second = chain();
    second.branch = "other".to_owned();
    let logs_of_second = std::sync::Arc::new(AtomicBool::new(true));
    let lie = std::sync::Arc::clone(&logs_of_second);
    let second = ReplayTransport::new(second.recording(), "own");
    let served = first.serve(move |request| {
        // Logs come from another machine behind the same name, which follows another branch.
        if request.asks("eth_getLogs") && lie.load(Ordering::Relaxed) {
            let answer = now(second.post(request.body.clone().into())).unwrap();
            return Some(Response::status(200).with_body("application/json", answer.to_vec()));
        }
        None
    });
    for parts in [Part::ALL, &[Part::TransferLogs]] {
        let error = served
            .node()
            .scan(&request(0, 28, parts))
            .await
            .unwrap_err();
        assert!(matches!(error, SourceError::Inconsistent { .. }), "{error}");
    }
    logs_of_second.store(false, Ordering::Relaxed);
    assert!(served.node().scan(&request(0, 28, Part::ALL)).await.is_ok());
}

#[tokio::test]
async fn a_contract_made_with_value_is_credited() {
    // CREATE from `other` at nonce 0 lands where we watch.
    let made = recover_chain_evm::control::create_address(
        address::bytes(&address::parse(&other()).unwrap()).unwrap(),
        0,
    );
    let mut chain = Chain::empty(3);
    chain.put(1, Tx::new("make"));
    let text = chain
        .text()
        .replace(&format!("\"to\":\"{}\"", token()), "\"to\":null")
        .replace("\"value\":\"0x0\"}", "\"value\":\"0x5\"}")
        .replace(
            "\"status\":",
            &format!(
                "\"contractAddress\":\"{}\",\"status\":",
                address::text(made)
            ),
        );
    let recording = recover_chain_evm::replay::Recording::read(text.as_bytes()).unwrap();
    let node = recover_chain_evm::open_with(
        config("http://unused"),
        std::sync::Arc::new(recover_chain_evm::replay::ReplayTransport::new(
            recording, "own",
        )),
    );
    let mut request = request(0, 2, &[Part::TopLevel]);
    request.watch = std::sync::Arc::new(crate::world::Watch(vec![address::text(made)]));
    let update = node.scan(&request).await.unwrap();
    assert_eq!(update.observations.len(), 1);
    assert_eq!(update.observations[0].to.text(), address::text(made));
}

#[tokio::test]
async fn pitfall_022_logs_of_a_reverted_transaction_count_for_nothing() {
    // No honest node gives them; a look-up reads the status first.
    let mut chain = Chain::empty(4);
    chain.put(
        2,
        Tx::new("undone")
            .pays(&ours(), 5)
            .logs(vec![transfer(&other(), &ours(), 9)])
            .call(&[0], &ours(), 7)
            .fails(),
    );
    let Lookup::Found(view) = chain
        .node()
        .transaction(&TxId::new(&hash("undone")))
        .await
        .unwrap()
    else {
        panic!("it is there");
    };
    assert_eq!(view.outcome, Outcome::Failed);
    assert_eq!(view.credits.len(), 1);
    assert_eq!(view.credits[0].outcome, Outcome::Failed);
    // A scan sees the value as failed and nothing inside.
    let parts = [Part::TopLevel, Part::Internal];
    let update = chain.node().scan(&request(0, 3, &parts)).await.unwrap();
    assert_eq!(update.observations, view.credits);
}
