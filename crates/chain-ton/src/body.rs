//! What a message's body says: a comment, a step of a jetton transfer (TEP-74), an NFT (TEP-62), or something of a contract.

use crate::address::RawAddress;
use crate::boc::{Cell, Slice};
use recover_core::amount::Amount;
use recover_core::memo::{Memo, MemoKind, place};
use std::sync::Arc;

/// A text comment.
pub const COMMENT: u32 = 0;
/// A comment that only the recipient's key can read.
pub const ENCRYPTED_COMMENT: u32 = 0x2167_da4b;
/// A jetton owner's order to their own jetton wallet.
pub const TRANSFER: u32 = 0x0f8a_7ea5;
/// One jetton wallet to the other: the step that credits.
pub const INTERNAL_TRANSFER: u32 = 0x178d_4519;
/// A jetton wallet to its owner; sent only where the sender attached TON for it, and by anybody who likes to pretend.
pub const NOTIFICATION: u32 = 0x7362_d09c;
/// What is left of the attached TON goes back.
pub const EXCESSES: u32 = 0xd532_76db;
/// An NFT to its new owner.
pub const OWNERSHIP_ASSIGNED: u32 = 0x0513_8d91;

/// A message's body as far as its source gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// The cells themselves.
    Cells(Arc<Cell>),
    /// Only the source's own reading of a comment.
    Text(Vec<u8>),
    /// Only the operation, or not even that: the source did not give the body.
    NotGiven(Option<u32>),
}

/// What a body means to the recipient of its message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// Nothing was written.
    Empty,
    /// A comment, readable or not.
    Comment(Memo),
    /// An order to a jetton wallet.
    Transfer(Transfer),
    /// Jettons arrive at a jetton wallet.
    InternalTransfer(Arrival),
    /// A jetton wallet, or somebody who says so, tells an owner that jettons arrived.
    Notification(Arrival),
    /// The rest of the TON that paid for a transfer.
    Excesses,
    /// An NFT has a new owner.
    OwnershipAssigned {
        /// Who owned it before; `None` when the message names nobody.
        previous: Option<RawAddress>,
        /// What the transfer forwards.
        payload: Memo,
    },
    /// A contract's own operation.
    Operation(u32),
    /// A known operation whose fields cannot be read, or bits that are no operation.
    Malformed(Option<u32>),
    /// The source did not give the body: what it says is not known.
    Unknown,
}

/// The fields of an order to a jetton wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// The sender's own number for it.
    pub query: u64,
    /// Jettons, in base units.
    pub amount: Amount,
    /// Who is to own them.
    pub destination: Option<RawAddress>,
    /// A payload for the sender's wallet, which routes nothing; `None` when there is none.
    pub custom_payload: Option<Memo>,
    /// What is forwarded to the recipient.
    pub payload: Memo,
}

/// Jettons that arrive, or are said to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// The sender's own number for it.
    pub query: u64,
    /// Jettons, in base units.
    pub amount: Amount,
    /// Who sent them; `None` when the message names nobody (a mint).
    pub from: Option<RawAddress>,
    /// What is forwarded to the recipient.
    pub payload: Memo,
}

impl Body {
    /// What it means.
    #[must_use]
    pub fn meaning(&self) -> Meaning {
        match self {
            Self::Cells(cell) => meaning(cell),
            Self::Text(text) => Meaning::Comment(Memo::text(text, place::COMMENT)),
            Self::NotGiven(None) => Meaning::Unknown,
            Self::NotGiven(Some(EXCESSES)) => Meaning::Excesses,
            // What nobody but its recipient can read is no less there.
            Self::NotGiven(Some(ENCRYPTED_COMMENT)) => Meaning::Comment(Memo {
                kind: MemoKind::Encrypted,
                raw: Vec::new(),
                place: place::COMMENT.to_owned(),
            }),
            Self::NotGiven(Some(
                operation @ (COMMENT | TRANSFER | INTERNAL_TRANSFER | NOTIFICATION
                | OWNERSHIP_ASSIGNED),
            )) => Meaning::Malformed(Some(*operation)),
            Self::NotGiven(Some(operation)) => Meaning::Operation(*operation),
        }
    }
}

/// The mark before the beginning of a body that comes back.
pub const BOUNCED: u32 = 0xffff_ffff;

/// The jettons that a bounced `internal_transfer` gives back to the wallet that sent it; `None` when the body is no such
/// thing. Only the first 256 bits of a body come back, which reach past the amount.
#[must_use]
pub fn returned_jettons(body: &Body) -> Option<Amount> {
    let Body::Cells(cell) = body else {
        return None;
    };
    let mut at = cell.slice();
    if operation(&mut at)? != BOUNCED || operation(&mut at)? != INTERNAL_TRANSFER {
        return None;
    }
    at.number(64)?;
    at.amount(4)
}

fn meaning(cell: &Arc<Cell>) -> Meaning {
    let mut body = cell.slice();
    if body.bits_left() == 0 && body.references_left() == 0 {
        return Meaning::Empty;
    }
    let Some(operation) = operation(&mut body) else {
        return Meaning::Malformed(None);
    };
    match operation {
        COMMENT | ENCRYPTED_COMMENT => Meaning::Comment(comment(operation, body, place::COMMENT)),
        TRANSFER => transfer(body).map_or(Meaning::Malformed(Some(operation)), Meaning::Transfer),
        INTERNAL_TRANSFER => arrival(body, true).map_or(
            Meaning::Malformed(Some(operation)),
            Meaning::InternalTransfer,
        ),
        NOTIFICATION => {
            arrival(body, false).map_or(Meaning::Malformed(Some(operation)), Meaning::Notification)
        }
        EXCESSES => Meaning::Excesses,
        OWNERSHIP_ASSIGNED => ownership(body).unwrap_or(Meaning::Malformed(Some(operation))),
        other => Meaning::Operation(other),
    }
}

fn operation(body: &mut Slice) -> Option<u32> {
    body.number(32)
        .and_then(|operation| u32::try_from(operation).ok())
}

/// The text behind operation 0, or the bytes behind that of encrypted comments. Text that does not fill whole bytes is kept
/// as the bytes it begins with.
fn comment(operation: u32, body: Slice, place: &str) -> Memo {
    let text = body.clone().snake();
    let (raw, is_whole) = match text {
        Some(text) => (text, true),
        None => (body.rest(), false),
    };
    if operation == ENCRYPTED_COMMENT {
        return Memo {
            kind: MemoKind::Encrypted,
            raw,
            place: place.to_owned(),
        };
    }
    if is_whole {
        return Memo::text(&raw, place);
    }
    Memo {
        kind: MemoKind::Bytes,
        raw,
        place: place.to_owned(),
    }
}

/// A payload's memo: a comment where it is one, bytes where it is something else, absent where there is nothing.
#[must_use]
pub fn payload_memo(mut payload: Slice, place: &str) -> Memo {
    if payload.bits_left() == 0 && payload.references_left() == 0 {
        return Memo::absent(place);
    }
    let whole = payload.clone();
    match operation(&mut payload) {
        Some(operation @ (COMMENT | ENCRYPTED_COMMENT)) => comment(operation, payload, place),
        _ => Memo {
            kind: MemoKind::Bytes,
            raw: whole.clone().snake().unwrap_or_else(|| whole.rest()),
            place: place.to_owned(),
        },
    }
}

/// `forward_payload:(Either Cell ^Cell)`. Wallets get it wrong: the bit may be missing, or promise a reference that is not
/// there. Nothing left means that nothing is forwarded; a promise that is not kept keeps what bytes there are.
fn forwarded(body: &mut Slice) -> Memo {
    let mut rest = body.clone();
    match rest.bit() {
        None => match body.reference() {
            // Some leave the bit out and hang the payload on.
            Some(cell) => payload_memo(cell.slice(), place::FORWARD_PAYLOAD),
            None => Memo::absent(place::FORWARD_PAYLOAD),
        },
        Some(false) => payload_memo(rest, place::FORWARD_PAYLOAD),
        Some(true) => match rest.reference() {
            Some(cell) => payload_memo(cell.slice(), place::FORWARD_PAYLOAD),
            None => Memo {
                kind: MemoKind::Bytes,
                raw: rest.rest(),
                place: place::FORWARD_PAYLOAD.to_owned(),
            },
        },
    }
}

/// `transfer query_id:uint64 amount:(VarUInteger 16) destination:MsgAddress response_destination:MsgAddress
/// custom_payload:(Maybe ^Cell) forward_ton_amount:(VarUInteger 16) forward_payload:(Either Cell ^Cell)`.
fn transfer(mut body: Slice) -> Option<Transfer> {
    let query = body.number(64)?;
    let amount = body.amount(4)?;
    let destination = body.address()?;
    body.address()?;
    let custom_payload = body
        .maybe_reference()?
        .map(|cell| payload_memo(cell.slice(), "custom_payload"));
    body.amount(4)?;
    Some(Transfer {
        query,
        amount,
        destination,
        custom_payload,
        payload: forwarded(&mut body),
    })
}

/// `internal_transfer query_id amount from response_address forward_ton_amount forward_payload`, and
/// `transfer_notification query_id amount sender forward_payload`. What stands before the payload decides about money and
/// must be whole; the payload may be anything.
fn arrival(mut body: Slice, is_internal: bool) -> Option<Arrival> {
    let query = body.number(64)?;
    let amount = body.amount(4)?;
    let from = body.address()?;
    // Contracts exist that leave out what pays for the notification: the money is in the fields before.
    let readable = !is_internal || (body.address().is_some() && body.amount(4).is_some());
    let payload = if readable {
        forwarded(&mut body)
    } else {
        Memo::absent(place::FORWARD_PAYLOAD)
    };
    Some(Arrival {
        query,
        amount,
        from,
        payload,
    })
}

/// `ownership_assigned query_id:uint64 prev_owner:MsgAddress forward_payload:(Either Cell ^Cell)`.
fn ownership(mut body: Slice) -> Option<Meaning> {
    body.number(64)?;
    let previous = body.address()?;
    Some(Meaning::OwnershipAssigned {
        previous,
        payload: forwarded(&mut body),
    })
}
