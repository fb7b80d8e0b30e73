use super::{Backend, deposit, now, observation, observed};
use recover_core::amount::Amount;
use recover_core::deposit::Origin;
use recover_core::observation::Position;
use recover_store::{DepositFilter, DepositOrder};

/// Ascending: zero, one, and each side of what a double, a signed and an unsigned 64-bit integer and 255 and 256 bits hold.
pub const EDGES: [&str; 10] = [
    "0",
    "1",
    "9",
    "10",
    "10000",
    "9007199254740993",
    "9223372036854775808",
    "18446744073709551616",
    "57896044618658097711785492504343953926634992332820282019728792003956564819968",
    "115792089237316195423570985008687907853269984665640564039457584007913129639935",
];

pub async fn edge_values_round_trip(backend: Backend) {
    let store = backend.open().await;
    let mut deposits = Vec::new();
    for (index, text) in EDGES.iter().enumerate() {
        let mut seen = observation("0x1", Position::log(index as u64), 10);
        seen.amount = Amount::from_base_units(text).unwrap();
        seen.amount_stated = seen.amount;
        seen.balance_delta = (index % 2 == 0).then_some(seen.amount);
        deposits.push(observed(seen));
    }
    store
        .upsert_observed(deposits.clone(), now())
        .await
        .unwrap();
    for deposit in deposits {
        let stored = store
            .deposit(&deposit.id())
            .await
            .unwrap()
            .expect("it was stored");
        assert_eq!(stored.deposit, deposit);
    }
    let all = store
        .list_deposits(&DepositFilter::default(), DepositOrder::Id, None, 50)
        .await
        .unwrap();
    assert_eq!(all.deposits.len(), EDGES.len());
}

pub async fn amounts_sort_as_numbers(backend: Backend) {
    let store = backend.open().await;
    let mut rows = Vec::new();
    for (index, text) in EDGES.iter().rev().enumerate() {
        let mut deposit = deposit(&format!("0x{index}"), 10);
        if let Origin::Observed(seen) = &mut deposit.origin {
            seen.amount = Amount::from_base_units(text).unwrap();
        }
        rows.push(deposit);
    }
    store.upsert_observed(rows, now()).await.unwrap();
    let order = match &backend {
        Backend::Sqlite(folder) => {
            let url = format!("sqlite://{}/recover.db", folder.path().display());
            let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
            let texts: Vec<String> =
                sqlx::query_scalar("SELECT amount FROM deposit ORDER BY amount")
                    .fetch_all(&pool)
                    .await
                    .unwrap();
            texts
                .into_iter()
                .map(|text| match text.trim_start_matches('0') {
                    "" => "0".to_owned(),
                    digits => digits.to_owned(),
                })
                .collect::<Vec<_>>()
        }
        Backend::Postgres(database) => database
            .sql("SELECT amount FROM deposit ORDER BY amount")
            .lines()
            .map(str::to_owned)
            .collect(),
    };
    assert_eq!(order, EDGES);
}
