//! The index: what is found does not depend on how the deposits came in.

mod common;

use common::{Form, address, deposit, hash, issued, time};
use proptest::prelude::*;
use recover_core::amount::Amount;
use recover_core::decimal::Decimal;
use recover_core::observation::DepositId;
use recover_core::time::Timestamp;
use recover_matching::{AppealClues, DepositFacts, DepositIndex, IndexBuilder, RowNo, UserBook};

/// Ids of the candidates in their order, and whether a key was capped.
fn found(index: &DepositIndex, clues: &AppealClues, book: &UserBook) -> (Vec<String>, bool) {
    let mut out = vec![RowNo(u32::MAX)];
    let is_capped = index.candidates(clues, book.user(&clues.user_id), &mut out);
    let ids = out
        .iter()
        .map(|number| {
            let row = index.row(*number).expect("a candidate is a row");
            row.id_text().to_owned()
        })
        .collect();
    (ids, is_capped)
}

/// Deposits with many collisions: few transactions, addresses, amounts and times, some of them odd.
fn facts() -> impl Strategy<Value = DepositFacts> {
    let tx = prop_oneof![
        4 => (0u64..6).prop_map(hash),
        1 => (0u64..6).prop_map(|number| hash(number).to_uppercase()),
        1 => prop_oneof![Just(String::new()), Just("x".to_owned()), Just("0x".to_owned()), Just("йц".to_owned())],
    ];
    let to = prop_oneof![4 => (0u64..4).prop_map(address), 1 => Just(String::new())];
    let amount = prop_oneof![
        Just("100"),
        Just("100.00"),
        Just("99.9"),
        Just("0"),
        Just("0.000001"),
        Just("115792089237316195423570985008687907853269984665640564039457584007913129639935"),
    ];
    let memo = prop_oneof![
        3 => Just(None),
        1 => (0u64..5).prop_map(|number| Some(format!("36993957{number}"))),
        1 => Just(Some(" ".to_owned())),
    ];
    let at = prop_oneof![
        6 => (-3i64..4).prop_map(|hours| time(common::DAY).plus_seconds(hours * 3_600)),
        1 => Just(None),
        1 => prop_oneof![Just(i64::MIN), Just(i64::MAX)].prop_map(|micros| Some(Timestamp::from_micros(micros))),
    ];
    let symbol = prop_oneof![Just("USDT"), Just("XRP"), Just("")];
    (0u32..12, tx, to, symbol, amount, at, memo, 0u64..4).prop_map(
        |(id, tx, to, symbol, amount, time, memo, from)| DepositFacts {
            time,
            memo,
            from: (from > 0).then(|| address(10 + from)),
            ..deposit(&format!("D{id}"), "bsc", &tx, &to, symbol, amount)
        },
    )
}

fn forms() -> Vec<AppealClues> {
    let base = Form {
        id: "A",
        user: "U1",
        asset: "USDT".into(),
        amount: "100".into(),
        at: "2025-01-02 03:10".into(),
        ..Form::default()
    };
    let shown = hash(2);
    [
        base.clone(),
        Form {
            txid: hash(1),
            ..base.clone()
        },
        Form {
            txid: format!("{}...{}", &shown[..6], &shown[58..]),
            ..base.clone()
        },
        Form {
            asset: "XRP".into(),
            memo: "369939571".into(),
            ..base.clone()
        },
        Form {
            at: String::new(),
            network: "BSC".into(),
            amount: "99.9".into(),
            ..base.clone()
        },
        Form {
            from: address(12),
            amount: String::new(),
            ..base
        },
    ]
    .iter()
    .map(Form::clues)
    .collect()
}

fn book() -> UserBook {
    UserBook::new(&[issued("U1", &address(2)), issued("U2", &address(1))])
}

proptest! {
    #[test]
    fn own_order_and_parts_change_no_candidate(
        given in proptest::collection::vec(facts(), 0..40),
        seed in any::<u64>(),
        cut in 0usize..40,
    ) {
        let book = book();
        let whole = DepositIndex::new(given.iter().cloned());
        let mut turned = given.clone();
        let length = turned.len().max(1);
        turned.rotate_left(usize::try_from(seed % 41).unwrap() % length);
        turned.reverse();
        // Twice the same is once.
        turned.extend(given.iter().take(cut).cloned());
        let turned_index = DepositIndex::new(turned.iter().cloned());
        let (left, right) = given.split_at(cut.min(given.len()));
        let built = [left, right].map(|part| {
            let mut builder = IndexBuilder::default();
            part.iter().for_each(|facts| builder.push(facts.view()));
            builder
        });
        let built = DepositIndex::build(built, 2);
        let mut grown = DepositIndex::new(left.iter().cloned());
        for facts in right {
            grown.push(facts);
        }
        for clues in forms() {
            let expected = found(&whole, &clues, &book);
            for other in [&turned_index, &built, &grown] {
                prop_assert_eq!(&found(other, &clues, &book), &expected);
            }
        }
        prop_assert_eq!(whole.len(), grown.len());
        for number in 0..u32::try_from(whole.len()).unwrap() {
            let row = whole.row(RowNo(number)).unwrap();
            let same = grown.row(grown.find(&row.id()).unwrap()).unwrap();
            prop_assert_eq!(row.view(), same.view());
            prop_assert_eq!(whole.twins(row), grown.twins(same));
            prop_assert_eq!(whole.outputs(row), grown.outputs(same));
            prop_assert_eq!(whole.at_address(row), grown.at_address(same));
            prop_assert_eq!(whole.of_sender(row), grown.of_sender(same));
            prop_assert_eq!(
                whole.twins_within(row, 3_600).count(),
                grown.twins_within(same, 3_600).count()
            );
        }
    }

    #[test]
    fn own_deposits_that_share_nothing_change_no_candidate(
        given in proptest::collection::vec(facts(), 0..20),
        more in 1u64..30,
    ) {
        let book = book();
        let alone = DepositIndex::new(given.iter().cloned());
        let strangers = (0..more).map(|number| DepositFacts {
            time: time("2024-05-01T00:00:00Z").plus_seconds(i64::try_from(number).unwrap()),
            ..deposit(&format!("S{number}"), "stellar", &hash(900 + number), &address(900 + number), "XLM", "7.25")
        });
        let among = DepositIndex::new(given.iter().cloned().chain(strangers));
        for clues in forms() {
            prop_assert_eq!(found(&among, &clues, &book), found(&alone, &clues, &book));
        }
    }

    #[test]
    fn own_facts_come_back_as_they_were_given(facts in facts()) {
        let index = DepositIndex::new([facts.clone()]);
        let row = index.row(RowNo(0)).unwrap();
        let mut expected = facts;
        // The earliest time that can be written stands for none.
        if expected.time == Some(Timestamp::from_micros(i64::MIN)) {
            expected.time = Some(Timestamp::from_micros(i64::MIN + 1));
        }
        prop_assert_eq!(row.facts(), expected);
        prop_assert!(index.row(RowNo(1)).is_none());
    }
}

/// Deposits of one coin and amount, one a minute.
fn twins(count: i64) -> Vec<DepositFacts> {
    (0..count)
        .map(|number| DepositFacts {
            time: time("2025-01-02T00:00:00Z").plus_seconds(number * 60),
            ..deposit(
                &format!("D{number:04}"),
                "xrpl",
                &hash(number.unsigned_abs()),
                "r3yhUPqBJKgd7hjD7d8VgUBsFkikzT71XE",
                "XRP",
                "100",
            )
        })
        .collect()
}

#[test]
fn own_a_cap_keeps_the_nearest_in_time_and_says_so() {
    let clues = Form {
        id: "A",
        user: "U",
        asset: "XRP".into(),
        amount: "100".into(),
        at: "2025-01-02 10:00".into(),
        ..Form::default()
    }
    .clues();
    let twins = twins(1_000);
    let index = DepositIndex::new(twins.iter().cloned());
    let (ids, is_capped) = found(&index, &clues, &UserBook::default());
    assert!(is_capped);
    // Ten hours are 600 minutes: 128 deposits on one side and as many on the other, of equals the earlier.
    let expected: Vec<String> = (472..728).map(|number| format!("D{number:04}")).collect();
    assert_eq!(ids, expected);
    // The same when the last of them came in one by one.
    let mut grown = DepositIndex::new(twins.iter().take(600).cloned());
    for facts in twins.iter().skip(600) {
        grown.push(facts);
    }
    assert_eq!(
        found(&grown, &clues, &UserBook::default()),
        (expected, true)
    );
    let (few, is_capped) = found(
        &DepositIndex::new(twins.into_iter().take(200)),
        &clues,
        &UserBook::default(),
    );
    assert_eq!((few.len(), is_capped), (200, false));
}

#[test]
fn own_a_large_second_part_joins_the_first() {
    let all = twins(3_000);
    let mut grown = DepositIndex::new(all.iter().take(10).cloned());
    grown.extend(all.iter().skip(10).map(DepositFacts::view));
    assert_eq!(grown.len(), 3_000);
    let whole = DepositIndex::new(all);
    for number in [0, 1_500, 2_999] {
        let id = DepositId::verbatim(&format!("D{number:04}"));
        assert_eq!(grown.find(&id), whole.find(&id));
        assert!(whole.find(&id).is_some());
    }
    assert_eq!(whole.find(&DepositId::verbatim("D")), None);
}

#[test]
fn own_of_two_with_one_id_the_same_one_counts_whichever_comes_first() {
    let one = deposit("D1", "bsc", &hash(1), &address(1), "USDT", "1");
    let two = deposit("D1", "bsc", &hash(2), &address(1), "USDT", "2");
    let forward = DepositIndex::new([one.clone(), two.clone()]);
    let backward = DepositIndex::new([two.clone(), one.clone()]);
    let mut grown = DepositIndex::new([two.clone()]);
    grown.push(&one);
    let mut again = DepositIndex::new([one]);
    again.push(&two);
    for index in [&backward, &grown, &again] {
        assert_eq!(index.len(), 1);
        assert_eq!(
            index.row(RowNo(0)).unwrap().view(),
            forward.row(RowNo(0)).unwrap().view()
        );
    }
}

#[test]
fn own_threads_change_nothing() {
    let all = twins(9_000);
    let threaded = DepositIndex::new(all.iter().cloned());
    let mut builder = IndexBuilder::default();
    all.iter().for_each(|facts| builder.push(facts.view()));
    let single = DepositIndex::build([builder], 1);
    for clues in forms() {
        let book = UserBook::default();
        assert_eq!(
            found(&threaded, &clues, &book),
            found(&single, &clues, &book)
        );
    }
    let number = RowNo(4_500);
    assert_eq!(
        threaded.row(number).unwrap().view(),
        single.row(number).unwrap().view()
    );
}

#[test]
fn own_extreme_amounts_are_found_by_their_exact_value() {
    let digits = Amount::MAX;
    for scale in [0u8, 6, 77] {
        let amount = Decimal::from_parts(digits, scale);
        let index = DepositIndex::new([DepositFacts {
            amount,
            ..deposit("D1", "bsc", &hash(1), &address(1), "USDT", "1")
        }]);
        let row = index.row(RowNo(0)).unwrap();
        assert_eq!(row.amount(), amount);
        assert_eq!(index.twins(row), 1);
    }
}

#[test]
fn own_a_book_is_the_same_in_any_order() {
    let mut rows = vec![
        issued("U2", &address(2)),
        issued("U1", &address(1)),
        issued("U1", &address(3)),
        issued("U10", &address(1)),
        issued("U1", &address(1)),
    ];
    let forward = UserBook::new(&rows);
    rows.reverse();
    let backward = UserBook::new(&rows);
    let family = recover_core::network::Family::Evm;
    for book in [&forward, &backward] {
        assert_eq!(book.len(), 3);
        let user = book.user("U1").unwrap();
        assert_eq!(user.id(), "U1");
        let mut own: Vec<&str> = user.addresses().collect();
        own.sort_unstable();
        let mut expected = [address(1), address(3)];
        expected.sort();
        assert_eq!(own, expected);
        let at = address(1);
        let owners: Vec<&str> = book.owners(family, &at).collect();
        assert_eq!(owners, ["U1", "U10"]);
        assert!(book.user("U").is_none());
        assert_eq!(book.user("U2").unwrap().senders().count(), 0);
    }
    assert!(UserBook::default().is_empty());
}
