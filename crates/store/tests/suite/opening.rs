use super::Backend;
use recover_store::{Store, StoreError};

pub async fn an_url_that_names_no_database_is_refused_without_its_password(backend: Backend) {
    for (url, scheme) in [
        ("mysql://app:hunter2@host/db", "mysql"),
        ("recover.db", "recover.db"),
        ("", ""),
        ("sqlite://", "sqlite"),
        ("sqlite:", "sqlite"),
    ] {
        let refused = Store::open(url).await.unwrap_err();
        assert!(matches!(&refused, StoreError::UnknownUrl { scheme: named } if named == scheme));
        assert!(!refused.to_string().contains("hunter2"));
    }
    let bad = match &backend {
        Backend::Sqlite(folder) => {
            format!("sqlite://{}/no/such/folder/x.db", folder.path().display())
        }
        Backend::Postgres(_) => backend
            .url()
            .replace("app@", "app:hunter2@")
            .replace("test_", "none_"),
    };
    let refused = Store::open(&bad).await.unwrap_err();
    assert!(matches!(refused, StoreError::Open { .. }), "{refused:?}");
    assert!(!format!("{refused} {refused:?}").contains("hunter2"));
    assert!(
        refused.to_string().contains("check "),
        "it says what to do: {refused}"
    );
}

pub async fn settings_are_those_of_the_promise(backend: Backend) {
    let store = backend.open().await;
    match &backend {
        Backend::Postgres(_) => assert!(store.is_postgres()),
        Backend::Sqlite(folder) => {
            assert!(!store.is_postgres());
            let header = std::fs::read(folder.path().join("recover.db")).unwrap();
            // Bytes 18 and 19 of the file say that it is in WAL mode.
            assert_eq!(&header[18..20], [2, 2]);
        }
    }
    assert!(store.check().await.unwrap().is_empty());
}

pub async fn a_store_in_memory_works_like_one_on_disk(backend: Backend) {
    drop(backend);
    let store = Store::open("sqlite::memory:").await.unwrap();
    let other = Store::open("sqlite::memory:").await.unwrap();
    let deposit = super::deposit("0x1", 1);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (store, deposit) = (store.clone(), deposit.clone());
        tasks.spawn(async move {
            store
                .upsert_observed(vec![deposit.clone()], super::now())
                .await
                .unwrap();
            store
                .deposit(&deposit.id())
                .await
                .unwrap()
                .expect("it was stored")
        });
    }
    tasks.join_all().await;
    assert_eq!(
        other.deposit(&deposit.id()).await.unwrap(),
        None,
        "each is its own"
    );
}
