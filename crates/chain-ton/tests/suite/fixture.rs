//! The files of `fixtures/`, and words for what was read from them.

use recover_chain_ton::decode::{Decoder, Wallets};
use recover_chain_ton::transaction::Transaction;
use recover_chain_ton::wire::{self, Answer, JettonWalletRow};
use recover_core::amount::Amount;
use recover_core::memo::MemoKind;
use recover_core::network::NetworkId;
use recover_core::observation::Observation;
use serde_json::Value;
use std::path::PathBuf;

pub fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/ton"))
}

pub fn bytes(name: &str) -> Vec<u8> {
    let path = folder().join(format!("{name}.json"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub fn json(name: &str) -> Value {
    serde_json::from_slice(&bytes(name)).unwrap()
}

pub fn answer(name: &str) -> Answer {
    wire::read(&bytes(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

pub fn transactions(name: &str) -> Vec<Transaction> {
    match answer(name) {
        Answer::Transactions(rows) => rows,
        other => panic!("{name}: {other:?}"),
    }
}

pub fn decoder() -> Decoder {
    Decoder::new(NetworkId::new("ton"))
}

/// Wallets by address, owner and master in raw form.
pub fn wallets(rows: &[(&str, &str, &str)]) -> Wallets {
    let mut wallets = Wallets::default();
    for (address, owner, master) in rows {
        wallets.insert(&JettonWalletRow {
            address: address.parse().unwrap(),
            owner: owner.parse().unwrap(),
            master: master.parse().unwrap(),
            balance: Amount::ZERO,
            last_lt: None,
        });
    }
    wallets
}

pub fn credits(rows: &[Transaction], wallets: &Wallets) -> Vec<Observation> {
    rows.iter()
        .flat_map(|row| decoder().credits(row, wallets, None))
        .collect()
}

fn short(text: &str) -> &str {
    text.get(..8).unwrap_or(text)
}

/// One credit in a line a person can check.
pub fn line(credit: &Observation) -> String {
    let from = credit.from.as_ref().map_or("nobody", |from| from.text());
    let asset = match credit.asset.contract_text() {
        None => "nanoton".to_owned(),
        Some(token) => format!("of {}", short(token)),
    };
    let memos: Vec<String> = credit
        .memos
        .iter()
        .map(|memo| match memo.kind {
            MemoKind::Text => format!("{}={:?}", memo.place, String::from_utf8_lossy(&memo.raw)),
            kind => format!("{} {kind}", memo.place),
        })
        .collect();
    let flags: Vec<&str> = credit.flags.iter().map(|flag| flag.code()).collect();
    let mut line = format!(
        "{} {} {}>{} {} {asset}",
        short(credit.tx_id.as_str()),
        credit.position,
        short(from),
        short(credit.to.text()),
        credit.amount.to_base_units(),
    );
    if credit.amount != credit.amount_stated {
        line.push_str(&format!(
            " (stated {})",
            credit.amount_stated.to_base_units()
        ));
    }
    line.push_str(&format!(
        " {} {} [{}]",
        credit.mechanism,
        credit.outcome,
        memos.join(", ")
    ));
    if !flags.is_empty() {
        line.push_str(&format!(" {}", flags.join(" ")));
    }
    line
}
