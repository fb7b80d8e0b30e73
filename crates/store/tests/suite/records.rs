use super::{Backend, at, now};
use recover_core::digest::{Digest, Encoder};
use recover_store::{DiagnosisRecord, ImportCounts, ImportKind, ImportRun};

fn digest(text: &str) -> Digest {
    Encoder::new("test").field(text).finish()
}

pub async fn policies_are_numbered_by_first_load(backend: Backend) {
    let store = backend.open().await;
    assert_eq!(
        store
            .load_policy(&digest("a"), "a = 1", now())
            .await
            .unwrap(),
        1
    );
    assert_eq!(
        store
            .load_policy(&digest("b"), "a = 2", now())
            .await
            .unwrap(),
        2
    );
    assert_eq!(
        store
            .load_policy(&digest("a"), "a = 1", at(5))
            .await
            .unwrap(),
        1
    );
    let first = store.policy(1).await.unwrap().unwrap();
    assert_eq!(
        (first.text.as_str(), first.digest, first.loaded_at),
        ("a = 1", digest("a"), now())
    );
    assert_eq!(store.policy(3).await.unwrap(), None);
}

pub async fn loaders_at_once_get_one_number_a_policy(backend: Backend) {
    let store = backend.open().await;
    let mut tasks = tokio::task::JoinSet::new();
    for round in 0..12 {
        let store = store.clone();
        tasks.spawn(async move {
            let text = format!("policy {}", round % 3);
            (
                round % 3,
                store
                    .load_policy(&digest(&text), &text, now())
                    .await
                    .unwrap(),
            )
        });
    }
    let mut numbers: Vec<(i32, u32)> = tasks.join_all().await;
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 3, "{numbers:?}");
    let mut given: Vec<u32> = numbers.into_iter().map(|(_, number)| number).collect();
    given.sort_unstable();
    assert_eq!(given, [1, 2, 3]);
}

pub async fn diagnoses_are_kept(backend: Backend) {
    let store = backend.open().await;
    let record = |seconds| DiagnosisRecord {
        query: "0xabc".into(),
        actor: None,
        made_at: at(seconds),
        verdict: r#"{"verdict":"not_ours"}"#.into(),
    };
    let id = store.add_diagnosis(record(1)).await.unwrap();
    assert_eq!(store.add_diagnosis(record(1)).await.unwrap(), id);
    store.add_diagnosis(record(2)).await.unwrap();
    assert_eq!(
        store.diagnoses_of("0xabc", 10).await.unwrap(),
        [record(2), record(1)]
    );
    assert!(store.diagnoses_of("0xabd", 10).await.unwrap().is_empty());
}

pub async fn imports_are_kept(backend: Backend) {
    let store = backend.open().await;
    let run = |kind, seconds| ImportRun {
        kind,
        file_name: "book.csv".into(),
        sha256: digest("file"),
        counts: ImportCounts {
            inserted: 3,
            updated: 2,
            unchanged: 1,
            kept: 0,
        },
        rejected: 4,
        actor: Some("ann".into()),
        finished_at: at(seconds),
    };
    let kinds = [
        ImportKind::Addresses,
        ImportKind::Ledger,
        ImportKind::Prices,
        ImportKind::Appeals,
        ImportKind::Deposits,
    ];
    for (seconds, kind) in (1..).zip(kinds) {
        store.record_import(run(kind, seconds)).await.unwrap();
    }
    let newest = store.imports(2).await.unwrap();
    assert_eq!(
        newest,
        [run(ImportKind::Deposits, 5), run(ImportKind::Appeals, 4)]
    );
}
