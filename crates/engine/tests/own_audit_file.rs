//! An exported log, checked again from the file: every kind of edit is found, and where.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are tests; the lint only knows the functions marked so"
)]

use recover_core::audit::Head;
use recover_core::time::Timestamp;
use recover_engine::audit::{FileReport, verify_file};
use recover_engine::clock::FixedClock;
use recover_engine::config::{ChainsConfig, Policy};
use recover_engine::engine::Engine;
use recover_engine::error::EngineError;
use recover_engine::family::Adapters;
use recover_store::Store;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// A desk with a log of eight entries: the policy and seven halts.
async fn desk() -> Engine {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policy.toml");
    let engine = Engine::over(
        Store::open("sqlite::memory:").await.expect("a store"),
        ChainsConfig::default(),
        Some(Policy::load(&path, None).expect("it loads")),
        Adapters::new(Vec::new()),
        Arc::new(FixedClock(
            Timestamp::parse("2026-03-01T00:00:00.000001Z").unwrap(),
        )),
        BTreeMap::new(),
    );
    for number in 0..7 {
        engine
            .halt(&format!("reason {number}"), Some("ana"))
            .await
            .unwrap();
    }
    engine
}

async fn exported(engine: &Engine, after: i64, bodies: bool) -> (Vec<String>, Option<Head>) {
    let mut lines = Vec::new();
    let head = engine
        .export_log(after, bodies, |line| -> Result<(), EngineError> {
            lines.push(line.to_owned());
            Ok(())
        })
        .await
        .unwrap();
    (lines, head)
}

fn verified(lines: &[String], after: Option<Head>, heads: &[Head]) -> FileReport {
    let text = lines.join("\n") + "\n";
    verify_file(text.as_bytes(), after, heads).unwrap()
}

/// What is wrong, in words.
fn problems(report: &FileReport) -> Vec<String> {
    let lines = report
        .lines
        .iter()
        .map(|(line, problem)| format!("line {line}: {problem}"));
    lines
        .chain(report.report.problems.iter().map(ToString::to_string))
        .collect()
}

#[tokio::test]
async fn own_an_exported_log_is_whole_without_its_database() {
    let engine = desk().await;
    for bodies in [false, true] {
        let (lines, head) = exported(&engine, 0, bodies).await;
        assert_eq!(lines.len(), 8);
        let head = head.unwrap();
        let report = verified(&lines, None, &[head]);
        assert_eq!(problems(&report), [""; 0]);
        assert_eq!(report.report.head, Some(head));
        assert_eq!(report.report.heads_met, 1);
        assert_eq!(report.report.bodies_erased, if bodies { 0 } else { 8 });
        assert_eq!(bodies, lines[3].contains("reason 2"));
    }
    // A part of it, behind a head that was kept.
    let (all, end) = exported(&engine, 0, false).await;
    let start = verified(&all[..3], None, &[]).report.head.unwrap();
    let (rest, head) = exported(&engine, 3, false).await;
    assert_eq!(head, end);
    assert_eq!(rest.as_slice(), &all[3..]);
    assert_eq!(problems(&verified(&rest, Some(start), &[])), [""; 0]);
    // What is missing before it is missed where nobody says that it begins there.
    assert!(!problems(&verified(&rest, None, &[])).is_empty());
    assert_eq!(exported(&engine, 8, false).await, (Vec::new(), None));
}

#[tokio::test]
async fn own_every_edit_of_an_exported_log_is_found() {
    let engine = desk().await;
    let (whole, head) = exported(&engine, 0, true).await;
    let head = head.unwrap();
    let edit = |change: &dyn Fn(&mut Vec<String>)| {
        let mut lines = whole.clone();
        change(&mut lines);
        assert_ne!(lines, whole, "an edit that changes nothing proves nothing");
        problems(&verified(&lines, None, &[head])).join("; ")
    };
    let replace = |from: &'static str, to: &'static str| {
        edit(&|lines: &mut Vec<String>| lines[4] = lines[4].replace(from, to))
    };
    let cases = [
        (replace("\"ana\"", "\"emre\""), "entry 5 was changed"),
        (replace("00.000001Z", "00.000002Z"), "entry 5 was changed"),
        (replace("\"halt\"", "\"halt_lift\""), "entry 5 was changed"),
        (replace("\"draft\"", "\"settled\""), "entry 5 was changed"),
        (
            replace("\"revision\":0", "\"revision\":1"),
            "entry 5 was changed",
        ),
        (
            replace("\"claim\":null", "\"claim\":\"clm_1\""),
            "entry 5 was changed",
        ),
        (replace("reason 3", "reason 4"), "entry 5"),
        (replace("\"sequence\":5", "\"sequence\":50"), "entry"),
        (replace("\"status\"", "\"state\""), "line 5: unknown field"),
        (
            replace("\"draft\"", "\"lost\""),
            "line 5: 'status' does not read",
        ),
        (
            edit(&|lines| drop(lines.remove(4))),
            "entries 5 to 5 are missing",
        ),
        (edit(&|lines| drop(lines.pop())), "8"),
        (edit(&|lines| lines.swap(3, 4)), "entry 4 is out of place"),
        (
            edit(&|lines| lines.insert(5, lines[4].clone())),
            "entry 5 is out of place",
        ),
        (edit(&|lines| lines.clear()), "8"),
        (edit(&|lines| lines[4].truncate(20)), "line 5: EOF"),
    ];
    for (found, expected) in cases {
        assert!(found.contains(expected), "{expected}: {found}");
    }
    // Nobody who kept no head sees that the end is missing.
    assert_eq!(problems(&verified(&whole[..5], None, &[])), [""; 0]);
}
