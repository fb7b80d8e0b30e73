//! JSON-RPC of a CometBFT 0.38 node, over GET with the call in the path or over POST.

use super::Expected;
use super::cosmos::{CHAIN, Cosmos, Told};
use super::cosmos_index::{Index, Query};
use super::cosmos_message::events_json;
use super::dice::name32;
use super::encode::{base64, from_base64, upper};
use super::serve::{Fault, Life, Moment, TAIL};
use super::timeline::Timeline;
use crate::server::{Request, Response};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::OnceLock;

const HASHES: u64 = 35;
/// The most rows a page, and how many without a wish.
const LIMITS: (u64, u64) = (100, 30);
/// Where the history of the node begins.
const EARLIEST: u64 = 15_000_000;

pub(crate) struct Comet {
    seed: u64,
    cosmos: Cosmos,
    index: Index,
    ids: OnceLock<HashMap<String, u32>>,
}

/// A refusal: message and data of the error.
struct Refusal(&'static str, String);

fn internal(data: impl Into<String>) -> Refusal {
    Refusal("Internal error", data.into())
}

/// The parameters of a call, wherever they stood.
struct Call<'a> {
    request: &'a Request,
    params: Value,
}

impl Call<'_> {
    fn text(&self, name: &str) -> Option<String> {
        match &self.params[name] {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(flag) => Some(flag.to_string()),
            _ => self
                .request
                .query_value(name)
                .map(|text| text.trim_matches('"').to_owned()),
        }
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.text(name)?.parse().ok()
    }
}

impl Comet {
    pub(crate) fn new(seed: u64, deposits: u32) -> Comet {
        Comet {
            seed,
            cosmos: Cosmos::new(seed, deposits, TAIL),
            index: Index::default(),
            ids: OnceLock::new(),
        }
    }

    fn hash(&self, height: u64) -> String {
        upper(&name32(self.seed, HASHES, height))
    }

    fn header(&self, height: u64) -> Value {
        json!({
            "version": {"block": "11"},
            "chain_id": CHAIN,
            "height": height.to_string(),
            "time": self.cosmos.time(height),
            "last_block_id": {"hash": self.hash(height - 1), "parts": {"total": 1, "hash": self.hash(height - 1)}},
            "last_commit_hash": self.hash(1),
            "data_hash": self.hash(2),
            "validators_hash": self.hash(3),
            "next_validators_hash": self.hash(3),
            "consensus_hash": self.hash(4),
            "app_hash": self.hash(5),
            "last_results_hash": self.hash(6),
            "evidence_hash": self.hash(7),
            "proposer_address": "BB22AD764B674CC08753B24175E2FC61B22B1419"
        })
    }

    fn status(&self, moment: &Moment<'_>) -> Value {
        let mut earliest = EARLIEST;
        if moment.strikes(Fault::Narrowed) {
            earliest = self.cosmos.timeline.last_height() - 1;
        }
        json!({
            "node_info": {
                "protocol_version": {"p2p": "8", "block": "11", "app": "0"},
                "id": "2a3d93f511a7c1b5c72c9dd789cc0dfbefc282e4",
                "listen_addr": "tcp://0.0.0.0:26656",
                "network": CHAIN,
                "version": "0.38.17",
                "channels": "40202122233038606100",
                "moniker": "omnibus",
                "other": {"tx_index": "on", "rpc_address": "tcp://0.0.0.0:26657"}
            },
            "sync_info": {
                "latest_block_hash": self.hash(moment.tip),
                "latest_app_hash": self.hash(5),
                "latest_block_height": moment.tip.to_string(),
                "latest_block_time": self.cosmos.time(moment.tip),
                "earliest_block_hash": self.hash(earliest),
                "earliest_app_hash": self.hash(5),
                "earliest_block_height": earliest.to_string(),
                "earliest_block_time": self.cosmos.time(earliest),
                "catching_up": false
            },
            "validator_info": {"address": "BB22AD764B674CC08753B24175E2FC61B22B1419", "pub_key": {"type": "tendermint/PubKeyEd25519", "value": "sor2GvQvyJm5myIU0gI+VtPSvwUkyZQFYF8abzvOLPs="}, "voting_power": "0"}
        })
    }

    fn result(told: &Told) -> String {
        format!(
            r#"{{"code":{},"data":null,"log":"{}","info":"","gas_wanted":"200000","gas_used":"105321","events":{},"codespace":"{}"}}"#,
            told.code,
            if told.code == 0 {
                ""
            } else {
                "insufficient funds"
            },
            events_json(&told.events),
            if told.code == 0 { "" } else { "sdk" },
        )
    }

    fn row(&self, number: u32) -> String {
        let told = self.cosmos.tell(number);
        format!(
            r#"{{"hash":"{}","height":"{}","index":{},"tx_result":{},"tx":"{}"}}"#,
            told.id(),
            self.cosmos.timeline.height_of(number),
            self.cosmos.timeline.place_of(number),
            Comet::result(&told),
            base64(&told.bytes),
        )
    }

    fn height(&self, call: &Call<'_>, moment: &Moment<'_>) -> Result<u64, Refusal> {
        let Some(height) = call.number("height") else {
            return Ok(moment.tip);
        };
        if height > moment.tip {
            return Err(internal(format!(
                "height {height} must be less than or equal to the current blockchain height {}",
                moment.tip
            )));
        }
        if height < EARLIEST {
            return Err(internal(format!(
                "height {height} is not available, lowest height is {EARLIEST}"
            )));
        }
        Ok(height)
    }

    fn block(&self, height: u64) -> String {
        let bytes: Vec<String> = self
            .cosmos
            .timeline
            .at(height)
            .map(|number| format!("\"{}\"", base64(&self.cosmos.tell(number).bytes)))
            .collect();
        format!(
            r#"{{"block_id":{{"hash":"{}","parts":{{"total":1,"hash":"{}"}}}},"block":{{"header":{},"data":{{"txs":[{}]}},"evidence":{{"evidence":[]}},"last_commit":{{"height":"{}","round":0,"block_id":{{"hash":"{}","parts":{{"total":1,"hash":"{}"}}}},"signatures":[]}}}}}}"#,
            self.hash(height),
            self.hash(height),
            self.header(height),
            bytes.join(","),
            height - 1,
            self.hash(height - 1),
            self.hash(height - 1),
        )
    }

    fn block_results(&self, height: u64) -> String {
        let results: Vec<String> = self
            .cosmos
            .timeline
            .at(height)
            .map(|number| Comet::result(&self.cosmos.tell(number)))
            .collect();
        let results = if results.is_empty() {
            "null".to_owned()
        } else {
            format!("[{}]", results.join(","))
        };
        format!(
            r#"{{"height":"{height}","txs_results":{results},"finalize_block_events":{},"validator_updates":null,"consensus_param_updates":null,"app_hash":"{}"}}"#,
            events_json(&self.cosmos.block_events(height)),
            base64(&name32(self.seed, HASHES, 5)),
        )
    }

    /// Where a page of so many rows begins and ends, and the count that it states.
    fn page(
        call: &Call<'_>,
        count: usize,
        moment: &Moment<'_>,
    ) -> Result<(std::ops::Range<usize>, usize), Refusal> {
        let limit = match call.number("per_page") {
            None | Some(0) => LIMITS.1,
            Some(limit) => limit.min(LIMITS.0),
        };
        let limit = usize::try_from(limit).expect("at most 100");
        let pages = count.div_ceil(limit).max(1);
        let mut page = usize::try_from(call.number("page").unwrap_or(1)).unwrap_or(usize::MAX);
        if page == 0 || page > pages {
            return Err(internal(format!(
                "page should be within [1, {pages}] range, given {page}"
            )));
        }
        let mut stated = count;
        // The index still grows at its end: the count of an early page is smaller than that of a later one.
        if page + 2 < pages && moment.strikes(Fault::ChangingTotal) {
            stated -= usize::try_from(moment.dice().between(1, 60)).expect("small");
        } else if page > 1 && moment.strikes(Fault::Repeated) {
            // A cache answers with the page before.
            page -= 1;
        }
        let start = (page - 1) * limit;
        Ok((start..count.min(start + limit), stated))
    }

    fn query(call: &Call<'_>) -> Result<Query, Refusal> {
        let text = call.text("query").unwrap_or_default();
        Query::parse(&[text]).ok_or_else(|| internal("failed to parse query"))
    }

    fn tx_search(&self, call: &Call<'_>, moment: &Moment<'_>) -> Result<String, Refusal> {
        let query = Comet::query(call)?;
        let mut found = self.index.search(&self.cosmos, &query, moment.tip);
        if call.text("order_by").as_deref() == Some("desc") {
            found.reverse();
        }
        let (page, stated) = Comet::page(call, found.len(), moment)?;
        let rows: Vec<String> = found[page].iter().map(|number| self.row(*number)).collect();
        Ok(format!(
            r#"{{"txs":[{}],"total_count":"{stated}"}}"#,
            rows.join(",")
        ))
    }

    fn block_search(&self, call: &Call<'_>, moment: &Moment<'_>) -> Result<String, Refusal> {
        let query = Comet::query(call)?;
        let (from, to) = query.heights(&self.cosmos, moment.tip);
        let mut found: Vec<u64> = match query.event() {
            None => (from..=to).collect(),
            Some((key, value)) => {
                let key = key.rsplit_once('.').unwrap_or((key, ""));
                let ours = value == self.cosmos.account;
                (from..=to)
                    .filter(|height| {
                        // Most blocks hold nothing of ours, and their events need not be made.
                        (!ours || self.cosmos.block_credit(*height).is_some())
                            && self.cosmos.block_events(*height).iter().any(|event| {
                                event.kind == key.0
                                    && event
                                        .attributes
                                        .iter()
                                        .any(|(name, text)| *name == key.1 && text == value)
                            })
                    })
                    .collect()
            }
        };
        if call.text("order_by").as_deref() == Some("desc") {
            found.reverse();
        }
        let (page, stated) = Comet::page(call, found.len(), moment)?;
        let rows: Vec<String> = found[page]
            .iter()
            .map(|height| self.block(*height))
            .collect();
        Ok(format!(
            r#"{{"blocks":[{}],"total_count":"{stated}"}}"#,
            rows.join(",")
        ))
    }

    fn tx(&self, call: &Call<'_>, moment: &Moment<'_>) -> Result<String, Refusal> {
        let text = call.text("hash").unwrap_or_default();
        let id = match text.strip_prefix("0x") {
            Some(id) => id.to_ascii_uppercase(),
            // Over POST the hash is base64.
            None => from_base64(&text)
                .map(|bytes| upper(&bytes))
                .unwrap_or_default(),
        };
        let ids = self.ids.get_or_init(|| {
            (0..self.cosmos.timeline.count())
                .map(|number| (self.cosmos.tell(number).id(), number))
                .collect()
        });
        ids.get(&id)
            .filter(|number| self.cosmos.timeline.height_of(**number) <= moment.tip)
            .map(|number| self.row(*number))
            .ok_or_else(|| internal(format!("tx ({id}) not found, err: %!w(<nil>)")))
    }

    fn call(&self, method: &str, call: &Call<'_>, moment: &Moment<'_>) -> Result<String, Refusal> {
        match method {
            "status" => Ok(self.status(moment).to_string()),
            "health" => Ok("{}".to_owned()),
            "abci_info" => Ok(json!({"response": {"data": "GaiaApp", "version": "v25", "last_block_height": moment.tip.to_string()}}).to_string()),
            "tx_search" => self.tx_search(call, moment),
            "block_search" => self.block_search(call, moment),
            "tx" => self.tx(call, moment),
            "block" => self.height(call, moment).map(|height| self.block(height)),
            "block_results" => self.height(call, moment).map(|height| self.block_results(height)),
            "header" => self
                .height(call, moment)
                .map(|height| json!({"header": self.header(height)}).to_string()),
            "commit" => self.height(call, moment).map(|height| {
                json!({"signed_header": {"header": self.header(height), "commit": {
                    "height": height.to_string(), "round": 0, "block_id": {"hash": self.hash(height), "parts": {"total": 1, "hash": self.hash(height)}}, "signatures": []
                }}, "canonical": true}).to_string()
            }),
            _ => Err(Refusal("Method not found", String::new())),
        }
    }
}

impl Life for Comet {
    fn timeline(&self) -> &Timeline {
        &self.cosmos.timeline
    }

    fn account(&self) -> String {
        self.cosmos.account.clone()
    }

    fn members(&self) -> Vec<String> {
        Cosmos::members()
    }

    fn credits(&self, transaction: u32) -> Vec<Expected> {
        self.cosmos.expected(transaction)
    }

    fn block_credit(&self, height: u64) -> Option<Expected> {
        self.cosmos.expected_of_block(height)
    }

    fn page_faults(&self) -> &'static [Fault] {
        &[
            Fault::Repeated,
            Fault::Lagging,
            Fault::Narrowed,
            Fault::ChangingTotal,
            Fault::MovingTip,
        ]
    }

    fn answer(&self, request: &Request, moment: &Moment<'_>) -> Response {
        let body = request.json();
        let posted = body["method"].as_str();
        let id = if posted.is_some() {
            body["id"].clone()
        } else {
            json!(-1)
        };
        let call = Call {
            request,
            params: body["params"].clone(),
        };
        let method = posted.unwrap_or_else(|| request.path.trim_matches('/'));
        match self.call(method, &call, moment) {
            Ok(result) => Response::status(200).with_body(
                "application/json",
                format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#),
            ),
            Err(Refusal(message, data)) => Response::json(&json!({
                "jsonrpc": "2.0", "id": id, "error": {"code": -32603, "message": message, "data": data}
            }))
            .with_status(500),
        }
    }
}
