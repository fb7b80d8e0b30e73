//! Return transactions: planned from facts, built unsigned, read back, and verified. Nothing here signs or sends.
//!
//! A return is one transaction with one operation: a payment, or the creation of the account where it is absent. Time bounds are
//! always set, so that a transaction which nobody sent cannot be sent later. [`plan`] decides once and refuses with a reason;
//! [`build`] only writes the plan down; [`verify`] trusts nothing but the plan.

use crate::address;
use crate::xdr::{self, Network};
use recover_core::address::Address;
use recover_core::amount::Amount;
use recover_core::memo::Memo;
use stellar_xdr::{
    AccountId, AlphaNum4, AlphaNum12, Asset, AssetCode4, AssetCode12, CreateAccountOp, Hash,
    MuxedAccount, MuxedAccountMed25519, Operation, OperationBody, PaymentOp, Preconditions,
    PublicKey, ReadXdr, SequenceNumber, StringM, TimeBounds, TimePoint, Transaction,
    TransactionEnvelope, TransactionExt, TransactionV1Envelope, Uint256, VecM, WriteXdr,
};

/// The least fee of one operation in stroops.
pub const FEE_MIN: u32 = 100;

/// What the recipient is told beside the money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReturnMemo {
    /// Nothing.
    None,
    /// Text of at most 28 bytes; bytes, not characters.
    Text(String),
    /// A number.
    Id(u64),
    /// 32 bytes.
    Hash([u8; 32]),
    /// The hash of the transaction that is returned.
    Return([u8; 32]),
}

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnRequest {
    /// The network.
    pub network: Network,
    /// Our account, which pays money and fee.
    pub from: Address,
    /// The recipient's account.
    pub to: Address,
    /// The id inside the recipient, where it is a muxed account.
    pub to_muxed_id: Option<u64>,
    /// The canonical text of the asset (`CODE.ISSUER`); `None` for the native coin.
    pub asset: Option<String>,
    /// How much arrives, in stroops.
    pub amount: Amount,
    /// What the recipient is told.
    pub memo: ReturnMemo,
    /// The sequence number that the transaction uses: one above the account's at the time it is sent.
    pub sequence: i64,
    /// The most that the transaction may cost, in stroops of the native coin.
    pub fee: u32,
    /// From when it is valid, in seconds of Unix time; 0 for at once.
    pub valid_from: u64,
    /// Until when it is valid, in seconds of Unix time; never 0, which would be for ever.
    pub valid_until: u64,
}

/// How it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReturnOperation {
    /// The recipient exists and is paid.
    Payment,
    /// The recipient is absent and is created with the money as its balance.
    CreateAccount,
}

/// A request whose conditions hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnPlan {
    /// What is wanted.
    pub request: ReturnRequest,
    /// How it is done.
    pub operation: ReturnOperation,
}

/// What an account holds of the asset in question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustLine {
    /// How much it holds.
    pub balance: Amount,
    /// How much it may hold.
    pub limit: Amount,
    /// What its offers to buy may still bring in.
    pub buying: Amount,
    /// What its offers to sell may still take out.
    pub selling: Amount,
    /// Whether the issuer lets it hold the asset.
    pub authorized: bool,
}

/// What must be known of an account, as a source read it. An account that does not exist has no facts: see
/// `Horizon::preflight`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountFacts {
    /// The sequence number that it used last.
    pub sequence: i64,
    /// Its native balance in stroops.
    pub native: Amount,
    /// What its offers to sell the native coin may take out.
    pub native_selling: Amount,
    /// Entries that it owns, each of which reserves a base reserve.
    pub subentries: u32,
    /// Reserves that it pays for others.
    pub sponsoring: u32,
    /// Reserves that others pay for it.
    pub sponsored: u32,
    /// Whether it asks for a memo with every payment (SEP-29).
    pub memo_required: bool,
    /// Its line of the asset; `None` when it has none, and for the native coin.
    pub line: Option<TrustLine>,
    /// The base reserve of the newest ledger in stroops.
    pub base_reserve: Amount,
}

impl AccountFacts {
    /// What must stay in the account: two base reserves and one for each entry, with what is sponsored either way. `None`
    /// when it does not fit.
    #[must_use]
    pub fn reserve(&self) -> Option<Amount> {
        let entries = u128::from(self.subentries)
            .checked_add(2)?
            .checked_add(u128::from(self.sponsoring))?
            .checked_sub(u128::from(self.sponsored))?;
        self.base_reserve
            .mul_ratio_floor(Amount::from_u128(entries), Amount::from_u128(1))
    }

    /// What of the native coin can be spent, fees included.
    #[must_use]
    pub fn spendable(&self) -> Amount {
        self.reserve()
            .and_then(|reserve| reserve.checked_add(self.native_selling))
            .and_then(|held| self.native.checked_sub(held))
            .unwrap_or(Amount::ZERO)
    }
}

/// Why no return is built, in order of precedence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReturnRefusal {
    /// One side is a contract.
    #[error(
        "{address} is no account: a payment goes from an account to an account; handle it by hand"
    )]
    NotAnAccount {
        /// The address.
        address: String,
    },
    /// The recipient is the sender.
    #[error("the return would go to the account that pays it: choose another destination")]
    ToItself,
    /// The asset is no issued asset.
    #[error("'{asset}' is no asset that a payment can carry: write CODE.ISSUER")]
    NotAnAsset {
        /// The text.
        asset: String,
    },
    /// The amount is nothing.
    #[error("the amount is zero")]
    AmountZero,
    /// The amount is more than the network can hold.
    #[error("the amount is more than 2^63 - 1 stroops")]
    AmountTooLarge,
    /// The text is longer than 28 bytes.
    #[error(
        "the memo has {bytes} bytes and 28 is the most: shorten it; letters with accents count as two or more"
    )]
    MemoTooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// Two routing values.
    #[error(
        "the destination carries an id inside and a memo was given too: ask the recipient which one is meant"
    )]
    MemoBesideMuxedId,
    /// It would be valid for ever, or never.
    #[error("the time bounds are empty or without end: give an end after the beginning")]
    TimeBounds,
    /// Less than the network takes.
    #[error("a fee of {fee} stroops is below the least of {FEE_MIN}")]
    FeeTooLow {
        /// The fee given.
        fee: u32,
    },
    /// The sequence number was used.
    #[error("sequence number {given} is used: the account stands at {used}; plan it again")]
    SequenceUsed {
        /// The number given.
        given: i64,
        /// The last number that was used.
        used: i64,
    },
    /// An absent account cannot hold an issued asset.
    #[error(
        "the destination does not exist, and only the native coin can create it: ask for another destination"
    )]
    AssetNeedsAccount,
    /// An absent account cannot be created through an id inside it.
    #[error(
        "the destination does not exist, and an account cannot be created with an id inside: ask for another destination"
    )]
    MuxedNeedsAccount,
    /// Too little to create an account.
    #[error(
        "the destination does not exist, and creating it takes at least {minimum} stroops: ask for another destination"
    )]
    BelowStartingBalance {
        /// The least starting balance.
        minimum: String,
    },
    /// The recipient asks for a memo (SEP-29).
    #[error(
        "the destination takes no payment without a memo (SEP-29): ask the recipient for theirs"
    )]
    MemoRequired,
    /// The recipient cannot hold the asset.
    #[error("the destination has no trust line for this asset: ask the recipient to add one")]
    TrustLineMissing,
    /// The issuer does not let the recipient hold it.
    #[error(
        "the issuer has not authorised the destination to hold this asset: ask the recipient to see to it"
    )]
    NotAuthorized,
    /// It would hold more than it may.
    #[error(
        "the destination can take {room} stroops more of this asset: ask the recipient to raise the limit"
    )]
    LimitExceeded {
        /// How much it can still take.
        room: String,
    },
    /// We cannot send the asset.
    #[error("our account cannot send this asset: it has no authorised trust line for it")]
    CannotSend,
    /// We have not enough.
    #[error("our account can spend {spendable} stroops of this asset and {needed} are needed")]
    Underfunded {
        /// What can be spent.
        spendable: String,
        /// What is needed.
        needed: String,
    },
    /// The fee would touch the reserve.
    #[error(
        "our account can spend {spendable} stroops of the native coin above its reserve, and the fee is {fee}: fund it first"
    )]
    ReserveTouched {
        /// What can be spent.
        spendable: String,
        /// The fee.
        fee: u32,
    },
}

impl ReturnRefusal {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotAnAccount { .. } => "not_an_account",
            Self::ToItself => "to_itself",
            Self::NotAnAsset { .. } => "not_an_asset",
            Self::AmountZero => "amount_zero",
            Self::AmountTooLarge => "amount_too_large",
            Self::MemoTooLong { .. } => "memo_too_long",
            Self::MemoBesideMuxedId => "memo_beside_muxed_id",
            Self::TimeBounds => "time_bounds",
            Self::FeeTooLow { .. } => "fee_too_low",
            Self::SequenceUsed { .. } => "sequence_used",
            Self::AssetNeedsAccount => "asset_needs_account",
            Self::MuxedNeedsAccount => "muxed_needs_account",
            Self::BelowStartingBalance { .. } => "below_starting_balance",
            Self::MemoRequired => "memo_required",
            Self::TrustLineMissing => "trust_line_missing",
            Self::NotAuthorized => "not_authorized",
            Self::LimitExceeded { .. } => "limit_exceeded",
            Self::CannotSend => "cannot_send",
            Self::Underfunded { .. } => "underfunded",
            Self::ReserveTouched { .. } => "reserve_touched",
        }
    }
}

/// Decides how a return is done. `destination` is `None` only after a true "not found" of a source; an error of the source is no
/// absence and must end the planning before it comes here.
///
/// # Errors
/// The first refusal that fits, in the order of [`ReturnRefusal`].
pub fn plan(
    request: ReturnRequest,
    source: &AccountFacts,
    destination: Option<&AccountFacts>,
) -> Result<ReturnPlan, ReturnRefusal> {
    check_request(&request)?;
    if request.sequence <= source.sequence {
        return Err(ReturnRefusal::SequenceUsed {
            given: request.sequence,
            used: source.sequence,
        });
    }
    let operation = match destination {
        None => {
            check_absent(&request, source)?;
            ReturnOperation::CreateAccount
        }
        Some(destination) => {
            check_present(&request, destination)?;
            ReturnOperation::Payment
        }
    };
    check_source(&request, source)?;
    Ok(ReturnPlan { request, operation })
}

/// What can be judged of a request without knowing the accounts.
fn check_request(request: &ReturnRequest) -> Result<(), ReturnRefusal> {
    for side in [&request.from, &request.to] {
        if address::account_key(side).is_none() {
            return Err(ReturnRefusal::NotAnAccount {
                address: side.text().to_owned(),
            });
        }
    }
    if request.from == request.to {
        return Err(ReturnRefusal::ToItself);
    }
    if let Some(asset) = &request.asset
        && address::split_asset(asset).is_none()
    {
        return Err(ReturnRefusal::NotAnAsset {
            asset: asset.clone(),
        });
    }
    if request.amount.is_zero() {
        return Err(ReturnRefusal::AmountZero);
    }
    stroops(request.amount).ok_or(ReturnRefusal::AmountTooLarge)?;
    if let ReturnMemo::Text(text) = &request.memo
        && text.len() > crate::control::MEMO_TEXT_BYTES_MAX
    {
        return Err(ReturnRefusal::MemoTooLong { bytes: text.len() });
    }
    if request.to_muxed_id.is_some() && request.memo != ReturnMemo::None {
        return Err(ReturnRefusal::MemoBesideMuxedId);
    }
    if request.valid_until == 0 || request.valid_until <= request.valid_from {
        return Err(ReturnRefusal::TimeBounds);
    }
    if request.fee < FEE_MIN {
        return Err(ReturnRefusal::FeeTooLow { fee: request.fee });
    }
    Ok(())
}

fn check_absent(request: &ReturnRequest, source: &AccountFacts) -> Result<(), ReturnRefusal> {
    if request.asset.is_some() {
        return Err(ReturnRefusal::AssetNeedsAccount);
    }
    if request.to_muxed_id.is_some() {
        return Err(ReturnRefusal::MuxedNeedsAccount);
    }
    let minimum = source
        .base_reserve
        .checked_add(source.base_reserve)
        .unwrap_or(Amount::MAX);
    if request.amount < minimum {
        return Err(ReturnRefusal::BelowStartingBalance {
            minimum: minimum.to_base_units(),
        });
    }
    Ok(())
}

fn check_present(request: &ReturnRequest, to: &AccountFacts) -> Result<(), ReturnRefusal> {
    // An id inside the account routes as a memo does (SEP-29 exempts muxed destinations).
    if to.memo_required && request.memo == ReturnMemo::None && request.to_muxed_id.is_none() {
        return Err(ReturnRefusal::MemoRequired);
    }
    let Some(asset) = &request.asset else {
        return Ok(());
    };
    if address::split_asset(asset).is_some_and(|(_, issuer)| issuer == request.to) {
        return Ok(());
    }
    let line = to.line.as_ref().ok_or(ReturnRefusal::TrustLineMissing)?;
    if !line.authorized {
        return Err(ReturnRefusal::NotAuthorized);
    }
    let room = line
        .balance
        .checked_add(line.buying)
        .and_then(|taken| line.limit.checked_sub(taken))
        .unwrap_or(Amount::ZERO);
    if request.amount > room {
        return Err(ReturnRefusal::LimitExceeded {
            room: room.to_base_units(),
        });
    }
    Ok(())
}

fn check_source(request: &ReturnRequest, source: &AccountFacts) -> Result<(), ReturnRefusal> {
    let fee = Amount::from_u128(u128::from(request.fee));
    let spendable = source.spendable();
    if let Some(asset) = &request.asset {
        let is_issuer =
            address::split_asset(asset).is_some_and(|(_, issuer)| issuer == request.from);
        if !is_issuer {
            let line = source.line.as_ref().filter(|line| line.authorized);
            let line = line.ok_or(ReturnRefusal::CannotSend)?;
            let free = line
                .balance
                .checked_sub(line.selling)
                .unwrap_or(Amount::ZERO);
            if request.amount > free {
                return Err(ReturnRefusal::Underfunded {
                    spendable: free.to_base_units(),
                    needed: request.amount.to_base_units(),
                });
            }
        }
        if fee > spendable {
            return Err(ReturnRefusal::ReserveTouched {
                spendable: spendable.to_base_units(),
                fee: request.fee,
            });
        }
        return Ok(());
    }
    let needed = request.amount.checked_add(fee).unwrap_or(Amount::MAX);
    if needed > spendable {
        return Err(ReturnRefusal::Underfunded {
            spendable: spendable.to_base_units(),
            needed: needed.to_base_units(),
        });
    }
    Ok(())
}

fn stroops(amount: Amount) -> Option<i64> {
    i64::try_from(amount.to_u128()?).ok()
}

/// An unsigned transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsigned {
    /// The XDR of its envelope (`ENVELOPE_TYPE_TX`), without signatures.
    pub envelope: Vec<u8>,
    /// What is signed, and the transaction's id to be: SHA-256 of network id, type and transaction.
    pub hash: [u8; 32],
}

/// Writes a plan down.
///
/// # Errors
/// The refusal that [`plan`] would have given, for a plan that was put together by hand.
pub fn build(plan: &ReturnPlan) -> Result<Unsigned, ReturnRefusal> {
    let transaction = transaction(plan)?;
    let envelope = TransactionEnvelope::from(transaction);
    // Written from parts whose lengths were checked.
    let hash = envelope
        .hash(plan.request.network.id())
        .expect("a transaction of one operation is far below every limit");
    let envelope = envelope
        .to_xdr(xdr::limits())
        .expect("a transaction of one operation is far below every limit");
    Ok(Unsigned { envelope, hash })
}

fn transaction(plan: &ReturnPlan) -> Result<Transaction, ReturnRefusal> {
    let request = &plan.request;
    check_request(request)?;
    let key = |address: &Address| {
        address::account_key(address).ok_or_else(|| ReturnRefusal::NotAnAccount {
            address: address.text().to_owned(),
        })
    };
    let from = MuxedAccount::Ed25519(Uint256(key(&request.from)?));
    let to = Uint256(key(&request.to)?);
    let amount = stroops(request.amount).ok_or(ReturnRefusal::AmountTooLarge)?;
    let body = match plan.operation {
        ReturnOperation::Payment => OperationBody::Payment(PaymentOp {
            destination: match request.to_muxed_id {
                None => MuxedAccount::Ed25519(to),
                Some(id) => MuxedAccount::MuxedEd25519(MuxedAccountMed25519 { id, ed25519: to }),
            },
            asset: asset(request.asset.as_deref())?,
            amount,
        }),
        ReturnOperation::CreateAccount if request.asset.is_some() => {
            return Err(ReturnRefusal::AssetNeedsAccount);
        }
        ReturnOperation::CreateAccount if request.to_muxed_id.is_some() => {
            return Err(ReturnRefusal::MuxedNeedsAccount);
        }
        ReturnOperation::CreateAccount => OperationBody::CreateAccount(CreateAccountOp {
            destination: AccountId(PublicKey::PublicKeyTypeEd25519(to)),
            starting_balance: amount,
        }),
    };
    let operations = vec![Operation {
        source_account: None,
        body,
    }];
    Ok(Transaction {
        source_account: from,
        fee: request.fee,
        seq_num: SequenceNumber(request.sequence),
        cond: Preconditions::Time(TimeBounds {
            min_time: TimePoint(request.valid_from),
            max_time: TimePoint(request.valid_until),
        }),
        memo: memo(&request.memo)?,
        operations: VecM::try_from(operations).expect("one operation is within a hundred"),
        ext: TransactionExt::V0,
    })
}

fn memo(memo: &ReturnMemo) -> Result<stellar_xdr::Memo, ReturnRefusal> {
    Ok(match memo {
        ReturnMemo::None => stellar_xdr::Memo::None,
        ReturnMemo::Text(text) => {
            let text = StringM::try_from(text.as_bytes().to_vec())
                .map_err(|_| ReturnRefusal::MemoTooLong { bytes: text.len() })?;
            stellar_xdr::Memo::Text(text)
        }
        ReturnMemo::Id(id) => stellar_xdr::Memo::Id(*id),
        ReturnMemo::Hash(hash) => stellar_xdr::Memo::Hash(Hash(*hash)),
        ReturnMemo::Return(hash) => stellar_xdr::Memo::Return(Hash(*hash)),
    })
}

fn asset(canonical: Option<&str>) -> Result<Asset, ReturnRefusal> {
    let Some(text) = canonical else {
        return Ok(Asset::Native);
    };
    let refuse = || ReturnRefusal::NotAnAsset {
        asset: text.to_owned(),
    };
    let (code, issuer) = address::split_asset(text).ok_or_else(refuse)?;
    let key = address::account_key(&issuer).ok_or_else(refuse)?;
    let issuer = AccountId(PublicKey::PublicKeyTypeEd25519(Uint256(key)));
    // A short code stands in four bytes and a long one in twelve, filled up with zeros.
    let filled = |bytes: &mut [u8]| {
        for (place, letter) in bytes.iter_mut().zip(code.bytes()) {
            *place = letter;
        }
    };
    if code.len() <= 4 {
        let mut bytes = [0; 4];
        filled(&mut bytes);
        return Ok(Asset::CreditAlphanum4(AlphaNum4 {
            asset_code: AssetCode4(bytes),
            issuer,
        }));
    }
    let mut bytes = [0; 12];
    filled(&mut bytes);
    Ok(Asset::CreditAlphanum12(AlphaNum12 {
        asset_code: AssetCode12(bytes),
        issuer,
    }))
}

/// What a transaction does, for a person to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnSummary {
    /// Who pays money and fee.
    pub from: Address,
    /// The id inside the payer, where it is written as a muxed account.
    pub from_muxed_id: Option<u64>,
    /// The most that it may cost, in stroops.
    pub fee: u32,
    /// Its sequence number.
    pub sequence: i64,
    /// From and until when it is valid, in seconds of Unix time; `None` when it has no bounds.
    pub time_bounds: Option<(u64, u64)>,
    /// Whether it has conditions beside time bounds.
    pub further_conditions: bool,
    /// Its memo.
    pub memo: Memo,
    /// Its operations.
    pub operations: Vec<OperationSummary>,
    /// How many signatures it carries.
    pub signatures: usize,
}

/// What one operation does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationSummary {
    /// Whose operation it is, where it is not the transaction's.
    pub source: Option<Address>,
    /// What it does.
    pub action: Action,
}

/// What one operation does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// It pays somebody.
    Pay {
        /// Whom.
        to: Address,
        /// The id inside the recipient.
        to_muxed_id: Option<u64>,
        /// The canonical text of the asset; `None` for the native coin.
        asset: Option<String>,
        /// In stroops.
        amount: i64,
    },
    /// It creates an account.
    Create {
        /// Which.
        to: Address,
        /// Its balance in stroops.
        amount: i64,
    },
    /// Something that no return does, by the name of its type.
    Other(&'static str),
}

/// How a transaction deviates from its plan, in the order in which it is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Deviation {
    /// It cannot be read.
    #[error("the bytes are no transaction of Stellar")]
    Unreadable,
    /// It is written otherwise than the network writes it.
    #[error("the bytes are not the transaction's one canonical form")]
    NotCanonical,
    /// An old transaction or a fee bump.
    #[error("it is an envelope of another kind than a plain transaction")]
    Kind,
    /// Another account pays.
    #[error("another account pays")]
    Source,
    /// Another fee.
    #[error("the fee is another")]
    Fee,
    /// Another sequence number.
    #[error("the sequence number is another")]
    Sequence,
    /// Other time bounds, or none.
    #[error("the time bounds are others")]
    TimeBounds,
    /// Conditions that nobody planned.
    #[error("it has conditions that nobody planned")]
    Conditions,
    /// Another memo.
    #[error("the memo is another")]
    Memo,
    /// More or fewer operations than one.
    #[error("it has not exactly one operation")]
    OperationCount,
    /// The operation is another account's.
    #[error("its operation is of another account")]
    OperationSource,
    /// The operation does something else.
    #[error("its operation does something else")]
    Operation,
    /// Another recipient.
    #[error("the recipient is another")]
    Destination,
    /// Another asset.
    #[error("the asset is another")]
    Asset,
    /// Another amount.
    #[error("the amount is another")]
    Amount,
    /// Something else that nobody planned.
    #[error("it holds something that nobody planned")]
    Other,
}

fn parse(bytes: &[u8]) -> Result<TransactionV1Envelope, Deviation> {
    let envelope =
        TransactionEnvelope::from_xdr(bytes, xdr::limits()).map_err(|_| Deviation::Unreadable)?;
    let again = envelope
        .to_xdr(xdr::limits())
        .map_err(|_| Deviation::Unreadable)?;
    if again != bytes {
        return Err(Deviation::NotCanonical);
    }
    match envelope {
        TransactionEnvelope::Tx(envelope) => Ok(envelope),
        TransactionEnvelope::TxV0(_) | TransactionEnvelope::TxFeeBump(_) => Err(Deviation::Kind),
    }
}

/// Reads a transaction, signed or not.
///
/// # Errors
/// [`Deviation::Unreadable`], [`Deviation::NotCanonical`] or [`Deviation::Kind`].
pub fn decode(bytes: &[u8]) -> Result<ReturnSummary, Deviation> {
    let envelope = parse(bytes)?;
    Ok(summary(&envelope))
}

fn summary(envelope: &TransactionV1Envelope) -> ReturnSummary {
    let transaction = &envelope.tx;
    let bounds = |bounds: &TimeBounds| (bounds.min_time.0, bounds.max_time.0);
    let (time_bounds, further_conditions) = match &transaction.cond {
        Preconditions::None => (None, false),
        Preconditions::Time(time) => (Some(bounds(time)), false),
        Preconditions::V2(all) => (all.time_bounds.as_ref().map(bounds), true),
    };
    let (from, from_muxed_id) = xdr::muxed_parts(&transaction.source_account);
    let operations = transaction
        .operations
        .iter()
        .map(|operation| OperationSummary {
            source: operation
                .source_account
                .as_ref()
                .map(|source| xdr::muxed_parts(source).0),
            action: match &operation.body {
                OperationBody::Payment(payment) => {
                    let (to, to_muxed_id) = xdr::muxed_parts(&payment.destination);
                    Action::Pay {
                        to,
                        to_muxed_id,
                        asset: xdr::asset_text(&payment.asset),
                        amount: payment.amount,
                    }
                }
                OperationBody::CreateAccount(create) => Action::Create {
                    to: xdr::account_of(&create.destination),
                    amount: create.starting_balance,
                },
                other => Action::Other(other.name()),
            },
        })
        .collect();
    ReturnSummary {
        from,
        from_muxed_id,
        fee: transaction.fee,
        sequence: transaction.seq_num.0,
        time_bounds,
        further_conditions,
        memo: xdr::memo(&transaction.memo),
        operations,
        signatures: envelope.signatures.len(),
    }
}

/// Checks that bytes, signed or not, are the transaction of a plan and nothing else. Answers the hash that is signed.
///
/// # Errors
/// The first deviation.
pub fn verify(bytes: &[u8], plan: &ReturnPlan) -> Result<[u8; 32], Deviation> {
    let envelope = parse(bytes)?;
    let planned = transaction(plan).map_err(|_| Deviation::Other)?;
    let found = &envelope.tx;
    let ensure = |holds: bool, deviation| if holds { Ok(()) } else { Err(deviation) };
    ensure(
        found.source_account == planned.source_account,
        Deviation::Source,
    )?;
    ensure(found.fee == planned.fee, Deviation::Fee)?;
    ensure(found.seq_num == planned.seq_num, Deviation::Sequence)?;
    let seen = summary(&envelope);
    let request = &plan.request;
    ensure(
        seen.time_bounds == Some((request.valid_from, request.valid_until)),
        Deviation::TimeBounds,
    )?;
    ensure(!seen.further_conditions, Deviation::Conditions)?;
    ensure(found.memo == planned.memo, Deviation::Memo)?;
    let [operation] = seen.operations.as_slice() else {
        return Err(Deviation::OperationCount);
    };
    ensure(operation.source.is_none(), Deviation::OperationSource)?;
    let (to, to_muxed_id, asset, amount) = match (&operation.action, plan.operation) {
        (
            Action::Pay {
                to,
                to_muxed_id,
                asset,
                amount,
            },
            ReturnOperation::Payment,
        ) => (to, *to_muxed_id, asset.as_deref(), *amount),
        (Action::Create { to, amount }, ReturnOperation::CreateAccount) => {
            (to, None, None, *amount)
        }
        _ => return Err(Deviation::Operation),
    };
    ensure(
        *to == request.to && to_muxed_id == request.to_muxed_id,
        Deviation::Destination,
    )?;
    ensure(asset == request.asset.as_deref(), Deviation::Asset)?;
    ensure(Some(amount) == stroops(request.amount), Deviation::Amount)?;
    // Whatever else the format may carry, now or later.
    ensure(*found == planned, Deviation::Other)?;
    found
        .hash(request.network.id())
        .map_err(|_| Deviation::Unreadable)
}
