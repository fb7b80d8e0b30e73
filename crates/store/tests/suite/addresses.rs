use super::{Backend, address_text, at, ethereum, now, payload, record};
use recover_core::book::{AddressRecord, AddressRole, ControlRecord};
use recover_core::network::Family;
use recover_store::{AddressFilter, ImportCounts};

fn every_shape() -> Vec<AddressRecord> {
    let create2 = ControlRecord::Create2 {
        factory: [1; 20],
        salt: [2; 32],
        init_code_hash: [3; 32],
    };
    vec![
        record(1, AddressRole::Deposit),
        AddressRecord {
            user_id: None,
            network: Some(ethereum()),
            created: None,
            retired: Some(at(1_760_000_000)),
            control: create2,
            ..record(2, AddressRole::Retired)
        },
        AddressRecord {
            family: Family::Xrpl,
            payload: None,
            value: "104729".into(),
            control: ControlRecord::Unknown,
            ..record(3, AddressRole::AssignedMemo)
        },
        record(4, AddressRole::PastSender),
    ]
}

pub async fn every_shape_comes_back_as_it_went(backend: Backend) {
    let store = backend.open().await;
    store.import_addresses(every_shape(), now()).await.unwrap();
    let page = store
        .list_addresses(&AddressFilter::default(), None, 10)
        .await
        .unwrap();
    let mut expected = every_shape();
    expected.sort_by(|one, other| one.value.cmp(&other.value));
    assert_eq!(page.records, expected);
    assert_eq!(page.next, None);
}

pub async fn importing_twice_is_importing_once(backend: Backend) {
    let store = backend.open().await;
    let first = store.import_addresses(every_shape(), now()).await.unwrap();
    assert_eq!((first.inserted, first.updated, first.unchanged), (4, 0, 0));
    let again = store
        .import_addresses(every_shape(), at(1_800_000_100))
        .await
        .unwrap();
    assert_eq!(
        again,
        ImportCounts {
            unchanged: 4,
            ..ImportCounts::default()
        }
    );
    assert_eq!(store.watch_epochs(Family::Evm).await.unwrap().len(), 1);
    let mut changed = record(1, AddressRole::Deposit);
    changed.control = ControlRecord::KeyLost;
    let third = store
        .import_addresses(vec![changed.clone()], now())
        .await
        .unwrap();
    assert_eq!((third.inserted, third.updated), (0, 1));
    assert_eq!(
        store.records_of(&[payload(1)]).await.unwrap(),
        vec![changed]
    );
}

pub async fn equal_rows_in_one_batch_are_one_row(backend: Backend) {
    let store = backend.open().await;
    let mut last = record(1, AddressRole::Deposit);
    last.control = ControlRecord::KeyLost;
    let counts = store
        .import_addresses(vec![record(1, AddressRole::Deposit), last.clone()], now())
        .await
        .unwrap();
    assert_eq!(counts.inserted, 1);
    assert_eq!(store.records_of(&[payload(1)]).await.unwrap(), vec![last]);
}

pub async fn late_addresses_open_an_epoch_and_older_ones_reach_further_back(backend: Backend) {
    let store = backend.open().await;
    assert_eq!(store.seal_watch_epoch(now()).await.unwrap(), 0);
    let with_created = |number: u32, seconds: Option<u64>| AddressRecord {
        created: seconds.map(at),
        ..record(number, AddressRole::Deposit)
    };
    store
        .import_addresses(
            vec![with_created(1, Some(500)), with_created(2, Some(400))],
            now(),
        )
        .await
        .unwrap();
    // A second batch of the same import, before any scan: the same epoch.
    store
        .import_addresses(vec![with_created(3, Some(450))], now())
        .await
        .unwrap();
    assert_eq!(store.seal_watch_epoch(now()).await.unwrap(), 1);
    let epochs = store.watch_epochs(Family::Evm).await.unwrap();
    assert_eq!(
        (epochs[0].number, epochs[0].since, epochs[0].payloads),
        (1, Some(at(400)), 3)
    );
    // Nothing new: no epoch, also for another role of a payload that is watched as far back.
    store
        .import_addresses(
            vec![with_created(1, Some(500)), record(2, AddressRole::Hot)],
            now(),
        )
        .await
        .unwrap();
    assert_eq!(store.seal_watch_epoch(now()).await.unwrap(), 1);
    // A past sender is not watched.
    store
        .import_addresses(vec![record(9, AddressRole::PastSender)], now())
        .await
        .unwrap();
    assert_eq!(store.seal_watch_epoch(now()).await.unwrap(), 1);
    // After a scan sealed the epoch, a new address opens the next one.
    store
        .import_addresses(vec![with_created(4, Some(300))], now())
        .await
        .unwrap();
    // A known address turns out older than known, to the start of the network.
    store
        .import_addresses(vec![with_created(1, None)], now())
        .await
        .unwrap();
    assert_eq!(store.seal_watch_epoch(now()).await.unwrap(), 2);
    let epochs = store.watch_epochs(Family::Evm).await.unwrap();
    assert_eq!(
        (epochs[1].number, epochs[1].since, epochs[1].payloads),
        (2, None, 2)
    );
    assert!(store.watch_epochs(Family::Xrpl).await.unwrap().is_empty());
}

pub async fn watched_payloads_come_in_pages_without_repeats(backend: Backend) {
    let store = backend.open().await;
    let mut rows: Vec<AddressRecord> = (0..25)
        .map(|number| record(number, AddressRole::Deposit))
        .collect();
    rows.extend((0..5).map(|number| record(number, AddressRole::Hot)));
    rows.push(record(77, AddressRole::PastSender));
    store.import_addresses(rows, now()).await.unwrap();
    let mut seen = Vec::new();
    loop {
        let page = store
            .watched_payloads(Family::Evm, seen.last(), 10)
            .await
            .unwrap();
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= 10);
        seen.extend(page);
    }
    assert_eq!(seen, (0..25).map(payload).collect::<Vec<_>>());
    assert!(
        store
            .watched_payloads(Family::Tron, None, 10)
            .await
            .unwrap()
            .is_empty()
    );
}

pub async fn rows_are_found_by_payload_user_and_value(backend: Backend) {
    let store = backend.open().await;
    store.import_addresses(every_shape(), now()).await.unwrap();
    let found = store
        .records_of(&[payload(2), payload(1), payload(2), payload(55)])
        .await
        .unwrap();
    assert_eq!(found.len(), 2);
    let of_user = store
        .records_of_users(&["u3".into(), "nobody".into()])
        .await
        .unwrap();
    assert_eq!(of_user, vec![every_shape().remove(2)]);
    let of_value = store.records_with_values(&["104729".into()]).await.unwrap();
    assert_eq!(of_value, of_user);
    assert!(store.records_of(&[]).await.unwrap().is_empty());
    let counts = store.count_addresses().await.unwrap();
    assert_eq!(counts.iter().map(|(_, count)| count).sum::<u64>(), 4);
}

pub async fn the_list_pages_through_all_rows(backend: Backend) {
    let store = backend.open().await;
    let mut rows: Vec<AddressRecord> = (0..23)
        .map(|number| record(number, AddressRole::Deposit))
        .collect();
    // Several rows with one value.
    rows.extend((0..6).map(|user| AddressRecord {
        user_id: Some(format!("sender{user}")),
        ..record(7, AddressRole::PastSender)
    }));
    store.import_addresses(rows, now()).await.unwrap();
    let mut cursor = None;
    let mut values = Vec::new();
    loop {
        let page = store
            .list_addresses(&AddressFilter::default(), cursor.as_ref(), 5)
            .await
            .unwrap();
        values.extend(page.records.into_iter().map(|record| record.value));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(values.len(), 29);
    assert!(values.is_sorted());
    let filter = AddressFilter {
        role: Some(AddressRole::PastSender),
        value: Some(address_text(7)),
        ..AddressFilter::default()
    };
    assert_eq!(
        store
            .list_addresses(&filter, None, 50)
            .await
            .unwrap()
            .records
            .len(),
        6
    );
}

pub async fn assigned_memos_are_found_by_family_network_and_value(backend: Backend) {
    let store = backend.open().await;
    let memo = |user: u32, family, value: &str, network: Option<&str>| AddressRecord {
        family,
        payload: None,
        value: value.to_owned(),
        network: network.map(recover_core::network::NetworkId::new),
        control: ControlRecord::Unknown,
        ..record(user, AddressRole::AssignedMemo)
    };
    let osmosis = recover_core::network::NetworkId::new("osmosis");
    let rows = vec![
        memo(1, Family::Cosmos, "42", None),
        memo(2, Family::Cosmos, "42", Some("osmosis")),
        memo(3, Family::Cosmos, "42", Some("kava")),
        memo(4, Family::Ton, "42", None),
        memo(5, Family::Cosmos, "43", None),
        AddressRecord {
            role: AddressRole::Deposit,
            ..memo(6, Family::Cosmos, "42", None)
        },
    ];
    store.import_addresses(rows, now()).await.unwrap();
    // More values than one statement takes.
    let mut wanted: Vec<String> = (1_000..2_000).map(|value: u32| value.to_string()).collect();
    wanted.extend(["42".to_owned(), "043".to_owned()]);
    let found = store
        .assigned_memos(Family::Cosmos, std::slice::from_ref(&osmosis), &wanted)
        .await
        .unwrap();
    let mut users: Vec<&str> = found
        .iter()
        .filter_map(|row| row.user_id.as_deref())
        .collect();
    users.sort_unstable();
    assert_eq!(users, ["u1", "u2"]);
    let anywhere = store.assigned_memos(Family::Cosmos, &[], &wanted).await;
    assert_eq!(anywhere.unwrap().len(), 1, "the row for every network");
    let none = store
        .assigned_memos(Family::Cosmos, std::slice::from_ref(&osmosis), &[])
        .await;
    assert!(none.unwrap().is_empty());
}
