//! A small network of our own, served in the shapes of both APIs from memory.

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use recover_chain_cosmos::address;
use recover_core::address::{Address, Payload};
use recover_source::error::SourceError;
use recover_source::transport::Transport;
use serde_json::{Value, json};
use std::sync::Mutex;

pub const CHAIN: &str = "osmosis-1";
pub const TIP: u64 = 400;

pub fn account(number: u8) -> Address {
    address::format("osmo", &Payload::Hash160([number; 20])).unwrap()
}

/// The account whose history is read.
pub fn ours() -> Address {
    account(7)
}

pub fn contract() -> Address {
    address::format("osmo", &Payload::Contract32([9; 32])).unwrap()
}

/// One field of a Protobuf message with bytes in it.
pub fn field(tag: u64, data: &[u8]) -> Vec<u8> {
    let mut bytes = varint(tag << 3 | 2);
    bytes.extend(varint(data.len() as u64));
    bytes.extend_from_slice(data);
    bytes
}

fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push((number & 0x7F) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// A message in both encodings.
#[derive(Clone)]
pub struct Message {
    type_url: &'static str,
    bytes: Vec<u8>,
    json: Value,
}

#[derive(Clone)]
pub struct Tx {
    pub height: u64,
    pub raw: Vec<u8>,
    pub id: String,
    pub code: u64,
    memo: String,
    messages: Vec<Value>,
    events: Vec<Value>,
}

fn event(kind: &str, attributes: &[(&str, &str)]) -> Value {
    let attributes: Vec<Value> = attributes
        .iter()
        .map(|(key, value)| json!({"key": key, "value": value, "index": true}))
        .collect();
    json!({"type": kind, "attributes": attributes})
}

/// The events that the bank module writes for one payment.
pub fn paid(from: &str, to: &str, coins: &str, index: usize) -> Vec<Value> {
    let index = index.to_string();
    vec![
        event(
            "coin_spent",
            &[("spender", from), ("amount", coins), ("msg_index", &index)],
        ),
        event(
            "coin_received",
            &[("receiver", to), ("amount", coins), ("msg_index", &index)],
        ),
        event(
            "transfer",
            &[
                ("recipient", to),
                ("sender", from),
                ("amount", coins),
                ("msg_index", &index),
            ],
        ),
    ]
}

pub fn send(from: &Address, to: &Address, amount: u64, denom: &str) -> Message {
    let amount = amount.to_string();
    let coin = [field(1, denom.as_bytes()), field(2, amount.as_bytes())].concat();
    Message {
        type_url: "/cosmos.bank.v1beta1.MsgSend",
        bytes: [
            field(1, from.text().as_bytes()),
            field(2, to.text().as_bytes()),
            field(3, &coin),
        ]
        .concat(),
        json: json!({"@type": "/cosmos.bank.v1beta1.MsgSend", "from_address": from.text(), "to_address": to.text(),
            "amount": [{"denom": denom, "amount": amount}]}),
    }
}

pub fn execute(sender: &Address) -> Message {
    Message {
        type_url: "/cosmwasm.wasm.v1.MsgExecuteContract",
        bytes: [
            field(1, sender.text().as_bytes()),
            field(2, contract().text().as_bytes()),
        ]
        .concat(),
        json: json!({"@type": "/cosmwasm.wasm.v1.MsgExecuteContract", "sender": sender.text(),
            "contract": contract().text(), "msg": {}, "funds": []}),
    }
}

pub fn tx(height: u64, memo: &str, messages: &[Message], code: u64, events: Vec<Value>) -> Tx {
    let mut body: Vec<u8> = messages
        .iter()
        .flat_map(|message| {
            field(
                1,
                &[
                    field(1, message.type_url.as_bytes()),
                    field(2, &message.bytes),
                ]
                .concat(),
            )
        })
        .collect();
    if !memo.is_empty() {
        body.extend(field(2, memo.as_bytes()));
    }
    // The height stands for the sequence that makes each transaction's bytes its own.
    let auth = field(3, format!("{height}/{memo}").as_bytes());
    let raw = [field(1, &body), field(2, &auth), field(3, &[1; 64])].concat();
    let mut all = vec![
        event(
            "coin_received",
            &[("receiver", account(200).text()), ("amount", "5uosmo")],
        ),
        event(
            "transfer",
            &[
                ("recipient", account(200).text()),
                ("sender", account(1).text()),
                ("amount", "5uosmo"),
            ],
        ),
    ];
    all.extend(events);
    Tx {
        height,
        id: address::tx_id_of(&raw).to_string(),
        raw,
        code,
        memo: memo.to_owned(),
        messages: messages
            .iter()
            .map(|message| message.json.clone())
            .collect(),
        events: all,
    }
}

/// Faults that a server can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A row in the middle of a page is left out, once.
    DropRow,
    /// A page gives a row twice, once.
    DoubleRow,
    /// A page ends before its limit, once.
    CutPage,
    /// Pages have fewer rows than asked for.
    SmallPages,
    /// Rows of a page are in no order.
    Unsorted,
    /// The number of rows is one too many, once.
    WrongTotal,
    /// A row in the middle of a page is left out, always.
    AlwaysDropRow,
}

pub struct World {
    pub transactions: Vec<Tx>,
    /// Heights at which a block pays out by itself.
    pub unbondings: Vec<(u64, String)>,
    pub tx_index: bool,
    pub block_index: bool,
    pub lowest: u64,
    pub tip: u64,
    pub chain: String,
    pub faults: Mutex<Vec<Fault>>,
    pub asked: Mutex<Vec<String>>,
}

impl World {
    pub fn new() -> Self {
        let (ours, payer) = (ours(), account(1));
        let mut transactions = Vec::new();
        // More payments at one height than fit a page, and some at every tenth height.
        let heights = (0..70).map(|_| 50).chain((6..36).map(|ten| ten * 10));
        for (number, height) in heights.enumerate() {
            let memo = (1000 + number).to_string();
            let coins = format!("{}uosmo", 100 + number);
            transactions.push(tx(
                height,
                &memo,
                &[send(&payer, &ours, 100 + number as u64, "uosmo")],
                0,
                paid(payer.text(), ours.text(), &coins, 0),
            ));
        }
        let two = [
            send(&payer, &ours, 11, "uosmo"),
            send(&payer, &ours, 11, "uosmo"),
        ];
        let mut events = paid(payer.text(), ours.text(), "11uosmo", 0);
        events.extend(paid(payer.text(), ours.text(), "11uosmo", 1));
        transactions.push(tx(205, "two", &two, 0, events));
        transactions.push(tx(
            206,
            "failed",
            &[send(&payer, &ours, 12, "uosmo")],
            11,
            vec![],
        ));
        let token = event(
            "wasm",
            &[
                ("_contract_address", contract().text()),
                ("action", "transfer"),
                ("from", payer.text()),
                ("to", ours.text()),
                ("amount", "77"),
                ("msg_index", "0"),
            ],
        );
        transactions.push(tx(207, "token", &[execute(&payer)], 0, vec![token]));
        transactions.sort_by_key(|tx| tx.height);
        Self {
            transactions,
            unbondings: vec![(208, ours.text().to_owned())],
            tx_index: true,
            block_index: true,
            lowest: 1,
            tip: TIP,
            chain: CHAIN.to_owned(),
            faults: Mutex::new(Vec::new()),
            asked: Mutex::new(Vec::new()),
        }
    }

    pub fn of_memo(&self, memo: &str) -> &Tx {
        self.transactions.iter().find(|tx| tx.memo == memo).unwrap()
    }

    /// What is credited to us: payments, the two of one transaction, the token and the unbonding.
    pub const CREDITS: usize = 100 + 2 + 1 + 1;

    fn fault(&self, wanted: Fault) -> bool {
        let mut faults = self.faults.lock().unwrap();
        let Some(place) = faults.iter().position(|fault| *fault == wanted) else {
            return false;
        };
        if !matches!(
            wanted,
            Fault::SmallPages | Fault::Unsorted | Fault::AlwaysDropRow
        ) {
            faults.remove(place);
        }
        true
    }

    /// The rows of a search and their number.
    fn found(&self, terms: &[String], page: usize, size: usize) -> (Vec<Tx>, usize) {
        let size = if self.fault(Fault::SmallPages) {
            size.min(13)
        } else {
            size
        };
        let after = |mark: &str| terms.iter().find_map(|term| term.strip_prefix(mark));
        let from: u64 = after("tx.height>=").unwrap().parse().unwrap();
        let to: u64 = after("tx.height<=").unwrap().parse().unwrap();
        let (kind, key, text) = match (after("transfer.recipient="), after("wasm.to=")) {
            (Some(text), _) => ("transfer", "recipient", text),
            (_, Some(text)) => ("wasm", "to", text),
            _ => panic!("{terms:?}"),
        };
        let text = text.trim_matches('\'');
        let all: Vec<Tx> = self
            .transactions
            .iter()
            .filter(|tx| (from..=to).contains(&tx.height))
            .filter(|tx| {
                tx.events.iter().any(|event| {
                    event["type"] == kind
                        && event["attributes"]
                            .as_array()
                            .unwrap()
                            .iter()
                            .any(|attribute| attribute["key"] == key && attribute["value"] == text)
                })
            })
            .cloned()
            .collect();
        let mut total = all.len();
        let mut rows: Vec<Tx> = all.into_iter().skip((page - 1) * size).take(size).collect();
        if kind == "transfer" && rows.len() > 2 {
            if self.fault(Fault::DropRow) || self.fault(Fault::AlwaysDropRow) {
                rows.remove(rows.len() / 2);
            }
            if self.fault(Fault::DoubleRow) {
                let twin = rows[1].clone();
                rows.insert(1, twin);
            }
            if self.fault(Fault::CutPage) {
                rows.truncate(rows.len() - 1);
            }
            if self.fault(Fault::Unsorted) {
                rows.reverse();
            }
            if self.fault(Fault::WrongTotal) {
                total += 1;
            }
        }
        (rows, total)
    }

    fn hash(height: u64) -> [u8; 32] {
        let mut bytes = [0xAB; 32];
        bytes[..8].copy_from_slice(&height.to_be_bytes());
        bytes
    }

    fn time(height: u64) -> String {
        format!("2026-01-01T{:02}:{:02}:00Z", height / 60, height % 60)
    }

    fn height_error(&self, height: u64) -> Option<String> {
        if height > self.tip {
            Some(format!(
                "height {height} must be less than or equal to the current blockchain height {}",
                self.tip
            ))
        } else if height < self.lowest {
            Some(format!(
                "height {height} is not available, lowest height is {}",
                self.lowest
            ))
        } else {
            None
        }
    }
}

/// A CometBFT node.
pub struct Comet(pub World);

impl Comet {
    fn answer(&self, path: &str, query: &[(&str, &str)]) -> Value {
        let world = &self.0;
        let get = |name: &str| {
            query
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value.trim_matches('"'))
        };
        let error = |data: String| json!({"jsonrpc": "2.0", "id": -1, "error": {"code": -32603, "message": "Internal error", "data": data}});
        let ok = |result: Value| json!({"jsonrpc": "2.0", "id": -1, "result": result});
        let number = |name: &str| get(name).unwrap().parse::<usize>().unwrap();
        let row = |tx: &Tx| {
            json!({"hash": tx.id, "height": tx.height.to_string(), "index": 0,
                "tx_result": {"code": tx.code, "data": null, "log": "", "events": tx.events, "codespace": if tx.code == 0 { "" } else { "sdk" }},
                "tx": STANDARD.encode(&tx.raw)})
        };
        let block = |height: u64| {
            json!({"block_id": {"hash": hex::encode_upper(World::hash(height))}, "block": {
                "header": {"chain_id": world.chain, "height": height.to_string(), "time": World::time(height),
                    "last_block_id": {"hash": hex::encode_upper(World::hash(height - 1))}},
                "data": {"txs": []}}})
        };
        match path {
            "/status" => ok(json!({
                "node_info": {"network": world.chain, "other": {"tx_index": if world.tx_index { "on" } else { "off" }}},
                "sync_info": {"latest_block_height": world.tip.to_string(), "earliest_block_height": world.lowest.to_string(), "catching_up": false}})),
            "/tx_search" if !world.tx_index => error("transaction indexing is disabled".to_owned()),
            "/tx_search" => {
                let terms: Vec<String> = get("query")
                    .unwrap()
                    .split(" AND ")
                    .map(str::to_owned)
                    .collect();
                let (page, size) = (number("page"), number("per_page"));
                assert!(size <= 100, "CometBFT gives no more than 100 a page");
                let (rows, total) = world.found(&terms, page, size);
                let pages = total.div_ceil(size).max(1);
                if page > pages {
                    return error(format!(
                        "page should be within [1, {pages}] range, given {page}"
                    ));
                }
                ok(
                    json!({"txs": rows.iter().map(row).collect::<Vec<_>>(), "total_count": total.to_string()}),
                )
            }
            "/tx" => {
                let hash = get("hash").unwrap().trim_start_matches("0x").to_owned();
                match world.transactions.iter().find(|tx| tx.id == hash) {
                    Some(tx) => ok(row(tx)),
                    None => error(format!("tx ({hash}) not found, err: %!w(<nil>)")),
                }
            }
            "/block" => {
                let height = get("height").map_or(world.tip, |text| text.parse().unwrap());
                match world.height_error(height) {
                    Some(words) => error(words),
                    None => ok(block(height)),
                }
            }
            "/block_search" if !world.block_index => {
                json!({"jsonrpc": "2.0", "id": -1, "error": {"code": -32603, "message": "Internal error", "data": "block event indexing is disabled"}})
            }
            "/block_search" => {
                let found: Vec<Value> = world
                    .unbondings
                    .iter()
                    .filter(|(height, account)| {
                        let query = get("query").unwrap();
                        let bound = |mark: &str| -> u64 {
                            query
                                .split(mark)
                                .nth(1)
                                .unwrap()
                                .split(' ')
                                .next()
                                .unwrap()
                                .parse()
                                .unwrap()
                        };
                        query.starts_with(&format!("coin_received.receiver='{account}'"))
                            && (bound("block.height>=")..=bound("block.height<=")).contains(height)
                    })
                    .map(|(height, _)| block(*height))
                    .collect();
                ok(json!({"total_count": found.len().to_string(), "blocks": found}))
            }
            "/block_results" => {
                let height: u64 = get("height").unwrap().parse().unwrap();
                if let Some(words) = world.height_error(height) {
                    return error(words);
                }
                let events: Vec<Value> = world
                    .unbondings
                    .iter()
                    .filter(|(at, _)| *at == height)
                    .map(|(_, to)| {
                        event(
                            "coin_received",
                            &[
                                ("receiver", to),
                                ("amount", "500uosmo"),
                                ("mode", "EndBlock"),
                            ],
                        )
                    })
                    .collect();
                ok(
                    json!({"height": height.to_string(), "txs_results": null, "finalize_block_events": events}),
                )
            }
            other => panic!("{other}"),
        }
    }
}

/// A REST gateway. Its version decides how it counts.
pub struct Gateway {
    pub world: World,
    /// Whether it says how many rows a search has.
    pub counts: bool,
}

impl Gateway {
    fn answer(&self, path: &str, query: &[(&str, &str)]) -> Value {
        let world = &self.world;
        let get = |name: &str| {
            query
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| *value)
        };
        let error =
            |code: i64, message: String| json!({"code": code, "message": message, "details": []});
        let response = |tx: &Tx| {
            json!({"height": tx.height.to_string(), "txhash": tx.id, "codespace": "", "code": tx.code, "logs": [], "raw_log": "",
                "timestamp": World::time(tx.height), "events": tx.events,
                "tx": {"@type": "/cosmos.tx.v1beta1.Tx", "body": {"messages": tx.messages, "memo": tx.memo}, "auth_info": {}, "signatures": []}})
        };
        let block = |height: u64| {
            json!({"block_id": {"hash": STANDARD.encode(World::hash(height))}, "block": {"header": {
                "chain_id": world.chain, "height": height.to_string(), "time": World::time(height),
                "last_block_id": {"hash": STANDARD.encode(World::hash(height - 1))}}}})
        };
        if path == "/cosmos/base/tendermint/v1beta1/node_info" {
            return json!({"default_node_info": {"network": world.chain, "other": {"tx_index": if world.tx_index { "on" } else { "off" }}},
                "application_version": {"cosmos_sdk_version": "v0.50.1"}});
        }
        if path == "/cosmos/tx/v1beta1/txs" {
            let terms: Vec<String> = get("query")
                .unwrap()
                .split(" AND ")
                .map(str::to_owned)
                .collect();
            let old: Vec<&str> = query
                .iter()
                .filter(|(key, _)| *key == "events")
                .map(|(_, value)| *value)
                .collect();
            assert_eq!(old, terms, "both ways of asking ask the same");
            let (page, size) = (
                get("page").unwrap().parse().unwrap(),
                get("limit").unwrap().parse().unwrap(),
            );
            let (rows, total) = world.found(&terms, page, size);
            let mut answer = json!({
                "txs": rows.iter().map(|tx| response(tx)["tx"].clone()).collect::<Vec<_>>(),
                "tx_responses": rows.iter().map(response).collect::<Vec<_>>(),
                "pagination": null});
            if self.counts {
                answer["total"] = json!(total.to_string());
            }
            return answer;
        }
        if let Some(hash) = path.strip_prefix("/cosmos/tx/v1beta1/txs/") {
            return match world.transactions.iter().find(|tx| tx.id == hash) {
                Some(tx) => json!({"tx": response(tx)["tx"], "tx_response": response(tx)}),
                None => error(5, format!("tx not found: {hash}")),
            };
        }
        if let Some(height) = path.strip_prefix("/cosmos/base/tendermint/v1beta1/blocks/") {
            let height = if height == "latest" {
                world.tip
            } else {
                height.parse().unwrap()
            };
            return match world.height_error(height) {
                Some(words) => error(3, words),
                None => block(height),
            };
        }
        error(12, "Not Implemented".to_owned())
    }
}

macro_rules! serve {
    ($server:ty, $world:ident => $field:expr) => {
        #[async_trait]
        impl Transport for $server {
            fn origin(&self) -> &str {
                "own server"
            }

            async fn post(&self, _body: Bytes) -> Result<Bytes, SourceError> {
                panic!("both APIs are asked by GET")
            }

            async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Bytes, SourceError> {
                let $world = self;
                $field.asked.lock().unwrap().push(path.to_owned());
                Ok(self.answer(path, query).to_string().into())
            }
        }
    };
}

serve!(Comet, server => server.0);
serve!(Gateway, server => server.world);
