use super::*;
use crate::clock::FixedClock;
use crate::config::ChainsConfig;
use crate::family::Adapters;
use recover_core::network::NetworkId;
use recover_store::Store;
use std::sync::Arc;

const NOW: &str = "2026-03-08T12:00:00Z";

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn xrp() -> AssetId {
    AssetId::native(NetworkId::new("xrpl"))
}

/// An engine with the shipped policy and these rules, and these prices: value, time, source.
async fn engine(rules: &str, prices: &[(&str, &str, &str)]) -> Engine {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policy.toml");
    let text = std::fs::read_to_string(path).unwrap();
    assert!(
        text.contains("\n[prices]\n"),
        "the shipped policy has the table"
    );
    let text = text.replace("\n[prices]\n", "\n[prices-shipped]\n");
    let (head, rest) = text.split_once("\n[prices-shipped]\n").unwrap();
    let rest: Vec<&str> = rest
        .lines()
        .skip_while(|line| !line.starts_with('['))
        .collect();
    let text = format!("{head}\n[prices]\n{rules}\n\n{}\n", rest.join("\n"));
    let policy = Policy::parse("policy.toml", &text, None).unwrap();
    let store = Store::open("sqlite::memory:").await.unwrap();
    let rows = prices
        .iter()
        .map(|(price, at, source)| Price {
            asset: xrp(),
            currency: "USD".to_owned(),
            price: Decimal::parse(price).unwrap(),
            priced_at: time(at),
            source: (*source).to_owned(),
        })
        .collect();
    store.import_prices(rows, time(NOW)).await.unwrap();
    Engine::over(
        store,
        ChainsConfig::default(),
        Some(policy),
        Adapters::new(vec![]),
        Arc::new(FixedClock(time(NOW))),
        BTreeMap::new(),
    )
}

impl Engine {
    async fn said(&self, at: &str, time_that_counts: PriceTime) -> Result<String, NoPrice> {
        self.said_by(at, time_that_counts, None).await
    }

    async fn said_by(
        &self,
        at: &str,
        time_that_counts: PriceTime,
        source: Option<&str>,
    ) -> Result<String, NoPrice> {
        let asset = xrp();
        let wanted = Wanted {
            asset: &asset,
            time: time_that_counts,
            source,
            block_time: Some(time(at)),
            now: time(at),
        };
        let used = self.price(&wanted).await.unwrap();
        used.map(|used| {
            assert_eq!(used.asset, asset);
            assert!(!used.sources.is_empty() && !used.ids.is_empty());
            format!(
                "{} of {} by {}",
                used.price,
                used.at,
                used.sources.join("+")
            )
        })
    }
}

/// What an engine with the shipped rules and these prices says at each time, or why it has no price.
async fn says(
    prices: &[(&str, &str, &str)],
    counts: PriceTime,
    expected: &[(&str, Result<&str, NoPriceReason>)],
) {
    let engine = engine("", prices).await;
    for (at, expected) in expected {
        let said = engine.said(at, counts).await;
        let said = said.as_deref().map_err(|none| none.reason);
        assert_eq!(said, *expected, "{at}");
    }
}

#[tokio::test]
async fn own_a_price_for_now_names_what_it_was_made_from_or_what_is_wrong() {
    let two = "sources_min = 2\nspread_max_percent = \"5\"";
    let desk = ("2.00", "2026-03-08T11:00:00Z", "desk");
    let feed = ("2.10", "2026-03-08T11:59:00Z", "feed");
    let agreed = engine(two, &[desk, feed]).await;
    assert_eq!(
        agreed.said(NOW, PriceTime::Quote).await,
        Ok("2.1 of 2026-03-08T11:00:00Z by desk+feed".to_owned())
    );
    for (prices, reason, words) in [
        (
            vec![],
            NoPriceReason::Absent,
            vec!["xrpl/native in USD", "prices fetch", "prices import"],
        ),
        (
            vec![("2", "2026-03-08T10:59:59.999999Z", "desk")],
            NoPriceReason::Stale,
            vec![
                "older than 60 minutes",
                "desk 2 of 2026-03-08T10:59:59.999999Z",
            ],
        ),
        (
            vec![desk, ("2", "2026-03-01T00:00:00Z", "feed")],
            NoPriceReason::TooFewSources,
            vec!["only 1 of 2", "desk 2 of", "too old: feed 2 of 2026-03-01"],
        ),
        (
            vec![desk, ("2.1000001", "2026-03-08T11:59:00Z", "feed")],
            NoPriceReason::Apart,
            vec![
                "5.01 % apart",
                "allows 5 %",
                "desk 2 of",
                "feed 2.1000001 of",
            ],
        ),
        (
            vec![("2", "2026-03-08T12:05:00.000001Z", "desk")],
            NoPriceReason::Absent,
            vec![
                "a time to come: desk 2 of 2026-03-08T12:05:00.000001Z",
                "clock",
            ],
        ),
    ] {
        let none = engine(two, &prices).await.said(NOW, PriceTime::Quote).await;
        let none = none.unwrap_err();
        assert_eq!(none.reason, reason, "{}", none.detail);
        for word in words {
            assert!(none.detail.contains(word), "{word}: {}", none.detail);
        }
    }
    // One that a rule names is enough by itself, whatever the others say.
    let apart = engine(two, &[desk, ("9", "2026-03-08T11:59:00Z", "feed")]).await;
    assert_eq!(
        apart.said_by(NOW, PriceTime::Quote, Some("DESK")).await,
        Ok("2 of 2026-03-08T11:00:00Z by desk".to_owned())
    );
    let other = apart.said_by(NOW, PriceTime::Quote, Some("bank")).await;
    assert!(other.unwrap_err().detail.contains("from bank"));
}

#[tokio::test]
async fn own_a_price_for_the_deposits_time_is_never_of_later() {
    let prices = [
        ("1", "2026-03-01T10:00:00Z", "desk"),
        ("2", "2026-03-01T10:30:00Z", "desk"),
        ("3", "2026-03-01T10:30:00.000001Z", "desk"),
    ];
    let (first, second, third) = (
        Ok("1 of 2026-03-01T10:00:00Z by desk"),
        Ok("2 of 2026-03-01T10:30:00Z by desk"),
        Ok("3 of 2026-03-01T10:30:00.000001Z by desk"),
    );
    let expected = [
        ("2026-03-01T10:29:59Z", first),
        ("2026-03-01T10:30:00Z", second),
        ("2026-03-01T11:30:00.000001Z", third),
        // Old at that time.
        ("2026-03-01T11:30:00.000002Z", Err(NoPriceReason::Stale)),
        ("2026-03-01T09:59:59Z", Err(NoPriceReason::Absent)),
    ];
    says(&prices, PriceTime::Deposit, &expected).await;
}

#[tokio::test]
async fn own_the_previous_close_is_the_last_before_midnight_utc() {
    let prices = [
        ("1", "2026-03-06T23:59:59.999999Z", "desk"),
        ("2", "2026-03-07T00:00:00Z", "desk"),
        ("4", "2026-03-08T00:00:00Z", "desk"),
    ];
    let (sixth, seventh, eighth) = (
        Ok("1 of 2026-03-06T23:59:59.999999Z by desk"),
        Ok("2 of 2026-03-07T00:00:00Z by desk"),
        Ok("4 of 2026-03-08T00:00:00Z by desk"),
    );
    let expected = [
        (NOW, seventh),
        ("2026-03-08T00:00:00Z", seventh),
        ("2026-03-07T23:59:59Z", sixth),
        ("2026-03-09T00:00:00Z", eighth),
        ("2026-03-10T00:00:00Z", Err(NoPriceReason::Stale)),
    ];
    says(&prices, PriceTime::PreviousClose, &expected).await;
    let engine = engine("", &prices).await;
    let old = engine
        .said("2026-03-10T00:00:00Z", PriceTime::PreviousClose)
        .await;
    let told = old.unwrap_err().detail;
    let day = "the day that began at 2026-03-09T00:00:00Z";
    assert!(told.contains(day), "{told}");
}

#[tokio::test]
async fn own_the_mean_of_seven_days_wants_every_day() {
    let days = ["01", "02", "03", "04", "05", "06", "07"];
    let times: Vec<String> = days
        .iter()
        .map(|day| format!("2026-03-{day}T20:00:00Z"))
        .collect();
    let values = ["1", "2", "3", "4", "5", "6", "7.5"];
    let all: Vec<(&str, &str, &str)> = values
        .iter()
        .zip(&times)
        .map(|(value, at)| (*value, at.as_str(), "desk"))
        .collect();
    let mean = engine("", &all).await;
    // 28.5 / 7, rounded down 18 digits behind the one that the longest price has.
    assert_eq!(
        mean.said(NOW, PriceTime::MeanOfSevenDays).await.unwrap(),
        "4.0714285714285714285 of 2026-03-01T20:00:00Z by desk"
    );
    for missing in 0..7 {
        let mut some = all.clone();
        some.remove(missing);
        let none = engine("", &some)
            .await
            .said(NOW, PriceTime::MeanOfSevenDays)
            .await;
        let none = none.unwrap_err();
        assert_eq!(
            none.reason,
            NoPriceReason::IncompleteHistory,
            "{}",
            none.detail
        );
    }
    let mut apart = all.clone();
    apart.push(("9", "2026-03-04T21:00:00Z", "feed"));
    let none = engine("", &apart)
        .await
        .said(NOW, PriceTime::MeanOfSevenDays)
        .await;
    assert_eq!(none.unwrap_err().reason, NoPriceReason::Apart);
}

#[tokio::test]
async fn own_a_table_says_what_counts_and_why_not() {
    let engine = engine(
        "",
        &[
            ("2", "2026-03-08T11:00:00Z", "desk"),
            ("1.9", "2026-03-08T11:30:00Z", "desk"),
            ("7", "2026-01-01T00:00:00Z", "gone"),
            ("8", "2027-01-01T00:00:00Z", "wild"),
            ("1.95", "2026-03-08T11:00:00Z", "wild"),
        ],
    )
    .await;
    let tables = engine.price_tables(&[]).await.unwrap();
    assert_eq!(tables.len(), 1);
    let rows: Vec<(&str, String, &str)> = tables[0]
        .rows
        .iter()
        .map(|(row, standing)| (row.source.as_str(), row.price.to_string(), standing.code()))
        .collect();
    let row = |source, price: &str, code| (source, price.to_owned(), code);
    assert_eq!(
        rows,
        [
            row("desk", "1.9", "counts"),
            row("gone", "7", "too_old"),
            row("wild", "8", "later"),
            row("wild", "1.95", "counts"),
        ]
    );
    assert_eq!(
        tables[0].outcome.as_ref().unwrap().price.to_string(),
        "1.95"
    );
    assert_eq!(tables[0].spread_percent.unwrap().to_string(), "2.64");
    let other = AssetId::native(NetworkId::new("ton"));
    let tables = engine.price_tables(&[other]).await.unwrap();
    assert_eq!(
        tables[0].outcome.as_ref().unwrap_err().reason,
        NoPriceReason::Absent
    );
}

/// A source that knows one price, of so many seconds from now.
struct Ahead(i64);

#[async_trait::async_trait]
impl recover_source::prices::PriceSource for Ahead {
    fn name(&self) -> &str {
        "ahead"
    }

    async fn prices(
        &self,
        questions: &[recover_source::prices::PriceQuestion],
        currency: &str,
    ) -> recover_source::prices::PriceUpdate {
        assert_eq!(currency, "USD");
        let found = questions
            .iter()
            .map(|question| recover_source::prices::FoundPrice {
                asset: question.asset.clone(),
                price: Decimal::parse("3").unwrap(),
                at: time(NOW).plus_seconds(self.0).unwrap(),
            });
        recover_source::prices::PriceUpdate {
            found: found.collect(),
            ..recover_source::prices::PriceUpdate::default()
        }
    }
}

#[tokio::test]
async fn own_a_price_of_a_time_to_come_is_not_taken() {
    const ONE: &str = include_str!("../../../../chains.toml");
    for (ahead, is_taken) in [(0, true), (300, true), (301, false), (86_400, false)] {
        let mut engine = engine("", &[])
            .await
            .priced_by(vec![Arc::new(Ahead(ahead))]);
        let chains = ChainsConfig::parse(
            "chains.toml",
            &only_xrpl(ONE),
            &crate::family::Adapters::new(vec![]),
        );
        engine.chains = Arc::new(chains.unwrap());
        let fetched = engine.fetch_prices(&[], &[], &|_, _| ()).await.unwrap();
        let source = &fetched.sources[0];
        assert_eq!(
            (source.asked, source.new),
            (1, u64::from(is_taken)),
            "{ahead}"
        );
        assert_eq!(fetched.unpriced.is_empty(), is_taken, "{ahead}");
        assert_eq!(source.missing.is_empty(), is_taken, "{ahead}");
        // What was taken counts from then on.
        let quoted = engine.said(NOW, PriceTime::Quote).await;
        assert_eq!(quoted.is_ok(), is_taken, "{ahead}: {quoted:?}");
        // Asked again, nothing is new.
        let again = engine.fetch_prices(&[], &[], &|_, _| ()).await.unwrap();
        assert_eq!(again.new_prices(), 0);
        let none = engine
            .fetch_prices(&[], &[NetworkId::new("ton")], &|_, _| ())
            .await;
        assert_eq!(none.unwrap().sources[0].asked, 0);
    }
}

/// The tables of one network, without its tokens.
fn only_xrpl(text: &str) -> String {
    let mut kept = String::new();
    let mut is_kept = false;
    for line in text.lines() {
        if line.starts_with('[') {
            is_kept = line.starts_with("[network.xrpl]")
                || line.starts_with("[network.xrpl.finality]")
                || line.starts_with("[network.xrpl.native]");
        }
        if is_kept {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}
