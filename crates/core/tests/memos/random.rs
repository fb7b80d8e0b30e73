//! What holds whatever stands in a field and in the book.

use crate::world::{COSMOS, STELLAR, TAG, TON, ask, at, closed, later, of, retired, row};
use proptest::prelude::*;
use proptest::sample::select;
use recover_core::ledger::AccountStanding;
use recover_core::memo::{
    AssignedMemo, Memo, MemoKind, MemoQuestion, MemoRules, MemoStanding, judge, near_values, place,
    readings, wanted_values,
};
use std::collections::BTreeSet;

const PLACES: &[&str] = &[
    place::DESTINATION_TAG,
    place::MEMO,
    place::MUXED_ID,
    place::PACKET_MEMO,
    place::COMMENT,
    place::FORWARD_PAYLOAD,
    "memos[0].data",
];

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9]{1,4}",
        "[ 0-9\u{660}-\u{669}\u{ff10}-\u{ff19}]{0,5}",
        "(tag|memo|ID)[:# ]{0,2}[0-9]{1,4}",
        "\\PC{0,12}",
        any::<String>(),
    ]
}

fn any_memo() -> impl Strategy<Value = Memo> {
    let raw = prop_oneof![
        4 => any_text().prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..40),
    ];
    (select(MemoKind::ALL), raw, select(PLACES))
        .prop_map(|(kind, raw, place)| of(kind, &raw, place))
}

fn any_row() -> impl Strategy<Value = AssignedMemo> {
    let value = prop_oneof![4 => "[0-9]{1,4}", 1 => "(id|text):[0-9]{1,3}", 1 => any_text()];
    (value, select(&["A", "B", "C"][..]), 0..5).prop_map(|(value, user, which)| match which {
        0 => retired(&value, user),
        1 => later(&value, user),
        2 => closed(row(&value, user)),
        _ => row(&value, user),
    })
}

fn any_rules() -> impl Strategy<Value = &'static MemoRules> {
    select(&[&TAG, &STELLAR, &COSMOS, &TON][..])
}

/// The value as the network carries it, with the type where types are told apart.
fn is_exact(row: &AssignedMemo, memo: &Memo, rules: &MemoRules) -> bool {
    let content = match memo.kind {
        MemoKind::Hash | MemoKind::Return => hex::encode(&memo.raw),
        _ => String::from_utf8_lossy(&memo.raw).into_owned(),
    };
    let bare = row
        .value
        .split_once(':')
        .map_or(row.value.as_str(), |(_, bare)| bare);
    rules.routing.contains(&memo.place.as_str())
        && (row.value == content || bare.eq_ignore_ascii_case(&content))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn only_a_value_that_is_assigned_exactly_is_good(
        rules in any_rules(),
        memos in prop::collection::vec(any_memo(), 0..4),
        book in prop::collection::vec(any_row(), 0..12),
        senders in prop::sample::subsequence(&["A", "B", "C"][..], 0..3),
    ) {
        let finding = ask(rules, &memos, &book, &senders);
        prop_assert!(!finding.evidence.is_empty());
        prop_assert_eq!(finding.owner.is_some(), finding.standing == MemoStanding::Good);
        prop_assert!(finding.owner.is_none() || finding.proposed.is_none());
        prop_assert!(finding.standing != MemoStanding::NotNeeded);
        if let Some(owner) = &finding.owner {
            let live = |row: &&AssignedMemo| row.retired.is_none() || row.account == AccountStanding::Closed;
            let exact: BTreeSet<&str> = book.iter().filter(live)
                .filter(|row| row.created.is_none_or(|created| created <= at()))
                .filter(|row| memos.iter().any(|memo| is_exact(row, memo, rules)))
                .map(|row| row.user.as_str()).collect();
            prop_assert!(exact.contains(owner.as_str()), "{owner} of {exact:?}");
            prop_assert!(senders.len() != 1 || senders.contains(&owner.as_str()));
        }
        if let Some(proposed) = &finding.proposed {
            prop_assert!(finding.named().contains(proposed.as_str()));
        }
        if finding.is_disputed() {
            prop_assert!(finding.proposed.is_none());
        }
    }

    #[test]
    fn the_order_of_rows_and_a_second_look_change_nothing(
        rules in any_rules(),
        memos in prop::collection::vec(any_memo(), 0..4),
        book in prop::collection::vec(any_row(), 0..12).prop_shuffle(),
    ) {
        let finding = ask(rules, &memos, &book, &[]);
        let mut turned = book.clone();
        turned.reverse();
        prop_assert_eq!(&ask(rules, &memos, &turned, &[]), &finding);
        prop_assert_eq!(&ask(rules, &memos, &book, &[]), &finding);
        // Rows that nobody asked for are passed over.
        let senders = BTreeSet::new();
        let asked = wanted_values(&readings(&memos, rules), rules);
        let known: Vec<_> = book.iter().filter(|row| asked.contains(&row.value)).cloned().collect();
        let question = MemoQuestion { memos: &memos, rules, at: Some(at()), assigned: &known, near: &[], senders: &senders };
        prop_assert_eq!(judge(MemoQuestion { assigned: &book, ..question }), judge(question));
    }

    #[test]
    fn any_text_is_read_and_its_values_can_be_asked_for(rules in any_rules(), memos in prop::collection::vec(any_memo(), 0..4)) {
        let found = readings(&memos, rules);
        prop_assert_eq!(&readings(&memos, rules), &found);
        prop_assert!(found.is_sorted_by_key(|reading| (reading.place.clone(), reading.value.clone())));
        for value in wanted_values(&found, rules).iter().chain(&near_values(&memos, rules)) {
            prop_assert!(!value.is_empty() && !value.contains('\0'), "{value:?}");
        }
        prop_assert!(found.len() <= 64 * memos.len().max(1), "{} readings", found.len());
    }
}
