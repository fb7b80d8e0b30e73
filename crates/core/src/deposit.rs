//! Deposits: an observation with what we make of it.

use crate::amount::Amount;
use crate::asset::AssetId;
use crate::block::{Height, TxId};
use crate::code::coded;
use crate::kind::Kind;
use crate::memo::{Memo, MemoFinding};
use crate::network::NetworkId;
use crate::observation::{DepositId, Flag, Observation};
use crate::time::Timestamp;
use crate::verdict::{Missing, Verdict};

coded! {
    /// Where a deposit stands.
    pub enum DepositStatus {
        /// Its block is not final yet.
        Unconfirmed => "unconfirmed",
        /// Final and waiting for somebody.
        Open => "open",
        /// A claim is open on it.
        Claimed => "claimed",
        /// Nothing is left to do.
        Resolved => "resolved",
        /// A reorganisation removed it.
        Gone => "gone",
    }
}

coded! {
    /// Where a person meets a deposit, whatever its status.
    pub enum Queue {
        /// The working queue.
        Work => "work",
        /// Counted beside it: nobody reviewed the token's contract yet.
        TokenReview => "token_review",
        /// Counted beside it: the imported ledger does not reach over it.
        LedgerCoverage => "ledger_coverage",
        /// Nowhere: there is nothing to recover, or it is our own movement.
        None => "none",
    }
}

impl Queue {
    /// Where a deposit with this classification belongs.
    #[must_use]
    pub const fn of(classification: &Classification) -> Self {
        if !classification.kind.is_workable() {
            return Self::None;
        }
        match classification.verdict {
            Verdict::Conditional(Missing::TokenReviewMissing) => Self::TokenReview,
            Verdict::Conditional(Missing::LedgerCoverageMissing) => Self::LedgerCoverage,
            _ => Self::Work,
        }
    }
}

/// What the classifier makes of an observation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classification {
    /// Why it was not booked: the first kind that fits.
    pub kind: Kind,
    /// The other kinds that fit, in order of precedence.
    pub also: Vec<Kind>,
    /// Whether it can be recovered.
    pub verdict: Verdict,
    /// The user it belongs to as far as the address book says: whom the address was issued to, or whom the memo names.
    /// `None` for unknown addresses and where nobody is named beyond doubt.
    pub owner: Option<String>,
    /// What the routing fields say; `None` where the network or the address needs none, and for deposits of a file.
    pub memo: Option<MemoFinding>,
}

/// A credit as a file of another system tells it. It can be matched; what we cannot vouch for is never quoted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedDeposit {
    /// The file's own id, verbatim.
    pub id: DepositId,
    /// The network.
    pub network: NetworkId,
    /// The transaction as the file writes it, canonical where the family is known.
    pub tx_id: TxId,
    /// The position column, verbatim (`0`).
    pub position: String,
    /// The height; `None` when the file has none.
    pub block_height: Option<Height>,
    /// The block's time; `None` when the file has none.
    pub block_time: Option<Timestamp>,
    /// Who sent it, verbatim; `None` when empty.
    pub from: Option<String>,
    /// Who was credited, verbatim.
    pub to: String,
    /// The asset; a symbol that we do not know is unlisted.
    pub asset: AssetId,
    /// The digits of the amount.
    pub amount: Amount,
    /// How many of them stand behind the point: the file's own scale.
    pub scale: u8,
    /// The routing field, verbatim; `None` when empty.
    pub memo: Option<String>,
    /// What the file says about why, kept as stated: not our verdict.
    pub orphan_reason: Option<String>,
}

/// Where a deposit comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A source of ours saw it.
    Observed(Observation),
    /// A file told us.
    Imported(ImportedDeposit),
}

/// A deposit as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deposit {
    /// The credit itself.
    pub origin: Origin,
    /// The scale of its amounts: decimals from a reviewed list, else from the token's own claim, else 0 (shown as base units).
    pub decimals: u8,
    /// Whether `decimals` comes from a reviewed list or the network's definition.
    pub decimals_vouched: bool,
    /// The symbol shown to people; never an identity.
    pub symbol: Option<String>,
    /// What we make of it.
    pub classification: Classification,
    /// Where it stands.
    pub status: DepositStatus,
}

impl Deposit {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> DepositId {
        match &self.origin {
            Origin::Observed(observation) => observation.id(),
            Origin::Imported(imported) => imported.id.clone(),
        }
    }

    /// Its network.
    #[must_use]
    pub const fn network(&self) -> &NetworkId {
        match &self.origin {
            Origin::Observed(observation) => &observation.network,
            Origin::Imported(imported) => &imported.network,
        }
    }

    /// Its transaction.
    #[must_use]
    pub const fn tx_id(&self) -> &TxId {
        match &self.origin {
            Origin::Observed(observation) => &observation.tx_id,
            Origin::Imported(imported) => &imported.tx_id,
        }
    }

    /// Where in its transaction it stands.
    #[must_use]
    pub fn position(&self) -> &str {
        match &self.origin {
            Origin::Observed(observation) => observation.position.as_str(),
            Origin::Imported(imported) => &imported.position,
        }
    }

    /// Its block's height; `None` while unknown.
    #[must_use]
    pub fn block_height(&self) -> Option<Height> {
        match &self.origin {
            Origin::Observed(observation) => observation.block.as_ref().map(|block| block.height),
            Origin::Imported(imported) => imported.block_height,
        }
    }

    /// Its block's time; `None` while unknown.
    #[must_use]
    pub fn block_time(&self) -> Option<Timestamp> {
        match &self.origin {
            Origin::Observed(observation) => observation.block.as_ref().map(|block| block.time),
            Origin::Imported(imported) => imported.block_time,
        }
    }

    /// Who sent it.
    #[must_use]
    pub fn from(&self) -> Option<&str> {
        match &self.origin {
            Origin::Observed(observation) => {
                observation.from.as_ref().map(crate::address::Address::text)
            }
            Origin::Imported(imported) => imported.from.as_deref(),
        }
    }

    /// Who was credited.
    #[must_use]
    pub fn to(&self) -> &str {
        match &self.origin {
            Origin::Observed(observation) => observation.to.text(),
            Origin::Imported(imported) => &imported.to,
        }
    }

    /// What was sent.
    #[must_use]
    pub const fn asset(&self) -> &AssetId {
        match &self.origin {
            Origin::Observed(observation) => &observation.asset,
            Origin::Imported(imported) => &imported.asset,
        }
    }

    /// How much, in units of 10^-[`Deposit::decimals`].
    #[must_use]
    pub const fn amount(&self) -> Amount {
        match &self.origin {
            Origin::Observed(observation) => observation.amount,
            Origin::Imported(imported) => imported.amount,
        }
    }

    /// How much, in coin units as exact decimal text.
    #[must_use]
    pub fn amount_text(&self) -> String {
        self.amount().to_coin_text(self.decimals)
    }

    /// The flags, sorted.
    #[must_use]
    pub fn flags(&self) -> &[Flag] {
        match &self.origin {
            Origin::Observed(observation) => &observation.flags,
            Origin::Imported(_) => &[],
        }
    }

    /// The routing field as text for people: the first that is not absent.
    #[must_use]
    pub fn memo_text(&self) -> Option<String> {
        match &self.origin {
            Origin::Observed(observation) => observation
                .memos
                .iter()
                .find(|memo| memo.kind != crate::memo::MemoKind::Absent)
                .map(|memo: &Memo| {
                    String::from_utf8(memo.raw.clone()).unwrap_or_else(|_| hex::encode(&memo.raw))
                }),
            Origin::Imported(imported) => imported.memo.clone(),
        }
    }
}
