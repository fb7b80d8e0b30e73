//! The async half of an adapter: what a node or an explorer can be asked, and the shape of its answers.
//!
//! The contract is data: a request in, an update out. Applying an update twice changes nothing. An answer never claims
//! more than was read: what could not be read comes back as a named [`Gap`].

use crate::error::SourceError;
use async_trait::async_trait;
use recover_core::address::Address;
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::{BlockHash, BlockRef, Height, HeightRange, TxId};
use recover_core::book::WatchSet;
use recover_core::network::NetworkId;
use recover_core::observation::{Observation, Outcome};
use recover_core::verdict::AccountState;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The parts of a block that a credit can hide in. A source declares which it can read; a scan names which it wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Token Transfer logs.
    TransferLogs,
    /// Values of transactions addressed to us.
    TopLevel,
    /// Values moved by calls inside contracts, self-destructs included.
    Internal,
    /// Validator withdrawals and other credits that the block itself makes.
    BlockCredits,
}

impl Part {
    /// Every part, in the order in which they are reported.
    pub const ALL: &'static [Self] = &[
        Self::TransferLogs,
        Self::TopLevel,
        Self::Internal,
        Self::BlockCredits,
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TransferLogs => "transfer_logs",
            Self::TopLevel => "top_level",
            Self::Internal => "internal",
            Self::BlockCredits => "block_credits",
        }
    }

    /// The part with this code; `None` when no part has it.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|part| part.code() == code)
    }

    /// What it is, in words for a message.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::TransferLogs => "token transfers",
            Self::TopLevel => "payments of the native coin",
            Self::Internal => "payments inside contract calls",
            Self::BlockCredits => "withdrawals and rewards of validators",
        }
    }

    /// What makes it readable.
    #[must_use]
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::Internal => "add a node with debug_traceBlockByNumber or trace_block",
            Self::TransferLogs | Self::TopLevel | Self::BlockCredits => "add a node as a source",
        }
    }
}

/// What a source can answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Parts of a block range that [`ChainRead::scan`] can read.
    pub scan: BTreeSet<Part>,
    /// Parts of one account's history that [`ChainRead::history`] can read.
    pub history: BTreeSet<Part>,
    /// Whether deposits are found account by account, with [`ChainRead::account_page`], and not block by block.
    pub accounts: bool,
    /// Whether balances and code can be read at past heights.
    pub state_at_height: bool,
    /// Whether "not found" from it is proof of absence (an own, synced node) or only silence.
    pub proves_absence: bool,
}

/// A block header as far as we need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Height, hash and time.
    pub block: BlockRef,
    /// The hash of the block before it.
    pub parent: BlockHash,
}

/// The tip of a network as one source sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The newest block.
    pub latest: Header,
    /// The newest block that is final by the network's rule; `None` when the source cannot say.
    pub finalized: Option<Height>,
}

/// A block range to read.
#[derive(Clone)]
pub struct ScanRequest {
    /// The heights, both ends inside.
    pub range: HeightRange,
    /// The parts wanted.
    pub parts: BTreeSet<Part>,
    /// The addresses to look for.
    pub watch: Arc<dyn WatchSet>,
    /// Contracts (canonical text) whose logs are trusted to state the change of balance; for the others the source
    /// compares the log with the balance before and after.
    pub trusted_contracts: Arc<BTreeSet<String>>,
}

/// What a range held. It covers the whole requested range but for the gaps.
#[derive(Debug, Clone)]
pub struct ScanUpdate {
    /// Every credit to a watched address, failed ones included, in chain order.
    pub observations: Vec<Observation>,
    /// What could not be read.
    pub gaps: Vec<Gap>,
    /// The header at the range's last height, read with the data.
    pub end: Header,
    /// Blocks whose ancestry was seen while reading, lowest first; empty when headers were not read.
    pub headers: Vec<Header>,
}

/// A part of a range that was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// The heights.
    pub range: HeightRange,
    /// What is missing there.
    pub part: Part,
    /// Why, in one line that says what to do.
    pub reason: String,
}

impl Gap {
    /// The gaps of a range in which these parts are missing for one reason.
    pub fn of_parts(
        range: HeightRange,
        parts: &[Part],
        reason: &str,
    ) -> impl Iterator<Item = Self> {
        parts.iter().map(move |part| Self {
            range,
            part: *part,
            reason: reason.to_owned(),
        })
    }
}

/// The answer to a look-up: absence is believed only where the source can prove it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup<T> {
    /// It is there.
    Found(T),
    /// It is not there, and the source would know.
    Absent,
    /// The source has no such thing, which proves nothing.
    Unknown {
        /// Why it proves nothing, for a person.
        reason: String,
    },
}

/// A transaction with every movement in it, ours or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionView {
    /// Its id.
    pub id: TxId,
    /// Its block; `None` while it waits for one.
    pub block: Option<BlockRef>,
    /// Whether it was executed.
    pub outcome: Outcome,
    /// Who signed it.
    pub signer: Option<Address>,
    /// What it is addressed to; `None` when it creates a contract.
    pub to: Option<Address>,
    /// Whether a contract stands at `to`; `None` when the source could not say.
    pub to_is_contract: Option<bool>,
    /// Every movement in it, in order, as credits of their recipients.
    pub credits: Vec<Observation>,
    /// The outputs that it spends, as `TXID:INDEX`; empty where the network keeps balances.
    pub inputs: Vec<String>,
    /// Parts that the source could not read for it.
    pub unread: BTreeSet<Part>,
}

/// A transaction that spends an output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spender {
    /// Its id.
    pub tx_id: TxId,
    /// Its height; `None` while it waits for a block.
    pub height: Option<Height>,
}

/// A page of one account's history to read.
#[derive(Debug, Clone)]
pub struct AccountRequest {
    /// The account.
    pub address: Address,
    /// The heights wanted, both ends inside; the same for every page of one reading.
    pub range: HeightRange,
    /// Where the page before ended ([`AccountPage::next`]); `None` for the first page.
    pub resume: Option<String>,
}

/// A page of one account's history, oldest first.
///
/// A source never leaves a page's limit unsaid: `next` is `None` only when everything in the range was read.
#[derive(Debug, Clone)]
pub struct AccountPage {
    /// Every credit to the account, failed ones included, in chain order. The first may repeat the last of the page before.
    pub observations: Vec<Observation>,
    /// The last height up to which every credit of the range was given by this page and those before it; `None` while not one
    /// height is complete. With `next` empty it is the end of the range.
    pub through: Option<Height>,
    /// Where the next page begins, in the source's own words and good for this reading only; `None` after the last page.
    pub next: Option<String>,
    /// What this source cannot see of the account over the range, whichever page is asked.
    pub gaps: Vec<Gap>,
}

/// One account's credits over a range.
#[derive(Debug, Clone)]
pub struct HistoryUpdate {
    /// The credits.
    pub observations: Vec<Observation>,
    /// What could not be read.
    pub gaps: Vec<Gap>,
}

/// What a token contract says of itself. Claims of a stranger: shown, never trusted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokenClaims {
    /// Its symbol, [`clean`]ed; `None` when it has none that can be read.
    pub symbol: Option<String>,
    /// Its name, likewise.
    pub name: Option<String>,
    /// Its decimals; `None` when it does not say or says more than 255.
    pub decimals: Option<u8>,
}

/// Longest symbol or name of a token that is kept, in characters.
pub const CLAIM_LETTERS_MAX: usize = 64;

/// A stranger's text without what cannot be seen or turns the direction of writing, cut to so many characters: a stranger chose
/// it, and a person reads it. `None` when nothing is left.
#[must_use]
pub fn clean(text: &str, letters_max: usize) -> Option<String> {
    let kept: String = text
        .chars()
        .filter(|letter| {
            !letter.is_control()
                && !matches!(*letter,
                    '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{180e}'
                    | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
                    | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
                    | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
        })
        .collect();
    let kept: String = kept.trim().chars().take(letters_max).collect();
    (!kept.is_empty()).then_some(kept)
}

/// The price of the network's own work, in base units of the native coin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkCost {
    /// What one plain native transfer costs at most.
    pub native_transfer: Amount,
    /// What one token transfer costs at most.
    pub token_transfer: Amount,
    /// What one step on a contract of ours (putting a forwarder in place, flushing it) costs at most.
    pub contract_step: Amount,
    /// What one further input of the same transaction costs at most; `None` where transactions have no inputs.
    pub added_input: Option<Amount>,
    /// What an account that does not exist yet must keep, so that its first payment must bring it; `None` where accounts keep nothing.
    pub reserve: Option<Amount>,
    /// How it was reckoned, for a person: what was read, and what it was multiplied by.
    pub basis: String,
}

/// A node or an explorer of one network.
#[async_trait]
pub trait ChainRead: Send + Sync {
    /// The network it answers for.
    fn network(&self) -> &NetworkId;

    /// A name for messages: kind and host, never a key.
    fn name(&self) -> &str;

    /// What it can answer, after checking that it is the network it should be.
    async fn capabilities(&self) -> Result<Capabilities, SourceError>;

    /// The tip.
    async fn head(&self) -> Result<Head, SourceError>;

    /// The header at a height of the branch the source follows; `None` above its tip.
    async fn header(&self, height: Height) -> Result<Option<Header>, SourceError>;

    /// Reads a block range.
    async fn scan(&self, _request: &ScanRequest) -> Result<ScanUpdate, SourceError> {
        Err(self.unsupported("reading block by block"))
    }

    /// Reads one page of an account's history.
    async fn account_page(&self, _request: &AccountRequest) -> Result<AccountPage, SourceError> {
        Err(self.unsupported("reading account by account"))
    }

    /// Looks one transaction up.
    async fn transaction(&self, id: &TxId) -> Result<Lookup<TransactionView>, SourceError>;

    /// Who spends an output (`TXID:INDEX`), where the network keeps outputs.
    async fn spender(&self, _outpoint: &str) -> Result<Lookup<Spender>, SourceError> {
        Err(self.unsupported("saying who spends an output"))
    }

    /// One account's credits over a range. Sources that read account by account answer from their pages; a history longer
    /// than [`HISTORY_PAGES_MAX`] ends in a gap.
    async fn history(
        &self,
        address: &Address,
        range: HeightRange,
    ) -> Result<HistoryUpdate, SourceError> {
        history_by_pages(self, address, range).await
    }

    /// The state of an account at the tip.
    async fn account(&self, address: &Address) -> Result<AccountState, SourceError>;

    /// The balance of one asset at the tip, in base units.
    async fn balance(&self, address: &Address, asset: &AssetId) -> Result<Amount, SourceError>;

    /// What a token says of itself, by its canonical text ([`recover_core::asset::AssetReference::Contract`]); nothing where the
    /// network keeps no such claims.
    async fn token_claims(&self, _token: &str) -> Result<TokenClaims, SourceError> {
        Ok(TokenClaims::default())
    }

    /// What the network's work costs now.
    async fn network_cost(&self) -> Result<NetworkCost, SourceError>;

    /// The error for what this source does not do.
    fn unsupported(&self, what: &str) -> SourceError {
        SourceError::Unsupported {
            origin: self.name().to_owned(),
            what: what.to_owned(),
        }
    }
}

/// How many pages [`ChainRead::history`] reads of one account.
pub const HISTORY_PAGES_MAX: usize = 50;

async fn history_by_pages<S: ChainRead + ?Sized>(
    source: &S,
    address: &Address,
    range: HeightRange,
) -> Result<HistoryUpdate, SourceError> {
    let mut request = AccountRequest {
        address: address.clone(),
        range,
        resume: None,
    };
    let mut seen = BTreeSet::new();
    let mut update = HistoryUpdate {
        observations: Vec::new(),
        gaps: Vec::new(),
    };
    let mut through = None;
    for _ in 0..HISTORY_PAGES_MAX {
        let page = source.account_page(&request).await?;
        let fresh = page
            .observations
            .into_iter()
            .filter(|credit| seen.insert(credit.id()));
        update.observations.extend(fresh);
        update.gaps = page.gaps;
        through = page.through.max(through);
        let Some(next) = page.next else {
            return Ok(update);
        };
        request.resume = Some(next);
    }
    let unread = through.map_or(range.from(), Height::next);
    if let Some(range) = HeightRange::new(unread, range.to()) {
        let reason = format!(
            "the account has more than {HISTORY_PAGES_MAX} pages of history; `recover scan` reads all of it"
        );
        update.gaps.extend(Gap::of_parts(range, Part::ALL, &reason));
    }
    Ok(update)
}
