//! The files of `fixtures/`.

use recover_chain_evm::decode::Decoder;
use recover_core::network::NetworkId;
use recover_core::observation::Observation;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::path::PathBuf;

pub fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures"))
}

/// A file by its path below `fixtures/`, without `.json`.
pub fn json(name: &str) -> Value {
    let path = folder().join(format!("{name}.json"));
    let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap()
}

/// The result of a recorded JSON-RPC answer, in any of the forms the files have.
pub fn result(name: &str) -> Value {
    let mut value = json(name);
    if let Some(answer) = value.get_mut(0).and_then(|first| first.get_mut("response")) {
        return answer["result"].take();
    }
    match value.get_mut("result") {
        Some(result) => result.take(),
        None => value,
    }
}

pub fn read<T: DeserializeOwned>(name: &str) -> T {
    serde_json::from_value(result(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

pub fn decoder(chain_id: u64) -> Decoder {
    Decoder::new(NetworkId::new("ethereum"), chain_id)
}

/// Position, sender, recipient and amount of each credit: what most tests are about.
pub fn lines(credits: &[Observation]) -> Vec<String> {
    credits
        .iter()
        .map(|credit| {
            let from = credit.from.as_ref().map_or("-", |from| from.text());
            let short = |text: &str| text.get(..8).unwrap_or(text).to_lowercase();
            format!(
                "{} {}>{} {}",
                credit.position,
                short(from),
                short(credit.to.text()),
                credit.amount_stated.to_base_units()
            )
        })
        .collect()
}
