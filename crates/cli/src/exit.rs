//! One place maps outcomes to exit codes.

use recover_engine::error::EngineError;
use recover_engine::import::ImportError;
use recover_engine::policy_versions::PolicyVersionError;
use recover_engine::secret;
use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done, whatever was found.
    Done,
    /// A fault; a scan with a gap included.
    Fault,
    /// The command line is wrong.
    Usage,
    /// A requested change was refused.
    Refused,
    /// Done, and a person is needed (`reconcile`, `chains check`, `audit verify`).
    PersonNeeded,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Fault => 1,
            Exit::Usage => 2,
            Exit::Refused => 3,
            Exit::PersonNeeded => 4,
        })
    }
}

/// Tells the error on standard error and says how the program ends.
pub fn report(error: &anyhow::Error) -> Exit {
    let is_closed_pipe = error.chain().any(|cause| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    });
    // Whoever read our output has read enough (`recover deposits list | head`).
    if is_closed_pipe {
        return Exit::Done;
    }
    // A database or a server may quote what it was given.
    let words = |text: String| secret::redact(&text).text.into_owned();
    let mut told = words(error.to_string());
    eprintln!("error: {}", crate::output::printable(&told));
    for cause in error.chain().skip(1) {
        let text = words(cause.to_string());
        // A cause often says again what the error above it quoted.
        if !told.contains(&text) {
            eprintln!("  because: {}", crate::output::printable(&text));
            told = text;
        }
    }
    match error.downcast_ref::<EngineError>() {
        Some(
            EngineError::UnknownNetwork { .. }
            | EngineError::UnknownAsset { .. }
            | EngineError::NotFound { .. }
            | EngineError::Import(ImportError::Coverage { .. })
            | EngineError::NotUnderstood { .. }
            | EngineError::SecretPasted
            | EngineError::UnknownWord { .. }
            | EngineError::ActorMissing
            | EngineError::ActorUnknown { .. }
            | EngineError::PolicyVersion(PolicyVersionError::Unknown { .. }),
        ) => Exit::Usage,
        Some(error) if error.is_refusal() => Exit::Refused,
        _ => Exit::Fault,
    }
}
