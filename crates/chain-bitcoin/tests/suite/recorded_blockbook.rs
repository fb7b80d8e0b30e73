//! Recorded answers of Blockbook, served at the addresses that its API has.

use crate::fixture;
use crate::world::{nothing, provide_tls, quick};
use recover_chain_bitcoin::address;
use recover_chain_bitcoin::open;
use recover_core::address::Address;
use recover_core::block::{Height, HeightRange, TxId};
use recover_core::network::NetworkId;
use recover_core::observation::{Observation, Outcome};
use recover_source::chain::{AccountRequest, ChainRead, Lookup};
use recover_source::conformance::{AccountCase, check_account};
use recover_source::error::SourceError;
use recover_source::settings::SourceSettings;
use recover_testkit::{FaultyServer, Request, Response};
use serde_json::{Value, json};
use std::sync::Arc;

const NETWORKS: [(&str, &str, &str, &str); 5] = [
    (
        "bitcoin",
        "bitcoin",
        "000000000019d6689c085ae165831e93",
        "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f",
    ),
    (
        "litecoin",
        "litecoin",
        "12a765e31ffd4059bada1e25190f6e98",
        "12a765e31ffd4059bada1e25190f6e98c99d9714d334efa41a195a7e7e04bfe2",
    ),
    (
        "dogecoin",
        "doge",
        "1a91e3dace36e2be3bf030a65679fe82",
        "1a91e3dace36e2be3bf030a65679fe821aa1d6ef92e7c9902eb318182c355691",
    ),
    (
        "dash",
        "dash",
        "00000ffd590b1485b3caadc19b22e637",
        "00000ffd590b1485b3caadc19b22e6379c733355108f107a430458cdf3407ab6",
    ),
    (
        "bitcoin-cash",
        "bitcoincash",
        "000000000000000000651ef99cb9fcbe",
        "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f",
    ),
];

/// Where Bitcoin and Bitcoin Cash parted: the first blocks of each one's own.
fn landmark(network: &str, height: &str) -> Option<&'static str> {
    match (network, height) {
        ("bitcoin", "478559") => {
            Some("00000000000000000019f112ec0a9982926f1258cdcc558dd7c3b7e5dc7fa148")
        }
        ("bitcoin-cash", "478559") => {
            Some("000000000000000000651ef99cb9fcbe0dadde1d424bd9f15ff20136191a5eec")
        }
        ("bitcoin-cash", "556767") => {
            Some("0000000000000000004626ff6e3b936941d341c5932ece4357eeccac44e6d56c")
        }
        // Where eCash left.
        ("bitcoin-cash", "661648") => {
            Some("0000000000000000029e471c41818d24b8b74c911071c4ef0b4a0509f9b5a8ce")
        }
        _ => None,
    }
}

fn answer(request: &Request, network: &str, genesis: &str, page: &Value) -> Response {
    let path: Vec<&str> = request.path.trim_matches('/').split('/').collect();
    match path[..] {
        ["api", "v2"] => {
            Response::json(&json!({"blockbook": {"bestHeight": 4_000_000, "initialSync": false}}))
        }
        ["api", "v2", "block-index", "0"] => Response::json(&json!({"blockHash": genesis})),
        ["api", "v2", "block-index", height] => {
            Response::json(&json!({"blockHash": landmark(network, height).unwrap_or_default()}))
        }
        ["api", "v2", "address", _] => Response::json(page),
        ["api", "v2", "tx", id] => {
            let rows = page["transactions"].as_array().into_iter().flatten();
            let found = rows.into_iter().find(|row| row["txid"] == id);
            found.map_or_else(
                || {
                    Response::json(&json!({"error": format!("Transaction '{id}' not found")}))
                        .with_status(400)
                },
                Response::json,
            )
        }
        _ => Response::status(404),
    }
}

struct Served {
    source: Arc<dyn ChainRead>,
    _server: FaultyServer,
    address: Address,
    page: Value,
}

fn serve(network: &'static str, chain: &str, genesis: &'static str, page: Value) -> Served {
    provide_tls();
    let text = page["address"].as_str().unwrap_or_default();
    let parsed = address::parse(text).unwrap();
    let form = recover_chain_bitcoin::network::form(&NetworkId::new(network)).unwrap();
    let address = address::format(&parsed.script, form).unwrap();
    let served = page.clone();
    let server = FaultyServer::start(move |request| answer(request, network, genesis, &served));
    let mut settings =
        SourceSettings::new(NetworkId::new(network), chain, "blockbook", &server.url());
    settings.retry = quick();
    Served {
        source: open(settings).unwrap(),
        _server: server,
        address,
        page,
    }
}

fn total(credits: &[Observation]) -> u128 {
    credits
        .iter()
        .filter_map(|credit| credit.amount.to_u128())
        .sum()
}

/// What an address received by its own count is what its credits sum up to, each seen once; the same however the range is cut.
#[tokio::test]
async fn recorded_blockbook_histories_of_five_networks() {
    for (network, name, chain, genesis) in NETWORKS {
        let mut page = fixture::json(&format!("blockbook_{name}_address.json"));
        // One page was recorded, of one or of many.
        let is_whole = page["totalPages"] == 1;
        page["totalPages"] = json!(1);
        let served = serve(network, chain, genesis, page);
        let rows = served.page["transactions"].as_array().unwrap();
        let heights = || rows.iter().filter_map(|row| row["blockHeight"].as_u64());
        let (first, last) = (heights().min().unwrap(), heights().max().unwrap());
        let range = HeightRange::new(Height(first), Height(last)).unwrap();
        let stated: Vec<&Value> = rows
            .iter()
            .flat_map(|row| row["vout"].as_array().unwrap())
            .filter(|output| output["addresses"] == json!([served.page["address"]]))
            .collect();
        let case = AccountCase {
            address: served.address.clone(),
            range,
            credits: Some(stated.len()),
            known: None,
            unknown: nothing(),
            two_credits: None,
            failed: None,
        };
        let broken = check_account(served.source.as_ref(), &case).await;
        assert!(broken.is_empty(), "{network}: {broken:#?}");
        let request = AccountRequest {
            address: served.address.clone(),
            range,
            resume: None,
        };
        let found = served.source.account_page(&request).await.unwrap();
        let sum: u128 = stated
            .iter()
            .map(|output| output["value"].as_str().unwrap().parse::<u128>().unwrap())
            .sum();
        assert_eq!(total(&found.observations), sum, "{network}");
        if is_whole {
            let received = served.page["totalReceived"].as_str().unwrap();
            assert_eq!(sum.to_string(), received, "{network}");
        }
        let heights: Vec<_> = found
            .observations
            .iter()
            .map(|credit| credit.block.as_ref().unwrap().height)
            .collect();
        assert!(heights.is_sorted(), "{network}");
        // Every transaction whole, with who paid.
        for row in rows {
            let id = TxId::new(row["txid"].as_str().unwrap());
            let Lookup::Found(view) = served.source.transaction(&id).await.unwrap() else {
                panic!("{network} {id}");
            };
            assert_eq!(view.outcome, Outcome::Success);
            let payer = row["vin"][0]["addresses"][0].as_str();
            assert_eq!(
                view.signer.as_ref().map(Address::text),
                payer,
                "{network} {id}"
            );
        }
        match served.source.transaction(&nothing()).await.unwrap() {
            Lookup::Unknown { reason } => assert!(reason.contains("blockbook"), "{reason}"),
            other => panic!("a public explorer proves nothing: {other:?}"),
        }
    }
}

/// A transaction that waits was recorded with the height -1 beside 116,233 confirmations. It stands in no block.
#[tokio::test]
async fn own_pitfall_020_confirmations_beside_no_height_confirm_nothing() {
    let (network, name, chain, genesis) = NETWORKS[0];
    let mut page = fixture::json(&format!("blockbook_{name}_address.json"));
    let waiting = fixture::json("blockbook_pending_tx.json");
    for key in ["blockHeight", "confirmations"] {
        page["transactions"][0][key] = waiting[key].clone();
    }
    assert_eq!(page["transactions"][0]["blockHeight"], -1);
    let id = TxId::new(page["transactions"][0]["txid"].as_str().unwrap());
    let served = serve(network, chain, genesis, page);
    let Lookup::Found(view) = served.source.transaction(&id).await.unwrap() else {
        panic!("it is there");
    };
    assert_eq!((view.block, view.outcome), (None, Outcome::Unknown));
}

/// Blockbook calls everything not found that went wrong behind it, and then says what it was.
#[tokio::test]
async fn own_pitfall_016_not_found_for_another_reason_is_no_absence() {
    provide_tls();
    let server = FaultyServer::start(|request| match request.path.as_str() {
        "/api/v2" => Response::json(&json!({"blockbook": {"bestHeight": 1}})),
        path if path.contains("block-index") => {
            Response::json(&json!({"blockHash": NETWORKS[1].3}))
        }
        _ => Response::json(&json!({"error": "Transaction 'x' not found (connection refused)"}))
            .with_status(400),
    });
    let mut settings = SourceSettings::new(
        NetworkId::new("litecoin"),
        NETWORKS[1].2,
        "blockbook",
        &server.url(),
    );
    settings.retry = quick();
    settings.proves_absence = true;
    let error = open(settings)
        .unwrap()
        .transaction(&nothing())
        .await
        .unwrap_err();
    assert!(matches!(error, SourceError::Unreachable { .. }), "{error}");
}

/// Other bytes than those of the id, and a block on another chain under the same name.
#[tokio::test]
async fn recorded_blockbook_answers_that_cannot_be_true_are_disbelieved() {
    let (network, name, chain, genesis) = NETWORKS[1];
    let mut page = fixture::json(&format!("blockbook_{name}_address.json"));
    let digits = page["transactions"][0]["hex"].as_str().unwrap().to_owned();
    // Its last output's value, one base unit more.
    let bytes = hex::decode(&digits).unwrap();
    let mut transaction: bitcoin::Transaction = bitcoin::consensus::deserialize(&bytes).unwrap();
    let value = &mut transaction.output[0].value;
    *value = bitcoin::Amount::from_sat(value.to_sat() + 1);
    page["transactions"][0]["hex"] = json!(bitcoin::consensus::encode::serialize_hex(&transaction));
    let id = TxId::new(page["transactions"][0]["txid"].as_str().unwrap());
    let served = serve(network, chain, genesis, page.clone());
    let error = served.source.transaction(&id).await.unwrap_err();
    assert!(matches!(error, SourceError::Inconsistent { .. }), "{error}");

    // A server of Bitcoin under the name of Bitcoin Cash.
    let cash = NETWORKS[4];
    let page = fixture::json("blockbook_bitcoincash_address.json");
    provide_tls();
    let server = FaultyServer::start(move |request| answer(request, "bitcoin", cash.3, &page));
    let mut settings =
        SourceSettings::new(NetworkId::new(cash.0), cash.2, "blockbook", &server.url());
    settings.retry = quick();
    let error = open(settings).unwrap().head().await.unwrap_err();
    assert!(matches!(error, SourceError::WrongNetwork { .. }), "{error}");
    assert!(error.to_string().contains("478559"), "{error}");
}
