//! The files of `fixtures/`.

use recover_chain_xrpl::decode::{DecodeError, Decoded, decode};
use recover_chain_xrpl::wire;
use recover_core::memo::MemoKind;
use recover_core::network::NetworkId;
use recover_core::observation::{Observation, Outcome};
use serde_json::Value;
use std::path::PathBuf;

pub fn network() -> NetworkId {
    NetworkId::new("xrpl")
}

pub fn folder(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures")).join(name)
}

/// A file of `fixtures/xrp` by its name without `.json`.
pub fn json(name: &str) -> Value {
    let path = folder("xrp").join(format!("{name}.json"));
    let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap()
}

/// Every transaction of an answer, decoded or refused.
pub fn decoded_of(answer: &Value) -> Vec<Result<Decoded, DecodeError>> {
    match wire::records(answer) {
        Ok(records) => records
            .iter()
            .map(|record| decode(record, &network()))
            .collect(),
        Err(error) => vec![Err(error.into())],
    }
}

/// The one transaction of a file.
pub fn one(name: &str) -> Decoded {
    let mut all = decoded_of(&json(name));
    assert_eq!(all.len(), 1, "{name}");
    all.pop().unwrap().unwrap()
}

/// The transaction of a page or a ledger whose id begins so.
pub fn find(name: &str, id: &str) -> Decoded {
    let mut all = decoded_of(&json(name)).into_iter().flatten();
    all.find(|decoded| decoded.id.as_str().starts_with(id))
        .unwrap()
}

pub fn short(text: &str) -> &str {
    text.get(..8).unwrap_or(text)
}

/// One credit in a line that a person can compare with the file.
pub fn line(credit: &Observation) -> String {
    let from = credit.from.as_ref().map_or("-", |from| from.text());
    let asset = match credit.asset.contract_text() {
        None => "drops".to_owned(),
        Some(text) => match text.split_once('.') {
            Some((code, issuer)) => format!("{}.{}", short(code), short(issuer)),
            None => text.to_owned(),
        },
    };
    let units = |amount: recover_core::amount::Amount| match credit.asset.contract_text() {
        Some(text) if text.contains('.') => amount.to_coin_text(30),
        _ => amount.to_base_units(),
    };
    let position = credit.position.as_str();
    let position = match position.strip_prefix("balance:") {
        Some(_) => "balance",
        None => position,
    };
    let mut line = format!(
        "{position} {} > {} {} {asset}",
        short(from),
        short(credit.to.text()),
        units(credit.amount)
    );
    if credit.amount != credit.amount_stated {
        line.push_str(&format!(" of {}", units(credit.amount_stated)));
    }
    if credit.outcome != Outcome::Success {
        line.push_str(&format!(" {}", credit.outcome));
    }
    for memo in &credit.memos {
        let place = memo.place.replace("destination_tag", "tag");
        match memo.kind {
            MemoKind::Absent if place == "tag" => line.push_str(" no-tag"),
            MemoKind::Hash | MemoKind::Bytes => {
                line.push_str(&format!(" {place}=0x{}", short(&hex::encode(&memo.raw))));
            }
            kind => {
                let text: String = String::from_utf8_lossy(&memo.raw)
                    .chars()
                    .take(40)
                    .collect();
                line.push_str(&format!(" {place}={text}"));
                if kind == MemoKind::Empty {
                    line.push_str("(empty)");
                }
            }
        }
    }
    for flag in &credit.flags {
        line.push_str(&format!(" !{flag}"));
    }
    line
}
