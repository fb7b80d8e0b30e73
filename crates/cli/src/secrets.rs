//! Secrets that somebody types or pastes: they are out of the arguments before anything reads them, and out of every log line.

use recover_engine::secret::{self, SecretKind};
use std::ffi::OsString;
use std::io::Write;

/// The options whose value is never words: a database's URL may hold a password, which is ours and no customer's.
const NOT_WORDS: &[&str] = &["--database", "--config", "--policy"];

/// What was typed, fit to be echoed.
pub struct Typed {
    /// The arguments, the program's name first, with placeholders where secrets stood.
    pub arguments: Vec<OsString>,
    /// What stood there.
    pub found: Vec<SecretKind>,
    /// Whether arguments make a secret only together, as the words of a phrase without quotes do. Then none of them may be
    /// repeated.
    pub is_scattered: bool,
}

/// Takes secrets out of arguments.
pub fn typed(arguments: impl Iterator<Item = OsString>) -> Typed {
    let mut clean: Vec<OsString> = Vec::new();
    let mut found = Vec::new();
    let mut words = String::new();
    let mut is_value_of_option = false;
    for argument in arguments {
        let text = argument.to_string_lossy();
        let is_words = !is_value_of_option
            && !NOT_WORDS
                .iter()
                .any(|option| text.starts_with(&format!("{option}=")));
        is_value_of_option = NOT_WORDS.contains(&text.as_ref());
        if !is_words {
            clean.push(argument);
            continue;
        }
        let redacted = secret::redact(&text);
        words.push_str(&redacted.text);
        words.push(' ');
        if redacted.is_clean() {
            clean.push(argument);
        } else {
            found.extend(&redacted.found);
            clean.push(redacted.text.into_owned().into());
        }
    }
    // Plain keys are told by the words beside them, and the words of one argument speak of no other.
    let mut scattered = secret::redact(&words).found;
    scattered.retain(|kind| *kind != SecretKind::PrivateKey);
    let is_scattered = !scattered.is_empty();
    found.extend(scattered);
    Typed {
        arguments: clean,
        found,
        is_scattered,
    }
}

/// Tells the person at the keyboard what was found and what to do.
pub fn warn(found: &[SecretKind]) {
    let mut told: Vec<SecretKind> = found.to_vec();
    told.sort_unstable();
    told.dedup();
    for kind in told {
        eprintln!(
            "warning: {kind} was typed: {}, the shell's history too",
            secret::ADVICE
        );
    }
}

/// Standard error for the log: a library below us may log what it was given. The log writes one whole line at a time.
pub struct Log;

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let line = String::from_utf8_lossy(bytes);
        std::io::stderr().write_all(secret::redact(&line).text.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STELLAR: &str = "SADQOBYHA4DQOBYHA4DQOBYHA4DQOBYHA4DQOBYHA4DQOBYHA4DQP54X";

    fn typed_of(arguments: &[&str]) -> Typed {
        typed(arguments.iter().map(OsString::from))
    }

    #[test]
    fn own_words_are_cleaned_and_urls_are_not_touched() {
        let url = format!("postgres://u:{STELLAR}@localhost/d");
        let typed = typed_of(&["recover", "--database", &url, "diagnose", STELLAR]);
        assert_eq!(typed.arguments[2], OsString::from(&url));
        assert_eq!(
            typed.arguments[4],
            OsString::from(SecretKind::StellarSecret.placeholder())
        );
        assert_eq!(typed.found, [SecretKind::StellarSecret]);
        assert!(!typed.is_scattered);
        assert!(
            typed_of(&["recover", &format!("--database={url}")])
                .found
                .is_empty()
        );
    }

    #[test]
    fn own_a_phrase_without_quotes_is_one_secret() {
        let phrase = "legal winner thank year wave sausage worth useful legal winner thank yellow";
        let words: Vec<&str> = phrase.split(' ').collect();
        let typed = typed_of(&[&["recover", "diagnose"], words.as_slice()].concat());
        assert!(typed.is_scattered);
        assert_eq!(typed.found, [SecretKind::RecoveryPhrase]);
        assert!(!typed_of(&["recover", "appeals", "note", "A-1", phrase]).is_scattered);
    }
}
