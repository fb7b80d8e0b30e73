//! How long the lists of deposits take: `cargo run --example list_speed -- [sqlite|postgres] [ROWS]`.
//!
//! Fills a fresh database with made-up deposits of 16 networks (a million by default), then prints the slowest of five runs
//! of each list in milliseconds. The goal is 50 ms a page of 50.

use recover_core::asset::AssetId;
use recover_core::deposit::{DepositStatus, Queue};
use recover_core::kind::Kind;
use recover_core::network::NetworkId;
use recover_store::{DepositCursor, DepositFilter, DepositOrder, Store};
use recover_testkit::Postgres;
use sqlx::{AssertSqlSafe, Connection as _};
use std::time::Instant;

const PAGE: u32 = 50;

fn fill(rows: u64, amount: &str) -> String {
    format!(
        "INSERT INTO deposit (id, origin, network, tx_id, position, block_height, block_time, to_text, asset, amount, memos,
            flags, decimals, decimals_vouched, kind, also, verdict, verdict_detail, verdict_legs, owner, status, queue,
            value_cents, price_id, first_seen_at, updated_at)
         WITH RECURSIVE counter(i) AS (SELECT CAST(0 AS BIGINT) UNION ALL SELECT i + 1 FROM counter WHERE i < {rows} - 1)
         SELECT 'dep_' || i, 'imported', 'network' || (i % 16), 'tx' || (i / 2), '0', i,
            CASE WHEN i % 50 = 0 THEN NULL ELSE (i * 7919) % 1000003 END,
            'address' || (i % 50021), 'network' || (i % 16) || '/native', {amount}, '[]', '[]', 18, 1,
            CASE WHEN i % 5 < 3 THEN 'own_movement' WHEN i % 5 = 3 THEN 'unlisted_token'
                WHEN i % 10007 = 4 THEN 'hot_wallet' ELSE 'missed_credit' END,
            '[]', 'conditional', 'not_seen_by_us', '[]', 'user' || (i % 30011),
            CASE WHEN i % 5 < 3 THEN 'resolved' WHEN i % 997 = 3 THEN 'unconfirmed' ELSE 'open' END,
            CASE WHEN i % 5 < 3 THEN 'none' WHEN i % 5 = 3 THEN 'token_review' ELSE 'work' END,
            CASE WHEN i % 3 = 0 THEN NULL ELSE (i * 104729) % 900007 END,
            CASE WHEN i % 3 = 0 THEN NULL ELSE 'prc_1' END, 1, 1
         FROM counter"
    )
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let kind = arguments.next().unwrap_or_else(|| "sqlite".to_owned());
    let rows: u64 = arguments
        .next()
        .map_or(1_000_000, |text| text.parse().expect("ROWS is a number"));
    let folder = recover_testkit::temp_dir();
    let server = (kind == "postgres").then(Postgres::fresh_database);
    let url = server.as_ref().map_or_else(
        || format!("sqlite://{}/recover.db", folder.path().display()),
        |server| server.url().to_owned(),
    );
    let store = Store::open(&url).await.expect("a fresh database opens");
    let start = Instant::now();
    if server.is_some() {
        let mut connection = sqlx::PgConnection::connect(&url).await.expect("it answers");
        let sql = AssertSqlSafe(fill(rows, "i::numeric"));
        sqlx::raw_sql(sql)
            .execute(&mut connection)
            .await
            .expect("rows fit");
        sqlx::raw_sql("ANALYZE")
            .execute(&mut connection)
            .await
            .expect("it counts");
    } else {
        let mut connection = sqlx::SqliteConnection::connect(&url)
            .await
            .expect("it opens");
        let cache = sqlx::raw_sql("PRAGMA cache_size = -1000000");
        cache.execute(&mut connection).await.expect("it has memory");
        let sql = AssertSqlSafe(fill(rows, "printf('%078d', i)"));
        sqlx::raw_sql(sql)
            .execute(&mut connection)
            .await
            .expect("rows fit");
    }
    println!("{kind}: {rows} rows in {} ms", start.elapsed().as_millis());

    let all = DepositFilter::default;
    let network = || Some(NetworkId::new("network3"));
    let work = || DepositFilter {
        queue: Some(Queue::Work),
        ..all()
    };
    let cases = [
        ("everything", all()),
        ("working queue", work()),
        (
            "working queue of a network",
            DepositFilter {
                network: network(),
                ..work()
            },
        ),
        (
            "a network",
            DepositFilter {
                network: network(),
                ..all()
            },
        ),
        (
            "a common kind",
            DepositFilter {
                kind: Some(Kind::MissedCredit),
                ..all()
            },
        ),
        (
            "a rare kind",
            DepositFilter {
                kind: Some(Kind::HotWallet),
                ..all()
            },
        ),
        (
            "a kind that nothing has",
            DepositFilter {
                kind: Some(Kind::IbcVoucher),
                ..all()
            },
        ),
        (
            "a rare kind of a network",
            DepositFilter {
                kind: Some(Kind::HotWallet),
                network: network(),
                ..all()
            },
        ),
        (
            "a rare status",
            DepositFilter {
                statuses: vec![DepositStatus::Unconfirmed],
                ..all()
            },
        ),
        (
            "a status that nothing has",
            DepositFilter {
                statuses: vec![DepositStatus::Gone],
                ..all()
            },
        ),
        (
            "a rare kind in the queue",
            DepositFilter {
                kind: Some(Kind::HotWallet),
                ..work()
            },
        ),
        (
            "open in the queue",
            DepositFilter {
                statuses: vec![DepositStatus::Open, DepositStatus::Unconfirmed],
                ..work()
            },
        ),
        (
            "an asset",
            DepositFilter {
                asset: AssetId::parse("network3/native"),
                ..all()
            },
        ),
        (
            "an owner",
            DepositFilter {
                owner: Some("user77".to_owned()),
                ..all()
            },
        ),
        (
            "an address",
            DepositFilter {
                to: Some("address77".to_owned()),
                ..all()
            },
        ),
        (
            "a verdict that nothing has",
            DepositFilter {
                verdict: Some("controllable".to_owned()),
                ..all()
            },
        ),
        (
            "work above a value",
            DepositFilter {
                value_cents_min: Some(899_000),
                ..work()
            },
        ),
    ];
    for (name, filter) in &cases {
        for order in [DepositOrder::Newest, DepositOrder::MostValuable] {
            let (mut slowest, mut next): (u128, Option<DepositCursor>) = (0, None);
            for _ in 0..5 {
                let start = Instant::now();
                let page = store
                    .list_deposits(filter, order, next.as_ref(), PAGE)
                    .await
                    .expect("a page");
                slowest = slowest.max(start.elapsed().as_millis());
                next = page.next;
                if next.is_none() {
                    break;
                }
            }
            println!("{slowest:>6} ms  {name}, {order:?}");
        }
    }
    let start = Instant::now();
    let counts = store.count_deposits(None).await.expect("counts");
    println!(
        "{:>6} ms  {} counts",
        start.elapsed().as_millis(),
        counts.len()
    );
}
