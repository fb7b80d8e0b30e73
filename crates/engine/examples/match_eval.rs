//! Measures matching on a labelled folder: `deposits.csv`, `appeals.csv`, `address_book.csv` and `truth.csv` with the columns
//! that the imports read (`truth.csv`: appeal_id, kind, deposit_id).
//!
//! `cargo run -p recover-engine --example match_eval -- FOLDER` prints link precision and recall, the precision of `auto`, and the time it took.

use recover_core::appeal::MatchDecision;
use recover_core::detect::Detect;
use recover_core::names;
use recover_core::network::Family;
use recover_engine::config::Codecs;
use recover_engine::import::{self, ColumnMap, Context, Records};
use recover_matching::{
    DepositFacts, DepositIndex, Model, UserBook, Vocabulary, match_appeals, normalise,
};
use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::path::Path;
use std::time::Instant;

/// Keeps every address as written: matching folds them itself.
struct Verbatim;

impl Codecs for Verbatim {
    fn codec(&self, _: Family) -> Option<&dyn Detect> {
        None
    }
}

fn all<R: Read, T>(records: Records<'_, R, T>) -> Result<Vec<T>, Box<dyn std::error::Error>> {
    let mut good = Vec::new();
    for item in records {
        match item? {
            Ok(record) => good.push(record),
            Err(reject) => eprintln!("{reject}"),
        }
    }
    Ok(good)
}

/// A share of a hundred with two decimals.
fn percent(part: usize, of: usize) -> String {
    let hundredths = part * 10_000 / of.max(1);
    format!("{}.{:02} %", hundredths / 100, hundredths % 100)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let Some(folder) = std::env::args().nth(1) else {
        return Err("give the folder with the four files".into());
    };
    let folder = Path::new(&folder);
    let context = Context {
        codec: &Verbatim,
        chains: None,
    };
    let map = ColumnMap::default();
    let open = |name: &str| import::open(&folder.join(name));
    let begin = Instant::now();
    let book = all(import::addresses(
        "address_book.csv",
        open("address_book.csv")?,
        &map,
        &context,
    )?)?;
    let deposits = all(import::deposits(
        "deposits.csv",
        open("deposits.csv")?,
        &map,
        &context,
    )?)?;
    let appeals = all(import::appeals(
        "appeals.csv",
        open("appeals.csv")?,
        &map,
        &context,
    )?)?;
    let read = begin.elapsed();
    let begin = Instant::now();
    let words = Vocabulary::default();
    let book = UserBook::new(&book);
    let clues: Vec<_> = appeals
        .iter()
        .map(|appeal| normalise(appeal, &words))
        .collect();
    let normalised = begin.elapsed();
    let index = DepositIndex::new(deposits.iter().map(|deposit| {
        DepositFacts {
            id: deposit.id.clone(),
            family: names::known(&deposit.network).map(|known| known.family),
            network: deposit.network.clone(),
            tx_id: deposit.tx_id.as_str().to_owned(),
            from: deposit.from.clone(),
            to: deposit.to.clone(),
            symbol: deposit
                .asset
                .to_string()
                .rsplit(':')
                .next()
                .map(str::to_owned),
            asset: deposit.asset.clone(),
            amount: recover_core::decimal::Decimal::from_parts(deposit.amount, deposit.scale),
            time: deposit.block_time,
            memo: deposit.memo.clone(),
            memo_finding: None,
            reason: None,
        }
    }));
    let outcomes = match_appeals(&clues, &index, &book, &Model::default());
    println!(
        "{} appeals, {} deposits: read {read:?}, normalised {normalised:?}, in all {:?}",
        appeals.len(),
        deposits.len(),
        begin.elapsed()
    );

    let mut truth: HashMap<String, (String, String, String)> = HashMap::new();
    let mut reader = csv::Reader::from_path(folder.join("truth.csv"))?;
    for row in reader.records() {
        let row = row?;
        let field = |place: usize| row.get(place).unwrap_or_default().to_owned();
        truth.insert(field(0), (field(1), field(2), field(5)));
    }
    let links = truth
        .values()
        .filter(|(_, deposit, _)| !deposit.is_empty())
        .count();
    let mut named = 0;
    let mut right = 0;
    let mut by_decision: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut by_kind: BTreeMap<(String, &str), usize> = BTreeMap::new();
    for outcome in &outcomes {
        let Some((kind, deposit, errors)) = truth.get(outcome.appeal.as_str()) else {
            continue;
        };
        let is_right = outcome
            .deposit
            .as_ref()
            .is_some_and(|found| found.as_str() == deposit);
        let decision = outcome.decision.code();
        named += usize::from(outcome.deposit.is_some());
        right += usize::from(is_right);
        let count = by_decision.entry(decision).or_default();
        count.0 += 1;
        count.1 += usize::from(is_right);
        *by_kind.entry((kind.clone(), decision)).or_default() += 1;
        if outcome.decision == MatchDecision::Auto && !is_right {
            println!("auto, not the labelled deposit: {} {kind}", outcome.appeal);
        }
        if std::env::var_os("MISSES").is_some() && !is_right && !deposit.is_empty() {
            println!(
                "miss: {} {decision} {:?} for {deposit}: {errors}",
                outcome.appeal, outcome.deposit
            );
        }
    }
    println!(
        "links: precision {} ({right} of {named}), recall {} ({right} of {links})",
        percent(right, named),
        percent(right, links)
    );
    for (decision, (count, right)) in by_decision {
        println!(
            "{decision}: {count}, {} the labelled deposit",
            percent(right, count)
        );
    }
    for ((kind, decision), count) in by_kind {
        println!("  {kind} {decision}: {count}");
    }
    Ok(())
}
