//! The JSON form of what people said on a claim beside votes: waivers, acceptance, and that it was given up.

use super::{WireError, amount, parsed};
use crate::claim::{Acceptance, Evidence, EvidenceFile, GrantedWaiver, Unwinding};
use crate::digest::Digest;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A waiver that was granted; see [`GrantedWaiver`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaiverJson {
    code: String,
    person: String,
    note: String,
    /// Microseconds since 1970, UTC.
    granted_at: i64,
}

impl WaiverJson {
    /// The form of a granted waiver.
    #[must_use]
    pub fn of(waiver: &GrantedWaiver) -> Self {
        let GrantedWaiver {
            code,
            person,
            note,
            granted_at,
        } = waiver.clone();
        Self {
            code,
            person,
            note,
            granted_at: granted_at.as_micros(),
        }
    }

    /// The waiver.
    #[must_use]
    pub fn read(&self) -> GrantedWaiver {
        GrantedWaiver {
            code: self.code.clone(),
            person: self.person.clone(),
            note: self.note.clone(),
            granted_at: Timestamp::from_micros(self.granted_at),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileJson {
    sha256: String,
    /// Decimal digits.
    length: String,
}

/// By what and before whom a quote was accepted; see [`Acceptance`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptanceJson {
    evidence: String,
    file: Option<FileJson>,
    person: String,
    /// Microseconds since 1970, UTC.
    accepted_at: i64,
}

impl AcceptanceJson {
    /// The form of an acceptance.
    #[must_use]
    pub fn of(acceptance: &Acceptance) -> Self {
        let Acceptance {
            evidence: Evidence { text, file },
            person,
            accepted_at,
        } = acceptance;
        Self {
            evidence: text.clone(),
            file: file.as_ref().map(|file| FileJson {
                sha256: file.sha256.to_string(),
                length: file.length.to_string(),
            }),
            person: person.clone(),
            accepted_at: accepted_at.as_micros(),
        }
    }

    /// The acceptance.
    ///
    /// # Errors
    /// The first field that cannot be read.
    pub fn read(&self) -> Result<Acceptance, WireError> {
        let file = self.file.as_ref().map(|file| {
            Ok(EvidenceFile {
                sha256: parsed("acceptance.file.sha256", &file.sha256, Digest::parse)?,
                length: parsed("acceptance.file.length", &file.length, |text| {
                    text.parse().ok()
                })?,
            })
        });
        Ok(Acceptance {
            evidence: Evidence {
                text: self.evidence.clone(),
                file: file.transpose()?,
            },
            person: self.person.clone(),
            accepted_at: Timestamp::from_micros(self.accepted_at),
        })
    }
}

/// That a recovery was given up; see [`Unwinding`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnwindingJson {
    reason: String,
    person: String,
    /// Microseconds since 1970, UTC.
    since: i64,
    costs: String,
}

impl UnwindingJson {
    /// The form of an unwinding.
    #[must_use]
    pub fn of(unwinding: &Unwinding) -> Self {
        let Unwinding {
            reason,
            person,
            since,
            costs,
        } = unwinding;
        Self {
            reason: reason.clone(),
            person: person.clone(),
            since: since.as_micros(),
            costs: costs.to_base_units(),
        }
    }

    /// The unwinding.
    ///
    /// # Errors
    /// The first field that cannot be read.
    pub fn read(&self) -> Result<Unwinding, WireError> {
        Ok(Unwinding {
            reason: self.reason.clone(),
            person: self.person.clone(),
            since: Timestamp::from_micros(self.since),
            costs: amount("unwinding.costs", &self.costs)?,
        })
    }
}
