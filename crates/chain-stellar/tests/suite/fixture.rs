//! The files of `fixtures/stellar`.

use recover_chain_stellar::decode::{Beside, Credit, DecodeError, Decoder, TransactionFacts};
use recover_chain_stellar::wire;
use recover_chain_stellar::xdr::Network;
use recover_core::memo::{Memo, MemoKind};
use recover_core::network::NetworkId;
use recover_core::observation::Observation;
use serde::de::DeserializeOwned;
use std::path::PathBuf;

pub fn folder() -> PathBuf {
    PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fixtures/stellar"
    ))
}

/// A file's bytes by its name without `.json`.
pub fn bytes(name: &str) -> Vec<u8> {
    let path = folder().join(format!("{name}.json"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A file that holds one record.
pub fn record<T: DeserializeOwned>(name: &str) -> T {
    serde_json::from_slice(&bytes(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The rows of a file that holds a list.
pub fn rows<T: DeserializeOwned>(name: &str) -> Vec<T> {
    let wire::Body::Rows(rows) = wire::body(&bytes(name)).unwrap() else {
        panic!("{name} holds no list");
    };
    rows.iter()
        .map(|row| serde_json::from_str(row.get()).unwrap())
        .collect()
}

pub fn decoder() -> Decoder {
    Decoder::new(NetworkId::new("stellar"), Network::public())
}

pub fn on_testnet() -> Decoder {
    Decoder::new(NetworkId::new("stellar"), Network::test())
}

/// The facts of a transaction, and on which network its signed bytes hash to its id.
pub fn facts(record: &wire::Transaction) -> (Result<TransactionFacts, DecodeError>, &'static str) {
    match decoder().transaction(record) {
        Ok(facts) if facts.envelope.is_some() => (Ok(facts), "signed on pubnet"),
        Ok(facts) => (Ok(facts), "no signed bytes"),
        Err(error) => match on_testnet().transaction(record) {
            Ok(facts) => (Ok(facts), "signed on testnet, refused on pubnet"),
            Err(_) => (Err(error), ""),
        },
    }
}

pub fn credits(operation: &wire::Operation) -> Result<Vec<Credit>, DecodeError> {
    decoder().credits(operation, None, Beside::default())
}

pub fn short(text: &str) -> String {
    let (start, end) = (text.get(..4), text.get(text.len().saturating_sub(4)..));
    match (text.len() > 12, start, end) {
        (true, Some(start), Some(end)) => format!("{start}..{end}"),
        _ => text.to_owned(),
    }
}

pub fn memo(memo: &Memo) -> String {
    let content = match memo.kind {
        MemoKind::Absent | MemoKind::Empty => String::new(),
        MemoKind::Hash | MemoKind::Return => format!(" {}", hex::encode(&memo.raw)),
        _ => format!(" {:?}", String::from_utf8_lossy(&memo.raw)),
    };
    format!("{} {}{content}", memo.place, memo.kind.code())
}

pub fn asset(asset: &recover_core::asset::AssetId) -> String {
    match asset.contract_text().and_then(|text| text.split_once('.')) {
        Some((code, issuer)) => format!("{code}.{}", short(issuer)),
        None => asset.contract_text().unwrap_or("XLM").to_owned(),
    }
}

/// A credit in one line.
pub fn line(credit: &Credit) -> String {
    let from = credit
        .from
        .as_ref()
        .map_or("-".to_owned(), |from| short(from.text()));
    let muxed = credit
        .muxed
        .as_ref()
        .map_or(String::new(), |found| format!(" {}", memo(found)));
    let flags: Vec<&str> = credit.flags.iter().map(|flag| flag.code()).collect();
    format!(
        "{} {from} > {}{muxed} {} {} {}{}",
        credit.position,
        short(credit.to.text()),
        credit.amount.to_base_units(),
        asset(&credit.asset),
        credit.mechanism.code(),
        if flags.is_empty() {
            String::new()
        } else {
            format!(" [{}]", flags.join(" "))
        },
    )
}

/// An observation in one line.
pub fn seen(credit: &Observation) -> String {
    let from = credit
        .from
        .as_ref()
        .map_or("-".to_owned(), |from| short(from.text()));
    let memos: Vec<String> = credit.memos.iter().map(memo).collect();
    format!(
        "{} {} {from} > {} {} {} {} {} ({})",
        short(credit.tx_id.as_str()),
        credit.position,
        short(credit.to.text()),
        credit.amount.to_base_units(),
        asset(&credit.asset),
        credit.mechanism.code(),
        credit.outcome.code(),
        memos.join("; "),
    )
}
