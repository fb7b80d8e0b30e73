//! Measures the matcher on folders of the benchmark: `evaluate_model [--model MODEL.json] FOLDER...`.

#[path = "../train/data.rs"]
mod data;
#[path = "../train/report.rs"]
mod report;

use data::Folder;
use recover_core::appeal::MatchDecision;
use recover_matching::decide::Gate;
use recover_matching::{DepositIndex, Interest, Matcher, Model, UserBook};
use report::Prediction;
use std::collections::BTreeMap;
use std::path::Path;

type Problem = Box<dyn std::error::Error>;

fn main() -> Result<(), Problem> {
    let mut folders: Vec<String> = std::env::args().skip(1).collect();
    let mut model = Model::default();
    if folders.first().is_some_and(|first| first == "--model") && folders.len() > 1 {
        model = Model::read(&std::fs::read_to_string(&folders[1])?)?;
        folders.drain(..2);
    }
    if folders.is_empty() {
        return Err("usage: evaluate_model [--model MODEL.json] FOLDER...".into());
    }
    println!("model {}", model.digest);
    for folder in &folders {
        evaluate(&Folder::read(Path::new(folder))?, &model, folder);
    }
    Ok(())
}

fn evaluate(folder: &Folder, model: &Model, name: &str) {
    let index = DepositIndex::new(folder.deposits.iter().cloned());
    let book = UserBook::new(&folder.book);
    let matcher = Matcher::new(&index, &book, model);
    let start = std::time::Instant::now();
    let interests: Vec<Interest> = folder
        .clues
        .iter()
        .map(|clues| matcher.look(clues))
        .collect();
    let looked = start.elapsed();
    let rulings = matcher.decide(&interests, None);
    let decided = start.elapsed() - looked;
    let (mut all, mut top, mut compared) = (0, [0; 3], 0);
    for (interest, truth) in interests.iter().zip(&folder.truths) {
        compared += interest.compared;
        let Some(deposit) = &truth.deposit else {
            continue;
        };
        all += 1;
        let mut ids = interest.candidates.iter().map(|of| matcher.id(of.row));
        if let Some(place @ 0..=2) = ids.position(|id| id.as_str() == deposit) {
            top[place] += 1;
        }
    }
    println!(
        "== {name}: {:.2} candidates an appeal; right deposit first {:.4}, in three {:.4}; looked {} ms, decided {} ms",
        f64::from(compared) / interests.len() as f64,
        f64::from(top[0]) / f64::from(all),
        f64::from(top.iter().sum::<u32>()) / f64::from(all),
        looked.as_millis(),
        decided.as_millis()
    );
    let predictions: Vec<Prediction> = rulings
        .iter()
        .map(|ruling| Prediction {
            deposit: ruling
                .candidate
                .filter(|_| ruling.decision != MatchDecision::None)
                .map(|candidate| matcher.id(candidate.row).to_string()),
            score: u64::from(ruling.score_ppb),
            is_auto: ruling.decision == MatchDecision::Auto,
        })
        .collect();
    report::print(folder, &predictions, None);
    // What holds right claims with good evidence back.
    let mut tiers: BTreeMap<(&str, &str, &str), u32> = BTreeMap::new();
    let mut held: BTreeMap<Vec<Gate>, u32> = BTreeMap::new();
    let mut stolen = 0;
    for (ruling, truth) in rulings.iter().zip(&folder.truths) {
        let kind = truth.kind.split('_').next().unwrap_or_default();
        let kind = if kind == "duplicate" { "genuine" } else { kind };
        let key = (ruling.decision.code(), ruling.tier.code(), kind);
        *tiers.entry(key).or_default() += 1;
        let Some(candidate) = ruling.candidate else {
            continue;
        };
        let id = matcher.id(candidate.row);
        stolen += usize::from(
            truth.target.as_deref() == Some(id.as_str()) && ruling.decision == MatchDecision::Auto,
        );
        let is_right = truth.deposit.as_deref() == Some(id.as_str());
        if is_right && candidate.levels.is_hard() && ruling.failed != 0 {
            let failed = Gate::ALL.into_iter().filter(|gate| !ruling.holds(*gate));
            *held.entry(failed.collect()).or_default() += 1;
        }
    }
    println!("frauds that pass: {stolen}");
    for ((decision, tier, kind), count) in tiers {
        println!("{decision:<9} {tier:<10} {kind:<8} {count}");
    }
    let mut held: Vec<_> = held.into_iter().collect();
    held.sort_by_key(|one| std::cmp::Reverse(one.1));
    for (gates, count) in held.iter().take(12) {
        println!("right, entitled and held back by {gates:?}: {count}");
    }
}
