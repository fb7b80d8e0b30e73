//! Measures the matcher on folders of the benchmark: `evaluate_model [--model MODEL.json] FOLDER...`.

#[path = "../train/data.rs"]
mod data;
#[path = "../train/report.rs"]
mod report;

use data::Folder;
use recover_core::appeal::{MatchDecision, MatchTier};
use recover_matching::decide::{Gate, Ruling};
use recover_matching::levels::{Levels, Part, assigned, issued, proof, view};
use recover_matching::{DepositIndex, Interest, Matcher, Model, UserBook};
use report::Prediction;
use std::collections::BTreeMap;
use std::path::Path;

type Problem = Box<dyn std::error::Error + Send + Sync>;

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
    waiting(folder, predictions, &rulings);
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
    bound(folder, &matcher, &interests, &rulings);
    gates(folder, &matcher, &rulings);
    unsure(folder, &matcher, &rulings);
    thieves(folder, &matcher, &rulings);
}

/// What passes at once or after a time.
fn waiting(folder: &Folder, mut predictions: Vec<Prediction>, rulings: &[Ruling]) {
    for (prediction, ruling) in predictions.iter_mut().zip(rulings) {
        prediction.is_auto |= ruling.tier == MatchTier::Waiting;
    }
    let credits = report::credits(folder, &predictions, true);
    let wrong: Vec<_> = credits.iter().filter(|credit| !credit.1).collect();
    let thieves = wrong
        .iter()
        .filter(|credit| folder.truths[credit.2].kind.starts_with("fraud"));
    let right = credits.len() - wrong.len();
    println!(
        "waiting {} credits with those that pass at once, R {:.4} P {:.5} wrong {} fraud {}",
        credits.len(),
        right as f64 / report::payable(folder) as f64,
        right as f64 / credits.len().max(1) as f64,
        wrong.len(),
        thieves.count()
    );
}

/// What makes a deposit this user's, strongest first.
fn evidence(levels: &Levels) -> &'static str {
    if levels.of(Part::Proof) == proof::REFUTED {
        "refuted"
    } else if levels.is_anothers() {
        "another's"
    } else if levels.of(Part::Issued) == issued::MINE {
        "address"
    } else if levels.of(Part::Assigned) >= assigned::MINE {
        "memo"
    } else if levels.of(Part::Proof) >= proof::RECORD {
        "proof"
    } else if levels.of(Part::Sender) == 1 && levels.is_hard() {
        "sender"
    } else if levels.of(Part::Assigned) == assigned::MINE_NEAR {
        if levels.of(Part::View) >= view::HOURS {
            "near memo and view"
        } else {
            "near memo"
        }
    } else if levels.of(Part::Sender) == 1 {
        "busy sender"
    } else if levels.of(Part::View) >= view::HOURS {
        "view"
    } else {
        "nothing"
    }
}

/// How many payable credits have which evidence, by the best of their appeals: no gate lets more pass than have some.
fn bound(folder: &Folder, matcher: &Matcher<'_>, interests: &[Interest], rulings: &[Ruling]) {
    const ORDER: [&str; 11] = [
        "address",
        "memo",
        "proof",
        "sender",
        "near memo and view",
        "near memo",
        "busy sender",
        "view",
        "nothing",
        "another's",
        "refuted",
    ];
    let mut best: BTreeMap<(&str, &str), (usize, bool)> = BTreeMap::new();
    let all = interests
        .iter()
        .zip(rulings)
        .zip(&folder.truths)
        .zip(&folder.clues);
    for (((interest, ruling), truth), clues) in all {
        let Some(deposit) = truth.deposit.as_deref() else {
            continue;
        };
        let of = interest
            .candidates
            .iter()
            .find(|of| matcher.id(of.row).as_str() == deposit);
        let rank = of.map_or(ORDER.len(), |of| {
            let name = evidence(&of.levels);
            ORDER
                .iter()
                .position(|one| *one == name)
                .unwrap_or(ORDER.len())
        });
        let is_paid = ruling.decision == MatchDecision::Auto
            && ruling
                .candidate
                .is_some_and(|of| matcher.id(of.row).as_str() == deposit);
        let known = best
            .entry((deposit, &clues.user_id))
            .or_insert((rank, is_paid));
        known.0 = known.0.min(rank);
        known.1 |= is_paid;
    }
    let mut counts = vec![(0usize, 0usize); ORDER.len() + 1];
    for (rank, is_paid) in best.values() {
        counts[*rank].0 += 1;
        counts[*rank].1 += usize::from(*is_paid);
    }
    let share = |count: usize| count as f64 / best.len() as f64;
    let mut sum = 0;
    for (name, (count, paid)) in ORDER
        .iter()
        .chain(&["not among the candidates"])
        .zip(&counts)
    {
        sum += count;
        println!(
            "evidence {name:<26} {count:>6} {:.4} together {:.4} paid {paid}",
            share(*count),
            share(sum)
        );
    }
}

/// What each set of failed gates holds back: appeals, by what they are.
fn gates(folder: &Folder, matcher: &Matcher<'_>, rulings: &[Ruling]) {
    let mut table: BTreeMap<(Vec<Gate>, &str), [u32; 4]> = BTreeMap::new();
    for ((ruling, truth), clues) in rulings.iter().zip(&folder.truths).zip(&folder.clues) {
        let Some(candidate) = ruling.candidate else {
            continue;
        };
        let id = matcher.id(candidate.row);
        let place = if truth.deposit.as_deref() == Some(id.as_str()) {
            0
        } else if folder.owners.get(id.as_str()) == Some(&clues.user_id) {
            1
        } else if truth.kind.starts_with("fraud") {
            3
        } else {
            2
        };
        let failed = Gate::ALL
            .into_iter()
            .filter(|gate| !ruling.holds(*gate))
            .collect();
        table
            .entry((failed, evidence(&candidate.levels)))
            .or_default()[place] += 1;
    }
    let mut rows: Vec<_> = table.into_iter().collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.1[0]));
    println!("gates that fail, evidence: right, another of the user's own, of others, fraud");
    for ((failed, name), counts) in rows.iter().filter(|row| row.1[0] > 30).take(40) {
        println!("  {failed:?} {name}: {counts:?}");
    }
}

/// What only identification and score hold back, by evidence and score: right, another of the user's own, of others.
fn unsure(folder: &Folder, matcher: &Matcher<'_>, rulings: &[Ruling]) {
    let mut table: BTreeMap<(&str, bool, i32, u32), [u32; 3]> = BTreeMap::new();
    let allowed = Gate::Identified as u16 | Gate::Certain as u16 | Gate::Alone as u16;
    for ((ruling, truth), clues) in rulings.iter().zip(&folder.truths).zip(&folder.clues) {
        let Some(candidate) = ruling.candidate else {
            continue;
        };
        if ruling.failed & !allowed != 0 {
            continue;
        }
        let id = matcher.id(candidate.row);
        let place = if truth.deposit.as_deref() == Some(id.as_str()) {
            0
        } else if folder.owners.get(id.as_str()) == Some(&clues.user_id) {
            1
        } else {
            2
        };
        let score = [
            999_900_000,
            999_500_000,
            999_000_000,
            998_000_000,
            990_000_000,
            950_000_000,
            900_000_000,
            500_000_000,
        ]
        .into_iter()
        .find(|least| ruling.score_ppb >= *least)
        .unwrap_or(0);
        let key = (
            evidence(&candidate.levels),
            ruling.holds(Gate::Alone),
            (candidate.identify / 1024).min(3),
            score,
        );
        table.entry(key).or_default()[place] += 1;
    }
    println!(
        "evidence, alone, bits of identification, score, with some of others: right, another of the user's own, of others"
    );
    for ((name, alone, bits, score), counts) in table {
        if score >= 900_000_000 && counts[2] > 0 {
            println!("  {name} {alone} {bits} {score}: {counts:?}");
        }
    }
}

/// Wrong matches that pass, at once or later.
fn thieves(folder: &Folder, matcher: &Matcher<'_>, rulings: &[Ruling]) {
    for ((ruling, truth), clues) in rulings.iter().zip(&folder.truths).zip(&folder.clues) {
        let Some(candidate) = ruling.candidate else {
            continue;
        };
        let id = matcher.id(candidate.row);
        let is_wrong = folder.owners.get(id.as_str()) != Some(&clues.user_id);
        if is_wrong && ruling.decision == MatchDecision::Auto {
            let levels =
                Part::ALL.map(|part| format!("{} {}", part.name(), candidate.levels.of(part)));
            println!(
                "WRONG {} {} {id} score {} identify {} entitle {}: {}",
                clues.appeal,
                truth.kind,
                ruling.score_ppb,
                candidate.identify,
                candidate.entitle,
                levels.join(", ")
            );
        }
    }
}
