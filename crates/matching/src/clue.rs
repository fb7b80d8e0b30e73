//! What an appeal says, as far as it can be read. Nothing is thrown away in silence: each clue names the field it came
//! from, and what could not be read stands in [`AppealClues::unread`].

use crate::rule::{Flag, Rule};
use recover_core::appeal::AppealId;
use recover_core::decimal::Decimal;
use recover_core::network::NetworkId;
use recover_core::observation::DepositId;
use recover_core::time::Timestamp;
use std::collections::BTreeSet;

/// A field of an appeal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// The transaction field.
    TxId,
    /// The network field.
    Network,
    /// The coin field.
    Asset,
    /// The amount field.
    Amount,
    /// The address it was sent to.
    To,
    /// The memo field.
    Memo,
    /// The address it came from.
    From,
    /// The time field.
    Time,
    /// The free text.
    FreeText,
}

impl Field {
    /// How people call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TxId => "transaction field",
            Self::Network => "network field",
            Self::Asset => "coin field",
            Self::Amount => "amount field",
            Self::To => "address field",
            Self::Memo => "memo field",
            Self::From => "sender field",
            Self::Time => "time field",
            Self::FreeText => "free text",
        }
    }
}

/// A clue and the field it was found in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<T> {
    /// The clue.
    pub value: T,
    /// Where it stood.
    pub field: Field,
    /// How it was read.
    pub rule: Rule,
}

/// A transaction id or an address, folded for comparison (lower case; transaction ids without `0x`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Id {
    /// All of it, as far as its length tells.
    Whole(String),
    /// A beginning and an end, one of them perhaps empty; at least eight characters together.
    Ends {
        /// The beginning.
        head: String,
        /// The end.
        tail: String,
    },
}

/// A network that the appeal names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkClue {
    /// The network.
    pub network: NetworkId,
    /// Whether a pasted explorer link says so: it outranks what the user calls it.
    pub is_from_link: bool,
}

/// A span of time in which the payment may have happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The earliest time.
    pub from: Timestamp,
    /// The latest time.
    pub to: Timestamp,
    /// The stated time read as UTC; `None` when only a day was stated.
    pub stated: Option<Timestamp>,
    /// Whether the text names its zone.
    pub is_zone_known: bool,
}

/// A value in the money of a state: what the coins were worth, not how many they were.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fiat {
    /// How much.
    pub value: Decimal,
    /// The currency, ISO 4217; `$` alone is taken for `USD`.
    pub currency: &'static str,
}

/// What support verified about the claimant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// Nothing, or something that anybody could make (a screenshot).
    None,
    /// A signature or a payment of a named amount from the sending address.
    Sender,
    /// The sending platform's own record of the withdrawal.
    Record,
    /// A signature that does not fit.
    Refuted,
}

/// Everything that could be read from one appeal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppealClues {
    /// The appeal.
    pub appeal: AppealId,
    /// Who appeals.
    pub user_id: String,
    /// When.
    pub created_at: Timestamp,
    /// Transaction ids, the transaction field first.
    pub transactions: Vec<Found<Id>>,
    /// Addresses.
    pub addresses: Vec<Found<Id>>,
    /// Networks.
    pub networks: Vec<Found<NetworkClue>>,
    /// Coins, folded: a symbol, a name or a contract.
    pub assets: Vec<Found<String>>,
    /// Every plausible reading of the amount.
    pub amounts: Vec<Found<Decimal>>,
    /// Values in the money of a state.
    pub fiat: Vec<Found<Fiat>>,
    /// Memos.
    pub memos: Vec<Found<String>>,
    /// Every plausible reading of the time.
    pub times: Vec<Found<Window>>,
    /// What support verified.
    pub proof: Proof,
    /// The deposit-page view nearest to the claimed time, from the exchange's own log.
    pub session_view_at: Option<Timestamp>,
    /// What stood in a field of its own and could not be read.
    pub unread: Vec<Found<String>>,
    /// What a person should know of and what is no clue to the payment; the rule is [`Rule::Plain`].
    pub flags: Vec<Found<Flag>>,
    /// Deposits that a person took back from this appeal: they are not proposed again, and whatever else fits is looked at by
    /// a person. No clue in the text: whoever matches fills it in.
    pub taken_back: BTreeSet<DepositId>,
    /// Deposits of which this user proved to be the sender, by a signature or a verification deposit that the engine itself
    /// checked, or by a record that a person vouches for. Hard evidence for these deposits and for no other. No clue in the
    /// text: whoever matches fills it in.
    pub proven: BTreeSet<DepositId>,
}

/// One clue as `appeals show` and `match --explain` print it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClueLine {
    /// What kind: `transaction`, `address`, `network`, `asset`, `amount`, `fiat`, `memo`, `time`, `unread`, `flag`.
    pub kind: &'static str,
    /// The clue as text.
    pub text: String,
    /// Where it stood.
    pub field: Field,
    /// How it was read.
    pub rule: Rule,
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Whole(text) => f.pad(text),
            Self::Ends { head, tail } => write!(f, "{head}…{tail}"),
        }
    }
}

impl AppealClues {
    /// How many clues there are: as many as [`Self::lines`] has.
    #[must_use]
    pub fn lines_count(&self) -> usize {
        self.transactions.len()
            + self.addresses.len()
            + self.networks.len()
            + self.assets.len()
            + self.amounts.len()
            + self.fiat.len()
            + self.memos.len()
            + self.times.len()
            + self.unread.len()
            + self.flags.len()
    }

    /// Every clue in a fixed order, with where it stood and how it was read.
    #[must_use]
    pub fn lines(&self) -> Vec<ClueLine> {
        let mut lines = Vec::new();
        add(&mut lines, "transaction", &self.transactions, Id::to_string);
        add(&mut lines, "address", &self.addresses, Id::to_string);
        add(&mut lines, "network", &self.networks, |clue| {
            clue.network.to_string()
        });
        add(&mut lines, "asset", &self.assets, Clone::clone);
        add(&mut lines, "amount", &self.amounts, Decimal::to_string);
        add(&mut lines, "fiat", &self.fiat, |fiat| {
            format!("{} {}", fiat.value, fiat.currency)
        });
        add(&mut lines, "memo", &self.memos, Clone::clone);
        add(&mut lines, "time", &self.times, |window| {
            format!("{} to {}", window.from, window.to)
        });
        add(&mut lines, "unread", &self.unread, Clone::clone);
        add(&mut lines, "flag", &self.flags, |flag| {
            flag.words().to_owned()
        });
        lines
    }
}

fn add<T>(
    lines: &mut Vec<ClueLine>,
    kind: &'static str,
    clues: &[Found<T>],
    text: impl Fn(&T) -> String,
) {
    lines.extend(clues.iter().map(|clue| ClueLine {
        kind,
        text: text(&clue.value),
        field: clue.field,
        rule: clue.rule,
    }));
}
