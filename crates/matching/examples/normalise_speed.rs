//! How long reading appeals takes, and how often the truth is among the clues.
//!
//! `cargo run --release -p recover-matching --example normalise_speed -- FOLDER [ROUNDS]`: a folder with `appeals.csv`, and
//! for the table `deposits.csv` and `truth.csv`, in the columns of the sample.

mod folder;

use recover_core::appeal::Appeal;
use recover_core::decimal::Decimal;
use recover_core::time::Timestamp;
use recover_matching::clue::{AppealClues, Id};
use recover_matching::{Vocabulary, amount, asset, ids, normalise};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::time::Instant;

type Row = HashMap<String, String>;

fn main() -> folder::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("name a folder")?;
    let rounds: u32 = arguments.next().map_or(Ok(3), |text| text.parse())?;
    let folder = PathBuf::from(folder);
    let mut appeals: Vec<Appeal> = Vec::new();
    folder::appeals(&folder, |appeal| appeals.push(appeal))?;
    let words = Vocabulary::default();
    let mut clues: Vec<AppealClues> = Vec::new();
    for round in 0..rounds {
        clues.clear();
        clues.reserve(appeals.len());
        let (start, busy) = (Instant::now(), busy_nanoseconds());
        clues.extend(appeals.iter().map(|appeal| normalise(appeal, &words)));
        let count = u128::try_from(appeals.len().max(1))?;
        let elapsed = start.elapsed().as_nanos() / count;
        let busy = u128::from(busy_nanoseconds().saturating_sub(busy)) / count;
        println!(
            "round {round}: {count} appeals, {elapsed} ns each by the clock, {busy} ns of the processor"
        );
    }
    for name in [
        "txid", "network", "asset", "amount", "to", "memo", "from", "time", "text",
    ] {
        alone(name, &appeals, &words);
    }
    table(&folder, &clues)
}

/// How long this thread has had the processor, where the system says so; zero elsewhere. Other work on the machine does not
/// count.
fn busy_nanoseconds() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let first = text.split_whitespace().next().unwrap_or_default();
    first.parse().unwrap_or_default()
}

/// How long one field takes, the others left empty.
fn alone(name: &str, appeals: &[Appeal], words: &Vocabulary) {
    let only: Vec<Appeal> = appeals
        .iter()
        .map(|appeal| {
            let keep = |own: &str, text: &String| {
                if own == name {
                    text.clone()
                } else {
                    String::new()
                }
            };
            Appeal {
                claimed_txid: keep("txid", &appeal.claimed_txid),
                claimed_network: keep("network", &appeal.claimed_network),
                claimed_asset: keep("asset", &appeal.claimed_asset),
                claimed_amount: keep("amount", &appeal.claimed_amount),
                claimed_to_address: keep("to", &appeal.claimed_to_address),
                claimed_memo: keep("memo", &appeal.claimed_memo),
                claimed_from_address: keep("from", &appeal.claimed_from_address),
                claimed_at: keep("time", &appeal.claimed_at),
                free_text: keep("text", &appeal.free_text),
                ..appeal.clone()
            }
        })
        .collect();
    let busy = busy_nanoseconds();
    let found: usize = only
        .iter()
        .map(|appeal| normalise(appeal, words).lines_count())
        .sum();
    let busy = busy_nanoseconds().saturating_sub(busy);
    let count = u64::try_from(only.len().max(1)).unwrap_or(1);
    println!(
        "{name} alone: {} ns of the processor, {found} clues",
        busy / count
    );
}

/// By the kind of error that the truth names: how many appeals, and how many of them hold the deposit's own value among
/// their clues.
fn table(folder: &Path, clues: &[AppealClues]) -> folder::Result<()> {
    let deposits: HashMap<String, Row> = folder::texts(&folder.join("deposits.csv"))?
        .into_iter()
        .map(|row| (row.get("deposit_id").cloned().unwrap_or_default(), row))
        .collect();
    let truth: HashMap<String, Row> = folder::texts(&folder.join("truth.csv"))?
        .into_iter()
        .map(|row| (row.get("appeal_id").cloned().unwrap_or_default(), row))
        .collect();
    let mut counts: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    for clues in clues {
        let Some(row) = truth.get(clues.appeal.as_str()) else {
            continue;
        };
        let Some(deposit) = row
            .get("deposit_id")
            .and_then(|deposit| deposits.get(deposit))
        else {
            continue;
        };
        let errors = row.get("errors").map(String::as_str).unwrap_or_default();
        for error in errors.split(';') {
            let holds = match error.split(':').next().unwrap_or_default() {
                "txid" | "txid_in_text" => holds_id(
                    clues.transactions.iter().map(|clue| &clue.value),
                    &ids::folded_transaction(&deposit["tx_id"]),
                ),
                "to" => holds_id(
                    clues.addresses.iter().map(|clue| &clue.value),
                    &ids::folded(&deposit["to_address"]),
                ),
                "from" => holds_id(
                    clues.addresses.iter().map(|clue| &clue.value),
                    &ids::folded(&deposit["from_address"]),
                ),
                "amount" => Decimal::parse(&deposit["amount"]).is_ok_and(|arrived| {
                    clues
                        .amounts
                        .iter()
                        .any(|clue| amount::equal(clue.value, arrived))
                }),
                "time" => Timestamp::parse(&deposit["block_time"]).is_ok_and(|time| {
                    clues
                        .times
                        .iter()
                        .any(|clue| clue.value.from <= time && time <= clue.value.to)
                }),
                "net" => {
                    let words = Vocabulary::default();
                    words.network(&deposit["chain"]).is_some_and(|network| {
                        clues
                            .networks
                            .iter()
                            .any(|clue| clue.value.network == network)
                    })
                }
                "asset" => {
                    let symbol = asset::folded(&deposit["asset"]);
                    clues.assets.iter().any(|clue| {
                        asset::compare(&clue.value, &symbol) != asset::Sameness::Differs
                    })
                }
                name if name.starts_with("memo") => !clues.memos.is_empty(),
                _ => continue,
            };
            let count = counts.entry(error.to_owned()).or_default();
            count.0 += 1;
            count.1 += u32::from(holds);
        }
    }
    println!("error kind: appeals, of them with the deposit's value among the clues");
    for (error, (all, held)) in counts {
        println!(
            "{error:<16} {all:>7} {held:>7}  {}.{} %",
            held * 100 / all,
            held * 1000 / all % 10
        );
    }
    Ok(())
}

/// Whether an id is among the clues: whole, within three edits of a whole one (as far as that shows at both ends), or by
/// the ends of a cut one.
fn holds_id<'a>(clues: impl Iterator<Item = &'a Id>, actual: &str) -> bool {
    let mut clues = clues;
    clues.any(|clue| match clue {
        Id::Whole(text) => {
            let shared = text
                .bytes()
                .zip(actual.bytes())
                .take_while(|(left, right)| left == right)
                .count();
            let tail = text
                .bytes()
                .rev()
                .zip(actual.bytes().rev())
                .take_while(|(left, right)| left == right)
                .count();
            text == actual || shared + tail >= 12
        }
        Id::Ends { head, tail } => {
            actual.starts_with(head.as_str()) && actual.ends_with(tail.as_str())
        }
    })
}
