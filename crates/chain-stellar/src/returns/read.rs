//! Bytes read back, and compared with the plan.

use super::build::transaction;
use super::{ReturnOperation, ReturnPlan, stroops};
use crate::xdr;
use recover_core::address::Address;
use recover_core::memo::Memo;
use stellar_xdr::{
    OperationBody, Preconditions, ReadXdr, TimeBounds, TransactionEnvelope, TransactionV1Envelope,
    WriteXdr,
};

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

pub(crate) fn parse(bytes: &[u8]) -> Result<TransactionV1Envelope, Deviation> {
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

pub(crate) fn summary(envelope: &TransactionV1Envelope) -> ReturnSummary {
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
