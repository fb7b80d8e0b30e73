//! What a tired person types: each gets one clear answer, said once, with the code of the table in the README.

use crate::desk::Desk;

const APPEALS: &str = "appeal_id,user_id,created_at\nAP-1,U-1,2025-06-01T00:00:00Z\n";

/// A desk with the files that `init` writes and one appeal.
fn desk() -> Desk {
    let desk = Desk::new();
    desk.run(&["init"]).ok();
    desk.write("appeals.csv", APPEALS);
    desk.run(&["appeals", "import", "appeals.csv"]).ok();
    desk
}

#[test]
fn a_cause_is_told_once() {
    let desk = desk();
    let folder = format!("sqlite://{}", desk.path(".").display());
    let run = desk
        .run(&["--database", &folder, "deposits", "list"])
        .exits(1);
    let causes = run.err.matches("unable to open database file").count();
    assert_eq!(causes, 1, "{}", run.err);
}

#[test]
fn a_file_that_is_no_file_of_ours_is_the_error_itself() {
    let desk = desk();
    desk.write("empty.csv", "");
    desk.write("bytes.csv", [0x7f, b'E', b'L', b'F', 0xff, 0xfe, 0x00]);
    desk.write("columns.csv", "a,b\n1,2\n");
    for noun in ["addresses", "ledger", "prices", "appeals", "deposits"] {
        for (file, text) in [
            ("empty.csv", "its first line must name the columns"),
            ("bytes.csv", "CSV (UTF-8)"),
            ("columns.csv", "--map"),
        ] {
            let run = desk.run(&[noun, "import", file]).exits(1);
            assert_eq!(run.err.lines().count(), 1, "{noun} {file}: {}", run.err);
            assert!(run.errors()[0].contains(file), "{}", run.err);
            assert!(run.errors()[0].contains(text), "{}", run.err);
        }
    }
}

#[test]
fn a_coverage_that_is_none_is_the_command_lines_fault() {
    let desk = desk();
    desk.write("ledger.csv", "id,kind,time\n");
    for covers in [
        "bsc",
        "bsc:2025-01-01T00:00:00Z..2026-01-01T00:00:00Z",
        "atlantis=2025-01-01T00:00:00Z..2026-01-01T00:00:00Z",
        "bsc=2026-01-01T00:00:00Z..2025-01-01T00:00:00Z",
    ] {
        let run = desk
            .run(&["ledger", "import", "ledger.csv", "--covers", covers])
            .exits(2);
        assert!(run.errors()[0].contains("NETWORK=FROM..TO"), "{}", run.err);
    }
    assert_eq!(
        desk.json(&["ledger", "coverage"]),
        serde_json::json!([]),
        "nothing of it was taken"
    );
}

#[test]
fn words_that_say_nothing_are_not_kept() {
    let desk = desk();
    for arguments in [
        &["--as", "ana", "appeals", "note", "AP-1", " "][..],
        &["--as", "ana", "appeals", "close", "AP-1", "--reason", ""],
        &["--as", "ana", "appeals", "assign", "AP-1", ""],
    ] {
        desk.run(arguments).exits(2).says(&["write a word"]);
    }
    assert_eq!(
        desk.json(&["appeals", "show", "AP-1"])["status"],
        "received"
    );
}

#[test]
fn a_person_whom_the_policy_does_not_name_works_no_appeal() {
    let desk = desk();
    for arguments in [
        &["--as", "ghost", "appeals", "note", "AP-1", "hello"][..],
        &["--as", "ana", "appeals", "assign", "AP-1", "ghost"],
    ] {
        desk.run(arguments).exits(2).says(&["ghost"]);
    }
    desk.run(&["--as", "ana", "appeals", "assign", "AP-1", "ana"])
        .ok();
    assert_eq!(
        desk.json(&["appeals", "show", "AP-1"])["assigned_to"],
        "ana"
    );
}

#[test]
fn an_id_that_is_not_there_is_something_unknown() {
    let desk = desk();
    // A stranger's text must not steer the terminal, not even out of an error.
    for id in ["dep_0", "", "\u{1b}[2Jdep"] {
        let run = desk.run(&["deposits", "show", id]).exits(2);
        assert!(!run.err.contains('\u{1b}'), "{:?}", run.err);
    }
}
