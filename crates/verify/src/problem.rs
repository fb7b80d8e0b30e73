//! Why a package is refused: a stable code, and words that name what was found.

use serde::{Serialize, Serializer};

macro_rules! codes {
    ($($(#[$meta:meta])* $variant:ident => $code:literal),+ $(,)?) => {
        /// What is wrong, in the order in which it is looked at.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[$meta])* $variant),+ }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable text that programs may rely on.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }
        }
    };
}

codes! {
    /// The roster cannot be read or would let nobody or anybody approve.
    RosterInvalid => "roster_invalid",
    /// The file is no package.
    PackageUnreadable => "package_unreadable",
    /// The file is not written as the program writes it: it was edited.
    PackageNotCanonical => "package_not_canonical",
    /// The file's own digest is not over what stands in it.
    FileDigestDiffers => "file_digest_differs",
    /// The claim in it cannot be read, or is not in its one canonical form.
    ContentUnreadable => "content_unreadable",
    /// The content is not the one whose digest is stated.
    ContentDigestDiffers => "content_digest_differs",
    /// Content, bytes, step, attempt and deadline do not give the stated digest.
    PackageDigestDiffers => "package_digest_differs",
    /// The policy is none that the roster accepts.
    PolicyUnknown => "policy_unknown",
    /// The plan is not what the claim and its quote say.
    PlanDiffers => "plan_differs",
    /// The plan has no such step, or it is of the other kind.
    StepDiffers => "step_differs",
    /// The roster pins no such network, or another chain for it.
    ChainNotPinned => "chain_not_pinned",
    /// Money that should go to treasury, or through our own accounts, goes elsewhere.
    RecipientNotPinned => "recipient_not_pinned",
    /// The account or key that should sign is not the pinned one.
    SignerNotPinned => "signer_not_pinned",
    /// A fee or a top-up is above the pinned ceiling.
    AboveCeiling => "above_ceiling",
    /// The bytes do something else than the approved step.
    BytesDeviate => "bytes_deviate",
    /// The instructions are not those of the approved step.
    InstructionsDiffer => "instructions_differ",
    /// The summary in the file is not what the bytes say.
    SummaryDiffers => "summary_differs",
    /// The slot or the validity in the file is not the one in the bytes.
    SlotDiffers => "slot_differs",
    /// The claim was not cleared, or too long before.
    ScreeningMissing => "screening_missing",
    /// A deadline is over.
    Expired => "expired",
    /// A time lies ahead of this machine's clock, or a deadline further away than the roster allows.
    TimesDiffer => "times_differ",
    /// Somebody voted whom the roster does not know.
    VoterUnknown => "voter_unknown",
    /// A person voted more than once.
    VotedTwice => "voted_twice",
    /// A vote is on another content.
    VoteOnOtherContent => "vote_on_other_content",
    /// A vote has no signature and the roster wants one.
    SignatureMissing => "signature_missing",
    /// A signature is not by the person's key over this content.
    SignatureWrong => "signature_wrong",
    /// A vote is by somebody who worked on the claim.
    VoterInvolved => "voter_involved",
    /// A vote is too old, or from the future.
    VoteTooOld => "vote_too_old",
    /// A rule forbids it, or no rule or tier fits.
    NotAllowed => "not_allowed",
    /// The votes are not enough.
    QuorumMissing => "quorum_missing",
    /// The delay after the last vote is not over.
    DelayRunning => "delay_running",
    /// The tier in the file is unknown or lower than the quote alone needs.
    TierDiffers => "tier_differs",
    /// The log that this package vouches for is not the one seen before.
    LogForked => "log_forked",
    /// Another package for the same step was accepted here before.
    AlreadyPaid => "already_paid",
    /// There is nothing to sign in this package.
    NothingToSign => "nothing_to_sign",
    /// The signed bytes cannot be read, or their signature is not valid.
    SignedUnreadable => "signed_unreadable",
    /// Without their signature the signed bytes are not those of the package.
    SignedBytesDiffer => "signed_bytes_differ",
    /// Another account or key signed.
    SignerDiffers => "signer_differs",
    /// What was seen before cannot be read.
    SeenUnreadable => "seen_unreadable",
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.text())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text())
    }
}

/// One reason to refuse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct Problem {
    /// Which.
    pub code: Code,
    /// What was found, printable: see [`plain`].
    pub detail: String,
}

impl Problem {
    pub(crate) fn new(code: Code, detail: impl AsRef<str>) -> Self {
        Self {
            code,
            detail: cut(&plain(detail.as_ref())),
        }
    }
}

/// The longest detail, in bytes: a package may hold a megabyte of anything.
const DETAIL_BYTES_MAX: usize = 600;

fn cut(text: &str) -> String {
    match text.get(..DETAIL_BYTES_MAX) {
        None => text.to_owned(),
        Some(begin) => format!("{begin}… ({} bytes in all)", text.len()),
    }
}

/// A text with everything but printable ASCII written out, so that nothing moves a cursor, turns a line around or looks like
/// another letter. A backslash is doubled: one text has one printed form.
#[must_use]
pub fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' => shown.push_str("\\\\"),
            ' '..='~' => shown.push(letter),
            other => shown.extend(other.escape_unicode()),
        }
    }
    shown
}
