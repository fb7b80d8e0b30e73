//! A real PostgreSQL, private to the test process.
//!
//! The first run makes an empty cluster and keeps it in the test cache; each process copies that (a tenth of a second, against one
//! second or more for initdb) and starts its own server. All databases of one process share the server; it ends with the last of them.

use std::env;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::net::TcpListener;
use std::os::unix::fs::{DirBuilderExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::cache;
use crate::process::{Process, Stop, UNPRIVILEGED, is_root};
use crate::{TempDir, temp_dir};

/// PostgreSQL refuses to run as root, so under root everything of it belongs to the user nobody.
const NOBODY: u32 = 65534;

/// Superuser of the cluster, without a password.
const USER: &str = "app";

const INITDB: [&str; 8] = [
    "-U",
    USER,
    "--auth=trust",
    "--encoding=UTF8",
    "--locale=C.UTF-8",
    "--no-sync",
    // 1 MiB instead of 16: most of an empty cluster is its first log segment, and each test copies it.
    "--wal-segsize=1",
    "--no-instructions",
];

/// A test that fails loses its data anyway: nothing is flushed to disk.
const SETTINGS: [&str; 9] = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "shared_buffers=32MB",
    "max_connections=100",
    "autovacuum=off",
    "log_checkpoints=off",
];

/// The server of this process.
#[derive(Debug)]
pub struct Postgres {
    process: Process,
    port: u16,
    programs: PathBuf,
    databases: AtomicU64,
    // Removed after the server has ended: fields are dropped in order.
    _folder: TempDir,
}

/// One empty database. The server ends with the last of them, so keep it for the length of the test.
#[derive(Debug)]
pub struct Database {
    name: String,
    url: String,
    server: Arc<Postgres>,
}

impl Database {
    /// `postgres://app@127.0.0.1:PORT/NAME`; no password.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The process id of the server.
    pub fn server_process_id(&self) -> u32 {
        self.server.process.id()
    }

    /// Runs SQL through `psql` and answers its rows, unaligned, without headers: fields by `|`, one row a line.
    /// For looking behind the back of the code under test.
    ///
    /// # Panics
    /// When the server refuses it.
    #[track_caller]
    pub fn sql(&self, statement: &str) -> String {
        self.server.psql(&self.name, statement)
    }
}

impl Postgres {
    /// A new empty database on this process's server, which is started when there is none.
    ///
    /// # Panics
    /// When PostgreSQL is not installed (run `tests/setup`) or does not start; the message ends with its log.
    #[track_caller]
    pub fn fresh_database() -> Database {
        static SERVER: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());
        let server = {
            // A panic while starting leaves nothing half done behind this lock.
            let mut shared = SERVER
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner());
            match shared.upgrade() {
                Some(server) => server,
                None => {
                    let server = Arc::new(Postgres::start());
                    *shared = Arc::downgrade(&server);
                    server
                }
            }
        };
        let name = format!("test_{}", server.databases.fetch_add(1, Ordering::Relaxed));
        server.psql("postgres", &format!("CREATE DATABASE {name}"));
        Database {
            url: format!("postgres://{USER}@127.0.0.1:{}/{name}", server.port),
            name,
            server,
        }
    }

    fn start() -> Postgres {
        let programs = programs();
        let folder = temp_dir();
        let owner = is_root().then_some(NOBODY);
        give(folder.path(), owner);
        let data = folder.path().join("data");
        copy(&template(&programs), &data, owner).unwrap_or_else(|error| {
            panic!(
                "the empty cluster could not be copied to {}: {error}",
                data.display()
            )
        });
        let mut failure = String::new();
        // Another process may take the port between our look and the server's: then another port.
        for attempt in 0..5 {
            let port = free_port();
            let log = folder.path().join(format!("postgres-{attempt}.log"));
            let mut arguments = vec![
                "-D".to_owned(),
                data.display().to_string(),
                "-p".to_owned(),
                port.to_string(),
            ];
            for setting in SETTINGS {
                arguments.extend(["-c".to_owned(), setting.to_owned()]);
            }
            let mut process = Process::start(
                "postgres",
                &programs.join("postgres"),
                &arguments,
                &[],
                &log,
                Stop::Quit,
                owner.is_some(),
            );
            let ready = process.wait_until(Duration::from_secs(60), |log| {
                log.contains("database system is ready to accept connections")
                    .then_some(())
            });
            match ready {
                Ok(()) => {
                    return Postgres {
                        process,
                        port,
                        programs,
                        databases: AtomicU64::new(0),
                        _folder: folder,
                    };
                }
                Err(text) => {
                    let port_taken = text.contains("Address already in use");
                    failure = text;
                    if !port_taken {
                        break;
                    }
                }
            }
        }
        panic!("{failure}");
    }

    #[track_caller]
    fn psql(&self, database: &str, statement: &str) -> String {
        let output = Command::new(self.programs.join("psql"))
            .args([
                "-X",
                "-q",
                "-A",
                "-t",
                "-v",
                "ON_ERROR_STOP=1",
                "-h",
                "127.0.0.1",
                "-U",
                USER,
            ])
            .args([
                "-p",
                &self.port.to_string(),
                "-d",
                database,
                "-c",
                statement,
            ])
            .output();
        match output {
            Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout)
                .trim_end()
                .to_owned(),
            Ok(output) => panic!(
                "psql refused {statement}: {}\n{}",
                String::from_utf8_lossy(&output.stderr),
                self.process.log_tail()
            ),
            Err(error) => panic!("psql did not start: {error}"),
        }
    }
}

/// The folder with `initdb`, `postgres` and `psql`: `RECOVER_TEST_POSTGRES` (a folder of programs), else Debian's newest, else the one
/// on PATH.
fn programs() -> PathBuf {
    if let Some(folder) = env::var_os("RECOVER_TEST_POSTGRES").filter(|value| !value.is_empty()) {
        return PathBuf::from(folder);
    }
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let newest = debian
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let version: u32 = path.file_name()?.to_str()?.parse().ok()?;
            let programs = path.join("bin");
            programs
                .join("initdb")
                .is_file()
                .then_some((version, programs))
        })
        .max();
    if let Some((_, programs)) = newest {
        return programs;
    }
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .find(|folder| folder.join("initdb").is_file())
        .expect("PostgreSQL is missing: run tests/setup, which installs it")
}

/// The empty cluster in the test cache, made on first use.
fn template(programs: &Path) -> PathBuf {
    let version = checked(
        Command::new(programs.join("postgres")).arg("--version"),
        "postgres --version",
    );
    let mut hasher = Sha256::new();
    hasher.update(&version.stdout);
    hasher.update(INITDB.join(" "));
    let root = cache::root();
    fs::create_dir_all(&root)
        .unwrap_or_else(|error| panic!("{} cannot be made: {error}", root.display()));
    let template = root.join(format!("postgres-{}", hex::encode(&hasher.finalize()[..8])));
    // Tests are processes of their own, and many may find nothing at once.
    let lock = File::create(root.join("postgres.lock")).expect("the test cache is writable");
    lock.lock().expect("a file of ours can be locked");
    if template.is_dir() {
        return template;
    }
    // Made elsewhere and copied in: under root the cache is often in a folder that the user nobody may not enter.
    let folder = temp_dir();
    let owner = is_root().then_some(NOBODY);
    give(folder.path(), owner);
    let data = folder.path().join("data");
    let mut command = match owner {
        Some(_) => {
            let mut command = Command::new("setpriv");
            command
                .args(UNPRIVILEGED)
                .arg("--")
                .arg(programs.join("initdb"));
            command
        }
        None => Command::new(programs.join("initdb")),
    };
    command
        .args(INITDB)
        .arg("-D")
        .arg(&data)
        .current_dir(folder.path());
    checked(&mut command, "initdb");
    let partial = template.with_extension("partial");
    if partial.exists() {
        fs::remove_dir_all(&partial).expect("an unfinished copy in the test cache can be removed");
    }
    copy(&data, &partial, None)
        .and_then(|()| fs::rename(&partial, &template))
        .unwrap_or_else(|error| panic!("{} could not be written: {error}", template.display()));
    template
}

fn checked(command: &mut Command, what: &str) -> Output {
    match command.output() {
        Ok(output) if output.status.success() => output,
        Ok(output) => panic!("{what} failed: {}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => panic!("{what} did not start: {error}"),
    }
}

fn give(path: &Path, owner: Option<u32>) {
    if owner.is_some() {
        chown(path, owner, owner).expect("root may give a folder away");
    }
}

/// Copies a folder with all in it; `owner` becomes user and group of the copy when given.
fn copy(from: &Path, to: &Path, owner: Option<u32>) -> io::Result<()> {
    // PostgreSQL refuses a data folder that others may enter.
    DirBuilder::new().mode(0o700).create(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target, owner)?;
        } else {
            fs::copy(entry.path(), &target)?;
            if owner.is_some() {
                chown(&target, owner, owner)?;
            }
        }
    }
    if owner.is_some() {
        chown(to, owner, owner)?;
    }
    Ok(())
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("the loopback address has a free port")
        .port()
}
