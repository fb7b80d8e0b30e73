//! A Horizon server in memory: an account's history in Horizon's shapes, with its real paging and its faults.

use async_trait::async_trait;
use bytes::Bytes;
use recover_chain_stellar::xdr::Network;
use recover_chain_stellar::{Horizon, address};
use recover_core::address::Address;
use recover_core::network::NetworkId;
use recover_source::error::SourceError;
use recover_source::retry::RetryPolicy;
use recover_source::settings::SourceSettings;
use recover_source::transport::Transport;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub fn account(number: u8) -> Address {
    address::account([number; 32])
}

/// The account whose history is read.
pub fn ours() -> Address {
    account(1)
}

pub const USDC: &str = "USDC";

pub fn issuer() -> Address {
    account(200)
}

/// What goes wrong with every so many-th answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    RateLimit,
    Problem(u16, &'static str),
    Html,
    CutBody,
    RepeatPage,
    Shuffle,
    ShortPage,
}

#[derive(Default)]
pub struct World {
    /// By id: the row without its transaction, its transaction's hash, and whether `/payments` has it.
    pub operations: BTreeMap<u64, (Value, String, bool)>,
    /// By operation and number.
    pub effects: BTreeMap<(u64, u64), Value>,
    pub transactions: BTreeMap<String, Value>,
    /// Answers at exact paths, before all others.
    pub fixed: BTreeMap<String, Value>,
    pub latest: u64,
    pub elder: u64,
    pub passphrase: String,
    /// Whether `join=transactions` does something.
    pub joins: bool,
    pub faults: Vec<(usize, Fault)>,
    /// Every so many-th answer is of a server so many ledgers behind.
    pub lag: Option<(usize, u64)>,
    pub asked: AtomicUsize,
    pub log: Mutex<Vec<String>>,
    last_pages: Mutex<BTreeMap<String, Vec<Value>>>,
    next: (u64, u64),
}

pub struct Tx {
    pub hash: String,
    ledger: u64,
    order: u64,
    operation: u64,
    successful: bool,
}

impl World {
    pub fn new() -> Self {
        Self {
            latest: 1_000_000,
            elder: 2,
            passphrase: Network::public().passphrase().to_owned(),
            joins: true,
            next: (100, 1),
            ..Self::default()
        }
    }

    /// Begins a transaction in a ledger, as its next one.
    pub fn transaction(&mut self, ledger: u64, memo_type: &str, memo: Option<&str>) -> Tx {
        self.begin(ledger, memo_type, memo, true)
    }

    pub fn begin(
        &mut self,
        ledger: u64,
        memo_type: &str,
        memo: Option<&str>,
        successful: bool,
    ) -> Tx {
        let order = if self.next.0 == ledger {
            self.next.1
        } else {
            1
        };
        self.next = (ledger, order + 1);
        let hash = hex::encode(Sha256::digest(format!("{ledger}/{order}")));
        let mut record = json!({
            "id": hash, "hash": hash, "successful": successful, "ledger": ledger,
            "created_at": time(ledger), "source_account": account(9).text(), "memo_type": memo_type,
            "operation_count": 0, "paging_token": ((ledger << 32) | (order << 12)).to_string(),
        });
        if let Some(memo) = memo {
            record["memo"] = json!(memo);
        }
        self.transactions.insert(hash.clone(), record);
        Tx {
            hash,
            ledger,
            order,
            operation: 0,
            successful,
        }
    }

    /// Adds an operation and answers its id.
    pub fn operation(&mut self, tx: &mut Tx, in_payments: bool, mut row: Value) -> u64 {
        tx.operation += 1;
        let id = (tx.ledger << 32) | (tx.order << 12) | tx.operation;
        let fields = row.as_object_mut().unwrap();
        fields.insert("id".into(), json!(id.to_string()));
        fields.insert("paging_token".into(), json!(id.to_string()));
        fields.insert("transaction_hash".into(), json!(tx.hash));
        fields.insert("transaction_successful".into(), json!(tx.successful));
        fields.insert("created_at".into(), json!(time(tx.ledger)));
        fields
            .entry("source_account")
            .or_insert(json!(account(9).text()));
        self.operations
            .insert(id, (row, tx.hash.clone(), in_payments));
        self.transactions.get_mut(&tx.hash).unwrap()["operation_count"] = json!(tx.operation);
        id
    }

    pub fn effect(&mut self, operation: u64, number: u64, mut row: Value) {
        let fields = row.as_object_mut().unwrap();
        let token = format!("{operation}-{number}");
        fields.insert("id".into(), json!(format!("{operation:019}-{number:010}")));
        fields.insert("paging_token".into(), json!(token));
        self.effects.insert((operation, number), row);
    }

    /// A payment of lumens in `amount` units.
    pub fn pay(&mut self, tx: &mut Tx, from: &Address, to: &Address, amount: &str) -> u64 {
        let id = self.operation(
            tx,
            true,
            json!({"type": "payment", "type_i": 1, "asset_type": "native", "from": from.text(), "to": to.text(), "amount": amount}),
        );
        if tx.successful {
            for (number, kind, account) in
                [(1, "account_credited", to), (2, "account_debited", from)]
            {
                self.effect(id, number, json!({"type": kind, "account": account.text(), "asset_type": "native", "amount": amount}));
            }
        }
        id
    }

    pub fn source(self) -> (Arc<Self>, Horizon) {
        self.source_with(|_| {})
    }

    pub fn source_with(self, change: impl FnOnce(&mut SourceSettings)) -> (Arc<Self>, Horizon) {
        let world = Arc::new(self);
        let mut settings = SourceSettings::new(NetworkId::new("stellar"), "pubnet", "horizon", "");
        settings.page_size = Some(5);
        settings.retry = RetryPolicy {
            tries_max: 6,
            delay_min: Duration::from_millis(1),
            delay_max: Duration::from_millis(2),
        };
        change(&mut settings);
        let horizon = Horizon::new(&settings, world.clone());
        (world, horizon)
    }

    fn answer(&self, path: &str, query: &BTreeMap<&str, &str>, latest: u64) -> Value {
        if let Some(fixed) = self.fixed.get(path) {
            return fixed.clone();
        }
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        match parts.as_slice() {
            [] => json!({
                "horizon_version": "2.32.0", "network_passphrase": self.passphrase,
                "history_latest_ledger": latest, "history_elder_ledger": self.elder,
                "history_latest_ledger_closed_at": time(latest), "core_latest_ledger": latest,
            }),
            ["ledgers", height] => {
                let height: u64 = height.parse().unwrap();
                if height > self.latest || height < self.elder {
                    return not_found();
                }
                json!({"sequence": height, "hash": "00", "closed_at": time(height), "base_reserve_in_stroops": 5_000_000})
            }
            ["accounts", account, "payments"] => {
                let joins = self.joins && query.get("join") == Some(&"transactions");
                let failed = query.get("include_failed") == Some(&"true");
                let rows = self.operations.iter().filter(|(_, (row, _, listed))| {
                    let named = row
                        .as_object()
                        .unwrap()
                        .values()
                        .any(|value| value == *account);
                    let inside = row["asset_balance_changes"].to_string().contains(account);
                    *listed
                        && (named || inside)
                        && (failed || row["transaction_successful"] != json!(false))
                });
                let rows = rows.map(|(id, (row, hash, _))| {
                    let mut row = row.clone();
                    if joins {
                        row["transaction"] = self.transactions[hash].clone();
                    }
                    ((*id, 0), row)
                });
                self.page(rows, query, latest)
            }
            ["accounts", account, "effects"] => {
                let rows = self
                    .effects
                    .iter()
                    .filter(|(_, row)| row["account"] == **account);
                self.page(rows.map(|(id, row)| (*id, row.clone())), query, latest)
            }
            ["transactions", hash] => self
                .transactions
                .get(*hash)
                .cloned()
                .unwrap_or_else(not_found),
            ["transactions", hash, "operations"] => {
                let rows = self.operations.iter().filter(|(_, (_, of, _))| of == hash);
                self.page(
                    rows.map(|(id, (row, ..))| ((*id, 0), row.clone())),
                    query,
                    latest,
                )
            }
            ["transactions", hash, "effects"] => {
                let rows = self
                    .effects
                    .iter()
                    .filter(|((id, _), _)| self.operations[id].1 == *hash);
                self.page(rows.map(|(id, row)| (*id, row.clone())), query, latest)
            }
            ["operations", id] => match self.operations.get(&id.parse().unwrap()) {
                Some(_) if id.parse::<u64>().unwrap() >> 32 > latest => not_found(),
                Some((row, hash, _)) => {
                    let mut row = row.clone();
                    row["transaction"] = self.transactions[hash].clone();
                    row
                }
                None => not_found(),
            },
            _ => not_found(),
        }
    }

    fn page(
        &self,
        rows: impl Iterator<Item = ((u64, u64), Value)>,
        query: &BTreeMap<&str, &str>,
        latest: u64,
    ) -> Value {
        let limit: usize = query["limit"].parse().unwrap();
        assert!((1..=200).contains(&limit), "horizon refuses limit {limit}");
        assert_eq!(query.get("order"), Some(&"asc"));
        let cursor = query.get("cursor").copied().unwrap_or("0");
        let (id, number) = cursor.split_once('-').unwrap_or((cursor, "0"));
        let cursor = (id.parse().unwrap(), number.parse().unwrap());
        let rows: Vec<Value> = rows
            .filter(|(id, _)| *id > cursor && id.0 >> 32 <= latest)
            .take(limit)
            .map(|(_, row)| row)
            .collect();
        json!({"_links": {}, "_embedded": {"records": rows}})
    }

    fn fault(&self, number: usize) -> Option<Fault> {
        let found = self
            .faults
            .iter()
            .find(|(every, _)| number % every == every - 1);
        found.map(|(_, fault)| *fault)
    }
}

pub fn not_found() -> Value {
    problem(404, "not_found")
}

pub fn problem(status: u16, word: &str) -> Value {
    json!({"type": format!("https://stellar.org/horizon-errors/{word}"), "title": word, "status": status, "detail": "words"})
}

pub fn time(ledger: u64) -> String {
    recover_core::time::Timestamp::from_seconds(1_600_000_000 + ledger * 5)
        .unwrap()
        .to_string()
}

#[async_trait]
impl Transport for World {
    fn origin(&self) -> &str {
        "horizon"
    }

    async fn post(&self, _body: Bytes) -> Result<Bytes, SourceError> {
        panic!("horizon is only read");
    }

    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Bytes, SourceError> {
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        self.log.lock().unwrap().push(path.to_owned());
        let behind = self
            .lag
            .filter(|(every, _)| number % every == every - 1)
            .map_or(0, |(_, behind)| behind);
        let query = query.iter().copied().collect();
        let mut answer = self.answer(path, &query, self.latest - behind);
        let rows = answer
            .pointer_mut("/_embedded/records")
            .and_then(Value::as_array_mut);
        match (self.fault(number), rows) {
            (Some(Fault::RateLimit), _) => {
                return Err(SourceError::RateLimited {
                    origin: "horizon".to_owned(),
                    retry_after: None,
                });
            }
            (Some(Fault::Problem(status, word)), _) => answer = problem(status, word),
            (Some(Fault::Html), _) => return Ok(Bytes::from_static(b"<html>busy</html>")),
            (Some(Fault::CutBody), _) => {
                let text = answer.to_string();
                return Ok(Bytes::copy_from_slice(&text.as_bytes()[..text.len() / 2]));
            }
            (Some(Fault::RepeatPage), Some(rows)) => {
                if let Some(last) = self.last_pages.lock().unwrap().get(path) {
                    *rows = last.clone();
                }
            }
            (Some(Fault::Shuffle), Some(rows)) => rows.reverse(),
            (Some(Fault::ShortPage), Some(rows)) => rows.truncate(rows.len().div_ceil(2)),
            (_, Some(rows)) if !rows.is_empty() => {
                self.last_pages
                    .lock()
                    .unwrap()
                    .insert(path.to_owned(), rows.clone());
            }
            _ => {}
        }
        Ok(Bytes::from(answer.to_string()))
    }
}

/// A life of every kind of credit, between the ledgers 100 and 100 + `rounds` * 10, and how many of them are ours.
pub fn life(rounds: u64) -> (World, usize) {
    let mut world = World::new();
    let us = ours();
    let mut credits = 0;
    for round in 0..rounds {
        let at = 100 + round * 10;
        let mut one = world.transaction(at, "id", Some(&(1000 + round).to_string()));
        world.pay(&mut one, &account(2), &us, "12.5000000");
        // Two credits in one transaction, a third for somebody else between them.
        let mut two = world.transaction(at, "text", Some("hello"));
        world.pay(&mut two, &account(2), &us, "1.0000000");
        world.pay(&mut two, &account(2), &account(3), "7.0000000");
        world.pay(&mut two, &account(2), &us, "2.0000000");
        let mut out = world.transaction(at + 1, "none", None);
        world.pay(&mut out, &us, &account(4), "3.0000000");
        let mut failed = world.begin(at + 1, "none", None, false);
        world.pay(&mut failed, &account(2), &us, "5.0000000");
        let mut path = world.transaction(at + 2, "none", None);
        let id = world.operation(
            &mut path,
            true,
            json!({"type": "path_payment_strict_send", "type_i": 13, "from": account(5).text(), "to": us.text(),
                "asset_type": "credit_alphanum4", "asset_code": USDC, "asset_issuer": issuer().text(),
                "amount": "4.0000001", "source_amount": "9.0000000", "destination_min": "3.0000000",
                "to_muxed": address::muxed_text([1; 32], round), "to_muxed_id": round.to_string()}),
        );
        world.effect(id, 1, json!({"type": "account_credited", "account": us.text(), "asset_type": "credit_alphanum4",
            "asset_code": USDC, "asset_issuer": issuer().text(), "amount": "4.0000001"}));
        let mut merge = world.transaction(at + 3, "none", None);
        let id = world.operation(
            &mut merge,
            true,
            json!({"type": "account_merge", "type_i": 8, "account": account(6).text(), "into": us.text()}),
        );
        world.effect(id, 1, json!({"type": "account_debited", "account": account(6).text(), "asset_type": "native", "amount": "8.0000000"}));
        world.effect(id, 2, json!({"type": "account_credited", "account": us.text(), "asset_type": "native", "amount": "8.0000000"}));
        // A claim stands in no /payments.
        let mut claim = world.transaction(
            at + 4,
            "hash",
            Some("8l5BBDu28EujbUFtWIWrkxAKBp0/H1XAV1vcg/njov8="),
        );
        let id = world.operation(
            &mut claim,
            false,
            json!({"type": "claim_claimable_balance", "type_i": 15, "balance_id": "00", "claimant": us.text(), "source_account": us.text()}),
        );
        let held = format!("{USDC}:{}", issuer().text());
        world.effect(id, 1, json!({"type": "claimable_balance_claimed", "account": us.text(), "asset": held, "balance_id": "00", "amount": "6.0000000"}));
        world.effect(id, 2, json!({"type": "account_credited", "account": us.text(), "asset_type": "credit_alphanum4",
            "asset_code": USDC, "asset_issuer": issuer().text(), "amount": "6.0000000"}));
        let mut call = world.transaction(at + 5, "none", None);
        let id = world.operation(
            &mut call,
            true,
            json!({"type": "invoke_host_function", "type_i": 24, "asset_balance_changes": [
                {"asset_type": "native", "type": "transfer", "from": account(7).text(), "to": account(8).text(), "amount": "1.0000000"},
                {"asset_type": "native", "type": "transfer", "from": account(7).text(), "to": us.text(), "amount": "2.5000000"},
                {"asset_type": "native", "type": "burn", "from": us.text(), "amount": "2.5000000"}]}),
        );
        world.effect(id, 1, json!({"type": "account_credited", "account": us.text(), "asset_type": "native", "amount": "2.5000000"}));
        let mut pool = world.transaction(at + 6, "none", None);
        let id = world.operation(
            &mut pool,
            false,
            json!({"type": "liquidity_pool_withdraw", "type_i": 23, "source_account": us.text(), "reserves_received": [
                {"asset": "native", "amount": "1.1000000"}, {"asset": held, "amount": "0.0000000"}]}),
        );
        world.effect(
            id,
            1,
            json!({"type": "liquidity_pool_withdrew", "account": us.text()}),
        );
        // Effects that credit nobody, more than a page of them.
        let mut offers = world.transaction(at + 7, "none", None);
        let id = world.operation(
            &mut offers,
            false,
            json!({"type": "manage_sell_offer", "type_i": 3, "source_account": us.text()}),
        );
        for number in 1..=7 {
            world.effect(id, number, json!({"type": "trade", "account": us.text()}));
        }
        credits += 8;
    }
    (world, credits)
}
