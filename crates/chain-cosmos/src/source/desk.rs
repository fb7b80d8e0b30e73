//! What carrying a return needs of either API: the account, a trial run, giving bytes to the network, and finding them there.

use crate::address;
use crate::proto;
use crate::source::api::Api;
use crate::source::comet::{CometRpc, body, text_at};
use crate::source::preflight::{AuthAccount, Preflights};
use crate::source::query;
use crate::source::refusal::Refusal;
use crate::source::rest::CosmosRest;
use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use prost::Message as _;
use recover_core::block::{Height, TxId};
use recover_source::chain::ChainRead;
use recover_source::error::SourceError;
use serde_json::{Value, json};

/// What a node said of bytes that it was given (`CheckTx`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Receipt {
    /// 0: taken.
    pub code: u64,
    /// Whose code it is: `sdk`, or a module.
    pub codespace: String,
    /// Its words.
    pub words: String,
    /// The id that it gives them; `None` where it gives none.
    pub tx_id: Option<TxId>,
}

/// The row of a transaction in an answer, as [`crate::decode::Decoder`] reads it.
pub(super) enum Seen {
    /// Here it is.
    Row(Value),
    /// It does not exist: an own node with every block would have it.
    Absent,
    /// Not here, which proves nothing.
    NotHere,
}

/// A source through which returns are carried.
#[async_trait]
pub(super) trait Desk: ChainRead + Preflights {
    /// The API.
    fn api(&self) -> &Api;

    /// An account in committed state, and the height of that state; `None` where the network does not know it.
    async fn auth(&self, account: &str) -> Result<(Option<AuthAccount>, Height), SourceError>;

    /// Runs a transaction without its signature and says how much gas it used.
    async fn simulate(&self, raw: &[u8]) -> Result<Result<u64, Refusal>, SourceError>;

    /// Gives signed bytes to the network.
    async fn broadcast(&self, raw: &[u8]) -> Result<Result<Receipt, Refusal>, SourceError>;

    /// A transaction by its id.
    async fn seen(&self, id: &TxId) -> Result<Seen, SourceError>;

    /// The transactions that an index has under an event (`tx.acc_seq='cosmos1…/3'`); the inner error is a source that keeps no
    /// such index.
    async fn by_event(&self, term: &str) -> Result<Result<Vec<Value>, Refusal>, SourceError>;
}

const SIMULATE: &str = "/cosmos.tx.v1beta1.Service/Simulate";
/// A slot is used once; more rows are asked for only to see that.
const SLOT_ROWS: &str = "5";

#[async_trait]
impl Desk for CometRpc {
    fn api(&self) -> &Api {
        &self.api
    }

    async fn auth(&self, account: &str) -> Result<(Option<AuthAccount>, Height), SourceError> {
        self.checked().await?;
        self.auth_account(account).await
    }

    async fn simulate(&self, raw: &[u8]) -> Result<Result<u64, Refusal>, SourceError> {
        self.checked().await?;
        let request = query::SimulateRequest {
            tx_bytes: raw.to_vec(),
        };
        let bytes = match self.query(SIMULATE, &request).await? {
            Ok((bytes, _)) => bytes,
            Err(refusal) => return Ok(Err(refusal)),
        };
        query::SimulateAnswer::decode(bytes.as_slice())
            .ok()
            .and_then(|answer| answer.gas_info)
            .map(|gas| Ok(gas.gas_used))
            .ok_or_else(|| self.api.client.not_protocol("a simulation without its gas"))
    }

    async fn broadcast(&self, raw: &[u8]) -> Result<Result<Receipt, Refusal>, SourceError> {
        self.checked().await?;
        let bytes = format!("0x{}", hex::encode(raw));
        let asked = self
            .api
            .ask("/broadcast_tx_sync", &[("tx", &bytes)])
            .await?;
        let answer = match asked {
            Ok(answer) => answer,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let answer = body(&answer);
        let code = answer.get("code").and_then(Value::as_u64);
        Ok(Ok(Receipt {
            code: code.ok_or_else(|| {
                self.api
                    .client
                    .not_protocol("a broadcast's answer without a code")
            })?,
            codespace: text_at(answer, "/codespace").unwrap_or_default(),
            words: text_at(answer, "/log").unwrap_or_default(),
            tx_id: text_at(answer, "/hash").and_then(|text| address::parse_tx_id(&text)),
        }))
    }

    async fn seen(&self, id: &TxId) -> Result<Seen, SourceError> {
        let status = self.checked().await?;
        let hash = format!("0x{id}");
        match self
            .api
            .ask("/tx", &[("hash", &hash), ("prove", "false")])
            .await?
        {
            Ok(answer) => Ok(Seen::Row(answer)),
            Err(refusal) if refusal.is_index_off() => Ok(Seen::NotHere),
            Err(refusal) if refusal.is_not_found() => Ok(if self.proves_absence(status) {
                Seen::Absent
            } else {
                Seen::NotHere
            }),
            Err(refusal) => Err(self.api.refused(refusal)),
        }
    }

    async fn by_event(&self, term: &str) -> Result<Result<Vec<Value>, Refusal>, SourceError> {
        self.checked().await?;
        let query = format!("\"{term}\"");
        let asked = self
            .api
            .ask(
                "/tx_search",
                &[
                    ("query", &query),
                    ("prove", "false"),
                    ("page", "1"),
                    ("per_page", SLOT_ROWS),
                    ("order_by", "\"asc\""),
                ],
            )
            .await?;
        Ok(asked.map(|answer| rows(body(&answer).get("txs"))))
    }
}

#[async_trait]
impl Desk for CosmosRest {
    fn api(&self) -> &Api {
        &self.api
    }

    async fn auth(&self, account: &str) -> Result<(Option<AuthAccount>, Height), SourceError> {
        self.checked().await?;
        // The height first: what is read after it can only be newer.
        let at = self.latest().await?.block.height;
        Ok((self.auth_account(account).await?, at))
    }

    async fn simulate(&self, raw: &[u8]) -> Result<Result<u64, Refusal>, SourceError> {
        self.checked().await?;
        let body = json!({"tx_bytes": STANDARD.encode(raw)});
        let answer = match self.api.post("/cosmos/tx/v1beta1/simulate", &body).await? {
            Ok(answer) => answer,
            Err(refusal) => return Ok(Err(refusal)),
        };
        text_at(&answer, "/gas_info/gas_used")
            .and_then(|text| text.parse().ok())
            .map(Ok)
            .ok_or_else(|| self.api.client.not_protocol("a simulation without its gas"))
    }

    async fn broadcast(&self, raw: &[u8]) -> Result<Result<Receipt, Refusal>, SourceError> {
        self.checked().await?;
        let body = json!({"tx_bytes": STANDARD.encode(raw), "mode": "BROADCAST_MODE_SYNC"});
        let answer = match self.api.post("/cosmos/tx/v1beta1/txs", &body).await? {
            Ok(answer) => answer,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let response = answer.get("tx_response").unwrap_or(&Value::Null);
        let code = response.get("code").and_then(Value::as_u64);
        Ok(Ok(Receipt {
            code: code.ok_or_else(|| {
                self.api
                    .client
                    .not_protocol("a broadcast's answer without a code")
            })?,
            codespace: text_at(response, "/codespace").unwrap_or_default(),
            words: text_at(response, "/raw_log").unwrap_or_default(),
            tx_id: text_at(response, "/txhash").and_then(|text| address::parse_tx_id(&text)),
        }))
    }

    async fn seen(&self, id: &TxId) -> Result<Seen, SourceError> {
        let node = self.checked().await?;
        let path = format!("/cosmos/tx/v1beta1/txs/{id}");
        match self.api.ask(&path, &[]).await? {
            Ok(answer) => Ok(Seen::Row(answer)),
            Err(refusal) if refusal.is_index_off() => Ok(Seen::NotHere),
            Err(refusal) if refusal.is_not_found() => {
                let proves = self.api.settings.proves_absence && node.has_index;
                Ok(if proves { Seen::Absent } else { Seen::NotHere })
            }
            Err(refusal) => Err(self.api.refused(refusal)),
        }
    }

    async fn by_event(&self, term: &str) -> Result<Result<Vec<Value>, Refusal>, SourceError> {
        self.checked().await?;
        // In every version's words at once, as in the search for deposits.
        let asked = self
            .api
            .ask(
                "/cosmos/tx/v1beta1/txs",
                &[
                    ("query", term),
                    ("events", term),
                    ("page", "1"),
                    ("limit", SLOT_ROWS),
                    ("pagination.limit", SLOT_ROWS),
                ],
            )
            .await?;
        Ok(asked.map(|answer| rows(answer.get("tx_responses"))))
    }
}

fn rows(list: Option<&Value>) -> Vec<Value> {
    list.and_then(Value::as_array).cloned().unwrap_or_default()
}

/// A transaction as a trial run takes it: signed by nothing.
pub(super) fn unsigned_transaction(body: &[u8], auth_info: &[u8]) -> Vec<u8> {
    proto::TxRaw {
        body_bytes: body.to_vec(),
        auth_info_bytes: auth_info.to_vec(),
        signatures: vec![Vec::new()],
    }
    .encode_to_vec()
}
