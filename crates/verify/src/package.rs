//! The file that `claims export` writes for the signers: one JSON, in one canonical form.
//!
//! Whoever changes a letter of it makes another file: the text must be exactly what this module writes (line ends and blanks
//! behind it aside), so that a key that stands there twice, an unknown one, or a number in another form is refused. Its last
//! field is a digest over all others. That finds damage; what an attacker wrote with all digests made new is found by
//! [`crate::verify()`], against the approvers' signatures and the pinned roster.

use crate::codecs::check_of;
use recover_core::audit::Head;
use recover_core::check::{Line, NotReadable, Slot};
use recover_core::claim::{Approval, Claim, Package, Screening};
use recover_core::digest::{Digest, Encoder};
use recover_core::kind::Kind;
use recover_core::plan::{Instruction, Step};
use recover_core::time::Timestamp;
use recover_core::wire::ContentJson;
use serde::{Deserialize, Serialize};

/// What stands in `format`.
pub const FORMAT: &str = "recover-package/1";

/// The longest file that is read, in bytes.
pub const FILE_BYTES_MAX: usize = 1 << 20;

/// What the engine hands out for one step.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    /// The claim with its live package, its votes and its screenings.
    pub claim: &'a Claim,
    /// The kind of its deposit: rules of the approval policy look at it.
    pub deposit_kind: Kind,
    /// The number of the policy in force.
    pub policy_version: u32,
    /// The digest of that policy's text.
    pub policy_digest: Digest,
    /// The end of the log at the time of the export.
    pub log_head: Head,
}

/// Why no package can be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OutgoingError {
    /// The claim has no live package.
    #[error("no package is out on this claim: prepare its next step first")]
    NothingOut,
    /// The votes were never enough.
    #[error("the claim is not approved")]
    NotApproved,
    /// It was never screened.
    #[error("the claim was not screened")]
    NotScreened,
    /// The package is for a step that the plan does not have.
    #[error("the plan has no step {step}")]
    NoStep {
        /// The step, from 0.
        step: u32,
    },
    /// No checker here reads the chain's bytes.
    #[error("transactions on {chain} cannot be checked by signers: carry them by hand")]
    NoCheck {
        /// The CAIP-2 chain.
        chain: String,
    },
    /// The package's bytes are not the family's.
    #[error(transparent)]
    NotReadable(#[from] NotReadable),
    /// The instructions of the package are no text.
    #[error("the package's instructions are no text")]
    NoText,
}

/// A label and a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineJson {
    /// What is told.
    pub label: String,
    /// The value, in full.
    pub value: String,
}

/// A slot of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlotJson {
    account: String,
    /// Decimal digits: a number of JSON would lose the last ones of a long sequence in other programs.
    sequence: String,
    is_ticket: bool,
}

impl SlotJson {
    pub(crate) fn of(slot: &Slot) -> Self {
        Self {
            account: slot.account.clone(),
            sequence: slot.sequence.to_string(),
            is_ticket: slot.is_ticket,
        }
    }
}

/// Whether the step is a transaction or a set of ledger instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PackageKind {
    /// Unsigned bytes of a network, in hexadecimal.
    Transaction,
    /// The canonical text of ledger instructions.
    Instructions,
}

/// A vote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VoteJson {
    pub(crate) person: String,
    pub(crate) digest: String,
    pub(crate) approved_at: String,
    pub(crate) signature: Option<String>,
}

/// The latest screening.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LatestScreeningJson {
    pub(crate) clear: bool,
    pub(crate) person: String,
    pub(crate) decided_at: String,
}

/// A version of the policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyJson {
    pub(crate) version: u32,
    pub(crate) digest: String,
}

/// The file, as text in its fields: times in RFC 3339, digests and bytes in lower-case hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackageFile {
    pub(crate) format: String,
    pub(crate) content: ContentJson,
    pub(crate) content_digest: String,
    pub(crate) step: u32,
    pub(crate) attempt: u32,
    pub(crate) kind: PackageKind,
    pub(crate) bytes: String,
    pub(crate) summary: Vec<LineJson>,
    pub(crate) slot: Option<SlotJson>,
    pub(crate) prepared_at: String,
    pub(crate) expires_at: String,
    pub(crate) valid_until: Option<String>,
    pub(crate) valid_through: Option<String>,
    pub(crate) package_digest: String,
    pub(crate) votes: Vec<VoteJson>,
    pub(crate) involved: Vec<String>,
    pub(crate) screening: LatestScreeningJson,
    pub(crate) policy: PolicyJson,
    pub(crate) deposit_kind: String,
    pub(crate) tier: String,
    pub(crate) log_head: String,
    pub(crate) file_digest: String,
}

/// Why a text is no package file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// It is too long.
    #[error("the file has {bytes} bytes, more than {FILE_BYTES_MAX}: this is no package")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// It is no JSON of this shape.
    #[error("this is no package: {0}")]
    Shape(String),
    /// It is of another format.
    #[error(
        "the file's format is {0} and {FORMAT} is known: use the recover-verify of that release"
    )]
    Format(String),
    /// It says the same in other letters.
    #[error("the file is not as it was written: ask for it again, and do not open it in an editor")]
    NotCanonical,
    /// Something in it was changed.
    #[error(
        "the file's digest is not over what stands in it: it was changed or damaged; ask for it again"
    )]
    DigestDiffers,
}

impl PackageFile {
    /// The file for the claim's live package.
    ///
    /// # Errors
    /// When nothing is out, or no signer could check it.
    pub fn new(outgoing: &Outgoing<'_>) -> Result<Self, OutgoingError> {
        let claim = outgoing.claim;
        let package = claim
            .execution
            .package
            .as_ref()
            .ok_or(OutgoingError::NothingOut)?;
        let approved = claim.approved.as_ref().ok_or(OutgoingError::NotApproved)?;
        let screening = claim.latest_screening().ok_or(OutgoingError::NotScreened)?;
        let (kind, bytes, summary) = told(claim, package)?;
        let content_digest = claim.content_digest();
        let file = Self {
            format: FORMAT.to_owned(),
            content: ContentJson::of(claim),
            content_digest: content_digest.to_string(),
            step: package.step,
            attempt: package.attempt,
            kind,
            bytes,
            summary: summary.into_iter().map(LineJson::from).collect(),
            slot: package.slot.as_ref().map(SlotJson::of),
            prepared_at: package.prepared_at.to_string(),
            expires_at: package.expires_at.to_string(),
            valid_until: package.valid_until.map(|time| time.to_string()),
            valid_through: package.valid_through.map(|height| height.0.to_string()),
            package_digest: package.digest(&content_digest).to_string(),
            votes: claim.approvals.iter().map(VoteJson::from).collect(),
            involved: claim.involved.iter().cloned().collect(),
            screening: LatestScreeningJson::from(screening),
            policy: PolicyJson {
                version: outgoing.policy_version,
                digest: outgoing.policy_digest.to_string(),
            },
            deposit_kind: outgoing.deposit_kind.code().to_owned(),
            tier: approved.tier.clone(),
            log_head: outgoing.log_head.to_string(),
            file_digest: String::new(),
        };
        Ok(file.sealed())
    }

    /// Reads a file: its shape, its one canonical form and its digest. What it says is not judged here.
    ///
    /// # Errors
    /// When the text is not exactly what [`PackageFile::to_json`] writes.
    pub fn parse(text: &str) -> Result<Self, FileError> {
        if text.len() > FILE_BYTES_MAX {
            return Err(FileError::TooLong { bytes: text.len() });
        }
        let file: Self =
            serde_json::from_str(text).map_err(|error| FileError::Shape(error.to_string()))?;
        if file.format != FORMAT {
            return Err(FileError::Format(file.format));
        }
        // No text of JSON holds a line break of its own, so that this only undoes what mail and Windows do.
        let as_written = text.replace("\r\n", "\n");
        if as_written.trim_ascii_end() != file.to_json().trim_ascii_end() {
            return Err(FileError::NotCanonical);
        }
        if file.clone().sealed() != file {
            return Err(FileError::DigestDiffers);
        }
        Ok(file)
    }

    /// The text of the file.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut text =
            serde_json::to_string_pretty(self).expect("text, numbers and lists are always JSON");
        text.push('\n');
        text
    }

    /// The file with the digest over all its other fields.
    #[must_use]
    pub fn sealed(mut self) -> Self {
        self.file_digest.clear();
        self.file_digest = Encoder::new("recover/package-file/1")
            .field(&self.to_json())
            .finish()
            .to_string();
        self
    }

    /// The digest that binds content, bytes, step, attempt and deadline, as it is stated.
    #[must_use]
    pub fn package_digest(&self) -> &str {
        &self.package_digest
    }
}

/// The package's bytes as text, and what they say.
fn told(
    claim: &Claim,
    package: &Package,
) -> Result<(PackageKind, String, Vec<Line>), OutgoingError> {
    let no_step = OutgoingError::NoStep { step: package.step };
    let index = usize::try_from(package.step).map_err(|_| no_step.clone())?;
    let step = claim.plan.as_ref().and_then(|plan| plan.steps.get(index));
    match step.ok_or(no_step)? {
        Step::Send(leg) => {
            let check = check_of(&leg.chain).ok_or_else(|| OutgoingError::NoCheck {
                chain: leg.chain.clone(),
            })?;
            let decoded = check.decode(&leg.chain, &package.bytes)?;
            Ok((
                PackageKind::Transaction,
                hex::encode(&package.bytes),
                decoded.lines,
            ))
        }
        Step::Instruct(instructions) => {
            let text =
                String::from_utf8(package.bytes.clone()).map_err(|_| OutgoingError::NoText)?;
            let lines = instruction_lines(claim.id.as_str(), index, instructions);
            Ok((PackageKind::Instructions, text, lines))
        }
    }
}

/// What a step's instructions do, one line each.
#[must_use]
pub fn instruction_lines(claim: &str, step: usize, instructions: &[Instruction]) -> Vec<Line> {
    let tell = |(ordinal, instruction): (usize, &Instruction)| {
        let whose = match &instruction.user {
            Some(user) => format!("user {user}"),
            None => "the exchange's own revenue".to_owned(),
        };
        let entry = match &instruction.entry {
            Some(entry) => format!(", entry {entry}"),
            None => String::new(),
        };
        Line {
            label: instruction.kind.code().to_owned(),
            value: format!(
                "{} base units of {}, {whose}{entry}, id {}",
                instruction.amount.to_base_units(),
                instruction.asset,
                instruction.id(claim, step, ordinal)
            ),
        }
    };
    instructions.iter().enumerate().map(tell).collect()
}

impl From<Line> for LineJson {
    fn from(Line { label, value }: Line) -> Self {
        Self { label, value }
    }
}

impl From<&Approval> for VoteJson {
    fn from(vote: &Approval) -> Self {
        Self {
            person: vote.person.clone(),
            digest: vote.digest.to_string(),
            approved_at: vote.approved_at.to_string(),
            signature: vote.signature.clone(),
        }
    }
}

impl VoteJson {
    /// The vote; `None` where a time or a digest cannot be read.
    pub(crate) fn read(&self) -> Option<Approval> {
        Some(Approval {
            person: self.person.clone(),
            digest: Digest::parse(&self.digest)?,
            approved_at: Timestamp::parse(&self.approved_at).ok()?,
            signature: self.signature.clone(),
        })
    }
}

impl From<&Screening> for LatestScreeningJson {
    /// Without the reason: it is compliance's own.
    fn from(screening: &Screening) -> Self {
        Self {
            clear: screening.clear,
            person: screening.person.clone(),
            decided_at: screening.decided_at.to_string(),
        }
    }
}
