//! Which price counts: the newest of each source, compared, and the highest where they agree.
//!
//! A price that is too high costs a customer a little and asks for one more vote; one that is too low lets somebody pass a limit.
//! So the highest counts, sources that lie apart give no price at all, and no price is never a price of zero.

use crate::amount::Amount;
use crate::code::coded;
use crate::decimal::{Decimal, Wide, on_one_scale, power_of_ten, wide};
use crate::time::Timestamp;
use std::cmp::Ordering;

/// What one source said that a coin is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourcePrice {
    /// Who said so. Names that differ in capital letters only are one source.
    pub source: String,
    /// The id of the row that says so.
    pub id: String,
    /// What one coin is worth, in the currency that was asked about.
    pub price: Decimal,
    /// When it was so, by the source.
    pub at: Timestamp,
}

/// What the policy says about prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceRules {
    /// How many sources must have a price that counts; at least 1.
    pub sources_min: u32,
    /// How far the highest may lie above the lowest, in percent of the lowest.
    pub spread_max_percent: Decimal,
}

impl Default for PriceRules {
    /// One source is enough; 5 percent.
    fn default() -> Self {
        Self {
            sources_min: 1,
            spread_max_percent: Decimal::from_parts(Amount::from_u128(5), 0)
                .expect("no digit stands behind the point"),
        }
    }
}

/// For when a price is wanted, and by which rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked<'a> {
    /// The policy's rules.
    pub rules: PriceRules,
    /// The earliest time that a price may be of; what is of exactly this time counts.
    pub earliest: Timestamp,
    /// The latest, likewise.
    pub latest: Timestamp,
    /// The only source that counts; with it, one price is enough. `None` for all of them.
    pub source: Option<&'a str>,
}

coded! {
    /// Whether a source's price counts.
    pub enum Standing {
        /// It is compared with the others.
        Counts => "counts",
        /// Another source was asked for.
        NotAsked => "not_asked",
        /// Zero is no price.
        Zero => "zero",
        /// It is of a time after the one that was asked about.
        Later => "later",
        /// The same source has a newer one.
        Superseded => "superseded",
        /// It is older than the policy allows.
        TooOld => "too_old",
    }
}

coded! {
    /// Why there is no price, in the order in which it is found out.
    pub enum NoPriceReason {
        /// No source has one.
        Absent => "absent",
        /// Every one is too old.
        Stale => "stale",
        /// Fewer sources than the policy asks for.
        TooFewSources => "too_few_sources",
        /// The sources contradict each other.
        Apart => "apart",
        /// One of the days of an average has none.
        IncompleteHistory => "incomplete_history",
    }
}

/// The price that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreed {
    /// The highest of those that count.
    pub price: Decimal,
    /// When it was so: of several, the oldest.
    pub at: Timestamp,
    /// The sources that agree, in alphabetical order.
    pub sources: Vec<String>,
    /// The ids of their rows, in the same order.
    pub ids: Vec<String>,
}

/// What comparing prices came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// What became of each price, in the order in which they were given.
    pub standings: Vec<Standing>,
    /// How far the highest that counts lies above the lowest, in percent of the lowest, rounded up to two digits; `None` where
    /// fewer than two count, and where it fits no number.
    pub spread_percent: Option<Decimal>,
    /// The price, or why there is none.
    pub outcome: Result<Agreed, NoPriceReason>,
}

/// Compares what sources say. The order in which they are given does not matter.
#[must_use]
pub fn compare(prices: &[SourcePrice], asked: &Asked<'_>) -> Comparison {
    let mut standings: Vec<Standing> = prices.iter().map(|price| alone(price, asked)).collect();
    let newest: Vec<&SourcePrice> = prices
        .iter()
        .zip(&standings)
        .filter(|(_, standing)| **standing == Standing::Counts)
        .map(|(price, _)| price)
        .collect();
    let is_superseded = |price: &SourcePrice| {
        newest
            .iter()
            .any(|other| same_source(&other.source, &price.source) && newer(other, price).is_gt())
    };
    for (price, standing) in prices.iter().zip(&mut standings) {
        if *standing == Standing::Counts && is_superseded(price) {
            *standing = Standing::Superseded;
        }
    }
    // Only now the age: an old price does not come back because a newer one of its source was withdrawn as too old.
    for (price, standing) in prices.iter().zip(&mut standings) {
        if *standing == Standing::Counts && price.at < asked.earliest {
            *standing = Standing::TooOld;
        }
    }
    let mut counting: Vec<&SourcePrice> = prices
        .iter()
        .zip(&standings)
        .filter(|(_, standing)| **standing == Standing::Counts)
        .map(|(price, _)| price)
        .collect();
    counting.sort_by(|left, right| (&left.source, &left.id).cmp(&(&right.source, &right.id)));
    let has_old = standings.contains(&Standing::TooOld);
    let lowest = counting.iter().min_by(|left, right| by_value(left, right));
    let highest = counting.iter().max_by(|left, right| by_value(left, right));
    let (Some(lowest), Some(highest)) = (lowest, highest) else {
        let reason = if has_old {
            NoPriceReason::Stale
        } else {
            NoPriceReason::Absent
        };
        return Comparison {
            standings,
            spread_percent: None,
            outcome: Err(reason),
        };
    };
    let is_enough = asked.source.is_some()
        || u32::try_from(counting.len()).is_ok_and(|count| count >= asked.rules.sources_min);
    let outcome = if !is_enough {
        Err(NoPriceReason::TooFewSources)
    } else if !is_within(lowest.price, highest.price, asked.rules.spread_max_percent) {
        Err(NoPriceReason::Apart)
    } else {
        Ok(Agreed {
            price: highest.price,
            at: counting
                .iter()
                .map(|price| price.at)
                .min()
                .unwrap_or(highest.at),
            sources: counting.iter().map(|price| price.source.clone()).collect(),
            ids: counting.iter().map(|price| price.id.clone()).collect(),
        })
    };
    let spread_percent = (counting.len() > 1)
        .then(|| spread(lowest.price, highest.price))
        .flatten();
    Comparison {
        standings,
        spread_percent,
        outcome,
    }
}

/// The arithmetic mean of prices: rounded down 18 digits behind the last one of the most exact price, and to fewer where so many
/// do not fit. Zeros at the end are left out. `None` for no prices, and where the sum leaves every range.
#[must_use]
pub fn mean(prices: &[Decimal]) -> Option<Decimal> {
    let count = Amount::from_u128(
        u128::try_from(prices.len())
            .ok()
            .filter(|count| *count > 0)?,
    );
    let prices: Vec<Decimal> = prices.iter().copied().map(Decimal::trimmed).collect();
    let scale = prices.iter().map(|price| price.scale()).max()?;
    let mut sum = Amount::ZERO;
    for price in prices {
        sum = sum.checked_add(price.at_scale(scale)?)?;
    }
    (0..=18_u8).rev().find_map(|more| {
        let one = Amount::power_of_ten(more)?;
        let digits = sum.mul_ratio_floor(one, count)?;
        Some(Decimal::from_parts(digits, scale.checked_add(more)?)?.trimmed())
    })
}

/// Whether two names are of one source.
#[must_use]
pub fn same_source(left: &str, right: &str) -> bool {
    left.trim().eq_ignore_ascii_case(right.trim())
}

/// What can be said of a price without the others and without its age.
fn alone(price: &SourcePrice, asked: &Asked<'_>) -> Standing {
    if asked
        .source
        .is_some_and(|source| !same_source(source, &price.source))
    {
        Standing::NotAsked
    } else if price.price.is_zero() {
        Standing::Zero
    } else if price.at > asked.latest {
        Standing::Later
    } else {
        Standing::Counts
    }
}

/// Which of two prices of one source stands: the newer, of one time the higher, else the one with the greater id.
fn newer(left: &SourcePrice, right: &SourcePrice) -> Ordering {
    left.at.cmp(&right.at).then_with(|| by_value(left, right))
}

fn by_value(left: &SourcePrice, right: &SourcePrice) -> Ordering {
    left.price
        .size_against(right.price)
        .then_with(|| left.at.cmp(&right.at))
        .then_with(|| left.id.cmp(&right.id))
}

/// Whether the highest lies above the lowest by no more than so many percent of it.
fn is_within(lowest: Decimal, highest: Decimal, percent: Decimal) -> bool {
    let (lowest, highest) = on_one_scale(lowest, highest);
    let above = highest.saturating_sub(lowest);
    let hundred = Wide::from(100).wrapping_mul(power_of_ten(percent.scale()));
    above.wrapping_mul(hundred) <= lowest.wrapping_mul(wide(percent.digits()))
}

/// By how many percent of the lowest the highest lies above it, rounded up to two digits.
fn spread(lowest: Decimal, highest: Decimal) -> Option<Decimal> {
    let (lowest, highest) = on_one_scale(lowest, highest);
    let above = highest.saturating_sub(lowest);
    let hundredths = above
        .wrapping_mul(Wide::from(10_000))
        .checked_add(lowest)?
        .checked_sub(Wide::from(1))?
        .checked_div(lowest)?;
    let digits = Amount::from_base_units(&hundredths.to_string()).ok()?;
    Decimal::from_parts(digits, 2)
}

#[cfg(test)]
mod tests;
