//! What deposits were worth and what today's policy would charge, from prices that were imported. No network is asked.

use super::report::{Money, PriceBasis, PriceUsed};
use crate::config::{ChainsConfig, Policy};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::import::{ClosedCase, DeskFee};
use crate::match_limit::decimals_of;
use crate::prices::{self, PriceTerms};
use recover_core::amount::Amount;
use recover_core::asset::{AssetId, AssetReference};
use recover_core::claim::Resolution;
use recover_core::decimal::Decimal;
use recover_core::deposit::{Classification, Deposit, Origin};
use recover_core::fee::{self, Case, Cents, QuoteInput, QuoteRefusal, Rounding, UsedPrice};
use recover_core::kind::Kind;
use recover_core::time::Timestamp;
use recover_store::Price;
use std::collections::{BTreeMap, BTreeSet};

/// The prices of the assets that a backtest is about.
#[derive(Debug)]
pub(super) struct PriceBook {
    prices: BTreeMap<AssetId, Vec<Price>>,
    terms: PriceTerms,
}

impl PriceBook {
    pub(super) async fn load(
        engine: &Engine,
        assets: BTreeSet<AssetId>,
        policy: &Policy,
    ) -> Result<Self, EngineError> {
        let mut book = BTreeMap::new();
        for asset in assets {
            if matches!(asset.reference, AssetReference::Unlisted(_)) {
                continue;
            }
            let prices = engine.store.prices_of(&asset, &policy.currency).await?;
            if !prices.is_empty() {
                book.insert(asset, prices);
            }
        }
        Ok(Self {
            prices: book,
            terms: PriceTerms::of(policy),
        })
    }

    /// The newest price that is not later than `at`, of whatever age; where there is none, the first one after it. What other
    /// sources said just before is compared with it, as for a quote: the highest counts, and `None` where they contradict it or
    /// are too few.
    pub(super) fn at(&self, asset: &AssetId, at: Timestamp) -> Option<(&Price, PriceBasis)> {
        let prices = self.prices.get(asset)?;
        let after = prices.partition_point(|price| price.priced_at <= at);
        let (last, basis) = match after.checked_sub(1) {
            Some(last) => (last, PriceBasis::AtClosing),
            None => (after, PriceBasis::AfterClosing),
        };
        let asked = self.terms.then(prices.get(last)?.priced_at);
        let known = prices.get(..=last)?;
        // Of each source the last: the list is in the order of time, corrections behind what they correct.
        let newest: BTreeMap<&str, Price> = known
            .iter()
            .rev()
            .take_while(|price| price.priced_at >= asked.earliest)
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .map(|price| (price.source.as_str(), price.clone()))
            .collect();
        let newest: Vec<Price> = newest.into_values().collect();
        let agreed = prices::compare(&newest, &asked).outcome.ok()?;
        let counting = known
            .iter()
            .rev()
            .find(|price| price.price == agreed.price && agreed.ids.contains(&price.id()))?;
        Some((counting, basis))
    }
}

/// The prices that were used, each once.
#[derive(Debug, Default)]
pub(super) struct PricesUsed {
    places: BTreeMap<(String, PriceBasis), usize>,
    pub(super) list: Vec<PriceUsed>,
}

impl PricesUsed {
    pub(super) fn note(&mut self, price: &Price, basis: PriceBasis) -> usize {
        let list = &mut self.list;
        let place = *self.places.entry((price.id(), basis)).or_insert_with(|| {
            list.push(PriceUsed {
                price: price.clone(),
                basis,
                cases: 0,
            });
            list.len().saturating_sub(1)
        });
        if let Some(used) = list.get_mut(place) {
            used.cases = used.cases.saturating_add(1);
        }
        place
    }
}

/// What a deposit is worth at a price.
pub(super) fn value_of(deposit: &Deposit, price: Option<&Price>) -> Money {
    decimals_of(deposit)
        .zip(price)
        .and_then(|(decimals, price)| {
            fee::value_of(deposit.amount(), decimals, price.price, Rounding::Down)
        })
        .map_or(Money::Unknown, Money::Known)
}

/// Why a deposit was not booked, as far as fees go by it: what we say, for a deposit of a file what the file says. A word of
/// a file may stand for several kinds.
pub(super) fn kinds_of(deposit: &Deposit, classification: &Classification) -> Vec<Kind> {
    let Origin::Imported(imported) = &deposit.origin else {
        return vec![classification.kind];
    };
    let stated = imported.orphan_reason.as_deref().unwrap_or_default();
    let stated = stated.trim().to_lowercase().replace([' ', '-'], "_");
    match stated.as_str() {
        "missing_memo" | "no_memo" => vec![Kind::MemoMissing],
        "unknown_memo" | "wrong_memo" => vec![Kind::MemoUnknown],
        "wrong_chain" | "wrong_network" => {
            vec![Kind::WrongChainSameKey, Kind::WrongChainContract]
        }
        other => vec![Kind::from_code(other).unwrap_or(classification.kind)],
    }
}

/// What today's policy says to a deposit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OurFee {
    /// The service fee, and the most that the network's own cost may add to it.
    Known { service: Cents, network_max: Cents },
    /// It is not quoted.
    Refused(QuoteRefusal),
    /// Nobody can say.
    Unknown,
}

/// The service fee of today's policy, at the price of the case. What the network takes is not known without asking it, so
/// that a range is given: up to the policy's own limit.
pub(super) fn our_fee(
    policy: &Policy,
    deposit: &Deposit,
    classification: &Classification,
    price: Option<&Price>,
) -> OurFee {
    let mut answer = None;
    for kind in kinds_of(deposit, classification) {
        let resolution = Resolution::proposed(kind, &classification.verdict);
        let case = Case {
            kind,
            network: deposit.network(),
            home: None,
            asset: deposit.asset(),
            // What a service costs is compared, whatever it is paid from.
            is_listed: true,
            resolution,
            age_seconds: None,
            earlier_cases: None,
        };
        let outcome = fee::quote(&QuoteInput {
            policy: &policy.fees,
            currency: &policy.currency,
            case,
            rule: policy.fees.rule_for(&case),
            amount: deposit.amount(),
            gathered: None,
            decimals: decimals_of(deposit),
            price: price.map(|price| UsedPrice {
                asset: price.asset.clone(),
                price: price.price,
                at: price.priced_at,
                sources: vec![price.source.clone()],
                ids: vec![price.id()],
            }),
            price_now: None,
            network_fee: None,
            fee_asset: None,
            coin: None,
            waivers: &[],
            named: None,
        });
        let said = match outcome {
            Ok(quote) => OurFee::Known {
                service: quote.service_fee,
                network_max: if resolution.needs_transaction() {
                    policy.network_fee_max
                } else {
                    Cents::default()
                },
            },
            Err(refusal @ (QuoteRefusal::ValueTooSmall | QuoteRefusal::FeeExceedsValue)) => {
                OurFee::Refused(refusal)
            }
            Err(_) => OurFee::Unknown,
        };
        match answer {
            None => answer = Some(said),
            Some(before) if before == said => {}
            Some(_) => return OurFee::Unknown,
        }
    }
    answer.unwrap_or(OurFee::Unknown)
}

/// What the desk charged, in the policy's currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TheirFee {
    pub(super) cents: Cents,
    /// Whether it was reckoned from coins, so that a cent may be rounding.
    pub(super) is_converted: bool,
}

/// What the desk charged: as stated, else what is missing between what arrived and what was paid out. `None` when the file
/// does not say or a price is missing.
pub(super) fn their_fee(
    case: &ClosedCase,
    deposit: &Deposit,
    prices: &PriceBook,
    chains: &ChainsConfig,
    currency: &str,
) -> Option<TheirFee> {
    let price = |asset: &AssetId| prices.at(asset, case.closed_at).map(|(price, _)| price);
    let in_coins = |digits: Amount, scale: u8, asset: &AssetId| {
        let cents = fee::value_of(digits, scale, price(asset)?.price, Rounding::Up)?;
        Some(TheirFee {
            cents,
            is_converted: true,
        })
    };
    if let Some(DeskFee { amount, asset }) = &case.fee {
        let is_currency = asset
            .as_deref()
            .is_none_or(|asset| asset.eq_ignore_ascii_case(currency));
        if is_currency {
            let cents = amount.times_ceil(Amount::from_u128(100)).map(Cents)?;
            return Some(TheirFee {
                cents,
                is_converted: false,
            });
        }
        let name = asset.as_deref()?;
        let is_own = deposit
            .symbol
            .as_deref()
            .is_some_and(|symbol| symbol.eq_ignore_ascii_case(name))
            || deposit.asset().to_string() == name;
        let asset = if is_own {
            deposit.asset().clone()
        } else {
            chains.network(deposit.network())?.asset_by_symbol(name)?
        };
        return in_coins(amount.digits(), amount.scale(), &asset);
    }
    let paid = case.amount?;
    let decimals = decimals_of(deposit)?;
    let (arrived, paid, scale) = aligned(deposit.amount(), decimals, paid)?;
    in_coins(arrived.checked_sub(paid)?, scale, deposit.asset())
}

/// By how much more was paid out than arrived, as digits and scale; `None` when it was not, or when nobody knows.
pub(super) fn overpaid(case: &ClosedCase, deposit: &Deposit) -> Option<(Amount, u8)> {
    let (arrived, paid, scale) = aligned(deposit.amount(), decimals_of(deposit)?, case.amount?)?;
    let more = paid.checked_sub(arrived)?;
    (!more.is_zero()).then_some((more, scale))
}

/// Two amounts on one scale.
fn aligned(left: Amount, decimals: u8, right: Decimal) -> Option<(Amount, Amount, u8)> {
    let scale = decimals.max(right.scale());
    let one = Amount::from_u128(1);
    let widened = |amount: Amount, from: u8| {
        amount.mul_ratio_floor(Amount::power_of_ten(scale.checked_sub(from)?)?, one)
    };
    Some((
        widened(left, decimals)?,
        widened(right.digits(), right.scale())?,
        scale,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use recover_core::network::NetworkId;
    use recover_core::price::PriceRules;

    #[test]
    fn own_the_price_is_the_newest_by_the_closing_else_the_first_after_it() {
        let asset = AssetId::native(NetworkId::new("xrpl"));
        let at = |text: &str| Timestamp::parse(text).unwrap();
        let price = |time: &str, text: &str| Price {
            asset: asset.clone(),
            currency: "USD".to_owned(),
            price: Decimal::parse(text).unwrap(),
            priced_at: at(time),
            source: "test".to_owned(),
        };
        let book = PriceBook {
            prices: BTreeMap::from([(
                asset.clone(),
                vec![
                    price("2025-06-02T00:00:00Z", "2"),
                    price("2025-06-03T00:00:00Z", "3"),
                ],
            )]),
            terms: PriceTerms::new(PriceRules::default(), 60),
        };
        for (time, expected, basis) in [
            ("2025-06-01T00:00:00Z", "2", PriceBasis::AfterClosing),
            ("2025-06-02T00:00:00Z", "2", PriceBasis::AtClosing),
            ("2025-06-02T23:59:59Z", "2", PriceBasis::AtClosing),
            ("2025-06-03T00:00:00Z", "3", PriceBasis::AtClosing),
            ("2026-06-03T00:00:00Z", "3", PriceBasis::AtClosing),
        ] {
            let (price, found) = book.at(&asset, at(time)).unwrap();
            assert_eq!(
                (price.price.to_string().as_str(), found),
                (expected, basis),
                "{time}"
            );
        }
        let other = AssetId::native(NetworkId::new("ton"));
        assert!(book.at(&other, at("2025-06-03T00:00:00Z")).is_none());
    }

    #[test]
    fn own_sources_of_one_hour_are_compared_and_the_highest_counts() {
        let asset = AssetId::native(NetworkId::new("xrpl"));
        let at = |text: &str| Timestamp::parse(text).unwrap();
        let price = |time: &str, text: &str, source: &str| Price {
            asset: asset.clone(),
            currency: "USD".to_owned(),
            price: Decimal::parse(text).unwrap(),
            priced_at: at(time),
            source: source.to_owned(),
        };
        let book = PriceBook {
            prices: BTreeMap::from([(
                asset.clone(),
                vec![
                    price("2025-06-02T00:00:00Z", "9", "old"),
                    price("2025-06-02T10:00:00Z", "2.04", "a"),
                    price("2025-06-02T10:10:00Z", "2.00", "b"),
                    price("2025-06-02T10:20:00Z", "7", "b"),
                    // The same minute again: a correction.
                    price("2025-06-02T10:20:00Z", "2.01", "b"),
                    price("2025-06-02T10:30:00Z", "3", "b"),
                ],
            )]),
            terms: PriceTerms::new(PriceRules::default(), 60),
        };
        let said = |time: &str| {
            let found = book.at(&asset, at(time));
            found.map(|(price, _)| (price.source.as_str(), price.price.to_string()))
        };
        assert_eq!(said("2025-06-02T09:00:00Z"), Some(("old", "9".to_owned())));
        assert_eq!(said("2025-06-02T10:15:00Z"), Some(("a", "2.04".to_owned())));
        assert_eq!(said("2025-06-02T10:25:00Z"), Some(("a", "2.04".to_owned())));
        assert_eq!(said("2025-06-02T10:35:00Z"), None, "they lie apart");
    }

    #[test]
    fn own_amounts_of_two_scales_are_compared_exactly() {
        let five = Amount::from_u128(5_000_000);
        let paid = Decimal::parse("4.99").unwrap();
        let (arrived, paid, scale) = aligned(five, 6, paid).unwrap();
        assert_eq!(
            (arrived, paid, scale),
            (five, Amount::from_u128(4_990_000), 6)
        );
        let finer = Decimal::parse("5.00000001").unwrap();
        let (arrived, paid, scale) = aligned(five, 6, finer).unwrap();
        assert_eq!(scale, 8);
        assert_eq!(paid.checked_sub(arrived), Some(Amount::from_u128(1)));
    }
}
