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
    /// Where it was found (`destination_tag`, `memos[0]`, `input`).
    pub place: String,
}
