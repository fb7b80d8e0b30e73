//! Recorded answers stand beside an `origin.toml` that says where each came from and which bytes it had then.

use crate::{assert_none, read, tracked};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// The entries of an `origin.toml`: in any of its tables, a file's name (`file`, `name` or `path`) beside its `sha256`.
fn entries(value: &toml::Value, into: &mut Vec<(String, String)>) {
    match value {
        toml::Value::Table(table) => {
            let text = |key: &str| table.get(key).and_then(toml::Value::as_str);
            let name = text("file")
                .or_else(|| text("name"))
                .or_else(|| text("path"));
            if let (Some(name), Some(digest)) = (name, text("sha256")) {
                into.push((name.to_owned(), digest.to_lowercase()));
            }
            for (key, inner) in table {
                // `[files."answer.json"] sha256 = …` names the file by its key.
                let digest = inner.get("sha256").and_then(toml::Value::as_str);
                let names_itself = ["file", "name", "path"]
                    .iter()
                    .any(|name| inner.get(name).is_some());
                if let (Some(digest), false) = (digest, names_itself) {
                    into.push((key.clone(), digest.to_lowercase()));
                }
                entries(inner, into);
            }
        }
        toml::Value::Array(values) => values.iter().for_each(|value| entries(value, into)),
        _ => {}
    }
}

/// What is wrong with a folder of fixtures: its origin's text and its other files by name with their digests.
fn violations(folder: &str, origin: &str, files: &BTreeMap<String, String>) -> Vec<String> {
    let origin: toml::Table = match origin.parse() {
        Ok(origin) => origin,
        Err(error) => return vec![format!("{folder}/origin.toml: {}", error.message())],
    };
    let mut named = Vec::new();
    entries(&toml::Value::Table(origin), &mut named);
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for (name, digest) in &named {
        if !seen.insert(name) {
            found.push(format!("{folder}/{name}: has two origins"));
        }
        match files.get(name) {
            None => found.push(format!("{folder}/{name}: has an origin and is not there")),
            Some(real) if real != digest => {
                found.push(format!("{folder}/{name}: is not the file of its origin"));
            }
            Some(_) => {}
        }
    }
    for name in files.keys().filter(|name| !seen.contains(name)) {
        found.push(format!("{folder}/{name}: nobody says where it comes from"));
    }
    found
}

fn digest(bytes: &[u8]) -> String {
    let digest: [u8; 32] = Sha256::digest(bytes).into();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The folder that answers for a file: the nearest above it with an `origin.toml`.
fn folder_of<'a>(path: &'a str, origins: &BTreeSet<&str>) -> Option<&'a str> {
    let mut folder = path;
    while let Some((above, _)) = folder.rsplit_once('/') {
        if origins.contains(above) {
            return Some(above);
        }
        folder = above;
    }
    None
}

#[test]
fn own_every_fixture_is_the_file_of_its_origin() {
    let tracked = tracked();
    let fixtures: Vec<&str> = tracked
        .iter()
        .map(String::as_str)
        .filter(|path| path.starts_with("fixtures/"))
        .collect();
    let origins: BTreeSet<&str> = fixtures
        .iter()
        .filter_map(|path| path.strip_suffix("/origin.toml"))
        .collect();
    let mut found = Vec::new();
    let mut folders: BTreeMap<&str, BTreeMap<String, String>> = origins
        .iter()
        .map(|folder| (*folder, BTreeMap::new()))
        .collect();
    for path in fixtures {
        if path.ends_with("/origin.toml") || path.ends_with("/README.md") {
            continue;
        }
        match folder_of(path, &origins) {
            None => found.push(format!("{path}: no origin.toml answers for it")),
            Some(folder) => {
                let name = path[folder.len() + 1..].to_owned();
                let files = folders.entry(folder).or_default();
                files.insert(name, digest(&read(path)));
            }
        }
    }
    for (folder, files) in &folders {
        let origin = read(&format!("{folder}/origin.toml"));
        let origin = String::from_utf8(origin).expect("an origin is text");
        found.extend(violations(folder, &origin, files));
    }
    assert_none(&found);
}

#[test]
fn own_a_changed_a_lost_and_a_foundling_fixture_are_found() {
    // SHA-256 of "abc", from FIPS 180-2.
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(digest(b"abc"), abc);
    let files = |names: &[&str]| -> BTreeMap<String, String> {
        names
            .iter()
            .map(|name| ((*name).to_owned(), abc.to_owned()))
            .collect()
    };
    let origin = format!("[[file]]\nname = \"a.json\"\nsha256 = \"{abc}\"\n");
    let by_key = format!("[files.\"a.json\"]\nsha256 = \"{abc}\"\n");
    for text in [&origin, &by_key] {
        assert!(violations("f", text, &files(&["a.json"])).is_empty());
    }
    let changed = origin.replace("ba78", "0000");
    let twice = format!("{origin}{origin}");
    for (text, names, what) in [
        (changed.as_str(), &["a.json"][..], "changed"),
        (origin.as_str(), &[], "lost"),
        (origin.as_str(), &["a.json", "b.json"], "a foundling"),
        (twice.as_str(), &["a.json"], "twice"),
        ("not toml", &["a.json"], "unreadable"),
    ] {
        assert_eq!(violations("f", text, &files(names)).len(), 1, "{what}");
    }
    let origins = BTreeSet::from(["fixtures/evm"]);
    assert_eq!(
        folder_of("fixtures/evm/deep/a.json", &origins),
        Some("fixtures/evm")
    );
    assert_eq!(folder_of("fixtures/other/a.json", &origins), None);
}
