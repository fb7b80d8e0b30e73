//! Help, the first steps, and what a person reads.

use serde_json::Value;

use crate::desk::{Desk, rows};

#[test]
fn help_shows_the_six_verbs_first() {
    let help = Desk::new().run(&["--help"]).ok().out;
    let mut last = 0;
    let words = [
        "scan",
        "diagnose",
        "appeals",
        "match",
        "quote",
        "claims",
        "init",
        "chains",
        "reconcile",
        "backtest",
    ];
    for word in words {
        let line = format!("\n  {word} ");
        let place = help
            .find(&line)
            .unwrap_or_else(|| panic!("{word} is not in the help:\n{help}"));
        assert!(place > last, "{word} stands too high:\n{help}");
        last = place;
    }
    for word in [
        "Exit codes",
        "--config",
        "--policy",
        "--database",
        "--as",
        "--format",
    ] {
        assert!(help.contains(word), "{word}:\n{help}");
    }
}

#[test]
fn every_command_explains_itself() {
    let desk = Desk::new();
    for command in [
        "scan",
        "diagnose",
        "appeals",
        "match",
        "quote",
        "claims",
        "demo",
        "init",
        "chains",
        "addresses",
        "ledger",
        "prices",
        "tokens",
        "deposits",
        "reconcile",
        "backtest",
        "policy",
        "people",
        "halt",
        "audit",
        "completions",
    ] {
        let help = desk.run(&[command, "--help"]).ok().out;
        assert!(help.contains("Usage: recover"), "{command}:\n{help}");
    }
    assert!(!desk.path("recover.db").exists(), "help makes no database");
}

#[test]
fn what_cannot_be_parsed_is_usage() {
    let desk = Desk::new();
    for arguments in [
        &["no-such-verb"][..],
        &["scan", "--no-such-flag"],
        &["scan", "--from", "minus one"],
        &["--format", "yaml", "chains", "list"],
        &["diagnose"],
        &[
            "claims",
            "screen",
            "clm_1",
            "--reason",
            "neither clear nor hold",
        ],
        &["claims", "approve", "clm_1"],
        &["halt", "set"],
        &["halt", "set", "--reason", " "],
        &["audit", "verify", "--head", "1:abc"],
        &["audit", "verify", "--after", "1:abc"],
        &["policy", "approve", "two"],
    ] {
        let run = desk.run(arguments).exits(2);
        assert!(run.out.is_empty(), "{arguments:?} {}", run.out);
        assert!(run.err.contains("error:"), "{arguments:?} {}", run.err);
    }
}

#[test]
fn init_writes_the_files_that_everything_else_reads() {
    let desk = Desk::new();
    desk.run(&["init"]).ok();
    let networks = rows(desk.json(&["chains", "list"]));
    assert_eq!(networks.len(), 34);
    for network in &networks {
        let keys: Vec<&str> = network
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        let mut expected = vec!["name", "family", "caip2", "native", "deposits", "recovery"];
        expected.sort_unstable();
        let mut keys = keys;
        keys.sort_unstable();
        assert_eq!(keys, expected);
        assert!(
            network.as_object().unwrap().values().all(Value::is_string),
            "{network}"
        );
    }
    let of = |family: &str| {
        let families = networks.iter().map(|network| &network["family"]);
        families.filter(|known| **known == family).count()
    };
    let families = ["evm", "cosmos", "xrpl", "stellar", "ton", "tron", "solana"];
    assert_eq!(families.map(of), [16, 7, 1, 1, 1, 1, 1]);
    let policy = desk.run(&["policy", "check"]).ok();
    assert!(format!("{}{}", policy.out, policy.err).contains("example"));
    // What is there stays there.
    desk.write("chains.toml", "# mine\n");
    desk.run(&["init"]);
    assert_eq!(desk.read("chains.toml"), "# mine\n");
}

#[test]
fn the_list_of_networks_reads_well() {
    let desk = Desk::new();
    desk.run(&["init"]).ok();
    insta::assert_snapshot!("chains_list", desk.run(&["chains", "list"]).ok().out);
    let csv = desk.run(&["--format", "csv", "chains", "list"]).ok().out;
    assert_eq!(
        csv.lines().next(),
        Some("name,family,caip2,native,deposits,recovery")
    );
    assert_eq!(csv.lines().count(), 35);
}

#[test]
fn completions_are_for_a_shell() {
    let script = Desk::new().run(&["completions", "bash"]).ok().out;
    assert!(script.contains("recover"), "{script}");
}

#[test]
fn an_empty_database_answers_empty_lists() {
    let desk = Desk::new();
    desk.run(&["init"]).ok();
    for arguments in [
        &["deposits", "list"][..],
        &["claims", "list"],
        &["appeals", "list"],
        &["addresses", "list"],
        &["tokens", "list"],
        &["scan", "--coverage"],
    ] {
        assert_eq!(
            desk.json(arguments),
            Value::Array(Vec::new()),
            "{arguments:?}"
        );
    }
    assert_eq!(
        desk.run(&["--format", "json", "match"])
            .ok()
            .json_lines()
            .len(),
        0
    );
}
