//! From CSV files to decisions with their reasons, and how long it takes.
//!
//! `cargo run --release -p recover-matching --example match_speed -- FOLDER [--threads N] [--output FILE] [--latency COUNT]`
//!
//! Reads `deposits.csv`, `address_book.csv` and `appeals.csv` of a folder, a block at a time: of an appeal only what it wants is
//! held until all of them are decided. Prints one line of JSON: seconds and processor seconds in all, up to the decisions and of
//! each stage, peak memory in KiB. With `--output` the outcomes with their reasons go to a file in the columns that `evaluate` of
//! the testkit reads, else they are written to nowhere, and counted. With `--latency` that many single appeals are then asked one
//! after the other against all the deposits, and how long each took is added.

mod blocks;
#[path = "../folder/rows.rs"]
mod rows;

use blocks::Columns;
use recover_core::appeal::{Appeal, MatchOutcome};
use recover_core::asset::AssetId;
use recover_core::decimal::Decimal;
use recover_core::names;
use recover_core::network::{Family, NetworkId};
use recover_core::time::Timestamp;
use recover_matching::decide::{Interest, Matcher, Ruling};
use recover_matching::model::Model;
use recover_matching::{
    DepositIndex, DepositView, IndexBuilder, Quotes, UserBook, Vocabulary, normalise,
};
use rows::Problem;
use std::collections::{BTreeMap, HashMap};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

struct Arguments {
    folder: PathBuf,
    threads: usize,
    output: Option<PathBuf>,
    latency: usize,
}

fn arguments() -> Result<Arguments, Problem> {
    let mut read = Arguments {
        folder: PathBuf::new(),
        threads: 2,
        output: None,
        latency: 0,
    };
    let mut all = std::env::args().skip(1);
    while let Some(argument) = all.next() {
        let mut value = || all.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--threads" => read.threads = value()?.parse::<usize>()?.max(1),
            "--output" => read.output = Some(PathBuf::from(value()?)),
            "--latency" => read.latency = value()?.parse()?,
            _ => read.folder = PathBuf::from(argument),
        }
    }
    if read.folder.as_os_str().is_empty() {
        return Err("name the folder of the cases".into());
    }
    Ok(read)
}

/// What the words of a file stand for, looked up once.
#[derive(Default)]
struct Known {
    networks: HashMap<String, (NetworkId, Option<Family>)>,
    assets: HashMap<(String, String), AssetId>,
}

impl Known {
    fn network(&mut self, name: &str) -> (NetworkId, Option<Family>) {
        if let Some(known) = self.networks.get(name) {
            return known.clone();
        }
        let network = names::network_by_name(name)
            .map_or_else(|| NetworkId::new(name), |known| NetworkId::new(known.name));
        let family = names::known(&network).map(|known| known.family);
        self.networks
            .insert(name.to_owned(), (network.clone(), family));
        (network, family)
    }
}

fn given(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn deposits(folder: &Path, threads: usize) -> Result<DepositIndex, Problem> {
    let (states, _) = blocks::read::<_, ()>(
        &folder.join("deposits.csv"),
        threads,
        || (IndexBuilder::default(), Known::default()),
        |(builder, known), _, columns, row| {
            let text = |name: &str| columns.of(row, name);
            let (network, family) = known.network(text("chain"));
            let key = (text("chain").to_owned(), text("asset").to_owned());
            let asset = known
                .assets
                .entry(key)
                .or_insert_with(|| AssetId::unlisted(network.clone(), text("asset")));
            builder.push(DepositView {
                id: text("deposit_id"),
                network: &network,
                family,
                tx_id: text("tx_id"),
                from: given(text("from_address")),
                to: text("to_address"),
                asset,
                symbol: given(text("asset")),
                amount: Decimal::parse(text("amount")).ok(),
                time: Timestamp::parse(text("block_time")).ok(),
                memo: given(text("memo")),
                memo_finding: None,
                reason: given(text("orphan_reason")),
            });
            Ok(())
        },
    )?;
    let builders = states.into_iter().map(|(builder, _)| builder);
    Ok(DepositIndex::build(builders, threads))
}

fn book(folder: &Path, threads: usize) -> Result<UserBook, Problem> {
    let (_, records) = blocks::read(
        &folder.join("address_book.csv"),
        threads,
        || (),
        |(), records, columns, row| {
            records.push(rows::record(|name| columns.of(row, name))?);
            Ok(())
        },
    )?;
    Ok(UserBook::new(&records))
}

fn appeal(columns: &Columns, row: &csv::StringRecord) -> Result<Appeal, Problem> {
    rows::appeal(|name| columns.of(row, name))
}

/// One outcome as a line.
fn line(
    out: &mut Vec<u8>,
    outcome: &MatchOutcome,
    others: impl Iterator<Item = String>,
) -> Result<(), Problem> {
    out.extend_from_slice(b"{\"appeal_id\":");
    serde_json::to_writer(&mut *out, outcome.appeal.as_str())?;
    out.extend_from_slice(b",\"deposit_id\":");
    serde_json::to_writer(&mut *out, &outcome.deposit.as_ref().map(|id| id.as_str()))?;
    let billionths = outcome.score_ppb;
    write!(
        out,
        ",\"decision\":\"{}\",\"score\":{}.{:09},\"tier\":\"{}\",\"candidates\":",
        outcome.decision.code(),
        billionths / 1_000_000_000,
        billionths % 1_000_000_000,
        outcome.tier.code(),
    )?;
    list(out, others)?;
    out.extend_from_slice(b",\"reasons\":");
    let reasons = outcome.reasons.iter();
    list(out, reasons.map(|reason| reason.detail.as_str()))?;
    out.extend_from_slice(b"}\n");
    Ok(())
}

fn list<T: AsRef<str>>(out: &mut Vec<u8>, texts: impl Iterator<Item = T>) -> Result<(), Problem> {
    out.push(b'[');
    for (place, text) in texts.enumerate() {
        if place > 0 {
            out.push(b',');
        }
        serde_json::to_writer(&mut *out, text.as_ref())?;
    }
    out.push(b']');
    Ok(())
}

/// Peak memory of this process in KiB, as Linux counts it; 0 elsewhere.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse().ok())
        .unwrap_or(0)
}

/// Processor time of this process so far, of all its threads, in milliseconds, as Linux counts it; 0 elsewhere.
fn processor_ms() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name, which may hold blanks: the state and ten numbers, then user and system time in hundredths.
    let fields = stat.rsplit(')').next().unwrap_or_default();
    fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|ticks| ticks.parse::<u64>().ok())
        .sum::<u64>()
        * 10
}

/// Blocks that end in any order, written in theirs.
struct InOrder {
    file: std::io::BufWriter<std::fs::File>,
    next: usize,
    waiting: BTreeMap<usize, Vec<u8>>,
}

impl InOrder {
    fn create(path: &Path) -> Result<Self, Problem> {
        Ok(Self {
            file: std::io::BufWriter::new(std::fs::File::create(path)?),
            next: 0,
            waiting: BTreeMap::new(),
        })
    }

    fn put(&mut self, number: usize, block: Vec<u8>) -> Result<(), Problem> {
        self.waiting.insert(number, block);
        while let Some(block) = self.waiting.remove(&self.next) {
            self.file.write_all(&block)?;
            self.next += 1;
        }
        Ok(())
    }
}

fn shown(time: Duration) -> String {
    format!("{}.{:03}", time.as_secs(), time.subsec_millis())
}

fn main() -> Result<(), Problem> {
    let arguments = arguments()?;
    let (folder, threads) = (&arguments.folder, arguments.threads);
    let start = Instant::now();
    let mut stages: Vec<(&str, Duration, u64)> = Vec::new();
    let mut since = (start, 0);
    let mut stage = |name| {
        let processor = processor_ms();
        stages.push((name, since.0.elapsed(), processor - since.1));
        since = (Instant::now(), processor);
    };

    let model = Model::default();
    let index = deposits(folder, threads)?;
    stage("deposits");
    let book = book(folder, threads)?;
    stage("book");
    let words = Vocabulary::default();
    let matcher = Matcher::new(&index, &book, &model);
    stage("count");
    let (_, looked) = blocks::read::<_, (Interest, Quotes)>(
        &folder.join("appeals.csv"),
        threads,
        || (),
        |(), looked, columns, row| {
            let clues = normalise(&appeal(columns, row)?, &words);
            looked.push((matcher.look(&clues), Quotes::new(&clues)));
            Ok(())
        },
    )?;
    let (interests, quotes): (Vec<Interest>, Vec<Quotes>) = looked.into_iter().unzip();
    stage("look");
    let rulings = matcher.decide(&interests, None);
    stage("decide");
    let decided = (start.elapsed(), processor_ms());
    let output = match &arguments.output {
        Some(path) => Some(Mutex::new(InOrder::create(path)?)),
        None => None,
    };
    let bytes = reasons(
        &matcher,
        (&interests, &quotes),
        &rulings,
        threads,
        output.as_ref(),
    )?;
    if let Some(output) = output {
        let mut output = output.into_inner().map_err(|_| "a thread panicked")?;
        output.file.flush()?;
    }
    stage("reasons");
    let all = (start.elapsed(), processor_ms());
    let peak = peak_kib();
    let stages: Vec<String> = stages
        .iter()
        .map(|(name, time, processor)| {
            let processor = Duration::from_millis(*processor);
            format!("\"{name}_s\":[{},{}]", shown(*time), shown(processor))
        })
        .collect();
    let single = if arguments.latency > 0 {
        latency(folder, arguments.latency, &matcher, &words)?
    } else {
        String::new()
    };
    println!(
        "{{\"seconds\":{},\"processor_s\":{},\"decided_s\":[{},{}],\"peak_kib\":{peak},\"deposits\":{},\"appeals\":{},\"bytes\":{bytes},\"index_bytes\":{},\"book_bytes\":{},{}{single}}}",
        shown(all.0),
        shown(Duration::from_millis(all.1)),
        shown(decided.0),
        shown(Duration::from_millis(decided.1)),
        index.len(),
        interests.len(),
        index.bytes(),
        book.bytes(),
        stages.join(",")
    );
    Ok(())
}

/// Outcomes that a thread takes at a time.
const SHARE: usize = 2_048;

/// Makes every outcome with its reasons and writes it as a line; the answer is how many bytes that were.
fn reasons(
    matcher: &Matcher<'_>,
    (interests, quotes): (&[Interest], &[Quotes]),
    rulings: &[Ruling],
    threads: usize,
    output: Option<&Mutex<InOrder>>,
) -> Result<usize, Problem> {
    let next = AtomicUsize::new(0);
    let work = || -> Result<usize, Problem> {
        let mut bytes = 0;
        let mut block = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let from = number * SHARE;
            if from >= interests.len() {
                return Ok(bytes);
            }
            let to = interests.len().min(from + SHARE);
            for place in from..to {
                let (interest, ruling) = (&interests[place], &rulings[place]);
                let (appeal, user) = (&interest.appeal, &interest.user_id);
                let outcome = matcher.outcome_of(appeal, user, &quotes[place], ruling);
                let others = interest.candidates.iter().take(3);
                let others = others.map(|candidate| matcher.id(candidate.row).to_string());
                line(&mut block, &outcome, others)?;
            }
            bytes += block.len();
            match output.map(Mutex::lock) {
                Some(Ok(mut output)) => output.put(number, std::mem::take(&mut block))?,
                Some(Err(_)) => return Err("a thread panicked".into()),
                None => block.clear(),
            }
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let each = workers
            .into_iter()
            .map(|worker| worker.join().map_err(|_| "a thread panicked")?);
        each.sum()
    })
}

/// Asks single appeals, evenly taken from the file, one after the other; the answer is more of the line that is printed.
fn latency(
    folder: &Path,
    count: usize,
    matcher: &Matcher<'_>,
    words: &Vocabulary,
) -> Result<String, Problem> {
    let (_, mut all) = blocks::read(
        &folder.join("appeals.csv"),
        1,
        || 0usize,
        |seen, taken: &mut Vec<Appeal>, columns, row| {
            *seen += 1;
            if seen.is_multiple_of(7) {
                taken.push(appeal(columns, row)?);
            }
            Ok(())
        },
    )?;
    let step = (all.len() / count.max(1)).max(1);
    let mut place = 0;
    all.retain(|_| {
        place += 1;
        place % step == 0
    });
    let mut times: Vec<Duration> = all
        .iter()
        .map(|appeal| {
            let start = Instant::now();
            let clues = normalise(appeal, words);
            let interest = [matcher.look(&clues)];
            let rulings = matcher.decide(&interest, None);
            let outcome = matcher.outcome(&clues, &rulings[0]);
            std::hint::black_box(outcome);
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    let at = |share: usize| {
        let place = times.len() * share / 1_000;
        times
            .get(place.min(times.len().saturating_sub(1)))
            .map_or(0, Duration::as_micros)
    };
    Ok(format!(
        ",\"single\":{},\"p50_us\":{},\"p90_us\":{},\"p99_us\":{},\"worst_us\":{}",
        times.len(),
        at(500),
        at(900),
        at(990),
        at(1_000)
    ))
}
