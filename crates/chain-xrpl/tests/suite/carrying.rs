//! A ledger in memory that payments are carried to, and what an order takes.

use crate::fixture::network;
use crate::legs::Key;
use crate::server::{Server, error, info, ledger, server, settings};
use recover_chain_xrpl::address;
use recover_chain_xrpl::asset::Asset;
use recover_chain_xrpl::carry_with;
use recover_chain_xrpl::decode::SOURCE_TAG;
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::TxId;
use recover_core::book::ControlRecord;
use recover_core::memo::{Memo, place};
use recover_core::observation::{Mechanism, Observation, Outcome, Position};
use recover_core::plan::LegKind;
use recover_core::verdict::{How, Verdict};
use recover_source::carry::{Carry, Order, Wallet};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

pub const THEM: [u8; 20] = [2; 20];
pub const ISSUER: [u8; 20] = [3; 20];
pub const TIP: u64 = 1_000;

/// What the server knows. Amounts in drops; lines by (holder, issuer).
pub struct World {
    pub tip: u64,
    pub complete: String,
    pub price_drops: u64,
    pub accounts: BTreeMap<String, Value>,
    /// The account's next number in the open ledger and its highest in the queue.
    pub current: Option<(u64, Option<u64>)>,
    pub lines: BTreeMap<(String, String), Value>,
    pub tickets: Vec<u64>,
    pub submit: Value,
    /// Answers of `tx`, by id.
    pub transactions: BTreeMap<String, Value>,
    /// Rows of our account's history, newest first.
    pub history: Vec<Value>,
}

pub fn root(account: [u8; 20], sequence: u32, balance: &str) -> Value {
    json!({"Account": address::text(account), "Sequence": sequence, "Balance": balance, "OwnerCount": 2, "Flags": 0,
        "LedgerEntryType": "AccountRoot"})
}

pub fn line(peer: [u8; 20], balance: &str) -> Value {
    json!({"account": address::text(peer), "currency": "USD", "balance": balance, "limit": "5000"})
}

/// Us with 50 XRP and 1,000 USD, them and the issuer.
pub fn world(key: &Key) -> World {
    let us = address::text(key.account());
    let issuer = address::text(ISSUER);
    World {
        tip: TIP,
        complete: "1-1000".to_owned(),
        price_drops: 10,
        accounts: BTreeMap::from([
            (us.clone(), root(key.account(), 100, "50000000")),
            (address::text(THEM), root(THEM, 7, "3000000")),
            (issuer.clone(), root(ISSUER, 7, "9000000")),
        ]),
        current: None,
        lines: BTreeMap::from([
            ((us, issuer.clone()), line(ISSUER, "1000")),
            ((address::text(THEM), issuer), line(ISSUER, "5")),
        ]),
        tickets: Vec::new(),
        submit: error("internal"),
        transactions: BTreeMap::new(),
        history: Vec::new(),
    }
}

/// A validated payment of signed bytes, as API version 2 writes it.
pub fn validated(blob: &[u8], at: u64, result: &str) -> Value {
    let mut fields = Value::Object(recover_chain_xrpl::binary::decode(blob).unwrap());
    let amount = fields["Amount"].clone();
    let mut meta = json!({"TransactionResult": result, "TransactionIndex": 3, "AffectedNodes": []});
    if result == "tesSUCCESS" {
        meta["delivered_amount"] = amount.clone();
    }
    let inner = fields.as_object_mut().unwrap();
    inner.remove("Amount");
    inner.insert("DeliverMax".to_owned(), amount);
    let id = recover_chain_xrpl::binary::transaction_id(blob);
    json!({"tx_json": fields, "meta": meta, "hash": id.as_str(), "ledger_index": at, "ledger_hash": format!("{at:064X}"),
        "close_time_iso": "2026-11-20T08:30:00Z", "validated": true})
}

fn answer(world: &World, method: &str, asked: &Value) -> Value {
    let found = |result: Value| {
        let mut answer = json!({ "result": result });
        answer["result"]["status"] = json!("success");
        answer
    };
    let asked_for = |name: &str| asked[name].as_str().unwrap_or_default().to_owned();
    match method {
        "server_info" => info(&world.complete, world.tip),
        "server_state" => error("unknownCmd"),
        "fee" => found(
            json!({"drops": {"base_fee": "10", "open_ledger_fee": world.price_drops.to_string()}}),
        ),
        "ledger" => ledger(asked["ledger_index"].as_u64().unwrap_or(world.tip)),
        "account_info" => {
            let account = asked_for("account");
            let Some(root) = world.accounts.get(&account) else {
                return error("actNotFound");
            };
            let mut root = root.clone();
            if asked["ledger_index"] == "current" {
                let mut answer = json!({"ledger_current_index": world.tip + 1});
                if let Some((sequence, queued)) = world.current {
                    root["Sequence"] = json!(sequence);
                    answer["queue_data"] = match queued {
                        Some(highest) => json!({"txn_count": 2, "highest_sequence": highest}),
                        None => json!({"txn_count": 0}),
                    };
                }
                answer["account_data"] = root;
                return found(answer);
            }
            found(json!({"account_data": root, "ledger_index": world.tip, "validated": true}))
        }
        "account_lines" => {
            let line = world.lines.get(&(asked_for("account"), asked_for("peer")));
            found(
                json!({"account": asked_for("account"), "lines": line.into_iter().collect::<Vec<_>>()}),
            )
        }
        "ledger_entry" => {
            let ticket = asked["ticket"]["ticket_seq"].as_u64().unwrap();
            if world.tickets.contains(&ticket) {
                found(json!({"node": {"LedgerEntryType": "Ticket", "TicketSequence": ticket}}))
            } else {
                error("entryNotFound")
            }
        }
        "submit" => world.submit.clone(),
        "tx" => match world.transactions.get(&asked_for("transaction")) {
            Some(known) => found(known.clone()),
            None => {
                let mut answer = error("txnNotFound");
                let first = world
                    .complete
                    .split('-')
                    .next()
                    .unwrap()
                    .parse::<u64>()
                    .unwrap();
                if let Some(from) = asked["min_ledger"].as_u64() {
                    answer["result"]["searched_all"] = json!(from >= first);
                }
                answer
            }
        },
        "account_tx" => {
            assert_eq!(asked["forward"], false);
            // Two rows a page.
            let start = usize::try_from(asked["marker"]["seq"].as_u64().unwrap_or(0)).unwrap();
            let end = (start + 2).min(world.history.len());
            let mut result = json!({"account": asked_for("account"), "transactions": &world.history[start..end], "validated": true});
            if end < world.history.len() {
                result["marker"] = json!({"ledger": 1, "seq": end});
            }
            found(result)
        }
        _ => error("unknownCmd"),
    }
}

pub struct Carried {
    pub world: Arc<Mutex<World>>,
    pub server: Arc<Server>,
    pub carry: Arc<dyn Carry>,
}

impl Carried {
    pub fn new(world: World) -> Self {
        let world = Arc::new(Mutex::new(world));
        let inside = Arc::clone(&world);
        let server =
            server(move |method, asked| Ok(answer(&inside.lock().unwrap(), method, asked)));
        let carry = carry_with(settings(), Arc::clone(&server) as _);
        Self {
            world,
            server,
            carry,
        }
    }

    pub fn change(&self, change: impl FnOnce(&mut World)) {
        change(&mut self.world.lock().unwrap());
    }
}

/// A deposit without a tag, and what is wanted of it.
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

pub fn wanted(key: &Key, asset: Asset, amount: Amount) -> Wanted {
    let us = address::format(key.account());
    let asset = match asset {
        Asset::Xrp => AssetId::native(network()),
        asset => AssetId::contract(network(), &asset.to_string()),
    };
    Wanted {
        credit: Observation {
            network: network(),
            tx_id: TxId::new(&"AB".repeat(32)),
            position: Position::value(),
            block: None,
            from: Some(address::format(THEM)),
            to: us.clone(),
            asset,
            amount,
            amount_stated: amount,
            balance_delta: None,
            memos: vec![
                Memo::absent(place::DESTINATION_TAG),
                Memo::tag(77, SOURCE_TAG),
            ],
            mechanism: Mechanism::TopLevel,
            outcome: Outcome::Success,
            flags: Vec::new(),
        },
        purpose: LegKind::Return,
        verdict: Verdict::Controllable(How::SameKey),
        recipient: address::text(THEM),
        memo: None,
        amount,
        wallet: Wallet {
            treasury: address::text([8; 20]),
            gas: None,
            keys: vec![(us.text().to_owned(), hex::encode(key.public()))],
            factories: Vec::new(),
        },
    }
}
