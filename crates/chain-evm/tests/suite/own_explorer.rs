//! Explorers over HTTP with answers of our own: limits, caps, lags and lies.

use crate::fixture::{json as file, lines};
use crate::recorded_explorer::{account, explorer, heights, paged, proxied, receipt_of};
use recover_chain_evm::config::SourceKind;
use recover_core::block::TxId;
use recover_source::chain::{Lookup, Part};
use recover_source::error::{Advice, SourceError};
use recover_testkit::{FaultyServer, Request, Response};
use serde_json::{Value, json};

const EMPTY: &str = r#"{"status":"0","message":"No transactions found","result":[]}"#;
const OURS: &str = "0x0a11ce0000000000000000000000000000000001";

fn empty() -> Response {
    Response::status(200).with_body("application/json", EMPTY)
}

fn failing(words: &'static str) -> FaultyServer {
    FaultyServer::start(move |_| {
        Response::json(&json!({"status": "0", "message": "NOTOK", "result": words}))
    })
}

fn payment(block: u64, index: u64) -> Value {
    let hash = format!("0x{:064x}", block * 100_000 + index);
    json!({"blockNumber": block.to_string(), "timeStamp": "1700000000", "hash": hash,
        "blockHash": format!("0x{block:064x}"), "from": "0x00000000000000000000000000000000000000bb",
        "to": OURS, "value": (index + 1).to_string(), "isError": "0", "txreceipt_status": "1"})
}

async fn history(
    server: &FaultyServer,
    size: u32,
) -> Result<recover_source::chain::HistoryUpdate, SourceError> {
    explorer(server, SourceKind::EtherscanV2, size)
        .history(&account(OURS), heights(0, 1_000))
        .await
}

#[tokio::test]
async fn pitfall_014_a_silent_row_cap_is_not_the_end() {
    // Asked for a thousand rows it gives a hundred and says nothing; one block alone has three hundred.
    let mut rows: Vec<Value> = (0..150)
        .map(|index| payment(10 + index / 3, index))
        .collect();
    rows.extend((0..300).map(|index| payment(500, index)));
    rows.extend((0..5).map(|index| payment(900, index)));
    let count = rows.len();
    let server = FaultyServer::start(move |request| {
        if request.query_value("action").as_deref() != Some("txlist") {
            return empty();
        }
        let capped = Request {
            query: request.query.replace("offset=1000", "offset=100"),
            ..request.clone()
        };
        paged(&capped, &rows)
    });
    let update = history(&server, 1000).await.unwrap();
    assert_eq!(update.observations.len(), count);
    assert_eq!(update.gaps, []);
}

#[tokio::test]
async fn pitfall_014_a_block_with_more_rows_than_any_query_shows_is_a_gap() {
    let server = FaultyServer::start(|request| {
        if request.query_value("action").as_deref() != Some("txlist") {
            return empty();
        }
        let start: u64 = request.query_value("startblock").unwrap().parse().unwrap();
        if start > 7 {
            return empty();
        }
        // An explorer without a page parameter: always the same full page of one block.
        let rows: Vec<Value> = (0..1000).map(|index| payment(7, index)).collect();
        Response::json(&json!({"status": "1", "message": "OK", "result": rows}))
    });
    let update = history(&server, 1000).await.unwrap();
    assert_eq!(update.gaps.len(), 1);
    assert_eq!(update.gaps[0].range.to_string(), "7");
    assert!(update.gaps[0].reason.contains("use a node"));
}

#[tokio::test]
async fn pitfall_015_a_limit_is_waited_out_and_a_key_is_asked_for() {
    use std::sync::atomic::{AtomicU64, Ordering};
    let count = AtomicU64::new(0);
    let server = FaultyServer::start(move |_| {
        if count.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) {
            Response::json(
                &json!({"status": "0", "message": "NOTOK", "result": "Max calls per sec rate limit reached (3/sec)"}),
            )
        } else {
            empty()
        }
    });
    assert_eq!(history(&server, 1000).await.unwrap().gaps, []);
    let error = history(&failing("Max rate limit reached"), 1000)
        .await
        .unwrap_err();
    assert!(matches!(error, SourceError::RateLimited { .. }), "{error}");
    // A key that is refused will be refused again: a gap in every part, and what to do.
    let update = history(&failing("Missing/Invalid API Key"), 1000)
        .await
        .unwrap();
    let parts: Vec<Part> = update.gaps.iter().map(|gap| gap.part).collect();
    assert_eq!(parts.len(), 4);
    assert!(
        update.gaps[0]
            .reason
            .contains("check the key of this source")
    );
    let update = history(
        &failing("Free API access is not supported for this chain. Please upgrade your api plan"),
        1000,
    )
    .await
    .unwrap();
    assert_eq!(update.gaps.len(), 4);
}

#[tokio::test]
async fn pitfall_015_a_missing_key_names_its_variable() {
    let server = FaultyServer::always(empty());
    crate::world::provide_tls();
    let mut config = recover_chain_evm::EvmSourceConfig::new(
        recover_core::network::NetworkId::new("ethereum"),
        1,
        SourceKind::EtherscanV2,
        &server.url(),
    );
    config.key = Some("${RECOVER_TEST_NO_SUCH_KEY}".to_owned());
    let source = recover_chain_evm::open(config).unwrap();
    let error = source.history(&account(OURS), heights(0, 1)).await;
    let gaps = error.unwrap().gaps;
    assert!(
        gaps[0]
            .reason
            .contains("needs the environment variable RECOVER_TEST_NO_SUCH_KEY"),
        "{}",
        gaps[0].reason
    );
    assert_eq!(server.request_count(), 0);
}

#[tokio::test]
async fn pitfall_015_html_and_odd_bodies_are_disbelieved_and_keys_never_print() {
    for body in [
        "<html>CANARY-KEY is banned</html>",
        "",
        "[]",
        "{\"status\":\"1\",\"mess",
        "{\"status\":\"1\",\"result\":{}}",
    ] {
        let server = FaultyServer::always(Response::status(200).with_body("text/html", body));
        let error = history(&server, 1000).await.unwrap_err();
        assert_eq!(error.advice(), Advice::Disbelieve, "{body}: {error}");
        assert!(!error.to_string().contains("CANARY-KEY"), "{error}");
    }
    let refused = FaultyServer::always(
        Response::status(403).with_body("text/plain", "key CANARY-KEY is not allowed here"),
    );
    let update = history(&refused, 1000).await.unwrap();
    let text = format!("{update:?}");
    assert!(
        text.contains("check its key") && !text.contains("CANARY-KEY"),
        "{text}"
    );
}

#[tokio::test]
async fn a_lagging_index_is_a_gap_and_not_an_empty_list() {
    let server = FaultyServer::start(|request| {
        if request.path == "/api/eth-rpc" {
            let id = request.json()["id"].clone();
            return Response::json(&json!({"jsonrpc": "2.0", "id": id, "result": "0x1"}));
        }
        match request.query_value("action").as_deref() {
            Some("txlistinternal") => {
                Response::json(&file("evm-hand-made/explorer_partial_internal"))
            }
            _ => empty(),
        }
    });
    let update = explorer(&server, SourceKind::Blockscout, 1000)
        .history(&account(OURS), heights(0, 1_000))
        .await
        .unwrap();
    assert_eq!(update.gaps.len(), 1);
    assert_eq!(update.gaps[0].part, Part::Internal);
    assert!(
        update.gaps[0]
            .reason
            .contains("has not indexed all of it yet")
    );
}

#[tokio::test]
async fn pitfall_002_two_equal_token_payments_in_one_transaction_are_two() {
    let list = file("evm-hand-made/explorer_tokentx_two_equal");
    let rows = list["result"].as_array().unwrap().clone();
    let server =
        FaultyServer::start(
            move |request| match request.query_value("action").as_deref() {
                Some("tokentx") => paged(request, &rows),
                Some("eth_getTransactionReceipt") => proxied(&receipt_of(&[&rows[0], &rows[1]])),
                _ => empty(),
            },
        );
    let update = history(&server, 1000).await.unwrap();
    assert_eq!(
        lines(&update.observations),
        ["log:0 0xb0b000>0x0a11ce 10", "log:1 0xb0b000>0x0a11ce 10"]
    );
}

#[tokio::test]
async fn a_list_that_its_receipt_does_not_bear_out_is_disbelieved() {
    let list = file("evm-hand-made/explorer_tokentx_two_equal");
    let rows = list["result"].as_array().unwrap().clone();
    let server =
        FaultyServer::start(
            move |request| match request.query_value("action").as_deref() {
                Some("tokentx") => paged(request, &rows),
                Some("eth_getTransactionReceipt") => proxied(&receipt_of(&[&rows[0]])),
                _ => empty(),
            },
        );
    let error = history(&server, 1000).await.unwrap_err();
    assert!(matches!(error, SourceError::Inconsistent { .. }), "{error}");
}

#[tokio::test]
async fn withdrawals_come_in_gwei_with_a_field_of_their_own() {
    let list = file("evm-hand-made/explorer_beacon_withdrawals");
    let rows = list["result"].as_array().unwrap().clone();
    let server =
        FaultyServer::start(
            move |request| match request.query_value("action").as_deref() {
                Some("txsBeaconWithdrawal") => paged(request, &rows),
                Some("eth_getBlockByNumber") => {
                    proxied(&json!({"number": "0x64", "hash": format!("0x{:064x}", 100),
            "parentHash": format!("0x{:064x}", 99), "timestamp": "0x6553f100", "transactions": []}))
                }
                _ => empty(),
            },
        );
    let update = history(&server, 1000).await.unwrap();
    assert_eq!(
        lines(&update.observations),
        ["withdrawal:41 ->0x0a11ce 18340312000000000"]
    );
    assert_eq!(update.observations[0].tx_id, TxId::new("block:100"));
}

#[tokio::test]
async fn blockscout_tells_the_place_of_an_internal_payment_by_its_raw_trace() {
    let trace = file("evm-hand-made/explorer_raw_trace");
    let hash = format!("0x{}", "7a".repeat(32));
    let row = json!({"blockNumber": "100", "timeStamp": "1700000000", "transactionHash": hash, "index": "1",
        "from": "0x00000000000000000000000000000000000000bb", "to": OURS, "value": "10", "isError": "0", "type": "call"});
    let path = format!("/api/v2/transactions/{hash}/raw-trace");
    let server = FaultyServer::start(move |request| {
        if request.path == path {
            return Response::json(&trace);
        }
        if request.path == "/api/eth-rpc" {
            let call = request.json();
            let result = match call["method"].as_str() {
                Some("eth_chainId") => json!("0x1"),
                _ => json!({"number": "0x64", "hash": format!("0x{:064x}", 100),
                    "parentHash": format!("0x{:064x}", 99), "timestamp": "0x6553f100", "transactions": []}),
            };
            return Response::json(&json!({"jsonrpc": "2.0", "id": call["id"], "result": result}));
        }
        match request.query_value("action").as_deref() {
            Some("txlistinternal") => paged(request, std::slice::from_ref(&row)),
            _ => empty(),
        }
    });
    let update = explorer(&server, SourceKind::Blockscout, 1000)
        .history(&account(OURS), heights(0, 1_000))
        .await
        .unwrap();
    assert_eq!(update.gaps, []);
    let positions: Vec<&str> = update
        .observations
        .iter()
        .map(|credit| credit.position.as_str())
        .collect();
    assert_eq!(positions, ["trace:0", "trace:3.0", "trace:3.1"]);
}

#[tokio::test]
async fn an_explorer_does_not_scan_and_proves_no_absence() {
    let server = FaultyServer::start(|_| proxied(&Value::Null));
    let source = explorer(&server, SourceKind::EtherscanV2, 1000);
    let capabilities = source.capabilities().await.unwrap();
    assert!(capabilities.scan.is_empty() && !capabilities.proves_absence);
    assert_eq!(capabilities.history.len(), 4);
    let error = source
        .scan(&crate::world::request(0, 1, Part::ALL))
        .await
        .unwrap_err();
    assert!(matches!(error, SourceError::Unsupported { .. }), "{error}");
    let id = TxId::new(&format!("0x{:064x}", 5));
    let found = source.transaction(&id).await.unwrap();
    assert!(matches!(found, Lookup::Unknown { .. }), "{found:?}");
    let not_an_id = source.transaction(&TxId::new("0x12")).await.unwrap_err();
    assert!(
        not_an_id.to_string().contains("no transaction hash"),
        "{not_an_id}"
    );
}
