//! The rule of the log: what an entry's hash covers, and a walk that says where a log was edited.
//!
//! Every step of every claim is one [`Entry`], bound to the entry before it by a hash. The store that writes the log, a file that it
//! exported and the offline verifier all check it here, so that they cannot disagree.
//!
//! A chain proves that nothing before its last hash changed, and no more: whoever may write the whole log can cut its end off, or
//! compute a new one from any entry on, and it will fit. Only a [`Head`] that was kept outside (with a package that signers have, in
//! an auditor's mailbox) shows that; give the walk every head there is. An entry that was never written leaves no trace here.

use crate::claim::{ClaimId, ClaimStatus};
use crate::digest::{Digest, Encoder};
use crate::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// One step of one claim: everything that its hash covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Counts the steps of all claims without a gap, from 1.
    pub sequence: i64,
    /// The claim.
    pub claim: ClaimId,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// The command's code, or `open`.
    pub command: String,
    /// The claim's revision afterwards.
    pub revision: u32,
    /// The claim's status afterwards.
    pub status: ClaimStatus,
    /// The claim's content afterwards.
    pub content_digest: Digest,
    /// What the command said, see [`body_digest`]. The text itself may name persons and may be erased.
    pub body_digest: Digest,
    /// The hash of the entry before; [`beginning`] for the first.
    pub previous_hash: Digest,
}

impl Entry {
    /// The entry's hash, computed from its fields.
    #[must_use]
    pub fn hash(&self) -> Digest {
        // Without `..`: a field that is added must be decided on here.
        let Self {
            sequence,
            claim,
            at,
            actor,
            command,
            revision,
            status,
            content_digest,
            body_digest,
            previous_hash,
        } = self;
        Encoder::new("recover/claim-event/1")
            .field(&sequence.to_string())
            .field(claim.as_str())
            .field(&at.as_micros().to_string())
            .field(actor)
            .field(command)
            .field(&revision.to_string())
            .field(status.code())
            .field(&content_digest.to_string())
            .field(&body_digest.to_string())
            .field(&previous_hash.to_string())
            .finish()
    }
}

/// The digest of what a command said, as an entry holds it.
#[must_use]
pub fn body_digest(body: &str) -> Digest {
    Encoder::new("recover/claim-event-body/1")
        .field(body)
        .finish()
}

/// What stands in the first entry for the hash of the one before: zeros.
#[must_use]
pub fn beginning() -> Digest {
    Digest::parse(&"0".repeat(64)).expect("64 digits are a digest")
}

/// An entry as a log holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// The entry.
    pub entry: Entry,
    /// The hash that the log states for it.
    pub hash: Digest,
    /// What the command said; `None` when it was erased, which is allowed: its digest stays.
    pub body: Option<String>,
}

/// The end of a log at some time. Kept outside, it proves everything up to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Head {
    /// The number of the last entry.
    pub sequence: i64,
    /// The hash of the last entry.
    pub hash: Digest,
}

impl Head {
    /// Parses what [`Head`] displays; `None` for any other text, other spellings of the same head included.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (sequence, hash) = text.split_once(':')?;
        let head = Self {
            sequence: sequence.parse().ok()?,
            hash: Digest::parse(hash)?,
        };
        (head.sequence >= 1 && head.to_string() == text).then_some(head)
    }
}

/// `SEQUENCE:HASH`, the hash as 64 lower-case hexadecimal digits.
impl std::fmt::Display for Head {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&format!("{}:{}", self.sequence, self.hash))
    }
}

/// What does not fit in a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Entries were deleted. Whether the entry behind the gap follows the last missing one cannot be said.
    #[error("entries {from} to {to} are missing")]
    Missing {
        /// The first missing number.
        from: i64,
        /// The last missing number.
        to: i64,
    },
    /// An entry stands a second time, or behind a later one: inserted, or moved.
    #[error("entry {sequence} is out of place: it stands behind entry {after}")]
    OutOfPlace {
        /// The entry's number.
        sequence: i64,
        /// The highest number before it; 0 when there is none.
        after: i64,
    },
    /// The entry names another hash than that of the entry before: that one was replaced, or something was inserted.
    #[error("entry {sequence} does not follow the one before it")]
    NotFollowing {
        /// The entry's number.
        sequence: i64,
    },
    /// The entry's fields do not give the hash that the log states for it.
    #[error("entry {sequence} was changed")]
    Changed {
        /// The entry's number.
        sequence: i64,
    },
    /// What the command said does not give the digest in its entry.
    #[error("the body of entry {sequence} was changed")]
    BodyChanged {
        /// The entry's number.
        sequence: i64,
    },
    /// The log is shorter than it once was: its end was cut off.
    #[error(
        "the log ends at entry {last}, and a record outside has entry {}: the end was cut off",
        head.sequence
    )]
    Truncated {
        /// The head that was kept outside.
        head: Head,
        /// The last entry of the log; 0 when it has none.
        last: i64,
    },
    /// The log has another history than the one whose head was kept outside.
    #[error(
        "entry {} is not the one that a record outside has ({}): the history was written anew somewhere from entry {from} to {}",
        head.sequence, head.hash, head.sequence
    )]
    Forked {
        /// The head that was kept outside.
        head: Head,
        /// The first entry that may be another: the one behind the last head that fits.
        from: i64,
    },
    /// The head that was kept outside lies before the part of the log that was walked, so nothing can be said about it.
    #[error(
        "entry {} of a record outside lies before this part of the log, which begins behind entry {start}: check an earlier part",
        head.sequence
    )]
    BeforeStart {
        /// The head that was kept outside.
        head: Head,
        /// The entry behind which the walk began.
        start: i64,
    },
}

impl Problem {
    /// The number of the entry at which it is: by this, problems are sorted.
    #[must_use]
    pub const fn sequence(&self) -> i64 {
        match self {
            Self::Missing { from, .. } => *from,
            Self::OutOfPlace { sequence, .. }
            | Self::NotFollowing { sequence }
            | Self::Changed { sequence }
            | Self::BodyChanged { sequence } => *sequence,
            Self::Truncated { head, .. }
            | Self::Forked { head, .. }
            | Self::BeforeStart { head, .. } => head.sequence,
        }
    }
}

/// What a walk found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// How many entries were read.
    pub entries: u64,
    /// How many of their bodies were erased.
    pub bodies_erased: u64,
    /// At how many entries a head that was kept outside fits.
    pub heads_met: usize,
    /// The end of the log, to be kept outside; `None` when it has no entry.
    pub head: Option<Head>,
    /// What does not fit, by entry; empty when all does.
    pub problems: Vec<Problem>,
}

/// A walk over a log, entry by entry in the order in which they stand there.
#[derive(Debug, Clone)]
pub struct Chain {
    start: i64,
    /// The last entry at its place; `None` before the first.
    last: Option<Head>,
    /// Heads kept outside that were not met yet, by number. Two of one number with different hashes: two histories.
    outside: BTreeMap<i64, BTreeSet<Digest>>,
    /// The numbers of the heads that were met.
    met: BTreeSet<i64>,
    /// Gaps, first number to last. An entry that turns up later is out of place, not missing.
    missing: BTreeMap<i64, i64>,
    entries: u64,
    bodies_erased: u64,
    problems: Vec<Problem>,
}

impl Chain {
    /// A walk from the first entry on, with all heads that were kept outside; those that say the same count once.
    #[must_use]
    pub fn new(outside: impl IntoIterator<Item = Head>) -> Self {
        Self::begin(None, outside)
    }

    /// A walk from the entry behind `start` on, which the caller trusts: for a part of a log.
    #[must_use]
    pub fn after(start: Head, outside: impl IntoIterator<Item = Head>) -> Self {
        Self::begin(Some(start), outside)
    }

    fn begin(start: Option<Head>, heads: impl IntoIterator<Item = Head>) -> Self {
        let mut outside: BTreeMap<i64, BTreeSet<Digest>> = BTreeMap::new();
        for head in heads {
            outside.entry(head.sequence).or_default().insert(head.hash);
        }
        let mut chain = Self {
            start: start.map_or(0, |start| start.sequence),
            last: start,
            outside,
            met: BTreeSet::new(),
            missing: BTreeMap::new(),
            entries: 0,
            bodies_erased: 0,
            problems: Vec::new(),
        };
        if let Some(start) = start {
            chain.meet(start);
        }
        chain
    }

    /// Takes the next entry.
    pub fn push(&mut self, logged: &Logged) {
        let Logged { entry, hash, body } = logged;
        let sequence = entry.sequence;
        self.entries = self.entries.saturating_add(1);

        let last = self.last.map_or(0, |last| last.sequence);
        let next = last.saturating_add(1);
        if sequence <= last {
            self.problems.push(Problem::OutOfPlace {
                sequence,
                after: last,
            });
            if self.fills_gap(sequence) {
                self.meet(Head {
                    sequence,
                    hash: *hash,
                });
            }
        } else {
            if sequence != next {
                self.missing.insert(next, sequence.saturating_sub(1));
            } else if entry.previous_hash != self.last.map_or_else(beginning, |last| last.hash) {
                self.problems.push(Problem::NotFollowing { sequence });
            }
            let head = Head {
                sequence,
                hash: *hash,
            };
            self.last = Some(head);
            self.meet(head);
        }

        if *hash != entry.hash() {
            self.problems.push(Problem::Changed { sequence });
        }
        match body {
            None => self.bodies_erased = self.bodies_erased.saturating_add(1),
            Some(body) if body_digest(body) != entry.body_digest => {
                self.problems.push(Problem::BodyChanged { sequence });
            }
            Some(_) => {}
        }
    }

    /// Takes a number out of the gap in which it was missing; false when it was not.
    fn fills_gap(&mut self, sequence: i64) -> bool {
        let Some((&from, &to)) = self.missing.range(..=sequence).next_back() else {
            return false;
        };
        if sequence > to {
            return false;
        }
        self.missing.remove(&from);
        if from < sequence {
            self.missing.insert(from, sequence.saturating_sub(1));
        }
        if sequence < to {
            self.missing.insert(sequence.saturating_add(1), to);
        }
        true
    }

    /// Compares the entry that was just reached with the heads kept outside.
    fn meet(&mut self, here: Head) {
        for hash in self.outside.remove(&here.sequence).unwrap_or_default() {
            if hash == here.hash {
                self.met.insert(here.sequence);
            } else {
                let head = Head { hash, ..here };
                self.forked(head);
            }
        }
    }

    fn forked(&mut self, head: Head) {
        let proved = self.met.range(..head.sequence).next_back();
        let from = proved.map_or(self.start, |&proved| proved);
        let from = from.saturating_add(1).min(head.sequence);
        self.problems.push(Problem::Forked { head, from });
    }

    /// Ends the walk: the log has no more entries.
    #[must_use]
    pub fn finish(mut self) -> Report {
        let last = self.last.map_or(0, |last| last.sequence);
        for (&from, &to) in &self.missing {
            self.problems.push(Problem::Missing { from, to });
        }
        // What was not met lies behind the end, before the start, or in a gap, which is told as such.
        for (sequence, hashes) in std::mem::take(&mut self.outside) {
            for hash in hashes {
                let head = Head { sequence, hash };
                if sequence > last {
                    self.problems.push(Problem::Truncated { head, last });
                } else if sequence < 1 {
                    self.forked(head);
                } else if sequence < self.start {
                    let start = self.start;
                    self.problems.push(Problem::BeforeStart { head, start });
                }
            }
        }
        self.problems.sort_by_key(Problem::sequence);
        Report {
            entries: self.entries,
            bodies_erased: self.bodies_erased,
            heads_met: self.met.len(),
            head: self.last,
            problems: self.problems,
        }
    }
}
