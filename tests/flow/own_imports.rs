//! Imports: good rows load, bad rows go to a file with their line and reason, and the same file again changes nothing.

use crate::desk::{Desk, rows};

fn desk() -> Desk {
    let desk = Desk::new();
    desk.run(&["init"]).ok();
    desk
}

const ADDRESSES: &str = "\
user_id,role,family,value,network,created,retired,control
U-1,deposit_address,evm,0xde90510000000000000000000000000000000001,ethereum,,,eoa
U-2,deposit_address,evm,0xdAC17F958D2ee523a2206206994597C13D831eC7,ethereum,,,eoa
U-3,deposit_address,evm,0xde90510000000000000000000000000000000003
U-4,landlord,evm,0xde90510000000000000000000000000000000004,ethereum,,,eoa
U-5,deposit_address,evm,0xde90510000000000000000000000000000000005,atlantis,,,eoa
,deposit_address,evm,0xde90510000000000000000000000000000000006,ethereum,,,eoa
U-7,deposit_address,evm,0xde90510000000000000000000000000000000007,ethereum,yesterday,,eoa
U-8,deposit_address,evm,0xde90510000000000000000000000000000000008,ethereum,,,create2:0x01
U-9,\"deposit_address,evm,0xde90510000000000000000000000000000000009,ethereum,,,eoa
U-10,deposit_address,evm,0xde9051000000000000000000000000000000000a,bsc,2025-01-01T00:00:00Z,,eoa
";

#[test]
fn bad_rows_go_to_a_file_and_good_rows_load() {
    let desk = desk();
    desk.write("addresses.csv", ADDRESSES);
    let run = desk.run(&["addresses", "import", "addresses.csv"]).exits(1);
    assert_eq!(run.errors().len(), 1, "{}", run.err);
    let run = run.says(&[
        "8 rows were rejected",
        "line 3",
        "checksum",
        "addresses.rejected.csv",
        "2 new",
    ]);
    assert!(run.out.is_empty(), "{}", run.out);
    let loaded = rows(desk.json(&["addresses", "list"]));
    assert_eq!(loaded.len(), 2, "{loaded:?}");
    let rejected = desk.read("addresses.rejected.csv");
    insta::assert_snapshot!("addresses_rejected", rejected);
    // Mended, the reject file's rows load; the good ones are known.
    let good = ADDRESSES
        .lines()
        .filter(|line| line.starts_with("user_id") || line.starts_with("U-1"))
        .collect::<Vec<_>>()
        .join("\n");
    desk.write("addresses.csv", good);
    let run = desk.run(&["addresses", "import", "addresses.csv"]).ok();
    run.says(&["0 new, 0 updated, 2 unchanged"]);
}

#[test]
fn bytes_that_are_no_text_and_odd_line_ends_cost_their_row_only() {
    let desk = desk();
    let mut bytes = b"\xef\xbb\xbfuser_id;role;family;value\r\n".to_vec();
    bytes.extend(b"U-1;deposit;evm;0xde90510000000000000000000000000000000001\r\n");
    bytes.extend(b"U-2;deposit;evm;0xde9051\xff\xfe0000000000000000000000000002\r\n\r\n");
    bytes.extend(b"U-3;deposit;evm;0xde90510000000000000000000000000000000003");
    desk.write("addresses.csv", bytes);
    desk.run(&["addresses", "import", "addresses.csv"])
        .exits(1)
        .says(&["2 new", "UTF-8"]);
    assert_eq!(rows(desk.json(&["addresses", "list"])).len(), 2);
}

#[test]
fn columns_that_are_not_understood_refuse_the_file_whole() {
    let desk = desk();
    desk.write(
        "addresses.csv",
        "customer,wallet\nU-1,0xde90510000000000000000000000000000000001\n",
    );
    let run = desk.run(&["addresses", "import", "addresses.csv"]).exits(1);
    assert_eq!(run.errors().len(), 1, "{}", run.err);
    run.says(&["addresses.csv", "user_id"]);
    assert!(rows(desk.json(&["addresses", "list"])).is_empty());
    // Renamed by a map it loads.
    desk.write(
        "theirs.csv",
        "customer,what,kind,wallet\nU-1,deposit,evm,0xde90510000000000000000000000000000000001\n",
    );
    desk.write(
        "map.toml",
        "customer = \"user_id\"\nwhat = \"role\"\nkind = \"family\"\nwallet = \"value\"\n",
    );
    desk.run(&["addresses", "import", "theirs.csv", "--map", "map.toml"])
        .ok()
        .says(&["1 new"]);
    desk.write("empty.csv", "");
    desk.run(&["addresses", "import", "empty.csv"])
        .exits(1)
        .says(&["empty.csv"]);
}

const LEDGER: &str = "\
id,kind,time,time_to,user_id,network,tx_id,position,address,asset,amount,state
C-1,coverage,2025-01-01T00:00:00Z,2025-12-31T00:00:00Z,,ethereum,,,,,,
L-1,credited,2025-06-01T00:00:00Z,,U-1,ethereum,0xabababababababababababababababababababababababababababababababab,value,0xde90510000000000000000000000000000000001,native,1.5,
A-1,account,2025-06-01T00:00:00Z,,U-2,,,,,,,closed
";

#[test]
fn a_ledger_with_a_bad_row_is_not_taken_as_complete() {
    let desk = desk();
    let bad = "L-2,credited,2025-06-01T00:00:00Z,,U-1,ethereum,0x12,value,,native,1,\n";
    desk.write("ledger.csv", format!("{LEDGER}{bad}"));
    let run = desk.run(&["ledger", "import", "ledger.csv"]).exits(1);
    run.says(&["NOT taken as complete", "ethereum", "1 rows were rejected"]);
    assert!(rows(desk.json(&["ledger", "coverage"])).is_empty());
    desk.write("ledger.csv", LEDGER);
    desk.run(&["ledger", "import", "ledger.csv"])
        .ok()
        .says(&["ledger complete for ethereum"]);
    assert_eq!(rows(desk.json(&["ledger", "coverage"])).len(), 1);
    let run = desk.run(&["ledger", "import", "ledger.csv"]).ok();
    run.says(&["0 new, 0 updated"]);
    assert_eq!(rows(desk.json(&["ledger", "coverage"])).len(), 1);
}

#[test]
fn coverage_can_be_named_on_the_command_line_as_the_help_says() {
    let desk = desk();
    desk.write("ledger.csv", LEDGER.lines().next().unwrap());
    let help = desk.run(&["ledger", "import", "--help"]).ok().out;
    assert!(help.contains("NETWORK=FROM..TO"), "{help}");
    let covers = "bsc=2025-01-01T00:00:00Z..2025-12-31T00:00:00Z";
    desk.run(&["ledger", "import", "ledger.csv", "--covers", covers])
        .ok();
    let covered = rows(desk.json(&["ledger", "coverage"]));
    assert_eq!(covered.len(), 1, "{covered:?}");
    assert_eq!(covered[0]["network"], "bsc");
    for wrong in [
        "bsc",
        "bsc=2025",
        "bsc=2025-12-31T00:00:00Z..2025-01-01T00:00:00Z",
        "atlantis=2025-01-01T00:00:00Z..2025-12-31T00:00:00Z",
    ] {
        let run = desk.run(&["ledger", "import", "ledger.csv", "--covers", wrong]);
        assert!(matches!(run.code, Some(1 | 2)), "{wrong}: {}", run.err);
        assert_eq!(run.errors().len(), 1, "{}", run.err);
    }
}

#[test]
fn prices_are_exact_or_rejected() {
    let desk = desk();
    desk.write(
        "prices.csv",
        "asset,currency,price,time,source\n\
         ethereum/native,USD,3000.123456789012345678,2025-06-01T00:00:00Z,test\n\
         ethereum/native,USD,1e3,2025-06-01T00:00:00Z,test\n\
         ethereum/native,USD,-1,2025-06-01T00:00:00Z,test\n\
         ethereum/native,USD,0,2025-06-01T00:00:00Z,test\n\
         ethereum/native,USD,\"1,000\",2025-06-01T00:00:00Z,test\n\
         bsc/native,usd,1,2025-06-01T00:00:00Z,test\n\
         bsc/native,USD,600,2025-06-01,test\n",
    );
    let run = desk.run(&["prices", "import", "prices.csv"]).exits(1);
    run.says(&["6 rows were rejected", "1 new"]);
    assert_eq!(desk.read("prices.rejected.csv").lines().count(), 7);
}

#[test]
fn a_row_of_a_hundred_thousand_letters_and_a_formula_harm_nobody() {
    let desk = desk();
    let long = "x".repeat(400_000);
    desk.write(
        "appeals.csv",
        format!(
            "appeal_id,user_id,created_at,free_text\n\
             AP-1,U-1,2025-06-01T00:00:00Z,=HYPERLINK(\"\"http://example.invalid\"\")\n\
             AP-2,U-1,2025-06-01T00:00:00Z,{long}\n\
             AP-3,U-1,2025-06-01T00:00:00Z,\"two\nlines \u{1b}[2J\"\n"
        ),
    );
    desk.run(&["appeals", "import", "appeals.csv"])
        .exits(1)
        .says(&["2 new"]);
    let appeals = rows(desk.json(&["appeals", "list"]));
    assert_eq!(appeals.len(), 2, "{appeals:?}");
    let shown = desk.run(&["appeals", "show", "AP-3"]).ok().out;
    assert!(
        !shown.contains('\u{1b}'),
        "a terminal must not be steered by a customer"
    );
}

#[test]
fn rows_of_bitcoin_that_could_not_be_spent_from_say_what_to_write() {
    const KEY: &str = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
    let desk = desk();
    let rows = [
        (
            "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH,dogecoin,,,key",
            "no address of dogecoin",
        ),
        (
            "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH,bitcoin,,,create",
            "an output descriptor",
        ),
        (
            &format!("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4,bitcoin,,,wpkh({KEY})#aaaaaaaa"),
            "checksum",
        ),
    ];
    for (row, reason) in rows {
        desk.write(
            "addresses.csv",
            format!("user_id,role,family,value,network,created,retired,control\nU-1,deposit_address,bitcoin,{row}\n"),
        );
        desk.run(&["addresses", "import", "addresses.csv"])
            .exits(1)
            .says(&["1 rows were rejected", reason]);
    }
    // What Bitcoin and its forks write alike is each one's.
    for network in ["bitcoin", "bitcoin-cash", "bitcoin-sv"] {
        desk.write(
            "addresses.csv",
            format!("user_id,role,family,value,network,control\nU-1,deposit_address,bitcoin,1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH,{network},key\n"),
        );
        desk.run(&["addresses", "import", "addresses.csv"]).ok();
    }
}
