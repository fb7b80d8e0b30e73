use super::{Backend, block, deposit, ethereum, hash, now, range};
use recover_core::block::{BlockHash, Height};
use recover_core::deposit::{DepositStatus, Origin};
use recover_store::{BlockSeen, CoverageGap, ScanCommit, ScanCommitted, Store, Stream};

fn logs() -> Stream {
    Stream::part("transfer_logs")
}

fn internal() -> Stream {
    Stream::part("internal")
}

fn commit(from: u64, to: u64) -> ScanCommit {
    ScanCommit {
        network: ethereum(),
        range: range(from, to),
        end_hash: Some(block(to, "a").hash),
        epoch: 1,
        generation: 0,
        streams: vec![logs()],
        gaps: vec![],
        deposits: vec![],
        headers: vec![],
        resume_token: None,
    }
}

async fn stored(store: &Store, commit: ScanCommit) {
    assert!(matches!(
        store.commit_scan(commit, now()).await.unwrap(),
        ScanCommitted::Stored(_)
    ));
}

async fn ranges(store: &Store, epoch: u64) -> Vec<String> {
    store
        .covered_heights(&ethereum(), &logs(), epoch)
        .await
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect()
}

pub async fn coverage_joins_and_never_loses_a_block(backend: Backend) {
    let store = backend.open().await;
    for (from, to) in [(10, 19), (30, 39), (20, 29), (5, 12)] {
        stored(&store, commit(from, to)).await;
    }
    let covered = store.coverage(&ethereum()).await.unwrap();
    assert_eq!(covered.len(), 1);
    assert_eq!(covered[0].range, range(5, 39));
    assert_eq!(covered[0].end_hash, Some(block(39, "a").hash));
    stored(&store, commit(100, 100)).await;
    assert_eq!(ranges(&store, 1).await, ["5..39", "100"]);
}

pub async fn coverage_of_a_later_epoch_covers_the_earlier_ones(backend: Backend) {
    let store = backend.open().await;
    stored(&store, commit(0, 99)).await;
    stored(
        &store,
        ScanCommit {
            epoch: 2,
            ..commit(40, 59)
        },
    )
    .await;
    assert_eq!(ranges(&store, 1).await, ["0..99"]);
    assert_eq!(ranges(&store, 2).await, ["40..59"]);
    assert!(ranges(&store, 3).await.is_empty());
    // Once the later epoch has read everything, the earlier rows are not kept.
    stored(
        &store,
        ScanCommit {
            epoch: 2,
            ..commit(0, 120)
        },
    )
    .await;
    assert_eq!(store.coverage(&ethereum()).await.unwrap().len(), 1);
    assert_eq!(ranges(&store, 1).await, ["0..120"]);
}

pub async fn a_gap_is_named_and_closed_when_it_is_read(backend: Backend) {
    let store = backend.open().await;
    let gap = |stream: Stream, from, to| CoverageGap {
        stream,
        range: range(from, to),
        reason: "the node keeps no traces: use an archive node".into(),
    };
    stored(
        &store,
        ScanCommit {
            gaps: vec![gap(logs(), 15, 16), gap(internal(), 10, 19)],
            ..commit(10, 19)
        },
    )
    .await;
    assert_eq!(ranges(&store, 1).await, ["10..14", "17..19"]);
    // The next range has the same gap: one gap for a person to read.
    stored(
        &store,
        ScanCommit {
            gaps: vec![gap(internal(), 20, 29)],
            ..commit(20, 29)
        },
    )
    .await;
    let gaps = store.gaps(&ethereum()).await.unwrap();
    assert_eq!(gaps, vec![gap(internal(), 10, 29), gap(logs(), 15, 16)]);
    stored(&store, commit(15, 15)).await;
    assert_eq!(ranges(&store, 1).await, ["10..15", "17..29"]);
    let gaps = store.gaps(&ethereum()).await.unwrap();
    assert_eq!(gaps, vec![gap(internal(), 10, 29), gap(logs(), 16, 16)]);
    stored(&store, commit(10, 29)).await;
    assert_eq!(
        store.gaps(&ethereum()).await.unwrap(),
        vec![gap(internal(), 10, 29)]
    );
}

pub async fn a_range_that_ends_before_a_gap_knows_its_last_hash_from_the_headers(backend: Backend) {
    let store = backend.open().await;
    let header = |height| BlockSeen {
        block: block(height, "a"),
        parent: block(height - 1, "a").hash,
    };
    let gap = CoverageGap {
        stream: logs(),
        range: range(8, 9),
        reason: "pruned".into(),
    };
    stored(
        &store,
        ScanCommit {
            gaps: vec![gap],
            headers: (5..=9).map(header).collect(),
            ..commit(5, 9)
        },
    )
    .await;
    let covered = store.coverage(&ethereum()).await.unwrap();
    assert_eq!(
        (covered[0].range, covered[0].end_hash.clone()),
        (range(5, 7), Some(block(7, "a").hash))
    );
}

pub async fn pitfall_006_a_scan_step_is_stored_whole_or_not_at_all(backend: Backend) {
    let store = backend.open().await;
    // The database refuses the gap without a reason, when deposits and coverage are written already.
    let step = ScanCommit {
        deposits: vec![deposit("0x1", 11)],
        gaps: vec![CoverageGap {
            stream: internal(),
            range: range(10, 19),
            reason: String::new(),
        }],
        ..commit(10, 19)
    };
    store.commit_scan(step, now()).await.unwrap_err();
    assert!(ranges(&store, 1).await.is_empty());
    assert_eq!(store.deposit(&deposit("0x1", 11).id()).await.unwrap(), None);
    // After the "crash" the same range is read again and stored once.
    let step = ScanCommit {
        deposits: vec![deposit("0x1", 11)],
        ..commit(10, 19)
    };
    stored(&store, step).await;
    assert_eq!(ranges(&store, 1).await, ["10..19"]);
    assert!(
        store
            .deposit(&deposit("0x1", 11).id())
            .await
            .unwrap()
            .is_some()
    );
}

pub async fn pitfall_007_the_same_step_twice_changes_nothing(backend: Backend) {
    let store = backend.open().await;
    let step = ScanCommit {
        deposits: vec![deposit("0x1", 11), deposit("0x2", 12)],
        headers: vec![BlockSeen {
            block: block(19, "a"),
            parent: block(18, "a").hash,
        }],
        ..commit(10, 19)
    };
    let ScanCommitted::Stored(first) = store.commit_scan(step.clone(), now()).await.unwrap() else {
        panic!("nothing was rewound")
    };
    assert_eq!((first.inserted.len(), first.unchanged), (2, 0));
    let before = store.deposit(&deposit("0x1", 11).id()).await.unwrap();
    let ScanCommitted::Stored(again) = store
        .commit_scan(step, super::at(1_800_000_500))
        .await
        .unwrap()
    else {
        panic!("nothing was rewound")
    };
    assert_eq!(
        (again.inserted.len(), again.updated.len(), again.unchanged),
        (0, 0, 2)
    );
    assert_eq!(
        store.deposit(&deposit("0x1", 11).id()).await.unwrap(),
        before
    );
    assert_eq!(store.coverage(&ethereum()).await.unwrap().len(), 1);
}

pub async fn pitfall_008_a_step_read_before_a_rewind_is_not_stored_after_it(backend: Backend) {
    let store = backend.open().await;
    stored(&store, commit(0, 9)).await;
    let generation = store.scan_generation(&ethereum()).await.unwrap();
    // A reader holds blocks 10 to 19 of the old branch while the chain is rewound to 7.
    store.rewind(&ethereum(), Height(7), now()).await.unwrap();
    let late = ScanCommit {
        generation,
        deposits: vec![deposit("0x1", 15)],
        ..commit(10, 19)
    };
    assert_eq!(
        store.commit_scan(late, now()).await.unwrap(),
        ScanCommitted::Rewound
    );
    assert_eq!(ranges(&store, 1).await, ["0..7"]);
    assert_eq!(store.deposit(&deposit("0x1", 15).id()).await.unwrap(), None);
    let generation = store.scan_generation(&ethereum()).await.unwrap();
    stored(
        &store,
        ScanCommit {
            generation,
            ..commit(8, 19)
        },
    )
    .await;
    assert_eq!(ranges(&store, 1).await, ["0..19"]);
}

pub async fn pitfall_008_rewinds_and_steps_at_once_leave_no_block_of_the_old_branch(
    backend: Backend,
) {
    let store = backend.open().await;
    let mut tasks = tokio::task::JoinSet::new();
    for round in 0..12u64 {
        let store = store.clone();
        tasks.spawn(async move {
            let generation = store.scan_generation(&ethereum()).await.unwrap();
            if round % 3 == 0 {
                store.rewind(&ethereum(), Height(4), now()).await.unwrap();
                return 0;
            }
            let step = ScanCommit {
                generation,
                ..commit(0, 20 + round)
            };
            match store.commit_scan(step, now()).await.unwrap() {
                ScanCommitted::Stored(_) => 1,
                ScanCommitted::Rewound => 0,
            }
        });
    }
    tasks.join_all().await;
    assert_eq!(store.scan_generation(&ethereum()).await.unwrap(), 4);
    // Whatever the order, the stored steps and rewinds give one joined range from 0.
    let covered = store.coverage(&ethereum()).await.unwrap();
    assert!(covered.len() <= 1, "{covered:?}");
    assert!(
        covered
            .iter()
            .all(|covered| covered.range.from() == Height(0))
    );
}

pub async fn pitfall_009_coverage_survives_a_new_watch_set(backend: Backend) {
    let store = backend.open().await;
    stored(&store, commit(0, 99)).await;
    store
        .import_addresses(
            vec![super::record(1, recover_core::book::AddressRole::Deposit)],
            now(),
        )
        .await
        .unwrap();
    let epoch = store.seal_watch_epoch(now()).await.unwrap();
    // The new epoch has everything to read; what was read for the first is not forgotten.
    stored(
        &store,
        ScanCommit {
            epoch: epoch + 1,
            ..commit(90, 99)
        },
    )
    .await;
    assert_eq!(ranges(&store, epoch).await, ["0..99"]);
    assert_eq!(ranges(&store, epoch + 1).await, ["90..99"]);
}

pub async fn pitfall_011_a_rewind_puts_deposits_in_doubt_and_keeps_their_rows(backend: Backend) {
    let store = backend.open().await;
    let header = |height, branch: &str| BlockSeen {
        block: block(height, branch),
        parent: block(height - 1, branch).hash,
    };
    stored(
        &store,
        ScanCommit {
            deposits: vec![deposit("0x1", 11), deposit("0x2", 15), deposit("0x3", 16)],
            headers: (10..=19).map(|height| header(height, "a")).collect(),
            ..commit(10, 19)
        },
    )
    .await;
    let rewind = store.rewind(&ethereum(), Height(12), now()).await.unwrap();
    let (second, third) = (deposit("0x2", 15).id(), deposit("0x3", 16).id());
    let mut expected = vec![second.clone(), third.clone()];
    expected.sort();
    assert_eq!(rewind.suspects, expected);
    let covered = store.coverage(&ethereum()).await.unwrap();
    assert_eq!(
        (covered[0].range, covered[0].end_hash.clone()),
        (range(10, 12), Some(block(12, "a").hash))
    );
    assert_eq!(
        store.block_seen(&ethereum(), Height(13)).await.unwrap(),
        None
    );
    let doubtful = store.deposit(&second).await.unwrap().unwrap();
    assert_eq!(doubtful.deposit.status, DepositStatus::Unconfirmed);
    assert_eq!(doubtful.suspect_at, Some(now()));

    // The new branch has 0x2 two blocks higher, and 0x3 nowhere.
    let mut mined_again = deposit("0x2", 17);
    if let Origin::Observed(seen) = &mut mined_again.origin {
        seen.block = Some(block(17, "b"));
    }
    let step = ScanCommit {
        generation: 1,
        end_hash: Some(block(19, "b").hash),
        deposits: vec![mined_again],
        headers: (13..=19).map(|height| header(height, "b")).collect(),
        ..commit(13, 19)
    };
    let ScanCommitted::Stored(report) = store.commit_scan(step, now()).await.unwrap() else {
        panic!("the generation is the newest")
    };
    assert_eq!(report.remined, vec![second.clone()]);
    let gone = store
        .mark_unseen_gone(&ethereum(), &[second.clone(), third.clone()], 0, now())
        .await
        .unwrap();
    assert_eq!(
        gone,
        vec![],
        "what was read before the rewind proves nothing"
    );
    let gone = store
        .mark_unseen_gone(&ethereum(), &[second.clone(), third.clone()], 1, now())
        .await
        .unwrap();
    assert_eq!(gone, vec![third.clone()], "the second was seen again");
    assert_eq!(
        store.deposit(&third).await.unwrap().unwrap().deposit.status,
        DepositStatus::Gone
    );
    let back = store.deposit(&second).await.unwrap().unwrap();
    assert_eq!(back.deposit.block_height(), Some(Height(17)));
    assert_eq!(back.deposit.status, DepositStatus::Open);
    assert_eq!(back.suspect_at, None);
    assert!(
        store
            .suspect_deposits(&ethereum())
            .await
            .unwrap()
            .is_empty()
    );
    // Seen once more in a later reorganisation, it comes back.
    store
        .upsert_observed(vec![deposit("0x3", 21)], now())
        .await
        .unwrap();
    assert_eq!(
        store.deposit(&third).await.unwrap().unwrap().deposit.status,
        DepositStatus::Open
    );
}

pub async fn headers_are_kept_until_they_are_final(backend: Backend) {
    let store = backend.open().await;
    let header = |height: u64| BlockSeen {
        block: block(height, "a"),
        parent: hash("parent"),
    };
    stored(
        &store,
        ScanCommit {
            headers: (1..=9).map(header).collect(),
            ..commit(1, 9)
        },
    )
    .await;
    assert_eq!(store.prune_blocks(&ethereum(), Height(7)).await.unwrap(), 6);
    let heights: Vec<u64> = store
        .blocks_seen(&ethereum(), 10)
        .await
        .unwrap()
        .iter()
        .map(|seen| seen.block.height.0)
        .collect();
    assert_eq!(heights, [9, 8, 7]);
    let seen = store
        .block_seen(&ethereum(), Height(8))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(seen, header(8));
    assert_ne!(seen.parent, BlockHash::new("other"));
}

pub async fn an_account_read_again_ends_the_gaps_of_its_parts(backend: Backend) {
    let store = backend.open().await;
    let (account, other) = (Stream::account("rA"), Stream::account("rAB"));
    let part = Stream::account_part("rA", "internal");
    let gap = |stream: &Stream, from, to| CoverageGap {
        stream: stream.clone(),
        range: range(from, to),
        reason: "not seen".to_owned(),
    };
    let read = |stream: &Stream, from, to, gaps| ScanCommit {
        epoch: 0,
        end_hash: None,
        streams: vec![stream.clone()],
        gaps,
        ..commit(from, to)
    };
    let others = Stream::account_part("rAB", "internal");
    stored(&store, read(&account, 0, 9, vec![gap(&part, 0, 9)])).await;
    stored(&store, read(&other, 0, 9, vec![gap(&others, 0, 9)])).await;
    // The account itself counts as read, whatever part of it nobody sees.
    let covered = store.covered_heights(&ethereum(), &account, 0).await;
    assert_eq!(covered.unwrap(), vec![range(0, 9)]);
    stored(&store, read(&account, 0, 4, vec![])).await;
    stored(&store, read(&account, 5, 6, vec![gap(&part, 5, 6)])).await;
    assert_eq!(
        store.gaps(&ethereum()).await.unwrap(),
        vec![gap(&part, 5, 9), gap(&others, 0, 9)]
    );
    let covered = store.coverage(&ethereum()).await.unwrap();
    assert_eq!(covered.len(), 2);
    assert!(covered.iter().all(|covered| covered.end_hash.is_none()));
}
