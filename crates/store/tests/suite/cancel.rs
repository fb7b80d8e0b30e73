use super::{Backend, deposit, now};
use std::time::Duration;

/// A future that is polled a few times and then dropped, as a disconnected client or a time-out drops it.
async fn cancelled<F: Future>(work: F, after: Duration) {
    let _ = tokio::time::timeout(after, work).await;
}

pub async fn a_caller_that_goes_away_loses_no_acknowledged_write(backend: Backend) {
    let store = backend.open().await;
    let rounds = 300u64;
    for round in 0..rounds {
        let dropped = deposit(&format!("dropped{round}"), 1);
        cancelled(
            store.upsert_observed(vec![dropped], now()),
            Duration::from_micros(round * 11 % 1_500),
        )
        .await;
        let kept = deposit(&format!("kept{round}"), 1);
        store.upsert_observed(vec![kept], now()).await.unwrap();
    }
    store.close().await;
    let kept = backend
        .column("SELECT tx_id FROM deposit WHERE tx_id LIKE 'kept%'")
        .await;
    assert_eq!(
        kept.len() as u64,
        rounds,
        "every write that was answered is there"
    );
}

pub async fn a_step_whose_caller_goes_away_is_whole_or_absent(backend: Backend) {
    let store = backend.open().await;
    for round in 0..60u64 {
        let pair = vec![
            deposit(&format!("one{round}"), 1),
            deposit(&format!("two{round}"), 1),
        ];
        cancelled(
            store.upsert_observed(pair, now()),
            Duration::from_micros(round * 97),
        )
        .await;
    }
    // Work that was begun goes on without its caller, one after the other.
    store.close().await;
    let ones = backend
        .column("SELECT tx_id FROM deposit WHERE tx_id LIKE 'one%' ORDER BY tx_id")
        .await;
    let twos = backend
        .column("SELECT tx_id FROM deposit WHERE tx_id LIKE 'two%' ORDER BY tx_id")
        .await;
    let numbers = |names: &[String]| {
        names
            .iter()
            .map(|name| name[3..].to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(numbers(&ones), numbers(&twos));
}
