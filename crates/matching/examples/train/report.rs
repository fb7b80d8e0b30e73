//! How good predictions are: links, credits, certified thresholds, calibration.

use crate::data::Folder;
use std::collections::{BTreeSet, HashMap};

/// What was predicted for one appeal.
#[derive(Clone)]
pub struct Prediction {
    /// The named deposit; `None` when none.
    pub deposit: Option<String>,
    /// Parts per billion.
    pub score: u64,
    /// Whether it would pass without a person.
    pub is_auto: bool,
}

/// One credit: score, whether it is right, the appeal behind it.
pub type Credit = (u64, bool, usize);

/// The best score of each user and deposit, one user per deposit, exact ties unpaid; best first.
pub fn credits(folder: &Folder, predictions: &[Prediction], autos_only: bool) -> Vec<Credit> {
    let mut by_pair: HashMap<(&str, &str), (u64, usize)> = HashMap::new();
    for (at, (prediction, clues)) in predictions.iter().zip(&folder.clues).enumerate() {
        let Some(deposit) = &prediction.deposit else {
            continue;
        };
        if autos_only && !prediction.is_auto {
            continue;
        }
        let best = by_pair
            .entry((deposit, &clues.user_id))
            .or_insert((prediction.score, at));
        if prediction.score > best.0 {
            *best = (prediction.score, at);
        }
    }
    let mut by_deposit: HashMap<&str, (u64, &str, usize, bool)> = HashMap::new();
    for ((deposit, user), (score, at)) in by_pair {
        let best = by_deposit
            .entry(deposit)
            .or_insert((score, user, at, false));
        match score.cmp(&best.0) {
            std::cmp::Ordering::Greater => *best = (score, user, at, false),
            std::cmp::Ordering::Equal if best.1 != user => best.3 = true,
            _ => {}
        }
    }
    let mut credits: Vec<Credit> = by_deposit
        .into_iter()
        .filter(|(_, best)| !best.3)
        .map(|(deposit, (score, user, at, _))| {
            let is_right = folder
                .owners
                .get(deposit)
                .is_some_and(|owner| owner == user);
            (score, is_right, at)
        })
        .collect();
    credits.sort_unstable_by_key(|credit| (std::cmp::Reverse(credit.0), credit.2));
    credits
}

/// The credits that a perfect desk would pay: users who appealed for their own deposit.
pub fn payable(folder: &Folder) -> usize {
    let pairs: BTreeSet<(&str, &str)> = folder
        .truths
        .iter()
        .zip(&folder.clues)
        .filter_map(|(truth, clues)| Some((truth.deposit.as_deref()?, clues.user_id.as_str())))
        .collect();
    pairs.len()
}

/// Precision and recall at the threshold that a test allows, with that threshold; thresholds stand only between distinct scores.
pub fn widest(
    scored: &[(u64, bool)],
    all: usize,
    is_allowed: impl Fn(usize, usize) -> bool,
) -> (f64, f64, u64) {
    let (mut right, mut best) = (0, (1.0, 0.0, u64::MAX));
    for (place, (score, is_right)) in scored.iter().enumerate() {
        right += usize::from(*is_right);
        let count = place + 1;
        let is_end = scored.get(count).is_none_or(|next| next.0 < *score);
        if is_end && is_allowed(count, count - right) {
            best = (
                right as f64 / count as f64,
                right as f64 / all as f64,
                *score,
            );
        }
    }
    best
}

/// The fewest credits among which so many errors are certified to be at most `limit`: the upper end of their one-sided 95 %
/// Clopper-Pearson interval is.
pub fn needed(errors: usize, limit: f64) -> usize {
    let (mut low, mut high) = (errors, 40_000_000);
    while low < high {
        let middle = low.midpoint(high);
        if middle > errors && at_most(errors, middle, limit) <= 0.05 {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// A test for [`widest`]: certified to be at most `limit` wrong.
pub fn certified(limit: f64) -> impl Fn(usize, usize) -> bool {
    let table: Vec<usize> = (0..2_000).map(|errors| needed(errors, limit)).collect();
    move |count, wrong| table.get(wrong).is_some_and(|needed| count >= *needed)
}

/// The chance of at most so many errors.
fn at_most(errors: usize, count: usize, rate: f64) -> f64 {
    let (mut log, mut sum) = (count as f64 * (-rate).ln_1p(), 0.0);
    for error in 0..=errors {
        sum += log.exp();
        log += ((count - error) as f64 / (error + 1) as f64).ln() + rate.ln() - (-rate).ln_1p();
    }
    sum
}

/// The best F1 over all thresholds, with precision, recall and threshold.
pub fn best_f1(scored: &[(u64, bool)], all: usize) -> (f64, f64, f64, u64) {
    let (mut right, mut best) = (0, (0.0, 0.0, 0.0, 0));
    for (place, (score, is_right)) in scored.iter().enumerate() {
        right += usize::from(*is_right);
        let count = place + 1;
        if scored.get(count).is_some_and(|next| next.0 == *score) {
            continue;
        }
        let (precision, recall) = (right as f64 / count as f64, right as f64 / all as f64);
        let f1 = 2.0 * precision * recall / (precision + recall).max(1e-9);
        if f1 > best.0 {
            best = (f1, precision, recall, *score);
        }
    }
    best
}

/// The links, best first.
pub fn links(folder: &Folder, predictions: &[Prediction]) -> Vec<(u64, bool)> {
    let mut links: Vec<(u64, bool)> = predictions
        .iter()
        .zip(&folder.truths)
        .filter(|(prediction, _)| prediction.deposit.is_some())
        .map(|(prediction, truth)| (prediction.score, prediction.deposit == truth.deposit))
        .collect();
    links.sort_unstable_by_key(|link| std::cmp::Reverse(link.0));
    links
}

/// The difference of stated and observed rates over twenty equal classes, weighed by their counts.
pub fn calibration_error(scored: &[(u64, bool)]) -> (f64, Vec<(f64, f64, usize)>) {
    let mut cells = vec![(0.0, 0.0, 0usize); 20];
    for (score, is_right) in scored {
        let chance = *score as f64 / 1e9;
        let cell = &mut cells[((chance * 20.0) as usize).min(19)];
        cell.0 += chance;
        cell.1 += f64::from(u8::from(*is_right));
        cell.2 += 1;
    }
    let used = cells.into_iter().filter(|cell| cell.2 > 0);
    let table: Vec<(f64, f64, usize)> = used
        .map(|(stated, seen, count)| (stated / count as f64, seen / count as f64, count))
        .collect();
    let off = table
        .iter()
        .map(|(stated, seen, count)| (stated - seen).abs() * *count as f64);
    (off.sum::<f64>() / scored.len().max(1) as f64, table)
}

/// Prints everything; `given` are thresholds for 99.9 % (empirical, certified) from other data.
pub fn print(folder: &Folder, predictions: &[Prediction], given: Option<(u64, u64)>) {
    let truths = &folder.truths;
    let linkable = truths
        .iter()
        .filter(|truth| truth.deposit.is_some())
        .count();
    let links = links(folder, predictions);
    let (f1, precision, recall, threshold) = best_f1(&links, linkable);
    println!("link    P {precision:.4} R {recall:.4} F1 {f1:.4} (at {threshold})");
    let (_, recall, _) = widest(&links, linkable, |count, wrong| wrong * 1000 <= count);
    println!("link    recall at 99.9 %: {recall:.4}");
    let payable = payable(folder);
    let credits = credits(folder, predictions, false);
    let scored: Vec<(u64, bool)> = credits.iter().map(|credit| (credit.0, credit.1)).collect();
    let (f1, precision, recall, _) = best_f1(&scored, payable);
    println!("credit  P {precision:.4} R {recall:.4} F1 {f1:.4}");
    let (precision, recall, at) = widest(&scored, payable, |count, wrong| wrong * 1000 <= count);
    println!("credit  empirical 99.9 %: R {recall:.4} P {precision:.5} (at {at})");
    let (precision, recall, at) = widest(&scored, payable, certified(0.001));
    println!("credit  certified 99.9 %: R {recall:.4} P {precision:.5} (at {at})");
    if let Some((empirical, certified)) = given {
        for (name, at) in [("empirical", empirical), ("certified", certified)] {
            let above: Vec<&(u64, bool)> = scored.iter().filter(|one| one.0 >= at).collect();
            let wrong = above.iter().filter(|one| !one.1).count();
            let right = above.len() - wrong;
            println!(
                "credit  {name} threshold of the model ({at}): R {:.4} P {:.5} wrong {wrong}",
                right as f64 / payable as f64,
                right as f64 / above.len().max(1) as f64
            );
        }
    }
    let autos = self::credits(folder, predictions, true);
    let wrong: Vec<&Credit> = autos.iter().filter(|credit| !credit.1).collect();
    let fraud = wrong
        .iter()
        .filter(|credit| truths[credit.2].kind.starts_with("fraud"))
        .count();
    let right = autos.len() - wrong.len();
    println!(
        "auto    {} credits, R {:.4} P {:.5} wrong {} fraud {fraud}",
        autos.len(),
        right as f64 / payable as f64,
        right as f64 / autos.len().max(1) as f64,
        wrong.len()
    );
    for credit in wrong.iter().take(12) {
        println!(
            "        {} {} {}",
            folder.clues[credit.2].appeal, truths[credit.2].kind, truths[credit.2].errors
        );
    }
    let (off, table) = calibration_error(&links);
    println!("score   expected calibration error {off:.4}");
    for (stated, seen, count) in table {
        println!("        stated {stated:.4} seen {seen:.4} of {count}");
    }
}
