//! One file a noun: parse, call the engine, render; decide nothing.

pub mod addresses;
pub mod appeals;
pub mod audit;
pub mod backtest;
pub mod chains;
pub mod claims;
pub mod deposits;
pub mod diagnose;
pub mod halt;
pub mod handover;
pub mod init;
pub mod intake;
pub mod matching;
pub mod people;
pub mod policy;
pub mod policy_fees;
pub mod prices;
pub mod proofs;
pub mod quote;
pub mod reconcile;
pub mod report;
pub mod scan;
pub mod tokens;
pub mod watch_list;

use recover_engine::error::EngineError;

/// A word outside its closed list, with the list.
pub fn unknown<'a>(
    what: &'static str,
    word: &str,
    list: impl Iterator<Item = &'a str>,
) -> EngineError {
    EngineError::UnknownWord {
        what,
        word: word.to_owned(),
        expected: list.collect::<Vec<_>>().join(", "),
    }
}

/// The member of a closed list whose code was typed; `None` when nothing was.
pub fn chosen<T: Copy>(
    what: &'static str,
    word: Option<&str>,
    all: &[T],
    code: fn(T) -> &'static str,
) -> Result<Option<T>, EngineError> {
    word.map(|word| {
        all.iter()
            .copied()
            .find(|item| code(*item) == word)
            .ok_or_else(|| unknown(what, word, all.iter().map(|item| code(*item))))
    })
    .transpose()
}

/// A small text file.
pub fn read_text(file: &std::path::Path) -> anyhow::Result<String> {
    use anyhow::Context as _;
    std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}
