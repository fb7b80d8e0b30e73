use super::{Backend, at, ethereum, now};
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::TxId;
use recover_core::ledger::{AccountStanding, LedgerEntry, LedgerEntryKind};
use recover_core::network::NetworkId;
use recover_core::observation::Position;
use recover_store::{ImportCounts, LedgerPeriod};

fn entry(id: &str, kind: LedgerEntryKind, seconds: u64) -> LedgerEntry {
    LedgerEntry {
        id: id.into(),
        kind,
        user_id: Some("u1".into()),
        network: ethereum(),
        tx_id: TxId::new("0x1"),
        position: Some(Position::log(3)),
        address: Some("0xdead".into()),
        asset: Some(AssetId::native(ethereum())),
        amount: Some(Amount::MAX),
        booked_at: at(seconds),
    }
}

pub async fn rows_come_back_and_are_updated_by_id(backend: Backend) {
    let store = backend.open().await;
    let bare = LedgerEntry {
        user_id: None,
        position: None,
        address: None,
        asset: None,
        amount: None,
        ..entry("L2", LedgerEntryKind::SettledCase, 60)
    };
    let rows = vec![entry("L1", LedgerEntryKind::CreditedDeposit, 50), bare];
    store.import_ledger(rows.clone(), now()).await.unwrap();
    let again = store.import_ledger(rows.clone(), now()).await.unwrap();
    assert_eq!(
        again,
        ImportCounts {
            unchanged: 2,
            ..ImportCounts::default()
        }
    );
    let found = store
        .ledger_of_transactions(&ethereum(), &[TxId::new("0x1"), TxId::new("0x2")])
        .await
        .unwrap();
    assert_eq!(found, rows);
    let moved = LedgerEntry {
        tx_id: TxId::new("0x2"),
        ..entry("L1", LedgerEntryKind::CreditedDeposit, 50)
    };
    let counts = store
        .import_ledger(vec![moved.clone()], now())
        .await
        .unwrap();
    assert_eq!(counts.updated, 1);
    let found = store
        .ledger_of_transactions(&ethereum(), &[TxId::new("0x2")])
        .await
        .unwrap();
    assert_eq!(found, vec![moved]);
    let elsewhere = NetworkId::new("bsc");
    assert!(
        store
            .ledger_of_transactions(&elsewhere, &[TxId::new("0x1")])
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(store.count_ledger().await.unwrap().len(), 2);
}

pub async fn own_withdrawals_are_found_by_where_they_went(backend: Backend) {
    let store = backend.open().await;
    let withdrawal = |id: &str, seconds| entry(id, LedgerEntryKind::OwnWithdrawal, seconds);
    let unknown_asset = LedgerEntry {
        asset: None,
        ..withdrawal("W3", 30)
    };
    let other_asset = LedgerEntry {
        asset: Some(AssetId::contract(ethereum(), "0xtoken")),
        ..withdrawal("W4", 35)
    };
    let rows = vec![
        withdrawal("W1", 10),
        withdrawal("W2", 20),
        unknown_asset,
        other_asset,
        entry("L1", LedgerEntryKind::CreditedDeposit, 15),
    ];
    store.import_ledger(rows, now()).await.unwrap();
    let native = AssetId::native(ethereum());
    let found = store
        .withdrawals_to(&ethereum(), "0xdead", Some(&native), at(35), 10)
        .await
        .unwrap();
    let ids: Vec<&str> = found.iter().map(|row| row.id.as_str()).collect();
    assert_eq!(ids, ["W3", "W2", "W1"]);
    let found = store
        .withdrawals_to(&ethereum(), "0xdead", None, at(20), 10)
        .await
        .unwrap();
    assert_eq!(found.len(), 1, "the instant itself is not before");
}

pub async fn coverage_periods_join_and_outside_is_unknown(backend: Backend) {
    let store = backend.open().await;
    let period = |from, to| LedgerPeriod {
        network: ethereum(),
        from: at(from),
        to: at(to),
    };
    for (from, to) in [(10, 20), (40, 50), (15, 30)] {
        store.add_ledger_period(period(from, to)).await.unwrap();
    }
    let periods = store.ledger_periods(Some(&ethereum())).await.unwrap();
    assert_eq!(periods, vec![period(10, 30), period(40, 50)]);
    for (second, covered) in [(9, false), (10, true), (30, true), (31, false), (50, true)] {
        assert_eq!(
            store
                .is_ledger_covered(&ethereum(), at(second))
                .await
                .unwrap(),
            covered,
            "{second}"
        );
    }
    assert!(
        !store
            .is_ledger_covered(&NetworkId::new("bsc"), at(15))
            .await
            .unwrap()
    );
    store.add_ledger_period(period(30, 45)).await.unwrap();
    assert_eq!(
        store.ledger_periods(None).await.unwrap(),
        vec![period(10, 50)]
    );
    store.add_ledger_period(period(60, 55)).await.unwrap_err();
}

pub async fn accounts_are_unknown_until_told(backend: Backend) {
    let store = backend.open().await;
    assert_eq!(
        store.account_standing("u1").await.unwrap(),
        AccountStanding::Unknown
    );
    let told = vec![
        ("u1".to_owned(), AccountStanding::Closed),
        ("u2".to_owned(), AccountStanding::Active),
    ];
    store.import_accounts(told, now()).await.unwrap();
    assert_eq!(
        store.account_standing("u1").await.unwrap(),
        AccountStanding::Closed
    );
    store
        .import_accounts(vec![("u1".to_owned(), AccountStanding::Active)], now())
        .await
        .unwrap();
    assert_eq!(
        store.account_standing("u1").await.unwrap(),
        AccountStanding::Active
    );
}
