//! Explorers over HTTP with the lists and answers that Etherscan gave in 2020.

use crate::fixture::json;
use crate::world::provide_tls;
use recover_chain_evm::address;
use recover_chain_evm::config::{EvmSourceConfig, FinalityRule, SourceKind};
use recover_core::address::Address;
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::{Height, HeightRange, TxId};
use recover_core::network::NetworkId;
use recover_core::observation::{Mechanism, Outcome};
use recover_core::verdict::Code;
use recover_source::chain::{ChainRead, Lookup, Part};
use recover_source::retry::RetryPolicy;
use recover_testkit::{FaultyServer, Request, Response};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const EMPTY: &str = r#"{"status":"0","message":"No transactions found","result":[]}"#;

/// What the log kept of an answer, as the answer was: rows in their envelope, proxied values in theirs.
fn recorded(name: &str) -> Value {
    json(&format!("etherscan/{name}"))["res"].clone()
}

fn number(request: &Request, name: &str) -> u64 {
    request.query_value(name).unwrap().parse().unwrap()
}

/// A list as the explorer pages it: by block range, page and offset, and never more than 10,000 rows of a query.
pub fn paged(request: &Request, rows: &[Value]) -> Response {
    let height = |row: &Value| row["blockNumber"].as_str().unwrap().parse::<u64>().unwrap();
    let (from, to) = (number(request, "startblock"), number(request, "endblock"));
    let (page, offset) = (number(request, "page"), number(request, "offset"));
    let kept: Vec<Value> = rows
        .iter()
        .filter(|row| (from..=to).contains(&height(row)))
        .skip(((page - 1) * offset) as usize)
        .take(offset as usize)
        .cloned()
        .collect();
    if kept.is_empty() {
        return Response::status(200).with_body("application/json", EMPTY);
    }
    Response::json(&json!({"status": "1", "message": "OK", "result": kept}))
}

pub fn proxied(result: &Value) -> Response {
    Response::json(&json!({"jsonrpc": "2.0", "id": 1, "result": result}))
}

pub fn explorer(server: &FaultyServer, kind: SourceKind, page_size: u32) -> Arc<dyn ChainRead> {
    provide_tls();
    let mut config = EvmSourceConfig::new(NetworkId::new("ethereum"), 1, kind, &server.url());
    config.key = (kind == SourceKind::EtherscanV2).then(|| "CANARY-KEY".to_owned());
    config.page_size = page_size;
    config.finality = FinalityRule::Confirmations(12);
    config.retry = RetryPolicy {
        tries_max: 3,
        delay_min: Duration::from_millis(1),
        delay_max: Duration::from_millis(20),
    };
    recover_chain_evm::open(config).unwrap()
}

pub fn account(text: &str) -> Address {
    address::parse(text).unwrap()
}

pub fn heights(from: u64, to: u64) -> HeightRange {
    HeightRange::new(Height(from), Height(to)).unwrap()
}

/// An explorer with one recorded list; all others are empty.
fn with_list(action: &'static str, name: &str) -> FaultyServer {
    let rows = recorded(name).as_array().unwrap().clone();
    let header = recorded("get_proxy_block_by_number");
    FaultyServer::start(
        move |request| match request.query_value("action").as_deref() {
            Some(found) if found == action => paged(request, &rows),
            // A block that no list names the hash of: the recorded one, at the height asked for.
            Some("eth_getBlockByNumber") => {
                let mut block = header.clone();
                block["number"] = json!(request.query_value("tag").unwrap());
                proxied(&block)
            }
            _ => Response::status(200).with_body("application/json", EMPTY),
        },
    )
}

#[tokio::test]
async fn an_accounts_payments_are_its_credits() {
    let server = with_list("txlist", "get_normal_txs_by_address");
    let owner = account("0xddbd2b932c763ba5b1b7ae3b362eac3e8d40121a");
    let update = explorer(&server, SourceKind::EtherscanV2, 1000)
        .history(&owner, heights(0, 99_999_999))
        .await
        .unwrap();
    let rows = recorded("get_normal_txs_by_address");
    let expected = rows
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| {
            row["to"] == owner.text().to_lowercase()
                && row["value"] != "0"
                && row["from"] != row["to"]
        })
        .count();
    assert!(expected > 3);
    assert_eq!(update.observations.len(), expected);
    assert_eq!(update.gaps, []);
    // What genesis gave has no transaction: it belongs to its block.
    let genesis = &update.observations[0];
    assert_eq!(genesis.tx_id, TxId::new("block:0"));
    assert_eq!(genesis.amount.to_base_units(), "10000000000000000000000");
    // Before Byzantium there is no status, and the list's word is no proof.
    assert_eq!(update.observations[1].outcome, Outcome::Unknown);
    let request = &server.requests()[0];
    assert_eq!(request.query_value("chainid").as_deref(), Some("1"));
    assert_eq!(request.query_value("apikey").as_deref(), Some("CANARY-KEY"));
}

#[tokio::test]
async fn pitfall_014_any_page_size_gives_the_same_history() {
    let owner = account("0xddbd2b932c763ba5b1b7ae3b362eac3e8d40121a");
    let mut histories = Vec::new();
    for size in [2, 7, 1000] {
        let server = with_list("txlist", "get_normal_txs_by_address");
        let update = explorer(&server, SourceKind::EtherscanV2, size)
            .history(&owner, heights(0, 99_999_999))
            .await
            .unwrap();
        assert_eq!(update.gaps, []);
        histories.push(update.observations);
    }
    assert_eq!(histories[0], histories[1]);
    assert_eq!(histories[1], histories[2]);
}

#[tokio::test]
async fn internal_payments_keep_the_path_of_their_call() {
    let name = "get_internal_txs_by_address";
    let rows = recorded(name);
    // The recorded list is of a contract's own payments: each of its payees is asked for in turn.
    let payee = rows[1]["to"].as_str().unwrap().to_owned();
    let paid: Vec<&Value> = rows
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["to"] == payee.as_str() && row["isError"] == "0" && row["value"] != "0")
        .collect();
    assert!(!paid.is_empty());
    let server = with_list("txlistinternal", name);
    let update = explorer(&server, SourceKind::EtherscanV2, 1000)
        .history(&account(&payee), heights(0, 2_702_578))
        .await
        .unwrap();
    assert_eq!(update.observations.len(), paid.len());
    let first = &update.observations[0];
    assert_eq!(
        first.position.as_str(),
        format!("trace:{}", paid[0]["traceId"].as_str().unwrap())
    );
    assert_eq!(
        first.amount.to_base_units(),
        paid[0]["value"].as_str().unwrap()
    );
    assert_eq!(first.mechanism, Mechanism::InternalCall);
}

#[tokio::test]
async fn internal_payments_without_a_path_are_a_gap_that_names_the_transaction() {
    let mut rows = recorded("get_internal_txs_by_txhash")
        .as_array()
        .unwrap()
        .clone();
    rows[0]["hash"] = json!("0x40eb908387324f2b575b4879cd9d7188f69c8fc9d87c901b9e2daaea4b442170");
    let payee = rows[0]["to"].as_str().unwrap().to_owned();
    let header = recorded("get_proxy_block_by_number");
    let server =
        FaultyServer::start(
            move |request| match request.query_value("action").as_deref() {
                Some("txlistinternal") => paged(request, &rows),
                Some("eth_getBlockByNumber") => {
                    let mut block = header.clone();
                    block["number"] = json!(request.query_value("tag").unwrap());
                    proxied(&block)
                }
                _ => Response::status(200).with_body("application/json", EMPTY),
            },
        );
    let update = explorer(&server, SourceKind::EtherscanV2, 1000)
        .history(&account(&payee), heights(0, 2_702_578))
        .await
        .unwrap();
    assert_eq!(update.observations, []);
    assert_eq!(update.gaps.len(), 1);
    assert_eq!(update.gaps[0].part, Part::Internal);
    assert!(
        update.gaps[0].reason.contains("0x40eb908387324f2b"),
        "{}",
        update.gaps[0].reason
    );
}

/// A receipt that holds the transfers of these rows, as the node behind the explorer has it.
pub fn receipt_of(rows: &[&Value]) -> Value {
    let word = |text: &Value| format!("0x{:0>64}", text.as_str().unwrap().trim_start_matches("0x"));
    let hex_of = |text: &Value| {
        let amount = Amount::from_base_units(text.as_str().unwrap()).unwrap();
        format!("0x{}", hex::encode(amount.to_be_bytes()))
    };
    let first = rows[0];
    let number: u64 = first["blockNumber"].as_str().unwrap().parse().unwrap();
    let logs: Vec<Value> = rows
        .iter()
        .enumerate()
        .map(|(index, row)| {
            json!({
                "address": row["contractAddress"], "data": hex_of(&row["value"]),
                "topics": [format!("{:?}", recover_chain_evm::decode::TRANSFER), word(&row["from"]), word(&row["to"])],
                "logIndex": format!("0x{:x}", 7 + index), "blockHash": row["blockHash"],
                "blockNumber": format!("0x{number:x}"), "transactionHash": row["hash"], "transactionIndex": "0x0",
            })
        })
        .collect();
    json!({"transactionHash": first["hash"], "blockHash": first["blockHash"],
        "blockNumber": format!("0x{number:x}"), "status": "0x1", "logs": logs})
}

#[tokio::test]
async fn token_payments_get_their_place_from_the_receipt() {
    let name = "get_erc20_token_transfer_events_by_address_and_contract_paginated";
    let rows = recorded(name).as_array().unwrap().clone();
    let owner = "0x4e83362442b8d1bec281594cea3050c8eb01311c";
    let all = rows.clone();
    let server =
        FaultyServer::start(
            move |request| match request.query_value("action").as_deref() {
                Some("tokentx") => paged(request, &all),
                Some("eth_getTransactionReceipt") => {
                    let hash = request.query_value("txhash").unwrap();
                    let own: Vec<&Value> = all
                        .iter()
                        .filter(|row| row["hash"] == hash.as_str())
                        .collect();
                    proxied(&receipt_of(&own))
                }
                _ => Response::status(200).with_body("application/json", EMPTY),
            },
        );
    let update = explorer(&server, SourceKind::EtherscanV2, 10)
        .history(&account(owner), heights(0, 99_999_999))
        .await
        .unwrap();
    let expected = rows
        .iter()
        .filter(|row| row["to"] == owner && row["from"] != owner && row["value"] != "0")
        .count();
    assert!(expected > 5);
    assert_eq!(update.observations.len(), expected);
    assert_eq!(update.gaps, []);
    let first = &update.observations[0];
    assert_eq!(first.amount.to_base_units(), "5901522149285533025181");
    assert_eq!(
        first.asset.contract_text(),
        Some("0x9f8F72aA9304c8B593d555F12eF6589cC3A579A2")
    );
    assert!(first.position.as_str().starts_with("log:"));
}

#[tokio::test]
async fn the_proxy_answers_like_a_node() {
    let server = FaultyServer::start(|request| {
        let block = || {
            let mut block = recorded("get_proxy_block_by_number");
            let receipt = recorded("get_proxy_transaction_receipt");
            if request.query_value("tag").as_deref() == receipt["blockNumber"].as_str() {
                block["number"] = receipt["blockNumber"].clone();
                block["hash"] = receipt["blockHash"].clone();
            }
            // Asked for hashes it gives hashes; the log kept an answer in full.
            block["transactions"] = json!([]);
            block
        };
        match request.query_value("action").as_deref() {
            Some("eth_blockNumber") => proxied(&recorded("get_proxy_block_number")),
            Some("eth_getBlockByNumber") => proxied(&block()),
            Some("eth_getTransactionByHash") => proxied(&recorded("get_proxy_transaction_by_hash")),
            Some("eth_getTransactionReceipt") => {
                proxied(&recorded("get_proxy_transaction_receipt"))
            }
            Some("eth_getCode") => proxied(&recorded("get_proxy_code_at")),
            Some("eth_getTransactionCount") => proxied(&json!("0x2")),
            Some("balance") => Response::json(
                &json!({"status": "1", "message": "OK", "result": recorded("get_eth_balance")}),
            ),
            other => panic!("{other:?} was not expected"),
        }
    });
    let source = explorer(&server, SourceKind::EtherscanV2, 1000);
    let id = TxId::new("0x1e2910a262b1008d0616a0beb24c1a491d78771baa54a33e66065e03b1f46bc1");
    let Lookup::Found(view) = source.transaction(&id).await.unwrap() else {
        panic!("it is there");
    };
    assert_eq!(view.block.as_ref().unwrap().height, Height(0x70839));
    // No status, no trace: nobody knows.
    assert_eq!(view.outcome, Outcome::Unknown);
    assert!(view.unread.contains(&Part::Internal));
    assert_eq!(view.to_is_contract, Some(true));
    let state = source
        .account(&account("0xf75e354c5edc8efed9b59ee9f67a80845ade7d0c"))
        .await
        .unwrap();
    assert!(matches!(state.code, Code::Contract(_)));
    assert_eq!((state.nonce, state.at), (2, Height(0xaa_0fb6)));
    let owner = account("0xddbd2b932c763ba5b1b7ae3b362eac3e8d40121a");
    let balance = source
        .balance(&owner, &AssetId::native(NetworkId::new("ethereum")))
        .await
        .unwrap();
    assert_eq!(balance.to_base_units(), "40891631566070000000000");
}
