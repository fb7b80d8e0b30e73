//! Reads an account to its end as the engine does, and holds what came against the truth.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use recover_core::address::Address;
use recover_core::block::{Height, HeightRange};
use recover_core::memo::Memo;
use recover_core::observation::{Flag, Mechanism, Observation, Outcome};
use recover_source::chain::{AccountRequest, ChainRead, Part};
use recover_testkit::omnibus::{self, Expected, Sense};

/// How often a page is asked for before the reading begins anew at what is not read yet.
const TRIES_MAX: u32 = 4;
/// How often a reading may fail in all.
const FAILURES_MAX: u32 = 400;

/// An account read to its end.
#[derive(Default)]
pub struct Reading {
    /// Each credit once, in the order read.
    pub credits: Vec<Observation>,
    /// Pages that came.
    pub pages: u32,
    /// Pages that came as an error after all the client's own tries.
    pub failures: u32,
    /// Readings that had to begin anew.
    pub restarts: u32,
}

/// Reads the account's range page by page. Every error is met as the engine meets it: the page is asked for again, and
/// then the reading begins anew behind what is complete. `blind` are the parts that the source says it cannot see; any
/// other gap is the word of a server that keeps less, and another is asked.
pub async fn read(
    source: &dyn ChainRead,
    address: &Address,
    whole: HeightRange,
    blind: &BTreeSet<Part>,
) -> Reading {
    let mut reading = Reading::default();
    let mut seen = BTreeSet::new();
    let mut complete: Option<Height> = None;
    let mut request = AccountRequest {
        address: address.clone(),
        range: whole,
        resume: None,
    };
    let mut tries = 0;
    loop {
        let page = match source.account_page(&request).await {
            Ok(page) if page.gaps.iter().any(|gap| !blind.contains(&gap.part)) => {
                Err(format!("a gap: {}", page.gaps[0].reason))
            }
            Ok(page) => Ok(page),
            Err(error) => Err(error.to_string()),
        };
        let page = match page {
            Ok(page) => page,
            Err(error) => {
                reading.failures += 1;
                tries += 1;
                assert!(
                    reading.failures <= FAILURES_MAX,
                    "the reading does not get on: {error}"
                );
                if tries > TRIES_MAX || error.starts_with("a gap") {
                    tries = 0;
                    reading.restarts += 1;
                    request.resume = None;
                    let from = complete.map_or(whole.from(), Height::next);
                    request.range =
                        HeightRange::new(from, whole.to()).expect("something is left to read");
                }
                continue;
            }
        };
        tries = 0;
        reading.pages += 1;
        for credit in page.observations {
            let height = credit.block.as_ref().expect("a block").height;
            let place = format!("{} {}", credit.tx_id, credit.position);
            assert!(
                request.range.contains(height),
                "{place} at {height} is outside {}",
                request.range
            );
            if seen.insert(credit.id()) {
                assert!(
                    complete.is_none_or(|complete| height > complete),
                    "{place} stands at height {height}, and all up to {complete:?} was called complete"
                );
                reading.credits.push(credit);
            }
        }
        if let Some(through) = page.through {
            assert!(
                request.range.contains(through),
                "{through} is outside {}",
                request.range
            );
            complete = complete.max(Some(through));
        }
        match page.next {
            Some(next) => {
                assert_ne!(
                    request.resume.as_ref(),
                    Some(&next),
                    "a page leads to itself"
                );
                request.resume = Some(next);
            }
            None => {
                assert_eq!(
                    page.through,
                    Some(whole.to()),
                    "the last page is not the end"
                );
                return reading;
            }
        }
    }
}

/// Holds the credits against the truth: every row once, nothing else.
///
/// # Panics
/// When one is missing, twice, or other than it should be, with the first few of each.
pub fn compare(credits: &[Observation], truth: impl Iterator<Item = Expected>) {
    let mut left: BTreeMap<&str, Vec<&Observation>> = BTreeMap::new();
    for credit in credits {
        left.entry(credit.tx_id.as_str()).or_default().push(credit);
    }
    let mut missing = Vec::new();
    let mut rows = 0;
    for row in truth {
        rows += 1;
        let found = left.get_mut(row.tx_id.as_str()).and_then(|here| {
            here.iter()
                .position(|credit| matched(credit, &row))
                .map(|place| here.remove(place))
        });
        if found.is_none() {
            missing.push(row);
        }
    }
    let extra: Vec<&Observation> = left.into_values().flatten().collect();
    if missing.is_empty() && extra.is_empty() {
        assert_eq!(credits.len(), rows);
        return;
    }
    let mut report = format!(
        "{rows} credits were to be found, {} came: {} are missing or other, {} should not be there\n",
        credits.len(),
        missing.len(),
        extra.len()
    );
    for row in missing.iter().take(4) {
        writeln!(report, "missing: {row:?}").unwrap();
        for credit in credits
            .iter()
            .filter(|credit| credit.tx_id.as_str() == row.tx_id)
        {
            writeln!(report, "   came: {}", line(credit)).unwrap();
        }
    }
    for credit in extra.iter().take(4) {
        writeln!(report, "extra: {}", line(credit)).unwrap();
    }
    panic!("{report}");
}

/// A credit in one line.
fn line(credit: &Observation) -> String {
    let memos: Vec<String> = credit
        .memos
        .iter()
        .map(|memo| {
            format!(
                "{}:{}={:?}",
                memo.place,
                memo.kind.code(),
                String::from_utf8_lossy(&memo.raw)
            )
        })
        .collect();
    format!(
        "{} {} height {:?} {} {:?} {} of {} from {} {} {:?} memos {memos:?}",
        credit.tx_id,
        credit.position,
        credit.block.as_ref().map(|block| block.height.0),
        credit.outcome.code(),
        credit.asset.contract_text(),
        credit.amount.to_base_units(),
        credit.amount_stated.to_base_units(),
        credit.from.as_ref().map_or("nobody", |from| from.text()),
        credit.mechanism.code(),
        credit.flags,
    )
}

/// Whether a credit is what a row of the truth says.
pub fn matched(credit: &Observation, row: &Expected) -> bool {
    let height = credit.block.as_ref().map(|block| block.height.0);
    let pretended = credit.flags.contains(&Flag::BalanceUnchanged);
    let (amount, outcome) = match row.outcome {
        omnibus::Outcome::Moved => (
            credit.amount,
            credit.outcome == Outcome::Success && !pretended,
        ),
        omnibus::Outcome::Failed => (credit.amount_stated, credit.outcome == Outcome::Failed),
        omnibus::Outcome::Pretended => (credit.amount_stated, pretended && credit.amount.is_zero()),
    };
    height == Some(row.height)
        && outcome
        && amount.to_base_units() == row.amount
        && credit.asset.contract_text() == row.asset.as_deref()
        && row.from.as_ref().is_none_or(|from| {
            credit
                .from
                .as_ref()
                .is_some_and(|found| found.text() == from)
        })
        && row
            .mechanism
            .is_none_or(|mechanism| Mechanism::from_code(mechanism) == Some(credit.mechanism))
        && (row.memo.sense == Sense::NotRouted
            || credit.memos.iter().any(|memo| is_memo(memo, row)))
}

fn is_memo(memo: &Memo, row: &Expected) -> bool {
    memo.place == row.memo.place && memo.kind.code() == row.memo.kind && memo.raw == row.memo.raw
}
