//! Envelopes of JSON-RPC as real nodes wrote them, through the real client.

use crate::fixture::{decoder, json, lines, read};
use async_trait::async_trait;
use bytes::Bytes;
use recover_chain_evm::rpc::{Call, RpcClient, ask};
use recover_chain_evm::trace::read_flat;
use recover_chain_evm::wire::{FlatTrace, Log, Receipt, Transaction};
use recover_source::error::SourceError;
use recover_source::retry::RetryPolicy;
use recover_source::transport::Transport;
use serde_json::Value;
use std::sync::Arc;

/// Answers every request with one recorded answer, under the request's id.
struct Recorded(Value);

#[async_trait]
impl Transport for Recorded {
    fn origin(&self) -> &str {
        "recorded node"
    }

    async fn post(&self, body: Bytes) -> Result<Bytes, SourceError> {
        let request: Value = serde_json::from_slice(&body).unwrap();
        let mut answer = self.0.clone();
        answer["id"] = request["id"].clone();
        Ok(Bytes::from(answer.to_string()))
    }

    async fn get(&self, _path: &str, _query: &[(&str, &str)]) -> Result<Bytes, SourceError> {
        panic!("a node is posted to");
    }
}

async fn answer(name: &str) -> Result<Value, SourceError> {
    let file = json(name);
    let client = RpcClient::new(
        Arc::new(Recorded(file[0]["response"].clone())),
        RetryPolicy::once(),
    );
    ask(&client, Call::new("recorded", Value::Null)).await
}

#[tokio::test]
async fn a_null_result_beside_an_error_is_an_error() {
    let error = answer("evm/erigon_trace_filter_22").await.unwrap_err();
    let SourceError::Refused { code, detail, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(code, -32000);
    assert!(
        detail.contains("fromBlock cannot be greater than toBlock"),
        "{detail}"
    );
}

#[tokio::test]
async fn genesis_is_not_traceable_and_that_is_no_fault_of_the_node() {
    let error = answer("evm/erigon_debug_traceBlockByNumber_23")
        .await
        .unwrap_err();
    assert!(
        matches!(&error, SourceError::Refused { detail, .. } if detail.contains("genesis")),
        "{error}"
    );
}

#[tokio::test]
async fn what_is_unknown_is_null_and_no_error() {
    for name in [
        "evm/erigon_eth_getTransactionByHash_02",
        "evm/erigon_eth_getTransactionReceipt_02",
        "evm/erigon_eth_getBlockByNumber_03",
    ] {
        assert_eq!(answer(name).await.unwrap(), Value::Null, "{name}");
    }
    let known: Transaction = serde_json::from_value(
        answer("evm/erigon_eth_getTransactionByHash_01")
            .await
            .unwrap(),
    )
    .unwrap();
    assert_eq!(known.kind, Some(2));
}

#[test]
fn a_payment_of_one_token_unit_and_a_block_of_calls_without_value() {
    let receipt: Receipt = read("evm/erigon_eth_getTransactionReceipt_03");
    assert_eq!(
        lines(&decoder(1).logs(&receipt.logs, None)),
        ["log:0 0xa98f5a>0x14f553 1000000000"]
    );
    let (traces, rewards) = read_flat(&read::<Vec<FlatTrace>>("evm/erigon_trace_block_11"));
    assert!(
        traces
            .iter()
            .all(|trace| trace.succeeded && trace.moves.is_empty())
    );
    assert_eq!(rewards.len(), 1);
}

#[test]
fn a_log_may_say_its_blocks_time() {
    let logs: Vec<Log> = read("evm/erigon_eth_getLogs_20");
    assert!(logs.iter().all(|log| log.block_timestamp.is_some()));
}
