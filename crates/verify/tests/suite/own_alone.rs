//! The checker is built from codecs alone: no network, no database, no engine.

use std::process::Command;

/// What `cargo build -p recover-verify` links. A workspace build would unify features and show nothing.
#[test]
fn own_no_network_and_no_database_in_its_dependencies() {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "-p",
            "recover-verify",
            "-e",
            "normal",
            "--prefix",
            "none",
        ])
        .args(["--offline", "--format", "{p}"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let tree = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let names: Vec<&str> = tree
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    for expected in [
        "recover-core",
        "recover-chain-bitcoin",
        "recover-chain-evm",
        "recover-chain-xrpl",
        "recover-chain-stellar",
        "recover-chain-cosmos",
    ] {
        assert!(names.contains(&expected), "{expected} was not read: {tree}");
    }
    for banned in [
        "tokio",
        "reqwest",
        "hyper",
        "rustls",
        "socket2",
        "mio",
        "sqlx",
        "sqlx-core",
        "libsqlite3-sys",
        "async-trait",
        "recover-source",
        "recover-store",
        "recover-engine",
        "recover-watch",
        "recover-matching",
        "recover",
    ] {
        assert!(
            !names.contains(&banned),
            "the offline checker links {banned}"
        );
    }
}
