//! House rules as tests: the dependency rule, what a source file may hold, fixtures with their origin, migrations in pairs, a
//! glossary that has every code.
//!
//! Each rule is a function from facts to violations, tried on made-up facts beside the real ones, so that a rule that
//! went blind is noticed.

mod documents;
mod fixtures;
mod glossary;
mod graph;
mod readme;
mod sources;

use std::path::{Path, PathBuf};
use std::process::Command;

/// The checkout.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The files that git keeps, as paths below the checkout; what is deleted but not committed yet is left out.
fn tracked() -> Vec<String> {
    let output = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(root())
        .output()
        .expect("git runs");
    assert!(
        output.status.success(),
        "git ls-files failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let listed = String::from_utf8(output.stdout).expect("our paths are UTF-8");
    let files: Vec<String> = listed
        .split_terminator('\0')
        .filter(|path| root().join(path).is_file())
        .map(str::to_owned)
        .collect();
    assert!(files.iter().any(|path| path == "Cargo.toml"), "{files:?}");
    files
}

/// The bytes of a file of the checkout.
fn read(path: &str) -> Vec<u8> {
    std::fs::read(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A text file of the checkout; `None` for a binary one.
fn read_text(path: &str) -> Option<String> {
    String::from_utf8(read(path)).ok()
}

/// Fails with one line for each violation.
fn assert_none(violations: &[String]) {
    assert!(violations.is_empty(), "\n{}\n", violations.join("\n"));
}
