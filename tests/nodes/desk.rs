//! The program as its users run it: a folder with their files, a database, and the built binary.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use recover_testkit::{TempDir, temp_dir};
use serde_json::Value;

/// A prices.csv of one source, as two sources say the same: the example policy takes no price from one alone.
pub fn by_two_sources(prices: &str) -> String {
    let mut lines = prices.lines();
    let mut text = format!("{}\n", lines.next().unwrap_or_default());
    for line in lines {
        let (row, source) = line
            .rsplit_once(',')
            .unwrap_or_else(|| panic!("'{line}' names no source"));
        text.push_str(&format!("{row},{source}\n{row},second\n"));
    }
    text
}

/// A folder in which the program runs. Removed when dropped.
pub struct Desk {
    dir: TempDir,
    database: String,
    variables: RefCell<Vec<(String, String)>>,
}

/// How one run ended.
pub struct Run {
    command: String,
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Desk {
    /// An empty folder with a SQLite database in it.
    pub fn new() -> Desk {
        let dir = temp_dir();
        let database = format!("sqlite://{}", dir.path().join("recover.db").display());
        Desk {
            dir,
            database,
            variables: RefCell::default(),
        }
    }

    /// An empty folder, and a database elsewhere.
    pub fn on(database: &str) -> Desk {
        Desk {
            dir: temp_dir(),
            database: database.to_owned(),
            variables: RefCell::default(),
        }
    }

    /// Sets a variable for every run from here on.
    #[allow(
        dead_code,
        reason = "anvil lets everybody in; the coin tests' nodes do not"
    )]
    pub fn set_variable(&self, name: &str, value: &str) {
        let variable = (name.to_owned(), value.to_owned());
        self.variables.borrow_mut().push(variable);
    }

    /// Writes a file into the folder.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        path
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// What a file in the folder holds.
    pub fn read(&self, name: &str) -> String {
        let path = self.path(name);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// The command with the files and the database of this desk, not started yet.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_recover"));
        // Only what a test sets: a variable of the machine must not change what is tested.
        command.env_clear().current_dir(self.dir.path());
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command.envs(self.variables.borrow().iter().cloned());
        if !arguments.contains(&"--database") {
            command.args(["--database", &self.database]);
        }
        command.args(arguments);
        if self.path("policy.toml").is_file() && !arguments.contains(&"--policy") {
            command.args(["--policy", "policy.toml"]);
        }
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs the program to its end.
    pub fn run(&self, arguments: &[&str]) -> Run {
        let output = self.command(arguments).output();
        Run::of(
            arguments,
            output.unwrap_or_else(|error| panic!("recover did not start: {error}")),
        )
    }

    /// Runs it as a person of the policy.
    pub fn run_as(&self, person: &str, arguments: &[&str]) -> Run {
        self.run(&[&["--as", person], arguments].concat())
    }

    /// An appeal of a user about a deposit, with a document for which a person vouches. Answers the appeal's id.
    #[track_caller]
    pub fn vouched(&self, person: &str, user: &str, deposit: &str, to: Option<&str>) -> String {
        let id = format!("A-{deposit}");
        let file = format!("appeal_id,user_id,created_at\n{id},{user},2025-06-01T00:00:00Z\n");
        self.write("vouched.csv", file);
        self.run(&["appeals", "import", "vouched.csv"]).ok();
        let mut arguments = vec!["proofs", "record", &id, "--deposit", deposit];
        arguments.extend(["--reference", "case-7"]);
        arguments.extend(to.iter().flat_map(|to| ["--destination", *to]));
        self.run_as(person, &arguments).ok();
        id
    }

    /// Starts it in the background.
    pub fn start(&self, arguments: &[&str]) -> Child {
        let child = self
            .command(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        child.unwrap_or_else(|error| panic!("recover did not start: {error}"))
    }

    /// Runs it with `--format json` and answers what it printed; it must end with 0.
    #[track_caller]
    pub fn json(&self, arguments: &[&str]) -> Value {
        self.run(&[&["--format", "json"], arguments].concat())
            .ok()
            .json()
    }

    /// The rows of `deposits list`, by no particular order of ours.
    #[track_caller]
    pub fn deposits(&self) -> Vec<Value> {
        rows(self.json(&["deposits", "list", "--limit", "10000"]))
    }
}

/// The elements of a JSON array.
#[track_caller]
pub fn rows(value: Value) -> Vec<Value> {
    match value {
        Value::Array(rows) => rows,
        other => panic!("no array: {other}"),
    }
}

impl Run {
    /// How a child that was started elsewhere ended.
    pub fn of(arguments: &[&str], output: Output) -> Run {
        Run {
            command: arguments.join(" "),
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// It, having ended with this code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Run {
        assert_eq!(
            self.code,
            Some(code),
            "`recover {}`\nstandard output:\n{}\nstandard error:\n{}",
            self.command,
            self.out,
            self.err
        );
        self
    }

    /// It, having ended well.
    #[track_caller]
    pub fn ok(self) -> Run {
        self.exits(0)
    }

    /// Standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| {
            panic!(
                "`recover {}` printed no JSON ({error}):\n{}\n{}",
                self.command, self.out, self.err
            )
        })
    }

    /// Standard output as one JSON value a line.
    #[track_caller]
    pub fn json_lines(&self) -> Vec<Value> {
        let parse = |line: &str| serde_json::from_str(line);
        let lines = self.out.lines().filter(|line| !line.trim().is_empty());
        lines
            .map(|line| parse(line).unwrap_or_else(|error| panic!("{line}: {error}")))
            .collect()
    }

    /// It, with every one of these texts on standard error.
    #[track_caller]
    pub fn says(self, texts: &[&str]) -> Run {
        for text in texts {
            assert!(
                self.err.contains(text),
                "`recover {}` should say '{text}' on standard error:\n{}",
                self.command,
                self.err
            );
        }
        self
    }

    /// The lines of standard error that tell a fault.
    pub fn errors(&self) -> Vec<&str> {
        self.err
            .lines()
            .filter(|line| line.starts_with("error:"))
            .collect()
    }
}

/// A folder of the workspace.
pub fn workspace(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

/// The time now, as files write it.
pub fn now() -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let seconds = since.unwrap_or_default().as_secs();
    recover_core::time::Timestamp::from_seconds(seconds)
        .expect("the clock is sane")
        .to_string()
}
