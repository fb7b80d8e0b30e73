use super::{Backend, at, ethereum, now, observation, observed};
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::{Height, TxId};
use recover_core::ledger::{AccountStanding, CreditKey, LedgerEntry, LedgerEntryKind};
use recover_core::network::NetworkId;
use recover_core::observation::{Mechanism, Observation, Position};
use recover_core::time::Timestamp;
use recover_store::{ImportCounts, LedgerPeriod, OrdinaryCredits};

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

pub async fn bookings_that_no_deposit_explains_are_found_by_amount_and_time(backend: Backend) {
    let store = backend.open().await;
    let credit = observation("0xseen", Position::value(), 40);
    let carried = Observation {
        tx_id: TxId::new("0xcarried"),
        mechanism: Mechanism::Carrier,
        ..credit.clone()
    };
    let deposits = vec![observed(credit.clone()), observed(carried)];
    store.upsert_observed(deposits, now()).await.unwrap();
    let row = |id: &str, tx: &str, amount: Option<u128>, seconds| LedgerEntry {
        id: id.into(),
        tx_id: TxId::new(tx),
        asset: None,
        amount: amount.map(Amount::from_u128),
        ..entry(id, LedgerEntryKind::CreditedDeposit, seconds)
    };
    let with_asset = |asset: AssetId, row: LedgerEntry| LedgerEntry {
        asset: Some(asset),
        ..row
    };
    let token = AssetId::contract(ethereum(), "0xother");
    let rows = vec![
        row("A", "0xother", Some(7), 10_000),
        row("B", "0xother", None, 13_600),
        row("C", "0xother", Some(8), 10_000),
        row("D", "0xother", Some(7), 13_601),
        row("E", "0xother", Some(7), 6_399),
        row("F", "0xseen", Some(7), 10_000),
        with_asset(token, row("G", "0xseen", Some(7), 10_000)),
        row("H", "0xcarried", Some(7), 10_000),
        with_asset(credit.asset.clone(), row("I", "0xcarried", Some(7), 10_000)),
        LedgerEntry {
            kind: LedgerEntryKind::OwnWithdrawal,
            ..row("J", "0xother", Some(7), 10_000)
        },
        LedgerEntry {
            kind: LedgerEntryKind::SettledCase,
            ..row("K", "0xother", Some(9), 20_000)
        },
        LedgerEntry {
            network: NetworkId::new("bsc"),
            ..row("L", "0xother", Some(7), 10_000)
        },
        row("M", "0xother", Some(400), 10_000),
    ];
    store.import_ledger(rows, now()).await.unwrap();
    let key = |amounts: [u128; 2]| CreditKey {
        amounts: amounts.map(Amount::from_u128),
        ..CreditKey::of(&credit, None)
    };
    let found = async |asked: &[(CreditKey, Timestamp)]| -> Vec<String> {
        let rows = store.unexplained_bookings(&ethereum(), asked).await;
        rows.unwrap().into_iter().map(|row| row.id).collect()
    };
    assert_eq!(
        found(&[(key([7, 7]), at(10_000))]).await,
        ["A", "B", "G", "H"]
    );
    let both = [(key([7, 7]), at(10_000)), (key([10, 9]), at(20_000))];
    assert_eq!(found(&both).await, ["A", "B", "G", "H", "K"]);
    assert!(found(&[]).await.is_empty());
    // More than one statement takes, those side by side asked as one.
    let many: Vec<(CreditKey, Timestamp)> = (0..400)
        .map(|place| (key([u128::from(place) + 7; 2]), at(10_000 + place)))
        .collect();
    assert_eq!(found(&many).await, ["A", "B", "C", "G", "H", "M"]);

    // A deposit that vanished explains nothing any more.
    let above = Height(39);
    store.rewind(&ethereum(), above, now()).await.unwrap();
    let gone = store
        .mark_unseen_gone(&ethereum(), &[credit.id()], 1, now())
        .await;
    assert_eq!(gone.unwrap(), [credit.id()]);
    assert_eq!(
        found(&[(key([7, 7]), at(10_000))]).await,
        ["A", "B", "F", "G", "H"]
    );
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

pub async fn the_ordinary_credits_since_an_instant_are_found(backend: Backend) {
    let store = backend.open().await;
    let native = AssetId::native(ethereum());
    let credited = |id: &str, seconds, amount: u128| LedgerEntry {
        user_id: Some("u1".to_owned()),
        address: Some("0xme".to_owned()),
        asset: Some(native.clone()),
        amount: Some(Amount::from_u128(amount)),
        ..entry(id, LedgerEntryKind::CreditedDeposit, seconds)
    };
    let rows = vec![
        credited("early", 9, 500),
        credited("small", 20, 99),
        LedgerEntry {
            user_id: Some("u2".to_owned()),
            ..credited("theirs", 21, 200)
        },
        LedgerEntry {
            user_id: None,
            ..credited("whose", 21, 200)
        },
        LedgerEntry {
            address: Some("0xelsewhere".to_owned()),
            ..credited("elsewhere", 21, 200)
        },
        LedgerEntry {
            asset: Some(AssetId::contract(ethereum(), "0xtoken")),
            ..credited("token", 21, 200)
        },
        LedgerEntry {
            amount: None,
            ..credited("amount", 21, 200)
        },
        LedgerEntry {
            kind: LedgerEntryKind::SettledCase,
            ..credited("case", 21, 200)
        },
        credited("later", 40, 1_000),
        LedgerEntry {
            address: None,
            ..credited("unnamed", 30, 100)
        },
    ];
    store.import_ledger(rows, now()).await.unwrap();
    let found = async |minimum, since, or_nobody| {
        let asked = OrdinaryCredits {
            user_id: "u1",
            or_nobody,
            asset: &native,
            address: "0xme",
            minimum: Amount::from_u128(minimum),
            since: at(since),
        };
        store
            .ordinary_credits(&asked, 2)
            .await
            .unwrap()
            .into_iter()
            .map(|row| row.id)
            .collect::<Vec<_>>()
    };
    assert_eq!(found(100, 10, true).await, ["whose", "later"]);
    assert_eq!(found(100, 10, false).await, ["later"]);
    assert_eq!(
        found(201, 10, true).await,
        ["later"],
        "as numbers, not as text"
    );
    assert_eq!(
        found(100, 9, false).await,
        ["early", "later"],
        "from the instant itself on"
    );
    assert_eq!(
        found(100, 9, true).await,
        ["early", "whose"],
        "the first of them"
    );
    assert_eq!(found(1_001, 10, true).await, [""; 0]);
    assert_eq!(found(100, 41, true).await, [""; 0]);
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
    let counts = store.import_accounts(told, now()).await.unwrap();
    assert_eq!(counts.inserted, 2);
    assert_eq!(
        store.account_standing("u1").await.unwrap(),
        AccountStanding::Closed
    );
    let told = vec![
        ("u1".to_owned(), AccountStanding::Active),
        ("u2".to_owned(), AccountStanding::Active),
    ];
    let counts = store.import_accounts(told, now()).await.unwrap();
    assert_eq!((counts.updated, counts.unchanged), (1, 1));
    assert_eq!(
        store.account_standing("u1").await.unwrap(),
        AccountStanding::Active
    );
}
