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

use crate::address;
use crate::wire::{self, Scalar};
use crate::xdr::{Envelope, Network, Results};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use recover_core::address::{Address, Payload};
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::{BlockHash, BlockRef, Height, TxId};
use recover_core::memo::{Memo, MemoKind, place};
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

fn missing(record: &'static str, what: &'static str) -> DecodeError {
    DecodeError::Missing { record, what }
}

fn malformed(what: &'static str, text: &str) -> DecodeError {
    DecodeError::Malformed {
        what,
        text: text.chars().take(80).collect(),
    }
}

fn contradiction(detail: String) -> DecodeError {
    DecodeError::Contradiction { detail }
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

/// The number of an effect: its operation and its place among that operation's effects (from 1).
///
/// # Errors
/// When neither id nor paging token can be read.
pub fn effect_id(effect: &wire::Effect) -> Result<(Toid, u64), DecodeError> {
    let text = effect
        .paging_token
        .as_deref()
        .or(effect.id.as_deref())
        .ok_or_else(|| missing("effect", "id"))?;
    let parse = |text: &str| -> Option<(Toid, u64)> {
        let (operation, number) = text.split_once('-')?;
        Some((Toid::parse(operation)?, number.parse().ok()?))
    };
    parse(text).ok_or_else(|| malformed("id of an effect", text))
}

/// Reads an amount in coin units (`12.5000000`) into stroops; `None` when it is negative: nobody is credited by that.
///
/// # Errors
/// When the text is no decimal number or has more than seven digits behind the point.
pub fn amount(text: &str) -> Result<Option<Amount>, DecodeError> {
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let amount = Amount::from_coin_text(digits, DECIMALS).map_err(|_| malformed("amount", text))?;
    Ok((!is_negative).then_some(amount))
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

/// The types of operations, as far as they differ for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    CreateAccount,
    Payment,
    StrictReceive,
    StrictSend,
    Merge,
    Inflation,
    Claim,
    PoolWithdraw,
    Invoke,
    /// It gives nobody anything: offers, options, trust lines, clawbacks (which burn), balances to be claimed later.
    Nothing,
    /// A type that is newer than this program.
    Other,
}

fn kind(operation: &wire::Operation) -> Result<Kind, DecodeError> {
    let number = operation.kind_number.as_deref();
    Ok(match (operation.kind.as_deref(), number) {
        (Some("create_account"), _) | (None, Some("0")) => Kind::CreateAccount,
        (Some("payment"), _) | (None, Some("1")) => Kind::Payment,
        (Some("path_payment" | "path_payment_strict_receive"), _) | (None, Some("2")) => {
            Kind::StrictReceive
        }
        (Some("path_payment_strict_send"), _) | (None, Some("13")) => Kind::StrictSend,
        (Some("account_merge"), _) | (None, Some("8")) => Kind::Merge,
        (Some("inflation"), _) | (None, Some("9")) => Kind::Inflation,
        (Some("claim_claimable_balance"), _) | (None, Some("15")) => Kind::Claim,
        (Some("liquidity_pool_withdraw"), _) | (None, Some("23")) => Kind::PoolWithdraw,
        (Some("invoke_host_function"), _) | (None, Some("24")) => Kind::Invoke,
        (
            Some(
                "manage_offer"
                | "manage_sell_offer"
                | "create_passive_offer"
                | "create_passive_sell_offer"
                | "manage_buy_offer"
                | "set_options"
                | "change_trust"
                | "allow_trust"
                | "manage_data"
                | "bump_sequence"
                | "create_claimable_balance"
                | "begin_sponsoring_future_reserves"
                | "end_sponsoring_future_reserves"
                | "revoke_sponsorship"
                | "clawback"
                | "clawback_claimable_balance"
                | "set_trust_line_flags"
                | "liquidity_pool_deposit"
                | "extend_footprint_ttl"
                | "restore_footprint",
            ),
            _,
        ) => Kind::Nothing,
        (
            None,
            Some(
                "3" | "4" | "5" | "6" | "7" | "10" | "11" | "12" | "14" | "16" | "17" | "18" | "19"
                | "20" | "21" | "22" | "25" | "26",
            ),
        ) => Kind::Nothing,
        (None, None) => return Err(missing("operation", "type")),
        _ => Kind::Other,
    })
}

/// The id of an operation.
///
/// # Errors
/// When it has none that can be read.
pub fn operation_id(operation: &wire::Operation) -> Result<Toid, DecodeError> {
    let text = operation
        .id
        .as_deref()
        .or(operation.paging_token.as_deref())
        .ok_or_else(|| missing("operation", "id"))?;
    Toid::parse(text).ok_or_else(|| malformed("id of an operation", text))
}

/// The hash of an operation's transaction: its field, or the link of old recordings.
///
/// # Errors
/// When neither is there or can be read.
pub fn operation_transaction(operation: &wire::Operation) -> Result<TxId, DecodeError> {
    if let Some(hash) = &operation.transaction_hash {
        return address::parse_tx_id(hash).ok_or_else(|| malformed("transaction hash", hash));
    }
    operation
        .links
        .as_ref()
        .and_then(|links| links.transaction.as_ref())
        .and_then(|link| link.href.as_deref())
        .and_then(|href| address::parse_tx_id(href.rsplit('/').next()?))
        .ok_or_else(|| missing("operation", "transaction"))
}

/// Whether the effects of an operation are needed to know what it credited.
#[must_use]
pub fn needs_effects(operation: &wire::Operation, facts: Option<&TransactionFacts>) -> bool {
    let results = facts.and_then(|facts| facts.results.as_ref());
    let number = operation_id(operation).map_or(0, Toid::operation);
    if operation.transaction_successful == Some(false)
        || facts.is_some_and(|facts| facts.outcome == Outcome::Failed)
    {
        return false;
    }
    match kind(operation) {
        Ok(Kind::Claim | Kind::Other) => true,
        Ok(Kind::Merge) => results.and_then(|results| results.merged(number)).is_none(),
        Ok(Kind::Inflation) => results
            .and_then(|results| results.inflation(number))
            .is_none(),
        Ok(Kind::Invoke) => operation.asset_balance_changes.is_none(),
        Ok(Kind::PoolWithdraw) => operation.reserves_received.is_none(),
        _ => false,
    }
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

fn outcome(
    operation: &wire::Operation,
    facts: Option<&TransactionFacts>,
) -> Result<Outcome, DecodeError> {
    let of_transaction = facts.map_or(Outcome::Unknown, |facts| facts.outcome);
    let said = match operation.transaction_successful {
        Some(true) => Outcome::Success,
        Some(false) => Outcome::Failed,
        None => Outcome::Unknown,
    };
    match (said, of_transaction) {
        (Outcome::Unknown, other) | (other, Outcome::Unknown) => Ok(other),
        (said, other) if said == other => Ok(said),
        (said, other) => Err(contradiction(format!(
            "an operation calls its transaction {} and the transaction itself is {}",
            said.code(),
            other.code()
        ))),
    }
}

fn height(text: &str) -> Result<Height, DecodeError> {
    text.parse::<u32>()
        .map(|height| Height(u64::from(height)))
        .map_err(|_| malformed("ledger", text))
}

fn time(text: &str) -> Result<Timestamp, DecodeError> {
    Timestamp::parse(text).map_err(|_| malformed("time", text))
}

/// An account with the id inside it, from its plain and its muxed text; they must be one account.
fn party(
    plain: &Scalar,
    muxed: Option<&Scalar>,
    muxed_id: Option<&Scalar>,
) -> Result<(Address, Option<Memo>), DecodeError> {
    let read = |text: &str| address::routed(text).map_err(|_| malformed("account", text));
    let base = read(plain)?;
    let mut memo = base.memo;
    let mut take = |found: Memo| match &memo {
        Some(known) if *known != found => Err(contradiction(format!(
            "account {} is written with two ids inside",
            base.address
        ))),
        _ => {
            memo = Some(found);
            Ok(())
        }
    };
    if let Some(text) = muxed.filter(|text| !text.is_empty()) {
        let muxed = read(text)?;
        if muxed.address != base.address {
            return Err(contradiction(format!(
                "account {} is written as a muxed account of {}",
                base.address, muxed.address
            )));
        }
        if let Some(found) = muxed.memo {
            take(found)?;
        }
    }
    if let Some(text) = muxed_id.filter(|text| !text.is_empty()) {
        let id = text
            .parse::<u64>()
            .map_err(|_| malformed("muxed id", text))?;
        take(Memo::id(id, place::MUXED_ID))?;
    }
    Ok((base.address, memo))
}

fn base64_bytes(text: &str) -> Option<Vec<u8>> {
    let trimmed = text.trim().trim_end_matches('=');
    STANDARD_NO_PAD
        .decode(trimmed)
        .or_else(|_| STANDARD.decode(text))
        .ok()
}

/// A transaction's memo: the signed bytes decide, then `memo_bytes`, then the text.
fn memo(
    record: &wire::Transaction,
    envelope: Option<&Envelope>,
    id: &TxId,
) -> Result<Option<Memo>, DecodeError> {
    let signed = envelope.map(Envelope::memo);
    let Some(kind) = &record.memo_type else {
        return Ok(signed);
    };
    let lower = kind.to_ascii_lowercase();
    let text = record.memo.as_deref();
    let hash = |kind| -> Result<Memo, DecodeError> {
        let text = text.ok_or_else(|| missing("transaction", "memo"))?;
        let raw = base64_bytes(text)
            .filter(|raw| raw.len() == 32)
            .or_else(|| address::parse_hash(text).map(|hash| hash.to_vec()))
            .ok_or_else(|| malformed("memo", text))?;
        Ok(Memo {
            kind,
            raw,
            place: place::MEMO.to_owned(),
        })
    };
    let bytes = match &record.memo_bytes {
        Some(text) => Some(base64_bytes(text).ok_or_else(|| malformed("memo", text))?),
        None => None,
    };
    let is_exact = bytes.is_some();
    let said = match lower.strip_prefix("memotypememo").unwrap_or(&lower) {
        "none" => Memo::absent(place::MEMO),
        "text" => {
            let raw = bytes.unwrap_or_else(|| text.unwrap_or_default().as_bytes().to_vec());
            Memo::text(&raw, place::MEMO)
        }
        "id" => {
            let text = text.ok_or_else(|| missing("transaction", "memo"))?;
            let id = text.parse::<u64>().map_err(|_| malformed("memo", text))?;
            Memo::id(id, place::MEMO)
        }
        "hash" => hash(MemoKind::Hash)?,
        "return" | "rethash" => hash(MemoKind::Return)?,
        other => return Err(malformed("memo type", other)),
    };
    match signed {
        // Text that is not UTF-8 cannot stand in JSON: the bytes are right.
        Some(signed) if is_text(&signed) && is_text(&said) && !is_exact => Ok(Some(signed)),
        Some(signed) if signed != said => Err(contradiction(format!(
            "the memo of transaction {id} is another in its signed bytes than in its record"
        ))),
        _ => Ok(Some(said)),
    }
}

const fn is_text(memo: &Memo) -> bool {
    matches!(memo.kind, MemoKind::Text | MemoKind::Empty)
}

struct OperationReader<'a> {
    decoder: &'a Decoder,
    operation: &'a wire::Operation,
    facts: Option<&'a TransactionFacts>,
    beside: Beside<'a>,
    id: Toid,
    failed: bool,
}

impl OperationReader<'_> {
    fn credits(&self) -> Result<Vec<Credit>, DecodeError> {
        let operation = self.operation;
        let one = |credit: Option<Credit>| Ok(credit.into_iter().collect());
        match kind(operation)? {
            Kind::CreateAccount => {
                let stated = field(&operation.starting_balance, "starting balance")?;
                let to = (field(&operation.account, "account")?, None, None);
                let funder = operation
                    .funder
                    .as_ref()
                    .or(operation.source_account.as_ref());
                one(self.credit(funder, to, self.native(), stated, Mechanism::TopLevel)?)
            }
            Kind::Payment | Kind::StrictReceive => {
                one(self.payment(field(&operation.amount, "amount")?)?)
            }
            Kind::StrictSend => {
                // What a failed one would have given is only known from below.
                let amount = match (&operation.amount, &operation.destination_min) {
                    (_, Some(least)) if self.failed => least,
                    (amount, _) => field(amount, "amount")?,
                };
                one(self.payment(amount)?)
            }
            _ if self.failed => Ok(Vec::new()),
            Kind::Merge => one(self.merge()?),
            Kind::Claim => one(self.claim()?),
            Kind::PoolWithdraw => self.pool_withdraw(),
            Kind::Inflation => self.inflation(),
            Kind::Invoke => match &operation.asset_balance_changes {
                Some(changes) if !changes.is_empty() || self.beside.effects.is_none() => {
                    self.balance_changes(changes)
                }
                _ => self.from_effects(None),
            },
            Kind::Other => self.from_effects(Some(Mechanism::BalanceChange)),
            Kind::Nothing => Ok(Vec::new()),
        }
    }

    fn native(&self) -> AssetId {
        AssetId::native(self.decoder.network.clone())
    }

    fn position(&self) -> Position {
        Position::new(&format!("op:{}", self.id.operation()))
    }

    fn part(&self, number: u64) -> Position {
        Position::new(&format!("op:{}.{number}", self.id.operation()))
    }

    fn credit(
        &self,
        from: Option<&Scalar>,
        to: (&Scalar, Option<&Scalar>, Option<&Scalar>),
        asset: AssetId,
        stated: &str,
        mechanism: Mechanism,
    ) -> Result<Option<Credit>, DecodeError> {
        let from = match from {
            Some(text) => Some(address::parse(text).map_err(|_| malformed("account", text))?),
            None => None,
        };
        let (to, muxed) = party(to.0, to.1, to.2)?;
        Ok(amount(stated)?.map(|amount| Credit {
            position: self.position(),
            from,
            to,
            muxed,
            asset,
            amount,
            mechanism,
            flags: Vec::new(),
        }))
    }

    fn payment(&self, stated: &str) -> Result<Option<Credit>, DecodeError> {
        let operation = self.operation;
        let asset = self.decoder.asset(
            operation.asset_type.as_ref(),
            operation.asset_code.as_ref(),
            operation.asset_issuer.as_ref(),
            operation.asset.as_ref(),
        )?;
        let mechanism = if asset.contract_text().is_some() {
            Mechanism::TokenTransfer
        } else {
            Mechanism::TopLevel
        };
        let from = operation
            .from
            .as_ref()
            .or(operation.source_account.as_ref());
        let to = (
            field(&operation.to, "recipient")?,
            operation.to_muxed.as_ref(),
            operation.to_muxed_id.as_ref(),
        );
        self.credit(from, to, asset, stated, mechanism)
    }

    /// This operation's effects, in their order.
    fn effects(&self) -> Result<Vec<(u64, &wire::Effect)>, DecodeError> {
        let Some(effects) = self.beside.effects else {
            return Err(DecodeError::EffectsNeeded {
                what: self
                    .operation
                    .kind
                    .as_deref()
                    .unwrap_or("the operation")
                    .to_owned(),
            });
        };
        let mut own = Vec::new();
        for effect in effects {
            let (operation, number) = effect_id(effect)?;
            if operation == self.id {
                own.push((number, effect));
            }
        }
        own.sort_by_key(|(number, _)| *number);
        own.dedup_by_key(|(number, _)| *number);
        Ok(own)
    }

    fn merge(&self) -> Result<Option<Credit>, DecodeError> {
        let operation = self.operation;
        let into = field(&operation.into, "account to merge into")?;
        let proved = self
            .facts
            .and_then(|facts| facts.results.as_ref())
            .and_then(|results| results.merged(self.id.operation()));
        let text = match proved {
            Some(stroops) => {
                let stroops = u128::try_from(stroops).unwrap_or_default();
                Amount::from_u128(stroops).to_coin_text(DECIMALS)
            }
            None => {
                let account = address::parse(into).map_err(|_| malformed("account", into))?;
                self.effects()?
                    .into_iter()
                    .filter(|(_, effect)| effect.kind.as_deref() == Some("account_credited"))
                    .find(|(_, effect)| {
                        let to = effect.account.as_deref().map(address::parse);
                        to.is_some_and(|to| to.as_ref() == Ok(&account))
                    })
                    .and_then(|(_, effect)| effect.amount.as_ref())
                    .map(|amount| amount.0.clone())
                    .ok_or_else(|| DecodeError::EffectsNeeded {
                        what: "account_merge".to_owned(),
                    })?
            }
        };
        let to = (
            into,
            operation.into_muxed.as_ref(),
            operation.into_muxed_id.as_ref(),
        );
        let from = operation
            .account
            .as_ref()
            .or(operation.source_account.as_ref());
        self.credit(from, to, self.native(), &text, Mechanism::AccountMerge)
    }

    fn claim(&self) -> Result<Option<Credit>, DecodeError> {
        let operation = self.operation;
        let claimant = operation
            .claimant
            .as_ref()
            .or(operation.source_account.as_ref())
            .ok_or_else(|| missing("operation", "claimant"))?;
        let to = (
            claimant,
            operation.claimant_muxed.as_ref(),
            operation.claimant_muxed_id.as_ref(),
        );
        let balance = self
            .beside
            .balances
            .iter()
            .find(|balance| balance.id.is_some() && balance.id == operation.balance_id);
        let (asset, stated) = match (self.effects(), balance) {
            (Ok(effects), _) => {
                let found = effects
                    .iter()
                    .find(|(_, effect)| effect.kind.as_deref() == Some("claimable_balance_claimed"))
                    .or_else(|| {
                        effects
                            .iter()
                            .find(|(_, effect)| effect.kind.as_deref() == Some("account_credited"))
                    });
                let (_, effect) = found.ok_or_else(|| DecodeError::EffectsNeeded {
                    what: "claim_claimable_balance".to_owned(),
                })?;
                (self.effect_asset(effect)?, field(&effect.amount, "amount")?)
            }
            (Err(_), Some(balance)) => (
                self.decoder
                    .asset(None, None, None, balance.asset.as_ref())?,
                field(&balance.amount, "amount")?,
            ),
            (Err(error), None) => return Err(error),
        };
        // The claimant signs the claim; who put the money there stands in an older transaction.
        self.credit(None, to, asset, stated, Mechanism::ClaimableBalance)
    }

    fn effect_asset(&self, effect: &wire::Effect) -> Result<AssetId, DecodeError> {
        self.decoder.asset(
            effect.asset_type.as_ref(),
            effect.asset_code.as_ref(),
            effect.asset_issuer.as_ref(),
            effect.asset.as_ref(),
        )
    }

    fn pool_withdraw(&self) -> Result<Vec<Credit>, DecodeError> {
        let operation = self.operation;
        let reserves = match &operation.reserves_received {
            Some(reserves) => reserves.clone(),
            None => self
                .effects()?
                .into_iter()
                .find_map(|(_, effect)| effect.reserves_received.clone())
                .ok_or_else(|| DecodeError::EffectsNeeded {
                    what: "liquidity_pool_withdraw".to_owned(),
                })?,
        };
        let account = field(&operation.source_account, "source account")?;
        let mut credits = Vec::new();
        for (number, reserve) in (1..).zip(&reserves) {
            let asset = self
                .decoder
                .asset(None, None, None, reserve.asset.as_ref())?;
            let stated = field(&reserve.amount, "amount")?;
            // The shares were the account's own: it pays itself.
            let credit = self.credit(
                Some(account),
                (account, None, None),
                asset,
                stated,
                Mechanism::BalanceChange,
            )?;
            credits.extend(credit.map(|credit| Credit {
                position: self.part(number),
                ..credit
            }));
        }
        Ok(credits)
    }

    fn inflation(&self) -> Result<Vec<Credit>, DecodeError> {
        let proved = self
            .facts
            .and_then(|facts| facts.results.as_ref())
            .and_then(|results| results.inflation(self.id.operation()));
        let Some(payouts) = proved else {
            return self.from_effects(Some(Mechanism::Reward));
        };
        Ok((1..)
            .zip(payouts)
            .map(|(number, (to, stroops))| Credit {
                position: self.part(number),
                from: None,
                to,
                muxed: None,
                asset: self.native(),
                amount: Amount::from_u128(u128::try_from(stroops).unwrap_or_default()),
                mechanism: Mechanism::Reward,
                flags: Vec::new(),
            })
            .collect())
    }

    fn balance_changes(&self, changes: &[wire::BalanceChange]) -> Result<Vec<Credit>, DecodeError> {
        let mut credits = Vec::new();
        for (number, change) in (1..).zip(changes) {
            // Burns and clawbacks name nobody who gains.
            let (Some(to), false) = (
                &change.to,
                matches!(change.kind.as_deref(), Some("burn" | "clawback")),
            ) else {
                continue;
            };
            // Balances to be claimed and pools have addresses too since protocol 23; nobody of ours stands there.
            if address::is_balance_or_pool(to) {
                continue;
            }
            let asset = self.decoder.asset(
                change.asset_type.as_ref(),
                change.asset_code.as_ref(),
                change.asset_issuer.as_ref(),
                None,
            )?;
            let mechanism = contract_mechanism(&asset);
            let stated = field(&change.amount, "amount")?;
            let from = change
                .from
                .as_ref()
                .filter(|from| !from.is_empty() && !address::is_balance_or_pool(from));
            let number_inside = change.destination_muxed_id.as_ref().filter(|text| {
                text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u64>().is_ok()
            });
            let credit = self.credit(from, (to, None, number_inside), asset, stated, mechanism)?;
            credits.extend(credit.map(|mut credit| {
                credit.position = self.part(number);
                // Contracts may route by a text or by bytes too (CAP-67).
                if let (None, Some(text)) = (number_inside, &change.destination_muxed_id) {
                    credit.muxed = Some(Memo::text(text.as_bytes(), place::MUXED_ID));
                }
                credit
            }));
        }
        Ok(credits)
    }

    /// Credits by effect alone.
    fn from_effects(&self, mechanism: Option<Mechanism>) -> Result<Vec<Credit>, DecodeError> {
        let mut credits = Vec::new();
        for (number, effect) in self.effects()? {
            let to = match effect.kind.as_deref() {
                Some("account_credited") => field(&effect.account, "account")?,
                Some("contract_credited") => field(&effect.contract, "contract")?,
                _ => continue,
            };
            let asset = self.effect_asset(effect)?;
            let mechanism = mechanism.unwrap_or_else(|| contract_mechanism(&asset));
            let is_account = effect.contract.is_none();
            let to = (
                to,
                effect.account_muxed.as_ref().filter(|_| is_account),
                effect.account_muxed_id.as_ref().filter(|_| is_account),
            );
            let credit =
                self.credit(None, to, asset, field(&effect.amount, "amount")?, mechanism)?;
            credits.extend(credit.map(|credit| Credit {
                position: self.part(number),
                ..credit
            }));
        }
        Ok(credits)
    }

    /// What the signed bytes say of this operation must be what its record says.
    fn check_signed(&self, credits: &[Credit]) -> Result<(), DecodeError> {
        let envelope = self.facts.and_then(|facts| facts.envelope.as_ref());
        let Some(stated) = envelope.and_then(|envelope| envelope.stated(self.id.operation()))
        else {
            return Ok(());
        };
        for credit in credits {
            let muxed_id = stated.muxed_id.map(|id| Memo::id(id, place::MUXED_ID));
            let fits_credit = stated.credit.as_ref().is_none_or(|(asset, stroops)| {
                asset.as_deref() == credit.asset.contract_text()
                    && u128::try_from(*stroops).ok() == credit.amount.to_u128()
            });
            if stated.to != credit.to || !fits_credit || muxed_id != credit.muxed {
                return Err(contradiction(format!(
                    "operation {} pays otherwise in its signed bytes than in its record",
                    self.id.0
                )));
            }
        }
        Ok(())
    }
}

fn contract_mechanism(asset: &AssetId) -> Mechanism {
    if asset.contract_text().is_some() {
        Mechanism::TokenTransfer
    } else {
        Mechanism::InternalCall
    }
}

fn field<'a>(value: &'a Option<Scalar>, what: &'static str) -> Result<&'a Scalar, DecodeError> {
    value.as_ref().ok_or_else(|| missing("operation", what))
}

/// Whether an address is one that Horizon keeps a history of.
#[must_use]
pub fn has_history(address: &Address) -> bool {
    matches!(address.payload(), Payload::Ed25519(_))
}
