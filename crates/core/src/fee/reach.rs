//! Rules that never decide, because earlier ones take every case of theirs.

use super::form::FeeForm;
use super::rule::{Case, DAY_SECONDS, FeePolicy, FeeRule};
use crate::asset::AssetId;
use crate::claim::Resolution;
use crate::kind::Kind;
use crate::network::NetworkId;
use std::collections::BTreeSet;

/// So many cases are tried for one rule at most; a rule that is not proven idle by then passes for one that decides.
const CASES_MAX: usize = 200_000;

/// A rule that never decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shadowed {
    /// Its number.
    pub rule: u32,
    /// The earlier rules that take its cases, in order.
    pub by: Vec<u32>,
}

impl FeePolicy {
    /// The first rule that never decides; `None` when each has a case of its own.
    ///
    /// Selectors are finite lists, so that one case for each combination of what they name (and one thing that none of them
    /// names) stands for all.
    #[must_use]
    pub fn shadowed(&self) -> Option<Shadowed> {
        let named = Named::of(&self.rules);
        let mut earlier: Vec<&FeeRule> = Vec::new();
        for rule in &self.rules {
            if let Some(by) = named.takers(rule, &earlier) {
                let rule = rule.number;
                return Some(Shadowed { rule, by });
            }
            earlier.push(rule);
        }
        None
    }
}

/// Everything that the selectors of a policy name, and one of each that none does.
struct Named {
    networks: BTreeSet<NetworkId>,
    assets: BTreeSet<AssetId>,
    homes: BTreeSet<NetworkId>,
    ages: BTreeSet<i64>,
}

impl Named {
    fn of(rules: &[FeeRule]) -> Self {
        let another = NetworkId::new("");
        let mut named = Self {
            networks: BTreeSet::from([another.clone()]),
            assets: BTreeSet::new(),
            homes: BTreeSet::from([another]),
            ages: BTreeSet::from([0]),
        };
        for rule in rules {
            named.networks.extend(rule.networks.iter().cloned());
            for asset in &rule.assets {
                named.networks.insert(asset.network.clone());
                named.assets.insert(asset.clone());
            }
            if let FeeForm::Matrix(cells) = &rule.form {
                for cell in cells {
                    named.networks.insert(cell.from.clone());
                    named.homes.insert(cell.to.clone());
                }
            }
            let days = rule.age.iter().flat_map(|age| {
                let ends = age.to_days;
                std::iter::once(age.from_days).chain(ends)
            });
            let seconds = days.map(|days| i64::from(days).saturating_mul(DAY_SECONDS));
            named.ages.extend(seconds);
        }
        named
    }

    /// The rules among `earlier` that take every case of `rule`; `None` when one is left to it.
    fn takers(&self, rule: &FeeRule, earlier: &[&FeeRule]) -> Option<Vec<u32>> {
        let all_networks: Vec<NetworkId> = self.networks.iter().cloned().collect();
        let mut takers = BTreeSet::new();
        let mut tried = 0_usize;
        for network in or_all(&rule.networks, &all_networks) {
            let another = AssetId::unlisted(network.clone(), "");
            let mut assets: Vec<&AssetId> = or_every(&rule.assets, &self.assets)
                .filter(|asset| asset.network == *network)
                .collect();
            if rule.assets.is_empty() {
                assets.push(&another);
            }
            for (asset, home, age) in assets.iter().flat_map(|asset| {
                let homes = self.homes.iter();
                homes.flat_map(move |home| self.ages.iter().map(move |age| (*asset, home, *age)))
            }) {
                for resolution in or_all(&rule.resolutions, Resolution::ALL) {
                    for kind in or_all(&rule.kinds, Kind::ALL) {
                        let case = Case {
                            kind: *kind,
                            network,
                            home: Some(home),
                            asset,
                            is_listed: true,
                            resolution: *resolution,
                            age_seconds: Some(age),
                            earlier_cases: None,
                        };
                        if rule.fits(&case) != Ok(true) {
                            continue;
                        }
                        tried = tried.saturating_add(1);
                        let taker = earlier
                            .iter()
                            .find(|earlier| earlier.fits(&case) == Ok(true));
                        match taker {
                            Some(taker) if tried < CASES_MAX => takers.insert(taker.number),
                            _ => return None,
                        };
                    }
                }
            }
        }
        // A rule that fits no case at all contradicts itself, which its reader says in other words.
        (!takers.is_empty()).then(|| takers.into_iter().collect())
    }
}

fn or_all<'a, T>(list: &'a [T], all: &'a [T]) -> &'a [T] {
    if list.is_empty() { all } else { list }
}

fn or_every<'a, T>(list: &'a [T], all: &'a BTreeSet<T>) -> impl Iterator<Item = &'a T> {
    let every = all.iter().filter(move |_| list.is_empty());
    list.iter().chain(every)
}
