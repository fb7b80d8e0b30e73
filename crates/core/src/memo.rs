//! Routing fields: destination tags, memos, comments.

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

/// One routing field as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
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
