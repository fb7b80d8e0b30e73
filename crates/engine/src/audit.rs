//! The log outside of the database: exported line by line, and checked again from such a file without the database.

use crate::engine::Engine;
use crate::error::EngineError;
use recover_core::audit::{Chain, Entry, Head, Logged, Report};
use recover_core::claim::{ClaimId, ClaimStatus};
use recover_core::digest::Digest;
use recover_core::time::Timestamp;
use recover_store::{ClaimEvent, EventCheck};
use serde::{Deserialize, Serialize};
use std::io::BufRead;

/// How many entries are read from the store at once.
const PAGE: u32 = 500;

/// The longest line that is read: a body of a megabyte and everything around it.
const LINE_BYTES_MAX: u64 = 4 << 20;

/// One entry as a line of an exported log. The order of its keys is part of the format.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    sequence: i64,
    /// Null where the entry is about no claim.
    claim: Option<String>,
    at: String,
    actor: String,
    command: String,
    revision: u32,
    status: String,
    content_digest: String,
    body_digest: String,
    previous_hash: String,
    hash: String,
    /// What the command said; null where it was erased or not exported.
    body: Option<String>,
}

impl Line {
    fn of(event: ClaimEvent, with_body: bool) -> Self {
        Self {
            sequence: event.sequence,
            claim: Some(event.claim.as_str().to_owned()).filter(|claim| !claim.is_empty()),
            at: event.at.to_string(),
            actor: event.actor,
            command: event.command,
            revision: event.revision,
            status: event.status.code().to_owned(),
            content_digest: event.content_digest.to_string(),
            body_digest: event.body_digest.to_string(),
            previous_hash: event.previous_hash.to_string(),
            hash: event.hash.to_string(),
            body: event.body.filter(|_| with_body),
        }
    }

    /// The entry; otherwise the key whose value does not read.
    fn logged(self) -> Result<Logged, &'static str> {
        let digest = |text: &str, key| Digest::parse(text).ok_or(key);
        Ok(Logged {
            hash: digest(&self.hash, "hash")?,
            body: self.body,
            entry: Entry {
                sequence: self.sequence,
                claim: ClaimId::verbatim(&self.claim.unwrap_or_default()),
                at: Timestamp::parse(&self.at).map_err(|_| "at")?,
                actor: self.actor,
                command: self.command,
                revision: self.revision,
                status: ClaimStatus::from_code(&self.status).ok_or("status")?,
                content_digest: digest(&self.content_digest, "content_digest")?,
                body_digest: digest(&self.body_digest, "body_digest")?,
                previous_hash: digest(&self.previous_hash, "previous_hash")?,
            },
        })
    }
}

/// What a walk over an exported log found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileReport {
    /// The walk over the lines that read.
    pub report: Report,
    /// Lines that are no entry: which, from 1, and why.
    pub lines: Vec<(u64, String)>,
}

/// Walks an exported log: every hash right, every number there, every head that was kept outside met. `after` is the head behind
/// which the export began; without it the log must begin at its first entry.
///
/// # Errors
/// When the file cannot be read. What does not fit is a finding.
pub fn verify_file(
    lines: impl BufRead,
    after: Option<Head>,
    heads: &[Head],
) -> std::io::Result<FileReport> {
    let outside = heads.iter().copied();
    let mut chain = match after {
        None => Chain::new(outside),
        Some(start) => Chain::after(start, outside),
    };
    let mut broken = Vec::new();
    let mut lines = lines;
    for number in 1_u64.. {
        let mut text = Vec::new();
        let mut limited = std::io::Read::take(&mut lines, LINE_BYTES_MAX);
        if limited.read_until(b'\n', &mut text)? == 0 {
            break;
        }
        let text = text.trim_ascii();
        if text.is_empty() {
            continue;
        }
        let read = serde_json::from_slice::<Line>(text)
            .map_err(|error| error.to_string())
            .and_then(|line| {
                line.logged()
                    .map_err(|key| format!("'{key}' does not read"))
            });
        match read {
            Ok(logged) => chain.push(&logged),
            Err(problem) => broken.push((number, problem)),
        }
    }
    Ok(FileReport {
        report: chain.finish(),
        lines: broken,
    })
}

impl Engine {
    /// Walks the whole log in the store and plays it again against the tables.
    ///
    /// # Errors
    /// When the store fails. What does not fit is a finding.
    pub async fn verify_log(&self, heads: &[Head]) -> Result<EventCheck, EngineError> {
        Ok(self.store.verify_log(heads).await?)
    }

    /// The log's entries after a number as lines of JSON, handed over as they are read; answers the last one's head, `None` when
    /// there was none. Bodies may name persons: they are left out unless asked for.
    ///
    /// # Errors
    /// When the store fails, or `take` does.
    pub async fn export_log<E: From<EngineError>>(
        &self,
        after: i64,
        with_bodies: bool,
        mut take: impl FnMut(&str) -> Result<(), E>,
    ) -> Result<Option<Head>, E> {
        let mut last = after;
        let mut head = None;
        loop {
            let page = self
                .store
                .export_log(last, PAGE)
                .await
                .map_err(EngineError::from)?;
            let Some(end) = page.last() else {
                return Ok(head);
            };
            last = end.sequence;
            head = Some(Head {
                sequence: end.sequence,
                hash: end.hash,
            });
            for event in page {
                let line = serde_json::to_string(&Line::of(event, with_bodies))
                    .expect("texts and numbers are JSON");
                take(&line)?;
            }
        }
    }
}
