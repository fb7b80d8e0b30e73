//! The checks for sources that are read account by account.

use crate::chain::{AccountRequest, ChainRead, Lookup};
use crate::error::SourceError;
use recover_core::address::Address;
use recover_core::block::{Height, HeightRange, TxId};
use recover_core::observation::{Observation, Outcome};
use std::collections::BTreeSet;

/// How many pages a reading may take before it counts as endless.
const PAGES_MAX: usize = 100_000;

/// What a test knows of an account's history. Every id is optional: a chain may lack the case.
#[derive(Clone)]
pub struct AccountCase {
    /// The account.
    pub address: Address,
    /// The heights to read.
    pub range: HeightRange,
    /// How many credits of the account the range holds, failed ones left out; `None` when the test does not know.
    pub credits: Option<usize>,
    /// A transaction in the range that credits the account.
    pub known: Option<TxId>,
    /// A well-formed id that no transaction has.
    pub unknown: TxId,
    /// A transaction in the range with at least two credits to the account.
    pub two_credits: Option<TxId>,
    /// A failed transaction that was meant to credit the account.
    pub failed: Option<TxId>,
}

/// Reads an account's range page by page to its end. The credits come once each, in the order read.
///
/// # Errors
/// Inside the first list: what does not hold for the pages. The source's own error ends the reading.
pub async fn read(
    source: &dyn ChainRead,
    address: &Address,
    range: HeightRange,
    broken: &mut Vec<String>,
) -> Result<Vec<Observation>, SourceError> {
    let mut request = AccountRequest {
        address: address.clone(),
        range,
        resume: None,
    };
    let mut seen = BTreeSet::new();
    let mut credits: Vec<Observation> = Vec::new();
    let mut through: Option<Height> = None;
    for _ in 0..PAGES_MAX {
        let page = source.account_page(&request).await?;
        let mut here = BTreeSet::new();
        for credit in page.observations {
            let place = format!("{} {}", credit.tx_id, credit.position);
            check_credit(source, address, range, &credit, broken);
            if !here.insert(credit.id()) {
                broken.push(format!("{place} comes twice in one page"));
            }
            let height = credit.block.as_ref().map(|block| block.height);
            if through
                .zip(height)
                .is_some_and(|(through, height)| height <= through)
                && !seen.contains(&credit.id())
            {
                broken.push(format!(
                    "{place} stands at or below height {} that was called complete",
                    through.unwrap_or_default()
                ));
            }
            if seen.insert(credit.id()) {
                credits.push(credit);
            }
        }
        if page.through < through {
            broken.push("a page takes back what the page before called complete".to_owned());
        }
        if page.through.is_some_and(|height| !range.contains(height)) {
            broken.push("a page calls a height complete that was not asked for".to_owned());
        }
        through = page.through.max(through);
        for gap in &page.gaps {
            if gap.reason.is_empty() {
                broken.push(format!("a gap over {} without a reason", gap.range));
            }
        }
        match page.next {
            Some(next) if request.resume.as_ref() == Some(&next) => {
                broken.push("a page leads to itself".to_owned());
                return Ok(credits);
            }
            Some(next) => request.resume = Some(next),
            None => {
                if page.through != Some(range.to()) {
                    broken.push(format!(
                        "the last page ends at {:?} and the range at {}",
                        page.through,
                        range.to()
                    ));
                }
                return Ok(credits);
            }
        }
    }
    broken.push(format!("the reading has more than {PAGES_MAX} pages"));
    Ok(credits)
}

fn check_credit(
    source: &dyn ChainRead,
    address: &Address,
    range: HeightRange,
    credit: &Observation,
    broken: &mut Vec<String>,
) {
    let place = format!("{} {}", credit.tx_id, credit.position);
    if credit.network != *source.network() {
        broken.push(format!("{place} is of network {}", credit.network));
    }
    if credit.to.payload() != address.payload() {
        broken.push(format!(
            "{place} credits {}, who was not asked about",
            credit.to
        ));
    }
    if credit.amount > credit.amount_stated {
        broken.push(format!("{place} gives more than was stated"));
    }
    if credit.outcome == Outcome::Success
        && credit.amount.is_zero()
        && credit.amount_stated.is_zero()
    {
        broken.push(format!("{place} credits nothing"));
    }
    match &credit.block {
        None => broken.push(format!("{place} has no block")),
        Some(block) if !range.contains(block.height) => broken.push(format!(
            "{place} stands at height {} outside the range",
            block.height
        )),
        Some(_) => {}
    }
}

/// Runs every check and returns what does not hold, one line each.
pub async fn check_account(source: &dyn ChainRead, case: &AccountCase) -> Vec<String> {
    let mut broken = Vec::new();
    match source.capabilities().await {
        Ok(capabilities) if !capabilities.accounts => {
            broken.push("it does not say that it reads account by account".to_owned());
        }
        Ok(_) => {}
        Err(error) => broken.push(format!("its capabilities: {error}")),
    }
    let first = match read(source, &case.address, case.range, &mut broken).await {
        Ok(credits) => credits,
        Err(error) => return vec![format!("the account could not be read: {error}")],
    };
    match read(source, &case.address, case.range, &mut broken).await {
        Ok(second) if second == first => {}
        Ok(_) => broken.push("the same range read twice gives two answers".to_owned()),
        Err(error) => broken.push(format!("the second reading failed: {error}")),
    }
    let moved = |credit: &&Observation| credit.outcome == Outcome::Success;
    if let Some(expected) = case.credits {
        let found = first.iter().filter(moved).count();
        if found != expected {
            broken.push(format!(
                "{expected} credits stand in the range and {found} were seen"
            ));
        }
    }
    let of = |id: &TxId| {
        first
            .iter()
            .filter(|credit| credit.tx_id == *id)
            .collect::<Vec<_>>()
    };
    if let Some(id) = &case.known
        && of(id).is_empty()
    {
        broken.push(format!("{id} was not seen"));
    }
    if let Some(id) = &case.two_credits
        && of(id).len() < 2
    {
        broken.push(format!("{id} credits twice and {} were seen", of(id).len()));
    }
    if let Some(id) = &case.failed
        && of(id)
            .iter()
            .any(|credit| credit.outcome == Outcome::Success)
    {
        broken.push(format!("{id} failed and was seen as a success"));
    }
    check_halves(source, case, &first, &mut broken).await;
    check_lookups(source, case, &first, &mut broken).await;
    broken
}

/// Two halves must hold what the whole holds.
async fn check_halves(
    source: &dyn ChainRead,
    case: &AccountCase,
    whole: &[Observation],
    broken: &mut Vec<String>,
) {
    let range = case.range;
    let middle = range.from().plus(range.blocks() / 2);
    let halves = [
        HeightRange::new(range.from(), middle.minus(1)),
        HeightRange::new(middle, range.to()),
    ];
    let mut joined = Vec::new();
    for half in halves.into_iter().flatten() {
        if half.to() < half.from() || half == range {
            continue;
        }
        match read(source, &case.address, half, broken).await {
            Ok(credits) => joined.extend(credits),
            Err(error) => broken.push(format!("the half {half} could not be read: {error}")),
        }
    }
    if range.blocks() > 1 && joined != whole {
        broken.push("two halves do not hold what the whole holds".to_owned());
    }
}

/// A look-up of one transaction gives the same credits as the account's history.
async fn check_lookups(
    source: &dyn ChainRead,
    case: &AccountCase,
    credits: &[Observation],
    broken: &mut Vec<String>,
) {
    match source.transaction(&case.unknown).await {
        Ok(Lookup::Found(_)) => {
            broken.push("a transaction was found that does not exist".to_owned())
        }
        Ok(Lookup::Absent | Lookup::Unknown { .. }) => {}
        Err(error) => broken.push(format!("an unknown id is an error: {error}")),
    }
    let asked: BTreeSet<&TxId> = case
        .known
        .iter()
        .chain(&case.two_credits)
        .chain(&case.failed)
        .collect();
    for id in asked {
        match source.transaction(id).await {
            Ok(Lookup::Found(view)) => {
                let looked_up: Vec<_> = view
                    .credits
                    .iter()
                    .filter(|credit| credit.to.payload() == case.address.payload())
                    .map(|credit| {
                        (
                            credit.id(),
                            credit.asset.clone(),
                            credit.amount,
                            credit.outcome,
                        )
                    })
                    .collect();
                for credit in credits.iter().filter(|credit| credit.tx_id == *id) {
                    let wanted = (
                        credit.id(),
                        credit.asset.clone(),
                        credit.amount,
                        credit.outcome,
                    );
                    if !looked_up.contains(&wanted) {
                        broken.push(format!(
                            "{id} {} is not in the look-up as the history has it",
                            credit.position
                        ));
                    }
                }
            }
            Ok(_) => broken.push(format!("{id} is in the history and was not found")),
            Err(error) => broken.push(format!("{id} could not be looked up: {error}")),
        }
    }
}
