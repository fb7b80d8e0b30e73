use super::*;
use proptest::prelude::*;

const NOW: i64 = 1_770_000_000_000_000;

fn price(source: &str, text: &str, micros_ago: i64) -> SourcePrice {
    SourcePrice {
        source: source.to_owned(),
        id: format!("prc_{source}_{text}_{micros_ago}"),
        price: Decimal::parse(text).unwrap(),
        at: Timestamp::from_micros(NOW - micros_ago),
    }
}

fn asked(sources_min: u32, percent: &str) -> Asked<'static> {
    Asked {
        rules: PriceRules {
            sources_min,
            spread_max_percent: Decimal::parse(percent).unwrap(),
        },
        earliest: Timestamp::from_micros(NOW - 3_600_000_000),
        latest: Timestamp::from_micros(NOW + 300_000_000),
        source: None,
    }
}

fn said(prices: &[SourcePrice], asked: &Asked<'_>) -> Result<String, &'static str> {
    compare(prices, asked)
        .outcome
        .map(|agreed| agreed.price.to_string())
        .map_err(NoPriceReason::code)
}

#[test]
fn the_highest_of_those_that_agree_counts() {
    let rules = asked(2, "5");
    let prices = [price("b", "105", 0), price("a", "100", 0)];
    let compared = compare(&prices, &rules);
    let agreed = compared.outcome.unwrap();
    assert_eq!(agreed.price.to_string(), "105");
    assert_eq!(agreed.sources, ["a", "b"]);
    assert_eq!(agreed.ids, [prices[1].id.clone(), prices[0].id.clone()]);
    assert_eq!(compared.spread_percent.unwrap().to_string(), "5");
    let prices = [price("a", "100", 0), price("b", "105.00000000000000001", 0)];
    assert_eq!(said(&prices, &rules), Err("apart"));
    assert_eq!(
        compare(&prices, &rules).spread_percent.unwrap().to_string(),
        "5.01",
        "rounded up, so that what is refused never reads as what is allowed"
    );
    assert_eq!(said(&prices[..1], &rules), Err("too_few_sources"));
    assert_eq!(said(&[], &rules), Err("absent"));
}

#[test]
fn t09_the_matrix_of_odd_prices() {
    let one = asked(1, "5");
    for (texts, expected) in [
        (&["0"][..], Err("absent")),
        (&["0.000"], Err("absent")),
        (&["0", "100"], Ok("100")),
        (
            &["0.000000000000000000000000000001"],
            Ok("0.000000000000000000000000000001"),
        ),
        (
            &["1000000000000000000000000000000"],
            Ok("1000000000000000000000000000000"),
        ),
        (
            &[
                "0.000000000000000000000000000001",
                "1000000000000000000000000000000",
            ],
            Err("apart"),
        ),
        (
            &[
                "0.000000000000000000000000000001",
                "0.00000000000000000000000000000105",
            ],
            Ok("0.00000000000000000000000000000105"),
        ),
        (&["100", "0.00000000000000000001"], Err("apart")),
    ] {
        let prices: Vec<SourcePrice> = texts
            .iter()
            .zip(["a", "b"])
            .map(|(text, source)| price(source, text, 0))
            .collect();
        assert_eq!(
            said(&prices, &one).as_deref(),
            expected.as_ref().map(|text| *text),
            "{texts:?}"
        );
    }
    for text in [
        "NaN", "nan", "inf", "-1", "1e30", "1e-30", "", "1,5", "+1", " 1",
    ] {
        assert!(Decimal::parse(text).is_err(), "{text}");
    }
}

#[test]
fn prices_of_every_length_are_compared_exactly() {
    // 77 digits behind the point beside none: no common scale fits 256 bits.
    let long = format!("1.{}1", "0".repeat(76));
    let prices = [price("a", &long, 0), price("b", "1", 0)];
    assert_eq!(said(&prices, &asked(2, "5")), Ok(long.clone()));
    let huge = "9".repeat(77);
    let prices = [price("a", &long, 0), price("b", &huge, 0)];
    assert_eq!(said(&prices, &asked(1, "5")), Err("apart"));
    assert_eq!(
        Decimal::parse("1.0")
            .unwrap()
            .size_against(Decimal::parse("1").unwrap()),
        Ordering::Equal
    );
    // Not one percent of anything is allowed.
    let prices = [price("a", &long, 0), price("b", "1", 0)];
    assert_eq!(said(&prices, &asked(1, "0")), Err("apart"));
}

#[test]
fn ages_are_counted_to_the_microsecond() {
    let rules = asked(1, "5");
    let hour = 3_600_000_000;
    let slack = 300_000_000;
    for (ago, expected, standing) in [
        (hour, Ok("7".to_owned()), Standing::Counts),
        (hour + 1, Err("stale"), Standing::TooOld),
        (0, Ok("7".to_owned()), Standing::Counts),
        (-slack, Ok("7".to_owned()), Standing::Counts),
        (-slack - 1, Err("absent"), Standing::Later),
    ] {
        let prices = [price("a", "7", ago)];
        assert_eq!(said(&prices, &rules), expected, "{ago}");
        assert_eq!(compare(&prices, &rules).standings, [standing], "{ago}");
    }
    // At a time that is past nothing later counts.
    let then = Asked {
        latest: Timestamp::from_micros(NOW),
        ..rules
    };
    assert_eq!(said(&[price("a", "7", -1)], &then), Err("absent"));
    assert_eq!(said(&[price("a", "7", 0)], &then), Ok("7".to_owned()));
}

#[test]
fn one_source_speaks_once_and_with_its_newest_price() {
    let rules = asked(2, "5");
    let prices = [
        price("coingecko", "100", 60),
        price("CoinGecko", "300", 10),
        price("CoinGecko", "200", 20),
    ];
    let compared = compare(&prices, &rules);
    assert_eq!(compared.outcome, Err(NoPriceReason::TooFewSources));
    assert_eq!(
        compared.standings,
        [Standing::Superseded, Standing::Counts, Standing::Superseded]
    );
    assert_eq!(said(&prices, &asked(1, "5")), Ok("300".to_owned()));
    // The newest is old: an older one does not take its place.
    let old = [
        price("a", "1", 4_000_000_000),
        price("a", "2", 5_000_000_000),
    ];
    let compared = compare(&old, &asked(1, "5"));
    assert_eq!(compared.outcome, Err(NoPriceReason::Stale));
    assert_eq!(compared.standings, [Standing::TooOld, Standing::Superseded]);
}

#[test]
fn a_source_that_is_asked_for_stands_alone() {
    let alone = Asked {
        source: Some("Bank"),
        ..asked(2, "5")
    };
    let prices = [price("bank", "100", 0), price("other", "900", 0)];
    let compared = compare(&prices, &alone);
    assert_eq!(compared.outcome.unwrap().price.to_string(), "100");
    assert_eq!(compared.standings, [Standing::Counts, Standing::NotAsked]);
    assert_eq!(said(&prices[1..], &alone), Err("absent"));
}

#[test]
fn a_mean_is_exact_and_rounds_down() {
    let of = |texts: &[&str]| {
        let prices: Vec<Decimal> = texts
            .iter()
            .map(|text| Decimal::parse(text).unwrap())
            .collect();
        mean(&prices).map(|price| price.to_string())
    };
    assert_eq!(of(&[]), None);
    assert_eq!(of(&["3150.25"; 7]).as_deref(), Some("3150.25"));
    assert_eq!(of(&["1", "2"]).as_deref(), Some("1.5"));
    assert_eq!(
        of(&["1", "1", "2"]).as_deref(),
        Some("1.333333333333333333")
    );
    assert_eq!(
        of(&["2", "2", "1.0"]).as_deref(),
        Some("1.666666666666666666")
    );
    assert_eq!(
        of(&["0.10", "0.2", "0.2"]).as_deref(),
        Some("0.1666666666666666666")
    );
    // Where 18 more digits do not fit, fewer are kept.
    let big = "1".repeat(70);
    assert_eq!(of(&[&big, &big, &big]).as_deref(), Some(big.as_str()));
    let text = of(&[&big, &big, &format!("{}2", "1".repeat(69))]).unwrap();
    assert!(text.starts_with(&format!("{big}.333333")), "{text}");
    let most = "9".repeat(77);
    assert_eq!(of(&[&most, &most]), None);
}

fn any_price() -> impl Strategy<Value = SourcePrice> {
    let text = prop_oneof![
        Just("0".to_owned()),
        Just("0.000000000000000000000000000001".to_owned()),
        Just("1000000000000000000000000000000".to_owned()),
        "[1-9][0-9]{0,4}(\\.[0-9]{1,6})?",
        "10[0-5](\\.[0-9]{1,2})?",
    ];
    let ago = prop_oneof![
        Just(0),
        Just(3_600_000_000),
        Just(3_600_000_001),
        -400_000_000..4_000_000_000_i64
    ];
    ("[a-eA-E]", text, ago).prop_map(|(source, text, ago)| price(&source, &text, ago))
}

proptest! {
    #[test]
    fn the_order_of_sources_does_not_matter(
        prices in prop::collection::vec(any_price(), 0..8), seed in any::<prop::sample::Index>(), least in 1..4_u32,
    ) {
        let rules = asked(least, "5");
        let mut turned = prices.clone();
        if !turned.is_empty() {
            let place = seed.index(turned.len());
            turned.rotate_left(place);
            turned.swap(0, place);
        }
        let (one, other) = (compare(&prices, &rules), compare(&turned, &rules));
        prop_assert_eq!(one.outcome, other.outcome);
        prop_assert_eq!(one.spread_percent, other.spread_percent);
    }

    #[test]
    fn a_further_source_never_lowers_a_price_and_never_settles_a_quarrel(
        prices in prop::collection::vec(any_price(), 0..6), mut further in any_price(),
    ) {
        "another".clone_into(&mut further.source);
        let rules = asked(1, "5");
        let before = compare(&prices, &rules).outcome;
        let mut more = prices;
        more.push(further);
        let after = compare(&more, &rules).outcome;
        match before {
            Err(NoPriceReason::Apart) => prop_assert_eq!(after, Err(NoPriceReason::Apart)),
            Ok(before) => match after {
                Ok(after) => prop_assert!(after.price.size_against(before.price).is_ge()),
                Err(reason) => prop_assert_eq!(reason, NoPriceReason::Apart),
            },
            Err(_) => {}
        }
    }

    #[test]
    fn what_counts_is_the_highest_fresh_and_within_the_spread(
        prices in prop::collection::vec(any_price(), 0..8), least in 1..4_u32,
    ) {
        let rules = asked(least, "5");
        let compared = compare(&prices, &rules);
        prop_assert_eq!(compared.standings.len(), prices.len());
        let counting: Vec<&SourcePrice> = prices.iter().zip(&compared.standings)
            .filter(|(_, standing)| **standing == Standing::Counts)
            .map(|(price, _)| price)
            .collect();
        if let Ok(agreed) = compared.outcome {
            prop_assert!(agreed.sources.len() >= usize::try_from(least).unwrap());
            prop_assert_eq!(agreed.ids.len(), counting.len());
            for price in counting {
                prop_assert!(!price.price.is_zero());
                prop_assert!(price.price.size_against(agreed.price).is_le());
                prop_assert!(price.at.as_micros() >= NOW - 3_600_000_000);
                // agreed <= 1.05 x lowest, in integers of six digits behind the point and more.
                let low = price.price.times_floor(Amount::power_of_ten(36).unwrap()).unwrap();
                let high = agreed.price.times_floor(Amount::power_of_ten(36).unwrap()).unwrap();
                let hundred = |amount: Amount, by: u128| amount.mul_ratio_floor(Amount::from_u128(by), Amount::from_u128(1)).unwrap();
                prop_assert!(hundred(high, 100) <= hundred(low, 105));
            }
        }
    }
}
