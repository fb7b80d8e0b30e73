//! Decisions with a status, migrations in pairs.

use crate::{assert_none, read_text, tracked};
use std::collections::BTreeSet;

/// What is wrong with a decision record: its name is `NNNN-title.md`, and it says what became of it.
fn decision_violations(name: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let number = name.split('-').next().unwrap_or_default();
    if number.len() != 4 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        found.push(format!("{name}: write NNNN-title.md"));
    }
    let status = text.lines().find_map(|line| {
        let line = line.trim_start_matches(['#', '*', ' ']);
        line.strip_prefix("Status")
    });
    let known = ["proposed", "accepted", "rejected", "superseded"];
    let follows = |rest: &str| {
        let rest = rest.to_lowercase();
        known.iter().any(|word| rest.contains(word))
    };
    // `Status: accepted.`, or a heading with the word on the next line that is not blank.
    let says = match status {
        Some(rest) if follows(rest) => true,
        Some(_) => text
            .lines()
            .skip_while(|line| !line.contains("Status"))
            .skip(1)
            .find(|line| !line.trim().is_empty())
            .is_some_and(follows),
        None => false,
    };
    if !says {
        found.push(format!("{name}: its status is one of {known:?}"));
    }
    found
}

#[test]
fn own_every_decision_has_a_status() {
    let mut found = Vec::new();
    let mut count = 0;
    for path in tracked() {
        let Some(name) = path.strip_prefix("docs/adr/") else {
            continue;
        };
        if name.ends_with(".md") {
            count += 1;
            let text = read_text(&path).expect("a decision is text");
            found.extend(decision_violations(name, &text));
        }
    }
    assert!(count >= 5, "only {count} decisions were read");
    assert_none(&found);
}

#[test]
fn own_a_decision_without_a_status_is_found() {
    for (name, text, count) in [
        ("0001-money.md", "# 1\n\nStatus: accepted.\n", 0),
        (
            "0001-money.md",
            "# 1\n\n## Status\n\nSuperseded by 0009.\n",
            0,
        ),
        ("0001-money.md", "# 1\n\n## Question\n", 1),
        ("0001-money.md", "# 1\n\nStatus: soon.\n", 1),
        ("money.md", "Status: accepted.\n", 1),
    ] {
        assert_eq!(decision_violations(name, text).len(), count, "{text}");
    }
}

/// What is wrong with the migrations of the two databases, given their file names.
fn migration_violations(sqlite: &BTreeSet<String>, postgres: &BTreeSet<String>) -> Vec<String> {
    let mut found: Vec<String> = sqlite
        .symmetric_difference(postgres)
        .map(|name| format!("{name}: only one of the two databases has it"))
        .collect();
    for (name, expected) in sqlite.iter().zip(1..) {
        if !name.starts_with(&format!("{expected:04}_")) {
            found.push(format!("{name}: number {expected:04} is missing or twice"));
        }
    }
    found
}

#[test]
fn own_migrations_come_in_pairs_without_a_gap() {
    let names = |database: &str| -> BTreeSet<String> {
        let folder = format!("migrations/{database}/");
        tracked()
            .iter()
            .filter_map(|path| path.strip_prefix(&folder).map(str::to_owned))
            .collect()
    };
    let (sqlite, postgres) = (names("sqlite"), names("postgres"));
    assert!(!sqlite.is_empty(), "there are migrations");
    assert_none(&migration_violations(&sqlite, &postgres));
}

#[test]
fn own_a_lone_migration_is_found() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let both = names(&["0001_a.sql", "0002_b.sql"]);
    assert!(migration_violations(&both, &both).is_empty());
    assert_eq!(
        migration_violations(&both, &names(&["0001_a.sql"])).len(),
        1
    );
    let gap = names(&["0001_a.sql", "0003_b.sql"]);
    assert_eq!(migration_violations(&gap, &gap).len(), 1);
    let twice = names(&["0001_a.sql", "0001_b.sql"]);
    assert_eq!(migration_violations(&twice, &twice).len(), 1);
}
