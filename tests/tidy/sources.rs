//! What a tracked file may hold.

use crate::{assert_none, read_text, tracked};

/// Lines of a Rust file at most.
const LINES_MAX: usize = 900;

/// Whether the Rust code of a path may reckon with money or time, so that it holds integers only: all that is shipped, and core's
/// tests. Measuring error rates (testkit) is no money.
fn is_money(path: &str) -> bool {
    let is_shipped = path.starts_with("crates/") && path.contains("/src/");
    (is_shipped && !path.starts_with("crates/testkit/")) || path.starts_with("crates/core/")
}

/// Written in two parts, so that this file does not hold what it forbids.
const NOT_FINISHED: &[&str] = &[
    concat!("to", "do!"),
    concat!("unimple", "mented!"),
    concat!("#[ig", "nore"),
];

/// Paths of one machine, and hosts from which packages come: lock files name packages by digest, people by name.
const FOREIGN: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/Use", "rs/"),
    concat!("/t", "mp/"),
    concat!("registry.npm", "js.org"),
    concat!("registry.yarn", "pkg.com"),
    concat!("index.crates", ".io"),
    concat!("static.crates", ".io"),
    concat!("py", "pi.org"),
    concat!("pythonho", "sted.org"),
    concat!("proxy.go", "lang.org"),
    concat!("deb.deb", "ian.org"),
];

/// The code of a line: what stands before a comment. A `//` inside a text ends it early, which hides nothing that
/// matters here: the words looked for are not written behind addresses.
fn code(line: &str) -> &str {
    line.split("//").next().unwrap_or_default()
}

fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|character: char| !character.is_alphanumeric() && character != '_')
}

/// Whether a word is a floating-point type, a literal of one (`1f64`) or a conversion (`as_f64`, `from_f32`).
fn is_float(word: &str) -> bool {
    word.strip_suffix("f32")
        .or_else(|| word.strip_suffix("f64"))
        .is_some_and(|rest| {
            let is_number = rest
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'_');
            is_number || ["as_", "to_", "from_", "into_"].contains(&rest)
        })
}

/// What is wrong with one file, one line each.
fn violations(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let is_rust = path.ends_with(".rs");
    if is_rust && text.lines().count() > LINES_MAX {
        found.push(format!(
            "{path}: {} lines, {LINES_MAX} at most: split it by noun",
            text.lines().count()
        ));
    }
    let is_money = is_rust && is_money(path);
    for (number, line) in (1..).zip(text.lines()) {
        if is_rust {
            if is_money && words(code(line)).any(is_float) {
                found.push(format!(
                    "{path}:{number}: a float on a path of money or time"
                ));
            }
            for mark in NOT_FINISHED {
                if code(line).contains(mark) {
                    found.push(format!("{path}:{number}: {mark} is not finished work"));
                }
            }
        }
        for foreign in FOREIGN {
            if path != "Cargo.lock" && line.contains(foreign) {
                found.push(format!("{path}:{number}: names {foreign}"));
            }
        }
    }
    let is_library = path.starts_with("crates/") && path.ends_with("/src/lib.rs");
    if is_library && !text.starts_with("//!") {
        found.push(format!("{path}: a crate opens with its job (//!)"));
    }
    if path.rsplit('/').next() == Some(concat!("uti", "ls.rs")) {
        found.push(format!("{path}: a noun not yet found"));
    }
    found
}

#[test]
fn own_tracked_files_keep_the_house_rules() {
    let mut found = Vec::new();
    let mut rust = 0;
    for path in tracked() {
        // Recorded answers are kept as received, whatever they name.
        if path.starts_with("fixtures/") {
            continue;
        }
        rust += usize::from(path.ends_with(".rs"));
        if let Some(text) = read_text(&path) {
            found.extend(violations(&path, &text));
        }
    }
    assert!(rust > 30, "only {rust} Rust files were read");
    assert_none(&found);
}

#[test]
fn own_each_house_rule_bites() {
    let long = "\n".repeat(LINES_MAX + 1);
    let float = "let price = 1.5_f64;";
    let unfinished = format!("    {}()", NOT_FINISHED[0]);
    let ignored = format!("{}]", NOT_FINISHED[2]);
    let machine = format!("see {}main", FOREIGN[0]);
    let registry = format!("\"resolved\": \"https://{}/x.tgz\"", FOREIGN[5]);
    let bad: &[(&str, &str)] = &[
        ("crates/cli/src/main.rs", &long),
        ("crates/core/src/fee.rs", "fn fee(value: f64)"),
        ("crates/core/tests/fee.rs", "let x: f32 = y;"),
        ("crates/engine/src/quote.rs", "let x = 2f64;"),
        ("crates/cli/src/main.rs", float),
        ("crates/verify/src/lib.rs", "//! Job.\nlet x: f64 = y;"),
        ("crates/chain-evm/src/cost.rs", "let x = value.as_f64();"),
        ("crates/watch/src/a.rs", &unfinished),
        ("crates/watch/tests/a.rs", &ignored),
        ("docs/architecture.md", &machine),
        ("tests/lists/package-lock.json", &registry),
        ("crates/watch/src/lib.rs", "use std::fmt;"),
        (concat!("crates/watch/src/uti", "ls.rs"), ""),
    ];
    for (path, text) in bad {
        assert_eq!(violations(path, text).len(), 1, "{path}: {text:.60}");
    }
    let good: &[(&str, &str)] = &[
        ("crates/testkit/src/measure.rs", float),
        ("crates/engine/tests/speed.rs", float),
        ("crates/core/src/fee.rs", "// never an f64\nlet buf64 = 1;"),
        ("crates/watch/src/lib.rs", "//! The index."),
        ("Cargo.lock", &registry),
        ("crates/cli/src/main.rs", &"\n".repeat(LINES_MAX)),
    ];
    for (path, text) in good {
        assert_eq!(violations(path, text), Vec::<String>::new(), "{path}");
    }
}
