//! What counts as a credit, read from an answer of any API of the family.
//!
//! The fact is the event: the bank module writes `coin_received` for every coin that an account gets (before SDK 0.43 only
//! `transfer`), and a message that failed half way leaves none. Events are read message by message, so that a fee, which stands
//! before the first message, is no credit; a packet's events count only where its acknowledgement accepts it. What a message
//! states is compared with its events, and believed alone only where the answer holds no events at all.
//!
//! Positions are `msg:I.K`: the K-th coin that message I brought to anybody. Tokens of contracts (CW20) are counted apart,
//! `msg:I.cw20.K`, and movements that a block makes itself stand under the id `block:HEIGHT` as `event:K`.

mod block;
mod event;
mod group;
mod json;
mod message;
mod movement;
mod origin;
mod packet;
#[cfg(feature = "fetch")]
mod raw;

pub use block::{Block, BlockCredits};
#[cfg(feature = "fetch")]
pub(crate) use block::{BlockHeader, header as header_of};
pub use origin::Origin;
#[cfg(feature = "fetch")]
pub(crate) use raw::{Raw, fee_of, raw_of};

use crate::address;
use crate::networks;
use recover_core::address::Address;
use recover_core::asset::AssetId;
use recover_core::block::{BlockRef, Height, TxId};
use recover_core::network::NetworkId;
use recover_core::observation::{Observation, Outcome};
use recover_core::time::Timestamp;
use serde_json::Value;

/// Why an answer cannot be read as transactions.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// It has the shape of something else.
    #[error("this is no transaction but {what}; ask for a transaction or a block with its results")]
    NotATransaction {
        /// What it looks like.
        what: String,
    },
    /// The source says in it that it failed or does not have it.
    #[error(
        "the source answered with an error ({code}: {detail}); ask again or ask another source"
    )]
    Answered {
        /// Its code.
        code: i64,
        /// Its words.
        detail: String,
    },
    /// A field is not there that every transaction has.
    #[error("{what} is missing; the answer is cut or edited, ask another source")]
    Missing {
        /// The field.
        what: String,
    },
    /// A text that should be coins is none.
    #[error("'{text}' is no amount of coins; ask another source")]
    Amount {
        /// The text.
        text: String,
    },
    /// Bytes that are not what their type says.
    #[error("the bytes of {what} cannot be read: {detail}; ask another source")]
    Bytes {
        /// What they should be.
        what: String,
        /// The decoder's words.
        detail: String,
    },
    /// The bytes hash to another id than the answer gives them.
    #[error(
        "the answer calls a transaction {given} and its bytes are {computed}; do not believe this source"
    )]
    OtherId {
        /// The id in the answer.
        given: String,
        /// SHA-256 of the bytes.
        computed: String,
    },
    /// Two parts of the answer do not fit each other.
    #[error("{what}; do not believe this source")]
    Contradiction {
        /// What does not fit.
        what: String,
    },
}

impl DecodeError {
    pub(crate) fn missing(what: &str) -> Self {
        Self::Missing {
            what: what.to_owned(),
        }
    }
}

/// A transaction with every movement in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// Its id.
    pub id: TxId,
    /// The height of its block; `None` while it stands in none.
    pub height: Option<Height>,
    /// The time of its block; `None` where the answer does not say (CometBFT).
    pub time: Option<Timestamp>,
    /// Whether it was executed.
    pub outcome: Outcome,
    /// The network's result code: 0 is success.
    pub code: u64,
    /// The module that gives the code its meaning; empty for success.
    pub codespace: String,
    /// The memo, readable; `None` where the answer has no such field. The credits hold its bytes.
    pub memo: Option<String>,
    /// Who signed it, where the messages tell.
    pub signer: Option<Address>,
    /// Whom it is addressed to, when it is one payment.
    pub to: Option<Address>,
    /// Every movement, as credits of their recipients, without a block.
    pub credits: Vec<Observation>,
    /// Whether the answer holds its events. Without them only what messages state is known, and nothing of what contracts and
    /// modules moved.
    pub has_events: bool,
}

impl Transaction {
    /// Puts the credits into their block.
    #[must_use]
    pub fn in_block(mut self, block: &BlockRef) -> Self {
        for credit in &mut self.credits {
            credit.block = Some(block.clone());
        }
        self
    }
}

/// A page of a search.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchPage {
    /// Its transactions in order.
    pub transactions: Vec<Transaction>,
    /// The heights of those that could not be read, with the reason.
    pub unread: Vec<(Height, String)>,
}

/// Reads the answers of one network.
#[derive(Debug, Clone)]
pub struct Decoder {
    network: NetworkId,
    native_denom: Option<&'static str>,
}

impl Decoder {
    /// A decoder for a network. Of a network that we do not know by name every coin is a token by its denomination.
    #[must_use]
    pub fn new(network: NetworkId) -> Self {
        Self {
            native_denom: networks::by_name(&network).map(|known| known.native_denom),
            network,
        }
    }

    /// The network.
    #[must_use]
    pub const fn network(&self) -> &NetworkId {
        &self.network
    }

    /// The transactions of an answer, in its order: one transaction (LCD, bare `tx_response`, CometBFT `/tx`), a page of a search
    /// (LCD `txs`, CometBFT `/tx_search`, SDK 0.39 `/txs`) or an explorer's list.
    ///
    /// # Errors
    /// When it is none of these, or contradicts itself.
    pub fn transactions(&self, answer: &Value) -> Result<Vec<Transaction>, DecodeError> {
        json::entries(answer)?
            .into_iter()
            .map(|entry| self.transaction(&json::single(entry)?))
            .collect()
    }

    /// As [`Decoder::transactions`], for a page of a search: one transaction that cannot be read does not hide the others. It comes
    /// with its id and height and no credits, and is named with the reason beside.
    ///
    /// # Errors
    /// As [`Decoder::transactions`], and when the answer lies about an id.
    pub fn search_page(&self, answer: &Value) -> Result<SearchPage, DecodeError> {
        let mut page = SearchPage::default();
        for entry in json::entries(answer)? {
            let read = json::single(entry).and_then(|row| self.transaction(&row));
            match (read, json::name_of(entry)) {
                (Ok(transaction), _) => page.transactions.push(transaction),
                (
                    Err(
                        error @ (DecodeError::Missing { .. }
                        | DecodeError::Amount { .. }
                        | DecodeError::Bytes { .. }),
                    ),
                    Some((id, height)),
                ) => {
                    page.unread.push((height, format!("{id}: {error}")));
                    page.transactions.push(Transaction {
                        id,
                        height: Some(height),
                        time: None,
                        outcome: Outcome::Unknown,
                        code: 0,
                        codespace: String::new(),
                        memo: None,
                        signer: None,
                        to: None,
                        credits: Vec::new(),
                        has_events: false,
                    });
                }
                (Err(error), _) => return Err(error),
            }
        }
        Ok(page)
    }

    /// The token packets that the one transaction of an answer brought to this network.
    #[cfg(feature = "fetch")]
    pub(crate) fn arrivals(&self, answer: &Value) -> Result<Vec<Arrival>, DecodeError> {
        let mut arrivals = Vec::new();
        for entry in json::entries(answer)? {
            let row = json::single(entry)?;
            for message in row.messages.iter().flat_map(message::Message::flat) {
                let message::Message::Receive(packet) = message else {
                    continue;
                };
                if let Some(token) = packet::TokenPacket::read(&packet.data) {
                    arrivals.push(Arrival {
                        route: format!(
                            "{}/{}",
                            packet.destination_port, packet.destination_channel
                        ),
                        denom: token.denom_here(packet),
                        sender: token.sender,
                        receiver: token.receiver,
                    });
                }
            }
        }
        Ok(arrivals)
    }

    /// A block and what its execution did: CometBFT's `/block` and `/block_results` of one height.
    ///
    /// # Errors
    /// When they are something else, or do not fit each other.
    pub fn block(&self, block: &Value, results: &Value) -> Result<Block, DecodeError> {
        block::read(self, block, results)
    }

    /// The movements that a block makes without a transaction: CometBFT's `/block_results`.
    ///
    /// # Errors
    /// When it is something else.
    pub fn block_credits(&self, results: &Value) -> Result<BlockCredits, DecodeError> {
        block::credits(self, results)
    }

    fn transaction(&self, row: &json::Row) -> Result<Transaction, DecodeError> {
        let in_block = row.height.is_some();
        let outcome = match (in_block, row.code) {
            (_, code) if code != 0 => Outcome::Failed,
            (true, _) => Outcome::Success,
            (false, _) => Outcome::Unknown,
        };
        let credits = if !in_block {
            // Accepted by a node or refused by it: nothing has moved.
            Vec::new()
        } else if outcome == Outcome::Failed {
            movement::of_failed(self, row)
        } else {
            movement::of_success(self, row)?
        };
        let only = match row.messages.as_slice() {
            [only] => match only.stated().as_slice() {
                [payment] => address::parse(payment.to).ok(),
                _ => None,
            },
            _ => None,
        };
        Ok(Transaction {
            id: row.id.clone(),
            height: row.height,
            time: row.time,
            outcome,
            code: row.code,
            codespace: row.codespace.clone(),
            memo: row
                .memo
                .as_deref()
                .map(|memo| String::from_utf8_lossy(memo).into_owned()),
            signer: row
                .messages
                .iter()
                .find_map(|message| address::parse(message.signer()?).ok())
                .or_else(|| row.signer_of_events()),
            to: only,
            credits,
            has_events: row.has_events(),
        })
    }

    /// The asset of a denomination: the network's own coin or a token by its denomination.
    pub(crate) fn asset(&self, denom: &str) -> AssetId {
        if self.native_denom == Some(denom) {
            AssetId::native(self.network.clone())
        } else {
            AssetId::contract(self.network.clone(), denom)
        }
    }

    /// What identifies an asset of this network; `None` for assets of others and for symbols of files.
    #[cfg(feature = "fetch")]
    pub(crate) fn denom_or_contract(&self, asset: &AssetId) -> Option<DenomOrContract> {
        use recover_core::asset::AssetReference;
        if asset.network != self.network {
            return None;
        }
        match &asset.reference {
            AssetReference::Native => self
                .native_denom
                .map(|denom| DenomOrContract::Denom(denom.to_owned())),
            AssetReference::Contract(text) if address::parse(text).is_ok() => {
                Some(DenomOrContract::Contract(text.clone()))
            }
            AssetReference::Contract(text) => Some(DenomOrContract::Denom(text.clone())),
            _ => None,
        }
    }
}

/// What identifies an asset: a coin of the bank module, or a token's contract.
#[cfg(feature = "fetch")]
pub(crate) enum DenomOrContract {
    Denom(String),
    Contract(String),
}

/// A coin that a packet brought to this network, in its sender's words.
#[cfg(feature = "fetch")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// Port and channel of this network: the way home.
    pub route: String,
    /// The coin as this network names it.
    pub denom: String,
    /// The sender on the other network.
    pub sender: String,
    /// The receiver on this one, as written.
    pub receiver: String,
}
