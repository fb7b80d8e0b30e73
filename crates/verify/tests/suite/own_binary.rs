//! The program as signers run it.

use crate::cases::{self, Case};
use crate::chains;
use crate::world::{move_to_the_present, roster_text};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

struct Desk(TempDir);

impl Desk {
    /// A package, a roster and the signed bytes on a disk.
    fn new() -> (Self, Case) {
        move_to_the_present();
        let desk = Self(TempDir::new().unwrap());
        let case = cases::all().swap_remove(5);
        assert_eq!(case.name, "xrpl_return");
        desk.write("package.json", case.text().as_bytes());
        desk.write("roster.toml", roster_text().as_bytes());
        let signed = chains::sign(case.leg().unwrap(), case.bytes(), false);
        desk.write("signed.hex", hex::encode(signed).as_bytes());
        (desk, case)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let output: Output = Command::new(Path::new(env!("CARGO_BIN_EXE_recover-verify")))
            .args(arguments)
            .current_dir(self.0.path())
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (
            output.status.code(),
            text(output.stdout),
            text(output.stderr),
        )
    }
}

#[test]
fn own_the_binary_accepts_with_0_and_shows_the_page() {
    let (desk, case) = Desk::new();
    let (code, page, errors) = desk.run(&["package.json", "--roster", "roster.toml"]);
    assert_eq!(code, Some(0), "{page}{errors}");
    assert!(page.ends_with("ACCEPTED: this may be SIGNED.\n"), "{page}");
    assert!(page.contains("read aloud"), "{page}");
    let to = &case.leg().unwrap().recipient;
    let grouped: Vec<&str> = (0..to.len())
        .step_by(4)
        .map(|from| &to[from..to.len().min(from + 4)])
        .collect();
    assert!(page.contains(&grouped.join(" ")), "{page}");
    // For the docs page: what it looks like.
    println!("{page}");

    let signed = [
        "package.json",
        "--roster",
        "roster.toml",
        "--signed",
        "signed.hex",
    ];
    let (code, page, _) = desk.run(&signed);
    assert_eq!(code, Some(0), "{page}");
    assert!(page.ends_with("ACCEPTED: this may be SENT.\n"), "{page}");
}

#[test]
fn own_the_binary_refuses_with_3_and_names_every_problem() {
    let (desk, case) = Desk::new();
    let mut file = serde_json::to_value(&case.file).unwrap();
    file["votes"].as_array_mut().unwrap().pop();
    file["summary"][0]["value"] = "\u{1b}[2Jnothing".into();
    let file: recover_verify::PackageFile = serde_json::from_value(file).unwrap();
    desk.write("package.json", file.sealed().to_json().as_bytes());
    let (code, page, _) = desk.run(&["package.json", "--roster", "roster.toml"]);
    assert_eq!(code, Some(3), "{page}");
    assert!(
        page.contains("summary_differs") && page.contains("quorum_missing"),
        "{page}"
    );
    assert!(
        page.ends_with("REFUSED: this must not be SIGNED.\n"),
        "{page}"
    );
    assert!(!page.contains('\u{1b}'), "{page:?}");
    println!("{page}");
    let json = [
        "package.json",
        "--roster",
        "roster.toml",
        "--format",
        "json",
    ];
    let (code, page, _) = desk.run(&json);
    assert_eq!(code, Some(3));
    let answer: serde_json::Value = serde_json::from_str(&page).unwrap();
    assert_eq!(answer["accepted"], false);
    assert_eq!(answer["problems"][0]["code"], "summary_differs");
}

#[test]
fn own_the_binary_writes_json() {
    let (desk, case) = Desk::new();
    let json = [
        "package.json",
        "--roster",
        "roster.toml",
        "--format",
        "json",
    ];
    let (code, page, _) = desk.run(&json);
    assert_eq!(code, Some(0), "{page}");
    let answer: serde_json::Value = serde_json::from_str(&page).unwrap();
    assert_eq!(answer["accepted"], true);
    assert_eq!(
        answer["report"]["package_digest"],
        case.file.package_digest()
    );
    assert_eq!(answer["report"]["words"].as_array().unwrap().len(), 6);
}

#[test]
fn own_the_binary_remembers() {
    let (desk, case) = Desk::new();
    let seen = ["package.json", "--roster", "roster.toml", "--seen", "seen"];
    assert_eq!(desk.run(&seen).0, Some(0));
    assert_eq!(desk.run(&seen).0, Some(0), "the same once more");
    // The log is shorter than it was.
    let mut file = serde_json::to_value(&case.file).unwrap();
    file["log_head"] = format!("9:{}", "5e".repeat(32)).into();
    let file: recover_verify::PackageFile = serde_json::from_value(file).unwrap();
    desk.write("package.json", file.sealed().to_json().as_bytes());
    let before = std::fs::read_to_string(desk.path("seen")).unwrap();
    let (code, page, _) = desk.run(&seen);
    assert_eq!(code, Some(3), "{page}");
    assert!(page.contains("log_forked"), "{page}");
    assert_eq!(std::fs::read_to_string(desk.path("seen")).unwrap(), before);
    desk.write("seen", b"nonsense");
    assert_eq!(desk.run(&seen).0, Some(3));
}

#[test]
fn own_the_binary_tells_wrong_use_from_a_fault() {
    let (desk, _) = Desk::new();
    assert_eq!(desk.run(&[]).0, Some(2));
    assert_eq!(desk.run(&["package.json"]).0, Some(2), "no roster");
    let replaces = ["package.json", "--roster", "roster.toml", "--replaces", "x"];
    assert_eq!(desk.run(&replaces).0, Some(2));
    let (code, _, errors) = desk.run(&["nothing.json", "--roster", "roster.toml"]);
    assert_eq!(code, Some(1));
    assert!(errors.contains("nothing.json"), "{errors}");
    let (code, page, _) = desk.run(&["roster.toml", "--roster", "package.json"]);
    assert_eq!(code, Some(3), "files swapped");
    assert!(page.contains("roster_invalid") && page.contains("package_unreadable"));
}
