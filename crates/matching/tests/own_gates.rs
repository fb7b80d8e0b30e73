//! What lets a match pass without a person, and what holds it back: one gate a test.

mod common;

use common::{
    DAY, Form, address, by_transaction, deposit, from_wallet, hash, issued, row, run, sender_of,
    shown, time, world,
};
use recover_core::appeal::{Entitlement, MatchAsk, MatchDecision, MatchOutcome, MatchTier};
use recover_core::book::AddressRole;
use recover_core::network::Family;
use recover_matching::decide::match_appeals_within;
use recover_matching::{
    AppealClues, DepositFacts, DepositIndex, Model, RowNo, UserBook, match_appeals,
};

fn reason<'a>(outcome: &'a MatchOutcome, field: &str) -> &'a str {
    let found = outcome.reasons.iter().find(|reason| reason.field == field);
    found.map_or("", |reason| reason.detail.as_str())
}

fn verdict<'a>(outcome: &'a MatchOutcome, field: &str) -> &'a str {
    let found = outcome.reasons.iter().find(|reason| reason.field == field);
    found.map_or("", |reason| reason.verdict.as_str())
}

#[test]
fn own_nothing_above_the_limit_passes_and_nothing_whose_value_is_unknown() {
    let (deposits, book) = world();
    let forms = [by_transaction("A1", "U1", 1), by_transaction("A2", "U2", 2)];
    let clues: Vec<AppealClues> = forms.iter().map(Form::clues).collect();
    let index = DepositIndex::new(deposits);
    let within = |row: RowNo| index.row(row).is_some_and(|row| row.id().as_str() == "D2");
    let book = UserBook::new(&book);
    let model = Model::default();
    let outcomes = match_appeals_within(&clues, &index, &book, &model, Some(&within));
    assert_eq!(shown(&outcomes[0]), (MatchDecision::Review, Some("D1")));
    assert_eq!(outcomes[0].tier, MatchTier::Analyst);
    assert!(reason(&outcomes[0], "gate").contains("above the limit"));
    assert_eq!(shown(&outcomes[1]), (MatchDecision::Auto, Some("D2")));
}

#[test]
fn own_a_known_sender_is_ownership_unless_many_send_from_it() {
    let (from, book) = (from_wallet, [sender_of("U1")]);
    let named = by_transaction("A1", "U1", 1);
    let outcomes = run(std::slice::from_ref(&named), &[from(1)], &book);
    assert_eq!(shown(&outcomes[0]), (MatchDecision::Auto, Some("D1")));
    assert_eq!(verdict(&outcomes[0], "owner"), "near");
    assert_eq!(outcomes[0].entitled_by, [Entitlement::KnownSender]);
    // Without any transaction id: the sender finds it.
    let form = Form {
        id: "A1",
        user: "U1",
        asset: "XRP".into(),
        amount: "235.55".into(),
        ..Form::default()
    };
    let outcomes = run(&[form], &[from(1)], &book);
    assert_eq!(shown(&outcomes[0]).1, Some("D1"));
    // The hot wallet of an exchange: anybody's money comes from it.
    let busy: Vec<DepositFacts> = (1..40).map(from).collect();
    let outcomes = run(&[named], &busy, &book);
    assert_eq!(shown(&outcomes[0]), (MatchDecision::Review, Some("D1")));
    assert_eq!(outcomes[0].ask, Some(MatchAsk::WithdrawalRecord));
}

#[test]
fn own_a_wallet_of_two_users_makes_a_deposit_neithers() {
    let named = [by_transaction("A1", "U1", 1)];
    let deposits = [from_wallet(1)];
    let alone = run(&named, &deposits, &[sender_of("U1")]);
    assert_eq!(shown(&alone[0]), (MatchDecision::Auto, Some("D1")));
    // The other one need not ask: it may be theirs all the same.
    let shared = run(&named, &deposits, &[sender_of("U1"), sender_of("U2")]);
    assert_eq!(shown(&shared[0]), (MatchDecision::Review, Some("D1")));
    assert!(shared[0].entitled_by.is_empty());
    // The same row twice is no second user.
    let twice = run(&named, &deposits, &[sender_of("U1"), sender_of("U1")]);
    assert_eq!(shown(&twice[0]), (MatchDecision::Auto, Some("D1")));
}

#[test]
fn own_a_known_sender_waits_where_somebody_else_expected_the_deposit() {
    let deposits = [from_wallet(1)];
    let book = [sender_of("U1")];
    let named = [by_transaction("A1", "U1", 1), by_transaction("A2", "U9", 1)];
    let with = |view: Option<&str>| {
        let mut clues: Vec<AppealClues> = named.iter().map(Form::clues).collect();
        clues[1].session_view_at = view.map(time);
        let index = DepositIndex::new(deposits.iter().cloned());
        match_appeals(&clues, &index, &UserBook::new(&book), &Model::default())
    };
    assert_eq!(with(None)[0].decision, MatchDecision::Auto);
    assert_eq!(with(None)[1].decision, MatchDecision::None);
    // Who sent it is not always whom it was for: the other one looked at the deposit page just before it came.
    let outcomes = with(Some("2025-01-02T02:50:00Z"));
    assert_eq!(outcomes[0].decision, MatchDecision::Conflict);
    assert_eq!(outcomes[1].decision, MatchDecision::Conflict);
}

#[test]
fn own_a_known_sender_does_not_pass_with_another_amount_than_arrived() {
    let form = |amount: &str| Form {
        id: "A1",
        user: "U1",
        asset: "XRP".into(),
        amount: amount.into(),
        at: DAY.into(),
        ..Form::default()
    };
    let book = [sender_of("U1")];
    let exact = run(&[form("235.55")], &[from_wallet(1)], &book);
    assert_eq!(shown(&exact[0]), (MatchDecision::Auto, Some("D1")));
    let other = run(&[form("12")], &[from_wallet(1)], &book);
    assert_ne!(other[0].decision, MatchDecision::Auto, "{other:?}");
}

#[test]
fn own_a_proof_that_names_neither_sender_nor_transaction_is_about_any_deposit() {
    let book = [];
    let deposits = [from_wallet(1)];
    let form = |from: &str| Form {
        id: "A1",
        user: "U1",
        asset: "XRP".into(),
        from: from.into(),
        proof: "signature_ok".into(),
        ..Form::default()
    };
    let named = run(
        &[Form {
            amount: "235.55".into(),
            at: DAY.into(),
            ..form("rnFPtB78omeCaxTkBUeYiVzfiNwxTowhRj")
        }],
        &deposits,
        &book,
    );
    assert_eq!(shown(&named[0]), (MatchDecision::Auto, Some("D1")));
    let bare = run(&[form("")], &deposits, &book);
    assert_ne!(bare[0].decision, MatchDecision::Auto, "{bare:?}");
}

#[test]
fn own_a_memo_with_a_slip_passes_with_a_view_of_the_page_only() {
    let shared = "r3yhUPqBJKgd7hjD7d8VgUBsFkikzT71XE";
    let deposits = [DepositFacts {
        memo: Some("898620041".to_owned()),
        ..deposit("D1", "xrpl", &hash(1), shared, "XRP", "5000")
    }];
    let with_memo = |memo: &str, view: Option<&str>| {
        let book = [row("U1", AddressRole::AssignedMemo, Family::Xrpl, memo)];
        let mut clues = by_transaction("A1", "U1", 1).clues();
        clues.session_view_at = view.map(time);
        let index = DepositIndex::new(deposits.iter().cloned());
        let book = UserBook::new(&book);
        match_appeals(&[clues], &index, &book, &Model::default()).remove(0)
    };
    let before = Some("2025-01-02T02:50:00Z");
    let with = |view: Option<&str>| with_memo("898620014", view);
    let viewed = with(before);
    assert_eq!(shown(&viewed), (MatchDecision::Auto, Some("D1")));
    assert!(viewed.entitled_by.contains(&Entitlement::NearMemo));
    assert_eq!(with(None).decision, MatchDecision::Review);
    let afterwards = with(Some("2025-01-02T03:50:00Z"));
    assert_eq!(afterwards.decision, MatchDecision::Review);
    for (memo, decision) in [
        ("898620047", MatchDecision::Auto),
        ("98620041", MatchDecision::Auto),
        ("8986200414", MatchDecision::Auto),
        // Two slips lead to many memos.
        ("898620077", MatchDecision::Review),
        ("898624001", MatchDecision::Review),
    ] {
        assert_eq!(with_memo(memo, before).decision, decision, "{memo}");
    }
}

#[test]
fn own_who_asks_for_what_is_anothers_is_looked_at() {
    let mut deposits = world().0;
    let mut book = world().1;
    for number in 3..5 {
        deposits.push(deposit(
            &format!("D{number}"),
            "bsc",
            &hash(number),
            &address(number),
            "USDT",
            "17",
        ));
        book.push(issued("U2", &address(number)));
    }
    let owner = [("B3", 3), ("B4", 4)].map(|(id, number)| by_transaction(id, "U2", number));
    let thief = [("A3", 3), ("A4", 4)].map(|(id, number)| by_transaction(id, "U1", number));
    let own = by_transaction("A1", "U1", 1);
    let run_with = |count: usize| {
        let forms: Vec<Form> = std::iter::once(own.clone())
            .chain(owner.iter().cloned())
            .chain(thief[..count].iter().cloned())
            .collect();
        run(&forms, &deposits, &book)[0].decision
    };
    assert_eq!(run_with(0), MatchDecision::Auto);
    // One may be a wrong guess beside a deposit of the own account; two are a pattern.
    assert_eq!(run_with(1), MatchDecision::Auto);
    assert_eq!(run_with(2), MatchDecision::Review);
}
