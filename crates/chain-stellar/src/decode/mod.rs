//! What counts as a credit: Horizon's records to observations. Pure.
//!
//! A credit is one operation's, never a transaction's: its position is `op:N`, N the number of the operation inside its
//! transaction (from 1, the low 12 bits of the operation's id), and `op:N.K` where one operation can credit several times, K the
//! number of the credit inside it (from 1). The memo is the transaction's and stands for every operation in it. Of a fee bump
//! the outer hash is the transaction's one id: it is what `/payments` gives as `transaction_hash`, and both hashes resolve to it.
//!
//! A ledger is final when it closes and no ledger ever replaces another, and no row about a payment names its ledger's hash: an
//! observation names its block by number (`ledger:52429011`), as the headers of this adapter do. One request for each ledger
//! would read an account of 100,000 deposits a hundred times slower, for a comparison that cannot fail: which network it is, is
//! settled by the passphrase.

mod operation;
mod parts;

pub use operation::needs_effects;
pub use parts::{amount, effect_id, operation_id, operation_transaction};

use crate::address;
use crate::wire::{self, Scalar};
use crate::xdr::{Envelope, Network, Results};
use operation::OperationReader;
use parts::{contradiction, height, malformed, memo, missing, outcome, party, time};
use recover_core::address::{Address, Payload};
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::{BlockHash, BlockRef, Height, TxId};
use recover_core::memo::Memo;
use recover_core::network::NetworkId;
use recover_core::observation::{Flag, Mechanism, Observation, Outcome, Position};
use recover_core::time::Timestamp;

/// The decimals of every asset of the network, the native coin included: one unit is 10,000,000 stroops.
pub const DECIMALS: u8 = 7;

/// Why a record is no fact.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// A field that decides is not there.
    #[error("the {record} names no {what}")]
    Missing {
        /// The record.
        record: &'static str,
        /// The field.
        what: &'static str,
    },
    /// A field cannot be read.
    #[error("the {what} '{text}' cannot be read")]
    Malformed {
        /// The field.
        what: &'static str,
        /// Its text, shortened.
        text: String,
    },
    /// Two fields cannot both be true.
    #[error("{detail}")]
    Contradiction {
        /// What does not fit.
        detail: String,
    },
    /// The record alone does not say what was credited.
    #[error("{what} says nothing about its amount: the effects of the operation are needed")]
    EffectsNeeded {
        /// The operation's type.
        what: String,
    },
}

/// The id of an operation or a transaction in the order of the whole network: 32 bits of ledger, 20 of transaction, 12 of
/// operation (SEP-35). Past 2^53, so never a float.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Toid(pub u64);

impl Toid {
    /// Parses decimal text; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // The signed range: the highest bit is never used.
        let id = digits.then(|| text.parse::<u64>().ok()).flatten()?;
        i64::try_from(id).is_ok().then_some(Self(id))
    }

    /// The first id that a ledger may hold; everything in the ledger comes after it.
    #[must_use]
    pub fn of_ledger(height: Height) -> Self {
        Self(height.0.min(u64::from(u32::MAX >> 1)) << 32)
    }

    /// The ledger.
    #[must_use]
    pub const fn ledger(self) -> Height {
        Height(self.0 >> 32)
    }

    /// The number of the operation inside its transaction, from 1.
    #[must_use]
    pub const fn operation(self) -> u64 {
        self.0 & 0xfff
    }
}

/// The block of a ledger. See the head of this module for its hash.
#[must_use]
pub fn block(height: Height, time: Timestamp) -> BlockRef {
    BlockRef {
        height,
        hash: ledger_hash(height),
        time,
    }
}

/// What names a ledger among blocks.
#[must_use]
pub fn ledger_hash(height: Height) -> BlockHash {
    BlockHash::new(&format!("ledger:{height}"))
}

/// What a transaction's record says of all its operations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionFacts {
    /// Its id; of a fee bump the outer one.
    pub id: TxId,
    /// The id of the transaction inside a fee bump.
    pub inner: Option<TxId>,
    /// Its ledger; `None` when the record does not say.
    pub ledger: Option<Height>,
    /// When its ledger closed; `None` when the record does not say.
    pub time: Option<Timestamp>,
    /// Whether it took effect.
    pub outcome: Outcome,
    /// Whose sequence number it used, with the id inside where it was written as a muxed account.
    pub source: Option<(Address, Option<u64>)>,
    /// Its memo; `None` when the record says nothing about it, which is not absence.
    pub memo: Option<Memo>,
    /// How many operations it has; `None` when the record does not say.
    pub operations: Option<usize>,
    /// Its signed bytes, which hash to its id; `None` when they are not there or cannot be read.
    pub envelope: Option<Envelope>,
    /// Its results; `None` when they are not there or cannot be read.
    pub results: Option<Results>,
}

/// What stands beside an operation and completes it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Beside<'a> {
    /// Effects, of any operations and accounts; those of this operation are picked out. `None` when nobody asked for them.
    pub effects: Option<&'a [wire::Effect]>,
    /// Claimable balances before they were claimed.
    pub balances: &'a [wire::ClaimableBalance],
}

/// One credit inside an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credit {
    /// Its place inside the transaction.
    pub position: Position,
    /// Who paid; `None` when nobody did, or the record does not say.
    pub from: Option<Address>,
    /// Who was credited.
    pub to: Address,
    /// The id inside the recipient, where it was written as a muxed account.
    pub muxed: Option<Memo>,
    /// What.
    pub asset: AssetId,
    /// How much, in stroops.
    pub amount: Amount,
    /// How it moved.
    pub mechanism: Mechanism,
    /// Further facts.
    pub flags: Vec<Flag>,
}

/// Reads the records of one network.
#[derive(Debug, Clone)]
pub struct Decoder {
    network: NetworkId,
    chain: Network,
}

impl Decoder {
    /// A reader for a network of the configuration.
    #[must_use]
    pub const fn new(network: NetworkId, chain: Network) -> Self {
        Self { network, chain }
    }

    /// The network of the configuration.
    #[must_use]
    pub const fn network(&self) -> &NetworkId {
        &self.network
    }

    /// The network by its passphrase.
    #[must_use]
    pub const fn chain(&self) -> &Network {
        &self.chain
    }

    /// Reads a transaction's record and checks it against its own signed bytes, where they are there.
    ///
    /// # Errors
    /// When it names no hash, a field cannot be read, or its bytes hash to another id or carry another memo.
    pub fn transaction(&self, record: &wire::Transaction) -> Result<TransactionFacts, DecodeError> {
        let hash_of = |text: &Scalar| {
            address::parse_tx_id(text).ok_or_else(|| malformed("transaction hash", text))
        };
        let outer_named = record.fee_bump_transaction.as_ref();
        let inner_named = record.inner_transaction.as_ref();
        let named = record
            .hash
            .as_ref()
            .or(record.id.as_ref())
            .ok_or_else(|| missing("transaction", "hash"))?;
        let named = hash_of(named)?;
        let mut inner = inner_named
            .and_then(|of| of.hash.as_ref())
            .map(hash_of)
            .transpose()?;
        let mut id = match outer_named.and_then(|of| of.hash.as_ref()) {
            Some(outer) => hash_of(outer)?,
            None => named.clone(),
        };
        if named != id && inner.as_ref() != Some(&named) {
            return Err(contradiction(format!(
                "transaction {named} is neither the outer nor the inner half of its fee bump {id}"
            )));
        }
        let envelope = record.envelope_xdr.as_deref().and_then(Envelope::parse);
        if let Some(envelope) = &envelope {
            let outer = envelope.id(&self.chain);
            let within = envelope.inner_id(&self.chain);
            let fits = outer.as_ref() == Some(&named) || within.as_ref() == Some(&named);
            if !fits {
                return Err(contradiction(format!(
                    "the signed bytes of transaction {named} do not hash to its id on {}: they were edited, or are of another network",
                    self.chain.reference()
                )));
            }
            if inner.is_some() && inner != within
                || outer_named.is_some() && outer.as_ref() != Some(&id)
            {
                return Err(contradiction(format!(
                    "the signed bytes of transaction {named} are another fee bump than its record says"
                )));
            }
            inner = within;
            id = outer.unwrap_or(id);
        }
        let results = record.result_xdr.as_deref().and_then(Results::parse);
        let proved = results.as_ref().map(|results| results.success);
        let outcome = match (record.successful, proved) {
            (Some(said), Some(proved)) if said != proved => {
                return Err(contradiction(format!(
                    "transaction {id} is said to be successful={said} and its result says {proved}"
                )));
            }
            (Some(true), _) | (None, Some(true)) => Outcome::Success,
            (Some(false), _) | (None, Some(false)) => Outcome::Failed,
            (None, None) => Outcome::Unknown,
        };
        let ledger = record.ledger.as_deref().map(height).transpose()?;
        let time = record.created_at.as_deref().map(time).transpose()?;
        let source = match &record.source_account {
            None => None,
            Some(text) => {
                let muxed = record.account_muxed.as_ref();
                let (account, memo) = party(text, muxed, record.account_muxed_id.as_ref())?;
                let id = memo.and_then(|memo| String::from_utf8(memo.raw).ok()?.parse().ok());
                Some((account, id))
            }
        };
        let operations = record
            .operation_count
            .as_deref()
            .and_then(|text| text.parse().ok())
            .or_else(|| envelope.as_ref().map(Envelope::operation_count));
        Ok(TransactionFacts {
            memo: memo(record, envelope.as_ref(), &id)?,
            id,
            inner,
            ledger,
            time,
            outcome,
            source,
            operations,
            envelope,
            results,
        })
    }

    /// Every credit of an operation, anybody's, as it stands in the records: whether the transaction took effect is not
    /// looked at, but for amounts that only an effect tells. Credits of nothing or less are none.
    ///
    /// # Errors
    /// [`DecodeError::EffectsNeeded`] when the effects are needed and were not given; else when a field is missing, cannot
    /// be read, or contradicts the signed bytes.
    pub fn credits(
        &self,
        operation: &wire::Operation,
        facts: Option<&TransactionFacts>,
        beside: Beside<'_>,
    ) -> Result<Vec<Credit>, DecodeError> {
        let id = operation_id(operation)?;
        let failed = outcome(operation, facts)? == Outcome::Failed;
        let reader = OperationReader {
            decoder: self,
            operation,
            facts,
            beside,
            id,
            failed,
        };
        let mut credits = reader.credits()?;
        credits.retain(|credit| !credit.amount.is_zero());
        for credit in &mut credits {
            // What is paid to its own issuer is burned: no balance grows.
            let issuer = credit.asset.contract_text().and_then(address::split_asset);
            if issuer.is_some_and(|(_, issuer)| issuer == credit.to) {
                credit.flags.push(Flag::BalanceUnchanged);
            }
        }
        reader.check_signed(&credits)?;
        Ok(credits)
    }

    /// The credits of an operation as observations.
    ///
    /// # Errors
    /// As [`Decoder::credits`]; and when operation and transaction do not belong together, or the memo is unknown.
    pub fn observe(
        &self,
        operation: &wire::Operation,
        facts: &TransactionFacts,
        beside: Beside<'_>,
    ) -> Result<Vec<Observation>, DecodeError> {
        let id = operation_id(operation)?;
        let named = operation_transaction(operation)?;
        if named != facts.id && facts.inner.as_ref() != Some(&named) {
            return Err(contradiction(format!(
                "operation {} is of transaction {named} and stands beside {}",
                id.0, facts.id
            )));
        }
        if facts.ledger.is_some_and(|ledger| ledger != id.ledger()) {
            return Err(contradiction(format!(
                "operation {} is of ledger {} by its id, and its transaction {} of another",
                id.0,
                id.ledger(),
                facts.id
            )));
        }
        let credits = self.credits(operation, Some(facts), beside)?;
        if credits.is_empty() {
            return Ok(Vec::new());
        }
        let outcome = outcome(operation, Some(facts))?;
        let memo = facts
            .memo
            .clone()
            .ok_or_else(|| missing("transaction", "memo type"))?;
        let time = match (&operation.created_at, facts.time) {
            (Some(text), _) => time(text)?,
            (None, Some(time)) => time,
            (None, None) => return Err(missing("operation", "time")),
        };
        Ok(credits
            .into_iter()
            .map(|credit| Observation {
                network: self.network.clone(),
                tx_id: facts.id.clone(),
                position: credit.position,
                block: Some(block(id.ledger(), time)),
                from: credit.from,
                to: credit.to,
                asset: credit.asset,
                amount: credit.amount,
                amount_stated: credit.amount,
                balance_delta: None,
                memos: std::iter::once(memo.clone()).chain(credit.muxed).collect(),
                mechanism: credit.mechanism,
                outcome,
                flags: credit.flags,
            })
            .collect())
    }

    fn asset(
        &self,
        kind: Option<&Scalar>,
        code: Option<&Scalar>,
        issuer: Option<&Scalar>,
        joined: Option<&Scalar>,
    ) -> Result<AssetId, DecodeError> {
        let network = self.network.clone();
        let text = match (kind.map(|kind| &**kind), joined) {
            (Some("native"), _) => return Ok(AssetId::native(network)),
            (None, Some(joined)) if &**joined == "native" => return Ok(AssetId::native(network)),
            (Some("credit_alphanum4" | "credit_alphanum12"), _) => {
                let code = code.ok_or_else(|| missing("asset", "code"))?;
                let issuer = issuer.ok_or_else(|| missing("asset", "issuer"))?;
                format!("{}:{}", &**code, &**issuer)
            }
            (None, Some(joined)) => joined.0.clone(),
            (Some(other), _) => return Err(malformed("asset type", other)),
            (None, None) => return Err(missing("operation", "asset")),
        };
        let canonical = address::parse_asset(&text).map_err(|_| malformed("asset", &text))?;
        Ok(AssetId::contract(network, &canonical))
    }
}

/// Whether an address is one that Horizon keeps a history of.
#[must_use]
pub fn has_history(address: &Address) -> bool {
    matches!(address.payload(), Payload::Ed25519(_))
}
