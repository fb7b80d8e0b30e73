//! The networks' own client libraries, and TON's virtual machine, as one child process that answers questions.
//!
//! `tests/oracles/oracle.mjs` holds them: xrpl, stellar-sdk, cosmjs, @ton/core and @ton/sandbox, tronweb, web3.js. It reads one JSON object a line
//! and answers one a line, so that a property test of a thousand cases loads them once. The operations and their arguments are
//! listed in `tests/oracles/README.md`.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, OnceLock};

use serde_json::{Value, json};

use crate::cache;
use crate::process;

/// Why no oracle answers.
#[derive(Debug)]
#[non_exhaustive]
pub enum OracleError {
    /// The packages are not installed for the lock file as it stands now.
    Missing {
        /// The folder that was looked for.
        folder: std::path::PathBuf,
    },
    /// node did not start.
    Start {
        /// What the system said.
        error: std::io::Error,
    },
    /// node started and ended, or answered something else than its first line.
    Broken {
        /// What came instead.
        answer: String,
    },
}

impl std::fmt::Display for OracleError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing { folder } => write!(
                f,
                "{} is missing: run tests/setup, which installs what the tests need",
                folder.display()
            ),
            Self::Start { error } => write!(
                f,
                "the oracles did not start ({error}): node and setpriv are needed, run tests/setup"
            ),
            Self::Broken { answer } => write!(
                f,
                "the oracles of tests/oracles did not come up, and said '{answer}'; their errors are above"
            ),
        }
    }
}

impl std::error::Error for OracleError {}

/// A running child that answers for the networks' own libraries. Ended when dropped, or by the kernel when this process dies first.
#[derive(Debug)]
pub struct Oracle {
    inner: Mutex<Running>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
    asked: u64,
}

impl Oracle {
    /// Starts a child and waits until it loaded its libraries (about a second).
    ///
    /// The call blocks its thread, as all of this crate does; it is `async` so that a test reads the same whatever stands behind.
    ///
    /// # Errors
    /// [`OracleError`] when the packages are not installed or node does not come up.
    pub async fn start() -> Result<Self, OracleError> {
        Self::start_blocking()
    }

    /// The one child of this test process, started by the first who asks.
    ///
    /// # Panics
    /// When it does not start; the message says what to run.
    pub async fn shared() -> &'static Self {
        Self::shared_blocking()
    }

    /// [`Oracle::start`] for a test without a runtime.
    ///
    /// # Errors
    /// As there.
    pub fn start_blocking() -> Result<Self, OracleError> {
        let modules = cache::node_modules_if_installed("oracles")
            .map_err(|folder| OracleError::Missing { folder })?;
        // setpriv sets the parent death signal and becomes node; see process.rs.
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL", "--", "node"])
            .arg(cache::tests_folder().join("oracles/oracle.mjs"))
            .arg(&modules)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit());
        let mut child = process::spawn(command).map_err(|error| OracleError::Start { error })?;
        let questions = child.stdin.take().expect("the child's input is a pipe");
        let answers = child.stdout.take().expect("the child's output is a pipe");
        let mut running = Running {
            child,
            questions,
            answers: BufReader::new(answers),
            asked: 0,
        };
        let mut first = String::new();
        let read = running.answers.read_line(&mut first);
        if let Err(error) = read {
            return Err(OracleError::Start { error });
        }
        if first.trim_end() != r#"{"ready":true}"# {
            return Err(OracleError::Broken { answer: first });
        }
        Ok(Self {
            inner: Mutex::new(running),
        })
    }

    /// [`Oracle::shared`] for a test without a runtime, such as a property test.
    ///
    /// # Panics
    /// As there.
    pub fn shared_blocking() -> &'static Self {
        static SHARED: OnceLock<Oracle> = OnceLock::new();
        SHARED.get_or_init(|| {
            Self::start_blocking()
                .unwrap_or_else(|error| panic!("no oracle to compare with: {error}"))
        })
    }

    /// Asks one question. `Ok` is the library's answer, `Err` its refusal in its own words.
    ///
    /// # Errors
    /// What the library threw, or that there is no such operation.
    ///
    /// # Panics
    /// When the child died: then no answer can be compared, and that is never a refusal.
    pub async fn ask(&self, op: &str, args: Value) -> Result<Value, String> {
        self.ask_blocking(op, args)
    }

    /// [`Oracle::ask`] for a test without a runtime.
    ///
    /// # Errors
    /// As there.
    ///
    /// # Panics
    /// As there.
    pub fn ask_blocking(&self, op: &str, args: Value) -> Result<Value, String> {
        let mut running = self
            .inner
            .lock()
            .unwrap_or_else(|poisoned| panic!("an earlier question broke the oracle: {poisoned}"));
        running.ask(op, &args)
    }

    /// The operating system's number of the child, to look for it.
    pub fn process_id(&self) -> u32 {
        self.inner
            .lock()
            .unwrap_or_else(|poisoned| panic!("an earlier question broke the oracle: {poisoned}"))
            .child
            .id()
    }
}

impl Running {
    fn ask(&mut self, op: &str, args: &Value) -> Result<Value, String> {
        self.asked += 1;
        let id = self.asked;
        let mut line = json!({ "id": id, "op": op, "args": args }).to_string();
        line.push('\n');
        let sent = self
            .questions
            .write_all(line.as_bytes())
            .and_then(|()| self.questions.flush());
        let mut answer = String::new();
        let read = sent.and_then(|()| self.answers.read_line(&mut answer));
        assert!(
            matches!(read, Ok(length) if length > 0),
            "the oracle died over {op} {args}: {read:?}"
        );
        let answer: Value = serde_json::from_str(&answer).unwrap_or_else(|error| {
            panic!("the oracle answered {op} with no JSON ({error}): {answer}")
        });
        assert_eq!(answer["id"], id, "the oracle answers in order: {answer}");
        match (answer.get("ok"), answer.get("error")) {
            (Some(value), None) => Ok(value.clone()),
            (None, Some(error)) => Err(error.as_str().unwrap_or_default().to_owned()),
            _ => panic!("the oracle answers ok or error: {answer}"),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Fails only when it is gone already, which is what was wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
