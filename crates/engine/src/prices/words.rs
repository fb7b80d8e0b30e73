//! Why there is no price, in words: which source said what and when, and what to do.

use super::NoPrice;
use crate::config::Policy;
use recover_core::asset::AssetId;
use recover_core::decimal::Decimal;
use recover_core::price::{Asked, NoPriceReason, Standing};
use recover_store::Price;

/// What the sources said about one asset.
pub(super) struct Said<'a> {
    pub(super) asset: &'a AssetId,
    pub(super) policy: &'a Policy,
    pub(super) asked: &'a Asked<'a>,
    pub(super) rows: &'a [Price],
    pub(super) standings: &'a [Standing],
    pub(super) spread: Option<Decimal>,
}

/// More sources than these are counted, not named.
const NAMED_MAX: usize = 5;

/// How a person gets a price.
const GET_ONE: &str =
    "`recover prices fetch` asks the configured sources, `recover prices import` reads a file";

impl Said<'_> {
    pub(super) fn no_price(&self, reason: NoPriceReason) -> NoPrice {
        let Self { asset, policy, .. } = self;
        let currency = &policy.currency;
        let of = match self.asked.source {
            Some(source) => format!("{asset} in {currency} from {source}"),
            None => format!("{asset} in {currency}"),
        };
        let counting = self.list(&[Standing::Counts]);
        let old = self.list(&[Standing::TooOld]);
        let detail = match reason {
            NoPriceReason::Absent | NoPriceReason::IncompleteHistory => {
                let later = self.list(&[Standing::Later]);
                let later = if later.is_empty() {
                    String::new()
                } else {
                    format!(" (of a time to come: {later}; check that clock)")
                };
                format!(
                    "no price of {of} by {}{later}: {GET_ONE}",
                    self.asked.latest
                )
            }
            NoPriceReason::Stale => format!(
                "every price of {of} is older than {}: {old}; {GET_ONE}",
                self.age()
            ),
            NoPriceReason::TooFewSources => {
                let old = if old.is_empty() {
                    String::new()
                } else {
                    format!("; too old: {old}")
                };
                format!(
                    "only {} of {} sources have a price of {of} that counts: {counting}{old}; {GET_ONE}",
                    self.standings
                        .iter()
                        .filter(|standing| **standing == Standing::Counts)
                        .count(),
                    self.asked.rules.sources_min,
                )
            }
            NoPriceReason::Apart => {
                let spread = self.spread.map_or_else(
                    || "beyond every measure".to_owned(),
                    |spread| format!("{spread} %"),
                );
                format!(
                    "the sources of {of} lie {spread} apart, and the policy allows {} %: {counting}; find out which is wrong and import its row again with the same source and time",
                    self.asked.rules.spread_max_percent
                )
            }
        };
        NoPrice { reason, detail }
    }

    /// Sources of these standings with value and time.
    fn list(&self, standings: &[Standing]) -> String {
        let all: Vec<String> = self
            .rows
            .iter()
            .zip(self.standings)
            .filter(|(_, standing)| standings.contains(standing))
            .map(|(row, _)| format!("{} {} of {}", row.source, row.price, row.priced_at))
            .collect();
        let more = all.len().saturating_sub(NAMED_MAX);
        let named: Vec<String> = all.into_iter().take(NAMED_MAX).collect();
        match more {
            0 => named.join(", "),
            more => format!("{} and {more} more", named.join(", ")),
        }
    }

    /// The age that the policy allows, or the beginning of the day whose close is asked about.
    fn age(&self) -> String {
        let micros = self.asked.latest.micros_since(self.asked.earliest);
        // A day's window is shorter than a day by the microsecond that belongs to the next.
        if micros
            == super::DAY_SECONDS
                .saturating_mul(1_000_000)
                .saturating_sub(1)
        {
            format!("the day that began at {}", self.asked.earliest)
        } else {
            format!("{} minutes", self.policy.price_age_max_minutes)
        }
    }
}

/// Why an average has no price: one of its days has none.
pub(super) fn of_a_day(none: NoPrice) -> NoPrice {
    let reason = match none.reason {
        NoPriceReason::Apart => NoPriceReason::Apart,
        _ => NoPriceReason::IncompleteHistory,
    };
    NoPrice {
        reason,
        detail: format!(
            "the mean of seven days needs a price before each midnight: {}",
            none.detail
        ),
    }
}

pub(super) fn beyond_every_range(asset: &AssetId) -> NoPrice {
    NoPrice {
        reason: NoPriceReason::IncompleteHistory,
        detail: format!(
            "the sum of seven prices of {asset} leaves every range: a person must look"
        ),
    }
}

pub(super) fn of_a_time_unknown(asset: &AssetId) -> NoPrice {
    NoPrice {
        reason: NoPriceReason::Absent,
        detail: format!(
            "nobody knows when the deposit was made, and the rule takes the price of {asset} of that time"
        ),
    }
}
