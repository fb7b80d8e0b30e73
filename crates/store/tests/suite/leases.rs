use super::{Backend, at, deposit, now};
use recover_store::{LeaseAnswer, StoreError};

pub async fn one_holder_at_a_time(backend: Backend) {
    let store = backend.open().await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..8 {
        let store = store.clone();
        tasks.spawn(async move {
            store
                .acquire_lease("reconcile", &format!("p{number}"), 60, now())
                .await
                .unwrap()
        });
    }
    let answers = tasks.join_all().await;
    let held: Vec<_> = answers
        .iter()
        .filter(|answer| matches!(answer, LeaseAnswer::Held(_)))
        .collect();
    assert_eq!(held.len(), 1);
    let LeaseAnswer::Held(lease) = held[0] else {
        panic!("it was filtered")
    };
    for answer in &answers {
        if let LeaseAnswer::Taken { holder, expires_at } = answer {
            assert_eq!((holder, *expires_at), (&lease.holder, lease.expires_at));
        }
    }
}

pub async fn work_under_a_lost_lease_changes_nothing(backend: Backend) {
    let store = backend.open().await;
    let take = async |holder: &str, seconds| {
        store
            .acquire_lease("reconcile", holder, 60, at(seconds))
            .await
            .unwrap()
    };
    let LeaseAnswer::Held(first) = take("one", 100).await else {
        panic!("the lease is free")
    };
    let under = store.under(&first);
    under
        .upsert_observed(vec![deposit("0x1", 1)], now())
        .await
        .unwrap();
    assert!(matches!(take("two", 159).await, LeaseAnswer::Taken { .. }));
    // The first process hangs until the lease has run out, and the second takes over.
    let LeaseAnswer::Held(second) = take("two", 160).await else {
        panic!("the lease has run out")
    };
    assert!(second.epoch > first.epoch);
    let late = under.upsert_observed(vec![deposit("0x2", 1)], now()).await;
    assert!(matches!(late, Err(StoreError::LeaseLost { .. })));
    assert_eq!(store.deposit(&deposit("0x2", 1).id()).await.unwrap(), None);
    assert_eq!(store.renew_lease(&first, 60, at(170)).await.unwrap(), None);
    let renewed = store
        .renew_lease(&second, 60, at(200))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(renewed.expires_at, at(260));
    // Giving back what is not held changes nothing; the epoch never starts again.
    store.release_lease(&first).await.unwrap();
    assert!(matches!(take("one", 210).await, LeaseAnswer::Taken { .. }));
    store.release_lease(&second).await.unwrap();
    let LeaseAnswer::Held(third) = take("one", 210).await else {
        panic!("it was given back")
    };
    assert!(third.epoch > second.epoch);
}
