//! A Horizon server in memory that payments are carried to, and what an order takes.

use crate::legs::{account_of, key, network, usdc};
use crate::world::{account, issuer, not_found, time};
use async_trait::async_trait;
use bytes::Bytes;
use recover_chain_stellar::carry_with;
use recover_chain_stellar::xdr::Network;
use recover_core::address::Address;
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::TxId;
use recover_core::book::ControlRecord;
use recover_core::memo::{Memo, place};
use recover_core::observation::{Mechanism, Observation, Outcome, Position};
use recover_core::plan::LegKind;
use recover_core::verdict::{How, Verdict};
use recover_source::carry::{Carry, Order, Wallet};
use recover_source::error::SourceError;
use recover_source::retry::RetryPolicy;
use recover_source::settings::SourceSettings;
use recover_source::transport::Transport;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub const LATEST: u64 = 1_000;

/// What the server knows.
pub struct Ledger {
    pub latest: u64,
    pub passphrase: String,
    pub price: u64,
    pub accounts: BTreeMap<String, Value>,
    pub transactions: BTreeMap<String, Value>,
    /// Our account's transactions, newest first.
    pub history: Vec<Value>,
    pub submission: Value,
    /// What was posted: path, type and body.
    pub posted: Vec<(String, String, String)>,
}

pub fn record(address: &Address, sequence: u64, native: &str, usdc: Option<&str>) -> Value {
    let mut balances = vec![
        json!({"balance": native, "asset_type": "native", "buying_liabilities": "0.0000000", "selling_liabilities": "0.0000000"}),
    ];
    if let Some(held) = usdc {
        balances.push(json!({"balance": held, "limit": "1000.0000000", "buying_liabilities": "0.0000000",
            "selling_liabilities": "0.0000000", "is_authorized": true, "asset_type": "credit_alphanum4", "asset_code": "USDC",
            "asset_issuer": issuer().text()}));
    }
    json!({"id": address.text(), "account_id": address.text(), "sequence": sequence.to_string(), "subentry_count": 0,
        "balances": balances, "data": {}})
}

/// Us with 100 XLM and 60 USDC, and the sender.
pub fn ledger() -> Ledger {
    let us = account_of(&key());
    let them = account(2);
    Ledger {
        latest: LATEST,
        passphrase: Network::public().passphrase().to_owned(),
        price: 100,
        accounts: BTreeMap::from([
            (
                us.text().to_owned(),
                record(&us, 77, "100.0000000", Some("60.0000000")),
            ),
            (
                them.text().to_owned(),
                record(&them, 5, "3.0000000", Some("0.0000000")),
            ),
        ]),
        transactions: BTreeMap::new(),
        history: Vec::new(),
        submission: json!({}),
        posted: Vec::new(),
    }
}

pub struct Server(Mutex<Ledger>);

impl Server {
    pub fn change(&self, change: impl FnOnce(&mut Ledger)) {
        change(&mut self.0.lock().unwrap());
    }

    pub fn posted(&self) -> Vec<(String, String, String)> {
        self.0.lock().unwrap().posted.clone()
    }
}

fn answer(ledger: &Ledger, path: &str, query: &[(&str, &str)]) -> Value {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        [] => {
            json!({"network_passphrase": ledger.passphrase, "history_latest_ledger": ledger.latest,
            "history_latest_ledger_closed_at": time(ledger.latest), "history_elder_ledger": 900})
        }
        ["ledgers", sequence] => {
            json!({"sequence": sequence, "closed_at": time(sequence.parse().unwrap()),
            "base_reserve_in_stroops": 5_000_000})
        }
        ["fee_stats"] => {
            json!({"last_ledger_base_fee": "100", "fee_charged": {"p95": ledger.price.to_string()}})
        }
        ["accounts", account] => ledger
            .accounts
            .get(*account)
            .cloned()
            .unwrap_or_else(not_found),
        ["transactions", id] => ledger
            .transactions
            .get(*id)
            .cloned()
            .unwrap_or_else(not_found),
        ["accounts", _, "transactions"] => {
            let of = |name: &str| {
                query
                    .iter()
                    .find(|(key, _)| *key == name)
                    .map(|(_, value)| *value)
            };
            assert_eq!(
                (of("order"), of("include_failed")),
                (Some("desc"), Some("true"))
            );
            // Two rows a page.
            let rows: Vec<&Value> = ledger
                .history
                .iter()
                .skip_while(|row| of("cursor").is_some_and(|cursor| row["paging_token"] != cursor))
                .skip(usize::from(of("cursor").is_some()))
                .take(2)
                .collect();
            json!({"_embedded": {"records": rows}})
        }
        _ => not_found(),
    }
}

#[async_trait]
impl Transport for Server {
    fn origin(&self) -> &str {
        "horizon test"
    }

    async fn post(&self, _body: Bytes) -> Result<Bytes, SourceError> {
        panic!("horizon takes nothing at its root");
    }

    async fn post_to(
        &self,
        path: &str,
        content_type: &str,
        body: Bytes,
    ) -> Result<Bytes, SourceError> {
        let mut ledger = self.0.lock().unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        ledger
            .posted
            .push((path.to_owned(), content_type.to_owned(), body));
        match &ledger.submission {
            Value::Null => Err(SourceError::Unreachable {
                origin: "horizon test".to_owned(),
                detail: "it took too long".to_owned(),
            }),
            answer => Ok(Bytes::from(answer.to_string())),
        }
    }

    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Bytes, SourceError> {
        let ledger = self.0.lock().unwrap();
        Ok(Bytes::from(answer(&ledger, path, query).to_string()))
    }
}

pub fn settings() -> SourceSettings {
    let mut settings = SourceSettings::new(network(), "pubnet", "horizon", "http://localhost");
    settings.retry = RetryPolicy {
        tries_max: 2,
        delay_min: Duration::from_millis(1),
        delay_max: Duration::from_millis(2),
    };
    settings
}

pub fn carried(ledger: Ledger) -> (Arc<Server>, Arc<dyn Carry>) {
    let server = Arc::new(Server(Mutex::new(ledger)));
    let carry = carry_with(settings(), Arc::clone(&server) as _);
    (server, carry)
}

/// A deposit without its memo, and what is wanted of it.
pub struct Wanted {
    pub credit: Observation,
    pub purpose: LegKind,
    pub verdict: Verdict,
    pub recipient: String,
    pub memo: Option<Memo>,
    pub amount: Amount,
    pub wallet: Wallet,
}

impl Wanted {
    pub fn order(&self) -> Order<'_> {
        Order {
            credit: &self.credit,
            purpose: self.purpose,
            verdict: &self.verdict,
            control: &ControlRecord::Key,
            recipient: &self.recipient,
            memo: self.memo.as_ref(),
            asset: &self.credit.asset,
            amount: self.amount,
            held_for_others: recover_core::amount::Amount::ZERO,
            wallet: &self.wallet,
            fee_margin_percent: 50,
        }
    }
}

pub fn wanted(is_issued: bool) -> Wanted {
    let amount = Amount::from_u128(50_000_000);
    Wanted {
        credit: Observation {
            network: network(),
            tx_id: TxId::new(&"ab".repeat(32)),
            position: Position::value(),
            block: None,
            from: Some(account(2)),
            to: account_of(&key()),
            asset: if is_issued {
                usdc()
            } else {
                AssetId::native(network())
            },
            amount,
            amount_stated: amount,
            balance_delta: None,
            memos: vec![Memo::absent(place::MEMO)],
            mechanism: Mechanism::TopLevel,
            outcome: Outcome::Success,
            flags: Vec::new(),
        },
        purpose: LegKind::Return,
        verdict: Verdict::Controllable(How::SameKey),
        recipient: account(2).text().to_owned(),
        memo: None,
        amount,
        wallet: Wallet {
            treasury: account(8).text().to_owned(),
            gas: None,
            keys: Vec::new(),
            factories: Vec::new(),
        },
    }
}
