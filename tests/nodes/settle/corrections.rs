//! A deposit that the ledger booked to the wrong user: frozen there, taken back, booked right, through the program as its users run
//! it.

use recover_testkit::omnibus::Api;
use serde_json::Value;

use crate::settle::memo::Desk;
use crate::settle::office::VOTERS;

const APPEALS: &str = "appeal_id,user_id,created_at\nA-1,U3,2025-06-01T00:00:00Z\n";

/// Books deposits of the list: entry, user and deposit of each.
fn book(desk: &Desk, entries: &[(&str, &str, &Value)]) {
    let mut ledger = "id,kind,time,user_id,network,tx_id,asset,amount_base\n".to_owned();
    for (entry, user, row) in entries {
        ledger.push_str(&format!(
            "{entry},credited_deposit,2025-06-01T00:00:00Z,{user},{},{},native,{}\n",
            row["network"].as_str().unwrap(),
            row["tx_id"].as_str().unwrap(),
            row["amount"].as_str().unwrap(),
        ));
    }
    desk.office.desk.write("booked.csv", ledger);
    desk.office
        .desk
        .run(&["ledger", "import", "booked.csv"])
        .ok();
}

fn state(desk: &Desk, deposit: &str) -> (String, String) {
    let shown = desk.office.desk.json(&["deposits", "show", deposit]);
    let text = |name: &str| shown[name].as_str().unwrap().to_owned();
    (text("kind"), text("status"))
}

#[test]
fn own_a_booking_to_the_wrong_user_is_corrected() {
    let desk = Desk::new(Api::Rippled, None);
    let office = &desk.office;
    let mut plain = desk.plain_without_memo().into_iter();
    let (row, other) = (plain.next().unwrap(), plain.next().unwrap());
    let deposit = row["id"].as_str().unwrap();
    book(&desk, &[("L-1", "U5", &row), ("L-2", "U6", &other)]);
    let booked = ("already_credited".to_owned(), "resolved".to_owned());
    assert_eq!(state(&desk, deposit), booked);
    office.desk.write("appeals.csv", APPEALS);
    office.desk.run(&["appeals", "import", "appeals.csv"]).ok();

    // What was booked is nobody's to claim, unless all of it is named and right.
    let open = |more: &[&'static str]| [&["claims", "open", deposit][..], more].concat();
    let correct = |user: &'static str, entry: &'static str, counterparty: &'static str| {
        open(&[
            "--appeal",
            "A-1",
            "--beneficiary",
            user,
            "--resolution",
            "correct_booking",
            "--entry",
            entry,
            "--counterparty",
            counterparty,
        ])
    };
    let refused = |arguments: &[&str], code: &str| {
        office.refused("ana", arguments, code);
    };
    refused(&open(&["--beneficiary", "U3"]), "nothing_to_claim");
    refused(
        &open(&["--beneficiary", "U3", "--resolution", "ledger_credit"]),
        "nothing_to_claim",
    );
    refused(
        &open(&["--resolution", "correct_booking", "--appeal", "A-1"]),
        "correction_missing",
    );
    refused(
        &open(&[
            "--beneficiary",
            "U3",
            "--resolution",
            "correct_booking",
            "--entry",
            "L-1",
            "--counterparty",
            "U5",
        ]),
        "appeal_missing",
    );
    refused(&correct("U3", "L-9", "U5"), "booking_differs");
    refused(&correct("U3", "L-2", "U6"), "booking_differs");
    refused(&correct("U3", "L-1", "U6"), "booking_differs");
    refused(&correct("U5", "L-1", "U5"), "counterparty_is_beneficiary");

    // The memo says another user: only what nobody else could show says that it is this one's.
    refused(&correct("U3", "L-1", "U5"), "ownership_missing");
    let vouched = office.desk.run_as(
        "bruno",
        &[
            "proofs",
            "record",
            "A-1",
            "--deposit",
            deposit,
            "--reference",
            "case-7",
        ],
    );
    vouched.ok();

    let claim = office.claim("ana", &correct("U3", "L-1", "U5"));
    assert_eq!(claim["correction"]["counterparty"], "U5", "{claim}");
    let id = claim["id"].as_str().unwrap();
    refused(&correct("U4", "L-1", "U5"), "deposit_taken");
    office.put_up(id);
    // Nothing that reconcile looks at ends it; a history that could not be read whole is a gap.
    let reconciled = office.desk.run_as("ana", &["reconcile"]);
    assert!(
        matches!(reconciled.code, Some(0 | 1 | 4)),
        "{}",
        reconciled.err
    );
    assert_eq!(office.status(id), "pending_approval");
    assert_eq!(
        office.vote(id),
        VOTERS,
        "the top tier, whatever it is worth"
    );
    let page = office.desk.run(&["claims", "show", id]).ok();
    assert!(page.out.contains("entry L-1 from U5"), "{}", page.out);

    // The row vanished from the imported ledger, as far as it can: it is another user's.
    book(&desk, &[("L-1", "U8", &row)]);
    office.refused("tariq", &["claims", "export", id], "booking_differs");
    book(&desk, &[("L-1", "U5", &row)]);

    let freeze = office.export(id);
    let asked = |found: &[[String; 5]]| -> Vec<[String; 2]> {
        found
            .iter()
            .map(|[_, kind, user, ..]| [kind.clone(), user.clone()])
            .collect()
    };
    assert_eq!(
        asked(&freeze.instructions()),
        [["freeze_counterparty", "U5"]]
    );
    office.acknowledge(id, &office.answers(&freeze)).ok();
    assert_eq!(office.status(id), "instructed");
    office.refused(
        "ana",
        &["claims", "cancel", id, "--reason", "no"],
        "already_moved",
    );
    let right = office.export(id);
    assert_eq!(
        asked(&right.instructions()),
        [["reverse", "U5"], ["credit", "U3"], ["capture_fee", ""]]
    );
    office.acknowledge(id, &office.answers(&right)).ok();

    let shown = office.show(id);
    assert_eq!(shown["status"], "settled", "{shown}");
    let accounts: Vec<(&str, bool)> = shown["postings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|posting| {
            (
                posting["account"].as_str().unwrap(),
                posting["debit"] == row["amount"],
            )
        })
        .collect();
    assert_eq!(
        accounts,
        [
            ("customer", false),
            ("fee_revenue", false),
            ("counterparty", true)
        ],
        "{shown}"
    );
    assert_eq!(state(&desk, deposit), booked);
    refused(&correct("U3", "L-1", "U5"), "deposit_taken");
    office.audited();
}
