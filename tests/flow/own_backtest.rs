//! A desk's closed cases beside what the program would have done: every class with its exact sum, and nothing written.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use recover_testkit::cases::{Cases, profile};
use serde_json::Value;

use crate::desk::{Desk, by_two_sources};

const DEPOSITS: &str = "\
deposit_id,chain,tx_id,output_index,block_height,block_time,from_address,to_address,asset,amount,memo,orphan_reason
D-1,ETH,0x1100000000000000000000000000000000000000000000000000000000000001,0,1,2025-06-01T10:00:00Z,0x00000000000000000000000000000000000000a1,0xde90510000000000000000000000000000000001,USDT,250,,missed_credit
D-2,BSC,0x2200000000000000000000000000000000000000000000000000000000000002,0,2,2025-06-01T11:00:00Z,0x00000000000000000000000000000000000000a2,0xde90510000000000000000000000000000000002,BNB,1.25,,missed_credit
D-3,XRP,A2ACEF1D0E39B76933522EAF42C58BEA5FF12EAAD0CFECB991530FA0DCB08D86,0,3,2025-06-01T12:00:00Z,r32WgcxKER33NcPXobkEa7EfCPZJmxctHp,r3yhUPqBJKgd7hjD7d8VgUBsFkikzT71XE,XRP,5000,898620041,unknown_memo
D-4,XRP,A2ACEF1D0E39B76933522EAF42C58BEA5FF12EAAD0CFECB991530FA0DCB08D87,0,4,2025-06-01T12:00:00Z,r32WgcxKER33NcPXobkEa7EfCPZJmxctHp,r3yhUPqBJKgd7hjD7d8VgUBsFkikzT71XE,XRP,100,,missing_memo
D-5,ETH,0x5500000000000000000000000000000000000000000000000000000000000005,0,5,2025-06-01T10:00:00Z,0x00000000000000000000000000000000000000a1,0xde90510000000000000000000000000000000005,USDT,90,,missed_credit
D-6,ETH,0x6600000000000000000000000000000000000000000000000000000000000006,0,6,2025-06-01T10:00:00Z,0x00000000000000000000000000000000000000a1,0xde90510000000000000000000000000000000006,USDT,40,,missed_credit
D-7,ETH,0x7700000000000000000000000000000000000000000000000000000000000007,0,7,2025-06-01T10:00:00Z,0x00000000000000000000000000000000000000a1,0xde90510000000000000000000000000000000007,TK0000,10,,unlisted_token
D-8,ETH,0x8800000000000000000000000000000000000000000000000000000000000008,0,8,2025-05-01T10:00:00Z,0x00000000000000000000000000000000000000a8,0xde90510000000000000000000000000000000005,USDT,60,,missed_credit
D-9,ETH,0x9900000000000000000000000000000000000000000000000000000000000009,0,9,2025-06-01T10:00:00Z,0x00000000000000000000000000000000000000a1,0xde90510000000000000000000000000000000009,USDT,33,,fake_token
D-10,ETH,0xaa00000000000000000000000000000000000000000000000000000000000010,0,10,2025-06-01T10:00:00Z,0x00000000000000000000000000000000000000a1,0xde90510000000000000000000000000000000010,USDT,1000,,missed_credit
D-12,XRP,A2ACEF1D0E39B76933522EAF42C58BEA5FF12EAAD0CFECB991530FA0DCB08D88,0,12,2025-06-01T15:00:00Z,r32WgcxKER33NcPXobkEa7EfCPZJmxctHp,r3yhUPqBJKgd7hjD7d8VgUBsFkikzT71XE,XRP,50,,missing_memo
D-15,ETH,0xbb00000000000000000000000000000000000000000000000000000000000015,0,15,2025-09-01T10:00:00Z,0x00000000000000000000000000000000000000a1,0xde90510000000000000000000000000000000015,USDT,7,,missed_credit
D-16,ETH,0xcc00000000000000000000000000000000000000000000000000000000000016,0,16,2025-06-01T10:00:00Z,0x00000000000000000000000000000000000000a1,0xde90510000000000000000000000000000000016,USDT,16,,missed_credit
";

const BOOK: &str = "\
user_id,role,family,value
U-1,deposit_address,evm,0xde90510000000000000000000000000000000001
U-2,deposit_address,evm,0xde90510000000000000000000000000000000002
U-3,assigned_memo,xrp,898620041
U-5,deposit_address,evm,0xde90510000000000000000000000000000000005
U-6,deposit_address,evm,0xde90510000000000000000000000000000000006
U-7,deposit_address,evm,0xde90510000000000000000000000000000000007
U-8,deposit_address,evm,0xde90510000000000000000000000000000000009
U-10,deposit_address,evm,0xde90510000000000000000000000000000000010
U-15,deposit_address,evm,0xde90510000000000000000000000000000000015
U-16,deposit_address,evm,0xde90510000000000000000000000000000000016
";

/// The first row is how a case of the file was booked, the second an earlier booking of what a case paid again.
const LEDGER: &str = "\
id,kind,time,user_id,network,tx_id,address,asset,amount
L-1,credited,2025-06-10T00:00:00Z,U-1,ethereum,0x1100000000000000000000000000000000000000000000000000000000000001,0xde90510000000000000000000000000000000001,USDT,250
L-16,credited,2025-06-01T11:00:00Z,U-16,ethereum,0xcc00000000000000000000000000000000000000000000000000000000000016,,,
";

const PRICES: &str = "\
asset,currency,price,time,source
USDT,USD,1,2025-01-01T00:00:00Z,desk
BNB,USD,700,2025-01-01T00:00:00Z,desk
XRP,USD,2.3,2025-01-01T00:00:00Z,desk
XRP,USD,9,2025-12-01T00:00:00Z,desk
";

const HEADER: &str = "appeal_id,user_id,created_at,claimed_txid,claimed_network,claimed_asset,claimed_amount,claimed_to_address,\
outcome,outcome_deposit_id,outcome_tx_id,outcome_network,outcome_user_id,outcome_amount,outcome_fee,fee_asset,outcome_code,closed_at,evidence";

/// Case, user, transaction in the appeal, then outcome to code.
const CASES: &[&str] = &[
    "C-1,U-1,2025-06-02T00:00:00Z,0x1100000000000000000000000000000000000000000000000000000000000001,ERC20,USDT,250,0xde90510000000000000000000000000000000001,credited,,0x1100000000000000000000000000000000000000000000000000000000000001,ETH,,,0,USD,,2025-06-10T00:00:00Z,",
    "C-2,U-2,2025-06-02T00:00:00Z,0x2200000000000000000000000000000000000000000000000000000000000002,BEP20,BNB,1.25,0xde90510000000000000000000000000000000002,Rejected,,,,,,,,unsupported,2025-06-10T00:00:00Z,",
    "C-3,U-3,2025-06-02T00:00:00Z,A2ACEF1D0E39B76933522EAF42C58BEA5FF12EAAD0CFECB991530FA0DCB08D86,XRP,XRP,5000,r3yhUPqBJKgd7hjD7d8VgUBsFkikzT71XE,credited,D-3,,,U-9,,,,,2025-06-10T00:00:00Z,",
    "C-4,U-4,2025-06-02T00:00:00Z,A2ACEF1D0E39B76933522EAF42C58BEA5FF12EAAD0CFECB991530FA0DCB08D87,XRP,XRP,100,r3yhUPqBJKgd7hjD7d8VgUBsFkikzT71XE,credited,D-4,,,,,,,,2025-06-10T00:00:00Z,video",
    "C-5,U-5,2025-06-02T00:00:00Z,0x5500000000000000000000000000000000000000000000000000000000000005,ERC20,USDT,90,0xde90510000000000000000000000000000000005,paid,D-8,,,,,,,,2025-06-10T00:00:00Z,",
    "C-6,U-6,2025-06-02T00:00:00Z,0x6600000000000000000000000000000000000000000000000000000000000006,ERC20,USDT,40,0xde90510000000000000000000000000000000006,credited,D-6,,,,,,,,2025-06-10T00:00:00Z,",
    "C-6b,U-6,2025-06-12T00:00:00Z,0x6600000000000000000000000000000000000000000000000000000000000006,ERC20,USDT,40,0xde90510000000000000000000000000000000006,credited,D-6,,,,,,,,2025-06-20T00:00:00Z,",
    "C-7,U-7,2025-06-02T00:00:00Z,0x7700000000000000000000000000000000000000000000000000000000000007,ERC20,TK0000,10,0xde90510000000000000000000000000000000007,credited,D-7,,,,,,,,2025-06-10T00:00:00Z,",
    "C-8,U-8,2025-06-02T00:00:00Z,0x9900000000000000000000000000000000000000000000000000000000000009,ERC20,USDT,33,0xde90510000000000000000000000000000000009,credited,D-9,,,,,,,,2025-06-10T00:00:00Z,",
    "C-10,U-10,2025-06-02T00:00:00Z,0xaa00000000000000000000000000000000000000000000000000000000000010,ERC20,USDT,1000,0xde90510000000000000000000000000000000010,credited,D-10,,,,987.5,,,,2025-06-10T00:00:00Z,",
    "C-11,U-11,2025-06-02T00:00:00Z,,,,,,refunded,D-404,,,,,,,,2025-06-10T00:00:00Z,",
    "C-12,U-12,2025-06-02T00:00:00Z,A2ACEF1D0E39B76933522EAF42C58BEA5FF12EAAD0CFECB991530FA0DCB08D88,XRP,XRP,50,r3yhUPqBJKgd7hjD7d8VgUBsFkikzT71XE,no reply,,,,,,,,,2025-06-10T00:00:00Z,",
    "C-14,U-14,2025-06-02T00:00:00Z,,,,,,denied,,,,,,,,,2025-06-10T00:00:00Z,",
    "C-15,U-15,2025-06-02T00:00:00Z,0xbb00000000000000000000000000000000000000000000000000000000000015,ERC20,USDT,7,0xde90510000000000000000000000000000000015,credited,D-15,,,,,,,,2025-06-10T00:00:00Z,",
    "C-16,U-16,2025-06-02T00:00:00Z,0xcc00000000000000000000000000000000000000000000000000000000000016,ERC20,USDT,16,0xde90510000000000000000000000000000000016,credited,D-16,,,,,,,,2025-06-10T00:00:00Z,",
];

fn desk() -> Desk {
    let desk = Desk::new();
    desk.run(&["init"]).ok();
    desk.write("book.csv", BOOK);
    desk.write("deposits.csv", DEPOSITS);
    desk.write("ledger.csv", LEDGER);
    desk.write("prices.csv", by_two_sources(PRICES));
    desk.write("closed.csv", format!("{HEADER}\n{}\n", CASES.join("\n")));
    for noun in ["addresses", "deposits", "ledger", "prices"] {
        let file = if noun == "addresses" { "book" } else { noun };
        desk.run(&[noun, "import", &format!("{file}.csv")]).ok();
    }
    desk
}

/// Class to count, sum and cases of unknown value.
fn classes(report: &Value) -> BTreeMap<String, (u64, String, u64)> {
    let rows = report["classes"].as_array().unwrap();
    rows.iter()
        .map(|row| {
            let sum = row["sum"].as_str().unwrap().to_owned();
            let class = row["class"].as_str().unwrap().to_owned();
            let count = row["count"].as_u64().unwrap();
            (class, (count, sum, row["unknown"].as_u64().unwrap()))
        })
        .collect()
}

/// The cases of a class.
fn ids<'a>(report: &'a Value, class: &str) -> Vec<&'a str> {
    let rows = report["classes"].as_array().unwrap();
    let row = rows.iter().find(|row| row["class"] == class);
    let ids = row.and_then(|row| row["case_ids"].as_array());
    ids.into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

#[test]
fn every_class_has_its_cases_and_its_exact_sum() {
    let desk = desk();
    let before = fs::read(desk.path("recover.db")).unwrap();
    let report = desk.json(&["backtest", "closed.csv"]);
    let expected: BTreeMap<String, (u64, String, u64)> = [
        // 40 USDT in C-6b, 16 in C-16.
        ("paid_twice", 2, "56.00", 0),
        ("other_user", 1, "11500.00", 0),
        ("paid_without_evidence", 1, "230.00", 0),
        ("we_would_refuse", 2, "40.00", 0),
        ("other_deposit", 1, "60.00", 0),
        ("desk_refused_recoverable", 1, "875.00", 0),
        ("fee_differs", 1, "12.50", 0),
        ("deposit_missing", 1, "0.00", 1),
        ("needs_person", 1, "115.00", 0),
        // 250 in C-1 and 40 in C-6; C-7 has no price, C-14 is about no money.
        ("agree", 4, "290.00", 1),
    ]
    .map(|(class, count, sum, unknown)| (class.to_owned(), (count, sum.to_owned(), unknown)))
    .into();
    assert_eq!(classes(&report), expected, "{report:#}");
    for (class, cases) in [
        ("paid_twice", vec!["C-6b", "C-16"]),
        ("other_user", vec!["C-3"]),
        ("paid_without_evidence", vec!["C-4"]),
        ("we_would_refuse", vec!["C-8", "C-15"]),
        ("other_deposit", vec!["C-5"]),
        ("desk_refused_recoverable", vec!["C-2"]),
        ("fee_differs", vec!["C-10"]),
        ("deposit_missing", vec!["C-11"]),
        ("needs_person", vec!["C-12"]),
        ("agree", vec!["C-1", "C-6", "C-7", "C-14"]),
    ] {
        assert_eq!(ids(&report, class), cases, "{class}");
    }
    assert_eq!(report["cases"], 15);
    assert_eq!(report["compared"], 13);
    assert_eq!(report["disagreeing"], 9);
    assert_eq!(
        report["ledger_rows_set_aside"], 1,
        "L-1 books C-1, L-16 books nothing of the file"
    );
    assert_eq!(report["fee_over"], "12.50");
    // Priced as of the closing: 2.3, never the 9 of December.
    let xrp = report["prices"].as_array().unwrap();
    assert!(xrp.iter().all(|price| price["price"] != "9"), "{xrp:?}");
    // Where both say the same either is named.
    assert!(
        xrp.iter().all(|price| price["basis"] == "at_closing"
            && (price["source"] == "desk" || price["source"] == "second")),
        "{xrp:?}"
    );
    assert_eq!(report["unpriced"][0]["cases"], 1);
    assert_eq!(
        fs::read(desk.path("recover.db")).unwrap(),
        before,
        "a backtest only reads"
    );
    assert_eq!(desk.json(&["appeals", "list"]), Value::Array(vec![]));
}

#[test]
fn people_read_totals_first_and_one_case_side_by_side() {
    let desk = desk();
    let page = desk
        .run(&["backtest", "closed.csv", "--html", "report.html"])
        .ok();
    for text in [
        "15 cases; 13 can be compared: 4 agree (30.7 %), 9 do not (69.2 %).",
        "11,500.00",
        "paid_without_evidence",
        "The dearest cases at odds:",
    ] {
        assert!(page.out.contains(text), "{text}:\n{}", page.out);
    }
    let html = desk.read("report.html");
    for text in [
        "<h1>Backtest of closed cases</h1>",
        "11,500.00",
        "D-3 (5000 XRP",
    ] {
        assert!(html.contains(text), "{text}:\n{html}");
    }
    for foreign in [
        "<script", "src=", "href=", "http://", "https://", "@import", "url(",
    ] {
        assert!(!html.contains(foreign), "{foreign}:\n{html}");
    }
    let case = desk
        .run(&["backtest", "closed.csv", "--case", "C-3"])
        .ok()
        .out;
    for text in [
        "the desk",
        "other_user",
        "U-9",
        "its memo is assigned to U-3",
        "11,500.00 USD at 2.3",
    ] {
        assert!(case.contains(text), "{text}:\n{case}");
    }
    desk.run(&["backtest", "closed.csv", "--case", "C-99"])
        .exits(2)
        .says(&["'C-99'"]);
    let csv = desk
        .run(&["--format", "csv", "backtest", "closed.csv"])
        .ok()
        .out;
    assert_eq!(csv.lines().count(), 16, "{csv}");
}

#[test]
fn the_same_file_in_another_order_gives_the_same_classes() {
    let desk = desk();
    let sorted = |report: &Value| {
        let mut results = report["results"].as_array().unwrap().clone();
        results.sort_by_key(|row| row["case_id"].as_str().unwrap().to_owned());
        for row in &mut results {
            row["price_id"] = Value::Null;
        }
        results
    };
    let first = sorted(&desk.json(&["backtest", "closed.csv"]));
    let mut cases = CASES.to_vec();
    cases.reverse();
    desk.write("turned.csv", format!("{HEADER}\n{}\n", cases.join("\n")));
    assert_eq!(sorted(&desk.json(&["backtest", "turned.csv"])), first);
}

#[test]
fn nonsense_is_refused_or_told_by_its_line() {
    let desk = desk();
    for (name, text) in [
        ("empty.csv", Vec::new()),
        ("junk.csv", vec![0u8, 159, 146, 150, 10, 0]),
        ("other.csv", b"a,b,c\n1,2,3\n".to_vec()),
        (
            "appeals.csv",
            b"appeal_id,user_id,created_at\nA,U,2025-01-01T00:00:00Z\n".to_vec(),
        ),
    ] {
        desk.write(name, text);
        let run = desk.run(&["backtest", name]).exits(1);
        assert_eq!(run.errors().len(), 1, "{name}:\n{}", run.err);
    }
    let good = CASES[0];
    let rows = [
        good.to_owned(),
        good.to_owned(),
        good.replace("C-1,", "C-a,").replace("credited", "maybe"),
        good.replace("C-1,", "C-b,")
            .replace("2025-06-10T", "2025-05-10T"),
        good.replace("C-1,", "C-c,")
            .replace(",0,USD", ",nought,USD"),
        good.replace("C-1,", "C-d,")
            .replace(",ETH,", ",NoSuchChain,"),
        "only,three,fields".to_owned(),
    ];
    desk.write("bad.csv", format!("{HEADER}\n{}\n", rows.join("\n")));
    let run = desk
        .run(&["--format", "json", "backtest", "bad.csv"])
        .exits(1);
    let report = run.json();
    assert_eq!(classes(&report)["agree"], (1, "250.00".to_owned(), 0));
    assert_eq!(classes(&report)["unreadable"].0, 6);
    assert_eq!(
        ids(&report, "unreadable"),
        ["C-1", "line 4", "line 5", "line 6", "line 7", "line 8"]
    );
    let rejects = desk.read("bad.rejected.csv");
    assert_eq!(rejects.lines().count(), 6, "{rejects}");
    assert!(rejects.contains("'maybe' is no outcome"), "{rejects}");
    // Without a policy there is nothing to compare fees with, and without a database nothing at all.
    fs::remove_file(desk.path("policy.toml")).unwrap();
    desk.run(&["backtest", "closed.csv"]).exits(3);
    let nowhere = Desk::new();
    nowhere.run(&["init"]).ok();
    nowhere.write("closed.csv", format!("{HEADER}\n{good}\n"));
    nowhere.run(&["backtest", "closed.csv"]).exits(1);
    assert!(!nowhere.path("recover.db").exists(), "it makes no database");
}

#[test]
fn columns_are_renamed_by_a_map() {
    let desk = desk();
    let header = HEADER
        .replace("outcome,", "result,")
        .replace("closed_at", "done");
    desk.write("theirs.csv", format!("{header}\n{}\n", CASES[0]));
    desk.run(&["backtest", "theirs.csv"]).exits(1);
    desk.write("map.toml", "result = \"outcome\"\ndone = \"closed_at\"\n");
    let report = desk.json(&["backtest", "theirs.csv", "--map", "map.toml"]);
    assert_eq!(classes(&report)["agree"], (1, "250.00".to_owned(), 0));
}

/// A file as rows of cells, the header apart.
fn read_csv(path: &std::path::Path) -> (Vec<String>, Vec<Vec<String>>) {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let cells = |record: &csv::StringRecord| record.iter().map(str::to_owned).collect::<Vec<_>>();
    let header = cells(reader.headers().unwrap());
    let rows = reader.records().map(|row| cells(&row.unwrap())).collect();
    (header, rows)
}

/// What a desk that knew the truth would have done, a row a case: the appeal's cells, then outcome, deposit, payee, fee, code.
fn ideal(folder: &std::path::Path) -> (Vec<String>, Vec<Vec<String>>) {
    let (mut header, mut rows) = read_csv(&folder.join("appeals.csv"));
    let (names, truths) = read_csv(&folder.join("truth.csv"));
    let at = |name: &str| names.iter().position(|own| own == name).unwrap();
    let (deposit, credit, kind) = (at("deposit_id"), at("should_credit"), at("kind"));
    let created = header.iter().position(|own| own == "created_at").unwrap();
    header.extend(
        [
            "outcome",
            "outcome_deposit_id",
            "outcome_user_id",
            "outcome_fee",
            "outcome_code",
            "closed_at",
        ]
        .map(str::to_owned),
    );
    let mut paid = std::collections::BTreeSet::new();
    for (row, truth) in rows.iter_mut().zip(&truths) {
        assert_eq!(row[0], truth[0]);
        let opened = recover_core::time::Timestamp::parse(&row[created]).unwrap();
        let closed = opened.plus_seconds(30 * 86_400).unwrap().to_string();
        let is_paid = truth[credit] == "1" && paid.insert(truth[deposit].clone());
        let cells = if is_paid {
            ["credited", &truth[deposit], "", "", "", &closed]
        } else {
            ["refused", "", "", "", &truth[kind], &closed]
        };
        row.extend(cells.map(str::to_owned));
    }
    (header, rows)
}

fn write_csv(desk: &Desk, name: &str, header: &[String], rows: &[Vec<String>]) {
    let mut writer = csv::Writer::from_path(desk.path(name)).unwrap();
    writer.write_record(header).unwrap();
    for row in rows {
        writer.write_record(row).unwrap();
    }
    writer.flush().unwrap();
}

/// A made-up year of cases whose truth is known: an ideal desk is nearly always agreed with, and every mistake that is put in
/// is found.
#[test]
fn an_ideal_desk_is_agreed_with_and_every_planted_mistake_is_found() {
    const EACH: usize = 5;
    let desk = Desk::new();
    desk.run(&["init"]).ok();
    let folder = desk.path("cases");
    fs::create_dir(&folder).unwrap();
    Cases::new(400, 11, &profile("base").unwrap())
        .write(&folder)
        .unwrap();
    // An ideal desk pays small sums too: whoever refuses them by policy disagrees with it, and that is told elsewhere.
    let policy = desk
        .read("policy.toml")
        .replace("value_min = ", "# value_min = ");
    desk.write("policy.toml", policy);
    let prices = PRICES.replace("2025-01-01", "2024-01-01");
    desk.write("prices.csv", by_two_sources(&prices));
    for (noun, file) in [
        ("addresses", "cases/address_book.csv"),
        ("deposits", "cases/deposits.csv"),
        ("prices", "prices.csv"),
    ] {
        desk.run(&[noun, "import", file]).ok();
    }
    let (header, mut rows) = ideal(&folder);
    write_csv(&desk, "closed.csv", &header, &rows);
    let report = desk.json(&["backtest", "closed.csv"]);
    let mut told = String::new();
    for (class, (count, sum, unknown)) in classes(&report) {
        let _ = writeln!(told, "{class} {count} {sum} {unknown}");
    }
    println!("{told}");
    let compared = report["compared"].as_u64().unwrap();
    let agreeing = report["agreeing"].as_u64().unwrap();
    assert_eq!(ids(&report, "paid_twice"), [""; 0]);
    assert_eq!(ids(&report, "other_user"), [""; 0]);
    assert!(compared * 2 > report["cases"].as_u64().unwrap(), "{told}");
    assert!(
        agreeing * 100 >= compared * 80,
        "{agreeing} of {compared}:\n{told}"
    );

    // Cases that both would have paid without a person, and that nobody else asks for.
    let mut sure: Vec<&Value> = report["results"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| {
            row["class"] == "agree"
                && row["desk"]["outcome"] == "credited"
                && row["ours"]["decision"] == "auto"
        })
        .collect();
    // Those with a price last: a fee can only be compared there.
    sure.sort_by_key(|row| row["value"].is_string());
    let sure: Vec<&str> = sure
        .iter()
        .skip(sure.len().saturating_sub(5 * EACH))
        .map(|row| row["case_id"].as_str().unwrap())
        .collect();
    assert!(sure.len() >= 5 * EACH, "{}", sure.len());
    let column = |name: &str| header.iter().position(|own| own == name).unwrap();
    let (outcome, paid, payee, fee) = (
        column("outcome"),
        column("outcome_deposit_id"),
        column("outcome_user_id"),
        column("outcome_fee"),
    );
    let mut planted: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut again = Vec::new();
    for (place, id) in sure.iter().take(5 * EACH).enumerate() {
        let other = sure[(place + EACH) % (5 * EACH)];
        let other = rows.iter().find(|row| row[0] == other).unwrap()[paid].clone();
        let row = rows.iter_mut().find(|row| row[0] == *id).unwrap();
        let class = match place / EACH {
            0 => {
                let mut twin = row.clone();
                twin[0] = format!("{id}-again");
                again.push(twin);
                planted
                    .entry("paid_twice")
                    .or_default()
                    .push(format!("{id}-again"));
                continue;
            }
            1 => {
                row[payee] = "U-nobody".to_owned();
                "other_user"
            }
            2 => {
                row[outcome] = "refused".to_owned();
                row[paid] = String::new();
                "desk_refused_recoverable"
            }
            3 => {
                row[paid] = other;
                "other_deposit"
            }
            _ => {
                row[fee] = "123456.78".to_owned();
                "fee_differs"
            }
        };
        planted.entry(class).or_default().push((*id).to_owned());
    }
    rows.extend(again);
    write_csv(&desk, "mistakes.csv", &header, &rows);
    let report = desk.json(&["backtest", "mistakes.csv"]);
    for (class, cases) in &planted {
        assert_eq!(cases.len(), EACH);
        let found = ids(&report, class);
        for case in cases {
            assert!(
                found.contains(&case.as_str()),
                "{class}: {case} is not in {found:?}"
            );
        }
    }
}
