//! REST gateway of a Cosmos SDK 0.50 node.

use super::Expected;
use super::cosmos::{CHAIN, Cosmos, rest};
use super::cosmos_index::{Index, Query};
use super::dice::name32;
use super::encode::base64;
use super::serve::{Fault, Life, Moment, TAIL};
use super::timeline::Timeline;
use crate::server::{Request, Response};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::OnceLock;

const HASHES: u64 = 35;
const LIMIT_MAX: u64 = 100;
const EARLIEST: u64 = 15_000_000;

pub(crate) struct Rest {
    seed: u64,
    cosmos: Cosmos,
    index: Index,
    ids: OnceLock<HashMap<String, u32>>,
}

impl Rest {
    pub(crate) fn new(seed: u64, deposits: u32) -> Rest {
        Rest {
            seed,
            cosmos: Cosmos::new(seed, deposits, TAIL),
            index: Index::default(),
            ids: OnceLock::new(),
        }
    }

    fn block(&self, height: u64) -> Value {
        let hash = |height: u64| base64(&name32(self.seed, HASHES, height));
        let header = json!({
            "version": {"block": "11", "app": "0"},
            "chain_id": CHAIN,
            "height": height.to_string(),
            "time": self.cosmos.time(height),
            "last_block_id": {"hash": hash(height - 1), "part_set_header": {"total": 1, "hash": hash(height - 1)}},
            "last_commit_hash": hash(1), "data_hash": hash(2), "validators_hash": hash(3), "next_validators_hash": hash(3),
            "consensus_hash": hash(4), "app_hash": hash(5), "last_results_hash": hash(6), "evidence_hash": hash(7),
            "proposer_address": "uyKtdktnTMCHU7JBdeL8YbIrFBk="
        });
        let txs: Vec<String> = self
            .cosmos
            .timeline
            .at(height)
            .map(|number| base64(&self.cosmos.tell(number).bytes))
            .collect();
        let body = json!({"header": header, "data": {"txs": txs}, "evidence": {"evidence": []}, "last_commit": null});
        json!({
            "block_id": {"hash": hash(height), "part_set_header": {"total": 1, "hash": hash(height)}},
            "block": body,
            "sdk_block": body
        })
    }

    fn node_info() -> Value {
        json!({
            "default_node_info": {
                "protocol_version": {"p2p": "8", "block": "11", "app": "0"},
                "default_node_id": "2a3d93f511a7c1b5c72c9dd789cc0dfbefc282e4",
                "listen_addr": "tcp://0.0.0.0:26656",
                "network": CHAIN,
                "version": "0.38.17",
                "channels": "QCAhIiMwOGBhAA==",
                "moniker": "omnibus",
                "other": {"tx_index": "on", "rpc_address": "tcp://0.0.0.0:26657"}
            },
            "application_version": {"name": "gaia", "app_name": "gaiad", "version": "v25.1.0", "cosmos_sdk_version": "v0.50.13"}
        })
    }

    fn search(&self, request: &Request, moment: &Moment<'_>) -> Response {
        let values = |name: &str| -> Vec<String> {
            request
                .query
                .split('&')
                .filter_map(|pair| {
                    let mut one = request.clone();
                    pair.clone_into(&mut one.query);
                    one.query_value(name)
                })
                .collect()
        };
        let mut conditions = values("query");
        if conditions.is_empty() {
            // The words of SDK 0.47 and before; a newer one reads them where the new word is missing.
            conditions = values("events");
        }
        let Some(query) = Query::parse(&conditions).filter(|_| !conditions.is_empty()) else {
            return refusal(
                400,
                3,
                "must declare at least one event to search: invalid request",
            );
        };
        let number = |name: &str| {
            request
                .query_value(name)
                .and_then(|text| text.parse::<u64>().ok())
        };
        let limit = number("limit")
            .or(number("pagination.limit"))
            .filter(|limit| *limit > 0)
            .unwrap_or(LIMIT_MAX)
            .min(LIMIT_MAX);
        let offset = match (number("page"), number("pagination.offset")) {
            (Some(page), _) if page > 0 => (page - 1) * limit,
            (_, offset) => offset.unwrap_or(0),
        };
        let mut found = self.index.search(&self.cosmos, &query, moment.tip);
        let order = request.query_value("order_by").unwrap_or_default();
        if matches!(order.as_str(), "ORDER_BY_DESC" | "2") {
            found.reverse();
        }
        let count = found.len();
        let mut start = usize::try_from(offset).unwrap_or(usize::MAX);
        let limit = usize::try_from(limit).expect("at most 100");
        if start >= count && start > 0 {
            let pages = count.div_ceil(limit).max(1);
            return refusal(
                500,
                2,
                &format!(
                    "page should be within [1, {pages}] range, given {}",
                    start / limit + 1
                ),
            );
        }
        let mut stated = count;
        if start + 3 * limit < count && moment.strikes(Fault::ChangingTotal) {
            stated -= usize::try_from(moment.dice().between(1, 60)).expect("small");
        } else if start >= limit && moment.strikes(Fault::Repeated) {
            start -= limit;
        }
        let rows: Vec<(String, String)> = found[start..count.min(start + limit)]
            .iter()
            .map(|number| rest(&self.cosmos, *number))
            .collect();
        let txs: Vec<&str> = rows.iter().map(|row| row.0.as_str()).collect();
        let responses: Vec<&str> = rows.iter().map(|row| row.1.as_str()).collect();
        Response::status(200).with_body(
            "application/json",
            format!(
                r#"{{"txs":[{}],"tx_responses":[{}],"pagination":null,"total":"{stated}"}}"#,
                txs.join(","),
                responses.join(",")
            ),
        )
    }

    fn transaction(&self, id: &str, moment: &Moment<'_>) -> Response {
        let ids = self.ids.get_or_init(|| {
            (0..self.cosmos.timeline.count())
                .map(|number| (self.cosmos.tell(number).id(), number))
                .collect()
        });
        let found = ids
            .get(&id.to_ascii_uppercase())
            .filter(|number| self.cosmos.timeline.height_of(**number) <= moment.tip);
        match found {
            Some(number) => {
                let (tx, response) = rest(&self.cosmos, *number);
                Response::status(200).with_body(
                    "application/json",
                    format!(r#"{{"tx":{tx},"tx_response":{response}}}"#),
                )
            }
            None => refusal(404, 5, &format!("tx not found: {id}")),
        }
    }
}

fn refusal(status: u16, code: u32, message: &str) -> Response {
    Response::json(&json!({"code": code, "message": message, "details": []})).with_status(status)
}

impl Life for Rest {
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

    fn page_faults(&self) -> &'static [Fault] {
        &[
            Fault::Repeated,
            Fault::Lagging,
            Fault::ChangingTotal,
            Fault::MovingTip,
        ]
    }

    fn answer(&self, request: &Request, moment: &Moment<'_>) -> Response {
        let words: Vec<&str> = request
            .path
            .split('/')
            .filter(|word| !word.is_empty())
            .collect();
        match words.as_slice() {
            ["cosmos", "base", "tendermint", "v1beta1", "node_info"] => {
                Response::json(&Rest::node_info())
            }
            ["cosmos", "base", "tendermint", "v1beta1", "syncing"] => {
                Response::json(&json!({"syncing": false}))
            }
            [
                "cosmos",
                "base",
                "tendermint",
                "v1beta1",
                "blocks",
                "latest",
            ] => Response::json(&self.block(moment.tip)),
            ["cosmos", "base", "tendermint", "v1beta1", "blocks", height] => {
                match height.parse::<u64>() {
                    Ok(height) if (EARLIEST..=moment.tip).contains(&height) => {
                        Response::json(&self.block(height))
                    }
                    Ok(height) if height < EARLIEST => refusal(
                        500,
                        13,
                        &format!("height {height} is not available, lowest height is {EARLIEST}"),
                    ),
                    _ => refusal(
                        400,
                        3,
                        "requested block height is bigger then the chain length",
                    ),
                }
            }
            ["cosmos", "base", "node", "v1beta1", "status"] => Response::json(&json!({
                "earliest_store_height": EARLIEST.to_string(), "height": moment.tip.to_string(), "timestamp": self.cosmos.time(moment.tip)
            })),
            ["cosmos", "tx", "v1beta1", "txs"] => self.search(request, moment),
            ["cosmos", "tx", "v1beta1", "txs", id] => self.transaction(id, moment),
            ["cosmos", "bank", "v1beta1", "balances", account, ..]
                if *account == self.cosmos.account =>
            {
                Response::json(&json!({
                    "balances": [{"denom": "uatom", "amount": "900000000000"}], "balance": {"denom": "uatom", "amount": "900000000000"},
                    "pagination": {"next_key": null, "total": "1"}
                }))
            }
            ["cosmos", "auth", "v1beta1", "accounts", account]
                if *account == self.cosmos.account =>
            {
                Response::json(&json!({"account": {
                    "@type": "/cosmos.auth.v1beta1.BaseAccount", "address": account, "pub_key": null, "account_number": "77", "sequence": "4"
                }}))
            }
            _ => refusal(501, 12, "Not Implemented"),
        }
    }
}
