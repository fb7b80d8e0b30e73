//! Measures how often the deposit that an appeal means is among its candidates, by key.
//!
//! `cargo run --release -p recover-matching --example candidate_recall -- FOLDER [missed]` prints for each key the share of true pairs that
//! it finds alone and its candidates an appeal, then the same for it and all keys before it; `missed` counts what the last
//! line does not find by the errors of the label.

mod folder;

use recover_core::observation::DepositId;
use recover_matching::{CandidateKey, DepositIndex, RowNo, UserBook, Vocabulary, normalise};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A share with four decimals.
fn share(part: usize, of: usize) -> String {
    let parts = part * 10_000 / of.max(1);
    format!("{}.{:04}", parts / 10_000, parts % 10_000)
}

fn main() -> folder::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("give the folder")?);
    let is_detailed = arguments.next().is_some();
    let mut deposits = Vec::new();
    folder::deposits(&folder, |facts| deposits.push(facts))?;
    let index = DepositIndex::new(deposits);
    let mut records = Vec::new();
    folder::book(&folder, |record| records.push(record))?;
    let book = UserBook::new(&records);
    let words = Vocabulary::default();
    let mut clues = Vec::new();
    folder::appeals(&folder, |appeal| clues.push(normalise(&appeal, &words)))?;
    let truth = folder::truth(&folder)?;
    let targets: Vec<Option<RowNo>> = clues
        .iter()
        .map(|clues| {
            let (deposit, _) = truth.get(clues.appeal.as_str())?;
            index.find(&DepositId::verbatim(deposit))
        })
        .collect();
    let pairs = targets.iter().flatten().count();
    println!(
        "{} appeals, {} deposits, {pairs} true pairs",
        clues.len(),
        index.len()
    );
    println!(
        "{:<20} {:>7} {:>8} {:>7} {:>8}",
        "key", "alone", "each", "so far", "each"
    );
    let mut out = Vec::new();
    let mut sets: Vec<Vec<RowNo>> = vec![Vec::new(); clues.len()];
    for key in CandidateKey::ALL {
        let (mut found, mut brought, mut all_found, mut all) = (0, 0, 0, 0);
        for ((clues, target), set) in clues.iter().zip(&targets).zip(&mut sets) {
            index.candidates_by(&[key], clues, book.user(&clues.user_id), &mut out);
            found += usize::from(target.is_some_and(|target| out.contains(&target)));
            brought += out.len();
            set.extend_from_slice(&out);
            set.sort_unstable();
            set.dedup();
            all_found += usize::from(target.is_some_and(|target| set.contains(&target)));
            all += set.len();
        }
        println!(
            "{:<20} {:>7} {:>8} {:>7} {:>8}",
            format!("{key:?}"),
            share(found, pairs),
            share(brought, clues.len()),
            share(all_found, pairs),
            share(all, clues.len())
        );
    }
    let (mut found, mut brought, mut capped) = (0, 0, 0);
    let mut sizes = Vec::with_capacity(clues.len());
    let mut missed: BTreeMap<String, usize> = BTreeMap::new();
    for (clues, target) in clues.iter().zip(&targets) {
        let user = book.user(&clues.user_id);
        capped += usize::from(index.candidates(clues, user, &mut out));
        sizes.push(out.len());
        brought += out.len();
        match target {
            Some(target) if out.contains(target) => found += 1,
            Some(_) if is_detailed => {
                let errors = truth.get(clues.appeal.as_str());
                let errors = errors.map_or("", |(_, errors)| errors.as_str());
                for error in errors.split(';') {
                    *missed.entry(error.to_owned()).or_default() += 1;
                }
            }
            _ => {}
        }
    }
    sizes.sort_unstable();
    let at = |percent: usize| {
        sizes
            .get(sizes.len() * percent / 100)
            .copied()
            .unwrap_or_default()
    };
    println!(
        "as matched           recall {}, candidates each {} (p50 {}, p90 {}, p99 {}), capped {}",
        share(found, pairs),
        share(brought, clues.len()),
        at(50),
        at(90),
        at(99),
        share(capped, clues.len())
    );
    for (error, count) in missed {
        println!("missed with {error}: {count}");
    }
    Ok(())
}
