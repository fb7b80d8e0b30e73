//! What a transaction credits: one observation an output that stands for an address.
//!
//! An output without an address of the five kinds (bare keys, bare multisig, data, Litecoin's ways into its extension block) credits
//! nobody here: a daemon that names addresses for such an output names keys, none of which owns it alone.
//!
//! The key of an observation is the transaction's id and the output's number. Two coinbases of 2010 repeat the ids of older ones
//! (Bitcoin, heights 91842 and 91880, BIP-30): the network let the later output replace the earlier one, unspent, and so does the row
//! of the same key here. Since BIP-34 no id comes twice.

use crate::address;
use crate::network::Form;
use crate::script::Script;
use bitcoin::Transaction;
use recover_core::address::Address;
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::{BlockRef, TxId};
use recover_core::network::NetworkId;
use recover_core::observation::{Flag, Mechanism, Observation, Outcome, Position};

/// On Bitcoin an output of at most so many base units may carry an inscription: such outputs are made with just enough to be relayed
/// (294 to 546, and 1,000 by habit). It cannot be told from any other small payment.
const POSTAGE_MAX: u64 = 1_000;

/// Who paid, as the outputs that were spent tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payer {
    /// The block itself.
    Block,
    /// The script that the first input spent, where an address stands for it.
    Spent {
        /// The script of the first input's output.
        first: Option<Script>,
        /// Whether other inputs spent other scripts, or some could not be looked up.
        several: bool,
    },
    /// What was spent could not be looked up, or tells nothing.
    Unknown,
}

impl Payer {
    /// The payer of these spent scripts, in the order of the inputs; `None` for one that could not be looked up.
    #[must_use]
    pub fn of<'a>(scripts: impl IntoIterator<Item = Option<&'a [u8]>>) -> Self {
        let mut scripts = scripts.into_iter();
        let Some(Some(first)) = scripts.next() else {
            return Self::Unknown;
        };
        Self::Spent {
            first: Script::of(first),
            several: scripts.any(|script| script != Some(first)),
        }
    }
}

/// What all outputs of a transaction have in common.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    /// The transaction.
    pub id: &'a TxId,
    /// Its block; `None` while it waits for one.
    pub block: Option<&'a BlockRef>,
    /// Who paid.
    pub payer: Payer,
    /// Whether it carries an inscription or a token of another protocol.
    pub is_inscribed: bool,
}

/// Makes observations of one network.
#[derive(Debug, Clone)]
pub struct Decoder {
    network: NetworkId,
    form: &'static Form,
}

impl Decoder {
    /// A decoder for a network; `None` for one of another family.
    #[must_use]
    pub fn new(network: &NetworkId) -> Option<Self> {
        Some(Self {
            form: crate::network::form(network)?,
            network: network.clone(),
        })
    }

    /// The network.
    #[must_use]
    pub const fn network(&self) -> &NetworkId {
        &self.network
    }

    /// The address of a script as the network writes it. A SegWit script on a network without SegWit has no form there, and is written
    /// as the first network that has one writes it: money that lies there is seen, and not left out for want of a name.
    #[must_use]
    pub fn address(&self, script: &Script) -> Option<Address> {
        address::of_output(script, self.form)
    }

    /// The credit of one output; `None` for one of nothing. Its `outcome` is a success in a block and unknown before.
    #[must_use]
    pub fn credit(&self, facts: &Facts<'_>, output: &CreditedOutput) -> Option<Observation> {
        let value = output.value;
        let takes_tokens = self.network.as_str() == "bitcoin-cash";
        if value == 0 || (output.has_token && !takes_tokens) {
            return None;
        }
        let to = self.address(&output.script)?;
        let amount = Amount::from_u128(value.into());
        let from = match facts.payer {
            Payer::Spent { first, .. } => first.and_then(|first| self.address(&first)),
            Payer::Block | Payer::Unknown => None,
        };
        let mut flags = Vec::new();
        match facts.payer {
            Payer::Spent { several: true, .. } | Payer::Unknown => flags.push(Flag::MultiSource),
            Payer::Block => flags.push(Flag::Immature),
            Payer::Spent { several: false, .. } => {}
        }
        let is_postage = self.network.as_str() == "bitcoin" && value <= POSTAGE_MAX;
        if facts.is_inscribed || is_postage || output.has_token {
            flags.push(Flag::Inscription);
        }
        flags.sort_unstable();
        Some(Observation {
            network: self.network.clone(),
            tx_id: facts.id.clone(),
            position: Position::output(output.index),
            block: facts.block.cloned(),
            from,
            to,
            asset: AssetId::native(self.network.clone()),
            amount,
            amount_stated: amount,
            balance_delta: None,
            memos: Vec::new(),
            mechanism: Mechanism::TopLevel,
            outcome: if facts.block.is_some() {
                Outcome::Success
            } else {
                Outcome::Unknown
            },
            flags,
        })
    }
}

/// An output that credits an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CreditedOutput {
    /// Its number in its transaction.
    pub index: u32,
    /// What it holds, in base units.
    pub value: u64,
    /// The script that an address stands for.
    pub script: Script,
    /// Whether a token stands before the script.
    pub has_token: bool,
}

/// The outputs of a transaction that credit an address, in order: those that `is_wanted` says, by their scripts.
pub fn outputs_to(
    transaction: &Transaction,
    is_wanted: impl Fn(&Script) -> bool,
) -> Vec<CreditedOutput> {
    // No allocation for the many transactions that concern nobody.
    let mut found = Vec::new();
    for (index, output) in (0..).zip(&transaction.output) {
        if let Some((script, has_token)) = Script::of_output(output.script_pubkey.as_bytes())
            && is_wanted(&script)
        {
            found.push(CreditedOutput {
                index,
                value: output.value.to_sat(),
                script,
                has_token,
            });
        }
    }
    found
}

/// Whether a transaction carries an inscription, or a token of a protocol that lives in its outputs: an `ord` envelope in a witness
/// (<https://docs.ordinals.com/inscriptions.html>) or, on Dogecoin, at the head of an input's script; a runestone
/// (<https://docs.ordinals.com/runes/specification.html>); a payload of Omni (<https://github.com/OmniLayer/spec>). Which output has it, a
/// transaction alone does not always tell: all of its outputs count.
#[must_use]
pub fn is_inscribed(transaction: &Transaction) -> bool {
    transaction
        .output
        .iter()
        .any(|output| has_token_data(output.script_pubkey.as_bytes()))
        || transaction.input.iter().any(|input| {
            has_envelope_head(input.script_sig.as_bytes()) || input.witness.iter().any(has_envelope)
        })
}

/// Whether an output's script is a runestone (RETURN 13) or Omni's data (RETURN, then a push that begins with `omni`).
#[must_use]
pub fn has_token_data(script: &[u8]) -> bool {
    match script {
        [0x6a, 0x5d, ..] => true,
        // The push may be a short one or one with its length before it.
        [0x6a, rest @ ..] => rest
            .get(..6)
            .unwrap_or(rest)
            .windows(4)
            .any(|letters| letters == b"omni"),
        _ => false,
    }
}

/// Whether a witness' element holds FALSE IF "ord".
#[must_use]
pub fn has_envelope(element: &[u8]) -> bool {
    const HEAD: &[u8] = &[0x00, 0x63, 0x03, b'o', b'r', b'd'];
    element.windows(HEAD.len()).any(|part| part == HEAD)
}

/// Whether an input's script begins with "ord", as on Dogecoin.
#[must_use]
pub fn has_envelope_head(script: &[u8]) -> bool {
    script.starts_with(&[0x03, b'o', b'r', b'd'])
}
