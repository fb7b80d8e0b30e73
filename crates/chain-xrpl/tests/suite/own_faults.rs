//! What a server's errors mean: try again, give up, or disbelieve.

use crate::fixture::json;
use crate::server::{error, info, node, server};
use recover_core::block::{Height, HeightRange, TxId};
use recover_source::chain::{AccountRequest, ChainRead};
use recover_source::error::{Advice, SourceError};
use serde_json::{Value, json};

const ACCOUNT: &str = "rnZmVGX6f4pUYyS4oXYJzoLdRojQV8y297";

/// The error of asking an account when the server answers so, and how often it was asked.
async fn asked(answer: Value) -> (SourceError, usize) {
    let server = server(move |method, _| {
        Ok(match method {
            "server_info" => info("1-900", 900),
            _ => answer.clone(),
        })
    });
    let address = recover_chain_xrpl::address::parse(ACCOUNT).unwrap().address;
    let error = node(&server).account(&address).await.unwrap_err();
    let count = server.asked.lock().unwrap().len();
    (error, count - 1)
}

#[tokio::test]
async fn every_error_word_has_one_meaning() {
    for (code, advice, tries) in [
        ("slowDown", Advice::Retry, 3),
        ("tooBusy", Advice::Retry, 3),
        ("noNetwork", Advice::Retry, 3),
        ("noCurrent", Advice::Retry, 3),
        ("noClosed", Advice::Retry, 3),
        ("failedToForward", Advice::Retry, 3),
        ("internal", Advice::Retry, 3),
        ("amendmentBlocked", Advice::GiveUp, 1),
        ("unknownCmd", Advice::GiveUp, 1),
        ("lgrIdxMalformed", Advice::GiveUp, 1),
        ("lgrIdxsInvalid", Advice::GiveUp, 1),
        ("excessiveLgrRange", Advice::GiveUp, 1),
        ("actMalformed", Advice::GiveUp, 1),
        ("invalidParams", Advice::GiveUp, 1),
        ("aWordOfTomorrow", Advice::GiveUp, 1),
    ] {
        let (error, count) = asked(error(code)).await;
        assert_eq!((error.advice(), count), (advice, tries), "{code}: {error}");
    }
}

#[tokio::test]
async fn every_recorded_error_is_understood() {
    for (name, advice) in [
        ("err_doc_amendmentBlocked", Advice::GiveUp),
        ("err_doc_ledgerIndexMalformed", Advice::GiveUp),
        ("err_subscribe_invalidParams", Advice::GiveUp),
    ] {
        let (error, _) = asked(json(name)).await;
        assert_eq!(error.advice(), advice, "{name}: {error}");
        // Words of the server stand in it, the request that it repeats does not.
        assert!(!error.to_string().contains("tx_blob"));
    }
    let (error, count) = asked(
        json!({"error": "slowDown", "error_code": 10, "status": "error",
        "type": "response", "error_message": "You are placing too much load on the server"}),
    )
    .await;
    assert!(matches!(error, SourceError::RateLimited { .. }), "{error}");
    assert_eq!(count, 3);
    // A warning that the server no longer follows the network taints the answer beside it.
    let (error, _) = asked(
        json!({"result": {"account_data": {"Sequence": 1}, "warnings": [
        {"id": 1002, "message": "This server is amendment blocked"}]}}),
    )
    .await;
    assert!(error.to_string().contains("amendmentBlocked"), "{error}");
}

#[tokio::test]
async fn what_is_no_answer_is_disbelieved() {
    for odd in [
        json!("Server is overloaded"),
        json!("<html>"),
        json!([]),
        json!({}),
        json!({"result": []}),
        json!({"result": null}),
        json!({"result": {"account_data": 7}}),
    ] {
        let (error, count) = asked(odd.clone()).await;
        assert_eq!(error.advice(), Advice::Disbelieve, "{odd}: {error}");
        assert!(count >= 1, "{odd}");
    }
}

#[tokio::test]
async fn another_network_is_refused_before_anything_is_believed() {
    let recorded = json("server_info_network_id");
    let wrong = server(move |_, _| Ok(recorded.clone()));
    let error = node(&wrong).capabilities().await.unwrap_err();
    assert!(
        matches!(&error, SourceError::WrongNetwork { expected, found, .. }
            if expected == "xrpl:0" && found == "xrpl:1"),
        "{error}"
    );
    assert!(node(&wrong).head().await.is_err());
    // Old servers do not say; the recorded ones with 0 and with nothing are the main network.
    for name in [
        "server_info",
        "server_info_high_load",
        "server_info_jsonrpc",
    ] {
        let recorded = json(name);
        let main = server(move |_, _| Ok(recorded.clone()));
        assert!(node(&main).capabilities().await.unwrap().accounts, "{name}");
    }
}

async fn page(answer: Value) -> Result<(), SourceError> {
    let server = server(move |method, _| {
        Ok(match method {
            "server_info" => info("1-99999999", 99_999_999),
            "account_tx" => answer.clone(),
            _ => error("unknownCmd"),
        })
    });
    let request = AccountRequest {
        address: recover_chain_xrpl::address::parse(ACCOUNT).unwrap().address,
        range: HeightRange::new(Height(1), Height(99_999_999)).unwrap(),
        resume: None,
    };
    node(&server).account_page(&request).await.map(|_| ())
}

#[tokio::test]
async fn pages_that_cannot_be_true_are_disbelieved() {
    let honest = json("account_tx_49");
    assert!(page(honest.clone()).await.is_ok());
    let spoil = |change: &dyn Fn(&mut Value)| {
        let mut answer = honest.clone();
        change(&mut answer["result"]);
        answer
    };
    type Change<'a> = (&'a str, &'a dyn Fn(&mut Value));
    let cases: [Change<'_>; 6] = [
        ("another account", &|result| {
            result["account"] = json!("rvYAfWj5gh67oV6fW32ZzP3Aw4Eubs59B");
        }),
        ("an amount edited", &|result| {
            result["transactions"][0]["tx"]["Amount"] = json!("99999999999");
        }),
        ("a delivery edited", &|result| {
            result["transactions"][2]["meta"]["delivered_amount"] = json!("99999999999");
        }),
        ("a balance edited", &|result| {
            let nodes = &mut result["transactions"][3]["meta"]["AffectedNodes"];
            for node in nodes.as_array_mut().unwrap() {
                node["ModifiedNode"]["FinalFields"]["Balance"] = json!("1");
            }
        }),
        ("not validated", &|result| {
            result["transactions"][0]["validated"] = json!(false);
        }),
        ("no transactions", &|result| {
            result.as_object_mut().unwrap().remove("transactions");
        }),
    ];
    for (what, change) in cases {
        let error = page(spoil(change)).await.unwrap_err();
        assert_eq!(error.advice(), Advice::Disbelieve, "{what}: {error}");
    }
    // A place that never advances would be read for ever.
    let stuck = spoil(&|result| {
        result["transactions"] = json!([]);
        result["marker"] = json!({"ledger": 5, "seq": 1});
    });
    let server = server(move |method, _| {
        Ok(match method {
            "server_info" => info("1-99999999", 99_999_999),
            _ => stuck.clone(),
        })
    });
    let address = recover_chain_xrpl::address::parse(ACCOUNT).unwrap().address;
    let range = HeightRange::new(Height(1), Height(99_999_999)).unwrap();
    let error = node(&server).history(&address, range).await.unwrap_err();
    assert_eq!(error.advice(), Advice::Disbelieve, "{error}");
}

#[tokio::test]
async fn a_look_up_that_fails_is_no_absence() {
    let broken = server(|method, _| match method {
        "server_info" => Ok(info("1-900", 900)),
        _ => Err(SourceError::Unreachable {
            origin: "rippled test".to_owned(),
            detail: "http status 503".to_owned(),
        }),
    });
    let id = TxId::new(&"0".repeat(64));
    assert!(node(&broken).transaction(&id).await.is_err());
    let address = recover_chain_xrpl::address::parse(ACCOUNT).unwrap().address;
    assert!(node(&broken).account(&address).await.is_err());
    assert!(
        node(&broken)
            .preflight(&address, recover_chain_xrpl::asset::Asset::Xrp)
            .await
            .is_err()
    );
}
