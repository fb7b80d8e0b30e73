//! A toncenter in memory: rows in, pages out, with the limits of the real one and faults where a test wants them.

use async_trait::async_trait;
use bytes::Bytes;
use recover_chain_ton::address::{RawAddress, parse_hash};
use recover_source::error::SourceError;
use recover_source::transport::Transport;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Logical time that a height has.
pub const LT_PER_HEIGHT: u64 = 1_000_000;

pub fn lt(height: u64, place: u64) -> u64 {
    height * LT_PER_HEIGHT + place
}

pub fn hash(number: u64) -> [u8; 32] {
    let mut hash = [0xab; 32];
    hash[..8].copy_from_slice(&number.to_be_bytes());
    hash
}

/// What the index has, and how it misbehaves.
#[derive(Default)]
pub struct Index {
    pub global_id: i64,
    pub first: u64,
    pub last: u64,
    pub transactions: Vec<Value>,
    pub wallets: Vec<Value>,
    pub transfers: Vec<Value>,
    /// Traces by the hashes of their transactions.
    pub traces: Vec<(Vec<[u8; 32]>, bool)>,
    /// Wallets that are found by address and left out of the owner's list.
    pub unlisted: Vec<String>,
    /// Rows that it gives at once at most, whatever is asked.
    pub rows_max: usize,
    /// Every so many requests are answered with a limit; 0 for never.
    pub limit_every: usize,
    /// Takes only the first of several addresses.
    pub first_address_only: bool,
    pub requests: AtomicUsize,
    pub asked: Mutex<Vec<String>>,
}

fn number(value: &Value) -> u64 {
    match value {
        Value::String(digits) => digits.parse().unwrap(),
        other => other.as_u64().unwrap(),
    }
}

impl Index {
    pub fn new(last: u64) -> Self {
        Self {
            global_id: -239,
            first: 1,
            last,
            rows_max: 1000,
            ..Self::default()
        }
    }

    fn block(&self, seqno: u64) -> Value {
        json!({
            "workchain": -1, "shard": "8000000000000000", "seqno": seqno,
            "root_hash": hex::encode(hash(seqno)), "global_id": self.global_id,
            "gen_utime": (1_700_000_000 + seqno * 5).to_string(),
            "start_lt": lt(seqno, 900_000).to_string(), "end_lt": lt(seqno, 900_004).to_string(),
        })
    }

    fn page(&self, rows: Vec<Value>, query: &Query<'_>) -> Result<Vec<Value>, Value> {
        let limit: usize = query.get("limit").map_or(10, |text| text.parse().unwrap());
        if limit > 1000 {
            return Err(json!({"error": format!("limit is not allowed: {limit} > 1000")}));
        }
        let offset: usize = query.get("offset").map_or(0, |text| text.parse().unwrap());
        let limit = limit.min(self.rows_max);
        Ok(rows.into_iter().skip(offset).take(limit).collect())
    }

    fn between(rows: Vec<Value>, field: &str, query: &Query<'_>) -> Vec<Value> {
        let start = query
            .get("start_lt")
            .map_or(0, |text| text.parse().unwrap());
        let end = query
            .get("end_lt")
            .map_or(u64::MAX, |text| text.parse().unwrap());
        let mut rows: Vec<Value> = rows
            .into_iter()
            .filter(|row| (start..=end).contains(&number(&row[field])))
            .collect();
        rows.sort_by_key(|row| number(&row[field]));
        if query.get("sort") != Some("asc") {
            rows.reverse();
        }
        rows
    }

    fn by_hash(&self, hash: [u8; 32]) -> Option<&Value> {
        self.transactions
            .iter()
            .find(|row| parse_hash(row["hash"].as_str().unwrap()) == Some(hash))
    }

    fn answer(&self, path: &str, query: &Query<'_>) -> Result<Value, Value> {
        match path {
            "/api/v3/masterchainInfo" => {
                Ok(json!({"last": self.block(self.last), "first": self.block(self.first)}))
            }
            "/api/v3/blocks" => {
                let known = self.first..=self.last;
                let rows = match query.get("seqno") {
                    Some(seqno) => vec![seqno.parse::<u64>().unwrap()],
                    None => {
                        let time = |field: &str| query.get(field).unwrap().parse::<u64>().unwrap();
                        (self.first..=self.last)
                            .filter(|seqno| {
                                (time("start_utime")..=time("end_utime"))
                                    .contains(&(1_700_000_000 + seqno * 5))
                            })
                            .collect()
                    }
                };
                let rows = rows
                    .into_iter()
                    .filter(|seqno| known.contains(seqno))
                    .map(|seqno| self.block(seqno))
                    .collect();
                Ok(json!({"blocks": self.page(rows, query)?}))
            }
            "/api/v3/transactions" => {
                let rows = match query.get("hash") {
                    Some(text) => self
                        .by_hash(parse_hash(text).unwrap())
                        .into_iter()
                        .cloned()
                        .collect(),
                    None => {
                        let account = query.get("account").unwrap();
                        let rows = self
                            .transactions
                            .iter()
                            .filter(|row| same(&row["account"], account))
                            .cloned()
                            .collect();
                        Self::between(rows, "lt", query)
                    }
                };
                Ok(json!({"transactions": self.page(rows, query)?, "address_book": {}}))
            }
            "/api/v3/transactionsByMessage" => {
                let wanted = parse_hash(query.get("msg_hash").unwrap());
                let rows: Vec<Value> = self
                    .transactions
                    .iter()
                    .filter(|row| {
                        let message = row["in_msg"]["hash"].as_str();
                        message.and_then(parse_hash) == wanted && wanted.is_some()
                    })
                    .cloned()
                    .collect();
                // An empty list of the real one is null.
                if rows.is_empty() {
                    return Ok(json!({"transactions": null}));
                }
                Ok(json!({"transactions": self.page(rows, query)?}))
            }
            "/api/v3/traces" => {
                let wanted = query
                    .get("tx_hash")
                    .or_else(|| query.get("trace_id"))
                    .and_then(parse_hash)
                    .unwrap();
                let by_id = query.get("trace_id").is_some();
                let found = self.traces.iter().find(|(hashes, _)| {
                    if by_id {
                        hashes.first() == Some(&wanted)
                    } else {
                        hashes.contains(&wanted)
                    }
                });
                let Some((hashes, is_incomplete)) = found else {
                    return Ok(json!({"traces": []}));
                };
                let rows: BTreeMap<String, Value> = hashes
                    .iter()
                    .filter_map(|hash| Some((hex::encode(hash), self.by_hash(*hash)?.clone())))
                    .collect();
                Ok(json!({"traces": [{"transactions": rows, "is_incomplete": is_incomplete}]}))
            }
            "/api/v3/jetton/wallets" => {
                let addresses: Vec<&str> = query.all("address");
                let addresses = if self.first_address_only {
                    addresses.into_iter().take(1).collect()
                } else {
                    addresses
                };
                let rows = self
                    .wallets
                    .iter()
                    .filter(|row| {
                        query.get("owner_address").is_none_or(|owner| {
                            same(&row["owner"], owner)
                                && !self
                                    .unlisted
                                    .iter()
                                    .any(|hidden| same(&row["address"], hidden))
                        }) && query
                            .get("jetton_address")
                            .is_none_or(|master| same(&row["jetton"], master))
                            && (addresses.is_empty()
                                || addresses
                                    .iter()
                                    .any(|address| same(&row["address"], address)))
                    })
                    .cloned()
                    .collect();
                Ok(json!({"jetton_wallets": self.page(rows, query)?}))
            }
            "/api/v3/jetton/transfers" => {
                assert_eq!(query.get("direction"), Some("in"));
                let owner = query.get("owner_address").unwrap();
                let rows = self
                    .transfers
                    .iter()
                    .filter(|row| same(&row["destination"], owner))
                    .cloned()
                    .collect();
                let rows = Self::between(rows, "transaction_lt", query);
                Ok(json!({"jetton_transfers": self.page(rows, query)?}))
            }
            "/api/v3/accountStates" => {
                let address = query.get("address").unwrap();
                Ok(
                    json!({"accounts": [{"address": address, "status": "active", "balance": "62709394797",
                    "code_hash": hex::encode([5; 32])}]}),
                )
            }
            "/api/v3/jetton/masters" => Ok(json!({"jetton_masters": [{
                "address": query.get("address"), "total_supply": "1",
                "jetton_content": {"uri": "x", "symbol": "USD\u{0}T", "decimals": "6"},
            }]})),
            _ => Err(json!({"error": format!("Cannot GET {path}")})),
        }
    }
}

fn same(value: &Value, text: &str) -> bool {
    let account: RawAddress = text.parse().unwrap();
    value.as_str().unwrap().parse() == Ok(account)
}

struct Query<'a>(&'a [(&'a str, &'a str)]);

impl<'a> Query<'a> {
    fn get(&self, name: &str) -> Option<&'a str> {
        self.0
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| *value)
    }

    fn all(&self, name: &str) -> Vec<&'a str> {
        self.0
            .iter()
            .filter(|(key, _)| *key == name)
            .map(|(_, value)| *value)
            .collect()
    }
}

#[async_trait]
impl Transport for Index {
    fn origin(&self) -> &str {
        "toncenter_v3 memory"
    }

    async fn post(&self, _body: Bytes) -> Result<Bytes, SourceError> {
        panic!("toncenter is only asked by GET here");
    }

    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Bytes, SourceError> {
        let number = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        self.asked.lock().unwrap().push(format!("{path} {query:?}"));
        let body = if self.limit_every > 0 && number.is_multiple_of(self.limit_every) {
            json!({"ok": false, "result": "Ratelimit exceed", "code": 429})
        } else {
            match self.answer(path, &Query(query)) {
                Ok(body) | Err(body) => body,
            }
        };
        Ok(body.to_string().into())
    }
}
