//! The specialist's day: the queue, one appeal, and every decision.

use crate::desk::{Desk, by_two_sources, now, rows};
use serde_json::Value;

const DEPOSITS: &str = "\
deposit_id,chain,tx_id,output_index,block_height,block_time,from_address,to_address,asset,amount,memo,orphan_reason
D-1,ETH,0x1111111111111111111111111111111111111111111111111111111111111111,0,1000,2025-06-01T10:00:00Z,0x00000000000000000000000000000000000000a1,0xde90510000000000000000000000000000000001,USDT,250,,wrong_chain
D-2,BSC,0x2222222222222222222222222222222222222222222222222222222222222222,0,2000,2025-06-01T11:00:00Z,0x00000000000000000000000000000000000000a2,0xde90510000000000000000000000000000000002,BNB,1.25,,wrong_chain
";

const BOOK: &str = "\
user_id,role,family,value
U-2,deposit_address,evm,0xde90510000000000000000000000000000000002
";

const APPEALS: &str = "\
appeal_id,user_id,created_at,claimed_txid,claimed_network,claimed_asset,claimed_amount,claimed_to_address,claimed_memo,claimed_from_address,claimed_at,ownership_proof,session_view_at,free_text
A-1,U-1,2025-06-01T13:00:00Z,0x1111111111111111111111111111111111111111111111111111111111111111,ERC20,Tether,\"250,00\",,,,2025-06-01,none,,please help
A-2,U-2,2025-06-01T14:00:00Z,0x2222222222222222222222222222222222222222222222222222222222222222,bep20,BNB,1.25,0xde90510000000000000000000000000000000002,,,2025-06-01 11:02,none,,
A-3,U-3,2025-06-01T15:00:00Z,,,,,,,,,none,,where is my money
A-4,U-3,2025-06-01T16:00:00Z,,,,,,,,,none,,answer me please
";

/// What has no price does not pass without a person.
const PRICES: &str = "\
asset,currency,price,time,source
USDT,USD,1,NOW,desk
BNB,USD,700,NOW,desk
";

fn desk() -> Desk {
    let desk = Desk::new();
    desk.run(&["init"]).ok();
    for (noun, text) in [
        ("addresses", BOOK),
        ("deposits", DEPOSITS),
        ("prices", &by_two_sources(&PRICES.replace("NOW", &now()))),
        ("appeals", APPEALS),
    ] {
        desk.write("rows.csv", text);
        desk.run(&[noun, "import", "rows.csv"]).ok();
    }
    desk.run(&["match"]).ok();
    desk
}

fn ids(list: Value) -> Vec<String> {
    let rows = rows(list);
    rows.iter()
        .map(|row| row["id"].as_str().unwrap().to_owned())
        .collect()
}

/// What one act answered.
#[track_caller]
fn act(desk: &Desk, person: &str, arguments: &[&str]) -> Value {
    let all = [
        &["--as", person, "--format", "json", "appeals"][..],
        arguments,
    ]
    .concat();
    desk.run(&all).ok().json_lines().remove(0)
}

#[test]
fn the_queue_says_what_to_do_next() {
    let desk = desk();
    let list = rows(desk.json(&["appeals", "list"]));
    let found: Vec<(&str, &str, bool)> = list
        .iter()
        .map(|row| {
            (
                row["id"].as_str().unwrap(),
                row["next_action"].as_str().unwrap(),
                row["overdue"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            ("A-1", "confirm_match", true),
            ("A-2", "open_claim", true),
            ("A-3", "ask_one_question", true),
            ("A-4", "ask_one_question", true),
        ]
    );
    assert!(list[0]["value"].is_null(), "nobody knows a price");
    assert_eq!(
        ids(desk.json(&["appeals", "list", "--next", "confirm_match"])),
        ["A-1"]
    );
    assert_eq!(
        ids(desk.json(&["appeals", "list", "--network", "BEP20"])),
        ["A-2"]
    );
    assert_eq!(
        ids(desk.json(&["appeals", "list", "--user", "U-3", "--older-than", "30d"])),
        ["A-3", "A-4"]
    );
    assert_eq!(
        ids(desk.json(&["appeals", "list", "--value-min", "1000"])).len(),
        4,
        "unknown is never little"
    );
    let page = desk
        .run(&["--format", "json", "appeals", "list", "--limit", "3"])
        .ok();
    let place = page
        .err
        .split("--after '")
        .nth(1)
        .unwrap()
        .split('\'')
        .next()
        .unwrap();
    assert_eq!(
        ids(desk.json(&["appeals", "list", "--after", place])),
        ["A-4"]
    );
    let csv = desk.run(&["--format", "csv", "appeals", "list"]).ok().out;
    assert!(csv.starts_with("appeal_id,next_action,"), "{csv}");
    assert_eq!(csv.lines().count(), 5);
    let table = desk.run(&["appeals", "list"]).ok().out;
    assert!(
        table.contains("! ") && table.contains(" late") && table.contains("unknown"),
        "{table}"
    );
    for wrong in [
        &["--next", "sleep"][..],
        &["--status", "angry"],
        &["--older-than", "soon"],
        &["--value-min", "much"],
        &["--after", "here"],
        &["--limit", "0"],
        &["--assigned", "me"],
    ] {
        desk.run(&[&["appeals", "list"], wrong].concat()).exits(2);
    }
}

#[test]
fn an_appeal_goes_from_a_question_to_a_decision() {
    let desk = desk();
    let asked = act(&desk, "ana", &["ask", "A-3"]);
    assert_eq!(
        (&asked["status"], &asked["question"]),
        (&"needs_info".into(), &"transaction_id".into())
    );
    assert!(
        asked["customer_text"]
            .as_str()
            .unwrap()
            .contains("id (the hash)")
    );
    assert_eq!(act(&desk, "ana", &["ask", "A-3"])["repeated"], true);
    let key = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318";
    desk.write(
        "mail.txt",
        format!("sorry, it is this one. my private key is {key}\n"),
    );
    let answered = act(
        &desk,
        "ana",
        &[
            "answer",
            "A-3",
            "--file",
            "mail.txt",
            "--field",
            "txid=https://bscscan.com/tx/0x2222222222222222222222222222222222222222222222222222222222222222",
        ],
    );
    assert_eq!(answered["status"], "received");
    desk.run(&["match"]).ok();
    let shown = desk.json(&["appeals", "show", "A-3"]);
    // A transaction id alone is nobody's: whose deposit it is, the page tells.
    assert_eq!(shown["candidates"][0], "D-2", "{shown}");
    assert!(shown["clues"].to_string().contains("link"), "{shown}");
    assert_eq!(shown["question"]["code"], "sending_address_proof");
    assert_eq!(
        shown["original"]["claimed_txid"], "",
        "the first words are there"
    );
    assert_eq!(shown["original"]["free_text"], "where is my money");
    assert_eq!(shown["rivals"][0]["appeal_id"], "A-2");
    assert!(
        !shown.to_string().contains("U-2"),
        "nobody else's words or names: {shown}"
    );
    for text in [
        shown.to_string(),
        desk.run(&["audit", "export", "--bodies"]).ok().out,
    ] {
        assert!(!text.contains(key), "{text}");
    }
    // It is U-2's by the book, so this one is refused.
    let refused = act(
        &desk,
        "ana",
        &[
            "refuse",
            "A-3",
            "A-4",
            "--code",
            "other_users_deposit",
            "--reason",
            "book",
        ],
    );
    assert_eq!(refused["status"], "refused");
    assert_eq!(ids(desk.json(&["appeals", "list"])), ["A-1", "A-2"]);
    assert_eq!(
        ids(desk.json(&["appeals", "list", "--status", "refused"])),
        ["A-4", "A-3"],
        "the clock began anew with the answer"
    );
    assert_eq!(ids(desk.json(&["appeals", "list", "--all"])).len(), 4);
    let history: Vec<String> = rows(desk.json(&["appeals", "show", "A-3"])["history"].clone())
        .iter()
        .map(|act| act["act"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(history, ["ask", "answer", "refuse"]);
    desk.run(&["audit", "verify"]).ok();
}

#[test]
fn a_decision_is_truth_and_matching_leaves_it_alone() {
    let desk = desk();
    let confirmed = act(&desk, "ana", &["confirm", "A-1", "--deposit", "D-1"]);
    assert_eq!(confirmed["status"], "matched");
    act(
        &desk,
        "ana",
        &["correct", "A-2", "--deposit", "none", "--reason", "a test"],
    );
    desk.run(&["match"]).ok();
    assert_eq!(
        desk.json(&["appeals", "show", "A-1"])["next_action"],
        "open_claim"
    );
    assert_eq!(
        desk.json(&["appeals", "show", "A-2"])["next_action"],
        "refuse"
    );
    desk.run(&["appeals", "truth", "export", "truth.csv"])
        .ok()
        .says(&["2 decisions"]);
    let text = desk.read("truth.csv");
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[1].starts_with("A-1,D-1,confirmed,ana,"), "{text}");
    assert!(lines[1].contains(",D-1,review,"), "{text}");
    assert!(lines[2].starts_with("A-2,,none,ana,"), "{text}");
    assert!(lines[2].contains(",D-2,auto,"), "{text}");
    // Another appeal cannot have the same deposit.
    desk.run(&[
        "--as",
        "ana",
        "appeals",
        "correct",
        "A-3",
        "--deposit",
        "D-1",
        "--reason",
        "x",
    ])
    .exits(3)
    .says(&["deposit_confirmed_elsewhere", "A-1"]);
    desk.run(&[
        "--as",
        "ana",
        "appeals",
        "correct",
        "A-3",
        "--deposit",
        "D-9",
        "--reason",
        "x",
    ])
    .exits(2)
    .says(&["D-9"]);
}

#[test]
fn each_person_gets_an_appeal_of_their_own() {
    let desk = desk();
    let take = |person: &str| act_page(&desk, person);
    assert_eq!(take("ana"), "A-1");
    assert_eq!(take("ana"), "A-1", "still hers");
    assert_eq!(take("bruno"), "A-2");
    assert_eq!(
        ids(desk.json(&["--as", "ana", "appeals", "list", "--assigned", "me"])),
        ["A-1"]
    );
    assert_eq!(
        ids(desk.json(&["appeals", "list", "--assigned", "none"])),
        ["A-3", "A-4"]
    );
    desk.run(&["--as", "chidi", "appeals", "next"])
        .exits(3)
        .says(&["agent, specialist"]);
    act(&desk, "ana", &["assign", "A-2", "--to", "none"]);
    assert_eq!(take("bruno"), "A-2");
}

fn act_page(desk: &Desk, person: &str) -> String {
    let page = desk
        .run(&["--as", person, "--format", "json", "appeals", "next"])
        .ok();
    page.json()["id"].as_str().unwrap().to_owned()
}

#[test]
fn who_may_not_and_what_cannot_be_is_refused() {
    let desk = desk();
    for (person, arguments, says) in [
        (
            "chidi",
            &["confirm", "A-1", "--deposit", "D-1"][..],
            "specialist may",
        ),
        ("lea", &["note", "A-1", "hello"], "may"),
        (
            "ana",
            &["confirm", "A-1", "--deposit", "D-2"],
            "other_proposed",
        ),
        (
            "ana",
            &["confirm", "A-3", "--deposit", "D-2"],
            "nothing_proposed",
        ),
        (
            "ana",
            &["answer", "A-1", "--field", "txid=1"],
            "nothing_asked",
        ),
        ("ana", &["duplicate", "A-4", "--of", "A-1"], "other_user"),
        ("ana", &["reopen", "A-1", "--reason", "x"], "appeal_open"),
    ] {
        let all = [&["--as", person, "appeals"][..], arguments].concat();
        desk.run(&all).exits(3).says(&[says]);
    }
    for arguments in [
        &["refuse", "A-1", "--code", "because", "--reason", "x"][..],
        &["ask", "A-1", "--question", "why"],
        &["answer", "A-1", "--field", "colour=red"],
        &["answer", "A-1"],
        &["show", "A-99"],
        &["close", "A-99", "--reason", "x"],
        &["duplicate", "A-4", "--of", "A-99"],
        &["note", "A-1", " "],
    ] {
        let all = [&["--as", "ana", "appeals"][..], arguments].concat();
        desk.run(&all).exits(2);
    }
    // Nobody works without a name, and leaving the policy away opens nothing.
    desk.run(&["appeals", "close", "A-1", "--reason", "x"])
        .exits(2)
        .says(&["--as"]);
    act(&desk, "ana", &["note", "A-1", "hello"]);
    std::fs::remove_file(desk.path("policy.toml")).unwrap();
    desk.run(&[
        "--as", "mallory", "appeals", "close", "A-1", "--reason", "x",
    ])
    .exits(3)
    .says(&["--policy"]);
}

#[test]
fn a_dry_run_says_what_would_happen_and_keeps_nothing() {
    let desk = desk();
    let dry = act(
        &desk,
        "ana",
        &[
            "refuse",
            "A-1",
            "--code",
            "not_found",
            "--reason",
            "x",
            "--dry-run",
        ],
    );
    assert_eq!(
        (&dry["status"], &dry["dry_run"]),
        (&"refused".into(), &true.into())
    );
    assert!(
        dry["customer_text"]
            .as_str()
            .unwrap()
            .contains("could not find")
    );
    act(&desk, "ana", &["ask", "A-3", "--dry-run"]);
    let next = desk
        .run(&["--as", "ana", "appeals", "next", "--dry-run"])
        .ok();
    assert!(next.err.contains("would be"), "{}", next.err);
    assert_eq!(
        ids(desk.json(&["appeals", "list", "--assigned", "none"])).len(),
        4
    );
    assert_eq!(desk.json(&["appeals", "show", "A-1"])["status"], "matched");
}

#[test]
fn what_customers_wrote_is_erased_after_its_time() {
    let desk = desk();
    act(&desk, "ana", &["close", "A-1", "--reason", "settled"]);
    let dry = act(
        &desk,
        "farah",
        &["erase", "--older-than", "0h", "--dry-run"],
    );
    assert_eq!(dry["dry_run"], true);
    let shown = desk.json(&["appeals", "show", "A-1"]);
    assert_ne!(shown["claimed_txid"], "");
    // Who works appeals does not erase them.
    desk.run(&["--as", "ana", "appeals", "erase", "--older-than", "1d"])
        .exits(3)
        .says(&["compliance or an admin"]);
    // Nothing happened in it for less than a day.
    let fresh = act(&desk, "farah", &["erase", "--older-than", "1d"]);
    assert_eq!(fresh["appeals"], 0);
    // The example policy keeps words for 90 days; a house that says nothing is asked.
    let usual = act(&desk, "farah", &["erase", "--dry-run"]);
    assert_eq!(usual["appeals"], 0);
}
