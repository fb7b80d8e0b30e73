//! The life of one omnibus account, generated from a seed and served over HTTP in the shape of a real API.
//!
//! An exchange on a network that routes by memo has one account into which everybody pays. [`Omnibus`] makes up such an account's
//! whole history, says what is in it ([`Omnibus::truth`]), and answers for it as rippled, Horizon, a CometBFT node, a Cosmos REST
//! gateway or toncenter would, one page at a time and never the whole: a hundred thousand deposits take no more memory than the list of
//! where each height begins.
//!
//! The servers tell the truth and tell it badly, as [`Faults`] says: they limit, break off, repeat themselves, lag and forget where a
//! reader was. What they never do is state a thing that is not so without a trace of it in the answer: no client could see that.
//!
//! It knows none of our crates and speaks JSON only. Addresses and hashes are encoded here a second time (`encode`), so that an
//! adapter's mistake cannot be made twice.
//!
//! Start reading at `serve`, then at the network you care for.

mod dice;
mod encode;
mod serve;
mod timeline;

mod cell;
mod comet;
mod cosmos;
mod cosmos_index;
mod cosmos_message;
mod cosmos_rest;
mod horizon;
mod rippled;
mod stellar;
mod ton;
mod toncenter;
mod xrpl;
mod xrpl_binary;

pub use serve::{Fault, Faults, Omnibus, Options};

use std::fmt;

/// The API that a server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// JSON-RPC of an XRP Ledger server.
    Rippled,
    /// REST of a Stellar Horizon.
    Horizon,
    /// JSON-RPC over GET of a CometBFT node of the Cosmos Hub.
    CometRpc,
    /// REST gateway of a Cosmos SDK node of the Cosmos Hub.
    CosmosRest,
    /// toncenter v3.
    Toncenter,
}

impl fmt::Display for Api {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Api::Rippled => "rippled",
            Api::Horizon => "horizon",
            Api::CometRpc => "comet_rpc",
            Api::CosmosRest => "cosmos_rest",
            Api::Toncenter => "toncenter_v3",
        })
    }
}

/// What the sender of a deposit did about the memo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sense {
    /// It is the memo of a user ([`Omnibus::members`]), written as it was given.
    Good,
    /// There is none.
    Missing,
    /// It is there and empty.
    Empty,
    /// It is the number 0.
    Zero,
    /// It is white space.
    Blank,
    /// It looks like a memo and is nobody's.
    Nobody,
    /// It is the memo of a user with leading zeros, white space or foreign digits.
    Misspelt,
    /// It is the memo of a user in a kind of memo that we do not hand out.
    WrongType,
    /// There is none, and another field holds the memo of a user.
    OtherField,
    /// It is something else: a sentence, bytes, a hash.
    Odd,
    /// Nothing routes this kind of movement.
    NotRouted,
}

/// The routing field of a movement as the network carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meant {
    /// What the sender did about it.
    pub sense: Sense,
    /// `absent`, `empty`, `text`, `tag`, `id`, `hash`, `return`, `bytes` or `encrypted`.
    pub kind: &'static str,
    /// Text and bytes as they are, numbers as decimal text.
    pub raw: Vec<u8>,
    /// `destination_tag`, `memo`, `muxed_id`, `packet_memo`, `comment` or `forward_payload`; empty where nothing routes.
    pub place: &'static str,
}

impl Meant {
    pub(crate) fn new(sense: Sense, kind: &'static str, raw: &[u8], place: &'static str) -> Meant {
        Meant {
            sense,
            kind,
            raw: raw.to_vec(),
            place,
        }
    }

    pub(crate) fn not_routed() -> Meant {
        Meant::new(Sense::NotRouted, "absent", b"", "")
    }
}

/// What became of a movement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// It happened.
    Moved,
    /// It is in a block and moved nothing.
    Failed,
    /// A stranger's contract told us of it, and nothing moved.
    Pretended,
}

/// One credit of the account: a row of the truth table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The transaction in the network's usual spelling, or `block:HEIGHT`.
    pub tx_id: String,
    /// Its height.
    pub height: u64,
    /// The asset in canonical text; `None` for the native coin.
    pub asset: Option<String>,
    /// What was credited, in base units (issued currencies of the XRP Ledger: 10^-30); of one that did not happen, what was
    /// meant to be.
    pub amount: String,
    /// Its memo.
    pub memo: Meant,
    /// What became of it.
    pub outcome: Outcome,
    /// Who sent it; `None` where no sender is promised.
    pub from: Option<String>,
    /// How it moved, in the words of an observation; `None` where more than one word fits.
    pub mechanism: Option<&'static str>,
}
