//! A network of our own that takes transactions: one account, blocks of six seconds, served in the shapes of both APIs.

use crate::own_returns::public_key;
use crate::world::{field, paid};
use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use recover_chain_cosmos::address;
use recover_chain_cosmos::returns::{Summary, decode};
use recover_core::time::Timestamp;
use recover_source::error::SourceError;
use recover_source::transport::Transport;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

pub const CHAIN: &str = "cosmos-1";

/// A transaction in a block.
#[derive(Clone)]
pub struct Included {
    pub height: u64,
    pub raw: Vec<u8>,
    pub code: u64,
    pub space: &'static str,
    /// In the gateway's JSON.
    pub json: Value,
    pub events: Vec<Value>,
    /// Account and sequence, as the signature check writes them.
    pub slot: String,
}

impl Included {
    fn id(&self) -> String {
        address::tx_id_of(&self.raw).to_string()
    }
}

/// What a node says of a transaction before its block.
#[derive(Clone)]
pub struct Checked {
    pub code: u64,
    pub space: &'static str,
    pub words: &'static str,
}

pub struct State {
    pub height: u64,
    pub lowest: u64,
    /// Number and sequence; `None` while the account was never used.
    pub account: Option<(u64, u64)>,
    pub key_known: bool,
    pub spendable: BTreeMap<String, u128>,
    pub prices: String,
    /// Gas, or the words of a failure; `None` where trial runs are not offered.
    pub trial: Option<Result<u64, &'static str>>,
    pub check: Checked,
    /// Whether a transaction is found by its id, and by its slot.
    pub finds_ids: bool,
    pub finds_slots: bool,
    pub blocks: Vec<Included>,
    /// What was given to the network.
    pub received: Vec<Vec<u8>>,
    pub tried: usize,
}

/// The network behind one of the APIs.
#[derive(Clone)]
pub struct Ledger {
    pub state: Arc<Mutex<State>>,
    account: String,
}

pub fn time(height: u64) -> String {
    let seconds = height * 6;
    format!(
        "2026-01-01T{:02}:{:02}:{:02}Z",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

/// Just after a block.
pub fn now(height: u64) -> Timestamp {
    Timestamp::parse(&time(height))
        .unwrap()
        .plus_seconds(3)
        .unwrap()
}

/// The gateway's JSON of a transaction that was built by us.
pub fn json_of(summary: &Summary, signature: &[u8]) -> Value {
    let coin = json!({"denom": summary.denom, "amount": summary.amount});
    let message = match &summary.channel {
        None => {
            json!({"@type": summary.message, "from_address": summary.from, "to_address": summary.to, "amount": [coin]})
        }
        Some(route) => {
            let (port, channel) = route.split_once('/').unwrap();
            json!({"@type": summary.message, "source_port": port, "source_channel": channel, "token": coin,
                "sender": summary.from, "receiver": summary.to,
                "timeout_height": {"revision_number": "0", "revision_height": "0"},
                "timeout_timestamp": summary.channel_timeout, "memo": summary.packet_memo})
        }
    };
    let fee: Vec<Value> = summary
        .fee
        .strip_suffix("uatom")
        .map(|amount| json!({"denom": "uatom", "amount": amount}))
        .into_iter()
        .collect();
    let key = hex::decode(summary.public_key.as_ref().unwrap()).unwrap();
    json!({"@type": "/cosmos.tx.v1beta1.Tx",
        "body": {"messages": [message], "memo": summary.memo, "timeout_height": summary.timeout_height,
            "extension_options": [], "non_critical_extension_options": []},
        "auth_info": {"signer_infos": [{
                "public_key": {"@type": "/cosmos.crypto.secp256k1.PubKey", "key": STANDARD.encode(key)},
                "mode_info": {"single": {"mode": "SIGN_MODE_DIRECT"}}, "sequence": summary.sequence}],
            "fee": {"amount": fee, "gas_limit": summary.gas_limit, "payer": "", "granter": ""}},
        "signatures": [STANDARD.encode(signature)]})
}

impl Ledger {
    pub fn new(account: &str) -> Self {
        Self {
            state: Arc::new(Mutex::new(State {
                height: 2_000,
                lowest: 1,
                account: Some((12, 3)),
                key_known: true,
                spendable: BTreeMap::from([("uatom".to_owned(), 5_000_000)]),
                prices: "0.005uatom".to_owned(),
                trial: Some(Ok(90_000)),
                check: Checked {
                    code: 0,
                    space: "",
                    words: "",
                },
                finds_ids: true,
                finds_slots: true,
                blocks: Vec::new(),
                received: Vec::new(),
                tried: 0,
            })),
            account: account.to_owned(),
        }
    }

    pub fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap());
    }

    /// Puts a signed transaction of ours into the next block. A code of the signature check's own (32) takes no sequence.
    pub fn include(&self, unsigned: &[u8], raw: &[u8], code: u64) {
        let summary = decode(unsigned).unwrap();
        let signature = &raw[raw.len() - 64..];
        let coins = format!("{}{}", summary.amount, summary.denom);
        let events = match (code, &summary.channel) {
            (0, None) => paid(&summary.from, &summary.to, &coins, 0),
            _ => Vec::new(),
        };
        self.put(Included {
            height: 0,
            raw: raw.to_vec(),
            code,
            space: if code == 0 { "" } else { "sdk" },
            json: json_of(&summary, signature),
            events,
            slot: format!("{}/{}", summary.from, summary.sequence),
        });
    }

    pub fn put(&self, mut included: Included) {
        let mut state = self.state.lock().unwrap();
        state.height += 1;
        included.height = state.height;
        if included.code != 32 {
            let (number, sequence) = state.account.unwrap();
            state.account = Some((number, sequence + 1));
        }
        state.blocks.push(included);
    }

    pub fn comet(&self) -> Arc<dyn Transport> {
        Arc::new(Node(self.clone()))
    }

    pub fn gateway(&self) -> Arc<dyn Transport> {
        Arc::new(Gateway(self.clone()))
    }
}

fn events_of(included: &Included) -> Vec<Value> {
    let slot = json!({"type": "tx", "attributes": [{"key": "acc_seq", "value": included.slot, "index": true}]});
    std::iter::once(slot)
        .chain(included.events.clone())
        .collect()
}

fn block(height: u64) -> Value {
    let hash = |height: u64| format!("{height:064X}");
    json!({"block_id": {"hash": hash(height)}, "block": {"header": {"chain_id": CHAIN, "height": height.to_string(),
        "time": time(height), "last_block_id": {"hash": hash(height - 1)}}, "data": {"txs": []}}})
}

fn height_error(state: &State, height: u64) -> Option<String> {
    if height > state.height {
        Some(format!(
            "height {height} must be less than or equal to the current blockchain height {}",
            state.height
        ))
    } else if height < state.lowest {
        Some(format!(
            "height {height} is not available, lowest height is {}",
            state.lowest
        ))
    } else {
        None
    }
}

fn slot_of(term: &str) -> String {
    let slot = term.strip_prefix("tx.acc_seq='").unwrap();
    slot.strip_suffix('\'').unwrap().to_owned()
}

/// A CometBFT node.
struct Node(Ledger);

impl Node {
    fn answer(&self, path: &str, query: &[(&str, &str)]) -> Value {
        let mut state = self.0.state.lock().unwrap();
        let get = |name: &str| {
            query
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value.trim_matches('"'))
        };
        let ok = |result: Value| json!({"jsonrpc": "2.0", "id": -1, "result": result});
        let error = |data: String| json!({"jsonrpc": "2.0", "id": -1, "error": {"code": -32603, "message": "Internal error", "data": data}});
        let row = |included: &Included| {
            json!({"hash": included.id(), "height": included.height.to_string(), "index": 0,
                "tx_result": {"code": included.code, "codespace": included.space, "log": "", "events": events_of(included)},
                "tx": STANDARD.encode(&included.raw)})
        };
        match path {
            "/status" => ok(json!({
                "node_info": {"network": CHAIN, "other": {"tx_index": "on"}},
                "sync_info": {"latest_block_height": state.height.to_string(), "earliest_block_height": state.lowest.to_string()}})),
            "/block" => {
                let height = get("height").map_or(state.height, |text| text.parse().unwrap());
                height_error(&state, height).map_or_else(|| ok(block(height)), error)
            }
            "/tx" => {
                let hash = get("hash").unwrap().trim_start_matches("0x").to_owned();
                let found = state.blocks.iter().find(|included| included.id() == hash);
                match found.filter(|_| state.finds_ids) {
                    Some(included) => ok(row(included)),
                    None => error(format!("tx ({hash}) not found, err: %!w(<nil>)")),
                }
            }
            "/tx_search" if !state.finds_slots => {
                error("transaction indexing is disabled".to_owned())
            }
            "/tx_search" => {
                let slot = slot_of(get("query").unwrap());
                let rows: Vec<Value> = state
                    .blocks
                    .iter()
                    .filter(|included| included.slot == slot)
                    .map(row)
                    .collect();
                ok(json!({"total_count": rows.len().to_string(), "txs": rows}))
            }
            "/broadcast_tx_sync" => {
                let raw = hex::decode(get("tx").unwrap().trim_start_matches("0x")).unwrap();
                let hash = address::tx_id_of(&raw).to_string();
                state.received.push(raw);
                if state.check.words == "cache" {
                    return error("tx already exists in cache".to_owned());
                }
                ok(
                    json!({"code": state.check.code, "data": "", "log": state.check.words, "codespace": state.check.space, "hash": hash}),
                )
            }
            "/abci_query" => {
                let data = get("data").unwrap().trim_start_matches("0x");
                let data = hex::decode(data).unwrap();
                let answered = self.query(&mut state, get("path").unwrap(), &data);
                let response = match answered {
                    Ok(bytes) => {
                        json!({"code": 0, "value": STANDARD.encode(bytes), "height": state.height.to_string()})
                    }
                    Err((code, log)) => {
                        json!({"code": code, "log": log, "value": null, "height": state.height.to_string()})
                    }
                };
                ok(json!({"response": response}))
            }
            other => panic!("{other}"),
        }
    }

    fn query(&self, state: &mut State, path: &str, data: &[u8]) -> Result<Vec<u8>, (u64, String)> {
        let text = String::from_utf8_lossy(data).into_owned();
        let number = |tag: u8, mut number: u64| {
            let mut bytes = vec![tag << 3];
            while number >= 0x80 {
                bytes.push((number & 0x7F) as u8 | 0x80);
                number >>= 7;
            }
            bytes.push(number as u8);
            bytes
        };
        match path {
            "/cosmos.auth.v1beta1.Query/Account" => {
                let known = state.account.filter(|_| text.contains(&self.0.account));
                let Some((account, sequence)) = known else {
                    return Err((22, "account not found: key not found".to_owned()));
                };
                let key = [
                    field(1, b"/cosmos.crypto.secp256k1.PubKey"),
                    field(2, &field(1, public_key().bytes())),
                ]
                .concat();
                let base = [
                    field(1, self.0.account.as_bytes()),
                    if state.key_known {
                        field(2, &key)
                    } else {
                        Vec::new()
                    },
                    number(3, account),
                    number(4, sequence),
                ]
                .concat();
                let any = [
                    field(1, b"/cosmos.auth.v1beta1.BaseAccount"),
                    field(2, &base),
                ]
                .concat();
                Ok(field(1, &any))
            }
            "/cosmos.bank.v1beta1.Query/SpendableBalanceByDenom" => {
                let coin = state
                    .spendable
                    .iter()
                    .find(|(denom, _)| text.ends_with(denom.as_str()));
                Ok(coin.map_or_else(Vec::new, |(denom, amount)| {
                    let amount = amount.to_string();
                    field(
                        1,
                        &[field(1, denom.as_bytes()), field(2, amount.as_bytes())].concat(),
                    )
                }))
            }
            "/cosmos.base.node.v1beta1.Service/Config" => Ok(field(1, state.prices.as_bytes())),
            "/cosmos.tx.v1beta1.Service/Simulate" => {
                state.tried += 1;
                match state.trial {
                    Some(Ok(gas)) => Ok(field(1, &[number(1, gas), number(2, gas)].concat())),
                    Some(Err(words)) => Err((18, words.to_owned())),
                    None => Err((6, format!("unknown query path: {path}"))),
                }
            }
            other => panic!("{other}"),
        }
    }
}

/// The REST gateway of a node.
struct Gateway(Ledger);

impl Gateway {
    fn answer(&self, path: &str, query: &[(&str, &str)], body: Option<&Value>) -> Value {
        let mut state = self.0.state.lock().unwrap();
        let get = |name: &str| {
            query
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| *value)
        };
        let error =
            |code: i64, message: String| json!({"code": code, "message": message, "details": []});
        let response = |included: &Included| {
            json!({"height": included.height.to_string(), "txhash": included.id(), "codespace": included.space,
                "code": included.code, "raw_log": "", "logs": [], "timestamp": time(included.height),
                "events": events_of(included), "tx": included.json})
        };
        let account = &self.0.account;
        let blocks = "/cosmos/base/tendermint/v1beta1/blocks/";
        let raw = || {
            STANDARD
                .decode(body.unwrap()["tx_bytes"].as_str().unwrap())
                .unwrap()
        };
        if path == "/cosmos/base/tendermint/v1beta1/node_info" {
            json!({"default_node_info": {"network": CHAIN, "other": {"tx_index": "on"}}})
        } else if let Some(height) = path.strip_prefix(blocks) {
            let height = height.parse().unwrap_or(state.height);
            height_error(&state, height).map_or_else(|| block(height), |words| error(3, words))
        } else if path == format!("/cosmos/auth/v1beta1/accounts/{account}") {
            let Some((number, sequence)) = state.account else {
                return error(5, format!("account {account} not found"));
            };
            let key = state.key_known.then(|| {
                json!({"@type": "/cosmos.crypto.secp256k1.PubKey", "key": STANDARD.encode(public_key().bytes())})
            });
            json!({"account": {"@type": "/cosmos.auth.v1beta1.BaseAccount", "address": account, "pub_key": key,
                "account_number": number.to_string(), "sequence": sequence.to_string()}})
        } else if path.starts_with("/cosmos/auth/v1beta1/accounts/") {
            error(5, "account not found".to_owned())
        } else if path.starts_with("/cosmos/bank/v1beta1/spendable_balances/") {
            let denom = get("denom").unwrap();
            let amount = state.spendable.get(denom).copied().unwrap_or_default();
            json!({"balance": {"denom": denom, "amount": amount.to_string()}})
        } else if path == "/cosmos/base/node/v1beta1/config" {
            json!({"minimum_gas_price": state.prices})
        } else if path == "/cosmos/tx/v1beta1/simulate" {
            state.tried += 1;
            assert!(!raw().is_empty());
            match state.trial {
                Some(Ok(gas)) => {
                    json!({"gas_info": {"gas_wanted": "0", "gas_used": gas.to_string()}, "result": {}})
                }
                Some(Err(words)) => error(2, words.to_owned()),
                None => error(12, "Not Implemented".to_owned()),
            }
        } else if path == "/cosmos/tx/v1beta1/txs" && body.is_some() {
            assert_eq!(body.unwrap()["mode"], "BROADCAST_MODE_SYNC");
            let hash = address::tx_id_of(&raw()).to_string();
            state.received.push(raw());
            let (code, space) = match state.check.words {
                "cache" => (19, "sdk"),
                _ => (state.check.code, state.check.space),
            };
            json!({"tx_response": {"height": "0", "txhash": hash, "codespace": space, "code": code, "raw_log": state.check.words}})
        } else if path == "/cosmos/tx/v1beta1/txs" {
            if !state.finds_slots {
                return error(13, "transaction indexing is disabled".to_owned());
            }
            let slot = slot_of(get("query").unwrap());
            let rows: Vec<Value> = state
                .blocks
                .iter()
                .filter(|included| included.slot == slot)
                .map(response)
                .collect();
            json!({"txs": rows.iter().map(|row| row["tx"].clone()).collect::<Vec<_>>(), "tx_responses": rows, "total": rows.len().to_string()})
        } else if let Some(hash) = path.strip_prefix("/cosmos/tx/v1beta1/txs/") {
            let found = state.blocks.iter().find(|included| included.id() == hash);
            match found.filter(|_| state.finds_ids) {
                Some(included) => {
                    json!({"tx": included.json, "tx_response": response(included)})
                }
                None => error(5, format!("tx not found: {hash}")),
            }
        } else {
            panic!("{path}")
        }
    }
}

#[async_trait]
impl Transport for Node {
    fn origin(&self) -> &str {
        "own node"
    }

    async fn post(&self, _body: Bytes) -> Result<Bytes, SourceError> {
        panic!("a node is asked by GET")
    }

    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Bytes, SourceError> {
        Ok(self.answer(path, query).to_string().into())
    }
}

#[async_trait]
impl Transport for Gateway {
    fn origin(&self) -> &str {
        "own gateway"
    }

    async fn post(&self, _body: Bytes) -> Result<Bytes, SourceError> {
        panic!("a gateway is asked at paths")
    }

    async fn post_to(
        &self,
        path: &str,
        content_type: &str,
        body: Bytes,
    ) -> Result<Bytes, SourceError> {
        assert_eq!(content_type, "application/json");
        let body = serde_json::from_slice(&body).unwrap();
        Ok(self.answer(path, &[], Some(&body)).to_string().into())
    }

    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Bytes, SourceError> {
        Ok(self.answer(path, query, None).to_string().into())
    }
}
