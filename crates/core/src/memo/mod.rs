//! Routing fields: destination tags, memos, comments, and whom they name.
//!
//! The judgement has two steps, so that the address book can be asked in between: [`readings`] gives every value that the
//! fields may mean, [`judge`] weighs what the book has for them. [`near_values`] is the second question, asked only where
//! the first found nobody.

mod digits;
mod judge;
mod read;

pub use digits::decimal_digit;
pub use judge::{AssignedMemo, MemoQuestion, judge, wants_near_values};
pub use read::{Reading, near_values, readings, wanted_values};

use crate::code::coded;

coded! {
    /// What kind of routing field was found. Absent, empty and zero are different findings.
    pub enum MemoKind {
        /// The transaction has no such field.
        Absent => "absent",
        /// The field is there and holds nothing.
        Empty => "empty",
        /// Text.
        Text => "text",
        /// A 32-bit number (XRP Ledger destination tag).
        Tag => "tag",
        /// A 64-bit number (Stellar memo id).
        Id => "id",
        /// 32 bytes.
        Hash => "hash",
        /// 32 bytes naming a transaction that is returned.
        Return => "return",
        /// Other bytes.
        Bytes => "bytes",
        /// Bytes that only the recipient's key can read.
        Encrypted => "encrypted",
    }
}

coded! {
    /// What the routing field says at a shared address.
    pub enum MemoStanding {
        /// The network or the address needs none.
        NotNeeded => "not_needed",
        /// It names the owner.
        Good => "good",
        /// It is absent, empty or blank.
        Missing => "missing",
        /// It names nobody.
        Unassigned => "unassigned",
        /// It names another user than the one who appeals or sent.
        OfAnotherUser => "of_another_user",
        /// The right value stands in another field, or as another type.
        InWrongField => "in_wrong_field",
    }
}

coded! {
    /// One finding about a routing field: first what the field itself is, then how a value had to be read, then what the
    /// address book says about it.
    pub enum MemoSign {
        /// The transaction has no such field.
        Absent => "absent",
        /// The field is there and holds nothing.
        Empty => "empty",
        /// It holds nothing but blanks or characters without width.
        Blank => "blank",
        /// It is zero: a legal value that wallets fill in where nothing was typed.
        Zero => "zero",
        /// Only the recipient's key can read it.
        Encrypted => "encrypted",
        /// It holds bytes that are no text.
        Unreadable => "unreadable",
        /// It is longer or larger than the network's routing values can be.
        TooLong => "too_long",
        /// Two routing fields hold different values.
        ValuesConflict => "values_conflict",
        /// Read without the blanks, quotes or brackets around it.
        Trimmed => "trimmed",
        /// Read without characters that have no width.
        InvisibleCharacters => "invisible_characters",
        /// Read with digits or letters of another script or width as plain ones.
        FoldedDigits => "folded_digits",
        /// Read without the signs that part groups of digits.
        GroupedDigits => "grouped_digits",
        /// Read without the words beside it.
        Labelled => "labelled",
        /// Read with zeros in front dropped or added.
        LeadingZeros => "leading_zeros",
        /// Read with capitals and small letters as one.
        OtherCase => "other_case",
        /// Read as another type than the field's own.
        WrongType => "wrong_type",
        /// It stands in a field by which nothing is routed.
        InOtherField => "in_other_field",
        /// The value is assigned as it stands.
        Exact => "exact",
        /// Nobody has the value.
        Unassigned => "unassigned",
        /// A user's value is one digit off.
        OneDigitOff => "one_digit_off",
        /// The value was assigned once and retired before the credit.
        RetiredValue => "retired_value",
        /// The value was assigned only after the credit.
        AssignedLater => "assigned_later",
        /// The account of the user whom it names is closed.
        ClosedAccount => "closed_account",
        /// The sender is known as another user's.
        OfAnotherUser => "of_another_user",
        /// The address book gives the value to several users at once.
        SeveralOwners => "several_owners",
        /// The ledger booked it to another user than the one whom it names.
        BookedToAnother => "booked_to_another",
    }
}

/// One finding with what it rests on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MemoEvidence {
    /// What was found.
    pub sign: MemoSign,
    /// The field, as in [`Memo::place`].
    pub place: String,
    /// The field's content as read, cut after 256 characters; empty where there is none.
    pub value: String,
    /// The value of the address book that it is about; `None` where the finding is about the field alone.
    pub assigned: Option<String>,
    /// The user it names; `None` where it names nobody.
    pub user: Option<String>,
}

/// What the routing fields of one credit say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoFinding {
    /// The short answer.
    pub standing: MemoStanding,
    /// The user whom the fields name beyond doubt; `None` otherwise.
    pub owner: Option<String>,
    /// The one user whom they seem to mean. For a person to decide: it never moves money by itself.
    pub proposed: Option<String>,
    /// What it rests on, sorted, each at most once.
    pub evidence: Vec<MemoEvidence>,
}

impl MemoFinding {
    /// Whether the fields were judged and have this finding among theirs.
    #[must_use]
    pub fn has(&self, sign: MemoSign) -> bool {
        self.evidence.iter().any(|evidence| evidence.sign == sign)
    }

    /// Whether two facts name different owners, so that only a person may say whose it is.
    #[must_use]
    pub fn is_disputed(&self) -> bool {
        self.standing == MemoStanding::OfAnotherUser || self.has(MemoSign::ValuesConflict)
    }

    /// Whether the address book gives the value to several users.
    #[must_use]
    pub fn is_contested(&self) -> bool {
        self.owner.is_none() && self.proposed.is_none() && self.has(MemoSign::SeveralOwners)
    }

    /// Every user whom the evidence names, each once.
    #[must_use]
    pub fn named(&self) -> std::collections::BTreeSet<&str> {
        self.evidence
            .iter()
            .filter_map(|evidence| evidence.user.as_deref())
            .collect()
    }
}

/// One routing field as it was found.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Memo {
    /// What kind of field it is.
    pub kind: MemoKind,
    /// Its content as bytes, exactly as the network carries it; numbers as decimal text.
    pub raw: Vec<u8>,
    /// Where it was found: one of [`place`], or a family's own word for a field that routes nothing (`memos[0].data`).
    pub place: String,
}

/// The places that networks route by.
///
/// An observation on such a network begins with one memo for each of them that its kind of movement has, [`MemoKind::Absent`]
/// included; then come other fields in which text was found.
pub mod place {
    /// The XRP Ledger's `DestinationTag`.
    pub const DESTINATION_TAG: &str = "destination_tag";
    /// The memo of a transaction (Stellar, Cosmos SDK).
    pub const MEMO: &str = "memo";
    /// The id inside a muxed account of Stellar (CAP-27), only where the recipient was written as one.
    pub const MUXED_ID: &str = "muxed_id";
    /// The memo of an ICS-20 packet; the memo of its transaction is the relayer's.
    pub const PACKET_MEMO: &str = "packet_memo";
    /// The text of a TON message (operation 0).
    pub const COMMENT: &str = "comment";
    /// The text that a jetton transfer (TEP-74) forwards.
    pub const FORWARD_PAYLOAD: &str = "forward_payload";
}

/// What a routing value of a family must look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemoShape {
    /// A number of 32 bits.
    Tag,
    /// Text of at most so many bytes, a number of 64 bits, or 32 bytes.
    TextIdOrHash {
        /// The limit of a text in bytes.
        text_bytes_max: usize,
    },
    /// Text of at most so many characters; `None` when the network sets no limit.
    Text {
        /// The limit in characters.
        characters_max: Option<usize>,
    },
}

/// How a family routes deposits at a shared address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoRules {
    /// The places that route, the usual one first.
    pub routing: &'static [&'static str],
    /// What a value must look like.
    pub shape: MemoShape,
}

impl Memo {
    /// A routing place that the transaction left out.
    #[must_use]
    pub fn absent(place: &str) -> Self {
        Self {
            kind: MemoKind::Absent,
            raw: Vec::new(),
            place: place.to_owned(),
        }
    }

    /// Text as the network carries it: [`MemoKind::Empty`] when there is none of it.
    #[must_use]
    pub fn text(raw: &[u8], place: &str) -> Self {
        Self {
            kind: if raw.is_empty() {
                MemoKind::Empty
            } else {
                MemoKind::Text
            },
            raw: raw.to_vec(),
            place: place.to_owned(),
        }
    }

    /// A destination tag.
    #[must_use]
    pub fn tag(tag: u32, place: &str) -> Self {
        Self {
            kind: MemoKind::Tag,
            raw: tag.to_string().into_bytes(),
            place: place.to_owned(),
        }
    }

    /// A memo id.
    #[must_use]
    pub fn id(id: u64, place: &str) -> Self {
        Self {
            kind: MemoKind::Id,
            raw: id.to_string().into_bytes(),
            place: place.to_owned(),
        }
    }
}
