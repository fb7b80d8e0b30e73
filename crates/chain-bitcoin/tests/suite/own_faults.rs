//! Sources that break off, lie, or sit behind a gateway that answers in their stead.

use crate::world::{SCRIPTS, nothing, provide_tls, request, settings, settings_of};
use recover_chain_bitcoin::open;
use recover_chain_bitcoin::source::rpc::{Call, Rpc};
use recover_chain_bitcoin::source::transport;
use recover_core::block::Height;
use recover_source::chain::Lookup;
use recover_source::client::Client;
use recover_source::error::SourceError;
use recover_testkit::coin_frame::{FrameOptions, esplora};
use recover_testkit::coin_node::{CoinNode, Daemon};
use recover_testkit::{FaultProxy, FaultyServer, Response, Rule};
use serde_json::{Value, json};
use std::sync::Arc;

fn rpc(server: &FaultyServer) -> Rpc {
    provide_tls();
    let settings = settings("bitcoin", "00", "bitcoin_rpc", &server.url());
    Rpc::new(Client::new(transport(&settings).unwrap(), settings.retry))
}

fn echo(call: &Value) -> Value {
    json!({"result": call["params"][0], "error": null, "id": call["id"]})
}

#[tokio::test]
async fn own_batches_keep_their_order_and_shrink_where_they_are_refused() {
    let server = FaultyServer::start(|request| match request.json() {
        Value::Array(calls) if calls.len() > 3 => Response::status(413),
        Value::Array(calls) => Response::json(&calls.iter().rev().map(echo).collect()),
        call => Response::json(&echo(&call)),
    });
    let rpc = rpc(&server);
    let calls: Vec<Call> = (0..50)
        .map(|place| Call::new("echo", json!([place])))
        .collect();
    let answers: Vec<u64> = rpc
        .batch(&calls)
        .await
        .unwrap()
        .into_iter()
        .map(|answer| answer.unwrap().get().parse().unwrap())
        .collect();
    assert_eq!(answers, (0..50).collect::<Vec<u64>>());
    let refused = server
        .requests()
        .iter()
        .filter(|request| {
            request
                .json()
                .as_array()
                .is_some_and(|calls| calls.len() > 3)
        })
        .count();
    assert_eq!(refused, 4, "32, 16, 8 and 4, each once");
}

#[tokio::test]
async fn own_an_answer_to_another_question_is_none() {
    let server = FaultyServer::start(|request| match request.json() {
        Value::Array(calls) => Response::json(&calls.iter().map(|_| echo(&calls[0])).collect()),
        call => Response::json(
            &json!({"result": 1, "error": null, "id": call["id"].as_u64().map(|id| id + 1)}),
        ),
    });
    let rpc = rpc(&server);
    let error = rpc.ask::<u64>("echo", json!([1])).await.unwrap_err();
    assert!(matches!(error, SourceError::NotProtocol { .. }), "{error}");
    let calls = vec![Call::new("echo", json!([1])); 3];
    let error = rpc.batch(&calls).await.unwrap_err();
    assert!(error.to_string().contains("two answers"), "{error}");
}

/// A login in the url goes out as HTTP Basic and stands in no message, whatever the other side repeats.
#[tokio::test]
async fn own_a_login_goes_out_and_is_never_told() {
    provide_tls();
    let server = FaultyServer::start(|request| {
        let login = request
            .header("authorization")
            .unwrap_or_default()
            .to_owned();
        assert_eq!(login, "Basic b3BlcmF0b3I6c2VjcmV0LXBhc3N3b3Jk");
        Response::json(&json!({
            "result": null, "id": request.json()["id"],
            "error": {"code": -1, "message": "operator:secret-password may not do this"},
        }))
        .with_status(500)
    });
    let url = server
        .url()
        .replace("http://", "http://operator:secret-password@");
    let settings = settings("bitcoin", "00", "bitcoin_rpc", &url);
    let error = open(settings).unwrap().head().await.unwrap_err();
    for text in [error.to_string(), format!("{error:?}")] {
        assert!(
            !text.contains("secret-password") && !text.contains("operator"),
            "{text}"
        );
        assert!(text.contains("[redacted]"), "{text}");
    }
}

/// What a daemon does not know is told by name; a page of HTML is no answer and no absence.
#[tokio::test]
async fn node_faults_of_a_node_end_in_words_and_never_in_fewer_credits() {
    provide_tls();
    let node = CoinNode::start(Daemon::Bitcoin);
    let paid = node.pay(&[(SCRIPTS[0].bytes(), 40_000)]);
    node.mine(3);
    let to = node.height();
    let proxy = FaultProxy::start(node.rpc_url());
    let mut through = settings_of(&node);
    through.url = node.rpc_url_with_credentials().replace(
        node.rpc_url().trim_start_matches("http://"),
        proxy.url().trim_start_matches("http://"),
    );
    let request = request(&SCRIPTS, to - 2, to);
    let scan = || async {
        let source = open(through.clone()).unwrap();
        source.scan(&request).await
    };
    assert_eq!(
        scan().await.unwrap().observations.len(),
        1,
        "without a fault"
    );

    proxy.rule(Rule::half_body().on_method("getblock").times(1));
    let update = scan().await.unwrap();
    assert_eq!(
        (update.observations.len(), update.gaps.len()),
        (1, 0),
        "asked again"
    );
    proxy.clear();

    proxy.rule(Rule::html().on_method("getblock"));
    assert!(scan().await.is_err(), "a gateway's page is no block");
    proxy.clear();

    proxy.rule(Rule::without_method("getblock"));
    let update = scan().await.unwrap();
    assert_eq!(update.observations.len(), 0);
    assert_eq!(update.gaps.len(), 4, "one for each part");
    assert!(
        update.gaps[0].reason.contains("getblock"),
        "{}",
        update.gaps[0].reason
    );
    proxy.clear();

    // A block of the right length with other bytes.
    proxy.rule(
        Rule::change(|_, mut response| {
            let text = String::from_utf8(response.body.clone()).unwrap();
            response.body = text.replacen("ffffffff", "fffffffe", 3).into_bytes();
            response
        })
        .on_method("getblock"),
    );
    match scan().await {
        Err(_) => {}
        Ok(update) => assert!(!update.gaps.is_empty() || update.observations.len() == 1),
    }
    proxy.clear();

    // Another branch in the middle of a range.
    let other = node.block_hash(1);
    proxy.rule(
        Rule::change(move |request, mut response| {
            let calls = request.rpc_calls();
            let wanted = calls.iter().find(|call| call["params"][0] == to - 1);
            if let (Some(wanted), Ok(mut answer)) =
                (wanted, serde_json::from_slice::<Value>(&response.body))
            {
                for entry in answer.as_array_mut().into_iter().flatten() {
                    if entry["id"] == wanted["id"] {
                        entry["result"] = json!(other);
                    }
                }
                response.body = answer.to_string().into_bytes();
            }
            response
        })
        .on_method("getblockhash"),
    );
    let error = scan().await.unwrap_err();
    assert!(matches!(error, SourceError::Inconsistent { .. }), "{error}");
    proxy.clear();

    // Who paid cannot be told: no credit is lost for it, and it goes back to nobody by itself.
    proxy.rule(Rule::without_method("getrawtransaction"));
    let update = scan().await.unwrap();
    assert_eq!(update.observations.len(), 1);
    assert_eq!(update.observations[0].tx_id.as_str(), paid.txid);
    assert_eq!(update.observations[0].from, None);
    assert_eq!(
        update.observations[0].flags,
        [recover_core::observation::Flag::MultiSource]
    );
}

/// A 404 of a gateway is no absence, and neither is one of a wrong path.
#[tokio::test]
async fn node_pitfall_016_a_gateways_404_is_no_absence() {
    provide_tls();
    let node = Arc::new(CoinNode::start(Daemon::Bitcoin));
    let frame = esplora(&node, FrameOptions::default());
    let proxy = FaultProxy::start(&frame.url());
    let mut own = settings("bitcoin", &node.caip2(), "esplora", &proxy.url());
    own.proves_absence = true;
    let source = open(own).unwrap();
    assert_eq!(
        source.transaction(&nothing()).await.unwrap(),
        Lookup::Absent
    );
    for body in [
        "<html><head><title>404 Not Found</title></head></html>",
        "Not Found",
        "404 page not found",
    ] {
        let page = Response::status(404).with_body("text/html", body);
        proxy.rule(Rule::answer(page).when(|request| request.path.starts_with("/tx/")));
        let answer = source.transaction(&nothing()).await;
        assert!(answer.is_err(), "{body}: {answer:?}");
        proxy.clear();
    }
    // A page of a block with a transaction left out.
    for value in 0..3 {
        node.pay(&[(SCRIPTS[0].bytes(), 50_000 + value)]);
    }
    node.mine(1);
    let to = node.height();
    let options = FrameOptions {
        without_raw_blocks: true,
    };
    let frame = esplora(&node, options);
    let proxy = FaultProxy::start(&frame.url());
    let source = open(settings("bitcoin", &node.caip2(), "esplora", &proxy.url())).unwrap();
    let wanted = request(&SCRIPTS, to, to);
    assert_eq!(source.scan(&wanted).await.unwrap().observations.len(), 3);
    proxy.rule(
        Rule::change(|_, mut response| {
            let mut rows: Vec<Value> = serde_json::from_slice(&response.body).unwrap();
            rows.pop();
            response.body = serde_json::to_vec(&rows).unwrap();
            response
        })
        .when(|request| request.path.contains("/txs/")),
    );
    let error = source.scan(&wanted).await.unwrap_err();
    assert!(matches!(error, SourceError::Inconsistent { .. }), "{error}");
    assert_eq!(source.header(Height(to + 1)).await.unwrap(), None);
}
