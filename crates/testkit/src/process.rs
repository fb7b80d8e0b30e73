//! Child processes that never outlive the test.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

/// How a program is asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// At once. For programs that leave nothing behind outside their folder.
    Kill,
    /// By SIGQUIT, then by force after five seconds. PostgreSQL: a killed postmaster leaks its System V shared memory
    /// segment, and after a few thousand test runs the machine has none left.
    Quit,
}

impl Stop {
    fn signal(self) -> &'static str {
        match self {
            Stop::Kill => "KILL",
            Stop::Quit => "QUIT",
        }
    }
}

/// A running child with its output in a file. Stopped when dropped, or by the kernel when this process dies first.
#[derive(Debug)]
pub(crate) struct Process {
    name: &'static str,
    child: Child,
    log: PathBuf,
    stop: Stop,
}

impl Process {
    /// Starts `program` with `arguments`, both output streams appended to `log`. `unprivileged` drops root to uid and gid 65534.
    pub(crate) fn start(
        name: &'static str,
        program: &Path,
        arguments: &[String],
        environment: &[(&str, &Path)],
        log: &Path,
        stop: Stop,
        unprivileged: bool,
    ) -> Process {
        let output = || {
            File::options()
                .create(true)
                .append(true)
                .open(log)
                .unwrap_or_else(|error| panic!("{} cannot be written: {error}", log.display()))
        };
        // setpriv (util-linux, always there on Debian) sets the parent death signal after it changed the user, which would
        // have cleared it, and then becomes the program: the child's id is the program's.
        let mut command = Command::new("setpriv");
        command.arg("--pdeathsig").arg(stop.signal());
        if unprivileged {
            command.args(UNPRIVILEGED);
        }
        command
            .arg("--")
            .arg(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::from(output()))
            .stderr(Stdio::from(output()));
        for (variable, value) in environment {
            command.env(variable, value);
        }
        let child = spawn(command).unwrap_or_else(|error| {
            panic!("{name} did not start by setpriv (Debian package util-linux): {error}")
        });
        Process {
            name,
            child,
            log: log.to_owned(),
            stop,
        }
    }

    /// Waits until `ready`, given the log so far, answers a value. `Err` when the program ended or the time is over, with the
    /// end of its log.
    pub(crate) fn wait_until<T>(
        &mut self,
        time: Duration,
        mut ready: impl FnMut(&str) -> Option<T>,
    ) -> Result<T, String> {
        let started = Instant::now();
        loop {
            // Asked before the log is read, so that the last lines of a program that ended are seen.
            let ended = self
                .child
                .try_wait()
                .expect("a child of ours can be waited for");
            let log =
                String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned();
            if let Some(value) = ready(&log) {
                return Ok(value);
            }
            if let Some(status) = ended {
                return Err(format!(
                    "{} ended with {status}:\n{}",
                    self.name,
                    tail(&log)
                ));
            }
            if started.elapsed() > time {
                return Err(format!(
                    "{} was not ready after {time:?}:\n{}",
                    self.name,
                    tail(&log)
                ));
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// The last lines of the log, for messages.
    pub(crate) fn log_tail(&self) -> String {
        tail(&String::from_utf8_lossy(
            &fs::read(&self.log).unwrap_or_default(),
        ))
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.stop == Stop::Quit && matches!(self.child.try_wait(), Ok(None)) {
            // The standard library can only kill, and a shell has `kill` built in everywhere.
            let asked = Command::new("sh")
                .arg("-c")
                .arg(format!(
                    "kill -s {} {}",
                    self.stop.signal(),
                    self.child.id()
                ))
                .stderr(Stdio::null())
                .status();
            let started = Instant::now();
            while asked.is_ok() && started.elapsed() < Duration::from_secs(5) {
                if !matches!(self.child.try_wait(), Ok(None)) {
                    return;
                }
                thread::sleep(Duration::from_millis(5));
            }
        }
        // Fails only when it is gone already, which is what was wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What setpriv is told to become the user nobody. A number, since the name differs between systems.
pub(crate) const UNPRIVILEGED: [&str; 3] = ["--reuid=65534", "--regid=65534", "--clear-groups"];

/// Whether this process runs as root.
pub(crate) fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

type Order = (Command, Sender<io::Result<Child>>);

/// Spawns from one thread that lives as long as the process.
///
/// The kernel sends the parent death signal when the *thread* that spawned ends. Test threads end with their test and a runtime's
/// blocking threads after ten idle seconds; a node shared by several tests would die under them.
pub(crate) fn spawn(command: Command) -> io::Result<Child> {
    static KEEPER: OnceLock<Mutex<Sender<Order>>> = OnceLock::new();
    let keeper = KEEPER.get_or_init(|| {
        let (sender, orders) = channel::<Order>();
        thread::Builder::new()
            .name("recover-testkit-keeper".to_owned())
            .spawn(move || {
                for (mut command, answer) in orders {
                    // The asker waits for the answer; it is gone only when the process is ending.
                    let _ = answer.send(command.spawn());
                }
            })
            .expect("a thread can be started");
        Mutex::new(sender)
    });
    let (answer, child) = channel();
    keeper
        .lock()
        .expect("nothing panics while the keeper's lock is held")
        .send((command, answer))
        .expect("the keeper's thread never ends");
    child.recv().expect("the keeper answers every order")
}
