//! What people said on a claim beside votes: what the customer was let off, and that they accepted the quote.

use crate::digest::{Digest, Encoder};
use crate::time::Timestamp;

/// A waiver that was granted on a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantedWaiver {
    /// Its code in the policy.
    pub code: String,
    /// Who granted it.
    pub person: String,
    /// Why, in their words.
    pub note: String,
    /// When.
    pub granted_at: Timestamp,
}

/// By what a customer showed that they accept a quote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evidence {
    /// What they wrote, or where it stands; empty where nothing was asked of them.
    pub text: String,
    /// The file that shows it; `None` where there is none. The file itself stays where it is.
    pub file: Option<EvidenceFile>,
}

/// A file, by what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceFile {
    /// SHA-256 over its bytes.
    pub sha256: Digest,
    /// Its length in bytes.
    pub length: u64,
}

/// That a customer accepted the quote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    /// By what they showed it.
    pub evidence: Evidence,
    /// Who recorded it.
    pub person: String,
    /// When.
    pub accepted_at: Timestamp,
}

impl EvidenceFile {
    /// The file that holds these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self {
            sha256: Digest::of_file(bytes),
            length: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        }
    }
}

impl Evidence {
    /// Whether it says nothing at all.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.text.trim().is_empty()
    }
}

impl GrantedWaiver {
    /// Adds every field to a digest. The struct is taken apart without `..`, so that a new field cannot be forgotten.
    pub(super) fn encode(&self, encoder: Encoder) -> Encoder {
        let Self {
            code,
            person,
            note,
            granted_at,
        } = self;
        encoder
            .field(code)
            .field(person)
            .field(note)
            .field(&granted_at.as_micros().to_string())
    }
}

impl Acceptance {
    /// Adds every field to a digest. The structs are taken apart without `..`, so that a new field cannot be forgotten.
    pub(super) fn encode(&self, encoder: Encoder) -> Encoder {
        let Self {
            evidence: Evidence { text, file },
            person,
            accepted_at,
        } = self;
        let encoder = encoder
            .field(text)
            .field(person)
            .field(&accepted_at.as_micros().to_string());
        match file {
            None => encoder.optional(None),
            Some(EvidenceFile { sha256, length }) => encoder
                .optional(Some(&sha256.to_string()))
                .field(&length.to_string()),
        }
    }
}
