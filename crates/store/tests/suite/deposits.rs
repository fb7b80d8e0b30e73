use super::{Backend, address, at, block, deposit, ethereum, imported, now, observation, observed};
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::TxId;
use recover_core::deposit::{Classification, Deposit, DepositStatus, Origin, Queue};
use recover_core::kind::Kind;
use recover_core::network::NetworkId;
use recover_core::observation::{DepositId, Position};
use recover_core::verdict::{DeployLeg, DeployLegKind, Missing, Reason, Verdict};
use recover_store::{DepositFilter, DepositOrder, ImportCounts, OriginFilter, Store, StoreError};

async fn stored(store: &Store, id: &DepositId) -> Deposit {
    store
        .deposit(id)
        .await
        .unwrap()
        .expect("it is stored")
        .deposit
}

pub async fn every_shape_comes_back_as_it_went(backend: Backend) {
    let store = backend.open().await;
    let mut bare = observation("0x2", Position::trace(&[0, 1]), 3);
    bare.block = None;
    bare.from = None;
    bare.balance_delta = None;
    bare.memos.clear();
    bare.flags.clear();
    bare.asset = AssetId::contract(ethereum(), "0xdAC17F958D2ee523a2206206994597C13D831ec7");
    let legs = vec![
        DeployLeg {
            kind: DeployLegKind::DeployForwarder,
            signer: "0xfactory".into(),
            detail: "salt \"7\"\nand a line".into(),
        },
        DeployLeg {
            kind: DeployLegKind::Flush,
            signer: "0xparent".into(),
            detail: String::new(),
        },
    ];
    let mut needs_deploy = observed(bare);
    needs_deploy.classification = Classification {
        kind: Kind::WrongChainContract,
        also: vec![Kind::UnlistedToken],
        verdict: Verdict::NeedsDeploy(legs),
        owner: None,
        memo: None,
    };
    needs_deploy.symbol = None;
    needs_deploy.decimals_vouched = false;
    needs_deploy.status = DepositStatus::Unconfirmed;
    let mut refused = deposit("0x3", 4);
    refused.classification.verdict = Verdict::NotRecoverable(Reason::KeyLost);
    let all = [deposit("0x1", 2), needs_deploy, refused];
    store.upsert_observed(all.to_vec(), now()).await.unwrap();
    for deposit in &all {
        assert_eq!(stored(&store, &deposit.id()).await, *deposit);
    }
    let told = imported("D-1", "0x9");
    store
        .import_deposits(vec![told.clone()], now())
        .await
        .unwrap();
    assert_eq!(stored(&store, &told.id()).await, told);
}

pub async fn every_code_of_the_lists_can_be_stored(backend: Backend) {
    let store = backend.open().await;
    let mut all = Vec::new();
    for kind in Kind::ALL {
        let mut one = deposit(&format!("kind-{kind}"), 1);
        one.classification.kind = *kind;
        all.push(one);
    }
    for missing in Missing::ALL {
        let mut one = deposit(&format!("missing-{missing}"), 1);
        one.classification.verdict = Verdict::Conditional(*missing);
        all.push(one);
    }
    for status in DepositStatus::ALL {
        let mut one = deposit(&format!("status-{status}"), 1);
        one.status = *status;
        all.push(one);
    }
    use recover_core::memo::{MemoEvidence, MemoFinding, MemoSign, MemoStanding};
    for standing in MemoStanding::ALL {
        let mut one = deposit(&format!("memo-{standing}"), 1);
        one.classification.memo = Some(MemoFinding {
            standing: *standing,
            owner: None,
            proposed: Some("u\"2\"".into()),
            evidence: MemoSign::ALL
                .iter()
                .map(|sign| MemoEvidence {
                    sign: *sign,
                    place: "memos[0].data".into(),
                    value: "\u{202e}１\0\n".into(),
                    assigned: Some("1".into()),
                    user: None,
                })
                .collect(),
        });
        all.push(one);
    }
    for mechanism in recover_core::observation::Mechanism::ALL {
        for outcome in recover_core::observation::Outcome::ALL {
            let mut seen = observation(&format!("{mechanism}-{outcome}"), Position::value(), 1);
            seen.mechanism = *mechanism;
            seen.outcome = *outcome;
            seen.flags = recover_core::observation::Flag::ALL.to_vec();
            all.push(observed(seen));
        }
    }
    store.upsert_observed(all.clone(), now()).await.unwrap();
    for deposit in &all {
        assert_eq!(stored(&store, &deposit.id()).await, *deposit);
    }
    // A later judgement replaces the finding.
    for deposit in &mut all {
        deposit.classification.memo = None;
    }
    store
        .update_classifications(all.clone(), now())
        .await
        .unwrap();
    for deposit in &all {
        assert_eq!(
            stored(&store, &deposit.id()).await.classification.memo,
            None
        );
    }
}

pub async fn pitfall_001_a_transaction_mined_again_is_one_deposit(backend: Backend) {
    let store = backend.open().await;
    let first = deposit("0x1", 10);
    store
        .upsert_observed(vec![first.clone()], now())
        .await
        .unwrap();
    let mut again = first.clone();
    if let Origin::Observed(seen) = &mut again.origin {
        seen.block = Some(block(12, "b"));
    }
    let report = store
        .upsert_observed(vec![again.clone()], now())
        .await
        .unwrap();
    assert_eq!(report.updated, vec![first.id()]);
    assert_eq!(report.remined, vec![first.id()]);
    let of_transaction = store
        .deposits_of_transaction(Some(&ethereum()), &TxId::new("0x1"))
        .await
        .unwrap();
    assert_eq!(of_transaction.len(), 1);
    assert_eq!(of_transaction[0].deposit, again);
}

pub async fn two_credits_of_one_transaction_are_two_deposits(backend: Backend) {
    let store = backend.open().await;
    let one = observed(observation("0x1", Position::log(0), 10));
    let mut other = observation("0x1", Position::log(1), 10);
    other.to = address(2);
    let other = observed(other);
    let report = store
        .upsert_observed(vec![one, other], now())
        .await
        .unwrap();
    assert_eq!(report.inserted.len(), 2);
    let found = store
        .deposits_of_transaction(None, &TxId::new("0x1"))
        .await
        .unwrap();
    assert_eq!(found.len(), 2);
    let elsewhere = NetworkId::new("bsc");
    assert!(
        store
            .deposits_of_transaction(Some(&elsewhere), &TxId::new("0x1"))
            .await
            .unwrap()
            .is_empty()
    );
}

pub async fn writers_at_once_store_each_deposit_once(backend: Backend) {
    let store = backend.open().await;
    let all: Vec<Deposit> = (0..40)
        .map(|number| deposit(&format!("0x{number}"), number))
        .collect();
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..6usize {
        let (store, mut mine) = (store.clone(), all.clone());
        mine.rotate_left(task * 7);
        tasks.spawn(async move { store.upsert_observed(mine, now()).await.unwrap() });
    }
    tasks.join_all().await;
    let counts = store.count_deposits(None).await.unwrap();
    assert_eq!(counts.iter().map(|count| count.count).sum::<u64>(), 40);
}

pub async fn a_file_read_twice_is_read_once(backend: Backend) {
    let store = backend.open().await;
    let rows = vec![imported("D-1", "0x1"), imported("D-2", "0x2")];
    let first = store.import_deposits(rows.clone(), now()).await.unwrap();
    assert_eq!(first.inserted, 2);
    let again = store.import_deposits(rows, now()).await.unwrap();
    assert_eq!(
        again,
        ImportCounts {
            unchanged: 2,
            ..ImportCounts::default()
        }
    );
    let mut changed = imported("D-1", "0x1");
    if let Origin::Imported(told) = &mut changed.origin {
        told.amount = Amount::from_u128(126);
    }
    let third = store
        .import_deposits(vec![changed.clone()], now())
        .await
        .unwrap();
    assert_eq!(third.updated, 1);
    assert_eq!(stored(&store, &changed.id()).await, changed);
}

pub async fn a_file_cannot_overwrite_what_we_saw(backend: Backend) {
    let store = backend.open().await;
    let seen = deposit("0x1", 1);
    store
        .upsert_observed(vec![seen.clone()], now())
        .await
        .unwrap();
    let forged = imported(seen.id().as_str(), "0x1");
    let counts = store.import_deposits(vec![forged], now()).await.unwrap();
    assert_eq!((counts.kept, counts.updated, counts.inserted), (1, 0, 0));
    assert_eq!(stored(&store, &seen.id()).await, seen);
    assert!(matches!(
        store.import_deposits(vec![seen], now()).await,
        Err(StoreError::Unstorable { .. })
    ));
    assert!(matches!(
        store
            .upsert_observed(vec![imported("D-1", "0x1")], now())
            .await,
        Err(StoreError::Unstorable { .. })
    ));
}

pub async fn a_seen_twin_of_an_imported_deposit_is_found(backend: Backend) {
    let store = backend.open().await;
    let told = imported("D-1", "0x1");
    store
        .import_deposits(vec![told.clone()], now())
        .await
        .unwrap();
    assert!(!store.has_scanned_twin(&told.id()).await.unwrap());
    store
        .upsert_observed(vec![deposit("0x2", 1)], now())
        .await
        .unwrap();
    assert!(!store.has_scanned_twin(&told.id()).await.unwrap());
    // The file writes the address in upper case.
    store
        .upsert_observed(vec![deposit("0x1", 1)], now())
        .await
        .unwrap();
    assert!(store.has_scanned_twin(&told.id()).await.unwrap());
    assert!(
        !store
            .has_scanned_twin(&deposit("0x1", 1).id())
            .await
            .unwrap()
    );
}

pub async fn a_classification_is_written_only_on_the_block_it_was_made_for(backend: Backend) {
    let store = backend.open().await;
    let first = deposit("0x1", 10);
    store
        .upsert_observed(vec![first.clone()], now())
        .await
        .unwrap();
    let mut better = first.clone();
    better.classification.kind = Kind::AlreadyCredited;
    better.classification.verdict = Verdict::NotRecoverable(Reason::AlreadyCredited);
    better.status = DepositStatus::Resolved;
    assert_eq!(
        store
            .update_classifications(vec![better.clone()], at(1_800_000_009))
            .await
            .unwrap(),
        1
    );
    let after = store.deposit(&first.id()).await.unwrap().unwrap();
    assert_eq!(after.deposit, better);
    assert_eq!(
        (after.queue, after.updated_at),
        (Queue::None, at(1_800_000_009))
    );
    let mut mined_again = better.clone();
    if let Origin::Observed(seen) = &mut mined_again.origin {
        seen.block = Some(block(11, "b"));
    }
    store
        .upsert_observed(vec![mined_again.clone()], now())
        .await
        .unwrap();
    assert_eq!(
        store
            .update_classifications(vec![first], now())
            .await
            .unwrap(),
        0
    );
    assert_eq!(stored(&store, &mined_again.id()).await, mined_again);
}

pub async fn unreviewed_tokens_and_uncovered_ledger_stay_out_of_the_queue(backend: Backend) {
    let store = backend.open().await;
    let with = |tx: &str, kind, verdict| {
        let mut one = deposit(tx, 1);
        one.classification.kind = kind;
        one.classification.verdict = verdict;
        one
    };
    let rows = vec![
        with(
            "0x1",
            Kind::UnlistedToken,
            Verdict::Conditional(Missing::TokenReviewMissing),
        ),
        with(
            "0x2",
            Kind::MissedCredit,
            Verdict::Conditional(Missing::LedgerCoverageMissing),
        ),
        with(
            "0x3",
            Kind::OwnMovement,
            Verdict::NotRecoverable(Reason::OwnMovement),
        ),
        deposit("0x4", 1),
    ];
    store.upsert_observed(rows, now()).await.unwrap();
    let queue = |queue| DepositFilter {
        queue: Some(queue),
        ..DepositFilter::default()
    };
    for (wanted, tx) in [
        (Queue::TokenReview, "0x1"),
        (Queue::LedgerCoverage, "0x2"),
        (Queue::None, "0x3"),
        (Queue::Work, "0x4"),
    ] {
        let page = store
            .list_deposits(&queue(wanted), DepositOrder::Newest, None, 9)
            .await
            .unwrap();
        let found: Vec<&str> = page
            .deposits
            .iter()
            .map(|one| one.deposit.tx_id().as_str())
            .collect();
        assert_eq!(found, [tx]);
    }
    let counts = store.count_deposits(Some(&ethereum())).await.unwrap();
    assert_eq!(counts.len(), 4);
    assert!(
        counts
            .iter()
            .all(|count| count.count == 1 && count.network == ethereum())
    );
}

async fn walk(store: &Store, filter: &DepositFilter, order: DepositOrder) -> Vec<String> {
    let mut cursor = None;
    let mut found = Vec::new();
    loop {
        let page = store
            .list_deposits(filter, order, cursor.as_ref(), 3)
            .await
            .unwrap();
        assert!(page.deposits.len() <= 3);
        found.extend(
            page.deposits
                .iter()
                .map(|one| one.deposit.tx_id().as_str().to_owned()),
        );
        cursor = page.next;
        if cursor.is_none() {
            return found;
        }
    }
}

pub async fn lists_page_through_every_order_with_unknowns_last(backend: Backend) {
    let store = backend.open().await;
    let mut rows = Vec::new();
    for number in 0..10u64 {
        let mut one = deposit(&format!("tx{number}"), number / 2);
        if number % 5 == 0
            && let Origin::Observed(seen) = &mut one.origin
        {
            seen.block = None;
        }
        rows.push(one);
    }
    store.upsert_observed(rows.clone(), now()).await.unwrap();
    let values: Vec<_> = rows
        .iter()
        .enumerate()
        .filter(|(number, _)| number % 3 != 0)
        .map(|(number, one)| {
            (
                one.id(),
                Some(((number as i64 % 4) * 100, "price_1".to_owned())),
            )
        })
        .collect();
    store.update_values(values).await.unwrap();
    for order in [
        DepositOrder::Newest,
        DepositOrder::MostValuable,
        DepositOrder::Id,
    ] {
        let found = walk(&store, &DepositFilter::default(), order).await;
        let mut expected: Vec<usize> = (0..10).collect();
        let id = |number: &usize| rows[*number].id();
        match order {
            DepositOrder::Newest => expected.sort_by_key(|number| {
                let time = rows[*number].block_time().map(|time| time.as_micros());
                (time.is_none(), std::cmp::Reverse(time), id(number))
            }),
            DepositOrder::MostValuable => expected.sort_by_key(|number| {
                let value = (number % 3 != 0).then_some(number % 4);
                (value.is_none(), std::cmp::Reverse(value), id(number))
            }),
            DepositOrder::Id => expected.sort_by_key(id),
        }
        let expected: Vec<String> = expected
            .iter()
            .map(|number| format!("tx{number}"))
            .collect();
        assert_eq!(found, expected, "{order:?}");
    }
    let rich = DepositFilter {
        value_cents_min: Some(200),
        ..DepositFilter::default()
    };
    assert_eq!(
        walk(&store, &rich, DepositOrder::MostValuable).await,
        ["tx7", "tx2"]
    );
    // Another amount has another value: the old one is not shown.
    let mut changed = rows[1].clone();
    if let Origin::Observed(seen) = &mut changed.origin {
        seen.amount = Amount::from_u128(7);
    }
    store
        .upsert_observed(vec![changed.clone()], now())
        .await
        .unwrap();
    assert_eq!(
        store.deposit(&changed.id()).await.unwrap().unwrap().value,
        None
    );
}

pub async fn filters_narrow(backend: Backend) {
    let store = backend.open().await;
    let mut elsewhere = deposit("0x2", 5);
    if let Origin::Observed(seen) = &mut elsewhere.origin {
        seen.network = NetworkId::new("bsc");
        seen.to = address(2);
    }
    elsewhere.classification.owner = Some("u2".into());
    elsewhere.classification.kind = Kind::HotWallet;
    elsewhere.status = DepositStatus::Unconfirmed;
    store
        .upsert_observed(vec![deposit("0x1", 4), elsewhere], now())
        .await
        .unwrap();
    store
        .import_deposits(vec![imported("D-1", "0x3")], now())
        .await
        .unwrap();
    let all = DepositFilter::default;
    let cases: Vec<(DepositFilter, &[&str])> = vec![
        (
            DepositFilter {
                network: Some(NetworkId::new("bsc")),
                ..all()
            },
            &["0x2"],
        ),
        (
            DepositFilter {
                kind: Some(Kind::MissedCredit),
                ..all()
            },
            &["0x1"],
        ),
        (
            DepositFilter {
                statuses: vec![DepositStatus::Unconfirmed],
                ..all()
            },
            &["0x2"],
        ),
        (
            DepositFilter {
                statuses: vec![DepositStatus::Open, DepositStatus::Unconfirmed],
                ..all()
            },
            &["0x2", "0x1", "0x3"],
        ),
        (
            DepositFilter {
                verdict: Some("conditional".into()),
                ..all()
            },
            &["0x3"],
        ),
        (
            DepositFilter {
                verdict_detail: Some("own_account".into()),
                ..all()
            },
            &["0x2", "0x1"],
        ),
        (
            DepositFilter {
                owner: Some("u2".into()),
                ..all()
            },
            &["0x2"],
        ),
        (
            DepositFilter {
                to: Some(super::address_text(1)),
                ..all()
            },
            &["0x1"],
        ),
        (
            DepositFilter {
                asset: Some(AssetId::native(ethereum())),
                ..all()
            },
            &["0x2", "0x1"],
        ),
        (
            DepositFilter {
                origin: Some(OriginFilter::Imported),
                ..all()
            },
            &["0x3"],
        ),
        (
            DepositFilter {
                origin: Some(OriginFilter::Observed),
                ..all()
            },
            &["0x2", "0x1"],
        ),
        (
            DepositFilter {
                block_time_min: Some(block(5, "a").time),
                ..all()
            },
            &["0x2"],
        ),
    ];
    for (filter, expected) in cases {
        assert_eq!(
            walk(&store, &filter, DepositOrder::Newest).await,
            expected,
            "{filter:?}"
        );
    }
    let ids = [
        deposit("0x1", 4).id(),
        DepositId::verbatim("D-1"),
        DepositId::verbatim("nobody"),
    ];
    assert_eq!(store.deposits_by_ids(&ids).await.unwrap().len(), 2);
}

pub async fn a_text_with_nul_is_refused_on_both(backend: Backend) {
    let store = backend.open().await;
    let mut odd = deposit("0x1", 1);
    odd.symbol = Some("A\0B".into());
    let error = store.upsert_observed(vec![odd], now()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "a text cannot be stored: it holds a NUL character: remove it from the file"
    );
}
