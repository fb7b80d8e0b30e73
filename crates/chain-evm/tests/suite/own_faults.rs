//! Nodes that refuse, lie, break off or answer something else: never a silent miss.

use crate::world::{Chain, Tx, account, hash, other, ours, request, transfer};
use recover_core::block::{Height, TxId};
use recover_source::chain::{Part, ScanUpdate};
use recover_source::error::SourceError;
use recover_testkit::{Request, Response};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};

/// Three logs a block, one of ours in each seventh and in the last.
fn chain(blocks: usize) -> Chain {
    let mut chain = Chain::empty(blocks);
    for height in 0..blocks {
        let to = if height % 7 == 0 || height + 1 == blocks {
            ours()
        } else {
            account(0x1234)
        };
        chain.put(
            height,
            Tx::new(&format!("tx{height}")).logs(vec![
                transfer(&other(), &account(0x77), 1),
                transfer(&other(), &to, height as u128 + 1),
                transfer(&other(), &account(0x78), 1),
            ]),
        );
    }
    chain
}

fn hits(blocks: usize) -> Vec<String> {
    (0..blocks)
        .filter(|height| height % 7 == 0 || height + 1 == blocks)
        .map(|height| hash(&format!("tx{height}")))
        .collect()
}

fn found(update: &ScanUpdate) -> Vec<String> {
    update
        .observations
        .iter()
        .map(|credit| credit.tx_id.to_string())
        .collect()
}

/// The block range of a log query.
fn range(request: &Request) -> Option<(u64, u64)> {
    let call = request.json();
    if call["method"] != "eth_getLogs" {
        return None;
    }
    let end = |name: &str| {
        let text = call["params"][0][name].as_str()?;
        u64::from_str_radix(text.trim_start_matches("0x"), 16).ok()
    };
    Some((end("fromBlock")?, end("toBlock")?))
}

/// Scans a chain of so many blocks through a fault, for logs alone and for all parts, and expects every hit.
async fn complete_despite(
    blocks: usize,
    fault: impl Fn(&Request) -> Option<Response> + Send + Sync + Clone + 'static,
) {
    for parts in [&[Part::TransferLogs][..], Part::ALL] {
        let served = chain(blocks).serve(fault.clone());
        let last = blocks as u64 - 1;
        let update = served.node().scan(&request(0, last, parts)).await.unwrap();
        assert_eq!(found(&update), hits(blocks), "{parts:?}");
        assert_eq!(update.gaps, [], "{parts:?}");
    }
}

#[tokio::test]
async fn pitfall_014_result_caps_lose_nothing_and_least_of_all_the_last_block() {
    for words in [
        "query returned more than 30 results",
        "query returned more than 30 results. Try with this block range [0x0, 0x9]",
        "query returned more than 30 results. Try with this block range [0x0, 0x12c]",
        "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range and no limit on the response size",
        "logs matched by query exceeds limit of 30",
        "too many results",
    ] {
        complete_despite(301, move |request| {
            let (from, to) = range(request)?;
            ((to - from + 1) * 3 > 30).then(|| Response::rpc_error(request, -32005, words))
        })
        .await;
    }
}

#[tokio::test]
async fn range_caps_lose_nothing() {
    for (code, words) in [
        (-32602, "block range is too wide: at most 50"),
        (-32000, "exceed maximum block range: 50"),
        (-32614, "eth_getLogs is limited to a 50 range"),
        (-32000, "requested too many blocks, maximum is set to 50"),
        (-32600, "block range too large"),
    ] {
        complete_despite(301, move |request| {
            let (from, to) = range(request)?;
            (to - from + 1 > 50).then(|| Response::rpc_error(request, code, words))
        })
        .await;
    }
}

#[tokio::test]
async fn an_answer_too_large_is_asked_for_in_pieces() {
    complete_despite(60, |request| {
        let (from, to) = range(request)?;
        (to - from + 1 > 10).then(|| Response::status(413))
    })
    .await;
}

#[tokio::test]
async fn one_block_beyond_every_cap_is_read_from_its_receipts() {
    let served = chain(20).serve(|request| {
        let (from, to) = range(request)?;
        (from <= 14 && 14 <= to)
            .then(|| Response::rpc_error(request, -32005, "query returned more than 2 results"))
    });
    let update = served
        .node()
        .scan(&request(0, 19, &[Part::TransferLogs]))
        .await
        .unwrap();
    assert_eq!(found(&update), hits(20));
    assert_eq!(update.gaps, []);
}

#[tokio::test]
async fn one_block_beyond_every_cap_without_receipts_is_a_named_gap() {
    let served = chain(20).serve(|request| {
        if request.asks("eth_getBlockReceipts") {
            return Some(Response::rpc_error(
                request,
                -32601,
                "the method does not exist/is not available",
            ));
        }
        let (from, to) = range(request)?;
        (from <= 14 && 14 <= to)
            .then(|| Response::rpc_error(request, -32005, "query returned more than 2 results"))
    });
    let update = served
        .node()
        .scan(&request(0, 19, &[Part::TransferLogs]))
        .await
        .unwrap();
    assert_eq!(update.gaps.len(), 1);
    assert_eq!(update.gaps[0].range.to_string(), "14");
    assert!(update.gaps[0].reason.contains("more than 2 results"));
    assert_eq!(found(&update).len(), hits(20).len() - 1);
}

#[tokio::test]
async fn pitfall_015_rate_limits_are_waited_out() {
    for fault in ["empty", "json", "200", "retry-after"] {
        let count = std::sync::Arc::new(AtomicU64::new(0));
        complete_despite(40, move |request| {
            // Each third request meets the limit.
            if !count.fetch_add(1, Ordering::Relaxed).is_multiple_of(3) {
                return None;
            }
            Some(match fault {
                "empty" => Response::status(429),
                "json" => Response::rpc_error(request, 429, "Too Many Requests").with_status(429),
                "retry-after" => Response::status(429).with_header("retry-after", "0"),
                _ => Response::rpc_error(
                    request,
                    -32005,
                    "daily request count exceeded, request rate limited",
                ),
            })
        })
        .await;
    }
}

#[tokio::test]
async fn pitfall_015_a_limit_that_never_ends_is_an_error_and_no_absence() {
    for response in [
        Response::status(429),
        Response::status(429).with_body("application/json", r#"{"error":"slow down"}"#),
    ] {
        let served = chain(10).serve(move |_| Some(response.clone()));
        let node = served.node();
        let error = node.scan(&request(0, 9, Part::ALL)).await.unwrap_err();
        assert!(matches!(error, SourceError::RateLimited { .. }), "{error}");
        let error = node
            .transaction(&TxId::new(&hash("tx1")))
            .await
            .unwrap_err();
        assert!(matches!(error, SourceError::RateLimited { .. }), "{error}");
        assert!(error.to_string().contains("lower requests_per_second"));
    }
}

#[tokio::test]
async fn pitfall_015_what_is_no_json_rpc_says_so_in_one_line() {
    for (response, words) in [
        (
            Response::html("<html><body>Just a moment...</body></html>"),
            "check the url",
        ),
        (
            Response::json(&json!({"jsonrpc": "2.0", "id": 1})),
            "check the url",
        ),
        (Response::json(&json!([])), "check the url"),
        (
            Response::status(200).with_body("application/json", r#"{"jsonrpc":"2.0","id":1,"resu"#),
            "check the url",
        ),
        (
            Response::json(&json!({"jsonrpc": "2.0", "id": 999_999, "result": "0x1"})),
            "another request",
        ),
        (Response::status(200), "an empty body"),
        (
            Response::status(401).with_body("text/plain", "unauthorized"),
            "check its key",
        ),
        (
            Response::status(302).with_header("location", "http://127.0.0.1:1/"),
            "redirects are not followed",
        ),
        (Response::status(500), "http status 500"),
        (Response::hang_up(), "did not answer"),
    ] {
        let described = format!("{response:?}");
        let served = chain(3).serve(move |_| Some(response.clone()));
        let error = served
            .node()
            .scan(&request(0, 2, Part::ALL))
            .await
            .unwrap_err();
        let text = error.to_string();
        assert!(text.contains(words), "{text} for {described}");
        assert!(text.contains("127.0.0.1") && !text.contains('\n'), "{text}");
    }
}

#[tokio::test]
async fn half_an_answer_now_and_then_is_asked_again() {
    let count = std::sync::Arc::new(AtomicU64::new(0));
    complete_despite(30, move |_| {
        count
            .fetch_add(1, Ordering::Relaxed)
            .is_multiple_of(4)
            .then(|| Response::html("<html>busy</html>"))
    })
    .await;
}

#[tokio::test]
async fn the_wrong_chain_is_refused_before_anything_is_read() {
    let served = chain(3).serve(|request| {
        let id = request.json()["id"].clone();
        request
            .asks("eth_chainId")
            .then(|| Response::json(&json!({"jsonrpc": "2.0", "id": id, "result": "0x38"})))
    });
    let node = served.node();
    let error = node.scan(&request(0, 2, Part::ALL)).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("is network eip155:56, and chains.toml says eip155:1"),
        "{error}"
    );
    assert!(node.head().await.is_err());
    assert_eq!(served.server.call_count("eth_getLogs"), 0);
}

/// Changes the result of calls of one method.
fn changed(
    request: &Request,
    chain: &Chain,
    method: &str,
    change: impl Fn(&Value, Value) -> Value,
) -> Option<Response> {
    use recover_source::transport::Transport as _;
    if !request.asks(method) {
        return None;
    }
    let honest = recover_chain_evm::replay::ReplayTransport::new(chain.recording(), "own");
    let answer = crate::world::now(honest.post(request.body.clone().into())).unwrap();
    let calls = request.rpc_calls();
    let mut answer: Value = serde_json::from_slice(&answer).unwrap();
    let each = |call: &Value, answer: &mut Value| {
        if call["method"] == method {
            let result = answer["result"].take();
            answer["result"] = change(&call["params"], result);
        }
    };
    match &mut answer {
        Value::Array(answers) => calls
            .iter()
            .zip(answers)
            .for_each(|(call, answer)| each(call, answer)),
        one => each(&calls[0], one),
    }
    Some(Response::json(&answer))
}

#[tokio::test]
async fn pitfall_005_a_missing_block_is_a_gap_and_not_an_empty_block() {
    let honest = chain(20);
    let served = chain(20).serve(move |request| {
        changed(
            request,
            &honest,
            "eth_getBlockByNumber",
            |params, result| {
                if params[0] == "0xe" {
                    Value::Null
                } else {
                    result
                }
            },
        )
    });
    let update = served.node().scan(&request(0, 19, Part::ALL)).await;
    let update = update.unwrap();
    let gaps: Vec<_> = update
        .gaps
        .iter()
        .map(|gap| (gap.part, gap.range.to_string()))
        .collect();
    // All parts of it, its logs too: nobody can say when they happened.
    let all: Vec<_> = Part::ALL
        .iter()
        .map(|part| (*part, "14".to_owned()))
        .collect();
    assert_eq!(gaps, all);
    assert_eq!(found(&update).len(), hits(20).len() - 1);
    let update = served
        .node()
        .scan(&request(0, 19, &[Part::TopLevel, Part::Internal]))
        .await
        .unwrap();
    let gaps: Vec<_> = update
        .gaps
        .iter()
        .map(|gap| (gap.part, gap.range.to_string()))
        .collect();
    assert_eq!(
        gaps,
        [
            (Part::TopLevel, "14".to_owned()),
            (Part::Internal, "14".to_owned())
        ]
    );
}

#[tokio::test]
async fn pitfall_005_a_missing_receipt_is_a_gap_and_not_a_success() {
    let mut chain = Chain::empty(6);
    chain
        .put(2, Tx::new("paid").pays(&ours(), 5))
        .put(4, Tx::new("lost").pays(&ours(), 6));
    let lost = hash("lost");
    let honest = chain.recording();
    drop(honest);
    let copy = std::sync::Arc::new(chain);
    let inner = std::sync::Arc::clone(&copy);
    let served = copy.serve(move |request| {
        changed(
            request,
            &inner,
            "eth_getTransactionReceipt",
            |params, result| {
                if params[0] == lost.as_str() {
                    Value::Null
                } else {
                    result
                }
            },
        )
    });
    let node = served.node();
    let update = node.scan(&request(0, 5, &[Part::TopLevel])).await.unwrap();
    assert_eq!(found(&update), [hash("paid")]);
    assert_eq!(update.gaps.len(), 1);
    assert_eq!(update.gaps[0].range.to_string(), "4");
    let error = node
        .transaction(&TxId::new(&hash("lost")))
        .await
        .unwrap_err();
    assert!(matches!(error, SourceError::NotKept { .. }), "{error}");
}

#[tokio::test]
async fn an_empty_log_index_is_caught_by_the_blocks_own_bloom_filter() {
    let honest = std::sync::Arc::new(chain(10));
    for parts in [&[Part::TransferLogs][..], Part::ALL] {
        let inner = std::sync::Arc::clone(&honest);
        let served =
            honest.serve(move |request| changed(request, &inner, "eth_getLogs", |_, _| json!([])));
        let error = served.node().scan(&request(0, 9, parts)).await.unwrap_err();
        assert!(
            error.to_string().contains("its log index is broken"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn logs_of_other_blocks_and_removed_logs_are_disbelieved() {
    let honest = std::sync::Arc::new(chain(30));
    for fault in ["other block", "removed", "null"] {
        let inner = std::sync::Arc::clone(&honest);
        let served = honest.serve(move |request| {
            changed(request, &inner, "eth_getLogs", |_, mut result| {
                match fault {
                    "other block" => result[0]["blockNumber"] = json!("0x99"),
                    "removed" => result[1]["removed"] = json!(true),
                    _ => result = Value::Null,
                }
                result
            })
        });
        let error = served
            .node()
            .scan(&request(0, 9, &[Part::TransferLogs]))
            .await
            .unwrap_err();
        assert_eq!(
            error.advice(),
            recover_source::error::Advice::Disbelieve,
            "{fault}: {error}"
        );
    }
}

#[tokio::test]
async fn a_tip_that_is_not_there_yet_is_no_empty_range() {
    let node = chain(10).node();
    let error = node.scan(&request(5, 10, Part::ALL)).await.unwrap_err();
    assert!(
        error.to_string().contains("it has no block 10 yet"),
        "{error}"
    );
    assert_eq!(node.header(Height(10)).await.unwrap(), None);
}

#[tokio::test]
async fn a_broken_trace_is_a_gap_of_its_block() {
    let honest = std::sync::Arc::new(chain(10));
    for fault in ["null", "empty", "error"] {
        let inner = std::sync::Arc::clone(&honest);
        let served = honest.serve(move |request| {
            if fault == "error" && request.asks("trace_block") && request.json().is_array() {
                return Some(Response::rpc_error(request, -32000, "missing trie node"));
            }
            changed(request, &inner, "trace_block", |params, result| {
                match (params[0].as_str(), fault) {
                    (Some("0x5"), "null") => Value::Null,
                    (Some("0x5"), "empty") => json!([]),
                    _ => result,
                }
            })
        });
        let update = served
            .node()
            .scan(&request(1, 9, &[Part::TransferLogs, Part::Internal]))
            .await
            .unwrap();
        let gaps: Vec<_> = update
            .gaps
            .iter()
            .map(|gap| (gap.part, gap.range.to_string()))
            .collect();
        let expected = if fault == "error" { "1..9" } else { "5" };
        // Nine blocks in batches of four: the last is asked alone.
        if fault != "error" {
            assert_eq!(gaps, [(Part::Internal, expected.to_owned())], "{fault}");
        } else {
            assert!(gaps.iter().all(|(part, _)| *part == Part::Internal) && !gaps.is_empty());
        }
    }
}

#[tokio::test]
async fn batches_that_mix_up_their_answers_are_disbelieved() {
    let honest = std::sync::Arc::new(chain(10));
    for fault in ["duplicate", "missing", "foreign", "reordered"] {
        let served = honest.serve(move |request| {
            let calls = request.rpc_calls();
            if calls.len() < 2 || !request.asks("eth_getBlockByNumber") {
                return None;
            }
            let answer = |call: &Value| json!({"jsonrpc": "2.0", "id": call["id"], "result": null});
            let mut answers: Vec<Value> = calls.iter().map(answer).collect();
            match fault {
                "duplicate" => answers[1]["id"] = answers[0]["id"].clone(),
                "missing" => drop(answers.pop()),
                "foreign" => answers[0]["id"] = json!(123_456_789),
                _ => answers.reverse(),
            }
            Some(Response::json(&json!(answers)))
        });
        let result = served.node().scan(&request(0, 9, &[Part::TopLevel])).await;
        match fault {
            // The order of a batch's answers is free: these are nulls, and each is a gap.
            "reordered" => assert_eq!(result.unwrap().gaps[0].range.to_string(), "0..9"),
            _ => {
                let error = result.unwrap_err();
                assert!(
                    matches!(error, SourceError::NotProtocol { .. }),
                    "{fault}: {error}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_server_without_batches_is_asked_one_by_one() {
    let served = chain(20).serve(|request| {
        request.json().is_array().then(|| {
            Response::json(&json!({"jsonrpc": "2.0", "id": null,
                "error": {"code": -32600, "message": "batch requests are not supported"}}))
        })
    });
    let update = served
        .node()
        .scan(&request(0, 19, Part::ALL))
        .await
        .unwrap();
    assert_eq!(found(&update), hits(20));
    assert_eq!(update.gaps, []);
}

#[tokio::test]
async fn an_error_beside_a_result_is_an_error() {
    let served = chain(3).serve(|request| {
        let id = request.json()["id"].clone();
        request.asks("eth_getLogs").then(|| {
            Response::json(&json!({"jsonrpc": "2.0", "id": id, "result": [],
                "error": {"code": -32000, "message": "something is odd"}}))
        })
    });
    let update = served
        .node()
        .scan(&request(0, 2, &[Part::TransferLogs]))
        .await
        .unwrap();
    assert_eq!(update.gaps.len(), 1);
    assert!(update.gaps[0].reason.contains("something is odd"));
    let bare = chain(3).serve(|request| {
        let id = request.json()["id"].clone();
        request.asks("eth_getLogs").then(|| {
            Response::json(&json!({"jsonrpc": "2.0", "id": id, "error": "only bare words"}))
        })
    });
    let update = bare
        .node()
        .scan(&request(0, 2, &[Part::TransferLogs]))
        .await
        .unwrap();
    assert!(update.gaps[0].reason.contains("only bare words"));
}

#[tokio::test]
async fn requests_under_a_result_cap_stay_near_the_least_possible() {
    // Three logs a block and 30 an answer: 31 queries at least.
    let served = chain(301).serve(|request| {
        let (from, to) = range(request)?;
        ((to - from + 1) * 3 > 30)
            .then(|| Response::rpc_error(request, -32005, "query returned more than 30 results"))
    });
    served
        .node()
        .scan(&request(0, 300, &[Part::TransferLogs]))
        .await
        .unwrap();
    let used = served.server.call_count("eth_getLogs");
    assert!(used <= 46, "{used} requests");
}

#[tokio::test]
async fn logs_out_of_order_keep_their_places() {
    let honest = std::sync::Arc::new(chain(30));
    let inner = std::sync::Arc::clone(&honest);
    let served = honest.serve(move |request| {
        changed(request, &inner, "eth_getLogs", |_, mut result| {
            result.as_array_mut().unwrap().reverse();
            result
        })
    });
    let parts = &[Part::TransferLogs];
    let turned = served.node().scan(&request(0, 29, parts)).await.unwrap();
    let straight = honest.node().scan(&request(0, 29, parts)).await.unwrap();
    assert_eq!(turned.observations, straight.observations);
    assert_eq!(turned.observations[0].position.as_str(), "log:1");
}
