//! A desk that matches after every file it gets has what a desk has that gets everything at once, in any order: and a second run
//! without news looks at nothing.

mod common;

use common::ShapeCodec;
use recover_core::appeal::{AppealId, MatchDecision, MatchOutcome};
use recover_core::time::Timestamp;
use recover_engine::clock::FixedClock;
use recover_engine::config::{ChainsConfig, Policy};
use recover_engine::engine::Engine;
use recover_engine::family::Adapters;
use recover_engine::import::ColumnMap;
use recover_engine::intake::IntakeFile;
use recover_engine::match_run::{MatchReport, MatchScope};
use recover_store::Store;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The header of a file of the sample and its rows.
fn sample(name: &str) -> (String, Vec<String>) {
    let path = root().join("fixtures/matching").join(name);
    let text = std::fs::read_to_string(path).expect("the sample is part of the repository");
    let mut lines = text.lines().map(str::to_owned);
    let header = lines.next().expect("a header");
    // No cell of the sample breaks its line.
    (header, lines.collect())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Addresses,
    Deposits,
    Appeals,
    Prices,
}

/// A file: what it holds, its header and its rows.
type Part = (What, String, Vec<String>);

struct Desk {
    engine: Engine,
    folder: tempfile::TempDir,
}

impl Desk {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}", folder.path().join("recover.db").display());
        let store = Store::open(&url).await.expect("a store");
        let mut chains =
            ChainsConfig::load(&root().join("chains.toml"), &ShapeCodec).expect("it loads");
        for network in chains.networks.values_mut() {
            network.sources.clear();
        }
        let policy = Policy::load(&root().join("policy.toml"), None).expect("it loads");
        let clock = FixedClock(Timestamp::parse("2026-01-01T00:00:00Z").expect("a time"));
        let adapters = Adapters::new(vec![]);
        let engine = Engine::new(store, chains, Some(policy), adapters, Arc::new(clock));
        let engine = engine.expect("an engine");
        Self { engine, folder }
    }

    async fn take(&self, (what, header, rows): &Part) {
        let text = format!("{header}\n{}\n", rows.join("\n"));
        let file = IntakeFile {
            name: "a.csv".to_owned(),
            reader: text.as_bytes(),
            map: ColumnMap::default(),
            reject: self.folder.path().join("reject.csv"),
        };
        let engine = &self.engine;
        let report = match what {
            What::Addresses => engine.import_addresses(file, &|_| ()).await,
            What::Deposits => engine.import_deposits(file, &|_| ()).await,
            What::Appeals => engine.import_appeals(file, &|_| ()).await,
            What::Prices => engine.import_prices(file, &|_| ()).await,
        };
        let report = report.expect("it loads");
        assert_eq!(report.rejected, 0, "{:?}", report.first_reject);
    }

    async fn run(&self, scope: MatchScope) -> MatchReport {
        self.engine.match_open(scope).await.expect("a run")
    }

    async fn outcomes(&self) -> Vec<MatchOutcome> {
        let found = self.engine.open_outcomes(None).await.expect("outcomes");
        assert!(found.len() < 2_000);
        found
    }
}

/// What a desk has that gets all of it at once, the last first.
async fn at_once(parts: &[Part]) -> Vec<MatchOutcome> {
    let desk = Desk::new().await;
    let mut said = BTreeSet::new();
    for (what, header, rows) in parts.iter().rev() {
        let mut rows: Vec<String> = rows.iter().rev().cloned().collect();
        // Of an appeal that was corrected, what it says at last.
        rows.retain(|row| {
            let id = row.split(',').next().unwrap_or_default();
            *what != What::Appeals || said.insert(id.to_owned())
        });
        if !rows.is_empty() {
            desk.take(&(*what, header.clone(), rows)).await;
        }
    }
    desk.run(MatchScope::Touched).await;
    desk.outcomes().await
}

/// Every so-manieth row, from one on.
fn every(part: &Part, of: usize, from: usize) -> Part {
    let (what, header, rows) = part;
    let rows = rows.iter().skip(from).step_by(of).cloned();
    (*what, header.clone(), rows.collect())
}

fn prices(price: &str) -> Part {
    let assets = [
        "xrpl/native",
        "ethereum/native",
        "stellar/native",
        "tron/native",
    ];
    let header = "asset,currency,price,time,source".to_owned();
    let time = if price == "1" {
        "2025-12-31T23:10"
    } else {
        "2025-12-31T23:50"
    };
    let rows = |asset: &&str| {
        let asset = (*asset).to_owned();
        ["hand", "second"].map(|source| format!("{asset},USD,{price},{time}:00Z,{source}"))
    };
    (What::Prices, header, assets.iter().flat_map(rows).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn own_after_every_file_the_outcomes_are_those_of_everything_at_once() {
    let named = |what, name| {
        let (header, rows) = sample(name);
        (what, header, rows)
    };
    let book = named(What::Addresses, "address_book.csv");
    let deposits = named(What::Deposits, "deposits.csv");
    let appeals = named(What::Appeals, "appeals.csv");
    // A later file says something else of an appeal: its transaction is left out.
    let mut corrected = every(&appeals, 40, 5);
    for row in &mut corrected.2 {
        let mut cells: Vec<&str> = row.splitn(5, ',').collect();
        cells[3] = "";
        *row = cells.join(",");
    }
    let last = &appeals.2[appeals.2.len() - 1..];
    let steps: Vec<Vec<Part>> = vec![
        vec![
            prices("1"),
            every(&book, 2, 0),
            every(&deposits, 3, 0),
            every(&appeals, 3, 0),
        ],
        vec![every(&appeals, 3, 1)],
        vec![every(&deposits, 3, 1)],
        vec![every(&book, 2, 1)],
        vec![every(&deposits, 3, 2), every(&appeals, 3, 2)],
        vec![corrected],
        // What passed by itself is above the limit now.
        vec![prices("100000000")],
    ];
    let desk = Desk::new().await;
    let mut before = Vec::new();
    let (mut looked_at, mut autos) = (Vec::new(), Vec::new());
    for step in steps {
        for part in &step {
            desk.take(part).await;
        }
        let report = desk.run(MatchScope::Touched).await;
        let outcomes = desk.outcomes().await;
        let count = u64::try_from(outcomes.len()).expect("few");
        assert_eq!(report.looked_at + report.kept, count);
        looked_at.push(report.looked_at);
        let auto = |of: &&MatchOutcome| of.decision == MatchDecision::Auto;
        autos.push(outcomes.iter().filter(auto).count());
        before.extend(step);
        let expected = at_once(&before).await;
        for (found, expected) in outcomes.iter().zip(&expected) {
            assert_eq!(found, expected, "after {} files", before.len());
        }
        assert_eq!(outcomes.len(), expected.len());
        // Nothing is new.
        let report = desk.run(MatchScope::Touched).await;
        assert_eq!((report.looked_at, report.kept), (0, count));
        assert!(report.changed.is_empty());
    }
    println!("looked at {looked_at:?}, automatic {autos:?}");
    // The corrected rows, and what shares their deposits: not everybody.
    assert!((1..40).contains(&looked_at[5]), "{looked_at:?}");
    assert_eq!(looked_at[6], 0, "a price is no reason to compare again");
    assert!(autos[5] > 0 && autos[6] == 0, "{autos:?}");

    // Looking at everything finds the same, and says so.
    let outcomes = desk.outcomes().await;
    let report = desk.run(MatchScope::Everything).await;
    assert_eq!((report.kept, report.changed.len()), (0, 0));
    assert_eq!(desk.outcomes().await, outcomes);

    // One appeal under a new id: it is looked at, and who is moved by it is written.
    let header = appeals.1.clone();
    let row = last[0].split_once(',').expect("cells").1;
    desk.take(&(What::Appeals, header, vec![format!("A-new,{row}")]))
        .await;
    let report = desk.run(MatchScope::Touched).await;
    assert_eq!(report.looked_at, 1);
    assert!(report.changed.contains(&AppealId::verbatim("A-new")));
}
