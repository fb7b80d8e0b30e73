//! Files and settings that are wrong: one clear line that says what and what to do, and the right exit code.

use crate::desk::{Desk, Run};

/// A desk with the files that `init` writes.
fn desk() -> Desk {
    let desk = Desk::new();
    desk.run(&["init"]).ok();
    desk
}

/// Exactly one line tells the fault, with each of these texts; nothing panicked and nothing was printed as a result.
#[track_caller]
fn one_line(run: Run, code: i32, texts: &[&str]) {
    let run = run.exits(code);
    assert_eq!(run.errors().len(), 1, "{}", run.err);
    let line = run.errors()[0];
    for text in texts {
        assert!(line.contains(text), "'{text}' should stand in:\n{line}");
    }
    assert!(!run.err.contains("panicked"), "{}", run.err);
    assert!(
        run.err.lines().count() <= 3,
        "one line, and at most its causes:\n{}",
        run.err
    );
    assert!(run.out.is_empty(), "{}", run.out);
}

/// Changes one text of `chains.toml`, which must stand in it.
fn spoil(desk: &Desk, from: &str, to: &str) {
    let text = desk.read("chains.toml");
    assert!(text.contains(from), "chains.toml has no {from}");
    desk.write("chains.toml", text.replacen(from, to, 1));
}

#[test]
fn an_unknown_network_is_named() {
    let desk = desk();
    let run = desk.run(&["scan", "--network", "atlantis"]);
    one_line(run, 2, &["atlantis", "chains list"]);
    let run = desk.run(&["chains", "check", "--network", "atlantis"]);
    one_line(run, 2, &["atlantis"]);
}

#[test]
fn a_bad_checksum_in_chains_toml_names_file_table_and_key() {
    let desk = desk();
    spoil(
        &desk,
        "0xdAC17F958D2ee523a2206206994597C13D831ec7",
        "0xdAC17F958D2ee523a2206206994597C13D831eC7",
    );
    let run = desk.run(&["chains", "list"]);
    one_line(run, 1, &["chains.toml", "ethereum", "contract", "checksum"]);
}

#[test]
fn an_unknown_key_in_chains_toml_is_refused() {
    let desk = desk();
    spoil(
        &desk,
        "deposits = \"open\"",
        "deposits = \"open\"\ncolour = \"blue\"",
    );
    one_line(desk.run(&["chains", "list"]), 1, &["chains.toml", "colour"]);
}

#[test]
fn other_faults_of_chains_toml_name_their_place() {
    for (from, to, texts) in [
        (
            "caip2 = \"eip155:1\"",
            "caip2 = \"eip155:2\"",
            &["eip155:2", "ethereum"][..],
        ),
        (
            "deposits = \"open\"",
            "deposits = \"ajar\"",
            &["ajar", "open, suspended, closed"],
        ),
        ("family = \"evm\"", "family = \"evn\"", &["evn", "evm"]),
        (
            "confirmations = 64",
            "confirmations = 0",
            &["confirmations"],
        ),
        (
            "requests_per_second = 20",
            "requests_per_second = 0",
            &["requests_per_second"],
        ),
        (
            "key = \"${ETHERSCAN_API_KEY}\"",
            "key = \"A1B2C3D4E5F6\"",
            &["key", "${"],
        ),
        (
            "minimum = \"0.001\"",
            "minimum = \"0.0000000000000000001\"",
            &["minimum"],
        ),
        ("decimals = 18", "decimals = eighteen", &["chains.toml"]),
    ] {
        let desk = desk();
        spoil(&desk, from, to);
        let run = desk.run(&["chains", "list"]);
        one_line(run, 1, &[&["chains.toml"], texts].concat());
    }
}

#[test]
fn a_secret_in_the_file_is_refused_and_not_printed() {
    let desk = desk();
    spoil(
        &desk,
        "key = \"${ETHERSCAN_API_KEY}\"",
        "key = \"CANARYKEY123\"",
    );
    let run = desk.run(&["chains", "list"]).exits(1);
    assert!(!run.err.contains("CANARYKEY123"), "{}", run.err);
}

#[test]
fn a_missing_file_says_what_to_do() {
    let desk = Desk::new();
    one_line(desk.run(&["chains", "list"]), 1, &["chains.toml", "init"]);
    let desk = self::desk();
    one_line(
        desk.run(&["addresses", "import", "nowhere.csv"]),
        1,
        &["nowhere.csv"],
    );
    let run = desk.run(&["--policy", "nowhere.toml", "policy", "check"]);
    one_line(run, 1, &["nowhere.toml"]);
}

#[test]
fn a_missing_variable_is_named_when_its_source_is_used_and_not_before() {
    let desk = desk();
    // Offline commands need no keys.
    desk.run(&["chains", "list"]).ok();
    desk.write(
        "addresses.csv",
        "user_id,role,family,value\nU-1,deposit,evm,0xde90510000000000000000000000000000000001\n",
    );
    desk.run(&["addresses", "import", "addresses.csv"]).ok();
    let run = desk.run(&["scan", "--network", "cronos"]).exits(1);
    assert_eq!(run.errors().len(), 1, "{}", run.err);
    assert!(run.errors()[0].contains("cronos"), "{}", run.err);
    assert!(run.err.contains("CRONOS_RPC_URL"), "{}", run.err);
}

#[test]
fn a_database_that_cannot_be_opened_is_one_line() {
    let desk = desk();
    let run = desk.run(&["--database", "mysql://nowhere/x", "deposits", "list"]);
    one_line(run, 1, &["sqlite://", "postgres://"]);
    let run = desk.run(&[
        "--database",
        "postgres://nobody:CANARYPASS@127.0.0.1:1/x",
        "deposits",
        "list",
    ]);
    assert!(!run.err.contains("CANARYPASS"), "{}", run.err);
    one_line(run, 1, &["database"]);
    desk.write(
        "notes.db",
        "this is a letter and no database, however long one looks at it\n".repeat(40),
    );
    let path = format!("sqlite://{}", desk.path("notes.db").display());
    one_line(
        desk.run(&["--database", &path, "deposits", "list"]),
        1,
        &["database"],
    );
}

#[test]
fn an_id_that_is_not_there_says_where_ids_are() {
    let desk = desk();
    for (arguments, text) in [
        (&["deposits", "show", "dep_0"][..], "deposits list"),
        (&["claims", "show", "clm_0"], "claims list"),
        (&["appeals", "show", "AP-0"], "appeals list"),
    ] {
        let run = desk.run(arguments);
        let code = run.code.unwrap();
        assert!(matches!(code, 1 | 2), "{code}");
        one_line(run, code, &[arguments[2], text]);
    }
}

#[test]
fn text_that_is_nothing_is_not_understood() {
    let desk = desk();
    for text in ["hello", "0x1234", "https://example.com/", ""] {
        let run = desk.run(&["diagnose", text]);
        one_line(run, 2, &["transaction id"]);
    }
    // An address with a typo: the checksum says so, and no network is asked.
    let run = desk.run(&["diagnose", "0xdAC17F958D2ee523a2206206994597C13D831eC7"]);
    one_line(run, 2, &["checksum"]);
}
