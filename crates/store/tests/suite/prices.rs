use super::amounts::EDGES;
use super::{Backend, at, ethereum, now};
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::decimal::Decimal;
use recover_store::{ImportCounts, Price};

fn price(text: &str, seconds: u64, source: &str) -> Price {
    Price {
        asset: AssetId::native(ethereum()),
        currency: "USD".into(),
        price: Decimal::parse(text).unwrap(),
        priced_at: at(seconds),
        source: source.into(),
    }
}

pub async fn the_newest_price_that_is_not_later_counts(backend: Backend) {
    let store = backend.open().await;
    let rows = vec![
        price("3000.10", 100, "desk"),
        price("3100.00", 200, "desk"),
        price("1", 300, "desk"),
    ];
    store.import_prices(rows.clone(), now()).await.unwrap();
    let again = store.import_prices(rows, now()).await.unwrap();
    assert_eq!(
        again,
        ImportCounts {
            unchanged: 3,
            ..ImportCounts::default()
        }
    );
    let asset = AssetId::native(ethereum());
    let at_time = async |seconds| {
        let found = store
            .latest_price(&asset, "USD", at(seconds))
            .await
            .unwrap();
        found.map(|price| price.price.to_string())
    };
    assert_eq!(at_time(99).await, None);
    assert_eq!(at_time(100).await.as_deref(), Some("3000.1"));
    assert_eq!(at_time(299).await.as_deref(), Some("3100"));
    assert_eq!(
        store.latest_price(&asset, "EUR", at(500)).await.unwrap(),
        None
    );
    let other = AssetId::contract(ethereum(), "0x1");
    assert_eq!(
        store.latest_price(&other, "USD", at(500)).await.unwrap(),
        None
    );
}

pub async fn each_source_has_its_newest_price_of_a_time(backend: Backend) {
    let store = backend.open().await;
    let rows = vec![
        price("1", 100, "desk"),
        price("2", 200, "desk"),
        price("3", 200, "feed"),
        price("4", 301, "feed"),
        price("5", 99, "old"),
    ];
    store.import_prices(rows, at(1_000)).await.unwrap();
    // A correction of the same moment comes later, and counts.
    let corrected = price("2.5", 200, "desk");
    store
        .import_prices(vec![corrected], at(1_001))
        .await
        .unwrap();
    let asset = AssetId::native(ethereum());
    let newest = async |from, to| -> Vec<(String, String)> {
        let found = store
            .newest_prices(&asset, "USD", at(from)..=at(to))
            .await
            .unwrap();
        found
            .into_iter()
            .map(|price| (price.source, price.price.to_string()))
            .collect()
    };
    let said = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        let pairs = pairs.iter();
        pairs
            .map(|(source, price)| ((*source).to_owned(), (*price).to_owned()))
            .collect()
    };
    assert_eq!(
        newest(100, 300).await,
        said(&[("desk", "2.5"), ("feed", "3")])
    );
    assert_eq!(
        newest(0, 1_000).await,
        said(&[("desk", "2.5"), ("feed", "4"), ("old", "5")])
    );
    assert_eq!(newest(101, 199).await, said(&[]));
    assert_eq!(newest(200, 200).await.len(), 2, "both ends count");
    assert_eq!(
        store.priced_assets("USD").await.unwrap(),
        std::slice::from_ref(&asset)
    );
    assert_eq!(store.priced_assets("EUR").await.unwrap(), []);
}

pub async fn a_corrected_price_is_another_row(backend: Backend) {
    let store = backend.open().await;
    let wrong = price("30", 100, "desk");
    let right = price("3000", 100, "desk");
    store
        .import_prices(vec![wrong.clone()], at(1_000))
        .await
        .unwrap();
    store
        .import_prices(vec![right.clone()], at(1_001))
        .await
        .unwrap();
    assert_eq!(
        store
            .latest_price(&wrong.asset, "USD", at(100))
            .await
            .unwrap(),
        Some(right)
    );
    // What a quote was reckoned from is still there.
    assert_eq!(store.price(&wrong.id()).await.unwrap(), Some(wrong));
    assert_eq!(store.price("prc_0").await.unwrap(), None);
    assert_eq!(store.count_prices().await.unwrap(), 2);
}

pub async fn edge_values_round_trip(backend: Backend) {
    let store = backend.open().await;
    for (index, text) in EDGES.iter().enumerate() {
        let price = Price {
            price: Decimal::from_parts(Amount::from_base_units(text).unwrap(), 77).unwrap(),
            ..price("1", index as u64, "desk")
        };
        store
            .import_prices(vec![price.clone()], now())
            .await
            .unwrap();
        assert_eq!(store.price(&price.id()).await.unwrap(), Some(price));
    }
}
