//! The glossary holds every stable code, in the order in which the code is declared: where a list has a precedence, the
//! order says it.

use crate::{assert_none, read_text, tracked};

/// A closed list of codes: an enumeration's name and its codes as declared.
type List = (String, Vec<String>);

/// The text between the first two marks of a kind.
fn between(text: &str, mark: char) -> Option<&str> {
    let (_, rest) = text.split_once(mark)?;
    rest.split_once(mark).map(|(inner, _)| inner)
}

/// The lists that a source file declares with `coded!`.
fn lists(text: &str) -> Vec<List> {
    let mut found: Vec<List> = Vec::new();
    let mut is_inside = false;
    for line in text.lines() {
        let code = line.trim();
        if code.starts_with("coded!") {
            is_inside = true;
        } else if line.starts_with('}') {
            is_inside = false;
        } else if is_inside && let Some(rest) = code.strip_prefix("pub enum ") {
            let name = rest.trim_end_matches(['{', ' ']);
            found.push((name.to_owned(), Vec::new()));
        } else if is_inside
            && !code.starts_with("//")
            && code.contains("=>")
            && let Some((_, codes)) = found.last_mut()
        {
            codes.extend(between(code, '"').map(str::to_owned));
        }
    }
    found
}

/// The first columns of the glossary's tables, where they hold codes.
fn tables(text: &str) -> Vec<Vec<String>> {
    let mut found = vec![Vec::new()];
    for line in text.lines() {
        if !line.starts_with('|') {
            found.push(Vec::new());
        } else if let Some(cell) = line.strip_prefix("| `")
            && let (Some((code, _)), Some(table)) = (cell.split_once('`'), found.last_mut())
        {
            table.push(code.to_owned());
        }
    }
    found.retain(|table| !table.is_empty());
    found
}

/// Lists that no table of the glossary holds, whole and in order.
fn missing(lists: &[List], tables: &[Vec<String>]) -> Vec<String> {
    lists
        .iter()
        .filter(|(_, codes)| !tables.contains(codes))
        .map(|(name, codes)| {
            format!(
                "docs/glossary.md has no table with the codes of {name}, in this order: {codes:?}"
            )
        })
        .collect()
}

#[test]
fn own_the_glossary_has_every_code_of_core_and_matching() {
    let mut declared = Vec::new();
    for path in tracked() {
        let is_ours =
            path.starts_with("crates/core/src/") || path.starts_with("crates/matching/src/");
        if is_ours && path.ends_with(".rs") && path != "crates/core/src/code.rs" {
            declared.extend(lists(&read_text(&path).expect("a source file is text")));
        }
    }
    assert!(
        declared.len() > 20,
        "only {} lists were read",
        declared.len()
    );
    assert!(
        declared.iter().all(|(_, codes)| !codes.is_empty()),
        "a list without codes was misread: {declared:?}"
    );
    let glossary = read_text("docs/glossary.md").expect("the glossary is text");
    assert_none(&missing(&declared, &tables(&glossary)));
}

#[test]
fn own_a_code_that_the_glossary_lacks_is_found() {
    let source = "coded! {\n    /// What.\n    pub enum Kind {\n        /// A => \"no\".\n        A => \"a\",\n        B => \"b\",\n    }\n}\n";
    let read = lists(source);
    assert_eq!(
        read,
        [("Kind".to_owned(), vec!["a".to_owned(), "b".to_owned()])]
    );
    let count = |glossary: &str| missing(&read, &tables(glossary)).len();
    let table = "| Code | Meaning |\n| --- | --- |\n";
    assert_eq!(count(&format!("{table}| `a` | x |\n| `b` | y |\n")), 0);
    assert_eq!(count(&format!("{table}| `a` | x |\n")), 1, "one is missing");
    assert_eq!(
        count(&format!("{table}| `b` | y |\n| `a` | x |\n")),
        1,
        "another order"
    );
    assert_eq!(
        count(&format!("{table}| `a` | x |\n| `b` | y |\n| `c` | z |\n")),
        1,
        "one that is no code any more"
    );
}
