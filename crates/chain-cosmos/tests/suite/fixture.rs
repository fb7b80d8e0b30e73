//! The files of `fixtures/cosmos`.

use recover_chain_cosmos::decode::{Decoder, Transaction};
use recover_core::memo::MemoKind;
use recover_core::network::NetworkId;
use recover_core::observation::Observation;
use serde_json::Value;
use std::path::PathBuf;

pub fn folder(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures")).join(name)
}

/// A recorded answer by its name, without `.json`.
pub fn json(name: &str) -> Value {
    let path = folder("cosmos").join(format!("{name}.json"));
    let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap()
}

/// The name of every recorded answer, sorted.
pub fn names() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder("cosmos"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".json").map(str::to_owned))
        .collect();
    names.sort();
    names
}

pub fn decoder(network: &str) -> Decoder {
    Decoder::new(NetworkId::new(network))
}

/// The one transaction of a recorded answer.
pub fn transaction(network: &str, name: &str) -> Transaction {
    let mut all = decoder(network).transactions(&json(name)).unwrap();
    assert_eq!(all.len(), 1, "{name}");
    all.remove(0)
}

fn short(text: &str) -> String {
    match text.len() {
        0..=24 => text.to_owned(),
        length => format!("{}…{}", &text[..12], &text[length - 5..]),
    }
}

/// One credit in one line: position, sender, recipient, coin, memos, and what is not plain about it.
pub fn line(credit: &Observation) -> String {
    let from = credit
        .from
        .as_ref()
        .map_or("-".to_owned(), |from| short(from.text()));
    let asset = credit
        .asset
        .contract_text()
        .map_or("native".to_owned(), short);
    let memos: Vec<String> = credit
        .memos
        .iter()
        .map(|memo| match memo.kind {
            MemoKind::Text => format!(
                "{}={:?}",
                memo.place,
                short(
                    &String::from_utf8_lossy(&memo.raw)
                        .replace(|letter: char| !letter.is_ascii(), "?")
                )
            ),
            kind => format!("{}:{kind}", memo.place),
        })
        .collect();
    let mut line = format!(
        "{} {from} > {} {} {asset} [{}] {}",
        credit.position,
        short(credit.to.text()),
        credit.amount.to_base_units(),
        memos.join(" "),
        credit.mechanism
    );
    if credit.outcome.code() != "success" {
        line.push_str(&format!(" {}", credit.outcome.code().to_uppercase()));
    }
    for flag in &credit.flags {
        line.push_str(&format!(" +{flag}"));
    }
    line
}
