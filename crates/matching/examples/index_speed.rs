//! Measures the index on a folder of samples: seconds by stage, candidates an appeal and memory.
//!
//! `cargo run --release -p recover-matching --example index_speed -- FOLDER`

mod folder;

use recover_core::book::AddressRecord;
use recover_matching::{AppealClues, DepositIndex, IndexBuilder, UserBook, Vocabulary, normalise};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// What the system says of this process's memory, in megabytes; 0 where it does not say.
fn memory(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.split_whitespace().next());
    number
        .and_then(|number| number.parse::<u64>().ok())
        .unwrap_or(0)
        / 1024
}

/// How long the first thread ran on a processor, in nanoseconds; 0 where the system does not say.
fn ran() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let first = text.split_whitespace().next();
    first.and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn main() -> folder::Result<()> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("give the folder")?);
    let mut before = ran();
    let mut say = |what: &str, begin: Instant| {
        let now = ran();
        let cpu = Duration::from_nanos(now.saturating_sub(before));
        before = now;
        println!(
            "{what:<40} {:>9.3?} (first thread ran {cpu:>9.3?})  {:>5} MB now, {:>5} MB at most",
            begin.elapsed(),
            memory("VmRSS:"),
            memory("VmHWM:")
        );
    };
    let begin = Instant::now();
    let mut builder = IndexBuilder::default();
    folder::deposits(&folder, |facts| builder.push(facts.view()))?;
    say("read and fold deposits, one thread", begin);
    let begin = Instant::now();
    let index = DepositIndex::build([builder], 2);
    say("sort rows and keys, two threads", begin);
    let begin = Instant::now();
    let mut records: Vec<AddressRecord> = Vec::new();
    folder::book(&folder, |record| records.push(record))?;
    say("read the address book", begin);
    let begin = Instant::now();
    let book = UserBook::new(&records);
    drop(records);
    say("sort the address book", begin);
    println!(
        "{} deposits: {} MB; {} users: {} MB",
        index.len(),
        index.bytes() >> 20,
        book.len(),
        book.bytes() >> 20
    );
    let words = Vocabulary::default();
    let mut out = Vec::new();
    let mut total = 0;
    let mut times = Vec::new();
    let mut looking = 0;
    let mut clues: Vec<AppealClues> = Vec::new();
    let mut look = |clues: &mut Vec<AppealClues>| {
        let before = ran();
        for clues in clues.iter() {
            let begin = Instant::now();
            index.candidates(clues, book.user(&clues.user_id), &mut out);
            times.push(begin.elapsed());
            total += out.len();
        }
        looking += ran().saturating_sub(before);
        clues.clear();
    };
    let begin = Instant::now();
    folder::appeals(&folder, |appeal| {
        clues.push(normalise(&appeal, &words));
        if clues.len() == 10_000 {
            look(&mut clues);
        }
    })?;
    look(&mut clues);
    say("read and normalise appeals, candidates", begin);
    let count = times.len();
    times.sort_unstable();
    let at = |permille: usize| {
        times
            .get(count * permille / 1000)
            .copied()
            .unwrap_or_default()
    };
    println!(
        "{count} appeals, candidates ran {:.3?} on one thread (p50 {:?}, p99 {:?}, p99.9 {:?}), {total} candidates",
        Duration::from_nanos(looking),
        at(500),
        at(990),
        at(999)
    );
    let mut index = index;
    let mut taken = Vec::new();
    let step = (index.len() / 20).max(1);
    for number in (0..index.len()).step_by(step) {
        let row = u32::try_from(number)
            .ok()
            .and_then(|number| index.row(recover_matching::RowNo(number)));
        if let Some(row) = row {
            let mut facts = row.facts();
            facts.id = recover_core::observation::DepositId::verbatim(&format!("new-{number}"));
            taken.push(facts);
        }
    }
    let begin = Instant::now();
    let count = u32::try_from(taken.len().max(1))?;
    for facts in &taken {
        index.push(facts);
    }
    println!(
        "one new deposit, visible to the next look-up: {:?}",
        begin.elapsed() / count
    );
    say("in all", begin);
    Ok(())
}
