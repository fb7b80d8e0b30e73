//! What every adapter must do, whatever it speaks: run by each adapter's tests against what it really faces.
//!
//! The checks know nothing of a network. A test says what is on the chain ([`Case`]) and gets a list of what does not
//! hold; an empty list is a pass.

mod accounts;

pub use accounts::{AccountCase, check_account, read};

use crate::chain::{ChainRead, Lookup, Part, ScanRequest, ScanUpdate};
use crate::error::SourceError;
use recover_core::block::{HeightRange, TxId};
use recover_core::observation::{Observation, Outcome};
use std::collections::{BTreeMap, BTreeSet};

/// What a test knows of its chain. Every id is optional: a chain may lack the case.
#[derive(Clone)]
pub struct Case {
    /// The range and what to look for in it.
    pub request: ScanRequest,
    /// A transaction in the range that credits a watched address.
    pub known: Option<TxId>,
    /// A well-formed id that no transaction has.
    pub unknown: TxId,
    /// A transaction in the range with at least two credits to watched addresses.
    pub two_credits: Option<TxId>,
    /// A failed transaction in the range that was meant to credit a watched address.
    pub failed: Option<TxId>,
    /// A transaction in the last block of the range that credits a watched address.
    pub last_block: Option<TxId>,
}

/// Runs every check and returns what does not hold, one line each.
pub async fn check(source: &dyn ChainRead, case: &Case) -> Vec<String> {
    let mut broken = Vec::new();
    let first = match source.scan(&case.request).await {
        Ok(update) => update,
        Err(error) => return vec![format!("scan failed: {error}")],
    };
    check_update(source, case, &first, &mut broken);
    match source.scan(&case.request).await {
        Ok(second) => {
            if first.observations != second.observations || first.end != second.end {
                broken.push("the same range read twice gives two answers".to_owned());
            }
        }
        Err(error) => broken.push(format!("the second scan failed: {error}")),
    }
    check_split(source, case, &first, &mut broken).await;
    check_lookups(source, case, &first, &mut broken).await;
    check_head(source, case, &first, &mut broken).await;
    broken
}

/// What holds for one update alone.
fn check_update(
    source: &dyn ChainRead,
    case: &Case,
    update: &ScanUpdate,
    broken: &mut Vec<String>,
) {
    let range = case.request.range;
    if update.end.block.height != range.to() {
        broken.push(format!(
            "the end is block {} and the range ends at {}",
            update.end.block.height,
            range.to()
        ));
    }
    let mut ids = BTreeSet::new();
    for credit in &update.observations {
        let place = format!("{} {}", credit.tx_id, credit.position);
        if !ids.insert(credit.id()) {
            broken.push(format!("{place} comes twice"));
        }
        if credit.network != *source.network() {
            broken.push(format!("{place} is of network {}", credit.network));
        }
        if !case.request.watch.contains(&credit.to.payload()) {
            broken.push(format!(
                "{place} credits {}, which is not watched",
                credit.to
            ));
        }
        if credit.amount > credit.amount_stated {
            broken.push(format!("{place} gives more than was stated"));
        }
        match &credit.block {
            None => broken.push(format!("{place} has no block")),
            Some(block) if !range.contains(block.height) => {
                broken.push(format!(
                    "{place} stands in block {} outside the range",
                    block.height
                ));
            }
            Some(_) => {}
        }
    }
    let heights: Vec<_> = update
        .observations
        .iter()
        .map(|credit| credit.block.as_ref().map(|block| block.height))
        .collect();
    if !heights.is_sorted() {
        broken.push("credits are not in the order of the chain".to_owned());
    }
    for gap in &update.gaps {
        if gap.reason.is_empty() {
            broken.push(format!("a gap over {} without a reason", gap.range));
        }
        if !range.contains(gap.range.from()) || !range.contains(gap.range.to()) {
            broken.push(format!("a gap over {} outside the range", gap.range));
        }
    }
    for pair in update.headers.windows(2) {
        if let [below, above] = pair
            && below.block.height.next() == above.block.height
            && above.parent != below.block.hash
        {
            broken.push(format!(
                "block {} does not follow the one below",
                above.block.height
            ));
        }
    }
    let of = |id: &TxId| -> Vec<&Observation> {
        update
            .observations
            .iter()
            .filter(|credit| credit.tx_id == *id)
            .collect()
    };
    let has_all_parts = update.gaps.is_empty();
    if let Some(id) = &case.two_credits
        && has_all_parts
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
    for id in case.known.iter().chain(&case.last_block) {
        if has_all_parts && of(id).is_empty() {
            broken.push(format!("{id} was not seen"));
        }
    }
}

/// Two halves must hold what the whole holds: the last block of each is read, and nothing is read twice.
async fn check_split(
    source: &dyn ChainRead,
    case: &Case,
    whole: &ScanUpdate,
    broken: &mut Vec<String>,
) {
    let range = case.request.range;
    let middle = range.from().plus(range.blocks() / 2);
    let halves = [
        HeightRange::new(range.from(), middle.minus(1)),
        HeightRange::new(middle, range.to()),
    ];
    let mut joined = Vec::new();
    for half in halves.into_iter().flatten() {
        let request = ScanRequest {
            range: half,
            ..case.request.clone()
        };
        match source.scan(&request).await {
            Ok(update) => joined.extend(update.observations),
            Err(error) => {
                broken.push(format!("the scan of {half} failed: {error}"));
                return;
            }
        }
    }
    if range.blocks() > 1 && joined != whole.observations {
        broken.push(format!(
            "two halves hold {} credits and the whole {}",
            joined.len(),
            whole.observations.len()
        ));
    }
}

async fn check_lookups(
    source: &dyn ChainRead,
    case: &Case,
    update: &ScanUpdate,
    broken: &mut Vec<String>,
) {
    let proves = match source.capabilities().await {
        Ok(capabilities) => capabilities.proves_absence,
        Err(error) => {
            broken.push(format!("capabilities failed: {error}"));
            return;
        }
    };
    match source.transaction(&case.unknown).await {
        Ok(Lookup::Found(_)) => broken.push(format!("{} was found", case.unknown)),
        Ok(Lookup::Absent) if !proves => {
            broken.push("absence was claimed by a source that cannot prove it".to_owned());
        }
        Ok(Lookup::Unknown { reason }) if reason.is_empty() => {
            broken.push("unknown without a reason".to_owned());
        }
        Ok(_) => {}
        Err(error) => broken.push(format!("looking up {} failed: {error}", case.unknown)),
    }
    for id in case
        .known
        .iter()
        .chain(&case.two_credits)
        .chain(&case.failed)
    {
        let view = match source.transaction(id).await {
            Ok(Lookup::Found(view)) => view,
            Ok(_) => {
                broken.push(format!("{id} was not found"));
                continue;
            }
            Err(error) => {
                broken.push(format!("looking up {id} failed: {error}"));
                continue;
            }
        };
        if view.id != *id {
            broken.push(format!("{id} was answered with {}", view.id));
        }
        if Some(id) == case.failed.as_ref()
            && (view.outcome == Outcome::Success
                || view
                    .credits
                    .iter()
                    .any(|credit| credit.outcome == Outcome::Success))
        {
            broken.push(format!("{id} failed and was looked up as a success"));
        }
        // A scan and a look-up must tell one story: the same keys, blocks and amounts.
        let looked_up: BTreeMap<_, _> = view
            .credits
            .iter()
            .map(|credit| (credit.id(), credit))
            .collect();
        for seen in update
            .observations
            .iter()
            .filter(|credit| credit.tx_id == *id)
        {
            match looked_up.get(&seen.id()) {
                None if view.unread.contains(&Part::Internal) => {}
                None => broken.push(format!(
                    "{id} {} was scanned and not looked up",
                    seen.position
                )),
                Some(other) => {
                    let same = other.amount == seen.amount
                        && other.amount_stated == seen.amount_stated
                        && other.asset == seen.asset
                        && other.block == seen.block
                        && other.to == seen.to
                        && other.from == seen.from
                        && other.flags == seen.flags;
                    if !same {
                        broken.push(format!(
                            "{id} {} differs between scan and look-up",
                            seen.position
                        ));
                    }
                }
            }
        }
    }
}

async fn check_head(
    source: &dyn ChainRead,
    case: &Case,
    update: &ScanUpdate,
    broken: &mut Vec<String>,
) {
    match source.head().await {
        Ok(head) => {
            if head
                .finalized
                .is_some_and(|height| height > head.latest.block.height)
            {
                broken.push("what is final lies above the tip".to_owned());
            }
            let above = head.latest.block.height.plus(1_000_000);
            match source.header(above).await {
                Ok(None) => {}
                Ok(Some(_)) => broken.push(format!("a header above the tip at {above}")),
                Err(error) => broken.push(format!("the header above the tip failed: {error}")),
            }
        }
        Err(error) => broken.push(format!("head failed: {error}")),
    }
    match source.header(case.request.range.to()).await {
        Ok(Some(header)) if header == update.end => {}
        Ok(_) => broken.push("the header at the end differs from the scan's".to_owned()),
        Err(error) => broken.push(format!("the header at the end failed: {error}")),
    }
    // A range above the tip is no empty range.
    let beyond = case.request.range.to().plus(10_000_000);
    if let Some(range) = HeightRange::new(beyond, beyond) {
        let request = ScanRequest {
            range,
            ..case.request.clone()
        };
        match source.scan(&request).await {
            Ok(_) => broken.push("a range above the tip was answered".to_owned()),
            Err(SourceError::Unsupported { .. }) => {
                broken.push("a scan is refused as unsupported".to_owned());
            }
            Err(_) => {}
        }
    }
}
