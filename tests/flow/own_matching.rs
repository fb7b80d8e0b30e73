//! Imported deposits and appeals: matching has one line for each open appeal, in the stable shape.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::desk::{Desk, by_two_sources, now, rows};

const DEPOSITS: &str = "\
deposit_id,chain,tx_id,output_index,block_height,block_time,from_address,to_address,asset,amount,memo,orphan_reason
D-1,ETH,0x1111111111111111111111111111111111111111111111111111111111111111,0,1000,2025-06-01T10:00:00Z,0x00000000000000000000000000000000000000a1,0xde90510000000000000000000000000000000001,USDT,250,,wrong_chain
D-2,BSC,0x2222222222222222222222222222222222222222222222222222222222222222,0,2000,2025-06-01T11:00:00Z,0x00000000000000000000000000000000000000a2,0xde90510000000000000000000000000000000002,BNB,1.25,,wrong_chain
D-3,XRP,A2ACEF1D0E39B76933522EAF42C58BEA5FF12EAAD0CFECB991530FA0DCB08D86,0,93000015,2025-06-01T12:00:00Z,r32WgcxKER33NcPXobkEa7EfCPZJmxctHp,r3yhUPqBJKgd7hjD7d8VgUBsFkikzT71XE,XRP,5000,898620041,unknown_memo
";

const BOOK: &str = "\
user_id,role,family,value
U-1,deposit_address,evm,0xde90510000000000000000000000000000000001
U-2,deposit_address,evm,0xde90510000000000000000000000000000000002
U-3,assigned_memo,xrp,898620041
";

const APPEALS: &str = "\
appeal_id,user_id,created_at,claimed_txid,claimed_network,claimed_asset,claimed_amount,claimed_to_address,claimed_memo,claimed_from_address,claimed_at,ownership_proof,session_view_at,free_text
A-1,U-1,2025-06-01T13:00:00Z,https://etherscan.io/tx/0x1111111111111111111111111111111111111111111111111111111111111111,ERC20,Tether,\"250,00\",0xde90510000000000000000000000000000000001,,,2025-06-01,none,,please help
A-2,U-9,2025-06-01T13:00:00Z,0x1111111111111111111111111111111111111111111111111111111111111111,,,,,,,,none,,mine!
A-3,U-2,2025-06-01T13:00:00Z,,bep20,BNB,1.25,0xde90510000000000000000000000000000000002,,,2025-06-01 11:02,none,,
A-4,U-7,2025-06-01T13:00:00Z,,,,,,,,,none,,where is my money
A-5,U-3,2025-06-01T13:00:00Z,A2ACEF1D0E39B76933522EAF42C58BEA5FF12EAAD0CFECB991530FA0DCB08D86,ripple,XRP,5000,,898620041,,,none,,
";

/// 250, 1000.0125 and 1000 US dollars for the three deposits: what is above the policy's 1000 does not pass by itself.
const PRICES: &str = "\
asset,currency,price,time,source
USDT,USD,1,NOW,desk
BNB,USD,800.01,NOW,desk
XRP,USD,0.2,NOW,desk
";

fn desk() -> Desk {
    let desk = unpriced_desk();
    desk.write(
        "prices.csv",
        by_two_sources(&PRICES.replace("800.01", "800").replace("NOW", &now())),
    );
    desk.run(&["prices", "import", "prices.csv"]).ok();
    desk
}

fn unpriced_desk() -> Desk {
    let desk = Desk::new();
    desk.run(&["init"]).ok();
    desk.write("deposits.csv", DEPOSITS);
    desk.write("book.csv", BOOK);
    desk.write("appeals.csv", APPEALS);
    desk.run(&["addresses", "import", "book.csv"])
        .ok()
        .says(&["3 new"]);
    desk.run(&["deposits", "import", "deposits.csv"])
        .ok()
        .says(&["3 new"]);
    desk.run(&["appeals", "import", "appeals.csv"])
        .ok()
        .says(&["5 new"]);
    desk
}

fn matches(desk: &Desk) -> Vec<Value> {
    desk.run(&["--format", "json", "match"]).ok().json_lines()
}

#[test]
fn one_line_for_each_open_appeal_in_the_stable_shape() {
    let desk = desk();
    let lines = matches(&desk);
    let ids: BTreeSet<&str> = lines
        .iter()
        .map(|line| line["appeal_id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, BTreeSet::from(["A-1", "A-2", "A-3", "A-4", "A-5"]));
    assert_eq!(lines.len(), ids.len());
    for line in &lines {
        let mut keys: Vec<&str> = line
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        keys.sort_unstable();
        assert_eq!(
            keys,
            [
                "appeal_id",
                "ask",
                "decision",
                "deposit_id",
                "entitle_bits",
                "entitled_by",
                "identify_bits",
                "reasons",
                "score",
                "tier"
            ]
        );
        let decision = line["decision"].as_str().unwrap();
        assert!(
            ["auto", "review", "none", "conflict"].contains(&decision),
            "{line}"
        );
        let score = line["score"].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&score), "{line}");
        assert!(
            line["deposit_id"].is_string() || line["deposit_id"].is_null(),
            "{line}"
        );
        for reason in line["reasons"].as_array().unwrap() {
            let mut keys: Vec<&str> = reason
                .as_object()
                .unwrap()
                .keys()
                .map(String::as_str)
                .collect();
            keys.sort_unstable();
            assert_eq!(keys, ["detail", "field", "verdict", "weight"]);
            assert!(reason["weight"].is_i64(), "{reason}");
        }
    }
    let of = |id: &str| lines.iter().find(|line| line["appeal_id"] == id).unwrap();
    assert_eq!(of("A-1")["deposit_id"], "D-1", "{}", of("A-1"));
    assert_eq!(of("A-3")["deposit_id"], "D-2", "{}", of("A-3"));
    assert_eq!(of("A-5")["deposit_id"], "D-3", "{}", of("A-5"));
    assert_eq!(of("A-4")["decision"], "none");
    assert!(of("A-4")["deposit_id"].is_null());
    // The right transaction id in a stranger's hand is nothing.
    assert_ne!(of("A-2")["decision"], "auto", "{}", of("A-2"));
}

#[test]
fn the_same_files_again_change_nothing() {
    let desk = desk();
    let before = (
        matches(&desk),
        desk.deposits(),
        desk.json(&["appeals", "list"]),
    );
    desk.run(&["addresses", "import", "book.csv"])
        .ok()
        .says(&["0 new, 0 updated, 3 unchanged"]);
    desk.run(&["deposits", "import", "deposits.csv"])
        .ok()
        .says(&["0 new, 0 updated, 3 unchanged"]);
    desk.run(&["appeals", "import", "appeals.csv"])
        .ok()
        .says(&["0 new, 0 updated, 5 unchanged"]);
    assert_eq!(
        (
            matches(&desk),
            desk.deposits(),
            desk.json(&["appeals", "list"])
        ),
        before
    );
    // A changed row updates its own appeal.
    desk.write(
        "appeals.csv",
        APPEALS.replace("where is my money", "where is my BNB"),
    );
    desk.run(&["appeals", "import", "appeals.csv"])
        .ok()
        .says(&["0 new, 1 updated, 4 unchanged"]);
}

#[test]
fn ids_of_files_come_back_verbatim_and_imported_money_is_never_quoted() {
    let desk = desk();
    let deposits = desk.deposits();
    let ids: BTreeSet<&str> = deposits
        .iter()
        .map(|row| row["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, BTreeSet::from(["D-1", "D-2", "D-3"]));
    let amounts: BTreeSet<&str> = deposits
        .iter()
        .map(|row| row["amount_decimal"].as_str().unwrap())
        .collect();
    assert_eq!(amounts, BTreeSet::from(["250", "1.25", "5000"]));
    desk.run(&["--policy", "policy.toml", "quote", "D-1"])
        .exits(3);
    // Work may start on it; a price is not given before a source of ours has seen it.
    let arguments = ["--as", "ana", "--format", "json", "claims", "open", "D-1"];
    let claim = desk.run(&arguments).ok().json();
    assert_eq!(claim["status"], "draft", "{claim}");
    let run = desk
        .run(&["--as", "ana", "quote", claim["id"].as_str().unwrap()])
        .exits(3);
    assert_eq!(run.errors().len(), 1, "{}", run.err);
}

#[test]
fn one_appeal_can_be_asked_for_alone_and_explained() {
    let desk = desk();
    let lines = desk
        .run(&["--format", "json", "match", "--appeal", "A-3"])
        .ok()
        .json_lines();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["appeal_id"], "A-3");
    let page = desk
        .run(&["match", "--appeal", "A-1", "--explain"])
        .ok()
        .out;
    for word in ["A-1", "D-1", "txid"] {
        assert!(page.contains(word), "{word}:\n{page}");
    }
}

#[test]
fn only_what_changes_can_touch_is_matched_again() {
    let desk = desk();
    let all = matches(&desk);
    let nothing = desk.run(&["--format", "json", "match"]).ok();
    assert_eq!(
        nothing.err.trim(),
        r#"{"looked_at":0,"kept":5,"changed":0}"#
    );
    assert_eq!(nothing.json_lines(), all, "all are shown");
    let nothing = desk.run(&["--format", "json", "match", "--changed"]).ok();
    assert!(nothing.json_lines().is_empty());
    // A rival for D-2 and a second deposit in the transaction of D-1: A-3 is decided anew without being compared, A-1 and A-2 are
    // compared.
    let rival = APPEALS
        .lines()
        .nth(3)
        .unwrap()
        .replace("A-3,U-2", "A-6,U-8");
    let header = APPEALS.lines().next().unwrap();
    desk.write("more.csv", format!("{header}\n{rival}\n"));
    desk.run(&["appeals", "import", "more.csv"]).ok();
    let second = DEPOSITS.lines().nth(1).unwrap().replace("D-1,", "D-9,");
    let second = second.replace(
        "000a1,0xde90510000000000000000000000000000000001",
        "000a1,0xde90510000000000000000000000000000000009",
    );
    let header = DEPOSITS.lines().next().unwrap();
    desk.write(
        "more.csv",
        format!("{header}\n{}\n", second.replace(",0,1000,", ",1,1000,")),
    );
    desk.run(&["deposits", "import", "more.csv"]).ok();
    let run = desk
        .run(&["match", "--changed"])
        .ok()
        .says(&["match: 3 looked at, 3 kept, 4 changed"]);
    for id in ["A-1", "A-2", "A-3", "A-6"] {
        assert!(run.out.contains(id), "{id}:\n{}", run.out);
    }
    // Whoever looks at everything finds the same.
    let found = matches(&desk);
    let run = desk.run(&["--format", "json", "match", "--all"]).ok();
    assert_eq!(run.err.trim(), r#"{"looked_at":6,"kept":0,"changed":0}"#);
    assert_eq!(run.json_lines(), found);
}

/// Decision and tier of each appeal.
fn decisions(lines: &[Value]) -> Vec<(&str, &str, &str)> {
    let mut all: Vec<(&str, &str, &str)> = lines
        .iter()
        .map(|line| {
            let of = |key: &str| line[key].as_str().unwrap();
            (of("appeal_id"), of("decision"), of("tier"))
        })
        .collect();
    all.sort_unstable();
    all
}

#[test]
fn nothing_above_the_policys_limit_passes_and_nothing_whose_value_nobody_knows() {
    let desk = unpriced_desk();
    let of = |lines: &[Value], id: &str| {
        let all = decisions(lines);
        let (_, decision, tier) = all.into_iter().find(|one| one.0 == id).unwrap();
        format!("{decision} {tier}")
    };
    // No price: no value.
    let lines = matches(&desk);
    for id in ["A-3", "A-5"] {
        assert_eq!(of(&lines, id), "review analyst", "{lines:#?}");
    }
    desk.write("prices.csv", by_two_sources(&PRICES.replace("NOW", &now())));
    desk.run(&["prices", "import", "prices.csv"]).ok();
    let lines = matches(&desk);
    assert_eq!(of(&lines, "A-3"), "review analyst", "{lines:#?}");
    assert_eq!(of(&lines, "A-5"), "auto automatic", "{lines:#?}");
    let above = lines
        .iter()
        .find(|line| line["appeal_id"] == "A-3")
        .unwrap();
    let gates: Vec<&Value> = above["reasons"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|reason| reason["field"] == "gate")
        .collect();
    assert_eq!(gates.len(), 1, "{gates:#?}");
    // A policy that was used is in force: going without its file is no way round it, nor is one that nobody agreed to.
    desk.run(&["--as", "ana", "claims", "open", "D-1"]).ok();
    desk.run(&["--as", "ana", "quote", "D-1"]).exits(3);
    let policy = desk.read("policy.toml");
    let lavish = policy.replace("auto_value_max = \"1000\"", "auto_value_max = \"1000000\"");
    assert_ne!(lavish, policy);
    desk.write("policy.toml", lavish);
    assert_eq!(of(&matches(&desk), "A-3"), "review analyst");
    std::fs::remove_file(desk.path("policy.toml")).unwrap();
    assert_eq!(of(&matches(&desk), "A-3"), "review analyst");
}

#[test]
fn without_any_policy_a_match_says_only_what_the_evidence_says() {
    let desk = Desk::new();
    desk.run(&["init"]).ok();
    std::fs::remove_file(desk.path("policy.toml")).unwrap();
    desk.write("deposits.csv", DEPOSITS);
    desk.write("book.csv", BOOK);
    desk.write("appeals.csv", APPEALS);
    desk.run(&["addresses", "import", "book.csv"]).ok();
    desk.run(&["deposits", "import", "deposits.csv"]).ok();
    desk.run(&["appeals", "import", "appeals.csv"]).ok();
    let lines = matches(&desk);
    let all = decisions(&lines);
    assert!(all.contains(&("A-5", "auto", "automatic")), "{all:?}");
    // Nothing can be paid without one.
    desk.run(&["--as", "ana", "quote", "D-3"])
        .exits(3)
        .says(&["no policy is loaded"]);
}

#[test]
fn a_wallet_that_turns_out_to_be_anothers_too_is_evidence_no_longer() {
    let desk = unpriced_desk();
    desk.write("prices.csv", by_two_sources(&PRICES.replace("NOW", &now())));
    desk.run(&["prices", "import", "prices.csv"]).ok();
    let sender = "r32WgcxKER33NcPXobkEa7EfCPZJmxctHp";
    let transaction = "A2ACEF1D0E39B76933522EAF42C58BEA5FF12EAAD0CFECB991530FA0DCB08D99";
    let head = DEPOSITS.lines().next().unwrap();
    desk.write(
        "more.csv",
        format!(
            "{head}\nD-9,XRP,{transaction},0,93000019,2025-06-01T12:30:00Z,{sender},\
             r3yhUPqBJKgd7hjD7d8VgUBsFkikzT71XE,XRP,70,,missing_memo\n"
        ),
    );
    desk.run(&["deposits", "import", "more.csv"]).ok();
    let head = APPEALS.lines().next().unwrap();
    desk.write(
        "more.csv",
        format!("{head}\nA-9,U-8,2025-06-01T13:00:00Z,{transaction},ripple,XRP,70,,,,,none,,\n"),
    );
    desk.run(&["appeals", "import", "more.csv"]).ok();
    let row = |user: &str| format!("user_id,role,family,value\n{user},past_sender,xrpl,{sender}\n");
    let of = |id: &str| {
        let lines = matches(&desk);
        let line = lines.iter().find(|line| line["appeal_id"] == id).unwrap();
        line["decision"].as_str().unwrap().to_owned()
    };
    desk.write("more.csv", row("U-8"));
    desk.run(&["addresses", "import", "more.csv"]).ok();
    assert_eq!(of("A-9"), "auto");
    // The other user asks for nothing, and is heard all the same.
    desk.write("more.csv", row("U-77"));
    desk.run(&["addresses", "import", "more.csv"]).ok();
    assert_eq!(of("A-9"), "review");
}

#[test]
fn a_closed_appeal_is_not_matched() {
    let desk = desk();
    desk.run(&[
        "--as", "ana", "appeals", "close", "A-4", "--reason", "answered",
    ])
    .ok();
    assert_eq!(matches(&desk).len(), 4);
    // Importing the old file again does not open it.
    desk.run(&["appeals", "import", "appeals.csv"]).ok();
    assert_eq!(matches(&desk).len(), 4);
}

#[test]
fn a_match_is_taken_back_before_anything_left_the_house() {
    let desk = desk();
    let undo = |person: &str, more: &[&str]| {
        let arguments = [
            &["--as", person, "--format", "json", "match", "undo", "A-3"],
            more,
        ];
        desk.run(&arguments.concat())
    };
    let why = &["--reason", "another customer"][..];
    // Nothing was matched yet, and not everybody may.
    undo("ana", why).exits(3).says(&["A-3", "no deposit"]);
    assert_eq!(matches(&desk).len(), 5);
    undo("chidi", why).exits(3).says(&["specialist"]);
    undo("ana", &["--reason", " "]).exits(2);
    desk.run(&["--as", "ana", "match", "undo", "A-99", "--reason", "x"])
        .exits(2)
        .says(&["A-99", "appeals list"]);
    let arguments = ["claims", "open", "D-2", "--appeal", "A-3"];
    let open = [&["--as", "ana", "--format", "json"][..], &arguments].concat();
    let claim = desk.run(&open).ok().json();
    let dry = undo("bruno", &[why, &["--dry-run"]].concat()).ok().json();
    assert_eq!(
        (&dry["dry_run"], &dry["claim_id"]),
        (&true.into(), &claim["id"])
    );
    assert_eq!(desk.json(&["appeals", "show", "A-3"])["status"], "matched");

    let key = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318";
    let reason = format!("he wrote my private key is {key}");
    let done = undo("bruno", &["--reason", &reason]).ok().json();
    assert_eq!(
        (&done["deposit_id"], &done["claim_id"], &done["dry_run"]),
        (&"D-2".into(), &claim["id"], &false.into())
    );
    let shown = desk.json(&["claims", "show", claim["id"].as_str().unwrap()]);
    assert!(shown.to_string().contains("cancelled"), "{shown}");
    let appeal = desk.json(&["appeals", "show", "A-3"]);
    assert_eq!(appeal["status"], "received");
    assert!(appeal["match"].is_null(), "{appeal}");
    let taken = &appeal["taken_back"][0];
    assert_eq!(
        (&taken["deposit_id"], &taken["person"]),
        (&"D-2".into(), &"bruno".into())
    );
    assert!(
        taken["reason"].as_str().unwrap().contains("he wrote"),
        "{taken}"
    );
    let log = desk.run(&["--format", "json", "audit", "verify"]).ok();
    for text in [appeal.to_string(), shown.to_string(), log.out] {
        assert!(!text.contains(key), "{text}");
    }
    assert!(
        !String::from_utf8_lossy(&std::fs::read(desk.path("recover.db")).unwrap()).contains(key)
    );

    // Neither `match` nor the nightly job brings the pair back; the others stay as they were.
    for again in 0..2 {
        let lines = matches(&desk);
        let of = |id: &str| lines.iter().find(|line| line["appeal_id"] == id).unwrap();
        assert_eq!(of("A-3")["decision"], "none", "run {again}: {}", of("A-3"));
        assert!(of("A-3")["deposit_id"].is_null());
        assert!(
            of("A-3").to_string().contains("taken_back"),
            "{}",
            of("A-3")
        );
        assert_eq!(of("A-1")["deposit_id"], "D-1", "{}", of("A-1"));
        desk.run(&["reconcile", "--offline"]);
    }
    let page = desk.run(&["appeals", "show", "A-3"]).ok().out;
    assert!(
        page.contains("taken back") && page.contains("bruno"),
        "{page}"
    );
    undo("ana", why).exits(3).says(&["bruno", "D-2"]);
    // A person may still decide for the pair.
    desk.run(&open).ok();
}

#[test]
fn the_tables_read_well() {
    let desk = desk();
    insta::assert_snapshot!("deposits_table", desk.run(&["deposits", "list"]).ok().out);
    desk.run(&["match"]).ok();
    // How long the customers have waited grows every day.
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"\b\d+ d\b", "N d");
    settings.add_filter(r" +┆", " ┆");
    settings.add_filter(r"[─═]+", "─");
    settings.bind(|| {
        insta::assert_snapshot!("appeals_table", desk.run(&["appeals", "list"]).ok().out);
    });
    insta::assert_snapshot!("match_table", desk.run(&["match"]).ok().out);
}

#[test]
fn exports_are_safe_for_a_spreadsheet() {
    let desk = desk();
    desk.run(&["deposits", "export", "out.csv"]).ok();
    let text = desk.read("out.csv");
    assert_eq!(text.lines().count(), 4, "{text}");
    assert!(text.starts_with("id,network,tx_id,position,"), "{text}");
    let lists = rows(desk.json(&["deposits", "list", "--network", "bsc"]));
    assert_eq!(lists.len(), 1);
}

/// The labelled sample of the matching benchmark, on networks that have no adapter yet as well.
#[test]
fn a_sample_of_the_benchmark_gives_a_line_for_each_appeal() {
    let desk = Desk::new();
    desk.run(&["init"]).ok();
    let sample = |name: &str| {
        let path = crate::desk::workspace("fixtures/matching").join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        desk.write(name, &text);
        text
    };
    let appeals = sample("appeals.csv");
    for (noun, name) in [
        ("addresses", "address_book.csv"),
        ("deposits", "deposits.csv"),
        ("appeals", "appeals.csv"),
    ] {
        sample(name);
        desk.run(&[noun, "import", name]).ok();
    }
    let expected: BTreeSet<&str> = appeals
        .lines()
        .skip(1)
        .filter_map(|row| row.split(',').next())
        .collect();
    let lines = matches(&desk);
    let found: BTreeSet<&str> = lines
        .iter()
        .map(|line| line["appeal_id"].as_str().unwrap())
        .collect();
    assert_eq!(lines.len(), found.len(), "an appeal has two lines");
    assert_eq!(found, expected);
    let linked = lines
        .iter()
        .filter(|line| line["deposit_id"].is_string())
        .count();
    assert!(linked * 2 > lines.len(), "{linked} of {}", lines.len());
}
