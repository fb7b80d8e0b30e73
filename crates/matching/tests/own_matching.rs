//! Which deposit an appeal means and whose it is: one scenario a test, and the properties that must hold for any input.

mod common;

use common::{
    DAY, Form, address, by_transaction, deposit, hash, issued, row, run, shown, time, world,
};
use proptest::prelude::*;
use recover_core::appeal::{MatchDecision, MatchOutcome};
use recover_core::book::{AddressRecord, AddressRole};
use recover_core::memo::{MemoEvidence, MemoFinding, MemoSign, MemoStanding};
use recover_core::network::{Family, NetworkId};
use recover_core::observation::DepositId;
use recover_matching::{AppealClues, DepositFacts, DepositIndex, Model, UserBook, match_appeals};

fn reason<'a>(outcome: &'a MatchOutcome, field: &str) -> (&'a str, &'a str) {
    let found = outcome.reasons.iter().find(|reason| reason.field == field);
    found.map_or(("", ""), |reason| {
        (reason.verdict.as_str(), reason.detail.as_str())
    })
}

#[test]
fn own_exact_transaction_at_the_own_address_is_auto() {
    let (deposits, book) = world();
    let outcomes = run(&[by_transaction("A1", "U1", 1)], &deposits, &book);
    assert_eq!(shown(&outcomes[0]), (MatchDecision::Auto, Some("D1")));
    assert!(outcomes[0].score_ppb > 990_000_000);
    let fields: Vec<&str> = outcomes[0]
        .reasons
        .iter()
        .map(|reason| reason.field.as_str())
        .collect();
    assert_eq!(
        fields,
        [
            "owner", "txid", "to", "from", "asset", "amount", "time", "memo", "network", "session",
            "proof", "gate"
        ]
    );
    assert_eq!(reason(&outcomes[0], "owner").0, "exact");
    assert_eq!(reason(&outcomes[0], "txid").0, "exact");
}

#[test]
fn own_a_stranger_with_the_right_transaction_gets_nothing() {
    let (deposits, book) = world();
    let complete = Form {
        to: address(1),
        asset: "USDT".into(),
        amount: "250".into(),
        at: DAY.into(),
        network: "BEP20".into(),
        proof: "screenshot".into(),
        ..by_transaction("A1", "U9", 1)
    };
    for form in [by_transaction("A1", "U2", 1), complete] {
        let outcomes = run(&[form], &deposits, &book);
        assert_eq!(shown(&outcomes[0]), (MatchDecision::None, None));
        assert_eq!(reason(&outcomes[0], "owner").0, "differs");
        assert!(
            reason(&outcomes[0], "owner")
                .1
                .contains("belongs to another user")
        );
        assert!(outcomes[0].score_ppb < 500_000_000);
    }
}

#[test]
fn own_who_only_names_a_transaction_does_not_stop_its_owner_and_gets_nothing() {
    let (deposits, book) = world();
    let forms = [by_transaction("A1", "U1", 1), by_transaction("A2", "U9", 1)];
    let outcomes = run(&forms, &deposits, &book);
    assert_eq!(shown(&outcomes[0]), (MatchDecision::Auto, Some("D1")));
    assert!(reason(&outcomes[0], "rival").1.contains("rival_appeal"));
    assert_eq!(shown(&outcomes[1]), (MatchDecision::None, None));
}

/// As `run`, but a person took `deposit` back from the appeal `id`.
fn run_without(
    (id, taken_back): (&str, &str),
    forms: &[Form],
    deposits: &[DepositFacts],
    book: &[AddressRecord],
) -> Vec<MatchOutcome> {
    let mut clues: Vec<AppealClues> = forms.iter().map(Form::clues).collect();
    for clues in clues.iter_mut().filter(|clues| clues.appeal.as_str() == id) {
        clues.taken_back.insert(DepositId::verbatim(taken_back));
    }
    match_appeals(
        &clues,
        &DepositIndex::new(deposits.iter().cloned()),
        &UserBook::new(book),
        &Model::default(),
    )
}

#[test]
fn own_what_a_person_took_back_is_not_proposed_again_and_hinders_no_rival() {
    let (deposits, book) = world();
    let forms = [by_transaction("A1", "U1", 1), by_transaction("A2", "U9", 1)];
    let outcomes = run_without(("A2", "D1"), &forms, &deposits, &book);
    assert_eq!(shown(&outcomes[0]), (MatchDecision::Auto, Some("D1")));
    assert_eq!(shown(&outcomes[1]), (MatchDecision::None, None));
    assert!(reason(&outcomes[1], "taken_back").1.contains("D1"));
    // The very pair that evidence would let pass.
    let outcomes = run_without(("A1", "D1"), &forms[..1], &deposits, &book);
    assert_eq!(shown(&outcomes[0]), (MatchDecision::None, None));
    // A pair of another appeal changes nothing.
    let outcomes = run_without(("A7", "D1"), &forms[..1], &deposits, &book);
    assert_eq!(shown(&outcomes[0]), (MatchDecision::Auto, Some("D1")));
}

#[test]
fn own_what_is_left_after_a_match_was_taken_back_is_looked_at_by_a_person() {
    let (mut deposits, book) = world();
    deposits.push(deposit("D3", "bsc", &hash(1), &address(1), "USDT", "250"));
    let form = [by_transaction("A1", "U1", 1)];
    let outcomes = run_without(("A1", "D1"), &form, &deposits, &book);
    assert_eq!(shown(&outcomes[0]), (MatchDecision::Review, Some("D3")));
    // Alone it would have passed.
    let alone = run(&form, &deposits[2..], &book);
    assert_eq!(shown(&alone[0]), (MatchDecision::Auto, Some("D3")));
}

#[test]
fn own_two_users_and_nobody_owns_it_is_a_conflict_for_both() {
    let shared = "r3yhUPqBJKgd7hjD7d8VgUBsFkikzT71XE";
    let deposits = [deposit(
        "D1",
        "xrpl",
        &hash(1).to_uppercase(),
        shared,
        "XRP",
        "100",
    )];
    let forms = [
        by_transaction("A1", "U1", 1),
        by_transaction("A2", "U2", 1),
        Form {
            amount: "100".into(),
            asset: "XRP".into(),
            at: DAY.into(),
            to: shared.into(),
            ..Form {
                id: "A3",
                user: "U3",
                ..Form::default()
            }
        },
    ];
    let outcomes = run(&forms, &deposits, &[]);
    assert_eq!(shown(&outcomes[0]), (MatchDecision::Conflict, Some("D1")));
    assert_eq!(shown(&outcomes[1]), (MatchDecision::Conflict, Some("D1")));
    // The third names it by everything but its transaction.
    assert_eq!(shown(&outcomes[2]), (MatchDecision::Conflict, Some("D1")));
    assert!(reason(&outcomes[2], "rival").1.contains("A1, A2"));
    let alone = run(&forms[..1], &deposits, &[]);
    assert_eq!(
        shown(&alone[0]),
        (MatchDecision::Review, Some("D1")),
        "public is never enough"
    );
}

#[test]
fn own_an_address_that_the_book_gives_to_two_users_is_never_auto() {
    let (deposits, mut book) = world();
    book.push(issued("U2", &address(1)));
    let outcomes = run(
        &[by_transaction("A1", "U1", 1), by_transaction("A2", "U2", 1)],
        &deposits,
        &book,
    );
    for outcome in &outcomes {
        assert_eq!(outcome.decision, MatchDecision::Conflict);
    }
    let alone = run(&[by_transaction("A1", "U1", 1)], &deposits, &book);
    assert_eq!(alone[0].decision, MatchDecision::Review);
}

#[test]
fn own_the_same_user_may_ask_twice() {
    let (deposits, book) = world();
    let outcomes = run(
        &[by_transaction("A1", "U1", 1), by_transaction("A2", "U1", 1)],
        &deposits,
        &book,
    );
    for outcome in &outcomes {
        assert_eq!(shown(outcome), (MatchDecision::Auto, Some("D1")));
    }
}

#[test]
fn own_address_asset_amount_and_time_name_the_only_deposit() {
    let (deposits, book) = world();
    let form = Form {
        id: "A1",
        user: "U1",
        to: address(1).to_uppercase().replace("0X", "0x"),
        asset: "Tether".into(),
        amount: "250,00".into(),
        at: "2025-01-02 11:00".into(),
        ..Form::default()
    };
    let outcomes = run(std::slice::from_ref(&form), &deposits, &book);
    assert_eq!(shown(&outcomes[0]), (MatchDecision::Auto, Some("D1")));
    assert_eq!(reason(&outcomes[0], "time").0, "near");
    assert_eq!(reason(&outcomes[0], "asset").0, "near");
    let whole = outcomes[0].identify;

    let mut twins = deposits.clone();
    twins.push(deposit("D3", "bsc", &hash(3), &address(1), "USDT", "250"));
    let outcomes = run(std::slice::from_ref(&form), &twins, &book);
    assert_eq!(outcomes[0].decision, MatchDecision::Review, "two fit");
    assert!(reason(&outcomes[0], "rival").1.contains("ambiguous"));

    for damaged in [
        Form {
            amount: "251".into(),
            ..form.clone()
        },
        Form {
            amount: String::new(),
            ..form.clone()
        },
        Form {
            at: String::new(),
            ..form.clone()
        },
        Form {
            at: "2025-01-20 11:00".into(),
            ..form.clone()
        },
        Form {
            asset: "USDC".into(),
            ..form.clone()
        },
        Form {
            to: String::new(),
            ..form.clone()
        },
    ] {
        let outcomes = run(std::slice::from_ref(&damaged), &deposits, &book);
        assert!(outcomes[0].identify < whole, "less is stated");
        let public = run(std::slice::from_ref(&damaged), &deposits, &[]);
        assert_ne!(public[0].decision, MatchDecision::Auto);
        // Two weeks off it may be another payment: a person looks.
        assert_eq!(shown(&outcomes[0]).1, Some("D1"), "{damaged:?}");
        if damaged.at.starts_with("2025-01-20") {
            assert_eq!(outcomes[0].decision, MatchDecision::Review);
        }
    }
}

#[test]
fn own_one_transaction_with_several_deposits_is_narrowed() {
    let mut deposits = vec![
        deposit("D1", "bsc", &hash(1), &address(1), "USDT", "250"),
        deposit("D2", "bsc", &hash(1), &address(1), "USDT", "40"),
        deposit("D3", "bsc", &hash(1), &address(2), "USDT", "40"),
    ];
    let book = [issued("U1", &address(1)), issued("U2", &address(2))];
    let form = Form {
        amount: "40".into(),
        ..by_transaction("A1", "U1", 1)
    };
    let outcomes = run(&[form, by_transaction("A2", "U2", 1)], &deposits, &book);
    assert_eq!(shown(&outcomes[0]), (MatchDecision::Auto, Some("D2")));
    assert_eq!(
        shown(&outcomes[1]),
        (MatchDecision::Auto, Some("D3")),
        "{:?}",
        outcomes[1]
    );
    assert!(
        reason(&outcomes[0], "txid")
            .1
            .contains("3 deposits are in it")
    );
    deposits.swap(0, 1);
    let vague = run(&[by_transaction("A1", "U1", 1)], &deposits, &book);
    assert_eq!(vague[0].decision, MatchDecision::Review, "D1 or D2");
}

#[test]
fn own_damaged_transaction_ids_find_their_deposit_and_pass_with_the_address_only() {
    let (deposits, book) = world();
    let id = hash(1);
    let mut typo = id.clone();
    typo.replace_range(20..22, if &id[20..22] == "ab" { "cd" } else { "ab" });
    for text in [
        format!("{}…{}", &id[..6], &id[58..]),
        format!("0x{}...{}", &id[..4], &id[60..]),
        id[..30].to_owned(),
        id[20..].to_owned(),
        typo,
        id[..63].to_owned(),
    ] {
        let form = Form {
            id: "A1",
            user: "U1",
            txid: text.clone(),
            ..Form::default()
        };
        let outcomes = run(std::slice::from_ref(&form), &deposits, &book);
        assert_eq!(shown(&outcomes[0]).1, Some("D1"), "{text}");
        assert_eq!(reason(&outcomes[0], "txid").0, "near", "{text}");
        let public = run(std::slice::from_ref(&form), &deposits, &[]);
        assert_ne!(public[0].decision, MatchDecision::Auto, "{text}");
    }
}

#[test]
fn own_a_memo_of_the_users_own_is_ownership() {
    let shared = "GCOZWRKI5OQAELWH44GGCAZG7BINBXJOT764OKJ34QEG55GW3J5MZVJV";
    let with_memo = |memo: &str| DepositFacts {
        memo: Some(memo.to_owned()),
        ..deposit("D1", "stellar", &hash(1), shared, "XLM", "99.98")
    };
    let book = [
        row(
            "U1",
            AddressRole::AssignedMemo,
            Family::Stellar,
            "369939573",
        ),
        row(
            "U2",
            AddressRole::AssignedMemo,
            Family::Stellar,
            "934065539",
        ),
        row("U1", AddressRole::AssignedMemo, Family::Xrpl, "111111111"),
    ];
    let form = [by_transaction("A1", "U1", 1)];
    for (memo, decision, verdict) in [
        ("369939573", MatchDecision::Auto, "exact"),
        (" 369939573 ", MatchDecision::Auto, "exact"),
        ("36993957", MatchDecision::Review, "near"),
        ("934065539", MatchDecision::Review, "differs"),
        ("111111111", MatchDecision::Review, "absent"),
        ("thanks", MatchDecision::Review, "absent"),
    ] {
        let outcomes = run(&form, &[with_memo(memo)], &book);
        assert_eq!(outcomes[0].decision, decision, "{memo}");
        assert_eq!(reason(&outcomes[0], "owner").0, verdict, "{memo}");
    }
}

#[test]
fn own_a_files_memo_names_only_whoever_had_it_there_and_then() {
    let shared = "cosmos1rp9lnp8wqjfu5kured6szpff9lclr2ctr3u6l0";
    let deposits = [DepositFacts {
        memo: Some("Kr-42".to_owned()),
        ..deposit("D1", "cosmos", &hash(1), shared, "ATOM", "99.98")
    }];
    let of = |user: &str, value: &str| row(user, AddressRole::AssignedMemo, Family::Cosmos, value);
    let on = |network: &str, record: AddressRecord| AddressRecord {
        network: Some(NetworkId::new(network)),
        ..record
    };
    let day = |text: &str| Some(time(text));
    let rows = [
        ("as it stands", vec![of("U1", "Kr-42")], MatchDecision::Auto),
        (
            "for this network",
            vec![on("cosmos", of("U1", "Kr-42"))],
            MatchDecision::Auto,
        ),
        (
            "other capitals",
            vec![of("U1", "KR-42")],
            MatchDecision::Review,
        ),
        (
            "for another network",
            vec![on("osmosis", of("U1", "Kr-42"))],
            MatchDecision::Review,
        ),
        (
            "retired before",
            vec![AddressRecord {
                retired: day("2025-01-01T00:00:00Z"),
                ..of("U1", "Kr-42")
            }],
            MatchDecision::Review,
        ),
        (
            "given out afterwards",
            vec![AddressRecord {
                created: day("2025-01-05T00:00:00Z"),
                ..of("U1", "Kr-42")
            }],
            MatchDecision::Review,
        ),
        (
            "handed on before",
            vec![
                AddressRecord {
                    retired: day("2024-12-01T00:00:00Z"),
                    ..of("U2", "Kr-42")
                },
                of("U1", "Kr-42"),
            ],
            MatchDecision::Auto,
        ),
        (
            "two users at once",
            vec![of("U1", "Kr-42"), of("U2", "Kr-42")],
            MatchDecision::Review,
        ),
        (
            "another user's in other capitals",
            vec![of("U1", "Kr-42"), of("U2", "kr-42")],
            MatchDecision::Auto,
        ),
    ];
    for (name, book, decision) in rows {
        let outcomes = run(&[by_transaction("A1", "U1", 1)], &deposits, &book);
        assert_eq!(outcomes[0].decision, decision, "{name}");
    }
    let strangers = run(
        &[by_transaction("A1", "U3", 1)],
        &deposits,
        &[of("U2", "kr-42")],
    );
    assert_eq!(reason(&strangers[0], "owner").0, "differs");
}

#[test]
fn own_a_judged_memo_decides_only_when_it_names_the_owner() {
    let shared = "GCOZWRKI5OQAELWH44GGCAZG7BINBXJOT764OKJ34QEG55GW3J5MZVJV";
    let found =
        |standing, owner: Option<&str>, proposed: Option<&str>, evidence: &[(MemoSign, &str)]| {
            Some(MemoFinding {
                standing,
                owner: owner.map(str::to_owned),
                proposed: proposed.map(str::to_owned),
                evidence: evidence
                    .iter()
                    .map(|(sign, user)| MemoEvidence {
                        sign: *sign,
                        place: "memo".to_owned(),
                        value: "369939573".to_owned(),
                        assigned: Some("369939573".to_owned()),
                        user: Some((*user).to_owned()),
                    })
                    .collect(),
            })
        };
    // The book has the very text: what was judged of the deposit counts for more.
    let book = [row(
        "U1",
        AddressRole::AssignedMemo,
        Family::Stellar,
        "369939573",
    )];
    let form = [by_transaction("A1", "U1", 1)];
    use MemoSign::{Exact, OfAnotherUser, OneDigitOff, WrongType};
    use MemoStanding::{Good, InWrongField, OfAnotherUser as Disputed, Unassigned};
    let rows = [
        (
            "it names the user",
            found(Good, Some("U1"), None, &[(Exact, "U1")]),
            MatchDecision::Auto,
            "exact",
        ),
        (
            "it names another",
            found(Good, Some("U2"), None, &[(Exact, "U2")]),
            MatchDecision::Review,
            "differs",
        ),
        (
            "as another type",
            found(InWrongField, None, Some("U1"), &[(WrongType, "U1")]),
            MatchDecision::Review,
            "near",
        ),
        (
            "one slip away",
            found(Unassigned, None, Some("U1"), &[(OneDigitOff, "U1")]),
            MatchDecision::Review,
            "near",
        ),
        (
            "one slip away from two",
            found(
                Unassigned,
                None,
                None,
                &[(OneDigitOff, "U1"), (OneDigitOff, "U2")],
            ),
            MatchDecision::Review,
            "near",
        ),
        (
            "the memo's user in a dispute",
            found(
                Disputed,
                None,
                None,
                &[(Exact, "U1"), (OfAnotherUser, "U2")],
            ),
            MatchDecision::Review,
            "near",
        ),
        (
            "the sender's user in a dispute",
            found(
                Disputed,
                None,
                None,
                &[(Exact, "U2"), (OfAnotherUser, "U1")],
            ),
            MatchDecision::Review,
            "near",
        ),
        (
            "a stranger to a dispute",
            found(
                Disputed,
                None,
                None,
                &[(Exact, "U2"), (OfAnotherUser, "U3")],
            ),
            MatchDecision::Review,
            "differs",
        ),
    ];
    for (name, memo_finding, decision, verdict) in rows {
        let deposits = [DepositFacts {
            memo: Some("369939573".to_owned()),
            memo_finding,
            ..deposit("D1", "stellar", &hash(1), shared, "XLM", "99.98")
        }];
        let outcomes = run(&form, &deposits, &book);
        assert_eq!(outcomes[0].decision, decision, "{name}");
        assert_eq!(reason(&outcomes[0], "owner").0, verdict, "{name}");
    }
}

#[test]
fn own_a_refuted_signature_stops_auto() {
    let (deposits, book) = world();
    let form = Form {
        proof: "signature_bad".into(),
        ..by_transaction("A1", "U1", 1)
    };
    let outcomes = run(&[form], &deposits, &book);
    assert_eq!(shown(&outcomes[0]), (MatchDecision::Review, Some("D1")));
    assert_eq!(reason(&outcomes[0], "proof").0, "differs");
}

#[test]
fn own_nothing_fits_says_what_was_looked_for() {
    let (deposits, book) = world();
    let outcomes = run(
        &[
            by_transaction("A1", "U7", 77),
            Form {
                id: "A2",
                user: "U7",
                txid: "ask my friend".into(),
                ..Form::default()
            },
            Form {
                id: "A3",
                user: "U7",
                ..Form::default()
            },
        ],
        &deposits,
        &book,
    );
    for outcome in &outcomes {
        assert_eq!(shown(outcome), (MatchDecision::None, None));
        assert_eq!(outcome.score_ppb, 0);
    }
    assert_eq!(reason(&outcomes[0], "txid").0, "differs");
    assert_eq!(reason(&outcomes[2], "txid").0, "absent");
    assert!(
        outcomes[1]
            .reasons
            .iter()
            .any(|reason| reason.detail.contains("'ask my friend'"))
    );
}

#[test]
fn own_a_popular_amount_at_a_shared_address_is_reported_as_ambiguous() {
    let shared = "r3yhUPqBJKgd7hjD7d8VgUBsFkikzT71XE";
    let deposits: Vec<DepositFacts> = (0..600)
        .map(|number| {
            deposit(
                &format!("D{number:04}"),
                "xrpl",
                &hash(number),
                shared,
                "XRP",
                "100",
            )
        })
        .collect();
    let form = Form {
        id: "A1",
        user: "U1",
        to: shared.into(),
        asset: "XRP".into(),
        amount: "100".into(),
        at: DAY.into(),
        ..Form::default()
    };
    let outcomes = run(&[form], &deposits, &[]);
    assert_ne!(outcomes[0].decision, MatchDecision::Auto);
    assert!(outcomes[0].score_ppb < 100_000_000, "one of hundreds");
}

#[test]
fn own_ten_thousand_appeals_on_one_shared_address_do_not_compare_all_pairs() {
    let shared = "r3yhUPqBJKgd7hjD7d8VgUBsFkikzT71XE";
    let count = 10_000u64;
    let at = |number: u64| {
        time(DAY)
            .plus_seconds(i64::try_from(number).unwrap() * 60)
            .unwrap()
    };
    let deposits: Vec<DepositFacts> = (0..count)
        .map(|number| DepositFacts {
            time: Some(at(number)),
            ..deposit(
                &format!("D{number:05}"),
                "xrpl",
                &hash(number),
                shared,
                "XRP",
                &format!("{}", 100 + number % 50),
            )
        })
        .collect();
    let clues: Vec<AppealClues> = (0..count)
        .map(|number| {
            Form {
                id: "A",
                user: "U",
                txid: hash(number),
                asset: "XRP".into(),
                amount: format!("{}", 100 + number % 50),
                at: at(number).to_string(),
                ..Form::default()
            }
            .clues()
        })
        .collect();
    let index = DepositIndex::new(deposits);
    let outcomes = match_appeals(&clues, &index, &UserBook::default(), &Model::default());
    for (number, outcome) in outcomes.iter().enumerate() {
        assert_eq!(shown(outcome).1, Some(format!("D{number:05}").as_str()));
    }
}

/// A small world with many collisions: few hashes, addresses, users, amounts.
fn worlds() -> impl Strategy<Value = (Vec<Form>, Vec<DepositFacts>, Vec<AddressRecord>)> {
    const IDS: [&str; 8] = ["A0", "A1", "A2", "A3", "A4", "A5", "A6", "A7"];
    const USERS: [&str; 4] = ["U0", "U1", "U2", "U3"];
    let form = (0usize..4, 0u64..5, 0u64..4, 0u64..3, 0u8..8);
    let forms = prop::collection::vec(form, 1..8).prop_map(|list| {
        list.into_iter()
            .enumerate()
            .map(|(place, (user, tx, to, amount, parts))| Form {
                id: IDS[place],
                user: USERS[user],
                txid: if parts & 1 == 0 {
                    hash(tx)
                } else {
                    String::new()
                },
                to: if parts & 2 == 0 {
                    address(to)
                } else {
                    String::new()
                },
                asset: "USDT".into(),
                amount: (100 * (amount + 1)).to_string(),
                at: if parts & 4 == 0 {
                    DAY.into()
                } else {
                    String::new()
                },
                ..Form::default()
            })
            .collect::<Vec<_>>()
    });
    let deposits = prop::collection::vec((0u64..4, 0u64..4, 0u64..3), 1..7).prop_map(|list| {
        list.into_iter()
            .enumerate()
            .map(|(place, (tx, to, amount))| {
                let amount = (100 * (amount + 1)).to_string();
                deposit(
                    &format!("D{place}"),
                    "bsc",
                    &hash(tx),
                    &address(to),
                    "USDT",
                    &amount,
                )
            })
            .collect::<Vec<_>>()
    });
    let book = prop::collection::vec((0usize..4, 0u64..4), 0..5).prop_map(|list| {
        list.into_iter()
            .map(|(user, number)| issued(USERS[user], &address(number)))
            .collect::<Vec<_>>()
    });
    (forms, deposits, book)
}

fn rank(decision: MatchDecision) -> u8 {
    u8::from(decision == MatchDecision::Auto)
}

proptest! {
    #[test]
    fn own_input_order_changes_no_outcome((forms, deposits, book) in worlds(), turn in 0usize..8) {
        let straight = run(&forms, &deposits, &book);
        let (mut forms, mut deposits, mut book) = (forms, deposits, book);
        forms.reverse();
        let by = turn % deposits.len();
        deposits.rotate_left(by);
        book.reverse();
        let mut turned = run(&forms, &deposits, &book);
        turned.reverse();
        prop_assert_eq!(straight, turned);
    }

    #[test]
    fn own_a_deposit_is_never_auto_for_two_users((forms, deposits, book) in worlds()) {
        let outcomes = run(&forms, &deposits, &book);
        prop_assert_eq!(outcomes.len(), forms.len());
        for (first, one) in forms.iter().zip(&outcomes) {
            prop_assert_eq!(one.deposit.is_none(), one.decision == MatchDecision::None);
            for (second, other) in forms.iter().zip(&outcomes) {
                let both = rank(one.decision) + rank(other.decision) == 2;
                prop_assert!(!(both && one.deposit == other.deposit && first.user != second.user));
            }
        }
    }

    #[test]
    fn own_auto_needs_an_address_of_the_user((forms, deposits, book) in worlds()) {
        for (form, outcome) in forms.iter().zip(run(&forms, &deposits, &book)) {
            if outcome.decision == MatchDecision::Auto {
                let facts = deposits.iter().find(|facts| Some(&facts.id) == outcome.deposit.as_ref()).unwrap();
                let owners: Vec<_> = book.iter().filter(|row| row.value == facts.to).filter_map(|row| row.user_id.as_deref()).collect();
                prop_assert!(!owners.is_empty() && owners.iter().all(|owner| *owner == form.user));
            }
        }
    }

    #[test]
    fn own_another_users_appeal_never_makes_an_approval((forms, deposits, book) in worlds()) {
        let all = run(&forms, &deposits, &book);
        for (place, form) in forms.iter().enumerate() {
            let alone = run(std::slice::from_ref(form), &deposits, &book);
            prop_assert!(rank(all[place].decision) <= rank(alone[0].decision));
        }
    }

    #[test]
    fn own_a_batch_that_is_split_finds_no_other_deposits((forms, deposits, book) in worlds()) {
        // What nobody else wants is decided alike alone and together.
        let all = run(&forms, &deposits, &book);
        for (place, form) in forms.iter().enumerate() {
            let is_free = forms.iter().zip(&all).all(|(other, outcome)| {
                other.user == form.user || (other.txid != form.txid && outcome.deposit != all[place].deposit)
            });
            if is_free && all[place].decision == MatchDecision::Auto {
                let alone = run(std::slice::from_ref(form), &deposits, &book);
                prop_assert_eq!(alone[0].decision, MatchDecision::Auto);
                prop_assert_eq!(&alone[0].deposit, &all[place].deposit);
            }
        }
        prop_assert_eq!(all, run(&forms, &deposits, &book));
    }

    #[test]
    fn own_taking_private_evidence_away_never_makes_an_approval(
        (forms, deposits, book) in worlds(), proofs in prop::collection::vec(0u8..4, 8), gone in 0usize..8
    ) {
        let with = |is_whole: bool| {
            let clues: Vec<AppealClues> = forms.iter().zip(&proofs).enumerate().map(|(place, (form, proof))| {
                let is_kept = is_whole || place != gone % forms.len();
                let mut clues = form.clues();
                if proof & 1 == 1 && is_kept {
                    clues.session_view_at = Some(time("2025-01-02T02:40:00Z"));
                }
                if proof & 2 == 2 && is_kept {
                    clues.proof = recover_matching::clue::Proof::Sender;
                }
                clues
            }).collect();
            let index = DepositIndex::new(deposits.iter().cloned());
            match_appeals(&clues, &index, &UserBook::new(&book), &Model::default())
        };
        let (whole, less) = (with(true), with(false));
        let place = gone % forms.len();
        prop_assert!(rank(less[place].decision) <= rank(whole[place].decision));
    }

    #[test]
    fn own_taking_the_books_row_away_never_makes_an_approval((forms, deposits, book) in worlds(), gone in 0usize..5) {
        if book.is_empty() {
            return Ok(());
        }
        let mut less = book.clone();
        let row = less.remove(gone % book.len());
        let is_twofold = book.iter().filter(|other| other.value == row.value).count() > 1;
        let (whole, less) = (run(&forms, &deposits, &book), run(&forms, &deposits, &less));
        for ((form, whole), less) in forms.iter().zip(&whole).zip(&less) {
            // The row of another user speaks against this one; two rows for one address contradict each other.
            // What makes another deposit theirs speaks for that one, not for this.
            let is_about = deposits.iter().any(|facts| Some(&facts.id) == less.deposit.as_ref() && facts.to == row.value);
            if row.user_id.as_deref() == Some(form.user) && !is_twofold && is_about {
                prop_assert!(rank(less.decision) <= rank(whole.decision), "{:?} {:?}", whole, less);
            }
        }
    }

    #[test]
    fn own_equal_evidence_of_two_users_pays_neither((forms, deposits, _) in worlds()) {
        let Some(first) = forms.first().cloned() else { return Ok(()) };
        let pair = [Form { user: "U0", id: "A0", ..first.clone() }, Form { user: "U1", id: "A1", ..first }];
        let book: Vec<AddressRecord> = (0..4).flat_map(|number| [issued("U0", &address(number)), issued("U1", &address(number))]).collect();
        let outcomes = run(&pair, &deposits, &book);
        prop_assert_ne!(outcomes[0].decision, MatchDecision::Auto);
        prop_assert_ne!(outcomes[1].decision, MatchDecision::Auto);
    }

    #[test]
    fn own_forgetting_who_owns_what_never_makes_an_approval((forms, deposits, book) in worlds()) {
        for outcome in run(&forms, &deposits, &[]) {
            prop_assert_ne!(outcome.decision, MatchDecision::Auto);
        }
        prop_assert_eq!(run(&forms, &deposits, &book), run(&forms, &deposits, &book));
    }
}
