//! Etherscan's proxy module: a part of JSON-RPC as query parameters.

use super::answer::{read_value, redacted};
use crate::rpc::{Call, RpcCall};
use async_trait::async_trait;
use bytes::Bytes;
use recover_core::amount::Amount;
use recover_source::error::SourceError;
use recover_source::retry::RetryPolicy;
use recover_source::transport::Transport;
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) struct EtherscanProxy {
    pages: Arc<dyn Transport>,
    chain_id: String,
    retry: RetryPolicy,
}

impl EtherscanProxy {
    pub(super) fn new(pages: Arc<dyn Transport>, chain_id: u64, retry: RetryPolicy) -> Self {
        Self {
            pages,
            chain_id: chain_id.to_string(),
            retry,
        }
    }

    async fn one(&self, call: &Call) -> Result<Bytes, SourceError> {
        let param = |place: usize| call.params.get(place).cloned().unwrap_or(Value::Null);
        let text = |value: Value| match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        let field = |name: &str| text(param(0).get(name).cloned().unwrap_or(json!("0x")));
        let further: Vec<(&str, String)> = match call.method {
            "eth_blockNumber" | "eth_gasPrice" => Vec::new(),
            "eth_getBlockByNumber" => {
                vec![("tag", text(param(0))), ("boolean", text(param(1)))]
            }
            "eth_getTransactionByHash" | "eth_getTransactionReceipt" => {
                vec![("txhash", text(param(0)))]
            }
            "eth_getCode" | "eth_getTransactionCount" => {
                vec![("address", text(param(0))), ("tag", text(param(1)))]
            }
            "eth_call" => vec![
                ("to", field("to")),
                ("data", field("data")),
                ("tag", text(param(1))),
            ],
            "eth_estimateGas" => vec![
                ("to", field("to")),
                ("value", field("value")),
                ("data", field("data")),
            ],
            "eth_getBalance" => return self.balance(&text(param(0))).await,
            other => {
                return Err(SourceError::Unsupported {
                    origin: self.pages.origin().to_owned(),
                    what: other.to_owned(),
                });
            }
        };
        let mut query = vec![
            ("chainid", self.chain_id.as_str()),
            ("module", "proxy"),
            ("action", call.method),
        ];
        query.extend(further.iter().map(|(name, value)| (*name, value.as_str())));
        let value = self.ask(&query).await?;
        Ok(Bytes::from(value.to_string()))
    }

    /// The balance in decimal, which only the account module has.
    async fn balance(&self, address: &str) -> Result<Bytes, SourceError> {
        let query = [
            ("chainid", self.chain_id.as_str()),
            ("module", "account"),
            ("action", "balance"),
            ("address", address),
            ("tag", "latest"),
        ];
        let value = self.ask(&query).await?;
        let amount = value
            .as_str()
            .and_then(|text| Amount::from_base_units(text).ok())
            .ok_or_else(|| SourceError::Inconsistent {
                origin: self.pages.origin().to_owned(),
                detail: "a balance that is no number".to_owned(),
            })?;
        let quantity = format!("0x{}", hex::encode(amount.to_be_bytes()));
        Ok(Bytes::from(json!(quantity).to_string()))
    }

    async fn ask(&self, query: &[(&str, &str)]) -> Result<Value, SourceError> {
        self.retry
            .run(|| async {
                let body = self.pages.get("", query).await?;
                let origin = self.pages.origin();
                read_value(origin, &body)
                    .or_else(|_| read_value(origin, &redacted(&*self.pages, &body)))
            })
            .await
    }
}

#[async_trait]
impl RpcCall for EtherscanProxy {
    fn origin(&self) -> &str {
        self.pages.origin()
    }

    async fn batch(
        &self,
        calls: Vec<Call>,
    ) -> Result<Vec<Result<Bytes, SourceError>>, SourceError> {
        let mut answers = Vec::with_capacity(calls.len());
        for call in &calls {
            answers.push(self.one(call).await);
        }
        Ok(answers)
    }
}
