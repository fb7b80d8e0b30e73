//! A transaction as far as deposits need it, whoever wrote it down; and its reading from the network's own bytes.
//!
//! Field names and orders of the bytes follow `block.tlb` of the node.

use crate::address::RawAddress;
use crate::boc::{Cell, Slice};
use crate::body::Body;
use recover_core::amount::Amount;
use std::sync::Arc;

/// One transaction: one message came in at one account, others went out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// The account.
    pub account: RawAddress,
    /// The transaction's hash.
    pub hash: [u8; 32],
    /// Its logical time: unique and rising within the account.
    pub lt: u64,
    /// The account's transaction before; `None` where the source does not say, 0 for the first.
    pub previous_lt: Option<u64>,
    /// UTC seconds of its block.
    pub now: u64,
    /// The masterchain block that refers to its block; `None` while none does, or where the source does not say.
    pub masterchain: Option<u64>,
    /// The first transaction's hash of what it belongs to; `None` where the source does not say.
    pub trace: Option<[u8; 32]>,
    /// Whether the source reckoned it and no block has it.
    pub is_emulated: bool,
    /// What the virtual machine made of it.
    pub phases: Phases,
    /// What came in; `None` for the ticks of system contracts.
    pub in_message: Option<Message>,
    /// What went out, in order.
    pub out_messages: Vec<Message>,
}

/// How a transaction went. `None` throughout: the source does not say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Phases {
    /// Whether the contract's work was undone. Decides nothing about the value: see [`Phases::bounce`].
    pub aborted: Option<bool>,
    /// Whether the value was sent back.
    pub bounce: Bounce,
    /// The computing.
    pub compute: Option<Compute>,
    /// Whether the contract's actions were done; `None` when it came to none.
    pub action_success: Option<bool>,
    /// What was credited before computing; `None` where the source does not say.
    pub credit: Option<Amount>,
}

/// The bounce phase.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Bounce {
    /// There was none: the value stays.
    #[default]
    None,
    /// The value less fees went back.
    Ok,
    /// The value did not pay for its way back: it stays.
    NoFunds,
    /// A word that is not known.
    Other,
}

/// The compute phase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compute {
    /// It did not happen, with the reason in the node's words (`no_state`, `no_gas`).
    Skipped(String),
    /// The contract ran.
    Ran {
        /// Whether it ended well.
        success: bool,
        /// Its exit code.
        exit_code: i64,
    },
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who sent it; `None` for a message from outside.
    pub source: Option<RawAddress>,
    /// Whom it goes to; `None` for a message to outside.
    pub destination: Option<RawAddress>,
    /// Nanotons; `None` for messages from or to outside.
    pub value: Option<Amount>,
    /// Extra currencies by number, with amounts above zero.
    pub extra: Vec<(u32, Amount)>,
    /// Whether it is to go back when it cannot be taken; `None` where the source does not say.
    pub bounce: Option<bool>,
    /// Whether it is on its way back; `None` where the source does not say.
    pub bounced: Option<bool>,
    /// Its hash; `None` where the source does not say.
    pub hash: Option<[u8; 32]>,
    /// What it says.
    pub body: Body,
}

impl Message {
    /// Whether it came from a contract and not from outside.
    #[must_use]
    pub const fn is_internal(&self) -> bool {
        self.source.is_some()
    }
}

/// Reads a transaction from its own cells. Its hash is that of the cells: what is read is what the network signed.
///
/// `None` when the cells are no transaction.
#[must_use]
pub fn read(cell: &Arc<Cell>) -> Option<Transaction> {
    let mut at = cell.slice();
    if at.number(4)? != 0b0111 {
        return None;
    }
    let account = at.hash()?;
    let lt = at.number(64)?;
    at.skip(256)?;
    let previous_lt = at.number(64)?;
    let now = at.number(32)?;
    at.skip(15 + 2 + 2)?;
    let mut messages = at.reference()?.slice();
    let in_message = match messages.maybe_reference()? {
        Some(cell) => Some(message(&cell)?),
        None => None,
    };
    let mut out_messages = Vec::new();
    if let Some(root) = messages.maybe_reference()? {
        dictionary(&root.slice(), 15, 0, &mut out_messages)?;
    }
    out_messages.sort_by_key(|(key, _)| *key);
    let out_messages = out_messages
        .into_iter()
        .map(|(_, mut value)| message(&value.reference()?))
        .collect::<Option<Vec<_>>>()?;
    currencies(&mut at)?;
    at.reference()?;
    let phases = phases(&mut at.reference()?.slice())?;
    // The bytes leave the workchain to the block around them; the messages name it.
    let workchain = in_message
        .as_ref()
        .and_then(|message| message.destination)
        .or_else(|| out_messages.first().and_then(|message| message.source))
        .map_or(-1, |address| address.workchain);
    Some(Transaction {
        account: RawAddress {
            workchain,
            hash: account,
        },
        hash: cell.hash(),
        lt,
        previous_lt: Some(previous_lt),
        now,
        masterchain: None,
        trace: None,
        is_emulated: false,
        phases,
        in_message,
        out_messages,
    })
}

/// `grams` and a dictionary of other currencies.
fn currencies(at: &mut Slice) -> Option<(Amount, Vec<(u32, Amount)>)> {
    let grams = at.amount(4)?;
    let mut extra = Vec::new();
    if let Some(root) = at.maybe_reference()? {
        let mut entries = Vec::new();
        dictionary(&root.slice(), 32, 0, &mut entries)?;
        for (key, mut value) in entries {
            let amount = value.amount(5)?;
            if !amount.is_zero() {
                extra.push((u32::try_from(key).ok()?, amount));
            }
        }
        extra.sort_unstable();
    }
    Some((grams, extra))
}

fn message(cell: &Arc<Cell>) -> Option<Message> {
    let mut at = cell.slice();
    let mut message = Message {
        source: None,
        destination: None,
        value: None,
        extra: Vec::new(),
        bounce: None,
        bounced: None,
        hash: Some(cell.hash()),
        body: Body::NotGiven(None),
    };
    if at.bit()? {
        if at.bit()? {
            // To outside.
            message.source = at.address()?;
            at.address()?;
            at.skip(64 + 32)?;
        } else {
            // From outside.
            at.address()?;
            message.destination = at.address()?;
            at.amount(4)?;
        }
    } else {
        at.skip(1)?;
        message.bounce = Some(at.bit()?);
        message.bounced = Some(at.bit()?);
        message.source = at.address()?;
        message.destination = at.address()?;
        let (value, extra) = currencies(&mut at)?;
        message.value = Some(value);
        message.extra = extra;
        at.amount(4)?;
        at.amount(4)?;
        at.skip(64 + 32)?;
    }
    if at.bit()? {
        if at.bit()? {
            at.reference()?;
        } else {
            state_init(&mut at)?;
        }
    }
    message.body = Body::Cells(if at.bit()? {
        at.reference()?
    } else {
        at.into_cell()
    });
    Some(message)
}

fn state_init(at: &mut Slice) -> Option<()> {
    if at.bit()? {
        at.skip(5)?;
    }
    if at.bit()? {
        at.skip(2)?;
    }
    for _ in 0..3 {
        at.maybe_reference()?;
    }
    Some(())
}

fn phases(at: &mut Slice) -> Option<Phases> {
    let mut phases = Phases::default();
    // Ticks of system contracts, splits and merges carry no value: an ordinary transaction is the only one that does.
    if at.number(4)? != 0 {
        return Some(phases);
    }
    at.skip(1)?;
    if at.bit()? {
        at.amount(4)?;
        if at.bit()? {
            at.amount(4)?;
        }
        account_status_change(at)?;
    }
    if at.bit()? {
        if at.bit()? {
            at.amount(4)?;
        }
        phases.credit = Some(currencies(at)?.0);
    }
    phases.compute = Some(compute(at)?);
    if at.bit()? {
        phases.action_success = Some(at.reference()?.slice().bit()?);
    }
    phases.aborted = Some(at.bit()?);
    if at.bit()? {
        phases.bounce = if at.bit()? {
            Bounce::Ok
        } else {
            // No funds, or less than none: the value stays either way.
            Bounce::NoFunds
        };
    }
    Some(phases)
}

fn account_status_change(at: &mut Slice) -> Option<()> {
    if at.bit()? {
        at.bit()?;
    }
    Some(())
}

fn compute(at: &mut Slice) -> Option<Compute> {
    if !at.bit()? {
        let reason = match at.number(2)? {
            0 => "no_state",
            1 => "bad_state",
            2 => "no_gas",
            _ => {
                at.bit()?;
                "suspended"
            }
        };
        return Some(Compute::Skipped(reason.to_owned()));
    }
    let success = at.bit()?;
    at.skip(2)?;
    at.amount(4)?;
    let mut details = at.reference()?.slice();
    details.amount(3)?;
    details.amount(3)?;
    if details.bit()? {
        details.amount(2)?;
    }
    details.skip(8)?;
    let exit_code = u32::try_from(details.number(32)?).ok()?;
    Some(Compute::Ran {
        success,
        exit_code: i64::from(i32::from_be_bytes(exit_code.to_be_bytes())),
    })
}

/// The entries of a dictionary (`HashmapE`) with keys of `key_bits` more bits, each with a reader at its value.
fn dictionary(
    node: &Slice,
    key_bits: usize,
    prefix: u64,
    entries: &mut Vec<(u64, Slice)>,
) -> Option<()> {
    // 15 bits make no more, and no list of other currencies comes near.
    if entries.len() > 32_768 {
        return None;
    }
    let mut node = node.clone();
    let (label, length) = label(&mut node, key_bits)?;
    let prefix = if length == 0 {
        prefix
    } else {
        prefix << length | label
    };
    let left = key_bits.checked_sub(length)?;
    if left == 0 {
        entries.push((prefix, node));
        return Some(());
    }
    for branch in 0..=1 {
        let child = node.reference()?.slice();
        dictionary(&child, left.checked_sub(1)?, prefix << 1 | branch, entries)?;
    }
    Some(())
}

/// `HmLabel`: the bits that all keys below share, and how many they are.
fn label(node: &mut Slice, key_bits: usize) -> Option<(u64, usize)> {
    // Enough bits to write any length up to key_bits.
    let length_bits = usize::try_from(usize::BITS - key_bits.leading_zeros()).ok()?;
    if !node.bit()? {
        let mut length = 0;
        while node.bit()? {
            length += 1;
            if length > key_bits {
                return None;
            }
        }
        return Some((node.number(length)?, length));
    }
    let is_run = node.bit()?;
    let run = if is_run { Some(node.bit()?) } else { None };
    let length = usize::try_from(node.number(length_bits)?).ok()?;
    if length > key_bits {
        return None;
    }
    let bits = match run {
        Some(true) => 1_u64
            .checked_shl(u32::try_from(length).ok()?)?
            .checked_sub(1)?,
        Some(false) => 0,
        None => node.number(length)?,
    };
    Some((bits, length))
}
